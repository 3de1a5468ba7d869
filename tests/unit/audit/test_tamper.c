/* Verification over a log that was changed behind the library's back. */
#include "support.h"
#include "vault.h"

#include "audit/row.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#define N_ROWS 11u

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	vault v;
	aim_store *store;
	aim_audit *log;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	vault_init(&b->v);
	b->store = vault_open(&b->v, b->ctx);
	b->log = open_log(b->store, NULL);
	append_samples(b->log, N_ROWS);
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
	free(b);
	return 0;
}

static aim_status verify(bench *b, aim_audit_report *report)
{
	aim_error err = {0};
	memset(report, 0, sizeof *report);
	report->struct_size = sizeof *report;
	aim_status rc = aim_audit_verify(b->log, NULL, report, &err);
	assert_int_equal(err.status, rc);
	assert_int_equal(rc == AIM_OK, err.message[0] == 0);
	return rc;
}

static void assert_bad(bench *b, aim_status expected, uint64_t position)
{
	aim_audit_report report;
	assert_status(verify(b, &report), expected);
	assert_int_equal(report.bad_position, position);
}

static void test_every_bit_of_every_row(void **state)
{
	bench *b = *state;
	aim_audit_report report;
	assert_status(verify(b, &report), AIM_OK);
	for (size_t i = 0; i < N_ROWS; i++) {
		vault_value *row = &b->v.rows[i];
		for (size_t bit = 0; bit < row->len * 8; bit++) {
			row->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			aim_status rc = verify(b, &report);
			if (rc != AIM_E_AUDIT_CORRUPT || report.bad_position != i)
				fail_msg("row %zu bit %zu: %s at %llu", i, bit, aim_status_name(rc),
				         (unsigned long long)report.bad_position);
			row->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
	assert_status(verify(b, &report), AIM_OK);
}

static void test_every_bit_of_the_head(void **state)
{
	bench *b = *state;
	aim_audit_report report;
	vault_key *head = vault_find(&b->v, "log/main/head");
	assert_non_null(head);
	for (size_t bit = 0; bit < head->value.len * 8; bit++) {
		head->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		aim_status rc = verify(b, &report);
		if (rc != AIM_E_AUDIT_CORRUPT && rc != AIM_E_VERSION && rc != AIM_E_AUDIT_TRUNCATED)
			fail_msg("bit %zu: %s", bit, aim_status_name(rc));
		head->value.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_status(verify(b, &report), AIM_OK);
}

static void test_every_shortened_row(void **state)
{
	bench *b = *state;
	vault_value *row = &b->v.rows[3];
	size_t len = row->len;
	for (row->len = 0; row->len < len; row->len++)
		assert_bad(b, AIM_E_AUDIT_CORRUPT, 3);
	uint8_t longer[2048];
	assert_true(len + 1 < sizeof longer);
	memcpy(longer, row->bytes, len);
	longer[len] = '\n';
	vault_set(row, longer, len + 1);
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 3);
}

static void test_row_removed(void **state)
{
	bench *b = *state;
	free(b->v.rows[4].bytes);
	b->v.rows[4] = (vault_value){NULL, 0};
	assert_bad(b, AIM_E_AUDIT_GAP, 4);
}

static void test_row_removed_and_closed_up(void **state)
{
	bench *b = *state;
	vault_drop_row(&b->v, 4);
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 4);
}

static void test_tail_removed(void **state)
{
	bench *b = *state;
	vault_drop_row(&b->v, N_ROWS - 1);
	assert_bad(b, AIM_E_AUDIT_TRUNCATED, N_ROWS - 1);
	while (b->v.n_rows > 0)
		vault_drop_row(&b->v, b->v.n_rows - 1);
	assert_bad(b, AIM_E_AUDIT_TRUNCATED, 0);
}

static void test_rows_exchanged(void **state)
{
	bench *b = *state;
	vault_value a = b->v.rows[5];
	b->v.rows[5] = b->v.rows[8];
	b->v.rows[8] = a;
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 5);
}

static void test_row_repeated(void **state)
{
	bench *b = *state;
	vault_set(&b->v.rows[6], b->v.rows[5].bytes, b->v.rows[5].len);
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 6);
}

static void test_row_beyond_the_head(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(1);
	vault_set(&b->v.rows[b->v.n_rows], b->v.rows[0].bytes, b->v.rows[0].len);
	b->v.n_rows++;
	assert_bad(b, AIM_E_AUDIT_CORRUPT, N_ROWS);
	/* Nothing is written onto a log like that. */
	aim_error err = {0};
	assert_status(aim_audit_append(b->log, &r, NULL, &err), AIM_E_AUDIT_CORRUPT);
	assert_int_equal(b->v.n_rows, N_ROWS + 1);
}

static void test_head_removed(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(1);
	aim_audit *log = NULL;
	aim_error err = {0};
	vault_find(&b->v, "log/main/head")->present = 0;
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 0);
	assert_status(aim_audit_append(b->log, &r, NULL, &err), AIM_E_AUDIT_CORRUPT);
	assert_status(aim_audit_open(b->store, NULL, &log, &err), AIM_E_AUDIT_CORRUPT);
	assert_null(log);
}

static void test_head_of_another_format(void **state)
{
	static const struct {
		const char *value;
		aim_status expected;
	} cases[] = {
		{"", AIM_E_AUDIT_CORRUPT},
		{"{}", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":0,\"v\":2}", AIM_E_VERSION},
		{"{\"frontier\":[],\"size\":1,\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":00,\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":,\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":18446744073709551616,\"v\":1}", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":0,\"v\":1} ", AIM_E_AUDIT_CORRUPT},
		{"{\"frontier\":[],\"size\":0,\"v\":1", AIM_E_AUDIT_CORRUPT},
	};
	bench *b = *state;
	vault_key *head = vault_find(&b->v, "log/main/head");
	aim_audit *log = NULL;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		aim_error err = {0};
		vault_set(&head->value, cases[i].value, strlen(cases[i].value));
		aim_status rc = aim_audit_open(b->store, NULL, &log, &err);
		if (rc != cases[i].expected)
			fail_msg("head %zu: %s", i, aim_status_name(rc));
	}
}

/* Rewrites record 9's row as this library would have written it with another record. */
static void rewrite_row(bench *b, size_t position, const char *record)
{
	aim_buf out;
	aim__merkle_hash leaf;
	static const uint8_t salt[16];
	aim__buf_init(&out, b->ctx);
	assert_status(aim__audit_row_begin(&out), AIM_OK);
	assert_status(aim__buf_add_text(&out, record), AIM_OK);
	assert_status(aim__audit_row_end(&out, 0, salt, &leaf), AIM_OK);
	aim__audit_row_place(out.ptr, position);
	vault_set(&b->v.rows[position], out.ptr, out.len);
	aim__buf_dispose(&out);
}

/* Eleven records are subtrees of 8, 2 and 1. */
static void test_row_forged_with_care(void **state)
{
	bench *b = *state;
	rewrite_row(b, 9, "{\"kind\":\"tool_call\"}");
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 8);
	rewrite_row(b, 10, "{\"kind\":\"tool_call\"}");
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 8);
	rewrite_row(b, 2, "{\"kind\":\"tool_call\"}");
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 0);
}

static void test_last_row_forged_with_care(void **state)
{
	bench *b = *state;
	rewrite_row(b, 10, "{\"kind\":\"tool_call\"}");
	assert_bad(b, AIM_E_AUDIT_CORRUPT, 10);
}

/* Who can rewrite everything writes a log of his own; only a head from before tells. */
static void test_whole_log_rewritten(void **state)
{
	bench *b = *state;
	aim_audit_head remembered = {.struct_size = sizeof remembered};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_error err = {0};
	assert_status(aim_audit_current(b->log, &remembered, &err), AIM_OK);
	aim_audit_free(b->log);
	while (b->v.n_rows > 0)
		vault_drop_row(&b->v, b->v.n_rows - 1);
	vault_find(&b->v, "log/main/head")->present = 0;
	b->log = open_log(b->store, NULL);
	for (unsigned i = 0; i < N_ROWS + 5; i++) {
		aim_audit_record r = sample_record(i + (i == 4));
		assert_status(aim_audit_append(b->log, &r, NULL, &err), AIM_OK);
	}
	assert_status(aim_audit_verify(b->log, NULL, &report, &err), AIM_OK);
	assert_status(aim_audit_verify(b->log, &remembered, &report, &err), AIM_E_AUDIT_FORK);
}

static void test_store_failures_are_passed_on(void **state)
{
	bench *b = *state;
	aim_audit_report report = {.struct_size = sizeof report};
	b->v.fail_read = AIM_E_IO;
	assert_status(aim_audit_verify(b->log, NULL, &report, NULL), AIM_E_IO);
	b->v.fail_read = AIM_OK;
	b->v.fail_get = AIM_E_STORE_LOCKED;
	assert_status(aim_audit_verify(b->log, NULL, &report, NULL), AIM_E_STORE_LOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_bit_of_every_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_bit_of_the_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_shortened_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_removed_and_closed_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tail_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_exchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_beyond_the_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_of_another_format, setup, teardown),
		cmocka_unit_test_setup_teardown(test_row_forged_with_care, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_row_forged_with_care, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whole_log_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store_failures_are_passed_on, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
