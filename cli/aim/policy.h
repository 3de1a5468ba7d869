/* cli/aim/policy.h — requests that people write, for the commands of aim policy. */
#ifndef AIM_CLI_POLICY_H
#define AIM_CLI_POLICY_H

#include "program.h"

#define WRITTEN_LISTED 64u

/* A request from a file, with all that it points to. */
typedef struct written {
	aim_request request;
	aim_facts facts;
	aim_str capabilities[WRITTEN_LISTED];
	aim_str tags[WRITTEN_LISTED];
	aim_str required[WRITTEN_LISTED];
	aim_fact host[WRITTEN_LISTED];
} written;

/* Reads the request at value of doc, which the result borrows. 0, or −1 after saying what is wrong. */
int written_read(const aim_json *doc, aim_json_value value, const char *what, written *out);

/* text between quotes, on standard output. */
void policy_put_string(const char *text);
/* Decides again what a log recorded. An exit status. */
int policy_dry_run(program *p, aim_policy *policy, const char *log);

#endif
