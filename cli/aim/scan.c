/* cli/aim/scan.c — aim scan: what definitions of a file, or of a registered server, carry that they should not. */
#include "advisory.h"
#include "fingerprint.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(scan_options, member)

static const char *const policies[] = {"block", "sanitize", "log", NULL};

static const option options[] = {
	{"--response", NULL, NULL, OPTION_FLAG, SCAN_RESPONSE, AT(flags), NULL, "FILE is what a tool answered: a result of MCP, other JSON, or text"},
	{"--policy", NULL, "POLICY", OPTION_CHOICE, 0, AT(policy), policies, "of --response: sanitize writes the response without what was found"},
	{"--server", NULL, "NAME", OPTION_TEXT, 0, AT(server), NULL, "a registered server's definitions, as the store keeps them"},
	{"--known", NULL, "FILE", OPTION_TEXT, 0, AT(known), NULL, "tools of another server, to compare names and texts with"},
	{"--as", NULL, "NAME", OPTION_TEXT, 0, AT(as), NULL, "what the server is called in findings"},
	{"--rules", NULL, "FILE", OPTION_TEXT, 0, AT(rules), NULL, "rules of your own, in JSON or YAML"},
	{"--advisories", NULL, "OSV", OPTION_TEXT, 0, AT(advisories), NULL,
	 "hold the packages that servers are started from against these OSV records; FILE is then a client's configuration"},
	{"--batch", NULL, NULL, OPTION_FLAG, SCAN_BATCH, AT(flags), NULL, "each line of FILE is one definition"},
	{"--sarif", NULL, NULL, OPTION_FLAG, SCAN_SARIF, AT(flags), NULL, "answer in SARIF 2.1.0"},
	{"--approved", NULL, NULL, OPTION_FLAG, SCAN_APPROVED_SERVER, AT(flags), NULL, "the server is approved: near names are information"},
};

static const command commands[] = {
	{"scan", "[FILE]", 0, 1, "look for hidden instructions, injections and traps in definitions and responses",
	 "FILE (- is standard input) is one definition, a list of them, or an answer of tools/list. The exit status says the worst that "
	 "was found: 1 critical, 6 warning, 0 neither.\n"
	 "With --advisories the packages behind --server NAME, or behind the servers of a client's configuration, are looked up "
	 "instead: 1 a critical advisory, 6 another one or a package of which nothing is known, 0 neither.",
	 options, N(options), sizeof(scan_options), run_scan},
};

const group group_scan = {NULL, "Scanner", commands, N(commands)};

typedef struct scanning {
	program *p;
	const scan_options *o;
	aim_scanner *scanner;
	aim_scan_result *result;
	surface shown;
	surface other;
	char *lines; /* of --batch */
	size_t len;
	aim_bytes *definitions;
	aim_scan_known_tool *known;
	aim_scan_summary summary;
} scanning;

/* --- showing -------------------------------------------------------------------------------------------------------------- */

static const column columns[] = {
	{"severity", "SEVERITY", 0},
	{"threat", "THREAT", 0},
	{"server", NULL, COLUMN_HIDDEN},
	{"tool", "TOOL", COLUMN_SHRINKS},
	{"rule", "RULE", 0},
	{"message", NULL, COLUMN_HIDDEN},
	{"pointer", "WHERE", COLUMN_SHRINKS},
	{"start", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"end", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"view", "READ AS", 0},
	{"matched", "MATCHED", COLUMN_SHRINKS},
	{"decoded", NULL, COLUMN_HIDDEN},
	{"details", NULL, COLUMN_HIDDEN},
};

int scan_severity_style(uint32_t severity)
{
	return severity == AIM_SCAN_CRITICAL ? STYLE_BAD : severity == AIM_SCAN_WARNING ? STYLE_BOLD : STYLE_DIM;
}

static void show_row(table *t, const aim_scan_finding *f)
{
	table_styled(t, aim_str_from(aim_scan_severity_name(f->severity)), scan_severity_style(f->severity));
	table_text(t, aim_str_from(aim_scan_threat_name(f->threat)));
	table_text(t, f->server);
	table_text(t, f->tool);
	table_text(t, f->rule);
	table_text(t, f->message);
	table_text(t, f->pointer);
	table_number(t, f->start);
	table_number(t, f->end);
	table_text(t, f->view);
	table_text(t, f->matched);
	table_text(t, f->decoded);
	table_text(t, f->details);
	table_row_end(t);
}

static int show_table(const scanning *s)
{
	table *t = table_new(columns, N(columns));
	if (!t)
		return EXIT_FAILED;
	for (size_t i = 0; i < aim_scan_finding_count(s->result); i++)
		show_row(t, aim_scan_finding_at(s->result, i));
	table_free(t, "nothing was found");
	return EXIT_OK;
}

static void sarif_member(const char *head, aim_str text)
{
	printf("%s", head);
	json_string(text);
}

static void sarif_rules(void)
{
	const char *id, *message;
	for (size_t i = 0; (id = aim_scan_rule_at(i, NULL, &message)); i++) {
		sarif_member(i ? ",{\"id\":" : "{\"id\":", aim_str_from(id));
		sarif_member(",\"shortDescription\":{\"text\":", aim_str_from(message));
		printf("}}");
	}
}

static void sarif_result(const scanning *s, const aim_scan_finding *f, int first)
{
	static const char *const levels[] = {"none", "note", "warning", "error"};
	sarif_member(first ? "{\"ruleId\":" : ",{\"ruleId\":", f->rule);
	printf(",\"level\":\"%s\"", levels[f->severity & 3]);
	sarif_member(",\"message\":{\"text\":", f->message);
	sarif_member("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":", aim_str_from(s->shown.what));
	sarif_member("}},\"logicalLocations\":[{\"name\":", f->tool);
	sarif_member(",\"fullyQualifiedName\":", f->pointer);
	sarif_member("}]}],\"properties\":{\"threat\":", aim_str_from(aim_scan_threat_name(f->threat)));
	sarif_member(",\"matched\":", f->matched);
	sarif_member(",\"view\":", f->view);
	sarif_member(",\"details\":", f->details);
	printf(",\"start\":%llu,\"end\":%llu}}", (unsigned long long)f->start, (unsigned long long)f->end);
}

static int show_sarif(const scanning *s)
{
	printf("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":"
	       "{\"name\":\"libaim\",\"rules\":[");
	sarif_rules();
	printf("]}},\"results\":[");
	for (size_t i = 0; i < aim_scan_finding_count(s->result); i++)
		sarif_result(s, aim_scan_finding_at(s->result, i), i == 0);
	printf("]}]}\n");
	return EXIT_OK;
}

/* --- scanning ------------------------------------------------------------------------------------------------------------- */

static int no_memory(void)
{
	say("out of memory");
	return EXIT_FAILED;
}

/* Each line of the file is a definition; empty lines are none. */
static int take_lines(scanning *s, const char *path, size_t *out_n)
{
	size_t n = 0, cap = 1;
	s->lines = file_read("FILE", path, SCAN_FILE_MAX, &s->len);
	if (!s->lines)
		return EXIT_FILE;
	for (size_t i = 0; i < s->len; i++)
		cap += s->lines[i] == '\n';
	s->definitions = calloc(cap, sizeof *s->definitions);
	if (!s->definitions)
		return no_memory();
	for (char *line = s->lines, *end = s->lines + s->len; line < end;) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);
		if (len && line[len - 1] == '\r')
			len--;
		if (len)
			s->definitions[n++] = aim_bytes_from(line, len);
		line = stop ? stop + 1 : end;
	}
	s->shown.what = path;
	*out_n = n;
	return EXIT_OK;
}

static int take_definitions(scanning *s, size_t *out_n)
{
	const char *path = s->p->n_args ? s->p->args[0] : "-";
	if (s->o->flags & SCAN_BATCH)
		return take_lines(s, path, out_n);
	int code = s->o->server ? surface_of_server(s->p, s->o->server, &s->shown) : surface_of_file(s->p, path, 0, &s->shown);
	if (code != EXIT_OK)
		return code;
	s->definitions = calloc(s->shown.n ? s->shown.n : 1, sizeof *s->definitions);
	if (!s->definitions)
		return no_memory();
	for (size_t i = 0; i < s->shown.n; i++)
		s->definitions[i] = s->shown.items[i].raw;
	*out_n = s->shown.n;
	return EXIT_OK;
}

static int take_known(scanning *s, size_t *out_n)
{
	*out_n = 0;
	if (!s->o->known)
		return EXIT_OK;
	int code = surface_of_file(s->p, s->o->known, AIM_FINGERPRINT_TOOL, &s->other);
	if (code != EXIT_OK)
		return code;
	s->known = calloc(s->other.n ? s->other.n : 1, sizeof *s->known);
	if (!s->known)
		return no_memory();
	for (size_t i = 0; i < s->other.n; i++) {
		s->known[i].server = aim_str_from(s->o->known);
		s->known[i].name = s->other.items[i].name;
	}
	*out_n = s->other.n;
	return EXIT_OK;
}

static int ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), n = strlen(end);
	return len >= n && strcmp(path + len - n, end) == 0;
}

/* "FILE:LINE:COLUMN: …" when the rules are what is wrong. */
static int no_scanner(const scan_options *o, aim_status rc, const aim_error *err)
{
	char place[4096 + 32];
	if (!o->rules)
		return failed("scan", rc, err);
	if (err->line == 0)
		return failed(o->rules, rc, err);
	(void)snprintf(place, sizeof place, "%s:%u:%u", o->rules, err->line, err->column);
	return failed(place, rc, err);
}

int scan_open(program *p, const scan_options *o, aim_scanner **out)
{
	aim_error err = {0};
	aim_scan_options how = {.struct_size = sizeof how};
	size_t len = 0;
	char *rules = o->rules ? file_read("FILE", o->rules, SCAN_FILE_MAX, &len) : NULL;
	if (o->rules && !rules)
		return EXIT_FILE;
	if (rules) {
		how.rules = aim_bytes_from(rules, len);
		how.rules_format = ends_in(o->rules, ".yaml") || ends_in(o->rules, ".yml") ? AIM_CONFIG_YAML : AIM_CONFIG_JSON;
	}
	aim_status rc = aim_scan_new(p->ctx, &how, out, &err);
	if (rules)
		file_free(rules, len);
	return rc == AIM_OK ? EXIT_OK : no_scanner(o, rc, &err);
}

static const char *server_name(const scanning *s)
{
	return s->o->as ? s->o->as : s->o->server ? s->o->server : "";
}

static int scan(scanning *s)
{
	aim_error err = {0};
	aim_scan_server_input in = {.struct_size = sizeof in, .server = aim_str_from(server_name(s))};
	int code = take_definitions(s, &in.n_definitions);
	if (code == EXIT_OK)
		code = take_known(s, &in.n_known);
	if (code == EXIT_OK)
		code = scan_open(s->p, s->o, &s->scanner);
	if (code != EXIT_OK)
		return code;
	in.flags = s->o->flags & SCAN_APPROVED_SERVER ? AIM_SCAN_APPROVED : 0;
	in.definitions = s->definitions;
	in.known = s->known;
	aim_status rc = aim_scan_result_new(s->scanner, &s->result);
	if (rc == AIM_OK)
		rc = aim_scan_server(s->scanner, &in, s->result, &err);
	if (rc == AIM_OK)
		rc = aim_scan_summarize(s->result, &s->summary);
	return rc == AIM_OK ? EXIT_OK : failed(s->shown.what, rc, &err);
}

int scan_exit_of(uint32_t severity)
{
	return severity == AIM_SCAN_CRITICAL ? EXIT_NO : severity == AIM_SCAN_WARNING ? EXIT_WARN : EXIT_OK;
}

static void close_scan(scanning *s)
{
	aim_scan_result_free(s->result);
	aim_scan_free(s->scanner);
	free(s->known);
	free(s->definitions);
	if (s->lines)
		file_free(s->lines, s->len);
	surface_close(&s->other);
	surface_close(&s->shown);
}

int run_scan(program *p)
{
	scanning s = {.p = p, .o = p->options, .summary = {.struct_size = sizeof s.summary}};
	if (s.o->server && (p->n_args || s.o->flags & SCAN_BATCH)) {
		say("scan: either FILE or --server");
		return EXIT_USAGE;
	}
	if ((s.o->flags & SCAN_RESPONSE && (s.o->server || s.o->known || s.o->as)) ||
	    (s.o->policy && !(s.o->flags & SCAN_RESPONSE))) {
		say("scan: --response goes with --policy, --batch and --sarif, and --policy only with it");
		return EXIT_USAGE;
	}
	if (s.o->advisories && (s.o->known || s.o->as || s.o->rules || s.o->flags)) {
		say("scan: --advisories goes with FILE or --server alone");
		return EXIT_USAGE;
	}
	s.shown.p = s.other.p = p;
	int code = open_context(p);
	if (code == EXIT_OK && s.o->flags & SCAN_RESPONSE)
		return scan_responses(p, s.o);
	if (code == EXIT_OK && s.o->advisories)
		return scan_advisories(p, s.o->advisories, s.o->server, p->n_args ? p->args[0] : "-");
	if (code == EXIT_OK)
		code = scan(&s);
	if (code == EXIT_OK)
		code = s.o->flags & SCAN_SARIF ? show_sarif(&s) : show_table(&s);
	if (code == EXIT_OK)
		code = scan_exit_of(s.summary.severity);
	close_scan(&s);
	return code;
}
