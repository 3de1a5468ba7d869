/* mcp/lists.c — replies to tools/list: every definition is compared with its baseline, and what may not be
 * shown is cut out of the page. Layer mcp. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "base/error.h"
#include "mcp/inspect.h"

#define REASON_MAX 512u

/* --- telling the host ------------------------------------------------------------------------------------ */

#define NEWS (AIM__TOOL_DRIFTED | AIM__TOOL_FIRST | AIM__TOOL_UNREADABLE)

typedef struct news {
	uint32_t bit;
	uint32_t kind;
	const char *code;
	const char *reason;
} news;

static const news all_news[] = {
	{AIM__TOOL_AMBIGUOUS, AIM_GUARD_EVENT_DRIFT, "tool_listed_twice", "the name stands twice in the list"},
	{AIM__TOOL_UNREADABLE, AIM_GUARD_EVENT_DRIFT, "tool_unreadable", "the definition cannot be fingerprinted"},
	{AIM__TOOL_CHANGED, AIM_GUARD_EVENT_DRIFT, "tool_changed", "the definition differs from its baseline"},
	{AIM__TOOL_ADDED, AIM_GUARD_EVENT_DRIFT, "tool_added", "the tool is not in the server's baseline"},
	{AIM__TOOL_FIRST, AIM_GUARD_EVENT_NEW_TOOL, "tool_first_seen", "first sight: this is the baseline now"},
};

static void tell(aim_guard *guard, aim__tool *tool, aim_str detail)
{
	uint32_t fresh = tool->state & NEWS & ~tool->told;
	tool->told = tool->state;
	for (size_t i = 0; fresh && i < sizeof all_news / sizeof *all_news; i++) {
		if (!(fresh & all_news[i].bit))
			continue;
		aim_guard_event event = {.kind = all_news[i].kind, .from = AIM_GUARD_SERVER, .count = 1};
		event.name = aim__tool_name(tool);
		event.code = aim_str_from(all_news[i].code);
		event.reason = detail.len ? detail : aim_str_from(all_news[i].reason);
		event.fingerprint = aim_str_from(tool->fingerprint);
		aim__event_send(guard, &event);
		return;
	}
}

/* "changed: description, inputSchema" */
static aim_str detail_of(aim_guard *guard, const aim_baseline_finding *finding)
{
	aim_buf *text = &guard->scratch;
	aim__buf_truncate(text, 0);
	if (finding->verdict != AIM_BASELINE_CHANGED || finding->n_members == 0)
		return (aim_str){NULL, 0};
	aim_status rc = aim__buf_add_text(text, "changed: ");
	for (size_t i = 0; rc == AIM_OK && i < finding->n_members && text->len < REASON_MAX; i++) {
		if (i)
			rc = aim__buf_add_text(text, ", ");
		if (rc == AIM_OK)
			rc = aim__buf_add_str(text, finding->members[i]);
	}
	return aim_buf_str(text);
}

static void tell_all(aim_guard *guard)
{
	aim__surface *surface = &guard->surface;
	for (size_t i = 0; i < aim_baseline_finding_count(surface->baseline); i++) {
		const aim_baseline_finding *finding = aim_baseline_finding_at(surface->baseline, i);
		aim__tool *tool = aim__surface_find(surface, finding->name);
		if (tool)
			tell(guard, tool, detail_of(guard, finding));
	}
	for (size_t i = 0; i < surface->n_tools; i++)
		tell(guard, surface->tools[i], (aim_str){NULL, 0});
}

aim_status aim__lists_opened(void *user, const aim_drift_record *record)
{
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_RECORD, .from = AIM_GUARD_SERVER};
	event.count = record->n_findings < UINT32_MAX ? (uint32_t)record->n_findings : UINT32_MAX;
	event.name = record->part;
	event.code = aim_str_from(aim_alert_severity_name(record->severity));
	event.record = record->id;
	event.alert = record->alert;
	aim__subjects_drifted(user, record->severity);
	aim__event_send(user, &event);
	return AIM_OK;
}

aim_status aim__lists_settle(aim_guard *guard, aim_error *err)
{
	int done;
	aim__surface_watcher watcher = {guard->options.agent, guard->options.session, aim__lists_opened, guard};
	aim_status rc = aim__surface_observe(&guard->surface, &watcher, &done, err);
	if (rc == AIM_OK && done)
		tell_all(guard);
	return rc;
}

/* --- a page ------------------------------------------------------------------------------------------------ */

static int shows(const aim_guard *guard, const aim__tool *tool, int again)
{
	if (guard->options.preset == AIM_GUARD_OBSERVE || guard->options.flags & AIM_GUARD_MONITOR)
		return 1;
	if (!tool || again || tool->state & (AIM__TOOL_DRIFTED | AIM__TOOL_UNREADABLE) || aim__inspect_refuses(tool))
		return 0;
	return guard->options.preset != AIM_GUARD_LOCKED || tool->state & AIM__TOOL_APPROVED;
}

static aim_status hide(aim_guard *guard, aim_json_value definition, aim_json_value previous, int any_kept)
{
	aim_json_value name = aim__json_member_text(&guard->doc, definition, "name");
	aim__event_simple(guard, AIM_GUARD_EVENT_DROPPED_TOOL, AIM_GUARD_SERVER, aim__json_string(&guard->doc, name),
	                  "tool_hidden", AIM_OK, 1);
	return aim__guard_cut_element(guard, definition, previous, any_kept);
}

/* Critical, and nothing else is wrong with it: the host may prefer to have it shown with a mark. */
static aim_status mark(aim_guard *guard, const aim__tool *tool, int again, aim_json_value definition, int *out_marked)
{
	if (!(guard->options.flags & AIM_GUARD_MARK) || !tool || again ||
	    tool->state & (AIM__TOOL_DRIFTED | AIM__TOOL_UNREADABLE) || guard->options.preset == AIM_GUARD_LOCKED)
		return AIM_OK;
	aim_status rc = aim__guard_mark(guard, definition, out_marked);
	if (*out_marked)
		aim__event_simple(guard, AIM_GUARD_EVENT_MARKED, AIM_GUARD_SERVER, aim__tool_name(tool), "tool_marked", AIM_OK, 1);
	return rc;
}

static aim_status take_page(aim_guard *guard, aim_json_value tools, aim_error *err)
{
	aim_json_value previous = AIM_JSON_NONE;
	int any_kept = 0;
	for (aim_json_value v = aim__json_first(&guard->doc, tools); v != AIM_JSON_NONE;
	     v = aim__json_next(&guard->doc, v)) {
		aim__tool *tool;
		int again;
		aim_status rc = aim__surface_add(&guard->surface, &guard->doc, v, &tool, &again);
		if (rc == AIM_OK && tool && !again)
			rc = aim__inspect_listed(guard, tool, v, err);
		int shown = rc == AIM_OK && shows(guard, tool, again);
		if (rc == AIM_OK && !shown)
			rc = mark(guard, tool, again, v, &shown);
		if (rc == AIM_OK && !shown)
			rc = hide(guard, v, previous, any_kept);
		any_kept |= shown;
		if (rc != AIM_OK)
			return rc;
		previous = v;
	}
	return AIM_OK;
}

aim_status aim__lists_withhold(aim_guard *guard, const aim__message *m, const char *code, aim_error *err)
{
	const aim__denial *denial = aim__denial_find(code);
	aim__record_refusal(guard, AIM_GUARD_SERVER, m, code);
	aim_bytes id = aim__message_id_raw(&guard->doc, m);
	aim_status rc = aim__answer_error(guard, AIM_GUARD_CLIENT, id, denial->rpc, denial->sentence, code, NULL);
	return rc == AIM_OK ? AIM_DENIED : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

aim_status aim__lists_page(aim_guard *guard, const aim__message *m, const aim__request *request, aim_error *err)
{
	const aim_json *doc = &guard->doc;
	aim_json_value tools = aim__json_member_text(doc, m->result, "tools");
	aim_status rc = AIM_OK;
	if (aim__json_type(doc, tools) != AIM_JSON_ARRAY)
		return aim__lists_withhold(guard, m, "failed", err);
	if (request->first_page || guard->surface.list == 0) {
		rc = aim__lists_settle(guard, err);
		if (rc == AIM_OK) /* what a person has approved meanwhile is to be shown */
			rc = aim__surface_refresh(&guard->surface, err);
		aim__surface_begin(&guard->surface);
	}
	if (rc == AIM_OK)
		rc = take_page(guard, tools, err);
	if (rc == AIM_OK)
		rc = aim__inspect_keep(guard);
	if (rc == AIM_OK && aim__json_string(doc, aim__json_member_text(doc, m->result, "nextCursor")).ptr == NULL) {
		aim__surface_finish(&guard->surface);
		rc = aim__lists_settle(guard, err);
	}
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	return rc == AIM_OK ? rc : aim__lists_withhold(guard, m, rc == AIM_E_LIMIT ? "failed" : "unrecorded", err);
}
