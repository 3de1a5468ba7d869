/* Keys over time: rotated, revoked, replaced, checked, listed. */
#include "house.h"

#include "identity/keyring.h"

#include <aim/keyring.h>

#include <stdlib.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

typedef struct pair {
	aim_key *key;
	aim_public_key public_key;
	char id[AIM_KEY_ID_SIZE];
} pair;

static pair new_pair(house *h, uint32_t purpose)
{
	pair p = {0};
	assert_status(aim_key_generate(h->ctx, purpose, &p.key, NULL), AIM_OK);
	assert_status(aim_key_public(p.key, &p.public_key), AIM_OK);
	assert_status(aim_key_id(h->ctx, &p.public_key, p.id), AIM_OK);
	return p;
}

/* A verified agent with a key; its id goes to out_id. */
static pair agent_with_key(house *h, const char *name, char *out_id)
{
	pair p = new_pair(h, AIM_KEY_AGENT);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S(name), .public_key = &p.public_key};
	aim_agent *agent = NULL;
	spec.status = AIM_REGISTRY_VERIFIED;
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	strcpy(out_id, aim_agent_id(agent).ptr);
	aim_agent_free(agent);
	return p;
}

static aim_status check_at(house *h, const pair *p, int64_t at_us)
{
	return aim_keyring_check(h->registry, &p->public_key, at_us, 0, NULL, NULL);
}

static aim_status rotate(house *h, const pair *old, const pair *new, const char *id,
                         const aim_keyring_change *change)
{
	aim_buf *proof = NULL;
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(old->key, new->key, S(id), 0, proof, NULL), AIM_OK);
	aim_status rc = aim_keyring_rotate(h->registry, aim_buf_bytes(proof), change, NULL);
	aim_buf_free(proof);
	return rc;
}

static aim_status revoke(house *h, const pair *p, uint32_t reason)
{
	aim_keyring_change c = {.struct_size = sizeof c, .reason = reason, .note = S("why"), .actor = S("ana")};
	return aim_keyring_revoke(h->registry, S(p->id), &c, NULL);
}

static aim_status move_agent(house *h, const char *id, uint32_t status)
{
	aim_registry_move m = {.struct_size = sizeof m, .status = status, .reason = S("r")};
	return aim_agent_move(h->registry, S(id), &m, NULL);
}

typedef struct listing {
	size_t n;
	aim_keyring_entry entries[8];
} listing;

static aim_status keep(void *user, const aim_keyring_entry *entry)
{
	listing *l = user;
	assert_true(l->n < 8);
	l->entries[l->n++] = *entry;
	return AIM_OK;
}

static listing list(house *h, const char *id, int64_t at_us)
{
	listing l = {0};
	assert_status(aim_keyring_list(h->registry, S(id), at_us, keep, &l, NULL), AIM_OK);
	return l;
}

static void a_registered_key_speaks_for_its_subject(void **state)
{
	house *h = *state;
	char id[37];
	pair p = agent_with_key(h, "a", id), stranger = new_pair(h, AIM_KEY_AGENT);
	aim_keyring_entry e = {.struct_size = sizeof e};
	assert_status(aim_keyring_check(h->registry, &p.public_key, 0, 0, &e, NULL), AIM_OK);
	assert_string_equal(e.subject, id);
	assert_string_equal(e.key_id, p.id);
	assert_int_equal(e.subject_kind, AIM_KEYRING_AGENT);
	assert_int_equal(e.subject_status, AIM_REGISTRY_VERIFIED);
	assert_int_equal(e.state, AIM_KEYRING_ACTIVE);
	assert_int_equal(e.number, 1);
	assert_int_equal(e.valid_from_us, test_now_us);
	assert_memory_equal(&e.public_key, &p.public_key, 32);
	assert_status(check_at(h, &p, test_now_us - 1), AIM_E_KEY_EARLY);
	assert_status(aim_keyring_check(h->registry, &stranger.public_key, 0, 0, &e, NULL),
	              AIM_E_UNTRUSTED_KEY);
	assert_int_equal(e.state, 0);
	assert_string_equal(e.subject, "");
	aim_key_unref(p.key);
	aim_key_unref(stranger.key);
}

static void the_subject_must_be_in_order(void **state)
{
	house *h = *state;
	pair p = new_pair(h, AIM_KEY_SERVER);
	aim_server_spec spec = {.struct_size = sizeof spec, .name = S("s"), .public_key = &p.public_key};
	aim_registry_move move = {.struct_size = sizeof move, .status = AIM_REGISTRY_VERIFIED};
	aim_keyring_entry e = {.struct_size = sizeof e};
	aim_server *server = NULL;
	spec.url = S("https://mcp.example.org/");
	assert_status(aim_server_register(h->registry, &spec, &server, NULL), AIM_OK);
	assert_status(check_at(h, &p, 0), AIM_E_ID_STATUS);
	assert_status(aim_keyring_check(h->registry, &p.public_key, 0, AIM_KEYRING_ALLOW_PENDING, &e, NULL), AIM_OK);
	assert_int_equal(e.subject_kind, AIM_KEYRING_SERVER);
	assert_int_equal(e.subject_status, AIM_REGISTRY_PENDING);
	assert_status(aim_server_move(h->registry, aim_server_id(server), &move, NULL), AIM_OK);
	assert_status(check_at(h, &p, 0), AIM_OK);
	move.status = AIM_REGISTRY_SUSPENDED;
	assert_status(aim_server_move(h->registry, aim_server_id(server), &move, NULL), AIM_OK);
	assert_status(aim_keyring_check(h->registry, &p.public_key, 0, AIM_KEYRING_ALLOW_PENDING, &e, NULL),
	              AIM_E_ID_STATUS);
	assert_string_equal(e.subject, aim_server_id(server).ptr);
	move.status = AIM_REGISTRY_REVOKED;
	assert_status(aim_server_move(h->registry, aim_server_id(server), &move, NULL), AIM_OK);
	assert_status(check_at(h, &p, 0), AIM_E_ID_STATUS);
	assert_status(check_at(h, &p, test_now_us), AIM_E_ID_STATUS);
	aim_server_free(server);
	aim_key_unref(p.key);
}

static void an_expired_agent_speaks_no_more(void **state)
{
	house *h = *state;
	pair p = new_pair(h, AIM_KEY_AGENT);
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &p.public_key};
	spec.status = AIM_REGISTRY_VERIFIED;
	spec.expires_at_s = test_now_us / 1000000 + 10;
	assert_status(aim_agent_register(h->registry, &spec, NULL, NULL), AIM_OK);
	assert_status(check_at(h, &p, spec.expires_at_s * 1000000 - 1), AIM_OK);
	assert_status(check_at(h, &p, spec.expires_at_s * 1000000), AIM_E_EXPIRED);
	aim_key_unref(p.key);
}

static void rotation_keeps_the_old_key_for_its_grace_period(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id), b = new_pair(h, AIM_KEY_AGENT), c = new_pair(h, AIM_KEY_AGENT);
	aim_agent *before = NULL, *after = NULL;
	aim_public_key now_active;
	aim_keyring_change change = {.struct_size = sizeof change, .actor = S("ana"), .note = S("yearly")};
	int64_t start = test_now_us;
	assert_status(aim_agent_find(h->registry, S(id), &before, NULL), AIM_OK);
	test_now_us += DAY_US;
	int64_t rotated = test_now_us;
	assert_status(rotate(h, &a, &b, id, &change), AIM_OK);
	assert_non_null(strstr(house_last_record(h), "\"kind\":\"key_rotated\""));
	assert_non_null(strstr(house_last_record(h), "\"old_signature\""));
	assert_non_null(strstr(house_last_record(h), "yearly"));

	assert_status(aim_agent_find(h->registry, S(id), &after, NULL), AIM_OK);
	assert_status(aim_agent_public_key(after, &now_active), AIM_OK);
	assert_memory_equal(&now_active, &b.public_key, 32);
	assert_text(aim_agent_key_id(after), b.id);
	assert_true(aim_str_equal(aim_agent_did(before), aim_agent_did(after))); /* the stable name */
	aim_agent_free(before);
	aim_agent_free(after);
	assert_status(aim_agent_find_key(h->registry, &a.public_key, &after, NULL), AIM_OK);
	aim_agent_free(after);

	assert_status(check_at(h, &a, rotated + 7 * DAY_US - 1), AIM_OK);
	assert_status(check_at(h, &a, rotated + 7 * DAY_US), AIM_E_EXPIRED);
	assert_status(check_at(h, &b, rotated + 7 * DAY_US), AIM_OK);
	assert_status(check_at(h, &b, rotated - 1), AIM_E_KEY_EARLY);

	assert_status(rotate(h, &a, &c, id, NULL), AIM_E_STATE); /* a retired key hands nothing over */
	change.flags = AIM_KEYRING_NO_GRACE;
	assert_status(rotate(h, &b, &c, id, &change), AIM_OK);
	assert_status(check_at(h, &b, rotated), AIM_E_EXPIRED);
	assert_status(check_at(h, &c, 0), AIM_OK);

	listing l = list(h, id, rotated + 1);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.entries[0].key_id, c.id);
	assert_string_equal(l.entries[2].key_id, a.id);
	assert_int_equal(l.entries[0].number, 3);
	assert_int_equal(l.entries[1].state, AIM_KEYRING_EXPIRED);
	assert_int_equal(l.entries[2].state, AIM_KEYRING_RETIRING);
	assert_int_equal(l.entries[2].valid_from_us, start);
	assert_int_equal(l.entries[2].retiring_from_us, rotated);
	assert_int_equal(l.entries[2].expires_at_us, rotated + 7 * DAY_US);
	assert_int_equal(list(h, id, rotated + 8 * DAY_US).entries[2].state, AIM_KEYRING_EXPIRED);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
	aim_key_unref(c.key);
}

static void only_the_subject_hands_its_key_over(void **state)
{
	house *h = *state;
	char id[37], other[37];
	pair a = agent_with_key(h, "a", id), o = agent_with_key(h, "o", other), b = new_pair(h, AIM_KEY_AGENT);
	pair stranger = new_pair(h, AIM_KEY_AGENT), server = new_pair(h, AIM_KEY_SERVER);
	aim_buf *proof = NULL;
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(rotate(h, &stranger, &b, id, NULL), AIM_E_UNTRUSTED_KEY);
	assert_status(rotate(h, &o, &b, id, NULL), AIM_E_UNTRUSTED_KEY);
	assert_status(rotate(h, &a, &o, id, NULL), AIM_E_EXISTS);
	assert_status(rotate(h, &a, &b, "agt_00000000000000000000000000000000", NULL), AIM_E_NOT_FOUND);
	assert_status(aim_keyring_prove(a.key, server.key, S(id), 0, proof, NULL), AIM_E_KEY_PURPOSE);
	assert_status(aim_keyring_prove(a.key, a.key, S(id), 0, proof, NULL), AIM_E_INVALID);
	assert_status(aim_keyring_prove(a.key, b.key, S("att_1"), 0, proof, NULL), AIM_E_INVALID);
	assert_int_equal(aim_buf_bytes(proof).len, 0);
	assert_int_equal(house_records(h, "key_rotated"), 0);
	assert_status(rotate(h, &a, &b, id, NULL), AIM_OK);
	aim_buf_free(proof);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
	aim_key_unref(o.key);
	aim_key_unref(stranger.key);
	aim_key_unref(server.key);
}

static void a_proof_is_of_use_inside_its_window_only(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id), b = new_pair(h, AIM_KEY_AGENT);
	aim_keyring_change wide = {.struct_size = sizeof wide, .window_s = 600};
	aim_buf *proof = NULL;
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(a.key, b.key, S(id), 0, proof, NULL), AIM_OK);
	test_now_us += 300 * INT64_C(1000000) + 1;
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), NULL, NULL), AIM_E_STALE);
	test_now_us -= 600 * INT64_C(1000000) + 2;
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), NULL, NULL), AIM_E_FUTURE);
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), &wide, NULL), AIM_OK);
	assert_status(aim_keyring_rotate(h->registry, aim_buf_bytes(proof), &wide, NULL), AIM_E_STATE);
	aim_buf_free(proof);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
}

static void who_is_not_in_order_rotates_nothing(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id), b = new_pair(h, AIM_KEY_AGENT);
	assert_status(move_agent(h, id, AIM_REGISTRY_SUSPENDED), AIM_OK);
	assert_status(rotate(h, &a, &b, id, NULL), AIM_E_ID_STATUS);
	assert_status(move_agent(h, id, AIM_REGISTRY_VERIFIED), AIM_OK);
	assert_status(revoke(h, &a, AIM_KEYRING_COMPROMISE), AIM_OK);
	assert_status(rotate(h, &a, &b, id, NULL), AIM_E_KEY_REVOKED);
	assert_status(move_agent(h, id, AIM_REGISTRY_REVOKED), AIM_OK);
	assert_status(rotate(h, &a, &b, id, NULL), AIM_E_ID_STATUS);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
}

static void a_revoked_key_fails_at_once(void **state)
{
	house *h = *state;
	char id[37];
	aim_agent *agent = NULL;
	aim_public_key none;
	pair a = agent_with_key(h, "a", id);
	int64_t start = test_now_us;
	test_now_us += DAY_US;
	assert_status(revoke(h, &a, AIM_KEYRING_SUPERSEDED), AIM_OK);
	assert_non_null(strstr(house_last_record(h), "\"kind\":\"key_revoked\""));
	assert_non_null(strstr(house_last_record(h), "\"superseded\""));
	assert_status(check_at(h, &a, 0), AIM_E_KEY_REVOKED);
	assert_status(check_at(h, &a, test_now_us), AIM_E_KEY_REVOKED);
	assert_status(check_at(h, &a, test_now_us - 1), AIM_OK); /* what it signed before still counts */
	assert_status(aim_agent_find(h->registry, S(id), &agent, NULL), AIM_OK);
	assert_status(aim_agent_public_key(agent, &none), AIM_E_NOT_FOUND);
	assert_int_equal(aim_agent_did(agent).len, 41);
	aim_agent_free(agent);

	/* Again is no change; graver is; lighter never. */
	size_t n = house_records(h, NULL);
	assert_status(revoke(h, &a, AIM_KEYRING_MANUAL), AIM_OK);
	assert_int_equal(house_records(h, NULL), n);
	assert_status(revoke(h, &a, AIM_KEYRING_COMPROMISE), AIM_OK);
	assert_int_equal(house_records(h, NULL), n + 1);
	assert_status(check_at(h, &a, start), AIM_E_KEY_REVOKED); /* now nothing does */
	assert_status(revoke(h, &a, AIM_KEYRING_SUPERSEDED), AIM_OK);
	assert_status(check_at(h, &a, start), AIM_E_KEY_REVOKED);
	listing l = list(h, id, 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.entries[0].state, AIM_KEYRING_REVOKED);
	assert_int_equal(l.entries[0].reason, AIM_KEYRING_COMPROMISE);
	assert_int_equal(l.entries[0].revoked_at_us, test_now_us);
	aim_key_unref(a.key);
}

static void every_reason_is_kept_and_named(void **state)
{
	static const char *const names[] = {"unspecified",       "key_compromise", "superseded",
	                                    "security_incident", "cessation",      "manual"};
	house *h = *state;
	char name[2] = "a", id[37];
	for (uint32_t reason = 1; reason <= 6; reason++, name[0]++) {
		pair p = agent_with_key(h, name, id);
		test_now_us += 1000;
		assert_status(revoke(h, &p, reason), AIM_OK);
		int grave = reason == AIM_KEYRING_COMPROMISE || reason == AIM_KEYRING_INCIDENT;
		assert_status(check_at(h, &p, test_now_us - 1), grave ? AIM_E_KEY_REVOKED : AIM_OK);
		assert_int_equal(list(h, id, 0).entries[0].reason, reason);
		assert_string_equal(aim_keyring_reason_name(reason), names[reason - 1]);
		aim_key_unref(p.key);
	}
	assert_string_equal(aim_keyring_reason_name(7), "unknown");
	assert_string_equal(aim_keyring_state_name(0), "unknown");
	assert_string_equal(aim_keyring_state_name(AIM_KEYRING_RETIRING), "retiring");
}

static void a_lost_key_is_revoked_and_replaced(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id), b = new_pair(h, AIM_KEY_AGENT);
	aim_keyring_change c = {.struct_size = sizeof c, .actor = S("ana")};
	assert_status(aim_keyring_replace(h->registry, S(id), &b.public_key, &c, NULL), AIM_E_INVALID);
	c.note = S("laptop stolen");
	assert_status(aim_keyring_replace(h->registry, S(id), &b.public_key, &c, NULL), AIM_E_STATE);
	assert_status(revoke(h, &a, AIM_KEYRING_COMPROMISE), AIM_OK);
	assert_status(aim_keyring_replace(h->registry, S(id), &a.public_key, &c, NULL), AIM_E_EXISTS);
	assert_status(aim_keyring_replace(h->registry, S(id), &b.public_key, &c, NULL), AIM_OK);
	assert_non_null(strstr(house_last_record(h), "\"kind\":\"key_replaced\""));
	assert_non_null(strstr(house_last_record(h), "laptop stolen"));
	assert_status(check_at(h, &b, 0), AIM_OK);
	assert_status(check_at(h, &a, 0), AIM_E_KEY_REVOKED);
	assert_int_equal(list(h, id, 0).n, 2);
	assert_status(move_agent(h, id, AIM_REGISTRY_REVOKED), AIM_OK);
	assert_status(aim_keyring_revoke(h->registry, S(b.id), NULL, NULL), AIM_OK);
	pair d = new_pair(h, AIM_KEY_AGENT);
	assert_status(aim_keyring_replace(h->registry, S(id), &d.public_key, &c, NULL), AIM_E_ID_STATUS);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
	aim_key_unref(d.key);
}

static void a_subject_registered_without_a_key_gets_its_first(void **state)
{
	house *h = *state;
	char id[37];
	pair a = new_pair(h, AIM_KEY_AGENT);
	aim_agent *agent = NULL;
	aim_keyring_change c = {.struct_size = sizeof c, .note = S("enrolled")};
	house_agent(h, "a", id);
	assert_int_equal(list(h, id, 0).n, 0);
	assert_status(aim_keyring_replace(h->registry, S(id), &a.public_key, &c, NULL), AIM_OK);
	assert_int_equal(house_records(h, "key_registered"), 1);
	assert_status(aim_agent_find_key(h->registry, &a.public_key, &agent, NULL), AIM_OK);
	assert_memory_equal(aim_agent_did(agent).ptr + 9, a.id, 32);
	aim_agent_free(agent);
	aim_key_unref(a.key);
}

static void a_key_has_one_owner_for_good(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id);
	aim_registry *elsewhere = NULL;
	aim_registry_options o = {.struct_size = sizeof o, .name_space = S("elsewhere")};
	aim_agent_spec agent = {.struct_size = sizeof agent, .name = S("b"), .public_key = &a.public_key};
	aim_server_spec server = {.struct_size = sizeof server, .name = S("b"), .public_key = &a.public_key};
	server.url = S("https://mcp.example.org/");
	assert_status(aim_registry_open(h->log, &o, &elsewhere, NULL), AIM_OK);
	assert_status(revoke(h, &a, AIM_KEYRING_CESSATION), AIM_OK);
	assert_status(move_agent(h, id, AIM_REGISTRY_REVOKED), AIM_OK);
	assert_status(aim_agent_register(h->registry, &agent, NULL, NULL), AIM_E_EXISTS);
	assert_status(aim_server_register(h->registry, &server, NULL, NULL), AIM_E_EXISTS);
	assert_status(aim_agent_register(elsewhere, &agent, NULL, NULL), AIM_E_EXISTS);
	assert_status(aim_keyring_check(elsewhere, &a.public_key, 0, 0, NULL, NULL), AIM_E_UNTRUSTED_KEY);
	assert_status(aim_keyring_revoke(elsewhere, S(a.id), NULL, NULL), AIM_E_NOT_FOUND);
	aim_registry_free(elsewhere);
	aim_key_unref(a.key);
}

static void wrong_arguments_are_refused(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id);
	aim_keyring_entry small = {.struct_size = 8};
	aim_keyring_change c = {.struct_size = sizeof c, .reason = 7};
	listing l = {0};
	assert_status(aim_keyring_check(h->registry, &a.public_key, 0, 2, NULL, NULL), AIM_E_VERSION);
	assert_status(aim_keyring_check(h->registry, &a.public_key, 0, 0, &small, NULL), AIM_E_INVALID);
	assert_status(aim_keyring_revoke(h->registry, S(a.id), &c, NULL), AIM_E_INVALID);
	c.reason = 0;
	c.flags = AIM_KEYRING_NO_GRACE;
	assert_status(aim_keyring_revoke(h->registry, S(a.id), &c, NULL), AIM_E_VERSION);
	assert_status(aim_keyring_revoke(h->registry, S("ABC"), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_keyring_list(h->registry, S("evt_1"), 0, keep, &l, NULL), AIM_E_INVALID);
	c.flags = 0;
	c.grace_s = AIM_KEYRING_MAX_GRACE_S + 1;
	assert_status(aim_keyring_rotate(h->registry, aim_bytes_from("{}", 2), &c, NULL), AIM_E_INVALID);
	assert_status(check_at(h, &a, 0), AIM_OK);
	aim_key_unref(a.key);
}

static void damaged_key_records_are_errors(void **state)
{
	static const char *const values[] = {
		"[]",
		"{\"key_id\":\"%s\"}",
	};
	house *h = *state;
	char id[37], key[80];
	pair a = agent_with_key(h, "a", id);
	strcpy(key, "key/");
	strcat(key, a.id);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		house_damage(h, key, values[i]);
		assert_status(check_at(h, &a, 0), AIM_E_STORE_CORRUPT);
		listing l = {0};
		assert_status(aim_keyring_list(h->registry, S(id), 0, keep, &l, NULL), AIM_E_STORE_CORRUPT);
	}
	aim_key_unref(a.key);
}

static void a_key_is_sealed_into_the_store_and_comes_back(void **state)
{
	house *h = *state;
	char id[37], other_id[37], at[80];
	pair a = agent_with_key(h, "a", id), other = agent_with_key(h, "o", other_id);
	pair stranger = new_pair(h, AIM_KEY_AGENT);
	aim_keystore_options fast = {.struct_size = sizeof fast, .passes = 1};
	aim_bytes secret = aim_bytes_from("old secret", 10), fresh = aim_bytes_from("new secret", 10);
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_str none = S("");
	fast.memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB;
	assert_status(aim_keyring_load_key(h->registry, S(id), none, secret, &fast, &key, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_keyring_save_key(h->registry, stranger.key, S(id), 0, secret, &fast, none, NULL),
	              AIM_E_UNTRUSTED_KEY);
	assert_status(aim_keyring_save_key(h->registry, other.key, S(id), 0, secret, &fast, none, NULL),
	              AIM_E_UNTRUSTED_KEY);
	size_t n = house_records(h, NULL);
	assert_status(aim_keyring_save_key(h->registry, a.key, S(id), 0, secret, &fast, S("ana"), NULL), AIM_OK);
	assert_int_equal(house_records(h, NULL), n + 1);
	assert_non_null(strstr(house_last_record(h), "\"kind\":\"keystore_saved\""));
	assert_null(strstr(house_last_record(h), "container"));
	assert_status(aim_keyring_load_key(h->registry, S(id), none, fresh, &fast, &key, NULL), AIM_E_PASSPHRASE);
	assert_status(aim_keyring_load_key(h->registry, S(id), none, secret, &fast, &key, NULL), AIM_OK);
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	assert_memory_equal(&public_key, &a.public_key, sizeof public_key);
	aim_key_unref(key);
	assert_status(aim_keyring_load_key(h->registry, S(other_id), S(a.id), secret, &fast, &key, NULL),
	              AIM_E_UNTRUSTED_KEY);

	/* Another passphrase only when it is said, and only over a whole keystore. */
	assert_status(aim_keyring_save_key(h->registry, a.key, S(id), 0, fresh, &fast, none, NULL), AIM_E_EXISTS);
	assert_status(aim_keyring_save_key(h->registry, a.key, S(id), AIM_KEYRING_REPLACE, fresh, &fast, none, NULL),
	              AIM_OK);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), fresh, &fast, &key, NULL), AIM_OK);
	aim_key_unref(key);
	strcat(strcpy(at, "keystore/"), a.id);
	static const char *const damaged[] = {
		"{}", "not JSON",
		("{\"key_id\":\"k\",\"subject\":\"s\",\"namespace\":\"default\","
	     "\"saved_at\":\"2026-01-02T03:04:05.000000Z\",\"container\":{\"v\":1}}")};
	for (size_t i = 0; i < 3; i++) {
		aim_buf *after = NULL;
		house_damage(h, at, damaged[i]);
		aim_status rc = aim_keyring_save_key(h->registry, a.key, S(id), AIM_KEYRING_REPLACE, fresh, &fast, none, NULL);
		assert_status(rc, i < 2 ? AIM_E_STORE_CORRUPT : AIM_E_KEYSTORE);
		assert_status(aim_keyring_load_key(h->registry, S(id), none, fresh, &fast, &key, NULL), rc);
		assert_status(aim_keyring_save_key(h->registry, a.key, S(id), 0, fresh, &fast, none, NULL), AIM_E_EXISTS);
		assert_status(aim_buf_new(h->ctx, &after), AIM_OK);
		assert_status(aim_store_read_key(h->store, aim_bytes_from_str(S(at)), after, NULL, NULL), AIM_OK);
		assert_text(aim_buf_str(after), damaged[i]); /* it stays */
		aim_buf_free(after);
	}
	assert_status(revoke(h, &a, AIM_KEYRING_COMPROMISE), AIM_OK);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), fresh, &fast, &key, NULL), AIM_E_KEY_REVOKED);
	assert_status(aim_keyring_load_key(h->registry, S(id), none, fresh, &fast, &key, NULL), AIM_E_NOT_FOUND);
	aim_key_unref(a.key);
	aim_key_unref(other.key);
	aim_key_unref(stranger.key);
}

/* Whoever may not act gets no key to act with. */
static void a_key_is_given_out_only_to_be_used(void **state)
{
	house *h = *state;
	char id[37];
	pair a = agent_with_key(h, "a", id), b = new_pair(h, AIM_KEY_AGENT);
	aim_keyring_change c = {.struct_size = sizeof c, .grace_s = 60};
	aim_keystore_options fast = {.struct_size = sizeof fast, .passes = 1};
	aim_bytes secret = aim_bytes_from("secret", 6);
	aim_key *key = NULL;
	fast.memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB;
	assert_status(aim_keyring_save_key(h->registry, a.key, S(id), 0, secret, &fast, S(""), NULL), AIM_OK);
	assert_status(rotate(h, &a, &b, id, &c), AIM_OK);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), secret, &fast, &key, NULL), AIM_OK);
	aim_key_unref(key);
	key = NULL;
	assert_status(move_agent(h, id, AIM_REGISTRY_SUSPENDED), AIM_OK);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), secret, &fast, &key, NULL), AIM_E_ID_STATUS);
	assert_status(move_agent(h, id, AIM_REGISTRY_VERIFIED), AIM_OK);
	test_now_us += 60 * INT64_C(1000000);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), secret, &fast, &key, NULL), AIM_E_EXPIRED);
	test_now_us -= 60 * INT64_C(1000000);
	assert_status(move_agent(h, id, AIM_REGISTRY_REVOKED), AIM_OK);
	assert_status(aim_keyring_load_key(h->registry, S(id), S(a.id), secret, &fast, &key, NULL), AIM_E_ID_STATUS);
	assert_null(key);
	aim_key_unref(a.key);
	aim_key_unref(b.key);
}

static aim_status keep_and_open(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_key *key = NULL;
	const pair *p = arg;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &p->public_key};
	aim_keyring_change c = {.struct_size = sizeof c, .grace_s = 60};
	aim_keystore_options fast = {.struct_size = sizeof fast, .passes = 1};
	aim_bytes secret = aim_bytes_from("secret", 6);
	fast.memory_kib = AIM_KEYSTORE_MIN_MEMORY_KIB;
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_agent_register(registry, &spec, &agent, NULL);
	for (uint32_t flags = 0; rc == AIM_OK && flags < 2; flags++)
		rc = aim_keyring_save_key(registry, p->key, aim_agent_id(agent), flags, secret, &fast, S(""), NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_load_key(registry, aim_agent_id(agent), S(""), secret, &fast, &key, NULL);
	aim_key_unref(key);
	aim_agent_free(agent);
	house_close(store, log, registry);
	return rc;
}

/* Everything once, on its own store. */
static aim_status live(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_buf *proof = NULL;
	aim_agent *agent = NULL;
	const pair *p = arg;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &p[0].public_key};
	spec.status = AIM_REGISTRY_VERIFIED;
	aim_keyring_change c = {.struct_size = sizeof c, .note = S("n"), .actor = S("x")};
	listing l = {0};
	aim_status rc = house_open(ctx, &store, &log, &registry);
	if (rc != AIM_OK)
		return rc;
	rc = aim_buf_new(ctx, &proof);
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &spec, &agent, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_prove(p[0].key, p[1].key, aim_agent_id(agent), test_now_us, proof, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_rotate(registry, aim_buf_bytes(proof), &c, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_check(registry, &p[1].public_key, 0, 0, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_revoke(registry, S(p[1].id), &c, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_replace(registry, aim_agent_id(agent), &p[2].public_key, &c, NULL);
	if (rc == AIM_OK)
		rc = aim_keyring_list(registry, aim_agent_id(agent), 0, keep, &l, NULL);
	if (rc == AIM_OK && l.n != 3)
		rc = AIM_E_INTERNAL;
	aim_agent_free(agent);
	aim_buf_free(proof);
	house_close(store, log, registry);
	return rc;
}

static void a_failing_allocation_breaks_nothing(void **state)
{
	house *h = *state;
	pair p[3] = {new_pair(h, AIM_KEY_AGENT), new_pair(h, AIM_KEY_AGENT), new_pair(h, AIM_KEY_AGENT)};
	test_each_allocation_fails(live, p);
	test_each_allocation_fails(keep_and_open, p);
	for (size_t i = 0; i < 3; i++)
		aim_key_unref(p[i].key);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_registered_key_speaks_for_its_subject),
		T(the_subject_must_be_in_order),
		T(an_expired_agent_speaks_no_more),
		T(rotation_keeps_the_old_key_for_its_grace_period),
		T(only_the_subject_hands_its_key_over),
		T(a_proof_is_of_use_inside_its_window_only),
		T(who_is_not_in_order_rotates_nothing),
		T(a_revoked_key_fails_at_once),
		T(every_reason_is_kept_and_named),
		T(a_lost_key_is_revoked_and_replaced),
		T(a_subject_registered_without_a_key_gets_its_first),
		T(a_key_has_one_owner_for_good),
		T(wrong_arguments_are_refused),
		T(damaged_key_records_are_errors),
		T(a_key_is_sealed_into_the_store_and_comes_back),
		T(a_key_is_given_out_only_to_be_used),
		T(a_failing_allocation_breaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
