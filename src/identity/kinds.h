/* identity/kinds.h — the record kinds of this layer, for the composition root. */
#ifndef AIM_IDENTITY_KINDS_H
#define AIM_IDENTITY_KINDS_H

#include "store/store.h"

#define AIM__IDENTITY_N_KINDS 12
extern const aim__record_kind *const aim__identity_kinds[AIM__IDENTITY_N_KINDS];

#endif
