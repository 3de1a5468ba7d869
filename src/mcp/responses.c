/* mcp/responses.c — what results, and errors in their place, carry back to the model: scanned, recorded and told, and, when the host asks for it, cleaned
 * or withheld. Layer mcp, over the scanner of responses of assess. */
#include "mcp/inspect.h"

#include "base/error.h"

#include <string.h>

/* A host that withholds nothing is told, and that is all. */
static uint32_t policy_of(const aim_guard *guard)
{
	uint32_t policy = guard->options.response_policy;
	int watches = guard->options.preset == AIM_GUARD_OBSERVE || guard->options.flags & AIM_GUARD_MONITOR;
	return policy == AIM_GUARD_RESPONSES_OFF || !watches ? policy : AIM_GUARD_RESPONSES_LOG;
}

static aim_status prepare(aim_guard *guard, aim_error *err)
{
	static const uint32_t policies[] = {AIM_RESPONSE_LOG, AIM_RESPONSE_LOG, AIM_RESPONSE_SANITIZE, AIM_RESPONSE_BLOCK};
	aim_response_options o = {.struct_size = sizeof o, .policy = policies[policy_of(guard)]};
	if (guard->response)
		return AIM_OK;
	aim_status rc = guard->scanner ? AIM_OK : aim_scan_new(guard->ctx, NULL, &guard->scanner, err);
	if (rc == AIM_OK)
		rc = aim_response_new(guard->scanner, &o, &guard->response, err);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

/* Those whose results a model reads. */
static int is_read_by_model(const aim__request *request)
{
	static const char *const names[] = {"prompts/get", "resources/read", "tasks/get", "tasks/result", "tools/call"};
	for (size_t i = 0; request->method && i < sizeof names / sizeof *names; i++)
		if (strcmp(request->method->name, names[i]) == 0)
			return 1;
	return 0;
}

static void tell(aim_guard *guard, const aim__request *request, const aim_response_verdict *v)
{
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_RESPONSE, .from = AIM_GUARD_SERVER, .count = v->threats};
	const aim_response_threat *first = aim_response_threat_at(guard->response, 0);
	event.method = aim_str_from(request->method->name);
	event.name = aim__request_subject(request);
	event.code = aim_str_from(aim_response_action_name(v->action));
	event.reason = v->reason;
	if (first)
		event.rule = first->rule;
	event.decision_id = aim_str_from(request->decision_id);
	aim__event_send(guard, &event);
}

static aim_status withhold(aim_guard *guard, const aim__message *m, const aim__request *request, const char *code)
{
	const aim__denial *denial = aim__denial_find(code);
	aim_bytes id = aim__message_id_raw(&guard->doc, m);
	aim_status rc = aim__answer_error(guard, AIM_GUARD_CLIENT, id, denial->rpc, denial->sentence, denial->code, request->decision_id);
	return rc == AIM_OK ? AIM_DENIED : rc;
}

static aim_status act(aim_guard *guard, const aim__message *m, const aim__request *request, const aim_response_verdict *v)
{
	if (v->action == AIM_RESPONSE_LOG)
		return AIM_OK;
	if (v->action == AIM_RESPONSE_BLOCK)
		return withhold(guard, m, request, "response_withheld");
	const char *member = m->kind == AIM__MESSAGE_ERROR ? "error" : "result";
	aim_status rc = aim__answer_cleaned(guard, AIM_GUARD_CLIENT, aim__message_id_raw(&guard->doc, m), member, v->content);
	return rc == AIM_OK ? AIM_DENIED : rc; /* the line as it came does not go on */
}

aim_status aim__responses_check(aim_guard *guard, const aim__message *m, const aim__request *request, aim_error *err)
{
	aim_response_verdict v = {.struct_size = sizeof v};
	if (policy_of(guard) == AIM_GUARD_RESPONSES_OFF || !is_read_by_model(request))
		return AIM_OK;
	aim_status rc = prepare(guard, err);
	if (rc != AIM_OK)
		return rc;
	aim_json_value said = m->kind == AIM__MESSAGE_ERROR ? m->error : m->result; /* agents show errors to the model too */
	rc = aim_response_scan(guard->response, aim_json_raw(&guard->doc, said), err);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	if (rc != AIM_OK && rc != AIM_DENIED) /* what cannot be looked at is not known to be clean */
		rc = policy_of(guard) == AIM_GUARD_RESPONSES_LOG ? AIM_OK : withhold(guard, m, request, "failed");
	else if (aim_response_judge(guard->response, &v) == AIM_OK && v.action != AIM_RESPONSE_CLEAN) {
		tell(guard, request, &v);
		rc = aim__record_response(guard, request, guard->response, err);
		if (rc == AIM_OK)
			rc = act(guard, m, request, &v);
		else if (rc != AIM_E_NOMEM) /* what leaves no evidence does not pass */
			rc = withhold(guard, m, request, "unrecorded");
	} else
		rc = AIM_OK;
	return rc == AIM_OK || rc == AIM_DENIED ? rc : aim__fail_plain(err, rc, AIM_LAYER_MCP);
}
