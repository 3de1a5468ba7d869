/* backends/sqlite.h — inside the SQLite store. One connection writes, under the store's apply
 * lock; up to AIM__SQLITE_READERS more read, each lent to one thread at a time, so SQLite's own
 * mutexes stay off.
 *
 * Keys live in kv, rows of logs in log_row under id = log << 40 | position: a rowid table takes
 * 1 kB rows four times as fast as one keyed by (log, position), whose rows would spill to
 * overflow pages. */
#ifndef AIM_BACKENDS_SQLITE_H
#define AIM_BACKENDS_SQLITE_H

#include <aim/sqlite.h>
#include "base/os.h"
#include "store/plan.h"
#include "store/store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define AIM__SQLITE_READERS 8u
#define AIM__SQLITE_POSITION_BITS 40
#define AIM__SQLITE_MAX_POSITION (((uint64_t)1 << AIM__SQLITE_POSITION_BITS) - 1)

/* Prepared once per connection, at first use. The texts are in sqlite_connection.c. */
typedef enum aim__sqlite_query {
	AIM__SQLITE_GET,
	AIM__SQLITE_SCAN,
	AIM__SQLITE_READ,
	AIM__SQLITE_FIND_KEY,
	AIM__SQLITE_FIND_LOG,
	AIM__SQLITE_LAST_ROW,
	AIM__SQLITE_BEGIN,
	AIM__SQLITE_COMMIT,
	AIM__SQLITE_ROLLBACK,
	AIM__SQLITE_INSERT_KEY,
	AIM__SQLITE_UPDATE_KEY,
	AIM__SQLITE_DELETE_KEY,
	AIM__SQLITE_INSERT_LOG,
	AIM__SQLITE_INSERT_ROW,
	AIM__SQLITE_TRIM_ROWS,
	AIM__SQLITE_SWEEP,
	AIM__SQLITE_READ_FLOOR,
	AIM__SQLITE_WRITE_FLOOR,
	AIM__SQLITE_N_QUERIES
} aim__sqlite_query;

typedef struct aim__sqlite_connection {
	sqlite3 *db; /* NULL: not open */
	sqlite3_stmt *queries[AIM__SQLITE_N_QUERIES];
	const char *path; /* borrowed; NULL: a reader that nobody took yet */
	uint32_t busy_timeout_ms;
	uint32_t waited_ms; /* for the lock it wants now */
	struct aim__sqlite_connection *next_idle;
} aim__sqlite_connection;

/* Which file a path meant when it was opened. */
typedef struct aim__sqlite_file {
	dev_t device;
	ino_t inode;
} aim__sqlite_file;

typedef struct aim__sqlite {
	aim_ctx *ctx; /* referenced */
	char *path;   /* owned; path_size bytes */
	size_t path_size;
	uint32_t flags; /* AIM_SQLITE_* */
	uint32_t busy_timeout_ms;
	aim__sqlite_connection writer;
	aim__sqlite_file main_file;
	aim__sqlite_file wal_file;
	aim__plan plan;
	int turn; /* see sqlite_turn.c */
	int held; /* the next group's transaction has begun */
	aim__mutex lock; /* of the readers */
	aim__cond idle;  /* a reader came back */
	aim__sqlite_connection readers[AIM__SQLITE_READERS];
	aim__sqlite_connection *first_idle;
} aim__sqlite;

/* sqlite_connection.c */

/* The status for an extended result code of SQLite. */
aim_status aim__sqlite_status(int code);
/* Fills err from the connection's last error; what is a verb phrase: "cannot read". */
aim_status aim__sqlite_fail(const aim__sqlite_connection *c, int code, const char *what,
                            aim_error *err);
/* Opens c->path with flags of sqlite3_open_v2() and sets what every connection needs. On failure it is
 * closed. */
aim_status aim__sqlite_connect(aim__sqlite_connection *c, int open_flags, uint32_t busy_timeout_ms,
                               aim_error *err);
void aim__sqlite_disconnect(aim__sqlite_connection *c);
/* Sleeps a few milliseconds, before look number n_waits + 1 at a lock that another process has. Returns how
 * many. */
uint32_t aim__sqlite_wait(int n_waits);
/* The query, prepared and reset; NULL on failure with err set. */
sqlite3_stmt *aim__sqlite_prepare(aim__sqlite_connection *c, aim__sqlite_query query,
                                  aim_status *out_status, aim_error *err);
/* Runs SQL without results. */
aim_status aim__sqlite_run(aim__sqlite_connection *c, const char *sql, aim_error *err);
/* The single integer that sql yields. */
aim_status aim__sqlite_number(aim__sqlite_connection *c, const char *sql, int64_t *out,
                              aim_error *err);
/* Binds bytes: as TEXT when they are UTF-8 without NUL, so that the shell shows them, else as a BLOB. */
int aim__sqlite_bind_value(sqlite3_stmt *s, int index, aim_bytes value);
int aim__sqlite_bind_key(sqlite3_stmt *s, int index, aim_bytes key);
aim_bytes aim__sqlite_column(sqlite3_stmt *s, int index);

/* sqlite_open.c: opens or creates the file and gives the engine; out->user is an aim__sqlite. */
aim_status aim__sqlite_engine_open(aim_ctx *ctx, aim_str path, uint32_t flags, uint32_t busy_timeout_ms,
                                   aim_store_engine *out, aim_error *err);
/* The file was not moved, deleted or replaced since it was opened. */
aim_status aim__sqlite_check_files(const aim__sqlite *s, aim_error *err);

/* sqlite_read.c, sqlite_write.c: the engine's functions. */
aim_status aim__sqlite_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                           aim_error *err);
aim_status aim__sqlite_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                            aim_store_row row, void *row_user, aim_error *err);
aim_status aim__sqlite_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err);
aim_status aim__sqlite_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                             aim_error *err);
aim_status aim__sqlite_hold(void *user, aim_error *err);
void aim__sqlite_release(void *user);

/* sqlite_turn.c: a descriptor of the -wal file; −1: writers do without turns. */
int aim__sqlite_turn_open(const char *wal_path);
void aim__sqlite_turn_close(int turn);
/* Waits until it is this process's turn to ask for the write lock. AIM_OK, AIM_E_STORE_LOCKED, AIM_E_IO. */
aim_status aim__sqlite_turn_take(aim__sqlite *s, aim_error *err);
void aim__sqlite_turn_give(const aim__sqlite *s);

/* sqlite_views.c: makes the views of the kinds and of the log "main", where they are missing or old. */
aim_status aim__sqlite_make_views(aim__sqlite *s, const aim__record_kinds *kinds, aim_error *err);

#endif
