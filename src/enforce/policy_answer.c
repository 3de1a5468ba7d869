/* enforce/policy_answer.c — what a rule's "when" answers about a request: yes, no, or unknown. Layer enforce; allocates
 * nothing.
 *
 * Kleene's logic: `all` is no when one is no, else unknown when one is unknown; `any` the other way round; `not` of
 * unknown is unknown. What the request does not say is unknown, and so is a value that is of another type than the
 * test is about, and a text that is too long to be looked at. */
#include "enforce/policy.h"

#include <string.h>

#include "base/map.h"
#include "codec/json.h"
#include "codec/number.h"
#include "enforce/pattern.h"
#include "enforce/policy_value.h"
#include "enforce/rates.h"

static aim__answer of(int holds)
{
	return holds ? AIM__YES : AIM__NO;
}

/* ---- names ---- */

static const struct {
	uint32_t of_facts;
	size_t offset;
} texts[AIM__TEXT_COUNT] = {
	[AIM__TEXT_TOOL] = {0, offsetof(aim_request, tool)},
	[AIM__TEXT_AGENT] = {0, offsetof(aim_request, agent)},
	[AIM__TEXT_DID] = {0, offsetof(aim_request, did)},
	[AIM__TEXT_SERVER] = {0, offsetof(aim_request, server)},
	[AIM__TEXT_RESOURCE] = {0, offsetof(aim_request, resource)},
	[AIM__TEXT_ACTION] = {0, offsetof(aim_request, action)},
	[AIM__TEXT_AGENT_TYPE] = {1, offsetof(aim_facts, agent_type)},
	[AIM__TEXT_OWNER] = {1, offsetof(aim_facts, owner)},
	[AIM__TEXT_STATUS] = {1, offsetof(aim_facts, status)},
	[AIM__TEXT_SESSION] = {1, offsetof(aim_facts, session)},
};

aim_str aim__inquiry_text(const aim__inquiry *q, uint32_t text)
{
	aim_str out;
	const char *from = texts[text].of_facts ? (const char *)q->facts : (const char *)q->request;
	memcpy(&out, from + texts[text].offset, sizeof out);
	return out;
}

static int matches_one(const aim__texts *list, aim_str text, int folded)
{
	for (size_t i = 0; i < list->n; i++)
		if (aim__pattern_match(&list->items[i], text, folded))
			return 1;
	return 0;
}

/* An MCP action says which of tool and resource there is; the other is none, not unknown. */
static int is_none(const aim_request *request, uint32_t text)
{
	aim_str action = request->action;
	int is_tool = aim_str_equal(action, aim_str_from("mcp_tool"));
	if (text == AIM__TEXT_RESOURCE)
		return is_tool;
	return text == AIM__TEXT_TOOL && !is_tool && action.len > 4 && memcmp(action.ptr, "mcp_", 4) == 0;
}

static aim__answer answer_name(const aim__when *w, const aim__inquiry *q)
{
	aim_str text = aim__inquiry_text(q, w->arg);
	if (text.len == 0)
		return is_none(q->request, w->arg) ? AIM__NO : AIM__UNKNOWN;
	return of(matches_one(w->with.texts, text, w->flags & AIM__WHEN_FOLDED));
}

/* For each of the patterns, one of the texts that are there. */
static aim__answer answer_each(const aim__when *w, const aim_str *held, size_t n_held)
{
	const aim__texts *wanted = w->with.texts;
	if (!held)
		return AIM__UNKNOWN;
	for (size_t i = 0; i < wanted->n; i++) {
		int found = 0;
		for (size_t h = 0; h < n_held && !found; h++)
			found = aim__pattern_match(&wanted->items[i], held[h], w->flags & AIM__WHEN_FOLDED);
		if (!found)
			return AIM__NO;
	}
	return AIM__YES;
}

/* Segments between ':'; a '*' that is held stands for one segment, the last one for all that follow. */
static int covers(aim_str held, aim_str wanted)
{
	size_t h = 0;
	size_t w = 0;
	while (h < held.len) {
		size_t h_end = h;
		size_t w_end = w;
		while (h_end < held.len && held.ptr[h_end] != ':')
			h_end++;
		while (w_end < wanted.len && wanted.ptr[w_end] != ':')
			w_end++;
		int star = h_end - h == 1 && held.ptr[h] == '*';
		if (w >= wanted.len)
			return 0;
		if (star && h_end == held.len)
			return 1;
		if (!star && (h_end - h != w_end - w || memcmp(held.ptr + h, wanted.ptr + w, h_end - h) != 0))
			return 0;
		h = h_end + 1;
		w = w_end + 1;
	}
	return w > wanted.len;
}

static aim__answer answer_lacks(const aim__when *w, const aim__inquiry *q)
{
	const aim_request *r = q->request;
	if (!q->facts->required || (!r->capabilities && q->facts->n_required))
		return AIM__UNKNOWN;
	uint32_t lacks = 0;
	for (size_t i = 0; i < q->facts->n_required && !lacks; i++) {
		lacks = 1;
		for (size_t h = 0; h < r->n_capabilities && lacks; h++)
			lacks = !covers(r->capabilities[h], q->facts->required[i]);
	}
	return of(lacks == w->arg);
}

/* ---- numbers, levels, bits ---- */

static aim__answer answer_number(const aim__when *w, const aim__inquiry *q)
{
	const aim_facts *f = q->facts;
	int64_t n = q->request->trust_micro;
	int known = n != AIM_DECISION_NO_TRUST;
	if (w->arg == AIM__NUMBER_ATTESTATIONS) {
		known = (f->known & AIM_FACTS_ATTESTATIONS) != 0;
		n = f->n_attestations;
	} else if (w->arg == AIM__NUMBER_CONFIDENCE) {
		known = (f->known & AIM_FACTS_CONFIDENCE) != 0;
		n = f->confidence_micro;
	}
	if (!known)
		return AIM__UNKNOWN;
	return of(n >= w->with.range->low && n <= w->with.range->high);
}

static aim__answer answer_level(const aim__when *w, const aim__inquiry *q)
{
	uint32_t level = q->request->risk;
	if (w->arg == AIM__LEVEL_DRIFT)
		level = q->facts->drift;
	else if (w->arg == AIM__LEVEL_SCAN)
		level = q->facts->scan;
	return level == 0 ? AIM__UNKNOWN : of(w->mask >> level & 1);
}

static aim__answer answer_bits(const aim__when *w, const aim__inquiry *q)
{
	const aim_facts *f = q->facts;
	int labels = w->arg == AIM__BITS_LABELS;
	uint32_t set = labels ? f->labels : f->signals;
	if (!(f->known & (labels ? AIM_FACTS_LABELS : AIM_FACTS_SIGNALS)))
		return AIM__UNKNOWN;
	return of((set & w->mask) == w->mask);
}

/* ---- times ---- */

#define DAY_MIN 1440
#define MINUTE_US 60000000

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* 1 January 1970 was a Thursday. */
static uint32_t weekday(int64_t day)
{
	int64_t since_monday = (day + 3) % 7;
	return (uint32_t)(since_monday < 0 ? since_monday + 7 : since_monday);
}

static aim__answer answer_time(const aim__when *w, const aim__inquiry *q)
{
	const aim__time_test *t = w->with.time;
	if (q->now_us == 0)
		return AIM__UNKNOWN;
	int64_t minutes = floor_div(q->now_us, MINUTE_US) + t->offset_min;
	int64_t day = floor_div(minutes, DAY_MIN);
	uint32_t at = (uint32_t)(minutes - day * DAY_MIN);
	if (t->from_min < t->to_min)
		return of(at >= t->from_min && at < t->to_min && (t->days >> weekday(day) & 1));
	if (at >= t->from_min)
		return of(t->days >> weekday(day) & 1);
	return of(at < t->to_min && (t->days >> weekday(day - 1) & 1)); /* began yesterday */
}

/* ---- rates ---- */

static const struct {
	uint32_t per;
	uint32_t text;
} rate_parts[] = {
	{AIM__RATE_PER_AGENT, AIM__TEXT_AGENT},     {AIM__RATE_PER_TOOL, AIM__TEXT_TOOL},
	{AIM__RATE_PER_SERVER, AIM__TEXT_SERVER},   {AIM__RATE_PER_SESSION, AIM__TEXT_SESSION},
	{AIM__RATE_PER_DID, AIM__TEXT_DID},
};

size_t aim__rate_key(const aim_ctx *ctx, const aim__rate_test *test, const aim__inquiry *q, uint8_t out[AIM__RATE_KEY])
{
	char folded[AIM__FACT_MAX];
	size_t at = 0;
	memcpy(out, &test->per, sizeof test->per);
	at = sizeof test->per;
	for (size_t i = 0; i < sizeof rate_parts / sizeof rate_parts[0]; i++) {
		if (!(test->per & rate_parts[i].per))
			continue;
		aim_str text = aim__inquiry_text(q, rate_parts[i].text);
		if (text.len == 0)
			return 0;
		size_t len = aim__name_fold(folded, sizeof folded, text);
		uint64_t hash = aim__hash(ctx, aim_bytes_from(folded, len));
		memcpy(out + at, &hash, sizeof hash);
		at += sizeof hash;
	}
	return at;
}

static aim__answer answer_rate(const aim_policy *policy, const aim__when *w, const aim__inquiry *q)
{
	uint8_t key[AIM__RATE_KEY];
	const aim__rate_test *t = w->with.rate;
	size_t len = q->facts->rates && q->now_us ? aim__rate_key(policy->ctx, t, q, key) : 0;
	if (len == 0)
		return AIM__UNKNOWN;
	int64_t n = aim__rates_look(q->facts->rates, aim_bytes_from(key, len), t->window_us, q->now_us);
	return n < 0 ? AIM__UNKNOWN : of(n >= t->least);
}

/* ---- trees ---- */

static aim__answer answer_test(const aim_policy *policy, const aim__when *w, const aim__inquiry *q)
{
	switch (w->op) {
	case AIM__WHEN_NAME: return answer_name(w, q);
	case AIM__WHEN_TAG: return answer_each(w, q->facts->tags, q->facts->n_tags);
	case AIM__WHEN_HOLDS: return answer_each(w, q->request->capabilities, q->request->n_capabilities);
	case AIM__WHEN_LACKS: return answer_lacks(w, q);
	case AIM__WHEN_NUMBER: return answer_number(w, q);
	case AIM__WHEN_LEVEL: return answer_level(w, q);
	case AIM__WHEN_BITS: return answer_bits(w, q);
	case AIM__WHEN_TIME: return answer_time(w, q);
	case AIM__WHEN_RATE: return answer_rate(policy, w, q);
	default: return aim__value_answer(policy, w, q);
	}
}

/* The document's reader bounds how deep this goes. */
aim__answer aim__when_answer(const aim_policy *policy, uint32_t index, const aim__inquiry *q)
{
	const aim__when *w = &policy->whens[index];
	if (w->op > AIM__WHEN_NOT)
		return answer_test(policy, w, q);
	if (w->op == AIM__WHEN_NOT) {
		aim__answer a = aim__when_answer(policy, index + 1, q);
		return a == AIM__UNKNOWN ? a : of(a == AIM__NO);
	}
	aim__answer ends = w->op == AIM__WHEN_ALL ? AIM__NO : AIM__YES;
	aim__answer so_far = w->op == AIM__WHEN_ALL ? AIM__YES : AIM__NO;
	for (uint32_t i = index + 1; i < w->end; i = policy->whens[i].end) {
		aim__answer a = aim__when_answer(policy, i, q);
		if (a == ends)
			return a;
		if (a == AIM__UNKNOWN)
			so_far = a;
	}
	return so_far;
}
