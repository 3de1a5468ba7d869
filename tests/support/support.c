#include "support.h"

#include <stdlib.h>
#include <string.h>

int64_t test_now_us = 1766000000000000;

static int must_fail(test_heap *heap)
{
	size_t n = __atomic_add_fetch(&heap->n_allocs, 1, __ATOMIC_RELAXED);
	if (heap->fail_at == 0)
		return 0;
	return heap->fail_forever ? n >= heap->fail_at : n == heap->fail_at;
}

/* Each block carries its size in front, so that a wrong sized free is seen. */
#define HEADER 16u

static void *heap_alloc(void *user, size_t size)
{
	test_heap *heap = user;
	if (must_fail(heap) || size > PTRDIFF_MAX)
		return NULL;
	unsigned char *p = malloc(HEADER + size);
	if (!p)
		return NULL;
	memcpy(p, &size, sizeof size);
	memset(p + HEADER, 0xA5, size);
	__atomic_add_fetch(&heap->live_blocks, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&heap->live_bytes, size, __ATOMIC_RELAXED);
	return p + HEADER;
}

static void heap_free(void *user, void *ptr, size_t size)
{
	test_heap *heap = user;
	unsigned char *p = (unsigned char *)ptr - HEADER;
	size_t allocated;
	memcpy(&allocated, p, sizeof allocated);
	if (allocated != size)
		heap->bad_free = 1;
	__atomic_sub_fetch(&heap->live_blocks, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&heap->live_bytes, allocated, __ATOMIC_RELAXED);
	free(p);
}

static aim_status fake_now(void *user, int64_t *out_us)
{
	(void)user;
	*out_us = test_now_us;
	return AIM_OK;
}

static aim_status make_ctx(test_heap *heap, const aim_limits *limits, aim_ctx **out)
{
	aim_allocator allocator = {sizeof allocator, 0, heap_alloc, NULL, heap_free, heap, NULL};
	aim_clock clock = {sizeof clock, 0, fake_now, NULL, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options};
	options.allocator = &allocator;
	options.clock = &clock;
	options.limits = limits;
	return aim_ctx_new(&options, out, NULL);
}

aim_ctx *test_ctx_limits(test_heap *heap, const aim_limits *limits)
{
	aim_ctx *ctx = NULL;
	memset(heap, 0, sizeof *heap);
	assert_status(make_ctx(heap, limits, &ctx), AIM_OK);
	return ctx;
}

aim_ctx *test_ctx(test_heap *heap)
{
	return test_ctx_limits(heap, NULL);
}

void test_ctx_done(aim_ctx *ctx, test_heap *heap)
{
	aim_ctx_free(ctx);
	assert_int_equal(heap->live_blocks, 0);
	assert_int_equal(heap->bad_free, 0);
}

static void run_failing(test_body body, void *arg, size_t fail_at, int forever)
{
	test_heap heap = {0};
	aim_ctx *ctx = NULL;
	assert_status(make_ctx(&heap, NULL, &ctx), AIM_OK);
	heap.n_allocs = 0;
	heap.fail_at = fail_at;
	heap.fail_forever = forever;
	aim_status rc = body(ctx, arg);
	if (rc != AIM_E_NOMEM && rc != AIM_OK)
		fail_msg("allocation %zu failed%s: %s", fail_at, forever ? " for good" : "",
		         aim_status_name(rc));
	heap.fail_at = 0;
	test_ctx_done(ctx, &heap);
}

void test_each_allocation_fails(test_body body, void *arg)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	heap.n_allocs = 0;
	assert_status(body(ctx, arg), AIM_OK);
	size_t n = heap.n_allocs;
	test_ctx_done(ctx, &heap);
	assert_true(n > 0);
	for (size_t i = 1; i <= n; i++) {
		run_failing(body, arg, i, 0);
		run_failing(body, arg, i, 1);
	}
}

void test_assert_text(aim_str actual, const char *expected, const char *file, int line)
{
	size_t len = strlen(expected);
	if (actual.len == len && (len == 0 || memcmp(actual.ptr, expected, len) == 0))
		return;
	print_error("\"%.*s\" != \"%s\"\n", (int)actual.len, actual.ptr ? actual.ptr : "", expected);
	_fail(file, line);
}
