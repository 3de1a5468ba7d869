/* mcp/record.c — the guard's evidence: one record per decision, per outcome, and, within a budget, per
 * refused line. Layer mcp, over audit. Never records argument values: only their commitment. */
#include "mcp/guard.h"

#include "assess/response.h"
#include "assess/scan.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/writer.h"

#include <string.h>

#define MINUTE_US INT64_C(60000000)

/* Audit records hold at most 4 096 bytes of text per field; ours are shorter. */
aim_str aim__text_clip(aim_str text, size_t max)
{
	if (text.len <= max)
		return text;
	text.len = max;
	while (text.len && ((uint8_t)text.ptr[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

static const char *side_name(uint32_t side)
{
	return side == AIM_GUARD_CLIENT ? "client" : "server";
}

static aim_audit_record start(const aim_guard *guard, const char *kind)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from(kind);
	r.agent = guard->options.agent;
	r.session = guard->options.session;
	r.subject = guard->options.server;
	return r;
}

static void begin_data(aim_guard *guard, aim__json_writer *w)
{
	aim__buf_truncate(&guard->scratch, 0);
	aim__write_init(w, &guard->scratch);
	aim__write_begin_object(w);
}

/* Writes the record with the data gathered in scratch. */
static aim_status append(aim_guard *guard, aim_audit_record *record, aim__json_writer *w, aim_error *err)
{
	aim__write_end_object(w);
	aim_status rc = aim__write_finish(w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	record->data = aim_buf_str(&guard->scratch);
	rc = aim_audit_append(guard->options.audit, record, NULL, err);
	aim__buf_truncate(&guard->scratch, 0);
	return rc;
}

static void told_failure(aim_guard *guard, uint32_t from, aim_str name, aim_status rc)
{
	aim__event_simple(guard, AIM_GUARD_EVENT_UNRECORDED, from, name, aim_status_name(rc), rc, 1);
}

aim_status aim__record_session(aim_guard *guard, const char *action, aim_error *err)
{
	static const char *const presets[] = {"pinned", "observe", "locked"};
	aim__json_writer w;
	if (!guard->options.audit)
		return AIM_OK;
	aim_audit_record r = start(guard, "session");
	r.action = aim_str_from(action);
	begin_data(guard, &w);
	aim__write_member_int64(&w, "allowed", (int64_t)guard->counters.n_allowed);
	aim__write_member_int64(&w, "denied", (int64_t)guard->counters.n_denied);
	aim__write_member_int64(&w, "malformed", (int64_t)guard->counters.n_malformed);
	aim__write_member_text(&w, "preset", presets[guard->options.preset]);
	return append(guard, &r, &w, err);
}

/* Alert rules of the policy that match: they decide nothing. */
static void write_alerts(aim__json_writer *w, const aim_decision *decision)
{
	size_t n = aim_decision_alert_count(decision);
	if (n == 0)
		return;
	aim__write_key(w, "alerts");
	aim__write_begin_array(w);
	for (size_t i = 0; i < n; i++)
		aim__write_string(w, aim_decision_alert_at(decision, i));
	aim__write_end_array(w);
}

/* What the deciding rule wants to have logged. */
static void write_log(aim__json_writer *w, const aim_decision *decision)
{
	aim_obligation duty = {.struct_size = sizeof duty};
	if (aim_decision_obligation(decision, AIM_OBLIGATION_LOG, &duty) != AIM_OK)
		return;
	aim__write_key(w, "log");
	aim__write_begin_array(w);
	for (size_t i = 0; i < duty.n_texts; i++)
		aim__write_string(w, duty.texts[i]);
	aim__write_end_array(w);
}

/* "would" says what monitoring let pass. Members in canonical order. */
static void write_call_data(const aim_guard *guard, aim__json_writer *w, const aim__question *q, const aim__verdict *v)
{
	if (v->by_policy)
		write_alerts(w, guard->decision);
	aim__write_member_text(w, "decision_id", v->id);
	if (v->by_policy)
		write_log(w, guard->decision);
	aim__write_member_string(w, "method", aim__text_clip(q->message->method, AIM__SUBJECT_MAX));
	if (v->monitored)
		aim__write_member_text(w, "would", aim_decision_effect_name(v->effect));
}

aim_status aim__record_call(aim_guard *guard, const aim__question *q, const aim__verdict *v, aim_error *err)
{
	aim__json_writer w;
	if (!guard->options.audit)
		return AIM_OK;
	int is_tool = q->method && q->method->is_tool;
	aim_audit_record r = start(guard, "tool_call");
	r.action = aim__text_clip(is_tool ? q->subject : q->message->method, AIM__SUBJECT_MAX);
	r.resource = is_tool ? (aim_str){NULL, 0} : aim__text_clip(q->subject, AIM__SUBJECT_MAX);
	r.decision = aim_str_from(v->monitored ? "allow" : aim_decision_effect_name(v->effect));
	r.reason_code = v->code;
	r.reason = aim__text_clip(v->reason, AIM__SUBJECT_MAX);
	r.rule = aim__text_clip(v->rule, AIM__SUBJECT_MAX);
	r.policy_hash = v->policy_hash;
	r.tool_fingerprint = v->fingerprint;
	r.approval = aim_str_from(v->approval);
	r.trust_micro = v->trust_micro;
	r.request = q->request;
	r.arguments = q->arguments;
	begin_data(guard, &w);
	write_call_data(guard, &w, q, v);
	aim_status rc = append(guard, &r, &w, err);
	if (rc != AIM_OK)
		told_failure(guard, q->from, q->subject, rc);
	return rc;
}

aim_status aim__record_result(aim_guard *guard, const aim__request *request, const char *outcome, int success,
                              aim_error *err)
{
	aim__json_writer w;
	if (!guard->options.audit)
		return AIM_OK;
	int is_tool = request->method && request->method->is_tool;
	aim_str subject = aim__request_subject(request);
	aim_audit_record r = start(guard, "tool_result");
	r.action = is_tool || !request->method ? subject : aim_str_from(request->method->name);
	r.resource = is_tool || !request->method ? (aim_str){NULL, 0} : subject;
	r.reason_code = aim_str_from(outcome);
	r.request = aim__message_id_text(aim__request_id_key(request));
	int64_t latency_us = aim__ctx_steady_us(guard->ctx) - request->started_us;
	begin_data(guard, &w);
	aim__write_member_text(&w, "decision_id", request->decision_id);
	aim__write_member_int64(&w, "latency_us", latency_us > 0 ? latency_us : 0);
	aim__write_member_bool(&w, "success", success);
	aim_status rc = append(guard, &r, &w, err);
	if (rc != AIM_OK)
		told_failure(guard, AIM_GUARD_SERVER, subject, rc);
	return rc;
}

/* --- scans ------------------------------------------------------------------------------------------- */

aim_status aim__record_scan(aim_guard *guard, aim_str name, aim_str fingerprint, const aim_scan_result *found,
                            aim_error *err)
{
	aim__json_writer w;
	aim_scan_summary summary = {.struct_size = sizeof summary};
	if (!guard->options.audit)
		return AIM_OK;
	aim_status rc = aim_scan_summarize(found, &summary);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	aim_audit_record r = start(guard, "scan");
	r.action = aim__text_clip(name, AIM__SUBJECT_MAX);
	r.tool_fingerprint = fingerprint;
	begin_data(guard, &w);
	aim__scan_describe(&w, found, &summary);
	rc = append(guard, &r, &w, err);
	if (rc != AIM_OK)
		told_failure(guard, AIM_GUARD_SERVER, name, rc);
	return rc;
}

aim_status aim__record_response(aim_guard *guard, const aim__request *request, const aim_response *response, aim_error *err)
{
	aim__json_writer w;
	aim_response_verdict v = {.struct_size = sizeof v};
	if (!guard->options.audit)
		return AIM_OK;
	aim_status rc = aim_response_judge(response, &v);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	aim_audit_record r = start(guard, "response_scan");
	r.action = aim__text_clip(aim__request_subject(request), AIM__SUBJECT_MAX);
	r.reason_code = aim_str_from(aim_response_action_name(v.action));
	begin_data(guard, &w);
	aim__write_member_text(&w, "decision_id", request->decision_id);
	aim__response_describe(&w, response, &v);
	rc = append(guard, &r, &w, err);
	if (rc != AIM_OK)
		told_failure(guard, AIM_GUARD_SERVER, aim__request_subject(request), rc);
	return rc;
}

/* --- refused lines: what strangers can cause, so it is counted ----------------------------------- */

static void write_refusal(aim_guard *guard, uint32_t from, const aim__message *message, const char *problem,
                          uint64_t count)
{
	aim__json_writer w;
	aim_audit_record r = start(guard, "protocol_error");
	r.reason_code = aim_str_from(problem);
	r.decision = aim_str_from("deny");
	if (message && message->method.len)
		r.action = aim__text_clip(message->method, AIM__SUBJECT_MAX);
	begin_data(guard, &w);
	aim__write_member_int64(&w, "count", (int64_t)count);
	aim__write_member_text(&w, "from", side_name(from));
	aim_status rc = append(guard, &r, &w, NULL);
	if (rc != AIM_OK)
		told_failure(guard, from, aim_str_from(problem), rc);
}

void aim__record_suppressed(aim_guard *guard)
{
	uint64_t n = guard->flood.n_suppressed;
	guard->flood.n_suppressed = 0;
	guard->flood.n_recorded = 0;
	if (n && guard->options.audit)
		write_refusal(guard, AIM_GUARD_CLIENT, NULL, "more_of_the_same", n);
}

void aim__record_refusal(aim_guard *guard, uint32_t from, const aim__message *message, const char *problem)
{
	int64_t now_us = 0;
	if (!guard->options.audit)
		return;
	(void)aim_ctx_now_us(guard->ctx, &now_us);
	if (now_us / MINUTE_US != guard->flood.minute) {
		aim__record_suppressed(guard);
		guard->flood.minute = now_us / MINUTE_US;
	}
	if (guard->flood.n_recorded >= guard->options.malformed_per_minute) {
		guard->flood.n_suppressed++;
		return;
	}
	guard->flood.n_recorded++;
	write_refusal(guard, from, message, problem, 1);
}
