/** aim/rates.h — how often calls were allowed lately, for policies with conditions on rates. An aim_rates is locked.
 *
 *      aim_rates *rates = NULL;
 *      rc = aim_rates_new(ctx, NULL, &rates, &err);
 *      ...
 *      facts.rates = rates;                           // the same for all calls
 *      rc = aim_policy_decide(policy, &request, decision, &err);
 *      ...
 *      aim_rates_free(rates);
 *
 *  A call is counted by the same step that allows it, under one lock: of two calls at once, one sees the other. A refused
 *  call counts nothing. All memory is taken at the start; a call that finds no room to be counted has an unknown rate.
 *  Windows move in sixteenths: a call counts for its window, and for up to a sixteenth of it longer.
 */
#ifndef AIM_RATES_H
#define AIM_RATES_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

typedef struct aim_rates aim_rates;

/** @since 0.1 */
typedef struct aim_rates_options {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t max_counters; /**< rates followed at once; 0: 16 384; at most 4 194 304 */
	uint32_t reserved;     /**< 0 */
} aim_rates_options;

/** An empty table.
 *  @param options  in, borrowed, NULL for the defaults     @param out  out, owned; aim_rates_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT (max_counters), AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_rates_new(aim_ctx *ctx, const aim_rates_options *options, aim_rates **out,
                                                  aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_rates_free(aim_rates *rates);

/** Forgets all calls counted so far.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_rates_clear(aim_rates *rates);

AIM_END_DECLS

#endif
