/* enforce/policy_set.c — the lists of names and patterns that a policy's rules compare with, each kept once. Layer
 * enforce.
 *
 * Rules repeat each other's lists. Kept once, a list that thousands of rules name stays in the processor's cache while
 * calls are decided. */
#include "enforce/policy_read.h"

#include "base/mem.h"
#include "enforce/pattern.h"
#include "enforce/sort.h"

#include <string.h>

static aim_status add_name(aim_policy *policy, uint32_t fact, aim__name_set *set, aim_str name)
{
	aim__name_ids ids;
	aim_status rc = aim__names_add(&policy->names[fact], &policy->arena, name, &ids);
	if (rc == AIM_OK)
		set->names[set->n_names++] = (uint64_t)ids.fold << 32 | ids.id;
	return rc;
}

static aim_status add_pattern(aim_policy *policy, aim__name_set *set, aim_str pattern)
{
	aim_str copy = aim__arena_copy(&policy->arena, pattern);
	if (!copy.ptr)
		return AIM_E_NOMEM;
	aim__pattern kept = {copy, (uint32_t)aim__pattern_is_glob(copy)};
	set->patterns[set->n_patterns++] = kept;
	return AIM_OK;
}

static aim_status fill_set(aim_policy *policy, uint32_t fact, aim__name_set *set, const aim_str *list,
                           size_t n)
{
	aim_status rc = AIM_OK;
	set->names = aim__arena_array(&policy->arena, n, sizeof *set->names);
	set->patterns = aim__arena_array(&policy->arena, n, sizeof *set->patterns);
	if (!set->names || !set->patterns)
		return AIM_E_NOMEM;
	for (size_t i = 0; i < n && rc == AIM_OK; i++)
		rc = fact == AIM__FACT_COUNT || aim__pattern_is_glob(list[i])
		             ? add_pattern(policy, set, list[i])
		             : add_name(policy, fact, set, list[i]);
	if (rc == AIM_OK)
		rc = aim__sort_u64(policy->ctx, set->names, set->n_names);
	if (rc == AIM_OK)
		set->n_names = (uint32_t)aim__unique_u64(set->names, set->n_names);
	return rc;
}

/* The fact and the texts as bytes; a pattern holds no NUL. ptr NULL without memory. */
static aim_bytes key_of(aim__arena *arena, uint32_t fact, const aim_str *list, size_t n)
{
	aim_bytes key = {NULL, 1};
	for (size_t i = 0; i < n; i++)
		key.len += list[i].len + 1;
	uint8_t *p = aim__arena_bytes(arena, key.len);
	if (!p)
		return key;
	key.ptr = p;
	*p++ = (uint8_t)fact;
	for (size_t i = 0; i < n; i++) {
		memcpy(p, list[i].ptr, list[i].len);
		p += list[i].len;
		*p++ = 0;
	}
	return key;
}

aim_status aim__set_add(aim__rule_draft *draft, uint32_t fact, const aim_str *list, size_t n, uint32_t *out_index)
{
	aim_policy *policy = draft->policy;
	aim_bytes key = key_of(&draft->set_keys, fact, list, n);
	if (!key.ptr)
		return AIM_E_NOMEM;
	const uintptr_t *known = aim__map_find(&draft->sets, key);
	if (known) {
		*out_index = (uint32_t)*known;
		return AIM_OK;
	}
	void *sets = policy->sets;
	aim_status rc = aim__grow(policy->ctx, &sets, &policy->cap_sets, policy->n_sets + 1,
	                          sizeof *policy->sets, 16, AIM__OPERAND_MAX);
	policy->sets = sets;
	if (rc != AIM_OK)
		return rc;
	aim__name_set set = {NULL, NULL, 0, 0};
	rc = fill_set(policy, fact, &set, list, n);
	if (rc == AIM_OK)
		rc = aim__map_add(&draft->sets, key, policy->n_sets);
	if (rc != AIM_OK)
		return rc;
	*out_index = (uint32_t)policy->n_sets;
	policy->sets[policy->n_sets++] = set;
	return AIM_OK;
}
