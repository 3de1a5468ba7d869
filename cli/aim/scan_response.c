/* cli/aim/scan_response.c — aim scan --response: what tools answered that should not be passed on. Findings go to standard
 * output; with --policy sanitize the cleaned response does, and findings to standard error. */
#include "scan.h"

#include <aim/response.h>

#include <stdio.h>
#include <string.h>

typedef struct answers {
	program *p;
	const scan_options *o;
	aim_scanner *scanner;
	aim_response *response;
	table *table;
	char *bytes;
	size_t len;
	const char *path;
	uint64_t line;    /* of --batch; 0: the whole file */
	uint32_t worst;
	uint32_t blocked;
	int printed;      /* results of SARIF so far */
} answers;

static const column columns[] = {
	{"severity", "SEVERITY", 0},
	{"category", "CATEGORY", 0},
	{"rule", "RULE", 0},
	{"message", NULL, COLUMN_HIDDEN},
	{"line", "LINE", COLUMN_NUMBER},
	{"pointer", "WHERE", COLUMN_SHRINKS},
	{"inner", "INSIDE", COLUMN_SHRINKS},
	{"name", NULL, COLUMN_NUMBER | COLUMN_HIDDEN},
	{"start", "START", COLUMN_NUMBER},
	{"end", "END", COLUMN_NUMBER},
	{"view", "READ AS", 0},
	{"action", NULL, COLUMN_HIDDEN},
};

static void show_row(answers *a, const aim_response_threat *t, uint32_t action)
{
	table_styled(a->table, aim_str_from(aim_scan_severity_name(t->severity)), scan_severity_style(t->severity));
	table_text(a->table, aim_str_from(aim_response_category_name(t->category)));
	table_text(a->table, t->rule);
	table_text(a->table, t->message);
	table_number(a->table, a->line);
	table_text(a->table, t->pointer);
	table_text(a->table, t->inner);
	table_number(a->table, t->flags & AIM_RESPONSE_IN_NAME);
	table_number(a->table, t->start);
	table_number(a->table, t->end);
	table_text(a->table, t->view);
	table_text(a->table, aim_str_from(aim_response_action_name(action)));
	table_row_end(a->table);
}

static void sarif_member(const char *head, aim_str text)
{
	printf("%s", head);
	json_string(text);
}

static void sarif_result(answers *a, const aim_response_threat *t)
{
	static const char *const levels[] = {"none", "note", "warning", "error"};
	sarif_member(a->printed++ ? ",{\"ruleId\":" : "{\"ruleId\":", t->rule);
	printf(",\"level\":\"%s\"", levels[t->severity & 3]);
	sarif_member(",\"message\":{\"text\":", t->message);
	sarif_member("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":", aim_str_from(a->path));
	printf("}");
	if (a->line)
		printf(",\"region\":{\"startLine\":%llu}", (unsigned long long)a->line);
	sarif_member("},\"logicalLocations\":[{\"fullyQualifiedName\":", t->pointer);
	sarif_member("}]}],\"properties\":{\"category\":", aim_str_from(aim_response_category_name(t->category)));
	sarif_member(",\"view\":", t->view);
	sarif_member(",\"inner\":", t->inner);
	printf(",\"start\":%llu,\"end\":%llu}}", (unsigned long long)t->start, (unsigned long long)t->end);
}

/* What may be passed on, as it is: a line of its own with --batch. A response that is blocked leaves nothing. */
static void put_content(const answers *a, const aim_response_verdict *v)
{
	fwrite(v->content.ptr ? (const char *)v->content.ptr : "", 1, v->content.len, stdout);
	if (a->line)
		putchar('\n');
}

static void tell(const answers *a, const aim_response_verdict *v)
{
	for (size_t i = 0; i < aim_response_threat_count(a->response); i++) {
		const aim_response_threat *t = aim_response_threat_at(a->response, i);
		say("%s: %s (%s) at '%.*s', bytes %llu to %llu", aim_scan_severity_name(t->severity), t->rule.ptr,
		    aim_response_category_name(t->category), (int)t->pointer.len, t->pointer.ptr, (unsigned long long)t->start,
		    (unsigned long long)t->end);
	}
	if (v->action == AIM_RESPONSE_BLOCK)
		say("%s", v->reason.ptr);
}

static int read_one(answers *a, aim_bytes content)
{
	aim_error err = {0};
	aim_response_verdict v = {.struct_size = sizeof v};
	aim_status rc = aim_response_scan(a->response, content, &err);
	if (rc != AIM_OK && rc != AIM_DENIED)
		return failed(a->path, rc, &err);
	if (aim_response_judge(a->response, &v) != AIM_OK)
		return EXIT_FAILED;
	a->worst = v.severity > a->worst ? v.severity : a->worst;
	a->blocked += v.action == AIM_RESPONSE_BLOCK;
	if (a->o->policy == AIM_RESPONSE_SANITIZE && !a->table && !(a->o->flags & SCAN_SARIF)) {
		put_content(a, &v);
		tell(a, &v);
		return EXIT_OK;
	}
	for (size_t i = 0; i < aim_response_threat_count(a->response); i++) {
		if (a->table)
			show_row(a, aim_response_threat_at(a->response, i), v.action);
		else
			sarif_result(a, aim_response_threat_at(a->response, i));
	}
	return EXIT_OK;
}

/* Each line is a response; empty lines are none, and stay. */
static int read_lines(answers *a)
{
	int code = EXIT_OK;
	for (char *line = a->bytes, *end = a->bytes + a->len; line < end && code == EXIT_OK;) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop : end) - line);
		if (len && line[len - 1] == '\r')
			len--;
		a->line++;
		code = read_one(a, aim_bytes_from(line, len));
		line = stop ? stop + 1 : end;
	}
	return code;
}

static int read_answers(answers *a)
{
	aim_error err = {0};
	aim_response_options o = {.struct_size = sizeof o, .policy = a->o->policy};
	a->path = a->p->n_args ? a->p->args[0] : "-";
	a->bytes = file_read("FILE", a->path, SCAN_FILE_MAX, &a->len);
	if (!a->bytes)
		return EXIT_FILE;
	int code = scan_open(a->p, a->o, &a->scanner);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_response_new(a->scanner, &o, &a->response, &err);
	if (rc != AIM_OK)
		return failed(a->path, rc, &err);
	return a->o->flags & SCAN_BATCH ? read_lines(a) : read_one(a, aim_bytes_from(a->bytes, a->len));
}

/* The table is shown when the policy shows findings: always with --json, never with --sarif or a cleaned response. */
static int open_output(answers *a)
{
	if (a->o->flags & SCAN_SARIF) {
		printf("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":"
		       "{\"name\":\"libaim\"}},\"results\":[");
		return EXIT_OK;
	}
	if (a->o->policy == AIM_RESPONSE_SANITIZE && !screen_is_json())
		return EXIT_OK;
	a->table = table_new(columns, N(columns));
	return a->table ? EXIT_OK : EXIT_FAILED;
}

static void close_output(answers *a, int code)
{
	if (a->o->flags & SCAN_SARIF && code == EXIT_OK)
		printf("]}]}\n");
	if (a->table)
		table_free(a->table, "nothing was found");
}

int scan_responses(program *p, const scan_options *o)
{
	answers a = {.p = p, .o = o};
	int code = open_output(&a);
	if (code == EXIT_OK)
		code = read_answers(&a);
	close_output(&a, code);
	if (code == EXIT_OK)
		code = scan_exit_of(a.worst);
	aim_response_free(a.response);
	aim_scan_free(a.scanner);
	if (a.bytes)
		file_free(a.bytes, a.len);
	return code;
}
