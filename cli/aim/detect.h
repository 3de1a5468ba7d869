/* cli/aim/detect.h — what the files of aim detect share. */
#ifndef AIM_DETECT_COMMAND_H
#define AIM_DETECT_COMMAND_H

#include "program.h"

typedef struct detect_options {
	const char *home; /* NULL: the user's own, and the folders that the environment names */
	const char *cwd;  /* NULL: the current folder */
	const char *advisories; /* OSV records; NULL: none */
	uint32_t flags;   /* DETECT_* */
	uint32_t reserved;
} detect_options;

#define DETECT_LONG 1u

/* The servers that clients are told to use. Nothing is started. EXIT_OK or another, after saying what is wrong;
 * aim_discovery_free(). */
int detect_scan(program *p, const char *home, const char *cwd, aim_discovery **out);
/* Says what could not be read, on stderr. Returns how many. */
size_t detect_problems(const aim_discovery *found);

/* Why a server did not pass: a set. */
#define REASON_REVOKED 1u
#define REASON_NAMESAKE 2u
#define REASON_UNREGISTERED 4u
#define REASON_SUSPENDED 8u
#define REASON_UNATTESTED 16u
#define REASON_CONFIDENCE 32u /* attested, and too low */
#define REASON_DRIFT 64u
#define REASON_SIGNATURE 128u

#define ADVISORY_BYTES 160u

typedef struct detected {
	uint32_t match;  /* AIM_DISCOVERY_* */
	uint32_t status; /* AIM_REGISTRY_*; 0 when it is not registered */
	uint32_t rank;   /* of the registered servers that match, the highest counts */
	uint32_t verdict;      /* AIM_CONFIDENCE_PASS … */
	uint32_t reasons;      /* REASON_* */
	uint32_t consensus;    /* its attesters agree */
	uint64_t attestations; /* that count */
	uint64_t drift;        /* definitions that differ from the baseline */
	int64_t confidence;    /* millionths of a percent */
	char id[37];           /* of the registered server; empty when there is none */
	char advisory[ADVISORY_BYTES]; /* what the advisories say; empty without a file of them */
	char name[199];        /* its registered name, when that is not the name found */
} detected;

/* One detected for each server found, in their order; malloc'ed. EXIT_OK or another, after saying what is wrong. */
int detect_assess(program *p, const aim_discovery *found, detected **out);

void detect_show(program *p, const aim_discovery *found, const detected *rows, uint32_t flags);

#endif
