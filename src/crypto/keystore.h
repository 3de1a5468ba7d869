/* crypto/keystore.h — inside the keystore: the container as a struct, and its JSON. */
#ifndef AIM_CRYPTO_KEYSTORE_H
#define AIM_CRYPTO_KEYSTORE_H

#include <aim/keystore.h>

#include "codec/json.h"

#define AIM__KEYSTORE_VERSION 1u
#define AIM__KEYSTORE_SALT_LEN 16
#define AIM__KEYSTORE_NONCE_LEN 24
#define AIM__KEYSTORE_CHECK_LEN 16
#define AIM__KEYSTORE_NAME_MAX 64u
/* The purpose in one byte, then the seed; sealed: and the tag. */
#define AIM__KEYSTORE_PLAIN_LEN (1 + AIM_KEY_SEED_LEN)
#define AIM__KEYSTORE_SEALED_LEN (AIM__KEYSTORE_PLAIN_LEN + 16)

/* Nothing in it is secret. Texts are borrowed: from the caller when sealing, from the document when opening. */
typedef struct aim__keystore {
	aim_str agent_id;
	aim_public_key public_key;
	char key_id[AIM_KEY_ID_SIZE];
	uint32_t purpose;
	uint32_t passes;      /* 0: wrapped */
	uint32_t memory_kib;
	aim_str wrapper_name; /* empty: passphrase */
	size_t wrapped_len;
	uint8_t wrapped[AIM_KEYSTORE_WRAPPED_MAX];
	uint8_t salt[AIM__KEYSTORE_SALT_LEN];
	uint8_t nonce[AIM__KEYSTORE_NONCE_LEN];
	uint8_t sealed[AIM__KEYSTORE_SEALED_LEN];
	uint8_t check[AIM__KEYSTORE_CHECK_LEN];
} aim__keystore;

/* Appends the container's JSON. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_UTF8, AIM_E_CALLBACK. */
aim_status aim__keystore_write(const aim_ctx *ctx, const aim__keystore *k, aim_buf *out);
/* Reads it, checksum and key id included, into k, which borrows from doc. AIM_OK, AIM_E_KEYSTORE, AIM_E_VERSION,
 * AIM_E_NOMEM, AIM_E_CALLBACK. */
aim_status aim__keystore_read(aim_json *doc, aim_bytes sealed, aim__keystore *k, aim_error *err);

#endif
