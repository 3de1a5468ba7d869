/* enforce/policy_decide.c — the policy stage: from the deciding rule to a decision. Layer enforce; how the
 * rule is found is policy_search.c's. */
#include "base/ctx.h"
#include "base/error.h"
#include "enforce/policy.h"

typedef struct outcome {
	aim_status status;
	aim__reason by_rule;
	aim__reason by_default;
} outcome;

static const outcome outcomes[] = {
	[AIM_DECISION_DENY] = {AIM_DENIED, AIM__REASON_RULE_DENY, AIM__REASON_DEFAULT_DENY},
	[AIM_DECISION_ALLOW] = {AIM_OK, AIM__REASON_RULE_ALLOW, AIM__REASON_DEFAULT_ALLOW},
	[AIM_DECISION_ASK] = {AIM_ASK, AIM__REASON_RULE_ASK, AIM__REASON_DEFAULT_ASK},
};

static uint32_t effect_of(const aim_policy *policy, uint32_t rank)
{
	if (rank == AIM__RULE_NONE)
		return policy->default_effect;
	if (rank < policy->first_ask)
		return AIM_DECISION_DENY;
	return rank < policy->first_allow ? AIM_DECISION_ASK : AIM_DECISION_ALLOW;
}

aim_status aim__policy_stage(aim__call *call)
{
	const aim_policy *policy = call->state;
	aim_decision *d = call->decision;
	if (!policy) {
		aim__decision_because(d, AIM__REASON_NO_POLICY);
		return AIM_DENIED;
	}
	d->judge = policy;
	d->rule = aim__policy_find(policy, call->request, d->memo);
	const outcome *o = &outcomes[effect_of(policy, d->rule)];
	aim__decision_because(d, d->rule != AIM__RULE_NONE ? o->by_rule : o->by_default);
	return o->status;
}

static const aim__stage policy_stages[] = {{"policy", aim__policy_stage}};

aim_status aim__policy_run(aim_policy *policy, const aim_request *request, aim_decision *decision,
                           aim_error *err)
{
	aim_request copy;
	aim_status rc = aim__request_take(&request, &copy, err);
	if (rc != AIM_OK)
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, rc);
	decision->trust_micro = request->trust_micro;
	aim__call call = {request, decision, policy, err};
	return aim__stages_run(policy_stages, 1, &call);
}

aim_status aim_policy_decide(aim_policy *policy, const aim_request *request, aim_decision *decision,
                             aim_error *err)
{
	if (!decision)
		return AIM__MISUSE(policy ? policy->ctx : NULL, "decision is required");
	aim__decision_begin(decision);
	if (!policy || !request) {
		AIM__MISUSE(decision->ctx, "policy and request are required");
		return aim__decision_fault(decision, AIM__REASON_INVALID_REQUEST, AIM_E_INVALID);
	}
	if (decision->policy != policy)
		aim__decision_hold(decision, aim_policy_ref(policy), NULL, 0);
	return aim__policy_run(policy, request, decision, err);
}
