/* bench/bench_sign.c — message signatures against the provider's raw calls on the same bytes, and verified again. */
#include "bench.h"

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

	double raw = bench_run("sign/provider", sign_raw, &s, 0);
	bench_ratio("sign/per-provider", bench_run("sign/message", sign, &s, 0), raw);
	raw = bench_run("verify/provider", verify_raw, &s, 0);
	bench_ratio("verify/per-provider", bench_run("verify/message", verify, &s, 0), raw);
	if (bench_wanted("verify_again"))
		fill_cache(&s);
	bench_run("verify_again", verify_again, &s, 0);
	aim_verifycache_free(s.cache);
	aim_key_unref(s.key);
	return 0;
}
