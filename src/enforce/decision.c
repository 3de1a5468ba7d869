/* enforce/decision.c — the reusable decision object and its texts. Layer enforce; knows policies only
 * to name the deciding rule. */
#include "enforce/decision.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "enforce/authorizer.h"
#include "enforce/policy.h"
#include "enforce/policy_regex.h"

#include <string.h>

AIM__NO_PADDING(aim_obligation, 6 * sizeof(uint32_t) + sizeof(void *) + sizeof(size_t));

typedef struct reason_text {
	const char *code;
	const char *sentence; /* of a rule: what stands in front of its id */
} reason_text;

static const reason_text reasons[AIM__REASON_COUNT] = {
	[AIM__REASON_UNDECIDED] = {"undecided", "No decision was made"},
	[AIM__REASON_FAULT] = {"fault", "The decision could not be completed"},
	[AIM__REASON_INVALID_REQUEST] = {"invalid_request", "The request is not valid"},
	[AIM__REASON_AUDIT_FAILED] = {"audit_failed", "The decision could not be recorded"},
	[AIM__REASON_NO_POLICY] = {"no_policy", "No policy is in force"},
	[AIM__REASON_RULE_DENY] = {"rule_deny", "Denied by rule"},
	[AIM__REASON_RULE_ALLOW] = {"rule_allow", "Allowed by rule"},
	[AIM__REASON_RULE_ASK] = {"rule_ask", "Approval is required by rule"},
	[AIM__REASON_DEFAULT_DENY] = {"default_deny", "No rule of the policy allows this call"},
	[AIM__REASON_DEFAULT_ALLOW] = {"default_allow", "No rule of the policy refuses this call"},
	[AIM__REASON_DEFAULT_ASK] = {"default_ask", "Approval is required: no rule decides this call"},
	[AIM__REASON_MONITOR_DENY] = {"monitor_deny", "Monitored only; would be denied by rule"},
	[AIM__REASON_MONITOR_ASK] = {"monitor_ask", "Monitored only; would need approval by rule"},
	[AIM__REASON_MONITOR_DEFAULT_DENY] = {"monitor_default_deny", "Monitored only; no rule of the policy allows this call"},
	[AIM__REASON_MONITOR_DEFAULT_ASK] = {"monitor_default_ask", "Monitored only; would need approval: no rule decides this call"},
	[AIM__REASON_OBLIGATION_UNMET] = {"obligation_unmet", "An obligation that nobody can carry out comes with rule"},
	[AIM__REASON_AUTHORIZED] = {"authorized", "Authorized"},
	[AIM__REASON_DID_REQUIRED] = {"did_required", "Agent DID is required"},
	[AIM__REASON_DID_BLOCKED] = {"did_blocked", "Agent is blocked"},
	[AIM__REASON_TOOL_BLOCKED] = {"tool_blocked", "Tool is blocked by policy"},
	[AIM__REASON_TRUST_BELOW_MINIMUM] = {"trust_below_minimum", "Trust score below minimum"},
	[AIM__REASON_CAPABILITY_MISSING] = {"capability_missing", "Missing capabilities"},
	[AIM__REASON_INJECTION] = {"injection", "Injection pattern detected in tool arguments"},
	[AIM__REASON_RATE_LIMITED] = {"rate_limited", "Rate limit exceeded"},
	[AIM__REASON_RATE_TABLE_FULL] = {"rate_table_full", "Too many agents and tools to follow their rates"},
	[AIM__REASON_ARGUMENTS_TOO_LARGE] = {"arguments_too_large", "Arguments too large"},
	[AIM__REASON_TOOL_UNKNOWN] = {"tool_unknown", "Unknown tool"},
	[AIM__REASON_IDENTITY_REFUSED] = {"identity_refused", "Caller identity not verified"},
	[AIM__REASON_SPONSOR_MISSING] = {"sponsor_missing", "No human sponsor stands for the caller"},
	[AIM__REASON_ARGUMENTS_INVALID] = {"arguments_invalid", "Arguments are not a JSON object"},
	[AIM__REASON_CIRCUIT_OPEN] = {"circuit_open", "Circuit breaker open"},
	[AIM__REASON_ACTION_ALLOWED] = {"action_allowed", "Allowed"},
	[AIM__REASON_AGENT_UNKNOWN] = {"agent_unknown", "Agent is not registered"},
	[AIM__REASON_AGENT_INACTIVE] = {"agent_inactive", "Agent is not active"},
	[AIM__REASON_SIGNATURE_REQUIRED] = {"signature_required", "The request is not signed"},
	[AIM__REASON_SIGNATURE_REFUSED] = {"signature_refused", "The signed request is refused"},
	[AIM__REASON_GRANT_MISSING] = {"grant_missing", "No grant covers the action"},
	[AIM__REASON_GRANT_DENIES] = {"grant_denies", "A grant denies the action"},
	[AIM__REASON_SERVER_UNKNOWN] = {"server_unknown", "Server is not registered"},
	[AIM__REASON_SERVER_PENDING] = {"server_pending", "Server is pending"},
	[AIM__REASON_SERVER_INACTIVE] = {"server_inactive", "Server is not active"},
	[AIM__REASON_SERVER_DRIFT] = {"server_drift", "Server has changed and nobody has approved it"},
	[AIM__REASON_SERVER_ALERT] = {"server_alert", "Server has an open critical alert"},
	[AIM__REASON_TRUST_GATE] = {"trust_gate", "The agent's trust does not reach the risk"},
	[AIM__REASON_APPROVAL_REQUIRED] = {"approval_required", "Awaiting human approval"},
	[AIM__REASON_APPROVAL_DENIED] = {"approval_denied", "Human approval denied"},
	[AIM__REASON_APPROVED] = {"approved", "Approved by human reviewer"},
	[AIM__REASON_ACTIONS_OPEN] = {"actions_open", "Too many actions of the agent are open"},
	[AIM__REASON_GATEWAY_ALLOWED] = {"gateway_allowed", "Allowed by policy"},
	[AIM__REASON_TOOL_DENIED] = {"tool_denied", "Tool is on the deny list"},
	[AIM__REASON_TOOL_NOT_ALLOWED] = {"tool_not_allowed", "Tool is not on the allow list"},
	[AIM__REASON_PARAMETERS_BLOCKED] = {"parameters_blocked", "Parameters matched blocked pattern(s)"},
	[AIM__REASON_PARAMETERS_DANGEROUS] = {"parameters_dangerous", "Parameters matched dangerous pattern"},
	[AIM__REASON_BUDGET_EXCEEDED] = {"budget_exceeded", "Agent exceeded call budget"},
	[AIM__REASON_AUTH_ACCEPTED] = {"auth_accepted", "The authentication is good enough"},
	[AIM__REASON_AUTH_METHOD_UNKNOWN] = {"auth_method_unknown", "Authentication method is unknown"},
	[AIM__REASON_AUTH_METHOD_DENIED] = {"auth_method_denied", "Authentication method is not allowed"},
	[AIM__REASON_TLS_REQUIRED] = {"tls_required", "Server needs TLS"},
	[AIM__REASON_TLS_VERSION] = {"tls_version", "TLS version is below the minimum"},
	[AIM__REASON_PIPELINE_ALLOWED] = {"pipeline_allowed", "Allowed"},
	[AIM__REASON_DEFINITION_MISSING] = {"definition_missing", "The definition of the tool is not known"},
	[AIM__REASON_DEFINITION_INVALID] = {"definition_invalid", "The definition is not that of the tool"},
	[AIM__REASON_TOOL_POISONED] = {"tool_poisoned", "Tool blocked"},
	[AIM__REASON_TOOL_UNAPPROVED] = {"tool_unapproved", "Tool has never been approved"},
	[AIM__REASON_TOOL_CHANGED] = {"tool_changed", "Tool has changed and nobody has approved it"},
	[AIM__REASON_TOOL_FAILED] = {"tool_failed", "The tool failed"},
	[AIM__REASON_RESPONSE_BLOCKED] = {"response_blocked", "The answer was withheld"},
	[AIM__REASON_REPORT_FAILED] = {"report_failed", "What came of the call could not be recorded"},
};

static aim_str text_of(const char *text)
{
	aim_str span = {text, strlen(text)};
	return span;
}

aim_status aim_decision_new(aim_ctx *ctx, aim_decision **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_decision *d = aim__alloc_zeroed(ctx, sizeof *d);
	if (!d)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	if (aim__ctx_random(ctx, d->id, sizeof d->id) != AIM_OK) {
		aim__free(ctx, d, sizeof *d);
		return aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_ENFORCE);
	}
	d->ctx = aim__ctx_ref(ctx);
	aim__decision_begin(d);
	*out = d;
	return AIM_OK;
}

void aim_decision_free(aim_decision *d)
{
	if (!d)
		return;
	aim_ctx *ctx = d->ctx;
	aim__regex_forget(d);
	aim_policy_unref(d->policy);
	aim__authorizer_unref(d->authorizer);
	aim__free(ctx, d, sizeof *d);
	aim__ctx_unref(ctx);
}

void aim__decision_begin(aim_decision *d)
{
	d->judge = NULL;
	d->stages = NULL;
	d->n_stages = 0;
	d->trust_micro = AIM_DECISION_NO_TRUST;
	d->status = AIM_DENIED;
	d->effect = AIM_DECISION_DENY;
	d->rule = AIM__RULE_NONE;
	d->reason = AIM__REASON_UNDECIDED;
	d->monitored = 0;
	d->alerts = 0;
	d->id[1]++;
	d->approval[0] = '\0';
	d->text_len = 0;
}

void aim__decision_because(aim_decision *d, aim__reason reason)
{
	d->reason = reason;
	d->text_len = 0;
}

void aim__decision_explain(aim_decision *d, aim__reason reason, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	d->reason = reason;
	d->text_len = aim__vformat(d->text, sizeof d->text, format, args);
	va_end(args);
}

aim_str aim__decision_sentence(const aim_decision *d)
{
	return text_of(reasons[d->reason].sentence);
}

void aim__decision_adopt(aim_decision *d, aim_decision *other)
{
	aim_str why = aim_decision_reason(other);
	aim__decision_explain(d, other->reason, "%.*s", AIM__STR(why));
	memcpy(d->approval, other->approval, sizeof d->approval);
	d->trust_micro = other->trust_micro;
}

aim_status aim__decision_end(aim_decision *d, aim_status rc)
{
	d->status = rc;
	d->effect = AIM_DECISION_DENY;
	if (rc == AIM_OK)
		d->effect = AIM_DECISION_ALLOW;
	else if (rc == AIM_ASK)
		d->effect = AIM_DECISION_ASK;
	else if (rc != AIM_DENIED && d->reason == AIM__REASON_UNDECIDED)
		aim__decision_because(d, AIM__REASON_FAULT);
	return rc;
}

aim_status aim__decision_fault(aim_decision *d, aim__reason reason, aim_status rc)
{
	aim__decision_because(d, reason);
	return aim__decision_end(d, rc);
}

void aim__decision_hold(aim_decision *d, aim_policy *policy, aim_authorizer *authorizer,
                        uint64_t generation)
{
	aim__regex_forget(d);
	aim_policy_unref(d->policy);
	aim__authorizer_unref(d->authorizer);
	d->policy = policy;
	d->authorizer = authorizer;
	d->generation = generation;
	for (size_t i = 0; i < AIM__FACT_COUNT; i++)
		d->memo[i].len = 0;
}

uint32_t aim_decision_effect(const aim_decision *d)
{
	return d ? d->effect : AIM_DECISION_DENY;
}

const char *aim_decision_effect_name(uint32_t effect)
{
	switch (effect) {
	case AIM_DECISION_ALLOW:
		return "allow";
	case AIM_DECISION_ASK:
		return "ask";
	default:
		return "deny";
	}
}

aim_status aim_decision_status(const aim_decision *d)
{
	return d ? d->status : AIM_DENIED;
}

aim_str aim_decision_reason_code(const aim_decision *d)
{
	return text_of(reasons[d ? d->reason : AIM__REASON_UNDECIDED].code);
}

static const aim__rule *deciding_rule(const aim_decision *d)
{
	return d->judge && d->rule != AIM__RULE_NONE ? &d->judge->rules[d->rule] : NULL;
}

aim_str aim_decision_reason(aim_decision *d)
{
	const char *sentence = reasons[d ? d->reason : AIM__REASON_UNDECIDED].sentence;
	if (!d)
		return text_of(sentence);
	const aim__rule *rule = deciding_rule(d);
	if (rule && rule->reason.len && d->reason != AIM__REASON_OBLIGATION_UNMET)
		return rule->reason;
	if (!rule && d->text_len == 0)
		return text_of(sentence);
	if (d->text_len == 0)
		d->text_len =
			aim__format(d->text, sizeof d->text, "%s '%.*s'", sentence, AIM__STR(rule->id));
	aim_str text = {d->text, d->text_len};
	return text;
}

aim_str aim_decision_rule(const aim_decision *d)
{
	const aim__rule *rule = d ? deciding_rule(d) : NULL;
	aim_str none = {NULL, 0};
	return rule ? rule->id : none;
}

aim_str aim_decision_policy_hash(const aim_decision *d)
{
	return aim_policy_hash(d ? d->judge : NULL);
}

int32_t aim_decision_is_monitored(const aim_decision *d)
{
	return d && d->monitored;
}

uint32_t aim_decision_would_be(const aim_decision *d)
{
	return d && d->monitored ? d->would_be : aim_decision_effect(d);
}

size_t aim_decision_alert_count(const aim_decision *d)
{
	return d ? (size_t)__builtin_popcountll(d->alerts) : 0;
}

aim_str aim_decision_alert_at(const aim_decision *d, size_t index)
{
	aim_str none = {NULL, 0};
	uint64_t alerts = d && d->judge ? d->alerts : 0;
	while (alerts && index--)
		alerts &= alerts - 1;
	return alerts ? aim__policy_alerts(d->judge)[__builtin_ctzll(alerts)].id : none;
}

uint32_t aim_decision_obligations(const aim_decision *d)
{
	const aim__rule *rule = d ? deciding_rule(d) : NULL;
	return rule && rule->duties ? rule->duties->mask : 0;
}

aim_status aim_decision_obligation(const aim_decision *d, uint32_t type, aim_obligation *out)
{
	if (!d || !out || type == 0 || (type & (type - 1)) || type > AIM_OBLIGATION_RATE_LIMIT)
		return AIM__MISUSE(d ? d->ctx : NULL, "decision, one type and out are required");
	if (!(aim_decision_obligations(d) & type))
		return AIM_E_NOT_FOUND;
	const aim__duties *duties = deciding_rule(d)->duties;
	aim_obligation o = {.struct_size = sizeof o, .type = type};
	if (type == AIM_OBLIGATION_RATE_LIMIT) {
		o.max_calls = duties->max_calls;
		o.window_s = duties->window_s;
	} else {
		const aim__duty_texts *texts = &duties->texts[__builtin_ctz(type)];
		o.texts = texts->items;
		o.n_texts = texts->n;
	}
	return aim__sized_out(out, &o, sizeof o, sizeof o);
}

int64_t aim_decision_trust_micro(const aim_decision *d)
{
	return d ? d->trust_micro : AIM_DECISION_NO_TRUST;
}

aim_str aim_decision_id(aim_decision *d)
{
	aim_str id = {NULL, 0};
	if (!d)
		return id;
	for (size_t i = 0; i < AIM__DECISION_ID_LEN; i++)
		d->id_text[i] = "0123456789abcdef"[d->id[i / 16] >> (60 - i % 16 * 4) & 15];
	id.ptr = d->id_text;
	id.len = AIM__DECISION_ID_LEN;
	return id;
}

aim_str aim_decision_approval(const aim_decision *d)
{
	aim_str none = {NULL, 0};
	return d && d->approval[0] ? text_of(d->approval) : none;
}

size_t aim_decision_stage_count(const aim_decision *d)
{
	return d ? d->n_stages : 0;
}

aim_str aim_decision_stage_at(const aim_decision *d, size_t index)
{
	aim_str none = {NULL, 0};
	return d && index < d->n_stages ? text_of(d->stages[index].name) : none;
}
