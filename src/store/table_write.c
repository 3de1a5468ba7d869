/* store/table_write.c — a group of batches as entries of a sorted table: what the plan wants, what expired. Layer
 * store; the form of keys and values is table.c's. */
#include "store/table.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define LAYER AIM_LAYER_STORE
#define SWEEP_KEYS 64u
/* Memory kept for the next group. */
#define KEEP_BYTES ((size_t)1 << 20)

static aim__table_key due_key(int64_t expires_at_us, aim_bytes key)
{
	aim__table_key k = aim__table_tagged('e', (aim_bytes){NULL, 0});
	aim__table_add_number(&k, (uint64_t)expires_at_us);
	aim__table_add_bytes(&k, key);
	return k;
}

/* What the plan asks */

/* A key's entry. Only a counter's value is wanted, and those are short; the copy outlives the walk. */
static aim_status take_found(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                             uint64_t position)
{
	aim__table_walk *k = user;
	(void)version, (void)position;
	if (!aim__table_is_same(key, k->prefix))
		return AIM__TABLE_ENOUGH;
	if (!aim__table_decode(value, &k->found)) {
		k->status = aim__table_corrupt(k->err);
		return AIM__TABLE_ENOUGH;
	}
	size_t len = k->found.value.len < 24 ? k->found.value.len : 24;
	uint8_t *copy = aim__arena_bytes(&k->w->arena, len);
	if (!copy)
		k->status = aim__fail_plain(k->err, AIM_E_NOMEM, LAYER);
	else
		memcpy(copy, k->found.value.ptr, len);
	k->found.value = aim_bytes_from(copy, len);
	return AIM__TABLE_ENOUGH;
}

/* mine becomes the expiry that is stored, for the entry that sorts by it. */
static aim_status plan_key(void *user, aim_bytes key, int want_value, aim__plan_found *out, void **mine,
                           aim_error *err)
{
	aim__table *w = user;
	aim__table_key from = aim__table_tagged('k', key);
	aim__table_walk k = {.w = w, .prefix = aim__table_span(&from), .err = err};
	(void)want_value;
	aim_status rc = aim__table_run_walk(&k, k.prefix, take_found);
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
	aim__table_walk *k = user;
	(void)version, (void)position;
	if (!aim__table_is_same(key, k->prefix))
		return AIM__TABLE_ENOUGH;
	if (value.len != 8)
		k->status = aim__table_corrupt(k->err);
	else
		k->found.version = aim__table_read_number(value.ptr);
	return AIM__TABLE_ENOUGH;
}

static aim_status find_number(aim__table *w, const aim__table_key *key, uint64_t *out, aim_error *err)
{
	aim__table_walk k = {.w = w, .prefix = aim__table_span(key), .err = err};
	aim_status rc = aim__table_run_walk(&k, k.prefix, take_number);
	*out = k.found.version;
	return rc;
}

static aim_status plan_log(void *user, aim_bytes name, uint64_t *out_next, void **mine,
                           aim_error *err)
{
	aim__table_key key = aim__table_tagged('n', name);
	(void)mine;
	return find_number(user, &key, out_next, err);
}

/* The entries of a group */

static aim_bytes copy(aim__table *w, aim_bytes bytes)
{
	uint8_t *to = aim__arena_bytes(&w->arena, bytes.len);
	if (to)
		memcpy(to, bytes.ptr, bytes.len);
	return aim_bytes_from(to, bytes.len);
}

/* value is borrowed; the key is copied. */
static aim_status push(aim__table *w, const aim__table_key *key, aim_bytes value, uint32_t flags)
{
	void *items = w->entries;
	aim_status rc =
		aim__grow(w->ctx, &items, &w->cap_entries, w->n_entries + 1, sizeof *w->entries, 16, 0);
	w->entries = items;
	if (rc != AIM_OK)
		return rc;
	aim_bytes own = copy(w, aim__table_span(key));
	w->entries[w->n_entries++] = (aim_store_entry){own, value, flags, 0};
	return own.ptr ? AIM_OK : AIM_E_NOMEM;
}

static aim_status push_number(aim__table *w, const aim__table_key *key, uint64_t number)
{
	uint8_t bytes[8];
	aim__table_write_number(bytes, number);
	aim_bytes own = copy(w, aim_bytes_from(bytes, sizeof bytes));
	return own.ptr ? push(w, key, own, 0) : AIM_E_NOMEM;
}

static aim_status push_removal(aim__table *w, const aim__table_key *key)
{
	return push(w, key, (aim_bytes){NULL, 0}, AIM_STORE_TABLE_REMOVE);
}

static aim_status push_due(aim__table *w, const aim__plan_key *k)
{
	const int64_t *stored = k->mine;
	int64_t old = stored ? *stored : 0;
	int64_t fresh = k->now.present ? k->now.expires_at_us : 0;
	aim_status rc = AIM_OK;
	if (old == fresh)
		return rc;
	if (old) {
		aim__table_key key = due_key(old, k->key);
		rc = push_removal(w, &key);
	}
	if (rc == AIM_OK && fresh) {
		aim__table_key key = due_key(fresh, k->key);
		rc = push(w, &key, (aim_bytes){NULL, 0}, 0);
	}
	return rc;
}

static aim_status push_key(aim__table *w, const aim__plan_key *k)
{
	char text[24];
	aim__table_key key = aim__table_tagged('k', k->key);
	if (!k->now.present)
		return k->stored ? push_removal(w, &key) : AIM_OK;
	aim_bytes value = aim__plan_value(k, text);
	size_t len;
	if (aim__add_overflows(value.len, AIM__TABLE_HEADER, &len))
		return AIM_E_NOMEM;
	uint8_t *bytes = aim__arena_bytes(&w->arena, len);
	if (!bytes)
		return AIM_E_NOMEM;
	aim__table_write_number(bytes, k->now.version);
	aim__table_write_number(bytes + 8, (uint64_t)k->now.expires_at_us);
	if (value.len)
		memcpy(bytes + AIM__TABLE_HEADER, value.ptr, value.len);
	return push(w, &key, aim_bytes_from(bytes, len), 0);
}

/* A trimmed log: its entries before the position go. next is that position. */
static aim_status take_trimmed(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                               uint64_t position)
{
	aim__table_walk *k = user;
	aim__table_key own = {.len = key.len};
	(void)value, (void)version, (void)position;
	if (!aim__table_starts_with(key, k->prefix) || key.len != k->prefix.len + 8 ||
	    aim__table_read_number(key.ptr + k->prefix.len) >= k->found.version)
		return AIM__TABLE_ENOUGH;
	memcpy(own.bytes, key.ptr, key.len);
	k->status = push_removal(k->w, &own);
	return k->status != AIM_OK ? AIM__TABLE_ENOUGH : AIM_OK;
}

static aim_status push_trims(aim__table *w, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < w->plan.n_logs; i++) {
		const aim__plan_log *log = &w->plan.logs[i];
		aim__table_key range = aim__table_rows_of(log->name);
		aim__table_walk k = {.w = w, .prefix = aim__table_span(&range), .err = err};
		k.found.version = log->trim;
		if (log->trim > 0)
			rc = aim__table_run_walk(&k, k.prefix, take_trimmed);
	}
	return rc;
}

static aim_status push_plan(aim__table *w)
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
		aim__table_key key = aim__table_rows_of(log->name);
		if (plan->rows[i].position < log->trim)
			continue;
		aim__table_add_number(&key, plan->rows[i].position);
		rc = push(w, &key, plan->rows[i].row, 0);
	}
	for (size_t i = 0; rc == AIM_OK && plan->n_rows && i < plan->n_logs; i++) {
		aim__table_key key = aim__table_tagged('n', plan->logs[i].name);
		rc = push_number(w, &key, plan->logs[i].next);
	}
	return rc;
}

/* Expired keys: collected in one walk, looked at and removed after it. */

typedef struct sweep {
	aim__table *w;
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
	    (int64_t)aim__table_read_number(key.ptr + 1) > s->now_us || s->n == SWEEP_KEYS)
		return AIM__TABLE_ENOUGH;
	aim_bytes own = copy(s->w, key);
	if (!own.ptr) {
		s->status = AIM_E_NOMEM;
		return AIM__TABLE_ENOUGH;
	}
	s->keys[s->n++] = own;
	return AIM_OK;
}

static aim_status remove_due(aim__table *w, aim_bytes due, aim_error *err)
{
	aim_bytes name = {due.ptr + 9, due.len - 9};
	aim__table_key key = aim__table_tagged('k', name);
	aim__table_key by_expiry = due_key((int64_t)aim__table_read_number(due.ptr + 1), name);
	const uintptr_t *planned = aim__map_find(&w->plan.key_index, name);
	if (planned && w->plan.keys[*planned].changed)
		return AIM_OK; /* the group itself wrote it, and its expiry */
	aim__table_walk k = {.w = w, .prefix = aim__table_span(&key), .err = err};
	aim_status rc = aim__table_run_walk(&k, k.prefix, take_found);
	if (rc == AIM_OK && k.found.version > w->plan.version_floor)
		w->plan.version_floor = k.found.version;
	if (rc == AIM_OK && k.found.stored)
		rc = push_removal(w, &key);
	return rc == AIM_OK ? push_removal(w, &by_expiry) : rc;
}

static aim_status push_sweep(aim__table *w, int64_t now_us, aim_error *err)
{
	static const uint8_t tag[] = {'e'};
	sweep s = {.w = w, .now_us = now_us, .status = AIM_OK};
	aim_status rc = w->table.walk(w->table.user, aim_bytes_from(tag, 1), take_due, &s, err);
	if (rc != AIM_OK && rc != AIM__TABLE_ENOUGH)
		return rc;
	rc = s.status;
	for (size_t i = 0; rc == AIM_OK && i < s.n; i++)
		rc = remove_due(w, s.keys[i], err);
	return rc;
}

static aim_status write_group(aim__table *w, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                              aim_error *err)
{
	const aim__plan_source source = {plan_key, plan_log, w};
	const aim__table_key floor_key = aim__table_tagged('m', (aim_bytes){NULL, 0});
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

aim_status aim__table_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                              aim_error *err)
{
	aim__table *w = user;
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
