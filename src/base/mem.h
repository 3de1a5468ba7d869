/* base/mem.h — all of libaim's own memory: the context's allocator with sized free, and wiping. */
#ifndef AIM_BASE_MEM_H
#define AIM_BASE_MEM_H

#include <aim/ctx.h>

/* NULL when size is 0, above PTRDIFF_MAX, overflows or the allocator refuses. */
void *aim__alloc(const aim_ctx *ctx, size_t size);
void *aim__alloc_zeroed(const aim_ctx *ctx, size_t size);
void *aim__alloc_array(const aim_ctx *ctx, size_t n, size_t item_size);
/* Grows or shrinks; ptr NULL with old_size 0 allocates. On NULL the old block is untouched. */
void *aim__resize(const aim_ctx *ctx, void *ptr, size_t old_size, size_t new_size);
/* ptr may be NULL; size as allocated. */
void aim__free(const aim_ctx *ctx, void *ptr, size_t size);

/* Grows an array to hold at least `need` items, doubling from `first`. *items and *cap change only
 * on AIM_OK. AIM_E_NOMEM, AIM_E_LIMIT when need > max (max 0: no bound but SIZE_MAX). */
aim_status aim__grow(const aim_ctx *ctx, void **items, size_t *cap, size_t need, size_t item_size,
                     size_t first, size_t max);

/* Overwrites memory in a way the compiler may not drop. */
void aim__wipe(void *ptr, size_t len);

/* Says that memory made of secrets is no secret any more: a verdict, or a hash. Means nothing here; the test of
 * constant time (tests/consttime) has it mean something, and reports every branch on what was not declassified. */
#ifndef AIM__DECLASSIFY
#define AIM__DECLASSIFY(ptr, len) ((void)0)
#endif

/* 1 when equal; time depends on len only. The answer is declassified. */
int aim__equal_constant_time(const void *a, const void *b, size_t len);

/* 1 when a + b or a * b overflows; else *out holds the result. */
int aim__add_overflows(size_t a, size_t b, size_t *out);
int aim__mul_overflows(size_t a, size_t b, size_t *out);

#endif
