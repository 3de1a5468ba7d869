/* store/plan.c — the rules of store operations. Layer store; knows no engine. */
#include "store/plan.h"

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"

#include <string.h>

/* Arrays and maps beyond this many items are given back after the group that needed them. */
#define KEEP_ITEMS 4096u

void aim__plan_init(aim__plan *plan, const aim_ctx *ctx)
{
	memset(plan, 0, sizeof *plan);
	plan->ctx = ctx;
	aim__map_init(&plan->key_index, ctx, 0);
	aim__map_init(&plan->log_index, ctx, 0);
}

void aim__plan_dispose(aim__plan *plan)
{
	aim__map_dispose(&plan->key_index);
	aim__map_dispose(&plan->log_index);
	aim__free(plan->ctx, plan->keys, plan->cap_keys * sizeof *plan->keys);
	aim__free(plan->ctx, plan->logs, plan->cap_logs * sizeof *plan->logs);
	aim__free(plan->ctx, plan->rows, plan->cap_rows * sizeof *plan->rows);
	aim__free(plan->ctx, plan->sums, plan->cap_sums * sizeof *plan->sums);
	aim__free(plan->ctx, plan->trims, plan->cap_trims * sizeof *plan->trims);
	aim__plan_init(plan, plan->ctx);
}

static void start(aim__plan *plan)
{
	uint64_t version_floor = plan->version_floor;
	if (plan->cap_keys > KEEP_ITEMS || plan->cap_rows > KEEP_ITEMS || plan->cap_logs > KEEP_ITEMS ||
	    plan->cap_sums > KEEP_ITEMS || plan->cap_trims > KEEP_ITEMS)
		aim__plan_dispose(plan);
	aim__map_clear(&plan->key_index);
	aim__map_clear(&plan->log_index);
	plan->n_keys = plan->n_logs = plan->n_rows = plan->n_sums = plan->n_trims = 0;
	plan->version_floor = version_floor;
}

/* Room for one more item of an array of the plan; NULL when memory runs out. */
static void *push(aim__plan *plan, void **items, size_t *n, size_t *cap, size_t size)
{
	if (aim__grow(plan->ctx, items, cap, *n + 1, size, 16, 0) != AIM_OK)
		return NULL;
	uint8_t *item = (uint8_t *)*items + *n * size;
	memset(item, 0, size);
	(*n)++;
	return item;
}

#define PUSH(plan, field) \
	push((plan), (void **)&(plan)->field, &(plan)->n_##field, &(plan)->cap_##field, \
	     sizeof *(plan)->field)

/* 1 and the number when text is an integer as aim__i64_text() writes it. */
static int parse_counter(aim_bytes text, int64_t *out)
{
	if (text.len == 0 || text.len > 20)
		return 0;
	int negative = text.ptr[0] == '-';
	int64_t value = 0;
	for (size_t i = negative ? 1 : 0; i < text.len; i++) {
		int digit = text.ptr[i] - '0';
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return 0;
	}
	/* Collected as a negative number, because the least one has no positive twin. */
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return 0;
	char again[24];
	if (aim__i64_text(again, value) != text.len || memcmp(again, text.ptr, text.len) != 0)
		return 0;
	*out = value;
	return 1;
}

typedef struct group {
	aim__plan *plan;
	const aim__plan_source *source;
	int64_t now_us;
	size_t batch; /* number of the batch in progress, from 1 */
	aim_error *err;
} group;

static aim_status look_up(const group *g, aim_bytes key, aim__plan_key **out)
{
	aim__plan *plan = g->plan;
	const uintptr_t *found = aim__map_find(&plan->key_index, key);
	if (found) {
		*out = &plan->keys[*found];
		return AIM_OK;
	}
	aim__plan_key *entry = PUSH(plan, keys);
	if (!entry)
		return AIM_E_NOMEM;
	aim_status rc = aim__map_add(&plan->key_index, key, plan->n_keys - 1);
	if (rc != AIM_OK)
		return rc;
	aim__plan_found stored = {0};
	rc = g->source->key(g->source->user, key, 0, &stored, &entry->mine, g->err);
	if (rc != AIM_OK)
		return rc;
	entry->key = key;
	entry->stored = stored.stored;
	entry->now.version = stored.version;
	entry->now.expires_at_us = stored.expires_at_us;
	entry->now.present =
		stored.stored && !aim__store_expired(stored.expires_at_us, g->now_us);
	*out = entry;
	return AIM_OK;
}

/* The state to change, with the old one kept for undo(). */
static aim__plan_state *change(const group *g, aim__plan_key *entry)
{
	if (entry->batch != g->batch) {
		entry->before = entry->now;
		entry->batch = g->batch;
	}
	return &entry->now;
}

/* A write of any kind: the version after the latest this key had, or above every key that is gone. */
static aim__plan_state *write_state(const group *g, aim__plan_key *entry, int64_t expires_at_us)
{
	aim__plan_state *state = change(g, entry);
	if (!state->present && state->version < g->plan->version_floor)
		state->version = g->plan->version_floor;
	state->version++;
	if (expires_at_us != AIM_STORE_KEEP_EXPIRY)
		state->expires_at_us = expires_at_us;
	else if (!state->present)
		state->expires_at_us = 0;
	state->present = 1;
	/* A key written with an expiry in the past is absent for what follows in this group, too. */
	if (aim__store_expired(state->expires_at_us, g->now_us))
		state->present = 0;
	return state;
}

static aim_status put(const group *g, const aim_store_op *op)
{
	aim__plan_key *entry;
	aim_status rc = look_up(g, op->key, &entry);
	if (rc != AIM_OK)
		return rc;
	if (op->kind == AIM_STORE_PUT_IF_ABSENT && entry->now.present)
		return AIM_E_CONFLICT;
	if (op->kind == AIM_STORE_PUT_IF_VERSION &&
	    (!entry->now.present || entry->now.version != op->version))
		return AIM_E_CONFLICT;
	aim__plan_state *state = write_state(g, entry, op->expires_at_us);
	state->source = AIM__PLAN_BYTES;
	state->value = op->value;
	return AIM_OK;
}

static aim_status delete_key(const group *g, const aim_store_op *op)
{
	aim__plan_key *entry;
	aim_status rc = look_up(g, op->key, &entry);
	if (rc != AIM_OK)
		return rc;
	if (op->version != 0 && (!entry->now.present || entry->now.version != op->version))
		return AIM_E_CONFLICT;
	aim__plan_state *state = change(g, entry);
	state->present = 0;
	state->source = AIM__PLAN_BYTES;
	state->value = (aim_bytes){NULL, 0};
	return AIM_OK;
}

/* The counter's value before this operation. */
static aim_status read_counter(const group *g, aim__plan_key *entry, int64_t *out)
{
	const aim__plan_state *state = &entry->now;
	*out = state->sum;
	if (state->present && state->source == AIM__PLAN_SUM)
		return AIM_OK;
	*out = 0;
	if (!state->present)
		return AIM_OK;
	aim_bytes text = state->value;
	if (state->source == AIM__PLAN_STORED) {
		aim__plan_found stored = {0};
		aim_status rc =
			g->source->key(g->source->user, entry->key, 1, &stored, &entry->mine, g->err);
		if (rc != AIM_OK)
			return rc;
		text = stored.value;
	}
	return parse_counter(text, out) ? AIM_OK : AIM_E_CONFLICT;
}

static aim_status add(const group *g, const aim_store_op *op)
{
	aim__plan_key *entry;
	int64_t sum;
	aim_status rc = look_up(g, op->key, &entry);
	if (rc == AIM_OK)
		rc = read_counter(g, entry, &sum);
	if (rc != AIM_OK)
		return rc;
	if (__builtin_add_overflow(sum, op->delta, &sum) || (op->delta > 0 && sum > op->bound) ||
	    (op->delta < 0 && sum < op->bound))
		return AIM_E_STORE_BOUND;
	if (op->out_sum) {
		aim__plan_sum *result = PUSH(g->plan, sums);
		if (!result)
			return AIM_E_NOMEM;
		*result = (aim__plan_sum){op->out_sum, sum};
	}
	int64_t expires_at_us = entry->now.present ? AIM_STORE_KEEP_EXPIRY : op->expires_at_us;
	aim__plan_state *state = write_state(g, entry, expires_at_us);
	state->source = AIM__PLAN_SUM;
	state->sum = sum;
	return AIM_OK;
}

static aim_status log_of(const group *g, aim_bytes name, size_t *out)
{
	aim__plan *plan = g->plan;
	const uintptr_t *found = aim__map_find(&plan->log_index, name);
	if (found) {
		*out = (size_t)*found;
		return AIM_OK;
	}
	aim__plan_log *log = PUSH(plan, logs);
	if (!log)
		return AIM_E_NOMEM;
	*out = plan->n_logs - 1;
	log->name = name;
	aim_status rc = aim__map_add(&plan->log_index, name, *out);
	if (rc != AIM_OK)
		return rc;
	return g->source->log(g->source->user, name, &log->next, &log->mine, g->err);
}

static aim_status append(const group *g, const aim_store_op *op)
{
	aim__plan *plan = g->plan;
	size_t log;
	aim_status rc = log_of(g, op->key, &log);
	if (rc != AIM_OK)
		return rc;
	if (op->version != plan->logs[log].next)
		return AIM_E_CONFLICT;
	aim__plan_row *row = PUSH(plan, rows);
	if (!row)
		return AIM_E_NOMEM;
	*row = (aim__plan_row){log, op->version, op->value, NULL};
	plan->logs[log].next++;
	return AIM_OK;
}

static aim_status trim(const group *g, const aim_store_op *op)
{
	aim__plan *plan = g->plan;
	size_t log;
	aim_status rc = log_of(g, op->key, &log);
	if (rc != AIM_OK)
		return rc;
	if (op->version >= plan->logs[log].next)
		return AIM_E_CONFLICT;
	if (op->version <= plan->logs[log].trim)
		return AIM_OK;
	aim__plan_trim *undo = PUSH(plan, trims);
	if (!undo)
		return AIM_E_NOMEM;
	*undo = (aim__plan_trim){log, plan->logs[log].trim};
	plan->logs[log].trim = op->version;
	return AIM_OK;
}

static aim_status run(const group *g, const aim_store_op *op)
{
	switch (op->kind) {
	case AIM_STORE_PUT:
	case AIM_STORE_PUT_IF_ABSENT:
	case AIM_STORE_PUT_IF_VERSION:
		return put(g, op);
	case AIM_STORE_DELETE:
		return delete_key(g, op);
	case AIM_STORE_ADD:
		return add(g, op);
	case AIM_STORE_APPEND:
		return append(g, op);
	case AIM_STORE_TRIM:
		return trim(g, op);
	default:
		return aim__fail(g->err, AIM_E_INVALID, AIM_LAYER_STORE, "operation kind %u is unknown",
		                 op->kind);
	}
}

/* How much of a plan came from the batches before. */
typedef struct mark {
	size_t n_rows, n_sums, n_trims;
} mark;

/* Takes back what a batch did before its failed operation. */
static void undo(const group *g, const aim_store_batch *batch, const mark *m)
{
	aim__plan *plan = g->plan;
	for (size_t i = 0; i < batch->failed_op; i++) {
		if (batch->ops[i].kind == AIM_STORE_APPEND || batch->ops[i].kind == AIM_STORE_TRIM)
			continue;
		aim__plan_key *entry = &plan->keys[*aim__map_find(&plan->key_index, batch->ops[i].key)];
		if (entry->batch == g->batch)
			entry->now = entry->before;
	}
	while (plan->n_rows > m->n_rows)
		plan->logs[plan->rows[--plan->n_rows].log].next--;
	while (plan->n_trims > m->n_trims) {
		const aim__plan_trim *t = &plan->trims[--plan->n_trims];
		plan->logs[t->log].trim = t->before;
	}
	plan->n_sums = m->n_sums;
}

static aim_status run_batch(const group *g, aim_store_batch *batch)
{
	const mark m = {g->plan->n_rows, g->plan->n_sums, g->plan->n_trims};
	batch->status = AIM_OK;
	batch->failed_op = 0;
	for (size_t i = 0; i < batch->n_ops; i++) {
		aim_status rc = run(g, &batch->ops[i]);
		if (rc == AIM_OK)
			continue;
		if (rc != AIM_E_CONFLICT && rc != AIM_E_STORE_BOUND)
			return rc;
		batch->status = rc;
		batch->failed_op = (uint32_t)i;
		undo(g, batch, &m);
		break;
	}
	return AIM_OK;
}

/* Marks what must be written and raises the floor above keys that end absent. */
static void finish(aim__plan *plan)
{
	for (size_t i = 0; i < plan->n_keys; i++) {
		aim__plan_key *entry = &plan->keys[i];
		entry->changed = entry->now.source != AIM__PLAN_STORED;
		if (entry->changed && !entry->now.present && entry->now.version > plan->version_floor)
			plan->version_floor = entry->now.version;
	}
}

aim_status aim__plan_group(aim__plan *plan, const aim__plan_source *source, aim_store_batch *batches,
                           size_t n_batches, int64_t now_us, aim_error *err)
{
	group g = {plan, source, now_us, 0, err};
	start(plan);
	for (size_t i = 0; i < n_batches; i++) {
		g.batch = i + 1;
		aim_status rc = run_batch(&g, &batches[i]);
		if (rc != AIM_OK)
			return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, AIM_LAYER_STORE) : rc;
	}
	finish(plan);
	return AIM_OK;
}

aim_bytes aim__plan_value(const aim__plan_key *key, char text[24])
{
	if (key->now.source != AIM__PLAN_SUM)
		return key->now.value;
	return aim_bytes_from(text, aim__i64_text(text, key->now.sum));
}

void aim__plan_publish(const aim__plan *plan)
{
	for (size_t i = 0; i < plan->n_sums; i++)
		*plan->sums[i].out = plan->sums[i].sum;
}
