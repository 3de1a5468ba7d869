/* enforce/kinds.h — the record kinds of this layer, for the composition root. */
#ifndef AIM_ENFORCE_KINDS_H
#define AIM_ENFORCE_KINDS_H

#include "store/store.h"

#define AIM__ENFORCE_N_KINDS 3
extern const aim__record_kind *const aim__enforce_kinds[AIM__ENFORCE_N_KINDS];

#endif
