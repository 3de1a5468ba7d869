/** aim/action.h — may this agent do this, on this server, now? And afterwards: what came of it. An
 *  aim_action_verifier is locked.
 *
 *      aim_action_request q = {.struct_size = sizeof q};
 *      q.agent = agent_id;
 *      q.server = server_id;
 *      q.action = aim_str_from("mcp_tool:web_search");
 *      aim_action_ticket ticket = {.struct_size = sizeof ticket};
 *      if (aim_action_check(verifier, &q, decision, &ticket, &err) != AIM_OK)
 *          return refuse(aim_decision_reason(decision));
 *      call_the_tool();
 *      aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS};
 *      o.agent = agent_id;
 *      o.token = aim_str_from(ticket.token);
 *      rc = aim_action_report(verifier, &o, &result, &err);     // exactly once
 *
 *  The stages, in order; the first that refuses decides: the agent is known → it is active → time, nonce and
 *  signature of a signed request → a grant covers action and resource → the server's status and drift → the policy →
 *  the trust gate → approval. Any fault denies.
 *
 *  Risk. A table of capabilities says how risky an action is; the caller can raise that, never lower it. Low risk
 *  needs a trust of 0.30, medium 0.50, high 0.70 and a score that is not provisional; an open critical alert or
 *  unapproved drift refuses medium and higher risk whatever the score. Critical risk also asks a human.
 *
 *  What is allowed gets a token: random, single use, bound to agent, server, action and resource; only a hash of it is
 *  stored. Reporting moves the trust of agent and server and counts the use, in one batch with its audit record. What
 *  was allowed and not reported in time counts as not successful.
 */
#ifndef AIM_ACTION_H
#define AIM_ACTION_H

#include <aim/authorizer.h>
#include <aim/key.h>
#include <aim/ledger.h>
#include <aim/replay.h>
#include <aim/trust.h>

AIM_BEGIN_DECLS

typedef struct aim_action_verifier aim_action_verifier;

/** Flags of a verifier. @since 0.1 */
#define AIM_ACTION_ALLOW_PROVISIONAL 1u /**< a provisional score is good enough for high risk */
#define AIM_ACTION_REQUIRE_SIGNED 2u    /**< requests without a signature are refused */
#define AIM_ACTION_REQUIRE_APPROVAL 4u  /**< high and critical risk ask a human whatever the trust; also of a request */

#define AIM_ACTION_KEEP_APPROVALS 8u    /**< without a callback, what needs an approval waits for one in the registry's
                                         *   store (aim/approval.h), is used up by the check that it allows, and is
                                         *   named by aim_decision_approval() */

/** What a human said; anything else denies. @since 0.1 */
#define AIM_ACTION_APPROVED 1u
#define AIM_ACTION_DENIED 2u
#define AIM_ACTION_PENDING 3u

/** What came of an action, also the states of aim_action. @since 0.1 */
#define AIM_ACTION_OPEN 1u       /**< allowed, and not reported yet */
#define AIM_ACTION_SUCCESS 2u
#define AIM_ACTION_FAILURE 3u
#define AIM_ACTION_UNREPORTED 4u /**< nobody reported it in time */

#define AIM_ACTION_DEFAULT_TTL_S 300u
#define AIM_ACTION_MAX_TTL_S 86400u
#define AIM_ACTION_DEFAULT_OPEN 1024u   /**< allowed and not reported yet, of one agent */
#define AIM_ACTION_KEEP_S 2592000       /**< results are kept for 30 days; the audit log has all */
#define AIM_ACTION_MAX_RISKS 4096u
#define AIM_ACTION_ID_SIZE 40u          /**< "act_", 32 hex digits, the NUL and room */
#define AIM_ACTION_TOKEN_SIZE 88u

/** How risky a capability is. Rows of the host go before those that are built in; of several that cover an action the
 *  gravest counts. What no row covers is AIM_DECISION_RISK_MEDIUM. @since 0.1 */
typedef struct aim_action_risk {
	aim_str capability; /**< pattern as in aim/grant.h */
	uint32_t risk;      /**< AIM_DECISION_RISK_LOW … CRITICAL */
	uint32_t reserved;  /**< 0 */
} aim_action_risk;

/** What a human is asked. Spans are borrowed for the call. @since 0.1 */
typedef struct aim_action_question {
	uint32_t struct_size;
	uint32_t risk;        /**< AIM_DECISION_RISK_* */
	int64_t trust_micro;  /**< of the agent */
	aim_str agent;        /**< id */
	aim_str agent_name;
	aim_str server;       /**< id; empty: none */
	aim_str server_name;
	aim_str action, resource, session;
	aim_bytes context;    /**< the caller's, in canonical form */
	aim_str rule;         /**< of the policy that asks; empty: the risk does */
} aim_action_question;

/** Asks a human and waits. AIM_ACTION_APPROVED passes; anything else denies. What was true before the question is looked
 *  at again after the answer. Must be safe to call from several threads. @since 0.1 */
typedef uint32_t (*aim_action_approve)(void *user, const aim_action_question *question);

/** @since 0.1 */
typedef struct aim_action_options {
	uint32_t struct_size;
	uint32_t flags;               /**< AIM_ACTION_ALLOW_PROVISIONAL, REQUIRE_SIGNED, REQUIRE_APPROVAL, KEEP_APPROVALS */
	uint32_t ttl_s;               /**< how long there is to report; 0: AIM_ACTION_DEFAULT_TTL_S */
	uint32_t max_open;            /**< of one agent; 0: AIM_ACTION_DEFAULT_OPEN */
	aim_authorizer *authorizer;   /**< in, borrowed, must outlive the verifier; NULL: no policy is asked */
	aim_replay *replay;           /**< in, borrowed likewise; NULL: signed requests are refused */
	aim_ledger *ledger;           /**< in, borrowed likewise; NULL: a ledger with its defaults */
	const aim_action_risk *risks; /**< in, copied */
	size_t n_risks;               /**< ≤ AIM_ACTION_MAX_RISKS */
	aim_str source;               /**< in, copied: under which name evidence about agents is given; a name;
	                               *   empty: "action-verifier" */
	aim_action_approve approve;   /**< NULL: what needs an approval is AIM_ASK */
	void *user;                   /**< for approve */
} aim_action_options;

/** What an agent wants to do. All borrowed for the call. @since 0.1 */
typedef struct aim_action_request {
	uint32_t struct_size;
	uint32_t flags;                   /**< AIM_ACTION_REQUIRE_APPROVAL, or 0 */
	uint32_t risk;                    /**< AIM_DECISION_RISK_*, to raise what the table says; 0: the table's */
	uint32_t reserved;                /**< 0 */
	aim_str agent;                    /**< required: agent id, authenticated by the caller unless signed */
	aim_str server;                   /**< server id; empty: no server has a part in it */
	aim_str action;                   /**< required: "mcp_tool:web_search", "files:read"; a capability */
	aim_str resource;                 /**< what is acted upon; ≤ 4 096 bytes */
	aim_str session;                  /**< the host's; ≤ 256 bytes */
	aim_bytes context;                /**< a JSON object; only a commitment to it is recorded */
	const aim_str *capabilities;      /**< for the policy: what the agent holds; NULL: unknown */
	size_t n_capabilities;
	int64_t signed_at_us;             /**< of a signed request, as the rest below */
	aim_str nonce;                    /**< 1 to 128 bytes, new for each request */
	const aim_public_key *public_key; /**< a key that speaks for the agent */
	aim_bytes signature;              /**< 64 bytes of aim_action_sign(); empty: not signed */
} aim_action_request;

/** What an allowed action gets. @since 0.1 */
typedef struct aim_action_ticket {
	uint32_t struct_size;
	uint32_t risk;         /**< as it was judged: AIM_DECISION_RISK_* */
	int64_t expires_at_us; /**< to be reported before */
	int64_t trust_micro;   /**< of the agent */
	char id[AIM_ACTION_ID_SIZE];       /**< public: names the action in audit records */
	char token[AIM_ACTION_TOKEN_SIZE]; /**< secret: who has it can report */
} aim_action_ticket;

/** What came of it. @since 0.1 */
typedef struct aim_action_outcome {
	uint32_t struct_size;
	uint32_t outcome;     /**< AIM_ACTION_SUCCESS, AIM_ACTION_FAILURE */
	int64_t latency_us;   /**< how long it took; 0: since the check; −1: unknown */
	aim_str agent;        /**< id of the agent that was allowed */
	aim_str token;
	aim_str summary;      /**< one line for people; ≤ 1 024 bytes; recorded, so no secrets */
} aim_action_outcome;

/** What a report changed. @since 0.1 */
typedef struct aim_action_result {
	uint32_t struct_size;
	uint32_t flags;            /**< 0 */
	int64_t latency_us;        /**< −1: unknown */
	int64_t agent_old_micro, agent_new_micro;   /**< trust before and after */
	int64_t server_old_micro, server_new_micro; /**< AIM_DECISION_NO_TRUST without a server */
	char id[AIM_ACTION_ID_SIZE];
} aim_action_result;

/** An action as it is kept. Spans are borrowed for the call that gave it. @since 0.1 */
typedef struct aim_action {
	uint32_t struct_size;
	uint32_t state;            /**< AIM_ACTION_OPEN … UNREPORTED */
	uint32_t risk;             /**< AIM_DECISION_RISK_* */
	uint32_t reserved;         /**< 0 */
	int64_t checked_us, expires_at_us;
	int64_t closed_us;         /**< reported, or found to be unreported; 0: open */
	int64_t latency_us;        /**< −1: unknown */
	int64_t agent_old_micro, agent_new_micro, server_old_micro, server_new_micro; /**< 0 while it is open */
	aim_str id, agent, server, action, resource, session, summary;
} aim_action;

/** @param registry  in; kept alive until the verifier is freed     @param options  in, borrowed, may be NULL
 *  @param out       out, owned; aim_action_verifier_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_NAME (source), AIM_E_ID_CAPABILITY (a row of risks),
 *          AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_verifier_new(aim_registry *registry, const aim_action_options *options,
                                                            aim_action_verifier **out, aim_error *err);
/** NULL is ignored.  Threads: no other call may be running.  @since 0.1 */
AIM_API void aim_action_verifier_free(aim_action_verifier *verifier);

/** How risky an action is, by the verifier's table alone.
 *  @return AIM_DECISION_RISK_LOW … CRITICAL; CRITICAL for NULL and for what is no capability
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_action_risk_of(const aim_action_verifier *verifier, aim_str action);

/** Decides one action and, when it is allowed, records it and gives a token. Audit: action_check, in the same batch.
 *  Requests of unknown agents and those refused before their signature is known to be valid are counted
 *  (aim_audit_count_failure(), "action." and the reason code) and never evidence about anybody. Overdue actions of others are closed on the way, a few at a
 *  time.
 *  @param decision  out; set to deny first     @param out_ticket  out, struct_size set by the caller; only on AIM_OK
 *  @return AIM_OK (allow), AIM_DENIED, AIM_ASK, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_CAPABILITY
 *          (action), AIM_E_LIMIT, AIM_E_UTF8 and AIM_E_JSON_* (context), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_RANDOM,
 *          AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked (decision: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_check(aim_action_verifier *verifier, const aim_action_request *request,
                                                     aim_decision *decision, aim_action_ticket *out_ticket,
                                                     aim_error *err);

/** Signs a request: the label "libaim/action/v1\n" and the RFC 8785 text of its members, with the hash of the context.
 *  public_key and signature of request are not read.
 *  @param key  in, borrowed; purpose agent     @param out_signature  out, 64 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_UTF8, AIM_E_JSON_*, AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_sign(const aim_key *key, const aim_action_request *request,
                                                    uint8_t out_signature[AIM_KEY_SIGNATURE_LEN], aim_error *err);

/** Says what came of an action. Trust of agent and server, usage (aim/usage.h), the result and their audit records
 *  (action_report, trust_evidence) are one batch. Of two reports of one token one counts.
 *  @param outcome     in, borrowed     @param out_result  out, may be NULL; struct_size set by the caller
 *  @return AIM_OK, AIM_E_ACTION_TOKEN (no such token, or another agent's), AIM_E_ACTION_REPORTED (before),
 *          AIM_E_EXPIRED (too late: it counts as not successful), AIM_E_INVALID, AIM_E_VERSION, AIM_E_CONFLICT (others
 *          keep changing the same subjects), AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_LIMIT,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_report(aim_action_verifier *verifier,
                                                      const aim_action_outcome *outcome,
                                                      aim_action_result *out_result, aim_error *err);

/** Closes actions that were not reported in time, the longest overdue first.
 *  @param limit  in: at most so many; 0: all     @param out_n  out, may be NULL: how many were closed
 *  @return AIM_OK, or as aim_action_report()
 *  Threads: locked.  Allocates: yes, independent of their number.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_sweep(aim_action_verifier *verifier, uint64_t limit, uint64_t *out_n,
                                                     aim_error *err);

/** Receives an action, borrowed for the call. Its result is that of aim_action_find(). @since 0.1 */
typedef aim_status (*aim_action_visit)(void *user, const aim_action *action);

/** Shows an action and what came of it.
 *  @param id  in: "act_…"
 *  @return AIM_OK, what visit returned, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT,
 *          or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_find(aim_action_verifier *verifier, aim_str id,
                                                    aim_action_visit visit, void *user, aim_error *err);

/** The action itself. May set *out_summary to text of its own that lives until aim_action_guarded_call() returns.
 *  @return AIM_OK when it succeeded. @since 0.1 */
typedef aim_status (*aim_action_body)(void *user, const aim_action_ticket *ticket, aim_str *out_summary);

/** Checks, acts, reports. body runs exactly once when the check allows, else never; its failure is reported as
 *  failure.
 *  @param decision    out, as of aim_action_check()
 *  @param out_body    out, may be NULL: what body returned; AIM_DENIED when it did not run
 *  @param out_result  out, may be NULL; struct_size set by the caller; set when it was reported
 *  @return as aim_action_check() when that did not allow; else what body returned when it failed, else as
 *          aim_action_report()
 *  Threads: locked (decision: confined).  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_action_guarded_call(aim_action_verifier *verifier,
                                                            const aim_action_request *request,
                                                            aim_decision *decision, aim_action_body body, void *user,
                                                            aim_status *out_body, aim_action_result *out_result,
                                                            aim_error *err);

AIM_END_DECLS

#endif
