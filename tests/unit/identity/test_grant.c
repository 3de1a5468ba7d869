/* Grants: given, taken away, asked. */
#include "house.h"

#include "identity/grants.h"

#include <stdio.h>
#include <string.h>

#define NOW_S 1766000000

static void grant(house *h, const char *agent, const char *capability, const char *resource,
                  uint32_t flags, int64_t expires_at_s, char *out_id)
{
	aim_grant_spec spec = {.struct_size = sizeof spec, .flags = flags};
	spec.agent = S(agent);
	spec.capability = S(capability);
	spec.resource = S(resource);
	spec.expires_at_s = expires_at_s;
	assert_status(aim_grant_add(h->registry, &spec, out_id, NULL), AIM_OK);
}

static aim_status ask(house *h, const char *agent, const char *capability, const char *resource)
{
	return aim_grant_check(h->registry, S(agent), S(capability), S(resource), NOW_S, NULL);
}

static void nothing_is_allowed_without_a_grant(void **state)
{
	house *h = *state;
	char agent[37];
	aim_error err = {0};
	house_agent(h, "a", agent);
	assert_status(aim_grant_check(h->registry, S(agent), S("files:read"), S(""), NOW_S, &err), AIM_DENIED);
	assert_non_null(strstr(err.message, "files:read"));
	grant(h, agent, "files:*", "", 0, 0, NULL);
	assert_status(ask(h, agent, "files:read", ""), AIM_OK);
	assert_status(ask(h, agent, "files:read", "/any/thing/../at/all"), AIM_OK);
	assert_status(ask(h, agent, "filesystem:read", ""), AIM_DENIED);
	assert_status(ask(h, agent, "files", ""), AIM_DENIED);
	assert_status(ask(h, agent, "files:*", ""), AIM_E_ID_CAPABILITY);
	assert_status(ask(h, "agt_00000000000000000000000000000000", "files:read", ""), AIM_DENIED);
}

static void a_deny_grant_wins(void **state)
{
	house *h = *state;
	char agent[37], deny[AIM_GRANT_ID_SIZE];
	aim_error err = {0};
	house_agent(h, "a", agent);
	grant(h, agent, "*", "", 0, 0, NULL);
	grant(h, agent, "files:write", "", AIM_GRANT_DENY, 0, deny);
	grant(h, agent, "files:write", "", 0, 0, NULL);
	assert_status(ask(h, agent, "files:read", ""), AIM_OK);
	assert_status(aim_grant_check(h->registry, S(agent), S("files:write"), S(""), NOW_S, &err),
	              AIM_DENIED);
	assert_non_null(strstr(err.message, deny));
	assert_status(aim_grant_remove(h->registry, S(agent), S(deny), S("admin"), NULL), AIM_OK);
	assert_status(ask(h, agent, "files:write", ""), AIM_OK);
}

static void resources_narrow_a_grant(void **state)
{
	house *h = *state;
	char agent[37];
	house_agent(h, "a", agent);
	grant(h, agent, "files:read", "/srv/**", 0, 0, NULL);
	grant(h, agent, "files:read", "/srv/secret/**", AIM_GRANT_DENY, 0, NULL);
	assert_status(ask(h, agent, "files:read", "/srv/a/b"), AIM_OK);
	assert_status(ask(h, agent, "files:read", "/etc/passwd"), AIM_DENIED);
	assert_status(ask(h, agent, "files:read", "/srv/secret/x"), AIM_DENIED);
	assert_status(ask(h, agent, "files:read", "/srv/../etc/passwd"), AIM_DENIED);
	assert_status(ask(h, agent, "files:read", "/srv/%2e%2e/etc/passwd"), AIM_DENIED);
	assert_status(ask(h, agent, "files:read", ""), AIM_DENIED);
}

static void an_unknown_resource_is_caught_by_a_narrow_deny(void **state)
{
	house *h = *state;
	char agent[37];
	house_agent(h, "a", agent);
	grant(h, agent, "files:read", "", 0, 0, NULL);
	grant(h, agent, "files:read", "/etc/**", AIM_GRANT_DENY, 0, NULL);
	assert_status(ask(h, agent, "files:read", "/srv/a"), AIM_OK);
	assert_status(ask(h, agent, "files:read", ""), AIM_DENIED);
	assert_status(ask(h, agent, "files:read", "/srv/../etc/passwd"), AIM_DENIED);
}

static void a_grant_ends_with_its_last_second(void **state)
{
	house *h = *state;
	char agent[37];
	house_agent(h, "a", agent);
	grant(h, agent, "x", "", 0, NOW_S, NULL);
	assert_status(aim_grant_check(h->registry, S(agent), S("x"), S(""), NOW_S - 1, NULL), AIM_OK);
	assert_status(aim_grant_check(h->registry, S(agent), S("x"), S(""), NOW_S, NULL), AIM_DENIED);
}

static aim_status gather(void *user, aim_str id, const aim_grant_spec *g)
{
	char *text = user;
	assert_int_equal(id.len, AIM_GRANT_ID_SIZE - 1);
	strncat(text, g->flags & AIM_GRANT_DENY ? "-" : "+", 2);
	strncat(text, g->capability.ptr, g->capability.len);
	strncat(text, " ", 2);
	return AIM_OK;
}

static void grants_are_listed_and_recorded(void **state)
{
	house *h = *state;
	char agent[37], other[37], text[200] = "", id[AIM_GRANT_ID_SIZE];
	house_agent(h, "a", agent);
	house_agent(h, "b", other);
	grant(h, agent, "one", "", 0, 1, NULL);
	test_now_us++;
	grant(h, agent, "two:*", "/x", AIM_GRANT_DENY, 0, id);
	grant(h, other, "three", "", 0, 0, NULL);
	assert_status(aim_grant_list(h->registry, S(agent), gather, text, NULL), AIM_OK);
	assert_string_equal(text, "+one -two:* ");
	assert_status(aim_grant_remove(h->registry, S(other), S(id), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_grant_remove(h->registry, S(agent), S(id), S(""), NULL), AIM_OK);
	assert_status(aim_grant_remove(h->registry, S(agent), S(id), S(""), NULL), AIM_E_NOT_FOUND);
	assert_int_equal(house_records(h, "capability_granted"), 3);
	assert_int_equal(house_records(h, "capability_revoked"), 1);
	assert_non_null(strstr(house_last_record(h), "\"resource\":\"/x\""));
}

static void bad_grants_are_refused(void **state)
{
	house *h = *state;
	char agent[37];
	house_agent(h, "a", agent);
	aim_grant_spec spec = {.struct_size = sizeof spec, .agent = S(agent), .capability = S("a*")};
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_ID_CAPABILITY);
	spec.capability = S("a");
	spec.resource = S("a**");
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_ID_CAPABILITY);
	spec.resource = S("");
	spec.flags = 8;
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_VERSION);
	spec.flags = 0;
	spec.expires_at_s = INT64_MAX;
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_INVALID);
	spec.expires_at_s = 0;
	spec.agent = S("agt_00000000000000000000000000000000");
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_NOT_FOUND);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	assert_status(aim_agent_move(h->registry, S(agent), &move, NULL), AIM_OK);
	spec.agent = S(agent);
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_ID_STATUS);
	assert_int_equal(house_records(h, "capability_granted"), 0);
}

static void an_agent_has_a_bounded_number_of_grants(void **state)
{
	house *h = *state;
	char agent[37], id[AIM_GRANT_ID_SIZE];
	house_agent(h, "a", agent);
	for (int i = 0; i < 1024; i++)
		grant(h, agent, "x", "", 0, 0, id);
	aim_grant_spec spec = {.struct_size = sizeof spec, .agent = S(agent), .capability = S("x")};
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_E_LIMIT);
	assert_status(aim_grant_remove(h->registry, S(agent), S(id), S(""), NULL), AIM_OK);
	assert_status(aim_grant_add(h->registry, &spec, NULL, NULL), AIM_OK);
}

static void a_warm_check_allocates_nothing(void **state)
{
	house *h = *state;
	char agent[37], id[AIM_GRANT_ID_SIZE];
	aim__grants *grants = NULL;
	aim_str decider;
	house_agent(h, "a", agent);
	grant(h, agent, "files:*", "/srv/**", 0, 0, id);
	assert_status(aim__grants_load(h->registry, S(agent), &grants, NULL), AIM_OK);
	assert_int_equal(aim__grants_count(grants), 1);
	size_t before = h->heap.n_allocs;
	assert_status(aim__grants_check(grants, S("files:read"), S("/srv/x"), NOW_S, &decider), AIM_OK);
	assert_text(decider, id);
	assert_status(aim__grants_check(grants, S("mail:send"), S(""), NOW_S, &decider), AIM_DENIED);
	assert_int_equal(decider.len, 0);
	assert_int_equal(h->heap.n_allocs, before);
	aim__grants_free(grants);
}

static void a_damaged_grant_denies_loudly(void **state)
{
	house *h = *state;
	char agent[37], id[AIM_GRANT_ID_SIZE], key[100];
	aim_error err = {0};
	house_agent(h, "a", agent);
	grant(h, agent, "x", "", 0, 0, id);
	snprintf(key, sizeof key, "grant/%s/%s", agent, id);
	house_damage(h, key, "{\"id\":\"x\",\"agent\":\"y\",\"namespace\":\"default\",\"capability\":\"a*\","
	                     "\"created_at\":\"2026-01-01T00:00:00Z\"}");
	assert_status(aim_grant_check(h->registry, S(agent), S("x"), S(""), NOW_S, &err),
	              AIM_E_STORE_CORRUPT);
	assert_non_null(strstr(err.message, "capability"));
}

static aim_status grant_and_check(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	char id[AIM_GRANT_ID_SIZE];
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec a = {.struct_size = sizeof a, .name = S("a")};
	rc = aim_agent_register(registry, &a, &agent, NULL);
	aim_grant_spec g = {.struct_size = sizeof g, .capability = S("x"), .agent = aim_agent_id(agent)};
	if (rc == AIM_OK)
		rc = aim_grant_add(registry, &g, id, NULL);
	if (rc == AIM_OK)
		rc = aim_grant_check(registry, g.agent, S("x"), S(""), NOW_S, NULL);
	if (rc == AIM_OK)
		rc = aim_grant_remove(registry, g.agent, S(id), S(""), NULL);
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(grant_and_check, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_allowed_without_a_grant),
		TEST(a_deny_grant_wins),
		TEST(resources_narrow_a_grant),
		TEST(an_unknown_resource_is_caught_by_a_narrow_deny),
		TEST(a_grant_ends_with_its_last_second),
		TEST(grants_are_listed_and_recorded),
		TEST(bad_grants_are_refused),
		TEST(an_agent_has_a_bounded_number_of_grants),
		TEST(a_warm_check_allocates_nothing),
		TEST(a_damaged_grant_denies_loudly),
		TEST(every_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("identity/grant", tests, NULL, NULL);
}
