/* cli/aim/key.c — aim key: the commands, and generate, import and show. */
#include "key.h"

#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(key_options, member)
#define PURPOSE(text) {"--purpose", NULL, "PURPOSE", OPTION_WORD, 0, AT(purpose), purpose_names, text}
#define AGENT {"--agent", NULL, "ID", OPTION_TEXT, 0, AT(agent), NULL, "the agent whose key it is; sealed into the keystore"}
#define PASSPHRASE_FILE_OPTION \
	{"--passphrase-file", NULL, "FILE", OPTION_TEXT, 0, AT(passphrase_file), NULL, \
	 "the passphrase is the first line of FILE; default: ask on the terminal"}
#define PASSPHRASE_FD_OPTION \
	{"--passphrase-fd", NULL, "N", OPTION_TEXT, 0, AT(passphrase_fd), NULL, "the passphrase is the next line of descriptor N"}

static const option generate_options[] = {
	PURPOSE("what the key is for, default agent"),
	{"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, "the keystore; default: the purpose with .key, as agent.key"},
	AGENT,
	PASSPHRASE_FILE_OPTION,
	PASSPHRASE_FD_OPTION,
};
static const option import_options[] = {
	{"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, "the keystore to make; required"},
	PURPOSE("what the key is for, default agent"),
	AGENT,
	PASSPHRASE_FILE_OPTION,
	PASSPHRASE_FD_OPTION,
};
static const option export_options[] = {
	{"--form", "-f", "FORM", OPTION_WORD, 0, AT(form), form_names,
	 "default ed25519, of private keys pkcs8-pem"},
	{"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, "write to FILE; private keys with mode 0600"},
	{"--private", NULL, NULL, OPTION_FLAG, KEY_PRIVATE, AT(flags), NULL,
	 "the private key, unprotected: to -o FILE, or to a terminal after a question"},
	{"--name", NULL, "ORIGIN", OPTION_TEXT, 0, AT(name), NULL, "with --form vkey: the origin of the audit log"},
	{"--force", NULL, NULL, OPTION_FLAG, KEY_FORCE, AT(flags), NULL, "replace FILE when it is there"},
	PASSPHRASE_FILE_OPTION,
	PASSPHRASE_FD_OPTION,
};
static const option show_options[] = {
	{"--private", NULL, NULL, OPTION_FLAG, KEY_PRIVATE, AT(flags), NULL,
	 "FILE holds a private key: 32 bare bytes are then a seed, else they are taken for a public key and shown"},
	{"--check", NULL, NULL, OPTION_FLAG, KEY_CHECK, AT(flags), NULL,
	 "open the keystore: only then is proven what it says about itself"},
	PASSPHRASE_FILE_OPTION,
	PASSPHRASE_FD_OPTION,
};

#define NOTE(text) {"--note", NULL, "TEXT", OPTION_TEXT, 0, AT(note), NULL, text}
#define ACTOR {"--actor", NULL, "WHO", OPTION_TEXT, 0, AT(actor), NULL, "who decided, for the audit record; default operator"}

static const option rotate_options[] = {
	{"--grace", NULL, "DAYS", OPTION_NUMBER, 0, AT(grace_days), NULL, "how long the old key still counts, default 7 days"},
	{"--no-grace", NULL, NULL, OPTION_FLAG, KEY_NO_GRACE, AT(flags), NULL, "the old key does not count any more"},
	{"--make-proof", NULL, NULL, OPTION_FLAG, KEY_MAKE_PROOF, AT(flags), NULL,
	 "only make the proof, where the keys are and the store is not; SUBJECT is then an id"},
	{"--output", "-o", "FILE", OPTION_TEXT, 0, AT(out), NULL, "with --make-proof: write it to FILE"},
	{"--proof", NULL, "FILE", OPTION_TEXT, 0, AT(proof), NULL, "rotate by a proof made elsewhere; no keystores are needed"},
	NOTE("why, for the audit record"),
	ACTOR,
	{"--passphrase-file", NULL, "FILE", OPTION_TEXT, 0, AT(passphrase_file), NULL,
	 "the passphrase of OLD is the first line of FILE; default: ask on the terminal"},
	{"--new-passphrase-file", NULL, "FILE", OPTION_TEXT, 0, AT(new_passphrase_file), NULL, "the same for NEW; default: as OLD"},
	{"--passphrase-fd", NULL, "N", OPTION_TEXT, 0, AT(passphrase_fd), NULL,
	 "the passphrases are the next two lines of descriptor N"},
};
static const option revoke_options[] = {
	{"--reason", NULL, "REASON", OPTION_WORD, 0, AT(reason), reason_names,
	 "default unspecified; after key_compromise and security_incident nothing the key ever signed counts"},
	NOTE("why, for the audit record"),
	ACTOR,
};
static const option replace_options[] = {NOTE("why the old key is gone; required"), ACTOR};

static const command commands[] = {
	{"generate", "", 0, 0, "make a key and seal it under a passphrase",
	 "The keystore is a new file of mode 0600; a file that is there is never replaced. Argon2id and XChaCha20-Poly1305 "
	 "protect the key. Who loses the passphrase has lost the key.",
	 generate_options, N(generate_options), sizeof(key_options), run_key_generate},
	{"import", "FILE", 1, 1, "seal the private key of another program",
	 "FILE is a seed (raw, hex, base64), 64 bytes of seed and public key, PKCS#8 (PEM, DER, hex), JWK, or an OpenSSH file "
	 "without passphrase; - is standard input. The form is recognised by its content. FILE stays as it is: delete it when "
	 "the keystore is in use.",
	 import_options, N(import_options), sizeof(key_options), run_key_import},
	{"export", "FILE", 1, 1, "write a key in the form that another program reads",
	 "FILE is a keystore, or a key in any form that import or show read; - is standard input. Public keys need no passphrase.",
	 export_options, N(export_options), sizeof(key_options), run_key_export},
	{"show", "FILE", 1, 1, "say what key is in a file",
	 "FILE is a keystore, or a private or public key in any form; - is standard input. Private keys are never shown.",
	 show_options, N(show_options), sizeof(key_options), run_key_show},
	{"list", "SUBJECT", 1, 1, "list the keys that an agent or server ever had", "SUBJECT is its name or id.", NULL, 0,
	 sizeof(key_options), run_key_list},
	{"rotate", "SUBJECT [OLD NEW]", 1, 3, "hand over from an agent's or server's key to its next one",
	 "SUBJECT is a name or id, OLD and NEW are keystores. The new key is signed by the old one; both count until the grace "
	 "period ends.",
	 rotate_options, N(rotate_options), sizeof(key_options), run_key_rotate},
	{"revoke", "KEY", 1, 1, "revoke a registered key at once",
	 "KEY is a key id of 64 hex digits, or a file with the key: a keystore or any public form.", revoke_options,
	 N(revoke_options), sizeof(key_options), run_key_revoke},
	{"replace", "SUBJECT FILE", 2, 2, "give an agent or server without a key a new one, on your word",
	 "For the first key of a subject that was registered without, or after the last one was lost and revoked. FILE holds "
	 "the new key: a keystore or any public form.",
	 replace_options, N(replace_options), sizeof(key_options), run_key_replace},
};

const group group_key = {"key", "Keys", commands, N(commands)};

/* --- generate and import ------------------------------------------------------------------------------------------ */

int run_key_generate(program *p)
{
	char path[40];
	aim_error err = {0};
	aim_key *key = NULL;
	const key_options *o = p->options;
	const char *purpose = o->purpose ? o->purpose : purpose_names[0];
	snprintf(path, sizeof path, "%s.key", purpose);
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_key_generate(p->ctx, purpose_of(purpose), &key, &err);
	code = rc == AIM_OK ? key_save(p, o, key, o->out ? o->out : path, o->agent) : failed("new key", rc, &err);
	aim_key_unref(key);
	return code;
}

static int import(program *p, const key_options *o, const key_file *f)
{
	aim_key *key = NULL;
	const char *path = p->args[0];
	if (f->kind == KEY_IS_KEYSTORE) {
		say("%s: it is a keystore already; copy the file", path);
		return EXIT_REFUSED;
	}
	int code = key_file_private(p, f, path, o, &key);
	if (code == EXIT_OK)
		code = key_save(p, o, key, o->out, o->agent);
	if (code == EXIT_OK && f->is_open_to_others)
		say("warning: others can read %s; delete it, or replace the key if they did", path);
	else if (code == EXIT_OK && strcmp(path, "-") != 0 && !is_quiet(p))
		say("%s still holds the unprotected key; delete it when the keystore is in use", path);
	aim_key_unref(key);
	return code;
}

int run_key_import(program *p)
{
	key_file f;
	const key_options *o = p->options;
	if (!o->out) {
		say("name the keystore to make: -o FILE");
		return EXIT_USAGE;
	}
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	code = key_file_open(p, p->args[0], 1, &f);
	if (code == EXIT_OK)
		code = import(p, o, &f);
	key_file_close(&f);
	return code;
}

/* --- show ---------------------------------------------------------------------------------------------------------- */

static void show_kind(answer *a, const key_file *f, int is_checked)
{
	static const char *const kinds[] = {"keystore", "private", "public"};
	char text[120];
	answer_text(a, "kind", NULL, aim_str_from(kinds[f->kind]));
	if (f->kind == KEY_IS_KEYSTORE) {
		snprintf(text, sizeof text, "a sealed keystore%s", is_checked ? ", opened" : "");
		answer_text(a, NULL, "what", aim_str_from(text));
		return;
	}
	answer_text(a, "form", NULL, aim_str_from(aim_keyform_name(f->form)));
	if (f->kind == KEY_IS_PRIVATE)
		snprintf(text, sizeof text, "a private key, unprotected (%s)", aim_keyform_name(f->form));
	else
		snprintf(text, sizeof text, "a public key (%s)", aim_keyform_name(f->form));
	answer_text(a, NULL, "what", aim_str_from(text));
}

static int show(program *p, const key_file *f, int is_checked)
{
	answer a;
	answer_begin(&a);
	answer_text(&a, "file", "file", aim_str_from(p->args[0]));
	show_kind(&a, f, is_checked);
	if (f->kind == KEY_IS_KEYSTORE) {
		uint32_t at = f->purpose - AIM_KEY_AGENT;
		answer_text(&a, "purpose", "purpose", aim_str_from(at < 3 ? purpose_names[at] : "wrap"));
		if (f->agent[0])
			answer_text(&a, "agent", "agent", aim_str_from(f->agent));
		answer_bool(&a, "checked", NULL, is_checked);
	}
	int code = key_describe(p, &a, &f->public_key);
	answer_end(&a);
	return code;
}

static int check_and_show(program *p, const key_options *o, const key_file *f)
{
	aim_key *key = NULL;
	int must_open = o->flags & KEY_CHECK && f->kind == KEY_IS_KEYSTORE;
	int code = must_open ? key_file_private(p, f, p->args[0], o, &key) : EXIT_OK;
	aim_key_unref(key);
	return code == EXIT_OK ? show(p, f, must_open) : code;
}

int run_key_show(program *p)
{
	key_file f;
	const key_options *o = p->options;
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	code = key_file_open(p, p->args[0], (o->flags & KEY_PRIVATE) != 0, &f);
	if (code == EXIT_OK)
		code = check_and_show(p, o, &f);
	key_file_close(&f);
	return code;
}
