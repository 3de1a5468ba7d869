/* Fingerprints: what changes them and what does not. */
#include "support.h"

#include <aim/fingerprint.h>
#include <aim/hash.h>

#include <string.h>

static aim_status compute(aim_ctx *ctx, uint32_t kind, const char *json, aim_fingerprint *out)
{
	out->struct_size = sizeof *out;
	return aim_fingerprint_compute(ctx, kind, aim_bytes_from_str(aim_str_from(json)), out, NULL);
}

static void pairs(const char *const (*rows)[2], size_t n, int same)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	for (size_t i = 0; i < n; i++) {
		aim_fingerprint a, b;
		assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, rows[i][0], &a), AIM_OK);
		assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, rows[i][1], &b), AIM_OK);
		if (aim_fingerprint_equal(&a, &b) != same)
			fail_msg("%s and %s", rows[i][0], rows[i][1]);
	}
	test_ctx_done(ctx, &heap);
}

static void spelling_does_not_matter(void **state)
{
	static const char *const rows[][2] = {
		{"{\"name\":\"a\",\"title\":\"t\"}", "{\"title\":\"t\",\"name\":\"a\"}"},
		{"{\"name\":\"a\"}", " {\n\t\"name\" : \"\\u0061\" } "},
		{"{\"name\":\"a\",\"x\":\"\xc3\xa9/\"}", "{\"name\":\"a\",\"x\":\"\\u00e9\\/\"}"},
		{"{\"name\":\"a\",\"x\":10}", "{\"name\":\"a\",\"x\":1e1}"},
		{"{\"name\":\"a\",\"x\":1.5}", "{\"name\":\"a\",\"x\":1.50}"},
		{"{\"name\":\"a\",\"inputSchema\":{\"type\":\"object\",\"properties\":{}}}",
         "{\"name\":\"a\",\"inputSchema\":{\"properties\":{},\"type\":\"object\"}}"},
	};
	(void)state;
	pairs(rows, sizeof rows / sizeof *rows, 1);
}

static void every_value_matters(void **state)
{
	static const char *const rows[][2] = {
		{"{\"name\":\"a\"}", "{\"name\":\"b\"}"},
		{"{\"name\":\"a\"}", "{\"name\":\"a\",\"title\":\"\"}"},
		{"{\"name\":\"a\",\"title\":null}", "{\"name\":\"a\"}"},
		/* text that moves from one member to the next */
		{"{\"name\":\"a\",\"title\":\"xy\",\"description\":\"z\"}",
         "{\"name\":\"a\",\"title\":\"x\",\"description\":\"yz\"}"},
		{"{\"name\":\"a\",\"title\":\"x\"}", "{\"name\":\"a\",\"description\":\"x\"}"},
		/* every place text can hide */
		{"{\"name\":\"a\",\"_meta\":{\"k\":1}}", "{\"name\":\"a\",\"_meta\":{\"k\":2}}"},
		{"{\"name\":\"a\",\"icons\":[{\"src\":\"x\"}]}", "{\"name\":\"a\",\"icons\":[{\"src\":\"y\"}]}"},
		{"{\"name\":\"a\",\"annotations\":{\"readOnlyHint\":true}}",
         "{\"name\":\"a\",\"annotations\":{\"readOnlyHint\":false}}"},
		{"{\"name\":\"a\",\"whatever\":\"obey\"}", "{\"name\":\"a\",\"whatever\":\"obey!\"}"},
		{"{\"name\":\"a\",\"inputSchema\":{\"properties\":{\"p\":{\"description\":\"x\"}}}}",
         "{\"name\":\"a\",\"inputSchema\":{\"properties\":{\"p\":{\"description\":\"y\"}}}}"},
		/* types that look alike */
		{"{\"name\":\"a\",\"x\":1}", "{\"name\":\"a\",\"x\":\"1\"}"},
		{"{\"name\":\"a\",\"x\":[1,2]}", "{\"name\":\"a\",\"x\":[2,1]}"},
		{"{\"name\":\"a\",\"x\":{}}", "{\"name\":\"a\",\"x\":[]}"},
		/* numbers that binary64 cannot tell apart */
		{"{\"name\":\"a\",\"x\":9007199254740993}", "{\"name\":\"a\",\"x\":9007199254740992}"},
		{"{\"name\":\"a\",\"x\":0.1}", "{\"name\":\"a\",\"x\":0.1000000000000000055511151231257827}"},
		{"{\"name\":\"a\",\"x\":1e400}", "{\"name\":\"a\",\"x\":1e401}"},
		/* text that looks alike */
		{"{\"name\":\"a\",\"x\":\"\xc3\xa9\"}", "{\"name\":\"a\",\"x\":\"e\xcc\x81\"}"},
		{"{\"name\":\"a\",\"x\":\"\"}", "{\"name\":\"a\",\"x\":\"\xe2\x80\x8b\"}"},
	};
	(void)state;
	pairs(rows, sizeof rows / sizeof *rows, 0);
}

/* The format is what the header says, byte for byte: others must be able to compute it. */
static void the_format_is_the_documented_one(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint f;
	uint8_t expected[32];
	static const char surface[] = "libaim/fingerprint/v1\n\0\0\0\0\0\0\0\4tool\0\0\0\0\0\0\0\56"
	                              "{\"description\":\"d\",\"inputSchema\":1,\"name\":\"n\"}";
	static const char description[] =
		"libaim/fingerprint/description/v1\n\0\0\0\0\0\0\0\4tool\0\0\0\0\0\0\0\3\"d\"";
	static const char schema[] = "libaim/fingerprint/schema/v1\n\0\0\0\0\0\0\0\4tool\0\0\0\0\0\0\0\1"
	                             "1\0\0\0\0\0\0\0\0";
	(void)state;
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL,
	                      "{\"name\":\"n\",\"description\":\"d\",\"inputSchema\":1}", &f), AIM_OK);
	assert_int_equal(f.kind, AIM_FINGERPRINT_TOOL);
	assert_status(aim_hash_sha256(ctx, aim_bytes_from(surface, sizeof surface - 1), expected), AIM_OK);
	assert_memory_equal(f.surface, expected, 32);
	assert_status(aim_hash_sha256(ctx, aim_bytes_from(description, sizeof description - 1), expected),
	              AIM_OK);
	assert_memory_equal(f.description, expected, 32);
	assert_status(aim_hash_sha256(ctx, aim_bytes_from(schema, sizeof schema - 1), expected), AIM_OK);
	assert_memory_equal(f.schema, expected, 32);
	test_ctx_done(ctx, &heap);
}

/* Frozen: a library that computes another value would call every stored baseline drift. */
static void golden_values_stay(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint f;
	char text[AIM_FINGERPRINT_TEXT_SIZE];
	(void)state;
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL,
	                      "{\"name\":\"read_file\",\"description\":\"Reads a file\",\"inputSchema\":"
	                      "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}}}}", &f),
	              AIM_OK);
	assert_status(aim_fingerprint_text(&f, text), AIM_OK);
	assert_string_equal(text, "1383d947016b945943b3d235583273ad5ac1b3c99cd98e7004537240cb369822");
	test_ctx_done(ctx, &heap);
}

static void parts_cover_what_they_say(void **state)
{
	static const uint8_t none[32];
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint a, b;
	(void)state;
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, "{\"name\":\"n\",\"x\":1}", &a), AIM_OK);
	assert_memory_equal(a.description, none, 32);
	assert_memory_equal(a.schema, none, 32);
	/* A schema cannot pass from input to output unseen. */
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, "{\"name\":\"n\",\"inputSchema\":{}}", &a), AIM_OK);
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, "{\"name\":\"n\",\"outputSchema\":{}}", &b), AIM_OK);
	assert_memory_not_equal(a.schema, b.schema, 32);
	assert_status(compute(ctx, AIM_FINGERPRINT_PROMPT, "{\"name\":\"n\",\"arguments\":[]}", &a), AIM_OK);
	assert_memory_not_equal(a.schema, none, 32);
	assert_status(compute(ctx, AIM_FINGERPRINT_SERVER, "{\"name\":\"n\",\"instructions\":\"x\"}", &a),
	              AIM_OK);
	assert_memory_not_equal(a.description, none, 32);
	test_ctx_done(ctx, &heap);
}

static void kinds_do_not_mix(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint tool, prompt;
	static const char json[] = "{\"name\":\"n\",\"uri\":\"u\",\"uriTemplate\":\"t\"}";
	(void)state;
	assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, json, &tool), AIM_OK);
	for (uint32_t kind = AIM_FINGERPRINT_PROMPT; kind <= AIM_FINGERPRINT_EXECUTABLE; kind++) {
		assert_status(compute(ctx, kind, json, &prompt), AIM_OK);
		assert_memory_not_equal(tool.surface, prompt.surface, 32);
		assert_false(aim_fingerprint_equal(&tool, &prompt));
	}
	assert_false(aim_fingerprint_equal(NULL, &tool));
	assert_string_equal(aim_fingerprint_kind_name(AIM_FINGERPRINT_RESOURCE_TEMPLATE), "resource_template");
	assert_string_equal(aim_fingerprint_kind_name(9), "unknown");
	test_ctx_done(ctx, &heap);
}

static void what_is_no_definition_is_refused(void **state)
{
	static const struct {
		const char *json;
		aim_status expected;
	} rows[] = {
		{"[]", AIM_E_ASSESS_DEFINITION},
		{"{}", AIM_E_ASSESS_DEFINITION},
		{"{\"name\":\"\"}", AIM_E_ASSESS_DEFINITION},
		{"{\"name\":7}", AIM_E_ASSESS_DEFINITION},
		{"{\"Name\":\"n\"}", AIM_E_ASSESS_DEFINITION},
		{"{\"name\":\"n\",\"name\":\"n\"}", AIM_E_JSON_DUPLICATE},
		{"{\"name\":\"\\ud800\"}", AIM_E_JSON_SURROGATE},
		{"{\"name\":\"n\"", AIM_E_JSON_SYNTAX},
		{"{\"name\":\"n\"} x", AIM_E_JSON_TRAILING},
	};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_fingerprint f, zero = {0};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		f = zero;
		assert_status(compute(ctx, AIM_FINGERPRINT_TOOL, rows[i].json, &f), rows[i].expected);
		assert_memory_equal(f.surface, zero.surface, 32);
	}
	assert_status(compute(ctx, AIM_FINGERPRINT_RESOURCE, "{\"name\":\"n\"}", &f), AIM_E_ASSESS_DEFINITION);
	assert_status(compute(ctx, 0, "{\"name\":\"n\"}", &f), AIM_E_INVALID);
	assert_status(compute(ctx, 9, "{\"name\":\"n\"}", &f), AIM_E_INVALID);
	assert_status(aim_fingerprint_compute(ctx, 1, aim_bytes_from("{\"name\":\"n\"}", 12), &zero, NULL),
	              AIM_E_INVALID); /* struct_size was not set */
	test_ctx_done(ctx, &heap);
}

static aim_status compute_once(aim_ctx *ctx, void *arg)
{
	aim_fingerprint f;
	return compute(ctx, AIM_FINGERPRINT_TOOL, arg, &f);
}

static void every_allocation_may_fail(void **state)
{
	char json[] = "{\"name\":\"\\u0061\",\"description\":\"d\",\"inputSchema\":{\"b\":1,\"a\":2}}";
	(void)state;
	test_each_allocation_fails(compute_once, json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelling_does_not_matter),
		cmocka_unit_test(every_value_matters),
		cmocka_unit_test(the_format_is_the_documented_one),
		cmocka_unit_test(golden_values_stay),
		cmocka_unit_test(parts_cover_what_they_say),
		cmocka_unit_test(kinds_do_not_mix),
		cmocka_unit_test(what_is_no_definition_is_refused),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("assess/fingerprint", tests, NULL, NULL);
}
