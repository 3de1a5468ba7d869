/* enforce/gatedtool_call.c — one call of a gated tool: judged, recorded, run, reported; and its record. Layer enforce.
 *
 * The decision is in the log before the handler runs: what cannot be recorded is not done. */
#include "enforce/gatedtool.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/writer.h"

#include <string.h>

#define FIRST_STRIPPED 8u
#define STRIPPED_RECORDED 16u /* names in the log; the rest is counted */
#define NAME_RECORDED 128u

/* ---- the record ---- */

aim_status aim_gatedtool_call_new(aim_ctx *ctx, aim_gatedtool_call **out, aim_error *err)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_gatedtool_call *call = aim__alloc_zeroed(ctx, sizeof *call);
	if (!call)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim_status rc = aim_decision_new(ctx, &call->decision, err);
	if (rc != AIM_OK) {
		aim__free(ctx, call, sizeof *call);
		return rc;
	}
	call->ctx = aim__ctx_ref(ctx);
	call->trust_micro = AIM_DECISION_NO_TRUST;
	aim__json_init(&call->given, ctx);
	aim__json_init(&call->filtered, ctx);
	aim__json_init(&call->check, ctx);
	aim__buf_init(&call->text, ctx);
	aim__buf_init(&call->result, ctx);
	aim__buf_init(&call->names, ctx);
	*out = call;
	return AIM_OK;
}

void aim_gatedtool_call_free(aim_gatedtool_call *call)
{
	if (!call)
		return;
	aim_ctx *ctx = call->ctx;
	aim_decision_free(call->decision);
	aim__json_dispose(&call->given);
	aim__json_dispose(&call->filtered);
	aim__json_dispose(&call->check);
	aim__buf_dispose(&call->text);
	aim__buf_dispose(&call->result);
	aim__buf_dispose(&call->names);
	aim__free(ctx, call->stripped, call->cap_stripped * sizeof *call->stripped);
	aim__free(ctx, call, sizeof *call);
	aim__ctx_unref(ctx);
}

static void forget(aim_gatedtool_call *call)
{
	aim__decision_begin(call->decision);
	aim_buf_clear(&call->text);
	aim_buf_clear(&call->result);
	aim__buf_truncate(&call->names, 0);
	call->n_stripped = 0;
	call->n_capabilities = 0;
	call->started_us = 0;
	call->finished_us = 0;
	call->trust_micro = AIM_DECISION_NO_TRUST;
	call->identity = 0;
	call->sponsored = 0;
	call->success = 0;
	call->failed = 0;
}

/* Who called, as the request said: it may be gone when the record is read. */
static aim_status remember(aim_gatedtool_call *call, const aim_request *q, aim_error *err)
{
	aim_status rc = q->now_us ? AIM_OK : aim_ctx_now_us(call->ctx, &call->started_us);
	if (q->now_us)
		call->started_us = q->now_us;
	call->trust_micro = q->trust_micro;
	for (size_t i = 0; rc == AIM_OK && i < q->n_capabilities; i++) {
		size_t len = q->capabilities[i].len;
		rc = aim__buf_add(&call->names, &len, sizeof len);
		if (rc == AIM_OK)
			rc = aim__buf_add_str(&call->names, q->capabilities[i]);
		call->n_capabilities += rc == AIM_OK;
	}
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

/* ---- filtering ---- */

static aim_status note_stripped(aim_gatedtool_call *call, aim_json_value member)
{
	void *items = call->stripped;
	aim_status rc = aim__grow(call->ctx, &items, &call->cap_stripped, call->n_stripped + 1, sizeof *call->stripped,
	                          FIRST_STRIPPED, 0);
	if (rc != AIM_OK)
		return rc;
	call->stripped = items;
	call->stripped[call->n_stripped++] = member;
	return AIM_OK;
}

static aim_status rewrite(aim_gatedtool_call *call, const aim__gatedtool *tool)
{
	const aim_json *given = &call->given;
	aim__json_writer w;
	aim__write_init(&w, &call->text);
	aim__write_begin_object(&w);
	for (aim_json_value v = aim__json_first(given, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(given, v)) {
		aim_str name = aim__json_key(given, v);
		if (aim__json_member(&tool->schema, tool->properties, name) == AIM_JSON_NONE)
			continue;
		aim__write_key_str(&w, name);
		aim__write_raw(&w, aim_json_raw(given, v));
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? aim_json_parse(&call->filtered, aim_buf_bytes(&call->text), AIM_JSON_BORROW, NULL) : rc;
}

/* What the handler gets: the caller's own document when nothing is stripped. */
static aim_status filter(aim_gatedtool_call *call, const aim__gatedtool *tool, const aim_json **out, aim_error *err)
{
	const aim_json *given = &call->given;
	aim_status rc = AIM_OK;
	*out = given;
	if (tool->properties == AIM_JSON_NONE)
		return AIM_OK;
	aim_json_value v = aim__json_first(given, AIM_JSON_ROOT);
	for (; rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(given, v))
		if (aim__json_member(&tool->schema, tool->properties, aim__json_key(given, v)) == AIM_JSON_NONE)
			rc = note_stripped(call, v);
	if (rc == AIM_OK && call->n_stripped) {
		rc = rewrite(call, tool);
		*out = &call->filtered;
	}
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

/* ---- recording ---- */

static void write_data(aim__json_writer *w, aim_gatedtool_call *call)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "decision_id", aim_gatedtool_call_id(call));
	if (call->identity)
		aim__write_member_bool(w, "identity_verified", call->identity == AIM_GATEDTOOL_IDENTITY_VERIFIED);
}

static aim_status append(aim__gatedtool_run *run, const aim_request *q, const char *kind, aim_audit_record *r,
                         aim__json_writer *w, aim_error *err)
{
	aim__write_end_object(w);
	aim_status rc = aim__write_finish(w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	r->struct_size = sizeof *r;
	r->kind = aim_str_from(kind);
	r->trust_micro = q->trust_micro;
	r->agent = q->agent;
	r->did = q->did;
	r->subject = q->server;
	r->action = q->tool;
	r->request = aim_gatedtool_call_id(run->call);
	r->data = aim_buf_str(w->out);
	return aim_audit_append(run->set->options.audit, r, NULL, err);
}

static aim_status record_decision(aim__gatedtool_run *run, const aim_request *q, aim_error *err)
{
	aim_gatedtool_call *call = run->call;
	aim_audit_record r = {0};
	aim__json_writer w;
	aim_buf data;
	aim__buf_init(&data, call->ctx);
	aim__write_init(&w, &data);
	write_data(&w, call);
	r.time_us = call->started_us;
	r.decision = aim_str_from(aim_decision_effect_name(call->decision->effect));
	r.reason_code = aim_decision_reason_code(call->decision);
	r.reason = aim_decision_reason(call->decision);
	aim_status rc = append(run, q, "tool_call", &r, &w, err);
	aim__buf_dispose(&data);
	return rc;
}

static void write_stripped(aim__json_writer *w, const aim_gatedtool_call *call)
{
	aim__write_member_int64(w, "n_stripped", (int64_t)call->n_stripped);
	aim__write_key(w, "stripped");
	aim__write_begin_array(w);
	for (size_t i = 0; i < call->n_stripped && i < STRIPPED_RECORDED; i++) {
		aim_str name = aim__json_key(&call->given, call->stripped[i]);
		if (name.len <= NAME_RECORDED)
			aim__write_string(w, name);
	}
	aim__write_end_array(w);
}

static aim_status record_result(aim__gatedtool_run *run, const aim_request *q, aim_error *err)
{
	aim_gatedtool_call *call = run->call;
	aim_audit_record r = {0};
	aim__json_writer w;
	aim_buf data;
	aim__buf_init(&data, call->ctx);
	aim__write_init(&w, &data);
	write_data(&w, call);
	int64_t latency_us = call->finished_us - call->started_us;
	aim__write_member_int64(&w, "latency_us", latency_us > 0 ? latency_us : 0);
	aim__write_member_bool(&w, "success", call->success);
	if (call->n_stripped)
		write_stripped(&w, call);
	r.time_us = call->finished_us;
	r.reason_code = aim_str_from(call->success ? "ok" : "error");
	aim_status rc = append(run, q, "tool_result", &r, &w, err);
	aim__buf_dispose(&data);
	return rc;
}

/* ---- one call ---- */

/* A result that is no JSON value is a failure of the tool. */
static aim_status run_handler(aim__gatedtool_run *run, const aim_request *q, const aim_json *arguments)
{
	aim_gatedtool_call *call = run->call;
	memset(&call->failure, 0, sizeof call->failure);
	aim_status rc = run->tool->handler(run->tool->user, q, arguments, &call->result, &call->failure);
	if (rc != AIM_OK && !call->failure.message[0])
		aim__fail_plain(&call->failure, rc, AIM_LAYER_ENFORCE);
	if (rc == AIM_OK)
		rc = aim_json_parse(&call->check, aim_buf_bytes(&call->result), AIM_JSON_BORROW, &call->failure);
	call->success = rc == AIM_OK;
	call->failed = rc != AIM_OK;
	return rc;
}

static void finish(aim_gatedtool_call *call)
{
	int64_t now = 0;
	if (aim_ctx_now_us(call->ctx, &now) == AIM_OK && now > call->started_us)
		call->finished_us = now;
	else
		call->finished_us = call->started_us;
}

/* Behind the gate. */
static aim_status perform(aim__gatedtool_run *run, const aim_request *q, aim_error *err)
{
	aim_gatedtool_call *call = run->call;
	const aim_json *arguments = NULL;
	aim_status rc = filter(call, run->tool, &arguments, err);
	if (rc != AIM_OK)
		return aim__decision_fault(call->decision, AIM__REASON_FAULT, rc);
	if (run->set->options.audit) {
		rc = record_decision(run, q, err);
		if (rc != AIM_OK)
			return aim__decision_fault(call->decision, AIM__REASON_AUDIT_FAILED, rc);
	}
	aim_status handled = run_handler(run, q, arguments);
	finish(call);
	(void)aim_breaker_leave(run->tool->breaker, &run->ticket, call->success, NULL);
	if (run->set->options.audit)
		rc = record_result(run, q, err);
	if (rc != AIM_OK || handled == AIM_OK)
		return rc;
	aim__fail(err, AIM_E_GATEDTOOL_FAILED, AIM_LAYER_ENFORCE, "%s", call->failure.message);
	aim__error_native(err, handled);
	return AIM_E_GATEDTOOL_FAILED;
}

static aim_status invoke(aim__gatedtool_run *run, const aim_request *q, aim_error *err)
{
	aim_gatedtool_call *call = run->call;
	aim_status rc = aim__gatedtool_judge(run, q, err);
	if (rc == AIM_OK)
		return perform(run, q, err);
	finish(call);
	if (!run->set->options.audit)
		return rc;
	aim_status recorded = record_decision(run, q, err);
	return recorded == AIM_OK ? rc : aim__decision_fault(call->decision, AIM__REASON_AUDIT_FAILED, recorded);
}

aim_status aim_gatedtool_invoke(aim_gatedtool_set *set, const aim_request *request, aim_bytes arguments,
                                aim_gatedtool_call *call, aim_error *err)
{
	aim_request copy;
	aim__gatedtool_run run = {.set = set, .call = call, .arguments = arguments};
	if (!set || !call)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and call are required");
	forget(call);
	aim_status rc = aim__request_take(&request, &copy, err);
	if (rc != AIM_OK)
		return aim__decision_fault(call->decision, AIM__REASON_INVALID_REQUEST, rc);
	rc = remember(call, request, err);
	if (rc != AIM_OK)
		return aim__decision_fault(call->decision, AIM__REASON_FAULT, rc);
	run.tool = aim__gatedtool_take(set, request->tool);
	rc = invoke(&run, request, err);
	aim__gatedtool_give(set, run.tool);
	if (call->finished_us == 0)
		finish(call);
	return rc;
}

/* ---- reading the record ---- */

aim_str aim_gatedtool_call_id(aim_gatedtool_call *call)
{
	return call ? aim_decision_id(call->decision) : (aim_str){NULL, 0};
}

aim_decision *aim_gatedtool_call_decision(aim_gatedtool_call *call)
{
	return call ? call->decision : NULL;
}

uint32_t aim_gatedtool_call_identity(const aim_gatedtool_call *call)
{
	return call ? call->identity : 0;
}

int64_t aim_gatedtool_call_started_us(const aim_gatedtool_call *call)
{
	return call ? call->started_us : 0;
}

int64_t aim_gatedtool_call_finished_us(const aim_gatedtool_call *call)
{
	return call ? call->finished_us : 0;
}

int32_t aim_gatedtool_call_success(const aim_gatedtool_call *call)
{
	return call ? call->success : 0;
}

aim_bytes aim_gatedtool_call_result(const aim_gatedtool_call *call)
{
	return call && call->success ? aim_buf_bytes(&call->result) : (aim_bytes){NULL, 0};
}

aim_str aim_gatedtool_call_error(aim_gatedtool_call *call)
{
	if (!call || call->success)
		return (aim_str){NULL, 0};
	return call->failed ? aim_str_from(call->failure.message) : aim_decision_reason(call->decision);
}

int64_t aim_gatedtool_call_trust_micro(const aim_gatedtool_call *call)
{
	return call ? call->trust_micro : AIM_DECISION_NO_TRUST;
}

size_t aim_gatedtool_call_capability_count(const aim_gatedtool_call *call)
{
	return call ? call->n_capabilities : 0;
}

aim_str aim_gatedtool_call_capability_at(const aim_gatedtool_call *call, size_t index)
{
	aim_str text = {NULL, 0};
	if (!call || index >= call->n_capabilities)
		return text;
	const uint8_t *at = call->names.ptr;
	for (;; at += text.len) {
		memcpy(&text.len, at, sizeof text.len);
		at += sizeof text.len;
		if (index-- == 0)
			break;
	}
	text.ptr = (const char *)at;
	return text;
}

size_t aim_gatedtool_call_stripped_count(const aim_gatedtool_call *call)
{
	return call ? call->n_stripped : 0;
}

aim_str aim_gatedtool_call_stripped_at(const aim_gatedtool_call *call, size_t index)
{
	if (!call || index >= call->n_stripped)
		return (aim_str){NULL, 0};
	return aim__json_key(&call->given, call->stripped[index]);
}
