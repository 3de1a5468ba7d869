/* cli/aim/audit_sign.c — aim audit checkpoint and receipt: what others keep of a log. */
#include "../common/progress.h"
#include "audit.h"
#include "key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- checkpoint ---------------------------------------------------------------------------------------------------- */

typedef struct signing {
	aim_key *key;
	aim_buf *last; /* the newest checkpoint kept */
	aim_buf *vkey;
	aim_checkpoint made;
	char origin[256];
} signing;

static int open_key(program *p, const audit_options *o, signing *s)
{
	key_file f;
	key_options k = {0};
	k.passphrase_file = o->passphrase_file;
	k.passphrase_fd = o->passphrase_fd;
	k.purpose = "log";
	int code = key_file_open(p, o->key, 1, &f);
	if (code == EXIT_OK)
		code = key_file_private(p, &f, o->key, &k, &s->key);
	key_file_close(&f);
	return code;
}

/* The origin that is given, or that of the newest checkpoint. */
static int find_origin(program *p, const audit_options *o, signing *s)
{
	aim_error err = {0};
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_str origin = aim_str_from(o->origin);
	if (!o->origin) {
		aim_status rc = aim_checkpoint_last(p->log, s->last, &err);
		if (rc == AIM_OK)
			rc = aim_checkpoint_parse(aim_buf_str(s->last), &c, &err);
		if (rc == AIM_E_NOT_FOUND) {
			say("the first checkpoint of a log needs --origin NAME, the name others know it by, as example.com/log");
			return EXIT_USAGE;
		}
		if (rc != AIM_OK)
			return failed("the newest checkpoint", rc, &err);
		origin = c.origin;
	}
	if (origin.len >= sizeof s->origin) {
		say("--origin is longer than 255 bytes");
		return EXIT_USAGE;
	}
	memcpy(s->origin, origin.ptr, origin.len);
	return EXIT_OK;
}

static aim_status sign(program *p, const audit_options *o, signing *s, aim_error *err)
{
	aim_public_key public_key;
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options c = {.struct_size = sizeof c};
	c.origin = aim_str_from(s->origin);
	c.flags = o->flags & AUDIT_NEW_KEY ? AIM_CHECKPOINT_NEW_KEY : 0;
	aim_status rc = aim_checkpoint_open(p->log, s->key, &c, &signer, err);
	if (rc == AIM_OK)
		rc = aim_checkpoint_close(signer, err);
	if (rc == AIM_OK)
		rc = aim_key_public(s->key, &public_key);
	if (rc == AIM_OK)
		rc = aim_checkpoint_vkey(p->ctx, c.origin, AIM_CHECKPOINT_LOG_KEY, &public_key, s->vkey, err);
	aim_buf_clear(s->last);
	if (rc == AIM_OK)
		rc = aim_checkpoint_last(p->log, s->last, err);
	return rc == AIM_OK ? aim_checkpoint_parse(aim_buf_str(s->last), &s->made, err) : rc;
}

static int show_signed(program *p, const audit_options *o, const signing *s)
{
	answer a;
	if (!screen_is_json()) {
		int code = audit_write(o, aim_buf_str(s->last));
		if (code == EXIT_OK && !is_quiet(p))
			say("%llu records are signed; verifier key: %s", (unsigned long long)s->made.size, aim_buf_str(s->vkey).ptr);
		return code;
	}
	answer_begin(&a);
	answer_text(&a, "origin", NULL, s->made.origin);
	answer_number(&a, "size", NULL, s->made.size);
	answer_hex(&a, "root", NULL, s->made.root, sizeof s->made.root);
	answer_text(&a, "vkey", NULL, aim_buf_str(s->vkey));
	answer_text(&a, "checkpoint", NULL, aim_buf_str(s->last));
	answer_end(&a);
	return o->out ? audit_write(o, aim_buf_str(s->last)) : EXIT_OK;
}

static int checkpoint(program *p, const audit_options *o, signing *s)
{
	aim_error err = {0};
	int code = find_origin(p, o, s);
	if (code == EXIT_OK)
		code = open_key(p, o, s);
	if (code != EXIT_OK)
		return code;
	progress_begin("signing the log", is_quiet(p));
	aim_status rc = sign(p, o, s, &err);
	progress_end();
	if (rc == AIM_E_AUDIT_UNSIGNED)
		say("the newest checkpoint is another key's or origin's; if the log's key was replaced, give --new-key");
	return rc == AIM_OK ? show_signed(p, o, s) : failed("cannot sign the log", rc, &err);
}

int run_audit_checkpoint(program *p)
{
	signing s = {.made = {.struct_size = sizeof s.made}};
	const audit_options *o = p->options;
	if (!o->key) {
		say("name the keystore of the log's key: --key FILE; aim key generate --purpose log makes one");
		return EXIT_USAGE;
	}
	int code = open_log(p, o->log, 1);
	if (code == EXIT_OK) {
		s.last = new_buf(p);
		s.vkey = new_buf(p);
		code = s.last && s.vkey ? checkpoint(p, o, &s) : EXIT_FAILED;
	}
	aim_buf_free(s.last);
	aim_buf_free(s.vkey);
	aim_key_unref(s.key);
	return code;
}

/* --- receipt ------------------------------------------------------------------------------------------------------- */

static int read_position(const char *text, uint64_t *out)
{
	char *end = NULL;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno) {
		say("'%s' is not a position; aim audit query shows them", text);
		return EXIT_USAGE;
	}
	*out = n;
	return EXIT_OK;
}

static int receipt_failed(uint64_t position, aim_status rc, const aim_error *err)
{
	char what[64];
	snprintf(what, sizeof what, "record %llu", (unsigned long long)position);
	if (rc == AIM_E_AUDIT_PENDING)
		say("%s: no checkpoint covers it yet; sign one: aim audit checkpoint --key FILE", what);
	else
		say_error(what, rc, err);
	return exit_of(rc);
}

static int receipt(program *p, const audit_options *o, uint64_t position, aim_buf *out)
{
	aim_error err = {0};
	uint32_t flags = o->flags & AUDIT_WITHOUT_SALT ? AIM_RECEIPT_WITHOUT_SALT : 0;
	progress_begin("proving the record", is_quiet(p));
	aim_status rc = aim_receipt_build(p->log, position, flags, out, &err);
	progress_end();
	if (rc == AIM_OK)
		rc = aim_buf_append(out, aim_bytes_from("\n", 1));
	if (rc != AIM_OK)
		return receipt_failed(position, rc, &err);
	int code = audit_write(o, aim_buf_str(out));
	if (code == EXIT_OK && o->out && !is_quiet(p))
		say("%s proves record %llu to who has the log's verifier key", o->out, (unsigned long long)position);
	return code;
}

int run_audit_receipt(program *p)
{
	uint64_t position = 0;
	const audit_options *o = p->options;
	int code = read_position(p->args[0], &position);
	if (code == EXIT_OK)
		code = open_log(p, o->log, 0);
	aim_buf *out = code == EXIT_OK ? new_buf(p) : NULL;
	if (code == EXIT_OK)
		code = out ? receipt(p, o, position, out) : EXIT_FAILED;
	aim_buf_free(out);
	return code;
}
