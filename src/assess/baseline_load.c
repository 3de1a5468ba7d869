/* assess/baseline_load.c — a list out of the store. Layer assess. */
#include "assess/baseline_state.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "identity/record.h"
#include "store/store.h"

#include <string.h>

static const char *const state_names[] = {"none", "pending", "approved", NULL};

static const aim__field entry_fields[] = {
	{"server", offsetof(aim__stored_entry, server), AIM__FIELD_TEXT, 1, NULL},
	{"kind", offsetof(aim__stored_entry, kind), AIM__FIELD_NAME, 1, aim__fingerprint_kinds},
	{"name", offsetof(aim__stored_entry, name), AIM__FIELD_TEXT, 1, NULL},
	{"state", offsetof(aim__stored_entry, state), AIM__FIELD_NAME, 0, state_names},
	{"version", offsetof(aim__stored_entry, version), AIM__FIELD_UINT, 0, NULL},
	{"first_seen_at", offsetof(aim__stored_entry, first_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"last_seen_at", offsetof(aim__stored_entry, last_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"fingerprint", offsetof(aim__stored_entry, fingerprint), AIM__FIELD_HASH, 0, NULL},
	{"description_hash", offsetof(aim__stored_entry, description), AIM__FIELD_HASH, 0, NULL},
	{"schema_hash", offsetof(aim__stored_entry, schema), AIM__FIELD_HASH, 0, NULL},
	{"candidate_fingerprint", offsetof(aim__stored_entry, candidate_fingerprint), AIM__FIELD_HASH, 0,
     NULL},
	{"gone", offsetof(aim__stored_entry, gone), AIM__FIELD_BOOL, 0, NULL},
	{"candidate", offsetof(aim__stored_entry, candidate), AIM__FIELD_JSON, 0, NULL},
	{"definition", offsetof(aim__stored_entry, definition), AIM__FIELD_JSON, 0, NULL},
};
const aim__fields aim__stored_entry_table = {entry_fields, sizeof entry_fields / sizeof *entry_fields};

static const aim__field list_fields[] = {
	{"server", offsetof(aim__stored_list, server), AIM__FIELD_TEXT, 1, NULL},
	{"kind", offsetof(aim__stored_list, kind), AIM__FIELD_NAME, 1, aim__fingerprint_kinds},
	{"first_seen_at", offsetof(aim__stored_list, first_seen_us), AIM__FIELD_TIME_US, 1, NULL},
	{"changed_at", offsetof(aim__stored_list, changed_us), AIM__FIELD_TIME_US, 1, NULL},
	{"entries", offsetof(aim__stored_list, n_entries), AIM__FIELD_UINT, 0, NULL},
	{"pending", offsetof(aim__stored_list, n_pending), AIM__FIELD_UINT, 0, NULL},
	{"drifted", offsetof(aim__stored_list, n_drifted), AIM__FIELD_UINT, 0, NULL},
};
const aim__fields aim__stored_list_table = {list_fields, sizeof list_fields / sizeof *list_fields};

aim_status aim__baseline_list_key(aim_baseline *b, uint32_t kind, aim_error *err)
{
	aim_str parts[2] = {aim_str_from(b->server), aim_str_from(aim__fingerprint_kinds[kind])};
	return aim__record_key(&b->scratch_key, "baseline-list/", parts, 2, err);
}

/* ---- entries ---- */

/* What loading works on. */
typedef struct loading {
	aim_baseline *b;
	aim__list *list;
	uint32_t kind;
	aim__record record;
	aim__arena arena;
} loading;

/* A stored definition says nothing that it does not hold: its hashes are computed again, so that no
 * value written by hand can pass for approved under the old fingerprint. */
static aim_status load_definition(loading *l, aim_bytes raw, const uint8_t expected[32], aim_bytes key,
                                  const char *member, aim__definition *out, aim_error *err)
{
	aim_fingerprint f = {.struct_size = sizeof f};
	if (raw.len == 0)
		return AIM_OK;
	aim_status rc = aim_json_parse(&l->b->doc, raw, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim__fingerprint(l->b->ctx, l->kind, &l->b->doc, AIM_JSON_ROOT, &l->b->scratch, &f, err);
	if (rc == AIM_E_NOMEM || rc == AIM_E_CALLBACK)
		return rc;
	if (rc != AIM_OK || !aim__surface_equal(f.surface, expected))
		return aim__record_corrupt(key, member, err);
	rc = aim__definition_copy(l->b->ctx, raw, &f, out);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

static aim_status check_stored(const loading *l, const aim__stored_entry *s, aim_bytes key,
                               aim_error *err)
{
	if (s->kind != l->kind || !aim_str_equal(s->server, aim_str_from(l->b->server)))
		return aim__record_corrupt(key, "kind", err);
	if ((s->state != 0) != (s->definition.len != 0) || (s->state != 0) != (s->version != 0))
		return aim__record_corrupt(key, "definition", err);
	if (s->state == 0 && s->candidate.len == 0)
		return aim__record_corrupt(key, "candidate", err);
	return AIM_OK;
}

static aim_status fill_entry(loading *l, aim__entry *e, const aim__stored_entry *s, aim_bytes key,
                             aim_error *err)
{
	aim_status rc = load_definition(l, s->definition, s->fingerprint, key, "definition",
	                                &e->cur.baseline, err);
	if (rc == AIM_OK)
		rc = load_definition(l, s->candidate, s->candidate_fingerprint, key, "candidate",
		                     &e->cur.candidate, err);
	e->cur.state = s->state;
	e->cur.gone = s->gone;
	e->cur.version = s->version;
	e->next = e->cur;
	e->first_seen_us = s->first_seen_us;
	e->last_seen_us = s->last_seen_us;
	aim__entry_show(e, s->state ? e->cur.baseline.surface : e->cur.candidate.surface);
	return rc;
}

static aim_status load_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, aim_error *err)
{
	loading *l = user;
	aim__stored_entry s = {.kind = 0};
	(void)version;
	aim__arena_reset(&l->arena);
	aim_status rc = aim__record_parse(&l->record, key, value, err);
	if (rc == AIM_OK)
		rc = aim__record_read(&l->record, key, &aim__stored_entry_table, &l->arena, &s, err);
	if (rc == AIM_OK)
		rc = check_stored(l, &s, key, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__entry_find(l->list, s.name))
		return aim__record_corrupt(key, "name", err);
	aim__entry *entry = aim__entry_add(l->b->ctx, l->list, s.name);
	if (!entry)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	return fill_entry(l, entry, &s, key, err);
}

static aim_status load_entries(aim_baseline *b, uint32_t kind, aim__list *list, aim_error *err)
{
	loading l = {.b = b, .list = list, .kind = kind};
	aim_buf prefix;
	aim_str nothing = {NULL, 0};
	aim__buf_init(&prefix, b->ctx);
	aim__record_init(&l.record, b->registry);
	aim__arena_init(&l.arena, b->ctx, 4096, 0);
	aim_str parts[3] = {aim_str_from(b->server), aim_str_from(aim__fingerprint_kinds[kind]), nothing};
	aim_status rc = aim__record_key(&prefix, "baseline/", parts, 3, err);
	if (rc == AIM_OK)
		rc = aim__record_walk(b->registry, aim_buf_bytes(&prefix), aim_bytes_from(NULL, 0), load_row, &l,
		                      err);
	aim__arena_dispose(&l.arena);
	aim__record_dispose(&l.record);
	aim__buf_dispose(&prefix);
	return rc;
}

/* ---- lists ---- */

/* The list's version in the store, 0 when there is none. The value goes to b->scratch. */
static aim_status read_version(aim_baseline *b, uint32_t kind, uint64_t *out, aim_error *err)
{
	aim_status rc = aim__baseline_list_key(b, kind, err);
	if (rc == AIM_OK)
		rc = aim__store_get(b->registry->store, aim_buf_bytes(&b->scratch_key), &b->scratch, out, err);
	if (rc == AIM_E_NOT_FOUND) {
		*out = 0;
		return AIM_OK;
	}
	return rc;
}

static aim_status read_first_seen(aim_baseline *b, int64_t *out, aim_error *err)
{
	aim__record record;
	aim__arena arena;
	aim__stored_list s = {.kind = 0};
	aim_bytes key = aim_buf_bytes(&b->scratch_key);
	aim__record_init(&record, b->registry);
	aim__arena_init(&arena, b->ctx, 256, 0);
	aim_status rc = aim__record_parse(&record, key, aim_buf_bytes(&b->scratch), err);
	if (rc == AIM_OK)
		rc = aim__record_read(&record, key, &aim__stored_list_table, &arena, &s, err);
	if (rc == AIM_OK)
		*out = s.first_seen_us;
	aim__arena_dispose(&arena);
	aim__record_dispose(&record);
	return rc;
}

/* One consistent picture: the version is the same before and after the entries were read. */
static aim_status load_list(aim_baseline *b, uint32_t kind, uint64_t version, aim__list *list,
                            aim_error *err)
{
	for (int i = 0; i < AIM__RECORD_ATTEMPTS; i++) {
		uint64_t after = 0;
		aim__list_init(b->ctx, list);
		aim_status rc = AIM_OK;
		if (version)
			rc = read_first_seen(b, &list->first_seen_us, err);
		if (rc == AIM_OK && version)
			rc = load_entries(b, kind, list, err);
		if (rc == AIM_OK)
			rc = read_version(b, kind, &after, err);
		if (rc == AIM_OK && after == version) {
			list->version = version;
			return AIM_OK;
		}
		aim__list_dispose(b->ctx, list);
		if (rc != AIM_OK)
			return rc;
		version = after;
	}
	return aim__fail(err, AIM_E_CONFLICT, AIM_LAYER_ASSESS,
	                 "the baseline of %s changes faster than it can be read", b->server);
}

/* Judges what was observed before by the baseline that holds now. */
static void carry_over(const aim__entry *old, aim__entry *fresh)
{
	fresh->last_seen_us = old->last_seen_us > fresh->last_seen_us ? old->last_seen_us
	                                                              : fresh->last_seen_us;
	if (old->verdict == 0)
		return;
	aim__entry_show(fresh, old->shown);
	if (fresh->cur.state == 0)
		fresh->verdict = AIM_BASELINE_ADDED;
	else if (old->verdict == AIM_BASELINE_REMOVED)
		fresh->verdict = AIM_BASELINE_REMOVED;
	else
		fresh->verdict = aim__surface_equal(old->shown, fresh->cur.baseline.surface)
		                         ? AIM_BASELINE_UNCHANGED
		                         : AIM_BASELINE_CHANGED;
}

aim_status aim__list_refresh(aim_baseline *b, uint32_t kind, int *out_changed, aim_error *err)
{
	aim__list *list = &b->lists[kind];
	aim__list fresh;
	uint64_t version = 0;
	aim_status rc = read_version(b, kind, &version, err);
	if (rc != AIM_OK || (version == list->version && !list->stale))
		return rc;
	rc = load_list(b, kind, version, &fresh, err);
	if (rc != AIM_OK)
		return rc;
	for (size_t i = 0; i < list->n; i++) {
		aim__entry *entry = aim__entry_find(&fresh, list->entries[i]->name);
		if (entry)
			carry_over(list->entries[i], entry);
	}
	b->n_findings = 0; /* they point into the old list */
	aim__list_dispose(b->ctx, list);
	*list = fresh;
	if (out_changed)
		*out_changed = 1;
	return AIM_OK;
}

/* ---- drift ---- */

static aim_status add_drift(aim__record *record, aim__arena *arena, aim_buf *key, const aim_str parts[2],
                            uint64_t *io_n, aim_error *err)
{
	aim__stored_list list = {.kind = 0};
	aim_status rc = aim__record_key(key, "baseline-list/", parts, 2, err);
	if (rc == AIM_OK)
		rc = aim__record_load(record, aim_buf_bytes(key), err);
	if (rc == AIM_OK)
		rc = aim__record_read(record, aim_buf_bytes(key), &aim__stored_list_table, arena, &list, err);
	*io_n += list.n_drifted;
	return rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

aim_status aim__baseline_drift(aim_registry *registry, aim_str server, uint64_t *out, aim_error *err)
{
	aim__record record;
	aim__arena arena;
	aim_buf key;
	uint64_t n = 0;
	aim_status rc = AIM_OK;
	aim__record_init(&record, registry);
	aim__arena_init(&arena, registry->ctx, 512, 0);
	aim__buf_init(&key, registry->ctx);
	for (uint32_t kind = 1; rc == AIM_OK && kind < AIM__FINGERPRINT_KINDS; kind++) {
		aim_str parts[2] = {server, aim_str_from(aim__fingerprint_kinds[kind])};
		rc = add_drift(&record, &arena, &key, parts, &n, err);
	}
	aim__buf_dispose(&key);
	aim__arena_dispose(&arena);
	aim__record_dispose(&record);
	if (rc == AIM_OK)
		*out = n;
	return rc;
}
