/* assess/difference.h — what differs between two definitions of the same thing. */
#ifndef AIM_ASSESS_DIFFERENCE_H
#define AIM_ASSESS_DIFFERENCE_H

#include <aim/json.h>

/* So many members are named; more than these are only weighed. */
#define AIM__DIFFERENCE_MAX_MEMBERS 64

typedef struct aim__difference {
	uint32_t changes;       /* set of AIM_BASELINE_DESCRIPTION … OTHER */
	uint32_t severity;      /* AIM_BASELINE_INFO … */
	const aim_str *members; /* sorted; they and their text are in block */
	size_t n_members;
	void *block; /* one allocation */
	size_t block_size;
} aim__difference;

/* Compares two definition objects member by member, in their canonical form. *out is filled on AIM_OK;
 * aim__difference_dispose(). Time is linear in both but for sorting. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT,
 * AIM_E_JSON_NUMBER. */
aim_status aim__difference_find(aim_ctx *ctx, const aim_json *before, const aim_json *after,
                                aim__difference *out, aim_error *err);
/* How grave a change of a member is: AIM_BASELINE_LOW … HIGH. */
uint32_t aim__difference_weight(aim_str member);
/* Whether new annotations claim more authority than the old ones; either may be AIM_JSON_NONE. */
int aim__authority_widens(const aim_json *before, aim_json_value old, const aim_json *after, aim_json_value fresh);
void aim__difference_dispose(const aim_ctx *ctx, aim__difference *difference);

#endif
