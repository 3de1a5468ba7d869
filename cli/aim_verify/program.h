/* cli/aim_verify/program.h — what the files of aim-verify share. The program is built of the library's own
 * sources, but only of those that a verifier needs: no store, no log, no policy. Beside libc it links
 * libsodium and nothing else.
 *
 *     main.c     the subcommands, --help, the context
 *     options.c  the command line
 *     input.c    files
 *     verify.c   one function per subcommand
 *     report.c   what is said, on one line, whatever the bytes are
 */
#ifndef AIM_VERIFY_PROGRAM_H
#define AIM_VERIFY_PROGRAM_H

#include <aim/checkpoint.h>
#include <aim/json.h>
#include <aim/proof.h>
#include <aim/receipt.h>

/* Exit status; aim-verify(1) and --help list them. The worst of several files counts. */
enum { EXIT_VALID = 0, EXIT_INVALID = 1, EXIT_TROUBLE = 2 };

#define MAX_WITNESSES 16

typedef struct options {
	const char *verb;
	const char *key;
	const char *origin;
	const char *witnesses[MAX_WITNESSES];
	int n_witnesses;
	const char *arguments;  /* files */
	const char *checkpoint;
	const char *older;
	const char *proof;
	uint64_t position;
	int has_position;
	int shows_record;
	int is_quiet;
	char **files;
	int n_files;
} options;

typedef struct program {
	options options;
	aim_ctx *ctx;
} program;

/* Reads the command line. EXIT_VALID, or EXIT_TROUBLE after saying what is wrong. */
int options_read(options *o, int argc, char **argv);

/* A whole file; "-" is standard input. One newline at the end of it is not part of it when the format has
 * none there. EXIT_VALID, or EXIT_TROUBLE after saying what is wrong. */
typedef struct input {
	char *bytes; /* owned; input_free() */
	aim_str text;
} input;
int input_read(const char *path, size_t limit, int drops_newline, input *out);
void input_free(input *in);

/* One file each. */
int verify_receipt(const program *p, const char *file);
int verify_checkpoint(const program *p, const char *file);
int verify_inclusion(const program *p, const char *file);
int verify_consistency(const program *p, const char *file);
/* The verifier keys can be read at all: EXIT_VALID or EXIT_TROUBLE. */
int verify_keys(const program *p);

/* To standard error, with the program's name in front and a newline behind. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says that file is not valid, or that it could not be decided. Returns the exit status. */
int report_failure(const char *file, aim_status status, const aim_error *err);
/* To standard output; controls and what is not ASCII are escaped: the bytes come from strangers. */
void show(aim_str text);
void show_number(uint64_t n);
/* "tool_call write_file deny at 2026-11-24T10:00:00.000000Z" */
void show_record(const program *p, aim_str record);

#endif
