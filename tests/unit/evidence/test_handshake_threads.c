/* One handshake object, many threads: each exchange is its own, and a response that all threads finish at once counts for
 * one of them. Run under ThreadSanitizer too. */
#include "support.h"

#include <aim/handshake.h>

#include <pthread.h>
#include <string.h>

#define S(text) aim_str_from(text)
#define NOW INT64_C(1800000000000000)
#define SECOND INT64_C(1000000)
#define THREADS 8
#define ROUNDS 12

static const aim_str reading = {"read:data", 9};
static const aim_str all_reading[] = {{"read:*", 6}};

static aim_ctx *ctx;
static aim_handshake *handshake;
static aim_key *mine, *theirs;
static aim_public_key my_key, their_key;
static aim_buf *shared; /* a response for all */

typedef struct worker {
	pthread_t thread;
	int verified, refused, wrong;
} worker;

static aim_key *key_of(uint8_t byte, aim_public_key *out)
{
	const uint8_t seed[32] = {byte, 78};
	aim_key *key = NULL;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, out), AIM_OK);
	return key;
}

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_handshake_new(ctx, NULL, &handshake, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &shared), AIM_OK);
	mine = key_of(1, &my_key);
	theirs = key_of(2, &their_key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_key_unref(theirs);
	aim_key_unref(mine);
	aim_buf_free(shared);
	aim_handshake_free(handshake);
	aim_ctx_free(ctx);
	return 0;
}

static aim_status exchange(aim_buf *response)
{
	aim_buf *challenge = NULL;
	aim_handshake_spec spec = {.struct_size = sizeof spec, .capabilities = &reading, .n_capabilities = 1};
	aim_handshake_terms terms = {.struct_size = sizeof terms, .initiator_key = &my_key, .claimed_score = 900};
	spec.initiator = S("did:mesh:me");
	spec.responder = terms.responder = S("did:mesh:peer");
	terms.capabilities = all_reading;
	terms.n_capabilities = 1;
	aim_status rc = aim_buf_new(ctx, &challenge);
	if (rc == AIM_OK)
		rc = aim_handshake_begin(handshake, mine, &spec, NOW, challenge, NULL);
	if (rc == AIM_OK)
		rc = aim_handshake_respond(theirs, aim_buf_bytes(challenge), &terms, NOW + SECOND, response, NULL);
	aim_buf_free(challenge);
	return rc;
}

static aim_status finish(const aim_buf *response)
{
	aim_handshake_check check = {.struct_size = sizeof check, .peer_key = &their_key, .score = 700,
	                             .required_score = 500};
	aim_handshake_result *result = NULL;
	aim_status rc = aim_handshake_finish(handshake, aim_buf_bytes(response), &check, NOW + 2 * SECOND, &result, NULL);
	if ((rc == AIM_OK) != (aim_handshake_result_verified(result) != 0))
		rc = AIM_E_INTERNAL;
	aim_handshake_result_free(result);
	return rc;
}

static void run(worker *workers, void *(*work)(void *))
{
	memset(workers, 0, THREADS * sizeof *workers);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Each response once, and not twice. */
static void *exchange_many(void *arg)
{
	worker *w = arg;
	for (int i = 0; i < ROUNDS; i++) {
		aim_buf *response = NULL;
		if (aim_buf_new(ctx, &response) != AIM_OK || exchange(response) != AIM_OK) {
			w->wrong++;
		} else {
			w->verified += finish(response) == AIM_OK;
			w->refused += finish(response) != AIM_OK;
		}
		aim_buf_free(response);
	}
	return NULL;
}

static void test_each_exchange_is_its_own(void **state)
{
	worker workers[THREADS];
	(void)state;
	run(workers, exchange_many);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(workers[i].wrong, 0);
		assert_int_equal(workers[i].verified, ROUNDS);
		assert_int_equal(workers[i].refused, ROUNDS);
	}
}

static void *finish_shared(void *arg)
{
	worker *w = arg;
	aim_status rc = finish(shared);
	w->verified = rc == AIM_OK;
	w->wrong = rc == AIM_E_INTERNAL;
	return NULL;
}

static void test_one_response_counts_once(void **state)
{
	worker workers[THREADS];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int verified = 0;
		aim_buf_clear(shared);
		assert_status(exchange(shared), AIM_OK);
		run(workers, finish_shared);
		for (int i = 0; i < THREADS; i++) {
			verified += workers[i].verified;
			assert_int_equal(workers[i].wrong, 0);
		}
		assert_int_equal(verified, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_exchange_is_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_response_counts_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
