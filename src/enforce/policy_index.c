/* enforce/policy_index.c — building the index of a policy. Layer enforce; knows conditions only as far
 * as they name what a request is about.
 *
 * A node takes a list of rules. Few rules become a leaf. Many are split by a fact: a rule that lists names
 * goes below each of them, every other rule goes to the node's rest, and both parts are split again by
 * the next fact. The first names that multiply a rule are unbounded, since the document lists them one by
 * one; below those only a few are, so that the index stays in proportion to the document. */
#include "enforce/policy_index.h"

#include "base/mem.h"
#include "enforce/pattern.h"
#include "enforce/sort.h"

#include <string.h>

#define LEAF_RULES 24u /* as many are tested as fast as they are split */
#define MIN_SPLIT 4u   /* a split that fewer rules profit from costs more than it saves */

/* The facts that split, in order, and how many names a rule may list to go below each of them when it
 * stands below a name already. */
typedef struct level {
	uint32_t fact;
	uint32_t max_names;
} level;

static const level levels[] = {
	{AIM__FACT_TOOL, 1},   {AIM__FACT_AGENT, 4},    {AIM__FACT_DID, 1},
	{AIM__FACT_SERVER, 1}, {AIM__FACT_RESOURCE, 1},
};
#define N_LEVELS (sizeof levels / sizeof levels[0])

typedef struct aim__index_builder builder;

static const uint32_t prefix_lengths[AIM__PREFIX_LENGTH_COUNT] = AIM__PREFIX_LENGTHS;

size_t aim__prefix_indexed(size_t len, uint32_t *out_bit)
{
	size_t best = 0;
	for (uint32_t i = 0; i < AIM__PREFIX_LENGTH_COUNT && prefix_lengths[i] <= len; i++) {
		best = prefix_lengths[i];
		*out_bit = i;
	}
	return best;
}

/* ---- the keys of a rule at a split ---- */

static const uint64_t *condition_on(const aim__rule *rule, uint32_t fact)
{
	for (uint32_t i = 0; i < rule->n_conditions; i++)
		if (aim__condition_fact(rule->conditions[i]) == fact)
			return &rule->conditions[i];
	return NULL;
}

/* How many keys a rule with this condition goes below at this level; 0 for the rest. */
static size_t count_keys(const builder *b, uint64_t word, const level *l)
{
	if (aim__condition_op(word) != AIM__OP_NAME_SET)
		return 1;
	const aim__name_set *set = &b->policy->sets[aim__condition_b(word)];
	size_t n = (size_t)set->n_names + set->n_patterns;
	if (b->depth > 0 && n > l->max_names)
		return 0;
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (aim__pattern_prefix_len(set->patterns[i].text) == 0)
			return 0;
	return n;
}

static aim_status prefix_key(aim_policy *policy, uint32_t fact, aim_str pattern, uint32_t *out_key)
{
	char folded[AIM__PREFIX_MAX];
	aim__name_ids ids = {0, 0};
	uint32_t bit = 0;
	aim_str prefix = {folded, 0};
	prefix.len = aim__prefix_indexed(aim__pattern_prefix_len(pattern), &bit);
	aim__name_fold(folded, prefix.len, pattern);
	aim_status rc = aim__names_add(&policy->prefixes[fact], &policy->arena, prefix, &ids);
	policy->prefix_lengths[fact] |= 1u << bit;
	*out_key = ids.fold | AIM__KEY_PREFIX;
	return rc;
}

/* Writes the rule's keys, each as key << 32 | rank. */
static aim_status write_keys(aim_policy *policy, uint32_t rank, uint64_t word, uint64_t *pairs,
                             size_t *n_pairs)
{
	uint32_t fact = aim__condition_fact(word);
	aim_status rc = AIM_OK;
	if (aim__condition_op(word) != AIM__OP_NAME_SET) {
		uint32_t name = aim__condition_a(word);
		pairs[(*n_pairs)++] = (uint64_t)policy->names[fact].items[name].fold << 32 | rank;
		return AIM_OK;
	}
	const aim__name_set *set = &policy->sets[aim__condition_b(word)];
	for (uint32_t i = 0; i < set->n_names; i++)
		pairs[(*n_pairs)++] = set->names[i] >> 32 << 32 | rank;
	for (uint32_t i = 0; i < set->n_patterns && rc == AIM_OK; i++) {
		uint32_t key = 0;
		rc = prefix_key(policy, fact, set->patterns[i].text, &key);
		pairs[(*n_pairs)++] = (uint64_t)key << 32 | rank;
	}
	return rc;
}

/* ---- splits ---- */

typedef struct split {
	uint64_t *pairs; /* key << 32 | rank, sorted */
	size_t n_pairs;
	size_t cap_pairs;
	uint32_t *rest; /* ranks, ascending; the space behind serves as scratch for children */
	size_t n_rest;
	size_t cap_rest;
} split;

/* How many of the rules a split would give keys. *out_pairs counts the keys. */
static size_t measure(const builder *b, const level *l, const uint32_t *ranks, size_t n,
                      size_t *out_pairs)
{
	size_t n_keyed = 0;
	for (size_t i = 0; i < n; i++) {
		const uint64_t *word = condition_on(&b->policy->rules[ranks[i]], l->fact);
		size_t n_keys = word ? count_keys(b, *word, l) : 0;
		*out_pairs += n_keys;
		n_keyed += n_keys != 0;
	}
	return n_keyed;
}

static aim_status part(builder *b, const level *l, const uint32_t *ranks, size_t n, split *s)
{
	aim_policy *policy = b->policy;
	aim_status rc = AIM_OK;
	s->pairs = aim__alloc_array(policy->ctx, s->cap_pairs, sizeof *s->pairs);
	s->rest = aim__alloc_array(policy->ctx, s->cap_rest, sizeof *s->rest);
	if (!s->pairs || !s->rest)
		return AIM_E_NOMEM;
	for (size_t i = 0; i < n && rc == AIM_OK; i++) {
		const uint64_t *word = condition_on(&policy->rules[ranks[i]], l->fact);
		if (!word || count_keys(b, *word, l) == 0)
			s->rest[s->n_rest++] = ranks[i];
		else
			rc = write_keys(policy, ranks[i], *word, s->pairs, &s->n_pairs);
	}
	if (rc == AIM_OK)
		rc = aim__sort_u64(policy->ctx, s->pairs, s->n_pairs);
	/* A set may hold one fold twice, or two globs with one indexed prefix. */
	if (rc == AIM_OK)
		s->n_pairs = aim__unique_u64(s->pairs, s->n_pairs);
	return rc;
}

static aim_status add_nodes(aim_policy *policy, size_t n, uint32_t *out_first)
{
	void *nodes = policy->nodes;
	aim_status rc = aim__grow(policy->ctx, &nodes, &policy->cap_nodes, policy->n_nodes + n,
	                          sizeof *policy->nodes, 16, AIM__NODE_NONE);
	policy->nodes = nodes;
	if (rc != AIM_OK)
		return rc;
	*out_first = (uint32_t)policy->n_nodes;
	for (size_t i = 0; i < n; i++) {
		aim__node empty = {AIM__KEY_EMPTY, AIM__NODE_LEAF, 0, 0, AIM__NODE_NONE, AIM__RULE_NONE};
		policy->nodes[policy->n_nodes++] = empty;
	}
	return AIM_OK;
}

static uint32_t free_slot(const aim_policy *policy, uint32_t first, uint32_t count, uint32_t key)
{
	uint32_t slot = aim__slot_of_key(key, count);
	while (policy->nodes[first + slot].key != AIM__KEY_EMPTY)
		slot = (slot + 1) & (count - 1);
	return first + slot;
}

/* A power of two that leaves the table at most half full. */
static size_t slots_for(const split *s)
{
	size_t n_keys = 0;
	for (size_t i = 0; i < s->n_pairs; i++)
		n_keys += i == 0 || s->pairs[i] >> 32 != s->pairs[i - 1] >> 32;
	size_t slots = 2;
	while (slots < n_keys * 2)
		slots *= 2;
	return slots;
}

static aim_status build(builder *b, uint32_t node, size_t level_index, const uint32_t *ranks, size_t n);

static aim_status build_child(builder *b, uint32_t node, size_t level_index, uint32_t key,
                              const uint32_t *ranks, size_t n)
{
	uint32_t fact = levels[level_index].fact;
	b->policy->nodes[node].key = key;
	b->path[fact] = key & AIM__KEY_PREFIX ? AIM__KEY_EMPTY : key;
	b->depth++;
	aim_status rc = build(b, node, level_index + 1, ranks, n);
	b->depth--;
	b->path[fact] = AIM__KEY_EMPTY;
	return rc;
}

static aim_status build_children(builder *b, uint32_t first, uint32_t count, size_t level_index,
                                 split *s)
{
	uint32_t *ranks = s->rest + s->n_rest;
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < s->n_pairs && rc == AIM_OK;) {
		uint32_t key = (uint32_t)(s->pairs[i] >> 32);
		size_t n = 0;
		for (; i < s->n_pairs && s->pairs[i] >> 32 == key; i++)
			ranks[n++] = (uint32_t)s->pairs[i];
		rc = build_child(b, free_slot(b->policy, first, count, key), level_index, key, ranks, n);
	}
	return rc;
}

static aim_status build_split(builder *b, uint32_t node, size_t level_index, const uint32_t *ranks,
                              size_t n, split *s)
{
	aim_policy *policy = b->policy;
	uint32_t first = 0;
	uint32_t rest = AIM__NODE_NONE;
	aim_status rc = part(b, &levels[level_index], ranks, n, s);
	if (rc != AIM_OK)
		return rc;
	size_t slots = slots_for(s);
	rc = add_nodes(policy, slots, &first);
	if (rc == AIM_OK && s->n_rest)
		rc = add_nodes(policy, 1, &rest);
	if (rc == AIM_OK)
		rc = build_children(b, first, (uint32_t)slots, level_index, s);
	if (rc == AIM_OK && s->n_rest)
		rc = build(b, rest, level_index + 1, s->rest, s->n_rest);
	if (rc != AIM_OK)
		return rc;
	aim__node *split_node = &policy->nodes[node];
	split_node->fact = levels[level_index].fact;
	split_node->first = first;
	split_node->count = (uint32_t)slots;
	split_node->rest = rest;
	split_node->rank = ranks[0];
	return AIM_OK;
}

/* ranks ascending. Recursion goes one level down each time, so it ends after N_LEVELS. */
static aim_status build(builder *b, uint32_t node, size_t level_index, const uint32_t *ranks, size_t n)
{
	for (; n > LEAF_RULES && level_index < N_LEVELS; level_index++) {
		split s = {.cap_rest = n};
		if (measure(b, &levels[level_index], ranks, n, &s.cap_pairs) < MIN_SPLIT)
			continue;
		aim_status rc = build_split(b, node, level_index, ranks, n, &s);
		aim__free(b->policy->ctx, s.pairs, s.cap_pairs * sizeof *s.pairs);
		aim__free(b->policy->ctx, s.rest, s.cap_rest * sizeof *s.rest);
		return rc;
	}
	return aim__leaf_build(b, node, ranks, n);
}

static aim_status build_all(builder *b)
{
	size_t n = b->policy->n_rules;
	uint32_t root = 0;
	aim_status rc = add_nodes(b->policy, 1, &root);
	if (rc != AIM_OK || n == 0)
		return rc;
	uint32_t *ranks = aim__alloc_array(b->policy->ctx, n, sizeof *ranks);
	if (!ranks)
		return AIM_E_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		ranks[i] = i;
	rc = build(b, root, 0, ranks, n);
	aim__free(b->policy->ctx, ranks, n * sizeof *ranks);
	return rc;
}

aim_status aim__policy_index(aim_policy *policy)
{
	builder b = {.policy = policy};
	for (size_t i = 0; i < AIM__FACT_COUNT; i++)
		b.path[i] = AIM__KEY_EMPTY;
	aim__arena_init(&b.scratch, policy->ctx, 0, 0);
	aim__arena_init(&b.block_words, policy->ctx, 0, 0);
	aim__map_init(&b.blocks, policy->ctx, 0);
	aim_status rc = build_all(&b);
	aim__arena_dispose(&b.scratch);
	aim__arena_dispose(&b.block_words);
	aim__map_dispose(&b.blocks);
	return rc;
}
