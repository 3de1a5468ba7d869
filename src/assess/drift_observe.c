/* assess/drift_observe.c — a list that a server shows, from comparison to record, alert and trust in one transaction.
 * Layer assess. */
#include "assess/drift.h"

#include "base/ctx.h"
#include "base/error.h"

typedef struct observing {
	aim_drift *d;
	const aim__drift_showing *showing;
	size_t first; /* findings of this list begin here */
	aim__drift_change *change;
} observing;

static int is_dirty(const aim__list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (aim__entry_dirty(list->entries[i]))
			return 1;
	return 0;
}

/* Whoever changes a list writes it, under another version: so its record stands as it was left. */
static int is_settled(const observing *o, const aim__list *list)
{
	const uint64_t *settled = o->showing->settled;
	return settled && list->version != 0 && *settled == list->version && !is_dirty(list);
}

aim_status aim__drift_prepare_list(aim__drift_change *c, aim_baseline *b, uint32_t kind, size_t first, aim_error *err)
{
	uint8_t set[32];
	size_t n = 0;
	aim_status rc = aim__drift_find(c->d, b, kind, err);
	if (rc == AIM_OK)
		rc = aim__drift_set(b, kind, 1, set, &n, err);
	if (rc == AIM_OK)
		rc = aim__drift_load(c, err);
	return rc == AIM_OK ? aim__drift_settle(c, first, set, err) : rc;
}

static aim_status prepare(observing *o, aim_baseline *b, int64_t now_us, aim_error *err)
{
	uint32_t kind = o->showing->kind;
	o->change = aim__drift_change_new(o->d, aim_str_from(b->server), aim_str_from(aim__fingerprint_kinds[kind]), now_us);
	if (!o->change)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	o->change->agent = o->showing->agent;
	o->change->session = o->showing->session;
	return aim__drift_prepare_list(o->change, b, kind, o->first, err);
}

/* With the comparison prepared: what it found, and the change that follows from it, for the same transaction. */
static aim_status join(void *user, aim_baseline *b, uint32_t kind, int64_t now_us, aim__baseline_addition *out,
                       aim_error *err)
{
	observing *o = user;
	o->d->n_findings = o->first;
	aim__drift_change_free(o->change);
	o->change = NULL;
	if (is_settled(o, &b->lists[kind]))
		return AIM_OK;
	aim_status rc = prepare(o, b, now_us, err);
	if (rc == AIM_OK)
		aim__drift_gather(o->change, out);
	return rc;
}

static void tell(const observing *o)
{
	const aim__drift_showing *s = o->showing;
	aim_drift_record shown;
	if (!o->change)
		return;
	aim__drift_committed(o->change);
	if (!o->change->has_fresh || !s->opened)
		return;
	aim__drift_show(&o->change->fresh, &shown);
	(void)s->opened(s->user, &shown);
}

aim_status aim__drift_observe(aim_drift *d, aim_baseline *b, const aim__drift_showing *showing, aim_error *err)
{
	observing o = {.d = d, .showing = showing, .first = d->n_findings};
	aim__baseline_joiner joiner = {join, &o};
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = showing->kind};
	seen.items = showing->items;
	seen.n_items = showing->n_items;
	seen.agent = showing->agent;
	seen.session = showing->session;
	aim_status rc = aim__baseline_observe(b, &seen, &joiner, err);
	if (rc == AIM_OK) {
		const aim__list *list = &b->lists[showing->kind];
		if (showing->settled) /* the version of a first list is not known before it is read */
			*showing->settled = list->stale ? 0 : list->version;
		tell(&o);
	}
	aim__drift_change_free(o.change);
	return rc;
}
