/* Links between agents and servers. */
#include "house.h"

#include <stdio.h>
#include <string.h>

static void a_link_is_there_until_it_is_removed(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	aim_link link = {.struct_size = sizeof link};
	uint64_t n = 9;
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(aim_link_check(h->registry, S(agent), S(server), NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_count_agents(h->registry, S(server), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_status(aim_link_add(h->registry, S(agent), S(server), S("admin"), NULL), AIM_OK);
	assert_status(aim_link_check(h->registry, S(agent), S(server), &link, NULL), AIM_OK);
	assert_int_equal(link.first_seen_us, test_now_us);
	assert_int_equal(link.last_seen_us, test_now_us);
	assert_status(aim_link_count_agents(h->registry, S(server), &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_status(aim_link_remove(h->registry, S(agent), S(server), S("admin"), NULL), AIM_OK);
	assert_status(aim_link_check(h->registry, S(agent), S(server), NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_remove(h->registry, S(agent), S(server), S(""), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_link_count_agents(h->registry, S(server), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
	assert_int_equal(house_records(h, "mcp_connection"), 2);
	assert_non_null(strstr(house_last_record(h), "\"action\":\"unlink\""));
}

static void adding_again_refreshes_last_seen(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	aim_link link = {.struct_size = sizeof link};
	int64_t first = test_now_us;
	uint64_t n = 0;
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), NULL), AIM_OK);
	test_now_us += 60000000;
	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), NULL), AIM_OK);
	assert_status(aim_link_check(h->registry, S(agent), S(server), &link, NULL), AIM_OK);
	assert_int_equal(link.first_seen_us, first);
	assert_int_equal(link.n_connections, 2);
	assert_int_equal(link.last_seen_us, test_now_us);
	assert_status(aim_link_count_agents(h->registry, S(server), &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_non_null(strstr(house_last_record(h), "\"action\":\"connect\""));
}

static void only_usable_subjects_can_be_linked(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	aim_error err = {0};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(aim_link_add(h->registry, S(server), S(agent), S(""), NULL), AIM_E_INVALID);
	assert_status(aim_link_add(h->registry, S(agent), S("srv_00000000000000000000000000000000"), S(""),
	                           &err), AIM_E_NOT_FOUND);
	assert_non_null(strstr(err.message, "server"));
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_REVOKED};
	assert_status(aim_server_move(h->registry, S(server), &move, NULL), AIM_OK);
	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), &err), AIM_E_ID_STATUS);
	assert_non_null(strstr(err.message, "revoked"));
	assert_status(aim_link_add(h->registry, S(agent), S(server), S("a\nb"), NULL), AIM_E_ID_NAME);
	assert_int_equal(house_records(h, "mcp_connection"), 0);
}

typedef struct gathered {
	char servers[100][37];
	size_t n;
} gathered;

static aim_status gather(void *user, const aim_link *link)
{
	gathered *g = user;
	memcpy(g->servers[g->n], link->server.ptr, 37);
	g->n++;
	return AIM_OK;
}

static void the_servers_of_an_agent_are_paged(void **state)
{
	house *h = *state;
	char agent[37], other[37], servers[70][37], name[16];
	gathered all = {.n = 0}, page = {.n = 0};
	house_agent(h, "a", agent);
	house_agent(h, "b", other);
	for (size_t i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "s%zu", i);
		test_now_us++;
		house_server(h, name, servers[i]);
		assert_status(aim_link_add(h->registry, S(agent), S(servers[i]), S(""), NULL), AIM_OK);
	}
	assert_status(aim_link_add(h->registry, S(other), S(servers[0]), S(""), NULL), AIM_OK);
	assert_status(aim_link_list(h->registry, S(agent), S(""), 0, gather, &all, NULL), AIM_OK);
	assert_int_equal(all.n, 70);
	assert_memory_equal(all.servers, servers, sizeof servers);
	assert_status(aim_link_list(h->registry, S(agent), S(servers[4]), 3, gather, &page, NULL), AIM_OK);
	assert_int_equal(page.n, 3);
	assert_string_equal(page.servers[0], servers[5]);
	uint64_t n = 0;
	assert_status(aim_link_count_agents(h->registry, S(servers[0]), &n, NULL), AIM_OK);
	assert_int_equal(n, 2);
}

static void damage_is_named(void **state)
{
	house *h = *state;
	char agent[37], server[37], key[100];
	gathered g = {.n = 0};
	aim_error err = {0};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(aim_link_add(h->registry, S(agent), S(server), S(""), NULL), AIM_OK);
	snprintf(key, sizeof key, "link/%s/%s", agent, server);
	house_damage(h, key, "{\"agent\":\"x\"}");
	assert_status(aim_link_check(h->registry, S(agent), S(server), NULL, &err), AIM_E_STORE_CORRUPT);
	assert_non_null(strstr(err.message, key));
	assert_status(aim_link_list(h->registry, S(agent), S(""), 0, gather, &g, NULL), AIM_E_STORE_CORRUPT);
	assert_int_equal(g.n, 0);
}

static aim_status link_and_list(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	gathered *g = arg;
	uint64_t n;
	g->n = 0;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec a = {.struct_size = sizeof a, .name = S("a")};
	aim_server_spec s = {.struct_size = sizeof s, .name = S("s"), .url = S("ws://h")};
	rc = aim_agent_register(registry, &a, &agent, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &s, &server, NULL);
	if (rc == AIM_OK)
		rc = aim_link_add(registry, aim_agent_id(agent), aim_server_id(server), S(""), NULL);
	if (rc == AIM_OK)
		rc = aim_link_list(registry, aim_agent_id(agent), S(""), 0, gather, g, NULL);
	if (rc == AIM_OK)
		rc = aim_link_count_agents(registry, aim_server_id(server), &n, NULL);
	if (rc == AIM_OK)
		rc = aim_link_remove(registry, aim_agent_id(agent), aim_server_id(server), S(""), NULL);
	aim_agent_free(agent);
	aim_server_free(server);
	house_close(store, log, registry);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	gathered g;
	(void)state;
	test_each_allocation_fails(link_and_list, &g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_is_there_until_it_is_removed),
		TEST(adding_again_refreshes_last_seen),
		TEST(only_usable_subjects_can_be_linked),
		TEST(the_servers_of_an_agent_are_paged),
		TEST(damage_is_named),
		TEST(every_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("identity/link", tests, NULL, NULL);
}
