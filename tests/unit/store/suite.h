/* The conformance suite run under cmocka: a failed check fails the test with its name. */
#ifndef AIM_TESTS_STORE_SUITE_H
#define AIM_TESTS_STORE_SUITE_H

#include "support.h"

#include <aim/plugin/store_conformance.h>

#include <pthread.h>

typedef struct suite_thread {
	pthread_t id;
	void (*body)(void *arg, size_t index);
	void *arg;
	size_t index;
} suite_thread;

static void *suite_thread_run(void *arg)
{
	const suite_thread *t = arg;
	t->body(t->arg, t->index);
	return NULL;
}

static inline aim_status suite_parallel(void *user, size_t n, void (*body)(void *arg, size_t index), void *arg)
{
	suite_thread threads[16];
	(void)user;
	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		threads[i] = (suite_thread){0, body, arg, i};
		assert_int_equal(pthread_create(&threads[i].id, NULL, suite_thread_run, &threads[i]), 0);
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
	return AIM_OK;
}

static inline void suite_print(void *user, const char *check, int32_t passed, const char *detail)
{
	(void)user;
	if (!passed)
		print_error("%s: expected: %s\n", check, detail);
}

#endif
