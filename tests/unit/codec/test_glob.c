/* Globs: what they match, and that they end. */
#include "support.h"

#include "codec/glob.h"

#include <string.h>

static aim_str s(const char *text)
{
	return aim_str_from(text);
}

static void globs(void **state)
{
	static const struct {
		const char *pattern;
		const char *name;
		int exact;
		int folded;
	} rows[] = {
		{"read_file", "read_file", 1, 1}, {"read_file", "Read_File", 0, 1},
		{"read_file", "read_files", 0, 0}, {"read_*", "read_", 1, 1},
		{"read_*", "read_file", 1, 1},     {"read_*", "READ_file", 0, 1},
		{"*_file", "read_file", 1, 1},     {"*_file", "read_file_x", 0, 0},
		{"*a*b*", "xxaxxbxx", 1, 1},       {"*a*b*", "bbbaaa", 0, 0},
		{"a?c", "abc", 1, 1},              {"a?c", "ac", 0, 0},
		{"a?c", "a\xC3\xA9" "c", 1, 1},    {"a??c", "a\xC3\xA9" "c", 0, 0},
		{"*", "", 1, 1},                   {"?", "", 0, 0},
		{"a*", "", 0, 0},                  {"", "", 1, 1},
		{"", "a", 0, 0},                   {"a*a", "a", 0, 0},
		{"*?", "\xE2\x82\xAC", 1, 1},      {"db_*_drop", "db_main_drop", 1, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (aim__glob_match(s(rows[i].pattern), s(rows[i].name), 0) != rows[i].exact ||
		    aim__glob_match(s(rows[i].pattern), s(rows[i].name), 1) != rows[i].folded)
			fail_msg("pattern %s, name %s", rows[i].pattern, rows[i].name);
	}
}

static void a_long_glob_ends_soon(void **state)
{
	char name[8000];
	(void)state;
	memset(name, 'a', sizeof name);
	aim_str text = {name, sizeof name};
	assert_false(aim__glob_match(s("*a*a*a*a*a*a*a*a*a*a*a*a*b"), text, 1));
}

static void steps_that_do_not_suffice_say_so(void **state)
{
	(void)state;
	assert_int_equal(aim__glob_match_within(s("*c"), s("abc"), 0, 100), 1);
	assert_int_equal(aim__glob_match_within(s("*d"), s("abc"), 0, 100), 0);
	assert_int_equal(aim__glob_match_within(s("*c"), s("abc"), 0, 2), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),
		cmocka_unit_test(a_long_glob_ends_soon),
		cmocka_unit_test(steps_that_do_not_suffice_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
