/* Key handles: generate, seed round trip, external signers, purposes, wiping, every allocation failed. */
#include "kit.h"

#include "crypto/key.h"
#include "crypto/provider.h"

#include <aim/key.h>
#include <pthread.h>

#define ANY                                                                                        \
	(AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER) | AIM__KEY_BIT(AIM_KEY_LOG) |     \
	 AIM__KEY_BIT(AIM_KEY_WRAP))

static const aim_bytes message = {(const uint8_t *)"some format/v1\nmessage", 22};

static aim_bytes seed_bytes(const uint8_t seed[32])
{
	return aim_bytes_from(seed, 32);
}

static void test_generated_keys_differ(void **state)
{
	aim_key *a = NULL;
	aim_key *b = NULL;
	aim_public_key pa;
	aim_public_key pb;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &a, NULL), AIM_OK);
	assert_status(aim_key_generate(ctx, AIM_KEY_SERVER, &b, NULL), AIM_OK);
	assert_status(aim_key_public(a, &pa), AIM_OK);
	assert_status(aim_key_public(b, &pb), AIM_OK);
	assert_memory_not_equal(&pa, &pb, sizeof pa);
	assert_int_equal(aim_key_purpose(a), AIM_KEY_AGENT);
	assert_int_equal(aim_key_purpose(b), AIM_KEY_SERVER);
	aim_ctx_free(ctx); /* the keys keep it alive */
	assert_status(aim_key_public_check(&pa, NULL), AIM_OK);
	aim_key_unref(a);
	aim_key_unref(b);
	aim_key_unref(NULL);
}

static void test_seed_round_trip(void **state)
{
	uint8_t seed[32];
	uint8_t again[32];
	uint8_t s1[64];
	uint8_t s2[64];
	aim_key *key = NULL;
	aim_key *copy = NULL;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	assert_status(aim_key_generate(ctx, AIM_KEY_LOG, &key, NULL), AIM_OK);
	assert_status(aim_key_export_seed(key, seed), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_LOG, seed_bytes(seed), &copy, NULL), AIM_OK);
	assert_status(aim_key_export_seed(copy, again), AIM_OK);
	assert_memory_equal(seed, again, 32);
	assert_memory_equal(aim__key_public(key), aim__key_public(copy), 32);
	assert_status(aim__key_sign(key, ANY, message, s1, NULL), AIM_OK);
	assert_status(aim__key_sign(copy, ANY, message, s2, NULL), AIM_OK);
	assert_memory_equal(s1, s2, 64);
	aim_key_wipe(seed, sizeof seed);
	assert_memory_not_equal(seed, again, 32);
	aim_key_unref(key);
	aim_key_unref(copy);
	aim_ctx_free(ctx);
}

static void test_seed_length_and_purpose(void **state)
{
	uint8_t seed[64] = {1};
	aim_key *key = NULL;
	aim_error err = {0};
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	static const size_t lengths[] = {0, 1, 31, 33, 64};
	for (size_t i = 0; i < 5; i++) {
		assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, lengths[i]), &key, &err),
		              AIM_E_KEY);
		assert_non_null(strstr(err.message, "32 bytes"));
	}
	static const uint32_t purposes[] = {0, 5, 32, UINT32_MAX};
	for (size_t i = 0; i < 4; i++) {
		assert_status(aim_key_from_seed(ctx, purposes[i], seed_bytes(seed), &key, &err), AIM_E_INVALID);
		assert_status(aim_key_generate(ctx, purposes[i], &key, &err), AIM_E_INVALID);
	}
	assert_null(key);
	aim_ctx_free(ctx);
}

/* --- purposes --- */

static int misuses;

static void on_misuse(void *user, const char *function, const char *what)
{
	(void)user;
	assert_non_null(function);
	assert_non_null(what);
	misuses++;
}

static void test_wrong_purpose_is_refused_and_reported(void **state)
{
	uint8_t seed[32] = {9};
	uint8_t signature[64] = {0};
	static const uint8_t zero[64];
	aim_ctx_options options = {.struct_size = sizeof options, .misuse = on_misuse};
	aim_ctx *ctx = NULL;
	(void)state;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	for (uint32_t is = AIM_KEY_AGENT; is <= AIM_KEY_WRAP; is++) {
		aim_key *key = NULL;
		assert_status(aim_key_from_seed(ctx, is, seed_bytes(seed), &key, NULL), AIM_OK);
		for (uint32_t wanted = AIM_KEY_AGENT; wanted <= AIM_KEY_WRAP; wanted++) {
			misuses = 0;
			memset(signature, 0, sizeof signature);
			aim_status rc = aim__key_sign(key, AIM__KEY_BIT(wanted), message, signature, NULL);
			assert_status(rc, is == wanted ? AIM_OK : AIM_E_KEY_PURPOSE);
			assert_int_equal(misuses, is != wanted);
			assert_true((memcmp(signature, zero, 64) == 0) == (is != wanted));
		}
		assert_status(aim__key_sign(key, 0, message, signature, NULL), AIM_E_KEY_PURPOSE);
		aim_key_unref(key);
	}
	aim_ctx_free(ctx);
}

static void test_misuse(void **state)
{
	uint8_t seed[32] = {9};
	aim_public_key public_key = {{0}};
	aim_key_signer signer = {.struct_size = sizeof signer};
	aim_key *key = NULL;
	aim_ctx_options options = {.struct_size = sizeof options, .misuse = on_misuse};
	aim_ctx *ctx = NULL;
	(void)state;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	misuses = 0;
	assert_status(aim_key_generate(NULL, AIM_KEY_AGENT, &key, NULL), AIM_E_INVALID);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, (aim_bytes){NULL, 32}, &key, NULL), AIM_E_INVALID);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, seed_bytes(seed), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &public_key, NULL, &key, NULL), AIM_E_INVALID);
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, NULL, &signer, &key, NULL), AIM_E_INVALID);
	assert_int_equal(misuses, 5);
	assert_status(aim_key_public(NULL, &public_key), AIM_E_INVALID);
	assert_status(aim_key_export_seed(NULL, seed), AIM_E_INVALID);
	assert_int_equal(aim_key_purpose(NULL), 0);
	assert_null(aim_key_ref(NULL));
	aim_key_wipe(NULL, 3);
	aim_ctx_free(ctx);
}

/* --- external signers --- */

typedef struct outside {
	uint8_t pair[64];
	aim_status result;
	int flip;
	int calls;
	int destroyed;
} outside;

static aim_status outside_sign(void *user, aim_bytes text, uint8_t out[64])
{
	outside *o = user;
	o->calls++;
	if (o->result != AIM_OK)
		return o->result;
	const aim_crypto *sodium = aim_crypto_sodium();
	aim_status rc = sodium->ed25519_sign(NULL, o->pair, text, out);
	if (o->flip >= 0)
		out[o->flip / 8] ^= (uint8_t)(1u << o->flip % 8);
	return rc;
}

static void outside_destroy(void *user)
{
	((outside *)user)->destroyed++;
}

static aim_key_signer outside_signer(outside *o, aim_public_key *public_key)
{
	memset(o, 0, sizeof *o);
	o->pair[0] = 42;
	o->flip = -1;
	assert_status(aim_crypto_sodium()->ed25519_public(NULL, o->pair, o->pair + 32), AIM_OK);
	memcpy(public_key->bytes, o->pair + 32, 32);
	return (aim_key_signer){sizeof(aim_key_signer), 0, outside_sign, o, outside_destroy};
}

static void test_external_signs(void **state)
{
	outside o;
	aim_public_key public_key;
	uint8_t signature[64];
	uint8_t expected[64];
	aim_key *key = NULL;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	aim_key_signer signer = outside_signer(&o, &public_key);
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &public_key, &signer, &key, NULL), AIM_OK);
	assert_status(aim__key_sign(key, ANY, message, signature, NULL), AIM_OK);
	assert_status(aim_crypto_sodium()->ed25519_sign(NULL, o.pair, message, expected), AIM_OK);
	assert_memory_equal(signature, expected, 64);
	assert_status(aim_key_export_seed(key, signature), AIM_E_UNSUPPORTED);
	assert_memory_equal(signature, expected, 64);
	assert_ptr_equal(aim_key_ref(key), key);
	aim_key_unref(key);
	assert_int_equal(o.destroyed, 0);
	aim_key_unref(key);
	assert_int_equal(o.destroyed, 1);
	aim_ctx_free(ctx);
}

static void test_external_signature_is_checked(void **state)
{
	outside o;
	aim_public_key public_key;
	uint8_t signature[64];
	static const uint8_t zero[64];
	aim_key *key = NULL;
	aim_error err = {0};
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	aim_key_signer signer = outside_signer(&o, &public_key);
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &public_key, &signer, &key, NULL), AIM_OK);
	memset(signature, 0, sizeof signature);
	for (o.flip = 0; o.flip < 512; o.flip += 37)
		assert_status(aim__key_sign(key, ANY, message, signature, &err), AIM_E_SIGNER);
	o.flip = -1;
	o.result = -7;
	assert_status(aim__key_sign(key, ANY, message, signature, &err), AIM_E_SIGNER);
	assert_int_equal(err.native_code, -7);
	o.result = 5; /* not a status at all */
	assert_status(aim__key_sign(key, ANY, message, signature, &err), AIM_E_SIGNER);
	assert_memory_equal(signature, zero, 64);
	int calls = o.calls;
	assert_status(aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_LOG), message, signature, &err),
	              AIM_E_KEY_PURPOSE);
	assert_int_equal(o.calls, calls); /* not even asked */
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

static void expect_external_refused(aim_ctx *ctx, uint32_t purpose, const aim_public_key *public_key,
                                    const aim_key_signer *signer, outside *o, aim_status expected)
{
	aim_key *key = NULL;
	o->destroyed = 0;
	assert_status(aim_key_external(ctx, purpose, public_key, signer, &key, NULL), expected);
	assert_null(key);
	assert_int_equal(o->destroyed, 1);
}

static void test_external_destroy_once_on_failure(void **state)
{
	outside o;
	aim_public_key good;
	aim_public_key small = {{1}};
	aim_key *key = NULL;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	aim_key_signer signer = outside_signer(&o, &good);
	expect_external_refused(NULL, AIM_KEY_AGENT, &good, &signer, &o, AIM_E_INVALID);
	expect_external_refused(ctx, AIM_KEY_AGENT, NULL, &signer, &o, AIM_E_INVALID);
	expect_external_refused(ctx, 0, &good, &signer, &o, AIM_E_INVALID);
	expect_external_refused(ctx, AIM_KEY_AGENT, &small, &signer, &o, AIM_E_KEY);
	aim_key_signer bad = signer;
	bad.flags = 2;
	expect_external_refused(ctx, AIM_KEY_AGENT, &good, &bad, &o, AIM_E_VERSION);
	bad = signer;
	bad.sign = NULL;
	expect_external_refused(ctx, AIM_KEY_AGENT, &good, &bad, &o, AIM_E_INVALID);
	o.destroyed = 0;
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &good, &signer, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(o.destroyed, 1);
	assert_null(key);
	aim_ctx_free(ctx);
}

/* --- seeds are wiped --- */

#define RECORD_BLOCKS 16
static struct {
	size_t size;
	int all_zero;
} freed_blocks[RECORD_BLOCKS];
static size_t n_freed;

static void *plain_alloc(void *user, size_t size)
{
	(void)user;
	return test_malloc(size);
}

static void recording_free(void *user, void *ptr, size_t size)
{
	const uint8_t *bytes = ptr;
	(void)user;
	if (n_freed < RECORD_BLOCKS) {
		freed_blocks[n_freed].size = size;
		freed_blocks[n_freed].all_zero = 1;
		for (size_t i = 0; i < size; i++)
			freed_blocks[n_freed].all_zero &= bytes[i] == 0;
		n_freed++;
	}
	test_free(ptr);
}

static void test_seed_is_wiped_when_freed(void **state)
{
	static const aim_allocator allocator = {sizeof allocator, 0, plain_alloc, NULL, recording_free, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	uint8_t seed[32];
	aim_key *key = NULL;
	aim_ctx *ctx = NULL;
	size_t n_pairs = 0;
	(void)state;
	memset(seed, 0xC3, sizeof seed);
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, seed_bytes(seed), &key, NULL), AIM_OK);
	n_freed = 0;
	aim_key_unref(key);
	for (size_t i = 0; i < n_freed; i++)
		if (freed_blocks[i].size == 64) { /* seed and public key */
			n_pairs++;
			assert_true(freed_blocks[i].all_zero);
		}
	assert_int_equal(n_pairs, 1);
	aim_ctx_free(ctx);
}

/* --- failing surroundings --- */

static aim_status no_random(void *user, void *out, size_t len)
{
	int *left = user;
	memset(out, 0x5a, len);
	return (*left)-- > 0 ? AIM_OK : AIM_E_IO;
}

static void test_random_failure(void **state)
{
	int left = 1; /* the context's own hash key */
	aim_random source = {sizeof source, 0, no_random, &left, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .random = &source};
	aim_key *key = NULL;
	aim_ctx *ctx = NULL;
	(void)state;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_E_RANDOM);
	assert_null(key);
	aim_ctx_free(ctx);
}

static int break_crypto;

static aim_status breaking_public(void *user, const uint8_t seed[32], uint8_t out[32])
{
	return break_crypto ? -5 : aim_crypto_sodium()->ed25519_public(user, seed, out);
}

static aim_status breaking_sign(void *user, const uint8_t pair[64], aim_bytes text, uint8_t out[64])
{
	return break_crypto ? -5 : aim_crypto_sodium()->ed25519_sign(user, pair, text, out);
}

static void test_provider_failure(void **state)
{
	uint8_t seed[32] = {1};
	uint8_t signature[64];
	aim_key *key = NULL;
	aim_key *other = NULL;
	(void)state;
	aim_crypto t = *aim_crypto_sodium();
	t.ed25519_public = breaking_public;
	t.ed25519_sign = breaking_sign;
	break_crypto = 0;
	aim_ctx *ctx = kit_ctx(&t);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, seed_bytes(seed), &key, NULL), AIM_OK);
	break_crypto = 1;
	assert_status(aim__key_sign(key, ANY, message, signature, NULL), AIM_E_CALLBACK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, seed_bytes(seed), &other, NULL), AIM_E_CALLBACK);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &other, NULL), AIM_E_CALLBACK);
	assert_null(other);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

#define SIGNERS 4

static void *sign_and_unref(void *shared)
{
	aim_key *key = shared;
	uint8_t signature[64];
	for (int i = 0; i < 50; i++) {
		aim_key *mine = aim_key_ref(key);
		if (aim__key_sign(mine, ANY, message, signature, NULL) != AIM_OK)
			return key;
		aim_key_unref(mine);
	}
	aim_key_unref(key);
	return NULL;
}

static void test_threads_share_a_key(void **state)
{
	pthread_t threads[SIGNERS];
	aim_key *key = NULL;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
	aim_ctx_free(ctx);
	for (int i = 0; i < SIGNERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_and_unref, aim_key_ref(key)), 0);
	aim_key_unref(key); /* the last thread frees it, and the context with it */
	for (int i = 0; i < SIGNERS; i++) {
		void *failed = NULL;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

static aim_status make_all_keys(aim_ctx *ctx, void *arg)
{
	uint8_t seed[32] = {3};
	outside o;
	aim_public_key public_key;
	aim_key *keys[3] = {NULL, NULL, NULL};
	aim_key_signer signer = outside_signer(&o, &public_key);
	(void)arg;
	aim_status rc = aim_key_external(ctx, AIM_KEY_SERVER, &public_key, &signer, &keys[0], NULL);
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_AGENT, &keys[1], NULL);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(ctx, AIM_KEY_LOG, seed_bytes(seed), &keys[2], NULL);
	for (int i = 0; i < 3; i++)
		aim_key_unref(keys[i]);
	assert_int_equal(o.destroyed, 1);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(make_all_keys, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated_keys_differ),
		cmocka_unit_test(test_seed_round_trip),
		cmocka_unit_test(test_seed_length_and_purpose),
		cmocka_unit_test(test_wrong_purpose_is_refused_and_reported),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_external_signs),
		cmocka_unit_test(test_external_signature_is_checked),
		cmocka_unit_test(test_external_destroy_once_on_failure),
		cmocka_unit_test(test_seed_is_wiped_when_freed),
		cmocka_unit_test(test_random_failure),
		cmocka_unit_test(test_provider_failure),
		cmocka_unit_test(test_threads_share_a_key),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
