/** aim/plugin/log.h — where diagnostics go. Without one libaim is silent; it never prints.
 *
 *      static void to_stderr(void *user, uint32_t level, aim_str message) {
 *          fprintf(stderr, "%.*s\n", (int)message.len, message.ptr); (void)user; (void)level;
 *      }
 *      aim_log l = {sizeof l, AIM_LOG_WARNING, to_stderr, NULL, NULL};
 *
 *  Messages never hold keys, tokens or argument values. This is for operators; evidence goes to the
 *  audit log.
 */
#ifndef AIM_PLUGIN_LOG_H
#define AIM_PLUGIN_LOG_H

#include <aim/span.h>

AIM_BEGIN_DECLS

#define AIM_LOG_DEBUG 1u
#define AIM_LOG_INFO 2u
#define AIM_LOG_WARNING 3u
#define AIM_LOG_ERROR 4u

/** Copied by aim_ctx_new(). May be called from any thread; must not call back into libaim.
 *  @since 0.1 */
typedef struct aim_log {
	uint32_t struct_size;
	uint32_t min_level; /**< AIM_LOG_*; 0 means everything */
	void (*write)(void *user, uint32_t level, aim_str message); /**< required */
	void *user;
	void (*destroy)(void *user); /**< runs once; optional */
} aim_log;

AIM_END_DECLS

#endif
