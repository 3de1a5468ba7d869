/* Records as canonical JSON: every member, every refusal. Expected text is written by hand from RFC 8785. */
#include "audit/record.h"

#include "base/buf.h"
#include "codec/json.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t salt[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_buf out;
	aim_json doc;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	aim__buf_init(&b->out, b->ctx);
	aim__json_init(&b->doc, b->ctx);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim__buf_dispose(&b->out);
	aim__json_dispose(&b->doc);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_audit_record minimal(void)
{
	aim_audit_record r = {.struct_size = sizeof r, .time_us = 5, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from("tool_call");
	return r;
}

static aim_status write(bench *b, const aim_audit_record *record, uint32_t durability)
{
	aim_audit_record taken;
	memset(&b->err, 0, sizeof b->err);
	aim_buf_clear(&b->out);
	aim_status rc = aim__audit_record_take(b->ctx, record, &taken, &b->err);
	if (rc == AIM_OK)
		rc = aim__audit_record_write(&taken, durability, salt, &b->doc, &b->out, &b->err);
	if (rc != AIM_OK) {
		assert_int_equal(b->err.status, rc);
		assert_int_not_equal(b->err.message[0], 0);
		assert_int_equal(b->out.len, 0);
	}
	return rc;
}

static void test_minimal(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	assert_text(aim_buf_str(&b->out),
	            "{\"durability\":\"durable\",\"kind\":\"tool_call\",\"time_us\":5,\"v\":1}");
	assert_status(write(b, &r, AIM_AUDIT_BUFFERED), AIM_OK);
	assert_text(aim_buf_str(&b->out),
	            "{\"durability\":\"buffered\",\"kind\":\"tool_call\",\"time_us\":5,\"v\":1}");
}

static void test_every_member(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	r.trust_micro = 1000000;
	r.agent = aim_str_from("A");
	r.did = aim_str_from("B");
	r.session = aim_str_from("C");
	r.user = aim_str_from("D");
	r.subject = aim_str_from("E");
	r.action = aim_str_from("F");
	r.resource = aim_str_from("G");
	r.decision = aim_str_from("ask");
	r.reason_code = aim_str_from("H");
	r.reason = aim_str_from("I");
	r.policy_hash = aim_str_from("J");
	r.rule = aim_str_from("K");
	r.server_fingerprint = aim_str_from("L");
	r.tool_fingerprint = aim_str_from("M");
	r.approval = aim_str_from("N");
	r.request = aim_str_from("O");
	r.arguments = aim_bytes_from_str(aim_str_from("{}"));
	r.data = aim_str_from("{ \"b\" : 1, \"a\" : [true, \"x\"] }");
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	/* printf '\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17{}' | sha256sum */
	assert_text(aim_buf_str(&b->out),
	            "{\"action\":\"F\",\"actor\":{\"agent\":\"A\",\"did\":\"B\",\"session\":\"C\",\"user\":\"D\"},"
	            "\"approval\":\"N\",\"arguments_commitment\":"
	            "\"b5c1f9361eb9fbedd3e628a72d1c8fef46544361fd79fa6781baf6d932b1c3f6\","
	            "\"data\":{\"a\":[true,\"x\"],\"b\":1},\"decision\":\"ask\",\"durability\":\"durable\","
	            "\"kind\":\"tool_call\",\"policy_hash\":\"J\",\"reason\":\"I\",\"reason_code\":\"H\","
	            "\"request\":\"O\",\"resource\":\"G\",\"rule\":\"K\",\"server_fingerprint\":\"L\","
	            "\"subject\":\"E\",\"time_us\":5,\"tool_fingerprint\":\"M\",\"trust_micro\":1000000,\"v\":1}");
}

/* What a record is written as must be what a canonicaliser makes of it. */
static void test_is_canonical(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	aim_json *doc = NULL;
	aim_buf *again = NULL;
	r.action = aim_str_from("quote \" slash \\ tab \t bell \a \xE2\x82\xAC \xF0\x9F\x98\x80 /");
	r.user = aim_str_from("\x7F\x01");
	r.data = aim_str_from("{\"\\u20ac\":1,\"\\r\":2,\"1\":-9007199254740991,\"e\":1e2}");
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	assert_status(aim_json_new(b->ctx, &doc), AIM_OK);
	assert_status(aim_buf_new(b->ctx, &again), AIM_OK);
	assert_status(aim_json_parse(doc, aim_buf_bytes(&b->out), 0, &b->err), AIM_OK);
	assert_status(aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, again, &b->err), AIM_OK);
	assert_text(aim_buf_str(&b->out), aim_buf_str(again).ptr);
	aim_buf_free(again);
	aim_json_free(doc);
}

static void test_salt_changes_the_commitment(void **state)
{
	bench *b = *state;
	aim_audit_record taken, r = minimal();
	uint8_t other[16] = {1};
	r.arguments = aim_bytes_from_str(aim_str_from("{}"));
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	size_t len = b->out.len;
	assert_status(aim__audit_record_take(b->ctx, &r, &taken, NULL), AIM_OK);
	assert_status(aim__audit_record_write(&taken, AIM_AUDIT_DURABLE, other, &b->doc, &b->out, NULL), AIM_OK);
	assert_int_equal(b->out.len, 2 * len);
	assert_memory_not_equal(b->out.ptr, b->out.ptr + len, len);
}

static void test_time(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	r.time_us = 0;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	assert_non_null(strstr(aim_buf_str(&b->out).ptr, "\"time_us\":1766000000000000,"));
	r.time_us = -1;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r.time_us = INT64_C(9007199254740992);
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r.time_us--;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *kind, *decision, *action, *data;
		int64_t trust;
		aim_status expected;
	} cases[] = {
		{"", "", "", "", 0, AIM_E_INVALID},
		{"Tool", "", "", "", 0, AIM_E_INVALID},
		{"tool call", "", "", "", 0, AIM_E_INVALID},
		{"a2345678901234567890123456789012345678901234567890123456789012345", "", "", "", 0, AIM_E_INVALID},
		{"tool_call", "maybe", "", "", 0, AIM_E_INVALID},
		{"tool_call", "", "", "", -1, AIM_E_INVALID},
		{"tool_call", "", "", "", 1000001, AIM_E_INVALID},
		{"tool_call", "", "\xFF", "", 0, AIM_E_UTF8},
		{"tool_call", "", "\xED\xA0\x80", "", 0, AIM_E_UTF8},
		{"tool_call", "", "", "[1]", 0, AIM_E_JSON_TYPE},
		{"tool_call", "", "", "1", 0, AIM_E_JSON_TYPE},
		{"tool_call", "", "", "{", 0, AIM_E_JSON_SYNTAX},
		{"tool_call", "", "", "{\"a\":1.5}", 0, AIM_E_JSON_NUMBER},
		{"tool_call", "", "", "{\"a\":[{\"b\":9007199254740992}]}", 0, AIM_E_JSON_NUMBER},
		{"tool_call", "", "", "{\"a\":1e400}", 0, AIM_E_JSON_NUMBER},
		{"tool_call", "", "", "{\"a\":1,\"a\":1}", 0, AIM_E_JSON_DUPLICATE},
		{"tool_call", "", "", "{\"a\":1} x", 0, AIM_E_JSON_TRAILING},
		{"tool_call", "deny", "x", "{\"a\":1}", 1, AIM_OK},
		{"mcp_connection", "allow", "", "{}", 1000000, AIM_OK},
	};
	bench *b = *state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		aim_audit_record r = minimal();
		r.kind = aim_str_from(cases[i].kind);
		r.decision = aim_str_from(cases[i].decision);
		r.action = aim_str_from(cases[i].action);
		r.data = aim_str_from(cases[i].data);
		r.trust_micro = cases[i].trust;
		aim_status rc = write(b, &r, AIM_AUDIT_DURABLE);
		if (rc != cases[i].expected)
			fail_msg("case %zu: %s", i, aim_status_name(rc));
	}
}

static void test_lengths(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	char *text = malloc(40000);
	assert_non_null(text);
	memset(text, 'x', 40000);
	r.reason = (aim_str){text, 4096};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	r.reason.len = 4097;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_LIMIT);
	r.reason.len = 0;
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + 32768 - 2, "\"}", 2);
	r.data = (aim_str){text, 32768};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_OK);
	r.data.len = 32769;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_LIMIT);
	/* Escapes make the whole longer than its parts allow. */
	memset(text, 1, 40000);
	r.data.len = 0;
	r.reason = r.action = r.resource = r.subject = (aim_str){text, 4096};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_LIMIT);
	free(text);
}

static void test_pointers(void **state)
{
	bench *b = *state;
	aim_audit_record r = minimal();
	r.agent = (aim_str){NULL, 3};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r = minimal();
	r.arguments = (aim_bytes){NULL, 3};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r = minimal();
	r.data = (aim_str){NULL, 3};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r = minimal();
	r.kind = (aim_str){NULL, 3};
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
	r = minimal();
	r.flags = 1;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_VERSION);
	r = minimal();
	r.struct_size = 8;
	assert_status(write(b, &r, AIM_AUDIT_DURABLE), AIM_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_minimal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_member, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(test_salt_changes_the_commitment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pointers, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
