/* did_document — an agent's DID document and JWK Set, and the agent found by a SPIFFE id. */
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

static void publish(aim_ctx *ctx, aim_registry *registry, aim_str id)
{
	aim_buf *text = NULL;
	check(aim_buf_new(ctx, &text));
	check(aim_did_document(registry, id, 0, 0, text, &err));
	printf("%s\n", aim_buf_str(text).ptr);
	aim_buf_clear(text);
	check(aim_did_jwk_set(registry, id, 0, text, &err));
	printf("%s\n", aim_buf_str(text).ptr);
	aim_buf_free(text);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_agent *agent = NULL;
	aim_str alias = aim_str_from("spiffe://example.org/invoices");
	aim_agent_spec spec = {.struct_size = sizeof spec, .public_key = &public_key};
	char id[AIM_DID_ID_SIZE];
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	spec.name = aim_str_from("invoice-bot");
	spec.status = AIM_REGISTRY_VERIFIED;
	spec.aliases = &alias;
	spec.n_aliases = 1;
	check(aim_agent_register(registry, &spec, &agent, &err));
	publish(ctx, registry, aim_agent_id(agent));
	check(aim_did_find(registry, alias, id, &err));
	printf("%s is %s\n", alias.ptr, id);
	aim_agent_free(agent);
	aim_key_unref(key);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
