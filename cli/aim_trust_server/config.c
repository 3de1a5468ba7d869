/* cli/aim_trust_server/config.c — the environment and the command line. */
#include "../common/options.h"
#include "program.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_NAME "mcp-trust-agent"
#define DEFAULT_MIN_TRUST 500u
#define MAX_TRUST 1000u

#define AT(member) offsetof(config, member)
static const option table[] = {
	{"--store", NULL, "FILE", OPTION_TEXT, 0, AT(store), NULL, NULL},
	{"--key", NULL, "FILE", OPTION_TEXT, 0, AT(key_file), NULL, NULL},
	{"--http", NULL, "[ADDRESS:]PORT", OPTION_TEXT, 0, AT(http), NULL, NULL},
	{"--token-file", NULL, "FILE", OPTION_TEXT, 0, AT(token_file), NULL, NULL},
	{"--origin", NULL, "ORIGIN", OPTION_TEXT, 0, AT(origin), NULL, NULL},
};

/* 0 to 1000 in decimal digits and nothing else. Returns −1. */
static int read_score(const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 4 || strspn(text, "0123456789") != len)
		return -1;
	unsigned long value = strtoul(text, NULL, 10);
	if (value > MAX_TRUST)
		return -1;
	*out = (uint32_t)value;
	return 0;
}

static int read_environment(config *c)
{
	const char *name = getenv("AGENTMESH_AGENT_NAME");
	const char *score = getenv("AGENTMESH_MIN_TRUST_SCORE");
	c->name = name && *name ? name : DEFAULT_NAME;
	c->min_trust = DEFAULT_MIN_TRUST;
	if (!score || !*score || read_score(score, &c->min_trust) == 0)
		return EXIT_OK;
	say("AGENTMESH_MIN_TRUST_SCORE must be a whole number from 0 to 1000");
	return EXIT_USAGE;
}

static int read_backend(config *c)
{
	const char *backend = getenv("AGENTMESH_STORAGE_BACKEND");
	int unset = !backend || !*backend;
	if (unset)
		backend = c->store ? "sqlite" : "memory";
	if (strcmp(backend, "memory") == 0 && !c->store) {
		c->backend = BACKEND_MEMORY;
		return EXIT_OK;
	}
	if (strcmp(backend, "sqlite") == 0 && c->store) {
		c->backend = BACKEND_SQLITE;
		return EXIT_OK;
	}
	if (strcmp(backend, "memory") == 0)
		say("--store needs AGENTMESH_STORAGE_BACKEND=sqlite");
	else if (strcmp(backend, "sqlite") == 0)
		say("AGENTMESH_STORAGE_BACKEND=sqlite needs --store FILE");
	else if (strcmp(backend, "redis") == 0 || strcmp(backend, "postgres") == 0)
		say("AGENTMESH_STORAGE_BACKEND=%s is not in this build; memory and sqlite are", backend);
	else
		say("AGENTMESH_STORAGE_BACKEND must be memory or sqlite");
	return EXIT_USAGE;
}

/* What is kept needs a key that is kept. */
static int place_key(config *c)
{
	if (c->key_file || c->backend == BACKEND_MEMORY)
		return EXIT_OK;
	size_t size = strlen(c->store) + sizeof ".key";
	c->key_file_made = malloc(size);
	if (!c->key_file_made)
		return EXIT_FAILED;
	snprintf(c->key_file_made, size, "%s.key", c->store);
	c->key_file = c->key_file_made;
	return EXIT_OK;
}

int config_read(config *c, int argc, char **argv)
{
	option_list list = {table, sizeof table / sizeof *table, c};
	int n = 0;
	memset(c, 0, sizeof *c);
	int code = options_read(&list, 1, "aim-trust-server", "aim-trust-server --help", 0, argc - 1, argv + 1, &n);
	if (code != EXIT_OK)
		return code;
	if (n > 0) {
		say("%s: unexpected argument", argv[1]);
		return EXIT_USAGE;
	}
	if (!c->http && (c->token_file || c->origin)) {
		say("--token-file and --origin need --http");
		return EXIT_USAGE;
	}
	code = read_environment(c);
	if (code == EXIT_OK)
		code = read_backend(c);
	return code == EXIT_OK ? place_key(c) : code;
}

void config_free(config *c)
{
	free(c->key_file_made);
}
