/* The table of open requests: bounded, reusable, exact. */
#include "support.h"

#include "mcp/requests.h"

#include <stdio.h>
#include <string.h>

static aim_bytes key_of(char *dst, size_t n)
{
	sprintf(dst, "n%zu", n);
	return aim_bytes_from(dst, strlen(dst));
}

static aim_status add(aim__requests *table, size_t n, aim__request **out)
{
	char key[32];
	return aim__requests_add(table, key_of(key, n), aim_str_from("subject"), out);
}

static void ids_are_found_until_removed(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__requests table;
	aim__request *request;
	char key[32];
	aim__requests_init(&table, ctx, 100);
	for (size_t n = 0; n < 100; n++)
		assert_status(add(&table, n, &request), AIM_OK);
	assert_status(add(&table, 5, &request), AIM_E_EXISTS);
	assert_status(add(&table, 100, &request), AIM_E_LIMIT);
	for (size_t n = 0; n < 100; n++) {
		request = aim__requests_find(&table, key_of(key, n));
		assert_non_null(request);
		assert_text(aim__request_subject(request), "subject");
		aim__requests_remove(&table, request);
		assert_null(aim__requests_find(&table, key_of(key, n)));
	}
	assert_null(aim__requests_any(&table));
	aim__requests_dispose(&table);
	test_ctx_done(ctx, &heap);
}

static void a_warm_table_allocates_nothing(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__requests table;
	aim__request *request;
	aim__requests_init(&table, ctx, 10);
	assert_status(add(&table, 0, &request), AIM_OK);
	aim__requests_remove(&table, request);
	size_t before = heap.n_allocs;
	for (size_t n = 0; n < 1000; n++) {
		assert_status(add(&table, n, &request), AIM_OK);
		aim__requests_remove(&table, request);
	}
	assert_int_equal(heap.n_allocs, before);
	aim__requests_dispose(&table);
	test_ctx_done(ctx, &heap);
}

static void cancelled_requests_make_room(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__requests table;
	aim__request *request;
	char key[32];
	aim__requests_init(&table, ctx, 3);
	for (size_t n = 0; n < 3; n++) {
		assert_status(add(&table, n, &request), AIM_OK);
		request->cancelled = n == 1;
	}
	assert_status(add(&table, 3, &request), AIM_OK);
	assert_null(aim__requests_find(&table, key_of(key, 1)));
	assert_non_null(aim__requests_find(&table, key_of(key, 0)));
	assert_status(add(&table, 4, &request), AIM_E_LIMIT);
	aim__requests_dispose(&table);
	test_ctx_done(ctx, &heap);
}

static aim_status fill(aim_ctx *ctx, void *arg)
{
	aim__requests table;
	aim__request *request;
	aim_status rc = AIM_OK;
	(void)arg;
	aim__requests_init(&table, ctx, 64);
	for (size_t n = 0; n < 40 && rc == AIM_OK; n++)
		rc = add(&table, n, &request);
	aim__requests_dispose(&table);
	return rc;
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(fill, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_found_until_removed),
		cmocka_unit_test(a_warm_table_allocates_nothing),
		cmocka_unit_test(cancelled_requests_make_room),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
