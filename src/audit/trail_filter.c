/* audit/trail_filter.c — which records a reader wants. Layer audit; knows neither log nor store.
 *
 * A scan hashes every row, and parsing costs about as much again: so a row that cannot match is told
 * apart by its bytes. That is safe because a record is canonical JSON. Quotes inside a string are
 * escaped, so `"kind":"tool_call"` stands in a record only as a member, and `,"time_us":` behind
 * `data` only as the record's own. Where bytes cannot decide (a member of data may have any name),
 * the parsed record does. */
#include "audit/trail.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/writer.h"

#include <stddef.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_trail_filter, 8 + 2 * 8 + 10 * 2 * P);
#undef P

#define CONDITION(field, text) {offsetof(aim_trail_filter, field), text}
static const struct {
	size_t offset;
	uint32_t text;
} conditions[AIM__TRAIL_MAX_CONDITIONS] = {
	CONDITION(kind, AIM_TRAIL_KIND),
	CONDITION(agent, AIM_TRAIL_AGENT),
	CONDITION(did, AIM_TRAIL_DID),
	CONDITION(session, AIM_TRAIL_SESSION),
	CONDITION(user, AIM_TRAIL_USER),
	CONDITION(subject, AIM_TRAIL_SUBJECT),
	CONDITION(action, AIM_TRAIL_ACTION),
	CONDITION(decision, AIM_TRAIL_DECISION),
	CONDITION(reason_code, AIM_TRAIL_REASON_CODE),
	CONDITION(request, AIM_TRAIL_REQUEST),
};

void aim__trail_filter_init(aim__trail_filter *filter, aim_ctx *ctx)
{
	memset(filter, 0, sizeof *filter);
	aim__buf_init(&filter->needles, ctx);
}

void aim__trail_filter_dispose(aim__trail_filter *filter)
{
	aim__buf_dispose(&filter->needles);
}

static aim_status refuse(aim_status status, const char *name, const char *what, aim_error *err)
{
	return aim__fail(err, status, AIM_LAYER_AUDIT, "aim_trail_filter.%s %s", name, what);
}

static aim_status add_condition(aim__trail_filter *out, uint32_t text, aim_str wanted, aim_error *err)
{
	const char *name = aim__trail_text_name(text);
	aim__trail_condition *c = &out->conditions[out->n_conditions++];
	if (!wanted.ptr)
		return refuse(AIM_E_INVALID, name, "has a length and no pointer", err);
	*c = (aim__trail_condition){.text = text, .wanted = wanted, .needle_at = out->needles.len};
	aim_status rc = aim__json_quote(&out->needles, aim_str_from(name));
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&out->needles, ':');
	if (rc == AIM_OK)
		rc = aim__json_quote(&out->needles, wanted);
	if (rc == AIM_E_UTF8)
		return refuse(rc, name, "is not UTF-8", err);
	c->needle_len = out->needles.len - c->needle_at;
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

aim_status aim__trail_filter_read(aim__trail_filter *out, const aim_trail_filter *filter, aim_error *err)
{
	aim_trail_filter *w = &out->wanted;
	aim_status rc = aim__sized_in(w, sizeof *w, filter, sizeof *w, "aim_trail_filter", err);
	if (rc != AIM_OK)
		return rc;
	if (w->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_trail_filter.flags must be 0");
	if (w->since_us < 0 || w->before_us < 0)
		return refuse(AIM_E_INVALID, "since_us and .before_us", "lie before 1970", err);
	for (size_t i = 0; rc == AIM_OK && i < AIM__TRAIL_MAX_CONDITIONS; i++) {
		aim_str wanted;
		memcpy(&wanted, (const char *)w + conditions[i].offset, sizeof wanted);
		if (wanted.len > 0)
			rc = add_condition(out, conditions[i].text, wanted, err);
	}
	return rc;
}

int aim__trail_filter_is_empty(const aim__trail_filter *filter)
{
	return filter->n_conditions == 0 && filter->wanted.since_us == 0 && filter->wanted.before_us == 0;
}

/* The needle begins with a quote, and a record has few of those. */
static int contains(aim_str text, const uint8_t *needle, size_t len)
{
	const char *p = text.ptr, *end = text.ptr + text.len;
	while ((size_t)(end - p) >= len) {
		p = memchr(p, '"', (size_t)(end - p) - len + 1);
		if (!p)
			return 0;
		if (memcmp(p, needle, len) == 0)
			return 1;
		p++;
	}
	return 0;
}

/* The last `,"time_us":` is the record's own: behind it there are no objects. −1 when there is none,
 * which only the parser may judge. */
static int64_t time_of(aim_str json)
{
	static const char name[] = ",\"time_us\":";
	const size_t len = sizeof name - 1;
	int64_t value = 0;
	size_t at = json.len;
	while (at >= len && memcmp(json.ptr + at - len, name, len) != 0)
		at--;
	if (at < len || at == json.len || json.ptr[at] < '0' || json.ptr[at] > '9')
		return -1;
	for (; at < json.len && json.ptr[at] >= '0' && json.ptr[at] <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, json.ptr[at] - '0', &value))
			return -1;
	return value;
}

static int is_within(const aim_trail_filter *w, int64_t time_us)
{
	return (w->since_us == 0 || time_us >= w->since_us) && (w->before_us == 0 || time_us < w->before_us);
}

int aim__trail_filter_may_match(const aim__trail_filter *filter, aim_str json)
{
	if (filter->wanted.since_us || filter->wanted.before_us) {
		int64_t time_us = time_of(json);
		if (time_us >= 0 && !is_within(&filter->wanted, time_us))
			return 0;
	}
	for (size_t i = 0; i < filter->n_conditions; i++) {
		const aim__trail_condition *c = &filter->conditions[i];
		if (!contains(json, filter->needles.ptr + c->needle_at, c->needle_len))
			return 0;
	}
	return 1;
}

int aim__trail_filter_matches(const aim__trail_filter *filter, const aim_trail_record *record)
{
	for (size_t i = 0; i < filter->n_conditions; i++) {
		const aim__trail_condition *c = &filter->conditions[i];
		if (!aim_str_equal(aim_trail_record_text(record, c->text), c->wanted))
			return 0;
	}
	return is_within(&filter->wanted, aim_trail_record_time_us(record));
}
