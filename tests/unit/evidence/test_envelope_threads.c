/* Many threads on one cache and on one issuer: no verdict changes, and of many answers to one challenge one is
 * taken. */
#include "envelope_kit.h"

#include <aim/challenge.h>
#include <aim/message.h>

#include <pthread.h>

#define THREADS 4
#define ROUNDS 60
#define NOW INT64_C(1795434222)
#define DID "did:mesh:0123456789abcdef0123456789abcdef"
#define SERVER "srv_0192f0c1000070008000000000000001"

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_verifycache *cache;
static aim_challenge_issuer *issuer;

static int setup(void **state)
{
	aim_verifycache_options small = {.struct_size = sizeof small, .max_entries = 3};
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	key = kit_key(ctx, AIM_KEY_SERVER, SEED_A);
	public_key = kit_public(key);
	assert_status(aim_verifycache_new(ctx, &small, &cache, NULL), AIM_OK);
	return aim_challenge_issuer_new(ctx, NULL, &issuer, NULL);
}

static int teardown(void **state)
{
	(void)state;
	aim_challenge_issuer_free(issuer);
	aim_verifycache_free(cache);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static uint8_t signatures[5][64];

/* What a thread saw; asserted by the one that started it. */
typedef struct worker {
	pthread_t thread;
	int number;
	int wrong;
	int taken, replayed;
} worker;

static void run(worker *workers, void *(*work)(void *))
{
	memset(workers, 0, THREADS * sizeof *workers);
	for (int i = 0; i < THREADS; i++) {
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

static void *verify_and_forget(void *arg)
{
	worker *w = arg;
	for (uint8_t round = 0; round < ROUNDS; round++) {
		uint8_t which = round % 5;
		uint8_t payload[1] = {which};
		const aim_bytes p = {payload, 1}, s = {signatures[which], 64};
		w->wrong += aim_message_verify_cached(cache, round / 20, &public_key, p, s, NULL) != AIM_OK;
		payload[0] = 9;
		w->wrong += aim_message_verify_cached(cache, round / 20, &public_key, p, s, NULL) != AIM_E_SIGNATURE;
		if (round % 8 == w->number)
			w->wrong += aim_verifycache_forget_key(cache, &public_key) != AIM_OK;
		w->wrong += aim_verifycache_count(cache) > 3;
	}
	return NULL;
}

static void the_cache_changes_no_verdict(void **state)
{
	worker workers[THREADS];
	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		assert_status(aim_message_sign(key, (aim_bytes){&i, 1}, signatures[i], NULL), AIM_OK);
	run(workers, verify_and_forget);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].wrong, 0);
}

static char texts[ROUNDS][256];
static size_t text_len;
static uint8_t answers[ROUNDS][64];

static void *answer_all(void *arg)
{
	worker *w = arg;
	for (size_t i = 0; i < ROUNDS; i++) {
		aim_challenge_response r = {.struct_size = sizeof r, .public_key = &public_key, .trusted = &public_key};
		r.n_trusted = 1;
		r.challenge = (aim_str){texts[i], text_len};
		r.server_id = str(SERVER);
		r.agent_did = str(DID);
		r.signature = aim_bytes_from(answers[i], 64);
		aim_status rc = aim_challenge_verify(issuer, &r, NOW, NULL);
		w->taken += rc == AIM_OK;
		w->replayed += rc == AIM_E_REPLAY;
	}
	return NULL;
}

static void a_challenge_is_answered_once(void **state)
{
	worker workers[THREADS];
	int taken = 0, replayed = 0;
	aim_buf *out = kit_buf(ctx);
	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		aim_buf_clear(out);
		assert_status(aim_challenge_issue(issuer, str(SERVER), str(DID), NOW, out, NULL), AIM_OK);
		text_len = aim_buf_str(out).len;
		memcpy(texts[i], aim_buf_str(out).ptr, text_len);
		assert_status(aim_challenge_sign(key, aim_buf_str(out), str(DID), NOW, answers[i], NULL), AIM_OK);
	}
	run(workers, answer_all);
	for (int i = 0; i < THREADS; i++) {
		taken += workers[i].taken;
		replayed += workers[i].replayed;
	}
	assert_int_equal(taken, ROUNDS);
	assert_int_equal(replayed, ROUNDS * (THREADS - 1));
	assert_int_equal(aim_challenge_pending(issuer), 0);
	aim_buf_free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cache_changes_no_verdict),
		cmocka_unit_test(a_challenge_is_answered_once),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
