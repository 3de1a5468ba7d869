/* assess/manifest.c — the Merkle root over all definitions of a server. Layer assess. */
#include <aim/fingerprint.h>

#include "assess/fingerprint.h"
#include "assess/sort.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/merkle.h"

#include <string.h>

AIM__NO_PADDING(aim_fingerprint_leaf, 8 + 3 * sizeof(void *));

#define LABEL "libaim/manifest/v1\n"

static int compare_leaves(const void *a, const void *b)
{
	const aim_fingerprint_leaf *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int order = n ? memcmp(x->name.ptr, y->name.ptr, n) : 0;
	if (order != 0 || x->name.len == y->name.len)
		return order;
	return x->name.len < y->name.len ? -1 : 1;
}

static aim_status add_field(aim_buf *entry, aim_str field)
{
	uint8_t length[8];
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)field.len >> (56 - 8 * i));
	aim_status rc = aim__buf_add(entry, length, sizeof length);
	return rc == AIM_OK ? aim__buf_add_str(entry, field) : rc;
}

static aim_status hash_leaf(const aim_ctx *ctx, const aim_fingerprint_leaf *leaf, aim_buf *entry,
                            aim__merkle_hash *out)
{
	aim_buf_clear(entry);
	aim_status rc = aim__buf_add_text(entry, LABEL);
	if (rc == AIM_OK)
		rc = add_field(entry, aim_str_from(aim__fingerprint_kinds[leaf->kind]));
	if (rc == AIM_OK)
		rc = add_field(entry, leaf->name);
	if (rc == AIM_OK)
		rc = aim__buf_add(entry, leaf->surface, AIM_FINGERPRINT_LEN);
	return rc == AIM_OK ? aim__merkle_leaf(ctx, aim_buf_bytes(entry), out) : rc;
}

/* sorted has room for n pointers. */
static aim_status hash_leaves(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n,
                              const void **sorted, uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err)
{
	aim__merkle_frontier frontier = {0};
	aim__merkle_hash hash;
	aim_buf entry;
	aim_status rc = AIM_OK;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &leaves[i];
	aim__sort_pointers(sorted, n, compare_leaves);
	aim__buf_init(&entry, ctx);
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		const aim_fingerprint_leaf *leaf = sorted[i];
		if (i > 0 && compare_leaves(sorted[i - 1], leaf) == 0) {
			aim__buf_dispose(&entry);
			return aim__fail(err, AIM_E_ASSESS_DUPLICATE, AIM_LAYER_ASSESS,
			                 "the manifest has two leaves for the %s \"%.*s\"",
			                 aim__fingerprint_kinds[leaf->kind], AIM__STR(leaf->name));
		}
		rc = hash_leaf(ctx, leaf, &entry, &hash);
		if (rc == AIM_OK)
			rc = aim__merkle_append(ctx, &frontier, &hash);
	}
	aim__buf_dispose(&entry);
	if (rc == AIM_OK)
		rc = aim__merkle_frontier_root(ctx, &frontier, &hash);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	memcpy(out, hash.bytes, AIM_FINGERPRINT_LEN);
	return AIM_OK;
}

aim_status aim_fingerprint_manifest(aim_ctx *ctx, const aim_fingerprint_leaf *leaves, size_t n_leaves,
                                    uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err)
{
	if (!ctx || !out || (!leaves && n_leaves))
		return AIM__MISUSE(ctx, "ctx, leaves and out are required");
	if (n_leaves > ctx->limits.max_tools)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "%zu leaves; at most %u are allowed",
		                 n_leaves, ctx->limits.max_tools);
	for (size_t i = 0; i < n_leaves; i++)
		if (leaves[i].kind == 0 || leaves[i].kind >= AIM__FINGERPRINT_KINDS || !leaves[i].surface ||
		    (!leaves[i].name.ptr && leaves[i].name.len))
			return AIM__MISUSE(ctx, "a leaf needs a kind, a name and a surface");
	const void **sorted = aim__alloc_array(ctx, n_leaves + 1, sizeof *sorted);
	if (!sorted)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = hash_leaves(ctx, leaves, n_leaves, sorted, out, err);
	aim__free(ctx, (void *)sorted, (n_leaves + 1) * sizeof *sorted);
	return rc;
}
