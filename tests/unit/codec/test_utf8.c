/* UTF-8 helpers, and the two scanners of string text against a plain loop. */
#include "support.h"

#include "codec/scan.h"
#include "codec/utf8.h"
#include <stdlib.h>
#include <string.h>

/* Every code point: put, valid, next agree; surrogates and what lies above U+10FFFF are refused. */
static void test_every_code_point(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		uint8_t bytes[4];
		size_t n = aim__utf8_put(bytes, c);
		aim_str text = {(const char *)bytes, n};
		size_t offset = 0;
		assert_int_equal(aim__utf8_valid(text, NULL), c < 0xD800 || c > 0xDFFF);
		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		assert_int_equal(aim__utf8_next(text, &offset), c);
		assert_int_equal(offset, n);
		assert_int_equal(aim__utf8_next(text, &offset), AIM__UTF8_END);
		text.len = n - 1;
		assert_int_equal(aim__utf8_valid(text, NULL), n == 1);
	}
}

static void test_the_first_bad_byte_is_named(void **state)
{
	static const struct {
		const char *text;
		size_t bad;
	} cases[] = {
		{"\xFF", 0},
		{"abc\x80", 3},
		{"0123456789\xC3\xA9\xC3", 12},
		{"\xE2\x82\xAC\xED\xA0\x80", 3},
		{"0123456701234567\xF4\x90\x80\x80", 16},
		{"\xC0\xAF", 0},
		{"a\xE0\x80\xAF", 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t bad = 99;
		assert_int_equal(aim__utf8_valid(aim_str_from(cases[i].text), &bad), 0);
		assert_int_equal(bad, cases[i].bad);
	}
	assert_int_equal(aim__utf8_valid(aim_str_from(NULL), NULL), 1);
}

static size_t to_utf16(aim_str text, uint16_t *units)
{
	size_t n = 0, offset = 0;
	for (uint32_t c; (c = aim__utf8_next(text, &offset)) != AIM__UTF8_END;) {
		if (c >= 0x10000) {
			units[n++] = (uint16_t)(0xD800 + ((c - 0x10000) >> 10));
			c = 0xDC00 + (c & 0x3FF);
		}
		units[n++] = (uint16_t)c;
	}
	return n;
}

/* Against a comparison of the code units themselves. */
static void test_utf16_order(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"aa",
		"ab",
		"b",
		"\x7F",
		"\xC2\x80",
		"\xDF\xBF",
		"\xE0\xA0\x80",
		"\xED\x9F\xBF",
		"\xEE\x80\x80",
		"\xEF\xBF\xBF",
		"\xF0\x90\x80\x80",
		"\xF0\x9F\x98\x80",
		"\xF4\x8F\xBF\xBF",
		"a\xEE\x80\x80",
		"a\xF0\x90\x80\x80",
		"\xEE\x80\x80"
		"a",
		"\xF0\x90\x80\x80"
		"a",
		"\xEE\x80\x81",
		"\xF0\x90\x80\x81",
	};
	enum { N = sizeof texts / sizeof *texts };
	(void)state;
	for (size_t i = 0; i < N; i++) {
		for (size_t k = 0; k < N; k++) {
			uint16_t a[8], b[8];
			size_t n = to_utf16(aim_str_from(texts[i]), a);
			size_t m = to_utf16(aim_str_from(texts[k]), b);
			int expected = 0;
			for (size_t u = 0; expected == 0 && u < n && u < m; u++)
				expected = (a[u] > b[u]) - (a[u] < b[u]);
			if (expected == 0)
				expected = (n > m) - (n < m);
			assert_int_equal(
			    aim__utf8_compare_utf16(aim_str_from(texts[i]), aim_str_from(texts[k])),
			    expected);
		}
	}
}

/* Every byte at every place of texts of every short length, in blocks of exactly their size. */
static void test_scanners_agree(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 40; len++) {
		uint8_t *text = test_malloc(len ? len : 1);
		for (size_t at = 0; at < len; at++) {
			for (int byte = 0; byte < 256; byte++) {
				memset(text, 'x', len);
				text[at] = (uint8_t)byte;
				size_t expected = aim__scan_is_plain((uint8_t)byte) ? len : at;
				assert_ptr_equal(aim__scan_plain_portable(text, text + len),
				                 text + expected);
				assert_ptr_equal(aim__scan_plain(text, text + len),
				                 text + expected);
			}
		}
		test_free(text);
	}
}

static void test_scanners_agree_on_noise(void **state)
{
	uint8_t text[256];
	uint32_t x = 1;
	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof text; i++) {
			x = x * 1664525u + 1013904223u;
			text[i] = (uint8_t)(x >> 24);
		}
		for (size_t start = 0; start < sizeof text; start++) {
			const uint8_t *expected = text + start;
			while (expected < text + sizeof text && aim__scan_is_plain(*expected))
				expected++;
			assert_ptr_equal(aim__scan_plain_portable(text + start, text + sizeof text),
			                 expected);
			assert_ptr_equal(aim__scan_plain(text + start, text + sizeof text),
			                 expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_the_first_bad_byte_is_named),
		cmocka_unit_test(test_utf16_order),
		cmocka_unit_test(test_scanners_agree),
		cmocka_unit_test(test_scanners_agree_on_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
