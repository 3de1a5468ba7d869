/* backends/kinds.h — every kind of record the library keeps in a store, collected from its layers. */
#ifndef AIM_BACKENDS_KINDS_H
#define AIM_BACKENDS_KINDS_H

#include "store/store.h"

extern const aim__record_kinds aim__all_record_kinds;

#endif
