/* cli/aim/attest.c — aim attest: the attestations that the registry holds. */
#include "attest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AT(member) ATTEST_AT(member)

static const option list_options[] = {
	{"--server", NULL, "SERVER", OPTION_TEXT, 0, AT(server), NULL, "only those about this server, by name or id"},
	{"--agent", NULL, "AGENT", OPTION_TEXT, 0, AT(agent), NULL, "only those by this agent, by name or id"},
	{"--all", "-a", NULL, OPTION_FLAG, ATTEST_ALL, AT(flags), NULL, "also those that were superseded or revoked"},
	{"--limit", "-n", "N", OPTION_NUMBER, 0, AT(limit), NULL, "at most N; default: all"},
	{"--after", NULL, "ID", OPTION_TEXT, 0, AT(after), NULL, "begin behind this id: the way to the next page"},
};
static const option revoke_options[] = {
	{"--reason", NULL, "TEXT", OPTION_TEXT, 0, AT(reason), NULL, "why, for the record"},
	{"--actor", NULL, "WHO", OPTION_TEXT, 0, AT(actor), NULL, "who decided, for the audit record; default operator"},
};
static const option export_options[] = {
	{"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, "write to FILE"},
	{"--force", NULL, NULL, OPTION_FLAG, ATTEST_FORCE, AT(flags), NULL, "replace FILE when it is there"},
};

static int run_list(program *p);
static int run_show(program *p);
static int run_revoke(program *p);
static int run_export(program *p);

#define WITH(options) options, N(options), sizeof(attest_options)

static const command commands[] = {
	{"list", "", 0, 0, "list the attestations of servers, the oldest first", NULL, WITH(list_options), run_list},
	{"show", "ID", 1, 1, "show one attestation and what became of it", NULL, NULL, 0, sizeof(attest_options), run_show},
	{"revoke", "ID", 1, 1, "revoke one attestation: it counts no more", "The one that it superseded stays superseded.",
	 WITH(revoke_options), run_revoke},
	{"export", "ID", 1, 1, "print the signed envelope of an attestation",
	 "As it was submitted: a DSSE envelope, or payload and signature of AIM's own SDKs. Anybody verifies it with the agent's "
	 "public key alone: aim mcp verify --file, or any in-toto or DSSE verifier. Here only its form is checked.",
	 WITH(export_options), run_export},
};

const group group_attest = {"attest", "Attestations", commands, N(commands)};

aim_ledger *ledger_open(program *p, int *out_code)
{
	aim_error err = {0};
	aim_ledger *ledger = NULL;
	aim_status rc = aim_ledger_open(p->registry, NULL, &ledger, &err);
	*out_code = rc == AIM_OK ? EXIT_OK : failed("the attestations", rc, &err);
	return ledger;
}

static aim_ledger *open_all(program *p, int how, int *out_code)
{
	*out_code = open_log(p, NULL, how);
	if (*out_code == EXIT_OK)
		*out_code = open_registry(p);
	return *out_code == EXIT_OK ? ledger_open(p, out_code) : NULL;
}

static int wrong_id(int code, aim_status rc)
{
	return rc == AIM_E_INVALID ? EXIT_USAGE : code;
}

/* --- list -------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"id", "ID", 0},
	{"state", "STATE", 0},
	{"agent", "AGENT", COLUMN_SHRINKS},
	{"server", "SERVER", COLUMN_SHRINKS},
	{"issued", "ISSUED", 0},
	{"expires", "EXPIRES", 0},
	{"reached", "REACHED", 0},
	{"key_id", NULL, COLUMN_HIDDEN},
	{"superseded_by", NULL, COLUMN_HIDDEN},
	{"recorded_by", NULL, COLUMN_HIDDEN},
	{"reason", NULL, COLUMN_HIDDEN},
};

#define ENOUGH AIM_ASK
#define SECOND_US INT64_C(1000000)

typedef struct listing {
	table *table;
	char server[64], agent[64];
	uint64_t left;
	int64_t now_us;
	int all;
	int is_cut;
	char last[64];
} listing;

static const char *state_of(const aim_ledger_entry *e, int64_t now_us)
{
	if (e->revoked_at_us)
		return "revoked";
	if (e->superseded_by.len)
		return "superseded";
	return now_us / SECOND_US >= e->expires_at_s ? "expired" : "live";
}

static int state_style(const char *state)
{
	return strcmp(state, "live") == 0 ? STYLE_GOOD : strcmp(state, "revoked") == 0 ? STYLE_BAD : STYLE_DIM;
}

static aim_str when(int64_t at_us, char *out, size_t size)
{
	return aim_str_from(time_text(at_us, out, size));
}

static int is_wanted(const listing *l, const aim_ledger_entry *e)
{
	return (!l->server[0] || aim_str_equal(e->server, aim_str_from(l->server))) &&
	       (!l->agent[0] || aim_str_equal(e->agent, aim_str_from(l->agent))) && (l->all || e->flags & AIM_LEDGER_LIVE);
}

static aim_status list_entry(void *user, const aim_ledger_entry *e)
{
	char text[40];
	listing *l = user;
	table *t = l->table;
	if (!is_wanted(l, e))
		return AIM_OK;
	if (l->left == 0) {
		l->is_cut = 1;
		return ENOUGH;
	}
	l->left--;
	snprintf(l->last, sizeof l->last, "%s", e->id.ptr);
	const char *state = state_of(e, l->now_us);
	table_text(t, e->id);
	table_styled(t, aim_str_from(state), state_style(state));
	table_text(t, e->agent);
	table_text(t, e->server);
	table_text(t, when(e->issued_at_s * SECOND_US, text, sizeof text));
	table_text(t, when(e->expires_at_s * SECOND_US, text, sizeof text));
	table_text(t, aim_str_from(e->flags & AIM_LEDGER_CONNECTED ? "yes" : "no"));
	table_text(t, e->key_id);
	table_text(t, e->superseded_by);
	table_text(t, e->recorded_by);
	table_text(t, e->reason);
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static int list_all(program *p, aim_ledger *ledger, listing *l)
{
	aim_error err = {0};
	const attest_options *o = p->options;
	l->table = table_new(columns, N(columns));
	if (!l->table)
		return EXIT_FAILED;
	(void)aim_ctx_now_us(p->ctx, &l->now_us);
	aim_status rc = aim_ledger_list(ledger, aim_str_from(o->after), 0, list_entry, l, &err);
	table_free(l->table, rc == AIM_OK ? "no attestation" : NULL);
	if (screen_failed())
		return EXIT_FILE;
	if (rc != AIM_OK && rc != ENOUGH)
		return wrong_id(failed("the list", rc, &err), rc);
	fflush(stdout);
	if (l->is_cut && !is_quiet(p))
		say("there is more: --after %s", l->last);
	return EXIT_OK;
}

static int run_list(program *p)
{
	int code = EXIT_OK;
	const attest_options *o = p->options;
	listing l = {.left = o->limit ? o->limit : UINT64_MAX, .all = (o->flags & ATTEST_ALL) != 0};
	aim_ledger *ledger = open_all(p, TO_READ, &code);
	if (ledger)
		code = subject_id(p, SUBJECT_SERVER, o->server, l.server, sizeof l.server);
	if (ledger && code == EXIT_OK)
		code = subject_id(p, SUBJECT_AGENT, o->agent, l.agent, sizeof l.agent);
	if (ledger && code == EXIT_OK)
		code = list_all(p, ledger, &l);
	aim_ledger_free(ledger);
	return code;
}

/* --- show -------------------------------------------------------------------------------------------------------------- */

static void show_some(answer *a, const char *member, const char *label, aim_str text)
{
	if (text.len)
		answer_text(a, member, label, text);
}

static void show_payload(answer *a, const aim_attestation_payload *seen)
{
	answer_text(a, "server_name", "server name", seen->server_name);
	show_some(a, "server_url", "url", seen->server_url);
	show_some(a, "server_version", "version", seen->server_version);
	answer_number(a, "capabilities", "capabilities", seen->n_capabilities);
	answer_hex(a, "manifest", "manifest", seen->manifest_hash, sizeof seen->manifest_hash);
	answer_hex(a, "config", "config", seen->config_hash, sizeof seen->config_hash);
	answer_number(a, "latency_us", "latency µs", (uint64_t)seen->latency_us);
}

static void show_record(answer *a, const aim_ledger_entry *e, int64_t now_us)
{
	char text[40];
	const char *state = state_of(e, now_us);
	answer_text(a, "id", "id", e->id);
	answer_styled(a, "state", "state", aim_str_from(state), state_style(state));
	answer_text(a, "agent", "agent", e->agent);
	answer_text(a, "key_id", "key id", e->key_id);
	answer_text(a, "server", "server", e->server);
	answer_bool(a, "reached", "reached", (e->flags & AIM_LEDGER_CONNECTED) != 0);
	answer_bool(a, "healthy", "healthy", (e->flags & AIM_LEDGER_HEALTHY) != 0);
	answer_text(a, "issued", "issued", when(e->issued_at_s * SECOND_US, text, sizeof text));
	answer_text(a, "expires", "expires", when(e->expires_at_s * SECOND_US, text, sizeof text));
	answer_text(a, "recorded", "recorded", when(e->recorded_at_us, text, sizeof text));
	show_some(a, "recorded_by", "recorded by", e->recorded_by);
	show_some(a, "superseded_by", "superseded by", e->superseded_by);
	if (e->revoked_at_us)
		answer_text(a, "revoked", "revoked", when(e->revoked_at_us, text, sizeof text));
	show_some(a, "revoked_by", "revoked by", e->revoked_by);
	show_some(a, "reason", "because", e->reason);
}

static aim_status show_entry(void *user, const aim_ledger_entry *e)
{
	answer a;
	program *p = user;
	int64_t now_us = 0;
	aim_attestation *read = NULL;
	(void)aim_ctx_now_us(p->ctx, &now_us);
	answer_begin(&a);
	show_record(&a, e, now_us);
	if (aim_attestation_parse(p->ctx, e->envelope, &read, NULL) == AIM_OK)
		show_payload(&a, aim_attestation_read(read));
	answer_end(&a);
	aim_attestation_free(read);
	return AIM_OK;
}

static int find(program *p, aim_ledger_visit visit, void *user)
{
	int code = EXIT_OK;
	aim_error err = {0};
	aim_ledger *ledger = open_all(p, TO_READ, &code);
	if (!ledger)
		return code;
	aim_status rc = aim_ledger_find(ledger, aim_str_from(p->args[0]), visit, user, &err);
	aim_ledger_free(ledger);
	return rc == AIM_OK ? EXIT_OK : wrong_id(failed(p->args[0], rc, &err), rc);
}

static int run_show(program *p)
{
	return find(p, show_entry, p);
}

/* --- revoke ------------------------------------------------------------------------------------------------------------ */

static int run_revoke(program *p)
{
	int code = EXIT_OK;
	aim_error err = {0};
	const attest_options *o = p->options;
	aim_ledger *ledger = open_all(p, TO_WRITE, &code);
	if (!ledger)
		return code;
	aim_status rc = aim_ledger_revoke(ledger, aim_str_from(p->args[0]), aim_str_from(o->reason),
	                                  aim_str_from(o->actor ? o->actor : "operator"), &err);
	code = rc == AIM_OK ? EXIT_OK : wrong_id(failed(p->args[0], rc, &err), rc);
	if (rc == AIM_OK)
		rc = aim_ledger_find(ledger, aim_str_from(p->args[0]), show_entry, p, &err);
	aim_ledger_free(ledger);
	return code;
}

/* --- export ------------------------------------------------------------------------------------------------------------ */

/* What is stored is looked at before anybody takes it for an attestation, or a terminal for its own. */
static int check_envelope(program *p, aim_str envelope)
{
	aim_error err = {0};
	aim_attestation *read = NULL;
	aim_status rc = aim_attestation_parse(p->ctx, envelope, &read, &err);
	aim_attestation_free(read);
	return rc == AIM_OK ? EXIT_OK : failed("what is stored is no attestation", rc, &err);
}

/* The form of AIM's own SDKs: a payload, which is free text, and its signature. */
static int check_interop(program *p, aim_str envelope)
{
	aim_json *doc = NULL;
	aim_error err = {0};
	aim_status rc = aim_json_new(p->ctx, &doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, aim_bytes_from_str(envelope), 0, &err);
	int is_whole = rc == AIM_OK && aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("payload"))).ptr &&
	               aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("signature"))).ptr;
	aim_json_free(doc);
	if (rc == AIM_OK && !is_whole)
		rc = AIM_E_ENVELOPE;
	return rc == AIM_OK ? EXIT_OK : failed("what is stored is no attestation", rc, &err);
}

static int is_harmless(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < ' ' || text.ptr[i] > '~')
			return 0;
	return 1;
}

static int print_envelope(aim_str envelope)
{
	if (isatty(STDOUT_FILENO) && !is_harmless(envelope)) {
		say("the attestation has characters that a terminal may take for its own; write it with --output");
		return EXIT_REFUSED;
	}
	printf("%.*s\n", (int)envelope.len, envelope.ptr);
	return EXIT_OK;
}

typedef struct exported {
	aim_buf *envelope;
	uint32_t flags; /* of the entry */
	uint32_t reserved;
} exported;

static aim_status keep_envelope(void *user, const aim_ledger_entry *e)
{
	exported *x = user;
	x->flags = e->flags;
	return aim_buf_append(x->envelope, aim_bytes_from_str(e->envelope));
}

static int run_export(program *p)
{
	const attest_options *o = p->options;
	int code = open_context(p);
	exported x = {.envelope = code == EXIT_OK ? new_buf(p) : NULL};
	if (!x.envelope)
		return code == EXIT_OK ? EXIT_FAILED : code;
	code = find(p, keep_envelope, &x);
	aim_str text = aim_buf_str(x.envelope);
	if (code == EXIT_OK)
		code = x.flags & AIM_LEDGER_INTEROP ? check_interop(p, text) : check_envelope(p, text);
	if (code == EXIT_OK && o->out)
		code = file_write(o->out, aim_buf_bytes(x.envelope), (o->flags & ATTEST_FORCE) != 0) == 0 ? EXIT_OK : EXIT_FILE;
	else if (code == EXIT_OK)
		code = print_envelope(text);
	aim_buf_free(x.envelope);
	return code;
}
