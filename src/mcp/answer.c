/* mcp/answer.c — what leaves the guard: lines of others without the pieces that were cut out, and replies
 * of our own. Layer mcp. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "codec/writer.h"

#include <string.h>

/* Member of _meta that carries code and decision id of a denied tool call. */
#define META_KEY "libaim/denied"

aim_status aim__guard_forward(aim_guard *guard, uint32_t to, aim_bytes line)
{
	aim__queue *queue = &aim__guard_side(guard, to)->output;
	aim__queue_settle(queue);
	size_t added = 0;
	for (size_t i = 0; i < guard->n_cuts; i++)
		added += guard->cuts[i].text ? strlen(guard->cuts[i].text) : 0;
	aim_status rc = aim__buf_reserve(&queue->bytes, line.len + added + 1);
	if (rc != AIM_OK)
		return rc;
	size_t at = 0;
	for (size_t i = 0; i < guard->n_cuts; i++) {
		(void)aim__buf_add(&queue->bytes, line.ptr + at, guard->cuts[i].start - at);
		if (guard->cuts[i].text)
			(void)aim__buf_add_text(&queue->bytes, guard->cuts[i].text);
		at = guard->cuts[i].end;
	}
	(void)aim__buf_add(&queue->bytes, line.ptr + at, line.len - at); /* reserved above */
	if (line.len == 0 || line.ptr[line.len - 1] != '\n')
		(void)aim__buf_add_byte(&queue->bytes, '\n');
	guard->counters.n_forwarded++;
	return AIM_OK;
}

static void begin(aim_guard *guard, aim__json_writer *w, uint32_t to, aim_bytes id)
{
	aim__queue *queue = &aim__guard_side(guard, to)->output;
	aim__queue_settle(queue);
	aim__write_init(w, &queue->bytes);
	aim__write_begin_object(w);
	aim__write_member_text(w, "jsonrpc", "2.0");
	aim__write_key(w, "id");
	aim__write_raw(w, id);
}

static aim_status finish(aim_guard *guard, aim__json_writer *w, uint32_t to)
{
	aim_buf *out = &aim__guard_side(guard, to)->output.bytes;
	size_t start = w->start;
	aim__write_end_object(w);
	aim_status rc = aim__write_finish(w);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '\n');
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* approval: what a person has to approve; NULL or empty: nothing is waited for. */
static void write_codes(aim__json_writer *w, const char *code, const char *decision_id, const char *approval)
{
	aim__write_begin_object(w);
	if (approval && approval[0])
		aim__write_member_text(w, "approval", approval);
	aim__write_member_text(w, "code", code);
	if (decision_id && decision_id[0])
		aim__write_member_text(w, "decision", decision_id);
	aim__write_end_object(w);
}

static aim_status answer_error(aim_guard *guard, uint32_t to, aim_bytes id, const aim__denial *denial,
                               const char *decision_id, const char *approval)
{
	aim__json_writer w;
	guard->last_error = denial->rpc;
	begin(guard, &w, to, id);
	aim__write_key(&w, "error");
	aim__write_begin_object(&w);
	aim__write_member_int64(&w, "code", denial->rpc);
	aim__write_member_text(&w, "message", denial->sentence);
	aim__write_key(&w, "data");
	write_codes(&w, denial->code, decision_id, approval);
	aim__write_end_object(&w);
	return finish(guard, &w, to);
}

aim_status aim__answer_error(aim_guard *guard, uint32_t to, aim_bytes id, int32_t code, const char *sentence,
                             const char *reason_code, const char *decision_id)
{
	const aim__denial denial = {reason_code, sentence, code};
	return answer_error(guard, to, id, &denial, decision_id, NULL);
}

/* Who waits for a person is told for what; of what is over nothing more. */
static const char *awaited(const aim__verdict *v)
{
	return v->effect == AIM_DECISION_ASK ? v->approval : "";
}

static aim_status write_text(aim_guard *guard, const aim__verdict *verdict)
{
	aim_buf *text = &guard->scratch;
	aim__buf_truncate(text, 0);
	aim_status rc = aim__buf_add_text(text, "Denied: ");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, verdict->denial->sentence);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, " (");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, verdict->denial->code);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, ", decision ");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, verdict->id);
	if (rc == AIM_OK && awaited(verdict)[0])
		rc = aim__buf_add_text(text, ", approval ");
	if (rc == AIM_OK)
		rc = aim__buf_add_text(text, awaited(verdict));
	return rc == AIM_OK ? aim__buf_add_byte(text, ')') : rc;
}

/* A tool result with isError, so that the model reads that it was denied (MCP, server/tools, error
 * handling). 2026-07-28 asks for resultType in every result. */
static aim_status answer_tool(aim_guard *guard, uint32_t to, aim_bytes id, const aim__question *q,
                              const aim__verdict *v)
{
	aim__json_writer w;
	aim_status rc = write_text(guard, v);
	if (rc != AIM_OK)
		return rc;
	begin(guard, &w, to, id);
	aim__write_key(&w, "result");
	aim__write_begin_object(&w);
	aim__write_key(&w, "content");
	aim__write_begin_array(&w);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "type", "text");
	aim__write_member_string(&w, "text", aim_buf_str(&guard->scratch));
	aim__write_end_object(&w);
	aim__write_end_array(&w);
	aim__write_member_bool(&w, "isError", 1);
	if (q->message->modern)
		aim__write_member_text(&w, "resultType", "complete");
	aim__write_key(&w, "_meta");
	aim__write_begin_object(&w);
	aim__write_key(&w, META_KEY);
	write_codes(&w, v->denial->code, v->id, awaited(v));
	aim__write_end_object(&w);
	aim__write_end_object(&w);
	return finish(guard, &w, to);
}

aim_status aim__answer_cleaned(aim_guard *guard, uint32_t to, aim_bytes id, const char *member, aim_bytes content)
{
	aim__json_writer w;
	begin(guard, &w, to, id);
	aim__write_key(&w, member);
	aim__write_raw(&w, content);
	return finish(guard, &w, to);
}

aim_status aim__answer_denied(aim_guard *guard, uint32_t to, const aim__question *q, const aim__verdict *v)
{
	aim_bytes id = aim__message_id_raw(&guard->doc, q->message);
	/* Whoever asked for a task expects a task or an error, not a result (2025-11-25, tasks). */
	int wants_task = aim__json_member_text(&guard->doc, q->message->params, "task") != AIM_JSON_NONE;
	if (q->method && q->method->is_tool && !wants_task)
		return answer_tool(guard, to, id, q, v);
	return answer_error(guard, to, id, v->denial, v->id, awaited(v));
}
