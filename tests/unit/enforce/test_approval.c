/* Approvals: asked, decided, used once, bound to all they were asked for, and over in time. */
#include "yard.h"

#include <aim/approval.h>

#include <pthread.h>
#include <string.h>

#define HOUR_US INT64_C(3600000000)

static aim_approval_spec deploy(const yard *y)
{
	aim_approval_spec s = {.struct_size = sizeof s, .risk = AIM_DECISION_RISK_HIGH, .urgency = AIM_APPROVAL_URGENT};
	s.agent = S(y->agent);
	s.server = S("web");
	s.tool = S("deploy");
	s.resource = S("prod");
	s.tool_fingerprint = S("fp1");
	s.policy_hash = S("ph1");
	s.arguments = aim_bytes_from("{\"b\":1,\"a\":\"x\"}", 15);
	s.reason = S("sensitive tool");
	return s;
}

static aim_status ask(yard *y, const aim_approval_spec *s, char id[AIM_APPROVAL_ID_SIZE])
{
	return aim_approval_ask(y->h->registry, s, id, NULL);
}

static aim_status decide(yard *y, const char *id, uint32_t state, const char *actor)
{
	aim_approval_decision d = {.struct_size = sizeof d, .state = state};
	d.actor = S(actor);
	d.reason = S("because");
	return aim_approval_decide(y->h->registry, S(id), &d, NULL);
}

static aim_status ask_and_approve(yard *y, const aim_approval_spec *s, char id[AIM_APPROVAL_ID_SIZE])
{
	aim_status rc = ask(y, s, id);
	return rc == AIM_ASK ? decide(y, id, AIM_APPROVAL_APPROVED, "ana") : rc;
}

static void an_approval_is_used_once(void **state)
{
	yard *y = *state;
	char first[AIM_APPROVAL_ID_SIZE], again[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	assert_status(aim_approval_use(y->h->registry, &s, first, NULL), AIM_DENIED);
	assert_string_equal(first, "");
	assert_status(ask(y, &s, first), AIM_ASK);
	assert_status(ask(y, &s, again), AIM_ASK);
	assert_string_equal(first, again); /* nobody is asked twice */
	assert_status(decide(y, first, AIM_APPROVAL_APPROVED, "ana"), AIM_OK);
	assert_status(ask(y, &s, again), AIM_OK);
	assert_string_equal(first, again);
	assert_status(aim_approval_use(y->h->registry, &s, NULL, NULL), AIM_DENIED);
	assert_status(ask(y, &s, again), AIM_ASK);
	assert_string_not_equal(first, again);
	assert_int_equal(house_records(y->h, "approval_requested"), 2);
	assert_int_equal(house_records(y->h, "approval_granted"), 1);
	assert_int_equal(house_records(y->h, "approval_used"), 1);
}

static void the_arguments_are_compared_in_canonical_form(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	static const char other[] = "{ \"a\": \"\\u0078\", \"b\": 1.0 }";
	s.arguments = aim_bytes_from(other, sizeof other - 1);
	assert_status(aim_approval_use(y->h->registry, &s, NULL, NULL), AIM_OK);
}

static void whatever_differs_asks_anew(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	for (int i = 0; i < 9; i++) {
		aim_approval_spec other = s;
		aim_str *const spans[] = {&other.agent, &other.server, &other.tool, &other.resource, &other.tool_fingerprint,
		                          &other.policy_hash};
		if (i < 6)
			*spans[i] = S("other");
		else if (i == 6)
			other.arguments = aim_bytes_from("{\"b\":2,\"a\":\"x\"}", 15);
		else if (i == 7)
			other.arguments = aim_bytes_from("{\"b\":1,\"a\":\"x\",\"c\":null}", 24);
		else
			other.arguments = aim_bytes_from(NULL, 0);
		assert_status(aim_approval_use(y->h->registry, &other, NULL, NULL), AIM_DENIED);
	}
	assert_status(aim_approval_use(y->h->registry, &s, NULL, NULL), AIM_OK);
}

static void numbers_are_not_rounded(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	s.arguments = aim_bytes_from("9007199254740993", 16);
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	s.arguments = aim_bytes_from("9007199254740992", 16);
	assert_status(aim_approval_use(y->h->registry, &s, NULL, NULL), AIM_DENIED);
}

static void a_denial_stands_until_its_end(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE], next[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	int64_t start_us = test_now_us;
	assert_status(ask(y, &s, id), AIM_ASK);
	assert_status(decide(y, id, AIM_APPROVAL_DENIED, "ana"), AIM_OK);
	assert_status(ask(y, &s, next), AIM_DENIED);
	assert_string_equal(id, next);
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, "bob"), AIM_E_STATE);
	test_now_us += HOUR_US;
	assert_status(ask(y, &s, next), AIM_ASK);
	assert_string_not_equal(id, next);
	test_now_us = start_us;
}

static void what_is_not_used_in_time_is_over(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	int64_t start_us = test_now_us;
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	test_now_us += HOUR_US;
	assert_status(aim_approval_use(y->h->registry, &s, NULL, NULL), AIM_DENIED);
	assert_status(ask(y, &s, id), AIM_ASK);
	test_now_us += HOUR_US;
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, "ana"), AIM_E_EXPIRED);
	test_now_us = start_us;
}

static void the_agent_does_not_decide_for_itself(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	assert_status(ask(y, &s, id), AIM_ASK);
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, y->agent), AIM_E_GRANTREQUEST_SELF);
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, "agent"), AIM_E_GRANTREQUEST_SELF); /* its name */
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, ""), AIM_E_ID_NAME);
	assert_status(decide(y, id, AIM_APPROVAL_PENDING, "ana"), AIM_E_INVALID);
	assert_status(decide(y, "apr_0190000000007000800000000000abcd", AIM_APPROVAL_APPROVED, "ana"), AIM_E_NOT_FOUND);
}

static void the_number_of_pending_ones_is_bounded(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE], text[16] = "[10]";
	aim_approval_spec s = deploy(y);
	s.arguments = aim_bytes_from(text, 4);
	for (unsigned i = 0; i < AIM_APPROVAL_MAX_PENDING; i++) {
		text[1] = (char)('1' + i / 10);
		text[2] = (char)('0' + i % 10);
		assert_status(ask(y, &s, id), AIM_ASK);
	}
	text[1] = '9';
	assert_status(ask(y, &s, id), AIM_E_LIMIT);
	assert_string_equal(id, "");
}

static aim_status see(void *user, const aim_approval *a)
{
	int *n = user;
	assert_text(a->tool, "deploy");
	assert_text(a->server, "web");
	assert_text(a->resource, "prod");
	assert_text(a->tool_fingerprint, "fp1");
	assert_text(a->policy_hash, "ph1");
	assert_text(a->reason, "sensitive tool");
	assert_int_equal(a->risk, AIM_DECISION_RISK_HIGH);
	assert_int_equal(a->urgency, AIM_APPROVAL_URGENT);
	assert_int_equal(a->expires_at_us - a->asked_us, HOUR_US);
	assert_int_equal(a->arguments_hash.len, 64);
	assert_int_equal(a->arguments.len, *n < 0 ? 0 : 15);
	*n = *n < 0 ? 1 : *n + 1;
	return AIM_OK;
}

static void approvals_are_shown_and_listed(void **state)
{
	yard *y = *state;
	int n = 0, hidden = -1;
	char id[AIM_APPROVAL_ID_SIZE], second[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	assert_status(aim_approval_find(y->h->registry, S(id), see, &n, NULL), AIM_OK);
	assert_status(aim_approval_list(y->h->registry, AIM_APPROVAL_PENDING, S(""), 0, see, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	s.agent = S("other");
	s.flags = AIM_APPROVAL_HIDE_ARGUMENTS;
	test_now_us += 1000000; /* ids are in the order of time */
	assert_status(ask(y, &s, second), AIM_ASK);
	assert_status(aim_approval_list(y->h->registry, AIM_APPROVAL_PENDING, S(""), 0, see, &hidden, NULL), AIM_OK);
	assert_int_equal(hidden, 1);
	assert_status(aim_approval_list(y->h->registry, 0, S(""), 1, see, &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
	assert_null(strstr(house_last_record(y->h), "\"x\""));
	assert_string_equal(aim_approval_state_name(AIM_APPROVAL_EXPIRED), "expired");
	assert_string_equal(aim_approval_urgency_name(77), "unknown");
	test_now_us -= 1000000;
}

static void a_host_waits_by_polling(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_spec s = deploy(y);
	int64_t start_us = test_now_us;
	aim_approval_wait w = {.struct_size = sizeof w, .deadline_us = test_now_us + 250000};
	assert_status(ask(y, &s, id), AIM_ASK);
	assert_status(aim_approval_poll(y->h->registry, S(id), &w, NULL), AIM_ASK);
	assert_int_equal(w.next_us - start_us, 100000);
	test_now_us = w.next_us;
	assert_status(aim_approval_poll(y->h->registry, S(id), &w, NULL), AIM_ASK);
	assert_int_equal(w.next_us, w.deadline_us);
	test_now_us = w.next_us;
	assert_status(aim_approval_poll(y->h->registry, S(id), &w, NULL), AIM_E_EXPIRED);
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, "ana"), AIM_OK);
	assert_status(aim_approval_poll(y->h->registry, S(id), &w, NULL), AIM_OK);
	assert_status(ask(y, &s, id), AIM_OK);
	assert_status(aim_approval_poll(y->h->registry, S(id), &w, NULL), AIM_E_STATE);
	test_now_us = start_us;
}

static void what_is_out_of_range_is_refused(void **state)
{
	yard *y = *state;
	aim_approval_spec s = deploy(y);
	s.arguments = aim_bytes_from("{\"a\":1,\"a\":2}", 13);
	assert_status(ask(y, &s, NULL), AIM_E_JSON_DUPLICATE);
	s = deploy(y);
	s.flags = 2;
	assert_status(ask(y, &s, NULL), AIM_E_VERSION);
	s = deploy(y);
	s.ttl_s = AIM_APPROVAL_MAX_TTL_S + 1;
	assert_status(ask(y, &s, NULL), AIM_E_INVALID);
	s = deploy(y);
	s.tool = S("");
	assert_status(ask(y, &s, NULL), AIM_E_INVALID);
	s = deploy(y);
	s.agent = S("");
	assert_status(ask(y, &s, NULL), AIM_E_ID_NAME);
}

/* ---- threads ---- */

#define RACERS 6

typedef struct racer {
	yard *y;
	int used;
} racer;

static void *use_it(void *arg)
{
	racer *r = arg;
	aim_approval_spec s = deploy(r->y);
	for (int i = 0; i < 5; i++)
		r->used += aim_approval_use(r->y->h->registry, &s, NULL, NULL) == AIM_OK;
	return NULL;
}

static void of_many_threads_one_uses_it(void **state)
{
	yard *y = *state;
	int used = 0;
	char id[AIM_APPROVAL_ID_SIZE];
	racer racers[RACERS];
	pthread_t threads[RACERS];
	aim_approval_spec s = deploy(y);
	assert_status(ask_and_approve(y, &s, id), AIM_OK);
	for (int i = 0; i < RACERS; i++) {
		racers[i] = (racer){y, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, use_it, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		used += racers[i].used;
	}
	assert_int_equal(used, 1);
}

/* ---- actions ---- */

static void actions_keep_their_approvals_here_when_asked(void **state)
{
	yard *y = *state;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_action_options o = {.struct_size = sizeof o, .flags = AIM_ACTION_KEEP_APPROVALS};
	yard_trust(y, y->agent, 30);
	yard_verifier(y, &o);
	assert_status(yard_check(y, "db:drop", AIM_DECISION_RISK_CRITICAL), AIM_ASK);
	assert_reason(y, "approval_required");
	assert_int_equal(aim_decision_approval(y->decision).len, AIM_APPROVAL_ID_SIZE - 1);
	memcpy(id, aim_decision_approval(y->decision).ptr, sizeof id);
	assert_status(decide(y, id, AIM_APPROVAL_APPROVED, "ana"), AIM_OK);
	assert_status(yard_check(y, "db:truncate", AIM_DECISION_RISK_CRITICAL), AIM_ASK);
	assert_status(yard_check(y, "db:drop", AIM_DECISION_RISK_CRITICAL), AIM_OK);
	assert_reason(y, "approved");
	assert_text(aim_decision_approval(y->decision), id);
	assert_status(yard_check(y, "db:drop", AIM_DECISION_RISK_CRITICAL), AIM_ASK);
	memcpy(id, aim_decision_approval(y->decision).ptr, sizeof id);
	assert_status(decide(y, id, AIM_APPROVAL_DENIED, "ana"), AIM_OK);
	assert_status(yard_check(y, "db:drop", AIM_DECISION_RISK_CRITICAL), AIM_DENIED);
	assert_reason(y, "approval_denied");
}

static aim_status whole_life(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	char id[AIM_APPROVAL_ID_SIZE];
	aim_approval_decision d = {.struct_size = sizeof d, .state = AIM_APPROVAL_APPROVED, .actor = S("ana")};
	aim_approval_spec s = {.struct_size = sizeof s, .agent = S("bot"), .tool = S("deploy")};
	(void)arg;
	s.arguments = aim_bytes_from("[1]", 3);
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_approval_ask(registry, &s, id, NULL);
	if (rc == AIM_ASK)
		rc = aim_approval_decide(registry, S(id), &d, NULL);
	if (rc == AIM_OK)
		rc = aim_approval_ask(registry, &s, id, NULL);
	house_close(store, log, registry);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_life, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, yard_setup, yard_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_approval_is_used_once),
		CASE(the_arguments_are_compared_in_canonical_form),
		CASE(whatever_differs_asks_anew),
		CASE(numbers_are_not_rounded),
		CASE(a_denial_stands_until_its_end),
		CASE(what_is_not_used_in_time_is_over),
		CASE(the_agent_does_not_decide_for_itself),
		CASE(the_number_of_pending_ones_is_bounded),
		CASE(approvals_are_shown_and_listed),
		CASE(a_host_waits_by_polling),
		CASE(what_is_out_of_range_is_refused),
		CASE(of_many_threads_one_uses_it),
		CASE(actions_keep_their_approvals_here_when_asked),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
