/* base/diagnostics.c — a bounded list of problems. Layer base. */
#include "base/diagnostics.h"

#include "base/ctx.h"
#include "base/mem.h"

#define MAX_KEPT 100u

struct aim_diagnostics {
	aim_ctx *ctx;
	aim_error *items;
	size_t cap;
	size_t count;
	size_t dropped;
};

aim_status aim_diagnostics_new(aim_ctx *ctx, aim_diagnostics **out)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_diagnostics *d = aim__alloc_zeroed(ctx, sizeof *d);
	if (!d)
		return AIM_E_NOMEM;
	d->ctx = aim__ctx_ref(ctx);
	*out = d;
	return AIM_OK;
}

void aim_diagnostics_free(aim_diagnostics *d)
{
	if (!d)
		return;
	aim_ctx *ctx = d->ctx;
	aim__free(ctx, d->items, d->cap * sizeof *d->items);
	aim__free(ctx, d, sizeof *d);
	aim__ctx_unref(ctx);
}

size_t aim_diagnostics_count(const aim_diagnostics *d)
{
	return d ? d->count : 0;
}

size_t aim_diagnostics_dropped(const aim_diagnostics *d)
{
	return d ? d->dropped : 0;
}

const aim_error *aim_diagnostics_at(const aim_diagnostics *d, size_t index)
{
	return d && index < d->count ? &d->items[index] : NULL;
}

void aim__diagnostics_add(aim_diagnostics *d, const aim_error *problem)
{
	if (!d)
		return;
	void *items = d->items;
	if (aim__grow(d->ctx, &items, &d->cap, d->count + 1, sizeof *d->items, 8, MAX_KEPT) != AIM_OK) {
		d->dropped++;
		return;
	}
	d->items = items;
	d->items[d->count++] = *problem;
}
