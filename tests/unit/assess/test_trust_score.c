/* Scores of counts: the numbers of the profiles' documents, limits, gates, exports. */
#include "support.h"

#include "assess/trust_score.h"
#include "base/buf.h"
#include "codec/json.h"

#include <aim/trustinterop.h>

#include <stdio.h>
#include <string.h>

#define S(text) aim_str_from(text)
#define DAY AIM__DAY_US
#define NOW (20000 * DAY)

typedef struct desk {
	test_heap heap;
	aim_ctx *ctx;
	aim_trustscore_evidence *e;
	aim_trustscore *score;
	aim_trustscore_summary sum;
} desk;

static void begin(desk *d, int64_t age_days)
{
	memset(d, 0, sizeof *d);
	d->ctx = test_ctx(&d->heap);
	assert_status(aim_trustscore_evidence_new(d->ctx, S("agt_x"), NOW - age_days * DAY, &d->e, NULL), AIM_OK);
	assert_status(aim_trustscore_new(d->ctx, &d->score, NULL), AIM_OK);
}

static void end(desk *d)
{
	aim_trustscore_free(d->score);
	aim_trustscore_evidence_free(d->e);
	test_ctx_done(d->ctx, &d->heap);
}

/* The rows of every score add up to it. */
static int64_t settle(desk *d)
{
	int64_t sum = 0;
	d->sum.struct_size = sizeof d->sum;
	assert_status(aim_trustscore_summarize(d->score, &d->sum), AIM_OK);
	for (size_t i = 0; i < d->sum.n_rows; i++)
		sum += aim_trustscore_row_at(d->score, i)->contribution_micro;
	assert_null(aim_trustscore_row_at(d->score, (size_t)d->sum.n_rows));
	assert_int_equal(sum, d->sum.score_micro);
	return d->sum.score_micro;
}

static int64_t score(desk *d, const char *profile)
{
	assert_status(aim_trustscore_compute(aim_trustscore_profile_named(S(profile)), d->e, NOW, d->score, NULL), AIM_OK);
	return settle(d);
}

static void add(desk *d, uint32_t factor, uint64_t good, uint64_t bad)
{
	assert_status(aim_trustscore_evidence_add(d->e, factor, NOW / DAY, good, bad, NULL), AIM_OK);
}

static void add_days(desk *d, uint32_t factor, uint64_t good, uint64_t bad, int days)
{
	for (int i = 0; i < days; i++)
		assert_status(aim_trustscore_evidence_add(d->e, factor, NOW / DAY - i, good, bad, NULL), AIM_OK);
}

static void perfect(desk *d)
{
	static const uint32_t ratios[] = {AIM_TRUSTSCORE_VERIFICATION, AIM_TRUSTSCORE_UPTIME, AIM_TRUSTSCORE_SUCCESS,
	                                  AIM_TRUSTSCORE_COMPLIANCE};
	for (size_t i = 0; i < 4; i++)
		add(d, ratios[i], 50, 0);
}

static void test_worked_numbers(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	assert_int_equal(score(&d, "aim-8"), 592500);
	assert_int_equal(score(&d, "aim-8-plain"), 592500);
	assert_int_equal(d.sum.band, AIM_TRUSTSCORE_POOR);
	assert_int_equal(d.sum.flags, AIM_TRUSTSCORE_PROVISIONAL | AIM_TRUSTSCORE_DISPLAY);
	end(&d);
	begin(&d, 10); /* age 0.50, no feedback: 0.75 */
	perfect(&d);
	assert_int_equal(score(&d, "aim-8-plain"), 937500);
	add_days(&d, AIM_TRUSTSCORE_FEEDBACK, 3, 0, 4);
	assert_int_equal(score(&d, "aim-8-plain"), 950000);
	assert_int_equal(d.sum.band, AIM_TRUSTSCORE_EXCELLENT);
	end(&d);
	begin(&d, 0); /* the guide's sample by the rules: new, no feedback */
	perfect(&d);
	assert_int_equal(score(&d, "aim-8-plain"), 917500);
	assert_true(score(&d, "aim-8") < 917500);
	end(&d);
}

static void test_prior(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	add(&d, AIM_TRUSTSCORE_SUCCESS, 12, 0);
	(void)score(&d, "aim-8");
	assert_int_equal(aim_trustscore_row_at(d.score, 2)->value_micro, 772727); /* 17 / 22 */
	assert_int_equal(aim_trustscore_row_at(d.score, 2)->samples, 12);
	(void)score(&d, "aim-8-plain");
	assert_int_equal(aim_trustscore_row_at(d.score, 2)->value_micro, 1000000);
	end(&d);
}

static void test_alerts_and_drift(void **state)
{
	static const int64_t values[] = {0, 1000000, 750000, 500000, 0};
	desk d;
	(void)state;
	for (uint32_t severity = 1; severity < 5; severity++) {
		begin(&d, 0);
		assert_status(aim_trustscore_evidence_set_alerts(d.e, severity, 2), AIM_OK);
		assert_int_equal(score(&d, "aim-8"), 592500 - (1000000 - values[severity]) * 15 / 100);
		assert_int_equal(d.sum.vetoes, severity == AIM_TRUSTSCORE_CRITICAL ? AIM_TRUSTSCORE_VETO_ALERT : 0);
		end(&d);
	}
	begin(&d, 0);
	assert_status(aim_trustscore_evidence_set_drift(d.e, 1), AIM_OK);
	assert_int_equal(score(&d, "aim-8"), 542500);
	assert_int_equal(d.sum.vetoes, AIM_TRUSTSCORE_VETO_DRIFT);
	end(&d);
}

static void test_age(void **state)
{
	static const struct { int64_t age_us, value; } rows[] = {
		{0, 300000}, {7 * DAY - 1, 300000}, {7 * DAY, 500000}, {30 * DAY - 1, 500000}, {30 * DAY, 750000},
		{90 * DAY - 1, 750000}, {90 * DAY, 1000000}, {-5, 300000}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(aim__trust_age_value(NOW - rows[i].age_us, NOW), rows[i].value);
}

static void test_feedback(void **state)
{
	(void)state;
	assert_int_equal(aim__trust_feedback_value(0, 0), 750000);
	assert_int_equal(aim__trust_feedback_value(10000, 0), 750000);
	assert_int_equal(aim__trust_feedback_value(11000, 2000), 1000000);
	assert_int_equal(aim__trust_feedback_value(11000, 3000), 500000);
	assert_int_equal(aim__trust_feedback_value(99000, 6000), 0);
}

static void test_day_cap(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	add(&d, AIM_TRUSTSCORE_SUCCESS, 30000, 10000); /* weighs 75 of 100 */
	(void)score(&d, "aim-8");
	assert_int_equal(aim_trustscore_row_at(d.score, 2)->value_micro, 727273); /* 80 / 110 */
	assert_int_equal(aim_trustscore_row_at(d.score, 2)->samples, 40000);
	add(&d, AIM_TRUSTSCORE_FEEDBACK, 0, 1000); /* weighs 3 */
	(void)score(&d, "aim-8");
	assert_int_equal(aim_trustscore_row_at(d.score, 7)->value_micro, 500000);
	end(&d);
}

static void test_provisional(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	add(&d, AIM_TRUSTSCORE_VERIFICATION, 19, 5);
	(void)score(&d, "aim-8");
	assert_true(d.sum.flags & AIM_TRUSTSCORE_PROVISIONAL);
	assert_status(aim_trustscore_evidence_add(d.e, AIM_TRUSTSCORE_VERIFICATION, NOW / DAY - 1, 1, 0, NULL), AIM_OK);
	(void)score(&d, "aim-8");
	assert_int_equal(d.sum.flags, 0);
	end(&d);
}

static void test_bands(void **state)
{
	static const struct { int64_t score; uint32_t band; } rows[] = {
		{1000000, 4}, {950000, 4}, {949999, 3}, {800000, 3}, {799999, 2}, {700000, 2}, {699999, 1}, {0, 1}};
	static aim_trustscore s;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s.sum.score_micro = rows[i].score;
		aim__trust_settle(&s);
		assert_int_equal(s.sum.band, rows[i].band);
	}
	assert_string_equal(aim_trustscore_band_name(4), "excellent");
	assert_string_equal(aim_trustscore_band_name(9), "unscored");
}

static void test_limits_are_rows(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	assert_status(aim_trustscore_evidence_add_penalty(d.e, S("p1"), 100000, NOW - 5, NOW + 1, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_add_penalty(d.e, S("p0"), 100000, NOW - 5, NOW, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_add_penalty(d.e, S("p1"), 1, NOW - 5, NOW + 1, NULL), AIM_E_EXISTS);
	assert_int_equal(score(&d, "aim-8"), 492500);
	assert_status(aim_trustscore_evidence_set_ceiling(d.e, 400000), AIM_OK);
	assert_int_equal(score(&d, "aim-8"), 400000);
	assert_text(aim_trustscore_row_at(d.score, 8)->name, "penalty");
	assert_text(aim_trustscore_row_at(d.score, 9)->name, "ceiling");
	assert_int_equal(aim_trustscore_row_at(d.score, 9)->contribution_micro, -92500);
	assert_status(aim_trustscore_evidence_add_penalty(d.e, S("p2"), 1000000, NOW, NOW + 1, NULL), AIM_OK);
	assert_int_equal(score(&d, "aim-8"), 0);
	end(&d);
}

static void test_gates(void **state)
{
	desk d;
	aim_error err;
	(void)state;
	begin(&d, 365);
	perfect(&d);
	(void)score(&d, "aim-8");
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_HIGH, 900000, 0, &err), AIM_OK);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_LOW, 990000, 0, &err), AIM_DENIED);
	assert_status(aim_trustscore_gate(d.score, S("agt_y"), AIM_TRUSTSCORE_RISK_LOW, 0, 0, &err), AIM_DENIED);
	assert_string_equal(err.message, "trust: the score is of another subject");
	assert_status(aim_trustscore_gate(d.score, S(""), AIM_TRUSTSCORE_RISK_LOW, 0, 0, &err), AIM_DENIED);
	(void)score(&d, "aim-8-plain");
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_LOW, 0, 0, &err), AIM_DENIED);
	assert_status(aim_trustscore_evidence_set_drift(d.e, 1), AIM_OK);
	(void)score(&d, "aim-8");
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_LOW, 0, 0, &err), AIM_OK);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_MEDIUM, 0, 0, &err), AIM_DENIED);
	assert_string_equal(err.message, "trust: unapproved drift is open");
	assert_status(aim_trustscore_evidence_set_alerts(d.e, AIM_TRUSTSCORE_CRITICAL, 1), AIM_OK);
	(void)score(&d, "aim-8");
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_HIGH, 0,
	                                  AIM_TRUSTSCORE_ALLOW_PROVISIONAL, &err), AIM_DENIED);
	assert_string_equal(err.message, "trust: a critical alert is open");
	end(&d);
	begin(&d, 365);
	(void)score(&d, "aim-8");
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_MEDIUM, 0, 0, &err), AIM_OK);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_HIGH, 0, 0, &err), AIM_DENIED);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_HIGH, 0,
	                                  AIM_TRUSTSCORE_ALLOW_PROVISIONAL, &err), AIM_OK);
	end(&d);
}

static void test_unscored_opens_nothing(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_LOW, 0, 0, NULL), AIM_DENIED);
	end(&d);
}

static void test_wilson(void **state)
{
	(void)state;
	assert_int_equal(aim__wilson_low(0, 0), 0);
	assert_int_equal(aim__wilson_low(0, 5000000), 0);
	assert_int_equal(aim__wilson_low(20000000, 20000000), 838875); /* 20 / 23.841459 */
	assert_int_equal(aim__wilson_low(5000000, 10000000), 236593);
	assert_int_equal(aim__wilson_low(90000000, 100000000), 825634);
	assert_int_equal(aim__wilson_low((uint64_t)1 << 42, (uint64_t)1 << 42), 999962);
}

static void test_arithmetic(void **state)
{
	static const uint64_t roots[] = {0, 1, 2, 3, 4, 15, 16, 17, 999999, 1000000, UINT32_MAX, UINT64_MAX};
	static const uint64_t products[] = {500000, 500000, 1500000};
	int64_t parts[3];
	(void)state;
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		uint64_t r = aim__isqrt(roots[i]);
		assert_true(r * r <= roots[i] && (r == UINT32_MAX || (r + 1) * (r + 1) > roots[i]));
	}
	assert_int_equal(aim__div_half_even(5, 2), 2);
	assert_int_equal(aim__div_half_even(7, 2), 4);
	assert_int_equal(aim__div_half_even(8, 3), 3);
	assert_int_equal(aim__mul_div(3, 5, 4), 3);
	assert_int_equal(aim__mul_div(((uint64_t)1 << 62) - 1, (uint64_t)1 << 62, (uint64_t)1 << 62), ((uint64_t)1 << 62) - 1);
	assert_int_equal(aim__mul_div((uint64_t)1 << 61, ((uint64_t)1 << 62) + 2, (uint64_t)1 << 62), ((uint64_t)1 << 61) + 1);
	assert_int_equal(aim__split_sum(products, 3, parts), 2); /* 2.5, to even */
	assert_int_equal(parts[0], 1);
	assert_int_equal(parts[1], 0);
	assert_int_equal(parts[2], 1);
}

static void test_beta(void **state)
{
	desk d;
	(void)state;
	begin(&d, 0);
	assert_int_equal(score(&d, "beta"), 0);
	perfect(&d);
	assert_int_equal(score(&d, "beta"), 928652); /* 50 / 53.841459 */
	assert_status(aim_trustscore_compute(aim_trustscore_profile_named(S("beta")), d.e, NOW + 30 * DAY, d.score, NULL),
	              AIM_OK);
	assert_int_equal(settle(&d), 912378); /* 40 / 43.841459 */
	assert_status(aim_trustscore_compute(aim_trustscore_profile_named(S("beta")), d.e, NOW + 24 * 30 * DAY, d.score, NULL),
	              AIM_OK);
	assert_int_equal(settle(&d), 0);
	assert_status(aim_trustscore_evidence_set_alerts(d.e, AIM_TRUSTSCORE_CRITICAL, 1), AIM_OK);
	assert_int_equal(score(&d, "beta"), 300000);
	assert_text(aim_trustscore_row_at(d.score, (size_t)d.sum.n_rows - 1)->name, "critical_alert");
	end(&d);
}

static void test_weight_tables(void **state)
{
	aim_trustscore_weight weights[] = {{S("uptime"), 400000}, {S("age"), 600000}};
	aim_trustscore_profile *p = NULL;
	aim_error err;
	desk d;
	(void)state;
	begin(&d, 8);
	assert_status(aim_trustscore_profile_new(d.ctx, S("mine"), 3, weights, 2, &p, &err), AIM_OK);
	assert_status(aim_trustscore_compute(p, d.e, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(settle(&d), 500000);
	assert_int_equal(d.sum.n_rows, 2);
	assert_text(d.sum.profile, "mine");
	assert_int_equal(d.sum.profile_version, 3);
	aim_trustscore_profile_free(p);
	p = NULL;
	weights[1].weight_micro = 599999;
	assert_status(aim_trustscore_profile_new(d.ctx, S("mine"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	assert_string_equal(err.message, "the weights add up to 999999, not to 1000000");
	weights[1].factor = S("isolation");
	assert_status(aim_trustscore_profile_new(d.ctx, S("mine"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	assert_string_equal(err.message, "weight 1: there is no factor \"isolation\"");
	weights[1] = weights[0];
	assert_status(aim_trustscore_profile_new(d.ctx, S("mine"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	weights[1].factor = S("age");
	weights[1].weight_micro = -1;
	assert_status(aim_trustscore_profile_new(d.ctx, S("mine"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	weights[1].weight_micro = 600000;
	assert_status(aim_trustscore_profile_new(d.ctx, S("aim-8"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	assert_status(aim_trustscore_profile_new(d.ctx, S("mcp-8"), 1, weights, 2, &p, &err), AIM_E_TRUST_WEIGHTS);
	assert_null(p);
	assert_null(aim_trustscore_profile_named(S("aim-7")));
	end(&d);
}

/* ---- exports ---- */

/* Computed by hand from the profiles' definitions. */
#define GOLDEN_AIM_8 628674
#define GOLDEN_BETA 469876
/* What the release wrote: tests/golden. */
static const char *golden(void)
{
	static char text[2048];
	FILE *file = fopen(TESTS_DIR "/golden/trust-0.1/evidence.json", "rb");
	assert_non_null(file);
	size_t n = fread(text, 1, sizeof text - 1, file);
	text[n] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

static void golden_evidence(desk *d)
{
	begin(d, 40);
	add(d, AIM_TRUSTSCORE_SUCCESS, 30000, 10000);
	add(d, AIM_TRUSTSCORE_VERIFICATION, 5, 2);
	assert_status(aim_trustscore_evidence_add(d->e, AIM_TRUSTSCORE_VERIFICATION, NOW / DAY - 30, 7, 0, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_set_alerts(d->e, AIM_TRUSTSCORE_HIGH, 1), AIM_OK);
	assert_status(aim_trustscore_evidence_set_ceiling(d->e, 900000), AIM_OK);
	assert_status(aim_trustscore_evidence_add_penalty(d->e, S("pen_1"), 20000, NOW - 1, NOW + 1, NULL), AIM_OK);
}

static void test_golden(void **state)
{
	desk d;
	aim_buf out, canonical;
	aim_json doc;
	uint8_t root[32], again[32];
	aim_trustscore_evidence *read = NULL;
	(void)state;
	golden_evidence(&d);
	aim__buf_init(&out, d.ctx);
	aim__buf_init(&canonical, d.ctx);
	aim__json_init(&doc, d.ctx);
	assert_status(aim_trustscore_evidence_write(d.e, &out, NULL), AIM_OK);
	assert_text(aim_buf_str(&out), golden());
	assert_status(aim_json_parse(&doc, aim_buf_bytes(&out), 0, NULL), AIM_OK);
	assert_status(aim_json_canonicalize(&doc, AIM_JSON_ROOT, 0, &canonical, NULL), AIM_OK);
	assert_text(aim_buf_str(&canonical), golden());
	assert_status(aim_trustscore_evidence_read(d.ctx, aim_bytes_from_str(S(golden())), &read, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_root(d.e, root, NULL), AIM_OK);
	assert_status(aim_trustscore_evidence_root(read, again, NULL), AIM_OK);
	assert_memory_equal(root, again, sizeof root);
	assert_int_equal(score(&d, "aim-8"), GOLDEN_AIM_8);
	int64_t beta = score(&d, "beta");
	assert_int_equal(beta, GOLDEN_BETA);
	aim_trustscore_evidence_free(d.e);
	d.e = read;
	assert_int_equal(score(&d, "aim-8"), GOLDEN_AIM_8);
	assert_int_equal(score(&d, "beta"), GOLDEN_BETA);
	aim__json_dispose(&doc);
	aim__buf_dispose(&canonical);
	aim__buf_dispose(&out);
	end(&d);
}

/* What of the golden export is replaced by what, to make it none. */
static const struct { const char *old, *now; } offences[] = {
	{"\"drift\":0", "\"drift\":-1"}, {"\"drift\":0", "\"drift\":0.5"}, {"\"drift\":0,", ""},
	{"\"drift\":0", "\"drift\":0,\"more\":1"}, {"/v1", "/v2"}, {"\"high\":1", "\"grave\":1"},
	{"900000", "1000001"}, {"\"period\":665", "\"period\":666"}, {"\"period\":665", "\"period\":642"},
	{"\"period\":665", "\"period\":-2"}, {"success_rate", "age"}, {"\"bad\":25000", "\"bad\":274877906944"},
	{"\"micro\":20000", "\"micro\":0"}, {"\"id\":\"pen_1\"", "\"id\":\"\""}, {"\"samples\":7}", "\"samples\":7,\"x\":1}"},
	{"\"subject\":\"agt_x\"", "\"subject\":7"}, {"1724544000000000", "-1"}, {"\"counts\":[", "\"counts\":[7,"},
};

static void test_bad_exports(void **state)
{
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	aim_trustscore_evidence *read = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof offences / sizeof *offences; i++) {
		char text[1400];
		const char *good = golden();
		const char *at = strstr(good, offences[i].old);
		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, offences[i].now, at + strlen(offences[i].old));
		if (aim_trustscore_evidence_read(ctx, aim_bytes_from_str(S(text)), &read, NULL) != AIM_E_TRUST_EVIDENCE)
			fail_msg("not refused: %s", offences[i].now);
	}
	assert_status(aim_trustscore_evidence_read(ctx, aim_bytes_from_str(S("[]")), &read, NULL), AIM_E_TRUST_EVIDENCE);
	assert_status(aim_trustscore_evidence_read(ctx, aim_bytes_from_str(S("{")), &read, NULL), AIM_E_JSON_SYNTAX);
	assert_null(read);
	test_ctx_done(ctx, &heap);
}

static aim_status read_body(aim_ctx *ctx, void *arg)
{
	uint8_t root[32];
	aim_trustscore_evidence *read = NULL;
	aim_trustscore *score = NULL;
	aim_trustscore_profile *profile = NULL;
	const aim_trustscore_weight weight = {S("age"), 1000000};
	(void)arg;
	aim_status rc = aim_trustscore_evidence_read(ctx, aim_bytes_from_str(S(golden())), &read, NULL);
	if (rc == AIM_OK)
		rc = aim_trustscore_new(ctx, &score, NULL);
	if (rc == AIM_OK)
		rc = aim_trustscore_profile_new(ctx, S("p"), 1, &weight, 1, &profile, NULL);
	if (rc == AIM_OK)
		rc = aim_trustscore_evidence_root(read, root, NULL);
	aim_trustscore_profile_free(profile);
	aim_trustscore_free(score);
	aim_trustscore_evidence_free(read);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(read_body, NULL);
}

/* ---- other systems ---- */

static void test_mcp_8(void **state)
{
	desk d;
	aim_trustinterop_mcp8 in = {.struct_size = sizeof in};
	(void)state;
	begin(&d, 0);
	in.created_us = NOW - 400 * DAY;
	in.status = AIM_TRUSTINTEROP_VERIFIED;
	in.transport = AIM_TRUSTINTEROP_HTTPS_OR_STDIO;
	in.flags = AIM_TRUSTINTEROP_PROVEN_KEY | AIM_TRUSTINTEROP_OWNER_VERIFIED | AIM_TRUSTINTEROP_DESCRIBED;
	in.n_attesters = 3;
	in.confidence_micro = 60000000;
	in.health_micro = in.connection_micro = in.active_micro = in.verified_micro = 1000000;
	in.n_connected_agents = 6;
	in.positive = 11;
	assert_status(aim_trustinterop_score_mcp8(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(settle(&d), 1000000);
	in.status = AIM_TRUSTINTEROP_PENDING; /* consensus .5, posture .75, organization 2/3 */
	assert_status(aim_trustinterop_score_mcp8(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(settle(&d), 1000000 - 125000 - 37500 - 33333);
	in.status = AIM_TRUSTINTEROP_VERIFIED;
	in.n_attesters = 1; /* .6/3 + .4/2 = .4 */
	in.confidence_micro = 30000000;
	in.latency_us = 5000000; /* .8 + .02 */
	in.n_grave_alerts = 2;   /* 3.5 / 4 */
	in.n_connected_agents = 1;
	assert_status(aim_trustinterop_score_mcp8(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(aim_trustscore_row_at(d.score, 0)->value_micro, 400000);
	assert_int_equal(aim_trustscore_row_at(d.score, 1)->value_micro, 820000);
	assert_int_equal(aim_trustscore_row_at(d.score, 3)->value_micro, 875000);
	assert_int_equal(aim_trustscore_row_at(d.score, 6)->value_micro, 600000);
	(void)settle(&d);
	in.status = AIM_TRUSTINTEROP_REVOKED;
	assert_status(aim_trustinterop_score_mcp8(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(aim_trustscore_row_at(d.score, 0)->value_micro, 0);
	in.health_micro = 1000001;
	assert_status(aim_trustinterop_score_mcp8(&in, NOW, d.score, NULL), AIM_E_INVALID);
	end(&d);
}

static void test_aim_9(void **state)
{
	desk d;
	aim_trustinterop_aim9 in = {.struct_size = sizeof in, .isolation_micro = 1000000};
	const aim_trustinterop_ratio all = {10, 10};
	(void)state;
	begin(&d, 0);
	in.created_us = NOW - 400 * DAY;
	in.verification = in.uptime = in.success = in.compliance = all;
	in.positive = 11;
	assert_status(aim_trustinterop_score_aim9(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(settle(&d), 1000000);
	in.alerts[AIM_TRUSTSCORE_CRITICAL] = 1; /* 1 − .25 − .1 − .05 − .01 = .59 */
	in.alerts[AIM_TRUSTSCORE_HIGH] = 1;
	in.violations[AIM_TRUSTSCORE_MEDIUM] = 1;
	in.blocked[AIM_TRUSTSCORE_LOW] = 1;
	in.drift[AIM_TRUSTSCORE_HIGH] = 1; /* .85 */
	assert_status(aim_trustinterop_score_aim9(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(aim_trustscore_row_at(d.score, 3)->value_micro, 590000);
	assert_int_equal(aim_trustscore_row_at(d.score, 7)->value_micro, 850000);
	(void)settle(&d);
	in.violations[AIM_TRUSTSCORE_CRITICAL] = UINT64_MAX;
	assert_status(aim_trustinterop_score_aim9(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(aim_trustscore_row_at(d.score, 3)->value_micro, 0);
	assert_status(aim_trustscore_gate(d.score, S("agt_x"), AIM_TRUSTSCORE_RISK_LOW, 0, 0, NULL), AIM_DENIED);
	end(&d);
}

static void test_aim_9_missing_data(void **state)
{
	desk d;
	aim_trustinterop_aim9 in = {.struct_size = sizeof in, .isolation_micro = -1};
	(void)state;
	begin(&d, 0);
	in.created_us = NOW - 400 * DAY;
	assert_status(aim_trustinterop_score_aim9(&in, NOW, d.score, NULL), AIM_OK); /* alerts, age, drift: .23 */
	(void)settle(&d);
	assert_int_equal(d.sum.band, 0);
	assert_true(d.sum.flags & AIM_TRUSTSCORE_UNSCORED);
	in.verification.good = in.verification.n = 4;
	in.success = in.verification; /* .63 of the weight, all 1: capped by 1 − .15/2 − .1/2 − .02/2 − .1·.7 */
	assert_status(aim_trustinterop_score_aim9(&in, NOW, d.score, NULL), AIM_OK);
	assert_int_equal(settle(&d), 795000);
	assert_text(aim_trustscore_row_at(d.score, (size_t)d.sum.n_rows - 1)->name, "missing_data");
	assert_false(d.sum.flags & AIM_TRUSTSCORE_UNSCORED);
	end(&d);
}

static void test_mesh_5(void **state)
{
	aim_trustinterop_mesh m = {.struct_size = sizeof m};
	(void)state;
	assert_int_equal(aim_trustinterop_mesh_tier(&m), 0);
	assert_string_equal(aim_trustinterop_tier_name(0), "unknown");
	assert_status(aim_trustinterop_mesh_begin(&m, 500), AIM_OK);
	assert_string_equal(aim_trustinterop_tier_name(aim_trustinterop_mesh_tier(&m)), "standard");
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_SUCCESS, 1, S("a"), 1000, NULL), AIM_OK);
	assert_int_equal(m.overall, 510);
	assert_int_equal(m.competence, 510);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_FAILURE, 1, S("b"), 1000, NULL), AIM_OK);
	assert_int_equal(m.overall, 490);
	assert_int_equal(m.integrity, 480);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_TIMEOUT, 2, S("a"), 1000, NULL), AIM_OK);
	assert_int_equal(m.availability, 490);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_PARTIAL, 2, S("a"), 1000, NULL), AIM_E_REPLAY);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_PARTIAL, 1, S("z"), 1000, NULL), AIM_E_STALE);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_PARTIAL, 3, S("a"), 400, NULL), AIM_OK);
	assert_int_equal(m.overall, 400);
	assert_int_equal(m.transparency, 400);
	assert_int_equal(aim_trustinterop_mesh_tier(&m), AIM_TRUSTINTEROP_PROBATIONARY);
	assert_status(aim_trustinterop_mesh_begin(&m, 0), AIM_OK);
	assert_status(aim_trustinterop_mesh_apply(&m, AIM_TRUSTINTEROP_FAILURE, 1, S("a"), 1000, NULL), AIM_OK);
	assert_int_equal(m.overall, 0);
	assert_int_equal(aim_trustinterop_mesh_tier(&m), AIM_TRUSTINTEROP_UNTRUSTED);
	static const struct { uint32_t overall, tier; } rows[] = {{1000, 5}, {900, 5}, {899, 4}, {700, 4}, {699, 3},
	                                                          {500, 3},  {499, 2}, {300, 2}, {299, 1}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_status(aim_trustinterop_mesh_begin(&m, rows[i].overall), AIM_OK);
		assert_int_equal(aim_trustinterop_mesh_tier(&m), rows[i].tier);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_numbers), cmocka_unit_test(test_prior), cmocka_unit_test(test_alerts_and_drift),
		cmocka_unit_test(test_age), cmocka_unit_test(test_feedback), cmocka_unit_test(test_day_cap),
		cmocka_unit_test(test_provisional), cmocka_unit_test(test_bands), cmocka_unit_test(test_limits_are_rows),
		cmocka_unit_test(test_gates), cmocka_unit_test(test_unscored_opens_nothing), cmocka_unit_test(test_wilson),
		cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_beta), cmocka_unit_test(test_weight_tables),
		cmocka_unit_test(test_golden), cmocka_unit_test(test_bad_exports), cmocka_unit_test(test_allocations),
		cmocka_unit_test(test_mcp_8), cmocka_unit_test(test_aim_9), cmocka_unit_test(test_aim_9_missing_data),
		cmocka_unit_test(test_mesh_5),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
