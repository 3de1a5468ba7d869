/** aim/plugin/clock.h — bring your own time; tests use a fake one.
 *
 *      static int32_t fixed(void *user, int64_t *out_us) { *out_us = *(int64_t *)user; return 0; }
 *      aim_clock c = {sizeof c, 0, fixed, NULL, &now_us, NULL};
 */
#ifndef AIM_PLUGIN_CLOCK_H
#define AIM_PLUGIN_CLOCK_H

#include <aim/status.h>

AIM_BEGIN_DECLS

/** Copied by aim_ctx_new(). May be called from any thread. @since 0.1 */
typedef struct aim_clock {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** Microseconds since 1970-01-01T00:00:00Z. Required. Any non-zero result is AIM_E_CLOCK. */
	aim_status (*now_us)(void *user, int64_t *out_us);
	/** Microseconds of a clock that never steps back, for latencies. Optional: now_us is used. */
	aim_status (*steady_us)(void *user, int64_t *out_us);
	void *user;
	void (*destroy)(void *user); /**< runs once; optional */
} aim_clock;

AIM_END_DECLS

#endif
