/* identity/did_find.c — from a DID or SPIFFE id to the subject. Layer identity. */
#include "identity/did_find.h"

#include "base/error.h"
#include "base/format.h"
#include "identity/keyring.h"
#include "identity/subject.h"

#include <string.h>

#define HALF_KEY_ID 32u

static int starts_with(aim_str text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

static aim_status find_by_key_id(aim_registry *registry, aim_str key_id, char out_id[AIM__ID_SIZE],
                                 aim_error *err)
{
	aim__stored_key stored;
	aim__stored_key_init(&stored, registry);
	aim_status rc = aim__stored_key_load(&stored, key_id, 1, err);
	if (rc == AIM_OK)
		memcpy(out_id, stored.key.subject.ptr, AIM__ID_SIZE);
	aim__stored_key_dispose(&stored);
	return rc;
}

/* A did:key that is no Ed25519 key is nobody's here. */
static aim_status find_by_did_key(aim_registry *registry, aim_str did, char out_id[AIM__ID_SIZE],
                                  aim_error *err)
{
	aim_public_key key;
	char key_id[AIM_KEY_ID_SIZE];
	aim_status rc = aim_key_public_parse(registry->ctx, aim_bytes_from_str(did), &key, NULL);
	if (rc != AIM_OK)
		return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, AIM_LAYER_IDENTITY) : AIM_E_NOT_FOUND;
	rc = aim_key_id(registry->ctx, &key, key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	return find_by_key_id(registry, aim_str_from(key_id), out_id, err);
}

/* The part of a derived DID that is half a key id; empty for any other. */
static aim_str half_of(aim_str did)
{
	size_t at = starts_with(did, "did:mesh:") ? 9 : starts_with(did, "did:agentmesh:") ? 14 : 0;
	aim_str half = {did.ptr + at, did.len - at};
	if (at == 0 || half.len != HALF_KEY_ID)
		return (aim_str){NULL, 0};
	for (size_t i = 0; i < half.len; i++)
		if (!((half.ptr[i] >= '0' && half.ptr[i] <= '9') || (half.ptr[i] >= 'a' && half.ptr[i] <= 'f')))
			return (aim_str){NULL, 0};
	return half;
}

typedef struct half_search {
	aim_registry *registry;
	char *id;
	size_t n; /* subjects found */
} half_search;

static aim_status visit_key(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	half_search *s = user;
	char id[AIM__ID_SIZE];
	size_t prefix = sizeof AIM__KEY_PREFIX - 1;
	aim_str key_id = {(const char *)key.ptr + prefix, key.len - prefix};
	(void)value, (void)version;
	aim_status rc = find_by_key_id(s->registry, key_id, id, err);
	if (rc != AIM_OK)
		return rc == AIM_E_NOT_FOUND ? AIM_OK : rc; /* another namespace's */
	if (s->n > 0 && memcmp(s->id, id, sizeof id) != 0)
		return aim__fail(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY,
		                 "%s and %s both have a key that this DID is derived from", s->id, id);
	memcpy(s->id, id, sizeof id);
	s->n++;
	return AIM_OK;
}

static aim_status find_by_half(aim_registry *registry, aim_str half, char out_id[AIM__ID_SIZE],
                               aim_error *err)
{
	char id[AIM__ID_SIZE];
	half_search s = {registry, id, 0};
	aim_buf prefix;
	aim__buf_init(&prefix, registry->ctx);
	aim_status rc = aim__record_key(&prefix, AIM__KEY_PREFIX, &half, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_buf_bytes(&prefix), aim_bytes_from(NULL, 0), visit_key, &s,
		                      err);
	aim__buf_dispose(&prefix);
	if (rc != AIM_OK)
		return rc;
	if (s.n == 0)
		return AIM_E_NOT_FOUND;
	memcpy(out_id, id, sizeof id);
	return AIM_OK;
}

static aim_status find_by_alias(aim_registry *registry, aim_str did, char out_id[AIM__ID_SIZE],
                                aim_error *err)
{
	aim_buf key;
	aim_str parts[2] = {aim_registry_name_space(registry), did};
	aim__buf_init(&key, registry->ctx);
	aim_status rc = aim__record_key(&key, AIM__ALIAS_PREFIX, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__subject_index(registry, aim_buf_bytes(&key), out_id, err);
	aim__buf_dispose(&key);
	return rc;
}

aim_status aim__did_find(aim_registry *registry, aim_str did, char out_id[AIM__ID_SIZE], aim_error *err)
{
	aim_status rc = AIM_E_NOT_FOUND;
	aim_str half = half_of(did);
	if (starts_with(did, "did:key:"))
		return find_by_did_key(registry, did, out_id, err);
	if (half.len)
		rc = find_by_half(registry, half, out_id, err);
	return rc == AIM_E_NOT_FOUND && did.len ? find_by_alias(registry, did, out_id, err) : rc;
}
