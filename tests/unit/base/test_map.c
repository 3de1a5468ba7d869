/* The hash map against a model that cannot be wrong, under collisions, removal and the bound. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/map.h"
#include "base/mem.h"

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static aim_bytes key_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

/* SipHash-1-3 under the zero key, as CPython 3.11 prints it: PYTHONHASHSEED=0, hash(b"…"). */
static void the_hash_is_siphash_1_3(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t hash;
	} rows[] = {
		{"a", 0x407448d2b89b1813u},
		{"abc", 0xc03bc3a0042630f2u},
		{"abcdefg", 0x6db12aae9070f506u},
		{"abcdefgh", 0x3f7b849c0b8e35eau},
		{"The quick brown fox jumps over the lazy dog", 0x8df676d3d00c451eu},
	};
	struct aim_ctx zero;
	memset(&zero, 0, sizeof zero);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_true(aim__hash(&zero, key_of(rows[i].text)) == rows[i].hash);
}

static void two_contexts_hash_differently(void **state)
{
	(void)state;
	test_heap a_heap, b_heap;
	aim_ctx *a = test_ctx(&a_heap);
	aim_ctx *b = test_ctx(&b_heap);
	assert_true(aim__hash(a, key_of("x")) == aim__hash(a, key_of("x")));
	assert_true(aim__hash(a, key_of("x")) != aim__hash(b, key_of("x")));
	test_ctx_done(a, &a_heap);
	test_ctx_done(b, &b_heap);
}

static void put_add_find_remove(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__map map;
	uintptr_t value = 0;
	aim__map_init(&map, ctx, 0);
	assert_null(aim__map_find(&map, key_of("a")));
	assert_false(aim__map_remove(&map, key_of("a"), &value));
	assert_status(aim__map_put(&map, key_of("a"), 1), AIM_OK);
	assert_status(aim__map_add(&map, key_of("a"), 2), AIM_E_EXISTS);
	assert_int_equal(*aim__map_find(&map, key_of("a")), 1);
	assert_status(aim__map_put(&map, key_of("a"), 3), AIM_OK);
	assert_int_equal(map.count, 1);
	assert_status(aim__map_add(&map, key_of("b"), 4), AIM_OK);
	assert_int_equal(*aim__map_find_hashed(&map, key_of("b"), aim__hash(ctx, key_of("b"))), 4);
	*aim__map_find(&map, key_of("b")) = 5;
	assert_true(aim__map_remove(&map, key_of("b"), &value));
	assert_int_equal(value, 5);
	assert_true(aim__map_remove(&map, key_of("a"), NULL));
	assert_int_equal(map.count, 0);
	aim__map_dispose(&map);
	test_ctx_done(ctx, &heap);
}

static void the_empty_key_is_a_key(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__map map;
	const aim_bytes absent = {NULL, 0};
	aim__map_init(&map, ctx, 0);
	assert_status(aim__map_add(&map, absent, 7), AIM_OK);
	assert_status(aim__map_add(&map, key_of(""), 8), AIM_E_EXISTS);
	assert_int_equal(*aim__map_find(&map, absent), 7);
	assert_int_equal(*aim__map_find(&map, key_of("")), 7);
	assert_null(aim__map_find(&map, aim_bytes_from("\0", 1)));
	assert_true(aim__map_remove(&map, key_of(""), NULL));
	assert_null(aim__map_find(&map, absent));
	aim__map_dispose(&map);
	test_ctx_done(ctx, &heap);
}

static void the_bound_holds(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__map map;
	static const char keys[] = "abcdefghijklmnopqrstuvwxyz";
	aim__map_init(&map, ctx, 20);
	for (size_t i = 0; i < 20; i++)
		assert_status(aim__map_add(&map, aim_bytes_from(keys + i, 1), i), AIM_OK);
	assert_status(aim__map_add(&map, aim_bytes_from(keys + 20, 1), 20), AIM_E_LIMIT);
	assert_status(aim__map_put(&map, aim_bytes_from(keys + 20, 1), 20), AIM_E_LIMIT);
	assert_status(aim__map_put(&map, aim_bytes_from(keys, 1), 99), AIM_OK); /* replacing is no growth */
	assert_true(aim__map_remove(&map, aim_bytes_from(keys, 1), NULL));
	assert_status(aim__map_add(&map, aim_bytes_from(keys + 20, 1), 20), AIM_OK);
	aim__map_dispose(&map);
	test_ctx_done(ctx, &heap);
}

static void clear_keeps_the_memory(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__map map;
	size_t cursor = 0;
	aim__map_init(&map, ctx, 0);
	aim__map_clear(&map);
	assert_status(aim__map_add(&map, key_of("a"), 1), AIM_OK);
	size_t before = heap.n_allocs;
	aim__map_clear(&map);
	assert_int_equal(map.count, 0);
	assert_null(aim__map_find(&map, key_of("a")));
	assert_null(aim__map_next(&map, &cursor));
	assert_status(aim__map_add(&map, key_of("a"), 2), AIM_OK);
	assert_int_equal(heap.n_allocs, before);
	aim__map_dispose(&map);
	test_ctx_done(ctx, &heap);
}

/* The model: present[k] and value[k] for each of the keys. */
#define N_KEYS 400u
typedef struct model {
	char text[N_KEYS][8];
	uintptr_t value[N_KEYS];
	uint8_t present[N_KEYS];
	size_t count;
} model;

static void model_init(model *m)
{
	memset(m, 0, sizeof *m);
	for (size_t i = 0; i < N_KEYS; i++)
		memcpy(m->text[i], &i, sizeof i);
}

static aim_bytes model_key(const model *m, size_t i)
{
	return aim_bytes_from(m->text[i], sizeof m->text[i]);
}

static void compare(const model *m, const aim__map *map)
{
	size_t seen = 0;
	size_t cursor = 0;
	assert_int_equal(map->count, m->count);
	for (size_t i = 0; i < N_KEYS; i++) {
		uintptr_t *found = aim__map_find(map, model_key(m, i));
		assert_int_equal(found != NULL, m->present[i]);
		if (found)
			assert_int_equal(*found, m->value[i]);
	}
	for (const aim__map_entry *e; (e = aim__map_next(map, &cursor)); seen++) {
		size_t i;
		memcpy(&i, e->key.ptr, sizeof i);
		assert_true(m->present[i]);
	}
	assert_int_equal(seen, m->count);
}

static void one_step(model *m, aim__map *map, uint32_t *seed)
{
	size_t i = next_random(seed) % N_KEYS;
	uint32_t what = next_random(seed) % 8;
	uintptr_t value = next_random(seed);
	if (what < 3) {
		assert_status(aim__map_put(map, model_key(m, i), value), AIM_OK);
	} else if (what < 4) {
		assert_status(aim__map_add(map, model_key(m, i), value), m->present[i] ? AIM_E_EXISTS : AIM_OK);
		if (m->present[i])
			return;
	} else {
		uintptr_t removed = 0;
		assert_int_equal(aim__map_remove(map, model_key(m, i), &removed), m->present[i]);
		if (m->present[i])
			assert_int_equal(removed, m->value[i]);
		m->count -= m->present[i];
		m->present[i] = 0;
		return;
	}
	m->count += !m->present[i];
	m->present[i] = 1;
	m->value[i] = value;
}

static void behaves_like_the_model(void **state)
{
	(void)state;
	static model m;
	for (uint32_t round = 1; round <= 20; round++) {
		test_heap heap;
		aim_ctx *ctx = test_ctx(&heap);
		aim__map map;
		uint32_t seed = round;
		model_init(&m);
		aim__map_init(&map, ctx, 0);
		for (int step = 0; step < 3000; step++) {
			one_step(&m, &map, &seed);
			if (step % 100 == 0)
				compare(&m, &map);
		}
		compare(&m, &map);
		aim__map_dispose(&map);
		test_ctx_done(ctx, &heap);
	}
}

/* Keys that all start at the last slots of a 64-slot table, so that runs wrap around its end. The
 * context's hash key is random; the colliding keys are searched for. */
static size_t find_colliding(const aim_ctx *ctx, uint64_t (*keys)[1], size_t n)
{
	size_t found = 0;
	for (uint64_t i = 0; found < n && i < 1000000; i++)
		if ((aim__hash(ctx, aim_bytes_from(&i, sizeof i)) & 63) >= 62)
			keys[found++][0] = i;
	return found;
}

static void colliding_keys_survive_each_others_removal(void **state)
{
	(void)state;
	enum { N = 40 };
	uint64_t keys[N][1];
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	assert_int_equal(find_colliding(ctx, keys, N), N);
	for (size_t victim = 0; victim < N; victim++) {
		aim__map map;
		aim__map_init(&map, ctx, 0);
		for (size_t i = 0; i < N; i++)
			assert_status(aim__map_add(&map, aim_bytes_from(keys[i], sizeof keys[i]), i), AIM_OK);
		assert_int_equal(map.cap, 64);
		for (size_t gone = victim; gone < N; gone += 3)
			assert_true(aim__map_remove(&map, aim_bytes_from(keys[gone], sizeof keys[gone]), NULL));
		for (size_t i = 0; i < N; i++) {
			uintptr_t *found = aim__map_find(&map, aim_bytes_from(keys[i], sizeof keys[i]));
			int removed = i >= victim && (i - victim) % 3 == 0;
			assert_int_equal(found == NULL, removed);
			if (found)
				assert_int_equal(*found, i);
		}
		aim__map_dispose(&map);
	}
	test_ctx_done(ctx, &heap);
}

/* Two keys with one 64-bit hash are still two keys: the bytes decide. */
static void equal_hashes_are_not_equal_keys(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__map map;
	aim__map_init(&map, ctx, 0);
	assert_status(aim__map_add(&map, key_of("left"), 1), AIM_OK);
	uint64_t hash = aim__hash(ctx, key_of("left"));
	assert_null(aim__map_find_hashed(&map, key_of("lefu"), hash));
	assert_null(aim__map_find_hashed(&map, key_of("lef"), hash));
	aim__map_dispose(&map);
	test_ctx_done(ctx, &heap);
}

static aim_status fill_map(aim_ctx *ctx, void *arg)
{
	uint64_t *keys = arg;
	aim__map map;
	aim_status rc = AIM_OK;
	aim__map_init(&map, ctx, 0);
	size_t n = 0;
	for (; n < 100 && rc == AIM_OK; n++)
		rc = aim__map_put(&map, aim_bytes_from(&keys[n], sizeof keys[n]), n);
	size_t stored = rc == AIM_OK ? n : n - 1; /* a failed growth loses nothing */
	assert_int_equal(map.count, stored);
	for (size_t i = 0; i < stored; i++)
		assert_int_equal(*aim__map_find(&map, aim_bytes_from(&keys[i], sizeof keys[i])), i);
	aim__map_dispose(&map);
	return rc;
}

static void running_out_of_memory(void **state)
{
	(void)state;
	uint64_t keys[100];
	for (size_t i = 0; i < 100; i++)
		keys[i] = i;
	test_each_allocation_fails(fill_map, keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_siphash_1_3),
		cmocka_unit_test(two_contexts_hash_differently),
		cmocka_unit_test(put_add_find_remove),
		cmocka_unit_test(the_empty_key_is_a_key),
		cmocka_unit_test(the_bound_holds),
		cmocka_unit_test(clear_keeps_the_memory),
		cmocka_unit_test(behaves_like_the_model),
		cmocka_unit_test(colliding_keys_survive_each_others_removal),
		cmocka_unit_test(equal_hashes_are_not_equal_keys),
		cmocka_unit_test(running_out_of_memory),
	};
	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
