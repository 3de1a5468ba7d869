/* cli/aim/detect_show.c — what aim detect prints. Names, launches and paths come from files that anybody may have written:
 * all of it passes through printable() or json_string(). */
#include "detect.h"

#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS 40u
#define INDENT 7 /* below the name, behind "[PASS] " */

static int verdict_style(uint32_t verdict)
{
	return verdict == AIM_CONFIDENCE_PASS ? STYLE_GOOD : verdict == AIM_CONFIDENCE_WARN ? STYLE_BOLD : STYLE_BAD;
}

static const struct {
	uint32_t reason;
	const char *code;
	const char *text;
} reasons[] = {
	{REASON_REVOKED, "revoked", "it is revoked"},
	{REASON_NAMESAKE, "other_launch", "its name is registered, with another launch or URL"},
	{REASON_UNREGISTERED, "not_registered", "it is not registered; aim mcp register --all does it"},
	{REASON_SUSPENDED, "suspended", "it is suspended"},
	{REASON_SIGNATURE, "signature", "an attestation in the store is not what was signed"},
	{REASON_UNATTESTED, "not_attested", "no attestation counts; aim mcp sign makes one"},
	{REASON_CONFIDENCE, "low_confidence", "its confidence is below 60 %"},
	{REASON_DRIFT, "drift", "open drift"}, /* last: its number follows */
};

static int is_off(const aim_discovery_server *s)
{
	return (s->flags & AIM_DISCOVERY_DISABLED) != 0;
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static aim_str reasons_json(uint32_t set, char *out, size_t size)
{
	size_t n = (size_t)snprintf(out, size, "[");
	for (size_t i = 0; i < N(reasons); i++)
		if (set & reasons[i].reason)
			n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", n > 1 ? "," : "", reasons[i].code);
	snprintf(out + n, size - n, "]");
	return aim_str_from(out);
}

static void show_json(program *p, const aim_discovery *found, size_t i, const detected *row, const aim_discovery_server *s)
{
	answer a;
	char text[200];
	aim_buf *found_json = new_buf(p);
	if (!found_json || aim_discovery_write(found, i, found_json) != AIM_OK) {
		aim_buf_free(found_json);
		return;
	}
	answer_begin(&a);
	answer_text(&a, "verdict", NULL, aim_str_from(aim_confidence_verdict_name(row->verdict)));
	answer_text(&a, "name", NULL, s->name);
	answer_number(&a, "confidence_micro", NULL, (uint64_t)row->confidence);
	answer_number(&a, "attestations", NULL, row->attestations);
	answer_json(&a, "reasons", reasons_json(row->reasons, text, sizeof text));
	if (row->match == AIM_DISCOVERY_SAME) {
		answer_number(&a, "drift", NULL, row->drift);
		answer_bool(&a, "consensus", NULL, row->consensus != 0);
	}
	if (row->id[0]) {
		answer_text(&a, "server", NULL, aim_str_from(row->id));
		answer_text(&a, "status", NULL, aim_str_from(aim_registry_status_name(row->status)));
	}
	if (row->advisory[0])
		answer_text(&a, "advisories", NULL, aim_str_from(row->advisory));
	answer_json(&a, "found", aim_buf_str(found_json));
	answer_end(&a);
	aim_buf_free(found_json);
}

/* What could not be read may hide a server, so programs hear of it too. */
static void show_problem_json(const aim_discovery_problem *problem)
{
	answer a;
	answer_begin(&a);
	answer_text(&a, "problem", NULL, problem->message);
	answer_text(&a, "code", NULL, aim_str_from(aim_status_name(problem->status)));
	answer_text(&a, "client", NULL, problem->client);
	answer_text(&a, "path", NULL, problem->path);
	answer_text(&a, "pointer", NULL, problem->pointer);
	answer_number(&a, "line", NULL, problem->line);
	answer_number(&a, "column", NULL, problem->column);
	answer_end(&a);
}

static void show_all_json(program *p, const aim_discovery *found, const detected *rows)
{
	aim_discovery_server s = {.struct_size = sizeof s};
	aim_discovery_problem problem = {.struct_size = sizeof problem};
	for (size_t i = 0; aim_discovery_at(found, i, &s) == AIM_OK; i++)
		show_json(p, found, i, &rows[i], &s);
	for (size_t i = 0; aim_discovery_problem_at(found, i, &problem) == AIM_OK; i++)
		show_problem_json(&problem);
}

/* --- for people ------------------------------------------------------------------------------------------------------- */

static unsigned columns_of(const char *text)
{
	unsigned n = 0;
	aim_str s = aim_str_from(text);
	for (size_t at = 0; at < s.len;)
		n += text_columns(text_next(s, &at));
	return n;
}

/* The name fit for a terminal, cut when it is very long. Returns out. */
static const char *shown_name(const aim_discovery_server *s, char *out, size_t size)
{
	char whole[NAME_COLUMNS * 8];
	aim_str text = aim_str_from(printable(s->name, whole, sizeof whole));
	size_t at = 0;
	for (unsigned used = 0; at < text.len;) {
		size_t next = at;
		used += text_columns(text_next(text, &next));
		if (used > NAME_COLUMNS)
			break;
		at = next;
	}
	snprintf(out, size, "%.*s%s%s", (int)at, text.ptr, at < text.len ? "…" : "", text.len ? "" : "(no name)");
	return out;
}

/* Each client once, in the order of its files. */
static void put_clients(const aim_discovery *found, size_t i, uint32_t n)
{
	char text[100];
	aim_str last = {NULL, 0};
	for (uint32_t at = 0; at < n; at++) {
		aim_discovery_origin o = {.struct_size = sizeof o};
		if (aim_discovery_origin_at(found, i, at, &o) != AIM_OK || aim_str_equal(o.client, last))
			continue;
		printf("%s%s", last.ptr ? ", " : "  ", printable(o.client, text, sizeof text));
		last = o.client;
	}
}

static void put_reasons(const detected *row)
{
	int n = 0;
	for (size_t i = 0; i < N(reasons); i++)
		if (row->reasons & reasons[i].reason)
			printf("%s%s", n++ ? "; " : "", reasons[i].text);
}

static void put_reason_line(const detected *row)
{
	char name[200];
	if (!row->reasons && !row->name[0])
		return;
	printf("%*s", INDENT, "");
	put_reasons(row);
	if (row->drift)
		printf(": %llu definition%s from the baseline", (unsigned long long)row->drift, row->drift == 1 ? " differs" : "s differ");
	if (row->name[0])
		printf("%sregistered as %s", row->reasons ? "; " : "", printable(aim_str_from(row->name), name, sizeof name));
	else if (row->id[0])
		printf(" (%s)", row->id);
	putchar('\n');
}

static void put_advisory_line(const detected *row)
{
	char text[ADVISORY_BYTES * 4];
	if (row->advisory[0])
		printf("%*sadvisories: %s\n", INDENT, "", printable(aim_str_from(row->advisory), text, sizeof text));
}

/* The launch or URL, then each place. */
static void put_long(const aim_discovery *found, size_t i, const aim_discovery_server *s)
{
	char text[2048];
	aim_discovery_origin o = {.struct_size = sizeof o};
	printf("%*s%s%s", INDENT, "", style(STYLE_DIM), printable(s->command.len ? s->command : s->url, text, sizeof text));
	for (uint32_t at = 0; at < s->n_args; at++)
		printf(" %s", printable(aim_discovery_text(found, i, AIM_DISCOVERY_ARGS, at), text, sizeof text));
	putchar('\n');
	for (uint32_t at = 0; at < s->n_origins && aim_discovery_origin_at(found, i, at, &o) == AIM_OK; at++) {
		printf("%*s%s", INDENT, "", printable(o.path, text, sizeof text));
		if (o.line)
			printf(":%u", o.line);
		printf("%s\n", o.flags & AIM_DISCOVERY_DISABLED ? " (off)" : "");
	}
	fputs(style(STYLE_NONE), stdout);
}

static void show_row(const aim_discovery *found, size_t i, const detected *row, const aim_discovery_server *s, unsigned width,
                     int digits)
{
	char name[NAME_COLUMNS * 8], percent[AIM_CONFIDENCE_TEXT_SIZE] = "?";
	aim_status rc = aim_confidence_text(row->confidence, percent);
	(void)rc;
	shown_name(s, name, sizeof name);
	printf("[%s%s%s] %s%*s", style(verdict_style(row->verdict)), aim_confidence_verdict_name(row->verdict), style(STYLE_NONE), name,
	       (int)(width - columns_of(name)), "");
	printf("  confidence: %7s  attestations: %*llu", percent, digits, (unsigned long long)row->attestations);
	put_clients(found, i, s->n_origins);
	puts(is_off(s) ? " (off)" : "");
}

static void show_all(const aim_discovery *found, const detected *rows, uint32_t flags)
{
	char name[NAME_COLUMNS * 8], number[24];
	aim_discovery_server s = {.struct_size = sizeof s};
	unsigned width = 0;
	int digits = 1;
	for (size_t i = 0; aim_discovery_at(found, i, &s) == AIM_OK; i++) {
		unsigned columns = columns_of(shown_name(&s, name, sizeof name));
		int len = snprintf(number, sizeof number, "%llu", (unsigned long long)rows[i].attestations);
		width = columns > width ? columns : width;
		digits = len > digits ? len : digits;
	}
	printf("MCP Servers Found: %zu\n", aim_discovery_count(found));
	for (size_t i = 0; aim_discovery_at(found, i, &s) == AIM_OK; i++) {
		show_row(found, i, &rows[i], &s, width, digits);
		put_reason_line(&rows[i]);
		put_advisory_line(&rows[i]);
		if (flags & DETECT_LONG)
			put_long(found, i, &s);
	}
}

void detect_show(program *p, const aim_discovery *found, const detected *rows, uint32_t flags)
{
	if (screen_is_json())
		show_all_json(p, found, rows);
	else
		show_all(found, rows, flags);
	fflush(stdout); /* in front of what is said on stderr */
}
