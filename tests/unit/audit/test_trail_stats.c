/* Statistics: what is counted where, how exact the percentile is, and what happens past the limit. */
#include "support.h"
#include "vault.h"

#include "audit/trail_sketch.h"
#include "base/format.h"

#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_trail_stats *stats;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	assert_status(aim_trail_stats_new(b->ctx, NULL, &b->stats, &b->err), AIM_OK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_trail_stats_free(b->stats);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static void add(aim_audit *log, const char *kind, const char *agent, const char *server, const char *tool,
                const char *decision, const char *data)
{
	static int64_t now_us = 1766000000000000;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST, .time_us = ++now_us};
	r.kind = aim_str_from(kind);
	r.agent = aim_str_from(agent);
	r.subject = aim_str_from(server);
	r.action = aim_str_from(tool);
	r.decision = aim_str_from(decision);
	r.data = aim_str_from(data);
	aim_error err = {0};
	aim_status rc = aim_audit_append(log, &r, NULL, &err);
	if (rc != AIM_OK)
		fail_msg("%s", err.message);
}

static aim_trail_group group(bench *b, uint32_t grouping, size_t index)
{
	aim_trail_group g = {.struct_size = sizeof g};
	assert_status(aim_trail_stats_group(b->stats, grouping, index, &g), AIM_OK);
	return g;
}

static void test_calls_and_results_are_counted(void **state)
{
	bench *b = *state;
	aim_trail_totals t = {.struct_size = sizeof t};
	add(b->log, "tool_call", "a", "files", "read", "allow", NULL);
	add(b->log, "tool_result", "a", "files", "read", NULL, "{\"latency_us\":100,\"success\":true}");
	add(b->log, "tool_call", "a", "files", "write", "deny", NULL);
	add(b->log, "tool_call", "b", "files", "read", "allow", NULL);
	add(b->log, "tool_result", "b", "files", "read", NULL, "{\"latency_us\":301,\"success\":false}");
	add(b->log, "tool_call", "b", "mail", "read", "ask", NULL);
	add(b->log, "session", "b", "mail", "end", NULL, NULL);
	add(b->log, "protocol_error", NULL, "mail", NULL, "deny", NULL);
	assert_status(aim_trail_stats_collect(b->stats, b->log, NULL, NULL, &b->err), AIM_OK);
	assert_status(aim_trail_stats_totals(b->stats, &t), AIM_OK);
	assert_int_equal(t.n_records, 8);
	assert_int_equal(t.n_allowed, 2);
	assert_int_equal(t.n_denied, 2);
	assert_int_equal(t.n_asked, 1);
	assert_int_equal(t.n_results, 2);
	assert_int_equal(t.n_succeeded, 1);
	assert_int_equal(t.last_us - t.first_us, 7);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_BY_TOOL), 3);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_BY_SERVER), 2);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_BY_AGENT), 2);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_N_GROUPINGS), 0);
	aim_trail_group g = group(b, AIM_TRAIL_BY_TOOL, 0);
	assert_text(g.server, "files");
	assert_text(g.name, "read");
	assert_int_equal(g.n_records, 4);
	assert_int_equal(g.n_allowed, 2);
	assert_int_equal(g.n_results, 2);
	assert_int_equal(g.success_micro, 500000);
	assert_int_equal(g.latency_mean_us, 200);
	assert_int_equal(g.latency_p95_us, 301);
	assert_int_equal(g.latency_max_us, 301);
	assert_int_equal(g.last_us, t.first_us + 4);
	g = group(b, AIM_TRAIL_BY_TOOL, 1);
	assert_text(g.name, "write");
	assert_int_equal(g.n_denied, 1);
	assert_int_equal(g.success_micro, -1);
	assert_int_equal(g.latency_p95_us, -1);
	g = group(b, AIM_TRAIL_BY_SERVER, 1);
	assert_text(g.server, "mail");
	assert_int_equal(g.name.len, 0);
	assert_int_equal(g.n_records, 1);
	assert_int_equal(g.n_asked, 1);
	g = group(b, AIM_TRAIL_BY_AGENT, 1);
	assert_text(g.name, "b");
	assert_int_equal(g.n_records, 4);
	assert_status(aim_trail_stats_group(b->stats, AIM_TRAIL_BY_AGENT, 2, &g), AIM_E_NOT_FOUND);
	assert_status(aim_trail_stats_group(b->stats, 9, 0, &g), AIM_E_INVALID);
}

static void test_collecting_goes_on_where_it_was(void **state)
{
	bench *b = *state;
	aim_trail_totals t = {.struct_size = sizeof t};
	uint64_t position = 0;
	for (unsigned i = 1; i <= 3; i++) {
		append_samples(b->log, 10);
		assert_status(aim_trail_stats_collect(b->stats, b->log, NULL, &position, &b->err), AIM_OK);
		assert_status(aim_trail_stats_totals(b->stats, &t), AIM_OK);
		assert_int_equal(t.n_records, 10 * i);
		assert_int_equal(position, 10 * i);
	}
}

static void test_past_the_limit_is_the_rest(void **state)
{
	bench *b = *state;
	aim_trail_stats_options o = {.struct_size = sizeof o, .max_groups = 3};
	aim_trail_stats_free(b->stats);
	assert_status(aim_trail_stats_new(b->ctx, &o, &b->stats, &b->err), AIM_OK);
	for (unsigned i = 0; i < 10; i++) {
		char tool[16];
		aim__format(tool, sizeof tool, "tool-%u", i);
		add(b->log, "tool_call", "a", "s", tool, "allow", NULL);
		add(b->log, "tool_result", "a", "s", tool, NULL, "{\"latency_us\":7,\"success\":true}");
	}
	assert_status(aim_trail_stats_collect(b->stats, b->log, NULL, NULL, &b->err), AIM_OK);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_BY_TOOL), 4);
	assert_int_equal(group(b, AIM_TRAIL_BY_TOOL, 2).flags, 0);
	aim_trail_group rest = group(b, AIM_TRAIL_BY_TOOL, 3);
	assert_int_equal(rest.flags, AIM_TRAIL_REST);
	assert_int_equal(rest.n_records, 14);
	assert_int_equal(rest.n_succeeded, 7);
	assert_int_equal(rest.latency_p95_us, 7);
	assert_int_equal(rest.name.len, 0);
	assert_int_equal(aim_trail_stats_count(b->stats, AIM_TRAIL_BY_SERVER), 1);
	o.max_groups = 100001;
	aim_trail_stats *none = NULL;
	assert_status(aim_trail_stats_new(b->ctx, &o, &none, &b->err), AIM_E_INVALID);
	o.flags = 1;
	assert_status(aim_trail_stats_new(b->ctx, &o, &none, &b->err), AIM_E_VERSION);
	aim_trail_stats_free(NULL);
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* The promise of the header, against the sorted values. */
static void test_a_percentile_is_at_most_a_sixteenth_too_high(void **state)
{
	uint64_t seed = 20261124;
	(void)state;
	for (size_t n = 1; n <= 400; n++) {
		int64_t values[400];
		aim__sketch *s = calloc(1, sizeof *s);
		assert_non_null(s);
		int64_t sum = 0;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			values[i] = (int64_t)((seed >> 20) >> (seed >> 58)) & AIM__SKETCH_MAX;
			sum += values[i];
			aim__sketch_add(s, values[i]);
		}
		qsort(values, n, sizeof values[0], ascending);
		int64_t exact = values[(n * 95 + 99) / 100 - 1];
		int64_t given = aim__sketch_percentile(s, 95);
		assert_true(given >= exact);
		assert_true(given - exact <= exact / 16);
		assert_int_equal(s->max, values[n - 1]);
		assert_int_equal(aim__sketch_mean(s), sum / (int64_t)n);
		free(s);
	}
}

static void test_a_sketch_at_its_edges(void **state)
{
	static aim__sketch s;
	(void)state;
	memset(&s, 0, sizeof s);
	assert_int_equal(aim__sketch_percentile(&s, 95), -1);
	assert_int_equal(aim__sketch_mean(&s), -1);
	aim__sketch_add(&s, -5);
	assert_int_equal(aim__sketch_percentile(&s, 95), 0);
	aim__sketch_add(&s, INT64_MAX);
	assert_int_equal(s.max, AIM__SKETCH_MAX);
	assert_int_equal(aim__sketch_percentile(&s, 95), AIM__SKETCH_MAX);
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_trail_stats *stats = NULL;
	aim_error err = {0};
	(void)arg;
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	for (unsigned i = 0; rc == AIM_OK && i < 3; i++) {
		aim_audit_record r = sample_record(i);
		r.kind = aim_str_from("tool_result");
		rc = aim_audit_append(log, &r, NULL, &err);
	}
	aim_trail_stats_options o = {.struct_size = sizeof o, .max_groups = 2};
	if (rc == AIM_OK)
		rc = aim_trail_stats_new(ctx, &o, &stats, &err);
	if (rc == AIM_OK)
		rc = aim_trail_stats_collect(stats, log, NULL, NULL, &err);
	if (rc != AIM_OK)
		assert_int_equal(err.status, rc);
	aim_trail_stats_free(stats);
	aim_audit_free(log);
	aim_store_free(store);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(body, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_calls_and_results_are_counted),
		T(test_collecting_goes_on_where_it_was),
		T(test_past_the_limit_is_the_rest),
		cmocka_unit_test(test_a_percentile_is_at_most_a_sixteenth_too_high),
		cmocka_unit_test(test_a_sketch_at_its_edges),
		cmocka_unit_test(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
