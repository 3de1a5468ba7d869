/* assess/baseline_entry.c — entries and lists in memory. Layer assess; knows no store. */
#include "assess/baseline_state.h"

#include "base/mem.h"
#include "codec/encoding.h"

#include <string.h>

/* ---- definitions ---- */

aim_status aim__definition_copy(const aim_ctx *ctx, aim_bytes raw, const aim_fingerprint *hashes,
                                aim__definition *out)
{
	uint8_t *copy = aim__alloc(ctx, raw.len);
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, raw.ptr, raw.len);
	out->raw = copy;
	out->len = raw.len;
	memcpy(out->surface, hashes->surface, sizeof out->surface);
	memcpy(out->description, hashes->description, sizeof out->description);
	memcpy(out->schema, hashes->schema, sizeof out->schema);
	return AIM_OK;
}

void aim__definition_dispose(const aim_ctx *ctx, aim__definition *definition)
{
	aim__free(ctx, definition->raw, definition->len);
	memset(definition, 0, sizeof *definition);
}

int aim__definition_is(const aim__definition *definition, aim_bytes raw)
{
	return definition->raw && definition->len == raw.len &&
	       memcmp(definition->raw, raw.ptr, raw.len) == 0;
}

int aim__surface_equal(const uint8_t a[32], const uint8_t b[32])
{
	return memcmp(a, b, 32) == 0;
}

/* ---- entries ---- */

static int state_holds(const aim__entry_state *state, const uint8_t *raw)
{
	return raw && (state->baseline.raw == raw || state->candidate.raw == raw);
}

/* Frees a definition unless the surviving state has it. */
static void let_go(const aim_ctx *ctx, aim__definition *definition, const aim__entry_state *survivor)
{
	if (!state_holds(survivor, definition->raw))
		aim__definition_dispose(ctx, definition);
}

static void free_entry(const aim_ctx *ctx, aim__entry *entry)
{
	let_go(ctx, &entry->next.baseline, &entry->cur);
	let_go(ctx, &entry->next.candidate, &entry->cur);
	aim__definition_dispose(ctx, &entry->cur.baseline);
	aim__definition_dispose(ctx, &entry->cur.candidate);
	aim__definition_dispose(ctx, &entry->alias);
	aim__difference_dispose(ctx, &entry->difference);
	aim__free(ctx, (void *)(uintptr_t)entry->name.ptr, entry->name.len + 1);
	aim__free(ctx, entry, sizeof *entry);
}

aim__entry *aim__entry_find(const aim__list *list, aim_str name)
{
	uintptr_t *found = aim__map_find(&list->by_name, aim_bytes_from_str(name));
	return found ? (aim__entry *)*found : NULL;
}

static aim__entry *new_entry(const aim_ctx *ctx, aim_str name)
{
	aim__entry *entry = aim__alloc_zeroed(ctx, sizeof *entry);
	char *copy = aim__alloc(ctx, name.len + 1);
	if (!entry || !copy) {
		aim__free(ctx, copy, name.len + 1);
		aim__free(ctx, entry, sizeof *entry);
		return NULL;
	}
	memcpy(copy, name.ptr, name.len);
	copy[name.len] = '\0';
	entry->name.ptr = copy;
	entry->name.len = name.len;
	return entry;
}

aim__entry *aim__entry_add(const aim_ctx *ctx, aim__list *list, aim_str name)
{
	void *items = (void *)list->entries;
	aim_status rc = aim__grow(ctx, &items, &list->cap, list->n + 1, sizeof *list->entries, 16, 0);
	list->entries = items;
	aim__entry *entry = rc == AIM_OK ? new_entry(ctx, name) : NULL;
	if (!entry)
		return NULL;
	if (aim__map_add(&list->by_name, aim_bytes_from_str(entry->name), (uintptr_t)entry) != AIM_OK) {
		free_entry(ctx, entry);
		return NULL;
	}
	list->entries[list->n++] = entry;
	return entry;
}

void aim__entry_show(aim__entry *entry, const uint8_t surface[32])
{
	memcpy(entry->shown, surface, sizeof entry->shown);
	aim__hex_write(aim_bytes_from(surface, 32), entry->shown_hex);
	entry->shown_hex[64] = '\0';
}

int aim__entry_dirty(const aim__entry *e)
{
	return e->cur.state != e->next.state || e->cur.gone != e->next.gone ||
	       e->cur.version != e->next.version || e->cur.baseline.raw != e->next.baseline.raw ||
	       e->cur.candidate.raw != e->next.candidate.raw;
}

int aim__entry_empty(const aim__entry_state *state)
{
	return state->state == 0 && !state->candidate.raw;
}

/* ---- lists ---- */

void aim__list_init(const aim_ctx *ctx, aim__list *list)
{
	memset(list, 0, sizeof *list);
	aim__map_init(&list->by_name, ctx, 0);
}

void aim__list_dispose(const aim_ctx *ctx, aim__list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_entry(ctx, list->entries[i]);
	aim__free(ctx, (void *)list->entries, list->cap * sizeof(aim__entry *));
	aim__map_dispose(&list->by_name);
	memset(list, 0, sizeof *list);
}

/* Removes the empty entries, keeping the order of the others. */
static void remove_empty(const aim_ctx *ctx, aim__list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->n; i++) {
		aim__entry *entry = list->entries[i];
		if (!aim__entry_empty(&entry->cur)) {
			list->entries[kept++] = entry;
			continue;
		}
		(void)aim__map_remove(&list->by_name, aim_bytes_from_str(entry->name), NULL);
		free_entry(ctx, entry);
	}
	list->n = kept;
}

static void take_over(const aim_ctx *ctx, aim__entry *e, int64_t now_us)
{
	if (aim__entry_dirty(e)) {
		let_go(ctx, &e->cur.baseline, &e->next);
		let_go(ctx, &e->cur.candidate, &e->next);
		e->cur = e->next;
		e->compared = 0;
	}
	if (e->fresh)
		e->first_seen_us = e->last_seen_us = now_us;
	e->fresh = 0;
}

void aim__list_take_over(const aim_ctx *ctx, aim__list *list, int64_t now_us)
{
	for (size_t i = 0; i < list->n; i++)
		take_over(ctx, list->entries[i], now_us);
	remove_empty(ctx, list);
}

void aim__list_drop(const aim_ctx *ctx, aim__list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		aim__entry *e = list->entries[i];
		let_go(ctx, &e->next.baseline, &e->cur);
		let_go(ctx, &e->next.candidate, &e->cur);
		e->next = e->cur;
	}
	remove_empty(ctx, list);
}
