/* enforce/limiter.h — sliding-window rates per key: at most `limit` takes in any `window_us`. Exact, as
 * each take is remembered until it leaves the window. Bounded in keys and in takes; when either runs out
 * it fails closed. Confined: the owner locks. */
#ifndef AIM_ENFORCE_LIMITER_H
#define AIM_ENFORCE_LIMITER_H

#include "base/map.h"

typedef struct aim__limiter {
	aim_ctx *ctx;     /* borrowed */
	aim__map rates;   /* key → aim__rate */
	size_t max_keys;
	size_t n_stamps;  /* room taken by all rates */
	size_t max_stamps;
	int64_t next_sweep_us;
} aim__limiter;

void aim__limiter_init(aim__limiter *limiter, aim_ctx *ctx, size_t max_keys);
void aim__limiter_dispose(aim__limiter *limiter);
/* One call at now_us. A clock that stepped back counts as standing still.
 * AIM_OK, AIM_DENIED (over the limit; nothing is counted), AIM_E_LIMIT (no room to count), AIM_E_NOMEM. */
aim_status aim__limiter_take(aim__limiter *limiter, aim_bytes key, uint32_t limit, int64_t window_us,
                             int64_t now_us);
/* Takes back the newest take of key: the call was refused after all. */
void aim__limiter_give_back(aim__limiter *limiter, aim_bytes key);
/* Forgets everything counted. */
void aim__limiter_clear(aim__limiter *limiter);

#endif
