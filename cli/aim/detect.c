/* cli/aim/detect.c — aim detect: the MCP servers that clients are told to use, and whether each can be trusted. Nothing
 * that is found is started. */
#include "advisory.h"
#include "detect.h"
#include "fingerprint.h"

#include "../common/progress.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#define PLATFORM AIM_PLATFORM_MACOS
#else
#define PLATFORM AIM_PLATFORM_LINUX
#endif

#define VARIABLES_MAX 8192u

#define AT(member) offsetof(detect_options, member)

static const option detect_command_options[] = {
	{"--home", NULL, "DIR", OPTION_TEXT, 0, AT(home), NULL, "look in this home folder, and in none that the environment names"},
	{"--cwd", NULL, "DIR", OPTION_TEXT, 0, AT(cwd), NULL, "look for a project's files here; default: the current folder"},
	{"--advisories", NULL, "OSV", OPTION_TEXT, 0, AT(advisories), NULL,
	 "also say what these OSV records know of the packages that servers are started from"},
	{"--long", "-l", NULL, OPTION_FLAG, DETECT_LONG, AT(flags), NULL, "also how each is started, and where it is configured"},
};

static const char *const kind_names[] = {"any", "tool", "prompt", "resource", "resource_template", "server", NULL};

static const option fingerprint_command_options[] = {
	{"--server", NULL, "SERVER", OPTION_TEXT, 0, offsetof(fingerprint_options, server), NULL,
	 "what the baseline of a registered server holds, instead of a file"},
	{"--against", NULL, "FILE", OPTION_TEXT, 0, offsetof(fingerprint_options, against), NULL,
	 "show what differs from this file, which came before"},
	{"--kind", NULL, "KIND", OPTION_CHOICE, 0, offsetof(fingerprint_options, kind), kind_names,
	 "what a definition that stands alone or in a bare list is; default: recognised by its members"},
};

static const command commands[] = {
	{"detect", "", 0, 0, "find the MCP servers that clients use, and check each",
	 "Reads the configuration of every known client, and variables MCP_SERVER_* that hold a URL. Nothing is started, and no "
	 "server is spoken to.\n"
	 "PASS: registered under this launch or URL, confidence 60 % or more, at least one attestation counts, no open drift, not suspended. FAIL: "
	 "revoked, an attestation that is not what was signed, or a registered name with another launch or URL. WARN: everything "
	 "else.\n"
	 "Exit status: 0 when all pass, 1 when one fails, 6 when one warns or a file could not be read.",
	 detect_command_options, N(detect_command_options), sizeof(detect_options), run_detect},
	{"fingerprint", "[FILE]", 0, 1, "hash what a server shows, and say what changed",
	 "FILE holds JSON: one definition, a list of them, an object with tools, prompts, resources, resourceTemplates and server, or an "
	 "answer of tools/list; - is standard input. Each definition is hashed whole, so that no member is a place to hide "
	 "instructions in; the manifest pins all of them.\n"
	 "Exit status with --against: 0 when nothing differs, 1 when something does.",
	 fingerprint_command_options, N(fingerprint_command_options), sizeof(fingerprint_options), run_fingerprint},
};

const group group_servers = {NULL, "Looking", commands, N(commands)};

/* --- where to look --------------------------------------------------------------------------------------------------- */

extern char **environ;

/* Another home is not where this user's folders are. */
static size_t take_variables(aim_discovery_variable *out, int servers_only)
{
	size_t n = 0;
	for (char **v = environ; v && *v && n < VARIABLES_MAX; v++) {
		const char *equals = strchr(*v, '=');
		if (!equals || (servers_only && strncmp(*v, "MCP_SERVER_", 11) != 0))
			continue;
		out[n].name = (aim_str){*v, (size_t)(equals - *v)};
		out[n++].value = aim_str_from(equals + 1);
	}
	return n;
}

static const char *home_folder(const char *given)
{
	const char *home = given ? given : getenv("HOME");
	if (home && *home)
		return home;
	const struct passwd *user = getpwuid(getuid());
	return user ? user->pw_dir : NULL;
}

static int scan(program *p, const aim_discovery_place *place, aim_discovery *found)
{
	aim_error err = {0};
	aim_discovery_reader reader = {.struct_size = sizeof reader};
	aim_status rc = aim_discoveryfile_reader(&reader);
	progress_begin("looking for servers", is_quiet(p));
	if (rc == AIM_OK)
		rc = aim_discovery_scan(found, place, &reader, &err);
	progress_end();
	return rc == AIM_OK ? EXIT_OK : failed("cannot look for servers", rc, &err);
}

int detect_scan(program *p, const char *home, const char *cwd, aim_discovery **out)
{
	aim_error err = {0};
	aim_discovery *found = NULL;
	char *here = cwd ? NULL : getcwd(NULL, 0);
	aim_discovery_variable *variables = calloc(VARIABLES_MAX, sizeof *variables);
	aim_discovery_place place = {.struct_size = sizeof place, .platform = PLATFORM, .variables = variables};
	int code = variables ? open_context(p) : EXIT_FAILED;
	if (!variables)
		say("out of memory");
	if (code == EXIT_OK) {
		place.home = aim_str_from(home_folder(home));
		place.cwd = aim_str_from(cwd ? cwd : here);
		place.n_variables = take_variables(variables, home != NULL);
		aim_status rc = aim_discovery_new(p->ctx, NULL, &found, &err);
		code = rc == AIM_OK ? scan(p, &place, found) : failed("cannot look for servers", rc, &err);
	}
	free(variables);
	free(here);
	if (code == EXIT_OK)
		*out = found;
	else
		aim_discovery_free(found);
	return code;
}

size_t detect_problems(const aim_discovery *found)
{
	size_t n = aim_discovery_problem_count(found);
	for (size_t i = 0; i < n; i++) {
		aim_discovery_problem problem = {.struct_size = sizeof problem};
		if (aim_discovery_problem_at(found, i, &problem) != AIM_OK)
			continue;
		if (problem.line)
			say("%s: %s:%u:%u: %s (%s)", problem.client.ptr, problem.path.ptr, problem.line, problem.column,
			    problem.message.ptr, aim_status_name(problem.status));
		else
			say("%s: %s: %s (%s)", problem.client.ptr, problem.path.ptr, problem.message.ptr, aim_status_name(problem.status));
	}
	return n;
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

static int is_folder(const char *option_name, const char *path)
{
	if (!path || access(path, R_OK | X_OK) == 0)
		return 1;
	say("%s: %s cannot be looked into", option_name, path);
	return 0;
}

static int verdict_of_all(const detected *rows, size_t n, size_t n_problems)
{
	int code = n_problems ? EXIT_WARN : EXIT_OK;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].verdict == AIM_CONFIDENCE_FAIL)
			return EXIT_NO;
		if (rows[i].verdict == AIM_CONFIDENCE_WARN)
			code = EXIT_WARN;
	}
	return code;
}

int run_detect(program *p)
{
	detected *rows = NULL;
	aim_discovery *found = NULL;
	const detect_options *o = p->options;
	if (!is_folder("--home", o->home) || !is_folder("--cwd", o->cwd))
		return EXIT_FILE;
	int code = detect_scan(p, o->home, o->cwd, &found);
	if (code == EXIT_OK)
		code = detect_assess(p, found, &rows);
	int advised = code == EXIT_OK && o->advisories ? advisories_mark(p, o->advisories, found, rows) : EXIT_OK;
	if (advised != EXIT_OK && advised != EXIT_WARN && advised != EXIT_NO)
		code = advised;
	if (code == EXIT_OK) {
		detect_show(p, found, rows, o->flags);
		code = verdict_of_all(rows, aim_discovery_count(found), detect_problems(found));
		code = advised == EXIT_NO || (advised == EXIT_WARN && code == EXIT_OK) ? advised : code;
	}
	free(rows);
	aim_discovery_free(found);
	return code;
}
