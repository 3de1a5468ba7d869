/* tests/prop/test_flow.c — laws of information flow, over random calls of many sessions, sets of labels and clocks: the
 * verdict is that of the plainest model, which keeps every call; no session ever has all labels of a set that never
 * come together; and each label that is set names the last call that set it. */
#include "support.h"

#include <aim/flow.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 200
#define CALLS 400
#define N_SESSIONS 5
#define START INT64_C(1780000000000000)
#define S INT64_C(1000000)

static uint64_t seed = 20261124;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* All calls that passed, as they were. */
typedef struct passed {
	int64_t at_us;
	uint32_t session, labels;
	int number;
} passed;

typedef struct model {
	passed calls[CALLS];
	size_t n;
	int64_t ttl_us, latest_us;
	uint32_t never[AIM_FLOW_MAX_RULES];
} model;

/* Who set a label that is still set; NULL when it is not. */
static const passed *setter(const model *m, uint32_t session, uint32_t label)
{
	for (size_t i = m->n; i > 0; i--) {
		const passed *p = &m->calls[i - 1];
		if (p->session == session && p->labels & label && m->latest_us < p->at_us + m->ttl_us)
			return p;
	}
	return NULL;
}

static uint32_t labels_of(const model *m, uint32_t session)
{
	uint32_t set = 0;
	for (uint32_t label = 1; label <= AIM_FLOW_SEND; label *= 2)
		set |= setter(m, session, label) ? label : 0;
	return set;
}

static int allowed(const model *m, uint32_t session, uint32_t labels)
{
	uint32_t after = labels_of(m, session) | labels;
	for (size_t i = 0; i < AIM_FLOW_MAX_RULES; i++)
		if (m->never[i] & labels && (after & m->never[i]) == m->never[i])
			return 0;
	return 1;
}

static void check_state(const model *m, uint32_t session, const aim_flow_state *state)
{
	char number[16];
	assert_int_equal(state->labels, labels_of(m, session));
	for (size_t i = 0; i < AIM_FLOW_MAX_RULES; i++)
		assert_true(!m->never[i] || (state->labels & m->never[i]) != m->never[i]);
	for (uint32_t i = 0; i < AIM_FLOW_N_LABELS; i++) {
		const passed *p = setter(m, session, 1u << i);
		snprintf(number, sizeof number, "%d", p ? p->number : 0);
		assert_string_equal(state->sources[i].call, p ? number : "");
		assert_true(state->sources[i].at_us == (p ? p->at_us : 0));
	}
}

static void one_call(model *m, aim_flow *flow, int number, int64_t now_us)
{
	char session[8], id[16];
	uint32_t s = random_below(N_SESSIONS);
	aim_flow_state state = {.struct_size = sizeof state};
	aim_flow_call c = {.struct_size = sizeof c, .agent = aim_str_from("a")};
	c.labels = random_below(3) ? 1u << random_below(3) : random_below(8);
	snprintf(session, sizeof session, "%u", s);
	snprintf(id, sizeof id, "%d", number);
	c.session = aim_str_from(session);
	c.call = aim_str_from(id);
	m->latest_us = now_us > m->latest_us ? now_us : m->latest_us;
	int pass = allowed(m, s, c.labels);
	assert_status(aim_flow_check(flow, &c, now_us, &state, NULL), pass ? AIM_OK : AIM_DENIED);
	assert_int_equal(state.broken != 0, !pass);
	if (pass)
		m->calls[m->n++] = (passed){m->latest_us, s, c.labels, number};
	check_state(m, s, &state);
}

static void one_history(aim_ctx *ctx)
{
	static model m;
	aim_flow *flow = NULL;
	aim_flow_options o = {.struct_size = sizeof o, .max_sessions = N_SESSIONS};
	int64_t now_us = START;
	memset(&m, 0, sizeof m);
	o.ttl_s = 1 + random_below(30);
	for (uint32_t i = random_below(AIM_FLOW_MAX_RULES + 1); i > 0; i--)
		o.never[i - 1] = random_below(8);
	memcpy(m.never, o.never, sizeof m.never);
	if (!(m.never[0] | m.never[1] | m.never[2] | m.never[3]))
		m.never[0] = AIM_FLOW_ALL;
	m.ttl_us = o.ttl_s * S;
	assert_status(aim_flow_new(ctx, &o, &flow, NULL), AIM_OK);
	for (int i = 1; i <= CALLS; i++) {
		now_us += random_below(10) ? random_below(5) * S : -(int64_t)random_below(60) * S;
		one_call(&m, flow, i, now_us);
		assert_true(aim_flow_sessions(flow) <= N_SESSIONS);
	}
	aim_flow_free(flow);
}

static void the_verdict_is_that_of_the_model(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		one_history(ctx);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_verdict_is_that_of_the_model)};
	return cmocka_run_group_tests_name("prop/flow", tests, NULL, NULL);
}
