/* What a parsed document answers, where errors are placed, and that reuse is free. */
#include "support.h"

#include "base/error.h"
#include "codec/json.h"
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

static aim_bytes bytes_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

/* Copies text without its NUL; the bytes copied. */
static size_t put(char *dst, const char *text)
{
	memcpy(dst, text, strlen(text));
	return strlen(text);
}

static void parse(const char *text)
{
	aim_error err = {0};
	if (aim_json_parse(doc, bytes_of(text), 0, &err) != AIM_OK)
		fail_msg("%s: %s", text, err.message);
}

static aim_json_value at(const char *pointer)
{
	return aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(pointer));
}

static void assert_raw(const char *pointer, const char *expected)
{
	aim_bytes raw = aim_json_raw(doc, at(pointer));
	aim_str text = {(const char *)raw.ptr, raw.len};
	assert_text(text, expected);
}

static const char sample[] =
    "{ \"null\": null, \"t\":true ,\"f\":false, \"n\":[ -1.50, 12, 1e2 ],\n"
    "\"s\":\"a\\u00e9\\n\",\"empty\":\"\",\"e\":{},\"a\":[],\n"
    "\"o\":{\"x\":{\"y\":[[1],[2,[3]]]},\"z\":4}}";

static void test_types_and_values(void **state)
{
	int64_t number = 0;
	int32_t flag = 7;
	(void)state;
	parse(sample);
	assert_int_equal(aim_json_type(doc, AIM_JSON_ROOT), AIM_JSON_OBJECT);
	assert_int_equal(aim_json_count(doc, AIM_JSON_ROOT), 9);
	assert_int_equal(aim_json_type(doc, at("/null")), AIM_JSON_NULL);
	assert_status(aim_json_bool(doc, at("/t"), &flag), AIM_OK);
	assert_int_equal(flag, 1);
	assert_status(aim_json_bool(doc, at("/f"), &flag), AIM_OK);
	assert_int_equal(flag, 0);
	assert_int_equal(aim_json_count(doc, at("/n")), 3);
	assert_text(aim_json_number_text(doc, at("/n/0")), "-1.50");
	assert_status(aim_json_int64(doc, at("/n/0"), &number), AIM_E_JSON_NUMBER);
	assert_status(aim_json_int64(doc, at("/n/2"), &number), AIM_OK);
	assert_int_equal(number, 100);
	assert_text(aim_json_string(doc, at("/s")), "a\xC3\xA9\n");
	assert_text(aim_json_string(doc, at("/empty")), "");
	assert_non_null(aim_json_string(doc, at("/empty")).ptr);
	assert_int_equal(aim_json_count(doc, at("/e")), 0);
	assert_int_equal(aim_json_first(doc, at("/e")), AIM_JSON_NONE);
	assert_int_equal(aim_json_first(doc, at("/a")), AIM_JSON_NONE);
}

static void test_raw_spans(void **state)
{
	(void)state;
	parse(sample);
	assert_raw("", sample);
	assert_raw("/null", "null");
	assert_raw("/n", "[ -1.50, 12, 1e2 ]");
	assert_raw("/s", "\"a\\u00e9\\n\"");
	assert_raw("/empty", "\"\"");
	assert_raw("/e", "{}");
	assert_raw("/o/x", "{\"y\":[[1],[2,[3]]]}");
	assert_raw("/o/z", "4");
	assert_null(aim_json_raw(doc, AIM_JSON_NONE).ptr);
}

static void test_iteration_follows_the_source(void **state)
{
	static const char *const names[] = {"null", "t", "f", "n", "s", "empty", "e", "a", "o"};
	size_t n = 0;
	(void)state;
	parse(sample);
	for (aim_json_value v = aim_json_first(doc, 0); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v)) {
		assert_text(aim_json_key(doc, v), names[n++]);
		assert_int_equal(aim_json_member(doc, 0, aim_json_key(doc, v)), v);
	}
	assert_int_equal(n, 9);
	n = 0;
	for (aim_json_value v = aim_json_first(doc, at("/o/x/y")); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v))
		n++;
	assert_int_equal(n, 2);
	assert_int_equal(aim_json_next(doc, AIM_JSON_ROOT), AIM_JSON_NONE);
	assert_null(aim_json_key(doc, at("/n/1")).ptr);
	assert_null(aim_json_key(doc, AIM_JSON_ROOT).ptr);
}

static void test_wrong_types_and_numbers_are_harmless(void **state)
{
	int64_t number = 5;
	int32_t flag = 5;
	(void)state;
	parse(sample);
	const aim_json_value values[] = {AIM_JSON_NONE, 0x7FFFFFFF, 1 /* a key's node */,
	                                 at("/null")};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_null(aim_json_string(doc, values[i]).ptr);
		assert_null(aim_json_number_text(doc, values[i]).ptr);
		assert_status(aim_json_int64(doc, values[i], &number), AIM_E_JSON_TYPE);
		assert_status(aim_json_bool(doc, values[i], &flag), AIM_E_JSON_TYPE);
		assert_int_equal(aim_json_count(doc, values[i]), 0);
		assert_int_equal(aim_json_first(doc, values[i]), AIM_JSON_NONE);
		assert_int_equal(aim_json_member(doc, values[i], aim_str_from("t")), AIM_JSON_NONE);
		assert_int_equal(aim_json_at(doc, values[i], aim_str_from("/t")), AIM_JSON_NONE);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(aim_json_type(doc, values[i]), AIM_JSON_ABSENT);
		assert_int_equal(aim_json_next(doc, values[i]), AIM_JSON_NONE);
		assert_null(aim_json_raw(doc, values[i]).ptr);
	}
	assert_int_equal(number, 5);
	assert_int_equal(flag, 5);
}

static void test_misuse(void **state)
{
	int32_t flag;
	int64_t number;
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_json_new(NULL, &doc), AIM_E_INVALID);
	assert_status(aim_json_new(ctx, NULL), AIM_E_INVALID);
	assert_status(aim_json_parse(NULL, bytes_of("1"), 0, NULL), AIM_E_INVALID);
	assert_status(aim_json_parse(doc, bytes_of("1"), 4, NULL), AIM_E_INVALID);
	aim_bytes nowhere = {NULL, 3};
	assert_status(aim_json_parse(doc, nowhere, 0, NULL), AIM_E_INVALID);
	assert_int_equal(aim_json_type(NULL, 0), AIM_JSON_ABSENT);
	assert_int_equal(aim_json_first(NULL, 0), AIM_JSON_NONE);
	assert_int_equal(aim_json_next(NULL, 0), AIM_JSON_NONE);
	assert_int_equal(aim_json_member(NULL, 0, aim_str_from("a")), AIM_JSON_NONE);
	assert_int_equal(aim_json_at(NULL, 0, aim_str_from("/a")), AIM_JSON_NONE);
	assert_null(aim_json_string(NULL, 0).ptr);
	assert_null(aim_json_raw(NULL, 0).ptr);
	assert_status(aim_json_bool(NULL, 0, &flag), AIM_E_INVALID);
	assert_status(aim_json_int64(doc, 0, NULL), AIM_E_INVALID);
	assert_status(aim_json_int64(NULL, 0, &number), AIM_E_INVALID);
	assert_status(aim_json_pointer(doc, 0, out), AIM_E_INVALID);
	assert_status(aim_json_position(NULL, 0, NULL, NULL, NULL), AIM_E_INVALID);
	aim_json_free(NULL);
}

/* RFC 6901 §5, and what is not a pointer or leads nowhere. */
static void test_pointers(void **state)
{
	static const char *const found[][2] = {
		{"/foo", "[\"bar\",\"baz\"]"},
		{"/foo/0", "\"bar\""},
		{"/", "0"},
		{"/a~1b", "1"},
		{"/c%d", "2"},
		{"/e^f", "3"},
		{"/g|h", "4"},
		{"/i\\j", "5"},
		{"/k\"l", "6"},
		{"/ ", "7"},
		{"/m~0n", "8"},
		{"/~01", "9"},
	};
	static const char *const lost[] = {
		"foo",     "/none", "/foo/2",           "/foo/-",  "/foo/00", "/foo/+1",
		"/foo/1x", "/foo/", "/foo/99999999999", "/foo/0/", "//",      "/a~b",
		"/a~",     "/m~2n", "/foo/0/0",         "#/foo"};
	(void)state;
	parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/"
	      "b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,"
	      "\" \":7,\"m~n\":8,\"~1\":9}");
	assert_int_equal(at(""), AIM_JSON_ROOT);
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		assert_raw(found[i][0], found[i][1]);
	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
		assert_int_equal(at(lost[i]), AIM_JSON_NONE);
	aim_json_value foo = at("/foo");
	assert_int_equal(aim_json_at(doc, foo, aim_str_from("/1")), at("/foo/1"));
}

static void check_pointers_below(aim_json_value value, aim_buf *out)
{
	aim_buf_clear(out);
	assert_status(aim_json_pointer(doc, value, out), AIM_OK);
	assert_int_equal(aim_json_at(doc, AIM_JSON_ROOT, aim_buf_str(out)), value);
	for (aim_json_value v = aim_json_first(doc, value); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v))
		check_pointers_below(v, out);
}

static void test_every_value_has_a_pointer_that_finds_it(void **state)
{
	aim_buf *out = NULL;
	(void)state;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	parse(sample);
	check_pointers_below(AIM_JSON_ROOT, out);
	parse("[[],{\"~/~1/\":[{\"\":[0,1,[2]]}]},\"x\"]");
	check_pointers_below(AIM_JSON_ROOT, out);
	assert_status(aim_json_pointer(doc, AIM_JSON_NONE, out), AIM_E_NOT_FOUND);
	aim_buf_free(out);
}

static void test_positions(void **state)
{
	uint64_t offset;
	uint32_t line, column;
	(void)state;
	parse("{\n  \"a\": [1,\n 22],\r\n\"b\":\"\xC3\xA9\", \"c\":null}");
	assert_status(aim_json_position(doc, at("/a/1"), &offset, &line, &column), AIM_OK);
	assert_int_equal(offset, 14);
	assert_int_equal(line, 3);
	assert_int_equal(column, 2);
	assert_status(aim_json_position(doc, at("/c"), NULL, &line, &column), AIM_OK);
	assert_int_equal(line, 4);
	assert_int_equal(column, 15);
	assert_status(aim_json_position(doc, at("/d"), NULL, NULL, NULL), AIM_E_NOT_FOUND);
	aim_error err = {0};
	aim__fail_plain(&err, AIM_E_JSON_TYPE, AIM_LAYER_CODEC);
	aim__json_error_at(doc, at("/b"), &err);
	assert_int_equal(err.line, 4);
	assert_int_equal(err.column, 5);
	assert_string_equal(err.pointer, "/b");
}

typedef struct mistake {
	const char *text;
	uint32_t line;
	uint32_t column;
	const char *pointer;
	const char *message;
} mistake;

static void test_errors_name_place_and_expectation(void **state)
{
	static const mistake cases[] = {
		{"", 1, 1, "", "unexpected end of the text, expected a value"},
		{"{\"a\":1\n\"b\":2}", 2, 1, "/a", "expected ',' or '}', found '\"'"},
		{"[1,\n2,\n  x]", 3, 3, "/2", "expected a value, found 'x'"},
		{"{\"a\":{\"b\":[0,{\"c/d\" 1}]}}", 1, 21, "/a/b/1/c~1d", "expected ':', found '1'"},
		{"{\"a\":[[],[1 2]]}", 1, 13, "/a/1/0", "expected ',' or ']', found '2'"},
		{"{\"a\":1,}", 1, 8, "", "expected a member name, found '}'"},
		{"{,}", 1, 2, "", "expected a member name or '}', found ','"},
		{"[-]", 1, 3, "/0", "expected a digit, found ']'"},
		{"[1.]", 1, 4, "/0", "expected a digit behind the decimal point, found ']'"},
		{"[1e+]", 1, 5, "/0", "expected a digit in the exponent, found ']'"},
		{"[012]", 1, 2, "/0", "a number must not begin with 0"},
		{"[\"a\nb\"]", 1, 4, "/0", "a control character in a string must be escaped"},
		{"[\"\\x\"]", 1, 3, "/0", "unknown escape in a string"},
		{"[\"\\ud800\"]", 1, 3, "/0", "high surrogate without a low one behind it"},
		{"[\"\\udc00\"]", 1, 3, "/0", "low surrogate without a high one in front of it"},
		{"{\"k\":\"\xFF\"}", 1, 7, "/k", "invalid UTF-8 in a string"},
		{"[\xFF]", 1, 2, "/0", "invalid UTF-8, expected a value"},
		{"[\x01]", 1, 2, "/0", "expected a value, found byte 0x1"},
		{"{} x", 1, 4, "", "expected the end of the text, found 'x'"},
		{"{\"x\":[{\"a\":1,\n \"b\":{},\n \"a\":2}]}", 3, 2, "/x/0/a",
	     "a second member of the same name"},
		{"\xEF\xBB\xBF{}", 1, 1, "",
	     "expected a value, found a byte order mark (RFC 8259 section 8.1)"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const mistake *m = &cases[i];
		aim_error err = {0};
		assert_true(aim_json_parse(doc, bytes_of(m->text), 0, &err) != AIM_OK);
		assert_string_equal(err.message, m->message);
		assert_string_equal(err.pointer, m->pointer);
		assert_int_equal(err.line, m->line);
		assert_int_equal(err.column, m->column);
	}
}

/* A pointer that does not fit is cut between names. */
static void test_long_error_pointers(void **state)
{
	aim_error err = {0};
	(void)state;
	const char *text = "{\"0123456789012345678901234567890123456789\":{"
	                   "\"0123456789012345678901234567890123456789\":"
	                   "{\"0123456789012345678901234567890123456789\":[x]}}}";
	assert_status(aim_json_parse(doc, bytes_of(text), 0, &err), AIM_E_JSON_SYNTAX);
	assert_string_equal(err.pointer, "/0123456789012345678901234567890123456789"
	                                 "/0123456789012345678901234567890123456789");
}

static void test_borrowed_text_is_read_in_place(void **state)
{
	char text[] = "{\"a\":\"plain\",\"b\":\"esc\\u0061ped\"}";
	(void)state;
	assert_status(aim_json_parse(doc, bytes_of(text), AIM_JSON_BORROW, NULL), AIM_OK);
	assert_ptr_equal(aim_json_string(doc, at("/a")).ptr, text + 6);
	assert_text(aim_json_string(doc, at("/b")), "escaped");
	assert_status(aim_json_parse(doc, bytes_of(text), 0, NULL), AIM_OK);
	memset(text, 'x', sizeof text);
	assert_text(aim_json_string(doc, at("/a")), "plain");
	assert_text(aim_json_string(doc, at("/b")), "escaped");
}

static void test_a_failed_parse_leaves_an_empty_document(void **state)
{
	(void)state;
	parse(sample);
	assert_status(aim_json_parse(doc, bytes_of("[1,2"), 0, NULL), AIM_E_JSON_SYNTAX);
	assert_int_equal(aim_json_type(doc, AIM_JSON_ROOT), AIM_JSON_ABSENT);
	assert_int_equal(aim_json_first(doc, AIM_JSON_ROOT), AIM_JSON_NONE);
	assert_int_equal(at(""), AIM_JSON_NONE);
	parse("[7]");
	assert_raw("/0", "7");
}

static void test_reuse_allocates_nothing(void **state)
{
	(void)state;
	parse(sample);
	size_t before = heap.n_allocs;
	for (int i = 0; i < 10; i++) {
		parse(sample);
		parse("[1,\"\\n\"]");
		assert_true(aim_json_parse(doc, bytes_of("[1,"), 0, NULL) != AIM_OK);
	}
	assert_int_equal(heap.n_allocs, before);
}

static void test_cold_parse_allocates_little(void **state)
{
	static char text[4096];
	size_t n = 0;
	(void)state;
	text[n++] = '[';
	while (n < 4000)
		n += put(text + n, "{\"name\":\"search\",\"description\":\"Searches.\\n\"},");
	text[n - 1] = ']';
	size_t before = heap.n_allocs;
	parse(text);
	assert_true(heap.n_allocs - before <= 3);
}

/* Appends one member; every third name is written with an escape. The letters tell the names
 * apart. */
static size_t put_member(char *dst, int index, int escaped)
{
	size_t n = put(dst, escaped ? "\"n\\u0061me" : "\"name");
	dst[n++] = (char)('A' + index / 26);
	dst[n++] = (char)('A' + index % 26);
	return n + put(dst + n, index % 2 ? "\":[{}]," : "\":1,");
}

/* Objects of every size around the change from pairs to a set; a duplicate of each member in
 * turn. */
static void test_duplicates_in_objects_of_every_size(void **state)
{
	char text[2048];
	(void)state;
	for (int n = 1; n <= 40; n++) {
		for (int twin = -1; twin < n; twin++) {
			size_t len = 0;
			text[len++] = '{';
			for (int i = 0; i < n; i++)
				len += put_member(text + len, i, i % 3 == 0);
			if (twin >= 0)
				len += put_member(text + len, twin, n % 2);
			memcpy(text + len - 1, "}", 2);
			assert_status(aim_json_parse(doc, bytes_of(text), 0, NULL),
			              twin < 0 ? AIM_OK : AIM_E_JSON_DUPLICATE);
		}
	}
}

static aim_status parse_and_print(aim_ctx *failing, void *arg)
{
	aim_json *fresh = NULL;
	aim_buf *out = NULL;
	aim_error err = {0};
	aim_status rc = aim_json_new(failing, &fresh);
	if (rc == AIM_OK)
		rc = aim_buf_new(failing, &out);
	if (rc == AIM_OK)
		rc = aim_json_parse(fresh, bytes_of(arg), 0, &err);
	assert_int_equal(aim_json_type(fresh, 0) != AIM_JSON_ABSENT, rc == AIM_OK);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(fresh, 0, AIM_JSON_JCS_EXACT_TEXT, out, &err);
	if (rc == AIM_OK)
		rc = aim_json_pointer(fresh, aim_json_first(fresh, 0), out);
	aim_buf_free(out);
	aim_json_free(fresh);
	return rc;
}

static void test_out_of_memory(void **state)
{
	static char text[32768];
	size_t n = 0;
	(void)state;
	text[n++] = '{';
	for (int i = 0; i < 600; i++) {
		size_t len = put(text + n, "\"k000\":[\"\\u00e9\",9007199254740993],");
		text[n + 2] = (char)('0' + i / 100);
		text[n + 3] = (char)('0' + i / 10 % 10);
		text[n + 4] = (char)('0' + i % 10);
		n += len;
	}
	text[n - 1] = '}';
	text[n] = '\0';
	test_each_allocation_fails(parse_and_print, text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_types_and_values),
		TEST(test_raw_spans),
		TEST(test_iteration_follows_the_source),
		TEST(test_wrong_types_and_numbers_are_harmless),
		TEST(test_misuse),
		TEST(test_pointers),
		TEST(test_every_value_has_a_pointer_that_finds_it),
		TEST(test_positions),
		TEST(test_errors_name_place_and_expectation),
		TEST(test_long_error_pointers),
		TEST(test_borrowed_text_is_read_in_place),
		TEST(test_a_failed_parse_leaves_an_empty_document),
		TEST(test_reuse_allocates_nothing),
		TEST(test_cold_parse_allocates_little),
		TEST(test_duplicates_in_objects_of_every_size),
		TEST(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
