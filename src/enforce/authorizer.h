/* enforce/authorizer.h — the reference a decision object keeps on the authorizer it used last, so that
 * another one can never appear at the same address with the same generation. */
#ifndef AIM_ENFORCE_AUTHORIZER_H
#define AIM_ENFORCE_AUTHORIZER_H

#include <aim/authorizer.h>

void aim__authorizer_unref(aim_authorizer *authorizer);
/* Gives the decision the policy in force, unless it has it. */
void aim__authorizer_hold(aim_authorizer *authorizer, aim_decision *decision);

#endif
