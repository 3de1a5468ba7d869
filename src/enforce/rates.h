/* enforce/rates.h — counting for conditions on rates. The caller holds the lock from the first look to the last
 * count, so that the test and the count are one step. */
#ifndef AIM_ENFORCE_RATES_H
#define AIM_ENFORCE_RATES_H

#include <aim/rates.h>

void aim__rates_lock(aim_rates *rates);
void aim__rates_unlock(aim_rates *rates);
/* Calls counted under key in the last window_us, rounded up. A clock that steps back counts as standing still. 0 when
 * there was none, -1 when there would be no room to count another. */
int64_t aim__rates_look(aim_rates *rates, aim_bytes key, int64_t window_us, int64_t now_us);
/* Counts one call. 0 when there is no room. */
int aim__rates_count(aim_rates *rates, aim_bytes key, int64_t window_us, int64_t now_us);

#endif
