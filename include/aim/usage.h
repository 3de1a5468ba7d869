/** aim/usage.h — how often agents used servers and what came of it: per capability of a server, per server, per agent.
 *
 *      aim_usage_call call = {.struct_size = sizeof call, .outcome = AIM_USAGE_SUCCESS, .latency_us = 245000};
 *      call.agent = agent_id;
 *      call.server = server_id;
 *      call.capability = aim_str_from("mcp_tool:get_weather");
 *      rc = aim_usage_add(registry, &call, &err);                       // aim/action.h does it by itself
 *      ...
 *      aim_usage usage = {.struct_size = sizeof usage};
 *      rc = aim_usage_total(registry, server_id, &usage, &err);         // usage.n_calls, usage.p95_us, …
 *
 *  A call changes three rows of the registry's store, however many calls there were before. Latencies are kept in
 *  counters of which each power of two has 16: a percentile is at most a sixteenth above the truth, never below it.
 *  A server has rows for its first AIM_USAGE_MAX_CAPABILITIES capabilities; the rest counts as AIM_USAGE_OTHER.
 */
#ifndef AIM_USAGE_H
#define AIM_USAGE_H

#include <aim/registry.h>

AIM_BEGIN_DECLS

/** What came of a call. @since 0.1 */
#define AIM_USAGE_SUCCESS 1u
#define AIM_USAGE_FAILURE 2u
#define AIM_USAGE_UNREPORTED 3u /**< it was approved, and nobody said what came of it */

#define AIM_USAGE_MAX_CAPABILITIES 256u
#define AIM_USAGE_OTHER "*" /**< no capability is called so */

/** One call. @since 0.1 */
typedef struct aim_usage_call {
	uint32_t struct_size;
	uint32_t outcome;    /**< AIM_USAGE_* */
	int64_t latency_us;  /**< how long it took; −1: unknown */
	aim_str agent;       /**< required: agent id */
	aim_str server;      /**< server id; empty: no server had a part in it */
	aim_str capability;  /**< as in aim/grant.h, without wildcards; needed with a server */
} aim_usage_call;

/** Counts. Spans are borrowed for the call that gave them. @since 0.1 */
typedef struct aim_usage {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint64_t n_calls;      /**< the three below together */
	uint64_t n_successes, n_failures, n_unreported;
	uint64_t n_timed;      /**< calls whose latency is known */
	uint64_t sum_us;       /**< of those; stays at 2^53 − 1 */
	int64_t max_us;        /**< −1 when none was timed; so are those below */
	int64_t mean_us, p50_us, p95_us;
	int64_t first_us, last_us; /**< when, microseconds since 1970 */
	aim_str subject;       /**< server or agent id */
	aim_str capability;    /**< empty for totals */
} aim_usage;

/** Counts a call for the agent, the server and the server's capability. Audit: usage_recorded.
 *  @param call  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_CAPABILITY, AIM_E_NOT_FOUND (no such agent or server),
 *          AIM_E_CONFLICT (others keep changing the same rows), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_usage_add(aim_registry *registry, const aim_usage_call *call,
                                                  aim_error *err);

/** The counts of an agent or of a whole server.
 *  @param subject  in: agent or server id
 *  @param out      out, struct_size set by the caller; zero when there was no call; its spans are left empty
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (no such subject), AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_usage_total(aim_registry *registry, aim_str subject, aim_usage *out,
                                                    aim_error *err);

/** Receives one row, borrowed for the call; the registry may be used inside. A non-zero result ends the walk and is
 *  returned by it. @since 0.1 */
typedef aim_status (*aim_usage_visit)(void *user, const aim_usage *usage);

/** The counts of a server by capability, in order of their names.
 *  @param after  in: capability to go on behind; empty: from the start     @param limit  at most so many; 0: all
 *  @return AIM_OK (also when there are none), what visit returned, or as aim_usage_total()
 *  Threads: locked.  Allocates: yes, independent of the number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_usage_list(aim_registry *registry, aim_str server, aim_str after,
                                                   size_t limit, aim_usage_visit visit, void *user,
                                                   aim_error *err);

AIM_END_DECLS

#endif
