/* mcp/lines.c — newline framing and output queues. Layer mcp. Knows nothing of JSON. */
#include "mcp/lines.h"

#include "base/ctx.h"

#include <string.h>

void aim__line_reader_init(aim__line_reader *reader, aim_ctx *ctx, size_t max)
{
	memset(reader, 0, sizeof *reader);
	aim__buf_init(&reader->pending, ctx);
	reader->pending.max = max + 1;
	reader->max = max;
}

void aim__line_reader_dispose(aim__line_reader *reader)
{
	aim__buf_dispose(&reader->pending);
}

static void forget_taken(aim__line_reader *reader)
{
	if (!reader->taken)
		return;
	aim__buf_truncate(&reader->pending, 0);
	reader->taken = 0;
}

/* The end of a line has come: part holds its last bytes with the line feed. */
static aim_status finish(aim__line_reader *reader, aim_bytes part, aim__line *out)
{
	out->complete = 1;
	if (reader->skipping || reader->pending.len + part.len > reader->max + 1) {
		out->oversized = 1;
		reader->skipping = 0;
		reader->taken = 1;
		return AIM_OK;
	}
	if (reader->pending.len == 0) {
		out->bytes = part;
		return AIM_OK;
	}
	aim_status rc = aim__buf_add(&reader->pending, part.ptr, part.len);
	out->bytes.ptr = reader->pending.ptr;
	out->bytes.len = reader->pending.len;
	reader->taken = 1;
	return rc;
}

static aim_status keep(aim__line_reader *reader, aim_bytes part)
{
	if (reader->skipping)
		return AIM_OK;
	if (reader->pending.len + part.len > reader->max) {
		reader->skipping = 1;
		aim__buf_truncate(&reader->pending, 0);
		return AIM_OK;
	}
	return aim__buf_add(&reader->pending, part.ptr, part.len);
}

aim_status aim__line_next(aim__line_reader *reader, aim_bytes bytes, size_t *out_used, aim__line *out)
{
	memset(out, 0, sizeof *out);
	forget_taken(reader);
	const uint8_t *feed = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
	aim_bytes part = {bytes.ptr, feed ? (size_t)(feed - bytes.ptr) + 1 : bytes.len};
	*out_used = part.len;
	return feed ? finish(reader, part, out) : keep(reader, part);
}

void aim__line_last(aim__line_reader *reader, aim__line *out)
{
	memset(out, 0, sizeof *out);
	forget_taken(reader);
	out->oversized = reader->skipping;
	out->complete = reader->skipping || reader->pending.len > 0;
	out->bytes.ptr = reader->pending.ptr;
	out->bytes.len = reader->pending.len;
	reader->skipping = 0;
	reader->taken = 1;
}

void aim__queue_init(aim__queue *queue, aim_ctx *ctx, size_t max)
{
	memset(queue, 0, sizeof *queue);
	aim__buf_init(&queue->bytes, ctx);
	queue->bytes.max = max;
}

void aim__queue_dispose(aim__queue *queue)
{
	aim__buf_dispose(&queue->bytes);
}

aim_bytes aim__queue_bytes(const aim__queue *queue)
{
	aim_bytes bytes = {queue->bytes.ptr, 0};
	if (queue->bytes.ptr) {
		bytes.ptr = queue->bytes.ptr + queue->head;
		bytes.len = aim__queue_len(queue);
	}
	return bytes;
}

void aim__queue_settle(aim__queue *queue)
{
	size_t len = aim__queue_len(queue);
	if (queue->head == 0 || queue->head < len)
		return;
	memmove(queue->bytes.ptr, queue->bytes.ptr + queue->head, len);
	queue->head = 0;
	aim__buf_truncate(&queue->bytes, len);
}

void aim__queue_consume(aim__queue *queue, size_t n)
{
	queue->head += n;
	if (queue->head < queue->bytes.len)
		return;
	queue->head = 0;
	aim__buf_truncate(&queue->bytes, 0);
}
