/* What is a message, what is none, and what two readers could disagree about. */
#include "support.h"

#include "mcp/message.h"

#include <string.h>

typedef struct sample {
	const char *text;
	uint32_t kind;
	const char *problem; /* of INVALID */
	int32_t code;
} sample;

#define J "\"jsonrpc\":\"2.0\""
#define BAD AIM__MESSAGE_INVALID

static const sample samples[] = {
	{"{" J ",\"id\":1,\"method\":\"ping\"}", AIM__MESSAGE_REQUEST, NULL, 0},
	{"{" J ",\"id\":\"a\",\"method\":\"ping\",\"params\":{}}", AIM__MESSAGE_REQUEST, NULL, 0},
	{"{" J ",\"id\":-9007199254740993,\"method\":\"ping\"}", AIM__MESSAGE_REQUEST, NULL, 0},
	{"{" J ",\"id\":1.0,\"method\":\"ping\"}", AIM__MESSAGE_REQUEST, NULL, 0},
	{"{" J ",\"id\":\"\",\"method\":\"ping\"}", AIM__MESSAGE_REQUEST, NULL, 0},
	{"{" J ",\"method\":\"notifications/progress\"}", AIM__MESSAGE_NOTIFICATION, NULL, 0},
	{"{" J ",\"id\":1,\"result\":{}}", AIM__MESSAGE_RESULT, NULL, 0},
	{"{" J ",\"id\":1,\"error\":{\"code\":1,\"message\":\"\"}}", AIM__MESSAGE_ERROR, NULL, 0},
	{"{" J ",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}", AIM__MESSAGE_ERROR, NULL, 0},
	{"{" J ",\"error\":{\"code\":1,\"message\":\"\"}}", AIM__MESSAGE_ERROR, NULL, 0},
	{"{" J ",\"id\":1,\"method\":\"ping\",\"trace\":\"x\"}", AIM__MESSAGE_REQUEST, NULL, 0},

	{"1", BAD, "not_an_object", -32600},
	{"{}", BAD, "jsonrpc_version", -32600},
	{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", BAD, "jsonrpc_version", -32600},
	{"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", BAD, "jsonrpc_version", -32600},
	{"{" J ",\"id\":null,\"method\":\"ping\"}", BAD, "id_type", -32600},
	{"{" J ",\"id\":1.5,\"method\":\"ping\"}", BAD, "id_type", -32600},
	{"{" J ",\"id\":1e400,\"method\":\"ping\"}", BAD, "id_type", -32600},
	{"{" J ",\"id\":[1],\"method\":\"ping\"}", BAD, "id_type", -32600},
	{"{" J ",\"id\":true,\"result\":{}}", BAD, "id_type", -32600},
	{"{" J ",\"id\":1,\"method\":7}", BAD, "method_type", -32600},
	{"{" J ",\"id\":1,\"method\":\"\"}", BAD, "method_type", -32600},
	{"{" J ",\"id\":1,\"method\":null,\"result\":{}}", BAD, "method_and_reply", -32600},
	{"{" J ",\"id\":1,\"method\":\"ping\",\"params\":[]}", BAD, "params_type", -32602},
	{"{" J ",\"id\":1,\"method\":\"ping\",\"params\":null}", BAD, "params_type", -32602},
	{"{" J ",\"id\":1,\"method\":\"ping\",\"result\":{}}", BAD, "method_and_reply", -32600},
	{"{" J ",\"id\":1,\"result\":{},\"error\":{}}", BAD, "result_and_error", -32600},
	{"{" J ",\"id\":1}", BAD, "no_method", -32600},
	{"{" J ",\"id\":1,\"result\":[]}", BAD, "result_type", -32600},
	{"{" J ",\"id\":1,\"error\":\"x\"}", BAD, "error_type", -32600},
	{"{" J ",\"id\":1,\"result\":{},\"params\":{}}", BAD, "reply_with_params", -32600},

	/* Go's encoding/json takes these for the members they resemble. */
	{"{" J ",\"id\":1,\"method\":\"ping\",\"Method\":\"tools/call\"}", BAD, "ambiguous_member", -32600},
	{"{" J ",\"id\":1,\"method\":\"ping\",\"PARAMS\":{}}", BAD, "ambiguous_member", -32600},
	{"{" J ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"Name\":\"b\"}}", BAD, "ambiguous_member", -32602},
	{"{" J ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"argument\\u017f\":{}}}", BAD, "ambiguous_member", -32602},
	{"{" J ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"tas\\u212a\":{}}}", BAD, "ambiguous_member", -32602},
};

static void samples_are_told_apart(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json doc;
	aim__json_init(&doc, ctx);
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const sample *s = &samples[i];
		aim__message m;
		assert_status(aim_json_parse(&doc, aim_bytes_from(s->text, strlen(s->text)), 0, NULL), AIM_OK);
		aim__message_classify(&doc, AIM_JSON_ROOT, &m);
		if (m.kind != s->kind || (s->problem && strcmp(m.problem, s->problem) != 0))
			fail_msg("%s is kind %u (%s)", s->text, m.kind, m.problem ? m.problem : "");
		if (s->problem)
			assert_int_equal(m.error_code, s->code);
	}
	aim__json_dispose(&doc);
	test_ctx_done(ctx, &heap);
}

static aim_bytes key_of(aim_json *doc, const char *id, uint8_t *dst)
{
	assert_status(aim_json_parse(doc, aim_bytes_from(id, strlen(id)), 0, NULL), AIM_OK);
	return aim__message_id_key(doc, AIM_JSON_ROOT, dst);
}

static int same_key(aim_json *doc, const char *a, const char *b)
{
	uint8_t first[AIM__MESSAGE_ID_MAX + 1], second[AIM__MESSAGE_ID_MAX + 1];
	aim_bytes x = key_of(doc, a, first), y = key_of(doc, b, second);
	return x.len && x.len == y.len && memcmp(x.ptr, y.ptr, x.len) == 0;
}

static void equal_ids_have_equal_keys(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json doc;
	aim__json_init(&doc, ctx);
	assert_true(same_key(&doc, "1", "1.0"));
	assert_true(same_key(&doc, "10", "1e1"));
	assert_true(same_key(&doc, "\"a\"", "\"\\u0061\""));
	assert_true(same_key(&doc, "-9223372036854775808", "-9223372036854775808"));
	assert_false(same_key(&doc, "1", "\"1\""));
	assert_false(same_key(&doc, "9007199254740993", "9007199254740992"));
	assert_false(same_key(&doc, "\"a\"", "\"A\""));
	assert_false(same_key(&doc, "null", "null"));
	aim__json_dispose(&doc);
	test_ctx_done(ctx, &heap);
}

static void an_id_is_echoed_as_it_was_written(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json doc;
	aim__message m;
	const char *text = "{" J ",\"id\":\"\\u0061\\n\",\"method\":\"ping\"}";
	aim__json_init(&doc, ctx);
	assert_status(aim_json_parse(&doc, aim_bytes_from(text, strlen(text)), 0, NULL), AIM_OK);
	aim__message_classify(&doc, AIM_JSON_ROOT, &m);
	aim_bytes raw = aim__message_id_raw(&doc, &m);
	assert_text(((aim_str){(const char *)raw.ptr, raw.len}), "\"\\u0061\\n\"");
	aim__json_dispose(&doc);
	test_ctx_done(ctx, &heap);
}

static void methods_are_sorted_and_found(void **state)
{
	(void)state;
	size_t n;
	const aim__method *table = aim__method_table(&n);
	for (size_t i = 0; i < n; i++) {
		aim_str name = aim_str_from(table[i].name);
		if (i)
			assert_true(strcmp(table[i - 1].name, table[i].name) < 0);
		assert_ptr_equal(aim__method_find(name, table[i].from & 1u ? AIM_GUARD_CLIENT : AIM_GUARD_SERVER), &table[i]);
		if (table[i].handling == AIM__METHOD_GATE)
			assert_non_null(table[i].action);
	}
	assert_null(aim__method_find(aim_str_from("tools/call"), AIM_GUARD_SERVER));
	assert_null(aim__method_find(aim_str_from("sampling/createMessage"), AIM_GUARD_CLIENT));
	assert_null(aim__method_find(aim_str_from("tools/calls"), AIM_GUARD_CLIENT));
	assert_null(aim__method_find(aim_str_from("tools/cal"), AIM_GUARD_CLIENT));
	assert_null(aim__method_find(aim_str_from("notifications/"), AIM_GUARD_CLIENT));
	assert_non_null(aim__method_find(aim_str_from("notifications/x"), AIM_GUARD_SERVER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_told_apart),
		cmocka_unit_test(equal_ids_have_equal_keys),
		cmocka_unit_test(an_id_is_echoed_as_it_was_written),
		cmocka_unit_test(methods_are_sorted_and_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
