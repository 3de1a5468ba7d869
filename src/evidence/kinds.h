/* evidence/kinds.h — what this layer keeps under keys of a store, for the composition root. */
#ifndef AIM_EVIDENCE_KINDS_H
#define AIM_EVIDENCE_KINDS_H

#include "store/store.h"

#define AIM__EVIDENCE_N_KINDS 1
extern const aim__record_kind *const aim__evidence_kinds[AIM__EVIDENCE_N_KINDS];

#endif
