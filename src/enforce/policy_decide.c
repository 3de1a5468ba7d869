/* enforce/policy_decide.c — the policy stage: from the deciding rule to a decision. Layer enforce; how the
 * rule is found is policy_search.c's. */
#include "base/ctx.h"
#include "base/error.h"
#include "enforce/policy.h"
#include "enforce/rates.h"

typedef struct outcome {
	aim_status status;
	aim__reason by_rule;
	aim__reason by_default;
	aim__reason monitor_rule;
	aim__reason monitor_default;
} outcome;

static const outcome outcomes[] = {
	[AIM_DECISION_DENY] = {AIM_DENIED, AIM__REASON_RULE_DENY, AIM__REASON_DEFAULT_DENY, AIM__REASON_MONITOR_DENY,
	                       AIM__REASON_MONITOR_DEFAULT_DENY},
	[AIM_DECISION_ALLOW] = {AIM_OK, AIM__REASON_RULE_ALLOW, AIM__REASON_DEFAULT_ALLOW, AIM__REASON_RULE_ALLOW,
	                        AIM__REASON_DEFAULT_ALLOW},
	[AIM_DECISION_ASK] = {AIM_ASK, AIM__REASON_RULE_ASK, AIM__REASON_DEFAULT_ASK, AIM__REASON_MONITOR_ASK,
	                      AIM__REASON_MONITOR_DEFAULT_ASK},
};

/* Ranks are ordered by effect, so that the rule itself need not be fetched; not so where documents order them. */
static uint32_t effect_of(const aim_policy *policy, uint32_t rank)
{
	if (rank == AIM__RULE_NONE)
		return policy->default_effect;
	if (policy->combining != AIM_POLICY_DENY_OVERRIDES)
		return policy->rules[rank].effect;
	if (rank < policy->first_ask)
		return AIM_DECISION_DENY;
	return rank < policy->first_allow ? AIM_DECISION_ASK : AIM_DECISION_ALLOW;
}

/* Every call that is allowed is counted, in all the ways that the policy counts. Where there is no room for one, whose
 * rate was unknown just now, nothing is counted: the next look says the same. */
static void count(const aim_policy *policy, const aim__inquiry *q)
{
	uint8_t key[AIM__RATE_KEY];
	for (uint32_t i = 0; i < policy->n_counters; i++) {
		const aim__rate_test *t = &policy->counters[i];
		size_t len = aim__rate_key(policy->ctx, t, q, key);
		if (len)
			(void)!aim__rates_count(q->facts->rates, aim_bytes_from(key, len), t->window_us, q->now_us);
	}
}

/* The effect, before it is known whether the policy only monitors; says why. */
static uint32_t find(const aim_policy *policy, const aim__inquiry *q)
{
	aim_decision *d = q->decision;
	d->rule = aim__policy_find(policy, q, d->memo);
	if (policy->n_alerts)
		d->alerts = aim__policy_find_alerts(policy, q, d->memo);
	uint32_t effect = effect_of(policy, d->rule);
	const outcome *o = &outcomes[effect];
	aim__decision_because(d, d->rule != AIM__RULE_NONE ? o->by_rule : o->by_default);
	if (effect == AIM_DECISION_DENY || d->rule == AIM__RULE_NONE || !policy->has_duties)
		return effect;
	const aim__duties *duties = policy->rules[d->rule].duties;
	if (!duties || (duties->mask & ~q->facts->obligations) == 0)
		return effect;
	aim__decision_because(d, AIM__REASON_OBLIGATION_UNMET);
	return AIM_DECISION_DENY;
}

/* With conditions on times or rates. */
static uint32_t find_in_time(const aim_policy *policy, aim__inquiry *q)
{
	q->now_us = q->request->now_us;
	if (q->now_us == 0 && aim_ctx_now_us(policy->ctx, &q->now_us) != AIM_OK)
		q->now_us = 0;
	aim_rates *rates = policy->n_counters && q->now_us ? q->facts->rates : NULL;
	if (rates)
		aim__rates_lock(rates);
	uint32_t effect = find(policy, q);
	if (rates && effect == AIM_DECISION_ALLOW)
		count(policy, q);
	if (rates)
		aim__rates_unlock(rates);
	return effect;
}

uint32_t aim__policy_peek(const aim_policy *policy, const aim__inquiry *q)
{
	aim_rates *rates = policy->n_counters && q->now_us ? q->facts->rates : NULL;
	if (rates)
		aim__rates_lock(rates);
	uint32_t effect = find(policy, q);
	if (rates)
		aim__rates_unlock(rates);
	return effect;
}

/* What would be refused passes, and the decision says so. */
static aim_status monitor(aim_decision *d, uint32_t effect)
{
	const outcome *o = &outcomes[effect];
	d->monitored = 1;
	d->would_be = effect;
	if (effect != AIM_DECISION_ALLOW && d->reason != AIM__REASON_OBLIGATION_UNMET)
		aim__decision_because(d, d->rule != AIM__RULE_NONE ? o->monitor_rule : o->monitor_default);
	return AIM_OK;
}

aim_status aim__policy_stage(aim__call *call)
{
	const aim_policy *policy = call->state;
	aim_decision *d = call->decision;
	aim__inquiry q = {.request = call->request, .decision = d};
	aim_facts copy;
	if (!policy) {
		aim__decision_because(d, AIM__REASON_NO_POLICY);
		return AIM_DENIED;
	}
	aim_status rc = aim__facts_take(call->request->facts, &copy, &q.facts, call->err);
	if (rc != AIM_OK) {
		aim__decision_because(d, AIM__REASON_INVALID_REQUEST);
		return rc;
	}
	d->judge = policy;
	uint32_t effect = policy->asks & AIM__ASKS_TIME ? find_in_time(policy, &q) : find(policy, &q);
	return policy->monitor ? monitor(d, effect) : outcomes[effect].status;
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
