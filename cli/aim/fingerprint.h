/* cli/aim/fingerprint.h — what the files of aim fingerprint share. */
#ifndef AIM_FINGERPRINT_COMMAND_H
#define AIM_FINGERPRINT_COMMAND_H

#include "program.h"

typedef struct fingerprint_options {
	const char *server;
	const char *against;
	uint32_t kind; /* AIM_FINGERPRINT_*; 0: recognised */
	uint32_t reserved;
} fingerprint_options;

typedef struct definition {
	uint32_t kind;
	uint32_t reserved;
	aim_str name;
	aim_bytes raw;
	aim_fingerprint hashes;
} definition;

/* All definitions of a file or a server, ordered by kind and name. */
typedef struct surface {
	program *p;
	const char *what; /* in messages */
	char *bytes;      /* the file; NULL for a server */
	size_t len;
	aim_json *doc;    /* of the file */
	aim_baseline *baseline;
	definition *items;
	size_t n, cap;
	uint8_t manifest[AIM_FINGERPRINT_LEN];
} surface;

/* EXIT_OK or another, after saying what is wrong; surface_close() in every case. */
int surface_of_file(program *p, const char *path, uint32_t kind, surface *out);
int surface_of_server(program *p, const char *name, surface *out);
void surface_close(surface *s);

/* Lower-case hex and a NUL. Returns out. */
const char *hex_text(const uint8_t hash[AIM_FINGERPRINT_LEN], char out[AIM_FINGERPRINT_TEXT_SIZE]);
/* Shows what differs. EXIT_OK when nothing does, EXIT_NO, or another. */
int surface_compare(program *p, const surface *now, const surface *before);

int run_fingerprint(program *p);

#endif
