/* cli/aim_guard/report.c — what the guard did, told to the operator: never argument values. */
#include "program.h"

#include <string.h>

#define FIELD 300u
#define REFUSED_LINES_TOLD 20u

static const char *side(uint32_t from)
{
	return from == AIM_GUARD_CLIENT ? "client" : "server";
}

/* "tools/call write_file" */
static void name_call(const aim_guard_event *e, char *out, size_t size)
{
	char method[FIELD], name[FIELD];
	printable(e->method, method, sizeof method);
	printable(e->name, name, sizeof name);
	if (strcmp(method, name) == 0 || !name[0])
		snprintf(out, size, "%s", method);
	else
		snprintf(out, size, "%s %s", method, name);
}

/* What waits for a person: not what one denied, nor what was used up by a call that something else refused. */
static void report_waiting(const program *p, const aim_guard_event *e)
{
	char id[FIELD];
	aim_approval_wait wait = {.struct_size = sizeof wait};
	if (e->kind == AIM_GUARD_EVENT_DENIED && e->approval.len &&
	    aim_approval_poll(p->registry, e->approval, &wait, NULL) == AIM_ASK)
		say("it may be made once after: aim approve allow %s --store %s", printable(e->approval, id, sizeof id),
		    p->options->store);
}

static void report_decision(const program *p, const aim_guard_event *e, const char *verb)
{
	char call[2 * FIELD + 2], reason[FIELD], code[FIELD], rule[FIELD], id[FIELD];
	name_call(e, call, sizeof call);
	printable(e->reason, reason, sizeof reason);
	printable(e->code, code, sizeof code);
	printable(e->rule, rule, sizeof rule);
	printable(e->decision_id, id, sizeof id);
	if (rule[0])
		say("%s %s: %s (%s, rule %s, decision %s)", verb, call, reason, code, rule, id);
	else
		say("%s %s: %s (%s, decision %s)", verb, call, reason, code, id);
	report_waiting(p, e);
}

static void report_refused_line(program *p, const aim_guard_event *e, const char *what)
{
	char code[FIELD];
	if (p->n_refused_lines == REFUSED_LINES_TOLD)
		say("more refused lines are not shown; the audit log counts them");
	if (p->n_refused_lines++ < REFUSED_LINES_TOLD)
		say("refused %s from the %s: %s", what, side(e->from), printable(e->code, code, sizeof code));
}

void report_rest(program *p)
{
	if (p->n_new_tools && p->options->loudness != LOUDNESS_QUIET)
		say("%u tool%s of server %s seen for the first time: pinned as %s now, pending approval", p->n_new_tools,
		    p->n_new_tools == 1 ? "" : "s", p->server_name, p->n_new_tools == 1 ? "it is" : "they are");
	p->n_new_tools = 0;
}

static void report_unrecorded(program *p, const aim_guard_event *e)
{
	char name[FIELD];
	p->unrecorded = 1;
	say("cannot record %s: %s (%s)", printable(e->name, name, sizeof name), aim_status_text(e->status),
	    aim_status_name(e->status));
}

static void report_tool(program *p, const aim_guard_event *e)
{
	char name[FIELD], reason[FIELD];
	printable(e->name, name, sizeof name);
	printable(e->reason, reason, sizeof reason);
	if (e->kind == AIM_GUARD_EVENT_DROPPED_TOOL)
		say("hid tool %s of server %s from the client", name, p->server_name);
	else
		say("drift: tool %s of server %s: %s (fingerprint now %.16s); approve with: aim-guard approve", name,
		    p->server_name, reason, e->fingerprint.len >= 16 ? e->fingerprint.ptr : "unknown");
}

static void report_entry(const program *p, const aim_guard_event *e)
{
	char name[FIELD];
	say("%s %s of server %s", e->kind == AIM_GUARD_EVENT_MARKED ? "marked" : "hid", printable(e->name, name, sizeof name),
	    p->server_name);
}

static void report_scan(const program *p, const aim_guard_event *e)
{
	char name[FIELD], reason[FIELD], code[FIELD];
	printable(e->name, name, sizeof name);
	printable(e->reason, reason, sizeof reason);
	printable(e->code, code, sizeof code);
	const char *what = aim_str_equal(e->method, aim_str_from("tools/list")) ? "tool " : "";
	if (e->count > 1)
		say("scan: server %s: %s%s: %s, %s, and %u more", p->server_name, what, name, reason, code, e->count - 1);
	else
		say("scan: server %s: %s%s: %s, %s", p->server_name, what, name, reason, code);
}

static void report_response(const program *p, const aim_guard_event *e)
{
	char call[2 * FIELD + 2], reason[FIELD];
	name_call(e, call, sizeof call);
	say("response of server %s to %s: %s", p->server_name, call, printable(e->reason, reason, sizeof reason));
}

static void report_record(const program *p, const aim_guard_event *e)
{
	char part[FIELD], record[FIELD], alert[FIELD], code[FIELD];
	say("drift: server %s: record %s (%s, %s), alert %s", p->server_name, printable(e->record, record, sizeof record),
	    printable(e->name, part, sizeof part), printable(e->code, code, sizeof code),
	    printable(e->alert, alert, sizeof alert));
}

static void report_normal(program *p, const aim_guard_event *e)
{
	switch (e->kind) {
	case AIM_GUARD_EVENT_DENIED: report_decision(p, e, "denied"); return;
	case AIM_GUARD_EVENT_MONITORED: report_decision(p, e, "would have denied"); return;
	case AIM_GUARD_EVENT_DRIFT:
	case AIM_GUARD_EVENT_DROPPED_TOOL: report_tool(p, e); return;
	case AIM_GUARD_EVENT_SCAN: report_scan(p, e); return;
	case AIM_GUARD_EVENT_DROPPED_ENTRY:
	case AIM_GUARD_EVENT_MARKED: report_entry(p, e); return;
	case AIM_GUARD_EVENT_RECORD: report_record(p, e); return;
	case AIM_GUARD_EVENT_RESPONSE: report_response(p, e); return;
	case AIM_GUARD_EVENT_MALFORMED: report_refused_line(p, e, "a message"); return;
	case AIM_GUARD_EVENT_DROPPED_REPLY: report_refused_line(p, e, "a reply to nothing"); return;
	default: return;
	}
}

static void report_verbose(program *p, const aim_guard_event *e)
{
	char name[FIELD];
	printable(e->name, name, sizeof name);
	if (e->kind == AIM_GUARD_EVENT_ALLOWED)
		report_decision(p, e, "allowed");
	else if (e->kind == AIM_GUARD_EVENT_NEW_TOOL)
		say("new tool %s, fingerprint %.16s", name, e->fingerprint.len >= 16 ? e->fingerprint.ptr : "unknown");
	else if (e->kind == AIM_GUARD_EVENT_PROTOCOL)
		say("protocol version %s", name);
	else if (e->kind == AIM_GUARD_EVENT_CLOSED)
		say("the %s closed; %u request%s unanswered", side(e->from), e->count, e->count == 1 ? "" : "s");
}

void report_event(void *user, const aim_guard_event *event)
{
	program *p = user;
	if (event->kind == AIM_GUARD_EVENT_UNRECORDED) {
		report_unrecorded(p, event);
		return;
	}
	if (event->kind == AIM_GUARD_EVENT_NEW_TOOL)
		p->n_new_tools++;
	else
		report_rest(p);
	if (p->options->loudness == LOUDNESS_QUIET)
		return;
	report_normal(p, event);
	if (p->options->loudness == LOUDNESS_VERBOSE)
		report_verbose(p, event);
}
