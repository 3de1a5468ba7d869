/* in-toto statements: exact bytes, what is no statement, subjects by digest, through an envelope and back. */
#include "envelope_kit.h"

#include <aim/dsse.h>
#include <aim/intoto.h>

#define PREDICATE_TYPE "https://example.com/attestation/v1"
#define DIGEST "0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829"

static aim_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	return aim_ctx_new(NULL, &ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	aim_ctx_free(ctx);
	return 0;
}

static aim_intoto_subject subjects[2];

static aim_intoto_statement statement(const char *predicate)
{
	aim_intoto_statement s = {.struct_size = sizeof s, .subjects = subjects, .n_subjects = 2};
	for (int i = 0; i < 2; i++)
		subjects[i] = (aim_intoto_subject){.struct_size = sizeof subjects[i]};
	subjects[0].name = str("server");
	subjects[0].algorithm = str("sha256");
	subjects[0].digest = str(DIGEST);
	subjects[1].algorithm = str("aim-surface-v1");
	subjects[1].digest = str("whatever it says");
	s.predicate_type = str(PREDICATE_TYPE);
	s.predicate = bytes(predicate);
	return s;
}

static void test_written_bytes(void **state)
{
	aim_intoto_statement s = statement("{ \"b\" : 1.0, \"a\":[true] }");
	aim_buf *out = kit_buf(ctx);
	(void)state;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out),
	            "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"a\":[true],\"b\":1},"
	            "\"predicateType\":\"" PREDICATE_TYPE "\",\"subject\":[{\"digest\":{\"sha256\":\"" DIGEST
	            "\"},\"name\":\"server\"},{\"digest\":{\"aim-surface-v1\":\"whatever it says\"}}]}");
	s = statement("");
	s.n_subjects = 1;
	aim_buf_clear(out);
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out), "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"" PREDICATE_TYPE
	                              "\",\"subject\":[{\"digest\":{\"sha256\":\"" DIGEST "\"},\"name\":\"server\"}]}");
	aim_buf_free(out);
}

/* Canonical: what is written is its own canonical form. */
static void test_canonical(void **state)
{
	aim_intoto_statement s = statement("{\"\xc3\xa4\":1,\"z\":{\"y\":null}}");
	aim_buf *out = kit_buf(ctx), *again = kit_buf(ctx);
	(void)state;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_OK);
	aim_json *doc = kit_json(ctx, aim_buf_str(out));
	assert_status(aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, again, NULL), AIM_OK);
	assert_string_equal(aim_buf_str(out).ptr, aim_buf_str(again).ptr);
	aim_json_free(doc);
	aim_buf_free(out);
	aim_buf_free(again);
}

static void test_through_an_envelope(void **state)
{
	aim_intoto_statement s = statement("{\"ok\":true}");
	aim_key *key = kit_key(ctx, AIM_KEY_AGENT, SEED_A);
	aim_public_key public_key = kit_public(key);
	aim_buf *out = kit_buf(ctx), *envelope = kit_buf(ctx), *payload = kit_buf(ctx);
	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = &public_key, .n_keys = 1};
	int32_t ok = 0;
	(void)state;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_OK);
	trust.payload_type = str(AIM_INTOTO_PAYLOAD_TYPE);
	assert_status(aim_dsse_sign(key, trust.payload_type, aim_buf_bytes(out), envelope, NULL), AIM_OK);
	assert_status(aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, payload, NULL, NULL), AIM_OK);
	aim_json *doc = kit_json(ctx, aim_buf_str(payload));
	assert_status(aim_intoto_check(doc, str(PREDICATE_TYPE), NULL), AIM_OK);
	assert_status(aim_json_bool(doc, aim_json_member(doc, aim_intoto_predicate(doc), str("ok")), &ok), AIM_OK);
	assert_int_equal(ok, 1);
	aim_json_value found = aim_intoto_subject_of(doc, str("sha256"), str(DIGEST));
	assert_text(aim_json_string(doc, aim_json_member(doc, found, str("name"))), "server");
	assert_int_equal(aim_intoto_subject_of(doc, str("sha512"), str(DIGEST)), AIM_JSON_NONE);
	assert_int_equal(aim_intoto_subject_of(doc, str("sha256"), str("whatever it says")), AIM_JSON_NONE);
	assert_int_equal(aim_intoto_subject_of(doc, str("sha256"), str("")), AIM_JSON_NONE);
	assert_true(aim_intoto_subject_of(doc, str("aim-surface-v1"), str("whatever it says")) != AIM_JSON_NONE);
	aim_json_free(doc);
	aim_buf_free(out);
	aim_buf_free(envelope);
	aim_buf_free(payload);
	aim_key_unref(key);
}

#define HEAD "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"" PREDICATE_TYPE "\","

static void test_check(void **state)
{
	static const struct {
		const char *text;
		aim_status status;
		const char *pointer;
	} rows[] = {
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"}}]}", AIM_OK, ""},
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"},\"uri\":\"u\"}],\"predicate\":{},\"more\":1}", AIM_OK, ""},
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"}}],\"predicate\":[]}", AIM_E_ENVELOPE, "/predicate"},
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"}}],\"predicate\":null}", AIM_E_ENVELOPE, "/predicate"},
		{HEAD "\"subject\":[]}", AIM_E_ENVELOPE, "/subject"},
		{HEAD "\"subject\":{}}", AIM_E_ENVELOPE, "/subject"},
		{HEAD "\"more\":1}", AIM_E_ENVELOPE, ""},
		{HEAD "\"subject\":[1]}", AIM_E_ENVELOPE, "/subject/0"},
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"}},{\"name\":\"n\"}]}", AIM_E_ENVELOPE, "/subject/1"},
		{HEAD "\"subject\":[{\"digest\":{}}]}", AIM_E_ENVELOPE, "/subject/0"},
		{HEAD "\"subject\":[{\"digest\":[\"x\"]}]}", AIM_E_ENVELOPE, "/subject/0"},
		{HEAD "\"subject\":[{\"digest\":{\"x\":1}}]}", AIM_E_ENVELOPE, "/subject/0"},
		{HEAD "\"subject\":[{\"digest\":{\"x\":\"1\"},\"name\":1}]}", AIM_E_ENVELOPE, "/subject/0/name"},
		{"{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"x\"}", AIM_E_VERSION, "/_type"},
		{"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"x\"}", AIM_E_CLAIM, "/predicateType"},
		{"{\"_type\":\"https://in-toto.io/Statement/v1\"}", AIM_E_ENVELOPE, ""},
		{"{}", AIM_E_ENVELOPE, ""},
		{"[]", AIM_E_ENVELOPE, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {0};
		aim_json *doc = kit_json(ctx, str(rows[i].text));
		aim_status rc = aim_intoto_check(doc, str(PREDICATE_TYPE), &err);
		if (rc != rows[i].status || strcmp(err.pointer, rows[i].pointer) != 0)
			fail_msg("row %zu: %s at '%s'", i, aim_status_name(rc), err.pointer);
		aim_json_free(doc);
	}
}

static void test_write_refuses(void **state)
{
	aim_buf *out = kit_buf(ctx);
	aim_intoto_statement s = statement("[]");
	aim_error err = {0};
	(void)state;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_JSON_TYPE);
	s = statement("{");
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_JSON_SYNTAX);
	s = statement("{\"n\":9007199254740993}");
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_JSON_NUMBER);
	s = statement("{}");
	subjects[0].digest = str("0A0B");
	assert_status(aim_intoto_write(ctx, &s, out, &err), AIM_E_DIGEST);
	assert_non_null(strstr(err.message, "subjects[0]"));
	s = statement("{}");
	subjects[1].algorithm = str("");
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_INVALID);
	s = statement("{}");
	subjects[1].flags = 1;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_VERSION);
	s = statement("{}");
	subjects[1].name = str("\xff");
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_UTF8);
	s = statement("{}");
	s.n_subjects = 1025;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_LIMIT);
	s.n_subjects = 0;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_INVALID);
	s = statement("{}");
	s.flags = 1;
	assert_status(aim_intoto_write(ctx, &s, out, NULL), AIM_E_VERSION);
	assert_status(aim_intoto_write(ctx, NULL, out, NULL), AIM_E_INVALID);
	assert_status(aim_intoto_check(NULL, str("x"), NULL), AIM_E_INVALID);
	assert_int_equal(aim_intoto_predicate(NULL), AIM_JSON_NONE);
	assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_buf_free(out);
}

static aim_status run(aim_ctx *c, void *arg)
{
	aim_intoto_statement s = statement("{\"a\":[1,2,3],\"b\":{}}");
	aim_buf *out = NULL;
	(void)arg;
	aim_status rc = aim_buf_new(c, &out);
	if (rc == AIM_OK)
		rc = aim_intoto_write(c, &s, out, NULL);
	if (rc != AIM_OK && out)
		assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_buf_free(out);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(run, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_bytes),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_through_an_envelope),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_write_refuses),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
