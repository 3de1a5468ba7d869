/* enforce/rates.c — calls per key in a sliding window, in memory that was taken at the start. Layer enforce; knows
 * nothing of policies.
 *
 * A counter has SLICES slices of a sixteenth of its window each, and counts a slice as a whole as long as any of it
 * lies in the window: it may count too much, never too little. Counters are found by the hash of their key with open
 * addressing; a counter whose calls have all left its window may be taken over, but a slot once used stays used, so
 * that look-ups of others find their way. */
#include "enforce/rates.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

#include <string.h>

#define SLICES 17u /* sixteen that fill the window, and the one that is under way */
#define WINDOW_SLICES 16
#define DEFAULT_COUNTERS 16384u
#define MAX_COUNTERS 4194304u
#define MAX_PROBES 32u

AIM__NO_PADDING(aim_rates_options, 4 * sizeof(uint32_t));

/* Told apart by 128 bits of two hashes under the context's secret key, so that no caller can make two keys meet. */
typedef struct counter {
	uint64_t hash[2];
	int64_t window_us; /* 0: never used */
	int64_t slice;     /* number of the newest slice since 1970 */
	uint32_t calls[SLICES]; /* of slice s at s % SLICES */
	uint32_t reserved;
} counter;

struct aim_rates {
	aim_ctx *ctx;
	aim__mutex mutex;
	size_t n_counters; /* a power of two */
	counter *counters;
};

static size_t power_above(size_t n)
{
	size_t p = 16;
	while (p < n)
		p *= 2;
	return p;
}

static aim_status take_options(const aim_rates_options *options, size_t *out_n, aim_error *err)
{
	aim_rates_options o = {.struct_size = sizeof o};
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_rates_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o.flags != 0 || o.reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_rates_options.flags and .reserved must be 0");
	if (o.max_counters > MAX_COUNTERS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE, "aim_rates_options.max_counters is %u; at most %u",
		                 o.max_counters, MAX_COUNTERS);
	*out_n = power_above(o.max_counters ? o.max_counters : DEFAULT_COUNTERS);
	return AIM_OK;
}

aim_status aim_rates_new(aim_ctx *ctx, const aim_rates_options *options, aim_rates **out, aim_error *err)
{
	size_t n = 0;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(options, &n, err);
	if (rc != AIM_OK)
		return rc;
	aim_rates *rates = aim__alloc_zeroed(ctx, sizeof *rates);
	if (!rates)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	rates->n_counters = n;
	rates->counters = aim__alloc_zeroed(ctx, n * sizeof *rates->counters);
	rc = rates->counters ? aim__mutex_init(&rates->mutex) : AIM_E_NOMEM;
	if (rc != AIM_OK) {
		aim__free(ctx, rates->counters, n * sizeof *rates->counters);
		aim__free(ctx, rates, sizeof *rates);
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	}
	rates->ctx = aim__ctx_ref(ctx);
	*out = rates;
	return AIM_OK;
}

void aim_rates_free(aim_rates *rates)
{
	if (!rates)
		return;
	aim_ctx *ctx = rates->ctx;
	aim__mutex_dispose(&rates->mutex);
	aim__free(ctx, rates->counters, rates->n_counters * sizeof *rates->counters);
	aim__free(ctx, rates, sizeof *rates);
	aim__ctx_unref(ctx);
}

aim_status aim_rates_clear(aim_rates *rates)
{
	if (!rates)
		return AIM__MISUSE(NULL, "rates is required");
	aim__mutex_lock(&rates->mutex);
	memset(rates->counters, 0, rates->n_counters * sizeof *rates->counters);
	aim__mutex_unlock(&rates->mutex);
	return AIM_OK;
}

void aim__rates_lock(aim_rates *rates)
{
	aim__mutex_lock(&rates->mutex);
}

void aim__rates_unlock(aim_rates *rates)
{
	aim__mutex_unlock(&rates->mutex);
}

/* ---- counters ---- */

static int64_t slice_of(int64_t window_us, int64_t now_us)
{
	int64_t width = window_us / WINDOW_SLICES;
	return now_us / (width > 0 ? width : 1);
}

/* Forgets what has left the window. */
static void move_on(counter *c, int64_t now_us)
{
	int64_t now = slice_of(c->window_us, now_us);
	if (now <= c->slice)
		return;
	int64_t gone = now - c->slice < (int64_t)SLICES ? now - c->slice : (int64_t)SLICES;
	for (int64_t i = 0; i < gone; i++)
		c->calls[(uint64_t)(now - i) % SLICES] = 0;
	c->slice = now;
}

static int64_t sum(const counter *c)
{
	int64_t n = 0;
	for (size_t i = 0; i < SLICES; i++)
		n += c->calls[i];
	return n;
}

static void hash_key(const aim_rates *rates, aim_bytes key, uint64_t out[2])
{
	out[0] = aim__hash(rates->ctx, key);
	/* Of the key together with its first hash: a second one that does not follow from the first. */
	uint8_t both[8 + 256];
	size_t n = key.len < 256 ? key.len : 256;
	memcpy(both, &out[0], 8);
	memcpy(both + 8, key.ptr + (key.len - n), n);
	out[1] = aim__hash(rates->ctx, aim_bytes_from(both, 8 + n));
}

/* The key's counter, or the one it may take; NULL when there is no room. *out_is_own tells which. */
static counter *find(aim_rates *rates, const uint64_t hash[2], int64_t window_us, int64_t now_us, int *out_is_own)
{
	counter *room = NULL;
	*out_is_own = 0;
	for (size_t i = 0; i < MAX_PROBES && i < rates->n_counters; i++) {
		counter *c = &rates->counters[(hash[0] + i) & (rates->n_counters - 1)];
		if (c->window_us == 0)
			return room ? room : c;
		if (c->hash[0] == hash[0] && c->hash[1] == hash[1] && c->window_us == window_us) {
			*out_is_own = 1;
			return c;
		}
		if (!room && slice_of(c->window_us, now_us) - c->slice >= (int64_t)SLICES)
			room = c;
	}
	return room;
}

int64_t aim__rates_look(aim_rates *rates, aim_bytes key, int64_t window_us, int64_t now_us)
{
	uint64_t hash[2];
	int is_own;
	hash_key(rates, key, hash);
	counter *c = find(rates, hash, window_us, now_us, &is_own);
	if (!c)
		return -1;
	if (!is_own)
		return 0;
	move_on(c, now_us);
	return sum(c);
}

int aim__rates_count(aim_rates *rates, aim_bytes key, int64_t window_us, int64_t now_us)
{
	uint64_t hash[2];
	int is_own;
	hash_key(rates, key, hash);
	counter *c = find(rates, hash, window_us, now_us, &is_own);
	if (!c)
		return 0;
	if (!is_own) {
		memset(c, 0, sizeof *c);
		memcpy(c->hash, hash, sizeof c->hash);
		c->window_us = window_us;
		c->slice = slice_of(window_us, now_us);
	}
	move_on(c, now_us);
	uint32_t *calls = &c->calls[(uint64_t)c->slice % SLICES];
	if (*calls < UINT32_MAX / SLICES)
		(*calls)++;
	return 1;
}
