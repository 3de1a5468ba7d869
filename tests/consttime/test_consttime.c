/* No branch and no address depends on a secret. The program runs under valgrind's memcheck, which takes each secret for memory
 * without a value and reports every branch and every address made of it, however far it was carried through arithmetic
 * (the method of ctgrind). Results that the world sees anyway are declassified: here, and in the library by
 * AIM__DECLASSIFY. The last cases leak on purpose, and must be reported. TAP on stdout. */
#include "mark.h"

#include "base/mem.h"
#include "codec/encoding.h"

#include <aim/agent.h>
#include <aim/ctx.h>
#include <aim/envelope.h>
#include <aim/keyform.h>
#include <aim/keystore.h>
#include <aim/message.h>
#include <aim/plugin/crypto.h>
#include <aim/plugin/keystore.h>
#include <aim/replay.h>
#include <aim/session.h>
#include <aim/store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_LEN AIM_KEY_SEED_LEN

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "consttime: %s\n", what);
	exit(1);
}

#define NOW_US INT64_C(1800000000000000)

/* Messages are dated by the test: a clock that goes on would make some of them older than their guard. */
static aim_status fixed_clock(void *user, int64_t *out_us)
{
	(void)user;
	*out_us = NOW_US;
	return AIM_OK;
}

static aim_ctx *context(const aim_crypto *provider)
{
	const aim_clock clock = {.struct_size = sizeof clock, .now_us = fixed_clock};
	aim_ctx_options options = {.struct_size = sizeof options, .crypto = provider, .clock = &clock};
	aim_ctx *ctx = NULL;
	require(aim_ctx_new(&options, &ctx, NULL) == AIM_OK, "no context");
	return ctx;
}

static void fill(uint8_t *secret, size_t len)
{
	for (size_t i = 0; i < len; i++)
		secret[i] = (uint8_t)(i * 37 + 11);
	MARK_SECRET(secret, len);
}

static aim_key *secret_key(aim_ctx *ctx)
{
	uint8_t seed[SEED_LEN];
	aim_key *key = NULL;
	aim_public_key public_key;
	fill(seed, sizeof seed);
	require(aim_key_from_seed(ctx, AIM_KEY_AGENT, (aim_bytes){seed, sizeof seed}, &key, NULL) == AIM_OK, "no key");
	require(aim_key_public(key, &public_key) == AIM_OK, "no public key");
	return key;
}

/* --- keys --- */

static void sign_with(const aim_crypto *provider)
{
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_public_key public_key;
	aim_ctx *ctx = context(provider);
	aim_key *key = secret_key(ctx);
	const aim_bytes message = aim_bytes_from("a message that all may read", 27);
	require(aim_message_sign(key, message, signature, NULL) == AIM_OK, "cannot sign");
	MARK_PUBLIC(signature, sizeof signature);
	require(aim_key_public(key, &public_key) == AIM_OK, "no public key");
	require(aim_message_verify(ctx, &public_key, message, (aim_bytes){signature, sizeof signature}, NULL) == AIM_OK,
	        "the signature does not verify");
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

static void sign_sodium(void)
{
	sign_with(aim_crypto_sodium());
}

static void sign_openssl(void)
{
	sign_with(aim_crypto_openssl());
}

static void export_seed(void)
{
	uint8_t seed[SEED_LEN];
	aim_ctx *ctx = context(NULL);
	aim_key *key = secret_key(ctx);
	require(aim_key_export_seed(key, seed) == AIM_OK, "cannot export");
	aim_key_wipe(seed, sizeof seed);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

static void write_forms(void)
{
	static const uint32_t forms[] = {AIM_KEYFORM_RAW,    AIM_KEYFORM_HEX, AIM_KEYFORM_BASE64,  AIM_KEYFORM_BASE64_UNPADDED,
	                                 AIM_KEYFORM_BASE64URL, AIM_KEYFORM_BASE64URL_PADDED, AIM_KEYFORM_DER,
	                                 AIM_KEYFORM_DER_HEX, AIM_KEYFORM_PEM, AIM_KEYFORM_JWK,     AIM_KEYFORM_OPENSSH,
	                                 AIM_KEYFORM_PAIR};
	aim_ctx *ctx = context(NULL);
	aim_key *key = secret_key(ctx);
	aim_buf *text = NULL;
	require(aim_buf_new(ctx, &text) == AIM_OK, "no buffer");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		require(aim_keyform_private(key, forms[i], text, NULL) == AIM_OK, aim_keyform_name(forms[i]));
		aim_buf_clear(text);
	}
	aim_buf_free(text);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

/* Forms without structure, and PKCS#8 as it comes out of a tool. Which one it is may be known. */
static void read_forms(void)
{
	static const uint32_t forms[] = {AIM_KEYFORM_RAW,       AIM_KEYFORM_HEX, AIM_KEYFORM_BASE64, AIM_KEYFORM_BASE64_UNPADDED,
	                                 AIM_KEYFORM_BASE64URL, AIM_KEYFORM_BASE64URL_PADDED, AIM_KEYFORM_DER,
	                                 AIM_KEYFORM_PAIR};
	aim_ctx *ctx = context(NULL);
	aim_key *key = secret_key(ctx);
	aim_buf *text = NULL;
	require(aim_buf_new(ctx, &text) == AIM_OK, "no buffer");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		aim_key *again = NULL;
		require(aim_keyform_private(key, forms[i], text, NULL) == AIM_OK, aim_keyform_name(forms[i]));
		require(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_buf_bytes(text), &again, NULL, NULL) == AIM_OK,
		        aim_keyform_name(forms[i]));
		aim_key_unref(again);
		aim_buf_clear(text);
	}
	aim_buf_free(text);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

/* Wraps as a key-management service would: what comes out is no secret, what goes in is. */
static aim_status wrap(void *user, aim_bytes associated, const uint8_t data_key[32], uint8_t *out, size_t cap,
                       size_t *out_len)
{
	(void)user;
	(void)associated;
	require(cap >= 32, "no room for the wrapped key");
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(data_key[i] ^ 0x5a);
	MARK_PUBLIC(out, 32);
	*out_len = 32;
	return AIM_OK;
}

static aim_status unwrap(void *user, aim_bytes associated, aim_bytes wrapped, uint8_t out_data_key[32])
{
	(void)user;
	(void)associated;
	for (size_t i = 0; i < 32; i++)
		out_data_key[i] = (uint8_t)(wrapped.ptr[i] ^ 0x5a);
	MARK_SECRET(out_data_key, 32);
	return AIM_OK;
}

static void keystore(void)
{
	const aim_keystore_wrapper wrapper = {sizeof wrapper, 0, "test", wrap, unwrap, NULL};
	const aim_keystore_options options = {.struct_size = sizeof options, .wrapper = &wrapper};
	const aim_bytes nothing = {NULL, 0};
	aim_ctx *ctx = context(NULL);
	aim_key *key = secret_key(ctx);
	aim_key *opened = NULL;
	aim_buf *sealed = NULL;
	require(aim_buf_new(ctx, &sealed) == AIM_OK, "no buffer");
	require(aim_keystore_seal(key, nothing, aim_str_from("agt"), &options, sealed, NULL) == AIM_OK, "cannot seal a key");
	require(aim_keystore_open(ctx, aim_buf_bytes(sealed), nothing, aim_str_from("agt"), &options, &opened, NULL) == AIM_OK,
	        "cannot open a keystore");
	aim_key_unref(opened);
	aim_buf_free(sealed);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

/* Argon2id computes on a copy that is no secret: it addresses memory by the passphrase. What it gives is one again. */
static aim_status argon2id(void *user, aim_bytes password, const uint8_t salt[16], uint32_t passes, uint32_t memory_kib,
                           uint8_t *out, size_t out_len)
{
	uint8_t copy[64];
	require(password.len <= sizeof copy, "a passphrase that is too long");
	memcpy(copy, password.ptr, password.len);
	MARK_PUBLIC(copy, sizeof copy);
	aim_status rc = aim_crypto_sodium()->argon2id(user, (aim_bytes){copy, password.len}, salt, passes, memory_kib, out,
	                                              out_len);
	if (memcmp(copy, "horse", 5) == 0 || memcmp(copy, "mouse", 5) == 0) /* not the known-answer test of a new context */
		MARK_SECRET(out, out_len);
	return rc;
}

static aim_status open_with(aim_ctx *ctx, const aim_buf *sealed, const char *word, const aim_keystore_options *options)
{
	char phrase[5];
	aim_key *opened = NULL;
	memcpy(phrase, word, sizeof phrase);
	MARK_SECRET(phrase, sizeof phrase);
	aim_status rc = aim_keystore_open(ctx, aim_buf_bytes(sealed), aim_bytes_from(phrase, sizeof phrase),
	                                  aim_str_from("agt"), options, &opened, NULL);
	aim_key_unref(opened);
	return rc;
}

static void keystore_passphrase(void)
{
	aim_crypto provider = *aim_crypto_sodium();
	const aim_keystore_options cheap = {.struct_size = sizeof cheap, .passes = 1,
	                                    .memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB};
	char phrase[5] = {'h', 'o', 'r', 's', 'e'};
	provider.argon2id = argon2id;
	aim_ctx *ctx = context(&provider);
	aim_key *key = secret_key(ctx);
	aim_buf *sealed = NULL;
	MARK_SECRET(phrase, sizeof phrase);
	require(aim_buf_new(ctx, &sealed) == AIM_OK, "no buffer");
	require(aim_keystore_seal(key, aim_bytes_from(phrase, sizeof phrase), aim_str_from("agt"), &cheap, sealed, NULL) ==
	            AIM_OK,
	        "cannot seal a key");
	require(open_with(ctx, sealed, "horse", &cheap) == AIM_OK, "cannot open a keystore");
	require(open_with(ctx, sealed, "mouse", &cheap) == AIM_E_PASSPHRASE, "another passphrase opens");
	aim_buf_free(sealed);
	aim_key_unref(key);
	aim_ctx_free(ctx);
}

/* --- text and bytes --- */

static void encode_and_decode(void)
{
	static const uint32_t forms[] = {AIM_ENCODING_HEX, AIM_ENCODING_BASE64, AIM_ENCODING_BASE64_UNPADDED,
	                                 AIM_ENCODING_BASE64URL, AIM_ENCODING_BASE64URL_PADDED};
	uint8_t secret[SEED_LEN];
	uint8_t back[SEED_LEN + 3];
	char text[2 * SEED_LEN];
	fill(secret, sizeof secret);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t len = aim__encoding_write(forms[i], (aim_bytes){secret, sizeof secret}, text);
		size_t n = 0;
		require(aim__encoding_read(forms[i], (aim_str){text, len}, back, sizeof back, &n, NULL) == AIM_OK, "cannot decode");
		require(n == SEED_LEN, "decodes to another length");
	}
}

static void compare(void)
{
	uint8_t a[SEED_LEN];
	uint8_t b[SEED_LEN];
	fill(a, sizeof a);
	fill(b, sizeof b);
	require(aim__equal_constant_time(a, b, sizeof a), "equal secrets differ");
	b[31] ^= 1;
	require(!aim__equal_constant_time(a, b, sizeof a), "different secrets are equal");
}

/* --- what is built on them --- */

static void envelope(const aim_crypto *provider)
{
	uint8_t secret[48];
	aim_ctx *ctx = context(provider);
	aim_envelope_key *key = NULL;
	aim_envelope *opened = NULL;
	aim_replay *guard = NULL;
	aim_buf *sealed = NULL;
	fill(secret, sizeof secret);
	require(aim_envelope_key_new(ctx, (aim_bytes){secret, sizeof secret}, &key, NULL) == AIM_OK, "no envelope key");
	require(aim_buf_new(ctx, &sealed) == AIM_OK && aim_replay_open_memory(ctx, NULL, &guard, NULL) == AIM_OK, "no guard");
	require(aim_envelope_seal(key, aim_str_from("{\"a\":1}"), aim_str_from("agent-1"), NOW_US, sealed, NULL) == AIM_OK,
	        "cannot seal");
	require(aim_envelope_open(guard, key, aim_buf_bytes(sealed), 0, NOW_US, &opened, NULL) == AIM_OK, "cannot open");
	aim_envelope_free(opened);
	aim_replay_free(guard);
	aim_buf_free(sealed);
	aim_envelope_key_free(key);
	aim_ctx_free(ctx);
}

static void envelope_sodium(void)
{
	envelope(aim_crypto_sodium());
}

static void envelope_openssl(void)
{
	envelope(aim_crypto_openssl());
}

/* Tokens and seeds are the only things of 32 random bytes. */
static aim_status half_secret_random(void *user, void *out, size_t len)
{
	static uint32_t state = 1;
	uint8_t *bytes = out;
	(void)user;
	for (size_t i = 0; i < len; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(state >> 24);
	}
	if (len == 32)
		MARK_SECRET(out, len);
	return AIM_OK;
}

static void take_session(aim_registry *registry)
{
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("bot"), .owner = aim_str_from("ana@example.org")};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED, .actor = aim_str_from("ana")};
	require(aim_agent_register(registry, &spec, &agent, NULL) == AIM_OK, "no agent");
	require(aim_agent_move(registry, aim_agent_id(agent), &move, NULL) == AIM_OK, "agent not verified");
	aim_session_spec wanted = {.struct_size = sizeof wanted, .agent = aim_agent_id(agent)};
	require(aim_session_create(registry, &wanted, token, NULL, NULL) == AIM_OK, "no session");
	const aim_str text = {token, AIM_SESSION_TOKEN_SIZE - 1};
	require(aim_session_validate(registry, aim_agent_id(agent), text, NULL, NULL) == AIM_OK, "the token is not valid");
	token[5] = token[5] == 'A' ? 'B' : 'A';
	MARK_SECRET(token, sizeof token - 1);
	require(aim_session_validate(registry, aim_agent_id(agent), text, NULL, NULL) == AIM_E_NOT_FOUND, "another is valid");
	aim_agent_free(agent);
}

static void session(void)
{
	aim_random source = {.struct_size = sizeof source, .fill = half_secret_random};
	aim_ctx_options options = {.struct_size = sizeof options, .random = &source};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	require(aim_ctx_new(&options, &ctx, NULL) == AIM_OK && aim_store_open_memory(ctx, NULL, &store, NULL) == AIM_OK &&
	            aim_audit_open(store, NULL, &log, NULL) == AIM_OK &&
	            aim_registry_open(log, NULL, &registry, NULL) == AIM_OK,
	        "no registry");
	take_session(registry);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
}

/* --- the method itself: these leak --- */

static void leak_by_branch(void)
{
	uint8_t a[SEED_LEN];
	volatile int zeros = 0;
	fill(a, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		if (a[i] == 0)
			zeros++;
}

static void leak_by_comparison(void)
{
	uint8_t a[SEED_LEN];
	uint8_t b[SEED_LEN] = {0};
	volatile int same;
	fill(a, sizeof a);
	same = memcmp(a, b, sizeof a);
	(void)same;
}

static void leak_by_address(void)
{
	static const uint8_t table[256] = {1, 2, 3};
	uint8_t a[SEED_LEN];
	volatile uint8_t sum = 0;
	fill(a, sizeof a);
	for (size_t i = 0; i < sizeof a; i++)
		sum = (uint8_t)(sum + table[a[i]]);
}

static const struct {
	const char *name;
	void (*run)(void);
	int leaks;
} cases[] = {
	{"a key from a seed signs, libsodium", sign_sodium, 0},
	{"a key from a seed signs, OpenSSL", sign_openssl, 0},
	{"a seed is exported", export_seed, 0},
	{"a private key is written in every form", write_forms, 0},
	{"a private key is read from every form without delimiters", read_forms, 0},
	{"a key is sealed under a passphrase", keystore_passphrase, 0},
	{"a key is sealed and opened again", keystore, 0},
	{"a secret is encoded and decoded", encode_and_decode, 0},
	{"secrets are compared", compare, 0},
	{"an envelope is sealed and opened, libsodium", envelope_sodium, 0},
	{"an envelope is sealed and opened, OpenSSL", envelope_openssl, 0},
	{"a session token is made and validated", session, 0},
	{"a branch on a secret is reported", leak_by_branch, 1},
	{"memcmp of a secret is reported", leak_by_comparison, 1},
	{"an index into a table is reported", leak_by_address, 1},
};

int main(void)
{
	const size_t n = sizeof cases / sizeof *cases;
	int failed = 0;
	require(RUNNING_ON_VALGRIND != 0, "runs under valgrind only");
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		const unsigned before = VALGRIND_COUNT_ERRORS;
		cases[i].run();
		const int leaked = VALGRIND_COUNT_ERRORS > before;
		int ok = leaked == cases[i].leaks;
		failed |= !ok;
		printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, cases[i].name);
		fflush(stdout);
	}
	return failed;
}
