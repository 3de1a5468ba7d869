/* Sliding-window rates: exact at the window's edge, bounded, closed when full. */
#include "support.h"

#include "enforce/limiter.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 60000000

static aim_bytes key_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

static void the_window_slides(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	(void)state;
	aim__limiter_init(&l, ctx, 8);
	for (int64_t t = 0; t < 3; t++)
		assert_status(aim__limiter_take(&l, key_of("k"), 3, WINDOW, t * 1000000, &mark), AIM_OK);
	assert_status(aim__limiter_take(&l, key_of("k"), 3, WINDOW, 3000000, &mark), AIM_DENIED);
	/* The first take leaves the window exactly one window later, and not a microsecond before. */
	assert_status(aim__limiter_take(&l, key_of("k"), 3, WINDOW, WINDOW - 1, &mark), AIM_DENIED);
	assert_status(aim__limiter_take(&l, key_of("k"), 3, WINDOW, WINDOW, &mark), AIM_OK);
	assert_status(aim__limiter_take(&l, key_of("k"), 3, WINDOW, WINDOW, &mark), AIM_DENIED);
	/* Another key has a rate of its own. */
	assert_status(aim__limiter_take(&l, key_of("other"), 3, WINDOW, WINDOW, &mark), AIM_OK);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

static void a_clock_that_steps_back_opens_nothing(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	(void)state;
	aim__limiter_init(&l, ctx, 8);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 10 * WINDOW, &mark), AIM_OK);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 0, &mark), AIM_DENIED);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 11 * WINDOW, &mark), AIM_OK);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

static void what_is_given_back_can_be_taken_again(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	(void)state;
	aim__limiter_init(&l, ctx, 8);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 0, &mark), AIM_OK);
	aim__limiter_give_back(&l, key_of("k"), &mark);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 0, &mark), AIM_OK);
	aim__limiter_give_back(&l, key_of("unknown"), &mark);
	aim__limiter_clear(&l);
	assert_status(aim__limiter_take(&l, key_of("k"), 1, WINDOW, 0, &mark), AIM_OK);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

static void a_full_table_refuses_until_a_window_is_empty(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	char key[2] = "a";
	(void)state;
	aim__limiter_init(&l, ctx, 4);
	for (; key[0] < 'e'; key[0]++)
		assert_status(aim__limiter_take(&l, key_of(key), 1, WINDOW, 0, &mark), AIM_OK);
	assert_status(aim__limiter_take(&l, key_of("e"), 1, WINDOW, 1, &mark), AIM_E_LIMIT);
	/* A live rate is never evicted for a new one. */
	assert_status(aim__limiter_take(&l, key_of("a"), 1, WINDOW, 2, &mark), AIM_DENIED);
	assert_status(aim__limiter_take(&l, key_of("e"), 1, WINDOW, 2 * WINDOW, &mark), AIM_OK);
	assert_int_equal(l.rates.count, 1);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

static void takes_are_bounded_over_all_keys(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	size_t taken = 0;
	(void)state;
	aim__limiter_init(&l, ctx, 8);
	l.max_stamps = 64;
	while (aim__limiter_take(&l, key_of("k"), 100000, WINDOW, 0, &mark) == AIM_OK)
		taken++;
	assert_in_range(taken, 32, 64);
	assert_status(aim__limiter_take(&l, key_of("k"), 100000, WINDOW, 0, &mark), AIM_E_LIMIT);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

/* Against the plain definition: count the takes less than a window old. */
static void it_agrees_with_the_definition(void **state)
{
	enum { N = 4000 };
	static int64_t taken[N];
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__limiter l;
	aim__limiter_mark mark;
	size_t n = 0;
	int64_t now = 0;
	uint32_t seed = 1;
	(void)state;
	aim__limiter_init(&l, ctx, 8);
	for (int i = 0; i < N; i++) {
		seed = seed * 1664525u + 1013904223u;
		now += (int64_t)(seed >> 16) % 2000;
		size_t in_window = 0;
		for (size_t k = 0; k < n; k++)
			in_window += now - taken[k] < 10000;
		aim_status expected = in_window < 17 ? AIM_OK : AIM_DENIED;
		assert_status(aim__limiter_take(&l, key_of("k"), 17, 10000, now, &mark), expected);
		if (expected == AIM_OK)
			taken[n++] = now;
	}
	assert_true(n > 100 && n < N);
	aim__limiter_dispose(&l);
	test_ctx_done(ctx, &heap);
}

static aim_status many_takes(aim_ctx *ctx, void *arg)
{
	aim__limiter l;
	aim__limiter_mark mark;
	aim_status rc = AIM_OK;
	(void)arg;
	aim__limiter_init(&l, ctx, 64);
	for (int i = 0; rc == AIM_OK && i < 20; i++)
		rc = aim__limiter_take(&l, key_of(i % 2 ? "odd" : "even"), 100, WINDOW, i, &mark);
	aim__limiter_dispose(&l);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(many_takes, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_slides),
		cmocka_unit_test(a_clock_that_steps_back_opens_nothing),
		cmocka_unit_test(what_is_given_back_can_be_taken_again),
		cmocka_unit_test(a_full_table_refuses_until_a_window_is_empty),
		cmocka_unit_test(takes_are_bounded_over_all_keys),
		cmocka_unit_test(it_agrees_with_the_definition),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
