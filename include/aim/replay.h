/** aim/replay.h — the replay guard: each signed message is accepted once. An aim_replay is locked.
 *
 *      aim_replay_open_memory(ctx, NULL, &guard, &err);
 *      ...
 *      aim_replay_use use = {.struct_size = sizeof use, .scope = key_id, .nonce = nonce};
 *      use.timestamp_us = signed_at;                    // as the message says
 *      use.now_us = now;
 *      rc = aim_replay_check(guard, &use, &err);        // in the window, not seen
 *      if (rc == AIM_OK) rc = my_verify(...);           // then the signature
 *      if (rc == AIM_OK) rc = aim_replay_remember(guard, &use, &err);   // its result decides
 *
 *  The signature profiles do these steps themselves; call them only for a format of your own. The
 *  order is always the same: the timestamp parses, it is inside the window, it is at or after the
 *  guard's floor, the nonce is new, the signature is valid, the nonce is remembered. Remembering is
 *  one atomic insert, so of two equal messages that race one is AIM_E_REPLAY. A message with an
 *  invalid signature is never remembered and takes no room.
 *
 *  A nonce is kept until its message is out of the window for good: timestamp + window, compared with
 *  the now_us of the callers, never with a clock. What is thrown away after that raises the floor: the
 *  guard accepts nothing that is as old as something it has forgotten, so that a clock that steps back
 *  opens nothing. A guard without a memory from before starts with the floor at its start.
 *
 *  Keys are kept apart by `scope`. A key may fill its share and is then refused until something of it
 *  expires; no live nonce is ever thrown out for a new one, and other keys do not notice.
 */
#ifndef AIM_REPLAY_H
#define AIM_REPLAY_H

#include <aim/store.h>

AIM_BEGIN_DECLS

typedef struct aim_replay aim_replay;

/** The very first guard for its keys: there is no message from before, and so no floor. For tests, and
 *  for keys that are made after the guard was opened. @since 0.1 */
#define AIM_REPLAY_FIRST_START 1u
/** The floor is a whole window after the start. Without it, a message dated ahead of the clock and
 *  accepted just before a restart could pass once more after it; with it, nothing passes for the length
 *  of the window. Hosts that can keep one number use restart_floor_us of aim_replay_stats instead; a
 *  guard in a store needs neither, as it remembers. @since 0.1 */
#define AIM_REPLAY_STRICT_START 2u

/** @since 0.1 */
typedef struct aim_replay_options {
	uint32_t struct_size;
	uint32_t flags;       /**< AIM_REPLAY_*_START, not both; in a store they matter when the guard is new */
	aim_str name;         /**< in, copied; in a store, guards of one name share nonces; 1–64 of
	                       *   [a-z0-9_-]; empty: "main" */
	int64_t floor_us;     /**< messages from before are refused; 0: the start of the guard by the context's
	                       *   clock, in a store the one that was kept */
	uint64_t max_nonces;  /**< live nonces in all; 0: 1 000 000; at most 2^31 */
	uint32_t max_per_key; /**< live nonces of one scope; 0: 65 536 */
	uint32_t window_s;    /**< how long a message may be used at most; 0: 300 */
} aim_replay_options;

/** One use of a nonce. @since 0.1 */
typedef struct aim_replay_use {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	aim_bytes scope;      /**< in, borrowed: whose nonce it is, for example the key id; 1 to 1 024 bytes */
	aim_bytes nonce;      /**< in, borrowed: the nonce, or the signature where a format has none; 1 to 1 024
	                       *   bytes */
	int64_t timestamp_us; /**< when the message says that it was made */
	int64_t now_us;       /**< the caller's clock */
	int64_t max_age_us;   /**< how old it may be; 0: the guard's window; never more */
	int64_t max_ahead_us; /**< how far ahead of now_us it may be; 0: the guard's window; never more */
} aim_replay_use;

/** What a guard holds. @since 0.1 */
typedef struct aim_replay_stats {
	uint32_t struct_size;
	uint32_t flags;           /**< 0 */
	uint64_t n_nonces;        /**< remembered now, those that are due included */
	int64_t floor_us;         /**< messages from before are refused */
	int64_t restart_floor_us; /**< as floor_us of the options: a guard with it accepts nothing that this
	                           *   one has accepted. In a store as floor_us: there nonces are kept */
} aim_replay_stats;

/** A guard that remembers in memory, about 40 bytes a nonce, growing with use.
 *  @param ctx      in; kept alive until the guard is freed
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_replay_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_CLOCK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_replay_open_memory(aim_ctx *ctx,
                                                           const aim_replay_options *options,
                                                           aim_replay **out, aim_error *err);

/** A guard that remembers in a store, across restarts and for every process that opens the store under
 *  the same name: of two that race with one nonce, one is refused. Each remembered nonce is a write to
 *  the store and as durable as the store makes it.
 *  @param store    in; kept open until the guard is freed
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_replay_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_CLOCK, AIM_E_STORE_READONLY, or the
 *          store's
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_replay_open_store(aim_store *store,
                                                          const aim_replay_options *options,
                                                          aim_replay **out, aim_error *err);

/** Gives the guard back. NULL is ignored. What a store keeps stays.  Threads: any.  @since 0.1 */
AIM_API void aim_replay_free(aim_replay *guard);

/** Whether the message may be looked at further: inside the window, at or after the floor, nonce
 *  not seen. Changes nothing.
 *  @param guard  in, borrowed     @param use  in, borrowed
 *  @return AIM_OK, AIM_E_TIMESTAMP (not between 1970 and 9999), AIM_E_STALE, AIM_E_FUTURE, AIM_E_REPLAY,
 *          AIM_E_INVALID (also: max_age_us or max_ahead_us over the guard's window), AIM_E_VERSION,
 *          AIM_E_CALLBACK; for a guard in a store also AIM_E_NOMEM, AIM_E_STORE_CORRUPT and the store's
 *  Threads: locked.  Allocates: no in memory.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_replay_check(aim_replay *guard, const aim_replay_use *use,
                                                     aim_error *err);

/** Remembers the nonce of a message whose signature is valid. The checks of aim_replay_check() are made
 *  again in the same step, so that of two callers one loses.
 *  @return as aim_replay_check(), AIM_E_REPLAY_FULL, AIM_E_NOMEM. Anything but AIM_OK: refuse the message
 *  Threads: locked.  Allocates: when it grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_replay_remember(aim_replay *guard, const aim_replay_use *use,
                                                        aim_error *err);

/** Throws away what is due at now_us, all of it. Remembering does this as it goes; call it when a guard
 *  has been quiet for long.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_TIMESTAMP (now_us is not between 1970 and 9999); for a guard in a
 *          store also AIM_E_NOMEM and the store's
 *  Threads: locked.  Allocates: no in memory.  @since 0.1 */
AIM_API aim_status aim_replay_purge(aim_replay *guard, int64_t now_us, aim_error *err);

/** What the guard holds now.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID; for a guard in a store also AIM_E_NOMEM and the store's
 *  Threads: locked.  Allocates: no in memory.  @since 0.1 */
AIM_API aim_status aim_replay_read_stats(aim_replay *guard, aim_replay_stats *out, aim_error *err);

AIM_END_DECLS

#endif
