/* backends/sqlite_read.c — get, scan and read of the SQLite store. Each call borrows a reader,
 * so any number of threads read at once, also while one writes. */
#include "backends/sqlite.h"

#include "base/error.h"

#include <string.h>

/* sqlite3_column_blob() answers NULL for no bytes and for no memory: ask which. */
static int out_of_memory(const aim__sqlite_connection *c)
{
	return (sqlite3_errcode(c->db) & 0xFF) == SQLITE_NOMEM;
}

static aim__sqlite_connection *closed_reader(aim__sqlite *s)
{
	for (size_t i = 0; i < AIM__SQLITE_READERS; i++)
		if (!s->readers[i].path)
			return &s->readers[i];
	return NULL;
}

static void give_back(aim__sqlite *s, aim__sqlite_connection *c)
{
	aim__mutex_lock(&s->lock);
	if (c->db) {
		c->next_idle = s->first_idle;
		s->first_idle = c;
	} else {
		c->path = NULL;
	}
	aim__cond_broadcast(&s->idle);
	aim__mutex_unlock(&s->lock);
}

/* An idle reader, a new one, or whichever comes back first. NULL when a new one cannot be opened. */
static aim__sqlite_connection *borrow(aim__sqlite *s, aim_status *out_status, aim_error *err)
{
	aim__sqlite_connection *c;
	aim__mutex_lock(&s->lock);
	while (!s->first_idle && (c = closed_reader(s)) == NULL)
		aim__cond_wait(&s->idle, &s->lock);
	if (s->first_idle) {
		c = s->first_idle;
		s->first_idle = c->next_idle;
	} else {
		c->path = s->path; /* taken, though not open yet */
	}
	aim__mutex_unlock(&s->lock);
	if (c->db)
		return c;
	int mode = s->flags & AIM_SQLITE_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	*out_status = aim__sqlite_connect(c, mode, s->busy_timeout_ms, err);
	if (*out_status == AIM_OK)
		*out_status = aim__sqlite_run(c, "PRAGMA query_only = 1", err);
	if (*out_status == AIM_OK)
		return c;
	aim__sqlite_disconnect(c);
	give_back(s, c);
	return NULL;
}

/* The result of a walk: what row said, or what SQLite said. */
static aim_status end(aim__sqlite_connection *c, sqlite3_stmt *q, int rc, aim_status row_status,
                      aim_error *err)
{
	aim_status status = row_status;
	if (status == AIM_OK && rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_OK)
		status = aim__sqlite_fail(c, rc, "cannot read", err);
	sqlite3_reset(q);
	return status;
}

/* Hands one row of kv on; expired rows are passed over. */
static aim_status give_key(aim__sqlite_connection *c, sqlite3_stmt *q, int64_t now_us, aim_store_row row,
                           void *row_user, size_t *n_given, aim_error *err)
{
	if (aim__store_expired(sqlite3_column_int64(q, 3), now_us))
		return AIM_OK;
	aim_bytes key = aim__sqlite_column(q, 0);
	aim_bytes value = aim__sqlite_column(q, 1);
	if ((key.len == 0 || value.len == 0) && out_of_memory(c))
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_BACKENDS);
	if (key.len == 0)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_BACKENDS, "%s holds an empty key",
		                 c->path);
	++*n_given;
	return row(row_user, key, value, (uint64_t)sqlite3_column_int64(q, 2), 0);
}

aim_status aim__sqlite_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                           aim_error *err)
{
	aim_status status = AIM_OK;
	size_t n_given = 0;
	aim__sqlite_connection *c = borrow(user, &status, err);
	if (!c)
		return status;
	sqlite3_stmt *q = aim__sqlite_prepare(c, AIM__SQLITE_GET, &status, err);
	if (q) {
		int rc = aim__sqlite_bind_key(q, 1, key);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(q);
		if (rc == SQLITE_ROW)
			status = give_key(c, q, now_us, row, row_user, &n_given, err);
		status = end(c, q, rc, status, err);
	}
	give_back(user, c);
	return status == AIM_OK && n_given == 0 ? AIM_E_NOT_FOUND : status;
}

/* The least key of a scan: the prefix, or what comes directly behind after, which is after with a
 * zero byte. */
static aim_bytes first_key(aim_bytes prefix, aim_bytes after, uint8_t room[AIM_STORE_MAX_KEY_BYTES + 1])
{
	size_t n = prefix.len < after.len ? prefix.len : after.len;
	int order = n ? memcmp(after.ptr, prefix.ptr, n) : 0;
	if (after.len == 0 || order < 0 || (order == 0 && after.len < prefix.len))
		return prefix;
	memcpy(room, after.ptr, after.len);
	room[after.len] = 0;
	return aim_bytes_from(room, after.len + 1);
}

/* No key is empty: an empty column is a failure, which give_key() names. */
static int has_prefix(sqlite3_stmt *q, aim_bytes prefix)
{
	aim_bytes key = aim__sqlite_column(q, 0);
	return key.len == 0 || (key.len >= prefix.len &&
	                        (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, prefix.len) == 0));
}

static aim_status scan(aim__sqlite_connection *c, sqlite3_stmt *q, aim_bytes prefix, size_t limit,
                       int64_t now_us, aim_store_row row, void *row_user, aim_error *err)
{
	int rc = SQLITE_OK;
	aim_status status = AIM_OK;
	size_t n_given = 0;
	while (status == AIM_OK && n_given < limit && (rc = sqlite3_step(q)) == SQLITE_ROW &&
	       has_prefix(q, prefix))
		status = give_key(c, q, now_us, row, row_user, &n_given, err);
	return end(c, q, rc, status, err);
}

aim_status aim__sqlite_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                            aim_store_row row, void *row_user, aim_error *err)
{
	aim_status status = AIM_OK;
	uint8_t room[AIM_STORE_MAX_KEY_BYTES + 1];
	if (prefix.len > AIM_STORE_MAX_KEY_BYTES || after.len > AIM_STORE_MAX_KEY_BYTES)
		return aim__fail_plain(err, AIM_E_INVALID, AIM_LAYER_BACKENDS);
	aim__sqlite_connection *c = borrow(user, &status, err);
	if (!c)
		return status;
	sqlite3_stmt *q = aim__sqlite_prepare(c, AIM__SQLITE_SCAN, &status, err);
	if (q) {
		int rc = aim__sqlite_bind_key(q, 1, first_key(prefix, after, room));
		status = rc == SQLITE_OK ? scan(c, q, prefix, limit, now_us, row, row_user, err)
		                         : end(c, q, rc, AIM_OK, err);
	}
	give_back(user, c);
	return status;
}

/* The number of a log; 0 when there is none. */
static aim_status find_log(aim__sqlite_connection *c, aim_bytes name, int64_t *out, aim_error *err)
{
	aim_status status = AIM_OK;
	sqlite3_stmt *q = aim__sqlite_prepare(c, AIM__SQLITE_FIND_LOG, &status, err);
	if (!q)
		return status;
	int rc = aim__sqlite_bind_key(q, 1, name);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	return end(c, q, rc, AIM_OK, err);
}

static aim_status give_rows(aim__sqlite_connection *c, sqlite3_stmt *q, aim_bytes name, aim_store_row row,
                            void *row_user, aim_error *err)
{
	int rc = SQLITE_OK;
	aim_status status = AIM_OK;
	while (status == AIM_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		aim_bytes bytes = aim__sqlite_column(q, 1);
		uint64_t position = (uint64_t)sqlite3_column_int64(q, 0) & AIM__SQLITE_MAX_POSITION;
		if (bytes.len == 0 && out_of_memory(c))
			status = aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_BACKENDS);
		else
			status = row(row_user, name, bytes, 0, position);
	}
	return end(c, q, rc, status, err);
}

static aim_status read_rows(aim__sqlite_connection *c, aim_bytes name, uint64_t from, size_t limit,
                            aim_store_row row, void *row_user, aim_error *err)
{
	int64_t log = 0;
	aim_status status = find_log(c, name, &log, err);
	if (status != AIM_OK || log == 0)
		return status;
	sqlite3_stmt *q = aim__sqlite_prepare(c, AIM__SQLITE_READ, &status, err);
	if (!q)
		return status;
	int64_t first = log << AIM__SQLITE_POSITION_BITS;
	int rc = sqlite3_bind_int64(q, 1, first | (int64_t)from);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 2, first | (int64_t)AIM__SQLITE_MAX_POSITION);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(q, 3, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
	return rc == SQLITE_OK ? give_rows(c, q, name, row, row_user, err) : end(c, q, rc, AIM_OK, err);
}

aim_status aim__sqlite_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err)
{
	aim_status status = AIM_OK;
	if (from > AIM__SQLITE_MAX_POSITION)
		return AIM_OK;
	aim__sqlite_connection *c = borrow(user, &status, err);
	if (!c)
		return status;
	status = read_rows(c, log, from, limit, row, row_user, err);
	give_back(user, c);
	return status;
}
