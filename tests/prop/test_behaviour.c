/* Laws of the moments and of the tracker, extremes included (run with the sanitizers: nothing overflows):
 *  - the logarithm is monotone, and its inverse never goes above where it came from, nor far below;
 *  - means lie between the least and the greatest value, variances are not negative;
 *  - time is what is latest: an event of the past is one of now;
 *  - a finding that begins is followed by its end before it begins again, whatever the order of times;
 *  - the same events give the same findings. */
#include "support.h"

#include "assess/behaviour.h"

#include <string.h>

static uint64_t seed;

static uint64_t draw64(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed ^ seed >> 29;
}

static uint32_t draw(uint32_t n)
{
	return (uint32_t)(draw64() >> 33) % n;
}

/* Of any size: each power of two is as likely. */
static uint64_t any_number(void)
{
	uint32_t bits = draw(65);
	return bits == 0 ? 0 : draw64() >> (64 - bits);
}

static void test_logarithm(void **state)
{
	(void)state;
	seed = 1;
	assert_int_equal(aim__behaviour_log(0), 0);
	assert_int_equal(aim__behaviour_log(UINT64_MAX), 64 * AIM__BEHAVIOUR_ONE);
	assert_int_equal(aim__behaviour_exp(64 * AIM__BEHAVIOUR_ONE), INT64_MAX);
	for (int i = 0; i < 100000; i++) {
		uint64_t a = any_number(), b = draw(4) ? any_number() : a + 1;
		if (a > b) {
			uint64_t c = a;
			a = b;
			b = c;
		}
		int64_t low = aim__behaviour_log(a), high = aim__behaviour_log(b);
		assert_true(low >= 0 && low <= high && high <= 64 * AIM__BEHAVIOUR_ONE);
		int64_t back = aim__behaviour_exp(low);
		assert_true(back >= 0 && (a > INT64_MAX || (uint64_t)back <= a));
		assert_true(a > INT64_MAX / 2 || a - (uint64_t)back <= a / 65536 + 1);
	}
}

static void test_moments(void **state)
{
	(void)state;
	for (uint64_t round = 1; round < 200; round++) {
		aim__moments m = {0};
		int64_t least = INT64_MAX, most = 0;
		seed = round;
		for (int i = 0; i < 600; i++) {
			int64_t x = round % 3 == 0 ? (draw(2) ? 0 : 64 * AIM__BEHAVIOUR_ONE) : aim__behaviour_log(any_number());
			least = x < least ? x : least;
			most = x > most ? x : most;
			aim__moments_add(&m, x, draw(5) != 0 || i == 0);
			assert_true(m.fast >= least && m.fast <= most);
			assert_true(m.slow >= least && m.slow <= most);
			assert_true(m.variance >= 0 && m.variance <= (most - least) * (most - least));
			/* A wider bound is never left sooner. */
			uint32_t k = draw(15000);
			int64_t bound = draw(10) * AIM__BEHAVIOUR_ONE;
			assert_true(!aim__moments_deviate(&m, 2 * k, bound) || aim__moments_deviate(&m, k, bound));
			assert_true(!aim__moments_deviate(&m, k, bound + 1) || aim__moments_deviate(&m, k, bound));
		}
		aim__moments_accept(&m);
		assert_false(aim__moments_deviate(&m, 0, 0));
	}
}

typedef struct heard {
	int out[4][8]; /* by subject and action, by what: whether it is out */
	uint64_t sum;
	uint32_t n;
	int64_t latest_us;
} heard;

static aim_status hear(void *user, const aim_behaviour_finding *f)
{
	heard *h = user;
	int *out = &h->out[(f->subject.ptr[0] - 'a') * 2 + f->action.ptr[0] - 'x'][f->what];
	assert_true(f->expected >= 0 && f->observed >= 0 && f->since_us >= 0 && f->since_us <= h->latest_us);
	if (f->what != AIM_BEHAVIOUR_NEW_ACTION) {
		assert_int_equal(*out, f->over);
		*out = !f->over;
	}
	h->sum = h->sum * 31 + f->what + 8 * f->over + (uint64_t)f->observed;
	h->n++;
	return AIM_OK;
}

/* Times that jump by up to all there is, backwards too; in `monotone` the same times as a tracker should take them. */
static heard history(uint64_t round, int monotone)
{
	test_heap heap = {0};
	aim_behaviour_options o = {.struct_size = sizeof o, .warm_up = 20, .sustain_s = 30};
	aim_behaviour *tracker = NULL;
	int64_t now_us = 0, latest_us[4] = {0};
	heard h = {.n = 0};
	seed = round;
	o.deviation_permille = 1 + draw(3000);
	aim_ctx *ctx = test_ctx(&heap);
	assert_status(aim_behaviour_new(ctx, &o, &tracker, NULL), AIM_OK);
	for (int i = 0; i < 1500; i++) {
		char who = (char)('a' + draw(2)), what = (char)('x' + draw(2));
		size_t place = (size_t)(who - 'a') * 2 + (size_t)(what - 'x');
		aim_behaviour_event e = {.struct_size = sizeof e, .flags = draw(8) & draw(8)};
		int64_t jump = (int64_t)(any_number() >> (1 + draw(40)));
		if (draw(8) == 0)
			now_us = now_us > jump ? now_us - jump : 0;
		else
			now_us = now_us > INT64_MAX - jump ? INT64_MAX : now_us + jump;
		if (draw(100) == 0)
			now_us = draw(2) ? 0 : 1000000;
		latest_us[place] = now_us > latest_us[place] ? now_us : latest_us[place];
		h.latest_us = now_us > h.latest_us ? now_us : h.latest_us;
		e.time_us = monotone ? latest_us[place] : now_us;
		e.latency_us = (int64_t)(any_number() >> 1) - (draw(9) == 0);
		e.parameter_bytes = draw(50) ? any_number() : UINT64_MAX;
		e.subject = (aim_str){&who, 1};
		e.action = (aim_str){&what, 1};
		if (e.latency_us < -1)
			e.latency_us = -1;
		assert_status(aim_behaviour_observe(tracker, &e, hear, &h, NULL), AIM_OK);
	}
	aim_behaviour_free(tracker);
	test_ctx_done(ctx, &heap);
	return h;
}

static void test_tracker(void **state)
{
	uint32_t n = 0;
	(void)state;
	for (uint64_t round = 1; round <= 60; round++) {
		heard a = history(round, 0), b = history(round, 0), c = history(round, 1);
		assert_memory_equal(&a, &b, sizeof a);
		assert_int_equal(a.n, c.n);
		assert_int_equal(a.sum, c.sum);
		n += a.n;
	}
	assert_true(n > 100); /* or it would say nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logarithm),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_tracker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
