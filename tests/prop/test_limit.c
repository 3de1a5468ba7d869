/* tests/prop/test_limit.c — laws of limits, over random calls, releases, resets and clocks, in memory and in a store:
 * no window ever holds more calls than it may; a call is refused only when it would be one too many; and what is
 * reserved and released leaves the count as it was. */
#include "support.h"

#include <aim/limit.h>

#include <string.h>

#define ROUNDS 60
#define CALLS 300

static uint64_t seed = 20261124;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Every call that stands, and when it was made. */
typedef struct model {
	int64_t at_us[CALLS];
	int stands[CALLS];
	aim_limit_ticket tickets[CALLS];
	size_t n;
	int64_t window_us; /* INT64_MAX: for ever */
	uint32_t most;
} model;

static uint64_t standing(const model *m, int64_t now_us)
{
	uint64_t n = 0;
	for (size_t i = 0; i < m->n; i++)
		n += m->stands[i] && now_us - m->at_us[i] < m->window_us;
	return n;
}

static void one_step(model *m, aim_limit *limit, aim_str key)
{
	uint64_t n = 0;
	uint64_t expected = standing(m, test_now_us);
	assert_status(aim_limit_count(limit, key, &n, NULL), AIM_OK);
	assert_int_equal(n, expected);
	if (random_below(4) == 0 && m->n) {
		size_t i = random_below((uint32_t)m->n);
		aim_status rc = aim_limit_release(limit, key, &m->tickets[i], NULL);
		assert_true(rc == AIM_OK || rc == AIM_E_STATE);
		m->stands[i] = rc == AIM_OK ? 0 : m->stands[i];
		return;
	}
	if (random_below(40) == 0) {
		assert_status(aim_limit_reset(limit, key, NULL), AIM_OK);
		memset(m->stands, 0, sizeof m->stands);
		return;
	}
	m->tickets[m->n] = (aim_limit_ticket){.struct_size = sizeof *m->tickets};
	aim_status rc = aim_limit_reserve(limit, key, &m->tickets[m->n], NULL);
	assert_status(rc, expected < m->most ? AIM_OK : AIM_DENIED);
	assert_true(standing(m, test_now_us) <= m->most);
	if (rc != AIM_OK)
		return;
	m->at_us[m->n] = test_now_us;
	m->stands[m->n] = 1;
	if (random_below(2))
		assert_status(aim_limit_commit(limit, key, &m->tickets[m->n], NULL), AIM_OK);
	m->n++;
}

static void one_round(aim_ctx *ctx, aim_store *store, uint32_t flags)
{
	model m = {.n = 0};
	aim_limit *limit = NULL;
	aim_limit_options o = {.struct_size = sizeof o, .flags = flags, .store = store};
	o.max_calls = m.most = 1 + random_below(8);
	o.window_s = flags ? 0 : 1 + random_below(20);
	m.window_us = flags ? INT64_MAX : o.window_s * INT64_C(1000000);
	assert_status(aim_limit_new(ctx, &o, &limit, NULL), AIM_OK);
	if (store)
		assert_status(aim_limit_reset_all(limit, NULL), AIM_OK);
	for (int i = 0; i < CALLS; i++, test_now_us += random_below(1500000))
		one_step(&m, limit, aim_str_from("agt_1"));
	aim_limit_free(limit);
}

static void the_laws_hold(void **state)
{
	test_heap heap;
	aim_store *store = NULL;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	for (int i = 0; i < ROUNDS; i++)
		for (uint32_t flags = 0; flags <= AIM_LIMIT_BUDGET; flags++) {
			one_round(ctx, NULL, flags);
			test_now_us += INT64_C(100000000);
			/* rows of a window and of a budget differ */
			if (flags == 0)
				one_round(ctx, store, flags);
			test_now_us += INT64_C(100000000);
		}
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_laws_hold)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
