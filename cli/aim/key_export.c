/* cli/aim/key_export.c — aim key export: one key in the form that another program reads. */
#include "key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORM_VKEY 1000u /* of the audit log; not among AIM_KEYFORM_* */
#define IS_PUBLIC 1u
#define IS_PRIVATE 2u
#define IS_BYTES 4u /* no text */
#define ENDS_LINE 8u

typedef struct form {
	const char *name;
	uint32_t form;
	uint32_t flags;
} form;

#define FORMS(X) \
	X("ed25519", AIM_KEYFORM_PREFIXED, IS_PUBLIC) \
	X("hex", AIM_KEYFORM_HEX, IS_PUBLIC | IS_PRIVATE) \
	X("base64", AIM_KEYFORM_BASE64, IS_PUBLIC | IS_PRIVATE) \
	X("base64-unpadded", AIM_KEYFORM_BASE64_UNPADDED, IS_PUBLIC | IS_PRIVATE) \
	X("base64url", AIM_KEYFORM_BASE64URL, IS_PUBLIC | IS_PRIVATE) \
	X("base64url-padded", AIM_KEYFORM_BASE64URL_PADDED, IS_PUBLIC | IS_PRIVATE) \
	X("raw", AIM_KEYFORM_RAW, IS_PUBLIC | IS_PRIVATE | IS_BYTES) \
	X("pair", AIM_KEYFORM_PAIR, IS_PRIVATE | IS_BYTES) \
	X("spki-pem", AIM_KEYFORM_PEM, IS_PUBLIC | ENDS_LINE) \
	X("spki-der", AIM_KEYFORM_DER, IS_PUBLIC | IS_BYTES) \
	X("spki-hex", AIM_KEYFORM_DER_HEX, IS_PUBLIC) \
	X("pkcs8-pem", AIM_KEYFORM_PEM, IS_PRIVATE | ENDS_LINE) \
	X("pkcs8-der", AIM_KEYFORM_DER, IS_PRIVATE | IS_BYTES) \
	X("pkcs8-hex", AIM_KEYFORM_DER_HEX, IS_PRIVATE) \
	X("jwk", AIM_KEYFORM_JWK, IS_PUBLIC | IS_PRIVATE) \
	X("openssh", AIM_KEYFORM_OPENSSH, IS_PUBLIC | IS_PRIVATE) \
	X("did-key", AIM_KEYFORM_DID, IS_PUBLIC) \
	X("multibase", AIM_KEYFORM_MULTIBASE, IS_PUBLIC) \
	X("dns", AIM_KEYFORM_DNS, IS_PUBLIC) \
	X("vkey", FORM_VKEY, IS_PUBLIC)
#define AS_FORM(name, form, flags) {name, form, flags},
#define AS_NAME(name, form, flags) name,

static const form forms[] = {FORMS(AS_FORM)};
const char *const form_names[] = {FORMS(AS_NAME) NULL}; /* for the option and for completion */

static const form *form_of(const key_options *o)
{
	const char *name = o->form ? o->form : o->flags & KEY_PRIVATE ? "pkcs8-pem" : "ed25519";
	size_t i = 0;
	while (i + 1 < N(forms) && strcmp(forms[i].name, name) != 0) /* one of them it is: the option takes no other */
		i++;
	return &forms[i];
}

static int check(const key_options *o, const form *f)
{
	int is_private = (o->flags & KEY_PRIVATE) != 0;
	if (!(f->flags & (is_private ? IS_PRIVATE : IS_PUBLIC))) {
		say("--form %s is for %s keys%s", f->name, is_private ? "public" : "private",
		    is_private ? "" : "; exporting one takes --private");
		return EXIT_USAGE;
	}
	if ((f->form == FORM_VKEY) != (o->name != NULL)) {
		say("--form vkey needs --name ORIGIN, the name of the log, and no other form does");
		return EXIT_USAGE;
	}
	if (screen_is_json() && !o->out && (is_private || f->flags & IS_BYTES)) {
		say("%s do not go into JSON; give -o FILE", is_private ? "private keys" : "raw bytes");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static aim_status end_line(aim_buf *out, const form *f)
{
	if (f->flags & (IS_BYTES | ENDS_LINE))
		return AIM_OK;
	aim_bytes end = aim_bytes_from("\n", 1);
	aim_bytes all = aim_buf_bytes(out);
	return all.len && all.ptr[all.len - 1] == '\n' ? AIM_OK : aim_buf_append(out, end);
}

/* --- public --------------------------------------------------------------------------------------------------------- */

static int show_public(const form *f, aim_str text)
{
	answer a;
	if (screen_is_json()) {
		answer_begin(&a);
		answer_text(&a, "form", NULL, aim_str_from(f->name));
		answer_text(&a, "key", NULL, text);
		answer_end(&a);
		return EXIT_OK;
	}
	if (screen_width() && f->flags & IS_BYTES) {
		say("raw bytes do not go to a terminal; give -o FILE");
		return EXIT_USAGE;
	}
	fwrite(text.ptr, 1, text.len, stdout);
	return EXIT_OK;
}

static int export_public(program *p, const key_options *o, const form *f, const aim_public_key *public_key, aim_buf *out)
{
	aim_error err = {0};
	aim_status rc = f->form == FORM_VKEY ? aim_checkpoint_vkey(p->ctx, aim_str_from(o->name), AIM_CHECKPOINT_LOG_KEY,
	                                                            public_key, out, &err)
	                                     : aim_keyform_public(p->ctx, public_key, f->form, out);
	if (rc == AIM_OK && !(screen_is_json() && !o->out))
		rc = end_line(out, f);
	if (rc != AIM_OK) {
		say_error(f->name, rc, &err);
		return rc == AIM_E_INVALID ? EXIT_USAGE : exit_of(rc);
	}
	if (!o->out)
		return show_public(f, aim_buf_str(out));
	return file_write(o->out, aim_buf_bytes(out), (o->flags & KEY_FORCE) != 0) == 0 ? EXIT_OK
	       : errno == EEXIST                                                       ? EXIT_REFUSED
	                                                                               : EXIT_FILE;
}

/* --- private -------------------------------------------------------------------------------------------------------- */

/* To a terminal only, and only when its owner says so: a pipe or a log would keep it. */
static int may_show_private(const form *f)
{
	if (!isatty(STDOUT_FILENO)) {
		say("a private key goes to a file (-o FILE, made with mode 0600) or to a terminal, and standard output is neither");
		return EXIT_REFUSED;
	}
	if (f->flags & IS_BYTES) {
		say("raw bytes do not go to a terminal; give -o FILE");
		return EXIT_USAGE;
	}
	if (confirm("The unprotected private key will be shown here. Type yes to go on: "))
		return EXIT_OK;
	say("not shown");
	return EXIT_REFUSED;
}

static int put_private(program *p, const key_options *o, const aim_buf *out)
{
	aim_error err = {0};
	if (!o->out)
		return screen_write_secret(aim_buf_bytes(out)) == 0 ? EXIT_OK : EXIT_FILE;
	aim_status rc = aim_keyfile_write(p->ctx, aim_str_from(o->out), o->flags & KEY_FORCE ? AIM_KEYFILE_REPLACE : 0,
	                                  aim_buf_bytes(out), &err);
	if (rc == AIM_E_NOT_FOUND) {
		say_error(o->out, rc, &err);
		return EXIT_FILE;
	}
	return rc == AIM_OK ? EXIT_OK : failed(o->out, rc, &err);
}

static int export_private(program *p, const key_options *o, const form *f, const aim_key *key, aim_buf *out)
{
	aim_error err = {0};
	int code = o->out ? EXIT_OK : may_show_private(f);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_keyform_private(key, f->form, out, &err);
	if (rc == AIM_OK)
		rc = end_line(out, f);
	return rc == AIM_OK ? put_private(p, o, out) : failed(f->name, rc, &err);
}

static int export(program *p, const key_options *o, const form *f, const key_file *file)
{
	aim_key *key = NULL;
	aim_buf *out = new_buf(p);
	if (!out)
		return EXIT_FAILED;
	int code;
	if (o->flags & KEY_PRIVATE) {
		code = key_file_private(p, file, p->args[0], o, &key);
		if (code == EXIT_OK)
			code = export_private(p, o, f, key, out);
	} else {
		code = export_public(p, o, f, &file->public_key, out);
	}
	aim_key_unref(key);
	aim_buf_free(out);
	return code;
}

int run_key_export(program *p)
{
	key_file file;
	const key_options *o = p->options;
	const form *f = form_of(o);
	int code = check(o, f);
	if (code == EXIT_OK)
		code = open_context(p);
	if (code != EXIT_OK)
		return code;
	code = key_file_open(p, p->args[0], (o->flags & KEY_PRIVATE) != 0, &file);
	if (code == EXIT_OK)
		code = export(p, o, f, &file);
	key_file_close(&file);
	return code;
}
