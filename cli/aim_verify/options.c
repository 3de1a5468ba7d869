/* cli/aim_verify/options.c — the command line. */
#include "program.h"

#include <stddef.h>
#include <string.h>

enum { RECEIPT = 1, CHECKPOINT = 2, INCLUSION = 4, CONSISTENCY = 8, ANY = 15 };

static const struct {
	const char *name;
	int bit;
	int takes_many;
} verbs[] = {
	{"receipt", RECEIPT, 1},
	{"checkpoint", CHECKPOINT, 1},
	{"inclusion", INCLUSION, 0},
	{"consistency", CONSISTENCY, 0},
};

enum kind { TEXT, FLAG, NUMBER, WITNESS };

static const struct option {
	const char *name;
	enum kind kind;
	int verbs;
	int required; /* by these verbs */
	size_t offset;
} table[] = {
	{"--key", TEXT, ANY, ANY, offsetof(options, key)},
	{"--origin", TEXT, ANY, 0, offsetof(options, origin)},
	{"--witness", WITNESS, ANY, 0, 0},
	{"--arguments", TEXT, RECEIPT, 0, offsetof(options, arguments)},
	{"--record", FLAG, RECEIPT, 0, offsetof(options, shows_record)},
	{"--checkpoint", TEXT, INCLUSION, INCLUSION, offsetof(options, checkpoint)},
	{"--position", NUMBER, INCLUSION, INCLUSION, offsetof(options, position)},
	{"--proof", TEXT, INCLUSION | CONSISTENCY, INCLUSION | CONSISTENCY, offsetof(options, proof)},
	{"--older", TEXT, CONSISTENCY, CONSISTENCY, offsetof(options, older)},
	{"--quiet", FLAG, ANY, 0, offsetof(options, is_quiet)},
};
#define N_OPTIONS (sizeof table / sizeof *table)

static int trouble(const char *what, const char *name)
{
	say("%s %s (see --help)", what, name);
	return EXIT_TROUBLE;
}

static int read_number(const char *text, uint64_t *out)
{
	uint64_t n = 0;
	if (!*text)
		return 0;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, (uint64_t)10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return 0;
	}
	*out = n;
	return 1;
}

static int set(options *o, const struct option *option, const char *value)
{
	char *field = (char *)o + option->offset;
	const int yes = 1;
	switch (option->kind) {
	case TEXT:
		memcpy(field, &value, sizeof value);
		return EXIT_VALID;
	case FLAG:
		memcpy(field, &yes, sizeof yes);
		return EXIT_VALID;
	case NUMBER:
		o->has_position = 1;
		return read_number(value, &o->position) ? EXIT_VALID
		                                        : trouble("not a whole number:", value);
	case WITNESS:
		if (o->n_witnesses == MAX_WITNESSES)
			return trouble("too often:", option->name);
		o->witnesses[o->n_witnesses++] = value;
		return EXIT_VALID;
	}
	return EXIT_TROUBLE;
}

static int is_set(const options *o, const struct option *option)
{
	const char *text;
	if (option->kind == NUMBER)
		return o->has_position;
	memcpy(&text, (const char *)o + option->offset, sizeof text);
	return text != NULL;
}

static const struct option *find(const char *name, int verb)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strcmp(table[i].name, name) == 0 && (table[i].verbs & verb))
			return &table[i];
	return NULL;
}

/* Options, then files; "--" ends the options. */
static int read_options(options *o, int verb, int argc, char **argv)
{
	int i = 2;
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		const struct option *option = find(argv[i], verb);
		if (!option)
			return trouble("unknown option", argv[i]);
		if (option->kind != FLAG && ++i == argc)
			return trouble("no value for", option->name);
		if (set(o, option, argv[i]) != EXIT_VALID)
			return EXIT_TROUBLE;
	}
	o->files = argv + i;
	o->n_files = argc - i;
	return EXIT_VALID;
}

int options_read(options *o, int argc, char **argv)
{
	size_t verb = 0;
	if (argc < 2)
		return trouble("what to verify?", "");
	while (verb < sizeof verbs / sizeof *verbs && strcmp(verbs[verb].name, argv[1]) != 0)
		verb++;
	if (verb == sizeof verbs / sizeof *verbs)
		return trouble("unknown command", argv[1]);
	o->verb = verbs[verb].name;
	if (read_options(o, verbs[verb].bit, argc, argv) != EXIT_VALID)
		return EXIT_TROUBLE;
	for (size_t i = 0; i < N_OPTIONS; i++)
		if ((table[i].required & verbs[verb].bit) && !is_set(o, &table[i]))
			return trouble("required:", table[i].name);
	if (o->n_files == 0 || (o->n_files > 1 && !verbs[verb].takes_many))
		return trouble(o->n_files ? "only one file, please, for" : "no file for", o->verb);
	return EXIT_VALID;
}
