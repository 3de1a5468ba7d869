/* How rules combine, what a monitor lets pass, alerts, obligations, AIM's security policies, and tool policies. */
#include "support.h"

#include <aim/flow.h>
#include <aim/policy.h>
#include <aim/proxy.h>

#include <stdio.h>
#include <string.h>

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_decision *d;
	aim_policy *policy;
	aim_facts facts;
	aim_request r;
} fixture;

static void begin_text(fixture *f, const char *text)
{
	aim_error err = {0};
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	assert_status(aim_decision_new(f->ctx, &f->d, NULL), AIM_OK);
	f->facts.struct_size = sizeof f->facts;
	f->r.struct_size = sizeof f->r;
	f->r.trust_micro = AIM_DECISION_NO_TRUST;
	f->r.now_us = 1795516200000000;
	f->r.facts = &f->facts;
	if (aim_policy_compile(f->ctx, aim_bytes_from(text, strlen(text)), NULL, &f->policy, NULL, &err) != AIM_OK)
		fail_msg("%s: %s\n%s", err.pointer, err.message, text);
}

static void begin(fixture *f, const char *members)
{
	char text[8192];
	snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",%s}", members);
	begin_text(f, text);
}

static void end(fixture *f)
{
	aim_policy_unref(f->policy);
	aim_decision_free(f->d);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_status decide(fixture *f, const char *tool)
{
	f->r.tool = aim_str_from(tool);
	return aim_policy_decide(f->policy, &f->r, f->d, NULL);
}

#define R(id, effect, more) "{\"id\":\"" id "\",\"effect\":\"" effect "\"" more "}"

static void the_first_match_decides(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"combining\":\"first_match\",\"rules\":[" R("a", "allow", ",\"tools\":\"read\"") ","
	          R("d", "deny", ",\"tools\":[\"read\",\"write\"]") "," R("k", "ask", "") "," R("z", "allow", "") "]");
	assert_int_equal(aim_policy_combining(f.policy), AIM_POLICY_FIRST_MATCH);
	assert_status(decide(&f, "read"), AIM_OK);
	assert_text(aim_decision_rule(f.d), "a");
	assert_text(aim_decision_reason_code(f.d), "rule_allow");
	assert_status(decide(&f, "write"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "d");
	assert_status(decide(&f, "x"), AIM_ASK);
	assert_status(decide(&f, ""), AIM_DENIED); /* unknown: not the first, but the second */
	end(&f);
}

static void the_highest_priority_decides(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"combining\":\"priority\",\"rules\":[" R("d", "deny", ",\"tools\":\"t*\"") ","
	          R("a", "allow", ",\"tools\":\"tt\",\"priority\":5") "," R("k", "ask", ",\"tools\":\"tt\",\"priority\":5") ","
	          R("low", "deny", ",\"priority\":-1000000") "]");
	assert_int_equal(aim_policy_combining(f.policy), AIM_POLICY_PRIORITY);
	assert_status(decide(&f, "tt"), AIM_ASK); /* of equal priority, the stronger effect */
	assert_status(decide(&f, "ta"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "d");
	assert_status(decide(&f, "x"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "low");
	end(&f);
}

/* With more rules than a leaf holds, so that the index takes part. */
static void order_holds_across_the_index(void **state)
{
	char text[16384];
	size_t at = (size_t)snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",\"combining\":\"first_match\",\"rules\":[");
	fixture f;
	(void)state;
	for (int i = 0; i < 100; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "{\"id\":\"r%d\",\"effect\":\"%s\",\"tools\":\"t%d\"},", i,
		                       i % 2 ? "deny" : "allow", i % 40);
	snprintf(text + at, sizeof text - at, "{\"id\":\"last\",\"effect\":\"allow\"}]}");
	begin_text(&f, text);
	for (int i = 0; i < 40; i++) {
		char tool[8], rule[8];
		snprintf(tool, sizeof tool, "t%d", i);
		snprintf(rule, sizeof rule, "r%d", i);
		assert_status(decide(&f, tool), i % 2 ? AIM_DENIED : AIM_OK);
		assert_text(aim_decision_rule(f.d), rule);
	}
	assert_status(decide(&f, "x"), AIM_OK);
	end(&f);
}

static void a_monitor_refuses_nothing_and_says_what_it_would(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"mode\":\"monitor\",\"rules\":[" R("d", "deny", ",\"tools\":\"t\",\"reason\":\"not here\"") ","
	          R("k", "ask", ",\"tools\":\"k\"") "," R("a", "allow", ",\"tools\":\"a\"") "]");
	assert_int_equal(aim_policy_is_monitor(f.policy), 1);
	assert_status(decide(&f, "t"), AIM_OK);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_ALLOW);
	assert_int_equal(aim_decision_would_be(f.d), AIM_DECISION_DENY);
	assert_int_equal(aim_decision_is_monitored(f.d), 1);
	assert_text(aim_decision_reason_code(f.d), "monitor_deny");
	assert_text(aim_decision_reason(f.d), "not here");
	assert_text(aim_decision_rule(f.d), "d");
	assert_status(decide(&f, "k"), AIM_OK);
	assert_int_equal(aim_decision_would_be(f.d), AIM_DECISION_ASK);
	assert_text(aim_decision_reason(f.d), "Monitored only; would need approval by rule 'k'");
	assert_status(decide(&f, "a"), AIM_OK);
	assert_int_equal(aim_decision_would_be(f.d), AIM_DECISION_ALLOW);
	assert_text(aim_decision_reason_code(f.d), "rule_allow");
	assert_status(decide(&f, "x"), AIM_OK);
	assert_text(aim_decision_reason_code(f.d), "monitor_default_deny");
	f.r.risk = 9; /* a broken request is no decision of the policy */
	assert_status(decide(&f, "a"), AIM_E_INVALID);
	assert_int_equal(aim_decision_is_monitored(f.d), 0);
	end(&f);
}

static void alerts_decide_nothing(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("n1", "alert", ",\"tools\":\"t*\"") "," R("a", "allow", "") "," R("n2", "alert", ",\"tools\":\"tt\"")
	          "," R("n3", "alert", ",\"when\":{\"signals\":\"auth_failure\"}") "]");
	assert_int_equal(aim_policy_rule_count(f.policy), 4);
	assert_status(decide(&f, "tt"), AIM_OK);
	assert_text(aim_decision_rule(f.d), "a");
	assert_int_equal(aim_decision_alert_count(f.d), 3); /* the third is unknown */
	assert_text(aim_decision_alert_at(f.d, 0), "n1");
	assert_text(aim_decision_alert_at(f.d, 1), "n2");
	assert_text(aim_decision_alert_at(f.d, 2), "n3");
	assert_null(aim_decision_alert_at(f.d, 3).ptr);
	f.facts.known = AIM_FACTS_SIGNALS;
	assert_status(decide(&f, "x"), AIM_OK);
	assert_int_equal(aim_decision_alert_count(f.d), 0);
	end(&f);
}

static void obligations_must_be_declared(void **state)
{
	aim_obligation o = {.struct_size = sizeof o};
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":\"t\",\"reason\":\"fine\",\"obligations\":{\"redact\":[\"/a\",\"/b/0\"],"
	          "\"notify\":\"ops\",\"rate_limit\":{\"max\":5,\"window_s\":60}}") ","
	          R("k", "ask", ",\"tools\":\"k\",\"obligations\":{\"log\":\"loud\"}") ","
	          R("d", "deny", ",\"tools\":\"d\",\"obligations\":{\"notify\":[\"x\",\"y\"]}") "]");
	assert_status(decide(&f, "t"), AIM_DENIED);
	assert_text(aim_decision_reason_code(f.d), "obligation_unmet");
	assert_text(aim_decision_rule(f.d), "a");
	assert_non_null(strstr(aim_decision_reason(f.d).ptr, "obligation"));
	assert_status(decide(&f, "k"), AIM_DENIED);
	assert_status(decide(&f, "d"), AIM_DENIED);
	assert_text(aim_decision_reason_code(f.d), "rule_deny");
	assert_int_equal(aim_decision_obligations(f.d), AIM_OBLIGATION_NOTIFY);
	f.facts.obligations = AIM_OBLIGATION_REDACT | AIM_OBLIGATION_NOTIFY;
	assert_status(decide(&f, "t"), AIM_DENIED); /* not all of them */
	f.facts.obligations |= AIM_OBLIGATION_RATE_LIMIT;
	assert_status(decide(&f, "t"), AIM_OK);
	assert_status(aim_decision_obligation(f.d, AIM_OBLIGATION_REDACT, &o), AIM_OK);
	assert_int_equal(o.n_texts, 2);
	assert_text(o.texts[1], "/b/0");
	assert_status(aim_decision_obligation(f.d, AIM_OBLIGATION_RATE_LIMIT, &o), AIM_OK);
	assert_int_equal(o.max_calls, 5);
	assert_int_equal(o.window_s, 60);
	assert_status(aim_decision_obligation(f.d, AIM_OBLIGATION_LOG, &o), AIM_E_NOT_FOUND);
	assert_status(aim_decision_obligation(f.d, 3, &o), AIM_E_INVALID);
	f.facts.obligations = AIM_OBLIGATION_LOG;
	assert_status(decide(&f, "k"), AIM_ASK);
	f.r.facts = NULL;
	assert_status(decide(&f, "k"), AIM_DENIED);
	assert_status(decide(&f, "other"), AIM_DENIED);
	assert_int_equal(aim_decision_obligations(f.d), 0);
	end(&f);
}

static const struct {
	const char *members;
	const char *pointer;
	const char *words;
} mistakes[] = {
	{"\"mode\":\"off\",\"rules\":[]", "/mode", "\"monitor\""},
	{"\"combining\":\"last\",\"rules\":[]", "/combining", "\"first_match\""},
	{"\"rules\":[" R("a", "deny", ",\"priority\":1") "]", "/rules/0", "priority means nothing"},
	{"\"combining\":\"priority\",\"rules\":[" R("a", "deny", ",\"priority\":1000001") "]", "/rules/0/priority", "whole number"},
	{"\"rules\":[" R("a", "deny", ",\"obligations\":{}") "]", "/rules/0/obligations", "at least one"},
	{"\"rules\":[" R("a", "deny", ",\"obligations\":{\"page\":1}") "]", "/rules/0/obligations/page", "no member"},
	{"\"rules\":[" R("a", "deny", ",\"obligations\":{\"redact\":\"a\"}") "]", "/rules/0/obligations/redact", "JSON Pointers"},
	{"\"rules\":[" R("a", "deny", ",\"obligations\":{\"rate_limit\":{\"max\":1}}") "]", "/rules/0/obligations/rate_limit",
	 "'window_s'"},
	{"\"default\":\"allow\",\"rules\":[" R("a", "alert", "") "," R("b", "allow", "") "]", "/default", "effect \"allow\""},
};

static void mistakes_have_their_place(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		char text[1024];
		aim_policy *policy = NULL;
		aim_error err = {0};
		snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",%s}", mistakes[i].members);
		assert_status(aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, &policy, NULL, &err), AIM_E_POLICY);
		if (strcmp(err.pointer, mistakes[i].pointer) != 0 || !strstr(err.message, mistakes[i].words))
			fail_msg("%s\n%s: %s", text, err.pointer, err.message);
	}
	test_ctx_done(ctx, &heap);
}

/* ---- security policies ---- */

#define S(name, type, action, more) \
	"{\"name\":\"" name "\",\"policy_type\":\"" type "\",\"enforcement_action\":\"" action "\"" more "}"
#define SECURITY(list) "{\"version\":1,\"name\":\"s\",\"security_policies\":[" list "]}"

/* Everything known, and nothing wrong. */
static void all_is_well(fixture *f)
{
	static const aim_str held[] = {{"fs:read", 7}};
	f->r.agent = aim_str_from("bot");
	f->r.server = aim_str_from("files");
	f->r.resource = aim_str_from("file:///tmp/a");
	f->r.trust_micro = 800000;
	f->r.risk = AIM_DECISION_RISK_HIGH;
	f->r.capabilities = held;
	f->r.n_capabilities = 1;
	f->facts.required = held;
	f->facts.n_required = 1;
	f->facts.agent_type = aim_str_from("service");
	f->facts.known = AIM_FACTS_SIGNALS | AIM_FACTS_LABELS;
	f->facts.drift = AIM_FACTS_DRIFT_NONE;
}

static const struct {
	const char *policy;
	int sets_off; /* number of what is wrong */
} triggers[] = {
	{S("p", "capability_violation", "block_and_alert", ""), 0},
	{S("p", "trust_score_low", "block_and_alert", ",\"rules\":{\"threshold\":0.6}"), 1},
	{S("p", "unusual_activity", "block_and_alert", ""), 2},
	{S("p", "unauthorized_access", "block_and_alert", ""), 3},
	{S("p", "unauthorized_access", "block_and_alert", ",\"rules\":{\"resources\":\"file:///etc/*\"}"), 4},
	{S("p", "data_exfiltration", "block_and_alert", ""), 5},
	{S("p", "data_exfiltration", "block_and_alert", ""), 6},
	{S("p", "config_drift", "block_and_alert", ""), 7},
	{S("p", "auth_failure", "block_and_alert", ""), 8},
	{S("p", "mcp_allowlist", "block_and_alert", ",\"rules\":{\"servers\":[\"files\",\"web*\"]}"), 9},
	{S("p", "mcp_blocklist", "block_and_alert", ",\"rules\":{\"servers\":\"evil\"}"), 9},
};

static void make_wrong(fixture *f, int what)
{
	switch (what) {
	case 0: f->r.n_capabilities = 0; break;
	case 1: f->r.trust_micro = 599999; break;
	case 2: f->facts.signals = AIM_FACTS_UNUSUAL; break;
	case 3: f->facts.signals = AIM_FACTS_UNAUTHORIZED; break;
	case 4: f->r.resource = aim_str_from("file:///etc/passwd"); break;
	case 5: f->facts.signals = AIM_FACTS_EXFILTRATION; break;
	case 6: f->facts.labels = AIM_FLOW_PRIVATE | AIM_FLOW_SEND; break;
	case 7: f->facts.drift = AIM_FACTS_DRIFT_OPEN; break;
	case 8: f->facts.signals = AIM_FACTS_AUTH_FAILED; break;
	default: f->r.server = aim_str_from("evil"); break;
	}
}

static void every_type_is_evaluated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof triggers / sizeof triggers[0]; i++) {
		char text[1024];
		fixture f;
		snprintf(text, sizeof text, "{\"version\":1,\"name\":\"s\",\"security_policies\":[%s]}", triggers[i].policy);
		begin_text(&f, text);
		assert_status(decide(&f, "t"), AIM_DENIED); /* nothing is known */
		all_is_well(&f);
		if (decide(&f, "t") != AIM_OK)
			fail_msg("refused: %s", text);
		make_wrong(&f, triggers[i].sets_off);
		if (decide(&f, "t") != AIM_DENIED)
			fail_msg("not refused: %s", text);
		assert_text(aim_decision_rule(f.d), "p");
		assert_int_equal(aim_decision_obligations(f.d), AIM_OBLIGATION_NOTIFY);
		end(&f);
	}
}

static void actions_and_whom_they_are_for(void **state)
{
	fixture f;
	(void)state;
	begin_text(&f, SECURITY(S("low", "auth_failure", "block_and_alert", ",\"priority\":1") ","
	                        S("watch", "auth_failure", "alert_only", ",\"priority\":5,\"applies_to\":\"agent_id:watched\"") ","
	                        S("trusted", "auth_failure", "allow", ",\"priority\":9,\"applies_to\":\"agent_type:service\"") ","
	                        S("off", "auth_failure", "block_and_alert", ",\"priority\":20,\"is_enabled\":false")));
	all_is_well(&f);
	f.facts.signals = AIM_FACTS_AUTH_FAILED;
	assert_status(decide(&f, "t"), AIM_OK); /* a service */
	assert_int_equal(aim_decision_alert_count(f.d), 0);
	f.facts.agent_type = aim_str_from("ai_agent");
	assert_status(decide(&f, "t"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "low");
	f.r.agent = aim_str_from("watched");
	assert_status(decide(&f, "t"), AIM_OK);
	assert_int_equal(aim_decision_alert_count(f.d), 1);
	assert_text(aim_decision_alert_at(f.d, 0), "watch");
	f.r.agent.len = 0; /* perhaps watched, perhaps not */
	assert_status(decide(&f, "t"), AIM_DENIED);
	end(&f);
	begin_text(&f, SECURITY(S("p", "mcp_blocklist", "block_and_alert", ",\"applies_to\":\"trust_score_below:0.5\","
	                          "\"severity_threshold\":\"high\",\"rules\":{\"servers\":\"files\"}")));
	all_is_well(&f);
	assert_status(decide(&f, "t"), AIM_OK);
	f.r.trust_micro = 499999;
	assert_status(decide(&f, "t"), AIM_DENIED);
	f.r.risk = AIM_DECISION_RISK_MEDIUM;
	assert_status(decide(&f, "t"), AIM_OK);
	end(&f);
}

static void rates_of_security_policies(void **state)
{
	fixture f;
	(void)state;
	begin_text(&f, SECURITY(S("p", "unusual_activity", "block_and_alert", ",\"rules\":{\"max_calls_per_minute\":2}")));
	all_is_well(&f);
	assert_status(aim_rates_new(f.ctx, NULL, &f.facts.rates, NULL), AIM_OK);
	assert_status(decide(&f, "t"), AIM_OK);
	assert_status(decide(&f, "t"), AIM_OK);
	assert_status(decide(&f, "t"), AIM_DENIED);
	aim_rates_free(f.facts.rates);
	end(&f);
}

static void the_preset_blocks_capability_violations(void **state)
{
	char text[512];
	fixture f;
	(void)state;
	snprintf(text, sizeof text, "%.*s", (int)aim_policy_preset().len, aim_policy_preset().ptr);
	begin_text(&f, text);
	assert_text(aim_policy_name(f.policy), "aim-security");
	all_is_well(&f);
	assert_status(decide(&f, "t"), AIM_OK);
	f.r.n_capabilities = 0;
	assert_status(decide(&f, "t"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "Capability violation");
	end(&f);
}

static const struct {
	const char *text;
	const char *pointer;
	const char *words;
} bad_imports[] = {
	{SECURITY(""), "/security_policies", "list of 1 to 256"},
	{SECURITY(S("p", "odd", "allow", "")), "/security_policies/0/policy_type", "\"mcp_blocklist\""},
	{SECURITY(S("p", "auth_failure", "block", "")), "/security_policies/0/enforcement_action", "\"block_and_alert\""},
	{SECURITY(S("p", "auth_failure", "allow", ",\"applies_to\":\"x\"")), "/security_policies/0/applies_to", "agent_id:"},
	{SECURITY(S("p", "auth_failure", "allow", ",\"applies_to\":\"trust_score_below:2\"")), "/security_policies/0/applies_to",
	 "0.5"},
	{SECURITY(S("p", "mcp_allowlist", "allow", "")), "/security_policies/0", "'servers'"},
	{SECURITY(S("p", "auth_failure", "allow", ",\"rules\":{\"threshold\":0.5}")), "/security_policies/0", "means nothing"},
	{SECURITY(S("p", "trust_score_low", "allow", ",\"rules\":{\"threshold\":50}")), "/security_policies/0/rules/threshold",
	 "at most 1"},
	{"{\"tools\":{\"t\":{\"min_trust\":1001}}}", "/tools/t/min_trust", "from 0 to 1000"},
	{"{\"tools\":{\"t*\":{}}}", "/tools/t*", "exactly"},
	{"{\"tools\":{\"t\":{\"blocked\":1}}}", "/tools/t/blocked", "true or false"},
	{"{\"tools\":{\"t\":{\"odd\":1}}}", "/tools/t/odd", "no member 'odd'"},
	{"{\"tools\":{},\"default_min_trust\":-1}", "/default_min_trust", "from 0 to 1000"},
};

static void mistakes_of_other_shapes_have_their_place(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof bad_imports / sizeof bad_imports[0]; i++) {
		aim_policy *policy = NULL;
		aim_error err = {0};
		const char *text = bad_imports[i].text;
		assert_status(aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, &policy, NULL, &err), AIM_E_POLICY);
		if (strcmp(err.pointer, bad_imports[i].pointer) != 0 || !strstr(err.message, bad_imports[i].words))
			fail_msg("%s\n%s: %s", text, err.pointer, err.message);
	}
	test_ctx_done(ctx, &heap);
}

/* ---- tool policies ---- */

static const char tool_policies[] =
	"{\"default_min_trust\":300,\"blocked_dids\":[\"did:mesh:bad\"],\"tools\":{"
	"\"file_write\":{\"min_trust\":800,\"required_capabilities\":[\"fs_write\"]},"
	"\"shell_exec\":{\"blocked\":true},\"web_search\":{\"max_calls_per_minute\":2},\"ping\":{\"min_trust\":0}}}";

static const struct {
	const char *did;
	const char *tool;
	int64_t trust;
	int holds;
	aim_status rc;
} calls[] = {
	{"", "other", 500, 0, AIM_DENIED},
	{"did:mesh:bad", "other", 500, 0, AIM_DENIED},
	{"did:mesh:a", "other", 299, 0, AIM_DENIED},
	{"did:mesh:a", "other", 300, 0, AIM_OK},
	{"did:mesh:a", "shell_exec", 1000, 1, AIM_DENIED},
	{"did:mesh:a", "file_write", 799, 1, AIM_DENIED},
	{"did:mesh:a", "file_write", 800, 0, AIM_DENIED},
	{"did:mesh:a", "file_write", 800, 1, AIM_OK},
	{"did:mesh:a", "ping", 0, 0, AIM_OK},
	{"did:mesh:a", "web_search", 300, 0, AIM_OK},
	{"did:mesh:a", "web_search", 300, 0, AIM_OK},
	{"did:mesh:a", "web_search", 300, 0, AIM_DENIED},
	{"did:mesh:b", "web_search", 300, 0, AIM_OK},
};

/* The policy and the trust proxy made of one document decide alike. */
static void tool_policies_load_into_both(void **state)
{
	static const aim_str held[] = {{"fs_write", 8}};
	aim_proxy *proxy = NULL;
	fixture f;
	(void)state;
	begin_text(&f, tool_policies);
	assert_status(aim_rates_new(f.ctx, NULL, &f.facts.rates, NULL), AIM_OK);
	assert_status(aim_proxy_load(f.ctx, aim_bytes_from(tool_policies, sizeof tool_policies - 1), AIM_CONFIG_JSON, NULL,
	                             &proxy, NULL, NULL),
	              AIM_OK);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		f.r.did = aim_str_from(calls[i].did);
		f.r.trust_micro = calls[i].trust * 1000;
		f.r.capabilities = held;
		f.r.n_capabilities = (size_t)calls[i].holds;
		f.r.now_us++;
		if (decide(&f, calls[i].tool) != calls[i].rc)
			fail_msg("policy: call %zu", i);
		if (aim_proxy_authorize(proxy, &f.r, f.d, NULL) != calls[i].rc)
			fail_msg("proxy: call %zu", i);
	}
	aim_proxy_free(proxy);
	aim_rates_free(f.facts.rates);
	end(&f);
}

static aim_status load_and_free(aim_ctx *ctx, void *arg)
{
	aim_proxy *proxy = NULL;
	aim_policy *policy = NULL;
	const char *text = arg;
	aim_bytes bytes = aim_bytes_from(text, strlen(text));
	aim_status rc = aim_policy_compile(ctx, bytes, NULL, &policy, NULL, NULL);
	if (rc == AIM_OK && text == tool_policies)
		rc = aim_proxy_load(ctx, bytes, AIM_CONFIG_JSON, NULL, &proxy, NULL, NULL);
	aim_policy_unref(policy);
	aim_proxy_free(proxy);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	static char security[] = SECURITY(S("p", "unusual_activity", "block_and_alert", ",\"rules\":{\"max_calls_per_minute\":2}") ","
	                                  S("q", "unusual_activity", "alert_only", ""));
	(void)state;
	test_each_allocation_fails(load_and_free, security);
	test_each_allocation_fails(load_and_free, (void *)(uintptr_t)tool_policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_match_decides),
		cmocka_unit_test(the_highest_priority_decides),
		cmocka_unit_test(order_holds_across_the_index),
		cmocka_unit_test(a_monitor_refuses_nothing_and_says_what_it_would),
		cmocka_unit_test(alerts_decide_nothing),
		cmocka_unit_test(obligations_must_be_declared),
		cmocka_unit_test(mistakes_have_their_place),
		cmocka_unit_test(every_type_is_evaluated),
		cmocka_unit_test(actions_and_whom_they_are_for),
		cmocka_unit_test(rates_of_security_policies),
		cmocka_unit_test(the_preset_blocks_capability_violations),
		cmocka_unit_test(mistakes_of_other_shapes_have_their_place),
		cmocka_unit_test(tool_policies_load_into_both),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
