/* Challenge and response: the exact text, what is refused as a field, the order of the checks, single use, binding,
 * bounds, and that a server signs nothing else. */
#include "envelope_kit.h"

#include "crypto/provider.h"

#include <aim/challenge.h>
#include <aim/keyring.h>
#include <aim/server.h>

#define NOW INT64_C(1795434222) /* 2026-11-23T11:43:42Z */
#define DID "did:mesh:0123456789abcdef0123456789abcdef"
#define SERVER "srv_0192f0c1000070008000000000000001"

static test_heap heap;
static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_challenge_issuer *issuer;
static aim_buf *text;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	key = kit_key(ctx, AIM_KEY_SERVER, SEED_A);
	public_key = kit_public(key);
	issuer = NULL;
	text = kit_buf(ctx);
	return aim_challenge_issuer_new(ctx, NULL, &issuer, NULL);
}

static int teardown(void **state)
{
	(void)state;
	aim_buf_free(text);
	aim_challenge_issuer_free(issuer);
	aim_key_unref(key);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_str issue(int64_t now_s)
{
	aim_buf_clear(text);
	assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), now_s, text, NULL), AIM_OK);
	return aim_buf_str(text);
}

static uint8_t signature[64];

static aim_challenge_response answer_to(aim_str challenge)
{
	aim_challenge_response r = {.struct_size = sizeof r};
	r.challenge = challenge;
	r.server_id = str(SERVER);
	r.agent_did = str(DID);
	r.signature = aim_bytes_from(signature, sizeof signature);
	r.public_key = &public_key;
	r.trusted = &public_key;
	r.n_trusted = 1;
	return r;
}

static aim_challenge_response answer(int64_t now_s)
{
	aim_str challenge = issue(now_s);
	assert_status(aim_challenge_sign(key, challenge, str(DID), now_s, signature, NULL), AIM_OK);
	return answer_to(challenge);
}

static aim_status verify(const aim_challenge_response *r, int64_t now_s)
{
	aim_error err = {0};
	aim_status rc = aim_challenge_verify(issuer, r, now_s, &err);
	assert_int_equal(err.status, rc);
	return rc;
}

static void test_proved(void **state)
{
	aim_challenge_response r = answer(NOW);
	(void)state;
	assert_int_equal(aim_challenge_pending(issuer), 1);
	assert_status(verify(&r, NOW + 299), AIM_OK);
	assert_int_equal(aim_challenge_pending(issuer), 0);
	assert_status(verify(&r, NOW + 299), AIM_E_REPLAY);
}

/* challenge|agentDid|nonce|issuedAt|expiresAt, and the signature is over these bytes and no label. */
static void test_exact_text(void **state)
{
	static const char golden[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8|" DID
	                             "|8PHy8/T19vf4+fr7/P3+/w|2026-11-23T11:43:42Z|2026-11-23T11:48:42Z";
	static const char golden_signature[] =
		"21ee5f7bfc82e152ba1adf4cac4038b9c846eda913495d5e55e927569d6f232f749c5cef2118d3244148cc3b2f312d30550e7a189a7f87cf8b05b275016d7d0d";
	aim_challenge c = {.struct_size = sizeof c};
	aim_buf *hex = kit_buf(ctx);
	(void)state;
	assert_status(aim_challenge_parse(str(golden), &c, NULL), AIM_OK);
	assert_text(c.agent_did, DID);
	assert_int_equal(c.issued_at_s, NOW);
	assert_int_equal(c.expires_at_s, NOW + 300);
	assert_status(aim_challenge_sign(key, str(golden), str(DID), NOW, signature, NULL), AIM_OK);
	assert_status(aim_encoding_encode(AIM_ENCODING_HEX, aim_bytes_from(signature, 64), hex), AIM_OK);
	assert_text(aim_buf_str(hex), golden_signature);
	assert_status(aim__ed25519_verify_strict(ctx, public_key.bytes, bytes(golden), signature, NULL), AIM_OK);
	aim_str mine = issue(NOW);
	assert_int_equal(mine.len, strlen(golden));
	assert_memory_equal(mine.ptr + 43, "|" DID "|", strlen(DID) + 2);
	assert_string_equal(mine.ptr + mine.len - 42, "|2026-11-23T11:43:42Z|2026-11-23T11:48:42Z");
	aim_buf_free(hex);
}

static void test_no_two_are_the_same(void **state)
{
	char first[64];
	(void)state;
	memcpy(first, issue(NOW).ptr, 43);
	assert_memory_not_equal(issue(NOW).ptr, first, 43);
}

/* Each answer is wrong in one more way than the one before it: the first check that fails is the status. */
static void test_the_order_of_the_checks(void **state)
{
	aim_public_key other = {{9}};
	(void)state;
	aim_challenge_response r = answer(NOW);
	r.agent_did = str("did:mesh:somebody-else");
	assert_status(verify(&r, NOW), AIM_E_ISSUER);
	assert_status(verify(&r, NOW), AIM_E_REPLAY); /* and for another agent */
	assert_status(verify(&r, NOW + 300), AIM_E_EXPIRED);
	r.trusted = &other;
	assert_status(verify(&r, NOW + 300), AIM_E_UNTRUSTED_KEY);
	r.n_trusted = 0;
	assert_status(verify(&r, NOW + 300), AIM_E_UNTRUSTED_KEY);
	signature[3] ^= 1;
	assert_status(verify(&r, NOW + 300), AIM_E_SIGNATURE);
	r.challenge.len -= 1;
	assert_status(verify(&r, NOW + 300), AIM_E_ENVELOPE);
}

/* A failed attempt uses the challenge up, whichever check it failed. */
static void test_a_failure_consumes(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		aim_challenge_response right = answer(NOW);
		aim_challenge_response wrong = right;
		uint8_t bad[64];
		memcpy(bad, signature, 64);
		bad[0] ^= 1;
		if (i == 0)
			wrong.signature.ptr = bad;
		else if (i == 1)
			wrong.n_trusted = 0;
		else if (i == 3)
			wrong.server_id = str("srv_other");
		else if (i == 4)
			wrong.agent_did = str("did:other");
		else if (i == 5)
			wrong.challenge.len = 43;
		assert_true(verify(&wrong, i == 2 ? NOW + 300 : NOW) != AIM_OK);
		assert_status(verify(&right, NOW), AIM_E_REPLAY);
		assert_int_equal(aim_challenge_pending(issuer), 0);
	}
}

/* Bound to one server and one agent; a text with other times than issued is not ours. */
static void test_binding(void **state)
{
	(void)state;
	aim_challenge_response r = answer(NOW);
	r.server_id = str("srv_0192f0c1000070008000000000000002");
	assert_status(verify(&r, NOW), AIM_E_ISSUER);
	char *longer = kit_replaced(issue(NOW).ptr, "|2026-11-23T11:43:42Z|2026-11-23T11:48:42Z",
	                            "|2026-11-23T11:44:42Z|2026-11-23T11:49:42Z");
	assert_status(aim_challenge_sign(key, str(longer), str(""), NOW, signature, NULL), AIM_OK);
	r = answer_to(str(longer));
	assert_status(verify(&r, NOW + 310), AIM_E_ISSUER);
	free(longer);
}

static void test_not_issued_here(void **state)
{
	aim_challenge_issuer *other = NULL;
	(void)state;
	assert_status(aim_challenge_issuer_new(ctx, NULL, &other, NULL), AIM_OK);
	aim_challenge_response r = answer(NOW);
	assert_status(aim_challenge_verify(other, &r, NOW, NULL), AIM_E_REPLAY);
	assert_status(verify(&r, NOW), AIM_OK);
	aim_challenge_issuer_free(other);
}

/* No bit of the answer may change. */
static void test_every_changed_bit(void **state)
{
	char changed[512];
	(void)state;
	aim_challenge_response right = answer(NOW);
	size_t len = right.challenge.len;
	memcpy(changed, right.challenge.ptr, len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		aim_challenge_response r = right;
		changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
		r.challenge = (aim_str){changed, len};
		aim_status rc = verify(&r, NOW);
		assert_true(rc == AIM_E_SIGNATURE || rc == AIM_E_ENVELOPE);
		changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t bit = 0; bit < 512; bit++) {
		aim_challenge_response r = answer(NOW);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_status(verify(&r, NOW), AIM_E_SIGNATURE);
	}
}

static void test_fields(void **state)
{
	static const char *const names[] = {"", "a|b", "a\nb", "a\x7f", "a\x1f", "a\xc2\x85", "\xff", "\xc3"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		aim_error err = {0};
		aim_buf_clear(text);
		assert_status(aim_challenge_issue(issuer, str(names[i]), str(DID), NOW, text, &err), AIM_E_ID_NAME);
		assert_non_null(strstr(err.message, "server_id"));
		assert_status(aim_challenge_issue(issuer, str(SERVER), str(names[i]), NOW, text, &err), AIM_E_ID_NAME);
		assert_non_null(strstr(err.message, "agent_did"));
		assert_int_equal(aim_buf_bytes(text).len, 0);
	}
	char longest[513];
	memset(longest, 'x', sizeof longest);
	assert_status(aim_challenge_issue(issuer, str(SERVER), (aim_str){longest, 513}, NOW, text, NULL), AIM_E_ID_NAME);
	assert_status(aim_challenge_issue(issuer, str(SERVER), (aim_str){longest, 512}, NOW, text, NULL), AIM_OK);
	assert_status(aim_challenge_sign(key, aim_buf_str(text), str(""), NOW, signature, NULL), AIM_OK);
	assert_status(aim_challenge_issue(issuer, str(SERVER), str("did:web:b\xc3\xa4r"), NOW, text, NULL), AIM_OK);
	assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), INT64_C(253402300790), text, NULL),
	              AIM_E_INVALID);
	assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), INT64_MAX, text, NULL), AIM_E_INVALID);
}

#define C43 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define N22 "8PHy8/T19vf4+fr7/P3+/w"
#define T1 "2026-11-23T11:43:42Z"
#define T2 "2026-11-23T11:48:42Z"

/* A server that signs anything that looks like a challenge would be an oracle for other formats. */
static void test_what_is_no_challenge(void **state)
{
	static const char *const rows[] = {
		"",
		"||||",
		C43 "|" DID "|" N22 "|" T1,
		C43 "|" DID "|" N22 "|" T1 "|" T2 "|",
		C43 "=|" DID "|" N22 "|" T1 "|" T2,
		C43 "|" DID "|" N22 "==|" T1 "|" T2,
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9|" DID "|" N22 "|" T1 "|" T2,  /* spare bits */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-|" DID "|" N22 "|" T1 "|" T2,  /* another alphabet */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg|" DID "|" N22 "|" T1 "|" T2,   /* 31 bytes */
		C43 "||" N22 "|" T1 "|" T2,
		C43 "|did:\n|" N22 "|" T1 "|" T2,
		C43 "|" DID "|" N22 "|2026-11-23t11:43:42z|" T2,
		C43 "|" DID "|" N22 "|2026-11-23T11:43:42.0Z|" T2,
		C43 "|" DID "|" N22 "|2026-11-23T11:43:42+00:00|" T2,
		C43 "|" DID "|" N22 "|2026-02-30T11:43:42Z|" T2,
		C43 "|" DID "|" N22 "|" T2 "|" T1,
		C43 "|" DID "|" N22 "|" T1 "|" T1,
		C43 "|" DID "|" N22 "|" T1 "|2026-11-23T11:48:43Z",
		"libaim/message/v1\n" C43 "|" DID "|" N22 "|" T1 "|" T2,
	};
	aim_challenge c = {.struct_size = sizeof c};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (aim_challenge_sign(key, str(rows[i]), str(""), NOW, signature, NULL) != AIM_E_ENVELOPE)
			fail_msg("row %zu was signed", i);
		c.issued_at_s = 1;
		assert_status(aim_challenge_parse(str(rows[i]), &c, NULL), AIM_E_ENVELOPE);
		assert_int_equal(c.issued_at_s, 0);
	}
}

static void test_the_server_looks_first(void **state)
{
	aim_str challenge = issue(NOW);
	aim_key *agent = kit_key(ctx, AIM_KEY_AGENT, SEED_B);
	(void)state;
	assert_status(aim_challenge_sign(key, challenge, str("did:other"), NOW, signature, NULL), AIM_E_CLAIM);
	assert_status(aim_challenge_sign(key, challenge, str(DID), NOW + 300, signature, NULL), AIM_E_EXPIRED);
	assert_status(aim_challenge_sign(key, challenge, str(DID), NOW - 301, signature, NULL), AIM_E_FUTURE);
	assert_status(aim_challenge_sign(key, challenge, str(DID), NOW - 300, signature, NULL), AIM_OK);
	assert_status(aim_challenge_sign(key, challenge, str(DID), INT64_MIN, signature, NULL), AIM_E_INVALID);
	assert_status(aim_challenge_sign(agent, challenge, str(DID), NOW, signature, NULL), AIM_E_KEY_PURPOSE);
	aim_key_unref(agent);
}

static void test_bounded(void **state)
{
	aim_challenge_issuer_options o = {.struct_size = sizeof o, .max_pending = 3, .life_s = 10};
	aim_error err = {0};
	(void)state;
	aim_challenge_issuer_free(issuer);
	issuer = NULL;
	assert_status(aim_challenge_issuer_new(ctx, &o, &issuer, NULL), AIM_OK);
	issue(NOW);
	issue(NOW + 5);
	issue(NOW + 5);
	aim_buf_clear(text);
	assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), NOW + 9, text, &err), AIM_E_LIMIT);
	assert_non_null(strstr(err.message, "3 challenges wait"));
	assert_int_equal(aim_buf_bytes(text).len, 0);
	aim_challenge_response r = answer(NOW + 10); /* the first has expired */
	assert_int_equal(aim_challenge_pending(issuer), 3);
	assert_status(verify(&r, NOW + 19), AIM_OK);
	issue(NOW + 100);
	issue(NOW + 100);
	issue(NOW + 100);
	assert_int_equal(aim_challenge_pending(issuer), 3);
}

/* By default a thousand, each answered in another order than issued. */
static void test_a_thousand(void **state)
{
	static char texts[1000][256];
	size_t len = 0;
	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		aim_str t = issue(NOW);
		len = t.len;
		memcpy(texts[i], t.ptr, len);
	}
	assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), NOW, text, NULL), AIM_E_LIMIT);
	for (size_t i = 0; i < 1000; i += 1) {
		size_t k = i * 7 % 1000;
		aim_challenge_response r = answer_to((aim_str){texts[k], len});
		r.n_trusted = 0;
		if (k % 100 == 0) {
			assert_status(aim_challenge_sign(key, r.challenge, str(DID), NOW, signature, NULL), AIM_OK);
			r.n_trusted = 1;
			assert_status(verify(&r, NOW), AIM_OK);
		} else {
			assert_true(verify(&r, NOW) != AIM_OK);
		}
	}
	assert_int_equal(aim_challenge_pending(issuer), 0);
}

/* ---- with a registry ---- */

typedef struct registered {
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	char id[40];
} registered;

static aim_status register_server(aim_ctx *c, registered *r, const aim_public_key *its_key)
{
	aim_server_spec spec = {.struct_size = sizeof spec, .public_key = its_key};
	aim_server *server = NULL;
	memset(r, 0, sizeof *r);
	spec.name = str("files");
	spec.url = str("https://files.example/mcp");
	aim_status rc = aim_store_open_memory(c, NULL, &r->store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(r->store, NULL, &r->log, NULL);
	if (rc == AIM_OK)
		rc = aim_registry_open(r->log, NULL, &r->registry, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(r->registry, &spec, &server, NULL);
	if (rc == AIM_OK)
		memcpy(r->id, aim_server_id(server).ptr, aim_server_id(server).len);
	aim_server_free(server);
	return rc;
}

static void unregister(registered *r)
{
	aim_registry_free(r->registry);
	aim_audit_free(r->log);
	aim_store_free(r->store);
}

static aim_challenge_response registered_answer(const registered *server)
{
	aim_buf_clear(text);
	assert_status(aim_challenge_issue(issuer, str(server->id), str(DID), NOW, text, NULL), AIM_OK);
	assert_status(aim_challenge_sign(key, aim_buf_str(text), str(DID), NOW, signature, NULL), AIM_OK);
	aim_challenge_response r = answer_to(aim_buf_str(text));
	r.server_id = str(server->id);
	r.n_trusted = 0;
	r.registry = server->registry;
	return r;
}

static void move_server(const registered *server, uint32_t status)
{
	aim_registry_move move = {.struct_size = sizeof move, .status = status};
	move.reason = str("test");
	assert_status(aim_server_move(server->registry, str(server->id), &move, NULL), AIM_OK);
}

/* A pending server may prove its key; a suspended one has proved nothing, and that is said last. */
static void test_registered(void **state)
{
	registered server;
	(void)state;
	assert_status(register_server(ctx, &server, &public_key), AIM_OK);
	aim_challenge_response r = registered_answer(&server);
	assert_status(verify(&r, NOW), AIM_OK);
	move_server(&server, AIM_REGISTRY_VERIFIED);
	r = registered_answer(&server);
	assert_status(verify(&r, NOW), AIM_OK);
	move_server(&server, AIM_REGISTRY_SUSPENDED);
	r = registered_answer(&server);
	assert_status(verify(&r, NOW), AIM_E_ISSUER);
	assert_status(verify(&r, NOW), AIM_E_REPLAY);
	assert_status(verify(&r, NOW + 300), AIM_E_EXPIRED);
	unregister(&server);
}

static void test_registered_for_another(void **state)
{
	registered server;
	aim_key *stranger = kit_key(ctx, AIM_KEY_SERVER, SEED_B);
	aim_public_key theirs = kit_public(stranger);
	(void)state;
	assert_status(register_server(ctx, &server, &public_key), AIM_OK);
	aim_challenge_response r = registered_answer(&server);
	r.server_id = str(SERVER);
	assert_status(verify(&r, NOW), AIM_E_UNTRUSTED_KEY);
	r = registered_answer(&server);
	assert_status(aim_challenge_sign(stranger, r.challenge, str(DID), NOW, signature, NULL), AIM_OK);
	r.public_key = &theirs;
	r.trusted = &theirs; /* the registry's word alone counts */
	r.n_trusted = 1;
	assert_status(verify(&r, NOW), AIM_E_UNTRUSTED_KEY);
	aim_key_unref(stranger);
	unregister(&server);
}

static void test_revoked_key(void **state)
{
	registered server;
	char id[AIM_KEY_ID_SIZE];
	(void)state;
	assert_status(register_server(ctx, &server, &public_key), AIM_OK);
	assert_status(aim_key_id(ctx, &public_key, id), AIM_OK);
	aim_challenge_response r = registered_answer(&server);
	assert_status(aim_keyring_revoke(server.registry, str(id), NULL, NULL), AIM_OK);
	assert_status(verify(&r, NOW), AIM_E_KEY_REVOKED);
	unregister(&server);
}

static aim_status run_registered(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1};
	aim_challenge_issuer *mine = NULL;
	aim_key *k = NULL;
	aim_buf *out = NULL;
	registered server = {0};
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_SERVER, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_challenge_issuer_new(c, NULL, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		rc = register_server(c, &server, &p);
	}
	if (rc == AIM_OK)
		rc = aim_challenge_issue(mine, str(server.id), str(DID), NOW, out, NULL);
	if (rc == AIM_OK)
		rc = aim_challenge_sign(k, aim_buf_str(out), str(DID), NOW, signature, NULL);
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		aim_challenge_response r = answer_to(aim_buf_str(out));
		r.public_key = &p;
		r.registry = server.registry;
		r.server_id = str(server.id);
		rc = aim_challenge_verify(mine, &r, NOW, NULL);
	}
	unregister(&server);
	aim_buf_free(out);
	aim_challenge_issuer_free(mine);
	aim_key_unref(k);
	return rc;
}

static void test_every_allocation_fails_registered(void **state)
{
	(void)state;
	test_each_allocation_fails(run_registered, NULL);
}

static void test_misuse(void **state)
{
	aim_challenge_issuer_options o = {.struct_size = sizeof o, .life_s = 301};
	aim_challenge_issuer *none = NULL;
	aim_challenge c = {.struct_size = 4};
	(void)state;
	assert_status(aim_challenge_issuer_new(ctx, &o, &none, NULL), AIM_E_LIMIT);
	o.life_s = 0;
	o.flags = 1;
	assert_status(aim_challenge_issuer_new(ctx, &o, &none, NULL), AIM_E_VERSION);
	assert_status(aim_challenge_issuer_new(NULL, NULL, &none, NULL), AIM_E_INVALID);
	assert_status(aim_challenge_parse(str(""), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_challenge_parse(str(""), &c, NULL), AIM_E_INVALID);
	assert_status(aim_challenge_verify(issuer, NULL, NOW, NULL), AIM_E_INVALID);
	aim_challenge_response r = answer(NOW);
	r.flags = 1;
	assert_status(verify(&r, NOW), AIM_E_VERSION);
	r.flags = 0;
	r.public_key = NULL;
	assert_status(aim_challenge_verify(issuer, &r, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_challenge_sign(NULL, r.challenge, str(""), NOW, signature, NULL), AIM_E_INVALID);
	assert_int_equal(aim_challenge_pending(NULL), 0);
	aim_challenge_issuer_free(NULL);
}

static aim_status run(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {1};
	aim_challenge_issuer *mine = NULL;
	aim_key *k = NULL;
	aim_buf *out = NULL;
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_SERVER, aim_bytes_from(seed, 32), &k, NULL);
	if (rc == AIM_OK)
		rc = aim_challenge_issuer_new(c, NULL, &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &out);
	for (int i = 0; rc == AIM_OK && i < 20; i++) {
		aim_buf_clear(out);
		rc = aim_challenge_issue(mine, str(SERVER), str(DID), NOW, out, NULL);
		if (rc != AIM_OK)
			assert_int_equal(aim_buf_bytes(out).len, 0);
	}
	if (rc == AIM_OK)
		rc = aim_challenge_sign(k, aim_buf_str(out), str(DID), NOW, signature, NULL);
	if (rc == AIM_OK) {
		aim_public_key p = kit_public(k);
		aim_challenge_response r = answer_to(aim_buf_str(out));
		r.public_key = r.trusted = &p;
		rc = aim_challenge_verify(mine, &r, NOW, NULL);
	}
	aim_buf_free(out);
	aim_challenge_issuer_free(mine);
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
		T(test_proved),
		T(test_exact_text),
		T(test_no_two_are_the_same),
		T(test_the_order_of_the_checks),
		T(test_a_failure_consumes),
		T(test_binding),
		T(test_not_issued_here),
		T(test_every_changed_bit),
		T(test_fields),
		T(test_what_is_no_challenge),
		T(test_the_server_looks_first),
		T(test_bounded),
		T(test_a_thousand),
		T(test_registered),
		T(test_registered_for_another),
		T(test_revoked_key),
		T(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
		cmocka_unit_test(test_every_allocation_fails_registered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
