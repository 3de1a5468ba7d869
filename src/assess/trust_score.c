/* assess/trust_score.c — from evidence to a score, and what a score opens. Layer assess; knows no store. */
#include "assess/trust_score.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_trustscore_row, 8 + 4 * 8 + 2 * sizeof(void *));
AIM__NO_PADDING(aim_trustscore_summary, 24 + 4 * 8 + 4 * sizeof(void *) + AIM_TRUSTSCORE_ROOT_LEN);

const char *aim_trustscore_band_name(uint32_t band)
{
	static const char *const names[] = {"unscored", "poor", "fair", "good", "excellent"};
	return names[band <= AIM_TRUSTSCORE_EXCELLENT ? band : 0];
}

/* ---- building ---- */

void aim__trust_open(aim_trustscore *score, aim_str profile, uint32_t version, int64_t as_of_us)
{
	aim_trustscore_summary sum = {.struct_size = sizeof sum, .profile = profile};
	sum.profile_version = version;
	sum.as_of_us = as_of_us;
	score->sum = sum;
}

static aim_trustscore_row *add_row(aim_trustscore *score, uint32_t kind, const char *name)
{
	aim_trustscore_row row = {.struct_size = sizeof row, .kind = kind, .name = aim_str_from(name)};
	score->rows[score->sum.n_rows] = row;
	return &score->rows[score->sum.n_rows++];
}

void aim__trust_factor(aim_trustscore *score, const char *name, int64_t weight, int64_t value, uint64_t samples)
{
	score->products[score->sum.n_rows] = (uint64_t)weight * (uint64_t)value;
	aim_trustscore_row *row = add_row(score, AIM_TRUSTSCORE_FACTOR, name);
	row->value_micro = value;
	row->weight_micro = weight;
	row->samples = samples;
	score->sum.samples += samples;
}

void aim__trust_close(aim_trustscore *score)
{
	int64_t parts[AIM__TRUST_ROWS];
	size_t n = (size_t)score->sum.n_rows;
	score->sum.score_micro = aim__split_sum(score->products, n, parts);
	for (size_t i = 0; i < n; i++)
		score->rows[i].contribution_micro = parts[i];
}

static void take_away(aim_trustscore *score, const char *name, int64_t value, int64_t amount, uint64_t samples)
{
	aim_trustscore_row *row = add_row(score, AIM_TRUSTSCORE_LIMIT, name);
	row->value_micro = value;
	row->contribution_micro = -amount;
	row->samples = samples;
	score->sum.score_micro -= amount;
}

void aim__trust_limit(aim_trustscore *score, const char *name, int64_t most, uint64_t samples)
{
	if (score->sum.score_micro > most)
		take_away(score, name, most, score->sum.score_micro - most, samples);
}

void aim__trust_settle(aim_trustscore *score)
{
	int64_t s = score->sum.score_micro;
	score->sum.band = s >= 950000   ? AIM_TRUSTSCORE_EXCELLENT
	                  : s >= 800000 ? AIM_TRUSTSCORE_GOOD
	                  : s >= 700000 ? AIM_TRUSTSCORE_FAIR
	                                : AIM_TRUSTSCORE_POOR;
	if (score->sum.flags & AIM_TRUSTSCORE_UNSCORED)
		score->sum.band = 0;
}

/* ---- values ---- */

int64_t aim__trust_age_value(int64_t created_us, int64_t as_of_us)
{
	int64_t age_us = as_of_us > created_us ? as_of_us - created_us : 0;
	return age_us < 7 * AIM__DAY_US ? 300000 : age_us < 30 * AIM__DAY_US ? 500000 : age_us < 90 * AIM__DAY_US ? 750000 : AIM_TRUSTSCORE_ONE;
}

int64_t aim__trust_feedback_value(uint64_t positive, uint64_t negative)
{
	if (negative > 5 * AIM__EVENT)
		return 0;
	if (negative > 2 * AIM__EVENT)
		return 500000;
	return positive > 10 * AIM__EVENT ? AIM_TRUSTSCORE_ONE : 750000;
}

static int64_t alert_value(const aim_trustscore_evidence *e)
{
	if (e->alerts[AIM_TRUSTSCORE_CRITICAL])
		return 0;
	if (e->alerts[AIM_TRUSTSCORE_HIGH])
		return 500000;
	return e->alerts[AIM_TRUSTSCORE_MEDIUM] ? 750000 : AIM_TRUSTSCORE_ONE;
}

static uint64_t open_alerts(const aim_trustscore_evidence *e)
{
	uint64_t n = 0;
	for (uint32_t i = 1; i < AIM__TRUST_SEVERITIES; i++)
		n += e->alerts[i];
	return n;
}

static aim__trust_period total_of(const aim__trust_tally *t)
{
	aim__trust_period total = {0};
	for (size_t i = 0; i < t->n; i++) {
		total.good += t->periods[i].good;
		total.bad += t->periods[i].bad;
		total.samples += t->periods[i].samples;
	}
	return total;
}

static int64_t ratio_value(const aim__trust_period *total, uint32_t prior)
{
	uint64_t good = total->good * 2 + (uint64_t)prior * AIM__EVENT;
	uint64_t n = (total->good + total->bad + (uint64_t)prior * AIM__EVENT) * 2;
	if (n == 0)
		return AIM_TRUSTSCORE_ONE / 2;
	return (int64_t)aim__div_half_even(good * (AIM__MICRO / 2), n / 2);
}

/* Each period weighs decay of the one after it; what is older than 24 periods is forgotten. */
static int64_t lower_value(const aim__trust_tally *t, uint64_t decay, int64_t now_period)
{
	uint64_t good = 0, bad = 0, weights[AIM__TRUST_PERIODS];
	weights[0] = AIM__MICRO;
	for (size_t i = 1; i < AIM__TRUST_PERIODS; i++)
		weights[i] = weights[i - 1] * decay / AIM__MICRO;
	for (size_t i = 0; i < t->n; i++) {
		const aim__trust_period *p = &t->periods[i];
		int64_t age = now_period > p->period ? now_period - p->period : 0;
		if (p->period < 0 || age >= (int64_t)AIM__TRUST_PERIODS)
			continue;
		good += p->good * weights[age];
		bad += p->bad * weights[age];
	}
	/* Each rounded alone: a fraction of a good event must not round up the whole without the good. */
	good /= AIM__EVENT; /* in millionths of an event */
	return aim__wilson_low(good, good + bad / AIM__EVENT);
}

static int64_t counted_value(const aim_trustscore_profile *p, const aim_trustscore_evidence *e, uint32_t factor,
                             int64_t as_of_us, uint64_t *out_samples)
{
	const aim__trust_tally *t = &e->tallies[factor];
	aim__trust_period total = total_of(t);
	*out_samples = total.samples;
	if (p->rule == AIM__TRUST_LOWER)
		return lower_value(t, p->decay_micro, as_of_us / (AIM__DAY_US * AIM__TRUST_PERIOD_DAYS));
	if (factor == AIM_TRUSTSCORE_FEEDBACK)
		return aim__trust_feedback_value(total.good, total.bad);
	return ratio_value(&total, p->prior);
}

static int64_t value_of(const aim_trustscore_profile *p, const aim_trustscore_evidence *e, uint32_t factor,
                        int64_t as_of_us, uint64_t *out_samples)
{
	*out_samples = 0;
	switch (factor) {
	case AIM_TRUSTSCORE_ALERTS:
		*out_samples = open_alerts(e);
		return alert_value(e);
	case AIM_TRUSTSCORE_AGE: return aim__trust_age_value(e->created_us, as_of_us);
	case AIM_TRUSTSCORE_DRIFT:
		*out_samples = e->drift;
		return e->drift ? 0 : AIM_TRUSTSCORE_ONE;
	default: return counted_value(p, e, factor, as_of_us, out_samples);
	}
}

/* ---- computing ---- */

static void apply_limits(const aim_trustscore_profile *p, const aim_trustscore_evidence *e, int64_t as_of_us,
                         aim_trustscore *out)
{
	if (e->alerts[AIM_TRUSTSCORE_CRITICAL])
		aim__trust_limit(out, "critical_alert", p->critical_cap_micro, e->alerts[AIM_TRUSTSCORE_CRITICAL]);
	for (size_t i = 0; i < e->n_penalties; i++) {
		const aim__trust_penalty *penalty = &e->penalties[i];
		int64_t amount = penalty->micro < out->sum.score_micro ? penalty->micro : out->sum.score_micro;
		if (penalty->from_us <= as_of_us && as_of_us < penalty->until_us)
			take_away(out, "penalty", penalty->micro, amount, 1);
	}
	aim__trust_limit(out, "ceiling", e->ceiling_micro, 0);
}

void aim__trust_compute(const aim_trustscore_profile *profile, const aim_trustscore_evidence *evidence,
                        int64_t as_of_us, aim_trustscore *out)
{
	aim__trust_open(out, aim_str_from(profile->name), profile->version, as_of_us);
	for (uint32_t factor = 1; factor < AIM__TRUST_FACTORS; factor++) {
		uint64_t samples;
		int64_t value = profile->weights[factor] ? value_of(profile, evidence, factor, as_of_us, &samples) : 0;
		if (profile->weights[factor])
			aim__trust_factor(out, aim__trust_factor_names[factor], profile->weights[factor], value, samples);
	}
	aim__trust_close(out);
	apply_limits(profile, evidence, as_of_us, out);
	out->sum.flags = profile->flags;
	if (total_of(&evidence->tallies[AIM_TRUSTSCORE_VERIFICATION]).good < AIM_TRUSTSCORE_SETTLED * AIM__EVENT)
		out->sum.flags |= AIM_TRUSTSCORE_PROVISIONAL;
	out->sum.vetoes = (evidence->alerts[AIM_TRUSTSCORE_CRITICAL] ? AIM_TRUSTSCORE_VETO_ALERT : 0) |
	                  (evidence->drift ? AIM_TRUSTSCORE_VETO_DRIFT : 0);
	memcpy(out->subject, evidence->subject, sizeof out->subject);
	out->sum.subject = aim_str_from(out->subject);
	aim__trust_settle(out);
}

aim_status aim_trustscore_compute(const aim_trustscore_profile *profile, const aim_trustscore_evidence *evidence,
                                  int64_t as_of_us, aim_trustscore *out, aim_error *err)
{
	(void)err;
	if (!profile || !evidence || !out || as_of_us < 0)
		return AIM__MISUSE(out ? out->ctx : NULL, "profile, evidence, a time from 1970 on and out are required");
	aim__trust_compute(profile, evidence, as_of_us, out);
	return AIM_OK;
}

/* ---- the handle ---- */

aim_status aim_trustscore_new(aim_ctx *ctx, aim_trustscore **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_trustscore *score = aim__alloc_zeroed(ctx, sizeof *score);
	if (!score)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	score->ctx = aim__ctx_ref(ctx);
	score->sum.struct_size = sizeof score->sum;
	score->sum.flags = AIM_TRUSTSCORE_UNSCORED;
	*out = score;
	return AIM_OK;
}

void aim_trustscore_free(aim_trustscore *score)
{
	if (!score)
		return;
	aim_ctx *ctx = score->ctx;
	aim__free(ctx, score, sizeof *score);
	aim__ctx_unref(ctx);
}

aim_status aim_trustscore_summarize(const aim_trustscore *score, aim_trustscore_summary *out)
{
	if (!score || !out)
		return AIM__MISUSE(score ? score->ctx : NULL, "score and out are required");
	return aim__sized_out(out, &score->sum, sizeof score->sum, sizeof score->sum);
}

const aim_trustscore_row *aim_trustscore_row_at(const aim_trustscore *score, size_t index)
{
	return score && index < score->sum.n_rows ? &score->rows[index] : NULL;
}

/* ---- gates ---- */

static const char *refusal(const aim_trustscore_summary *s, aim_str subject, uint32_t risk, uint32_t flags)
{
	if (subject.len == 0 || !aim_str_equal(s->subject, subject))
		return "the score is of another subject";
	if (s->flags & AIM_TRUSTSCORE_UNSCORED)
		return "there is no score";
	if (s->flags & AIM_TRUSTSCORE_DISPLAY)
		return "the profile is for display and comparison only";
	if (risk > AIM_TRUSTSCORE_RISK_LOW && s->vetoes & AIM_TRUSTSCORE_VETO_ALERT)
		return "a critical alert is open";
	if (risk > AIM_TRUSTSCORE_RISK_LOW && s->vetoes & AIM_TRUSTSCORE_VETO_DRIFT)
		return "unapproved drift is open";
	if (risk == AIM_TRUSTSCORE_RISK_HIGH && s->flags & AIM_TRUSTSCORE_PROVISIONAL &&
	    !(flags & AIM_TRUSTSCORE_ALLOW_PROVISIONAL))
		return "the score is provisional";
	return NULL;
}

aim_status aim_trustscore_gate(const aim_trustscore *score, aim_str subject, uint32_t risk, int64_t least_micro,
                               uint32_t flags, aim_error *err)
{
	if (!score || risk < AIM_TRUSTSCORE_RISK_LOW || risk > AIM_TRUSTSCORE_RISK_HIGH ||
	    (flags & ~AIM_TRUSTSCORE_ALLOW_PROVISIONAL) || least_micro < 0 || least_micro > AIM_TRUSTSCORE_ONE)
		return AIM__MISUSE(score ? score->ctx : NULL, "score, a risk, 0 to 1 000 000 and known flags are required");
	const char *why = refusal(&score->sum, subject, risk, flags);
	if (why)
		return aim__fail(err, AIM_DENIED, AIM_LAYER_ASSESS, "trust: %s", why);
	if (score->sum.score_micro < least_micro)
		return aim__fail(err, AIM_DENIED, AIM_LAYER_ASSESS, "trust: the score is %lld, and %lld millionths are needed",
		                 (long long)score->sum.score_micro, (long long)least_micro);
	return AIM_OK;
}
