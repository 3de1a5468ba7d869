/* cli/common/options.c — command lines. */
#include "options.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEAR 24u
#define N_KNOWN 64u

typedef struct reader {
	const option_list *lists;
	size_t n_lists;
	const char *command;
	const char *program_help;
} reader;

/* --- values ------------------------------------------------------------------------------------------------- */

static int bad(const char *name, const char *value, const char *expected)
{
	say("%s: '%s' is not %s", name, value, expected);
	return EXIT_USAGE;
}

static int read_number(const option *o, const char *value, uint64_t *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || (n == 0 && o->kind == OPTION_NUMBER))
		return bad(o->name, value, o->kind == OPTION_NUMBER ? "a positive number" : "a number");
	*out = n;
	return EXIT_OK;
}

static int bad_word(const option *o, const char *value)
{
	char list[300] = "one of";
	for (size_t i = 0, len = strlen(list); o->words[i] && len + 40 < sizeof list; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s %s", i ? "," : "", o->words[i]);
	return bad(o->name, value, list);
}

static int read_word(const option *o, const char *value, uint32_t *out)
{
	for (uint32_t i = 0; o->words[i]; i++)
		if (strcmp(o->words[i], value) == 0) {
			*out = i;
			return EXIT_OK;
		}
	return bad_word(o, value);
}

/* "15m": so long ago. 0 when it is no such text. */
static int64_t read_ago(const char *value)
{
	static const char letters[] = "smhdw";
	static const int64_t seconds[] = {1, 60, 3600, 86400, 604800};
	char *end = NULL;
	errno = 0;
	long long n = strtoll(value, &end, 10);
	const char *unit = *end ? strchr(letters, *end) : NULL;
	if (value[0] < '0' || value[0] > '9' || !unit || end[1] || errno || n > 5000000)
		return 0;
	return ((int64_t)time(NULL) - n * seconds[unit - letters]) * 1000000;
}

/* Days from 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t year_of_era = y % 400;
	int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return y / 400 * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) ? 29 : days[m - 1];
}

/* n digits at *at, which moves behind them; −1 when there are not so many. */
static int digits(const char **at, int n)
{
	int value = 0;
	for (; n > 0; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

/* "-05", and the like, when the separator is there; 0 at the end of the text. */
static int part(const char **at, const char *separators)
{
	if (!**at || strcmp(*at, "Z") == 0)
		return 0;
	if (!strchr(separators, **at))
		return -1;
	(*at)++;
	return digits(at, 2);
}

/* 0 when it is no date of the forms that --help names. Times are UTC. */
static int64_t read_date(const char *value)
{
	const char *at = value;
	int y = digits(&at, 4), m = y < 0 ? -1 : part(&at, "-"), d = m < 1 ? -1 : part(&at, "-");
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > days_in(y, m))
		return 0;
	int hour = part(&at, "T "), minute = hour < 0 ? -1 : part(&at, ":"), second = minute < 0 ? -1 : part(&at, ":");
	if (*at == 'Z')
		at++;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || *at)
		return 0;
	return ((days_of(y, m, d) * 24 + hour) * 60 + minute) * (int64_t)60000000 + second * (int64_t)1000000;
}

static int read_time(const option *o, const char *value, int64_t *out)
{
	int64_t us = read_ago(value);
	if (us == 0)
		us = read_date(value);
	if (us <= 0)
		return bad(o->name, value, "a time: 2026-11-24, 2026-11-24T08:30:00Z, or 15m, 2h, 7d ago");
	*out = us;
	return EXIT_OK;
}

const char *time_text(int64_t time_us, char *out, size_t size)
{
	struct tm parts;
	time_t s = (time_t)(time_us / 1000000);
	if (!gmtime_r(&s, &parts) || strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(out, size, "?");
	return out;
}

static int set(const option *o, void *into, const char *value)
{
	unsigned char *member = (unsigned char *)into + o->at;
	uint32_t index = 0;
	uint64_t number;
	int64_t time_us;
	int code = EXIT_OK;
	switch (o->kind) {
	case OPTION_FLAG:
		memcpy(&index, member, sizeof index);
		index |= o->bit;
		memcpy(member, &index, sizeof index);
		return EXIT_OK;
	case OPTION_CHOICE:
		code = read_word(o, value, &index);
		if (code == EXIT_OK)
			memcpy(member, &index, sizeof index);
		return code;
	case OPTION_NUMBER:
	case OPTION_COUNT:
		code = read_number(o, value, &number);
		if (code == EXIT_OK)
			memcpy(member, &number, sizeof number);
		return code;
	case OPTION_TIME:
		code = read_time(o, value, &time_us);
		if (code == EXIT_OK)
			memcpy(member, &time_us, sizeof time_us);
		return code;
	case OPTION_WORD: code = read_word(o, value, &index); break;
	default: break;
	}
	if (code == EXIT_OK)
		memcpy(member, &value, sizeof value);
	return code;
}

/* --- suggestions --------------------------------------------------------------------------------------------- */

/* How many letters to put in, leave out or exchange to make one of the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAR + 1], la = strlen(a), lb = strlen(b);
	if (la > NEAR || lb > NEAR)
		return NEAR;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[lb];
}

const char *nearest(const char *text, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t least = strlen(text + strspn(text, "-")) / 3 + 1; /* the dashes are in every option */
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(text, words[i]);
		if (d <= least && d < strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

/* --- reading -------------------------------------------------------------------------------------------------- */

static const option *find_in(const option_list *list, const char *arg, size_t len)
{
	for (size_t i = 0; i < list->n; i++) {
		const option *o = &list->options[i];
		if (strlen(o->name) == len && memcmp(o->name, arg, len) == 0)
			return o;
		if (o->letter && len == 2 && memcmp(o->letter, arg, 2) == 0)
			return o;
	}
	return NULL;
}

static const option *find(const reader *r, const char *arg, size_t len, void **out_into)
{
	for (size_t i = 0; i < r->n_lists; i++) {
		const option *o = find_in(&r->lists[i], arg, len);
		*out_into = r->lists[i].into;
		if (o)
			return o;
	}
	return NULL;
}

static int unknown(const reader *r, const char *arg)
{
	const char *names[N_KNOWN];
	size_t n = 0;
	for (size_t i = 0; i < r->n_lists; i++)
		for (size_t j = 0; j < r->lists[i].n && n < N_KNOWN; j++)
			names[n++] = r->lists[i].options[j].name;
	const char *meant = nearest(arg, names, n);
	if (meant)
		say("%s: unknown option for %s; did you mean %s?", arg, r->command, meant);
	else
		say("%s: unknown option for %s; see %s", arg, r->command, r->program_help);
	return EXIT_USAGE;
}

/* One option that begins at argv[*at]; *at is left at its last word. */
static int read_option(const reader *r, int argc, char **argv, int *at)
{
	const char *arg = argv[*at];
	const char *equals = arg[1] == '-' ? strchr(arg, '=') : NULL;
	const char *attached = arg[1] != '-' && arg[2] ? arg + 2 : equals ? equals + 1 : NULL;
	size_t len = arg[1] != '-' ? 2 : equals ? (size_t)(equals - arg) : strlen(arg);
	void *into = NULL;
	const option *o = find(r, arg, len, &into);
	if (!o)
		return unknown(r, arg);
	if (!o->value) {
		if (!attached)
			return set(o, into, NULL);
		return bad(o->name, attached, "expected: it takes no value");
	}
	const char *value = attached ? attached : *at + 1 < argc ? argv[++*at] : NULL;
	if (!value || !*value) {
		say("%s needs a value: %s", o->name, o->value);
		return EXIT_USAGE;
	}
	return set(o, into, value);
}

int options_read(const option_list *lists, size_t n_lists, const char *command, const char *program_help, int stop_early,
                 int argc, char **argv, int *out_n_args)
{
	reader r = {lists, n_lists, command, program_help};
	int n = 0, at = 0;
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		int is_option = argv[at][0] == '-' && argv[at][1]; /* "-" alone is standard input */
		if (!is_option && stop_early)
			break;
		if (!is_option) {
			argv[n++] = argv[at];
			continue;
		}
		int code = read_option(&r, argc, argv, &at);
		if (code != EXIT_OK)
			return code;
	}
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	while (at < argc)
		argv[n++] = argv[at++];
	argv[n] = NULL;
	*out_n_args = n;
	return EXIT_OK;
}
