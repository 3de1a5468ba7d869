/* cli/aim_guard/program.h — what the files of aim-guard share. The program uses libaim's public API only.
 *
 *     main.c     the subcommands and --help
 *     options.c  the command line
 *     open.c     context, store, log, registry, policy; agent and server registered
 *     stdio.c    the poll loop between client, guard and server
 *     http.c     an endpoint before another one, with the files that http.h lists
 *     report.c   what the guard did, told to the operator
 *     log.c      aim-guard log, verify, approve
 *
 * What it shares with the other programs is in cli/common.
 */
#ifndef AIM_GUARD_PROGRAM_H
#define AIM_GUARD_PROGRAM_H

#include "../common/child.h"
#include "../common/say.h"

#include <stdio.h>

/* Exit status; aim-guard(1) and --help list them. */
enum {
	/* EXIT_OK = 0, EXIT_USAGE = 2: common/say.h */
	EXIT_FAILED = 1,  /* anything not below; verify: the log is not intact */
	EXIT_STORE = 3,   /* the store cannot be opened, read or written */
	EXIT_POLICY = 4,  /* the policy cannot be read or has errors */
	EXIT_START = 5,   /* the server cannot be started */
	EXIT_SERVER = 6,  /* the server ended with a failure of its own */
	EXIT_SIGNAL = 128 /* plus the number of the signal that ended aim-guard */
};

/* As bits: 0 is in between. */
enum { LOUDNESS_NORMAL, LOUDNESS_QUIET, LOUDNESS_VERBOSE };

typedef struct options {
	const char *verb; /* "stdio", "log", … */
	const char *policy;
	const char *store;
	const char *agent;
	const char *server;
	const char *actor;
	const char *tool;
	uint32_t preset;
	uint32_t responses;  /* AIM_GUARD_RESPONSES_* */
	uint32_t flags;      /* AIM_GUARD_* */
	uint32_t durability; /* AIM_AUDIT_* */
	uint32_t loudness;   /* LOUDNESS_* */
	uint64_t max_message;
	uint64_t limit;
	char **command; /* NULL-terminated */
	/* http */
	const char *listen; /* HOST:PORT */
	const char *upstream; /* URL */
	const char *upstream_ca;
	const char *path;
	const char *tls_cert;
	const char *tls_key;
	const char *allow_origin; /* separated by commas */
	uint32_t is_plain;
	uint64_t max_sessions;
	uint64_t max_connections;
	uint64_t session_idle_s;
	uint64_t upstream_timeout_s;
} options;

/* Reads the command line. EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int options_read_guard(options *o, int argc, char **argv);
/* The server's name when none is given: what the command runs, without launcher and path. */
void options_server_name(const options *o, char *out, size_t size);

/* Everything that is open. close_all() may be called on any state of it. */
typedef struct program {
	const options *options;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_authorizer *authorizer;
	aim_rates *rates; /* of all guards; with a policy */
	aim_behaviour *behaviour; /* of all guards; NULL with --no-learn */
	aim_guard *guard;         /* of stdio */
	aim_guard_event_fn report; /* of every guard */
	char agent_id[64];
	char server_id[64];
	char server_name[257];
	/* report.c */
	unsigned n_new_tools;     /* not told yet */
	unsigned n_refused_lines; /* told so far */
	int unrecorded;           /* the log refused a record */
} program;

/* Each says what went wrong on stderr. EXIT_OK or another. */
int open_context(program *p);
int open_store(program *p, uint32_t sqlite_flags);
int open_log(program *p);
int open_policy(program *p);
int open_subjects(program *p);
int open_guard(program *p);
/* A guard for one connection. What aim_guard_new() returns. */
aim_status make_guard(program *p, aim_guard **out);
/* Reads the policy again; the one in force stays when it has mistakes, which are said. Without --policy nothing. */
void reload_policy(program *p);
/* Writes what waits. EXIT_STORE when the last records could not be written. */
int close_all(program *p);

/* Runs the loop. An exit status. */
int stdio_run(program *p);
int http_run(program *p);

/* aim_guard_event_fn. user is the program. */
void report_event(void *user, const aim_guard_event *event);
/* What was counted and not told yet. */
void report_rest(program *p);

int run_log(program *p);
int run_verify(program *p);
int run_approve(program *p);

#endif
