/* Laws of confidence: in the profile for strangers one more honest attester never lowers it; in both the order of
 * submission does not matter; saying that a server was not reached never raises it, nor the verdict; what is asked of a
 * time in the past is what was answered then; it stays between 0 and 100 %, and its parts make it up. */
#include "../unit/assess/court.h"

#include <aim/confidence.h>

#include <stdio.h>
#include <string.h>

#define TRIALS 60
#define POOL 12u
#define SECOND INT64_C(1000000)

static uint64_t seed = 20261124;

static uint64_t pick(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

static void fill_pool(court *c)
{
	for (unsigned i = 0; i < POOL; i++) {
		char owner[32];
		(void)snprintf(owner, sizeof owner, "owner-%u@example.org", i % 7);
		attester *a = court_agent(c, AIM_REGISTRY_VERIFIED, owner);
		assert_status(aim_agent_verify_owner(c->h->registry, S(a->id), S("ana"), NULL), AIM_OK);
	}
}

static void draw_trust(court *c)
{
	for (size_t i = 0; i < c->n; i++) {
		c->agents[i].trust_micro = 300000 + (int64_t)pick(700001);
		c->agents[i].provisional = pick(4) == 0;
	}
}

static void new_server(court *c, unsigned n)
{
	char name[32];
	(void)snprintf(name, sizeof name, "server-%u", n);
	house_server(c->h, name, c->server);
}

static aim_confidence_summary judge_at(court *c, uint32_t flags, int64_t as_of_us, uint32_t *verdict)
{
	aim_confidence_query q = {.struct_size = sizeof q, .flags = flags, .as_of_us = as_of_us};
	aim_confidence_summary s = {.struct_size = sizeof s};
	aim_confidence *out = NULL;
	assert_status(aim_confidence_compute(c->ledger, S(c->server), &q, &out, NULL), AIM_OK);
	assert_status(aim_confidence_read(out, &s), AIM_OK);
	if (verdict)
		*verdict = aim_confidence_verdict(out, 0, 0);
	aim_confidence_free(out);
	return s;
}

static aim_confidence_summary judge(court *c, uint32_t flags)
{
	return judge_at(c, flags, 0, NULL);
}

/* Draws who attests, in what order. */
static size_t draw(size_t order[POOL])
{
	size_t n = 1 + pick(POOL);
	for (size_t i = 0; i < POOL; i++)
		order[i] = i;
	for (size_t i = POOL - 1; i > 0; i--) {
		size_t other = pick(i + 1), was = order[i];
		order[i] = order[other];
		order[other] = was;
	}
	return n;
}

static void test_joining(void **state)
{
	court *c = *state;
	fill_pool(c);
	for (unsigned t = 0; t < TRIALS; t++) {
		size_t order[POOL];
		size_t n = draw(order);
		size_t n_old = pick(n + 1);
		int64_t before = 0;
		new_server(c, t);
		draw_trust(c);
		for (size_t i = 0; i < n; i++) {
			if (i == n_old)
				test_now_us += 8 * COURT_DAY_US;
			if (i >= n_old)
				before = judge(c, AIM_CONFIDENCE_ROBUST).confidence;
			assert_status(court_attest(c, &c->agents[order[i]]), AIM_OK);
			if (i >= n_old)
				assert_true(judge(c, AIM_CONFIDENCE_ROBUST).confidence >= before);
		}
	}
}

static void attest_in_order(court *c, const size_t *order, size_t n, const int64_t *issued, int backwards)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = order[backwards ? n - 1 - i : i];
		aim_attestation_payload p = court_payload(c, &c->agents[at]);
		p.issued_at_s = issued[at];
		memset(p.manifest_hash, 1 + (int)(at % 3 == 0), 32);
		p.flags = at % 5 ? AIM_ATTESTATION_CONNECTED : 0;
		assert_status(court_submit(c, c->agents[at].key, &p, NULL), AIM_OK);
	}
}

static void assert_same(const aim_confidence_summary *a, const aim_confidence_summary *b)
{
	assert_memory_equal(a, b, sizeof *a);
}

static void test_order(void **state)
{
	court *c = *state;
	fill_pool(c);
	test_now_us += 1000 * SECOND;
	for (unsigned t = 0; t < TRIALS; t++) {
		size_t order[POOL];
		size_t n = draw(order);
		int64_t issued[POOL];
		aim_confidence_summary first[2];
		draw_trust(c);
		for (size_t i = 0; i < POOL; i++)
			issued[i] = test_now_us / SECOND - (int64_t)pick(200);
		for (unsigned backwards = 0; backwards < 2; backwards++) {
			new_server(c, 2 * t + backwards);
			attest_in_order(c, order, n, issued, (int)backwards);
			for (uint32_t robust = 0; robust < 2; robust++) {
				aim_confidence_summary s = judge(c, robust ? AIM_CONFIDENCE_ROBUST : 0);
				if (!backwards)
					first[robust] = s;
				else
					assert_same(&first[robust], &s);
			}
		}
	}
}

static void test_parts(void **state)
{
	court *c = *state;
	fill_pool(c);
	for (unsigned t = 0; t < TRIALS; t++) {
		size_t order[POOL];
		size_t n = draw(order);
		new_server(c, t);
		draw_trust(c);
		for (size_t i = 0; i < n; i++)
			assert_status(court_attest(c, &c->agents[order[i]]), AIM_OK);
		for (uint32_t flags = 0; flags <= AIM_CONFIDENCE_ROBUST; flags++) {
			aim_confidence_summary s = judge(c, flags);
			int64_t sum = (s.agents + s.trust + s.recency) * 5 / 9;
			assert_true(s.confidence > 0 && s.confidence <= AIM_CONFIDENCE_FULL);
			assert_true(s.confidence == AIM_CONFIDENCE_FULL || (s.confidence >= sum && s.confidence <= sum + 2));
			assert_int_equal(s.n_counted + s.n_left_out, n);
			assert_true(s.n_owners <= s.n_counted);
		}
	}
}

/* ---- histories ---- */

/* One attestation of an agent: lives differ, and two manifests are about. */
static void attest_somehow(court *c, const attester *a, int reached, char out_id[AIM_LEDGER_ID_SIZE])
{
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	aim_attestation_payload p = court_payload(c, a);
	p.flags = reached ? AIM_ATTESTATION_CONNECTED : 0;
	p.issued_at_s = test_now_us / SECOND - (int64_t)pick(100);
	p.expires_at_s = p.issued_at_s + 200 + (int64_t)pick(20) * 86400;
	memset(p.manifest_hash, 1 + (pick(6) == 0), 32);
	assert_status(court_submit(c, a->key, &p, &receipt), AIM_OK);
	memcpy(out_id, receipt.id, sizeof receipt.id);
}

static void pass_time(void)
{
	test_now_us += (1 + (int64_t)pick(pick(3) ? 1000 : 5 * 86400)) * SECOND;
}

#define N_LATER 4

typedef struct opinions {
	aim_confidence_summary is[2][N_LATER];
	uint32_t verdict[2][N_LATER];
} opinions;

/* Now, and as of some times to come. */
static void ask(court *c, opinions *out)
{
	static const int64_t later_s[N_LATER] = {0, 250, 4 * 86400, 9 * 86400};
	for (uint32_t flags = 0; flags <= AIM_CONFIDENCE_ROBUST; flags++)
		for (size_t i = 0; i < N_LATER; i++)
			out->is[flags][i] = judge_at(c, flags, test_now_us + later_s[i] * SECOND, &out->verdict[flags][i]);
}

static void assert_not_raised(const opinions *before, const opinions *after, size_t *n_lower)
{
	for (size_t k = 0; k < 2 * N_LATER; k++) {
		const aim_confidence_summary *b = &before->is[k % 2][k / 2], *a = &after->is[k % 2][k / 2];
		assert_true(a->confidence <= b->confidence);
		assert_true(a->n_counted <= b->n_counted && a->consensus <= b->consensus);
		assert_true(after->verdict[k % 2][k / 2] >= before->verdict[k % 2][k / 2]); /* PASS is the least */
		*n_lower += a->confidence < b->confidence;
	}
}

static void test_not_reached(void **state)
{
	court *c = *state;
	char id[AIM_LEDGER_ID_SIZE];
	opinions before, after;
	size_t n_lower = 0;
	fill_pool(c);
	test_now_us += 1000 * SECOND; /* the keys are older than what they sign */
	for (unsigned t = 0; t < TRIALS; t++) {
		size_t n = 1 + pick(POOL);
		new_server(c, t);
		draw_trust(c);
		for (size_t i = 0; i < n; i++) {
			attest_somehow(c, &c->agents[i], pick(8) != 0, id);
			if (pick(10) == 0)
				assert_status(aim_ledger_revoke(c->ledger, S(id), S(""), S(""), NULL), AIM_OK);
			pass_time();
		}
		for (size_t i = 0; i < 4; i++) {
			ask(c, &before);
			attest_somehow(c, &c->agents[pick(POOL)], 0, id);
			ask(c, &after);
			assert_not_raised(&before, &after, &n_lower);
		}
	}
	assert_true(n_lower > 50);
}

#define N_MOMENTS 24

static void test_past(void **state)
{
	court *c = *state;
	char ids[N_MOMENTS][AIM_LEDGER_ID_SIZE];
	aim_confidence_summary then[N_MOMENTS][2];
	fill_pool(c);
	test_now_us += 1000 * SECOND; /* the keys are older than what they sign */
	for (unsigned t = 0; t < TRIALS / 4; t++) {
		new_server(c, t);
		draw_trust(c);
		for (size_t i = 0; i < N_MOMENTS; i++) {
			pass_time();
			attest_somehow(c, &c->agents[pick(POOL)], pick(4) != 0, ids[i]);
			if (pick(4) == 0)
				assert_status(aim_ledger_revoke(c->ledger, S(ids[pick(i + 1)]), S(""), S(""), NULL), AIM_OK);
			for (uint32_t flags = 0; flags < 2; flags++)
				then[i][flags] = judge(c, flags);
		}
		pass_time();
		for (size_t i = 0; i < 2 * (size_t)N_MOMENTS; i++) {
			aim_confidence_summary now = judge_at(c, i % 2, then[i / 2][i % 2].as_of_us, NULL);
			const aim_confidence_summary *was = &then[i / 2][i % 2];
			now.n_left_out = was->n_left_out; /* who attested later is shown as early */
			assert_same(was, &now);
		}
	}
}

int main(void)
{
#define COURT(test) cmocka_unit_test_setup_teardown(test, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {COURT(test_joining), COURT(test_order), COURT(test_parts),
	                                   COURT(test_not_reached), COURT(test_past)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
