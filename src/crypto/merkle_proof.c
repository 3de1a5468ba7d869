/* crypto/merkle_proof.c — inclusion and consistency proofs of RFC 9162 §2.1.3 and §2.1.4. Layer crypto.
 *
 * The RFC defines proofs by recursion from the root down and lists them from the leaf up. Here the way
 * down is a loop that notes the sibling subtrees, and the list is turned round at the end. */
#include "crypto/merkle.h"

#include "crypto/provider.h"

/* The largest power of two smaller than n; n > 1. */
static uint64_t split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static void note(aim__merkle_plan *plan, uint64_t first, uint64_t end)
{
	plan->ranges[plan->n++] = (aim__merkle_range){first, end};
}

static void turn_round(aim__merkle_plan *plan)
{
	for (uint32_t i = 0; i < plan->n / 2; i++) {
		aim__merkle_range swap = plan->ranges[i];
		plan->ranges[i] = plan->ranges[plan->n - 1 - i];
		plan->ranges[plan->n - 1 - i] = swap;
	}
}

/* PATH(m, D_n) of §2.1.3.1. */
void aim__merkle_inclusion_plan(uint64_t index, uint64_t n, aim__merkle_plan *out)
{
	uint64_t first = 0;
	uint64_t end = n;
	out->n = 0;
	while (end - first > 1) {
		uint64_t middle = first + split(end - first);
		if (index < middle) {
			note(out, middle, end);
			end = middle;
		} else {
			note(out, first, middle);
			first = middle;
		}
	}
	turn_round(out);
}

/* SUBPROOF(m, D_n, b) of §2.1.4.1; b holds as long as the way down only went left. */
void aim__merkle_consistency_plan(uint64_t m, uint64_t n, aim__merkle_plan *out)
{
	uint64_t first = 0;
	uint64_t end = n;
	out->n = 0;
	while (m < end) {
		uint64_t middle = first + split(end - first);
		if (m <= middle) {
			note(out, middle, end);
			end = middle;
		} else {
			note(out, first, middle);
			first = middle;
		}
	}
	if (first > 0)
		note(out, first, end);
	turn_round(out);
}

static aim_status carry_out(const aim_ctx *ctx, const aim__merkle_plan *plan,
                            const aim__merkle_hash *leaves, aim__merkle_proof *out)
{
	for (uint32_t i = 0; i < plan->n; i++) {
		const aim__merkle_range *range = &plan->ranges[i];
		aim_status rc = aim__merkle_root(ctx, leaves + range->first,
		                                 (size_t)(range->end - range->first), &out->hashes[i]);
		if (rc != AIM_OK)
			return rc;
	}
	out->n = plan->n;
	return AIM_OK;
}

aim_status aim__merkle_inclusion(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t n,
                                 size_t index, aim__merkle_proof *out)
{
	aim__merkle_plan plan;
	if (index >= n)
		return AIM_E_INVALID;
	aim__merkle_inclusion_plan(index, n, &plan);
	return carry_out(ctx, &plan, leaves, out);
}

aim_status aim__merkle_consistency(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t m,
                                   size_t n, aim__merkle_proof *out)
{
	aim__merkle_plan plan;
	if (m == 0 || m > n)
		return AIM_E_INVALID;
	aim__merkle_consistency_plan(m, n, &plan);
	return carry_out(ctx, &plan, leaves, out);
}

/* One step of both verifications: fn and sn are the RFC's names for the positions of the node at hand
 * and of the last node on its level. Returns 1 when the sibling stands on the left. */
static int step_up(uint64_t *fn, uint64_t *sn)
{
	int left = (*fn & 1) || *fn == *sn;
	if (left)
		while (!(*fn & 1) && *fn != 0) {
			*fn >>= 1;
			*sn >>= 1;
		}
	*fn >>= 1;
	*sn >>= 1;
	return left;
}

aim_status aim__merkle_inclusion_verify(const aim_ctx *ctx, const aim__merkle_hash *leaf,
                                        uint64_t index, uint64_t count,
                                        const aim__merkle_proof *proof,
                                        const aim__merkle_hash *root)
{
	aim__merkle_hash r = *leaf;
	uint64_t fn = index;
	uint64_t sn = count - 1;
	if (index >= count || proof->n > AIM__MERKLE_MAX_DEPTH)
		return AIM_E_AUDIT_CORRUPT;
	for (uint32_t i = 0; i < proof->n; i++) {
		const aim__merkle_hash *p = &proof->hashes[i];
		if (sn == 0)
			return AIM_E_AUDIT_CORRUPT;
		int left = step_up(&fn, &sn);
		aim_status rc = aim__merkle_node(ctx, left ? p : &r, left ? &r : p, &r);
		if (rc != AIM_OK)
			return rc;
	}
	return sn == 0 && aim__merkle_equal(&r, root) ? AIM_OK : AIM_E_AUDIT_CORRUPT;
}

static aim_status climb(const aim_ctx *ctx, uint64_t fn, uint64_t sn, const aim__merkle_hash *start,
                        const aim__merkle_hash *path, uint32_t n, const aim__merkle_hash *first,
                        const aim__merkle_hash *second)
{
	aim__merkle_hash fr = *start;
	aim__merkle_hash sr = *start;
	for (uint32_t i = 0; i < n; i++) {
		aim_status rc = AIM_OK;
		if (sn == 0)
			return AIM_E_AUDIT_FORK;
		int left = step_up(&fn, &sn);
		if (left)
			rc = aim__merkle_node(ctx, &path[i], &fr, &fr);
		if (rc == AIM_OK)
			rc = aim__merkle_node(ctx, left ? &path[i] : &sr, left ? &sr : &path[i], &sr);
		if (rc != AIM_OK)
			return rc;
	}
	int same = sn == 0 && aim__merkle_equal(&fr, first) && aim__merkle_equal(&sr, second);
	return same ? AIM_OK : AIM_E_AUDIT_FORK;
}

aim_status aim__merkle_consistency_verify(const aim_ctx *ctx, uint64_t m, uint64_t n,
                                          const aim__merkle_hash *first,
                                          const aim__merkle_hash *second,
                                          const aim__merkle_proof *proof)
{
	uint64_t fn = m - 1;
	uint64_t sn = n - 1;
	uint32_t used = 0;
	if (m > n || proof->n > AIM__MERKLE_MAX_DEPTH + 1)
		return AIM_E_AUDIT_FORK;
	if (m == 0)
		return proof->n == 0 ? AIM_OK : AIM_E_AUDIT_FORK;
	if (m == n)
		return proof->n == 0 && aim__merkle_equal(first, second) ? AIM_OK : AIM_E_AUDIT_FORK;
	if (proof->n == 0)
		return AIM_E_AUDIT_FORK;
	/* The smaller tree is one perfect subtree: its root, which the proof leaves out, is the start. */
	const aim__merkle_hash *start = first;
	if ((m & (m - 1)) != 0)
		start = &proof->hashes[used++];
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	return climb(ctx, fn, sn, start, proof->hashes + used, proof->n - used, first, second);
}
