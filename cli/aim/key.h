/* cli/aim/key.h — what the files of aim key share. */
#ifndef AIM_KEY_COMMANDS_H
#define AIM_KEY_COMMANDS_H

#include "../common/passphrase.h"
#include "program.h"

typedef struct key_options {
	const char *purpose; /* of purpose_names */
	const char *out;
	const char *agent;
	const char *form;
	const char *name;
	const char *passphrase_file;
	const char *passphrase_fd;
	const char *new_passphrase_file;
	const char *reason;
	const char *note;
	const char *actor;
	const char *proof;
	uint64_t grace_days;
	uint32_t flags; /* KEY_* */
	uint32_t reserved;
} key_options;

#define KEY_PRIVATE 1u
#define KEY_FORCE 2u
#define KEY_CHECK 4u
#define KEY_NO_GRACE 8u
#define KEY_MAKE_PROOF 16u

extern const char *const purpose_names[];
/* AIM_KEY_*; 0 for none of them. */
uint32_t purpose_of(const char *name);

/* What is in a file. */
enum { KEY_IS_KEYSTORE, KEY_IS_PRIVATE, KEY_IS_PUBLIC };

typedef struct key_file {
	int kind;
	uint32_t form;    /* AIM_KEYFORM_*, unless it is a keystore */
	uint32_t purpose; /* of a keystore: AIM_KEY_* */
	int is_open_to_others;
	aim_public_key public_key;
	char agent[AIM_KEYSTORE_MAX_AGENT_BYTES + 1];
	char *bytes;
	size_t len;
} key_file;

/* Reads and recognises; says what is wrong. is_private: 32 bare bytes are a seed, no public key.
 * key_file_close() wipes the bytes, also of one that was not read. */
int key_file_open(program *p, const char *path, int is_private, key_file *out);
void key_file_close(key_file *f);
/* The private key in it: asks for the passphrase of a keystore. EXIT_OK or another, after saying what is wrong. */
int key_file_private(program *p, const key_file *f, const char *path, const key_options *o, aim_key **out);
/* The passphrase. EXIT_OK or another. */
int key_passphrase(const key_options *o, const char *prompt, int is_new, passphrase *out);
/* Seals the key into a new file and shows it. */
int key_save(program *p, const key_options *o, const aim_key *key, const char *path, const char *agent);
/* Members and lines of one public key. */
int key_describe(program *p, answer *a, const aim_public_key *public_key);

int run_key_generate(program *p);
int run_key_import(program *p);
int run_key_export(program *p);
int run_key_show(program *p);

int run_key_list(program *p);
int run_key_rotate(program *p);
int run_key_revoke(program *p);
int run_key_replace(program *p);

extern const char *const form_names[];
extern const char *const reason_names[];

#endif
