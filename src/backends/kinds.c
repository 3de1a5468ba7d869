/* backends/kinds.c — the composition root's list of record kinds: each layer keeps a table of its own,
 * declared in its private header; this is the one place that knows them all, in layer order. */
#include "backends/kinds.h"

const aim__record_kinds aim__all_record_kinds = {aim__store_kinds, AIM__STORE_N_KINDS, NULL};
