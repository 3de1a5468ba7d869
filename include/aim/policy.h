/** aim/policy.h — policy documents, compiled into an index that answers in a time that does not grow
 *  with the rules for other tools. An aim_policy is immutable: share it freely.
 *
 *      static const char text[] = "{\"version\":1,\"name\":\"files\",\"rules\":[{\"id\":\"read\","
 *                                 "\"effect\":\"allow\",\"tools\":[\"read_file\",\"list_*\"]}]}";
 *      aim_policy *policy = NULL;
 *      aim_bytes document = aim_bytes_from(text, sizeof text - 1);
 *      if (aim_policy_compile(ctx, document, NULL, &policy, NULL, &err) != AIM_OK)
 *          return complain(err.line, err.column, err.message);
 *      rc = aim_policy_decide(policy, &request, decision, &err);
 *      aim_policy_unref(policy);
 *
 *  docs/policy.md is the grammar. In short: deny beats ask beats allow; what no rule decides takes the
 *  document's default, deny unless it says otherwise; a fact the request does not state satisfies deny
 *  and ask rules but never allow rules; names in allow rules are compared exactly, in deny and ask
 *  rules also without regard to ASCII case.
 */
#ifndef AIM_POLICY_H
#define AIM_POLICY_H

#include <aim/config.h>
#include <aim/decision.h>
#include <aim/diagnostics.h>

AIM_BEGIN_DECLS

typedef struct aim_policy aim_policy;

/** aim_policy_options.format, beside AIM_CONFIG_* of aim/config.h: JSON when the text begins with a bracket, a digit, a
 *  quote or nothing, otherwise YAML. @since 0.1 */
#define AIM_POLICY_AUTO 0u

/** @since 0.1 */
typedef struct aim_policy_options {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t format;   /**< AIM_POLICY_AUTO or AIM_CONFIG_* */
	uint32_t reserved; /**< 0 */
	const aim_str *tools;        /**< names of all tools there are; rules about others are warned about; NULL: not known */
	size_t n_tools;
	const aim_str *capabilities; /**< the same for capabilities */
	size_t n_capabilities;
} aim_policy_options;

/** Reads a policy document (JSON or YAML) strictly and compiles it. Limits: max_rules, max_name_bytes and the
 *  JSON limits of the context.
 *  @param text         in, borrowed for the call          @param options  in, may be NULL
 *  @param out          out, owned; aim_policy_unref(); set only on AIM_OK
 *  @param diagnostics  in, may be NULL: every problem is added to it, with line, column, JSON Pointer
 *                      and what was expected; on AIM_OK the warnings about rules, whose status is AIM_POLICY_COVERED,
 *                      DUPLICATE, UNDECLARED or UNDECIDED
 *  @param err          out, may be NULL: the first problem
 *  @return AIM_OK, AIM_E_POLICY (it is JSON or YAML, and not a policy), AIM_E_JSON_*, AIM_E_YAML, AIM_E_TOML or
 *          AIM_E_UTF8 (it is not of its format), AIM_E_UNSUPPORTED (YAML, in a build without it), AIM_E_LIMIT,
 *          AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CALLBACK (the hash provider failed)
 *  Threads: any.  Allocates: yes.  Source: docs/policy.md.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_policy_compile(aim_ctx *ctx, aim_bytes text,
                                                       const aim_policy_options *options,
                                                       aim_policy **out,
                                                       aim_diagnostics *diagnostics, aim_error *err);

/** Another reference to the same policy. NULL gives NULL.
 *  @return policy; give it up with aim_policy_unref().  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_policy *aim_policy_ref(aim_policy *policy);

/** Gives up one reference; the last frees. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_policy_unref(aim_policy *policy);

/** SHA-256 of the document's canonical form (RFC 8785), 64 lower-case hex digits. White space and the
 *  order of members do not change it.
 *  @return borrowed from policy; {NULL, 0} for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_policy_hash(const aim_policy *policy);

/** The document's "name".  Borrowed from policy.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_policy_name(const aim_policy *policy);

/** The document's "description", or {NULL, 0}.
 *  Borrowed from policy.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_policy_description(const aim_policy *policy);

/** How rules combine. @since 0.1 */
#define AIM_POLICY_DENY_OVERRIDES 0u
#define AIM_POLICY_FIRST_MATCH 1u
#define AIM_POLICY_PRIORITY 2u

/** AIM_POLICY_DENY_OVERRIDES … PRIORITY.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_policy_combining(const aim_policy *policy);

/** 1 when the document's mode is "monitor": calls are decided and none is refused.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_policy_is_monitor(const aim_policy *policy);

/** How many rules, those that only alert among them.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_policy_rule_count(const aim_policy *policy);

/** AIM_DECISION_* of requests that no rule decides.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_policy_default(const aim_policy *policy);

/** A policy document to begin with: AIM's security policies with what they come with, block and alert on a
 *  capability that was not granted. For aim_policy_compile().
 *  @return static text.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_policy_preset(void);

/** Decides one request.
 *  @param request   in, borrowed for the call
 *  @param decision  out; set to deny first; keeps a reference to policy until it is used with another
 *  @param err       out, may be NULL; written only when the call fails
 *  @return AIM_OK (allow), AIM_DENIED, AIM_ASK, or a failure (deny): AIM_E_INVALID, AIM_E_VERSION
 *  Threads: const (decision: confined).  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_policy_decide(aim_policy *policy, const aim_request *request,
                                                      aim_decision *decision, aim_error *err);

/** Appends why a request is decided as it is, as one JSON object: effect, reason_code, reason, monitor, policy_hash, the
 *  deciding rule with the answer of each of its conditions, the rules that match or may (considered, at most 50), and
 *  counterfactual: the smallest set of at most three facts whose change would turn an allow into a refusal or the other
 *  way round, each with what it would have to be, or "none within the bound". For operators: it tells how to get
 *  past a rule. Counts no rate.
 *  @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM
 *  Threads: const (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_policy_explain(aim_policy *policy, const aim_request *request, aim_buf *out,
                                                       aim_error *err);

/** The same by the policy that a decision was made with.
 *  @param request  in: the one that was decided, borrowed for the call
 *  @return AIM_OK, AIM_E_NOT_FOUND (no policy was asked), AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_RANDOM
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_decision_explain(const aim_decision *decision, const aim_request *request,
                                                         aim_buf *out, aim_error *err);

/** Appends what two policies decide otherwise, as one JSON object: changes, a list of classes of requests, each with the
 *  effect and the rule before and after and one request as witness, which was decided by both; tried, the number of
 *  requests; and complete, 0 when not every rule could be reached or a bound ended the search. Requests are made from
 *  what the rules of both ask about: for each rule one that it matches, and those that differ from it in one fact. Times
 *  and rates are not among them. A change that needs requests of another kind is not found.
 *  @param out          in; untouched on failure
 *  @param out_changes  out, may be NULL: how many classes
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM
 *  Threads: const (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_policy_diff(aim_policy *before, aim_policy *after, aim_buf *out,
                                                    size_t *out_changes, aim_error *err);

AIM_END_DECLS

#endif
