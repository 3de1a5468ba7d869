/* enforce/pipeline_stage.c — the stages of a pipeline, in their order. Layer enforce.
 *
 * Each asks one part of the host's, and says why in the decision of the pipeline; a part that there is not passes. */
#include "enforce/pipeline.h"

#include "base/error.h"
#include "base/format.h"

#include <aim/rugpull.h>
#include <string.h>

#define LAYER AIM_LAYER_ENFORCE

static aim_status refuse(aim__call *call, aim__reason reason)
{
	aim__decision_because(call->decision, reason);
	return AIM_DENIED;
}

static aim_status adopt(aim__call *call, aim_decision *other, aim_status rc)
{
	aim__decision_adopt(call->decision, other);
	if (rc == AIM_OK)
		aim__decision_because(call->decision, AIM__REASON_UNDECIDED); /* others are still to be asked */
	return rc;
}

/* ---- before the tool ---- */

static aim_status is_authorized(aim__call *call)
{
	const aim__pipeline_run *run = call->state;
	const aim_pipeline_options *o = &run->pipeline->options;
	aim_decision *d = run->call->authorization;
	call->decision->trust_micro = call->request->trust_micro;
	if (o->proxy)
		return adopt(call, d, aim_proxy_authorize(o->proxy, call->request, d, call->err));
	if (o->authorizer)
		return adopt(call, d, aim_authorizer_decide(o->authorizer, call->request, d, call->err));
	return AIM_OK;
}

static aim_status fingerprint(aim__pipeline_run *run, aim_error *err)
{
	aim_fingerprint print = {.struct_size = sizeof print};
	aim_status rc = aim_fingerprint_value(run->pipeline->ctx, AIM_FINGERPRINT_TOOL, &run->call->definition, AIM_JSON_ROOT,
	                                      &print, err);
	if (rc == AIM_OK)
		rc = aim_fingerprint_text(&print, run->fingerprint);
	memcpy(run->surface, print.surface, sizeof run->surface);
	return rc;
}

/* What is scanned and compared must be the tool that is called: a clean definition of another would hide it. */
static aim_status definition_is_of_tool(aim__call *call)
{
	aim__pipeline_run *run = call->state;
	const aim_pipeline_options *o = &run->pipeline->options;
	aim_json *doc = &run->call->definition;
	aim_error why = {0};
	if (run->input->definition.len == 0)
		return o->scanner || o->drift ? refuse(call, AIM__REASON_DEFINITION_MISSING) : AIM_OK;
	aim_status rc = aim_json_parse(doc, run->input->definition, AIM_JSON_BORROW, &why);
	if (rc == AIM_E_NOMEM)
		return rc;
	aim_str name = {NULL, 0};
	if (rc == AIM_OK && aim__json_type(doc, AIM_JSON_ROOT) == AIM_JSON_OBJECT) {
		aim_json_value v = aim__json_member_text(doc, AIM_JSON_ROOT, "name");
		if (v != AIM_JSON_NONE && aim__json_type(doc, v) == AIM_JSON_STRING)
			name = aim__json_string(doc, v);
	}
	if (name.len == 0 || !aim_str_equal(name, call->request->tool)) {
		aim__decision_explain(call->decision, AIM__REASON_DEFINITION_INVALID, "The definition is not that of '%.*s'%s%s",
		                      AIM__STR(call->request->tool), rc == AIM_OK ? "" : ": ", rc == AIM_OK ? "" : why.message);
		return AIM_DENIED;
	}
	return fingerprint(run, call->err);
}

static void first_critical(const aim_scan_result *found, aim__pipeline_scan *scan)
{
	for (size_t i = 0; i < aim_scan_finding_count(found); i++) {
		const aim_scan_finding *f = aim_scan_finding_at(found, i);
		if (f->severity != AIM_SCAN_CRITICAL)
			continue;
		aim__format(scan->message, sizeof scan->message, "%.*s", AIM__STR(f->message));
		return;
	}
	aim__format(scan->message, sizeof scan->message, "more was found than is kept");
}

/* Remembered only once it is recorded. */
static aim_status scan_anew(aim__call *call, aim__pipeline_scan *scan)
{
	aim__pipeline_run *run = call->state;
	aim_scan_result *found = run->call->scan;
	aim_scan_summary summary = {.struct_size = sizeof summary};
	aim_status rc = aim_scan_value(run->pipeline->options.scanner, call->request->server, &run->call->definition,
	                               AIM_JSON_ROOT, found, call->err);
	if (rc == AIM_OK)
		rc = aim_scan_summarize(found, &summary);
	if (rc != AIM_OK)
		return rc;
	memcpy(scan->surface, run->surface, sizeof scan->surface);
	scan->severity = summary.severity;
	if (scan->severity == AIM_SCAN_CRITICAL)
		first_critical(found, scan);
	if (summary.threats)
		rc = aim__pipeline_record_scan(run, call->request, &summary, call->err);
	return rc == AIM_OK ? aim__pipeline_remember(run->pipeline, scan) : rc;
}

static aim_status definition_is_clean(aim__call *call)
{
	const aim__pipeline_run *run = call->state;
	aim__pipeline_scan scan = {.severity = AIM_SCAN_CRITICAL};
	if (!run->pipeline->options.scanner)
		return AIM_OK;
	if (!aim__pipeline_recall(run->pipeline, run->surface, &scan)) {
		aim_status rc = scan_anew(call, &scan);
		if (rc != AIM_OK)
			return rc;
	}
	run->call->severity = scan.severity;
	if (scan.severity < AIM_SCAN_CRITICAL)
		return AIM_OK;
	aim__decision_explain(call->decision, AIM__REASON_TOOL_POISONED, "Tool blocked: %s", scan.message);
	return AIM_DENIED;
}

static aim_status tool_is_unchanged(aim__call *call)
{
	const aim__pipeline_run *run = call->state;
	const aim_pipeline_options *o = &run->pipeline->options;
	aim_rugpull_tool tool = {.struct_size = sizeof tool, .server = call->request->server, .name = call->request->tool};
	aim_rugpull_result found = {.struct_size = sizeof found};
	if (!o->drift)
		return AIM_OK;
	tool.definition = run->input->definition;
	tool.actor = call->request->agent;
	aim_status rc = aim_rugpull_check(o->drift, &tool, &found, call->err);
	if (rc != AIM_OK || found.verdict == AIM_RUGPULL_UNCHANGED)
		return rc;
	if (found.verdict == AIM_RUGPULL_UNKNOWN)
		return o->flags & AIM_PIPELINE_FIRST_USE ? aim_rugpull_register(o->drift, &tool, NULL, call->err)
		                                         : refuse(call, AIM__REASON_TOOL_UNAPPROVED);
	aim__decision_explain(call->decision, AIM__REASON_TOOL_CHANGED,
	                      "Tool '%.*s' has changed since version %llu and nobody has approved it%s%s",
	                      AIM__STR(call->request->tool), (unsigned long long)found.version,
	                      found.changed & AIM_RUGPULL_DESCRIPTION ? ": description" : "",
	                      found.changed & AIM_RUGPULL_SCHEMA ? ": schema" : "");
	return AIM_DENIED;
}

static aim_status gateway_allows(aim__call *call)
{
	const aim__pipeline_run *run = call->state;
	aim_gateway *gateway = run->pipeline->options.gateway;
	aim_gateway_call c = {.struct_size = sizeof c, .request = call->request, .value = AIM_JSON_ROOT};
	if (!gateway)
		return AIM_OK;
	c.document = &run->call->arguments;
	c.tool_fingerprint = aim_str_from(run->fingerprint);
	return adopt(call, run->call->gate, aim_gateway_intercept(gateway, &c, run->call->gate, call->err));
}

/* ---- the tool, and after it ---- */

static aim_status time_now(const aim__pipeline_run *run, int64_t *out, aim_error *err)
{
	aim_status rc = aim_ctx_now_us(run->pipeline->ctx, out);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, LAYER);
}

static aim_status record_allowed(aim__call *call)
{
	aim__decision_because(call->decision, AIM__REASON_PIPELINE_ALLOWED);
	aim_status rc = aim__pipeline_record_call(call->state, call->request, AIM_DECISION_ALLOW, call->err);
	aim__decision_because(call->decision, rc == AIM_OK ? AIM__REASON_UNDECIDED : AIM__REASON_AUDIT_FAILED);
	return rc;
}

static aim_status tool_answers(aim__call *call)
{
	aim__pipeline_run *run = call->state;
	aim_pipeline_call *record = run->call;
	aim_error why = {0};
	aim_status rc = time_now(run, &run->started_us, call->err);
	if (rc == AIM_OK)
		rc = record_allowed(call);
	if (rc != AIM_OK)
		return rc;
	record->ran = 1;
	rc = run->input->tool(run->input->user, record, call->request, &record->arguments, &record->answer, &why);
	if (aim_ctx_now_us(run->pipeline->ctx, &run->finished_us) != AIM_OK || run->finished_us < run->started_us)
		run->finished_us = run->started_us;
	record->result = aim_buf_bytes(&record->answer);
	if (rc == AIM_OK)
		return rc;
	run->failed = 1;
	why.message[sizeof why.message - 1] = '\0';
	const char *text = why.message[0] ? why.message : aim_status_text(rc);
	aim__decision_explain(call->decision, AIM__REASON_TOOL_FAILED, "The tool failed: %s", text);
	aim__fail(call->err, AIM_E_GATEDTOOL_FAILED, LAYER, "%s", text);
	aim__error_native(call->err, rc);
	return AIM_E_GATEDTOOL_FAILED;
}

static aim_status answer_may_pass(aim__call *call)
{
	aim__pipeline_run *run = call->state;
	aim_pipeline_call *record = run->call;
	aim_response_verdict v = {.struct_size = sizeof v};
	if (!record->response)
		return AIM_OK;
	aim_status rc = aim_gateway_intercept_response(run->pipeline->options.gateway, call->request, record->result,
	                                               record->response, &v, call->err);
	record->result = v.content;
	run->failed = rc == AIM_DENIED;
	if (rc == AIM_DENIED)
		aim__decision_explain(call->decision, AIM__REASON_RESPONSE_BLOCKED, "%.*s", AIM__STR(v.reason));
	return rc;
}

static aim_status outcome_is_reported(aim__call *call)
{
	aim__pipeline_run *run = call->state;
	run->reported = 1;
	aim_status rc = aim__pipeline_report(run, call->request, call->err);
	if (rc == AIM_OK)
		return rc;
	aim__decision_because(call->decision, AIM__REASON_REPORT_FAILED);
	return rc == AIM_DENIED || rc == AIM_ASK ? AIM_E_INTERNAL : rc;
}

static const aim__stage pipeline_stages[] = {
	{"authorize", is_authorized}, {"definition", definition_is_of_tool}, {"scan", definition_is_clean},
	{"drift", tool_is_unchanged}, {"gateway", gateway_allows},           {"call", tool_answers},
	{"response", answer_may_pass}, {"report", outcome_is_reported},
};

static aim_status take_arguments(aim__pipeline_run *run, aim_error *err)
{
	aim_bytes text = run->input->arguments.len ? run->input->arguments : aim_bytes_from("{}", 2);
	return aim_json_parse(&run->call->arguments, text, AIM_JSON_BORROW, err);
}

aim_status aim__pipeline_judge(aim__pipeline_run *run, const aim_request *request, aim_error *err)
{
	aim_decision *d = run->call->decision;
	aim__call call = {request, d, run, err};
	aim_status rc = take_arguments(run, err);
	if (rc != AIM_OK)
		return aim__decision_fault(d, AIM__REASON_INVALID_REQUEST, rc);
	rc = aim__stages_run(pipeline_stages, sizeof pipeline_stages / sizeof *pipeline_stages, &call);
	if (rc == AIM_OK)
		aim__decision_because(d, AIM__REASON_PIPELINE_ALLOWED);
	else if (rc != AIM_DENIED && rc != AIM_ASK && err && err->status != rc)
		aim__fail_plain(err, rc, LAYER);
	return rc;
}
