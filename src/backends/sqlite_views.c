/* backends/sqlite_views.c — SQL views, so that a person can query a store with the sqlite3
 * shell: one per kind of record, with a column for each path that its layer named, and one of
 * the audit rows. Names and paths come from static tables of the library, never from data. Layer
 * backends. */
#include "backends/sqlite.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"

#include <string.h>

/* Rows of the log "main" are {"salt": …, "record": {…}}; paths are those of the record in aim/audit.h. */
static const aim__store_column audit_columns[] = {
	{"time_us", "$.record.time_us"},
	{"kind", "$.record.kind"},
	{"agent", "$.record.actor.agent"},
	{"session", "$.record.actor.session"},
	{"user", "$.record.actor.user"},
	{"subject", "$.record.subject"},
	{"action", "$.record.action"},
	{"resource", "$.record.resource"},
	{"decision", "$.record.decision"},
	{"reason_code", "$.record.reason_code"},
	{"reason", "$.record.reason"},
	{"rule", "$.record.rule"},
	{"record", "$.record"},
};

/* A statement being written; the first failure stays. */
typedef struct text {
	aim_buf buf;
	aim_status status;
} text;

static void add(text *t, const char *part)
{
	if (t->status == AIM_OK)
		t->status = aim__buf_add_text(&t->buf, part);
}

/* A blob literal of the bytes of s, the last raised by last_plus. */
static void add_blob(text *t, const char *s, unsigned last_plus)
{
	static const char hex[] = "0123456789abcdef";
	add(t, "x'");
	for (size_t i = 0; s[i]; i++) {
		unsigned byte = (uint8_t)s[i] + (s[i + 1] ? 0 : last_plus);
		const char digits[3] = {hex[byte >> 4 & 15], hex[byte & 15], '\0'};
		add(t, digits);
	}
	add(t, "'");
}

static void add_columns(text *t, const aim__store_column *columns, size_t n, const char *document)
{
	for (size_t i = 0; i < n; i++) {
		add(t, "json_extract(");
		add(t, document);
		add(t, ", '");
		add(t, columns[i].path);
		add(t, "') AS \"");
		add(t, columns[i].name);
		add(t, "\", ");
	}
}

/* A prefix is ASCII that ends in "/", so the end of its range is the same with "0". */
static void write_kind_view(text *t, const aim__record_kind *kind)
{
	add(t, "CREATE VIEW \"");
	add(t, kind->name);
	add(t, "\" AS SELECT ");
	add_columns(t, kind->columns, kind->n_columns, "value");
	add(t, "CAST(key AS TEXT) AS store_key, version AS store_version FROM kv WHERE key >= ");
	add_blob(t, kind->prefix, 0);
	add(t, " AND key < ");
	add_blob(t, kind->prefix, 1);
	add(t, " AND (expires_at_us = 0 OR expires_at_us > 1000000 * strftime('%s', 'now'))");
}

static void write_audit_view(text *t)
{
	add(t, "CREATE VIEW \"audit\" AS SELECT id & 1099511627775 AS position, "
	       "strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(row, '$.record.time_us') / 1000000.0, "
	       "'unixepoch') AS time, ");
	add_columns(t, audit_columns, sizeof audit_columns / sizeof *audit_columns, "row");
	add(t, "json_extract(row, '$.salt') AS salt FROM log_row "
	       "WHERE id >= (SELECT id << 40 FROM log WHERE name = ");
	add_blob(t, "main", 0);
	add(t, ") AND id < (SELECT (id + 1) << 40 FROM log WHERE name = ");
	add_blob(t, "main", 0);
	add(t, ")");
}
_Static_assert(AIM__SQLITE_POSITION_BITS == 40, "as the views shift and mask");

/* Leaves a view alone that is as it should be: opening a store must not write every time. */
static aim_status is_current(aim__sqlite_connection *c, const char *name, const char *sql, int *out,
                             aim_error *err)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v2(c->db, "SELECT sql = ?2 FROM sqlite_schema WHERE name = ?1", -1, &q,
	                            NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(q, 2, sql, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW && sqlite3_column_int(q, 0);
	aim_status status = rc == SQLITE_ROW || rc == SQLITE_DONE
	                            ? AIM_OK
	                            : aim__sqlite_fail(c, rc, "cannot read the views of", err);
	sqlite3_finalize(q);
	return status;
}

static aim_status replace_view(aim__sqlite_connection *c, const char *name, const char *sql, text *room,
                               aim_error *err)
{
	aim_buf_clear(&room->buf);
	add(room, sqlite3_get_autocommit(c->db) ? "BEGIN IMMEDIATE; " : "");
	add(room, "DROP VIEW IF EXISTS \"");
	add(room, name);
	add(room, "\"; ");
	add(room, sql);
	if (room->status != AIM_OK)
		return aim__fail_plain(err, room->status, AIM_LAYER_BACKENDS);
	return aim__sqlite_run(c, (const char *)room->buf.ptr, err);
}

/* kind NULL: the view of the audit rows. */
static aim_status make_view(aim__sqlite *s, const aim__record_kind *kind, text *sql, text *room,
                            aim_error *err)
{
	const char *name = kind ? kind->name : "audit";
	int current = 0;
	aim_buf_clear(&sql->buf);
	if (kind)
		write_kind_view(sql, kind);
	else
		write_audit_view(sql);
	if (sql->status != AIM_OK)
		return aim__fail_plain(err, sql->status, AIM_LAYER_BACKENDS);
	const char *statement = (const char *)sql->buf.ptr;
	aim_status rc = is_current(&s->writer, name, statement, &current, err);
	return rc == AIM_OK && !current ? replace_view(&s->writer, name, statement, room, err) : rc;
}

/* The first view that must change opens a transaction; all change together. */
aim_status aim__sqlite_make_views(aim__sqlite *s, const aim__record_kinds *kinds, aim_error *err)
{
	text sql = {.status = AIM_OK};
	text room = {.status = AIM_OK};
	aim__buf_init(&sql.buf, s->ctx);
	aim__buf_init(&room.buf, s->ctx);
	aim_status rc = make_view(s, NULL, &sql, &room, err);
	for (; kinds; kinds = kinds->next)
		for (size_t i = 0; rc == AIM_OK && i < kinds->n_kinds; i++)
			rc = make_view(s, kinds->kinds[i], &sql, &room, err);
	if (rc == AIM_OK && !sqlite3_get_autocommit(s->writer.db))
		rc = aim__sqlite_run(&s->writer, "COMMIT", err);
	if (!sqlite3_get_autocommit(s->writer.db))
		aim__sqlite_run(&s->writer, "ROLLBACK", NULL);
	aim__buf_dispose(&sql.buf);
	aim__buf_dispose(&room.buf);
	return rc;
}
