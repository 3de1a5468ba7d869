/* enforce/policy_index.h — from rules with conditions to the index of policy.h. */
#ifndef AIM_ENFORCE_POLICY_INDEX_H
#define AIM_ENFORCE_POLICY_INDEX_H

#include "base/map.h"
#include "enforce/policy.h"

/* Where in the tree the building is. */
struct aim__index_builder {
	aim_policy *policy;
	uint32_t path[AIM__FACT_COUNT]; /* folded name each fact has above this node; AIM__KEY_EMPTY */
	uint32_t depth;                 /* how many keys stand above this node */
	aim__arena scratch;             /* of one leaf */
	aim__map blocks;                /* the words of each block → where they begin */
	aim__arena block_words;         /* what blocks is keyed by */
};

/* Builds the index over policy->rules. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__policy_index(aim_policy *policy);

/* Makes nodes[node] a leaf of these rules, ranks ascending. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__leaf_build(struct aim__index_builder *builder, uint32_t node, const uint32_t *ranks,
                           size_t n);

/* The fact that a condition wants named; AIM__FACT_COUNT for conditions of another kind. */
static inline uint32_t aim__condition_fact(uint64_t word)
{
	uint32_t op = aim__condition_op(word);
	if (op < AIM__VALUE_TRUST)
		return op / 2;
	return op == AIM__OP_NAME_SET ? aim__condition_a(word) : AIM__FACT_COUNT;
}

#endif
