/* The JSON writer: commas, escapes, the status that sticks. */
#include "support.h"

#include "base/buf.h"
#include "codec/writer.h"
#include <string.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_buf *out;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	return aim_buf_new(ctx, &out) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_buf_free(out);
	test_ctx_done(ctx, &heap);
	return 0;
}

static void write_everything(aim__json_writer *w)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "string", aim_str_from("a\"b"));
	aim__write_member_text(w, "text", "");
	aim__write_member_int64(w, "low", INT64_MIN);
	aim__write_key(w, "high");
	aim__write_uint64(w, UINT64_MAX);
	aim__write_member_bool(w, "yes", 1);
	aim__write_member_bool(w, "no", 0);
	aim__write_key(w, "list");
	aim__write_begin_array(w);
	aim__write_null(w);
	aim__write_begin_array(w);
	aim__write_end_array(w);
	aim__write_begin_object(w);
	aim__write_end_object(w);
	aim__write_raw(w, aim_bytes_from("[1, 2]", 6));
	aim__write_int64(w, 7);
	aim__write_end_array(w);
	aim__write_end_object(w);
}

static void test_every_kind_of_value(void **state)
{
	aim__json_writer w;
	(void)state;
	aim__write_init(&w, out);
	write_everything(&w);
	assert_status(aim__write_finish(&w), AIM_OK);
	assert_text(aim_buf_str(out),
	            "{\"string\":\"a\\\"b\",\"text\":\"\",\"low\":-9223372036854775808,"
	            "\"high\":18446744073709551615,\"yes\":true,\"no\":false,"
	            "\"list\":[null,[],{},[1, 2],7]}");
}

static void test_the_first_failure_sticks(void **state)
{
	aim__json_writer w;
	(void)state;
	assert_status(aim_buf_append(out, aim_bytes_from("before", 6)), AIM_OK);
	aim__write_init(&w, out);
	aim__write_begin_array(&w);
	aim__write_text(&w, "bad \xFF");
	aim__write_text(&w, "good");
	aim__write_end_array(&w);
	assert_status(aim__write_finish(&w), AIM_E_UTF8);
	assert_text(aim_buf_str(out), "before");
}

static void test_canonical_values(void **state)
{
	aim__json_writer w;
	aim_json *doc = NULL;
	(void)state;
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	aim_str text = aim_str_from("{\"b\":[9007199254740993],\"a\":1.0}");
	assert_status(aim_json_parse(doc, aim_bytes_from_str(text), 0, NULL), AIM_OK);
	aim__write_init(&w, out);
	aim__write_begin_array(&w);
	aim__write_canonical(&w, doc, aim_json_member(doc, 0, aim_str_from("a")), 0);
	aim__write_canonical(&w, doc, 0, AIM_JSON_JCS_EXACT_TEXT);
	aim__write_end_array(&w);
	assert_status(aim__write_finish(&w), AIM_OK);
	assert_text(aim_buf_str(out), "[1,{\"a\":1,\"b\":[9007199254740993e0]}]");
	aim__write_init(&w, out);
	aim__write_canonical(&w, doc, 0, 0);
	assert_status(aim__write_finish(&w), AIM_E_JSON_NUMBER);
	aim_json_free(doc);
}

static void test_written_strings_read_back(void **state)
{
	char bytes[0x80 + 9];
	aim_json *doc = NULL;
	(void)state;
	for (size_t i = 0; i < 0x80; i++)
		bytes[i] = (char)i;
	memcpy(bytes + 0x80, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9);
	aim_str text = {bytes, sizeof bytes};
	assert_status(aim__json_quote(out, text), AIM_OK);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	assert_status(aim_json_parse(doc, aim_buf_bytes(out), 0, NULL), AIM_OK);
	assert_int_equal(aim_str_equal(aim_json_string(doc, 0), text), 1);
	aim_json_free(doc);
}

static aim_status write_and_finish(aim_ctx *failing, void *arg)
{
	aim__json_writer w;
	aim_buf *buf = NULL;
	(void)arg;
	aim_status rc = aim_buf_new(failing, &buf);
	if (rc != AIM_OK)
		return rc;
	aim__write_init(&w, buf);
	for (int i = 0; i < 20; i++)
		write_everything(&w);
	rc = aim__write_finish(&w);
	assert_int_equal(aim_buf_bytes(buf).len == 0, rc != AIM_OK);
	aim_buf_free(buf);
	return rc;
}

static void test_out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(write_and_finish, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_kind_of_value), TEST(test_the_first_failure_sticks),
		TEST(test_canonical_values),    TEST(test_written_strings_read_back),
		TEST(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
