/* audit/trail_sketch.h — how long things took, in a fixed number of counters: whole numbers up to 31 each
 * have their own, above that each power of two is cut into 16. So a value stands for its counter with an
 * error of at most a sixteenth, and the same records give the same answer everywhere. Confined. */
#ifndef AIM_AUDIT_TRAIL_SKETCH_H
#define AIM_AUDIT_TRAIL_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define AIM__SKETCH_MAX ((INT64_C(1) << 36) - 1)
#define AIM__SKETCH_COUNTERS 528u

typedef struct aim__sketch {
	uint64_t n;
	uint64_t sum; /* stays at its greatest value rather than wrap */
	int64_t max;
	uint64_t counters[AIM__SKETCH_COUNTERS];
} aim__sketch;

/* value is cut to 0 … AIM__SKETCH_MAX. */
void aim__sketch_add(aim__sketch *sketch, int64_t value);
/* −1 when it is empty. */
int64_t aim__sketch_mean(const aim__sketch *sketch);
/* The least counter's greatest value that `percent` of the values do not pass; never above max. */
int64_t aim__sketch_percentile(const aim__sketch *sketch, unsigned percent);

#endif
