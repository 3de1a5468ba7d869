/* crypto/merkle.c — tree hashes and the growing frontier of RFC 6962 §2.1. Layer crypto. */
#include "crypto/merkle.h"

#include "base/mem.h"
#include "crypto/provider.h"

#include <string.h>

#define HASH_LEN sizeof(aim__merkle_hash)

aim_status aim__merkle_leaf(const aim_ctx *ctx, aim_bytes entry, aim__merkle_hash *out)
{
	static const uint8_t prefix = 0x00;
	const aim_bytes parts[] = {{&prefix, 1}, entry};
	return aim__sha256(ctx, parts, 2, out->bytes);
}

aim_status aim__merkle_node(const aim_ctx *ctx, const aim__merkle_hash *left,
                            const aim__merkle_hash *right, aim__merkle_hash *out)
{
	uint8_t text[1 + 2 * HASH_LEN];
	text[0] = 0x01;
	memcpy(text + 1, left, HASH_LEN);
	memcpy(text + 1 + HASH_LEN, right, HASH_LEN);
	return aim__sha256_one(ctx, text, sizeof text, out->bytes);
}

int aim__merkle_equal(const aim__merkle_hash *a, const aim__merkle_hash *b)
{
	return aim__equal_constant_time(a, b, HASH_LEN);
}

static size_t n_roots(uint64_t count)
{
	return (size_t)__builtin_popcountll(count);
}

aim_status aim__merkle_append(const aim_ctx *ctx, aim__merkle_frontier *frontier,
                              const aim__merkle_hash *leaf)
{
	aim__merkle_hash hash = *leaf;
	size_t n = n_roots(frontier->count);
	if (frontier->count == UINT64_MAX)
		return AIM_E_LIMIT;
	/* Adding one is binary addition: each set low bit is a perfect subtree that merges. */
	for (uint64_t bits = frontier->count; bits & 1; bits >>= 1) {
		aim_status rc = aim__merkle_node(ctx, &frontier->roots[--n], &hash, &hash);
		if (rc != AIM_OK)
			return rc;
	}
	frontier->roots[n] = hash;
	frontier->count++;
	return AIM_OK;
}

aim_status aim__merkle_frontier_root(const aim_ctx *ctx, const aim__merkle_frontier *frontier,
                                     aim__merkle_hash *out)
{
	size_t n = n_roots(frontier->count);
	aim__merkle_hash hash;
	if (n == 0)
		return aim__sha256(ctx, NULL, 0, out->bytes);
	hash = frontier->roots[--n];
	while (n > 0) {
		aim_status rc = aim__merkle_node(ctx, &frontier->roots[--n], &hash, &hash);
		if (rc != AIM_OK)
			return rc;
	}
	*out = hash;
	return AIM_OK;
}

aim_status aim__merkle_root(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t n,
                            aim__merkle_hash *out)
{
	aim__merkle_frontier frontier = {.count = 0};
	for (size_t i = 0; i < n; i++) {
		aim_status rc = aim__merkle_append(ctx, &frontier, &leaves[i]);
		if (rc != AIM_OK)
			return rc;
	}
	return aim__merkle_frontier_root(ctx, &frontier, out);
}

int aim__merkle_frontier_equal(const aim__merkle_frontier *a, const aim__merkle_frontier *b)
{
	return a->count == b->count &&
	       aim__equal_constant_time(a->roots, b->roots, n_roots(a->count) * HASH_LEN);
}

size_t aim__merkle_frontier_write(const aim__merkle_frontier *frontier,
                                  uint8_t out[AIM__MERKLE_FRONTIER_MAX_BYTES])
{
	size_t len = n_roots(frontier->count) * HASH_LEN;
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(frontier->count >> (56 - 8 * i));
	memcpy(out + 8, frontier->roots, len);
	return 8 + len;
}

aim_status aim__merkle_frontier_read(aim_bytes bytes, aim__merkle_frontier *out)
{
	uint64_t count = 0;
	if (bytes.len < 8)
		return AIM_E_INVALID;
	for (int i = 0; i < 8; i++)
		count = count << 8 | bytes.ptr[i];
	size_t len = n_roots(count) * HASH_LEN;
	if (bytes.len - 8 != len)
		return AIM_E_INVALID;
	memset(out, 0, sizeof *out);
	out->count = count;
	memcpy(out->roots, bytes.ptr + 8, len);
	return AIM_OK;
}
