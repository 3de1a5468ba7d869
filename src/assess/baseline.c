/* assess/baseline.c — opening a baseline and looking into it. Layer assess. */
#include "assess/baseline.h"

#include "assess/baseline_state.h"
#include "audit/commit.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/subject.h"

#include <string.h>

AIM__NO_PADDING(aim_baseline_entry, 24 + 3 * 8 + 6 * sizeof(void *) + 2 * AIM_FINGERPRINT_LEN);

aim_status aim_baseline_open(aim_registry *registry, aim_str server, aim_baseline **out, aim_error *err)
{
	aim__subject *subject = NULL;
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = aim__subject_find(registry, &aim__server_kind, server, &subject, err);
	if (rc != AIM_OK)
		return rc;
	aim_baseline *b = aim__alloc_zeroed(registry->ctx, sizeof *b);
	if (b) {
		b->registry = aim__registry_ref(registry);
		b->ctx = registry->ctx;
		memcpy(b->server, subject->id.ptr, AIM__ID_SIZE);
		for (uint32_t kind = 0; kind < AIM__FINGERPRINT_KINDS; kind++)
			aim__list_init(b->ctx, &b->lists[kind]);
		aim__buf_init(&b->scratch, b->ctx);
		aim__buf_init(&b->scratch_key, b->ctx);
		aim__json_init(&b->doc, b->ctx);
		aim__json_init(&b->other, b->ctx);
	}
	aim__subject_free(subject);
	if (!b)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = aim_baseline_refresh(b, err);
	if (rc == AIM_OK)
		*out = b;
	else
		aim_baseline_free(b);
	return rc;
}

void aim_baseline_free(aim_baseline *baseline)
{
	if (!baseline)
		return;
	aim_registry *registry = baseline->registry;
	aim_ctx *ctx = baseline->ctx;
	for (uint32_t kind = 0; kind < AIM__FINGERPRINT_KINDS; kind++)
		aim__list_dispose(ctx, &baseline->lists[kind]);
	aim__free(ctx, baseline->findings, baseline->cap_findings * sizeof *baseline->findings);
	aim__json_dispose(&baseline->other);
	aim__json_dispose(&baseline->doc);
	aim__buf_dispose(&baseline->scratch_key);
	aim__buf_dispose(&baseline->scratch);
	aim__free(ctx, baseline, sizeof *baseline);
	aim__registry_unref(registry);
}

aim_status aim_baseline_refresh(aim_baseline *baseline, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (!baseline)
		return AIM__MISUSE(NULL, "baseline is required");
	for (uint32_t kind = 1; rc == AIM_OK && kind < AIM__FINGERPRINT_KINDS; kind++)
		rc = aim__list_refresh(baseline, kind, NULL, err);
	return rc;
}

size_t aim_baseline_finding_count(const aim_baseline *baseline)
{
	return baseline ? baseline->n_findings : 0;
}

const aim_baseline_finding *aim_baseline_finding_at(const aim_baseline *baseline, size_t index)
{
	return baseline && index < baseline->n_findings ? &baseline->findings[index] : NULL;
}

static const aim__entry *look_up(const aim_baseline *b, uint32_t kind, aim_str name)
{
	return kind != 0 && kind < AIM__FINGERPRINT_KINDS ? aim__entry_find(&b->lists[kind], name) : NULL;
}

/* What is stored differs from what is in the baseline: it is listed otherwise, not at all, or only listed. */
static int is_open(const aim__entry *e)
{
	return e->cur.state == 0 || e->cur.gone || e->cur.candidate.raw != NULL;
}

static aim_status describe(const aim__entry *e, uint32_t kind, aim_baseline_entry *out)
{
	aim_baseline_entry found = {.struct_size = sizeof found};
	found.kind = kind;
	found.flags = is_open(e) ? AIM_BASELINE_OPEN : 0;
	found.state = e->cur.state;
	found.verdict = e->verdict;
	found.version = e->cur.version;
	found.first_seen_us = e->first_seen_us;
	found.last_seen_us = e->last_seen_us;
	found.name = e->name;
	found.definition = aim_bytes_from(e->cur.baseline.raw, e->cur.baseline.len);
	found.candidate = aim_bytes_from(e->cur.candidate.raw, e->cur.candidate.len);
	memcpy(found.baseline_surface, e->cur.baseline.surface, AIM_FINGERPRINT_LEN);
	memcpy(found.observed_surface, e->shown, AIM_FINGERPRINT_LEN);
	return aim__sized_out(out, &found, sizeof found, sizeof found);
}

aim_status aim_baseline_find(const aim_baseline *baseline, uint32_t kind, aim_str name,
                             aim_baseline_entry *out)
{
	if (!baseline || !out)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and out are required");
	const aim__entry *e = look_up(baseline, kind, name);
	return e ? describe(e, kind, out) : AIM_E_NOT_FOUND;
}

size_t aim_baseline_count(const aim_baseline *baseline)
{
	size_t n = 0;
	for (uint32_t kind = 1; baseline && kind < AIM__FINGERPRINT_KINDS; kind++)
		n += baseline->lists[kind].n;
	return n;
}

aim_status aim_baseline_at(const aim_baseline *baseline, size_t index, aim_baseline_entry *out)
{
	if (!baseline || !out)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and out are required");
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++) {
		const aim__list *list = &baseline->lists[kind];
		if (index < list->n)
			return describe(list->entries[index], kind, out);
		index -= list->n;
	}
	return AIM_E_NOT_FOUND;
}

int aim__baseline_find(const aim_baseline *baseline, uint32_t kind, aim_str name,
                       aim__baseline_view *out)
{
	const aim__entry *e = look_up(baseline, kind, name);
	if (!e)
		return 0;
	out->state = e->cur.state;
	out->verdict = e->verdict;
	out->fingerprint = e->shown_hex;
	return 1;
}

/* A stale list was written just now: its version is not known yet. */
int aim__baseline_has(const aim_baseline *baseline, uint32_t kind)
{
	if (kind == 0 || kind >= AIM__FINGERPRINT_KINDS)
		return 0;
	return baseline->lists[kind].version != 0 || baseline->lists[kind].stale;
}

aim_str aim__baseline_server(const aim_baseline *baseline)
{
	return aim_str_from(baseline->server);
}

/* The leaves of entries of kinds below end that are in the baseline, or of those that are approved. Owned: n_slots of
 * them were allocated. */
typedef struct leaves {
	aim_fingerprint_leaf *items;
	size_t n, n_slots;
} leaves;

static aim_status collect(const aim_baseline *b, uint32_t end, int approved, leaves *out, aim_error *err)
{
	out->n = 0;
	out->n_slots = 1;
	for (uint32_t kind = 1; kind < end; kind++)
		out->n_slots += b->lists[kind].n;
	out->items = aim__alloc_array(b->ctx, out->n_slots, sizeof *out->items);
	if (!out->items)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	for (uint32_t kind = 1; kind < end; kind++)
		for (size_t i = 0; i < b->lists[kind].n; i++) {
			const aim__entry *e = b->lists[kind].entries[i];
			aim_fingerprint_leaf leaf = {kind, 0, e->name, e->cur.baseline.surface};
			if (e->cur.state == AIM_BASELINE_APPROVED || (e->cur.state && !approved))
				out->items[out->n++] = leaf;
		}
	return AIM_OK;
}

static aim_status manifest_of(const aim_baseline *b, uint32_t end, int approved, uint8_t out[AIM_FINGERPRINT_LEN],
                              aim_error *err)
{
	leaves all;
	aim_status rc = collect(b, end, approved, &all, err);
	if (rc == AIM_OK)
		rc = aim_fingerprint_manifest(b->ctx, all.items, all.n, out, err);
	aim__free(b->ctx, all.items, all.n_slots * sizeof *all.items);
	return rc;
}

aim_status aim_baseline_manifest(const aim_baseline *baseline, uint8_t out[AIM_FINGERPRINT_LEN],
                                 aim_error *err)
{
	if (!baseline || !out)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and out are required");
	return manifest_of(baseline, AIM__FINGERPRINT_SHOWN, 0, out, err);
}

aim_status aim_baseline_approved(const aim_baseline *baseline, uint8_t out[AIM_FINGERPRINT_LEN], aim_error *err)
{
	if (!baseline || !out)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and out are required");
	return manifest_of(baseline, AIM__FINGERPRINT_KINDS, 1, out, err);
}

aim_status aim_baseline_prove(const aim_baseline *baseline, uint32_t kind, aim_str name, aim_buf *out,
                              uint8_t out_root[AIM_FINGERPRINT_LEN], aim_error *err)
{
	leaves all;
	size_t i = 0;
	if (!baseline || !out)
		return AIM__MISUSE(baseline ? baseline->ctx : NULL, "baseline and out are required");
	const aim__entry *e = look_up(baseline, kind, name);
	if (!e)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ASSESS, "%s has no %s \"%.*s\"", baseline->server,
		                 aim_fingerprint_kind_name(kind), AIM__STR(name));
	if (e->cur.state != AIM_BASELINE_APPROVED)
		return aim__fail(err, AIM_E_STATE, AIM_LAYER_ASSESS, "the %s \"%.*s\" is not approved",
		                 aim_fingerprint_kind_name(kind), AIM__STR(name));
	aim_status rc = collect(baseline, AIM__FINGERPRINT_KINDS, 1, &all, err);
	while (rc == AIM_OK && all.items[i].surface != e->cur.baseline.surface)
		i++;
	if (rc == AIM_OK)
		rc = aim_fingerprint_prove(baseline->ctx, all.items, all.n, i, out, out_root, err);
	aim__free(baseline->ctx, all.items, all.n_slots * sizeof *all.items);
	return rc;
}

const char *aim_baseline_verdict_name(uint32_t verdict)
{
	static const char *const names[] = {"unknown", "unchanged", "first_seen", "added", "changed", "removed"};
	return names[verdict <= AIM_BASELINE_REMOVED ? verdict : 0];
}
