/* store/table.c — a store engine on any sorted table of bytes. Layer store; the rules are the
 * plan's, the bytes are the caller's, here is only how one lies in the other:
 *
 *     'k' key                      version, expiry, value
 *     'l' name length, name, position    a row
 *     'n' name                     the next position of a log
 *     'e' expiry, key              nothing: what expires first comes first
 *     'm'                          the version floor
 *
 * Numbers are 8 bytes, greatest first, so that they sort; the name's length is 2. */
#include "store/table.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE

_Static_assert(AIM_STORE_TABLE_MAX_KEY_BYTES >= 1 + 2 + AIM_STORE_MAX_KEY_BYTES + 8, "keys fit");

/* Keys of the table */

void aim__table_write_number(uint8_t *p, uint64_t number)
{
	for (size_t i = 8; i-- > 0; number >>= 8)
		p[i] = (uint8_t)number;
}

uint64_t aim__table_read_number(const uint8_t *p)
{
	uint64_t number = 0;
	for (size_t i = 0; i < 8; i++)
		number = number << 8 | p[i];
	return number;
}

void aim__table_add_number(aim__table_key *k, uint64_t number)
{
	aim__table_write_number(k->bytes + k->len, number);
	k->len += 8;
}

void aim__table_add_bytes(aim__table_key *k, aim_bytes bytes)
{
	if (bytes.len)
		memcpy(k->bytes + k->len, bytes.ptr, bytes.len);
	k->len += bytes.len;
}

aim_bytes aim__table_span(const aim__table_key *k)
{
	return aim_bytes_from(k->bytes, k->len);
}

aim__table_key aim__table_tagged(char tag, aim_bytes name)
{
	aim__table_key k;
	k.len = 1;
	k.bytes[0] = (uint8_t)tag;
	aim__table_add_bytes(&k, name);
	return k;
}

aim__table_key aim__table_rows_of(aim_bytes log)
{
	aim__table_key k;
	k.len = 3;
	k.bytes[0] = 'l';
	k.bytes[1] = (uint8_t)(log.len >> 8);
	k.bytes[2] = (uint8_t)log.len;
	aim__table_add_bytes(&k, log);
	return k;
}

int aim__table_starts_with(aim_bytes key, aim_bytes prefix)
{
	return key.ptr && key.len >= prefix.len && memcmp(key.ptr, prefix.ptr, prefix.len) == 0;
}

int aim__table_is_same(aim_bytes a, aim_bytes b)
{
	return a.len == b.len && aim__table_starts_with(a, b);
}

aim_status aim__table_corrupt(aim_error *err)
{
	return aim__fail(err, AIM_E_STORE_CORRUPT, LAYER, "an entry of the table is not what was written");
}

aim_status aim__table_run_walk(aim__table_walk *k, aim_bytes from, aim_store_row take)
{
	aim_status rc = k->w->table.walk(k->w->table.user, from, take, k, k->err);
	if (k->status != AIM_OK)
		return k->status;
	return rc == AIM__TABLE_ENOUGH ? AIM_OK : rc;
}

int aim__table_decode(aim_bytes value, aim__plan_found *out)
{
	if (value.len < AIM__TABLE_HEADER || !value.ptr)
		return 0;
	out->stored = 1;
	out->version = aim__table_read_number(value.ptr);
	out->expires_at_us = (int64_t)aim__table_read_number(value.ptr + 8);
	out->value = aim_bytes_from(value.ptr + AIM__TABLE_HEADER, value.len - AIM__TABLE_HEADER);
	return 1;
}

/* Keys for get and scan. */
static aim_status take_key(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	aim__table_walk *k = user;
	aim__plan_found found;
	(void)version, (void)position;
	if (!aim__table_starts_with(key, k->prefix))
		return AIM__TABLE_ENOUGH;
	if (!aim__table_decode(value, &found)) {
		k->status = aim__table_corrupt(k->err);
		return AIM__TABLE_ENOUGH;
	}
	if (aim__store_expired(found.expires_at_us, k->now_us))
		return AIM_OK;
	k->is_there = 1;
	key = aim_bytes_from(key.ptr + 1, key.len - 1);
	k->status = k->row(k->row_user, key, found.value, found.version, 0);
	return k->status != AIM_OK || --k->limit == 0 ? AIM__TABLE_ENOUGH : AIM_OK;
}

static aim_status take_one_key(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                               uint64_t position)
{
	const aim__table_walk *k = user;
	if (aim__table_is_same(key, k->prefix))
		take_key(user, key, value, version, position);
	return AIM__TABLE_ENOUGH;
}

static aim_status take_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	aim__table_walk *k = user;
	(void)version, (void)position;
	if (!aim__table_starts_with(key, k->prefix) || key.len != k->prefix.len + 8)
		return AIM__TABLE_ENOUGH;
	aim_bytes log = {k->prefix.ptr + 3, k->prefix.len - 3};
	k->status = k->row(k->row_user, log, value, 0, aim__table_read_number(key.ptr + k->prefix.len));
	return k->status != AIM_OK || --k->limit == 0 ? AIM__TABLE_ENOUGH : AIM_OK;
}

static aim_status locked_walk(aim__table_walk *k, aim_bytes from, aim_store_row take)
{
	aim__mutex_lock(&k->w->lock);
	aim_status rc = aim__table_run_walk(k, from, take);
	aim__mutex_unlock(&k->w->lock);
	return rc;
}

static aim_status table_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                            aim_error *err)
{
	aim__table_key from = aim__table_tagged('k', key);
	aim__table_walk k = {.w = user, .prefix = aim__table_span(&from), .now_us = now_us, .limit = 1, .err = err};
	k.row = row;
	k.row_user = row_user;
	aim_status rc = locked_walk(&k, k.prefix, take_one_key);
	return rc == AIM_OK && !k.is_there ? AIM_E_NOT_FOUND : rc;
}

static aim_status table_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                             aim_store_row row, void *row_user, aim_error *err)
{
	aim__table_key range = aim__table_tagged('k', prefix);
	aim__table_key behind = aim__table_tagged('k', after);
	aim__table_walk k = {.w = user, .prefix = aim__table_span(&range), .now_us = now_us, .limit = limit};
	k.err = err;
	k.row = row;
	k.row_user = row_user;
	if (limit == 0)
		return AIM_OK;
	size_t n = prefix.len < after.len ? prefix.len : after.len;
	int order = n ? memcmp(after.ptr, prefix.ptr, n) : 0;
	if (after.len == 0 || order < 0 || (order == 0 && after.len < prefix.len))
		return locked_walk(&k, k.prefix, take_key);
	/* The least key behind after is after with a zero byte. */
	behind.bytes[behind.len++] = 0;
	return locked_walk(&k, aim__table_span(&behind), take_key);
}

static aim_status table_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                             void *row_user, aim_error *err)
{
	aim__table_key range = aim__table_rows_of(log);
	aim__table_key start = range;
	aim__table_walk k = {.w = user, .prefix = aim__table_span(&range), .limit = limit, .err = err};
	k.row = row;
	k.row_user = row_user;
	aim__table_add_number(&start, from);
	return limit ? locked_walk(&k, aim__table_span(&start), take_row) : AIM_OK;
}

/* Opening and closing */

static void table_close(void *user)
{
	aim__table *w = user;
	aim_ctx *ctx = w->ctx;
	if (w->table.close)
		w->table.close(w->table.user);
	aim__plan_dispose(&w->plan);
	aim__arena_dispose(&w->arena);
	aim__free(ctx, w->entries, w->cap_entries * sizeof *w->entries);
	aim__mutex_dispose(&w->lock);
	aim__free(ctx, w, sizeof *w);
	aim__ctx_unref(ctx);
}

static aim__table *make_wrapper(aim_ctx *ctx, const aim_store_table *table)
{
	aim__table *w = aim__alloc_zeroed(ctx, sizeof *w);
	if (!w)
		return NULL;
	if (aim__mutex_init(&w->lock) != AIM_OK) {
		aim__free(ctx, w, sizeof *w);
		return NULL;
	}
	w->ctx = aim__ctx_ref(ctx);
	w->table = *table;
	aim__plan_init(&w->plan, ctx);
	aim__arena_init(&w->arena, ctx, 0, 0);
	return w;
}

aim_status aim_store_table_wrap(aim_ctx *ctx, const aim_store_table *table, aim_store_engine *out,
                                aim_error *err)
{
	aim_store_table own = {0};
	aim__table *w = NULL;
	if (!table)
		return AIM__MISUSE(ctx, "table is required");
	aim_status rc = aim__sized_table(&own, sizeof own, table, sizeof own, "aim_store_table", err);
	if (rc != AIM_OK)
		return rc;
	if (!ctx || !out)
		rc = AIM__MISUSE(ctx, "ctx and out are required");
	else if (own.flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, LAYER, "aim_store_table.flags must be 0");
	else if (!own.walk || !own.write)
		rc = aim__fail(err, AIM_E_INVALID, LAYER, "aim_store_table needs walk and write");
	else
		w = make_wrapper(ctx, &own);
	if (!w) {
		if (own.close)
			own.close(own.user);
		return rc == AIM_OK ? aim__fail_plain(err, AIM_E_NOMEM, LAYER) : rc;
	}
	*out = (aim_store_engine){sizeof *out, AIM_STORE_ENGINE_TRIMS, table_get, table_scan, aim__table_apply, table_read,
	                          w, table_close, NULL, NULL};
	return AIM_OK;
}
