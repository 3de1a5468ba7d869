/* identity/keyring_keep.c — private keys sealed in the store: one keystore for each key, as JSON inside the
 * record. Layer identity; makes and opens containers through crypto. */
#include "identity/keyring.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <string.h>

#define PREFIX "keystore/" /* <key id> */

typedef struct kept {
	aim_str key_id, subject, name_space;
	aim_bytes container;
	int64_t saved_us;
} kept;

static const aim__field kept_fields[] = {
	{"key_id", offsetof(kept, key_id), AIM__FIELD_TEXT, 1, NULL},
	{"subject", offsetof(kept, subject), AIM__FIELD_TEXT, 1, NULL},
	{"namespace", offsetof(kept, name_space), AIM__FIELD_TEXT, 1, NULL},
	{"saved_at", offsetof(kept, saved_us), AIM__FIELD_TIME_US, 1, NULL},
	{"container", offsetof(kept, container), AIM__FIELD_JSON, 1, NULL},
};
static const aim__fields kept_table = {kept_fields, sizeof kept_fields / sizeof *kept_fields};

/* What both calls look at. */
typedef struct work {
	aim_registry *registry;
	aim__subject *subject;
	aim__stored_key key;
	aim__record record; /* of the keystore */
	aim__arena arena;
	aim_buf at;
	kept kept;
} work;

static void work_init(work *w, aim_registry *registry)
{
	memset(w, 0, sizeof *w);
	w->registry = registry;
	aim__stored_key_init(&w->key, registry);
	aim__record_init(&w->record, registry);
	aim__arena_init(&w->arena, registry->ctx, 1024, 0);
	aim__buf_init(&w->at, registry->ctx);
}

static void work_dispose(work *w)
{
	aim__buf_dispose(&w->at);
	aim__arena_dispose(&w->arena);
	aim__record_dispose(&w->record);
	aim__stored_key_dispose(&w->key);
	aim__subject_free(w->subject);
}

static aim_status find_subject(work *w, aim_str id, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	aim_status rc = aim__subject_kind_needed(id, &kind, err);
	return rc == AIM_OK ? aim__subject_find(w->registry, kind, id, &w->subject, err) : rc;
}

/* The key must be the subject's and not revoked. */
static aim_status find_key(work *w, aim_str key_id, aim_error *err)
{
	aim_status rc = aim__stored_key_load(&w->key, key_id, 1, err);
	if (rc == AIM_E_NOT_FOUND ||
	    (rc == AIM_OK && !aim_str_equal(w->key.key.subject, w->subject->id)))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_IDENTITY, "key %.*s is not registered to %.*s",
		                 16, key_id.ptr ? key_id.ptr : "", AIM__STR(w->subject->id));
	if (rc == AIM_OK && w->key.key.state == AIM_KEYRING_REVOKED)
		return aim__key_valid_at(&w->key.key, INT64_MAX, err);
	return rc;
}

/* Reads the keystore under a key id. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status load_kept(work *w, aim_str key_id, aim_error *err)
{
	aim_status rc = aim__record_key(&w->at, PREFIX, &key_id, 1, err);
	if (rc == AIM_OK)
		rc = aim__record_load(&w->record, aim_buf_bytes(&w->at), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&w->record, aim_buf_bytes(&w->at), &kept_table, &w->arena, &w->kept, err);
	return rc;
}

/* ---- saving ---- */

/* Only a whole keystore of the same key makes room. */
static aim_status may_replace(work *w, aim_error *err)
{
	aim_public_key public_key;
	aim_buf agent;
	aim__buf_init(&agent, w->registry->ctx);
	aim_status rc = aim_keystore_inspect(w->registry->ctx, w->kept.container, &agent, &public_key, NULL, err);
	if (rc == AIM_OK &&
	    (!aim_str_equal(aim_buf_str(&agent), w->subject->id) ||
	     memcmp(&public_key, &w->key.key.key.key, sizeof public_key) != 0))
		rc = aim__fail(err, AIM_E_KEYSTORE_AGENT, AIM_LAYER_IDENTITY,
		               "the keystore that is there belongs to another agent or key");
	aim__buf_dispose(&agent);
	return rc;
}

/* The version to write over; 0 when there is nothing. */
static aim_status find_place(work *w, aim_str key_id, uint32_t flags, uint64_t *out_version, aim_error *err)
{
	aim_status rc = load_kept(w, key_id, err);
	*out_version = 0;
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	if (!(flags & AIM_KEYRING_REPLACE) && (rc == AIM_OK || rc == AIM_E_STORE_CORRUPT))
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "a keystore of key %.*s is there already",
		                 16, key_id.ptr);
	if (rc == AIM_OK)
		rc = may_replace(w, err);
	*out_version = w->record.version;
	return rc;
}

static aim_status write_data(aim__batch *batch, const kept *k, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "key_id", k->key_id);
	aim__write_member_string(&w, "namespace", k->name_space);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status commit(work *w, const kept *k, uint64_t version, aim_str actor, aim_error *err)
{
	aim__batch batch;
	uint32_t kind = version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT;
	aim__batch_init(&batch, w->registry);
	aim_status rc = aim__batch_add(&batch, kind, version, PREFIX, &k->key_id, 1, &kept_table, k, err);
	if (rc == AIM_OK)
		rc = write_data(&batch, k, err);
	if (rc == AIM_OK) {
		aim_audit_record *r = aim__batch_record(&batch, "keystore_saved", k->subject, k->saved_us);
		r->user = actor;
		r->action = aim_str_from(w->subject->kind->noun);
		rc = aim__batch_commit(&batch, NULL, err);
	}
	aim__batch_dispose(&batch);
	return rc;
}

static aim_status save(work *w, const aim_key *key, uint32_t flags, aim_bytes passphrase,
                       const aim_keystore_options *options, aim_str actor, aim_error *err)
{
	aim_public_key public_key;
	char key_id[AIM_KEY_ID_SIZE];
	uint64_t version = 0;
	kept k = {.name_space = aim_registry_name_space(w->registry), .subject = w->subject->id};
	aim_buf container;
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_key_id(w->registry->ctx, &public_key, key_id);
	if (rc == AIM_OK)
		rc = aim_ctx_now_us(w->registry->ctx, &k.saved_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	k.key_id = aim_str_from(key_id);
	rc = find_key(w, k.key_id, err);
	if (rc == AIM_OK)
		rc = find_place(w, k.key_id, flags, &version, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&container, w->registry->ctx);
	rc = aim_keystore_seal(key, passphrase, w->subject->id, options, &container, err);
	k.container = aim_buf_bytes(&container);
	if (rc == AIM_OK)
		rc = commit(w, &k, version, actor, err);
	aim__buf_dispose(&container);
	return rc;
}

aim_status aim_keyring_save_key(aim_registry *registry, const aim_key *key, aim_str subject, uint32_t flags,
                                aim_bytes passphrase, const aim_keystore_options *options, aim_str actor,
                                aim_error *err)
{
	work w;
	if (!registry || !key)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and key are required");
	if (flags & ~AIM_KEYRING_REPLACE)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "flags of aim_keyring_save_key has an unknown bit");
	aim_status rc = aim__check_name(registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	work_init(&w, registry);
	rc = find_subject(&w, subject, err);
	if (rc == AIM_OK)
		rc = save(&w, key, flags, passphrase, options, actor, err);
	work_dispose(&w);
	return rc;
}

/* ---- loading ---- */

/* A private key is given out to be used: not for a subject that may not, nor when nobody would accept it. */
static aim_status may_use(const work *w, aim_error *err)
{
	int64_t now_us;
	const aim__key_record *key = &w->key.key;
	aim_status rc = aim_ctx_now_us(w->registry->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	rc = aim__subject_in_order(w->subject, now_us, err);
	if (rc == AIM_OK && key->expires_at_us && now_us >= key->expires_at_us)
		rc = aim__key_valid_at(key, now_us, err);
	return rc;
}

/* The container names its key, and what opens is compared with what was asked for. */
static aim_status open_kept(work *w, aim_bytes passphrase, const aim_keystore_options *options,
                            aim_key **out, aim_error *err)
{
	aim_public_key public_key;
	aim_key *key = NULL;
	aim_status rc = aim_keystore_open(w->registry->ctx, w->kept.container, passphrase, w->subject->id, options,
	                                  &key, err);
	if (rc == AIM_OK)
		rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK && memcmp(&public_key, &w->key.key.key.key, sizeof public_key) != 0)
		rc = aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY, "the keystore holds another key");
	if (rc == AIM_OK)
		*out = key;
	else
		aim_key_unref(key);
	return rc;
}

static aim_status load(work *w, aim_str key_id, aim_bytes passphrase, const aim_keystore_options *options,
                       aim_key **out, aim_error *err)
{
	if (key_id.len == 0)
		key_id = w->subject->key_id;
	if (key_id.len == 0)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_IDENTITY, "%.*s has no active key",
		                 AIM__STR(w->subject->id));
	aim_status rc = find_key(w, key_id, err);
	if (rc == AIM_OK)
		rc = may_use(w, err);
	if (rc != AIM_OK)
		return rc;
	rc = load_kept(w, key_id, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_IDENTITY, "there is no keystore of key %.*s", 16, key_id.ptr);
	return rc == AIM_OK ? open_kept(w, passphrase, options, out, err) : rc;
}

aim_status aim_keyring_load_key(aim_registry *registry, aim_str subject, aim_str key_id,
                                aim_bytes passphrase, const aim_keystore_options *options, aim_key **out,
                                aim_error *err)
{
	work w;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	if (key_id.len != 0 && (!key_id.ptr || key_id.len != AIM_KEY_ID_SIZE - 1))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "a key id has 64 hex digits");
	work_init(&w, registry);
	aim_status rc = find_subject(&w, subject, err);
	if (rc == AIM_OK)
		rc = load(&w, key_id, passphrase, options, out, err);
	work_dispose(&w);
	return rc;
}
