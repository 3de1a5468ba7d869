/* audit/proof_log.c — proofs made from a log's rows. Layer audit. Each hash of a proof is the root of
 * a run of records; the run is read once and only its frontier is kept. */
#include <aim/proof.h>

#include "audit/log.h"
#include "audit/retention.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "crypto/merkle.h"

#include <string.h>

typedef struct run {
	const aim_ctx *ctx;
	aim__merkle_frontier tree;
} run;

static aim_status add_leaf(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	run *r = user;
	aim__merkle_hash leaf;
	(void)position;
	(void)salt;
	aim_status rc = aim__merkle_leaf(r->ctx, aim_bytes_from_str(record), &leaf);
	return rc == AIM_OK ? aim__merkle_append(r->ctx, &r->tree, &leaf) : rc;
}

/* What lies before the cut comes from the cut's own frontier. */
static aim_status root_of(aim_audit *log, const aim__merkle_frontier *cut, const aim__merkle_range *range,
                          uint8_t out[32], aim_error *err)
{
	run r = {.ctx = log->ctx};
	aim__merkle_hash root;
	uint64_t n = range->end - range->first;
	aim_status rc = aim__retention_seed(cut, range->first, range->end, &r.tree);
	if (rc != AIM_OK)
		return aim__audit_removed(range->first, cut->count, err);
	rc = aim_audit_read(log, range->first + r.tree.count, n - r.tree.count, add_leaf, &r, err);
	if (rc == AIM_OK && r.tree.count < n)
		return aim__fail(err, AIM_E_AUDIT_TRUNCATED, AIM_LAYER_AUDIT, "the log ends before record %llu",
		                 (unsigned long long)(range->first + r.tree.count));
	if (rc == AIM_OK && (rc = aim__merkle_frontier_root(log->ctx, &r.tree, &root)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (rc == AIM_OK)
		memcpy(out, root.bytes, sizeof root.bytes);
	return rc;
}

static aim_status carry_out(aim_audit *log, const aim__merkle_frontier *cut, const aim__merkle_plan *plan,
                            aim_proof *out, aim_error *err)
{
	aim_proof proof = {.struct_size = sizeof proof, .n_hashes = plan->n};
	aim_status rc = AIM_OK;
	for (uint32_t i = 0; rc == AIM_OK && i < plan->n; i++)
		rc = root_of(log, cut, &plan->ranges[i], proof.hashes[i], err);
	if (rc != AIM_OK)
		return rc;
	return aim__sized_out(out, &proof, sizeof proof, sizeof proof);
}

/* The size asked for, 0 being all; within what is committed. The cut first: the log only grows. */
static aim_status settle_size(aim_audit *log, uint64_t *size, aim__merkle_frontier *out_cut, aim_error *err)
{
	aim__merkle_frontier tree;
	aim_status rc = aim__audit_cut(log, out_cut, err);
	if (rc == AIM_OK)
		rc = aim__audit_tree(log, &tree, err);
	if (rc != AIM_OK)
		return rc;
	if (*size > tree.count)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "the log has %llu records, not %llu",
		                 (unsigned long long)tree.count, (unsigned long long)*size);
	if (*size == 0)
		*size = tree.count;
	return AIM_OK;
}

aim_status aim_proof_inclusion(aim_audit *log, uint64_t position, uint64_t size, aim_proof *out,
                               aim_error *err)
{
	aim__merkle_plan plan;
	aim__merkle_frontier cut;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	aim_status rc = settle_size(log, &size, &cut, err);
	if (rc != AIM_OK)
		return rc;
	if (position >= size)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "record %llu is not among the first %llu", (unsigned long long)position,
		                 (unsigned long long)size);
	if (position < cut.count)
		return aim__audit_removed(position, cut.count, err);
	aim__merkle_inclusion_plan(position, size, &plan);
	return carry_out(log, &cut, &plan, out, err);
}

aim_status aim_proof_consistency(aim_audit *log, uint64_t from_size, uint64_t to_size, aim_proof *out,
                                 aim_error *err)
{
	aim__merkle_plan plan;
	aim__merkle_frontier cut;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	aim_status rc = settle_size(log, &to_size, &cut, err);
	if (rc != AIM_OK)
		return rc;
	if (from_size == 0 || from_size > to_size)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "a log of %llu records does not begin with %llu", (unsigned long long)to_size,
		                 (unsigned long long)from_size);
	if (from_size < cut.count)
		return aim__audit_removed(from_size - 1, cut.count, err);
	aim__merkle_consistency_plan(from_size, to_size, &plan);
	return carry_out(log, &cut, &plan, out, err);
}
