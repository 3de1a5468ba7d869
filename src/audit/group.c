/* audit/group.c — one group: the requests of many callers become one batch of one transaction. Layer
 * audit. Runs on the leader's thread, outside the lock.
 *
 * The batch is: the rows that waited, the record of a gap, the rows that come without operations, then each change (its operations, its rows),
 * then the head, under the version that this process last saw. So everything in it stands on that head,
 * or nothing is written. A change whose own precondition fails is settled and the rest is built again
 * without it, which costs a transaction that writes nothing. When another process has written, the rows
 * or the head are refused, and the batch is built again on that process's head, while the store keeps
 * the others out.
 *
 * One batch and not one per change with heads that chain by their versions: a version says how often a
 * head was written, not by whom. Where another process had written as many heads and rows as the first
 * batches would have, a later batch would find its version and its position free, and put a head on top
 * that counts records which are not there. */
#include "audit/log.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* Rounds in a row in which only other processes got on. Where the engine can hold, the second round
 * always gets on. */
#define MAX_IDLE_ROUNDS 256u

/* What one round came to. */
typedef struct round_result {
	int progress; /* something was settled */
	int foreign;  /* refused at `refused_head`: the head is not what this process thought */
	int refused_head;
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

/* Room for every operation of a round, so that building it cannot fail half way. */
static aim_status reserve(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	size_t n_ops = g->queued.n + g->gap_rows.n + 1;
	for (const aim__audit_request *r = g->requests; r; r = r->next)
		n_ops += r->n_ops + r->rows.n;
	void *ops = g->ops;
	aim_status rc = aim__grow(log->ctx, &ops, &g->cap_ops, n_ops, sizeof *g->ops, 32, 0);
	g->ops = ops;
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

static aim_status add_appends(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	aim_status rc = g->queued_settled ? AIM_OK : add_rows(log, &g->queued);
	if (rc == AIM_OK && !g->gap_settled)
		rc = add_rows(log, &g->gap_rows);
	for (aim__audit_request *r = g->requests; r && rc == AIM_OK; r = r->next)
		if (!r->settled && only_appends(r))
			rc = add_rows(log, &r->rows);
	return rc;
}

static aim_status add_change(aim_audit *log, aim__audit_request *r)
{
	aim__audit_group *g = &log->group;
	r->first_op = g->n_ops;
	memcpy(&g->ops[g->n_ops], r->ops, r->n_ops * sizeof *r->ops);
	g->n_ops += r->n_ops;
	return add_rows(log, &r->rows);
}

static aim_status add_head(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	int fresh = g->head.state == AIM__HEAD_ABSENT;
	aim_store_op *op = add_op(g, fresh ? AIM_STORE_PUT_IF_ABSENT : AIM_STORE_PUT_IF_VERSION);
	op->key = aim__audit_key(log);
	op->version = fresh ? 0 : g->head.version;
	aim_status rc = aim__audit_head_write(&g->tree, &g->head_text);
	op->value = aim_buf_bytes(&g->head_text);
	return rc;
}

static aim_status build(aim_audit *log)
{
	aim__audit_group *g = &log->group;
	g->n_ops = 0;
	g->tree = g->head.tree;
	aim__buf_truncate(&g->head_text, 0);
	aim_status rc = reserve(log);
	if (rc == AIM_OK)
		rc = add_appends(log);
	for (aim__audit_request *r = g->requests; r && rc == AIM_OK; r = r->next)
		if (!r->settled && !only_appends(r))
			rc = add_change(log, r);
	return rc == AIM_OK ? add_head(log) : rc;
}

/* ---- outcome ---- */

/* Everything that was open is now in the store. A log's first head gets a version that only the store
 * knows. */
static void settle_written(aim__audit_group *g)
{
	for (aim__audit_request *r = g->requests; r; r = r->next)
		if (!r->settled)
			settle(r, AIM_OK);
	g->queued_settled = 1;
	g->gap_settled = 1;
	g->head.tree = g->tree;
	g->head.version++;
	if (g->head.state == AIM__HEAD_ABSENT)
		g->head.state = AIM__HEAD_UNKNOWN;
}

/* The change whose own operation was refused: its caller's to hear about. NULL: rows or head were. */
static aim__audit_request *find_refused(const aim__audit_group *g, size_t failed_op)
{
	for (aim__audit_request *r = g->requests; r; r = r->next)
		if (!r->settled && !only_appends(r) && failed_op - r->first_op < r->n_ops)
			return r;
	return NULL;
}

static void read_outcome(aim__audit_group *g, const aim_store_batch *batch, round_result *out)
{
	memset(out, 0, sizeof *out);
	out->progress = 1;
	if (batch->status == AIM_OK) {
		settle_written(g);
		return;
	}
	aim__audit_request *refused = find_refused(g, batch->failed_op);
	if (!refused) {
		out->progress = 0;
		out->foreign = 1;
		out->refused_head = batch->failed_op + 1 == batch->n_ops;
		return;
	}
	refused->failed_op = batch->failed_op - (uint32_t)refused->first_op;
	settle(refused, aim__fail(refused->err, batch->status, AIM_LAYER_STORE,
	                          "operation %u of the change: its precondition does not hold",
	                          refused->failed_op));
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

typedef aim_status (*apply_function)(aim_store *store, aim_store_batch *batches, size_t n_batches,
                                     aim_error *err);

static aim_status run_batch(aim_audit *log, apply_function apply, round_result *last, aim_error *err)
{
	aim__audit_group *g = &log->group;
	aim_status rc = AIM_OK;
	if (g->head.state == AIM__HEAD_UNKNOWN || last->foreign)
		rc = reload(log, last, err);
	if (rc == AIM_OK && (rc = build(log)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim_store_batch batch = {.ops = g->ops, .n_ops = g->n_ops};
	if (rc == AIM_OK)
		rc = apply(log->store, &batch, 1, err);
	if (rc == AIM_OK)
		read_outcome(g, &batch, last);
	else
		g->head.state = AIM__HEAD_UNKNOWN;
	return rc;
}

/* Optimistic first: the head is what this process last saw. After a lost race the others are kept out
 * while the head is read and the group applied, so that no race is lost twice. */
static aim_status run_round(aim_audit *log, round_result *last, aim_error *err)
{
	if (!last->foreign)
		return run_batch(log, aim__store_apply_group, last, err);
	aim_status rc = aim__store_hold(log->store, err);
	if (rc != AIM_OK) {
		log->group.head.state = AIM__HEAD_UNKNOWN;
		return rc;
	}
	rc = run_batch(log, aim__store_apply_held, last, err);
	aim__store_release(log->store);
	return rc;
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
	g->gap_settled = g->gap.count == 0;
	g->gap_rows.n = 0;
	if (!g->gap_settled)
		rc = aim__audit_gap_write(log, &err);
	for (aim__audit_request *r = g->requests; r; r = r->next)
		if (only_appends(r) && r->rows.n == 0 && g->queued_settled && g->gap_settled)
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
	aim__buf_dispose(&g->head_text);
	aim__buf_dispose(&g->scratch);
}
