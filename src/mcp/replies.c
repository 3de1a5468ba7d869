/* mcp/replies.c — results and errors, matched with the request that asked for them. A reply is only what
 * its request makes it: a list of tools is looked for in the answer to tools/list and nowhere else.
 * Layer mcp. */
#include "mcp/guard.h"

#include "base/error.h"
#include "mcp/inspect.h"

#include <aim/usage.h>

#include <string.h>

/* The one revision with batches. */
#define BATCH_VERSION "2025-03-26"

void aim__protocol_seen(aim_guard *guard, aim_str version)
{
	if (guard->announced || version.len == 0)
		return;
	guard->announced = 1;
	aim__event_simple(guard, AIM_GUARD_EVENT_PROTOCOL, AIM_GUARD_CLIENT, version, "", AIM_OK, 1);
}

static aim_status drop(aim_guard *guard, uint32_t from, const aim__message *m)
{
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_DROPPED_REPLY, .from = from, .count = 1};
	event.status = AIM_E_MCP_MESSAGE;
	guard->counters.n_dropped++;
	aim__record_refusal(guard, from, NULL, "unknown_reply");
	if (from == AIM_GUARD_SERVER)
		aim__learn_stray(guard);
	event.code = aim_str_from("unknown_reply");
	event.request = aim__message_id_text(aim__message_id_key(&guard->doc, m->id, key_bytes));
	aim__event_send(guard, &event);
	return AIM_DENIED;
}

/* --- input_required: requests to the client inside a result (2026-07-28, patterns/mrtr) --------------- */

static aim_status decide_input(aim_guard *guard, const aim__message *reply, aim_json_value input, aim_error *err)
{
	const aim_json *doc = &guard->doc;
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim__message inner = *reply;
	aim__question q;
	aim__verdict v;
	inner.method = aim__json_string(doc, aim__json_member_text(doc, input, "method"));
	inner.params = aim__json_member_text(doc, input, "params");
	const aim__method *method = aim__method_find(inner.method, AIM_GUARD_SERVER);
	if (method && method->handling == AIM__METHOD_PASS)
		return AIM_OK;
	aim__flow_prepare(AIM_GUARD_SERVER, &inner, method, &q);
	q.subject = inner.method;
	q.request = aim__message_id_text(aim__message_id_key(doc, reply->id, key_bytes));
	aim_status rc = aim__flow_arguments(guard, &inner, method, &q.arguments);
	if (rc != AIM_OK && rc != AIM_E_JSON_NUMBER)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	rc = aim__flow_decide(guard, &q, &v, err);
	if (rc != AIM_DENIED)
		return rc;
	rc = aim__answer_denied(guard, AIM_GUARD_CLIENT, &q, &v);
	return rc == AIM_OK ? AIM_DENIED : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

static void remember_state(aim_guard *guard, const aim__message *m, const aim__request *request)
{
	aim_str state = aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, m->result, "requestState"));
	if (!state.ptr || request->binding == 0)
		return;
	aim__state *slot = &guard->states[guard->next_state++ % AIM__STATES_MAX];
	slot->state = aim__hash(guard->ctx, aim_bytes_from_str(state));
	slot->binding = request->binding;
}

static int wants_input(const aim_guard *guard, const aim__message *m)
{
	aim_str type = aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, m->result, "resultType"));
	return aim_str_equal(type, aim_str_from("input_required"));
}

static aim_status on_input_required(aim_guard *guard, const aim__message *m, const aim__request *request, aim_error *err)
{
	const aim_json *doc = &guard->doc;
	aim_json_value inputs = aim__json_member_text(doc, m->result, "inputRequests");
	for (aim_json_value v = aim__json_first(doc, inputs); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_status rc = decide_input(guard, m, v, err);
		if (rc != AIM_OK)
			return rc;
	}
	remember_state(guard, m, request);
	return AIM_OK;
}

/* --- matched replies --------------------------------------------------------------------------------------- */

/* A person approved what the server says of itself, with these instructions. */
static int are_approved(const aim_guard *guard, const aim__message *m, aim_str text)
{
	aim_baseline_entry entry = {.struct_size = sizeof entry};
	const aim_json *doc = &guard->doc;
	aim_json_value info = aim__json_member_text(doc, m->result, "serverInfo");
	aim_str name = aim__json_string(doc, aim__json_member_text(doc, info, "name"));
	aim_json stored;
	if (!guard->surface.baseline || name.len == 0 ||
	    aim_baseline_find(guard->surface.baseline, AIM_FINGERPRINT_SERVER, name, &entry) != AIM_OK ||
	    entry.state != AIM_BASELINE_APPROVED)
		return 0;
	aim__json_init(&stored, guard->ctx);
	int same = aim_json_parse(&stored, entry.definition, AIM_JSON_BORROW, NULL) == AIM_OK &&
	           aim_str_equal(aim__json_string(&stored, aim__json_member_text(&stored, AIM_JSON_ROOT, "instructions")), text);
	aim__json_dispose(&stored);
	return same;
}

/* Instructions with something critical do not reach the model, whether that could be recorded or not: it is withheld. */
static aim_status on_instructions(aim_guard *guard, const aim__message *m, aim_error *err)
{
	static const aim_str name = {"instructions", 12};
	aim_json_value value = aim__json_member_text(&guard->doc, m->result, "instructions");
	aim_str text = aim__json_string(&guard->doc, value);
	uint32_t severity = 0;
	int marked = 0;
	aim_status rc = aim__inspect_instructions(guard, text, &severity, err);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (severity != AIM_SCAN_CRITICAL || guard->options.preset == AIM_GUARD_OBSERVE ||
	    guard->options.flags & AIM_GUARD_MONITOR || are_approved(guard, m, text))
		return AIM_OK;
	rc = guard->options.flags & AIM_GUARD_MARK ? aim__guard_mark(guard, m->result, &marked) : AIM_OK;
	if (rc == AIM_OK && !marked)
		rc = aim__guard_blank(guard, value);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	aim__event_simple(guard, marked ? AIM_GUARD_EVENT_MARKED : AIM_GUARD_EVENT_DROPPED_ENTRY, AIM_GUARD_SERVER, name,
	                  marked ? "instructions_marked" : "instructions_hidden", AIM_OK, 1);
	return AIM_OK;
}

static aim_status on_initialized(aim_guard *guard, const aim__message *m, aim_error *err)
{
	aim_json_value value = aim__json_member_text(&guard->doc, m->result, "protocolVersion");
	aim_str version = aim__json_string(&guard->doc, value);
	guard->batches = aim_str_equal(version, aim_str_from(BATCH_VERSION)) != 0;
	aim__protocol_seen(guard, version);
	return on_instructions(guard, m, err);
}

static const char *outcome_of(const aim_guard *guard, const aim__message *m, int *out_success)
{
	int32_t is_error = 0;
	*out_success = 0;
	if (m->kind == AIM__MESSAGE_ERROR)
		return "error";
	(void)aim_json_bool(&guard->doc, aim__json_member_text(&guard->doc, m->result, "isError"), &is_error);
	if (is_error)
		return "tool_error";
	*out_success = 1;
	return wants_input(guard, m) ? "input_required" : NULL;
}

/* An outcome that leaves no evidence is withheld, and the side that waits is told. */
static aim_status record_outcome(aim_guard *guard, uint32_t to, const aim__message *m, const aim__request *request,
                                 aim_error *err)
{
	int success;
	if (!request->gated)
		return AIM_OK;
	const char *outcome = outcome_of(guard, m, &success);
	aim_status rc = aim__record_result(guard, request, outcome, success, err);
	if (rc == AIM_OK && to == AIM_GUARD_CLIENT)
		aim__learn_call(guard, request, success ? AIM_USAGE_SUCCESS : AIM_USAGE_FAILURE);
	if (rc == AIM_OK || rc == AIM_E_NOMEM)
		return rc;
	const aim__denial *denial = aim__denial_find("unrecorded");
	aim_bytes id = aim__message_id_raw(&guard->doc, m);
	rc = aim__answer_error(guard, to, id, denial->rpc, denial->sentence, denial->code, request->decision_id);
	return rc == AIM_OK ? AIM_DENIED : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

/* What says that it wants input is looked at as an answer too: a client that knows no such results reads it as one. */
static aim_status on_result(aim_guard *guard, uint32_t from, const aim__message *m, const aim__request *request,
                            aim_error *err)
{
	aim_status rc = AIM_OK;
	if (from == AIM_GUARD_SERVER && aim__message_result_is_ambiguous(&guard->doc, m->result))
		return aim__lists_withhold(guard, m, "ambiguous_member", err);
	if (from == AIM_GUARD_SERVER && wants_input(guard, m))
		rc = on_input_required(guard, m, request, err);
	if (rc != AIM_OK || !request->method)
		return rc;
	if (request->method->handling == AIM__METHOD_INITIALIZE)
		return on_initialized(guard, m, err);
	if (request->method->handling == AIM__METHOD_DISCOVER)
		return on_instructions(guard, m, err);
	if (request->method->handling == AIM__METHOD_ENTRIES)
		return aim__entries_page(guard, m, request, err);
	if (request->method->handling == AIM__METHOD_TOOLS)
		return aim__lists_page(guard, m, request, err);
	return AIM_OK;
}

aim_status aim__flow_reply(aim_guard *guard, uint32_t from, const aim__message *m, aim_error *err)
{
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim__requests *asked = &aim__guard_side(guard, aim__other(from))->sent;
	aim_bytes key = aim__message_id_key(&guard->doc, m->id, key_bytes);
	aim__request *request = aim__requests_find(asked, key);
	if (!request)
		return drop(guard, from, m);
	aim_status rc = record_outcome(guard, aim__other(from), m, request, err);
	if (rc == AIM_OK && m->kind == AIM__MESSAGE_RESULT)
		rc = on_result(guard, from, m, request, err);
	if (rc == AIM_OK && from == AIM_GUARD_SERVER)
		rc = aim__responses_check(guard, m, request, err);
	aim__requests_remove(asked, request);
	return rc;
}

/* --- the end --------------------------------------------------------------------------------------------------- */

aim_status aim__flow_end(aim_guard *guard, uint32_t from, aim_error *err)
{
	aim__requests *asked = &aim__guard_side(guard, aim__other(from))->sent;
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_CLOSED, .from = from};
	aim_status first = AIM_OK;
	uint32_t n = 0;
	for (aim__request *request; (request = aim__requests_any(asked)); n++) {
		aim_status rc = request->gated ? aim__record_result(guard, request, "no_answer", 0, err) : AIM_OK;
		first = first == AIM_OK ? rc : first;
		if (request->gated && from == AIM_GUARD_SERVER)
			aim__learn_call(guard, request, AIM_USAGE_UNREPORTED);
		aim__requests_remove(asked, request);
	}
	event.count = n;
	aim__event_send(guard, &event);
	return first;
}
