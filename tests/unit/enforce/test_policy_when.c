/* Conditions of rules ("when"): what each asks, its three answers, and every mistake found where it stands. */
#include "support.h"

#include <aim/flow.h>
#include <aim/policy.h>

#include <stdio.h>
#include <string.h>

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_decision *d;
	aim_json *args;
	aim_facts facts;
	aim_request r;
} fixture;

static void begin(fixture *f)
{
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	assert_status(aim_decision_new(f->ctx, &f->d, NULL), AIM_OK);
	assert_status(aim_json_new(f->ctx, &f->args), AIM_OK);
	f->facts.struct_size = sizeof f->facts;
	f->r.struct_size = sizeof f->r;
	f->r.trust_micro = AIM_DECISION_NO_TRUST;
	f->r.now_us = 1;
	f->r.facts = &f->facts;
}

static void end(fixture *f)
{
	aim_json_free(f->args);
	aim_decision_free(f->d);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_status compile_rule(aim_ctx *ctx, const char *effect, const char *when, aim_policy **out, aim_error *err)
{
	char text[4096];
	snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"r\",\"effect\":\"%s\",\"when\":%s}]%s}",
	         effect, when, strcmp(effect, "deny") == 0 ? ",\"default\":\"allow\"" : "");
	return aim_policy_compile(ctx, aim_bytes_from(text, strlen(text)), NULL, out, NULL, err);
}

static aim_status decide_rule(fixture *f, const char *effect, const char *when)
{
	aim_policy *policy = NULL;
	aim_error err = {0};
	if (compile_rule(f->ctx, effect, when, &policy, &err) != AIM_OK)
		fail_msg("%s: %s\n%s", err.pointer, err.message, when);
	aim_status rc = aim_policy_decide(policy, &f->r, f->d, NULL);
	aim_policy_unref(policy);
	return rc;
}

enum { NO, YES, UNKNOWN };

/* An allow rule matches when the answer is yes; a deny rule when it is yes or unknown. Both together tell all three. */
static int answer(fixture *f, const char *when)
{
	int allowed = decide_rule(f, "allow", when) == AIM_OK;
	int denied = decide_rule(f, "deny", when) == AIM_DENIED;
	if (allowed && !denied)
		fail_msg("allows and does not deny: %s", when);
	return allowed ? YES : denied ? UNKNOWN : NO;
}

static void is(fixture *f, const char *when, int expected)
{
	char negated[2048];
	static const int opposite[] = {[NO] = YES, [YES] = NO, [UNKNOWN] = UNKNOWN};
	int got = answer(f, when);
	if (got != expected)
		fail_msg("%d and not %d: %s", got, expected, when);
	snprintf(negated, sizeof negated, "{\"not\":%s}", when);
	got = answer(f, negated);
	if (got != opposite[expected])
		fail_msg("%d and not %d: %s", got, opposite[expected], negated);
}

static void args(fixture *f, const char *text)
{
	assert_status(aim_json_parse(f->args, aim_bytes_from(text, strlen(text)), 0, NULL), AIM_OK);
	f->facts.args = f->args;
}

/* One of everything: unknown when nothing is known. */
static const char *const all_unknown[] = {
	"{\"tools\":\"a\"}",
	"{\"servers\":[\"a\",\"b*\"]}",
	"{\"agents\":[\"a\",\"did:x\"]}",
	"{\"resources\":\"file:*\"}",
	"{\"action\":\"mcp_tool\"}",
	"{\"agent_type\":\"service\"}",
	"{\"owner\":\"*\"}",
	"{\"status\":\"verified\"}",
	"{\"session\":\"s\"}",
	"{\"tags\":\"prod\"}",
	"{\"capabilities\":\"fs:read\"}",
	"{\"capabilities_missing\":true}",
	"{\"trust\":{\"min\":1}}",
	"{\"tier\":\"trusted\"}",
	"{\"band\":[\"good\",\"poor\"]}",
	"{\"attestations\":{\"min\":1}}",
	"{\"confidence\":{\"max\":5}}",
	"{\"risk\":\"low\"}",
	"{\"drift\":\"open\"}",
	"{\"scan\":\"clean\"}",
	"{\"labels\":\"private_data\"}",
	"{\"signals\":\"auth_failure\"}",
	"{\"rate\":{\"at_least\":1,\"window_s\":60,\"per\":\"agent\"}}",
	"{\"args\":{\"/a\":{\"equals\":1}}}",
	"{\"args\":{\"/a\":{\"present\":false}}}",
	"{\"facts\":{\"region\":{\"equals\":\"eu\"}}}",
	"{\"facts\":{\"region\":{\"present\":true}}}",
};

static void what_nobody_said_is_unknown(void **state)
{
	fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof all_unknown / sizeof all_unknown[0]; i++)
		is(&f, all_unknown[i], UNKNOWN);
	f.r.facts = NULL;
	for (size_t i = 0; i < sizeof all_unknown / sizeof all_unknown[0]; i++)
		is(&f, all_unknown[i], UNKNOWN);
	end(&f);
}

static void names_of_a_call(void **state)
{
	static const char *const held[] = {"prod", "eu"};
	aim_str tags[2] = {aim_str_from(held[0]), aim_str_from(held[1])};
	fixture f;
	(void)state;
	begin(&f);
	f.r.tool = aim_str_from("read_file");
	f.r.agent = aim_str_from("bot");
	f.facts.agent_type = aim_str_from("service");
	f.facts.owner = aim_str_from("ops@example.org");
	f.facts.status = aim_str_from("verified");
	f.facts.session = aim_str_from("s1");
	f.facts.tags = tags;
	f.facts.n_tags = 2;
	is(&f, "{\"tools\":\"read_*\"}", YES);
	is(&f, "{\"tools\":[\"x\",\"y\"]}", NO);
	is(&f, "{\"agents\":\"bot\"}", YES);
	is(&f, "{\"agents\":\"did:x\"}", UNKNOWN);
	is(&f, "{\"agents\":[\"bot\",\"did:x\"]}", YES);
	is(&f, "{\"agents\":[\"cat\",\"did:x\"]}", UNKNOWN);
	f.r.did = aim_str_from("did:y");
	is(&f, "{\"agents\":[\"cat\",\"did:x\"]}", NO);
	is(&f, "{\"agent_type\":\"service\"}", YES);
	is(&f, "{\"agent_type\":\"ai_agent\"}", NO);
	is(&f, "{\"owner\":\"*@example.org\"}", YES);
	is(&f, "{\"owner\":\"*\"}", YES);
	is(&f, "{\"status\":[\"suspended\",\"revoked\"]}", NO);
	is(&f, "{\"session\":\"s?\"}", YES);
	is(&f, "{\"tags\":\"prod\"}", YES);
	is(&f, "{\"tags\":[\"prod\",\"e*\"]}", YES);
	is(&f, "{\"tags\":[\"prod\",\"us\"]}", NO);
	f.facts.n_tags = 0;
	is(&f, "{\"tags\":\"prod\"}", NO);
	f.r.action = aim_str_from("mcp_resource");
	f.r.tool.len = 0;
	is(&f, "{\"tools\":\"read_*\"}", NO);
	end(&f);
}

/* Whichever way a "not" turns it: doubt about case never opens. */
static void case_never_opens(void **state)
{
	fixture f;
	(void)state;
	begin(&f);
	f.r.tool = aim_str_from("Shell");
	assert_status(decide_rule(&f, "deny", "{\"tools\":\"shell\"}"), AIM_DENIED);
	assert_status(decide_rule(&f, "allow", "{\"tools\":\"shell\"}"), AIM_DENIED);
	assert_status(decide_rule(&f, "allow", "{\"not\":{\"tools\":\"shell\"}}"), AIM_DENIED);
	assert_status(decide_rule(&f, "deny", "{\"not\":{\"tools\":\"shell\"}}"), AIM_DENIED);
	assert_status(decide_rule(&f, "deny", "{\"not\":{\"not\":{\"tools\":\"shell\"}}}"), AIM_DENIED);
	args(&f, "{\"path\":\"/ETC/passwd\"}");
	assert_status(decide_rule(&f, "deny", "{\"args\":{\"/path\":{\"prefix\":\"/etc/\"}}}"), AIM_DENIED);
	assert_status(decide_rule(&f, "allow", "{\"args\":{\"/path\":{\"prefix\":\"/etc/\"}}}"), AIM_DENIED);
	end(&f);
}

static void capabilities_that_are_missing(void **state)
{
	aim_str held[] = {aim_str_from("fs:*"), aim_str_from("net:http:get")};
	aim_str required[] = {aim_str_from("fs:read")};
	fixture f;
	(void)state;
	begin(&f);
	f.facts.required = required;
	f.facts.n_required = 1;
	is(&f, "{\"capabilities_missing\":true}", UNKNOWN);
	f.r.capabilities = held;
	f.r.n_capabilities = 2;
	is(&f, "{\"capabilities_missing\":true}", NO);
	is(&f, "{\"capabilities_missing\":false}", YES);
	required[0] = aim_str_from("fs:read:deep");
	is(&f, "{\"capabilities_missing\":true}", NO);
	required[0] = aim_str_from("fsx:read");
	is(&f, "{\"capabilities_missing\":true}", YES);
	required[0] = aim_str_from("net:http:get");
	is(&f, "{\"capabilities_missing\":true}", NO);
	required[0] = aim_str_from("net:http");
	is(&f, "{\"capabilities_missing\":true}", YES);
	required[0] = aim_str_from("net:http:get:all");
	is(&f, "{\"capabilities_missing\":true}", YES);
	f.facts.n_required = 0;
	f.r.n_capabilities = 0;
	is(&f, "{\"capabilities_missing\":true}", NO);
	end(&f);
}

static void numbers_levels_and_bits(void **state)
{
	fixture f;
	(void)state;
	begin(&f);
	f.r.trust_micro = 700000;
	f.r.risk = AIM_DECISION_RISK_HIGH;
	f.facts.known = AIM_FACTS_ATTESTATIONS | AIM_FACTS_CONFIDENCE | AIM_FACTS_LABELS | AIM_FACTS_SIGNALS;
	f.facts.confidence_micro = 500000;
	f.facts.drift = AIM_FACTS_DRIFT_NONE;
	f.facts.scan = AIM_FACTS_SCAN_WARNING;
	f.facts.labels = AIM_FLOW_PRIVATE | AIM_FLOW_SEND;
	f.facts.signals = AIM_FACTS_AUTH_FAILED;
	is(&f, "{\"trust\":{\"min\":700000}}", YES);
	is(&f, "{\"trust\":{\"min\":700001}}", NO);
	is(&f, "{\"tier\":\"trusted\"}", YES);
	is(&f, "{\"tier\":[\"standard\",\"verified_partner\"]}", NO);
	is(&f, "{\"band\":\"fair\"}", YES);
	is(&f, "{\"band\":[\"poor\",\"good\"]}", NO);
	is(&f, "{\"attestations\":{\"max\":0}}", YES);
	is(&f, "{\"attestations\":{\"min\":1}}", NO);
	is(&f, "{\"confidence\":{\"min\":500000,\"max\":500000}}", YES);
	is(&f, "{\"risk\":[\"high\",\"critical\"]}", YES);
	is(&f, "{\"risk\":\"low\"}", NO);
	is(&f, "{\"drift\":[\"open\",\"critical\"]}", NO);
	is(&f, "{\"drift\":\"none\"}", YES);
	is(&f, "{\"scan\":[\"clean\",\"info\"]}", NO);
	is(&f, "{\"scan\":\"warning\"}", YES);
	is(&f, "{\"labels\":[\"private_data\",\"external_send\"]}", YES);
	is(&f, "{\"labels\":[\"private_data\",\"untrusted_content\"]}", NO);
	is(&f, "{\"signals\":\"auth_failure\"}", YES);
	is(&f, "{\"signals\":\"unusual_activity\"}", NO);
	end(&f);
}

/* All, any and not, with a yes, a no and an unknown in every order. */
static void groups_are_three_valued(void **state)
{
	static const char *const leaf[] = {"{\"risk\":\"low\"}", "{\"risk\":\"high\"}", "{\"scan\":\"clean\"}"};
	char when[512];
	fixture f;
	(void)state;
	begin(&f);
	f.r.risk = AIM_DECISION_RISK_HIGH;
	for (int a = 0; a < 3; a++)
		for (int b = 0; b < 3; b++) {
			int all = a == NO || b == NO ? NO : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : YES;
			int any = a == YES || b == YES ? YES : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : NO;
			snprintf(when, sizeof when, "{\"all\":[%s,%s]}", leaf[a], leaf[b]);
			is(&f, when, all);
			snprintf(when, sizeof when, "{\"any\":[%s,%s]}", leaf[a], leaf[b]);
			is(&f, when, any);
		}
	is(&f, "{\"risk\":\"high\",\"scan\":\"clean\"}", UNKNOWN);
	is(&f, "{\"risk\":\"low\",\"scan\":\"clean\"}", NO);
	end(&f);
}

static const struct {
	const char *test;
	int answer;
} value_tests[] = {
	{"{\"/n\":{\"equals\":10}}", YES},
	{"{\"/n\":{\"equals\":1e1}}", YES},
	{"{\"/n\":{\"equals\":\"10\"}}", UNKNOWN},
	{"{\"/n\":{\"equals\":11}}", NO},
	{"{\"/n\":{\"in\":[1,\"a\",10.0]}}", YES},
	{"{\"/n\":{\"in\":[1,2]}}", NO},
	{"{\"/n\":{\"in\":[1,\"10\"]}}", UNKNOWN},
	{"{\"/b\":{\"equals\":true}}", YES},
	{"{\"/b\":{\"equals\":false}}", NO},
	{"{\"/z\":{\"equals\":null}}", YES},
	{"{\"/s\":{\"equals\":\"\"}}", NO},
	{"{\"/e\":{\"equals\":\"\"}}", YES},
	/* exact decimals: as doubles these could not be told apart */
	{"{\"/d\":{\"max\":0.1}}", NO},
	{"{\"/d\":{\"above\":0.1}}", YES},
	{"{\"/d\":{\"min\":0.1000000000000000055,\"max\":0.1000000000000000055}}", YES},
	{"{\"/big\":{\"above\":9007199254740992}}", YES},
	{"{\"/big\":{\"below\":9007199254740993}}", NO},
	{"{\"/n\":{\"min\":10,\"below\":10.5}}", YES},
	{"{\"/n\":{\"above\":10}}", NO},
	{"{\"/text\":{\"min\":0}}", UNKNOWN},
	{"{\"/s\":{\"length\":{\"min\":8,\"max\":8}}}", YES}, /* characters, not bytes */
	{"{\"/a\":{\"length\":{\"max\":2}}}", NO},
	{"{\"/a\":{\"length\":{\"min\":3}}}", YES},
	{"{\"/o\":{\"length\":{\"max\":1}}}", YES},
	{"{\"/n\":{\"length\":{\"max\":1}}}", UNKNOWN},
	{"{\"/s\":{\"prefix\":\"/tmp/\"}}", YES},
	{"{\"/s\":{\"prefix\":[\"/var\",\"/tmp/é*\"]}}", NO},
	{"{\"/n\":{\"prefix\":\"1\"}}", UNKNOWN},
	{"{\"/s\":{\"glob\":\"/tmp/*\"}}", YES},
	{"{\"/s\":{\"glob\":[\"/var/*\",\"/tmp/??\"]}}", NO},
	{"{\"/s\":{\"type\":\"string\"}}", YES},
	{"{\"/n\":{\"type\":\"integer\"}}", YES},
	{"{\"/n\":{\"type\":\"number\"}}", YES},
	{"{\"/d\":{\"type\":\"integer\"}}", NO},
	{"{\"/d\":{\"type\":[\"integer\",\"number\"]}}", YES},
	{"{\"/a\":{\"type\":\"object\"}}", NO},
	{"{\"/z\":{\"type\":\"null\"}}", YES},
	{"{\"/s\":{\"present\":true}}", YES},
	{"{\"/none\":{\"present\":true}}", NO},
	{"{\"/none\":{\"present\":false}}", YES},
	{"{\"/none\":{\"equals\":1}}", UNKNOWN},
	{"{\"/none\":{\"type\":\"string\"}}", UNKNOWN},
	{"{\"/a/1\":{\"equals\":\"y\"}}", YES},
	{"{\"/o/k~1l\":{\"equals\":1}}", YES},
	{"{\"\":{\"type\":\"object\"}}", YES},
	{"{\"/n\":{\"equals\":10},\"/b\":{\"equals\":false}}", NO},
	{"{\"/n\":{\"equals\":10},\"/none\":{\"equals\":1}}", UNKNOWN},
};

static void arguments(void **state)
{
	char when[256];
	fixture f;
	(void)state;
	begin(&f);
	args(&f, "{\"n\":10,\"d\":0.1000000000000000055,\"big\":9007199254740993,\"s\":\"/tmp/\\u00e9\\u00ea\\ud83d\\ude00\","
	         "\"text\":\"5\",\"a\":[\"x\",\"y\",\"z\"],\"o\":{\"k/l\":1},\"b\":true,\"z\":null,\"e\":\"\"}");
	for (size_t i = 0; i < sizeof value_tests / sizeof value_tests[0]; i++) {
		snprintf(when, sizeof when, "{\"args\":%s}", value_tests[i].test);
		is(&f, when, value_tests[i].answer);
	}
	f.facts.args_at = aim_json_at(f.args, AIM_JSON_ROOT, aim_str_from("/o"));
	is(&f, "{\"args\":{\"/k~1l\":{\"equals\":1}}}", YES);
	end(&f);
}

static void facts_of_the_host(void **state)
{
	aim_fact host[4] = {{.type = AIM_FACT_TEXT}, {.type = AIM_FACT_DECIMAL}, {.type = AIM_FACT_INTEGER},
	                    {.type = AIM_FACT_BOOL}};
	fixture f;
	(void)state;
	begin(&f);
	host[0].name = aim_str_from("region");
	host[0].text = aim_str_from("eu-1");
	host[1].name = aim_str_from("cost");
	host[1].text = aim_str_from("12.50");
	host[2].name = aim_str_from("level");
	host[2].integer = -3;
	host[3].name = aim_str_from("mfa");
	host[3].integer = 1;
	f.facts.host = host;
	f.facts.n_host = 4;
	is(&f, "{\"facts\":{\"region\":{\"glob\":\"eu-*\"}}}", YES);
	is(&f, "{\"facts\":{\"region\":{\"in\":[\"us\",\"ap\"]}}}", NO);
	is(&f, "{\"facts\":{\"cost\":{\"max\":12.5}}}", YES);
	is(&f, "{\"facts\":{\"cost\":{\"below\":12.5}}}", NO);
	is(&f, "{\"facts\":{\"level\":{\"equals\":-3}}}", YES);
	is(&f, "{\"facts\":{\"level\":{\"type\":\"integer\",\"min\":-4}}}", YES);
	is(&f, "{\"facts\":{\"mfa\":{\"equals\":true}}}", YES);
	is(&f, "{\"facts\":{\"other\":{\"equals\":true}}}", UNKNOWN);
	host[1].text = aim_str_from("12,5");
	assert_status(decide_rule(&f, "allow", "{\"facts\":{\"mfa\":{\"equals\":true}}}"), AIM_E_INVALID);
	assert_text(aim_decision_reason_code(f.d), "invalid_request");
	end(&f);
}

/* 2026-11-24 is a Tuesday; 10:30 UTC. */
#define TUESDAY_10_30 INT64_C(1795516200000000)
#define HOUR INT64_C(3600000000)

static void times(void **state)
{
	fixture f;
	(void)state;
	begin(&f);
	f.r.now_us = TUESDAY_10_30;
	is(&f, "{\"time\":{\"from\":\"10:30\",\"to\":\"11:00\",\"utc_offset\":\"Z\"}}", YES);
	is(&f, "{\"time\":{\"from\":\"10:00\",\"to\":\"10:30\",\"utc_offset\":\"Z\"}}", NO);
	is(&f, "{\"time\":{\"from\":\"12:00\",\"to\":\"13:00\",\"utc_offset\":\"+02:00\"}}", YES);
	is(&f, "{\"time\":{\"days\":[\"tue\"],\"utc_offset\":\"Z\"}}", YES);
	is(&f, "{\"time\":{\"days\":[\"mon\",\"wed\"],\"utc_offset\":\"Z\"}}", NO);
	is(&f, "{\"time\":{\"days\":\"wed\",\"utc_offset\":\"+14:00\"}}", YES);
	is(&f, "{\"time\":{\"days\":\"mon\",\"utc_offset\":\"-11:00\"}}", YES);
	/* over midnight: the night that began on Monday */
	f.r.now_us = TUESDAY_10_30 - 9 * HOUR;
	is(&f, "{\"time\":{\"from\":\"22:00\",\"to\":\"06:00\",\"days\":\"mon\",\"utc_offset\":\"Z\"}}", YES);
	is(&f, "{\"time\":{\"from\":\"22:00\",\"to\":\"06:00\",\"days\":\"tue\",\"utc_offset\":\"Z\"}}", NO);
	f.r.now_us = TUESDAY_10_30 + 12 * HOUR;
	is(&f, "{\"time\":{\"from\":\"22:00\",\"to\":\"06:00\",\"days\":\"tue\",\"utc_offset\":\"Z\"}}", YES);
	f.r.now_us = -HOUR; /* Wednesday, 31 December 1969, 23:00 */
	is(&f, "{\"time\":{\"from\":\"22:00\",\"to\":\"24:00\",\"days\":\"wed\",\"utc_offset\":\"Z\"}}", YES);
	end(&f);
}

static void rates(void **state)
{
	static const char rule[] = "{\"not\":{\"rate\":{\"at_least\":3,\"window_s\":16,\"per\":[\"agent\",\"tool\"]}}}";
	fixture f;
	aim_policy *policy = NULL;
	(void)state;
	begin(&f);
	assert_status(compile_rule(f.ctx, "allow", rule, &policy, NULL), AIM_OK);
	f.r.agent = aim_str_from("bot");
	f.r.tool = aim_str_from("mail");
	f.r.now_us = TUESDAY_10_30;
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED); /* nobody counts */
	assert_status(aim_rates_new(f.ctx, NULL, &f.facts.rates, NULL), AIM_OK);
	for (int i = 0; i < 3; i++)
		assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	f.r.tool = aim_str_from("MAIL"); /* the same tool */
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	f.r.tool = aim_str_from("read");
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	f.r.tool = aim_str_from("mail");
	f.r.now_us += 15000000;
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	f.r.now_us += 2000000; /* the window and a sixteenth of it have gone by; the refused calls count nothing */
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	f.r.now_us -= 3600000000; /* a clock that steps back stands still */
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	assert_status(aim_rates_clear(f.facts.rates), AIM_OK);
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	f.r.agent.len = 0; /* whose rate? */
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	aim_policy_unref(policy);
	aim_rates_free(f.facts.rates);
	end(&f);
}

static void a_full_table_of_rates_opens_nothing(void **state)
{
	static const char rule[] = "{\"not\":{\"rate\":{\"at_least\":1000,\"window_s\":60,\"per\":\"agent\"}}}";
	aim_rates_options few = {.struct_size = sizeof few, .max_counters = 16};
	fixture f;
	aim_policy *policy = NULL;
	char name[16];
	int n_allowed = 0;
	(void)state;
	begin(&f);
	assert_status(compile_rule(f.ctx, "allow", rule, &policy, NULL), AIM_OK);
	assert_status(aim_rates_new(f.ctx, &few, &f.facts.rates, NULL), AIM_OK);
	f.r.now_us = TUESDAY_10_30;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "bot%d", i);
		f.r.agent = aim_str_from(name);
		n_allowed += aim_policy_decide(policy, &f.r, f.d, NULL) == AIM_OK;
	}
	assert_int_equal(n_allowed, 16);
	f.r.now_us += 120 * INT64_C(1000000); /* places are free again */
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_OK);
	aim_policy_unref(policy);
	aim_rates_free(f.facts.rates);
	end(&f);
}

static void rate_tables_check_their_options(void **state)
{
	aim_rates_options o = {.struct_size = sizeof o, .flags = 1};
	aim_rates *table = NULL;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	assert_status(aim_rates_new(ctx, &o, &table, NULL), AIM_E_VERSION);
	o.flags = 0;
	o.max_counters = 4194305;
	assert_status(aim_rates_new(ctx, &o, &table, NULL), AIM_E_LIMIT);
	assert_status(aim_rates_new(NULL, NULL, &table, NULL), AIM_E_INVALID);
	assert_status(aim_rates_clear(NULL), AIM_E_INVALID);
	aim_rates_free(NULL);
	test_ctx_done(ctx, &heap);
}

/* One mistake each: where it is and words of the message. */
static const struct {
	const char *when;
	const char *pointer;
	const char *words;
} mistakes[] = {
	{"[]", "", "a condition must be an object"},
	{"{}", "", "must have a member"},
	{"{\"tool\":\"a\"}", "/tool", "no member 'tool'"},
	{"{\"all\":[]}", "/all", "at least one"},
	{"{\"any\":{}}", "/any", "list of conditions"},
	{"{\"not\":[]}", "/not", "must be an object"},
	{"{\"all\":[{\"any\":[{\"risk\":\"odd\"}]}]}", "/all/0/any/0/risk", "one of \"low\""},
	{"{\"tools\":\"a[b]\"}", "/tools", "no meaning here"},
	{"{\"tools\":[]}", "/tools", "empty list"},
	{"{\"trust\":{}}", "/trust", "'min' or 'max'"},
	{"{\"trust\":{\"min\":2,\"max\":1}}", "/trust", "never hold"},
	{"{\"trust\":{\"min\":1000001}}", "/trust/min", "whole number from 0 to 1000000"},
	{"{\"capabilities_missing\":1}", "/capabilities_missing", "true or false"},
	{"{\"tier\":\"gold\"}", "/tier", "\"verified_partner\""},
	{"{\"labels\":\"secret\"}", "/labels", "\"private_data\""},
	{"{\"time\":{\"days\":\"mon\"}}", "/time", "member 'utc_offset'"},
	{"{\"time\":{\"utc_offset\":\"Z\"}}", "/time", "'from' and 'to'"},
	{"{\"time\":{\"from\":\"8:00\",\"to\":\"09:00\",\"utc_offset\":\"Z\"}}", "/time/from", "time of the day"},
	{"{\"time\":{\"from\":\"24:00\",\"to\":\"09:00\",\"utc_offset\":\"Z\"}}", "/time/from", "time of the day"},
	{"{\"time\":{\"from\":\"09:00\",\"to\":\"09:00\",\"utc_offset\":\"Z\"}}", "/time", "never hold"},
	{"{\"time\":{\"days\":\"mon\",\"utc_offset\":\"CET\"}}", "/time/utc_offset", "\"+01:00\""},
	{"{\"rate\":{\"at_least\":1,\"window_s\":60}}", "/rate", "member 'per'"},
	{"{\"rate\":{\"at_least\":0,\"window_s\":60,\"per\":\"agent\"}}", "/rate/at_least", "from 1 to 1000000"},
	{"{\"args\":{}}", "/args", "at least one member"},
	{"{\"args\":{\"path\":{\"equals\":1}}}", "/args/path", "JSON Pointers"},
	{"{\"args\":{\"/a~2\":{\"equals\":1}}}", "/args/~1a~02", "JSON Pointers"},
	{"{\"args\":{\"/a\":{}}}", "/args/~1a", "at least one test"},
	{"{\"args\":{\"/a\":{\"like\":1}}}", "/args/~1a/like", "no member 'like'"},
	{"{\"args\":{\"/a\":{\"equals\":[]}}}", "/args/~1a/equals", "must be a text, a number"},
	{"{\"args\":{\"/a\":{\"in\":[]}}}", "/args/~1a/in", "1 to 1000 values"},
	{"{\"args\":{\"/a\":{\"min\":\"1\"}}}", "/args/~1a/min", "must be a number"},
	{"{\"args\":{\"/a\":{\"min\":2,\"max\":1.5}}}", "/args/~1a", "no number lies between"},
	{"{\"args\":{\"/a\":{\"min\":2,\"below\":2}}}", "/args/~1a", "no number lies between"},
	{"{\"args\":{\"/a\":{\"min\":2,\"above\":2}}}", "/args/~1a/above", "only one of min and above"},
	{"{\"args\":{\"/a\":{\"min\":2,\"prefix\":\"x\"}}}", "/args/~1a/prefix", "all the types"},
	{"{\"args\":{\"/a\":{\"type\":\"string\",\"equals\":1}}}", "/args/~1a/equals", "all the types"},
	{"{\"args\":{\"/a\":{\"present\":false,\"equals\":1}}}", "/args/~1a/equals", "not present"},
	{"{\"args\":{\"/a\":{\"equals\":1,\"present\":false}}}", "/args/~1a/present", "not present"},
	{"{\"args\":{\"/a\":{\"length\":{\"min\":3,\"max\":2}}}}", "/args/~1a/length", "never hold"},
	{"{\"args\":{\"/a\":{\"prefix\":[\"x\",\"\"]}}}", "/args/~1a/prefix/1", "1 to 256 bytes"},
	{"{\"facts\":{\"\":{\"equals\":1}}}", "/facts/", "1 to 256 bytes"},
};

static void every_mistake_has_its_place(void **state)
{
	char pointer[128];
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		aim_policy *policy = NULL;
		aim_error err = {0};
		assert_status(compile_rule(ctx, "deny", mistakes[i].when, &policy, &err), AIM_E_POLICY);
		snprintf(pointer, sizeof pointer, "/rules/0/when%s", mistakes[i].pointer);
		if (strcmp(err.pointer, pointer) != 0 || !strstr(err.message, mistakes[i].words))
			fail_msg("%s\n%s: %s", mistakes[i].when, err.pointer, err.message);
		assert_null(policy);
		assert_true(err.line == 1 && err.column > 1);
	}
	test_ctx_done(ctx, &heap);
}

static void nesting_is_bounded(void **state)
{
	char when[1024] = "";
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_policy *policy = NULL;
	aim_error err = {0};
	(void)state;
	for (int i = 0; i < 15; i++)
		strcat(when, "{\"not\":");
	strcat(when, "{\"risk\":\"low\"}}}}}}}}}}}}}}}}");
	assert_status(compile_rule(ctx, "deny", when, &policy, &err), AIM_OK);
	aim_policy_unref(policy);
	policy = NULL;
	memmove(when + 7, when, strlen(when) + 1);
	memcpy(when, "{\"not\":", 7);
	strcat(when, "}");
	assert_status(compile_rule(ctx, "deny", when, &policy, &err), AIM_E_POLICY);
	assert_non_null(strstr(err.message, "nested more than 16 deep"));
	test_ctx_done(ctx, &heap);
}

static void facts_are_checked(void **state)
{
	aim_str tag = {"x", 9000};
	fixture f;
	(void)state;
	begin(&f);
	f.facts.known = 16;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_VERSION);
	f.facts.known = 0;
	f.facts.scan = 5;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_INVALID);
	f.facts.scan = 0;
	f.facts.confidence_micro = 1000001;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_INVALID);
	f.facts.confidence_micro = 0;
	f.facts.n_host = 1;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_INVALID);
	f.facts.n_host = 0;
	f.facts.tags = &tag;
	f.facts.n_tags = 1;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_LIMIT);
	f.facts.n_tags = 0;
	f.facts.args = f.args; /* holds nothing */
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_INVALID);
	f.facts.args = NULL;
	f.facts.struct_size = 4;
	assert_status(decide_rule(&f, "ask", "{\"risk\":\"low\"}"), AIM_E_INVALID);
	end(&f);
}

static const char everything[] =
	"{\"version\":1,\"name\":\"p\",\"rules\":["
	"{\"id\":\"a\",\"effect\":\"allow\",\"tools\":\"t\",\"when\":{\"all\":[{\"tags\":[\"x\",\"y*\"]},{\"agents\":[\"a\",\"did:b\"]},"
	"{\"any\":[{\"tier\":\"trusted\"},{\"not\":{\"labels\":\"private_data\"}}]}],\"args\":{\"/n\":{\"min\":0.5,\"max\":7},"
	"\"/s\":{\"prefix\":[\"/a\",\"/b\"],\"glob\":\"*x\",\"length\":{\"max\":9}},\"/e\":{\"in\":[1,\"a\",null,true]}},"
	"\"time\":{\"days\":\"mon\",\"utc_offset\":\"Z\"},\"rate\":{\"at_least\":2,\"window_s\":9,\"per\":\"tool\"}}},"
	"{\"id\":\"b\",\"effect\":\"deny\",\"when\":{\"args\":{\"/s\":{\"glob\":\"*secret*\"},\"/e\":{\"equals\":\"no\"}}}}]}";

static void warm_decisions_allocate_nothing(void **state)
{
	fixture f;
	aim_policy *policy = NULL;
	(void)state;
	begin(&f);
	assert_status(aim_policy_compile(f.ctx, aim_bytes_from(everything, sizeof everything - 1), NULL, &policy, NULL, NULL),
	              AIM_OK);
	assert_status(aim_rates_new(f.ctx, NULL, &f.facts.rates, NULL), AIM_OK);
	args(&f, "{\"n\":0.75,\"s\":\"/a/x\",\"e\":\"a\"}");
	f.r.tool = aim_str_from("t");
	f.r.agent = aim_str_from("a");
	f.r.now_us = TUESDAY_10_30;
	assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	size_t before = f.heap.n_allocs;
	for (int i = 0; i < 100; i++)
		assert_status(aim_policy_decide(policy, &f.r, f.d, NULL), AIM_DENIED);
	assert_int_equal(f.heap.n_allocs, before);
	aim_policy_unref(policy);
	aim_rates_free(f.facts.rates);
	end(&f);
}

static aim_status compile_everything(aim_ctx *ctx, void *arg)
{
	aim_policy *policy = NULL;
	(void)arg;
	aim_status rc = aim_policy_compile(ctx, aim_bytes_from(everything, sizeof everything - 1), NULL, &policy, NULL, NULL);
	aim_policy_unref(policy);
	return rc;
}

static aim_status make_rates(aim_ctx *ctx, void *arg)
{
	aim_rates *table = NULL;
	(void)arg;
	aim_status rc = aim_rates_new(ctx, NULL, &table, NULL);
	aim_rates_free(table);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(compile_everything, NULL);
	test_each_allocation_fails(make_rates, NULL);
}

/* ---- YAML ---- */

static const char yaml[] = "# what reporters may do\n"
                           "version: 1\n"
                           "name: p\n"
                           "rules:\n"
                           "  - id: pay\n"
                           "    effect: allow\n"
                           "    tools: pay\n"
                           "    when:\n"
                           "      args:\n"
                           "        /amount: {min: 0.01, max: 100.10}\n";

static void yaml_is_the_same_document(void **state)
{
	static const char json[] = "{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"pay\",\"effect\":\"allow\",\"tools\":\"pay\","
	                           "\"when\":{\"args\":{\"/amount\":{\"min\":0.01,\"max\":100.10}}}}]}";
	aim_policy_options o = {.struct_size = sizeof o, .format = AIM_CONFIG_YAML};
	aim_policy *a = NULL;
	aim_policy *b = NULL;
	fixture f;
	(void)state;
	begin(&f);
	aim_status rc = aim_policy_compile(f.ctx, aim_bytes_from(yaml, sizeof yaml - 1), NULL, &a, NULL, NULL);
	if (rc == AIM_E_UNSUPPORTED) {
		end(&f);
		skip();
	}
	assert_status(rc, AIM_OK);
	assert_status(aim_policy_compile(f.ctx, aim_bytes_from(json, sizeof json - 1), NULL, &b, NULL, NULL), AIM_OK);
	assert_memory_equal(aim_policy_hash(a).ptr, aim_policy_hash(b).ptr, 64);
	args(&f, "{\"amount\":100.1}");
	f.r.tool = aim_str_from("pay");
	assert_status(aim_policy_decide(a, &f.r, f.d, NULL), AIM_OK);
	args(&f, "{\"amount\":100.1000000000000000001}");
	assert_status(aim_policy_decide(a, &f.r, f.d, NULL), AIM_DENIED);
	aim_policy_unref(b);
	b = NULL;
	assert_status(aim_policy_compile(f.ctx, aim_bytes_from(json, sizeof json - 1), &o, &b, NULL, NULL), AIM_OK);
	assert_memory_equal(aim_policy_hash(a).ptr, aim_policy_hash(b).ptr, 64);
	aim_policy_unref(a);
	aim_policy_unref(b);
	end(&f);
}

static void mistakes_in_yaml_have_their_place(void **state)
{
	static const char text[] = "version: 1\nname: p\nrules:\n  - id: a\n    effect: deny\n    when:\n      risk: odd\n";
	static const char broken[] = "version: 1\nname: [\n";
	aim_policy *policy = NULL;
	aim_error err = {0};
	fixture f;
	(void)state;
	begin(&f);
	aim_status rc = aim_policy_compile(f.ctx, aim_bytes_from(text, sizeof text - 1), NULL, &policy, NULL, &err);
	if (rc == AIM_E_UNSUPPORTED) {
		end(&f);
		skip();
	}
	assert_status(rc, AIM_E_POLICY);
	assert_string_equal(err.pointer, "/rules/0/when/risk");
	assert_int_equal(err.line, 7);
	assert_int_equal(err.column, 7);
	assert_status(aim_policy_compile(f.ctx, aim_bytes_from(broken, sizeof broken - 1), NULL, &policy, NULL, &err),
	              AIM_E_YAML);
	assert_true(err.line >= 2);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_said_is_unknown),
		cmocka_unit_test(names_of_a_call),
		cmocka_unit_test(case_never_opens),
		cmocka_unit_test(capabilities_that_are_missing),
		cmocka_unit_test(numbers_levels_and_bits),
		cmocka_unit_test(groups_are_three_valued),
		cmocka_unit_test(arguments),
		cmocka_unit_test(facts_of_the_host),
		cmocka_unit_test(times),
		cmocka_unit_test(rates),
		cmocka_unit_test(a_full_table_of_rates_opens_nothing),
		cmocka_unit_test(rate_tables_check_their_options),
		cmocka_unit_test(every_mistake_has_its_place),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(facts_are_checked),
		cmocka_unit_test(warm_decisions_allocate_nothing),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(yaml_is_the_same_document),
		cmocka_unit_test(mistakes_in_yaml_have_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
