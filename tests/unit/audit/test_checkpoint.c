/* Checkpoints: the standard's examples, what is refused, when they are signed and what is kept. */
#include "support.h"
#include "vault.h"

#include "audit/note.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "store/store.h"

#include <aim/checkpoint.h>
#include <aim/retention.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "example.com/log"

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_key *key, *witness;
	aim_buf *text, *vkey, *witness_vkey;
	aim_error err;
} bench;

static aim_str none;

static aim_key *seeded(aim_ctx *ctx, uint8_t first)
{
	uint8_t seed[32] = {first};
	aim_key *key = NULL;
	assert_status(aim_key_from_seed(ctx, AIM_KEY_LOG, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	return key;
}

static void write_vkey(bench *b, const aim_key *key, const char *name, uint32_t type, aim_buf *out)
{
	aim_public_key public_key;
	assert_status(aim_key_public(key, &public_key), AIM_OK);
	assert_status(aim_checkpoint_vkey(b->ctx, aim_str_from(name), type, &public_key, out, &b->err), AIM_OK);
}

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	b->key = seeded(b->ctx, 1);
	b->witness = seeded(b->ctx, 2);
	assert_status(aim_buf_new(b->ctx, &b->text), AIM_OK);
	assert_status(aim_buf_new(b->ctx, &b->vkey), AIM_OK);
	assert_status(aim_buf_new(b->ctx, &b->witness_vkey), AIM_OK);
	write_vkey(b, b->key, ORIGIN, AIM_CHECKPOINT_LOG_KEY, b->vkey);
	write_vkey(b, b->witness, "witness.example/w1", AIM_CHECKPOINT_WITNESS_KEY, b->witness_vkey);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_buf_free(b->text);
	aim_buf_free(b->vkey);
	aim_buf_free(b->witness_vkey);
	aim_key_unref(b->key);
	aim_key_unref(b->witness);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_checkpoint_signer *open_signer(bench *b, uint32_t every_records, uint32_t every_ms)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN),
	                            .every_records = every_records, .every_ms = every_ms};
	aim_status rc = aim_checkpoint_open(b->log, b->key, &o, &signer, &b->err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), b->err.message);
	return signer;
}

static aim_status verify(bench *b, aim_checkpoint *out)
{
	return aim_checkpoint_verify(b->ctx, aim_buf_str(b->text), aim_buf_str(b->vkey), none, out, &b->err);
}

/* Size of the newest kept checkpoint, verified; 0 when there is none. */
static uint64_t newest(bench *b)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_buf_clear(b->text);
	if (aim_checkpoint_last(b->log, b->text, &b->err) == AIM_E_NOT_FOUND)
		return 0;
	assert_status(verify(b, &c), AIM_OK);
	return c.size;
}

/* What a witness gives back: the checkpoint with its line. */
static void cosign(bench *b, const aim_key *key, aim_str vkey, uint64_t time_s)
{
	aim__note note;
	aim__note_key as;
	assert_status(aim__note_key_read(b->ctx, vkey, &as, &b->err), AIM_OK);
	assert_status(aim__note_read(aim_buf_str(b->text), &note, &b->err), AIM_OK);
	char *copy = malloc(note.text.len);
	assert_non_null(copy);
	memcpy(copy, note.text.ptr, note.text.len);
	assert_status(aim__note_sign(key, &as, (aim_str){copy, note.text.len}, time_s, b->text, &b->err), AIM_OK);
	free(copy);
}

/* ---- the standard's examples ---- */

#define EXAMPLE_TAIL                                                                               \
	"20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
#define GO_SIGNATURE                                                                               \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define GO_VKEY "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

static void test_example_parses(void **state)
{
	bench *b = *state;
	aim_checkpoint c = {.struct_size = sizeof c};
	static const char text[] =
		"example.com/behind-the-sofa\n" EXAMPLE_TAIL "\xE2\x80\x94 example.com/behind-the-sofa " GO_SIGNATURE
		"\xE2\x80\x94 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJ"
		"sX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
	assert_status(aim_checkpoint_parse(aim_str_from(text), &c, &b->err), AIM_OK);
	assert_text(c.origin, "example.com/behind-the-sofa");
	assert_int_equal(c.size, 20852163);
	assert_int_equal(c.root[0], 0x0A);
	assert_int_equal(c.root[31], 0x62);
	assert_int_equal(c.n_signatures, 2);
	assert_int_equal(c.extensions.len, 0);
}

/* The same bytes as the log signed them, under its published key. */
static void test_example_verifies(void **state)
{
	bench *b = *state;
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_str text = aim_str_from("go.sum database tree\n" EXAMPLE_TAIL "\xE2\x80\x94 sum.golang.org " GO_SIGNATURE);
	aim_str origin = aim_str_from("go.sum database tree");
	assert_status(aim_checkpoint_verify(b->ctx, text, aim_str_from(GO_VKEY), origin, &c, &b->err), AIM_OK);
	assert_int_equal(c.size, 20852163);
	assert_status(aim_checkpoint_verify(b->ctx, text, aim_str_from(GO_VKEY), none, &c, &b->err),
	              AIM_E_AUDIT_FORK);
	assert_int_equal(c.size, 0);
}

static void test_reference_note(void **state)
{
	bench *b = *state;
	static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	static const char text[] =
		"If you think cryptography is the answer to your problem,\n"
		"then you don't know what your problem is.\n\n"
		"\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
		"otpRZb6KE6RyyBwJnAM=\n";
	aim__note note;
	aim__note_key key;
	assert_status(aim__note_key_read(b->ctx, aim_str_from(vkey), &key, &b->err), AIM_OK);
	assert_status(aim__note_read(aim_str_from(text), &note, &b->err), AIM_OK);
	assert_status(aim__note_verify(b->ctx, &note, &key, NULL, &b->err), AIM_OK);
	assert_status(aim__note_key_write(&key, b->text), AIM_OK);
	assert_text(aim_buf_str(b->text), vkey);
	for (size_t i = 0; i < sizeof vkey - 1; i++) {
		char bad[sizeof vkey];
		memcpy(bad, vkey, sizeof vkey);
		bad[i]++;
		assert_int_not_equal(aim__note_key_read(b->ctx, aim_str_from(bad), &key, NULL), AIM_OK);
		assert_int_not_equal(aim__note_key_read(b->ctx, (aim_str){vkey, i}, &key, NULL), AIM_OK);
	}
}

/* ---- what is refused ---- */

static void test_malformed(void **state)
{
	bench *b = *state;
#define SIG "\n\xE2\x80\x94 n AAAAAAAAAA==\n"
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	static const char *const bad[] = {
		"", "\n", "\n\n", "o\n1\n" ROOT, "o\n1\n" ROOT "\n", "o\n1\n" SIG, "\n1\n" ROOT SIG,
		"o\n01\n" ROOT SIG, "o\n\n" ROOT SIG, "o\n-1\n" ROOT SIG, "o\n18446744073709551616\n" ROOT SIG,
		"o\n1 \n" ROOT SIG, "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n" SIG,
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n" SIG, "o\r\n1\n" ROOT SIG,
		"o\xFF\n1\n" ROOT SIG, "o\n1\n" ROOT "\n\xE2\x80\x94 n+ AAAAAAAAAA==\n",
		"o\n1\n" ROOT "\n\xE2\x80\x94  AAAAAAAAAA==\n", "o\n1\n" ROOT "\n\xE2\x80\x94 n AAAAAAAAAA==",
		"o\n1\n" ROOT "\n- n AAAAAAAAAA==\n", "o\n1\n" ROOT "\n\xE2\x80\x94 n AAA*AAAAAA==\n",
		"o\n1\n" ROOT "\n\xE2\x80\x94 n A A\n", "o\n1\n" ROOT "\next\n" SIG,
		"o\n1\n" ROOT "\n\xE2\x80\x94 n\xC2\xA0n AAAAAAAAAA==\n",
	};
	static const char good[] = "o\n18446744073709551615\n" ROOT "ext\n" SIG;
	aim_checkpoint c = {.struct_size = sizeof c};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (aim_checkpoint_parse(aim_str_from(bad[i]), &c, &b->err) != AIM_E_AUDIT_FORMAT)
			fail_msg("not refused: %s", bad[i]);
	assert_status(aim_checkpoint_parse(aim_str_from(good), &c, &b->err), AIM_OK);
	assert_true(c.size == UINT64_MAX);
	assert_text(c.extensions, "ext\n");
}

static void test_limits(void **state)
{
	bench *b = *state;
	aim_checkpoint c = {.struct_size = sizeof c};
	assert_status(aim_buf_append(b->text, aim_bytes_from_str(aim_str_from("o\n1\n" ROOT "\n"))), AIM_OK);
	for (int i = 0; i < 64; i++)
		assert_status(aim_buf_append(b->text, aim_bytes_from_str(aim_str_from(&SIG[1]))), AIM_OK);
	assert_status(aim_checkpoint_parse(aim_buf_str(b->text), &c, &b->err), AIM_OK);
	assert_int_equal(c.n_signatures, 64);
	assert_status(aim_buf_append(b->text, aim_bytes_from_str(aim_str_from(&SIG[1]))), AIM_OK);
	assert_status(aim_checkpoint_parse(aim_buf_str(b->text), &c, &b->err), AIM_E_LIMIT);
	while (aim_buf_str(b->text).len <= 65536)
		assert_status(aim_buf_append(b->text, aim_buf_bytes(b->text)), AIM_OK);
	assert_status(aim_checkpoint_parse(aim_buf_str(b->text), &c, &b->err), AIM_E_LIMIT);
}

static void test_sign_and_verify(void **state)
{
	bench *b = *state;
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_audit_head head = {.struct_size = sizeof head};
	append_samples(b->log, 5);
	assert_status(aim_checkpoint_sign(b->log, b->key, aim_str_from(ORIGIN), b->text, &b->err), AIM_OK);
	assert_status(verify(b, &c), AIM_OK);
	assert_status(aim_audit_current(b->log, &head, &b->err), AIM_OK);
	assert_int_equal(c.size, 5);
	assert_memory_equal(c.root, head.root, 32);
	assert_text(c.origin, ORIGIN);
	/* Another key, another name, another origin, a key of another type. */
	aim_buf_clear(b->vkey);
	write_vkey(b, b->witness, ORIGIN, AIM_CHECKPOINT_LOG_KEY, b->vkey);
	assert_status(verify(b, &c), AIM_E_AUDIT_UNSIGNED);
	assert_int_equal(c.size, 0);
	aim_buf_clear(b->vkey);
	write_vkey(b, b->key, "example.com/other", AIM_CHECKPOINT_LOG_KEY, b->vkey);
	assert_status(verify(b, NULL), AIM_E_AUDIT_UNSIGNED);
	aim_buf_clear(b->vkey);
	write_vkey(b, b->key, ORIGIN, AIM_CHECKPOINT_WITNESS_KEY, b->vkey);
	assert_status(verify(b, NULL), AIM_E_UNSUPPORTED);
}

static void test_keys_of_other_purposes(void **state)
{
	bench *b = *state;
	aim_key *agent = NULL;
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_status(aim_key_generate(b->ctx, AIM_KEY_AGENT, &agent, &b->err), AIM_OK);
	assert_status(aim_checkpoint_sign(b->log, agent, o.origin, b->text, &b->err), AIM_E_KEY_PURPOSE);
	assert_status(aim_checkpoint_open(b->log, agent, &o, &signer, &b->err), AIM_E_KEY_PURPOSE);
	assert_null(signer);
	assert_int_equal(aim_buf_str(b->text).len, 0);
	o.origin = aim_str_from("two words");
	assert_status(aim_checkpoint_open(b->log, b->key, &o, &signer, &b->err), AIM_E_INVALID);
	assert_status(aim_checkpoint_sign(b->log, b->key, o.origin, b->text, &b->err), AIM_E_INVALID);
	aim_key_unref(agent);
}

/* Whatever bit is changed, log's signature or witness's, somebody's verification fails. */
static void test_every_bit_counts(void **state)
{
	bench *b = *state;
	append_samples(b->log, 3);
	assert_status(aim_checkpoint_sign(b->log, b->key, aim_str_from(ORIGIN), b->text, &b->err), AIM_OK);
	cosign(b, b->witness, aim_buf_str(b->witness_vkey), 1679315147);
	aim_str text = aim_buf_str(b->text);
	char *copy = malloc(text.len);
	assert_non_null(copy);
	assert_status(verify(b, NULL), AIM_OK);
	assert_status(aim_checkpoint_verify_witness(b->ctx, text, aim_buf_str(b->witness_vkey), NULL, &b->err),
	              AIM_OK);
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		memcpy(copy, text.ptr, text.len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		aim_str changed = {copy, text.len};
		if (aim_checkpoint_verify(b->ctx, changed, aim_buf_str(b->vkey), none, NULL, NULL) == AIM_OK &&
		    aim_checkpoint_verify_witness(b->ctx, changed, aim_buf_str(b->witness_vkey), NULL, NULL) == AIM_OK)
			fail_msg("bit %zu can be changed", bit);
	}
	free(copy);
}

/* ---- when and what ---- */

static void test_signs_every_n_records(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 10, 0);
	append_samples(b->log, 9);
	assert_status(aim_checkpoint_poll(signer, test_now_us, &b->err), AIM_OK);
	assert_int_equal(newest(b), 0);
	append_samples(b->log, 1);
	assert_status(aim_checkpoint_poll(signer, test_now_us, &b->err), AIM_OK);
	assert_int_equal(newest(b), 10);
	append_samples(b->log, 25);
	assert_status(aim_checkpoint_poll(signer, test_now_us, &b->err), AIM_OK);
	assert_int_equal(newest(b), 35);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

static void test_signs_every_t_seconds(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 0, 5000);
	append_samples(b->log, 1);
	assert_int_equal(aim_checkpoint_next_deadline_ms(signer, test_now_us), 5000);
	assert_status(aim_checkpoint_poll(signer, test_now_us + 4999000, &b->err), AIM_OK);
	assert_int_equal(newest(b), 0);
	assert_int_equal(aim_checkpoint_next_deadline_ms(signer, test_now_us + 5000001), 0);
	assert_status(aim_checkpoint_poll(signer, test_now_us + 5000000, &b->err), AIM_OK);
	assert_int_equal(newest(b), 1);
	assert_int_equal(aim_checkpoint_next_deadline_ms(signer, test_now_us + 5000000), 5000);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

static void test_closing_signs_what_is_left(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 0, 0);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	assert_int_equal(newest(b), 0); /* an empty log has nothing to show */
	append_samples(b->log, 7);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
	assert_int_equal(newest(b), 7);
	signer = open_signer(b, 0, 0);
	append_samples(b->log, 2);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	assert_int_equal(newest(b), 9);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
	assert_status(aim_checkpoint_close(NULL, NULL), AIM_OK);
}

static void test_two_signers_share_the_work(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *one = open_signer(b, 0, 0), *two = open_signer(b, 0, 0);
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_now(one, &b->err), AIM_OK);
	assert_status(aim_checkpoint_now(two, &b->err), AIM_OK);
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_now(two, &b->err), AIM_OK);
	assert_status(aim_checkpoint_now(one, &b->err), AIM_OK);
	assert_int_equal(newest(b), 8);
	assert_status(aim_checkpoint_close(one, &b->err), AIM_OK);
	assert_status(aim_checkpoint_close(two, &b->err), AIM_OK);
}

static void test_a_replaced_key(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 0, 0);
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
	assert_status(aim_checkpoint_open(b->log, b->witness, &o, &signer, &b->err), AIM_E_AUDIT_UNSIGNED);
	o.flags = AIM_CHECKPOINT_NEW_KEY;
	assert_status(aim_checkpoint_open(b->log, b->witness, &o, &signer, &b->err), AIM_OK);
	append_samples(b->log, 1);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
	aim_buf_clear(b->vkey);
	write_vkey(b, b->witness, ORIGIN, AIM_CHECKPOINT_LOG_KEY, b->vkey);
	assert_int_equal(newest(b), 5);
}

/* ---- histories that must not be signed ---- */

static void test_never_signs_a_rewritten_history(void **state)
{
	bench *b = *state;
	vault *v = calloc(1, sizeof *v);
	assert_non_null(v);
	vault_init(v);
	aim_store *store = vault_open(v, b->ctx);
	aim_audit *log = open_log(store, NULL);
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_status(aim_checkpoint_open(log, b->key, &o, &signer, &b->err), AIM_OK);
	append_samples(log, 6);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	append_samples(log, 3);
	v->rows[7].bytes[120] ^= 1; /* a record not yet covered */
	assert_int_not_equal(aim_checkpoint_now(signer, &b->err), AIM_OK);
	assert_true(b->err.status != AIM_OK);
	v->rows[7].bytes[120] ^= 1;
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	vault_set(&vault_find(v, "log/main/head")->value, "{\"frontier\":[],\"size\":0,\"v\":1}", 30);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_E_AUDIT_TRUNCATED);
	assert_status(aim_checkpoint_poll(signer, test_now_us, &b->err), AIM_E_AUDIT_TRUNCATED);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_E_AUDIT_TRUNCATED);
	aim_audit_free(log);
	aim_store_free(store);
	vault_free(v);
	free(v);
}

static void forget(bench *b, uint64_t size)
{
	char key[64];
	snprintf(key, sizeof key, "checkpoint/main/%020llu", (unsigned long long)(UINT64_MAX - size));
	aim_store_op op = {.kind = AIM_STORE_DELETE, .key = aim_bytes_from_str(aim_str_from(key))};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim__store_apply_group(b->store, &batch, 1, NULL), AIM_OK);
}

/* Someone cuts the log and removes checkpoints, so that the signer would begin again at an old one. */
static void test_never_goes_back_behind_its_own_checkpoint(void **state)
{
	bench *b = *state;
	aim_retention_options cut = {.struct_size = sizeof cut, .before = 8};
	append_samples(b->log, 3);
	assert_status(aim_checkpoint_close(open_signer(b, 0, 0), &b->err), AIM_OK);
	append_samples(b->log, 3);
	aim_checkpoint_signer *signer = open_signer(b, 0, 0);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	append_samples(b->log, 2);
	assert_status(aim_checkpoint_close(open_signer(b, 0, 0), &b->err), AIM_OK);
	assert_status(aim_retention_apply(b->log, &cut, NULL, &b->err), AIM_OK);
	forget(b, 8);
	forget(b, 6);
	assert_int_equal(newest(b), 3);
	for (int i = 0; i < 2; i++)
		assert_status(aim_checkpoint_now(signer, &b->err), AIM_E_AUDIT_TRUNCATED);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_E_AUDIT_TRUNCATED);
}

/* ---- witnesses ---- */

static void test_cosignatures_are_kept(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 0, 0);
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_str vkey = aim_buf_str(b->witness_vkey);
	int64_t time_s = 7;
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	assert_int_equal(newest(b), 4);
	assert_status(aim_checkpoint_verify_witness(b->ctx, aim_buf_str(b->text), vkey, &time_s, &b->err),
	              AIM_E_AUDIT_UNSIGNED);
	assert_int_equal(time_s, 0);
	cosign(b, b->witness, vkey, 1679315147);
	assert_status(aim_checkpoint_add_witness(b->log, aim_buf_str(b->text), vkey, &b->err), AIM_OK);
	assert_status(aim_checkpoint_add_witness(b->log, aim_buf_str(b->text), vkey, &b->err), AIM_OK);
	assert_int_equal(newest(b), 4);
	assert_status(aim_checkpoint_verify_witness(b->ctx, aim_buf_str(b->text), vkey, &time_s, &b->err), AIM_OK);
	assert_int_equal(time_s, 1679315147);
	assert_status(verify(b, &c), AIM_OK);
	assert_int_equal(c.n_signatures, 2);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

static void test_cosignatures_of_something_else(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = open_signer(b, 0, 0);
	aim_str vkey = aim_buf_str(b->witness_vkey);
	append_samples(b->log, 4);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	append_samples(b->log, 1);
	assert_status(aim_checkpoint_sign(b->log, b->key, aim_str_from(ORIGIN), b->text, &b->err), AIM_OK);
	cosign(b, b->witness, vkey, 5);
	assert_status(aim_checkpoint_add_witness(b->log, aim_buf_str(b->text), vkey, &b->err), AIM_E_NOT_FOUND);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	aim_buf_clear(b->text);
	assert_status(aim_checkpoint_sign(b->log, b->key, aim_str_from("another"), b->text, &b->err), AIM_OK);
	cosign(b, b->witness, vkey, 5);
	assert_status(aim_checkpoint_add_witness(b->log, aim_buf_str(b->text), vkey, &b->err), AIM_E_AUDIT_FORK);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

static aim_status without_memory(aim_ctx *ctx, void *arg)
{
	uint8_t seed[32] = {3};
	aim_error err = {0};
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_buf *text = NULL;
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	(void)arg;
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	if (rc == AIM_OK)
		rc = aim_key_from_seed(ctx, AIM_KEY_LOG, aim_bytes_from(seed, 32), &key, &err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_open(log, key, &o, &signer, &err);
	for (unsigned i = 0; rc == AIM_OK && i < 3; i++) {
		aim_audit_record r = sample_record(i);
		rc = aim_audit_append(log, &r, NULL, &err);
	}
	if (rc == AIM_OK)
		rc = aim_checkpoint_now(signer, &err);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &text);
	if (rc == AIM_OK)
		rc = aim_checkpoint_last(log, text, &err);
	aim_status closed = aim_checkpoint_close(signer, &err);
	aim_buf_free(text);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	return rc == AIM_OK ? closed : rc;
}

static void test_without_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(without_memory, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_example_parses),
		TEST(test_example_verifies),
		TEST(test_reference_note),
		TEST(test_malformed),
		TEST(test_limits),
		TEST(test_sign_and_verify),
		TEST(test_keys_of_other_purposes),
		TEST(test_every_bit_counts),
		TEST(test_signs_every_n_records),
		TEST(test_signs_every_t_seconds),
		TEST(test_closing_signs_what_is_left),
		TEST(test_two_signers_share_the_work),
		TEST(test_a_replaced_key),
		TEST(test_never_signs_a_rewritten_history),
		TEST(test_never_goes_back_behind_its_own_checkpoint),
		TEST(test_cosignatures_are_kept),
		TEST(test_cosignatures_of_something_else),
		cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
