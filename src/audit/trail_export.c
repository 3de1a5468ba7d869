/* audit/trail_export.c — one walk over the log (one per family of controls, when they are grouped)
 * through a format into a sink. Layer audit. Memory: a chunk and one record. */
#include "audit/trail_export.h"

#include "audit/retention.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_trail_export_options, 8 + 2 * 4 + 2 * 8 + P + 2 * P);
AIM__NO_PADDING(aim_trail_export_report, 8 + 4 * 8);
#undef P

#define DEFAULT_CHUNK_BYTES 65536u
#define MAX_CHUNK_BYTES (1u << 24)
#define KNOWN_FLAGS (AIM_TRAIL_CONTROLS | AIM_TRAIL_CHECKPOINT | AIM_TRAIL_SALTS)
#define SOURCE_PREFIX "log/"

static const aim__trail_format *const formats[] = {
	[AIM_TRAIL_JSON_LINES] = &aim__trail_json_lines,
	[AIM_TRAIL_CLOUDEVENTS] = &aim__trail_cloudevents,
	[AIM_TRAIL_OTLP] = &aim__trail_otlp,
};

static aim_status invalid(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "aim_trail_export_options.%s", what);
}

static aim_status take_options(aim__trail_export *e, const aim_trail_export_options *options)
{
	aim_trail_export_options *o = &e->options;
	aim_error *err = e->scan.err;
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_trail_export_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~KNOWN_FLAGS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "aim_trail_export_options.flags has an unknown bit");
	if (o->format >= sizeof formats / sizeof formats[0])
		return invalid("format is none of AIM_TRAIL_JSON_LINES, _CLOUDEVENTS and _OTLP", err);
	if (o->chunk_bytes > MAX_CHUNK_BYTES)
		return invalid("chunk_bytes is more than 16 777 216", err);
	if (o->format != AIM_TRAIL_JSON_LINES && (o->flags & (AIM_TRAIL_CHECKPOINT | AIM_TRAIL_SALTS)))
		return invalid("flags asks for a checkpoint or salts, which only JSON Lines have", err);
	if (o->source.len > 0 && !o->source.ptr)
		return invalid("source has a length and no pointer", err);
	if (o->chunk_bytes == 0)
		o->chunk_bytes = DEFAULT_CHUNK_BYTES;
	e->format = formats[o->format];
	return aim__trail_filter_read(&e->scan.filter, o->filter, err);
}

static aim_status written(const aim__trail_export *e, aim_status rc)
{
	if (rc == AIM_E_UTF8)
		return aim__fail(e->scan.err, rc, AIM_LAYER_AUDIT, "aim_trail_export_options.source is not UTF-8");
	return rc == AIM_OK ? rc : aim__fail_plain(e->scan.err, rc, AIM_LAYER_AUDIT);
}

static aim_status drain(aim__trail_export *e)
{
	if (e->out.len == 0)
		return AIM_OK;
	aim_status rc = e->sink(e->user, aim_buf_bytes(&e->out));
	if (rc != AIM_OK)
		return rc;
	e->report.n_bytes += e->out.len;
	aim__buf_truncate(&e->out, 0);
	return AIM_OK;
}

static aim_status step(aim__trail_export *e, aim_status (*part)(aim__trail_export *))
{
	if (!part)
		return AIM_OK;
	return written(e, part(e));
}

static aim_status take_record(void *user, uint64_t position, const aim__audit_row *row)
{
	aim__trail_export *e = user;
	const aim_trail_record *record = &e->scan.record;
	int match;
	aim_status rc = aim__trail_scan_row(&e->scan, position, row, &match);
	if (rc == AIM_OK && match && (e->options.flags & AIM_TRAIL_CONTROLS))
		match = aim_trail_family(aim_trail_record_text(record, AIM_TRAIL_KIND)) == e->family;
	if (rc != AIM_OK || !match)
		return rc;
	rc = written(e, e->format->record(e, record));
	if (rc != AIM_OK)
		return rc;
	e->report.n_records++;
	return e->out.len >= e->options.chunk_bytes ? drain(e) : AIM_OK;
}

static aim_status write_records(aim__trail_export *e)
{
	uint64_t next = e->report.first;
	aim_status rc = aim__trail_walk(e->scan.log, &next, e->report.end, take_record, e, e->scan.err);
	return rc == AIM_OK ? step(e, e->format->pause) : rc;
}

static aim_status write_families(aim__trail_export *e)
{
	aim_status rc = AIM_OK;
	for (e->family = 0; rc == AIM_OK && e->family < AIM_TRAIL_N_FAMILIES; e->family++) {
		rc = step(e, e->format->family);
		if (rc == AIM_OK)
			rc = write_records(e);
	}
	return rc;
}

/* The tree of what lies before the export: kept from the cut on, the rest is hashed. */
static aim_status add_leaf(void *user, uint64_t position, const aim__audit_row *row)
{
	aim__trail_export *e = user;
	aim__merkle_hash leaf;
	aim_status rc = aim__audit_row_leaf(e->scan.log->ctx, row, position, &leaf, e->scan.err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_append(e->scan.log->ctx, &e->tree, &leaf);
	return rc == AIM_OK ? rc : aim__fail_plain(e->scan.err, rc, AIM_LAYER_AUDIT);
}

static aim_status find_start(aim__trail_export *e)
{
	if (e->options.format != AIM_TRAIL_JSON_LINES)
		return AIM_OK;
	aim_status rc = aim__audit_cut(e->scan.log, &e->tree, e->scan.err);
	uint64_t next = e->tree.count;
	if (rc != AIM_OK)
		return rc;
	return aim__trail_walk(e->scan.log, &next, e->report.first, add_leaf, e, e->scan.err);
}

/* Which records; head becomes the log's. */
static aim_status settle_range(aim__trail_export *e, aim__merkle_frontier *head)
{
	uint64_t first;
	aim_status rc = aim__trail_range(e->scan.log, &first, head, e->scan.err);
	e->report.first = e->options.from;
	if (rc == AIM_OK)
		rc = aim__trail_check_from(first, &e->report.first, e->scan.err);
	if (rc != AIM_OK)
		return rc;
	e->report.end = e->options.end ? e->options.end : head->count;
	if (e->report.end > head->count || e->report.first > e->report.end)
		return invalid("from and .end are not positions of the log in this order", e->scan.err);
	return AIM_OK;
}

/* An export that goes to the end of the log must come to the log's own tree. */
static aim_status check_tree(const aim__trail_export *e, const aim__merkle_frontier *head)
{
	if (e->options.format != AIM_TRAIL_JSON_LINES || aim__trail_export_is_partial(e) ||
	    e->report.end != head->count || aim__merkle_frontier_equal(&e->tree, head))
		return AIM_OK;
	return aim__fail(e->scan.err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
	                 "the records do not match the head of the log; aim_audit_verify() says where");
}

static aim_status run(aim__trail_export *e)
{
	aim__merkle_frontier head;
	aim_status rc = settle_range(e, &head);
	if (rc == AIM_OK)
		rc = find_start(e);
	if (rc == AIM_OK)
		rc = step(e, e->format->begin);
	if (rc == AIM_OK)
		rc = e->options.flags & AIM_TRAIL_CONTROLS ? write_families(e) : write_records(e);
	if (rc == AIM_OK)
		rc = check_tree(e, &head);
	if (rc == AIM_OK)
		rc = step(e, e->format->end);
	return rc == AIM_OK ? drain(e) : rc;
}

aim_status aim_trail_export(aim_audit *log, const aim_trail_export_options *options, aim_trail_sink sink,
                            void *user, aim_trail_export_report *report, aim_error *err)
{
	char source[sizeof SOURCE_PREFIX + AIM__AUDIT_MAX_NAME_BYTES];
	if (!log || !sink)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and sink are required");
	aim__trail_export *e = aim__alloc_zeroed(log->ctx, sizeof *e);
	if (!e)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	aim__trail_scan_init(&e->scan, log, err);
	aim__buf_init(&e->out, log->ctx);
	aim__buf_init(&e->header, log->ctx);
	e->sink = sink;
	e->user = user;
	e->report.struct_size = sizeof e->report;
	aim_status rc = take_options(e, options);
	if (rc == AIM_OK && e->options.source.len == 0)
		e->options.source = (aim_str){source, aim__format(source, sizeof source, SOURCE_PREFIX "%.*s",
		                                                  AIM__STR(log->options.name))};
	if (rc == AIM_OK)
		rc = run(e);
	if (rc == AIM_OK && report)
		rc = aim__sized_out(report, &e->report, sizeof e->report, sizeof e->report);
	aim__trail_scan_dispose(&e->scan);
	aim__buf_dispose(&e->out);
	aim__buf_dispose(&e->header);
	aim__free(log->ctx, e, sizeof *e);
	return rc;
}
