/* Trust in a store: what counts, what is refused, what is recorded, and what others recompute. */
#include "../identity/house.h"

#include "assess/trust_store.h"
#include "base/buf.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define DAY AIM__DAY_US

typedef struct shop {
	house *h;
	char agent[37];
	aim_trustscore *score;
	aim_trustscore_summary sum;
	aim_trust_change change;
} shop;

static shop shop_open(void **state)
{
	shop s = {.h = *state};
	house_agent(s.h, "agent", s.agent);
	assert_status(aim_trustscore_new(s.h->ctx, &s.score, NULL), AIM_OK);
	s.change.struct_size = sizeof s.change;
	s.sum.struct_size = sizeof s.sum;
	return s;
}

static void shop_close(shop *s)
{
	aim_trustscore_free(s->score);
}

static aim_trust_event event_of(const shop *s, const char *id, uint32_t factor, uint32_t outcome)
{
	aim_trust_event e = {.struct_size = sizeof e, .flags = AIM_TRUST_ROOTED, .factor = factor, .outcome = outcome};
	e.subject = S(s->agent);
	e.source = S("gateway-1");
	e.id = S(id);
	e.cause = S("tool call reported");
	return e;
}

static aim_status record(shop *s, const char *id, uint32_t factor, uint32_t outcome)
{
	aim_trust_event e = event_of(s, id, factor, outcome);
	return aim_trust_record(s->h->registry, &e, &s->change, NULL);
}

static int64_t score(shop *s)
{
	assert_status(aim_trust_score(s->h->registry, S(s->agent), NULL, s->score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(s->score, &s->sum), AIM_OK);
	return s->sum.score_micro;
}

static aim_trust_finding finding_of(const shop *s, uint32_t kind, uint32_t severity, const char *id)
{
	aim_trust_finding f = {.struct_size = sizeof f, .kind = kind, .severity = severity};
	f.subject = S(s->agent);
	f.source = S("scanner");
	f.id = S(id);
	return f;
}

static void test_new_subject(void **state)
{
	shop s = shop_open(state);
	size_t before = house_records(s.h, NULL);
	assert_int_equal(score(&s), 592500);
	assert_text(s.sum.profile, "aim-8");
	assert_text(s.sum.subject, s.agent);
	assert_int_equal(s.sum.as_of_us, test_now_us);
	assert_int_equal(s.sum.flags, AIM_TRUSTSCORE_PROVISIONAL);
	assert_int_equal(house_records(s.h, NULL), before); /* reading writes nothing */
	shop_close(&s);
}

static void test_event_counts(void **state)
{
	shop s = shop_open(state);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_OK);
	assert_int_equal(s.change.flags, AIM_TRUST_COUNTED);
	assert_int_equal(s.change.old_micro, 592500);
	assert_int_equal(s.change.new_micro, 599318); /* 6 / 11 */
	assert_int_equal(score(&s), 599318);
	assert_int_equal(house_records(s.h, "trust_evidence"), 1);
	assert_int_equal(house_records(s.h, "trust_score_changed"), 1);
	assert_non_null(strstr(house_last_record(s.h), "\"new_micro\":599318,\"old_micro\":592500"));
	assert_non_null(strstr(house_last_record(s.h), "\"user\":\"gateway-1\""));
	shop_close(&s);
}

static void test_event_counts_once(void **state)
{
	shop s = shop_open(state);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_BAD), AIM_OK);
	int64_t was = score(&s);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_BAD), AIM_OK);
	assert_int_equal(s.change.flags, 0);
	assert_int_equal(s.change.new_micro, was);
	assert_int_equal(score(&s), was);
	assert_int_equal(house_records(s.h, "trust_evidence"), 1);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_E_TRUST_EVENT);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_UPTIME, AIM_TRUST_BAD), AIM_E_TRUST_EVENT);
	assert_int_equal(score(&s), was);
	shop_close(&s);
}

static void test_never_about_itself(void **state)
{
	shop s = shop_open(state);
	char upper[64] = "";
	aim_trust_event e = event_of(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD);
	e.source = S(s.agent);
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_TRUST_SELF);
	/* its UUID form is the same agent */
	snprintf(upper, sizeof upper, "%.8s-%.4s-%.4s-%.4s-%.12s", s.agent + 4, s.agent + 12, s.agent + 16, s.agent + 20,
	         s.agent + 24);
	e.source = S(upper);
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_TRUST_SELF);
	aim_trust_finding f = finding_of(&s, AIM_TRUST_ALERT, AIM_TRUSTSCORE_CRITICAL, "alr_1");
	assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
	f.source = S(s.agent);
	assert_status(aim_trust_resolve(s.h->registry, &f, NULL, NULL), AIM_E_TRUST_SELF);
	assert_int_equal(score(&s), 442500);
	shop_close(&s);
}

static void test_refusals(void **state)
{
	shop s = shop_open(state);
	aim_trust_event good = event_of(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), e = good;
	e.time_us = test_now_us + 1;
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_FUTURE);
	e.time_us = test_now_us - 90 * DAY - 1;
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_STALE);
	e = good;
	e.factor = AIM_TRUSTSCORE_AGE;
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_INVALID);
	e = good;
	e.outcome = 3;
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_INVALID);
	e = good;
	e.source = S("");
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_INVALID);
	e = good;
	e.id = S("");
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_INVALID);
	e = good;
	e.subject = S("agt_00000000000070008000000000000000");
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_NOT_FOUND);
	e.subject = S("nobody");
	assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(score(&s), 592500);
	assert_int_equal(house_records(s.h, "trust_evidence"), 0);
	shop_close(&s);
}

static void test_unrooted_share_a_limit(void **state)
{
	shop s = shop_open(state);
	char source[16], id[16];
	aim_trust_event e = event_of(&s, id, AIM_TRUSTSCORE_FEEDBACK, AIM_TRUST_BAD);
	e.flags = 0;
	for (int i = 0; i < 20; i++) { /* 20 voices weigh 3: more than two, not more than five */
		snprintf(source, sizeof source, "user-%d", i);
		snprintf(id, sizeof id, "vote-%d", i);
		e.source = S(source);
		e.id = S(id);
		assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_OK);
	}
	(void)score(&s);
	assert_int_equal(aim_trustscore_row_at(s.score, 7)->value_micro, 500000);
	assert_int_equal(aim_trustscore_row_at(s.score, 7)->samples, 20);
	e.flags = AIM_TRUST_ROOTED; /* rooted ones count each */
	for (int i = 0; i < 3; i++) {
		snprintf(source, sizeof source, "rooted-%d", i);
		snprintf(id, sizeof id, "rooted-%d", i);
		e.source = S(source);
		e.id = S(id);
		assert_status(aim_trust_record(s.h->registry, &e, NULL, NULL), AIM_OK);
	}
	(void)score(&s);
	assert_int_equal(aim_trustscore_row_at(s.score, 7)->value_micro, 0);
	shop_close(&s);
}

static void test_findings(void **state)
{
	shop s = shop_open(state);
	aim_trust_finding a = finding_of(&s, AIM_TRUST_ALERT, AIM_TRUSTSCORE_CRITICAL, "alr_1");
	aim_trust_finding d = finding_of(&s, AIM_TRUST_DRIFT, 0, "drf_1");
	assert_status(aim_trust_open(s.h->registry, &a, &s.change, NULL), AIM_OK);
	assert_int_equal(s.change.new_micro, 442500);
	assert_status(aim_trust_open(s.h->registry, &a, &s.change, NULL), AIM_OK);
	assert_int_equal(s.change.flags, 0);
	a.severity = AIM_TRUSTSCORE_LOW;
	assert_status(aim_trust_open(s.h->registry, &a, NULL, NULL), AIM_E_TRUST_EVENT);
	assert_status(aim_trust_open(s.h->registry, &d, &s.change, NULL), AIM_OK);
	assert_int_equal(score(&s), 392500);
	assert_int_equal(s.sum.vetoes, AIM_TRUSTSCORE_VETO_ALERT | AIM_TRUSTSCORE_VETO_DRIFT);
	assert_status(aim_trust_resolve(s.h->registry, &a, &s.change, NULL), AIM_OK);
	assert_int_equal(s.change.new_micro - s.change.old_micro, 150000);
	assert_status(aim_trust_resolve(s.h->registry, &a, &s.change, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_trust_resolve(s.h->registry, &d, &s.change, NULL), AIM_OK);
	assert_int_equal(score(&s), 592500);
	assert_int_equal(s.sum.vetoes, 0);
	d.severity = 1;
	assert_status(aim_trust_open(s.h->registry, &d, NULL, NULL), AIM_E_INVALID);
	shop_close(&s);
}

static void test_penalty_has_a_lifetime(void **state)
{
	shop s = shop_open(state);
	int64_t start_us = test_now_us;
	aim_trust_penalty p = {.struct_size = sizeof p, .micro = 100000, .until_us = test_now_us + DAY};
	p.subject = S(s.agent);
	p.source = S("operator");
	p.id = S("pen_1");
	assert_status(aim_trust_penalize(s.h->registry, &p, &s.change, NULL), AIM_OK);
	assert_status(aim_trust_penalize(s.h->registry, &p, &s.change, NULL), AIM_OK);
	assert_int_equal(s.change.flags, 0);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_OK); /* does not erase it */
	assert_int_equal(score(&s), 499318);
	test_now_us = start_us + DAY - 1;
	assert_int_equal(score(&s), 499318);
	test_now_us = start_us + DAY;
	assert_int_equal(score(&s), 599318);
	p.until_us = start_us;
	p.id = S("pen_2");
	assert_status(aim_trust_penalize(s.h->registry, &p, NULL, NULL), AIM_E_INVALID);
	test_now_us = start_us;
	shop_close(&s);
}

static void test_ceiling(void **state)
{
	shop s = shop_open(state);
	aim_agent *child = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("child"), .trust_ceiling_micro = 400000};
	assert_status(aim_agent_register(s.h->registry, &spec, &child, NULL), AIM_OK);
	assert_status(aim_trust_score(s.h->registry, aim_agent_id(child), NULL, s.score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(s.score, &s.sum), AIM_OK);
	assert_int_equal(s.sum.score_micro, 400000);
	aim_agent_free(child);
	shop_close(&s);
}

/* Anybody with the export computes the same score, and the same root. */
static void test_recompute(void **state)
{
	shop s = shop_open(state);
	aim_buf export;
	uint8_t root[32];
	aim_trustscore_evidence *read = NULL;
	aim_trustscore_summary again = {.struct_size = sizeof again};
	aim_trust_finding f = finding_of(&s, AIM_TRUST_ALERT, AIM_TRUSTSCORE_MEDIUM, "alr_1");
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_OK);
	assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
	(void)score(&s);
	aim__buf_init(&export, s.h->ctx);
	assert_status(aim_trust_export(s.h->registry, S(s.agent), &export, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_read(s.h->ctx, aim_buf_bytes(&export), &read, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_root(read, root, NULL), AIM_OK);
	assert_memory_equal(root, s.sum.root, sizeof root);
	int64_t stored = s.sum.score_micro, as_of_us = s.sum.as_of_us;
	assert_status(aim_trustscore_compute(aim_trustscore_profile_named(S("aim-8")), read, as_of_us, s.score, NULL), AIM_OK);
	assert_status(aim_trustscore_summarize(s.score, &again), AIM_OK);
	assert_int_equal(again.score_micro, stored);
	aim_trustscore_evidence_free(read);
	aim__buf_dispose(&export);
	shop_close(&s);
}

typedef struct seen {
	char text[2048];
	size_t n;
} seen;

static aim_status see_hint(void *user, const aim_trust_hint *hint)
{
	seen *s = user;
	s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%.*s: +%lld\n", (int)hint->action.len,
	                         hint->action.ptr, (long long)hint->gain_micro);
	return AIM_OK;
}

static void test_hints(void **state)
{
	shop s = shop_open(state);
	seen got = {.n = 0};
	aim_buf json;
	char ids[8][8];
	aim_trust_finding f = finding_of(&s, AIM_TRUST_ALERT, AIM_TRUSTSCORE_HIGH, "alr_7");
	assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
	assert_status(aim_trust_hints(s.h->registry, S(s.agent), NULL, see_hint, &got, NULL), AIM_OK);
	assert_non_null(strstr(got.text, "resolve alert alr_7: +75000\n"));
	assert_non_null(strstr(got.text, "10 more good events of success_rate: +37500\n"));
	assert_non_null(strstr(got.text, ", when age counts for more: +20000\n"));
	f = finding_of(&s, AIM_TRUST_DRIFT, 0, "");
	for (int i = 0; i < 6; i++) {
		snprintf(ids[i], sizeof ids[i], "drf_%d", i);
		f.id = S(ids[i]);
		assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
	}
	got.n = 0;
	assert_status(aim_trust_hints(s.h->registry, S(s.agent), NULL, see_hint, &got, NULL), AIM_OK);
	assert_non_null(strstr(got.text, "approve or undo drift drf_0, drf_1, drf_2, drf_3 and 2 more: +50000\n"));
	aim__buf_init(&json, s.h->ctx);
	assert_status(aim_trust_explain(s.h->registry, S(s.agent), NULL, &json, NULL), AIM_OK);
	assert_non_null(strstr((const char *)json.ptr, "{\"do\":\"resolve alert alr_7\",\"gain_micro\":75000}"));
	assert_non_null(strstr((const char *)json.ptr, "\"vetoes\":[\"drift\"]"));
	aim__buf_dispose(&json);
	shop_close(&s);
}

static aim_status see_change(void *user, const aim_trust_moment *m)
{
	seen *s = user;
	s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%llu %lld>%lld %s %s\n",
	                         (unsigned long long)m->number, (long long)m->old_micro, (long long)m->new_micro,
	                         m->cause.ptr, m->event.ptr);
	return AIM_OK;
}

static void test_history(void **state)
{
	shop s = shop_open(state);
	seen got = {.n = 0};
	aim_trust_finding f = finding_of(&s, AIM_TRUST_ALERT, AIM_TRUSTSCORE_HIGH, "alr_1");
	assert_status(aim_trust_history(s.h->registry, S(s.agent), 0, see_change, &got, NULL), AIM_OK);
	assert_int_equal(got.n, 0);
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_OK);
	assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
	assert_status(aim_trust_history(s.h->registry, S(s.agent), 0, see_change, &got, NULL), AIM_OK);
	assert_string_equal(got.text, "2 599318>524318 alert alr_1\n1 592500>599318 tool call reported req-1\n");
	got.n = 0;
	assert_status(aim_trust_history(s.h->registry, S(s.agent), 1, see_change, &got, NULL), AIM_OK);
	assert_string_equal(got.text, "2 599318>524318 alert alr_1\n");
	shop_close(&s);
}

static aim_status count_change(void *user, const aim_trust_moment *m)
{
	uint64_t *next = user;
	assert_int_equal(m->number, *next);
	--*next;
	return AIM_OK;
}

static void test_history_is_bounded(void **state)
{
	shop s = shop_open(state);
	aim_trust_finding f = finding_of(&s, AIM_TRUST_DRIFT, 0, "d");
	for (int i = 0; i < 502; i++) {
		assert_status(aim_trust_open(s.h->registry, &f, NULL, NULL), AIM_OK);
		assert_status(aim_trust_resolve(s.h->registry, &f, NULL, NULL), AIM_OK);
	}
	uint64_t next = 1004;
	assert_status(aim_trust_history(s.h->registry, S(s.agent), 0, count_change, &next, NULL), AIM_OK);
	assert_int_equal(next, 4);
	shop_close(&s);
}

static void test_damage_is_noticed(void **state)
{
	shop s = shop_open(state);
	char key[64];
	assert_status(record(&s, "req-1", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_OK);
	snprintf(key, sizeof key, "trust/%s", s.agent);
	char count[128];
	snprintf(count, sizeof count, "trust-count/%s/success_rate/gateway-1/%lld", s.agent, (long long)(test_now_us / DAY));
	house_damage(s.h, count, "{\"subject\":\"x\",\"factor\":\"success_rate\",\"good\":7}"); /* not what was added up */
	assert_status(record(&s, "req-2", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_E_STORE_CORRUPT);
	house_damage(s.h, key, "{\"subject\":\"x\",\"changed_at\":\"2026-01-01T00:00:00.000000Z\",\"evidence\":{}}");
	assert_status(aim_trust_score(s.h->registry, S(s.agent), NULL, s.score, NULL), AIM_E_STORE_CORRUPT);
	assert_status(record(&s, "req-2", AIM_TRUSTSCORE_SUCCESS, AIM_TRUST_GOOD), AIM_E_STORE_CORRUPT);
	shop_close(&s);
}

typedef struct writer {
	shop *s;
	const char *name;
	aim_status failure;
} writer;

/* A finding of its own, again and again, and events that both count on the same day. */
static void *write_many(void *arg)
{
	writer *w = arg;
	aim_trust_finding f = finding_of(w->s, AIM_TRUST_DRIFT, 0, w->name);
	for (int i = 0; i < 40; i++) {
		char id[32];
		snprintf(id, sizeof id, "%s-%d", w->name, i);
		aim_trust_event e = event_of(w->s, id, AIM_TRUSTSCORE_VERIFICATION, AIM_TRUST_GOOD);
		aim_status rc = AIM_E_CONFLICT;
		while (rc == AIM_E_CONFLICT)
			rc = aim_trust_record(w->s->h->registry, &e, NULL, NULL);
		for (int opens = 1; rc == AIM_OK && opens >= 0; opens--)
			do
				rc = opens ? aim_trust_open(w->s->h->registry, &f, NULL, NULL)
				           : aim_trust_resolve(w->s->h->registry, &f, NULL, NULL);
			while (rc == AIM_E_CONFLICT);
		if (rc != AIM_OK)
			w->failure = rc;
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	shop s = shop_open(state);
	writer w[2] = {{&s, "a", AIM_OK}, {&s, "b", AIM_OK}};
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &w[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_status(w[i].failure, AIM_OK);
	(void)score(&s);
	assert_int_equal(aim_trustscore_row_at(s.score, 0)->samples, 80);
	assert_int_equal(aim_trustscore_row_at(s.score, 0)->value_micro, 944444); /* 85 / 90 */
	assert_int_equal(s.sum.flags, 0);
	shop_close(&s);
}

static aim_status use_all(aim_ctx *ctx, aim_registry *registry, aim_str agent)
{
	seen got = {.n = 0};
	aim_trustscore *score = NULL;
	aim_trust_event e = {.struct_size = sizeof e, .factor = AIM_TRUSTSCORE_UPTIME, .outcome = AIM_TRUST_GOOD};
	aim_trust_finding f = {.struct_size = sizeof f, .kind = AIM_TRUST_DRIFT};
	aim_buf out;
	e.subject = f.subject = agent;
	e.source = f.source = S("monitor");
	e.id = f.id = S("1");
	aim__buf_init(&out, ctx);
	aim_status rc = aim_trust_record(registry, &e, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_trust_open(registry, &f, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_trustscore_new(ctx, &score, NULL);
	if (rc == AIM_OK)
		rc = aim_trust_score(registry, agent, NULL, score, NULL);
	if (rc == AIM_OK)
		rc = aim_trust_explain(registry, agent, NULL, &out, NULL);
	if (rc == AIM_OK)
		rc = aim_trust_history(registry, agent, 0, see_change, &got, NULL);
	aim_trustscore_free(score);
	aim__buf_dispose(&out);
	return rc;
}

static aim_status use_body(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("agent")};
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_agent_register(registry, &spec, &agent, NULL);
	if (rc == AIM_OK)
		rc = use_all(ctx, registry, aim_agent_id(agent));
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(use_body, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_subject), TEST(test_event_counts), TEST(test_event_counts_once), TEST(test_never_about_itself),
		TEST(test_refusals), TEST(test_unrooted_share_a_limit), TEST(test_findings), TEST(test_penalty_has_a_lifetime),
		TEST(test_ceiling), TEST(test_recompute), TEST(test_hints), TEST(test_history), TEST(test_history_is_bounded),
		TEST(test_damage_is_noticed), TEST(test_two_threads), cmocka_unit_test(test_allocations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
