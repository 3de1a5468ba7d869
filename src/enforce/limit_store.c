/* enforce/limit_store.c — counts in a store: one row per key, replaced only as it was read. Layer enforce.
 *
 *     limit/<name>/<key>    {"key":…,"calls":…,"generation":…,"at":[microseconds, oldest first]}
 *
 * A budget has no "at" and never expires; a window's row may go when its last call has left the window. A reset counts
 * the generation up, so that what was reserved before it is not given back after it. */
#include "enforce/limit.h"

#include "audit/commit.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "base/format.h"
#include "store/walk.h"

#include <string.h>

#define LAYER AIM_LAYER_ENFORCE

/* One row under way. Confined. */
typedef struct row {
	const aim_limit *limit;
	aim_str name; /* of the key; NULL: as the row says */
	aim_buf key, value;
	aim_json doc;
	uint64_t version; /* 0: there was none */
	int64_t generation, calls;
	int64_t *at; /* room for one more than was read */
	size_t n, cap;
} row;

static void row_init(row *r, const aim_limit *limit, aim_str name)
{
	memset(r, 0, sizeof *r);
	r->limit = limit;
	r->name = name;
	aim__buf_init(&r->key, limit->ctx);
	aim__buf_init(&r->value, limit->ctx);
	aim__json_init(&r->doc, limit->ctx);
}

static void row_dispose(row *r)
{
	aim__free(r->limit->ctx, r->at, r->cap * sizeof *r->at);
	aim__json_dispose(&r->doc);
	aim__buf_dispose(&r->value);
	aim__buf_dispose(&r->key);
}

static int is_budget(const row *r)
{
	return r->limit->window_us == AIM__LIMITER_FOREVER;
}

static aim_status corrupt(const row *r, const char *member, aim_error *err)
{
	return aim__fail(err, AIM_E_STORE_CORRUPT, LAYER, "'%s' of %.*s is missing or wrong", member,
	                 AIM__STR(aim_buf_str(&r->key)));
}

static aim_status read_number(const row *r, const char *name, int64_t *out, aim_error *err)
{
	aim_json_value v = aim_json_member(&r->doc, AIM_JSON_ROOT, aim_str_from(name));
	if (aim_json_int64(&r->doc, v, out) != AIM_OK || *out < 0)
		return corrupt(r, name, err);
	return AIM_OK;
}

static aim_status read_times(row *r, aim_error *err)
{
	aim_json_value list = aim_json_member(&r->doc, AIM_JSON_ROOT, aim_str_from("at"));
	void *at = r->at;
	aim_status rc = aim__grow(r->limit->ctx, &at, &r->cap, aim_json_count(&r->doc, list) + 1, sizeof *r->at, 8, 0);
	r->at = at;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	for (aim_json_value v = aim_json_first(&r->doc, list); v != AIM_JSON_NONE; v = aim_json_next(&r->doc, v)) {
		if (aim_json_int64(&r->doc, v, &r->at[r->n]) != AIM_OK || (r->n && r->at[r->n] < r->at[r->n - 1]))
			return corrupt(r, "at", err);
		r->n++;
	}
	return r->n == (size_t)r->calls ? AIM_OK : corrupt(r, "calls", err);
}

static aim_status parse(row *r, aim_error *err)
{
	aim_status rc = aim_json_parse(&r->doc, aim_buf_bytes(&r->value), AIM_JSON_BORROW, NULL);
	if (rc != AIM_OK)
		return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, LAYER) : corrupt(r, "value", err);
	rc = read_number(r, "generation", &r->generation, err);
	if (rc == AIM_OK)
		rc = read_number(r, "calls", &r->calls, err);
	return rc == AIM_OK && !is_budget(r) ? read_times(r, err) : rc;
}

/* What has left the window. A clock behind the newest call stands still. */
static void expire(row *r, int64_t *io_now)
{
	size_t gone = 0;
	if (is_budget(r))
		return;
	if (r->n && *io_now < r->at[r->n - 1])
		*io_now = r->at[r->n - 1];
	while (gone < r->n && *io_now - r->at[gone] >= r->limit->window_us)
		gone++;
	memmove(r->at, r->at + gone, (r->n - gone) * sizeof *r->at);
	r->n -= gone;
	r->calls = (int64_t)r->n;
}

static aim_status load(row *r, int64_t *io_now, aim_error *err)
{
	aim_str parts[2] = {{r->limit->name, r->limit->name_len}, r->name};
	r->n = 0;
	r->version = 0;
	r->generation = r->calls = 0;
	aim_status rc = aim__store_key(&r->key, AIM__LIMIT, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__store_get(r->limit->store, aim_buf_bytes(&r->key), &r->value, &r->version, err);
	if (rc == AIM_OK)
		rc = parse(r, err);
	else if (rc == AIM_E_NOT_FOUND)
		rc = is_budget(r) ? AIM_OK : read_times(r, err);
	if (rc == AIM_OK)
		expire(r, io_now);
	return rc;
}

static aim_status write_value(row *r, aim_error *err)
{
	aim__json_writer w;
	aim_buf_clear(&r->value);
	aim__write_init(&w, &r->value);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "key", r->name);
	aim__write_member_int64(&w, "calls", r->calls);
	aim__write_member_int64(&w, "generation", r->generation);
	if (!is_budget(r)) {
		aim__write_key(&w, "at");
		aim__write_begin_array(&w);
		for (size_t i = 0; i < r->n; i++)
			aim__write_int64(&w, r->at[i]);
		aim__write_end_array(&w);
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

/* AIM_E_CONFLICT: read it again. */
static aim_status save(row *r, int64_t now_us, aim_error *err)
{
	aim_store_op op = {.kind = r->version ? AIM_STORE_PUT_IF_VERSION : AIM_STORE_PUT_IF_ABSENT};
	aim_status rc = write_value(r, err);
	if (rc != AIM_OK)
		return rc;
	op.key = aim_buf_bytes(&r->key);
	op.value = aim_buf_bytes(&r->value);
	op.version = r->version;
	op.expires_at_us = is_budget(r) ? 0 : now_us + r->limit->window_us;
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	rc = aim__store_apply_group(r->limit->store, &batch, 1, err);
	return rc == AIM_OK ? batch.status : rc;
}

/* ---- what is done to a row; AIM_E_EXISTS: nothing to write ---- */

typedef aim_status (*change)(row *r, int64_t now_us, aim__limiter_mark *mark);

static aim_status count_one(row *r, int64_t now_us, aim__limiter_mark *mark)
{
	if (r->calls >= (int64_t)r->limit->max_calls)
		return AIM_DENIED;
	if (!is_budget(r))
		r->at[r->n++] = now_us;
	r->calls++;
	mark->at_us = now_us;
	mark->generation = (uint64_t)r->generation;
	return AIM_OK;
}

static aim_status count_back(row *r, int64_t now_us, aim__limiter_mark *mark)
{
	size_t i = r->n;
	(void)now_us;
	if (r->calls == 0 || (uint64_t)r->generation != mark->generation)
		return AIM_E_EXISTS;
	while (i > 0 && r->at[i - 1] != mark->at_us)
		i--;
	if (i == 0 && !is_budget(r))
		return AIM_E_EXISTS;
	r->calls--;
	if (is_budget(r))
		return AIM_OK;
	memmove(r->at + i - 1, r->at + i, (r->n - i) * sizeof *r->at);
	r->n--;
	return AIM_OK;
}

static aim_status count_none(row *r, int64_t now_us, aim__limiter_mark *mark)
{
	(void)now_us, (void)mark;
	if (r->version == 0)
		return AIM_E_EXISTS;
	r->generation++;
	r->calls = 0;
	r->n = 0;
	return AIM_OK;
}

static aim_status apply(row *r, change what, int64_t now_us, aim__limiter_mark *mark, aim_error *err)
{
	aim_status rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__COMMIT_ATTEMPTS; i++) {
		int64_t at_us = now_us;
		rc = load(r, &at_us, err);
		if (rc != AIM_OK)
			return rc;
		rc = what(r, at_us, mark);
		if (rc != AIM_OK)
			return rc == AIM_E_EXISTS ? AIM_OK : rc;
		rc = save(r, at_us, err);
	}
	return rc == AIM_E_CONFLICT ? aim__fail_plain(err, rc, LAYER) : rc;
}

static aim_status run(const aim_limit *limit, aim_str key, change what, int64_t now_us, aim__limiter_mark *mark,
                      aim_error *err)
{
	row r;
	row_init(&r, limit, key);
	aim_status rc = apply(&r, what, now_us, mark, err);
	row_dispose(&r);
	return rc;
}

aim_status aim__limit_shared_take(const aim_limit *limit, aim_str key, int64_t now_us, aim__limiter_mark *mark,
                                  aim_error *err)
{
	return limit->max_calls ? run(limit, key, count_one, now_us, mark, err) : AIM_DENIED;
}

aim_status aim__limit_shared_give_back(const aim_limit *limit, aim_str key, int64_t now_us,
                                       const aim__limiter_mark *mark, aim_error *err)
{
	aim__limiter_mark copy = *mark;
	return run(limit, key, count_back, now_us, &copy, err);
}

aim_status aim__limit_shared_forget(const aim_limit *limit, aim_str key, int64_t now_us, aim_error *err)
{
	return run(limit, key, count_none, now_us, NULL, err);
}

aim_status aim__limit_shared_count(const aim_limit *limit, aim_str key, int64_t now_us, uint64_t *out, aim_error *err)
{
	row r;
	row_init(&r, limit, key);
	aim_status rc = load(&r, &now_us, err);
	if (rc == AIM_OK)
		*out = (uint64_t)r.calls;
	row_dispose(&r);
	return rc;
}

/* ---- all of one name ---- */

typedef struct sweep {
	const aim_limit *limit;
	int64_t now_us;
} sweep;

static aim_status forget_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	const sweep *s = user;
	aim_json doc;
	(void)key, (void)version;
	aim__json_init(&doc, s->limit->ctx);
	aim_status rc = aim_json_parse(&doc, value, 0, err);
	if (rc == AIM_OK)
		rc = aim__limit_shared_forget(s->limit,
		                              aim_json_string(&doc, aim_json_member(&doc, AIM_JSON_ROOT, aim_str_from("key"))),
		                              s->now_us, err);
	aim__json_dispose(&doc);
	return rc;
}

aim_status aim__limit_shared_forget_all(const aim_limit *limit, int64_t now_us, aim_error *err)
{
	aim_buf prefix;
	sweep s = {limit, now_us};
	aim_str parts[2] = {{limit->name, limit->name_len}, {NULL, 0}};
	aim_bytes from_start = {NULL, 0};
	aim__buf_init(&prefix, limit->ctx);
	aim_status rc = aim__store_key(&prefix, AIM__LIMIT, parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__store_walk(limit->store, aim_buf_bytes(&prefix), from_start, forget_row, &s, err);
	aim__buf_dispose(&prefix);
	return rc;
}
