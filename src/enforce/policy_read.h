/* enforce/policy_read.h — from a policy document to rules with conditions. */
#ifndef AIM_ENFORCE_POLICY_READ_H
#define AIM_ENFORCE_POLICY_READ_H

#include "base/map.h"
#include "enforce/policy.h"
#include "enforce/reader.h"

#define AIM__RULE_CONDITIONS_MAX 16u

/* One rule while it is read. */
typedef struct aim__rule_draft {
	aim_policy *policy;
	size_t max_name; /* limits.max_name_bytes */
	aim_str id;
	aim_str reason;
	uint32_t effect;
	int32_t priority;
	uint32_t has_priority;
	const aim__duties *duties;
	uint32_t n_conditions;
	uint64_t conditions[AIM__RULE_CONDITIONS_MAX];
	aim_str *list; /* scratch of the list in work; kept from rule to rule */
	size_t cap_list;
	uint32_t listed;  /* bit per AIM__FACT_*: restricted by this rule */
	uint32_t folds;   /* texts of a condition compare without regard to case */
	uint32_t depth;   /* of nested conditions */
	uint32_t actions; /* which kinds of request its actions leave; see policy_rule.c */
	aim__map sets;       /* of the whole document: list → index in policy->sets */
	aim__arena set_keys; /* what sets is keyed by */
} aim__rule_draft;

/* Adds a condition to the rule. */
void aim__rule_condition(aim__reader *reader, uint64_t condition);

/* Reads a list into draft->list; *out_any tells whether "*" was in it. Returns the count; 0 after a problem. */
size_t aim__read_patterns(aim__reader *reader, aim_json_value list, const char *what, int *out_any);

/* Reads one rule into draft (reader->target). Problems and failures as in reader.h. */
void aim__rule_read(aim__reader *reader, aim_json_value rule);

/* The set of a list, the same for equal lists: plain names of `fact` as numbers; AIM__FACT_COUNT keeps every pattern as
 * text. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__set_add(aim__rule_draft *draft, uint32_t fact, const aim_str *list, size_t n, uint32_t *out_index);

/* Fills name, description, default effect, rules (by rank), names and sets of policy. Problems go to
 * diagnostics (may be NULL), the first to err; so do warnings, when there are options.
 * AIM_OK, AIM_E_POLICY, AIM_E_LIMIT, AIM_E_NOMEM. On failure policy is only good for disposal. */
aim_status aim__policy_read(aim_policy *policy, const aim_json *doc, const aim_policy_options *options,
                            aim_diagnostics *diagnostics,
                            aim_error *err);

#endif
