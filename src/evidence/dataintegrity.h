/* evidence/dataintegrity.h — what both directions of a Data Integrity proof share. */
#ifndef AIM_EVIDENCE_DATAINTEGRITY_H
#define AIM_EVIDENCE_DATAINTEGRITY_H

#include <aim/dataintegrity.h>

#define AIM__DATAINTEGRITY_TYPE "DataIntegrityProof"
#define AIM__DATAINTEGRITY_SUITE "eddsa-jcs-2022"
#define AIM__DATAINTEGRITY_PURPOSE "assertionMethod"

/* What is signed: both hashes (§3.3.4). */
typedef struct aim__dataintegrity_hashes {
	uint8_t options[32];
	uint8_t document[32];
} aim__dataintegrity_hashes;

/* SHA-256 of the canonical form of object without the member `without`, and with context in the place of its
 * "@context" when that is not AIM_JSON_NONE. AIM_OK, AIM_E_JSON_NUMBER, AIM_E_LIMIT, AIM_E_NOMEM,
 * AIM_E_CALLBACK. */
aim_status aim__dataintegrity_hash(const aim_json *doc, aim_json_value object, const char *without,
                                   aim_json_value context, uint8_t out[32], aim_error *err);
/* The same of a JSON text. */
aim_status aim__dataintegrity_hash_text(aim_ctx *ctx, aim_bytes text, uint8_t out[32], aim_error *err);

#endif
