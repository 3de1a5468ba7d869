/* RFC 3339 text: known dates, every day of the calendar, what is refused. */
#include "support.h"

#include <string.h>

#include "base/time.h"

#define FIRST_S (-62167219200)
#define LAST_S 253402300799
#define LAST_US (LAST_S * 1000000 + 999999)

static void known_dates(void **state)
{
	(void)state;
	static const struct {
		int64_t unix_s;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{946684799, "1999-12-31T23:59:59Z"},
		{1234567890, "2009-02-13T23:31:30Z"},
		{2147483648, "2038-01-19T03:14:08Z"},
		{4107542400, "2100-03-01T00:00:00Z"}, /* 2100 is no leap year */
		{4107542399, "2100-02-28T23:59:59Z"},
		{-2208988800, "1900-01-01T00:00:00Z"},
		{-11644473600, "1601-01-01T00:00:00Z"},
		{FIRST_S, "0000-01-01T00:00:00Z"},
		{LAST_S, "9999-12-31T23:59:59Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[AIM__TIME_TEXT_SIZE];
		int64_t us = 0;
		assert_status(aim__time_format_s(text, rows[i].unix_s), AIM_OK);
		assert_string_equal(text, rows[i].text);
		assert_status(aim__time_parse_us(aim_str_from(text), &us), AIM_OK);
		assert_true(us == rows[i].unix_s * 1000000);
	}
}

static void microseconds(void **state)
{
	(void)state;
	char text[AIM__TIME_TEXT_SIZE];
	assert_status(aim__time_format_us(text, 1234567890000001), AIM_OK);
	assert_string_equal(text, "2009-02-13T23:31:30.000001Z");
	assert_status(aim__time_format_us(text, -1), AIM_OK);
	assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
	assert_status(aim__time_format_us(text, LAST_US), AIM_OK);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	assert_status(aim__time_format_us(text, FIRST_S * 1000000), AIM_OK);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
}

static void times_outside_four_digit_years_are_refused(void **state)
{
	(void)state;
	char text[AIM__TIME_TEXT_SIZE] = "untouched";
	assert_status(aim__time_format_s(text, FIRST_S - 1), AIM_E_INVALID);
	assert_status(aim__time_format_s(text, LAST_S + 1), AIM_E_INVALID);
	assert_status(aim__time_format_s(text, INT64_MIN), AIM_E_INVALID);
	assert_status(aim__time_format_s(text, INT64_MAX), AIM_E_INVALID);
	assert_status(aim__time_format_us(text, LAST_US + 1), AIM_E_INVALID);
	assert_status(aim__time_format_us(text, FIRST_S * 1000000 - 1), AIM_E_INVALID);
	assert_status(aim__time_format_us(text, INT64_MIN), AIM_E_INVALID);
	assert_string_equal(text, "untouched");
}

static int64_t parsed(const char *text)
{
	int64_t us = 0;
	assert_status(aim__time_parse_us(aim_str_from(text), &us), AIM_OK);
	return us;
}

/* RFC 3339 §5.8 and the corners of its grammar. */
static void forms_that_are_read(void **state)
{
	(void)state;
	assert_true(parsed("1985-04-12T23:20:50.52Z") == 482196050520000);
	assert_true(parsed("1996-12-19T16:39:57-08:00") == parsed("1996-12-20T00:39:57Z"));
	assert_true(parsed("1937-01-01T12:00:27.87+00:20") == parsed("1937-01-01T11:40:27.870000Z"));
	assert_true(parsed("2000-01-01t00:00:00z") == 946684800000000);
	assert_true(parsed("2000-01-01T00:00:00-00:00") == 946684800000000);
	assert_true(parsed("2000-01-01T00:00:00.1Z") == 946684800100000);
	assert_true(parsed("2000-01-01T00:00:00.000001+00:00") == 946684800000001);
	assert_true(parsed("1999-12-31T23:59:59+23:59") == parsed("1999-12-31T00:00:59Z"));
}

static void forms_that_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "Z", "2000", "2000-01-01", "2000-01-01T00:00:00", "2000-01-01T00:00Z",
		"2000-01-01 00:00:00Z", "2000-13-01T00:00:00Z", "2000-00-01T00:00:00Z",
		"2000-01-00T00:00:00Z", "2000-01-32T00:00:00Z", "2001-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z", "2000-04-31T00:00:00Z", "2000-01-01T24:00:00Z",
		"2000-01-01T00:60:00Z", "1990-12-31T23:59:60Z", "2000-01-01T00:00:00.Z",
		"2000-01-01T00:00:00.1234567Z", "2000-01-01T00:00:00,5Z", "2000-01-01T00:00:00+24:00",
		"2000-01-01T00:00:00+00:60", "2000-01-01T00:00:00+0000", "2000-01-01T00:00:00+00",
		"2000-01-01T00:00:00Z ", " 2000-01-01T00:00:00Z", "2000-01-01T00:00:00ZZ",
		"+2000-01-01T00:00:00Z", "20000-01-01T00:00:00Z", "2000-1-01T00:00:00Z",
		"2000-01-01T-1:00:00Z", "2000-01-01T00:00:0aZ", "/000-01-01T00:00:00Z", ":000-01-01T00:00:00Z",
		"0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t us = 77;
		if (aim__time_parse_us(aim_str_from(texts[i]), &us) != AIM_E_INVALID || us != 77)
			fail_msg("\"%s\" was read", texts[i]);
	}
	int64_t us = 77;
	assert_status(aim__time_parse_us((aim_str){NULL, 0}, &us), AIM_E_INVALID);
}

static void every_prefix_is_refused(void **state)
{
	(void)state;
	const char *text = "2026-11-20T11:43:42.123456+01:30";
	int64_t us;
	for (size_t n = 0; n < strlen(text); n++)
		assert_status(aim__time_parse_us((aim_str){text, n}, &us), AIM_E_INVALID);
	assert_status(aim__time_parse_us(aim_str_from(text), &us), AIM_OK);
}

static int days_in(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : lengths[month - 1];
}

static void put(char *p, int value, int n)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
}

/* Walks the ten thousand years day by day with a calendar counted by hand. */
static void every_day_in_order(void **state)
{
	(void)state;
	char expected[] = "0000-00-00T00:00:00Z";
	int64_t now = FIRST_S;
	for (int year = 0; year <= 9999; year++) {
		put(expected, year, 4);
		for (int month = 1; month <= 12; month++) {
			put(expected + 5, month, 2);
			for (int day = 1; day <= days_in(year, month); day++, now += 86400) {
				char text[AIM__TIME_TEXT_SIZE];
				int64_t us = 0;
				put(expected + 8, day, 2);
				if (aim__time_format_s(text, now) != AIM_OK || strcmp(text, expected) != 0)
					fail_msg("%s is not %s", text, expected);
				if (aim__time_parse_us(aim_str_from(text), &us) != AIM_OK || us != now * 1000000)
					fail_msg("%s is not read back", expected);
			}
		}
	}
	assert_true(now == LAST_S + 1);
}

static void round_trip_of_microseconds(void **state)
{
	(void)state;
	uint64_t x = 88172645463325252u;
	const uint64_t range = (uint64_t)(LAST_US - FIRST_S * 1000000) + 1;
	for (int i = 0; i < 200000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		int64_t us = (int64_t)(x % range) + FIRST_S * 1000000;
		int64_t back = 0;
		char text[AIM__TIME_TEXT_SIZE];
		assert_status(aim__time_format_us(text, us), AIM_OK);
		assert_status(aim__time_parse_us(aim_str_from(text), &back), AIM_OK);
		assert_true(back == us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_dates),
		cmocka_unit_test(microseconds),
		cmocka_unit_test(times_outside_four_digit_years_are_refused),
		cmocka_unit_test(forms_that_are_read),
		cmocka_unit_test(forms_that_are_refused),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_day_in_order),
		cmocka_unit_test(round_trip_of_microseconds),
	};
	return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
