/* mcp/lines.h — the stdio framing: bytes in any pieces become lines, and lines wait in a queue until the
 * host has written them. Memory is bounded by the longest line on both sides. Confined. */
#ifndef AIM_MCP_LINES_H
#define AIM_MCP_LINES_H

#include "base/buf.h"

/* The line in work of one side. */
typedef struct aim__line_reader {
	aim_buf pending; /* the beginning of a line whose end has not come yet */
	size_t max;      /* longest line that is kept, line feed not counted */
	int skipping;    /* the line in work passed max: its bytes are dropped */
	int taken;       /* pending was handed out and is forgotten by the next call */
} aim__line_reader;

/* A line with its line feed, or without one when the stream ended first. */
typedef struct aim__line {
	aim_bytes bytes; /* borrowed until the next call on the reader; empty when oversized */
	int complete;    /* there is a line */
	int oversized;   /* it was longer than max and is gone */
} aim__line;

void aim__line_reader_init(aim__line_reader *reader, aim_ctx *ctx, size_t max);
void aim__line_reader_dispose(aim__line_reader *reader);
/* Takes bytes up to the end of one line, or all of them. A line that lies whole in bytes is not copied.
 * *out_used is set on every outcome. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__line_next(aim__line_reader *reader, aim_bytes bytes, size_t *out_used, aim__line *out);
/* What is left at the end of the stream. */
void aim__line_last(aim__line_reader *reader, aim__line *out);

/* Bytes waiting for one side, first in first out. */
typedef struct aim__queue {
	aim_buf bytes;
	size_t head; /* bytes in front that were consumed */
} aim__queue;

void aim__queue_init(aim__queue *queue, aim_ctx *ctx, size_t max);
void aim__queue_dispose(aim__queue *queue);
aim_bytes aim__queue_bytes(const aim__queue *queue);
static inline size_t aim__queue_len(const aim__queue *queue)
{
	return queue->bytes.len - queue->head;
}
/* Moves what waits to the front when more room is in front of it than in it, so that a queue that never
 * runs empty stays small. Call before adding. */
void aim__queue_settle(aim__queue *queue);
/* n ≤ aim__queue_len. */
void aim__queue_consume(aim__queue *queue, size_t n);

#endif
