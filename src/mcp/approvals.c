/* mcp/approvals.c — who is asked when the gate says "ask": the host, which answers at once, or a person, for whom the
 * question is kept in the store. Layer mcp, over the approvals of enforce. */
#include "mcp/guard.h"

#include <aim/approval.h>
#include <string.h>

#define REASON_MAX 1024u

static void approve(aim__verdict *verdict)
{
	verdict->effect = AIM_DECISION_ALLOW;
	verdict->denial = NULL;
	verdict->code = aim_str_from("approved");
}

static void ask_host(aim_guard *guard, const aim__question *question, aim__verdict *verdict)
{
	aim_guard_event event = {.struct_size = sizeof event, .kind = AIM_GUARD_EVENT_DENIED, .count = 1};
	if (!guard->options.approve)
		return;
	event.from = question->from;
	event.method = question->message->method;
	event.name = question->subject;
	event.request = question->request;
	event.code = verdict->code;
	event.reason = verdict->reason;
	event.rule = verdict->rule;
	event.decision_id = aim_str_from(verdict->id);
	event.fingerprint = verdict->fingerprint;
	if (guard->options.approve(guard->options.user, &event) == AIM_OK)
		approve(verdict);
}

/* --- the store --------------------------------------------------------------------------------------------- */

/* Only a single request of the client can be made again as it was. What the server asks for would use up what was
 * approved for the client; of a subscription to many resources each is decided by itself. */
static int can_wait(const aim__question *q)
{
	return q->from == AIM_GUARD_CLIENT && q->message->kind == AIM__MESSAGE_REQUEST &&
	       (!q->method || q->method->handling == AIM__METHOD_GATE);
}

static aim_approval_spec spec_of(const aim_guard *guard, const aim__question *q, const aim__verdict *v)
{
	aim_approval_spec s = {.struct_size = sizeof s};
	int is_tool = q->method && q->method->is_tool;
	s.risk = aim_str_equal(v->code, aim_str_from("destructive")) ? AIM_DECISION_RISK_HIGH : AIM_DECISION_RISK_UNKNOWN;
	s.agent = guard->options.agent;
	s.server = guard->options.server;
	s.tool = is_tool ? q->subject : q->action;
	s.resource = is_tool ? (aim_str){NULL, 0} : q->subject;
	s.tool_fingerprint = v->fingerprint;
	s.policy_hash = v->policy_hash;
	s.arguments = q->arguments;
	s.reason = aim__text_clip(v->reason, REASON_MAX);
	return s;
}

static void ask_store(aim_guard *guard, const aim__question *q, aim__verdict *v)
{
	if (!can_wait(q))
		return;
	aim_approval_spec spec = spec_of(guard, q, v);
	switch (aim_approval_ask(guard->options.registry, &spec, v->approval, NULL)) {
	case AIM_OK:
		approve(v);
		return;
	case AIM_ASK:
		return;
	case AIM_DENIED:
		aim__verdict_deny(guard, "denied", "a person denied it", v);
		v->code = aim_str_from("approval_denied");
		return;
	default:
		aim__verdict_deny(guard, "failed", "the approval could not be asked for", v);
	}
}

void aim__approvals_ask(aim_guard *guard, const aim__question *question, aim__verdict *verdict)
{
	if (guard->options.flags & AIM_GUARD_KEEP_APPROVALS)
		ask_store(guard, question, verdict);
	else
		ask_host(guard, question, verdict);
}
