/* The canonical form: RFC 8785's own vectors under plain rounding, and the three rules for numbers
 * that binary64 changes. */
#include "vectors.h"

#include "codec/number.h"
#include <aim/hash.h>
#include <aim/json.h>
#include <stdlib.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_json *doc;
static aim_buf *out;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_buf_free(out);
	aim_json_free(doc);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_status canonicalize(aim_str text, uint32_t flags, aim_error *err)
{
	aim_buf_clear(out);
	assert_status(aim_json_parse(doc, aim_bytes_from_str(text), 0, err), AIM_OK);
	return aim_json_canonicalize(doc, AIM_JSON_ROOT, flags, out, err);
}

static void check(const char *text, uint32_t flags, const char *expected)
{
	aim_error err = {0};
	aim_status rc = canonicalize(aim_str_from(text), flags, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", text, err.message);
	assert_text(aim_buf_str(out), expected);
}

static void test_rfc8785_files(void **state)
{
	static const char *const names[] = {"arrays",  "french", "sorting", "structures",
	                                    "unicode", "values", "weird"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];
		snprintf(path, sizeof path, "rfc8785/input/%s.json", names[i]);
		assert_status(canonicalize(vectors_read(path), AIM_JSON_JCS_ROUND, NULL), AIM_OK);
		snprintf(path, sizeof path, "rfc8785/output/%s.json", names[i]);
		assert_text(aim_buf_str(out), vectors_read(path).ptr);
	}
}

static size_t es_text(uint64_t bits, char *dst)
{
	aim__shortest shortest;
	aim__shortest_from_bits(bits, &shortest);
	if (shortest.n_digits == 0) {
		*dst = '0';
		return 1;
	}
	return aim__number_write_es(dst, bits >> 63 != 0, shortest.digits, shortest.n_digits,
	                            shortest.exponent);
}

static void test_rfc8785_numbers(void **state)
{
	(void)state;
	char *rest = (char *)(uintptr_t)vectors_read("rfc8785/numbers.tsv").ptr;
	char *fields[2];
	size_t n = 0;
	for (; vectors_fields(&rest, fields, 2) == 2; n++) {
		char text[AIM__NUMBER_TEXT_SIZE];
		aim_str actual = {text, es_text(strtoull(fields[0], NULL, 16), text)};
		assert_text(actual, fields[1]);
		check(fields[1], AIM_JSON_JCS_ROUND, fields[1]);
		check(fields[1], 0, fields[1]); /* the shortest form is always kept */
	}
	assert_int_equal(n, 24);
}

/* The reference implementation's sequence: fixed values, 2 000 small ones, then SHA-256 of SHA-256
 * … as four little-endian binary64 each. */
typedef struct sequence {
	uint64_t fixed[256];
	size_t n_fixed;
	size_t index;
	uint8_t block[32];
	size_t used; /* of the block */
} sequence;

static uint64_t next_of_block(sequence *s)
{
	uint64_t bits = 0;
	if (s->used == 32) {
		assert_status(aim_hash_sha256(ctx, aim_bytes_from(s->block, 32), s->block), AIM_OK);
		s->used = 0;
	}
	for (size_t i = 0; i < 8; i++)
		bits |= (uint64_t)s->block[s->used + i] << (8 * i);
	s->used += 8;
	return bits;
}

static uint64_t next_of_sequence(sequence *s)
{
	size_t i = s->index++;
	if (i < s->n_fixed)
		return s->fixed[i];
	if (i < s->n_fixed + 2000)
		return 0x0010000000000000u + (uint64_t)(i - s->n_fixed);
	uint64_t bits;
	do {
		bits = next_of_block(s);
	} while (bits << 1 == 0 || (bits >> 52 & 0x7FF) == 0x7FF);
	return bits;
}

/* AIM_TEST_ES6_LINES extends this to 1 000 000 lines. */
static void test_es6_number_sequence(void **state)
{
	static sequence s = {.used = 32};
	struct {
		size_t n_lines;
		char hex[65];
	} sums[8];
	size_t n_sums = 0, line = 0;
	const char *wanted = getenv("AIM_TEST_ES6_LINES");
	size_t max = wanted ? strtoull(wanted, NULL, 10) : 10000;
	(void)state;
	char *rest = (char *)(uintptr_t)vectors_read("rfc8785/es6numbers.tsv").ptr;
	char *fields[3];
	while (vectors_fields(&rest, fields, 3) != 0) {
		if (strcmp(fields[0], "bits") == 0) {
			s.fixed[s.n_fixed++] = strtoull(fields[1], NULL, 16);
			continue;
		}
		sums[n_sums].n_lines = strtoull(fields[1], NULL, 10);
		memcpy(sums[n_sums++].hex, fields[2], 65);
	}
	assert_int_equal(n_sums, 5);
	aim_buf_clear(out);
	for (size_t i = 0; i < n_sums && sums[i].n_lines <= max; i++) {
		for (; line < sums[i].n_lines; line++) {
			char text[64];
			uint64_t bits = next_of_sequence(&s);
			int n = snprintf(text, sizeof text, "%llx,", (unsigned long long)bits);
			size_t len = (size_t)n + es_text(bits, text + n);
			text[len++] = '\n';
			assert_status(aim_buf_append(out, aim_bytes_from(text, len)), AIM_OK);
		}
		uint8_t digest[32];
		char hex[65];
		assert_status(aim_hash_sha256(ctx, aim_buf_bytes(out), digest), AIM_OK);
		for (size_t k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		assert_string_equal(hex, sums[i].hex);
	}
	assert_true(line >= 1000);
}

/* Kept: the same text under each flag. */
static void test_numbers_that_are_kept(void **state)
{
	static const char *const cases[][2] = {
		{"0", "0"},
		{"-0", "0"},
		{"-0.0e5", "0"},
		{"0e-999999999999", "0"},
		{"1", "1"},
		{"-1", "-1"},
		{"100", "100"},
		{"1e2", "100"},
		{"1.0", "1"},
		{"0.1", "0.1"},
		{"1.50", "1.5"},
		{"-0.10", "-0.1"},
		{"1e21", "1e+21"},
		{"1e20", "100000000000000000000"},
		{"1000000000000000000000", "1e+21"},
		{"123e18", "123000000000000000000"},
		{"123e19", "1.23e+21"},
		{"0.000001", "0.000001"},
		{"0.0000001", "1e-7"},
		{"12.3e-8", "1.23e-7"},
		{"123456789012345", "123456789012345"},
		{"1234567890123456", "1234567890123456"},
		{"9007199254740991", "9007199254740991"},
		{"9007199254740992", "9007199254740992"},
		{"9007199254740994", "9007199254740994"},
		{"333333333.3333332", "333333333.3333332"},
		{"0.30000000000000004", "0.30000000000000004"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"5e-324", "5e-324"},
		{"5.0e-324", "5e-324"},
		{"2.2250738585072014e-308", "2.2250738585072014e-308"},
		{"1e308", "1e+308"},
		{"1e-307", "1e-307"},
		{"1e-320", "1e-320"},
		{"123456789.012345e-300", "1.23456789012345e-292"},
		{"0.000000000000000000000000000001", "1e-30"},
		{"1E+00", "1"},
		{"1844674407370955.2e4", "18446744073709552000"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (uint32_t flags = 0; flags <= AIM_JSON_JCS_EXACT_TEXT; flags++)
			check(cases[i][0], flags, cases[i][1]);
}

typedef struct changed {
	const char *text;
	const char *rounded; /* NULL: refused */
	const char *exact;   /* NULL: refused */
} changed;

static void test_numbers_that_binary64_changes(void **state)
{
	static const changed cases[] = {
		{"9007199254740993", "9007199254740992", "9007199254740993e0"},
		{"-9007199254740993.0", "-9007199254740992", "-9007199254740993e0"},
		{"900719925474099300", "900719925474099300", NULL}, /* kept; see below */
		{"0.1000000000000000055", "0.1", "1000000000000000055e-19"},
		{"333333333.33333329", "333333333.3333333", "33333333333333329e-8"},
		{"18446744073709551616", "18446744073709552000", "18446744073709551616e0"},
		{"1e400", NULL, "1e400"},
		{"-100e400", NULL, "-1e402"},
		{"1e-400", "0", "1e-400"},
		{"-12.50e-400", "0", "-125e-401"},
		{"4e-324", "5e-324", "4e-324"},
		{"2e-324", "0", "2e-324"},
		{"1.7976931348623158e308", "1.7976931348623157e+308", "17976931348623158e292"},
		{"1e999999999", NULL, "1e999999999"},
		{"1e1000000000", NULL, NULL},
		{"1e-1000000000", "0", NULL},
		{"1e99999999999999999999999", NULL, NULL},
		{"0.00000000000000000012345678901234567890e1", "1.2345678901234568e-18",
	     "1234567890123456789e-36"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const changed *c = &cases[i];
		aim_error err = {0};
		if (c->exact && strcmp(c->exact, c->rounded ? c->rounded : "") != 0)
			assert_status(canonicalize(aim_str_from(c->text), 0, &err),
			              AIM_E_JSON_NUMBER);
		if (c->rounded)
			check(c->text, AIM_JSON_JCS_ROUND, c->rounded);
		else
			assert_status(canonicalize(aim_str_from(c->text), AIM_JSON_JCS_ROUND, &err),
			              AIM_E_JSON_NUMBER);
		if (c->exact)
			check(c->text, AIM_JSON_JCS_EXACT_TEXT, c->exact);
		else if (c->rounded == NULL)
			assert_status(
			    canonicalize(aim_str_from(c->text), AIM_JSON_JCS_EXACT_TEXT, &err),
			    AIM_E_JSON_NUMBER);
	}
}

/* Spellings of one value share their text, neighbours do not. */
static void test_exact_text_is_injective(void **state)
{
	static const char *const rows[][3] = {
		{"9007199254740993", "9007199254740993.00", "0.9007199254740993e16"},
		{"9007199254740992", "90071992547409920e-1", "9007199254740992.0"},
		{"9007199254740995", "9.007199254740995e15", "9007199254740995e0"},
		{"90071992547409930", "9007199254740993e1", "90071992547409930.0"},
		{"1e400", "10e399", "0.001e403"},
		{"1e-400", "100e-402", "0.1e-399"},
		{"-1e400", "-10e399", "-1.0e400"},
	};
	enum { N = sizeof rows / sizeof *rows };
	char texts[N][64];
	(void)state;
	for (size_t i = 0; i < N; i++) {
		for (size_t k = 0; k < 3; k++) {
			assert_status(
			    canonicalize(aim_str_from(rows[i][k]), AIM_JSON_JCS_EXACT_TEXT, NULL),
			    AIM_OK);
			if (k == 0)
				memcpy(texts[i], aim_buf_str(out).ptr, aim_buf_str(out).len + 1);
			assert_text(aim_buf_str(out), texts[i]);
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(texts[i], texts[k]);
	}
}

static void test_refused_number_is_located(void **state)
{
	aim_error err = {0};
	(void)state;
	aim_status rc =
	    canonicalize(aim_str_from("{\"a\":\n [1, {\"b/c\": 9007199254740993}]}"), 0, &err);
	assert_status(rc, AIM_E_JSON_NUMBER);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 14);
	assert_string_equal(err.pointer, "/a/1/b~1c");
	assert_int_equal(aim_buf_bytes(out).len, 0);
}

static void test_strings(void **state)
{
	(void)state;
	check("\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\"", 0,
	      "\"\\u0000\\u0001\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\"");
	check("\"\\u0008\\u0009\\u000A\\u000C\\u000D\\u0022\\u005C\\u002f\\/\"", 0,
	      "\"\\b\\t\\n\\f\\r\\\"\\\\//\"");
	check("\"\\u007f\\u0080\\u20ac\\ud83d\\ude00\\u2028\"", 0,
	      "\"\x7F\xC2\x80\xE2\x82\xAC\xF0\x9F\x98\x80\xE2\x80\xA8\"");
	check("[\"\",\"\\u0041\xC3\xA9\\n0123456789abcdefghijklmnop\xC3\xA9\"]", 0,
	      "[\"\",\"A\xC3\xA9\\n0123456789abcdefghijklmnop\xC3\xA9\"]");
}

static void test_order_is_by_utf16(void **state)
{
	(void)state;
	/* U+E000 … U+FFFF come behind the surrogates of U+1F600, U+D7FF before. */
	check("{\"\xEF\xBF\xBF\":1,\"\xEE\x80\x80\":2,\"\xF0\x9F\x98\x80\":3,\"\xED\x9F\xBF\":4,"
	      "\"z\":5,\"\":6,\"zz\":7}",
	      0,
	      "{\"\":6,\"z\":5,\"zz\":7,\"\xED\x9F\xBF\":4,\"\xF0\x9F\x98\x80\":3,\"\xEE\x80\x80\":"
	      "2,\"\xEF\xBF\xBF\":1}");
	check("{\"b\":{\"d\":1,\"c\":[{\"f\":1,\"e\":2},[]]},\"a\":{}}", 0,
	      "{\"a\":{},\"b\":{\"c\":[{\"e\":2,\"f\":1},[]],\"d\":1}}");
	check("{\"\\u0062\":1,\"a\":2,\"\\u0061b\":3}", 0, "{\"a\":2,\"ab\":3,\"b\":1}");
}

/* More members than the C stack holds work items for, in an order made by a fixed permutation. */
static void test_large_objects(void **state)
{
	enum { N = 2000 };
	static char text[N * 16], expected[N * 16];
	size_t n = 0, m = 0;
	(void)state;
	text[n++] = expected[m++] = '{';
	for (int i = 0; i < N; i++) {
		n +=
		    (size_t)sprintf(text + n, "%s\"k%04d\":%d", i ? "," : "", i * 7 % N, i * 7 % N);
		m += (size_t)sprintf(expected + m, "%s\"k%04d\":%d", i ? "," : "", i, i);
	}
	strcpy(text + n, "}");
	strcpy(expected + m, "}");
	check(text, 0, expected);
}

static void test_deep_nesting(void **state)
{
	static char text[128 * 2 + 1];
	(void)state;
	memset(text, '[', 128);
	memset(text + 128, ']', 128);
	check(text, 0, text);
}

static void test_part_of_a_document_and_misuse(void **state)
{
	aim_error err = {0};
	(void)state;
	aim_buf_clear(out);
	aim_str text = aim_str_from("{\"a\":[3,{\"z\":1,\"y\":2}]}");
	assert_status(aim_json_parse(doc, aim_bytes_from_str(text), 0, NULL), AIM_OK);
	assert_status(aim_buf_append(out, aim_bytes_from("x", 1)), AIM_OK);
	aim_json_value part = aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/a/1"));
	assert_status(aim_json_canonicalize(doc, part, 0, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out), "x{\"y\":2,\"z\":1}");
	assert_status(aim_json_canonicalize(doc, AIM_JSON_NONE, 0, out, &err), AIM_E_NOT_FOUND);
	assert_status(aim_json_canonicalize(doc, 0, 3, out, NULL), AIM_E_INVALID);
	assert_status(aim_json_canonicalize(doc, 0, 0, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_json_canonicalize(NULL, 0, 0, out, NULL), AIM_E_INVALID);
	assert_text(aim_buf_str(out), "x{\"y\":2,\"z\":1}");
}

static void test_a_full_buffer_is_left_alone(void **state)
{
	aim_limits limits = {.struct_size = sizeof limits, .max_buffer_bytes = 20};
	test_heap small_heap;
	(void)state;
	aim_ctx *small = test_ctx_limits(&small_heap, &limits);
	aim_buf *buf = NULL;
	assert_status(aim_buf_new(small, &buf), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from("keep", 4)), AIM_OK);
	aim_str text = aim_str_from("{\"name\":\"0123456789abcdef\"}");
	assert_status(aim_json_parse(doc, aim_bytes_from_str(text), 0, NULL), AIM_OK);
	assert_status(aim_json_canonicalize(doc, 0, 0, buf, NULL), AIM_E_LIMIT);
	assert_text(aim_buf_str(buf), "keep");
	aim_buf_free(buf);
	test_ctx_done(small, &small_heap);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rfc8785_files),
		TEST(test_rfc8785_numbers),
		TEST(test_es6_number_sequence),
		TEST(test_numbers_that_are_kept),
		TEST(test_numbers_that_binary64_changes),
		TEST(test_exact_text_is_injective),
		TEST(test_refused_number_is_located),
		TEST(test_strings),
		TEST(test_order_is_by_utf16),
		TEST(test_large_objects),
		TEST(test_deep_nesting),
		TEST(test_part_of_a_document_and_misuse),
		TEST(test_a_full_buffer_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
