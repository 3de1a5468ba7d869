/* mcp/facts.c — what the guard knows about a call, for the conditions of policies. Layer mcp. Everything is borrowed
 * and nothing is allocated; what is not known stays 0, and satisfies deny and ask rules, never allow rules. */
#include "mcp/guard.h"

#include "mcp/inspect.h"

#include <aim/agent.h>
#include <string.h>

static aim_str type_name(uint32_t type)
{
	switch (type) {
	case AIM_AGENT_AI: return aim_str_from("ai_agent");
	case AIM_AGENT_SERVICE: return aim_str_from("service");
	default: return (aim_str){NULL, 0};
	}
}

static void add_agent(const aim_guard *guard, aim_request *r, aim_facts *f)
{
	if (!guard->agent)
		return;
	r->did = aim_agent_did(guard->agent);
	r->trust_micro = guard->trust_micro;
	f->agent_type = type_name(aim_agent_type(guard->agent));
	f->owner = aim_agent_owner(guard->agent);
	f->status = aim_str_from(aim_registry_status_name(aim_agent_status(guard->agent)));
}

/* A call without arguments is known to have none. */
static void add_arguments(const aim_guard *guard, const aim__question *q, aim_facts *f)
{
	f->args = &guard->doc;
	f->args_at = aim__message_at(&guard->doc, q->message->params, q->method ? q->method->arguments : NULL);
	if (aim__json_type(f->args, f->args_at) != AIM_JSON_ABSENT)
		return;
	f->args = &guard->nothing;
	f->args_at = AIM_JSON_ROOT;
}

static void add_labels(const aim_guard *guard, const aim__question *q, int64_t now_us, aim_facts *f)
{
	const aim_guard_options *o = &guard->options;
	aim_flow_state state = {.struct_size = sizeof state};
	if (!o->flow || q->from != AIM_GUARD_CLIENT ||
	    aim_flow_look(o->flow, aim__guard_flow_agent(guard), f->session, now_us, &state) != AIM_OK)
		return;
	f->known |= AIM_FACTS_LABELS;
	f->labels = state.labels | (o->labels(o->user, q->action, q->subject) & AIM_FLOW_ALL);
}

/* What is open against server and agent. How grave a change is that has no record yet, nobody knows. */
static uint32_t drift_of(const aim_guard *guard)
{
	if (!guard->options.registry)
		return 0;
	if (guard->drift_open == AIM_FACTS_DRIFT_NONE && aim__surface_drifted(&guard->surface))
		return 0;
	return guard->drift_open;
}

static uint32_t scan_of(const aim__tool *tool)
{
	if (!tool || !aim__inspect_done(tool))
		return 0;
	switch (tool->scan_severity) {
	case 0: return AIM_FACTS_SCAN_CLEAN;
	case AIM_SCAN_INFO: return AIM_FACTS_SCAN_INFO;
	case AIM_SCAN_WARNING: return AIM_FACTS_SCAN_WARNING;
	default: return AIM_FACTS_SCAN_CRITICAL;
	}
}

void aim__facts_state(const aim_guard *guard, const aim__question *q, const aim__tool *tool, aim_request *r, aim_facts *f)
{
	int64_t now_us = 0;
	if (aim_ctx_now_us(guard->ctx, &now_us) == AIM_OK)
		r->now_us = now_us;
	f->session = aim__guard_session(guard);
	f->rates = guard->options.rates;
	f->drift = drift_of(guard);
	f->scan = scan_of(tool);
	if (guard->options.audit) /* the record is the log entry */
		f->obligations = AIM_OBLIGATION_LOG;
	add_agent(guard, r, f);
	add_arguments(guard, q, f);
	add_labels(guard, q, now_us, f);
	r->facts = f;
}
