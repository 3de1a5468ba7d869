/** aim/limit.h — how often may each caller call? At most n in any window of time, or n for ever. An aim_limit is
 *  locked.
 *
 *      aim_limit_options o = {.struct_size = sizeof o, .flags = AIM_LIMIT_BUDGET, .max_calls = 50};
 *      aim_limit_ticket ticket = {.struct_size = sizeof ticket};
 *      rc = aim_limit_new(ctx, &o, &limit, &err);
 *      if (aim_limit_reserve(limit, agent_id, &ticket, &err) != AIM_OK)
 *          return refuse();
 *      if (everything_else_allows())
 *          aim_limit_commit(limit, agent_id, &ticket, &err);
 *      else
 *          aim_limit_release(limit, agent_id, &ticket, &err);
 *
 *  A call is reserved before it is known whether it is allowed, so that of two threads one gets the last call; what is
 *  refused after all gives it back. A reservation that is neither committed nor released counts as a call.
 *
 *  A window is exact: each call is remembered until it has left the window. A call is in the window while less than
 *  window_s has passed since it; a clock that steps back counts as standing still. A budget is for ever, until it is
 *  reset.
 *
 *  Counts live in this object, or with a store in that: then all processes on one store share them, every reservation
 *  is one transaction, and the counts outlive the processes. They are no changes that the audit log records. Use the identity that was registered
 *  and authenticated as the key, never a name the caller chose.
 */
#ifndef AIM_LIMIT_H
#define AIM_LIMIT_H

#include <aim/store.h>

AIM_BEGIN_DECLS

typedef struct aim_limit aim_limit;

/** Flag of aim_limit_options: calls are counted for ever, not in a window. @since 0.1 */
#define AIM_LIMIT_BUDGET 1u

#define AIM_LIMIT_DEFAULT_CALLS 100u
#define AIM_LIMIT_DEFAULT_WINDOW_S 300u
#define AIM_LIMIT_DEFAULT_KEYS 65536u
#define AIM_LIMIT_MAX_CALLS 100000u      /**< of a window; a budget has no such bound */
#define AIM_LIMIT_MAX_SHARED_CALLS 4096u /**< of a window in a store */
#define AIM_LIMIT_MAX_WINDOW_S 2678400u  /**< 31 days */
#define AIM_LIMIT_MAX_KEY 1024u          /**< bytes */

/** @since 0.1 */
typedef struct aim_limit_options {
	uint32_t struct_size;
	uint32_t flags;     /**< AIM_LIMIT_BUDGET */
	uint32_t max_calls; /**< of one key. Of a budget, 0 refuses all; of a window, 0 is AIM_LIMIT_DEFAULT_CALLS */
	uint32_t window_s;  /**< 0: AIM_LIMIT_DEFAULT_WINDOW_S; not of a budget */
	uint32_t max_keys;  /**< followed at once, in memory; 0: AIM_LIMIT_DEFAULT_KEYS */
	uint32_t reserved;  /**< 0 */
	aim_store *store;   /**< in, kept until the limit is freed; NULL: counts in memory */
	aim_str name;       /**< of these counts in the store: 1 to 64 of a-z, 0-9, _ and -; empty: "main" */
} aim_limit_options;

/** A call that was reserved. Not to be changed by the caller. @since 0.1 */
typedef struct aim_limit_ticket {
	uint32_t struct_size;
	uint32_t flags;      /**< 1: reserved, and neither committed nor released yet */
	int64_t at_us;       /**< when */
	uint64_t generation; /**< of the counts, which a reset ends */
} aim_limit_ticket;

/** @param options  in, borrowed, NULL: 100 calls in 300 s, in memory     @param out  out, owned; aim_limit_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT (a number above its bound), AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_limit_new(aim_ctx *ctx, const aim_limit_options *options, aim_limit **out,
                                                  aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_limit_free(aim_limit *limit);

/** Takes one call of a key. What was taken for calls that are refused is not counted twice: AIM_DENIED takes nothing.
 *  @param key         in, 1 to AIM_LIMIT_MAX_KEY bytes
 *  @param out_ticket  out, struct_size set by the caller; holds no reservation on failure
 *  @return AIM_OK, AIM_DENIED (no call is left now), AIM_E_LIMIT_FULL (as many keys or calls are followed as there may
 *          be), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CLOCK; with a store also AIM_E_CONFLICT (others keep changing the
 *          same count), AIM_E_STORE_CORRUPT, AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: for the first calls of a key; with a store, yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_limit_reserve(aim_limit *limit, aim_str key, aim_limit_ticket *out_ticket,
                                                      aim_error *err);

/** The call was made: what was reserved is used up.
 *  @param ticket  in, out
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_STATE (not reserved, or committed or released before)
 *  Threads: locked (ticket: confined).  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_limit_commit(aim_limit *limit, aim_str key, aim_limit_ticket *ticket, aim_error *err);

/** The call was not made: gives back exactly what was reserved. What a reset, or the time, has taken out of the count
 *  already is not taken out again.
 *  @param ticket  in, out
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_STATE (as above); with a store also AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_CLOCK,
 *          AIM_E_STORE_CORRUPT, AIM_E_CALLBACK, or the store's: then the call stays counted
 *  Threads: locked (ticket: confined).  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_limit_release(aim_limit *limit, aim_str key, aim_limit_ticket *ticket, aim_error *err);

/** How many calls of a key count now, reserved ones too.
 *  @return AIM_OK (0 for a key that never called), AIM_E_INVALID, AIM_E_CLOCK; with a store also AIM_E_NOMEM,
 *          AIM_E_STORE_CORRUPT, AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_limit_count(aim_limit *limit, aim_str key, uint64_t *out, aim_error *err);

/** Forgets the calls of one key.
 *  @return AIM_OK (also when it never called), AIM_E_INVALID; with a store also AIM_E_CONFLICT, AIM_E_NOMEM,
 *          AIM_E_CLOCK, AIM_E_STORE_CORRUPT, AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_limit_reset(aim_limit *limit, aim_str key, aim_error *err);

/** Forgets the calls of all keys; in a store, of all under this name.
 *  @return as aim_limit_reset().  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_limit_reset_all(aim_limit *limit, aim_error *err);

AIM_END_DECLS

#endif
