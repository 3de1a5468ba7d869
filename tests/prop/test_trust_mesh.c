/* Laws of the stored `mesh-5`, held against the rules counted by hand: whatever comes in, in whatever order and however
 * often, the counters are those of the interactions that were accepted; they stay within 0 and the ceiling; an event id
 * counts once; what was refused changes nothing; the rows of the history lead from each state to the next. */
#include "../unit/identity/house.h"

#include <aim/trustmesh.h>

#include <stdio.h>
#include <string.h>

#define N_SUBJECTS 3u
#define N_IDS 400u
#define N_STEPS 1500u
#define NEWEST 50u

static uint64_t seed = 20261124;

static uint64_t pick(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

/* What the rules say, kept beside the store. */
typedef struct model {
	char name[64];
	int32_t counters[AIM_TRUSTMESH_COUNTERS];
	int32_t ceiling;
	uint32_t outcome_of[N_IDS]; /* 0: the id was not counted */
	size_t n;
} model;

static void count_by_hand(model *m, uint32_t outcome)
{
	static const int32_t delta[] = {0, 10, -20, -10, 5};
	static const size_t moves[] = {0, AIM_TRUSTMESH_COMPETENCE, AIM_TRUSTMESH_INTEGRITY, AIM_TRUSTMESH_AVAILABILITY, 0};
	m->counters[0] += delta[outcome];
	if (moves[outcome])
		m->counters[moves[outcome]] += delta[outcome];
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++)
		m->counters[i] = m->counters[i] < 0 ? 0 : m->counters[i] > m->ceiling ? m->ceiling : m->counters[i];
}

static void compare(house *h, const model *m)
{
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	assert_status(aim_trustmesh_score(h->registry, S(m->name), NULL, &mesh, NULL), AIM_OK);
	uint32_t got[] = {mesh.overall,      mesh.competence,     mesh.integrity,
	                  mesh.availability, mesh.predictability, mesh.transparency};
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++)
		assert_int_equal(got[i], m->counters[i]);
}

static void step(house *h, model *m)
{
	static const uint32_t odds[] = {1, 1, 1, 1, 2, 3, 4};
	char id[16];
	size_t n = pick(N_IDS);
	aim_trustmesh_change change = {.struct_size = sizeof change};
	aim_trustmesh_interaction i = {.struct_size = sizeof i, .outcome = odds[pick(7)], .subject = S(m->name)};
	snprintf(id, sizeof id, "event-%zu", n);
	i.source = S("gateway-1");
	i.id = S(id);
	aim_status rc = aim_trustmesh_record(h->registry, &i, NULL, &change, NULL);
	if (m->outcome_of[n] && m->outcome_of[n] != i.outcome) {
		assert_status(rc, AIM_E_TRUST_EVENT);
		return;
	}
	assert_status(rc, AIM_OK);
	assert_int_equal(change.flags, m->outcome_of[n] ? 0 : AIM_TRUSTMESH_COUNTED);
	if (!m->outcome_of[n]) {
		count_by_hand(m, i.outcome);
		m->n++;
	}
	m->outcome_of[n] = i.outcome;
	for (size_t k = 0; k < AIM_TRUSTMESH_COUNTERS; k++)
		assert_int_equal(change.after[k], m->counters[k]);
}

typedef struct chain {
	uint32_t next[AIM_TRUSTMESH_COUNTERS]; /* the state before the row that was seen last */
	size_t n;
} chain;

static aim_status follow(void *user, const aim_trustmesh_moment *moment)
{
	chain *c = user;
	if (c->n++ > 0)
		assert_memory_equal(moment->after, c->next, sizeof c->next);
	memcpy(c->next, moment->before, sizeof c->next);
	return AIM_OK;
}

static void begin(model *m, const char *name, int32_t start, int32_t ceiling)
{
	snprintf(m->name, sizeof m->name, "%s", name);
	m->ceiling = ceiling;
	for (size_t i = 0; i < AIM_TRUSTMESH_COUNTERS; i++)
		m->counters[i] = start;
}

static void test_counters_are_the_rules(void **state)
{
	static model models[N_SUBJECTS];
	house *h = *state;
	char agent[37], bounded[37] = "";
	aim_agent *low = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("bounded"), .trust_ceiling_micro = 530000};
	house_agent(h, "agent", agent);
	assert_status(aim_agent_register(h->registry, &spec, &low, NULL), AIM_OK);
	memcpy(bounded, aim_agent_id(low).ptr, 36);
	aim_agent_free(low);
	begin(&models[0], agent, 500, 1000);
	begin(&models[1], bounded, 500, 530);
	begin(&models[2], "did:mesh:abc123", 0, 1000);
	for (size_t n = 0; n < N_STEPS; n++)
		step(h, &models[pick(N_SUBJECTS)]);
	for (size_t i = 0; i < N_SUBJECTS; i++) {
		chain c = {.n = 0};
		compare(h, &models[i]);
		assert_status(aim_trustmesh_history(h->registry, S(models[i].name), NEWEST, follow, &c, NULL), AIM_OK);
		assert_int_equal(c.n, NEWEST);
	}
}

/* Interactions that say when they happened are counted in the order of (time, id), or not at all. */
static void test_accepted_in_order(void **state)
{
	house *h = *state;
	int64_t last_us = 0;
	char last[16] = "", id[16];
	uint32_t n = 0;
	aim_trustinterop_mesh mesh = {.struct_size = sizeof mesh};
	for (size_t k = 0; k < N_STEPS; k++) {
		aim_trustmesh_interaction i = {.struct_size = sizeof i, .outcome = AIM_TRUSTINTEROP_PARTIAL};
		snprintf(id, sizeof id, "%03zu-%04zu", (size_t)pick(1000), k);
		i.subject = S("did:mesh:abc123");
		i.source = S("gateway-1");
		i.id = S(id);
		i.time_us = test_now_us - 100 + (int64_t)(k / 20) + (int64_t)pick(5);
		int behind = i.time_us > last_us || (i.time_us == last_us && strcmp(id, last) > 0);
		assert_status(aim_trustmesh_record(h->registry, &i, NULL, NULL, NULL), behind ? AIM_OK : AIM_E_STALE);
		if (!behind)
			continue;
		last_us = i.time_us;
		memcpy(last, id, sizeof last);
		n++;
	}
	assert_true(n > 10 && n < N_STEPS);
	assert_status(aim_trustmesh_score(h->registry, S("did:mesh:abc123"), NULL, &mesh, NULL), AIM_OK);
	assert_int_equal(mesh.overall, n * 5 > 1000 ? 1000 : n * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counters_are_the_rules, house_setup, house_teardown),
		cmocka_unit_test_setup_teardown(test_accepted_in_order, house_setup, house_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
