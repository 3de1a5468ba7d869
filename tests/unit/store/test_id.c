/* Ids: RFC 9562 UUIDv7 behind a prefix. */
#include "store/id.h"

#include "support.h"

#include <string.h>

static void an_id_is_a_uuid_of_version_7(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	char id[AIM__ID_SIZE];
	(void)state;
	/* RFC 9562 A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is 2022-02-22T19:22:22Z. */
	assert_status(aim__id_new(ctx, "agt_", INT64_C(1645557742000000), id), AIM_OK);
	assert_int_equal(strlen(id), AIM__ID_LEN);
	assert_memory_equal(id, "agt_017f22e279b07", 17);
	assert_memory_equal(id + 17, "000", 3); /* no microseconds */
	assert_non_null(strchr("89ab", id[20]));
	test_ctx_done(ctx, &heap);
}

static void ids_sort_by_time_to_the_microsecond(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	char before[AIM__ID_SIZE], after[AIM__ID_SIZE];
	(void)state;
	for (int64_t us = INT64_C(1766000000000000); us < INT64_C(1766000000002100); us++) {
		assert_status(aim__id_new(ctx, "srv_", us, before), AIM_OK);
		assert_status(aim__id_new(ctx, "srv_", us + 1, after), AIM_OK);
		assert_true(strcmp(before, after) < 0);
	}
	assert_status(aim__id_new(ctx, "srv_", -1, before), AIM_E_CLOCK);
	test_ctx_done(ctx, &heap);
}

static void both_forms_are_read(void **state)
{
	char id[AIM__ID_SIZE];
	(void)state;
	assert_status(aim__id_parse("agt_", aim_str_from("agt_017F22E279B07CC398C4DC0C0C07398F"), id, NULL),
	              AIM_OK);
	assert_string_equal(id, "agt_017f22e279b07cc398c4dc0c0c07398f");
	assert_status(
		aim__id_parse("srv_", aim_str_from("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), id, NULL), AIM_OK);
	assert_string_equal(id, "srv_017f22e279b07cc398c4dc0c0c07398f");
}

static void everything_else_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"agt_",
		"agt_017f22e279b07cc398c4dc0c0c07398",
		"agt_017f22e279b07cc398c4dc0c0c07398f0",
		"agt_017f22e279b07cc398c4dc0c0c07398g",
		"srv_017f22e279b07cc398c4dc0c0c07398f",
		"017f22e279b07cc398c4dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4-dc0c0c07398",
		"017f22e2079b007cc3098c40dc0c0c07398f",
		"017f22e2-79b0-7cc3-98c4--c0c0c07398f",
	};
	char id[AIM__ID_SIZE] = "untouched";
	aim_error err = {0};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_status(aim__id_parse("agt_", aim_str_from(bad[i]), id, &err), AIM_E_INVALID);
		assert_string_equal(id, "untouched");
	}
	assert_non_null(strstr(err.message, "agt_"));
	assert_status(aim__id_parse("agt_", aim_str_from(NULL), id, NULL), AIM_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_a_uuid_of_version_7),
		cmocka_unit_test(ids_sort_by_time_to_the_microsecond),
		cmocka_unit_test(both_forms_are_read),
		cmocka_unit_test(everything_else_is_refused),
	};
	return cmocka_run_group_tests_name("identity/id", tests, NULL, NULL);
}
