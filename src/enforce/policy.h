/* enforce/policy.h — inside a compiled policy. Immutable once compiled; only the reference count changes.
 *
 * A rule is a row of conditions, each one 64-bit word. An index over the names that rules list finds
 * the few rules that can match; it is a filter only: every condition of a rule found is tested, so the
 * index cannot change what is decided, just how fast.
 *
 * Rules are numbered by rank: deny before ask before allow, in document order within each. The lowest
 * rank that matches decides. */
#ifndef AIM_ENFORCE_POLICY_H
#define AIM_ENFORCE_POLICY_H

#include <aim/policy.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "enforce/decision.h"
#include "enforce/names.h"

/* The facts of a request that are names. A new one: a row in fact_text() of policy_decide.c and
 * a member of the reader. */
enum {
	AIM__FACT_TOOL,
	AIM__FACT_AGENT,
	AIM__FACT_DID,
	AIM__FACT_SERVER,
	AIM__FACT_RESOURCE,
	AIM__FACT_ACTION,
	AIM__FACT_COUNT
};

/* What a condition tests. A new one: a row in tests[] of policy_decide.c and a member
 * of the reader. */
enum {
	AIM__OP_NAME,         /* fact's name is number arg */
	AIM__OP_NAME_FOLDED,  /* fact's name folds to number arg */
	AIM__OP_NAME_SET,     /* fact's name is in sets[arg] */
	AIM__OP_EITHER,       /* eithers[arg] or eithers[arg + 1] */
	AIM__OP_TRUST_MIN,    /* trust score is arg or more */
	AIM__OP_TRUST_MAX,    /* trust score is arg or less */
	AIM__OP_CAPABILITIES, /* for each pattern of sets[arg], one is held */
	AIM__OP_RISK,         /* bit `risk` of arg is set */
	AIM__OP_COUNT
};

/* Condition: op in the low byte, fact in the next, arg in the upper half. */
static inline uint64_t aim__condition(uint32_t op, uint32_t fact, uint32_t arg)
{
	return (uint64_t)arg << 32 | fact << 8 | op;
}
static inline uint32_t aim__condition_op(uint64_t word)
{
	return (uint32_t)word & 0xFFu;
}
static inline uint32_t aim__condition_fact(uint64_t word)
{
	return (uint32_t)word >> 8 & 0xFFu;
}
static inline uint32_t aim__condition_arg(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

typedef struct aim__rule {
	aim_str id;
	aim_str reason; /* the document's; {NULL, 0} when it gives none */
	uint32_t effect;
	uint32_t n_conditions;
	const uint64_t *conditions;
} aim__rule;

/* The patterns of one list. Plain names are kept as fold << 32 | id, sorted, so that all names with one
 * fold lie side by side; capabilities and globs are kept as text. */
typedef struct aim__name_set {
	uint64_t *names;
	aim_str *patterns;
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
	uint32_t first; /* leaf: index of its first word; split: of its table in nodes[] */
	uint32_t count; /* leaf: how many rules; split: slots, a power of two */
	uint32_t rest;  /* split: node of the rules not in the table; AIM__NODE_NONE */
	uint32_t rank;  /* lowest below here */
} aim__node;

#define AIM__KEY_EMPTY UINT32_MAX
#define AIM__KEY_PREFIX 0x80000000u
#define AIM__NODE_LEAF UINT32_MAX
#define AIM__NODE_NONE UINT32_MAX
#define AIM__NODE_ROOT 0u

static inline uint32_t aim__slot_of_key(uint32_t key, uint32_t n_slots)
{
	return (key * 0x9E3779B1u >> 7) & (n_slots - 1);
}

/* A rule in a leaf: this header, then its conditions. */
static inline uint64_t aim__rule_header(uint32_t rank, uint32_t n_conditions, int allows)
{
	return (uint64_t)rank | (uint64_t)n_conditions << 32 | (uint64_t)(allows ? 1 : 0) << 63;
}

/* Globs are found by their first bytes; these are the lengths looked at. */
#define AIM__PREFIX_LENGTHS {1, 2, 3, 4, 6, 8, 12, 16, 24, 32}
#define AIM__PREFIX_LENGTH_COUNT 10
#define AIM__PREFIX_MAX 32

struct aim_policy {
	aim_ctx *ctx;
	atomic_uint_fast32_t references;
	uint32_t default_effect;
	aim__arena arena; /* all texts, rules, sets */
	aim_str name;
	aim_str description;
	char hash[64];
	aim__rule *rules; /* by rank */
	uint32_t n_rules;
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
	uint64_t *words; /* of the leaves */
	size_t n_words;
	size_t cap_words;
};

/* Bytes of a prefix that are indexed: the longest of AIM__PREFIX_LENGTHS within len; 0 for none. *out_bit is
 * its index. */
size_t aim__prefix_indexed(size_t len, uint32_t *out_bit);

/* Rank of the deciding rule, AIM__RULE_NONE when none matches. request was taken. */
uint32_t aim__policy_find(const aim_policy *policy, const aim_request *request);

/* The table {"policy"}; call->state is an aim_policy that the decision holds, or NULL. */
aim_status aim__policy_run(aim_policy *policy, const aim_request *request, aim_decision *decision,
                           aim_error *err);

#endif
