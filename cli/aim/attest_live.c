/* cli/aim/attest_live.c — aim mcp attest: starts a server, looks at what it shows, and attests that. */
#include "attest.h"
#include "talk.h"

#include "../common/passphrase.h"
#include "../common/progress.h"

#include <stdio.h>
#include <string.h>

#define AT(member) ATTEST_AT(member)
#define ARGS_MAX 256
#define TIMEOUT_S 30u
#define TIMEOUT_MAX_S 3600u

static const char *const unreachable_words[] = {"refuse", "sign", NULL};

const option live_options[11] = {
	{"--server", "-s", "SERVER", OPTION_TEXT, 0, AT(server), NULL, "the server's name or id; default: what COMMAND runs"},
	{"--yes", "-y", NULL, OPTION_FLAG, ATTEST_YES, AT(flags), NULL, "start COMMAND without asking"},
	{"--timeout", NULL, "SECONDS", OPTION_NUMBER, 0, AT(timeout), NULL, "how long all of it may take; default 30"},
	{"--unreachable", NULL, "WHAT", OPTION_CHOICE, 0, AT(unreachable), unreachable_words,
	 "when the server does not answer: refuse, or sign that it was not reached; default refuse"},
	ATTEST_SIGNER_OPTIONS,
};

typedef struct live {
	signing s;
	talk t;
	char name[300];
} live;

/* --- before it starts ------------------------------------------------------------------------------------------------- */

/* Nobody may say yes to a line whose end is not shown. */
static int ask_to_start(const program *p)
{
	char line[3000], shown[3000], question[3100];
	size_t n = 0;
	for (int i = 0; i < p->n_args && n < sizeof line; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", i ? " " : "", p->args[i]);
	if (n >= sizeof line) {
		say("the command is too long to be shown; give --yes");
		return EXIT_REFUSED;
	}
	snprintf(question, sizeof question, "Start `%s` now? Type yes to go on: ", printable(aim_str_from(line), shown, sizeof shown));
	if (confirm(question))
		return EXIT_OK;
	say("not started: type yes at the terminal, or give --yes");
	return EXIT_REFUSED;
}

static int same_launch(const program *p, const aim_server *server)
{
	if (aim_server_arg_count(server) + 1 != (size_t)p->n_args)
		return 0;
	for (int i = 0; i < p->n_args; i++) {
		aim_str was = i ? aim_server_arg_at(server, (size_t)i - 1) : aim_server_command(server);
		if (!aim_str_equal(was, aim_str_from(p->args[i])))
			return 0;
	}
	return 1;
}

static int check_server(const program *p, const aim_server *server)
{
	if (aim_server_status(server) == AIM_REGISTRY_REVOKED) {
		say("%s is revoked", aim_server_name(server).ptr);
		return EXIT_REFUSED;
	}
	if (same_launch(p, server))
		return EXIT_OK;
	say("%s is registered with another command; give another --server, or look at it: aim mcp show", aim_server_name(server).ptr);
	return EXIT_REFUSED;
}

/* The server, when it is registered. */
static int find_server(live *l)
{
	char id[64];
	aim_error err = {0};
	program *p = l->s.p;
	const char *given = l->s.o->server;
	aim_status rc = AIM_OK;
	if (given && strncmp(given, "srv_", 4) == 0) {
		snprintf(id, sizeof id, "%s", given);
		rc = aim_server_find(p->registry, aim_str_from(id), &l->s.server, &err);
	} else {
		rc = aim_server_find_name(p->registry, aim_str_from(l->name), &l->s.server, &err);
		if (rc == AIM_E_NOT_FOUND)
			return EXIT_OK;
	}
	return rc == AIM_OK ? check_server(p, l->s.server) : failed(l->name, rc, &err);
}

static int check_agent(const live *l)
{
	uint32_t status = aim_agent_status(l->s.agent);
	if (status == AIM_REGISTRY_VERIFIED)
		return EXIT_OK;
	say("agent %s is %s, not verified", aim_agent_name(l->s.agent).ptr, aim_registry_status_name(status));
	return EXIT_REFUSED;
}

static int prepare(live *l)
{
	int code = open_log(l->s.p, NULL, TO_WRITE);
	if (code == EXIT_OK)
		code = open_registry(l->s.p);
	if (code == EXIT_OK)
		code = find_server(l);
	if (code == EXIT_OK)
		code = signing_key(&l->s);
	if (code == EXIT_OK)
		code = signing_agent(&l->s);
	if (code == EXIT_OK)
		code = check_agent(l);
	if (code == EXIT_OK)
		l->s.ledger = ledger_open(l->s.p, &code);
	return code;
}

/* --- looking ---------------------------------------------------------------------------------------------------------- */

/* That it was tried, and what came of it: no word of what the server said. */
static int record_failure(live *l)
{
	char code[64];
	aim_error err = {0};
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	snprintf(code, sizeof code, "attestation.server_%s", l->t.problem ? l->t.problem : "failed");
	r.kind = aim_str_from("mcp_connection");
	r.agent = aim_agent_id(l->s.agent);
	r.subject = aim_server_id(l->s.server);
	r.user = signing_actor(&l->s);
	r.action = aim_str_from("attest");
	r.reason_code = aim_str_from(code);
	r.reason = aim_str_from("the server was to be attested and could not be looked at");
	aim_status rc = aim_audit_append(l->s.p->log, &r, NULL, &err);
	if (rc != AIM_OK)
		return failed("the audit log", rc, &err);
	return l->t.problem_status ? EXIT_FAILED : EXIT_START;
}

/* 1 when the server did not answer; what answers nonsense was reached, and what stopped us is not the server's. */
static int is_unreached(const live *l)
{
	static const char *const problems[] = {"not_started", "ended", "timeout"};
	for (size_t i = 0; l->t.problem && !l->t.problem_status && i < sizeof problems / sizeof *problems; i++)
		if (strcmp(l->t.problem, problems[i]) == 0)
			return 1;
	return 0;
}

/* Only who has used a server that is known may say that it is not there any more. The exit status stays that of a
 * server that does not answer. */
static int sign_unreached(live *l)
{
	l->s.is_unreached = 1;
	int code = signing_link(&l->s);
	if (code == EXIT_OK)
		code = signing_end(&l->s);
	return code == EXIT_OK ? EXIT_START : code;
}

static int not_reached(live *l)
{
	int code = record_failure(l);
	if (code != EXIT_START || !is_unreached(l))
		return code;
	if (l->s.o->unreachable == ATTEST_REFUSE) {
		say("nothing is signed; to attest that it was not reached, give --unreachable sign");
		return code;
	}
	if (l->s.server)
		return sign_unreached(l);
	say("%s is not registered: nothing is signed", l->name);
	return EXIT_REFUSED;
}

static int look(live *l)
{
	uint64_t timeout = l->s.o->timeout ? l->s.o->timeout : TIMEOUT_S;
	progress_begin("looking at the server", is_quiet(l->s.p));
	int result = talk_run(&l->t, l->s.p->ctx, l->s.p->args, timeout);
	progress_end();
	if (result != 0)
		return not_reached(l);
	l->s.latency_us = l->t.latency_us;
	l->s.version = l->t.version;
	return EXIT_OK;
}

/* --- remembering ------------------------------------------------------------------------------------------------------- */

static aim_status register_server(live *l, aim_error *err)
{
	aim_str args[ARGS_MAX];
	const program *p = l->s.p;
	aim_server_spec spec = {.struct_size = sizeof spec};
	spec.name = aim_str_from(l->name);
	spec.command = aim_str_from(p->args[0]);
	spec.args = args;
	spec.actor = signing_actor(&l->s);
	for (int i = 1; i < p->n_args; i++)
		args[spec.n_args++] = aim_str_from(p->args[i]);
	return aim_server_register(p->registry, &spec, &l->s.server, err);
}

static int open_server(live *l)
{
	aim_error err = {0};
	aim_registry *registry = l->s.p->registry;
	aim_status rc = l->s.server ? AIM_OK : register_server(l, &err);
	if (rc == AIM_OK)
		rc = aim_link_add(registry, aim_agent_id(l->s.agent), aim_server_id(l->s.server), signing_actor(&l->s), &err);
	if (rc == AIM_OK)
		rc = aim_baseline_open(registry, aim_server_id(l->s.server), &l->s.baseline, &err);
	return rc == AIM_OK ? EXIT_OK : failed(l->name, rc, &err);
}

static int is_remembered(const aim_baseline *baseline, uint32_t kind)
{
	for (size_t i = 0; i < aim_baseline_count(baseline); i++) {
		aim_baseline_entry e = {.struct_size = sizeof e};
		if (aim_baseline_at(baseline, i, &e) == AIM_OK && e.kind == kind)
			return 1;
	}
	return 0;
}

static void tell_differences(const live *l)
{
	for (size_t i = 0; i < aim_baseline_finding_count(l->s.baseline); i++) {
		const aim_baseline_finding *f = aim_baseline_finding_at(l->s.baseline, i);
		if (f->verdict != AIM_BASELINE_FIRST_SEEN)
			say("drift: %s %.*s", aim_baseline_verdict_name(f->verdict), (int)(f->name.len < 200 ? f->name.len : 200), f->name.ptr);
	}
}

static aim_status observe(live *l, uint32_t kind, const aim_baseline_item *items, size_t n, aim_error *err)
{
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = kind, .items = items, .n_items = n};
	seen.agent = aim_agent_id(l->s.agent);
	aim_status rc = aim_baseline_observe(l->s.baseline, &seen, err);
	if (rc == AIM_OK)
		tell_differences(l);
	return rc;
}

/* A list that is not declared any more is an empty one. */
static int observe_all(live *l)
{
	aim_error err = {0};
	const aim_baseline_item self = {l->t.name, aim_buf_bytes(l->t.self)};
	aim_status rc = observe(l, AIM_FINGERPRINT_SERVER, &self, 1, &err);
	for (size_t i = 0; i < TALK_N_LISTS && rc == AIM_OK; i++) {
		const talk_list *list = &l->t.lists[i];
		if (list->is_declared || is_remembered(l->s.baseline, list->kind))
			rc = observe(l, list->kind, list->items, list->n, &err);
	}
	return rc == AIM_OK ? EXIT_OK : failed(l->name, rc, &err);
}

/* --- the command ------------------------------------------------------------------------------------------------------- */

static int attest(live *l)
{
	int code = prepare(l);
	if (code == EXIT_OK)
		code = look(l);
	if (code == EXIT_OK)
		code = open_server(l);
	if (code == EXIT_OK)
		code = observe_all(l);
	if (code == EXIT_OK)
		code = signing_surface(&l->s);
	if (code == EXIT_OK)
		code = signing_end(&l->s);
	return code;
}

int run_mcp_attest(program *p)
{
	static live l; /* its pages are too many for the stack */
	const attest_options *o = p->options;
	l.s = (signing){.p = p, .o = o};
	if (o->days > ATTEST_DAYS_MAX || o->timeout > TIMEOUT_MAX_S || p->n_args > ARGS_MAX) {
		say("at most %u --days, %u seconds of --timeout and %d words of COMMAND", ATTEST_DAYS_MAX, TIMEOUT_MAX_S, ARGS_MAX);
		return EXIT_USAGE;
	}
	if (o->server)
		snprintf(l.name, sizeof l.name, "%s", o->server);
	else
		child_name(p->args, l.name, sizeof l.name);
	int code = o->flags & ATTEST_YES ? EXIT_OK : ask_to_start(p);
	if (code == EXIT_OK)
		code = attest(&l);
	signing_dispose(&l.s);
	talk_dispose(&l.t);
	return code;
}
