/* backends/sqlite_connection.c — one SQLite connection: opening, prepared queries, errors. Layer
 * backends; knows the tables, not the rules of the operations. */
#include "backends/sqlite.h"

#include "base/error.h"
#include "base/format.h"

#include <string.h>

#define LAYER AIM_LAYER_BACKENDS

#define MAX_WAIT_MS 8 /* between two looks at a lock that another process has */

static const char *const query_text[AIM__SQLITE_N_QUERIES] = {
	[AIM__SQLITE_GET] = "SELECT key, value, version, expires_at_us FROM kv WHERE key = ?1",
	[AIM__SQLITE_SCAN] =
		"SELECT key, value, version, expires_at_us FROM kv WHERE key >= ?1 ORDER BY key",
	[AIM__SQLITE_READ] =
		"SELECT id, row FROM log_row WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
	[AIM__SQLITE_FIND_KEY] = "SELECT version, expires_at_us FROM kv WHERE key = ?1",
	[AIM__SQLITE_FIND_LOG] = "SELECT id FROM log WHERE name = ?1",
	[AIM__SQLITE_LAST_ROW] =
		"SELECT id FROM log_row WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1",
	[AIM__SQLITE_BEGIN] = "BEGIN IMMEDIATE",
	[AIM__SQLITE_COMMIT] = "COMMIT",
	[AIM__SQLITE_ROLLBACK] = "ROLLBACK",
	[AIM__SQLITE_INSERT_KEY] =
		"INSERT INTO kv(key, value, version, expires_at_us) VALUES(?1, ?2, ?3, ?4)",
	[AIM__SQLITE_UPDATE_KEY] =
		"UPDATE kv SET value = ?2, version = ?3, expires_at_us = ?4 WHERE key = ?1",
	[AIM__SQLITE_DELETE_KEY] = "DELETE FROM kv WHERE key = ?1",
	[AIM__SQLITE_INSERT_LOG] = "INSERT INTO log(name) VALUES(?1)",
	[AIM__SQLITE_TRIM_ROWS] = "DELETE FROM log_row WHERE id >= ?1 AND id < ?2",
	[AIM__SQLITE_INSERT_ROW] = "INSERT INTO log_row(id, row) VALUES(?1, ?2)",
	/* Bounded, so that no group pays for a flood of expired keys. */
	[AIM__SQLITE_SWEEP] =
		"DELETE FROM kv WHERE key IN (SELECT key FROM kv WHERE expires_at_us > 0 AND "
		"expires_at_us <= ?1 ORDER BY expires_at_us LIMIT 64) RETURNING version",
	[AIM__SQLITE_READ_FLOOR] = "SELECT value FROM meta WHERE name = 'version_floor'",
	[AIM__SQLITE_WRITE_FLOOR] = "UPDATE meta SET value = ?1 WHERE name = 'version_floor'",
};

/* Extended codes first, where they say more than the primary ones. */
static const struct {
	int code;
	aim_status status;
} statuses[] = {
	{SQLITE_IOERR_NOMEM, AIM_E_NOMEM},
	{SQLITE_CANTOPEN_NOTEMPDIR, AIM_E_IO},
	{SQLITE_BUSY, AIM_E_STORE_LOCKED},
	{SQLITE_LOCKED, AIM_E_STORE_LOCKED},
	{SQLITE_PROTOCOL, AIM_E_STORE_LOCKED},
	{SQLITE_FULL, AIM_E_STORE_FULL},
	{SQLITE_READONLY, AIM_E_STORE_READONLY},
	{SQLITE_PERM, AIM_E_STORE_READONLY},
	{SQLITE_CORRUPT, AIM_E_STORE_CORRUPT},
	{SQLITE_ERROR, AIM_E_STORE_CORRUPT}, /* our SQL is fixed: a table is not what we made */
	{SQLITE_CONSTRAINT, AIM_E_STORE_CORRUPT},
	{SQLITE_MISMATCH, AIM_E_STORE_CORRUPT},
	{SQLITE_NOTADB, AIM_E_STORE_FOREIGN},
	{SQLITE_NOMEM, AIM_E_NOMEM},
	{SQLITE_TOOBIG, AIM_E_LIMIT},
	{SQLITE_IOERR, AIM_E_IO},
	{SQLITE_CANTOPEN, AIM_E_IO},
	{SQLITE_MISUSE, AIM_E_INTERNAL},
};

static aim_status find_status(int code)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return AIM_OK;
}

aim_status aim__sqlite_status(int code)
{
	aim_status status = find_status(code);
	if (status == AIM_OK)
		status = find_status(code & 0xFF);
	return status == AIM_OK ? AIM_E_IO : status;
}

aim_status aim__sqlite_fail(const aim__sqlite_connection *c, int code, const char *what,
                            aim_error *err)
{
	const char *why = c->db && sqlite3_extended_errcode(c->db) == code ? sqlite3_errmsg(c->db)
	                                                                   : sqlite3_errstr(code);
	aim_status status = aim__fail(err, aim__sqlite_status(code), LAYER, "%s %s: %s", what,
	                              c->path ? c->path : "", why);
	aim__error_native(err, code);
	return status;
}

/* The file may come from anywhere: nothing in its schema runs, and it cannot be damaged through SQL. */
static int harden(sqlite3 *db)
{
	int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
	return rc;
}

/* Short, uneven waits. Those of SQLite's own handler grow to a tenth of a second, and the lock would
 * be free all that time. */
uint32_t aim__sqlite_wait(int n_waits)
{
	uint8_t chance = 0;
	sqlite3_randomness(sizeof chance, &chance);
	int wait_ms = 1 + chance % (n_waits < MAX_WAIT_MS ? n_waits + 1 : MAX_WAIT_MS);
	(void)sqlite3_sleep(wait_ms);
	return (uint32_t)wait_ms;
}

static int wait_for_lock(void *user, int n_waits)
{
	aim__sqlite_connection *c = user;
	if (n_waits == 0)
		c->waited_ms = 0;
	if (c->waited_ms >= c->busy_timeout_ms)
		return 0;
	c->waited_ms += aim__sqlite_wait(n_waits);
	return 1;
}

aim_status aim__sqlite_connect(aim__sqlite_connection *c, int open_flags, uint32_t busy_timeout_ms,
                               aim_error *err)
{
	c->busy_timeout_ms = busy_timeout_ms;
	int rc = sqlite3_open_v2(c->path, &c->db, open_flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(c->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_handler(c->db, wait_for_lock, c);
	if (rc == SQLITE_OK)
		rc = harden(c->db);
	/* A file that shrinks under a memory map is a signal, not an error. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db, "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL", NULL, NULL,
		                  NULL);
	if (rc == SQLITE_OK)
		return AIM_OK;
	if (c->db)
		rc = sqlite3_extended_errcode(c->db);
	aim_status status = aim__sqlite_fail(c, rc, "cannot open", err);
	aim__sqlite_disconnect(c);
	return status;
}

void aim__sqlite_disconnect(aim__sqlite_connection *c)
{
	for (size_t i = 0; i < AIM__SQLITE_N_QUERIES; i++) {
		sqlite3_finalize(c->queries[i]);
		c->queries[i] = NULL;
	}
	sqlite3_close_v2(c->db);
	c->db = NULL;
}

sqlite3_stmt *aim__sqlite_prepare(aim__sqlite_connection *c, aim__sqlite_query query,
                                  aim_status *out_status, aim_error *err)
{
	if (c->queries[query])
		return c->queries[query];
	int rc = sqlite3_prepare_v3(c->db, query_text[query], -1, SQLITE_PREPARE_PERSISTENT,
	                            &c->queries[query], NULL);
	if (rc != SQLITE_OK)
		*out_status = aim__sqlite_fail(c, rc, "cannot use", err);
	return c->queries[query];
}

aim_status aim__sqlite_run(aim__sqlite_connection *c, const char *sql, aim_error *err)
{
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? AIM_OK : aim__sqlite_fail(c, rc, "cannot prepare", err);
}

aim_status aim__sqlite_number(aim__sqlite_connection *c, const char *sql, int64_t *out,
                              aim_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(c->db, sql, -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	aim_status status = rc == SQLITE_ROW ? AIM_OK : aim__sqlite_fail(c, rc, "cannot read", err);
	sqlite3_finalize(s);
	return status;
}

/* Eight ASCII bytes at a time: no high bit, no zero byte. */
static int is_plain_word(const uint8_t *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return ((w | (w - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

static int is_text(aim_bytes value)
{
	size_t i = 0;
	while (i < value.len) {
		if (i + 8 <= value.len && is_plain_word(value.ptr + i)) {
			i += 8;
			continue;
		}
		size_t n = aim__utf8_sequence(value.ptr + i, value.len - i);
		if (n == 0 || value.ptr[i] == 0)
			return 0;
		i += n;
	}
	return value.len > 0;
}

int aim__sqlite_bind_key(sqlite3_stmt *s, int index, aim_bytes key)
{
	return sqlite3_bind_blob64(s, index, key.len ? (const void *)key.ptr : "", key.len, SQLITE_STATIC);
}

int aim__sqlite_bind_value(sqlite3_stmt *s, int index, aim_bytes value)
{
	if (!is_text(value))
		return aim__sqlite_bind_key(s, index, value);
	return sqlite3_bind_text64(s, index, (const char *)value.ptr, value.len, SQLITE_STATIC, SQLITE_UTF8);
}

aim_bytes aim__sqlite_column(sqlite3_stmt *s, int index)
{
	static const uint8_t nothing[1] = {0};
	const uint8_t *ptr = sqlite3_column_blob(s, index);
	int len = sqlite3_column_bytes(s, index);
	return ptr && len > 0 ? aim_bytes_from(ptr, (size_t)len) : aim_bytes_from(nothing, 0);
}
