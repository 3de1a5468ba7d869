/* Children of agents: who may become a parent, also when that changes while the child is being registered. */
#include "door.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
	static busy_house b;
	busy_open(&b);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	busy_close(*state);
	return 0;
}

static void add(aim_registry *registry, const char *name, uint32_t status, int64_t expires_at_s, char out_id[37])
{
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S(name), .owner = S("ana@example.org"), .status = status};
	spec.expires_at_s = expires_at_s;
	spec.trust_ceiling_micro = 700000;
	assert_status(aim_agent_register(registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out_id, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
}

static aim_status add_child(busy_house *b, const char *parent, aim_agent **out, aim_error *err)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("child"), .parent = S(parent)};
	return aim_agent_register(b->h.registry, &spec, out, err);
}

/* ---- the parent's status ---- */

static void refused(busy_house *b, const char *parent, const char *words)
{
	aim_error err = {0};
	size_t before = house_records(&b->h, NULL);
	assert_status(add_child(b, parent, NULL, &err), AIM_E_ID_STATUS);
	assert_non_null(strstr(err.message, parent));
	assert_non_null(strstr(err.message, words));
	assert_int_equal(house_records(&b->h, NULL), before);
}

static void only_an_active_agent_becomes_a_parent(void **state)
{
	static const struct {
		uint32_t status;
		const char *words;
	} moves[] = {{AIM_REGISTRY_SUSPENDED, "is suspended; expected verified"},
	             {AIM_REGISTRY_REVOKED, "is revoked; expected verified"}};
	busy_house *b = *state;
	char id[37];
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED};
	add(b->h.registry, "parent", AIM_REGISTRY_PENDING, 0, id);
	refused(b, id, "is pending; expected verified");
	assert_status(aim_agent_move(b->h.registry, S(id), &move, NULL), AIM_OK);
	assert_status(add_child(b, id, NULL, NULL), AIM_OK);
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		move.status = moves[i].status;
		assert_status(aim_agent_move(b->h.registry, S(id), &move, NULL), AIM_OK);
		refused(b, id, moves[i].words);
	}
}

static void an_expired_agent_becomes_no_parent(void **state)
{
	busy_house *b = *state;
	char ends_now[37], ends_later[37];
	add(b->h.registry, "now", AIM_REGISTRY_VERIFIED, test_now_us / 1000000, ends_now);
	add(b->h.registry, "later", AIM_REGISTRY_VERIFIED, test_now_us / 1000000 + 1, ends_later);
	refused(b, ends_now, "is expired; expected verified");
	assert_status(add_child(b, ends_later, NULL, NULL), AIM_OK);
}

/* ---- races ---- */

typedef struct moving {
	aim_registry *registry;
	const char *id;
	uint32_t status;
} moving;

static void move_parent(void *user)
{
	const moving *m = user;
	aim_registry_move move = {.struct_size = sizeof move, .status = m->status};
	assert_status(aim_agent_move(m->registry, S(m->id), &move, NULL), AIM_OK);
}

/* Another process suspends or revokes the parent after it was looked at and before the child is written. */
static void a_parent_that_is_ended_meanwhile_gets_no_child(void **state)
{
	static const uint32_t statuses[] = {AIM_REGISTRY_SUSPENDED, AIM_REGISTRY_REVOKED};
	busy_house *b = *state;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		char id[37], name[16];
		snprintf(name, sizeof name, "parent %zu", i);
		add(b->h.registry, name, AIM_REGISTRY_VERIFIED, 0, id);
		moving m = {b->rival, id, statuses[i]};
		door_rival(&b->d, move_parent, &m, 1);
		assert_status(add_child(b, id, NULL, NULL), AIM_E_ID_STATUS);
		aim_agent *child = NULL;
		assert_status(aim_agent_find_name(b->h.registry, S("child"), &child, NULL), AIM_E_NOT_FOUND);
	}
}

/* The parent changed and is active still: the child is registered under what it is now. */
static void another_change_of_the_parent_is_no_obstacle(void **state)
{
	busy_house *b = *state;
	char id[37];
	aim_agent *child = NULL;
	add(b->h.registry, "parent", AIM_REGISTRY_VERIFIED, 0, id);
	snprintf(b->d.key, sizeof b->d.key, "agent/%s", id);
	door_touch(&b->d, 3);
	assert_status(add_child(b, id, &child, NULL), AIM_OK);
	assert_int_equal(b->d.times, 0);
	assert_text(aim_agent_owner(child), "ana@example.org");
	assert_int_equal(aim_agent_trust_ceiling_micro(child), 700000);
	aim_agent_free(child);
	door_touch(&b->d, 100000);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("second"), .parent = S(id)};
	assert_status(aim_agent_register(b->h.registry, &spec, NULL, NULL), AIM_E_CONFLICT);
	door_touch(&b->d, 0);
}

static void take_name(void *user)
{
	const moving *m = user;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("child")};
	assert_status(aim_agent_register(m->registry, &spec, NULL, NULL), AIM_OK);
}

static void a_taken_name_is_told_from_a_changed_parent(void **state)
{
	busy_house *b = *state;
	char id[37];
	moving m = {.registry = b->rival};
	aim_error err = {0};
	add(b->h.registry, "parent", AIM_REGISTRY_VERIFIED, 0, id);
	door_rival(&b->d, take_name, &m, 1);
	assert_status(add_child(b, id, NULL, &err), AIM_E_EXISTS);
	assert_non_null(strstr(err.message, "the name \"child\""));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_an_active_agent_becomes_a_parent),
		T(an_expired_agent_becomes_no_parent),
		T(a_parent_that_is_ended_meanwhile_gets_no_child),
		T(another_change_of_the_parent_is_no_obstacle),
		T(a_taken_name_is_told_from_a_changed_parent),
	};
	return cmocka_run_group_tests_name("identity/family", tests, NULL, NULL);
}
