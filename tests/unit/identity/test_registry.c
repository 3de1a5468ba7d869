/* The handle itself, namespaces, and two registries on one store. */
#include "house.h"

#include "identity/record.h"
#include "identity/registry.h"

#include <string.h>

static void a_registry_has_a_namespace(void **state)
{
	house *h = *state;
	aim_registry *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("team/b")};
	assert_text(aim_registry_name_space(h->registry), "default");
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	assert_text(aim_registry_name_space(other), "team/b");
	aim_registry_free(other);
	o.name_space = S("a\n");
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_E_ID_NAME);
	o.name_space = S("a");
	o.flags = 1;
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_E_VERSION);
	assert_status(aim_registry_open(NULL, NULL, &other, NULL), AIM_E_INVALID);
}

static aim_status count(void *user, const aim_agent *agent)
{
	size_t *n = user;
	(void)agent;
	(*n)++;
	return AIM_OK;
}

static void namespaces_do_not_see_each_other(void **state)
{
	house *h = *state;
	char id[37], server[37];
	aim_registry *other = NULL;
	aim_agent *agent = NULL;
	size_t n = 0;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	house_agent(h, "shared name", id);
	house_server(h, "s", server);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("shared name")};
	assert_status(aim_agent_find(other, S(id), &agent, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_find_name(other, S("shared name"), &agent, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_agent_list(other, S(""), 0, count, &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(aim_agent_register(other, &spec, &agent, NULL), AIM_OK);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	assert_status(aim_agent_move(other, S(id), &move, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_add(h->registry, aim_agent_id(agent), S(server), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_add(h->registry, S(id), S(server), S(""), NULL), AIM_OK);
	assert_status(aim_link_check(other, S(id), S(server), NULL, NULL), AIM_E_NOT_FOUND);
	aim_grant_spec g = {.struct_size = sizeof g, .agent = S(id), .capability = S("*")};
	assert_status(aim_grant_add(h->registry, &g, NULL, NULL), AIM_OK);
	assert_status(aim_grant_check(other, S(id), S("x"), S(""), 1, NULL), AIM_DENIED);
	aim_agent_free(agent);
	aim_registry_free(other);
}

static void a_namespace_cannot_reach_into_another(void **state)
{
	house *h = *state;
	aim_registry *a = NULL, *ab = NULL;
	aim_agent *agent = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("a")};
	assert_status(aim_registry_open(h->log, &o, &a, NULL), AIM_OK);
	o.name_space = S("a/b");
	assert_status(aim_registry_open(h->log, &o, &ab, NULL), AIM_OK);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("b/c")};
	assert_status(aim_agent_register(a, &spec, NULL, NULL), AIM_OK);
	assert_status(aim_agent_find_name(ab, S("c"), &agent, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(a);
	aim_registry_free(ab);
}

static void keys_of_the_store_stay_apart_and_short(void **state)
{
	house *h = *state;
	aim_buf key;
	char longest[257];
	aim_str parts[2] = {S("a/b"), S("c%\x01")};
	aim__buf_init(&key, h->ctx);
	assert_status(aim__record_key(&key, "x/", parts, 2, NULL), AIM_OK);
	assert_text(aim_buf_str(&key), "x/a%2fb/c%25%01");
	memset(longest, '/', sizeof longest - 1);
	longest[256] = '\0';
	parts[0] = S(longest);
	assert_status(aim__record_key(&key, "x/", parts, 1, NULL), AIM_OK);
	assert_int_equal(aim_buf_str(&key).len, 2 + 2 + 64);
	assert_memory_equal(aim_buf_str(&key).ptr, "x/%%", 4);
	aim__buf_dispose(&key);
}

static void every_change_moves_the_generation(void **state)
{
	house *h = *state;
	char id[37];
	uint64_t before = aim__registry_generation(h->registry);
	house_agent(h, "a", id);
	uint64_t after = aim__registry_generation(h->registry);
	assert_true(after > before);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a")};
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_E_EXISTS);
	assert_int_equal(aim__registry_generation(h->registry), after);
}

static void handles_outlive_the_registry(void **state)
{
	house *h = *state;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	assert_status(aim_registry_open(h->log, NULL, &registry, NULL), AIM_OK);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a")};
	assert_status(aim_agent_register(registry, &spec, &agent, NULL), AIM_OK);
	aim_registry_free(registry);
	assert_text(aim_agent_name(agent), "a");
	aim_agent_free(agent);
	aim_registry_free(NULL);
}

static void statuses_have_names(void **state)
{
	(void)state;
	assert_string_equal(aim_registry_status_name(AIM_REGISTRY_PENDING), "pending");
	assert_string_equal(aim_registry_status_name(AIM_REGISTRY_VERIFIED), "verified");
	assert_string_equal(aim_registry_status_name(AIM_REGISTRY_SUSPENDED), "suspended");
	assert_string_equal(aim_registry_status_name(AIM_REGISTRY_REVOKED), "revoked");
	assert_string_equal(aim_registry_status_name(0), "unknown");
	assert_string_equal(aim_registry_status_name(5), "unknown");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_registry_has_a_namespace),
		TEST(namespaces_do_not_see_each_other),
		TEST(a_namespace_cannot_reach_into_another),
		TEST(keys_of_the_store_stay_apart_and_short),
		TEST(every_change_moves_the_generation),
		TEST(handles_outlive_the_registry),
		TEST(statuses_have_names),
	};
	return cmocka_run_group_tests_name("identity/registry", tests, NULL, NULL);
}
