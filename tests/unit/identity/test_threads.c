/* Many threads on one registry: what is unique stays unique, and nothing is lost. */
#include "house.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8
#define ROUNDS 20

typedef struct worker {
	pthread_t thread;
	aim_registry *registry;
	int number;
	int wins, losses, others;
} worker;

static void *register_same_names(void *arg)
{
	worker *w = arg;
	for (int round = 0; round < ROUNDS; round++) {
		char name[32];
		snprintf(name, sizeof name, "name %d", round);
		aim_agent_spec spec = {.struct_size = sizeof spec, .name = S(name)};
		aim_status rc = aim_agent_register(w->registry, &spec, NULL, NULL);
		w->wins += rc == AIM_OK;
		w->losses += rc == AIM_E_EXISTS;
		w->others += rc != AIM_OK && rc != AIM_E_EXISTS;
	}
	return NULL;
}

static void run(house *h, worker *workers, void *(*work)(void *))
{
	memset(workers, 0, THREADS * sizeof *workers);
	for (int i = 0; i < THREADS; i++) {
		workers[i].registry = h->registry;
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

static aim_status count(void *user, const aim_agent *agent)
{
	size_t *n = user;
	(void)agent;
	(*n)++;
	return AIM_OK;
}

static void a_name_is_won_once(void **state)
{
	house *h = *state;
	worker workers[THREADS];
	int wins = 0, losses = 0;
	size_t listed = 0;
	run(h, workers, register_same_names);
	for (int i = 0; i < THREADS; i++) {
		wins += workers[i].wins;
		losses += workers[i].losses;
		assert_int_equal(workers[i].others, 0);
	}
	assert_int_equal(wins, ROUNDS);
	assert_int_equal(losses, ROUNDS * (THREADS - 1));
	assert_status(aim_agent_list(h->registry, S(""), 0, count, &listed, NULL), AIM_OK);
	assert_int_equal(listed, ROUNDS);
	assert_int_equal(house_records(h, "identity_created"), ROUNDS);
	assert_status(aim_audit_verify(h->log, NULL, NULL, NULL), AIM_OK);
}

static char shared_agent[37];

static void *grant_and_ask(void *arg)
{
	worker *w = arg;
	for (int round = 0; round < ROUNDS; round++) {
		char id[AIM_GRANT_ID_SIZE], capability[32];
		snprintf(capability, sizeof capability, "t%d:r%d", w->number, round);
		aim_grant_spec spec = {.struct_size = sizeof spec, .agent = S(shared_agent)};
		spec.capability = S(capability);
		w->others += aim_grant_add(w->registry, &spec, id, NULL) != AIM_OK;
		w->wins += aim_grant_check(w->registry, S(shared_agent), S(capability), S(""), 1, NULL) == AIM_OK;
		if (round % 2)
			w->others += aim_grant_remove(w->registry, S(shared_agent), S(id), S(""), NULL) != AIM_OK;
	}
	return NULL;
}

static aim_status count_grant(void *user, aim_str id, const aim_grant_spec *grant)
{
	size_t *n = user;
	(void)id, (void)grant;
	(*n)++;
	return AIM_OK;
}

static void no_grant_is_lost(void **state)
{
	house *h = *state;
	worker workers[THREADS];
	size_t n = 0;
	house_agent(h, "shared", shared_agent);
	run(h, workers, grant_and_ask);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(workers[i].wins, ROUNDS);
		assert_int_equal(workers[i].others, 0);
	}
	assert_status(aim_grant_list(h->registry, S(shared_agent), count_grant, &n, NULL), AIM_OK);
	assert_int_equal(n, THREADS * ROUNDS / 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_won_once),
		TEST(no_grant_is_lost),
	};
	return cmocka_run_group_tests_name("identity/threads", tests, NULL, NULL);
}
