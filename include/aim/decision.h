/** aim/decision.h — what is asked (aim_request) and what was decided (aim_decision).
 *
 *      aim_decision *d = NULL;
 *      aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
 *      r.agent = aim_str_from("reporter");
 *      r.tool = aim_str_from("read_file");
 *      if (aim_decision_new(ctx, &d, &err) == AIM_OK && aim_policy_decide(policy, &r, d, &err) == AIM_OK)
 *          call_the_tool();
 *      else
 *          refuse(aim_decision_reason_code(d));
 *
 *  An aim_decision is confined: one per thread, or per connection, used again and again. Deciding
 *  with it allocates nothing. A new one, and one whose call failed, says deny.
 *
 *  Every authorising call returns AIM_OK only for allow, AIM_DENIED for deny and AIM_ASK for ask, with
 *  the decision filled in; any other status is a failure and the decision says deny.
 */
#ifndef AIM_DECISION_H
#define AIM_DECISION_H

#include <aim/facts.h>

AIM_BEGIN_DECLS

typedef struct aim_decision aim_decision;

/** Effects. 0 is deny. @since 0.1 */
#define AIM_DECISION_DENY 0u
#define AIM_DECISION_ALLOW 1u
#define AIM_DECISION_ASK 2u

/** aim_request.trust_micro when nobody knows the score. Equal to AIM_AUDIT_NO_TRUST. @since 0.1 */
#define AIM_DECISION_NO_TRUST INT64_MIN

/** aim_request.risk. @since 0.1 */
#define AIM_DECISION_RISK_UNKNOWN 0u
#define AIM_DECISION_RISK_LOW 1u
#define AIM_DECISION_RISK_MEDIUM 2u
#define AIM_DECISION_RISK_HIGH 3u
#define AIM_DECISION_RISK_CRITICAL 4u

/** One call to be decided. Text is UTF-8, borrowed for the call. An absent fact ({NULL, 0}, NULL,
 *  AIM_DECISION_NO_TRUST) is *unknown*: it satisfies deny and ask rules, never allow rules.
 *
 *  Actions that begin with "mcp_" say which of tool and resource there is: "mcp_tool" is known to have
 *  no resource, every other ("mcp_resource", "mcp_prompt", "mcp_sampling" …) no tool, and rules that
 *  name what there is not do not match. @since 0.1 */
typedef struct aim_request {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	aim_str agent;               /**< id of the calling agent */
	aim_str did;                 /**< its DID */
	aim_str server;              /**< name or id of the server */
	aim_str tool;                /**< tool to be called */
	aim_str resource;            /**< resource URI, or prompt name */
	aim_str action;              /**< "mcp_tool", "mcp_resource", … (aim/guard.h), or the host's own */
	const aim_str *capabilities; /**< what the agent holds; NULL: unknown; not NULL with 0: none */
	size_t n_capabilities;
	int64_t trust_micro;         /**< 0 … 1 000 000, or AIM_DECISION_NO_TRUST */
	int64_t now_us;              /**< when the call was made, for the record; 0: the context's clock */
	uint32_t risk;               /**< AIM_DECISION_RISK_* */
	uint32_t reserved;           /**< 0 */
	const aim_facts *facts;      /**< what else is known, for policies with conditions on it; may be NULL */
} aim_request;

/** An empty decision: deny, reason code "undecided".
 *  @param out  out, owned; aim_decision_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_RANDOM (its ids start at a random number)
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_decision_new(aim_ctx *ctx, aim_decision **out,
                                                     aim_error *err);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_decision_free(aim_decision *decision);

/** AIM_DECISION_*; AIM_DECISION_DENY for NULL.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_decision_effect(const aim_decision *decision);

/** "deny", "allow" or "ask"; "deny" for any other value.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_decision_effect_name(uint32_t effect);

/** What the deciding call returned: AIM_OK, AIM_DENIED, AIM_ASK, or an error.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_decision_status(const aim_decision *decision);

/** Why, for machines: stable text such as "rule_deny", "default_deny", "trust_below_minimum".
 *  docs/policy.md lists them all.
 *  @return static text, never empty.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_reason_code(const aim_decision *decision);

/** Why, for people: one sentence; a rule's own "reason" when it has one.
 *  @return borrowed until the next decision made with this object, never empty
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_reason(aim_decision *decision);

/** Id of the deciding rule; {NULL, 0} when no rule decided.
 *  @return borrowed until the next decision made with this object
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_rule(const aim_decision *decision);

/** aim_policy_hash() of the policy that was asked; {NULL, 0} when there was none.
 *  @return borrowed until the next decision made with this object
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_policy_hash(const aim_decision *decision);

/** The trust score that was used, or AIM_DECISION_NO_TRUST.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_decision_trust_micro(const aim_decision *decision);

/** 1 when a policy in monitor mode was asked: what it would have refused passed.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_decision_is_monitored(const aim_decision *decision);

/** What the policy would have decided in force: AIM_DECISION_*. The effect itself, unless the policy only monitors.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_decision_would_be(const aim_decision *decision);

/** How many alert rules of the policy match the call. They decide nothing.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_decision_alert_count(const aim_decision *decision);

/** Id of an alert rule that matches, from 0, in document order; {NULL, 0} past the end.
 *  @return borrowed until the next decision made with this object
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_alert_at(const aim_decision *decision, size_t index);

/** One thing that the deciding rule demands of the host. @since 0.1 */
typedef struct aim_obligation {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	uint32_t type;        /**< AIM_OBLIGATION_* */
	uint32_t max_calls;   /**< of RATE_LIMIT */
	uint32_t window_s;    /**< of RATE_LIMIT */
	uint32_t reserved;    /**< 0 */
	const aim_str *texts; /**< of REDACT: JSON Pointers into the arguments; of LOG and NOTIFY: what the rule says */
	size_t n_texts;
} aim_obligation;

/** What the deciding rule demands, as bits: AIM_OBLIGATION_*. On AIM_OK and AIM_ASK the host has declared all of them
 *  (aim_facts.obligations) and must carry them out; on AIM_DENIED those that it can.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_decision_obligations(const aim_decision *decision);

/** One of them in detail.
 *  @param type  in, one AIM_OBLIGATION_*
 *  @param out   out, struct_size set by the caller; texts are borrowed until the next decision made with this object
 *  @return AIM_OK, AIM_E_NOT_FOUND when the rule does not demand it, AIM_E_INVALID
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_decision_obligation(const aim_decision *decision, uint32_t type, aim_obligation *out);

/** Name of the decision, 32 lower-case hex digits, unique between objects and machines. Not a secret:
 *  the next one can be guessed.
 *  @return borrowed until the next decision made with this object
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_id(aim_decision *decision);

/** Id of the approval that a person was asked for, or that was used up by this call: "apr_…" (aim/approval.h);
 *  {NULL, 0} when none was.
 *  @return borrowed until the next decision made with this object
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_approval(const aim_decision *decision);

/** How many stages ran. All but the last passed; the last decided.
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_decision_stage_count(const aim_decision *decision);

/** Name of the stage that ran at index, from 0; {NULL, 0} past the end.
 *  @return static text.  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_decision_stage_at(const aim_decision *decision, size_t index);

AIM_END_DECLS

#endif
