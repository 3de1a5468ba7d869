/* cli/aim_verify/report.c — what the program says. */
#include "program.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>

void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)fputs("aim-verify: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
}

void show(aim_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 || c >= 0x7F || c == '\\')
			(void)printf("\\x%02x", c);
		else
			(void)putchar(c);
	}
}

void show_number(uint64_t n)
{
	(void)printf("%llu", (unsigned long long)n);
}

/* What says nothing about the bytes that were to be judged. */
static int is_undecided(aim_status status)
{
	static const aim_status all[] = {AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_RANDOM, AIM_E_CLOCK,
	                                 AIM_E_SELF_TEST, AIM_E_INTERNAL};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] == status)
			return 1;
	return 0;
}

int report_failure(const char *file, aim_status status, const aim_error *err)
{
	int undecided = is_undecided(status);
	(void)printf("%s: %s: ", file, undecided ? "undecided" : "invalid");
	show(aim_str_from(err->message));
	(void)printf(" (%s)\n", aim_status_name(status));
	return undecided ? EXIT_TROUBLE : EXIT_INVALID;
}

static aim_str member(const aim_json *doc, const char *name)
{
	return aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from(name)));
}

static void show_time(const aim_json *doc)
{
	char text[AIM__TIME_TEXT_SIZE];
	int64_t us = 0;
	aim_json_value value = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("time_us"));
	if (aim_json_int64(doc, value, &us) != AIM_OK || aim__time_format_us(text, us) != AIM_OK)
		return;
	(void)printf(" at %s", text);
}

void show_record(const program *p, aim_str record)
{
	static const char *const names[] = {"kind", "action", "decision"};
	aim_json *doc = NULL;
	if (aim_json_new(p->ctx, &doc) == AIM_OK &&
	    aim_json_parse(doc, aim_bytes_from_str(record), 0, NULL) == AIM_OK) {
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			aim_str text = member(doc, names[i]);
			if (text.len && i)
				(void)putchar(' ');
			show(text);
		}
		show_time(doc);
	}
	aim_json_free(doc);
}
