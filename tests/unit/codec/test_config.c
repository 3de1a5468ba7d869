/* Configuration files: JSON with comments, TOML and YAML become the same documents, and what is refused says where. */
#include "vectors.h"

#include "base/buf.h"
#include <aim/config.h>
#include <stdlib.h>

static test_heap heap;
static aim_ctx *ctx;
static aim_json *doc;
static aim_json *expected;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	return aim_json_new(ctx, &doc) == AIM_OK && aim_json_new(ctx, &expected) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_json_free(doc);
	aim_json_free(expected);
	test_ctx_done(ctx, &heap);
	return 0;
}

static aim_bytes bytes_of(const char *text)
{
	return aim_bytes_from(text, strlen(text));
}

/* 1 when value and other are the same, also in the order of members and the text of numbers. */
static int same(aim_json_value value, aim_json_value other)
{
	if (aim_json_type(doc, value) != aim_json_type(expected, other) ||
	    aim_json_count(doc, value) != aim_json_count(expected, other))
		return 0;
	if (!aim_str_equal(aim_json_string(doc, value), aim_json_string(expected, other)) ||
	    !aim_str_equal(aim_json_number_text(doc, value), aim_json_number_text(expected, other)))
		return 0;
	int32_t a = 0, b = 0;
	(void)!aim_json_bool(doc, value, &a);
	(void)!aim_json_bool(expected, other, &b);
	value = aim_json_first(doc, value);
	other = aim_json_first(expected, other);
	for (; value != AIM_JSON_NONE; value = aim_json_next(doc, value), other = aim_json_next(expected, other))
		if (!aim_str_equal(aim_json_key(doc, value), aim_json_key(expected, other)) || !same(value, other))
			return 0;
	return a == b;
}

static void assert_reads_as(const char *name, aim_bytes text, uint32_t format, const char *json)
{
	aim_error err = {0};
	if (aim_config_parse(doc, text, format, &err) != AIM_OK)
		fail_msg("%s: %u:%u: %s", name, err.line, err.column, err.message);
	if (aim_json_parse(expected, bytes_of(json), 0, &err) != AIM_OK)
		fail_msg("%s: the expected JSON: %s", name, err.message);
	aim_bytes raw = aim_json_raw(doc, AIM_JSON_ROOT);
	if (!same(AIM_JSON_ROOT, AIM_JSON_ROOT))
		fail_msg("%s: %.*s, expected %s", name, (int)raw.len, (const char *)raw.ptr, json);
}

static void assert_refused(const char *name, aim_bytes text, uint32_t format, aim_status status, uint32_t line,
                           uint32_t column)
{
	aim_error err = {0};
	aim_status rc = aim_config_parse(doc, text, format, &err);
	if (rc == AIM_OK)
		fail_msg("%s: was read", name);
	if (err.status != rc || err.line != line || err.column != column || (status != AIM_OK && rc != status))
		fail_msg("%s: %s %u:%u: %s; expected %u:%u", name, aim_status_name(rc), err.line, err.column, err.message,
		         line, column);
	assert_int_equal(aim_json_type(doc, AIM_JSON_ROOT), AIM_JSON_ABSENT);
}

/* The next case of a vector file: its text, and what stands behind the mark. 0 at the end. */
static int next_case(char **rest, char **name, aim_bytes *text, char **answer)
{
	if (strncmp(*rest, "%%% ", 4) != 0)
		return 0;
	*name = *rest + 4;
	char *start = strchr(*name, '\n');
	*start++ = '\0';
	char *mark = strncmp(start, "%%%", 3) == 0 ? start : strstr(start, "\n%%%") + 1;
	*answer = mark + 5;
	*rest = strchr(*answer, '\n');
	*(*rest)++ = '\0';
	char *dst = start;
	for (char *p = start; p < mark; p++) /* the paragraph sign is a carriage return */
		if ((unsigned char)p[0] == 0xC2 && (unsigned char)p[1] == 0xB6)
			*dst++ = *++p ? '\r' : '\0';
		else
			*dst++ = *p;
	*text = aim_bytes_from(start, (size_t)(dst - start));
	return 1;
}

static void toml_valid(void **state)
{
	(void)state;
	char *rest = (char *)(uintptr_t)vectors_read("toml/valid.txt").ptr;
	char *name, *answer;
	aim_bytes text;
	int n = 0;
	for (; next_case(&rest, &name, &text, &answer); n++)
		assert_reads_as(name, text, AIM_CONFIG_TOML, answer);
	assert_true(n >= 20 && *rest == '\0');
}

static void toml_invalid(void **state)
{
	(void)state;
	char *rest = (char *)(uintptr_t)vectors_read("toml/invalid.txt").ptr;
	char *name, *answer;
	aim_bytes text;
	int n = 0;
	for (; next_case(&rest, &name, &text, &answer); n++) {
		char *column = strchr(answer, ':');
		if (!strstr((const char *)text.ptr, "\"\"\"") && strstr(name, "not closed") && strstr(name, "string"))
			text.len--; /* without the line's end, which would be the first thing wrong */
		assert_refused(name, text, AIM_CONFIG_TOML, AIM_OK, (uint32_t)atoi(answer), (uint32_t)atoi(column + 1));
	}
	assert_true(n >= 60 && *rest == '\0');
}

static const struct {
	const char *text;
	const char *json;
} jsonc_valid[] = {
	{"// first\n{ /* a */ \"a\" /* b */ : /* c */ 1 /* d */, // e\n \"b\": [1, 2, /* f */ ], }\n// last", "{\"a\":1,\"b\":[1,2]}"},
	{"\xEF\xBB\xBF{}", "{}"},
	{"[1,]/**/", "[1]"},
	{"{\"u\":\"http://x//y/*z*/\"} //", "{\"u\":\"http://x//y/*z*/\"}"},
	{"/* é **/ {\"a\":{\"b\":[],},}", "{\"a\":{\"b\":[]}}"},
};

static const struct {
	const char *text;
	aim_status status;
	uint32_t column;
} jsonc_invalid[] = {
	{"{} /* open", AIM_E_JSON_TRAILING, 4}, {"/", AIM_E_JSON_SYNTAX, 1},      {"[,]", AIM_E_JSON_SYNTAX, 2},
	{"{,}", AIM_E_JSON_SYNTAX, 2},          {"[1,,]", AIM_E_JSON_SYNTAX, 4},  {"/*/ 1", AIM_E_JSON_SYNTAX, 1},
	{"{a:1}", AIM_E_JSON_SYNTAX, 2},        {"['a']", AIM_E_JSON_SYNTAX, 2},  {"[1] # no", AIM_E_JSON_TRAILING, 5},
	{"{\"a\":1,\"a\":2,}", AIM_E_JSON_DUPLICATE, 8}, {"// \xff\n1", AIM_E_JSON_SYNTAX, 1}, {"1,", AIM_E_JSON_TRAILING, 2},
};

static void json_with_comments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof jsonc_valid / sizeof *jsonc_valid; i++) {
		aim_bytes text = bytes_of(jsonc_valid[i].text);
		assert_reads_as(jsonc_valid[i].text, text, AIM_CONFIG_JSONC, jsonc_valid[i].json);
		assert_int_not_equal(aim_config_parse(doc, text, AIM_CONFIG_JSON, NULL), AIM_OK);
	}
	for (size_t i = 0; i < sizeof jsonc_invalid / sizeof *jsonc_invalid; i++)
		assert_refused(jsonc_invalid[i].text, bytes_of(jsonc_invalid[i].text), AIM_CONFIG_JSONC,
		               jsonc_invalid[i].status, 1, jsonc_invalid[i].column);
}

/* Every other position in a text: the same as that of the value in it. */
static void positions(void **state)
{
	(void)state;
	static const struct {
		uint32_t format;
		const char *text;
		const char *pointer;
		uint32_t line, column;
	} cases[] = {
		{AIM_CONFIG_TOML, "\xEF\xBB\xBF# x\n[a.b]\nc = [ 1, \"two\" ]\n", "/a/b/c", 3, 1},
		{AIM_CONFIG_TOML, "# x\n[a.b]\nc = [ 1, \"two\" ]\n", "/a/b/c/1", 3, 10},
		{AIM_CONFIG_TOML, "# x\n[a.b]\nc = 1\n", "/a/b", 2, 4},
		{AIM_CONFIG_JSONC, "// x\n{ \"a\": /* y */ 1 }", "/a", 2, 16},
		{AIM_CONFIG_YAML, "# x\né:\n  - b: 1\n    c: 2\n", "/é/0/c", 4, 5},
		{AIM_CONFIG_YAML, "é: [é, {x: 1}]\n", "/é/1/x", 1, 11},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t line, column;
		aim_status rc = aim_config_parse(doc, bytes_of(cases[i].text), cases[i].format, NULL);
		if (rc == AIM_E_UNSUPPORTED)
			continue;
		assert_status(rc, AIM_OK);
		aim_json_value value = aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(cases[i].pointer));
		assert_status(aim_json_position(doc, value, NULL, &line, &column), AIM_OK);
		if (line != cases[i].line || column != cases[i].column)
			fail_msg("%s: %u:%u, expected %u:%u", cases[i].pointer, line, column, cases[i].line, cases[i].column);
	}
}

static int has_yaml(void)
{
	return aim_config_parse(doc, bytes_of("a: 1"), AIM_CONFIG_YAML, NULL) != AIM_E_UNSUPPORTED;
}

static const struct {
	const char *text;
	const char *json;
} yaml_valid[] = {
	{"", "null"},
	{"\xEF\xBB\xBF" "a: 1", "{\"a\":1}"},
	{"a: 1\nb: [x, 'y', \"z\\n\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"]}"},
	{"a: ~\nb: null\nc:\nd: ''\n", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}"},
	{"a: true\nb: False\nc: yes\nd: on\n", "{\"a\":true,\"b\":false,\"c\":\"yes\",\"d\":\"on\"}"},
	{"- 0123\n- +5\n- -0.5\n- .5\n- 5.\n- 1e3\n- 0x1F\n- 0o17\n- .inf\n- 1_000\n- 12:30\n- -\n- 1e\n- '7'",
	 "[123,5,-0.5,0.5,5,1e3,31,15,\".inf\",\"1_000\",\"12:30\",[null],\"1e\",\"7\"]"},
	{"1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}"},
	{"a: !!str 1\nb: !!int 7\nc: !!map {}\nd: ! 9\n", "{\"a\":\"1\",\"b\":7,\"c\":{},\"d\":\"9\"}"},
	{"a: |\n  one\n  two\nb: >-\n  three\n  four\n", "{\"a\":\"one\\ntwo\\n\",\"b\":\"three four\"}"},
	{"%YAML 1.2\n---\na: &x 1\n...\n", "{\"a\":1}"},
	{"d: 2001-12-14t21:59:43.10-05:00", "{\"d\":\"2001-12-14t21:59:43.10-05:00\"}"},
};

static const struct {
	const char *text;
	aim_status status;
	uint32_t line, column;
} yaml_invalid[] = {
	{"a: &x [1]\nb: *x\n", AIM_E_YAML, 2, 4},
	{"a: 1\na: 2\n", AIM_E_JSON_DUPLICATE, 2, 1},
	{"1: a\n'1': b\n", AIM_E_JSON_DUPLICATE, 2, 1},
	{"a: !python/object:os.system x", AIM_E_YAML, 1, 4},
	{"a: !!binary aGk=", AIM_E_YAML, 1, 4},
	{"a: !!int x", AIM_E_YAML, 1, 4},
	{"a: !!set {x}", AIM_E_YAML, 1, 4},
	{"a: 1\n---\nb: 2\n", AIM_E_YAML, 2, 1},
	{"[a]: 1", AIM_E_YAML, 1, 1},
	{"? {x: 1}\n: 1", AIM_E_YAML, 1, 3},
	{"a: [1, 2", AIM_E_YAML, 1, 9},
	{"a:\n\t- 1", AIM_E_YAML, 2, 1},
	{"a: b: c", AIM_E_YAML, 1, 5},
	{"ok: 1\nbad: \"\\q\"", AIM_E_YAML, 2, 7},
	{"a: \xff", AIM_E_UTF8, 1, 4},
};

static void yaml_documents(void **state)
{
	(void)state;
	if (!has_yaml())
		skip();
	for (size_t i = 0; i < sizeof yaml_valid / sizeof *yaml_valid; i++)
		assert_reads_as(yaml_valid[i].text, bytes_of(yaml_valid[i].text), AIM_CONFIG_YAML, yaml_valid[i].json);
	for (size_t i = 0; i < sizeof yaml_invalid / sizeof *yaml_invalid; i++)
		assert_refused(yaml_invalid[i].text, bytes_of(yaml_invalid[i].text), AIM_CONFIG_YAML,
		               yaml_invalid[i].status, yaml_invalid[i].line, yaml_invalid[i].column);
}

/* n times unit, as text. */
static aim_bytes repeated(const char *unit, size_t n)
{
	size_t len = strlen(unit);
	char *text = malloc(n * len + 1);
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, unit, len);
	return aim_bytes_from(text, n * len);
}

static void hostile_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		size_t n;
		uint32_t format;
	} cases[] = {
		{"a=[", 1, AIM_CONFIG_TOML},       {"a.", 400, AIM_CONFIG_TOML},     {"[[a]]\n[a.b", 1, AIM_CONFIG_TOML},
		{"[", 100000, AIM_CONFIG_JSONC},   {"/*", 100000, AIM_CONFIG_JSONC}, {"[", 100000, AIM_CONFIG_YAML},
		{"- ", 20000, AIM_CONFIG_YAML},    {"{a: ", 20000, AIM_CONFIG_YAML}, {"? ", 20000, AIM_CONFIG_YAML},
		{"\"", 100001, AIM_CONFIG_YAML},   {"&a ", 1000, AIM_CONFIG_YAML},   {"!", 100000, AIM_CONFIG_YAML},
		{"a={", 200, AIM_CONFIG_TOML},     {"\"", 1001, AIM_CONFIG_TOML},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_bytes text = repeated(cases[i].unit, cases[i].n);
		if (aim_config_parse(doc, text, cases[i].format, NULL) == AIM_OK)
			fail_msg("%s × %zu was read", cases[i].unit, cases[i].n);
		free((void *)(uintptr_t)text.ptr);
	}
	aim_bytes nested = repeated("[", 3000);
	memcpy((void *)(uintptr_t)nested.ptr, "a=", 2);
	assert_status(aim_config_parse(doc, nested, AIM_CONFIG_TOML, NULL), AIM_E_JSON_DEPTH);
	free((void *)(uintptr_t)nested.ptr);
	assert_status(aim_config_parse(doc, bytes_of("a=1"), 9, NULL), AIM_E_INVALID);
	assert_status(aim_config_parse(NULL, bytes_of("a=1"), 9, NULL), AIM_E_INVALID);
}

static void limits(void **state)
{
	(void)state;
	test_heap small_heap = {0};
	aim_limits l = {.struct_size = sizeof l, .max_json_values = 4, .max_json_depth = 2, .max_json_bytes = 40};
	aim_ctx *small = test_ctx_limits(&small_heap, &l);
	aim_json *d = NULL;
	assert_status(aim_json_new(small, &d), AIM_OK);
	assert_status(aim_config_parse(d, bytes_of("a=1\nb=2\nc=3\n"), AIM_CONFIG_TOML, NULL), AIM_OK);
	assert_status(aim_config_parse(d, bytes_of("a=1\nb=2\nc=3\nd=4\n"), AIM_CONFIG_TOML, NULL), AIM_E_JSON_SIZE);
	assert_status(aim_config_parse(d, bytes_of("a.b.c=1\n"), AIM_CONFIG_TOML, NULL), AIM_E_JSON_DEPTH);
	assert_status(aim_config_parse(d, bytes_of("# a comment longer than all that may be read\n"), AIM_CONFIG_TOML, NULL),
	              AIM_E_JSON_SIZE);
	if (has_yaml())
		assert_status(aim_config_parse(d, bytes_of("[[[1]]]"), AIM_CONFIG_YAML, NULL), AIM_E_JSON_DEPTH);
	aim_json_free(d);
	test_ctx_done(small, &small_heap);
}

static aim_status read_one(aim_ctx *c, void *arg)
{
	aim_json *d = NULL;
	aim_error err = {0};
	aim_status rc = aim_json_new(c, &d);
	if (rc != AIM_OK)
		return rc;
	if (*(uint32_t *)arg == AIM_CONFIG_TOML)
		rc = aim_config_parse(d, bytes_of("a = \"\\t\"\n[[b.c]]\nd = [1, 0x10, {e = 2}]\n"), AIM_CONFIG_TOML, &err);
	else if (*(uint32_t *)arg == AIM_CONFIG_YAML)
		rc = aim_config_parse(d, bytes_of("a: \"\\t\"\nb:\n  - c: 1\n"), AIM_CONFIG_YAML, &err);
	else
		rc = aim_config_parse(d, bytes_of("{\"a\":[1,],}"), AIM_CONFIG_JSONC, &err);
	aim_json_free(d);
	return rc == AIM_E_UNSUPPORTED ? AIM_OK : rc;
}

static void out_of_memory(void **state)
{
	(void)state;
	for (uint32_t format = AIM_CONFIG_JSONC; format <= AIM_CONFIG_YAML; format++)
		test_each_allocation_fails(read_one, &format);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toml_valid),     cmocka_unit_test(toml_invalid), cmocka_unit_test(json_with_comments),
		cmocka_unit_test(positions),      cmocka_unit_test(yaml_documents), cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(limits),         cmocka_unit_test(out_of_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
