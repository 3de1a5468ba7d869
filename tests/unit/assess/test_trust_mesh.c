/* mesh-5 in a store: who begins where, what counts once and in which order, who may be trusted, what is recorded. */
#include "../identity/house.h"

#include "assess/trust_mesh_store.h"
#include "store/id.h"

#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400000000)
#define STRANGER "did:mesh:abc123"

typedef struct shop {
	house *h;
	char agent[37];
	aim_trustmesh_change change;
	aim_trustinterop_mesh mesh;
} shop;

static shop shop_open(void **state)
{
	shop s = {.h = *state};
	house_agent(s.h, "agent", s.agent);
	s.change.struct_size = sizeof s.change;
	s.mesh.struct_size = sizeof s.mesh;
	return s;
}

static aim_trustmesh_interaction with(const char *subject, const char *id, uint32_t outcome)
{
	aim_trustmesh_interaction i = {.struct_size = sizeof i, .outcome = outcome};
	i.subject = S(subject);
	i.source = S("gateway-1");
	i.id = S(id);
	i.cause = S("read a file");
	return i;
}

static aim_status record(shop *s, const char *subject, const char *id, uint32_t outcome)
{
	aim_trustmesh_interaction i = with(subject, id, outcome);
	return aim_trustmesh_record(s->h->registry, &i, NULL, &s->change, NULL);
}

static uint32_t overall(shop *s, const char *subject)
{
	assert_status(aim_trustmesh_score(s->h->registry, S(subject), NULL, &s->mesh, NULL), AIM_OK);
	return s->mesh.overall;
}

static void test_registered_begins_at_500(void **state)
{
	shop s = shop_open(state);
	size_t before = house_records(s.h, NULL);
	aim_trustmesh_options o = {.struct_size = sizeof o, .start = 700};
	assert_int_equal(overall(&s, s.agent), 500);
	assert_int_equal(s.mesh.known, 1);
	assert_int_equal(s.mesh.transparency, 500);
	assert_status(aim_trustmesh_score(s.h->registry, S(s.agent), &o, &s.mesh, NULL), AIM_OK);
	assert_int_equal(s.mesh.overall, 700);
	o.start = 0;
	o.flags = AIM_TRUSTMESH_START;
	assert_status(aim_trustmesh_score(s.h->registry, S(s.agent), &o, &s.mesh, NULL), AIM_OK);
	assert_int_equal(s.mesh.overall, 0);
	assert_int_equal(house_records(s.h, NULL), before); /* asking writes nothing */
}

static void test_outcomes(void **state)
{
	static const uint32_t expected[][6] = {{510, 510, 500, 500, 500, 500},
	                                       {490, 510, 480, 500, 500, 500},
	                                       {480, 510, 480, 490, 500, 500},
	                                       {485, 510, 480, 490, 500, 500}};
	shop s = shop_open(state);
	for (uint32_t outcome = 1; outcome <= 4; outcome++) {
		char id[8];
		snprintf(id, sizeof id, "e%u", 9 - outcome); /* the clock stands still, and ids go down */
		assert_status(record(&s, s.agent, id, outcome), AIM_OK);
		assert_int_equal(s.change.flags, AIM_TRUSTMESH_COUNTED);
		assert_memory_equal(s.change.after, expected[outcome - 1], sizeof expected[0]);
	}
	assert_int_equal(overall(&s, s.agent), 485);
	assert_int_equal(s.mesh.availability, 490);
	assert_int_equal(house_records(s.h, "trust_interaction"), 4);
	assert_int_equal(house_records(s.h, "trust_tier_changed"), 1); /* below 500 with the failure */
}

static void test_stranger(void **state)
{
	shop s = shop_open(state);
	size_t before = house_records(s.h, NULL);
	assert_int_equal(overall(&s, STRANGER), 0);
	assert_int_equal(s.mesh.known, 0);
	assert_status(aim_trustmesh_check(s.h->registry, S(STRANGER), 0, NULL, &s.mesh, NULL), AIM_DENIED);
	assert_int_equal(house_records(s.h, NULL), before);
	assert_status(record(&s, STRANGER, "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	assert_int_equal(s.change.old_tier, 0);
	assert_int_equal(s.change.new_tier, AIM_TRUSTINTEROP_UNTRUSTED);
	assert_int_equal(overall(&s, STRANGER), 10);
	assert_int_equal(s.mesh.known, 1);
	assert_non_null(strstr(house_last_record(s.h), "\"old_tier\":\"unknown\""));
	assert_non_null(strstr(house_last_record(s.h), "\"subject\":\"" STRANGER "\""));
	assert_status(aim_trustmesh_check(s.h->registry, S(STRANGER), 500, NULL, &s.mesh, NULL), AIM_DENIED);
	assert_int_equal(s.mesh.overall, 10);
}

/* All names of a registered subject share its counters. */
static void test_names_are_one_subject(void **state)
{
	shop s = shop_open(state);
	aim_agent *agent = NULL;
	aim_str aliases[] = {S("did:mesh:builder")};
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("named")};
	spec.aliases = aliases;
	spec.n_aliases = 1;
	assert_status(aim_agent_register(s.h->registry, &spec, &agent, NULL), AIM_OK);
	assert_status(record(&s, "did:mesh:builder", "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	assert_status(aim_trustmesh_score(s.h->registry, aim_agent_id(agent), NULL, &s.mesh, NULL), AIM_OK);
	assert_int_equal(s.mesh.overall, 510);
	aim_trustmesh_interaction i = with("did:mesh:builder", "e2", AIM_TRUSTINTEROP_SUCCESS);
	i.source = aim_agent_id(agent);
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_TRUST_SELF);
	i.subject = i.source;
	i.source = S("did:mesh:builder");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_TRUST_SELF);
	i.subject = i.source = S(STRANGER);
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_TRUST_SELF);
	aim_agent_free(agent);
}

static void test_counts_once(void **state)
{
	shop s = shop_open(state);
	assert_status(record(&s, s.agent, "e1", AIM_TRUSTINTEROP_FAILURE), AIM_OK);
	assert_status(record(&s, s.agent, "e2", AIM_TRUSTINTEROP_FAILURE), AIM_OK);
	assert_status(record(&s, s.agent, "e1", AIM_TRUSTINTEROP_FAILURE), AIM_OK);
	assert_int_equal(s.change.flags, 0);
	assert_int_equal(s.change.after[0], 460);
	assert_status(record(&s, s.agent, "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_E_TRUST_EVENT);
	aim_trustmesh_interaction i = with(s.agent, "e1", AIM_TRUSTINTEROP_FAILURE);
	i.source = S("gateway-2");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_TRUST_EVENT);
	assert_int_equal(overall(&s, s.agent), 460);
	assert_int_equal(house_records(s.h, "trust_interaction"), 2);
	i.id = S(""); /* without one each is another */
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_OK);
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_OK);
	assert_int_equal(overall(&s, s.agent), 420);
}

static void test_order(void **state)
{
	shop s = shop_open(state);
	aim_trustmesh_interaction i = with(s.agent, "m", AIM_TRUSTINTEROP_SUCCESS);
	i.time_us = test_now_us - 10;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_OK);
	i.id = S("a");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_STALE);
	i.id = S("z");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_OK);
	i.id = S("zz");
	i.time_us--;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_STALE);
	i.time_us = test_now_us - 91 * DAY;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_STALE);
	i.time_us = test_now_us + 1;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_FUTURE);
	assert_int_equal(overall(&s, s.agent), 520);
}

static void test_ceiling(void **state)
{
	shop s = shop_open(state);
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("bounded"), .trust_ceiling_micro = 505999};
	assert_status(aim_agent_register(s.h->registry, &spec, &agent, NULL), AIM_OK);
	char id[37] = "";
	memcpy(id, aim_agent_id(agent).ptr, 36);
	assert_status(record(&s, id, "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	assert_int_equal(s.change.after[AIM_TRUSTMESH_OVERALL], 505);
	assert_int_equal(s.change.after[AIM_TRUSTMESH_COMPETENCE], 505);
	aim_agent_free(agent);
}

static void test_check(void **state)
{
	shop s = shop_open(state);
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_SUSPENDED, .reason = S("looked at")};
	assert_status(aim_trustmesh_check(s.h->registry, S(s.agent), 500, NULL, &s.mesh, NULL), AIM_OK);
	assert_int_equal(s.mesh.overall, 500);
	assert_status(aim_trustmesh_check(s.h->registry, S(s.agent), 501, NULL, NULL, NULL), AIM_DENIED);
	assert_status(aim_agent_move(s.h->registry, S(s.agent), &move, NULL), AIM_OK);
	assert_status(aim_trustmesh_check(s.h->registry, S(s.agent), 500, NULL, &s.mesh, NULL), AIM_E_ID_STATUS);
	assert_int_equal(s.mesh.known, 1);
	assert_status(aim_trustmesh_check(s.h->registry, S("agt_ffffffffffffffffffffffffffffffff"), 0, NULL, &s.mesh, NULL),
	              AIM_E_NOT_FOUND);
	assert_int_equal(s.mesh.known, 0);
}

static void test_refusals(void **state)
{
	shop s = shop_open(state);
	aim_trustmesh_interaction good = with(s.agent, "e1", AIM_TRUSTINTEROP_SUCCESS), i = good;
	aim_trustmesh_options o = {.struct_size = sizeof o, .start = 1001};
	char long_id[66] = "";
	memset(long_id, 'x', 65);
	assert_status(aim_trustmesh_record(s.h->registry, &i, &o, NULL, NULL), AIM_E_INVALID);
	o.start = 0;
	o.flags = 2;
	assert_status(aim_trustmesh_record(s.h->registry, &i, &o, NULL, NULL), AIM_E_VERSION);
	i.outcome = 0;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_INVALID);
	i.outcome = 5;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_INVALID);
	i = good;
	i.flags = 1;
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_VERSION);
	i = good;
	i.source = S("");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_INVALID);
	i = good;
	i.id = S(long_id);
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_INVALID);
	i = good;
	i.subject = S("somebody");
	assert_status(aim_trustmesh_record(s.h->registry, &i, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_trustmesh_score(s.h->registry, S("somebody"), NULL, &s.mesh, NULL), AIM_E_INVALID);
	assert_status(aim_trustmesh_check(s.h->registry, S(s.agent), 1001, NULL, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(house_records(s.h, "trust_interaction"), 0);
}

typedef struct seen {
	size_t n;
	uint64_t first, last;
	uint32_t fallen;
} seen;

static aim_status look(void *user, const aim_trustmesh_moment *m)
{
	seen *x = user;
	if (x->n++ == 0)
		x->first = m->number;
	x->last = m->number;
	x->fallen += m->old_tier > m->new_tier;
	assert_true(aim_str_equal(m->source, S("gateway-1")) && aim_str_equal(m->cause, S("read a file")));
	assert_int_equal((int)m->after[0] - (int)m->before[0], m->outcome == AIM_TRUSTINTEROP_SUCCESS ? 10 : -20);
	return AIM_OK;
}

static void test_history(void **state)
{
	shop s = shop_open(state);
	seen all = {0}, two = {0}, none = {0};
	assert_status(record(&s, s.agent, "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	assert_status(record(&s, s.agent, "e2", AIM_TRUSTINTEROP_FAILURE), AIM_OK);
	assert_status(record(&s, s.agent, "e3", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	assert_status(aim_trustmesh_history(s.h->registry, S(s.agent), 0, look, &all, NULL), AIM_OK);
	assert_int_equal(all.n, 3);
	assert_int_equal(all.first, 3);
	assert_int_equal(all.last, 1);
	assert_int_equal(all.fallen, 1);
	assert_status(aim_trustmesh_history(s.h->registry, S(s.agent), 2, look, &two, NULL), AIM_OK);
	assert_int_equal(two.n, 2);
	assert_status(aim_trustmesh_history(s.h->registry, S(STRANGER), 0, look, &none, NULL), AIM_OK);
	assert_int_equal(none.n, 0);
}

static void test_history_is_bounded(void **state)
{
	shop s = shop_open(state);
	seen all = {0};
	for (unsigned n = 0; n < AIM_TRUSTMESH_HISTORY + 2; n++) {
		char id[16];
		snprintf(id, sizeof id, "e%u", n);
		assert_status(record(&s, s.agent, id, n % 3 ? AIM_TRUSTINTEROP_SUCCESS : AIM_TRUSTINTEROP_FAILURE), AIM_OK);
	}
	assert_status(aim_trustmesh_history(s.h->registry, S(s.agent), 0, look, &all, NULL), AIM_OK);
	assert_int_equal(all.n, AIM_TRUSTMESH_HISTORY);
	assert_int_equal(all.last, 3);
}

static void test_damage_is_noticed(void **state)
{
	shop s = shop_open(state);
	char key[128];
	snprintf(key, sizeof key, "trustmesh/default/%s", s.agent);
	assert_status(record(&s, s.agent, "e1", AIM_TRUSTINTEROP_SUCCESS), AIM_OK);
	house_damage(s.h, key, "{\"subject\":\"x\",\"overall\":1001,\"changes\":1,\"last_at\":\"2026-01-01T00:00:00Z\","
	                       "\"last_event\":\"e1\",\"changed_at\":\"2026-01-01T00:00:00Z\"}");
	assert_status(aim_trustmesh_score(s.h->registry, S(s.agent), NULL, &s.mesh, NULL), AIM_E_STORE_CORRUPT);
	assert_status(aim_trustmesh_check(s.h->registry, S(s.agent), 0, NULL, NULL, NULL), AIM_E_STORE_CORRUPT);
	assert_status(record(&s, s.agent, "e2", AIM_TRUSTINTEROP_SUCCESS), AIM_E_STORE_CORRUPT);
}

static void test_names(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= AIM_TRUSTINTEROP_PARTIAL; i++)
		assert_int_equal(aim_trustmesh_outcome_named(S(aim_trustmesh_outcome_name(i))), i);
	assert_int_equal(aim_trustmesh_outcome_named(S("Success")), 0);
	assert_int_equal(aim_trustmesh_outcome_named(S("unknown")), 0);
	assert_string_equal(aim_trustmesh_outcome_name(9), "unknown");
	assert_string_equal(aim_trustmesh_counter_name(AIM_TRUSTMESH_TRANSPARENCY), "transparency");
	assert_string_equal(aim_trustmesh_counter_name(AIM_TRUSTMESH_COUNTERS), "unknown");
}

static aim_status count_moment(void *user, const aim_trustmesh_moment *m)
{
	(void)m;
	++*(size_t *)user;
	return AIM_OK;
}

static aim_status use_body(aim_ctx *ctx, void *arg)
{
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	aim_trustmesh_interaction i = with(STRANGER, "", AIM_TRUSTINTEROP_SUCCESS);
	size_t n = 0;
	(void)arg;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_trustmesh_record(registry, &i, NULL, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_trustmesh_check(registry, S(STRANGER), 10, NULL, &mesh, NULL);
	if (rc == AIM_OK)
		rc = aim_trustmesh_history(registry, S(STRANGER), 0, count_moment, &n, NULL);
	house_close(store, log, registry);
	return rc;
}

static void test_allocations(void **state)
{
	(void)state;
	test_each_allocation_fails(use_body, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_registered_begins_at_500), TEST(test_outcomes), TEST(test_stranger), TEST(test_names_are_one_subject),
		TEST(test_counts_once), TEST(test_order), TEST(test_ceiling), TEST(test_check), TEST(test_refusals),
		TEST(test_history), TEST(test_history_is_bounded), TEST(test_damage_is_noticed), cmocka_unit_test(test_names),
		cmocka_unit_test(test_allocations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
