/* cli/aim/commands.c — the table of everything aim does. */
#include "program.h"

#include <string.h>

#define AT(member) offsetof(globals, member)

const option global_options[] = {
	{"--store", NULL, "FILE", OPTION_TEXT, 0, AT(store), NULL, "the SQLite store; default: $AIM_STORE, else aim.db"},
	{"--json", NULL, NULL, OPTION_FLAG, GLOBAL_JSON, AT(flags), NULL, "answer in JSON, lists as JSON Lines"},
	{"--no-color", NULL, NULL, OPTION_FLAG, GLOBAL_NO_COLOR, AT(flags), NULL, "no colour, also on a terminal"},
	{"--quiet", "-q", NULL, OPTION_FLAG, GLOBAL_QUIET, AT(flags), NULL, "no notes and no progress on standard error"},
	{"--help", "-h", NULL, OPTION_FLAG, GLOBAL_HELP, AT(flags), NULL, "show help, of a command when one is given"},
	{"--version", NULL, NULL, OPTION_FLAG, GLOBAL_VERSION, AT(flags), NULL, "show the version"},
};
const size_t n_global_options = N(global_options);

static const command own_commands[] = {
	{"help", "[COMMAND…]", 0, 2, "show what aim does, or one command", NULL, NULL, 0, 0, run_help},
	{"completion", "bash", 1, 1, "print the completion script for bash",
	 "Packages install it where bash finds it. For one session: source <(aim completion bash)", NULL, 0, 0, run_completion},
};

const group group_own = {NULL, "Help", own_commands, N(own_commands)};

const group *const groups[] = {
	&group_servers,
	&group_scan,
	&group_mcp,
	&group_agent,
	&group_key,
	&group_audit,
	&group_trust,
	&group_drift,
	&group_approve,
	&group_attest,
	&group_policy,
	&group_own,
};
const size_t n_groups = N(groups);

const group *find_group(const char *name)
{
	for (size_t i = 0; i < n_groups; i++)
		if (groups[i]->name && strcmp(groups[i]->name, name) == 0)
			return groups[i];
	return NULL;
}

const command *find_command(const group *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->commands[i].name, name) == 0)
			return &g->commands[i];
	return NULL;
}

const command *find_alone(const char *name, const group **out_group)
{
	const command *c = NULL;
	for (size_t i = 0; i < n_groups && !c; i++)
		if (!groups[i]->name && (c = find_command(groups[i], name)))
			*out_group = groups[i];
	return c;
}
