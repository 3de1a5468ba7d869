/* cli/aim/advisory.c — holds what servers are started from against a file of advisories. Nothing is started or fetched. */
#include "advisory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 << 20)
#define ARGS_MAX 1024u

/* --- a file of advisories --------------------------------------------------------------------------------------------- */

static void say_problems(const char *path, const aim_diagnostics *problems)
{
	for (size_t i = 0; i < aim_diagnostics_count(problems); i++) {
		const aim_error *e = aim_diagnostics_at(problems, i);
		say("%s:%u: %s%s%s", path, e->line, e->message, e->pointer[0] ? " at " : "", e->pointer);
	}
	if (aim_diagnostics_dropped(problems))
		say("%s: %zu more", path, aim_diagnostics_dropped(problems));
}

static aim_status load(advisories *a, const char *path, aim_bytes text, aim_error *err)
{
	aim_diagnostics *problems = NULL;
	aim_status rc = aim_diagnostics_new(a->p->ctx, &problems);
	if (rc == AIM_OK)
		rc = aim_advisory_load(a->set, text, problems, NULL, err);
	say_problems(path, problems);
	aim_diagnostics_free(problems);
	return rc == AIM_E_ADVISORY ? AIM_OK : rc; /* what is malformed leaves its packages unknown */
}

int advisories_open(program *p, const char *path, advisories *out)
{
	aim_error err = {0};
	size_t len = 0;
	aim_advisory_options o = {.struct_size = sizeof o, .max_bytes = FILE_MAX};
	*out = (advisories){.p = p};
	char *text = file_read("--advisories", path, FILE_MAX, &len);
	if (!text)
		return EXIT_FILE;
	aim_status rc = aim_advisory_new(p->ctx, &o, &out->set, &err);
	if (rc == AIM_OK)
		rc = aim_advisory_result_new(out->set, &out->result);
	if (rc == AIM_OK)
		rc = load(out, path, aim_bytes_from(text, len), &err);
	file_free(text, len);
	return rc == AIM_OK ? EXIT_OK : failed(path, rc, &err);
}

void advisories_close(advisories *a)
{
	aim_advisory_result_free(a->result);
	aim_advisory_free(a->set);
}

int advisories_verdict(const advisories *a)
{
	aim_advisory_summary s = {.struct_size = sizeof s};
	if (a->n_packages == 0 || aim_advisory_summarize(a->result, &s) != AIM_OK)
		return EXIT_WARN;
	return s.has_critical ? EXIT_NO : s.safe ? EXIT_OK : EXIT_WARN;
}

static int worse(int a, int b)
{
	return a == EXIT_NO || b == EXIT_NO ? EXIT_NO : a == EXIT_WARN || b == EXIT_WARN ? EXIT_WARN : EXIT_OK;
}

/* --- launches ----------------------------------------------------------------------------------------------------------- */

static int check_launch(advisories *a, aim_str program_name, const aim_str *args, size_t n_args)
{
	aim_advisory_package packages[AIM_ADVISORY_MAX_OF_LAUNCH];
	aim_error err = {0};
	a->n_packages = 0;
	aim_status rc = AIM_E_NOT_FOUND;
	if (program_name.len)
		rc = aim_advisory_packages_of_launch(program_name, args, n_args, packages, AIM_ADVISORY_MAX_OF_LAUNCH, &a->n_packages, &err);
	if (rc == AIM_E_NOT_FOUND)
		return EXIT_OK;
	if (rc == AIM_OK)
		rc = aim_advisory_check(a->set, packages, a->n_packages, a->result, &err);
	return rc == AIM_OK ? EXIT_OK : failed("cannot check the launch", rc, &err);
}

int advisories_check_found(advisories *a, const aim_discovery *found, size_t i)
{
	aim_str args[ARGS_MAX];
	aim_discovery_server s = {.struct_size = sizeof s};
	size_t n = 0;
	if (aim_discovery_at(found, i, &s) != AIM_OK)
		return EXIT_FAILED;
	for (; n < s.n_args && n < ARGS_MAX; n++) /* those behind are a server's own */
		args[n] = aim_discovery_text(found, i, AIM_DISCOVERY_ARGS, n);
	return check_launch(a, s.command, args, n);
}

static int check_registered(advisories *a, const aim_server *server)
{
	aim_str args[ARGS_MAX];
	size_t n = 0;
	for (; n < aim_server_arg_count(server) && n < ARGS_MAX; n++)
		args[n] = aim_server_arg_at(server, n);
	return check_launch(a, aim_server_command(server), args, n);
}

/* --- showing ------------------------------------------------------------------------------------------------------------ */

static const column columns[] = {
	{"server", "SERVER", COLUMN_SHRINKS},
	{"ecosystem", NULL, COLUMN_HIDDEN},
	{"package", "PACKAGE", COLUMN_SHRINKS},
	{"version", "VERSION", 0},
	{"status", "STATUS", 0},
	{"severity", "SEVERITY", 0},
	{"score", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"advisory", "ADVISORY", 0},
	{"aliases", NULL, COLUMN_HIDDEN},
	{"fixed", "FIXED IN", 0},
	{"note", "NOTE", COLUMN_SHRINKS},
};

static int status_style(uint32_t status)
{
	return status == AIM_ADVISORY_AFFECTED ? STYLE_BAD : status == AIM_ADVISORY_CLEAN ? STYLE_GOOD : STYLE_BOLD;
}

static void show_package(table *t, aim_str server, const aim_advisory_outcome *o, uint32_t status)
{
	table_text(t, server);
	table_text(t, o ? o->ecosystem : aim_str_from(""));
	table_text(t, o ? o->name : aim_str_from(""));
	table_text(t, !o ? aim_str_from("") : o->version.len ? o->version : o->requirement);
	table_styled(t, aim_str_from(aim_advisory_status_name(status)), status_style(status));
}

/* A package that no advisory is about, or a launch without one. */
static void show_plain(table *t, aim_str server, const aim_advisory_outcome *o)
{
	show_package(t, server, o, o ? o->status : AIM_ADVISORY_UNKNOWN);
	table_text(t, aim_str_from(""));
	table_number(t, 0);
	for (int i = 0; i < 3; i++)
		table_text(t, aim_str_from(""));
	table_text(t, aim_str_from(o ? aim_advisory_reason_text(o->reason) : "it is started from no package of a registry"));
	table_row_end(t);
}

static void show_finding(table *t, aim_str server, const aim_advisory_outcome *o, const aim_advisory_finding *f)
{
	show_package(t, server, o, f->status);
	table_text(t, aim_str_from(aim_advisory_severity_name(f->severity)));
	table_number(t, f->score);
	table_text(t, f->id);
	table_text(t, f->aliases);
	table_text(t, f->fixed);
	table_text(t, f->status == AIM_ADVISORY_UNKNOWN ? aim_str_from(aim_advisory_reason_text(f->reason)) : f->summary);
	table_row_end(t);
}

static void show_server(const advisories *a, table *t, aim_str server)
{
	const aim_advisory_outcome *o;
	if (a->n_packages == 0)
		show_plain(t, server, NULL);
	for (size_t i = 0; a->n_packages && (o = aim_advisory_outcome_at(a->result, i)); i++) {
		if (o->n_findings == 0)
			show_plain(t, server, o);
		for (size_t k = 0; k < aim_advisory_finding_count(a->result); k++)
			if (aim_advisory_finding_at(a->result, k)->package == i)
				show_finding(t, server, o, aim_advisory_finding_at(a->result, k));
	}
}

/* --- aim detect ------------------------------------------------------------------------------------------------------------ */

/* The worst advisory of the server, or why it is not known to be clean. */
static void mark(const advisories *a, detected *row)
{
	const aim_advisory_finding *worst = NULL;
	const aim_advisory_outcome *o;
	size_t n = 0;
	for (size_t i = 0; a->n_packages && i < aim_advisory_finding_count(a->result); i++) {
		const aim_advisory_finding *f = aim_advisory_finding_at(a->result, i);
		if (f->status != AIM_ADVISORY_AFFECTED)
			continue;
		n++;
		worst = !worst || f->severity > worst->severity ? f : worst;
	}
	const char *why = a->n_packages ? "" : "it is started from no package of a registry";
	for (size_t i = 0; a->n_packages && !*why && (o = aim_advisory_outcome_at(a->result, i)); i++)
		why = aim_advisory_reason_text(o->reason);
	if (worst)
		snprintf(row->advisory, sizeof row->advisory, "%s: %.*s%s%.*s%s", aim_advisory_severity_name(worst->severity),
		         (int)(worst->id.len < 60 ? worst->id.len : 60), worst->id.ptr, worst->fixed.len ? ", fixed in " : "",
		         (int)(worst->fixed.len < 40 ? worst->fixed.len : 40), worst->fixed.ptr, n > 1 ? ", and more" : "");
	else
		snprintf(row->advisory, sizeof row->advisory, "%s%s", *why ? "unknown: " : "none", why);
}

int advisories_mark(program *p, const char *path, const aim_discovery *found, detected *rows)
{
	advisories a;
	aim_discovery_server s = {.struct_size = sizeof s};
	int verdict = EXIT_OK, code = advisories_open(p, path, &a);
	for (size_t i = 0; code == EXIT_OK && aim_discovery_at(found, i, &s) == AIM_OK; i++) {
		if (!s.command.len)
			continue;
		code = advisories_check_found(&a, found, i);
		if (code != EXIT_OK)
			break;
		mark(&a, &rows[i]);
		verdict = worse(verdict, advisories_verdict(&a));
	}
	advisories_close(&a);
	return code == EXIT_OK ? verdict : code;
}

/* --- the command ---------------------------------------------------------------------------------------------------------- */

static int scan_registered(advisories *a, table *t, const char *name)
{
	char id[64];
	aim_error err = {0};
	aim_server *server = NULL;
	int code = open_log(a->p, NULL, TO_READ);
	if (code == EXIT_OK)
		code = open_registry(a->p);
	if (code == EXIT_OK)
		code = subject_id(a->p, SUBJECT_SERVER, name, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_find(a->p->registry, aim_str_from(id), &server, &err);
	if (rc != AIM_OK)
		return failed(name, rc, &err);
	code = check_registered(a, server);
	if (code == EXIT_OK) {
		show_server(a, t, aim_server_name(server));
		code = advisories_verdict(a);
	}
	aim_server_free(server);
	return code;
}

/* Servers that are reached at a URL are started by somebody else. */
static int scan_found(advisories *a, table *t, const aim_discovery *found)
{
	aim_discovery_server s = {.struct_size = sizeof s};
	int verdict = detect_problems(found) ? EXIT_WARN : EXIT_OK;
	for (size_t i = 0; aim_discovery_at(found, i, &s) == AIM_OK; i++) {
		if (!s.command.len)
			continue;
		int code = advisories_check_found(a, found, i);
		if (code != EXIT_OK)
			return code;
		show_server(a, t, s.name);
		verdict = worse(verdict, advisories_verdict(a));
	}
	return verdict;
}

static int scan_configuration(advisories *a, table *t, const char *path)
{
	aim_error err = {0};
	aim_discovery *found = NULL;
	size_t len = 0;
	char *text = file_read("FILE", path, FILE_MAX, &len);
	if (!text)
		return EXIT_FILE;
	aim_discovery_file file = {.struct_size = sizeof file, .path = aim_str_from(path), .bytes = aim_bytes_from(text, len)};
	aim_status rc = aim_discovery_new(a->p->ctx, NULL, &found, &err);
	if (rc == AIM_OK)
		rc = aim_discovery_parse(found, &file, &err);
	int code = rc == AIM_OK ? scan_found(a, t, found) : failed(path, rc, &err);
	aim_discovery_free(found);
	file_free(text, len);
	return code;
}

int scan_advisories(program *p, const char *advisories_path, const char *server, const char *path)
{
	advisories a;
	table *t = table_new(columns, N(columns));
	int code = t ? advisories_open(p, advisories_path, &a) : EXIT_FAILED;
	if (!t)
		return code;
	if (code == EXIT_OK)
		code = server ? scan_registered(&a, t, server) : scan_configuration(&a, t, path);
	table_free(t, "no server is started from here");
	advisories_close(&a);
	return code;
}
