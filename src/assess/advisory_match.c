/* assess/advisory_match.c — whether a record concerns a version: OSV's evaluation. Layer assess.
 *
 * A version is affected when it is listed, or when the last event at or before it introduces the vulnerability. In
 * doubt the answer is "unknown". */
#include "assess/advisory.h"

#include "assess/version.h"
#include "codec/json.h"

#include <string.h>

/* --- names ---------------------------------------------------------------------------------------------------------------- */

static int is_dash(char c)
{
	return c == '-' || c == '_' || c == '.';
}

/* The next character of a name in the normal form of PEP 503; 0 at its end. */
static char next_normal(aim_str *name)
{
	if (name->len == 0)
		return 0;
	char c = *name->ptr;
	size_t n = 1;
	while (is_dash(c) && n < name->len && is_dash(name->ptr[n]))
		n++;
	name->ptr += n;
	name->len -= n;
	return is_dash(c) ? '-' : aim__lower(c);
}

static int same_normal(aim_str a, aim_str b)
{
	char c;
	do {
		c = next_normal(&a);
		if (c != next_normal(&b))
			return 0;
	} while (c);
	return 1;
}

int aim__advisory_same_name(aim_str ecosystem, aim_str record_name, aim_str name)
{
	const aim__ecosystem *eco = aim__ecosystem_find(ecosystem);
	uint32_t flags = eco ? eco->flags : 0;
	if (flags & AIM__ECOSYSTEM_PEP503)
		return same_normal(record_name, name);
	if (flags & AIM__ECOSYSTEM_MODULES && name.len > record_name.len && name.ptr[record_name.len] == '/')
		name.len = record_name.len;
	return aim_str_equal(record_name, name);
}

/* "Debian" is any release of it. */
static int same_ecosystem(aim_str a, aim_str b)
{
	const aim__ecosystem *eco = aim__ecosystem_find(a);
	if (aim_str_equal(a, b))
		return 1;
	if (!eco || !(eco->flags & AIM__ECOSYSTEM_RELEASES) || eco != aim__ecosystem_find(b))
		return 0;
	return !memchr(a.ptr, ':', a.len) || !memchr(b.ptr, ':', b.len);
}

/* --- versions ------------------------------------------------------------------------------------------------------------- */

typedef struct question {
	const aim_json *doc;
	const aim__ecosystem *eco; /* NULL: no order */
	aim_str version;
	int comparable;
} question;

static aim__advisory_match unknown(uint32_t reason)
{
	return (aim__advisory_match){.status = AIM_ADVISORY_UNKNOWN, .reason = reason};
}

static const aim__advisory_match clean = {.status = AIM_ADVISORY_CLEAN};
static const aim__advisory_match affected = {.status = AIM_ADVISORY_AFFECTED};

static aim_str text_of(const question *q, aim_json_value object, const char *name)
{
	return aim__json_string(q->doc, aim__json_member_text(q->doc, object, name));
}

static int is_zero(aim_str text)
{
	return text.len == 1 && *text.ptr == '0';
}

static int is_listed(const question *q, aim_json_value versions)
{
	for (aim_json_value v = aim__json_first(q->doc, versions); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v)) {
		aim_str text = aim__json_string(q->doc, v);
		if (aim_str_equal(text, q->version))
			return 1;
		if (q->comparable && q->eco->valid(text) && q->eco->order(text, q->version) == 0)
			return 1;
	}
	return 0;
}

/* From the start and without end: every version, so that none need be known. */
static int is_unbounded(const question *q, aim_json_value range)
{
	int from_start = 0;
	aim_json_value events = aim__json_member_text(q->doc, range, "events");
	if (aim_str_equal(text_of(q, range, "type"), aim_str_from("GIT")))
		return 0;
	for (aim_json_value v = aim__json_first(q->doc, events); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v)) {
		if (!text_of(q, v, "introduced").len)
			return 0;
		from_start |= is_zero(text_of(q, v, "introduced"));
	}
	return from_start;
}

typedef struct bounds {
	aim_str introduced; /* the last at or before the version */
	aim_str fixed;      /* likewise */
	aim_str last;       /* the last last_affected before the version */
	aim_str next_fixed; /* the first fix behind the version */
	int has_limit, below_limit;
} bounds;

/* Keeps the later (sign 1) or earlier (−1) of two versions; "0" is before all. */
static void keep(const question *q, aim_str *kept, aim_str text, int sign)
{
	if (!kept->len || is_zero(*kept) || (!is_zero(text) && q->eco->order(text, *kept) * sign > 0))
		*kept = text;
}

/* 0: the event's version is none. */
static int take_event(const question *q, aim_json_value event, bounds *b)
{
	aim_str introduced = text_of(q, event, "introduced"), fixed = text_of(q, event, "fixed");
	aim_str last = text_of(q, event, "last_affected"), limit = text_of(q, event, "limit");
	aim_str text = introduced.len ? introduced : fixed.len ? fixed : last.len ? last : limit;
	int any = limit.len == 1 && *limit.ptr == '*', zero = introduced.len && is_zero(text);
	if (!any && !zero && !q->eco->valid(text))
		return 0;
	int order = any ? 1 : zero ? -1 : q->eco->order(text, q->version);
	if (introduced.len && order <= 0)
		keep(q, &b->introduced, text, 1);
	if (fixed.len && order <= 0)
		keep(q, &b->fixed, text, 1);
	if (fixed.len && order > 0)
		keep(q, &b->next_fixed, text, -1);
	if (last.len && order < 0)
		keep(q, &b->last, text, 1);
	b->has_limit |= limit.len > 0;
	b->below_limit |= limit.len && order > 0;
	return 1;
}

/* Whether what was introduced at a ends before or at b. The start of all versions is before every end. */
static int ends(const question *q, aim_str introduced, aim_str end, int at)
{
	if (!end.len)
		return 0;
	return is_zero(introduced) || q->eco->order(introduced, end) < at;
}

static aim__advisory_match match_range(const question *q, aim_json_value range)
{
	bounds b = {.has_limit = 0};
	aim_json_value events = aim__json_member_text(q->doc, range, "events");
	for (aim_json_value v = aim__json_first(q->doc, events); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v))
		if (!take_event(q, v, &b))
			return unknown(AIM_ADVISORY_REASON_VERSION_FORM);
	if (!b.introduced.len || (b.has_limit && !b.below_limit))
		return clean;
	if (ends(q, b.introduced, b.fixed, 0) || ends(q, b.introduced, b.last, 1))
		return clean;
	aim__advisory_match yes = affected;
	yes.fixed = b.next_fixed;
	return yes;
}

/* Of one entry of "affected": its ranges that can be told, in any order; the worst counts. */
static aim__advisory_match match_ranges(const question *q, aim_json_value ranges, int listed)
{
	aim__advisory_match worst = clean;
	size_t n = 0;
	for (aim_json_value v = aim__json_first(q->doc, ranges); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v)) {
		if (aim_str_equal(text_of(q, v, "type"), aim_str_from("GIT")))
			continue;
		n++;
		aim__advisory_match m = match_range(q, v);
		if (m.status == AIM_ADVISORY_AFFECTED)
			return m;
		if (m.status == AIM_ADVISORY_UNKNOWN)
			worst = m;
	}
	return n || listed ? worst : unknown(AIM_ADVISORY_REASON_ORDER); /* commits only, or nothing at all */
}

/* What the list of versions says when versions cannot be compared: it decides alone, unless there are semantic ranges,
 * whose versions need not be listed. */
static aim__advisory_match without_order(const question *q, aim_json_value ranges, aim_json_value versions)
{
	int listed = aim__json_first(q->doc, versions) != AIM_JSON_NONE;
	for (aim_json_value v = aim__json_first(q->doc, ranges); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v))
		listed &= !aim_str_equal(text_of(q, v, "type"), aim_str_from("SEMVER"));
	return listed && !q->eco ? clean : unknown(q->eco ? AIM_ADVISORY_REASON_VERSION_FORM : AIM_ADVISORY_REASON_ORDER);
}

static aim__advisory_match match_entry(question *q, aim_json_value entry)
{
	aim_json_value ranges = aim__json_member_text(q->doc, entry, "ranges");
	aim_json_value versions = aim__json_member_text(q->doc, entry, "versions");
	for (aim_json_value v = aim__json_first(q->doc, ranges); v != AIM_JSON_NONE; v = aim__json_next(q->doc, v))
		if (is_unbounded(q, v))
			return affected;
	if (!q->version.len)
		return unknown(AIM_ADVISORY_REASON_VERSION);
	q->comparable = q->eco && q->eco->valid(q->version);
	int listed = is_listed(q, versions);
	if (!q->comparable)
		return listed ? affected : without_order(q, ranges, versions);
	aim__advisory_match m = match_ranges(q, ranges, aim__json_first(q->doc, versions) != AIM_JSON_NONE);
	if (listed) {
		m.status = AIM_ADVISORY_AFFECTED;
		m.reason = AIM_ADVISORY_REASON_NONE;
	}
	return m;
}

aim__advisory_match aim__advisory_match_record(const aim__advisory_record *record, const aim_advisory_package *package)
{
	question q = {record->doc, aim__ecosystem_find(package->ecosystem), package->version, 0};
	aim__advisory_match worst = clean;
	aim_str ecosystem, name;
	aim_json_value list = aim__json_member_text(q.doc, AIM_JSON_ROOT, "affected");
	if (record->withdrawn)
		return clean;
	for (aim_json_value v = aim__json_first(q.doc, list); v != AIM_JSON_NONE; v = aim__json_next(q.doc, v)) {
		if (!aim__advisory_package_of(q.doc, v, &ecosystem, &name) || !same_ecosystem(ecosystem, package->ecosystem) ||
		    !aim__advisory_same_name(ecosystem, name, package->name))
			continue;
		aim__advisory_match m = record->flags & AIM__ADVISORY_BROKEN ? unknown(AIM_ADVISORY_REASON_RECORD) : match_entry(&q, v);
		if (m.status == AIM_ADVISORY_AFFECTED)
			return m;
		if (m.status == AIM_ADVISORY_UNKNOWN)
			worst = m;
	}
	return worst;
}
