/* Actions checked: every stage refuses by itself, in order, and what passes gets a token. */
#include "yard.h"

#include <aim/baseline.h>
#include <aim/did.h>

#include <stdio.h>
#include <string.h>

#define TOOL "mcp_tool:web_search"

static void what_passes_gets_a_ticket_and_a_record(void **state)
{
	yard *y = *state;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_reason(y, "action_allowed");
	assert_int_equal(aim_decision_effect(y->decision), AIM_DECISION_ALLOW);
	assert_int_equal(aim_decision_stage_count(y->decision), 8);
	assert_text(aim_decision_stage_at(y->decision, 0), "identity");
	assert_text(aim_decision_stage_at(y->decision, 2), "signature");
	assert_text(aim_decision_stage_at(y->decision, 7), "approval");
	assert_int_equal(y->ticket.risk, AIM_DECISION_RISK_MEDIUM);
	assert_int_equal(y->ticket.trust_micro, 592500);
	assert_int_equal(y->ticket.expires_at_us, test_now_us + 300 * INT64_C(1000000));
	assert_memory_equal(y->ticket.token, y->ticket.id, 36);
	assert_int_equal(strlen(y->ticket.token), 80);
	assert_int_equal(house_records(y->h, "action_check"), 1);
	const char *record = house_last_record(y->h);
	assert_non_null(strstr(record, y->ticket.id));
	assert_non_null(strstr(record, "\"risk\":\"medium\""));
	assert_null(strstr(record, y->ticket.token)); /* the secret is nowhere */
}

static aim_status check_as(yard *y, const char *agent, const char *server)
{
	aim_action_request q = yard_request(y, TOOL);
	q.agent = S(agent);
	q.server = S(server);
	return aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL);
}

static void strangers_are_refused_and_only_counted(void **state)
{
	yard *y = *state;
	size_t n = house_records(y->h, NULL);
	assert_status(check_as(y, "agt_00000000000000000000000000000000", y->server), AIM_DENIED);
	assert_reason(y, "agent_unknown");
	assert_int_equal(aim_decision_stage_count(y->decision), 1);
	assert_status(check_as(y, "nobody", y->server), AIM_DENIED);
	assert_reason(y, "agent_unknown");
	assert_int_equal(house_records(y->h, NULL), n);
	assert_string_equal(y->ticket.token, "");
}

static void move_agent(yard *y, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	assert_status(aim_agent_move(y->h->registry, S(y->agent), &m, NULL), AIM_OK);
}

static void move_server(yard *y, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	assert_status(aim_server_move(y->h->registry, S(y->server), &m, NULL), AIM_OK);
}

static void only_active_agents_act(void **state)
{
	yard *y = *state;
	char pending[37];
	house_agent(y->h, "pending", pending);
	assert_status(check_as(y, pending, y->server), AIM_DENIED);
	assert_reason(y, "agent_inactive");
	assert_text(aim_decision_reason(y->decision), "Agent 'pending' is pending");
	move_agent(y, AIM_REGISTRY_SUSPENDED);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_text(aim_decision_reason(y->decision), "Agent 'agent' is suspended");
	assert_non_null(strstr(house_last_record(y->h), "\"decision\":\"deny\""));
	move_agent(y, AIM_REGISTRY_VERIFIED);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	move_agent(y, AIM_REGISTRY_REVOKED);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
}

static void grants_decide_by_action_and_resource(void **state)
{
	yard *y = *state;
	aim_action_request q = yard_request(y, "files:read");
	yard_grant(y, "files:read", "/etc/**", AIM_GRANT_DENY);
	q.resource = S("/srv/a");
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	q.resource = S("/etc/passwd");
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
	assert_reason(y, "grant_denies");
	q.resource = S("");
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
	char other[37];
	aim_registry_move m = {.struct_size = sizeof m, .status = AIM_REGISTRY_VERIFIED};
	house_agent(y->h, "other", other);
	assert_status(aim_agent_move(y->h->registry, S(other), &m, NULL), AIM_OK);
	assert_status(check_as(y, other, y->server), AIM_DENIED);
	assert_reason(y, "grant_missing");
}

static void servers_are_known_active_and_verified_for_high_risk(void **state)
{
	yard *y = *state;
	char pending[37];
	yard_trust(y, y->agent, 25);
	assert_status(check_as(y, y->agent, "srv_00000000000000000000000000000000"), AIM_DENIED);
	assert_reason(y, "server_unknown");
	assert_status(check_as(y, y->agent, ""), AIM_OK); /* no server has a part in it */
	house_server(y->h, "new", pending);
	aim_action_request q = yard_request(y, TOOL);
	q.server = S(pending);
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	q.risk = AIM_DECISION_RISK_HIGH;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
	assert_reason(y, "server_pending");
	q.server = S(y->server);
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	move_server(y, AIM_REGISTRY_SUSPENDED);
	assert_status(yard_check(y, "mcp_resource:x", 0), AIM_DENIED);
	assert_reason(y, "server_inactive");
}

static void show(yard *y, aim_baseline *b, const char *tool)
{
	aim_baseline_item item = {S("t"), aim_bytes_from_str(S(tool))};
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = AIM_FINGERPRINT_TOOL, .items = &item,
	                                 .n_items = 1};
	(void)y;
	assert_status(aim_baseline_observe(b, &seen, NULL), AIM_OK);
}

static void a_server_that_drifted_gets_low_risk_only(void **state)
{
	yard *y = *state;
	aim_baseline *b = NULL;
	assert_status(aim_baseline_open(y->h->registry, S(y->server), &b, NULL), AIM_OK);
	show(y, b, "{\"name\":\"t\",\"description\":\"a\"}");
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	show(y, b, "{\"name\":\"t\",\"description\":\"b\"}");
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_reason(y, "server_drift");
	assert_status(yard_check(y, "mcp_resource:x", 0), AIM_OK);
	show(y, b, "{\"name\":\"t\",\"description\":\"a\"}");
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	aim_baseline_free(b);
}

static void open_finding(yard *y, const char *subject, uint32_t kind, uint32_t severity)
{
	aim_trust_finding f = {.struct_size = sizeof f, .kind = kind, .severity = severity};
	f.subject = S(subject);
	f.source = S("yard");
	f.id = S("finding");
	assert_status(aim_trust_open(y->h->registry, &f, NULL, NULL), AIM_OK);
}

static void findings_about_the_server_veto(void **state)
{
	yard *y = *state;
	open_finding(y, y->server, AIM_TRUST_ALERT, AIM_TRUSTSCORE_CRITICAL);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_reason(y, "server_alert");
	assert_status(yard_check(y, "mcp_resource:x", 0), AIM_OK);
}

static void findings_about_the_agent_veto(void **state)
{
	yard *y = *state;
	yard_trust(y, y->agent, 40);
	open_finding(y, y->agent, AIM_TRUST_DRIFT, 0);
	assert_true(yard_score(y, y->agent) > 700000);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_reason(y, "trust_gate");
	assert_status(yard_check(y, "mcp_resource:x", 0), AIM_OK);
}

static void trust_must_reach_the_risk(void **state)
{
	yard *y = *state;
	assert_status(yard_check(y, "mcp_resource:x", AIM_DECISION_RISK_HIGH), AIM_DENIED);
	assert_reason(y, "trust_gate");
	yard_trust(y, y->agent, 19);
	assert_true(yard_score(y, y->agent) >= 700000);
	assert_status(yard_check(y, TOOL, AIM_DECISION_RISK_HIGH), AIM_DENIED); /* provisional */
	aim_action_options o = {.struct_size = sizeof o, .flags = AIM_ACTION_ALLOW_PROVISIONAL};
	yard_verifier(y, &o);
	assert_status(yard_check(y, TOOL, AIM_DECISION_RISK_HIGH), AIM_OK);
	aim_trust_penalty p = {.struct_size = sizeof p, .micro = 450000, .source = S("yard"), .id = S("p")};
	p.subject = S(y->agent);
	p.until_us = test_now_us + 1000000;
	assert_status(aim_trust_penalize(y->h->registry, &p, NULL, NULL), AIM_OK);
	assert_status(yard_check(y, "mcp_resource:x", 0), AIM_DENIED);
	assert_int_equal(aim_decision_trust_micro(y->decision), yard_score(y, y->agent));
}

static aim_authorizer *authorizer_of(yard *y, const char *text)
{
	aim_policy *policy = NULL;
	aim_authorizer *a = NULL;
	aim_error err = {0};
	if (aim_policy_compile(y->h->ctx, aim_bytes_from_str(S(text)), NULL, &policy, NULL, &err) != AIM_OK)
		fail_msg("%s", err.message);
	assert_status(aim_authorizer_new(y->h->ctx, policy, &a, NULL), AIM_OK);
	aim_policy_unref(policy);
	return a;
}

static const char rules[] =
	"{\"version\":1,\"name\":\"p\",\"rules\":["
	"{\"id\":\"no\",\"effect\":\"deny\",\"tools\":[\"shell\"]},"
	"{\"id\":\"may\",\"effect\":\"allow\",\"tools\":[\"web_search\"]},"
	"{\"id\":\"first\",\"effect\":\"ask\",\"tools\":[\"send_email\"],\"reason\":\"mail goes out\"}]}";

static void the_policy_is_asked(void **state)
{
	yard *y = *state;
	aim_authorizer *a = authorizer_of(y, rules);
	aim_action_options o = {.struct_size = sizeof o, .authorizer = a};
	yard_verifier(y, &o);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_reason(y, "rule_allow");
	assert_text(aim_decision_rule(y->decision), "may");
	assert_status(yard_check(y, "mcp_tool:shell", 0), AIM_DENIED);
	assert_reason(y, "rule_deny");
	assert_text(aim_decision_rule(y->decision), "no");
	assert_int_equal(aim_decision_policy_hash(y->decision).len, 64);
	assert_non_null(strstr(house_last_record(y->h), "\"rule\":\"no\""));
	assert_status(yard_check(y, "mcp_tool:other", 0), AIM_DENIED);
	assert_reason(y, "default_deny");
	assert_status(yard_check(y, "mcp_tool:send_email", 0), AIM_ASK);
	assert_int_equal(aim_decision_effect(y->decision), AIM_DECISION_ASK);
	assert_reason(y, "rule_ask");
	assert_text(aim_decision_reason(y->decision), "mail goes out");
	/* what the policy allows or asks does not open the trust gate, and it is the gate that speaks then */
	assert_status(yard_check(y, TOOL, AIM_DECISION_RISK_HIGH), AIM_DENIED);
	assert_reason(y, "trust_gate");
	assert_text(aim_decision_rule(y->decision), "");
	assert_status(yard_check(y, "mcp_tool:send_email", AIM_DECISION_RISK_HIGH), AIM_DENIED);
	assert_reason(y, "trust_gate");
	yard_verifier(y, NULL);
	aim_authorizer_free(a);
}

typedef struct human {
	yard *y;
	uint32_t answer;
	unsigned n_asked;
	uint32_t suspend; /* the agent while it is thought about */
	char rule[20];
} human;

static uint32_t ask(void *user, const aim_action_question *q)
{
	human *h = user;
	h->n_asked++;
	snprintf(h->rule, sizeof h->rule, "%.*s", (int)q->rule.len, q->rule.len ? q->rule.ptr : "");
	assert_text(q->agent, h->y->agent);
	assert_text(q->agent_name, "agent");
	assert_text(q->server_name, "server");
	assert_int_equal(house_records(h->y->h, "action_check"), 0); /* nothing is decided yet */
	if (h->suspend)
		move_agent(h->y, AIM_REGISTRY_SUSPENDED);
	return h->answer;
}

static void only_a_clear_yes_is_one(void **state)
{
	yard *y = *state;
	static const uint32_t others[] = {0, AIM_ACTION_DENIED, AIM_ACTION_PENDING, 4, 0xFFFFFFFF};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		yard fresh;
		void *again = NULL;
		yard_setup(&again);
		fresh = *(yard *)again;
		human h = {.y = &fresh, .answer = others[i]};
		aim_action_options o = {.struct_size = sizeof o, .approve = ask, .user = &h};
		o.flags = AIM_ACTION_REQUIRE_APPROVAL;
		yard_trust(&fresh, fresh.agent, 40);
		yard_verifier(&fresh, &o);
		assert_status(yard_check(&fresh, TOOL, AIM_DECISION_RISK_HIGH), AIM_DENIED);
		assert_reason(&fresh, "approval_denied");
		assert_text(aim_decision_reason(fresh.decision), "Human approval denied");
		assert_int_equal(h.n_asked, 1);
		*(yard *)again = fresh;
		yard_teardown(&again);
	}
	(void)y;
}

static void an_approval_lets_pass_what_still_holds(void **state)
{
	yard *y = *state;
	aim_authorizer *a = authorizer_of(y, rules);
	human h = {.y = y, .answer = AIM_ACTION_APPROVED};
	aim_action_options o = {.struct_size = sizeof o, .approve = ask, .user = &h, .authorizer = a};
	yard_verifier(y, &o);
	assert_status(yard_check(y, "mcp_tool:send_email", 0), AIM_OK);
	assert_string_equal(h.rule, "first");
	assert_reason(y, "approved");
	assert_text(aim_decision_reason(y->decision), "Approved by human reviewer");
	yard_verifier(y, NULL);
	aim_authorizer_free(a);
}

static void what_changed_meanwhile_is_seen(void **state)
{
	yard *y = *state;
	human h = {.y = y, .answer = AIM_ACTION_APPROVED, .suspend = 1};
	aim_action_options o = {.struct_size = sizeof o, .approve = ask, .user = &h};
	yard_trust(y, y->agent, 40);
	yard_verifier(y, &o);
	assert_status(yard_check(y, "payment:send", 0), AIM_DENIED);
	assert_reason(y, "agent_inactive");
	assert_int_equal(h.n_asked, 1);
	yard_verifier(y, NULL);
}

static void critical_asks_and_high_when_required(void **state)
{
	yard *y = *state;
	aim_action_request q = yard_request(y, TOOL);
	assert_status(yard_check(y, "payment:send", 0), AIM_DENIED); /* trust comes first */
	yard_trust(y, y->agent, 50);
	assert_status(yard_check(y, "payment:send", 0), AIM_ASK);
	assert_reason(y, "approval_required");
	assert_text(aim_decision_reason(y->decision), "Awaiting human approval");
	assert_string_equal(y->ticket.token, "");
	q.risk = AIM_DECISION_RISK_HIGH;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	q.flags = AIM_ACTION_REQUIRE_APPROVAL;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_ASK);
	q.risk = AIM_DECISION_RISK_MEDIUM;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
}

static void the_table_says_how_risky_an_action_is(void **state)
{
	yard *y = *state;
	const aim_action_risk risks[] = {{S("mcp_tool:drop_*"), AIM_DECISION_RISK_HIGH, 0}};
	const aim_action_risk rows[] = {{S("shell:ls"), AIM_DECISION_RISK_LOW, 0},
	                                {S("db:*"), AIM_DECISION_RISK_CRITICAL, 0},
	                                {S("db:query"), AIM_DECISION_RISK_MEDIUM, 0}};
	aim_action_options o = {.struct_size = sizeof o, .risks = risks, .n_risks = 1};
	aim_action_verifier *v = NULL;
	assert_status(aim_action_verifier_new(y->h->registry, &o, &v, NULL), AIM_E_ID_CAPABILITY);
	assert_int_equal(aim_action_risk_of(y->verifier, S("files:read")), AIM_DECISION_RISK_LOW);
	assert_int_equal(aim_action_risk_of(y->verifier, S("shell:ls")), AIM_DECISION_RISK_HIGH);
	assert_int_equal(aim_action_risk_of(y->verifier, S("anything:else")), AIM_DECISION_RISK_MEDIUM);
	assert_int_equal(aim_action_risk_of(y->verifier, S("no capability")), AIM_DECISION_RISK_CRITICAL);
	assert_int_equal(aim_action_risk_of(NULL, S("files:read")), AIM_DECISION_RISK_CRITICAL);
	o.risks = rows;
	o.n_risks = 3;
	yard_verifier(y, &o);
	assert_int_equal(aim_action_risk_of(y->verifier, S("shell:ls")), AIM_DECISION_RISK_LOW);
	assert_int_equal(aim_action_risk_of(y->verifier, S("db:query")), AIM_DECISION_RISK_CRITICAL);
	assert_int_equal(aim_action_risk_of(y->verifier, S("files:read")), AIM_DECISION_RISK_LOW);
}

static void what_is_no_request_is_refused(void **state)
{
	yard *y = *state;
	aim_action_request q = yard_request(y, TOOL);
	aim_action_ticket small = {.struct_size = 8};
	q.context = aim_bytes_from_str(S("[1]"));
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_E_JSON_TYPE);
	assert_reason(y, "invalid_request");
	q.context = aim_bytes_from_str(S("{\"a\":1,\"a\":2}"));
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_E_JSON_DUPLICATE);
	q.context = aim_bytes_from_str(S("{\"q\": \"AI safety\"}"));
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	assert_null(strstr(house_last_record(y->h), "AI safety"));
	q.action = S("mcp_tool:*");
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_E_ID_CAPABILITY);
	q = yard_request(y, TOOL);
	q.risk = 5;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_E_INVALID);
	q.risk = 0;
	q.flags = 8;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_E_VERSION);
	q.flags = 0;
	assert_status(aim_action_check(y->verifier, &q, y->decision, &small, NULL), AIM_E_INVALID);
	assert_int_equal(aim_decision_effect(y->decision), AIM_DECISION_DENY);
	assert_status(aim_action_check(y->verifier, &q, NULL, &y->ticket, NULL), AIM_E_INVALID);
}

/* ---- signed requests ---- */

static aim_action_request signed_request(yard *y, const char *nonce, uint8_t signature[64])
{
	aim_action_request q = yard_request(y, TOOL);
	q.resource = S("search query: AI safety");
	q.context = aim_bytes_from_str(S("{\"b\":1,\"a\":2}"));
	q.session = S("s1");
	q.nonce = S(nonce);
	q.signed_at_us = test_now_us;
	assert_status(aim_action_sign(y->key, &q, signature, NULL), AIM_OK);
	q.public_key = &y->public_key;
	q.signature = aim_bytes_from(signature, 64);
	return q;
}

static aim_replay *with_replay(yard *y, uint32_t flags)
{
	aim_replay *guard = NULL;
	aim_replay_options r = {.struct_size = sizeof r, .flags = AIM_REPLAY_FIRST_START};
	aim_action_options o = {.struct_size = sizeof o, .flags = flags};
	assert_status(aim_replay_open_memory(y->h->ctx, &r, &guard, NULL), AIM_OK);
	o.replay = guard;
	yard_verifier(y, &o);
	return guard;
}

static void refused(yard *y, const aim_action_request *q)
{
	size_t n = house_records(y->h, NULL);
	assert_status(aim_action_check(y->verifier, q, y->decision, &y->ticket, NULL), AIM_DENIED);
	assert_reason(y, "signature_refused");
	assert_int_equal(house_records(y->h, NULL), n); /* no evidence about the one it names */
}

static void a_signed_request_is_accepted_once(void **state)
{
	yard *y = *state;
	uint8_t signature[64];
	aim_replay *guard = with_replay(y, AIM_ACTION_REQUIRE_SIGNED);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_reason(y, "signature_required");
	aim_action_request q = signed_request(y, "n1", signature);
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	refused(y, &q);
	q = signed_request(y, "n2", signature);
	test_now_us += 301 * INT64_C(1000000);
	assert_status(aim_action_sweep(y->verifier, 0, NULL, NULL), AIM_OK); /* the one above */
	refused(y, &q);
	yard_verifier(y, NULL);
	refused(y, &q); /* without a guard nothing that is signed passes */
	aim_replay_free(guard);
}

static void nobody_fills_the_log_in_a_suspended_agents_name(void **state)
{
	yard *y = *state;
	uint8_t signature[64];
	aim_replay *guard = with_replay(y, 0);
	aim_action_request q = signed_request(y, "n1", signature);
	move_agent(y, AIM_REGISTRY_SUSPENDED);
	size_t n = house_records(y->h, NULL);
	signature[0] ^= 1; /* a forger knows its id */
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
	assert_reason(y, "agent_inactive");
	assert_int_equal(house_records(y->h, NULL), n);
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED); /* for this one the host vouches */
	assert_int_equal(house_records(y->h, NULL), n + 1);
	yard_verifier(y, NULL);
	aim_replay_free(guard);
}

static void nothing_that_is_signed_can_be_changed(void **state)
{
	yard *y = *state;
	uint8_t signature[64];
	char server[37];
	aim_replay *guard = with_replay(y, 0);
	house_server(y->h, "elsewhere", server);
	for (int i = 0; i < 9; i++) {
		aim_action_request q = signed_request(y, "n", signature);
		switch (i) {
		case 0: q.action = S("mcp_tool:shell"); break;
		case 1: q.resource = S("/etc/passwd"); break;
		case 2: q.server = S(server); break;
		case 3: q.context = aim_bytes_from_str(S("{\"a\":2,\"b\":2}")); break;
		case 4: q.session = S("s2"); break;
		case 5: q.risk = AIM_DECISION_RISK_LOW; break;
		case 6: q.nonce = S("m"); break;
		case 7: q.signed_at_us++; break;
		default: q.context = aim_bytes_from(NULL, 0); break;
		}
		refused(y, &q);
	}
	/* the order of members is no change */
	aim_action_request q = signed_request(y, "n", signature);
	q.context = aim_bytes_from_str(S("{ \"a\": 2, \"b\": 1 }"));
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	yard_verifier(y, NULL);
	aim_replay_free(guard);
}

static void a_key_speaks_for_its_own_agent(void **state)
{
	yard *y = *state;
	uint8_t signature[64];
	char other[37];
	aim_registry_move m = {.struct_size = sizeof m, .status = AIM_REGISTRY_VERIFIED};
	aim_replay *guard = with_replay(y, 0);
	house_agent(y->h, "other", other);
	assert_status(aim_agent_move(y->h->registry, S(other), &m, NULL), AIM_OK);
	aim_action_request q = yard_request(y, TOOL);
	q.agent = S(other);
	q.nonce = S("n");
	q.signed_at_us = test_now_us;
	assert_status(aim_action_sign(y->key, &q, signature, NULL), AIM_OK);
	q.public_key = &y->public_key;
	q.signature = aim_bytes_from(signature, 64);
	refused(y, &q);
	q.signature.len = 63;
	refused(y, &q);
	q.public_key = NULL;
	refused(y, &q);
	q.nonce = S("");
	assert_status(aim_action_sign(y->key, &q, signature, NULL), AIM_E_INVALID);
	yard_verifier(y, NULL);
	aim_replay_free(guard);
}

static void other_namespaces_do_not_know_the_agent(void **state)
{
	yard *y = *state;
	aim_registry *other = NULL;
	aim_action_verifier *v = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_action_request q = yard_request(y, TOOL);
	assert_status(aim_registry_open(y->h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_action_verifier_new(other, NULL, &v, NULL), AIM_OK);
	assert_status(aim_action_check(v, &q, y->decision, &y->ticket, NULL), AIM_DENIED);
	assert_reason(y, "agent_unknown");
	aim_action_verifier_free(v);
	aim_registry_free(other);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, yard_setup, yard_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_passes_gets_a_ticket_and_a_record),
		TEST(strangers_are_refused_and_only_counted),
		TEST(only_active_agents_act),
		TEST(grants_decide_by_action_and_resource),
		TEST(servers_are_known_active_and_verified_for_high_risk),
		TEST(a_server_that_drifted_gets_low_risk_only),
		TEST(findings_about_the_server_veto),
		TEST(findings_about_the_agent_veto),
		TEST(trust_must_reach_the_risk),
		TEST(the_policy_is_asked),
		TEST(only_a_clear_yes_is_one),
		TEST(an_approval_lets_pass_what_still_holds),
		TEST(what_changed_meanwhile_is_seen),
		TEST(critical_asks_and_high_when_required),
		TEST(the_table_says_how_risky_an_action_is),
		TEST(what_is_no_request_is_refused),
		TEST(a_signed_request_is_accepted_once),
		TEST(nobody_fills_the_log_in_a_suspended_agents_name),
		TEST(nothing_that_is_signed_can_be_changed),
		TEST(a_key_speaks_for_its_own_agent),
		TEST(other_namespaces_do_not_know_the_agent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
