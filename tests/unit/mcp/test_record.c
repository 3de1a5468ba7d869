/* Nothing passes without evidence, and strangers cannot fill the log. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define CALL(id, name) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\",\"arguments\":{\"k\":\"v\"}}}"

static const rig_setup logged = {.with_log = 1};

static void a_call_is_recorded_before_it_goes_on(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &logged);
	rig_list(&r, RIG_TOOL("read", "Reads."));
	rig_client(&r, CALL("\"x\"", "read"));
	/* It waits in the output: nobody has seen it yet, and the record is there. */
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_call\"", "\"action\":\"read\"", "\"decision\":\"allow\"",
	                             "\"request\":\"x\"", "\"agent\":\"agent\"", "\"subject\":\"server\"", NULL), 1);
	assert_int_equal(rig_records(&r, "tool_fingerprint", "arguments_commitment", "\"session\":\"run-1\"", NULL), 1);
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	(void)rig_taken(&r, AIM_GUARD_SERVER);
	rig_passes_server(&r, J "\"id\":\"x\",\"result\":{\"content\":[],\"isError\":true}}");
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_result\"", "\"success\":false", "tool_error", "latency_us", NULL), 1);
	rig_stop(&r);
}

static void what_stays_without_answer_is_recorded(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &logged);
	rig_list(&r, RIG_TOOL("read", "Reads."));
	rig_client(&r, CALL("1", "read"));
	assert_status(aim_guard_end(r.guard, AIM_GUARD_SERVER, NULL), AIM_OK);
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_result\"", "no_answer", NULL), 1);
	assert_int_equal(rig_event_of(&r, AIM_GUARD_EVENT_CLOSED)->count, 1);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_OK);
	assert_int_equal(rig_records(&r, "\"kind\":\"session\"", "\"action\":\"open\"", NULL), 1);
	assert_int_equal(rig_records(&r, "\"kind\":\"session\"", "\"action\":\"close\"", "\"allowed\":1", NULL), 1);
	rig_stop(&r);
}

static void refused_lines_are_counted_once_there_are_many(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_log = 1, .malformed_per_minute = 5};
	rig_start(&r, &setup);
	for (size_t i = 0; i < 100; i++)
		rig_refuses(&r, "garbage", "-32700", NULL);
	assert_int_equal(rig_records(&r, "protocol_error", NULL), 5);
	test_now_us += 61000000;
	rig_refuses(&r, "garbage", "-32700", NULL);
	assert_int_equal(rig_records(&r, "protocol_error", "more_of_the_same", "\"count\":95", NULL), 1);
	assert_int_equal(rig_records(&r, "protocol_error", "json_syntax", NULL), 6);
	for (size_t i = 0; i < 10; i++)
		rig_server(&r, "garbage");
	assert_status(aim_guard_end(r.guard, AIM_GUARD_SERVER, NULL), AIM_OK);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_OK);
	assert_int_equal(rig_records(&r, "more_of_the_same", "\"count\":6", NULL), 1);
	rig_stop(&r);
}

static void long_subjects_are_clipped_in_records(void **state)
{
	(void)state;
	rig r;
	char line[8000];
	rig_start(&r, &logged);
	int n = snprintf(line, sizeof line, J "\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///");
	memset(line + n, 'a', 6000);
	strcpy(line + n + 6000, "\"}}");
	rig_passes_client(&r, line);
	assert_int_equal(rig_records(&r, "tool_call", "resources/read", "file:///aaaa", NULL), 1);
	rig_passes_server(&r, J "\"id\":1,\"result\":{\"contents\":[]}}");
	rig_stop(&r);
}

/* --- a log that refuses ---------------------------------------------------------------------------------- */

static void what_cannot_be_recorded_does_not_happen(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &logged);
	rig_list(&r, RIG_TOOL("read", "Reads."));
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	rig_passes_client(&r, CALL("1", "read"));
	r.store_fails = AIM_E_STORE_FULL;
	rig_refuses(&r, CALL("2", "read"), "isError", "unrecorded", NULL);
	rig_refuses(&r, J "\"id\":3,\"method\":\"resources/read\",\"params\":{\"uri\":\"a:b\"}}", "-32000", "unrecorded", NULL);
	rig_server(&r, J "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"harbour\"}]}}");
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "unrecorded"));
	assert_null(strstr(answer, "harbour"));
	assert_non_null(rig_event_of(&r, AIM_GUARD_EVENT_UNRECORDED));
	rig_passes_client(&r, J "\"id\":4,\"method\":\"ping\"}"); /* what needs no record goes on */
	r.store_fails = AIM_OK;
	rig_passes_client(&r, CALL("5", "read"));
	rig_stop(&r);
}

static void monitoring_needs_evidence_too(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_log = 1, .preset = AIM_GUARD_OBSERVE};
	rig_start(&r, &setup);
	r.store_fails = AIM_E_STORE_LOCKED;
	rig_refuses(&r, CALL("1", "hidden"), "unrecorded", NULL);
	rig_stop(&r);
}

static void a_list_that_cannot_be_recorded_is_withheld(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_registry = 1};
	rig_start(&r, &setup);
	r.store_fails = AIM_E_STORE_READONLY;
	rig_list(&r, RIG_TOOL("read", "Reads."));
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "unrecorded"));
	assert_null(strstr(answer, "Reads."));
	r.store_fails = AIM_OK;
	rig_list(&r, RIG_TOOL("read", "Reads."));
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "Reads."));
	rig_stop(&r);
}

static void a_guard_does_not_start_on_a_log_that_refuses(void **state)
{
	(void)state;
	rig r;
	aim_guard *guard = NULL;
	rig_start(&r, &logged);
	r.store_fails = AIM_E_STORE_READONLY;
	assert_status(rig_new_guard(&r, AIM_GUARD_PINNED, &guard), AIM_E_STORE_READONLY);
	assert_null(guard);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_recorded_before_it_goes_on),
		cmocka_unit_test(what_stays_without_answer_is_recorded),
		cmocka_unit_test(refused_lines_are_counted_once_there_are_many),
		cmocka_unit_test(long_subjects_are_clipped_in_records),
		cmocka_unit_test(what_cannot_be_recorded_does_not_happen),
		cmocka_unit_test(monitoring_needs_evidence_too),
		cmocka_unit_test(a_list_that_cannot_be_recorded_is_withheld),
		cmocka_unit_test(a_guard_does_not_start_on_a_log_that_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
