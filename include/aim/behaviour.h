/** aim/behaviour.h — how an agent or a server usually behaves, action by action, and when it no longer does. A tracker
 *  is locked.
 *
 *      aim_behaviour *tracker = NULL;
 *      aim_behaviour_new(ctx, NULL, &tracker, &err);
 *      aim_behaviour_event event = {.struct_size = sizeof event, .time_us = now_us, .latency_us = 12000};
 *      event.subject = agent_id;
 *      event.action = aim_str_from("mcp_tool:read_file");
 *      event.parameter_bytes = n;
 *      rc = aim_behaviour_observe(tracker, &event, on_finding, host, &err);   // raises an alert, say
 *      ...
 *      aim_behaviour_free(tracker);
 *
 *  Of each action the rate, the share of errors, the latency and the size of parameters are kept as a slow and a fast
 *  decaying mean and a variance: a fixed size however much was observed, whole numbers only, and the same everywhere.
 *  Rates, latencies and sizes are compared by their logarithm: twice is as far as half. When the fast mean leaves the
 *  bound around the slow one and stays out for sustain_s, that is a finding, once, until it is back or the host accepts
 *  it. While it is out, the slow mean does not learn: nobody gets used to what was not accepted.
 *
 *  Nothing is judged before the subject (new actions) and the action (all else) were observed warm_up times. Events may
 *  come out of order: an earlier time counts as the latest seen. What was learned lives in the tracker alone.
 */
#ifndef AIM_BEHAVIOUR_H
#define AIM_BEHAVIOUR_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

typedef struct aim_behaviour aim_behaviour;

/** What deviates. @since 0.1 */
#define AIM_BEHAVIOUR_NEW_ACTION 1u            /**< an action that this subject never did before */
#define AIM_BEHAVIOUR_RATE 2u                  /**< comes more often, or less */
#define AIM_BEHAVIOUR_ERRORS 3u                /**< another share of it fails */
#define AIM_BEHAVIOUR_LATENCY 4u               /**< takes longer, or less */
#define AIM_BEHAVIOUR_PARAMETER_SIZE 5u        /**< has larger parameters, or smaller */
#define AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS 6u /**< the host saw a pattern or a breach of the schema in them */
#define AIM_BEHAVIOUR_UNEXPECTED_RESPONSE 7u   /**< the host saw an answer that is none, or not of its schema */

/** What came of an event, and what the host saw in it. @since 0.1 */
#define AIM_BEHAVIOUR_FAILED 1u
#define AIM_BEHAVIOUR_SUSPICIOUS 2u /**< of AIM_BEHAVIOUR_SUSPICIOUS_PARAMETERS */
#define AIM_BEHAVIOUR_UNEXPECTED 4u /**< of AIM_BEHAVIOUR_UNEXPECTED_RESPONSE */

#define AIM_BEHAVIOUR_MAX_NAME_BYTES 256u

/** @since 0.1 */
typedef struct aim_behaviour_options {
	uint32_t struct_size;
	uint32_t flags;             /**< 0 */
	uint32_t warm_up;           /**< observations before anything is judged; 0: 50 */
	uint32_t sustain_s;         /**< how long a deviation must last; 0: 300 */
	uint32_t deviation_permille; /**< bound, in thousandths of a standard deviation, at most 30 000; 0: 1 500 */
	uint32_t least_permille;    /**< least bound on rates, latencies and sizes, thousandths of a doubling; 0: 1 000 */
	uint32_t least_errors_permille; /**< least bound on the share of errors; 0: 200 */
	uint32_t max_subjects;      /**< 0: 1 024 */
	uint32_t max_actions;       /**< of a subject; past that the one that was not seen for longest is forgotten; 0: 64 */
	uint32_t reserved;          /**< 0 */
} aim_behaviour_options;

/** One action of a subject: a call of a tool, say. @since 0.1 */
typedef struct aim_behaviour_event {
	uint32_t struct_size;
	uint32_t flags;           /**< AIM_BEHAVIOUR_FAILED, …SUSPICIOUS, …UNEXPECTED */
	int64_t time_us;          /**< microseconds since 1970, not negative */
	int64_t latency_us;       /**< −1: unknown */
	uint64_t parameter_bytes; /**< size of the parameters */
	aim_str subject;          /**< id of the agent or the server: 1–256 bytes */
	aim_str action;           /**< 1–256 bytes */
} aim_behaviour_event;

/** A finding. Spans are borrowed for the call that gave it. @since 0.1 */
typedef struct aim_behaviour_finding {
	uint32_t struct_size;
	uint32_t what;      /**< AIM_BEHAVIOUR_NEW_ACTION … */
	uint32_t over;      /**< 1: it is back inside its bound; 0: it went out, and stayed out */
	uint32_t reserved;  /**< 0 */
	int64_t since_us;   /**< since when it deviates */
	int64_t expected;   /**< the slow mean: microseconds between events, parts in a million, microseconds, bytes */
	int64_t observed;   /**< the fast mean, in the same unit; of what the host saw: how often since since_us */
	aim_str subject;
	aim_str action;
} aim_behaviour_finding;

/** Receives a finding; the tracker may be used inside. A non-zero result is returned by aim_behaviour_observe(); what
 *  was observed stays observed. @since 0.1 */
typedef aim_status (*aim_behaviour_visit)(void *user, const aim_behaviour_finding *finding);

/** Makes a tracker that has seen nothing.
 *  @param ctx      in; kept alive until the tracker is freed
 *  @param options  in, may be NULL     @param out  out, owned; aim_behaviour_free()
 *  @return AIM_OK, AIM_E_INVALID (a number out of range), AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_behaviour_new(aim_ctx *ctx, const aim_behaviour_options *options,
                                                      aim_behaviour **out, aim_error *err);

/** Frees it. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_behaviour_free(aim_behaviour *tracker);

/** Learns from one event and says what is wrong about it.
 *  @param event  in, borrowed
 *  @param visit  in, may be NULL; hears each finding, after the event was learned and outside the lock
 *  @return AIM_OK, AIM_E_INVALID (no subject, no action, too long, a negative time), AIM_E_VERSION, AIM_E_LIMIT (more
 *          subjects than max_subjects), AIM_E_NOMEM, or what visit returned
 *  Threads: locked.  Allocates: only for a subject or an action that is new.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_behaviour_observe(aim_behaviour *tracker, const aim_behaviour_event *event,
                                                          aim_behaviour_visit visit, void *user, aim_error *err);

/** Takes what is observed now for usual: the fast means become the slow ones, and what deviates no longer does.
 *  @param action  in: empty: every action of the subject
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_behaviour_accept(aim_behaviour *tracker, aim_str subject, aim_str action,
                                                         aim_error *err);

/** Forgets a subject: one that was revoked, say. Not to know it changes nothing.
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_behaviour_forget(aim_behaviour *tracker, aim_str subject, aim_error *err);

/** "new_action", "rate", "errors", "latency", "parameter_size", "suspicious_parameters", "unexpected_response";
 *  "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_behaviour_name(uint32_t what);

AIM_END_DECLS

#endif
