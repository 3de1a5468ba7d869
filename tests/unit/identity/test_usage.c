/* Calls counted: per capability, per server, per agent. */
#include "house.h"

#include <aim/usage.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static aim_status add(house *h, const char *agent, const char *server, const char *capability, uint32_t outcome,
                      int64_t latency_us)
{
	aim_usage_call c = {.struct_size = sizeof c, .outcome = outcome, .latency_us = latency_us};
	c.agent = S(agent);
	c.server = S(server);
	c.capability = S(capability);
	return aim_usage_add(h->registry, &c, NULL);
}

static aim_usage total(house *h, const char *subject)
{
	aim_usage u = {.struct_size = sizeof u};
	assert_status(aim_usage_total(h->registry, S(subject), &u, NULL), AIM_OK);
	return u;
}

static aim_status gather(void *user, const aim_usage *u)
{
	char *text = user, line[100];
	snprintf(line, sizeof line, "%.*s=%u/%u ", (int)u->capability.len, u->capability.ptr, (unsigned)u->n_successes,
	         (unsigned)u->n_calls);
	strncat(text, line, 100);
	return AIM_OK;
}

static const char *list(house *h, const char *server, const char *after, size_t limit)
{
	static char text[4000];
	text[0] = 0;
	assert_status(aim_usage_list(h->registry, S(server), S(after), limit, gather, text, NULL), AIM_OK);
	return text;
}

static void a_call_counts_for_agent_server_and_capability(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_int_equal(total(h, server).n_calls, 0);
	assert_int_equal(total(h, server).p95_us, -1);
	int64_t first = test_now_us;
	assert_status(add(h, agent, server, "get_weather", AIM_USAGE_SUCCESS, 200000), AIM_OK);
	test_now_us += 5;
	assert_status(add(h, agent, server, "get_weather", AIM_USAGE_FAILURE, 400000), AIM_OK);
	assert_status(add(h, agent, server, "get_forecast", AIM_USAGE_UNREPORTED, -1), AIM_OK);
	assert_status(add(h, agent, "", "", AIM_USAGE_SUCCESS, 10), AIM_OK);
	assert_string_equal(list(h, server, "", 0), "get_forecast=0/1 get_weather=1/2 ");
	assert_string_equal(list(h, server, "", 1), "get_forecast=0/1 ");
	assert_string_equal(list(h, server, "get_forecast", 0), "get_weather=1/2 ");
	aim_usage s = total(h, server), a = total(h, agent);
	assert_int_equal(s.n_calls, 3);
	assert_int_equal(s.n_successes, 1);
	assert_int_equal(s.n_failures, 1);
	assert_int_equal(s.n_unreported, 1);
	assert_int_equal(s.n_timed, 2);
	assert_int_equal(s.sum_us, 600000);
	assert_int_equal(s.mean_us, 300000);
	assert_int_equal(s.max_us, 400000);
	assert_int_equal(s.first_us, first);
	assert_int_equal(s.last_us, test_now_us);
	assert_int_equal(a.n_calls, 4);
	assert_int_equal(house_records(h, "usage_recorded"), 4);
}

static void percentiles_are_at_most_a_sixteenth_high(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	for (int i = 1; i <= 100; i++)
		assert_status(add(h, agent, server, "x", AIM_USAGE_SUCCESS, i * 1000), AIM_OK);
	aim_usage u = total(h, server);
	assert_true(u.p50_us >= 50000 && u.p50_us <= 50000 + 50000 / 16);
	assert_true(u.p95_us >= 95000 && u.p95_us <= 95000 + 95000 / 16);
	assert_int_equal(u.max_us, 100000);
	assert_int_equal(u.mean_us, 50500);
}

static void a_server_has_room_for_so_many_capabilities(void **state)
{
	house *h = *state;
	char agent[37], server[37], text[20];
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	for (unsigned i = 0; i < AIM_USAGE_MAX_CAPABILITIES; i++) {
		snprintf(text, sizeof text, "c%03u", i);
		assert_status(add(h, agent, server, text, AIM_USAGE_SUCCESS, 1), AIM_OK);
	}
	assert_status(add(h, agent, server, "d", AIM_USAGE_SUCCESS, 1), AIM_OK);
	assert_status(add(h, agent, server, "e", AIM_USAGE_FAILURE, 1), AIM_OK);
	assert_status(add(h, agent, server, "c001", AIM_USAGE_FAILURE, 1), AIM_OK);
	assert_string_equal(list(h, server, "", 3), "*=1/2 c000=1/1 c001=1/2 ");
	assert_int_equal(total(h, server).n_calls, AIM_USAGE_MAX_CAPABILITIES + 3);
}

static void what_is_no_call_is_refused(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(add(h, agent, server, "x", 0, 1), AIM_E_INVALID);
	assert_status(add(h, agent, server, "x", 4, 1), AIM_E_INVALID);
	assert_status(add(h, agent, server, "x", AIM_USAGE_SUCCESS, -2), AIM_E_INVALID);
	assert_status(add(h, agent, server, "x*", AIM_USAGE_SUCCESS, 1), AIM_E_ID_CAPABILITY);
	assert_status(add(h, agent, server, "", AIM_USAGE_SUCCESS, 1), AIM_E_ID_CAPABILITY);
	assert_status(add(h, server, server, "x", AIM_USAGE_SUCCESS, 1), AIM_E_INVALID);
	assert_status(add(h, agent, "srv_00000000000000000000000000000000", "x", AIM_USAGE_SUCCESS, 1), AIM_E_NOT_FOUND);
	assert_int_equal(house_records(h, "usage_recorded"), 0);
}

static void other_namespaces_read_nothing(void **state)
{
	house *h = *state;
	char agent[37], server[37], text[100] = "";
	aim_usage u = {.struct_size = sizeof u};
	aim_registry *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_usage_call c = {.struct_size = sizeof c, .outcome = AIM_USAGE_SUCCESS};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(add(h, agent, server, "x", AIM_USAGE_SUCCESS, 1), AIM_OK);
	assert_status(aim_registry_open(h->log, &o, &other, NULL), AIM_OK);
	assert_status(aim_usage_total(other, S(server), &u, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_usage_total(other, S(agent), &u, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_usage_list(other, S(server), S(""), 0, gather, text, NULL), AIM_E_NOT_FOUND);
	c.agent = S(agent);
	assert_status(aim_usage_add(other, &c, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(other);
}

static void damage_is_told(void **state)
{
	house *h = *state;
	char agent[37], server[37], key[100];
	aim_usage u = {.struct_size = sizeof u};
	static const char *const latencies[] = {"[1]", "[1,0]", "[528,1]", "[-1,1]", "{}", "[\"1\",1]"};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	assert_status(add(h, agent, server, "x", AIM_USAGE_SUCCESS, 1), AIM_OK);
	snprintf(key, sizeof key, "usage-total/default/%s", server);
	for (size_t i = 0; i < sizeof latencies / sizeof *latencies; i++) {
		char value[300];
		snprintf(value, sizeof value,
		         "{\"subject\":\"%s\",\"namespace\":\"default\",\"first_at\":\"2025-01-01T00:00:00.000000Z\","
		         "\"last_at\":\"2025-01-01T00:00:00.000000Z\",\"latency\":%s}",
		         server, latencies[i]);
		house_damage(h, key, value);
		assert_status(aim_usage_total(h->registry, S(server), &u, NULL), AIM_E_STORE_CORRUPT);
		assert_status(add(h, agent, server, "x", AIM_USAGE_SUCCESS, 1), AIM_E_STORE_CORRUPT);
	}
}

typedef struct counter {
	house *h;
	const char *agent, *server;
} counter;

#define THREADS 4
#define CALLS 25

static void *count_many(void *arg)
{
	counter *c = arg;
	for (int i = 0; i < CALLS; i++)
		if (add(c->h, c->agent, c->server, "x", AIM_USAGE_SUCCESS, i) != AIM_OK)
			return c;
	return NULL;
}

static void no_call_is_lost_between_threads(void **state)
{
	house *h = *state;
	char agent[37], server[37];
	pthread_t threads[THREADS];
	counter c = {h, agent, server};
	house_agent(h, "a", agent);
	house_server(h, "s", server);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, &c), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(total(h, server).n_calls, THREADS * CALLS);
	assert_int_equal(total(h, agent).n_timed, THREADS * CALLS);
}

static aim_status ignore(void *user, const aim_usage *u)
{
	(void)user, (void)u;
	return AIM_OK;
}

static aim_status everything(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	aim_agent_spec a = {.struct_size = sizeof a, .name = S("a")};
	aim_server_spec s = {.struct_size = sizeof s, .name = S("s"), .url = S("https://h/")};
	aim_usage_call c = {.struct_size = sizeof c, .outcome = AIM_USAGE_SUCCESS, .latency_us = 77, .capability = S("x")};
	aim_usage u = {.struct_size = sizeof u};
	rc = aim_agent_register(registry, &a, &agent, NULL);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &s, &server, NULL);
	c.agent = aim_agent_id(agent);
	c.server = aim_server_id(server);
	for (int i = 0; rc == AIM_OK && i < 2; i++)
		rc = aim_usage_add(registry, &c, NULL);
	if (rc == AIM_OK)
		rc = aim_usage_total(registry, c.server, &u, NULL);
	if (rc == AIM_OK)
		rc = aim_usage_list(registry, c.server, S(""), 0, ignore, NULL, NULL);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, house_setup, house_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_call_counts_for_agent_server_and_capability),
		TEST(percentiles_are_at_most_a_sixteenth_high),
		TEST(a_server_has_room_for_so_many_capabilities),
		TEST(what_is_no_call_is_refused),
		TEST(other_namespaces_read_nothing),
		TEST(damage_is_told),
		TEST(no_call_is_lost_between_threads),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
