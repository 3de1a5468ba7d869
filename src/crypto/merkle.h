/* crypto/merkle.h — the Merkle tree of RFC 6962 and RFC 9162 §2.1: hashes, growing frontier, proofs.
 * Positions count from 0. Nothing allocates. */
#ifndef AIM_CRYPTO_MERKLE_H
#define AIM_CRYPTO_MERKLE_H

#include <aim/ctx.h>

#define AIM__MERKLE_MAX_DEPTH 64
/* count (8 bytes, big-endian) and one hash per set bit of it. */
#define AIM__MERKLE_FRONTIER_MAX_BYTES (8 + 32 * AIM__MERKLE_MAX_DEPTH)

typedef struct aim__merkle_hash {
	uint8_t bytes[32];
} aim__merkle_hash;

/* A tree reduced to what appending needs: the roots of the perfect subtrees that make it up, one per
 * set bit of count, the largest first. Zeroed is the empty tree. */
typedef struct aim__merkle_frontier {
	uint64_t count;
	aim__merkle_hash roots[AIM__MERKLE_MAX_DEPTH];
} aim__merkle_frontier;

/* A proof; the longest for 2^64 leaves fits. */
typedef struct aim__merkle_proof {
	uint32_t n;
	aim__merkle_hash hashes[AIM__MERKLE_MAX_DEPTH + 1];
} aim__merkle_proof;

/* SHA-256(0x00 ‖ entry), SHA-256(0x01 ‖ left ‖ right). AIM_OK, AIM_E_CALLBACK. */
aim_status aim__merkle_leaf(const aim_ctx *ctx, aim_bytes entry, aim__merkle_hash *out);
aim_status aim__merkle_node(const aim_ctx *ctx, const aim__merkle_hash *left,
                            const aim__merkle_hash *right, aim__merkle_hash *out);
int aim__merkle_equal(const aim__merkle_hash *a, const aim__merkle_hash *b);

/* Root of n leaf hashes; of none: SHA-256 of nothing. */
aim_status aim__merkle_root(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t n,
                            aim__merkle_hash *out);

/* Adds one leaf hash; the frontier is unchanged unless AIM_OK. AIM_E_LIMIT at 2^64 − 1 leaves. */
aim_status aim__merkle_append(const aim_ctx *ctx, aim__merkle_frontier *frontier,
                              const aim__merkle_hash *leaf);
aim_status aim__merkle_frontier_root(const aim_ctx *ctx, const aim__merkle_frontier *frontier,
                                     aim__merkle_hash *out);
int aim__merkle_frontier_equal(const aim__merkle_frontier *a, const aim__merkle_frontier *b);
/* Bytes: count big-endian, then the roots. Returns the length (≤ AIM__MERKLE_FRONTIER_MAX_BYTES). */
size_t aim__merkle_frontier_write(const aim__merkle_frontier *frontier,
                                  uint8_t out[AIM__MERKLE_FRONTIER_MAX_BYTES]);
/* The exact inverse. AIM_OK, AIM_E_INVALID when the length does not fit the count. */
aim_status aim__merkle_frontier_read(aim_bytes bytes, aim__merkle_frontier *out);

/* Leaves first … end − 1. */
typedef struct aim__merkle_range {
	uint64_t first;
	uint64_t end;
} aim__merkle_range;

typedef struct aim__merkle_plan {
	uint32_t n;
	aim__merkle_range ranges[AIM__MERKLE_MAX_DEPTH + 1];
} aim__merkle_plan;

/* Which subtrees' roots a proof consists of, in its order, for callers that do not hold all leaf
 * hashes. The preconditions of the functions below hold. */
void aim__merkle_inclusion_plan(uint64_t index, uint64_t n, aim__merkle_plan *out);
void aim__merkle_consistency_plan(uint64_t m, uint64_t n, aim__merkle_plan *out);

/* RFC 9162 §2.1.3.1: the path of leaf `index` in the tree of n leaf hashes. AIM_E_INVALID unless
 * index < n. */
aim_status aim__merkle_inclusion(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t n,
                                 size_t index, aim__merkle_proof *out);
/* §2.1.3.2. AIM_OK only when the leaf is at index of the tree (count, root); AIM_E_AUDIT_CORRUPT
 * otherwise, AIM_E_CALLBACK. */
aim_status aim__merkle_inclusion_verify(const aim_ctx *ctx, const aim__merkle_hash *leaf,
                                        uint64_t index, uint64_t count,
                                        const aim__merkle_proof *proof,
                                        const aim__merkle_hash *root);

/* §2.1.4.1: that the first m of n leaves are a prefix. AIM_E_INVALID unless 0 < m ≤ n. m = n gives
 * an empty proof. */
aim_status aim__merkle_consistency(const aim_ctx *ctx, const aim__merkle_hash *leaves, size_t m,
                                   size_t n, aim__merkle_proof *out);
/* §2.1.4.2. AIM_OK only when the tree (m, first) is a prefix of (n, second); AIM_E_AUDIT_FORK
 * otherwise, AIM_E_CALLBACK. m = 0 is a prefix of everything with an empty proof. */
aim_status aim__merkle_consistency_verify(const aim_ctx *ctx, uint64_t m, uint64_t n,
                                          const aim__merkle_hash *first,
                                          const aim__merkle_hash *second,
                                          const aim__merkle_proof *proof);

#endif
