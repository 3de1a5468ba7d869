/* One SQLite file, several processes with a replay guard each: no nonce is accepted twice, whoever is
 * first, and whatever another process forgets meanwhile. */
#define _GNU_SOURCE
#include "place.h"

#include <aim/replay.h>
#include <aim/sqlite.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_PROCESSES 3u
#define N_NONCES 40u
#define S INT64_C(1000000)
#define T0 INT64_C(1766000000000000)

static int setup(void **state)
{
	test_now_us = T0;
	return place_setup(state);
}

/* Patient: the machine may be busy. */
static aim_status open_guard(const place *p, aim_store **store, aim_replay **guard)
{
	aim_error err = {0};
	aim_sqlite_options o = {.struct_size = sizeof o, .busy_timeout_ms = 120000};
	aim_status rc = aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, store, &err);
	if (rc == AIM_OK)
		rc = aim_replay_open_store(*store, NULL, guard, &err);
	if (rc != AIM_OK)
		fprintf(stderr, "%s\n", err.message);
	return rc;
}

static aim_status remember(aim_replay *guard, uint32_t nonce, int64_t timestamp_us, int64_t now_us)
{
	aim_replay_use u = {.struct_size = sizeof u, .timestamp_us = timestamp_us, .now_us = now_us};
	u.scope = aim_bytes_from("key", 3);
	u.nonce = aim_bytes_from(&nonce, sizeof nonce);
	return aim_replay_remember(guard, &u, NULL);
}

/* Writes the number of each nonce that it was first with. */
static int take_all(const place *p, int out)
{
	aim_store *store = NULL;
	aim_replay *guard = NULL;
	if (open_guard(p, &store, &guard) != AIM_OK)
		return 1;
	for (uint32_t i = 0; i < N_NONCES; i++) {
		aim_status rc = remember(guard, i, T0 + i, T0);
		if (rc == AIM_OK && write(out, &i, sizeof i) != sizeof i)
			return 2;
		if (rc != AIM_OK && rc != AIM_E_REPLAY && rc != AIM_E_STALE)
			return 3;
	}
	aim_replay_free(guard);
	aim_store_free(store);
	return 0;
}

/* Its clock is ahead: it throws away what the others are still taking in. */
static int forget_all(const place *p, int out)
{
	aim_store *store = NULL;
	aim_replay *guard = NULL;
	(void)out;
	if (open_guard(p, &store, &guard) != AIM_OK)
		return 1;
	for (uint32_t i = 0; i < N_NONCES; i++)
		if (aim_replay_purge(guard, T0 + 300 * S + i, NULL) != AIM_OK)
			return 2;
	aim_replay_free(guard);
	aim_store_free(store);
	return 0;
}

typedef int (*body)(const place *p, int out);

/* How often each nonce was accepted. */
static void race(const place *p, const body *bodies, size_t n, uint32_t taken[N_NONCES])
{
	pid_t children[N_PROCESSES + 1];
	int ends[2];
	uint32_t nonce;
	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < n; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(bodies[i](p, ends[1]));
	}
	close(ends[1]);
	while (read(ends[0], &nonce, sizeof nonce) == sizeof nonce)
		taken[nonce]++;
	close(ends[0]);
	for (size_t i = 0; i < n; i++) {
		int status = 0;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void a_nonce_is_accepted_by_one_process(void **state)
{
	static const body bodies[N_PROCESSES] = {take_all, take_all, take_all};
	uint32_t taken[N_NONCES] = {0};
	place *p = *state;
	race(p, bodies, N_PROCESSES, taken);
	for (size_t i = 0; i < N_NONCES; i++)
		assert_int_equal(taken[i], 1);
}

static void forgetting_lets_none_in_again(void **state)
{
	static const body bodies[] = {take_all, forget_all, take_all, take_all};
	uint32_t taken[N_NONCES] = {0};
	place *p = *state;
	race(p, bodies, 4, taken);
	for (size_t i = 0; i < N_NONCES; i++)
		assert_true(taken[i] <= 1);
}

static void a_restart_forgets_nothing(void **state)
{
	place *p = *state;
	for (int round = 0; round < 2; round++) {
		aim_store *store = NULL;
		aim_replay *guard = NULL;
		assert_status(open_guard(p, &store, &guard), AIM_OK);
		assert_status(remember(guard, 7, T0 + S, T0 + S), round == 0 ? AIM_OK : AIM_E_REPLAY);
		aim_replay_free(guard);
		aim_store_free(store);
		test_now_us = T0 + 10 * S;
	}
	test_now_us = T0;
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(a_nonce_is_accepted_by_one_process),
		FILE_TEST(forgetting_lets_none_in_again),
		FILE_TEST(a_restart_forgets_nothing),
	};
	return cmocka_run_group_tests_name("backends/replay_processes", tests, NULL, NULL);
}
