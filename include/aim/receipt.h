/** aim/receipt.h — a decision receipt: one record of an audit log, with all that is needed to check it
 *  offline under the log's verifier key.
 *
 *      rc = aim_receipt_build(log, position, 0, out, &err);     // AIM_E_AUDIT_PENDING: ask again later
 *      // elsewhere:
 *      aim_receipt receipt = {.struct_size = sizeof receipt};
 *      rc = aim_receipt_verify(ctx, bytes, vkey, origin, arguments, &receipt, &err);
 *
 *  A receipt is one JSON object in RFC 8785 form: the signed checkpoint, position, inclusion proof,
 *  record, salt. Without its salt the arguments stay secret even to those who could guess them.
 */
#ifndef AIM_RECEIPT_H
#define AIM_RECEIPT_H

#include <aim/audit.h>

AIM_BEGIN_DECLS

/** Leave the salt out: nobody can check arguments against this receipt. @since 0.1 */
#define AIM_RECEIPT_WITHOUT_SALT 1u

/** The longest receipt, in bytes. @since 0.1 */
#define AIM_RECEIPT_MAX_BYTES 262144u

/** What a verified receipt says. @since 0.1 */
typedef struct aim_receipt {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint64_t position; /**< of the record in the log */
	uint64_t size;     /**< of the log, by the checkpoint */
	uint8_t root[32];  /**< of the log, by the checkpoint */
	aim_str record;    /**< canonical JSON; borrowed from the receipt's bytes */
} aim_receipt;

/** Appends the receipt of a record, under the newest checkpoint that the log's store keeps.
 *  @param flags  0 or AIM_RECEIPT_WITHOUT_SALT      @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (no such record), AIM_E_AUDIT_PENDING (the record is
 *          there and no checkpoint covers it yet), AIM_E_AUDIT_CORRUPT (the log is not what the
 *          checkpoint says), AIM_E_AUDIT_GAP, AIM_E_AUDIT_TRIMMED (removed by retention),
 *          AIM_E_AUDIT_TRUNCATED, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CALLBACK, or the store's
 *  Threads: locked (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_receipt_build(aim_audit *log, uint64_t position, uint32_t flags,
                                                      aim_buf *out, aim_error *err);

/** AIM_OK only when the log's key vouches for the record, and arguments, when given, are those that
 *  the record commits to. Accepts the canonical form only.
 *  @param bytes      in, borrowed; out's record points into it
 *  @param vkey       in, borrowed; the log's verifier key (aim_checkpoint_vkey())
 *  @param origin     in, borrowed; the origin that must stand in the checkpoint; empty: vkey's name
 *  @param arguments  in, borrowed; canonical arguments as disclosed; empty: not checked
 *  @param out        out, may be NULL; struct_size set by the caller; zeroed on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_AUDIT_FORMAT, AIM_E_AUDIT_CORRUPT (the record is not in that
 *          log, or its arguments were others), AIM_E_LIMIT, and what aim_checkpoint_verify() returns
 *  Threads: any.  Allocates: yes.  Source: RFC 9162 §2.1.3.2, c2sp.org/tlog-checkpoint.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_receipt_verify(aim_ctx *ctx, aim_str bytes, aim_str vkey,
                                                       aim_str origin, aim_bytes arguments,
                                                       aim_receipt *out, aim_error *err);

AIM_END_DECLS

#endif
