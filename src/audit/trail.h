/* audit/trail.h — inside aim/trail.h: a row taken apart, a filter made ready, and the scan that joins
 * them. Confined. */
#ifndef AIM_AUDIT_TRAIL_H
#define AIM_AUDIT_TRAIL_H

#include <aim/trail.h>

#include "audit/log.h"

/* A record view. Embedded; the document is reused from record to record. */
struct aim_trail_record {
	aim_json doc;
	uint64_t position;
	aim_str json;
	uint8_t salt[AIM__AUDIT_SALT_LEN];
	aim__merkle_hash leaf;
};

void aim__trail_record_init(aim_trail_record *record, aim_ctx *ctx);
void aim__trail_record_dispose(aim_trail_record *record);
/* Takes a record apart; json stays borrowed. AIM_OK, AIM_E_AUDIT_CORRUPT, AIM_E_VERSION, AIM_E_NOMEM. */
aim_status aim__trail_record_read(aim_trail_record *record, uint64_t position, aim_str json,
                                  aim_error *err);
/* The member's name of AIM_TRAIL_*. */
const char *aim__trail_text_name(uint32_t text);
/* 1 when the record commits to arguments. */
int aim__trail_record_is_salted(const aim_trail_record *record);

/* A filter made ready. What a record must hold as bytes is looked for before it is parsed: records are
 * canonical, so a member that is there can be written in one way only. */
#define AIM__TRAIL_MAX_CONDITIONS 10u

typedef struct aim__trail_condition {
	uint32_t text;  /* AIM_TRAIL_* */
	aim_str wanted; /* the caller's, borrowed */
	size_t needle_at, needle_len; /* in needles: "name":"value" */
} aim__trail_condition;

typedef struct aim__trail_filter {
	aim_trail_filter wanted; /* as the caller gave it */
	size_t n_conditions;
	aim__trail_condition conditions[AIM__TRAIL_MAX_CONDITIONS];
	aim_buf needles;
} aim__trail_filter;

void aim__trail_filter_init(aim__trail_filter *filter, aim_ctx *ctx);
void aim__trail_filter_dispose(aim__trail_filter *filter);
/* filter may be NULL: everything. */
aim_status aim__trail_filter_read(aim__trail_filter *out, const aim_trail_filter *filter, aim_error *err);
int aim__trail_filter_is_empty(const aim__trail_filter *filter);
/* 0: certainly not. 1: parse it and ask matches(). */
int aim__trail_filter_may_match(const aim__trail_filter *filter, aim_str json);
int aim__trail_filter_matches(const aim__trail_filter *filter, const aim_trail_record *record);

/* One scan. Embedded. */
typedef struct aim__trail_scan {
	aim_audit *log;
	aim__trail_filter filter;
	aim_trail_record record; /* the last that was taken apart */
	aim_error *err;
} aim__trail_scan;

void aim__trail_scan_init(aim__trail_scan *scan, aim_audit *log, aim_error *err);
void aim__trail_scan_dispose(aim__trail_scan *scan);
/* Checks the row's hash; *out_match is 1 when scan->record is now a record that the filter lets pass. */
aim_status aim__trail_scan_row(aim__trail_scan *scan, uint64_t position, const aim__audit_row *row,
                               int *out_match);
/* The positions that are there: [*out_first, tree's count). */
aim_status aim__trail_range(aim_audit *log, uint64_t *out_first, aim__merkle_frontier *out_tree,
                            aim_error *err);
/* The range that a caller asked for, from 0 being the oldest; AIM_E_AUDIT_TRIMMED. */
aim_status aim__trail_check_from(uint64_t first, uint64_t *from, aim_error *err);
/* The walk of rows.c to a known end; AIM_E_AUDIT_TRUNCATED when the log has less. */
aim_status aim__trail_walk(aim_audit *log, uint64_t *next, uint64_t end, aim__audit_take take, void *user,
                           aim_error *err);

#endif
