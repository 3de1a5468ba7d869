/* evidence/challenge_text.h — the text of a challenge. Immutable. */
#ifndef AIM_EVIDENCE_CHALLENGE_TEXT_H
#define AIM_EVIDENCE_CHALLENGE_TEXT_H

#include <aim/challenge.h>

#define AIM__CHALLENGE_ID_LEN 43 /* 32 bytes in unpadded base64: the first field */
#define AIM__CHALLENGE_MAX_TEXT (AIM__CHALLENGE_ID_LEN + 22 + 2 * 20 + 4 + AIM_CHALLENGE_MAX_NAME)

/* 1 for what may be a field: UTF-8 of 1 … AIM_CHALLENGE_MAX_NAME bytes without '|' and control characters. */
int aim__challenge_name_ok(aim_str name);

/* Writes the text; returns its length. AIM_E_INVALID as 0 when a time is beyond year 9999. */
size_t aim__challenge_write(const uint8_t challenge[32], const uint8_t nonce[16], aim_str agent_did, int64_t issued_at_s,
                            int64_t expires_at_s, char out[AIM__CHALLENGE_MAX_TEXT]);

/* AIM_OK, AIM_E_ENVELOPE. */
aim_status aim__challenge_read(aim_str text, aim_challenge *out, aim_error *err);

#endif
