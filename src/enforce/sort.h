/* enforce/sort.h — ordering numbers in linear time, for compiling policies of any size. */
#ifndef AIM_ENFORCE_SORT_H
#define AIM_ENFORCE_SORT_H

#include <aim/ctx.h>

/* Ascending. AIM_OK, AIM_E_NOMEM (items are then in an undefined order). */
aim_status aim__sort_u64(const aim_ctx *ctx, uint64_t *items, size_t n);
/* Drops repetitions of a sorted array. Returns how many are left. */
size_t aim__unique_u64(uint64_t *items, size_t n);

#endif
