/* The memory store through its handle: host keys, groups, memory. */
#include "support.h"

#include <aim/store.h>
#include "base/buf.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

static aim_store *open_memory(aim_ctx *ctx)
{
	aim_store *store = NULL;
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	return store;
}

static void a_host_keeps_a_key(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = open_memory(ctx);
	aim_buf *out = NULL;
	uint64_t version = 0;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/a"), .value = text("one")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, NULL), AIM_OK);
	assert_status(aim_store_read_key(store, text("host/a"), out, &version, NULL), AIM_OK);
	assert_text(aim_buf_str(out), "one");
	assert_int_equal(version, 1);
	assert_status(aim_store_read_key(store, text("host/b"), out, NULL, NULL), AIM_E_NOT_FOUND);
	assert_text(aim_buf_str(out), "one");
	aim_buf_free(out);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

static void keys_of_the_library_are_not_for_hosts(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = open_memory(ctx);
	aim_error err = {0};
	aim_store_op ops[2] = {{.kind = AIM_STORE_PUT, .key = text("host/a")},
	                       {.kind = AIM_STORE_DELETE, .key = text("agent/1")}};
	aim_store_batch batch = {ops, 2, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, &err), AIM_E_INVALID);
	assert_int_equal(batch.failed_op, 1);
	assert_non_null(strstr(err.message, "host/"));
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

static void a_failed_batch_changes_nothing_and_the_next_goes_on(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = open_memory(ctx);
	aim_buf *out = NULL;
	assert_status(aim_buf_new(ctx, &out), AIM_OK);
	int64_t sum = 0;
	aim_store_op one[2] = {{.kind = AIM_STORE_PUT, .key = text("k"), .value = text("lost")},
	                       {.kind = AIM_STORE_APPEND, .key = text("log"), .version = 1}};
	aim_store_op two[2] = {
		{.kind = AIM_STORE_PUT_IF_ABSENT, .key = text("k"), .value = text("kept")},
		{.kind = AIM_STORE_ADD, .key = text("n"), .delta = 2, .bound = 9, .out_sum = &sum}};
	aim_store_batch batches[2] = {{one, 2, AIM_OK, 0}, {two, 2, AIM_OK, 0}};
	assert_status(aim__store_apply_group(store, batches, 2, NULL), AIM_OK);
	assert_status(batches[0].status, AIM_E_CONFLICT);
	assert_int_equal(batches[0].failed_op, 1);
	assert_status(batches[1].status, AIM_OK);
	assert_int_equal(sum, 2);
	assert_status(aim__store_get(store, text("k"), out, NULL, NULL), AIM_OK);
	assert_text(aim_buf_str(out), "kept");
	assert_status(aim__store_get(store, text("n"), out, NULL, NULL), AIM_OK);
	assert_text(aim_buf_str(out), "2");
	aim_buf_free(out);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

/* A group of every kind of write, on a store that has something to change. */
static aim_status change_everything(aim_ctx *ctx, void *arg)
{
	aim_store *store = NULL;
	int64_t sum = 0;
	(void)arg;
	aim_store_op before[] = {{.kind = AIM_STORE_PUT, .key = text("gone"), .value = text("1")},
	                         {.kind = AIM_STORE_PUT, .key = text("kept"), .value = text("1")},
	                         {.kind = AIM_STORE_APPEND, .key = text("log"), .value = text("r0")}};
	aim_store_op ops[] = {
		{.kind = AIM_STORE_DELETE, .key = text("gone")},
		{.kind = AIM_STORE_PUT, .key = text("kept"), .value = text("2")},
		{.kind = AIM_STORE_PUT, .key = text("new"), .expires_at_us = test_now_us + 9},
		{.kind = AIM_STORE_ADD, .key = text("n"), .delta = 1, .bound = 9, .out_sum = &sum},
		{.kind = AIM_STORE_APPEND, .key = text("log"), .value = text("r1"), .version = 1},
		{.kind = AIM_STORE_APPEND, .key = text("log2"), .value = text("r0")}};
	aim_store_batch first = {before, 3, AIM_OK, 0};
	aim_store_batch second = {ops, 6, AIM_OK, 0};
	aim_status rc = aim_store_open_memory(ctx, NULL, &store, NULL);
	if (rc != AIM_OK)
		return rc;
	rc = aim__store_apply_group(store, &first, 1, NULL);
	if (rc == AIM_OK) {
		rc = aim__store_apply_group(store, &second, 1, NULL);
		/* All or nothing, also when memory ran out in the middle. */
		int applied = rc == AIM_OK;
		aim_buf value;
		aim__buf_init(&value, ctx);
		aim_status found = aim__store_get(store, text("gone"), &value, NULL, NULL);
		assert_true(found == AIM_E_NOMEM || (found == AIM_E_NOT_FOUND) == applied);
		found = aim__store_get(store, text("new"), &value, NULL, NULL);
		assert_true(found == AIM_E_NOMEM || (found == AIM_OK) == applied);
		found = aim__store_get(store, text("n"), &value, NULL, NULL);
		assert_true(found == AIM_E_NOMEM || (found == AIM_OK) == applied);
		assert_int_equal(sum, applied);
		aim__buf_dispose(&value);
	}
	aim_store_free(store);
	return rc;
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	test_each_allocation_fails(change_everything, NULL);
}

static void warm_groups_allocate_only_what_they_keep(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = open_memory(ctx);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("k"), .value = text("v")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	for (int i = 0; i < 100; i++)
		assert_status(aim__store_apply_group(store, &batch, 1, NULL), AIM_OK);
	size_t allocs = heap.n_allocs;
	size_t live = heap.live_bytes;
	uint64_t n_groups = store->n_groups;
	for (int i = 0; i < 100; i++)
		assert_status(aim__store_apply_group(store, &batch, 1, NULL), AIM_OK);
	assert_int_equal(heap.n_allocs - allocs, 100);
	assert_int_equal(heap.live_bytes, live);
	assert_int_equal(store->n_groups - n_groups, 100);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

static void expired_keys_do_not_pile_up(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = open_memory(ctx);
	int64_t start = test_now_us;
	size_t live = 0;
	for (int i = 0; i < 5000; i++) {
		char key[16];
		snprintf(key, sizeof key, "nonce/%06d", i);
		test_now_us = start + i;
		aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT, .key = text(key)};
		op.expires_at_us = test_now_us + 100 + i % 7;
		aim_store_batch batch = {&op, 1, AIM_OK, 0};
		assert_status(aim__store_apply_group(store, &batch, 1, NULL), AIM_OK);
		if (i == 500)
			live = heap.live_bytes;
	}
	assert_true(heap.live_bytes < live * 2);
	test_now_us = start;
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_keeps_a_key),
		cmocka_unit_test(keys_of_the_library_are_not_for_hosts),
		cmocka_unit_test(a_failed_batch_changes_nothing_and_the_next_goes_on),
		cmocka_unit_test(memory_may_run_out_anywhere),
		cmocka_unit_test(warm_groups_allocate_only_what_they_keep),
		cmocka_unit_test(expired_keys_do_not_pile_up),
	};
	return cmocka_run_group_tests_name("store/memory", tests, NULL, NULL);
}
