/* tests/unit/evidence/peer.h — a signer with the key of RFC 8032 §7.1 test 1, a guard, and a clock that
 * stands still: what the tests of the signature profiles share. */
#ifndef AIM_TESTS_PEER_H
#define AIM_TESTS_PEER_H

#include "support.h"

#include <aim/headers.h>
#include <aim/key.h>
#include <aim/replay.h>
#include <string.h>

#define T(text) aim_str_from(text)
#define B(text) aim_bytes_from_str(aim_str_from(text))
#define S INT64_C(1000000)
#define NOW INT64_C(1766000000000000)
#define NOTHING ((aim_str){NULL, 0})

static test_heap heap;
static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_replay *guard;

static const uint8_t seed_of_rfc[32] = {
	0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
	0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

static inline aim_replay *new_guard(aim_ctx *c)
{
	aim_replay *g = NULL;
	const aim_replay_options o = {.struct_size = sizeof o, .flags = AIM_REPLAY_FIRST_START};
	assert_status(aim_replay_open_memory(c, &o, &g, NULL), AIM_OK);
	return g;
}

static inline uint64_t n_remembered(void)
{
	aim_replay_stats s = {.struct_size = sizeof s};
	assert_status(aim_replay_read_stats(guard, &s, NULL), AIM_OK);
	return s.n_nonces;
}

static inline int peer_setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	guard = new_guard(ctx);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed_of_rfc, 32), &key, NULL), AIM_OK);
	return aim_key_public(key, &public_key);
}

static inline int peer_teardown(void **state)
{
	(void)state;
	aim_key_unref(key);
	aim_replay_free(guard);
	test_ctx_done(ctx, &heap);
	return 0;
}

static inline aim_key *key_of(uint32_t purpose)
{
	static const uint8_t seed[32] = {9};
	aim_key *k = NULL;
	assert_status(aim_key_from_seed(ctx, purpose, aim_bytes_from(seed, 32), &k, NULL), AIM_OK);
	return k;
}

#define PEER_TEST(f) cmocka_unit_test_setup_teardown(f, peer_setup, peer_teardown)

#endif
