/** aim/checkpoint.h — signed checkpoints of an audit log (C2SP tlog-checkpoint): size and root under
 *  the log's key, to be shown to others, who then notice when the log's history is changed.
 *
 *      aim_checkpoint_signer *signer = NULL;
 *      aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from("example.com/log")};
 *      rc = aim_checkpoint_open(log, key, &o, &signer, &err);   // key: AIM_KEY_LOG
 *      rc = aim_checkpoint_poll(signer, now_us, &err);          // signs when one is due, and keeps it
 *      rc = aim_checkpoint_last(log, text, &err);               // the newest, as text
 *      rc = aim_checkpoint_close(signer, &err);                 // signs what is left
 *      // elsewhere, with the log's verifier key alone:
 *      rc = aim_checkpoint_verify(ctx, text, vkey, none, &checkpoint, &err);
 *
 *  A checkpoint is a signed note (c2sp.org/signed-note): three lines of text, a blank line, and
 *  signature lines. Keys travel as verifier keys, "name+id+base64". An aim_checkpoint_signer is
 *  locked.
 */
#ifndef AIM_CHECKPOINT_H
#define AIM_CHECKPOINT_H

#include <aim/audit.h>
#include <aim/key.h>

AIM_BEGIN_DECLS

/** Kinds of verifier keys: their signature type in a note. @since 0.1 */
#define AIM_CHECKPOINT_LOG_KEY 1u     /**< Ed25519, signs the checkpoint's text */
#define AIM_CHECKPOINT_WITNESS_KEY 4u /**< cosignature/v1, Ed25519, with a time */

/** What a checkpoint says. Spans are borrowed from its text. @since 0.1 */
typedef struct aim_checkpoint {
	uint32_t struct_size;
	uint32_t flags;     /**< 0 */
	aim_str origin;     /**< which log */
	uint64_t size;      /**< records */
	uint8_t root[32];   /**< Merkle tree hash of them */
	aim_str extensions; /**< further lines of the text; libaim writes none */
	uint64_t n_signatures; /**< signature lines, whoever signed */
} aim_checkpoint;

/** Signs checkpoints of one log when they are due. @since 0.1 */
typedef struct aim_checkpoint_signer aim_checkpoint_signer;

/** The newest kept checkpoint may be signed by another key: the log's key was replaced. @since 0.1 */
#define AIM_CHECKPOINT_NEW_KEY 1u

/** @since 0.1 */
typedef struct aim_checkpoint_options {
	uint32_t struct_size;
	uint32_t flags;         /**< AIM_CHECKPOINT_NEW_KEY */
	aim_str origin;         /**< in, copied; required; also the key's name: 1 to 255 bytes of UTF-8
	                         *   without spaces and plus signs, best a URL without its scheme */
	uint32_t every_records; /**< poll signs when so many records are new; 0: 256 */
	uint32_t every_ms;      /**< poll signs what is new after so long; 0: 60 000 */
} aim_checkpoint_options;

/** Appends the verifier key of a public key: what others need to check its signatures.
 *  @param name  in, borrowed; the log's origin, or the witness's name
 *  @param type  AIM_CHECKPOINT_LOG_KEY or AIM_CHECKPOINT_WITNESS_KEY
 *  @param out   in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK
 *  Threads: confined (out).  Allocates: when out grows.
 *  Source: c2sp.org/signed-note, "Verifier keys".  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_vkey(const aim_ctx *ctx, aim_str name, uint32_t type,
                                                        const aim_public_key *public_key, aim_buf *out,
                                                        aim_error *err);

/** Appends a checkpoint of what the log holds now, signed by key. It compares with nothing that was
 *  signed before and keeps nothing: for a series of checkpoints use a signer.
 *  @param key     in, borrowed; purpose AIM_KEY_LOG
 *  @param origin  in, borrowed; as in the options
 *  @param out     in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY_PURPOSE, AIM_E_SIGNER, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CALLBACK, AIM_E_AUDIT_CORRUPT, or the store's
 *  Threads: locked (out: confined).  Allocates: yes.  Source: c2sp.org/tlog-checkpoint.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_sign(aim_audit *log, const aim_key *key,
                                                        aim_str origin, aim_buf *out, aim_error *err);

/** Takes a checkpoint apart and believes it: for showing. To rely on it, verify it.
 *  @param text  in, borrowed; out's spans point into it
 *  @param out   out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_AUDIT_FORMAT, AIM_E_LIMIT (more than 65 536 bytes or 64
 *          signatures)
 *  Threads: any.  Allocates: no.  Source: c2sp.org/tlog-checkpoint.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_parse(aim_str text, aim_checkpoint *out,
                                                         aim_error *err);

/** AIM_OK only when the log's key signed this text for this origin. Signatures of other keys are
 *  passed over, as the specification asks; those of witnesses are checked by
 *  aim_checkpoint_verify_witness().
 *  @param vkey    in, borrowed; the log's verifier key
 *  @param origin  in, borrowed; the origin that must stand in it; empty: the name of vkey
 *  @param out     out, may be NULL; struct_size set by the caller; zeroed on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_AUDIT_FORMAT, AIM_E_AUDIT_UNSIGNED, AIM_E_AUDIT_FORK (another
 *          log's), AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_UNSUPPORTED (another type of key), AIM_E_LIMIT,
 *          AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_verify(aim_ctx *ctx, aim_str text, aim_str vkey,
                                                          aim_str origin, aim_checkpoint *out,
                                                          aim_error *err);

/** AIM_OK only when this witness cosigned the checkpoint. For a quorum, ask once for each witness.
 *  @param vkey        in, borrowed; the witness's verifier key
 *  @param out_time_s  out, may be NULL; when it did, Unix seconds; 0 on failure
 *  @return as aim_checkpoint_verify(), but for AIM_E_AUDIT_FORK
 *  Threads: any.  Allocates: yes.  Source: c2sp.org/tlog-cosignature.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_verify_witness(aim_ctx *ctx, aim_str text,
                                                                  aim_str vkey, int64_t *out_time_s,
                                                                  aim_error *err);

/** Begins to sign checkpoints of a log. The newest kept checkpoint is read and checked.
 *  @param log  in; kept open until the signer is closed      @param key  in; referenced
 *  @param out  out, owned; aim_checkpoint_close()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_KEY_PURPOSE, AIM_E_NOMEM, AIM_E_LIMIT,
 *          AIM_E_CLOCK, AIM_E_CALLBACK, AIM_E_AUDIT_CORRUPT (what is kept is not a checkpoint),
 *          AIM_E_AUDIT_UNSIGNED (it is another key's; see AIM_CHECKPOINT_NEW_KEY), AIM_E_SIGNATURE,
 *          or the store's
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_open(aim_audit *log, aim_key *key,
                                                        const aim_checkpoint_options *options,
                                                        aim_checkpoint_signer **out, aim_error *err);

/** Signs a checkpoint when one is due: every_records new records, or any after every_ms.
 *  @return as aim_checkpoint_now()
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_poll(aim_checkpoint_signer *signer, int64_t now_us,
                                                        aim_error *err);

/** Milliseconds from now_us until aim_checkpoint_poll() should run, also when no records come.
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_checkpoint_next_deadline_ms(aim_checkpoint_signer *signer, int64_t now_us);

/** Signs and keeps a checkpoint now, unless the newest one covers the whole log. Before it signs, it
 *  hashes the records since that one and compares the tree with the log's head: it never signs a
 *  history that does not continue the one it signed before.
 *  @return AIM_OK (also when there was nothing to sign), AIM_E_INVALID, AIM_E_SIGNER,
 *          AIM_E_AUDIT_CORRUPT, AIM_E_AUDIT_GAP, AIM_E_AUDIT_FORK, AIM_E_AUDIT_TRUNCATED,
 *          AIM_E_AUDIT_TRIMMED (retention overtook the call: again), AIM_E_VERSION, AIM_E_NOMEM,
 *          AIM_E_LIMIT, AIM_E_CLOCK, AIM_E_CALLBACK, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_now(aim_checkpoint_signer *signer, aim_error *err);

/** Writes what waits in the log, signs a last checkpoint and frees the signer, which is gone whatever
 *  is returned. NULL is AIM_OK.
 *  @return as aim_checkpoint_now(), or what aim_audit_flush() returns
 *  Threads: any.  @since 0.1 */
AIM_API aim_status aim_checkpoint_close(aim_checkpoint_signer *signer, aim_error *err);

/** Appends the newest checkpoint kept in the log's store, with the cosignatures it has.
 *  @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (there is none), AIM_E_AUDIT_CORRUPT, AIM_E_NOMEM,
 *          AIM_E_LIMIT, or the store's
 *  Threads: locked (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_last(aim_audit *log, aim_buf *out, aim_error *err);

/** Adds a witness's cosignature to the checkpoint that is kept, once it is verified.
 *  @param text  in, borrowed; the checkpoint as the witness gave it back
 *  @param vkey  in, borrowed; the witness's verifier key
 *  @return AIM_OK (also when it was there already), AIM_E_NOT_FOUND (no checkpoint of this size is
 *          kept), AIM_E_AUDIT_FORK (its text is another one), AIM_E_CONFLICT (another writer was
 *          faster: try again), what aim_checkpoint_verify_witness() returns, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_checkpoint_add_witness(aim_audit *log, aim_str text, aim_str vkey,
                                                               aim_error *err);

AIM_END_DECLS

#endif
