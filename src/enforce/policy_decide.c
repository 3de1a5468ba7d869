/* enforce/policy_decide.c — which rule decides a request. Layer enforce; reads the compiled policy and
 * the request, allocates nothing, takes no lock.
 *
 * Conditions are three-valued. A fact that the request does not state is unknown; a rule with an unknown
 * condition and no failing one matches when it denies or asks, and does not when it allows. */
#include "enforce/policy.h"

#include "base/ctx.h"
#include "base/error.h"
#include "enforce/pattern.h"

#include <string.h>

typedef enum answer { NO, YES, UNKNOWN } answer;

typedef enum fact_state {
	FACT_UNREAD, /* first: the value of a zeroed subject */
	FACT_UNKNOWN,
	FACT_NONE, /* known that there is none */
	FACT_KNOWN,
} fact_state;

/* A request with its names turned into numbers, each when it is first needed. */
typedef struct subject {
	const aim_policy *policy;
	const aim_request *request;
	fact_state states[AIM__FACT_COUNT];
	aim__name_ids names[AIM__FACT_COUNT];
} subject;

/* ---- facts ---- */

static aim_str fact_text(const aim_request *request, uint32_t fact)
{
	switch (fact) {
	case AIM__FACT_TOOL:
		return request->tool;
	case AIM__FACT_AGENT:
		return request->agent;
	case AIM__FACT_DID:
		return request->did;
	case AIM__FACT_SERVER:
		return request->server;
	case AIM__FACT_RESOURCE:
		return request->resource;
	default:
		return request->action;
	}
}

static int action_is(const aim_request *request, const char *action)
{
	return aim_str_equal(request->action, aim_str_from(action));
}

static int is_mcp(aim_str action)
{
	return action.len > 4 && memcmp(action.ptr, "mcp_", 4) == 0;
}

/* An MCP action says which of tool and resource there is; the other is none, not unknown. */
static fact_state absent_state(const aim_request *request, uint32_t fact)
{
	if (fact == AIM__FACT_RESOURCE && action_is(request, "mcp_tool"))
		return FACT_NONE;
	if (fact == AIM__FACT_TOOL && is_mcp(request->action) && !action_is(request, "mcp_tool"))
		return FACT_NONE;
	return FACT_UNKNOWN;
}

static fact_state read_fact(subject *s, uint32_t fact)
{
	aim_str text = fact_text(s->request, fact);
	if (text.len == 0)
		return s->states[fact] = absent_state(s->request, fact);
	s->names[fact] = aim__names_find(&s->policy->names[fact], text);
	return s->states[fact] = FACT_KNOWN;
}

static inline fact_state fact(subject *s, uint32_t fact)
{
	fact_state state = s->states[fact];
	return state != FACT_UNREAD ? state : read_fact(s, fact);
}

static inline answer answer_of(fact_state state, int matches)
{
	if (state == FACT_UNKNOWN)
		return UNKNOWN;
	return state == FACT_KNOWN && matches ? YES : NO;
}

/* ---- conditions ---- */

static int in_set(const subject *s, uint32_t fact, const aim__name_set *set, int allows)
{
	aim__name_ids name = s->names[fact];
	for (size_t i = aim__set_first(set, name.fold);
	     i < set->n_names && set->names[i] >> 32 == name.fold; i++)
		if (!allows || (uint32_t)set->names[i] == name.id)
			return 1;
	aim_str text = fact_text(s->request, fact);
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (aim__glob_match(set->patterns[i], text, !allows))
			return 1;
	return 0;
}

static answer test_name(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)allows;
	fact_state state = fact(s, f);
	return answer_of(state, s->names[f].id == arg);
}

static answer test_name_folded(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)allows;
	fact_state state = fact(s, f);
	return answer_of(state, s->names[f].fold == arg);
}

static answer test_name_set(subject *s, uint32_t f, uint32_t arg, int allows)
{
	fact_state state = fact(s, f);
	return answer_of(state, state == FACT_KNOWN && in_set(s, f, &s->policy->sets[arg], allows));
}

static answer test_trust_min(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)f;
	(void)allows;
	if (s->request->trust_micro == AIM_DECISION_NO_TRUST)
		return UNKNOWN;
	return s->request->trust_micro >= (int64_t)arg ? YES : NO;
}

static answer test_trust_max(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)f;
	(void)allows;
	if (s->request->trust_micro == AIM_DECISION_NO_TRUST)
		return UNKNOWN;
	return s->request->trust_micro <= (int64_t)arg ? YES : NO;
}

static int holds(const aim_request *request, aim_str pattern, int allows)
{
	for (size_t i = 0; i < request->n_capabilities; i++)
		if (aim__glob_match(pattern, request->capabilities[i], !allows))
			return 1;
	return 0;
}

static answer test_capabilities(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)f;
	const aim__name_set *set = &s->policy->sets[arg];
	if (!s->request->capabilities)
		return UNKNOWN;
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (!holds(s->request, set->patterns[i], allows))
			return NO;
	return YES;
}

static answer test_risk(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)f;
	(void)allows;
	if (s->request->risk == AIM_DECISION_RISK_UNKNOWN)
		return UNKNOWN;
	return arg >> s->request->risk & 1 ? YES : NO;
}

static answer test_either(subject *s, uint32_t f, uint32_t arg, int allows);

static answer (*const tests[AIM__OP_COUNT])(subject *, uint32_t fact, uint32_t arg, int allows) = {
	[AIM__OP_NAME] = test_name,
	[AIM__OP_NAME_FOLDED] = test_name_folded,
	[AIM__OP_NAME_SET] = test_name_set,
	[AIM__OP_EITHER] = test_either,
	[AIM__OP_TRUST_MIN] = test_trust_min,
	[AIM__OP_TRUST_MAX] = test_trust_max,
	[AIM__OP_CAPABILITIES] = test_capabilities,
	[AIM__OP_RISK] = test_risk,
};

static answer test(subject *s, uint64_t word, int allows)
{
	return tests[aim__condition_op(word)](s, aim__condition_fact(word), aim__condition_arg(word),
	                                      allows);
}

/* The two are never EITHER themselves, so this goes one deep. */
static answer test_either(subject *s, uint32_t f, uint32_t arg, int allows)
{
	(void)f;
	answer first = test(s, s->policy->eithers[arg], allows);
	if (first == YES)
		return YES;
	answer second = test(s, s->policy->eithers[arg + 1], allows);
	return second == NO ? first : second;
}

/* ---- the index ---- */

/* Rank of the first rule of the leaf that matches, or best when none below best does. */
static uint32_t search_leaf(subject *s, const aim__node *leaf, uint32_t best)
{
	const uint64_t *word = s->policy->words + leaf->first;
	for (uint32_t i = 0; i < leaf->count; i++) {
		uint64_t header = *word++;
		uint32_t rank = (uint32_t)header;
		uint32_t n = (uint32_t)(header >> 32) & 0x7FFFFFFFu;
		int allows = (int)(header >> 63);
		if (rank >= best)
			return best;
		uint32_t c = 0;
		for (; c < n; c++) {
			answer a = test(s, word[c], allows);
			if (a == NO || (a == UNKNOWN && allows))
				break;
		}
		if (c == n)
			return rank;
		word += n;
	}
	return best;
}

static uint32_t find_slot(const aim_policy *policy, const aim__node *split, uint32_t key)
{
	uint32_t slot = aim__slot_of_key(key, split->count);
	for (;; slot = (slot + 1) & (split->count - 1)) {
		const aim__node *node = &policy->nodes[split->first + slot];
		if (node->key == key)
			return split->first + slot;
		if (node->key == AIM__KEY_EMPTY)
			return AIM__NODE_NONE;
	}
}

static uint32_t search(subject *s, uint32_t node, uint32_t best);

static uint32_t search_key(subject *s, const aim__node *split, uint32_t key, uint32_t best)
{
	uint32_t child = find_slot(s->policy, split, key);
	return child == AIM__NODE_NONE ? best : search(s, child, best);
}

/* Rules whose globs begin like the name. */
static uint32_t search_prefixes(subject *s, const aim__node *split, uint32_t best)
{
	static const uint32_t lengths[AIM__PREFIX_LENGTH_COUNT] = AIM__PREFIX_LENGTHS;
	uint32_t f = split->fact;
	aim_str text = fact_text(s->request, f);
	char folded[AIM__PREFIX_MAX];
	size_t len = aim__name_fold(folded, sizeof folded, text);
	uint32_t present = s->policy->prefix_lengths[f];
	for (uint32_t i = 0; i < AIM__PREFIX_LENGTH_COUNT && lengths[i] <= len; i++) {
		if (!(present >> i & 1))
			continue;
		aim_str prefix = {folded, lengths[i]};
		aim__name_ids ids = aim__names_find(&s->policy->prefixes[f], prefix);
		if (ids.fold != AIM__NAME_NONE)
			best = search_key(s, split, ids.fold | AIM__KEY_PREFIX, best);
	}
	return best;
}

/* The fact is unknown: every rule of the table may match, as far as it denies or asks. */
static uint32_t search_all(subject *s, const aim__node *split, uint32_t best)
{
	for (uint32_t i = 0; i < split->count; i++)
		if (s->policy->nodes[split->first + i].key != AIM__KEY_EMPTY)
			best = search(s, split->first + i, best);
	return best;
}

static uint32_t search_table(subject *s, const aim__node *split, uint32_t best)
{
	uint32_t f = split->fact;
	fact_state state = fact(s, f);
	if (state == FACT_UNKNOWN)
		return search_all(s, split, best);
	if (state == FACT_NONE)
		return best;
	if (s->names[f].fold != AIM__NAME_NONE)
		best = search_key(s, split, s->names[f].fold, best);
	return s->policy->prefix_lengths[f] ? search_prefixes(s, split, best) : best;
}

/* Every split hands on to splits by later facts only, so this goes at most one deep per fact. */
static uint32_t search(subject *s, uint32_t index, uint32_t best)
{
	while (index != AIM__NODE_NONE) {
		const aim__node *node = &s->policy->nodes[index];
		if (node->rank >= best)
			return best;
		if (node->fact == AIM__NODE_LEAF)
			return search_leaf(s, node, best);
		best = search_table(s, node, best);
		index = node->rest;
	}
	return best;
}

uint32_t aim__policy_find(const aim_policy *policy, const aim_request *request)
{
	subject s = {.policy = policy, .request = request};
	return search(&s, AIM__NODE_ROOT, AIM__RULE_NONE);
}

/* ---- the stage ---- */

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

static aim_status policy_stage(aim__call *call)
{
	const aim_policy *policy = call->state;
	aim_decision *d = call->decision;
	if (!policy) {
		aim__decision_because(d, AIM__REASON_NO_POLICY);
		return AIM_DENIED;
	}
	d->judge = policy;
	d->rule = aim__policy_find(policy, call->request);
	int by_rule = d->rule != AIM__RULE_NONE;
	const outcome *o = &outcomes[by_rule ? policy->rules[d->rule].effect : policy->default_effect];
	aim__decision_because(d, by_rule ? o->by_rule : o->by_default);
	return o->status;
}

static const aim__stage policy_stages[] = {{"policy", policy_stage}};

aim_status aim__policy_run(aim_policy *policy, const aim_request *request, aim_decision *decision,
                           aim_error *err)
{
	aim_request copy = {0};
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
	aim__decision_hold(decision, policy);
	return aim__policy_run(policy, request, decision, err);
}
