/* enforce/policy_value.h — tests of values: arguments of a call, and facts of the host's own. */
#ifndef AIM_ENFORCE_POLICY_VALUE_H
#define AIM_ENFORCE_POLICY_VALUE_H

#include "enforce/policy_when.h"

/* AIM__UNKNOWN for ops that are none. */
aim__answer aim__value_answer(const struct aim_policy *policy, const aim__when *when, const aim__inquiry *q);

#endif
