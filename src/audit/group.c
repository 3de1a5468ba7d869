/* audit/group.c — one group: the requests of many callers become batches of one transaction. Layer
 * audit. Runs on the leader's thread, outside the lock.
 *
 * All rows that come without operations go into the first batch; each change is a batch of its own:
 * its operations, its rows, the head after them. The heads chain: batch k expects the version that
 * batch k − 1 leaves. So when a change fails by its own precondition, the batches behind it fail at
 * their head, and are built again on the head that is now; and when another process has written, the
 * first batch fails at its rows or head, and everything is built again on that process's head. */
#include "audit/log.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* Rounds in a row in which only other processes got on. */
#define MAX_IDLE_ROUNDS 256u

/* What one round came to. */
typedef struct round_result {
	int progress; /* something was settled */
	int foreign;  /* refused at `refused_head`: the head is not what this process thought */
	int refused_head;
	int error_set; /* err holds a sentence for the refused */
} round_result;

static void settle(aim__audit_request *r, aim_status status)
{
	r->status = status;
	r->settled = 1;
}

static int only_appends(const aim__audit_request *r)
{
	return r->n_ops == 0;
}

/* Ends everything that is still open with one error. */
static void settle_all(aim__audit_group *g, aim_status status, const aim_error *err)
{
	for (aim__audit_request *r = g->requests; r; r = r->next) {
		if (r->settled)
			continue;
		settle(r, status);
		if (r->err && err)
			*r->err = *err;
	}
	if (!g->queued_settled) {
		g->queued_status = status;
		g->queued_settled = 1;
	}
}

static int is_open(const aim__audit_group *g)
{
	for (const aim__audit_request *r = g->requests; r; r = r->next)
		if (!r->settled)
			return 1;
	return !g->queued_settled;
}

/* ---- building ---- */

/* Room for every operation and batch of a round, so that building them cannot fail half way. */
static aim_status reserve(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	size_t n_ops = g->queued.n + 1, n_parts = 1;
	for (const aim__audit_request *r = g->requests; r; r = r->next) {
		n_ops += r->n_ops + r->rows.n + 1;
		n_parts++;
	}
	void *ops = g->ops, *parts = g->parts, *batches = g->batches;
	aim_status rc = aim__grow(log->ctx, &ops, &g->cap_ops, n_ops, sizeof *g->ops, 32, 0);
	g->ops = ops;
	if (rc == AIM_OK)
		rc = aim__grow(log->ctx, &parts, &g->cap_parts, n_parts, sizeof *g->parts, 8, 0);
	g->parts = parts;
	if (rc == AIM_OK)
		rc = aim__grow(log->ctx, &batches, &g->cap_batches, n_parts, sizeof *g->batches, 8, 0);
	g->batches = batches;
	return rc;
}

static aim_store_op *add_op(aim__audit_group *g, uint32_t kind)
{
	aim_store_op *op = &g->ops[g->n_ops++];
	memset(op, 0, sizeof *op);
	op->kind = kind;
	return op;
}

static aim_status add_rows(aim_audit *log, aim__audit_rows *rows)
{
	aim__audit_group *g = &log->group;
	rows->first_position = g->tree.count;
	for (size_t i = 0; i < rows->n; i++) {
		const aim__audit_item *item = &rows->items[i];
		aim_store_op *op = add_op(g, AIM_STORE_APPEND);
		aim__audit_row_place(rows->bytes + item->offset, g->tree.count);
		op->key = aim__audit_rows_key(log);
		op->value = aim_bytes_from(rows->bytes + item->offset, item->len);
		op->version = g->tree.count;
		aim_status rc = aim__merkle_append(log->ctx, &g->tree, &item->leaf);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static aim__audit_part *begin_part(aim__audit_group *g, aim__audit_request *owner)
{
	aim__audit_part *part = &g->parts[g->n_parts++];
	memset(part, 0, sizeof *part);
	part->owner = owner;
	part->first_op = g->n_ops;
	return part;
}

/* The head after the part. Its bytes may still move; link() sets the span. */
static aim_status end_part(aim_audit *log, aim__audit_part *part)
{
	aim__audit_group *g = &log->group;
	int fresh = g->head.state == AIM__HEAD_ABSENT;
	aim_store_op *op = add_op(g, fresh ? AIM_STORE_PUT_IF_ABSENT : AIM_STORE_PUT_IF_VERSION);
	op->key = aim__audit_key(log);
	op->version = fresh ? 0 : g->head.version + (uint64_t)(part - g->parts);
	part->head_offset = g->heads.len;
	aim_status rc = aim__audit_head_write(&g->tree, &g->heads);
	part->head_len = g->heads.len - part->head_offset;
	part->n_ops = g->n_ops - part->first_op;
	return rc;
}

static aim_status build_appends(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	aim_status rc = AIM_OK;
	aim__audit_part *part = begin_part(g, NULL);
	if (!g->queued_settled)
		rc = add_rows(log, &g->queued);
	for (aim__audit_request *r = g->requests; r && rc == AIM_OK; r = r->next)
		if (!r->settled && only_appends(r))
			rc = add_rows(log, &r->rows);
	if (rc != AIM_OK)
		return rc;
	if (g->n_ops == part->first_op) {
		g->n_parts--;
		return AIM_OK;
	}
	return end_part(log, part);
}

static aim_status build_change(aim_audit *log, aim__audit_request *r)
{
	aim__audit_group *g = &log->group;
	aim__audit_part *part = begin_part(g, r);
	memcpy(&g->ops[g->n_ops], r->ops, r->n_ops * sizeof *r->ops);
	g->n_ops += r->n_ops;
	aim_status rc = add_rows(log, &r->rows);
	return rc == AIM_OK ? end_part(log, part) : rc;
}

static void link_batches(aim__audit_group *g)
{
	for (size_t i = 0; i < g->n_parts; i++) {
		aim__audit_part *part = &g->parts[i];
		aim_store_op *head = &g->ops[part->first_op + part->n_ops - 1];
		head->value = aim_bytes_from(g->heads.ptr + part->head_offset, part->head_len);
		g->batches[i] = (aim_store_batch){.ops = &g->ops[part->first_op], .n_ops = part->n_ops};
	}
}

/* A log's first head gets a version that only the store knows: nothing can chain on it, so that
 * round has one batch. */
static aim_status build(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	g->n_ops = g->n_parts = 0;
	g->tree = g->head.tree;
	aim__buf_truncate(&g->heads, 0);
	aim_status rc = reserve(log);
	if (rc == AIM_OK)
		rc = build_appends(log);
	for (aim__audit_request *r = g->requests; r && rc == AIM_OK; r = r->next) {
		if (g->head.state == AIM__HEAD_ABSENT && g->n_parts > 0)
			break;
		if (!r->settled && !only_appends(r))
			rc = build_change(log, r);
	}
	if (rc == AIM_OK)
		link_batches(g);
	return rc;
}

/* ---- outcome ---- */

static void settle_appends(aim__audit_group *g)
{
	for (aim__audit_request *r = g->requests; r; r = r->next)
		if (!r->settled && only_appends(r))
			settle(r, AIM_OK);
	g->queued_status = AIM_OK;
	g->queued_settled = 1;
}

/* The head after the first n batches, which are now in the store. */
static aim_status advance(aim_audit *log, size_t n, aim_error *err)
{
	aim__audit_group *g = &log->group;
	aim_status rc = AIM_OK;
	if (n == 0)
		return AIM_OK;
	const aim__audit_part *last = &g->parts[n - 1];
	if (n == g->n_parts)
		g->head.tree = g->tree;
	else
		rc = aim__audit_head_read(log->ctx,
		                          aim_bytes_from(g->heads.ptr + last->head_offset, last->head_len),
		                          &g->head.tree, err);
	g->head.version += n;
	if (g->head.state == AIM__HEAD_ABSENT || rc != AIM_OK)
		g->head.state = AIM__HEAD_UNKNOWN;
	return AIM_OK;
}

/* A precondition of the caller's own operations is the caller's to hear about. */
static int own_failure(const aim__audit_part *part, const aim_store_batch *batch)
{
	return part->owner && batch->failed_op < part->owner->n_ops;
}

static void settle_refused(aim__audit_part *part, const aim_store_batch *batch)
{
	aim__audit_request *r = part->owner;
	r->failed_op = batch->failed_op;
	settle(r, aim__fail(r->err, batch->status, AIM_LAYER_STORE,
	                    "operation %u of the change: its precondition does not hold",
	                    batch->failed_op));
}

static aim_status read_outcome(aim_audit *log, round_result *out, aim_error *err)
{
	aim__audit_group *g = &log->group;
	size_t n_ok = 0;
	memset(out, 0, sizeof *out);
	for (; n_ok < g->n_parts && g->batches[n_ok].status == AIM_OK; n_ok++) {
		if (g->parts[n_ok].owner)
			settle(g->parts[n_ok].owner, AIM_OK);
		else
			settle_appends(g);
	}
	out->progress = n_ok > 0;
	for (size_t i = n_ok; i < g->n_parts; i++) {
		const aim_store_batch *batch = &g->batches[i];
		if (own_failure(&g->parts[i], batch)) {
			settle_refused(&g->parts[i], batch);
			out->progress = 1;
		} else if (i == n_ok) {
			out->foreign = 1;
			out->refused_head = batch->failed_op + 1 == batch->n_ops;
		}
	}
	return advance(log, n_ok, err);
}

/* ---- rounds ---- */

/* Refused although the head is still the one this process had: no other writer explains that. */
static aim_status explain_refusal(const round_result *refused, aim_error *err)
{
	if (refused->refused_head)
		return aim__fail(err, AIM_E_STORE_ENGINE, AIM_LAYER_AUDIT,
		                 "the store refuses the head's own version");
	return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
	                 "the log has rows beyond its head");
}

static aim_status reload(aim_audit *log, const round_result *last, aim_error *err)
{
	aim__audit_group *g = &log->group;
	int state = (int)g->head.state;
	uint64_t version = g->head.version;
	aim_status rc = aim__audit_head_load(log->store, aim__audit_key(log), &g->scratch, &g->head, err);
	if (rc != AIM_OK) {
		g->head.state = AIM__HEAD_UNKNOWN;
		return rc;
	}
	if (last->foreign && state == (int)g->head.state && version == g->head.version)
		return explain_refusal(last, err);
	return AIM_OK;
}

static aim_status run_round(aim_audit *log, round_result *last, aim_error *err)
{
	aim__audit_group *g = &log->group;
	aim_status rc = AIM_OK;
	if (g->head.state == AIM__HEAD_UNKNOWN || last->foreign)
		rc = reload(log, last, err);
	if (rc == AIM_OK && (rc = build(log)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc == AIM_OK)
		rc = aim__store_apply_group(log->store, g->batches, g->n_parts, err);
	if (rc != AIM_OK) {
		g->head.state = AIM__HEAD_UNKNOWN;
		return rc;
	}
	return read_outcome(log, last, err);
}

void aim__audit_group_commit(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	aim_error err;
	round_result last = {0};
	unsigned idle_rounds = 0;
	aim_status rc = AIM_OK;
	memset(&err, 0, sizeof err);
	g->queued_status = AIM_OK;
	g->queued_settled = g->queued.n == 0;
	for (aim__audit_request *r = g->requests; r; r = r->next)
		if (only_appends(r) && r->rows.n == 0 && g->queued_settled)
			settle(r, AIM_OK);
	while (rc == AIM_OK && is_open(g)) {
		rc = run_round(log, &last, &err);
		idle_rounds = last.progress ? 0 : idle_rounds + 1;
		if (rc == AIM_OK && idle_rounds > MAX_IDLE_ROUNDS)
			rc = aim__fail(&err, AIM_E_STORE_LOCKED, AIM_LAYER_AUDIT,
			               "other writers of the log were always faster");
	}
	if (rc != AIM_OK)
		settle_all(g, rc, &err);
}

void aim__audit_group_dispose(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	aim__free(log->ctx, g->ops, g->cap_ops * sizeof *g->ops);
	aim__free(log->ctx, g->parts, g->cap_parts * sizeof *g->parts);
	aim__free(log->ctx, g->batches, g->cap_batches * sizeof *g->batches);
	aim__buf_dispose(&g->heads);
	aim__buf_dispose(&g->scratch);
}
