/* identity/delegation_keys.c — keys by DID: from the registry, from the caller, from the DID itself. Layer identity. */
#include "identity/delegation_keys.h"

#include "base/ctx.h"
#include "base/error.h"
#include "identity/did_find.h"
#include "identity/subject.h"

#include <aim/keyform.h>
#include <string.h>

/* The key that a did:key is; 0 for another DID and for one that is no Ed25519 key. */
static int own_key(const aim_ctx *ctx, aim_str did, aim_public_key *out)
{
	return aim__delegation_is_did_key(did) &&
	       aim_key_public_parse(ctx, aim_bytes_from_str(did), out, NULL) == AIM_OK;
}

/* ---- the registry ---- */

aim_status aim__delegation_subject(aim_registry *registry, aim_str did, aim__subject **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim_error ignored = {0};
	aim_status rc = aim__did_find(registry, did, id, &ignored);
	if (rc == AIM_OK)
		rc = aim__subject_find(registry, aim__subject_kind_of(aim_str_from(id)), aim_str_from(id), out, &ignored);
	if (rc != AIM_OK && rc != AIM_E_NOT_FOUND && err)
		*err = ignored;
	return rc;
}

aim_status aim__agent_by_did(aim_registry *registry, aim_str did, aim_agent **out, aim_error *err)
{
	aim__subject *s = NULL;
	aim_status rc = aim__delegation_subject(registry, did, &s, err);
	if (rc == AIM_OK)
		rc = s->kind == &aim__agent_kind ? aim_agent_find(registry, s->id, out, err) : AIM_E_NOT_FOUND;
	aim__subject_free(s);
	return rc;
}

typedef struct key_search {
	const aim__delegation_link *link;
	aim__delegation_keys *out;
} key_search;

/* Whether a key may have signed at the link's not_before, which counts whole seconds. A link states its own
 * time, so a key that is revoked now, whatever for, is no help. */
static aim_status take_key(void *user, const aim_keyring_entry *entry)
{
	key_search *s = user;
	int64_t from_s = s->link->not_before_s;
	if (entry->revoked_at_us || entry->valid_from_us / 1000000 > from_s)
		return AIM_OK;
	if (entry->expires_at_us && entry->expires_at_us / 1000000 <= from_s)
		return AIM_OK;
	if (s->out->n == AIM__DELEGATION_KEYS)
		return AIM_OK;
	s->out->keys[s->out->n++] = entry->public_key;
	s->out->source = AIM__DELEGATION_KEY_REGISTRY;
	return AIM_OK;
}

/* AIM_E_NOT_FOUND when the registry knows nobody of that DID. A server is known, and its keys are for other things: as a
 * stranger it would be its own key. */
static aim_status keys_of_agent(aim_registry *registry, const aim__delegation_link *link,
                                aim__delegation_keys *out, aim_error *err)
{
	aim__subject *s = NULL;
	key_search search = {link, out};
	aim_status rc = aim__delegation_subject(registry, link->parent, &s, err);
	if (rc == AIM_OK && s->kind == &aim__agent_kind)
		rc = aim_keyring_list(registry, s->id, 0, take_key, &search, err);
	aim__subject_free(s);
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
