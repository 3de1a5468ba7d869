/* audit/trail_verify.h — the verification of an export in progress. Confined. */
#ifndef AIM_AUDIT_TRAIL_VERIFY_H
#define AIM_AUDIT_TRAIL_VERIFY_H

#include "audit/trail_export.h"

/* The longest line: a checkpoint of 65 536 bytes, each escaped, and room for the rest. */
#define AIM__EXPORT_MAX_LINE_BYTES (6u * 65536u + 16384u)

/* A tree that the export must come to when it has so many records. */
typedef struct aim__export_milestone {
	int wanted;
	uint64_t size;
	aim__merkle_hash root;
} aim__export_milestone;

struct aim_trail_verifier {
	aim_ctx *ctx; /* referenced */
	aim_str vkey, origin;
	aim__export_milestone remembered;
	aim__export_milestone checkpoint;

	enum { AIM__EXPORT_BEFORE, AIM__EXPORT_LINES, AIM__EXPORT_ENDED } state;
	int partial, controls, salts; /* what the header says */
	int uncovered;                /* remembered lies before the export */
	uint64_t next;                /* whole: the position that must come; partial: the least */
	aim__merkle_frontier tree;    /* whole: of the log; partial: of the lines */
	aim_buf header;               /* with its newline */
	aim_trail_record record;      /* scratch */
	aim_json doc;                 /* scratch, for the first and last line */

	aim_buf rest;    /* of a line whose end has not come */
	uint64_t offset; /* of the line at hand */
	aim_status status;
	aim_trail_verify_report report;
	aim_error error; /* when status is one */
};

/* Takes one line without its newline. v->status stays the caller's to set. */
aim_status aim__export_take_line(aim_trail_verifier *v, aim_bytes line, aim_error *err);

#endif
