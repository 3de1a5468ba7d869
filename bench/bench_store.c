/* bench/bench_store.c — reading a key and appending rows, in memory and in SQLite, the latter against
 * SQLite's own batch insert of the same bytes into the same kind of table. */
#define _GNU_SOURCE
#include "bench.h"

#include <aim/store.h>
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SQLITE
#include <aim/sqlite.h>
#include <sqlite3.h>
#endif

#define GROUP 1000u
#define ROW_BYTES 1024u
#define KEY_BYTES 32u

typedef struct bench_store {
	aim_store *store;
	aim_buf *value;
	size_t n_keys;
	uint64_t next_key;
	uint64_t position;
} bench_store;

static const uint8_t row[ROW_BYTES] = {'r'};

static aim_bytes make_key(char text[KEY_BYTES], size_t i)
{
	int n = snprintf(text, KEY_BYTES, "host/key-%08zu", i);
	return aim_bytes_from(text, (size_t)n);
}

static void fill(bench_store *s)
{
	static char keys[GROUP][KEY_BYTES];
	static aim_store_op ops[GROUP];
	for (size_t i = 0; i < s->n_keys; i += GROUP) {
		memset(ops, 0, sizeof ops);
		for (size_t k = 0; k < GROUP; k++) {
			ops[k].kind = AIM_STORE_PUT;
			ops[k].key = make_key(keys[k], i + k);
			ops[k].value = aim_bytes_from(row, 300);
		}
		aim_store_batch batch = {ops, GROUP, AIM_OK, 0};
		bench_must(aim__store_apply_group(s->store, &batch, 1, NULL), "fill");
	}
}

static void get(void *arg, size_t n)
{
	bench_store *s = arg;
	char text[KEY_BYTES];
	for (size_t i = 0; i < n; i++) {
		s->next_key = s->next_key * 6364136223846793005u + 1442695040888963407u;
		aim_bytes key = make_key(text, (size_t)((s->next_key >> 33) % s->n_keys));
		bench_must(aim__store_get(s->store, key, s->value, NULL, NULL), "get");
	}
}

static void append(void *arg, size_t n)
{
	bench_store *s = arg;
	static aim_store_op ops[GROUP];
	for (size_t done = 0; done < n; done += GROUP) {
		for (size_t k = 0; k < GROUP; k++) {
			ops[k] = (aim_store_op){.kind = AIM_STORE_APPEND, .version = s->position++};
			ops[k].key = aim_bytes_from("rows", 4);
			ops[k].value = aim_bytes_from(row, sizeof row);
		}
		aim_store_batch batch = {ops, GROUP, AIM_OK, 0};
		bench_must(aim__store_apply_group(s->store, &batch, 1, NULL), "append");
		bench_must(batch.status, "append");
	}
}

static void close_store(bench_store *s)
{
	aim_buf_free(s->value);
	aim_store_free(s->store);
}

static void in_memory(const char *get_name, const char *append_name, size_t n_keys)
{
	bench_store s = {.n_keys = n_keys};
	bench_must(aim_store_open_memory(bench_ctx(), NULL, &s.store, NULL), "open");
	bench_must(aim_buf_new(bench_ctx(), &s.value), "buffer");
	fill(&s);
	bench_run(get_name, get, &s, 0);
	if (append_name)
		bench_run_fixed(append_name, append, &s, ROW_BYTES, 20, GROUP);
	close_store(&s);
}

#ifdef HAVE_SQLITE
typedef struct raw {
	sqlite3 *db;
	sqlite3_stmt *insert;
	sqlite3_int64 position;
} raw;

static void raw_must(int rc)
{
	bench_must(rc == SQLITE_OK || rc == SQLITE_DONE ? AIM_OK : AIM_E_IO, "raw SQLite");
}

static void raw_append(void *arg, size_t n)
{
	raw *r = arg;
	for (size_t done = 0; done < n; done += GROUP) {
		raw_must(sqlite3_exec(r->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
		for (size_t k = 0; k < GROUP; k++) {
			raw_must(sqlite3_bind_int64(r->insert, 1, r->position++));
			raw_must(sqlite3_bind_blob(r->insert, 2, row, sizeof row, SQLITE_STATIC));
			raw_must(sqlite3_step(r->insert));
			raw_must(sqlite3_reset(r->insert));
		}
		raw_must(sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL));
	}
}

static double raw_rate(const char *path)
{
	raw r = {0};
	raw_must(sqlite3_open(path, &r.db));
	raw_must(sqlite3_exec(r.db,
	                      "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                      "CREATE TABLE rows(id INTEGER PRIMARY KEY, row)",
	                      NULL, NULL, NULL));
	raw_must(sqlite3_prepare_v2(r.db, "INSERT INTO rows VALUES(?1, ?2)", -1, &r.insert, NULL));
	double ns = bench_run_fixed("store/sqlite-append-raw", raw_append, &r, ROW_BYTES, 41, GROUP);
	raw_must(sqlite3_finalize(r.insert));
	raw_must(sqlite3_close(r.db));
	return ns;
}

static void in_sqlite(const char *folder)
{
	char path[256];
	bench_store s = {.n_keys = 100000};
	snprintf(path, sizeof path, "%s/store.db", folder);
	bench_must(aim_sqlite_open(bench_ctx(), aim_str_from(path), NULL, &s.store, NULL), "open");
	bench_must(aim_buf_new(bench_ctx(), &s.value), "buffer");
	fill(&s);
	bench_run("store/sqlite-get-100k", get, &s, 0);
	double ours = bench_run_fixed("store/sqlite-append-1k", append, &s, ROW_BYTES, 41, GROUP);
	close_store(&s);
	snprintf(path, sizeof path, "%s/raw.db", folder);
	double theirs = raw_rate(path);
	/* How much of raw SQLite's rate is left: 0.8 is the bar. */
	bench_ratio("store/sqlite-append-share", theirs, ours);
}
#endif

int main(int argc, char **argv)
{
	bench_init(argc, argv);
	in_memory("store/memory-get-1k", "store/memory-append-1k", 1000);
	in_memory("store/memory-get-1m", NULL, 1000000);
#ifdef HAVE_SQLITE
	char folder[] = "/var/tmp/aim-bench-XXXXXX";
	char command[64];
	if (!mkdtemp(folder))
		return 1;
	in_sqlite(folder);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command) != 0;
#else
	return 0;
#endif
}
