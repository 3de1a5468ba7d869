/* Engines made of a sorted table of bytes: conformance, failures of the table, and what it may not hold. */
#include "sorted.h"
#include "suite.h"

#include <aim/store.h>
#include "store/store.h"

#include <stdio.h>
#include <string.h>

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	sorted table;
} fixture;

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

static void begin(fixture *f)
{
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	aim__skip_init(&f->table.list, f->ctx);
}

static void end(fixture *f)
{
	aim__skip_dispose(&f->table.list);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_status open_engine(void *user, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	fixture *f = user;
	if (fresh)
		aim__skip_dispose(&f->table.list);
	aim_store_table table = sorted_table(&f->table);
	return aim_store_table_wrap(f->ctx, &table, out, err);
}

static void an_engine_on_a_table_conforms(void **state)
{
	(void)state;
	fixture f;
	aim_error err = {0};
	begin(&f);
	aim_store_conformance suite = {.struct_size = sizeof suite, .open = open_engine, .user = &f};
	suite.parallel = suite_parallel;
	suite.report = suite_print;
	assert_status(aim_store_conformance_run(f.ctx, &suite, &err), AIM_OK);
	end(&f);
}

static aim_status apply(const aim_store_engine *e, aim_store_op op, int64_t now_us, aim_error *err)
{
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	aim_status rc = e->apply_group(e->user, &batch, 1, now_us, err);
	return rc == AIM_OK ? batch.status : rc;
}

static void a_failed_write_changes_nothing(void **state)
{
	(void)state;
	fixture f;
	aim_store_engine e;
	int64_t sum = 5;
	begin(&f);
	assert_status(open_engine(&f, 1, &e, NULL), AIM_OK);
	aim_store_op add = {.kind = AIM_STORE_ADD, .key = text("n"), .delta = 1, .bound = 9, .out_sum = &sum};
	f.table.write_status = AIM_E_STORE_FULL;
	assert_status(apply(&e, add, 0, NULL), AIM_E_STORE_FULL);
	assert_int_equal(sum, 5);
	assert_int_equal(f.table.list.n_nodes, 0);
	f.table.write_status = AIM_OK;
	assert_status(apply(&e, add, 0, NULL), AIM_OK);
	assert_int_equal(sum, 1);
	e.close(e.user);
	assert_int_equal(f.table.n_closed, 1);
	end(&f);
}

static void expired_entries_are_swept_with_their_index(void **state)
{
	(void)state;
	fixture f;
	aim_store_engine e;
	begin(&f);
	assert_status(open_engine(&f, 1, &e, NULL), AIM_OK);
	for (int i = 0; i < 1000; i++) {
		char key[16];
		snprintf(key, sizeof key, "nonce/%d", i);
		aim_store_op op = {.kind = AIM_STORE_PUT, .key = text(key), .expires_at_us = i + 10};
		assert_status(apply(&e, op, i, NULL), AIM_OK);
		/* Two entries for each key that is left, and the floor. */
		assert_true(f.table.list.n_nodes <= 2 * 11 + 1);
	}
	aim_store_op last = {.kind = AIM_STORE_PUT, .key = text("k")};
	assert_status(apply(&e, last, 5000, NULL), AIM_OK);
	assert_int_equal(f.table.list.n_nodes, 2);
	e.close(e.user);
	end(&f);
}

static void put_entry(fixture *f, const char *key, size_t key_len, const char *value)
{
	aim__skip_node *old = aim__skip_find(&f->table.list, aim_bytes_from(key, key_len));
	if (old)
		aim__skip_remove(&f->table.list, old);
	aim__skip_node *node = aim__skip_node_new(&f->table.list, aim_bytes_from(key, key_len), text(value));
	assert_non_null(node);
	aim__skip_link(&f->table.list, node);
}

static aim_status ignore(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	(void)user, (void)key, (void)value, (void)version, (void)position;
	return AIM_OK;
}

static void damaged_entries_are_errors(void **state)
{
	(void)state;
	fixture f;
	aim_store_engine e;
	aim_error err = {0};
	begin(&f);
	assert_status(open_engine(&f, 1, &e, NULL), AIM_OK);
	put_entry(&f, "kx", 2, "short");
	assert_status(e.get(e.user, text("x"), 0, ignore, NULL, &err), AIM_E_STORE_CORRUPT);
	assert_status(e.scan(e.user, text(""), text(""), 9, 0, ignore, NULL, &err), AIM_E_STORE_CORRUPT);
	aim_store_op put = {.kind = AIM_STORE_PUT, .key = text("x")};
	assert_status(apply(&e, put, 0, &err), AIM_E_STORE_CORRUPT);
	put_entry(&f, "nlog", 4, "short");
	aim_store_op append = {.kind = AIM_STORE_APPEND, .key = text("log")};
	assert_status(apply(&e, append, 0, &err), AIM_E_STORE_CORRUPT);
	put_entry(&f, "m", 1, "short");
	put.key = text("y");
	assert_status(apply(&e, put, 0, &err), AIM_E_STORE_CORRUPT);
	e.close(e.user);
	end(&f);
}

static void close_runs_once_also_when_wrapping_fails(void **state)
{
	(void)state;
	fixture f;
	aim_store_engine e;
	begin(&f);
	aim_store_table t = sorted_table(&f.table);
	t.walk = NULL;
	assert_status(aim_store_table_wrap(f.ctx, &t, &e, NULL), AIM_E_INVALID);
	t = sorted_table(&f.table);
	t.flags = 1;
	assert_status(aim_store_table_wrap(f.ctx, &t, &e, NULL), AIM_E_VERSION);
	t.flags = 0;
	assert_status(aim_store_table_wrap(f.ctx, &t, NULL, NULL), AIM_E_INVALID);
	assert_int_equal(f.table.n_closed, 3);
	assert_status(aim_store_table_wrap(f.ctx, NULL, &e, NULL), AIM_E_INVALID);
	end(&f);
}

static aim_status write_a_little(aim_ctx *ctx, void *arg)
{
	sorted table = {.n_closed = 0};
	aim_store_engine e;
	(void)arg;
	aim__skip_init(&table.list, ctx);
	aim_store_table t = sorted_table(&table);
	aim_status rc = aim_store_table_wrap(ctx, &t, &e, NULL);
	if (rc == AIM_OK) {
		aim_store_op ops[] = {
			{.kind = AIM_STORE_PUT, .key = text("a"), .expires_at_us = 5},
			{.kind = AIM_STORE_ADD, .key = text("n"), .delta = 1, .bound = 9},
			{.kind = AIM_STORE_APPEND, .key = text("log"), .value = text("r0")}};
		aim_store_batch batch = {ops, 3, AIM_OK, 0};
		rc = e.apply_group(e.user, &batch, 1, 0, NULL);
		aim_store_op del = {.kind = AIM_STORE_DELETE, .key = text("n")};
		if (rc == AIM_OK)
			rc = apply(&e, del, 9, NULL);
		e.close(e.user);
	}
	assert_int_equal(table.n_closed, 1);
	aim__skip_dispose(&table.list);
	return rc;
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	test_each_allocation_fails(write_a_little, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_on_a_table_conforms),
		cmocka_unit_test(a_failed_write_changes_nothing),
		cmocka_unit_test(expired_entries_are_swept_with_their_index),
		cmocka_unit_test(damaged_entries_are_errors),
		cmocka_unit_test(close_runs_once_also_when_wrapping_fails),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests_name("store/table", tests, NULL, NULL);
}
