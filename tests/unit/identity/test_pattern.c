/* Capability and resource patterns. */
#include "identity/pattern.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

#define S(text) aim_str_from(text)

typedef struct row {
	const char *pattern;
	const char *text;
	int expected;
} row;

static void capabilities_are_covered_segment_by_segment(void **state)
{
	static const row rows[] = {
		{"files:read", "files:read", 1},
		{"files:read", "files:reader", 0},
		{"files:read", "files", 0},
		{"files:read", "files:read:meta", 0},
		{"files:*", "files:read", 1},
		{"files:*", "files:read:meta", 1},
		{"files:*", "files", 0},
		{"files:*", "filesystem:read", 0},
		{"*", "files", 1},
		{"*", "files:read", 1},
		{"*:read", "files:read", 1},
		{"*:read", "files:write", 0},
		{"*:read", "files:meta:read", 0},
		{"a:*:c", "a:b:c", 1},
		{"a:*:c", "a:b:b:c", 0},
		{"files:read", "Files:read", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (aim__capability_covers(S(rows[i].pattern), S(rows[i].text)) != rows[i].expected)
			fail_msg("%s over %s", rows[i].pattern, rows[i].text);
}

static void capabilities_have_a_grammar(void **state)
{
	static const char *const good[] = {"a", "files:read", "A-b_c.9:x"};
	static const char *const bad[] = {"", ":", "a:", ":a", "a::b", "a b", "a/b", "a:b\n", "\xc3\xa4"};
	static const char *const patterns[] = {"*", "a:*", "*:a"};
	static const char *const no_patterns[] = {"a*", "a:b*", "**", "a:**"};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(aim__capability_valid(S(good[i]), 0));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(aim__capability_valid(S(bad[i]), 1));
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		assert_true(aim__capability_valid(S(patterns[i]), 1));
		assert_false(aim__capability_valid(S(patterns[i]), 0));
	}
	for (size_t i = 0; i < sizeof no_patterns / sizeof *no_patterns; i++)
		assert_false(aim__capability_valid(S(no_patterns[i]), 1));
	assert_false(aim__capability_valid(S(NULL), 1));
}

static void resources_match_segment_by_segment(void **state)
{
	static const row rows[] = {
		{"/srv/data/*", "/srv/data/a.txt", 1},
		{"/srv/data/*", "/srv/data/a/b", 0},
		{"/srv/data/*", "/srv/data", 0},
		{"/srv/data/**", "/srv/data/a/b", 1},
		{"/srv/data/**", "/srv/data", 1},
		{"/srv/data/**", "/srv/database", 0},
		{"/srv/data/**/x", "/srv/data/x", 1},
		{"/srv/data/**/x", "/srv/data/a/b/x", 1},
		{"/srv/data/**/x", "/srv/data/a/b/y", 0},
		{"**", "anything/at/all", 1},
		{"**/b/**/d", "a/b/b/c/d", 1},
		{"**/b/c", "a/b/d/b/c", 1},
		{"a*c", "abc", 1},
		{"a*c", "ac", 1},
		{"a*c", "ab/c", 0},
		{"a*b*c", "aXbYbZc", 1},
		{"a*b*c", "aXbYbZ", 0},
		{"?", "a", 1},
		{"?", "\xc3\xa4", 1},
		{"?", "ab", 0},
		{"?", "/", 0},
		{"a", "a/", 0},
		{"*", "", 1},
		{"report-*.csv", "report-2026.csv", 1},
		{"https://api.example.org/v1/*", "https://api.example.org/v1/users", 1},
		{"https://api.example.org/v1/*", "https://api.example.org.evil.net/v1/users", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (aim__resource_matches(S(rows[i].pattern), S(rows[i].text)) != rows[i].expected)
			fail_msg("%s on %s", rows[i].pattern, rows[i].text);
}

static void two_stars_are_a_whole_segment(void **state)
{
	(void)state;
	assert_true(aim__resource_pattern_valid(S("a/**/b")));
	assert_true(aim__resource_pattern_valid(S("**")));
	assert_true(aim__resource_pattern_valid(S("a/*b*/?")));
	assert_false(aim__resource_pattern_valid(S("a**")));
	assert_false(aim__resource_pattern_valid(S("a/**b")));
	assert_false(aim__resource_pattern_valid(S("***")));
	assert_false(aim__resource_pattern_valid(S("a\nb")));
}

static void climbing_is_seen_in_every_spelling(void **state)
{
	static const char *const climbs[] = {"..", "/a/../b", "../a", "a/..", "a\\..\\b", "a/%2e%2E/b",
	                                     ".%2e/a", "a%2f..%2Fb", "a%5c..%5Cb"};
	static const char *const stays[] = {"", ".", "...", "a..b", "/a/b", "a/..b", "a/%2e%2e%2e", "%2", "%"};
	(void)state;
	for (size_t i = 0; i < sizeof climbs / sizeof *climbs; i++)
		if (!aim__resource_climbs(S(climbs[i])))
			fail_msg("%s climbs", climbs[i]);
	for (size_t i = 0; i < sizeof stays / sizeof *stays; i++)
		if (aim__resource_climbs(S(stays[i])))
			fail_msg("%s does not climb", stays[i]);
}

/* The plain definition, exponential and obviously right, for short texts. */
static int slow_segment(const char *p, const char *t)
{
	if (*p == '*')
		return slow_segment(p + 1, t) || (*t && *t != '/' && slow_segment(p, t + 1));
	if (*p == '\0' || *t == '\0')
		return *p == *t;
	return (*p == '?' ? *t != '/' : *p == *t) && slow_segment(p + 1, t + 1);
}

static void fast_matching_agrees_with_the_definition(void **state)
{
	static const char pattern_alphabet[] = "ab*?/";
	static const char text_alphabet[] = "ab/";
	uint64_t seed = 42;
	(void)state;
	for (int round = 0; round < 200000; round++) {
		char pattern[8] = "", text[9] = "";
		for (size_t i = 0; i < sizeof pattern - 1; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			pattern[i] = pattern_alphabet[(seed >> 33) % 5];
			text[i] = text_alphabet[(seed >> 43) % 3];
		}
		pattern[seed % 8] = '\0';
		text[seed / 8 % 8] = '\0';
		if (strstr(pattern, "**"))
			continue;
		if (aim__resource_matches(S(pattern), S(text)) != slow_segment(pattern, text))
			fail_msg("%s on %s", pattern, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_covered_segment_by_segment),
		cmocka_unit_test(capabilities_have_a_grammar),
		cmocka_unit_test(resources_match_segment_by_segment),
		cmocka_unit_test(two_stars_are_a_whole_segment),
		cmocka_unit_test(climbing_is_seen_in_every_spelling),
		cmocka_unit_test(fast_matching_agrees_with_the_definition),
	};
	return cmocka_run_group_tests_name("identity/pattern", tests, NULL, NULL);
}
