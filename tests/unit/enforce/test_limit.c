/* Limits: windows and budgets, reserved, committed and given back; in memory and in a store that two handles share;
 * and the last call, of which many threads want it. */
#include "support.h"

#include "store/store.h"

#include <aim/limit.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000)
#define TICKET {.struct_size = sizeof(aim_limit_ticket)}

static const aim_str bot = {"bot", 3}, cat = {"cat", 3};

typedef struct scene {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store; /* NULL: counts in memory */
	aim_limit *limit;
	int64_t start_us;
} scene;

static void open_scene(scene *s, int shared, uint32_t flags, uint32_t max_calls, uint32_t window_s)
{
	aim_limit_options o = {.struct_size = sizeof o, .flags = flags, .max_calls = max_calls, .window_s = window_s};
	memset(s, 0, sizeof *s);
	s->start_us = test_now_us;
	s->ctx = test_ctx(&s->heap);
	if (shared)
		assert_status(aim_store_open_memory(s->ctx, NULL, &s->store, NULL), AIM_OK);
	o.store = s->store;
	assert_status(aim_limit_new(s->ctx, &o, &s->limit, NULL), AIM_OK);
}

static void close_scene(scene *s)
{
	aim_limit_free(s->limit);
	aim_store_free(s->store);
	test_ctx_done(s->ctx, &s->heap);
	test_now_us = s->start_us;
}

static aim_status take(aim_limit *limit, aim_str key)
{
	aim_limit_ticket t = TICKET;
	return aim_limit_reserve(limit, key, &t, NULL);
}

static uint64_t count(aim_limit *limit, aim_str key)
{
	uint64_t n = UINT64_MAX;
	assert_status(aim_limit_count(limit, key, &n, NULL), AIM_OK);
	return n;
}

/* Everything that is the same wherever the counts are. */
static void in_both(void (*body)(int shared))
{
	body(0);
	body(1);
}

static void window(int shared)
{
	scene s;
	open_scene(&s, shared, 0, 3, 10);
	for (int i = 0; i < 3; i++, test_now_us += S)
		assert_status(take(s.limit, bot), AIM_OK);
	assert_status(take(s.limit, bot), AIM_DENIED);
	assert_status(take(s.limit, cat), AIM_OK);
	test_now_us = s.start_us + 10 * S - 1;
	assert_status(take(s.limit, bot), AIM_DENIED);
	assert_int_equal(count(s.limit, bot), 3);
	test_now_us++;
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(take(s.limit, bot), AIM_DENIED);
	test_now_us = s.start_us; /* a clock that steps back opens nothing */
	assert_status(take(s.limit, bot), AIM_DENIED);
	close_scene(&s);
}

static void a_window_slides(void **state)
{
	(void)state;
	in_both(window);
}

static void the_defaults_are_100_in_300_s(void **state)
{
	scene s;
	(void)state;
	open_scene(&s, 0, 0, 0, 0);
	for (int i = 0; i < 100; i++)
		assert_status(take(s.limit, bot), AIM_OK);
	test_now_us += 300 * S - 1;
	assert_status(take(s.limit, bot), AIM_DENIED);
	test_now_us++;
	assert_status(take(s.limit, bot), AIM_OK);
	close_scene(&s);
}

static void budget(int shared)
{
	scene s;
	open_scene(&s, shared, AIM_LIMIT_BUDGET, 2, 0);
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(take(s.limit, bot), AIM_OK);
	test_now_us += 1000000 * S;
	assert_status(take(s.limit, bot), AIM_DENIED);
	assert_status(take(s.limit, cat), AIM_OK);
	assert_int_equal(count(s.limit, bot), 2);
	assert_status(aim_limit_reset(s.limit, bot, NULL), AIM_OK);
	assert_int_equal(count(s.limit, bot), 0);
	assert_int_equal(count(s.limit, cat), 1);
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(aim_limit_reset_all(s.limit, NULL), AIM_OK);
	assert_int_equal(count(s.limit, bot) + count(s.limit, cat), 0);
	close_scene(&s);
}

static void a_budget_is_for_ever_until_it_is_reset(void **state)
{
	(void)state;
	in_both(budget);
}

static void nothing(int shared)
{
	scene s;
	open_scene(&s, shared, AIM_LIMIT_BUDGET, 0, 0);
	assert_status(take(s.limit, bot), AIM_DENIED);
	assert_int_equal(count(s.limit, bot), 0);
	close_scene(&s);
}

static void a_budget_of_0_refuses_all(void **state)
{
	(void)state;
	in_both(nothing);
}

static void settled(int shared)
{
	scene s;
	aim_limit_ticket a = TICKET, b = TICKET;
	open_scene(&s, shared, AIM_LIMIT_BUDGET, 2, 0);
	assert_status(aim_limit_reserve(s.limit, bot, &a, NULL), AIM_OK);
	assert_status(aim_limit_reserve(s.limit, bot, &b, NULL), AIM_OK);
	assert_status(aim_limit_commit(s.limit, bot, &a, NULL), AIM_OK);
	assert_status(aim_limit_release(s.limit, bot, &a, NULL), AIM_E_STATE);
	assert_status(aim_limit_commit(s.limit, bot, &a, NULL), AIM_E_STATE);
	assert_status(aim_limit_release(s.limit, bot, &b, NULL), AIM_OK);
	assert_status(aim_limit_release(s.limit, bot, &b, NULL), AIM_E_STATE);
	assert_int_equal(count(s.limit, bot), 1);
	close_scene(&s);
}

static void a_reservation_ends_once(void **state)
{
	(void)state;
	in_both(settled);
}

static void stale_release(int shared, uint32_t flags)
{
	scene s;
	aim_limit_ticket before = TICKET;
	open_scene(&s, shared, flags, 1, 0);
	assert_status(aim_limit_reserve(s.limit, bot, &before, NULL), AIM_OK);
	assert_status(aim_limit_reset(s.limit, bot, NULL), AIM_OK);
	assert_status(take(s.limit, bot), AIM_OK); /* in the same microsecond */
	assert_status(aim_limit_release(s.limit, bot, &before, NULL), AIM_OK);
	assert_status(take(s.limit, bot), AIM_DENIED);
	close_scene(&s);
}

static void what_a_reset_took_is_not_given_back(void **state)
{
	(void)state;
	for (int shared = 0; shared < 2; shared++) {
		stale_release(shared, 0);
		stale_release(shared, AIM_LIMIT_BUDGET);
	}
}

/* Were the newest taken out instead, the window from the second call on would hold three. */
static void own_call(int shared)
{
	scene s;
	aim_limit_ticket first = TICKET;
	open_scene(&s, shared, 0, 2, 10);
	assert_status(aim_limit_reserve(s.limit, bot, &first, NULL), AIM_OK);
	test_now_us += 5 * S;
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(aim_limit_release(s.limit, bot, &first, NULL), AIM_OK);
	test_now_us += 5 * S;
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(take(s.limit, bot), AIM_DENIED);
	close_scene(&s);
}

static void a_release_gives_back_its_own_call(void **state)
{
	(void)state;
	in_both(own_call);
}

static void two_handles_on_one_store_share_counts(void **state)
{
	scene s;
	aim_limit *second = NULL, *other = NULL;
	aim_limit_options o = {.struct_size = sizeof o, .flags = AIM_LIMIT_BUDGET, .max_calls = 2};
	(void)state;
	open_scene(&s, 1, AIM_LIMIT_BUDGET, 2, 0);
	o.store = s.store;
	assert_status(aim_limit_new(s.ctx, &o, &second, NULL), AIM_OK);
	o.name = aim_str_from("other");
	assert_status(aim_limit_new(s.ctx, &o, &other, NULL), AIM_OK);
	assert_status(take(s.limit, bot), AIM_OK);
	assert_status(take(second, bot), AIM_OK);
	assert_status(take(s.limit, bot), AIM_DENIED);
	assert_status(take(second, bot), AIM_DENIED);
	assert_status(take(other, bot), AIM_OK);
	assert_status(aim_limit_reset_all(second, NULL), AIM_OK);
	assert_int_equal(count(s.limit, bot), 0);
	assert_int_equal(count(other, bot), 1);
	aim_limit_free(other);
	aim_limit_free(second);
	close_scene(&s);
}

static void a_full_table_says_so(void **state)
{
	scene s;
	aim_limit *small = NULL;
	aim_limit_options o = {.struct_size = sizeof o, .flags = AIM_LIMIT_BUDGET, .max_calls = 1, .max_keys = 1};
	(void)state;
	open_scene(&s, 0, 0, 0, 0);
	assert_status(aim_limit_new(s.ctx, &o, &small, NULL), AIM_OK);
	assert_status(take(small, bot), AIM_OK);
	assert_status(take(small, cat), AIM_E_LIMIT_FULL);
	assert_status(take(small, bot), AIM_DENIED);
	aim_limit_free(small);
	close_scene(&s);
}

static aim_status try_options(aim_ctx *ctx, uint32_t flags, uint32_t calls, uint32_t window_s, const char *name)
{
	aim_limit *limit = NULL;
	aim_limit_options o = {.struct_size = sizeof o, .flags = flags, .max_calls = calls, .window_s = window_s};
	o.name = aim_str_from(name);
	aim_status rc = aim_limit_new(ctx, &o, &limit, NULL);
	aim_limit_free(limit);
	return rc;
}

static void what_is_out_of_range_is_refused(void **state)
{
	scene s;
	aim_limit_ticket small = {.struct_size = 4}, never = TICKET;
	char longest[AIM_LIMIT_MAX_KEY + 1];
	aim_str none = {NULL, 0}, key = {longest, sizeof longest - 1}, longer = {longest, sizeof longest};
	(void)state;
	memset(longest, 'k', sizeof longest);
	open_scene(&s, 0, 0, 0, 0);
	assert_status(try_options(s.ctx, 2, 1, 0, "x"), AIM_E_VERSION);
	assert_status(try_options(s.ctx, AIM_LIMIT_BUDGET, 1, 5, "x"), AIM_E_INVALID);
	assert_status(try_options(s.ctx, 0, AIM_LIMIT_MAX_CALLS + 1, 5, "x"), AIM_E_LIMIT);
	assert_status(try_options(s.ctx, 0, 1, AIM_LIMIT_MAX_WINDOW_S + 1, "x"), AIM_E_LIMIT);
	assert_status(try_options(s.ctx, 0, 1, 1, "No Word"), AIM_E_INVALID);
	assert_status(take(s.limit, none), AIM_E_INVALID);
	assert_status(take(s.limit, longer), AIM_E_INVALID);
	assert_status(take(s.limit, key), AIM_OK);
	assert_status(aim_limit_reserve(s.limit, bot, &small, NULL), AIM_E_INVALID);
	assert_status(aim_limit_release(s.limit, bot, &never, NULL), AIM_E_STATE);
	close_scene(&s);
}

static void damage_in_the_store_refuses(void **state)
{
	scene s;
	static const char *const values[] = {"{", "{\"calls\":1,\"generation\":0,\"key\":\"bot\",\"at\":[]}",
	                                     "{\"calls\":2,\"generation\":0,\"key\":\"bot\",\"at\":[2,1]}",
	                                     "{\"calls\":-1,\"generation\":0,\"key\":\"bot\",\"at\":[]}"};
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		aim_store_op op = {.kind = AIM_STORE_PUT, .key = aim_bytes_from("limit/main/bot", 14)};
		op.value = aim_bytes_from(values[i], strlen(values[i]));
		open_scene(&s, 1, 0, 0, 0);
		aim_store_batch batch = {&op, 1, AIM_OK, 0};
		assert_status(aim__store_apply_group(s.store, &batch, 1, NULL), AIM_OK);
		assert_status(take(s.limit, bot), AIM_E_STORE_CORRUPT);
		close_scene(&s);
	}
}

/* ---- threads ---- */

#define RACERS 8

typedef struct racer {
	aim_limit *limit;
	int won;
} racer;

static void *want_it(void *arg)
{
	racer *r = arg;
	for (int i = 0; i < 20; i++)
		r->won += take(r->limit, bot) == AIM_OK;
	return NULL;
}

static void race(int shared)
{
	scene s;
	int won = 0;
	pthread_t threads[RACERS];
	racer racers[RACERS];
	open_scene(&s, shared, AIM_LIMIT_BUDGET, 7, 0);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (racer){s.limit, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, want_it, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		won += racers[i].won;
	}
	assert_int_equal(won, 7);
	assert_int_equal(count(s.limit, bot), 7);
	close_scene(&s);
}

static void many_threads_never_take_more_than_there_is(void **state)
{
	(void)state;
	race(0);
	race(1);
}

/* ---- memory ---- */

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_limit *limit = NULL;
	aim_store *store = NULL;
	aim_limit_ticket t = TICKET;
	uint64_t n = 0;
	aim_limit_options o = {.struct_size = sizeof o, .max_calls = 20, .window_s = 60};
	aim_status rc = arg ? aim_store_open_memory(ctx, NULL, &store, NULL) : AIM_OK;
	o.store = store;
	if (rc == AIM_OK)
		rc = aim_limit_new(ctx, &o, &limit, NULL);
	for (int i = 0; rc == AIM_OK && i < 9; i++)
		rc = aim_limit_reserve(limit, bot, &t, NULL);
	if (rc == AIM_OK)
		rc = aim_limit_release(limit, bot, &t, NULL);
	if (rc == AIM_OK)
		rc = aim_limit_count(limit, bot, &n, NULL);
	if (rc == AIM_OK)
		assert_int_equal(n, 8);
	if (rc == AIM_OK)
		rc = aim_limit_reset_all(limit, NULL);
	aim_limit_free(limit);
	aim_store_free(store);
	return rc;
}

static void no_memory(void **state)
{
	test_heap heap; /* not NULL: with a store */
	(void)state;
	test_each_allocation_fails(everything, NULL);
	test_each_allocation_fails(everything, &heap);
}

static void a_warm_key_allocates_nothing(void **state)
{
	scene s;
	aim_limit_ticket t = TICKET;
	(void)state;
	open_scene(&s, 0, 0, 0, 0);
	assert_status(aim_limit_reserve(s.limit, bot, &t, NULL), AIM_OK);
	size_t before = s.heap.n_allocs;
	for (int i = 0; i < 1000; i++) {
		assert_status(aim_limit_release(s.limit, bot, &t, NULL), AIM_OK);
		assert_status(aim_limit_reserve(s.limit, bot, &t, NULL), AIM_OK);
	}
	assert_int_equal(s.heap.n_allocs, before);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_slides),
		cmocka_unit_test(the_defaults_are_100_in_300_s),
		cmocka_unit_test(a_budget_is_for_ever_until_it_is_reset),
		cmocka_unit_test(a_budget_of_0_refuses_all),
		cmocka_unit_test(a_reservation_ends_once),
		cmocka_unit_test(what_a_reset_took_is_not_given_back),
		cmocka_unit_test(a_release_gives_back_its_own_call),
		cmocka_unit_test(two_handles_on_one_store_share_counts),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(damage_in_the_store_refuses),
		cmocka_unit_test(many_threads_never_take_more_than_there_is),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(a_warm_key_allocates_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
