/* The arena: alignment, reuse, the limit, and memory given back to the last byte. */
#include "support.h"

#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/mem.h"

/* A small repeatable generator, so that a failure can be run again. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void pieces_are_aligned_and_apart(void **state)
{
	(void)state;
	enum { N = 2000 };
	static uint8_t *pieces[N];
	static size_t sizes[N];
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	size_t before = heap.live_bytes;
	aim__arena arena;
	aim__arena_init(&arena, ctx, 64, 0);
	uint32_t seed = 1;
	for (size_t i = 0; i < N; i++) {
		sizes[i] = 1 + next_random(&seed) % 300;
		int aligned = next_random(&seed) & 1;
		pieces[i] = aligned ? aim__arena_alloc(&arena, sizes[i]) : aim__arena_bytes(&arena, sizes[i]);
		assert_non_null(pieces[i]);
		if (aligned)
			assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)(i & 255), sizes[i]);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			if (pieces[i][j] != (i & 255))
				fail_msg("piece %zu was overwritten", i);
	assert_int_equal(arena.total, heap.live_bytes - before);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void nothing_is_a_valid_piece(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 0, 0);
	assert_non_null(aim__arena_alloc(&arena, 0));
	assert_non_null(aim__arena_bytes(&arena, 0));
	assert_non_null(aim__arena_array(&arena, 0, 100));
	aim__arena_dispose(&arena);
	aim__arena_dispose(&arena); /* twice does no harm */
	test_ctx_done(ctx, &heap);
}

static void sizes_that_overflow_are_refused(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 0, 0);
	assert_null(aim__arena_alloc(&arena, SIZE_MAX));
	assert_null(aim__arena_alloc(&arena, SIZE_MAX - 32));
	assert_null(aim__arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(aim__arena_copy(&arena, (aim_str){"", SIZE_MAX}).ptr);
	assert_non_null(aim__arena_alloc(&arena, 1));
	assert_null(aim__arena_alloc(&arena, SIZE_MAX - 15));
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void copies_end_in_nul(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 0, 0);
	aim_str copy = aim__arena_copy(&arena, (aim_str){"abcdef", 3});
	assert_int_equal(copy.len, 3);
	assert_string_equal(copy.ptr, "abc");
	aim_str empty = aim__arena_copy(&arena, (aim_str){NULL, 0});
	assert_int_equal(empty.len, 0);
	assert_string_equal(empty.ptr, "");
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void fill(aim__arena *arena, uint32_t seed)
{
	for (int i = 0; i < 500; i++)
		assert_non_null(aim__arena_alloc(arena, 1 + next_random(&seed) % 2000));
}

static void the_same_document_again_allocates_nothing(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 100, 0);
	fill(&arena, 7);
	size_t before = heap.n_allocs;
	for (int i = 0; i < 10; i++) {
		aim__arena_reset(&arena);
		fill(&arena, 7);
	}
	assert_int_equal(heap.n_allocs, before);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void changing_documents_do_not_pile_up(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 100, 0);
	for (uint32_t i = 0; i < 200; i++) {
		aim__arena_reset(&arena);
		fill(&arena, i);
	}
	assert_true(arena.total < 4u * 500 * 2000); /* each document asks for 0.5 MB */
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void the_limit_holds_and_can_be_used_up(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	size_t before = heap.live_bytes;
	aim__arena_init(&arena, ctx, 256, 10000);
	size_t taken = 0;
	while (aim__arena_alloc(&arena, 16))
		taken += 16;
	assert_true(heap.live_bytes - before <= 10000);
	assert_true(taken >= 9700); /* the rest is headers of chunks */
	assert_null(aim__arena_alloc(&arena, 16));
	aim__arena_dispose(&arena);
	assert_int_equal(arena.total, 0);
	assert_null(aim__arena_alloc(&arena, 10000));
	assert_non_null(aim__arena_alloc(&arena, 9900));
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static void a_copy_past_the_limit_is_refused(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	static const char text[2000];
	aim__arena_init(&arena, ctx, 64, 1000);
	aim_str copy = aim__arena_copy(&arena, (aim_str){text, sizeof text});
	assert_null(copy.ptr);
	assert_int_equal(copy.len, 0);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

/* Chunks stop doubling at 1 MiB, so that a large document does not reserve as much again. */
static void large_documents_reserve_little_more_than_they_use(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 0, 0);
	for (size_t used = 0; used < (size_t)32 << 20; used += 4096)
		assert_non_null(aim__arena_alloc(&arena, 4096));
	assert_true(arena.total <= (size_t)34 << 20);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

/* Chunks that a reset kept must not stand in the way of a piece that fits the limit alone. */
static void kept_chunks_make_way(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__arena_init(&arena, ctx, 64, 10000);
	while (aim__arena_alloc(&arena, 16))
		;
	aim__arena_reset(&arena);
	assert_non_null(aim__arena_alloc(&arena, 9900));
	assert_true(arena.total <= 10000);
	aim__arena_reset(&arena);
	assert_non_null(aim__arena_alloc(&arena, 9000));
	assert_null(aim__arena_alloc(&arena, 9000));
	aim__arena_reset(&arena);
	while (aim__arena_alloc(&arena, 16))
		;
	aim__arena_reset(&arena);
	uint8_t *small = aim__arena_alloc(&arena, 16);
	memset(small, 1, 16);
	assert_non_null(aim__arena_alloc(&arena, 5000));
	assert_true(arena.total <= 10000);
	assert_int_equal(small[15], 1);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static aim_status use_arena(aim_ctx *ctx, void *arg)
{
	(void)arg;
	aim__arena arena;
	aim_status rc = AIM_OK;
	aim__arena_init(&arena, ctx, 32, 0);
	for (size_t i = 1; i < 2000 && rc == AIM_OK; i += 97)
		rc = aim__arena_alloc(&arena, i) ? AIM_OK : AIM_E_NOMEM;
	aim__arena_reset(&arena);
	if (rc == AIM_OK && !aim__arena_copy(&arena, aim_str_from("again")).ptr)
		rc = AIM_E_NOMEM;
	aim__arena_dispose(&arena);
	return rc;
}

static void running_out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(use_arena, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(nothing_is_a_valid_piece),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(copies_end_in_nul),
		cmocka_unit_test(the_same_document_again_allocates_nothing),
		cmocka_unit_test(changing_documents_do_not_pile_up),
		cmocka_unit_test(the_limit_holds_and_can_be_used_up),
		cmocka_unit_test(a_copy_past_the_limit_is_refused),
		cmocka_unit_test(large_documents_reserve_little_more_than_they_use),
		cmocka_unit_test(kept_chunks_make_way),
		cmocka_unit_test(running_out_of_memory),
	};
	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
