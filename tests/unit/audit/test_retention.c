/* Cutting a log: what is gone is gone and says so, and what is left proves as much as before. */
#include "support.h"
#include "vault.h"

#include "audit/retention.h"
#include "base/buf.h"
#include "store/store.h"

#include <aim/checkpoint.h>
#include <aim/proof.h>
#include <aim/receipt.h>
#include <aim/retention.h>
#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

#define ORIGIN "example.com/log"

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_key *key;
	aim_retention_report report;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	assert_status(aim_key_generate(b->ctx, AIM_KEY_LOG, &b->key, &b->err), AIM_OK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_key_unref(b->key);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static void sign(bench *b)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_status(aim_checkpoint_open(b->log, b->key, &o, &signer, &b->err), AIM_OK);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

/* n records and a checkpoint behind them. */
static void grow(bench *b, unsigned n)
{
	append_samples(b->log, n);
	sign(b);
}

static aim_status cut(bench *b, const aim_retention_options *o)
{
	b->report = (aim_retention_report){.struct_size = sizeof b->report};
	memset(&b->err, 0, sizeof b->err);
	aim_status rc = aim_retention_apply(b->log, o, &b->report, &b->err);
	assert_int_equal(b->err.status == AIM_E_CONFLICT ? rc : b->err.status, rc);
	return rc;
}

#define OPTIONS(...) &(aim_retention_options){.struct_size = sizeof(aim_retention_options), __VA_ARGS__}
#define S(text) {text, sizeof(text) - 1}

static aim_audit_head head_of(bench *b)
{
	aim_audit_head head = {.struct_size = sizeof head};
	assert_status(aim_audit_current(b->log, &head, &b->err), AIM_OK);
	return head;
}

static aim_status count(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)position, (void)record, (void)salt;
	(*(uint64_t *)user)++;
	return AIM_OK;
}

/* ---- the cut ---- */

static void test_a_cut_log_verifies_and_goes_on(void **state)
{
	bench *b = *state;
	grow(b, 10);
	grow(b, 7);
	aim_audit_head old = head_of(b);
	append_samples(b->log, 3);
	assert_status(cut(b, OPTIONS(.before = 10, .user = S("anna"), .reason = S("old"))), AIM_OK);
	assert_int_equal(b->report.n_removed, 10);
	assert_int_equal(b->report.first_kept, 10);
	assert_int_equal(b->report.stopped_by, AIM_RETENTION_DONE);
	aim_audit_report report = {.struct_size = sizeof report};
	assert_status(aim_audit_verify(b->log, &old, &report, &b->err), AIM_OK);
	assert_int_equal(report.n_records, 11);
	assert_int_equal(report.first_kept, 10);
	append_samples(b->log, 5);
	aim_audit_head head = head_of(b);
	assert_int_equal(head.size, 26);
	assert_status(aim_audit_verify(b->log, &head, &report, &b->err), AIM_OK);
	assert_memory_equal(report.root, head.root, 32);
	/* Also for whoever opens it anew, and appends. */
	aim_audit *again = open_log(b->store, NULL);
	append_samples(again, 2);
	assert_status(aim_audit_verify(again, &head, NULL, &b->err), AIM_OK);
	aim_audit_free(again);
	aim_audit_head at = {.struct_size = sizeof at};
	assert_status(aim_retention_current(b->log, &at, &b->err), AIM_OK);
	assert_int_equal(at.size, 10);
}

static aim_status see_cut(void *user, const aim_trail_record *r)
{
	const aim_json *doc = aim_trail_record_document(r);
	int64_t n = 0;
	(*(int *)user)++;
	assert_text(aim_trail_record_text(r, AIM_TRAIL_KIND), "retention");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_ACTION), "cut");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_USER), "anna");
	assert_text(aim_trail_record_text(r, AIM_TRAIL_REASON), "old");
	aim_json_value data = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("data"));
	assert_status(aim_json_int64(doc, aim_json_member(doc, data, aim_str_from("size")), &n), AIM_OK);
	assert_int_equal(n, 10);
	assert_text(aim_json_string(doc, aim_json_member(doc, data, aim_str_from("stopped_by"))), "done");
	return AIM_OK;
}

static void test_the_cut_is_a_record(void **state)
{
	bench *b = *state;
	grow(b, 10);
	assert_status(cut(b, OPTIONS(.before = 10, .user = S("anna"), .reason = S("old"))), AIM_OK);
	int n = 0;
	assert_status(aim_trail_read(b->log, NULL, see_cut, &n, NULL, &b->err), AIM_OK);
	assert_int_equal(n, 1);
}

static void test_removed_positions_say_so(void **state)
{
	bench *b = *state;
	uint64_t n = 0, position = 3;
	aim_buf out;
	aim_proof proof = {.struct_size = sizeof proof};
	aim__buf_init(&out, b->ctx);
	grow(b, 10);
	grow(b, 10);
	aim_audit_head third = {.struct_size = sizeof third, .size = 3};
	assert_status(cut(b, OPTIONS(.before = 10)), AIM_OK);
	assert_status(aim_audit_read(b->log, 9, 1, count, &n, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_non_null(strstr(b->err.message, "record 9 was removed"));
	assert_status(aim_audit_read(b->log, 10, 1, count, &n, &b->err), AIM_OK);
	assert_int_equal(n, 1);
	assert_status(aim_proof_inclusion(b->log, 9, 0, &proof, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_status(aim_proof_consistency(b->log, 9, 0, &proof, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_status(aim_receipt_build(b->log, 9, 0, &out, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_status(aim_receipt_build(b->log, 10, 0, &out, &b->err), AIM_OK);
	assert_status(aim_audit_verify(b->log, &third, NULL, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_status(aim_trail_follow(b->log, &position, NULL, 0, (aim_trail_visit)see_cut, &n, &b->err),
	              AIM_E_AUDIT_TRIMMED);
	aim_trail_query q = {.struct_size = sizeof q, .from = 5};
	assert_status(aim_trail_read(b->log, &q, see_cut, &n, NULL, &b->err), AIM_E_AUDIT_TRIMMED);
	aim__buf_dispose(&out);
}

static void test_rows_are_removed_from_the_store(void **state)
{
	bench *b = *state;
	grow(b, 10);
	append_samples(b->log, 3);
	assert_status(cut(b, OPTIONS(.before = 10)), AIM_OK);
	uint64_t n = 0;
	assert_status(aim_audit_read(b->log, 10, 100, count, &n, &b->err), AIM_OK);
	assert_int_equal(n, 4);
	/* A second cut has nothing to do, and leaves no record. */
	assert_status(cut(b, OPTIONS(.before = 10)), AIM_OK);
	assert_int_equal(b->report.n_removed, 0);
	assert_int_equal(b->report.first_kept, 10);
	assert_int_equal(head_of(b).size, 14);
}

/* ---- proofs ---- */

typedef struct proofs {
	aim_proof inclusion[24][24];   /* [position][size] */
	aim_proof consistency[24][24]; /* [from][to] */
} proofs;

static void prove(bench *b, uint64_t first, proofs *out)
{
	for (uint64_t n = first; n < 24; n++)
		for (uint64_t i = first; i < n; i++) {
			out->inclusion[i][n] = (aim_proof){.struct_size = sizeof(aim_proof)};
			assert_status(aim_proof_inclusion(b->log, i, n, &out->inclusion[i][n], &b->err), AIM_OK);
		}
	for (uint64_t n = first; n < 24; n++)
		for (uint64_t m = first ? first : 1; m <= n; m++) {
			out->consistency[m][n] = (aim_proof){.struct_size = sizeof(aim_proof)};
			if (n > 0)
				assert_status(aim_proof_consistency(b->log, m, n, &out->consistency[m][n], &b->err), AIM_OK);
		}
}

/* The law: every proof that can still be asked for is the same as before the cut. */
static void test_proofs_are_the_same_after_every_cut(void **state)
{
	bench *b = *state;
	static proofs before, after;
	for (unsigned i = 0; i < 24; i++)
		grow(b, 1);
	prove(b, 0, &before);
	for (uint64_t at = 1; at < 24; at++) {
		assert_status(cut(b, OPTIONS(.before = at)), AIM_OK);
		assert_int_equal(b->report.first_kept, at);
		prove(b, at, &after);
		for (uint64_t n = at; n < 24; n++) {
			for (uint64_t i = at; i < n; i++)
				assert_memory_equal(&before.inclusion[i][n], &after.inclusion[i][n], sizeof(aim_proof));
			for (uint64_t m = at; m <= n; m++)
				assert_memory_equal(&before.consistency[m][n], &after.consistency[m][n],
				                    sizeof(aim_proof));
		}
		assert_status(aim_audit_verify(b->log, NULL, NULL, &b->err), AIM_OK);
	}
}

static aim_status collect(void *user, aim_bytes bytes)
{
	return aim__buf_add(user, bytes.ptr, bytes.len);
}

static void test_receipts_and_exports(void **state)
{
	bench *b = *state;
	aim_buf old, fresh, vkey;
	aim_public_key public_key;
	aim__buf_init(&old, b->ctx);
	aim__buf_init(&fresh, b->ctx);
	aim__buf_init(&vkey, b->ctx);
	assert_status(aim_key_public(b->key, &public_key), AIM_OK);
	assert_status(aim_checkpoint_vkey(b->ctx, aim_str_from(ORIGIN), AIM_CHECKPOINT_LOG_KEY, &public_key, &vkey,
	                                  &b->err), AIM_OK);
	grow(b, 10);
	assert_status(aim_receipt_build(b->log, 4, 0, &old, &b->err), AIM_OK);
	grow(b, 9);
	assert_status(cut(b, OPTIONS(.before = 10)), AIM_OK);
	const aim_bytes no_arguments = {NULL, 0};
	const aim_str origin = S(ORIGIN);
	assert_status(aim_receipt_verify(b->ctx, aim_buf_str(&old), aim_buf_str(&vkey), origin, no_arguments, NULL,
	                                 &b->err), AIM_OK);
	assert_status(aim_receipt_build(b->log, 12, 0, &fresh, &b->err), AIM_OK);
	assert_status(aim_receipt_verify(b->ctx, aim_buf_str(&fresh), aim_buf_str(&vkey), origin, no_arguments, NULL,
	                                 &b->err), AIM_OK);
	/* An export begins at the cut, and still ends at the head. */
	aim_audit_head head = head_of(b);
	aim__buf_truncate(&fresh, 0);
	aim_trail_export_options e = {.struct_size = sizeof e, .flags = AIM_TRAIL_CHECKPOINT};
	assert_status(aim_trail_export(b->log, &e, collect, &fresh, NULL, &b->err), AIM_OK);
	aim_trail_verify_options v = {.struct_size = sizeof v, .remembered = &head, .vkey = aim_buf_str(&vkey)};
	aim_trail_verify_report report = {.struct_size = sizeof report};
	assert_status(aim_trail_verify(b->ctx, aim_buf_bytes(&fresh), &v, &report, &b->err), AIM_OK);
	assert_int_equal(report.first, 10);
	assert_int_equal(report.end, 20);
	e.from = 4;
	assert_status(aim_trail_export(b->log, &e, collect, &fresh, NULL, &b->err), AIM_E_AUDIT_TRIMMED);
	aim__buf_dispose(&old);
	aim__buf_dispose(&fresh);
	aim__buf_dispose(&vkey);
}

static void test_a_signer_goes_on_behind_the_cut(void **state)
{
	bench *b = *state;
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_status(aim_checkpoint_open(b->log, b->key, &o, &signer, &b->err), AIM_OK);
	append_samples(b->log, 5);
	assert_status(aim_checkpoint_now(signer, &b->err), AIM_OK);
	grow(b, 5); /* another signer */
	assert_status(cut(b, OPTIONS(.before = 10)), AIM_OK);
	append_samples(b->log, 5);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
	aim_buf out;
	aim__buf_init(&out, b->ctx);
	assert_status(aim_checkpoint_last(b->log, &out, &b->err), AIM_OK);
	aim_checkpoint c = {.struct_size = sizeof c};
	assert_status(aim_checkpoint_parse(aim_buf_str(&out), &c, &b->err), AIM_OK);
	assert_int_equal(c.size, 16);
	aim__buf_dispose(&out);
}

/* ---- bounds ---- */

static void test_each_bound_keeps_records(void **state)
{
	bench *b = *state;
	assert_status(cut(b, OPTIONS(.before = 5)), AIM_E_AUDIT_PENDING);
	append_samples(b->log, 4);
	assert_status(cut(b, OPTIONS(.before = 5)), AIM_E_AUDIT_PENDING);
	sign(b);     /* 4 */
	grow(b, 4);  /* 8 */
	grow(b, 4);  /* 12 */
	assert_status(cut(b, OPTIONS(.before = 3)), AIM_OK);
	assert_int_equal(b->report.stopped_by, AIM_RETENTION_BY_CHECKPOINT);
	assert_int_equal(b->report.n_removed, 0);
	assert_status(cut(b, OPTIONS(.keep_records = 8)), AIM_OK);
	assert_int_equal(b->report.n_removed, 4);
	assert_int_equal(b->report.stopped_by, AIM_RETENTION_BY_COUNT);
	/* append_samples() counts its times from the same start: record 11 is 3 ms after it. */
	const int64_t start_us = 1766000000000000;
	assert_status(cut(b, OPTIONS(.min_age_us = 1000000, .now_us = start_us + 1002000)), AIM_OK);
	assert_int_equal(b->report.n_removed, 0);
	assert_int_equal(b->report.stopped_by, AIM_RETENTION_BY_CHECKPOINT);
	assert_status(cut(b, OPTIONS(.min_age_us = 1000000, .now_us = start_us + 1000000)), AIM_OK);
	assert_int_equal(b->report.n_removed, 0);
	assert_status(cut(b, OPTIONS(.min_age_us = 1000000, .now_us = start_us + 1003000, .keep_records = 3)), AIM_OK);
	assert_int_equal(b->report.first_kept, 8);
	assert_status(cut(b, OPTIONS(.flags = 1, .before = 1)), AIM_E_VERSION);
	assert_status(cut(b, OPTIONS(.flags = 0)), AIM_E_INVALID);
	assert_status(cut(b, OPTIONS(.min_age_us = -1)), AIM_E_INVALID);
}

static aim_status see_hold(void *user, aim_str id, uint64_t from, int64_t since_us)
{
	assert_true(since_us > 0);
	assert_int_equal(from, 6);
	assert_text(id, "case-7");
	(*(int *)user)++;
	return AIM_OK;
}

static void test_a_hold_keeps_what_it_covers(void **state)
{
	bench *b = *state;
	const aim_str none = {NULL, 0}, id = S("case-7"), user = S("legal"), reason = S("a lawsuit");
	int n = 0;
	for (unsigned i = 0; i < 10; i++)
		grow(b, 1);
	assert_status(aim_retention_hold(b->log, id, 6, user, reason, &b->err), AIM_OK);
	assert_status(aim_retention_hold(b->log, id, 0, none, none, &b->err), AIM_E_EXISTS);
	assert_status(aim_retention_hold(b->log, (aim_str)S("Case"), 0, none, none, &b->err), AIM_E_INVALID);
	assert_status(aim_retention_holds(b->log, see_hold, &n, &b->err), AIM_OK);
	assert_int_equal(n, 1);
	assert_status(cut(b, OPTIONS(.before = 9)), AIM_OK);
	assert_int_equal(b->report.first_kept, 6);
	assert_int_equal(b->report.stopped_by, AIM_RETENTION_BY_HOLD);
	assert_status(aim_retention_hold(b->log, (aim_str)S("late"), 3, none, none, &b->err), AIM_E_AUDIT_TRIMMED);
	assert_status(aim_retention_release(b->log, (aim_str)S("other"), none, none, &b->err), AIM_E_NOT_FOUND);
	assert_status(aim_retention_release(b->log, id, user, none, &b->err), AIM_OK);
	assert_status(cut(b, OPTIONS(.before = 9)), AIM_OK);
	assert_int_equal(b->report.first_kept, 9);
	for (unsigned i = 0; i < AIM_RETENTION_MAX_HOLDS; i++) {
		char name[3] = {'h', (char)('a' + i % 26), (char)('a' + i / 26)};
		assert_status(aim_retention_hold(b->log, (aim_str){name, 3}, 0, none, none, &b->err), AIM_OK);
	}
	assert_status(aim_retention_hold(b->log, id, 0, none, none, &b->err), AIM_E_LIMIT);
	assert_status(aim_audit_verify(b->log, NULL, NULL, &b->err), AIM_OK);
}

/* ---- damage ---- */

static void test_an_engine_that_cannot(void **state)
{
	bench *b = *state;
	vault *v = calloc(1, sizeof *v);
	assert_non_null(v);
	vault_init(v);
	aim_store *store = vault_open(v, b->ctx);
	aim_audit *log = open_log(store, NULL);
	assert_status(aim_retention_apply(log, OPTIONS(.before = 1), NULL, &b->err), AIM_E_UNSUPPORTED);
	aim_audit_free(log);
	aim_store_free(store);
	vault_free(v);
	free(v);
}

static aim_status put_key(bench *b, const char *key, const char *value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = aim_bytes_from_str(aim_str_from(key))};
	op.value = aim_bytes_from_str(aim_str_from(value));
	aim_store_batch batch = {.ops = &op, .n_ops = 1};
	return aim__store_apply_group(b->store, &batch, 1, &b->err);
}

#define NO_HEAD "{\"frontier\":[],\"size\":0,\"v\":1}"

static void test_a_key_that_was_changed(void **state)
{
	bench *b = *state;
	static const struct {
		const char *value;
		aim_status status;
	} cases[] = {
		{"", AIM_E_AUDIT_CORRUPT},
		{"{}", AIM_E_AUDIT_CORRUPT},
		{"{\"cut\":" NO_HEAD ",\"holds\":[],\"v\":2}", AIM_E_VERSION},
		{"{\"cut\":" NO_HEAD ",\"holds\":[{}],\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"cut\":" NO_HEAD ",\"holds\":{},\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"cut\":{},\"holds\":[],\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"cut\":" NO_HEAD ",\"holds\":[],\"v\":1}", AIM_OK},
		/* A cut that nobody made: the rows do not come to the head behind it. */
		{"{\"cut\":{\"frontier\":[\"0000000000000000000000000000000000000000000000000000000000000000\"],"
		 "\"size\":4,\"v\":1},\"holds\":[],\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"cut\":{\"frontier\":[\"0000000000000000000000000000000000000000000000000000000000000000\"],"
		 "\"size\":16,\"v\":1},\"holds\":[],\"v\":1}", AIM_E_AUDIT_TRUNCATED},
	};
	append_samples(b->log, 6);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_status(put_key(b, "retention/main", cases[i].value), AIM_OK);
		assert_status(aim_audit_verify(b->log, NULL, NULL, &b->err), cases[i].status);
	}
}

/* The records no longer are what the checkpoint says: then they are evidence of that, and stay. */
static void test_damaged_records_are_not_removed(void **state)
{
	bench *b = *state;
	grow(b, 6);
	aim_audit *other = NULL;
	aim_audit_options o = {.struct_size = sizeof o, .name = S("other")};
	assert_status(aim_audit_open(b->store, &o, &other, &b->err), AIM_OK);
	append_samples(other, 6);
	/* The checkpoint of one log under the name of another. */
	aim_buf value;
	aim__buf_init(&value, b->ctx);
	const char key[] = "checkpoint/main/18446744073709551609";
	assert_status(aim__store_get(b->store, aim_bytes_from(key, sizeof key - 1), &value, NULL, &b->err), AIM_OK);
	assert_status(put_key(b, "checkpoint/other/18446744073709551609", (const char *)value.ptr), AIM_OK);
	aim__buf_dispose(&value);
	assert_status(aim_retention_apply(other, OPTIONS(.before = 6), NULL, &b->err), AIM_E_AUDIT_CORRUPT);
	assert_status(aim_audit_verify(other, NULL, NULL, &b->err), AIM_OK);
	uint64_t n = 0;
	assert_status(aim_audit_read(other, 0, 6, count, &n, &b->err), AIM_OK);
	assert_int_equal(n, 6);
	aim_audit_free(other);
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	const aim_str none = {NULL, 0}, id = S("h");
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_checkpoint_signer *signer = NULL;
	aim_error err = {0};
	(void)arg;
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, &err);
	for (unsigned i = 0; rc == AIM_OK && i < 3; i++) {
		aim_audit_record r = sample_record(i);
		rc = aim_audit_append(log, &r, NULL, &err);
	}
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_LOG, &key, &err);
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	if (rc == AIM_OK)
		rc = aim_checkpoint_open(log, key, &o, &signer, &err);
	aim_status closed = aim_checkpoint_close(signer, rc == AIM_OK ? &err : NULL);
	if (rc == AIM_OK)
		rc = closed;
	if (rc == AIM_OK)
		rc = aim_retention_hold(log, id, 3, none, none, &err);
	if (rc == AIM_OK)
		rc = aim_retention_apply(log, OPTIONS(.before = 3, .min_age_us = 1), NULL, &err);
	if (rc == AIM_OK)
		rc = aim_retention_release(log, id, none, none, &err);
	if (rc == AIM_OK)
		rc = aim_audit_verify(log, NULL, NULL, &err);
	aim_key_unref(key);
	aim_audit_free(log);
	aim_store_free(store);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(body, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_cut_log_verifies_and_goes_on),
		T(test_the_cut_is_a_record),
		T(test_removed_positions_say_so),
		T(test_rows_are_removed_from_the_store),
		T(test_proofs_are_the_same_after_every_cut),
		T(test_receipts_and_exports),
		T(test_a_signer_goes_on_behind_the_cut),
		T(test_each_bound_keeps_records),
		T(test_a_hold_keeps_what_it_covers),
		T(test_an_engine_that_cannot),
		T(test_a_key_that_was_changed),
		T(test_damaged_records_are_not_removed),
		cmocka_unit_test(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
