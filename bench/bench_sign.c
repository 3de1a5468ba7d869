/* bench/bench_sign.c — message signatures against the provider's raw calls on the same bytes, and verified again;
 * signed requests and the replay guard. */
#include "bench.h"

#include <aim/attestation.h>
#include <aim/buf.h>
#include <aim/dsse.h>
#include <aim/httpsig.h>
#include <aim/intoto.h>
#include <aim/message.h>
#include <aim/plugin/crypto.h>
#include <string.h>

#define PAYLOAD 512

typedef struct state {
	aim_ctx *ctx;
	const aim_crypto *raw;
	aim_key *key;
	aim_public_key public_key;
	uint8_t pair[64];
	uint8_t payload[PAYLOAD];
	uint8_t signature[64];
	uint8_t raw_signature[64];
	aim_verifycache *cache;
	aim_replay *guard;
	uint64_t n_uses;
	aim_buf *envelope;
	aim_buf *pae; /* of the envelope */
} state;

static aim_bytes payload_of(const state *s)
{
	return aim_bytes_from(s->payload, PAYLOAD);
}

static void sign(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_message_sign(s->key, payload_of(s), s->signature, NULL), "sign");
}

static void sign_raw(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(s->raw->ed25519_sign(s->raw->user, s->pair, payload_of(s), s->raw_signature), "sign");
}

static void verify(void *arg, size_t n)
{
	state *s = arg;
	aim_bytes signature = aim_bytes_from(s->signature, 64);
	for (size_t i = 0; i < n; i++)
		bench_must(aim_message_verify(s->ctx, &s->public_key, payload_of(s), signature, NULL), "verify");
}

static void verify_raw(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(s->raw->ed25519_verify(s->raw->user, s->public_key.bytes, payload_of(s),
		                                  s->raw_signature),
		           "verify");
}

static void verify_again(void *arg, size_t n)
{
	state *s = arg;
	aim_bytes signature = aim_bytes_from(s->signature, 64);
	for (size_t i = 0; i < n; i++)
		bench_must(aim_message_verify_cached(s->cache, 0, &s->public_key, payload_of(s), signature, NULL),
		           "verify again");
}

/* The cache is full of others' signatures, as in a busy host. */
static void fill_cache(state *s)
{
	uint8_t signature[64];
	bench_must(aim_verifycache_new(s->ctx, NULL, &s->cache, NULL), "cache");
	for (uint32_t i = 0; i < 1023; i++) {
		aim_bytes payload = aim_bytes_from(&i, sizeof i);
		bench_must(aim_message_sign(s->key, payload, signature, NULL), "sign");
		bench_must(aim_message_verify_cached(s->cache, 0, &s->public_key, payload,
		                                     aim_bytes_from(signature, 64), NULL),
		           "verify");
	}
	verify_again(s, 1);
}

#define NOW_US INT64_C(1766000000000000)

/* Ten tools of one server. */
static aim_attestation_payload attested(void)
{
	static const aim_str tools[] = {{"copy", 4}, {"edit", 4}, {"find", 4}, {"list", 4}, {"make", 4},
	                                {"move", 4}, {"read", 4}, {"stat", 4}, {"tree", 4}, {"write", 5}};
	aim_attestation_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED};
	p.agent_id = aim_str_from("agt_0190f3a4b5c67d8e9f00112233445566");
	p.server_id = aim_str_from("srv_0190f3a4b5c67d8e9f00112233445577");
	p.server_name = aim_str_from("filesystem");
	p.server_url = aim_str_from("https://mcp.example.org/");
	p.nonce = aim_str_from("000102030405060708090a0b0c0d0e0f");
	p.capabilities = tools;
	p.n_capabilities = sizeof tools / sizeof *tools;
	p.issued_at_s = NOW_US / 1000000;
	return p;
}

static void attest(void *arg, size_t n)
{
	state *s = arg;
	const aim_attestation_payload p = attested();
	for (size_t i = 0; i < n; i++) {
		aim_buf_clear(s->envelope);
		bench_must(aim_attestation_sign(s->key, &p, s->envelope, NULL), "attest");
	}
}

static void verify_attestation(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_attestation_verify(s->ctx, aim_buf_str(s->envelope), &s->public_key, NOW_US / 1000000, NULL, NULL),
		           "verify");
}

static void attest_raw(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(s->raw->ed25519_sign(s->raw->user, s->pair, aim_buf_bytes(s->pae), s->raw_signature), "sign");
}

static void verify_attestation_raw(void *arg, size_t n)
{
	state *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(s->raw->ed25519_verify(s->raw->user, s->public_key.bytes, aim_buf_bytes(s->pae),
		                                  s->raw_signature),
		           "verify");
}

/* The very bytes that the envelope's signature is over. */
static void take_signed_bytes(state *s)
{
	aim_buf *statement = NULL;
	const aim_str type = aim_str_from(AIM_INTOTO_PAYLOAD_TYPE);
	const aim_dsse_options trust = {
		.struct_size = sizeof trust, .payload_type = type, .keys = &s->public_key, .n_keys = 1};
	bench_must(aim_buf_new(s->ctx, &statement), "buffer");
	bench_must(aim_dsse_verify(s->ctx, aim_buf_str(s->envelope), &trust, statement, NULL, NULL), "envelope");
	bench_must(aim_dsse_pae(type, aim_buf_bytes(statement), s->pae), "encoding");
	aim_buf_free(statement);
}

static void bench_attestations(state *s)
{
	bench_must(aim_buf_new(s->ctx, &s->envelope), "buffer");
	bench_must(aim_buf_new(s->ctx, &s->pae), "buffer");
	attest(s, 1);
	take_signed_bytes(s);
	attest_raw(s, 1);
	bench_run_against("sign/attestation", attest, "sign/attestation-provider", attest_raw,
	                  "sign/attestation-per-provider", s);
	bench_run_against("verify/attestation", verify_attestation, "verify/attestation-provider",
	                  verify_attestation_raw, "verify/attestation-per-provider", s);
	aim_buf_free(s->pae);
	aim_buf_free(s->envelope);
}

static aim_httpsig_request request_of(const state *s)
{
	aim_httpsig_request r = {.struct_size = sizeof r, .body = payload_of(s)};
	r.method = aim_str_from("POST");
	r.authority = aim_str_from("mcp.example.org");
	r.target = aim_str_from("/tools");
	return r;
}

static void sign_http(void *arg, size_t n)
{
	state *s = arg;
	aim_httpsig_values v;
	const aim_httpsig_request r = request_of(s);
	for (size_t i = 0; i < n; i++)
		bench_must(aim_httpsig_sign(s->key, &r, NOW_US, (aim_str){NULL, 0}, &v, NULL), "sign");
}

/* One nonce in ten milliseconds, as a busy guard sees them: each insert makes another due. */
static void remember(void *arg, size_t n)
{
	state *s = arg;
	aim_replay_use use = {.struct_size = sizeof use};
	use.scope = aim_bytes_from(s->public_key.bytes, sizeof s->public_key.bytes);
	use.nonce = aim_bytes_from(&s->n_uses, sizeof s->n_uses);
	for (size_t i = 0; i < n; i++) {
		use.timestamp_us = use.now_us = NOW_US + 10000 * (int64_t)++s->n_uses;
		bench_must(aim_replay_check(s->guard, &use, NULL), "check");
		bench_must(aim_replay_remember(s->guard, &use, NULL), "remember");
	}
}

static void bench_requests(state *s)
{
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	bench_must(aim_replay_open_memory(s->ctx, &o, &s->guard, NULL), "guard");
	bench_run("sign/http", sign_http, s, 0);
	remember(s, 70000); /* warm: 300 s of nonces */
	bench_run("replay/check-remember", remember, s, 0);
	aim_replay_free(s->guard);
}

int main(int argc, char **argv)
{
	state s;
	bench_init(argc, argv);
	memset(&s, 0, sizeof s);
	s.ctx = bench_ctx();
	s.raw = aim_crypto_sodium();
	memset(s.payload, 'x', sizeof s.payload);
	for (uint8_t i = 0; i < 32; i++)
		s.pair[i] = i;
	bench_must(aim_key_from_seed(s.ctx, AIM_KEY_AGENT, aim_bytes_from(s.pair, 32), &s.key, NULL), "key");
	bench_must(aim_key_public(s.key, &s.public_key), "public key");
	memcpy(s.pair + 32, s.public_key.bytes, 32);
	sign(&s, 1);
	sign_raw(&s, 1);

	double raw_sign = bench_run("sign/provider", sign_raw, &s, 0);
	bench_ratio("sign/per-provider", bench_run("sign/message", sign, &s, 0), raw_sign);
	double raw = bench_run("verify/provider", verify_raw, &s, 0);
	bench_ratio("verify/per-provider", bench_run("verify/message", verify, &s, 0), raw);
	bench_attestations(&s);
	if (bench_wanted("verify_again"))
		fill_cache(&s);
	bench_run("verify_again", verify_again, &s, 0);
	aim_verifycache_free(s.cache);
	bench_requests(&s);
	aim_key_unref(s.key);
	return 0;
}
