/* backends/sqlite_write.c — apply_group of the SQLite store: plan the group inside one immediate
 * transaction, then write the outcome of each key and each row, once. No savepoints: a batch
 * that fails has written nothing. */
#include "backends/sqlite.h"

#include "base/ctx.h"
#include "base/error.h"

/* One write in progress: the first failure stays. */
typedef struct write {
	aim__sqlite *s;
	aim__sqlite_connection *c;
	aim_error *err;
} write;

/* Steps a bound query that yields at most one row, read by the caller before finish(). */
static aim_status step(const write *w, sqlite3_stmt *q, int rc, int *out_row)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*out_row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return AIM_OK;
	aim_status status = aim__sqlite_fail(w->c, rc, "cannot write", w->err);
	sqlite3_reset(q);
	return status;
}

static aim_status finish(const write *w, sqlite3_stmt *q, int rc)
{
	int row;
	aim_status status = step(w, q, rc, &row);
	if (status == AIM_OK)
		sqlite3_reset(q);
	return status;
}

static aim_status simple(const write *w, aim__sqlite_query query)
{
	aim_status status = AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, query, &status, w->err);
	return q ? finish(w, q, SQLITE_OK) : status;
}

/* What the plan asks */

static aim_status plan_key(void *user, aim_bytes key, int want_value, aim__plan_found *out, void **mine,
                           aim_error *err)
{
	const write *w = user;
	aim_status status = AIM_OK;
	int row = 0;
	(void)mine;
	/* GET has two columns in front. Its value stays valid until the query is used again. */
	int at = want_value ? 2 : 0;
	sqlite3_stmt *q = aim__sqlite_prepare(
		w->c, want_value ? AIM__SQLITE_GET : AIM__SQLITE_FIND_KEY, &status, err);
	if (!q)
		return status;
	sqlite3_reset(q);
	status = step(w, q, aim__sqlite_bind_key(q, 1, key), &row);
	if (status != AIM_OK || !row) {
		sqlite3_reset(q);
		return status;
	}
	out->stored = 1;
	out->version = (uint64_t)sqlite3_column_int64(q, at);
	out->expires_at_us = sqlite3_column_int64(q, at + 1);
	if (want_value)
		out->value = aim__sqlite_column(q, 1);
	else
		sqlite3_reset(q);
	return AIM_OK;
}

static aim_status last_position(const write *w, int64_t log, uint64_t *out_next)
{
	aim_status status = AIM_OK;
	int row = 0;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_LAST_ROW, &status, w->err);
	if (!q)
		return status;
	int64_t first = log << AIM__SQLITE_POSITION_BITS;
	int rc = sqlite3_bind_int64(q, 1, first);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 2, first | (int64_t)AIM__SQLITE_MAX_POSITION);
	status = step(w, q, rc, &row);
	if (row)
		*out_next =
			((uint64_t)sqlite3_column_int64(q, 0) & AIM__SQLITE_MAX_POSITION) + 1;
	sqlite3_reset(q);
	return status;
}

/* mine becomes the log's number; NULL when it is new. */
static aim_status plan_log(void *user, aim_bytes name, uint64_t *out_next, void **mine,
                           aim_error *err)
{
	const write *w = user;
	aim_status status = AIM_OK;
	int row = 0;
	int64_t log = 0;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_FIND_LOG, &status, err);
	if (!q)
		return status;
	status = step(w, q, aim__sqlite_bind_key(q, 1, name), &row);
	if (row)
		log = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	*out_next = 0;
	if (status != AIM_OK || log == 0)
		return status;
	if (log < 0 || log >= (int64_t)1 << (62 - AIM__SQLITE_POSITION_BITS))
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_BACKENDS, "%s: a log has the number %lld",
		                 w->c->path, (long long)log);
	*mine = (void *)(uintptr_t)log;
	return last_position(w, log, out_next);
}

/* Writing the plan */

static aim_status put_key(const write *w, const aim__plan_key *k)
{
	char text[24];
	aim_status status = AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(
		w->c, k->stored ? AIM__SQLITE_UPDATE_KEY : AIM__SQLITE_INSERT_KEY, &status, w->err);
	if (!q)
		return status;
	int rc = aim__sqlite_bind_key(q, 1, k->key);
	if (rc == SQLITE_OK)
		rc = aim__sqlite_bind_value(q, 2, aim__plan_value(k, text));
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 3, (int64_t)k->now.version);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 4, k->now.expires_at_us);
	return finish(w, q, rc);
}

static aim_status delete_key(const write *w, const aim__plan_key *k)
{
	aim_status status = AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_DELETE_KEY, &status, w->err);
	return q ? finish(w, q, aim__sqlite_bind_key(q, 1, k->key)) : status;
}

static aim_status write_keys(const write *w)
{
	const aim__plan *plan = &w->s->plan;
	aim_status status = AIM_OK;
	for (size_t i = 0; status == AIM_OK && i < plan->n_keys; i++) {
		const aim__plan_key *k = &plan->keys[i];
		if (!k->changed)
			continue;
		if (k->now.present)
			status = put_key(w, k);
		else if (k->stored)
			status = delete_key(w, k);
	}
	return status;
}

static aim_status new_log(const write *w, aim__plan_log *log)
{
	aim_status status = AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_INSERT_LOG, &status, w->err);
	if (!q)
		return status;
	status = finish(w, q, aim__sqlite_bind_key(q, 1, log->name));
	log->mine = (void *)(uintptr_t)sqlite3_last_insert_rowid(w->c->db);
	return status;
}

static aim_status write_rows(const write *w)
{
	aim__plan *plan = &w->s->plan;
	aim_status status = AIM_OK;
	if (plan->n_rows == 0)
		return AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_INSERT_ROW, &status, w->err);
	for (size_t i = 0; status == AIM_OK && i < plan->n_rows; i++) {
		const aim__plan_row *r = &plan->rows[i];
		aim__plan_log *log = &plan->logs[r->log];
		if (r->position > AIM__SQLITE_MAX_POSITION)
			return aim__fail(w->err, AIM_E_LIMIT, AIM_LAYER_BACKENDS, "%s: a log is full",
			                 w->c->path);
		if (!log->mine)
			status = new_log(w, log);
		if (status != AIM_OK)
			break;
		int64_t number = (int64_t)(uintptr_t)log->mine;
		int rc = sqlite3_bind_int64(
			q, 1, number << AIM__SQLITE_POSITION_BITS | (int64_t)r->position);
		if (rc == SQLITE_OK)
			rc = aim__sqlite_bind_value(q, 2, r->row);
		status = finish(w, q, rc);
	}
	return status;
}

/* After the rows are written: a group may trim what it appended. */
static aim_status trim_rows(const write *w)
{
	const aim__plan *plan = &w->s->plan;
	aim_status status = AIM_OK;
	for (size_t i = 0; status == AIM_OK && i < plan->n_logs; i++) {
		const aim__plan_log *log = &plan->logs[i];
		if (log->trim == 0)
			continue;
		sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_TRIM_ROWS, &status, w->err);
		if (!q)
			return status;
		int64_t first = (int64_t)(uintptr_t)log->mine << AIM__SQLITE_POSITION_BITS;
		int rc = sqlite3_bind_int64(q, 1, first);
		if (rc == SQLITE_OK)
			rc = sqlite3_bind_int64(q, 2, first | (int64_t)log->trim);
		status = finish(w, q, rc);
	}
	return status;
}

/* Throws away some expired keys; their versions raise the floor. */
static aim_status sweep(const write *w, int64_t now_us)
{
	aim__plan *plan = &w->s->plan;
	aim_status status = AIM_OK;
	int row = 1;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_SWEEP, &status, w->err);
	if (!q)
		return status;
	int rc = sqlite3_bind_int64(q, 1, now_us);
	while (status == AIM_OK && row) {
		status = step(w, q, rc, &row);
		uint64_t version = row ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
		if (version > plan->version_floor)
			plan->version_floor = version;
	}
	sqlite3_reset(q);
	return status;
}

static aim_status read_floor(const write *w, uint64_t *out)
{
	aim_status status = AIM_OK;
	int row = 0;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_READ_FLOOR, &status, w->err);
	if (!q)
		return status;
	status = step(w, q, SQLITE_OK, &row);
	*out = row ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	sqlite3_reset(q);
	return status;
}

static aim_status write_floor(const write *w, uint64_t before)
{
	aim_status status = AIM_OK;
	if (w->s->plan.version_floor == before)
		return AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(w->c, AIM__SQLITE_WRITE_FLOOR, &status, w->err);
	return q ? finish(w, q, sqlite3_bind_int64(q, 1, (int64_t)w->s->plan.version_floor)) : status;
}

static aim_status write_group(const write *w, aim_store_batch *batches, size_t n_batches,
                              int64_t now_us)
{
	aim__plan *plan = &w->s->plan;
	const aim__plan_source source = {plan_key, plan_log, (void *)(uintptr_t)w};
	uint64_t before = 0;
	aim_status status = read_floor(w, &before);
	plan->version_floor = before;
	if (status == AIM_OK)
		status = aim__plan_group(plan, &source, batches, n_batches, now_us, w->err);
	/* A value lent to the plan must not keep the query, and with it the transaction, open. */
	sqlite3_reset(w->c->queries[AIM__SQLITE_GET]);
	if (status == AIM_OK)
		status = write_keys(w);
	if (status == AIM_OK)
		status = write_rows(w);
	if (status == AIM_OK)
		status = trim_rows(w);
	if (status == AIM_OK)
		status = sweep(w, now_us);
	if (status == AIM_OK)
		status = write_floor(w, before);
	return status == AIM_OK ? simple(w, AIM__SQLITE_COMMIT) : status;
}

static aim_status begin(aim__sqlite *s, aim_error *err)
{
	write w = {s, &s->writer, err};
	if (!w.c->db)
		return aim__fail_plain(err, AIM_E_STORE_READONLY, AIM_LAYER_BACKENDS);
	aim_status status = aim__sqlite_check_files(s, err);
	if (status == AIM_OK)
		status = aim__sqlite_turn_take(s, err);
	if (status != AIM_OK)
		return status;
	status = simple(&w, AIM__SQLITE_BEGIN);
	aim__sqlite_turn_give(s);
	return status;
}

/* SQLite may have rolled back by itself. */
static void roll_back(aim__sqlite *s)
{
	write w = {s, &s->writer, NULL};
	if (!sqlite3_get_autocommit(w.c->db) && simple(&w, AIM__SQLITE_ROLLBACK) != AIM_OK)
		aim__ctx_log(s->ctx, AIM_LOG_ERROR, "%s: a failed transaction could not be rolled back",
		             s->path);
}

aim_status aim__sqlite_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                             aim_error *err)
{
	aim__sqlite *s = user;
	write w = {s, &s->writer, err};
	aim_status status = s->held ? AIM_OK : begin(s, err);
	s->held = 0;
	if (status != AIM_OK)
		return status;
	status = write_group(&w, batches, n_batches, now_us);
	if (status == AIM_OK)
		aim__plan_publish(&s->plan);
	else
		roll_back(s);
	return status;
}

aim_status aim__sqlite_hold(void *user, aim_error *err)
{
	aim__sqlite *s = user;
	aim_status status = begin(s, err);
	s->held = status == AIM_OK;
	return status;
}

void aim__sqlite_release(void *user)
{
	aim__sqlite *s = user;
	if (s->held)
		roll_back(s);
	s->held = 0;
}
