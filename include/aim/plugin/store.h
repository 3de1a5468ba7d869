/** aim/plugin/store.h — bring your own database. An engine is a table of four functions over ordered
 *  keys, for databases with transactions of their own; aim/plugin/store_table.h is a shorter way with
 *  two functions. The installed conformance suite (aim/plugin/store_conformance.h) says whether yours
 *  is right.
 *
 *      aim_store_engine e = {sizeof e, 0, my_get, my_scan, my_apply, my_read, my_db, my_close, NULL, NULL};
 *      aim_store_open_engine(ctx, &e, NULL, &store, &err);
 *
 *  Model. Keys are byte strings in memcmp order. A key has a value, a version and an optional expiry;
 *  an expired key is absent for every operation whose now_us is at or past the expiry. Versions:
 *  the first write of a key gives a version that this key never had before; each further write adds
 *  exactly 1. That holds across deletion and expiry
 *  too; the simple way is to keep the greatest version of any deleted key and start above it. Logs
 *  are append-only rows at positions 0, 1, 2 …, apart from keys. A counter is a key whose value is a
 *  decimal integer, as ADD writes it.
 *
 *  libaim checks operations before an engine sees them: kinds are known, flags are 0, keys have 1 to
 *  AIM_STORE_MAX_KEY_BYTES bytes. It also checks what the engine answers: rows out of order, a
 *  missing row or an unknown batch status end in AIM_E_STORE_ENGINE.
 *
 *  Threads: libaim calls get, scan and read from any thread, at once; apply_group, hold and release
 *  from one thread at a time per store object. Two store objects on one database may write at once.
 */
#ifndef AIM_PLUGIN_STORE_H
#define AIM_PLUGIN_STORE_H

#include <aim/error.h>

AIM_BEGIN_DECLS

/** The longest key and log name. @since 0.1 */
#define AIM_STORE_MAX_KEY_BYTES 1024u

/** As aim_store_op.expires_at_us of PUT*: an existing key keeps its expiry. @since 0.1 */
#define AIM_STORE_KEEP_EXPIRY (-1)

/** Kinds of operation in a batch. @since 0.1 */
#define AIM_STORE_PUT 1u            /**< write, whatever was there */
#define AIM_STORE_PUT_IF_ABSENT 2u  /**< else AIM_E_CONFLICT */
#define AIM_STORE_PUT_IF_VERSION 3u /**< key must have exactly `version`, else AIM_E_CONFLICT */
#define AIM_STORE_DELETE 4u         /**< absent is fine; version not 0: as PUT_IF_VERSION */
#define AIM_STORE_ADD 5u            /**< decimal counter += delta; past bound AIM_E_STORE_BOUND;
                                     *   not a counter AIM_E_CONFLICT */
#define AIM_STORE_APPEND 6u         /**< row at `version` = next position, else AIM_E_CONFLICT */
#define AIM_STORE_TRIM 7u           /**< rows before position `version` go for good; at or past the next
                                     *   position AIM_E_CONFLICT, so one row always stays. Optional: only
                                     *   engines with AIM_STORE_ENGINE_TRIMS are asked */

/** One operation. All spans are borrowed for the call. @since 0.1 */
typedef struct aim_store_op {
	uint32_t kind;
	uint32_t flags;        /**< 0 */
	aim_bytes key;         /**< the log's name for APPEND and TRIM */
	aim_bytes value;       /**< PUT*, APPEND: the bytes */
	uint64_t version;      /**< PUT_IF_VERSION, DELETE: expected; APPEND, TRIM: the position */
	int64_t delta;         /**< ADD: may be negative; an absent counter is 0 */
	int64_t bound;         /**< ADD: with delta > 0 the most, with delta < 0 the least the sum may be */
	int64_t expires_at_us; /**< PUT*, ADD: 0 never; ADD keeps the expiry of an existing counter */
	int64_t *out_sum;      /**< ADD: out, the new sum, once the batch is committed; may be NULL */
} aim_store_op;

/** All operations or none, in order; each sees the ones before it. @since 0.1 */
typedef struct aim_store_batch {
	const aim_store_op *ops;
	size_t n_ops;
	aim_status status;   /**< out: AIM_OK, AIM_E_CONFLICT, AIM_E_STORE_BOUND */
	uint32_t failed_op;  /**< out: index of the first operation whose precondition failed, else 0 */
} aim_store_batch;

/** Receives one key of a scan or one row of a log; spans are borrowed for the call. position is the
 *  row's position (0 for keys). A non-zero result ends the walk and is returned by it. It must not
 *  call the store: the engine may hold a lock.  @since 0.1 */
typedef aim_status (*aim_store_row)(void *row_user, aim_bytes key, aim_bytes value, uint64_t version,
                                    uint64_t position);

/** Flag of an engine: it knows AIM_STORE_TRIM. Without it everything works but retention
 *  (aim/retention.h), which says AIM_E_UNSUPPORTED. @since 0.1 */
#define AIM_STORE_ENGINE_TRIMS 1u

/** The engine. All functions are required but close. @since 0.1 */
typedef struct aim_store_engine {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_STORE_ENGINE_TRIMS */
	/** Calls row once with the value and version; AIM_E_NOT_FOUND when absent. */
	aim_status (*get)(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
	                  aim_error *err);
	/** Rows whose key starts with prefix and is greater than after (after empty: from the start),
	 *  in order, at most limit. */
	aim_status (*scan)(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
	                   aim_store_row row, void *row_user, aim_error *err);
	/** Applies the batches in order in one transaction and one sync to disk. A batch whose
	 *  precondition fails changes nothing, gets its status and failed_op, and the next goes on.
	 *  Later batches see the writes of earlier ones. Any other failure: nothing of the group is
	 *  written and the status is returned. AIM_OK means: every batch with status AIM_OK is on disk. */
	aim_status (*apply_group)(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
	                          aim_error *err);
	/** Rows of a log from position on, in order, at most limit; key is the log's name. Positions that
	 *  were trimmed are passed over: reading from 0 begins at the oldest row that is there. */
	aim_status (*read)(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
	                   void *row_user, aim_error *err);
	void *user;
	void (*close)(void *user); /**< runs exactly once, also when opening fails; optional */
	/** For databases that several processes write: takes the right to write from every other writer,
	 *  waiting as long as apply_group would. From here to release what get answers stays true, and
	 *  the next apply_group, from the same thread, is part of it (its end may give the right back
	 *  already). libaim asks for it when another writer was faster, so that a writer loses each race
	 *  at most once. Optional: without it a writer that loses 256 races in a row gives up with
	 *  AIM_E_STORE_LOCKED. */
	aim_status (*hold)(void *user, aim_error *err);
	/** Ends what hold began; runs once for each hold that returned AIM_OK. Required with hold. */
	void (*release)(void *user);
} aim_store_engine;

AIM_END_DECLS

#endif
