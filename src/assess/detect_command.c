/* assess/detect_command.c — a command behind what ends one, the output of a command put in, and paths that climb. Layer
 * assess. Text about commands is not a command: what separates must be followed by the name of a program, and a name
 * that is also an English word by something that looks like its argument. */
#include "assess/detect.h"

#include <string.h>

#define INSIDE_MOST 256u
#define NAME_MOST 16u

static const struct {
	const char *name;
	int is_word; /* of English too */
} programs[] = {
	{"rm", 0},     {"curl", 0},   {"wget", 0},   {"nc", 0},         {"ncat", 0},   {"netcat", 0}, {"bash", 0},   {"sh", 0},
	{"zsh", 0},    {"dash", 1},   {"ksh", 0},    {"mkfs", 0},       {"dd", 0},     {"chmod", 0},  {"chown", 0},  {"sudo", 0},
	{"su", 1},     {"perl", 0},   {"python", 1}, {"python3", 1},    {"ruby", 1},   {"node", 1},   {"php", 1},    {"powershell", 0},
	{"pwsh", 0},   {"cmd", 1},    {"del", 1},    {"format", 1},     {"cat", 1},    {"tee", 1},    {"kill", 1},   {"pkill", 0},
	{"shutdown", 1}, {"reboot", 1}, {"eval", 1}, {"exec", 1},       {"whoami", 0}, {"id", 1},     {"uname", 0},  {"env", 1},
	{"printenv", 0}, {"ls", 1},   {"mv", 1},     {"cp", 1},         {"scp", 0},    {"ssh", 0},    {"base64", 1}, {"xargs", 0},
	{"crontab", 0}, {"useradd", 0}, {"passwd", 1}, {"telnet", 0},   {"socat", 0},  {"rmdir", 1},  {"touch", 1},  {"echo", 1},
	{"ping", 1},   {"sleep", 1},  {"nslookup", 0}, {"dig", 1},      {"mkfifo", 0}, {"busybox", 0},
};

static uint32_t skip_blanks(const aim__detect *d, uint32_t at)
{
	uint32_t most = at + 16;
	while (at < most && (aim__detect_at(d, at) == ' ' || aim__detect_at(d, at) == '\t'))
		at++;
	return at;
}

static int looks_like_argument(uint8_t c)
{
	return (c != 0 && strchr("-/.~$\"'|>*\\&`", c)) || aim__byte_is(c, AIM__BYTE_DIGIT);
}

/* The offset behind a program's name and the blanks behind it, 0 when there is none at `at`. ending: what may stand right
 * behind the name when no argument does. */
static uint32_t program(const aim__detect *d, uint32_t at, const char *ending)
{
	uint32_t start = at;
	for (uint32_t p = at; aim__byte_is(aim__detect_at(d, p), AIM__BYTE_WORD) || aim__detect_at(d, p) == '/'; p++) {
		if (p - at > 4 * NAME_MOST)
			return 0;
		if (d->text[p] == '/')
			start = p + 1; /* /bin/sh */
	}
	uint32_t end = start;
	while (aim__byte_is(aim__detect_at(d, end), AIM__BYTE_ALNUM) && end - start < NAME_MOST)
		end++;
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		if (strlen(programs[i].name) != end - start || !aim__detect_follows(d, start, programs[i].name))
			continue;
		uint8_t next = aim__detect_at(d, end);
		uint32_t behind = skip_blanks(d, end);
		int ends = next == 0 || next == '\n' || strchr(ending, next) != NULL;
		int argued = behind > end && (!programs[i].is_word || looks_like_argument(aim__detect_at(d, behind)) ||
		                              aim__detect_at(d, behind + 1) == ':');
		return ends || argued || (next == '.' && strcmp(programs[i].name, "mkfs") == 0) ? behind : 0;
	}
	return 0;
}

/* "; rm", "| sh", "&& curl", "|| wget". */
static void see_separator(aim__detect *d, uint32_t at)
{
	uint8_t c = d->text[at];
	uint32_t from = at + 1 + (aim__detect_at(d, at + 1) == c);
	if (c == '&' && from == at + 1 && at && !aim__byte_is(d->text[at - 1], AIM__BYTE_WORD) && d->text[at - 1] != ' ')
		return;
	uint32_t behind = program(d, skip_blanks(d, from), ";|&>");
	if (behind)
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_COMMAND, at, behind < d->len ? behind : d->len);
}

static uint32_t closes(aim__detect *d, uint32_t at, uint8_t with)
{
	uint32_t most = d->len - at > INSIDE_MOST ? at + INSIDE_MOST : d->len;
	uint32_t p = at;
	while (p < most && d->text[p] != with && d->text[p] != '\n')
		p++;
	d->work += p - at;
	return p < most && d->text[p] == with ? p + 1 : 0;
}

/* $(command) and ${IFS}. $("selector"), $(this) and $((1 + 1)) are other languages, or sums. */
static void see_dollar(aim__detect *d, uint32_t at)
{
	static const char *const others[] = {"this)", "document)", "window)", "document,", "this,", "el)", "function"};
	if (aim__detect_follows(d, at, "${ifs}")) {
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_SUBSTITUTION, at, at + 6);
		return;
	}
	if (aim__detect_at(d, at + 1) != '(')
		return;
	uint32_t inner = skip_blanks(d, at + 2);
	uint8_t c = aim__detect_at(d, inner);
	if (!aim__byte_is(c, AIM__BYTE_LOWER | AIM__BYTE_UPPER) && c != '/' && c != '.' && c != '<' && c != '~')
		return;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (aim__detect_follows(d, inner, others[i]))
			return;
	uint32_t end = closes(d, inner, ')');
	if (end)
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_SUBSTITUTION, at, end);
}

/* `command`, never the fences of Markdown. */
static void see_backtick(aim__detect *d, uint32_t at)
{
	if (aim__detect_at(d, at + 1) == '`' || (at && d->text[at - 1] == '`'))
		return;
	uint32_t end = closes(d, at + 1, '`');
	if (end && program(d, at + 1, "`"))
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_SUBSTITUTION, at, end);
}

/* Output into a device or into what the system reads; <(command). */
static void see_redirection(aim__detect *d, uint32_t at)
{
	static const char *const targets[] = {"/dev/tcp/", "/dev/sd", "/dev/nvme", "/etc/", "~/.ssh", "/dev/udp/"};
	uint32_t p = skip_blanks(d, at + 1 + (aim__detect_at(d, at + 1) == d->text[at]));
	if (aim__detect_at(d, p) == '&')
		p = skip_blanks(d, p + 1);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		if (aim__detect_follows(d, p, targets[i])) {
			aim__detect_found(d, AIM__DETECT_RULE_SHELL_COMMAND, at, p + (uint32_t)strlen(targets[i]));
			return;
		}
	if (d->text[p < d->len ? p : at] == '(' && p == at + 1 && program(d, p + 1, ")"))
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_SUBSTITUTION, at, p + 1);
}

/* On a line of its own: "rm -rf", the one that is never text. */
static void see_line(aim__detect *d, uint32_t at)
{
	uint32_t p = skip_blanks(d, at + 1);
	if (aim__detect_follows(d, p, "rm -rf ") || aim__detect_follows(d, p, "rm -fr "))
		aim__detect_found(d, AIM__DETECT_RULE_SHELL_COMMAND, at, p + 6);
}

void aim__detect_command(aim__detect *d, uint32_t at)
{
	switch (d->text[at]) {
	case ';':
	case '|':
	case '&':
		see_separator(d, at);
		return;
	case '$':
		see_dollar(d, at);
		return;
	case '`':
		see_backtick(d, at);
		return;
	case '\n':
		see_line(d, at);
		return;
	case '<':
	case '>':
		see_redirection(d, at);
		return;
	default:
		return;
	}
}

/* ---- paths ---- */

static int begins_segment(const aim__detect *d, uint32_t at)
{
	uint8_t c = at ? d->text[at - 1] : '/';
	return c != 0 && strchr("/\\ \t\n\r\"'`=:,;(<[{|&", c) != NULL;
}

/* ".." as a whole segment: "../", "..\", "..%2f", "..;/", or at the end of a path. */
void aim__detect_dots(aim__detect *d, uint32_t at)
{
	uint8_t next = aim__detect_at(d, at + 2);
	int whole = d->len == 2, behind_slash = at && (d->text[at - 1] == '/' || d->text[at - 1] == '\\');
	if (!begins_segment(d, at))
		return;
	int climbs = next == '/' || next == '\\' || aim__detect_follows(d, at + 2, "%2f") || aim__detect_follows(d, at + 2, "%5c") ||
	             aim__detect_follows(d, at + 2, "%252f") || aim__detect_follows(d, at + 2, ";/");
	int last = next == 0 || next == ' ' || next == '"' || next == '\'' || next == '\n';
	if (climbs || whole || (behind_slash && last))
		aim__detect_found(d, AIM__DETECT_RULE_PATH_TRAVERSAL, at, at + 2 + (next == '/' || next == '\\'));
}

/* Dots that are written in another way; a NUL that cuts a path short. */
void aim__detect_percent(aim__detect *d, uint32_t at)
{
	static const char *const forms[] = {"%2e%2e", "%2e.", "%252e%252e", "%c0%ae", "%e0%80%ae", "%00"};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (aim__detect_follows(d, at, forms[i])) {
			aim__detect_found(d, AIM__DETECT_RULE_PATH_TRAVERSAL, at, at + (uint32_t)strlen(forms[i]));
			return;
		}
	if (at && d->text[at - 1] == '.' && aim__detect_follows(d, at, "%2e"))
		aim__detect_found(d, AIM__DETECT_RULE_PATH_TRAVERSAL, at - 1, at + 3);
}
