/* The formatter: each conversion, hostile bytes, every capacity. */
#include "support.h"

#include <limits.h>
#include <string.h>

#include "base/format.h"

#define assert_formats(expected, ...)                                                              \
	do {                                                                                           \
		char text_[256];                                                                           \
		size_t n_ = aim__format(text_, sizeof text_, __VA_ARGS__);                                 \
		assert_string_equal(text_, (expected));                                                    \
		assert_int_equal(n_, strlen(expected));                                                    \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	assert_formats("0 -1 42", "%d %d %d", 0, -1, 42);
	assert_formats("2147483647 -2147483648", "%d %d", INT_MAX, INT_MIN);
	assert_formats("4294967295", "%u", UINT_MAX);
	assert_formats("-9223372036854775808", "%lld", LLONG_MIN);
	assert_formats("-5 18446744073709551615", "%ld %llu", -5L, ULLONG_MAX);
	assert_formats("7 8 -9", "%lu %zu %zd", 7ul, (size_t)8, (ptrdiff_t)-9);
	assert_formats("18446744073709551615", "%zu", SIZE_MAX);
	assert_formats("0 ff deadbeef", "%x %x %x", 0u, 255u, 0xdeadbeefu);
	assert_formats("123456789abcdef0 ffffffffffffffff", "%llx %llx", 0x123456789abcdef0ull, ULLONG_MAX);
}

/* The compiler would warn about what goes through here; the formatter must survive them. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t format_unchecked(char *dst, size_t cap, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t n = aim__vformat(dst, cap, format, args);
	va_end(args);
	return n;
}
#pragma GCC diagnostic pop

static void texts(void **state)
{
	(void)state;
	char text[8];
	aim_str none = {NULL, 0};
	assert_formats("a b", "%s %s", "a", "b");
	format_unchecked(text, sizeof text, "[%s]", (const char *)NULL);
	assert_string_equal(text, "[]");
	assert_formats("[]", "[%.*s]", AIM__STR(none));
	assert_formats("[]", "[%.*s]", -1, "abc");
	assert_formats("[ab]", "[%.*s]", 2, "abc");
	assert_formats("x?", "%c%c", 'x', '\n');
	assert_formats("?", "%c", 0xE9);
	assert_formats("100%", "%d%%", 100);
}

static void unknown_conversions_are_copied(void **state)
{
	(void)state;
	static const char *const formats[] = {"%", "%q", "50%", "%5d", "%.3s", "%lz", "%l", "%z", "%f"};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		char text[32];
		format_unchecked(text, sizeof text, formats[i], 0);
		assert_string_equal(text, formats[i]);
	}
}

static void bytes_from_outside_are_made_harmless(void **state)
{
	(void)state;
	assert_formats("a?b", "%s", "a\x1b" "b");            /* terminal escape */
	assert_formats("a?b", "%s", "a\x7f" "b");            /* delete */
	assert_formats("a?b", "%s", "a\xc2\x9b" "b");        /* CSI, the C1 control */
	assert_formats("?x", "%s", "\xffx");                 /* never a UTF-8 byte */
	assert_formats("??", "%s", "\xc0\xaf");              /* overlong slash */
	assert_formats("???", "%s", "\xed\xa0\x80");         /* surrogate */
	assert_formats("????", "%s", "\xf4\x90\x80\x80");    /* above U+10FFFF */
	assert_formats("??", "%s", "\xe2\x82");              /* cut short */
	assert_formats("\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0", "%s", "\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0");
	assert_formats("a?b", "%.*s", 3, "a\0b");
}

static void every_capacity_gives_a_valid_prefix(void **state)
{
	(void)state;
	const char *whole = "\xe2\x82\xac-7 lit\xc3\xa9ral \xf0\x9f\x98\x80 end ff";
	size_t len = strlen(whole);
	char text[64];
	for (size_t cap = 0; cap <= len + 2; cap++) {
		memset(text, 'Z', sizeof text);
		size_t n = aim__format(text, cap, "%s%d lit\xc3\xa9ral %.*s end %x", "\xe2\x82\xac", -7, 4,
		                       "\xf0\x9f\x98\x80", 255u);
		if (cap == 0) {
			assert_int_equal(n, 0);
			assert_int_equal(text[0], 'Z');
			continue;
		}
		assert_true(n < cap);
		assert_int_equal(text[n], '\0');
		assert_int_equal(text[cap], 'Z');
		assert_memory_equal(text, whole, n);
		for (size_t i = 0; i < n;) {
			size_t step = aim__utf8_sequence((const uint8_t *)text + i, n - i);
			assert_true(step > 0);
			i += step;
		}
	}
	assert_int_equal(strlen(text), len);
}

static void a_full_buffer_takes_nothing_more(void **state)
{
	(void)state;
	char text[4];
	aim__format(text, sizeof text, "%s%s", "ab\xe2\x82\xac", "c"); /* c would fit and must not follow the gap */
	assert_string_equal(text, "ab");
}

static void number_texts(void **state)
{
	(void)state;
	char text[21];
	assert_int_equal(aim__u64_text(text, 0), 1);
	assert_memory_equal(text, "0", 1);
	assert_int_equal(aim__u64_text(text, UINT64_MAX), 20);
	assert_memory_equal(text, "18446744073709551615", 20);
	assert_int_equal(aim__i64_text(text, INT64_MIN), 20);
	assert_memory_equal(text, "-9223372036854775808", 20);
	assert_int_equal(aim__i64_text(text, INT64_MAX), 19);
	assert_memory_equal(text, "9223372036854775807", 19);
}

static size_t encode(uint8_t out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3F));
	out[0] = (uint8_t)((0xF00 >> n & 0xFF) | c); /* 110xxxxx, 1110xxxx, 11110xxx */
	return n;
}

static void every_character_is_a_sequence(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		uint8_t p[4];
		size_t n = encode(p, c);
		int valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
		if (aim__utf8_sequence(p, n) != (valid ? n : 0))
			fail_msg("U+%04X", c);
		for (size_t cut = 0; cut < n; cut++)
			if (aim__utf8_sequence(p, cut) != 0)
				fail_msg("U+%04X cut to %zu", c, cut);
	}
}

/* RFC 3629: 1 920 sequences of two bytes, 61 440 of three; what is not among them is refused. */
static void nothing_else_is_a_sequence(void **state)
{
	(void)state;
	size_t two = 0, three = 0, four = 0;
	for (uint32_t x = 0; x < 0x1000000; x++) {
		const uint8_t p[3] = {(uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x};
		size_t n = aim__utf8_sequence(p, 3);
		three += n == 3;
		two += n == 2 && p[2] == 0;
	}
	for (uint32_t x = 0; x < 0x1000000; x++) { /* F0 … FF leads, all trailers but the last */
		const uint8_t p[4] = {(uint8_t)(0xF0 | x >> 20), (uint8_t)(x >> 12), (uint8_t)(x >> 4),
		                      (uint8_t)(0x80 | (x & 0xF))};
		four += aim__utf8_sequence(p, 4) == 4;
	}
	assert_int_equal(two, 1920);
	assert_int_equal(three, 61440);
	assert_int_equal(four, 1048576 / 64 * 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
		cmocka_unit_test(unknown_conversions_are_copied),
		cmocka_unit_test(bytes_from_outside_are_made_harmless),
		cmocka_unit_test(every_capacity_gives_a_valid_prefix),
		cmocka_unit_test(a_full_buffer_takes_nothing_more),
		cmocka_unit_test(number_texts),
		cmocka_unit_test(every_character_is_a_sequence),
		cmocka_unit_test(nothing_else_is_a_sequence),
	};
	return cmocka_run_group_tests_name("base/format", tests, NULL, NULL);
}
