/* cli/common/screen.c — stdout, JSON, and answers of one object. */
#include "screen.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL_WIDTH 14
#define VALUE_MAX 4096u

static struct {
	int json;
	int colour;
	int why; /* errno of the first write that failed */
	unsigned width;
} screen;

static int has(const char *variable)
{
	const char *value = getenv(variable);
	return value && *value;
}

void screen_open(int json, int no_color)
{
	struct winsize size;
	const char *term = getenv("TERM");
	int terminal = isatty(STDOUT_FILENO);
	screen.json = json;
	screen.colour = terminal && !json && !no_color && !has("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	if (terminal)
		screen.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

int screen_is_json(void)
{
	return screen.json;
}

unsigned screen_width(void)
{
	return screen.width;
}

const char *style(int which)
{
	static const char *const sequences[] = {"\033[0m", "\033[32m", "\033[1;31m", "\033[2m", "\033[1m"};
	return screen.colour ? sequences[which] : "";
}

int screen_failed(void)
{
	if (ferror(stdout) && screen.why == 0)
		screen.why = errno ? errno : EIO;
	return screen.why != 0;
}

int screen_finish(int code_failed)
{
	if (fflush(stdout) != 0 && screen.why == 0)
		screen.why = errno;
	if (!screen_failed())
		return EXIT_OK;
	if (screen.why != EPIPE) /* who stopped reading knows */
		say("cannot write the output: %s", strerror(screen.why));
	return code_failed;
}

int screen_write_secret(aim_bytes bytes)
{
	if (fflush(stdout) != 0)
		return -1;
	for (size_t at = 0; at < bytes.len;) {
		ssize_t n = write(STDOUT_FILENO, bytes.ptr + at, bytes.len - at);
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* --- JSON ---------------------------------------------------------------------------------------------------- */

static void escape(int32_t c)
{
	if (c < 0x10000) {
		printf("\\u%04x", (unsigned)c);
		return;
	}
	unsigned rest = (unsigned)c - 0x10000;
	printf("\\u%04x\\u%04x", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
}

void json_string(aim_str text)
{
	putchar('"');
	for (size_t at = 0; at < text.len;) {
		size_t from = at;
		int32_t c = text_next(text, &at);
		if (c < 0)
			fputs("\xEF\xBF\xBD", stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", (char)c);
		else if (!text_shows(c))
			escape(c);
		else
			fwrite(text.ptr + from, 1, at - from, stdout);
	}
	putchar('"');
}

void json_again(aim_str json)
{
	for (size_t at = 0; at < json.len;) {
		size_t from = at;
		int32_t c = text_next(json, &at);
		if (c >= 0x7F && !text_shows(c)) /* only inside strings */
			escape(c);
		else
			fwrite(json.ptr + from, 1, at - from, stdout);
	}
}

/* --- answers -------------------------------------------------------------------------------------------------- */

/* 1 when the value is to follow. */
static int member(answer *a, const char *name, const char *label)
{
	if (screen.json ? !name : !label)
		return 0;
	if (screen.json)
		printf("%s\"%s\":", a->n ? "," : "{", name);
	else
		printf("%s%-*s%s  ", style(STYLE_DIM), LABEL_WIDTH, label, style(STYLE_NONE));
	a->n++;
	return 1;
}

static void end_value(void)
{
	if (!screen.json)
		putchar('\n');
}

void answer_begin(answer *a)
{
	a->n = 0;
}

void answer_styled(answer *a, const char *name, const char *label, aim_str text, int which)
{
	char shown[VALUE_MAX];
	if (!member(a, name, label))
		return;
	if (screen.json)
		json_string(text);
	else
		printf("%s%s%s", style(which), printable(text, shown, sizeof shown), which ? style(STYLE_NONE) : "");
	end_value();
}

void answer_text(answer *a, const char *name, const char *label, aim_str text)
{
	answer_styled(a, name, label, text, STYLE_NONE);
}

void answer_number(answer *a, const char *name, const char *label, uint64_t number)
{
	if (!member(a, name, label))
		return;
	printf("%llu", (unsigned long long)number);
	end_value();
}

void answer_bool(answer *a, const char *name, const char *label, int truth)
{
	if (!member(a, name, label))
		return;
	if (screen.json)
		fputs(truth ? "true" : "false", stdout);
	else
		fputs(truth ? "yes" : "no", stdout);
	end_value();
}

void answer_hex(answer *a, const char *name, const char *label, const uint8_t *bytes, size_t n)
{
	if (!member(a, name, label))
		return;
	fputs(screen.json ? "\"" : "", stdout);
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	fputs(screen.json ? "\"" : "", stdout);
	end_value();
}

void answer_json(answer *a, const char *name, aim_str json)
{
	if (member(a, name, NULL))
		json_again(json);
}

void answer_end(answer *a)
{
	if (screen.json)
		puts(a->n ? "}" : "{}");
}
