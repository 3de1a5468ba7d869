/* What compiling says of rules that are not wrong, regular expressions, and why a decision is as it is. */
#include "support.h"

#include <aim/json.h>
#include <aim/policy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define R(id, effect, more) "{\"id\":\"" id "\",\"effect\":\"" effect "\"" more "}"

static const struct {
	const char *members;
	aim_status code; /* AIM_OK: no warning */
	const char *pointer;
} oddities[] = {
	{"\"rules\":[" R("a", "deny", ",\"tools\":\"t\"") "," R("b", "deny", ",\"tools\":\"t\"") "]", AIM_POLICY_DUPLICATE, "/rules/1"},
	{"\"rules\":[" R("a", "allow", ",\"tools\":[\"t\",\"u\"]") "," R("b", "allow", ",\"tools\":[\"u\",\"t\"]") "]",
	 AIM_POLICY_DUPLICATE, "/rules/1"},
	{"\"rules\":[" R("a", "deny", ",\"tools\":\"t*\"") "," R("b", "deny", ",\"tools\":\"tt\",\"servers\":\"s\"") "]",
	 AIM_POLICY_COVERED, "/rules/1"},
	{"\"rules\":[" R("a", "allow", ",\"tools\":\"tt\",\"trust\":{\"min\":5}") "," R("b", "allow", ",\"tools\":[\"tt\",\"x\"]") "]",
	 AIM_OK, ""},
	{"\"rules\":[" R("a", "allow", "") "," R("b", "allow", ",\"when\":{\"risk\":\"low\"}") "]", AIM_POLICY_COVERED, "/rules/1"},
	{"\"rules\":[" R("a", "ask", ",\"tools\":\"t\"") "," R("b", "allow", ",\"tools\":\"T\"") "]", AIM_POLICY_COVERED, "/rules/1"},
	{"\"rules\":[" R("b", "allow", ",\"tools\":\"t\"") "," R("a", "ask", ",\"tools\":\"t\"") "]", AIM_POLICY_COVERED, "/rules/0"},
	{"\"rules\":[" R("a", "deny", "") "," R("b", "allow", ",\"tools\":\"t\"") "]", AIM_OK, ""}, /* a kill switch */
	{"\"rules\":[" R("a", "allow", ",\"tools\":\"t\"") "," R("b", "allow", ",\"tools\":\"T\"") "]", AIM_OK, ""},
	{"\"rules\":[" R("a", "deny", ",\"trust\":{\"max\":500}") "," R("b", "deny", ",\"trust\":{\"max\":400},\"risk\":\"low\"") "]",
	 AIM_POLICY_COVERED, "/rules/1"},
	{"\"rules\":[" R("a", "allow", ",\"capabilities\":\"x\"") "," R("b", "allow", ",\"capabilities\":[\"y\",\"x\"]") "]",
	 AIM_POLICY_COVERED, "/rules/1"},
	{"\"rules\":[" R("a", "allow", ",\"capabilities\":[\"y\",\"x\"]") "," R("b", "allow", ",\"capabilities\":\"x\"") "]", AIM_OK, ""},
	{"\"rules\":[" R("a", "deny", ",\"when\":{\"risk\":\"low\"}") "," R("b", "deny", ",\"risk\":\"low\"") "]", AIM_OK, ""},
	{"\"rules\":[" R("a", "deny", ",\"risk\":[\"low\",\"high\"]") "," R("b", "deny", ",\"risk\":\"high\",\"agents\":\"x\"") "]",
	 AIM_POLICY_COVERED, "/rules/1"},
	/* an unknown fact skips the allow rule and not the deny rule behind it */
	{"\"combining\":\"first_match\",\"rules\":[" R("a", "allow", ",\"tools\":\"t\"") "," R("b", "deny", ",\"tools\":\"t\"") "]", AIM_OK,
	 ""},
	{"\"combining\":\"first_match\",\"rules\":[" R("a", "deny", ",\"tools\":\"t\"") "," R("b", "ask", ",\"tools\":\"t\"") "]", AIM_OK,
	 ""},
	{"\"combining\":\"first_match\",\"rules\":[" R("a", "ask", ",\"tools\":\"t\"") "," R("b", "deny", ",\"tools\":\"t\"") "]",
	 AIM_POLICY_COVERED, "/rules/1"},
	/* declared: read and write; fs:read */
	{"\"rules\":[" R("a", "allow", ",\"tools\":[\"read\",\"reed\"]") "]", AIM_POLICY_UNDECLARED, "/rules/0"},
	{"\"rules\":[" R("a", "allow", ",\"tools\":\"wr*\"") "]", AIM_OK, ""},
	{"\"rules\":[" R("a", "allow", ",\"tools\":\"list_*\"") "]", AIM_POLICY_UNDECLARED, "/rules/0"},
	{"\"rules\":[" R("a", "deny", ",\"tools\":\"READ\"") "]", AIM_OK, ""},
	{"\"rules\":[" R("a", "allow", ",\"tools\":\"READ\"") "]", AIM_POLICY_UNDECLARED, "/rules/0"},
	{"\"rules\":[" R("a", "allow", ",\"capabilities\":\"fs:write\"") "]", AIM_POLICY_UNDECLARED, "/rules/0"},
};

static void odd_rules_are_warned_about(void **state)
{
	aim_str tools[] = {aim_str_from("read"), aim_str_from("write")};
	aim_str capabilities[] = {aim_str_from("fs:read")};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof oddities / sizeof oddities[0]; i++) {
		char text[1024];
		aim_policy_options o = {.struct_size = sizeof o};
		aim_policy *policy = NULL;
		aim_diagnostics *d = NULL;
		if (i >= sizeof oddities / sizeof oddities[0] - 6) {
			o.tools = tools;
			o.n_tools = 2;
			o.capabilities = capabilities;
			o.n_capabilities = 1;
		}
		assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
		snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",%s}", oddities[i].members);
		assert_status(aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), &o, &policy, d, NULL), AIM_OK);
		const aim_error *w = aim_diagnostics_at(d, 0);
		if (aim_diagnostics_count(d) != (oddities[i].code != AIM_OK))
			fail_msg("%zu warnings, %s\n%s", aim_diagnostics_count(d), w ? w->message : "", text);
		if (w && (w->status != oddities[i].code || strcmp(w->pointer, oddities[i].pointer) != 0 || w->line != 1))
			fail_msg("%s: %s\n%s", w->pointer, w->message, text);
		aim_diagnostics_free(d);
		aim_policy_unref(policy);
	}
	test_ctx_done(ctx, &heap);
}

static void a_bounded_analysis_says_that_it_is(void **state)
{
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_json_bytes = 64u << 20, .max_json_values = 3000000};
	aim_ctx *ctx = test_ctx_limits(&heap, &limits);
	aim_policy *policy = NULL;
	aim_diagnostics *d = NULL;
	size_t n = 100000, at;
	char *text = malloc(n * 100);
	(void)state;
	assert_non_null(text);
	at = (size_t)sprintf(text, "{\"version\":1,\"name\":\"p\",\"rules\":[");
	for (size_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "%s{\"id\":\"r%zu\",\"effect\":\"allow\",\"agents\":\"a%zu\",\"tools\":\"t%zu\"}",
		                      i ? "," : "", i, i, i % 50);
	at += (size_t)sprintf(text + at, "]}");
	assert_status(aim_diagnostics_new(ctx, &d), AIM_OK);
	assert_status(aim_policy_compile(ctx, aim_bytes_from(text, at), NULL, &policy, d, NULL), AIM_OK);
	assert_int_equal(aim_diagnostics_count(d), 1);
	assert_int_equal(aim_diagnostics_at(d, 0)->status, AIM_POLICY_UNDECIDED);
	free(text);
	aim_diagnostics_free(d);
	aim_policy_unref(policy);
	test_ctx_done(ctx, &heap);
}

/* ---- regular expressions ---- */

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_decision *d;
	aim_policy *policy;
	aim_json *args;
	aim_facts facts;
	aim_request r;
} fixture;

static aim_status begin(fixture *f, const char *members, aim_error *err)
{
	char text[4096];
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	assert_status(aim_decision_new(f->ctx, &f->d, NULL), AIM_OK);
	assert_status(aim_json_new(f->ctx, &f->args), AIM_OK);
	f->facts.struct_size = sizeof f->facts;
	f->r.struct_size = sizeof f->r;
	f->r.trust_micro = AIM_DECISION_NO_TRUST;
	f->r.now_us = 1795516200000000;
	f->r.facts = &f->facts;
	snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",%s}", members);
	return aim_policy_compile(f->ctx, aim_bytes_from(text, strlen(text)), NULL, &f->policy, NULL, err);
}

static void end(fixture *f)
{
	aim_policy_unref(f->policy);
	aim_json_free(f->args);
	aim_decision_free(f->d);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_status with_args(fixture *f, const char *text)
{
	assert_status(aim_json_parse(f->args, aim_bytes_from(text, strlen(text)), 0, NULL), AIM_OK);
	f->facts.args = f->args;
	return aim_policy_decide(f->policy, &f->r, f->d, NULL);
}

static int has_engine(void)
{
	fixture f;
	aim_error err = {0};
	int has = begin(&f, "\"rules\":[" R("a", "deny", ",\"when\":{\"args\":{\"/s\":{\"regex\":\"a\"}}}") "]", &err) == AIM_OK;
	end(&f);
	return has;
}

static void regular_expressions(void **state)
{
	fixture f;
	aim_error err = {0};
	(void)state;
	if (!has_engine())
		skip();
	assert_status(begin(&f, "\"default\":\"allow\",\"rules\":[" R("a", "deny", ",\"when\":{\"args\":{\"/s\":{\"regex\":\"drop +table\"}}}")
	                        "]", &err), AIM_OK);
	assert_status(with_args(&f, "{\"s\":\"please Drop  TABLE x\"}"), AIM_DENIED);
	assert_status(with_args(&f, "{\"s\":\"select 1\"}"), AIM_OK);
	assert_status(with_args(&f, "{\"s\":[\"select 1\"]}"), AIM_DENIED); /* unknown */
	assert_status(with_args(&f, "{}"), AIM_DENIED);
	size_t before = f.heap.n_allocs;
	for (int i = 0; i < 50; i++)
		assert_status(aim_policy_decide(f.policy, &f.r, f.d, NULL), AIM_DENIED);
	assert_int_equal(f.heap.n_allocs, before);
	end(&f);
	assert_status(begin(&f, "\"rules\":[" R("a", "allow", ",\"when\":{\"args\":{\"/s\":{\"regex\":\"^[a-z]+$\"}}}") "]", &err), AIM_OK);
	assert_status(with_args(&f, "{\"s\":\"abc\"}"), AIM_OK);
	assert_status(with_args(&f, "{\"s\":\"ABC\"}"), AIM_DENIED);
	end(&f);
	assert_status(begin(&f, "\"rules\":[" R("a", "deny", ",\"when\":{\"args\":{\"/s\":{\"regex\":\"(a\"}}}") "]", &err), AIM_E_POLICY);
	assert_string_equal(err.pointer, "/rules/0/when/args/~1s/regex");
	assert_non_null(strstr(err.message, "no engine takes"));
	end(&f);
}

/* ---- explanations ---- */

static aim_json *explain(fixture *f)
{
	aim_buf *out = NULL;
	aim_json *doc = NULL;
	assert_status(aim_buf_new(f->ctx, &out), AIM_OK);
	assert_status(aim_json_new(f->ctx, &doc), AIM_OK);
	assert_status(aim_policy_explain(f->policy, &f->r, out, NULL), AIM_OK);
	assert_status(aim_json_parse(doc, aim_buf_bytes(out), 0, NULL), AIM_OK);
	aim_buf_free(out);
	return doc;
}

static aim_str text_at(const aim_json *doc, const char *pointer)
{
	return aim_json_string(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(pointer)));
}

static int64_t number_at(const aim_json *doc, const char *pointer)
{
	int64_t n = -1;
	(void)!aim_json_int64(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(pointer)), &n);
	return n;
}

static void an_explanation_names_the_smallest_change(void **state)
{
	fixture f;
	aim_error err = {0};
	(void)state;
	assert_status(begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":\"t\",\"trust\":{\"min\":700000},\"when\":{\"scan\":\"clean\"}") ","
	                        R("d", "deny", ",\"tools\":\"t\",\"servers\":\"bad\"") "]", &err), AIM_OK);
	f.r.tool = aim_str_from("t");
	f.r.server = aim_str_from("good");
	f.r.trust_micro = 400000;
	f.facts.scan = AIM_FACTS_SCAN_CLEAN;
	aim_json *doc = explain(&f);
	assert_text(text_at(doc, "/effect"), "deny");
	assert_text(text_at(doc, "/reason_code"), "default_deny");
	assert_text(text_at(doc, "/counterfactual/effect"), "allow");
	assert_text(text_at(doc, "/counterfactual/changes/0/fact"), "trust");
	assert_int_equal(number_at(doc, "/counterfactual/changes/0/from"), 400000);
	assert_int_equal(number_at(doc, "/counterfactual/changes/0/to"), 700000);
	assert_int_equal(aim_json_count(doc, aim_json_at(doc, 0, aim_str_from("/counterfactual/changes"))), 1);
	aim_json_free(doc);
	f.r.server = aim_str_from("bad"); /* now a rule denies: server, trust, and the scan's state */
	f.facts.scan = AIM_FACTS_SCAN_CRITICAL;
	doc = explain(&f);
	assert_text(text_at(doc, "/rule"), "d");
	assert_text(text_at(doc, "/conditions/0/condition"), "tools");
	assert_text(text_at(doc, "/conditions/1/answer"), "yes");
	assert_text(text_at(doc, "/considered/0/rule"), "d");
	assert_int_equal(aim_json_count(doc, aim_json_at(doc, 0, aim_str_from("/counterfactual/changes"))), 3);
	aim_json_free(doc);
	end(&f);
}

static void an_explanation_of_arguments_and_unknowns(void **state)
{
	fixture f;
	aim_error err = {0};
	(void)state;
	assert_status(begin(&f, "\"rules\":[" R("a", "allow", ",\"when\":{\"all\":[{\"args\":{\"/n\":{\"max\":10}}},{\"not\":{\"owner\":\"x\"}}]}")
	                        "]", &err), AIM_OK);
	f.facts.owner = aim_str_from("y");
	assert_status(with_args(&f, "{\"n\":11}"), AIM_DENIED);
	aim_json *doc = explain(&f);
	assert_text(text_at(doc, "/counterfactual/changes/0/fact"), "args");
	assert_text(text_at(doc, "/counterfactual/changes/0/pointer"), "/n");
	assert_int_equal(number_at(doc, "/counterfactual/changes/0/to"), 10);
	aim_json_free(doc);
	assert_status(with_args(&f, "{\"n\":1}"), AIM_OK);
	doc = explain(&f); /* an allow is turned too */
	assert_text(text_at(doc, "/effect"), "allow");
	assert_text(text_at(doc, "/counterfactual/effect"), "deny");
	assert_text(text_at(doc, "/conditions/0/condition"), "all");
	aim_json_free(doc);
	end(&f);
	assert_status(begin(&f, "\"rules\":[" R("a", "deny", "") "]", &err), AIM_OK);
	doc = explain(&f);
	assert_text(text_at(doc, "/counterfactual"), "none within the bound");
	aim_json_free(doc);
	end(&f);
}

static void decisions_explain_themselves(void **state)
{
	fixture f;
	aim_buf *out = NULL;
	aim_error err = {0};
	(void)state;
	assert_status(begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":\"t\"") "]", &err), AIM_OK);
	assert_status(aim_buf_new(f.ctx, &out), AIM_OK);
	assert_status(aim_decision_explain(f.d, &f.r, out, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_policy_decide(f.policy, &f.r, f.d, NULL), AIM_DENIED);
	assert_status(aim_decision_explain(f.d, &f.r, out, NULL), AIM_OK);
	assert_true(aim_buf_bytes(out).len > 0);
	assert_status(aim_policy_explain(NULL, &f.r, out, NULL), AIM_E_INVALID);
	f.r.risk = 9;
	assert_status(aim_policy_explain(f.policy, &f.r, out, NULL), AIM_E_INVALID);
	aim_buf_free(out);
	end(&f);
}

/* ---- differences ---- */

static aim_json *diff(aim_ctx *ctx, const char *before, const char *after, size_t *out_n)
{
	const char *rules[] = {before, after};
	aim_policy *policies[2] = {NULL, NULL};
	aim_buf *out = NULL;
	aim_json *doc = NULL;
	char text[4096];
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",\"rules\":[%s]}", rules[i]);
		assert_status(aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, &policies[i], NULL, NULL), AIM_OK);
	}
	assert_status(aim_policy_diff(policies[0], policies[1], out, out_n, NULL), AIM_OK);
	assert_status(aim_json_parse(doc, aim_buf_bytes(out), 0, NULL), AIM_OK);
	assert_int_equal(aim_json_count(doc, aim_json_at(doc, 0, aim_str_from("/changes"))), *out_n);
	aim_buf_free(out);
	aim_policy_unref(policies[0]);
	aim_policy_unref(policies[1]);
	return doc;
}

static void a_difference_has_its_witness(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	size_t n = 9;
	(void)state;
	aim_json *doc = diff(ctx, R("a", "allow", ",\"tools\":\"t\",\"trust\":{\"min\":700000}"),
	                     R("a", "allow", ",\"tools\":\"t\",\"trust\":{\"min\":600000}"), &n);
	assert_int_equal(n, 1);
	assert_text(text_at(doc, "/changes/0/before/effect"), "deny");
	assert_text(text_at(doc, "/changes/0/after/effect"), "allow");
	assert_text(text_at(doc, "/changes/0/after/rule"), "a");
	assert_text(text_at(doc, "/changes/0/request/tool"), "t");
	assert_true(number_at(doc, "/changes/0/request/trust") >= 600000 && number_at(doc, "/changes/0/request/trust") < 700000);
	aim_json_free(doc);
	/* another way to write the same */
	doc = diff(ctx, R("a", "allow", ",\"tools\":[\"t\",\"u\"]") "," R("d", "deny", ",\"tools\":\"u\",\"risk\":\"high\""),
	           R("x", "allow", ",\"tools\":\"u\"") "," R("y", "allow", ",\"tools\":\"t\"") ","
	           R("z", "deny", ",\"risk\":\"high\",\"tools\":\"u\""), &n);
	assert_int_equal(n, 0);
	aim_json_free(doc);
	doc = diff(ctx, R("a", "allow", ",\"tools\":\"pay\",\"capabilities\":\"pay:*\",\"when\":{\"args\":{\"/n\":{\"max\":10}},\"owner\":\"o\"}"),
	           R("b", "ask", ",\"tools\":\"p*\""), &n);
	assert_true(n >= 2); /* allow to ask, deny to ask */
	assert_text(text_at(doc, "/changes/1/after/effect"), "ask");
	aim_json_free(doc);
	test_ctx_done(ctx, &heap);
}

static aim_status check_and_explain(aim_ctx *ctx, void *arg)
{
	static const char text[] =
		"{\"version\":1,\"name\":\"p\",\"rules\":[" R("a", "allow", ",\"tools\":\"t*\",\"when\":{\"args\":{\"/s\":{\"glob\":\"x*\"}}}") ","
		R("b", "allow", ",\"tools\":\"t*\",\"trust\":{\"min\":5}") "]}";
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST, .now_us = 1};
	aim_diagnostics *d = NULL;
	aim_policy *policy = NULL;
	aim_buf *out = NULL;
	(void)arg;
	aim_status rc = aim_diagnostics_new(ctx, &d);
	if (rc == AIM_OK)
		rc = aim_policy_compile(ctx, aim_bytes_from(text, sizeof text - 1), NULL, &policy, d, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_policy_explain(policy, &r, out, NULL);
	if (rc == AIM_OK)
		rc = aim_policy_diff(policy, policy, out, NULL, NULL);
	aim_buf_free(out);
	aim_policy_unref(policy);
	aim_diagnostics_free(d);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(check_and_explain, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_rules_are_warned_about),
		cmocka_unit_test(a_bounded_analysis_says_that_it_is),
		cmocka_unit_test(regular_expressions),
		cmocka_unit_test(an_explanation_names_the_smallest_change),
		cmocka_unit_test(an_explanation_of_arguments_and_unknowns),
		cmocka_unit_test(decisions_explain_themselves),
		cmocka_unit_test(a_difference_has_its_witness),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
