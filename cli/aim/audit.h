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
	uint32_t flags; /* AUDIT_* */
	uint32_t reserved;
} audit_options;

#define AUDIT_FORCE 1u
#define AUDIT_WITHOUT_SALT 2u
#define AUDIT_NEW_KEY 4u

int run_audit_verify(program *p);
int run_audit_checkpoint(program *p);
int run_audit_receipt(program *p);

/* Writes what a command made to -o FILE, or to stdout. EXIT_*. */
int audit_write(const audit_options *o, aim_str text);

#endif
