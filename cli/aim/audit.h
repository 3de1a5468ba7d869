/* cli/aim/audit.h — what the files of aim audit share. */
#ifndef AIM_AUDIT_COMMANDS_H
#define AIM_AUDIT_COMMANDS_H

#include "program.h"

typedef struct audit_options {
	const char *log; /* NULL: main */
	const char *checkpoint;
	const char *receipt;
	const char *arguments;
	const char *remember;
	const char *key;
	const char *origin;
	const char *out;
	const char *passphrase_file;
	const char *passphrase_fd;
	const char *export;
	const char *source;
	/* which records: audit_filter() */
	const char *agent;
	const char *server;
	const char *did;
	const char *session;
	const char *user;
	const char *kind;
	const char *tool;
	const char *decision;
	const char *code;
	const char *request;
	int64_t since_us;
	int64_t before_us;
	uint64_t from;
	uint64_t limit;
	uint32_t format; /* AIM_TRAIL_JSON_LINES … */
	uint32_t flags;  /* AUDIT_* */
} audit_options;

#define AUDIT_FORCE 1u
#define AUDIT_WITHOUT_SALT 2u
#define AUDIT_NEW_KEY 4u
#define AUDIT_NEWEST 8u
#define AUDIT_FOLLOW 16u
#define AUDIT_CONTROLS 32u
#define AUDIT_CHECKPOINT 64u
#define AUDIT_SALTS 128u

int run_audit_verify(program *p);
int run_audit_checkpoint(program *p);
int run_audit_receipt(program *p);
int run_audit_query(program *p);
int run_audit_tail(program *p);
int run_audit_export(program *p);
int run_audit_stats(program *p);
int verify_export(program *p, const audit_options *o);

/* Which records the options ask for. Names of agents and servers become their ids, which filter keeps. */
typedef struct record_filter {
	aim_trail_filter asked;
	char agent[64];
	char server[64];
} record_filter;

/* EXIT_OK, or another after saying who is not known. */
int audit_filter(program *p, const audit_options *o, record_filter *out);
/* What a call that reads records failed with. EXIT_*. */
int audit_read_failed(const program *p, aim_status rc, const aim_error *err);

/* What a verification found, in a word. */
const char *audit_state(aim_status rc);
/* How many records of a log that ends at `end` no signature covers, when one covers those up to signed_end. */
void audit_show_unsigned(answer *a, uint64_t signed_end, uint64_t end);
/* Writes what a command made to -o FILE, or to stdout. EXIT_*. */
int audit_write(const audit_options *o, aim_str text);

#endif
