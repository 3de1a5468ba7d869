/* assess/advisory_record.c — reads one OSV record and checks its form. Layer assess.
 *
 * A record stays the document it is: what is asked of it later is read from there. Only what is asked often is taken
 * out: id, severity, and whether it was withdrawn. */
#include "assess/advisory.h"

#include "assess/cvss.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"

#define LAYER AIM_LAYER_ASSESS

typedef struct reading {
	const aim_json *doc;
	aim_error *err;
} reading;

static aim_status bad(const reading *r, aim_json_value at, const char *what)
{
	(void)aim__fail(r->err, AIM_E_ADVISORY, LAYER, "the OSV record is malformed: %s", what);
	aim__json_error_at(r->doc, at, r->err);
	return AIM_E_ADVISORY;
}

/* A member that may be missing, else of the type. */
static aim_status optional(const reading *r, aim_json_value object, const char *name, uint32_t type, const char *what)
{
	aim_json_value v = aim__json_member_text(r->doc, object, name);
	return v == AIM_JSON_NONE || aim__json_type(r->doc, v) == type ? AIM_OK : bad(r, v, what);
}

static aim_status need_text(const reading *r, aim_json_value object, const char *name, const char *what)
{
	aim_json_value v = aim__json_member_text(r->doc, object, name);
	return aim__json_string(r->doc, v).len ? AIM_OK : bad(r, v == AIM_JSON_NONE ? object : v, what);
}

static aim_status check_strings(const reading *r, aim_json_value object, const char *name, const char *what)
{
	aim_json_value list = aim__json_member_text(r->doc, object, name);
	aim_status rc = optional(r, object, name, AIM_JSON_ARRAY, what);
	for (aim_json_value v = aim__json_first(r->doc, list); rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(r->doc, v))
		rc = aim__json_type(r->doc, v) == AIM_JSON_STRING ? AIM_OK : bad(r, v, what);
	return rc;
}

/* Calls check for each object of an optional array. */
static aim_status check_objects(const reading *r, aim_json_value object, const char *name, const char *what,
                                aim_status (*check)(const reading *r, aim_json_value item))
{
	aim_json_value list = aim__json_member_text(r->doc, object, name);
	aim_status rc = optional(r, object, name, AIM_JSON_ARRAY, what);
	for (aim_json_value v = aim__json_first(r->doc, list); rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(r->doc, v))
		rc = aim__json_type(r->doc, v) == AIM_JSON_OBJECT ? check(r, v) : bad(r, v, what);
	return rc;
}

static aim_status check_event(const reading *r, aim_json_value event)
{
	static const char *const names[] = {"introduced", "fixed", "last_affected", "limit"};
	size_t n = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		n += aim__json_string(r->doc, aim__json_member_text(r->doc, event, names[i])).len > 0;
	return n == 1 ? AIM_OK : bad(r, event, "an event is one of introduced, fixed, last_affected and limit, with a version");
}

static aim_status check_range(const reading *r, aim_json_value range)
{
	aim_status rc = need_text(r, range, "type", "a range has a type");
	if (rc == AIM_OK)
		rc = check_objects(r, range, "events", "events is an array of objects", check_event);
	if (rc != AIM_OK)
		return rc;
	aim_json_value events = aim__json_member_text(r->doc, range, "events");
	for (aim_json_value v = aim__json_first(r->doc, events); v != AIM_JSON_NONE; v = aim__json_next(r->doc, v))
		if (aim__json_member_text(r->doc, v, "introduced") != AIM_JSON_NONE)
			return AIM_OK;
	return bad(r, range, "a range has an event introduced");
}

static aim_status check_severity(const reading *r, aim_json_value severity)
{
	aim_status rc = need_text(r, severity, "type", "a severity has a type");
	return rc == AIM_OK ? need_text(r, severity, "score", "a severity has a score") : rc;
}

static aim_status check_affected(const reading *r, aim_json_value affected)
{
	aim_json_value package = aim__json_member_text(r->doc, affected, "package");
	aim_status rc = optional(r, affected, "package", AIM_JSON_OBJECT, "package is an object");
	if (rc == AIM_OK && package != AIM_JSON_NONE)
		rc = need_text(r, package, "ecosystem", "a package has an ecosystem");
	if (rc == AIM_OK && package != AIM_JSON_NONE)
		rc = need_text(r, package, "name", "a package has a name");
	if (rc == AIM_OK)
		rc = check_objects(r, affected, "ranges", "ranges is an array of objects", check_range);
	if (rc == AIM_OK)
		rc = check_strings(r, affected, "versions", "versions is an array of strings");
	return rc == AIM_OK ? check_objects(r, affected, "severity", "severity is an array of objects", check_severity) : rc;
}

static aim_status check_schema(const reading *r)
{
	aim_json_value v = aim__json_member_text(r->doc, AIM_JSON_ROOT, "schema_version");
	aim_str text = aim__json_string(r->doc, v);
	if (v == AIM_JSON_NONE || (text.len > 1 && text.ptr[0] == '1' && text.ptr[1] == '.'))
		return AIM_OK;
	return bad(r, v, "schema_version is 1.x");
}

static aim_status check_record(const reading *r)
{
	aim_json_value id = aim__json_member_text(r->doc, AIM_JSON_ROOT, "id");
	aim_status rc = need_text(r, AIM_JSON_ROOT, "id", "a record has an id");
	if (rc == AIM_OK && aim__json_string(r->doc, id).len > AIM__ADVISORY_MAX_ID)
		rc = bad(r, id, "an id has at most 256 bytes");
	if (rc == AIM_OK)
		rc = check_schema(r);
	if (rc == AIM_OK)
		rc = check_objects(r, AIM_JSON_ROOT, "affected", "affected is an array of objects", check_affected);
	if (rc == AIM_OK)
		rc = check_objects(r, AIM_JSON_ROOT, "severity", "severity is an array of objects", check_severity);
	if (rc == AIM_OK)
		rc = check_strings(r, AIM_JSON_ROOT, "aliases", "aliases is an array of strings");
	if (rc == AIM_OK)
		rc = optional(r, AIM_JSON_ROOT, "withdrawn", AIM_JSON_STRING, "withdrawn is a time");
	return rc == AIM_OK ? optional(r, AIM_JSON_ROOT, "summary", AIM_JSON_STRING, "summary is a text") : rc;
}

/* --- severity ------------------------------------------------------------------------------------------------------------- */

static void raise_to(aim__advisory_record *record, uint32_t severity)
{
	record->severity = severity > record->severity ? severity : record->severity;
}

/* CVSS v3.1 §5 and v4.0 §6; what version 2 calls high begins at 7.0 too, and it has no critical. */
static uint32_t severity_of(const aim__cvss *cvss, uint32_t score)
{
	if (score >= 90 && cvss->version != 20)
		return AIM_ADVISORY_CRITICAL;
	return score >= 70   ? AIM_ADVISORY_HIGH
	       : score >= 40 ? AIM_ADVISORY_MEDIUM
	       : score >= 1  ? AIM_ADVISORY_LOW
	                     : AIM_ADVISORY_NONE;
}

static aim_status rate_vectors(const reading *r, aim_json_value object, aim__advisory_record *record)
{
	static const char *const types[] = {"CVSS_V2", "CVSS_V3", "CVSS_V4"};
	aim_status rc = AIM_OK;
	aim_json_value list = aim__json_member_text(r->doc, object, "severity");
	for (aim_json_value v = aim__json_first(r->doc, list); v != AIM_JSON_NONE; v = aim__json_next(r->doc, v)) {
		aim_json_value vector = aim__json_member_text(r->doc, v, "score");
		aim_str type = aim__json_string(r->doc, aim__json_member_text(r->doc, v, "type"));
		aim__cvss cvss;
		size_t i = 0;
		while (i < 3 && !aim_str_equal(type, aim_str_from(types[i])))
			i++;
		if (i == 3)
			continue; /* another scale */
		if (!aim__cvss_read(aim__json_string(r->doc, vector), &cvss)) {
			rc = bad(r, vector, "the score is no CVSS vector; the record counts without it");
			continue;
		}
		uint32_t score = aim__cvss_score(&cvss);
		record->score = score > record->score ? score : record->score;
		raise_to(record, severity_of(&cvss, score));
	}
	return rc;
}

static void rate_words(const reading *r, aim_json_value object, aim__advisory_record *record)
{
	static const struct {
		const char *word;
		uint32_t severity;
	} words[] = {{"low", AIM_ADVISORY_LOW}, {"moderate", AIM_ADVISORY_MEDIUM}, {"medium", AIM_ADVISORY_MEDIUM},
	             {"high", AIM_ADVISORY_HIGH}, {"critical", AIM_ADVISORY_CRITICAL}};
	aim_json_value own = aim__json_member_text(r->doc, object, "database_specific");
	aim_str text = aim__json_string(r->doc, aim__json_member_text(r->doc, own, "severity"));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t at = 0;
		while (at < text.len && words[i].word[at] && (text.ptr[at] | 0x20) == words[i].word[at])
			at++;
		if (at == text.len && !words[i].word[at])
			raise_to(record, words[i].severity);
	}
}

static aim_status rate(const reading *r, aim__advisory_record *record)
{
	aim_status rc = rate_vectors(r, AIM_JSON_ROOT, record);
	rate_words(r, AIM_JSON_ROOT, record);
	aim_json_value list = aim__json_member_text(r->doc, AIM_JSON_ROOT, "affected");
	for (aim_json_value v = aim__json_first(r->doc, list); v != AIM_JSON_NONE; v = aim__json_next(r->doc, v)) {
		aim_status one = rate_vectors(r, v, record);
		rc = rc == AIM_OK ? one : rc;
		rate_words(r, v, record);
	}
	return rc;
}

/* --- a record ------------------------------------------------------------------------------------------------------------- */

int aim__advisory_package_of(const aim_json *doc, aim_json_value affected, aim_str *ecosystem, aim_str *name)
{
	aim_json_value package = aim__json_member_text(doc, affected, "package");
	*ecosystem = aim__json_string(doc, aim__json_member_text(doc, package, "ecosystem"));
	*name = aim__json_string(doc, aim__json_member_text(doc, package, "name"));
	return ecosystem->len && name->len;
}

/* 1 when all entries of a broken record say what they are about. */
static int packages_can_be_told(const aim_json *doc)
{
	aim_str ecosystem, name;
	aim_json_value list = aim__json_member_text(doc, AIM_JSON_ROOT, "affected");
	if (aim__json_type(doc, list) != AIM_JSON_ARRAY)
		return 0;
	for (aim_json_value v = aim__json_first(doc, list); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (!aim__advisory_package_of(doc, v, &ecosystem, &name))
			return 0;
	return 1;
}

static aim_status check(aim__advisory_record *record, int *out_keep, aim_error *err)
{
	reading r = {record->doc, err};
	*out_keep = 0;
	if (aim__json_type(record->doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return bad(&r, AIM_JSON_ROOT, "a record is an object");
	aim_status rc = check_record(&r);
	*out_keep = rc == AIM_OK || packages_can_be_told(record->doc);
	record->flags = rc == AIM_OK ? 0 : AIM__ADVISORY_BROKEN;
	record->id = aim__json_string(record->doc, aim__json_member_text(record->doc, AIM_JSON_ROOT, "id"));
	record->withdrawn = aim__json_string(record->doc, aim__json_member_text(record->doc, AIM_JSON_ROOT, "withdrawn")).len > 0;
	return rc == AIM_OK ? rate(&r, record) : rc;
}

aim_status aim__advisory_record_read(const aim_ctx *ctx, aim_bytes text, aim__advisory_record **out, aim_error *err)
{
	int keep = 0;
	*out = NULL;
	aim__advisory_record *record = aim__alloc_zeroed(ctx, sizeof *record);
	if (!record)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	record->len = text.len;
	aim_status rc = aim_json_new(aim__ctx_mutable(ctx), &record->doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(record->doc, text, 0, err);
	else
		(void)aim__fail_plain(err, rc, LAYER);
	if (rc == AIM_OK)
		rc = check(record, &keep, err);
	if (keep)
		*out = record;
	else
		aim__advisory_record_free(ctx, record);
	return rc;
}

void aim__advisory_record_free(const aim_ctx *ctx, aim__advisory_record *record)
{
	if (!record)
		return;
	aim_json_free(record->doc);
	aim__free(ctx, record, sizeof *record);
}
