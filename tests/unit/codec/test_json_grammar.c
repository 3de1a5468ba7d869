/* What the reader accepts and refuses, each text alone: RFC 8259, RFC 7493, and the cases that JSON
 * readers are known to disagree about. */
#include "support.h"

#include <aim/json.h>
#include <string.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_json *doc;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	return aim_json_new(ctx, &doc) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_json_free(doc);
	test_ctx_done(ctx, &heap);
	return 0;
}

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}

static const aim_bytes accepted[] = {
	/* scalars at the top, white space around them */
	TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("\"\""), TEXT("[]"), TEXT("{}"),
	TEXT(" \t\r\n1 \t\r\n"), TEXT("[ ]"), TEXT("{ }"), TEXT(" [ 1 , 2 ] "), TEXT("{ \"a\" : 1 }"),
	TEXT("\n{\n\"a\"\n:\n[\n]\n}\n"),
	/* numbers */
	TEXT("-0"), TEXT("-0.0"), TEXT("0.0"), TEXT("0e0"), TEXT("0E+0"), TEXT("-0e-0"), TEXT("1"), TEXT("-1"),
	TEXT("1.5"), TEXT("10.0200"), TEXT("1e1"), TEXT("1E1"), TEXT("1e+1"), TEXT("1e-1"), TEXT("1e00001"),
	TEXT("123456789012345678901234567890"), TEXT("1e999999999999999999999"), TEXT("1e-999999"),
	TEXT("0.00000000000000000000000000000000000000000000000000000001"), TEXT("[-1,0,1.0e-2]"),
	/* strings */
	TEXT("\"a\""), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\u0000\""), TEXT("\"\\u00e9\\u00E9\""),
	TEXT("\"\\uD83D\\uDE00\""), TEXT("\"\\udbff\\udfff\""), TEXT("\"\\uFFFF\\uFFFE\""),
	TEXT("\"\xC2\x80\""), TEXT("\"\xDF\xBF\""), TEXT("\"\xE0\xA0\x80\""), TEXT("\"\xED\x9F\xBF\""),
	TEXT("\"\xEE\x80\x80\""), TEXT("\"\xEF\xBF\xBF\""), TEXT("\"\xF0\x90\x80\x80\""),
	TEXT("\"\xF4\x8F\xBF\xBF\""), TEXT("\"\x7F\""), TEXT("\"\xE2\x80\xA8\xE2\x80\xA9\""),
	TEXT("\"\xEF\xBB\xBF\""), TEXT("\"/* no comment */ // none\""),
	TEXT("\"0123456789abcdef0123456789abcdef\\n0123456789abcdef\xC3\xA9 0123456789abcdef\""),
	/* structure */
	TEXT("[[[[[[]]]]]]"), TEXT("[[],[],{}]"), TEXT("{\"\":0}"), TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
	TEXT("[{\"a\":1},{\"a\":1}]"), TEXT("{\"a\":1,\"A\":2}"), TEXT("{\"\\u0000\":1,\"\":2}"),
	TEXT("{\"\xC3\xA9\":1,\"e\xCC\x81\":2}"), /* é composed and decomposed are two names */
	TEXT("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}"),
};

typedef struct refusal {
	aim_bytes text;
	aim_status status;
	uint64_t offset;
} refusal;

#define REFUSE(literal, status, offset) {TEXT(literal), status, offset}
#define SYNTAX(literal, offset) REFUSE(literal, AIM_E_JSON_SYNTAX, offset)

static const refusal refused[] = {
	/* nothing, or not enough */
	SYNTAX("", 0), SYNTAX(" ", 1), SYNTAX("[", 1), SYNTAX("{", 1), SYNTAX("[1", 2), SYNTAX("[1,", 3),
	SYNTAX("{\"a\"", 4), SYNTAX("{\"a\":", 5), SYNTAX("{\"a\":1", 6), SYNTAX("{\"a\":1,", 7),
	SYNTAX("\"", 1), SYNTAX("\"a", 2), SYNTAX("\"\\", 2), SYNTAX("\"\\u", 1), SYNTAX("\"\\u00", 1),
	SYNTAX("-", 1), SYNTAX("t", 0), SYNTAX("nul", 0), SYNTAX("fals", 0), SYNTAX("[[[]", 4),
	/* structure */
	SYNTAX("]", 0), SYNTAX("}", 0), SYNTAX(",", 0), SYNTAX(":", 0), SYNTAX("[}", 1), SYNTAX("{]", 1),
	SYNTAX("[1}", 2), SYNTAX("{\"a\":1]", 6), SYNTAX("[,]", 1), SYNTAX("[1,]", 3), SYNTAX("[,1]", 1),
	SYNTAX("[1,,2]", 3), SYNTAX("[1 2]", 3), SYNTAX("[1:2]", 2), SYNTAX("{,}", 1), SYNTAX("{\"a\"}", 4),
	SYNTAX("{\"a\",1}", 4), SYNTAX("{\"a\":}", 5), SYNTAX("{\"a\"::1}", 5), SYNTAX("{\"a\":1,}", 7),
	SYNTAX("{\"a\":1,,\"b\":2}", 7), SYNTAX("{\"a\":1 \"b\":2}", 7), SYNTAX("{\"a\":1;\"b\":2}", 6),
	SYNTAX("{1:1}", 1), SYNTAX("{null:1}", 1), SYNTAX("{a:1}", 1), SYNTAX("{'a':1}", 1),
	SYNTAX("{\"a\" \"b\"}", 5), SYNTAX("{[]:1}", 1), SYNTAX("{:1}", 1), SYNTAX("[\"a\"", 4),
	/* words */
	SYNTAX("True", 0), SYNTAX("NULL", 0), SYNTAX("nan", 0), SYNTAX("NaN", 0), SYNTAX("Infinity", 0),
	SYNTAX("undefined", 0), SYNTAX("tru e", 0), SYNTAX("'a'", 0), SYNTAX("a", 0),
	/* comments and other dialects */
	SYNTAX("/**/1", 0), SYNTAX("[1,/**/2]", 3), SYNTAX("#", 0),
	/* numbers */
	SYNTAX("+1", 0), SYNTAX("01", 0), SYNTAX("-01", 0), SYNTAX("00", 0), SYNTAX("[-]", 2), SYNTAX("--1", 1),
	SYNTAX(".5", 0), SYNTAX("-.5", 1), SYNTAX("1.", 2), SYNTAX("[1.]", 3), SYNTAX("1.e1", 2),
	SYNTAX("1e", 2), SYNTAX("1e+", 3), SYNTAX("1e-", 3), SYNTAX("[1e]", 3),
	SYNTAX("-Infinity", 1), SYNTAX("-NaN", 1), SYNTAX("[1_000]", 2), SYNTAX("[0x1]", 2), SYNTAX("[1a]", 2),
	SYNTAX("\xEF\xBC\x91", 0), /* a full-width digit */
	/* strings */
	SYNTAX("\"\n\"", 1), SYNTAX("\"\t\"", 1), SYNTAX("\"\x1F\"", 1), SYNTAX("\"a\0b\"", 2),
	SYNTAX("\"0123456789abcdef\x01\"", 17), SYNTAX("\"\\a\"", 1), SYNTAX("\"\\'\"", 1), SYNTAX("\"\\x41\"", 1),
	SYNTAX("\"\\0\"", 1), SYNTAX("\"\\U0041\"", 1), SYNTAX("\"\\u004\"", 1), SYNTAX("\"\\u00G0\"", 1),
	SYNTAX("\"\\u 041\"", 1), SYNTAX("\"\\\n\"", 1), SYNTAX("\"\\\xC3\xA9\"", 1), SYNTAX("{\"\n\":1}", 2),
	/* white space that JSON does not know */
	SYNTAX("\f1", 0), SYNTAX("\v1", 0), SYNTAX("[1\f]", 2), SYNTAX("\xC2\xA0" "1", 0), SYNTAX("\0", 0),
	SYNTAX("\xE2\x80\xA8" "1", 0), SYNTAX("[\0]", 1),
	/* byte order marks and other encodings */
	SYNTAX("\xEF\xBB\xBF", 0), SYNTAX("\xEF\xBB\xBF{}", 0),
	REFUSE("\xFF\xFE[\0]\0", AIM_E_UTF8, 0), REFUSE("\xFE\xFF\0[\0]", AIM_E_UTF8, 0), SYNTAX("\0[\0]", 0),
	/* UTF-8 */
	REFUSE("\"\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xBF\"", AIM_E_UTF8, 1), REFUSE("\"\xC3\"", AIM_E_UTF8, 1),
	REFUSE("\"\xC0\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xC1\xBF\"", AIM_E_UTF8, 1),
	REFUSE("\"\xE0\x80\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xE0\x9F\xBF\"", AIM_E_UTF8, 1),
	REFUSE("\"\xED\xA0\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xED\xBF\xBF\"", AIM_E_UTF8, 1),
	REFUSE("\"\xF0\x80\x80\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xF0\x8F\xBF\xBF\"", AIM_E_UTF8, 1),
	REFUSE("\"\xF4\x90\x80\x80\"", AIM_E_UTF8, 1), REFUSE("\"\xF5\x80\x80\x80\"", AIM_E_UTF8, 1),
	REFUSE("\"\xFF\"", AIM_E_UTF8, 1), REFUSE("\"ab\xE2\x82\"", AIM_E_UTF8, 3),
	REFUSE("\"\xC3\xA9\xE2\x82\"", AIM_E_UTF8, 3), REFUSE("\"\xF0\x9F\x98", AIM_E_UTF8, 1),
	REFUSE("{\"\xFF\":1}", AIM_E_UTF8, 2), REFUSE("[\xFF]", AIM_E_UTF8, 1), REFUSE("\xE5", AIM_E_UTF8, 0),
	/* surrogates */
	REFUSE("\"\\uD800\"", AIM_E_JSON_SURROGATE, 1), REFUSE("\"\\uDBFF\"", AIM_E_JSON_SURROGATE, 1),
	REFUSE("\"\\uDC00\"", AIM_E_JSON_SURROGATE, 1), REFUSE("\"a\\uDFFF\"", AIM_E_JSON_SURROGATE, 2),
	REFUSE("\"\\uDE00\\uD83D\"", AIM_E_JSON_SURROGATE, 1), REFUSE("\"\\uD83Dx\"", AIM_E_JSON_SURROGATE, 1),
	REFUSE("\"\\uD83D\\u0041\"", AIM_E_JSON_SURROGATE, 1), REFUSE("\"\\uD83D\\uD83D\"", AIM_E_JSON_SURROGATE, 1),
	REFUSE("\"\\uD83D\\n\"", AIM_E_JSON_SURROGATE, 1), REFUSE("\"\\uD83D\\uDE0\"", AIM_E_JSON_SURROGATE, 1),
	REFUSE("{\"\\uD800\":1}", AIM_E_JSON_SURROGATE, 2), REFUSE("\"\\uD800", AIM_E_JSON_SURROGATE, 1),
	/* more than one text */
	REFUSE("1 2", AIM_E_JSON_TRAILING, 2), REFUSE("{}{}", AIM_E_JSON_TRAILING, 2),
	REFUSE("[]]", AIM_E_JSON_TRAILING, 2), REFUSE("{}}", AIM_E_JSON_TRAILING, 2),
	REFUSE("null,", AIM_E_JSON_TRAILING, 4), REFUSE("\"a\"b", AIM_E_JSON_TRAILING, 3),
	REFUSE("1\0", AIM_E_JSON_TRAILING, 1), REFUSE("{}\n//", AIM_E_JSON_TRAILING, 3),
	REFUSE("true1", AIM_E_JSON_TRAILING, 4), REFUSE("1e1.", AIM_E_JSON_TRAILING, 3),
	REFUSE("0x1", AIM_E_JSON_TRAILING, 1), REFUSE("[1]// x", AIM_E_JSON_TRAILING, 3),
	/* duplicate names */
	REFUSE("{\"a\":1,\"a\":2}", AIM_E_JSON_DUPLICATE, 7), REFUSE("{\"a\":1,\"a\":1}", AIM_E_JSON_DUPLICATE, 7),
	REFUSE("{\"\":1,\"\":2}", AIM_E_JSON_DUPLICATE, 6), REFUSE("{\"a\":1,\"\\u0061\":2}", AIM_E_JSON_DUPLICATE, 7),
	REFUSE("{\"\\u0061\":1,\"a\":2}", AIM_E_JSON_DUPLICATE, 12),
	REFUSE("{\"/\":1,\"\\/\":2}", AIM_E_JSON_DUPLICATE, 7),
	REFUSE("{\"\xC3\xA9\":1,\"\\u00e9\":2}", AIM_E_JSON_DUPLICATE, 8),
	REFUSE("{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\uDE00\":2}", AIM_E_JSON_DUPLICATE, 10),
	REFUSE("[0,{\"x\":{\"b\":[],\"c\":{\"c\":1},\"b\":{}}}]", AIM_E_JSON_DUPLICATE, 28),
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		aim_error err = {0};
		aim_status rc = aim_json_parse(doc, accepted[i], 0, &err);
		if (rc != AIM_OK)
			fail_msg("%s: %s (%s)", (const char *)accepted[i].ptr, err.message, aim_status_name(rc));
		assert_int_equal(err.status, AIM_OK);
		assert_int_not_equal(aim_json_type(doc, AIM_JSON_ROOT), AIM_JSON_ABSENT);
	}
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const refusal *r = &refused[i];
		aim_error err = {0};
		aim_status rc = aim_json_parse(doc, r->text, 0, &err);
		if (rc != r->status || err.offset != r->offset)
			fail_msg("%s: %s at %d, expected %s at %d", (const char *)r->text.ptr, aim_status_name(rc),
			         (int)err.offset, aim_status_name(r->status), (int)r->offset);
		assert_int_equal(err.status, rc);
		assert_int_equal(err.layer, AIM_LAYER_CODEC);
		assert_int_not_equal(err.line, 0);
		assert_int_not_equal(err.message[0], 0);
		assert_int_equal(aim_json_type(doc, AIM_JSON_ROOT), AIM_JSON_ABSENT);
	}
}

/* A text borrowed in a block of exactly its size: a sanitizer sees any read behind its end. */
static void test_no_byte_behind_the_text_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		for (size_t len = 0; len <= accepted[i].len; len++) {
			uint8_t *copy = test_malloc(len ? len : 1);
			memcpy(copy, accepted[i].ptr, len);
			aim_status rc = aim_json_parse(doc, aim_bytes_from(copy, len), AIM_JSON_BORROW, NULL);
			if (len == accepted[i].len)
				assert_status(rc, AIM_OK);
			test_free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_byte_behind_the_text_is_read, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
