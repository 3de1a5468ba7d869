/* The cache of valid signatures: a hit only for the same bytes, eviction, bounds, forgetting, and no allocation
 * the second time. */
#include "envelope_kit.h"

#include "evidence/verifycache.h"

#include <aim/message.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_verifycache *cache;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	key = kit_key(ctx, AIM_KEY_AGENT, SEED_A);
	public_key = kit_public(key);
	cache = NULL;
	return aim_verifycache_new(ctx, NULL, &cache, NULL);
}

static int teardown(void **state)
{
	(void)state;
	aim_verifycache_free(cache);
	aim_key_unref(key);
	test_ctx_done(ctx, &heap);
	return 0;
}

static void sign(aim_bytes payload, uint8_t out[64])
{
	assert_status(aim_message_sign(key, payload, out, NULL), AIM_OK);
}

static aim_status verify(uint64_t generation, aim_bytes payload, const uint8_t signature[64])
{
	return aim_message_verify_cached(cache, generation, &public_key, payload, aim_bytes_from(signature, 64), NULL);
}

/* 1 when it is answered from the cache, which then does not change. */
static int is_kept(uint64_t generation, aim_bytes payload, const uint8_t signature[64])
{
	const aim_bytes parts[] = {bytes("libaim/message/v1\n"), payload};
	const aim__verified what = {generation, public_key.bytes, signature, parts, 2};
	uint64_t epoch;
	return aim__verifycache_has(cache, &what, &epoch);
}

/* Also for payloads that are too long for the stack. */
static void test_again_costs_no_allocation(void **state)
{
	static uint8_t payload[60000];
	static const size_t sizes[] = {0, 1, 512, 1300, 60000};
	uint8_t signature[64];
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const aim_bytes p = {payload, sizes[i]};
		sign(p, signature);
		assert_false(is_kept(0, p, signature));
		assert_status(verify(0, p, signature), AIM_OK);
		size_t before = heap.n_allocs;
		assert_status(verify(0, p, signature), AIM_OK);
		assert_int_equal(heap.n_allocs, before);
		assert_true(is_kept(0, p, signature));
	}
	assert_int_equal(aim_verifycache_count(cache), 5);
}

/* The law of the cache: with it and without it the verdict is the same. */
static void test_every_changed_bit(void **state)
{
	uint8_t payload[40] = "transfer 100 to bob";
	uint8_t signature[64];
	const aim_bytes p = {payload, sizeof payload};
	(void)state;
	sign(p, signature);
	assert_status(verify(0, p, signature), AIM_OK);
	for (size_t bit = 0; bit < 8 * sizeof payload; bit++) {
		payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(verify(0, p, signature), AIM_E_SIGNATURE);
		payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(verify(0, p, signature), AIM_E_SIGNATURE);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		aim_public_key other = public_key;
		other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		aim_status rc = aim_message_verify_cached(cache, 0, &other, p, aim_bytes_from(signature, 64), NULL);
		assert_true(rc == AIM_E_SIGNATURE || rc == AIM_E_KEY);
	}
	assert_status(verify(0, (aim_bytes){payload, 39}, signature), AIM_E_SIGNATURE);
	assert_int_equal(aim_verifycache_count(cache), 1);
}

static void test_generations(void **state)
{
	uint8_t signature[64];
	(void)state;
	sign(bytes("m"), signature);
	assert_status(verify(1, bytes("m"), signature), AIM_OK);
	assert_true(is_kept(1, bytes("m"), signature));
	assert_false(is_kept(2, bytes("m"), signature));
	assert_status(verify(2, bytes("m"), signature), AIM_OK);
	assert_true(is_kept(2, bytes("m"), signature));
}

static void test_forgetting(void **state)
{
	uint8_t one[64], two[64];
	aim_public_key other = {{7}};
	(void)state;
	sign(bytes("one"), one);
	sign(bytes("two"), two);
	assert_status(verify(0, bytes("one"), one), AIM_OK);
	assert_status(verify(0, bytes("two"), two), AIM_OK);
	assert_status(aim_verifycache_forget_key(cache, &other), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 2);
	assert_status(aim_verifycache_forget_key(cache, &public_key), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 0);
	assert_false(is_kept(0, bytes("one"), one));
	assert_status(verify(0, bytes("one"), one), AIM_OK);
	assert_status(aim_verifycache_forget_all(cache), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 0);
}

/* A revocation between the computation and the keeping wins. */
static void test_forgetting_meanwhile(void **state)
{
	const aim_bytes part = bytes("m");
	uint8_t signature[64] = {1};
	const aim__verified what = {0, public_key.bytes, signature, &part, 1};
	uint64_t epoch = 0;
	(void)state;
	assert_false(aim__verifycache_has(cache, &what, &epoch));
	assert_status(aim_verifycache_forget_key(cache, &public_key), AIM_OK);
	aim__verifycache_keep(cache, &what, epoch);
	assert_int_equal(aim_verifycache_count(cache), 0);
	assert_false(aim__verifycache_has(cache, &what, &epoch));
	aim__verifycache_keep(cache, &what, epoch);
	aim__verifycache_keep(cache, &what, epoch);
	assert_int_equal(aim_verifycache_count(cache), 1);
}

static void open_bounded(uint64_t entries, uint64_t all, uint64_t one)
{
	aim_verifycache_options o = {.struct_size = sizeof o};
	o.max_entries = entries;
	o.max_bytes = all;
	o.max_message_bytes = one;
	aim_verifycache_free(cache);
	cache = NULL;
	assert_status(aim_verifycache_new(ctx, &o, &cache, NULL), AIM_OK);
}

static void test_the_longest_unused_goes(void **state)
{
	uint8_t signatures[4][64];
	static const char *const texts[] = {"0", "1", "2", "3"};
	(void)state;
	open_bounded(3, 0, 0);
	for (size_t i = 0; i < 4; i++)
		sign(bytes(texts[i]), signatures[i]);
	for (size_t i = 0; i < 3; i++)
		assert_status(verify(0, bytes(texts[i]), signatures[i]), AIM_OK);
	assert_status(verify(0, bytes(texts[0]), signatures[0]), AIM_OK); /* 1 is now the oldest */
	assert_status(verify(0, bytes(texts[3]), signatures[3]), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 3);
	assert_false(is_kept(0, bytes(texts[1]), signatures[1]));
	assert_true(is_kept(0, bytes(texts[0]), signatures[0]));
	assert_true(is_kept(0, bytes(texts[3]), signatures[3]));
}

static void test_bytes_are_bounded(void **state)
{
	static uint8_t payload[1000];
	uint8_t signatures[5][64];
	(void)state;
	open_bounded(0, 2500, 1018 + 1);
	for (size_t i = 0; i < 5; i++) {
		payload[0] = (uint8_t)i;
		sign((aim_bytes){payload, sizeof payload}, signatures[i]);
		assert_status(verify(0, (aim_bytes){payload, sizeof payload}, signatures[i]), AIM_OK);
	}
	assert_int_equal(aim_verifycache_count(cache), 2);
	open_bounded(0, 0, 100);
	sign((aim_bytes){payload, sizeof payload}, signatures[0]);
	assert_status(verify(0, (aim_bytes){payload, sizeof payload}, signatures[0]), AIM_OK);
	assert_int_equal(aim_verifycache_count(cache), 0);
}

static void test_many(void **state)
{
	(void)state;
	open_bounded(50, 0, 0);
	for (uint32_t i = 0; i < 2000; i++) {
		uint8_t signature[64] = {0};
		memcpy(signature, &i, sizeof i);
		const aim_bytes part = {(const uint8_t *)&i, sizeof i};
		const aim__verified what = {0, public_key.bytes, signature, &part, 1};
		uint64_t epoch = 0;
		assert_false(aim__verifycache_has(cache, &what, &epoch));
		aim__verifycache_keep(cache, &what, epoch);
		assert_true(aim__verifycache_has(cache, &what, &epoch));
	}
	assert_int_equal(aim_verifycache_count(cache), 50);
}

static void test_misuse(void **state)
{
	aim_verifycache_options o = {.struct_size = sizeof o, .flags = 1};
	aim_verifycache *none = NULL;
	uint8_t signature[64] = {0};
	(void)state;
	assert_status(aim_verifycache_new(ctx, &o, &none, NULL), AIM_E_VERSION);
	o.flags = 0;
	o.max_entries = 1000001;
	assert_status(aim_verifycache_new(ctx, &o, &none, NULL), AIM_E_LIMIT);
	o.struct_size = 4;
	assert_status(aim_verifycache_new(ctx, &o, &none, NULL), AIM_E_INVALID);
	assert_status(aim_verifycache_new(ctx, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_verifycache_forget_key(cache, NULL), AIM_E_INVALID);
	assert_status(aim_verifycache_forget_all(NULL), AIM_E_INVALID);
	assert_int_equal(aim_verifycache_count(NULL), 0);
	assert_status(aim_message_verify_cached(NULL, 0, &public_key, bytes("m"), aim_bytes_from(signature, 64), NULL),
	              AIM_E_INVALID);
	assert_status(aim_message_verify_cached(cache, 0, &public_key, bytes("m"), aim_bytes_from(signature, 63), NULL),
	              AIM_E_SIGNATURE);
	aim_verifycache_free(NULL);
}

static aim_status run(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1};
	aim_verifycache *mine = NULL;
	aim_key *k = NULL;
	uint8_t signature[64];
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_verifycache_new(c, NULL, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_message_sign(k, bytes("m"), signature, NULL);
	if (rc == AIM_OK) { /* a failure to keep is harmless */
		aim_public_key p = kit_public(k);
		rc = aim_message_verify_cached(mine, 0, &p, bytes("m"), aim_bytes_from(signature, 64), NULL);
		assert_status(rc, AIM_OK);
	}
	aim_verifycache_free(mine);
	aim_key_unref(k);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(run, NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_again_costs_no_allocation),
		T(test_every_changed_bit),
		T(test_generations),
		T(test_forgetting),
		T(test_forgetting_meanwhile),
		T(test_the_longest_unused_goes),
		T(test_bytes_are_bounded),
		T(test_many),
		T(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
