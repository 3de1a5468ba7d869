/* enforce/policy_regex.c — regular expressions in conditions: sets of one pattern each, and the memory that searching
 * needs, which the decision object keeps from one call to the next. Layer enforce. */
#include "enforce/policy_regex.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "enforce/policy.h"

aim_status aim__regex_add(aim_policy *policy, aim_str text, int folded, uint32_t *out_index, aim_error *err)
{
	aim_pattern pattern = {.struct_size = sizeof pattern, .kind = AIM_PATTERN_REGEX, .text = text};
	pattern.flags = folded ? AIM_PATTERN_CASELESS : 0;
	void *regexes = policy->regexes;
	aim_status rc = aim__grow(policy->ctx, &regexes, &policy->cap_regexes, policy->n_regexes + 1,
	                          sizeof *policy->regexes, 8, AIM__REGEXES_MAX);
	policy->regexes = regexes;
	if (rc == AIM_E_LIMIT)
		return aim__fail(err, rc, AIM_LAYER_ENFORCE, "there are more than %u regular expressions", AIM__REGEXES_MAX);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	rc = aim_patterns_new(policy->ctx, &pattern, 1, NULL, &policy->regexes[policy->n_regexes], NULL, err);
	if (rc == AIM_OK)
		*out_index = (uint32_t)policy->n_regexes++;
	return rc;
}

void aim__regexes_free(aim_policy *policy)
{
	for (size_t i = 0; i < policy->n_regexes; i++)
		aim_patterns_free(policy->regexes[i]);
	aim__free(policy->ctx, policy->regexes, policy->cap_regexes * sizeof *policy->regexes);
}

void aim__regex_forget(aim_decision *d)
{
	for (size_t i = 0; i < d->n_scratches; i++)
		aim_patterns_scratch_free(d->scratches[i]);
	aim__free(d->ctx, d->scratches, d->n_scratches * sizeof *d->scratches);
	d->scratches = NULL;
	d->n_scratches = 0;
}

/* NULL without memory. */
static aim_pattern_scratch *scratch_of(const aim_policy *policy, uint32_t index, aim_decision *d)
{
	if (d->policy != policy)
		return NULL;
	if (!d->scratches) {
		d->scratches = aim__alloc_zeroed(d->ctx, policy->n_regexes * sizeof *d->scratches);
		d->n_scratches = d->scratches ? policy->n_regexes : 0;
	}
	if (!d->scratches)
		return NULL;
	if (!d->scratches[index] && aim_patterns_scratch_new(policy->regexes[index], &d->scratches[index]) != AIM_OK)
		return NULL;
	return d->scratches[index];
}

aim__answer aim__regex_answer(const aim_policy *policy, uint32_t index, aim_str text, aim_decision *decision)
{
	aim_pattern_scratch *scratch = decision ? scratch_of(policy, index, decision) : NULL;
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	if (!scratch || aim_patterns_match(policy->regexes[index], scratch, text, 0, &outcome, NULL) != AIM_OK)
		return AIM__UNKNOWN;
	if (outcome == AIM_PATTERNS_MATCH)
		return AIM__YES;
	return outcome == AIM_PATTERNS_NO_MATCH ? AIM__NO : AIM__UNKNOWN;
}
