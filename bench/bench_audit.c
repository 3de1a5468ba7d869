/* bench/bench_audit.c — appends, group commit and verification of the audit log on a SQLite file,
 * against the work they cannot avoid: raw SQLite inserts and raw hashing of the same bytes. The file
 * is made in the current folder's bench-audit.tmp, on the disk that counts. */
#define _GNU_SOURCE
#include "bench.h"

#include <aim/audit.h>
#include <aim/hash.h>
#include <aim/sqlite.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "bench-audit.tmp"
#define RAW_PATH "bench-audit-raw.tmp"
#define WINDOW 4096
#define ROW_BYTES 1240 /* of one stored row: the record below and its framing */
#define N_CALLERS 64

static char long_reason[560];

typedef struct state {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
} state;

/* About 1 kB as stored: the record of an ordinary decision. */
static aim_audit_record sample(void)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = 812500};
	r.kind = aim_str_from("tool_call");
	r.agent = aim_str_from("agt_0193a5b2c4d67e8f90a1b2c3d4e5f607");
	r.subject = aim_str_from("srv_0193a5b2c4d67e8f90a1b2c3d4e5f608");
	r.action = aim_str_from("read_text_file");
	r.decision = aim_str_from("allow");
	r.reason_code = aim_str_from("rule_allow");
	r.reason = aim_str_from(long_reason);
	r.rule = aim_str_from("allow-reading");
	r.policy_hash = aim_str_from("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
	r.request = aim_str_from("42");
	r.arguments = aim_bytes_from("{\"path\":\"/home/user/notes/today.txt\"}", 37);
	return r;
}

static void open_log(state *s, uint32_t durability)
{
	aim_audit_options o = {.struct_size = sizeof o, .durability = durability};
	aim_error err = {0};
	if (durability == AIM_AUDIT_BUFFERED)
		o.window_records = WINDOW;
	bench_must(aim_sqlite_open(s->ctx, aim_str_from(PATH), NULL, &s->store, &err), err.message);
	bench_must(aim_audit_open(s->store, &o, &s->log, &err), err.message);
}

static void close_log(state *s)
{
	bench_must(aim_audit_close(s->log, NULL), "close");
	aim_store_free(s->store);
}

static void append(void *arg, size_t n)
{
	state *s = arg;
	aim_audit_record r = sample();
	for (size_t i = 0; i < n; i++)
		bench_must(aim_audit_append(s->log, &r, NULL, NULL), "append");
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* ns per record of one transaction with a window of records, which their callers had written and hashed
 * before: the part that one leader does for all. Median of 15. */
static double group_commit(state *s)
{
	double ns[15];
	for (size_t i = 0; i < 15; i++) {
		append(s, WINDOW - 1); /* one more would write the window */
		double start = bench_now_ns();
		bench_must(aim_audit_flush(s->log, NULL), "flush");
		ns[i] = (bench_now_ns() - start) / (WINDOW - 1);
	}
	qsort(ns, 15, sizeof *ns, by_value);
	bench_value("audit/group-commit", ns[7]);
	return ns[7];
}

static void *caller(void *arg)
{
	append(arg, 400);
	return NULL;
}

/* ns per record with N_CALLERS threads, each waiting for its record to be on disk. */
static double many_callers(state *s)
{
	pthread_t threads[N_CALLERS];
	double start = bench_now_ns();
	for (size_t i = 0; i < N_CALLERS; i++)
		pthread_create(&threads[i], NULL, caller, s);
	for (size_t i = 0; i < N_CALLERS; i++)
		pthread_join(threads[i], NULL);
	return (bench_now_ns() - start) / (N_CALLERS * 400.0);
}

static void must_sqlite(int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		fprintf(stderr, "bench: SQLite says %s\n", sqlite3_errstr(rc));
		exit(1);
	}
}

/* The floor: the same bytes into the same kind of table, one transaction per window. */
static void raw_insert(void *arg, size_t n)
{
	sqlite3_stmt *insert = arg;
	sqlite3 *db = sqlite3_db_handle(insert);
	static char row[ROW_BYTES];
	static sqlite3_int64 id;
	memset(row, 'r', sizeof row);
	must_sqlite(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
	for (size_t i = 0; i < n; i++) {
		must_sqlite(sqlite3_bind_int64(insert, 1, id++));
		must_sqlite(sqlite3_bind_text(insert, 2, row, sizeof row, SQLITE_STATIC));
		must_sqlite(sqlite3_step(insert));
		must_sqlite(sqlite3_reset(insert));
	}
	must_sqlite(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
}

static double raw_sqlite(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	bench_remove_store(RAW_PATH);
	must_sqlite(sqlite3_open(RAW_PATH, &db));
	must_sqlite(sqlite3_exec(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	                             "CREATE TABLE t(id INTEGER PRIMARY KEY, row NOT NULL)",
	                         NULL, NULL, NULL));
	must_sqlite(sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?, ?)", -1, &insert, NULL));
	double ns = bench_run_fixed("audit/raw-sqlite-insert", raw_insert, insert, ROW_BYTES, 15, WINDOW);
	sqlite3_finalize(insert);
	sqlite3_close(db);
	bench_remove_store(RAW_PATH);
	return ns;
}

static aim_status count_bytes(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)position;
	(void)salt;
	*(size_t *)user += record.len;
	return AIM_OK;
}

/* What verification cannot avoid: reading the rows and hashing their bytes. */
typedef struct corpus {
	state *s;
	size_t n_records;
	size_t n_bytes;
	char *bytes;
} corpus;

static void hash_raw(void *arg, size_t n)
{
	corpus *c = arg;
	uint8_t out[32];
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < c->n_records; k++) {
			size_t len = c->n_bytes / c->n_records;
			bench_must(aim_hash_sha256(c->s->ctx, aim_bytes_from(c->bytes + k * len, len), out), "hash");
		}
}

static void verify(void *arg, size_t n)
{
	corpus *c = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_audit_verify(c->s->log, NULL, NULL, NULL), "verify");
}

static aim_status pass_over(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)user, (void)position, (void)record, (void)salt;
	return AIM_OK;
}

/* The rows handed over one by one and not looked at: what any reader of the log pays. */
static void read_log(void *arg, size_t n)
{
	corpus *c = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_audit_read(c->s->log, 0, UINT64_MAX, pass_over, NULL, NULL), "read");
}

static void bench_verify(state *s)
{
	corpus c = {.s = s};
	aim_audit_head head = {.struct_size = sizeof head};
	bench_must(aim_audit_current(s->log, &head, NULL), "head");
	c.n_records = (size_t)head.size;
	bench_must(aim_audit_read(s->log, 0, UINT64_MAX, count_bytes, &c.n_bytes, NULL), "read");
	c.bytes = malloc(c.n_bytes);
	if (!c.bytes)
		exit(1);
	memset(c.bytes, 'x', c.n_bytes);
	double hashing = bench_run_fixed("audit/raw-hashing", hash_raw, &c, c.n_bytes, 5, 1);
	double ns = bench_run_fixed("audit/verify", verify, &c, c.n_bytes, 5, 1);
	bench_ratio("audit/verify-per-hashing", ns, hashing);
	double reading = bench_run_fixed("audit/read", read_log, &c, c.n_bytes, 5, 1);
	bench_ratio("audit/verify-per-hashing-and-reading", ns, hashing + reading);
	free(c.bytes);
}

/* Appending to a log and verifying it, per record, as it grows. */
static void bench_growth(state *s)
{
	static const size_t lengths[] = {1000, 10000, 100000};
	double appending[3] = {0};
	double verifying[3] = {0};
	size_t length = 0;
	if (!bench_wanted("audit/append-at-") && !bench_wanted("audit/verify-at-"))
		return;
	open_log(s, AIM_AUDIT_BUFFERED);
	for (size_t i = 0; i < 3; i++) {
		char name[64];
		double start = bench_now_ns();
		append(s, lengths[i] - length);
		bench_must(aim_audit_flush(s->log, NULL), "flush");
		appending[i] = (bench_now_ns() - start) / (double)(lengths[i] - length);
		length = lengths[i];
		snprintf(name, sizeof name, "audit/append-at-%zu", length);
		bench_value(name, appending[i]);
		start = bench_now_ns();
		bench_must(aim_audit_verify(s->log, NULL, NULL, NULL), "verify");
		verifying[i] = (bench_now_ns() - start) / (double)length;
		snprintf(name, sizeof name, "audit/verify-at-%zu", length);
		bench_value(name, verifying[i]);
	}
	bench_ratio("audit/append-growth", appending[2], appending[0]);
	bench_ratio("audit/verify-growth", verifying[2], verifying[0]);
	close_log(s);
	bench_remove_store(PATH);
}

int main(int argc, char **argv)
{
	state s;
	bench_init(argc, argv);
	memset(long_reason, 'r', sizeof long_reason - 1);
	memset(&s, 0, sizeof s);
	s.ctx = bench_ctx();
	bench_remove_store(PATH);

	open_log(&s, AIM_AUDIT_BUFFERED);
	bench_percentile("audit/append-1k", append, &s, 50);
	double group = group_commit(&s);
	close_log(&s);
	double raw = raw_sqlite();
	if (group > 0) {
		bench_value("audit/durable-records-per-s", 1e9 / group);
		bench_ratio("audit/durable-per-raw-sqlite", raw, group);
	}
	bench_remove_store(PATH);

	open_log(&s, AIM_AUDIT_DURABLE);
	bench_run_fixed("audit/durable-one-caller", append, &s, ROW_BYTES, 15, 50);
	bench_value("audit/durable-64-callers", many_callers(&s));
	bench_verify(&s);
	close_log(&s);
	bench_remove_store(PATH);
	bench_growth(&s);
	return 0;
}
