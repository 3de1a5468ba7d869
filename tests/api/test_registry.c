/* tests/api/test_registry.c — agents, servers, links and grants as a host uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <aim/aim.h>

#define S(text) aim_str_from(text)

typedef struct host {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
} host;

static host h;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(aim_ctx_new(NULL, &h.ctx, NULL), AIM_OK);
	assert_int_equal(aim_store_open_memory(h.ctx, NULL, &h.store, NULL), AIM_OK);
	assert_int_equal(aim_audit_open(h.store, NULL, &h.log, NULL), AIM_OK);
	assert_int_equal(aim_registry_open(h.log, NULL, &h.registry, NULL), AIM_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_registry_free(h.registry);
	assert_int_equal(aim_audit_verify(h.log, NULL, NULL, NULL), AIM_OK);
	aim_audit_free(h.log);
	aim_store_free(h.store);
	aim_ctx_free(h.ctx);
	return 0;
}

static aim_agent *new_agent(const char *name)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S(name)};
	aim_agent *agent = NULL;
	assert_int_equal(aim_agent_register(h.registry, &spec, &agent, NULL), AIM_OK);
	return agent;
}

static aim_server *new_server(const char *name)
{
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S(name), .url = S("https://h.example/")};
	aim_server *server = NULL;
	assert_int_equal(aim_server_register(h.registry, &spec, &server, NULL), AIM_OK);
	return server;
}

static aim_status count_agent(void *user, const aim_agent *agent)
{
	assert_int_equal(aim_agent_type(agent), AIM_AGENT_AI);
	assert_int_equal(aim_agent_expires_at_s(agent), 0);
	*(size_t *)user += 1;
	return AIM_OK;
}

static void an_agent_lives_from_pending_to_revoked(void **state)
{
	(void)state;
	aim_error err = {0};
	size_t n = 0;
	int64_t now_us;
	aim_agent *agent = new_agent("a"), *found = NULL;
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED};
	assert_int_equal(aim_ctx_now_us(h.ctx, &now_us), AIM_OK);
	assert_false(aim_agent_is_active(agent, now_us));
	assert_int_equal(aim_agent_move(h.registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	assert_int_equal(aim_agent_find(h.registry, aim_agent_id(agent), &found, NULL), AIM_OK);
	assert_true(aim_agent_is_active(found, now_us));
	assert_string_equal(aim_registry_status_name(aim_agent_status(found)), "verified");
	assert_true(aim_agent_updated_us(found) >= aim_agent_created_us(found));
	aim_agent_free(found);
	move.status = AIM_REGISTRY_PENDING;
	assert_int_equal(aim_agent_move(h.registry, aim_agent_id(agent), &move, &err), AIM_E_STATE);
	assert_string_equal(aim_error_layer_name(err.layer), "identity");
	assert_non_null(strstr(err.message, "verified"));
	move.status = AIM_REGISTRY_REVOKED;
	move.reason = S("left");
	assert_int_equal(aim_agent_move(h.registry, aim_agent_id(agent), &move, NULL), AIM_OK);
	assert_int_equal(aim_agent_find_name(h.registry, S("a"), &found, NULL), AIM_E_NOT_FOUND);
	assert_int_equal(aim_agent_list(h.registry, S(""), 0, count_agent, &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_true(aim_registry_move_allowed(AIM_REGISTRY_PENDING, AIM_REGISTRY_SUSPENDED));
	assert_string_equal(aim_registry_name_space(h.registry).ptr, "default");
	aim_agent_free(agent);
}

static aim_status take_server(void *user, const aim_link *link)
{
	aim_server *server = NULL;
	(void)user;
	assert_int_equal(aim_server_find(h.registry, link->server, &server, NULL), AIM_OK);
	assert_string_equal(aim_server_name(server).ptr, "s");
	aim_server_free(server);
	return AIM_OK;
}

static void a_link_connects_agent_and_server(void **state)
{
	(void)state;
	aim_agent *agent = new_agent("a");
	aim_server *server = new_server("s");
	uint64_t n = 0;
	aim_link link = {.struct_size = sizeof link};
	assert_int_equal(aim_link_add(h.registry, aim_agent_id(agent), aim_server_id(server), S("me"), NULL),
	                 AIM_OK);
	assert_int_equal(aim_link_check(h.registry, aim_agent_id(agent), aim_server_id(server), &link, NULL),
	                 AIM_OK);
	assert_true(link.first_seen_us > 0);
	assert_int_equal(aim_link_list(h.registry, aim_agent_id(agent), S(""), 0, take_server, NULL, NULL),
	                 AIM_OK);
	assert_int_equal(aim_link_count_agents(h.registry, aim_server_id(server), &n, NULL), AIM_OK);
	assert_int_equal(n, 1);
	assert_int_equal(aim_link_remove(h.registry, aim_agent_id(agent), aim_server_id(server), S(""), NULL),
	                 AIM_OK);
	aim_server_free(server);
	aim_agent_free(agent);
}

static aim_status take_grant(void *user, aim_str id, const aim_grant_spec *grant)
{
	assert_int_equal(grant->struct_size, sizeof *grant);
	memcpy(user, id.ptr, id.len);
	return AIM_OK;
}

static void a_grant_allows_what_it_covers(void **state)
{
	(void)state;
	aim_agent *agent = new_agent("a");
	char id[AIM_GRANT_ID_SIZE], listed[AIM_GRANT_ID_SIZE] = "";
	aim_grant_spec spec = {.struct_size = sizeof spec, .agent = aim_agent_id(agent)};
	spec.capability = S("mail:*");
	assert_int_equal(aim_grant_add(h.registry, &spec, id, NULL), AIM_OK);
	assert_int_equal(aim_grant_list(h.registry, spec.agent, take_grant, listed, NULL), AIM_OK);
	assert_string_equal(id, listed);
	assert_int_equal(aim_grant_check(h.registry, spec.agent, S("mail:send"), S(""), 1, NULL), AIM_OK);
	assert_int_equal(aim_grant_check(h.registry, spec.agent, S("mailbox:read"), S(""), 1, NULL),
	                 AIM_DENIED);
	assert_int_equal(aim_grant_remove(h.registry, spec.agent, S(id), S(""), NULL), AIM_OK);
	assert_int_equal(aim_grant_check(h.registry, spec.agent, S("mail:send"), S(""), 1, NULL), AIM_DENIED);
	aim_agent_free(agent);
}

static void a_struct_of_the_future_is_refused_when_it_means_something(void **state)
{
	(void)state;
	struct {
		aim_agent_spec spec;
		uint64_t later;
	} future = {.spec = {.struct_size = sizeof future, .name = S("f")}};
	assert_int_equal(aim_agent_register(h.registry, &future.spec, NULL, NULL), AIM_OK);
	future.later = 1;
	future.spec.name = S("g");
	assert_int_equal(aim_agent_register(h.registry, &future.spec, NULL, NULL), AIM_E_VERSION);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_agent_lives_from_pending_to_revoked),
		TEST(a_link_connects_agent_and_server),
		TEST(a_grant_allows_what_it_covers),
		TEST(a_struct_of_the_future_is_refused_when_it_means_something),
	};
	return cmocka_run_group_tests_name("api/registry", tests, NULL, NULL);
}
