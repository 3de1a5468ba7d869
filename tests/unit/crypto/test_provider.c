/* The provider: known-answer tests name what is wrong, destroy runs exactly once on every outcome,
 * optional parts may be missing, secrets go where they should. */
#include "kit.h"

#include "crypto/provider.h"

/* A provider made of libsodium's functions, one of which computes wrong. */
typedef struct double_ {
	int destroyed;
	int allocs;
	int frees;
	uint8_t freed[64];
} double_;

static void on_destroy(void *user)
{
	((double_ *)user)->destroyed++;
}

static aim_crypto table_of(double_ *d)
{
	aim_crypto t = *aim_crypto_sodium();
	t.name = "mine";
	t.user = d;
	t.destroy = on_destroy;
	return t;
}

static aim_status wrong_sha256(void *user, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	aim_status rc = aim_crypto_sodium()->sha256(user, parts, n, out);
	out[31] ^= 1;
	return rc;
}

/* Right for one part, wrong for a list: forgets all but the first. */
static aim_status first_part_sha256(void *user, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	return aim_crypto_sodium()->sha256(user, parts, n > 1 ? 1 : n, out);
}

static aim_status failing_sha256(void *user, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	aim_crypto_sodium()->sha256(user, parts, n, out);
	return -12345;
}

static aim_status wrong_public(void *user, const uint8_t seed[32], uint8_t out[32])
{
	(void)user;
	memcpy(out, seed, 32);
	return AIM_OK;
}

static aim_status wrong_sign(void *user, const uint8_t pair[64], aim_bytes message, uint8_t out[64])
{
	aim_status rc = aim_crypto_sodium()->ed25519_sign(user, pair, message, out);
	out[0] ^= 1;
	return rc;
}

static aim_status accept_all(void *user, const uint8_t key[32], aim_bytes message,
                             const uint8_t signature[64])
{
	(void)user, (void)key, (void)message, (void)signature;
	return AIM_OK;
}

static aim_status refuse_all(void *user, const uint8_t key[32], aim_bytes message,
                             const uint8_t signature[64])
{
	(void)user, (void)key, (void)message, (void)signature;
	return AIM_E_SIGNATURE;
}

static aim_status unhashed_hmac(void *user, aim_bytes key, const aim_bytes *parts, size_t n,
                                uint8_t out[32])
{
	key.len = key.len > 64 ? 64 : key.len; /* cuts a long key instead of hashing it */
	return aim_crypto_sodium()->hmac_sha256(user, key, parts, n, out);
}

static aim_status wrong_argon2id(void *user, aim_bytes password, const uint8_t salt[16],
                                 uint32_t passes, uint32_t memory_kib, uint8_t *out, size_t len)
{
	return aim_crypto_sodium()->argon2id(user, password, salt, passes + 1, memory_kib, out, len);
}

static aim_status careless_open(void *user, const uint8_t key[32], const uint8_t nonce[24],
                                aim_bytes associated, aim_bytes sealed, uint8_t *out)
{
	aim_crypto_sodium()->xchacha20poly1305_open(user, key, nonce, associated, sealed, out);
	return AIM_OK;
}

static void expect_refused(const aim_crypto *table, double_ *d, aim_status expected, const char *text)
{
	aim_ctx_options options = {.struct_size = sizeof options, .crypto = table};
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	assert_status(aim_ctx_new(&options, &ctx, &err), expected);
	assert_null(ctx);
	assert_int_equal(d->destroyed, 1);
	assert_int_equal(err.status, expected);
	if (!strstr(err.message, text))
		fail_msg("\"%s\" does not say \"%s\"", err.message, text);
}

#define REFUSE(member, function, text)                                                             \
	do {                                                                                           \
		double_ d_ = {0};                                                                          \
		aim_crypto t_ = table_of(&d_);                                                             \
		t_.member = (function);                                                                    \
		expect_refused(&t_, &d_, AIM_E_SELF_TEST, text);                                           \
		aim_error err_ = {0};                                                                      \
		aim_ctx *ctx_ = NULL;                                                                      \
		aim_ctx_options o_ = {.struct_size = sizeof o_, .crypto = &t_};                            \
		assert_status(aim_ctx_new(&o_, &ctx_, &err_), AIM_E_SELF_TEST);                            \
		assert_non_null(strstr(err_.message, "mine"));                                             \
	} while (0)

static void test_self_test_names_what_is_wrong(void **state)
{
	(void)state;
	REFUSE(sha256, wrong_sha256, "SHA-256 of short");
	REFUSE(sha256, failing_sha256, "SHA-256 of short");
	REFUSE(sha256, first_part_sha256, "SHA-256 of many blocks");
	REFUSE(ed25519_public, wrong_public, "Ed25519 keys and signatures");
	REFUSE(ed25519_sign, wrong_sign, "Ed25519 keys and signatures");
	REFUSE(ed25519_verify, refuse_all, "Ed25519 accepting");
	REFUSE(ed25519_verify, accept_all, "Ed25519 refusing");
	REFUSE(hmac_sha256, unhashed_hmac, "HMAC");
	REFUSE(argon2id, wrong_argon2id, "Argon2id");
	REFUSE(xchacha20poly1305_open, careless_open, "XChaCha20");
}

#define INCOMPLETE(member, text)                                                                   \
	do {                                                                                           \
		double_ d_ = {0};                                                                          \
		aim_crypto t_ = table_of(&d_);                                                             \
		t_.member = NULL;                                                                          \
		expect_refused(&t_, &d_, AIM_E_INVALID, text);                                             \
	} while (0)

static void test_missing_functions_are_named(void **state)
{
	(void)state;
	INCOMPLETE(name, "name");
	INCOMPLETE(sha256, "sha256");
	INCOMPLETE(ed25519_public, "ed25519");
	INCOMPLETE(ed25519_sign, "ed25519");
	INCOMPLETE(ed25519_verify, "ed25519");
	INCOMPLETE(xchacha20poly1305_open, "xchacha20poly1305");
	INCOMPLETE(xchacha20poly1305_seal, "xchacha20poly1305");
	INCOMPLETE(secret_alloc, "secret_alloc");
	INCOMPLETE(secret_free, "secret_alloc");
}

static void test_flags_and_sizes(void **state)
{
	(void)state;
	double_ d = {0};
	aim_crypto t = table_of(&d);
	t.flags = 1;
	expect_refused(&t, &d, AIM_E_VERSION, "flags");

	/* A larger table of a newer header: what this library does not know is ignored. */
	struct {
		aim_crypto known;
		void (*unknown)(void);
	} newer = {table_of(&d), (void (*)(void))on_destroy};
	newer.known.struct_size = sizeof newer;
	d.destroyed = 0;
	aim_ctx *ctx = kit_ctx(&newer.known);
	assert_int_equal(d.destroyed, 0);
	aim_ctx_free(ctx);
	assert_int_equal(d.destroyed, 1);
}

/* --- destroy exactly once, whatever fails around the provider --- */

static aim_status no_random(void *user, void *out, size_t len)
{
	(void)user, (void)out, (void)len;
	return AIM_E_IO;
}

static void *no_memory(void *user, size_t size)
{
	(void)user, (void)size;
	return NULL;
}

static void free_nothing(void *user, void *ptr, size_t size)
{
	(void)user, (void)ptr, (void)size;
}

static void expect_options_refused(aim_ctx_options *options, aim_status expected, int with_out)
{
	double_ d = {0};
	aim_crypto t = table_of(&d);
	aim_ctx *ctx = NULL;
	options->crypto = &t;
	assert_status(aim_ctx_new(options, with_out ? &ctx : NULL, NULL), expected);
	assert_null(ctx);
	assert_int_equal(d.destroyed, 1);
}

static void test_destroy_once_on_every_failure(void **state)
{
	(void)state;
	aim_ctx_options ok = {.struct_size = sizeof ok};
	aim_ctx_options o = ok;
	expect_options_refused(&o, AIM_E_INVALID, 0);

	o = ok;
	o.flags = 1;
	expect_options_refused(&o, AIM_E_VERSION, 1);

	struct {
		aim_ctx_options known;
		uint64_t unknown;
	} tail = {.known = {.struct_size = sizeof tail}, .unknown = 1};
	expect_options_refused(&tail.known, AIM_E_VERSION, 1);

	aim_random bad_random = {.struct_size = sizeof bad_random, .fill = no_random};
	o = ok;
	o.random = &bad_random;
	expect_options_refused(&o, AIM_E_RANDOM, 1);

	aim_clock no_clock = {.struct_size = sizeof no_clock};
	o = ok;
	o.clock = &no_clock;
	expect_options_refused(&o, AIM_E_INVALID, 1);

	aim_limits bad_limits = {.struct_size = sizeof bad_limits, .flags = 7};
	o = ok;
	o.limits = &bad_limits;
	expect_options_refused(&o, AIM_E_VERSION, 1);

	aim_allocator incomplete = {.struct_size = sizeof incomplete};
	o = ok;
	o.allocator = &incomplete;
	expect_options_refused(&o, AIM_E_INVALID, 1);

	aim_allocator empty = {.struct_size = sizeof empty, .alloc = no_memory, .free = free_nothing};
	o = ok;
	o.allocator = &empty;
	expect_options_refused(&o, AIM_E_NOMEM, 1);
}

/* --- the context's own allocations, failed one by one --- */

typedef struct counted {
	int left;
} counted;

static void *counted_alloc(void *user, size_t size)
{
	counted *c = user;
	return c->left-- > 0 ? test_malloc(size) : NULL;
}

static void counted_free(void *user, void *ptr, size_t size)
{
	(void)user, (void)size;
	test_free(ptr);
}

static void test_destroy_once_when_memory_runs_out(void **state)
{
	aim_status rc = AIM_E_NOMEM;
	(void)state;
	for (int n = 0; rc != AIM_OK; n++) {
		double_ d = {0};
		counted c = {n};
		aim_crypto t = table_of(&d);
		aim_allocator a = {sizeof a, 0, counted_alloc, NULL, counted_free, &c, NULL};
		aim_ctx_options o = {.struct_size = sizeof o, .crypto = &t, .allocator = &a};
		aim_ctx *ctx = NULL;
		rc = aim_ctx_new(&o, &ctx, NULL);
		assert_true(rc == AIM_OK || rc == AIM_E_NOMEM);
		assert_int_equal(d.destroyed, rc != AIM_OK);
		aim_ctx_free(ctx);
		assert_int_equal(d.destroyed, 1);
		assert_true(n < 10);
	}
}

/* --- what a provider may leave out --- */

static void test_optional_functions_may_be_missing(void **state)
{
	uint8_t mac[32];
	(void)state;
	aim_crypto bare = *aim_crypto_sodium();
	bare.hmac_sha256 = NULL;
	bare.argon2id = NULL;
	bare.xchacha20poly1305_seal = NULL;
	bare.xchacha20poly1305_open = NULL;
	bare.secret_alloc = NULL;
	bare.secret_free = NULL;
	aim_ctx *ctx = kit_ctx(&bare);
	assert_status(aim__hmac_sha256(ctx, (aim_bytes){mac, 0}, NULL, 0, mac), AIM_E_UNSUPPORTED);
	void *secret = aim__secret_alloc(ctx, 64);
	assert_non_null(secret);
	aim__secret_free(ctx, secret, 64);
	aim__secret_free(ctx, NULL, 64);
	aim_ctx_free(ctx);
}

static int fail_hash;

static aim_status sometimes_sha256(void *user, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	return fail_hash ? -77 : aim_crypto_sodium()->sha256(user, parts, n, out);
}

static int verify_result = AIM_OK;

static aim_status sometimes_verify(void *user, const uint8_t key[32], aim_bytes message,
                                   const uint8_t signature[64])
{
	return verify_result != AIM_OK ? verify_result
	                               : aim_crypto_sodium()->ed25519_verify(user, key, message, signature);
}

/* A provider that breaks later is a callback failure, never a verdict. */
static void test_later_failures_are_callback_failures(void **state)
{
	uint8_t digest[32];
	uint8_t signature[64];
	uint8_t pair[64] = {1};
	(void)state;
	aim_crypto t = *aim_crypto_sodium();
	t.sha256 = sometimes_sha256;
	t.ed25519_verify = sometimes_verify;
	aim_ctx *ctx = kit_ctx(&t);
	fail_hash = 1;
	assert_status(aim__sha256_one(ctx, "abc", 3, digest), AIM_E_CALLBACK);
	fail_hash = 0;

	const aim_bytes message = {(const uint8_t *)"m", 1};
	assert_status(aim__ed25519_public(ctx, pair, pair + 32), AIM_OK);
	assert_status(aim__ed25519_sign(ctx, pair, message, signature), AIM_OK);
	static const int strange[] = {1, AIM_E_NOMEM, -4242};
	for (size_t i = 0; i < 3; i++) {
		verify_result = strange[i];
		assert_status(aim__ed25519_verify_strict(ctx, pair + 32, message, signature, NULL),
		              AIM_E_CALLBACK);
	}
	verify_result = AIM_OK;
	aim_ctx_free(ctx);
}

/* --- secret memory --- */

static double_ *secrets;

static void *seen_alloc(void *user, size_t size)
{
	(void)user;
	secrets->allocs++;
	return test_malloc(size);
}

static void seen_free(void *user, void *ptr, size_t size)
{
	(void)user;
	secrets->frees++;
	memcpy(secrets->freed, ptr, size < 64 ? size : 64);
	test_free(ptr);
}

static void test_secret_memory_is_the_providers(void **state)
{
	static const uint8_t zero[64];
	double_ d = {0};
	(void)state;
	secrets = &d;
	aim_crypto t = *aim_crypto_sodium();
	t.secret_alloc = seen_alloc;
	t.secret_free = seen_free;
	aim_ctx *ctx = kit_ctx(&t);
	uint8_t *p = aim__secret_alloc(ctx, 64);
	assert_non_null(p);
	memset(p, 0xAB, 64);
	memset(d.freed, 1, sizeof d.freed);
	aim__secret_free(ctx, p, 64);
	assert_int_equal(d.allocs, 1);
	assert_int_equal(d.frees, 1);
	assert_memory_equal(d.freed, zero, 64);
	aim_ctx_free(ctx);
}

static void test_secret_memory_is_the_hosts_with_its_allocator(void **state)
{
	test_heap heap;
	(void)state;
	aim_ctx *ctx = test_ctx(&heap);
	size_t blocks = heap.live_blocks;
	void *p = aim__secret_alloc(ctx, 64);
	assert_int_equal(heap.live_blocks, blocks + 1);
	aim__secret_free(ctx, p, 64);
	test_ctx_done(ctx, &heap);
}

static void test_argon2id_refuses_costs_out_of_range(void **state)
{
	static const uint8_t salt[16];
	uint8_t out[32];
	const aim_crypto *t = aim_crypto_sodium();
	const aim_bytes password = {NULL, 0};
	(void)state;
	assert_status(t->argon2id(t->user, password, salt, 1, 8, out, sizeof out), AIM_OK);
	assert_status(t->argon2id(t->user, password, salt, 0, 8, out, sizeof out), AIM_E_INVALID);
	assert_status(t->argon2id(t->user, password, salt, 1, 7, out, sizeof out), AIM_E_INVALID);
	assert_status(t->argon2id(t->user, password, salt, 1, 8, out, 1), AIM_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_test_names_what_is_wrong),
		cmocka_unit_test(test_missing_functions_are_named),
		cmocka_unit_test(test_flags_and_sizes),
		cmocka_unit_test(test_destroy_once_on_every_failure),
		cmocka_unit_test(test_destroy_once_when_memory_runs_out),
		cmocka_unit_test(test_optional_functions_may_be_missing),
		cmocka_unit_test(test_later_failures_are_callback_failures),
		cmocka_unit_test(test_secret_memory_is_the_providers),
		cmocka_unit_test(test_secret_memory_is_the_hosts_with_its_allocator),
		cmocka_unit_test(test_argon2id_refuses_costs_out_of_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
