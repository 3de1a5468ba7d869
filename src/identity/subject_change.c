/* identity/subject_change.c — registering and moving agents and servers: each change is one batch of
 * the record, its index keys and the audit records. Layer identity. */
#include "identity/subject.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/did_find.h"
#include "identity/session.h"

#include <aim/agent.h>
#include <aim/did.h>
#include <string.h>

/* Operations of a registration, in this order: the failed one tells what is taken. Behind the aliases the subject
 * above is written as it is, which holds it to its version. */
#define OP_RECORD 0
#define OP_NAME 1
#define OP_KEY 2

aim_status aim__subject_put(aim__batch *batch, const aim__subject *subject, aim_error *err)
{
	uint32_t kind = subject->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT;
	return aim__batch_add(batch, kind, subject->version, subject->kind->by_id, &subject->id, 1,
	                      &subject->kind->fields, subject, err);
}

/* Members in canonical order, as the log wants them. */
static aim_status write_data(aim__batch *batch, const aim__subject *subject, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
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

static void add_record(aim__batch *batch, const char *audit_kind, const aim__subject *subject,
                       aim_str actor, aim_str reason)
{
	aim_audit_record *r = aim__batch_record(batch, audit_kind, subject->id, subject->updated_us);
	r->user = actor;
	r->action = aim_str_from(subject->kind->noun);
	r->reason = reason;
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
	draft->key_id = draft->newest_key = aim_str_from(text->key_id);
	if (draft->did.len == 0)
		draft->did = aim_str_from(text->did);
	return AIM_OK;
}

static int is_spiffe(aim_str alias)
{
	return alias.len >= 9 && memcmp(alias.ptr, "spiffe://", 9) == 0;
}

/* did:mesh and did:agentmesh ids, as the mesh makes them, and SPIFFE ids. */
static aim_status check_alias(aim_str alias, aim_error *err)
{
	if (alias.ptr && is_spiffe(alias))
		return aim_did_spiffe_check(alias, err);
	aim_status rc = aim_did_check(alias, err);
	if (rc != AIM_OK || (alias.len > 9 && memcmp(alias.ptr, "did:mesh:", 9) == 0) ||
	    (alias.len > 14 && memcmp(alias.ptr, "did:agentmesh:", 14) == 0))
		return rc;
	return aim__fail(err, AIM_E_ID_DID, AIM_LAYER_IDENTITY,
	                 "an alias is a did:mesh, a did:agentmesh or a SPIFFE id, not %.*s", AIM__STR(alias));
}

static aim_status check_aliases(const aim__text_list *aliases, aim_error *err)
{
	if (aliases->n > AIM_AGENT_MAX_ALIASES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_IDENTITY, "more than %u aliases",
		                 AIM_AGENT_MAX_ALIASES);
	if (aliases->n && !aliases->items)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "aliases is NULL and n_aliases is not 0");
	for (size_t i = 0; i < aliases->n; i++) {
		aim_status rc = check_alias(aliases->items[i], err);
		for (size_t k = 0; rc == AIM_OK && k < i; k++)
			if (aim_str_equal(aliases->items[i], aliases->items[k]))
				rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "the alias %.*s is there twice",
				               AIM__STR(aliases->items[i]));
		if (rc != AIM_OK)
			return rc;
	}
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
	if (rc == AIM_OK)
		rc = check_aliases(&draft->aliases, err);
	if (rc == AIM_OK && draft->status != AIM_REGISTRY_PENDING && draft->status != AIM_REGISTRY_VERIFIED)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY,
		               "a registration begins as pending or verified, not %s",
		               aim_registry_status_name(draft->status));
	return rc;
}

/* The subject's first key. */
static aim_status add_key(aim__batch *batch, const aim__subject *draft, aim_error *err)
{
	aim__key_record key = {.key_id = draft->key_id, .subject = draft->id, .key = draft->key,
	                       .name_space = draft->name_space, .state = AIM_KEYRING_ACTIVE, .number = 1,
	                       .valid_from_us = draft->created_us};
	return aim__batch_add(batch, AIM_STORE_PUT_IF_ABSENT, 0, AIM__KEY_PREFIX, &key.key_id, 1,
	                      &aim__key_fields, &key, err);
}

static aim_status add_aliases(aim__batch *batch, const aim__subject *draft, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < draft->aliases.n; i++) {
		aim_str parts[2] = {draft->name_space, draft->aliases.items[i]};
		rc = aim__batch_add_index(batch, AIM__ALIAS_PREFIX, parts, 2, draft->id, err);
	}
	return rc;
}

static aim_status build_registration(aim__batch *batch, const aim__subject *draft, const aim__subject *above,
                                     aim_str actor, aim_error *err)
{
	aim_str none = {NULL, 0};
	aim_str name[2] = {draft->name_space, draft->name};
	aim_status rc = aim__subject_put(batch, draft, err);
	if (rc == AIM_OK)
		rc = aim__batch_add_index(batch, draft->kind->by_name, name, 2, draft->id, err);
	if (rc == AIM_OK && draft->key.present)
		rc = add_key(batch, draft, err);
	if (rc == AIM_OK)
		rc = add_aliases(batch, draft, err);
	if (rc == AIM_OK && above)
		rc = aim__subject_put(batch, above, err);
	if (rc == AIM_OK)
		rc = write_data(batch, draft, err);
	if (rc != AIM_OK)
		return rc;
	add_record(batch, "identity_created", draft, actor, none);
	if (draft->status == AIM_REGISTRY_VERIFIED)
		add_record(batch, "identity_verified", draft, actor, none);
	return AIM_OK;
}

aim_status aim__subject_key_taken(aim_registry *registry, aim_str key_id, aim_error *err)
{
	aim__stored_key stored;
	aim__stored_key_init(&stored, registry);
	aim_status rc = aim__stored_key_load(&stored, key_id, 0, err);
	if (rc == AIM_OK && !aim_str_equal(stored.key.name_space, aim_registry_name_space(registry)))
		rc = aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY,
		               "the public key %.*s belongs to a subject of another namespace", 16, key_id.ptr);
	else if (rc == AIM_OK)
		rc = aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "the public key %.*s belongs to %.*s", 16,
		               key_id.ptr, AIM__STR(stored.key.subject));
	aim__stored_key_dispose(&stored);
	return rc;
}

/* Says who has the name, key or alias; nothing more when it was neither. When the other one vanished meanwhile, the caller may try again. */
static aim_status explain_conflict(const aim__batch *batch, const aim__subject *draft,
                                   uint32_t failed_op, aim_error *err)
{
	char id[AIM__ID_SIZE];
	uint32_t first_alias = draft->key.present ? OP_KEY + 1 : OP_KEY;
	if (failed_op == OP_RECORD || failed_op >= first_alias + draft->aliases.n)
		return aim__fail_plain(err, AIM_E_CONFLICT, AIM_LAYER_IDENTITY);
	aim_status rc = draft->key.present && failed_op == OP_KEY
	                    ? aim__subject_key_taken(batch->registry, draft->key_id, err)
	                    : aim__subject_index(batch->registry, batch->ops[failed_op].key, id, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_E_CONFLICT;
	if (rc != AIM_OK)
		return rc;
	aim_str what = failed_op == OP_NAME ? draft->name : draft->aliases.items[failed_op - first_alias];
	return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "the %s \"%.*s\" belongs to %s",
	                 failed_op == OP_NAME ? "name" : "alias", AIM__STR(what), id);
}

/* The handle comes out of the bytes that were stored: what is given out is what will be read. */
static aim_status handle_of(const aim__batch *batch, const aim__subject_kind *kind, aim__subject **out,
                            aim_error *err)
{
	aim__record record;
	const aim_store_op *op = &batch->ops[OP_RECORD];
	aim__record_init(&record, batch->registry);
	aim_status rc = aim__record_parse(&record, op->key, op->value, err);
	if (rc == AIM_OK)
		rc = aim__subject_read(&record, kind, op->key, out, err);
	aim__record_dispose(&record);
	return rc;
}

/* What stands above changed: no use in trying again with what was read. */
static aim_status commit_registration(aim__batch *batch, const aim__subject *draft, const aim__subject *above,
                                      aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	uint32_t failed_op = 0;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++) {
		if (i > 0 && above && failed_op == batch->n_ops - 1)
			return rc;
		rc = aim__batch_commit(batch, &failed_op, err);
		if (rc == AIM_E_CONFLICT)
			rc = explain_conflict(batch, draft, failed_op, err);
	}
	return rc;
}

/* An alias that follows from another's key would never be found: it is refused. */
static aim_status aliases_are_free(aim_registry *registry, const aim__subject *draft, aim_error *err)
{
	char id[AIM__ID_SIZE];
	for (size_t i = 0; i < draft->aliases.n; i++) {
		aim_status rc = aim__did_find(registry, draft->aliases.items[i], id, err);
		if (rc == AIM_OK)
			return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_IDENTITY, "the alias \"%.*s\" belongs to %s",
			                 AIM__STR(draft->aliases.items[i]), id);
		if (rc != AIM_E_NOT_FOUND)
			return rc;
	}
	return AIM_OK;
}

aim_status aim__subject_register(aim_registry *registry, const aim__subject_kind *kind,
                                 aim__subject *draft, const aim__subject *above, aim_str actor,
                                 aim__subject **out, aim_error *err)
{
	char id[AIM__ID_SIZE];
	aim__subject *subject = NULL;
	draft->kind = kind;
	draft->name_space = aim_registry_name_space(registry);
	aim_status rc = check_draft(registry->ctx, draft, actor, err);
	if (rc == AIM_OK)
		rc = aliases_are_free(registry, draft, err);
	if (rc == AIM_OK)
		rc = now_us(registry->ctx, &draft->created_us, err);
	if (rc != AIM_OK)
		return rc;
	draft->updated_us = draft->created_us;
	rc = aim__id_new(registry->ctx, kind->id_prefix, draft->created_us, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_IDENTITY);
	draft->id = aim_str_from(id);

	aim__batch batch;
	aim__batch_init(&batch, registry);
	rc = build_registration(&batch, draft, above, actor, err);
	if (rc == AIM_OK && out) /* first: once it is committed, nothing may fail any more */
		rc = handle_of(&batch, kind, &subject, err);
	if (rc == AIM_OK)
		rc = commit_registration(&batch, draft, above, err);
	aim__batch_dispose(&batch);
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
	if (out->flags & ~(AIM_REGISTRY_SECURITY | AIM_REGISTRY_OVERRIDE | AIM_REGISTRY_FROM_PENDING))
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_IDENTITY,
		                 "aim_registry_move.flags has an unknown bit");
	if (out->status < AIM_REGISTRY_PENDING || out->status > AIM_REGISTRY_REVOKED)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_IDENTITY, "%u is no status", out->status);
	rc = aim__check_text("reason", out->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	return rc == AIM_OK ? aim__check_name(ctx, "actor", out->actor, 0, err) : rc;
}

static aim_status check_move(const aim__subject *s, const aim_registry_move *move, aim_error *err)
{
	int wrong_start = move->flags & AIM_REGISTRY_FROM_PENDING && s->status != AIM_REGISTRY_PENDING;
	if (wrong_start || !aim_registry_move_allowed(s->status, move->status))
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

/* The name and the SPIFFE ids are free for the next; DIDs are said of one subject for good. */
static aim_status release_names(aim__batch *batch, const aim__subject *s, aim_error *err)
{
	aim_str name[2] = {s->name_space, s->name};
	aim_status rc = aim__batch_add(batch, AIM_STORE_DELETE, 0, s->kind->by_name, name, 2, NULL, NULL, err);
	for (size_t i = 0; rc == AIM_OK && i < s->aliases.n; i++) {
		aim_str alias[2] = {s->name_space, s->aliases.items[i]};
		if (is_spiffe(alias[1]))
			rc = aim__batch_add(batch, AIM_STORE_DELETE, 0, AIM__ALIAS_PREFIX, alias, 2, NULL, NULL, err);
	}
	return rc;
}

/* Who is creating a session of the agent looks at its status once more. */
static aim_status stir_sessions(aim__batch *batch, const aim__subject *s, aim_error *err)
{
	static const aim__fields nothing = {NULL, 0};
	if (s->kind != &aim__agent_kind)
		return AIM_OK;
	return aim__batch_add(batch, AIM_STORE_PUT, 0, AIM__SESSION_GUARD, &s->id, 1, &nothing, s, err);
}

static aim_status build_move(aim__batch *batch, aim__subject *s, const aim_registry_move *move,
                             aim_error *err)
{
	s->status = move->status;
	s->status_reason = move->reason;
	s->security = move->status == AIM_REGISTRY_SUSPENDED && move->flags & AIM_REGISTRY_SECURITY;
	aim_status rc = now_us(batch->registry->ctx, &s->updated_us, err);
	if (rc == AIM_OK)
		rc = aim__subject_put(batch, s, err);
	/* It was not revoked at that version, so the names are still its own. */
	if (rc == AIM_OK && move->status == AIM_REGISTRY_REVOKED)
		rc = release_names(batch, s, err);
	if (rc == AIM_OK)
		rc = stir_sessions(batch, s, err);
	if (rc == AIM_OK)
		rc = write_data(batch, s, err);
	if (rc == AIM_OK)
		add_record(batch, move_kinds[move->status], s, move->actor, move->reason);
	return rc;
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
		aim__batch batch;
		aim__batch_init(&batch, registry);
		rc = build_move(&batch, subject, move, err);
		if (rc == AIM_OK)
			rc = aim__batch_commit(&batch, NULL, err);
		aim__batch_dispose(&batch);
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
