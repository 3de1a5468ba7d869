/** aim/store.h — the place where everything is kept. An aim_store is locked: share it.
 *
 *      aim_store *store = NULL;
 *      if (aim_sqlite_open(ctx, aim_str_from("aim.db"), NULL, &store, &err) != AIM_OK)
 *          return complain(err.message);
 *      ...
 *      aim_store_free(store);
 *
 *  Hosts open a store and hand it to the registry and the audit log; they rarely read it themselves.
 *  Changes go through those, so that each is recorded.
 */
#ifndef AIM_STORE_H
#define AIM_STORE_H

#include <aim/buf.h>
#include <aim/ctx.h>
#include <aim/plugin/store.h>

AIM_BEGIN_DECLS

typedef struct aim_store aim_store;

/** Never writes, not even to bring an older store up to date. @since 0.1 */
#define AIM_STORE_READ_ONLY 1u

/** @since 0.1 */
typedef struct aim_store_options {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_STORE_READ_ONLY */
} aim_store_options;

/** A store in memory, gone when it is freed.
 *  @param options  in, borrowed, may be NULL    @param out  out, owned; aim_store_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_store_open_memory(aim_ctx *ctx,
                                                          const aim_store_options *options,
                                                          aim_store **out, aim_error *err);

/** A store on the caller's engine. engine is copied; its close runs exactly once, also on failure.
 *  Values from an older library are migrated, a bounded batch at a time; a crash in between is
 *  taken up at the next opening. A store from a newer library is refused.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_CLOCK, AIM_E_STORE_VERSION (the
 *          message names kind and versions), AIM_E_STORE_CORRUPT, AIM_E_STORE_ENGINE,
 *          AIM_E_NOT_FOUND (read-only, and nothing was ever written), or what the engine returns
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_store_open_engine(aim_ctx *ctx,
                                                          const aim_store_engine *engine,
                                                          const aim_store_options *options,
                                                          aim_store **out, aim_error *err);

/** Gives up the caller's reference; the engine is closed when the last object on the store is freed.
 *  NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_store_free(aim_store *store);

/** The value of a key, appended to out, and its version.
 *  @param out_version  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CLOCK,
 *          AIM_E_STORE_ENGINE, or the engine's
 *  Threads: locked.  Allocates: when out grows.  @since 0.1 */
AIM_API aim_status aim_store_read_key(aim_store *store, aim_bytes key, aim_buf *out,
                                      uint64_t *out_version, aim_error *err);

/** Applies one batch on its own. For engines' tests and hosts' own keys, which must start with
 *  "host/"; keys of libaim change only through their modules.
 *  @param batch  in/out; status and failed_op are set
 *  @return AIM_OK, AIM_E_INVALID (another prefix, an unknown operation), AIM_E_CONFLICT,
 *          AIM_E_STORE_BOUND, AIM_E_STORE_READONLY, AIM_E_CLOCK, AIM_E_STORE_ENGINE, or the engine's
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_store_apply(aim_store *store, aim_store_batch *batch, aim_error *err);

AIM_END_DECLS

#endif
