/* audit/retention.c — cutting a log, and holding it. Layer audit.
 *
 * The cut is logical first: one small batch of the key and the record. Then the rows before it go, some
 * thousands at a time, so that other writers never wait for long; a crash in between leaves rows that
 * nobody reads, and the next cut takes them along. */
#include "audit/retention.h"

#include "audit/checkpoint.h"
#include "audit/trail.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/writer.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_retention_options, 8 + 4 * 8 + 2 * 2 * P);
AIM__NO_PADDING(aim_retention_report, 8 + 2 * 8 + 2 * 4);
#undef P

#define KIND "retention"
/* Rows removed in one transaction. */
#define STEP_ROWS 4096u
/* How often others may come first. */
#define MAX_TRIES 16u
/* Ends the walk at the first record that is too young; never leaves this file. */
#define TOO_YOUNG ((aim_status)1)

static const char *const stop_names[] = {"done", "count", "age", "hold", "checkpoint"};

typedef struct cutting {
	aim_audit *log;
	aim_retention_options options;
	aim__retention state;
	aim__merkle_frontier head;
	uint64_t bound; /* records before it may go */
	uint32_t stopped_by;
	aim__merkle_frontier tree; /* of the records that were looked at */
	aim_trail_record record;   /* scratch */
	aim_retention_report report;
	aim_error *err;
} cutting;

/* ---- how far ---- */

static void lower(cutting *c, uint64_t bound, uint32_t by)
{
	if (bound < c->bound) {
		c->bound = bound;
		c->stopped_by = by;
	}
}

static aim_status check_age(void *user, uint64_t position, const aim__audit_row *row)
{
	cutting *c = user;
	aim_status rc = aim__trail_record_read(&c->record, position, row->record, c->err);
	if (rc != AIM_OK)
		return rc;
	int64_t age_us = c->options.now_us - aim_trail_record_time_us(&c->record);
	return age_us >= c->options.min_age_us ? AIM_OK : TOO_YOUNG;
}

static aim_status bound_by_age(cutting *c)
{
	uint64_t next = c->state.cut.count;
	if (c->options.min_age_us == 0 || next >= c->bound)
		return AIM_OK;
	aim_status rc = aim__trail_walk(c->log, &next, c->bound, check_age, c, c->err);
	lower(c, next, AIM_RETENTION_BY_AGE);
	return rc == TOO_YOUNG ? AIM_OK : rc;
}

/* Lowers the bound to a size that a kept checkpoint has, and takes the checkpoint's word for the tree. */
static aim_status bound_by_checkpoint(cutting *c, aim__merkle_frontier *out)
{
	aim__checkpoint_kept kept;
	aim__checkpoint_kept_init(&kept, c->log->ctx);
	aim_status rc = aim__checkpoint_load_newest(c->log, &kept, c->err);
	if (rc == AIM_E_NOT_FOUND)
		rc = aim__fail(c->err, AIM_E_AUDIT_PENDING, AIM_LAYER_AUDIT,
		               "the log has no checkpoint; it is cut only where one was signed");
	else if (rc == AIM_OK && kept.tree.count > c->bound)
		rc = aim__checkpoint_load_before(c->log, c->bound, &kept, c->err);
	if (rc == AIM_OK)
		*out = kept.tree;
	else if (rc == AIM_E_NOT_FOUND) {
		memset(out, 0, sizeof *out);
		rc = AIM_OK;
	}
	aim__checkpoint_kept_dispose(&kept);
	if (rc == AIM_OK)
		lower(c, out->count, AIM_RETENTION_BY_CHECKPOINT);
	return rc;
}

static aim_status settle_bound(cutting *c, aim__merkle_frontier *out)
{
	const aim_retention_options *o = &c->options;
	c->bound = o->before ? o->before : UINT64_MAX;
	c->stopped_by = AIM_RETENTION_DONE;
	lower(c, c->head.count, AIM_RETENTION_DONE);
	if (o->keep_records > 0)
		lower(c, c->head.count > o->keep_records ? c->head.count - o->keep_records : 0,
		      AIM_RETENTION_BY_COUNT);
	for (size_t i = 0; i < c->state.n_holds; i++)
		lower(c, c->state.holds[i].from, AIM_RETENTION_BY_HOLD);
	aim_status rc = bound_by_age(c);
	return rc == AIM_OK ? bound_by_checkpoint(c, out) : rc;
}

/* ---- the cut ---- */

static aim_status add_leaf(void *user, uint64_t position, const aim__audit_row *row)
{
	cutting *c = user;
	aim__merkle_hash leaf;
	aim_status rc = aim__audit_row_leaf(c->log->ctx, row, position, &leaf, c->err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_append(c->log->ctx, &c->tree, &leaf);
	return rc == AIM_OK ? rc : aim__fail_plain(c->err, rc, AIM_LAYER_AUDIT);
}

/* Evidence is not thrown away before it was compared with what was signed about it. */
static aim_status check_removed(cutting *c, const aim__merkle_frontier *cut)
{
	uint64_t next = c->state.cut.count;
	c->tree = c->state.cut;
	aim_status rc = aim__trail_walk(c->log, &next, cut->count, add_leaf, c, c->err);
	if (rc == AIM_OK && !aim__merkle_frontier_equal(&c->tree, cut))
		return aim__fail(c->err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "the first %llu records are not those of their checkpoint; none was removed",
		                 (unsigned long long)cut->count);
	return rc;
}

static aim_status write_data(const cutting *c, const aim__merkle_frontier *cut, aim_buf *out)
{
	aim__merkle_hash root;
	char hex[64];
	aim__json_writer w;
	aim_status rc = aim__merkle_frontier_root(c->log->ctx, cut, &root);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write(aim_bytes_from(root.bytes, sizeof root.bytes), hex);
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_int64(&w, "n_removed", (int64_t)(cut->count - c->state.cut.count));
	aim__write_member_string(&w, "root", (aim_str){hex, sizeof hex});
	aim__write_member_int64(&w, "size", (int64_t)cut->count);
	aim__write_member_text(&w, "stopped_by", stop_names[c->stopped_by]);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status commit_cut(cutting *c, const aim__merkle_frontier *cut)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	aim_buf data;
	aim__buf_init(&data, c->log->ctx);
	aim_status rc = write_data(c, cut, &data);
	if (rc != AIM_OK)
		(void)aim__fail_plain(c->err, rc, AIM_LAYER_AUDIT);
	r.kind = aim_str_from(KIND);
	r.action = aim_str_from("cut");
	r.user = c->options.user;
	r.reason = c->options.reason;
	r.data = aim_buf_str(&data);
	uint64_t before = c->state.cut.count;
	c->state.cut = *cut;
	if (rc == AIM_OK)
		rc = aim__retention_commit(c->log, &c->state, &r, c->err);
	if (rc == AIM_OK)
		c->report.n_removed = cut->count - before;
	aim__buf_dispose(&data);
	return rc;
}

static aim_status try_once(cutting *c)
{
	aim__merkle_frontier cut;
	aim_status rc = aim__retention_load(c->log, &c->state, c->err);
	if (rc == AIM_OK)
		rc = aim__audit_tree(c->log, &c->head, c->err);
	if (rc == AIM_OK)
		rc = settle_bound(c, &cut);
	if (rc != AIM_OK || cut.count <= c->state.cut.count)
		return rc;
	rc = check_removed(c, &cut);
	return rc == AIM_OK ? commit_cut(c, &cut) : rc;
}

/* ---- the rows ---- */

static aim_status note_position(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                                uint64_t position)
{
	(void)key, (void)value, (void)version;
	*(uint64_t *)user = position;
	return AIM_OK;
}

static aim_status remove_rows(cutting *c)
{
	const aim_bytes name = aim__audit_rows_key(c->log);
	uint64_t cut = c->state.cut.count;
	for (;;) {
		uint64_t oldest = UINT64_MAX;
		aim_status rc = aim__store_read_log(c->log->store, name, 0, 1, note_position, &oldest, c->err);
		if (rc != AIM_OK || oldest >= cut)
			return rc;
		aim_store_op op = {.kind = AIM_STORE_TRIM, .key = name};
		op.version = cut - oldest > STEP_ROWS ? oldest + STEP_ROWS : cut;
		aim_store_batch batch = {.ops = &op, .n_ops = 1};
		rc = aim__store_apply_group(c->log->store, &batch, 1, c->err);
		if (rc != AIM_OK)
			return rc;
		if (batch.status != AIM_OK)
			return aim__fail(c->err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
			                 "the log ends before its cut at record %llu", (unsigned long long)cut);
	}
}

/* ---- the calls ---- */

static aim_status take_options(cutting *c, const aim_retention_options *options)
{
	aim_retention_options *o = &c->options;
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_retention_options", c->err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(c->err, AIM_E_VERSION, AIM_LAYER_AUDIT, "aim_retention_options.flags must be 0");
	if (o->min_age_us < 0 || o->now_us < 0)
		return aim__fail(c->err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_retention_options.min_age_us and .now_us are not negative");
	if (o->before == 0 && o->keep_records == 0 && o->min_age_us == 0)
		return aim__fail(c->err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "aim_retention_options must set before, keep_records or min_age_us");
	if (o->now_us == 0 && (rc = aim_ctx_now_us(c->log->ctx, &o->now_us)) != AIM_OK)
		return aim__fail_plain(c->err, rc, AIM_LAYER_AUDIT);
	return AIM_OK;
}

aim_status aim_retention_apply(aim_audit *log, const aim_retention_options *options,
                               aim_retention_report *report, aim_error *err)
{
	if (!log || !options)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and options are required");
	if (!aim__store_trims(log->store))
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_AUDIT, "this store's engine cannot trim logs");
	cutting c = {.log = log, .err = err};
	c.report.struct_size = sizeof c.report;
	aim_status rc = take_options(&c, options);
	if (rc != AIM_OK)
		return rc;
	aim__trail_record_init(&c.record, log->ctx);
	rc = try_once(&c);
	for (unsigned i = 1; i < MAX_TRIES && (rc == AIM_E_CONFLICT || rc == AIM_E_AUDIT_TRIMMED); i++)
		rc = try_once(&c);
	if (rc == AIM_OK)
		rc = remove_rows(&c);
	aim__trail_record_dispose(&c.record);
	if (rc != AIM_OK || !report)
		return rc;
	c.report.first_kept = c.state.cut.count;
	c.report.stopped_by = c.stopped_by;
	return aim__sized_out(report, &c.report, sizeof c.report, sizeof c.report);
}

aim_status aim_retention_current(aim_audit *log, aim_audit_head *out, aim_error *err)
{
	aim_audit_head head = {.struct_size = sizeof head};
	aim__merkle_frontier cut;
	aim__merkle_hash root;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	aim_status rc = aim__audit_cut(log, &cut, err);
	if (rc == AIM_OK && (rc = aim__merkle_frontier_root(log->ctx, &cut, &root)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc != AIM_OK)
		return rc;
	head.size = cut.count;
	memcpy(head.root, root.bytes, sizeof head.root);
	return aim__sized_out(out, &head, sizeof head, sizeof head);
}
