/* Every bound of a document: at the limit it is read, one beyond it is refused, and nothing grows
 * without one. */
#include "support.h"

#include <aim/json.h>
#include <stdlib.h>
#include <string.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_json *doc;

static void begin(uint64_t max_bytes, uint64_t max_values, uint32_t max_depth)
{
	aim_limits limits = {.struct_size = sizeof limits};
	limits.max_json_bytes = max_bytes;
	limits.max_json_values = max_values;
	limits.max_json_depth = max_depth;
	ctx = test_ctx_limits(&heap, &limits);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
}

static void end(void)
{
	aim_json_free(doc);
	test_ctx_done(ctx, &heap);
}

static aim_status parse(const char *text, aim_error *err)
{
	return aim_json_parse(doc, aim_bytes_from(text, strlen(text)), 0, err);
}

static void test_bytes(void **state)
{
	aim_error err = {0};
	(void)state;
	begin(10, 0, 0);
	assert_status(parse("[12345678]", &err), AIM_OK);
	assert_status(parse("[123456789]", &err), AIM_E_JSON_SIZE);
	assert_string_equal(err.message, "11 bytes of JSON, the limit is 10");
	end();
}

static void test_values(void **state)
{
	aim_error err = {0};
	(void)state;
	begin(0, 4, 0);
	assert_status(parse("[1,2,3]", &err), AIM_OK);
	assert_status(parse("{\"a\":1,\"b\":2,\"c\":{}}", &err), AIM_OK);
	assert_status(parse("[1,2,3,4]", &err), AIM_E_JSON_SIZE);
	assert_int_equal(err.offset, 7);
	assert_string_equal(err.pointer, "/3");
	assert_status(parse("{\"a\":1,\"b\":2,\"c\":{\"d\":0}}", &err), AIM_E_JSON_SIZE);
	assert_status(parse("[[[[[]]]]]", &err), AIM_E_JSON_SIZE);
	end();
}

static void test_depth(void **state)
{
	aim_error err = {0};
	(void)state;
	begin(0, 0, 3);
	assert_status(parse("[{\"a\":[1]}]", &err), AIM_OK);
	assert_status(parse("[[[]],[[]],[[]]]", &err), AIM_OK);
	assert_status(parse("[{\"a\":[[]]}]", &err), AIM_E_JSON_DEPTH);
	assert_int_equal(err.offset, 7);
	assert_string_equal(err.pointer, "/0/a/0");
	assert_status(parse("{\"a\":{\"a\":{\"a\":{}}}}", &err), AIM_E_JSON_DEPTH);
	end();
}

static void test_default_depth(void **state)
{
	static char text[100000];
	(void)state;
	begin(0, 0, 0);
	memset(text, '[', 128);
	memset(text + 128, ']', 128);
	assert_status(parse(text, NULL), AIM_OK);
	memset(text, '[', sizeof text - 1);
	assert_status(parse(text, NULL), AIM_E_JSON_DEPTH);
	end();
}

/* The deepest limit a context takes. */
static void test_great_depth(void **state)
{
	enum { DEPTH = 1024 };
	(void)state;
	begin(0, 0, DEPTH);
	char *text = test_malloc(2 * DEPTH + 1);
	memset(text, '[', DEPTH);
	memset(text + DEPTH, ']', DEPTH);
	text[2 * DEPTH] = '\0';
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(parse(text, NULL), AIM_OK);
	assert_status(aim_json_canonicalize(doc, 0, 0, out, NULL), AIM_OK);
	assert_int_equal(aim_buf_bytes(out).len, 2 * DEPTH);
	aim_buf_free(out);
	test_free(text);
	end();
}

/* Memory stays within a small multiple of the text, whatever the text. */
static void test_memory_is_bounded(void **state)
{
	enum { SIZE = 1 << 18 };
	static const char *const units[] = {"1,",         "\"\",", "{},",          "\"\\n\",",
	                                    "{\"a\":1},", "[",     "\"abcdefgh\","};
	(void)state;
	char *text = test_malloc(SIZE + 1);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = strlen(units[i]), n = 1;
		begin(0, 0, 0);
		text[0] = '[';
		for (; n + len < SIZE; n += len)
			memcpy(text + n, units[i], len);
		memcpy(text + n - 1, "]", 2);
		aim_status rc = parse(text, NULL);
		assert_true(rc == AIM_OK || rc == AIM_E_JSON_DEPTH);
		assert_true(heap.live_bytes < 24 * (size_t)SIZE);
		end();
	}
	test_free(text);
}

/* The count is exact where it no longer fits the node. */
static void test_count_beyond_the_nodes_field(void **state)
{
	enum { N = 0xFFFFFF + 3 };
	(void)state;
	begin((uint64_t)1 << 26, (uint64_t)1 << 25, 0);
	char *text = test_malloc(2 * (size_t)N + 2);
	for (size_t i = 0; i < N; i++)
		memcpy(text + 2 * i, ",7", 2);
	text[0] = '[';
	text[2 * (size_t)N] = ']';
	assert_status(
	    aim_json_parse(doc, aim_bytes_from(text, 2 * (size_t)N + 1), AIM_JSON_BORROW, NULL),
	    AIM_OK);
	assert_int_equal(aim_json_count(doc, 0), N);
	test_free(text);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_default_depth),
		cmocka_unit_test(test_great_depth),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_count_beyond_the_nodes_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
