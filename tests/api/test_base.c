/* tests/api/test_base.c — context, status, error, span, buffer and diagnostics as a host uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <aim/aim.h>

static void version_is_the_one_compiled_against(void **state)
{
	(void)state;
	assert_int_equal(aim_version(), AIM_VERSION);
	assert_string_equal(aim_version_text(), AIM_VERSION_TEXT);
	assert_int_equal(AIM_VERSION, AIM_VERSION_MAJOR * 1000000 + AIM_VERSION_MINOR * 1000 +
	                                      AIM_VERSION_PATCH);
}

static void default_context_tells_the_time_and_its_limits(void **state)
{
	(void)state;
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	aim_limits limits = {.struct_size = sizeof limits};
	int64_t now_us = 0;
	assert_int_equal(aim_ctx_new(NULL, &ctx, &err), AIM_OK);
	assert_int_equal(aim_ctx_limits(ctx, &limits), AIM_OK);
	assert_int_equal(limits.max_json_bytes, 16u << 20);
	assert_int_equal(aim_ctx_now_us(ctx, &now_us), AIM_OK);
	assert_true(now_us > 1700000000000000);
	aim_ctx_free(ctx);
}

static void buffer_outlives_the_callers_context(void **state)
{
	(void)state;
	aim_ctx *ctx = NULL;
	aim_buf *buf = NULL;
	assert_int_equal(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_int_equal(aim_buf_new(ctx, &buf), AIM_OK);
	aim_ctx_free(ctx);
	assert_int_equal(aim_buf_append(buf, aim_bytes_from_str(aim_str_from("hello"))), AIM_OK);
	assert_string_equal(aim_buf_str(buf).ptr, "hello");
	assert_true(aim_str_equal(aim_buf_str(buf), aim_str_from("hello")));
	aim_buf_clear(buf);
	assert_int_equal(aim_buf_bytes(buf).len, 0);
	aim_buf_free(buf);
}

static void a_refused_context_says_why(void **state)
{
	(void)state;
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	aim_ctx_options options = {.struct_size = sizeof options, .flags = 1};
	assert_int_equal(aim_ctx_new(&options, &ctx, &err), AIM_E_VERSION);
	assert_null(ctx);
	assert_int_equal(err.status, AIM_E_VERSION);
	assert_string_equal(aim_error_layer_name(err.layer), "base");
	assert_non_null(strstr(err.message, "aim_ctx_options"));
	aim_error_clear(&err);
	assert_int_equal(err.status, AIM_OK);
	assert_string_equal(err.message, "");
}

static void every_status_can_be_listed(void **state)
{
	(void)state;
	aim_status code;
	size_t n = 0;
	while (aim_status_at(n, &code) == AIM_OK) {
		assert_string_not_equal(aim_status_name(code), "AIM_E_UNKNOWN");
		n++;
	}
	assert_true(n > 50);
	assert_string_equal(aim_status_name(-99999), "AIM_E_UNKNOWN");
}

static void an_empty_list_of_problems(void **state)
{
	(void)state;
	aim_ctx *ctx = NULL;
	aim_diagnostics *problems = NULL;
	assert_int_equal(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_int_equal(aim_diagnostics_new(ctx, &problems), AIM_OK);
	assert_int_equal(aim_diagnostics_count(problems), 0);
	assert_int_equal(aim_diagnostics_dropped(problems), 0);
	assert_null(aim_diagnostics_at(problems, 0));
	aim_diagnostics_free(problems);
	aim_ctx_free(ctx);
}

static void free_takes_null(void **state)
{
	(void)state;
	aim_ctx_free(NULL);
	aim_buf_free(NULL);
	aim_diagnostics_free(NULL);
	aim_error_clear(NULL);
	assert_int_equal(aim_diagnostics_count(NULL), 0);
	assert_int_equal(aim_buf_bytes(NULL).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_the_one_compiled_against),
		cmocka_unit_test(default_context_tells_the_time_and_its_limits),
		cmocka_unit_test(buffer_outlives_the_callers_context),
		cmocka_unit_test(a_refused_context_says_why),
		cmocka_unit_test(every_status_can_be_listed),
		cmocka_unit_test(an_empty_list_of_problems),
		cmocka_unit_test(free_takes_null),
	};
	return cmocka_run_group_tests_name("api/base", tests, NULL, NULL);
}
