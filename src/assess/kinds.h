/* assess/kinds.h — the record kinds of this layer, for the composition root. */
#ifndef AIM_ASSESS_KINDS_H
#define AIM_ASSESS_KINDS_H

#include "store/store.h"

#define AIM__ASSESS_N_KINDS 13
extern const aim__record_kind *const aim__assess_kinds[AIM__ASSESS_N_KINDS];

#endif
