/* mcp/batch.c — JSON-RPC batches, which only revision 2025-03-26 has. Each element is a message of its
 * own; what may not pass is cut out of the array, so that the rest stays byte for byte. Layer mcp. */
#include "mcp/guard.h"

#include "base/mem.h"

typedef struct span {
	size_t start;
	size_t end;
} span;

static span place(const aim_guard *guard, aim_json_value value)
{
	aim_bytes raw = aim_json_raw(&guard->doc, value);
	size_t start = (size_t)(raw.ptr - guard->doc.source);
	return (span){start, start + raw.len};
}

static aim_status replace(aim_guard *guard, size_t start, size_t end, const char *text)
{
	void *cuts = guard->cuts;
	aim_status rc = aim__grow(guard->ctx, &cuts, &guard->cap_cuts, guard->n_cuts + 1, sizeof *guard->cuts, 16, 0);
	guard->cuts = cuts;
	if (rc == AIM_OK && (end > start || text))
		guard->cuts[guard->n_cuts++] = (aim__cut){start, end, text};
	return rc;
}

aim_status aim__guard_cut(aim_guard *guard, size_t start, size_t end)
{
	return replace(guard, start, end, NULL);
}

aim_status aim__guard_blank(aim_guard *guard, aim_json_value value)
{
	span here = place(guard, value);
	return replace(guard, here.start, here.end, "\"\"");
}

#define MARK "\"" MARK_KEY "\":\"critical\""
#define MARK_KEY "libaim/scan"

/* Behind the brace, where it changes nothing of what follows. A server's own mark could be told from ours by nobody, so
 * such an object is not marked. */
aim_status aim__guard_mark(aim_guard *guard, aim_json_value object, int *out_marked)
{
	const aim_json *doc = &guard->doc;
	aim_json_value meta = aim__json_member_text(doc, object, "_meta");
	if (aim__json_type(doc, object) != AIM_JSON_OBJECT || aim__json_first(doc, object) == AIM_JSON_NONE ||
	    (meta != AIM_JSON_NONE && aim__json_type(doc, meta) != AIM_JSON_OBJECT) ||
	    aim__json_member_text(doc, meta, MARK_KEY) != AIM_JSON_NONE)
		return AIM_OK;
	const char *text = "\"_meta\":{" MARK "},";
	if (meta != AIM_JSON_NONE)
		text = aim__json_first(doc, meta) == AIM_JSON_NONE ? MARK : MARK ",";
	size_t at = place(guard, meta == AIM_JSON_NONE ? object : meta).start + 1;
	aim_status rc = replace(guard, at, at, text);
	*out_marked = rc == AIM_OK;
	return rc;
}

aim_status aim__guard_cut_element(aim_guard *guard, aim_json_value value, aim_json_value previous, int any_kept)
{
	span here = place(guard, value);
	aim_json_value next = aim__json_next(&guard->doc, value);
	if (any_kept)
		return aim__guard_cut(guard, place(guard, previous).end, here.end);
	return aim__guard_cut(guard, here.start, next == AIM_JSON_NONE ? here.end : place(guard, next).start);
}

aim_status aim__flow_batch(aim_guard *guard, uint32_t from, aim_error *err)
{
	const aim_json *doc = &guard->doc;
	if (!guard->batches || aim__json_first(doc, AIM_JSON_ROOT) == AIM_JSON_NONE)
		return aim__flow_malformed(guard, from, NULL, "batch", AIM__RPC_INVALID_REQUEST, err);
	aim_json_value previous = AIM_JSON_NONE;
	int any_kept = 0;
	for (aim_json_value v = aim__json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		size_t mark = guard->n_cuts;
		aim_status rc = aim__flow_message(guard, from, v, err);
		if (rc == AIM_DENIED) {
			guard->n_cuts = mark;
			rc = aim__guard_cut_element(guard, v, previous, any_kept);
		} else if (rc == AIM_OK) {
			any_kept = 1;
		}
		if (rc != AIM_OK)
			return rc;
		previous = v;
	}
	return any_kept ? AIM_OK : AIM_DENIED;
}
