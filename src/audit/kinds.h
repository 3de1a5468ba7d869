/* audit/kinds.h — what this layer keeps under keys of a store, for the composition root. */
#ifndef AIM_AUDIT_KINDS_H
#define AIM_AUDIT_KINDS_H

#include "store/store.h"

#define AIM__AUDIT_N_KINDS 4
extern const aim__record_kind *const aim__audit_kinds[AIM__AUDIT_N_KINDS];

#endif
