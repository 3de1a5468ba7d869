/* audit/commit.c — many callers, one leader. Layer audit.
 *
 * A caller puts its request into the queue. When nobody leads, it leads: it takes what has queued up,
 * commits it as one group (group.c) without the lock, and wakes those whose requests are settled and
 * the first of those that came meanwhile, who leads next. Invariant: when nobody leads and requests
 * wait, one of their callers has been woken and has not yet looked. */
#include "audit/log.h"

#include "base/ctx.h"
#include "base/error.h"

#include <string.h>

/* One group takes at most this much; the rest is the next leader's. */
#define MAX_GROUP_REQUESTS 256u
#define MAX_GROUP_OPS 8192u
#define MAX_GROUP_BYTES (4u << 20)

#define MAX_CHANGE_OPS 4096u
#define MAX_CHANGE_RECORDS 1024u

static size_t bytes_of(const aim__audit_rows *rows)
{
	return rows->n ? rows->items[rows->n - 1].offset + rows->items[rows->n - 1].len : 0;
}

static size_t ops_of(const aim__audit_request *request)
{
	return request->n_ops + request->rows.n + 1;
}

/* Moves requests from the queue to the group, at least one. mutex is held. */
static void detach(aim_audit *log)
{
	aim__audit_request *last = log->first;
	size_t n = 1;
	size_t n_ops = ops_of(last);
	size_t bytes = bytes_of(&last->rows);
	while (last->next && n < MAX_GROUP_REQUESTS && n_ops < MAX_GROUP_OPS &&
	       bytes < MAX_GROUP_BYTES) {
		last = last->next;
		n_ops += ops_of(last);
		bytes += bytes_of(&last->rows);
		n++;
	}
	log->group.requests = log->first;
	log->first = last->next;
	if (!log->first)
		log->last = NULL;
	last->next = NULL;
	log->group.queued = aim__audit_queue_begin(log);
	log->group.gap = log->gap;
}

/* A record that comes alone may be let pass. A change never is: its operations were not done. */
static void let_pass(aim_audit *log, aim__audit_request *r)
{
	if (r->n_ops > 0 || r->rows.n == 0 || !aim__audit_gap_covers(log, r->status))
		return;
	aim__audit_gap_add(log, r->rows.n, r->status);
	r->rows.first_position = UINT64_MAX;
	r->status = AIM_OK;
	if (r->err)
		memset(r->err, 0, sizeof *r->err);
}

/* Lets the callers of the group go. mutex is held; a request is its caller's again once done is set
 * and the mutex released, so next is read before. */
static void release(aim_audit *log)
{
	aim__audit_request *next;
	aim__audit_gap_end(log);
	aim__audit_queue_end(log, log->group.queued_status);
	for (aim__audit_request *r = log->group.requests; r; r = next) {
		next = r->next;
		let_pass(log, r);
		r->done = 1;
		aim__cond_broadcast(&r->wake);
	}
	log->group.requests = NULL;
}

/* mutex is held on entry and exit, not in between. */
static void lead(aim_audit *log)
{
	log->leading = 1;
	detach(log);
	aim__mutex_unlock(&log->mutex);
	aim__audit_group_commit(log);
	aim__mutex_lock(&log->mutex);
	release(log);
	log->leading = 0;
	if (log->first)
		aim__cond_broadcast(&log->first->wake);
}

aim_status aim__audit_submit(aim_audit *log, aim__audit_request *request)
{
	request->next = NULL;
	request->settled = request->done = 0;
	request->status = AIM_OK;
	request->failed_op = 0;
	aim__mutex_lock(&log->mutex);
	if (log->last)
		log->last->next = request;
	else
		log->first = request;
	log->last = request;
	while (!request->done) {
		if (log->leading)
			aim__cond_wait(&request->wake, &log->mutex);
		else
			lead(log);
	}
	aim__mutex_unlock(&log->mutex);
	return request->status;
}

static aim_status check_change(const aim_audit *log, const aim__change *change, aim_error *err)
{
	if (!change || (change->n_ops && !change->ops) || (change->n_records && !change->records))
		return AIM__MISUSE(log->ctx, "change is incomplete");
	if (change->n_records == 0)
		return AIM__MISUSE(log->ctx, "a change without records");
	if (change->n_ops > MAX_CHANGE_OPS || change->n_records > MAX_CHANGE_RECORDS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT,
		                 "a change of more than %u operations or %u records", MAX_CHANGE_OPS,
		                 MAX_CHANGE_RECORDS);
	/* An operation that no store takes would fail the whole group, also for the others in it. */
	return aim__store_check_ops(log->store, change->ops, change->n_ops, err);
}

/* Buffered mode, until a whole window is waiting. */
static aim_status enqueue(aim_audit *log, aim__audit_slot *slot, aim_error *err)
{
	aim__audit_rows rows = slot->request.rows;
	int64_t now_us = 0;
	if (bytes_of(&rows) > log->queue.cap)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT, "the records are longer than the window");
	aim_status rc = aim_ctx_now_us(log->ctx, &now_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	aim__mutex_lock(&log->mutex);
	while (rc == AIM_OK && !aim__audit_queue_has_room(log, &rows)) {
		aim__mutex_unlock(&log->mutex);
		rc = aim_audit_flush(log, err);
		aim__mutex_lock(&log->mutex);
	}
	if (rc == AIM_OK)
		aim__audit_queue_add(log, &rows, now_us);
	int let_pass = aim__audit_gap_covers(log, rc);
	if (let_pass)
		aim__audit_gap_add(log, rows.n, rc);
	int full = rc == AIM_OK && log->queue.rows.n >= log->queue.max_rows;
	aim__mutex_unlock(&log->mutex);
	/* This record is safe in the queue; when it cannot be written now, the next append says so. */
	if (full)
		(void)aim_audit_flush(log, NULL);
	if (let_pass && err)
		memset(err, 0, sizeof *err);
	return let_pass ? AIM_OK : rc;
}

static aim_status write_rows(aim_audit *log, aim__audit_slot *slot, const aim__change *change,
                             uint32_t durability, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < change->n_records; i++)
		rc = aim__audit_slot_write(log, slot, &change->records[i], durability, err);
	return rc;
}

static aim_status commit(aim_audit *log, aim__change *change, uint64_t *out_position, aim_error *err)
{
	int waits = change->n_ops > 0 || log->options.durability == AIM_AUDIT_DURABLE ||
	            change->n_records > log->queue.max_rows;
	aim__audit_slot *slot = NULL;
	aim_status rc = aim__audit_slot_take(log, &slot, err);
	if (rc != AIM_OK)
		return rc;
	rc = write_rows(log, slot, change, waits ? AIM_AUDIT_DURABLE : AIM_AUDIT_BUFFERED, err);
	if (rc == AIM_OK && !waits)
		rc = enqueue(log, slot, err);
	if (rc == AIM_OK && waits) {
		slot->request.ops = change->ops;
		slot->request.n_ops = change->n_ops;
		slot->request.err = err;
		rc = aim__audit_submit(log, &slot->request);
		change->failed_op = slot->request.failed_op;
	}
	if (rc == AIM_OK && out_position)
		*out_position = waits ? slot->request.rows.first_position : UINT64_MAX;
	aim__audit_slot_give(log, slot);
	return rc;
}

aim_status aim__audit_commit(aim_audit *log, aim__change *change, aim_error *err)
{
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	aim_status rc = check_change(log, change, err);
	return rc == AIM_OK ? commit(log, change, NULL, err) : rc;
}

aim_status aim_audit_append(aim_audit *log, const aim_audit_record *record, uint64_t *out_position,
                            aim_error *err)
{
	if (!log || !record)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and record are required");
	aim__change change = {.records = record, .n_records = 1};
	return commit(log, &change, out_position, err);
}

aim_status aim_audit_flush(aim_audit *log, aim_error *err)
{
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	aim__mutex_lock(&log->mutex);
	int nothing_waits = log->queue.rows.n == 0 && log->gap.count == 0;
	aim__mutex_unlock(&log->mutex);
	if (nothing_waits)
		return AIM_OK;
	aim__audit_slot *slot = NULL;
	aim_status rc = aim__audit_slot_take(log, &slot, err);
	if (rc != AIM_OK)
		return rc;
	slot->request.err = err;
	rc = aim__audit_submit(log, &slot->request);
	aim__audit_slot_give(log, slot);
	return rc;
}
