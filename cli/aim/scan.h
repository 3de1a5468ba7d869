/* cli/aim/scan.h — what the files of aim scan share. */
#ifndef AIM_SCAN_COMMAND_H
#define AIM_SCAN_COMMAND_H

#include "program.h"

#define SCAN_FILE_MAX ((size_t)64 << 20)

#define SCAN_BATCH 1u
#define SCAN_SARIF 2u
#define SCAN_APPROVED_SERVER 4u
#define SCAN_RESPONSE 8u

typedef struct scan_options {
	const char *server;
	const char *known;
	const char *as;
	const char *rules;
	const char *advisories;
	uint32_t flags;  /* SCAN_* */
	uint32_t policy; /* AIM_RESPONSE_BLOCK, SANITIZE or LOG */
} scan_options;

int scan_severity_style(uint32_t severity);
/* The exit status of the worst that was found. */
int scan_exit_of(uint32_t severity);
/* A scanner with the rules of --rules. EXIT_OK, or another after saying what is wrong. */
int scan_open(program *p, const scan_options *o, aim_scanner **out);
/* aim scan --response */
int scan_responses(program *p, const scan_options *o);

#endif
