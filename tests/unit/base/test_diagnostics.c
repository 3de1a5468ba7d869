/* The list of problems: order, the bound, and what happens when memory runs out. */
#include "support.h"

#include <string.h>

#include "base/diagnostics.h"
#include "base/error.h"

static void add(aim_diagnostics *d, uint32_t line)
{
	aim_error problem = {0};
	aim__fail(&problem, AIM_E_POLICY, AIM_LAYER_ENFORCE, "problem %u", line);
	problem.line = line;
	aim__diagnostics_add(d, &problem);
}

static void problems_come_back_in_order(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_diagnostics *d = NULL;
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	for (uint32_t i = 0; i < 12; i++)
		add(d, i + 1);
	assert_int_equal(aim_diagnostics_count(d), 12);
	assert_int_equal(aim_diagnostics_dropped(d), 0);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(aim_diagnostics_at(d, i)->line, i + 1);
	assert_string_equal(aim_diagnostics_at(d, 11)->message, "problem 12");
	assert_int_equal(aim_diagnostics_at(d, 0)->status, AIM_E_POLICY);
	assert_null(aim_diagnostics_at(d, 12));
	assert_null(aim_diagnostics_at(d, SIZE_MAX));
	aim_diagnostics_free(d);
	test_ctx_done(ctx, &heap);
}

static void a_hundred_are_kept_and_the_rest_counted(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_diagnostics *d = NULL;
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	for (uint32_t i = 0; i < 1000; i++)
		add(d, i + 1);
	assert_int_equal(aim_diagnostics_count(d), 100);
	assert_int_equal(aim_diagnostics_dropped(d), 900);
	assert_int_equal(aim_diagnostics_at(d, 99)->line, 100);
	aim_diagnostics_free(d);
	test_ctx_done(ctx, &heap);
}

static void a_problem_without_memory_is_counted(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_diagnostics *d = NULL;
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	heap.n_allocs = 0;
	heap.fail_at = 1;
	heap.fail_forever = 1;
	add(d, 1);
	assert_int_equal(aim_diagnostics_count(d), 0);
	assert_int_equal(aim_diagnostics_dropped(d), 1);
	heap.fail_at = 0;
	add(d, 2);
	assert_int_equal(aim_diagnostics_count(d), 1);
	aim_diagnostics_free(d);
	test_ctx_done(ctx, &heap);
}

static void misuse(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_diagnostics *d = NULL;
	assert_status(aim_diagnostics_new(NULL, &d), AIM_E_INVALID);
	assert_status(aim_diagnostics_new(ctx, NULL), AIM_E_INVALID);
	add(NULL, 1);
	aim_diagnostics_free(NULL);
	assert_int_equal(aim_diagnostics_count(NULL), 0);
	assert_int_equal(aim_diagnostics_dropped(NULL), 0);
	assert_null(aim_diagnostics_at(NULL, 0));
	test_ctx_done(ctx, &heap);
}

static aim_status use_list(aim_ctx *ctx, void *arg)
{
	(void)arg;
	aim_diagnostics *d = NULL;
	aim_status rc = aim_diagnostics_new(ctx, &d);
	for (uint32_t i = 0; i < 50; i++)
		add(d, i);
	if (rc == AIM_OK)
		assert_int_equal(aim_diagnostics_count(d) + aim_diagnostics_dropped(d), 50);
	aim_diagnostics_free(d);
	return rc;
}

static void running_out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(use_list, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(problems_come_back_in_order),
		cmocka_unit_test(a_hundred_are_kept_and_the_rest_counted),
		cmocka_unit_test(a_problem_without_memory_is_counted),
		cmocka_unit_test(misuse),
		cmocka_unit_test(running_out_of_memory),
	};
	return cmocka_run_group_tests_name("base/diagnostics", tests, NULL, NULL);
}
