/* enforce/policy.h — inside a compiled policy. Immutable once compiled; only the reference count changes.
 *
 * A request is turned into numbers, and a rule into conditions on them; most conditions are ranges. An
 * index over the names that rules list leads to a leaf with the few rules that can match, and the leaf
 * tests these column by column: each column looks at one number of the request and leaves a mask of the rules
 * that it does not rule out.
 *
 * Rules are numbered by rank: deny before ask before allow, in document order within each, unless the document
 * combines them otherwise. The lowest rank that matches decides. */
#ifndef AIM_ENFORCE_POLICY_H
#define AIM_ENFORCE_POLICY_H

#include <aim/policy.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "enforce/decision.h"
#include "enforce/names.h"
#include "enforce/pattern.h"
#include "enforce/policy_when.h"

/* A request as numbers. Of each fact that is a name two: the number of its very bytes and that of its
 * folded form. A new one: a line in begin() of policy_search.c and a member of the reader. */
#define AIM__VALUE_EXACT(fact) (2u * (fact))
#define AIM__VALUE_FOLDED(fact) (2u * (fact) + 1u)
#define AIM__VALUE_TRUST (2u * AIM__FACT_COUNT)
#define AIM__VALUE_RISK (2u * AIM__FACT_COUNT + 1u)
#define AIM__VALUE_IS_FOLDED(fact) (2u * AIM__FACT_COUNT + 2u + (fact)) /* 1: the name is its folded form */
#define AIM__VALUE_COUNT (3u * AIM__FACT_COUNT + 2u)

/* Values that lie in no range. */
#define AIM__VALUE_STRANGE AIM__NAME_NONE    /* a name that no rule lists */
#define AIM__VALUE_UNKNOWN (UINT32_MAX - 2u) /* the request does not say */
#define AIM__VALUE_NONE (UINT32_MAX - 3u)    /* known that there is none */

/* A condition is a word {op, a, b}. Most are "value number op lies within a … b"; the others follow. A new
 * one: a case in test() of policy_search.c and a member of the reader. */
enum {
	AIM__OP_RISK = 32,   /* bit `risk` of b is set; becomes ranges in a leaf */
	AIM__OP_EITHER,      /* eithers[b] or eithers[b + 1]; becomes two rows in a leaf */
	AIM__OP_NAME_SET,    /* fact a is in sets[b]; small ones without globs become ranges in a leaf */
	AIM__OP_CAPABILITIES, /* for each pattern of sets[b], one is held */
	AIM__OP_WHEN          /* the tree at whens[b] */
};

#define AIM__OPERAND_BITS 28u
#define AIM__OPERAND_MAX ((1u << AIM__OPERAND_BITS) - 1u)

static inline uint64_t aim__condition(uint32_t op, uint32_t a, uint32_t b)
{
	return (uint64_t)b << 36 | (uint64_t)a << 8 | op;
}
static inline uint32_t aim__condition_op(uint64_t word)
{
	return (uint32_t)word & 0xFFu;
}
static inline uint32_t aim__condition_a(uint64_t word)
{
	return (uint32_t)(word >> 8) & AIM__OPERAND_MAX;
}
static inline uint32_t aim__condition_b(uint64_t word)
{
	return (uint32_t)(word >> 36);
}

typedef struct aim__duty_texts {
	const aim_str *items;
	size_t n;
} aim__duty_texts;

/* The obligations of a rule. */
typedef struct aim__duties {
	uint32_t mask; /* AIM_OBLIGATION_* */
	uint32_t max_calls;
	uint32_t window_s;
	aim__duty_texts texts[3]; /* of REDACT, LOG, NOTIFY: by the number of their bit */
} aim__duties;

#define AIM__EFFECT_ALERT 3u /* of a rule that decides nothing, beside AIM_DECISION_* */

typedef struct aim__rule {
	aim_str id;
	aim_str reason; /* the document's; {NULL, 0} when it gives none */
	uint32_t effect;
	uint32_t n_conditions;
	const uint64_t *conditions;
	const aim__duties *duties; /* NULL: none */
	uint32_t place;            /* where it stood in the document: an aim_json_value */
	uint32_t reserved;
} aim__rule;

/* The patterns of one list. Plain names are kept as fold << 32 | id, sorted, so that all names with one
 * fold lie side by side; globs are kept as text, and so are capabilities. */
typedef struct aim__name_set {
	uint64_t *names;
	aim__pattern *patterns;
	uint32_t n_names;
	uint32_t n_patterns;
} aim__name_set;

/* Index of the first name of the set with this fold or a higher one; n_names when there is none. */
static inline size_t aim__set_first(const aim__name_set *set, uint32_t fold)
{
	size_t low = 0;
	size_t high = set->n_names;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->names[middle] >> 32 < fold)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A node of the index: a leaf holds rules, a split hands on by the name of one fact. The children of a
 * split are a hash table inside nodes[], keyed by the folded name's number, or by the number of a glob's prefix
 * with AIM__KEY_PREFIX set. */
typedef struct aim__node {
	uint32_t key;   /* in the parent's table; AIM__KEY_EMPTY */
	uint32_t fact;  /* of a split; AIM__NODE_LEAF */
	uint32_t first; /* leaf: where it begins in leaves[]; split: its table in nodes[] */
	uint32_t count; /* leaf: how many blocks; split: slots, a power of two */
	uint32_t rest;  /* split: node of the rules not in the table; AIM__NODE_NONE */
	uint32_t rank;  /* lowest below here */
} aim__node;

#define AIM__KEY_EMPTY UINT32_MAX /* also: no name */
#define AIM__KEY_PREFIX 0x80000000u
#define AIM__NODE_LEAF UINT32_MAX
#define AIM__NODE_NONE UINT32_MAX
#define AIM__NODE_ROOT 0u

static inline uint32_t aim__slot_of_key(uint32_t key, uint32_t n_slots)
{
	return (key * 0x9E3779B1u >> 7) & (n_slots - 1);
}

/* A leaf is one or more blocks, each for at most 32 rows; a row is a rule, or one half of a rule with an EITHER. In
 * leaves[] stands for each block where its words begin, and the rank of each row. Rules for many tools are often of one
 * pattern, so equal blocks are kept once: words[] stays small enough to remain in the processor's cache.
 *
 * The words of a block; a mask has a bit for each row:
 *
 *     n_rows : 8 | n_columns : 8
 *     mask of the rows that deny or ask
 *     for each column:
 *         mask of the rows that do not look at it : 32 | value : 8 | n_names : 12 | n_ranges : 12
 *         for each name: mask of the rows it lets pass : 32 | name : 32
 *         for each range: lowest : 32 | highest - lowest : 32, then the mask of the rows it lets pass
 *     for each row: n_tests : 8 | where its tests begin in this block : 24
 *     the tests: conditions that are no columns, for rows that all columns let pass
 *
 * Parts of a word are listed from its highest bit down. */
#define AIM__BLOCK_ROWS 32u
#define AIM__BLOCK_HEADER 2u

/* Globs are found by their first bytes; these are the lengths looked at. */
#define AIM__PREFIX_LENGTHS {1, 2, 3, 4, 6, 8, 12, 16, 24, 32}
#define AIM__PREFIX_LENGTH_COUNT 10
#define AIM__PREFIX_MAX 32

#define AIM__ALERTS_MAX 64u
#define AIM__COUNTERS_MAX 64u
#define AIM__ASKS_TIME 1u /* some rule has a condition on times or rates */

struct aim_policy {
	aim_ctx *ctx;
	atomic_uint_fast32_t references;
	uint32_t default_effect;
	aim__arena arena; /* all texts, rules, sets */
	aim_str name;
	aim_str description;
	char hash[64];
	aim__rule *rules; /* by rank; behind them those that only alert */
	uint32_t n_rules;
	uint32_t n_alerts;
	uint32_t combining; /* AIM_POLICY_DENY_OVERRIDES … */
	uint32_t has_duties; /* 1: some rule has obligations */
	uint32_t monitor;   /* 1: refuses nothing */
	uint32_t first_ask; /* ranks where the effects begin: a decision need not fetch the rule */
	uint32_t first_allow;
	uint32_t facts; /* bit i: some rule is about AIM__FACT_i */
	aim__names names[AIM__FACT_COUNT];
	aim__names prefixes[AIM__FACT_COUNT];       /* folded */
	uint32_t prefix_lengths[AIM__FACT_COUNT];   /* bit i: AIM__PREFIX_LENGTHS[i] occurs */
	aim__name_set *sets;
	size_t n_sets;
	size_t cap_sets;
	uint64_t *eithers;
	size_t n_eithers;
	size_t cap_eithers;
	aim__node *nodes;
	size_t n_nodes;
	size_t cap_nodes;
	uint32_t *leaves;
	size_t n_leaves; /* numbers in leaves[] */
	size_t cap_leaves;
	uint64_t *words; /* of the leaves' blocks */
	size_t n_words;
	size_t cap_words;
	aim__when *whens;
	size_t n_whens;
	size_t cap_whens;
	struct aim_pattern_set **regexes;
	size_t n_regexes;
	size_t cap_regexes;
	uint32_t asks; /* AIM__ASKS_* */
	uint32_t n_counters;
	aim__rate_test counters[AIM__COUNTERS_MAX]; /* in how many ways calls are counted */
};

/* Bytes of a prefix that are indexed: the longest of AIM__PREFIX_LENGTHS within len; 0 for none. *out_bit is
 * its index. */
size_t aim__prefix_indexed(size_t len, uint32_t *out_bit);

/* Rank of the deciding rule, AIM__RULE_NONE when none matches. question's request was taken. memo is AIM__FACT_COUNT of
 * them, used with this policy only. */
uint32_t aim__policy_find(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo);

static inline const aim__rule *aim__policy_alerts(const aim_policy *policy)
{
	return policy->rules + policy->n_rules;
}

/* Bit i: alert rule i matches. */
uint64_t aim__policy_find_alerts(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo);
/* What a rule by itself answers about a request: slow, without the index. */
aim__answer aim__rule_answer(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo,
                             const aim__rule *rule);

/* The same of its condition at index. */
aim__answer aim__condition_answer(const aim_policy *policy, const aim__inquiry *question, aim__name_memo *memo,
                                  const aim__rule *rule, uint32_t index);
/* The effect that policy would have, which counts nothing. The question's decision, which holds the policy, then has
 * rule and reason. */
uint32_t aim__policy_peek(const aim_policy *policy, const aim__inquiry *question);

/* The table {"policy"}; call->state is an aim_policy that the decision holds, or NULL. */
aim_status aim__policy_run(aim_policy *policy, const aim_request *request, aim_decision *decision,
                           aim_error *err);

#endif
