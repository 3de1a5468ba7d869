/* assess/ledger_show.c — attestations shown and revoked. Layer assess. */
#include "assess/ledger.h"

#include "base/ctx.h"
#include "base/error.h"
#include "identity/check.h"

/* ---- revoking ---- */

static aim_status write_data(aim__batch *batch, const aim__attestation *is, aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, &batch->data);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "attestation", is->id);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

/* It takes something away from the server, so the epoch moves. */
static aim_status commit_revocation(aim__batch *batch, const aim__attestation_row *row, aim_error *err)
{
	const aim__attestation *is = &row->is;
	aim_status rc = aim__batch_add(batch, AIM_STORE_PUT_IF_VERSION, row->record.version, AIM__ATTESTATION, &is->id, 1,
	                               &aim__attestation_table, is, err);
	if (rc == AIM_OK)
		rc = write_data(batch, is, err);
	if (rc != AIM_OK)
		return rc;
	batch->ops[batch->n_ops - 1].expires_at_us = AIM_STORE_KEEP_EXPIRY;
	aim_audit_record *record = aim__batch_record(batch, "attestation_revoked", is->server, is->revoked_us);
	record->agent = is->agent;
	record->user = is->revoked_by;
	record->reason = is->reason;
	return aim__batch_commit(batch, NULL, err);
}

static aim_status revoke_once(aim_registry *registry, aim_str id, aim_str reason, aim_str actor, aim_error *err)
{
	aim__attestation_row row;
	aim__batch batch;
	aim__attestation_row_init(&row, registry);
	aim__batch_init(&batch, registry);
	aim_status rc = aim__attestation_load(&row, id, err);
	if (rc == AIM_OK && row.is.revoked_us == 0) {
		row.is.reason = reason;
		row.is.revoked_by = actor;
		rc = aim_ctx_now_us(registry->ctx, &row.is.revoked_us);
		rc = rc == AIM_OK ? commit_revocation(&batch, &row, err) : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	aim__batch_dispose(&batch);
	aim__attestation_row_dispose(&row);
	return rc;
}

static aim_status not_found(const char *id, aim_error *err)
{
	return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ASSESS, "there is no attestation %s", id);
}

aim_status aim_ledger_revoke(aim_ledger *ledger, aim_str id, aim_str reason, aim_str actor, aim_error *err)
{
	char own[AIM__ID_SIZE];
	if (!ledger)
		return AIM__MISUSE(NULL, "ledger is required");
	aim_status rc = aim__id_parse(AIM__ATTESTATION_ID_PREFIX, id, own, err);
	if (rc == AIM_OK)
		rc = aim__check_text("reason", reason, AIM__REASON_MAX, AIM__CHECK_LINES, err);
	if (rc == AIM_OK)
		rc = aim__check_name(ledger->registry->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = revoke_once(ledger->registry, aim_str_from(own), reason, actor, err);
	return rc == AIM_E_NOT_FOUND ? not_found(own, err) : rc;
}

/* ---- showing ---- */

typedef struct showing {
	aim_ledger_visit visit;
	void *user;
	uint64_t left; /* entries that may still be shown */
	aim__attestation_row *row;
} showing;

/* Ends a walk that has shown enough. No visitor of ours fails with it. */
#define ENOUGH AIM_E_SPACE

static uint32_t flags_of(const aim__attestation *is)
{
	int live = is->superseded_by.len == 0 && is->revoked_us == 0;
	return (live ? AIM_LEDGER_LIVE : 0) | (is->connected ? AIM_LEDGER_CONNECTED : 0) |
	       (is->healthy ? AIM_LEDGER_HEALTHY : 0) | (is->form == AIM__ATTESTATION_INTEROP ? AIM_LEDGER_INTEROP : 0);
}

static aim_status show(const aim__attestation *is, aim_ledger_visit visit, void *user)
{
	const aim_ledger_entry entry = {
		.struct_size = sizeof entry,
		.flags = flags_of(is),
		.id = is->id,
		.agent = is->agent,
		.server = is->server,
		.key_id = is->key_id,
		.superseded_by = is->superseded_by,
		.envelope = {(const char *)is->envelope.ptr, is->envelope.len},
		.recorded_by = is->recorded_by,
		.revoked_by = is->revoked_by,
		.reason = is->reason,
		.issued_at_s = is->issued_at_s,
		.expires_at_s = is->expires_at_s,
		.recorded_at_us = is->recorded_us,
		.revoked_at_us = is->revoked_us,
	};
	return visit(user, &entry);
}

static aim_status show_next(showing *s, const aim__attestation *is)
{
	if (s->left == 0)
		return ENOUGH;
	s->left--;
	return show(is, s->visit, s->user);
}

aim_status aim_ledger_find(aim_ledger *ledger, aim_str id, aim_ledger_visit visit, void *user, aim_error *err)
{
	char own[AIM__ID_SIZE];
	aim__attestation_row row;
	if (!ledger || !visit)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and visit are required");
	aim_status rc = aim__id_parse(AIM__ATTESTATION_ID_PREFIX, id, own, err);
	if (rc != AIM_OK)
		return rc;
	aim__attestation_row_init(&row, ledger->registry);
	rc = aim__attestation_load(&row, aim_str_from(own), err);
	if (rc == AIM_E_NOT_FOUND)
		rc = not_found(own, err);
	else if (rc == AIM_OK)
		rc = show(&row.is, visit, user);
	aim__attestation_row_dispose(&row);
	return rc;
}

static aim_status show_live(void *user, aim__attestation_row *row, aim_error *err)
{
	(void)err;
	return show_next(user, &row->is);
}

aim_status aim_ledger_live(aim_ledger *ledger, aim_str server, aim_str after, uint64_t limit, aim_ledger_visit visit,
                           void *user, aim_error *err)
{
	char id[AIM__ID_SIZE], agent[AIM__ID_SIZE] = "";
	showing s = {.visit = visit, .user = user, .left = limit ? limit : UINT64_MAX};
	if (!ledger || !visit)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and visit are required");
	aim_status rc = aim__id_parse("srv_", server, id, err);
	if (rc == AIM_OK && after.len)
		rc = aim__id_parse("agt_", after, agent, err);
	if (rc == AIM_OK)
		rc = aim__attestation_walk(ledger->registry, aim_str_from(id), aim_str_from(agent), 0, show_live, &s, err);
	return rc == ENOUGH && s.left == 0 ? AIM_OK : rc;
}

static aim_status show_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	showing *s = user;
	aim_status rc = aim__attestation_parse(s->row, key, value, version, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	return rc == AIM_OK ? show_next(s, &s->row->is) : rc;
}

static aim_status walk_all(aim_registry *registry, showing *s, aim_str after, aim_error *err)
{
	aim__attestation_row row;
	aim_buf from;
	aim__attestation_row_init(&row, registry);
	aim__buf_init(&from, registry->ctx);
	s->row = &row;
	aim_status rc = after.len ? aim__record_key(&from, AIM__ATTESTATION, &after, 1, err) : AIM_OK;
	if (rc == AIM_OK)
		rc = aim__record_walk(registry, aim_bytes_from_str(aim_str_from(AIM__ATTESTATION)), aim_buf_bytes(&from),
		                      show_row, s, err);
	aim__buf_dispose(&from);
	aim__attestation_row_dispose(&row);
	return rc;
}

aim_status aim_ledger_list(aim_ledger *ledger, aim_str after, uint64_t limit, aim_ledger_visit visit, void *user,
                           aim_error *err)
{
	char own[AIM__ID_SIZE] = "";
	showing s = {.visit = visit, .user = user, .left = limit ? limit : UINT64_MAX};
	if (!ledger || !visit)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and visit are required");
	aim_status rc = after.len ? aim__id_parse(AIM__ATTESTATION_ID_PREFIX, after, own, err) : AIM_OK;
	if (rc == AIM_OK)
		rc = walk_all(ledger->registry, &s, aim_str_from(own), err);
	return rc == ENOUGH && s.left == 0 ? AIM_OK : rc;
}
