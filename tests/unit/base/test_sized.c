/* Structs that grow: each old size is taken, a known tail is defaulted, an unknown one refused. */
#include "support.h"

#include <string.h>

#include "base/sized.h"

/* The same struct in the releases before, now and after this library. */
typedef struct v1 {
	uint32_t struct_size;
	uint32_t flags;
	uint64_t a;
} v1;
typedef struct v2 {
	uint32_t struct_size;
	uint32_t flags;
	uint64_t a;
	uint64_t b;
} v2;
typedef struct v3 {
	uint32_t struct_size;
	uint32_t flags;
	uint64_t a;
	uint64_t b;
	uint64_t c;
} v3;

AIM__NO_PADDING(v2, sizeof(uint32_t) * 2 + sizeof(uint64_t) * 2);

static const v2 defaults = {sizeof(v2), 0, 10, 20};

static aim_status take_in(v2 *out, const void *src, aim_error *err)
{
	*out = defaults;
	return aim__sized_in(out, sizeof *out, src, sizeof(v1), "v", err);
}

static void absent_options_are_the_defaults(void **state)
{
	(void)state;
	v2 out;
	assert_status(take_in(&out, NULL, NULL), AIM_OK);
	assert_memory_equal(&out, &defaults, sizeof out);
}

static void an_old_struct_leaves_the_new_fields_alone(void **state)
{
	(void)state;
	v1 in = {sizeof in, 3, 111};
	v2 out;
	assert_status(take_in(&out, &in, NULL), AIM_OK);
	assert_int_equal(out.struct_size, sizeof out);
	assert_int_equal(out.flags, 3);
	assert_int_equal(out.a, 111);
	assert_int_equal(out.b, 20);
}

static void a_struct_of_today(void **state)
{
	(void)state;
	v2 in = {sizeof in, 0, 1, 2};
	v2 out;
	assert_status(take_in(&out, &in, NULL), AIM_OK);
	assert_memory_equal(&out, &in, sizeof out);
}

static void a_newer_struct_is_taken_while_its_tail_is_zero(void **state)
{
	(void)state;
	v3 in = {sizeof in, 0, 1, 2, 0};
	v2 out;
	assert_status(take_in(&out, &in, NULL), AIM_OK);
	assert_int_equal(out.b, 2);
	assert_int_equal(out.struct_size, sizeof out);
	in.c = (uint64_t)1 << 63;
	aim_error err = {0};
	assert_status(take_in(&out, &in, &err), AIM_E_VERSION);
	assert_memory_equal(&out, &defaults, sizeof out);
	assert_non_null(strstr(err.message, "v sets a field at byte 31"));
}

static void sizes_that_nobody_set_are_refused(void **state)
{
	(void)state;
	const uint32_t sizes[] = {0, 1, 4, 8, sizeof(v1) - 1, 65537, 0xA5A5A5A5, UINT32_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		v3 in = {sizes[i], 0, 1, 2, 3};
		v2 out;
		aim_error err = {0};
		assert_status(take_in(&out, &in, &err), AIM_E_INVALID);
		assert_memory_equal(&out, &defaults, sizeof out);
		assert_non_null(strstr(err.message, "v.struct_size is "));
	}
}

static void a_newer_table_is_taken_whatever_its_tail(void **state)
{
	(void)state;
	v3 in = {sizeof in, 0, 1, 2, 3};
	v2 out = defaults;
	assert_status(aim__sized_table(&out, sizeof out, &in, sizeof(v1), "v", NULL), AIM_OK);
	assert_int_equal(out.a, 1);
	assert_int_equal(out.b, 2);
	assert_int_equal(out.struct_size, sizeof out);
	in.struct_size = sizeof(v1) - 1;
	assert_status(aim__sized_table(&out, sizeof out, &in, sizeof(v1), "v", NULL), AIM_E_INVALID);
	assert_status(aim__sized_table(&out, sizeof out, NULL, sizeof(v1), "v", NULL), AIM_OK);
}

static void output_is_written_up_to_the_callers_size(void **state)
{
	(void)state;
	const v2 src = {sizeof src, 5, 6, 7};
	v3 dst = {sizeof(v1), 9, 9, 9, 9};
	assert_status(aim__sized_out(&dst, &src, sizeof src, sizeof(v1)), AIM_OK);
	assert_int_equal(dst.struct_size, sizeof(v1));
	assert_int_equal(dst.flags, 5);
	assert_int_equal(dst.a, 6);
	assert_int_equal(dst.b, 9);
	assert_int_equal(dst.c, 9);
}

static void fields_this_library_does_not_know_become_zero(void **state)
{
	(void)state;
	const v2 src = {sizeof src, 5, 6, 7};
	v3 dst = {sizeof dst, 9, 9, 9, 9};
	assert_status(aim__sized_out(&dst, &src, sizeof src, sizeof(v1)), AIM_OK);
	assert_int_equal(dst.struct_size, sizeof dst);
	assert_int_equal(dst.b, 7);
	assert_int_equal(dst.c, 0);
}

static void output_of_no_size_is_left_alone(void **state)
{
	(void)state;
	const v2 src = {sizeof src, 5, 6, 7};
	const uint32_t sizes[] = {0, sizeof(v1) - 1, 65537, UINT32_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		v2 dst = {sizes[i], 9, 9, 9};
		assert_status(aim__sized_out(&dst, &src, sizeof src, sizeof(v1)), AIM_E_INVALID);
		assert_int_equal(dst.a, 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_options_are_the_defaults),
		cmocka_unit_test(an_old_struct_leaves_the_new_fields_alone),
		cmocka_unit_test(a_struct_of_today),
		cmocka_unit_test(a_newer_struct_is_taken_while_its_tail_is_zero),
		cmocka_unit_test(sizes_that_nobody_set_are_refused),
		cmocka_unit_test(a_newer_table_is_taken_whatever_its_tail),
		cmocka_unit_test(output_is_written_up_to_the_callers_size),
		cmocka_unit_test(fields_this_library_does_not_know_become_zero),
		cmocka_unit_test(output_of_no_size_is_left_alone),
	};
	return cmocka_run_group_tests_name("base/sized", tests, NULL, NULL);
}
