/* mcp/surface.c — the tools of one server as this connection sees them. Layer mcp, over the baseline of
 * assess. Knows nothing of messages: it is given definitions. */
#include "mcp/surface.h"

#include "assess/baseline.h"
#include "assess/drift.h"
#include "base/ctx.h"
#include "base/mem.h"

#include <string.h>

#define TOOLS_FIRST 32u
#define ALL_VERDICTS                                                                               \
	(AIM__TOOL_CHANGED | AIM__TOOL_ADDED | AIM__TOOL_APPROVED | AIM__TOOL_FIRST | AIM__TOOL_UNREADABLE)

void aim__surface_init(aim__surface *surface, aim_ctx *ctx)
{
	memset(surface, 0, sizeof *surface);
	surface->ctx = ctx;
	aim__map_init(&surface->by_name, ctx, 0);
	aim__buf_init(&surface->assembly, ctx);
	aim__json_init(&surface->scratch, ctx);
}

void aim__surface_dispose(aim__surface *surface)
{
	const aim_ctx *ctx = surface->ctx;
	for (size_t i = 0; i < surface->n_tools; i++) {
		aim__free(ctx, surface->tools[i]->name, surface->tools[i]->name_len + 1);
		aim__free(ctx, surface->tools[i], sizeof **surface->tools);
	}
	aim__free(ctx, surface->tools, surface->cap_tools * sizeof *surface->tools);
	aim__free(ctx, surface->listed, surface->cap_listed * sizeof *surface->listed);
	aim__free(ctx, surface->items, surface->cap_items * sizeof *surface->items);
	aim__map_dispose(&surface->by_name);
	aim__buf_dispose(&surface->assembly);
	aim__json_dispose(&surface->scratch);
	aim_baseline_free(surface->baseline);
}

aim_status aim__surface_open(aim__surface *surface, aim_registry *registry, aim_str server, aim_error *err)
{
	return aim_baseline_open(registry, server, &surface->baseline, err);
}

/* Is there something to compare with? */
static int has_pin(const aim__surface *surface)
{
	return surface->baseline ? aim__baseline_has(surface->baseline, AIM_FINGERPRINT_TOOL) : surface->first_list_done;
}

/* --- the tools known in this connection --------------------------------------------------------- */

static aim__tool *known(const aim__surface *surface, aim_str name)
{
	uintptr_t *value = aim__map_find(&surface->by_name, aim_bytes_from_str(name));
	return value ? surface->tools[*value] : NULL;
}

static aim__tool *make_tool(const aim_ctx *ctx, aim_str name)
{
	aim__tool *tool = aim__alloc_zeroed(ctx, sizeof *tool);
	if (!tool)
		return NULL;
	tool->name = aim__alloc(ctx, name.len + 1);
	if (!tool->name) {
		aim__free(ctx, tool, sizeof *tool);
		return NULL;
	}
	if (name.len)
		memcpy(tool->name, name.ptr, name.len);
	tool->name[name.len] = 0;
	tool->name_len = name.len;
	return tool;
}

static aim_status add_tool(aim__surface *surface, aim_str name, aim__tool **out)
{
	const aim_ctx *ctx = surface->ctx;
	void *tools = surface->tools;
	aim_status rc = aim__grow(ctx, &tools, &surface->cap_tools, surface->n_tools + 1, sizeof *surface->tools,
	                          TOOLS_FIRST, ctx->limits.max_tools);
	surface->tools = tools;
	if (rc != AIM_OK)
		return rc;
	aim__tool *tool = make_tool(ctx, name);
	if (!tool)
		return AIM_E_NOMEM;
	rc = aim__map_add(&surface->by_name, aim_bytes_from_str(aim__tool_name(tool)), surface->n_tools);
	if (rc != AIM_OK) {
		aim__free(ctx, tool->name, tool->name_len + 1);
		aim__free(ctx, tool, sizeof *tool);
		return rc;
	}
	surface->tools[surface->n_tools++] = tool;
	*out = tool;
	return AIM_OK;
}

/* --- judging one definition ---------------------------------------------------------------------- */

static void set_surface(aim__tool *tool, const uint8_t *surface)
{
	aim_fingerprint print = {.struct_size = sizeof print, .kind = AIM_FINGERPRINT_TOOL};
	memcpy(tool->surface, surface, sizeof tool->surface);
	memcpy(print.surface, surface, sizeof print.surface);
	(void)aim_fingerprint_text(&print, tool->fingerprint);
}

static int baseline_entry(const aim__surface *surface, aim_str name, aim_baseline_entry *out)
{
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	return surface->baseline && out->struct_size &&
	       aim_baseline_find(surface->baseline, AIM_FINGERPRINT_TOOL, name, out) == AIM_OK && out->state != 0;
}

/* What the definition whose hash is tool->surface is, seen from the baseline. */
static uint32_t judge(aim__surface *surface, aim__tool *tool)
{
	aim_baseline_entry entry;
	if (surface->baseline) {
		if (!baseline_entry(surface, aim__tool_name(tool), &entry))
			return has_pin(surface) ? AIM__TOOL_ADDED : AIM__TOOL_FIRST;
		if (memcmp(entry.baseline_surface, tool->surface, sizeof tool->surface) != 0)
			return AIM__TOOL_CHANGED;
		return entry.state == AIM_BASELINE_APPROVED ? AIM__TOOL_APPROVED : 0;
	}
	if (!tool->is_pinned && has_pin(surface))
		return AIM__TOOL_ADDED;
	if (!tool->is_pinned) {
		memcpy(tool->pinned, tool->surface, sizeof tool->pinned);
		tool->is_pinned = 1;
		return AIM__TOOL_FIRST;
	}
	return memcmp(tool->pinned, tool->surface, sizeof tool->pinned) == 0 ? 0 : AIM__TOOL_CHANGED;
}

static int says_destructive(const aim_json *doc, aim_json_value definition)
{
	int32_t yes = 0;
	aim_json_value hints = aim__json_member_text(doc, definition, "annotations");
	return aim_json_bool(doc, aim__json_member_text(doc, hints, "destructiveHint"), &yes) == AIM_OK && yes;
}

/* Definitions equal byte for byte to the stored one have its hash: no parsing, no hashing. */
static aim_status hash(aim__surface *surface, aim__tool *tool, const aim_json *doc, aim_json_value definition)
{
	aim_baseline_entry entry;
	aim_bytes raw = aim_json_raw(doc, definition);
	if (baseline_entry(surface, aim__tool_name(tool), &entry) && entry.definition.len == raw.len &&
	    memcmp(entry.definition.ptr, raw.ptr, raw.len) == 0) {
		set_surface(tool, entry.baseline_surface);
		return AIM_OK;
	}
	aim_fingerprint print = {.struct_size = sizeof print};
	aim_status rc = aim_fingerprint_value(surface->ctx, AIM_FINGERPRINT_TOOL, doc, definition, &print, NULL);
	if (rc == AIM_OK)
		set_surface(tool, print.surface);
	return rc;
}

/* --- a list --------------------------------------------------------------------------------------- */

void aim__surface_begin(aim__surface *surface)
{
	aim__buf_truncate(&surface->assembly, 0);
	surface->n_listed = 0;
	surface->n_observed = SIZE_MAX;
	surface->list++;
}

static aim_status assemble(aim__surface *surface, aim_str name, aim_bytes raw)
{
	void *listed = surface->listed;
	aim_status rc = aim__grow(surface->ctx, &listed, &surface->cap_listed, surface->n_listed + 1,
	                          sizeof *surface->listed, TOOLS_FIRST, surface->ctx->limits.max_tools);
	surface->listed = listed;
	if (rc == AIM_OK)
		rc = aim__buf_reserve(&surface->assembly, name.len + raw.len);
	if (rc != AIM_OK)
		return rc;
	size_t at = surface->assembly.len;
	(void)aim__buf_add_str(&surface->assembly, name); /* reserved: cannot fail */
	(void)aim__buf_add(&surface->assembly, raw.ptr, raw.len);
	aim__listed entry = {at, name.len, at + name.len, raw.len};
	surface->listed[surface->n_listed++] = entry;
	return AIM_OK;
}

/* Failures that are the definition's own fault, not ours. */
static int is_definitions_fault(aim_status rc)
{
	return rc != AIM_E_NOMEM && rc != AIM_E_CALLBACK;
}

static aim_status take_in(aim__surface *surface, const aim_json *doc, aim_json_value definition, aim__tool *tool)
{
	aim_status rc = hash(surface, tool, doc, definition);
	tool->state &= ~(ALL_VERDICTS | AIM__TOOL_DESTRUCTIVE | AIM__TOOL_AMBIGUOUS);
	tool->state |= AIM__TOOL_LISTED;
	tool->list = surface->list;
	if (rc != AIM_OK) {
		tool->state |= AIM__TOOL_UNREADABLE | AIM__TOOL_CHANGED;
		return is_definitions_fault(rc) ? AIM_OK : rc;
	}
	if (says_destructive(doc, definition))
		tool->state |= AIM__TOOL_DESTRUCTIVE;
	tool->state |= judge(surface, tool);
	return assemble(surface, aim__tool_name(tool), aim_json_raw(doc, definition));
}

aim_status aim__surface_add(aim__surface *surface, const aim_json *doc, aim_json_value definition,
                            aim__tool **out, int *out_again)
{
	*out = NULL;
	*out_again = 0;
	aim_str name = aim__json_string(doc, aim__json_member_text(doc, definition, "name"));
	if (name.len == 0 || name.len > surface->ctx->limits.max_name_bytes)
		return AIM_OK;
	aim__tool *tool = known(surface, name);
	if (!tool) {
		aim_status rc = add_tool(surface, name, &tool);
		if (rc != AIM_OK)
			return rc;
	} else if (tool->state & AIM__TOOL_LISTED && tool->list == surface->list) {
		tool->state |= AIM__TOOL_AMBIGUOUS;
		*out_again = 1;
		*out = tool;
		return AIM_OK;
	}
	*out = tool;
	return take_in(surface, doc, definition, tool);
}

static aim_status collect_items(aim__surface *surface)
{
	void *items = surface->items;
	aim_status rc = aim__grow(surface->ctx, &items, &surface->cap_items, surface->n_listed,
	                          sizeof *surface->items, TOOLS_FIRST, 0);
	surface->items = items;
	if (rc != AIM_OK)
		return rc;
	for (size_t i = 0; i < surface->n_listed; i++) {
		const aim__listed *l = &surface->listed[i];
		surface->items[i].name.ptr = (const char *)surface->assembly.ptr + l->name;
		surface->items[i].name.len = l->name_len;
		surface->items[i].raw.ptr = surface->assembly.ptr + l->raw;
		surface->items[i].raw.len = l->raw_len;
	}
	return AIM_OK;
}

void aim__surface_finish(aim__surface *surface)
{
	for (size_t i = 0; i < surface->n_tools; i++)
		if (surface->tools[i]->list != surface->list)
			surface->tools[i]->state &= ~(AIM__TOOL_LISTED | AIM__TOOL_AMBIGUOUS);
}

static aim_status observe(aim__surface *surface, const aim__surface_watcher *watcher, aim_error *err)
{
	if (!surface->baseline)
		return AIM_OK;
	aim_status rc = collect_items(surface);
	if (rc != AIM_OK)
		return rc;
	aim__drift_showing seen = {.kind = AIM_FINGERPRINT_TOOL, .items = surface->items, .n_items = surface->n_listed};
	seen.agent = watcher->agent;
	seen.session = watcher->session;
	seen.opened = watcher->opened;
	seen.user = watcher->user;
	seen.settled = &surface->settled;
	aim__drift_restart(surface->drift);
	return aim__drift_observe(surface->drift, surface->baseline, &seen, err);
}

/* The baseline's word counts: another process may have made it while this list was read. */
static void judge_again(aim__surface *surface)
{
	aim__baseline_view view;
	for (size_t i = 0; surface->baseline && i < surface->n_tools; i++) {
		aim__tool *tool = surface->tools[i];
		if (tool->list != surface->list || tool->state & AIM__TOOL_UNREADABLE)
			continue;
		tool->state &= ~ALL_VERDICTS;
		if (aim__baseline_find(surface->baseline, AIM_FINGERPRINT_TOOL, aim__tool_name(tool), &view) &&
		    view.verdict == AIM_BASELINE_FIRST_SEEN)
			tool->state |= AIM__TOOL_FIRST;
		else
			tool->state |= judge(surface, tool);
	}
}

aim_status aim__surface_observe(aim__surface *surface, const aim__surface_watcher *watcher, int *out_done, aim_error *err)
{
	*out_done = 0;
	if (surface->list == 0 || surface->n_observed == surface->n_listed)
		return AIM_OK;
	aim_status rc = observe(surface, watcher, err);
	if (rc != AIM_OK)
		return rc;
	surface->n_observed = surface->n_listed;
	surface->first_list_done = 1;
	judge_again(surface);
	*out_done = 1;
	return AIM_OK;
}

aim_status aim__surface_refresh(aim__surface *surface, aim_error *err)
{
	if (!surface->baseline)
		return AIM_OK;
	aim_status rc = aim_baseline_refresh(surface->baseline, err);
	if (rc != AIM_OK)
		return rc;
	for (size_t i = 0; i < surface->n_tools; i++) {
		aim__tool *tool = surface->tools[i];
		aim_baseline_entry entry;
		if (tool->state & AIM__TOOL_UNREADABLE)
			continue;
		if (tool->state & AIM__TOOL_FIRST) { /* stays news of this connection, approved or not */
			tool->state |= judge(surface, tool) & AIM__TOOL_APPROVED;
			continue;
		}
		if (!(tool->state & AIM__TOOL_LISTED) && baseline_entry(surface, aim__tool_name(tool), &entry))
			set_surface(tool, entry.baseline_surface);
		tool->state &= ~ALL_VERDICTS;
		tool->state |= judge(surface, tool);
	}
	return AIM_OK;
}

/* --- looking up ------------------------------------------------------------------------------------ */

/* A tool that this connection has not listed, but an earlier one has: clients may keep lists. */
static aim__tool *from_baseline(aim__surface *surface, aim_str name)
{
	aim_baseline_entry entry;
	aim__tool *tool = NULL;
	if (!baseline_entry(surface, name, &entry) || add_tool(surface, name, &tool) != AIM_OK)
		return NULL;
	set_surface(tool, entry.baseline_surface);
	tool->state = entry.state == AIM_BASELINE_APPROVED ? AIM__TOOL_APPROVED : 0;
	if (aim_json_parse(&surface->scratch, entry.definition, AIM_JSON_BORROW, NULL) != AIM_OK ||
	    says_destructive(&surface->scratch, AIM_JSON_ROOT))
		tool->state |= AIM__TOOL_DESTRUCTIVE;
	tool->told = tool->state;
	return tool;
}

static int is_in_baseline(const aim__surface *surface, aim_str name)
{
	aim_baseline_entry entry;
	return baseline_entry(surface, name, &entry);
}

aim__tool *aim__surface_find(aim__surface *surface, aim_str name)
{
	aim__tool *tool = known(surface, name);
	if (!tool)
		return from_baseline(surface, name);
	return tool->state & AIM__TOOL_LISTED || is_in_baseline(surface, name) ? tool : NULL;
}

aim_bytes aim__surface_definition(const aim__surface *surface, aim_str name)
{
	const uint8_t *text = surface->assembly.ptr;
	aim_baseline_entry entry;
	for (size_t i = 0; i < surface->n_listed; i++) {
		const aim__listed *l = &surface->listed[i];
		if (aim_str_equal((aim_str){(const char *)text + l->name, l->name_len}, name))
			return (aim_bytes){text + l->raw, l->raw_len};
	}
	return baseline_entry(surface, name, &entry) ? entry.definition : (aim_bytes){NULL, 0};
}

size_t aim__surface_drifted(const aim__surface *surface)
{
	size_t n = 0;
	for (size_t i = 0; i < surface->n_tools; i++)
		n += (surface->tools[i]->state & AIM__TOOL_DRIFTED) != 0;
	return n;
}
