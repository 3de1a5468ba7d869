/* The byte buffer: growth, its limit, text that can be printed, and bytes that are wiped. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ctx.h"

static void append_clear_free(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf *buf = NULL;
	assert_status(aim_buf_new(ctx, &buf), AIM_OK);
	assert_int_equal(aim_buf_bytes(buf).len, 0);
	assert_string_equal(aim_buf_str(buf).ptr, ""); /* printable before the first byte */
	assert_status(aim_buf_append(buf, aim_bytes_from("ab\0c", 4)), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from(NULL, 0)), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from("d", 1)), AIM_OK);
	assert_int_equal(aim_buf_bytes(buf).len, 5);
	assert_memory_equal(aim_buf_bytes(buf).ptr, "ab\0cd", 6);
	size_t before = heap.n_allocs;
	aim_buf_clear(buf);
	assert_string_equal(aim_buf_str(buf).ptr, "");
	assert_status(aim_buf_append(buf, aim_bytes_from("x", 1)), AIM_OK);
	assert_int_equal(heap.n_allocs, before);
	aim_buf_free(buf);
	test_ctx_done(ctx, &heap);
}

static void every_way_to_add(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf buf;
	aim__buf_init(&buf, ctx);
	assert_status(aim__buf_add_text(&buf, "a="), AIM_OK);
	assert_status(aim__buf_add_u64(&buf, UINT64_MAX), AIM_OK);
	assert_status(aim__buf_add_byte(&buf, ','), AIM_OK);
	assert_status(aim__buf_add_i64(&buf, INT64_MIN), AIM_OK);
	assert_status(aim__buf_add_str(&buf, aim_str_from("!")), AIM_OK);
	assert_string_equal(aim_buf_str(&buf).ptr, "a=18446744073709551615,-9223372036854775808!");
	aim__buf_truncate(&buf, 100);
	assert_int_equal(buf.len, 44);
	aim__buf_truncate(&buf, 2);
	assert_string_equal(aim_buf_str(&buf).ptr, "a=");
	aim__buf_dispose(&buf);
	aim__buf_dispose(&buf);
	test_ctx_done(ctx, &heap);
}

static void reserved_room_is_there(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf buf;
	aim__buf_init(&buf, ctx);
	for (size_t n = 0; n < 3000; n += 7) {
		assert_status(aim__buf_reserve(&buf, n), AIM_OK);
		assert_true(buf.cap - buf.len > n); /* and one for the NUL */
		memset(buf.ptr + buf.len, 'x', n + 1);
		buf.len += n;
		buf.ptr[buf.len] = 0;
	}
	assert_int_equal(strlen(aim_buf_str(&buf).ptr), buf.len);
	aim__buf_dispose(&buf);
	test_ctx_done(ctx, &heap);
}

static void the_limit_is_exact(void **state)
{
	(void)state;
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_buffer_bytes = 1000};
	aim_ctx *ctx = test_ctx_limits(&heap, &limits);
	uint8_t bytes[1001] = {0};
	aim_buf *buf = NULL;
	assert_status(aim_buf_new(ctx, &buf), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, 1001)), AIM_E_LIMIT);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, 999)), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, 2)), AIM_E_LIMIT);
	assert_int_equal(aim_buf_bytes(buf).len, 999);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, 1)), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, 1)), AIM_E_LIMIT);
	assert_status(aim_buf_append(buf, aim_bytes_from(bytes, SIZE_MAX)), AIM_E_LIMIT);
	aim_buf_free(buf);
	test_ctx_done(ctx, &heap);
}

static void a_limit_beyond_memory_is_no_trap(void **state)
{
	(void)state;
	test_heap heap;
	aim_limits limits = {.struct_size = sizeof limits, .max_buffer_bytes = UINT64_MAX};
	aim_ctx *ctx = test_ctx_limits(&heap, &limits);
	aim_buf buf;
	aim__buf_init(&buf, ctx);
	assert_status(aim__buf_reserve(&buf, SIZE_MAX), AIM_E_LIMIT);
	assert_status(aim__buf_reserve(&buf, SIZE_MAX - 1), AIM_E_LIMIT);
	assert_status(aim__buf_reserve(&buf, SIZE_MAX / 2), AIM_E_NOMEM);
	assert_status(aim__buf_add_byte(&buf, 'x'), AIM_OK);
	aim__buf_dispose(&buf);
	test_ctx_done(ctx, &heap);
}

static void a_piece_of_itself(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf *buf = NULL;
	assert_status(aim_buf_new(ctx, &buf), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from("0123456789", 10)), AIM_OK);
	for (int i = 0; i < 8; i++) /* past the first growth */
		assert_status(aim_buf_append(buf, aim_buf_bytes(buf)), AIM_OK);
	assert_int_equal(aim_buf_bytes(buf).len, 2560);
	for (size_t i = 0; i < 2560; i++)
		assert_int_equal(aim_buf_bytes(buf).ptr[i], '0' + i % 10);
	assert_status(aim_buf_append(buf, aim_bytes_from(aim_buf_bytes(buf).ptr + 3, 4)), AIM_OK);
	assert_string_equal(aim_buf_str(buf).ptr + 2560, "3456");
	aim_buf_free(buf);
	test_ctx_done(ctx, &heap);
}

static void cut_bytes_are_wiped(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf buf;
	const uint8_t zero[6] = {0};
	aim__buf_init(&buf, ctx);
	assert_status(aim__buf_add_text(&buf, "keep-secret"), AIM_OK);
	aim__buf_truncate(&buf, 5);
	assert_memory_equal(buf.ptr + 5, zero, 6);
	aim_buf_clear(&buf);
	assert_memory_equal(buf.ptr, zero, 6);
	aim__buf_dispose(&buf);
	test_ctx_done(ctx, &heap);
}

/* The block is looked at in the allocator's free: the only place where it can still be read. */
static int saw_secret;
static void looking_free(void *user, void *ptr, size_t size)
{
	(void)user;
	const char *p = ptr;
	for (size_t i = 0; i + 6 <= size; i++)
		saw_secret |= memcmp(p + i, "secret", 6) == 0;
	free(ptr);
}

static void *plain_alloc(void *user, size_t size)
{
	(void)user;
	return malloc(size);
}

static void freed_bytes_are_wiped(void **state)
{
	(void)state;
	aim_allocator allocator = {sizeof allocator, 0, plain_alloc, NULL, looking_free, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .allocator = &allocator};
	aim_ctx *ctx = NULL;
	aim_buf *buf = NULL;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	assert_status(aim_buf_new(ctx, &buf), AIM_OK);
	assert_status(aim_buf_append(buf, aim_bytes_from("a secret", 8)), AIM_OK);
	saw_secret = 0;
	aim_buf_free(buf);
	aim_ctx_free(ctx);
	assert_false(saw_secret);
}

static void misuse(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_buf *buf = NULL;
	assert_status(aim_buf_new(NULL, &buf), AIM_E_INVALID);
	assert_status(aim_buf_new(ctx, NULL), AIM_E_INVALID);
	assert_null(buf);
	assert_status(aim_buf_append(NULL, aim_bytes_from("x", 1)), AIM_E_INVALID);
	assert_status(aim_buf_new(ctx, &buf), AIM_OK);
	assert_status(aim_buf_append(buf, (aim_bytes){NULL, 3}), AIM_E_INVALID);
	aim_buf_clear(NULL);
	aim_buf_free(NULL);
	assert_string_equal(aim_buf_str(NULL).ptr, "");
	aim_buf_free(buf);
	test_ctx_done(ctx, &heap);
}

static aim_status use_buf(aim_ctx *ctx, void *arg)
{
	(void)arg;
	aim_buf *buf = NULL;
	aim_status rc = aim_buf_new(ctx, &buf);
	size_t len = 0;
	for (int i = 0; i < 5000 && rc == AIM_OK; i++) {
		len = aim_buf_bytes(buf).len;
		rc = aim_buf_append(buf, aim_bytes_from("abc", 3));
	}
	if (rc != AIM_OK && buf)
		assert_int_equal(aim_buf_bytes(buf).len, len);
	aim_buf_free(buf);
	return rc;
}

static void running_out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(use_buf, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_clear_free),
		cmocka_unit_test(every_way_to_add),
		cmocka_unit_test(reserved_room_is_there),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(a_limit_beyond_memory_is_no_trap),
		cmocka_unit_test(a_piece_of_itself),
		cmocka_unit_test(cut_bytes_are_wiped),
		cmocka_unit_test(freed_bytes_are_wiped),
		cmocka_unit_test(misuse),
		cmocka_unit_test(running_out_of_memory),
	};
	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
