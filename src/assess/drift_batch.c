/* assess/drift_batch.c — all that follows from one observation, prepared part by part and committed as one transaction.
 * Layer assess.
 *
 * The parts of one subject share its trust: each steps on from the score that the one before left, and the state is
 * written once. */
#include "assess/drift.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define SUBJECTS 2u /* an agent and a server */

struct aim__drift_batch {
	aim_drift *d;
	aim__drift_observer by;
	int64_t now_us;
	aim__arena arena;           /* names of subjects and parts */
	aim__drift_change **changes; /* those with something to commit */
	size_t n, cap;
	aim__trust_work *works[SUBJECTS];
	aim_str subjects[SUBJECTS]; /* whose they are, as they were asked for */
	aim__baseline_look looks[AIM__FINGERPRINT_KINDS];
	size_t n_looks; /* lists that are prepared */
	uint32_t dirty; /* kinds of those that are to be written, as 1 << kind */
};

static aim_status no_memory(aim_error *err)
{
	return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

aim__drift_batch *aim__drift_batch_new(aim_drift *d, const aim__drift_observer *observer, int64_t now_us)
{
	aim__drift_batch *b = aim__alloc_zeroed(d->ctx, sizeof *b);
	if (!b)
		return NULL;
	b->d = d;
	b->by = *observer;
	b->now_us = now_us;
	aim__arena_init(&b->arena, d->ctx, 512, 0);
	return b;
}

void aim__drift_batch_free(aim__drift_batch *b)
{
	if (!b)
		return;
	aim_ctx *ctx = b->d->ctx;
	for (size_t i = 0; i < b->n_looks; i++)
		aim__list_drop(ctx, b->looks[i].list);
	for (size_t i = 0; i < b->n; i++)
		aim__drift_change_free(b->changes[i]);
	for (size_t i = 0; i < SUBJECTS; i++)
		aim__trust_work_free(b->works[i]);
	aim__free(ctx, b->changes, b->cap * sizeof(aim__drift_change *));
	aim__arena_dispose(&b->arena);
	aim__free(ctx, b, sizeof *b);
}

/* ---- one part ---- */

static aim_status trust_of(aim__drift_batch *b, aim_str subject, aim__trust_work **out, aim_error *err)
{
	size_t i = 0;
	while (i < SUBJECTS && b->works[i] && !aim_str_equal(b->subjects[i], subject))
		i++;
	if (i == SUBJECTS)
		return aim__fail_plain(err, AIM_E_INTERNAL, AIM_LAYER_ASSESS);
	*out = b->works[i];
	if (*out)
		return AIM_OK;
	b->subjects[i] = aim__arena_copy(&b->arena, subject);
	aim__trust_work *w = aim__trust_work_new(b->d->registry);
	b->works[i] = *out = w;
	return w && b->subjects[i].ptr ? AIM_OK : no_memory(err);
}

static aim_status begin(aim__drift_batch *b, aim_str subject, aim_str part, aim__drift_change **out, aim_error *err)
{
	aim__trust_work *trust = NULL;
	void *items = b->changes;
	aim_status rc = trust_of(b, subject, &trust, err);
	if (rc != AIM_OK)
		return rc;
	aim_str own = aim__arena_copy(&b->arena, subject), named = aim__arena_copy(&b->arena, part);
	rc = own.ptr && named.ptr ? aim__grow(b->d->ctx, &items, &b->cap, b->n + 1, sizeof *b->changes, 8, 0) : AIM_E_NOMEM;
	b->changes = items;
	aim__drift_change *c = rc == AIM_OK ? aim__drift_change_join(b->d, trust, own, named, b->now_us) : NULL;
	if (!c)
		return no_memory(err);
	c->agent = b->by.agent;
	c->session = b->by.session;
	*out = c;
	return AIM_OK;
}

/* Keeps a change with something to commit. */
static aim_status end(aim__drift_batch *b, aim__drift_change *c, aim_status rc)
{
	if (rc == AIM_OK && aim__drift_is_change(c))
		b->changes[b->n++] = c;
	else
		aim__drift_change_free(c);
	return rc;
}

static int is_settled(const aim__drift_batch *b, aim_str subject, aim_str part)
{
	for (size_t i = 0; i < b->n; i++)
		if (aim_str_equal(b->changes[i]->part, part) && aim_str_equal(b->changes[i]->subject, subject))
			return 1;
	return 0;
}

aim_status aim__drift_batch_agent(aim__drift_batch *b, aim_str agent, aim_str part, size_t first,
                                  const uint8_t set[32], aim_error *err)
{
	aim__drift_change *c = NULL;
	if (is_settled(b, agent, part))
		return AIM_OK;
	aim_status rc = begin(b, agent, part, &c, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__drift_load(c, err);
	return end(b, c, rc == AIM_OK ? aim__drift_settle(c, first, set, err) : rc);
}

/* ---- a list ---- */

/* A comparison that changes the baseline, and no record of drift, has a record of its own. */
static aim_status describe(const aim__baseline_look *look, aim__drift_change *c, aim_error *err)
{
	aim_audit_record *r = &c->records[c->n_records];
	aim_buf_clear(&c->value);
	aim_status rc = aim__baseline_look_record(look, &c->value, r);
	if (rc != AIM_OK)
		return rc;
	r->data = aim__arena_copy(&c->arena, r->data);
	if (!r->data.ptr)
		return no_memory(err);
	c->n_records++;
	return AIM_OK;
}

static aim_status follow(aim__drift_batch *b, const aim__baseline_look *look, aim__drift_change *c, aim_error *err)
{
	int dirty = aim__baseline_look_dirty(look);
	aim_status rc = aim__drift_prepare_list(c, look->b, look->kind, b->d->n_findings, err);
	if (rc == AIM_OK && dirty && !aim__drift_is_change(c))
		rc = describe(look, c, err);
	if (rc == AIM_OK && dirty)
		b->dirty |= 1u << look->kind;
	return rc;
}

aim_status aim__drift_batch_show(aim__drift_batch *b, aim_baseline *baseline, uint32_t kind,
                                 const aim_baseline_item *items, size_t n, aim_error *err)
{
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = kind, .items = items, .n_items = n};
	seen.agent = b->by.agent;
	seen.session = b->by.session;
	aim__baseline_look *look = &b->looks[b->n_looks];
	aim__drift_change *c = NULL;
	aim_status rc = aim__baseline_look_begin(look, baseline, &seen, err);
	if (rc == AIM_OK)
		rc = aim__baseline_look_prepare(look);
	if (rc != AIM_OK)
		return rc;
	b->n_looks++;
	rc = begin(b, aim_str_from(baseline->server), aim_str_from(aim__fingerprint_kinds[kind]), &c, err);
	return rc == AIM_OK ? end(b, c, follow(b, look, c, err)) : rc;
}

/* ---- committing ---- */

/* The operations and records of all changes in order, then the trust of their subjects. */
typedef struct gathered {
	aim_store_op *ops;
	aim_audit_record *records;
	size_t n_ops, cap_ops, n_records, cap_records;
} gathered;

static void add(gathered *g, const aim__baseline_addition *part)
{
	if (part->n_ops)
		memcpy(g->ops + g->n_ops, part->ops, part->n_ops * sizeof *g->ops);
	if (part->n_records)
		memcpy(g->records + g->n_records, part->records, part->n_records * sizeof *g->records);
	g->n_ops += part->n_ops;
	g->n_records += part->n_records;
}

static int has_stepped(const aim__drift_batch *b, const aim__trust_work *w)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->changes[i]->trust == w && b->changes[i]->trust_step.n_records)
			return 1;
	return 0;
}

static aim_status gather(aim__drift_batch *b, gathered *g, aim_error *err)
{
	aim__baseline_addition part;
	g->cap_ops = b->n * AIM__DRIFT_OPS + SUBJECTS;
	g->cap_records = b->n * AIM__DRIFT_RECORDS;
	g->ops = aim__alloc_array(b->d->ctx, g->cap_ops, sizeof *g->ops);
	g->records = aim__alloc_array(b->d->ctx, g->cap_records, sizeof *g->records);
	if (!g->ops || !g->records)
		return no_memory(err);
	for (size_t i = 0; i < b->n; i++) {
		aim__drift_gather(b->changes[i], &part);
		add(g, &part);
	}
	for (size_t i = 0; i < SUBJECTS; i++) {
		aim__trust_work *w = b->works[i];
		if (!w || !has_stepped(b, w))
			continue;
		aim_status rc = aim__trust_put_state(w, err);
		if (rc != AIM_OK)
			return rc;
		part = (aim__baseline_addition){.ops = w->batch.ops, .n_ops = w->batch.n_ops};
		add(g, &part);
	}
	return AIM_OK;
}

static aim_status commit(aim__drift_batch *b, const gathered *g, aim_error *err)
{
	const aim__baseline_addition all = {g->ops, g->n_ops, g->records, g->n_records};
	if (b->dirty)
		return aim__baseline_commit(b->looks[0].b, b->dirty, b->now_us, NULL, &all, err);
	return aim__record_commit(b->d->registry, all.ops, all.n_ops, all.records, all.n_records, NULL, err);
}

static void committed(aim__drift_batch *b)
{
	for (size_t i = 0; i < b->n_looks; i++)
		aim__baseline_look_done(&b->looks[i]);
	b->n_looks = 0;
	for (size_t i = 0; i < b->n; i++)
		aim__drift_committed(b->changes[i]);
}

aim_status aim__drift_batch_commit(aim__drift_batch *b, aim_error *err)
{
	gathered g = {.ops = NULL};
	aim_status rc = b->n ? gather(b, &g, err) : AIM_OK;
	if (rc == AIM_OK && b->n)
		rc = commit(b, &g, err);
	if (rc == AIM_OK)
		committed(b);
	aim__free(b->d->ctx, g.records, g.cap_records * sizeof *g.records);
	aim__free(b->d->ctx, g.ops, g.cap_ops * sizeof *g.ops);
	return rc;
}
