/* Buffered mode: the window, the deadline, order, and what happens when the store fails. */
#define _GNU_SOURCE
#include "support.h"
#include "vault.h"

#include "audit/commit.h"

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	vault v;
	aim_store *store;
	aim_audit *log;
	aim_error err;
} bench;

static aim_audit *open_buffered(bench *b, uint32_t window_records, uint32_t window_ms)
{
	aim_audit_options o = {.struct_size = sizeof o, .durability = AIM_AUDIT_BUFFERED};
	o.window_records = window_records;
	o.window_ms = window_ms;
	return open_log(b->store, &o);
}

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	test_now_us = 1766000000000000;
	b->ctx = test_ctx(&b->heap);
	vault_init(&b->v);
	b->store = vault_open(&b->v, b->ctx);
	b->log = open_buffered(b, 10, 50);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_audit_free(b->log);
	aim_store_free(b->store);
	vault_free(&b->v);
	test_ctx_done(b->ctx, &b->heap);
	test_now_us = 1766000000000000;
	free(b);
	return 0;
}

static void assert_verifies(bench *b, uint64_t n_records)
{
	aim_audit_report report = {.struct_size = sizeof report};
	assert_status(aim_audit_verify(b->log, NULL, &report, NULL), AIM_OK);
	assert_int_equal(report.n_records, n_records);
}

static aim_status append(bench *b, unsigned i)
{
	aim_audit_record r = sample_record(i);
	return aim_audit_append(b->log, &r, NULL, &b->err);
}

static void test_full_window_is_written(void **state)
{
	bench *b = *state;
	size_t groups = b->v.n_groups;
	uint64_t position = 0;
	aim_audit_record r = sample_record(0);
	assert_status(aim_audit_append(b->log, &r, &position, &b->err), AIM_OK);
	assert_true(position == UINT64_MAX);
	append_samples(b->log, 8);
	assert_int_equal(b->v.n_rows, 0);
	append_samples(b->log, 1);
	assert_int_equal(b->v.n_rows, 10);
	assert_int_equal(b->v.n_groups, groups + 1);
	append_samples(b->log, 25);
	assert_int_equal(b->v.n_rows, 30);
	assert_int_equal(b->v.n_groups, groups + 3);
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	assert_verifies(b, 35);
	assert_non_null(memmem(b->v.rows[34].bytes, b->v.rows[34].len, "\"buffered\"", 10));
}

static void test_flush_of_nothing_writes_nothing(void **state)
{
	bench *b = *state;
	size_t groups = b->v.n_groups;
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	append_samples(b->log, 1);
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	assert_int_equal(b->v.n_groups, groups + 1);
}

static void test_deadline(void **state)
{
	bench *b = *state;
	int64_t now = test_now_us;
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now), -1);
	append_samples(b->log, 1);
	test_now_us = now + 20000;
	append_samples(b->log, 1);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now), 50);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now + 1), 50);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now + 49001), 1);
	assert_status(aim_audit_poll(b->log, now + 49999, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 0);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now + 50000), 0);
	assert_status(aim_audit_poll(b->log, now + 50000, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 2);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now + 50000), -1);
}

static void test_close_writes(void **state)
{
	bench *b = *state;
	append_samples(b->log, 3);
	assert_status(aim_audit_close(b->log, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 3);
	b->log = open_buffered(b, 1, 1);
	append_samples(b->log, 2);
	assert_int_equal(b->v.n_rows, 5);
	assert_verifies(b, 5);
}

static void test_close_tells_of_a_loss(void **state)
{
	bench *b = *state;
	append_samples(b->log, 3);
	b->v.fail = AIM_E_STORE_FULL;
	assert_status(aim_audit_close(b->log, &b->err), AIM_E_STORE_FULL);
	b->v.fail = AIM_OK;
	b->log = open_buffered(b, 10, 50);
}

/* A change is durable in any mode, and what was recorded before it stands before it. */
static void test_change_writes_what_waits_first(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(9);
	r.action = aim_str_from("the change");
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT};
	op.key = aim_bytes_from_str(aim_str_from("agent/1"));
	op.value = op.key;
	aim__change change = {.ops = &op, .n_ops = 1, .records = &r, .n_records = 1};
	append_samples(b->log, 1);
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	append_samples(b->log, 3);
	size_t groups = b->v.n_groups;
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 5);
	assert_int_equal(b->v.n_groups, groups + 1);
	assert_non_null(memmem(b->v.rows[4].bytes, b->v.rows[4].len, "the change", 10));
	assert_non_null(memmem(b->v.rows[4].bytes, b->v.rows[4].len, "\"durable\"", 9));
	/* Refused: what waited is written all the same. */
	append_samples(b->log, 2);
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_E_CONFLICT);
	assert_int_equal(b->v.n_rows, 7);
	assert_verifies(b, 7);
}

static void test_failed_write_loses_nothing(void **state)
{
	bench *b = *state;
	append_samples(b->log, 4);
	b->v.fail = AIM_E_STORE_LOCKED;
	assert_status(aim_audit_flush(b->log, &b->err), AIM_E_STORE_LOCKED);
	assert_status(b->err.status, AIM_E_STORE_LOCKED);
	int64_t now = test_now_us + 60000;
	test_now_us = now;
	assert_status(aim_audit_poll(b->log, now, &b->err), AIM_E_STORE_LOCKED);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, now), 50);
	/* The window fills, then appends fail; nothing grows. */
	for (unsigned i = 4; i < 10; i++)
		assert_status(append(b, i), AIM_OK);
	assert_status(append(b, 10), AIM_E_STORE_LOCKED);
	size_t allocs = b->heap.n_allocs;
	for (unsigned i = 0; i < 50; i++)
		assert_status(append(b, i), AIM_E_STORE_LOCKED);
	assert_int_equal(b->heap.n_allocs, allocs);
	b->v.fail = AIM_OK;
	assert_status(append(b, 10), AIM_OK);
	assert_int_equal(b->v.n_rows, 10);
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	assert_verifies(b, 11);
}

/* Long records fill the memory of the window before its count. */
static void test_long_records(void **state)
{
	bench *b = *state;
	static char text[4096];
	memset(text, 'x', sizeof text);
	for (unsigned i = 0; i < 40; i++) {
		aim_audit_record r = sample_record(i);
		r.action = r.resource = r.reason = r.user = r.subject = (aim_str){text, sizeof text};
		r.rule = r.request = r.approval = (aim_str){text, sizeof text};
		assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_OK);
	}
	assert_status(aim_audit_flush(b->log, &b->err), AIM_OK);
	assert_verifies(b, 40);
}

static void test_changes_larger_than_the_window(void **state)
{
	bench *b = *state;
	aim_audit_record r[11];
	for (unsigned i = 0; i < 11; i++)
		r[i] = sample_record(i);
	aim__change change = {.records = r, .n_records = 6};
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 0);
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_OK); /* 12 do not fit: 6 go out */
	assert_int_equal(b->v.n_rows, 6);
	change.n_records = 11; /* more than a window: at once, and durable */
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 23);
	assert_non_null(memmem(b->v.rows[22].bytes, b->v.rows[22].len, "\"durable\"", 9));
	static char text[4096];
	memset(text, 'x', sizeof text);
	for (unsigned i = 0; i < 10; i++) {
		r[i].action = r[i].resource = r[i].reason = r[i].user = (aim_str){text, sizeof text};
	}
	change.n_records = 10;
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_E_LIMIT);
	assert_verifies(b, 23);
}

static void test_warm_append_allocates_nothing(void **state)
{
	bench *b = *state;
	append_samples(b->log, 40);
	size_t before = b->heap.n_allocs;
	append_samples(b->log, 200);
	assert_int_equal(b->heap.n_allocs, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full_window_is_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush_of_nothing_writes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_tells_of_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_writes_what_waits_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_write_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_larger_than_the_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_warm_append_allocates_nothing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
