/** aim/guard.h — a filter between an MCP client and an MCP server on stdio. It does no I/O: feed it the
 *  bytes of either side, write out what it has for each side. An aim_guard is confined.
 *
 *      aim_guard_options o = {.struct_size = sizeof o, .audit = log, .registry = registry};
 *      o.agent = agent_id, o.server = server_id;
 *      rc = aim_guard_new(ctx, &o, &guard, &err);
 *      rc = aim_guard_feed(guard, AIM_GUARD_CLIENT, bytes, &used, &err);     // split anywhere
 *      aim_bytes out = aim_guard_output(guard, AIM_GUARD_SERVER);
 *      aim_guard_consume(guard, AIM_GUARD_SERVER, write_some(fd, out));
 *      rc = aim_guard_end(guard, AIM_GUARD_CLIENT, &err);                    // end of file
 *      aim_guard_free(guard);
 *
 *  What is allowed is forwarded byte for byte, line ending included. What is denied is answered by the
 *  guard itself with a code, a general sentence and a decision id; rule and reason go to the audit log
 *  and to the event callback only. Every decision is recorded before its message is forwarded, and a
 *  message that cannot be recorded is denied. Malformed input never reaches the other side.
 *
 *  Definitions of tools, prompts, resources and resource templates are scanned (aim/scan.h) when they are new or
 *  changed, and so are the server's instructions. What has a critical finding is not shown and cannot be asked for,
 *  whatever a policy says, until that very definition is approved (aim_baseline_approve()). With a registry the verdict
 *  on a tool is kept, and holds for later connections under the same rules. A tool that this server does not have and
 *  another registered one does is refused, as "confused_deputy". Each scan that finds something is an audit record of kind "scan": rules and
 *  places, never the text.
 *
 *  With a registry, what differs from the baseline is drift (aim/drift.h): the candidate, one open record for what was
 *  found, its alert, the server's trust and the audit records are one transaction. A list that shows what the last
 *  one showed writes nothing.
 *
 *  Both protocol eras are understood and told apart by their traffic: up to 2025-11-25 (initialize,
 *  requests of the server to the client) and 2026-07-28 (no handshake, input_required results).
 *  JSON-RPC batches exist in 2025-03-26 only and are refused in every other revision. Where they exist,
 *  each element is treated as a message of its own: what is refused is cut out of the array and answered,
 *  the rest stays byte for byte.
 */
#ifndef AIM_GUARD_H
#define AIM_GUARD_H

#include <aim/audit.h>
#include <aim/ctx.h>

AIM_BEGIN_DECLS

struct aim_authorizer;
struct aim_behaviour;
struct aim_drift;
struct aim_rates;
struct aim_registry;

typedef struct aim_guard aim_guard;

/** The two sides of a guard. @since 0.1 */
#define AIM_GUARD_CLIENT 1u
#define AIM_GUARD_SERVER 2u

/** What holds besides a policy. @since 0.1 */
#define AIM_GUARD_PINNED 0u  /**< deny tools that changed since their baseline, and those whose definition
                              *   scans as critical until it is approved. Without a policy also
                              *   deny tools that were never listed, ask for tools that say they are
                              *   destructive, allow the rest */
#define AIM_GUARD_OBSERVE 1u /**< decide as PINNED and record what would have been denied; withhold
                              *   nothing but malformed input */
#define AIM_GUARD_LOCKED 2u  /**< deny everything but tools whose baseline was approved */

/** Flags of aim_guard_options. @since 0.1 */
#define AIM_GUARD_MONITOR 1u       /**< any preset and policy: decide and record, withhold nothing */
#define AIM_GUARD_ALLOW_UNKNOWN 2u /**< methods this library does not know pass; without the flag only
                                    *   a policy can allow them */

#define AIM_GUARD_LEARN 4u         /**< what comes of the client's requests is counted: usage (aim/usage.h), trust
                                    *   (aim/trust.h) and usual behaviour (aim/behaviour.h) of agent and server; the
                                    *   connection is noted at their link, and one without a link is drift. Needs a
                                    *   registry and an agent. Call aim_guard_poll() when it is due */
#define AIM_GUARD_LINK 8u          /**< whoever starts the server vouches for it: agent and server are linked first */

#define AIM_GUARD_MARK 16u         /**< what scans as critical stays in its list, with "libaim/scan":"critical" in its _meta,
                                    *   and still cannot be called; without the flag it is cut out. So are
                                    *   instructions of the server. What leaves no room for the mark is cut out */

#define AIM_GUARD_KEEP_APPROVALS 32u /**< what a policy or the preset asks a person for waits in the store (aim/approval.h): the
                                    *   client is told its id, and the same request, made again after somebody approved
                                    *   it, passes once. Needs a registry and an agent; excludes approve */

/** What an event tells. @since 0.1 */
#define AIM_GUARD_EVENT_ALLOWED 1u       /**< a gated request was allowed and forwarded */
#define AIM_GUARD_EVENT_DENIED 2u        /**< a gated request was denied and answered */
#define AIM_GUARD_EVENT_MONITORED 3u     /**< forwarded, though it would have been denied */
#define AIM_GUARD_EVENT_NEW_TOOL 4u      /**< first sight: a pending baseline was registered */
#define AIM_GUARD_EVENT_DRIFT 5u         /**< a tool differs from its baseline, is new beside one, or its
                                          *   name is listed twice */
#define AIM_GUARD_EVENT_DROPPED_TOOL 6u  /**< a tool was cut out of a list */
#define AIM_GUARD_EVENT_MALFORMED 7u     /**< not JSON, not JSON-RPC or not MCP; not forwarded */
#define AIM_GUARD_EVENT_DROPPED_REPLY 8u /**< a reply that answers no open request; not forwarded */
#define AIM_GUARD_EVENT_UNRECORDED 9u    /**< the audit log refused; status says why */
#define AIM_GUARD_EVENT_PROTOCOL 10u     /**< the protocol version was recognised; name holds it */
#define AIM_GUARD_EVENT_CLOSED 11u       /**< one side ended; count requests were left unanswered */

#define AIM_GUARD_EVENT_SCAN 12u         /**< a scan found a warning or more in a definition or in the server's
                                          *   instructions: code is the severity, rule and reason are of the
                                          *   worst of count findings, method the one that lists it */

#define AIM_GUARD_EVENT_RECORD 13u       /**< a drift record and its alert were opened: name is the part of the server,
                                         *   code the severity, record and alert their ids, count the findings */

#define AIM_GUARD_EVENT_DROPPED_ENTRY 14u /**< a prompt, resource or template was cut out of a list, or the server's
                                          *   instructions out of their reply */
#define AIM_GUARD_EVENT_MARKED 15u        /**< the same, or a tool, was shown with a mark */
#define AIM_GUARD_EVENT_RESPONSE 16u     /**< a result carried what it should not: code is the action (aim/response.h), rule the
                                          *   first that was found, count how many */

/** What happened, for the operator. Spans are borrowed for the call; absent ones are empty.
 *  @since 0.1 */
typedef struct aim_guard_event {
	uint32_t struct_size;
	uint32_t kind;     /**< AIM_GUARD_EVENT_* */
	uint32_t from;     /**< the side whose message it was */
	uint32_t count;    /**< how many happenings it stands for */
	aim_status status; /**< why, where a status says it; else AIM_OK */
	uint32_t reserved;
	aim_str method;
	aim_str name;        /**< tool, resource, prompt, … */
	aim_str request;     /**< JSON-RPC id as text */
	aim_str code;        /**< stable, for machines; as in the audit record */
	aim_str reason;      /**< for the operator only */
	aim_str rule;        /**< for the operator only: id of the deciding rule */
	aim_str decision_id; /**< stands in the audit record and in the answer to the client */
	aim_str fingerprint; /**< of the tool */
	aim_str record;      /**< id of the drift record */
	aim_str alert;       /**< id of its alert */
	aim_str approval;    /**< id of the approval that is waited for, was denied or is used up by this request */
} aim_guard_event;

/** May not call back into the guard. @since 0.1 */
typedef void (*aim_guard_event_fn)(void *user, const aim_guard_event *event);

/** Asked when a decision is "ask". AIM_OK approves this one request, anything else denies it. The guard
 *  waits for the answer. @since 0.1 */
typedef aim_status (*aim_guard_approve_fn)(void *user, const aim_guard_event *question);

/** Which labels of aim/flow.h (AIM_FLOW_*) a request of the client would set; 0: none. action and subject are those that
 *  policies see ("mcp_tool" and the tool's name, …), borrowed for the call. @since 0.1 */
typedef uint32_t (*aim_guard_labels_fn)(void *user, aim_str action, aim_str subject);

/** aim_guard_options.response_policy: what becomes of results and errors of tools/call, resources/read, prompts/get,
 *  tasks/get and tasks/result that carry instructions, credentials, personal data or URLs that carry data away (aim/response.h). With OBSERVE and
 *  MONITOR nothing is withheld or changed. @since 0.1 */
#define AIM_GUARD_RESPONSES_LOG 0u      /**< recorded and told, and passed on as they are */
#define AIM_GUARD_RESPONSES_OFF 1u      /**< not looked at */
#define AIM_GUARD_RESPONSES_SANITIZE 2u /**< passed on without what was found */
#define AIM_GUARD_RESPONSES_BLOCK 3u    /**< withheld; the client is told that */

/** @since 0.1 */
typedef struct aim_guard_options {
	uint32_t struct_size;
	uint32_t flags;                /**< AIM_GUARD_MONITOR, ALLOW_UNKNOWN, LEARN, LINK, MARK, KEEP_APPROVALS */
	uint32_t preset;               /**< AIM_GUARD_PINNED, OBSERVE or LOCKED */
	uint32_t malformed_per_minute; /**< malformed input recorded one by one; past that one record per
	                                *   minute holds the count; 0: 20 */
	struct aim_registry *registry; /**< in, kept; optional: without it baselines last as long as the guard */
	aim_audit *audit;              /**< in, kept; optional: without it nothing is recorded */
	struct aim_authorizer *authorizer; /**< in, borrowed until the guard is freed; optional: the preset
	                                    *   decides alone */
	aim_str agent;                 /**< in, copied: id of the client's agent */
	aim_str agent_name;            /**< in, copied: what policies call it; empty: the id */
	aim_str server;                /**< in, copied: id of the server; required with a registry */
	aim_str server_name;           /**< in, copied: what policies call it; empty: the id */
	aim_str session;               /**< in, copied; optional: a name for this run in the records */
	aim_guard_event_fn event;      /**< optional */
	aim_guard_approve_fn approve;  /**< optional: without it and AIM_GUARD_KEEP_APPROVALS "ask" means deny */
	void *user;                    /**< for event, approve and labels */
	void (*destroy)(void *user);   /**< optional; runs once, also when aim_guard_new() fails */
	struct aim_flow *flow;         /**< in, borrowed until the guard is freed; optional: what passes through the
	                                *   agent's session is kept apart. Needs labels */
	aim_guard_labels_fn labels;    /**< required with flow; called with user */
	struct aim_drift *drift;       /**< in, borrowed until the guard is freed; optional, on the same registry: whose
	                                *   severities, scanner and callback hold. Its findings become those of the lists.
	                                *   Without it the guard has its own */
	struct aim_behaviour *behaviour; /**< in, borrowed until the guard is freed; optional: learns with AIM_GUARD_LEARN, over
	                                *   many guards. Without it the guard has its own, which knows this connection */
	uint32_t response_policy;      /**< AIM_GUARD_RESPONSES_* */
	uint32_t reserved;             /**< 0 */
	struct aim_rates *rates;       /**< in, borrowed until the guard is freed; optional, shared by all guards: counts calls for
	                                *   policies with conditions on rates. Without it rates are unknown */
} aim_guard_options;

/** What a guard has done so far. @since 0.1 */
typedef struct aim_guard_counters {
	uint32_t struct_size;
	uint32_t n_open;          /**< requests waiting for their reply now, both directions */
	uint64_t n_messages;      /**< lines read, both sides */
	uint64_t n_forwarded;     /**< lines passed on */
	uint64_t n_allowed;       /**< gated requests allowed */
	uint64_t n_denied;        /**< gated requests denied */
	uint64_t n_monitored;     /**< gated requests that would have been denied */
	uint64_t n_malformed;     /**< lines refused */
	uint64_t n_dropped;       /**< replies dropped */
	uint64_t n_tools;         /**< tools known */
	uint64_t n_drifted;       /**< tools that differ from their baseline now */
} aim_guard_counters;

/** A guard for one connection.
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_guard_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_RANDOM, what aim_baseline_open(), aim_link_add()
 *          and aim_drift_check() return with AIM_GUARD_LEARN or AIM_GUARD_LINK, and what aim_audit_append() returns:
 *          its first record says that the session began
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_guard_new(aim_ctx *ctx, const aim_guard_options *options,
                                                  aim_guard **out, aim_error *err);

/** Frees the guard; what it still holds for either side is lost. NULL is ignored.
 *  Threads: confined.  @since 0.1 */
AIM_API void aim_guard_free(aim_guard *guard);

/** Takes bytes that one side wrote. Stops early, after a whole line, when the output for a side is full:
 *  then consume and feed the rest. Bad input is no failure of this call: it is answered or dropped.
 *  @param from      in, AIM_GUARD_CLIENT or AIM_GUARD_SERVER
 *  @param bytes     in, borrowed for the call     @param out_used  out, bytes taken; always set
 *  @param err       out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_MCP_CLOSED after aim_guard_end(from).
 *          After a failure the line in work was not forwarded: close the connection.
 *  Threads: confined.  Allocates: not once warm.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_guard_feed(aim_guard *guard, uint32_t from, aim_bytes bytes,
                                                   size_t *out_used, aim_error *err);

/** One side has ended. An unterminated last line is handled as if it had ended in a newline; requests
 *  that nobody can answer any more are recorded as such.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_MCP_CLOSED when called twice
 *  Threads: confined.  @since 0.1 */
AIM_API aim_status aim_guard_end(aim_guard *guard, uint32_t from, aim_error *err);

/** Counts what came of requests, when that is due: with AIM_GUARD_LEARN, 5 seconds after the first of them. It is also done
 *  when 1,024 wait, and when both sides have ended. What fails waits, and is tried again; what a crash takes along are
 *  counts, never audit records. aim_guard_free() alone counts nothing.
 *  @return AIM_OK (also when nothing is due), AIM_E_INVALID, AIM_E_NOMEM, or what aim_usage_add(), aim_trust_record() and
 *          aim_drift_note_behaviour() return
 *  Threads: confined.  Allocates: yes, when something is due.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_guard_poll(aim_guard *guard, int64_t now_us, aim_error *err);

/** Milliseconds from now_us until aim_guard_poll() has work; -1 when there is none waiting.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_guard_next_deadline_ms(const aim_guard *guard, int64_t now_us);

/** 1 while aim_guard_feed() would take a line from that side, 0 while the output is full.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_guard_wants(const aim_guard *guard, uint32_t from);

/** The bytes waiting for one side; whole lines, borrowed until the next call on the guard.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_bytes aim_guard_output(const aim_guard *guard, uint32_t to);

/** Drops the first n bytes of the output for one side: they were written.
 *  @return AIM_OK, AIM_E_INVALID when there are fewer
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_guard_consume(aim_guard *guard, uint32_t to, size_t n);

/** @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_guard_count(const aim_guard *guard, aim_guard_counters *out);

AIM_END_DECLS

#endif
