/** aim/plugin/store_table.h — the short way to a store engine: two functions over a sorted table of
 *  bytes. libaim keeps versions, expiries, counters and logs in it. examples/store_callbacks.c is one.
 *
 *      aim_store_engine engine;
 *      aim_store_table t = {sizeof t, 0, my_walk, my_write, my_db, my_close};
 *      rc = aim_store_table_wrap(ctx, &t, &engine, &err);
 *      if (rc == AIM_OK)
 *          rc = aim_store_open_engine(ctx, &engine, NULL, &store, &err);
 *
 *  For a table that nobody else writes meanwhile; an engine that several processes write at once is
 *  written against aim/plugin/store.h. libaim calls the two functions one at a time, from any thread.
 */
#ifndef AIM_PLUGIN_STORE_TABLE_H
#define AIM_PLUGIN_STORE_TABLE_H

#include <aim/ctx.h>
#include <aim/plugin/store.h>

AIM_BEGIN_DECLS

/** The longest key of an entry. @since 0.1 */
#define AIM_STORE_TABLE_MAX_KEY_BYTES 1040u

/** The entry is to be removed; it may be absent. @since 0.1 */
#define AIM_STORE_TABLE_REMOVE 1u

/** One change. Spans are borrowed for the call. @since 0.1 */
typedef struct aim_store_entry {
	aim_bytes key;   /**< 1 to AIM_STORE_TABLE_MAX_KEY_BYTES bytes */
	aim_bytes value; /**< replaces what was there */
	uint32_t flags;  /**< AIM_STORE_TABLE_REMOVE, or 0 */
	uint32_t reserved;
} aim_store_entry;

/** The table. @since 0.1 */
typedef struct aim_store_table {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** Calls row with the entries whose key is at least from, in memcmp order, to the end or until row
	 *  returns a non-zero value, which is returned. version and position are 0. */
	aim_status (*walk)(void *user, aim_bytes from, aim_store_row row, void *row_user, aim_error *err);
	/** Makes all changes or none, and returns AIM_OK when they are on disk. No key comes twice. */
	aim_status (*write)(void *user, const aim_store_entry *entries, size_t n_entries, aim_error *err);
	void *user;
	void (*close)(void *user); /**< runs exactly once, also when wrapping fails; optional */
} aim_store_table;

/** Makes an engine of a table.
 *  @param table  in, copied     @param out  out; pass it to aim_store_open_engine(), which owns it
 *                                           then, or end it with its close
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_store_table_wrap(aim_ctx *ctx, const aim_store_table *table,
                                                         aim_store_engine *out, aim_error *err);

AIM_END_DECLS

#endif
