/* enforce/policy_regex.h — the regular expressions of a policy, each compiled once. */
#ifndef AIM_ENFORCE_POLICY_REGEX_H
#define AIM_ENFORCE_POLICY_REGEX_H

#include <aim/patterns.h>

#include "enforce/policy_when.h"

#define AIM__REGEXES_MAX 1000u

/* Compiles text as expression number *out_index. AIM_OK, AIM_E_PATTERN, AIM_E_LIMIT, AIM_E_UNSUPPORTED, AIM_E_NOMEM,
 * AIM_E_CALLBACK; err says what is wrong with it. */
aim_status aim__regex_add(struct aim_policy *policy, aim_str text, int folded, uint32_t *out_index, aim_error *err);
void aim__regexes_free(struct aim_policy *policy);

/* Whether the expression is found in text; unknown without memory or past a limit. The decision keeps what a search
 * needs: the first one allocates. */
aim__answer aim__regex_answer(const struct aim_policy *policy, uint32_t index, aim_str text,
                              struct aim_decision *decision);
/* Gives up what a decision kept. */
void aim__regex_forget(struct aim_decision *decision);

#endif
