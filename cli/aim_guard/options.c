/* cli/aim_guard/options.c — the command line. */
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERB_STDIO 1u
#define VERB_LOG 2u
#define VERB_VERIFY 4u
#define VERB_APPROVE 8u

typedef struct verb {
	const char *name;
	unsigned bit;
} verb;

static const verb verbs[] = {
	{"stdio", VERB_STDIO}, {"log", VERB_LOG}, {"verify", VERB_VERIFY}, {"approve", VERB_APPROVE}};

typedef struct option {
	const char *name;
	unsigned verbs;
	int takes_value;
	int (*set)(options *o, const char *value);
} option;

static int bad(const char *name, const char *value, const char *expected)
{
	say("%s: '%s' is not %s", name, value, expected);
	return EXIT_USAGE;
}

static int number(const char *name, const char *value, uint64_t *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || n == 0)
		return bad(name, value, "a positive number");
	*out = n;
	return EXIT_OK;
}

static int set_policy(options *o, const char *v)
{
	o->policy = v;
	return EXIT_OK;
}

static int set_store(options *o, const char *v)
{
	o->store = v;
	return EXIT_OK;
}

static int set_agent(options *o, const char *v)
{
	o->agent = v;
	return EXIT_OK;
}

static int set_server(options *o, const char *v)
{
	o->server = v;
	return EXIT_OK;
}

static int set_actor(options *o, const char *v)
{
	o->actor = v;
	return EXIT_OK;
}

static int set_preset(options *o, const char *v)
{
	static const char *const names[] = {"pinned", "observe", "locked"};
	for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(v, names[i]) == 0) {
			o->preset = i;
			return EXIT_OK;
		}
	return bad("--preset", v, "one of pinned, observe, locked");
}

static int set_audit(options *o, const char *v)
{
	if (strcmp(v, "durable") != 0 && strcmp(v, "buffered") != 0)
		return bad("--audit", v, "one of durable, buffered");
	o->durability = v[0] == 'd' ? AIM_AUDIT_DURABLE : AIM_AUDIT_BUFFERED;
	return EXIT_OK;
}

static int set_max_message(options *o, const char *v)
{
	return number("--max-message", v, &o->max_message);
}

static int set_limit(options *o, const char *v)
{
	return number("--limit", v, &o->limit);
}

static int set_monitor(options *o, const char *v)
{
	(void)v;
	o->flags |= AIM_GUARD_MONITOR;
	return EXIT_OK;
}

static int set_allow_unknown(options *o, const char *v)
{
	(void)v;
	o->flags |= AIM_GUARD_ALLOW_UNKNOWN;
	return EXIT_OK;
}

static int set_quiet(options *o, const char *v)
{
	(void)v;
	o->loudness = LOUDNESS_QUIET;
	return EXIT_OK;
}

static int set_verbose(options *o, const char *v)
{
	(void)v;
	o->loudness = LOUDNESS_VERBOSE;
	return EXIT_OK;
}

#define ALL (VERB_STDIO | VERB_LOG | VERB_VERIFY | VERB_APPROVE)

static const option known[] = {
	{"--policy", VERB_STDIO, 1, set_policy},
	{"--store", ALL, 1, set_store},
	{"--agent", VERB_STDIO, 1, set_agent},
	{"--server", VERB_STDIO | VERB_APPROVE, 1, set_server},
	{"--preset", VERB_STDIO, 1, set_preset},
	{"--audit", VERB_STDIO, 1, set_audit},
	{"--monitor", VERB_STDIO, 0, set_monitor},
	{"--allow-unknown", VERB_STDIO, 0, set_allow_unknown},
	{"--max-message", VERB_STDIO, 1, set_max_message},
	{"--quiet", VERB_STDIO, 0, set_quiet},
	{"--verbose", VERB_STDIO, 0, set_verbose},
	{"--limit", VERB_LOG, 1, set_limit},
	{"--actor", VERB_APPROVE, 1, set_actor},
};

static const option *find_option(const char *arg, size_t len, unsigned verb_bit)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == len && memcmp(known[i].name, arg, len) == 0 && known[i].verbs & verb_bit)
			return &known[i];
	return NULL;
}

/* "--name VALUE" and "--name=VALUE". */
static int read_option(options *o, unsigned verb_bit, char **argv, int *at)
{
	const char *arg = argv[*at];
	const char *equals = strchr(arg, '=');
	const option *found = find_option(arg, equals ? (size_t)(equals - arg) : strlen(arg), verb_bit);
	if (!found) {
		say("%s: unknown option for %s; see aim-guard --help", arg, o->verb);
		return EXIT_USAGE;
	}
	if (!found->takes_value) {
		if (equals)
			return bad(found->name, equals + 1, "expected: it takes no value");
		return found->set(o, NULL);
	}
	const char *value = equals ? equals + 1 : argv[++*at];
	if (!value || !*value) {
		say("%s needs a value", found->name);
		return EXIT_USAGE;
	}
	return found->set(o, value);
}

static int check(const options *o, unsigned verb_bit)
{
	if (verb_bit == VERB_STDIO && (!o->command || !o->command[0])) {
		say("stdio needs the server's command: aim-guard stdio [OPTIONS] -- COMMAND [ARG…]");
		return EXIT_USAGE;
	}
	if (verb_bit != VERB_STDIO && !o->store) {
		say("%s needs --store FILE", o->verb);
		return EXIT_USAGE;
	}
	if (verb_bit == VERB_APPROVE && !o->server) {
		say("approve needs --server NAME");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static unsigned verb_of(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return verbs[i].bit;
	return 0;
}

int options_read(options *o, int argc, char **argv)
{
	memset(o, 0, sizeof *o);
	o->agent = "local";
	o->limit = 20;
	o->loudness = LOUDNESS_NORMAL;
	o->verb = argc > 1 ? argv[1] : "";
	unsigned bit = verb_of(o->verb);
	if (!bit) {
		say("'%s' is not a subcommand; expected stdio, log, verify or approve; see aim-guard --help", o->verb);
		return EXIT_USAGE;
	}
	int at = 2;
	for (; at < argc && argv[at][0] == '-' && strcmp(argv[at], "--") != 0; at++) {
		int rc = read_option(o, bit, argv, &at);
		if (rc != EXIT_OK)
			return rc;
	}
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (bit == VERB_STDIO)
		o->command = argv + at;
	else if (bit == VERB_APPROVE && at < argc)
		o->tool = argv[at++];
	if (bit != VERB_STDIO && at < argc) {
		say("%s: unexpected argument", argv[at]);
		return EXIT_USAGE;
	}
	return check(o, bit);
}

/* --- the server's name ------------------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static int is_launcher(const char *command)
{
	static const char *const names[] = {"npx", "node", "bun", "bunx", "deno", "python", "python3", "uv", "uvx", "env", "sh", "bash", "run", "exec", "x"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(base_name(command), names[i]) == 0)
			return 1;
	return 0;
}

void options_server_name(const options *o, char *out, size_t size)
{
	char **arg = o->command;
	while (arg[1] && (is_launcher(*arg) || (*arg)[0] == '-'))
		arg++;
	snprintf(out, size, "%s", o->server ? o->server : base_name(*arg));
}
