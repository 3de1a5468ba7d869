/* audit/queue.c — the rows that wait in buffered mode, in memory taken once. Layer audit. The callers
 * hold the log's mutex. */
#include "audit/log.h"

#include "base/mem.h"

#include <string.h>

/* Room per row of the window, with a floor that holds the longest row and its framing. */
#define BYTES_PER_ROW 2048u
#define MIN_BYTES (2 * AIM__AUDIT_MAX_RECORD_BYTES)

aim_status aim__audit_queue_init(aim_audit *log)
{
	aim__audit_queue *queue = &log->queue;
	size_t n = log->options.window_records;
	size_t cap = n * BYTES_PER_ROW < MIN_BYTES ? MIN_BYTES : n * BYTES_PER_ROW;
	queue->rows.items = aim__alloc_array(log->ctx, n, sizeof *queue->rows.items);
	queue->rows.bytes = aim__alloc(log->ctx, cap);
	queue->max_rows = n;
	queue->cap = cap;
	return queue->rows.items && queue->rows.bytes ? AIM_OK : AIM_E_NOMEM;
}

void aim__audit_queue_dispose(aim_audit *log)
{
	aim__audit_queue *queue = &log->queue;
	aim__wipe(queue->rows.bytes, queue->used);
	aim__free(log->ctx, queue->rows.bytes, queue->cap);
	aim__free(log->ctx, queue->rows.items, queue->max_rows * sizeof *queue->rows.items);
}

static size_t bytes_of(const aim__audit_rows *rows)
{
	const aim__audit_item *last = &rows->items[rows->n - 1];
	return last->offset + last->len;
}

int aim__audit_queue_has_room(const aim_audit *log, const aim__audit_rows *rows)
{
	const aim__audit_queue *queue = &log->queue;
	return rows->n <= queue->max_rows - queue->rows.n && bytes_of(rows) <= queue->cap - queue->used;
}

void aim__audit_set_deadline(aim_audit *log)
{
	const aim__audit_rows *rows = &log->queue.rows;
	int64_t due = INT64_MAX;
	if (rows->n > 0)
		due = rows->items[0].queued_us + (int64_t)log->options.window_ms * 1000;
	if (log->gap.count > 0 && log->gap.retry_us < due)
		due = log->gap.retry_us;
	atomic_store_explicit(&log->deadline_us, due, memory_order_relaxed);
}

void aim__audit_queue_add(aim_audit *log, const aim__audit_rows *rows, int64_t now_us)
{
	aim__audit_queue *queue = &log->queue;
	size_t len = bytes_of(rows);
	memcpy(queue->rows.bytes + queue->used, rows->bytes, len);
	for (size_t i = 0; i < rows->n; i++) {
		aim__audit_item *item = &queue->rows.items[queue->rows.n++];
		*item = rows->items[i];
		item->offset += queue->used;
		item->queued_us = now_us;
	}
	queue->used += len;
	aim__audit_set_deadline(log);
}

aim__audit_rows aim__audit_queue_begin(aim_audit *log)
{
	log->queue.n_writing = log->queue.rows.n;
	return log->queue.rows;
}

/* Closes the gap that the stored rows leave at the front. */
static void drop_written(aim__audit_queue *queue)
{
	aim__audit_rows *rows = &queue->rows;
	size_t n = queue->n_writing;
	if (n == 0)
		return;
	size_t gone = rows->items[n - 1].offset + rows->items[n - 1].len;
	memmove(rows->bytes, rows->bytes + gone, queue->used - gone);
	memmove(rows->items, rows->items + n, (rows->n - n) * sizeof *rows->items);
	rows->n -= n;
	queue->used -= gone;
	for (size_t i = 0; i < rows->n; i++)
		rows->items[i].offset -= gone;
}

void aim__audit_queue_end(aim_audit *log, aim_status status)
{
	aim__audit_queue *queue = &log->queue;
	if (status == AIM_OK)
		drop_written(queue);
	else if (queue->rows.n > 0)
		(void)aim_ctx_now_us(log->ctx, &queue->rows.items[0].queued_us); /* try again a window later */
	queue->n_writing = 0;
	aim__audit_set_deadline(log);
}
