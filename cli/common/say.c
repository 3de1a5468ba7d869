/* cli/common/say.c — messages and terminal text. */
#include "say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048u

static const char *name = "aim";

void say_as(const char *program)
{
	name = program;
}

void say(const char *format, ...)
{
	char raw[LINE_SIZE], line[LINE_SIZE];
	va_list args;
	va_start(args, format);
	vsnprintf(raw, sizeof raw, format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", name, printable(aim_str_from(raw), line, sizeof line));
}

void say_error(const char *what, aim_status status, const aim_error *err)
{
	const char *text = err && err->message[0] ? err->message : aim_status_text(status);
	say("%s: %s (%s)", what, text, aim_status_name(status));
}

/* --- text --------------------------------------------------------------------------------------------------- */

typedef struct range {
	int32_t first;
	int32_t last;
} range;

/* Controls, and what shows nothing or turns the line around: with these one text can pass for another. */
static const range hidden[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x061C, 0x061C}, {0x180E, 0x180E},   {0x200B, 0x200F},
	{0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}, {0xE0000, 0xE0FFF}, {0x10FFFE, 0x10FFFF}};
static const range wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
                             {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6},   {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
static const range combining[] = {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
                                  {0xFE20, 0xFE2F}};

static int among(int32_t c, const range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return 1;
	return 0;
}

int32_t text_next(aim_str text, size_t *at)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text.ptr + *at;
	size_t left = text.len - *at;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
	*at += 1;
	if (n == 0 || n > left)
		return -1;
	int32_t c = n == 1 ? p[0] : p[0] & (0xFF >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return -1;
	*at += n - 1;
	return c;
}

int text_shows(int32_t c)
{
	return c >= 0 && !among(c, hidden, sizeof hidden / sizeof *hidden);
}

unsigned text_columns(int32_t c)
{
	if (among(c, combining, sizeof combining / sizeof *combining))
		return 0;
	return among(c, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

const char *printable(aim_str text, char *out, size_t size)
{
	size_t n = 0;
	for (size_t at = 0; at < text.len && n + 5 < size;) {
		size_t from = at;
		if (!text_shows(text_next(text, &at))) {
			out[n++] = '?';
			continue;
		}
		memcpy(out + n, text.ptr + from, at - from);
		n += at - from;
	}
	out[n] = 0;
	return out;
}

/* --- streams ------------------------------------------------------------------------------------------------- */

void streams_open(void)
{
	int fd;
	/* Read-only for all three: what is written to a stream that was closed fails, as it should. */
	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < 3);
	if (fd >= 3)
		close(fd);
}
