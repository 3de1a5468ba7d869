/* The table of status codes: complete, unique, in the blocks that the header promises. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <aim/status.h>

static size_t count_codes(void)
{
	aim_status code;
	size_t n = 0;
	while (aim_status_at(n, &code) == AIM_OK)
		n++;
	return n;
}

static void names_and_codes_are_unique(void **state)
{
	(void)state;
	size_t n = count_codes();
	for (size_t i = 0; i < n; i++) {
		aim_status a, b;
		assert_status(aim_status_at(i, &a), AIM_OK);
		for (size_t j = i + 1; j < n; j++) {
			assert_status(aim_status_at(j, &b), AIM_OK);
			assert_int_not_equal(a, b);
			assert_string_not_equal(aim_status_name(a), aim_status_name(b));
			assert_string_not_equal(aim_status_text(a), aim_status_text(b));
		}
	}
}

static void every_code_reads_well(void **state)
{
	(void)state;
	aim_status code;
	for (size_t i = 0; aim_status_at(i, &code) == AIM_OK; i++) {
		const char *name = aim_status_name(code);
		const char *text = aim_status_text(code);
		assert_true(code <= 0 && code > -1100);
		assert_memory_equal(name, "AIM_", 4);
		assert_true(strlen(text) >= 6);
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

static void success_comes_first(void **state)
{
	(void)state;
	aim_status code = -1;
	assert_status(aim_status_at(0, &code), AIM_OK);
	assert_int_equal(code, 0);
	assert_string_equal(aim_status_name(0), "AIM_OK");
}

static void the_end_and_misuse(void **state)
{
	(void)state;
	aim_status code = -77;
	assert_int_equal(aim_status_at(count_codes(), &code), AIM_E_NOT_FOUND);
	assert_int_equal(aim_status_at(SIZE_MAX, &code), AIM_E_NOT_FOUND);
	assert_int_equal(code, -77);
	assert_int_equal(aim_status_at(0, NULL), AIM_E_INVALID);
}

static void unknown_codes_have_a_name_too(void **state)
{
	(void)state;
	const aim_status unknown[] = {1, -99, -99999, INT32_MIN, INT32_MAX};
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		assert_string_equal(aim_status_name(unknown[i]), "AIM_E_UNKNOWN");
		assert_string_equal(aim_status_text(unknown[i]), "unknown status");
	}
}

/* "#define NAME (-12)" or "#define NAME 0" gives 1 and both parts. */
static int parse_define(const char *line, char name[64], long *value)
{
	int end = 0;
	if (sscanf(line, "#define %63[A-Z0-9_] %n", name, &end) != 1 || end == 0)
		return 0;
	const char *p = line + end + (line[end] == '(');
	char *stop;
	*value = strtol(p, &stop, 10);
	return stop != p;
}

/* Codes in the header and rows in the table are written by different hands. */
static void the_header_and_the_table_agree(void **state)
{
	(void)state;
	FILE *header = fopen(TESTS_DIR "/../include/aim/status.h", "r");
	assert_non_null(header);
	size_t n = 0;
	long block = 0;
	for (char line[512]; fgets(line, sizeof line, header);) {
		char name[64];
		long value;
		const char *range = strstr(line, "\xe2\x80\xa6 \xe2\x88\x92"); /* "… −" ends a block title */
		if (strncmp(line, "/* ", 3) == 0 && range)
			block = strtol(range + strlen("\xe2\x80\xa6 \xe2\x88\x92"), NULL, 10) / 100;
		if (!parse_define(line, name, &value))
			continue;
		assert_string_equal(aim_status_name((aim_status)value), name);
		if (value != 0)
			assert_int_equal(-value / 100, block);
		n++;
	}
	fclose(header);
	assert_int_equal(n, count_codes());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_codes_are_unique),
		cmocka_unit_test(every_code_reads_well),
		cmocka_unit_test(success_comes_first),
		cmocka_unit_test(the_end_and_misuse),
		cmocka_unit_test(unknown_codes_have_a_name_too),
		cmocka_unit_test(the_header_and_the_table_agree),
	};
	return cmocka_run_group_tests_name("base/status", tests, NULL, NULL);
}
