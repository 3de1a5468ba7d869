/* enforce/limit.c — limits that hosts use: one lock around the limiter, or counts in a store. Layer enforce; knows
 * neither agents nor tools, only keys. */
#include "enforce/limit.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "store/store.h"
#include "store/text.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_limit_options, 6 * 4 + 3 * P);
AIM__NO_PADDING(aim_limit_ticket, 2 * 4 + 2 * 8);
#undef P

#define LAYER AIM_LAYER_ENFORCE
#define US_PER_S INT64_C(1000000)
#define CEILING_KEYS 1000000u
#define RESERVED 1u

/* ---- the handle ---- */

static aim_status check_numbers(const aim_limit_options *o, aim_error *err)
{
	uint32_t most = o->store ? AIM_LIMIT_MAX_SHARED_CALLS : AIM_LIMIT_MAX_CALLS;
	if (o->max_keys > CEILING_KEYS || o->window_s > AIM_LIMIT_MAX_WINDOW_S)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "aim_limit_options: at most %u keys and %u s", CEILING_KEYS,
		                 AIM_LIMIT_MAX_WINDOW_S);
	if (o->flags & AIM_LIMIT_BUDGET)
		return o->window_s == 0 ? AIM_OK
		                        : aim__fail(err, AIM_E_INVALID, LAYER, "aim_limit_options: a budget has no window_s");
	if (o->max_calls > most)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "aim_limit_options: at most %u calls in a window", most);
	return AIM_OK;
}

static aim_status take_options(const aim_limit_options *options, aim_limit_options *o, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_limit_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~AIM_LIMIT_BUDGET || o->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_limit_options has an unknown flag");
	if (o->name.len == 0)
		o->name = aim_str_from("main");
	if (!aim__is_word(o->name, AIM__LIMIT_NAME_MAX, "_-"))
		return aim__fail(err, AIM_E_INVALID, LAYER, "the name of a limit is 1 to %u of a-z, 0-9, _ and -",
		                 AIM__LIMIT_NAME_MAX);
	rc = check_numbers(o, err);
	if (o->window_s == 0)
		o->window_s = AIM_LIMIT_DEFAULT_WINDOW_S;
	if (o->max_calls == 0 && !(o->flags & AIM_LIMIT_BUDGET))
		o->max_calls = AIM_LIMIT_DEFAULT_CALLS;
	if (o->max_keys == 0)
		o->max_keys = AIM_LIMIT_DEFAULT_KEYS;
	return rc;
}

aim_status aim_limit_new(aim_ctx *ctx, const aim_limit_options *options, aim_limit **out, aim_error *err)
{
	aim_limit_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim_limit *limit = aim__alloc_zeroed(ctx, sizeof *limit);
	if (!limit || aim__mutex_init(&limit->mutex) != AIM_OK) {
		aim__free(ctx, limit, sizeof *limit);
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	limit->ctx = aim__ctx_ref(ctx);
	limit->max_calls = o.max_calls;
	limit->window_us = o.flags & AIM_LIMIT_BUDGET ? AIM__LIMITER_FOREVER : o.window_s * US_PER_S;
	limit->store = o.store ? aim__store_ref(o.store) : NULL;
	limit->name_len = o.name.len;
	memcpy(limit->name, o.name.ptr, o.name.len);
	aim__limiter_init(&limit->memory, ctx, o.max_keys);
	*out = limit;
	return AIM_OK;
}

void aim_limit_free(aim_limit *limit)
{
	if (!limit)
		return;
	aim_ctx *ctx = limit->ctx;
	if (limit->store)
		aim__store_unref(limit->store);
	aim__limiter_dispose(&limit->memory);
	aim__mutex_dispose(&limit->mutex);
	aim__free(ctx, limit, sizeof *limit);
	aim__ctx_unref(ctx);
}

/* ---- counting ---- */

static aim_status check_key(aim_str key, aim_error *err)
{
	if (key.ptr && key.len >= 1 && key.len <= AIM_LIMIT_MAX_KEY)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, LAYER, "the key of a limit has 1 to %u bytes", AIM_LIMIT_MAX_KEY);
}

static aim_status check_call(const aim_limit *limit, aim_str key, int64_t *out_now, aim_error *err)
{
	aim_status rc = check_key(key, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_ctx_now_us(limit->ctx, out_now);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

static aim_status take(aim_limit *limit, aim_str key, int64_t now_us, aim__limiter_mark *mark, aim_error *err)
{
	if (limit->store)
		return aim__limit_shared_take(limit, key, now_us, mark, err);
	aim__mutex_lock(&limit->mutex);
	aim_status rc = aim__limiter_take(&limit->memory, aim_bytes_from_str(key), limit->max_calls, limit->window_us,
	                                  now_us, mark);
	aim__mutex_unlock(&limit->mutex);
	if (rc == AIM_E_LIMIT)
		return aim__fail_plain(err, AIM_E_LIMIT_FULL, LAYER);
	return rc == AIM_OK || rc == AIM_DENIED ? rc : aim__fail_plain(err, rc, LAYER);
}

aim_status aim_limit_reserve(aim_limit *limit, aim_str key, aim_limit_ticket *out_ticket, aim_error *err)
{
	int64_t now_us;
	aim_limit_ticket t = {.struct_size = sizeof t};
	aim__limiter_mark mark = {0, 0};
	if (!limit || !out_ticket)
		return AIM__MISUSE(limit ? limit->ctx : NULL, "limit and out_ticket are required");
	aim_status rc = aim__sized_out(out_ticket, &t, sizeof t, sizeof t);
	if (rc != AIM_OK)
		return aim__fail(err, rc, LAYER, "aim_limit_ticket.struct_size is too small");
	rc = check_call(limit, key, &now_us, err);
	if (rc == AIM_OK)
		rc = take(limit, key, now_us, &mark, err);
	if (rc != AIM_OK)
		return rc;
	out_ticket->flags = RESERVED;
	out_ticket->at_us = mark.at_us;
	out_ticket->generation = mark.generation;
	return AIM_OK;
}

/* Ends a reservation, once. */
static aim_status settle(aim_str key, aim_limit_ticket *ticket, aim_error *err)
{
	aim_status rc = check_key(key, err);
	if (rc != AIM_OK)
		return rc;
	if (ticket->struct_size < sizeof *ticket || ticket->flags != RESERVED)
		return aim__fail(err, AIM_E_STATE, LAYER, "the call is not reserved, or was committed or released before");
	ticket->flags = 0;
	return AIM_OK;
}

aim_status aim_limit_commit(aim_limit *limit, aim_str key, aim_limit_ticket *ticket, aim_error *err)
{
	if (!limit || !ticket)
		return AIM__MISUSE(limit ? limit->ctx : NULL, "limit and ticket are required");
	return settle(key, ticket, err);
}

aim_status aim_limit_release(aim_limit *limit, aim_str key, aim_limit_ticket *ticket, aim_error *err)
{
	int64_t now_us;
	if (!limit || !ticket)
		return AIM__MISUSE(limit ? limit->ctx : NULL, "limit and ticket are required");
	aim_status rc = settle(key, ticket, err);
	if (rc != AIM_OK)
		return rc;
	aim__limiter_mark mark = {ticket->at_us, ticket->generation};
	if (!limit->store) {
		aim__mutex_lock(&limit->mutex);
		aim__limiter_give_back(&limit->memory, aim_bytes_from_str(key), &mark);
		aim__mutex_unlock(&limit->mutex);
		return AIM_OK;
	}
	rc = check_call(limit, key, &now_us, err);
	return rc == AIM_OK ? aim__limit_shared_give_back(limit, key, now_us, &mark, err) : rc;
}

aim_status aim_limit_count(aim_limit *limit, aim_str key, uint64_t *out, aim_error *err)
{
	int64_t now_us;
	if (!limit || !out)
		return AIM__MISUSE(limit ? limit->ctx : NULL, "limit and out are required");
	aim_status rc = check_call(limit, key, &now_us, err);
	if (rc != AIM_OK || limit->store)
		return rc == AIM_OK ? aim__limit_shared_count(limit, key, now_us, out, err) : rc;
	aim__mutex_lock(&limit->mutex);
	*out = aim__limiter_count(&limit->memory, aim_bytes_from_str(key), now_us);
	aim__mutex_unlock(&limit->mutex);
	return AIM_OK;
}

aim_status aim_limit_reset(aim_limit *limit, aim_str key, aim_error *err)
{
	int64_t now_us;
	if (!limit)
		return AIM__MISUSE(NULL, "limit is required");
	aim_status rc = check_call(limit, key, &now_us, err);
	if (rc != AIM_OK || limit->store)
		return rc == AIM_OK ? aim__limit_shared_forget(limit, key, now_us, err) : rc;
	aim__mutex_lock(&limit->mutex);
	aim__limiter_forget(&limit->memory, aim_bytes_from_str(key));
	aim__mutex_unlock(&limit->mutex);
	return AIM_OK;
}

aim_status aim_limit_reset_all(aim_limit *limit, aim_error *err)
{
	int64_t now_us;
	if (!limit)
		return AIM__MISUSE(NULL, "limit is required");
	if (limit->store) {
		aim_status rc = aim_ctx_now_us(limit->ctx, &now_us);
		return rc == AIM_OK ? aim__limit_shared_forget_all(limit, now_us, err) : aim__fail_plain(err, rc, LAYER);
	}
	aim__mutex_lock(&limit->mutex);
	aim__limiter_clear(&limit->memory);
	aim__mutex_unlock(&limit->mutex);
	return AIM_OK;
}
