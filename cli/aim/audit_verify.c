/* cli/aim/audit_verify.c — aim audit verify: a log against its own tree, a remembered head, a checkpoint; a receipt. */
#include "../common/progress.h"
#include "audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD_MAX 4096u
#define TEXT_MAX 65536u

/* --- what a log is compared with --------------------------------------------------------------------------------- */

typedef struct memory {
	aim_audit_head head;
	int has_head;
	int is_signed; /* the head is a checkpoint's, whose signature is good */
	const char *from; /* for the answer */
} memory;

/* The file of --remember: {"log":"main","root":"<64 hex>","size":12,"v":1} */
static aim_status read_head(program *p, aim_str text, const char *log_name, aim_audit_head *out, aim_error *err)
{
	aim_json *doc = NULL;
	aim_buf *root = NULL;
	int64_t size = -1, version = 0;
	aim_status rc = aim_json_new(p->ctx, &doc);
	if (rc == AIM_OK)
		rc = aim_buf_new(p->ctx, &root);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, aim_bytes_from_str(text), 0, err);
	if (rc == AIM_OK)
		rc = aim_json_int64(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/v")), &version);
	if (rc == AIM_OK)
		rc = aim_json_int64(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/size")), &size);
	if (rc == AIM_OK)
		rc = aim_encoding_decode(AIM_ENCODING_HEX,
		                         aim_json_string(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/root"))), root, err);
	aim_str name = aim_json_string(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/log")));
	if (rc == AIM_OK && (version != 1 || size < 0 || aim_buf_bytes(root).len != sizeof out->root))
		rc = AIM_E_AUDIT_FORMAT;
	if (rc == AIM_OK && !aim_str_equal(name, aim_str_from(log_name)))
		rc = AIM_E_AUDIT_FORK;
	if (rc == AIM_OK) {
		out->size = (uint64_t)size;
		memcpy(out->root, aim_buf_bytes(root).ptr, sizeof out->root);
	}
	aim_buf_free(root);
	aim_json_free(doc);
	return rc;
}

static int recall(program *p, const audit_options *o, const char *log_name, memory *m)
{
	size_t len = 0;
	aim_error err = {0};
	if (access(o->remember, F_OK) != 0 && errno == ENOENT)
		return EXIT_OK;
	char *text = file_read("remembered head", o->remember, HEAD_MAX, &len);
	if (!text)
		return EXIT_FILE;
	aim_status rc = read_head(p, (aim_str){text, len}, log_name, &m->head, &err);
	file_free(text, len);
	if (rc == AIM_E_AUDIT_FORK) {
		say("%s remembers another log than %s", o->remember, log_name);
		return EXIT_REFUSED;
	}
	if (rc != AIM_OK) {
		say("%s does not hold a remembered head, and is left as it is", o->remember);
		return EXIT_FILE;
	}
	m->has_head = 1;
	m->from = "remembered";
	return EXIT_OK;
}

/* Written as key files are: in one step, so that there is always a whole one. */
static int remember(program *p, const audit_options *o, const char *log_name, const aim_audit_report *r)
{
	char text[300], hex[65];
	aim_error err = {0};
	for (size_t i = 0; i < sizeof r->root; i++)
		snprintf(hex + 2 * i, 3, "%02x", r->root[i]);
	int n = snprintf(text, sizeof text, "{\"log\":\"%s\",\"root\":\"%s\",\"size\":%llu,\"v\":1}\n", log_name, hex,
	                 (unsigned long long)(r->first_kept + r->n_records)); /* as the root counts, removed ones too */
	aim_status rc = aim_keyfile_write(p->ctx, aim_str_from(o->remember), AIM_KEYFILE_REPLACE,
	                                  aim_bytes_from(text, (size_t)n), &err);
	if (rc == AIM_OK)
		return EXIT_OK;
	say_error(o->remember, rc, &err);
	return EXIT_FILE;
}

static int take_checkpoint(program *p, const audit_options *o, aim_str text, memory *m)
{
	aim_error err = {0};
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_status rc = aim_checkpoint_verify(p->ctx, text, aim_str_from(o->key), aim_str_from(NULL), &c, &err);
	if (rc != AIM_OK)
		return failed(o->checkpoint ? o->checkpoint : "the checkpoint in the store", rc, &err);
	m->head.size = c.size;
	memcpy(m->head.root, c.root, sizeof m->head.root);
	m->has_head = 1;
	m->is_signed = 1;
	m->from = "checkpoint";
	return EXIT_OK;
}

static int checkpoint_of_file(program *p, const audit_options *o, memory *m)
{
	size_t len = 0;
	char *text = file_read("checkpoint", o->checkpoint, TEXT_MAX, &len);
	if (!text)
		return EXIT_FILE;
	int code = take_checkpoint(p, o, (aim_str){text, len}, m);
	file_free(text, len);
	return code;
}

static int checkpoint_of_store(program *p, const audit_options *o, memory *m)
{
	aim_error err = {0};
	aim_buf *text = new_buf(p);
	if (!text)
		return EXIT_FAILED;
	aim_status rc = aim_checkpoint_last(p->log, text, &err);
	int code = rc == AIM_OK ? take_checkpoint(p, o, aim_buf_str(text), m) : failed("checkpoint", rc, &err);
	aim_buf_free(text);
	return code;
}

/* --- a log -------------------------------------------------------------------------------------------------------- */

const char *audit_state(aim_status rc)
{
	switch (rc) {
	case AIM_OK: return "intact";
	case AIM_E_AUDIT_GAP: return "gap";
	case AIM_E_AUDIT_FORK: return "fork";
	case AIM_E_AUDIT_TRUNCATED: return "truncated";
	case AIM_E_AUDIT_PARTIAL: return "partial";
	case AIM_E_AUDIT_FORMAT: return "no export";
	case AIM_E_AUDIT_UNSIGNED:
	case AIM_E_SIGNATURE: return "unsigned";
	default: return "corrupt";
	}
}

void audit_show_unsigned(answer *a, uint64_t signed_end, uint64_t end)
{
	char text[96];
	const uint64_t n = end > signed_end ? end - signed_end : 0;
	answer_number(a, "unsigned_records", NULL, n);
	snprintf(text, sizeof text, "the last %llu record%s, behind the checkpoint", (unsigned long long)n, n == 1 ? "" : "s");
	if (n > 0)
		answer_styled(a, NULL, "not signed", aim_str_from(text), STYLE_BAD);
}

static void show_verdict(const aim_audit_report *r, aim_status rc, const aim_error *err, const memory *m)
{
	answer a;
	answer_begin(&a);
	answer_styled(&a, "state", "state", aim_str_from(audit_state(rc)), rc == AIM_OK ? STYLE_GOOD : STYLE_BAD);
	answer_number(&a, "good_records", rc == AIM_OK ? "records" : "good records", r->n_records);
	if (rc != AIM_OK) {
		answer_number(&a, "first_bad", "first bad", r->bad_position);
		answer_text(&a, "problem", "problem", aim_str_from(err->message));
	} else {
		answer_hex(&a, "root", "root", r->root, sizeof r->root);
	}
	if (m->has_head) {
		answer_text(&a, "compared_with", "compared with", aim_str_from(m->from));
		answer_number(&a, "compared_records", "of records", m->head.size);
		if (rc == AIM_OK && m->is_signed)
			audit_show_unsigned(&a, m->head.size, r->first_kept + r->n_records);
	}
	answer_end(&a);
}

static int walk(program *p, const audit_options *o, const char *log_name, const memory *m)
{
	aim_error err = {0};
	aim_audit_report r = {.struct_size = sizeof r};
	progress_begin("verifying the log", is_quiet(p));
	aim_status rc = aim_audit_verify(p->log, m->has_head ? &m->head : NULL, &r, &err);
	progress_end();
	int is_finding = rc <= AIM_E_AUDIT_CORRUPT && rc >= AIM_E_AUDIT_TRUNCATED;
	if (rc != AIM_OK && !is_finding) {
		say_store_error(store_path(p), rc, &err);
		return exit_of(rc);
	}
	show_verdict(&r, rc, &err, m);
	if (rc != AIM_OK)
		return EXIT_NO;
	if (!o->remember)
		return EXIT_OK;
	if (!m->has_head && !is_quiet(p))
		say("%s is new: nothing was remembered to compare with", o->remember);
	return remember(p, o, log_name, &r);
}

static int verify_log(program *p, const audit_options *o)
{
	const char *log_name = o->log ? o->log : "main";
	memory m = {.head = {.struct_size = sizeof m.head}, .from = ""};
	int code = open_log(p, log_name, 0);
	if (code == EXIT_OK && o->remember)
		code = recall(p, o, log_name, &m);
	else if (code == EXIT_OK && o->checkpoint)
		code = checkpoint_of_file(p, o, &m);
	else if (code == EXIT_OK && o->key)
		code = checkpoint_of_store(p, o, &m);
	return code == EXIT_OK ? walk(p, o, log_name, &m) : code;
}

/* --- a receipt ------------------------------------------------------------------------------------------------------ */

static void show_receipt(const aim_receipt *r, int checked_arguments)
{
	char shown[4096];
	answer a;
	answer_begin(&a);
	answer_styled(&a, "state", "state", aim_str_from("valid"), STYLE_GOOD);
	answer_number(&a, "position", "position", r->position);
	answer_number(&a, "size", "of records", r->size);
	answer_hex(&a, "root", "root", r->root, sizeof r->root);
	answer_bool(&a, "arguments_checked", NULL, checked_arguments);
	answer_text(&a, NULL, "arguments", aim_str_from(checked_arguments ? "as disclosed" : "not compared"));
	answer_json(&a, "record", r->record);
	if (!screen_is_json())
		answer_text(&a, NULL, "record", aim_str_from(printable(r->record, shown, sizeof shown)));
	answer_end(&a);
}

static int verify_receipt(program *p, const audit_options *o, aim_str text, aim_bytes arguments)
{
	aim_error err = {0};
	aim_receipt r = {.struct_size = sizeof r};
	while (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	aim_status rc =
		aim_receipt_verify(p->ctx, text, aim_str_from(o->key), aim_str_from(o->origin), arguments, &r, &err);
	if (rc == AIM_OK) {
		show_receipt(&r, arguments.len != 0);
		return EXIT_OK;
	}
	return failed(o->receipt, rc, &err);
}

static int read_receipt(program *p, const audit_options *o)
{
	size_t len = 0, arguments_len = 0;
	char *arguments = NULL;
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	char *text = file_read("receipt", o->receipt, AIM_RECEIPT_MAX_BYTES + 1, &len);
	if (text && o->arguments)
		arguments = file_read("arguments", o->arguments, AIM_RECEIPT_MAX_BYTES, &arguments_len);
	if (!text || (o->arguments && !arguments))
		code = EXIT_FILE;
	else
		code = verify_receipt(p, o, (aim_str){text, len}, aim_bytes_from(arguments, arguments_len));
	file_free(arguments, arguments_len);
	file_free(text, len);
	return code;
}

int run_audit_verify(program *p)
{
	const audit_options *o = p->options;
	int n = (o->remember != NULL) + (o->checkpoint != NULL) + (o->receipt != NULL) + (o->export != NULL);
	if (n > 1) {
		say("give one of --remember, --checkpoint, --receipt and --export");
		return EXIT_USAGE;
	}
	if ((o->checkpoint || o->receipt) && !o->key) {
		say("%s needs --key VKEY, the log's verifier key", o->checkpoint ? "--checkpoint" : "--receipt");
		return EXIT_USAGE;
	}
	if ((o->remember && o->key) || (o->arguments && !o->receipt)) {
		say("%s", o->arguments ? "--arguments goes with --receipt" : "--remember takes no --key");
		return EXIT_USAGE;
	}
	if (o->export)
		return verify_export(p, o);
	return o->receipt ? read_receipt(p, o) : verify_log(p, o);
}
