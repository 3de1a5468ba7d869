/* The gateway: its stages in order, the exact reasons, disguised names, arguments at any depth, budgets that only
 * allowed calls use up, people who are asked, and records. */
#include "yard.h"

#include <aim/gateway.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static aim_str names_allowed[] = {{"search", 6}, {"read_file", 9}, {"deploy", 6}};
static aim_str names_denied[] = {{"shell", 5}};
static aim_str names_sensitive[] = {{"deploy", 6}};

typedef struct scene {
	test_heap heap;
	aim_ctx *ctx;
	aim_gateway *g;
	aim_decision *d;
} scene;

static aim_gateway_options plain(void)
{
	aim_gateway_options o = {.struct_size = sizeof o, .flags = AIM_GATEWAY_BUDGET, .max_calls = 50};
	o.name = S("production");
	return o;
}

static void open_scene(scene *s, const aim_gateway_options *o)
{
	memset(s, 0, sizeof *s);
	s->ctx = test_ctx(&s->heap);
	assert_status(aim_gateway_new(s->ctx, o, &s->g, NULL), AIM_OK);
	assert_status(aim_decision_new(s->ctx, &s->d, NULL), AIM_OK);
}

static void close_scene(scene *s)
{
	aim_gateway_free(s->g);
	aim_decision_free(s->d);
	test_ctx_done(s->ctx, &s->heap);
}

static aim_status call_as(aim_gateway *g, aim_decision *d, const char *agent, const char *tool, const char *arguments)
{
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
	aim_gateway_call c = {.struct_size = sizeof c, .request = &r};
	r.agent = S(agent);
	r.tool = S(tool);
	c.arguments = aim_bytes_from(arguments, strlen(arguments));
	return aim_gateway_intercept(g, &c, d, NULL);
}

static aim_status call(scene *s, const char *tool, const char *arguments)
{
	return call_as(s->g, s->d, "bot", tool, arguments);
}

#define assert_why(s, text) assert_text(aim_decision_reason((s)->d), (text))

static void the_stages_refuse_with_their_reasons(void **state)
{
	scene s;
	aim_gateway_options o = plain();
	(void)state;
	o.allowed = names_allowed;
	o.n_allowed = 3;
	o.denied = names_denied;
	o.n_denied = 1;
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.max_calls = 1;
	open_scene(&s, &o);
	assert_status(call(&s, "shell", "{}"), AIM_DENIED);
	assert_why(&s, "Tool 'shell' is on the deny list");
	assert_text(aim_decision_reason_code(s.d), "tool_denied");
	assert_status(call(&s, "send_email", "{}"), AIM_DENIED);
	assert_why(&s, "Tool 'send_email' is not on the allow list");
	assert_status(call(&s, "SEARCH", "{}"), AIM_DENIED); /* an allow list compares exactly */
	assert_status(call(&s, "deploy", "{}"), AIM_DENIED);
	assert_why(&s, "Awaiting human approval");
	assert_status(call(&s, "search", "{\"query\":\"quarterly earnings\"}"), AIM_OK);
	assert_why(&s, "Allowed by policy");
	assert_int_equal(aim_decision_stage_count(s.d), 5);
	assert_status(call(&s, "search", "{}"), AIM_DENIED);
	assert_why(&s, "Agent 'bot' exceeded call budget (1)");
	assert_text(aim_decision_reason_code(s.d), "budget_exceeded");
	assert_int_equal(aim_decision_stage_count(s.d), 4);
	close_scene(&s);
}

static void disguises_are_seen_through(void **state)
{
	static const char *const disguises[] = {"SHELL", "Shell", "\xd1\x95hell", "s\xe2\x80\x8bhell", " shell ", "\xef\xbd\x93hell"};
	scene s;
	aim_gateway_options o = plain();
	(void)state;
	o.denied = names_denied;
	o.n_denied = 1;
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	open_scene(&s, &o);
	for (size_t i = 0; i < sizeof disguises / sizeof *disguises; i++)
		assert_status(call(&s, disguises[i], "{}"), AIM_DENIED);
	assert_status(call(&s, "Deploy", "{}"), AIM_DENIED);
	assert_status(call(&s, "shells", "{}"), AIM_OK);
	close_scene(&s);
}

static void only_allowed_calls_use_the_budget_up(void **state)
{
	scene s;
	uint64_t n = 9;
	aim_gateway_options o = plain();
	(void)state;
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.max_calls = 2;
	open_scene(&s, &o);
	for (int i = 0; i < 5; i++) {
		assert_status(call(&s, "deploy", "{}"), AIM_DENIED);
		assert_status(call(&s, "search", "{\"q\":\"; rm -rf /\"}"), AIM_DENIED);
		assert_status(call(&s, "search", "{"), AIM_E_JSON_SYNTAX);
	}
	assert_status(aim_gateway_count(s.g, S("bot"), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(call(&s, "search", ""), AIM_OK);
	assert_status(call(&s, "search", ""), AIM_OK);
	assert_status(call(&s, "search", ""), AIM_DENIED);
	assert_status(call_as(s.g, s.d, "other", "search", ""), AIM_OK);
	assert_status(aim_gateway_reset(s.g, S("bot"), NULL), AIM_OK);
	assert_status(call(&s, "search", ""), AIM_OK);
	assert_status(aim_gateway_reset_all(s.g, NULL), AIM_OK);
	assert_status(aim_gateway_count(s.g, S("other"), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	aim_gateway_counts counts = {.struct_size = sizeof counts};
	assert_status(aim_gateway_stats(s.g, &counts), AIM_OK);
	assert_int_equal(counts.n_allowed, 4);
	assert_int_equal(counts.n_total, counts.n_allowed + counts.n_denied + counts.n_asked);
	assert_int_equal(counts.n_threats, 5);
	close_scene(&s);
}

static void a_budget_of_0_denies_all_and_a_window_slides(void **state)
{
	scene s;
	int64_t start_us = test_now_us;
	aim_gateway_options o = plain();
	(void)state;
	o.max_calls = 0;
	open_scene(&s, &o);
	assert_status(call(&s, "search", ""), AIM_DENIED);
	assert_why(&s, "Agent 'bot' exceeded call budget (0)");
	close_scene(&s);
	open_scene(&s, NULL);
	for (int i = 0; i < 100; i++)
		assert_status(call(&s, "search", ""), AIM_OK);
	assert_status(call(&s, "search", ""), AIM_DENIED);
	assert_why(&s, "Agent 'bot' exceeded rate limit (100 in 300 s)");
	test_now_us += INT64_C(300000000);
	assert_status(call(&s, "search", ""), AIM_OK);
	test_now_us = start_us;
	close_scene(&s);
}

static void dangerous_arguments_are_found_at_any_depth(void **state)
{
	static const char *const bad[] = {
		"{\"a\":\"; rm -rf /\"}",
		"{\"a\":[{\"b\":[\"x; rm -rf /\"]}]}",
		"{\"; rm -rf /\":1}",
		"{\"a\":\"\\u003b\\u0020rm -rf /\"}",
		"{\"a\":\"123-45-6789\"}",
		"{\"card\":4111111111111111}",
		"{\"path\":\"../../etc/passwd\"}",
	};
	scene s;
	aim_gateway_options o = plain();
	(void)state;
	open_scene(&s, &o);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (call(&s, "search", bad[i]) != AIM_DENIED)
			fail_msg("%s passed", bad[i]);
		assert_text(aim_decision_reason_code(s.d), "parameters_dangerous");
		assert_int_equal(strncmp(aim_decision_reason(s.d).ptr, "Parameters matched dangerous pattern: ", 38), 0);
	}
	assert_status(call(&s, "search", "{\"query\":\"quarterly earnings\",\"limit\":10,\"deep\":[true,null]}"), AIM_OK);
	close_scene(&s);
	o.flags |= AIM_GATEWAY_NO_SANITISATION;
	open_scene(&s, &o);
	assert_status(call(&s, "search", bad[0]), AIM_OK);
	close_scene(&s);
}

static void blocked_patterns_of_three_kinds(void **state)
{
	const aim_pattern blocked[] = {
		{sizeof *blocked, 0, AIM_PATTERN_LITERAL, 0, S("drop table")},
		{sizeof *blocked, 0, AIM_PATTERN_GLOB, 0, S("*.internal")},
		{sizeof *blocked, 0, AIM_PATTERN_REGEX, 0, S("id=[0-9]{4}")},
	};
	scene s;
	aim_gateway_options o = plain();
	(void)state;
	o.flags |= AIM_GATEWAY_NO_SANITISATION;
	o.blocked = blocked;
	o.n_blocked = 3;
	open_scene(&s, &o);
	assert_status(call(&s, "search", "{\"q\":\"x DROP TABLE y\"}"), AIM_DENIED);
	assert_why(&s, "Parameters matched blocked pattern(s): ['drop table']");
	assert_status(call(&s, "search", "{\"q\":[\"id=1234 drop table\"]}"), AIM_DENIED);
	assert_why(&s, "Parameters matched blocked pattern(s): ['drop table', 'id=[0-9]{4}']");
	assert_status(call(&s, "search", "{\"db.internal\":1}"), AIM_DENIED);
	assert_status(call(&s, "search", "{\"q\":\"dr\\u043ep table\"}"), AIM_DENIED); /* a Cyrillic o */
	assert_status(call(&s, "search", "{\"q\":\"drop the table, id=123\"}"), AIM_OK);
	close_scene(&s);
}

/* ---- people ---- */

static uint32_t answer;

static uint32_t approve(void *user, const aim_gateway_call *c)
{
	int *n = user;
	assert_text(c->request->tool, "deploy");
	++*n;
	return answer;
}

static void a_callback_decides_and_whatever_is_no_yes_denies(void **state)
{
	scene s;
	int n = 0;
	aim_gateway_options o = plain();
	(void)state;
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.approve = approve;
	o.user = &n;
	open_scene(&s, &o);
	answer = AIM_GATEWAY_APPROVED;
	assert_status(call(&s, "deploy", "{}"), AIM_OK);
	assert_why(&s, "Approved by human reviewer");
	answer = AIM_GATEWAY_DENIED;
	assert_status(call(&s, "deploy", "{}"), AIM_DENIED);
	assert_why(&s, "Human approval denied");
	answer = AIM_GATEWAY_PENDING;
	assert_status(call(&s, "deploy", "{}"), AIM_DENIED);
	assert_why(&s, "Awaiting human approval");
	answer = 77;
	assert_status(call(&s, "deploy", "{}"), AIM_DENIED);
	assert_status(call(&s, "search", "{}"), AIM_OK);
	assert_int_equal(n, 4);
	close_scene(&s);
}

static void a_sensitive_call_waits_in_the_store(void **state)
{
	yard *y = *state;
	aim_gateway *g = NULL;
	char id[AIM_APPROVAL_ID_SIZE];
	uint64_t n = 9;
	aim_gateway_options o = plain();
	aim_approval_decision yes = {.struct_size = sizeof yes, .state = AIM_APPROVAL_APPROVED};
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.registry = y->h->registry;
	o.audit = y->h->log;
	o.max_calls = 1;
	yes.actor = S("ana");
	assert_status(aim_gateway_new(y->h->ctx, &o, &g, NULL), AIM_OK);
	assert_status(call_as(g, y->decision, "bot", "deploy", "{\"to\":\"prod\"}"), AIM_ASK);
	assert_text(aim_decision_reason(y->decision), "Awaiting human approval");
	memcpy(id, aim_decision_approval(y->decision).ptr, sizeof id);
	assert_status(aim_gateway_count(g, S("bot"), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(aim_approval_decide(y->h->registry, S(id), &yes, NULL), AIM_OK);
	assert_status(call_as(g, y->decision, "bot", "deploy", "{\"to\":\"test\"}"), AIM_ASK);
	assert_status(call_as(g, y->decision, "bot", "deploy", "{ \"to\": \"prod\" }"), AIM_OK);
	assert_text(aim_decision_reason(y->decision), "Approved by human reviewer");
	assert_non_null(strstr(house_last_record(y->h), id));
	assert_status(aim_gateway_reset(g, S("bot"), NULL), AIM_OK);
	assert_status(call_as(g, y->decision, "bot", "deploy", "{\"to\":\"prod\"}"), AIM_ASK);
	assert_int_equal(house_records(y->h, "policy_evaluated"), 4);
	aim_gateway_free(g);
}

/* ---- what the host is told ---- */

static void count_event(void *user, const aim_gateway_event *e)
{
	aim_gateway_event *seen = user;
	*seen = *e;
}

static void asking_a_person_that_fails_denies(void **state)
{
	yard *y = *state;
	aim_gateway *g = NULL;
	uint64_t n = 9;
	aim_gateway_options o = plain();
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.registry = y->h->registry;
	assert_status(aim_gateway_new(y->h->ctx, &o, &g, NULL), AIM_OK);
	for (int i = 0; i < 64; i++) {
		char arguments[8];
		snprintf(arguments, sizeof arguments, "[%d]", i);
		assert_status(call_as(g, y->decision, "bot", "deploy", arguments), AIM_ASK);
	}
	assert_status(call_as(g, y->decision, "bot", "deploy", "[99]"), AIM_E_LIMIT);
	assert_int_equal(aim_decision_effect(y->decision), AIM_DECISION_DENY);
	assert_reason(y, "fault");
	assert_status(aim_gateway_count(g, S("bot"), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	aim_gateway_free(g);
}

static void metrics_are_told(void **state)
{
	scene s;
	aim_gateway_event e = {0};
	aim_gateway_options o = plain();
	(void)state;
	o.max_calls = 1;
	o.metrics = count_event;
	o.user = &e;
	open_scene(&s, &o);
	assert_status(call(&s, "search", "{\"a\":\"123-45-6789\"}"), AIM_DENIED);
	assert_int_equal(e.n_threats, 1);
	assert_int_equal(e.is_scanned, 1);
	assert_int_equal(e.effect, AIM_DECISION_DENY);
	assert_status(call(&s, "search", ""), AIM_OK);
	assert_int_equal(e.is_scanned + e.n_threats + e.is_rate_limited, 0);
	assert_int_equal(e.effect, AIM_DECISION_ALLOW);
	assert_status(call(&s, "search", ""), AIM_DENIED);
	assert_int_equal(e.is_rate_limited, 1);
	close_scene(&s);
}

static void a_configuration_is_wrapped(void **state)
{
	static const char config[] = "{\"command\":\"python\",\"args\":[\"-m\",\"my_server\"]}";
	scene s;
	aim_buf *out = NULL;
	aim_gateway_options o = plain();
	(void)state;
	o.allowed = names_allowed;
	o.n_allowed = 2;
	o.denied = names_denied;
	o.n_denied = 1;
	o.sensitive = names_sensitive;
	o.n_sensitive = 1;
	o.flags |= AIM_GATEWAY_NO_SANITISATION;
	open_scene(&s, &o);
	assert_status(aim_buf_new(s.ctx, &out), AIM_OK);
	assert_status(aim_gateway_wrap(s.ctx, aim_bytes_from(config, sizeof config - 1), &o, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out),
	            "{\"allowed_tools\":[\"search\",\"read_file\"],\"builtin_sanitization\":true,\"denied_tools\":[\"shell\"],"
	            "\"policy_name\":\"production\",\"rate_limit\":50,\"sensitive_tools\":[\"deploy\"],"
	            "\"server_config\":{\"args\":[\"-m\",\"my_server\"],\"command\":\"python\"}}");
	assert_status(aim_gateway_wrap(s.ctx, aim_bytes_from("[]", 2), &o, out, NULL), AIM_E_JSON_TYPE);
	aim_buf_free(out);
	close_scene(&s);
}

static void what_is_out_of_range_is_refused(void **state)
{
	scene s;
	aim_gateway *g = NULL;
	aim_str nameless[1] = {{"", 0}};
	aim_pattern broken = {sizeof broken, 0, AIM_PATTERN_REGEX, 0, S("(")};
	aim_gateway_options o = plain();
	(void)state;
	open_scene(&s, &o);
	o.denied = nameless;
	o.n_denied = 1;
	assert_status(aim_gateway_new(s.ctx, &o, &g, NULL), AIM_E_INVALID);
	o = plain();
	o.flags |= 1u << 9;
	assert_status(aim_gateway_new(s.ctx, &o, &g, NULL), AIM_E_VERSION);
	o = plain();
	o.blocked = &broken;
	o.n_blocked = 1;
	assert_status(aim_gateway_new(s.ctx, &o, &g, NULL), AIM_E_PATTERN);
	assert_status(call_as(s.g, s.d, "", "search", ""), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(s.d), AIM_DECISION_DENY);
	assert_status(call(&s, "", ""), AIM_E_INVALID);
	assert_int_equal(aim_gateway_policy_hash(s.g).len, 64);
	close_scene(&s);
}

/* ---- answers ---- */

#define SECRET "AKIAIOSFODNN7EXAMPLF"
static const char leak[] = "{\"content\":[{\"type\":\"text\",\"text\":\"key " SECRET "\"}]}";

static aim_status answered(aim_gateway *g, aim_response *r, const char *text, aim_response_verdict *v)
{
	aim_request q = {.struct_size = sizeof q, .trust_micro = AIM_DECISION_NO_TRUST};
	q.agent = S("bot");
	q.tool = S("search");
	return aim_gateway_intercept_response(g, &q, aim_bytes_from(text, strlen(text)), r, v, NULL);
}

static int holds(aim_bytes content, const char *text)
{
	char copy[512];
	snprintf(copy, sizeof copy, "%.*s", (int)content.len, (const char *)content.ptr);
	return strstr(copy, text) != NULL;
}

static void answers_follow_the_policy_of_the_gateway(void **state)
{
	static const struct {
		uint32_t policy;
		aim_status rc;
		uint32_t n_withheld;
	} cases[] = {{AIM_RESPONSE_BLOCK, AIM_DENIED, 1}, {AIM_RESPONSE_SANITIZE, AIM_OK, 0}, {AIM_RESPONSE_LOG, AIM_OK, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scene s = {0};
		aim_scanner *scanner = NULL;
		aim_response *r = NULL;
		aim_gateway_event e = {0};
		aim_response_options policy = {.struct_size = sizeof policy, .policy = cases[i].policy};
		aim_response_verdict v = {.struct_size = sizeof v};
		aim_gateway_counts counts = {.struct_size = sizeof counts};
		aim_gateway_options o = plain();
		s.ctx = test_ctx(&s.heap);
		assert_status(aim_scan_new(s.ctx, NULL, &scanner, NULL), AIM_OK);
		o.scanner = scanner;
		o.response = &policy;
		o.metrics = count_event;
		o.user = &e;
		assert_status(aim_gateway_new(s.ctx, &o, &s.g, NULL), AIM_OK);
		aim_scan_free(scanner); /* the gateway keeps it */
		assert_status(aim_gateway_response_new(s.g, &r, NULL), AIM_OK);
		assert_status(answered(s.g, r, "{\"rows\":3}", &v), AIM_OK);
		assert_int_equal(v.action, AIM_RESPONSE_CLEAN);
		assert_status(answered(s.g, r, leak, &v), cases[i].rc);
		assert_int_equal(v.action, cases[i].policy);
		assert_int_equal(v.allowed, cases[i].rc == AIM_OK);
		assert_int_equal(holds(v.content, SECRET), cases[i].policy == AIM_RESPONSE_LOG);
		assert_int_equal(holds(v.content, "[REDACTED:credential]"), cases[i].policy == AIM_RESPONSE_SANITIZE);
		assert_text(aim_response_threat_at(r, 0)->rule, "aws-access-key");
		assert_int_equal(e.is_answer && e.is_scanned && e.n_threats == 1, 1);
		assert_text(e.reason_code, aim_response_action_name(cases[i].policy));
		assert_status(aim_gateway_stats(s.g, &counts), AIM_OK);
		assert_int_equal(counts.n_answers, 2);
		assert_int_equal(counts.n_withheld, cases[i].n_withheld);
		assert_int_equal(counts.n_total, 0);
		aim_gateway_free(s.g);
		s.g = NULL;
		aim_response_free(r); /* in any order */
		close_scene(&s);
	}
}

static void answers_are_recorded_or_withheld(void **state)
{
	yard *y = *state;
	aim_gateway *g = NULL;
	aim_scanner *scanner = NULL;
	aim_response *r = NULL;
	aim_response_verdict v = {.struct_size = sizeof v};
	aim_gateway_options o = plain();
	o.audit = y->h->log;
	assert_status(aim_scan_new(y->h->ctx, NULL, &scanner, NULL), AIM_OK);
	o.scanner = scanner;
	assert_status(aim_gateway_new(y->h->ctx, &o, &g, NULL), AIM_OK);
	assert_status(aim_gateway_response_new(g, &r, NULL), AIM_OK);
	assert_status(answered(g, r, leak, &v), AIM_DENIED);
	assert_int_equal(house_records(y->h, "response_scan"), 1);
	assert_non_null(strstr(house_last_record(y->h), "aws-access-key"));
	assert_non_null(strstr(house_last_record(y->h), aim_gateway_policy_hash(g).ptr));
	assert_null(strstr(house_last_record(y->h), SECRET));
	aim_response_free(r);
	aim_gateway_free(g);
	aim_scan_free(scanner);
}

static void what_is_no_answer_of_this_gateway_is_refused(void **state)
{
	scene s;
	aim_scanner *scanner = NULL;
	aim_response *r = NULL, *other = NULL;
	aim_response_options log = {.struct_size = sizeof log, .policy = AIM_RESPONSE_LOG};
	aim_response_verdict v = {.struct_size = sizeof v, .allowed = 1};
	aim_request nobody = {.struct_size = sizeof nobody, .trust_micro = AIM_DECISION_NO_TRUST};
	char without[65];
	aim_gateway_options o = plain();
	(void)state;
	open_scene(&s, &o);
	memcpy(without, aim_gateway_policy_hash(s.g).ptr, sizeof without);
	assert_status(aim_gateway_response_new(s.g, &r, NULL), AIM_E_UNSUPPORTED);
	aim_gateway_free(s.g);
	assert_status(aim_scan_new(s.ctx, NULL, &scanner, NULL), AIM_OK);
	o.scanner = scanner;
	assert_status(aim_gateway_new(s.ctx, &o, &s.g, NULL), AIM_OK);
	assert_string_not_equal(without, aim_gateway_policy_hash(s.g).ptr); /* approvals do not outlive a change of it */
	assert_status(aim_response_new(scanner, &log, &other, NULL), AIM_OK);
	assert_status(answered(s.g, other, leak, &v), AIM_E_INVALID); /* a policy of its own */
	assert_int_equal(v.allowed, 0);
	assert_status(aim_gateway_response_new(s.g, &r, NULL), AIM_OK);
	assert_status(answered(s.g, r, "{}", &v), AIM_OK);
	assert_status(aim_gateway_intercept_response(s.g, &nobody, aim_bytes_from("{}", 2), r, &v, NULL), AIM_E_INVALID);
	assert_int_equal(v.allowed, 0);
	assert_int_equal(v.content.len, 0);
	aim_response_free(other);
	aim_response_free(r);
	aim_scan_free(scanner);
	close_scene(&s);
}

static aim_status answer_with_little_memory(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_scanner *scanner = NULL;
	aim_gateway *g = NULL;
	aim_response *r = NULL;
	aim_response_options policy = {.struct_size = sizeof policy, .policy = AIM_RESPONSE_SANITIZE};
	aim_response_verdict v = {.struct_size = sizeof v};
	aim_gateway_options o = plain();
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	o.audit = log;
	o.response = &policy;
	rc = aim_scan_new(ctx, NULL, &scanner, NULL);
	o.scanner = scanner;
	if (rc == AIM_OK)
		rc = aim_gateway_new(ctx, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_gateway_response_new(g, &r, NULL);
	if (rc == AIM_OK)
		rc = answered(g, r, leak, &v);
	if (rc == AIM_OK)
		assert_false(holds(v.content, SECRET));
	else
		assert_int_equal(v.allowed + v.content.len, 0);
	aim_response_free(r);
	aim_gateway_free(g);
	aim_scan_free(scanner);
	house_close(store, log, registry);
	return rc;
}

static void no_memory_for_an_answer(void **state)
{
	(void)state;
	test_each_allocation_fails(answer_with_little_memory, NULL);
}

/* ---- threads and memory ---- */

#define RACERS 6

typedef struct racer {
	scene *s;
	int allowed;
} racer;

static void *call_often(void *arg)
{
	racer *r = arg;
	aim_decision *d = NULL;
	if (aim_decision_new(r->s->ctx, &d, NULL) != AIM_OK)
		return NULL;
	for (int i = 0; i < 40; i++)
		r->allowed += call_as(r->s->g, d, "bot", "search", "{\"q\":\"x\"}") == AIM_OK;
	aim_decision_free(d);
	return NULL;
}

static void threads_share_one_budget(void **state)
{
	scene s;
	int allowed = 0;
	pthread_t threads[RACERS];
	racer racers[RACERS];
	yard *y = *state; /* its heap is one that threads may share */
	aim_gateway_options o = plain();
	memset(&s, 0, sizeof s);
	s.ctx = y->h->ctx;
	assert_status(aim_gateway_new(s.ctx, &o, &s.g, NULL), AIM_OK);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (racer){&s, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		allowed += racers[i].allowed;
	}
	assert_int_equal(allowed, 50);
	aim_gateway_free(s.g);
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_gateway *g = NULL;
	aim_decision *d = NULL;
	aim_pattern p = {sizeof p, 0, AIM_PATTERN_LITERAL, 0, S("drop")};
	aim_gateway_options o = plain();
	(void)arg;
	o.allowed = names_allowed;
	o.n_allowed = 3;
	o.denied = names_denied;
	o.n_denied = 1;
	o.blocked = &p;
	o.n_blocked = 1;
	aim_status rc = aim_gateway_new(ctx, &o, &g, NULL);
	if (rc == AIM_OK)
		rc = aim_decision_new(ctx, &d, NULL);
	if (rc == AIM_OK)
		rc = call_as(g, d, "bot", "search", "{\"q\":\"\\u00e9t\\u00e9\"}");
	aim_decision_free(d);
	aim_gateway_free(g);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(everything, NULL);
}

static void a_warm_call_allocates_nothing(void **state)
{
	scene s;
	aim_gateway_options o = plain();
	(void)state;
	o.max_calls = 100000;
	o.denied = names_denied;
	o.n_denied = 1;
	open_scene(&s, &o);
	assert_status(call(&s, "search", "{\"q\":\"caf\\u00e9\",\"n\":[1,2,3]}"), AIM_OK);
	size_t before = s.heap.n_allocs;
	for (int i = 0; i < 100; i++)
		assert_status(call(&s, "search", "{\"q\":\"caf\\u00e9\",\"n\":[1,2,3]}"), AIM_OK);
	assert_int_equal(s.heap.n_allocs, before);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stages_refuse_with_their_reasons),
		cmocka_unit_test(disguises_are_seen_through),
		cmocka_unit_test(only_allowed_calls_use_the_budget_up),
		cmocka_unit_test(a_budget_of_0_denies_all_and_a_window_slides),
		cmocka_unit_test(dangerous_arguments_are_found_at_any_depth),
		cmocka_unit_test(blocked_patterns_of_three_kinds),
		cmocka_unit_test(a_callback_decides_and_whatever_is_no_yes_denies),
		cmocka_unit_test_setup_teardown(a_sensitive_call_waits_in_the_store, yard_setup, yard_teardown),
		cmocka_unit_test_setup_teardown(asking_a_person_that_fails_denies, yard_setup, yard_teardown),
		cmocka_unit_test(metrics_are_told),
		cmocka_unit_test(a_configuration_is_wrapped),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(answers_follow_the_policy_of_the_gateway),
		cmocka_unit_test_setup_teardown(answers_are_recorded_or_withheld, yard_setup, yard_teardown),
		cmocka_unit_test(what_is_no_answer_of_this_gateway_is_refused),
		cmocka_unit_test(no_memory_for_an_answer),
		cmocka_unit_test_setup_teardown(threads_share_one_budget, yard_setup, yard_teardown),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(a_warm_call_allocates_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
