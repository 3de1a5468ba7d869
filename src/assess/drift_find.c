/* assess/drift_find.c — findings from what a baseline found different. Layer assess. */
#include "assess/difference.h"
#include "assess/drift.h"
#include "assess/sort.h"
#include "base/error.h"
#include "base/mem.h"
#include "crypto/provider.h"

#include <string.h>

#define SET_LABEL "libaim/drift-set/v1\n"
#define FRAGMENT_MAX 65536u /* bytes kept of a fragment: a larger one is left out */

/* ---- adding ---- */

static aim_status keep(aim_drift *d, aim_str *text)
{
	if (text->len == 0)
		return AIM_OK;
	*text = aim__arena_copy(&d->arena, *text);
	return text->ptr ? AIM_OK : AIM_E_NOMEM;
}

static aim_status keep_bytes(aim_drift *d, aim_bytes *fragment)
{
	aim_str text = {(const char *)fragment->ptr, fragment->len > FRAGMENT_MAX ? 0 : fragment->len};
	aim_status rc = keep(d, &text);
	*fragment = aim_bytes_from(text.len ? text.ptr : NULL, text.len);
	return rc;
}

static aim_status add(aim_drift *d, aim_drift_finding f, uint32_t detail, aim_error *err)
{
	void *items = d->findings;
	aim_str *const texts[] = {&f.subject, &f.name, &f.pointer, &f.property};
	aim_status rc = AIM_OK;
	f.struct_size = sizeof f;
	f.severity = aim__drift_severity_of(d, f.kind, f.flags, detail);
	for (size_t i = 0; rc == AIM_OK && i < sizeof texts / sizeof *texts; i++)
		rc = keep(d, texts[i]);
	if (rc == AIM_OK)
		rc = keep_bytes(d, &f.old_fragment);
	if (rc == AIM_OK)
		rc = keep_bytes(d, &f.new_fragment);
	if (rc == AIM_OK)
		rc = aim__grow(d->ctx, &items, &d->cap_findings, d->n_findings + 1, sizeof *d->findings, 16, 0);
	d->findings = items;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	d->findings[d->n_findings++] = f;
	return AIM_OK;
}

aim_status aim__drift_add(aim_drift *d, const aim_drift_finding *finding, aim_error *err)
{
	return add(d, *finding, finding->change_class, err);
}

/* ---- texts ---- */

static aim_status is_grave(aim_drift *d, aim_str text, int32_t *out_grave)
{
	if (d->options.scan)
		return d->options.scan(d->options.user, text, out_grave);
	return aim_scan_carries_instructions(d->options.scanner, text, d->scanned, out_grave);
}

/* Each text in a value is scanned, names of members too. */
static aim_status scan(aim_drift *d, const aim_json *doc, aim_json_value v, uint32_t *out_flags, aim_error *err)
{
	if ((!d->options.scan && !d->scanned) || v == AIM_JSON_NONE)
		return AIM_OK;
	for (uint32_t i = v, end = aim__json_skip(doc, v); i < end; i++) {
		int32_t grave = 0;
		if ((doc->nodes[i].info & AIM__JSON_TYPE) != AIM_JSON_STRING && !(doc->nodes[i].info & AIM__JSON_KEY))
			continue;
		aim_status rc = is_grave(d, aim__json_node_text(doc, &doc->nodes[i]), &grave);
		if (rc == AIM_E_NOMEM)
			return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
		if (rc != AIM_OK)
			return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_ASSESS, "the scan of a changed text failed: %s",
			                 aim_status_text(rc));
		if (grave) {
			*out_flags |= AIM_DRIFT_GRAVE;
			return AIM_OK;
		}
	}
	return AIM_OK;
}

/* ---- a changed member ---- */

typedef struct member {
	const char *name;
	uint32_t definition_kind; /* 0: of every kind that a server shows */
	uint32_t kind;
} member;

static const member members[] = {
	{"description", 0, AIM_DRIFT_DESCRIPTION_CHANGED},
	{"title", 0, AIM_DRIFT_DESCRIPTION_CHANGED},
	{"instructions", AIM_FINGERPRINT_SERVER, AIM_DRIFT_INSTRUCTIONS_CHANGED},
	{"inputSchema", 0, AIM_DRIFT_SCHEMA_CHANGED},
	{"outputSchema", 0, AIM_DRIFT_SCHEMA_CHANGED},
	{"arguments", AIM_FINGERPRINT_PROMPT, AIM_DRIFT_SCHEMA_CHANGED},
	{"annotations", 0, AIM_DRIFT_ANNOTATION_CHANGED},
	{"url", AIM_FINGERPRINT_LAUNCH, AIM_DRIFT_URL_CHANGED},
	{"command", AIM_FINGERPRINT_LAUNCH, AIM_DRIFT_COMMAND_CHANGED},
	{"args", AIM_FINGERPRINT_LAUNCH, AIM_DRIFT_COMMAND_CHANGED},
	{"env", AIM_FINGERPRINT_LAUNCH, AIM_DRIFT_ENV_CHANGED},
	{"transport", AIM_FINGERPRINT_LAUNCH, AIM_DRIFT_TRANSPORT_CHANGED},
	{"public_key", AIM_FINGERPRINT_KEY, AIM_DRIFT_KEY_CHANGED},
	{"checksum", AIM_FINGERPRINT_EXECUTABLE, AIM_DRIFT_CHECKSUM_CHANGED},
};

static uint32_t kind_of(uint32_t definition_kind, aim_str name)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if ((members[i].definition_kind == definition_kind ||
		     (members[i].definition_kind == 0 && definition_kind < AIM__FINGERPRINT_SHOWN)) &&
		    aim_str_equal(name, aim_str_from(members[i].name)))
			return members[i].kind;
	return AIM_DRIFT_DEFINITION_CHANGED;
}

static aim_status add_schema_change(aim_drift *d, aim_drift_finding f, const aim_schemadiff_change *c, aim_error *err)
{
	f.change_class = c->change_class;
	f.pointer = c->pointer;
	f.property = c->property;
	f.old_fragment = c->old_fragment;
	f.new_fragment = c->new_fragment;
	aim_status rc = AIM_OK;
	if (c->new_fragment.len)
		rc = scan(d, &d->after, aim_json_at(&d->after, AIM_JSON_ROOT, c->pointer), &f.flags, err);
	return rc == AIM_OK ? add(d, f, f.change_class, err) : rc;
}

static aim_status add_schema(aim_drift *d, const aim_drift_finding *f, aim_str name, aim_json_value old,
                             aim_json_value fresh, aim_error *err)
{
	aim_schemadiff_options o = {.struct_size = sizeof o};
	aim_schemadiff *diff = NULL;
	if (aim_str_equal(name, aim_str_from("outputSchema")))
		o.flags = AIM_SCHEMADIFF_OUTPUT;
	aim_status rc = aim_schemadiff_values(d->ctx, &d->before, old, &d->after, fresh, &o, &diff, err);
	for (size_t i = 0; rc == AIM_OK && i < aim_schemadiff_count(diff); i++)
		rc = add_schema_change(d, *f, aim_schemadiff_at(diff, i), err);
	aim_schemadiff_free(diff);
	return rc;
}

/* f says whose member it is. */
static aim_status add_member(aim_drift *d, aim_drift_finding f, aim_str name, aim_error *err)
{
	aim_json_value old = aim_json_member(&d->before, AIM_JSON_ROOT, name);
	aim_json_value fresh = aim_json_member(&d->after, AIM_JSON_ROOT, name);
	int arguments = f.definition_kind == AIM_FINGERPRINT_PROMPT;
	f.kind = kind_of(f.definition_kind, name);
	if (f.kind == AIM_DRIFT_SCHEMA_CHANGED && !arguments)
		return add_schema(d, &f, name, old, fresh, err);
	f.old_fragment = aim_json_raw(&d->before, old);
	f.new_fragment = aim_json_raw(&d->after, fresh);
	if (f.kind == AIM_DRIFT_SCHEMA_CHANGED)
		f.change_class = AIM_SCHEMADIFF_UNKNOWN; /* a list of names, no schema */
	aim_buf_clear(&d->text);
	aim_status rc = fresh == AIM_JSON_NONE ? aim_json_pointer(&d->before, old, &d->text)
	                                       : aim_json_pointer(&d->after, fresh, &d->text);
	f.pointer = aim_buf_str(&d->text);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (f.kind == AIM_DRIFT_ANNOTATION_CHANGED) {
		if (aim__authority_widens(&d->before, old, &d->after, fresh))
			f.flags |= AIM_DRIFT_GRAVE;
	} else if (f.definition_kind < AIM__FINGERPRINT_SHOWN) {
		rc = scan(d, &d->after, fresh, &f.flags, err);
	}
	uint32_t detail = f.kind == AIM_DRIFT_DEFINITION_CHANGED ? aim__difference_weight(name) : f.change_class;
	return rc == AIM_OK ? add(d, f, detail, err) : rc;
}

static aim_status parse(aim_json *doc, const aim__definition *definition, aim_error *err)
{
	return aim_json_parse(doc, aim_bytes_from(definition->raw, definition->len), AIM_JSON_BORROW, err);
}

static aim_status add_changed(aim_drift *d, const aim_drift_finding *f, const aim__entry *e, aim_error *err)
{
	aim_status rc = parse(&d->before, &e->next.baseline, err);
	if (rc == AIM_OK)
		rc = parse(&d->after, &e->next.candidate, err);
	for (size_t i = 0; rc == AIM_OK && i < e->difference.n_members; i++)
		rc = add_member(d, *f, e->difference.members[i], err);
	return rc;
}

/* ---- definitions that come and go ---- */

static int is_zero(const uint8_t hash[32])
{
	static const uint8_t zero[32];
	return memcmp(hash, zero, sizeof zero) == 0;
}

static int same_but_for_the_name(const aim__definition *a, const aim__definition *b)
{
	return memcmp(a->description, b->description, 32) == 0 && memcmp(a->schema, b->schema, 32) == 0 &&
	       !(is_zero(a->description) && is_zero(a->schema));
}

/* The definition that is gone and was the same under its old name; NULL when there is none. */
static const aim__entry *old_name_of(const aim__list *list, const aim__entry *added)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->entries[i]->next_verdict == AIM_BASELINE_REMOVED &&
		    same_but_for_the_name(&list->entries[i]->next.baseline, &added->next.candidate))
			return list->entries[i];
	return NULL;
}

static int was_renamed(const aim__list *list, const aim__entry *gone)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->entries[i]->next_verdict == AIM_BASELINE_ADDED &&
		    same_but_for_the_name(&gone->next.baseline, &list->entries[i]->next.candidate))
			return 1;
	return 0;
}

static aim_status add_added(aim_drift *d, aim_drift_finding f, const aim__list *list, const aim__entry *e, aim_error *err)
{
	const aim__entry *old = old_name_of(list, e);
	aim_status rc = parse(&d->after, &e->next.candidate, err);
	if (rc != AIM_OK)
		return rc;
	f.kind = old ? AIM_DRIFT_CAPABILITY_RENAMED : AIM_DRIFT_CAPABILITY_ADDED;
	f.new_fragment = aim_bytes_from(e->next.candidate.raw, e->next.candidate.len);
	if (old) {
		f.property = old->name;
		f.old_fragment = aim_bytes_from(old->next.baseline.raw, old->next.baseline.len);
	} else if (aim__drift_reaches(&d->after, AIM_JSON_ROOT, e->name)) {
		f.flags |= AIM_DRIFT_GRAVE;
	}
	return add(d, f, 0, err);
}

static aim_status add_removed(aim_drift *d, aim_drift_finding f, const aim__list *list, const aim__entry *e,
                              aim_error *err)
{
	if (was_renamed(list, e))
		return AIM_OK;
	f.kind = AIM_DRIFT_CAPABILITY_REMOVED;
	f.old_fragment = aim_bytes_from(e->next.baseline.raw, e->next.baseline.len);
	return add(d, f, 0, err);
}

static aim_status add_entry(aim_drift *d, aim_baseline *b, uint32_t kind, const aim__entry *e, aim_error *err)
{
	const aim__list *list = &b->lists[kind];
	aim_drift_finding f = {.definition_kind = kind, .name = e->name, .subject = aim_str_from(b->server)};
	switch (e->next_verdict) {
	case AIM_BASELINE_FIRST_SEEN:
		f.kind = AIM_DRIFT_FIRST_SEEN;
		f.new_fragment = aim_bytes_from(e->next.baseline.raw, e->next.baseline.len);
		return add(d, f, 0, err);
	case AIM_BASELINE_CHANGED: return add_changed(d, &f, e, err);
	case AIM_BASELINE_ADDED: return add_added(d, f, list, e, err);
	case AIM_BASELINE_REMOVED: return add_removed(d, f, list, e, err);
	default: return AIM_OK;
	}
}

aim_status aim__drift_find(aim_drift *d, aim_baseline *b, uint32_t kind, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < b->lists[kind].n; i++)
		rc = add_entry(d, b, kind, b->lists[kind].entries[i], err);
	return rc;
}

/* ---- the set ---- */

static int compare_entries(const void *a, const void *b)
{
	const aim__entry *x = a, *y = b;
	return aim__compare_texts(&x->name, &y->name);
}

static aim_status add_to_set(aim_buf *text, const aim__entry *e, const aim__entry_state *state)
{
	uint8_t length[8], nothing[32] = {0};
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)e->name.len >> (56 - 8 * i));
	aim_status rc = aim__buf_add(text, length, sizeof length);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(text, e->name);
	return rc == AIM_OK ? aim__buf_add(text, state->candidate.raw ? state->candidate.surface : nothing, 32) : rc;
}

static aim_status hash_set(aim_baseline *b, uint32_t kind, const void **drifting, size_t n, int prepared,
                           uint8_t out[32])
{
	aim_buf text;
	aim__buf_init(&text, b->ctx);
	aim_status rc = aim__buf_add_text(&text, SET_LABEL);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&text, aim__fingerprint_kinds[kind]);
	aim__sort_pointers(drifting, n, compare_entries);
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		const aim__entry *e = drifting[i];
		rc = add_to_set(&text, e, prepared ? &e->next : &e->cur);
	}
	aim_bytes part = aim_buf_bytes(&text);
	if (rc == AIM_OK)
		rc = aim__sha256(b->ctx, &part, 1, out);
	aim__buf_dispose(&text);
	return rc;
}

aim_status aim__drift_set(aim_baseline *b, uint32_t kind, int prepared, uint8_t out[32], size_t *out_n, aim_error *err)
{
	const aim__list *list = &b->lists[kind];
	size_t n = 0;
	const void **drifting = aim__alloc_array(b->ctx, list->n + 1, sizeof *drifting);
	if (!drifting)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	for (size_t i = 0; i < list->n; i++) {
		const aim__entry_state *s = prepared ? &list->entries[i]->next : &list->entries[i]->cur;
		if (s->candidate.raw || s->gone)
			drifting[n++] = list->entries[i];
	}
	aim_status rc = hash_set(b, kind, drifting, n, prepared, out);
	aim__free(b->ctx, (void *)drifting, (list->n + 1) * sizeof *drifting);
	*out_n = n;
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}
