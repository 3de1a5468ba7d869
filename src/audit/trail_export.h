/* audit/trail_export.h — one export in progress, and what a format is. Confined. */
#ifndef AIM_AUDIT_TRAIL_EXPORT_H
#define AIM_AUDIT_TRAIL_EXPORT_H

#include "audit/trail.h"
#include "codec/writer.h"

typedef struct aim__trail_export {
	aim__trail_scan scan;
	aim_trail_export_options options; /* with defaults filled in */
	const struct aim__trail_format *format;
	aim_trail_sink sink;
	void *user;
	aim_buf out; /* not given to the sink yet */
	aim_trail_export_report report;
	uint32_t family; /* controls: the one that is written */

	/* JSON Lines */
	aim__merkle_frontier tree; /* whole: of the log so far; partial: of the lines so far */
	aim_buf header;            /* the first line, for the check in the last */

	/* OTLP */
	uint32_t n_batched;
} aim__trail_export;

/* Each appends to e->out; NULL does nothing. err is filled by the caller. */
typedef struct aim__trail_format {
	aim_status (*begin)(aim__trail_export *e);
	aim_status (*family)(aim__trail_export *e); /* before the first record of one */
	aim_status (*record)(aim__trail_export *e, const aim_trail_record *record);
	aim_status (*pause)(aim__trail_export *e); /* behind the last record of a family, or of all */
	aim_status (*end)(aim__trail_export *e);
} aim__trail_format;

/* 1: some records only, or not in their order: the tree of the log cannot be built from it. */
int aim__trail_export_is_partial(const aim__trail_export *e);

/* JSON Lines. FROZEN: docs/audit-format.md has it byte by byte. */
extern const aim__trail_format aim__trail_json_lines;
extern const aim__trail_format aim__trail_cloudevents;
extern const aim__trail_format aim__trail_otlp;

/* Pieces of JSON Lines, shared with the verifier. */
#define AIM__EXPORT_VERSION "{\"aim_audit_export\":1"
#define AIM__EXPORT_CHECKPOINT ",\"checkpoint\":"
#define AIM__EXPORT_CONTROLS ",\"controls\":"
#define AIM__EXPORT_LOG ",\"log\":\""
#define AIM__EXPORT_PARTIAL "\",\"partial\":"
#define AIM__EXPORT_SALTS ",\"salts\":"
#define AIM__EXPORT_START ",\"start\":"
#define AIM__EXPORT_FAMILY "{\"control_family\":\""
#define AIM__EXPORT_NOTICE "\",\"notice\":\"evidence grouped by control family; it claims no certification\"}"
#define AIM__EXPORT_END "{\"end\":"
#define AIM__EXPORT_RECORDS ",\"n_records\":"
#define AIM__EXPORT_CHECK ",\"check\":\""
#define AIM__EXPORT_AFTER_CHECK "\"}"

/* What the last line's check must be: hex SHA-256 of the header line, with its newline, and of the last
 * line up to the comma before the check. The tree covers everything between. */
aim_status aim__export_check(const aim_ctx *ctx, aim_bytes header, aim_bytes last, char out[64]);

#endif
