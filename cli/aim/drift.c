/* cli/aim/drift.c — aim drift: what agents do and servers show against what was registered and approved. */
#include "registry.h"

#include <stdio.h>
#include <string.h>

typedef struct drift_options {
	const char *subject;
	const char *after;
	const char *actor;
	const char *reason;
	uint64_t limit;
	uint32_t state;    /* AIM_DRIFT_*; 0: those that are not closed */
	uint32_t severity; /* AIM_ALERT_* */
	uint32_t flags;    /* ALL */
	uint32_t reserved;
} drift_options;

#define ALL 1u
#define AT(member) offsetof(drift_options, member)

static const char *const states[] = {"any", "open", "acknowledged", "closed", NULL};
static const char *const severities[] = {"any", "info", "low", "medium", "high", "critical", NULL};

static const option list_options[] = {
	{"--all", "-a", NULL, OPTION_FLAG, ALL, AT(flags), NULL, "also those that are closed"},
	{"--state", NULL, "STATE", OPTION_CHOICE, 0, AT(state), states, "only those in this state"},
	{"--severity", NULL, "SEVERITY", OPTION_CHOICE, 0, AT(severity), severities, "only those at least so grave"},
	{"--subject", NULL, "SUBJECT", OPTION_TEXT, 0, AT(subject), NULL, "only those of an agent or server, by name or id"},
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "at most N; default: all"},
	{"--after", NULL, "ID", OPTION_TEXT, 0, AT(after), NULL, "begin behind this id: the way to the next page"},
};
static const option step_options[] = {
	{"--reason", NULL, "TEXT", OPTION_TEXT, 0, AT(reason), NULL, "why, for the record; required to resolve"},
	{"--actor", NULL, "WHO", OPTION_TEXT, 0, AT(actor), NULL, "who decided, for the audit record; default operator"},
};

static int run_list(program *p);
static int run_show(program *p);
static int run_approve(program *p);
static int run_ack(program *p);
static int run_resolve(program *p);

#define WITH(options) options, N(options), sizeof(drift_options)

static const command commands[] = {
	{"list", "", 0, 0, "list drift records that are not closed, the oldest first", NULL, WITH(list_options), run_list},
	{"show", "RECORD", 1, 1, "show a record with its findings", NULL, NULL, 0, sizeof(drift_options), run_show},
	{"approve", "RECORD", 1, 1, "make what was found the baseline",
	 "Of a server: everything of the part, if it still is what the record shows. Of an agent: links the server, takes the "
	 "link to a missing one away, or grants the capability. Nothing else moves a baseline.",
	 WITH(step_options), run_approve},
	{"ack", "RECORD", 1, 1, "note that it was seen; it still counts", NULL, WITH(step_options), run_ack},
	{"resolve", "RECORD", 1, 1, "close a record of an agent, or of behaviour, without approving it",
	 "Behaviour has no baseline: resolving is how its records end. What a server shows is over when that is approved or as "
	 "it was.",
	 WITH(step_options), run_resolve},
};

const group group_drift = {"drift", "Drift", commands, N(commands)};

static int open_drift(program *p, int how, aim_drift **out)
{
	aim_error err = {0};
	int code = registry_open(p, how);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_drift_open(p->registry, NULL, out, &err);
	return rc == AIM_OK ? EXIT_OK : failed("drift", rc, &err);
}

static int severity_style(uint32_t severity)
{
	return severity >= AIM_ALERT_HIGH ? STYLE_BAD : severity <= AIM_ALERT_LOW ? STYLE_DIM : STYLE_NONE;
}

/* --- list --------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"id", "RECORD", 0},
	{"state", "STATE", 0},
	{"severity", "SEVERITY", 0},
	{"subject", "SUBJECT", COLUMN_SHRINKS},
	{"part", "PART", COLUMN_SHRINKS},
	{"n_findings", "FINDINGS", COLUMN_NUMBER},
	{"opened", "OPENED", 0},
	{"how", "CLOSED", 0},
};

static aim_status list_record(void *user, const aim_drift_record *r)
{
	char text[40];
	table *t = user;
	table_text(t, r->id);
	table_text(t, aim_str_from(aim_drift_state_name(r->state)));
	table_styled(t, aim_str_from(aim_alert_severity_name(r->severity)), severity_style(r->severity));
	table_text(t, r->subject);
	table_text(t, r->part);
	table_number(t, r->n_findings);
	table_text(t, when_text(r->opened_us, text, sizeof text));
	table_text(t, aim_str_from(r->how ? aim_drift_how_name(r->how) : ""));
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int run_list(program *p)
{
	char subject[64];
	aim_error err = {0};
	aim_drift *drift = NULL;
	const drift_options *o = p->options;
	aim_drift_filter f = {.struct_size = sizeof f, .state = o->state, .min_severity = o->severity, .limit = o->limit};
	int code = open_drift(p, TO_READ, &drift);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_AGENT | SUBJECT_SERVER, o->subject, subject, sizeof subject);
	table *t = code == EXIT_OK ? table_new(columns, N(columns)) : NULL;
	if (!t) {
		aim_drift_free(drift);
		return code == EXIT_OK ? EXIT_FAILED : code;
	}
	f.unclosed = !(o->flags & ALL) && o->state == 0;
	f.subject = aim_str_from(subject);
	f.after = aim_str_from(o->after);
	aim_status rc = aim_drift_list_records(drift, &f, list_record, t, &err);
	table_free(t, rc == AIM_OK ? "no drift" : NULL);
	aim_drift_free(drift);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : refused("drift", rc, &err);
}

/* --- show --------------------------------------------------------------------------------------------------------------- */

static const column finding_columns[] = {
	{NULL, "FINDING", 0},          {NULL, "SEVERITY", 0},          {NULL, "CLASS", 0},         {NULL, "NAME", COLUMN_SHRINKS},
	{NULL, "AT", COLUMN_SHRINKS}, {NULL, "OLD", COLUMN_SHRINKS}, {NULL, "NEW", COLUMN_SHRINKS},
};

static void show_finding(table *t, const aim_json *doc, aim_json_value finding)
{
	static const char *const members[] = {"kind", "severity", "class", "name", "pointer", "old", "new"};
	for (size_t i = 0; i < N(members); i++) {
		aim_str text = aim_json_string(doc, aim_json_member(doc, finding, aim_str_from(members[i])));
		if (text.len)
			table_text(t, text);
		else
			table_none(t);
	}
	table_row_end(t);
}

static aim_status show_findings(program *p, aim_bytes findings)
{
	aim_json *doc = NULL;
	aim_error err = {0};
	aim_status rc = aim_json_new(p->ctx, &doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, findings, 0, &err);
	table *t = rc == AIM_OK ? table_new(finding_columns, N(finding_columns)) : NULL;
	if (t) {
		printf("\n");
		for (aim_json_value v = aim_json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
			show_finding(t, doc, v);
		table_free(t, NULL);
	}
	aim_json_free(doc);
	return rc == AIM_OK && !t ? AIM_E_NOMEM : rc;
}

static aim_status show_record(void *user, const aim_drift_record *r)
{
	answer a;
	char text[40];
	aim_str findings = {(const char *)r->findings.ptr, r->findings.len};
	answer_begin(&a);
	answer_text(&a, "id", "record", r->id);
	answer_text(&a, "subject", "subject", r->subject);
	answer_text(&a, "part", "part", r->part);
	answer_text(&a, "state", "state", aim_str_from(aim_drift_state_name(r->state)));
	answer_styled(&a, "severity", "severity", aim_str_from(aim_alert_severity_name(r->severity)),
	              severity_style(r->severity));
	answer_text(&a, "opened", "opened", when_text(r->opened_us, text, sizeof text));
	show_some(&a, "alert", "alert", r->alert);
	show_some(&a, "acknowledged_by", "acknowledged by", r->acknowledged_by);
	show_some(&a, "acknowledged_why", "because", r->acknowledged_why);
	show_some(&a, "how", "closed", aim_str_from(r->how ? aim_drift_how_name(r->how) : ""));
	show_some(&a, "closed", "at", when_text(r->closed_us, text, sizeof text));
	show_some(&a, "closed_by", "by", r->closed_by);
	show_some(&a, "closed_why", "because", r->closed_why);
	answer_number(&a, "n_findings", "findings", r->n_findings);
	answer_json(&a, "findings", findings);
	answer_end(&a);
	return screen_is_json() ? AIM_OK : show_findings(user, r->findings);
}

static int show(program *p, aim_drift *drift)
{
	aim_error err = {0};
	aim_status rc = aim_drift_show(drift, aim_str_from(p->args[0]), show_record, p, &err);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : refused("drift", rc, &err);
}

static int run_show(program *p)
{
	aim_drift *drift = NULL;
	int code = open_drift(p, TO_READ, &drift);
	if (code == EXIT_OK)
		code = show(p, drift);
	aim_drift_free(drift);
	return code;
}

/* --- steps -------------------------------------------------------------------------------------------------------------- */

typedef aim_status (*drift_step)(aim_drift *drift, aim_str id, const aim_drift_step *step, aim_error *err);

static int run_step(program *p, drift_step take)
{
	aim_error err = {0};
	aim_drift *drift = NULL;
	const drift_options *o = p->options;
	aim_drift_step step = {.struct_size = sizeof step, .reason = aim_str_from(o->reason)};
	int code = open_drift(p, TO_WRITE, &drift);
	if (code != EXIT_OK)
		return code;
	step.actor = aim_str_from(o->actor ? o->actor : "operator");
	aim_status rc = take(drift, aim_str_from(p->args[0]), &step, &err);
	code = rc == AIM_OK ? show(p, drift) : refused("drift", rc, &err); /* the sentence names the record */
	aim_drift_free(drift);
	return code;
}

static int run_approve(program *p)
{
	return run_step(p, aim_drift_approve);
}

static int run_ack(program *p)
{
	return run_step(p, aim_drift_acknowledge);
}

static int run_resolve(program *p)
{
	return run_step(p, aim_drift_resolve);
}
