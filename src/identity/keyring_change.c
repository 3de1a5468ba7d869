/* identity/keyring_change.c — rotating, revoking and replacing keys: each change is one batch of the
 * subject, its keys and the audit record. Layer identity. */
#include "identity/keyring.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <string.h>

AIM__NO_PADDING(aim_keyring_change, 6 * 4 + 4 * sizeof(void *));

/* What one change reads and writes. */
typedef struct work {
	aim_registry *registry;
	aim_keyring_change change;
	int64_t now_us;
	aim__subject *subject;
	aim__stored_key old; /* the key that retires, is revoked, or was the newest */
	aim__key_record new_key;
	aim__subject_key_text text; /* of new_key */
	aim__batch batch;
} work;

static void work_init(work *w, aim_registry *registry, const aim_keyring_change *change)
{
	memset(w, 0, sizeof *w);
	w->registry = registry;
	w->change = *change;
	aim__stored_key_init(&w->old, registry);
	aim__batch_init(&w->batch, registry);
}

static void work_dispose(work *w)
{
	aim__batch_dispose(&w->batch);
	aim__stored_key_dispose(&w->old);
	aim__subject_free(w->subject);
}

static aim_status take_change(aim_registry *registry, const aim_keyring_change *change, uint32_t flags,
                              aim_keyring_change *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, change, sizeof *out, "aim_keyring_change", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~flags)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_keyring_change.flags has a bit that is not known here");
	if (out->reason > AIM_KEYRING_MANUAL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%u is no reason of a revocation",
		                 out->reason);
	if (out->grace_s > AIM_KEYRING_MAX_GRACE_S)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "a grace period lasts at most %u seconds",
		                 AIM_KEYRING_MAX_GRACE_S);
	if (out->reason == 0)
		out->reason = AIM_KEYRING_UNSPECIFIED;
	if (out->grace_s == 0)
		out->grace_s = AIM_KEYRING_GRACE_S;
	if (out->window_s == 0)
		out->window_s = AIM_KEYRING_WINDOW_S;
	rc = aim__check_text("note", out->note, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(registry->ctx, "actor", out->actor, 0, err) : rc;
}

/* ---- building ---- */

static aim_status find_subject(work *w, aim_str id, aim_error *err)
{
	const aim__subject_kind *kind = NULL;
	aim_status rc = aim_ctx_now_us(w->registry->ctx, &w->now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	rc = aim__subject_kind_needed(id, &kind, err);
	return rc == AIM_OK ? aim__subject_find(w->registry, kind, id, &w->subject, err) : rc;
}

/* Puts key over what was read as w->old. */
static aim_status put_old(work *w, aim_error *err)
{
	return aim__batch_add(&w->batch, AIM_STORE_PUT_IF_VERSION, w->old.record.version, AIM__KEY_PREFIX,
	                      &w->old.key.key_id, 1, &aim__key_fields, &w->old.key, err);
}

/* The subject's next key, active from now on; its newest is w->old, when there is one. */
static aim_status put_new(work *w, const aim_public_key *public_key, aim_error *err)
{
	aim__subject *s = w->subject;
	aim_status rc = aim__subject_set_key(w->registry->ctx, s, public_key, &w->text, err);
	if (rc != AIM_OK)
		return rc;
	w->new_key = (aim__key_record){.key_id = s->key_id, .subject = s->id, .name_space = s->name_space};
	w->new_key.key = s->key;
	w->new_key.previous = w->old.key.key_id;
	w->new_key.number = w->old.key.number + 1;
	w->new_key.state = AIM_KEYRING_ACTIVE;
	w->new_key.valid_from_us = w->now_us;
	return aim__batch_add(&w->batch, AIM_STORE_PUT_IF_ABSENT, 0, AIM__KEY_PREFIX, &w->new_key.key_id, 1,
	                      &aim__key_fields, &w->new_key, err);
}

static aim_status put_subject(work *w, aim_error *err)
{
	w->subject->updated_us = w->now_us;
	return aim__subject_put(&w->batch, w->subject, err);
}

/* Members in canonical order. */
static aim_status write_data(work *w, aim_str key_id, aim_str previous, aim_bytes proof, aim_error *err)
{
	aim__json_writer w_;
	aim__write_init(&w_, &w->batch.data);
	aim__write_begin_object(&w_);
	if (previous.len && w->old.key.state == AIM_KEYRING_RETIRING)
		aim__write_member_int64(&w_, "expires_at_us", w->old.key.expires_at_us);
	aim__write_member_string(&w_, "key_id", key_id);
	aim__write_member_string(&w_, "namespace", w->subject->name_space);
	if (previous.len)
		aim__write_member_string(&w_, "previous", previous);
	if (proof.len) {
		aim__write_key(&w_, "proof");
		aim__write_raw(&w_, proof);
	}
	aim__write_end_object(&w_);
	aim_status rc = aim__write_finish(&w_);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* *out_failed_op counts in the order of the operations. */
static aim_status commit(work *w, const char *audit_kind, const char *reason_code, uint32_t *out_failed_op,
                         aim_error *err)
{
	aim_audit_record *r = aim__batch_record(&w->batch, audit_kind, w->subject->id, w->now_us);
	r->user = w->change.actor;
	r->action = aim_str_from(w->subject->kind->noun);
	r->reason = w->change.note;
	if (reason_code)
		r->reason_code = aim_str_from(reason_code);
	return aim__batch_commit(&w->batch, out_failed_op, err);
}

/* The new key is the first operation: when that failed, somebody has it, unless it just went away. */
static aim_status explain_conflict(work *w, uint32_t failed_op, aim_error *err)
{
	if (failed_op != 0)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	aim_status rc = aim__subject_key_taken(w->registry, w->new_key.key_id, err);
	return rc == AIM_E_NOT_FOUND ? AIM_E_CONFLICT : rc;
}

/* ---- rotating ---- */

static aim_status check_window(const work *w, const aim_keyring_proof *p, aim_error *err)
{
	int64_t window_us = (int64_t)w->change.window_s * 1000000;
	if (p->time_us < w->now_us - window_us)
		return aim__fail(err, AIM_E_STALE, AIM_LAYER_IDENTITY,
		                 "the rotation proof was made more than %u seconds ago", w->change.window_s);
	if (p->time_us > w->now_us + window_us)
		return aim__fail(err, AIM_E_FUTURE, AIM_LAYER_IDENTITY,
		                 "the rotation proof was made more than %u seconds ahead", w->change.window_s);
	return AIM_OK;
}

static aim_status load_active(work *w, const aim_public_key *old_key, aim_error *err)
{
	char key_id[AIM_KEY_ID_SIZE];
	const aim__subject *s = w->subject;
	aim_status rc = aim_key_id(w->registry->ctx, old_key, key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	rc = aim__stored_key_load(&w->old, aim_str_from(key_id), 1, err);
	if (rc == AIM_E_NOT_FOUND || (rc == AIM_OK && !aim_str_equal(w->old.key.subject, s->id)))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_IDENTITY, "key %.*s is not registered to %.*s",
		                 16, key_id, AIM__STR(s->id));
	if (rc == AIM_OK && w->old.key.state == AIM_KEYRING_REVOKED)
		return aim__key_valid_at(&w->old.key, INT64_MAX, err);
	if (rc == AIM_OK && (w->old.key.state != AIM_KEYRING_ACTIVE || !aim_str_equal(s->key_id, w->old.key.key_id)))
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY,
		                 "key %.*s is not the active one of %.*s: it was replaced", 16, key_id,
		                 AIM__STR(s->id));
	return rc;
}

static void retire_old(work *w)
{
	aim__key_record *old = &w->old.key;
	int64_t grace_us = w->change.flags & AIM_KEYRING_NO_GRACE ? 0 : (int64_t)w->change.grace_s * 1000000;
	old->state = AIM_KEYRING_RETIRING;
	old->retiring_from_us = w->now_us;
	old->expires_at_us = w->now_us + grace_us;
}

static aim_status rotate(work *w, const aim_keyring_proof *p, aim_bytes proof, aim_error *err)
{
	uint32_t failed_op = 0;
	aim_status rc = find_subject(w, aim_str_from(p->subject), err);
	if (rc == AIM_OK)
		rc = check_window(w, p, err);
	if (rc == AIM_OK) /* a suspended one may have been taken over */
		rc = aim__subject_in_order(w->subject, w->now_us, err);
	if (rc == AIM_OK)
		rc = load_active(w, &p->old_key, err);
	if (rc == AIM_OK)
		rc = put_new(w, &p->new_key, err);
	if (rc != AIM_OK)
		return rc;
	retire_old(w);
	rc = put_old(w, err);
	if (rc == AIM_OK)
		rc = put_subject(w, err);
	if (rc == AIM_OK)
		rc = write_data(w, w->new_key.key_id, w->old.key.key_id, proof, err);
	if (rc == AIM_OK)
		rc = commit(w, "key_rotated", NULL, &failed_op, err);
	return rc == AIM_E_CONFLICT ? explain_conflict(w, failed_op, err) : rc;
}

aim_status aim_keyring_rotate(aim_registry *registry, aim_bytes proof, const aim_keyring_change *change,
                              aim_error *err)
{
	aim_keyring_change c = {.struct_size = sizeof c};
	aim_keyring_proof p;
	work w;
	if (!registry || !proof.ptr)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and proof are required");
	aim_status rc = take_change(registry, change, AIM_KEYRING_NO_GRACE, &c, err);
	if (rc == AIM_OK)
		rc = aim__proof_read(registry->ctx, proof, &p, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		work_init(&w, registry, &c);
		rc = rotate(&w, &p, proof, err);
		work_dispose(&w);
	}
	return rc;
}

/* ---- revoking ---- */

/* A revocation is only ever made graver. */
static int changes_nothing(const aim__key_record *key, uint32_t reason)
{
	return key->state == AIM_KEYRING_REVOKED &&
	       (!aim__key_reason_is_grave(reason) || aim__key_reason_is_grave(key->reason));
}

static aim_status put_revoked(work *w, aim_error *err)
{
	aim__key_record *key = &w->old.key;
	if (key->state != AIM_KEYRING_REVOKED)
		key->revoked_at_us = w->now_us;
	key->state = AIM_KEYRING_REVOKED;
	key->reason = w->change.reason;
	if (w->change.note.len)
		key->note = w->change.note;
	aim_status rc = put_old(w, err);
	if (rc != AIM_OK || !aim_str_equal(w->subject->key_id, key->key_id))
		return rc;
	w->subject->key.present = 0;
	w->subject->key_id = (aim_str){NULL, 0};
	return put_subject(w, err);
}

static aim_status revoke(work *w, aim_str key_id, aim_error *err)
{
	aim_str none = {NULL, 0};
	aim_status rc = aim__stored_key_load(&w->old, key_id, 1, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, AIM_LAYER_IDENTITY, "there is no key with id %.*s", AIM__STR(key_id));
	if (rc != AIM_OK || changes_nothing(&w->old.key, w->change.reason))
		return rc;
	rc = find_subject(w, w->old.key.subject, err);
	if (rc == AIM_OK)
		rc = put_revoked(w, err);
	if (rc == AIM_OK)
		rc = write_data(w, w->old.key.key_id, none, (aim_bytes){NULL, 0}, err);
	if (rc == AIM_OK)
		rc = commit(w, "key_revoked", aim_keyring_reason_name(w->change.reason), NULL, err);
	return rc;
}

/* A key id is asked for as it is stored: 64 lower-case digits. */
static aim_status check_key_id(aim_str key_id, aim_error *err)
{
	size_t n = 0;
	while (key_id.ptr && n < key_id.len && ((key_id.ptr[n] >= '0' && key_id.ptr[n] <= '9') ||
	                          (key_id.ptr[n] >= 'a' && key_id.ptr[n] <= 'f')))
		n++;
	if (n == AIM_KEY_ID_SIZE - 1 && n == key_id.len)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
	                 "\"%.*s\" is no key id: expected 64 lower-case hex digits", AIM__STR(key_id));
}

aim_status aim_keyring_revoke(aim_registry *registry, aim_str key_id, const aim_keyring_change *change,
                              aim_error *err)
{
	aim_keyring_change c = {.struct_size = sizeof c};
	work w;
	if (!registry)
		return AIM__MISUSE(NULL, "registry is required");
	aim_status rc = take_change(registry, change, 0, &c, err);
	if (rc == AIM_OK)
		rc = check_key_id(key_id, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		work_init(&w, registry, &c);
		rc = revoke(&w, key_id, err);
		work_dispose(&w);
	}
	return rc;
}

/* ---- replacing ---- */

static aim_status replace(work *w, aim_str id, const aim_public_key *public_key, aim_error *err)
{
	uint32_t failed_op = 0;
	aim_status rc = find_subject(w, id, err);
	if (rc != AIM_OK)
		return rc;
	const aim__subject *s = w->subject;
	if (s->status == AIM_REGISTRY_REVOKED)
		return aim__fail(err, AIM_E_ID_STATUS, AIM_LAYER_IDENTITY, "%s %.*s is revoked", s->kind->noun,
		                 AIM__STR(s->id));
	if (s->key.present)
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY,
		                 "%s %.*s has the active key %.*s: revoke it first", s->kind->noun, AIM__STR(s->id),
		                 16, s->key_id.ptr);
	int first = s->newest_key.len == 0;
	if (!first)
		rc = aim__stored_key_load(&w->old, s->newest_key, 1, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_IDENTITY, "the newest key of %.*s is not there",
		                 AIM__STR(s->id));
	if (rc == AIM_OK)
		rc = put_new(w, public_key, err);
	if (rc == AIM_OK)
		rc = put_subject(w, err);
	if (rc == AIM_OK)
		rc = write_data(w, w->new_key.key_id, w->old.key.key_id, (aim_bytes){NULL, 0}, err);
	if (rc == AIM_OK)
		rc = commit(w, first ? "key_registered" : "key_replaced", NULL, &failed_op, err);
	return rc == AIM_E_CONFLICT ? explain_conflict(w, failed_op, err) : rc;
}

aim_status aim_keyring_replace(aim_registry *registry, aim_str subject, const aim_public_key *public_key,
                               const aim_keyring_change *change, aim_error *err)
{
	aim_keyring_change c = {.struct_size = sizeof c};
	work w;
	if (!registry || !public_key || !change)
		return AIM__MISUSE(registry ? registry->ctx : NULL,
		                   "registry, public_key and change are required");
	aim_status rc = take_change(registry, change, 0, &c, err);
	if (rc == AIM_OK)
		rc = aim__check_text("note", c.note, AIM__REASON_MAX, AIM__CHECK_LINES | AIM__CHECK_REQUIRED, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		work_init(&w, registry, &c);
		rc = replace(&w, subject, public_key, err);
		work_dispose(&w);
	}
	return rc;
}
