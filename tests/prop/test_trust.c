/* Laws of trust scores, for the profiles that gates read: order does not matter, a good event never lowers and a
 * bad one never raises, event ids count once, adding up as events come equals adding up at once, contributions
 * add up, resolving never lowers; for `beta` also that splitting evidence over identities gains nothing and that
 * sources without a root weigh no more than one. */
#include "../unit/identity/house.h"

#include "assess/trust_score.h"
#include "base/buf.h"

#include <aim/trust.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY AIM__DAY_US
#define NOW_DAY 20000
#define N_ROWS 40u

static uint64_t seed = 20261124;

static uint64_t pick(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

static const char *const profiles[] = {"aim-8", "beta"};
static const uint32_t factors[] = {AIM_TRUSTSCORE_VERIFICATION, AIM_TRUSTSCORE_UPTIME, AIM_TRUSTSCORE_SUCCESS,
                                   AIM_TRUSTSCORE_COMPLIANCE, AIM_TRUSTSCORE_FEEDBACK};

/* Events of one source on one day. */
typedef struct row {
	uint32_t factor;
	int64_t day;
	uint64_t good, bad;
} row;

typedef struct desk {
	test_heap heap;
	aim_ctx *ctx;
	aim_trustscore *score;
} desk;

static void desk_open(desk *d)
{
	memset(d, 0, sizeof *d);
	d->ctx = test_ctx(&d->heap);
	assert_status(aim_trustscore_new(d->ctx, &d->score, NULL), AIM_OK);
}

static void desk_close(desk *d)
{
	aim_trustscore_free(d->score);
	test_ctx_done(d->ctx, &d->heap);
}

static row random_row(void)
{
	static const uint64_t sizes[] = {2, 20, 120, 5000};
	row r = {factors[pick(5)], NOW_DAY - (int64_t)pick(1200), pick(sizes[pick(4)]), pick(sizes[pick(4)])};
	return r;
}

static void begin(aim_trustscore_evidence *e, aim_ctx *ctx)
{
	assert_status(aim__trust_evidence_init(e, ctx, S("agt_x"), (NOW_DAY - 50) * DAY), AIM_OK);
}

static void add(aim_trustscore_evidence *e, const row *r)
{
	assert_status(aim_trustscore_evidence_add(e, r->factor, r->day, r->good, r->bad, NULL), AIM_OK);
}

/* The score; its rows add up to it, and it is within its bounds. */
static int64_t score_of(desk *d, const aim_trustscore_evidence *e, const char *profile)
{
	int64_t sum = 0;
	aim_trustscore_summary s = {.struct_size = sizeof s};
	assert_status(aim_trustscore_compute(aim_trustscore_profile_named(S(profile)), e, NOW_DAY * DAY, d->score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(d->score, &s), AIM_OK);
	for (size_t i = 0; i < s.n_rows; i++)
		sum += aim_trustscore_row_at(d->score, i)->contribution_micro;
	assert_int_equal(sum, s.score_micro);
	assert_in_range(s.score_micro, 0, AIM_TRUSTSCORE_ONE);
	return s.score_micro;
}

static void random_evidence(aim_trustscore_evidence *e, aim_ctx *ctx)
{
	begin(e, ctx);
	for (uint64_t n = pick(N_ROWS); n; n--) {
		row r = random_row();
		add(e, &r);
	}
	for (uint32_t severity = 1; severity < AIM__TRUST_SEVERITIES; severity++)
		e->alerts[severity] = pick(3) == 0;
	e->drift = pick(3) == 0;
	e->ceiling_micro = pick(4) ? AIM_TRUSTSCORE_ONE : (int64_t)pick(AIM_TRUSTSCORE_ONE);
	if (pick(3) == 0)
		assert_status(aim_trustscore_evidence_add_penalty(e, S("p"), 1 + (int64_t)pick(300000), 0, NOW_DAY * DAY + 1, NULL),
		              AIM_OK);
}

static void assert_same(aim_ctx *ctx, const aim_trustscore_evidence *a, const aim_trustscore_evidence *b)
{
	aim_buf x, y;
	aim__buf_init(&x, ctx);
	aim__buf_init(&y, ctx);
	assert_status(aim_trustscore_evidence_write(a, &x, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_write(b, &y, NULL), AIM_OK);
	assert_text(aim_buf_str(&x), (const char *)y.ptr);
	aim__buf_dispose(&y);
	aim__buf_dispose(&x);
}

static void shuffle(row *rows, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = pick(i);
		row r = rows[i - 1];
		rows[i - 1] = rows[j];
		rows[j] = r;
	}
}

static void test_order_does_not_matter(void **state)
{
	desk d;
	row rows[N_ROWS];
	static aim_trustscore_evidence a, b;
	(void)state;
	desk_open(&d);
	for (int round = 0; round < 2000; round++) {
		begin(&a, d.ctx);
		begin(&b, d.ctx);
		for (size_t i = 0; i < N_ROWS; i++) {
			rows[i] = random_row();
			add(&a, &rows[i]);
		}
		shuffle(rows, N_ROWS);
		for (size_t i = 0; i < N_ROWS; i++)
			add(&b, &rows[i]);
		assert_same(d.ctx, &a, &b);
	}
	desk_close(&d);
}

/* Events one at a time, of many days in turn, against each day at once. */
static void test_incremental_is_batch(void **state)
{
	desk d;
	row rows[8];
	static aim_trustscore_evidence one_by_one, at_once;
	(void)state;
	desk_open(&d);
	for (int round = 0; round < 300; round++) {
		begin(&one_by_one, d.ctx);
		begin(&at_once, d.ctx);
		for (size_t i = 0; i < 8; i++) {
			rows[i] = random_row();
			rows[i].good = rows[i].bad = 0;
		}
		for (int n = 0; n < 900; n++) {
			row *r = &rows[pick(8)];
			aim__trust_day before = {r->good, r->bad};
			*(pick(3) ? &r->good : &r->bad) += 1;
			aim__trust_day after = {r->good, r->bad};
			assert_status(aim__trust_replace(&one_by_one, r->factor, r->day, &before, &after, NULL), AIM_OK);
		}
		for (size_t i = 0; i < 8; i++)
			add(&at_once, &rows[i]);
		assert_same(d.ctx, &one_by_one, &at_once);
	}
	desk_close(&d);
}

static void test_events_move_the_right_way(void **state)
{
	desk d;
	static aim_trustscore_evidence e, better, worse;
	(void)state;
	desk_open(&d);
	for (int round = 0; round < 20000; round++) {
		row r = random_row();
		random_evidence(&e, d.ctx);
		better = worse = e;
		aim__trust_day none = {0, 0}, now = {r.good, r.bad}, good = {r.good + 1, r.bad}, bad = {r.good, r.bad + 1};
		assert_status(aim__trust_replace(&e, r.factor, r.day, &none, &now, NULL), AIM_OK);
		assert_status(aim__trust_replace(&better, r.factor, r.day, &none, &good, NULL), AIM_OK);
		assert_status(aim__trust_replace(&worse, r.factor, r.day, &none, &bad, NULL), AIM_OK);
		for (size_t p = 0; p < 2; p++) {
			int64_t score = score_of(&d, &e, profiles[p]);
			assert_true(score_of(&d, &better, profiles[p]) >= score);
			assert_true(score_of(&d, &worse, profiles[p]) <= score);
		}
	}
	desk_close(&d);
}

static void test_resolving_never_lowers(void **state)
{
	desk d;
	static aim_trustscore_evidence e, resolved;
	(void)state;
	desk_open(&d);
	for (int round = 0; round < 5000; round++) {
		random_evidence(&e, d.ctx);
		for (uint32_t severity = 1; severity < AIM__TRUST_SEVERITIES; severity++) {
			resolved = e;
			resolved.alerts[severity] = 0;
			for (size_t p = 0; p < 2; p++)
				assert_true(score_of(&d, &resolved, profiles[p]) >= score_of(&d, &e, profiles[p]));
		}
		resolved = e;
		resolved.drift = 0;
		assert_true(score_of(&d, &resolved, "aim-8") >= score_of(&d, &e, "aim-8"));
	}
	desk_close(&d);
}

/* One source's evidence of any size, and many days' within their limits, over k identities. */
static void test_splitting_gains_nothing(void **state)
{
	desk d;
	static aim_trustscore_evidence whole, part;
	(void)state;
	desk_open(&d);
	for (int round = 0; round < 20000; round++) {
		uint64_t k = 2 + pick(20);
		int is_large = pick(2) == 0;
		begin(&whole, d.ctx);
		begin(&part, d.ctx);
		for (uint64_t n = is_large ? 1 : 1 + pick(20); n; n--) {
			row r = random_row();
			if (!is_large) {
				r.good = pick(100 / k / 2 + 1);
				r.bad = pick(100 / k / 2 + 1);
			}
			if (r.factor == AIM_TRUSTSCORE_FEEDBACK) /* not in `beta` */
				continue;
			add(&part, &r);
			r.good *= k;
			r.bad *= k;
			add(&whole, &r);
		}
		assert_true(score_of(&d, &part, "beta") <= score_of(&d, &whole, "beta"));
	}
	desk_close(&d);
}

/* ---- through a store ---- */

static void random_event(house *h, const char *agent, aim_trust_event *e, char id[16], char source[16])
{
	memset(e, 0, sizeof *e);
	snprintf(id, 16, "evt-%d", (int)pick(60)); /* many come again */
	uint64_t is = strtoull(id + 4, NULL, 10);
	snprintf(source, 16, "src-%d", (int)(is % 5));
	e->struct_size = sizeof *e;
	e->flags = is % 2 ? AIM_TRUST_ROOTED : 0;
	e->factor = factors[is % 4];
	e->outcome = is % 3 ? AIM_TRUST_GOOD : AIM_TRUST_BAD;
	e->time_us = test_now_us - (int64_t)(is % 7) * DAY;
	e->subject = S(agent);
	e->source = S(source);
	e->id = S(id);
	(void)h;
}

/* The same events, each at least once, in whatever order and however often: the same score. */
static void test_event_ids_count_once(void **state)
{
	house *h = *state;
	char first[37], second[37], id[16], source[16];
	aim_trustscore *a = NULL, *b = NULL;
	aim_trust_event e;
	house_agent(h, "first", first);
	house_agent(h, "second", second);
	assert_status(aim_trustscore_new(h->ctx, &a, NULL), AIM_OK);
	assert_status(aim_trustscore_new(h->ctx, &b, NULL), AIM_OK);
	for (int i = 0; i < 1200; i++) {
		random_event(h, i % 2 ? first : second, &e, id, source);
		assert_status(aim_trust_record(h->registry, &e, NULL, NULL), AIM_OK);
	}
	for (size_t p = 0; p < 2; p++) {
		aim_trustscore_summary x = {.struct_size = sizeof x}, y = x;
		const aim_trustscore_profile *profile = aim_trustscore_profile_named(S(profiles[p]));
		assert_status(aim_trust_score(h->registry, S(first), profile, a, NULL), AIM_OK);
		assert_status(aim_trust_score(h->registry, S(second), profile, b, NULL), AIM_OK);
		assert_status(aim_trustscore_summarize(a, &x), AIM_OK);
		assert_status(aim_trustscore_summarize(b, &y), AIM_OK);
		assert_int_equal(x.samples, p == 0 ? 60 : x.samples);
		assert_int_equal(x.score_micro, y.score_micro);
	}
	aim_trustscore_free(b);
	aim_trustscore_free(a);
}

/* k sources without a root say on one day what one says: the same to the bit. */
static void test_unrooted_weigh_as_one(void **state)
{
	house *h = *state;
	char agents[2][37], id[24], source[24];
	int64_t scores[2];
	aim_trustscore *score = NULL;
	assert_status(aim_trustscore_new(h->ctx, &score, NULL), AIM_OK);
	for (int alone = 0; alone < 2; alone++) {
		aim_trustscore_summary sum = {.struct_size = sizeof sum};
		house_agent(h, alone ? "alone" : "crowd", agents[alone]);
		for (int i = 0; i < 150; i++) {
			aim_trust_event e = {.struct_size = sizeof e, .factor = AIM_TRUSTSCORE_SUCCESS};
			e.outcome = i % 4 ? AIM_TRUST_BAD : AIM_TRUST_GOOD;
			snprintf(id, sizeof id, "vote-%d", i);
			snprintf(source, sizeof source, "rater-%d", alone ? 0 : i);
			e.subject = S(agents[alone]);
			e.source = S(source);
			e.id = S(id);
			assert_status(aim_trust_record(h->registry, &e, NULL, NULL), AIM_OK);
		}
		assert_status(aim_trust_score(h->registry, S(agents[alone]), aim_trustscore_profile_named(S("beta")), score, NULL),
		              AIM_OK);
		assert_status(aim_trustscore_summarize(score, &sum), AIM_OK);
		scores[alone] = sum.score_micro;
	}
	assert_int_equal(scores[0], scores[1]);
	aim_trustscore_free(score);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_incremental_is_batch),
		cmocka_unit_test(test_events_move_the_right_way),
		cmocka_unit_test(test_resolving_never_lowers),
		cmocka_unit_test(test_splitting_gains_nothing),
		cmocka_unit_test_setup_teardown(test_event_ids_count_once, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(test_unrooted_weigh_as_one, house_setup, house_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
