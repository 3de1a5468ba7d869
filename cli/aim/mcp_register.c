/* cli/aim/mcp_register.c — aim mcp register: one server from the command line, or what clients are told to use. */
#include "detect.h"
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 256u

/* What a spec points to. */
typedef struct server_parts {
	texts capabilities, env_names;
	aim_public_key key;
} server_parts;

static int server_spec(program *p, const registry_options *o, aim_server_spec *spec, server_parts *parts)
{
	int has_key = 0;
	int code = texts_split("--capabilities", o->capabilities, &parts->capabilities);
	if (code == EXIT_OK)
		code = texts_split("--env", o->env_names, &parts->env_names);
	if (code == EXIT_OK)
		code = read_public_key(p, o, &parts->key, &has_key);
	*spec = (aim_server_spec){.struct_size = sizeof *spec};
	spec->display_name = aim_str_from(o->display_name);
	spec->description = aim_str_from(o->description);
	spec->version = aim_str_from(o->version);
	spec->url = aim_str_from(o->url);
	spec->verification_url = aim_str_from(o->verification_url);
	spec->owner = aim_str_from(o->owner);
	spec->actor = actor_of(o);
	spec->status = o->flags & REGISTRY_VERIFIED ? AIM_REGISTRY_VERIFIED : 0;
	spec->capabilities = parts->capabilities.items;
	spec->n_capabilities = parts->capabilities.n;
	spec->env_names = parts->env_names.items;
	spec->n_env_names = parts->env_names.n;
	spec->public_key = has_key ? &parts->key : NULL;
	return code;
}

/* Registers a server, with its launch and key as the approved baseline: what they are now is what later ones are compared with. */
static aim_status register_server(program *p, const aim_server_spec *spec, aim_server **out, aim_error *err)
{
	aim_baseline *baseline = NULL;
	aim_status rc = aim_server_register(p->registry, spec, out, err);
	if (rc == AIM_OK)
		rc = aim_baseline_open(p->registry, aim_server_id(*out), &baseline, err);
	if (rc == AIM_OK)
		rc = aim_baseline_register(baseline, spec->actor, err);
	aim_baseline_free(baseline);
	return rc;
}

/* --- from the command line --------------------------------------------------------------------------------------------- */

static int register_and_show(program *p, const aim_server_spec *spec)
{
	char what[300];
	aim_error err = {0};
	aim_server *server = NULL;
	aim_status rc = register_server(p, spec, &server, &err);
	snprintf(what, sizeof what, "server %.*s", (int)(spec->name.len < 250 ? spec->name.len : 250), spec->name.ptr);
	int code = rc == AIM_OK ? show_server(p, server) : refused(what, rc, &err);
	aim_server_free(server);
	return code;
}

static int register_given(program *p, const registry_options *o)
{
	aim_server_spec spec;
	server_parts parts;
	aim_str args[ARGS_MAX];
	int code = open_context(p);
	if (code == EXIT_OK)
		code = server_spec(p, o, &spec, &parts);
	if (code == EXIT_OK && p->n_args > (int)ARGS_MAX) {
		say("more than %u arguments", ARGS_MAX);
		code = EXIT_USAGE;
	}
	if (code == EXIT_OK)
		code = registry_open(p, TO_MAKE);
	if (code != EXIT_OK)
		return code;
	spec.name = aim_str_from(p->args[0]);
	spec.command = aim_str_from(p->n_args > 1 ? p->args[1] : NULL);
	spec.args = args;
	for (int i = 2; i < p->n_args; i++)
		args[spec.n_args++] = aim_str_from(p->args[i]);
	return register_and_show(p, &spec);
}

/* --- what was found ---------------------------------------------------------------------------------------------------- */

typedef struct found_parts {
	aim_str args[ARGS_MAX];
	aim_str env_names[ARGS_MAX];
	char url[4096];
} found_parts;

/* A URL without the user and password that were masked: a registered one has none. */
static aim_str plain_url(aim_str url, char *out, size_t size)
{
	int n = snprintf(out, size, "%.*s", (int)url.len, url.len ? url.ptr : "");
	char *start = strstr(out, "://");
	if (n < 0 || (size_t)n >= size || !start)
		return url;
	start += 3;
	char *at = memchr(start, '@', strcspn(start, "/?#"));
	if (at)
		memmove(start, at + 1, strlen(at + 1) + 1);
	return aim_str_from(out);
}

static int from_found(const aim_discovery *found, size_t i, aim_server_spec *spec, found_parts *parts)
{
	aim_discovery_server s = {.struct_size = sizeof s};
	if (aim_discovery_at(found, i, &s) != AIM_OK || s.n_args > ARGS_MAX || s.n_variables > ARGS_MAX)
		return 0;
	spec->command = s.command;
	spec->url = plain_url(s.url, parts->url, sizeof parts->url);
	spec->args = parts->args;
	spec->env_names = parts->env_names;
	for (spec->n_args = 0; spec->n_args < s.n_args; spec->n_args++)
		parts->args[spec->n_args] = aim_discovery_text(found, i, AIM_DISCOVERY_ARGS, spec->n_args);
	for (spec->n_env_names = 0; spec->n_env_names < s.n_variables; spec->n_env_names++)
		parts->env_names[spec->n_env_names] = aim_discovery_text(found, i, AIM_DISCOVERY_VARIABLES, spec->n_env_names);
	return 1;
}

static int has_origin_name(const aim_discovery *found, size_t i, aim_str name)
{
	aim_discovery_origin o = {.struct_size = sizeof o};
	for (size_t at = 0; aim_discovery_origin_at(found, i, at, &o) == AIM_OK; at++)
		if (aim_str_equal(o.name, name))
			return 1;
	return 0;
}

/* The only server found that is called so; SIZE_MAX after saying what is wrong. */
static size_t find_one(const aim_discovery *found, const char *name)
{
	size_t at = SIZE_MAX, n = 0;
	for (size_t i = 0; i < aim_discovery_count(found); i++)
		if (has_origin_name(found, i, aim_str_from(name)))
			at = i, n++;
	if (n == 1)
		return at;
	if (n == 0)
		say("no client uses a server called %s; give its COMMAND or --url, or see aim detect", name);
	else
		say("%zu servers are called %s; give the COMMAND or --url of the one you mean: aim detect --long", n, name);
	return SIZE_MAX;
}

static int register_one(program *p, const registry_options *o, const aim_discovery *found, size_t at)
{
	aim_server_spec spec;
	server_parts parts;
	found_parts *more = malloc(sizeof *more);
	int code = more ? server_spec(p, o, &spec, &parts) : EXIT_FAILED;
	if (!more)
		say("out of memory");
	if (code == EXIT_OK && !from_found(found, at, &spec, more)) {
		say("%s: more than %u arguments or variables", p->args[0], ARGS_MAX);
		code = EXIT_REFUSED;
	}
	if (code == EXIT_OK)
		code = registry_open(p, TO_MAKE);
	if (code == EXIT_OK) {
		spec.name = aim_str_from(p->args[0]);
		code = register_and_show(p, &spec);
	}
	free(more);
	return code;
}

static int register_found(program *p, const registry_options *o, const char *name)
{
	aim_discovery *found = NULL;
	int code = detect_scan(p, o->home, o->cwd, &found);
	if (code != EXIT_OK)
		return code;
	size_t at = find_one(found, name);
	code = at == SIZE_MAX ? EXIT_NO : register_one(p, o, found, at);
	aim_discovery_free(found);
	return code;
}

/* --- all of them -------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"result", "RESULT", 0}, {"name", "NAME", COLUMN_SHRINKS}, {"server", "ID", 0}, {"reason", "REASON", COLUMN_SHRINKS}};

typedef struct all {
	program *p;
	const aim_discovery *found;
	table *table;
	aim_server_spec spec;
	found_parts *parts;
	size_t n_refused;
} all;

static void report(all *a, const char *result, int which, aim_str name, const char *id, const char *reason)
{
	table_styled(a->table, aim_str_from(result), which);
	table_text(a->table, name);
	table_text(a->table, aim_str_from(id));
	table_text(a->table, aim_str_from(reason));
	table_row_end(a->table);
	a->n_refused += which == STYLE_BAD;
}

/* Two clients may call different servers the same: the second gets a number. */
static aim_status register_numbered(all *a, aim_str name, aim_server **out, aim_error *err)
{
	char numbered[300];
	aim_status rc = AIM_E_EXISTS;
	for (int n = 1; n <= 99 && rc == AIM_E_EXISTS; n++) {
		snprintf(numbered, sizeof numbered, n == 1 ? "%.*s" : "%.*s-%d", (int)(name.len < 280 ? name.len : 280),
		         name.len ? name.ptr : "", n);
		a->spec.name = aim_str_from(numbered);
		aim_error_clear(err);
		rc = register_server(a->p, &a->spec, out, err);
	}
	return rc;
}

/* The next one would fail as well. */
static int is_hopeless(aim_status rc)
{
	return rc == AIM_E_NOMEM || exit_of(rc) == EXIT_FILE;
}

static aim_status register_row(all *a, size_t i, const detected *row)
{
	aim_error err = {0};
	aim_server *server = NULL;
	aim_discovery_server s = {.struct_size = sizeof s};
	aim_status rc = aim_discovery_at(a->found, i, &s);
	if (rc != AIM_OK)
		return rc;
	if (row->match == AIM_DISCOVERY_SAME)
		report(a, "known", STYLE_DIM, s.name, row->id, "");
	else if (row->match == AIM_DISCOVERY_NAMESAKE)
		report(a, "refused", STYLE_BAD, s.name, row->id, "its name is registered, with another launch or URL");
	else if (!from_found(a->found, i, &a->spec, a->parts))
		report(a, "refused", STYLE_BAD, s.name, "", "too many arguments or variables");
	else
		rc = register_numbered(a, s.name, &server, &err);
	if (server)
		report(a, "registered", STYLE_GOOD, aim_server_name(server), aim_server_id(server).ptr, "");
	aim_server_free(server);
	if (rc != AIM_OK && is_hopeless(rc))
		say_error("cannot register", rc, &err);
	else if (rc != AIM_OK)
		report(a, "refused", STYLE_BAD, s.name, "", err.message);
	return is_hopeless(rc) ? rc : AIM_OK;
}

static int register_rows(all *a, const detected *rows)
{
	aim_status rc = AIM_OK;
	a->table = table_new(columns, N(columns));
	if (!a->table)
		return EXIT_FAILED;
	for (size_t i = 0; i < aim_discovery_count(a->found) && rc == AIM_OK; i++)
		rc = register_row(a, i, &rows[i]);
	table_free(a->table, rc == AIM_OK ? "no client uses a server" : NULL);
	fflush(stdout);
	if (rc != AIM_OK)
		return EXIT_FILE;
	if (a->n_refused)
		say("%zu of %zu servers were not registered", a->n_refused, aim_discovery_count(a->found));
	return detect_problems(a->found) || a->n_refused ? EXIT_REFUSED : EXIT_OK;
}

static int register_all(program *p, const registry_options *o)
{
	server_parts parts;
	detected *rows = NULL;
	aim_discovery *found = NULL;
	all a = {.p = p, .parts = malloc(sizeof *a.parts)};
	int code = a.parts ? detect_scan(p, o->home, o->cwd, &found) : EXIT_FAILED;
	if (code == EXIT_OK)
		code = server_spec(p, o, &a.spec, &parts);
	if (code == EXIT_OK)
		code = registry_open(p, TO_MAKE);
	if (code == EXIT_OK)
		code = detect_assess(p, found, &rows);
	a.found = found;
	if (code == EXIT_OK)
		code = register_rows(&a, rows);
	free(rows);
	free(a.parts);
	aim_discovery_free(found);
	return code;
}

int run_mcp_register(program *p)
{
	const registry_options *o = p->options;
	int all_of_them = (o->flags & REGISTRY_ALL) != 0;
	if (all_of_them == (p->n_args > 0)) {
		say("register takes NAME and what it is started or reached by, or --all");
		return EXIT_USAGE;
	}
	if (all_of_them && (o->url || o->display_name || o->description || o->public_key || o->key_file)) {
		say("--all takes no option that is of one server");
		return EXIT_USAGE;
	}
	if (all_of_them)
		return register_all(p, o);
	return p->n_args == 1 && !o->url ? register_found(p, o, p->args[0]) : register_given(p, o);
}
