/* codec/patterns_match.c — one text against a set of patterns. Layer codec.
 *
 * A filter, when there is one, says which patterns may match; the engine that locates decides and finds the places. So
 * hits do not depend on the filter. What cannot be decided within the limits stays unknown. */
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/patterns.h"

#include <string.h>

static aim_status engine_failed(const aim__pattern_engine *engine, aim_status rc, aim_error *err)
{
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_CODEC, "%s failed to match: %d", engine->table->name, (int)rc);
}

static void free_engine_scratch(const aim__pattern_engine *engine, void *scratch)
{
	if (scratch)
		engine->table->free_scratch(engine->table->user, engine->database, scratch);
}

static aim_status new_engine_scratch(const aim__pattern_engine *engine, void **out)
{
	aim_status rc = engine->table->new_scratch(engine->table->user, engine->database, out);
	return rc == AIM_OK || rc == AIM_E_NOMEM ? rc : AIM_E_CALLBACK;
}

/* A database that both scans and locates has one scratch. */
static int is_shared(const aim_pattern_set *set)
{
	return set->filter.database == set->locator.database;
}

static aim_status fill(aim_pattern_scratch *s, const aim_pattern_set *set)
{
	size_t n = set->n;
	s->cap_hits = n > set->options.max_hits ? n : set->options.max_hits;
	s->hits = aim__alloc_array(set->ctx, s->cap_hits, sizeof *s->hits);
	s->outcomes = n ? aim__alloc_zeroed(set->ctx, n) : NULL;
	s->candidates = n ? aim__alloc_zeroed(set->ctx, n) : NULL;
	if (!s->hits || (n && (!s->outcomes || !s->candidates)))
		return AIM_E_NOMEM;
	aim_status rc = new_engine_scratch(&set->locator, &s->locator);
	if (rc != AIM_OK || !set->filter.table || is_shared(set))
		return rc;
	return new_engine_scratch(&set->filter, &s->filter);
}

aim_status aim_patterns_scratch_new(aim_pattern_set *set, aim_pattern_scratch **out)
{
	if (!set || !out)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and out are required");
	aim_pattern_scratch *s = aim__alloc_zeroed(set->ctx, sizeof *s);
	if (!s)
		return AIM_E_NOMEM;
	atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
	s->set = set;
	aim_status rc = fill(s, set);
	if (rc != AIM_OK) {
		aim_patterns_scratch_free(s);
		return rc;
	}
	*out = s;
	return AIM_OK;
}

void aim_patterns_scratch_free(aim_pattern_scratch *scratch)
{
	if (!scratch)
		return;
	aim_pattern_set *set = scratch->set;
	free_engine_scratch(&set->filter, scratch->filter);
	free_engine_scratch(&set->locator, scratch->locator);
	aim__free(set->ctx, scratch->candidates, set->n);
	aim__free(set->ctx, scratch->outcomes, set->n);
	aim__free(set->ctx, scratch->hits, scratch->cap_hits * sizeof *scratch->hits);
	aim__free(set->ctx, scratch, sizeof *scratch);
	aim_patterns_free(set);
}

/* ---- matching ---- */

static void on_candidate(void *arg, size_t index, uint64_t end)
{
	aim_pattern_scratch *s = arg;
	(void)end;
	if (index < s->set->n)
		s->candidates[index] = 1;
}

/* Who may match: all, when there is no filter or it gives up. */
static aim_status find_candidates(const aim_pattern_set *set, aim_pattern_scratch *s, aim_str text, aim_error *err)
{
	const aim__pattern_engine *f = &set->filter;
	if (!f->table) {
		memset(s->candidates, 1, set->n);
		return AIM_OK;
	}
	memset(s->candidates, 0, set->n);
	aim_status rc = f->table->scan(f->table->user, f->database, is_shared(set) ? s->locator : s->filter, text,
	                               on_candidate, s);
	if (rc == AIM_E_LIMIT) {
		memset(s->candidates, 1, set->n);
		rc = AIM_OK;
	}
	return rc == AIM_OK ? AIM_OK : engine_failed(f, rc, err);
}

static int keep(aim_pattern_scratch *s, size_t index, uint64_t start, uint64_t end)
{
	if (s->n_hits == s->cap_hits)
		return 0;
	aim_pattern_hit hit = {.struct_size = sizeof hit, .id = s->set->ids[index], .index = (uint32_t)index, .start = start,
	                       .end = end};
	s->hits[s->n_hits++] = hit;
	return 1;
}

/* A span that an engine may not report would lead the caller outside the text. */
static int is_span(aim_str text, uint64_t from, uint64_t start, uint64_t end)
{
	return start >= from && start <= end && end <= text.len;
}

/* The matches of one pattern; the first decides the outcome. */
static aim_status locate(const aim_pattern_set *set, aim_pattern_scratch *s, size_t index, aim_str text, int all,
                         aim_error *err)
{
	const aim__pattern_engine *e = &set->locator;
	uint64_t from = 0;
	s->outcomes[index] = AIM_PATTERNS_NO_MATCH;
	do {
		uint64_t start = 0, end = 0;
		aim_status rc = e->table->locate(e->table->user, e->database, s->locator, index, text, from, &start, &end);
		int first = s->outcomes[index] != AIM_PATTERNS_MATCH;
		if (rc == AIM_E_NOT_FOUND)
			return AIM_OK;
		if (rc == AIM_E_LIMIT) {
			s->outcomes[index] = first ? AIM_PATTERNS_UNKNOWN : AIM_PATTERNS_MATCH;
			s->cut |= !first;
			return AIM_OK;
		}
		if (rc != AIM_OK || !is_span(text, from, start, end))
			return engine_failed(e, rc, err);
		s->outcomes[index] = AIM_PATTERNS_MATCH;
		if (!keep(s, index, start, end)) {
			s->cut = 1;
			return AIM_OK;
		}
		from = end > start ? end : end + 1;
	} while (all && from <= text.len);
	return AIM_OK;
}

/* With AIM_PATTERNS_ALL an early pattern may fill the list; the outcome of each is right all the same. */
static aim_status locate_all(const aim_pattern_set *set, aim_pattern_scratch *s, aim_str text, int all, aim_error *err)
{
	for (size_t i = 0; i < set->n; i++) {
		s->outcomes[i] = AIM_PATTERNS_NO_MATCH;
		aim_status rc = s->candidates[i] ? locate(set, s, i, text, all, err) : AIM_OK;
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static uint32_t summarize(const aim_pattern_scratch *s)
{
	uint32_t outcome = AIM_PATTERNS_NO_MATCH;
	if (s->n_hits)
		return AIM_PATTERNS_MATCH;
	for (size_t i = 0; i < s->set->n; i++)
		if (s->outcomes[i] == AIM_PATTERNS_UNKNOWN)
			outcome = AIM_PATTERNS_UNKNOWN;
	return outcome;
}

static void forget(aim_pattern_scratch *s)
{
	if (s->set->n)
		memset(s->outcomes, AIM_PATTERNS_UNKNOWN, s->set->n);
	s->n_hits = 0;
	s->cut = 0;
}

aim_status aim_patterns_match(const aim_pattern_set *set, aim_pattern_scratch *scratch, aim_str text, uint32_t flags,
                              uint32_t *out_outcome, aim_error *err)
{
	if (out_outcome)
		*out_outcome = AIM_PATTERNS_UNKNOWN;
	if (!set || !scratch || scratch->set != set || !out_outcome || flags & ~AIM_PATTERNS_ALL || (text.len && !text.ptr))
		return AIM__MISUSE(set ? set->ctx : NULL, "set, a scratch made for it, text and out_outcome are required");
	forget(scratch);
	if (set->n == 0) {
		*out_outcome = AIM_PATTERNS_NO_MATCH;
		return AIM_OK;
	}
	if (text.len > set->options.max_text_bytes)
		return AIM_OK;
	if (!text.ptr)
		text = aim_str_from("");
	aim_status rc = find_candidates(set, scratch, text, err);
	if (rc == AIM_OK)
		rc = locate_all(set, scratch, text, (flags & AIM_PATTERNS_ALL) != 0, err);
	if (rc != AIM_OK) {
		forget(scratch);
		return rc;
	}
	*out_outcome = summarize(scratch);
	return AIM_OK;
}

uint32_t aim_patterns_outcome_at(const aim_pattern_scratch *scratch, size_t index)
{
	return scratch && index < scratch->set->n ? scratch->outcomes[index] : AIM_PATTERNS_UNKNOWN;
}

size_t aim_patterns_hit_count(const aim_pattern_scratch *scratch)
{
	return scratch ? scratch->n_hits : 0;
}

const aim_pattern_hit *aim_patterns_hit_at(const aim_pattern_scratch *scratch, size_t index)
{
	return scratch && index < scratch->n_hits ? &scratch->hits[index] : NULL;
}

int32_t aim_patterns_is_cut(const aim_pattern_scratch *scratch)
{
	return scratch && scratch->cut;
}
