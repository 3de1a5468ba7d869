/* Lines come out whole and unchanged, however the bytes were cut, and long ones never pile up. */
#include "support.h"

#include "mcp/lines.h"

#include <string.h>

/* Feeds text in pieces of n bytes and joins what comes out with '|', oversized lines as '#'. */
static void read_in_pieces(aim_ctx *ctx, const char *text, size_t n, size_t max, char *out)
{
	aim__line_reader reader;
	aim__line line;
	size_t len = strlen(text), at = 0;
	aim__line_reader_init(&reader, ctx, max);
	out[0] = 0;
	while (at < len) {
		aim_bytes piece = {(const uint8_t *)text + at, len - at < n ? len - at : n};
		while (piece.len) {
			size_t used = 0;
			assert_status(aim__line_next(&reader, piece, &used, &line), AIM_OK);
			assert_true(used > 0);
			if (line.complete) {
				strcat(out, line.oversized ? "#" : "");
				if (line.bytes.len)
					strncat(out, (const char *)line.bytes.ptr, line.bytes.len);
				strcat(out, "|");
			}
			piece.ptr += used;
			piece.len -= used;
			at += used;
		}
		assert_true(reader.pending.len <= max + 1);
	}
	aim__line_last(&reader, &line);
	if (line.complete && line.oversized)
		strcat(out, "#");
	if (line.complete && line.bytes.len)
		strncat(out, (const char *)line.bytes.ptr, line.bytes.len);
	aim__line_reader_dispose(&reader);
}

static void every_cut_gives_the_same_lines(void **state)
{
	(void)state;
	static const char text[] = "one\n\ntwo\r\n{\"a\":1}\nlast";
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	char whole[256], pieces[256];
	read_in_pieces(ctx, text, sizeof text, 64, whole);
	assert_string_equal(whole, "one\n|\n|two\r\n|{\"a\":1}\n|last");
	for (size_t n = 1; n < sizeof text; n++) {
		read_in_pieces(ctx, text, n, 64, pieces);
		assert_string_equal(pieces, whole);
	}
	test_ctx_done(ctx, &heap);
}

static void a_long_line_is_dropped_and_the_next_is_read(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	char out[256];
	for (size_t n = 1; n < 40; n++) {
		read_in_pieces(ctx, "0123456789\n01234567\nok\n01234567890123456789", n, 8, out);
		assert_string_equal(out, "#|01234567\n|ok\n|#");
	}
	test_ctx_done(ctx, &heap);
}

static void a_line_that_lies_whole_is_not_copied(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__line_reader reader;
	aim__line line;
	size_t used, before;
	const char *text = "whole\n";
	aim__line_reader_init(&reader, ctx, 64);
	before = heap.n_allocs;
	assert_status(aim__line_next(&reader, aim_bytes_from(text, 6), &used, &line), AIM_OK);
	assert_ptr_equal(line.bytes.ptr, text);
	assert_int_equal(heap.n_allocs, before);
	aim__line_reader_dispose(&reader);
	test_ctx_done(ctx, &heap);
}

static void a_queue_gives_back_what_was_put_in(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim__queue queue;
	uint8_t next_in = 0, next_out = 0;
	aim__queue_init(&queue, ctx, 4096);
	for (size_t round = 0; round < 1000; round++) {
		aim__queue_settle(&queue);
		for (size_t i = 0; i < round % 7 + 1; i++)
			assert_status(aim__buf_add_byte(&queue.bytes, next_in++), AIM_OK);
		size_t n = aim__queue_len(&queue) * (round % 3) / 2;
		n = n < aim__queue_len(&queue) ? n : aim__queue_len(&queue);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(aim__queue_bytes(&queue).ptr[i], next_out++);
		aim__queue_consume(&queue, n);
		assert_true(queue.bytes.cap <= 512);
	}
	aim__queue_dispose(&queue);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_gives_the_same_lines),
		cmocka_unit_test(a_long_line_is_dropped_and_the_next_is_read),
		cmocka_unit_test(a_line_that_lies_whole_is_not_copied),
		cmocka_unit_test(a_queue_gives_back_what_was_put_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
