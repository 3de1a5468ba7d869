/* The replay guard, in memory and in a store: the order of its checks, windows, floor, capacity, restarts, memory. */
#include "support.h"

#include <aim/replay.h>
#include "store/store.h"
#include <string.h>

#define S INT64_C(1000000)
#define T0 INT64_C(1766000000000000)

static test_heap heap;
static aim_ctx *ctx;
static aim_store *store; /* NULL: guards are in memory */

static int setup(void **state)
{
	(void)state;
	test_now_us = T0;
	ctx = test_ctx(&heap);
	store = NULL;
	return 0;
}

static int setup_store(void **state)
{
	setup(state);
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_status open_status(const aim_replay_options *options, aim_replay **out)
{
	return store ? aim_replay_open_store(store, options, out, NULL)
	             : aim_replay_open_memory(ctx, options, out, NULL);
}

static aim_replay *open_with(const aim_replay_options *options)
{
	aim_replay *guard = NULL;
	assert_status(open_status(options, &guard), AIM_OK);
	return guard;
}

/* Another guard's nonces, when they are in one store. */
static aim_replay *open_named(const char *name, const aim_replay_options *options)
{
	aim_replay_options o = *options;
	o.name = aim_str_from(name);
	return open_with(&o);
}

static aim_replay_use use_of(const char *scope, const char *nonce, int64_t timestamp_us, int64_t now_us)
{
	aim_replay_use u = {.struct_size = sizeof u, .timestamp_us = timestamp_us, .now_us = now_us};
	u.scope = aim_bytes_from(scope, strlen(scope));
	u.nonce = aim_bytes_from(nonce, strlen(nonce));
	return u;
}

static aim_status check(aim_replay *guard, const char *scope, const char *nonce, int64_t timestamp_us,
                        int64_t now_us)
{
	const aim_replay_use u = use_of(scope, nonce, timestamp_us, now_us);
	return aim_replay_check(guard, &u, NULL);
}

static aim_status remember(aim_replay *guard, const char *scope, const char *nonce,
                           int64_t timestamp_us, int64_t now_us)
{
	const aim_replay_use u = use_of(scope, nonce, timestamp_us, now_us);
	return aim_replay_remember(guard, &u, NULL);
}

/* Number i as a nonce of its own. */
static aim_status remember_number(aim_replay *guard, const char *scope, size_t i, int64_t timestamp_us,
                                  int64_t now_us)
{
	aim_replay_use u = use_of(scope, "", timestamp_us, now_us);
	u.nonce = aim_bytes_from(&i, sizeof i);
	return aim_replay_remember(guard, &u, NULL);
}

static aim_replay_stats stats_of(aim_replay *guard)
{
	aim_replay_stats s = {.struct_size = sizeof s};
	assert_status(aim_replay_read_stats(guard, &s, NULL), AIM_OK);
	return s;
}

static void test_a_nonce_passes_once(void **state)
{
	aim_replay *guard = open_with(NULL);
	(void)state;
	assert_status(check(guard, "a", "n", T0, T0), AIM_OK);
	assert_status(check(guard, "a", "n", T0, T0), AIM_OK); /* looking consumes nothing */
	assert_status(remember(guard, "a", "n", T0, T0), AIM_OK);
	assert_status(check(guard, "a", "n", T0, T0), AIM_E_REPLAY);
	assert_status(remember(guard, "a", "n", T0, T0), AIM_E_REPLAY);
	/* The same nonce with another time is used up too. */
	assert_status(check(guard, "a", "n", T0 + S, T0 + S), AIM_E_REPLAY);
	/* Keys are apart, and no split of scope and nonce reads like another. */
	assert_status(remember(guard, "b", "n", T0, T0), AIM_OK);
	assert_status(remember(guard, "ab", "c", T0, T0), AIM_OK);
	assert_status(remember(guard, "a", "bc", T0, T0), AIM_OK);
	assert_int_equal(stats_of(guard).n_nonces, 4);
	aim_replay_free(guard);
}

static void test_window(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	aim_replay *guard = open_with(&o);
	(void)state;
	assert_status(check(guard, "a", "n", T0 - 300 * S, T0), AIM_OK);
	assert_status(check(guard, "a", "n", T0 - 300 * S - 1, T0), AIM_E_STALE);
	assert_status(check(guard, "a", "n", T0 + 300 * S, T0), AIM_OK);
	assert_status(check(guard, "a", "n", T0 + 300 * S + 1, T0), AIM_E_FUTURE);
	assert_status(check(guard, "a", "n", -1, T0), AIM_E_TIMESTAMP);
	assert_status(check(guard, "a", "n", INT64_MIN, T0), AIM_E_TIMESTAMP);
	assert_status(check(guard, "a", "n", INT64_MAX, T0), AIM_E_TIMESTAMP);
	aim_replay_use u = use_of("a", "n", T0 - 31 * S, T0);
	u.max_age_us = 30 * S;
	assert_status(aim_replay_check(guard, &u, NULL), AIM_E_STALE);
	u.timestamp_us = T0 + 6 * S;
	u.max_ahead_us = 5 * S;
	assert_status(aim_replay_remember(guard, &u, NULL), AIM_E_FUTURE);
	u.timestamp_us = T0 + 5 * S;
	assert_status(aim_replay_remember(guard, &u, NULL), AIM_OK);
	aim_replay_free(guard);
}

/* What is out of the window is forgotten, and nothing as old is let in again by a clock that steps back. */
static void test_a_clock_step_back_opens_nothing(void **state)
{
	aim_replay *guard = open_with(NULL);
	(void)state;
	assert_status(remember(guard, "a", "old", T0 + S, T0 + S), AIM_OK);
	assert_status(remember(guard, "a", "new", T0 + 200 * S, T0 + 200 * S), AIM_OK);
	assert_status(check(guard, "a", "old", T0 + S, T0 + 301 * S), AIM_E_REPLAY);
	assert_status(aim_replay_purge(guard, T0 + 301 * S, NULL), AIM_OK);
	assert_int_equal(stats_of(guard).n_nonces, 2);
	assert_status(aim_replay_purge(guard, T0 + 301 * S + 1, NULL), AIM_OK);
	assert_int_equal(stats_of(guard).n_nonces, 1);
	assert_int_equal(stats_of(guard).floor_us, T0 + S + 1);
	assert_status(check(guard, "a", "old", T0 + S, T0 + 2 * S), AIM_E_STALE);
	assert_status(remember(guard, "a", "old", T0 + S, T0 + 2 * S), AIM_E_STALE);
	assert_status(check(guard, "a", "new", T0 + 200 * S, T0 + 2 * S), AIM_E_REPLAY);
	/* Slow messages that are still in their window are not hurt by what was forgotten. */
	assert_status(remember(guard, "a", "slow", T0 + 2 * S, T0 + 302 * S), AIM_OK);
	aim_replay_free(guard);
}

static void test_start(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o};
	aim_replay *guard = open_with(NULL);
	aim_error err = {0};
	(void)state;
	const aim_replay_use before = use_of("a", "n", T0 - 1, T0);
	assert_status(aim_replay_check(guard, &before, &err), AIM_E_STALE);
	assert_non_null(strstr(err.message, "before the time"));
	assert_status(check(guard, "a", "n", T0, T0), AIM_OK);
	aim_replay_free(guard);
	o.floor_us = T0 - 10 * S;
	guard = open_named("second", &o);
	assert_status(check(guard, "a", "n", T0 - 10 * S - 1, T0), AIM_E_STALE);
	assert_status(check(guard, "a", "n", T0 - 10 * S, T0), AIM_OK);
	aim_replay_free(guard);
	o = (aim_replay_options){.struct_size = sizeof o, .flags = AIM_REPLAY_STRICT_START};
	guard = open_named("third", &o);
	assert_status(check(guard, "a", "n", T0 + 300 * S - 1, T0 + 299 * S), AIM_E_STALE);
	assert_status(check(guard, "a", "n", T0 + 300 * S, T0 + 300 * S), AIM_OK);
	aim_replay_free(guard);
}

/* A store remembers: the guard starts where it was, with what it has seen. */
static void test_a_store_remembers(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o};
	aim_replay *guard = open_with(NULL);
	(void)state;
	assert_status(remember(guard, "a", "ahead", T0 + 100 * S, T0 + S), AIM_OK);
	assert_status(remember(guard, "a", "n", T0 + S, T0 + S), AIM_OK);
	aim_replay_free(guard);
	test_now_us = T0 + 50 * S;
	guard = open_with(NULL);
	assert_int_equal(stats_of(guard).floor_us, T0);
	assert_int_equal(stats_of(guard).n_nonces, 2);
	assert_status(check(guard, "a", "ahead", T0 + 100 * S, T0 + 100 * S), AIM_E_REPLAY);
	assert_status(remember(guard, "a", "n", T0 + S, T0 + 60 * S), AIM_E_REPLAY);
	assert_status(remember(guard, "a", "slow", T0 + 2 * S, T0 + 60 * S), AIM_OK);
	aim_replay *other = open_named("other", &o);
	assert_int_equal(stats_of(other).floor_us, T0 + 50 * S);
	assert_status(remember(other, "a", "n", T0 + 51 * S, T0 + 60 * S), AIM_OK);
	assert_int_equal(stats_of(guard).n_nonces, 3);
	aim_replay_free(other);
	aim_replay_free(guard);
	o.floor_us = T0 + 70 * S;
	guard = open_with(&o);
	assert_status(check(guard, "a", "m", T0 + 69 * S, T0 + 71 * S), AIM_E_STALE);
	aim_replay_free(guard);
	test_now_us = T0;
}

/* Two handles on one store: what one forgets, the other can no longer take in. */
static void test_two_handles(void **state)
{
	aim_replay *one = open_with(NULL);
	aim_replay *two = open_with(NULL);
	(void)state;
	assert_status(remember(one, "a", "n", T0 + S, T0 + S), AIM_OK);
	assert_status(remember(two, "a", "n", T0 + S, T0 + S), AIM_E_REPLAY);
	assert_status(aim_replay_purge(two, T0 + 302 * S, NULL), AIM_OK);
	assert_int_equal(stats_of(one).n_nonces, 0);
	assert_status(remember(one, "a", "n", T0 + S, T0 + 2 * S), AIM_E_STALE);
	assert_status(aim_replay_purge(one, T0 + 302 * S, NULL), AIM_OK);
	aim_replay_free(one);
	aim_replay_free(two);
}

static aim_status count_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	(void)key, (void)value, (void)version, (void)position;
	++*(size_t *)user;
	return AIM_OK;
}

static size_t rows_under(const char *prefix)
{
	size_t n = 0;
	const aim_bytes none = {NULL, 0};
	assert_status(aim__store_scan(store, aim_bytes_from(prefix, strlen(prefix)), none, 100000, count_row, &n,
	                              NULL),
	              AIM_OK);
	return n;
}

/* Many keys, long ago: nothing of them is left but the floor and a count of nothing. */
static void test_a_store_forgets_whole(void **state)
{
	aim_replay *guard = open_with(NULL);
	(void)state;
	for (size_t i = 0; i < 500; i++) {
		const char scope[] = {(char)('a' + i % 26), (char)('a' + i % 7), '\0'};
		assert_status(remember_number(guard, scope, i, T0 + (int64_t)i, T0), AIM_OK);
	}
	assert_int_equal(rows_under("nonce/"), 500);
	assert_status(aim_replay_purge(guard, T0 + 301 * S, NULL), AIM_OK);
	assert_int_equal(stats_of(guard).n_nonces, 0);
	assert_int_equal(stats_of(guard).floor_us, T0 + 500);
	assert_int_equal(rows_under("nonce/"), 0);
	assert_int_equal(rows_under("replay/"), 2);
	aim_replay_free(guard);
}

/* Without calls to purge, too, a store does not grow for ever. */
static void test_a_store_stays_small(void **state)
{
	aim_replay *guard = open_with(NULL);
	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		const int64_t now = T0 + (int64_t)i * S;
		assert_status(remember_number(guard, "a", i, now, now), AIM_OK);
	}
	assert_true(rows_under("nonce/") <= 301 + 32);
	aim_replay_free(guard);
}

static void put(const char *key, const char *value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = aim_bytes_from(key, strlen(key))};
	op.value = aim_bytes_from(value, strlen(value));
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim__store_apply_group(store, &batch, 1, NULL), AIM_OK);
}

static void test_a_damaged_store_refuses(void **state)
{
	static const char *const floors[] = {"", "-1", "x", "1x", "12345678901234567890"};
	aim_replay *guard = open_with(NULL);
	(void)state;
	for (size_t i = 0; i < sizeof floors / sizeof *floors; i++) {
		put("replay/main/floor", floors[i]);
		assert_status(check(guard, "a", "n", T0, T0), AIM_E_STORE_CORRUPT);
	}
	put("replay/main/floor", "0");
	put("replay/main/count", "x");
	assert_status(remember(guard, "a", "n", T0, T0), AIM_E_STORE_CORRUPT);
	put("replay/main/count", "0");
	assert_status(remember(guard, "a", "n", T0, T0), AIM_OK);
	put("replay/main/due/0", "{}");
	assert_status(aim_replay_purge(guard, T0, NULL), AIM_E_STORE_CORRUPT);
	aim_replay_free(guard);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"A", "a/b", "a b", "\xc3\xa9",
	                                  "12345678901234567890123456789012345678901234567890123456789012345"};
	aim_replay *guard = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const aim_replay_options o = {.struct_size = sizeof o, .name = aim_str_from(bad[i])};
		assert_status(aim_replay_open_store(store, &o, &guard, NULL), AIM_E_INVALID);
	}
	assert_status(aim_replay_open_store(NULL, NULL, &guard, NULL), AIM_E_INVALID);
	assert_null(guard);
}

/* A message that was dated ahead is the one thing a plain restart could let in twice. */
static void test_restart_floor(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o};
	aim_replay *guard = open_with(NULL);
	(void)state;
	assert_int_equal(stats_of(guard).restart_floor_us, T0);
	assert_status(remember(guard, "a", "ahead", T0 + 100 * S, T0 + S), AIM_OK);
	o.floor_us = stats_of(guard).restart_floor_us;
	assert_int_equal(o.floor_us, T0 + 100 * S + 1);
	aim_replay_free(guard);
	test_now_us = T0 + 2 * S;
	guard = open_with(&o);
	assert_status(remember(guard, "a", "ahead", T0 + 100 * S, T0 + 100 * S), AIM_E_STALE);
	assert_status(remember(guard, "a", "other", T0 + 101 * S, T0 + 101 * S), AIM_OK);
	aim_replay_free(guard);
	test_now_us = T0;
}

static void test_capacity_of_a_key(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o, .max_per_key = 5};
	aim_replay *guard = open_with(&o);
	aim_error err = {0};
	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_status(remember_number(guard, "loud", i, T0 + (int64_t)i, T0), AIM_OK);
	const aim_replay_use sixth = use_of("loud", "sixth", T0, T0);
	assert_status(aim_replay_remember(guard, &sixth, &err), AIM_E_REPLAY_FULL);
	assert_non_null(strstr(err.message, "no room"));
	/* None was thrown out, and others do not notice. */
	for (size_t i = 0; i < 5; i++)
		assert_status(remember_number(guard, "loud", i, T0 + (int64_t)i, T0), AIM_E_REPLAY);
	assert_status(remember(guard, "quiet", "n", T0 + 400 * S, T0 + 100 * S), AIM_OK);
	/* Room comes back one by one, as nonces expire. */
	assert_status(remember(guard, "loud", "m", T0 + 300 * S, T0 + 300 * S), AIM_E_REPLAY_FULL);
	assert_status(remember(guard, "loud", "m", T0 + 300 * S, T0 + 300 * S + 1), AIM_OK);
	assert_status(remember(guard, "loud", "o", T0 + 300 * S, T0 + 300 * S + 1), AIM_E_REPLAY_FULL);
	aim_replay_free(guard);
}

static void test_capacity_in_all(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o, .max_nonces = 100};
	aim_replay *guard = open_with(&o);
	(void)state;
	for (size_t i = 0; i < 100; i++)
		assert_status(remember_number(guard, i % 2 ? "a" : "b", i, T0, T0), AIM_OK);
	assert_status(remember(guard, "c", "n", T0, T0), AIM_E_REPLAY_FULL);
	assert_int_equal(stats_of(guard).n_nonces, 100);
	assert_status(remember(guard, "c", "n", T0 + 301 * S, T0 + 301 * S), AIM_OK);
	aim_replay_free(guard);
}

/* Once warm, a guard that sees as much as it forgets takes no memory. */
static void test_steady_state_allocates_nothing(void **state)
{
	aim_replay *guard = open_with(NULL);
	size_t before = 0;
	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		const int64_t now = T0 + (int64_t)i * S;
		if (i == 2000)
			before = heap.n_allocs;
		assert_status(remember_number(guard, i % 7 ? "a" : "b", i, now, now), AIM_OK);
		assert_status(remember_number(guard, i % 7 ? "a" : "b", i, now, now), AIM_E_REPLAY);
	}
	assert_int_equal(heap.n_allocs, before);
	assert_true(stats_of(guard).n_nonces <= 302);
	aim_replay_free(guard);
}

static void test_bytes_per_nonce(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o, .max_per_key = 65536};
	aim_replay *guard = open_with(&o);
	const size_t before = heap.live_bytes;
	(void)state;
	for (size_t i = 0; i < 65536; i++)
		assert_status(remember_number(guard, "a", i, T0, T0), AIM_OK);
	assert_true(heap.live_bytes - before <= 65536 * 40 + 1024);
	aim_replay_free(guard);
}

static void test_misuse(void **state)
{
	aim_replay_options o = {.struct_size = sizeof o, .flags = 4};
	aim_replay *guard = NULL;
	static const uint8_t long_nonce[1025];
	(void)state;
	assert_status(aim_replay_open_memory(ctx, &o, &guard, NULL), AIM_E_VERSION);
	o.flags = 3;
	assert_status(aim_replay_open_memory(ctx, &o, &guard, NULL), AIM_E_INVALID);
	o = (aim_replay_options){.struct_size = sizeof o, .floor_us = -1};
	assert_status(aim_replay_open_memory(ctx, &o, &guard, NULL), AIM_E_INVALID);
	o = (aim_replay_options){.struct_size = sizeof o, .max_nonces = (UINT64_C(1) << 31) + 1};
	assert_status(aim_replay_open_memory(ctx, &o, &guard, NULL), AIM_E_INVALID);
	o = (aim_replay_options){.struct_size = 3};
	assert_status(aim_replay_open_memory(ctx, &o, &guard, NULL), AIM_E_INVALID);
	assert_status(aim_replay_open_memory(ctx, NULL, NULL, NULL), AIM_E_INVALID);
	assert_null(guard);
	guard = open_with(NULL);
	aim_replay_use u = use_of("a", "n", T0, T0);
	u.nonce.len = 0;
	assert_status(aim_replay_remember(guard, &u, NULL), AIM_E_INVALID);
	u.nonce = (aim_bytes){long_nonce, 1025};
	assert_status(aim_replay_remember(guard, &u, NULL), AIM_E_INVALID);
	u.nonce.len = 1024;
	u.max_age_us = 300 * S + 1;
	assert_status(aim_replay_remember(guard, &u, NULL), AIM_E_INVALID);
	u.max_age_us = 300 * S;
	u.flags = 1;
	assert_status(aim_replay_check(guard, &u, NULL), AIM_E_VERSION);
	u.flags = 0;
	u.now_us = -1;
	assert_status(aim_replay_check(guard, &u, NULL), AIM_E_INVALID);
	u.now_us = T0;
	assert_status(aim_replay_check(guard, &u, NULL), AIM_OK);
	assert_status(aim_replay_check(NULL, &u, NULL), AIM_E_INVALID);
	assert_status(aim_replay_remember(guard, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_replay_purge(NULL, T0, NULL), AIM_E_INVALID);
	assert_status(aim_replay_purge(guard, -1, NULL), AIM_E_TIMESTAMP);
	assert_status(aim_replay_read_stats(guard, NULL, NULL), AIM_E_INVALID);
	aim_replay_free(guard);
	aim_replay_free(NULL);
}

static aim_status fill(aim_ctx *c, void *arg)
{
	aim_replay *guard = NULL;
	(void)arg;
	aim_status rc = aim_replay_open_memory(c, NULL, &guard, NULL);
	for (size_t i = 0; rc == AIM_OK && i < 200; i++) {
		aim_replay_use u = use_of("", "n", T0 + 1 + (int64_t)i, T0);
		u.scope = aim_bytes_from(&i, sizeof i);
		rc = aim_replay_remember(guard, &u, NULL);
		/* What was accepted before memory ran out is still known. */
		if (i > 0 && rc != AIM_OK) {
			const size_t last = i - 1;
			u.scope = aim_bytes_from(&last, sizeof last);
			assert_status(aim_replay_check(guard, &u, NULL), AIM_E_REPLAY);
		}
	}
	aim_replay_free(guard);
	return rc;
}

static aim_status fill_store(aim_ctx *c, void *arg)
{
	aim_store *st = NULL;
	aim_replay *guard = NULL;
	(void)arg;
	aim_status rc = aim_store_open_memory(c, NULL, &st, NULL);
	if (rc == AIM_OK)
		rc = aim_replay_open_store(st, NULL, &guard, NULL);
	for (size_t i = 0; rc == AIM_OK && i < 3; i++) {
		aim_replay_use u = use_of("a", "", T0 + (int64_t)i, T0);
		u.nonce = aim_bytes_from(&i, sizeof i);
		rc = aim_replay_check(guard, &u, NULL);
		if (rc == AIM_OK)
			rc = aim_replay_remember(guard, &u, NULL);
	}
	if (rc == AIM_OK)
		rc = aim_replay_purge(guard, T0 + 400 * S, NULL);
	aim_replay_free(guard);
	aim_store_free(st);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(fill, NULL);
	test_each_allocation_fails(fill_store, NULL);
}

#define GUARD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define STORE_TEST(f) {#f " in a store", f, setup_store, teardown, NULL}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_a_nonce_passes_once),
		GUARD_TEST(test_window),
		GUARD_TEST(test_a_clock_step_back_opens_nothing),
		GUARD_TEST(test_start),
		GUARD_TEST(test_restart_floor),
		GUARD_TEST(test_capacity_of_a_key),
		GUARD_TEST(test_capacity_in_all),
		GUARD_TEST(test_steady_state_allocates_nothing),
		GUARD_TEST(test_bytes_per_nonce),
		GUARD_TEST(test_misuse),
		STORE_TEST(test_a_nonce_passes_once),
		STORE_TEST(test_window),
		STORE_TEST(test_a_clock_step_back_opens_nothing),
		STORE_TEST(test_start),
		STORE_TEST(test_capacity_of_a_key),
		STORE_TEST(test_capacity_in_all),
		STORE_TEST(test_a_store_remembers),
		STORE_TEST(test_two_handles),
		STORE_TEST(test_a_store_forgets_whole),
		STORE_TEST(test_a_store_stays_small),
		STORE_TEST(test_a_damaged_store_refuses),
		STORE_TEST(test_names),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests_name("evidence/replay", tests, NULL, NULL);
}
