/** aim/breaker.h — a circuit breaker: what keeps failing is left alone for a while. An aim_breaker is locked.
 *
 *      aim_breaker_ticket ticket = {.struct_size = sizeof ticket};
 *      rc = aim_breaker_new(ctx, NULL, &breaker, &err);       // 5 failures in a row open it for 60 s
 *      if (aim_breaker_enter(breaker, &ticket, &err) != AIM_OK)
 *          return refuse();
 *      aim_breaker_leave(breaker, &ticket, call_the_tool() == 0, &err);
 *
 *  Closed, every call passes. As many failures in a row as there may be open it: no call passes. When it has been
 *  open long enough exactly one call passes, the probe, whoever asks first; its success closes the breaker, its failure
 *  opens it again. A probe that never comes back is given up after as long as the breaker stays open, and another
 *  follows. Calls that began before the breaker changed say nothing any more.
 *
 *  Time is the context's steady clock.
 */
#ifndef AIM_BREAKER_H
#define AIM_BREAKER_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

typedef struct aim_breaker aim_breaker;

/** States. @since 0.1 */
#define AIM_BREAKER_OPEN 1u
#define AIM_BREAKER_CLOSED 2u
#define AIM_BREAKER_HALF_OPEN 3u /**< a probe is under way, or the next call is one */

#define AIM_BREAKER_DEFAULT_FAILURES 5u
#define AIM_BREAKER_DEFAULT_OPEN_MS 60000u

/** @since 0.1 */
typedef struct aim_breaker_options {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t max_failures; /**< in a row; 0: AIM_BREAKER_DEFAULT_FAILURES */
	uint32_t open_ms;      /**< 0: AIM_BREAKER_DEFAULT_OPEN_MS */
} aim_breaker_options;

/** A call that passed. Not to be changed by the caller. @since 0.1 */
typedef struct aim_breaker_ticket {
	uint32_t struct_size;
	uint32_t flags;      /**< 1: passed, and not back yet */
	uint64_t generation; /**< of the breaker's state when it passed */
} aim_breaker_ticket;

/** How it stands. @since 0.1 */
typedef struct aim_breaker_status {
	uint32_t struct_size;
	uint32_t state;         /**< AIM_BREAKER_* */
	uint32_t n_failures;    /**< in a row, until now */
	uint32_t retry_ms;      /**< open: how long until a probe may pass; else 0 */
} aim_breaker_status;

/** @param options  in, borrowed, may be NULL     @param out  out, owned; aim_breaker_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_breaker_new(aim_ctx *ctx, const aim_breaker_options *options,
                                                    aim_breaker **out, aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_breaker_free(aim_breaker *breaker);

/** Whether a call may be made now. Each that passes must leave.
 *  @param out_ticket  out, struct_size set by the caller; on failure it is none
 *  @return AIM_OK, AIM_E_BREAKER_OPEN (the message says for how long), AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_breaker_enter(aim_breaker *breaker, aim_breaker_ticket *out_ticket,
                                                      aim_error *err);

/** What came of a call that passed.
 *  @param ticket     in, out
 *  @param succeeded  in: 0 for a failure
 *  @return AIM_OK, AIM_E_STATE (it did not pass, or left before), AIM_E_INVALID
 *  Threads: locked (ticket: confined).  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_breaker_leave(aim_breaker *breaker, aim_breaker_ticket *ticket, int32_t succeeded,
                                     aim_error *err);

/** Closes it and forgets all failures.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_breaker_reset(aim_breaker *breaker);

/** @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_breaker_read(aim_breaker *breaker, aim_breaker_status *out);

/** "open", "closed", "half_open"; "unknown" for any other number.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_breaker_state_name(uint32_t state);

AIM_END_DECLS

#endif
