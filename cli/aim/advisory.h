/* cli/aim/advisory.h — a file of advisories, and what launches start, for aim scan and aim detect. */
#ifndef AIM_ADVISORY_COMMAND_H
#define AIM_ADVISORY_COMMAND_H

#include "detect.h"

typedef struct advisories {
	program *p;
	aim_advisory *set;
	aim_advisory_result *result; /* of the last check */
	size_t n_packages;           /* of the last launch; 0: it names none */
} advisories;

/* Loads the file, and says on stderr what of it is malformed. EXIT_OK or another; advisories_close() in every case. */
int advisories_open(program *p, const char *path, advisories *out);
void advisories_close(advisories *a);
/* Checks what a server that was found starts. EXIT_OK or another, after saying what is wrong. */
int advisories_check_found(advisories *a, const aim_discovery *found, size_t i);
/* The same for all that were found, with a line in each row, cut to its room. EXIT_NO, EXIT_WARN, EXIT_OK or another. */
int advisories_mark(program *p, const char *path, const aim_discovery *found, detected *rows);
/* What the last check comes to: EXIT_NO for a critical advisory, EXIT_WARN for another or for what is unknown. */
int advisories_verdict(const advisories *a);

/* aim scan --advisories: of a registered server, or of a client's configuration (path, "-" is standard input). */
int scan_advisories(program *p, const char *advisories_path, const char *server, const char *path);

#endif
