/* Results through the guard: passed and told, cleaned, or withheld; never with what was found in records or answers. */
#include "rig.h"

#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define CALL(id) J "\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}"
#define LEAK(id) J "\"id\":" id ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"key AKIAIOSFODNN7EXAMPLE\"}]}}"
#define FINE(id) J "\"id\":" id ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"three files\"}]}}"

static void start(rig *r, const rig_setup *setup, uint32_t policy)
{
	rig_start(r, setup);
	r->responses = policy;
	rig_reconnect(r, setup->preset);
	rig_list(r, RIG_TOOL("read", "Reads."));
	(void)rig_taken(r, AIM_GUARD_CLIENT);
	(void)rig_taken(r, AIM_GUARD_SERVER);
	rig_passes_client(r, CALL("1"));
}

static const rig_setup logged = {.with_log = 1};

static void results_are_told_and_pass_by_default(void **state)
{
	rig r;
	(void)state;
	start(&r, &logged, AIM_GUARD_RESPONSES_LOG);
	rig_passes_server(&r, LEAK("1"));
	const rig_event *e = rig_event_of(&r, AIM_GUARD_EVENT_RESPONSE);
	assert_non_null(e);
	assert_string_equal(e->name, "read");
	assert_string_equal(e->code, "log");
	assert_string_equal(e->rule, "aws-access-key");
	assert_int_equal(rig_records(&r, "\"kind\":\"response_scan\"", "\"action\":\"read\"", "aws-access-key", "/content/0/text", NULL), 1);
	assert_int_equal(rig_records(&r, "AKIA", NULL), 0);
	rig_passes_client(&r, CALL("2"));
	rig_passes_server(&r, FINE("2"));
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_RESPONSE), 1);
	rig_stop(&r);
}

static void results_are_cleaned(void **state)
{
	rig r;
	(void)state;
	start(&r, &logged, AIM_GUARD_RESPONSES_SANITIZE);
	rig_server(&r, LEAK("1"));
	rig_expect(&r, AIM_GUARD_CLIENT,
	           J "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"key [REDACTED:credential]\"}]}}");
	rig_passes_client(&r, CALL("2"));
	rig_passes_server(&r, FINE("2"));
	rig_stop(&r);
}

static void results_are_withheld(void **state)
{
	rig r;
	(void)state;
	start(&r, &logged, AIM_GUARD_RESPONSES_BLOCK);
	rig_server(&r, LEAK("1"));
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "response_withheld"));
	assert_null(strstr(answer, "AKIA"));
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_RESPONSE)->code, "block");
	rig_stop(&r);
}

#define WRONG(id) J "\"id\":" id ",\"error\":{\"code\":-32000,\"message\":\"key AKIAIOSFODNN7EXAMPLE\",\"data\":[\"fine\"]}}"

/* Whatever a result may not carry, an error may not carry in its place. */
static void errors_are_looked_at_like_results(void **state)
{
	rig r;
	(void)state;
	start(&r, &logged, AIM_GUARD_RESPONSES_SANITIZE);
	rig_server(&r, WRONG("1"));
	rig_expect(&r, AIM_GUARD_CLIENT,
	           J "\"id\":1,\"error\":{\"code\":-32000,\"message\":\"key [REDACTED:credential]\",\"data\":[\"fine\"]}}");
	rig_passes_client(&r, J "\"id\":2,\"method\":\"tasks/get\",\"params\":{\"taskId\":\"t\"}}");
	rig_server(&r, LEAK("2"));
	assert_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "AKIA"));
	rig_passes_client(&r, CALL("3"));
	rig_passes_server(&r, J "\"id\":3,\"error\":{\"code\":-32000,\"message\":\"no such file\"}}");
	rig_stop(&r);
	start(&r, &logged, AIM_GUARD_RESPONSES_BLOCK);
	rig_server(&r, WRONG("1"));
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "response_withheld"));
	assert_int_equal(rig_records(&r, "\"kind\":\"response_scan\"", "aws-access-key", "/message", NULL), 1);
	rig_stop(&r);
}

static void who_watches_withholds_nothing(void **state)
{
	rig_setup watching = {.with_log = 1, .preset = AIM_GUARD_OBSERVE};
	rig r;
	(void)state;
	start(&r, &watching, AIM_GUARD_RESPONSES_BLOCK);
	rig_passes_server(&r, LEAK("1"));
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_RESPONSE), 1);
	rig_stop(&r);
}

static void off_looks_at_nothing(void **state)
{
	rig r;
	(void)state;
	start(&r, &logged, AIM_GUARD_RESPONSES_OFF);
	rig_passes_server(&r, LEAK("1"));
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_RESPONSE), 0);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_told_and_pass_by_default),
		cmocka_unit_test(results_are_cleaned),
		cmocka_unit_test(results_are_withheld),
		cmocka_unit_test(errors_are_looked_at_like_results),
		cmocka_unit_test(who_watches_withholds_nothing),
		cmocka_unit_test(off_looks_at_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
