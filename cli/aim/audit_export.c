/* cli/aim/audit_export.c — aim audit export, and the verification of exports. */
#include "../common/progress.h"
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536u

/* --- export -------------------------------------------------------------------------------------------------------- */

static aim_status to_file(void *user, aim_bytes bytes)
{
	return file_add(user, bytes) == 0 ? AIM_OK : AIM_E_IO;
}

/* Byte for byte, except on a terminal, where it is for eyes. */
static aim_status to_screen(void *user, aim_bytes bytes)
{
	(void)user;
	if (screen_width())
		json_again((aim_str){(const char *)bytes.ptr, bytes.len});
	else
		fwrite(bytes.ptr, 1, bytes.len, stdout);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

static aim_status export_to(program *p, const audit_options *o, const record_filter *f, aim_trail_sink sink, void *user,
                            aim_trail_export_report *report, aim_error *err)
{
	static const uint32_t flags[][2] = {{AUDIT_CONTROLS, AIM_TRAIL_CONTROLS},
	                                    {AUDIT_CHECKPOINT, AIM_TRAIL_CHECKPOINT},
	                                    {AUDIT_SALTS, AIM_TRAIL_SALTS}};
	aim_trail_export_options e = {.struct_size = sizeof e, .format = o->format, .from = o->from};
	for (size_t i = 0; i < N(flags); i++)
		e.flags |= o->flags & flags[i][0] ? flags[i][1] : 0;
	e.filter = &f->asked;
	e.source = aim_str_from(o->source);
	progress_begin("exporting the log", is_quiet(p) || (screen_width() && !o->out));
	aim_status rc = aim_trail_export(p->log, &e, sink, user, report, err);
	progress_end();
	return rc;
}

static int export_failed(const program *p, aim_status rc, const aim_error *err)
{
	if (rc != AIM_E_INVALID)
		return audit_read_failed(p, rc, err);
	say_error("export", rc, err);
	return EXIT_USAGE;
}

static int export_to_file(program *p, const audit_options *o, const record_filter *f, aim_trail_export_report *report)
{
	file_writer w;
	aim_error err = {0};
	if (file_begin(&w, o->out, (o->flags & AUDIT_FORCE) != 0) != 0)
		return errno == EEXIST ? EXIT_REFUSED : EXIT_FILE;
	aim_status rc = export_to(p, o, f, to_file, &w, report, &err);
	if (rc != AIM_OK && w.why == 0) {
		(void)file_end(&w, 0);
		return export_failed(p, rc, &err);
	}
	return file_end(&w, rc == AIM_OK) == 0 ? EXIT_OK : EXIT_FILE;
}

static int export_to_screen(program *p, const audit_options *o, const record_filter *f, aim_trail_export_report *report)
{
	aim_error err = {0};
	aim_status rc = export_to(p, o, f, to_screen, NULL, report, &err);
	return rc == AIM_OK ? EXIT_OK : export_failed(p, rc, &err);
}

int run_audit_export(program *p)
{
	record_filter f;
	aim_trail_export_report report = {.struct_size = sizeof report};
	const audit_options *o = p->options;
	if (o->format != AIM_TRAIL_JSON_LINES && o->flags & (AUDIT_CHECKPOINT | AUDIT_SALTS)) {
		say("--checkpoint and --salts go with --format jsonl");
		return EXIT_USAGE;
	}
	if (o->format == AIM_TRAIL_JSON_LINES && o->source) {
		say("--source goes with --format cloudevents and otel");
		return EXIT_USAGE;
	}
	int code = open_log(p, o->log, 0);
	if (code == EXIT_OK)
		code = audit_filter(p, o, &f);
	if (code == EXIT_OK)
		code = o->out ? export_to_file(p, o, &f, &report) : export_to_screen(p, o, &f, &report);
	if (code == EXIT_OK && o->out && !is_quiet(p))
		say("%llu records are in %s", (unsigned long long)report.n_records, o->out);
	return code;
}

/* --- verification ---------------------------------------------------------------------------------------------------- */

static void show_export(const aim_trail_verify_report *r, aim_status rc, const aim_error *err)
{
	answer a;
	int is_whole = rc == AIM_OK;
	answer_begin(&a);
	answer_styled(&a, "state", "state", aim_str_from(is_whole ? "intact" : audit_state(rc)), is_whole ? STYLE_GOOD : STYLE_BAD);
	answer_number(&a, "good_records", is_whole ? "records" : "good records", r->n_records);
	answer_number(&a, "first", "from position", r->first);
	if (is_whole)
		answer_hex(&a, "root", "root", r->root, sizeof r->root);
	if (r->checkpoint_size)
		answer_number(&a, "checkpoint_size", "checkpoint of", r->checkpoint_size);
	if (is_whole && r->checkpoint_size)
		audit_show_unsigned(&a, r->checkpoint_size, r->end);
	if (r->bad_line)
		answer_number(&a, "bad_line", "first bad line", r->bad_line);
	if (r->bad_line && r->bad_position != AIM_TRAIL_END)
		answer_number(&a, "first_bad", "first bad", r->bad_position);
	if (!is_whole)
		answer_text(&a, "problem", "problem", aim_str_from(err->message[0] ? err->message : aim_status_text(rc)));
	answer_end(&a);
}

/* Returns errno of a read that failed, else 0; *out is the first status that is not AIM_OK. */
static int feed_all(int fd, aim_trail_verifier *v, aim_status *out, aim_error *err)
{
	static unsigned char piece[PIECE];
	*out = AIM_OK;
	while (*out == AIM_OK) {
		ssize_t n = read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : 0;
		*out = aim_trail_verifier_feed(v, aim_bytes_from(piece, (size_t)n), err);
	}
	return 0;
}

static int check_export(program *p, const audit_options *o, int fd, aim_trail_verifier *v)
{
	aim_error err = {0}, end_err = {0};
	aim_status rc = AIM_OK;
	aim_trail_verify_report r = {.struct_size = sizeof r};
	progress_begin("verifying the export", is_quiet(p));
	int why = feed_all(fd, v, &rc, &err);
	aim_status end = aim_trail_verifier_end(v, &r, &end_err);
	progress_end();
	if (why) {
		say("export %s: %s", o->export, strerror(why));
		return EXIT_FILE;
	}
	const aim_error *told = rc == AIM_OK ? &end_err : &err;
	rc = rc == AIM_OK ? end : rc;
	if (rc != AIM_OK && exit_of(rc) != EXIT_NO)
		return failed(o->export, rc, told);
	show_export(&r, rc, told);
	return rc == AIM_OK ? EXIT_OK : EXIT_NO;
}

int verify_export(program *p, const audit_options *o)
{
	aim_error err = {0};
	aim_trail_verifier *v = NULL;
	aim_trail_verify_options options = {.struct_size = sizeof options};
	options.vkey = aim_str_from(o->key);
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	int fd = strcmp(o->export, "-") == 0 ? STDIN_FILENO : open(o->export, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		say("export %s: %s", o->export, strerror(errno));
		return EXIT_FILE;
	}
	aim_status rc = aim_trail_verifier_new(p->ctx, &options, &v, &err);
	code = rc == AIM_OK ? check_export(p, o, fd, v) : failed("export", rc, &err);
	aim_trail_verifier_free(v);
	if (fd > STDERR_FILENO)
		close(fd);
	return code;
}
