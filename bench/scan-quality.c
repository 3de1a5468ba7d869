/* bench/scan-quality.c — how good the scanner is on labelled texts, one JSON object a line:
 *
 *     {"label": "attack", "class": "exfiltration", "language": "en", "encoding": "base64", "text": "..."}
 *     {"label": "benign", "tool": {"name": "...", "description": "...", "inputSchema": {...}}}
 *
 * Usage: scan-quality [--list] CORPUS...
 *
 * A line counts as flagged when something of warning or more is found. Prints recall, false alarms and precision for each
 * corpus, with 95 % intervals (Wilson), recall by class, language and encoding, and each miss and false alarm (--list:
 * also what was found in the attacks). */
#include <aim/buf.h>
#include <aim/scan.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 3
#define GROUPS 128

static const char *const keys[KEYS] = {"class", "language", "encoding"};

typedef struct group {
	char name[64];
	size_t n;
	size_t hit;
} group;

typedef struct tally {
	size_t attacks, found, benign, alarms;
	group groups[KEYS][GROUPS];
} tally;

static aim_scanner *scanner;
static aim_scan_result *result;
static aim_json *doc;
static int list;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "scan-quality: %s: %s\n", what, why);
	exit(2);
}

static aim_str member(const char *name)
{
	return aim_json_string(doc, aim_json_member(doc, AIM_JSON_ROOT, aim_str_from(name)));
}

static void count_group(tally *t, int key, aim_str name, int hit)
{
	if (!name.len)
		return;
	for (group *g = t->groups[key]; g < t->groups[key] + GROUPS; g++) {
		if (g->n && (strlen(g->name) != name.len || memcmp(g->name, name.ptr, name.len) != 0))
			continue;
		if (!g->n)
			snprintf(g->name, sizeof g->name, "%.*s", (int)name.len, name.ptr);
		g->n++;
		g->hit += (size_t)hit;
		return;
	}
}

static void print_findings(void)
{
	for (size_t i = 0; i < aim_scan_finding_count(result); i++) {
		const aim_scan_finding *f = aim_scan_finding_at(result, i);
		printf("      %s %s %.*s [%.*s] \"%.*s\" %.*s\n", aim_scan_severity_name(f->severity), f->rule.ptr,
		       (int)f->pointer.len, f->pointer.ptr, (int)f->view.len, f->view.ptr, (int)f->matched.len, f->matched.ptr,
		       (int)f->details.len, f->details.ptr);
	}
}

/* 1 when flagged. */
static int scan_line(const char *path, size_t number, aim_bytes line)
{
	aim_error err = {0};
	aim_scan_summary summary = {.struct_size = sizeof summary};
	if (aim_json_parse(doc, line, AIM_JSON_BORROW, &err) != AIM_OK) {
		fprintf(stderr, "%s:%zu: ", path, number);
		die("not JSON", err.message);
	}
	aim_json_value tool = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("tool"));
	aim_status rc = tool == AIM_JSON_NONE ? aim_scan_text(scanner, member("text"), result, &err)
	                                      : aim_scan_value(scanner, aim_str_from(""), doc, tool, result, &err);
	if (rc != AIM_OK || aim_scan_summarize(result, &summary) != AIM_OK)
		die(path, err.message);
	return summary.severity >= AIM_SCAN_WARNING;
}

static void count_line(tally *t, const char *path, size_t number, aim_bytes line)
{
	int flagged = scan_line(path, number, line);
	int attack = aim_str_equal(member("label"), aim_str_from("attack"));
	t->attacks += (size_t)attack;
	t->found += (size_t)(attack && flagged);
	t->benign += (size_t)!attack;
	t->alarms += (size_t)(!attack && flagged);
	for (int k = 0; k < KEYS && attack; k++)
		count_group(t, k, member(keys[k]), flagged);
	if (attack != flagged)
		printf("  %s %s:%zu %.300s\n", attack ? "MISS " : "ALARM", path, number, (const char *)line.ptr);
	if (attack != flagged || list)
		print_findings();
}

static void rate(const char *what, size_t hit, size_t n)
{
	if (n == 0)
		return;
	const double z = 1.959964;
	double p = (double)hit / (double)n, d = 1 + z * z / (double)n;
	double centre = (p + z * z / (2 * (double)n)) / d;
	double half = z * sqrt(p * (1 - p) / (double)n + z * z / (4 * (double)n * (double)n)) / d;
	printf("  %-28s %6zu / %-6zu %7.3f %%   [%.3f, %.3f]\n", what, hit, n, 100 * p, 100 * (centre - half),
	       100 * (centre + half));
}

static void report(const char *path, const tally *t)
{
	printf("%s\n", path);
	rate("recall", t->found, t->attacks);
	rate("false alarms", t->alarms, t->benign);
	rate("precision", t->found, t->found + t->alarms);
	for (int k = 0; k < KEYS; k++)
		for (const group *g = t->groups[k]; g < t->groups[k] + GROUPS && g->n; g++) {
			char name[80];
			snprintf(name, sizeof name, "  %s %s", keys[k], g->name);
			rate(name, g->hit, g->n);
		}
}

static void scan_file(const char *path)
{
	static tally t;
	char *line = NULL;
	size_t cap = 0, number = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		die(path, "cannot be opened");
	memset(&t, 0, sizeof t);
	for (ssize_t n; (n = getline(&line, &cap, file)) > 0;) {
		if (line[n - 1] == '\n')
			line[--n] = '\0';
		number++;
		if (n && line[0] != '#')
			count_line(&t, path, number, aim_bytes_from(line, (size_t)n));
	}
	report(path, &t);
	free(line);
	fclose(file);
}

int main(int argc, char **argv)
{
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	int first = 1;
	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		list = first++;
	if (first >= argc)
		die("usage", "scan-quality [--list] CORPUS...");
	if (aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_json_new(ctx, &doc) != AIM_OK ||
	    aim_scan_new(ctx, NULL, &scanner, &err) != AIM_OK || aim_scan_result_new(scanner, &result) != AIM_OK)
		die("cannot begin", err.message);
	for (int i = first; i < argc; i++)
		scan_file(argv[i]);
	aim_scan_result_free(result);
	aim_scan_free(scanner);
	aim_json_free(doc);
	aim_ctx_free(ctx);
	return 0;
}
