/* How subjects usually behave: what deviates is found once, after it lasted; what was not accepted is not learned. */
#include "support.h"

#include "assess/behaviour.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define S(text) aim_str_from(text)
#define SECOND INT64_C(1000000)

typedef struct lab {
	test_heap heap;
	aim_ctx *ctx;
	aim_behaviour *tracker;
	int64_t now_us;
	aim_behaviour_event event;
	unsigned n[8], n_over[8]; /* findings by what */
	aim_behaviour_finding last;
	aim_status answer;
} lab;

static lab the;

static aim_status found(void *user, const aim_behaviour_finding *finding)
{
	lab *l = user;
	l->last = *finding;
	(finding->over ? l->n_over : l->n)[finding->what]++;
	return l->answer;
}

static int setup(void **state)
{
	memset(&the, 0, sizeof the);
	the.ctx = test_ctx(&the.heap);
	the.now_us = INT64_C(1767225600000000);
	the.event = (aim_behaviour_event){.struct_size = sizeof the.event, .latency_us = 2000, .parameter_bytes = 300};
	the.event.subject = S("bot");
	the.event.action = S("read");
	assert_status(aim_behaviour_new(the.ctx, NULL, &the.tracker, NULL), AIM_OK);
	*state = &the;
	return 0;
}

static int teardown(void **state)
{
	lab *l = *state;
	aim_behaviour_free(l->tracker);
	test_ctx_done(l->ctx, &l->heap);
	return 0;
}

static void observe(lab *l, int n, int64_t gap_us)
{
	for (int i = 0; i < n; i++) {
		l->event.time_us = l->now_us += gap_us;
		assert_status(aim_behaviour_observe(l->tracker, &l->event, found, l, NULL), AIM_OK);
	}
}

static unsigned total(const lab *l)
{
	unsigned n = 0;
	for (size_t i = 0; i < 8; i++)
		n += l->n[i] + l->n_over[i];
	return n;
}

static void what_is_usual_is_no_finding(void **state)
{
	lab *l = *state;
	for (int i = 0; i < 2000; i++) {
		l->event.latency_us = 2000 + i * 7919 % 1500;
		l->event.parameter_bytes = (uint64_t)(300 + i * 104729 % 200);
		l->event.flags = i % 20 == 0 ? AIM_BEHAVIOUR_FAILED : 0;
		observe(l, 1, 8 * SECOND + i * 31 % 7 * SECOND);
	}
	assert_int_equal(total(l), 0);
}

static void another_rate_is_found_once_and_ends(void **state)
{
	lab *l = *state;
	observe(l, 200, 10 * SECOND);
	int64_t began_us = l->now_us;
	observe(l, 299, SECOND);
	assert_int_equal(total(l), 0); /* it must last five minutes */
	observe(l, 600, SECOND);
	assert_int_equal(total(l), 1);
	assert_int_equal(l->n[AIM_BEHAVIOUR_RATE], 1);
	assert_true(l->last.since_us > began_us && l->last.since_us < began_us + 20 * SECOND);
	/* Between powers of two the logarithm is straight, and the means are of logarithms. */
	assert_in_range(l->last.expected, 9 * SECOND, 10 * SECOND);
	assert_in_range(l->last.observed, SECOND * 99 / 100, SECOND * 101 / 100);
	assert_text(l->last.subject, "bot");
	assert_text(l->last.action, "read");
	/* Nobody got used to it in all that time. */
	observe(l, 100, 10 * SECOND);
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_RATE], 1);
	assert_int_equal(total(l), 2);
	assert_in_range(l->last.expected, 9 * SECOND, 10 * SECOND);
	observe(l, 400, SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_RATE], 2);
}

static void slower_is_found_as_well(void **state)
{
	lab *l = *state;
	observe(l, 200, 10 * SECOND);
	observe(l, 30, 100 * SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_RATE], 1);
}

static void what_is_accepted_is_usual(void **state)
{
	lab *l = *state;
	observe(l, 200, 10 * SECOND);
	observe(l, 600, SECOND);
	assert_int_equal(total(l), 1);
	assert_status(aim_behaviour_accept(l->tracker, S("bot"), S("read"), NULL), AIM_OK);
	observe(l, 600, SECOND);
	assert_int_equal(total(l), 1);
	observe(l, 200, 10 * SECOND); /* which now is another rate */
	assert_int_equal(l->n[AIM_BEHAVIOUR_RATE], 2);
	assert_status(aim_behaviour_accept(l->tracker, S("bot"), S(""), NULL), AIM_OK);
	assert_status(aim_behaviour_accept(l->tracker, S("bot"), S("write"), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_behaviour_accept(l->tracker, S("tob"), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_behaviour_accept(l->tracker, S(""), S(""), NULL), AIM_E_INVALID);
}

static void latency_size_and_errors_are_watched(void **state)
{
	lab *l = *state;
	observe(l, 200, 10 * SECOND);
	l->event.latency_us = 40000;
	observe(l, 60, 10 * SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_LATENCY], 1);
	assert_in_range(l->last.observed, 30000, 40001);
	l->event.latency_us = -1; /* unknown says nothing */
	l->event.parameter_bytes = 90000;
	observe(l, 60, 10 * SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_PARAMETER_SIZE], 1);
	l->event.parameter_bytes = 300;
	l->event.flags = AIM_BEHAVIOUR_FAILED;
	observe(l, 60, 10 * SECOND);
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_PARAMETER_SIZE], 1);
	assert_int_equal(l->n[AIM_BEHAVIOUR_ERRORS], 1);
	assert_in_range(l->last.observed, 900000, 1000000);
	assert_in_range(l->last.expected, 0, 10000); /* of two hundred and sixty, the one before it was out of bounds */
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_LATENCY], 0);
	assert_int_equal(total(l), 4);
}

static void a_short_deviation_is_none(void **state)
{
	lab *l = *state;
	observe(l, 200, 10 * SECOND);
	for (int i = 0; i < 20; i++) {
		l->event.latency_us = 90000;
		observe(l, 10, 10 * SECOND);
		l->event.latency_us = 2000;
		observe(l, 40, 10 * SECOND);
	}
	assert_int_equal(total(l), 0);
}

static void first_seen_actions_are_found_when_the_subject_is_known(void **state)
{
	lab *l = *state;
	l->event.action = S("list");
	observe(l, 1, SECOND);
	l->event.action = S("read");
	observe(l, 60, 10 * SECOND);
	assert_int_equal(total(l), 0);
	l->event.action = S("delete");
	observe(l, 3, SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_NEW_ACTION], 1);
	assert_text(l->last.action, "delete");
	l->event.action = S("list");
	observe(l, 1, SECOND);
	l->event.subject = S("another");
	observe(l, 1, SECOND);
	assert_int_equal(total(l), 1);
}

static void what_the_host_sees_is_found_at_once_and_counted(void **state)
{
	lab *l = *state;
	l->event.flags = AIM_BEHAVIOUR_SUSPICIOUS;
	observe(l, 5, SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS], 1);
	l->event.flags = AIM_BEHAVIOUR_UNEXPECTED;
	observe(l, 1, SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_UNEXPECTED_RESPONSE], 1);
	l->event.flags = 0;
	observe(l, 1, 299 * SECOND);
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS], 1);
	assert_int_equal(l->last.observed, 5);
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_UNEXPECTED_RESPONSE], 0);
	observe(l, 1, SECOND);
	assert_int_equal(l->n_over[AIM_BEHAVIOUR_UNEXPECTED_RESPONSE], 1);
	l->event.flags = AIM_BEHAVIOUR_SUSPICIOUS;
	observe(l, 1, SECOND);
	assert_int_equal(l->n[AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS], 2);
}

static void invented_actions_cost_no_memory(void **state)
{
	lab *l = *state;
	char name[16];
	aim_behaviour_options o = {.struct_size = sizeof o, .warm_up = 1, .max_subjects = 2, .max_actions = 5};
	aim_behaviour_free(l->tracker);
	l->tracker = NULL;
	assert_status(aim_behaviour_new(l->ctx, &o, &l->tracker, NULL), AIM_OK);
	size_t bytes = 0;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof name, "a%03d", i);
		l->event.action = S(name);
		observe(l, 1, SECOND);
		if (i == 10)
			bytes = l->heap.live_bytes;
	}
	assert_int_equal(l->heap.live_bytes, bytes);
	assert_int_equal(l->n[AIM_BEHAVIOUR_NEW_ACTION], 199);
	l->event.subject = S("second");
	observe(l, 1, SECOND);
	l->event.subject = S("third");
	assert_status(aim_behaviour_observe(l->tracker, &l->event, found, l, NULL), AIM_E_LIMIT);
	assert_status(aim_behaviour_forget(l->tracker, S("second"), NULL), AIM_OK);
	assert_status(aim_behaviour_forget(l->tracker, S("second"), NULL), AIM_OK);
	assert_status(aim_behaviour_observe(l->tracker, &l->event, found, l, NULL), AIM_OK);
}

static void a_known_action_allocates_nothing(void **state)
{
	lab *l = *state;
	observe(l, 1, SECOND);
	size_t n = l->heap.n_allocs;
	observe(l, 1000, SECOND);
	assert_int_equal(l->heap.n_allocs, n);
}

static void what_is_no_event_is_refused(void **state)
{
	lab *l = *state;
	char big[300];
	aim_behaviour_options o = {.struct_size = sizeof o};
	aim_behaviour *none = NULL;
	memset(big, 'x', sizeof big);
#define REFUSED(field, value, status)                                                             \
	do {                                                                                          \
		aim_behaviour_event e = l->event;                                                         \
		e.field = value;                                                                          \
		assert_status(aim_behaviour_observe(l->tracker, &e, found, l, NULL), status);             \
	} while (0)
	REFUSED(subject, S(""), AIM_E_INVALID);
	REFUSED(action, S(""), AIM_E_INVALID);
	REFUSED(action, ((aim_str){big, 257}), AIM_E_INVALID);
	REFUSED(time_us, -1, AIM_E_INVALID);
	REFUSED(flags, 8, AIM_E_VERSION);
	o.flags = 1;
	assert_status(aim_behaviour_new(l->ctx, &o, &none, NULL), AIM_E_VERSION);
	o = (aim_behaviour_options){.struct_size = sizeof o, .deviation_permille = 30001};
	assert_status(aim_behaviour_new(l->ctx, &o, &none, NULL), AIM_E_INVALID);
	o = (aim_behaviour_options){.struct_size = sizeof o, .least_errors_permille = 1001};
	assert_status(aim_behaviour_new(l->ctx, &o, &none, NULL), AIM_E_INVALID);
	l->answer = AIM_E_IO;
	l->event.flags = AIM_BEHAVIOUR_SUSPICIOUS;
	assert_status(aim_behaviour_observe(l->tracker, &l->event, found, l, NULL), AIM_E_IO);
	assert_status(aim_behaviour_observe(l->tracker, &l->event, NULL, NULL, NULL), AIM_OK);
	assert_string_equal(aim_behaviour_name(AIM_BEHAVIOUR_UNEXPECTED_RESPONSE), "unexpected_response");
	assert_string_equal(aim_behaviour_name(AIM_BEHAVIOUR_NEW_ACTION), "new_action");
	assert_string_equal(aim_behaviour_name(8), "unknown");
	aim_behaviour_free(NULL);
}

/* Threads that observe, accept and forget: for ThreadSanitizer. */
static void *work(void *user)
{
	lab *l = user;
	aim_behaviour_event e = l->event;
	for (int i = 0; i < 300; i++) {
		e.time_us = l->now_us + i * SECOND;
		e.subject = i % 2 ? S("bot") : S("tob");
		if (aim_behaviour_observe(l->tracker, &e, NULL, NULL, NULL) != AIM_OK)
			return user;
		if (i % 50 == 0)
			(void)aim_behaviour_forget(l->tracker, S("tob"), NULL);
		if (i % 30 == 29 && aim_behaviour_accept(l->tracker, S("bot"), S(""), NULL) != AIM_OK)
			return user;
	}
	return NULL;
}

static void many_threads_use_one_tracker(void **state)
{
	pthread_t threads[6];
	void *failed;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, *state), 0);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

static aim_status use(aim_ctx *ctx, void *arg)
{
	aim_behaviour *tracker = NULL;
	aim_behaviour_event e = {.struct_size = sizeof e, .latency_us = -1};
	(void)arg;
	aim_status rc = aim_behaviour_new(ctx, NULL, &tracker, NULL);
	e.subject = S("bot");
	for (int i = 0; i < 7 && rc == AIM_OK; i++) {
		char name = (char)('a' + i);
		e.action = (aim_str){&name, 1};
		rc = aim_behaviour_observe(tracker, &e, NULL, NULL, NULL);
	}
	aim_behaviour_free(tracker);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(use, NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_usual_is_no_finding),
		T(another_rate_is_found_once_and_ends),
		T(slower_is_found_as_well),
		T(what_is_accepted_is_usual),
		T(latency_size_and_errors_are_watched),
		T(a_short_deviation_is_none),
		T(first_seen_actions_are_found_when_the_subject_is_known),
		T(what_the_host_sees_is_found_at_once_and_counted),
		T(invented_actions_cost_no_memory),
		T(a_known_action_allocates_nothing),
		T(what_is_no_event_is_refused),
		T(many_threads_use_one_tracker),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
