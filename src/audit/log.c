/* audit/log.c — opening, closing and reading a log. Layer audit; appending is commit.c. */
#include "audit/log.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "store/text.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_audit_options, 8 + 2 * P + 4 * 4);
AIM__NO_PADDING(aim_audit_head, 8 + 8 + 32);
AIM__NO_PADDING(aim_audit_report, 8 + 3 * 8 + 32);
#undef P

#define DEFAULT_NAME "main"
#define DEFAULT_WINDOW_RECORDS 256u
#define DEFAULT_WINDOW_MS 200u

aim_bytes aim__audit_key(const aim_audit *log)
{
	return aim_bytes_from(log->head_key, log->head_key_len);
}

aim_bytes aim__audit_rows_key(const aim_audit *log)
{
	return aim_bytes_from_str(log->options.name);
}

static aim_status invalid(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "aim_audit_options.%s", what);
}

static aim_status take_options(const aim_ctx *ctx, const aim_audit_options *wanted,
                               aim_audit_options *out, aim_error *err)
{
	memset(out, 0, sizeof *out);
	aim_status rc = aim__sized_in(out, sizeof *out, wanted, sizeof *out, "aim_audit_options", err);
	if (rc != AIM_OK)
		return rc;
	if ((out->flags & ~AIM_AUDIT_DEGRADE) != 0 || out->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_AUDIT,
		                 "aim_audit_options.flags has an unknown bit, or .reserved is not 0");
	if (out->name.len == 0)
		out->name = aim_str_from(DEFAULT_NAME);
	if (out->window_records == 0)
		out->window_records = DEFAULT_WINDOW_RECORDS < ctx->limits.max_queue_records
		                              ? DEFAULT_WINDOW_RECORDS
		                              : ctx->limits.max_queue_records;
	if (out->window_ms == 0)
		out->window_ms = DEFAULT_WINDOW_MS;
	if (!aim__is_word(out->name, AIM__AUDIT_MAX_NAME_BYTES, "_-"))
		return invalid("name must be 1 to 64 of a-z, 0-9, _ and -", err);
	if (out->durability > AIM_AUDIT_BUFFERED)
		return invalid("durability must be AIM_AUDIT_DURABLE or AIM_AUDIT_BUFFERED", err);
	if (out->window_records > ctx->limits.max_queue_records)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT,
		                 "aim_audit_options.window_records is more than the limit of %u",
		                 ctx->limits.max_queue_records);
	return AIM_OK;
}

static aim_status found_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                            uint64_t position)
{
	(void)key;
	(void)value;
	(void)version;
	(void)position;
	*(int *)user = 1;
	return AIM_OK;
}

aim_status aim__audit_has_row(aim_audit *log, uint64_t position, int *out, aim_error *err)
{
	*out = 0;
	return aim__store_read_log(log->store, aim__audit_rows_key(log), position, 1, found_row, out, err);
}

static aim_status load_head(aim_audit *log, aim_error *err)
{
	aim__audit_group *g = &log->group;
	return aim__audit_head_load(log->store, aim__audit_key(log), &g->scratch, &g->head, err);
}

/* A head that cannot be read, or is gone while its rows are there, is found at once and not at the
 * first append. Another process may write the first rows, with their head, between two looks. */
static aim_status check_head(aim_audit *log, aim_error *err)
{
	const aim__audit_head *head = &log->group.head;
	int has_row = 0;
	aim_status rc = load_head(log, err);
	if (rc == AIM_OK && head->state == AIM__HEAD_ABSENT)
		rc = aim__audit_has_row(log, 0, &has_row, err);
	if (rc == AIM_OK && has_row)
		rc = load_head(log, err);
	if (rc == AIM_OK && has_row && head->state == AIM__HEAD_ABSENT)
		return aim__fail(err, AIM_E_AUDIT_CORRUPT, AIM_LAYER_AUDIT,
		                 "the log has rows and no head");
	return rc;
}

static void dispose(aim_audit *log)
{
	aim__audit_slot *slot;
	while ((slot = log->idle)) {
		log->idle = slot->next;
		aim__audit_slot_free(log, slot);
	}
	if (log->gap_slot)
		aim__audit_slot_free(log, log->gap_slot);
	aim__audit_failures_dispose(log);
	aim__audit_queue_dispose(log);
	aim__audit_group_dispose(log);
	aim__mutex_dispose(&log->mutex);
	aim_ctx *ctx = log->ctx;
	aim_store *store = log->store;
	aim__wipe(log->salts, sizeof log->salts);
	aim__free(ctx, log, sizeof *log);
	aim__store_unref(store);
}

static aim_status fill(aim_audit *log, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (log->options.durability == AIM_AUDIT_BUFFERED)
		rc = aim__audit_queue_init(log);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	if (log->options.flags & AIM_AUDIT_DEGRADE)
		rc = aim__audit_slot_take(log, &log->gap_slot, err);
	return rc == AIM_OK ? check_head(log, err) : rc;
}

static aim_audit *make(aim_store *store, const aim_audit_options *options)
{
	aim_audit *log = aim__alloc_zeroed(store->ctx, sizeof *log);
	if (!log)
		return NULL;
	if (aim__mutex_init(&log->mutex) != AIM_OK) {
		aim__free(store->ctx, log, sizeof *log);
		return NULL;
	}
	log->store = aim__store_ref(store);
	log->ctx = store->ctx;
	log->options = *options;
	memcpy(log->name, options->name.ptr, options->name.len);
	log->options.name.ptr = log->name;
	log->head_key_len = aim__audit_head_key(log->options.name, log->head_key);
	atomic_init(&log->references, 1);
	atomic_init(&log->deadline_us, INT64_MAX);
	atomic_init(&log->failures_us, INT64_MAX);
	aim__buf_init(&log->group.head_text, log->ctx);
	aim__buf_init(&log->group.scratch, log->ctx);
	return log;
}

aim_status aim_audit_open(aim_store *store, const aim_audit_options *options, aim_audit **out,
                          aim_error *err)
{
	aim_audit_options o;
	if (!store || !out)
		return AIM__MISUSE(store ? store->ctx : NULL, "store and out are required");
	aim_status rc = take_options(store->ctx, options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_audit *log = make(store, &o);
	if (!log)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_AUDIT);
	rc = fill(log, err);
	if (rc != AIM_OK) {
		dispose(log);
		return rc;
	}
	*out = log;
	return AIM_OK;
}

aim_audit *aim__audit_ref(aim_audit *log)
{
	atomic_fetch_add_explicit(&log->references, 1, memory_order_relaxed);
	return log;
}

aim_status aim_audit_close(aim_audit *log, aim_error *err)
{
	if (!log)
		return AIM_OK;
	aim_status rc = aim__audit_failures_write(log, INT64_MAX, err);
	aim_status flushed = aim_audit_flush(log, rc == AIM_OK ? err : NULL);
	if (rc == AIM_OK)
		rc = flushed;
	if (atomic_fetch_sub_explicit(&log->references, 1, memory_order_acq_rel) == 1)
		dispose(log);
	return rc;
}

void aim__audit_unref(aim_audit *log)
{
	if (!log)
		return;
	aim_ctx *ctx = aim__ctx_ref(log->ctx);
	aim_error err;
	memset(&err, 0, sizeof err);
	if (aim_audit_close(log, &err) != AIM_OK)
		aim__ctx_log(ctx, AIM_LOG_ERROR, "audit records are lost at close: %s", err.message);
	aim__ctx_unref(ctx);
}

void aim_audit_free(aim_audit *log)
{
	aim__audit_unref(log);
}

aim_store *aim__audit_store(const aim_audit *log)
{
	return log->store;
}

aim_ctx *aim__audit_ctx(const aim_audit *log)
{
	return log->ctx;
}

aim_status aim_audit_poll(aim_audit *log, int64_t now_us, aim_error *err)
{
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	aim_status rc = AIM_OK;
	if (now_us >= atomic_load_explicit(&log->deadline_us, memory_order_relaxed))
		rc = aim_audit_flush(log, err);
	if (rc == AIM_OK && now_us >= atomic_load_explicit(&log->failures_us, memory_order_relaxed))
		rc = aim__audit_failures_write(log, now_us, err);
	return rc;
}

int64_t aim_audit_next_deadline_ms(const aim_audit *log, int64_t now_us)
{
	if (!log) {
		(void)AIM__MISUSE(NULL, "log is required");
		return -1;
	}
	int64_t due = atomic_load_explicit(&log->deadline_us, memory_order_relaxed);
	int64_t failures = atomic_load_explicit(&log->failures_us, memory_order_relaxed);
	if (failures < due)
		due = failures;
	if (due == INT64_MAX)
		return -1;
	/* Rounded up: a host that waits so long finds the work due. */
	return due <= now_us ? 0 : (due - now_us + 999) / 1000;
}

aim_status aim__audit_tree(aim_audit *log, aim__merkle_frontier *out, aim_error *err)
{
	aim__audit_head head;
	aim_buf scratch;
	aim__buf_init(&scratch, log->ctx);
	aim_status rc = aim__audit_head_load(log->store, aim__audit_key(log), &scratch, &head, err);
	aim__buf_dispose(&scratch);
	if (rc == AIM_OK)
		*out = head.tree;
	return rc;
}

aim_status aim_audit_current(aim_audit *log, aim_audit_head *out, aim_error *err)
{
	aim_audit_head head = {.struct_size = sizeof head};
	aim__merkle_frontier tree;
	aim__merkle_hash root;
	if (!log || !out)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and out are required");
	aim_status rc = aim__audit_tree(log, &tree, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__merkle_frontier_root(log->ctx, &tree, &root);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	head.size = tree.count;
	memcpy(head.root, root.bytes, sizeof head.root);
	return aim__sized_out(out, &head, sizeof head, sizeof head);
}
