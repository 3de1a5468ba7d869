/* Every allocation failed in turn: nothing half written, nothing lost, nothing leaked. */
#include "support.h"
#include "vault.h"

#include "audit/commit.h"

#include <stdlib.h>
#include <string.h>

typedef struct plan {
	uint32_t durability;
	int with_change;
} plan;

static aim_status use_log(aim_audit *log, const plan *p)
{
	aim_error err = {0};
	aim_audit_head head = {.struct_size = sizeof head};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_status rc = AIM_OK;
	for (unsigned i = 0; rc == AIM_OK && i < 6; i++) {
		aim_audit_record r = sample_record(i);
		rc = aim_audit_append(log, &r, NULL, &err);
	}
	aim_store_op op = {.kind = AIM_STORE_PUT};
	op.key = op.value = aim_bytes_from_str(aim_str_from("agent/1"));
	aim_audit_record records[3] = {sample_record(0), sample_record(2), sample_record(3)};
	aim__change change = {.ops = &op, .n_ops = 1, .records = records, .n_records = 3};
	if (rc == AIM_OK && p->with_change)
		rc = aim__audit_commit(log, &change, &err);
	if (rc == AIM_OK)
		rc = aim_audit_flush(log, &err);
	if (rc == AIM_OK)
		rc = aim_audit_current(log, &head, &err);
	if (rc == AIM_OK)
		rc = aim_audit_verify(log, &head, &report, &err);
	if (rc == AIM_OK)
		assert_int_equal(report.n_records, p->with_change ? 9 : 6);
	assert_int_equal(err.status, rc);
	return rc;
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	const plan *p = arg;
	vault *v = calloc(1, sizeof *v);
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_error err = {0};
	assert_non_null(v);
	vault_init(v);
	aim_audit_options o = {.struct_size = sizeof o, .durability = p->durability, .window_records = 4};
	aim_status rc = vault_try_open(v, ctx, &store);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, &o, &log, &err);
	if (rc == AIM_OK)
		rc = use_log(log, p);
	size_t n_rows = v->n_rows;
	aim_status closed = aim_audit_close(log, NULL);
	if (rc == AIM_OK)
		rc = closed;
	assert_true(v->n_rows >= n_rows);
	aim_store_free(store);
	vault_free(v);
	free(v);
	return rc;
}

static void test_durable(void **state)
{
	plan p = {AIM_AUDIT_DURABLE, 1};
	(void)state;
	test_each_allocation_fails(body, &p);
}

static void test_buffered(void **state)
{
	plan p = {AIM_AUDIT_BUFFERED, 0};
	(void)state;
	test_each_allocation_fails(body, &p);
	p.with_change = 1;
	test_each_allocation_fails(body, &p);
}

/* After a failed allocation the same log goes on and verifies. */
static void test_recovers(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	vault *v = calloc(1, sizeof *v);
	unsigned n_ok = 0, n_failed = 0;
	(void)state;
	assert_non_null(v);
	vault_init(v);
	aim_store *store = vault_open(v, ctx);
	for (unsigned fail_at = 1; fail_at < 12; fail_at++) {
		aim_audit *log = open_log(store, NULL);
		aim_audit_record r = sample_record(2);
		heap.n_allocs = 0;
		heap.fail_at = fail_at;
		aim_status rc = aim_audit_append(log, &r, NULL, NULL);
		heap.fail_at = 0;
		n_failed += rc == AIM_E_NOMEM;
		n_ok += rc == AIM_OK;
		append_samples(log, 1);
		n_ok++;
		assert_int_equal(v->n_rows, n_ok);
		assert_status(aim_audit_verify(log, NULL, NULL, NULL), AIM_OK);
		aim_audit_free(log);
	}
	assert_true(n_failed > 3);
	aim_store_free(store);
	vault_free(v);
	free(v);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durable),
		cmocka_unit_test(test_buffered),
		cmocka_unit_test(test_recovers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
