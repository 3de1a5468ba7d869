/* cli/aim/approve.c — aim approve: calls that wait for a person. */
#include "registry.h"

#include <stdio.h>
#include <string.h>

typedef struct approve_options {
	const char *after;
	const char *actor;
	const char *reason;
	uint64_t limit;
	uint32_t state; /* AIM_APPROVAL_*; 0: see ALL */
	uint32_t flags; /* ALL */
} approve_options;

#define ALL 1u
#define AT(member) offsetof(approve_options, member)

static const char *const states[] = {"any", "pending", "approved", "denied", "used", "expired", NULL};

static const option list_options[] = {
	{"--all", "-a", NULL, OPTION_FLAG, ALL, AT(flags), NULL, "also those that do not wait any more"},
	{"--state", NULL, "STATE", OPTION_CHOICE, 0, AT(state), states, "only those in this state"},
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "at most N; default: all"},
	{"--after", NULL, "ID", OPTION_TEXT, 0, AT(after), NULL, "begin behind this id: the way to the next page"},
};
static const option decide_options[] = {
	{"--reason", NULL, "TEXT", OPTION_TEXT, 0, AT(reason), NULL, "why, for the record"},
	{"--actor", NULL, "WHO", OPTION_TEXT, 0, AT(actor), NULL, "who decided, for the audit record; default operator"},
};

static int run_list(program *p);
static int run_show(program *p);
static int run_allow(program *p);
static int run_deny(program *p);

#define WITH(options) options, N(options), sizeof(approve_options)

static const command commands[] = {
	{"list", "", 0, 0, "list calls that wait for a person, the oldest first", NULL, WITH(list_options), run_list},
	{"show", "ID", 1, 1, "show one, with the arguments of the call", NULL, NULL, 0, sizeof(approve_options), run_show},
	{"allow", "ID", 1, 1, "let the call be made, once",
	 "By the same agent, with the same arguments, while tool and policy are the same, and before it expires.",
	 WITH(decide_options), run_allow},
	{"deny", "ID", 1, 1, "refuse the call until the approval expires", NULL, WITH(decide_options), run_deny},
};

const group group_approve = {"approve", "Approvals", commands, N(commands)};

static int risk_style(uint32_t risk)
{
	return risk >= AIM_DECISION_RISK_HIGH ? STYLE_BAD : STYLE_NONE;
}

static aim_str risk_name(uint32_t risk)
{
	static const char *const names[] = {"unknown", "low", "medium", "high", "critical"};
	return aim_str_from(names[risk < N(names) ? risk : 0]);
}

/* --- list --------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"id", "ID", 0},
	{"state", "STATE", 0},
	{"risk", "RISK", 0},
	{"urgency", "URGENCY", 0},
	{"agent", "AGENT", COLUMN_SHRINKS},
	{"server", "SERVER", COLUMN_SHRINKS},
	{"tool", "TOOL", COLUMN_SHRINKS},
	{"asked", NULL, COLUMN_HIDDEN},
	{"expires", "EXPIRES", 0},
};

static aim_status list_approval(void *user, const aim_approval *a)
{
	char text[40];
	table *t = user;
	table_text(t, a->id);
	table_text(t, aim_str_from(aim_approval_state_name(a->state)));
	table_styled(t, risk_name(a->risk), risk_style(a->risk));
	table_text(t, aim_str_from(aim_approval_urgency_name(a->urgency)));
	table_text(t, a->agent);
	table_text(t, a->server);
	table_text(t, a->tool);
	table_text(t, when_text(a->asked_us, text, sizeof text));
	table_text(t, when_text(a->expires_at_us, text, sizeof text));
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int run_list(program *p)
{
	aim_error err = {0};
	const approve_options *o = p->options;
	uint32_t state = o->state || o->flags & ALL ? o->state : AIM_APPROVAL_PENDING;
	int code = registry_open(p, TO_READ);
	if (code != EXIT_OK)
		return code;
	table *t = table_new(columns, N(columns));
	if (!t)
		return EXIT_FAILED;
	aim_status rc =
		aim_approval_list(p->registry, state, aim_str_from(o->after), (size_t)o->limit, list_approval, t, &err);
	table_free(t, rc == AIM_OK ? "no approval" : NULL);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : refused("approvals", rc, &err);
}

/* --- show --------------------------------------------------------------------------------------------------------------- */

static void show_arguments(answer *a, const aim_approval *approval)
{
	aim_str arguments = {(const char *)approval->arguments.ptr, approval->arguments.len};
	show_some(a, "arguments_hash", "arguments' hash", approval->arguments_hash);
	if (arguments.len && screen_is_json())
		answer_json(a, "arguments", arguments);
	else
		show_some(a, NULL, "arguments", arguments);
}

static aim_status show_approval(void *user, const aim_approval *approval)
{
	answer a;
	char text[40];
	(void)user;
	answer_begin(&a);
	answer_text(&a, "id", "approval", approval->id);
	answer_text(&a, "state", "state", aim_str_from(aim_approval_state_name(approval->state)));
	answer_text(&a, "agent", "agent", approval->agent);
	show_some(&a, "server", "server", approval->server);
	answer_text(&a, "tool", "tool", approval->tool);
	show_some(&a, "resource", "resource", approval->resource);
	show_arguments(&a, approval);
	answer_styled(&a, "risk", "risk", risk_name(approval->risk), risk_style(approval->risk));
	answer_text(&a, "urgency", "urgency", aim_str_from(aim_approval_urgency_name(approval->urgency)));
	show_some(&a, "reason", "because", approval->reason);
	show_some(&a, "tool_fingerprint", "tool's fingerprint", approval->tool_fingerprint);
	show_some(&a, "policy_hash", "policy", approval->policy_hash);
	answer_text(&a, "asked", "asked", when_text(approval->asked_us, text, sizeof text));
	answer_text(&a, "expires", "expires", when_text(approval->expires_at_us, text, sizeof text));
	show_some(&a, "decided", "decided", when_text(approval->decided_us, text, sizeof text));
	show_some(&a, "decided_by", "by", approval->decided_by);
	show_some(&a, "decided_why", "because", approval->decided_why);
	show_some(&a, "used", "used", when_text(approval->used_us, text, sizeof text));
	answer_end(&a);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int show(program *p)
{
	aim_error err = {0};
	aim_status rc = aim_approval_find(p->registry, aim_str_from(p->args[0]), show_approval, NULL, &err);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : refused(p->args[0], rc, &err);
}

static int run_show(program *p)
{
	int code = registry_open(p, TO_READ);
	return code == EXIT_OK ? show(p) : code;
}

/* --- deciding ----------------------------------------------------------------------------------------------------------- */

static int decide(program *p, uint32_t state)
{
	aim_error err = {0};
	const approve_options *o = p->options;
	aim_approval_decision d = {.struct_size = sizeof d, .state = state};
	int code = registry_open(p, TO_WRITE);
	if (code != EXIT_OK)
		return code;
	d.actor = aim_str_from(o->actor ? o->actor : "operator");
	d.reason = aim_str_from(o->reason);
	aim_status rc = aim_approval_decide(p->registry, aim_str_from(p->args[0]), &d, &err);
	return rc == AIM_OK ? show(p) : refused(p->args[0], rc, &err);
}

static int run_allow(program *p)
{
	return decide(p, AIM_APPROVAL_APPROVED);
}

static int run_deny(program *p)
{
	return decide(p, AIM_APPROVAL_DENIED);
}
