/* evidence/replay_store.c — the replay guard's nonces in a store, shared by every process that opens it
 * under one name. Layer evidence.
 *
 *     nonce/<guard>/<scope>/<nonce>                  a live nonce, for people to look at
 *     replay/<guard>/due/<timestamp>/<scope>/<nonce> the same by time; the oldest is due first
 *     replay/<guard>/floor                           a counter: messages from before are refused
 *     replay/<guard>/count[/<scope>]                 counters: live nonces in all, and of one key
 *
 * An engine's own expiry would follow the engine's clock, and forget without a trace. So nothing here
 * expires: nonces are removed in the batch that raises the floor past them. Every insert depends on the
 * floor in its own batch, so no process can take in what another has just forgotten. */
#include "evidence/replay_store.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "store/text.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE

#define VALUE_SIZE 192u
/* Inserts between two looks for due nonces; a page is more than came in meanwhile. */
#define PURGE_EVERY 16u

/* Operations of an insert, in the order of the checks. */
#define OP_FLOOR 0u
#define OP_FLOOR_BACK 1u
#define OP_NONCE 2u
#define OP_SCOPE 3u
#define OP_TOTAL 4u
#define OP_DUE 5u
#define N_INSERT_OPS 6u

/* ---- keys and values ---- */

aim_bytes aim__replay_name_key(const aim__replay_shared *s, const char *what, char out[AIM__REPLAY_KEY_SIZE])
{
	return aim_bytes_from(out, aim__format(out, AIM__REPLAY_KEY_SIZE, "replay/%s/%s", s->name, what));
}

aim_bytes aim__replay_scope_key(const aim__replay_shared *s, const char *scope, char out[AIM__REPLAY_KEY_SIZE])
{
	return aim_bytes_from(out, aim__format(out, AIM__REPLAY_KEY_SIZE, "replay/%s/count/%.*s", s->name,
	                                       (int)AIM__REPLAY_TAG_DIGITS, scope));
}

aim_bytes aim__replay_nonce_key(const aim__replay_shared *s, const aim__replay_row *r, char out[AIM__REPLAY_KEY_SIZE])
{
	return aim_bytes_from(out, aim__format(out, AIM__REPLAY_KEY_SIZE, "nonce/%s/%.*s/%.*s", s->name,
	                                       (int)AIM__REPLAY_TAG_DIGITS, r->scope, (int)AIM__REPLAY_TAG_DIGITS, r->nonce));
}

/* Sixteen digits, so that the order of keys is the order of times. */
static void write_time(int64_t us, char out[AIM__REPLAY_TIME_DIGITS])
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)us >> (56 - 8 * i));
	aim__hex_write((aim_bytes){bytes, sizeof bytes}, out);
}

aim_bytes aim__replay_due_key(const aim__replay_shared *s, const aim__replay_row *r, char out[AIM__REPLAY_KEY_SIZE])
{
	char at[AIM__REPLAY_TIME_DIGITS];
	write_time(r->timestamp_us, at);
	return aim_bytes_from(out, aim__format(out, AIM__REPLAY_KEY_SIZE, "replay/%s/due/%.*s/%.*s/%.*s", s->name,
	                                       (int)AIM__REPLAY_TIME_DIGITS, at, (int)AIM__REPLAY_TAG_DIGITS, r->scope,
	                                       (int)AIM__REPLAY_TAG_DIGITS, r->nonce));
}

static aim__replay_row row_of(const aim__replay_item *item)
{
	aim__replay_row r = {.timestamp_us = item->timestamp_us};
	aim__hex_write((aim_bytes){item->scope, sizeof item->scope}, r.scope);
	aim__hex_write((aim_bytes){item->nonce, sizeof item->nonce}, r.nonce);
	return r;
}

aim_status aim__replay_corrupt(aim_error *err, const char *what)
{
	return aim__fail(err, AIM_E_STORE_CORRUPT, LAYER,
	                 "the store's %s of the replay guard is not what was written", what);
}

static int read_counter(aim_str text, int64_t *out)
{
	int64_t value = 0;
	if (text.len == 0 || text.len > 18)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 0;
		value = value * 10 + (text.ptr[i] - '0');
	}
	*out = value;
	return 1;
}

/* An absent counter is 0. */
aim_status aim__replay_load_counter(aim__replay_shared *s, aim_bytes key, const char *what, int64_t *out,
                               uint64_t *out_version, aim_error *err)
{
	*out = 0;
	*out_version = 0;
	aim_status rc = aim__store_get(s->store, key, &s->value, out_version, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	return rc == AIM_OK && !read_counter(aim_buf_str(&s->value), out) ? aim__replay_corrupt(err, what) : rc;
}

/* The floor is written when the guard is first opened; without it nothing can be said. */
aim_status aim__replay_load_floor(aim__replay_shared *s, int64_t *out, aim_error *err)
{
	char key[AIM__REPLAY_KEY_SIZE];
	uint64_t version;
	aim_status rc = aim__replay_load_counter(s, aim__replay_name_key(s, "floor", key), "floor", out, &version, err);
	return rc == AIM_OK && version == 0 ? aim__replay_corrupt(err, "floor") : rc;
}

/* ---- remembering ---- */

static aim_status look(aim__replay_shared *s, const aim__replay_item *item, aim_error *err)
{
	int64_t floor;
	char key[AIM__REPLAY_KEY_SIZE];
	const aim__replay_row r = row_of(item);
	aim_status rc = aim__replay_load_floor(s, &floor, err);
	if (rc != AIM_OK)
		return rc;
	if (item->timestamp_us < floor)
		return AIM_E_STALE;
	rc = aim__store_get(s->store, aim__replay_nonce_key(s, &r, key), &s->value, NULL, err);
	if (rc == AIM_E_NOT_FOUND)
		return AIM_OK;
	return rc == AIM_OK ? AIM_E_REPLAY : rc;
}

static aim_bytes write_value(const aim__replay_shared *s, const aim__replay_row *r, char out[VALUE_SIZE])
{
	return aim_bytes_from(out, aim__format(out, VALUE_SIZE,
	                                       "{\"guard\":\"%s\",\"key\":\"%.*s\",\"timestamp_us\":%lld}",
	                                       s->name, (int)AIM__REPLAY_TAG_DIGITS, r->scope,
	                                       (long long)r->timestamp_us));
}

/* What the precondition that failed says. */
static aim_status refusal(const aim_store_batch *batch, aim_error *err)
{
	if (batch->status == AIM_OK)
		return AIM_OK;
	if (batch->status == AIM_E_STORE_BOUND && batch->failed_op == OP_FLOOR)
		return AIM_E_STALE;
	if (batch->status == AIM_E_CONFLICT && batch->failed_op == OP_NONCE)
		return AIM_E_REPLAY;
	if (batch->status == AIM_E_STORE_BOUND &&
	    (batch->failed_op == OP_SCOPE || batch->failed_op == OP_TOTAL))
		return AIM_E_REPLAY_FULL;
	return aim__replay_corrupt(err, "counters");
}

static aim_store_op add_op(aim_bytes key, int64_t delta, int64_t bound)
{
	return (aim_store_op){.kind = AIM_STORE_ADD, .key = key, .delta = delta, .bound = bound};
}

/* One up and one down leaves the floor as it is, and fails when it is past the timestamp. */
static aim_status insert(aim__replay_shared *s, const aim__replay_item *item, aim_error *err)
{
	char keys[N_INSERT_OPS][AIM__REPLAY_KEY_SIZE];
	char value[VALUE_SIZE];
	const aim__replay_row r = row_of(item);
	const aim_bytes floor = aim__replay_name_key(s, "floor", keys[OP_FLOOR]);
	aim_store_op ops[N_INSERT_OPS];
	ops[OP_FLOOR] = add_op(floor, 1, item->timestamp_us + 1);
	ops[OP_FLOOR_BACK] = add_op(floor, -1, 0);
	ops[OP_NONCE] = (aim_store_op){.kind = AIM_STORE_PUT_IF_ABSENT};
	ops[OP_NONCE].key = aim__replay_nonce_key(s, &r, keys[OP_NONCE]);
	ops[OP_NONCE].value = write_value(s, &r, value);
	ops[OP_SCOPE] = add_op(aim__replay_scope_key(s, r.scope, keys[OP_SCOPE]), 1, s->rules.max_per_key);
	ops[OP_TOTAL] = add_op(aim__replay_name_key(s, "count", keys[OP_TOTAL]), 1, (int64_t)s->rules.max_nonces);
	ops[OP_DUE] = (aim_store_op){.kind = AIM_STORE_PUT};
	ops[OP_DUE].key = aim__replay_due_key(s, &r, keys[OP_DUE]);
	ops[OP_DUE].value = aim_bytes_from("{}", 2);
	aim_store_batch batch = {ops, N_INSERT_OPS, AIM_OK, 0};
	aim_status rc = aim__store_apply_group(s->store, &batch, 1, err);
	return rc == AIM_OK ? refusal(&batch, err) : rc;
}

static aim_status insert_with_room(aim__replay_shared *s, const aim__replay_item *item, aim_error *err)
{
	size_t n = 0;
	aim_status rc = AIM_OK;
	if (s->n_inserts++ % PURGE_EVERY == 0)
		rc = aim__replay_purge_page(s, item->now_us, &n, err);
	if (rc == AIM_OK)
		rc = insert(s, item, err);
	if (rc != AIM_E_REPLAY_FULL)
		return rc;
	rc = aim__replay_purge_all(s, item->now_us, err);
	return rc == AIM_OK ? insert(s, item, err) : rc;
}

/* ---- what the handle calls ---- */

static aim_status shared_look(void *home, const aim__replay_item *item, aim_error *err)
{
	aim__replay_shared *s = home;
	aim__mutex_lock(&s->lock);
	aim_status rc = look(s, item, err);
	aim__mutex_unlock(&s->lock);
	return rc;
}

static aim_status shared_insert(void *home, const aim__replay_item *item, aim_error *err)
{
	aim__replay_shared *s = home;
	aim__mutex_lock(&s->lock);
	aim_status rc = insert_with_room(s, item, err);
	aim__mutex_unlock(&s->lock);
	return rc;
}

static aim_status shared_purge(void *home, int64_t now_us, aim_error *err)
{
	aim__replay_shared *s = home;
	aim__mutex_lock(&s->lock);
	aim_status rc = aim__replay_purge_all(s, now_us, err);
	aim__mutex_unlock(&s->lock);
	return rc;
}

static aim_status shared_stats(void *home, aim_replay_stats *out, aim_error *err)
{
	aim__replay_shared *s = home;
	char key[AIM__REPLAY_KEY_SIZE];
	int64_t count = 0;
	int64_t floor = 0;
	uint64_t version;
	aim__mutex_lock(&s->lock);
	aim_status rc = aim__replay_load_floor(s, &floor, err);
	if (rc == AIM_OK)
		rc = aim__replay_load_counter(s, aim__replay_name_key(s, "count", key), "count", &count, &version, err);
	aim__mutex_unlock(&s->lock);
	out->n_nonces = (uint64_t)count;
	out->floor_us = floor;
	return rc;
}

static void shared_close(void *home)
{
	aim__replay_shared *s = home;
	aim_ctx *ctx = s->store->ctx;
	aim__buf_dispose(&s->value);
	aim__mutex_dispose(&s->lock);
	aim__store_unref(s->store);
	aim__free(ctx, s, sizeof *s);
}

static const aim__replay_home shared_home = {shared_look, shared_insert, shared_purge, shared_stats,
                                             shared_close};

/* ---- opening ---- */

static aim_status new_home(aim_store *store, const aim_replay_options *o,
                           const aim__replay_rules *rules, void **out, aim_error *err)
{
	const aim_str name = o->name.len > 0 ? o->name : aim_str_from("main");
	if (!aim__is_word(name, AIM__REPLAY_NAME_BYTES, "_-"))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "the name of a replay guard is 1 to %u of a-z, 0-9, _ and -", AIM__REPLAY_NAME_BYTES);
	aim__replay_shared *s = aim__alloc_zeroed(store->ctx, sizeof *s);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	aim_status rc = aim__mutex_init(&s->lock);
	if (rc != AIM_OK) {
		aim__free(store->ctx, s, sizeof *s);
		return aim__fail_plain(err, rc, LAYER);
	}
	s->store = aim__store_ref(store);
	s->rules = *rules;
	aim__buf_init(&s->value, store->ctx);
	memcpy(s->name, name.ptr, name.len);
	*out = s;
	return AIM_OK;
}

/* A store in which the guard is new has no memory from before, so its floor is that of a new guard. */
static aim_status write_first_floor(aim__replay_shared *s, int64_t floor_us, aim_error *err)
{
	char key[AIM__REPLAY_KEY_SIZE];
	char text[24];
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT, .key = aim__replay_name_key(s, "floor", key)};
	op.value = aim_bytes_from(text, aim__i64_text(text, floor_us));
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	return aim__store_apply_group(s->store, &batch, 1, err);
}

static aim_status open_home(aim_replay *guard, aim_store *store, const aim_replay_options *o,
                            aim_error *err)
{
	int64_t first_floor;
	aim_status rc = aim__replay_start(guard, o, &first_floor, err);
	if (rc != AIM_OK)
		return rc;
	guard->ops = &shared_home;
	rc = new_home(store, o, &guard->rules, &guard->home, err);
	return rc == AIM_OK ? write_first_floor(guard->home, first_floor, err) : rc;
}

aim_status aim_replay_open_store(aim_store *store, const aim_replay_options *options, aim_replay **out,
                                 aim_error *err)
{
	aim_replay_options o;
	aim_replay *guard = NULL;
	if (!store || !out)
		return AIM__MISUSE(store ? store->ctx : NULL, "store and out are required");
	aim_status rc = aim__replay_new(store->ctx, options, &o, &guard, err);
	if (rc != AIM_OK)
		return rc;
	rc = open_home(guard, store, &o, err);
	if (rc == AIM_OK)
		*out = guard;
	else
		aim_replay_free(guard);
	return rc;
}
