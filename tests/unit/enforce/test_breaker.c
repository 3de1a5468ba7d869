/* The breaker: when it opens, the one probe, and who is listened to. */
#include "support.h"

#include <aim/breaker.h>

#include <pthread.h>
#include <string.h>

#define MS INT64_C(1000)
#define TICKET {.struct_size = sizeof(aim_breaker_ticket)}

typedef struct scene {
	test_heap heap;
	aim_ctx *ctx;
	aim_breaker *b;
	int64_t start_us;
} scene;

static void open_scene(scene *s, uint32_t max_failures, uint32_t open_ms)
{
	aim_breaker_options o = {.struct_size = sizeof o, .max_failures = max_failures, .open_ms = open_ms};
	memset(s, 0, sizeof *s);
	s->start_us = test_now_us;
	s->ctx = test_ctx(&s->heap);
	assert_status(aim_breaker_new(s->ctx, max_failures ? &o : NULL, &s->b, NULL), AIM_OK);
}

static void close_scene(scene *s)
{
	aim_breaker_free(s->b);
	test_ctx_done(s->ctx, &s->heap);
	test_now_us = s->start_us;
}

static aim_status enter(aim_breaker *b)
{
	aim_breaker_ticket t = TICKET;
	return aim_breaker_enter(b, &t, NULL);
}

static aim_status call(aim_breaker *b, int succeeded)
{
	aim_breaker_ticket t = TICKET;
	aim_status rc = aim_breaker_enter(b, &t, NULL);
	return rc == AIM_OK ? aim_breaker_leave(b, &t, succeeded, NULL) : rc;
}

static aim_breaker_status read(aim_breaker *b)
{
	aim_breaker_status s = {.struct_size = sizeof s};
	assert_status(aim_breaker_read(b, &s), AIM_OK);
	return s;
}

static void five_failures_in_a_row_open_it_for_a_minute(void **state)
{
	scene s;
	aim_error err = {.status = AIM_OK};
	aim_breaker_ticket t = TICKET;
	(void)state;
	open_scene(&s, 0, 0);
	for (int i = 0; i < 4; i++)
		assert_status(call(s.b, 0), AIM_OK);
	assert_status(call(s.b, 1), AIM_OK);
	for (int i = 0; i < 5; i++)
		assert_status(call(s.b, 0), AIM_OK);
	assert_int_equal(read(s.b).state, AIM_BREAKER_OPEN);
	assert_int_equal(read(s.b).n_failures, 5);
	assert_int_equal(read(s.b).retry_ms, 60000);
	assert_status(aim_breaker_enter(s.b, &t, &err), AIM_E_BREAKER_OPEN);
	assert_string_equal(err.message, "5 consecutive failures; the next call may be tried in 60000 ms");
	assert_status(aim_breaker_leave(s.b, &t, 1, NULL), AIM_E_STATE);
	test_now_us += 60000 * MS - 1;
	assert_status(enter(s.b), AIM_E_BREAKER_OPEN);
	test_now_us++;
	assert_int_equal(read(s.b).state, AIM_BREAKER_HALF_OPEN);
	assert_status(call(s.b, 1), AIM_OK);
	assert_int_equal(read(s.b).state, AIM_BREAKER_CLOSED);
	assert_int_equal(read(s.b).n_failures, 0);
	close_scene(&s);
}

static void a_failed_probe_opens_it_again(void **state)
{
	scene s;
	(void)state;
	open_scene(&s, 1, 10);
	assert_status(call(s.b, 0), AIM_OK);
	test_now_us += 10 * MS;
	assert_status(call(s.b, 0), AIM_OK);
	assert_status(enter(s.b), AIM_E_BREAKER_OPEN);
	test_now_us += 10 * MS;
	assert_status(call(s.b, 1), AIM_OK);
	assert_status(call(s.b, 1), AIM_OK);
	close_scene(&s);
}

static void a_lost_probe_is_given_up(void **state)
{
	scene s;
	aim_breaker_ticket lost = TICKET;
	(void)state;
	open_scene(&s, 1, 10);
	assert_status(call(s.b, 0), AIM_OK);
	test_now_us += 10 * MS;
	assert_status(aim_breaker_enter(s.b, &lost, NULL), AIM_OK);
	assert_status(enter(s.b), AIM_E_BREAKER_OPEN);
	test_now_us += 10 * MS;
	assert_status(enter(s.b), AIM_OK);
	assert_status(aim_breaker_leave(s.b, &lost, 1, NULL), AIM_OK); /* too late to say anything */
	assert_int_equal(read(s.b).state, AIM_BREAKER_HALF_OPEN);
	close_scene(&s);
}

static void calls_from_before_say_nothing(void **state)
{
	scene s;
	aim_breaker_ticket early = TICKET;
	(void)state;
	open_scene(&s, 2, 10);
	assert_status(aim_breaker_enter(s.b, &early, NULL), AIM_OK);
	assert_status(call(s.b, 0), AIM_OK);
	assert_status(call(s.b, 0), AIM_OK);
	assert_status(aim_breaker_leave(s.b, &early, 1, NULL), AIM_OK);
	assert_int_equal(read(s.b).state, AIM_BREAKER_OPEN);
	assert_status(aim_breaker_leave(s.b, &early, 1, NULL), AIM_E_STATE);
	assert_status(aim_breaker_reset(s.b), AIM_OK);
	assert_status(call(s.b, 0), AIM_OK);
	assert_int_equal(read(s.b).state, AIM_BREAKER_CLOSED);
	close_scene(&s);
}

static void a_clock_that_steps_back_keeps_it_open_no_longer_than_once_more(void **state)
{
	scene s;
	(void)state;
	open_scene(&s, 1, 10);
	assert_status(call(s.b, 0), AIM_OK);
	test_now_us -= 1000000 * MS;
	assert_status(enter(s.b), AIM_E_BREAKER_OPEN);
	test_now_us += 10 * MS;
	assert_status(enter(s.b), AIM_OK);
	close_scene(&s);
}

static void what_is_out_of_range_is_refused(void **state)
{
	scene s;
	aim_breaker *b = NULL;
	aim_breaker_ticket small = {.struct_size = 4};
	aim_breaker_options o = {.struct_size = sizeof o, .flags = 1};
	(void)state;
	open_scene(&s, 0, 0);
	assert_status(aim_breaker_new(s.ctx, &o, &b, NULL), AIM_E_VERSION);
	assert_status(aim_breaker_enter(s.b, &small, NULL), AIM_E_INVALID);
	assert_string_equal(aim_breaker_state_name(AIM_BREAKER_HALF_OPEN), "half_open");
	assert_string_equal(aim_breaker_state_name(9), "unknown");
	close_scene(&s);
}

#define RACERS 8

typedef struct racer {
	aim_breaker *b;
	int passed;
} racer;

static void *probe(void *arg)
{
	racer *r = arg;
	for (int i = 0; i < 50; i++)
		r->passed += enter(r->b) == AIM_OK;
	return NULL;
}

static void of_many_threads_one_is_the_probe(void **state)
{
	scene s;
	int passed = 0;
	pthread_t threads[RACERS];
	racer racers[RACERS];
	(void)state;
	open_scene(&s, 1, 10);
	assert_status(call(s.b, 0), AIM_OK);
	test_now_us += 10 * MS;
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (racer){s.b, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, probe, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		passed += racers[i].passed;
	}
	assert_int_equal(passed, 1);
	close_scene(&s);
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_breaker *b = NULL;
	(void)arg;
	aim_status rc = aim_breaker_new(ctx, NULL, &b, NULL);
	if (rc == AIM_OK)
		rc = call(b, 0);
	aim_breaker_free(b);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(everything, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_failures_in_a_row_open_it_for_a_minute),
		cmocka_unit_test(a_failed_probe_opens_it_again),
		cmocka_unit_test(a_lost_probe_is_given_up),
		cmocka_unit_test(calls_from_before_say_nothing),
		cmocka_unit_test(a_clock_that_steps_back_keeps_it_open_no_longer_than_once_more),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(of_many_threads_one_is_the_probe),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
