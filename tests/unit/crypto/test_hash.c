/* SHA-256 and HMAC-SHA-256 by every provider. */
#include "kit.h"

#include "crypto/provider.h"

#include <aim/hash.h>

static void expect_hex(const uint8_t *bytes, size_t len, const char *hex)
{
	uint8_t want[64];
	assert_int_equal(kit_hex(&hex, want, sizeof want), len);
	assert_memory_equal(bytes, want, len);
}

/* The examples of FIPS 180-4 (NIST CSRC): short, two blocks, a million times 'a'. */
static const struct {
	const char *text;
	size_t times;
	const char *digest;
} sha256_examples[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     10000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void hash_examples(aim_ctx *ctx)
{
	static aim_bytes parts[10000];
	uint8_t digest[32];
	for (size_t i = 0; i < sizeof sha256_examples / sizeof *sha256_examples; i++) {
		const char *text = sha256_examples[i].text;
		for (size_t k = 0; k < sha256_examples[i].times; k++)
			parts[k] = aim_bytes_from(text, strlen(text));
		assert_status(aim__sha256(ctx, parts, sha256_examples[i].times, digest), AIM_OK);
		expect_hex(digest, 32, sha256_examples[i].digest);
	}
}

/* Where the text is cut makes no difference: around block and padding boundaries, all cuts. */
static void hash_parts(aim_ctx *ctx)
{
	uint8_t text[130];
	uint8_t whole[32];
	uint8_t split[32];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7);
	for (size_t len = 0; len <= sizeof text; len++) {
		assert_status(aim__sha256_one(ctx, text, len, whole), AIM_OK);
		for (size_t cut = 0; cut <= len; cut++) {
			const aim_bytes parts[] = {{text, cut}, {NULL, 0}, {text + cut, len - cut}};
			assert_status(aim__sha256(ctx, parts, 3, split), AIM_OK);
			assert_memory_equal(split, whole, 32);
		}
	}
}

/* RFC 4231 §4.2 … §4.8 (§4.6 truncates and is left out). */
static void hmac_examples(aim_ctx *ctx)
{
	static const struct {
		uint8_t key_byte;
		size_t key_len; /* 0: "Jefe"; 25: 01 … 19 */
		const char *text;
		uint8_t fill;
		size_t fill_len;
		const char *mac;
	} examples[] = {
		{0x0b, 20, "Hi There", 0, 0,
	     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{0, 0, "what do ya want for nothing?", 0, 0,
	     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{0xaa, 20, NULL, 0xdd, 50,
	     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{0, 25, NULL, 0xcd, 50,
	     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 0, 0,
	     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{0xaa, 131,
	     "This is a test using a larger than block-size key and a larger than block-size data. The "
	     "key needs to be hashed before being used by the HMAC algorithm.",
	     0, 0, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	};
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		uint8_t key[131];
		uint8_t data[50];
		uint8_t mac[32];
		aim_bytes k = {key, examples[i].key_len};
		aim_bytes text = {data, examples[i].fill_len};
		memset(key, examples[i].key_byte, sizeof key);
		memset(data, examples[i].fill, sizeof data);
		for (size_t b = 0; examples[i].key_len == 25 && b < 25; b++)
			key[b] = (uint8_t)(b + 1);
		if (examples[i].key_len == 0)
			k = aim_bytes_from("Jefe", 4);
		if (examples[i].text)
			text = aim_bytes_from(examples[i].text, strlen(examples[i].text));
		assert_status(aim__hmac_sha256(ctx, k, &text, 1, mac), AIM_OK);
		expect_hex(mac, 32, examples[i].mac);
	}
	/* No key at all is a key too, of zero bytes. */
	uint8_t mac[32];
	assert_status(aim__hmac_sha256(ctx, (aim_bytes){NULL, 0}, NULL, 0, mac), AIM_OK);
	expect_hex(mac, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_every_provider(void **state)
{
	(void)state;
	for (int i = 0; i < KIT_PROVIDERS; i++) {
		const aim_crypto *table;
		if (!kit_provider(i, &table))
			continue;
		aim_ctx *ctx = kit_ctx(table);
		hash_examples(ctx);
		hash_parts(ctx);
		hmac_examples(ctx);
		aim_ctx_free(ctx);
	}
}

static int misused;

static void on_misuse(void *user, const char *function, const char *what)
{
	(void)user;
	assert_string_equal(function, "aim_hash_sha256");
	assert_non_null(what);
	misused++;
}

static void test_public_call(void **state)
{
	uint8_t digest[32] = {1};
	uint8_t before[32];
	(void)state;
	aim_ctx_options options = {.struct_size = sizeof options, .misuse = on_misuse};
	aim_ctx *ctx = NULL;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	assert_status(aim_hash_sha256(ctx, aim_bytes_from("abc", 3), digest), AIM_OK);
	expect_hex(digest, 32, sha256_examples[1].digest);
	assert_status(aim_hash_sha256(ctx, (aim_bytes){NULL, 0}, digest), AIM_OK);
	expect_hex(digest, 32, sha256_examples[0].digest);
	memcpy(before, digest, 32);
	assert_status(aim_hash_sha256(ctx, (aim_bytes){NULL, 5}, digest), AIM_E_INVALID);
	assert_status(aim_hash_sha256(ctx, aim_bytes_from("abc", 3), NULL), AIM_E_INVALID);
	assert_status(aim_hash_sha256(NULL, aim_bytes_from("abc", 3), digest), AIM_E_INVALID);
	assert_int_equal(misused, 2);
	assert_memory_equal(before, digest, 32);
	aim_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_provider),
		cmocka_unit_test(test_public_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
