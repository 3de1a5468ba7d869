/* Memory: a warm guard allocates nothing for a call, and any allocation may fail without a leak, a crash or a
 * line slipping through. */
#include "rig.h"
#include "talk.h"

#include <stdio.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","

static const char policy[] = "{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"a\",\"effect\":\"allow\",\"tools\":[\"read\"]},"
                             "{\"id\":\"d\",\"effect\":\"deny\",\"tools\":[\"wipe\"]},"
                             "{\"id\":\"k\",\"effect\":\"ask\",\"tools\":[\"mail\"]}]}";

static void call(rig *r, unsigned id, const char *tool)
{
	char line[256];
	snprintf(line, sizeof line, J "\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\",\"arguments\":{\"path\":\"/a/%u\"}}}",
	         id, tool, id);
	rig_client(r, line);
	snprintf(line, sizeof line, J "\"id\":%u,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}", id);
	if (aim_guard_output(r->guard, AIM_GUARD_SERVER).len)
		rig_server(r, line);
	(void)rig_taken(r, AIM_GUARD_SERVER);
	(void)rig_taken(r, AIM_GUARD_CLIENT);
}

/* Everything that a policy may ask about is stated from what is there. */
static const char curious[] = "{\"version\":1,\"name\":\"c\",\"rules\":[{\"id\":\"a\",\"effect\":\"allow\",\"tools\":[\"read\"],\"when\":{"
                              "\"args\":{\"/path\":{\"prefix\":[\"/a/\"]}},\"scan\":\"clean\",\"session\":\"run-1\",\"time\":{\"from\":\"00:00\","
                              "\"to\":\"23:59\",\"utc_offset\":\"Z\"}}},{\"id\":\"r\",\"effect\":\"deny\",\"tools\":[\"read\"],\"when\":{\"rate\":"
                              "{\"at_least\":100000,\"window_s\":60,\"per\":[\"tool\"]}}}]}";

static void a_warm_call_allocates_nothing(void **state)
{
	(void)state;
	static const rig_setup setups[] = {{.policy = policy}, {.preset = AIM_GUARD_PINNED},
	                                   {.policy = curious, .with_rates = 1}};
	for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
		rig r;
		rig_start(&r, &setups[i]);
		rig_list(&r, RIG_TOOL("read", "Reads.") "," RIG_TOOL("wipe", "Wipes."));
		for (unsigned id = 1000; id < 1200; id++)
			call(&r, id, id % 2 ? "read" : "wipe");
		aim_guard_counters n = {.struct_size = sizeof n};
		assert_status(aim_guard_count(r.guard, &n), AIM_OK);
		assert_int_equal(n.n_allowed, setups[i].policy ? 100 : 200);
		size_t before = r.heap.n_allocs;
		for (unsigned id = 1200; id < 1400; id++)
			call(&r, id, id % 2 ? "read" : "wipe");
		assert_int_equal(r.heap.n_allocs, before);
		rig_stop(&r);
	}
}

static void a_warm_list_with_a_baseline_allocates_nothing(void **state)
{
	(void)state;
	rig r;
	rig_setup setup = {.with_registry = 1};
	rig_start(&r, &setup);
	for (unsigned i = 0; i < 5; i++) {
		rig_list(&r, RIG_TOOL("read", "Reads.") "," RIG_TOOL("look", "Looks."));
		(void)rig_taken(&r, AIM_GUARD_CLIENT);
	}
	size_t before = r.heap.n_allocs;
	rig_list(&r, RIG_TOOL("read", "Reads.") "," RIG_TOOL("look", "Looks."));
	assert_int_equal(r.heap.n_allocs, before);
	rig_stop(&r);
}

/* --- running out ---------------------------------------------------------------------------------------- */

typedef struct parts {
	aim_store *store;
	aim_audit *log;
	aim_policy *policy;
	aim_authorizer *authorizer;
	aim_registry *registry;
	aim_agent *agent;
	aim_server *server;
	aim_guard *guard;
} parts;

static aim_status register_both(parts *p)
{
	aim_agent_spec a = {.struct_size = sizeof a, .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec s = {.struct_size = sizeof s};
	a.name = aim_str_from("tester");
	s.name = aim_str_from("files");
	s.command = aim_str_from("server");
	aim_status rc = aim_registry_open(p->log, NULL, &p->registry, NULL);
	if (rc == AIM_OK)
		rc = aim_agent_register(p->registry, &a, &p->agent, NULL);
	return rc == AIM_OK ? aim_server_register(p->registry, &s, &p->server, NULL) : rc;
}

static aim_status build(aim_ctx *ctx, parts *p)
{
	aim_guard_options o = {.struct_size = sizeof o};
	aim_status rc = aim_store_open_memory(ctx, NULL, &p->store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(p->store, NULL, &p->log, NULL);
	if (rc == AIM_OK)
		rc = aim_policy_compile(ctx, aim_bytes_from(policy, sizeof policy - 1), NULL, &p->policy, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_authorizer_new(ctx, p->policy, &p->authorizer, NULL);
	if (rc == AIM_OK)
		rc = register_both(p);
	if (rc != AIM_OK)
		return rc;
	o.audit = p->log;
	o.authorizer = p->authorizer;
	o.registry = p->registry;
	o.agent = aim_agent_id(p->agent);
	o.server = aim_server_id(p->server);
	o.flags = AIM_GUARD_KEEP_APPROVALS;
	return aim_guard_new(ctx, &o, &p->guard, NULL);
}

static void tear_down(parts *p)
{
	aim_guard_free(p->guard);
	aim_agent_free(p->agent);
	aim_server_free(p->server);
	aim_registry_free(p->registry);
	aim_authorizer_free(p->authorizer);
	aim_policy_unref(p->policy);
	aim_audit_free(p->log);
	aim_store_free(p->store);
}

static aim_status converse(aim_guard *guard)
{
	for (size_t i = 0; i < TALK_N; i++) {
		size_t used = 0;
		aim_bytes text = aim_bytes_from(talk[i].text, strlen(talk[i].text));
		aim_status rc = aim_guard_feed(guard, talk[i].from, text, &used, NULL);
		if (rc == AIM_OK)
			rc = aim_guard_feed(guard, talk[i].from, aim_bytes_from("\n", 1), &used, NULL);
		if (rc != AIM_OK)
			return rc;
	}
	aim_status rc = aim_guard_end(guard, AIM_GUARD_CLIENT, NULL);
	return rc == AIM_OK ? aim_guard_end(guard, AIM_GUARD_SERVER, NULL) : rc;
}

static aim_status whole_life(aim_ctx *ctx, void *arg)
{
	parts p = {0};
	(void)arg;
	aim_status rc = build(ctx, &p);
	if (rc == AIM_OK)
		rc = converse(p.guard);
	tear_down(&p);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_life, NULL);
}

/* Nor does a tool slip through whose scan ran out of memory. */
static aim_status poisoned_life(aim_ctx *ctx, void *arg)
{
	static const talk_line poisoned[] = {
		{AIM_GUARD_CLIENT, J "\"id\":1,\"method\":\"tools/list\"}\n"},
		{AIM_GUARD_SERVER, J "\"id\":1,\"result\":{\"tools\":[" RIG_TOOL("read", "Adds two\\u200b numbers.") "]}}\n"},
		{AIM_GUARD_CLIENT, J "\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}\n"},
	};
	parts p = {0};
	(void)arg;
	aim_status rc = build(ctx, &p);
	for (size_t i = 0; rc == AIM_OK && i < sizeof poisoned / sizeof *poisoned; i++) {
		size_t used = 0;
		rc = aim_guard_feed(p.guard, poisoned[i].from, aim_bytes_from(poisoned[i].text, strlen(poisoned[i].text)), &used, NULL);
	}
	for (uint32_t side = AIM_GUARD_CLIENT; p.guard && side <= AIM_GUARD_SERVER; side++) {
		aim_bytes out = aim_guard_output(p.guard, side);
		for (size_t i = 0; i + 10 < out.len; i++)
			assert_true(memcmp(out.ptr + i, "Adds two", 8) != 0 && memcmp(out.ptr + i, "tools/call", 10) != 0);
	}
	tear_down(&p);
	return rc;
}

static void every_allocation_of_a_scan_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(poisoned_life, NULL);
}

/* Nor does a call that waits for a person. */
static aim_status waiting_life(aim_ctx *ctx, void *arg)
{
	static const char line[] = J "\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"mail\",\"arguments\":{\"to\":\"ana\"}}}\n";
	parts p = {0};
	size_t used = 0;
	(void)arg;
	aim_status rc = build(ctx, &p);
	if (rc == AIM_OK)
		rc = aim_guard_feed(p.guard, AIM_GUARD_CLIENT, aim_bytes_from(line, sizeof line - 1), &used, NULL);
	if (p.guard)
		assert_int_equal(aim_guard_output(p.guard, AIM_GUARD_SERVER).len, 0);
	tear_down(&p);
	return rc;
}

static void every_allocation_of_a_question_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(waiting_life, NULL);
}

/* The user pointer is handed over whatever comes of it. */
static void count_destroy(void *user)
{
	++*(unsigned *)user;
}

static void destroy_runs_once_on_every_outcome(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	unsigned n = 0;
	aim_guard *guard = NULL;
	aim_guard_options o = {.struct_size = sizeof o, .user = &n, .destroy = count_destroy};
	assert_status(aim_guard_new(ctx, &o, &guard, NULL), AIM_OK);
	assert_int_equal(n, 0);
	aim_guard_free(guard);
	assert_int_equal(n, 1);
	o.preset = 99;
	assert_status(aim_guard_new(ctx, &o, &guard, NULL), AIM_E_INVALID);
	assert_int_equal(n, 2);
	o.preset = 0;
	heap.n_allocs = 0;
	heap.fail_at = 2;
	assert_status(aim_guard_new(ctx, &o, &guard, NULL), AIM_E_NOMEM);
	assert_int_equal(n, 3);
	heap.fail_at = 0;
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_warm_call_allocates_nothing),
		cmocka_unit_test(a_warm_list_with_a_baseline_allocates_nothing),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(every_allocation_of_a_scan_may_fail),
		cmocka_unit_test(every_allocation_of_a_question_may_fail),
		cmocka_unit_test(destroy_runs_once_on_every_outcome),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
