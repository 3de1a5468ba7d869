/* Laws of keys and of the life cycle: no changed bit of a rotation proof passes, and no order of moves
 * reaches what the table forbids. */
#include "../unit/identity/house.h"

#include <aim/keyring.h>

#include <stdlib.h>
#include <string.h>

#define N_WALKS 60
#define N_MOVES 40

static uint64_t seed = 20261124;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static void every_changed_bit_of_a_proof_is_refused(void **state)
{
	house *h = *state;
	aim_key *old_key = NULL, *new_key = NULL;
	aim_public_key public_key;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = S("a"), .public_key = &public_key};
	aim_keyring_proof p = {.struct_size = sizeof p};
	aim_buf *proof = NULL;
	uint8_t changed[AIM_KEYRING_PROOF_MAX];
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, &old_key, NULL), AIM_OK);
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, &new_key, NULL), AIM_OK);
	assert_status(aim_key_public(old_key, &public_key), AIM_OK);
	assert_status(aim_agent_register(h->registry, &spec, &agent, NULL), AIM_OK);
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(old_key, new_key, aim_agent_id(agent), 0, proof, NULL), AIM_OK);
	aim_bytes whole = aim_buf_bytes(proof);
	assert_true(whole.len < sizeof changed);
	memcpy(changed, whole.ptr, whole.len);
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		aim_status rc = aim_keyring_read_proof(h->ctx, aim_bytes_from(changed, whole.len), &p, NULL);
		if (rc != AIM_E_ENVELOPE && rc != AIM_E_SIGNATURE)
			fail_msg("bit %zu: %s", bit, aim_status_name(rc));
		changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < whole.len; len++)
		assert_status(aim_keyring_read_proof(h->ctx, aim_bytes_from(whole.ptr, len), &p, NULL), AIM_E_ENVELOPE);
	changed[whole.len] = ' ';
	assert_status(aim_keyring_read_proof(h->ctx, aim_bytes_from(changed, whole.len + 1), &p, NULL),
	              AIM_E_ENVELOPE);
	assert_int_equal(house_records(h, "key_rotated"), 0);
	assert_status(aim_keyring_rotate(h->registry, whole, NULL, NULL), AIM_OK);
	aim_buf_free(proof);
	aim_agent_free(agent);
	aim_key_unref(old_key);
	aim_key_unref(new_key);
}

/* The two signatures are not the same one twice, nor each other's. */
static void signatures_cannot_change_places(void **state)
{
	house *h = *state;
	aim_key *old_key = NULL, *new_key = NULL;
	aim_keyring_proof p = {.struct_size = sizeof p};
	aim_buf *proof = NULL;
	char text[AIM_KEYRING_PROOF_MAX], swap[88];
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, &old_key, NULL), AIM_OK);
	assert_status(aim_key_generate(h->ctx, AIM_KEY_AGENT, &new_key, NULL), AIM_OK);
	assert_status(aim_buf_new(h->ctx, &proof), AIM_OK);
	assert_status(aim_keyring_prove(old_key, new_key, S("agt_00000000000000000000000000000001"), 0, proof, NULL),
	              AIM_OK);
	aim_bytes whole = aim_buf_bytes(proof);
	memcpy(text, whole.ptr, whole.len);
	text[whole.len] = '\0';
	char *new_at = strstr(text, "\"new_signature\":\"") + 17, *old_at = strstr(text, "\"old_signature\":\"") + 17;
	memcpy(swap, new_at, 88);
	memcpy(new_at, old_at, 88);
	assert_status(aim_keyring_read_proof(h->ctx, aim_bytes_from(text, whole.len), &p, NULL), AIM_E_SIGNATURE);
	memcpy(old_at, swap, 88);
	assert_status(aim_keyring_read_proof(h->ctx, aim_bytes_from(text, whole.len), &p, NULL), AIM_E_SIGNATURE);
	memcpy(new_at, swap, 88);
	assert_status(aim_keyring_read_proof(h->ctx, aim_bytes_from(text, whole.len), &p, NULL), AIM_E_SIGNATURE);
	aim_buf_free(proof);
	aim_key_unref(old_key);
	aim_key_unref(new_key);
}

/* The life cycle as a person says it, against what the registry does. */
static aim_status expected(uint32_t *status, int *security, const aim_registry_move *m)
{
	uint32_t from = *status, to = m->status;
	int locks = to == AIM_REGISTRY_SUSPENDED && m->flags & AIM_REGISTRY_SECURITY;
	if (from == to) {
		*security |= locks;
		return AIM_OK;
	}
	if (from == AIM_REGISTRY_REVOKED || to == AIM_REGISTRY_PENDING)
		return AIM_E_STATE;
	if (from == AIM_REGISTRY_SUSPENDED && to == AIM_REGISTRY_VERIFIED && *security &&
	    (!(m->flags & AIM_REGISTRY_OVERRIDE) || m->reason.len == 0))
		return AIM_E_STATE;
	*security = locks;
	*status = to;
	return AIM_OK;
}

static void no_order_of_moves_leaves_the_table(void **state)
{
	house *h = *state;
	for (int walk = 0; walk < N_WALKS; walk++) {
		char name[] = "agent-000", id[37];
		uint32_t status = AIM_REGISTRY_PENDING;
		int security = 0;
		name[6] = (char)('0' + walk / 10);
		name[7] = (char)('0' + walk % 10);
		house_agent(h, name, id);
		for (int i = 0; i < N_MOVES; i++) {
			aim_registry_move m = {.struct_size = sizeof m};
			aim_agent *agent = NULL;
			/* Revocation ends a walk, so it is rare. */
			m.status = draw(20) == 0 ? AIM_REGISTRY_REVOKED : 1 + draw(3);
			m.flags = draw(4);
			if (draw(2))
				m.reason = S("because");
			size_t n = house_records(h, NULL);
			uint32_t before = status;
			int was_security = security;
			aim_status rc = aim_agent_move(h->registry, S(id), &m, NULL);
			assert_status(rc, expected(&status, &security, &m));
			int changed = status != before || security != was_security;
			assert_int_equal(house_records(h, NULL) - n, changed);
			assert_status(aim_agent_find(h->registry, S(id), &agent, NULL), AIM_OK);
			assert_int_equal(aim_agent_status(agent), status);
			aim_agent_free(agent);
			if (status == AIM_REGISTRY_REVOKED && draw(4) == 0)
				break;
		}
	}
}

static void names_of_statuses_go_both_ways(void **state)
{
	(void)state;
	for (uint32_t s = AIM_REGISTRY_PENDING; s <= AIM_REGISTRY_REVOKED; s++)
		assert_int_equal(aim_registry_status_of(S(aim_registry_status_name(s))), s);
	assert_int_equal(aim_registry_status_of(S("active")), AIM_REGISTRY_VERIFIED);
	assert_int_equal(aim_registry_status_of(S("unknown")), 0);
	assert_int_equal(aim_registry_status_of(S("Active")), 0);
	assert_int_equal(aim_registry_status_of((aim_str){NULL, 0}), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_changed_bit_of_a_proof_is_refused),
		T(signatures_cannot_change_places),
		T(no_order_of_moves_leaves_the_table),
		cmocka_unit_test(names_of_statuses_go_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
