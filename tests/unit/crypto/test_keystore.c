/* Keys at rest: seal and open, what is bound to the seal, every kind of damage, costs bounded before they are paid, the
 * wrapper in place of a passphrase, and no copy of a secret left in freed memory. */
#include "kit.h"

#include <aim/keystore.h>

#define AGENT "agt_0123456789abcdef0123456789abcdef"
#define OTHER_AGENT "agt_fedcba9876543210fedcba9876543210"
#define PASSPHRASE "correct horse battery staple"

/* The lowest permitted cost: these tests are about the container, not about Argon2id. */
static const aim_keystore_options cheap = {
	.struct_size = sizeof cheap, .passes = 1, .memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB};

static aim_ctx *ctx;
static aim_key *key;
static aim_buf *sealed;

static aim_bytes bytes_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

static int setup(void **state)
{
	aim_error err = {0};
	(void)state;
	ctx = kit_ctx(NULL);
	assert_status(aim_key_generate(ctx, AIM_KEY_SERVER, &key, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &sealed), AIM_OK);
	if (aim_keystore_seal(key, bytes_of(PASSPHRASE), aim_str_from(AGENT), &cheap, sealed, &err) != AIM_OK)
		fail_msg("%s", err.message);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_buf_free(sealed);
	aim_ctx_free(ctx);
	return 0;
}

static aim_status open_as(aim_bytes container, const char *passphrase, const char *agent, aim_key **out,
                          aim_error *err)
{
	return aim_keystore_open(ctx, container, bytes_of(passphrase), aim_str_from(agent), NULL, out, err);
}

static void expect_refused(const char *container, const char *passphrase, const char *agent, aim_status status,
                           const char *says)
{
	aim_key *opened = NULL;
	aim_error err = {0};
	aim_status rc = open_as(bytes_of(container), passphrase, agent, &opened, &err);
	if (rc != status)
		fail_msg("%s (%s), expected %s", aim_status_name(rc), err.message, aim_status_name(status));
	if (!strstr(err.message, says))
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	assert_null(opened);
}

static void test_seal_and_open(void **state)
{
	aim_key *opened = NULL;
	uint8_t seeds[2][32];
	(void)state;
	assert_status(open_as(aim_buf_bytes(sealed), PASSPHRASE, AGENT, &opened, NULL), AIM_OK);
	assert_status(aim_key_export_seed(key, seeds[0]), AIM_OK);
	assert_status(aim_key_export_seed(opened, seeds[1]), AIM_OK);
	assert_memory_equal(seeds[0], seeds[1], 32);
	assert_int_equal(aim_key_purpose(opened), AIM_KEY_SERVER);
	aim_key_unref(opened);
}

static void test_every_container_differs(void **state)
{
	aim_buf *again = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &again), AIM_OK);
	assert_status(aim_keystore_seal(key, bytes_of(PASSPHRASE), aim_str_from(AGENT), &cheap, again, NULL), AIM_OK);
	assert_false(aim_str_equal(aim_buf_str(again), aim_buf_str(sealed)));
	aim_buf_free(again);
}

static void test_inspect(void **state)
{
	aim_buf *agent = NULL;
	aim_public_key public_key;
	aim_public_key expected;
	uint32_t purpose = 0;
	(void)state;
	assert_status(aim_buf_new(ctx, &agent), AIM_OK);
	assert_status(aim_keystore_inspect(ctx, aim_buf_bytes(sealed), agent, &public_key, &purpose, NULL), AIM_OK);
	assert_text(aim_buf_str(agent), AGENT);
	assert_int_equal(purpose, AIM_KEY_SERVER);
	assert_status(aim_key_public(key, &expected), AIM_OK);
	assert_memory_equal(&public_key, &expected, sizeof expected);
	assert_status(aim_keystore_inspect(ctx, bytes_of("{}"), agent, NULL, NULL, NULL), AIM_E_KEYSTORE);
	assert_text(aim_buf_str(agent), AGENT);
	aim_buf_free(agent);
}

static void test_wrong_passphrase_and_agent(void **state)
{
	const char *text = aim_buf_str(sealed).ptr;
	(void)state;
	expect_refused(text, "correct horse battery stapl", AGENT, AIM_E_PASSPHRASE, "the passphrase is not");
	expect_refused(text, PASSPHRASE, OTHER_AGENT, AIM_E_KEYSTORE_AGENT, AGENT);
	expect_refused(text, PASSPHRASE, "", AIM_E_KEYSTORE_AGENT, AGENT);
	expect_refused(text, "", AGENT, AIM_E_INVALID, "empty passphrase");
}

/* Replaces the first `from` of the container by `to`, of any length. */
static const char *changed(const char *from, const char *to)
{
	static char text[AIM_KEYSTORE_MAX_BYTES];
	const char *whole = aim_buf_str(sealed).ptr;
	const char *at = strstr(whole, from);
	assert_non_null(at);
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
	return text;
}

static void test_changed_members(void **state)
{
	(void)state;
	expect_refused(changed(AGENT, OTHER_AGENT), PASSPHRASE, OTHER_AGENT, AIM_E_KEYSTORE, "checksum");
	expect_refused(changed("\"server\"", "\"agent\""), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "checksum");
	expect_refused(changed("\"server\"", "\"root\""), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "purpose");
	expect_refused(changed("\"passes\":1", "\"passes\":2"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "checksum");
	expect_refused(changed("\"passes\":1", "\"passes\":0"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "argon2id");
	expect_refused(changed("\"passes\":1", "\"passes\":1.5"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "argon2id");
	expect_refused(changed("\"version\":1", "\"version\":2"), PASSPHRASE, AGENT, AIM_E_VERSION, "version 2");
	expect_refused(changed("\"version\":1", "\"version\":\"1\""), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "no version");
	expect_refused(changed("libaim-keystore", "other"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "format");
	expect_refused(changed("xchacha20", "aes256"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "cipher");
	expect_refused(changed("argon2id", "argon2i"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "argon2id");
	expect_refused(changed("{\"agent\"", "{\"more\":1,\"agent\""), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "unknown");
	expect_refused(changed("\"check\"", "\"chuck\""), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "missing");
	expect_refused(changed("ed25519:", "ed25519_"), PASSPHRASE, AGENT, AIM_E_KEYSTORE, "public key");
}

/* Whatever single byte of the container changes, it does not open, except where JSON reads the same. */
static void test_every_byte_counts(void **state)
{
	char text[2048];
	const aim_str whole = aim_buf_str(sealed);
	(void)state;
	for (size_t i = 0; i < whole.len; i++) {
		aim_key *opened = NULL;
		memcpy(text, whole.ptr, whole.len);
		text[i] = (char)(text[i] ^ 1);
		aim_status rc = open_as(aim_bytes_from(text, whole.len), PASSPHRASE, AGENT, &opened, NULL);
		if (rc == AIM_OK)
			fail_msg("byte %zu does not count", i);
		assert_null(opened);
	}
	for (size_t n = 0; n < whole.len; n++) {
		aim_key *opened = NULL;
		assert_status(open_as(aim_bytes_from(whole.ptr, n), PASSPHRASE, AGENT, &opened, NULL), AIM_E_KEYSTORE);
		assert_null(opened);
	}
}

static void test_white_space_does_not_count(void **state)
{
	aim_key *opened = NULL;
	(void)state;
	const char *text = changed("{\"agent\"", "\n{\n  \"agent\"");
	assert_status(open_as(bytes_of(text), PASSPHRASE, AGENT, &opened, NULL), AIM_OK);
	aim_key_unref(opened);
}

/* --- costs --- */

static uint32_t asked_kib;

static aim_status watched_argon2id(void *user, aim_bytes password, const uint8_t salt[16], uint32_t passes,
                                   uint32_t memory_kib, uint8_t *out, size_t out_len)
{
	asked_kib = memory_kib;
	return aim_crypto_sodium()->argon2id(user, password, salt, passes, memory_kib > 2048 ? 1024 : memory_kib, out,
	                                     out_len);
}

static void expect_costs(const aim_keystore_options *o, aim_status sealing, aim_status opening)
{
	aim_crypto table = *aim_crypto_sodium();
	table.argon2id = watched_argon2id;
	aim_ctx *watched = kit_ctx(&table);
	aim_key *mine = NULL;
	aim_key *opened = NULL;
	aim_buf *out = NULL;
	asked_kib = 0;
	assert_status(aim_key_generate(watched, AIM_KEY_AGENT, &mine, NULL), AIM_OK);
	assert_status(aim_buf_new(watched, &out), AIM_OK);
	assert_status(aim_keystore_seal(mine, bytes_of("p"), aim_str_from("a"), o, out, NULL), sealing);
	if (sealing == AIM_OK) {
		asked_kib = 0;
		assert_status(aim_keystore_open(watched, aim_buf_bytes(out), bytes_of("p"), aim_str_from("a"), NULL, &opened,
		                                NULL), opening);
	}
	if (sealing != AIM_OK || opening != AIM_OK)
		assert_int_equal(asked_kib, 0); /* refused before anything was computed */
	aim_key_unref(opened);
	aim_key_unref(mine);
	aim_buf_free(out);
	aim_ctx_free(watched);
}

static void test_costs_are_bounded(void **state)
{
	aim_keystore_options o = {.struct_size = sizeof o};
	(void)state;
	expect_costs(&o, AIM_OK, AIM_OK);
	assert_int_equal(asked_kib, 65536); /* the default */
	o.memory_kib = 1023;
	expect_costs(&o, AIM_E_LIMIT, AIM_OK);
	o.memory_kib = 1048577;
	expect_costs(&o, AIM_E_LIMIT, AIM_OK);
	o.max_memory_kib = UINT32_MAX;
	expect_costs(&o, AIM_OK, AIM_E_LIMIT); /* a memory bomb for whoever opens it with the defaults */
	o = (aim_keystore_options){.struct_size = sizeof o, .passes = 17, .max_passes = 100};
	expect_costs(&o, AIM_OK, AIM_E_LIMIT);
}

static void test_provider_without_the_primitives(void **state)
{
	aim_error err = {0};
	(void)state;
	aim_crypto table = *aim_crypto_sodium();
	table.argon2id = NULL;
	aim_ctx *poor = kit_ctx(&table);
	aim_key *mine = NULL;
	aim_buf *out = NULL;
	assert_status(aim_key_generate(poor, AIM_KEY_AGENT, &mine, NULL), AIM_OK);
	assert_status(aim_buf_new(poor, &out), AIM_OK);
	assert_status(aim_keystore_seal(mine, bytes_of("p"), aim_str_from("a"), NULL, out, &err), AIM_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "Argon2id"));
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_key_unref(mine);
	aim_buf_free(out);
	aim_ctx_free(poor);
	table = *aim_crypto_sodium();
	table.xchacha20poly1305_seal = NULL;
	table.xchacha20poly1305_open = NULL;
	poor = kit_ctx(&table);
	assert_status(aim_keystore_open(poor, aim_buf_bytes(sealed), bytes_of(PASSPHRASE), aim_str_from(AGENT), NULL, &mine,
	                                &err), AIM_E_UNSUPPORTED);
	assert_non_null(strstr(err.message, "XChaCha20"));
	aim_ctx_free(poor);
}

/* --- wrapper --- */

typedef struct kms {
	uint8_t pad[32];
	int fails;
	int answers_wrong;
	size_t n_associated;
} kms;

static aim_status kms_wrap(void *user, aim_bytes associated, const uint8_t data_key[32], uint8_t *out, size_t cap,
                           size_t *out_len)
{
	kms *service = user;
	assert_true(cap >= 32);
	service->n_associated = associated.len;
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(data_key[i] ^ service->pad[i]);
	*out_len = service->fails == 2 ? cap + 1 : 32;
	return service->fails == 1 ? -77 : AIM_OK;
}

static aim_status kms_unwrap(void *user, aim_bytes associated, aim_bytes wrapped, uint8_t out[32])
{
	kms *service = user;
	assert_int_equal(associated.len, service->n_associated);
	assert_int_equal(wrapped.len, 32);
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(wrapped.ptr[i] ^ service->pad[i] ^ service->answers_wrong);
	return service->fails ? -78 : AIM_OK;
}

static void test_wrapper(void **state)
{
	kms service = {.pad = {1, 2, 3}};
	aim_keystore_wrapper wrapper = {sizeof wrapper, 0, "test-kms", kms_wrap, kms_unwrap, &service};
	aim_keystore_options o = {.struct_size = sizeof o, .wrapper = &wrapper};
	const aim_bytes none = {NULL, 0};
	const aim_str agent = aim_str_from(AGENT);
	aim_key *opened = NULL;
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_keystore_seal(key, none, agent, &o, out, NULL), AIM_OK);
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), none, agent, &o, &opened, NULL), AIM_OK);
	aim_key_unref(opened);
	opened = NULL;
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), bytes_of("p"), agent, &o, &opened, &err), AIM_E_INVALID);
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), bytes_of("p"), agent, NULL, &opened, &err),
	              AIM_E_PASSPHRASE);
	assert_non_null(strstr(err.message, "test-kms"));
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(sealed), none, agent, &o, &opened, &err), AIM_E_PASSPHRASE);
	service.answers_wrong = 1;
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), none, agent, &o, &opened, &err), AIM_E_PASSPHRASE);
	service.fails = 1;
	assert_status(aim_keystore_open(ctx, aim_buf_bytes(out), none, agent, &o, &opened, &err), AIM_E_CALLBACK);
	assert_int_equal(err.native_code, -78);
	aim_buf_clear(out);
	assert_status(aim_keystore_seal(key, none, agent, &o, out, &err), AIM_E_CALLBACK);
	service.fails = 2;
	assert_status(aim_keystore_seal(key, none, agent, &o, out, &err), AIM_E_CALLBACK);
	wrapper.name = "";
	assert_status(aim_keystore_seal(key, none, agent, &o, out, &err), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	assert_null(opened);
	aim_buf_free(out);
}

/* --- refusals that are about the caller --- */

static aim_status never_sign(void *user, aim_bytes message, uint8_t out[64])
{
	(void)user;
	(void)message;
	(void)out;
	return AIM_E_IO;
}

static void test_what_cannot_be_sealed(void **state)
{
	const aim_key_signer signer = {.struct_size = sizeof signer, .sign = never_sign};
	static char long_agent[AIM_KEYSTORE_MAX_AGENT_BYTES + 1];
	aim_keystore_options o = cheap;
	aim_key *outside = NULL;
	aim_public_key public_key;
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	assert_status(aim_key_external(ctx, AIM_KEY_AGENT, &public_key, &signer, &outside, NULL), AIM_OK);
	assert_status(aim_keystore_seal(outside, bytes_of("p"), aim_str_from("a"), &o, out, NULL), AIM_E_UNSUPPORTED);
	aim_key_unref(outside);
	memset(long_agent, 'a', sizeof long_agent);
	assert_status(aim_keystore_seal(key, bytes_of("p"), (aim_str){long_agent, sizeof long_agent}, &o, out, NULL),
	              AIM_E_LIMIT);
	assert_status(aim_keystore_seal(key, bytes_of("p"), (aim_str){"\xff", 1}, &o, out, NULL), AIM_E_UTF8);
	assert_status(aim_keystore_seal(key, bytes_of(""), aim_str_from("a"), &o, out, NULL), AIM_E_INVALID);
	o.flags = 1;
	assert_status(aim_keystore_seal(key, bytes_of("p"), aim_str_from("a"), &o, out, NULL), AIM_E_VERSION);
	assert_status(aim_keystore_seal(NULL, bytes_of("p"), aim_str_from("a"), NULL, out, NULL), AIM_E_INVALID);
	assert_status(aim_keystore_seal(key, bytes_of("p"), aim_str_from("a"), NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keystore_open(ctx, (aim_bytes){NULL, 1}, bytes_of("p"), aim_str_from("a"), NULL, &outside, NULL),
	              AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_buf_free(out);
}

/* --- secrets do not stay --- */

static uint8_t hunted_seed[32];
static size_t n_found;

static void hunt(const void *ptr, size_t size, const void *needle, size_t needle_len)
{
	for (size_t i = 0; i + needle_len <= size; i++)
		if (memcmp((const uint8_t *)ptr + i, needle, needle_len) == 0)
			n_found++;
}

static void *plain_alloc(void *user, size_t size)
{
	(void)user;
	return test_malloc(size);
}

/* Half of the seed is enough to call it found. */
static void hunting_free(void *user, void *ptr, size_t size)
{
	(void)user;
	hunt(ptr, size, hunted_seed, 16);
	hunt(ptr, size, hunted_seed + 16, 16);
	test_free(ptr);
}

static void test_no_seed_in_freed_memory(void **state)
{
	static const aim_allocator allocator = {sizeof allocator, 0, plain_alloc, NULL, hunting_free, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	aim_ctx *watched = NULL;
	aim_key *mine = NULL;
	aim_key *opened = NULL;
	aim_buf *out = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof hunted_seed; i++)
		hunted_seed[i] = (uint8_t)(0xA0 + i);
	n_found = 0;
	assert_status(aim_ctx_new(&options, &watched, NULL), AIM_OK);
	assert_status(aim_buf_new(watched, &out), AIM_OK);
	assert_status(aim_key_from_seed(watched, AIM_KEY_AGENT, (aim_bytes){hunted_seed, 32}, &mine, NULL), AIM_OK);
	assert_status(aim_keystore_seal(mine, bytes_of("p"), aim_str_from("a"), &cheap, out, NULL), AIM_OK);
	assert_status(aim_keystore_open(watched, aim_buf_bytes(out), bytes_of("p"), aim_str_from("a"), NULL, &opened, NULL),
	              AIM_OK);
	aim_key_unref(opened);
	aim_key_unref(mine);
	aim_buf_free(out);
	aim_ctx_free(watched);
	assert_int_equal(n_found, 0);
}

static aim_status seal_and_open(aim_ctx *frail, void *arg)
{
	aim_key *mine = NULL;
	aim_key *opened = NULL;
	aim_buf *out = NULL;
	(void)arg;
	aim_status rc = aim_key_generate(frail, AIM_KEY_AGENT, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(frail, &out);
	if (rc == AIM_OK)
		rc = aim_keystore_seal(mine, bytes_of("p"), aim_str_from("a"), &cheap, out, NULL);
	if (rc == AIM_OK)
		rc = aim_keystore_open(frail, aim_buf_bytes(out), bytes_of("p"), aim_str_from("a"), NULL, &opened, NULL);
	aim_key_unref(opened);
	aim_key_unref(mine);
	aim_buf_free(out);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(seal_and_open, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_and_open),
		cmocka_unit_test(test_every_container_differs),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_wrong_passphrase_and_agent),
		cmocka_unit_test(test_changed_members),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_white_space_does_not_count),
		cmocka_unit_test(test_costs_are_bounded),
		cmocka_unit_test(test_provider_without_the_primitives),
		cmocka_unit_test(test_wrapper),
		cmocka_unit_test(test_what_cannot_be_sealed),
		cmocka_unit_test(test_no_seed_in_freed_memory),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
