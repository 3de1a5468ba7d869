/* Handshakes: the exact bytes, every refusal in its order, single use, limits, remembered results, the compatibility
 * form, memory. */
#include "support.h"

#include "crypto/provider.h"

#include <aim/agent.h>
#include <aim/handshake.h>
#include <aim/keyring.h>
#include <aim/plugin/crypto.h>
#include <stdlib.h>
#include <string.h>

#define S(text) aim_str_from(text)
#define NOW INT64_C(1800000000000000)
#define SECOND INT64_C(1000000)

static const aim_str reading = {"read:data", 9};
static const aim_str writing = {"write:data", 10};
static const aim_str all_reading[] = {{"read:*", 6}};

typedef struct meeting {
	test_heap heap;
	aim_ctx *ctx;
	aim_handshake *handshake;
	aim_key *mine, *theirs, *other;
	aim_public_key my_key, their_key, other_key;
	aim_buf *challenge, *response;
	aim_handshake_spec spec;
	aim_handshake_terms terms;
	aim_handshake_check check;
	int64_t now_us;
} meeting;

static aim_key *key_of(aim_ctx *ctx, uint8_t byte, aim_public_key *out)
{
	uint8_t seed[32] = {byte, 77};
	aim_key *key = NULL;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, out), AIM_OK);
	return key;
}

static int setup(void **state)
{
	meeting *m = calloc(1, sizeof *m);
	assert_non_null(m);
	m->ctx = test_ctx(&m->heap);
	assert_status(aim_handshake_new(m->ctx, NULL, &m->handshake, NULL), AIM_OK);
	m->mine = key_of(m->ctx, 1, &m->my_key);
	m->theirs = key_of(m->ctx, 2, &m->their_key);
	m->other = key_of(m->ctx, 3, &m->other_key);
	assert_status(aim_buf_new(m->ctx, &m->challenge), AIM_OK);
	assert_status(aim_buf_new(m->ctx, &m->response), AIM_OK);
	m->spec = (aim_handshake_spec){.struct_size = sizeof m->spec, .capabilities = &reading, .n_capabilities = 1};
	m->spec.initiator = S("did:mesh:me");
	m->spec.responder = S("did:mesh:peer");
	m->terms = (aim_handshake_terms){.struct_size = sizeof m->terms, .initiator_key = &m->my_key};
	m->terms.responder = S("did:mesh:peer");
	m->terms.capabilities = all_reading;
	m->terms.n_capabilities = 1;
	m->terms.claimed_score = 990;
	m->check = (aim_handshake_check){.struct_size = sizeof m->check, .peer_key = &m->their_key};
	m->check.score = 700;
	m->check.required_score = 500;
	m->now_us = NOW;
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	meeting *m = *state;
	aim_buf_free(m->response);
	aim_buf_free(m->challenge);
	aim_key_unref(m->other);
	aim_key_unref(m->theirs);
	aim_key_unref(m->mine);
	aim_handshake_free(m->handshake);
	test_ctx_done(m->ctx, &m->heap);
	free(m);
	return 0;
}

static void begin(meeting *m)
{
	aim_buf_clear(m->challenge);
	assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, m->now_us, m->challenge, NULL), AIM_OK);
}

static aim_status respond_at(meeting *m, int64_t now_us)
{
	aim_buf_clear(m->response);
	return aim_handshake_respond(m->theirs, aim_buf_bytes(m->challenge), &m->terms, now_us, m->response, NULL);
}

static void respond(meeting *m)
{
	assert_status(respond_at(m, m->now_us + SECOND), AIM_OK);
}

static aim_status finish_at(meeting *m, int64_t now_us, aim_handshake_result **out)
{
	return aim_handshake_finish(m->handshake, aim_buf_bytes(m->response), &m->check, now_us, out, NULL);
}

/* Finishes and expects a refusal that says words. */
static void refused(meeting *m, aim_status status, const char *words)
{
	aim_handshake_result *r = NULL;
	assert_status(finish_at(m, m->now_us + 2 * SECOND, &r), status);
	assert_non_null(r);
	assert_int_equal(aim_handshake_result_verified(r), 0);
	assert_int_equal(aim_handshake_result_score(r), 0);
	assert_int_equal(aim_handshake_result_level(r), AIM_HANDSHAKE_UNTRUSTED);
	assert_int_equal(aim_handshake_result_capability_count(r), 0);
	if (!strstr(aim_handshake_result_reason(r).ptr, words))
		fail_msg("\"%s\" does not say \"%s\"", aim_handshake_result_reason(r).ptr, words);
	aim_handshake_result_free(r);
}

static void meet(meeting *m)
{
	begin(m);
	respond(m);
	assert_status(finish_at(m, m->now_us + 2 * SECOND, NULL), AIM_OK);
}

static void test_verified(void **state)
{
	meeting *m = *state;
	aim_handshake_result *r = NULL;
	m->spec.flags = AIM_HANDSHAKE_FRESHNESS;
	begin(m);
	assert_int_equal(aim_handshake_pending(m->handshake), 1);
	assert_non_null(strstr(aim_buf_str(m->challenge).ptr, "\"id\":\"challenge_"));
	assert_non_null(strstr(aim_buf_str(m->challenge).ptr, "\"status\":\"pending\""));
	assert_non_null(strstr(aim_buf_str(m->challenge).ptr, "\"freshness\":\""));
	respond(m);
	assert_status(finish_at(m, NOW + 2 * SECOND, &r), AIM_OK);
	assert_int_equal(aim_handshake_pending(m->handshake), 0);
	assert_int_equal(aim_handshake_result_verified(r), 1);
	assert_text(aim_handshake_result_peer(r), "did:mesh:peer");
	assert_text(aim_handshake_result_reason(r), "verified");
	assert_int_equal(aim_handshake_result_score(r), 700);
	assert_int_equal(aim_handshake_result_claimed_score(r), 990);
	assert_int_equal(aim_handshake_result_level(r), AIM_HANDSHAKE_TRUSTED);
	assert_int_equal(aim_handshake_result_capability_count(r), 1);
	assert_text(aim_handshake_result_capability_at(r, 0), "read:*");
	assert_int_equal(aim_handshake_result_capability_at(r, 1).len, 0);
	assert_true(aim_handshake_result_latency_us(r) >= 0);
	aim_handshake_result_free(r);
}

static void test_single_use(void **state)
{
	meeting *m = *state;
	meet(m);
	refused(m, AIM_E_REPLAY, "answered before");
	/* A wrong response uses the challenge up too. */
	begin(m);
	respond(m);
	m->check.score = 0;
	refused(m, AIM_E_HANDSHAKE_SCORE, "score is 0; 500 is required");
	m->check.score = 700;
	refused(m, AIM_E_REPLAY, "answered before");
}

static void test_expiry(void **state)
{
	meeting *m = *state;
	begin(m);
	respond(m);
	assert_status(finish_at(m, NOW + 30 * SECOND, NULL), AIM_E_EXPIRED);
	begin(m);
	respond(m);
	assert_status(finish_at(m, NOW - 1, NULL), AIM_E_EXPIRED);
	begin(m);
	assert_status(respond_at(m, NOW + 30 * SECOND), AIM_E_EXPIRED);
	assert_status(respond_at(m, NOW - 31 * SECOND), AIM_E_FUTURE);
	assert_status(respond_at(m, NOW - 30 * SECOND), AIM_OK);
	assert_status(finish_at(m, NOW + 30 * SECOND - 1, NULL), AIM_OK);
}

static void test_the_responder_looks_first(void **state)
{
	meeting *m = *state;
	begin(m);
	m->terms.initiator_key = &m->other_key;
	assert_status(respond_at(m, NOW), AIM_E_SIGNATURE);
	m->terms.initiator_key = &m->my_key;
	m->terms.responder = S("did:mesh:other");
	assert_status(respond_at(m, NOW), AIM_E_CLAIM);
	m->terms.responder = S("did:mesh:peer");
	m->terms.initiator = S("did:mesh:stranger");
	assert_status(respond_at(m, NOW), AIM_E_CLAIM);
	m->terms.initiator = S("did:mesh:me");
	m->terms.claimed_score = 1001;
	assert_status(respond_at(m, NOW), AIM_E_ENVELOPE);
	m->terms.claimed_score = 1000;
	assert_status(respond_at(m, NOW), AIM_OK);
	/* A response is no challenge. */
	assert_status(aim_handshake_respond(m->theirs, aim_buf_bytes(m->response), &m->terms, NOW, m->challenge, NULL),
	              AIM_E_ENVELOPE);
}

/* Responses of other handshakes, with the id changed by hand. */
static void test_another_challenge(void **state)
{
	meeting *m = *state;
	char copy[2048], *id;
	begin(m);
	char first[27];
	memcpy(first, strstr(aim_buf_str(m->challenge).ptr, "challenge_"), 26);
	begin(m);
	respond(m);
	strcpy(copy, aim_buf_str(m->response).ptr);
	id = strstr(copy, "challenge_");
	memcpy(id, first, 26);
	aim_buf_clear(m->response);
	assert_status(aim_buf_append(m->response, aim_bytes_from_str(S(copy))), AIM_OK);
	refused(m, AIM_E_CLAIM, "another challenge");
}

static void test_order_of_refusals(void **state)
{
	meeting *m = *state;
	/* All is wrong at once; mended one by one, each refusal stands before the next. */
	m->check.peer_key = &m->other_key;
	m->check.score = 100;
	m->spec.capabilities = &writing;
	begin(m);
	respond(m);
	refused(m, AIM_E_UNTRUSTED_KEY, "not its registered one");
	m->check.peer_key = &m->their_key;
	begin(m);
	respond(m);
	refused(m, AIM_E_HANDSHAKE_SCORE, "score");
	m->check.score = 500;
	begin(m);
	respond(m);
	refused(m, AIM_E_HANDSHAKE_CAPABILITY, "write:data");
	m->spec.capabilities = &reading;
	meet(m);
}

static void change_and_finish(meeting *m, size_t bit)
{
	aim_handshake_result *r = NULL;
	char *text = (char *)(uintptr_t)aim_buf_str(m->response).ptr;
	text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	assert_true(finish_at(m, NOW + 2 * SECOND, &r) != AIM_OK);
	assert_int_equal(aim_handshake_result_verified(r), 0);
	aim_handshake_result_free(r);
	text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
}

static void test_every_changed_bit_is_refused(void **state)
{
	meeting *m = *state;
	begin(m);
	respond(m);
	size_t len = aim_buf_str(m->response).len;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		if (aim_handshake_pending(m->handshake) == 0) { /* the last one was used up */
			begin(m);
			respond(m);
		}
		change_and_finish(m, bit);
	}
	aim_handshake_result *r = NULL;
	begin(m);
	respond(m);
	assert_status(finish_at(m, NOW + 2 * SECOND, &r), AIM_OK);
	aim_handshake_result_free(r);
	/* And of challenges: the peer does not answer them. */
	begin(m);
	char *text = (char *)(uintptr_t)aim_buf_str(m->challenge).ptr;
	for (size_t bit = 0; bit < 8 * aim_buf_str(m->challenge).len; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		assert_true(respond_at(m, NOW) != AIM_OK);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	respond(m);
}

static void test_limits(void **state)
{
	meeting *m = *state;
	aim_handshake *small = NULL;
	aim_handshake_options o = {.struct_size = sizeof o, .max_pending = 2, .life_s = 10};
	aim_error err = {0};
	assert_status(aim_handshake_new(m->ctx, &o, &small, NULL), AIM_OK);
	for (int i = 0; i < 2; i++)
		assert_status(aim_handshake_begin(small, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_OK);
	size_t len = aim_buf_str(m->challenge).len;
	assert_status(aim_handshake_begin(small, m->mine, &m->spec, NOW + 9 * SECOND, m->challenge, &err), AIM_E_LIMIT);
	assert_non_null(strstr(err.message, "2 challenges wait"));
	assert_int_equal(aim_buf_str(m->challenge).len, len);
	assert_status(aim_handshake_begin(small, m->mine, &m->spec, NOW + 10 * SECOND, m->challenge, &err), AIM_OK);
	assert_int_equal(aim_handshake_pending(small), 1);
	aim_handshake_free(small);
	o.max_pending = 100001;
	assert_status(aim_handshake_new(m->ctx, &o, &small, NULL), AIM_E_LIMIT);
	for (int i = 0; i < 1000; i++)
		begin(m);
	assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_E_LIMIT);
}

static void test_spec_is_checked(void **state)
{
	meeting *m = *state;
	aim_str many[AIM_HANDSHAKE_MAX_ITEMS + 1];
	static const char *const no_did[] = {"", "did:mesh:", "peer", "did:mesh:a b"};
	for (size_t i = 0; i < sizeof no_did / sizeof *no_did; i++) {
		m->spec.responder = S(no_did[i]);
		assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_E_ENVELOPE);
	}
	m->spec.responder = S("did:mesh:peer");
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		many[i] = reading;
	m->spec.capabilities = many;
	m->spec.n_capabilities = AIM_HANDSHAKE_MAX_ITEMS + 1;
	assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_E_ENVELOPE);
	m->spec.n_capabilities = 1;
	m->spec.flags = 2;
	assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_E_VERSION);
	m->spec.flags = 0;
	aim_key *log = NULL;
	static const uint8_t seed[32] = {1};
	assert_status(aim_key_from_seed(m->ctx, AIM_KEY_LOG, aim_bytes_from(seed, 32), &log, NULL), AIM_OK);
	assert_status(aim_handshake_begin(m->handshake, log, &m->spec, NOW, m->challenge, NULL), AIM_E_KEY_PURPOSE);
	assert_int_equal(aim_buf_str(m->challenge).len, 0);
	assert_int_equal(aim_handshake_pending(m->handshake), 0);
	aim_key_unref(log);
}

static void test_what_is_no_response(void **state)
{
	meeting *m = *state;
	static const char *const texts[] = {"", "{}", "[]", "null", "{\"challenge\":\"challenge_0011223344556677\"}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		aim_buf_clear(m->response);
		assert_status(aim_buf_append(m->response, aim_bytes_from_str(S(texts[i]))), AIM_OK);
		refused(m, AIM_E_ENVELOPE, "not a response");
	}
	begin(m);
	respond(m);
	char with_more[2048] = "{\"a\":1,";
	strcat(with_more, aim_buf_str(m->response).ptr + 1);
	aim_buf_clear(m->response);
	assert_status(aim_buf_append(m->response, aim_bytes_from_str(S(with_more))), AIM_OK);
	refused(m, AIM_E_ENVELOPE, "unknown");
}

/* ---- remembered results ---- */

static aim_status recall_at(meeting *m, int64_t now_us)
{
	aim_handshake_result *r = NULL;
	aim_status rc = aim_handshake_recall(m->handshake, &m->spec, &m->check, now_us, &r, NULL);
	assert_int_equal(aim_handshake_result_verified(r), rc == AIM_OK);
	if (rc == AIM_OK)
		assert_text(aim_handshake_result_peer(r), "did:mesh:peer");
	aim_handshake_result_free(r);
	return rc;
}

static void test_recall(void **state)
{
	meeting *m = *state;
	const int64_t met = NOW + 2 * SECOND;
	assert_status(recall_at(m, met), AIM_E_NOT_FOUND);
	meet(m);
	assert_status(recall_at(m, met), AIM_OK);
	assert_status(recall_at(m, met + 900 * SECOND - 1), AIM_OK);
	/* Never for more than was required and asked then. */
	m->check.required_score = 501;
	assert_status(recall_at(m, met), AIM_E_NOT_FOUND);
	m->check.required_score = 300;
	assert_status(recall_at(m, met), AIM_OK);
	m->spec.capabilities = all_reading;
	assert_status(recall_at(m, met), AIM_E_NOT_FOUND);
	m->spec.n_capabilities = 0;
	assert_status(recall_at(m, met), AIM_OK);
	m->spec.initiator = S("did:mesh:another");
	assert_status(recall_at(m, met), AIM_E_NOT_FOUND);
	m->spec.initiator = S("did:mesh:me");
	assert_status(recall_at(m, met - 1), AIM_E_NOT_FOUND); /* a clock that stepped back */
	assert_status(recall_at(m, met + 900 * SECOND), AIM_E_NOT_FOUND);
	assert_status(recall_at(m, met), AIM_E_NOT_FOUND); /* it is gone */
}

static void test_forget(void **state)
{
	meeting *m = *state;
	meet(m);
	assert_status(aim_handshake_forget(m->handshake, S("did:mesh:other")), AIM_OK);
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_OK);
	assert_status(aim_handshake_forget(m->handshake, S("did:mesh:peer")), AIM_OK);
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_E_NOT_FOUND);
	meet(m);
	m->check.peer_key = &m->other_key; /* another key now: dropped */
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_E_NOT_FOUND);
	m->check.peer_key = &m->their_key;
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_E_NOT_FOUND);
}

/* Hears of the peer's revocation while a response is verified; the provider is called without any lock. */
static aim_handshake *hears;

static aim_status verify_and_hear(void *user, const uint8_t public_key[32], aim_bytes message, const uint8_t signature[64])
{
	if (hears)
		assert_status(aim_handshake_forget(hears, S("did:mesh:peer")), AIM_OK);
	return aim_crypto_sodium()->ed25519_verify(user, public_key, message, signature);
}

static void test_what_is_forgotten_meanwhile_is_not_remembered(void **state)
{
	meeting *m = *state;
	aim_crypto crypto = *aim_crypto_sodium();
	aim_ctx_options options = {.struct_size = sizeof options, .crypto = &crypto};
	aim_handshake *handshake = m->handshake;
	aim_ctx *ctx = NULL;
	crypto.ed25519_verify = verify_and_hear;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	assert_status(aim_handshake_new(ctx, NULL, &m->handshake, NULL), AIM_OK);
	meet(m);
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_OK);
	begin(m);
	respond(m);
	hears = m->handshake;
	assert_status(finish_at(m, NOW + 2 * SECOND, NULL), AIM_OK);
	hears = NULL;
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_E_NOT_FOUND);
	aim_handshake_free(m->handshake);
	m->handshake = handshake;
	aim_ctx_free(ctx);
}

static void test_refusals_are_not_remembered(void **state)
{
	meeting *m = *state;
	m->check.required_score = 900;
	begin(m);
	respond(m);
	refused(m, AIM_E_HANDSHAKE_SCORE, "900");
	m->check.required_score = 0;
	assert_status(recall_at(m, NOW + 2 * SECOND), AIM_E_NOT_FOUND);
}

/* ---- a registry ---- */

static void test_registered_peers(void **state)
{
	meeting *m = *state;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_agent_spec a = {.struct_size = sizeof a, .status = AIM_REGISTRY_VERIFIED};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED};
	char did[64];
	assert_status(aim_store_open_memory(m->ctx, NULL, &store, NULL), AIM_OK);
	assert_status(aim_audit_open(store, NULL, &log, NULL), AIM_OK);
	assert_status(aim_registry_open(log, NULL, &registry, NULL), AIM_OK);
	m->check.registry = registry;
	m->check.peer_key = NULL;
	begin(m);
	respond(m);
	refused(m, AIM_E_NOT_FOUND, "did:mesh:peer");
	a.name = S("peer");
	a.public_key = &m->their_key;
	assert_status(aim_agent_register(registry, &a, &agent, NULL), AIM_OK);
	strcpy(did, aim_agent_did(agent).ptr);
	m->spec.responder = m->terms.responder = S(did);
	meet(m);
	aim_handshake_result *r = NULL;
	assert_status(aim_handshake_recall(m->handshake, &m->spec, &m->check, NOW + 2 * SECOND, &r, NULL), AIM_OK);
	aim_handshake_result_free(r);
	/* Suspended: refused, and what was remembered is gone for good. */
	assert_status(aim_agent_move(registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	assert_status(aim_handshake_recall(m->handshake, &m->spec, &m->check, NOW + 2 * SECOND, &r, NULL), AIM_E_NOT_FOUND);
	begin(m);
	respond(m);
	refused(m, AIM_E_ID_STATUS, "not active");
	move.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_move(registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	assert_status(aim_handshake_recall(m->handshake, &m->spec, &m->check, NOW + 2 * SECOND, &r, NULL), AIM_E_NOT_FOUND);
	/* While the key is rotated both count, and afterwards the old one does not. */
	aim_buf *proof = NULL;
	aim_keyring_change change = {.struct_size = sizeof change, .grace_s = 60};
	assert_status(aim_buf_new(m->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(m->theirs, m->mine, aim_agent_id(agent), 0, proof, NULL), AIM_OK);
	assert_status(aim_keyring_rotate(registry, aim_buf_bytes(proof), &change, NULL), AIM_OK);
	aim_buf_free(proof);
	m->now_us = test_now_us;
	meet(m);
	m->now_us = test_now_us + 61 * SECOND;
	begin(m);
	respond(m);
	refused(m, AIM_E_UNTRUSTED_KEY, "registered");
	/* Another key than the registered ones. */
	begin(m);
	aim_buf_clear(m->response);
	assert_status(aim_handshake_respond(m->other, aim_buf_bytes(m->challenge), &m->terms, m->now_us, m->response, NULL), AIM_OK);
	refused(m, AIM_E_UNTRUSTED_KEY, "registered");
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
}

/* ---- the compatibility form ---- */

#define NONCE_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static aim_handshake_compat parts_of(void)
{
	aim_handshake_compat p = {.struct_size = sizeof p};
	p.id = S("challenge_0123456789abcdef");
	p.nonce = S(NONCE_A);
	p.response_nonce = S("ffeeddccbbaa99887766554433221100");
	p.did = S("did:mesh:peer");
	return p;
}

static void test_compat_bytes(void **state)
{
	meeting *m = *state;
	static const char text[] = "challenge_0123456789abcdef:" NONCE_A ":ffeeddccbbaa99887766554433221100:did:mesh:peer"
	                           ":0123456789abcdef0123456789abcdef";
	aim_handshake_compat p = parts_of();
	uint8_t signature[64];
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_crypto_sodium()->ed25519_verify(NULL, m->their_key.bytes,
	                                                  aim_bytes_from(text, sizeof text - 34), signature),
	              AIM_OK);
	assert_status(aim_handshake_compat_verify(m->ctx, &m->their_key, &p, aim_bytes_from(signature, 64), NULL), AIM_OK);
	p.freshness = S("0123456789abcdef0123456789abcdef");
	assert_status(aim_handshake_compat_verify(m->ctx, &m->their_key, &p, aim_bytes_from(signature, 64), NULL),
	              AIM_E_SIGNATURE);
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_crypto_sodium()->ed25519_verify(NULL, m->their_key.bytes, aim_bytes_from(text, sizeof text - 1),
	                                                  signature),
	              AIM_OK);
}

/* A responder signs nothing that could be something else. */
static void test_compat_is_no_oracle(void **state)
{
	meeting *m = *state;
	static const char *const ids[] = {"", "challenge_0123456789ABCDEF", "challenge_0123456789abcde",
	                                  "challenge_0123456789abcdef0", "libaim/message/v1\n0123456", "Challenge_0123456789abcdef",
	                                  "challenge_0123456789abcde\n", "challenge:0123456789abcdef"};
	static const char *const nonces[] = {"", "0011", "00112233445566778899aabbccddeefg", "00112233445566778899AABBCCDDEEFF"};
	uint8_t signature[64] = {0};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		aim_handshake_compat p = parts_of();
		p.id = S(ids[i]);
		assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_E_ENVELOPE);
	}
	for (size_t i = 0; i < sizeof nonces / sizeof *nonces; i++) {
		aim_handshake_compat p = parts_of();
		p.nonce = S(nonces[i]);
		assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_E_ENVELOPE);
		p = parts_of();
		p.response_nonce = S(nonces[i]);
		assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_E_ENVELOPE);
		p = parts_of();
		p.freshness = S(nonces[i]);
		assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), i == 0 ? AIM_OK : AIM_E_ENVELOPE);
	}
	aim_handshake_compat p = parts_of();
	p.did = S("peer\nlibaim");
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_E_ENVELOPE);
}

/* The parts that a compatible peer takes out of a challenge. */
static aim_handshake_compat parts_of_challenge(const meeting *m)
{
	aim_handshake_compat p = parts_of();
	const char *text = aim_buf_str(m->challenge).ptr;
	p.id = (aim_str){strstr(text, "\"id\":\"") + 6, 26};
	p.nonce = (aim_str){strstr(text, "\"nonce\":\"") + 9, 64};
	return p;
}

static void test_finish_compat(void **state)
{
	meeting *m = *state;
	uint8_t signature[64];
	aim_handshake_result *r = NULL;
	begin(m);
	aim_handshake_compat p = parts_of_challenge(m);
	aim_handshake_compat_answer a = {.struct_size = sizeof a, .parts = &p, .public_key = &m->their_key};
	a.signature = aim_bytes_from(signature, 64);
	a.capabilities = all_reading;
	a.n_capabilities = 1;
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, &r, NULL), AIM_OK);
	assert_int_equal(aim_handshake_result_verified(r), 1);
	assert_int_equal(aim_handshake_result_claimed_score(r), 0);
	aim_handshake_result_free(r);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL), AIM_E_REPLAY);
	/* Another nonce, another peer, another key, no freshness, no capability. */
	begin(m);
	p = parts_of_challenge(m);
	p.nonce = S(NONCE_A);
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL), AIM_E_CLAIM);
	begin(m);
	p = parts_of_challenge(m);
	p.did = S("did:mesh:other");
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL), AIM_E_CLAIM);
	begin(m);
	p = parts_of_challenge(m);
	assert_status(aim_handshake_compat_sign(m->other, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL), AIM_E_SIGNATURE);
	m->spec.flags = AIM_HANDSHAKE_FRESHNESS;
	begin(m);
	p = parts_of_challenge(m);
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL), AIM_E_STALE);
	m->spec.flags = 0;
	begin(m);
	p = parts_of_challenge(m);
	a.n_capabilities = 0;
	assert_status(aim_handshake_compat_sign(m->theirs, &p, signature, NULL), AIM_OK);
	assert_status(aim_handshake_finish_compat(m->handshake, &a, &m->check, NOW + SECOND, NULL, NULL),
	              AIM_E_HANDSHAKE_CAPABILITY);
}

/* ---- bytes ---- */

static uint8_t next_random;

static aim_status counting_random(void *user, void *out, size_t len)
{
	(void)user;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = next_random++;
	return AIM_OK;
}

static const char golden_challenge[] = 
	"{\"capabilities\":[\"read:data\"],\"created_us\":1800000000000000,\"expires_us\":1800000030000000,"
	"\"freshness\":\"28292a2b2c2d2e2f3031323334353637\","
	"\"id\":\"challenge_0001020304050607\","
	"\"initiator\":\"did:mesh:me\","
	"\"nonce\":\"08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627\",\"responder\":\"did:mesh:peer\","
	"\"signature\":\"FcTvc-fBTjBnSSrjInJ07bm0HgCYIUcV_fWa5BNA2t0HNL_-jgb-o3wzjdvmMyFG_dFRR_ETMIZd73_d38hKBA\",\"status\":\"pending\"}";
static const char golden_response[] = 
	"{\"capabilities\":[\"read:*\"],\"challenge\":\"challenge_0001020304050607\","
	"\"challenge_hash\":\"4776255c47c582ecd81355ae2f7684d595e7258a6fb91f1c7fead1e51f586ecb\",\"claimed_score\":990,"
	"\"freshness\":\"28292a2b2c2d2e2f3031323334353637\","
	"\"initiator\":\"did:mesh:me\","
	"\"nonce\":\"38393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f5051525354555657\","
	"\"public_key\":\"ed25519:ytUUxHrw4V5jBUEx0u4YWvL3mt7zmVBi1rWd6zHKJsk=\",\"responder\":\"did:mesh:peer\","
	"\"signature\":\"5asnp0gYDC-g9S3YSZTKvCsJbQINWN3zx5bJHJrKgL7JaMKyGul5uZC-rZFohve9Rm4MW6ur5VSFqSB7uPCwDQ\"}";

static void test_golden_bytes(void **state)
{
	meeting *m = *state;
	aim_random random = {.struct_size = sizeof random, .fill = counting_random};
	aim_ctx_options options = {.struct_size = sizeof options, .random = &random};
	aim_ctx *fixed = NULL;
	aim_handshake *h = NULL;
	aim_public_key ignored;
	assert_status(aim_ctx_new(&options, &fixed, NULL), AIM_OK);
	assert_status(aim_handshake_new(fixed, NULL, &h, NULL), AIM_OK);
	aim_key *theirs = key_of(fixed, 2, &ignored);
	next_random = 0;
	m->spec.flags = AIM_HANDSHAKE_FRESHNESS;
	assert_status(aim_handshake_begin(h, m->mine, &m->spec, NOW, m->challenge, NULL), AIM_OK);
	assert_status(aim_handshake_respond(theirs, aim_buf_bytes(m->challenge), &m->terms, NOW, m->response, NULL), AIM_OK);
	assert_text(aim_buf_str(m->challenge), golden_challenge);
	assert_text(aim_buf_str(m->response), golden_response);
	assert_status(aim_handshake_finish(h, aim_buf_bytes(m->response), &m->check, NOW, NULL, NULL), AIM_OK);
	aim_key_unref(theirs);
	aim_handshake_free(h);
	aim_ctx_free(fixed);
}

static void test_levels(void **state)
{
	static const struct {
		uint32_t score;
		const char *name;
	} cases[] = {{1000, "verified_partner"}, {900, "verified_partner"}, {899, "trusted"}, {700, "trusted"},
	             {699, "standard"}, {500, "standard"}, {499, "probationary"}, {300, "probationary"}, {299, "untrusted"},
	             {0, "untrusted"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(aim_handshake_level_name(aim_handshake_level(cases[i].score)), cases[i].name);
	assert_string_equal(aim_handshake_level_name(99), "untrusted");
}

static void test_misuse(void **state)
{
	meeting *m = *state;
	aim_handshake_check neither = {.struct_size = sizeof neither};
	aim_handshake_result *r = (aim_handshake_result *)m;
	begin(m);
	respond(m);
	assert_status(aim_handshake_finish(m->handshake, aim_buf_bytes(m->response), &neither, NOW, &r, NULL), AIM_E_INVALID);
	assert_null(r);
	m->check.score = 1001;
	assert_status(finish_at(m, NOW, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_finish(NULL, aim_buf_bytes(m->response), &m->check, NOW, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_begin(m->handshake, m->mine, &m->spec, 0, m->challenge, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_begin(m->handshake, NULL, &m->spec, NOW, m->challenge, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_respond(m->theirs, aim_buf_bytes(m->challenge), NULL, NOW, m->response, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_recall(m->handshake, NULL, &m->check, NOW, &r, NULL), AIM_E_INVALID);
	assert_status(aim_handshake_forget(NULL, S("")), AIM_E_INVALID);
	assert_status(aim_handshake_compat_sign(NULL, NULL, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(aim_handshake_pending(NULL), 0);
	assert_int_equal(aim_handshake_result_verified(NULL), 0);
	assert_int_equal(aim_handshake_result_peer(NULL).len, 0);
	aim_handshake_result_free(NULL);
	aim_handshake_free(NULL);
}

static aim_status whole_meeting(aim_ctx *ctx, void *arg)
{
	static const uint8_t mine_seed[32] = {1}, their_seed[32] = {2};
	aim_handshake *h = NULL;
	aim_key *mine = NULL, *theirs = NULL;
	aim_buf *challenge = NULL, *response = NULL;
	aim_handshake_result *r = NULL, *again = NULL;
	aim_public_key my_key, their_key;
	aim_handshake_spec spec = {.struct_size = sizeof spec, .flags = AIM_HANDSHAKE_FRESHNESS, .capabilities = &reading,
	                           .n_capabilities = 1};
	aim_handshake_terms terms = {.struct_size = sizeof terms, .initiator_key = &my_key, .capabilities = all_reading,
	                             .n_capabilities = 1};
	aim_handshake_check check = {.struct_size = sizeof check, .peer_key = &their_key};
	(void)arg;
	spec.initiator = S("did:mesh:me");
	spec.responder = terms.responder = S("did:mesh:peer");
	aim_status rc = aim_handshake_new(ctx, NULL, &h, NULL);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(mine_seed, 32), &mine, NULL);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(their_seed, 32), &theirs, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &challenge);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &response);
	if (rc == AIM_OK) {
		aim_key_public(mine, &my_key);
		aim_key_public(theirs, &their_key);
		rc = aim_handshake_begin(h, mine, &spec, NOW, challenge, NULL);
	}
	if (rc == AIM_OK)
		rc = aim_handshake_respond(theirs, aim_buf_bytes(challenge), &terms, NOW, response, NULL);
	if (rc == AIM_OK)
		rc = aim_handshake_finish(h, aim_buf_bytes(response), &check, NOW, &r, NULL);
	spec.flags = 0;
	if (rc == AIM_OK && (rc = aim_handshake_recall(h, &spec, &check, NOW, &again, NULL)) == AIM_E_NOT_FOUND)
		rc = AIM_OK; /* not remembered: harmless */
	aim_handshake_result_free(again);
	aim_handshake_result_free(r);
	aim_buf_free(response);
	aim_buf_free(challenge);
	aim_key_unref(theirs);
	aim_key_unref(mine);
	aim_handshake_free(h);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_meeting, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_verified),
		T(test_single_use),
		T(test_expiry),
		T(test_the_responder_looks_first),
		T(test_another_challenge),
		T(test_order_of_refusals),
		T(test_every_changed_bit_is_refused),
		T(test_limits),
		T(test_spec_is_checked),
		T(test_what_is_no_response),
		T(test_recall),
		T(test_forget),
		T(test_what_is_forgotten_meanwhile_is_not_remembered),
		T(test_refusals_are_not_remembered),
		T(test_registered_peers),
		T(test_compat_bytes),
		T(test_compat_is_no_oracle),
		T(test_finish_compat),
		T(test_golden_bytes),
		T(test_levels),
		T(test_misuse),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
