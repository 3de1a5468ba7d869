/* Proofs of every small log, and receipts: what they prove, and that no bit of one can change. */
#include "support.h"
#include "vault.h"

#include <aim/checkpoint.h>
#include <aim/proof.h>
#include <aim/receipt.h>

#include <stdlib.h>
#include <string.h>

#define ORIGIN "example.com/log"
#define ARGUMENTS "{\"path\":\"/tmp/a\"}" /* of sample_record() */
#define MOST 130

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_key *key;
	aim_checkpoint_signer *signer;
	aim_buf *vkey, *receipt;
	aim_audit_head heads[MOST + 1];
	char records[MOST][512];
	aim_error err;
} bench;

static aim_str none;
static aim_bytes no_arguments;

static int setup(void **state)
{
	uint8_t seed[32] = {1};
	aim_public_key public_key;
	bench *b = calloc(1, sizeof *b);
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	assert_status(aim_key_from_seed(b->ctx, AIM_KEY_LOG, aim_bytes_from(seed, 32), &b->key, &b->err), AIM_OK);
	assert_status(aim_checkpoint_open(b->log, b->key, &o, &b->signer, &b->err), AIM_OK);
	assert_status(aim_buf_new(b->ctx, &b->vkey), AIM_OK);
	assert_status(aim_buf_new(b->ctx, &b->receipt), AIM_OK);
	assert_status(aim_key_public(b->key, &public_key), AIM_OK);
	assert_status(aim_checkpoint_vkey(b->ctx, o.origin, AIM_CHECKPOINT_LOG_KEY, &public_key, b->vkey, &b->err),
	              AIM_OK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	assert_status(aim_checkpoint_close(b->signer, &b->err), AIM_OK);
	aim_buf_free(b->vkey);
	aim_buf_free(b->receipt);
	aim_key_unref(b->key);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_status remember(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	bench *b = user;
	(void)salt;
	assert_true(record.len < sizeof b->records[0]);
	memcpy(b->records[position], record.ptr, record.len);
	return AIM_OK;
}

/* A log of MOST records, each of its heads and records remembered. */
static void grow(bench *b)
{
	for (unsigned n = 0; n <= MOST; n++) {
		b->heads[n].struct_size = sizeof b->heads[n];
		assert_status(aim_audit_current(b->log, &b->heads[n], &b->err), AIM_OK);
		aim_audit_record r = sample_record(n);
		if (n < MOST)
			assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_OK);
	}
	assert_status(aim_audit_read(b->log, 0, MOST, remember, b, &b->err), AIM_OK);
}

static void test_inclusion_in_every_log(void **state)
{
	bench *b = *state;
	grow(b);
	for (uint64_t size = 1; size <= MOST; size++) {
		for (uint64_t i = 0; i < size; i += size > 40 ? 7 : 1) {
			aim_proof proof = {.struct_size = sizeof proof};
			aim_str record = aim_str_from(b->records[i]);
			assert_status(aim_proof_inclusion(b->log, i, size, &proof, &b->err), AIM_OK);
			assert_status(aim_proof_verify_inclusion(b->ctx, record, i, &b->heads[size], &proof, &b->err), AIM_OK);
			assert_status(aim_proof_verify_inclusion(b->ctx, record, i + 1, &b->heads[size], &proof, NULL),
			              AIM_E_AUDIT_CORRUPT);
			record.len--;
			assert_status(aim_proof_verify_inclusion(b->ctx, record, i, &b->heads[size], &proof, NULL),
			              AIM_E_AUDIT_CORRUPT);
		}
	}
}

static void test_consistency_of_every_pair(void **state)
{
	bench *b = *state;
	grow(b);
	for (uint64_t n = 1; n <= MOST; n++) {
		for (uint64_t m = 1; m <= n; m += n > 40 ? 11 : 1) {
			aim_proof proof = {.struct_size = sizeof proof};
			assert_status(aim_proof_consistency(b->log, m, n, &proof, &b->err), AIM_OK);
			assert_status(aim_proof_verify_consistency(b->ctx, &b->heads[m], &b->heads[n], &proof, &b->err),
			              AIM_OK);
			aim_audit_head other = b->heads[m];
			other.root[m % 32] ^= 1;
			assert_status(aim_proof_verify_consistency(b->ctx, &other, &b->heads[n], &proof, NULL),
			              AIM_E_AUDIT_FORK);
		}
	}
}

static void test_every_bit_of_a_proof_counts(void **state)
{
	bench *b = *state;
	grow(b);
	aim_proof in = {.struct_size = sizeof in}, con = {.struct_size = sizeof con};
	aim_str record = aim_str_from(b->records[70]);
	assert_status(aim_proof_inclusion(b->log, 70, 0, &in, &b->err), AIM_OK);
	assert_status(aim_proof_consistency(b->log, 70, 0, &con, &b->err), AIM_OK);
	for (size_t bit = 0; bit < in.n_hashes * 256; bit++) {
		in.hashes[bit / 256][bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
		assert_status(aim_proof_verify_inclusion(b->ctx, record, 70, &b->heads[MOST], &in, NULL),
		              AIM_E_AUDIT_CORRUPT);
		in.hashes[bit / 256][bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < con.n_hashes * 256; bit++) {
		con.hashes[bit / 256][bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
		assert_status(aim_proof_verify_consistency(b->ctx, &b->heads[70], &b->heads[MOST], &con, NULL),
		              AIM_E_AUDIT_FORK);
		con.hashes[bit / 256][bit / 8 % 32] ^= (uint8_t)(1 << bit % 8);
	}
	in.n_hashes++;
	assert_status(aim_proof_verify_inclusion(b->ctx, record, 70, &b->heads[MOST], &in, NULL),
	              AIM_E_AUDIT_CORRUPT);
	in.n_hashes = AIM_PROOF_MAX_HASHES + 1;
	assert_status(aim_proof_verify_inclusion(b->ctx, record, 70, &b->heads[MOST], &in, NULL), AIM_E_INVALID);
}

static void test_proofs_of_nothing(void **state)
{
	bench *b = *state;
	aim_proof proof = {.struct_size = sizeof proof};
	assert_status(aim_proof_inclusion(b->log, 0, 0, &proof, &b->err), AIM_E_INVALID);
	append_samples(b->log, 3);
	assert_status(aim_proof_inclusion(b->log, 3, 0, &proof, &b->err), AIM_E_INVALID);
	assert_status(aim_proof_inclusion(b->log, 0, 4, &proof, &b->err), AIM_E_INVALID);
	assert_status(aim_proof_consistency(b->log, 0, 3, &proof, &b->err), AIM_E_INVALID);
	assert_status(aim_proof_consistency(b->log, 3, 2, &proof, &b->err), AIM_E_INVALID);
	assert_int_equal(proof.n_hashes, 0);
}

/* ---- receipts ---- */

static aim_status verify(bench *b, aim_str bytes, aim_bytes arguments, aim_receipt *out)
{
	return aim_receipt_verify(b->ctx, bytes, aim_buf_str(b->vkey), none, arguments, out, &b->err);
}

static void test_pending_then_there(void **state)
{
	bench *b = *state;
	aim_receipt r = {.struct_size = sizeof r};
	assert_status(aim_receipt_build(b->log, 0, 0, b->receipt, &b->err), AIM_E_NOT_FOUND);
	append_samples(b->log, 9);
	assert_status(aim_receipt_build(b->log, 4, 0, b->receipt, &b->err), AIM_E_AUDIT_PENDING);
	assert_status(aim_checkpoint_now(b->signer, &b->err), AIM_OK);
	append_samples(b->log, 5);
	assert_status(aim_receipt_build(b->log, 9, 0, b->receipt, &b->err), AIM_E_AUDIT_PENDING);
	assert_int_equal(aim_buf_str(b->receipt).len, 0);
	for (uint64_t i = 0; i < 9; i++) {
		aim_buf_clear(b->receipt);
		assert_status(aim_receipt_build(b->log, i, 0, b->receipt, &b->err), AIM_OK);
		assert_status(verify(b, aim_buf_str(b->receipt), no_arguments, &r), AIM_OK);
		assert_int_equal(r.position, i);
		assert_int_equal(r.size, 9);
		assert_true(r.record.len > 2 && r.record.ptr[0] == '{');
	}
}

static void test_disclosed_arguments(void **state)
{
	bench *b = *state;
	aim_receipt r = {.struct_size = sizeof r};
	aim_bytes right = aim_bytes_from_str(aim_str_from(ARGUMENTS));
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_now(b->signer, &b->err), AIM_OK);
	assert_status(aim_receipt_build(b->log, 0, 0, b->receipt, &b->err), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), right, &r), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), aim_bytes_from_str(aim_str_from("{}")), &r),
	              AIM_E_AUDIT_CORRUPT);
	assert_int_equal(r.size, 0);
	aim_buf_clear(b->receipt);
	assert_status(aim_receipt_build(b->log, 0, AIM_RECEIPT_WITHOUT_SALT, b->receipt, &b->err), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), no_arguments, &r), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), right, &r), AIM_E_AUDIT_CORRUPT);
	aim_buf_clear(b->receipt); /* number 3 has no arguments */
	assert_status(aim_receipt_build(b->log, 3, 0, b->receipt, &b->err), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), no_arguments, &r), AIM_OK);
	assert_status(verify(b, aim_buf_str(b->receipt), right, &r), AIM_E_AUDIT_CORRUPT);
}

static void test_every_bit_of_a_receipt_counts(void **state)
{
	bench *b = *state;
	aim_bytes arguments = aim_bytes_from_str(aim_str_from(ARGUMENTS));
	append_samples(b->log, 5);
	assert_status(aim_checkpoint_now(b->signer, &b->err), AIM_OK);
	assert_status(aim_receipt_build(b->log, 2, 0, b->receipt, &b->err), AIM_OK);
	aim_str bytes = aim_buf_str(b->receipt);
	assert_status(verify(b, bytes, arguments, NULL), AIM_OK);
	char *copy = malloc(bytes.len);
	assert_non_null(copy);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		memcpy(copy, bytes.ptr, bytes.len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		if (verify(b, (aim_str){copy, bytes.len}, arguments, NULL) == AIM_OK)
			fail_msg("bit %zu can be changed", bit);
	}
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_not_equal(verify(b, (aim_str){bytes.ptr, len}, arguments, NULL), AIM_OK);
	free(copy);
}

static aim_status without_memory(aim_ctx *ctx, void *arg)
{
	bench *b = arg;
	return aim_receipt_verify(ctx, aim_buf_str(b->receipt), aim_buf_str(b->vkey), none, no_arguments, NULL,
	                          NULL);
}

static void test_without_memory(void **state)
{
	bench *b = *state;
	append_samples(b->log, 5);
	assert_status(aim_checkpoint_now(b->signer, &b->err), AIM_OK);
	assert_status(aim_receipt_build(b->log, 2, 0, b->receipt, &b->err), AIM_OK);
	test_each_allocation_fails(without_memory, b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inclusion_in_every_log),
		TEST(test_consistency_of_every_pair),
		TEST(test_every_bit_of_a_proof_counts),
		TEST(test_proofs_of_nothing),
		TEST(test_pending_then_there),
		TEST(test_disclosed_arguments),
		TEST(test_every_bit_of_a_receipt_counts),
		TEST(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
