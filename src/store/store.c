/* store/store.c — the store handle: checks what goes to an engine and what comes back from it.
 * Layer store; knows no engine. */
#include "store/store.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE

static aim_status now_us(const aim_store *store, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(store->ctx, out);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, LAYER);
}

static int is_key(aim_bytes key)
{
	return key.ptr && key.len > 0 && key.len <= AIM_STORE_MAX_KEY_BYTES;
}

static aim_status check_key(aim_bytes key, aim_error *err)
{
	if (is_key(key))
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, LAYER, "a key has %zu bytes; 1 to %u are possible", key.len,
	                 AIM_STORE_MAX_KEY_BYTES);
}

/* A status that an engine may not return is its fault, whatever it meant. An engine may leave the words
 * to libaim. */
static aim_status engine_status(aim_status rc, const char *function, aim_error *err)
{
	if (rc < AIM_OK && err && err->status != rc)
		return aim__fail_plain(err, rc, LAYER);
	if (rc <= AIM_OK)
		return rc;
	return aim__fail(err, AIM_E_STORE_ENGINE, LAYER, "the engine's %s returned %d, which is no status",
	                 function, rc);
}

/* Walks: every row passes through here, so that an engine that lies is found out. */

typedef struct walk {
	aim_store_row row;
	void *row_user;
	const char *function;
	aim_bytes prefix;
	uint64_t next; /* log: least position that may come */
	size_t left;
	int is_log;
	aim_status stopped; /* what row returned to end the walk */
	const char *broken; /* what the engine did wrong */
	size_t last_len;
	uint8_t last[AIM_STORE_MAX_KEY_BYTES]; /* keys: the one before */
} walk;

static int is_greater(aim_bytes key, const uint8_t *last, size_t last_len)
{
	size_t n = key.len < last_len ? key.len : last_len;
	int order = n ? memcmp(key.ptr, last, n) : 0;
	return order > 0 || (order == 0 && key.len > last_len);
}

static const char *row_fault(const walk *w, aim_bytes key, uint64_t position)
{
	if (w->stopped != AIM_OK)
		return "a row after the walk was ended";
	if (w->left == 0)
		return "more rows than asked for";
	if (w->is_log)
		return position < w->next ? "positions out of order" : NULL;
	if (!is_key(key) || key.len < w->prefix.len ||
	    (w->prefix.len && memcmp(key.ptr, w->prefix.ptr, w->prefix.len) != 0))
		return "a key outside the range";
	return is_greater(key, w->last, w->last_len) ? NULL : "keys out of order";
}

static aim_status check_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                            uint64_t position)
{
	walk *w = user;
	const char *fault = row_fault(w, key, position);
	if (!fault && !value.ptr && value.len)
		fault = "a value without bytes";
	if (fault) {
		w->broken = fault;
		return AIM_E_STORE_ENGINE;
	}
	w->left--;
	w->next = position + 1;
	if (!w->is_log) {
		memcpy(w->last, key.ptr, key.len);
		w->last_len = key.len;
	}
	w->stopped = w->row(w->row_user, key, value, version, position);
	return w->stopped;
}

static aim_status finish_walk(const walk *w, aim_status rc, aim_error *err)
{
	if (w->broken)
		return aim__fail(err, AIM_E_STORE_ENGINE, LAYER, "the engine's %s gave %s", w->function,
		                 w->broken);
	return w->stopped != AIM_OK ? w->stopped : engine_status(rc, w->function, err);
}

/* get: exactly the key asked for, once. */

typedef struct value_sink {
	aim_bytes key;
	aim_buf *out;
	uint64_t version;
	uint32_t n_rows;
	aim_status status; /* of the buffer */
} value_sink;

static aim_status take_value(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                             uint64_t position)
{
	value_sink *sink = user;
	(void)position;
	sink->n_rows++;
	if (sink->n_rows > 1 || key.len != sink->key.len || !key.ptr ||
	    memcmp(key.ptr, sink->key.ptr, key.len) != 0 || (!value.ptr && value.len))
		return AIM_E_STORE_ENGINE;
	sink->version = version;
	sink->status = aim__buf_add(sink->out, value.ptr, value.len);
	return sink->status;
}

/* Appends the value; out is as before on failure. AIM_E_NOT_FOUND leaves err untouched. */
static aim_status read_value(aim_store *store, aim_bytes key, aim_buf *out, uint64_t *out_version,
                             aim_error *err)
{
	int64_t now;
	value_sink sink = {key, out, 0, 0, AIM_OK};
	size_t before = out->len;
	aim_status rc = check_key(key, err);
	if (rc == AIM_OK)
		rc = now_us(store, &now, err);
	if (rc != AIM_OK)
		return rc;
	rc = store->engine.get(store->engine.user, key, now, take_value, &sink, err);
	if (rc == AIM_E_NOT_FOUND && sink.n_rows == 0)
		return rc;
	if (sink.status != AIM_OK)
		rc = aim__fail_plain(err, sink.status, LAYER);
	else if (sink.n_rows > 1 || rc == AIM_E_STORE_ENGINE || rc > AIM_OK ||
	         (rc == AIM_OK) != (sink.n_rows == 1))
		rc = aim__fail(err, AIM_E_STORE_ENGINE, LAYER,
		               "the engine's get did not answer with the key asked for, once");
	if (rc != AIM_OK) {
		aim__buf_truncate(out, before);
		return engine_status(rc, "get", err);
	}
	if (out_version)
		*out_version = sink.version;
	return AIM_OK;
}

aim_status aim__store_get(aim_store *store, aim_bytes key, aim_buf *out, uint64_t *out_version,
                          aim_error *err)
{
	aim_buf_clear(out);
	return read_value(store, key, out, out_version, err);
}

aim_status aim__store_scan(aim_store *store, aim_bytes prefix, aim_bytes after, size_t limit,
                           aim_store_row row, void *row_user, aim_error *err)
{
	int64_t now;
	walk w = {.row = row, .row_user = row_user, .function = "scan", .prefix = prefix, .left = limit};
	if (prefix.len > AIM_STORE_MAX_KEY_BYTES || after.len > AIM_STORE_MAX_KEY_BYTES)
		return aim__fail(err, AIM_E_INVALID, LAYER, "a range of keys is longer than %u bytes",
		                 AIM_STORE_MAX_KEY_BYTES);
	aim_status rc = now_us(store, &now, err);
	if (rc != AIM_OK || limit == 0)
		return rc;
	w.last_len = after.len;
	if (after.len)
		memcpy(w.last, after.ptr, after.len);
	rc = store->engine.scan(store->engine.user, prefix, after, limit, now, check_row, &w, err);
	return finish_walk(&w, rc, err);
}

aim_status aim__store_read_log(aim_store *store, aim_bytes log, uint64_t from, size_t limit,
                               aim_store_row row, void *row_user, aim_error *err)
{
	walk w = {.row = row, .row_user = row_user, .function = "read", .next = from, .left = limit};
	w.is_log = 1;
	aim_status rc = check_key(log, err);
	if (rc != AIM_OK || limit == 0)
		return rc;
	rc = store->engine.read(store->engine.user, log, from, limit, check_row, &w, err);
	return finish_walk(&w, rc, err);
}

/* apply_group */

static aim_status check_op(const aim_store *store, const aim_store_op *op, aim_error *err)
{
	if (op->kind < AIM_STORE_PUT || op->kind > AIM_STORE_TRIM || op->flags != 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "operation kind %u with flags %u is unknown",
		                 op->kind, op->flags);
	if (op->kind == AIM_STORE_TRIM && !aim__store_trims(store))
		return aim__fail(err, AIM_E_UNSUPPORTED, LAYER, "this store's engine cannot trim logs");
	if (op->expires_at_us < AIM_STORE_KEEP_EXPIRY)
		return aim__fail(err, AIM_E_INVALID, LAYER, "an expiry lies before 1970");
	if ((!op->value.ptr && op->value.len) || op->value.len > store->ctx->limits.max_buffer_bytes)
		return aim__fail(err, AIM_E_INVALID, LAYER, "a value has %zu bytes; the limit is %llu",
		                 op->value.len,
		                 (unsigned long long)store->ctx->limits.max_buffer_bytes);
	return check_key(op->key, err);
}

aim_status aim__store_check_ops(const aim_store *store, const aim_store_op *ops, size_t n_ops,
                                aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < n_ops; i++)
		rc = check_op(store, &ops[i], err);
	return rc;
}

/* Also sets statuses that no engine may leave behind. */
static aim_status check_group(const aim_store *store, aim_store_batch *batches, size_t n_batches,
                              aim_error *err)
{
	aim_status rc = AIM_OK;
	if (store->flags & AIM_STORE_READ_ONLY)
		return aim__fail(err, AIM_E_STORE_READONLY, LAYER, "the store was opened read-only");
	for (size_t i = 0; i < n_batches; i++) {
		aim_store_batch *batch = &batches[i];
		batch->status = AIM_E_STORE_ENGINE;
		batch->failed_op = 0;
		if (batch->n_ops > UINT32_MAX || (batch->n_ops && !batch->ops))
			return aim__fail(err, AIM_E_INVALID, LAYER, "a batch without operations");
		rc = aim__store_check_ops(store, batch->ops, batch->n_ops, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static aim_status check_answers(const aim_store_batch *batches, size_t n_batches, aim_error *err)
{
	for (size_t i = 0; i < n_batches; i++) {
		const aim_store_batch *batch = &batches[i];
		if (batch->status == AIM_OK)
			continue;
		if (batch->status != AIM_E_CONFLICT && batch->status != AIM_E_STORE_BOUND)
			return aim__fail(err, AIM_E_STORE_ENGINE, LAYER,
			                 "the engine's apply_group gave batch %zu the status %d", i,
			                 batch->status);
		if (batch->failed_op >= batch->n_ops)
			return aim__fail(err, AIM_E_STORE_ENGINE, LAYER,
			                 "the engine's apply_group says that operation %u of %zu failed",
			                 batch->failed_op, batch->n_ops);
	}
	return AIM_OK;
}

static aim_status run_group(aim_store *store, aim_store_batch *batches, size_t n_batches,
                            aim_error *err)
{
	int64_t now;
	aim_status rc = check_group(store, batches, n_batches, err);
	if (rc == AIM_OK)
		rc = now_us(store, &now, err);
	if (rc != AIM_OK)
		return rc;
	rc = store->engine.apply_group(store->engine.user, batches, n_batches, now, err);
	atomic_fetch_add_explicit(&store->n_groups, 1, memory_order_relaxed);
	rc = engine_status(rc, "apply_group", err);
	return rc == AIM_OK ? check_answers(batches, n_batches, err) : rc;
}

aim_status aim__store_apply_held(aim_store *store, aim_store_batch *batches, size_t n_batches,
                                 aim_error *err)
{
	aim_status rc = run_group(store, batches, n_batches, err);
	for (size_t i = 0; rc != AIM_OK && i < n_batches; i++) {
		batches[i].status = rc;
		batches[i].failed_op = 0;
	}
	return rc;
}

aim_status aim__store_apply_group(aim_store *store, aim_store_batch *batches, size_t n_batches,
                                  aim_error *err)
{
	aim__mutex_lock(&store->apply_lock);
	aim_status rc = aim__store_apply_held(store, batches, n_batches, err);
	aim__mutex_unlock(&store->apply_lock);
	return rc;
}

aim_status aim__store_hold(aim_store *store, aim_error *err)
{
	aim_status rc = AIM_OK;
	aim__mutex_lock(&store->apply_lock);
	if (store->engine.hold)
		rc = engine_status(store->engine.hold(store->engine.user, err), "hold", err);
	if (rc != AIM_OK)
		aim__mutex_unlock(&store->apply_lock);
	return rc;
}

void aim__store_release(aim_store *store)
{
	if (store->engine.release)
		store->engine.release(store->engine.user);
	aim__mutex_unlock(&store->apply_lock);
}

/* The handle */

aim_store *aim__store_ref(aim_store *store)
{
	atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
	return store;
}

void aim__store_unref(aim_store *store)
{
	if (!store || atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1)
		return;
	aim_ctx *ctx = store->ctx;
	if (store->engine.close)
		store->engine.close(store->engine.user);
	aim__mutex_dispose(&store->apply_lock);
	aim__free(ctx, store, sizeof *store);
	aim__ctx_unref(ctx);
}

void aim_store_free(aim_store *store)
{
	aim__store_unref(store);
}

aim_status aim_store_read_key(aim_store *store, aim_bytes key, aim_buf *out, uint64_t *out_version,
                              aim_error *err)
{
	if (!store || !out)
		return AIM__MISUSE(store ? store->ctx : NULL, "store and out are required");
	aim_status rc = read_value(store, key, out, out_version, err);
	if (rc == AIM_E_NOT_FOUND)
		return aim__fail(err, rc, LAYER, "the store has no such key");
	return rc;
}

static int is_hosts(aim_bytes key)
{
	static const char prefix[] = "host/";
	return key.ptr && key.len > sizeof prefix - 1 && memcmp(key.ptr, prefix, sizeof prefix - 1) == 0;
}

aim_status aim_store_apply(aim_store *store, aim_store_batch *batch, aim_error *err)
{
	if (!store || !batch || (batch->n_ops && !batch->ops))
		return AIM__MISUSE(store ? store->ctx : NULL, "store, batch and its ops are required");
	for (size_t i = 0; i < batch->n_ops; i++) {
		if (is_hosts(batch->ops[i].key))
			continue;
		batch->status = AIM_E_INVALID;
		batch->failed_op = (uint32_t)i;
		return aim__fail(err, AIM_E_INVALID, LAYER, "keys of hosts start with \"host/\"");
	}
	aim_status rc = aim__store_apply_group(store, batch, 1, err);
	if (rc != AIM_OK || batch->status == AIM_OK)
		return rc;
	return aim__fail(err, batch->status, LAYER, "operation %u of the batch: %s", batch->failed_op,
	                 aim_status_text(batch->status));
}
