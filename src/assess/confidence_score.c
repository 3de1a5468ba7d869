/* assess/confidence_score.c — which attestations count beside each other, and the numbers. Layer assess; only reads. */
#include "assess/confidence.h"

#include "assess/baseline_state.h"
#include "assess/sort.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define MICRO 1000000
#define BEST 5

/* ---- the manifest ---- */

static int is_approved(const aim_baseline *baseline)
{
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_SHOWN; kind++)
		for (size_t i = 0; i < baseline->lists[kind].n; i++)
			if (baseline->lists[kind].entries[i]->cur.state == AIM_BASELINE_APPROVED)
				return 1;
	return 0;
}

/* Once any definition is approved, the baseline is what counts, all of it. */
static aim_status read_approved(const aim__confidence_work *w, uint8_t out[32], uint32_t *out_approved, aim_error *err)
{
	aim_baseline *baseline = NULL;
	aim_status rc = aim_baseline_open(w->ledger->registry, w->server_id, &baseline, err);
	if (rc != AIM_OK)
		return rc;
	*out_approved = is_approved(baseline) != 0;
	if (*out_approved)
		rc = aim_baseline_manifest(baseline, out, err);
	aim_baseline_free(baseline);
	return rc;
}

/* Of two of one second, the greater one: whatever order they stand in. */
static int is_later(const aim_confidence_entry *a, const aim_confidence_entry *b)
{
	if (a->issued_at_s != b->issued_at_s)
		return a->issued_at_s > b->issued_at_s;
	return memcmp(a->manifest_hash, b->manifest_hash, 32) > 0;
}

/* The manifest of the latest attestation that counts so far; none: out is untouched. That an agent does not reach the
 * server any more leaves what it saw in this choice: another choice could raise the confidence. */
static void read_latest(const aim_confidence *c, uint8_t out[32])
{
	const aim_confidence_entry *best = NULL;
	for (size_t i = 0; i < c->n_all; i++)
		if (!c->entries[i].left_out && (!best || is_later(&c->entries[i], best)))
			best = &c->entries[i];
	if (best)
		memcpy(out, best->manifest_hash, 32);
}

static aim_status leave_out_other_manifests(const aim__confidence_work *w, aim_error *err)
{
	uint8_t manifest[32] = {0};
	aim_status rc = read_approved(w, manifest, &w->c->summary.approved, err);
	if (rc != AIM_OK)
		return rc;
	if (!w->c->summary.approved)
		read_latest(w->c, manifest);
	for (size_t i = 0; i < w->c->n_all; i++) {
		aim_confidence_entry *e = &w->c->entries[i];
		if (!e->left_out && memcmp(e->manifest_hash, manifest, 32) != 0)
			e->left_out = AIM_CONFIDENCE_MANIFEST;
	}
	return AIM_OK;
}

/* ---- owners ---- */

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Addresses that differ in letter case alone are one owner. */
static int compare_owners(aim_str a, aim_str b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return lower(a.ptr[i]) - lower(b.ptr[i]);
	return (a.len > b.len) - (a.len < b.len);
}

/* Of one owner the most trusted first, then a recent one: then an owner's further agent never lowers anything. */
static int compare_entries(const void *a, const void *b)
{
	const aim_confidence_entry *x = a, *y = b;
	int c = compare_owners(x->owner, y->owner);
	if (c)
		return c;
	if (x->trust_micro != y->trust_micro)
		return x->trust_micro > y->trust_micro ? -1 : 1;
	if (x->recent != y->recent)
		return x->recent ? -1 : 1;
	return compare_owners(x->agent, y->agent);
}

static void leave_out_strangers(const aim__confidence_work *w)
{
	for (size_t i = 0; i < w->c->n_all; i++) {
		aim_confidence_entry *e = &w->c->entries[i];
		if (e->left_out)
			continue;
		if (!e->owner_verified || e->owner.len == 0)
			e->left_out = AIM_CONFIDENCE_OWNER;
		else if (compare_owners(e->owner, aim_server_owner(w->server)) == 0)
			e->left_out = AIM_CONFIDENCE_SERVER_OWNER;
	}
}

/* The entries that count, by owner. *out has room for all entries. */
static size_t sort_counted(const aim_confidence *c, const void **out)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_all; i++)
		if (!c->entries[i].left_out)
			out[n++] = &c->entries[i];
	aim__sort_pointers(out, n, compare_entries);
	return n;
}

/* Counts owners of those that count; with one_each, all but the first of each are left out. */
static aim_status go_through_owners(aim_confidence *c, int one_each, aim_error *err)
{
	const void **sorted = aim__alloc_array(c->ctx, c->n_all + 1, sizeof *sorted);
	if (!sorted)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	size_t n = sort_counted(c, sorted);
	aim_str counted = {NULL, 0};
	for (size_t i = 0; i < n; i++) {
		const aim_confidence_entry *e = sorted[i], *before = i ? sorted[i - 1] : NULL;
		size_t at = (size_t)(e - c->entries);
		if (one_each && before && compare_owners(before->owner, e->owner) == 0)
			c->entries[at].left_out = AIM_CONFIDENCE_OWNER;
		if (at >= c->n || e->left_out || e->owner.len == 0 || compare_owners(counted, e->owner) == 0)
			continue;
		c->summary.n_owners++;
		counted = e->owner;
	}
	aim__free(c->ctx, sorted, (c->n_all + 1) * sizeof *sorted);
	return AIM_OK;
}

/* ---- the numbers ---- */

typedef struct sums {
	int64_t n, asked, recent, trust; /* asked: n, and what stands behind */
	int64_t best[BEST]; /* falling */
} sums;

static void add_best(sums *s, int64_t trust)
{
	for (int i = 0; i < BEST; i++) {
		int64_t other = s->best[i];
		if (trust > other) {
			s->best[i] = trust;
			trust = other;
		}
	}
}

static sums add_up(const aim_confidence *c)
{
	sums s = {.n = 0};
	for (size_t i = 0; i < c->n_all; i++) {
		const aim_confidence_entry *e = &c->entries[i];
		s.asked += e->left_out == 0;
		if (e->left_out || i >= c->n)
			continue;
		s.n++;
		s.recent += e->recent;
		s.trust += e->trust_micro;
		add_best(&s, e->trust_micro);
	}
	return s;
}

/* The sum is a fraction over all that are asked until the end, so that it is rounded once; 2^17 of them times 10^8 fit many
 * times. Who does not reach the server any more adds nothing to the sums and weighs in the means as before: taken out of
 * both, one that is little trusted, or attested long ago, would raise them by leaving. */
static void compute(aim_confidence_summary *out, const sums *s)
{
	int64_t best = 0, n = s->asked;
	if (s->n == 0)
		return;
	for (int i = 0; i < BEST; i++)
		best += s->best[i];
	int64_t agents = s->n < 5 ? 20 * s->n * MICRO : AIM_CONFIDENCE_FULL;
	int64_t trust = out->flags & AIM_CONFIDENCE_ROBUST ? 10 * best * n : 50 * s->trust; /* over n */
	int64_t recency = 30 * s->recent * MICRO;                                           /* over n */
	int64_t confidence = (agents * n + trust + recency) * 5 / (9 * n);
	out->agents = agents;
	out->trust = trust / n;
	out->recency = recency / n;
	out->confidence = confidence < AIM_CONFIDENCE_FULL ? confidence : AIM_CONFIDENCE_FULL;
}

/* ---- consensus ---- */

/* 1 for those whose word is in force, whether it counts or not. */
static int is_in_force(const aim_confidence_entry *e)
{
	return e->left_out == 0 || e->left_out >= AIM_CONFIDENCE_DISCONNECTED;
}

static int all_agree(const aim_confidence *c)
{
	const aim_confidence_entry *first = NULL;
	for (size_t i = 0; i < c->n; i++) {
		const aim_confidence_entry *e = &c->entries[i];
		if (!is_in_force(e))
			continue;
		if (!e->connected || (first && memcmp(first->capabilities_hash, e->capabilities_hash, 32) != 0))
			return 0;
		first = first ? first : e;
	}
	return first != NULL;
}

static void summarize(aim_confidence *c)
{
	aim_confidence_summary *out = &c->summary;
	sums s = add_up(c);
	compute(out, &s);
	out->n_counted = (uint64_t)s.n;
	out->n_recent = (uint64_t)s.recent;
	out->n_left_out = c->n - out->n_counted;
	out->n_bad = c->n_bad_behind;
	for (size_t i = 0; i < c->n; i++)
		out->n_bad += c->entries[i].left_out == AIM_CONFIDENCE_SIGNATURE;
	out->consensus = s.n >= 3 && out->n_owners >= 2 && out->confidence >= AIM_CONFIDENCE_PASSING && all_agree(c);
}

aim_status aim__confidence_score(aim__confidence_work *w, aim_error *err)
{
	int robust = (w->c->summary.flags & AIM_CONFIDENCE_ROBUST) != 0;
	if (robust)
		leave_out_strangers(w);
	aim_status rc = leave_out_other_manifests(w, err);
	if (rc == AIM_OK)
		rc = go_through_owners(w->c, robust, err);
	if (rc == AIM_OK)
		summarize(w->c);
	return rc;
}
