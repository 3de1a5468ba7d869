/* delegation — a sponsor lets an agent read, the agent lets a helper read less, and anybody checks the chain. */
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

/* A new key and its did:key. */
static aim_key *new_key(aim_ctx *ctx, aim_buf *did)
{
	aim_key *key = NULL;
	aim_public_key public_key;
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_keyform_public(ctx, &public_key, AIM_KEYFORM_DID, did));
	return key;
}

static aim_status show(void *user, size_t link, aim_str granter, aim_str pattern)
{
	(void)user;
	printf("link %zu: %.*s by %.12s…\n", link, (int)pattern.len, pattern.ptr, granter.ptr);
	return AIM_OK;
}

int main(void)
{
	static const aim_str all_reading = {"read:*", 6}, reading_data = {"read:data", 9};
	aim_ctx *ctx = NULL;
	aim_buf *sponsor = NULL, *agent = NULL, *helper = NULL, *json = NULL;
	int64_t now_us = 0;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_buf_new(ctx, &sponsor));
	check(aim_buf_new(ctx, &agent));
	check(aim_buf_new(ctx, &helper));
	check(aim_buf_new(ctx, &json));
	aim_key *sponsor_key = new_key(ctx, sponsor);
	aim_key *agent_key = new_key(ctx, agent);
	aim_key *helper_key = new_key(ctx, helper);

	/* The sponsor, and then the agent for itself. */
	aim_delegation *first = NULL, *chain = NULL;
	aim_delegation_spec spec = {.struct_size = sizeof spec, .n_capabilities = 1};
	spec.child = aim_buf_str(agent);
	spec.capabilities = &all_reading;
	spec.expires_at_s = now_us / 1000000 + 3600;
	check(aim_delegation_create(ctx, sponsor_key, aim_str_from(""), &spec, &first, &err));
	spec.child = aim_buf_str(helper);
	spec.capabilities = &reading_data;
	check(aim_delegation_extend(first, agent_key, &spec, &chain, &err));
	check(aim_delegation_export(chain, json));
	aim_delegation_free(chain);

	/* Whoever gets the JSON. */
	aim_delegation_check wanted = {.struct_size = sizeof wanted};
	aim_delegation_result result = {.struct_size = sizeof result};
	wanted.sponsor = aim_buf_str(sponsor);
	wanted.agent = aim_buf_str(helper);
	wanted.capability = reading_data;
	check(aim_delegation_import(ctx, aim_buf_bytes(json), &chain, &err));
	check(aim_delegation_verify(chain, &wanted, &result, &err));
	check(aim_delegation_trace(chain, reading_data, show, NULL, &err));
	wanted.capability = aim_str_from("write:data");
	if (aim_delegation_verify(chain, &wanted, &result, &err) == AIM_OK)
		return 1;
	printf("refused by the rule %s: %s\n", aim_delegation_rule_name(result.rule), err.message);

	aim_delegation_free(chain);
	aim_delegation_free(first);
	aim_key_unref(helper_key);
	aim_key_unref(agent_key);
	aim_key_unref(sponsor_key);
	aim_buf_free(json);
	aim_buf_free(helper);
	aim_buf_free(agent);
	aim_buf_free(sponsor);
	aim_ctx_free(ctx);
	return 0;
}
