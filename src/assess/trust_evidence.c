/* assess/trust_evidence.c — adding up evidence. Layer assess; knows no store. */
#include "assess/trust_evidence.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"

#include <string.h>

const char *const aim__trust_factor_names[AIM__TRUST_FACTORS] = {
	"unknown", "verification_status", "uptime", "success_rate", "security_alerts", "compliance", "age",
	"drift_detection", "user_feedback"};
const char *const aim__trust_severity_names[AIM__TRUST_SEVERITIES] = {"unknown", "low", "medium", "high",
                                                                     "critical"};

int aim__trust_is_counted(uint32_t factor)
{
	return factor == AIM_TRUSTSCORE_VERIFICATION || factor == AIM_TRUSTSCORE_UPTIME ||
	       factor == AIM_TRUSTSCORE_SUCCESS || factor == AIM_TRUSTSCORE_COMPLIANCE ||
	       factor == AIM_TRUSTSCORE_FEEDBACK;
}

const char *aim_trustscore_factor_name(uint32_t factor)
{
	return aim__trust_factor_names[factor < AIM__TRUST_FACTORS ? factor : 0];
}

uint32_t aim_trustscore_factor_named(aim_str name)
{
	for (uint32_t i = 1; i < AIM__TRUST_FACTORS; i++)
		if (aim_str_equal(name, aim_str_from(aim__trust_factor_names[i])))
			return i;
	return 0;
}

const char *aim_trustscore_severity_name(uint32_t severity)
{
	return aim__trust_severity_names[severity < AIM__TRUST_SEVERITIES ? severity : 0];
}

/* ---- making ---- */

/* Copies text of at most max bytes, NUL-terminated; refuses NUL bytes, control characters and what is not UTF-8. */
static aim_status copy_text(char *dst, aim_str text, size_t min, size_t max)
{
	if (text.len < min || text.len > max || (text.len && !text.ptr))
		return AIM_E_INVALID;
	for (size_t i = 0; i < text.len;) {
		size_t step = aim__utf8_sequence((const uint8_t *)text.ptr + i, text.len - i);
		if (step == 0 || (unsigned char)text.ptr[i] < 0x20)
			return AIM_E_INVALID;
		i += step;
	}
	if (text.len)
		memcpy(dst, text.ptr, text.len);
	dst[text.len] = 0;
	return AIM_OK;
}

aim_status aim__trust_evidence_init(aim_trustscore_evidence *evidence, aim_ctx *ctx, aim_str subject,
                                    int64_t created_us)
{
	memset(evidence, 0, sizeof *evidence);
	evidence->ctx = ctx;
	evidence->created_us = created_us;
	evidence->ceiling_micro = AIM_TRUSTSCORE_ONE;
	if (created_us < 0 || created_us / AIM__DAY_US > AIM__TRUST_DAY_MAX)
		return AIM_E_INVALID;
	return copy_text(evidence->subject, subject, 0, AIM__TRUST_SUBJECT_MAX);
}

aim_status aim_trustscore_evidence_new(aim_ctx *ctx, aim_str subject, int64_t created_us,
                                       aim_trustscore_evidence **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_trustscore_evidence *evidence = aim__alloc_zeroed(ctx, sizeof *evidence);
	if (!evidence)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	if (aim__trust_evidence_init(evidence, ctx, subject, created_us) != AIM_OK) {
		aim__free(ctx, evidence, sizeof *evidence);
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "trust evidence: subject must be at most %u bytes of UTF-8, created_us a time from 1970 to 9999",
		                 AIM__TRUST_SUBJECT_MAX);
	}
	aim__ctx_ref(ctx);
	*out = evidence;
	return AIM_OK;
}

void aim_trustscore_evidence_free(aim_trustscore_evidence *evidence)
{
	if (!evidence)
		return;
	aim_ctx *ctx = evidence->ctx;
	aim__free(ctx, evidence, sizeof *evidence);
	aim__ctx_unref(ctx);
}

/* ---- periods ---- */

static void remove_period(aim__trust_tally *t, size_t at)
{
	t->n--;
	memmove(t->periods + at, t->periods + at + 1, (t->n - at) * sizeof *t->periods);
}

/* More than a period may weigh (hundreds of millions of events) keeps its proportion. */
static void merge_period(aim__trust_period *into, const aim__trust_period *from)
{
	uint64_t n = into->good + into->bad + from->good + from->bad;
	into->good += from->good;
	into->bad += from->bad;
	into->samples += from->samples;
	if (n <= AIM__TRUST_WEIGHT_MAX)
		return;
	into->good = aim__mul_div(into->good, AIM__TRUST_WEIGHT_MAX, n);
	into->bad = AIM__TRUST_WEIGHT_MAX - into->good;
}

static void insert_period(aim__trust_tally *t, size_t at, int64_t period)
{
	memmove(t->periods + at + 1, t->periods + at, (t->n - at) * sizeof *t->periods);
	memset(&t->periods[at], 0, sizeof t->periods[at]);
	t->periods[at].period = period;
	t->n++;
}

/* Everything that is PERIODS or more before the newest becomes one. Which those are depends on the newest
 * only, so the order in which evidence came does not show. */
static void pool_old(aim__trust_tally *t, int64_t newest)
{
	while (t->n > 1 && t->periods[1].period <= newest - (int64_t)AIM__TRUST_PERIODS) {
		merge_period(&t->periods[1], &t->periods[0]);
		remove_period(t, 0);
	}
	if (t->n && t->periods[0].period <= newest - (int64_t)AIM__TRUST_PERIODS)
		t->periods[0].period = -1;
}

/* The bucket for a period, made when it is not there. */
static aim__trust_period *bucket(aim__trust_tally *t, int64_t period)
{
	size_t at = 0;
	int64_t newest = t->n ? t->periods[t->n - 1].period : period;
	if (period > newest)
		pool_old(t, newest = period);
	if (period <= newest - (int64_t)AIM__TRUST_PERIODS)
		period = -1;
	while (at < t->n && t->periods[at].period < period)
		at++;
	if (at == t->n || t->periods[at].period != period)
		insert_period(t, at, period);
	return &t->periods[at];
}

/* What a source's day weighs: all of it, or CAP events in the same proportion. */
static aim__trust_day weigh(uint32_t factor, const aim__trust_day *day)
{
	uint64_t n = day->good + day->bad;
	uint64_t cap = factor == AIM_TRUSTSCORE_FEEDBACK ? AIM_TRUSTSCORE_FEEDBACK_CAP : AIM_TRUSTSCORE_DAY_CAP;
	aim__trust_day w = {day->good * AIM__EVENT, day->bad * AIM__EVENT};
	if (n > cap) {
		w.good = day->good * cap * AIM__EVENT / n;
		w.bad = cap * AIM__EVENT - w.good;
	}
	return w;
}

aim_status aim__trust_replace(aim_trustscore_evidence *evidence, uint32_t factor, int64_t day,
                              const aim__trust_day *before, const aim__trust_day *after, aim_error *err)
{
	if (!aim__trust_is_counted(factor) || day < 0 || day > AIM__TRUST_DAY_MAX ||
	    after->good > AIM__TRUST_COUNT_MAX || after->bad > AIM__TRUST_COUNT_MAX)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "trust evidence: a counted factor, a day from 1970 to 9999 and counts below 2^32 are expected");
	aim__trust_day old = weigh(factor, before), now = weigh(factor, after);
	if (now.good + now.bad == 0 && old.good + old.bad == 0)
		return AIM_OK;
	aim__trust_period *p = bucket(&evidence->tallies[factor], day / AIM__TRUST_PERIOD_DAYS);
	if (p->good < old.good || p->bad < old.bad)
		return aim__fail(err, AIM_E_TRUST_EVIDENCE, AIM_LAYER_ASSESS, "trust evidence: the day to replace was not counted");
	if (p->good + p->bad + now.good + now.bad > AIM__TRUST_WEIGHT_MAX)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "trust evidence: more events of %s than can be counted",
		                 aim__trust_factor_names[factor]);
	p->good = p->good + now.good - old.good;
	p->bad = p->bad + now.bad - old.bad;
	p->samples = p->samples + after->good + after->bad - before->good - before->bad;
	return AIM_OK;
}

aim_status aim_trustscore_evidence_add(aim_trustscore_evidence *evidence, uint32_t factor, int64_t day,
                                       uint64_t good, uint64_t bad, aim_error *err)
{
	const aim__trust_day none = {0, 0}, all = {good, bad};
	if (!evidence)
		return AIM__MISUSE(NULL, "evidence is required");
	return aim__trust_replace(evidence, factor, day, &none, &all, err);
}

/* ---- what is open, and limits ---- */

aim_status aim_trustscore_evidence_set_alerts(aim_trustscore_evidence *evidence, uint32_t severity,
                                              uint64_t n_open)
{
	if (!evidence || severity == 0 || severity >= AIM__TRUST_SEVERITIES || n_open > UINT32_MAX)
		return AIM__MISUSE(evidence ? evidence->ctx : NULL, "evidence, a severity and a count below 2^32 are required");
	evidence->alerts[severity] = n_open;
	return AIM_OK;
}

aim_status aim_trustscore_evidence_set_drift(aim_trustscore_evidence *evidence, uint64_t n_open)
{
	if (!evidence || n_open > UINT32_MAX)
		return AIM__MISUSE(evidence ? evidence->ctx : NULL, "evidence and a count below 2^32 are required");
	evidence->drift = n_open;
	return AIM_OK;
}

aim_status aim_trustscore_evidence_set_ceiling(aim_trustscore_evidence *evidence, int64_t ceiling_micro)
{
	if (!evidence || ceiling_micro < 0 || ceiling_micro > AIM_TRUSTSCORE_ONE)
		return AIM__MISUSE(evidence ? evidence->ctx : NULL, "evidence and a ceiling of 0 to 1 000 000 are required");
	evidence->ceiling_micro = ceiling_micro;
	return AIM_OK;
}

static int is_penalty(int64_t micro, int64_t from_us, int64_t until_us)
{
	return micro > 0 && micro <= AIM_TRUSTSCORE_ONE && from_us >= 0 && until_us > from_us &&
	       until_us / AIM__DAY_US <= AIM__TRUST_DAY_MAX;
}

aim_status aim_trustscore_evidence_add_penalty(aim_trustscore_evidence *evidence, aim_str id, int64_t micro,
                                               int64_t from_us, int64_t until_us, aim_error *err)
{
	size_t at = 0;
	aim__trust_penalty penalty = {.micro = micro, .from_us = from_us, .until_us = until_us};
	if (!evidence)
		return AIM__MISUSE(NULL, "evidence is required");
	if (copy_text(penalty.id, id, 1, AIM__TRUST_ID_MAX) != AIM_OK || !is_penalty(micro, from_us, until_us))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "penalty: an id of 1 to %u bytes, 1 to 1 000 000 micro and a time to end after it begins are expected",
		                 AIM__TRUST_ID_MAX);
	while (at < evidence->n_penalties && strcmp(evidence->penalties[at].id, penalty.id) < 0)
		at++;
	if (at < evidence->n_penalties && strcmp(evidence->penalties[at].id, penalty.id) == 0)
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_ASSESS, "penalty %s is already there", penalty.id);
	if (evidence->n_penalties == AIM_TRUSTSCORE_MAX_PENALTIES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "penalty %s: %u penalties are there already",
		                 penalty.id, AIM_TRUSTSCORE_MAX_PENALTIES);
	memmove(evidence->penalties + at + 1, evidence->penalties + at,
	        (evidence->n_penalties - at) * sizeof *evidence->penalties);
	evidence->penalties[at] = penalty;
	evidence->n_penalties++;
	return AIM_OK;
}

void aim__trust_forget_penalties(aim_trustscore_evidence *evidence, int64_t now_us)
{
	size_t kept = 0;
	for (size_t i = 0; i < evidence->n_penalties; i++)
		if (evidence->penalties[i].until_us > now_us)
			evidence->penalties[kept++] = evidence->penalties[i];
	evidence->n_penalties = kept;
}
