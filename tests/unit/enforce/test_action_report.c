/* What came of actions: reported once, by the one that was allowed, in time; else not successful. */
#include "yard.h"

#include <aim/attestation.h>
#include <aim/usage.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TOOL "mcp_tool:web_search"
#define SECOND INT64_C(1000000)

static aim_usage usage_of(yard *y, const char *subject)
{
	aim_usage u = {.struct_size = sizeof u};
	assert_status(aim_usage_total(y->h->registry, S(subject), &u, NULL), AIM_OK);
	return u;
}

static aim_status see(void *user, const aim_action *a)
{
	*(aim_action *)user = *a;
	return AIM_OK;
}

static aim_action find(yard *y)
{
	aim_action a = {0};
	assert_status(aim_action_find(y->verifier, S(y->ticket.id), see, &a, NULL), AIM_OK);
	return a;
}

static void a_report_moves_trust_and_counts_the_use(void **state)
{
	yard *y = *state;
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS};
	aim_action_result r = {.struct_size = sizeof r};
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_int_equal(find(y).state, AIM_ACTION_OPEN);
	test_now_us += 245000;
	o.agent = S(y->agent);
	o.token = S(y->ticket.token);
	o.summary = S("Found 10 results");
	int64_t agent_before = yard_score(y, y->agent), server_before = yard_score(y, y->server);
	size_t n = house_records(y->h, NULL);
	assert_status(aim_action_report(y->verifier, &o, &r, NULL), AIM_OK);
	assert_int_equal(r.agent_old_micro, agent_before);
	assert_int_equal(r.server_old_micro, server_before);
	assert_int_equal(r.agent_new_micro, yard_score(y, y->agent));
	assert_int_equal(r.server_new_micro, yard_score(y, y->server));
	assert_true(r.agent_new_micro > r.agent_old_micro);
	assert_true(r.server_new_micro > r.server_old_micro);
	assert_int_equal(r.latency_us, 245000);
	assert_string_equal(r.id, y->ticket.id);
	assert_int_equal(house_records(y->h, "action_report"), 1);
	assert_int_equal(house_records(y->h, "trust_evidence"), 2);
	assert_int_equal(house_records(y->h, "trust_score_changed"), 2);
	assert_int_equal(house_records(y->h, NULL), n + 5);
	aim_action a = find(y);
	assert_int_equal(a.state, AIM_ACTION_SUCCESS);
	assert_int_equal(a.latency_us, 245000);
	assert_int_equal(a.agent_new_micro, r.agent_new_micro);
	assert_int_equal(usage_of(y, y->server).n_successes, 1);
	assert_int_equal(usage_of(y, y->agent).sum_us, 245000);
}

static void a_failure_lowers_both(void **state)
{
	yard *y = *state;
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_FAILURE, .latency_us = -1};
	aim_action_result r = {.struct_size = sizeof r};
	yard_trust(y, y->agent, 40);
	yard_trust(y, y->server, 40);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	o.agent = S(y->agent);
	o.token = S(y->ticket.token);
	assert_status(aim_action_report(y->verifier, &o, &r, NULL), AIM_OK);
	assert_true(r.agent_new_micro < r.agent_old_micro);
	assert_true(r.server_new_micro < r.server_old_micro);
	assert_int_equal(r.latency_us, -1);
	assert_int_equal(usage_of(y, y->server).n_failures, 1);
	assert_int_equal(usage_of(y, y->server).n_timed, 0);
}

static void a_token_is_reported_once(void **state)
{
	yard *y = *state;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_FAILURE), AIM_OK);
	int64_t score = yard_score(y, y->agent);
	size_t n = house_records(y->h, NULL);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_ACTION_REPORTED);
	assert_int_equal(yard_score(y, y->agent), score);
	assert_int_equal(house_records(y->h, NULL), n);
	assert_int_equal(find(y).state, AIM_ACTION_FAILURE);
}

static void tokens_of_others_and_forged_ones_are_refused(void **state)
{
	yard *y = *state;
	char other[37], forged[AIM_ACTION_TOKEN_SIZE];
	house_agent(y->h, "other", other);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(yard_report(y, other, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
	for (size_t i = 0; i < 80; i++) {
		strcpy(forged, y->ticket.token);
		forged[i] = forged[i] == 'A' ? 'B' : 'A';
		assert_status(yard_report(y, y->agent, forged, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
	}
	forged[0] = 0;
	assert_status(yard_report(y, y->agent, forged, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
	assert_status(yard_report(y, y->agent, y->ticket.id, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
	assert_status(yard_report(y, "x", y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_INVALID);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_OPEN), AIM_E_INVALID);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_UNREPORTED), AIM_E_INVALID);
	assert_int_equal(find(y).state, AIM_ACTION_OPEN); /* none of them used it up */
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_OK);
}

static void another_namespace_cannot_report(void **state)
{
	yard *y = *state;
	aim_registry *other = NULL;
	aim_action_verifier *v = NULL, *own = y->verifier;
	aim_action a;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	uint64_t n = 9;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(aim_registry_open(y->h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_action_verifier_new(other, NULL, &v, NULL), AIM_OK);
	y->verifier = v;
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
	y->verifier = own;
	assert_status(aim_action_find(v, S(y->ticket.id), see, &a, NULL), AIM_E_NOT_FOUND);
	test_now_us += 301 * SECOND;
	assert_status(aim_action_sweep(v, 0, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	aim_action_verifier_free(v);
	aim_registry_free(other);
}

static void what_is_late_counts_as_not_successful(void **state)
{
	yard *y = *state;
	yard_trust(y, y->agent, 40);
	int64_t server = yard_score(y, y->server), agent = yard_score(y, y->agent);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	test_now_us += 300 * SECOND - 1;
	assert_int_equal(find(y).state, AIM_ACTION_OPEN);
	test_now_us += 1;
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_EXPIRED);
	assert_int_equal(find(y).state, AIM_ACTION_UNREPORTED);
	assert_true(yard_score(y, y->agent) < agent);
	assert_int_equal(yard_score(y, y->server), server); /* it says nothing about the server */
	assert_int_equal(usage_of(y, y->server).n_unreported, 1);
	size_t n = house_records(y->h, NULL);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_EXPIRED);
	assert_int_equal(house_records(y->h, NULL), n);
}

static void sweeping_closes_what_is_overdue_and_nothing_else(void **state)
{
	yard *y = *state;
	uint64_t n = 0;
	for (int i = 0; i < 3; i++)
		assert_status(yard_check(y, TOOL, 0), AIM_OK);
	test_now_us += 200 * SECOND;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(aim_action_sweep(y->verifier, 0, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	test_now_us += 100 * SECOND;
	assert_status(aim_action_sweep(y->verifier, 2, &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
	assert_status(aim_action_sweep(y->verifier, 0, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_int_equal(find(y).state, AIM_ACTION_OPEN);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_OK);
	assert_int_equal(usage_of(y, y->agent).n_unreported, 3);
	assert_int_equal(usage_of(y, y->agent).n_calls, 4);
}

static void a_check_closes_what_is_overdue_on_its_way(void **state)
{
	yard *y = *state;
	char first[AIM_ACTION_ID_SIZE];
	aim_action a;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	strcpy(first, y->ticket.id);
	int64_t before = yard_score(y, y->agent);
	test_now_us += 300 * SECOND;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(aim_action_find(y->verifier, S(first), see, &a, NULL), AIM_OK);
	assert_int_equal(a.state, AIM_ACTION_UNREPORTED);
	assert_true(yard_score(y, y->agent) != before);
	assert_int_equal(y->ticket.trust_micro, yard_score(y, y->agent)); /* it counted already */
}

static void open_actions_are_bounded(void **state)
{
	yard *y = *state;
	aim_action_options o = {.struct_size = sizeof o, .max_open = 2, .ttl_s = 10};
	yard_verifier(y, &o);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	aim_action_ticket last = y->ticket;
	assert_status(yard_check(y, TOOL, 0), AIM_DENIED);
	assert_reason(y, "actions_open");
	assert_int_equal(aim_decision_effect(y->decision), AIM_DECISION_DENY);
	assert_non_null(strstr(house_last_record(y->h), "actions_open"));
	assert_status(yard_report(y, y->agent, last.token, AIM_ACTION_SUCCESS), AIM_OK);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	test_now_us += 10 * SECOND;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	o.ttl_s = AIM_ACTION_MAX_TTL_S + 1;
	aim_action_verifier *v = NULL;
	assert_status(aim_action_verifier_new(y->h->registry, &o, &v, NULL), AIM_E_INVALID);
}

static void results_are_forgotten_in_time(void **state)
{
	yard *y = *state;
	aim_action a;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_OK);
	test_now_us += AIM_ACTION_KEEP_S * SECOND;
	assert_status(aim_action_find(y->verifier, S(y->ticket.id), see, &a, NULL), AIM_E_NOT_FOUND);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_ACTION_TOKEN);
}

/* ---- first use in a session ---- */

static void use(yard *y, const char *session)
{
	aim_action_request q = yard_request(y, TOOL);
	q.session = S(session);
	assert_status(aim_action_check(y->verifier, &q, y->decision, &y->ticket, NULL), AIM_OK);
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_OK);
}

static uint64_t compliance(yard *y, int64_t *out_value)
{
	aim_trustscore *score = NULL;
	uint64_t samples = 0;
	assert_status(aim_trustscore_new(y->h->ctx, &score, NULL), AIM_OK);
	assert_status(aim_trust_score(y->h->registry, S(y->agent), NULL, score, NULL), AIM_OK);
	for (size_t i = 0; aim_trustscore_row_at(score, i); i++) {
		const aim_trustscore_row *row = aim_trustscore_row_at(score, i);
		if (!aim_str_equal(row->name, S("compliance")))
			continue;
		samples = row->samples;
		*out_value = row->value_micro;
	}
	aim_trustscore_free(score);
	return samples;
}

static void attest(yard *y)
{
	aim_ledger *ledger = NULL;
	aim_buf *out = NULL;
	static const aim_str tools[] = {{"web_search", 10}};
	aim_attestation_payload p = {.struct_size = sizeof p, .flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY};
	p.agent_id = S(y->agent);
	p.server_id = S(y->server);
	p.server_name = S("server");
	p.server_url = S("https://mcp.example.org/");
	p.capabilities = tools;
	p.n_capabilities = 1;
	assert_status(aim_ledger_open(y->h->registry, NULL, &ledger, NULL), AIM_OK);
	assert_status(aim_buf_new(y->h->ctx, &out), AIM_OK);
	assert_status(aim_attestation_sign(y->key, &p, out, NULL), AIM_OK);
	assert_status(aim_ledger_submit(ledger, aim_buf_str(out), S("ana"), NULL, NULL), AIM_OK);
	aim_buf_free(out);
	aim_ledger_free(ledger);
}

static void the_first_use_in_a_session_is_compliant_when_attested(void **state)
{
	yard *y = *state;
	int64_t value = 0, before;
	use(y, "");
	assert_int_equal(compliance(y, &before), 0);
	use(y, "s1");
	assert_int_equal(compliance(y, &value), 1);
	assert_true(value < before);
	use(y, "s1");
	assert_int_equal(compliance(y, &value), 1); /* once a session */
	attest(y);
	use(y, "s1");
	assert_int_equal(compliance(y, &value), 1);
	use(y, "s2");
	assert_int_equal(compliance(y, &value), 2);
	assert_int_equal(value, before); /* one good, one bad */
	use(y, "s3");
	assert_int_equal(compliance(y, &value), 3);
	assert_true(value > before);
}

/* ---- the guarded call ---- */

typedef struct body_state {
	unsigned n;
	aim_status result;
	const char *summary;
} body_state;

static aim_status body(void *user, const aim_action_ticket *ticket, aim_str *out_summary)
{
	body_state *b = user;
	b->n++;
	test_now_us += 1000;
	assert_memory_equal(ticket->id, "act_", 4);
	*out_summary = S(b->summary);
	return b->result;
}

static void a_guarded_call_checks_acts_once_and_reports(void **state)
{
	yard *y = *state;
	aim_action_request q = yard_request(y, TOOL);
	body_state b = {.summary = "fine"};
	aim_action_result r = {.struct_size = sizeof r};
	aim_status said = AIM_E_INTERNAL;
	assert_status(aim_action_guarded_call(y->verifier, &q, y->decision, body, &b, &said, &r, NULL), AIM_OK);
	assert_int_equal(b.n, 1);
	assert_status(said, AIM_OK);
	assert_int_equal(r.latency_us, 1000);
	assert_int_equal(usage_of(y, y->agent).n_successes, 1);
	b.result = AIM_E_IO;
	assert_status(aim_action_guarded_call(y->verifier, &q, y->decision, body, &b, &said, &r, NULL), AIM_E_IO);
	assert_int_equal(b.n, 2);
	assert_status(said, AIM_E_IO);
	assert_int_equal(usage_of(y, y->agent).n_failures, 1);
	b.result = AIM_OK;
	b.summary = "not\x01text"; /* the outcome counts all the same */
	assert_status(aim_action_guarded_call(y->verifier, &q, y->decision, body, &b, &said, NULL, NULL), AIM_OK);
	assert_int_equal(usage_of(y, y->agent).n_successes, 2);
	q.action = S("payment:send");
	assert_status(aim_action_guarded_call(y->verifier, &q, y->decision, body, &b, &said, NULL, NULL), AIM_DENIED);
	assert_int_equal(b.n, 3);
	assert_status(said, AIM_DENIED);
	yard_trust(y, y->agent, 40);
	assert_status(aim_action_guarded_call(y->verifier, &q, y->decision, body, &b, &said, NULL, NULL), AIM_ASK);
	assert_int_equal(b.n, 3);
}

/* ---- races ---- */

#define RACERS 6
typedef struct racer {
	yard *y;
	aim_status rc;
} racer;

static void *report_too(void *arg)
{
	racer *r = arg;
	r->rc = yard_report(r->y, r->y->agent, r->y->ticket.token, AIM_ACTION_SUCCESS);
	return NULL;
}

static void of_many_reports_of_a_token_one_counts(void **state)
{
	yard *y = *state;
	for (unsigned round = 1; round <= 10; round++) {
		pthread_t threads[RACERS];
		racer racers[RACERS];
		size_t n_ok = 0;
		assert_status(yard_check(y, TOOL, 0), AIM_OK);
		for (size_t i = 0; i < RACERS; i++) {
			racers[i] = (racer){y, AIM_OK};
			assert_int_equal(pthread_create(&threads[i], NULL, report_too, &racers[i]), 0);
		}
		for (size_t i = 0; i < RACERS; i++) {
			pthread_join(threads[i], NULL);
			n_ok += racers[i].rc == AIM_OK;
			assert_true(racers[i].rc == AIM_OK || racers[i].rc == AIM_E_ACTION_REPORTED);
		}
		assert_int_equal(n_ok, 1);
		assert_int_equal(usage_of(y, y->agent).n_calls, round);
	}
}

/* ---- damage and memory ---- */

static void a_damaged_action_is_told_and_stops_no_check(void **state)
{
	yard *y = *state;
	char key[80];
	uint64_t n;
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
	snprintf(key, sizeof key, "action/%s", y->ticket.id);
	house_damage(y->h, key, "{\"id\":1}");
	assert_status(yard_report(y, y->agent, y->ticket.token, AIM_ACTION_SUCCESS), AIM_E_STORE_CORRUPT);
	test_now_us += 300 * SECOND;
	assert_status(aim_action_sweep(y->verifier, 0, &n, NULL), AIM_E_STORE_CORRUPT);
	assert_status(yard_check(y, TOOL, 0), AIM_OK);
}

static uint32_t say_yes(void *user, const aim_action_question *question)
{
	(void)user, (void)question;
	return AIM_ACTION_APPROVED;
}

/* Signed, and approved by a human. */
static aim_status act_signed(aim_registry *registry, aim_replay *guard, aim_authorizer *asks, const aim_key *key,
                             aim_str agent, aim_decision *decision)
{
	aim_action_verifier *v = NULL;
	aim_public_key public_key;
	uint8_t signature[64];
	const aim_action_risk risk = {S("x"), AIM_DECISION_RISK_LOW, 0};
	aim_action_options o = {.struct_size = sizeof o, .replay = guard, .approve = say_yes,
	                        .authorizer = asks};
	aim_action_request q = {.struct_size = sizeof q, .agent = agent, .nonce = S("n")};
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	o.risks = &risk;
	o.n_risks = 1;
	q.action = S("mcp_tool:x");
	q.signed_at_us = test_now_us;
	aim_status rc = aim_action_verifier_new(registry, &o, &v, NULL);
	if (rc == AIM_OK)
		rc = aim_action_sign(key, &q, signature, NULL);
	if (rc == AIM_OK)
		rc = aim_key_public(key, &public_key);
	q.public_key = &public_key;
	q.signature = aim_bytes_from(signature, 64);
	if (rc == AIM_OK)
		rc = aim_action_check(v, &q, decision, &ticket, NULL);
	if (rc == AIM_OK && !aim_str_equal(aim_decision_reason_code(decision), S("approved")))
		rc = AIM_E_INTERNAL;
	aim_action_verifier_free(v);
	return rc;
}

static aim_status make_authorizer(aim_ctx *ctx, aim_authorizer **out)
{
	aim_policy *policy = NULL;
	const aim_str text = S("{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"a\",\"effect\":\"ask\","
	                       "\"tools\":[\"x\"]}]}");
	aim_status rc = aim_policy_compile(ctx, aim_bytes_from_str(text), NULL, &policy, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_authorizer_new(ctx, policy, out, NULL);
	aim_policy_unref(policy);
	return rc;
}

static aim_status act(aim_registry *registry, aim_str agent, aim_str server, aim_decision *decision)
{
	aim_action_verifier *v = NULL;
	body_state b = {.summary = "fine"};
	const aim_action_risk risk = {S("x"), AIM_DECISION_RISK_LOW, 0};
	aim_action_options o = {.struct_size = sizeof o, .risks = &risk, .n_risks = 1, .ttl_s = 1};
	aim_action_request q = {.struct_size = sizeof q, .agent = agent, .server = server, .action = S("mcp_tool:x")};
	aim_action_ticket ticket = {.struct_size = sizeof ticket};
	uint64_t n = 0;
	q.session = S("s");
	q.context = aim_bytes_from_str(S("{\"a\":1}"));
	aim_status rc = aim_action_verifier_new(registry, &o, &v, NULL);
	if (rc == AIM_OK)
		rc = aim_action_guarded_call(v, &q, decision, body, &b, NULL, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_action_check(v, &q, decision, &ticket, NULL);
	test_now_us += SECOND;
	if (rc == AIM_OK)
		rc = aim_action_sweep(v, 0, &n, NULL);
	aim_action_verifier_free(v);
	return rc;
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_decision *decision = NULL;
	aim_key *key = NULL;
	aim_replay *guard = NULL;
	aim_authorizer *asks = NULL;
	aim_public_key public_key;
	aim_replay_options first = {.struct_size = sizeof first, .flags = AIM_REPLAY_FIRST_START};
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec a = {.struct_size = sizeof a, .name = S("a"), .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec s = {.struct_size = sizeof s, .name = S("s"), .url = S("https://h/")};
	aim_grant_spec g = {.struct_size = sizeof g, .capability = S("*")};
	rc = aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL);
	if (rc == AIM_OK)
		rc = aim_key_public(key, &public_key);
	a.public_key = &public_key;
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(ctx, &first, &guard, NULL);
	if (rc == AIM_OK)
		rc = make_authorizer(ctx, &asks);
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &a, &agent, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &s, &server, NULL);
	g.agent = aim_agent_id(agent);
	if (rc == AIM_OK)
		rc = aim_grant_add(registry, &g, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_decision_new(ctx, &decision, NULL);
	if (rc == AIM_OK)
		rc = act_signed(registry, guard, asks, key, g.agent, decision);
	if (rc == AIM_OK)
		rc = act(registry, g.agent, aim_server_id(server), decision);
	aim_decision_free(decision);
	aim_authorizer_free(asks);
	aim_replay_free(guard);
	aim_key_unref(key);
	aim_server_free(server);
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(everything, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, yard_setup, yard_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_report_moves_trust_and_counts_the_use),
		TEST(a_failure_lowers_both),
		TEST(a_token_is_reported_once),
		TEST(tokens_of_others_and_forged_ones_are_refused),
		TEST(another_namespace_cannot_report),
		TEST(what_is_late_counts_as_not_successful),
		TEST(sweeping_closes_what_is_overdue_and_nothing_else),
		TEST(a_check_closes_what_is_overdue_on_its_way),
		TEST(open_actions_are_bounded),
		TEST(results_are_forgotten_in_time),
		TEST(the_first_use_in_a_session_is_compliant_when_attested),
		TEST(a_guarded_call_checks_acts_once_and_reports),
		TEST(of_many_reports_of_a_token_one_counts),
		TEST(a_damaged_action_is_told_and_stops_no_check),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
