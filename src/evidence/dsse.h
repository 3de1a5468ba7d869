/* evidence/dsse.h — an envelope as it was read, for what verifies it and what adds to it. */
#ifndef AIM_EVIDENCE_DSSE_H
#define AIM_EVIDENCE_DSSE_H

#include <aim/dsse.h>

#include "base/buf.h"
#include "codec/json.h"

/* The spans borrow from the document. */
typedef struct aim__dsse {
	aim_json doc;
	aim_buf pae;    /* the encoding, the decoded payload at its end */
	size_t payload; /* where in pae it begins */
	aim_str type;
	aim_str payload_text;
	aim_json_value signatures; /* a non-empty array */
} aim__dsse;

void aim__dsse_init(aim__dsse *e, aim_ctx *ctx);
void aim__dsse_dispose(aim__dsse *e);

/* Reads all but the signatures themselves. AIM_OK, AIM_E_ENVELOPE, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__dsse_read(aim__dsse *e, aim_str text, aim_error *err);
/* One of them. What is not 64 bytes becomes zeros, which no key signs. AIM_OK, AIM_E_ENVELOPE. */
aim_status aim__dsse_read_signature(const aim__dsse *e, aim_json_value item, uint8_t out[AIM_KEY_SIGNATURE_LEN],
                                    aim_str *out_keyid, aim_error *err);
/* Whether one key signed what was read. AIM_OK, AIM_E_SIGNATURE, AIM_E_ENVELOPE, AIM_E_KEY, … */
aim_status aim__dsse_match(const aim__dsse *e, const aim_public_key *key, aim_error *err);
/* AIM_E_ENVELOPE with the place in the document. */
aim_status aim__dsse_malformed(const aim__dsse *e, aim_json_value at, const char *what, aim_error *err);

/* The encoding up to the payload. On failure out holds part of it. */
aim_status aim__dsse_pae_head(aim_buf *out, aim_str type, size_t payload_len);
/* Room for all of it, at least. */
size_t aim__dsse_pae_size(aim_str type, size_t payload_len);
/* aim_dsse_sign() of what work holds. The encoding is written behind it: where work has room for that already,
 * nothing grows but out. */
aim_status aim__dsse_sign(const aim_key *key, aim_str type, aim_buf *work, aim_buf *out, aim_error *err);
/* AIM_E_LIMIT over limits.max_message_bytes. */
aim_status aim__dsse_check_size(const aim_ctx *ctx, size_t len, aim_error *err);

#endif
