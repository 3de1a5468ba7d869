/* enforce/limiter.c — rates over a window, or for ever. Layer enforce; knows neither agents nor tools, only keys. */
#include "enforce/limiter.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_STAMPS 4u
#define MAX_STAMPS ((size_t)4 << 20) /* 32 MiB of takes, over all keys */
#define SWEEP_EVERY_US 1000000

/* The takes of one key, oldest first, in a ring that grows with use; of a rate for ever only how many. */
typedef struct rate {
	int64_t *stamps;
	size_t cap;
	size_t first;
	size_t n;
	int64_t window_us;
	uint64_t generation;
	size_t key_len;
	uint8_t key[];
} rate;

void aim__limiter_init(aim__limiter *limiter, aim_ctx *ctx, size_t max_keys)
{
	memset(limiter, 0, sizeof *limiter);
	limiter->ctx = ctx;
	limiter->max_keys = max_keys;
	limiter->max_stamps = MAX_STAMPS;
	limiter->next_sweep_us = INT64_MIN;
	aim__map_init(&limiter->rates, ctx, max_keys);
}

static void free_rate(aim__limiter *limiter, rate *r)
{
	limiter->n_stamps -= r->cap;
	aim__free(limiter->ctx, r->stamps, r->cap * sizeof *r->stamps);
	aim__free(limiter->ctx, r, sizeof *r + r->key_len);
}

static void free_all(aim__limiter *limiter)
{
	size_t cursor = 0;
	const aim__map_entry *entry;
	while ((entry = aim__map_next(&limiter->rates, &cursor)))
		free_rate(limiter, (rate *)entry->value);
}

void aim__limiter_clear(aim__limiter *limiter)
{
	free_all(limiter);
	aim__map_clear(&limiter->rates);
}

void aim__limiter_dispose(aim__limiter *limiter)
{
	free_all(limiter);
	aim__map_dispose(&limiter->rates);
}

static rate *find(const aim__limiter *limiter, aim_bytes key)
{
	uintptr_t *value = aim__map_find(&limiter->rates, key);
	return value ? (rate *)*value : NULL;
}

static int is_forever(const rate *r)
{
	return r->window_us == AIM__LIMITER_FOREVER;
}

static int64_t newest(const rate *r)
{
	return r->stamps[(r->first + r->n - 1) & (r->cap - 1)];
}

/* A take is in the window while less than window_us has passed since it. */
static void expire(rate *r, int64_t now_us)
{
	while (!is_forever(r) && r->n && now_us - r->stamps[r->first] >= r->window_us) {
		r->first = (r->first + 1) & (r->cap - 1);
		r->n--;
	}
}

/* Frees rates whose window is empty, at most once a second, so that a full table costs most callers no
 * more than one look. */
static void sweep(aim__limiter *limiter, int64_t now_us)
{
	size_t cursor = 0;
	const aim__map_entry *entry;
	if (now_us < limiter->next_sweep_us)
		return;
	limiter->next_sweep_us = now_us + SWEEP_EVERY_US;
	while ((entry = aim__map_next(&limiter->rates, &cursor))) {
		rate *r = (rate *)entry->value;
		expire(r, now_us);
		if (r->n)
			continue;
		aim__map_remove(&limiter->rates, aim_bytes_from(r->key, r->key_len), NULL);
		free_rate(limiter, r);
		cursor--; /* removal may have moved another entry into this slot */
	}
}

static aim_status add(aim__limiter *limiter, aim_bytes key, int64_t window_us, rate **out)
{
	rate *r = aim__alloc_zeroed(limiter->ctx, sizeof *r + key.len);
	if (!r)
		return AIM_E_NOMEM;
	r->window_us = window_us;
	r->generation = ++limiter->generation;
	r->key_len = key.len;
	memcpy(r->key, key.ptr, key.len);
	aim_status rc = aim__map_add(&limiter->rates, aim_bytes_from(r->key, r->key_len), (uintptr_t)r);
	if (rc != AIM_OK) {
		aim__free(limiter->ctx, r, sizeof *r + key.len);
		return rc;
	}
	*out = r;
	return AIM_OK;
}

/* A ring twice as large, unrolled from its first take. */
static aim_status grow(aim__limiter *limiter, rate *r)
{
	size_t cap = r->cap ? r->cap * 2 : FIRST_STAMPS;
	if (cap - r->cap > limiter->max_stamps - limiter->n_stamps)
		return AIM_E_LIMIT;
	int64_t *stamps = aim__alloc_array(limiter->ctx, cap, sizeof *stamps);
	if (!stamps)
		return AIM_E_NOMEM;
	for (size_t i = 0; i < r->n; i++)
		stamps[i] = r->stamps[(r->first + i) & (r->cap - 1)];
	aim__free(limiter->ctx, r->stamps, r->cap * sizeof *r->stamps);
	limiter->n_stamps += cap - r->cap;
	r->stamps = stamps;
	r->cap = cap;
	r->first = 0;
	return AIM_OK;
}

/* The rate of key, made when there is none. */
static aim_status open_rate(aim__limiter *limiter, aim_bytes key, int64_t window_us, int64_t now_us, rate **out)
{
	*out = find(limiter, key);
	if (*out)
		return AIM_OK;
	if (limiter->rates.count >= limiter->max_keys)
		sweep(limiter, now_us);
	return add(limiter, key, window_us, out);
}

static aim_status put_stamp(aim__limiter *limiter, rate *r, int64_t now_us)
{
	if (is_forever(r))
		return AIM_OK;
	if (r->n == r->cap) {
		aim_status rc = grow(limiter, r);
		if (rc != AIM_OK)
			return rc;
	}
	r->stamps[(r->first + r->n) & (r->cap - 1)] = now_us;
	return AIM_OK;
}

aim_status aim__limiter_take(aim__limiter *limiter, aim_bytes key, uint32_t limit, int64_t window_us,
                             int64_t now_us, aim__limiter_mark *mark)
{
	rate *r;
	if (limit == 0)
		return AIM_DENIED;
	aim_status rc = open_rate(limiter, key, window_us, now_us, &r);
	if (rc != AIM_OK)
		return rc;
	r->window_us = window_us;
	if (!is_forever(r) && r->n && now_us < newest(r))
		now_us = newest(r);
	expire(r, now_us);
	if (r->n >= limit)
		return AIM_DENIED;
	rc = put_stamp(limiter, r, now_us);
	if (rc != AIM_OK)
		return rc;
	r->n++;
	mark->at_us = now_us;
	mark->generation = r->generation;
	return AIM_OK;
}

/* Takes out the newest take of that time; those behind it move up. */
static void take_out(rate *r, int64_t at_us)
{
	size_t mask = r->cap - 1, i = r->n;
	while (i > 0 && r->stamps[(r->first + i - 1) & mask] > at_us)
		i--;
	if (i == 0 || r->stamps[(r->first + i - 1) & mask] != at_us)
		return; /* it has left the window */
	for (; i < r->n; i++)
		r->stamps[(r->first + i - 1) & mask] = r->stamps[(r->first + i) & mask];
	r->n--;
}

void aim__limiter_give_back(aim__limiter *limiter, aim_bytes key, const aim__limiter_mark *mark)
{
	rate *r = find(limiter, key);
	if (!r || r->n == 0 || r->generation != mark->generation)
		return;
	if (is_forever(r))
		r->n--;
	else
		take_out(r, mark->at_us);
}

size_t aim__limiter_count(aim__limiter *limiter, aim_bytes key, int64_t now_us)
{
	rate *r = find(limiter, key);
	if (!r)
		return 0;
	expire(r, now_us);
	return r->n;
}

void aim__limiter_forget(aim__limiter *limiter, aim_bytes key)
{
	rate *r = find(limiter, key);
	if (!r)
		return;
	aim__map_remove(&limiter->rates, key, NULL);
	free_rate(limiter, r);
}
