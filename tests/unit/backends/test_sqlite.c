/* The SQLite store: the conformance suite, opening and every way it is refused, views, files. */
#define _GNU_SOURCE
#include "../store/suite.h"
#include "place.h"

#include <aim/audit.h>
#include <aim/sqlite.h>
#include "backends/kinds.h"
#include "backends/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

static aim_store *open_with(const place *p, uint32_t flags)
{
	aim_store *store = NULL;
	aim_error err = {0};
	aim_sqlite_options o = {.struct_size = sizeof o, .flags = flags, .busy_timeout_ms = 1};
	aim_status rc = aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &store, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	return store;
}

static aim_store *open_store(const place *p)
{
	return open_with(p, 0);
}

/* Opening is refused with this status, and the message names the path and says `says`. */
static void assert_refused(const place *p, uint32_t flags, aim_status status, const char *says)
{
	aim_store *store = NULL;
	aim_error err = {0};
	aim_sqlite_options o = {.struct_size = sizeof o, .flags = flags, .busy_timeout_ms = 1};
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &store, &err), status);
	assert_null(store);
	assert_int_equal(err.status, status);
	if (!strstr(err.message, p->path) || !strstr(err.message, says))
		fail_msg("\"%s\" should name the path and say \"%s\"", err.message, says);
}

static aim_status put(aim_store *store, const char *key, const char *value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text(key), .value = text(value)};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	return aim_store_apply(store, &batch, NULL);
}

/* n keys "host/0" … in one group. */
static void fill(aim_store *store, size_t n)
{
	char keys[300][16];
	char value[600];
	aim_store_op ops[300] = {{0}};
	memset(value, 'v', sizeof value);
	for (size_t i = 0; i < n; i++) {
		snprintf(keys[i], sizeof keys[i], "host/%zu", i);
		ops[i].kind = AIM_STORE_PUT;
		ops[i].key = text(keys[i]);
		ops[i].value = aim_bytes_from(value, sizeof value);
	}
	aim_store_batch batch = {ops, n, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, NULL), AIM_OK);
}

static void assert_value(aim_store *store, const char *key, const char *value)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(store->ctx, &out), AIM_OK);
	assert_status(aim_store_read_key(store, text(key), out, NULL, NULL), AIM_OK);
	assert_text(aim_buf_str(out), value);
	aim_buf_free(out);
}

/* Runs SQL on the file as another program would; the first column of the first row goes to out. */
static void shell(const place *p, const char *sql, char *out, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	if (out) {
		if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		assert_int_equal(sqlite3_step(q), SQLITE_ROW);
		const char *column = (const char *)sqlite3_column_text(q, 0);
		snprintf(out, size, "%s", column ? column : "NULL");
		sqlite3_finalize(q);
	} else if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Conformance */

static aim_status open_engine(void *user, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	place *p = user;
	p->n_opened += fresh != 0;
	snprintf(p->path, sizeof p->path, "%s/%zu.db", p->folder, p->n_opened);
	return aim__sqlite_engine_open(p->ctx, aim_str_from(p->path), 0, 0, out, err);
}

static void the_engine_conforms(void **state)
{
	aim_error err = {0};
	place *p = *state;
	aim_store_conformance suite = {.struct_size = sizeof suite, .open = open_engine, .user = p};
	suite.parallel = suite_parallel;
	suite.report = suite_print;
	assert_status(aim_store_conformance_run(p->ctx, &suite, &err), AIM_OK);
}

/* Opening */

static void a_store_is_kept_in_a_private_file(void **state)
{
	place *p = *state;
	struct stat info;
	aim_store *store = open_store(p);
	assert_status(put(store, "host/a", "{\"x\":1}"), AIM_OK);
	assert_int_equal(stat(p->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	char wal[128];
	snprintf(wal, sizeof wal, "%s-wal", p->path);
	assert_int_equal(stat(wal, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	aim_store_free(store);
	store = open_with(p, AIM_SQLITE_MUST_EXIST);
	assert_value(store, "host/a", "{\"x\":1}");
	aim_store_free(store);
}

static void paths_are_paths(void **state)
{
	place *p = *state;
	aim_store *store = NULL;
	static const char with_nul[] = "/tmp/a\0b";
	assert_status(aim_sqlite_open(p->ctx, (aim_str){with_nul, 8}, NULL, &store, NULL), AIM_E_INVALID);
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(""), NULL, &store, NULL), AIM_E_INVALID);
	assert_status(aim_sqlite_open(p->ctx, (aim_str){NULL, 0}, NULL, &store, NULL), AIM_E_INVALID);
	assert_int_equal(chdir(p->folder), 0);
	static const char *const odd[] = {":memory:", "file:x?mode=memory", "sp ace%20'\""};
	for (size_t i = 0; i < 3; i++) {
		assert_status(aim_sqlite_open(p->ctx, aim_str_from(odd[i]), NULL, &store, NULL), AIM_OK);
		aim_store_free(store);
		struct stat info;
		assert_int_equal(stat(odd[i], &info), 0);
	}
	assert_int_equal(chdir("/"), 0);
}

static void what_is_missing_is_named(void **state)
{
	place *p = *state;
	assert_refused(p, AIM_SQLITE_MUST_EXIST, AIM_E_NOT_FOUND, "no such file");
	assert_refused(p, AIM_SQLITE_READ_ONLY, AIM_E_NOT_FOUND, "no such file");
	struct stat info;
	assert_int_not_equal(stat(p->path, &info), 0);
	snprintf(p->path, sizeof p->path, "%s/absent/store.db", p->folder);
	assert_refused(p, 0, AIM_E_NOT_FOUND, "no such file or folder");
	snprintf(p->path, sizeof p->path, "%s", p->folder);
	assert_refused(p, 0, AIM_E_IO, "folder");
}

static void unknown_options_are_refused(void **state)
{
	place *p = *state;
	aim_store *store = NULL;
	aim_sqlite_options o = {.struct_size = sizeof o, .flags = 64};
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &store, NULL), AIM_E_VERSION);
	o = (aim_sqlite_options){.struct_size = sizeof o, .reserved = 1};
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &store, NULL), AIM_E_VERSION);
	assert_status(aim_sqlite_open(NULL, aim_str_from(p->path), NULL, &store, NULL), AIM_E_INVALID);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	place *p = *state;
	char note[2048];
	memset(note, 'n', sizeof note);
	write_file(p->path, note, sizeof note);
	assert_refused(p, 0, AIM_E_STORE_FOREIGN, "not a database");
	assert_refused(p, AIM_SQLITE_READ_ONLY, AIM_E_STORE_FOREIGN, "not a database");
	struct stat info;
	assert_int_equal(stat(p->path, &info), 0);
	assert_int_equal(info.st_size, sizeof note);
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
	place *p = *state;
	char mode[32];
	shell(p, "CREATE TABLE theirs(x); PRAGMA application_id = 7", NULL, 0);
	assert_refused(p, 0, AIM_E_STORE_FOREIGN, "another program");
	assert_refused(p, AIM_SQLITE_READ_ONLY, AIM_E_STORE_FOREIGN, "another program");
	shell(p, "PRAGMA journal_mode", mode, sizeof mode);
	assert_string_equal(mode, "delete");
	shell(p, "PRAGMA application_id = 0", NULL, 0);
	assert_refused(p, 0, AIM_E_STORE_FOREIGN, "another program");
}

static void an_empty_file_is_a_store_only_when_it_may_be_made(void **state)
{
	place *p = *state;
	write_file(p->path, "", 0);
	assert_refused(p, AIM_SQLITE_MUST_EXIST, AIM_E_STORE_FOREIGN, "empty");
	assert_refused(p, AIM_SQLITE_READ_ONLY, AIM_E_STORE_FOREIGN, "empty");
	aim_store_free(open_store(p));
}

static void a_newer_store_is_refused(void **state)
{
	place *p = *state;
	aim_store_free(open_store(p));
	shell(p, "PRAGMA user_version = 2", NULL, 0);
	assert_refused(p, 0, AIM_E_STORE_VERSION, "version 2");
	assert_refused(p, AIM_SQLITE_READ_ONLY, AIM_E_STORE_VERSION, "versions up to 1");
}

static void a_newer_kind_is_refused(void **state)
{
	place *p = *state;
	aim_store *store = NULL;
	aim_error err = {0};
	aim_store_free(open_store(p));
	shell(p, "UPDATE kv SET value = '{\"version\":9}' WHERE key = CAST('kind/kinds' AS BLOB)", NULL, 0);
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(p->path), NULL, &store, &err),
	              AIM_E_STORE_VERSION);
	assert_non_null(strstr(err.message, "kinds"));
	assert_non_null(strstr(err.message, "version 9"));
	assert_non_null(strstr(err.message, "versions up to 1"));
}

static void a_damaged_file_is_an_error(void **state)
{
	place *p = *state;
	aim_store *store = open_store(p);
	fill(store, 200);
	aim_store_free(store);
	struct stat info;
	assert_int_equal(stat(p->path, &info), 0);
	for (off_t page = 1; page * 8192 < info.st_size; page++) {
		int fd = open(p->path, O_RDWR);
		char noise[8192];
		memset(noise, 0x5A, sizeof noise);
		assert_int_equal(pwrite(fd, noise, sizeof noise, page * 8192), (ssize_t)sizeof noise);
		close(fd);
	}
	assert_refused(p, 0, AIM_E_STORE_CORRUPT, "malformed");
	assert_int_equal(truncate(p->path, 8192), 0);
	assert_refused(p, 0, AIM_E_STORE_CORRUPT, "malformed");
	assert_int_equal(truncate(p->path, 50), 0);
	assert_refused(p, 0, AIM_E_STORE_CORRUPT, "malformed");
}

static void missing_tables_are_an_error(void **state)
{
	place *p = *state;
	aim_store_free(open_store(p));
	shell(p, "DROP TABLE kv", NULL, 0);
	assert_refused(p, 0, AIM_E_STORE_CORRUPT, "no such table");
}

static void a_locked_store_is_named(void **state)
{
	place *p = *state;
	aim_store *store = open_store(p);
	sqlite3 *other = NULL;
	assert_int_equal(sqlite3_open(p->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	aim_error err = {0};
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/a"), .value = text("1")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_STORE_LOCKED);
	assert_int_equal(err.native_code & 0xFF, SQLITE_BUSY);
	assert_status(batch.status, AIM_E_STORE_LOCKED);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_status(aim_store_apply(store, &batch, &err), AIM_OK);
	sqlite3_close(other);
	aim_store_free(store);
}

static aim_status put_again(aim_store *store, aim_error *err)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/a"), .value = text("other")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	return aim__store_apply_group(store, &batch, 1, err);
}

static void a_held_store_keeps_other_processes_out(void **state)
{
	place *p = *state;
	aim_sqlite_options o = {.struct_size = sizeof o, .busy_timeout_ms = 1};
	aim_store *store = open_store(p);
	aim_store *other = NULL;
	aim_error err = {0};
	assert_status(aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &other, &err), AIM_OK);
	assert_status(aim__store_hold(store, &err), AIM_OK);
	assert_status(put_again(other, &err), AIM_E_STORE_LOCKED);
	assert_status(aim__store_hold(other, &err), AIM_E_STORE_LOCKED);
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT, .key = text("host/a"), .value = text("1")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim__store_apply_held(store, &batch, 1, &err), AIM_OK);
	assert_status(batch.status, AIM_OK);
	aim__store_release(store);
	assert_status(put_again(other, &err), AIM_OK);
	assert_status(aim__store_hold(store, &err), AIM_OK);
	aim__store_release(store); /* without a group: nothing stays open */
	assert_status(put_again(other, &err), AIM_OK);
	assert_status(put_again(store, &err), AIM_OK);
	aim_store_free(other);
	aim_store_free(store);
}

static void a_full_disk_fails_the_group_and_nothing_else(void **state)
{
	place *p = *state;
	aim_store *store = open_store(p);
	assert_status(put(store, "host/a", "before"), AIM_OK);
	aim__sqlite *s = store->engine.user;
	assert_int_equal(sqlite3_exec(s->writer.db, "PRAGMA max_page_count = 1", NULL, NULL, NULL), SQLITE_OK);
	size_t size = 200000;
	char *large = malloc(size);
	assert_non_null(large);
	memset(large, 'l', size);
	aim_store_op ops[2] = {{.kind = AIM_STORE_PUT, .key = text("host/a"), .value = text("after")},
	                       {.kind = AIM_STORE_PUT, .key = text("host/b")}};
	ops[1].value = aim_bytes_from(large, size);
	aim_store_batch batch = {ops, 2, AIM_OK, 0};
	aim_error err = {0};
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_STORE_FULL);
	assert_int_equal(err.native_code, SQLITE_FULL);
	assert_value(store, "host/a", "before");
	assert_status(put(store, "host/a", "small"), AIM_OK);
	assert_value(store, "host/a", "small");
	free(large);
	aim_store_free(store);
}

static void a_deleted_or_replaced_store_is_noticed(void **state)
{
	place *p = *state;
	char other[128];
	aim_store *store = open_store(p);
	aim_error err = {0};
	assert_status(put(store, "host/a", "1"), AIM_OK);
	snprintf(other, sizeof other, "%s.moved", p->path);
	assert_int_equal(rename(p->path, other), 0);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/a"), .value = text("2")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_IO);
	assert_non_null(strstr(err.message, "moved"));
	write_file(p->path, "", 0);
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_IO);
	assert_int_equal(rename(other, p->path), 0);
	assert_status(aim_store_apply(store, &batch, &err), AIM_OK);
	snprintf(other, sizeof other, "%s-wal", p->path);
	assert_int_equal(unlink(other), 0);
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_IO);
	aim_store_free(store);
}

static void a_truncated_store_is_an_error_not_a_crash(void **state)
{
	place *p = *state;
	aim_store *store = open_store(p);
	fill(store, 300);
	shell(p, "PRAGMA wal_checkpoint(TRUNCATE)", (char[32]){0}, 32);
	assert_int_equal(truncate(p->path, 8192), 0);
	int n_errors = 0;
	aim_buf *out = NULL;
	assert_status(aim_buf_new(p->ctx, &out), AIM_OK);
	for (int i = 0; i < 300; i++) {
		char key[32];
		snprintf(key, sizeof key, "host/%d", i);
		aim_status rc = aim_store_read_key(store, text(key), out, NULL, NULL);
		n_errors += rc != AIM_OK;
	}
	assert_true(n_errors > 0);
	aim_buf_free(out);
	aim_store_free(store);
}

/* Permissions do not bind root: the child gives them up first. Exit code 0 when body succeeded. */
static void as_nobody(const place *p, void (*body)(const place *p))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(77);
		body(p);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_read_only(const place *p)
{
	aim_store *store = NULL;
	aim_error err = {0};
	aim_status rc = aim_sqlite_open(p->ctx, aim_str_from(p->path), NULL, &store, &err);
	if (rc != AIM_E_STORE_READONLY || !strstr(err.message, p->path))
		_exit(1);
}

static void what_may_not_be_written_is_read_only(void **state)
{
	place *p = *state;
	aim_store_free(open_store(p));
	assert_int_equal(chmod(p->folder, 0755), 0);
	assert_int_equal(chmod(p->path, 0444), 0);
	as_nobody(p, expect_read_only);
	snprintf(p->path, sizeof p->path, "%s/new.db", p->folder);
	assert_int_equal(chmod(p->folder, 0555), 0);
	as_nobody(p, expect_read_only);
	assert_int_equal(chmod(p->folder, 0755), 0);
}

static void read_only_never_writes(void **state)
{
	place *p = *state;
	char sql[64];
	aim_store *store = open_store(p);
	assert_status(put(store, "host/a", "1"), AIM_OK);
	aim_store_free(store);
	shell(p, "DROP VIEW kinds; DELETE FROM kv WHERE key = CAST('kind/kinds' AS BLOB)", NULL, 0);
	store = open_with(p, AIM_SQLITE_READ_ONLY);
	assert_value(store, "host/a", "1");
	assert_status(put(store, "host/a", "2"), AIM_E_STORE_READONLY);
	assert_value(store, "host/a", "1");
	aim_store_free(store);
	shell(p, "SELECT count(*) FROM sqlite_schema WHERE name = 'kinds'", sql, sizeof sql);
	assert_string_equal(sql, "0");
	shell(p, "SELECT count(*) FROM kv WHERE key = CAST('kind/kinds' AS BLOB)", sql, sizeof sql);
	assert_string_equal(sql, "0");
}

/* What a person sees */

static void values_and_rows_are_readable_with_a_shell(void **state)
{
	place *p = *state;
	char out[256];
	aim_store *store = open_store(p);
	aim_audit *log = NULL;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/b")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	op.value = aim_bytes_from("\xFF\x00", 2);
	r.time_us = 1766000000123000;
	r.kind = aim_str_from("tool_call");
	r.agent = aim_str_from("agent-7");
	r.subject = aim_str_from("files");
	r.action = aim_str_from("write_file");
	r.decision = aim_str_from("deny");
	r.rule = aim_str_from("r1");
	assert_status(put(store, "host/a", "{\"x\":1}"), AIM_OK);
	assert_status(aim_store_apply(store, &batch, NULL), AIM_OK);
	assert_status(aim_audit_open(store, NULL, &log, NULL), AIM_OK);
	assert_status(aim_audit_append(log, &r, NULL, NULL), AIM_OK);
	aim_audit_free(log);
	shell(p, "SELECT typeof(value) FROM kv WHERE key = CAST('host/a' AS BLOB)", out, sizeof out);
	assert_string_equal(out, "text");
	shell(p, "SELECT typeof(value) FROM kv WHERE key = CAST('host/b' AS BLOB)", out, sizeof out);
	assert_string_equal(out, "blob");
	shell(p, "SELECT format FROM kinds WHERE store_key = 'kind/kinds'", out, sizeof out);
	assert_string_equal(out, "1");
	shell(p,
	      "SELECT position || ' ' || time || ' ' || kind || ' ' || agent || ' ' || subject || ' ' || action || "
	      "' ' || decision || ' ' || rule FROM audit",
	      out, sizeof out);
	assert_string_equal(out, "0 2025-12-17T19:33:20.123Z tool_call agent-7 files write_file deny r1");
	shell(p, "SELECT size FROM logs", out, sizeof out);
	assert_string_equal(out, "1");
	aim_store_free(store);
}

static void opening_again_writes_nothing(void **state)
{
	place *p = *state;
	char before[64], after[64];
	aim_store_free(open_store(p));
	shell(p, "PRAGMA schema_version", before, sizeof before);
	aim_store *store = open_store(p);
	assert_int_equal(store->n_groups, 0);
	aim_store_free(store);
	shell(p, "PRAGMA schema_version", after, sizeof after);
	assert_string_equal(before, after);
	shell(p, "DROP VIEW kinds; CREATE VIEW kinds AS SELECT 1 AS old", NULL, 0);
	aim_store_free(open_store(p));
	shell(p, "SELECT format FROM kinds WHERE store_key = 'kind/kinds'", after, sizeof after);
	assert_string_equal(after, "1");
}

/* A schema from anywhere must not run anything. */
static void a_trigger_in_the_file_does_not_run(void **state)
{
	place *p = *state;
	char out[64];
	aim_store_free(open_store(p));
	shell(p, "CREATE TRIGGER t AFTER INSERT ON kv BEGIN UPDATE meta SET value = 999; END", NULL, 0);
	aim_store *store = open_store(p);
	assert_status(put(store, "host/new", "1"), AIM_OK);
	aim_store_free(store);
	shell(p, "SELECT value FROM meta", out, sizeof out);
	assert_string_equal(out, "0");
}

/* More threads than connections that read: some wait for one to come back. */

typedef struct readers {
	aim_store *store;
	uint32_t n_good;
} readers;

static void read_often(void *arg, size_t index)
{
	readers *r = arg;
	aim_buf *out = NULL;
	(void)index;
	if (aim_buf_new(r->store->ctx, &out) != AIM_OK)
		return;
	for (int i = 0; i < 100; i++)
		if (aim__store_get(r->store, text("host/a"), out, NULL, NULL) == AIM_OK)
			__atomic_fetch_add(&r->n_good, 1, __ATOMIC_RELAXED);
	aim_buf_free(out);
}

static void many_threads_read_at_once(void **state)
{
	place *p = *state;
	readers r = {open_store(p), 0};
	assert_status(put(r.store, "host/a", "1"), AIM_OK);
	suite_parallel(NULL, 2 * AIM__SQLITE_READERS, read_often, &r);
	assert_int_equal(r.n_good, 2 * AIM__SQLITE_READERS * 100);
	aim_store_free(r.store);
}

static aim_status use_store(aim_ctx *ctx, void *arg)
{
	const place *p = arg;
	aim_store *store = NULL;
	aim_buf *out = NULL;
	aim_status rc = aim_sqlite_open(ctx, aim_str_from(p->path), NULL, &store, NULL);
	if (rc == AIM_OK)
		rc = put(store, "host/a", "1");
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_store_read_key(store, text("host/a"), out, NULL, NULL);
	aim_buf_free(out);
	aim_store_free(store);
	return rc;
}

static void memory_may_run_out_anywhere(void **state)
{
	place *p = *state;
	aim_store_free(open_store(p));
	test_each_allocation_fails(use_store, p);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(the_engine_conforms),
		FILE_TEST(a_store_is_kept_in_a_private_file),
		FILE_TEST(paths_are_paths),
		FILE_TEST(what_is_missing_is_named),
		FILE_TEST(unknown_options_are_refused),
		FILE_TEST(a_file_that_is_no_database_is_refused_and_left_alone),
		FILE_TEST(another_programs_database_is_refused_and_left_alone),
		FILE_TEST(an_empty_file_is_a_store_only_when_it_may_be_made),
		FILE_TEST(a_newer_store_is_refused),
		FILE_TEST(a_newer_kind_is_refused),
		FILE_TEST(a_damaged_file_is_an_error),
		FILE_TEST(missing_tables_are_an_error),
		FILE_TEST(a_locked_store_is_named),
		FILE_TEST(a_held_store_keeps_other_processes_out),
		FILE_TEST(a_full_disk_fails_the_group_and_nothing_else),
		FILE_TEST(a_deleted_or_replaced_store_is_noticed),
		FILE_TEST(a_truncated_store_is_an_error_not_a_crash),
		FILE_TEST(what_may_not_be_written_is_read_only),
		FILE_TEST(read_only_never_writes),
		FILE_TEST(values_and_rows_are_readable_with_a_shell),
		FILE_TEST(opening_again_writes_nothing),
		FILE_TEST(a_trigger_in_the_file_does_not_run),
		FILE_TEST(many_threads_read_at_once),
		FILE_TEST(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests_name("backends/sqlite", tests, NULL, NULL);
}
