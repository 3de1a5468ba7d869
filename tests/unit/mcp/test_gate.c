/* Who may do what: presets, policy, approvals, and what the client is told of it. */
#include "rig.h"

#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define CALL(id, name) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\",\"arguments\":{\"secret\":\"hunter2\"}}}"
#define DONE(id) J "\"id\":" id ",\"result\":{\"content\":[]}}"
#define DESTROYER(name) "{\"name\":\"" name "\",\"inputSchema\":{\"type\":\"object\"},\"annotations\":{\"destructiveHint\":true}}"
#define TOOLS RIG_TOOL("read", "Reads.") "," DESTROYER("wipe") "," DESTROYER("ok_wipe")

static const char policy[] = "{\"version\":1,\"name\":\"p\",\"rules\":["
                             "{\"id\":\"reading\",\"effect\":\"allow\",\"tools\":[\"read\"]},"
                             "{\"id\":\"no-wiping\",\"effect\":\"deny\",\"tools\":[\"wipe\"],\"reason\":\"wiping is for people\"},"
                             "{\"id\":\"careful\",\"effect\":\"ask\",\"tools\":[\"ok_wipe\"]}]}";

static void start(rig *r, const rig_setup *setup)
{
	rig_start(r, setup);
	rig_open(r);
	rig_list(r, TOOLS);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

static void pinned_denies_what_was_never_listed(void **state)
{
	(void)state;
	rig r;
	start(&r, NULL);
	rig_passes_client(&r, CALL("1", "read"));
	rig_refuses(&r, CALL("2", "hidden"), "\"isError\":true", "tool_unlisted", "\"id\":2", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "tool_unlisted");
	rig_passes_server(&r, DONE("1"));
	rig_server(&r, DONE("2")); /* nobody asked the server */
	rig_expect_nothing(&r);
	rig_stop(&r);
}

static void pinned_asks_for_tools_that_say_they_destroy(void **state)
{
	(void)state;
	rig r;
	start(&r, NULL);
	rig_refuses(&r, CALL("1", "wipe"), "approval_required", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "destructive");
	rig_stop(&r);
}

static void an_approver_may_say_yes(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_approver = 1, .with_log = 1};
	start(&r, &setup);
	rig_refuses(&r, CALL("1", "wipe"), "approval_required", NULL);
	rig_passes_client(&r, CALL("1", "ok_wipe"));
	assert_int_equal(r.n_questions, 2);
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_call\"", "\"action\":\"wipe\"", "\"decision\":\"ask\"", NULL), 1);
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_call\"", "\"action\":\"ok_wipe\"", "\"decision\":\"allow\"", "\"approved\"", NULL), 1);
	rig_stop(&r);
}

static void a_denial_says_no_more_than_it_must(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = policy, .with_log = 1};
	start(&r, &setup);
	rig_client(&r, CALL("7", "wipe"));
	const rig_event *e = rig_event_of(&r, AIM_GUARD_EVENT_DENIED);
	assert_string_equal(e->rule, "no-wiping");
	assert_string_equal(e->reason, "wiping is for people");
	assert_int_equal(strlen(e->decision_id), 32);
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	char wanted[512] = J "\"id\":7,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"Denied: This action is not permitted. (denied, decision ";
	strcat(strcat(wanted, e->decision_id), ")\"}],\"isError\":true,\"_meta\":{\"libaim/denied\":{\"code\":\"denied\",\"decision\":\"");
	strcat(strcat(wanted, e->decision_id), "\"}}}}\n");
	assert_string_equal(answer, wanted);
	assert_string_equal(rig_taken(&r, AIM_GUARD_SERVER), "");
	assert_int_equal(rig_records(&r, "\"action\":\"wipe\"", "no-wiping", "wiping is for people", "\"decision\":\"deny\"", e->decision_id, NULL), 1);
	assert_int_equal(rig_records(&r, "hunter2", NULL), 0);
	assert_int_equal(rig_records(&r, "\"action\":\"wipe\"", "arguments_commitment", "policy_hash", "\"request\":\"7\"", NULL), 1);
	rig_stop(&r);
}

static void the_policy_decides_when_there_is_one(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = policy};
	start(&r, &setup);
	rig_passes_client(&r, CALL("1", "read"));
	rig_refuses(&r, CALL("2", "wipe"), "(denied,", NULL);
	rig_refuses(&r, CALL("3", "ok_wipe"), "approval_required", NULL);
	rig_refuses(&r, CALL("4", "other"), "(denied,", NULL);
	rig_refuses(&r, J "\"id\":5,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///etc/passwd\"}}", "-32000", "\"code\":\"denied\"", NULL);
	rig_refuses(&r, J "\"id\":6,\"method\":\"prompts/get\",\"params\":{\"name\":\"p\"}}", "-32000", NULL);
	rig_refuses(&r, J "\"id\":7,\"method\":\"completion/complete\",\"params\":{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},\"argument\":{}}}", "-32000", NULL);
	rig_refuses(&r, J "\"id\":8,\"method\":\"tasks/get\",\"params\":{\"taskId\":\"t\"}}", "-32000", NULL);
	rig_server(&r, J "\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{}}");
	assert_string_equal(rig_taken(&r, AIM_GUARD_CLIENT), "");
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_SERVER), "-32000"));
	rig_stop(&r);
}

static void every_gated_method_is_decided_by_its_subject(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = "{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"a\",\"effect\":\"allow\",\"action\":\"mcp_resource\","
	                             "\"resources\":[\"file:///pub/*\"]},{\"id\":\"b\",\"effect\":\"allow\",\"action\":\"mcp_prompt\",\"resources\":[\"good\"]}]}"};
	start(&r, &setup);
	rig_passes_client(&r, J "\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///pub/a\"}}");
	rig_passes_client(&r, J "\"id\":2,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"file:///pub/a\"}}");
	rig_passes_client(&r, J "\"id\":3,\"method\":\"prompts/get\",\"params\":{\"name\":\"good\"}}");
	rig_refuses(&r, J "\"id\":4,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///etc/a\"}}", "-32000", NULL);
	rig_refuses(&r, J "\"id\":5,\"method\":\"prompts/get\",\"params\":{\"name\":\"bad\"}}", "-32000", NULL);
	rig_refuses(&r, J "\"id\":6,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"file:///pub/a\",\"file:///etc/a\"]}}}", "-32000", NULL);
	rig_passes_client(&r, J "\"id\":6,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":[\"file:///pub/a\",\"file:///pub/b\"]}}}");
	rig_stop(&r);
}

static void unknown_methods_pass_only_when_somebody_says_so(void **state)
{
	(void)state;
	static const char line[] = J "\"id\":1,\"method\":\"vendor/thing\",\"params\":{}}";
	static const char note[] = J "\"method\":\"vendor/note\"}";
	rig r;
	start(&r, NULL);
	rig_refuses(&r, line, "-32601", "unknown_method", NULL);
	rig_client(&r, note);
	rig_expect_nothing(&r);
	rig_stop(&r);

	rig_setup allowing = {.flags = AIM_GUARD_ALLOW_UNKNOWN};
	start(&r, &allowing);
	rig_passes_client(&r, line);
	rig_passes_client(&r, note);
	rig_stop(&r);

	rig_setup policed = {.policy = "{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"v\",\"effect\":\"allow\",\"action\":\"mcp_method\","
	                               "\"resources\":[\"vendor/thing\"]}]}"};
	start(&r, &policed);
	rig_passes_client(&r, line);
	rig_client(&r, note);
	rig_expect_nothing(&r);
	rig_stop(&r);
}

static void monitoring_lets_pass_and_says_what_it_would_have_done(void **state)
{
	(void)state;
	rig r;
	rig_setup observe = {.preset = AIM_GUARD_OBSERVE, .with_log = 1};
	start(&r, &observe);
	rig_passes_client(&r, CALL("1", "wipe"));
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_MONITORED)->code, "destructive");
	assert_int_equal(rig_records(&r, "\"action\":\"wipe\"", "\"decision\":\"allow\"", "\"would\":\"ask\"", NULL), 1);
	rig_refuses(&r, "garbage", "-32700", NULL);
	rig_stop(&r);

	rig_setup monitor = {.flags = AIM_GUARD_MONITOR, .policy = policy, .with_log = 1, .with_approver = 1};
	start(&r, &monitor);
	rig_passes_client(&r, CALL("1", "wipe"));
	rig_passes_client(&r, CALL("2", "ok_wipe"));
	assert_int_equal(r.n_questions, 0);
	assert_int_equal(rig_records(&r, "no-wiping", "\"would\":\"deny\"", NULL), 1);
	rig_stop(&r);
}

static void whoever_asked_for_a_task_gets_an_error(void **state)
{
	(void)state;
	rig r;
	start(&r, NULL);
	rig_refuses(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"hidden\",\"task\":{\"ttl\":1}}}", "\"error\"", "-32000", NULL);
	rig_stop(&r);
}

/* --- information flow ------------------------------------------------------------------------------------- */

#define FLOWING RIG_TOOL("read", "Reads.") "," RIG_TOOL("fetch", "Fetches.") "," RIG_TOOL("send", "Sends.") "," DESTROYER("send_all")

static aim_flow *open_flow(aim_ctx *ctx)
{
	aim_flow *flow = NULL;
	assert_status(aim_flow_new(ctx, NULL, &flow, NULL), AIM_OK);
	return flow;
}

static void connect(rig *r, const rig_setup *setup)
{
	rig_start(r, setup);
	rig_open(r);
	rig_list(r, FLOWING);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

/* The other two were let through before; a refused one sets nothing, whoever refused it. */
static void what_was_read_and_fetched_is_not_sent(void **state)
{
	(void)state;
	rig r;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	rig_setup setup = {.with_log = 1, .flow = open_flow(ctx)};
	connect(&r, &setup);
	rig_refuses(&r, CALL("1", "send_all"), "approval_required", NULL); /* not sent, so nothing was */
	rig_passes_client(&r, CALL("2", "read"));
	rig_passes_client(&r, CALL("3", "fetch"));
	rig_refuses(&r, CALL("4", "send"), "This action is not permitted. (denied,", NULL);
	const rig_event *e = rig_event_of(&r, AIM_GUARD_EVENT_DENIED);
	assert_string_equal(e->code, "information_flow");
	assert_non_null(strstr(e->reason, "private data was read by \"read\" (2)"));
	assert_int_equal(rig_records(&r, "\"action\":\"send\"", "\"decision\":\"deny\"", "information_flow", NULL), 1);
	rig_passes_client(&r, CALL("5", "read"));
	assert_int_equal(aim_flow_sessions(setup.flow), 1);
	rig_stop(&r);
	aim_flow_free(setup.flow);
	test_ctx_done(ctx, &heap);
}

/* What the host calls one session is one, however often it connects; without a name each connection is. */
static void a_flow_ends_with_its_session(void **state)
{
	(void)state;
	rig r;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	rig_setup setup = {.flow = open_flow(ctx)};
	for (int named = 1; named >= 0; named--) {
		setup.without_session = !named;
		connect(&r, &setup);
		rig_passes_client(&r, CALL("1", "read"));
		rig_passes_client(&r, CALL("2", "fetch"));
		rig_stop(&r);
		connect(&r, &setup);
		if (named)
			rig_refuses(&r, CALL("3", "send"), "(denied,", NULL);
		else
			rig_passes_client(&r, CALL("3", "send"));
		rig_stop(&r);
	}
	assert_int_equal(aim_flow_sessions(setup.flow), 3);
	aim_flow_free(setup.flow);
	test_ctx_done(ctx, &heap);
}

static void a_monitored_flow_is_let_pass_and_told(void **state)
{
	(void)state;
	rig r;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	rig_setup setup = {.flags = AIM_GUARD_MONITOR, .with_log = 1, .flow = open_flow(ctx)};
	connect(&r, &setup);
	rig_passes_client(&r, CALL("1", "send_all")); /* a monitor lets it out, so it was sent */
	rig_passes_client(&r, CALL("2", "read"));
	rig_passes_client(&r, CALL("3", "fetch"));
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_MONITORED)->code, "information_flow");
	rig_stop(&r);
	aim_flow_free(setup.flow);
	test_ctx_done(ctx, &heap);
}

static void a_flow_needs_labels_and_an_older_host_has_none(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_guard *guard = NULL;
	aim_flow *flow = open_flow(ctx);
	aim_guard_options o = {.struct_size = sizeof o, .flow = flow};
	assert_status(aim_guard_new(ctx, &o, &guard, NULL), AIM_E_INVALID);
	o.struct_size = (uint32_t)offsetof(aim_guard_options, flow);
	assert_status(aim_guard_new(ctx, &o, &guard, NULL), AIM_OK);
	aim_guard_free(guard);
	aim_flow_free(flow);
	test_ctx_done(ctx, &heap);
}

/* --- 2026-07-28 ------------------------------------------------------------------------------------------- */

#define META "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define MODERN_CALL(id, name, rest) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\"," rest META "}}"
#define NEEDS_INPUT(id, method) J "\"id\":" id ",\"result\":{\"resultType\":\"input_required\",\"requestState\":\"st\",\"inputRequests\":{\"x\":{\"method\":\"" method "\",\"params\":{}}}}}"

static void a_modern_denial_is_a_complete_result(void **state)
{
	(void)state;
	rig r;
	start(&r, NULL);
	rig_refuses(&r, MODERN_CALL("1", "hidden", ""), "\"isError\":true", "\"resultType\":\"complete\"", NULL);
	rig_stop(&r);
}

static void requests_inside_a_result_are_decided_too(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = policy};
	start(&r, &setup);
	rig_passes_client(&r, MODERN_CALL("1", "read", ""));
	rig_server(&r, NEEDS_INPUT("1", "sampling/createMessage"));
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "\"id\":1,\"error\""));
	assert_null(strstr(answer, "sampling"));
	rig_passes_client(&r, MODERN_CALL("2", "read", ""));
	rig_server(&r, NEEDS_INPUT("2", "vendor/exfiltrate"));
	assert_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "exfiltrate"));
	rig_stop(&r);
}

static void a_request_state_is_bound_to_its_request(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_approver = 1};
	start(&r, &setup);
	rig_passes_client(&r, MODERN_CALL("1", "read", "\"arguments\":{\"a\":1},"));
	rig_passes_server(&r, NEEDS_INPUT("1", "elicitation/create"));
	rig_refuses(&r, MODERN_CALL("2", "ok_wipe", "\"arguments\":{\"a\":1},\"requestState\":\"st\","), "state_mismatch", NULL);
	rig_refuses(&r, MODERN_CALL("3", "read", "\"arguments\":{\"a\":2},\"requestState\":\"st\","), "state_mismatch", NULL);
	rig_passes_client(&r, MODERN_CALL("4", "read", "\"arguments\":{ \"a\": 1.0 },\"requestState\":\"st\","));
	rig_passes_client(&r, MODERN_CALL("5", "read", "\"requestState\":\"from another instance\","));
	rig_stop(&r);
}

/* The retry is a request like any other: what was allowed before is decided anew. */
static void a_retry_is_decided_anew(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = policy};
	start(&r, &setup);
	rig_passes_client(&r, MODERN_CALL("1", "read", ""));
	rig_passes_server(&r, J "\"id\":1,\"result\":{\"resultType\":\"input_required\",\"requestState\":\"st\"}}");
	assert_status(aim_authorizer_replace(r.authorizer, NULL), AIM_OK);
	rig_refuses(&r, MODERN_CALL("2", "read", "\"requestState\":\"st\","), "(denied,", NULL);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pinned_denies_what_was_never_listed),
		cmocka_unit_test(pinned_asks_for_tools_that_say_they_destroy),
		cmocka_unit_test(an_approver_may_say_yes),
		cmocka_unit_test(a_denial_says_no_more_than_it_must),
		cmocka_unit_test(the_policy_decides_when_there_is_one),
		cmocka_unit_test(every_gated_method_is_decided_by_its_subject),
		cmocka_unit_test(unknown_methods_pass_only_when_somebody_says_so),
		cmocka_unit_test(monitoring_lets_pass_and_says_what_it_would_have_done),
		cmocka_unit_test(what_was_read_and_fetched_is_not_sent),
		cmocka_unit_test(a_flow_ends_with_its_session),
		cmocka_unit_test(a_monitored_flow_is_let_pass_and_told),
		cmocka_unit_test(a_flow_needs_labels_and_an_older_host_has_none),
		cmocka_unit_test(whoever_asked_for_a_task_gets_an_error),
		cmocka_unit_test(a_modern_denial_is_a_complete_result),
		cmocka_unit_test(requests_inside_a_result_are_decided_too),
		cmocka_unit_test(a_request_state_is_bound_to_its_request),
		cmocka_unit_test(a_retry_is_decided_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
