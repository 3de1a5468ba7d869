/* audit/row.h — a row of the log as the store keeps it: the record, its salt, and what lets a reader
 * name the first row that was damaged. FROZEN: golden files hold it.
 *
 *     {"leaf":"<64 hex>","position":"<20 digits>","record":<record>,"salt":"<32 hex>","salt_check":"<8 hex>"}
 *
 * The framing is fixed to the byte, so reading needs no JSON parser; it is JSON for the sake of SQL.
 *
 * - leaf: RFC 6962 leaf hash of the record's bytes. The tree is built of it.
 * - position: written when the row's place is known, under the head's version.
 * - salt: 16 bytes, with which the record commits to the arguments; zeros when there are none. Beside
 *   the record, not in it, so that the record can be shown without making its arguments guessable.
 * - salt_check: FNV-1a (32 bits) of the salt.
 *
 * leaf, position and salt_check find damage, not attackers: who rewrites a row can rewrite them. Then
 * the tree in the head differs and verification names the subtree; and a salt that was exchanged
 * together with its check no longer opens the commitment in the record. */
#ifndef AIM_AUDIT_ROW_H
#define AIM_AUDIT_ROW_H

#include <aim/audit.h>
#include "crypto/merkle.h"

#define AIM__AUDIT_SALT_LEN 16u

/* Appends the framing up to the record. */
aim_status aim__audit_row_begin(aim_buf *out);
/* Ends the row that begin() put at offset start; everything behind that is the record. */
aim_status aim__audit_row_end(aim_buf *out, size_t start, const uint8_t salt[AIM__AUDIT_SALT_LEN],
                              aim__merkle_hash *out_leaf);
/* Writes the position into a finished row. */
void aim__audit_row_place(uint8_t *row, uint64_t position);

/* A row taken apart; spans are borrowed from it. */
typedef struct aim__audit_row {
	aim_str record;
	aim_str leaf_hex;
	uint8_t salt[AIM__AUDIT_SALT_LEN];
} aim__audit_row;

/* Checks framing, position and salt, not yet the leaf. AIM_OK, AIM_E_AUDIT_CORRUPT. */
aim_status aim__audit_row_read(aim_bytes bytes, uint64_t position, aim__audit_row *out, aim_error *err);
/* Hashes the record and compares it with the row's leaf. AIM_OK, AIM_E_AUDIT_CORRUPT, AIM_E_CALLBACK. */
aim_status aim__audit_row_leaf(const aim_ctx *ctx, const aim__audit_row *row, uint64_t position,
                               aim__merkle_hash *out, aim_error *err);

/* A row as an export without salts has it: what follows the record is `,"salted":true}` or `false`. */
aim_status aim__audit_row_end_bare(aim_buf *out, size_t start, int salted, aim__merkle_hash *out_leaf);
/* As aim__audit_row_read(), whose result has a salt of zeros. */
aim_status aim__audit_row_read_bare(aim_bytes bytes, uint64_t position, aim__audit_row *out,
                                    int *out_salted, aim_error *err);
/* The position that bytes claim to be the row of; UINT64_MAX when they are no row. */
uint64_t aim__audit_row_claims(aim_bytes bytes);

#endif
