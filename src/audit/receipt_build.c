/* audit/receipt_build.c — receipts made from a log and its newest checkpoint. Layer audit. */
#include "audit/receipt.h"

#include "audit/checkpoint.h"
#include "audit/log.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "crypto/merkle.h"

#include <string.h>

/* The record outlives the visit in a buffer. */
typedef struct found {
	aim_buf record;
	uint8_t salt[AIM__AUDIT_SALT_LEN];
	int is_there;
} found;

static aim_status take(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	found *f = user;
	(void)position;
	f->is_there = 1;
	memcpy(f->salt, salt.ptr, sizeof f->salt);
	return aim__buf_add_str(&f->record, record);
}

static aim_status find(aim_audit *log, uint64_t position, found *out, aim_error *err)
{
	aim_status rc = aim_audit_read(log, position, 1, take, out, err);
	if (rc == AIM_OK && !out->is_there)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_AUDIT, "the log has no record %llu",
		                 (unsigned long long)position);
	return rc;
}

static int is_salted(const found *f)
{
	static const uint8_t zeros[AIM__AUDIT_SALT_LEN];
	return memcmp(f->salt, zeros, sizeof zeros) != 0;
}

/* What is handed out must verify. */
static aim_status check(aim_audit *log, const aim__receipt *receipt, const aim__merkle_frontier *tree,
                        aim_error *err)
{
	aim_audit_head head = {.struct_size = sizeof head, .size = tree->count};
	aim__merkle_hash root;
	aim_status rc = aim__merkle_frontier_root(log->ctx, tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	memcpy(head.root, root.bytes, sizeof head.root);
	return aim_proof_verify_inclusion(log->ctx, receipt->record, receipt->position, &head, &receipt->proof,
	                                  err);
}

static aim_status build(aim_audit *log, const found *f, const aim__checkpoint_kept *kept,
                        uint64_t position, uint32_t flags, aim_buf *out, aim_error *err)
{
	aim__receipt receipt = {.position = position, .record = aim_buf_str(&f->record)};
	receipt.proof.struct_size = sizeof receipt.proof;
	receipt.checkpoint = aim_buf_str(&kept->text);
	receipt.has_salt = is_salted(f) && !(flags & AIM_RECEIPT_WITHOUT_SALT);
	memcpy(receipt.salt, f->salt, sizeof receipt.salt);
	aim_status rc = aim_proof_inclusion(log, position, kept->tree.count, &receipt.proof, err);
	if (rc == AIM_OK)
		rc = check(log, &receipt, &kept->tree, err);
	if (rc == AIM_OK && (rc = aim__receipt_write(&receipt, out)) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	return rc;
}

aim_status aim_receipt_build(aim_audit *log, uint64_t position, uint32_t flags, aim_buf *out,
                             aim_error *err)
{
	aim__checkpoint_kept kept;
	found f;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	if (flags & ~AIM_RECEIPT_WITHOUT_SALT)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "flags has an unknown bit");
	memset(&f, 0, sizeof f);
	aim__buf_init(&f.record, log->ctx);
	aim__checkpoint_kept_init(&kept, log->ctx);
	aim_status rc = find(log, position, &f, err);
	if (rc == AIM_OK)
		rc = aim__checkpoint_load_newest(log, &kept, err);
	if (rc == AIM_E_NOT_FOUND && f.is_there)
		rc = AIM_OK; /* no checkpoint at all: of size 0 */
	if (rc == AIM_OK && kept.tree.count <= position)
		rc = aim__fail(err, AIM_E_AUDIT_PENDING, AIM_LAYER_AUDIT,
		               "no checkpoint covers record %llu yet", (unsigned long long)position);
	if (rc == AIM_OK)
		rc = build(log, &f, &kept, position, flags, out, err);
	aim__buf_dispose(&f.record);
	aim__checkpoint_kept_dispose(&kept);
	return rc;
}
