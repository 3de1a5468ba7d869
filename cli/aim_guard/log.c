/* cli/aim_guard/log.c — aim-guard log, verify and approve: reading what was recorded, and moving a baseline. */
#include "program.h"

#include <string.h>
#include <time.h>

#define CELL 200u

static int read_failed(const program *p, aim_status rc, const aim_error *err)
{
	say_error(p->options->store, rc, err);
	return EXIT_STORE;
}

static int open_for_reading(program *p)
{
	aim_error err = {0};
	int code = open_store(p, AIM_SQLITE_READ_ONLY | AIM_SQLITE_MUST_EXIST);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_audit_open(p->store, NULL, &p->log, &err);
	return rc == AIM_OK ? EXIT_OK : read_failed(p, rc, &err);
}

/* --- log ------------------------------------------------------------------------------------------------------ */

typedef struct table {
	aim_json *doc;
	int broken;
} table;

static const char *cell(const table *t, const char *pointer, char *out)
{
	aim_str text = aim_json_string(t->doc, aim_json_at(t->doc, AIM_JSON_ROOT, aim_str_from(pointer)));
	return printable(text, out, CELL);
}

static void print_time(const table *t, char *out)
{
	int64_t us = 0;
	struct tm parts;
	(void)aim_json_int64(t->doc, aim_json_at(t->doc, AIM_JSON_ROOT, aim_str_from("/time_us")), &us);
	time_t s = (time_t)(us / 1000000);
	if (!gmtime_r(&s, &parts) || strftime(out, CELL, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(out, CELL, "?");
}

static aim_status print_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	table *t = user;
	char when[CELL], kind[CELL], action[CELL], decision[CELL], code[CELL], rule[CELL], reason[CELL];
	(void)salt;
	if (aim_json_parse(t->doc, aim_bytes_from_str(record), 0, NULL) != AIM_OK) {
		t->broken = 1;
		return AIM_OK;
	}
	print_time(t, when);
	printf("%-6llu %-20s %-18s %-26s %-8s %-16s %-16s %s\n", (unsigned long long)position, when,
	       cell(t, "/kind", kind), cell(t, "/action", action), cell(t, "/decision", decision),
	       cell(t, "/reason_code", code), cell(t, "/rule", rule), cell(t, "/reason", reason));
	return AIM_OK;
}

static int print_records(program *p, table *t)
{
	aim_error err = {0};
	aim_audit_head head = {.struct_size = sizeof head};
	aim_status rc = aim_audit_current(p->log, &head, &err);
	if (rc != AIM_OK)
		return read_failed(p, rc, &err);
	uint64_t from = head.size > p->options->limit ? head.size - p->options->limit : 0;
	printf("%-6s %-20s %-18s %-26s %-8s %-16s %-16s %s\n", "#", "TIME", "KIND", "ACTION", "DECISION", "CODE", "RULE",
	       "REASON");
	rc = aim_audit_read(p->log, from, p->options->limit, print_record, t, &err);
	if (rc != AIM_OK)
		return read_failed(p, rc, &err);
	return t->broken || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

int run_log(program *p)
{
	table t = {NULL, 0};
	int code = open_for_reading(p);
	if (code != EXIT_OK)
		return code;
	if (aim_json_new(p->ctx, &t.doc) != AIM_OK)
		return EXIT_FAILED;
	code = print_records(p, &t);
	aim_json_free(t.doc);
	return code;
}

/* --- verify ---------------------------------------------------------------------------------------------------- */

static int is_store_failure(aim_status rc)
{
	return rc <= AIM_E_CONFLICT && rc > AIM_E_AUDIT_CORRUPT;
}

static void print_hex(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
}

int run_verify(program *p)
{
	aim_error err = {0};
	aim_audit_report report = {.struct_size = sizeof report};
	int code = open_for_reading(p);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_audit_verify(p->log, NULL, &report, &err);
	if (rc != AIM_OK) {
		say_error("the audit log is not intact", rc, &err);
		printf("%llu records are good; the first bad one is %llu\n", (unsigned long long)report.n_records,
		       (unsigned long long)report.bad_position);
		return is_store_failure(rc) ? EXIT_STORE : EXIT_FAILED;
	}
	printf("intact: %llu records, root ", (unsigned long long)report.n_records);
	print_hex(report.root, sizeof report.root);
	putchar('\n');
	return fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

/* --- approve ------------------------------------------------------------------------------------------------------ */

static int approve(program *p, aim_baseline *baseline)
{
	aim_error err = {0};
	aim_baseline_approval a = {.struct_size = sizeof a, .kind = AIM_FINGERPRINT_TOOL};
	a.name = aim_str_from(p->options->tool);
	a.actor = aim_str_from(p->options->actor ? p->options->actor : "operator");
	aim_status rc = aim_baseline_approve(baseline, &a, &err);
	if (rc != AIM_OK) {
		say_error("approve", rc, &err);
		return rc == AIM_E_NOT_FOUND ? EXIT_FAILED : EXIT_STORE;
	}
	printf("approved: %s of server %s\n", p->options->tool ? p->options->tool : "every tool", p->options->server);
	return fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

int run_approve(program *p)
{
	aim_error err = {0};
	aim_server *server = NULL;
	aim_baseline *baseline = NULL;
	int code = open_store(p, AIM_SQLITE_MUST_EXIST);
	if (code == EXIT_OK)
		code = open_log(p);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_server_find_name(p->registry, aim_str_from(p->options->server), &server, &err);
	if (rc == AIM_OK)
		rc = aim_baseline_open(p->registry, aim_server_id(server), &baseline, &err);
	aim_server_free(server);
	if (rc != AIM_OK) {
		say_error("approve", rc, &err);
		return rc == AIM_E_NOT_FOUND ? EXIT_FAILED : EXIT_STORE;
	}
	code = approve(p, baseline);
	aim_baseline_free(baseline);
	return code;
}
