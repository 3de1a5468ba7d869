/* assess/trust_evidence_json.c — evidence as canonical JSON, and its root. Layer assess.
 *
 * Members are written in canonical order by hand; a test holds the result to the canonical form. What is
 * read must be exactly what is written: a member that is not known would change the meaning unseen. */
#include "assess/trust_evidence.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/provider.h"

#define FORMAT "libaim/trust-evidence/v1"
#define LABEL FORMAT "\n"
/* Factors and severities in the order of their names. */
static const uint8_t counted_by_name[] = {AIM_TRUSTSCORE_COMPLIANCE, AIM_TRUSTSCORE_SUCCESS, AIM_TRUSTSCORE_UPTIME,
                                          AIM_TRUSTSCORE_FEEDBACK, AIM_TRUSTSCORE_VERIFICATION};
static const uint8_t severities_by_name[] = {AIM_TRUSTSCORE_CRITICAL, AIM_TRUSTSCORE_HIGH, AIM_TRUSTSCORE_LOW,
                                             AIM_TRUSTSCORE_MEDIUM};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- writing ---- */

static void write_number(aim__json_writer *w, const char *name, uint64_t number)
{
	aim__write_key(w, name);
	aim__write_uint64(w, number);
}

static void write_tally(aim__json_writer *w, const char *factor, const aim__trust_tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const aim__trust_period *p = &t->periods[i];
		aim__write_begin_object(w);
		write_number(w, "bad", p->bad);
		aim__write_member_text(w, "factor", factor);
		write_number(w, "good", p->good);
		aim__write_member_int64(w, "period", p->period);
		write_number(w, "samples", p->samples);
		aim__write_end_object(w);
	}
}

static void write_penalties(aim__json_writer *w, const aim_trustscore_evidence *e)
{
	aim__write_begin_array(w);
	for (size_t i = 0; i < e->n_penalties; i++) {
		aim__write_begin_object(w);
		aim__write_member_int64(w, "from_us", e->penalties[i].from_us);
		aim__write_member_text(w, "id", e->penalties[i].id);
		aim__write_member_int64(w, "micro", e->penalties[i].micro);
		aim__write_member_int64(w, "until_us", e->penalties[i].until_us);
		aim__write_end_object(w);
	}
	aim__write_end_array(w);
}

aim_status aim_trustscore_evidence_write(const aim_trustscore_evidence *evidence, aim_buf *out, aim_error *err)
{
	aim__json_writer w;
	if (!evidence || !out)
		return AIM__MISUSE(evidence ? evidence->ctx : NULL, "evidence and out are required");
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "alerts");
	aim__write_begin_object(&w);
	for (size_t i = 0; i < COUNT(severities_by_name); i++)
		write_number(&w, aim__trust_severity_names[severities_by_name[i]], evidence->alerts[severities_by_name[i]]);
	aim__write_end_object(&w);
	aim__write_member_int64(&w, "ceiling_micro", evidence->ceiling_micro);
	aim__write_key(&w, "counts");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < COUNT(counted_by_name); i++)
		write_tally(&w, aim__trust_factor_names[counted_by_name[i]], &evidence->tallies[counted_by_name[i]]);
	aim__write_end_array(&w);
	aim__write_member_int64(&w, "created_us", evidence->created_us);
	write_number(&w, "drift", evidence->drift);
	aim__write_member_text(&w, "format", FORMAT);
	aim__write_key(&w, "penalties");
	write_penalties(&w, evidence);
	aim__write_member_text(&w, "subject", evidence->subject);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

aim_status aim_trustscore_evidence_root(const aim_trustscore_evidence *evidence,
                                        uint8_t out[AIM_TRUSTSCORE_ROOT_LEN], aim_error *err)
{
	aim_buf text;
	if (!evidence || !out)
		return AIM__MISUSE(evidence ? evidence->ctx : NULL, "evidence and out are required");
	aim__buf_init(&text, evidence->ctx);
	aim_status rc = aim_trustscore_evidence_write(evidence, &text, err);
	if (rc == AIM_OK) {
		aim_bytes parts[2] = {aim_bytes_from(LABEL, sizeof LABEL - 1), aim_buf_bytes(&text)};
		rc = aim__sha256(evidence->ctx, parts, 2, out);
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	aim__buf_dispose(&text);
	return rc;
}

/* ---- reading ---- */

typedef struct reading {
	const aim_json *doc;
	aim_trustscore_evidence *evidence;
	aim_error *err;
} reading;

static aim_status bad(const reading *r, aim_json_value at, const char *expected)
{
	aim_buf pointer;
	aim_status rc = aim__fail(r->err, AIM_E_TRUST_EVIDENCE, AIM_LAYER_ASSESS, "not trust evidence: %s expected",
	                          expected);
	aim__buf_init(&pointer, r->doc->ctx);
	if (at != AIM_JSON_NONE && aim_json_pointer(r->doc, at, &pointer) == AIM_OK)
		aim__error_pointer(r->err, aim_buf_str(&pointer));
	aim__buf_dispose(&pointer);
	return rc;
}

/* A member that is a whole number in a range. */
static aim_status number(const reading *r, aim_json_value object, const char *name, int64_t least, int64_t most,
                         int64_t *out)
{
	aim_json_value v = aim__json_member_text(r->doc, object, name);
	if (aim_json_int64(r->doc, v, out) != AIM_OK || *out < least || *out > most)
		return bad(r, v == AIM_JSON_NONE ? object : v, name);
	return AIM_OK;
}

static aim_status whole(const reading *r, aim_json_value object, const char *name, uint64_t most, uint64_t *out)
{
	int64_t n = 0;
	aim_status rc = number(r, object, name, 0, (int64_t)most, &n);
	*out = (uint64_t)n;
	return rc;
}

static aim_status of_type(const reading *r, aim_json_value v, uint32_t type, size_t members, const char *what)
{
	if (aim_json_type(r->doc, v) != type || (type == AIM_JSON_OBJECT && aim_json_count(r->doc, v) != members))
		return bad(r, v, what);
	return AIM_OK;
}

static aim_status read_alerts(const reading *r, aim_json_value alerts)
{
	aim_status rc = of_type(r, alerts, AIM_JSON_OBJECT, AIM__TRUST_SEVERITIES - 1, "alerts of four severities");
	for (uint32_t i = 1; rc == AIM_OK && i < AIM__TRUST_SEVERITIES; i++)
		rc = whole(r, alerts, aim__trust_severity_names[i], UINT32_MAX, &r->evidence->alerts[i]);
	return rc;
}

/* Where a count may stand: behind the ones of its factor that are there, within as many periods as one tally
 * tells apart. */
static int fits(const aim__trust_tally *t, const aim__trust_period *p)
{
	if (t->n == 0)
		return 1;
	const aim__trust_period *first = &t->periods[t->periods[0].period < 0 && t->n > 1];
	if (t->n > AIM__TRUST_PERIODS || p->period <= t->periods[t->n - 1].period)
		return 0;
	return first->period < 0 || p->period - first->period < (int64_t)AIM__TRUST_PERIODS;
}

static aim_status read_count(const reading *r, aim_json_value v)
{
	aim__trust_period p = {0};
	aim_status rc = of_type(r, v, AIM_JSON_OBJECT, 5, "a count with five members");
	if (rc != AIM_OK)
		return rc;
	uint32_t factor = aim_trustscore_factor_named(
		aim_json_string(r->doc, aim__json_member_text(r->doc, v, "factor")));
	if (!aim__trust_is_counted(factor))
		return bad(r, v, "factor with a counted factor");
	rc = whole(r, v, "bad", AIM__TRUST_WEIGHT_MAX, &p.bad);
	if (rc == AIM_OK)
		rc = whole(r, v, "good", AIM__TRUST_WEIGHT_MAX, &p.good);
	if (rc == AIM_OK)
		rc = number(r, v, "period", -1, AIM__TRUST_DAY_MAX / AIM__TRUST_PERIOD_DAYS, &p.period);
	if (rc == AIM_OK)
		rc = whole(r, v, "samples", (uint64_t)1 << 52, &p.samples);
	if (rc != AIM_OK)
		return rc;
	aim__trust_tally *t = &r->evidence->tallies[factor];
	if (p.good + p.bad > AIM__TRUST_WEIGHT_MAX || !fits(t, &p))
		return bad(r, v, "counts of one factor from old to new, within 24 periods,");
	t->periods[t->n++] = p;
	return AIM_OK;
}

static aim_status read_counts(const reading *r, aim_json_value counts)
{
	aim_status rc = of_type(r, counts, AIM_JSON_ARRAY, 0, "an array of counts");
	for (aim_json_value v = aim_json_first(r->doc, counts); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(r->doc, v))
		rc = read_count(r, v);
	return rc;
}

static aim_status read_penalty(const reading *r, aim_json_value v)
{
	int64_t micro, from_us, until_us;
	aim_status rc = of_type(r, v, AIM_JSON_OBJECT, 4, "a penalty with four members");
	if (rc == AIM_OK)
		rc = number(r, v, "micro", 1, AIM_TRUSTSCORE_ONE, &micro);
	if (rc == AIM_OK)
		rc = number(r, v, "from_us", 0, INT64_MAX, &from_us);
	if (rc == AIM_OK)
		rc = number(r, v, "until_us", 0, INT64_MAX, &until_us);
	if (rc != AIM_OK)
		return rc;
	aim_str id = aim_json_string(r->doc, aim__json_member_text(r->doc, v, "id"));
	rc = aim_trustscore_evidence_add_penalty(r->evidence, id, micro, from_us, until_us, NULL);
	return rc == AIM_OK ? AIM_OK : bad(r, v, "at most 32 penalties, each with an id of its own,");
}

static aim_status read_penalties(const reading *r, aim_json_value penalties)
{
	aim_status rc = of_type(r, penalties, AIM_JSON_ARRAY, 0, "an array of penalties");
	for (aim_json_value v = aim_json_first(r->doc, penalties); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(r->doc, v))
		rc = read_penalty(r, v);
	return rc;
}

static aim_status read_head(const reading *r, aim_ctx *ctx)
{
	int64_t created_us = 0;
	aim_status rc = of_type(r, AIM_JSON_ROOT, AIM_JSON_OBJECT, 8, "an object with eight members");
	if (rc != AIM_OK)
		return rc;
	aim_str format = aim_json_string(r->doc, aim__json_member_text(r->doc, AIM_JSON_ROOT, "format"));
	if (!aim_str_equal(format, aim_str_from(FORMAT)))
		return bad(r, AIM_JSON_ROOT, "format \"" FORMAT "\"");
	rc = number(r, AIM_JSON_ROOT, "created_us", 0, INT64_MAX, &created_us);
	aim_json_value subject = aim__json_member_text(r->doc, AIM_JSON_ROOT, "subject");
	if (rc == AIM_OK && (aim_json_type(r->doc, subject) != AIM_JSON_STRING ||
	                     aim__trust_evidence_init(r->evidence, ctx, aim_json_string(r->doc, subject), created_us) != AIM_OK))
		rc = bad(r, subject, "a subject and its time of creation");
	return rc;
}

aim_status aim__trust_evidence_parse(aim_trustscore_evidence *evidence, aim_ctx *ctx, aim_bytes json, aim_error *err)
{
	aim_json doc;
	const reading r = {&doc, evidence, err};
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, json, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = read_head(&r, ctx);
	if (rc == AIM_OK)
		rc = number(&r, AIM_JSON_ROOT, "ceiling_micro", 0, AIM_TRUSTSCORE_ONE, &evidence->ceiling_micro);
	if (rc == AIM_OK)
		rc = whole(&r, AIM_JSON_ROOT, "drift", UINT32_MAX, &evidence->drift);
	if (rc == AIM_OK)
		rc = read_alerts(&r, aim__json_member_text(&doc, AIM_JSON_ROOT, "alerts"));
	if (rc == AIM_OK)
		rc = read_counts(&r, aim__json_member_text(&doc, AIM_JSON_ROOT, "counts"));
	if (rc == AIM_OK)
		rc = read_penalties(&r, aim__json_member_text(&doc, AIM_JSON_ROOT, "penalties"));
	aim__json_dispose(&doc);
	return rc;
}

aim_status aim_trustscore_evidence_read(aim_ctx *ctx, aim_bytes json, aim_trustscore_evidence **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_trustscore_evidence *evidence = aim__alloc_zeroed(ctx, sizeof *evidence);
	if (!evidence)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__trust_evidence_parse(evidence, ctx, json, err);
	if (rc != AIM_OK) {
		aim__free(ctx, evidence, sizeof *evidence);
		return rc;
	}
	aim__ctx_ref(ctx);
	*out = evidence;
	return AIM_OK;
}
