/* mcp/entries.c — lists of prompts, resources and resource templates. Layer mcp. Nothing is compared here: resources come
 * and go. What carries instructions to the model is not shown and cannot be asked for until a person approved that very
 * definition (aim/baseline.h). */
#include "mcp/guard.h"

#include "assess/baseline.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "mcp/inspect.h"

#include <string.h>

typedef struct list {
	const char *method;
	const char *member; /* of the result */
	const char *name;   /* member of an entry that names it */
	const char *action; /* of requests about one */
	uint32_t kind;
} list;

static const list lists[] = {
	{"prompts/list", "prompts", "name", "mcp_prompt", AIM_FINGERPRINT_PROMPT},
	{"resources/list", "resources", "uri", "mcp_resource", AIM_FINGERPRINT_RESOURCE},
	{"resources/templates/list", "resourceTemplates", "uriTemplate", "mcp_resource", AIM_FINGERPRINT_RESOURCE_TEMPLATE},
};
#define N_LISTS (sizeof lists / sizeof *lists)

/* ---- what is known ---- */

void aim__entries_init(aim__entries *entries, const aim_ctx *ctx)
{
	aim__map_init(&entries->seen, ctx, 0);
	aim__map_init(&entries->flagged, ctx, 0);
}

static void forget_seen(aim__entries *entries, const aim_ctx *ctx)
{
	const aim__map_entry *e;
	for (size_t at = 0; (e = aim__map_next(&entries->seen, &at));)
		aim__free(ctx, (aim__entry_seen *)e->value, sizeof(aim__entry_seen));
	aim__map_clear(&entries->seen);
}

void aim__entries_dispose(aim__entries *entries, const aim_ctx *ctx)
{
	const aim__map_entry *e;
	if (entries->seen.count)
		forget_seen(entries, ctx);
	for (size_t at = 0; (e = aim__map_next(&entries->flagged, &at));) {
		aim__entry_flagged *f = (aim__entry_flagged *)e->value;
		aim__free(ctx, f, sizeof *f + f->len);
	}
	aim__map_dispose(&entries->flagged);
	aim__map_dispose(&entries->seen);
}

static aim_status remember(aim_guard *guard, const uint8_t *surface, uint32_t severity)
{
	aim__entries *entries = &guard->entries;
	if (entries->seen.count >= guard->ctx->limits.max_tools)
		forget_seen(entries, guard->ctx);
	aim__entry_seen *seen = aim__alloc(guard->ctx, sizeof *seen);
	if (!seen)
		return AIM_E_NOMEM;
	memcpy(seen->surface, surface, sizeof seen->surface);
	seen->severity = severity;
	aim_status rc = aim__map_add(&entries->seen, aim_bytes_from(seen->surface, sizeof seen->surface), (uintptr_t)seen);
	if (rc != AIM_OK)
		aim__free(guard->ctx, seen, sizeof *seen);
	return rc;
}

/* ---- what is withheld ---- */

static aim_bytes key_of(aim_guard *guard, uint32_t kind, aim_str name)
{
	aim__buf_truncate(&guard->scratch, 0);
	aim_status rc = aim__buf_add_byte(&guard->scratch, (uint8_t)kind);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(&guard->scratch, name);
	return rc == AIM_OK ? aim_buf_bytes(&guard->scratch) : (aim_bytes){NULL, 0};
}

static aim_status flag(aim_guard *guard, aim_bytes key)
{
	aim__map *map = &guard->entries.flagged;
	if (aim__map_find(map, key))
		return AIM_OK;
	if (map->count >= guard->ctx->limits.max_tools)
		return AIM_E_LIMIT;
	aim__entry_flagged *f = aim__alloc(guard->ctx, sizeof *f + key.len);
	if (!f)
		return AIM_E_NOMEM;
	f->len = key.len;
	memcpy(f->key, key.ptr, key.len);
	aim_status rc = aim__map_add(map, aim_bytes_from(f->key, f->len), (uintptr_t)f);
	if (rc != AIM_OK)
		aim__free(guard->ctx, f, sizeof *f + key.len);
	return rc;
}

static void unflag(aim_guard *guard, aim_bytes key)
{
	uintptr_t value = 0;
	if (!aim__map_remove(&guard->entries.flagged, key, &value))
		return;
	aim__entry_flagged *f = (aim__entry_flagged *)value;
	aim__free(guard->ctx, f, sizeof *f + f->len);
}

static aim_status set_flagged(aim_guard *guard, uint32_t kind, aim_str name, int flagged)
{
	aim_bytes key = key_of(guard, kind, name);
	if (!key.ptr)
		return AIM_E_NOMEM;
	if (flagged)
		return flag(guard, key);
	unflag(guard, key);
	return AIM_OK;
}

int aim__entries_refuses(const aim_guard *guard, const char *action, aim_str subject)
{
	uint8_t key[1 + 4096];
	if (guard->entries.flagged.count == 0 || !action)
		return 0;
	if (subject.len > sizeof key - 1)
		return 1; /* longer than any name that is worth telling apart */
	memcpy(key + 1, subject.ptr, subject.len);
	for (size_t i = 0; i < N_LISTS; i++) {
		key[0] = (uint8_t)lists[i].kind;
		if (strcmp(lists[i].action, action) == 0 &&
		    aim__map_find(&guard->entries.flagged, aim_bytes_from(key, 1 + subject.len)))
			return 1;
	}
	return 0;
}

/* ---- one entry ---- */

static int is_approved(const aim_guard *guard, uint32_t kind, aim_str name, const uint8_t *surface)
{
	aim_baseline_entry entry = {.struct_size = sizeof entry};
	const aim_baseline *baseline = guard->surface.baseline;
	return baseline && aim_baseline_find(baseline, kind, name, &entry) == AIM_OK &&
	       entry.state == AIM_BASELINE_APPROVED && memcmp(entry.baseline_surface, surface, AIM_FINGERPRINT_LEN) == 0;
}

/* *out_flagged: it has something critical, or cannot be told. */
static aim_status judge(aim_guard *guard, const list *l, aim_json_value v, aim_str name, int *out_flagged, aim_error *err)
{
	aim_fingerprint print = {.struct_size = sizeof print};
	uint32_t severity = AIM_SCAN_CRITICAL;
	*out_flagged = 1;
	aim_status rc = aim_fingerprint_value(guard->ctx, l->kind, &guard->doc, v, &print, NULL);
	if (rc != AIM_OK) /* its own fault, unless memory has run out */
		return rc == AIM_E_NOMEM ? rc : AIM_OK;
	const uintptr_t *seen = aim__map_find(&guard->entries.seen, aim_bytes_from(print.surface, sizeof print.surface));
	if (is_approved(guard, l->kind, name, print.surface)) {
		*out_flagged = 0;
		return AIM_OK;
	}
	if (seen) {
		*out_flagged = ((const aim__entry_seen *)*seen)->severity == AIM_SCAN_CRITICAL;
		return AIM_OK;
	}
	rc = aim__inspect_entry(guard, l->method, v, name, &print, &severity, err);
	if (rc == AIM_OK)
		rc = remember(guard, print.surface, severity);
	*out_flagged = severity == AIM_SCAN_CRITICAL;
	return rc == AIM_E_LIMIT ? AIM_OK : rc;
}

static int withholds(const aim_guard *guard)
{
	return guard->options.preset != AIM_GUARD_OBSERVE && !(guard->options.flags & AIM_GUARD_MONITOR);
}

static aim_status hide(aim_guard *guard, aim_json_value v, aim_str name, aim_json_value previous, int any_kept)
{
	aim__event_simple(guard, AIM_GUARD_EVENT_DROPPED_ENTRY, AIM_GUARD_SERVER, name, "entry_hidden", AIM_OK, 1);
	return aim__guard_cut_element(guard, v, previous, any_kept);
}

/* *out_shown: it stays in the page. */
static aim_status take(aim_guard *guard, const list *l, aim_json_value v, aim_json_value previous, int any_kept,
                       int *out_shown, aim_error *err)
{
	int flagged = 1, marked = 0;
	aim_str name = aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, v, l->name));
	aim_status rc = name.len ? judge(guard, l, v, name, &flagged, err) : AIM_OK;
	if (rc == AIM_OK && name.len)
		rc = set_flagged(guard, l->kind, name, flagged);
	if (rc == AIM_OK && flagged && withholds(guard) && guard->options.flags & AIM_GUARD_MARK)
		rc = aim__guard_mark(guard, v, &marked);
	*out_shown = !flagged || marked || !withholds(guard);
	if (rc == AIM_OK && marked)
		aim__event_simple(guard, AIM_GUARD_EVENT_MARKED, AIM_GUARD_SERVER, name, "entry_marked", AIM_OK, 1);
	return rc == AIM_OK && !*out_shown ? hide(guard, v, name, previous, any_kept) : rc;
}

static const list *find_list(const aim__request *request)
{
	for (size_t i = 0; i < N_LISTS; i++)
		if (strcmp(lists[i].method, request->method->name) == 0)
			return &lists[i];
	return NULL;
}

static aim_status take_all(aim_guard *guard, const list *l, aim_json_value entries, aim_error *err)
{
	aim_json_value previous = AIM_JSON_NONE;
	aim_status rc = AIM_OK;
	int any_kept = 0;
	for (aim_json_value v = aim__json_first(&guard->doc, entries); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim__json_next(&guard->doc, v)) {
		int shown = 0;
		rc = take(guard, l, v, previous, any_kept, &shown, err);
		any_kept |= shown;
		previous = v;
	}
	aim_status kept = aim__inspect_keep(guard);
	return rc == AIM_OK ? kept : rc;
}

aim_status aim__entries_page(aim_guard *guard, const aim__message *m, const aim__request *request, aim_error *err)
{
	const list *l = find_list(request);
	aim_json_value entries = l ? aim__json_member_text(&guard->doc, m->result, l->member) : AIM_JSON_NONE;
	if (aim__json_type(&guard->doc, entries) != AIM_JSON_ARRAY)
		return aim__lists_withhold(guard, m, "failed", err);
	aim_status rc = take_all(guard, l, entries, err);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	return rc == AIM_OK ? rc : aim__lists_withhold(guard, m, rc == AIM_E_LIMIT ? "failed" : "unrecorded", err);
}
