/* Calls that wait for a person: kept in the store, approved elsewhere, made once. */
#include "rig.h"

#include <aim/approval.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define CALL(id, name, args) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\",\"arguments\":" args "}}"
#define TOOLS RIG_TOOL("read", "Reads.") ",{\"name\":\"wipe\",\"inputSchema\":{\"type\":\"object\"},\"annotations\":{\"destructiveHint\":true}}"

static const char asking[] = "{\"version\":1,\"name\":\"p\",\"default\":\"ask\",\"rules\":[]}";
static const char asking_too[] = "{\"version\":1,\"name\":\"q\",\"default\":\"ask\",\"rules\":[]}";

static void start(rig *r, uint32_t flags, const char *policy)
{
	rig_setup setup = {.with_registry = 1, .policy = policy};
	setup.flags = AIM_GUARD_KEEP_APPROVALS | flags;
	rig_start(r, &setup);
	rig_open(r);
	rig_list(r, TOOLS);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

static aim_status count(void *user, const aim_approval *approval)
{
	(void)approval;
	++*(size_t *)user;
	return AIM_OK;
}

static size_t pending(rig *r)
{
	size_t n = 0;
	aim_str from_start = {NULL, 0};
	assert_status(aim_approval_list(r->registry, AIM_APPROVAL_PENDING, from_start, 0, count, &n, NULL), AIM_OK);
	return n;
}

/* The call is refused; out: the id that both answer and event name. */
static void waits(rig *r, const char *line, char *out)
{
	rig_client(r, line);
	assert_string_equal(rig_taken(r, AIM_GUARD_SERVER), "");
	const char *answer = rig_taken(r, AIM_GUARD_CLIENT);
	strcpy(out, rig_event_of(r, AIM_GUARD_EVENT_DENIED)->approval);
	assert_int_equal(strlen(out), AIM_APPROVAL_ID_SIZE - 1);
	char text[80] = ", approval ", member[80] = "\"approval\":\"";
	strcat(strcat(text, out), ")");
	strcat(strcat(member, out), "\"");
	assert_non_null(strstr(answer, "approval_required"));
	assert_non_null(strstr(answer, member));
	if (strstr(answer, "\"content\""))
		assert_non_null(strstr(answer, text));
}

static void decide(rig *r, const char *id, uint32_t state)
{
	aim_approval_decision d = {.struct_size = sizeof d, .state = state};
	d.actor = aim_str_from("ana@example.org");
	assert_status(aim_approval_decide(r->registry, aim_str_from(id), &d, NULL), AIM_OK);
}

static void what_was_approved_passes_once(void **state)
{
	(void)state;
	rig r;
	char first[RIG_TEXT], again[RIG_TEXT];
	start(&r, 0, NULL);
	rig_passes_client(&r, CALL("0", "read", "{}"));
	waits(&r, CALL("1", "wipe", "{\"a\":1,\"b\":2}"), first);
	waits(&r, CALL("2", "wipe", "{\"b\":2, \"a\":1}"), again); /* the same call */
	assert_string_equal(first, again);
	assert_int_equal(pending(&r), 1);
	decide(&r, first, AIM_APPROVAL_APPROVED);
	waits(&r, CALL("3", "wipe", "{\"a\":1,\"b\":3}"), again); /* another one */
	assert_string_not_equal(first, again);
	rig_passes_client(&r, CALL("4", "wipe", "{\"a\":1,\"b\":2}"));
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_ALLOWED)->approval, first);
	assert_int_equal(rig_records(&r, "\"kind\":\"approval_used\"", first, NULL), 1);
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_call\"", "\"decision\":\"allow\"", "\"approved\"", first, NULL), 1);
	waits(&r, CALL("5", "wipe", "{\"a\":1,\"b\":2}"), again); /* and never again */
	assert_string_not_equal(first, again);
	assert_int_equal(pending(&r), 2);
	rig_stop(&r);
}

static void an_approval_holds_for_later_connections(void **state)
{
	(void)state;
	rig r;
	char id[RIG_TEXT];
	start(&r, 0, NULL);
	waits(&r, CALL("1", "wipe", "{}"), id);
	rig_reconnect(&r, AIM_GUARD_PINNED);
	decide(&r, id, AIM_APPROVAL_APPROVED);
	rig_passes_client(&r, CALL("1", "wipe", "{}"));
	rig_stop(&r);
}

static void a_denial_is_no_more_than_a_denial(void **state)
{
	(void)state;
	rig r;
	char id[RIG_TEXT];
	start(&r, 0, NULL);
	waits(&r, CALL("1", "wipe", "{}"), id);
	decide(&r, id, AIM_APPROVAL_DENIED);
	rig_client(&r, CALL("2", "wipe", "{}"));
	assert_string_equal(rig_taken(&r, AIM_GUARD_SERVER), "");
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "(denied,"));
	assert_null(strstr(answer, "apr_"));
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "approval_denied");
	assert_int_equal(rig_records(&r, "\"action\":\"wipe\"", "\"decision\":\"deny\"", "approval_denied", id, NULL), 1);
	rig_stop(&r);
}

static void another_policy_asks_anew(void **state)
{
	(void)state;
	rig r;
	char first[RIG_TEXT], again[RIG_TEXT];
	aim_policy *policy = NULL;
	start(&r, 0, asking);
	waits(&r, CALL("1", "read", "{}"), first);
	decide(&r, first, AIM_APPROVAL_APPROVED);
	assert_status(aim_policy_compile(r.ctx, aim_bytes_from(asking_too, strlen(asking_too)), NULL, &policy, NULL, NULL), AIM_OK);
	assert_status(aim_authorizer_replace(r.authorizer, policy), AIM_OK);
	aim_policy_unref(policy);
	waits(&r, CALL("2", "read", "{}"), again);
	assert_string_not_equal(first, again);
	rig_stop(&r);
}

/* A tool that changed is refused before anybody is asked, whatever was approved. */
static void another_definition_uses_no_approval(void **state)
{
	(void)state;
	rig r;
	char id[RIG_TEXT];
	start(&r, 0, NULL);
	waits(&r, CALL("1", "wipe", "{}"), id);
	decide(&r, id, AIM_APPROVAL_APPROVED);
	rig_list(&r, RIG_TOOL("read", "Reads.") "," RIG_TOOL("wipe", "Wipes everything."));
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	rig_refuses(&r, CALL("2", "wipe", "{}"), "tool_changed", NULL);
	assert_int_equal(rig_records(&r, "approval_used", NULL), 0);
	rig_stop(&r);
}

static void only_single_requests_of_the_client_wait(void **state)
{
	(void)state;
	rig r;
	char id[RIG_TEXT];
	start(&r, 0, asking);
	waits(&r, J "\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///a\"}}", id);
	assert_int_equal(pending(&r), 1);
	rig_client(&r, J "\"method\":\"vendor/note\"}");
	rig_expect_nothing(&r);
	rig_refuses(&r, J "\"id\":6,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"file:///a\"]}}}",
	            "approval_required", NULL);
	rig_server(&r, J "\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}}");
	assert_string_equal(rig_taken(&r, AIM_GUARD_CLIENT), "");
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_SERVER), "approval_required"));
	assert_int_equal(pending(&r), 1);
	rig_stop(&r);
}

static void a_monitor_asks_nobody(void **state)
{
	(void)state;
	rig r;
	start(&r, AIM_GUARD_MONITOR, NULL);
	rig_passes_client(&r, CALL("1", "wipe", "{}"));
	assert_int_equal(pending(&r), 0);
	rig_stop(&r);
}

/* What cannot be asked does not happen. */
static void a_store_that_fails_denies(void **state)
{
	(void)state;
	rig r;
	start(&r, 0, NULL);
	r.store_fails = AIM_E_STORE_FULL;
	rig_client(&r, CALL("1", "wipe", "{}"));
	assert_string_equal(rig_taken(&r, AIM_GUARD_SERVER), "");
	assert_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "apr_"));
	r.store_fails = AIM_OK;
	rig_stop(&r);
}

static void it_needs_a_registry_an_agent_and_nobody_else(void **state)
{
	(void)state;
	rig r;
	aim_guard *guard = NULL;
	start(&r, 0, NULL);
	r.setup.with_approver = 1;
	assert_status(rig_new_guard(&r, AIM_GUARD_PINNED, &guard), AIM_E_INVALID);
	r.setup.with_approver = 0;
	r.agent[0] = 0;
	assert_status(rig_new_guard(&r, AIM_GUARD_PINNED, &guard), AIM_E_INVALID);
	aim_guard_options o = {.struct_size = sizeof o, .flags = AIM_GUARD_KEEP_APPROVALS};
	o.agent = aim_str_from("agent");
	assert_status(aim_guard_new(r.ctx, &o, &guard, NULL), AIM_E_INVALID);
	assert_null(guard);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_approved_passes_once),
		cmocka_unit_test(an_approval_holds_for_later_connections),
		cmocka_unit_test(a_denial_is_no_more_than_a_denial),
		cmocka_unit_test(another_policy_asks_anew),
		cmocka_unit_test(another_definition_uses_no_approval),
		cmocka_unit_test(only_single_requests_of_the_client_wait),
		cmocka_unit_test(a_monitor_asks_nobody),
		cmocka_unit_test(a_store_that_fails_denies),
		cmocka_unit_test(it_needs_a_registry_an_agent_and_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
