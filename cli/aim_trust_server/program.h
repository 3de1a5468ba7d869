/* cli/aim_trust_server/program.h — what the files of aim-trust-server share. The program uses libaim's public API only.
 *
 *     main.c      --help, and the order of things
 *     config.c    the environment and the command line
 *     open.c      context, store, log, registry; the server's own key and agent
 *     tools.c     the six tools: their definitions, their arguments, their records in the log
 *     answers.c   what the six tools do
 *     put.c       JSON, written
 *     stdio.c     messages as lines on stdin and stdout
 *     http.c      messages over Streamable HTTP; http_none.c where libmicrohttpd is missing
 *     signals.c   SIGTERM and SIGINT, as a descriptor
 */
#ifndef AIM_TRUST_SERVER_PROGRAM_H
#define AIM_TRUST_SERVER_PROGRAM_H

#include "../common/say.h"

#include <stdio.h>

/* Exit status; aim-trust-server(1) and --help list them. */
enum {
	/* EXIT_OK = 0, EXIT_USAGE = 2: common/say.h */
	EXIT_FAILED = 1, /* anything not below */
	EXIT_STORE = 3,  /* the store or the key file cannot be opened, read or written */
	EXIT_LISTEN = 5  /* the address cannot be listened on */
};

#define DID_MAX 256u
#define OUTCOME_MAX 32u
#define DETAILS_MAX 1024u
#define CAPABILITIES_MAX 64u

enum { BACKEND_MEMORY, BACKEND_SQLITE };

typedef struct config {
	const char *name;     /* AGENTMESH_AGENT_NAME */
	uint32_t min_trust;   /* AGENTMESH_MIN_TRUST_SCORE */
	uint32_t backend;     /* AGENTMESH_STORAGE_BACKEND */
	const char *store;    /* --store */
	const char *key_file; /* --key */
	char *key_file_made;  /* STORE.key, when --key is not given */
	const char *http;     /* --http: [ADDRESS:]PORT, NULL for stdio */
	const char *token_file;
	const char *origin;
	uint32_t flags;
} config;

/* EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int config_read(config *c, int argc, char **argv);
void config_free(config *c);

/* Everything that is open. close_all() may be called on any state of it. */
typedef struct program {
	const config *config;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_handshake *handshake;
	aim_key *key;
	aim_mcpserver *server;
	char did[AIM_DID_MESH_SIZE];
	char agent_id[64];
	char public_key[AIM_KEY_PUBLIC_TEXT_SIZE];
} program;

int open_all(program *p);
int close_all(program *p);

/* A descriptor that is readable once SIGTERM or SIGINT came; −1 when there is none. */
int signals_open(void);
/* 1 once one of them came. */
int signals_came(void);

int stdio_run(program *p, int stop_fd);
int http_run(program *p, int stop_fd);

/* ---- tools.c: what aim_mcpserver calls; user is the program ---- */

aim_status tools_list(void *user, aim_buf *out, aim_error *err);
aim_status tools_call(void *user, const aim_request *caller, aim_str tool, aim_bytes arguments, aim_buf *out,
                      aim_error *err);

/* ---- answers.c ---- */

/* The arguments of a call, checked by tools.c: absent ones are empty. */
typedef struct arguments {
	aim_str agent, peer, delegator, capability, outcome, details;
	aim_str capabilities[CAPABILITIES_MAX];
	size_t n_capabilities;
} arguments;

aim_status answer_check_trust(program *p, const arguments *a, aim_buf *out, aim_error *err);
aim_status answer_get_trust_score(program *p, const arguments *a, aim_buf *out, aim_error *err);
aim_status answer_establish_handshake(program *p, const arguments *a, aim_buf *out, aim_error *err);
aim_status answer_verify_delegation(program *p, const arguments *a, aim_buf *out, aim_error *err);
aim_status answer_record_interaction(program *p, const arguments *a, aim_buf *out, aim_error *err);
aim_status answer_get_identity(program *p, const arguments *a, aim_buf *out, aim_error *err);

/* ---- put.c: JSON, written; the first failure sticks ---- */

typedef struct put {
	aim_buf *out;
	aim_status rc;
	int comma;
} put;

void put_raw(put *w, const char *json);
void put_open(put *w, const char *name, char bracket); /* name NULL: none; '{' or '[' */
void put_close(put *w, char bracket);
void put_text(put *w, const char *name, aim_str text);
void put_number(put *w, const char *name, int64_t number);
void put_bool(put *w, const char *name, int yes);
void put_null(put *w, const char *name);
void put_json(put *w, const char *name, aim_bytes json);

/* A failure with a message of our own. */
aim_status refuse(aim_error *err, aim_status rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
