/* assess/userrules.h — rules that users write: read from a file, compiled as pattern sets, held against every text and
 * every view that the built-in rules read. */
#ifndef AIM_ASSESS_USERRULES_H
#define AIM_ASSESS_USERRULES_H

#include <aim/patterns.h>
#include <aim/scan.h>

#include "base/arena.h"

typedef struct aim__user_rule {
	aim_str id;
	aim_str message;
	const aim_str *fields; /* JSON Pointers; none: any field */
	uint32_t n_fields;
	uint32_t threat;
	uint32_t severity;
	uint32_t reserved;
} aim__user_rule;

/* Immutable once read. */
typedef struct aim__user_rules {
	aim_ctx *ctx;
	aim__arena texts; /* what rules point to */
	aim__user_rule *rules;
	size_t n;
	aim_pattern_set *plain;  /* as written, over text as it stands; index and id are the rule's */
	aim_pattern_set *folded; /* those that ignore case, folded, over folded text; the id is the rule's index */
	uint32_t *folded_of;     /* index of the rule, by index in folded */
	uint32_t differs;        /* a folded pattern is another than in lower case: folding matters in ASCII too */
	uint32_t reserved;
} aim__user_rules;

/* Reads options->rules. *out is NULL when there are none. Errors as aim_scan_new() says. */
aim_status aim__user_rules_new(aim_ctx *ctx, const aim_scan_options *options, aim__user_rules **out, aim_error *err);
void aim__user_rules_free(aim__user_rules *rules);

/* What one result needs to match them. */
typedef struct aim__user_matching {
	aim_pattern_scratch *plain;
	aim_pattern_scratch *folded;
	uint32_t *told; /* by rule: number of the field that it was last found in */
	uint32_t field; /* number of the field that is being read */
	uint32_t reserved;
} aim__user_matching;

aim_status aim__user_matching_init(const aim__user_rules *rules, aim__user_matching *out);
void aim__user_matching_dispose(const aim__user_rules *rules, aim__user_matching *m);

/* Writes text folded, each character as what it looks like; map, when not NULL, gets for each byte and for the end where
 * it comes from. out NULL only counts. Returns the bytes. */
size_t aim__user_fold(aim_str text, uint8_t *out, uint32_t *map);

#endif
