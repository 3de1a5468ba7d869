/* cli/aim_guard/options.c — the command line. */
#include "../common/options.h"
#include "program.h"

#include <string.h>

#define VERB_STDIO 1u
#define VERB_LOG 2u
#define VERB_VERIFY 4u
#define VERB_APPROVE 8u
#define VERB_HTTP 16u

static const char *const presets[] = {"pinned", "observe", "locked", NULL};
static const char *const responses[] = {"log", "off", "sanitize", "block", NULL};
static const char *const durabilities[] = {"durable", "buffered", NULL};

#define AT(member) offsetof(options, member)
#define STORE {"--store", NULL, "FILE", OPTION_TEXT, 0, AT(store), NULL, NULL}
#define SERVER {"--server", NULL, "NAME", OPTION_TEXT, 0, AT(server), NULL, NULL}

/* What every guard can be told. */
#define GUARDING \
	STORE, \
	SERVER, \
	{"--policy", NULL, "FILE", OPTION_TEXT, 0, AT(policy), NULL, NULL}, \
	{"--agent", NULL, "NAME", OPTION_TEXT, 0, AT(agent), NULL, NULL}, \
	{"--preset", NULL, "PRESET", OPTION_CHOICE, 0, AT(preset), presets, NULL}, \
	{"--responses", NULL, "POLICY", OPTION_CHOICE, 0, AT(responses), responses, NULL}, \
	{"--audit", NULL, "MODE", OPTION_CHOICE, 0, AT(durability), durabilities, NULL}, \
	{"--monitor", NULL, NULL, OPTION_FLAG, AIM_GUARD_MONITOR, AT(flags), NULL, NULL}, \
	{"--allow-unknown", NULL, NULL, OPTION_FLAG, AIM_GUARD_ALLOW_UNKNOWN, AT(flags), NULL, NULL}, \
	{"--no-learn", NULL, NULL, OPTION_FLAG, AIM_GUARD_LEARN, AT(flags), NULL, NULL}, \
	{"--approvals", NULL, NULL, OPTION_FLAG, AIM_GUARD_KEEP_APPROVALS, AT(flags), NULL, NULL}, \
	{"--mark", NULL, NULL, OPTION_FLAG, AIM_GUARD_MARK, AT(flags), NULL, NULL}, \
	{"--max-message", NULL, "BYTES", OPTION_NUMBER, 0, AT(max_message), NULL, NULL}, \
	{"--quiet", NULL, NULL, OPTION_FLAG, LOUDNESS_QUIET, AT(loudness), NULL, NULL}, \
	{"--verbose", NULL, NULL, OPTION_FLAG, LOUDNESS_VERBOSE, AT(loudness), NULL, NULL}

static const option of_stdio[] = {GUARDING};
static const option of_http[] = {
	GUARDING,
	{"--listen", NULL, "HOST:PORT", OPTION_TEXT, 0, AT(listen), NULL, NULL},
	{"--upstream", NULL, "URL", OPTION_TEXT, 0, AT(upstream), NULL, NULL},
	{"--upstream-ca", NULL, "FILE", OPTION_TEXT, 0, AT(upstream_ca), NULL, NULL},
	{"--upstream-timeout", NULL, "SECONDS", OPTION_NUMBER, 0, AT(upstream_timeout_s), NULL, NULL},
	{"--path", NULL, "PATH", OPTION_TEXT, 0, AT(path), NULL, NULL},
	{"--tls-cert", NULL, "FILE", OPTION_TEXT, 0, AT(tls_cert), NULL, NULL},
	{"--tls-key", NULL, "FILE", OPTION_TEXT, 0, AT(tls_key), NULL, NULL},
	{"--plain", NULL, NULL, OPTION_FLAG, 1, AT(is_plain), NULL, NULL},
	{"--allow-origin", NULL, "ORIGINS", OPTION_TEXT, 0, AT(allow_origin), NULL, NULL},
	{"--max-sessions", NULL, "N", OPTION_NUMBER, 0, AT(max_sessions), NULL, NULL},
	{"--max-connections", NULL, "N", OPTION_NUMBER, 0, AT(max_connections), NULL, NULL},
	{"--session-idle", NULL, "SECONDS", OPTION_NUMBER, 0, AT(session_idle_s), NULL, NULL},
};
static const option of_log[] = {STORE, {"--limit", NULL, "N", OPTION_NUMBER, 0, AT(limit), NULL, NULL}};
static const option of_verify[] = {STORE};
static const option of_approve[] = {STORE, SERVER, {"--actor", NULL, "WHO", OPTION_TEXT, 0, AT(actor), NULL, NULL}};

typedef struct verb {
	const char *name;
	unsigned bit;
	const option *options;
	size_t n_options;
} verb;

#define N(array) (sizeof(array) / sizeof *(array))

static const verb verbs[] = {
	{"stdio", VERB_STDIO, of_stdio, N(of_stdio)},
	{"http", VERB_HTTP, of_http, N(of_http)},
	{"log", VERB_LOG, of_log, N(of_log)},
	{"verify", VERB_VERIFY, of_verify, N(of_verify)},
	{"approve", VERB_APPROVE, of_approve, N(of_approve)},
};

static int check_http(const options *o)
{
	if (!o->upstream || (strncmp(o->upstream, "http://", 7) != 0 && strncmp(o->upstream, "https://", 8) != 0)) {
		say("http needs --upstream URL, of a server that speaks Streamable HTTP: http://… or https://…");
		return EXIT_USAGE;
	}
	if (!o->tls_cert != !o->tls_key) {
		say("--tls-cert and --tls-key belong together");
		return EXIT_USAGE;
	}
	if (o->path && o->path[0] != '/') {
		say("--path begins with '/'; '%s' does not", o->path);
		return EXIT_USAGE;
	}
	if (o->max_sessions > 100000 || o->max_connections > 100000 || o->session_idle_s > 31536000 ||
	    o->upstream_timeout_s > 31536000) {
		say("--max-sessions and --max-connections are at most 100000, --session-idle and --upstream-timeout 31536000");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int check(const options *o, unsigned verb_bit)
{
	if (o->flags & AIM_GUARD_KEEP_APPROVALS && !o->store) {
		say("--approvals needs --store FILE: who approves reads it there, with aim approve");
		return EXIT_USAGE;
	}
	if (verb_bit == VERB_HTTP)
		return check_http(o);
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

static const verb *find_verb(const char *name)
{
	for (size_t i = 0; i < N(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int options_read_guard(options *o, int argc, char **argv)
{
	memset(o, 0, sizeof *o);
	o->agent = "local";
	o->limit = 20;
	o->listen = "127.0.0.1:8808";
	o->max_sessions = 1024;
	o->max_connections = 1024;
	o->session_idle_s = 3600;
	o->upstream_timeout_s = 300;
	o->verb = argc > 1 ? argv[1] : "";
	const verb *v = find_verb(o->verb);
	int n = 0, n_used = 0;
	if (!v) {
		say("'%s' is not a subcommand; expected stdio, http, log, verify or approve; see aim-guard --help", o->verb);
		return EXIT_USAGE;
	}
	char **args = argv + 2;
	option_list list = {v->options, v->n_options, o};
	int code = options_read(&list, 1, o->verb, "aim-guard --help", v->bit == VERB_STDIO, argc - 2, args, &n);
	if (code != EXIT_OK)
		return code;
	if (v->bit == VERB_STDIO)
		o->command = args;
	else if (v->bit == VERB_APPROVE && n > 0)
		o->tool = args[n_used++];
	if (v->bit != VERB_STDIO && n_used < n) {
		say("%s: unexpected argument", args[n_used]);
		return EXIT_USAGE;
	}
	return check(o, v->bit);
}

/* --- the server's name ------------------------------------------------------------------------------------ */

/* The host of a URL, and its port. */
static void host_name(const char *url, char *out, size_t size)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	snprintf(out, size, "%.*s", (int)strcspn(host, "/?#"), host);
}

void options_server_name(const options *o, char *out, size_t size)
{
	if (o->server)
		snprintf(out, size, "%s", o->server);
	else if (!o->command)
		host_name(o->upstream, out, size);
	else
		child_name(o->command, out, size);
}
