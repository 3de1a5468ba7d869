/* evidence/signature.h — what the profiles share: signatures as text, and sets of keys. */
#ifndef AIM_EVIDENCE_SIGNATURE_H
#define AIM_EVIDENCE_SIGNATURE_H

#include <aim/key.h>

/* 64 bytes from base64 or base64url, padded or not. AIM_OK, AIM_E_SIGNATURE. */
aim_status aim__signature_read(aim_str text, uint8_t out[AIM_KEY_SIGNATURE_LEN]);

/* 1 when key is one of keys. */
int aim__key_among(const aim_public_key *key, const aim_public_key *keys, uint64_t n_keys);

#endif
