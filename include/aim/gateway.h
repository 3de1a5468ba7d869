/** aim/gateway.h — between an MCP client and its servers: may this agent call this tool with these arguments? An
 *  aim_gateway is locked.
 *
 *      aim_gateway_options o = {.struct_size = sizeof o, .flags = AIM_GATEWAY_BUDGET, .max_calls = 50};
 *      o.allowed = allowed;  o.n_allowed = 2;                 // "search", "read_file"
 *      rc = aim_gateway_new(ctx, &o, &gateway, &err);
 *      aim_gateway_call call = {.struct_size = sizeof call, .request = &request, .arguments = arguments};
 *      if (aim_gateway_intercept(gateway, &call, decision, &err) == AIM_OK)
 *          call_the_tool();
 *      else
 *          refuse(aim_decision_reason(decision));             // "Agent 'bot' exceeded call budget (50)"
 *
 *  The stages, in order; the first that refuses decides: deny list → allow list, when there is one → arguments → the
 *  agent's rate → a person, when the tool is sensitive. Any fault denies. A call that is refused uses up no rate.
 *
 *  An allow list compares names byte for byte. Deny list and sensitive tools also catch names that differ in case, in
 *  invisible characters or spaces, or only look the same ("ѕhell" with a Cyrillic s).
 *
 *  Arguments are looked at in every string, every name of a member and every number, at any depth, with the escapes of
 *  JSON undone; never as serialised text. Blocked patterns match without regard to ASCII case, and against text that
 *  is not ASCII also by what it looks like.
 */
#ifndef AIM_GATEWAY_H
#define AIM_GATEWAY_H

#include <aim/approval.h>
#include <aim/json.h>
#include <aim/limit.h>
#include <aim/patterns.h>
#include <aim/response.h>

AIM_BEGIN_DECLS

typedef struct aim_gateway aim_gateway;

/** aim_gateway_options.flags. @since 0.1 */
#define AIM_GATEWAY_BUDGET 1u          /**< max_calls is for ever, and 0 refuses all; without, it is of a window */
#define AIM_GATEWAY_NO_SANITISATION 2u /**< the built-in patterns are not looked for: only those in blocked */

/** What a person said; anything else denies. @since 0.1 */
#define AIM_GATEWAY_APPROVED 1u
#define AIM_GATEWAY_DENIED 2u
#define AIM_GATEWAY_PENDING 3u

#define AIM_GATEWAY_MAX_NAMES 65536u /**< of one list */

/** One call. Borrowed for the call. @since 0.1 */
typedef struct aim_gateway_call {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	const aim_request *request;  /**< required: agent (its registered id, authenticated) and tool; server, did, trust and
	                              *   risk are for the record */
	aim_bytes arguments;         /**< a JSON text; empty: none */
	const aim_json *document;    /**< the same, parsed already; NULL: arguments are parsed */
	aim_json_value value;        /**< of document: the arguments */
	uint32_t reserved;           /**< 0 */
	aim_str tool_fingerprint;    /**< of the tool's definition: bound by approvals; empty: not bound */
} aim_gateway_call;

/** Asks a person and waits. AIM_GATEWAY_APPROVED passes, anything else denies. No lock is held; called by several
 *  threads. @since 0.1 */
typedef uint32_t (*aim_gateway_approve)(void *user, const aim_gateway_call *call);

/** What became of one call, for counters of the host. @since 0.1 */
typedef struct aim_gateway_event {
	uint32_t struct_size;
	uint32_t effect;         /**< AIM_DECISION_* */
	uint32_t is_rate_limited;
	uint32_t n_threats;      /**< patterns found in the arguments, or threats in an answer */
	uint32_t is_scanned;     /**< the arguments, or the answer, were looked at */
	uint32_t is_answer;      /**< 1: what became of an answer, not of a call; reason_code is the action, such as "sanitize" */
	aim_str agent, tool, reason_code;
} aim_gateway_event;

/** Told of every decision and every answer, after it was recorded. Must not fail; called by several threads. @since 0.1 */
typedef void (*aim_gateway_metrics)(void *user, const aim_gateway_event *event);

/** @since 0.1 */
typedef struct aim_gateway_options {
	uint32_t struct_size;
	uint32_t flags;               /**< AIM_GATEWAY_* */
	uint32_t max_calls;           /**< of one agent; of a window, 0 is 100 */
	uint32_t window_s;            /**< 0: 300; not with AIM_GATEWAY_BUDGET */
	uint32_t max_agents;          /**< whose rates are followed; 0: 65 536 */
	uint32_t reserved;            /**< 0 */
	aim_str name;                 /**< of the policy, copied; empty: "default" */
	const aim_str *allowed;       /**< tools, copied; none: all that are not denied */
	size_t n_allowed;
	const aim_str *denied;        /**< tools, copied */
	size_t n_denied;
	const aim_str *sensitive;     /**< tools that need a person, copied */
	size_t n_sensitive;
	const aim_pattern *blocked;   /**< patterns, copied; see aim/plugin/matcher.h. ASCII case never matters */
	size_t n_blocked;
	aim_store *store;             /**< in, kept: rates are shared through it; NULL: counts in memory */
	aim_audit *audit;             /**< in, kept: each decision is recorded as "policy_evaluated"; may be NULL */
	aim_gateway_approve approve;  /**< NULL: see registry */
	aim_registry *registry;       /**< in, kept: without approve, sensitive calls wait there (aim/approval.h) and the
	                               *   answer is AIM_ASK; NULL too: they are denied */
	aim_gateway_metrics metrics;  /**< may be NULL */
	void *user;                   /**< of approve and metrics; must outlive the gateway */
	aim_scanner *scanner;         /**< in, kept: answers are scanned with it; NULL: this gateway has no answers scanned */
	const aim_response_options *response; /**< the policy of answers, copied; NULL: block */
} aim_gateway_options;

/** @since 0.1 */
typedef struct aim_gateway_counts {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint64_t n_total, n_allowed, n_denied, n_asked;
	uint64_t n_threats; /**< calls whose arguments matched a pattern */
	uint64_t n_answers;  /**< answers that were looked at */
	uint64_t n_withheld; /**< answers that were blocked; with those whose scan or record failed */
} aim_gateway_counts;

/** @param options  in, borrowed, may be NULL     @param out  out, owned; aim_gateway_free()
 *  @return AIM_OK, AIM_E_INVALID (also a tool without a name), AIM_E_VERSION, AIM_E_LIMIT, AIM_E_PATTERN (the message
 *          names the blocked pattern), AIM_E_UNSUPPORTED (patterns, in a build without an engine), AIM_E_NOMEM,
 *          AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gateway_new(aim_ctx *ctx, const aim_gateway_options *options,
                                                    aim_gateway **out, aim_error *err);

/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_gateway_free(aim_gateway *gateway);

/** Decides one call. A call that was allowed and cannot be recorded is denied (reason code "audit_failed").
 *  @param decision  out; set to deny first
 *  @return AIM_OK (allow), AIM_DENIED, AIM_ASK, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_UTF8
 *          and AIM_E_JSON_* (arguments), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, or those of aim_limit_reserve(),
 *          aim_approval_ask() and aim_audit_append()
 *  Threads: locked (decision: confined).  Allocates: not when as many threads came with as much before, the rates are
 *  in memory and nothing is recorded or asked.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gateway_intercept(aim_gateway *gateway, const aim_gateway_call *call,
                                                          aim_decision *decision, aim_error *err);

/** The working memory for answers, under the gateway's response policy. One for each thread.
 *  @param out  out, owned; aim_response_free(), in any order with the gateway
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UNSUPPORTED (the gateway has no scanner), AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gateway_response_new(aim_gateway *gateway, aim_response **out, aim_error *err);

/** What a tool answered, on its way back: scanned, judged by the gateway's response policy, recorded ("response_scan").
 *  An answer that could be passed on and cannot be recorded is blocked.
 *  @param request   in, borrowed: the request that was answered; agent and tool are required
 *  @param content   in, borrowed until response is used again or freed
 *  @param response  in: of aim_gateway_response_new() of this gateway; holds the threats (aim_response_threat_at())
 *  @param out       out, struct_size set by the caller; set to block first: allowed, action, reason, and as content what
 *                   may be passed on; spans borrowed from response
 *  @return AIM_OK (content may be passed on), AIM_DENIED (it is blocked), or a failure (blocked): AIM_E_INVALID (also a
 *          response of another policy or scanner), AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_UTF8, AIM_E_CLOCK,
 *          or those of aim_audit_append()
 *  Threads: locked (response: confined).  Allocates: as aim_response_scan(), and for the record.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gateway_intercept_response(aim_gateway *gateway, const aim_request *request,
                                                                   aim_bytes content, aim_response *response,
                                                                   aim_response_verdict *out, aim_error *err);

/** How many allowed calls of an agent count now.
 *  @return as aim_limit_count().  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_gateway_count(aim_gateway *gateway, aim_str agent, uint64_t *out, aim_error *err);
/** Gives an agent its whole budget back.
 *  @return as aim_limit_reset().  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_gateway_reset(aim_gateway *gateway, aim_str agent, aim_error *err);
/** Gives all agents their budgets back.
 *  @return as aim_limit_reset_all().  Threads: locked.  Allocates: with a store, yes.  @since 0.1 */
AIM_API aim_status aim_gateway_reset_all(aim_gateway *gateway, aim_error *err);

/** What happened so far.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_gateway_stats(aim_gateway *gateway, aim_gateway_counts *out);

/** Hash of the gateway's rules, 64 hex digits: what approvals are bound to.
 *  @return borrowed from gateway; {NULL, 0} for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_gateway_policy_hash(const aim_gateway *gateway);

/** A server's launch configuration together with the rules that it is to be run under, as a canonical JSON object:
 *  allowed_tools, builtin_sanitization (always true), denied_tools, policy_name, rate_limit (max_calls), sensitive_tools,
 *  server_config (the input, as a value).
 *  @param server_config  in: a JSON object, such as {"command":"python","args":["-m","server"]}
 *  @param options        in, borrowed, may be NULL     @param out  in: appended to; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_UTF8, AIM_E_JSON_*, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_gateway_wrap(aim_ctx *ctx, aim_bytes server_config,
                                                     const aim_gateway_options *options, aim_buf *out,
                                                     aim_error *err);

AIM_END_DECLS

#endif
