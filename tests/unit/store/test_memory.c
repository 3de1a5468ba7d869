/* The memory store through its handle: opening, host keys, groups. */
#include "support.h"

#include <aim/store.h>
#include "store/store.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_keeps_a_key),
		cmocka_unit_test(keys_of_the_library_are_not_for_hosts),
		cmocka_unit_test(a_failed_batch_changes_nothing_and_the_next_goes_on),
	};
	return cmocka_run_group_tests_name("store/memory", tests, NULL, NULL);
}
