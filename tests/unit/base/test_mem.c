/* Allocation helpers, growth, wiping, comparison, and spans. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/mem.h"

static void sizes_that_cannot_be_are_refused(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	size_t before = heap.n_allocs;
	assert_null(aim__alloc(ctx, 0));
	assert_null(aim__alloc(ctx, SIZE_MAX));
	assert_null(aim__alloc(ctx, (size_t)PTRDIFF_MAX + 1));
	assert_null(aim__alloc_zeroed(ctx, 0));
	assert_null(aim__alloc_array(ctx, 0, 8));
	assert_null(aim__alloc_array(ctx, SIZE_MAX / 8, 9));
	assert_null(aim__resize(ctx, NULL, 0, 0));
	assert_int_equal(heap.n_allocs, before); /* the allocator is not even asked */
	test_ctx_done(ctx, &heap);
}

static void zeroed_memory_is_zero(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	uint8_t *p = aim__alloc_zeroed(ctx, 100);
	assert_non_null(p);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	aim__free(ctx, p, 100);
	aim__free(ctx, NULL, 100);
	test_ctx_done(ctx, &heap);
}

/* The test allocator has no resize: alloc, copy and free stand in for it. */
static void resize_keeps_the_content(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	char *p = aim__resize(ctx, NULL, 0, 4);
	memcpy(p, "abc", 4);
	char *q = aim__resize(ctx, p, 4, 1000);
	assert_string_equal(q, "abc");
	assert_null(aim__resize(ctx, q, 1000, SIZE_MAX));
	assert_null(aim__resize(ctx, q, 1000, 0));
	heap.n_allocs = 0;
	heap.fail_at = 1;
	assert_null(aim__resize(ctx, q, 1000, 2000));
	assert_string_equal(q, "abc"); /* untouched by the failures */
	q = aim__resize(ctx, q, 1000, 2);
	assert_memory_equal(q, "ab", 2);
	aim__free(ctx, q, 2);
	test_ctx_done(ctx, &heap);
}

typedef struct resized {
	size_t old_size, new_size;
	int count;
} resized;

static void *own_alloc(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void *own_resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
	resized *seen = user;
	seen->old_size = old_size;
	seen->new_size = new_size;
	seen->count++;
	return realloc(ptr, new_size);
}

static void own_free(void *user, void *ptr, size_t size)
{
	(void)user;
	(void)size;
	free(ptr);
}

static void the_callers_resize_is_used(void **state)
{
	(void)state;
	resized seen = {0, 0, 0};
	aim_allocator allocator = {sizeof allocator, 0, own_alloc, own_resize, own_free, &seen, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	aim_ctx *ctx = NULL;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	seen.count = 0;
	char *p = aim__alloc(ctx, 10);
	memset(p, 'x', 10);
	p = aim__resize(ctx, p, 10, 20);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.old_size, 10);
	assert_int_equal(seen.new_size, 20);
	assert_int_equal(p[9], 'x');
	aim__free(ctx, p, 20);
	aim_ctx_free(ctx);
}

static void growth_doubles_to_the_bound(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	void *items = NULL;
	size_t cap = 0;
	assert_status(aim__grow(ctx, &items, &cap, 1, 8, 4, 100), AIM_OK);
	assert_int_equal(cap, 4);
	assert_status(aim__grow(ctx, &items, &cap, 3, 8, 4, 100), AIM_OK);
	assert_int_equal(cap, 4);
	assert_status(aim__grow(ctx, &items, &cap, 5, 8, 4, 100), AIM_OK);
	assert_int_equal(cap, 8);
	assert_status(aim__grow(ctx, &items, &cap, 65, 8, 4, 100), AIM_OK);
	assert_int_equal(cap, 100);
	void *before = items;
	assert_status(aim__grow(ctx, &items, &cap, 101, 8, 4, 100), AIM_E_LIMIT);
	assert_status(aim__grow(ctx, &items, &cap, SIZE_MAX, 8, 4, 0), AIM_E_NOMEM);
	assert_status(aim__grow(ctx, &items, &cap, SIZE_MAX / 4, 8, 4, 0), AIM_E_NOMEM);
	heap.n_allocs = 0;
	heap.fail_at = 1;
	assert_status(aim__grow(ctx, &items, &cap, 101, 8, 4, 0), AIM_E_NOMEM);
	assert_ptr_equal(items, before);
	assert_int_equal(cap, 100);
	aim__free(ctx, items, cap * 8);
	test_ctx_done(ctx, &heap);
}

static void growth_without_a_first_size(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	void *items = NULL;
	size_t cap = 0;
	assert_status(aim__grow(ctx, &items, &cap, 3, 1, 0, 0), AIM_OK);
	assert_int_equal(cap, 4);
	aim__free(ctx, items, cap);
	test_ctx_done(ctx, &heap);
}

static void wiping(void **state)
{
	(void)state;
	char text[] = "secret";
	aim__wipe(text, 0);
	assert_string_equal(text, "secret");
	aim__wipe(text + 1, 4);
	assert_memory_equal(text, "s\0\0\0\0t", 7);
	aim__wipe(NULL, 9);
}

static void comparison_in_constant_time_compares(void **state)
{
	(void)state;
	uint8_t a[33] = {0}, b[33] = {0};
	assert_true(aim__equal_constant_time(a, b, sizeof a));
	assert_true(aim__equal_constant_time(NULL, NULL, 0));
	for (size_t i = 0; i < sizeof a; i++) {
		for (int bit = 0; bit < 8; bit++) {
			b[i] = (uint8_t)(1 << bit);
			assert_false(aim__equal_constant_time(a, b, sizeof a));
			assert_true(aim__equal_constant_time(a, b, i));
		}
		b[i] = 0;
	}
}

static void overflow_is_seen(void **state)
{
	(void)state;
	size_t out = 0;
	assert_false(aim__add_overflows(SIZE_MAX - 1, 1, &out));
	assert_true(out == SIZE_MAX);
	assert_true(aim__add_overflows(SIZE_MAX, 1, &out));
	assert_false(aim__mul_overflows(SIZE_MAX / 3, 3, &out));
	assert_true(aim__mul_overflows(SIZE_MAX / 3 + 1, 3, &out));
}

static void spans(void **state)
{
	(void)state;
	assert_int_equal(aim_str_from(NULL).len, 0);
	assert_int_equal(aim_str_from("abc").len, 3);
	assert_int_equal(aim_bytes_from(NULL, 9).len, 0);
	assert_int_equal(aim_bytes_from("ab", 2).len, 2);
	assert_int_equal(aim_bytes_from_str((aim_str){NULL, 3}).len, 0);
	assert_int_equal(aim_bytes_from_str(aim_str_from("x")).ptr[0], 'x');
	assert_int_equal(aim_str_equal(aim_str_from("ab"), (aim_str){"abc", 2}), 1);
	assert_int_equal(aim_str_equal(aim_str_from("ab"), aim_str_from("aB")), 0);
	assert_int_equal(aim_str_equal(aim_str_from("ab"), aim_str_from("abc")), 0);
	assert_int_equal(aim_str_equal((aim_str){NULL, 0}, aim_str_from("")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_cannot_be_are_refused),
		cmocka_unit_test(zeroed_memory_is_zero),
		cmocka_unit_test(resize_keeps_the_content),
		cmocka_unit_test(the_callers_resize_is_used),
		cmocka_unit_test(growth_doubles_to_the_bound),
		cmocka_unit_test(growth_without_a_first_size),
		cmocka_unit_test(wiping),
		cmocka_unit_test(comparison_in_constant_time_compares),
		cmocka_unit_test(overflow_is_seen),
		cmocka_unit_test(spans),
	};
	return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
