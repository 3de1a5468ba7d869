/* identity/keyring.h — keys as they are stored: one record for each key that was ever registered, under
 * "key/<key id>" for agents, servers and namespaces alike, so that a key has one owner for good. Each
 * names the subject's key before it; the subject names the newest. */
#ifndef AIM_IDENTITY_KEYRING_H
#define AIM_IDENTITY_KEYRING_H

#include "store/id.h"
#include "identity/record.h"

#include <aim/keyring.h>

#define AIM__KEY_PREFIX "key/"

typedef struct aim__key_record {
	aim_str key_id, subject, name_space, previous, note;
	aim__optional_key key;
	uint32_t state, reason; /* AIM_KEYRING_*; the state is never EXPIRED: that is a matter of time */
	uint64_t number;
	int64_t valid_from_us, retiring_from_us, expires_at_us, revoked_at_us;
} aim__key_record;

extern const aim__fields aim__key_fields;

/* A key that was read; the record's text lives in arena. Confined. */
typedef struct aim__stored_key {
	aim__record record;
	aim__arena arena;
	aim__key_record key;
} aim__stored_key;

void aim__stored_key_init(aim__stored_key *stored, aim_registry *registry);
void aim__stored_key_dispose(aim__stored_key *stored);
/* AIM_OK, AIM_E_NOT_FOUND (err untouched; also for another namespace's when own is not 0), AIM_E_NOMEM,
 * AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__stored_key_load(aim__stored_key *stored, aim_str key_id, int own, aim_error *err);

/* Writes a key's entry as of at_us. */
void aim__key_entry(const aim__key_record *key, int64_t at_us, aim_keyring_entry *out);

/* The rest of aim_keyring_check() once the key is found: what the key's own record says about at_us. */
aim_status aim__key_valid_at(const aim__key_record *key, int64_t at_us, aim_error *err);

/* 1 when nothing that the key ever signed counts. */
int aim__key_reason_is_grave(uint32_t reason);

/* A rotation proof: what it says, and its statement and whole text for the audit record. */
aim_status aim__proof_read(aim_ctx *ctx, aim_bytes proof, aim_keyring_proof *out, aim_error *err);

#endif
