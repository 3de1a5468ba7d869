/* cli/aim/key_ring.c — aim key list, rotate, revoke, replace: the keys that the registry knows. */
#include "key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400u
#define MAX_DAYS 366u

const char *const reason_names[] = {"unspecified", "key_compromise", "superseded", "security_incident", "cessation", "manual", NULL};

static aim_keyring_change change_of(const key_options *o)
{
	aim_keyring_change c = {.struct_size = sizeof c};
	for (uint32_t i = 0; o->reason && reason_names[i]; i++)
		if (strcmp(reason_names[i], o->reason) == 0)
			c.reason = AIM_KEYRING_UNSPECIFIED + i;
	c.flags = o->flags & KEY_NO_GRACE ? AIM_KEYRING_NO_GRACE : 0;
	c.grace_s = (uint32_t)o->grace_days * DAY_S;
	c.note = aim_str_from(o->note);
	c.actor = aim_str_from(o->actor ? o->actor : "operator");
	return c;
}

static int open_subject(program *p, int to_write, char *out, size_t size)
{
	int code = open_log(p, NULL, to_write);
	if (code == EXIT_OK)
		code = open_registry(p);
	return code == EXIT_OK ? subject_id(p, SUBJECT_AGENT | SUBJECT_SERVER, p->args[0], out, size) : code;
}

/* --- list ------------------------------------------------------------------------------------------------------------ */

static const column columns[] = {
	{"number", "#", COLUMN_NUMBER},
	{"state", "STATE", 0},
	{"key_id", "KEY ID", COLUMN_SHRINKS},
	{"valid_from", "SINCE", 0},
	{"retiring_from", "RETIRING", 0},
	{"expires", "EXPIRES", 0},
	{"revoked", "REVOKED", 0},
	{"reason", "REASON", COLUMN_SHRINKS},
	{"public_key", NULL, COLUMN_HIDDEN},
	{"subject", NULL, COLUMN_HIDDEN},
};

static void when(table *t, int64_t us)
{
	char text[40];
	table_text(t, aim_str_from(us ? time_text(us, text, sizeof text) : ""));
}

static aim_status list_key(void *user, const aim_keyring_entry *e)
{
	table *t = user;
	char text[AIM_KEY_PUBLIC_TEXT_SIZE] = "";
	int is_good = e->state == AIM_KEYRING_ACTIVE;
	table_number(t, e->number);
	table_styled(t, aim_str_from(aim_keyring_state_name(e->state)),
	             is_good ? STYLE_GOOD : e->state == AIM_KEYRING_REVOKED ? STYLE_BAD : STYLE_NONE);
	table_text(t, aim_str_from(e->key_id));
	when(t, e->valid_from_us);
	when(t, e->retiring_from_us);
	when(t, e->expires_at_us);
	when(t, e->revoked_at_us);
	table_text(t, aim_str_from(e->reason ? aim_keyring_reason_name(e->reason) : ""));
	(void)aim_key_public_text(&e->public_key, text);
	table_text(t, aim_str_from(text));
	table_text(t, aim_str_from(e->subject));
	table_row_end(t);
	return screen_failed() ? AIM_E_IO : AIM_OK;
}

int run_key_list(program *p)
{
	char subject[64];
	aim_error err = {0};
	int code = open_subject(p, 0, subject, sizeof subject);
	table *t = code == EXIT_OK ? table_new(columns, N(columns)) : NULL;
	if (!t)
		return code == EXIT_OK ? EXIT_FAILED : code;
	aim_status rc = aim_keyring_list(p->registry, aim_str_from(subject), 0, list_key, t, &err);
	table_free(t, rc == AIM_OK ? "it never had a key" : NULL);
	return rc == AIM_OK || screen_failed() ? EXIT_OK : failed(p->args[0], rc, &err);
}

/* --- rotate ---------------------------------------------------------------------------------------------------------- */

static int open_private(program *p, const key_options *o, const char *path, aim_key **out)
{
	key_file f;
	int code = key_file_open(p, path, 1, &f);
	if (code == EXIT_OK)
		code = key_file_private(p, &f, path, o, out);
	key_file_close(&f);
	return code;
}

static int make_proof(program *p, const key_options *o, const char *subject, aim_buf *out)
{
	aim_error err = {0};
	aim_key *old_key = NULL, *new_key = NULL;
	key_options of_new = *o;
	if (o->new_passphrase_file)
		of_new.passphrase_file = o->new_passphrase_file;
	of_new.purpose = strncmp(subject, "srv_", 4) == 0 ? "server" : "agent"; /* of keys that are no keystores */
	key_options of_old = *o;
	of_old.purpose = of_new.purpose;
	int code = open_private(p, &of_old, p->args[1], &old_key);
	if (code == EXIT_OK)
		code = open_private(p, &of_new, p->args[2], &new_key);
	if (code == EXIT_OK) {
		aim_status rc = aim_keyring_prove(old_key, new_key, aim_str_from(subject), 0, out, &err);
		code = rc == AIM_OK ? EXIT_OK : failed("the proof", rc, &err);
	}
	aim_key_unref(old_key);
	aim_key_unref(new_key);
	return code;
}

static int read_proof(const key_options *o, aim_buf *out)
{
	size_t len = 0;
	char *text = file_read("proof", o->proof, AIM_KEYRING_PROOF_MAX + 2, &len);
	if (!text)
		return EXIT_FILE;
	while (len && text[len - 1] == '\n')
		len--;
	aim_status rc = aim_buf_append(out, aim_bytes_from(text, len));
	file_free(text, len);
	return rc == AIM_OK ? EXIT_OK : failed("proof", rc, NULL);
}

static int show_rotated(program *p, const aim_buf *proof)
{
	answer a;
	char id[AIM_KEY_ID_SIZE] = "", old_id[AIM_KEY_ID_SIZE] = "";
	aim_error err = {0};
	aim_keyring_proof read = {.struct_size = sizeof read};
	aim_status rc = aim_keyring_read_proof(p->ctx, aim_buf_bytes(proof), &read, &err);
	if (rc == AIM_OK)
		rc = aim_key_id(p->ctx, &read.old_key, old_id);
	if (rc == AIM_OK)
		rc = aim_key_id(p->ctx, &read.new_key, id);
	if (rc != AIM_OK)
		return failed("the proof", rc, &err);
	answer_begin(&a);
	answer_text(&a, "subject", "rotated", aim_str_from(read.subject));
	answer_text(&a, "old_key_id", "from key", aim_str_from(old_id));
	answer_text(&a, "new_key_id", "to key", aim_str_from(id));
	answer_end(&a);
	return EXIT_OK;
}

static int rotate(program *p, const key_options *o, const char *subject, aim_buf *proof)
{
	aim_error err = {0};
	aim_keyring_change change = change_of(o);
	aim_keyring_proof read = {.struct_size = sizeof read};
	int code = o->proof ? read_proof(o, proof) : make_proof(p, o, subject, proof);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_keyring_read_proof(p->ctx, aim_buf_bytes(proof), &read, &err);
	if (rc == AIM_OK && strcmp(read.subject, subject) != 0) {
		say("the proof is of %s, not of %s", read.subject, subject);
		return EXIT_REFUSED;
	}
	if (rc == AIM_OK)
		rc = aim_keyring_rotate(p->registry, aim_buf_bytes(proof), &change, &err);
	return rc == AIM_OK ? show_rotated(p, proof) : failed(p->args[0], rc, &err);
}

static int put_proof(const key_options *o, const aim_buf *proof)
{
	aim_bytes bytes = aim_buf_bytes(proof);
	if (o->out)
		return file_write(o->out, bytes, 0) == 0 ? EXIT_OK : errno == EEXIST ? EXIT_REFUSED : EXIT_FILE;
	fwrite(bytes.ptr, 1, bytes.len, stdout);
	putchar('\n');
	return EXIT_OK;
}

static int check_rotate(const program *p, const key_options *o)
{
	int makes = (o->flags & KEY_MAKE_PROOF) != 0;
	if (p->n_args != (o->proof ? 1 : 3)) {
		say("rotate takes SUBJECT OLD NEW, or SUBJECT --proof FILE");
		return EXIT_USAGE;
	}
	if ((o->proof && makes) || (o->out && !makes)) {
		say("%s", o->out ? "--output goes with --make-proof" : "give one of --proof and --make-proof");
		return EXIT_USAGE;
	}
	if (o->grace_days > MAX_DAYS || (o->grace_days && o->flags & KEY_NO_GRACE)) {
		say("--grace is at most 366 days, and goes without --no-grace");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int run_key_rotate(program *p)
{
	char subject[64];
	const key_options *o = p->options;
	int makes = (o->flags & KEY_MAKE_PROOF) != 0;
	int code = check_rotate(p, o);
	if (code == EXIT_OK)
		code = makes ? open_context(p) : open_subject(p, 1, subject, sizeof subject);
	aim_buf *proof = code == EXIT_OK ? new_buf(p) : NULL;
	if (code == EXIT_OK && !proof)
		code = EXIT_FAILED;
	if (code == EXIT_OK && makes) {
		code = make_proof(p, o, p->args[0], proof);
		if (code == EXIT_OK)
			code = put_proof(o, proof);
	} else if (code == EXIT_OK) {
		code = rotate(p, o, subject, proof);
	}
	aim_buf_free(proof);
	return code;
}

/* --- revoke and replace ------------------------------------------------------------------------------------------------ */

static int is_key_id(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int find_key_id(program *p, const char *given, char out[AIM_KEY_ID_SIZE])
{
	key_file f;
	if (is_key_id(given)) {
		snprintf(out, AIM_KEY_ID_SIZE, "%s", given);
		return EXIT_OK;
	}
	int code = key_file_open(p, given, 0, &f);
	if (code == EXIT_OK) {
		aim_status rc = aim_key_id(p->ctx, &f.public_key, out);
		code = rc == AIM_OK ? EXIT_OK : failed(given, rc, NULL);
	}
	key_file_close(&f);
	return code;
}

int run_key_revoke(program *p)
{
	answer a;
	char id[AIM_KEY_ID_SIZE];
	aim_error err = {0};
	const key_options *o = p->options;
	aim_keyring_change change = change_of(o);
	int code = open_context(p);
	if (code == EXIT_OK)
		code = find_key_id(p, p->args[0], id);
	if (code == EXIT_OK)
		code = open_log(p, NULL, 1);
	if (code == EXIT_OK)
		code = open_registry(p);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_keyring_revoke(p->registry, aim_str_from(id), &change, &err);
	if (rc != AIM_OK)
		return failed(p->args[0], rc, &err);
	answer_begin(&a);
	answer_text(&a, "revoked", "revoked", aim_str_from(id));
	answer_text(&a, "reason", "reason", aim_str_from(o->reason ? o->reason : reason_names[0]));
	answer_end(&a);
	return EXIT_OK;
}

static int replace(program *p, const key_options *o, const char *subject, const key_file *f)
{
	answer a;
	aim_error err = {0};
	aim_keyring_change change = change_of(o);
	aim_status rc = aim_keyring_replace(p->registry, aim_str_from(subject), &f->public_key, &change, &err);
	if (rc != AIM_OK)
		return failed(p->args[0], rc, &err);
	answer_begin(&a);
	answer_text(&a, "subject", "subject", aim_str_from(subject));
	int code = key_describe(p, &a, &f->public_key);
	answer_end(&a);
	return code;
}

int run_key_replace(program *p)
{
	key_file f = {0};
	char subject[64];
	const key_options *o = p->options;
	if (!o->note) {
		say("replacing a key without its own proof needs a reason: --note TEXT");
		return EXIT_USAGE;
	}
	int code = open_subject(p, 1, subject, sizeof subject);
	if (code == EXIT_OK)
		code = key_file_open(p, p->args[1], 0, &f);
	if (code == EXIT_OK)
		code = replace(p, o, subject, &f);
	key_file_close(&f);
	return code;
}
