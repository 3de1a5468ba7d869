/* audit/proof.c — proofs verified with size and root alone. Layer audit; knows neither log nor store. */
#include <aim/proof.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "crypto/merkle.h"

#include <string.h>

AIM__NO_PADDING(aim_proof, 8 + 8 + 32 * AIM_PROOF_MAX_HASHES);
_Static_assert(AIM_PROOF_MAX_HASHES == AIM__MERKLE_MAX_DEPTH + 1, "room for every proof");

static aim_status take_proof(const aim_proof *proof, aim__merkle_proof *out, aim_error *err)
{
	aim_proof p = {.struct_size = sizeof p};
	aim_status rc = aim__sized_in(&p, sizeof p, proof, sizeof p, "aim_proof", err);
	if (rc != AIM_OK)
		return rc;
	if (p.n_hashes > AIM_PROOF_MAX_HASHES)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "aim_proof.n_hashes is more than %u",
		                 (unsigned)AIM_PROOF_MAX_HASHES);
	out->n = (uint32_t)p.n_hashes;
	memcpy(out->hashes, p.hashes, sizeof p.hashes);
	return AIM_OK;
}

static aim_status take_head(const aim_audit_head *head, uint64_t *out_size, aim__merkle_hash *out_root,
                            aim_error *err)
{
	aim_audit_head h = {.struct_size = sizeof h};
	aim_status rc = aim__sized_in(&h, sizeof h, head, sizeof h, "aim_audit_head", err);
	if (rc != AIM_OK)
		return rc;
	*out_size = h.size;
	memcpy(out_root->bytes, h.root, sizeof h.root);
	return AIM_OK;
}

aim_status aim_proof_verify_inclusion(const aim_ctx *ctx, aim_str record, uint64_t position,
                                      const aim_audit_head *head, const aim_proof *proof, aim_error *err)
{
	aim__merkle_proof path;
	aim__merkle_hash leaf, root;
	uint64_t size = 0;
	if (!ctx || !head || !proof || (!record.ptr && record.len > 0))
		return AIM__MISUSE(ctx, "ctx, record, head and proof are required");
	aim_status rc = take_proof(proof, &path, err);
	if (rc == AIM_OK)
		rc = take_head(head, &size, &root, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_leaf(ctx, aim_bytes_from_str(record), &leaf);
	if (rc == AIM_OK)
		rc = aim__merkle_inclusion_verify(ctx, &leaf, position, size, &path, &root);
	if (rc == AIM_E_AUDIT_CORRUPT)
		return aim__fail(err, rc, AIM_LAYER_AUDIT,
		                 "the record is not proved to be number %llu of the %llu under this root",
		                 (unsigned long long)position, (unsigned long long)size);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}

aim_status aim_proof_verify_consistency(const aim_ctx *ctx, const aim_audit_head *older,
                                        const aim_audit_head *newer, const aim_proof *proof,
                                        aim_error *err)
{
	aim__merkle_proof path;
	aim__merkle_hash first, second;
	uint64_t m = 0, n = 0;
	if (!ctx || !older || !newer || !proof)
		return AIM__MISUSE(ctx, "ctx, older, newer and proof are required");
	aim_status rc = take_proof(proof, &path, err);
	if (rc == AIM_OK)
		rc = take_head(older, &m, &first, err);
	if (rc == AIM_OK)
		rc = take_head(newer, &n, &second, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_consistency_verify(ctx, m, n, &first, &second, &path);
	if (rc == AIM_E_AUDIT_FORK)
		return aim__fail(err, rc, AIM_LAYER_AUDIT,
		                 "the log of %llu records is not proved to continue that of %llu",
		                 (unsigned long long)n, (unsigned long long)m);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
}
