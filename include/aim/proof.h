/** aim/proof.h — Merkle proofs of an audit log: that a record is in it, and that it only grew.
 *
 *      aim_proof proof = {.struct_size = sizeof proof};
 *      rc = aim_proof_inclusion(log, position, head.size, &proof, &err);
 *      // elsewhere, with size and root alone:
 *      rc = aim_proof_verify_inclusion(ctx, record, position, &head, &proof, &err);
 *
 *  Size and root come from a checkpoint that was verified (aim/checkpoint.h). Proofs are plain data.
 */
#ifndef AIM_PROOF_H
#define AIM_PROOF_H

#include <aim/audit.h>

AIM_BEGIN_DECLS

/** The longest proof for 2^64 records. @since 0.1 */
#define AIM_PROOF_MAX_HASHES 65

/** Hashes from the leaf up. @since 0.1 */
typedef struct aim_proof {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint64_t n_hashes;
	uint8_t hashes[AIM_PROOF_MAX_HASHES][32];
} aim_proof;

/** That the record at position is one of the first `size` records. Reads and hashes the other records:
 *  the cost grows with size, memory does not.
 *  @param size  in; 0: all that are committed now      @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID (position is not below size, size is beyond the log),
 *          AIM_E_VERSION, AIM_E_AUDIT_CORRUPT, AIM_E_AUDIT_GAP, AIM_E_AUDIT_TRIMMED (retention removed
 *          the record, or part of the older log), AIM_E_AUDIT_TRUNCATED, AIM_E_NOMEM, AIM_E_CALLBACK, or
 *          the store's
 *  Threads: locked.  Allocates: yes.  Source: RFC 9162 §2.1.3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proof_inclusion(aim_audit *log, uint64_t position, uint64_t size,
                                                        aim_proof *out, aim_error *err);

/** That the first from_size records are the beginning of the first to_size.
 *  @param from_size  in; 1 … to_size     @param to_size  in; 0: all that are committed now
 *  @param out        out, struct_size set by the caller
 *  @return as aim_proof_inclusion()
 *  Threads: locked.  Allocates: yes.  Source: RFC 9162 §2.1.4.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proof_consistency(aim_audit *log, uint64_t from_size,
                                                          uint64_t to_size, aim_proof *out,
                                                          aim_error *err);

/** AIM_OK only when record, byte for byte, is at position of the log whose size and root are head's.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_AUDIT_CORRUPT (it is not), AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  Source: RFC 9162 §2.1.3.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proof_verify_inclusion(const aim_ctx *ctx, aim_str record,
                                                               uint64_t position,
                                                               const aim_audit_head *head,
                                                               const aim_proof *proof, aim_error *err);

/** AIM_OK only when the log of `older` is the beginning of the log of `newer`.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_AUDIT_FORK (it is not), AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  Source: RFC 9162 §2.1.4.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_proof_verify_consistency(const aim_ctx *ctx,
                                                                 const aim_audit_head *older,
                                                                 const aim_audit_head *newer,
                                                                 const aim_proof *proof, aim_error *err);

AIM_END_DECLS

#endif
