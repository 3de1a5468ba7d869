/* Policy documents: what compiles, and every mistake found with its place. */
#include "support.h"

#include <aim/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"version\":1,\"name\":\"p\",\"rules\":["
#define RULE(members) HEAD "{\"id\":\"r\",\"effect\":\"deny\"" members "}]}"

static aim_status compile(aim_ctx *ctx, const char *text, aim_policy **out, aim_diagnostics *d,
                          aim_error *err)
{
	return aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, out, d, err);
}

static void reads_a_document(void **state)
{
	static const char text[] =
		"{\"version\":1,\"name\":\"files\",\"description\":\"what the reporter may do\","
		"\"default\":\"ask\",\"rules\":["
		"{\"id\":\"a\",\"effect\":\"allow\",\"tools\":\"read_file\",\"agents\":[\"bot\",\"did:aim:x\"],"
		"\"servers\":[\"fs*\"],\"capabilities\":[\"fs:read\"],\"trust\":{\"min\":1,\"max\":2},"
		"\"action\":\"mcp_tool\",\"risk\":[\"low\",\"medium\"],\"reason\":\"Reading is fine\"},"
		"{\"id\":\"b\",\"effect\":\"deny\"}]}";
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(compile(ctx, text, &policy, NULL, &err), AIM_OK);
	assert_text(aim_policy_name(policy), "files");
	assert_text(aim_policy_description(policy), "what the reporter may do");
	assert_int_equal(aim_policy_rule_count(policy), 2);
	assert_int_equal(aim_policy_default(policy), AIM_DECISION_ASK);
	assert_ptr_equal(aim_policy_ref(policy), policy);
	aim_policy_unref(policy);
	assert_text(aim_policy_name(policy), "files");
	aim_policy_unref(policy);
	test_ctx_done(ctx, &heap);
}

static void the_hash_is_that_of_the_canonical_document(void **state)
{
	/* printf %s '{"name":"p","rules":[],"version":1}' | sha256sum */
	static const char expected[] =
		"2eaae0f2e01462eee93d1c163c74f9239ec152d87aa7c8fca5389161fb30b336";
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *a = NULL;
	aim_policy *b = NULL;
	(void)state;
	assert_status(compile(ctx, "{\"version\":1,\"name\":\"p\",\"rules\":[]}", &a, NULL, NULL), AIM_OK);
	assert_status(compile(ctx, "{ \"rules\" : [ ],\n\"name\":\"\\u0070\", \"version\":1.0 }", &b, NULL,
	                      NULL),
	              AIM_OK);
	assert_text(aim_policy_hash(a), expected);
	assert_text(aim_policy_hash(b), expected);
	assert_null(aim_policy_hash(NULL).ptr);
	aim_policy_unref(a);
	aim_policy_unref(b);
	test_ctx_done(ctx, &heap);
}

/* One mistake each: where it is and words of the message. */
static const struct {
	const char *text;
	const char *pointer;
	const char *words;
} mistakes[] = {
	{"[]", "", "a policy must be an object"},
	{"{\"name\":\"p\",\"rules\":[]}", "", "member 'version'"},
	{"{\"version\":2,\"name\":\"p\",\"rules\":[]}", "/version", "version must be 1"},
	{"{\"version\":\"1\",\"name\":\"p\",\"rules\":[]}", "/version", "version must be 1"},
	{"{\"version\":1,\"rules\":[]}", "", "member 'name'"},
	{"{\"version\":1,\"name\":\"\",\"rules\":[]}", "/name", "text of 1 to 256 bytes"},
	{"{\"version\":1,\"name\":\"p\"}", "", "member 'rules'"},
	{"{\"version\":1,\"name\":\"p\",\"rules\":{}}", "/rules", "list of rules"},
	{"{\"version\":1,\"name\":\"p\",\"rules\":[],\"rule\":[]}", "/rule",
	 "no member 'rule'; expected one of version, name, description, default, rules"},
	{"{\"version\":1,\"name\":\"p\",\"description\":7,\"rules\":[]}", "/description", "text of 1"},
	{"{\"version\":1,\"name\":\"p\",\"default\":\"permit\",\"rules\":[]}", "/default",
	 "one of \"deny\", \"allow\", \"ask\""},
	{"{\"version\":1,\"name\":\"p\",\"default\":\"allow\",\"rules\":[]}", "/default", "only when"},
	{"{\"version\":1,\"name\":\"p\",\"default\":\"allow\",\"rules\":[{\"id\":\"a\",\"effect\":\"allow\"}]}",
	 "/default", "only when"},
	{HEAD "7]}", "/rules/0", "a rule must be an object"},
	{HEAD "{\"effect\":\"deny\"}]}", "/rules/0", "member 'id'"},
	{HEAD "{\"id\":\"r\"}]}", "/rules/0", "member 'effect'"},
	{HEAD "{\"id\":\"r\",\"effect\":\"block\"}]}", "/rules/0/effect", "one of \"deny\""},
	{HEAD "{\"id\":\"r\",\"effect\":\"deny\"},{\"id\":\"r\",\"effect\":\"deny\"}]}", "/rules/1",
	 "id 'r' is the id of /rules/0 too"},
	{HEAD "{\"id\":\"a\\nb\",\"effect\":\"deny\"}]}", "/rules/0/id", "control characters"},
	{RULE(",\"tool\":\"x\""), "/rules/0/tool", "no member 'tool'; expected one of id, effect, tools"},
	{RULE(",\"tools\":[]"), "/rules/0/tools", "empty list"},
	{RULE(",\"tools\":7"), "/rules/0/tools", "a text or a list of texts"},
	{RULE(",\"tools\":[\"a\",7]"), "/rules/0/tools/1", "is not a text"},
	{RULE(",\"tools\":\"\""), "/rules/0/tools", "is empty"},
	{RULE(",\"tools\":\"a**\""), "/rules/0/tools", "holds **"},
	{RULE(",\"servers\":\"[ab]\""), "/rules/0/servers", "use * and ?"},
	{RULE(",\"agents\":\"a\\u0000b\""), "/rules/0/agents", "control character"},
	{RULE(",\"capabilities\":\"*\""), "/rules/0/capabilities", "leave capabilities out"},
	{RULE(",\"trust\":500000"), "/rules/0/trust", "trust must be an object"},
	{RULE(",\"trust\":{}"), "/rules/0/trust", "'min' or 'max'"},
	{RULE(",\"trust\":{\"mn\":1}"), "/rules/0/trust/mn", "expected one of min, max"},
	{RULE(",\"trust\":{\"min\":0.5}"), "/rules/0/trust/min", "whole number from 0 to 1000000"},
	{RULE(",\"trust\":{\"max\":1000001}"), "/rules/0/trust/max", "whole number from 0 to 1000000"},
	{RULE(",\"trust\":{\"min\":-1}"), "/rules/0/trust/min", "whole number from 0 to 1000000"},
	{RULE(",\"trust\":{\"min\":3,\"max\":2}"), "/rules/0/trust", "could never match"},
	{RULE(",\"risk\":\"severe\""), "/rules/0/risk", "one of \"low\", \"medium\", \"high\", \"critical\""},
	{RULE(",\"risk\":[]"), "/rules/0/risk", "empty list"},
	{RULE(",\"reason\":\"\""), "/rules/0/reason", "text of 1 to 1000 bytes"},
	{RULE(",\"action\":\"mcp_prompt\",\"tools\":\"x\""), "/rules/0", "can never match"},
	{RULE(",\"action\":\"mcp_tool\",\"resources\":\"file:*\""), "/rules/0", "can never match"},
};

static void every_mistake_has_its_place(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		aim_policy *policy = NULL;
		aim_diagnostics *d = NULL;
		aim_error err = {0};
		assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
		aim_status rc = compile(ctx, mistakes[i].text, &policy, d, &err);
		if (rc != AIM_E_POLICY || aim_diagnostics_count(d) != 1 || err.status != AIM_E_POLICY ||
		    strcmp(err.pointer, mistakes[i].pointer) != 0 || !strstr(err.message, mistakes[i].words) ||
		    err.line != 1 || err.column != err.offset + 1 || err.layer != AIM_LAYER_ENFORCE)
			fail_msg("%s\ngives %s, %zu problems, %u:%u %s: %s", mistakes[i].text,
			         aim_status_name(rc), aim_diagnostics_count(d), err.line, err.column,
			         err.pointer, err.message);
		assert_memory_equal(&err, aim_diagnostics_at(d, 0), sizeof err);
		assert_null(policy);
		aim_diagnostics_free(d);
	}
	test_ctx_done(ctx, &heap);
}

static void all_mistakes_are_found_at_once(void **state)
{
	static const char text[] = "{\n"
							   "  \"version\": 1,\n"
							   "  \"name\": \"p\",\n"
							   "  \"defualt\": \"deny\",\n"
							   "  \"rules\": [\n"
							   "    {\"id\": \"a\", \"effect\": \"deny\", \"tools\": []},\n"
							   "    {\"id\": \"a\", \"effect\": \"maybe\",\n"
							   "     \"trust\": {\"min\": 9, \"max\": 1}}\n"
							   "  ]\n"
							   "}\n";
	static const struct {
		uint32_t line;
		uint32_t column;
		const char *pointer;
	} places[] = {{4, 14, "/defualt"},
	              {6, 44, "/rules/0/tools"},
	              {7, 27, "/rules/1/effect"},
	              {8, 15, "/rules/1/trust"},
	              {7, 5, "/rules/1"}};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_diagnostics *d = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	assert_status(compile(ctx, text, &policy, d, &err), AIM_E_POLICY);
	assert_int_equal(aim_diagnostics_count(d), 5);
	for (size_t i = 0; i < 5; i++) {
		const aim_error *problem = aim_diagnostics_at(d, i);
		assert_int_equal(problem->line, places[i].line);
		assert_int_equal(problem->column, places[i].column);
		assert_string_equal(problem->pointer, places[i].pointer);
	}
	assert_string_equal(err.pointer, "/defualt");
	aim_diagnostics_free(d);
	test_ctx_done(ctx, &heap);
}

static void a_broken_text_keeps_the_readers_code(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_diagnostics *d = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	assert_status(compile(ctx, "{\"version\":1,\n,}", &policy, d, &err), AIM_E_JSON_SYNTAX);
	assert_int_equal(err.line, 2);
	assert_int_equal(aim_diagnostics_count(d), 1);
	assert_status(compile(ctx, "", &policy, NULL, NULL), AIM_E_JSON_SYNTAX);
	assert_status(compile(ctx, "{\"version\":1,\"version\":1}", &policy, NULL, NULL),
	              AIM_E_JSON_DUPLICATE);
	assert_null(policy);
	aim_diagnostics_free(d);
	test_ctx_done(ctx, &heap);
}

static void limits_hold(void **state)
{
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_rules = 1, .max_name_bytes = 4};
	aim_ctx *ctx = test_ctx_limits(&heap, &limits);
	aim_policy *policy = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(compile(ctx,
	                      HEAD "{\"id\":\"a\",\"effect\":\"deny\"},{\"id\":\"b\",\"effect\":\"deny\"}]}",
	                      &policy, NULL, &err),
	              AIM_E_LIMIT);
	assert_string_equal(err.pointer, "/rules");
	assert_status(compile(ctx, RULE(",\"tools\":\"abcd\""), &policy, NULL, NULL), AIM_OK);
	aim_policy_unref(policy);
	assert_status(compile(ctx, RULE(",\"tools\":\"abcde\""), &policy, NULL, &err), AIM_E_POLICY);
	assert_non_null(strstr(err.message, "max_name_bytes"));
	test_ctx_done(ctx, &heap);
}

static void options_are_checked(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_policy_options o = {.struct_size = sizeof o, .flags = 1};
	aim_bytes text = aim_bytes_from(RULE(""), sizeof RULE("") - 1);
	(void)state;
	assert_status(aim_policy_compile(ctx, text, &o, &policy, NULL, NULL), AIM_E_VERSION);
	o.flags = 0;
	o.struct_size = 4;
	assert_status(aim_policy_compile(ctx, text, &o, &policy, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_policy_compile(NULL, text, NULL, &policy, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_policy_compile(ctx, text, NULL, NULL, NULL, NULL), AIM_E_INVALID);
	test_ctx_done(ctx, &heap);
}

/* Rules with every member, enough of them to split the index by tool, agent and prefix. */
static char *large_document(size_t n_rules)
{
	static const char *const effects[] = {"deny", "ask", "allow"};
	char *text = malloc(200 + n_rules * 220);
	size_t at = 0;
	if (!text)
		abort(); /* assertions return as far as the compiler can see */
	at += (size_t)sprintf(text + at, "{\"version\":1,\"name\":\"large\",\"rules\":[");
	for (size_t i = 0; i < n_rules; i++)
		at += (size_t)sprintf(text + at,
		                      "%s{\"id\":\"rule-%zu\",\"effect\":\"%s\",\"tools\":[\"tool_%zu\",\"T%zu_*\"],"
		                      "\"agents\":[\"agent-%zu\",\"%s\"],\"servers\":\"fs\","
		                      "\"capabilities\":\"fs:*\",\"trust\":{\"min\":%zu}}",
		                      i ? "," : "", i, effects[i % 3], i / 12, i / 24, i,
		                      i % 5 ? "bot" : "did:aim:x", i % 7);
	sprintf(text + at, "]}");
	return text;
}

static aim_status compile_and_free(aim_ctx *ctx, void *arg)
{
	aim_policy *policy = NULL;
	aim_diagnostics *d = NULL;
	aim_status rc = aim_diagnostics_new(ctx, &d);
	if (rc == AIM_OK)
		rc = compile(ctx, arg, &policy, d, NULL);
	aim_diagnostics_free(d);
	aim_policy_unref(policy);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	char *text = large_document(100);
	test_each_allocation_fails(compile_and_free, text);
	free(text);
}

static aim_status compile_broken(aim_ctx *ctx, void *arg)
{
	aim_status rc = compile_and_free(ctx, arg);
	return rc == AIM_E_POLICY ? AIM_OK : rc;
}

static void every_allocation_may_fail_for_a_broken_document(void **state)
{
	char text[] = RULE(",\"tools\":[\"a\",\"b*\"],\"trust\":{}") "   ";
	(void)state;
	test_each_allocation_fails(compile_broken, text);
}

static void a_hundred_thousand_rules_compile(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_limits limits = {.struct_size = sizeof limits, .max_json_bytes = 64u << 20,
	                     .max_json_values = 3000000};
	(void)state;
	test_ctx_done(ctx, &heap);
	ctx = test_ctx_limits(&heap, &limits);
	char *text = large_document(100000);
	size_t before = heap.n_allocs;
	assert_status(compile(ctx, text, &policy, NULL, NULL), AIM_OK);
	assert_int_equal(aim_policy_rule_count(policy), 100000);
	/* In proportion: neither an allocation per pair of rules nor memory that grows with their product. */
	assert_true(heap.n_allocs - before < 200000);
	assert_true(heap.live_bytes < strlen(text) * 12);
	aim_policy_unref(policy);
	free(text);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_document),
		cmocka_unit_test(the_hash_is_that_of_the_canonical_document),
		cmocka_unit_test(every_mistake_has_its_place),
		cmocka_unit_test(all_mistakes_are_found_at_once),
		cmocka_unit_test(a_broken_text_keeps_the_readers_code),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(every_allocation_may_fail_for_a_broken_document),
		cmocka_unit_test(a_hundred_thousand_rules_compile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
