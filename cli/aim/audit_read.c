/* cli/aim/audit_read.c — aim audit query and tail: records as a list. */
#include "../common/progress.h"
#include "../common/records.h"
#include "audit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_MS 300
#define TAIL 20u

/* --- the filter ---------------------------------------------------------------------------------------------------- */

int audit_filter(program *p, const audit_options *o, record_filter *out)
{
	memset(out, 0, sizeof *out);
	int code = subject_id(p, SUBJECT_AGENT, o->agent, out->agent, sizeof out->agent);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_SERVER, o->server, out->server, sizeof out->server);
	out->asked.struct_size = sizeof out->asked;
	out->asked.since_us = o->since_us;
	out->asked.before_us = o->before_us;
	out->asked.agent = aim_str_from(out->agent);
	out->asked.subject = aim_str_from(out->server);
	out->asked.kind = aim_str_from(o->kind);
	out->asked.did = aim_str_from(o->did);
	out->asked.session = aim_str_from(o->session);
	out->asked.user = aim_str_from(o->user);
	out->asked.action = aim_str_from(o->tool);
	out->asked.decision = aim_str_from(o->decision);
	out->asked.reason_code = aim_str_from(o->code);
	out->asked.request = aim_str_from(o->request);
	return code;
}

int audit_read_failed(const program *p, aim_status rc, const aim_error *err)
{
	if (screen_failed()) /* screen_finish() says so */
		return EXIT_FILE;
	say_store_error(store_path(p), rc, err);
	return rc == AIM_E_UTF8 ? EXIT_USAGE : exit_of(rc);
}

/* --- query --------------------------------------------------------------------------------------------------------- */

static int query(program *p, const audit_options *o, const record_filter *f, records *r)
{
	aim_error err = {0};
	aim_trail_page page = {.struct_size = sizeof page};
	aim_trail_query q = {.struct_size = sizeof q, .filter = &f->asked};
	q.limit = o->limit ? o->limit : UINT64_MAX;
	q.from = o->from;
	if (o->flags & AUDIT_NEWEST) {
		q.flags = AIM_TRAIL_NEWEST_FIRST;
		q.from = o->from ? o->from : AIM_TRAIL_END;
	}
	progress_begin("searching the log", is_quiet(p) || screen_width());
	aim_status rc = aim_trail_read(p->log, &q, records_visit_trail, r, &page, &err);
	progress_end();
	table_flush(r->table);
	if (rc != AIM_OK)
		return audit_read_failed(p, rc, &err);
	if (!(page.flags & AIM_TRAIL_DONE) && !is_quiet(p))
		say("there may be more: --from %llu", (unsigned long long)page.next);
	return r->broken ? EXIT_NO : EXIT_OK;
}

/* Opens what both commands read, and the place where they show it. */
static int run(program *p, int (*read)(program *p, const audit_options *o, const record_filter *f, records *r))
{
	records r;
	record_filter f;
	const audit_options *o = p->options;
	int code = open_log(p, o->log, 0);
	if (code == EXIT_OK)
		code = audit_filter(p, o, &f);
	if (code != EXIT_OK)
		return code;
	code = records_open(&r, p->ctx) == 0 ? read(p, o, &f, &r) : EXIT_FAILED;
	records_close(&r, code == EXIT_OK ? "no record matches" : NULL);
	return code;
}

int run_audit_query(program *p)
{
	return run(p, query);
}

/* --- tail ---------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static aim_status note_position(void *user, const aim_trail_record *record)
{
	uint64_t *oldest = user;
	*oldest = aim_trail_record_position(record);
	return AIM_OK;
}

/* The last matches in front of end, in order: found from behind, then shown from the oldest on. */
static aim_status show_last(program *p, const record_filter *f, uint64_t n, uint64_t end, records *r, aim_error *err)
{
	uint64_t oldest = AIM_TRAIL_END;
	aim_trail_query q = {.struct_size = sizeof q, .filter = &f->asked, .limit = n, .from = end};
	q.flags = AIM_TRAIL_NEWEST_FIRST;
	if (end == 0)
		return AIM_OK;
	aim_status rc = aim_trail_read(p->log, &q, note_position, &oldest, NULL, err);
	if (rc != AIM_OK || oldest == AIM_TRAIL_END)
		return rc;
	q.flags = 0;
	q.from = oldest;
	q.max_scanned = end - oldest;
	return aim_trail_read(p->log, &q, records_visit_trail, r, NULL, err);
}

/* Also ends when nobody reads the output any more. */
static int pause_following(void)
{
	struct pollfd out = {STDOUT_FILENO, 0, 0};
	return poll(&out, 1, FOLLOW_MS) > 0 || stopped;
}

static aim_status follow(program *p, const record_filter *f, uint64_t position, records *r, aim_error *err)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = stop;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && !stopped) {
		rc = aim_trail_follow(p->log, &position, &f->asked, 0, records_visit_trail, r, err);
		table_flush(r->table);
		if (fflush(stdout) != 0)
			return screen_failed() ? AIM_E_IO : rc;
		if (rc == AIM_OK && pause_following())
			break;
	}
	return rc;
}

static int tail(program *p, const audit_options *o, const record_filter *f, records *r)
{
	aim_error err = {0};
	uint64_t end = AIM_TRAIL_END;
	aim_status rc = aim_trail_follow(p->log, &end, NULL, 0, records_visit_trail, r, &err);
	if (rc == AIM_OK)
		rc = show_last(p, f, o->limit ? o->limit : TAIL, end, r, &err);
	if (rc == AIM_OK && o->flags & AUDIT_FOLLOW)
		rc = follow(p, f, end, r, &err);
	table_flush(r->table);
	if (rc != AIM_OK)
		return audit_read_failed(p, rc, &err);
	return r->broken ? EXIT_NO : EXIT_OK;
}

int run_audit_tail(program *p)
{
	return run(p, tail);
}
