/* The door to the system: clocks, random bytes, mutex and condition variable between two threads. */
#include "support.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/os.h"

static void the_clock_tells_the_systems_time(void **state)
{
	(void)state;
	int64_t us = 0;
	int64_t before = time(NULL);
	assert_status(aim__os_clock.now_us(NULL, &us), AIM_OK);
	int64_t after = time(NULL);
	assert_true(us / 1000000 >= before - 1 && us / 1000000 <= after);
}

static void the_steady_clock_never_steps_back(void **state)
{
	(void)state;
	int64_t last = 0;
	for (int i = 0; i < 10000; i++) {
		int64_t now = 0;
		assert_status(aim__os_clock.steady_us(NULL, &now), AIM_OK);
		assert_true(now >= last);
		last = now;
	}
}

static void random_bytes_are_filled_to_the_end(void **state)
{
	(void)state;
	static uint8_t a[100000], b[100000];
	assert_status(aim__os_random.fill(NULL, a, sizeof a), AIM_OK);
	assert_status(aim__os_random.fill(NULL, b, sizeof b), AIM_OK);
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + sizeof a - 32, b + sizeof b - 32, 32);
	assert_status(aim__os_random.fill(NULL, a, 0), AIM_OK);
}

static void the_allocator_keeps_content_when_it_grows(void **state)
{
	(void)state;
	const aim_allocator *a = &aim__os_allocator;
	char *p = a->alloc(a->user, 4);
	assert_non_null(p);
	memcpy(p, "abc", 4);
	p = a->resize(a->user, p, 4, 100000);
	assert_non_null(p);
	assert_string_equal(p, "abc");
	assert_int_equal((uintptr_t)p % 16, 0);
	a->free(a->user, p, 100000);
}

typedef struct shared {
	aim__mutex mutex;
	aim__cond cond;
	int64_t counter;
	int turn;
	int rounds;
} shared;

static void *count(void *arg)
{
	shared *s = arg;
	for (int i = 0; i < 20000; i++) {
		aim__mutex_lock(&s->mutex);
		s->counter++;
		aim__mutex_unlock(&s->mutex);
	}
	return NULL;
}

static void the_mutex_excludes(void **state)
{
	(void)state;
	shared s = {.counter = 0};
	pthread_t threads[4];
	assert_status(aim__mutex_init(&s.mutex), AIM_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &s), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.counter, 80000);
	aim__mutex_dispose(&s.mutex);
}

static void take_turns(shared *s, int mine, int next)
{
	for (int i = 0; i < 200; i++) {
		aim__mutex_lock(&s->mutex);
		while (s->turn != mine)
			aim__cond_wait(&s->cond, &s->mutex);
		s->rounds++;
		s->turn = next;
		aim__cond_broadcast(&s->cond);
		aim__mutex_unlock(&s->mutex);
	}
}

static void *second_player(void *arg)
{
	take_turns(arg, 1, 0);
	return NULL;
}

static void the_condition_wakes_the_other(void **state)
{
	(void)state;
	shared s = {.turn = 0};
	pthread_t thread;
	assert_status(aim__mutex_init(&s.mutex), AIM_OK);
	assert_status(aim__cond_init(&s.cond), AIM_OK);
	assert_int_equal(pthread_create(&thread, NULL, second_player, &s), 0);
	take_turns(&s, 0, 1);
	pthread_join(thread, NULL);
	assert_int_equal(s.rounds, 400);
	aim__cond_dispose(&s.cond);
	aim__mutex_dispose(&s.mutex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_tells_the_systems_time),
		cmocka_unit_test(the_steady_clock_never_steps_back),
		cmocka_unit_test(random_bytes_are_filled_to_the_end),
		cmocka_unit_test(the_allocator_keeps_content_when_it_grows),
		cmocka_unit_test(the_mutex_excludes),
		cmocka_unit_test(the_condition_wakes_the_other),
	};
	return cmocka_run_group_tests_name("base/os", tests, NULL, NULL);
}
