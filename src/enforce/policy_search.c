/* enforce/policy_search.c — which rule decides a request. Layer enforce; reads the compiled policy and
 * the request, allocates nothing, takes no lock.
 *
 * Conditions are three-valued. A fact that the request does not state is unknown; a rule with an unknown
 * condition and no failing one matches when it denies or asks, and does not when it allows. */
#include "enforce/pattern.h"
#include "enforce/policy.h"

#include <string.h>

/* For what is rare, so that the usual way keeps its values in registers. */
#define NOINLINE __attribute__((noinline))

typedef aim__answer answer;
#define NO AIM__NO
#define YES AIM__YES
#define UNKNOWN AIM__UNKNOWN

/* A request in the policy's own numbers. */
typedef struct subject {
	const aim_policy *policy;
	const aim_request *request;
	const aim__inquiry *question;
	uint32_t values[AIM__VALUE_COUNT];
} subject;

/* ---- values ---- */

static const size_t text_offsets[AIM__FACT_COUNT] = {
	[AIM__FACT_TOOL] = offsetof(aim_request, tool),
	[AIM__FACT_AGENT] = offsetof(aim_request, agent),
	[AIM__FACT_DID] = offsetof(aim_request, did),
	[AIM__FACT_SERVER] = offsetof(aim_request, server),
	[AIM__FACT_RESOURCE] = offsetof(aim_request, resource),
	[AIM__FACT_ACTION] = offsetof(aim_request, action),
};

static inline aim_str fact_text(const aim_request *request, uint32_t fact)
{
	aim_str text;
	memcpy(&text, (const char *)request + text_offsets[fact], sizeof text);
	return text;
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
static uint32_t absent_value(const aim_request *request, uint32_t fact)
{
	if (fact == AIM__FACT_RESOURCE && action_is(request, "mcp_tool"))
		return AIM__VALUE_NONE;
	if (fact == AIM__FACT_TOOL && is_mcp(request->action) && !action_is(request, "mcp_tool"))
		return AIM__VALUE_NONE;
	return AIM__VALUE_UNKNOWN;
}

static inline void read_name(subject *s, uint32_t fact, aim__name_memo *memo)
{
	aim_str text = fact_text(s->request, fact);
	/* Tools and resources change with every call; agents, servers and actions hardly ever. */
	int lasts = fact != AIM__FACT_TOOL && fact != AIM__FACT_RESOURCE;
	const aim__names *names = &s->policy->names[fact];
	aim__name_ids ids;
	if (text.len == 0)
		ids.id = ids.fold = absent_value(s->request, fact);
	else if (lasts)
		ids = aim__names_find_again(names, &memo[fact], text);
	else
		ids = aim__names_find(names, text);
	s->values[AIM__VALUE_EXACT(fact)] = ids.id;
	s->values[AIM__VALUE_FOLDED(fact)] = ids.fold;
	if (ids.fold != AIM__VALUE_UNKNOWN)
		s->values[AIM__VALUE_IS_FOLDED(fact)] = ids.id == ids.fold && ids.id <= AIM__NAME_MAX;
}

/* All names are read before the search: it waits for the tool's, and the processor reads the others meanwhile. A fact
 * that no rule is about is not looked up, and would be unknown. */
static void begin(subject *s, const aim_policy *policy, const aim__inquiry *q, aim__name_memo *memo)
{
	const aim_request *r = q->request;
	s->policy = policy;
	s->question = q;
	s->request = r;
	for (uint32_t i = 0; i < AIM__VALUE_COUNT; i++)
		s->values[i] = AIM__VALUE_UNKNOWN;
	for (uint32_t facts = policy->facts; facts; facts &= facts - 1)
		read_name(s, (uint32_t)__builtin_ctz(facts), memo);
	int no_trust = r->trust_micro == AIM_DECISION_NO_TRUST;
	int no_risk = r->risk == AIM_DECISION_RISK_UNKNOWN;
	s->values[AIM__VALUE_TRUST] = no_trust ? AIM__VALUE_UNKNOWN : (uint32_t)r->trust_micro;
	s->values[AIM__VALUE_RISK] = no_risk ? AIM__VALUE_UNKNOWN : r->risk;
}

/* ---- conditions that are no columns ---- */

static answer test_set(subject *s, uint32_t fact, const aim__name_set *set, int allows)
{
	uint32_t fold = s->values[AIM__VALUE_FOLDED(fact)];
	uint32_t id = s->values[AIM__VALUE_EXACT(fact)];
	if (fold == AIM__VALUE_UNKNOWN)
		return UNKNOWN;
	if (fold == AIM__VALUE_NONE)
		return NO;
	for (size_t i = aim__set_first(set, fold); i < set->n_names && set->names[i] >> 32 == fold; i++)
		if (!allows || (uint32_t)set->names[i] == id)
			return YES;
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (aim__pattern_match(&set->patterns[i], fact_text(s->request, fact), !allows))
			return YES;
	return NO;
}

static int holds(const aim_request *request, const aim__pattern *pattern, int allows)
{
	for (size_t i = 0; i < request->n_capabilities; i++)
		if (aim__pattern_match(pattern, request->capabilities[i], !allows))
			return 1;
	return 0;
}

static answer test_capabilities(const subject *s, const aim__name_set *set, int allows)
{
	if (!s->request->capabilities)
		return UNKNOWN;
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (!holds(s->request, &set->patterns[i], allows))
			return NO;
	return YES;
}

static answer test(subject *s, uint64_t word, int allows)
{
	uint32_t b = aim__condition_b(word);
	switch (aim__condition_op(word)) {
	case AIM__OP_NAME_SET:
		return test_set(s, aim__condition_a(word), &s->policy->sets[b], allows);
	case AIM__OP_CAPABILITIES:
		return test_capabilities(s, &s->policy->sets[b], allows);
	case AIM__OP_WHEN:
		return aim__when_answer(s->policy, b, s->question);
	default: /* no such condition: fail closed */
		return UNKNOWN;
	}
}

/* ---- leaves ---- */

/* The rows that this column does not rule out. *column moves behind it. */
static inline uint32_t pass_column(subject *s, const uint64_t **column, uint32_t refusing)
{
	const uint64_t *word = *column;
	uint64_t header = *word++;
	uint32_t v = s->values[(uint32_t)header >> 24];
	uint32_t pass = (uint32_t)(header >> 32);
	const uint64_t *names_end = word + ((uint32_t)header >> 12 & 0xFFFu);
	const uint64_t *end = names_end + ((uint32_t)header & 0xFFFu) * 2;
	*column = end;
	if (v == AIM__VALUE_UNKNOWN)
		return pass | refusing;
	for (; word < names_end; word++)
		pass |= v == (uint32_t)*word ? (uint32_t)(*word >> 32) : 0;
	/* One comparison a range: below it, the difference wraps around to a large number. */
	for (; word < end; word += 2)
		pass |= v - (uint32_t)(word[0] >> 32) <= (uint32_t)word[0] ? (uint32_t)word[1] : 0;
	return pass;
}

static NOINLINE int pass_tests(subject *s, const uint64_t *tests, uint32_t n, int allows)
{
	for (uint32_t i = 0; i < n; i++) {
		answer a = test(s, tests[i], allows);
		if (a == NO || (a == UNKNOWN && allows))
			return 0;
	}
	return 1;
}

/* Rank of the first row that matches, or best when none below best does. */
static uint32_t search_block(subject *s, const uint64_t *block, const uint32_t *ranks, uint32_t best)
{
	uint32_t n_rows = (uint32_t)block[0] >> 8;
	uint32_t n_columns = (uint32_t)block[0] & 0xFFu;
	uint32_t refusing = (uint32_t)block[1];
	uint32_t alive = UINT32_MAX >> (AIM__BLOCK_ROWS - n_rows);
	const uint64_t *at = block + AIM__BLOCK_HEADER;
	for (uint32_t i = 0; i < n_columns; i++)
		alive &= pass_column(s, &at, refusing);
	for (; alive; alive &= alive - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(alive);
		uint32_t row = (uint32_t)at[i];
		if (ranks[i] >= best)
			return best;
		uint32_t n_tests = row >> 24;
		if (n_tests == 0 || pass_tests(s, block + (row & 0xFFFFFFu), n_tests, !(refusing >> i & 1)))
			return ranks[i];
	}
	return best;
}

/* Later blocks have higher ranks. */
static uint32_t search_leaf(subject *s, const aim__node *leaf, uint32_t best)
{
	const uint32_t *at = s->policy->leaves + leaf->first;
	for (uint32_t i = 0; i < leaf->count; i++) {
		const uint64_t *block = s->policy->words + *at++;
		uint32_t found = search_block(s, block, at, best);
		if (found < best)
			return found;
		at += block[0] >> 8;
	}
	return best;
}

/* ---- splits ---- */

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

/* Rules whose globs begin like the name. */
static NOINLINE uint32_t search_prefixes(subject *s, const aim__node *split, uint32_t best)
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
			best = search(s, find_slot(s->policy, split, ids.fold | AIM__KEY_PREFIX), best);
	}
	return best;
}

/* The fact is unknown: every rule of the table may match, as far as it denies or asks. */
static NOINLINE uint32_t search_all(subject *s, const aim__node *split, uint32_t best)
{
	for (uint32_t i = 0; i < split->count; i++)
		if (s->policy->nodes[split->first + i].key != AIM__KEY_EMPTY)
			best = search(s, split->first + i, best);
	return best;
}

/* The child of a split for the name of its fact; AIM__NODE_NONE for a name that no rule below it lists. */
static inline uint32_t child_of(const aim_policy *policy, const aim__node *split, uint32_t fold)
{
	return fold == AIM__VALUE_STRANGE || fold == AIM__VALUE_NONE ? AIM__NODE_NONE : find_slot(policy, split, fold);
}

/* Every split hands on to splits by later facts only, so this goes at most one deep per fact; where there is one way
 * to go on, as mostly, it does not go deeper. */
static uint32_t search(subject *s, uint32_t index, uint32_t best)
{
	while (index != AIM__NODE_NONE) {
		const aim__node *node = &s->policy->nodes[index];
		if (node->rank >= best)
			return best;
		if (node->fact == AIM__NODE_LEAF)
			return search_leaf(s, node, best);
		uint32_t fold = s->values[AIM__VALUE_FOLDED(node->fact)];
		int has_prefixes = s->policy->prefix_lengths[node->fact] != 0 && fold != AIM__VALUE_NONE;
		if (fold == AIM__VALUE_UNKNOWN) {
			best = search_all(s, node, best);
			index = node->rest;
			continue;
		}
		index = child_of(s->policy, node, fold);
		if (!has_prefixes && node->rest == AIM__NODE_NONE)
			continue;
		best = search(s, index, best);
		if (has_prefixes)
			best = search_prefixes(s, node, best);
		index = node->rest;
	}
	return best;
}

uint32_t aim__policy_find(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo)
{
	subject s;
	begin(&s, policy, question, memo);
	return search(&s, AIM__NODE_ROOT, AIM__RULE_NONE);
}

/* ---- one rule by itself ---- */

/* A condition that the index would have made a column, or split by. */
static answer within(const subject *s, uint64_t word)
{
	uint32_t v = s->values[aim__condition_op(word)];
	if (v == AIM__VALUE_UNKNOWN)
		return UNKNOWN;
	return v >= aim__condition_a(word) && v <= aim__condition_b(word) ? YES : NO;
}

static answer answer_word(subject *s, uint64_t word, int allows)
{
	uint32_t op = aim__condition_op(word);
	if (op < AIM__VALUE_COUNT)
		return within(s, word);
	if (op == AIM__OP_RISK) {
		uint32_t risk = s->values[AIM__VALUE_RISK];
		return risk == AIM__VALUE_UNKNOWN ? UNKNOWN : aim__condition_b(word) >> risk & 1 ? YES : NO;
	}
	if (op != AIM__OP_EITHER)
		return test(s, word, allows);
	const uint64_t *words = &s->policy->eithers[aim__condition_b(word)];
	answer a = answer_word(s, words[0], allows);
	answer b = a == YES ? a : answer_word(s, words[1], allows);
	return b == NO ? a : b;
}

static answer answer_rule(subject *s, const aim__rule *rule)
{
	answer all = YES;
	for (uint32_t i = 0; i < rule->n_conditions && all != NO; i++) {
		answer a = answer_word(s, rule->conditions[i], rule->effect == AIM_DECISION_ALLOW);
		if (a != YES)
			all = a;
	}
	return all;
}

aim__answer aim__rule_answer(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo,
                             const aim__rule *rule)
{
	subject s;
	begin(&s, policy, question, memo);
	return answer_rule(&s, rule);
}

aim__answer aim__condition_answer(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo,
                                  const aim__rule *rule, uint32_t index)
{
	subject s;
	begin(&s, policy, question, memo);
	return answer_word(&s, rule->conditions[index], rule->effect == AIM_DECISION_ALLOW);
}

uint64_t aim__policy_find_alerts(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo)
{
	subject s;
	uint64_t found = 0;
	begin(&s, policy, question, memo);
	for (uint32_t i = 0; i < policy->n_alerts; i++)
		if (answer_rule(&s, &aim__policy_alerts(policy)[i]) != NO)
			found |= UINT64_C(1) << i;
	return found;
}
