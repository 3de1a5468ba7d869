/* enforce/policy_analyse.h — what is odd about rules that are not wrong. */
#ifndef AIM_ENFORCE_POLICY_ANALYSE_H
#define AIM_ENFORCE_POLICY_ANALYSE_H

#include "enforce/policy_read.h"

/* Adds a warning to the diagnostics for each rule that another one covers, that is there twice, or that names what the
 * declared tools and capabilities lack. rules are by rank, each with its place in the reader's document. Work is bounded:
 * where it ends, a warning says so. AIM_OK, AIM_E_NOMEM. */
aim_status aim__policy_analyse(const aim_policy *policy, aim__reader *reader, const aim_policy_options *options);

#endif
