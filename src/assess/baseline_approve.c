/* assess/baseline_approve.c — the only way a baseline moves. Layer assess. */
#include "assess/baseline_state.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "identity/check.h"
#include "identity/record.h"

#include <string.h>

AIM__NO_PADDING(aim_baseline_approval, 16 + 8 * sizeof(void *));

/* The audit record names so many definitions and counts the rest. */
#define RECORD_NAMES 32u
#define RECORD_NAME_BYTES 128u

typedef struct approving {
	aim_baseline *b;
	aim_baseline_approval approval;
	int64_t now_us;
	uint32_t kinds;  /* set of 1 << kind: lists with something to write */
	aim_buf data;
	aim__json_writer json;
	size_t n_named, n_approved;
	const aim__baseline_joiner *joiner; /* may be NULL */
	aim_error *err;
} approving;

/* ---- one entry ---- */

/* The surface that an approval would make the baseline; NULL when it would take the entry out. */
static const uint8_t *approvable(const aim__entry *e)
{
	if (e->cur.candidate.raw)
		return e->cur.candidate.surface;
	return e->cur.gone ? NULL : e->cur.baseline.surface;
}

static void prepare(aim__entry *e)
{
	aim__entry_state *next = &e->next;
	if (next->gone) {
		memset(next, 0, sizeof *next);
		return;
	}
	if (next->candidate.raw) {
		next->baseline = next->candidate;
		memset(&next->candidate, 0, sizeof next->candidate);
		next->version++;
	}
	next->state = AIM_BASELINE_APPROVED;
}

/* Names in the order of the list; the record is about what was approved, not about its order. */
static void name_entry(approving *a, uint32_t kind, const aim__entry *e)
{
	char hex[64];
	a->n_approved++;
	if (a->n_named == RECORD_NAMES)
		return;
	a->n_named++;
	aim_str name = e->name;
	if (name.len > RECORD_NAME_BYTES) {
		name.len = RECORD_NAME_BYTES;
		while (name.len > 0 && ((uint8_t)name.ptr[name.len] & 0xC0) == 0x80)
			name.len--;
	}
	aim__write_begin_object(&a->json);
	if (e->next.baseline.raw) {
		aim_str text = {hex, sizeof hex};
		aim__hex_write(aim_bytes_from(e->next.baseline.surface, 32), hex);
		aim__write_key(&a->json, "fingerprint");
		aim__write_string(&a->json, text);
	}
	aim__write_member_text(&a->json, "kind", aim__fingerprint_kinds[kind]);
	aim__write_member_string(&a->json, "name", name);
	aim__write_member_int64(&a->json, "version", (int64_t)e->next.version);
	aim__write_end_object(&a->json);
}

static void approve_entry(approving *a, uint32_t kind, aim__entry *e)
{
	prepare(e);
	if (!aim__entry_dirty(e))
		return;
	a->kinds |= 1u << kind;
	name_entry(a, kind, e);
}

/* ---- the whole ---- */

static aim_status check_expected(const approving *a, const aim__entry *e)
{
	uint8_t expected[32];
	const uint8_t *surface = approvable(e);
	if (a->approval.fingerprint.len == 0)
		return AIM_OK;
	if (aim__encoding_read_exact(AIM_ENCODING_HEX, a->approval.fingerprint, expected,
	                             sizeof expected) != AIM_OK)
		return aim__fail(a->err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "the fingerprint is not 64 hex digits");
	if (!surface || !aim__surface_equal(surface, expected))
		return aim__fail(a->err, AIM_E_CONFLICT, AIM_LAYER_ASSESS,
		                 "\"%.*s\" is no longer what was looked at: its fingerprint is another",
		                 AIM__STR(e->name));
	return AIM_OK;
}

static aim_status approve_one(approving *a)
{
	uint32_t kind = a->approval.kind;
	aim__entry *e = aim__entry_find(&a->b->lists[kind], a->approval.name);
	if (!e)
		return aim__fail(a->err, AIM_E_NOT_FOUND, AIM_LAYER_ASSESS, "%s has no %s \"%.*s\"",
		                 a->b->server, aim__fingerprint_kinds[kind], AIM__STR(a->approval.name));
	aim_status rc = check_expected(a, e);
	if (rc == AIM_OK)
		approve_entry(a, kind, e);
	return rc;
}

static aim_status prepare_all(approving *a)
{
	if (a->approval.name.len)
		return approve_one(a);
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++) {
		aim__list *list = &a->b->lists[kind];
		if (a->approval.kind != 0 && a->approval.kind != kind)
			continue;
		for (size_t i = 0; i < list->n; i++)
			approve_entry(a, kind, list->entries[i]);
	}
	return AIM_OK;
}

static aim_status write_data(approving *a)
{
	aim_buf_clear(&a->data);
	aim__write_init(&a->json, &a->data);
	aim__write_begin_object(&a->json);
	aim__write_key(&a->json, "definitions");
	aim__write_begin_array(&a->json);
	a->kinds = 0;
	a->n_named = a->n_approved = 0;
	aim_status rc = prepare_all(a);
	aim__write_end_array(&a->json);
	aim__write_member_int64(&a->json, "n_definitions", (int64_t)a->n_approved);
	aim__write_end_object(&a->json);
	aim_status written = aim__write_finish(&a->json);
	if (rc == AIM_OK && written != AIM_OK)
		rc = aim__fail_plain(a->err, written, AIM_LAYER_ASSESS);
	return rc;
}

static void drop_all(aim_baseline *b)
{
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		aim__list_drop(b->ctx, &b->lists[kind]);
}

/* What was observed stays what it is; only the baseline it is compared with has moved. */
static void judge_again(aim_baseline *b)
{
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		for (size_t i = 0; i < b->lists[kind].n; i++) {
			aim__entry *e = b->lists[kind].entries[i];
			if (e->verdict != 0 && e->cur.state && !e->cur.gone && !e->cur.candidate.raw)
				e->verdict = AIM_BASELINE_UNCHANGED;
		}
}

#define MORE_RECORDS 8u

/* The approval's record first, then those of the addition. */
static aim_status commit_approval(approving *a, const aim_audit_record *record, aim__baseline_addition *addition)
{
	aim_audit_record records[1 + MORE_RECORDS];
	if (addition->n_records > MORE_RECORDS)
		return aim__fail_plain(a->err, AIM_E_INTERNAL, AIM_LAYER_ASSESS);
	records[0] = *record;
	for (size_t i = 0; i < addition->n_records; i++)
		records[1 + i] = addition->records[i];
	addition->records = records;
	addition->n_records++;
	return aim__baseline_commit(a->b, a->kinds, a->now_us, record, addition, a->err);
}

static aim_status approve_once(approving *a)
{
	aim_baseline *b = a->b;
	aim_status rc = aim_baseline_refresh(b, a->err);
	if (rc != AIM_OK)
		return rc;
	aim__baseline_addition addition = {.ops = NULL};
	rc = write_data(a);
	if (rc == AIM_OK && a->joiner)
		rc = a->joiner->join(a->joiner->user, b, a->approval.kind, a->now_us, &addition, a->err);
	if (rc != AIM_OK || (a->kinds == 0 && addition.n_ops == 0)) {
		drop_all(b);
		return rc;
	}
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.time_us = a->now_us;
	r.kind = aim_str_from("approval");
	r.action = aim_str_from("baseline");
	r.user = a->approval.actor;
	r.reason = a->approval.reason;
	r.subject = aim_str_from(b->server);
	r.data = aim_buf_str(&a->data);
	rc = commit_approval(a, &r, &addition);
	b->n_findings = 0;
	if (rc == AIM_OK)
		judge_again(b);
	return rc;
}

static aim_status take_approval(const aim_baseline *b, const aim_baseline_approval *approval,
                                aim_baseline_approval *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, approval, sizeof *out, "aim_baseline_approval", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_baseline_approval.flags must be 0");
	if (out->kind >= AIM__FINGERPRINT_KINDS || (out->kind == 0 && out->name.len) ||
	    (out->fingerprint.len && !out->name.len))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "an approval by name needs a kind, and a fingerprint needs a name");
	rc = aim__check_name(b->ctx, "actor", out->actor, AIM__CHECK_REQUIRED, err);
	return rc == AIM_OK ? aim__check_text("reason", out->reason, AIM__REASON_MAX, AIM__CHECK_LINES, err)
	                    : rc;
}

aim_status aim_baseline_approve(aim_baseline *baseline, const aim_baseline_approval *approval,
                                aim_error *err)
{
	return aim__baseline_approve(baseline, approval, NULL, err);
}

aim_status aim__baseline_approve(aim_baseline *baseline, const aim_baseline_approval *approval,
                                 const aim__baseline_joiner *joiner, aim_error *err)
{
	approving a = {.b = baseline, .approval = {.struct_size = sizeof a.approval}, .joiner = joiner, .err = err};
	if (!baseline || !approval)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and approval are required");
	aim_status rc = take_approval(baseline, approval, &a.approval, err);
	if (rc == AIM_OK && (rc = aim_ctx_now_us(baseline->ctx, &a.now_us)) != AIM_OK)
		rc = aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&a.data, baseline->ctx);
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = approve_once(&a);
	aim__buf_dispose(&a.data);
	return rc;
}
