/* store/memory.c — the memory engine: a skip list of keys and an array of rows per log, under
 * one lock. A group is planned, then everything it needs is allocated, then it is linked in: the
 * last step cannot fail. Layer store. */
#include "store/store.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/plan.h"
#include "store/skiplist.h"

#include <string.h>

/* Expired keys thrown away per group, more than a group usually adds. */
#define SWEEP_KEYS 64u

typedef struct memory_row {
	size_t len;
	uint8_t bytes[];
} memory_row;

typedef struct memory_log {
	memory_row **rows; /* of positions first, first + 1, … */
	size_t n_rows, cap_rows;
	uint64_t first; /* those before were trimmed */
	size_t name_len;
	uint8_t name[];
} memory_log;

typedef struct memory {
	aim_ctx *ctx; /* referenced */
	aim__mutex lock;
	aim__skip keys;
	aim__map logs; /* name to memory_log */
	aim__plan plan;
} memory;

static memory_log *log_of(const memory *m, aim_bytes name)
{
	const uintptr_t *found = aim__map_find(&m->logs, name);
	return found ? (memory_log *)*found : NULL;
}

static aim_status memory_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row,
                             void *row_user, aim_error *err)
{
	memory *m = user;
	aim_status rc = AIM_E_NOT_FOUND;
	(void)err;
	aim__mutex_lock(&m->lock);
	const aim__skip_node *node = aim__skip_find(&m->keys, key);
	if (node && !aim__store_expired(node->expires_at_us, now_us))
		rc = row(row_user, aim__skip_key(node), aim__skip_value(node), node->version, 0);
	aim__mutex_unlock(&m->lock);
	return rc;
}

static int starts_with(aim_bytes key, aim_bytes prefix)
{
	return key.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(key.ptr, prefix.ptr, prefix.len) == 0);
}

static int is_less(aim_bytes a, aim_bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return order < 0 || (order == 0 && a.len < b.len);
}

static aim_status memory_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit,
                              int64_t now_us, aim_store_row row, void *row_user, aim_error *err)
{
	memory *m = user;
	aim_status rc = AIM_OK;
	(void)err;
	aim__mutex_lock(&m->lock);
	const aim__skip_node *node = after.len == 0 || is_less(after, prefix)
	                                     ? aim__skip_seek(&m->keys, prefix, 0)
	                                     : aim__skip_seek(&m->keys, after, 1);
	for (; rc == AIM_OK && limit > 0 && node; node = aim__skip_next(node)) {
		aim_bytes key = aim__skip_key(node);
		if (!starts_with(key, prefix))
			break;
		if (aim__store_expired(node->expires_at_us, now_us))
			continue;
		rc = row(row_user, key, aim__skip_value(node), node->version, 0);
		limit--;
	}
	aim__mutex_unlock(&m->lock);
	return rc;
}

static aim_status memory_read(void *user, aim_bytes name, uint64_t from, size_t limit,
                              aim_store_row row, void *row_user, aim_error *err)
{
	memory *m = user;
	aim_status rc = AIM_OK;
	(void)err;
	aim__mutex_lock(&m->lock);
	const memory_log *log = log_of(m, name);
	if (log && from < log->first)
		from = log->first;
	for (; rc == AIM_OK && log && limit > 0 && from - log->first < log->n_rows; from++, limit--) {
		const memory_row *r = log->rows[from - log->first];
		rc = row(row_user, name, aim_bytes_from(r->bytes, r->len), 0, from);
	}
	aim__mutex_unlock(&m->lock);
	return rc;
}

/* What the plan asks. Only apply_group changes keys and logs, so these need no lock. */

static aim_status plan_key(void *user, aim_bytes key, int want_value, aim__plan_found *out, void **mine,
                           aim_error *err)
{
	memory *m = user;
	(void)want_value;
	(void)err;
	aim__skip_node *node = aim__skip_find(&m->keys, key);
	*mine = node;
	if (!node)
		return AIM_OK;
	*out = (aim__plan_found){1, node->version, node->expires_at_us, aim__skip_value(node)};
	return AIM_OK;
}

static aim_status plan_log(void *user, aim_bytes name, uint64_t *out_next, void **mine,
                           aim_error *err)
{
	const memory *m = user;
	(void)err;
	memory_log *log = log_of(m, name);
	*mine = log;
	*out_next = log ? log->first + log->n_rows : 0;
	return AIM_OK;
}

static void log_free(const memory *m, memory_log *log)
{
	for (size_t i = 0; i < log->n_rows; i++)
		aim__free(m->ctx, log->rows[i], sizeof *log->rows[i] + log->rows[i]->len);
	aim__free(m->ctx, log->rows, log->cap_rows * sizeof *log->rows);
	aim__free(m->ctx, log, sizeof *log + log->name_len);
}

/* An empty log is the same as none, so it may stay when the group fails later. */
static aim_status log_new(memory *m, aim_bytes name, memory_log **out)
{
	memory_log *log = aim__alloc_zeroed(m->ctx, sizeof *log + name.len);
	if (!log)
		return AIM_E_NOMEM;
	log->name_len = name.len;
	memcpy(log->name, name.ptr, name.len);
	aim_status rc = aim__map_add(&m->logs, aim_bytes_from(log->name, name.len), (uintptr_t)log);
	if (rc != AIM_OK)
		log_free(m, log);
	else
		*out = log;
	return rc;
}

static aim_status prepare_rows(memory *m)
{
	aim__plan *plan = &m->plan;
	for (size_t i = 0; i < plan->n_rows; i++) {
		aim__plan_row *r = &plan->rows[i];
		memory_row *copy = NULL;
		if (r->row.len < SIZE_MAX - sizeof *copy)
			copy = aim__alloc(m->ctx, sizeof *copy + r->row.len);
		if (!copy)
			return AIM_E_NOMEM;
		copy->len = r->row.len;
		if (r->row.len)
			memcpy(copy->bytes, r->row.ptr, r->row.len);
		r->mine = copy;
	}
	for (size_t i = 0; i < plan->n_logs; i++) {
		memory_log *log = plan->logs[i].mine;
		aim_status rc = log ? AIM_OK : log_new(m, plan->logs[i].name, &log);
		if (rc != AIM_OK)
			return rc;
		plan->logs[i].mine = log;
		void *rows = log->rows;
		rc = aim__grow(m->ctx, &rows, &log->cap_rows, (size_t)(plan->logs[i].next - log->first),
		               sizeof *log->rows, 64, 0);
		log->rows = rows;
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

/* From here on mine of a changed key is the new node, or NULL when the key goes. */
static aim_status prepare_keys(memory *m)
{
	aim__plan *plan = &m->plan;
	for (size_t i = 0; i < plan->n_keys; i++)
		plan->keys[i].mine = NULL;
	for (size_t i = 0; i < plan->n_keys; i++) {
		aim__plan_key *k = &plan->keys[i];
		char text[24];
		if (!k->changed || !k->now.present)
			continue;
		aim__skip_node *node = aim__skip_node_new(&m->keys, k->key, aim__plan_value(k, text));
		if (!node)
			return AIM_E_NOMEM;
		node->version = k->now.version;
		node->expires_at_us = k->now.expires_at_us;
		k->mine = node;
	}
	return aim__skip_reserve(&m->keys, plan->n_keys);
}

static void forget(memory *m)
{
	aim__plan *plan = &m->plan;
	for (size_t i = 0; i < plan->n_keys; i++)
		aim__skip_node_free(&m->keys, plan->keys[i].mine);
	for (size_t i = 0; i < plan->n_rows; i++) {
		memory_row *r = plan->rows[i].mine;
		if (r)
			aim__free(m->ctx, r, sizeof *r + r->len);
	}
}

static void trim(const memory *m, memory_log *log, uint64_t before)
{
	size_t n = before > log->first ? (size_t)(before - log->first) : 0;
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		aim__free(m->ctx, log->rows[i], sizeof *log->rows[i] + log->rows[i]->len);
	memmove(log->rows, log->rows + n, (log->n_rows - n) * sizeof(memory_row *));
	log->n_rows -= n;
	log->first = before;
}

static void commit(memory *m)
{
	aim__plan *plan = &m->plan;
	for (size_t i = 0; i < plan->n_keys; i++) {
		aim__plan_key *k = &plan->keys[i];
		if (!k->changed)
			continue;
		if (k->stored)
			aim__skip_remove(&m->keys, aim__skip_find(&m->keys, k->key));
		if (k->mine)
			aim__skip_link(&m->keys, k->mine);
	}
	for (size_t i = 0; i < plan->n_rows; i++) {
		memory_log *log = plan->logs[plan->rows[i].log].mine;
		log->rows[log->n_rows++] = plan->rows[i].mine;
	}
	for (size_t i = 0; i < plan->n_logs; i++)
		trim(m, plan->logs[i].mine, plan->logs[i].trim);
}

static void sweep(memory *m, int64_t now_us)
{
	for (size_t i = 0; i < SWEEP_KEYS; i++) {
		aim__skip_node *node = aim__skip_first_due(&m->keys);
		if (!node || !aim__store_expired(node->expires_at_us, now_us))
			return;
		if (node->version > m->plan.version_floor)
			m->plan.version_floor = node->version;
		aim__skip_remove(&m->keys, node);
	}
}

static aim_status memory_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                               aim_error *err)
{
	memory *m = user;
	const aim__plan_source source = {plan_key, plan_log, m};
	uint64_t version_floor = m->plan.version_floor;
	aim_status rc = aim__plan_group(&m->plan, &source, batches, n_batches, now_us, err);
	if (rc != AIM_OK) {
		m->plan.version_floor = version_floor;
		return rc;
	}
	aim__mutex_lock(&m->lock);
	rc = prepare_keys(m);
	if (rc == AIM_OK)
		rc = prepare_rows(m);
	if (rc == AIM_OK) {
		commit(m);
		sweep(m, now_us);
	} else {
		forget(m);
		m->plan.version_floor = version_floor;
	}
	aim__mutex_unlock(&m->lock);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_STORE);
	aim__plan_publish(&m->plan);
	return AIM_OK;
}

static void memory_close(void *user)
{
	memory *m = user;
	aim_ctx *ctx = m->ctx;
	size_t cursor = 0;
	const aim__map_entry *entry;
	while ((entry = aim__map_next(&m->logs, &cursor)) != NULL)
		log_free(m, (memory_log *)entry->value);
	aim__map_dispose(&m->logs);
	aim__skip_dispose(&m->keys);
	aim__plan_dispose(&m->plan);
	aim__mutex_dispose(&m->lock);
	aim__free(ctx, m, sizeof *m);
	aim__ctx_unref(ctx);
}

aim_status aim__store_memory_engine(aim_ctx *ctx, aim_store_engine *out)
{
	memory *m = aim__alloc_zeroed(ctx, sizeof *m);
	if (!m)
		return AIM_E_NOMEM;
	aim_status rc = aim__mutex_init(&m->lock);
	if (rc != AIM_OK) {
		aim__free(ctx, m, sizeof *m);
		return rc;
	}
	m->ctx = aim__ctx_ref(ctx);
	aim__skip_init(&m->keys, ctx);
	aim__map_init(&m->logs, ctx, 0);
	aim__plan_init(&m->plan, ctx);
	*out = (aim_store_engine){sizeof *out, AIM_STORE_ENGINE_TRIMS, memory_get, memory_scan, memory_apply, memory_read, m,
	                          memory_close, NULL, NULL};
	return AIM_OK;
}
