/* cli/common/options.h — command lines, read by tables: "--name VALUE", "--name=VALUE", "-n VALUE", flags. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/* What an option sets in the structure that the caller fills. */
enum {
	OPTION_FLAG,   /* uint32_t: bit is set */
	OPTION_TEXT,   /* const char * */
	OPTION_WORD,   /* const char *, one of words */
	OPTION_CHOICE, /* uint32_t: which of words */
	OPTION_NUMBER, /* uint64_t, at least 1 */
	OPTION_COUNT,  /* uint64_t, may be 0 */
	OPTION_TIME    /* int64_t, microseconds since 1970: "2026-11-24[T08:30[:15]Z]", "15m", "2h", "7d" ago */
};

typedef struct option {
	const char *name;         /* "--store" */
	const char *letter;       /* "-o", or NULL */
	const char *value;        /* what help calls its value; NULL for a flag */
	uint32_t kind;            /* OPTION_* */
	uint32_t bit;             /* of a flag */
	size_t at;                /* offset of what it sets */
	const char *const *words; /* ends with NULL */
	const char *help;
} option;

typedef struct option_list {
	const option *options;
	size_t n;
	void *into;
} option_list;

/* Reads argv[0 … argc). Arguments are moved to its front, *out_n_args of them; "--" ends the options, and so does
 * the first argument when stop_early; argv[*out_n_args] is NULL. command is named in messages, program_help is where
 * to look.
 * EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int options_read(const option_list *lists, size_t n_lists, const char *command, const char *program_help, int stop_early,
                 int argc, char **argv, int *out_n_args);

/* The word of a list that text may have meant; NULL when none is near. */
const char *nearest(const char *text, const char *const *words, size_t n);

/* "2026-11-24T08:30:15Z", or the '?' when it is out of range. Returns out. */
const char *time_text(int64_t time_us, char *out, size_t size);

#endif
