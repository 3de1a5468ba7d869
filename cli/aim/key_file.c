/* cli/aim/key_file.c — key files: what is in them, and opening and making keystores. */
#include "key.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const purpose_names[] = {"agent", "server", "log", NULL};

uint32_t purpose_of(const char *name)
{
	for (uint32_t i = 0; purpose_names[i]; i++)
		if (strcmp(purpose_names[i], name) == 0)
			return AIM_KEY_AGENT + i;
	return 0;
}

/* --- recognising ------------------------------------------------------------------------------------------------- */

static int looks_like_keystore(const key_file *f)
{
	static const char mark[] = "\"libaim-keystore\"";
	for (size_t i = 0; i + sizeof mark - 1 <= f->len; i++)
		if (memcmp(f->bytes + i, mark, sizeof mark - 1) == 0)
			return 1;
	return 0;
}

static aim_status inspect(program *p, key_file *f, aim_error *err)
{
	aim_buf *agent = NULL;
	f->kind = KEY_IS_KEYSTORE;
	aim_status rc = aim_buf_new(p->ctx, &agent);
	if (rc == AIM_OK)
		rc = aim_keystore_inspect(p->ctx, aim_bytes_from(f->bytes, f->len), agent, &f->public_key, &f->purpose, err);
	if (rc == AIM_OK)
		snprintf(f->agent, sizeof f->agent, "%s", aim_buf_str(agent).ptr);
	aim_buf_free(agent);
	return rc;
}

static aim_status read_private(program *p, key_file *f, aim_error *err)
{
	aim_key *key = NULL;
	aim_status rc =
		aim_keyform_parse_private(p->ctx, AIM_KEY_AGENT, aim_bytes_from(f->bytes, f->len), &key, &f->form, err);
	if (rc == AIM_OK)
		rc = aim_key_public(key, &f->public_key);
	aim_key_unref(key);
	f->kind = KEY_IS_PRIVATE;
	return rc;
}

/* Files of text end with a line end that is not part of the key; 32 bytes that happen to end so are no text. */
static void drop_line_end(key_file *f)
{
	for (size_t i = 0; i < f->len; i++)
		if ((unsigned char)f->bytes[i] >= 0x7F || ((unsigned char)f->bytes[i] < 0x20 && !strchr("\t\n\r", f->bytes[i])))
			return;
	if (f->len && f->bytes[f->len - 1] == '\n')
		f->len--;
	if (f->len && f->bytes[f->len - 1] == '\r')
		f->len--;
}

/* 32 bare bytes may be a seed or a public key: only who gives the file knows. */
static aim_status recognise(program *p, key_file *f, int is_private, aim_error *err)
{
	if (looks_like_keystore(f))
		return inspect(p, f, err);
	if (is_private)
		return read_private(p, f, err);
	f->kind = KEY_IS_PUBLIC;
	aim_status rc = aim_keyform_parse_public(p->ctx, aim_bytes_from(f->bytes, f->len), &f->public_key, &f->form, err);
	if (rc != AIM_E_KEY_HALF)
		return rc;
	aim_error_clear(err);
	return read_private(p, f, err);
}

int key_file_open(program *p, const char *path, int is_private, key_file *out)
{
	aim_error err = {0};
	struct stat s;
	memset(out, 0, sizeof *out);
	out->bytes = file_read("key", path, AIM_KEYFORM_MAX_BYTES, &out->len);
	if (!out->bytes)
		return EXIT_FILE;
	drop_line_end(out);
	aim_status rc = recognise(p, out, is_private, &err);
	if (rc != AIM_OK)
		return failed(path, rc, &err);
	out->is_open_to_others = stat(path, &s) == 0 && S_ISREG(s.st_mode) && (s.st_mode & 077) != 0;
	return EXIT_OK;
}

void key_file_close(key_file *f)
{
	file_free(f->bytes, f->len);
	f->bytes = NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

int key_passphrase(const key_options *o, const char *prompt, int is_new, passphrase *out)
{
	switch (passphrase_read(o->passphrase_file, o->passphrase_fd, prompt, is_new, out)) {
	case PASSPHRASE_OK: return EXIT_OK;
	case PASSPHRASE_FILE: return EXIT_FILE;
	case PASSPHRASE_DIFFERS: return EXIT_REFUSED;
	default: return EXIT_USAGE;
	}
}

static int unseal(program *p, const key_file *f, const char *path, const key_options *o, aim_key **out)
{
	char prompt[300];
	aim_error err = {0};
	passphrase secret;
	snprintf(prompt, sizeof prompt, "Passphrase of %.250s: ", path);
	char shown[sizeof prompt];
	int code = key_passphrase(o, printable(aim_str_from(prompt), shown, sizeof shown), 0, &secret);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_keystore_open(p->ctx, aim_bytes_from(f->bytes, f->len), passphrase_bytes(&secret),
	                                  aim_str_from(f->agent), NULL, out, &err);
	passphrase_wipe(&secret);
	return rc == AIM_OK ? EXIT_OK : failed(path, rc, &err);
}

int key_file_private(program *p, const key_file *f, const char *path, const key_options *o, aim_key **out)
{
	aim_error err = {0};
	if (f->kind == KEY_IS_KEYSTORE)
		return unseal(p, f, path, o, out);
	uint32_t purpose = o->purpose ? purpose_of(o->purpose) : AIM_KEY_AGENT;
	aim_status rc = aim_keyform_parse_private(p->ctx, purpose, aim_bytes_from(f->bytes, f->len), out, NULL, &err);
	return rc == AIM_OK ? EXIT_OK : failed(path, rc, &err);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

int key_describe(program *p, answer *a, const aim_public_key *public_key)
{
	char text[AIM_KEY_PUBLIC_TEXT_SIZE], id[AIM_KEY_ID_SIZE], mesh[64];
	aim_buf *did = new_buf(p);
	aim_status rc = did ? aim_key_public_text(public_key, text) : AIM_E_NOMEM;
	if (rc == AIM_OK)
		rc = aim_key_id(p->ctx, public_key, id);
	if (rc == AIM_OK)
		rc = aim_keyform_public(p->ctx, public_key, AIM_KEYFORM_DID, did);
	if (rc == AIM_OK) {
		snprintf(mesh, sizeof mesh, "did:mesh:%.32s", id);
		answer_text(a, "public_key", "public key", aim_str_from(text));
		answer_text(a, "key_id", "key id", aim_str_from(id));
		answer_text(a, "did_key", "did:key", aim_buf_str(did));
		answer_text(a, "did_mesh", "did:mesh", aim_str_from(mesh));
	}
	aim_buf_free(did);
	return rc == AIM_OK ? EXIT_OK : failed("public key", rc, NULL);
}

static int show_saved(program *p, const aim_key *key, const char *path, const char *agent)
{
	answer a;
	aim_public_key public_key;
	aim_status rc = aim_key_public(key, &public_key);
	if (rc != AIM_OK)
		return failed(path, rc, NULL);
	answer_begin(&a);
	answer_text(&a, "file", "keystore", aim_str_from(path));
	answer_text(&a, "purpose", "purpose", aim_str_from(purpose_names[aim_key_purpose(key) - AIM_KEY_AGENT]));
	if (agent)
		answer_text(&a, "agent", "agent", aim_str_from(agent));
	int code = key_describe(p, &a, &public_key);
	answer_end(&a);
	return code;
}

int key_save(program *p, const key_options *o, const aim_key *key, const char *path, const char *agent)
{
	aim_error err = {0};
	passphrase secret;
	struct stat s;
	if (lstat(path, &s) == 0) { /* before anybody types a passphrase; aim_keyfile_save() looks again */
		say("%s: there is a file already, and key files are never replaced; name another with -o", path);
		return EXIT_REFUSED;
	}
	int code = key_passphrase(o, "Passphrase for the new keystore: ", 1, &secret);
	if (code != EXIT_OK)
		return code;
	aim_status rc =
		aim_keyfile_save(key, aim_str_from(path), 0, passphrase_bytes(&secret), aim_str_from(agent), NULL, &err);
	passphrase_wipe(&secret);
	if (rc == AIM_E_NOT_FOUND) {
		say_error(path, rc, &err);
		return EXIT_FILE;
	}
	return rc == AIM_OK ? show_saved(p, key, path, agent) : failed(path, rc, &err);
}
