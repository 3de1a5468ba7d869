/* enforce/pipeline_record.c — what a pipeline leaves behind: records, trust, usage. Layer enforce. */
#include "enforce/pipeline.h"

#include "assess/scan.h"
#include "base/error.h"
#include "codec/writer.h"

#include <aim/usage.h>

#define LAYER AIM_LAYER_ENFORCE

static aim_audit_record start(aim__pipeline_run *run, const aim_request *q, const char *kind)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = q->trust_micro};
	r.kind = aim_str_from(kind);
	r.agent = q->agent;
	r.did = q->did;
	r.subject = q->server;
	r.action = q->tool;
	r.resource = q->resource;
	r.request = aim_decision_id(run->call->decision);
	r.tool_fingerprint = aim_str_from(run->fingerprint);
	return r;
}

/* Ends the object of data, and appends. */
static aim_status append(aim__pipeline_run *run, aim_audit_record *r, aim__json_writer *w, aim_error *err)
{
	aim__write_end_object(w);
	aim_status rc = aim__write_finish(w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	r->data = aim_buf_str(w->out);
	return aim_audit_append(run->pipeline->options.audit, r, NULL, err);
}

static void begin(aim__pipeline_run *run, aim__json_writer *w, aim_buf *data)
{
	aim__buf_init(data, run->pipeline->ctx);
	aim__write_init(w, data);
	aim__write_begin_object(w);
}

static aim_str last_stage(const aim_decision *d)
{
	size_t n = aim_decision_stage_count(d);
	return n ? aim_decision_stage_at(d, n - 1) : aim_str_from("arguments");
}

/* In canonical form, as a record commits to them; none when they cannot be read. */
static aim_status arguments_of(aim__pipeline_run *run, aim_bytes *out, aim_error *err)
{
	aim_pipeline_call *call = run->call;
	*out = aim_bytes_from(NULL, 0);
	if (call->decision->reason == AIM__REASON_INVALID_REQUEST && aim_decision_stage_count(call->decision) == 0)
		return AIM_OK;
	aim_buf_clear(&call->text);
	aim_status rc = aim_json_canonicalize(&call->arguments, AIM_JSON_ROOT, AIM_JSON_JCS_EXACT_TEXT, &call->text, err);
	*out = aim_buf_bytes(&call->text);
	return rc;
}

aim_status aim__pipeline_record_call(aim__pipeline_run *run, const aim_request *q, uint32_t effect, aim_error *err)
{
	aim_decision *d = run->call->decision;
	aim__json_writer w;
	aim_buf data;
	if (!run->pipeline->options.audit)
		return AIM_OK;
	aim_audit_record r = start(run, q, "tool_call");
	aim_status rc = arguments_of(run, &r.arguments, err);
	if (rc != AIM_OK)
		return rc;
	r.decision = aim_str_from(aim_decision_effect_name(effect));
	r.reason_code = aim_decision_reason_code(d);
	r.reason = aim_decision_reason(d);
	r.policy_hash = aim_decision_policy_hash(run->call->authorization);
	r.approval = aim_decision_approval(d);
	begin(run, &w, &data);
	if (run->call->severity)
		aim__write_member_text(&w, "scan", aim_scan_severity_name(run->call->severity));
	aim__write_member_string(&w, "stage", last_stage(d));
	rc = append(run, &r, &w, err);
	aim__buf_dispose(&data);
	return rc;
}

aim_status aim__pipeline_record_scan(aim__pipeline_run *run, const aim_request *q, const aim_scan_summary *found,
                                     aim_error *err)
{
	aim__json_writer w;
	aim_buf data;
	if (!run->pipeline->options.audit)
		return AIM_OK;
	aim_audit_record r = start(run, q, "scan");
	begin(run, &w, &data);
	aim__scan_describe(&w, run->call->scan, found);
	aim_status rc = append(run, &r, &w, err);
	aim__buf_dispose(&data);
	return rc;
}

/* ---- after the tool ---- */

static aim_status record_result(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	aim__json_writer w;
	aim_buf data;
	if (!run->pipeline->options.audit)
		return AIM_OK;
	aim_audit_record r = start(run, q, "tool_result");
	r.time_us = run->finished_us;
	r.reason_code = run->failed ? aim_decision_reason_code(run->call->decision) : aim_str_from("ok");
	begin(run, &w, &data);
	aim__write_member_int64(&w, "latency_us", run->finished_us - run->started_us);
	aim__write_member_string(&w, "stage", last_stage(run->call->decision));
	aim__write_member_bool(&w, "success", !run->failed);
	aim_status rc = append(run, &r, &w, err);
	aim__buf_dispose(&data);
	return rc;
}

static aim_status record_interaction(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	const aim_pipeline_options *o = &run->pipeline->options;
	aim_trustmesh_interaction i = {.struct_size = sizeof i};
	if (!o->trust)
		return AIM_OK;
	i.outcome = run->failed ? AIM_TRUSTINTEROP_FAILURE : AIM_TRUSTINTEROP_SUCCESS;
	i.subject = run->input->peer.len ? run->input->peer : q->server;
	i.source = q->agent;
	i.id = aim_decision_id(run->call->decision);
	i.cause = q->tool;
	return aim_trustmesh_record(o->trust, &i, o->mesh, NULL, err);
}

static aim_status report_action(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	aim_action_outcome a = {.struct_size = sizeof a};
	a.outcome = run->failed ? AIM_ACTION_FAILURE : AIM_ACTION_SUCCESS;
	a.latency_us = run->finished_us - run->started_us;
	a.agent = q->agent;
	a.token = run->input->action_token;
	return aim_action_report(run->pipeline->options.actions, &a, NULL, err);
}

static aim_status count_usage(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	aim_buf *name = &run->call->text;
	aim_usage_call u = {.struct_size = sizeof u};
	if (run->input->action_token.len)
		return report_action(run, q, err);
	if (!run->pipeline->options.usage)
		return AIM_OK;
	aim__buf_truncate(name, 0);
	aim_status rc = aim__buf_add_text(name, "mcp_tool:");
	if (rc == AIM_OK)
		rc = aim__buf_add_str(name, q->tool);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	u.outcome = run->failed ? AIM_USAGE_FAILURE : AIM_USAGE_SUCCESS;
	u.latency_us = run->finished_us - run->started_us;
	u.agent = q->agent;
	u.server = q->server;
	u.capability = aim_buf_str(name);
	return aim_usage_add(run->pipeline->options.usage, &u, err);
}

aim_status aim__pipeline_report(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	aim_status (*const parts[])(aim__pipeline_run *, const aim_request *, aim_error *) = {record_result, record_interaction,
	                                                                                       count_usage};
	aim_status first = AIM_OK;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		aim_status rc = parts[i](run, q, first == AIM_OK ? err : NULL);
		if (first == AIM_OK)
			first = rc;
	}
	return first;
}
