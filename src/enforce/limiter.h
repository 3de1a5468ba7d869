/* enforce/limiter.h — rates per key: at most `limit` takes in any `window_us`, or for ever. Exact, as each take of a
 * window is remembered until it leaves it. Bounded in keys and in takes; when either runs out it fails closed.
 * Confined: the owner locks. */
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
	uint64_t generation; /* of the newest rate: no two have the same */
} aim__limiter;

#define AIM__LIMITER_FOREVER INT64_MAX /* as a window: takes are counted and never expire */

/* One take, to give it back. */
typedef struct aim__limiter_mark {
	int64_t at_us;
	uint64_t generation; /* of the rate; a rate that was forgotten has another when it comes back */
} aim__limiter_mark;

void aim__limiter_init(aim__limiter *limiter, aim_ctx *ctx, size_t max_keys);
void aim__limiter_dispose(aim__limiter *limiter);
/* One call at now_us, whose mark is set on AIM_OK. A clock that stepped back counts as standing still.
 * AIM_OK, AIM_DENIED (over the limit; nothing is counted), AIM_E_LIMIT (no room to count), AIM_E_NOMEM. */
aim_status aim__limiter_take(aim__limiter *limiter, aim_bytes key, uint32_t limit, int64_t window_us,
                             int64_t now_us, aim__limiter_mark *mark);
/* Takes back a take of key, unless it was forgotten: the call was refused after all. */
void aim__limiter_give_back(aim__limiter *limiter, aim_bytes key, const aim__limiter_mark *mark);
/* How many takes of key count at now_us. */
size_t aim__limiter_count(aim__limiter *limiter, aim_bytes key, int64_t now_us);
/* Forgets what was counted of key. */
void aim__limiter_forget(aim__limiter *limiter, aim_bytes key);
/* Forgets everything counted. */
void aim__limiter_clear(aim__limiter *limiter);

#endif
