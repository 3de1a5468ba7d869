/* Names and patterns: folding, globs, and what is no pattern; names as numbers; sorting. */
#include "support.h"

#include "base/arena.h"
#include "enforce/names.h"
#include "enforce/pattern.h"
#include "enforce/sort.h"

#include <stdlib.h>
#include <string.h>

static aim_str s(const char *text)
{
	return aim_str_from(text);
}

static void what_is_no_pattern(void **state)
{
	(void)state;
	assert_null(aim__pattern_problem(s("read_*"), 256));
	assert_null(aim__pattern_problem(s("caf\xC3\xA9"), 256));
	assert_non_null(aim__pattern_problem(s(""), 256));
	assert_non_null(aim__pattern_problem(s("a\nb"), 256));
	assert_non_null(aim__pattern_problem(s("a\x7F"), 256));
	assert_non_null(aim__pattern_problem(s("a\xC2\x85"), 256));
	assert_non_null(aim__pattern_problem(s("[ab]*"), 256));
	assert_non_null(aim__pattern_problem(s("a\\*"), 256));
	assert_non_null(aim__pattern_problem(s("files/**"), 256));
	assert_non_null(aim__pattern_problem(s("abcd"), 3));
	aim_str nul = {"a\0b", 3};
	assert_non_null(aim__pattern_problem(nul, 256));
}

static void names_know_their_folded_form(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__arena arena;
	aim__names names;
	aim__name_ids a, b;
	(void)state;
	aim__arena_init(&arena, ctx, 0, 0);
	aim__names_init(&names, ctx);
	assert_int_equal(aim__names_find(&names, s("shell")).id, AIM__NAME_NONE);
	assert_status(aim__names_add(&names, &arena, s("Shell"), &a), AIM_OK);
	assert_status(aim__names_add(&names, &arena, s("shell"), &b), AIM_OK);
	assert_int_not_equal(a.id, b.id);
	assert_int_equal(a.fold, b.fold);
	assert_int_equal(b.id, b.fold);
	assert_int_equal(aim__names_find(&names, s("Shell")).id, a.id);
	assert_int_equal(aim__names_find(&names, s("SHELL")).id, AIM__NAME_NONE);
	assert_int_equal(aim__names_find(&names, s("SHELL")).fold, b.fold);
	assert_int_equal(aim__names_find(&names, s("SHELLS")).fold, AIM__NAME_NONE);
	aim__names_dispose(&names);
	aim__arena_dispose(&arena);
	test_ctx_done(ctx, &heap);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void sorts_any_length(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	uint64_t random = 88172645463325252u;
	(void)state;
	for (size_t n = 0; n < 400; n += 13) {
		uint64_t items[400], expected[400];
		for (size_t i = 0; i < n; i++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			items[i] = expected[i] = random >> (n % 3 * 20);
		}
		qsort(expected, n, sizeof *expected, ascending);
		assert_status(aim__sort_u64(ctx, items, n), AIM_OK);
		if (n)
			assert_memory_equal(items, expected, n * sizeof *items);
	}
	uint64_t repeated[] = {1, 1, 2, 3, 3, 3};
	assert_int_equal(aim__unique_u64(repeated, 6), 3);
	assert_int_equal(repeated[2], 3);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_pattern),
		cmocka_unit_test(names_know_their_folded_form),
		cmocka_unit_test(sorts_any_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
