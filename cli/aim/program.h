/* cli/aim/program.h — what the files of aim share. The program uses libaim's public API only.
 *
 *     main.c        reads the command line, runs the command
 *     commands.c    the table of groups
 *     help.c        --help, made from the table
 *     completion.c  shell completion, made from the table
 *     open.c        context, store, log; statuses and exit statuses
 *     subject.c     agents and servers by name or id
 *     key*.c        aim key …
 *     audit*.c      aim audit …
 *     trust.c       aim trust …
 *     drift.c       aim drift …
 *     detect*.c     aim detect
 *     fingerprint*.c  aim fingerprint
 *     scan.c        aim scan
 *     registry.c    what aim mcp and aim agent share
 *     mcp*.c        aim mcp …
 *     agent*.c      aim agent …
 *     attest*.c     aim attest …, aim mcp sign, aim mcp attest, aim mcp verify
 *     policy*.c     aim policy …
 *     talk.c        a conversation with an MCP server that was started
 *
 * A new command is one entry in its group's table; a new group one entry in commands.c. Help, completion and the
 * tests find it by itself. What aim shares with the other programs is in cli/common.
 */
#ifndef AIM_PROGRAM_H
#define AIM_PROGRAM_H

#include "../common/files.h"
#include "../common/options.h"
#include "../common/say.h"
#include "../common/screen.h"

#include <stddef.h>

/* Exit status, the same for every command; aim(1) and --help list them. EXIT_OK and EXIT_USAGE: common/say.h. */
enum {
	EXIT_NO = 1,      /* the answer is no: not intact, not valid, not found */
	EXIT_FILE = 3,    /* a store, a file or the output cannot be opened, read or written */
	EXIT_REFUSED = 4, /* wrong passphrase, already there, not for this purpose, not in this state */
	EXIT_FAILED = 5,  /* anything else */
	EXIT_START = 7,   /* aim mcp attest: the server cannot be started, or does not answer as an MCP server */
	EXIT_WARN = 6     /* aim detect, aim mcp verify, aim scan: nothing failed, and not everything passed or could be read */
};

typedef struct program program;

typedef struct command {
	const char *name;      /* "generate" */
	const char *arguments; /* "FILE [OUT]", for the usage line; "" for none */
	int least, most;       /* arguments; most −1: any number */
	const char *summary;   /* one line */
	const char *text;      /* paragraphs for its help; may be NULL */
	const option *options;
	size_t n_options;
	size_t options_size;
	int (*run)(program *p);
} command;

typedef struct group {
	const char *name; /* "key"; NULL: its commands stand alone */
	const char *title;
	const command *commands;
	size_t n;
} group;

extern const group *const groups[];
extern const size_t n_groups;
extern const group group_approve, group_key, group_audit, group_trust, group_drift, group_attest, group_servers, group_scan, group_mcp,
	group_agent, group_policy, group_own;

#define N(array) (sizeof(array) / sizeof *(array))

#define GLOBAL_JSON 1u
#define GLOBAL_NO_COLOR 2u
#define GLOBAL_QUIET 4u
#define GLOBAL_HELP 8u
#define GLOBAL_VERSION 16u

typedef struct globals {
	const char *store;
	uint32_t flags; /* GLOBAL_* */
} globals;

extern const option global_options[];
extern const size_t n_global_options;

struct program {
	globals global;
	const group *group;
	const command *command;
	void *options; /* the command's own */
	char **args;
	int n_args;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
};

/* The exit status of a failed call. */
int exit_of(aim_status rc);
/* say_error() and exit_of(). */
int failed(const char *what, aim_status rc, const aim_error *err);
/* The store's path: --store, AIM_STORE, aim.db. */
const char *store_path(const program *p);
/* 0 when no store was named and there is none in the current folder. */
int has_store(const program *p);
/* Opens store and log. EXIT_OK or another, after saying what is wrong. */
int open_log(program *p, const char *log_name, int how);
enum { TO_READ, TO_WRITE, TO_MAKE }; /* TO_MAKE: also makes the store when there is none */
int open_context(program *p);
/* On the open log. EXIT_OK or another. */
int open_registry(program *p);
/* The id of an agent or server that is given by name or id; empty when given is NULL. EXIT_OK or another. */
#define SUBJECT_AGENT 1u
#define SUBJECT_SERVER 2u
int subject_id(program *p, uint32_t kinds, const char *given, char *out, size_t size);
/* Writes what waits. EXIT_OK, or EXIT_FILE after saying that the last records were lost. */
int close_all(program *p);
/* A buffer, or NULL after saying that there is no memory. */
aim_buf *new_buf(program *p);
/* --quiet was given. */
int is_quiet(const program *p);

int help_overview(void);
int help_command(const group *g, const command *c);
int help_group(const group *g);
int run_help(program *p);
int run_detect(program *p);
int run_scan(program *p);
int run_completion(program *p);
const group *find_group(const char *name);
const command *find_command(const group *g, const char *name);
/* A command that stands alone, and its group. */
const command *find_alone(const char *name, const group **out_group);

#endif
