/* Rules that users write: what they match in which view, what a file of them may not say, and where that is said. */
#include "support.h"

#include <aim/config.h>
#include <aim/scan.h>

#include <string.h>

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_scanner *scanner;
	aim_scan_result *result;
} fixture;

static aim_status load(aim_ctx *ctx, const char *rules, uint32_t format, aim_scanner **out, aim_error *err)
{
	const aim_scan_options o = {.struct_size = sizeof o, .rules = aim_bytes_from(rules, strlen(rules)), .rules_format = format};
	return aim_scan_new(ctx, &o, out, err);
}

static void open_rules(fixture *f, const char *rules, uint32_t format)
{
	aim_error err = {0};
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	if (load(f->ctx, rules, format, &f->scanner, &err) != AIM_OK)
		fail_msg("%u:%u: %s", err.line, err.column, err.message);
	assert_status(aim_scan_result_new(f->scanner, &f->result), AIM_OK);
}

static void done(fixture *f)
{
	aim_scan_free(f->scanner);
	aim_scan_result_free(f->result);
	test_ctx_done(f->ctx, &f->heap);
}

#define RULE(id, kind, pattern, more)                                                                                  \
	"{\"id\":\"" id "\",\"threat\":\"tool_poisoning\",\"severity\":\"warning\",\"message\":\"names " id "\",\"kind\":\"" kind   \
	"\",\"pattern\":\"" pattern "\"" more "}"
#define FILE_OF(rules) "{\"version\":1,\"rules\":[" rules "]}"

static const aim_scan_finding *find(const fixture *f, const char *rule)
{
	for (size_t i = 0; i < aim_scan_finding_count(f->result); i++)
		if (aim_str_equal(aim_scan_finding_at(f->result, i)->rule, aim_str_from(rule)))
			return aim_scan_finding_at(f->result, i);
	return NULL;
}

static size_t count(const fixture *f, const char *rule)
{
	size_t n = 0;
	for (size_t i = 0; i < aim_scan_finding_count(f->result); i++)
		n += (size_t)aim_str_equal(aim_scan_finding_at(f->result, i)->rule, aim_str_from(rule));
	return n;
}

static void scan_text(fixture *f, const char *text)
{
	assert_status(aim_scan_text(f->scanner, aim_str_from(text), f->result, NULL), AIM_OK);
}

static void scan_tool(fixture *f, const char *definition)
{
	aim_scan_tool_input in = {.struct_size = sizeof in, .definition = aim_bytes_from(definition, strlen(definition))};
	assert_status(aim_scan_tool(f->scanner, &in, f->result, NULL), AIM_OK);
}

static const char three[] = FILE_OF(RULE("acme.name", "literal", "acme corp", "") "," RULE(
	"key", "regex", "AKIA[0-9A-Z]{4}", ",\"case_sensitive\":true") "," RULE("whole", "glob", "de*te", ""));

static void a_finding_says_all(void **state)
{
	fixture f;
	(void)state;
	open_rules(&f, three, AIM_CONFIG_JSON);
	scan_tool(&f, "{\"name\":\"x\",\"description\":\"Talks to ACME Corp.\",\"inputSchema\":{\"type\":\"object\"}}");
	const aim_scan_finding *found = find(&f, "acme.name");
	assert_non_null(found);
	assert_int_equal(found->threat, AIM_SCAN_TOOL_POISONING);
	assert_int_equal(found->severity, AIM_SCAN_WARNING);
	assert_text(found->message, "names acme.name");
	assert_text(found->matched, "ACME Corp");
	assert_text(found->pointer, "/description");
	assert_text(found->view, "");
	assert_int_equal(found->start, 9);
	assert_int_equal(found->end, 18);
	aim_scan_summary s = {.struct_size = sizeof s};
	assert_status(aim_scan_summarize(f.result, &s), AIM_OK);
	assert_int_equal(s.safe, 0);
	assert_int_equal(s.tools_flagged, 1);
	done(&f);
}

static void short_texts_are_read_too(void **state)
{
	fixture f;
	(void)state;
	open_rules(&f, three, AIM_CONFIG_JSON);
	scan_tool(&f, "{\"name\":\"delete\",\"description\":\"AKIA1234\"}");
	assert_text(find(&f, "whole")->pointer, "/name");
	assert_text(find(&f, "key")->pointer, "/description");
	scan_text(&f, "akia1234 do delete");
	assert_null(find(&f, "key"));
	assert_null(find(&f, "whole"));
	done(&f);
}

/* Spans and views lead back to the original. */
static void folded_and_decoded_views(void **state)
{
	fixture f;
	(void)state;
	open_rules(&f, three, AIM_CONFIG_JSON);
	scan_text(&f, "see \xD0\x90\xD0\xA1me c\xC3\xB3rp now"); /* Cyrillic A and C, o with acute */
	const aim_scan_finding *found = find(&f, "acme.name");
	assert_non_null(found);
	assert_text(found->view, "folded");
	assert_text(found->matched, "acme corp");
	assert_int_equal(found->start, 4);
	assert_int_equal(found->end, 16);
	assert_int_equal(count(&f, "acme.name"), 1);
	scan_text(&f, "run YWNtZSBjb3JwIGlzIHRoZSBvd25lciBvZiB0aGlz now");
	found = find(&f, "acme.name");
	assert_non_null(found);
	assert_text(found->view, "base64");
	assert_int_equal(found->start, 4);
	assert_text(found->matched, "acme corp");
	done(&f);
}

static void a_folded_pattern_matches_plain_letters(void **state)
{
	fixture f;
	(void)state;
	open_rules(&f, FILE_OF(RULE("cafe", "literal", "caf\xC3\xA9", "")), AIM_CONFIG_JSON);
	scan_text(&f, "the CAFE is closed");
	assert_text(find(&f, "cafe")->view, "folded");
	scan_text(&f, "the Caf\xC3\xA9 is closed");
	assert_text(find(&f, "cafe")->view, "");
	done(&f);
}

static void fields_bound_a_rule(void **state)
{
	static const char tool[] = "{\"name\":\"acme\",\"description\":\"acme\",\"inputSchema\":{\"properties\":{\"a\":"
				   "{\"description\":\"acme\"}}},\"inputSchemas\":\"acme\"}";
	fixture f;
	(void)state;
	open_rules(&f, FILE_OF(RULE("all", "literal", "acme", "") "," RULE("some", "literal", "acme",
		",\"fields\":[\"/name\",\"/inputSchema\"]")), AIM_CONFIG_JSON);
	scan_tool(&f, tool);
	assert_int_equal(count(&f, "all"), 4);
	assert_int_equal(count(&f, "some"), 2);
	assert_text(find(&f, "some")->pointer, "/name");
	scan_text(&f, "acme");
	assert_int_equal(count(&f, "some"), 0);
	assert_int_equal(count(&f, "all"), 1);
	done(&f);
}

static void yaml_says_the_same(void **state)
{
	static const char yaml[] = "version: 1\nrules:\n  - id: acme\n    threat: confused_deputy\n    severity: critical\n"
				   "    message: talks to acme\n    kind: regex\n    pattern: 'ac\\w+e'\n";
	fixture f;
	(void)state;
	open_rules(&f, yaml, AIM_CONFIG_YAML);
	scan_text(&f, "an ACRE of land");
	assert_int_equal(find(&f, "acme")->threat, AIM_SCAN_CONFUSED_DEPUTY);
	assert_int_equal(find(&f, "acme")->severity, AIM_SCAN_CRITICAL);
	done(&f);
}

static void a_limit_is_a_finding(void **state)
{
	char text[32001];
	fixture f;
	(void)state;
	open_rules(&f, FILE_OF(RULE("slow", "regex", "(x|xx)+$", "")), AIM_CONFIG_JSON);
	memset(text, 'x', sizeof text);
	text[31999] = '!';
	text[32000] = 0;
	scan_text(&f, text);
	assert_null(find(&f, "slow"));
	assert_text(find(&f, "scan-limit")->details, "matching of rule slow");
	done(&f);
}

static void what_a_file_may_not_say(void **state)
{
#define OK_RULE RULE("fine", "literal", "fine", "")
	static const struct {
		const char *text;
		aim_status rc;
		const char *pointer;
		uint32_t line, column;
	} rows[] = {
		{"[]", AIM_E_SCAN_RULE, "", 1, 1},
		{"{\"version\":2,\"rules\":[]}", AIM_E_SCAN_RULE, "/version", 1, 12},
		{"{\"rules\":[]}", AIM_E_SCAN_RULE, "", 1, 1},
		{"{\"version\":1}", AIM_E_SCAN_RULE, "", 1, 1},
		{"{\"version\":1,\n\"rules\":[],\n\"x\":1}", AIM_E_SCAN_RULE, "/x", 3, 5},
		{FILE_OF("1"), AIM_E_SCAN_RULE, "/rules/0", 1, 23},
		{FILE_OF("\n{}"), AIM_E_SCAN_RULE, "/rules/0", 2, 1},
		{FILE_OF(OK_RULE ",\n{\"id\":\"A\"}"), AIM_E_SCAN_RULE, "/rules/1/id", 2, 7},
		{FILE_OF(OK_RULE ",\n{\"id\":\"fine\"}"), AIM_E_SCAN_RULE, "/rules/1/id", 2, 7},
		{FILE_OF("\n{\"id\":\"scan-limit\"}"), AIM_E_SCAN_RULE, "/rules/0/id", 2, 7},
		{FILE_OF("\n{\"threat\":\"unknown\"}"), AIM_E_SCAN_RULE, "/rules/0/threat", 2, 11},
		{FILE_OF("\n{\"severity\":3}"), AIM_E_SCAN_RULE, "/rules/0/severity", 2, 13},
		{FILE_OF("\n{\"message\":\"\"}"), AIM_E_SCAN_RULE, "/rules/0/message", 2, 12},
		{FILE_OF("\n{\"kind\":\"pcre\"}"), AIM_E_SCAN_RULE, "/rules/0/kind", 2, 9},
		{FILE_OF("\n{\"pattern\":[]}"), AIM_E_SCAN_RULE, "/rules/0/pattern", 2, 12},
		{FILE_OF("\n{\"case_sensitive\":1}"), AIM_E_SCAN_RULE, "/rules/0/case_sensitive", 2, 19},
		{FILE_OF("\n{\"fields\":[]}"), AIM_E_SCAN_RULE, "/rules/0/fields", 2, 11},
		{FILE_OF("\n{\"fields\":[\"name\"]}"), AIM_E_SCAN_RULE, "/rules/0/fields/0", 2, 12},
		{FILE_OF("\n{\"flags\":1}"), AIM_E_SCAN_RULE, "/rules/0/flags", 2, 10},
		{FILE_OF(OK_RULE ",\n" RULE("bad", "regex", "a(b", "")), AIM_E_PATTERN, "/rules/1/pattern", 2, 107},
		{FILE_OF(OK_RULE ",\n" RULE("bad", "regex", "b*", "")), AIM_E_PATTERN, "/rules/1/pattern", 2, 107},
		{FILE_OF(OK_RULE ",\n" RULE("bad", "literal", "", "")), AIM_E_PATTERN, "/rules/1/pattern", 2, 109},
		{"{\"version\":1,\n \"rules\":[}", AIM_E_JSON_SYNTAX, "/rules/0", 2, 11},
	};
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_scanner *scanner = NULL;
		aim_error err = {0};
		aim_status rc = load(ctx, rows[i].text, AIM_CONFIG_JSON, &scanner, &err);
		if (rc != rows[i].rc || scanner || strcmp(err.pointer, rows[i].pointer) != 0 || err.line != rows[i].line ||
		    err.column != rows[i].column || err.message[0] == 0)
			fail_msg("row %zu: %s %u:%u %s %s", i, aim_status_name(rc), err.line, err.column, err.pointer, err.message);
	}
	test_ctx_done(ctx, &heap);
}

static void sizes_have_limits(void **state)
{
	const aim_bytes rules = aim_bytes_from(three, strlen(three));
	const aim_scan_options rows[] = {
		{.struct_size = sizeof *rows, .rules = rules, .max_rules_bytes = 10},
		{.struct_size = sizeof *rows, .rules = rules, .max_rules = 2},
		{.struct_size = sizeof *rows, .rules = rules, .max_pattern_bytes = 4},
	};
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	aim_scanner *scanner = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_status(aim_scan_new(ctx, &rows[i], &scanner, NULL), AIM_E_LIMIT);
	const aim_scan_options format = {.struct_size = sizeof format, .rules = rules, .rules_format = 9};
	assert_status(aim_scan_new(ctx, &format, &scanner, NULL), AIM_E_INVALID);
	test_ctx_done(ctx, &heap);
}

static void options_of_an_older_host_have_no_rules(void **state)
{
	const aim_scan_options o = {.struct_size = offsetof(aim_scan_options, rules), .max_rules = 77};
	fixture f = {.scanner = NULL};
	(void)state;
	f.ctx = test_ctx(&f.heap);
	assert_status(aim_scan_new(f.ctx, &o, &f.scanner, NULL), AIM_OK);
	assert_status(aim_scan_result_new(f.scanner, &f.result), AIM_OK);
	scan_text(&f, "acme");
	assert_int_equal(aim_scan_finding_count(f.result), 0);
	done(&f);
}

static void a_warm_scan_allocates_nothing(void **state)
{
	static const char text[] = "\xD0\x90\xD0\xA1me c\xC3\xB3rp, and YWNtZSBjb3JwIGlzIHRoZSBvd25lciBvZiB0aGlz";
	fixture f;
	(void)state;
	open_rules(&f, three, AIM_CONFIG_JSON);
	scan_text(&f, text);
	scan_text(&f, text);
	size_t before = f.heap.n_allocs;
	for (int i = 0; i < 3; i++)
		scan_text(&f, text);
	assert_int_equal(f.heap.n_allocs, before);
	assert_true(aim_scan_finding_count(f.result) > 0);
	done(&f);
}

static aim_status load_and_scan(aim_ctx *ctx, void *arg)
{
	aim_scanner *scanner = NULL;
	aim_scan_result *result = NULL;
	(void)arg;
	aim_status rc = load(ctx, three, AIM_CONFIG_JSON, &scanner, NULL);
	if (rc == AIM_OK)
		rc = aim_scan_result_new(scanner, &result);
	if (rc == AIM_OK)
		rc = aim_scan_text(scanner, aim_str_from("to \xD0\x90\xD0\xA1me c\xC3\xB3rp AKIA1234"), result, NULL);
	if (rc == AIM_OK)
		assert_true(aim_scan_finding_count(result) >= 2);
	else if (result)
		assert_int_equal(aim_scan_finding_count(result), 0);
	aim_scan_result_free(result);
	aim_scan_free(scanner);
	return rc;
}

static void memory_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(load_and_scan, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_says_all),
		cmocka_unit_test(short_texts_are_read_too),
		cmocka_unit_test(folded_and_decoded_views),
		cmocka_unit_test(a_folded_pattern_matches_plain_letters),
		cmocka_unit_test(fields_bound_a_rule),
		cmocka_unit_test(yaml_says_the_same),
		cmocka_unit_test(a_limit_is_a_finding),
		cmocka_unit_test(what_a_file_may_not_say),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(options_of_an_older_host_have_no_rules),
		cmocka_unit_test(a_warm_scan_allocates_nothing),
		cmocka_unit_test(memory_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
