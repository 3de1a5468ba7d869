/* store/conformance.c — the runner of the conformance suite and the calls its checks make. Layer
 * store; calls engines directly, without the handle's checks. */
#include "store/conformance.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE

void aim__expect(aim__conformance *t, int holds, const char *what)
{
	if (!holds && !t->failed)
		t->failed = what;
}

aim_bytes aim__text(const char *text)
{
	return aim_bytes_from_str(aim_str_from(text));
}

static int starts_with(const aim_buf *buf, aim_bytes bytes)
{
	return buf->len >= bytes.len && (bytes.len == 0 || memcmp(buf->ptr, bytes.ptr, bytes.len) == 0);
}

static int same(const aim_buf *buf, aim_bytes bytes)
{
	return buf->len == bytes.len && starts_with(buf, bytes);
}

int aim__gave_value(const aim__conformance *t, aim_bytes value)
{
	return t->result == AIM_OK && t->n_rows == 1 && same(&t->values, value);
}

int aim__gave_keys(const aim__conformance *t, const char *keys)
{
	return t->result == AIM_OK && same(&t->keys, aim__text(keys));
}

static aim_status take(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                       uint64_t position)
{
	aim__conformance *t = user;
	t->n_rows++;
	t->version = version;
	t->position = position;
	aim_status rc = aim__buf_add(&t->keys, key.ptr, key.len);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&t->keys, '|');
	if (rc == AIM_OK)
		rc = aim__buf_add(&t->values, value.ptr, value.len);
	if (rc != AIM_OK)
		t->status = rc;
	return rc == AIM_OK ? t->stop : rc;
}

static void clear(aim__conformance *t)
{
	t->n_rows = 0;
	t->version = t->position = 0;
	aim_buf_clear(&t->keys);
	aim_buf_clear(&t->values);
}

void aim__do_get(aim__conformance *t, aim_bytes key)
{
	clear(t);
	t->result = t->engine.get(t->engine.user, key, t->now_us, take, t, &t->engine_error);
	aim__expect(t, (t->result == AIM_OK) == (t->n_rows == 1) || t->stop != AIM_OK,
	            "get calls row once exactly when it returns AIM_OK");
	aim__expect(t, t->n_rows == 0 || (t->keys.len == key.len + 1 && starts_with(&t->keys, key)),
	            "get hands out the key asked for");
}

void aim__do_scan(aim__conformance *t, aim_bytes prefix, aim_bytes after, size_t limit)
{
	clear(t);
	t->result = t->engine.scan(t->engine.user, prefix, after, limit, t->now_us, take, t,
	                           &t->engine_error);
}

void aim__do_read(aim__conformance *t, aim_bytes log, uint64_t from, size_t limit)
{
	clear(t);
	t->result = t->engine.read(t->engine.user, log, from, limit, take, t, &t->engine_error);
}

void aim__do_group(aim__conformance *t, aim_store_batch *batches, size_t n_batches)
{
	for (size_t i = 0; i < n_batches; i++) {
		batches[i].status = AIM_E_INTERNAL;
		batches[i].failed_op = 0;
	}
	aim_status rc =
		t->engine.apply_group(t->engine.user, batches, n_batches, t->now_us, &t->engine_error);
	aim__expect(t, rc == AIM_OK, "apply_group returns AIM_OK, also when a batch fails");
	for (size_t i = 0; i < n_batches; i++)
		aim__expect(t, batches[i].status == AIM_OK || batches[i].failed_op < batches[i].n_ops,
		            "failed_op is the index of an operation");
}

aim_status aim__do_op(aim__conformance *t, aim_store_op op)
{
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	aim__do_group(t, &batch, 1);
	return batch.status;
}

uint64_t aim__do_put(aim__conformance *t, aim_bytes key, aim_bytes value)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = key, .value = value};
	aim__expect(t, aim__do_op(t, op) == AIM_OK, "PUT succeeds");
	aim__do_get(t, key);
	aim__expect(t, aim__gave_value(t, value), "a key reads back as it was written");
	return t->version;
}

/* The run */

static void open_engine(aim__conformance *t, int32_t fresh)
{
	memset(&t->engine, 0, sizeof t->engine);
	t->status = t->suite->open(t->suite->user, fresh, &t->engine, &t->engine_error);
	if (t->status != AIM_OK)
		return;
	t->is_open = t->engine.get && t->engine.scan && t->engine.apply_group && t->engine.read;
	if (!t->is_open)
		t->status = aim__fail(&t->engine_error, AIM_E_INVALID, LAYER,
		                      "the engine lacks get, scan, apply_group or read");
}

static void close_engine(aim__conformance *t)
{
	if (t->engine.close)
		t->engine.close(t->engine.user);
	memset(&t->engine, 0, sizeof t->engine);
	t->is_open = 0;
}

/* What a call does on an engine that could not be opened again: nothing, and the check has failed. */

static aim_status gone_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                           aim_error *err)
{
	(void)user, (void)key, (void)now_us, (void)row, (void)row_user, (void)err;
	return AIM_E_STATE;
}

static aim_status gone_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                            aim_store_row row, void *row_user, aim_error *err)
{
	(void)prefix, (void)limit;
	return gone_get(user, after, now_us, row, row_user, err);
}

static aim_status gone_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                             aim_error *err)
{
	(void)user, (void)batches, (void)n_batches, (void)now_us, (void)err;
	return AIM_E_STATE;
}

static aim_status gone_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                            void *row_user, aim_error *err)
{
	(void)from, (void)limit;
	return gone_get(user, log, 0, row, row_user, err);
}

void aim__do_reopen(aim__conformance *t)
{
	close_engine(t);
	open_engine(t, 0);
	if (t->is_open)
		return;
	t->engine = (aim_store_engine){sizeof t->engine, 0, gone_get, gone_scan, gone_apply, gone_read,
	                               NULL, NULL, NULL, NULL};
	aim__expect(t, 0, "the database opens again");
}

static int is_possible(const aim_store_conformance *suite, const aim__conformance_check *check)
{
	if ((check->needs & AIM__CONFORMANCE_NEEDS_REOPEN) &&
	    (suite->flags & AIM_STORE_CONFORMANCE_VOLATILE))
		return 0;
	return suite->parallel || !(check->needs & AIM__CONFORMANCE_NEEDS_THREADS);
}

/* One check on a fresh database; AIM_E_STORE_ENGINE when it failed. */
static aim_status run_check(aim_ctx *ctx, const aim_store_conformance *suite,
                            const aim__conformance_check *check, aim_error *err)
{
	aim__conformance t = {.ctx = ctx, .suite = suite, .now_us = AIM__CONFORMANCE_NOW_US};
	aim__buf_init(&t.keys, ctx);
	aim__buf_init(&t.values, ctx);
	open_engine(&t, 1);
	int is_asked = !(check->needs & AIM__CONFORMANCE_NEEDS_TRIM) ||
	               (t.engine.flags & AIM_STORE_ENGINE_TRIMS);
	if (t.is_open && is_asked)
		check->run(&t);
	close_engine(&t);
	aim__buf_dispose(&t.keys);
	aim__buf_dispose(&t.values);
	if (t.status != AIM_OK) {
		aim__fail_plain(err, t.status, LAYER);
		if (err && t.engine_error.status == t.status)
			*err = t.engine_error;
		return t.status;
	}
	if (suite->report && is_asked)
		suite->report(suite->user, check->name, !t.failed, t.failed ? t.failed : "");
	if (!t.failed)
		return AIM_OK;
	return aim__fail(err, AIM_E_STORE_ENGINE, LAYER, "%s: expected: %s", check->name, t.failed);
}

static aim_status run_checks(aim_ctx *ctx, const aim_store_conformance *suite,
                             const aim__conformance_checks *list, aim_status before, aim_error *err)
{
	aim_status result = before;
	for (size_t i = 0; i < list->n_checks; i++) {
		if (!is_possible(suite, &list->checks[i]))
			continue;
		aim_status rc = run_check(ctx, suite, &list->checks[i], result == AIM_OK ? err : NULL);
		if (rc != AIM_OK && rc != AIM_E_STORE_ENGINE)
			return rc;
		if (rc != AIM_OK)
			result = rc;
	}
	return result;
}

aim_status aim_store_conformance_run(aim_ctx *ctx, const aim_store_conformance *suite,
                                     aim_error *err)
{
	static const aim__conformance_checks *const lists[] = {
		&aim__conformance_keys, &aim__conformance_groups, &aim__conformance_logs};
	aim_store_conformance own = {0};
	if (!ctx || !suite)
		return AIM__MISUSE(ctx, "ctx and suite are required");
	aim_status rc =
		aim__sized_table(&own, sizeof own, suite, sizeof own, "aim_store_conformance", err);
	if (rc != AIM_OK)
		return rc;
	if (!own.open || (own.flags & ~AIM_STORE_CONFORMANCE_VOLATILE))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "aim_store_conformance needs open, and flags that are known");
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		rc = run_checks(ctx, &own, lists[i], rc, err);
		if (rc != AIM_OK && rc != AIM_E_STORE_ENGINE)
			return rc;
	}
	return rc;
}
