/** aim/sqlite.h — the SQLite store: one file, readable with the sqlite3 shell through views (agents,
 *  servers, links, grants, baselines, audit …). The store is locked: share it.
 *
 *      aim_store *store = NULL;
 *      aim_sqlite_open(ctx, aim_str_from("/var/lib/agent/aim.db"), NULL, &store, &err);
 *
 *  The file is in WAL mode with synchronous=FULL: what a call acknowledged is on disk. Several
 *  processes may open it at once, on one machine and a local file system. A process that forks must
 *  open its own store in the child. Copy an open store with the shell's .backup, not with cp.
 */
#ifndef AIM_SQLITE_H
#define AIM_SQLITE_H

#include <aim/store.h>

AIM_BEGIN_DECLS

#define AIM_SQLITE_READ_ONLY 1u  /**< never writes, not even the schema; fails when it is missing */
#define AIM_SQLITE_MUST_EXIST 2u /**< do not create the file */

/** @since 0.1 */
typedef struct aim_sqlite_options {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_SQLITE_* */
	uint32_t busy_timeout_ms; /**< a write sleeps, a few milliseconds at a time, while other processes
	                           *   write, and gives up after so long without any of them getting on;
	                           *   0: 5 000 */
	uint32_t reserved;        /**< 0 */
} aim_sqlite_options;

/** Opens or creates the file (mode 0600 when created; its folder must be there). err names the path
 *  and holds SQLite's extended result code, or errno.
 *  @param path  in, borrowed, a path as the system takes it, never a URI; without NUL bytes
 *  @param out   out, owned; aim_store_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_UNSUPPORTED (built without
 *          SQLite, or the file system has no shared memory for WAL), AIM_E_CLOCK,
 *          AIM_E_NOT_FOUND (file or folder), AIM_E_IO, AIM_E_STORE_VERSION, AIM_E_STORE_CORRUPT,
 *          AIM_E_STORE_FOREIGN (another program's database, or none), AIM_E_STORE_READONLY,
 *          AIM_E_STORE_FULL, AIM_E_STORE_LOCKED
 *  Threads: any.  Allocates: yes; SQLite also allocates for itself.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_sqlite_open(aim_ctx *ctx, aim_str path,
                                                    const aim_sqlite_options *options,
                                                    aim_store **out, aim_error *err);

AIM_END_DECLS

#endif
