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
#include <aim/plugin/store_table.h>
#include "store/plan.h"

#include "base/arena.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE
#define HEADER 16u /* version and expiry in front of a value */
#define SWEEP_KEYS 64u
/* Ends a walk that has what it wants; no status is positive. */
#define ENOUGH 1
/* Memory kept for the next group. */
#define KEEP_BYTES ((size_t)1 << 20)

_Static_assert(AIM_STORE_TABLE_MAX_KEY_BYTES >= 1 + 2 + AIM_STORE_MAX_KEY_BYTES + 8, "keys fit");

typedef struct wrapper {
	aim_ctx *ctx; /* referenced */
	aim_store_table table;
	aim__mutex lock;
	aim__plan plan;
	aim__arena arena; /* bytes of the group in progress */
	aim_store_entry *entries;
	size_t n_entries, cap_entries;
} wrapper;

/* Keys of the table */

typedef struct table_key {
	size_t len;
	uint8_t bytes[AIM_STORE_TABLE_MAX_KEY_BYTES + 1];
} table_key;

static void write_number(uint8_t *p, uint64_t number)
{
	for (size_t i = 8; i-- > 0; number >>= 8)
		p[i] = (uint8_t)number;
}

static uint64_t read_number(const uint8_t *p)
{
	uint64_t number = 0;
	for (size_t i = 0; i < 8; i++)
		number = number << 8 | p[i];
	return number;
}

static void add_number(table_key *k, uint64_t number)
{
	write_number(k->bytes + k->len, number);
	k->len += 8;
}

static void add_bytes(table_key *k, aim_bytes bytes)
{
	if (bytes.len)
		memcpy(k->bytes + k->len, bytes.ptr, bytes.len);
	k->len += bytes.len;
}

static aim_bytes span_of(const table_key *k)
{
	return aim_bytes_from(k->bytes, k->len);
}

static table_key tagged(char tag, aim_bytes name)
{
	table_key k;
	k.len = 1;
	k.bytes[0] = (uint8_t)tag;
	add_bytes(&k, name);
	return k;
}

static table_key rows_of(aim_bytes log)
{
	table_key k;
	k.len = 3;
	k.bytes[0] = 'l';
	k.bytes[1] = (uint8_t)(log.len >> 8);
	k.bytes[2] = (uint8_t)log.len;
	add_bytes(&k, log);
	return k;
}

static table_key due_key(int64_t expires_at_us, aim_bytes key)
{
	table_key k = tagged('e', (aim_bytes){NULL, 0});
	add_number(&k, (uint64_t)expires_at_us);
	add_bytes(&k, key);
	return k;
}

static int starts_with(aim_bytes key, aim_bytes prefix)
{
	return key.ptr && key.len >= prefix.len && memcmp(key.ptr, prefix.ptr, prefix.len) == 0;
}

static int is_same(aim_bytes a, aim_bytes b)
{
	return a.len == b.len && starts_with(a, b);
}

static aim_status corrupt(aim_error *err)
{
	return aim__fail(err, AIM_E_STORE_CORRUPT, LAYER, "an entry of the table is not what was written");
}

/* Walking: each use has a function that takes entries and says when it has enough. */

typedef struct walk {
	wrapper *w;
	aim_bytes prefix; /* the walk ends at the first key without it */
	int64_t now_us;
	size_t limit;
	aim_store_row row;
	void *row_user;
	aim_error *err;
	aim_status status; /* what the caller's row, or this file, answered */
	aim__plan_found found;
	int is_there;
} walk;

static aim_status run_walk(walk *k, aim_bytes from, aim_store_row take)
{
	aim_status rc = k->w->table.walk(k->w->table.user, from, take, k, k->err);
	if (k->status != AIM_OK)
		return k->status;
	return rc == ENOUGH ? AIM_OK : rc;
}

static int decode(aim_bytes value, aim__plan_found *out)
{
	if (value.len < HEADER || !value.ptr)
		return 0;
	out->stored = 1;
	out->version = read_number(value.ptr);
	out->expires_at_us = (int64_t)read_number(value.ptr + 8);
	out->value = aim_bytes_from(value.ptr + HEADER, value.len - HEADER);
	return 1;
}

/* Keys for get and scan. */
static aim_status take_key(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	walk *k = user;
	aim__plan_found found;
	(void)version, (void)position;
	if (!starts_with(key, k->prefix))
		return ENOUGH;
	if (!decode(value, &found)) {
		k->status = corrupt(k->err);
		return ENOUGH;
	}
	if (aim__store_expired(found.expires_at_us, k->now_us))
		return AIM_OK;
	k->is_there = 1;
	key = aim_bytes_from(key.ptr + 1, key.len - 1);
	k->status = k->row(k->row_user, key, found.value, found.version, 0);
	return k->status != AIM_OK || --k->limit == 0 ? ENOUGH : AIM_OK;
}

static aim_status take_one_key(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                               uint64_t position)
{
	const walk *k = user;
	if (is_same(key, k->prefix))
		take_key(user, key, value, version, position);
	return ENOUGH;
}

static aim_status take_row(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	walk *k = user;
	(void)version, (void)position;
	if (!starts_with(key, k->prefix) || key.len != k->prefix.len + 8)
		return ENOUGH;
	aim_bytes log = {k->prefix.ptr + 3, k->prefix.len - 3};
	k->status = k->row(k->row_user, log, value, 0, read_number(key.ptr + k->prefix.len));
	return k->status != AIM_OK || --k->limit == 0 ? ENOUGH : AIM_OK;
}

static aim_status locked_walk(walk *k, aim_bytes from, aim_store_row take)
{
	aim__mutex_lock(&k->w->lock);
	aim_status rc = run_walk(k, from, take);
	aim__mutex_unlock(&k->w->lock);
	return rc;
}

static aim_status table_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                            aim_error *err)
{
	table_key from = tagged('k', key);
	walk k = {.w = user, .prefix = span_of(&from), .now_us = now_us, .limit = 1, .err = err};
	k.row = row;
	k.row_user = row_user;
	aim_status rc = locked_walk(&k, k.prefix, take_one_key);
	return rc == AIM_OK && !k.is_there ? AIM_E_NOT_FOUND : rc;
}

static aim_status table_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                             aim_store_row row, void *row_user, aim_error *err)
{
	table_key range = tagged('k', prefix);
	table_key behind = tagged('k', after);
	walk k = {.w = user, .prefix = span_of(&range), .now_us = now_us, .limit = limit, .err = err};
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
	return locked_walk(&k, span_of(&behind), take_key);
}

static aim_status table_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                             void *row_user, aim_error *err)
{
	table_key range = rows_of(log);
	table_key start = range;
	walk k = {.w = user, .prefix = span_of(&range), .limit = limit, .err = err};
	k.row = row;
	k.row_user = row_user;
	add_number(&start, from);
	return limit ? locked_walk(&k, span_of(&start), take_row) : AIM_OK;
}

/* What the plan asks */

/* A key's entry. Only a counter's value is wanted, and those are short; the copy outlives the walk. */
static aim_status take_found(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                             uint64_t position)
{
	walk *k = user;
	(void)version, (void)position;
	if (!is_same(key, k->prefix))
		return ENOUGH;
	if (!decode(value, &k->found)) {
		k->status = corrupt(k->err);
		return ENOUGH;
	}
	size_t len = k->found.value.len < 24 ? k->found.value.len : 24;
	uint8_t *copy = aim__arena_bytes(&k->w->arena, len);
	if (!copy)
		k->status = aim__fail_plain(k->err, AIM_E_NOMEM, LAYER);
	else
		memcpy(copy, k->found.value.ptr, len);
	k->found.value = aim_bytes_from(copy, len);
	return ENOUGH;
}

/* mine becomes the expiry that is stored, for the entry that sorts by it. */
static aim_status plan_key(void *user, aim_bytes key, int want_value, aim__plan_found *out, void **mine,
                           aim_error *err)
{
	wrapper *w = user;
	table_key from = tagged('k', key);
	walk k = {.w = w, .prefix = span_of(&from), .err = err};
	(void)want_value;
	aim_status rc = run_walk(&k, k.prefix, take_found);
	if (rc != AIM_OK || !k.found.stored)
		return rc;
	int64_t *expiry = aim__arena_alloc(&w->arena, sizeof *expiry);
	if (!expiry)
		return AIM_E_NOMEM;
	*expiry = k.found.expires_at_us;
	*mine = expiry;
	*out = k.found;
	return AIM_OK;
}

static aim_status take_number(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                              uint64_t position)
{
	walk *k = user;
	(void)version, (void)position;
	if (!is_same(key, k->prefix))
		return ENOUGH;
	if (value.len != 8)
		k->status = corrupt(k->err);
	else
		k->found.version = read_number(value.ptr);
	return ENOUGH;
}

static aim_status find_number(wrapper *w, const table_key *key, uint64_t *out, aim_error *err)
{
	walk k = {.w = w, .prefix = span_of(key), .err = err};
	aim_status rc = run_walk(&k, k.prefix, take_number);
	*out = k.found.version;
	return rc;
}

static aim_status plan_log(void *user, aim_bytes name, uint64_t *out_next, void **mine,
                           aim_error *err)
{
	table_key key = tagged('n', name);
	(void)mine;
	return find_number(user, &key, out_next, err);
}

/* The entries of a group */

static aim_bytes copy(wrapper *w, aim_bytes bytes)
{
	uint8_t *to = aim__arena_bytes(&w->arena, bytes.len);
	if (to)
		memcpy(to, bytes.ptr, bytes.len);
	return aim_bytes_from(to, bytes.len);
}

/* value is borrowed; the key is copied. */
static aim_status push(wrapper *w, const table_key *key, aim_bytes value, uint32_t flags)
{
	void *items = w->entries;
	aim_status rc =
		aim__grow(w->ctx, &items, &w->cap_entries, w->n_entries + 1, sizeof *w->entries, 16, 0);
	w->entries = items;
	if (rc != AIM_OK)
		return rc;
	aim_bytes own = copy(w, span_of(key));
	w->entries[w->n_entries++] = (aim_store_entry){own, value, flags, 0};
	return own.ptr ? AIM_OK : AIM_E_NOMEM;
}

static aim_status push_number(wrapper *w, const table_key *key, uint64_t number)
{
	uint8_t bytes[8];
	write_number(bytes, number);
	aim_bytes own = copy(w, aim_bytes_from(bytes, sizeof bytes));
	return own.ptr ? push(w, key, own, 0) : AIM_E_NOMEM;
}

static aim_status push_removal(wrapper *w, const table_key *key)
{
	return push(w, key, (aim_bytes){NULL, 0}, AIM_STORE_TABLE_REMOVE);
}

static aim_status push_due(wrapper *w, const aim__plan_key *k)
{
	const int64_t *stored = k->mine;
	int64_t old = stored ? *stored : 0;
	int64_t fresh = k->now.present ? k->now.expires_at_us : 0;
	aim_status rc = AIM_OK;
	if (old == fresh)
		return rc;
	if (old) {
		table_key key = due_key(old, k->key);
		rc = push_removal(w, &key);
	}
	if (rc == AIM_OK && fresh) {
		table_key key = due_key(fresh, k->key);
		rc = push(w, &key, (aim_bytes){NULL, 0}, 0);
	}
	return rc;
}

static aim_status push_key(wrapper *w, const aim__plan_key *k)
{
	char text[24];
	table_key key = tagged('k', k->key);
	if (!k->now.present)
		return k->stored ? push_removal(w, &key) : AIM_OK;
	aim_bytes value = aim__plan_value(k, text);
	size_t len;
	if (aim__add_overflows(value.len, HEADER, &len))
		return AIM_E_NOMEM;
	uint8_t *bytes = aim__arena_bytes(&w->arena, len);
	if (!bytes)
		return AIM_E_NOMEM;
	write_number(bytes, k->now.version);
	write_number(bytes + 8, (uint64_t)k->now.expires_at_us);
	if (value.len)
		memcpy(bytes + HEADER, value.ptr, value.len);
	return push(w, &key, aim_bytes_from(bytes, len), 0);
}

/* A trimmed log: its entries before the position go. next is that position. */
static aim_status take_trimmed(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                               uint64_t position)
{
	walk *k = user;
	table_key own = {.len = key.len};
	(void)value, (void)version, (void)position;
	if (!starts_with(key, k->prefix) || key.len != k->prefix.len + 8 ||
	    read_number(key.ptr + k->prefix.len) >= k->found.version)
		return ENOUGH;
	memcpy(own.bytes, key.ptr, key.len);
	k->status = push_removal(k->w, &own);
	return k->status != AIM_OK ? ENOUGH : AIM_OK;
}

static aim_status push_trims(wrapper *w, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < w->plan.n_logs; i++) {
		const aim__plan_log *log = &w->plan.logs[i];
		table_key range = rows_of(log->name);
		walk k = {.w = w, .prefix = span_of(&range), .err = err};
		k.found.version = log->trim;
		if (log->trim > 0)
			rc = run_walk(&k, k.prefix, take_trimmed);
	}
	return rc;
}

static aim_status push_plan(wrapper *w)
{
	const aim__plan *plan = &w->plan;
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < plan->n_keys; i++) {
		if (!plan->keys[i].changed)
			continue;
		rc = push_key(w, &plan->keys[i]);
		if (rc == AIM_OK)
			rc = push_due(w, &plan->keys[i]);
	}
	for (size_t i = 0; rc == AIM_OK && i < plan->n_rows; i++) {
		const aim__plan_log *log = &plan->logs[plan->rows[i].log];
		table_key key = rows_of(log->name);
		if (plan->rows[i].position < log->trim)
			continue;
		add_number(&key, plan->rows[i].position);
		rc = push(w, &key, plan->rows[i].row, 0);
	}
	for (size_t i = 0; rc == AIM_OK && plan->n_rows && i < plan->n_logs; i++) {
		table_key key = tagged('n', plan->logs[i].name);
		rc = push_number(w, &key, plan->logs[i].next);
	}
	return rc;
}

/* Expired keys: collected in one walk, looked at and removed after it. */

typedef struct sweep {
	wrapper *w;
	int64_t now_us;
	size_t n;
	aim_bytes keys[SWEEP_KEYS]; /* of the entries that sort by expiry */
	aim_status status;
} sweep;

static aim_status take_due(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                           uint64_t position)
{
	sweep *s = user;
	(void)value, (void)version, (void)position;
	if (key.len < 10 || key.ptr[0] != 'e' || key.len > AIM_STORE_MAX_KEY_BYTES + 9 ||
	    (int64_t)read_number(key.ptr + 1) > s->now_us || s->n == SWEEP_KEYS)
		return ENOUGH;
	aim_bytes own = copy(s->w, key);
	if (!own.ptr) {
		s->status = AIM_E_NOMEM;
		return ENOUGH;
	}
	s->keys[s->n++] = own;
	return AIM_OK;
}

static aim_status remove_due(wrapper *w, aim_bytes due, aim_error *err)
{
	aim_bytes name = {due.ptr + 9, due.len - 9};
	table_key key = tagged('k', name);
	table_key by_expiry = due_key((int64_t)read_number(due.ptr + 1), name);
	const uintptr_t *planned = aim__map_find(&w->plan.key_index, name);
	if (planned && w->plan.keys[*planned].changed)
		return AIM_OK; /* the group itself wrote it, and its expiry */
	walk k = {.w = w, .prefix = span_of(&key), .err = err};
	aim_status rc = run_walk(&k, k.prefix, take_found);
	if (rc == AIM_OK && k.found.version > w->plan.version_floor)
		w->plan.version_floor = k.found.version;
	if (rc == AIM_OK && k.found.stored)
		rc = push_removal(w, &key);
	return rc == AIM_OK ? push_removal(w, &by_expiry) : rc;
}

static aim_status push_sweep(wrapper *w, int64_t now_us, aim_error *err)
{
	static const uint8_t tag[] = {'e'};
	sweep s = {.w = w, .now_us = now_us, .status = AIM_OK};
	aim_status rc = w->table.walk(w->table.user, aim_bytes_from(tag, 1), take_due, &s, err);
	if (rc != AIM_OK && rc != ENOUGH)
		return rc;
	rc = s.status;
	for (size_t i = 0; rc == AIM_OK && i < s.n; i++)
		rc = remove_due(w, s.keys[i], err);
	return rc;
}

static aim_status write_group(wrapper *w, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                              aim_error *err)
{
	const aim__plan_source source = {plan_key, plan_log, w};
	const table_key floor_key = tagged('m', (aim_bytes){NULL, 0});
	uint64_t before = 0;
	aim_status rc = find_number(w, &floor_key, &before, err);
	w->plan.version_floor = before;
	if (rc == AIM_OK)
		rc = aim__plan_group(&w->plan, &source, batches, n_batches, now_us, err);
	if (rc == AIM_OK)
		rc = push_plan(w);
	if (rc == AIM_OK)
		rc = push_trims(w, err);
	if (rc == AIM_OK)
		rc = push_sweep(w, now_us, err);
	if (rc == AIM_OK && w->plan.version_floor != before)
		rc = push_number(w, &floor_key, w->plan.version_floor);
	if (rc == AIM_OK && w->n_entries)
		rc = w->table.write(w->table.user, w->entries, w->n_entries, err);
	return rc;
}

static aim_status table_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                              aim_error *err)
{
	wrapper *w = user;
	aim__mutex_lock(&w->lock);
	w->n_entries = 0;
	if (w->arena.total > KEEP_BYTES)
		aim__arena_dispose(&w->arena);
	aim__arena_reset(&w->arena);
	aim_status rc = write_group(w, batches, n_batches, now_us, err);
	if (rc == AIM_OK)
		aim__plan_publish(&w->plan);
	aim__mutex_unlock(&w->lock);
	return rc == AIM_E_NOMEM ? aim__fail_plain(err, rc, LAYER) : rc;
}

static void table_close(void *user)
{
	wrapper *w = user;
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

static wrapper *make_wrapper(aim_ctx *ctx, const aim_store_table *table)
{
	wrapper *w = aim__alloc_zeroed(ctx, sizeof *w);
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
	wrapper *w = NULL;
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
	*out = (aim_store_engine){sizeof *out, AIM_STORE_ENGINE_TRIMS, table_get, table_scan, table_apply, table_read, w,
	                          table_close, NULL, NULL};
	return AIM_OK;
}
