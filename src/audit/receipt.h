/* audit/receipt.h — receipts as bytes. FROZEN: others verify them.
 *
 *     {"checkpoint":"<signed note>","position":<n>,"proof":["<64 hex>",…],"record":{…},"salt":"<32 hex>","v":1}
 *
 * salt is absent when the record commits to no arguments, or was left out. */
#ifndef AIM_AUDIT_RECEIPT_H
#define AIM_AUDIT_RECEIPT_H

#include <aim/proof.h>
#include <aim/receipt.h>

#include "audit/row.h"

/* A receipt's parts; spans are borrowed. */
typedef struct aim__receipt {
	aim_str checkpoint;
	uint64_t position;
	aim_proof proof;
	aim_str record;
	int has_salt;
	uint8_t salt[AIM__AUDIT_SALT_LEN];
} aim__receipt;

/* Appends the canonical form. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_UTF8. */
aim_status aim__receipt_write(const aim__receipt *receipt, aim_buf *out);

#endif
