/* audit/trail_events.c — exports for other systems: CloudEvents 1.0 (JSON event format) and
 * OpenTelemetry logs (OTLP/JSON). Layer audit. The record itself goes along unchanged. */
#include "audit/trail_export.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/format.h"
#include "base/time.h"
#include "codec/encoding.h"

#include <aim/version.h>
#include <string.h>

#define SCOPE "libaim.audit"
#define TYPE_PREFIX "libaim.audit."
/* OTLP: log records in one line. */
#define BATCH_RECORDS 64u

static int is_grouped(const aim__trail_export *e)
{
	return (e->options.flags & AIM_TRAIL_CONTROLS) != 0;
}

/* ---- CloudEvents ---- */

static aim_str position_text(const aim_trail_record *r, char out[24])
{
	return (aim_str){out, aim__u64_text(out, r->position)};
}

/* "libaim.audit." and the kind, which has at most 64 bytes in records of this library. */
static aim_str type_of(const aim_trail_record *r, char out[sizeof TYPE_PREFIX + 64])
{
	aim_str kind = aim_trail_record_text(r, AIM_TRAIL_KIND);
	return (aim_str){out, aim__format(out, sizeof TYPE_PREFIX + 64, TYPE_PREFIX "%.*s", AIM__STR(kind))};
}

/* CloudEvents 1.0.2 §3.1 (required attributes), §3.2 (optional), §3.1.1 (extensions: lower-case names;
 * their integers are 32 bits wide, so a position is text). */
static aim_status event(aim__trail_export *e, const aim_trail_record *r)
{
	char position[24], time[AIM__TIME_TEXT_SIZE], type[sizeof TYPE_PREFIX + 64], leaf[64];
	aim__json_writer w;
	aim_str subject = aim_trail_record_text(r, AIM_TRAIL_SUBJECT);
	aim_status rc = aim__time_format_us(time, aim_trail_record_time_us(r));
	if (rc != AIM_OK)
		return rc;
	aim__hex_write(aim_bytes_from(r->leaf.bytes, sizeof r->leaf.bytes), leaf);
	aim__write_init(&w, &e->out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "specversion", "1.0");
	aim__write_member_string(&w, "id", position_text(r, position));
	aim__write_member_string(&w, "source", e->options.source);
	aim__write_member_string(&w, "type", type_of(r, type));
	aim__write_member_text(&w, "time", time);
	if (subject.len > 0)
		aim__write_member_string(&w, "subject", subject);
	aim__write_member_text(&w, "datacontenttype", "application/json");
	if (is_grouped(e))
		aim__write_member_text(&w, "controlfamily", aim_trail_family_name(e->family));
	aim__write_member_string(&w, "leafhash", (aim_str){leaf, sizeof leaf});
	aim__write_key(&w, "data");
	aim__write_raw(&w, aim_bytes_from_str(r->json));
	aim__write_end_object(&w);
	rc = aim__write_finish(&w);
	return rc == AIM_OK ? aim__buf_add_byte(&e->out, '\n') : rc;
}

const aim__trail_format aim__trail_cloudevents = {NULL, NULL, event, NULL, NULL};

/* ---- OpenTelemetry ---- */

/* Severity numbers of the log data model. */
#define INFO 9
#define WARN 13

static int is_warning(const aim_trail_record *r)
{
	static const char *const kinds[] = {"capability_violation", "drift_detected", "protocol_error"};
	aim_str kind = aim_trail_record_text(r, AIM_TRAIL_KIND);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (aim_str_equal(kind, aim_str_from(kinds[i])))
			return 1;
	return aim_str_equal(aim_trail_record_text(r, AIM_TRAIL_DECISION), aim_str_from("deny"));
}

static void attribute(aim__json_writer *w, const char *key, aim_str value)
{
	aim__write_begin_object(w);
	aim__write_member_text(w, "key", key);
	aim__write_key(w, "value");
	aim__write_begin_object(w);
	aim__write_member_string(w, "stringValue", value);
	aim__write_end_object(w);
	aim__write_end_object(w);
}

/* OTLP/JSON writes 64-bit integers as decimal text. */
static void integer_attribute(aim__json_writer *w, const char *key, uint64_t value)
{
	char text[24];
	aim__write_begin_object(w);
	aim__write_member_text(w, "key", key);
	aim__write_key(w, "value");
	aim__write_begin_object(w);
	aim__write_member_string(w, "intValue", (aim_str){text, aim__u64_text(text, value)});
	aim__write_end_object(w);
	aim__write_end_object(w);
}

static void attributes(const aim__trail_export *e, aim__json_writer *w, const aim_trail_record *r)
{
	static const struct {
		uint32_t text;
		const char *key;
	} table[] = {
		{AIM_TRAIL_KIND, "aim.kind"},         {AIM_TRAIL_AGENT, "aim.agent"},
		{AIM_TRAIL_DID, "aim.did"},           {AIM_TRAIL_SESSION, "aim.session"},
		{AIM_TRAIL_USER, "aim.user"},         {AIM_TRAIL_SUBJECT, "aim.subject"},
		{AIM_TRAIL_ACTION, "aim.action"},     {AIM_TRAIL_RESOURCE, "aim.resource"},
		{AIM_TRAIL_DECISION, "aim.decision"}, {AIM_TRAIL_REASON_CODE, "aim.reason_code"},
		{AIM_TRAIL_RULE, "aim.rule"},         {AIM_TRAIL_POLICY_HASH, "aim.policy_hash"},
		{AIM_TRAIL_REQUEST, "aim.request"},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		aim_str value = aim_trail_record_text(r, table[i].text);
		if (value.ptr)
			attribute(w, table[i].key, value);
	}
	integer_attribute(w, "aim.position", r->position);
	if (is_grouped(e))
		attribute(w, "aim.control_family", aim_str_from(aim_trail_family_name(e->family)));
}

/* Opens resourceLogs → scopeLogs → logRecords; close_batch() is its inverse. */
static void open_batch(const aim__trail_export *e, aim__json_writer *w)
{
	aim__write_begin_object(w);
	aim__write_key(w, "resourceLogs");
	aim__write_begin_array(w);
	aim__write_begin_object(w);
	aim__write_key(w, "resource");
	aim__write_begin_object(w);
	aim__write_key(w, "attributes");
	aim__write_begin_array(w);
	attribute(w, "service.name", e->options.source);
	attribute(w, "aim.log", e->scan.log->options.name);
	aim__write_end_array(w);
	aim__write_end_object(w);
	aim__write_key(w, "scopeLogs");
	aim__write_begin_array(w);
	aim__write_begin_object(w);
	aim__write_key(w, "scope");
	aim__write_begin_object(w);
	aim__write_member_text(w, "name", SCOPE);
	aim__write_member_text(w, "version", aim_version_text());
	aim__write_end_object(w);
	aim__write_key(w, "logRecords");
	aim__write_begin_array(w);
}

#define CLOSE_BATCH "]}]}]}\n"

static aim_status close_batch(aim__trail_export *e)
{
	if (e->n_batched == 0)
		return AIM_OK;
	e->n_batched = 0;
	return aim__buf_add_text(&e->out, CLOSE_BATCH);
}

/* The log data model: time, severity, body, attributes; there is no trace to name. */
static void log_record(const aim__trail_export *e, aim__json_writer *w, const aim_trail_record *r)
{
	char nanos[24];
	uint64_t time_ns = (uint64_t)aim_trail_record_time_us(r) * 1000u; /* < 2^53 · 1000 */
	int warns = is_warning(r);
	aim__write_begin_object(w);
	aim__write_member_string(w, "timeUnixNano", (aim_str){nanos, aim__u64_text(nanos, time_ns)});
	aim__write_member_int64(w, "severityNumber", warns ? WARN : INFO);
	aim__write_member_text(w, "severityText", warns ? "WARN" : "INFO");
	aim__write_key(w, "body");
	aim__write_begin_object(w);
	aim__write_member_string(w, "stringValue", r->json);
	aim__write_end_object(w);
	aim__write_key(w, "attributes");
	aim__write_begin_array(w);
	attributes(e, w, r);
	aim__write_end_array(w);
	aim__write_end_object(w);
}

static aim_status batch(aim__trail_export *e, const aim_trail_record *r)
{
	aim__json_writer w;
	aim_status rc = e->n_batched ? aim__buf_add_byte(&e->out, ',') : AIM_OK;
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, &e->out);
	if (e->n_batched == 0)
		open_batch(e, &w);
	log_record(e, &w, r);
	rc = aim__write_finish(&w);
	if (rc == AIM_OK && ++e->n_batched == BATCH_RECORDS)
		rc = close_batch(e);
	return rc;
}

const aim__trail_format aim__trail_otlp = {NULL, NULL, batch, close_batch, NULL};
