/* Requests for capabilities: asked, listed a page at a time, decided once, by somebody else. */
#include "house.h"

#include <aim/grantrequest.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define NOW_S (test_now_us / 1000000)

static aim_status ask(house *h, const char *agent, const char *capability, char *out_id)
{
	aim_grantrequest_spec spec = {.struct_size = sizeof spec};
	spec.agent = S(agent);
	spec.capability = S(capability);
	spec.reason = S("for the report");
	return aim_grantrequest_create(h->registry, &spec, out_id, NULL);
}

static aim_status decide(house *h, const char *id, uint32_t state, const char *actor, const char *reason, char *grant)
{
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = state};
	d.actor = S(actor);
	d.reason = S(reason);
	return aim_grantrequest_decide(h->registry, S(id), &d, grant, NULL);
}

static aim_status gather(void *user, const aim_grantrequest *r)
{
	char *text = user;
	strncat(text, aim_grantrequest_state_name(r->state), 16);
	strncat(text, ":", 2);
	strncat(text, r->capability.ptr, r->capability.len);
	strncat(text, " ", 2);
	return AIM_OK;
}

static const char *list(house *h, const char *agent, uint32_t state, const char *after, size_t limit)
{
	static char text[2000];
	text[0] = 0;
	assert_status(aim_grantrequest_list(h->registry, S(agent), state, S(after), limit, gather, text, NULL), AIM_OK);
	return text;
}

static aim_status allowed(house *h, const char *agent, const char *capability)
{
	return aim_grant_check(h->registry, S(agent), S(capability), S(""), NOW_S, NULL);
}

static void an_approval_becomes_a_grant(void **state)
{
	house *h = *state;
	char agent[37], id[AIM_GRANTREQUEST_ID_SIZE], grant[AIM_GRANT_ID_SIZE];
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "files:write", id), AIM_OK);
	assert_memory_equal(id, "crq_", 4);
	assert_int_equal(house_records(h, "capability_requested"), 1);
	assert_status(allowed(h, agent, "files:write"), AIM_DENIED);
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, "ana@example.org", "", grant), AIM_OK);
	assert_status(allowed(h, agent, "files:write"), AIM_OK);
	assert_int_equal(house_records(h, "capability_granted"), 1);
	assert_int_equal(house_records(h, "capability_approved"), 1);
	assert_non_null(strstr(house_last_record(h), grant));
	assert_non_null(strstr(house_last_record(h), id));
	assert_string_equal(list(h, agent, 0, "", 0), "approved:files:write ");
	assert_string_equal(list(h, "", AIM_GRANTREQUEST_PENDING, "", 0), "");
	assert_status(aim_grant_remove(h->registry, S(agent), S(grant), S(""), NULL), AIM_OK);
	assert_status(allowed(h, agent, "files:write"), AIM_DENIED);
}

static aim_status keep(void *user, const aim_grantrequest *r)
{
	aim_grantrequest *out = user;
	*out = *r;
	assert_text(r->decided_by, "ana@example.org");
	assert_text(r->decided_why, "too wide");
	assert_text(r->reason, "for the report");
	assert_text(r->grant, "");
	return AIM_OK;
}

static void a_denial_keeps_its_reason(void **state)
{
	house *h = *state;
	char agent[37], id[37];
	aim_grantrequest seen = {0};
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "*", id), AIM_OK);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "ana@example.org", "", NULL), AIM_E_INVALID);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "", "too wide", NULL), AIM_E_ID_NAME);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "ana@example.org", "too wide", NULL), AIM_OK);
	assert_non_null(strstr(house_last_record(h), "capability_denied"));
	assert_status(allowed(h, agent, "files:write"), AIM_DENIED);
	assert_status(aim_grantrequest_find(h->registry, S(id), keep, &seen, NULL), AIM_OK);
	assert_int_equal(seen.state, AIM_GRANTREQUEST_DENIED);
	assert_int_equal(seen.decided_us, test_now_us);
	assert_status(ask(h, agent, "*", NULL), AIM_OK); /* it may ask again */
}

static void a_request_is_decided_once(void **state)
{
	house *h = *state;
	char agent[37], id[37];
	aim_error err = {0};
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "ana", "no", NULL), AIM_OK);
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED, .actor = S("ben")};
	assert_status(aim_grantrequest_decide(h->registry, S(id), &d, NULL, &err), AIM_E_STATE);
	assert_non_null(strstr(err.message, "was denied by ana"));
	assert_status(allowed(h, agent, "x"), AIM_DENIED);
	assert_status(aim_grantrequest_decide(h->registry, S("crq_00000000000000000000000000000000"), &d, NULL, NULL),
	              AIM_E_NOT_FOUND);
	assert_status(aim_grantrequest_decide(h->registry, S("agt_x"), &d, NULL, NULL), AIM_E_INVALID);
}

static void nobody_decides_for_themselves(void **state)
{
	house *h = *state;
	char agent[37], id[37], upper[37];
	house_agent(h, "a-bot", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	strcpy(upper, agent);
	for (char *c = upper + 4; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, agent, "", NULL), AIM_E_GRANTREQUEST_SELF);
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, upper, "", NULL), AIM_E_GRANTREQUEST_SELF);
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, "a-bot", "", NULL), AIM_E_GRANTREQUEST_SELF);
	assert_status(allowed(h, agent, "x"), AIM_DENIED);
}

static void the_same_is_not_asked_twice_and_not_without_end(void **state)
{
	house *h = *state;
	char agent[37], id[37], text[20];
	aim_error err = {0};
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	aim_grantrequest_spec spec = {.struct_size = sizeof spec, .agent = S(agent), .capability = S("x")};
	assert_status(aim_grantrequest_create(h->registry, &spec, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, id));
	spec.resource = S("/srv/*");
	assert_status(aim_grantrequest_create(h->registry, &spec, NULL, NULL), AIM_OK);
	spec.resource = S("a**");
	assert_status(aim_grantrequest_create(h->registry, &spec, NULL, NULL), AIM_E_ID_CAPABILITY);
	for (unsigned i = 2; i < AIM_GRANTREQUEST_MAX_PENDING; i++) {
		snprintf(text, sizeof text, "c%u", i);
		assert_status(ask(h, agent, text, NULL), AIM_OK);
	}
	assert_status(ask(h, agent, "one-more", NULL), AIM_E_LIMIT);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "ana", "no", NULL), AIM_OK);
	assert_status(ask(h, agent, "one-more", NULL), AIM_OK);
}

static void requests_are_listed_by_agent_and_state_a_page_at_a_time(void **state)
{
	house *h = *state;
	char a[37], b[37], ids[4][37];
	house_agent(h, "a", a);
	house_agent(h, "b", b);
	for (size_t i = 0; i < 4; i++) {
		char text[8];
		snprintf(text, sizeof text, "c%zu", i);
		test_now_us++;
		assert_status(ask(h, i % 2 ? b : a, text, ids[i]), AIM_OK);
	}
	assert_status(decide(h, ids[1], AIM_GRANTREQUEST_DENIED, "ana", "no", NULL), AIM_OK);
	assert_string_equal(list(h, "", 0, "", 0), "pending:c0 denied:c1 pending:c2 pending:c3 ");
	assert_string_equal(list(h, "", AIM_GRANTREQUEST_PENDING, "", 2), "pending:c0 pending:c2 ");
	assert_string_equal(list(h, "", AIM_GRANTREQUEST_PENDING, ids[2], 2), "pending:c3 ");
	assert_string_equal(list(h, "", 0, ids[1], 1), "pending:c2 ");
	assert_string_equal(list(h, b, 0, "", 0), "denied:c1 pending:c3 ");
	assert_string_equal(list(h, b, AIM_GRANTREQUEST_DENIED, "", 0), "denied:c1 ");
	assert_string_equal(list(h, b, 0, ids[1], 0), "pending:c3 ");
	assert_status(aim_grantrequest_list(h->registry, S(""), 9, S(""), 0, gather, a, NULL), AIM_E_INVALID);
	/* decided ones are forgotten, pending ones wait */
	test_now_us += (AIM_GRANTREQUEST_KEEP_S + 1) * INT64_C(1000000);
	assert_string_equal(list(h, "", 0, "", 0), "pending:c0 pending:c2 pending:c3 ");
	assert_string_equal(list(h, b, 0, "", 0), "pending:c3 ");
}

static void other_namespaces_see_and_decide_nothing(void **state)
{
	house *h = *state;
	char agent[37], id[37], text[200] = "";
	aim_registry *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED, .actor = S("eve")};
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_grantrequest_find(other, S(id), gather, text, NULL), AIM_E_NOT_FOUND);
	for (uint32_t s = 0; s <= AIM_GRANTREQUEST_DENIED; s++) {
		assert_status(aim_grantrequest_list(other, S(""), s, S(""), 0, gather, text, NULL), AIM_OK);
		assert_status(aim_grantrequest_list(other, S(agent), s, S(""), 0, gather, text, NULL), AIM_OK);
	}
	assert_string_equal(text, "");
	assert_status(aim_grantrequest_decide(other, S(id), &d, NULL, NULL), AIM_E_NOT_FOUND);
	aim_grantrequest_spec spec = {.struct_size = sizeof spec, .agent = S(agent), .capability = S("y")};
	assert_status(aim_grantrequest_create(other, &spec, NULL, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(other);
}

static void an_approval_may_end_earlier_never_later(void **state)
{
	house *h = *state;
	char agent[37], id[37];
	house_agent(h, "a", agent);
	aim_grantrequest_spec spec = {.struct_size = sizeof spec, .agent = S(agent), .capability = S("x")};
	spec.expires_at_s = NOW_S + 100;
	assert_status(aim_grantrequest_create(h->registry, &spec, id, NULL), AIM_OK);
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED, .actor = S("ana")};
	d.expires_at_s = NOW_S + 101;
	assert_status(aim_grantrequest_decide(h->registry, S(id), &d, NULL, NULL), AIM_E_INVALID);
	d.expires_at_s = -1;
	assert_status(aim_grantrequest_decide(h->registry, S(id), &d, NULL, NULL), AIM_E_INVALID);
	d.expires_at_s = NOW_S + 10;
	assert_status(aim_grantrequest_decide(h->registry, S(id), &d, NULL, NULL), AIM_OK);
	assert_status(allowed(h, agent, "x"), AIM_OK);
	assert_status(aim_grant_check(h->registry, S(agent), S("x"), S(""), NOW_S + 10, NULL), AIM_DENIED);
}

static void revoked_agents_neither_ask_nor_get(void **state)
{
	house *h = *state;
	char agent[37], id[37];
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	assert_status(aim_agent_move(h->registry, S(agent), &move, NULL), AIM_OK);
	assert_status(ask(h, agent, "y", NULL), AIM_E_ID_STATUS);
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, "ana", "", NULL), AIM_E_ID_STATUS);
	assert_status(decide(h, id, AIM_GRANTREQUEST_DENIED, "ana", "gone", NULL), AIM_OK);
}

#define DECIDERS 8
typedef struct decider {
	house *h;
	const char *id;
	aim_status rc;
} decider;

static void *decide_too(void *arg)
{
	decider *d = arg;
	aim_grantrequest_decision decision = {.struct_size = sizeof decision, .state = AIM_GRANTREQUEST_APPROVED};
	decision.actor = S("ana");
	d->rc = aim_grantrequest_decide(d->h->registry, S(d->id), &decision, NULL, NULL);
	return NULL;
}

static void of_many_who_decide_one_does(void **state)
{
	house *h = *state;
	char agent[37], id[37];
	pthread_t threads[DECIDERS];
	decider deciders[DECIDERS];
	size_t n_ok = 0;
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	for (size_t i = 0; i < DECIDERS; i++) {
		deciders[i] = (decider){h, id, AIM_OK};
		assert_int_equal(pthread_create(&threads[i], NULL, decide_too, &deciders[i]), 0);
	}
	for (size_t i = 0; i < DECIDERS; i++) {
		pthread_join(threads[i], NULL);
		n_ok += deciders[i].rc == AIM_OK;
		assert_true(deciders[i].rc == AIM_OK || deciders[i].rc == AIM_E_STATE);
	}
	assert_int_equal(n_ok, 1);
	assert_int_equal(house_records(h, "capability_granted"), 1);
}

static void damage_is_told(void **state)
{
	house *h = *state;
	char agent[37], id[37], key[80];
	house_agent(h, "a", agent);
	assert_status(ask(h, agent, "x", id), AIM_OK);
	snprintf(key, sizeof key, "grant-request/%s", id);
	house_damage(h, key, "{\"id\":\"crq_1\"}");
	assert_status(decide(h, id, AIM_GRANTREQUEST_APPROVED, "ana", "", NULL), AIM_E_STORE_CORRUPT);
	assert_status(allowed(h, agent, "x"), AIM_DENIED);
}

static aim_status ignore(void *user, const aim_grantrequest *r)
{
	(void)user, (void)r;
	return AIM_OK;
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	char id[37], grant[37];
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec a = {.struct_size = sizeof a, .name = S("a")};
	aim_grantrequest_spec spec = {.struct_size = sizeof spec, .capability = S("x")};
	aim_grantrequest_decision d = {.struct_size = sizeof d, .state = AIM_GRANTREQUEST_APPROVED, .actor = S("ana")};
	rc = aim_agent_register(registry, &a, &agent, NULL);
	spec.agent = aim_agent_id(agent);
	if (rc == AIM_OK)
		rc = aim_grantrequest_create(registry, &spec, id, NULL);
	if (rc == AIM_OK)
		rc = aim_grantrequest_list(registry, spec.agent, AIM_GRANTREQUEST_PENDING, S(""), 0, ignore, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_grantrequest_decide(registry, S(id), &d, grant, NULL);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_approval_becomes_a_grant),
		TEST(a_denial_keeps_its_reason),
		TEST(a_request_is_decided_once),
		TEST(nobody_decides_for_themselves),
		TEST(the_same_is_not_asked_twice_and_not_without_end),
		TEST(requests_are_listed_by_agent_and_state_a_page_at_a_time),
		TEST(other_namespaces_see_and_decide_nothing),
		TEST(an_approval_may_end_earlier_never_later),
		TEST(revoked_agents_neither_ask_nor_get),
		TEST(of_many_who_decide_one_does),
		TEST(damage_is_told),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
