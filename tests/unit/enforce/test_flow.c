/* Labels of sessions: what may not follow what, how long, who is named, bounds, threads, memory. */
#include "support.h"

#include <aim/flow.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define S(text) aim_str_from(text)
#define NOW INT64_C(1780000000000000)
#define HOUR_US (INT64_C(3600) * 1000000)

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_flow *flow;
	aim_flow_state state;
	aim_error err;
} bench;

static void open_with(bench *b, const aim_flow_options *o)
{
	aim_flow_free(b->flow);
	b->flow = NULL;
	assert_status(aim_flow_new(b->ctx, o, &b->flow, &b->err), AIM_OK);
}

static int setup(void **state)
{
	static bench b;
	memset(&b, 0, sizeof b);
	b.ctx = test_ctx(&b.heap);
	open_with(&b, NULL);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_flow_free(b->flow);
	test_ctx_done(b->ctx, &b->heap);
	return 0;
}

static aim_status call_in(bench *b, const char *session, uint32_t labels, const char *tool, int64_t now_us)
{
	aim_flow_call c = {.struct_size = sizeof c, .labels = labels, .agent = S("agt_1"), .session = S(session)};
	c.tool = S(tool);
	c.call = S("evt_7");
	b->state = (aim_flow_state){.struct_size = sizeof b->state};
	memset(&b->err, 0, sizeof b->err);
	return aim_flow_check(b->flow, &c, now_us, &b->state, &b->err);
}

static aim_status call(bench *b, uint32_t labels, int64_t now_us)
{
	return call_in(b, "s", labels, "x", now_us);
}

/* ---- the rule ---- */

/* In each of the six orders the third is refused, and what it needs none of goes on. */
static void never_all_three(void **state)
{
	static const uint32_t orders[6][3] = {{1, 2, 4}, {1, 4, 2}, {2, 1, 4}, {2, 4, 1}, {4, 1, 2}, {4, 2, 1}};
	bench *b = *state;
	for (size_t i = 0; i < 6; i++) {
		char name[8];
		snprintf(name, sizeof name, "s%zu", i);
		assert_status(call_in(b, name, orders[i][0], "first", NOW), AIM_OK);
		assert_int_equal(b->state.labels, orders[i][0]);
		assert_status(call_in(b, name, orders[i][1], "second", NOW + 1), AIM_OK);
		for (int again = 0; again < 2; again++) {
			assert_status(call_in(b, name, orders[i][2], "third", NOW + 2), AIM_DENIED);
			assert_int_equal(b->state.labels, orders[i][0] | orders[i][1]);
			assert_int_equal(b->state.broken, AIM_FLOW_ALL);
		}
		assert_status(call_in(b, name, orders[i][0] | orders[i][1], "again", NOW + 3), AIM_OK);
		assert_status(call_in(b, name, 0, "harmless", NOW + 3), AIM_OK);
		assert_int_equal(b->state.labels, orders[i][0] | orders[i][1]);
	}
	assert_status(call_in(b, "at once", AIM_FLOW_ALL, "x", NOW), AIM_DENIED);
	assert_int_equal(b->state.labels, 0);
	assert_int_equal(aim_flow_sessions(b->flow), 6);
}

static void a_denial_names_who_set_the_labels(void **state)
{
	bench *b = *state;
	assert_status(call_in(b, "s", AIM_FLOW_PRIVATE, "read_mail", NOW), AIM_OK);
	assert_status(call_in(b, "s", AIM_FLOW_UNTRUSTED, "fetch\x01page", NOW + 5), AIM_OK);
	assert_status(call_in(b, "s", AIM_FLOW_SEND, "send_mail", NOW + 6), AIM_DENIED);
	assert_string_equal(b->err.message, "information flow: \"send_mail\" may not follow in this session: private data "
	                                    "was read by \"read_mail\" (evt_7), untrusted content was seen by "
	                                    "\"fetch?page\" (evt_7)");
	assert_string_equal(b->state.sources[0].tool, "read_mail");
	assert_string_equal(b->state.sources[0].call, "evt_7");
	assert_true(b->state.sources[0].at_us == NOW && b->state.sources[1].at_us == NOW + 5);
	assert_true(b->state.sources[0].expires_at_us == NOW + HOUR_US);
	assert_true(b->state.sources[2].at_us == 0);
	/* The latest one is remembered; long names are cut and still text. */
	char long_name[301];
	memset(long_name, 'a', 300);
	memcpy(long_name + 126, "\xc3\xa4", 2);
	long_name[300] = '\0';
	assert_status(call_in(b, "s", AIM_FLOW_PRIVATE, long_name, NOW + 9), AIM_OK);
	assert_status(call_in(b, "s", AIM_FLOW_SEND, long_name, NOW + 10), AIM_DENIED);
	assert_int_equal(strlen(b->state.sources[0].tool), 126);
	assert_non_null(strstr(b->err.message, "(evt_7)"));
}

static void sets_that_a_host_chooses(void **state)
{
	bench *b = *state;
	aim_flow_options o = {.struct_size = sizeof o};
	o.never[0] = AIM_FLOW_PRIVATE | AIM_FLOW_SEND;
	o.never[3] = AIM_FLOW_UNTRUSTED | AIM_FLOW_SEND;
	open_with(b, &o);
	assert_status(call(b, AIM_FLOW_PRIVATE | AIM_FLOW_UNTRUSTED, NOW), AIM_OK);
	assert_status(call(b, AIM_FLOW_SEND, NOW), AIM_DENIED);
	assert_int_equal(b->state.broken, AIM_FLOW_PRIVATE | AIM_FLOW_SEND);
	assert_status(call_in(b, "t", AIM_FLOW_SEND, "x", NOW), AIM_OK);
	assert_status(call_in(b, "t", AIM_FLOW_UNTRUSTED, "x", NOW), AIM_DENIED);
	assert_int_equal(b->state.broken, AIM_FLOW_UNTRUSTED | AIM_FLOW_SEND);
	o.never[1] = AIM_FLOW_SEND;
	open_with(b, &o);
	assert_status(call(b, AIM_FLOW_SEND, NOW), AIM_DENIED);
	assert_status(call(b, AIM_FLOW_PRIVATE, NOW), AIM_OK);
}

static void sessions_and_agents_are_apart(void **state)
{
	bench *b = *state;
	aim_flow_call c = {.struct_size = sizeof c, .labels = AIM_FLOW_PRIVATE | AIM_FLOW_UNTRUSTED};
	static const struct {
		const char *agent, *session;
	} apart[] = {{"a", "bc"}, {"ab", "c"}, {"abc", ""}, {"a", ""}, {"b", "bc"}};
	for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
		c.agent = S(apart[i].agent);
		c.session = S(apart[i].session);
		assert_status(aim_flow_check(b->flow, &c, NOW, NULL, NULL), AIM_OK);
		assert_int_equal(aim_flow_sessions(b->flow), i + 1);
	}
	c.labels = AIM_FLOW_SEND;
	assert_status(aim_flow_check(b->flow, &c, NOW, NULL, NULL), AIM_DENIED);
	assert_status(aim_flow_end(b->flow, S("b"), S("bc")), AIM_OK);
	assert_status(aim_flow_end(b->flow, S("b"), S("bc")), AIM_OK);
	assert_status(aim_flow_check(b->flow, &c, NOW, NULL, NULL), AIM_OK);
	assert_status(aim_flow_look(b->flow, S("a"), S("bc"), NOW, &b->state), AIM_E_INVALID);
	b->state.struct_size = sizeof b->state;
	assert_status(aim_flow_look(b->flow, S("a"), S("bc"), NOW, &b->state), AIM_OK);
	assert_int_equal(b->state.labels, AIM_FLOW_PRIVATE | AIM_FLOW_UNTRUSTED);
	assert_status(aim_flow_look(b->flow, S("nobody"), S(""), NOW, &b->state), AIM_OK);
	assert_int_equal(b->state.labels, 0);
}

/* ---- time ---- */

static void a_label_lives_from_the_last_call_that_set_it(void **state)
{
	bench *b = *state;
	assert_status(call(b, AIM_FLOW_PRIVATE | AIM_FLOW_UNTRUSTED, NOW), AIM_OK);
	assert_status(call(b, AIM_FLOW_PRIVATE, NOW + HOUR_US / 2), AIM_OK);
	assert_status(call(b, AIM_FLOW_SEND, NOW + HOUR_US - 1), AIM_DENIED);
	assert_status(call(b, AIM_FLOW_SEND, NOW + HOUR_US), AIM_OK);
	assert_int_equal(b->state.labels, AIM_FLOW_PRIVATE | AIM_FLOW_SEND);
	assert_status(call(b, AIM_FLOW_UNTRUSTED, NOW + HOUR_US + HOUR_US / 2 - 1), AIM_DENIED);
	assert_status(call(b, AIM_FLOW_UNTRUSTED, NOW + HOUR_US + HOUR_US / 2), AIM_OK);
}

static void a_clock_that_steps_back_ends_nothing_early(void **state)
{
	bench *b = *state;
	assert_status(call(b, AIM_FLOW_PRIVATE, NOW), AIM_OK);
	assert_status(call(b, AIM_FLOW_UNTRUSTED, NOW - HOUR_US), AIM_OK);
	assert_true(b->state.sources[1].expires_at_us == NOW + HOUR_US);
	assert_status(call(b, AIM_FLOW_SEND, NOW - 2 * HOUR_US), AIM_DENIED);
	assert_status(call(b, AIM_FLOW_SEND, NOW + HOUR_US - 1), AIM_DENIED);
	/* Who only looks ahead ends nothing for others. */
	assert_status(aim_flow_look(b->flow, S("agt_1"), S("s"), NOW + 9 * HOUR_US, &b->state), AIM_OK);
	assert_int_equal(b->state.labels, 0);
	assert_status(call(b, AIM_FLOW_SEND, NOW), AIM_DENIED);
}

/* ---- bounds ---- */

static void a_full_table_refuses_and_empties_with_time(void **state)
{
	bench *b = *state;
	aim_flow_options o = {.struct_size = sizeof o, .max_sessions = 3, .ttl_s = 60};
	open_with(b, &o);
	assert_status(call_in(b, "1", AIM_FLOW_PRIVATE, "x", NOW), AIM_OK);
	assert_status(call_in(b, "2", AIM_FLOW_PRIVATE, "x", NOW + 1), AIM_OK);
	assert_status(call_in(b, "3", AIM_FLOW_PRIVATE, "x", NOW + 2), AIM_OK);
	assert_status(call_in(b, "4", AIM_FLOW_SEND, "x", NOW + 3), AIM_E_FLOW_FULL);
	assert_int_equal(b->state.labels, AIM_FLOW_ALL);
	assert_status(call_in(b, "4", 0, "x", NOW + 3), AIM_OK);
	assert_status(call_in(b, "1", AIM_FLOW_SEND, "x", NOW + 4), AIM_OK); /* now the last to end */
	assert_status(call_in(b, "4", AIM_FLOW_SEND, "x", NOW + 60000000), AIM_E_FLOW_FULL);
	assert_status(call_in(b, "4", AIM_FLOW_SEND, "x", NOW + 60000001), AIM_OK);
	assert_int_equal(aim_flow_sessions(b->flow), 3);
	assert_status(call_in(b, "1", AIM_FLOW_UNTRUSTED, "x", NOW + 60000001), AIM_OK); /* private ended, send has not */
	assert_int_equal(b->state.labels, AIM_FLOW_UNTRUSTED | AIM_FLOW_SEND);
	assert_status(call_in(b, "9", AIM_FLOW_SEND, "x", NOW + INT64_C(999000000)), AIM_OK);
	assert_status(call_in(b, "9", AIM_FLOW_SEND, "x", NOW + INT64_C(999000000)), AIM_OK);
	assert_int_equal(aim_flow_sessions(b->flow), 1);
}

static void what_is_refused(void **state)
{
	bench *b = *state;
	aim_flow *flow = NULL;
	char name[AIM_FLOW_MAX_NAME + 2];
	aim_flow_options o = {.struct_size = sizeof o, .flags = 1};
	aim_flow_call c = {.struct_size = sizeof c, .labels = 8, .agent = S("a")};
	aim_flow_state small = {.struct_size = 8};
	assert_status(aim_flow_new(b->ctx, &o, &flow, &b->err), AIM_E_VERSION);
	o.flags = 0;
	o.never[2] = 8;
	assert_status(aim_flow_new(b->ctx, &o, &flow, &b->err), AIM_E_INVALID);
	o.never[2] = 0;
	o.ttl_s = 31 * 86400 + 1;
	assert_status(aim_flow_new(b->ctx, &o, &flow, &b->err), AIM_E_LIMIT);
	o.ttl_s = 0;
	o.max_sessions = 1000001;
	assert_status(aim_flow_new(b->ctx, &o, &flow, &b->err), AIM_E_LIMIT);
	assert_status(aim_flow_new(NULL, NULL, &flow, NULL), AIM_E_INVALID);
	assert_null(flow);
	assert_status(aim_flow_check(b->flow, &c, NOW, NULL, &b->err), AIM_E_INVALID);
	c.labels = 1;
	c.flags = 1;
	assert_status(aim_flow_check(b->flow, &c, NOW, NULL, &b->err), AIM_E_VERSION);
	c.flags = 0;
	assert_status(aim_flow_check(b->flow, &c, 0, NULL, &b->err), AIM_E_INVALID);
	assert_status(aim_flow_check(b->flow, &c, NOW, &small, &b->err), AIM_E_INVALID);
	assert_status(aim_flow_check(NULL, &c, NOW, NULL, &b->err), AIM_E_INVALID);
	memset(name, 'n', sizeof name);
	c.session = (aim_str){name, AIM_FLOW_MAX_NAME + 1};
	assert_status(aim_flow_check(b->flow, &c, NOW, &b->state, &b->err), AIM_E_INVALID);
	c.session.len = AIM_FLOW_MAX_NAME;
	c.agent = (aim_str){name, AIM_FLOW_MAX_NAME};
	assert_status(aim_flow_check(b->flow, &c, NOW, NULL, &b->err), AIM_OK);
	c.agent.len = 0;
	b->state = (aim_flow_state){.struct_size = sizeof b->state};
	assert_status(aim_flow_check(b->flow, &c, NOW, &b->state, &b->err), AIM_E_INVALID);
	assert_int_equal(b->state.labels, AIM_FLOW_ALL); /* a careless reader sees all of them */
	assert_status(aim_flow_end(b->flow, S(""), S("s")), AIM_E_INVALID);
	assert_status(aim_flow_end(NULL, S("a"), S("s")), AIM_E_INVALID);
	assert_int_equal(aim_flow_sessions(NULL), 0);
	aim_flow_free(NULL);
}

static void names_of_labels(void **state)
{
	(void)state;
	for (uint32_t label = 1; label <= 4; label *= 2)
		assert_int_equal(aim_flow_label_of(S(aim_flow_label_name(label))), label);
	assert_string_equal(aim_flow_label_name(AIM_FLOW_SEND), "external_send");
	assert_string_equal(aim_flow_label_name(3), "unknown");
	assert_int_equal(aim_flow_label_of(S("")), 0);
	assert_int_equal(aim_flow_label_of(S("unknown")), 0);
}

/* ---- threads ---- */

typedef struct racer {
	aim_flow *flow;
	uint32_t label;
	size_t passed;
} racer;

#define ROUNDS 2000

/* Each tries to set its own label in each of many sessions. */
static void *race(void *arg)
{
	racer *r = arg;
	for (int i = 0; i < ROUNDS; i++) {
		char name[16];
		snprintf(name, sizeof name, "s%d", i);
		aim_flow_call c = {.struct_size = sizeof c, .labels = r->label, .agent = S("a"), .session = S(name)};
		r->passed += aim_flow_check(r->flow, &c, NOW, NULL, NULL) == AIM_OK;
	}
	return NULL;
}

static void of_three_at_once_one_is_refused(void **state)
{
	bench *b = *state;
	pthread_t threads[3];
	racer racers[3];
	for (uint32_t i = 0; i < 3; i++) {
		racers[i] = (racer){b->flow, 1u << i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	size_t passed = 0;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		passed += racers[i].passed;
	}
	assert_int_equal(passed, 2 * ROUNDS);
}

/* ---- memory ---- */

static aim_status a_session(aim_ctx *ctx, void *arg)
{
	aim_flow *flow = NULL;
	aim_flow_call c = {.struct_size = sizeof c, .labels = AIM_FLOW_SEND, .agent = S("a")};
	(void)arg;
	aim_status rc = aim_flow_new(ctx, NULL, &flow, NULL);
	if (rc == AIM_OK)
		rc = aim_flow_check(flow, &c, NOW, NULL, NULL);
	if (rc == AIM_OK && aim_flow_sessions(flow) != 1)
		rc = AIM_E_INTERNAL;
	aim_flow_free(flow);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(a_session, NULL);
}

static void a_session_that_has_a_label_allocates_nothing(void **state)
{
	bench *b = *state;
	assert_status(call(b, AIM_FLOW_PRIVATE, NOW), AIM_OK);
	size_t before = b->heap.n_allocs;
	for (int64_t i = 0; i < 100; i++)
		assert_status(call(b, AIM_FLOW_PRIVATE | AIM_FLOW_SEND, NOW + i), AIM_OK);
	assert_status(call(b, AIM_FLOW_UNTRUSTED, NOW), AIM_DENIED);
	assert_int_equal(b->heap.n_allocs, before);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(never_all_three),
		T(a_denial_names_who_set_the_labels),
		T(sets_that_a_host_chooses),
		T(sessions_and_agents_are_apart),
		T(a_label_lives_from_the_last_call_that_set_it),
		T(a_clock_that_steps_back_ends_nothing_early),
		T(a_full_table_refuses_and_empties_with_time),
		T(what_is_refused),
		T(names_of_labels),
		T(of_three_at_once_one_is_refused),
		cmocka_unit_test(each_allocation_may_fail),
		T(a_session_that_has_a_label_allocates_nothing),
	};
	return cmocka_run_group_tests_name("enforce/flow", tests, NULL, NULL);
}
