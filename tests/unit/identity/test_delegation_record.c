/* Chains in the registry: keys of registered agents, recorded and found, revoked links and agents, evidence. */
#include "house.h"

#include <aim/delegation.h>
#include <aim/did.h>
#include <aim/keyform.h>
#include <string.h>

typedef struct member {
	aim_key *key;
	char id[37];
	char did[64];
} member;

static const aim_str reading = {"read:*", 6};
static int64_t now_s;

/* With an owner and a trust ceiling (0: none). */
static void join_as(house *h, const char *name, uint8_t seed_byte, const char *owner, int64_t ceiling, member *out)
{
	uint8_t seed[32] = {seed_byte, 3};
	aim_public_key pub;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = &pub, .status = AIM_REGISTRY_VERIFIED};
	spec.owner = S(owner);
	spec.trust_ceiling_micro = ceiling;
	assert_status(aim_key_from_seed(h->ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &out->key, NULL), AIM_OK);
	assert_status(aim_key_public(out->key, &pub), AIM_OK);
	spec.name = S(name);
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out->id, aim_agent_id(agent).ptr);
	strcpy(out->did, aim_agent_did(agent).ptr);
	aim_agent_free(agent);
}

static void join(house *h, const char *name, uint8_t seed_byte, member *out)
{
	join_as(h, name, seed_byte, "", 0, out);
}

typedef struct trio {
	house *h;
	member ana, bot, helper;
	aim_delegation *one, *two; /* ana → bot → helper */
} trio;

static aim_delegation_spec spec_to(const member *child)
{
	aim_delegation_spec s = {.struct_size = sizeof s, .capabilities = &reading, .n_capabilities = 1};
	s.child = S(child->did);
	s.expires_at_s = now_s + 3600;
	return s;
}

static int setup(void **state)
{
	static trio t;
	void *h = NULL;
	house_setup(&h);
	memset(&t, 0, sizeof t);
	t.h = h;
	now_s = test_now_us / 1000000;
	join(t.h, "ana", 1, &t.ana);
	join(t.h, "bot", 2, &t.bot);
	join(t.h, "helper", 3, &t.helper);
	aim_delegation_spec s = spec_to(&t.bot);
	assert_status(aim_delegation_create(t.h->ctx, t.ana.key, S(t.ana.did), &s, &t.one, NULL), AIM_OK);
	s = spec_to(&t.helper);
	assert_status(aim_delegation_extend(t.one, t.bot.key, &s, &t.two, NULL), AIM_OK);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	trio *t = *state;
	void *h = t->h;
	aim_delegation_free(t->two);
	aim_delegation_free(t->one);
	aim_key_unref(t->helper.key);
	aim_key_unref(t->bot.key);
	aim_key_unref(t->ana.key);
	return house_teardown(&h);
}

static aim_status verify(trio *t, const aim_delegation *chain, uint32_t rule, uint32_t link)
{
	aim_delegation_check c = {.struct_size = sizeof c, .registry = t->h->registry};
	aim_delegation_result r = {.struct_size = sizeof r};
	aim_error err = {0};
	aim_status rc = aim_delegation_verify(chain, &c, &r, &err);
	if (r.rule != rule || r.link != link)
		fail_msg("rule %s, link %u (%s); expected %s, link %u", aim_delegation_rule_name(r.rule), r.link,
		         err.message, aim_delegation_rule_name(rule), link);
	return rc;
}

static void move(trio *t, const member *who, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status};
	assert_status(aim_agent_move(t->h->registry, S(who->id), &m, NULL), AIM_OK);
}

static aim_str last_id(const aim_delegation *chain)
{
	aim_delegation_link l = {.struct_size = sizeof l};
	assert_status(aim_delegation_at(chain, aim_delegation_count(chain) - 1, &l), AIM_OK);
	return l.id;
}

static void test_keys_of_registered_agents(void **state)
{
	trio *t = *state;
	assert_status(verify(t, t->one, AIM_DELEGATION_VALID, 0), AIM_OK);
	assert_status(verify(t, t->two, AIM_DELEGATION_VALID, 0), AIM_OK);
}

/* Whoever is suspended, revoked or expired takes all below along, and again at once when it is lifted. */
static void test_an_inactive_agent_ends_all_below(void **state)
{
	trio *t = *state;
	move(t, &t->bot, AIM_REGISTRY_SUSPENDED);
	assert_status(verify(t, t->two, AIM_DELEGATION_INACTIVE, 0), AIM_E_ID_STATUS);
	move(t, &t->bot, AIM_REGISTRY_VERIFIED);
	assert_status(verify(t, t->two, AIM_DELEGATION_VALID, 0), AIM_OK);
	move(t, &t->helper, AIM_REGISTRY_REVOKED);
	assert_status(verify(t, t->two, AIM_DELEGATION_INACTIVE, 1), AIM_E_ID_STATUS);
	assert_status(verify(t, t->one, AIM_DELEGATION_VALID, 0), AIM_OK);
	move(t, &t->ana, AIM_REGISTRY_REVOKED);
	assert_status(verify(t, t->one, AIM_DELEGATION_INACTIVE, 0), AIM_E_ID_STATUS);
}

static void test_a_revoked_link_ends_all_below(void **state)
{
	trio *t = *state;
	aim_registry *r = t->h->registry;
	assert_status(aim_delegation_record(r, t->two, NULL, S(""), NULL), AIM_OK);
	size_t before = house_records(t->h, "delegation");
	/* Of the first link, which was never recorded on its own. */
	assert_status(aim_delegation_revoke(r, last_id(t->one), S("left the team"), S("ana"), NULL), AIM_OK);
	assert_int_equal(house_records(t->h, "delegation"), before + 1);
	assert_non_null(strstr(house_last_record(t->h), "left the team"));
	assert_status(verify(t, t->one, AIM_DELEGATION_REVOKED, 0), AIM_E_DELEGATION_REVOKED);
	assert_status(verify(t, t->two, AIM_DELEGATION_REVOKED, 0), AIM_E_DELEGATION_REVOKED);
	assert_status(aim_delegation_record(r, t->two, NULL, S(""), NULL), AIM_E_DELEGATION_REVOKED);
	/* Twice changes nothing, and leaves no second record. */
	assert_status(aim_delegation_revoke(r, last_id(t->one), S(""), S(""), NULL), AIM_OK);
	assert_int_equal(house_records(t->h, "delegation"), before + 1);
	assert_status(aim_delegation_revoke(r, S("dlg_1"), S(""), S(""), NULL), AIM_E_INVALID);
	assert_status(aim_delegation_revoke(r, last_id(t->one), S(""), S("a\nb"), NULL), AIM_E_ID_NAME);
}

/* The link is not revoked, whatever stands in the way, so nobody may be told that it is. */
static void test_a_revocation_that_was_refused_is_none(void **state)
{
	trio *t = *state;
	aim_error err = {0};
	house_damage(t->h, "epoch/identity", "no number");
	assert_status(aim_delegation_revoke(t->h->registry, last_id(t->one), S(""), S("ana"), &err), AIM_E_CONFLICT);
	assert_int_equal(err.status, AIM_E_CONFLICT);
	assert_status(verify(t, t->one, AIM_DELEGATION_VALID, 0), AIM_OK);
}

/* A server that is known here is no stranger with a did:key: it may be revoked, and its key is for other things. */
static void test_a_server_is_no_stranger(void **state)
{
	trio *t = *state;
	uint8_t seed[32] = {9, 3};
	aim_key *key = NULL;
	aim_public_key pub;
	char did[AIM_DID_KEY_SIZE];
	aim_delegation *to = NULL, *behind = NULL;
	assert_status(aim_key_from_seed(t->h->ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &pub), AIM_OK);
	assert_status(aim_did_key(&pub, did), AIM_OK);
	aim_delegation_spec s = spec_to(&t->helper);
	s.child = S(did);
	assert_status(aim_delegation_create(t->h->ctx, t->ana.key, S(t->ana.did), &s, &to, NULL), AIM_OK);
	s.child = S(t->helper.did);
	assert_status(aim_delegation_extend(to, key, &s, &behind, NULL), AIM_OK);
	assert_status(verify(t, behind, AIM_DELEGATION_VALID, 0), AIM_OK); /* a stranger, by its did:key */
	aim_server_spec server = {.struct_size = sizeof server, .public_key = &pub};
	aim_registry_move m = {.struct_size = sizeof m, .status = AIM_REGISTRY_REVOKED};
	aim_server *registered = NULL;
	server.status = AIM_REGISTRY_VERIFIED;
	server.name = S("files");
	server.url = S("https://files.example.org/mcp");
	assert_status(aim_server_register(t->h->registry, &server, &registered, NULL), AIM_OK);
	assert_status(verify(t, to, AIM_DELEGATION_VALID, 0), AIM_OK);
	assert_status(verify(t, behind, AIM_DELEGATION_KEY, 1), AIM_E_UNTRUSTED_KEY);
	assert_status(aim_server_move(t->h->registry, aim_server_id(registered), &m, NULL), AIM_OK);
	assert_status(verify(t, to, AIM_DELEGATION_INACTIVE, 0), AIM_E_ID_STATUS);
	aim_server_free(registered);
	aim_delegation_free(behind);
	aim_delegation_free(to);
	aim_key_unref(key);
}

/* A chain of links between these, all granting the same. Whoever has no name yet is a stranger with a did:key. */
static aim_delegation *chain_through(trio *t, member *const *members, size_t n)
{
	aim_delegation *chain = NULL;
	for (size_t i = 0; i + 1 < n; i++) {
		aim_delegation *longer = NULL;
		aim_delegation_spec s = spec_to(members[i + 1]);
		aim_status rc = chain ? aim_delegation_extend(chain, members[i]->key, &s, &longer, NULL)
		                      : aim_delegation_create(t->h->ctx, members[i]->key, S(members[i]->did), &s, &longer, NULL);
		assert_status(rc, AIM_OK);
		aim_delegation_free(chain);
		chain = longer;
	}
	return chain;
}

static void make_stranger(trio *t, uint8_t seed_byte, member *out)
{
	uint8_t seed[32] = {seed_byte, 9};
	aim_public_key pub;
	aim_buf *did = NULL;
	assert_status(aim_key_from_seed(t->h->ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &out->key, NULL), AIM_OK);
	assert_status(aim_key_public(out->key, &pub), AIM_OK);
	assert_status(aim_buf_new(t->h->ctx, &did), AIM_OK);
	assert_status(aim_keyform_public(t->h->ctx, &pub, AIM_KEYFORM_DID, did), AIM_OK);
	assert_true(aim_buf_str(did).len < sizeof out->did);
	memset(out->did, 0, sizeof out->did);
	memcpy(out->did, aim_buf_str(did).ptr, aim_buf_str(did).len);
	aim_buf_free(did);
}

/* Neither verified nor recorded, and the message says whom it is about and what was expected. */
static void unfit(trio *t, member *const *members, size_t n, uint32_t rule, uint32_t link, const char *words)
{
	aim_error err = {0};
	aim_delegation *chain = chain_through(t, members, n);
	assert_status(verify(t, chain, rule, link), AIM_E_DELEGATION_FAMILY);
	assert_status(aim_delegation_record(t->h->registry, chain, NULL, S(""), &err), AIM_E_DELEGATION_FAMILY);
	assert_non_null(strstr(err.message, words));
	assert_non_null(strstr(err.message, members[n - 1]->id));
	aim_delegation_free(chain);
}

static void fits(trio *t, member *const *members, size_t n)
{
	aim_delegation *chain = chain_through(t, members, n);
	assert_status(verify(t, chain, AIM_DELEGATION_VALID, 0), AIM_OK);
	assert_status(aim_delegation_record(t->h->registry, chain, NULL, S(""), NULL), AIM_OK);
	aim_delegation_free(chain);
}

static void test_a_chain_keeps_to_the_family(void **state)
{
	trio *t = *state;
	member low, same, higher, free_one, other, nobody, stranger;
	join_as(t->h, "low", 20, "ana@example.org", 300000, &low);
	join_as(t->h, "same", 21, "ana@example.org", 300000, &same);
	join_as(t->h, "higher", 22, "ana@example.org", 300001, &higher);
	join_as(t->h, "free", 23, "ana@example.org", 0, &free_one);
	join_as(t->h, "other", 24, "eve@example.org", 1, &other);
	join_as(t->h, "nobody's", 25, "", 1, &nobody);
	make_stranger(t, 26, &stranger);
	fits(t, (member *[]){&low, &same}, 2);
	fits(t, (member *[]){&free_one, &higher, &low, &stranger}, 4);
	unfit(t, (member *[]){&low, &higher}, 2, AIM_DELEGATION_CEILING, 0, "is 300001; at most 300000 is expected");
	unfit(t, (member *[]){&low, &free_one}, 2, AIM_DELEGATION_CEILING, 0, "is 1000000; at most 300000 is expected");
	unfit(t, (member *[]){&free_one, &low, &same, &higher}, 4, AIM_DELEGATION_CEILING, 2, "link 2");
	unfit(t, (member *[]){&low, &other}, 2, AIM_DELEGATION_OWNER, 0, "another owner");
	unfit(t, (member *[]){&low, &nobody}, 2, AIM_DELEGATION_OWNER, 0, "another owner");
	unfit(t, (member *[]){&nobody, &other}, 2, AIM_DELEGATION_OWNER, 0, "another owner");
	/* A stranger between them changes nothing. */
	unfit(t, (member *[]){&low, &stranger, &higher}, 3, AIM_DELEGATION_CEILING, 1, "at most 300000");
	unfit(t, (member *[]){&low, &stranger, &other}, 3, AIM_DELEGATION_OWNER, 1, "another owner");
	fits(t, (member *[]){&low, &stranger, &same}, 3);
	member *all[] = {&low, &same, &higher, &free_one, &other, &nobody, &stranger};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		aim_key_unref(all[i]->key);
}

static void test_record_and_find(void **state)
{
	trio *t = *state;
	aim_registry *r = t->h->registry;
	aim_delegation *found = NULL;
	aim_error err = {0};
	assert_status(aim_delegation_find(r, last_id(t->two), &found, &err), AIM_E_NOT_FOUND);
	assert_status(aim_delegation_record(r, t->two, NULL, S("ana@example.org"), NULL), AIM_OK);
	const char *last = house_last_record(t->h);
	assert_non_null(strstr(last, "\"kind\":\"delegation\""));
	assert_non_null(strstr(last, t->helper.did));
	assert_non_null(strstr(last, "\"capabilities\":[\"read:*\"]"));
	assert_status(aim_delegation_find(r, last_id(t->two), &found, NULL), AIM_OK);
	assert_int_equal(aim_delegation_count(found), 2);
	assert_status(verify(t, found, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_delegation_free(found);
	/* The same once more is no change. */
	size_t records = house_records(t->h, NULL);
	assert_status(aim_delegation_record(r, t->two, NULL, S(""), NULL), AIM_OK);
	assert_int_equal(house_records(t->h, NULL), records);
	assert_status(aim_delegation_find(r, S("dlg_"), &found, NULL), AIM_E_INVALID);
}

static void test_an_invalid_chain_is_not_recorded(void **state)
{
	trio *t = *state;
	aim_delegation_check c = {.struct_size = sizeof c, .now_s = now_s + 3600};
	size_t records = house_records(t->h, NULL);
	assert_status(aim_delegation_record(t->h->registry, t->two, &c, S(""), NULL), AIM_E_EXPIRED);
	assert_status(aim_delegation_record(t->h->registry, t->two, NULL, S(" x"), NULL), AIM_E_ID_NAME);
	assert_int_equal(house_records(t->h, NULL), records);
}

static aim_status count(void *user, const aim_delegation *chain)
{
	size_t *n = user;
	*n += aim_delegation_count(chain);
	return AIM_OK;
}

static size_t listed(aim_registry *r, aim_str agent)
{
	size_t n = 0;
	assert_status(aim_delegation_list(r, agent, count, &n, NULL), AIM_OK);
	return n;
}

static void test_list(void **state)
{
	trio *t = *state;
	aim_registry *r = t->h->registry, *other = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("other")};
	aim_delegation *found = NULL;
	assert_int_equal(listed(r, S("")), 0);
	assert_status(aim_delegation_record(r, t->one, NULL, S(""), NULL), AIM_OK);
	assert_status(aim_delegation_record(r, t->two, NULL, S(""), NULL), AIM_OK);
	assert_int_equal(listed(r, S("")), 3);
	assert_int_equal(listed(r, S(t->helper.did)), 2);
	assert_int_equal(listed(r, S(t->ana.did)), 0);
	assert_status(aim_registry_open(t->h->log, &o, &other, NULL), AIM_OK);
	assert_int_equal(listed(other, S("")), 0);
	assert_status(aim_delegation_find(other, last_id(t->two), &found, NULL), AIM_E_NOT_FOUND);
	/* A revocation is one of its namespace. */
	assert_status(aim_delegation_revoke(other, last_id(t->one), S(""), S(""), NULL), AIM_OK);
	assert_status(verify(t, t->one, AIM_DELEGATION_VALID, 0), AIM_OK);
	aim_registry_free(other);
}

static aim_status delegated(trio *t, const member *agent, const member *delegator, const char *capability,
                            aim_delegation_result *r, aim_error *err)
{
	return aim_delegation_verify_agent(t->h->registry, S(agent->did), S(delegator->did), S(capability), 0, r, err);
}

/* What the trust server asks: did this one get that from him? */
static void test_verify_agent(void **state)
{
	trio *t = *state;
	aim_delegation_result r = {.struct_size = sizeof r, .rule = 99};
	aim_error err = {0};
	assert_status(delegated(t, &t->helper, &t->bot, "read:data", &r, &err), AIM_E_NOT_FOUND);
	assert_int_equal(r.rule, AIM_DELEGATION_UNVERIFIED);
	assert_status(aim_delegation_record(t->h->registry, t->two, NULL, S(""), NULL), AIM_OK);
	assert_status(delegated(t, &t->helper, &t->bot, "read:data", &r, &err), AIM_OK);
	assert_int_equal(r.rule, AIM_DELEGATION_VALID);
	assert_status(delegated(t, &t->helper, &t->ana, "read:data", &r, &err), AIM_OK);
	assert_status(delegated(t, &t->helper, &t->bot, "write:data", &r, &err), AIM_E_DELEGATION_SCOPE);
	assert_int_equal(r.rule, AIM_DELEGATION_SCOPE);
	assert_int_equal(r.link, 1);
	assert_status(delegated(t, &t->helper, &t->helper, "read:data", &r, &err), AIM_E_DELEGATION);
	assert_int_equal(r.rule, AIM_DELEGATION_DELEGATOR);
	assert_status(delegated(t, &t->bot, &t->ana, "read:data", &r, &err), AIM_E_NOT_FOUND);
	/* One chain of several is enough. */
	assert_status(aim_delegation_revoke(t->h->registry, last_id(t->two), S(""), S(""), NULL), AIM_OK);
	assert_status(delegated(t, &t->helper, &t->bot, "read:data", &r, &err), AIM_E_DELEGATION_REVOKED);
	aim_delegation_spec s = spec_to(&t->helper);
	aim_delegation *again = NULL;
	assert_status(aim_delegation_extend(t->one, t->bot.key, &s, &again, NULL), AIM_OK);
	assert_status(aim_delegation_record(t->h->registry, again, NULL, S(""), NULL), AIM_OK);
	assert_status(delegated(t, &t->helper, &t->bot, "read:data", &r, &err), AIM_OK);
	aim_delegation_free(again);
}

static void test_damage_is_named(void **state)
{
	trio *t = *state;
	aim_delegation *found = NULL;
	aim_error err = {0};
	char key[256] = "delegation/";
	assert_status(aim_delegation_record(t->h->registry, t->one, NULL, S(""), NULL), AIM_OK);
	strcat(key, t->bot.did);
	strcat(key, "/");
	strcat(key, last_id(t->one).ptr);
	house_damage(t->h, key, "{\"id\":\"dlg_1\"}");
	assert_status(aim_delegation_find(t->h->registry, last_id(t->one), &found, &err), AIM_E_STORE_CORRUPT);
	assert_non_null(strstr(err.message, "delegation/"));
}

static aim_status record_find_revoke(aim_ctx *ctx, void *arg)
{
	static const uint8_t seed[32] = {1, 3};
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_key *key = NULL;
	aim_delegation *chain = NULL, *found = NULL;
	aim_delegation_spec s = {.struct_size = sizeof s, .capabilities = &reading, .n_capabilities = 1};
	aim_delegation_check c = {.struct_size = sizeof c, .sponsor = S("")};
	char own[80];
	(void)arg;
	s.child = S("did:mesh:helper");
	s.expires_at_s = INT64_C(4102444800);
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL);
	if (rc == AIM_OK)
		rc = aim_delegation_create(ctx, key, S(""), &s, &chain, NULL);
	if (rc == AIM_OK) {
		strcpy(own, aim_delegation_sponsor(chain).ptr);
		c.sponsor = S(own);
		rc = aim_delegation_record(registry, chain, &c, S("ana"), NULL);
	}
	if (rc == AIM_OK)
		rc = aim_delegation_find(registry, last_id(chain), &found, NULL);
	if (rc == AIM_OK)
		rc = aim_delegation_verify_agent(registry, s.child, S(""), S("read:x"), 0, NULL, NULL);
	if (rc == AIM_E_UNTRUSTED_KEY)
		rc = AIM_OK; /* nobody named this sponsor */
	if (rc == AIM_OK)
		rc = aim_delegation_revoke(registry, last_id(chain), S("why"), S("ana"), NULL);
	aim_delegation_free(found);
	aim_delegation_free(chain);
	aim_key_unref(key);
	house_close(store, log, registry);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(record_find_revoke, NULL);
}

static void test_misuse(void **state)
{
	trio *t = *state;
	aim_registry *r = t->h->registry;
	assert_status(aim_delegation_record(r, NULL, NULL, S(""), NULL), AIM_E_INVALID);
	assert_status(aim_delegation_find(r, last_id(t->one), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_list(NULL, S(""), count, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_revoke(NULL, S(""), S(""), S(""), NULL), AIM_E_INVALID);
	assert_status(aim_delegation_verify_agent(NULL, S(""), S(""), S(""), 0, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_delegation_verify_agent(r, S(""), S(""), S(""), 0, NULL, NULL), AIM_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keys_of_registered_agents, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_inactive_agent_ends_all_below, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_revoked_link_ends_all_below, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_revocation_that_was_refused_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_server_is_no_stranger, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_chain_keeps_to_the_family, setup, teardown),
		cmocka_unit_test_setup_teardown(test_record_and_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_invalid_chain_is_not_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verify_agent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_named, setup, teardown),
		cmocka_unit_test(test_every_allocation_fails),
		cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
