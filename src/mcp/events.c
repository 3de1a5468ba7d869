/* mcp/events.c — telling the host what happened. Layer mcp. */
#include "mcp/guard.h"

void aim__event_send(aim_guard *guard, aim_guard_event *event)
{
	event->struct_size = sizeof *event;
	if (guard->options.event)
		guard->options.event(guard->options.user, event);
}

void aim__event_decided(aim_guard *guard, const aim__question *question, const aim__verdict *verdict)
{
	aim_guard_event event = {.kind = AIM_GUARD_EVENT_ALLOWED, .count = 1};
	if (verdict->monitored)
		event.kind = AIM_GUARD_EVENT_MONITORED;
	else if (verdict->effect != AIM_DECISION_ALLOW)
		event.kind = AIM_GUARD_EVENT_DENIED;
	event.from = question->from;
	event.method = question->message->method;
	event.name = question->subject;
	event.request = question->request;
	event.code = verdict->code;
	event.reason = verdict->reason;
	event.rule = verdict->rule;
	event.decision_id = aim_str_from(verdict->id);
	event.fingerprint = verdict->fingerprint;
	event.approval = aim_str_from(verdict->approval);
	aim__event_send(guard, &event);
}

void aim__event_simple(aim_guard *guard, uint32_t kind, uint32_t from, aim_str name, const char *code,
                       aim_status status, uint32_t count)
{
	aim_guard_event event = {.kind = kind, .from = from, .count = count, .status = status};
	event.name = name;
	event.code = aim_str_from(code);
	aim__event_send(guard, &event);
}
