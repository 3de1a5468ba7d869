/** aim/sqlite.h — the SQLite store: one file, WAL, readable with the sqlite3 shell through views
 *  (agents, servers, links, grants, baselines, audit …).
 *
 *      aim_store *store = NULL;
 *      aim_sqlite_open(ctx, aim_str_from("/var/lib/agent/aim.db"), NULL, &store, &err);
 */
#ifndef AIM_SQLITE_H
#define AIM_SQLITE_H

#include <aim/store.h>

AIM_BEGIN_DECLS

#define AIM_SQLITE_READ_ONLY 1u    /**< never writes, not even the schema; fails when it is missing */
#define AIM_SQLITE_MUST_EXIST 2u   /**< do not create the file */

/** @since 0.1 */
typedef struct aim_sqlite_options {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_SQLITE_* */
	uint32_t busy_timeout_ms; /**< wait for another process's write; 0: 5 000 */
	uint32_t reserved;        /**< 0 */
} aim_sqlite_options;

/** Opens or creates the file (mode 0600 when created).
 *  @param path  in, borrowed, without NUL bytes     @param out  out, owned; aim_store_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_UNSUPPORTED (built without
 *          SQLite), AIM_E_NOT_FOUND, AIM_E_IO, AIM_E_STORE_VERSION, AIM_E_STORE_CORRUPT,
 *          AIM_E_STORE_READONLY, AIM_E_STORE_FULL, AIM_E_STORE_LOCKED
 *  Threads: any.  Allocates: yes; SQLite also allocates for itself.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_sqlite_open(aim_ctx *ctx, aim_str path,
                                                    const aim_sqlite_options *options,
                                                    aim_store **out, aim_error *err);

AIM_END_DECLS

#endif
