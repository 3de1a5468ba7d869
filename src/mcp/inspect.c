/* mcp/inspect.c — definitions a server shows are scanned once for each fingerprint: what was scanned in this
 * connection, or approved by a person, is not scanned again. What a scan finds is recorded before it counts.
 * Layer mcp, over the scanner of assess. */
#include "mcp/inspect.h"

#include "base/ctx.h"
#include "base/error.h"

#include <string.h>

#define POINTER_MAX 200u

/* The scanner is made when there is something to scan: most connections show what was approved. */
static aim_status prepare(aim_guard *guard, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (!guard->scanner)
		rc = aim_scan_new(guard->ctx, NULL, &guard->scanner, err);
	if (rc == AIM_OK && !guard->scanned)
		rc = aim_scan_result_new(guard->scanner, &guard->scanned);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

void aim__inspect_dispose(aim_guard *guard)
{
	aim_scan_result_free(guard->scanned);
	aim_scan_free(guard->scanner);
}

/* --- what was found ---------------------------------------------------------------------------------------- */

static const aim_scan_finding *worst_of(const aim_scan_result *result)
{
	const aim_scan_finding *worst = aim_scan_finding_at(result, 0);
	for (size_t i = 1; i < aim_scan_finding_count(result); i++) {
		const aim_scan_finding *f = aim_scan_finding_at(result, i);
		if (f->severity > worst->severity)
			worst = f;
	}
	return worst;
}

/* "hidden_instruction (invisible-character) at /description" */
static aim_str describe(aim_guard *guard, const aim_scan_finding *f)
{
	aim_buf *text = &guard->scratch;
	aim__buf_truncate(text, 0);
	aim_status rc = aim__buf_add_text(text, aim_scan_threat_name(f->threat));
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, " (");
	if (rc == AIM_OK)
		rc = aim__buf_add_str(text, f->rule);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, ")");
	if (rc == AIM_OK && f->pointer.len && f->pointer.len <= POINTER_MAX)
		rc = aim__buf_add_text(text, " at ");
	if (rc == AIM_OK && f->pointer.len && f->pointer.len <= POINTER_MAX)
		rc = aim__buf_add_str(text, f->pointer);
	return rc == AIM_OK ? aim_buf_str(text) : aim_str_from(aim_scan_threat_name(f->threat));
}

static void tell(aim_guard *guard, const char *method, aim_str name, aim_str fingerprint)
{
	const aim_scan_finding *worst = worst_of(guard->scanned);
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_SCAN, .from = AIM_GUARD_SERVER};
	if (worst->severity < AIM_SCAN_WARNING)
		return;
	event.count = (uint32_t)aim_scan_finding_count(guard->scanned);
	event.method = aim_str_from(method);
	event.name = name;
	event.code = aim_str_from(aim_scan_severity_name(worst->severity));
	event.rule = worst->rule;
	event.reason = describe(guard, worst);
	event.fingerprint = fingerprint;
	aim__event_send(guard, &event);
}

/* Records what the last scan found, then tells it. *out_severity: the worst. */
static aim_status report(aim_guard *guard, const char *method, aim_str name, aim_str fingerprint,
                         uint32_t *out_severity, aim_error *err)
{
	aim_scan_summary summary = {.struct_size = sizeof summary};
	aim_status rc = aim_scan_summarize(guard->scanned, &summary);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	if (summary.threats) {
		rc = aim__record_scan(guard, name, fingerprint, guard->scanned, err);
		if (rc != AIM_OK)
			return rc;
		tell(guard, method, name, fingerprint);
	}
	*out_severity = summary.severity;
	return AIM_OK;
}

/* --- what is scanned ------------------------------------------------------------------------------------------ */

int aim__inspect_done(const aim__tool *tool)
{
	return tool->is_scanned && memcmp(tool->scanned, tool->surface, sizeof tool->scanned) == 0;
}

int aim__inspect_refuses(const aim__tool *tool)
{
	if (tool->state & AIM__TOOL_APPROVED)
		return 0;
	return !aim__inspect_done(tool) || tool->scan_severity == AIM_SCAN_CRITICAL;
}

/* --- verdicts that are kept --------------------------------------------------------------------------------- */

static void take_verdict(aim__tool *tool, uint32_t severity)
{
	memcpy(tool->scanned, tool->surface, sizeof tool->scanned);
	tool->scan_severity = severity;
	tool->is_scanned = 1;
}

/* What was found before was recorded then; the operator is told why the tool is not there. */
static void tell_known(aim_guard *guard, const aim__tool *tool)
{
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_SCAN, .from = AIM_GUARD_SERVER, .count = 1};
	event.method = aim_str_from("tools/list");
	event.name = aim__tool_name(tool);
	event.code = aim_str_from(aim_scan_severity_name(tool->scan_severity));
	event.reason = aim_str_from("found by an earlier scan of this definition");
	event.fingerprint = aim_str_from(tool->fingerprint);
	if (tool->scan_severity >= AIM_SCAN_WARNING)
		aim__event_send(guard, &event);
}

/* 1 when an earlier connection scanned this definition. What cannot be read is scanned again. */
static int recall(aim_guard *guard, aim__tool *tool)
{
	uint32_t severity = AIM_SCAN_CRITICAL;
	if (!guard->options.registry ||
	    aim__verdict_find(guard->options.registry, tool->surface, &severity, NULL) != AIM_OK)
		return 0;
	take_verdict(tool, severity);
	tell_known(guard, tool);
	return 1;
}

aim_status aim__inspect_keep(aim_guard *guard)
{
	size_t n = guard->n_verdicts;
	guard->n_verdicts = 0;
	if (n == 0)
		return AIM_OK;
	aim_status rc = aim__verdict_keep(guard->options.registry, guard->options.server, guard->verdicts, n, NULL);
	return rc == AIM_E_NOMEM ? rc : AIM_OK;
}

static aim_status keep(aim_guard *guard, const uint8_t *surface, uint32_t severity)
{
	if (!guard->options.registry)
		return AIM_OK;
	aim_status rc = guard->n_verdicts == AIM__VERDICTS_MAX ? aim__inspect_keep(guard) : AIM_OK;
	if (rc != AIM_OK)
		return rc;
	aim__verdict_kept *kept = &guard->verdicts[guard->n_verdicts++];
	memcpy(kept->surface, surface, sizeof kept->surface);
	kept->severity = severity;
	return AIM_OK;
}

/* --- scanning ------------------------------------------------------------------------------------------------- */

static aim_status inspect(aim_guard *guard, aim__tool *tool, const aim_json *doc, aim_json_value definition,
                          aim_error *err)
{
	uint32_t severity = AIM_SCAN_CRITICAL;
	if (recall(guard, tool))
		return AIM_OK;
	aim_status rc = prepare(guard, err);
	if (rc == AIM_OK)
		rc = aim_scan_value(guard->scanner, guard->options.server_name, doc, definition, guard->scanned, err);
	if (rc == AIM_OK)
		rc = report(guard, "tools/list", aim__tool_name(tool), aim_str_from(tool->fingerprint), &severity, err);
	if (rc != AIM_OK)
		return rc;
	take_verdict(tool, severity);
	return keep(guard, tool->surface, severity);
}

aim_status aim__inspect_entry(aim_guard *guard, const char *method, aim_json_value definition, aim_str name,
                              const aim_fingerprint *print, uint32_t *out_severity, aim_error *err)
{
	char text[AIM_FINGERPRINT_TEXT_SIZE] = "";
	if (guard->options.registry &&
	    aim__verdict_find(guard->options.registry, print->surface, out_severity, NULL) == AIM_OK)
		return AIM_OK;
	*out_severity = AIM_SCAN_CRITICAL;
	aim_status rc = prepare(guard, err);
	if (rc == AIM_OK)
		rc = aim_scan_value(guard->scanner, guard->options.server_name, &guard->doc, definition, guard->scanned, err);
	if (rc != AIM_OK)
		return rc;
	(void)aim_fingerprint_text(print, text);
	rc = report(guard, method, name, aim_str_from(text), out_severity, err);
	return rc == AIM_OK ? keep(guard, print->surface, *out_severity) : rc;
}

aim_status aim__inspect_listed(aim_guard *guard, aim__tool *tool, aim_json_value definition, aim_error *err)
{
	if (tool->state & (AIM__TOOL_APPROVED | AIM__TOOL_UNREADABLE) || aim__inspect_done(tool))
		return AIM_OK;
	aim_status rc = inspect(guard, tool, &guard->doc, definition, err);
	/* Too much to scan is the definition's own fault: it stays unscanned, and so refused. */
	return rc == AIM_E_LIMIT ? AIM_OK : rc;
}

void aim__inspect_stored(aim_guard *guard, aim__tool *tool)
{
	aim__surface *surface = &guard->surface;
	aim_baseline_entry entry = {.struct_size = sizeof entry};
	if (tool->state & (AIM__TOOL_APPROVED | AIM__TOOL_UNREADABLE) || aim__inspect_done(tool) || !surface->baseline)
		return;
	if (aim_baseline_find(surface->baseline, AIM_FINGERPRINT_TOOL, aim__tool_name(tool), &entry) != AIM_OK ||
	    memcmp(entry.baseline_surface, tool->surface, sizeof tool->surface) != 0)
		return;
	if (aim_json_parse(&surface->scratch, entry.definition, AIM_JSON_BORROW, NULL) == AIM_OK)
		(void)inspect(guard, tool, &surface->scratch, AIM_JSON_ROOT, NULL);
	(void)aim__inspect_keep(guard);
}

aim_status aim__inspect_grave(void *user, aim_str text, int32_t *out_grave)
{
	aim_guard *guard = user;
	aim_status rc = prepare(guard, NULL);
	if (rc == AIM_OK)
		rc = aim_scan_carries_instructions(guard->scanner, text, guard->scanned, out_grave);
	return rc == AIM_E_LIMIT ? AIM_OK : rc; /* too much to scan: *out_grave is 1 */
}

aim_status aim__inspect_instructions(aim_guard *guard, aim_str text, uint32_t *out_severity, aim_error *err)
{
	static const aim_str name = {"instructions", 12}, none = {NULL, 0};
	*out_severity = text.len ? AIM_SCAN_CRITICAL : 0;
	if (text.len == 0)
		return AIM_OK;
	aim_status rc = prepare(guard, err);
	if (rc == AIM_OK)
		rc = aim_scan_text(guard->scanner, text, guard->scanned, err);
	return rc == AIM_OK ? report(guard, "", name, none, out_severity, err) : rc;
}
