/* Ed25519 by every provider: the standard's vectors, the published edge cases, single-bit changes. */
#include "kit.h"

#include "crypto/provider.h"
#include "crypto/strict.h"

typedef struct vector {
	uint8_t seed[32];
	uint8_t pair[64];
	uint8_t message[1100];
	uint8_t signature[64];
	size_t message_len;
} vector;

static void rfc8032_line(aim_ctx *ctx, const char *line, void *arg)
{
	static vector v;
	uint8_t public_key[32];
	uint8_t signature[64];
	(void)arg;
	assert_int_equal(kit_hex(&line, v.pair, 32), 32);
	assert_int_equal(kit_hex(&line, v.pair + 32, 32), 32);
	v.message_len = kit_hex(&line, v.message, sizeof v.message);
	assert_int_equal(kit_hex(&line, v.signature, 64), 64);
	const aim_bytes message = {v.message, v.message_len};

	assert_status(aim__ed25519_public(ctx, v.pair, public_key), AIM_OK);
	assert_memory_equal(public_key, v.pair + 32, 32);
	assert_status(aim__ed25519_sign(ctx, v.pair, message, signature), AIM_OK);
	assert_memory_equal(signature, v.signature, 64);
	assert_status(aim__ed25519_verify_strict(ctx, public_key, message, signature, NULL), AIM_OK);
}

static void test_rfc8032(void **state)
{
	(void)state;
	for (int i = 0; i < KIT_PROVIDERS; i++) {
		const aim_crypto *table;
		if (!kit_provider(i, &table))
			continue;
		aim_ctx *ctx = kit_ctx(table);
		assert_int_equal(
			kit_each_line(TESTS_DIR "/vectors/rfc8032/ed25519.txt", rfc8032_line, ctx, NULL), 5);
		aim_ctx_free(ctx);
	}
}

typedef struct edge_count {
	size_t ok;
	size_t key;
	size_t signature;
} edge_count;

static aim_status edge_status(const char *line, edge_count *count)
{
	while (*line == ' ')
		line++;
	if (strncmp(line, "ok ", 3) == 0) {
		count->ok++;
		return AIM_OK;
	}
	if (strncmp(line, "key ", 4) == 0) {
		count->key++;
		return AIM_E_KEY;
	}
	assert_int_equal(strncmp(line, "signature ", 10), 0);
	count->signature++;
	return AIM_E_SIGNATURE;
}

static void edge_line(aim_ctx *ctx, const char *line, void *arg)
{
	uint8_t public_key[32];
	uint8_t message[64];
	uint8_t signature[64];
	aim_error err = {0};
	assert_int_equal(kit_hex(&line, public_key, 32), 32);
	size_t len = kit_hex(&line, message, sizeof message);
	assert_int_equal(kit_hex(&line, signature, 64), 64);
	aim_status expected = edge_status(line, arg);
	assert_status(aim__ed25519_verify_strict(ctx, public_key, (aim_bytes){message, len}, signature, &err),
	              expected);
	assert_true((err.message[0] != '\0') == (expected != AIM_OK));
}

static void test_edge_cases(void **state)
{
	(void)state;
	for (int i = 0; i < KIT_PROVIDERS; i++) {
		const aim_crypto *table;
		edge_count paper = {0};
		edge_count points = {0};
		if (!kit_provider(i, &table))
			continue;
		aim_ctx *ctx = kit_ctx(table);
		kit_each_line(TESTS_DIR "/vectors/ed25519-edge/speccheck.txt", edge_line, ctx, &paper);
		kit_each_line(TESTS_DIR "/vectors/ed25519-edge/points.txt", edge_line, ctx, &points);
		aim_ctx_free(ctx);
		assert_int_equal(paper.ok, 1);
		assert_int_equal(paper.ok + paper.key + paper.signature, 17);
		assert_int_equal(points.ok, 43);
		assert_int_equal(points.key, 468);
		assert_int_equal(points.signature, 257);
	}
}

/* Providers alone disagree on these; the checks above them are what makes the verdict one. */
static void count_raw_line(aim_ctx *ctx, const char *line, void *arg)
{
	uint8_t public_key[32];
	uint8_t message[64];
	uint8_t signature[64];
	size_t *disagreements = arg;
	(void)ctx;
	kit_hex(&line, public_key, 32);
	size_t len = kit_hex(&line, message, sizeof message);
	kit_hex(&line, signature, 64);
	const aim_bytes m = {message, len};
	const aim_crypto *a = aim_crypto_sodium();
	const aim_crypto *b = aim_crypto_openssl();
	*disagreements += a->ed25519_verify(a->user, public_key, m, signature) !=
	                  b->ed25519_verify(b->user, public_key, m, signature);
}

static void test_vectors_tell_providers_apart(void **state)
{
	size_t disagreements = 0;
	(void)state;
	if (!aim_crypto_openssl())
		skip();
	kit_each_line(TESTS_DIR "/vectors/ed25519-edge/points.txt", count_raw_line, NULL, &disagreements);
	assert_true(disagreements > 0);
}

static void test_any_changed_bit_is_refused(void **state)
{
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	uint8_t pair[64] = {7};
	uint8_t message[] = "allow read of /tmp/a";
	uint8_t signature[64];
	const aim_bytes m = {message, sizeof message};
	assert_status(aim__ed25519_public(ctx, pair, pair + 32), AIM_OK);
	assert_status(aim__ed25519_sign(ctx, pair, m, signature), AIM_OK);
	for (size_t bit = 0; bit < 512; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(aim__ed25519_verify_strict(ctx, pair + 32, m, signature, NULL), AIM_E_SIGNATURE);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(aim__ed25519_verify_strict(ctx, pair + 32, m, signature, NULL), AIM_E_SIGNATURE);
		message[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		pair[32 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(aim__ed25519_verify_strict(ctx, pair + 32, m, signature, NULL), AIM_OK);
		pair[32 + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_status(aim__ed25519_verify_strict(ctx, pair + 32, m, signature, NULL), AIM_OK);
	aim_ctx_free(ctx);
}

/* p = 2^255 − 19 and its neighbours, either sign bit. */
static void test_canonical_boundary(void **state)
{
	uint8_t y[32];
	(void)state;
	for (int sign = 0; sign < 2; sign++)
		for (unsigned low = 0xe0; low <= 0xff; low++) {
			memset(y, 0xff, sizeof y);
			y[0] = (uint8_t)low;
			y[31] = sign ? 0xff : 0x7f;
			int refused = low >= 0xec; /* 0xec is −1, of order 2 */
			assert_int_equal(aim__ed25519_point_flaw(y) != NULL, refused);
			y[17] = 0xfe; /* far below p */
			assert_null(aim__ed25519_point_flaw(y));
		}
}

static void test_scalar_boundary(void **state)
{
	uint8_t s[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
	                 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	(void)state;
	assert_non_null(aim__ed25519_scalar_flaw(s)); /* L */
	s[0] = 0xec;
	assert_null(aim__ed25519_scalar_flaw(s)); /* L − 1 */
	s[0] = 0xee;
	assert_non_null(aim__ed25519_scalar_flaw(s)); /* L + 1 */
	s[15] = 0x13;
	assert_null(aim__ed25519_scalar_flaw(s));
	memset(s, 0, sizeof s);
	assert_null(aim__ed25519_scalar_flaw(s));
	memset(s, 0xff, sizeof s);
	assert_non_null(aim__ed25519_scalar_flaw(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc8032),
		cmocka_unit_test(test_edge_cases),
		cmocka_unit_test(test_vectors_tell_providers_apart),
		cmocka_unit_test(test_any_changed_bit_is_refused),
		cmocka_unit_test(test_canonical_boundary),
		cmocka_unit_test(test_scalar_boundary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
