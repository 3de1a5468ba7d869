/** aim/ctx.h — the context: allocator, clock, random, log, crypto provider, matcher and limits, chosen once.
 *
 *      aim_ctx *ctx = NULL;
 *      aim_error err = {0};
 *      if (aim_ctx_new(NULL, &ctx, &err) != AIM_OK)
 *          return complain(err.message);
 *      ...
 *      aim_ctx_free(ctx);
 *
 *  A context is immutable and locked: share it between threads. Objects made on it keep it alive, so
 *  it may be freed before them. libaim has no other global state and no init call.
 */
#ifndef AIM_CTX_H
#define AIM_CTX_H

#include <aim/error.h>
#include <aim/plugin/allocator.h>
#include <aim/plugin/clock.h>
#include <aim/plugin/log.h>
#include <aim/plugin/random.h>

AIM_BEGIN_DECLS

typedef struct aim_ctx aim_ctx;
struct aim_crypto;
struct aim_matcher;

/** Upper bounds of everything that grows. 0 takes the default. Reaching one is AIM_E_LIMIT, or the
 *  reader's own code (AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE). @since 0.1 */
typedef struct aim_limits {
	uint32_t struct_size;
	uint32_t flags;             /**< 0 */
	uint64_t max_json_bytes;    /**< one document; 16 MiB */
	uint64_t max_json_values;   /**< values in one document; 1 000 000 */
	uint64_t max_buffer_bytes;  /**< one aim_buf; 64 MiB */
	uint64_t max_message_bytes; /**< one message through the guard; 4 MiB */
	uint32_t max_json_depth;    /**< 128 */
	uint32_t max_open_requests; /**< unanswered requests per guard and direction; 1 024 */
	uint32_t max_tools;         /**< tools of one server; 10 000 */
	uint32_t max_rules;         /**< rules of one policy; 200 000 */
	uint32_t max_queue_records; /**< audit records waiting in buffered mode; 4 096 */
	uint32_t max_name_bytes;    /**< a name of an agent, server, tool or grant; 256 */
} aim_limits;

/** What aim_ctx_new() takes. NULL members take the built-in. @since 0.1 */
typedef struct aim_ctx_options {
	uint32_t struct_size;
	uint32_t flags;                  /**< 0 */
	const aim_allocator *allocator;  /**< in, copied; malloc */
	const aim_clock *clock;          /**< in, copied; clock_gettime */
	const aim_random *random;        /**< in, copied; getrandom */
	const aim_log *log;              /**< in, copied; silent */
	const struct aim_crypto *crypto; /**< in, copied; see aim/plugin/crypto.h; libsodium */
	const aim_limits *limits;        /**< in, copied */
	/** Runs when a call is misused (NULL handle, wrong purpose). what is static text. Optional. */
	void (*misuse)(void *user, const char *function, const char *what);
	void *misuse_user;
	const struct aim_matcher *matcher; /**< in, copied; see aim/plugin/matcher.h; PCRE2 */
} aim_ctx_options;

/** Builds a context and runs the known-answer tests of the crypto provider, and of the matcher that options bring.
 *  Ownership of each plug-in's user pointer passes to the context: its destroy runs exactly once,
 *  also when this call fails (unless a struct_size is too small to hold the pointer to it).
 *  @param options  in, borrowed, NULL for all defaults     @param out  out, owned; aim_ctx_free()
 *  @param err      out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_SELF_TEST, AIM_E_RANDOM,
 *          AIM_E_UNSUPPORTED, AIM_E_CALLBACK (the matcher failed)
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_ctx_new(const aim_ctx_options *options, aim_ctx **out,
                                                aim_error *err);

/** Gives up the caller's reference. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_ctx_free(aim_ctx *ctx);

/** The limits in force, all set.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_ctx_limits(const aim_ctx *ctx, aim_limits *out);

/** The context's clock, microseconds since 1970-01-01T00:00:00Z.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CLOCK
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_ctx_now_us(const aim_ctx *ctx, int64_t *out_us);

AIM_END_DECLS

#endif
