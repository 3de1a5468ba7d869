/** aim/flow.h — information flow: private data, untrusted content and a way out never meet in one session. An agent
 *  that has read private data and seen text that somebody else wrote is not let send anything outside, whichever came
 *  first, and whatever that text says.
 *
 *      aim_flow *flow = NULL;
 *      rc = aim_flow_new(ctx, NULL, &flow, &err);
 *      ...
 *      aim_flow_call call = {.struct_size = sizeof call, .labels = AIM_FLOW_SEND};
 *      call.agent = agent_id;
 *      call.session = session_id;                     // the host's; empty: one for each agent
 *      call.tool = aim_str_from("send_email");
 *      if (aim_flow_check(flow, &call, now_us, NULL, &err) != AIM_OK)
 *          return refuse(err.message);                // names the calls that set the other two labels
 *
 *  aim_flow is locked. Each session has three labels. What a call would do is said by its labels, which the host knows
 *  of the tool; what a server says of itself may add labels, and must never take one away. A label is set when the
 *  call is decided, by the very step that tests it, and not when its result arrives: of two calls at once, one sees
 *  the other. It stays for ttl_s from the last call that set it, or until the session is over.
 *
 *  A decision that takes other things into account asks this last: a call that something else refuses afterwards has
 *  set its labels all the same.
 *
 *  All times are the caller's. One that steps back ends no label early.
 */
#ifndef AIM_FLOW_H
#define AIM_FLOW_H

#include <aim/ctx.h>

AIM_BEGIN_DECLS

typedef struct aim_flow aim_flow;

/** Labels, as bits. @since 0.1 */
#define AIM_FLOW_PRIVATE 1u   /**< private data was read */
#define AIM_FLOW_UNTRUSTED 2u /**< content from somebody who is not trusted was seen */
#define AIM_FLOW_SEND 4u      /**< something was sent outside */
#define AIM_FLOW_ALL 7u

/** Bounds. @since 0.1 */
#define AIM_FLOW_N_LABELS 3u
#define AIM_FLOW_MAX_RULES 4u
#define AIM_FLOW_MAX_NAME 256u /**< bytes of an agent, and of a session */
#define AIM_FLOW_NAME_SIZE 128 /**< of a tool and a call that are remembered, with the NUL; longer ones are cut */

/** How flows are kept apart. 0 takes the default. @since 0.1 */
typedef struct aim_flow_options {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t ttl_s;        /**< 3 600; at most 31 days */
	uint32_t max_sessions; /**< that have a label; 10 000, at most 1 000 000 */
	uint32_t never[AIM_FLOW_MAX_RULES]; /**< sets of labels that never come together; all 0: AIM_FLOW_ALL */
} aim_flow_options;

/** A call that is being decided. @since 0.1 */
typedef struct aim_flow_call {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t labels;   /**< AIM_FLOW_* that it would set; 0: none, and it passes */
	uint32_t reserved; /**< 0 */
	aim_str agent;     /**< required: whose session it is */
	aim_str session;   /**< the host's name of it, or of the connection where the protocol has no sessions */
	aim_str tool;      /**< what is called, for the denials of later calls */
	aim_str call;      /**< the host's id of the call or of the decision, likewise; may be empty */
} aim_flow_call;

/** The call that set a label last. @since 0.1 */
typedef struct aim_flow_source {
	int64_t at_us;        /**< 0: the label is not set */
	int64_t expires_at_us;
	char tool[AIM_FLOW_NAME_SIZE]; /**< NUL-terminated; what cannot be shown is '?' */
	char call[AIM_FLOW_NAME_SIZE];
} aim_flow_source;

/** What is known of a session. @since 0.1 */
typedef struct aim_flow_state {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t labels;   /**< AIM_FLOW_* that are set; after a denial as before the call */
	uint32_t broken;   /**< of a denial: the set that would have come together; else 0 */
	aim_flow_source sources[AIM_FLOW_N_LABELS]; /**< of PRIVATE, UNTRUSTED and SEND */
} aim_flow_state;

/** A table of sessions, all without labels.
 *  @param ctx      in; kept alive until the table is freed
 *  @param options  in, borrowed, NULL for the defaults     @param out  out, owned; aim_flow_free()
 *  @return AIM_OK, AIM_E_INVALID (a bit that is no label), AIM_E_VERSION, AIM_E_LIMIT (ttl_s, max_sessions),
 *          AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_flow_new(aim_ctx *ctx, const aim_flow_options *options,
                                                 aim_flow **out, aim_error *err);

/** Frees the table. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_flow_free(aim_flow *flow);

/** Decides whether a call may set its labels, and sets them if so. Refused is a call with a label of a set that
 *  would then be complete; a call without any of the set's labels is not, nor does a refused call set anything.
 *  Takes the same time however many sessions there are.
 *  @param call    in, borrowed     @param now_us  in, microseconds since 1970, > 0
 *  @param out     out, may be NULL; struct_size set by the caller; all labels first, so that a failure permits nothing
 *  @return AIM_OK only for allow; AIM_DENIED (err names the calls that set the other labels), AIM_E_FLOW_FULL (as many
 *          sessions as there may be have a label; the call has not set any), AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: locked.  Allocates: for a session's first label.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_flow_check(aim_flow *flow, const aim_flow_call *call,
                                                   int64_t now_us, aim_flow_state *out,
                                                   aim_error *err);

/** What is known of a session now; nothing is set. A fact for policies that decide themselves.
 *  @param session  in: may be empty, as in a call     @param out  out, struct_size set by the caller
 *  @return AIM_OK (also for a session without labels), AIM_E_INVALID
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_flow_look(aim_flow *flow, aim_str agent, aim_str session, int64_t now_us,
                                 aim_flow_state *out);

/** Forgets a session, because it is over and what it saw is gone with it. Not for agents to ask for.
 *  @return AIM_OK (also when it had no label), AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_flow_end(aim_flow *flow, aim_str agent, aim_str session);

/** How many sessions have a label, or had one and were not yet forgotten; 0 for NULL.  Threads: locked.  Allocates: no.
 *  @since 0.1 */
AIM_API uint64_t aim_flow_sessions(aim_flow *flow);

/** "private_data", "untrusted_content", "external_send"; "unknown" for anything but one label.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_flow_label_name(uint32_t label);
/** The label of such a name; 0 when it is none.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_flow_label_of(aim_str name);

AIM_END_DECLS

#endif
