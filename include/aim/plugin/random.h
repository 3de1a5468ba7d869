/** aim/plugin/random.h — bring your own cryptographically secure random source.
 *
 *      static int32_t fill(void *user, void *out, size_t len) { return hsm_random(user, out, len); }
 *      aim_random r = {sizeof r, 0, fill, hsm, NULL};
 */
#ifndef AIM_PLUGIN_RANDOM_H
#define AIM_PLUGIN_RANDOM_H

#include <aim/status.h>

AIM_BEGIN_DECLS

/** Copied by aim_ctx_new(). May be called from any thread. @since 0.1 */
typedef struct aim_random {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** Fills all len bytes or fails. Required. Any non-zero result is AIM_E_RANDOM. */
	aim_status (*fill)(void *user, void *out, size_t len);
	void *user;
	void (*destroy)(void *user); /**< runs once; optional */
} aim_random;

AIM_END_DECLS

#endif
