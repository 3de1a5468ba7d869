/* mcp/flow.c — what happens to one line: which message it is, whether it may pass, and what is done when
 * not. Layer mcp. Decisions are the gate's, evidence is the record's; here is the order of things:
 * read, find the method, open the request, decide, record, forward. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* --- refusing ---------------------------------------------------------------------------------------- */

static const char *sentence_of(int32_t code)
{
	switch (code) {
	case AIM__RPC_PARSE_ERROR: return "Parse error";
	case AIM__RPC_INVALID_PARAMS: return "Invalid params";
	case AIM__RPC_DENIED: return "Too many open requests";
	case AIM__RPC_HEADER_MISMATCH: return "Headers and body of the request differ";
	default: return "Invalid request";
	}
}

/* The client always hears of it. The server does when it waits for an answer. */
static int must_answer(uint32_t from, const aim__message *message)
{
	return from == AIM_GUARD_CLIENT || (message && message->id != AIM_JSON_NONE && message->method.len);
}

aim_status aim__flow_malformed(aim_guard *guard, uint32_t from, const aim__message *message,
                               const char *problem, int32_t code, aim_error *err)
{
	aim_bytes id = {(const uint8_t *)"null", 4};
	if (message)
		id = aim__message_id_raw(&guard->doc, message);
	guard->counters.n_malformed++;
	aim__record_refusal(guard, from, message, problem);
	aim_str method = message ? message->method : (aim_str){NULL, 0};
	aim__event_simple(guard, AIM_GUARD_EVENT_MALFORMED, from, method, problem, AIM_E_MCP_MESSAGE, 1);
	if (!must_answer(from, message))
		return AIM_DENIED;
	aim_status rc = aim__answer_error(guard, from, id, code, sentence_of(code), problem, NULL);
	return rc == AIM_OK ? AIM_DENIED : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

/* --- requests ------------------------------------------------------------------------------------------ */

/* What the request is about. A method that is about nothing in particular is its own subject. */
static const char *find_subject(const aim_guard *guard, const aim__message *m, const aim__method *method, aim_str *out)
{
	*out = m->method;
	if (!method || !method->subject)
		return NULL;
	*out = aim__json_string(&guard->doc, aim__message_at(&guard->doc, m->params, method->subject));
	if (!out->ptr && method->other)
		*out = aim__json_string(&guard->doc, aim__message_at(&guard->doc, m->params, method->other));
	if (out->len == 0)
		return "no_subject";
	if (method->is_tool && out->len > guard->ctx->limits.max_name_bytes)
		return "name_too_long";
	return NULL;
}

static uint64_t hash_binding(const aim_guard *guard, const aim__question *q)
{
	uint64_t parts[3];
	parts[0] = aim__hash(guard->ctx, aim_bytes_from_str(q->message->method));
	parts[1] = aim__hash(guard->ctx, aim_bytes_from_str(q->subject));
	parts[2] = aim__hash(guard->ctx, q->arguments);
	return aim__hash(guard->ctx, aim_bytes_from(parts, sizeof parts));
}

/* A retry brings back what an input_required result gave (2026-07-28, patterns/mrtr). It is decided like
 * any request; besides, a state that was given for another request is refused. */
static int state_is_foreign(const aim_guard *guard, const aim__message *m, uint64_t binding)
{
	aim_str state = aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, m->params, "requestState"));
	if (!state.ptr)
		return 0;
	uint64_t hash = aim__hash(guard->ctx, aim_bytes_from_str(state));
	for (size_t i = 0; i < AIM__STATES_MAX; i++)
		if (guard->states[i].state == hash && guard->states[i].binding)
			return guard->states[i].binding != binding;
	return 0;
}

aim_status aim__flow_arguments(aim_guard *guard, const aim__message *m, const aim__method *method, aim_bytes *out)
{
	aim_json_value value = aim__message_at(&guard->doc, m->params, method ? method->arguments : NULL);
	aim__buf_truncate(&guard->arguments, 0);
	*out = (aim_bytes){NULL, 0};
	if (aim__json_type(&guard->doc, value) == AIM_JSON_ABSENT)
		return AIM_OK;
	aim_status rc = aim_json_canonicalize(&guard->doc, value, AIM_JSON_JCS_EXACT_TEXT, &guard->arguments, NULL);
	if (rc == AIM_OK)
		*out = aim_buf_bytes(&guard->arguments);
	return rc;
}

aim_status aim__flow_decide(aim_guard *guard, aim__question *q, aim__verdict *v, aim_error *err)
{
	aim_status rc = aim__subjects_refresh(guard, 0, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	rc = aim__lists_settle(guard, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	aim__gate_decide(guard, q, v);
	int passes = v->effect == AIM_DECISION_ALLOW || v->monitored;
	rc = aim__record_call(guard, q, v, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK) { /* what leaves no evidence does not happen */
		aim__verdict_deny(guard, "unrecorded", "the audit log refused the record", v);
		passes = 0;
	}
	guard->counters.n_allowed += v->effect == AIM_DECISION_ALLOW;
	guard->counters.n_denied += !passes;
	guard->counters.n_monitored += (uint64_t)(v->monitored != 0);
	aim__event_decided(guard, q, v);
	return passes ? AIM_OK : AIM_DENIED;
}

static aim_status refuse(aim_guard *guard, const aim__question *q, const aim__verdict *v, aim_error *err)
{
	aim_status rc = aim__answer_denied(guard, q->from, q, v);
	return rc == AIM_OK ? AIM_DENIED : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

void aim__flow_prepare(uint32_t from, const aim__message *m, const aim__method *method, aim__question *out)
{
	memset(out, 0, sizeof *out);
	out->from = from;
	out->message = m;
	out->method = method;
	out->action = aim_str_from(method && method->action ? method->action : "mcp_method");
}

static aim_status gate(aim_guard *guard, aim__question *q, aim__request *request, aim_error *err)
{
	aim__verdict v;
	aim_status rc = aim__flow_arguments(guard, q->message, q->method, &q->arguments);
	if (rc == AIM_E_JSON_NUMBER)
		return aim__flow_malformed(guard, q->from, q->message, "number", AIM__RPC_INVALID_PARAMS, err);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	request->binding = hash_binding(guard, q);
	request->argument_bytes = q->arguments.len < UINT32_MAX ? (uint32_t)q->arguments.len : UINT32_MAX;
	q->foreign_state = state_is_foreign(guard, q->message, request->binding);
	rc = aim__flow_decide(guard, q, &v, err);
	if (rc == AIM_DENIED)
		return refuse(guard, q, &v, err);
	request->gated = 1;
	memcpy(request->decision_id, v.id, sizeof request->decision_id);
	return rc;
}

/* 2026-07-28: one request subscribes to many resources. Each is decided; one refusal refuses all. */
static aim_status gate_listen(aim_guard *guard, aim__question *q, aim__request *request, aim_error *err)
{
	const aim_json *doc = &guard->doc;
	aim_json_value list = aim__message_at(doc, q->message->params, "/notifications/resourceSubscriptions");
	if (aim__json_type(doc, list) != AIM_JSON_ARRAY && list != AIM_JSON_NONE)
		return aim__flow_malformed(guard, q->from, q->message, "params_type", AIM__RPC_INVALID_PARAMS, err);
	for (aim_json_value v = aim__json_first(doc, list); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		q->subject = aim__json_string(doc, v);
		if (q->subject.len == 0)
			return aim__flow_malformed(guard, q->from, q->message, "params_type", AIM__RPC_INVALID_PARAMS, err);
		aim_status rc = gate(guard, q, request, err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

static aim_status let_pass(aim_guard *guard, aim__question *q, aim__request *request, aim_error *err)
{
	if (!q->method)
		return gate(guard, q, request, err);
	switch (q->method->handling) {
	case AIM__METHOD_GATE: return gate(guard, q, request, err);
	case AIM__METHOD_LISTEN: return gate_listen(guard, q, request, err);
	case AIM__METHOD_TOOLS:
		request->first_page =
			aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, q->message->params, "cursor")).ptr == NULL;
		return AIM_OK;
	default: return AIM_OK;
	}
}

/* The version in use, once known, is told to the host. */
static void note_protocol(aim_guard *guard, const aim__message *m)
{
	if (guard->announced || !m->modern)
		return;
	aim_json_value meta = aim__json_member_text(&guard->doc, m->params, "_meta");
	aim__protocol_seen(guard, aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, meta,
		"io.modelcontextprotocol/protocolVersion")));
}

static aim_status on_request(aim_guard *guard, uint32_t from, const aim__message *m, aim_error *err)
{
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim__requests *sent = &aim__guard_side(guard, from)->sent;
	const aim__method *method = aim__method_of(m->method, from, m->modern);
	aim__question q;
	aim__request *request = NULL;
	if (method && method->shape != AIM__METHOD_REQUEST)
		return aim__flow_malformed(guard, from, m, "notification_with_id", AIM__RPC_INVALID_REQUEST, err);
	aim__flow_prepare(from, m, method, &q);
	const char *problem = find_subject(guard, m, method, &q.subject);
	if (problem)
		return aim__flow_malformed(guard, from, m, problem, AIM__RPC_INVALID_PARAMS, err);
	aim_bytes key = aim__message_id_key(&guard->doc, m->id, key_bytes);
	q.request = aim__message_id_text(key);
	aim_status rc = aim__requests_add(sent, key, aim__text_clip(q.subject, AIM__SUBJECT_MAX), &request);
	if (rc == AIM_E_EXISTS)
		return aim__flow_malformed(guard, from, m, "duplicate_id", AIM__RPC_INVALID_REQUEST, err);
	if (rc == AIM_E_LIMIT)
		return aim__flow_malformed(guard, from, m, "too_many_requests", AIM__RPC_DENIED, err);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	request->method = method;
	request->modern = m->modern;
	request->started_us = aim__ctx_steady_us(guard->ctx);
	note_protocol(guard, m);
	rc = let_pass(guard, &q, request, err);
	if (rc != AIM_OK)
		aim__requests_remove(sent, request);
	return rc;
}

/* --- notifications --------------------------------------------------------------------------------------- */

/* The sender gives up its request. On stdio a server also ends a subscription this way (2026-07-28). */
static void on_cancelled(aim_guard *guard, uint32_t from, const aim__message *m)
{
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim_json_value id = aim__json_member_text(&guard->doc, m->params, "requestId");
	aim_bytes key = aim__message_id_key(&guard->doc, id, key_bytes);
	aim__request *request = aim__requests_find(&aim__guard_side(guard, from)->sent, key);
	if (!request && from == AIM_GUARD_SERVER) {
		request = aim__requests_find(&aim__guard_side(guard, AIM_GUARD_CLIENT)->sent, key);
		if (request && (!request->method || request->method->handling != AIM__METHOD_LISTEN))
			request = NULL;
	}
	if (request)
		request->cancelled = 1;
}

/* A demand without id would be carried out without anybody answering for it. */
static aim_status on_notification(aim_guard *guard, uint32_t from, const aim__message *m, aim_error *err)
{
	aim__question q;
	aim__verdict v;
	const aim__method *method = aim__method_find(m->method, from);
	if (method && method->shape != AIM__METHOD_NOTIFICATION)
		return aim__flow_malformed(guard, from, m, "request_without_id", AIM__RPC_INVALID_REQUEST, err);
	if (method && method->handling == AIM__METHOD_CANCEL)
		on_cancelled(guard, from, m);
	if (method)
		return AIM_OK;
	aim__flow_prepare(from, m, NULL, &q);
	q.subject = m->method;
	aim_status rc = aim__flow_arguments(guard, m, NULL, &q.arguments);
	if (rc == AIM_E_JSON_NUMBER)
		return aim__flow_malformed(guard, from, m, "number", AIM__RPC_INVALID_PARAMS, err);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	return aim__flow_decide(guard, &q, &v, err);
}

/* --- lines --------------------------------------------------------------------------------------------------- */

aim_status aim__flow_message(aim_guard *guard, uint32_t from, aim_json_value value, aim_error *err)
{
	aim__message m;
	int32_t rpc;
	aim__message_classify(&guard->doc, value, &m);
	const char *problem = m.kind == AIM__MESSAGE_INVALID ? NULL : aim__http_problem(guard, &m, &rpc);
	if (problem)
		return aim__flow_malformed(guard, from, &m, problem, rpc, err);
	switch (m.kind) {
	case AIM__MESSAGE_REQUEST: return on_request(guard, from, &m, err);
	case AIM__MESSAGE_NOTIFICATION: return on_notification(guard, from, &m, err);
	case AIM__MESSAGE_RESULT:
	case AIM__MESSAGE_ERROR: return aim__flow_reply(guard, from, &m, err);
	default: return aim__flow_malformed(guard, from, &m, m.problem, m.error_code, err);
	}
}

typedef struct json_problem {
	aim_status status;
	const char *code;
} json_problem;

static const json_problem json_problems[] = {
	{AIM_E_JSON_SYNTAX, "json_syntax"},       {AIM_E_UTF8, "utf8"},
	{AIM_E_JSON_DUPLICATE, "json_duplicate"}, {AIM_E_JSON_SURROGATE, "json_surrogate"},
	{AIM_E_JSON_DEPTH, "json_depth"},         {AIM_E_JSON_SIZE, "json_size"},
	{AIM_E_JSON_TRAILING, "json_trailing"},
};

static const char *json_problem_code(aim_status status)
{
	for (size_t i = 0; i < sizeof json_problems / sizeof *json_problems; i++)
		if (json_problems[i].status == status)
			return json_problems[i].code;
	return NULL;
}

static int is_blank(aim_bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] != ' ' && line.ptr[i] != '\t' && line.ptr[i] != '\r' && line.ptr[i] != '\n')
			return 0;
	return 1;
}

static aim_status examine(aim_guard *guard, uint32_t from, const aim__line *line, aim_error *err)
{
	if (line->oversized)
		return aim__flow_malformed(guard, from, NULL, "too_long", AIM__RPC_PARSE_ERROR, err);
	aim_status rc = aim_json_parse(&guard->doc, line->bytes, AIM_JSON_BORROW, NULL);
	if (rc != AIM_OK && json_problem_code(rc))
		return aim__flow_malformed(guard, from, NULL, json_problem_code(rc), AIM__RPC_PARSE_ERROR, err);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	if (aim__json_type(&guard->doc, AIM_JSON_ROOT) == AIM_JSON_ARRAY)
		return aim__flow_batch(guard, from, err);
	return aim__flow_message(guard, from, AIM_JSON_ROOT, err);
}

aim_status aim__flow_line(aim_guard *guard, uint32_t from, const aim__line *line, aim_error *err)
{
	if (!line->oversized && is_blank(line->bytes))
		return AIM_OK;
	guard->counters.n_messages++;
	guard->n_cuts = 0;
	aim_status rc = examine(guard, from, line, err);
	if (rc == AIM_DENIED)
		return AIM_OK;
	if (rc != AIM_OK)
		return rc;
	rc = aim__guard_forward(guard, aim__other(from), line->bytes);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}
