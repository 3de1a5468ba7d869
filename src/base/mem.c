/* base/mem.c — memory through the context's allocator. Layer base; knows nothing above it. */
#include "base/mem.h"

#include "base/ctx.h"

#include <string.h>

int aim__add_overflows(size_t a, size_t b, size_t *out)
{
	return __builtin_add_overflow(a, b, out);
}

int aim__mul_overflows(size_t a, size_t b, size_t *out)
{
	return __builtin_mul_overflow(a, b, out);
}

void *aim__alloc(const aim_ctx *ctx, size_t size)
{
	if (size == 0 || size > PTRDIFF_MAX) /* allocators add headers: leave them room */
		return NULL;
	return ctx->allocator.alloc(ctx->allocator.user, size);
}

void *aim__alloc_zeroed(const aim_ctx *ctx, size_t size)
{
	void *ptr = aim__alloc(ctx, size);
	if (ptr)
		memset(ptr, 0, size);
	return ptr;
}

void *aim__alloc_array(const aim_ctx *ctx, size_t n, size_t item_size)
{
	size_t size;
	if (aim__mul_overflows(n, item_size, &size))
		return NULL;
	return aim__alloc(ctx, size);
}

void *aim__resize(const aim_ctx *ctx, void *ptr, size_t old_size, size_t new_size)
{
	if (!ptr)
		return aim__alloc(ctx, new_size);
	if (new_size == 0 || new_size > PTRDIFF_MAX)
		return NULL;
	if (ctx->allocator.resize)
		return ctx->allocator.resize(ctx->allocator.user, ptr, old_size, new_size);
	void *fresh = aim__alloc(ctx, new_size);
	if (!fresh)
		return NULL;
	memcpy(fresh, ptr, old_size < new_size ? old_size : new_size);
	aim__free(ctx, ptr, old_size);
	return fresh;
}

void aim__free(const aim_ctx *ctx, void *ptr, size_t size)
{
	if (ptr)
		ctx->allocator.free(ctx->allocator.user, ptr, size);
}

aim_status aim__grow(const aim_ctx *ctx, void **items, size_t *cap, size_t need, size_t item_size,
                     size_t first, size_t max)
{
	if (need <= *cap)
		return AIM_OK;
	if (max != 0 && need > max)
		return AIM_E_LIMIT;
	size_t next = *cap ? *cap : (first ? first : 1);
	while (next < need) {
		if (next > SIZE_MAX / 2)
			return AIM_E_NOMEM;
		next *= 2;
	}
	if (max != 0 && next > max)
		next = max;
	size_t size;
	if (aim__mul_overflows(next, item_size, &size))
		return AIM_E_NOMEM;
	void *fresh = aim__resize(ctx, *items, *cap * item_size, size);
	if (!fresh)
		return AIM_E_NOMEM;
	*items = fresh;
	*cap = next;
	return AIM_OK;
}

void aim__wipe(void *ptr, size_t len)
{
	if (!ptr || len == 0)
		return;
	memset(ptr, 0, len);
	/* The compiler must assume the memory is read here, so the memset stays. */
	__asm__ volatile("" : : "r"(ptr) : "memory");
}

int aim__equal_constant_time(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint32_t diff = 0;
	for (size_t i = 0; i < len; i++)
		diff |= (uint32_t)(x[i] ^ y[i]);
	AIM__DECLASSIFY(&diff, sizeof diff);
	return diff == 0;
}
