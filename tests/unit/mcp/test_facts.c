/* What policies are told of a call: arguments, time, rates, labels, agent, drift and scan; what they monitor, watch and
 * want to have logged. */
#include "rig.h"

#include <aim/trust.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define CALL(id, name, args) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\",\"arguments\":" args "}}"
#define BARE(id, name) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\"}}"
#define POLICY(rules) "{\"version\":1,\"name\":\"p\",\"rules\":[" rules "]}"
#define ALLOW_WHEN(when) POLICY("{\"id\":\"a\",\"effect\":\"allow\",\"when\":{" when "}}")
#define ALLOW_DENY_WHEN(when) \
	POLICY("{\"id\":\"a\",\"effect\":\"allow\"},{\"id\":\"d\",\"effect\":\"deny\",\"when\":{" when "}}")
#define TOOLS RIG_TOOL("read", "Reads.") "," RIG_TOOL("fetch", "Fetches.") "," RIG_TOOL("send", "Sends.")

static void start(rig *r, const rig_setup *setup)
{
	rig_start(r, setup);
	rig_open(r);
	rig_list(r, TOOLS);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

static void arguments_are_what_is_called_with(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = ALLOW_DENY_WHEN("\"args\":{\"/path\":{\"prefix\":[\"/etc/\"]}}")};
	start(&r, &setup);
	rig_passes_client(&r, CALL("1", "read", "{\"path\":\"/home/a\"}"));
	rig_refuses(&r, CALL("2", "read", "{\"path\":\"/etc/shadow\"}"), "(denied,", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->rule, "d");
	rig_refuses(&r, CALL("3", "read", "{\"path\":7}"), "(denied,", NULL);
	rig_refuses(&r, BARE("4", "read"), "(denied,", NULL); /* not there: unknown */
	rig_stop(&r);

	rig_setup bounded = {.policy = ALLOW_WHEN("\"args\":{\"/amount\":{\"above\":0,\"max\":100.00}}")};
	start(&r, &bounded);
	rig_passes_client(&r, CALL("1", "send", "{\"amount\":100.000}"));
	rig_refuses(&r, CALL("2", "send", "{\"amount\":100.0000000000000000001}"), "(denied,", NULL);
	rig_stop(&r);
}

static void a_call_without_arguments_is_known_to_have_none(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = ALLOW_WHEN("\"args\":{\"/path\":{\"present\":false}}")};
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	rig_passes_client(&r, CALL("2", "read", "{}"));
	rig_refuses(&r, CALL("3", "read", "{\"path\":\"/\"}"), "(denied,", NULL);
	rig_stop(&r);
}

#define MIDNIGHT INT64_C(1765929600000000) /* 17 December 2025, a Wednesday */
#define HOUR INT64_C(3600000000)

static void time_is_that_of_the_context(void **state)
{
	(void)state;
	rig r;
	int64_t before = test_now_us;
	rig_setup setup = {.policy = ALLOW_WHEN("\"time\":{\"from\":\"08:00\",\"to\":\"18:00\",\"days\":[\"wed\"],\"utc_offset\":\"Z\"}")};
	start(&r, &setup);
	test_now_us = MIDNIGHT + 10 * HOUR;
	rig_passes_client(&r, BARE("1", "read"));
	test_now_us = MIDNIGHT + 18 * HOUR;
	rig_refuses(&r, BARE("2", "read"), "(denied,", NULL);
	test_now_us = MIDNIGHT + 34 * HOUR;
	rig_refuses(&r, BARE("3", "read"), "(denied,", NULL);
	test_now_us = before;
	rig_stop(&r);
}

static void rates_count_what_was_allowed(void **state)
{
	(void)state;
	static const char policy[] = ALLOW_DENY_WHEN("\"rate\":{\"at_least\":2,\"window_s\":3600,\"per\":[\"agent\",\"tool\"]}");
	rig r;
	rig_setup counted = {.policy = policy, .with_rates = 1};
	start(&r, &counted);
	rig_passes_client(&r, BARE("1", "read"));
	rig_passes_client(&r, BARE("2", "read"));
	rig_refuses(&r, BARE("3", "read"), "(denied,", NULL);
	rig_passes_client(&r, BARE("4", "fetch"));
	rig_stop(&r);

	rig_setup uncounted = {.policy = policy}; /* nobody knows */
	start(&r, &uncounted);
	rig_refuses(&r, BARE("1", "read"), "(denied,", NULL);
	rig_stop(&r);
}

static void labels_are_those_of_the_session_and_of_the_call(void **state)
{
	(void)state;
	static const char policy[] = ALLOW_DENY_WHEN("\"labels\":[\"private_data\",\"untrusted_content\"]");
	rig r;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	rig_setup setup = {.policy = policy};
	assert_status(aim_flow_new(ctx, NULL, &setup.flow, NULL), AIM_OK);
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "fetch"));
	rig_refuses(&r, BARE("2", "read"), "(denied,", NULL); /* it would set the other */
	rig_passes_client(&r, BARE("3", "send"));
	rig_stop(&r);
	aim_flow_free(setup.flow);
	test_ctx_done(ctx, &heap);

	setup.flow = NULL;
	start(&r, &setup);
	rig_refuses(&r, BARE("1", "fetch"), "(denied,", NULL);
	rig_stop(&r);
}

static void the_agent_is_as_it_is_registered(void **state)
{
	(void)state;
	static const char policy[] = ALLOW_WHEN("\"agent_type\":\"ai_agent\",\"status\":\"verified\",\"session\":\"run-1\"");
	rig r;
	rig_setup setup = {.policy = policy, .with_registry = 1};
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	rig_stop(&r);
	setup.with_registry = 0;
	start(&r, &setup);
	rig_refuses(&r, BARE("1", "read"), "(denied,", NULL);
	rig_stop(&r);
}

/* At the next call, or within a second where another process keeps the record. */
static void trust_that_is_lost_counts(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = ALLOW_WHEN("\"trust\":{\"min\":100000}"), .with_registry = 1};
	aim_trust_penalty penalty = {.struct_size = sizeof penalty, .micro = AIM_TRUSTSCORE_ONE};
	int64_t before = test_now_us;
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	penalty.until_us = test_now_us + 100 * HOUR;
	penalty.subject = aim_str_from(r.agent);
	penalty.source = aim_str_from("test");
	penalty.id = aim_str_from("1");
	penalty.cause = aim_str_from("it misbehaved");
	assert_status(aim_trust_penalize(r.registry, &penalty, NULL, NULL), AIM_OK);
	test_now_us += 1000000;
	rig_refuses(&r, BARE("2", "read"), "(denied,", NULL);
	test_now_us = before;
	rig_stop(&r);
}

static void drift_is_open_while_nobody_approved(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.policy = ALLOW_WHEN("\"drift\":\"none\",\"scan\":\"clean\""), .with_registry = 1};
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	rig_list(&r, RIG_TOOL("read", "Reads.") "," RIG_TOOL("fetch", "Fetches other things."));
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	rig_refuses(&r, BARE("2", "read"), "(denied,", NULL); /* of another tool: the server's */
	rig_reconnect(&r, AIM_GUARD_PINNED);
	rig_refuses(&r, BARE("3", "read"), "(denied,", NULL);
	rig_stop(&r);

	setup.with_registry = 0; /* compared with nothing */
	start(&r, &setup);
	rig_refuses(&r, BARE("1", "read"), "(denied,", NULL);
	rig_stop(&r);
}

static void a_policy_that_monitors_is_told_as_one(void **state)
{
	(void)state;
	rig r;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	rig_setup setup = {.with_log = 1,
	                   .policy = "{\"version\":1,\"name\":\"p\",\"mode\":\"monitor\",\"rules\":["
	                             "{\"id\":\"a\",\"effect\":\"allow\",\"tools\":\"read\"},{\"id\":\"d\",\"effect\":\"deny\",\"tools\":\"fetch\"},"
	                             "{\"id\":\"k\",\"effect\":\"ask\",\"tools\":\"send\"}]}"};
	assert_status(aim_flow_new(ctx, NULL, &setup.flow, NULL), AIM_OK);
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_MONITORED), 0);
	rig_passes_client(&r, BARE("2", "fetch"));
	const rig_event *e = rig_event_of(&r, AIM_GUARD_EVENT_MONITORED);
	assert_string_equal(e->code, "monitor_deny");
	assert_string_equal(e->rule, "d");
	assert_int_equal(rig_records(&r, "\"action\":\"fetch\"", "\"decision\":\"allow\"", "monitor_deny", "\"would\":\"deny\"", NULL), 1);
	/* It monitors itself, not what else is in force. */
	rig_refuses(&r, BARE("3", "send"), "(denied,", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "information_flow");
	rig_stop(&r);
	aim_flow_free(setup.flow);
	test_ctx_done(ctx, &heap);
}

static void what_a_rule_wants_logged_is_in_the_record(void **state)
{
	(void)state;
	static const char policy[] = POLICY("{\"id\":\"a\",\"effect\":\"allow\",\"tools\":\"read\",\"obligations\":{\"log\":[\"loud\",\"and clear\"]}},"
	                                    "{\"id\":\"b\",\"effect\":\"allow\",\"tools\":\"fetch\",\"obligations\":{\"redact\":[\"/a\"]}},"
	                                    "{\"id\":\"w\",\"effect\":\"alert\",\"tools\":\"read\"}");
	rig r;
	rig_setup setup = {.policy = policy, .with_log = 1};
	start(&r, &setup);
	rig_passes_client(&r, BARE("1", "read"));
	assert_int_equal(rig_records(&r, "\"action\":\"read\"", "\"log\":[\"loud\",\"and clear\"]", "\"alerts\":[\"w\"]", NULL), 1);
	rig_refuses(&r, BARE("2", "fetch"), "(denied,", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "obligation_unmet");
	rig_stop(&r);

	setup.with_log = 0; /* nowhere to log */
	start(&r, &setup);
	rig_refuses(&r, BARE("1", "read"), "(denied,", NULL);
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_DENIED)->code, "obligation_unmet");
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_what_is_called_with),
		cmocka_unit_test(a_call_without_arguments_is_known_to_have_none),
		cmocka_unit_test(time_is_that_of_the_context),
		cmocka_unit_test(rates_count_what_was_allowed),
		cmocka_unit_test(labels_are_those_of_the_session_and_of_the_call),
		cmocka_unit_test(the_agent_is_as_it_is_registered),
		cmocka_unit_test(trust_that_is_lost_counts),
		cmocka_unit_test(drift_is_open_while_nobody_approved),
		cmocka_unit_test(a_policy_that_monitors_is_told_as_one),
		cmocka_unit_test(what_a_rule_wants_logged_is_in_the_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
