/* backends/sqlite_open.c — opening the SQLite store: the file, whose it is, its tables. Layer
 * backends. */
#define _POSIX_C_SOURCE 200809L
#include "backends/sqlite.h"

#include "backends/kinds.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAYER AIM_LAYER_BACKENDS

#define APPLICATION_ID 0x61696D31 /* "aim1" */
#define SCHEMA_VERSION 1
#define DEFAULT_BUSY_TIMEOUT_MS 5000u

/* 8 kB pages take 1 kB rows a third faster than 4 kB pages do and cost a single commit nothing. The
 * WAL is cut back to 64 MB after a burst. */
static const char before_tables[] = "PRAGMA page_size = 8192";
static const char every_writer[] = "PRAGMA journal_size_limit = 67108864";

static const char make_tables[] =
	"CREATE TABLE kv(key BLOB NOT NULL PRIMARY KEY, value NOT NULL, version INTEGER NOT NULL, "
	"expires_at_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX kv_due ON kv(expires_at_us) WHERE expires_at_us > 0;"
	"CREATE TABLE log(id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);"
	"CREATE TABLE log_row(id INTEGER PRIMARY KEY, row NOT NULL);"
	"CREATE TABLE meta(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES('version_floor', 0);"
	"PRAGMA user_version = 1;"
	"PRAGMA application_id = 1634299185";
_Static_assert(APPLICATION_ID == 1634299185 && SCHEMA_VERSION == 1, "as make_tables writes them");

/* The path */

static aim_status system_fail(aim_error *err, const char *what, const char *path, int code)
{
	aim_status status = AIM_E_IO;
	if (code == ENOENT || code == ENOTDIR)
		status = AIM_E_NOT_FOUND;
	else if (code == EACCES || code == EPERM || code == EROFS)
		status = AIM_E_STORE_READONLY;
	else if (code == ENOSPC || code == EDQUOT)
		status = AIM_E_STORE_FULL;
	const char *why = status == AIM_E_NOT_FOUND        ? "no such file or folder"
	                  : status == AIM_E_STORE_READONLY ? "not permitted"
	                  : status == AIM_E_STORE_FULL     ? "no space left"
	                  : code == EISDIR                 ? "it is a folder"
	                                                   : "the system refused";
	aim__fail(err, status, LAYER, "%s %s: %s", what, path, why);
	aim__error_native(err, code);
	return status;
}

/* A copy that SQLite cannot take for a URI or for ":memory:". */
static char *copy_path(aim_ctx *ctx, aim_str path, size_t *out_size)
{
	int is_plain = path.ptr[0] == '/' || path.ptr[0] == '.';
	size_t front = is_plain ? 0 : 2;
	*out_size = front + path.len + 1;
	char *copy = aim__alloc(ctx, *out_size);
	if (!copy)
		return NULL;
	memcpy(copy, "./", front);
	memcpy(copy + front, path.ptr, path.len);
	copy[front + path.len] = '\0';
	return copy;
}

/* Creates an absent file for nobody else to read. The side files -wal and -shm take their mode from it.
 * An existing file is never opened here: closing it again would drop SQLite's locks on it (POSIX locks
 * belong to the process). */
static aim_status create_file(const aim__sqlite *s, aim_error *err)
{
	struct stat info;
	if (stat(s->path, &info) == 0)
		return S_ISDIR(info.st_mode) ? system_fail(err, "cannot open", s->path, EISDIR) : AIM_OK;
	if (errno != ENOENT || (s->flags & (AIM_SQLITE_READ_ONLY | AIM_SQLITE_MUST_EXIST)))
		return system_fail(err, "cannot open", s->path, errno);
	int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? AIM_OK : system_fail(err, "cannot create", s->path, errno);
	close(fd);
	return AIM_OK;
}

static int identify(const char *path, aim__sqlite_file *out)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return 0;
	out->device = info.st_dev;
	out->inode = info.st_ino;
	return 1;
}

static int is_same(const char *path, const aim__sqlite_file *file)
{
	aim__sqlite_file now;
	return identify(path, &now) && now.device == file->device && now.inode == file->inode;
}

/* SQLite would go on writing into a deleted file, and what was acknowledged would be gone. */
aim_status aim__sqlite_check_files(const aim__sqlite *s, aim_error *err)
{
	const char *wal = sqlite3_filename_wal(sqlite3_db_filename(s->writer.db, "main"));
	if (is_same(s->path, &s->main_file) && is_same(wal, &s->wal_file))
		return AIM_OK;
	return aim__fail(err, AIM_E_IO, LAYER,
	                 "%s or its -wal file was moved, deleted or replaced while it was open", s->path);
}

static aim_status remember_files(aim__sqlite *s, aim_error *err)
{
	const char *wal = sqlite3_filename_wal(sqlite3_db_filename(s->writer.db, "main"));
	if (!identify(s->path, &s->main_file) || !identify(wal, &s->wal_file))
		return system_fail(err, "cannot find", s->path, errno);
	s->turn = aim__sqlite_turn_open(wal);
	return AIM_OK;
}

/* Whose it is */

typedef struct signature {
	int64_t application_id;
	int64_t version;
	int64_t n_tables;
} signature;

static aim_status read_numbers(aim__sqlite_connection *c, signature *out, aim_error *err)
{
	aim_status rc = aim__sqlite_number(c, "PRAGMA application_id", &out->application_id, err);
	if (rc == AIM_OK)
		rc = aim__sqlite_number(c, "PRAGMA user_version", &out->version, err);
	if (rc == AIM_OK)
		rc = aim__sqlite_number(c, "SELECT count(*) FROM sqlite_schema", &out->n_tables, err);
	return rc;
}

/* All three from one transaction: another process may be creating the store between two reads. */
static aim_status read_signature(aim__sqlite_connection *c, signature *out, aim_error *err)
{
	if (!sqlite3_get_autocommit(c->db))
		return read_numbers(c, out, err);
	aim_status rc = aim__sqlite_run(c, "BEGIN", err);
	if (rc != AIM_OK)
		return rc;
	rc = read_numbers(c, out, err);
	aim_status ended = aim__sqlite_run(c, "COMMIT", rc == AIM_OK ? err : NULL);
	return rc == AIM_OK ? ended : rc;
}

static int is_blank(const signature *sig)
{
	return sig->application_id == 0 && sig->version == 0 && sig->n_tables == 0;
}

static aim_status check_signature(const aim__sqlite *s, const signature *sig, aim_error *err)
{
	if (is_blank(sig))
		return aim__fail(err, AIM_E_STORE_FOREIGN, LAYER, "%s is empty: no store was ever made in it",
		                 s->path);
	if (sig->application_id != APPLICATION_ID)
		return aim__fail(err, AIM_E_STORE_FOREIGN, LAYER,
		                 "%s is a database of another program (application_id %lld)", s->path,
		                 (long long)sig->application_id);
	if (sig->version > SCHEMA_VERSION)
		return aim__fail(err, AIM_E_STORE_VERSION, LAYER,
		                 "%s has tables of version %lld; this library knows versions up to %d",
		                 s->path, (long long)sig->version, SCHEMA_VERSION);
	if (sig->version < SCHEMA_VERSION)
		return aim__fail(err, AIM_E_STORE_CORRUPT, LAYER, "%s has tables of version %lld", s->path,
		                 (long long)sig->version);
	return AIM_OK;
}

/* Another process may be creating the same store: look again once the write lock is ours. */
static aim_status create_tables(aim__sqlite *s, aim_error *err)
{
	aim__sqlite_connection *c = &s->writer;
	signature sig;
	aim_status rc = aim__sqlite_run(c, "BEGIN IMMEDIATE", err);
	if (rc != AIM_OK)
		return rc;
	rc = read_signature(c, &sig, err);
	if (rc == AIM_OK && is_blank(&sig))
		rc = aim__sqlite_run(c, make_tables, err);
	if (rc == AIM_OK)
		rc = aim__sqlite_run(c, "COMMIT", err);
	if (rc != AIM_OK && !sqlite3_get_autocommit(c->db))
		aim__sqlite_run(c, "ROLLBACK", NULL);
	return rc;
}

/* SQLite does not wait when two connections switch to WAL at once: the loser tries again. */
static aim_status use_wal(aim__sqlite *s, aim_error *err)
{
	aim__sqlite_connection *c = &s->writer;
	uint32_t waited_ms = 0;
	int64_t is_wal = 0;
	int rc;
	while ((rc = sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY &&
	       waited_ms < s->busy_timeout_ms) {
		sqlite3_sleep(10);
		waited_ms += 10;
	}
	if (rc != SQLITE_OK)
		return aim__sqlite_fail(c, rc, "cannot use WAL in", err);
	aim_status status = aim__sqlite_number(
		c, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, err);
	if (status == AIM_OK && !is_wal)
		status = aim__fail(err, AIM_E_UNSUPPORTED, LAYER,
		                   "%s lies on a file system where SQLite cannot use WAL", s->path);
	return status;
}

static aim_status open_reading(aim__sqlite *s, aim_error *err)
{
	aim__sqlite_connection *c = &s->readers[0];
	signature sig;
	c->path = s->path;
	aim_status rc = aim__sqlite_connect(c, SQLITE_OPEN_READONLY, s->busy_timeout_ms, err);
	if (rc == AIM_OK)
		rc = read_signature(c, &sig, err);
	if (rc == AIM_OK)
		rc = check_signature(s, &sig, err);
	if (rc == AIM_OK)
		s->first_idle = c;
	return rc;
}

static aim_status open_writing(aim__sqlite *s, aim_error *err)
{
	aim__sqlite_connection *c = &s->writer;
	signature sig;
	c->path = s->path;
	aim_status rc = aim__sqlite_connect(c, SQLITE_OPEN_READWRITE, s->busy_timeout_ms, err);
	if (rc != AIM_OK)
		return rc;
	/* SQLite opens a write-protected file for reading and says nothing. */
	if (sqlite3_db_readonly(c->db, "main"))
		return aim__fail(err, AIM_E_STORE_READONLY, LAYER,
		                 "%s cannot be written; open it with AIM_SQLITE_READ_ONLY", s->path);
	rc = aim__sqlite_run(c, before_tables, err);
	if (rc == AIM_OK)
		rc = read_signature(c, &sig, err);
	if (rc == AIM_OK && (!is_blank(&sig) || (s->flags & AIM_SQLITE_MUST_EXIST)))
		rc = check_signature(s, &sig, err);
	if (rc == AIM_OK)
		rc = use_wal(s, err);
	if (rc == AIM_OK)
		rc = aim__sqlite_run(c, every_writer, err);
	if (rc == AIM_OK && is_blank(&sig))
		rc = create_tables(s, err);
	if (rc == AIM_OK && is_blank(&sig))
		rc = read_signature(c, &sig, err);
	if (rc == AIM_OK)
		rc = check_signature(s, &sig, err);
	return rc == AIM_OK ? remember_files(s, err) : rc;
}

static void sqlite_close(void *user)
{
	aim__sqlite *s = user;
	aim_ctx *ctx = s->ctx;
	for (size_t i = 0; i < AIM__SQLITE_READERS; i++)
		aim__sqlite_disconnect(&s->readers[i]);
	/* The writer last: the last connection folds the WAL into the file. */
	aim__sqlite_disconnect(&s->writer);
	aim__sqlite_turn_close(s->turn);
	aim__plan_dispose(&s->plan);
	aim__cond_dispose(&s->idle);
	aim__mutex_dispose(&s->lock);
	aim__free(ctx, s->path, s->path_size);
	aim__free(ctx, s, sizeof *s);
	aim__ctx_unref(ctx);
}

/* An aim__sqlite with nothing open; NULL when memory runs out. */
static aim__sqlite *make_engine(aim_ctx *ctx, aim_str path)
{
	aim__sqlite *s = aim__alloc_zeroed(ctx, sizeof *s);
	if (!s)
		return NULL;
	s->path = copy_path(ctx, path, &s->path_size);
	if (!s->path)
		goto no_path;
	if (aim__mutex_init(&s->lock) != AIM_OK)
		goto no_mutex;
	if (aim__cond_init(&s->idle) != AIM_OK)
		goto no_condition;
	s->ctx = aim__ctx_ref(ctx);
	s->turn = -1;
	aim__plan_init(&s->plan, ctx);
	return s;
no_condition:
	aim__mutex_dispose(&s->lock);
no_mutex:
	aim__free(ctx, s->path, s->path_size);
no_path:
	aim__free(ctx, s, sizeof *s);
	return NULL;
}

aim_status aim__sqlite_engine_open(aim_ctx *ctx, aim_str path, uint32_t flags, uint32_t busy_timeout_ms,
                                   aim_store_engine *out, aim_error *err)
{
	if (sqlite3_threadsafe() == 0)
		return aim__fail(err, AIM_E_UNSUPPORTED, LAYER, "SQLite was built for a single thread");
	aim__sqlite *s = make_engine(ctx, path);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	s->flags = flags;
	s->busy_timeout_ms = busy_timeout_ms ? busy_timeout_ms : DEFAULT_BUSY_TIMEOUT_MS;
	aim_status rc = create_file(s, err);
	if (rc == AIM_OK)
		rc = flags & AIM_SQLITE_READ_ONLY ? open_reading(s, err) : open_writing(s, err);
	if (rc != AIM_OK) {
		sqlite_close(s);
		return rc;
	}
	*out = (aim_store_engine){sizeof *out, AIM_STORE_ENGINE_TRIMS, aim__sqlite_get, aim__sqlite_scan, aim__sqlite_apply,
	                          aim__sqlite_read, s, sqlite_close, aim__sqlite_hold, aim__sqlite_release};
	return AIM_OK;
}

static aim_status check_options(aim_str path, const aim_sqlite_options *options, aim_sqlite_options *out,
                                aim_error *err)
{
	*out = (aim_sqlite_options){.struct_size = sizeof *out};
	aim_status rc = aim__sized_in(out, sizeof *out, options, sizeof *out, "aim_sqlite_options", err);
	if (rc != AIM_OK)
		return rc;
	if ((out->flags & ~(AIM_SQLITE_READ_ONLY | AIM_SQLITE_MUST_EXIST)) || out->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER,
		                 "aim_sqlite_options sets a flag that this library does not know");
	if (!path.ptr || path.len == 0 || memchr(path.ptr, '\0', path.len))
		return aim__fail(err, AIM_E_INVALID, LAYER, "a path is not empty and holds no NUL byte");
	return AIM_OK;
}

aim_status aim_sqlite_open(aim_ctx *ctx, aim_str path, const aim_sqlite_options *options, aim_store **out,
                           aim_error *err)
{
	aim_sqlite_options o;
	aim_store_engine engine;
	aim_store *store = NULL;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = check_options(path, options, &o, err);
	if (rc == AIM_OK)
		rc = aim__sqlite_engine_open(ctx, path, o.flags, o.busy_timeout_ms, &engine, err);
	if (rc != AIM_OK)
		return rc;
	aim_store_options store_options = {.struct_size = sizeof store_options};
	if (o.flags & AIM_SQLITE_READ_ONLY)
		store_options.flags = AIM_STORE_READ_ONLY;
	rc = aim__store_open(ctx, &engine, &aim__all_record_kinds, &store_options, &store, err);
	if (rc != AIM_OK)
		return rc;
	if (!(o.flags & AIM_SQLITE_READ_ONLY))
		rc = aim__sqlite_make_views(store->engine.user, &aim__all_record_kinds, err);
	if (rc != AIM_OK) {
		aim__store_unref(store);
		return rc;
	}
	*out = store;
	return AIM_OK;
}
