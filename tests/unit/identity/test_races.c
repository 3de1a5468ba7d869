/* What others change between what a call reads and what it writes: sessions and recorded chains. */
#include "door.h"

#include <aim/delegation.h>
#include <aim/session.h>
#include <stdio.h>
#include <string.h>

#define HOUR_S 3600

typedef struct member {
	aim_key *key;
	char id[37];
	char did[64];
} member;

typedef struct scene {
	busy_house b;
	member ana, bot;
	aim_delegation *chain; /* ana → bot */
} scene;

static void join(scene *s, const char *name, uint8_t seed_byte, member *out)
{
	uint8_t seed[32] = {seed_byte, 4};
	aim_public_key pub;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = &pub, .status = AIM_REGISTRY_VERIFIED};
	assert_status(aim_key_from_seed(s->b.h.ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &out->key, NULL), AIM_OK);
	assert_status(aim_key_public(out->key, &pub), AIM_OK);
	spec.name = S(name);
	assert_status(aim_agent_register(s->b.h.registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out->id, aim_agent_id(agent).ptr);
	strcpy(out->did, aim_agent_did(agent).ptr);
	aim_agent_free(agent);
}

static int setup(void **state)
{
	static scene s;
	static const aim_str reading = {"read:*", 6};
	memset(&s, 0, sizeof s);
	busy_open(&s.b);
	join(&s, "ana", 1, &s.ana);
	join(&s, "bot", 2, &s.bot);
	aim_delegation_spec spec = {.struct_size = sizeof spec, .capabilities = &reading, .n_capabilities = 1};
	spec.child = S(s.bot.did);
	spec.expires_at_s = test_now_us / 1000000 + HOUR_S;
	assert_status(aim_delegation_create(s.b.h.ctx, s.ana.key, S(s.ana.did), &spec, &s.chain, NULL), AIM_OK);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	scene *s = *state;
	aim_delegation_free(s->chain);
	aim_key_unref(s->bot.key);
	aim_key_unref(s->ana.key);
	busy_close(&s->b);
	return 0;
}

static void move(scene *s, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	assert_status(aim_agent_move(s->b.rival, S(s->bot.id), &m, NULL), AIM_OK);
}

static void suspend(void *user)
{
	move(user, AIM_REGISTRY_SUSPENDED);
}

/* ---- sessions ---- */

static aim_status create(scene *s, char token[AIM_SESSION_TOKEN_SIZE])
{
	aim_session_spec spec = {.struct_size = sizeof spec, .agent = S(s->bot.id)};
	return aim_session_create(s->b.h.registry, &spec, token, NULL, NULL);
}

static void suspend_and_end_sessions(void *user)
{
	scene *s = user;
	move(s, AIM_REGISTRY_SUSPENDED);
	assert_status(aim_session_revoke_all(s->b.rival, S(s->bot.id), S("ana"), NULL, NULL), AIM_OK);
}

/* Otherwise the session would come to life when the suspension is lifted, though all were ended meanwhile. */
static void no_session_outlives_a_suspension_it_did_not_see(void **state)
{
	scene *s = *state;
	char token[AIM_SESSION_TOKEN_SIZE] = "";
	uint64_t n = 1;
	door_rival(&s->b.d, suspend_and_end_sessions, s, 1);
	assert_status(create(s, token), AIM_E_ID_STATUS);
	assert_string_equal(token, "");
	move(s, AIM_REGISTRY_VERIFIED);
	assert_status(aim_session_count(s->b.h.registry, S(s->bot.id), &n, NULL), AIM_OK);
	assert_int_equal(n, 0);
}

static void suspend_and_lift(void *user)
{
	move(user, AIM_REGISTRY_SUSPENDED);
	move(user, AIM_REGISTRY_VERIFIED);
}

static void a_session_is_created_when_the_agent_is_active_again(void **state)
{
	scene *s = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	door_rival(&s->b.d, suspend_and_lift, s, 2);
	assert_status(create(s, token), AIM_OK);
	assert_status(aim_session_validate(s->b.h.registry, S(s->bot.id), S(token), NULL, NULL), AIM_OK);
}

/* ---- chains ---- */

static aim_status record(scene *s, aim_error *err)
{
	return aim_delegation_record(s->b.h.registry, s->chain, NULL, S("ana"), err);
}

static aim_str link_id(const scene *s)
{
	aim_delegation_link l = {.struct_size = sizeof l};
	assert_status(aim_delegation_at(s->chain, 0, &l), AIM_OK);
	return l.id;
}

static void not_recorded(scene *s, void (*first)(void *), aim_status expected)
{
	aim_delegation *found = NULL;
	door_rival(&s->b.d, first, s, 1);
	assert_status(record(s, NULL), expected);
	assert_status(aim_delegation_find(s->b.h.registry, link_id(s), &found, NULL), AIM_E_NOT_FOUND);
	assert_int_equal(strstr(house_last_record(&s->b.h), "\"action\":\"record\"") != NULL, 0);
}

static void a_chain_of_a_suspended_agent_is_not_recorded(void **state)
{
	not_recorded(*state, suspend, AIM_E_ID_STATUS);
}

static void revoke_link(void *user)
{
	scene *s = user;
	assert_status(aim_delegation_revoke(s->b.rival, link_id(s), S(""), S("ana"), NULL), AIM_OK);
}

static void a_revoked_chain_is_not_recorded(void **state)
{
	not_recorded(*state, revoke_link, AIM_E_DELEGATION_REVOKED);
}

static void another_agent(void *user)
{
	scene *s = user;
	char name[32];
	snprintf(name, sizeof name, "other %d", s->b.d.times);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S(name)};
	assert_status(aim_agent_register(s->b.rival, &spec, NULL, NULL), AIM_OK);
}

static void what_does_not_concern_a_chain_does_not_keep_it_out(void **state)
{
	scene *s = *state;
	aim_delegation *found = NULL;
	aim_error err = {0};
	door_rival(&s->b.d, another_agent, s, 3);
	assert_status(record(s, &err), AIM_OK);
	assert_status(aim_delegation_find(s->b.h.registry, link_id(s), &found, NULL), AIM_OK);
	aim_delegation_free(found);
	door_rival(&s->b.d, another_agent, s, 0);
	assert_status(record(s, NULL), AIM_OK); /* it is there already */
}

static void record_first(void *user)
{
	scene *s = user;
	assert_status(aim_delegation_record(s->b.rival, s->chain, NULL, S("rival"), NULL), AIM_OK);
}

static void the_same_chain_may_be_recorded_by_two(void **state)
{
	scene *s = *state;
	door_rival(&s->b.d, record_first, s, 1);
	assert_status(record(s, NULL), AIM_OK);
	assert_int_equal(house_records(&s->b.h, "delegation"), 1);
}

/* ---- reads that fail ---- */

/* Whatever cannot be read is no permission: each read of the call fails once. */
static void a_read_that_fails_permits_nothing(void **state)
{
	scene *s = *state;
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_delegation_check check = {.struct_size = sizeof check, .registry = s->b.h.registry};
	assert_status(create(s, token), AIM_OK);
	assert_status(record(s, NULL), AIM_OK);
	s->b.d.fail_get = AIM_E_IO;
	size_t before = s->b.d.n_gets;
	assert_status(aim_delegation_verify(s->chain, &check, NULL, NULL), AIM_OK);
	size_t n_verify = s->b.d.n_gets - before;
	before = s->b.d.n_gets;
	assert_status(aim_session_validate(s->b.h.registry, S(s->bot.id), S(token), NULL, NULL), AIM_OK);
	size_t n_validate = s->b.d.n_gets - before;
	assert_true(n_verify > 2 && n_validate > 1);
	for (size_t i = 1; i <= n_verify; i++) {
		s->b.d.fail_get_at = i;
		assert_status(aim_delegation_verify(s->chain, &check, NULL, NULL), AIM_E_IO);
	}
	for (size_t i = 1; i <= n_validate; i++) {
		s->b.d.fail_get_at = i;
		assert_status(aim_session_validate(s->b.h.registry, S(s->bot.id), S(token), NULL, NULL), AIM_E_IO);
	}
	s->b.d.fail_scan = AIM_E_IO;
	assert_status(aim_delegation_verify_agent(s->b.h.registry, S(s->bot.did), S(""), S("read:a"), 0, NULL, NULL),
	              AIM_E_IO);
	s->b.d.fail_scan = AIM_OK;
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_session_outlives_a_suspension_it_did_not_see),
		T(a_session_is_created_when_the_agent_is_active_again),
		T(a_chain_of_a_suspended_agent_is_not_recorded),
		T(a_revoked_chain_is_not_recorded),
		T(what_does_not_concern_a_chain_does_not_keep_it_out),
		T(the_same_chain_may_be_recorded_by_two),
		T(a_read_that_fails_permits_nothing),
	};
	return cmocka_run_group_tests_name("identity/races", tests, NULL, NULL);
}
