/* crypto/key.h — signing with a key handle, for the signature profiles of the layers above. */
#ifndef AIM_CRYPTO_KEY_H
#define AIM_CRYPTO_KEY_H

#include <aim/key.h>

/* One purpose as a bit, for the sets that aim__key_sign takes. */
#define AIM__KEY_BIT(purpose) (1u << (purpose))

/* Signs the whole message, which must start with a label of its own format. purposes is a set of
 * AIM__KEY_BIT. The misuse callback hears of a wrong purpose. out_signature is set only on AIM_OK.
 * AIM_OK, AIM_E_KEY_PURPOSE, AIM_E_SIGNER, AIM_E_CALLBACK. */
aim_status aim__key_sign(const aim_key *key, uint32_t purposes, aim_bytes message,
                         uint8_t out_signature[64], aim_error *err);

/* 0 for a key that lives outside. */
int aim__key_has_seed(const aim_key *key);

/* Borrowed; as long as the key lives. */
const aim_public_key *aim__key_public(const aim_key *key);
aim_ctx *aim__key_ctx(const aim_key *key);

#endif
