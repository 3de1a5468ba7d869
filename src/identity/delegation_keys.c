/* identity/delegation_keys.c — keys by DID: from the registry, from the caller, from the DID itself. Layer identity. */
#include "identity/delegation_keys.h"

#include "base/ctx.h"
#include "base/error.h"
#include "identity/subject.h"

#include <aim/agent.h>
#include <aim/keyform.h>
#include <string.h>

/* The key that a did:key is; 0 for another DID and for one that is no Ed25519 key. */
static int own_key(const aim_ctx *ctx, aim_str did, aim_public_key *out)
{
	return aim__delegation_is_did_key(did) &&
	       aim_key_public_parse(ctx, aim_bytes_from_str(did), out, NULL) == AIM_OK;
}

/* "did:mesh:" and "did:agentmesh:" end in the first half of a key id, when libaim made them. */
static aim_str half_key_id(aim_str did)
{
	aim_str half = {did.ptr + did.len - 32, 32};
	aim_str none = {NULL, 0};
	if (did.len <= 32 || half.ptr[-1] != ':')
		return none;
	for (size_t i = 0; i < half.len; i++)
		if (!((half.ptr[i] >= '0' && half.ptr[i] <= '9') || (half.ptr[i] >= 'a' && half.ptr[i] <= 'f')))
			return none;
	return half;
}

/* ---- the registry ---- */

static aim_status take_id(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	aim_buf *found = user;
	(void)value, (void)version, (void)err;
	aim_buf_clear(found);
	aim_status rc = aim__buf_add(found, key.ptr, key.len);
	return rc == AIM_OK ? AIM_E_SPACE : rc; /* one is enough */
}

/* The agent whose key id begins with half. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status find_by_half(aim_registry *registry, aim_str half, aim_agent **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_buf prefix, found;
	aim__buf_init(&prefix, registry->ctx);
	aim__buf_init(&found, registry->ctx);
	aim_status rc = aim__record_key(&prefix, aim__agent_kind.by_key, &half, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&prefix), aim_bytes_from(NULL, 0), take_id, &found, err);
	if (rc == AIM_E_SPACE && found.len)
		rc = aim__subject_index(registry, aim_buf_bytes(&found), id, err);
	else if (rc == AIM_OK)
		rc = AIM_E_NOT_FOUND;
	if (rc == AIM_OK)
		rc = aim_agent_find(registry, aim_str_from(id), out, err);
	aim__buf_dispose(&found);
	aim__buf_dispose(&prefix);
	return rc;
}

/* AIM_E_NOT_FOUND when no agent of the registry has the DID. */
static aim_status find_agent(aim_registry *registry, aim_str did, aim_agent **out, aim_error *err)
{
	aim_public_key key;
	aim_error ignored = {0};
	aim_status rc = AIM_E_NOT_FOUND;
	aim_str half = half_key_id(did);
	if (own_key(registry->ctx, did, &key))
		rc = aim_agent_find_key(registry, &key, out, &ignored);
	else if (half.len)
		rc = find_by_half(registry, half, out, &ignored);
	if (rc != AIM_OK && rc != AIM_E_NOT_FOUND && err)
		*err = ignored;
	return rc;
}

aim_status aim__delegation_active(aim_registry *registry, aim_str did, int64_t now_s, int *out, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = find_agent(registry, did, &agent, err);
	if (rc == AIM_OK)
		*out = aim_agent_is_active(agent, now_s * 1000000);
	else if (rc == AIM_E_NOT_FOUND)
		*out = 1;
	aim_agent_free(agent);
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

/* AIM_E_NOT_FOUND when the registry knows nobody of that DID. */
static aim_status keys_of_agent(aim_registry *registry, const aim__delegation_link *link,
                                aim__delegation_keys *out, aim_error *err)
{
	aim_agent *agent = NULL;
	aim_status rc = find_agent(registry, link->parent, &agent, err);
	if (rc == AIM_OK && aim_agent_public_key(agent, &out->keys[0]) == AIM_OK) {
		out->n = 1;
		out->source = AIM__DELEGATION_KEY_REGISTRY;
	}
	aim_agent_free(agent);
	return rc;
}

/* ---- all sources ---- */

static aim_status ask_resolver(const aim_delegation_check *check, const aim__delegation_link *link,
                               aim__delegation_keys *out, aim_error *err)
{
	aim_status rc = check->resolve(check->resolve_user, link->parent, link->not_before_s, &out->keys[0]);
	if (rc == AIM_OK) {
		out->n = 1;
		out->source = AIM__DELEGATION_KEY_RESOLVER;
		return rc;
	}
	if (rc == AIM_E_NOT_FOUND)
		return rc;
	return aim__fail(err, rc, AIM_LAYER_IDENTITY, "the resolver of keys failed");
}

aim_status aim__delegation_find_keys(const aim_ctx *ctx, const aim_delegation_check *check,
                                     const aim__delegation_link *link, aim__delegation_keys *out, aim_error *err)
{
	aim_status rc = AIM_E_NOT_FOUND;
	memset(out, 0, sizeof *out);
	if (check->registry)
		rc = keys_of_agent(check->registry, link, out, err);
	if (rc == AIM_E_NOT_FOUND && check->resolve)
		rc = ask_resolver(check, link, out, err);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	if (own_key(ctx, link->parent, &out->keys[0])) {
		out->n = 1;
		out->source = AIM__DELEGATION_KEY_SELF;
	}
	return AIM_OK;
}
