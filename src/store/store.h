/* store/store.h — inside the store layer: the handle, record kinds, and what the layers above
 * use to read. They write only through audit/commit.h, so that every change is recorded. */
#ifndef AIM_STORE_STORE_H
#define AIM_STORE_STORE_H

#include <aim/store.h>
#include "base/os.h"

#include <stdatomic.h>

/* One column of a generated SQL view: name and JSON Pointer-like path inside the value ("$.name"). */
typedef struct aim__store_column {
	const char *name;
	const char *path;
} aim__store_column;

/* One key more that migrating a value writes, for what moved out of it; no key: nothing more. */
typedef struct aim__store_extra {
	aim_buf *key;   /* empty before the call */
	aim_buf *value; /* the same */
} aim__store_extra;

/* Moves one value from version `from` to from + 1; appends the new value to out, and may fill extra. */
typedef aim_status (*aim__store_migrate)(aim_ctx *ctx, uint32_t from, aim_bytes key, aim_bytes value,
                                         aim_buf *out, const aim__store_extra *extra, aim_error *err);

/* A kind of record, registered by the layer that owns it (a static table in that layer). */
typedef struct aim__record_kind {
	const char *name;   /* of the view: "agents" */
	const char *prefix; /* of the keys: "agent/" */
	uint32_t version;   /* of the format of the values; kept in the store under "kind/<name>" */
	uint32_t n_columns;
	const aim__store_column *columns;
	aim__store_migrate migrate; /* NULL while version is 1 */
} aim__record_kind;

struct aim_store {
	aim_ctx *ctx; /* referenced */
	aim_store_engine engine;
	uint32_t flags; /* AIM_STORE_READ_ONLY */
	aim__mutex apply_lock; /* two logs on one store must not interleave inside the engine */
	atomic_uint_fast32_t references;
	atomic_uint_fast64_t n_groups; /* transactions so far, for tests and benches */
};

/* All kinds of the library: a chain of tables, one per layer, put together by the composition root.
 * The store layer migrates them and SQL engines make views of them. */
typedef struct aim__record_kinds {
	const aim__record_kind *const *kinds;
	size_t n_kinds;
	const struct aim__record_kinds *next;
} aim__record_kinds;

/* Opens with the kinds given: checks and migrates each. Used by the public open calls, which the
 * composition root defines because only it knows every kind. */
aim_status aim__store_open(aim_ctx *ctx, const aim_store_engine *engine, const aim__record_kinds *kinds,
                           const aim_store_options *options, aim_store **out, aim_error *err);
/* This layer's own kinds: the "kind/" keys, so that a person can see the versions. */
#define AIM__STORE_N_KINDS 1
extern const aim__record_kind *const aim__store_kinds[AIM__STORE_N_KINDS];

/* The engine of memory stores; user is owned by the table. */
aim_status aim__store_memory_engine(aim_ctx *ctx, aim_store_engine *out);

aim_store *aim__store_ref(aim_store *store);
void aim__store_unref(aim_store *store);

/* Reads a value into out (cleared first); AIM_E_NOT_FOUND leaves err untouched. */
aim_status aim__store_get(aim_store *store, aim_bytes key, aim_buf *out, uint64_t *out_version,
                          aim_error *err);
aim_status aim__store_scan(aim_store *store, aim_bytes prefix, aim_bytes after, size_t limit,
                           aim_store_row row, void *row_user, aim_error *err);
aim_status aim__store_read_log(aim_store *store, aim_bytes log, uint64_t from, size_t limit,
                               aim_store_row row, void *row_user, aim_error *err);
/* 1 when AIM_STORE_TRIM is possible. */
static inline int aim__store_trims(const aim_store *store)
{
	return (store->engine.flags & AIM_STORE_ENGINE_TRIMS) != 0;
}
/* Checks what apply_group checks of operations, for callers that put those of several into one group:
 * AIM_OK, AIM_E_INVALID. */
aim_status aim__store_check_ops(const aim_store *store, const aim_store_op *ops, size_t n_ops,
                                aim_error *err);
/* Applies a group under the store's own lock and checks the engine's answers. On AIM_OK each batch
 * has AIM_OK, AIM_E_CONFLICT or AIM_E_STORE_BOUND; on failure each has the status returned, and nothing was
 * written (after AIM_E_STORE_ENGINE that is unknown). */
aim_status aim__store_apply_group(aim_store *store, aim_store_batch *batches, size_t n_batches,
                                  aim_error *err);

/* Keeps other writers out, of this process and, where the engine can, of others: what is read after
 * hold() is still true when apply_held() begins. On AIM_OK end it with release(), on the same thread. */
aim_status aim__store_hold(aim_store *store, aim_error *err);
aim_status aim__store_apply_held(aim_store *store, aim_store_batch *batches, size_t n_batches,
                                 aim_error *err);
void aim__store_release(aim_store *store);

#endif
