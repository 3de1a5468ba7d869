/* identity/subject_change.c — registering and moving agents and servers: each change is one batch of
 * the record, its index keys and the audit records. Layer identity. */
#include "identity/subject.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"

#include <string.h>

/* Operations of a registration, in this order: the failed one tells what is taken. */
#define OP_RECORD 0
#define OP_NAME 1
#define OP_KEY 2
#define MAX_OPS 3
#define MAX_RECORDS 2

/* What one change writes; the buffers hold what its operations point to. */
typedef struct change {
	aim_buf keys[MAX_OPS];
	aim_buf value;
	aim_buf index; /* {"id":…} */
	aim_buf data;  /* of the audit records */
	aim_store_op ops[MAX_OPS];
	size_t n_ops;
	aim_audit_record records[MAX_RECORDS];
	size_t n_records;
} change;

static void change_init(change *c, aim_ctx *ctx)
{
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < MAX_OPS; i++)
		aim__buf_init(&c->keys[i], ctx);
	aim__buf_init(&c->value, ctx);
	aim__buf_init(&c->index, ctx);
	aim__buf_init(&c->data, ctx);
}

static void change_dispose(change *c)
{
	for (size_t i = 0; i < MAX_OPS; i++)
		aim__buf_dispose(&c->keys[i]);
	aim__buf_dispose(&c->value);
	aim__buf_dispose(&c->index);
	aim__buf_dispose(&c->data);
}

static aim_status write_value(change *c, const aim__subject *subject, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&c->value);
	aim__write_init(&w, &c->value);
	aim__write_begin_object(&w);
	aim__fields_write(&w, &subject->kind->fields, subject);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

static aim_status write_index(change *c, aim_str id, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &c->index);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "id", id);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* Members in canonical order, as the log wants them. */
static aim_status write_data(change *c, const aim__subject *subject, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &c->data);
	aim__write_begin_object(&w);
	if (subject->key_id.len)
		aim__write_member_string(&w, "key_id", subject->key_id);
	aim__write_member_string(&w, "name", subject->name);
	aim__write_member_string(&w, "namespace", subject->name_space);
	if (subject->owner.len)
		aim__write_member_string(&w, "owner", subject->owner);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* c's buffers do not move any more when this is called. */
static void add_record(change *c, const char *audit_kind, const aim__subject *subject, aim_str actor,
                       aim_str reason)
{
	aim_audit_record *r = &c->records[c->n_records++];
	r->struct_size = sizeof *r;
	r->trust_micro = AIM_AUDIT_NO_TRUST;
	r->time_us = subject->updated_us;
	r->kind = aim_str_from(audit_kind);
	r->user = actor;
	r->subject = subject->id;
	r->action = aim_str_from(subject->kind->noun);
	r->reason = reason;
	r->data = aim_buf_str(&c->data);
}

static aim_status now_us(const aim_ctx *ctx, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(ctx, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
}

/* ---- registering ---- */

aim_status aim__subject_set_key(const aim_ctx *ctx, aim__subject *draft, const aim_public_key *key,
                                aim__subject_key_text *text, aim_error *err)
{
	aim_status rc = aim_key_public_check(key, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_id(ctx, key, text->key_id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	aim__format(text->did, sizeof text->did, "did:mesh:%.*s", 32, text->key_id);
	draft->key.present = 1;
	draft->key.key = *key;
	draft->key_id = aim_str_from(text->key_id);
	draft->did = aim_str_from(text->did);
	return AIM_OK;
}

static aim_status check_draft(const aim_ctx *ctx, const aim__subject *draft, aim_str actor,
                              aim_error *err)
{
	aim_status rc = aim__check_name(ctx, "name", draft->name, AIM__CHECK_REQUIRED, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "display name", draft->display_name, 0, err);
	if (rc == AIM_OK)
		rc = aim__check_text("description", draft->description, AIM__TEXT_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_email(ctx, "owner", draft->owner, err);
	if (rc == AIM_OK)
		rc = aim__check_capabilities(ctx, draft->capabilities.items, draft->capabilities.n, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ctx, "actor", actor, 0, err);
	if (rc == AIM_OK && draft->status != AIM_REGISTRY_PENDING && draft->status != AIM_REGISTRY_VERIFIED)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		               "a registration begins as pending or verified, not %s",
		               aim_registry_status_name(draft->status));
	return rc;
}

static aim_status name_key(const aim_registry *registry, const aim__subject_kind *kind, aim_str name,
                           aim_buf *key, aim_error *err)
{
	aim_str parts[2] = {aim_registry_name_space(registry), name};
	return aim__record_key(key, kind->by_name, parts, 2, err);
}

static void add_op(change *c, uint32_t op_kind, aim_bytes value)
{
	aim_store_op *op = &c->ops[c->n_ops];
	op->kind = op_kind;
	op->key = aim_buf_bytes(&c->keys[c->n_ops]);
	op->value = value;
	c->n_ops++;
}

static aim_status build_registration(change *c, aim_registry *registry, const aim__subject *draft,
                                     aim_str actor, aim_error *err)
{
	const aim__subject_kind *kind = draft->kind;
	aim_status rc = aim__record_key(&c->keys[OP_RECORD], kind->by_id, &draft->id, 1, err);
	if (rc == AIM_OK)
		rc = name_key(registry, kind, draft->name, &c->keys[OP_NAME], err);
	if (rc == AIM_OK && draft->key.present)
		rc = aim__record_key(&c->keys[OP_KEY], kind->by_key, &draft->key_id, 1, err);
	if (rc == AIM_OK)
		rc = write_value(c, draft, err);
	if (rc == AIM_OK)
		rc = write_index(c, draft->id, err);
	if (rc == AIM_OK)
		rc = write_data(c, draft, err);
	if (rc != AIM_OK)
		return rc;
	aim_str none = {NULL, 0};
	add_op(c, AIM_STORE_PUT_IF_ABSENT, aim_buf_bytes(&c->value));
	add_op(c, AIM_STORE_PUT_IF_ABSENT, aim_buf_bytes(&c->index));
	if (draft->key.present)
		add_op(c, AIM_STORE_PUT_IF_ABSENT, aim_buf_bytes(&c->index));
	add_record(c, "identity_created", draft, actor, none);
	if (draft->status == AIM_REGISTRY_VERIFIED)
		add_record(c, "identity_verified", draft, actor, none);
	return AIM_OK;
}

/* Says who has the name or key. When the other one vanished meanwhile, the caller may try again. */
static aim_status explain_conflict(aim_registry *registry, const change *c,
                                   const aim__subject *draft, uint32_t failed_op, aim_error *err)
{
	char id[AIM__ID_SIZE];
	if (failed_op != OP_NAME && failed_op != OP_KEY)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	aim_status rc = aim__subject_index(registry, aim_buf_bytes(&c->keys[failed_op]), id, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_E_CONFLICT;
	if (rc != AIM_OK)
		return rc;
	if (failed_op == OP_NAME)
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY,
		                 "the name \"%.*s\" belongs to %s", AIM__STR(draft->name), id);
	return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "the public key %.*s belongs to %s", 16,
	                 draft->key_id.ptr, id);
}

/* The handle comes out of the bytes that were stored: what is given out is what will be read. */
static aim_status handle_of(aim_registry *registry, const change *c, const aim__subject_kind *kind,
                            aim__subject **out, aim_error *err)
{
	aim__record record;
	aim_bytes key = aim_buf_bytes(&c->keys[OP_RECORD]);
	aim__record_init(&record, registry);
	aim_status rc = aim__record_parse(&record, key, aim_buf_bytes(&c->value), err);
	if (rc == AIM_OK)
		rc = aim__subject_read(&record, kind, key, out, err);
	aim__record_dispose(&record);
	return rc;
}

static aim_status commit_registration(aim_registry *registry, change *c, const aim__subject *draft,
                                      aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		uint32_t failed_op = 0;
		rc = aim__record_commit(registry, c->ops, c->n_ops, c->records, c->n_records, &failed_op, err);
		if (rc == AIM_E_CONFLICT)
			rc = explain_conflict(registry, c, draft, failed_op, err);
	}
	return rc;
}

aim_status aim__subject_register(aim_registry *registry, const aim__subject_kind *kind,
                                 aim__subject *draft, aim_str actor, aim__subject **out,
                                 aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim__subject *subject = NULL;
	draft->kind = kind;
	draft->name_space = aim_registry_name_space(registry);
	aim_status rc = check_draft(registry->ctx, draft, actor, err);
	if (rc == AIM_OK)
		rc = now_us(registry->ctx, &draft->created_us, err);
	if (rc != AIM_OK)
		return rc;
	draft->updated_us = draft->created_us;
	rc = aim__id_new(registry->ctx, kind->id_prefix, draft->created_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	draft->id = aim_str_from(id);

	change c;
	change_init(&c, registry->ctx);
	rc = build_registration(&c, registry, draft, actor, err);
	if (rc == AIM_OK && out) /* first: once it is committed, nothing may fail any more */
		rc = handle_of(registry, &c, kind, &subject, err);
	if (rc == AIM_OK)
		rc = commit_registration(registry, &c, draft, err);
	change_dispose(&c);
	if (rc == AIM_OK && out)
		*out = subject;
	else
		aim__subject_free(subject);
	return rc;
}

/* ---- moving ---- */

static const char *const move_kinds[] = {
	[AIM_REGISTRY_VERIFIED] = "identity_verified",
	[AIM_REGISTRY_SUSPENDED] = "identity_suspended",
	[AIM_REGISTRY_REVOKED] = "identity_revoked",
};

static aim_status take_move(const aim_ctx *ctx, const aim_registry_move *move, aim_registry_move *out,
                            aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, move, sizeof *out, "aim_registry_move", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~(AIM_REGISTRY_SECURITY | AIM_REGISTRY_OVERRIDE))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_registry_move.flags has an unknown bit");
	if (out->status < AIM_REGISTRY_PENDING || out->status > AIM_REGISTRY_REVOKED)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%u is no status", out->status);
	rc = aim__check_text("reason", out->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(ctx, "actor", out->actor, 0, err) : rc;
}

static aim_status check_move(const aim__subject *s, const aim_registry_move *move, aim_error *err)
{
	if (!aim_registry_move_allowed(s->status, move->status))
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY, "%s %.*s is %s and cannot become %s",
		                 s->kind->noun, AIM__STR(s->id), aim_registry_status_name(s->status),
		                 aim_registry_status_name(move->status));
	if (s->security && move->status == AIM_REGISTRY_VERIFIED &&
	    (!(move->flags & AIM_REGISTRY_OVERRIDE) || move->reason.len == 0))
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_IDENTITY,
		                 "%s %.*s was suspended for a security reason: lifting that needs the "
		                 "override flag and a reason", s->kind->noun, AIM__STR(s->id));
	return AIM_OK;
}

static aim_status build_move(change *c, aim_registry *registry, aim__subject *s,
                             const aim_registry_move *move, aim_error *err)
{
	s->status = move->status;
	s->status_reason = move->reason;
	s->security = move->status == AIM_REGISTRY_SUSPENDED && move->flags & AIM_REGISTRY_SECURITY;
	aim_status rc = now_us(registry->ctx, &s->updated_us, err);
	if (rc == AIM_OK)
		rc = aim__record_key(&c->keys[OP_RECORD], s->kind->by_id, &s->id, 1, err);
	if (rc == AIM_OK)
		rc = name_key(registry, s->kind, s->name, &c->keys[OP_NAME], err);
	if (rc == AIM_OK)
		rc = write_value(c, s, err);
	if (rc == AIM_OK)
		rc = write_data(c, s, err);
	if (rc != AIM_OK)
		return rc;
	add_op(c, AIM_STORE_PUT_IF_VERSION, aim_buf_bytes(&c->value));
	c->ops[OP_RECORD].version = s->version;
	/* It was not revoked at that version, so the name is still its own. */
	if (move->status == AIM_REGISTRY_REVOKED)
		add_op(c, AIM_STORE_DELETE, aim_bytes_from(NULL, 0));
	add_record(c, move_kinds[move->status], s, move->actor, move->reason);
	return AIM_OK;
}

static aim_status move_once(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                            const aim_registry_move *move, aim_error *err)
{
	aim__subject *subject = NULL;
	aim_status rc = aim__subject_find(registry, kind, id, &subject, err);
	if (rc != AIM_OK)
		return rc;
	/* A suspension that turns out to be about security is more than the present state. */
	int same = subject->status == move->status &&
	           !(move->status == AIM_REGISTRY_SUSPENDED && move->flags & AIM_REGISTRY_SECURITY &&
	             !subject->security);
	rc = same ? AIM_OK : check_move(subject, move, err);
	if (!same && rc == AIM_OK) {
		change c;
		change_init(&c, registry->ctx);
		rc = build_move(&c, registry, subject, move, err);
		if (rc == AIM_OK)
			rc = aim__record_commit(registry, c.ops, c.n_ops, c.records, c.n_records, NULL, err);
		change_dispose(&c);
	}
	aim__subject_free(subject);
	return rc;
}

aim_status aim__subject_move(aim_registry *registry, const aim__subject_kind *kind, aim_str id,
                             const aim_registry_move *move, aim_error *err)
{
	aim_registry_move m = {.struct_size = sizeof m};
	aim_status rc = take_move(registry->ctx, move, &m, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = move_once(registry, kind, id, &m, err);
	return rc;
}
