/* Deciding: what matches, what wins, what is unknown, and what a decision tells. */
#include "support.h"

#include <aim/policy.h>

#include <stdio.h>
#include <string.h>

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_decision *d;
	aim_policy *policy;
	aim_request r;
} fixture;

static void begin(fixture *f, const char *rules)
{
	char text[8192];
	aim_error err = {0};
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	assert_status(aim_decision_new(f->ctx, &f->d, NULL), AIM_OK);
	f->r.struct_size = sizeof f->r;
	f->r.trust_micro = AIM_DECISION_NO_TRUST;
	snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",%s}", rules);
	if (aim_policy_compile(f->ctx, aim_bytes_from(text, strlen(text)), NULL, &f->policy, NULL, &err) !=
	    AIM_OK)
		fail_msg("%s: %s", err.pointer, err.message);
}

static void end(fixture *f)
{
	aim_policy_unref(f->policy);
	aim_decision_free(f->d);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_status decide(fixture *f)
{
	aim_status rc = aim_policy_decide(f->policy, &f->r, f->d, NULL);
	assert_status(aim_decision_status(f->d), rc);
	return rc;
}

static aim_status decide_tool(fixture *f, const char *tool)
{
	f->r.tool = aim_str_from(tool);
	return decide(f);
}

#define R(id, effect, more) "{\"id\":\"" id "\",\"effect\":\"" effect "\"" more "}"

static void a_new_decision_denies(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[]");
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_DENY);
	assert_status(aim_decision_status(f.d), AIM_DENIED);
	assert_text(aim_decision_reason_code(f.d), "undecided");
	assert_true(aim_decision_reason(f.d).len > 0);
	assert_null(aim_decision_rule(f.d).ptr);
	assert_null(aim_decision_policy_hash(f.d).ptr);
	assert_true(aim_decision_trust_micro(f.d) == AIM_DECISION_NO_TRUST);
	assert_int_equal(aim_decision_stage_count(f.d), 0);
	assert_int_equal(aim_decision_effect(NULL), AIM_DECISION_DENY);
	assert_status(aim_decision_status(NULL), AIM_DENIED);
	assert_string_equal(aim_decision_effect_name(AIM_DECISION_ALLOW), "allow");
	assert_string_equal(aim_decision_effect_name(AIM_DECISION_ASK), "ask");
	assert_string_equal(aim_decision_effect_name(77), "deny");
	end(&f);
}

static void an_allow_says_who_and_why(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("read", "allow", ",\"tools\":[\"read_file\"]") "]");
	f.r.trust_micro = 700000;
	assert_status(decide_tool(&f, "read_file"), AIM_OK);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_ALLOW);
	assert_text(aim_decision_reason_code(f.d), "rule_allow");
	assert_text(aim_decision_reason(f.d), "Allowed by rule 'read'");
	assert_text(aim_decision_rule(f.d), "read");
	assert_int_equal(aim_decision_trust_micro(f.d), 700000);
	assert_int_equal(aim_decision_stage_count(f.d), 1);
	assert_text(aim_decision_stage_at(f.d, 0), "policy");
	assert_null(aim_decision_stage_at(f.d, 1).ptr);
	assert_true(aim_str_equal(aim_decision_policy_hash(f.d), aim_policy_hash(f.policy)));

	assert_status(decide_tool(&f, "write_file"), AIM_DENIED);
	assert_text(aim_decision_reason_code(f.d), "default_deny");
	assert_text(aim_decision_reason(f.d), "No rule of the policy allows this call");
	assert_null(aim_decision_rule(f.d).ptr);
	end(&f);
}

static void the_rules_own_reason_is_told(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("x", "deny", ",\"tools\":\"rm\",\"reason\":\"Deleting is for people\"") ","
	          R("y", "ask", ",\"tools\":\"mv\"") "]");
	assert_status(decide_tool(&f, "rm"), AIM_DENIED);
	assert_text(aim_decision_reason(f.d), "Deleting is for people");
	assert_status(decide_tool(&f, "mv"), AIM_ASK);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_ASK);
	assert_text(aim_decision_reason_code(f.d), "rule_ask");
	assert_text(aim_decision_reason(f.d), "Approval is required by rule 'y'");
	end(&f);
}

static void deny_beats_ask_beats_allow(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":\"*\"") "," R("q", "ask", ",\"tools\":\"w*\"") ","
	          R("d", "deny", ",\"tools\":\"wipe\"") "," R("d2", "deny", ",\"tools\":\"wi*\"") "]");
	assert_status(decide_tool(&f, "read"), AIM_OK);
	assert_status(decide_tool(&f, "write"), AIM_ASK);
	assert_status(decide_tool(&f, "wipe"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "d");
	assert_status(decide_tool(&f, "wide"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "d2");
	end(&f);
}

static void allow_is_exact_deny_and_ask_fold_case(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":[\"Read\",\"get_*\"]") ","
	          R("d", "deny", ",\"tools\":[\"Shell\",\"exec_*\",\"x?z\"],\"agents\":\"*\"") ","
	          R("q", "ask", ",\"tools\":\"Mail\",\"servers\":\"Post\"") ","
	          R("c", "deny", ",\"capabilities\":\"Root\"") "]");
	f.r.server = aim_str_from("post");
	f.r.capabilities = &f.r.server;
	f.r.n_capabilities = 1;
	assert_status(decide_tool(&f, "Read"), AIM_OK);
	assert_status(decide_tool(&f, "read"), AIM_DENIED);
	assert_text(aim_decision_reason_code(f.d), "default_deny");
	assert_status(decide_tool(&f, "get_x"), AIM_OK);
	assert_status(decide_tool(&f, "GET_x"), AIM_DENIED);
	static const char *const denied[] = {"Shell", "shell", "SHELL", "Exec_x", "EXEC_", "XYZ"};
	for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
		assert_status(decide_tool(&f, denied[i]), AIM_DENIED);
		assert_text(aim_decision_rule(f.d), "d");
	}
	assert_status(decide_tool(&f, "mail"), AIM_ASK);
	aim_str root = aim_str_from("rOOT");
	f.r.capabilities = &root;
	assert_status(decide_tool(&f, "Read"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "c");
	end(&f);
}

static void two_spellings_in_one_allow_rule(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":[\"Read\",\"read\",\"List\",\"li*\"]") ","
	          R("1", "deny", ",\"tools\":\"t1\"") "," R("2", "deny", ",\"tools\":\"t2\"") ","
	          R("3", "deny", ",\"tools\":\"t3\"") "," R("4", "deny", ",\"tools\":\"t4\"") ","
	          R("5", "deny", ",\"tools\":\"t5\"") "," R("6", "deny", ",\"tools\":\"t6\"") ","
	          R("7", "deny", ",\"tools\":\"t7\"") "," R("8", "deny", ",\"tools\":[\"T8\",\"t9\"]") "]");
	assert_status(decide_tool(&f, "Read"), AIM_OK);
	assert_status(decide_tool(&f, "read"), AIM_OK);
	assert_status(decide_tool(&f, "READ"), AIM_DENIED);
	assert_status(decide_tool(&f, "List"), AIM_OK);
	assert_status(decide_tool(&f, "list"), AIM_OK);
	assert_status(decide_tool(&f, "LIST"), AIM_DENIED);
	assert_status(decide_tool(&f, "t8"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "8");
	assert_status(decide_tool(&f, "T9"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "8");
	end(&f);
}

/* Enough rules for the index to split by tool; below it their conditions are alike and kept once. */
static void alike_rules_for_many_tools(void **state)
{
	fixture f;
	char rules[4000] = "\"rules\":[";
	char tool[16], other[16], id[16];
	(void)state;
	for (int i = 0; i < 30; i++)
		snprintf(rules + strlen(rules), sizeof rules - strlen(rules),
		         "%s" R("r%d", "allow", ",\"tools\":\"%cool_%d\",\"agents\":[\"ann\",\"bob\"],\"capabilities\":\"x\""),
		         i ? "," : "", i, i % 3 ? 't' : 'T', i);
	strcat(rules, "]");
	begin(&f, rules);
	aim_str held = aim_str_from("x");
	f.r.capabilities = &held;
	f.r.n_capabilities = 1;
	for (int i = 0; i < 30; i++) {
		snprintf(tool, sizeof tool, "%cool_%d", i % 3 ? 't' : 'T', i);
		snprintf(other, sizeof other, "%cool_%d", i % 3 ? 'T' : 't', i);
		snprintf(id, sizeof id, "r%d", i);
		f.r.agent = aim_str_from(i % 2 ? "ann" : "bob");
		assert_status(decide_tool(&f, tool), AIM_OK);
		assert_text(aim_decision_rule(f.d), id);
		assert_status(decide_tool(&f, other), AIM_DENIED);
		f.r.agent = aim_str_from("eve");
		assert_status(decide_tool(&f, tool), AIM_DENIED);
	}
	held = aim_str_from("y");
	f.r.agent = aim_str_from("ann");
	assert_status(decide_tool(&f, "tool_1"), AIM_DENIED);
	end(&f);
}

static void agents_are_ids_or_dids(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"agents\":[\"bot\",\"did:aim:good\"]") ","
	          R("d", "deny", ",\"agents\":[\"did:aim:evil*\"]") "]");
	f.r.did = aim_str_from("did:aim:other");
	f.r.agent = aim_str_from("bot");
	assert_status(decide_tool(&f, "t"), AIM_OK);
	f.r.agent = aim_str_from("stranger");
	assert_status(decide_tool(&f, "t"), AIM_DENIED);
	f.r.did = aim_str_from("did:aim:good");
	assert_status(decide_tool(&f, "t"), AIM_OK);
	f.r.did = aim_str_from("did:aim:EVIL2");
	f.r.agent = aim_str_from("bot");
	assert_status(decide_tool(&f, "t"), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "d");
	end(&f);
}

static void trust_bounds_are_inclusive(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"trust\":{\"min\":300000,\"max\":900000}") "]");
	static const struct {
		int64_t trust;
		aim_status expected;
	} rows[] = {{299999, AIM_DENIED}, {300000, AIM_OK}, {900000, AIM_OK}, {900001, AIM_DENIED},
	            {AIM_DECISION_NO_TRUST, AIM_DENIED}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		f.r.trust_micro = rows[i].trust;
		assert_status(decide_tool(&f, "t"), rows[i].expected);
	}
	end(&f);
}

static void all_listed_capabilities_must_be_held(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"capabilities\":[\"fs:read\",\"net:*\"]") "]");
	aim_str held[] = {aim_str_from("net:dns"), aim_str_from("fs:read")};
	f.r.capabilities = held;
	f.r.n_capabilities = 2;
	assert_status(decide_tool(&f, "t"), AIM_OK);
	f.r.n_capabilities = 1;
	assert_status(decide_tool(&f, "t"), AIM_DENIED);
	f.r.n_capabilities = 0;
	assert_status(decide_tool(&f, "t"), AIM_DENIED);
	end(&f);
}

static void risk_and_resources(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"default\":\"ask\",\"rules\":["
	          R("low", "allow", ",\"risk\":[\"low\",\"medium\"],\"action\":\"mcp_resource\"") ","
	          R("etc", "deny", ",\"resources\":\"file:///etc/*\",\"action\":\"mcp_resource\"") "]");
	f.r.action = aim_str_from("mcp_resource");
	f.r.resource = aim_str_from("file:///home/x");
	f.r.risk = AIM_DECISION_RISK_MEDIUM;
	assert_status(decide(&f), AIM_OK);
	f.r.risk = AIM_DECISION_RISK_HIGH;
	assert_status(decide(&f), AIM_ASK);
	assert_text(aim_decision_reason_code(f.d), "default_ask");
	f.r.risk = AIM_DECISION_RISK_UNKNOWN;
	assert_status(decide(&f), AIM_ASK);
	f.r.risk = AIM_DECISION_RISK_LOW;
	f.r.resource = aim_str_from("FILE:///etc/passwd");
	assert_status(decide(&f), AIM_DENIED);
	end(&f);
}

static void what_is_unknown_denies_and_never_allows(void **state)
{
	static const char *const conditions[] = {
		",\"tools\":\"t\"",      ",\"tools\":[\"t\",\"u*\"]",  ",\"servers\":\"s\"",
		",\"agents\":\"a\"",     ",\"agents\":\"did:x:y\"",    ",\"agents\":[\"a\",\"did:x:y\"]",
		",\"capabilities\":\"c\"", ",\"trust\":{\"max\":1}",   ",\"trust\":{\"min\":1}",
		",\"action\":\"x\"",     ",\"resources\":\"r*\"",      ",\"risk\":\"low\"",
	};
	(void)state;
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
		static const char *const effects[] = {"allow", "ask", "deny"};
		static const aim_status expected[] = {AIM_DENIED, AIM_ASK, AIM_DENIED};
		for (size_t e = 0; e < 3; e++) {
			fixture f;
			char rules[256];
			snprintf(rules, sizeof rules, "\"rules\":[{\"id\":\"r\",\"effect\":\"%s\"%s}]", effects[e],
			         conditions[i]);
			begin(&f, rules);
			assert_status(decide(&f), expected[e]);
			assert_text(aim_decision_reason_code(f.d), e == 0 ? "default_deny"
			                                           : e == 1 ? "rule_ask"
			                                                    : "rule_deny");
			end(&f);
		}
	}
}

static void an_mcp_action_leaves_nothing_unknown(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"default\":\"allow\",\"rules\":[" R("t", "deny", ",\"tools\":\"shell\"") ","
	          R("r", "deny", ",\"resources\":\"file:*\"") "]");
	f.r.action = aim_str_from("mcp_tool");
	assert_status(decide_tool(&f, "search"), AIM_OK);
	assert_text(aim_decision_reason_code(f.d), "default_allow");
	f.r.action = aim_str_from("mcp_prompt");
	f.r.tool = aim_str_from(NULL);
	f.r.resource = aim_str_from("greeting");
	assert_status(decide(&f), AIM_OK);
	f.r.action = aim_str_from(NULL);
	assert_status(decide(&f), AIM_DENIED);
	assert_text(aim_decision_rule(f.d), "t");
	end(&f);
}

static void bad_requests_are_denied(void **state)
{
	fixture f;
	static char long_name[9000];
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", "") "]");
	assert_status(decide(&f), AIM_OK);
	f.r.trust_micro = 1000001;
	assert_status(decide(&f), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_DENY);
	assert_text(aim_decision_reason_code(f.d), "invalid_request");
	assert_null(aim_decision_rule(f.d).ptr);
	f.r.trust_micro = -1;
	assert_status(decide(&f), AIM_E_INVALID);
	f.r.trust_micro = 0;
	f.r.risk = 5;
	assert_status(decide(&f), AIM_E_INVALID);
	f.r.risk = 0;
	f.r.n_capabilities = 1;
	assert_status(decide(&f), AIM_E_INVALID);
	f.r.n_capabilities = 0;
	f.r.flags = 1;
	assert_status(decide(&f), AIM_E_VERSION);
	f.r.flags = 0;
	f.r.struct_size = 8;
	assert_status(decide(&f), AIM_E_INVALID);
	f.r.struct_size = sizeof f.r;
	memset(long_name, 'a', sizeof long_name);
	f.r.tool.ptr = long_name;
	f.r.tool.len = 8191;
	assert_status(decide(&f), AIM_OK);
	f.r.tool.len = 8192;
	assert_status(decide(&f), AIM_E_LIMIT);
	end(&f);
}

static void misuse_denies(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", "") "]");
	assert_status(decide(&f), AIM_OK);
	assert_status(aim_policy_decide(f.policy, NULL, f.d, NULL), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_DENY);
	assert_status(decide(&f), AIM_OK);
	assert_status(aim_policy_decide(NULL, &f.r, f.d, NULL), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_DENY);
	assert_status(aim_policy_decide(f.policy, &f.r, NULL, NULL), AIM_E_INVALID);
	end(&f);
}

static void a_request_of_a_newer_program(void **state)
{
	struct {
		aim_request r;
		uint64_t unknown;
	} newer = {0};
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":\"t\"") "]");
	newer.r.struct_size = sizeof newer;
	newer.r.trust_micro = AIM_DECISION_NO_TRUST;
	newer.r.tool = aim_str_from("t");
	assert_status(aim_policy_decide(f.policy, &newer.r, f.d, NULL), AIM_OK);
	newer.unknown = 1;
	assert_status(aim_policy_decide(f.policy, &newer.r, f.d, NULL), AIM_E_VERSION);
	assert_int_equal(aim_decision_effect(f.d), AIM_DECISION_DENY);
	end(&f);
}

static void every_decision_has_its_own_id(void **state)
{
	fixture f;
	char first[33] = {0}, second[33] = {0};
	(void)state;
	begin(&f, "\"rules\":[]");
	decide(&f);
	memcpy(first, aim_decision_id(f.d).ptr, 32);
	assert_int_equal(aim_decision_id(f.d).len, 32);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	assert_text(aim_decision_id(f.d), first);
	decide(&f);
	memcpy(second, aim_decision_id(f.d).ptr, 32);
	assert_string_not_equal(first, second);
	end(&f);
}

static void a_decision_outlives_the_policy(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", "") "]");
	assert_status(decide(&f), AIM_OK);
	aim_policy_unref(f.policy);
	f.policy = NULL;
	aim_ctx_free(f.ctx);
	assert_text(aim_decision_rule(f.d), "a");
	aim_decision_free(f.d);
	assert_int_equal(f.heap.live_blocks, 0);
}

static void deciding_allocates_nothing(void **state)
{
	fixture f;
	(void)state;
	begin(&f, "\"rules\":[" R("a", "allow", ",\"tools\":[\"read\",\"get_*\"]") ","
	          R("d", "deny", ",\"tools\":\"Shell\",\"agents\":[\"a\",\"did:x:y\"]") "]");
	decide_tool(&f, "read");
	size_t before = f.heap.n_allocs;
	static const char *const tools[] = {"read", "get_x", "SHELL", "nothing", ""};
	for (size_t i = 0; i < 5; i++) {
		decide_tool(&f, tools[i]);
		aim_decision_reason(f.d);
		aim_decision_id(f.d);
	}
	assert_int_equal(f.heap.n_allocs, before);
	end(&f);
}

static aim_status new_and_free(aim_ctx *ctx, void *arg)
{
	aim_decision *d = NULL;
	(void)arg;
	aim_status rc = aim_decision_new(ctx, &d, NULL);
	aim_decision_free(d);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(new_and_free, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_decision_denies),
		cmocka_unit_test(an_allow_says_who_and_why),
		cmocka_unit_test(the_rules_own_reason_is_told),
		cmocka_unit_test(deny_beats_ask_beats_allow),
		cmocka_unit_test(allow_is_exact_deny_and_ask_fold_case),
		cmocka_unit_test(two_spellings_in_one_allow_rule),
		cmocka_unit_test(alike_rules_for_many_tools),
		cmocka_unit_test(agents_are_ids_or_dids),
		cmocka_unit_test(trust_bounds_are_inclusive),
		cmocka_unit_test(all_listed_capabilities_must_be_held),
		cmocka_unit_test(risk_and_resources),
		cmocka_unit_test(what_is_unknown_denies_and_never_allows),
		cmocka_unit_test(an_mcp_action_leaves_nothing_unknown),
		cmocka_unit_test(bad_requests_are_denied),
		cmocka_unit_test(misuse_denies),
		cmocka_unit_test(a_request_of_a_newer_program),
		cmocka_unit_test(every_decision_has_its_own_id),
		cmocka_unit_test(a_decision_outlives_the_policy),
		cmocka_unit_test(deciding_allocates_nothing),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
