/* identity/keyring.c — keys as they are stored, and whether one may speak for its subject. Layer
 * identity. */
#include "identity/keyring.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "base/time.h"
#include "identity/subject.h"

#include <string.h>

AIM__NO_PADDING(aim_keyring_entry, 6 * 4 + 5 * 8 + AIM_KEY_PUBLIC_LEN + 72 + 40);

static const char *const state_names[] = {"unknown", "active", "retiring", "revoked", "expired", NULL};

/* States that are stored. */
static const char *const kept_states[] = {"unknown", "active", "retiring", "revoked", NULL};

static const char *const reason_names[] = {"unknown",           "unspecified", "key_compromise", "superseded",
                                           "security_incident", "cessation",   "manual",         NULL};

static const aim__field key_fields[] = {
	{"key_id", offsetof(aim__key_record, key_id), AIM__FIELD_TEXT, 1, NULL},
	{"subject", offsetof(aim__key_record, subject), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(aim__key_record, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"number", offsetof(aim__key_record, number), AIM__FIELD_UINT, 1, NULL},
	{"public_key", offsetof(aim__key_record, key), AIM__FIELD_KEY, 1, NULL},
	{"state", offsetof(aim__key_record, state), AIM__FIELD_NAME, 1, kept_states},
	{"valid_from", offsetof(aim__key_record, valid_from_us), AIM__FIELD_TIME_US, 1, NULL},
	{"retiring_from", offsetof(aim__key_record, retiring_from_us), AIM__FIELD_TIME_US, 0, NULL},
	{"expires_at", offsetof(aim__key_record, expires_at_us), AIM__FIELD_TIME_US, 0, NULL},
	{"revoked_at", offsetof(aim__key_record, revoked_at_us), AIM__FIELD_TIME_US, 0, NULL},
	{"reason", offsetof(aim__key_record, reason), AIM__FIELD_NAME, 0, reason_names},
	{"note", offsetof(aim__key_record, note), AIM__FIELD_TEXT, 0, NULL},
	{"previous", offsetof(aim__key_record, previous), AIM__FIELD_TEXT, 0, NULL},
};

const aim__fields aim__key_fields = {key_fields, sizeof key_fields / sizeof *key_fields};

const char *aim_keyring_state_name(uint32_t state)
{
	return state_names[state <= AIM_KEYRING_EXPIRED ? state : 0];
}

const char *aim_keyring_reason_name(uint32_t reason)
{
	return reason_names[reason <= AIM_KEYRING_MANUAL ? reason : 0];
}

int aim__key_reason_is_grave(uint32_t reason)
{
	return reason == AIM_KEYRING_COMPROMISE || reason == AIM_KEYRING_INCIDENT;
}

/* ---- reading ---- */

void aim__stored_key_init(aim__stored_key *stored, aim_registry *registry)
{
	memset(&stored->key, 0, sizeof stored->key);
	aim__record_init(&stored->record, registry);
	aim__arena_init(&stored->arena, registry->ctx, 512, 0);
}

void aim__stored_key_dispose(aim__stored_key *stored)
{
	aim__arena_dispose(&stored->arena);
	aim__record_dispose(&stored->record);
}

/* The member that does not go with the others, NULL when all do. A revocation without its time, or a
 * key under another's id, would make a check answer wrong. */
static const char *misfit(const aim__key_record *key, aim_str asked, const char *key_id)
{
	if (!aim_str_equal(key->key_id, asked))
		return "key_id";
	if (!aim_str_equal(asked, aim_str_from(key_id)))
		return "public_key";
	if (key->subject.len != AIM__ID_LEN || !aim__subject_kind_of(key->subject))
		return "subject";
	if ((key->state == AIM_KEYRING_REVOKED) != (key->revoked_at_us != 0))
		return "revoked_at";
	if ((key->state == AIM_KEYRING_REVOKED) != (key->reason != 0))
		return "reason";
	if (key->state == AIM_KEYRING_RETIRING && key->expires_at_us == 0)
		return "expires_at";
	return NULL;
}

static aim_status read_key(aim__stored_key *stored, aim_str key_id, aim_bytes at, aim_error *err)
{
	char text[AIM_KEY_ID_SIZE];
	memset(&stored->key, 0, sizeof stored->key);
	aim__arena_reset(&stored->arena);
	aim_status rc =
		aim__record_read(&stored->record, at, &aim__key_fields, &stored->arena, &stored->key, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_id(stored->record.registry->ctx, &stored->key.key.key, text);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	const char *bad = misfit(&stored->key, key_id, text);
	return bad ? aim__record_corrupt(at, bad, err) : AIM_OK;
}

aim_status aim__stored_key_load(aim__stored_key *stored, aim_str key_id, int own, aim_error *err)
{
	aim_registry *registry = stored->record.registry;
	aim_buf key;
	aim__buf_init(&key, registry->ctx);
	aim_status rc = aim__record_key(&key, AIM__KEY_PREFIX, &key_id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&stored->record, aim_buf_bytes(&key), err);
	if (rc == AIM_OK)
		rc = read_key(stored, key_id, aim_buf_bytes(&key), err);
	aim__buf_dispose(&key);
	if (rc == AIM_OK && own && !aim_str_equal(stored->key.name_space, aim_registry_name_space(registry)))
		return AIM_E_NOT_FOUND;
	return rc;
}

/* ---- what a key is at a time ---- */

static uint32_t state_at(const aim__key_record *key, int64_t at_us)
{
	if (key->state == AIM_KEYRING_REVOKED &&
	    (at_us >= key->revoked_at_us || aim__key_reason_is_grave(key->reason)))
		return AIM_KEYRING_REVOKED;
	if (key->expires_at_us && at_us >= key->expires_at_us)
		return AIM_KEYRING_EXPIRED;
	return key->retiring_from_us && at_us >= key->retiring_from_us ? AIM_KEYRING_RETIRING
	                                                                : AIM_KEYRING_ACTIVE;
}

void aim__key_entry(const aim__key_record *key, int64_t at_us, aim_keyring_entry *out)
{
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	out->state = state_at(key, at_us);
	out->reason = key->reason;
	out->subject_kind = aim__subject_kind_of(key->subject)->kind;
	out->number = key->number;
	out->valid_from_us = key->valid_from_us;
	out->retiring_from_us = key->retiring_from_us;
	out->expires_at_us = key->expires_at_us;
	out->revoked_at_us = key->revoked_at_us;
	out->public_key = key->key.key;
	memcpy(out->key_id, key->key_id.ptr, AIM_KEY_ID_SIZE);
	memcpy(out->subject, key->subject.ptr, AIM__ID_SIZE);
}

/* A time for a message; "?" for one that has no text. */
static const char *time_text(char text[AIM__TIME_TEXT_SIZE], int64_t us)
{
	return aim__time_format_us(text, us) == AIM_OK ? text : "?";
}

aim_status aim__key_valid_at(const aim__key_record *key, int64_t at_us, aim_error *err)
{
	char text[AIM__TIME_TEXT_SIZE];
	switch (state_at(key, at_us)) {
	case AIM_KEYRING_REVOKED:
		return aim__fail(err, AIM_E_KEY_REVOKED, AIM_LAYER_IDENTITY,
		                 "key %.*s of %.*s was revoked at %s (%s)", 16, key->key_id.ptr,
		                 AIM__STR(key->subject), time_text(text, key->revoked_at_us),
		                 aim_keyring_reason_name(key->reason));
	case AIM_KEYRING_EXPIRED:
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_IDENTITY, "key %.*s of %.*s expired at %s", 16,
		                 key->key_id.ptr, AIM__STR(key->subject), time_text(text, key->expires_at_us));
	default:
		break;
	}
	if (at_us < key->valid_from_us)
		return aim__fail(err, AIM_E_KEY_EARLY, AIM_LAYER_IDENTITY,
		                 "key %.*s of %.*s is registered since %s only", 16, key->key_id.ptr,
		                 AIM__STR(key->subject), time_text(text, key->valid_from_us));
	return AIM_OK;
}

/* ---- checking ---- */

static aim_status subject_permits(const aim__subject *s, uint32_t flags, int64_t at_us, aim_error *err)
{
	int pending = s->status == AIM_REGISTRY_PENDING && flags & AIM_KEYRING_ALLOW_PENDING;
	if (s->status != AIM_REGISTRY_VERIFIED && !pending)
		return aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "%s %.*s is %s", s->kind->noun,
		                 AIM__STR(s->id), aim_registry_status_name(s->status));
	if (s->expires_at_s && at_us >= s->expires_at_s * 1000000)
		return aim__fail(err, AIM_E_EXPIRED, AIM_LAYER_IDENTITY, "%s %.*s has expired", s->kind->noun,
		                 AIM__STR(s->id));
	return AIM_OK;
}

/* The subject is looked at also when the key fails: who asks may want to record it. */
static aim_status check_found(aim_registry *registry, const aim__key_record *key, int64_t at_us,
                              uint32_t flags, aim_keyring_entry *entry, aim_error *err)
{
	aim__subject *subject = NULL;
	aim__key_entry(key, at_us, entry);
	aim_status rc = aim__subject_find(registry, aim__subject_kind_of(key->subject), key->subject, &subject,
	                                  err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
		                 "key %.*s belongs to %.*s, which is not there", 16, key->key_id.ptr,
		                 AIM__STR(key->subject));
	if (rc != AIM_OK)
		return rc;
	entry->subject_status = subject->status;
	rc = aim__key_valid_at(key, at_us, err);
	if (rc == AIM_OK)
		rc = subject_permits(subject, flags, at_us, err);
	aim__subject_free(subject);
	return rc;
}

static aim_status check(aim_registry *registry, const aim_public_key *public_key, int64_t at_us,
                        uint32_t flags, aim_keyring_entry *entry, aim_error *err)
{
	char key_id[AIM_KEY_ID_SIZE];
	aim__stored_key stored;
	aim_status rc = aim_key_id(registry->ctx, public_key, key_id);
	if (rc == AIM_OK && at_us == 0)
		rc = aim_ctx_now_us(registry->ctx, &at_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__stored_key_init(&stored, registry);
	rc = aim__stored_key_load(&stored, aim_str_from(key_id), 1, err);
	if (rc == AIM_OK)
		rc = check_found(registry, &stored.key, at_us, flags, entry, err);
	else if (rc == AIM_E_NOT_FOUND)
		rc = aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_IDENTITY,
		               "key %.*s is registered to no agent or server", 16, key_id);
	aim__stored_key_dispose(&stored);
	return rc;
}

aim_status aim_keyring_check(aim_registry *registry, const aim_public_key *public_key, int64_t at_us,
                             uint32_t flags, aim_keyring_entry *out, aim_error *err)
{
	aim_keyring_entry entry = {.struct_size = sizeof entry};
	aim_status rc = out ? aim__sized_out(out, &entry, sizeof entry, sizeof entry) : AIM_OK;
	if (!registry || !public_key || rc != AIM_OK)
		return AIM__MISUSE(registry ? registry->ctx : NULL,
		                   "registry, public_key and out->struct_size are required");
	if (flags & ~AIM_KEYRING_ALLOW_PENDING)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "flags of aim_keyring_check has an unknown bit");
	rc = check(registry, public_key, at_us, flags, &entry, err);
	if (out)
		(void)aim__sized_out(out, &entry, sizeof entry, sizeof entry); /* its size was good above */
	return rc;
}

/* ---- listing ---- */

/* Each key's number is one less than its successor's, so that damage cannot make the walk go round. */
static aim_status walk(aim_registry *registry, const aim__subject *subject, int64_t at_us,
                       aim_keyring_visit visit, void *user, aim_error *err)
{
	char next[AIM_KEY_ID_SIZE];
	uint64_t number = 0;
	aim__stored_key stored;
	aim_str key_id = subject->newest_key;
	aim_status rc = AIM_OK;
	aim__stored_key_init(&stored, registry);
	while (rc == AIM_OK && key_id.len) {
		aim_keyring_entry entry;
		rc = aim__stored_key_load(&stored, key_id, 1, err);
		if (rc == AIM_E_NOT_FOUND ||
		    (rc == AIM_OK && ((number && stored.key.number != number - 1) ||
		                      stored.key.previous.len > AIM_KEY_ID_SIZE - 1 ||
		                      !aim_str_equal(stored.key.subject, subject->id))))
			rc = aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY,
			               "the keys of %.*s do not hang together at %.*s", AIM__STR(subject->id), 16,
			               key_id.ptr);
		if (rc != AIM_OK)
			break;
		number = stored.key.number;
		aim__key_entry(&stored.key, at_us, &entry);
		entry.subject_status = subject->status;
		memcpy(next, stored.key.previous.len ? stored.key.previous.ptr : "", stored.key.previous.len);
		key_id = (aim_str){next, stored.key.previous.len};
		rc = visit(user, &entry);
	}
	aim__stored_key_dispose(&stored);
	return rc;
}

aim_status aim_keyring_list(aim_registry *registry, aim_str subject, int64_t at_us,
                            aim_keyring_visit visit, void *user, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	aim__subject *found = NULL;
	if (!registry || !visit)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and visit are required");
	aim_status rc = aim__subject_kind_needed(subject, &kind, err);
	if (rc == AIM_OK)
		rc = aim__subject_find(registry, kind, subject, &found, err);
	if (rc == AIM_OK && at_us == 0 && (rc = aim_ctx_now_us(registry->ctx, &at_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	if (rc == AIM_OK)
		rc = walk(registry, found, at_us, visit, user, err);
	aim__subject_free(found);
	return rc;
}
