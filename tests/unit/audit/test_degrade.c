/* AIM_AUDIT_DEGRADE: operations pass while the store fails, and the gap is recorded first thing afterwards. Failures
 * before authentication: counted, one record per reason and minute. */
#define _GNU_SOURCE
#include "support.h"
#include "vault.h"

#include "audit/commit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_US 1766000040000000 /* a whole minute */
#define MINUTE_US 60000000

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	vault v;
	aim_store *store;
	aim_audit *log;
	aim_error err;
	char records[16][512];
	size_t n_records;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	aim_audit_options o = {.struct_size = sizeof o, .flags = AIM_AUDIT_DEGRADE, .window_ms = 50};
	assert_non_null(b);
	test_now_us = START_US;
	b->ctx = test_ctx(&b->heap);
	vault_init(&b->v);
	b->store = vault_open(&b->v, b->ctx);
	b->log = open_log(b->store, &o);
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

static aim_status keep(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	bench *b = user;
	(void)salt;
	assert_true(position < 16 && record.len < sizeof b->records[0]);
	memcpy(b->records[position], record.ptr, record.len);
	b->records[position][record.len] = 0;
	b->n_records = position + 1;
	return AIM_OK;
}

/* Verifies, and reads the log into records. */
static void read_log(bench *b)
{
	aim_error err = {0};
	b->n_records = 0;
	assert_status(aim_audit_verify(b->log, NULL, NULL, &err), AIM_OK);
	assert_status(aim_audit_read(b->log, 0, UINT64_MAX, keep, b, &err), AIM_OK);
}

static void assert_holds(const bench *b, size_t position, const char *text)
{
	assert_true(position < b->n_records);
	if (!strstr(b->records[position], text))
		fail_msg("record %zu is %s", position, b->records[position]);
}

static aim_status append(bench *b, uint64_t *position)
{
	aim_audit_record r = sample_record(0);
	memset(&b->err, 0, sizeof b->err);
	return aim_audit_append(b->log, &r, position, &b->err);
}

static void test_the_gap_is_recorded_first(void **state)
{
	static const aim_status reasons[] = {AIM_E_IO, AIM_E_STORE_LOCKED, AIM_E_STORE_READONLY, AIM_E_STORE_FULL};
	bench *b = *state;
	uint64_t position = 0;
	assert_status(append(b, &position), AIM_OK);
	for (size_t i = 0; i < 4; i++) {
		test_now_us = START_US + (int64_t)i * 1000;
		b->v.fail = reasons[i];
		assert_status(append(b, &position), AIM_OK);
		assert_true(position == UINT64_MAX);
		assert_status(b->err.status, AIM_OK);
		assert_int_equal(aim_audit_unwritten(b->log), i + 1);
	}
	b->v.fail = AIM_OK;
	assert_status(append(b, &position), AIM_OK);
	assert_int_equal(position, 2);
	assert_int_equal(aim_audit_unwritten(b->log), 0);
	read_log(b);
	assert_int_equal(b->n_records, 3);
	assert_holds(b, 1, "\"kind\":\"audit_gap\"");
	assert_holds(b, 1, "\"data\":{\"count\":4,\"first_us\":1766000040000000,\"last_us\":1766000040003000}");
	assert_holds(b, 1, "\"reason_code\":\"AIM_E_STORE_FULL\"");
	assert_status(append(b, &position), AIM_OK); /* once is enough */
	assert_int_equal(position, 3);
}

/* poll() tries again, so that a gap is recorded also when nothing else comes. */
static void test_poll_records_the_gap(void **state)
{
	bench *b = *state;
	b->v.fail = AIM_E_STORE_FULL;
	assert_status(append(b, NULL), AIM_OK);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, START_US), 50);
	assert_status(aim_audit_poll(b->log, START_US + 49999, &b->err), AIM_OK);
	assert_status(aim_audit_poll(b->log, START_US + 50000, &b->err), AIM_E_STORE_FULL);
	assert_int_equal(aim_audit_unwritten(b->log), 1);
	b->v.fail = AIM_OK;
	test_now_us = START_US + 60000;
	assert_status(aim_audit_poll(b->log, START_US + 200000, &b->err), AIM_OK);
	assert_int_equal(aim_audit_unwritten(b->log), 0);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, START_US + 200000), -1);
	read_log(b);
	assert_int_equal(b->n_records, 1);
	assert_holds(b, 0, "\"data\":{\"count\":1,");
}

static void test_changes_are_never_let_pass(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(0);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = aim_bytes_from("agent/1", 7), .value = aim_bytes_from("{}", 2)};
	aim__change change = {.ops = &op, .n_ops = 1, .records = &r, .n_records = 1};
	b->v.fail = AIM_E_IO;
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_E_IO);
	assert_int_equal(aim_audit_unwritten(b->log), 0);
	b->v.fail = AIM_OK;
	assert_status(aim__audit_commit(b->log, &change, &b->err), AIM_OK);
	read_log(b);
	assert_int_equal(b->n_records, 1);
}

/* Neither a bad record nor a damaged log is the store's weather. */
static void test_other_failures_stay_failures(void **state)
{
	bench *b = *state;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_E_INVALID);
	b->v.fail = AIM_E_STORE_CORRUPT;
	assert_status(append(b, NULL), AIM_E_STORE_CORRUPT);
	b->v.fail = AIM_OK;
	assert_int_equal(aim_audit_unwritten(b->log), 0);
}

/* What is still unwritten at the end is said by close(). */
static void test_close_tells_of_the_gap(void **state)
{
	bench *b = *state;
	aim_audit_options o = {.struct_size = sizeof o, .flags = AIM_AUDIT_DEGRADE};
	aim_audit *log = open_log(b->store, &o);
	aim_audit_record r = sample_record(0);
	b->v.fail = AIM_E_IO;
	assert_status(aim_audit_append(log, &r, NULL, &b->err), AIM_OK);
	assert_status(aim_audit_close(log, &b->err), AIM_E_IO);
	b->v.fail = AIM_OK;
}

/* The queue first fills; what no longer fits is the gap, recorded behind what waited. */
static void test_buffered(void **state)
{
	bench *b = *state;
	aim_audit_options o = {.struct_size = sizeof o, .flags = AIM_AUDIT_DEGRADE, .window_records = 3};
	o.durability = AIM_AUDIT_BUFFERED;
	aim_audit *log = open_log(b->store, &o);
	b->v.fail = AIM_E_STORE_FULL;
	append_samples(log, 5);
	assert_int_equal(aim_audit_unwritten(log), 2);
	b->v.fail = AIM_OK;
	append_samples(log, 1);
	assert_status(aim_audit_close(log, &b->err), AIM_OK);
	read_log(b);
	assert_int_equal(b->n_records, 5);
	assert_holds(b, 3, "\"data\":{\"count\":2,");
}

/* ---- failures before authentication ---- */

static void count(bench *b, const char *reason, int64_t now_us)
{
	assert_status(aim_audit_count_failure(b->log, aim_str_from(reason), now_us, &b->err), AIM_OK);
}

static void test_failures_are_counted_by_reason_and_minute(void **state)
{
	bench *b = *state;
	for (int i = 0; i < 1000; i++)
		count(b, "AIM_E_SIGNATURE", START_US + i);
	count(b, "no_such_agent", START_US + MINUTE_US - 1);
	count(b, "AIM_E_SIGNATURE", START_US + MINUTE_US);
	assert_int_equal(b->v.n_rows, 0);
	assert_int_equal(aim_audit_next_deadline_ms(b->log, START_US), 60000);
	assert_status(aim_audit_poll(b->log, START_US + MINUTE_US - 1, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 0);
	assert_status(aim_audit_poll(b->log, START_US + MINUTE_US, &b->err), AIM_OK);
	read_log(b);
	assert_int_equal(b->n_records, 2);
	assert_holds(b, 0, "\"data\":{\"count\":1000,\"first_us\":1766000040000000,\"last_us\":1766000040000999,"
	                   "\"minute_us\":1766000040000000}");
	assert_holds(b, 0, "\"kind\":\"failures\"");
	assert_holds(b, 0, "\"reason_code\":\"AIM_E_SIGNATURE\"");
	assert_holds(b, 1, "\"reason_code\":\"no_such_agent\"");
	assert_int_equal(aim_audit_next_deadline_ms(b->log, START_US + MINUTE_US), 60000);
}

static void test_close_writes_counted_failures(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	assert_status(aim_audit_count_failure(log, aim_str_from("late"), START_US, &b->err), AIM_OK);
	assert_status(aim_audit_close(log, &b->err), AIM_OK);
	read_log(b);
	assert_int_equal(b->n_records, 1);
	log = open_log(b->store, NULL);
	assert_status(aim_audit_count_failure(log, aim_str_from("lost"), START_US, &b->err), AIM_OK);
	b->v.fail = AIM_E_IO;
	assert_status(aim_audit_close(log, &b->err), AIM_E_IO);
	b->v.fail = AIM_OK;
}

/* A failed write keeps the count. */
static void test_failures_wait_for_the_store(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	for (int i = 0; i < 2; i++) {
		assert_status(aim_audit_count_failure(log, aim_str_from("x"), START_US, &b->err), AIM_OK);
		b->v.fail = AIM_E_IO;
		assert_status(aim_audit_poll(log, START_US + MINUTE_US, &b->err), AIM_E_IO);
		b->v.fail = AIM_OK;
	}
	assert_status(aim_audit_poll(log, START_US + MINUTE_US, &b->err), AIM_OK);
	assert_status(aim_audit_close(log, &b->err), AIM_OK);
	read_log(b);
	assert_int_equal(b->n_records, 1);
	assert_holds(b, 0, "\"count\":2,");
}

/* However many reasons strangers find, the memory and the records stay bounded, and none is lost. */
static void test_strangers_cannot_fill_anything(void **state)
{
	bench *b = *state;
	count(b, "first", START_US);
	size_t bytes = b->heap.live_bytes;
	for (unsigned i = 0; i < 5000; i++) {
		char reason[24];
		(void)snprintf(reason, sizeof reason, "r%u", i);
		count(b, reason, START_US + i);
	}
	assert_int_equal(b->heap.live_bytes, bytes);
	assert_status(aim_audit_poll(b->log, START_US + MINUTE_US, &b->err), AIM_OK);
	assert_int_equal(b->v.n_rows, 65);
	aim_str last = {(const char *)b->v.rows[64].bytes, b->v.rows[64].len};
	assert_non_null(memmem(last.ptr, last.len, "\"count\":4937,", 13));
	assert_non_null(memmem(last.ptr, last.len, "\"reason_code\":\"other\"", 21));
}

static void test_misuse(void **state)
{
	bench *b = *state;
	static const char *const bad[] = {"", "a b", "\"", "\x1b", "caf\xC3\xA9",
	                                  "0123456789012345678901234567890123456789012345678901234567890123x"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_status(aim_audit_count_failure(b->log, aim_str_from(bad[i]), START_US, &b->err), AIM_E_INVALID);
	assert_status(aim_audit_count_failure(b->log, aim_str_from("x"), -1, &b->err), AIM_E_INVALID);
	assert_status(aim_audit_count_failure(b->log, aim_str_from("x"), INT64_MAX, &b->err), AIM_E_INVALID);
	assert_status(aim_audit_count_failure(NULL, aim_str_from("x"), START_US, &b->err), AIM_E_INVALID);
	assert_int_equal(aim_audit_unwritten(NULL), 0);
	aim_audit_options o = {.struct_size = sizeof o, .flags = 2};
	aim_audit *log = NULL;
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_VERSION);
}

static aim_status use_all(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	vault *v = arg;
	aim_audit_options o = {.struct_size = sizeof o, .flags = AIM_AUDIT_DEGRADE};
	aim_audit_record r = sample_record(0);
	vault_init(v);
	aim_status rc = vault_try_open(v, ctx, &store);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, &o, &log, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_count_failure(log, aim_str_from("x"), START_US, NULL);
	v->fail = AIM_E_IO;
	if (rc == AIM_OK)
		rc = aim_audit_append(log, &r, NULL, NULL);
	v->fail = AIM_OK;
	if (rc == AIM_OK)
		rc = aim_audit_append(log, &r, NULL, NULL);
	aim_status closed = aim_audit_close(log, NULL);
	aim_store_free(store);
	vault_free(v);
	return rc == AIM_OK ? closed : rc;
}

static void test_memory_may_run_out_anywhere(void **state)
{
	static vault v;
	(void)state;
	test_each_allocation_fails(use_all, &v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_gap_is_recorded_first),
		TEST(test_poll_records_the_gap),
		TEST(test_changes_are_never_let_pass),
		TEST(test_other_failures_stay_failures),
		TEST(test_close_tells_of_the_gap),
		TEST(test_buffered),
		TEST(test_failures_are_counted_by_reason_and_minute),
		TEST(test_close_writes_counted_failures),
		TEST(test_failures_wait_for_the_store),
		TEST(test_strangers_cannot_fill_anything),
		TEST(test_misuse),
		cmocka_unit_test(test_memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
