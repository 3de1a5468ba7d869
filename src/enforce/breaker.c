/* enforce/breaker.c — a circuit breaker. Layer enforce; knows nothing of what it guards.
 *
 * Every change of state, and every probe, begins a new generation; a call that comes back with an older one is not
 * counted. So a success from before the failures cannot close the breaker, and only the probe decides about it. */
#include <aim/breaker.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"

AIM__NO_PADDING(aim_breaker_options, 4 * 4);
AIM__NO_PADDING(aim_breaker_ticket, 2 * 4 + 8);
AIM__NO_PADDING(aim_breaker_status, 4 * 4);

#define LAYER AIM_LAYER_ENFORCE
#define US_PER_MS INT64_C(1000)
#define PASSED 1u

struct aim_breaker {
	aim_ctx *ctx; /* referenced */
	uint32_t max_failures;
	int64_t open_us;
	aim__mutex mutex; /* guards what follows */
	uint32_t state;
	uint32_t n_failures;
	int64_t since_us; /* when it opened, or the probe passed */
	uint64_t generation;
};

const char *aim_breaker_state_name(uint32_t state)
{
	static const char *const names[] = {"unknown", "open", "closed", "half_open"};
	return names[state <= AIM_BREAKER_HALF_OPEN ? state : 0];
}

aim_status aim_breaker_new(aim_ctx *ctx, const aim_breaker_options *options, aim_breaker **out, aim_error *err)
{
	aim_breaker_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_breaker_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o.flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_breaker_options.flags must be 0");
	aim_breaker *b = aim__alloc_zeroed(ctx, sizeof *b);
	if (!b || aim__mutex_init(&b->mutex) != AIM_OK) {
		aim__free(ctx, b, sizeof *b);
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	b->ctx = aim__ctx_ref(ctx);
	b->max_failures = o.max_failures ? o.max_failures : AIM_BREAKER_DEFAULT_FAILURES;
	b->open_us = (o.open_ms ? o.open_ms : AIM_BREAKER_DEFAULT_OPEN_MS) * US_PER_MS;
	b->state = AIM_BREAKER_CLOSED;
	*out = b;
	return AIM_OK;
}

void aim_breaker_free(aim_breaker *b)
{
	if (!b)
		return;
	aim_ctx *ctx = b->ctx;
	aim__mutex_dispose(&b->mutex);
	aim__free(ctx, b, sizeof *b);
	aim__ctx_unref(ctx);
}

static void turn(aim_breaker *b, uint32_t state, int64_t now_us)
{
	b->state = state;
	b->since_us = now_us;
	b->generation++;
}

/* How long there is to wait; a clock that stepped back begins anew. */
static int64_t left_us(aim_breaker *b, int64_t now_us)
{
	if (now_us < b->since_us)
		b->since_us = now_us;
	int64_t left = b->open_us - (now_us - b->since_us);
	return left > 0 ? left : 0;
}

/* 0: the call passes. */
static int64_t enter(aim_breaker *b, int64_t now_us)
{
	if (b->state == AIM_BREAKER_CLOSED)
		return 0;
	int64_t left = left_us(b, now_us);
	if (left == 0)
		turn(b, AIM_BREAKER_HALF_OPEN, now_us);
	return left;
}

aim_status aim_breaker_enter(aim_breaker *b, aim_breaker_ticket *out_ticket, aim_error *err)
{
	aim_breaker_ticket t = {.struct_size = sizeof t};
	if (!b || !out_ticket)
		return AIM__MISUSE(b ? b->ctx : NULL, "breaker and out_ticket are required");
	aim_status rc = aim__sized_out(out_ticket, &t, sizeof t, sizeof t);
	if (rc != AIM_OK)
		return aim__fail(err, rc, LAYER, "aim_breaker_ticket.struct_size is too small");
	int64_t now_us = aim__ctx_steady_us(b->ctx);
	aim__mutex_lock(&b->mutex);
	int64_t left = enter(b, now_us);
	uint32_t n = b->n_failures;
	out_ticket->generation = b->generation;
	aim__mutex_unlock(&b->mutex);
	if (left > 0)
		return aim__fail(err, AIM_E_BREAKER_OPEN, LAYER, "%u consecutive failures; the next call may be tried in %lld ms",
		                 n, (long long)((left + US_PER_MS - 1) / US_PER_MS));
	out_ticket->flags = PASSED;
	return AIM_OK;
}

static void leave(aim_breaker *b, uint64_t generation, int succeeded, int64_t now_us)
{
	if (generation != b->generation)
		return;
	if (succeeded) {
		b->n_failures = 0;
		if (b->state != AIM_BREAKER_CLOSED)
			turn(b, AIM_BREAKER_CLOSED, now_us);
		return;
	}
	if (b->n_failures < UINT32_MAX)
		b->n_failures++;
	if (b->state != AIM_BREAKER_CLOSED || b->n_failures >= b->max_failures)
		turn(b, AIM_BREAKER_OPEN, now_us);
}

aim_status aim_breaker_leave(aim_breaker *b, aim_breaker_ticket *ticket, int32_t succeeded, aim_error *err)
{
	if (!b || !ticket)
		return AIM__MISUSE(b ? b->ctx : NULL, "breaker and ticket are required");
	if (ticket->struct_size < sizeof *ticket || ticket->flags != PASSED)
		return aim__fail(err, AIM_E_STATE, LAYER, "the call did not pass, or left before");
	ticket->flags = 0;
	int64_t now_us = aim__ctx_steady_us(b->ctx);
	aim__mutex_lock(&b->mutex);
	leave(b, ticket->generation, succeeded != 0, now_us);
	aim__mutex_unlock(&b->mutex);
	return AIM_OK;
}

aim_status aim_breaker_reset(aim_breaker *b)
{
	if (!b)
		return AIM__MISUSE(NULL, "breaker is required");
	aim__mutex_lock(&b->mutex);
	b->n_failures = 0;
	turn(b, AIM_BREAKER_CLOSED, 0);
	aim__mutex_unlock(&b->mutex);
	return AIM_OK;
}

aim_status aim_breaker_read(aim_breaker *b, aim_breaker_status *out)
{
	aim_breaker_status s = {.struct_size = sizeof s};
	if (!b || !out)
		return AIM__MISUSE(b ? b->ctx : NULL, "breaker and out are required");
	int64_t now_us = aim__ctx_steady_us(b->ctx);
	aim__mutex_lock(&b->mutex);
	int64_t left = b->state == AIM_BREAKER_OPEN ? left_us(b, now_us) : 0;
	s.state = b->state == AIM_BREAKER_OPEN && left == 0 ? AIM_BREAKER_HALF_OPEN : b->state;
	s.n_failures = b->n_failures;
	s.retry_ms = (uint32_t)((left + US_PER_MS - 1) / US_PER_MS);
	aim__mutex_unlock(&b->mutex);
	return aim__sized_out(out, &s, sizeof s, sizeof s);
}
