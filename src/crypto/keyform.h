/* crypto/keyform.h — inside the key forms: what one attempt to read a key has found so far, and the readers
 * by form. Each reader fills in the halves it finds; the caller checks that they belong together. */
#ifndef AIM_CRYPTO_KEYFORM_H
#define AIM_CRYPTO_KEYFORM_H

#include <aim/keyform.h>

/* One attempt to read a key. Lives on the stack of the entry point, which wipes it. */
typedef struct aim__keyform {
	const aim_ctx *ctx; /* borrowed */
	aim_error *err;
	int wants_private;
	uint32_t form;     /* AIM_KEYFORM_*, as soon as it is recognised */
	const char *title; /* of the form in messages: "an SPKI structure" */
	int has_seed;
	int has_public;
	uint8_t seed[AIM_KEY_SEED_LEN];
	aim_public_key public_key;
} aim__keyform;

void aim__keyform_recognised(aim__keyform *k, uint32_t form, const char *title);

/* Failures: "invalid public key: TITLE, FLAW" and the like. Each sets err and returns the status. */
aim_status aim__keyform_flaw(aim__keyform *k, const char *flaw);
/* algorithm is a noun with its article: "an RSA key". */
aim_status aim__keyform_other(aim__keyform *k, const char *algorithm);
/* The half that was not asked for. */
aim_status aim__keyform_half(aim__keyform *k);
/* A file that needs a passphrase. */
aim_status aim__keyform_encrypted(aim__keyform *k);

/* The public half was found: keeps it, strict checks included. */
aim_status aim__keyform_take_public(aim__keyform *k, const uint8_t bytes[AIM_KEY_PUBLIC_LEN]);

/* Readers. text or bytes is the whole input, recognised by its first bytes. */
aim_status aim__keyform_read_der(aim__keyform *k, aim_bytes der);
aim_status aim__keyform_read_der_hex(aim__keyform *k, aim_str text);
aim_status aim__keyform_read_pem(aim__keyform *k, aim_str text);
aim_status aim__keyform_read_jwk(aim__keyform *k, aim_bytes text);
aim_status aim__keyform_read_multibase(aim__keyform *k, aim_str text);
aim_status aim__keyform_read_dns(aim__keyform *k, aim_str text);
aim_status aim__keyform_read_ssh_line(aim__keyform *k, aim_str text);
/* The content of an "OPENSSH PRIVATE KEY" envelope. */
aim_status aim__keyform_read_ssh_private(aim__keyform *k, aim_bytes blob);
/* hex or base64 of n bytes, 32 or 64; offset is where text begins in the input, for messages. */
aim_status aim__keyform_read_plain(aim__keyform *k, aim_str text, size_t offset, uint8_t *dst, size_t *n);

/* What the first bytes say. */
int aim__keyform_starts(aim_bytes input, const char *what);
int aim__keyform_is_der(aim_bytes input);
int aim__keyform_is_der_hex(aim_bytes input);
int aim__keyform_is_json(aim_bytes input);
int aim__keyform_is_ssh_line(aim_bytes input);

/* A final LF or CRLF cut off: for forms that live in files of one line. */
aim_str aim__keyform_line(aim_bytes input);

/* Writers. */
aim_status aim__keyform_write_spki(const aim_public_key *key, uint32_t form, aim_buf *out);
aim_status aim__keyform_write_pkcs8(const uint8_t seed[AIM_KEY_SEED_LEN], uint32_t form, aim_buf *out);
/* seed NULL: public. */
aim_status aim__keyform_write_jwk(const aim_public_key *key, const uint8_t *seed, aim_buf *out);
aim_status aim__keyform_write_multibase(const aim_public_key *key, aim_buf *out);
aim_status aim__keyform_write_ssh_line(const aim_public_key *key, aim_buf *out);
aim_status aim__keyform_write_ssh_private(const aim_ctx *ctx, const aim_public_key *key,
                                          const uint8_t seed[AIM_KEY_SEED_LEN], aim_buf *out);
/* Appends the text of bytes in an AIM_ENCODING_*. */
aim_status aim__keyform_write_text(uint32_t encoding, const uint8_t *bytes, size_t len, aim_buf *out);

#endif
