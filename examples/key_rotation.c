/* key_rotation — an agent hands over to a new key, the old one still counts for a while, and is then revoked. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_status show(void *user, const aim_keyring_entry *key)
{
	(void)user;
	printf("  key %llu  %.16s  %s\n", (unsigned long long)key->number, key->key_id,
	       aim_keyring_state_name(key->state));
	return AIM_OK;
}

/* Where the keys live: only the proof leaves. */
static aim_agent *register_agent(aim_registry *registry, const aim_key *key)
{
	aim_public_key public_key;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = &public_key};
	check(aim_key_public(key, &public_key));
	spec.name = aim_str_from("invoice-bot");
	spec.status = AIM_REGISTRY_VERIFIED;
	check(aim_agent_register(registry, &spec, &agent, &err));
	return agent;
}

static void rotate(aim_ctx *ctx, aim_registry *registry, aim_str id, const aim_key *old_key,
                   const aim_key *new_key)
{
	aim_buf *proof = NULL;
	check(aim_buf_new(ctx, &proof));
	check(aim_keyring_prove(old_key, new_key, id, 0, proof, &err));
	check(aim_keyring_rotate(registry, aim_buf_bytes(proof), NULL, &err));
	aim_buf_free(proof);
}

static void revoke(aim_ctx *ctx, aim_registry *registry, const aim_key *key)
{
	aim_public_key public_key;
	char key_id[AIM_KEY_ID_SIZE];
	aim_keyring_change change = {.struct_size = sizeof change, .reason = AIM_KEYRING_COMPROMISE};
	change.note = aim_str_from("found in a backup");
	check(aim_key_public(key, &public_key));
	check(aim_key_id(ctx, &public_key, key_id));
	check(aim_keyring_check(registry, &public_key, 0, 0, NULL, &err));
	check(aim_keyring_revoke(registry, aim_str_from(key_id), &change, &err));
	printf("then: %s\n", aim_status_name(aim_keyring_check(registry, &public_key, 0, 0, NULL, &err)));
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_key *old_key = NULL, *new_key = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &old_key, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &new_key, &err));
	aim_agent *agent = register_agent(registry, old_key);
	rotate(ctx, registry, aim_agent_id(agent), old_key, new_key);
	check(aim_keyring_list(registry, aim_agent_id(agent), 0, show, NULL, &err));
	revoke(ctx, registry, old_key);
	check(aim_keyring_list(registry, aim_agent_id(agent), 0, show, NULL, &err));
	aim_agent_free(agent);
	aim_key_unref(new_key);
	aim_key_unref(old_key);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
