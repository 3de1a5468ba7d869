/* Signed messages: the exact bytes, every single-bit change refused, other labels refused, base64
 * carriers, purposes, limits, memory. */
#include "support.h"

#include "crypto/provider.h"

#include <aim/message.h>
#include <aim/plugin/crypto.h>
#include <string.h>

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;

static int setup(void **state)
{
	static const uint8_t seed[32] = {1, 2, 3};
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	return aim_key_public(key, &public_key);
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static aim_status verify(aim_bytes payload, const uint8_t signature[64])
{
	return aim_message_verify(ctx, &public_key, payload, aim_bytes_from(signature, 64), NULL);
}

/* What is signed is a promise to other implementations. */
static void test_signed_bytes(void **state)
{
	static const char text[] = "libaim/message/v1\nhello";
	uint8_t signature[64];
	(void)state;
	assert_status(aim_message_sign(key, aim_bytes_from("hello", 5), signature, NULL), AIM_OK);
	const aim_crypto *raw = aim_crypto_sodium();
	assert_status(raw->ed25519_verify(NULL, public_key.bytes, aim_bytes_from(text, sizeof text - 1),
	                                  signature),
	              AIM_OK);
}

/* Around the place where the message moves from the stack to the allocator, too. */
static void test_sizes(void **state)
{
	static uint8_t payload[70000];
	static const size_t sizes[] = {0, 1, 63, 64, 1000, 1261, 1262, 1263, 1280, 4096, 65536, 70000};
	uint8_t signature[64];
	(void)state;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i % 253);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const aim_bytes p = {payload, sizes[i]};
		assert_status(aim_message_sign(key, p, signature, NULL), AIM_OK);
		assert_status(verify(p, signature), AIM_OK);
		if (sizes[i] > 0)
			assert_status(verify((aim_bytes){payload, sizes[i] - 1}, signature), AIM_E_SIGNATURE);
		if (sizes[i] < sizeof payload)
			assert_status(verify((aim_bytes){payload, sizes[i] + 1}, signature), AIM_E_SIGNATURE);
	}
	assert_status(aim_message_sign(key, (aim_bytes){NULL, 0}, signature, NULL), AIM_OK);
	assert_status(verify((aim_bytes){payload, 0}, signature), AIM_OK);
}

static void test_every_changed_bit_is_refused(void **state)
{
	uint8_t payload[48] = "transfer 100 to bob";
	uint8_t signature[64];
	const aim_bytes p = {payload, sizeof payload};
	(void)state;
	assert_status(aim_message_sign(key, p, signature, NULL), AIM_OK);
	for (size_t bit = 0; bit < 8 * sizeof payload; bit++) {
		payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(verify(p, signature), AIM_E_SIGNATURE);
		payload[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(verify(p, signature), AIM_E_SIGNATURE);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		aim_public_key other = public_key;
		other.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		aim_status rc = aim_message_verify(ctx, &other, p, aim_bytes_from(signature, 64), NULL);
		assert_true(rc == AIM_E_SIGNATURE || rc == AIM_E_KEY);
	}
	assert_status(verify(p, signature), AIM_OK);
}

/* A signature of any other format over the same payload is not one over a message. */
static void test_other_labels_are_refused(void **state)
{
	static const char *const labels[] = {"", "libaim/message/v2\n", "libaim/messagE/v1\n",
	                                     "libaim/checkpoint/v1\n", "libaim/message/v1",
	                                     "libaim/message/v1\n\n"};
	static const uint8_t seed[32] = {1, 2, 3};
	uint8_t pair[64];
	uint8_t text[128];
	uint8_t signature[64];
	(void)state;
	memcpy(pair, seed, 32);
	memcpy(pair + 32, public_key.bytes, 32);
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		size_t len = strlen(labels[i]);
		memcpy(text, labels[i], len);
		memcpy(text + len, "payload", 7);
		assert_status(aim_crypto_sodium()->ed25519_sign(NULL, pair, aim_bytes_from(text, len + 7), signature),
		              AIM_OK);
		assert_status(verify(aim_bytes_from("payload", 7), signature), AIM_E_SIGNATURE);
	}
}

static void test_signature_length(void **state)
{
	uint8_t signature[65] = {0};
	(void)state;
	assert_status(aim_message_sign(key, aim_bytes_from("m", 1), signature, NULL), AIM_OK);
	static const size_t lengths[] = {0, 1, 32, 63, 65};
	for (size_t i = 0; i < 5; i++)
		assert_status(aim_message_verify(ctx, &public_key, aim_bytes_from("m", 1),
		                                 (aim_bytes){signature, lengths[i]}, NULL),
		              AIM_E_SIGNATURE);
}

static void test_purposes(void **state)
{
	static const uint8_t seed[32] = {5};
	uint8_t signature[64];
	(void)state;
	for (uint32_t purpose = AIM_KEY_AGENT; purpose <= AIM_KEY_WRAP; purpose++) {
		aim_key *other = NULL;
		int may = purpose == AIM_KEY_AGENT || purpose == AIM_KEY_SERVER;
		assert_status(aim_key_from_seed(ctx, purpose, aim_bytes_from(seed, 32), &other, NULL), AIM_OK);
		assert_status(aim_message_sign(other, aim_bytes_from("m", 1), signature, NULL),
		              may ? AIM_OK : AIM_E_KEY_PURPOSE);
		aim_key_unref(other);
	}
}

static aim_status verify_text(aim_str text, aim_error *err)
{
	return aim_message_verify_base64(ctx, &public_key, aim_bytes_from("payload", 7), text, err);
}

static void test_base64(void **state)
{
	aim_buf *out = NULL;
	char text[96];
	aim_error err = {0};
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_buf_append(out, aim_bytes_from("sig=", 4)), AIM_OK);
	assert_status(aim_message_sign_base64(key, aim_bytes_from("payload", 7), out, NULL), AIM_OK);
	aim_str all = aim_buf_str(out);
	assert_int_equal(all.len, 4 + 88);
	assert_memory_equal(all.ptr + 90, "==", 2);
	memcpy(text, all.ptr + 4, 88);
	assert_status(verify_text((aim_str){text, 88}, NULL), AIM_OK);
	assert_status(verify_text((aim_str){text, 86}, NULL), AIM_OK);
	assert_status(verify_text((aim_str){text, 87}, &err), AIM_E_SIGNATURE);
	assert_non_null(strstr(err.message, "base64"));
	assert_status(verify_text((aim_str){text, 0}, NULL), AIM_E_SIGNATURE);
	for (size_t i = 0; i < 88; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	assert_status(verify_text((aim_str){text, 88}, NULL), AIM_OK);
	assert_status(verify_text((aim_str){text, 86}, NULL), AIM_OK);
	text[3] = '*';
	assert_status(verify_text((aim_str){text, 88}, NULL), AIM_E_SIGNATURE);
	text[3] = all.ptr[7] == 'A' ? 'B' : 'A';
	assert_status(verify_text((aim_str){text, 88}, NULL), AIM_E_SIGNATURE);
	aim_buf_free(out);
}

static void test_limit(void **state)
{
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 100};
	uint8_t payload[101] = {0};
	uint8_t signature[64] = {0};
	aim_key *mine = NULL;
	aim_public_key pub;
	(void)state;
	aim_ctx *small = test_ctx_limits(&heap, &limits);
	assert_status(aim_key_generate(small, AIM_KEY_AGENT, &mine, NULL), AIM_OK);
	assert_status(aim_key_public(mine, &pub), AIM_OK);
	assert_status(aim_message_sign(mine, (aim_bytes){payload, 101}, signature, NULL), AIM_E_LIMIT);
	assert_status(aim_message_sign(mine, (aim_bytes){payload, 100}, signature, NULL), AIM_OK);
	assert_status(aim_message_verify(small, &pub, (aim_bytes){payload, 101}, aim_bytes_from(signature, 64), NULL),
	              AIM_E_LIMIT);
	aim_key_unref(mine);
	test_ctx_done(small, &heap);
}

/* Short messages take no memory, long ones one block that is given back. */
static void test_allocations(void **state)
{
	static uint8_t payload[5000];
	test_heap heap;
	uint8_t signature[64];
	aim_key *mine = NULL;
	(void)state;
	aim_ctx *counted = test_ctx(&heap);
	assert_status(aim_key_generate(counted, AIM_KEY_SERVER, &mine, NULL), AIM_OK);
	size_t before = heap.n_allocs;
	size_t blocks = heap.live_blocks;
	assert_status(aim_message_sign(mine, (aim_bytes){payload, 1024}, signature, NULL), AIM_OK);
	assert_int_equal(heap.n_allocs, before);
	assert_status(aim_message_sign(mine, (aim_bytes){payload, 5000}, signature, NULL), AIM_OK);
	assert_int_equal(heap.n_allocs, before + 1);
	assert_int_equal(heap.live_blocks, blocks);
	aim_key_unref(mine);
	test_ctx_done(counted, &heap);
}

static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static uint8_t payload[3000];
	uint8_t signature[64];
	aim_key *mine = NULL;
	aim_buf *out = NULL;
	aim_public_key pub;
	(void)arg;
	aim_status rc = aim_key_generate(c, AIM_KEY_AGENT, &mine, NULL);
	if (rc != AIM_OK)
		return rc;
	aim_key_public(mine, &pub);
	rc = aim_message_sign(mine, (aim_bytes){payload, sizeof payload}, signature, NULL);
	if (rc == AIM_OK)
		rc = aim_message_verify(c, &pub, (aim_bytes){payload, sizeof payload}, aim_bytes_from(signature, 64),
		                        NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_message_sign_base64(mine, (aim_bytes){payload, 10}, out, NULL);
	aim_buf_free(out);
	aim_key_unref(mine);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(sign_and_verify, NULL);
}

static int misuses;

static void on_misuse(void *user, const char *function, const char *what)
{
	(void)user, (void)function, (void)what;
	misuses++;
}

static void test_misuse(void **state)
{
	uint8_t signature[64];
	aim_ctx_options options = {.struct_size = sizeof options, .misuse = on_misuse};
	aim_ctx *c = NULL;
	aim_key *mine = NULL;
	const aim_bytes m = aim_bytes_from("m", 1);
	(void)state;
	assert_status(aim_ctx_new(&options, &c, NULL), AIM_OK);
	assert_status(aim_key_generate(c, AIM_KEY_AGENT, &mine, NULL), AIM_OK);
	assert_status(aim_message_sign(NULL, m, signature, NULL), AIM_E_INVALID);
	assert_int_equal(misuses, 0);
	assert_status(aim_message_sign(mine, m, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_message_sign(mine, (aim_bytes){NULL, 4}, signature, NULL), AIM_E_INVALID);
	assert_status(aim_message_verify(c, NULL, m, aim_bytes_from(signature, 64), NULL), AIM_E_INVALID);
	assert_status(aim_message_verify(c, &public_key, m, (aim_bytes){NULL, 64}, NULL), AIM_E_INVALID);
	assert_status(aim_message_verify(NULL, &public_key, m, aim_bytes_from(signature, 64), NULL), AIM_E_INVALID);
	assert_status(aim_message_sign_base64(mine, m, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_message_verify_base64(c, &public_key, m, (aim_str){NULL, 88}, NULL), AIM_E_INVALID);
	assert_int_equal(misuses, 6);
	aim_key_unref(mine);
	aim_ctx_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signed_bytes),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_every_changed_bit_is_refused),
		cmocka_unit_test(test_other_labels_are_refused),
		cmocka_unit_test(test_signature_length),
		cmocka_unit_test(test_purposes),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_allocations),
		cmocka_unit_test(test_every_allocation_fails),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
