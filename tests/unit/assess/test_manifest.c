/* The Merkle root over the definitions of a server. */
#include "assess/sort.h"

#include "support.h"

#include <aim/fingerprint.h>

#include <string.h>

#define S(text) aim_str_from(text)

static const uint8_t one[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint8_t two[32] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
                                2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
static const uint8_t three[32] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
                                  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};

static aim_status root_of(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n, uint8_t out[32])
{
	return aim_fingerprint_manifest(ctx, leaves, n, out, NULL);
}

/* Computed by another program from the description in the header. */
static const uint8_t expected[32] = {
	0xef, 0x93, 0x34, 0x27, 0x9e, 0x1b, 0x04, 0xa7, 0xb2, 0x9a, 0x42,
	0x39, 0x9b, 0x63, 0xfe, 0x2f, 0x3f, 0x50, 0xd2, 0x76, 0x5e, 0xf3,
	0xf4, 0x3f, 0xa1, 0xfa, 0x45, 0xf5, 0x76, 0xa5, 0x60, 0xe3};

static void the_order_given_does_not_matter(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	uint8_t root[32];
	const aim_fingerprint_leaf a = {AIM_FINGERPRINT_TOOL, 0, S("a"), one};
	const aim_fingerprint_leaf ab = {AIM_FINGERPRINT_TOOL, 0, S("ab"), two};
	const aim_fingerprint_leaf p = {AIM_FINGERPRINT_PROMPT, 0, S("a"), three};
	const aim_fingerprint_leaf orders[][3] = {{a, ab, p}, {p, ab, a}, {ab, p, a}};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_status(root_of(ctx, orders[i], 3, root), AIM_OK);
		assert_memory_equal(root, expected, 32);
	}
	test_ctx_done(ctx, &heap);
}

static void every_leaf_matters(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint_leaf leaves[2] = {{1, 0, S("a"), one}, {1, 0, S("b"), two}};
	uint8_t first[32], other[32];
	(void)state;
	assert_status(root_of(ctx, leaves, 2, first), AIM_OK);
	assert_status(root_of(ctx, leaves, 1, other), AIM_OK);
	assert_memory_not_equal(first, other, 32);
	leaves[1].surface = three;
	assert_status(root_of(ctx, leaves, 2, other), AIM_OK);
	assert_memory_not_equal(first, other, 32);
	leaves[1].surface = two;
	leaves[1].name = S("c");
	assert_status(root_of(ctx, leaves, 2, other), AIM_OK);
	assert_memory_not_equal(first, other, 32);
	leaves[1].name = S("b");
	leaves[1].kind = 2;
	assert_status(root_of(ctx, leaves, 2, other), AIM_OK);
	assert_memory_not_equal(first, other, 32);
	test_ctx_done(ctx, &heap);
}

static void bad_manifests_are_refused(void **state)
{
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_tools = 2};
	aim_ctx *ctx = test_ctx_limits(&heap, &limits);
	aim_fingerprint_leaf leaves[3] = {{1, 0, S("a"), one}, {1, 0, S("a"), two}, {1, 0, S("b"), two}};
	uint8_t root[32];
	(void)state;
	assert_status(root_of(ctx, leaves, 2, root), AIM_E_ASSESS_DUPLICATE);
	assert_status(root_of(ctx, leaves, 3, root), AIM_E_LIMIT);
	leaves[1].kind = 9;
	assert_status(root_of(ctx, leaves, 2, root), AIM_E_INVALID);
	assert_status(root_of(ctx, NULL, 1, root), AIM_E_INVALID);
	assert_status(root_of(ctx, NULL, 0, root), AIM_OK); /* SHA-256 of nothing */
	assert_int_equal(root[0], 0xe3);
	test_ctx_done(ctx, &heap);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void sorting_sorts(void **state)
{
	uint32_t values[300];
	const void *items[300];
	uint32_t seed = 7;
	(void)state;
	for (size_t n = 0; n < 300; n++) {
		uint32_t sum = 0, sorted_sum = 0;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525u + 1013904223u;
			values[i] = seed >> 26; /* many equal ones */
			items[i] = &values[i];
			sum += values[i];
		}
		aim__sort_pointers(items, n, compare);
		for (size_t i = 0; i < n; i++) {
			sorted_sum += *(const uint32_t *)items[i];
			assert_true(i == 0 || compare(items[i - 1], items[i]) <= 0);
		}
		assert_int_equal(sum, sorted_sum);
	}
}

static aim_status manifest_once(aim_ctx *ctx, void *arg)
{
	uint8_t root[32];
	return root_of(ctx, arg, 2, root);
}

static void every_allocation_may_fail(void **state)
{
	aim_fingerprint_leaf leaves[2] = {{1, 0, S("a"), one}, {1, 0, S("b"), two}};
	(void)state;
	test_each_allocation_fails(manifest_once, leaves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_given_does_not_matter),
		cmocka_unit_test(every_leaf_matters),
		cmocka_unit_test(bad_manifests_are_refused),
		cmocka_unit_test(sorting_sorts),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("assess/manifest", tests, NULL, NULL);
}
