/* mcp/gate.c — may this request pass? A table of checks in order; the first that has something to say
 * decides. Layer mcp. Reads no bytes and writes none: it is asked a question and gives a verdict. */
#include "mcp/guard.h"

#include "base/ctx.h"
#include "codec/encoding.h"
#include "mcp/inspect.h"

#include <string.h>

/* --- what the other side is told: nothing that teaches the rules -------------------------------- */

static const aim__denial denials[] = {
	{"denied", "This action is not permitted.", AIM__RPC_DENIED},
	{"approval_required", "This action needs an approval that was not given.", AIM__RPC_DENIED},
	{"tool_changed", "This tool is not the one that was approved.", AIM__RPC_DENIED},
	{"tool_flagged", "This tool is withheld until it is approved.", AIM__RPC_DENIED},
	{"entry_flagged", "This is withheld until it is approved.", AIM__RPC_DENIED},
	{"tool_unlisted", "The server does not offer this tool.", AIM__RPC_DENIED},
	{"not_approved", "Only what was approved may be used here.", AIM__RPC_DENIED},
	{"inactive", "This agent or server is not active.", AIM__RPC_DENIED},
	{"unknown_method", "This method is not supported.", AIM__RPC_UNKNOWN_METHOD},
	{"state_mismatch", "The request state belongs to another request.", AIM__RPC_INVALID_PARAMS},
	{"response_withheld", "The answer was withheld: it carries what must not be passed on.", AIM__RPC_DENIED},
	{"ambiguous_member", "The answer was withheld: it can be read in two ways.", AIM__RPC_DENIED},
	{"unrecorded", "The action could not be recorded and was not carried out.", AIM__RPC_DENIED},
	{"failed", "The action could not be decided and was not carried out.", AIM__RPC_DENIED},
};

const aim__denial *aim__denial_find(const char *code)
{
	for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
		if (strcmp(denials[i].code, code) == 0)
			return &denials[i];
	return &denials[0];
}

void aim__verdict_deny(aim_guard *guard, const char *code, const char *reason, aim__verdict *out)
{
	(void)guard;
	out->effect = AIM_DECISION_DENY;
	out->denial = aim__denial_find(code);
	out->code = aim_str_from(code);
	out->reason = aim_str_from(reason);
	out->monitored = 0;
}

/* --- the checks ------------------------------------------------------------------------------------ */

typedef struct asking {
	aim_guard *guard;
	const aim__question *question;
	const aim__tool *tool; /* NULL: not a tool, or not one that is offered */
	aim__verdict *verdict;
} asking;

/* A check either decides (verdict filled in) or leaves it to the next. */
#define NEXT 0
#define DECIDED 1

static int deny(const asking *a, const char *code, const char *reason)
{
	aim__verdict_deny(a->guard, code, reason, a->verdict);
	return DECIDED;
}

static int ask(const asking *a, const char *code, const char *reason)
{
	aim__verdict_deny(a->guard, "approval_required", reason, a->verdict);
	a->verdict->effect = AIM_DECISION_ASK;
	a->verdict->code = aim_str_from(code);
	return DECIDED;
}

static int allow(const asking *a, const char *code, const char *reason)
{
	a->verdict->effect = AIM_DECISION_ALLOW;
	a->verdict->denial = NULL;
	a->verdict->code = aim_str_from(code);
	a->verdict->reason = aim_str_from(reason);
	return DECIDED;
}

static int is_tool(const asking *a)
{
	return a->question->method && a->question->method->is_tool;
}

static int check_active(const asking *a)
{
	if (!a->guard->inactive)
		return NEXT;
	return deny(a, "inactive", "the agent or the server is suspended, revoked, expired or unknown");
}

static int check_state(const asking *a)
{
	if (!a->question->foreign_state)
		return NEXT;
	return deny(a, "state_mismatch", "the requestState was given for another request");
}

static int check_drift(const asking *a)
{
	uint32_t state = a->tool ? a->tool->state : 0;
	if (state & AIM__TOOL_AMBIGUOUS)
		return deny(a, "tool_changed", "the server lists two tools of this name");
	if (state & AIM__TOOL_UNREADABLE)
		return deny(a, "tool_changed", "the tool's definition cannot be fingerprinted");
	if (state & AIM__TOOL_CHANGED)
		return deny(a, "tool_changed", "the tool's definition differs from its baseline");
	if (state & AIM__TOOL_ADDED)
		return deny(a, "tool_changed", "the tool is not in the server's baseline");
	return NEXT;
}

/* No policy lifts this: its author may never have seen the definition. */
static int check_scan(const asking *a)
{
	if (!a->tool || !aim__inspect_refuses(a->tool))
		return NEXT;
	if (!aim__inspect_done(a->tool))
		return deny(a, "failed", "the tool's definition could not be scanned");
	return deny(a, "tool_flagged", "the scan of the tool's definition found something critical");
}

static int check_entry(const asking *a)
{
	const aim__question *q = a->question;
	if (is_tool(a) || !q->method || !aim__entries_refuses(a->guard, q->method->action, q->subject))
		return NEXT;
	return deny(a, "entry_flagged", "the scan of its definition found something critical");
}

/* A policy may allow names that this server never had; not those by which another one is meant. */
static int check_deputy(const asking *a)
{
	if (!is_tool(a) || a->tool || !aim__deputy_is_confused(a->guard, a->question->subject))
		return NEXT;
	(void)deny(a, "tool_unlisted", "the tool belongs to another server");
	a->verdict->code = aim_str_from("confused_deputy");
	return DECIDED;
}

static int check_locked(const asking *a)
{
	if (a->guard->options.preset != AIM_GUARD_LOCKED)
		return NEXT;
	if (a->tool && a->tool->state & AIM__TOOL_APPROVED)
		return NEXT;
	return deny(a, "not_approved", "preset locked: only tools with an approved baseline");
}

static int ask_policy(const asking *a, aim_status *rc)
{
	const aim_guard_options *o = &a->guard->options;
	const aim__question *q = a->question;
	aim_request r = {.struct_size = sizeof r, .trust_micro = AIM_DECISION_NO_TRUST};
	aim_facts facts = {.struct_size = sizeof facts};
	r.agent = o->agent_name;
	r.server = o->server_name;
	r.action = q->action;
	if (is_tool(a))
		r.tool = q->subject;
	else
		r.resource = q->subject;
	r.capabilities = a->guard->capabilities;
	r.n_capabilities = a->guard->n_capabilities;
	aim__facts_state(a->guard, q, a->tool, &r, &facts);
	*rc = aim_authorizer_decide(o->authorizer, &r, a->guard->decision, NULL);
	return aim_decision_effect(a->guard->decision) == AIM_DECISION_ALLOW && *rc == AIM_OK;
}

/* A policy that only monitors allows; the verdict is what it would have been in force. */
static void take_effect(const asking *a, uint32_t effect)
{
	if (effect == AIM_DECISION_ALLOW)
		(void)allow(a, "", "");
	else if (effect == AIM_DECISION_ASK)
		(void)ask(a, "", "");
	else
		(void)deny(a, "denied", "");
}

static int check_policy(const asking *a)
{
	aim_status rc;
	aim_decision *decision = a->guard->decision;
	if (!a->guard->options.authorizer)
		return NEXT;
	int allowed = ask_policy(a, &rc);
	if (rc != AIM_OK && rc != AIM_DENIED && rc != AIM_ASK)
		return deny(a, "failed", "the policy could not be asked");
	uint32_t refusal = rc == AIM_ASK ? AIM_DECISION_ASK : AIM_DECISION_DENY;
	take_effect(a, allowed ? aim_decision_would_be(decision) : refusal);
	a->verdict->monitored = allowed && a->verdict->effect != AIM_DECISION_ALLOW;
	a->verdict->by_policy = 1;
	a->verdict->code = aim_decision_reason_code(decision);
	a->verdict->reason = aim_decision_reason(decision);
	a->verdict->rule = aim_decision_rule(decision);
	a->verdict->policy_hash = aim_decision_policy_hash(decision);
	a->verdict->trust_micro = aim_decision_trust_micro(decision);
	return DECIDED;
}

/* The policy was asked before: it alone can tell which methods its author has thought of. */
static int check_method(const asking *a)
{
	if (a->question->method)
		return NEXT;
	if (a->guard->options.flags & AIM_GUARD_ALLOW_UNKNOWN)
		return allow(a, "unknown_method_allowed", "methods that the guard does not know are let through");
	return deny(a, "unknown_method", "the guard does not know this method");
}

static int check_listed(const asking *a)
{
	if (!is_tool(a) || a->tool)
		return NEXT;
	return deny(a, "tool_unlisted", "the server never listed this tool");
}

static int check_destructive(const asking *a)
{
	if (!a->tool || !(a->tool->state & AIM__TOOL_DESTRUCTIVE))
		return NEXT;
	return ask(a, "destructive", "the tool says that it is destructive");
}

static int check_rest(const asking *a)
{
	return allow(a, "preset_allow", "nothing speaks against it");
}

/* The order matters: what is known to be wrong comes before what a policy permits. */
static int (*const checks[])(const asking *) = {
	check_active, check_state,  check_drift,  check_scan,        check_entry, check_deputy, check_locked,
	check_policy, check_method, check_listed, check_destructive, check_rest,
};

/* --- what may not follow ---------------------------------------------------------------------------- */

static aim_status ask_flow(aim_guard *guard, const aim__question *question)
{
	const aim_guard_options *o = &guard->options;
	int64_t now_us;
	aim_flow_call call = {.struct_size = sizeof call};
	aim_status rc = aim_ctx_now_us(guard->ctx, &now_us);
	if (rc != AIM_OK)
		return rc;
	call.agent = aim__guard_flow_agent(guard);
	call.session = aim__guard_session(guard);
	call.labels = o->labels(o->user, question->action, question->subject);
	call.tool = question->subject;
	call.call = question->request;
	return aim_flow_check(o->flow, &call, now_us, NULL, &guard->flow_said);
}

/* Last of all: only what goes out sets labels, and what a monitor lets pass goes out too. A policy that only monitors
 * does not speak for this check. */
static void check_flow(aim_guard *guard, const aim__question *question, int monitoring, aim__verdict *out)
{
	if (!guard->options.flow || question->from != AIM_GUARD_CLIENT ||
	    (out->effect != AIM_DECISION_ALLOW && !out->monitored))
		return;
	aim_status rc = ask_flow(guard, question);
	if (rc == AIM_OK || (monitoring && out->effect != AIM_DECISION_ALLOW))
		return;
	aim__verdict_deny(guard, rc == AIM_DENIED ? "denied" : "failed",
	                  rc == AIM_DENIED ? guard->flow_said.message : "the information flow could not be told", out);
	out->code = aim_str_from(rc == AIM_DENIED ? "information_flow" : "failed");
	out->rule = (aim_str){NULL, 0};
	out->monitored = monitoring;
}

/* --- the verdict ------------------------------------------------------------------------------------ */

static void next_id(aim_guard *guard, char *out)
{
	uint8_t bytes[16];
	uint64_t low = guard->id_low++;
	for (size_t i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(guard->id_high >> (56 - 8 * i));
		bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	aim__hex_write(aim_bytes_from(bytes, sizeof bytes), out);
	out[2 * sizeof bytes] = 0;
}

void aim__gate_decide(aim_guard *guard, const aim__question *question, aim__verdict *out)
{
	asking a = {guard, question, NULL, out};
	memset(out, 0, sizeof *out);
	aim__verdict_deny(guard, "failed", "undecided", out);
	out->trust_micro = AIM_DECISION_NO_TRUST;
	next_id(guard, out->id);
	aim__tool *tool = is_tool(&a) ? aim__surface_find(&guard->surface, question->subject) : NULL;
	if (tool) {
		aim__inspect_stored(guard, tool);
		out->fingerprint = aim_str_from(tool->fingerprint);
	}
	a.tool = tool;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i](&a) == DECIDED)
			break;
	int monitoring = guard->options.flags & AIM_GUARD_MONITOR || guard->options.preset == AIM_GUARD_OBSERVE;
	out->monitored = (monitoring || out->monitored) && out->effect != AIM_DECISION_ALLOW;
	if (out->effect == AIM_DECISION_ASK && !out->monitored)
		aim__approvals_ask(guard, question, out);
	check_flow(guard, question, monitoring, out);
}
