/* The Merkle tree: the vectors of the Certificate Transparency reference implementation, and laws over
 * every tree of up to 257 leaves against the recursive definition of the RFC. */
#include "kit.h"

#include "crypto/merkle.h"
#include "crypto/provider.h"

#define MAX_LEAVES 257

static aim_ctx *ctx;
static aim__merkle_hash leaves[MAX_LEAVES];
static aim__merkle_hash roots[MAX_LEAVES + 1];

static void make_leaf(size_t i, aim__merkle_hash *out)
{
	uint8_t entry[2] = {(uint8_t)(i >> 8), (uint8_t)i};
	assert_status(aim__merkle_leaf(ctx, (aim_bytes){entry, 2}, out), AIM_OK);
}

/* MTH of RFC 9162 §2.1.1, as written there. */
static aim__merkle_hash reference_root(const aim__merkle_hash *first, size_t n)
{
	aim__merkle_hash out;
	if (n == 0) {
		assert_status(aim__sha256(ctx, NULL, 0, out.bytes), AIM_OK);
		return out;
	}
	if (n == 1)
		return first[0];
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	aim__merkle_hash left = reference_root(first, k);
	aim__merkle_hash right = reference_root(first + k, n - k);
	assert_status(aim__merkle_node(ctx, &left, &right, &out), AIM_OK);
	return out;
}

static int setup(void **state)
{
	(void)state;
	ctx = kit_ctx(NULL);
	for (size_t i = 0; i < MAX_LEAVES; i++)
		make_leaf(i, &leaves[i]);
	for (size_t n = 0; n <= MAX_LEAVES; n++)
		roots[n] = reference_root(leaves, n);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim_ctx_free(ctx);
	return 0;
}

static void assert_hash(const aim__merkle_hash *actual, const char *hex)
{
	uint8_t want[32];
	assert_int_equal(kit_hex(&hex, want, 32), 32);
	assert_memory_equal(actual, want, 32);
}

/* Inputs and roots of the CT reference implementation (certificate-transparency, merkletree tests;
 * Apache-2.0), also in RFC 6962 implementations at large. */
static const char *const ct_inputs[] = {
	"-", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
};
static const char *const ct_roots[] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void ct_leaves(aim__merkle_hash out[8])
{
	for (size_t i = 0; i < 8; i++) {
		uint8_t entry[16];
		const char *hex = ct_inputs[i];
		size_t len = kit_hex(&hex, entry, sizeof entry);
		assert_status(aim__merkle_leaf(ctx, (aim_bytes){entry, len}, &out[i]), AIM_OK);
	}
}

static void test_ct_roots(void **state)
{
	aim__merkle_hash ct[8];
	aim__merkle_frontier frontier = {0};
	aim__merkle_hash root;
	(void)state;
	ct_leaves(ct);
	assert_status(aim__merkle_root(ctx, ct, 0, &root), AIM_OK);
	assert_hash(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < 8; i++) {
		assert_status(aim__merkle_append(ctx, &frontier, &ct[i]), AIM_OK);
		assert_status(aim__merkle_frontier_root(ctx, &frontier, &root), AIM_OK);
		assert_hash(&root, ct_roots[i]);
		assert_status(aim__merkle_root(ctx, ct, i + 1, &root), AIM_OK);
		assert_hash(&root, ct_roots[i]);
	}
}

/* The same source's proofs. Indices count from 0 here. */
static void test_ct_proofs(void **state)
{
	static const struct {
		size_t index;
		size_t n;
		size_t n_hashes;
		const char *hashes[3];
	} paths[] = {
		{0, 1, 0, {NULL}},
		{0, 8, 3,
	     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{5, 8, 3,
	     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
	      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
	      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 3, 1, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1, 5, 3,
	     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	};
	static const struct {
		size_t m;
		size_t n;
		size_t n_hashes;
		const char *hashes[3];
	} links[] = {
		{1, 1, 0, {NULL}},
		{1, 8, 3,
	     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
	      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{6, 8, 3,
	     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
	      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
	      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 5, 2,
	     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
	      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	};
	aim__merkle_hash ct[8];
	aim__merkle_proof proof;
	(void)state;
	ct_leaves(ct);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_status(aim__merkle_inclusion(ctx, ct, paths[i].n, paths[i].index, &proof), AIM_OK);
		assert_int_equal(proof.n, paths[i].n_hashes);
		for (size_t k = 0; k < proof.n; k++)
			assert_hash(&proof.hashes[k], paths[i].hashes[k]);
	}
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		assert_status(aim__merkle_consistency(ctx, ct, links[i].m, links[i].n, &proof), AIM_OK);
		assert_int_equal(proof.n, links[i].n_hashes);
		for (size_t k = 0; k < proof.n; k++)
			assert_hash(&proof.hashes[k], links[i].hashes[k]);
	}
}

static void test_roots_of_all_sizes(void **state)
{
	aim__merkle_frontier frontier = {0};
	(void)state;
	for (size_t n = 0; n <= MAX_LEAVES; n++) {
		aim__merkle_hash a;
		aim__merkle_hash b;
		assert_int_equal(frontier.count, n);
		assert_status(aim__merkle_frontier_root(ctx, &frontier, &a), AIM_OK);
		assert_status(aim__merkle_root(ctx, leaves, n, &b), AIM_OK);
		assert_true(aim__merkle_equal(&a, &roots[n]));
		assert_true(aim__merkle_equal(&b, &roots[n]));
		if (n < MAX_LEAVES)
			assert_status(aim__merkle_append(ctx, &frontier, &leaves[n]), AIM_OK);
	}
}

static void test_every_inclusion(void **state)
{
	(void)state;
	for (size_t n = 1; n <= MAX_LEAVES; n += n < 70 ? 1 : 31)
		for (size_t i = 0; i < n; i++) {
			aim__merkle_proof proof;
			assert_status(aim__merkle_inclusion(ctx, leaves, n, i, &proof), AIM_OK);
			assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], i, n, &proof, &roots[n]), AIM_OK);
			/* The same path proves no other leaf, position, size or root. */
			assert_status(aim__merkle_inclusion_verify(ctx, &leaves[(i + 1) % MAX_LEAVES], i, n, &proof,
			                                           &roots[n]),
			              AIM_E_AUDIT_CORRUPT);
			assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], i, n, &proof, &roots[n - 1]),
			              AIM_E_AUDIT_CORRUPT);
			if (n > 1)
				assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], (i + 1) % n, n, &proof,
				                                           &roots[n]),
				              AIM_E_AUDIT_CORRUPT);
			assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], n, n, &proof, &roots[n]),
			              AIM_E_AUDIT_CORRUPT);
			proof.hashes[proof.n++] = leaves[0];
			assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], i, n, &proof, &roots[n]),
			              AIM_E_AUDIT_CORRUPT);
			proof.n -= 2;
			if (n > 1)
				assert_status(aim__merkle_inclusion_verify(ctx, &leaves[i], i, n, &proof, &roots[n]),
				              AIM_E_AUDIT_CORRUPT);
		}
}

static void test_every_consistency(void **state)
{
	(void)state;
	for (size_t n = 1; n <= MAX_LEAVES; n += n < 70 ? 1 : 31)
		for (size_t m = 1; m <= n; m++) {
			aim__merkle_proof proof;
			assert_status(aim__merkle_consistency(ctx, leaves, m, n, &proof), AIM_OK);
			assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m], &roots[n], &proof), AIM_OK);
			assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m - 1], &roots[n], &proof),
			              AIM_E_AUDIT_FORK);
			assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m], &roots[n - 1], &proof),
			              AIM_E_AUDIT_FORK);
			for (uint32_t k = 0; k < proof.n; k++) {
				proof.hashes[k].bytes[k % 32] ^= 0x10;
				assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m], &roots[n], &proof),
				              AIM_E_AUDIT_FORK);
				proof.hashes[k].bytes[k % 32] ^= 0x10;
			}
			proof.hashes[proof.n++] = leaves[0];
			assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m], &roots[n], &proof),
			              AIM_E_AUDIT_FORK);
			if (proof.n < 2)
				continue;
			proof.n -= 2;
			assert_status(aim__merkle_consistency_verify(ctx, m, n, &roots[m], &roots[n], &proof),
			              AIM_E_AUDIT_FORK);
		}
}

static void test_consistency_limits(void **state)
{
	aim__merkle_proof proof = {0};
	(void)state;
	assert_status(aim__merkle_consistency(ctx, leaves, 0, 5, &proof), AIM_E_INVALID);
	assert_status(aim__merkle_consistency(ctx, leaves, 6, 5, &proof), AIM_E_INVALID);
	assert_status(aim__merkle_inclusion(ctx, leaves, 0, 0, &proof), AIM_E_INVALID);
	assert_status(aim__merkle_inclusion(ctx, leaves, 3, 3, &proof), AIM_E_INVALID);
	assert_status(aim__merkle_consistency_verify(ctx, 0, 5, &roots[0], &roots[5], &proof), AIM_OK);
	assert_status(aim__merkle_consistency_verify(ctx, 6, 5, &roots[6], &roots[5], &proof), AIM_E_AUDIT_FORK);
	assert_status(aim__merkle_consistency_verify(ctx, 3, 5, &roots[3], &roots[5], &proof), AIM_E_AUDIT_FORK);
	proof.n = 1;
	assert_status(aim__merkle_consistency_verify(ctx, 0, 5, &roots[0], &roots[5], &proof), AIM_E_AUDIT_FORK);
	proof.n = UINT32_MAX;
	assert_status(aim__merkle_consistency_verify(ctx, 3, 5, &roots[3], &roots[5], &proof), AIM_E_AUDIT_FORK);
	assert_status(aim__merkle_inclusion_verify(ctx, &leaves[0], 0, 5, &proof, &roots[5]),
	              AIM_E_AUDIT_CORRUPT);
	proof.n = 0;
	assert_status(aim__merkle_inclusion_verify(ctx, &leaves[0], 0, 0, &proof, &roots[0]),
	              AIM_E_AUDIT_CORRUPT);
}

static void test_frontier_bytes(void **state)
{
	aim__merkle_frontier frontier = {0};
	uint8_t bytes[AIM__MERKLE_FRONTIER_MAX_BYTES];
	(void)state;
	for (size_t n = 0; n <= MAX_LEAVES; n++) {
		aim__merkle_frontier again;
		size_t len = aim__merkle_frontier_write(&frontier, bytes);
		assert_int_equal(len, 8 + 32 * (size_t)__builtin_popcountll(n));
		assert_status(aim__merkle_frontier_read((aim_bytes){bytes, len}, &again), AIM_OK);
		assert_true(aim__merkle_frontier_equal(&frontier, &again));
		assert_status(aim__merkle_frontier_read((aim_bytes){bytes, len - 1}, &again), AIM_E_INVALID);
		if (n == MAX_LEAVES)
			break;
		/* A frontier read back grows like the one that was written. */
		assert_status(aim__merkle_append(ctx, &frontier, &leaves[n]), AIM_OK);
		assert_false(aim__merkle_frontier_equal(&frontier, &again));
		assert_status(aim__merkle_append(ctx, &again, &leaves[n]), AIM_OK);
		assert_true(aim__merkle_frontier_equal(&frontier, &again));
	}
	assert_status(aim__merkle_frontier_read((aim_bytes){NULL, 0}, &frontier), AIM_E_INVALID);
	memset(bytes, 0, sizeof bytes);
	assert_status(aim__merkle_frontier_read((aim_bytes){bytes, 9}, &frontier), AIM_E_INVALID);
}

/* 2^64 − 1 leaves: 64 roots, full. One less still takes a leaf. */
static void test_largest_tree(void **state)
{
	static aim__merkle_frontier frontier;
	aim__merkle_plan plan;
	aim__merkle_hash root;
	uint8_t bytes[AIM__MERKLE_FRONTIER_MAX_BYTES];
	(void)state;
	frontier.count = UINT64_MAX;
	assert_status(aim__merkle_append(ctx, &frontier, &leaves[0]), AIM_E_LIMIT);
	assert_int_equal(aim__merkle_frontier_write(&frontier, bytes), sizeof bytes);
	assert_status(aim__merkle_frontier_root(ctx, &frontier, &root), AIM_OK);
	frontier.count = UINT64_MAX - 1;
	assert_status(aim__merkle_append(ctx, &frontier, &leaves[0]), AIM_OK);
	aim__merkle_inclusion_plan(0, UINT64_MAX, &plan);
	assert_int_equal(plan.n, 64);
	aim__merkle_inclusion_plan(UINT64_MAX - 1, UINT64_MAX, &plan);
	assert_int_equal(plan.n, 63);
	aim__merkle_consistency_plan(1, UINT64_MAX, &plan);
	assert_int_equal(plan.n, 64);
	for (uint64_t m = 1; m < UINT64_MAX / 3; m = m * 3 + 1) {
		aim__merkle_consistency_plan(m, UINT64_MAX, &plan);
		assert_true(plan.n <= AIM__MERKLE_MAX_DEPTH + 1);
	}
}

static int fail_after = -1;

static aim_status failing_sha256(void *user, const aim_bytes *parts, size_t n, uint8_t out[32])
{
	if (fail_after == 0)
		return -1;
	if (fail_after > 0)
		fail_after--;
	return aim_crypto_sodium()->sha256(user, parts, n, out);
}

static void test_failing_hash_leaves_the_frontier(void **state)
{
	aim__merkle_frontier frontier = {0};
	aim__merkle_frontier before;
	aim__merkle_proof proof;
	aim__merkle_hash root;
	(void)state;
	aim_crypto t = *aim_crypto_sodium();
	t.sha256 = failing_sha256;
	aim_ctx *shaky = kit_ctx(&t);
	for (size_t i = 0; i < 7; i++)
		assert_status(aim__merkle_append(shaky, &frontier, &leaves[i]), AIM_OK);
	before = frontier;
	for (int n = 0; n < 3; n++) {
		fail_after = n;
		assert_status(aim__merkle_append(shaky, &frontier, &leaves[7]), AIM_E_CALLBACK);
		assert_memory_equal(&before, &frontier, sizeof before);
	}
	fail_after = 0;
	assert_status(aim__merkle_frontier_root(shaky, &frontier, &root), AIM_E_CALLBACK);
	assert_status(aim__merkle_root(shaky, leaves, 5, &root), AIM_E_CALLBACK);
	assert_status(aim__merkle_inclusion(shaky, leaves, 5, 4, &proof), AIM_E_CALLBACK);
	assert_status(aim__merkle_consistency(shaky, leaves, 3, 5, &proof), AIM_E_CALLBACK);
	fail_after = -1;
	assert_status(aim__merkle_consistency(shaky, leaves, 3, 5, &proof), AIM_OK);
	fail_after = 1;
	assert_status(aim__merkle_consistency_verify(shaky, 3, 5, &roots[3], &roots[5], &proof), AIM_E_CALLBACK);
	fail_after = -1;
	assert_status(aim__merkle_inclusion(shaky, leaves, 5, 1, &proof), AIM_OK);
	fail_after = 1;
	assert_status(aim__merkle_inclusion_verify(shaky, &leaves[1], 1, 5, &proof, &roots[5]), AIM_E_CALLBACK);
	fail_after = -1;
	aim_ctx_free(shaky);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ct_roots),
		cmocka_unit_test(test_ct_proofs),
		cmocka_unit_test(test_roots_of_all_sizes),
		cmocka_unit_test(test_every_inclusion),
		cmocka_unit_test(test_every_consistency),
		cmocka_unit_test(test_consistency_limits),
		cmocka_unit_test(test_frontier_bytes),
		cmocka_unit_test(test_largest_tree),
		cmocka_unit_test(test_failing_hash_leaves_the_frontier),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
