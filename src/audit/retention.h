/* audit/retention.h — where a log is cut, and what holds it. One versioned key per log, so that a cut and a
 * hold that are made at once cannot both succeed. FROZEN:
 * docs/audit-format.md has it.
 *
 *     key "retention/<log>": {"cut":<as audit/head.h writes it>,"holds":[{"from":…,"id":"…","since_us":…}],"v":1}
 *
 * The frontier at the cut is all that the removed records are still needed for: every subtree of a later
 * proof lies behind the cut, or is one of the frontier's roots, or begins with some of them. */
#ifndef AIM_AUDIT_RETENTION_H
#define AIM_AUDIT_RETENTION_H

#include <aim/retention.h>

#include "crypto/merkle.h"

typedef struct aim__retention_hold {
	size_t id_len;
	char id[AIM_RETENTION_MAX_ID_BYTES];
	uint64_t from;
	int64_t since_us;
} aim__retention_hold;

/* What the key holds; zeroed is: there is no key. */
typedef struct aim__retention {
	uint64_t version; /* of the key; 0: absent */
	aim__merkle_frontier cut;
	size_t n_holds;
	aim__retention_hold holds[AIM_RETENTION_MAX_HOLDS];
} aim__retention;

/* AIM_OK also when there is no key; AIM_E_AUDIT_CORRUPT, AIM_E_VERSION, … */
aim_status aim__retention_load(aim_audit *log, aim__retention *out, aim_error *err);
/* Writes it in one batch with the record; AIM_E_CONFLICT when the key has changed meanwhile. */
aim_status aim__retention_commit(aim_audit *log, const aim__retention *state,
                                 const aim_audit_record *record, aim_error *err);

/* The frontier at the cut, empty when the log is whole. */
aim_status aim__audit_cut(aim_audit *log, aim__merkle_frontier *out, aim_error *err);
/* Begins the tree of records first, first + 1, …: out->count of them come from the cut, the rest from rows.
 * AIM_E_INVALID when the cut does not say what is needed: first or end lies within one of its subtrees. */
aim_status aim__retention_seed(const aim__merkle_frontier *cut, uint64_t first, uint64_t end,
                               aim__merkle_frontier *out);

#endif
