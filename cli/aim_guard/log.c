/* cli/aim_guard/log.c — aim-guard log, verify and approve: reading what was recorded, and moving a baseline. */
#include "../common/files.h"
#include "../common/records.h"
#include "program.h"

static int read_failed(const program *p, aim_status rc, const aim_error *err)
{
	say_store_error(p->options->store, rc, err);
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

static int print_records(program *p, records *r)
{
	aim_error err = {0};
	aim_audit_head head = {.struct_size = sizeof head};
	aim_status rc = aim_audit_current(p->log, &head, &err);
	if (rc != AIM_OK)
		return read_failed(p, rc, &err);
	uint64_t from = head.size > p->options->limit ? head.size - p->options->limit : 0;
	rc = aim_audit_read(p->log, from, p->options->limit, records_visit, r, &err);
	if (rc != AIM_OK && !screen_failed())
		return read_failed(p, rc, &err);
	return r->broken ? EXIT_FAILED : EXIT_OK;
}

int run_log(program *p)
{
	records r;
	int code = open_for_reading(p);
	if (code != EXIT_OK)
		return code;
	screen_open(0, 0);
	code = records_open(&r, p->ctx) == 0 ? print_records(p, &r) : EXIT_FAILED;
	records_close(&r, "the log is empty");
	int closing = screen_finish(EXIT_FAILED);
	return code == EXIT_OK ? closing : code;
}

/* --- verify ---------------------------------------------------------------------------------------------------- */

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
