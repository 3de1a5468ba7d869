/* What the library learns from a connection: link, usage, trust and usual behaviour, in batches, without a word in the
 * audit log less for it. */
#include "rig.h"

#include <aim/behaviour.h>
#include <aim/drift.h>
#include <aim/link.h>
#include <aim/trust.h>
#include <aim/usage.h>

#include <stdio.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define READ RIG_TOOL("read", "Reads a file.")

static const rig_setup learning = {.with_registry = 1, .flags = AIM_GUARD_LEARN | AIM_GUARD_LINK};

static void ask(rig *r, unsigned id, const char *tool)
{
	char line[256];
	snprintf(line, sizeof line, J "\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\"}}", id, tool);
	rig_passes_client(r, line);
}

static void answer(rig *r, unsigned id, int fails)
{
	char line[256];
	snprintf(line, sizeof line, J "\"id\":%u,\"result\":{\"content\":[],\"isError\":%s}}", id, fails ? "true" : "false");
	rig_passes_server(r, line);
}

static void list(rig *r)
{
	rig_list(r, READ);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

static void poll_after(rig *r, int64_t us)
{
	test_now_us += us;
	assert_status(aim_guard_poll(r->guard, test_now_us, NULL), AIM_OK);
}

static aim_usage usage_of(rig *r, const char *subject)
{
	aim_usage u = {.struct_size = sizeof u};
	assert_status(aim_usage_total(r->registry, aim_str_from(subject), &u, NULL), AIM_OK);
	return u;
}

static aim_link link_of(rig *r)
{
	aim_link l = {.struct_size = sizeof l};
	assert_status(aim_link_check(r->registry, aim_str_from(r->agent), aim_str_from(r->server), &l, NULL), AIM_OK);
	return l;
}

static uint64_t outcomes(rig *r, const char *subject)
{
	aim_trustscore *score = NULL;
	assert_status(aim_trustscore_new(r->ctx, &score, NULL), AIM_OK);
	assert_status(aim_trust_score(r->registry, aim_str_from(subject), NULL, score, NULL), AIM_OK);
	uint64_t n = 0;
	const aim_trustscore_row *row;
	for (size_t i = 0; (row = aim_trustscore_row_at(score, i)); i++)
		if (aim_str_equal(row->name, aim_str_from("success_rate")))
			n = row->samples;
	aim_trustscore_free(score);
	return n;
}

static aim_status note_capability(void *user, const aim_usage *usage)
{
	char *text = user;
	size_t at = strlen(text);
	snprintf(text + at, 400 - at, "%.*s %llu/%llu;", (int)usage->capability.len, usage->capability.ptr,
	         (unsigned long long)usage->n_successes, (unsigned long long)usage->n_calls);
	return AIM_OK;
}

static void calls_become_usage_and_trust_in_one_go(void **state)
{
	(void)state;
	rig r;
	char text[400] = "";
	rig_start(&r, &learning);
	list(&r);
	assert_int_equal(aim_guard_next_deadline_ms(r.guard, test_now_us), -1);
	for (unsigned i = 0; i < 5; i++) {
		ask(&r, i, "read");
		answer(&r, i, i == 0);
	}
	rig_passes_client(&r, J "\"id\":9,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///a\"}}");
	rig_passes_server(&r, J "\"id\":9,\"result\":{\"contents\":[]}}");
	assert_int_equal(aim_guard_next_deadline_ms(r.guard, test_now_us), 5000);
	poll_after(&r, 1000000); /* not due */
	assert_int_equal(usage_of(&r, r.agent).n_calls, 0);
	poll_after(&r, 4000000);
	assert_int_equal(aim_guard_next_deadline_ms(r.guard, test_now_us), -1);
	assert_int_equal(usage_of(&r, r.agent).n_calls, 6);
	assert_int_equal(usage_of(&r, r.server).n_failures, 1);
	assert_int_equal(usage_of(&r, r.server).n_timed, 6);
	assert_status(aim_usage_list(r.registry, aim_str_from(r.server), aim_str_from(""), 0, note_capability, text, NULL), AIM_OK);
	assert_string_equal(text, "mcp_resource 1/1;mcp_tool:read 4/5;");
	assert_int_equal(outcomes(&r, r.agent), 6);
	assert_int_equal(outcomes(&r, r.server), 6);
	assert_int_equal(rig_records(&r, "\"kind\":\"tool_result\"", NULL), 6);
	assert_int_equal(rig_records(&r, "usage_recorded", "mcp_tool:read", "\"calls\":5", "\"failures\":1", NULL), 1);
	rig_stop(&r);
}

static void what_was_counted_is_not_counted_again(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &learning);
	list(&r);
	ask(&r, 1, "read");
	answer(&r, 1, 0);
	r.store_fails = AIM_E_STORE_FULL;
	test_now_us += 6000000;
	assert_status(aim_guard_poll(r.guard, test_now_us, NULL), AIM_E_STORE_FULL);
	r.store_fails = AIM_OK;
	poll_after(&r, 0); /* what failed was kept */
	poll_after(&r, 6000000);
	assert_int_equal(usage_of(&r, r.server).n_calls, 1);
	assert_int_equal(outcomes(&r, r.server), 1);
	rig_stop(&r);
}

static void the_end_counts_what_waits_and_what_was_never_answered(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &learning);
	list(&r);
	ask(&r, 1, "read");
	answer(&r, 1, 0);
	ask(&r, 2, "read");
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_OK);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_SERVER, NULL), AIM_OK);
	assert_int_equal(usage_of(&r, r.server).n_calls, 2);
	assert_int_equal(usage_of(&r, r.server).n_unreported, 1);
	assert_int_equal(outcomes(&r, r.server), 1); /* no answer is no evidence */
	rig_stop(&r);
}

static void a_full_tally_counts_itself(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &learning);
	list(&r);
	for (unsigned i = 0; i < 1024; i++) {
		ask(&r, i, "read");
		answer(&r, i, 0);
	}
	assert_int_equal(usage_of(&r, r.server).n_calls, 1024);
	assert_int_equal(aim_guard_next_deadline_ms(r.guard, test_now_us), -1);
	rig_stop(&r);
}

static void connections_are_noted_at_the_link(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &learning);
	assert_int_equal(link_of(&r).n_connections, 1);
	test_now_us += 1000000;
	rig_reconnect(&r, AIM_GUARD_PINNED);
	assert_int_equal(link_of(&r).n_connections, 2);
	assert_int_equal(link_of(&r).last_seen_us, test_now_us);
	rig_stop(&r);
}

static aim_status count_record(void *user, const aim_drift_record *record)
{
	if (record->part.len > 7 && memcmp(record->part.ptr, "server:", 7) == 0)
		++*(size_t *)user;
	return AIM_OK;
}

/* Nobody vouched for it: that is drift of the agent. */
static void a_server_without_a_link_is_drift(void **state)
{
	(void)state;
	rig r;
	size_t n = 0;
	aim_drift *drift = NULL;
	rig_setup setup = {.with_registry = 1, .flags = AIM_GUARD_LEARN};
	rig_start(&r, &setup);
	assert_status(aim_drift_open(r.registry, NULL, &drift, NULL), AIM_OK);
	assert_status(aim_drift_list_records(drift, NULL, count_record, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	aim_drift_free(drift);
	rig_stop(&r);
}

static void a_deviation_is_drift(void **state)
{
	(void)state;
	rig r;
	aim_behaviour *tracker = NULL;
	aim_behaviour_options quick = {.struct_size = sizeof quick, .warm_up = 2, .sustain_s = 1};
	rig_start(&r, &learning);
	assert_status(aim_behaviour_new(r.ctx, &quick, &tracker, NULL), AIM_OK);
	r.behaviour = tracker;
	rig_reconnect(&r, AIM_GUARD_PINNED);
	rig_list(&r, READ "," RIG_TOOL("look", "Looks around."));
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	for (unsigned i = 0; i < 3; i++) {
		ask(&r, i, "read");
		answer(&r, i, 0);
		test_now_us += 1000;
	}
	ask(&r, 3, "look"); /* never done before */
	answer(&r, 3, 0);
	poll_after(&r, 6000000);
	assert_true(rig_records(&r, "drift_detected", "behaviour", "mcp_tool:look", NULL) > 0);
	aim_guard_free(r.guard);
	r.guard = NULL;
	aim_behaviour_free(tracker);
	rig_stop(&r);
}

/* Without an audit log, which would keep its records in memory here. */
static void a_warm_call_still_allocates_nothing(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, &learning);
	aim_guard_free(r.guard);
	aim_guard_options o = {.struct_size = sizeof o, .flags = AIM_GUARD_LEARN, .registry = r.registry};
	o.agent = aim_str_from(r.agent);
	o.server = aim_str_from(r.server);
	assert_status(aim_guard_new(r.ctx, &o, &r.guard, NULL), AIM_OK);
	list(&r);
	for (unsigned i = 0; i < 100; i++) {
		ask(&r, i, "read");
		answer(&r, i, 0);
	}
	size_t before = r.heap.n_allocs;
	for (unsigned i = 100; i < 200; i++) {
		ask(&r, i, "read");
		answer(&r, i, i % 2);
	}
	assert_int_equal(r.heap.n_allocs, before);
	rig_stop(&r);
}

static void without_the_flag_nothing_is_counted(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_registry = 1};
	rig_start(&r, &setup);
	list(&r);
	ask(&r, 1, "read");
	answer(&r, 1, 0);
	poll_after(&r, 60000000);
	assert_int_equal(usage_of(&r, r.server).n_calls, 0);
	aim_guard *guard = NULL;
	aim_guard_options o = {.struct_size = sizeof o, .flags = AIM_GUARD_LEARN};
	assert_status(aim_guard_new(r.ctx, &o, &guard, NULL), AIM_E_INVALID);
	assert_status(aim_guard_poll(NULL, 0, NULL), AIM_E_INVALID);
	assert_int_equal(aim_guard_next_deadline_ms(NULL, 0), -1);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_become_usage_and_trust_in_one_go),
		cmocka_unit_test(what_was_counted_is_not_counted_again),
		cmocka_unit_test(the_end_counts_what_waits_and_what_was_never_answered),
		cmocka_unit_test(a_full_tally_counts_itself),
		cmocka_unit_test(connections_are_noted_at_the_link),
		cmocka_unit_test(a_server_without_a_link_is_drift),
		cmocka_unit_test(a_deviation_is_drift),
		cmocka_unit_test(a_warm_call_still_allocates_nothing),
		cmocka_unit_test(without_the_flag_nothing_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
