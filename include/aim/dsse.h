/** aim/dsse.h — DSSE envelopes: a payload of any type, signed by one key or by several.
 *
 *      rc = aim_dsse_sign(key, type, payload, envelope, &err);                  // one JSON object
 *      ...
 *      aim_dsse_options trust = {.struct_size = sizeof trust, .payload_type = type};
 *      trust.keys = maintainers;
 *      trust.n_keys = 3;
 *      trust.threshold = 2;
 *      rc = aim_dsse_verify(ctx, aim_buf_str(envelope), &trust, payload, NULL, &err);
 *
 *  Signed is the pre-authentication encoding "DSSEv1 LEN TYPE LEN PAYLOAD", so a payload cannot be taken for one of
 *  another type. The payload is handed out only after enough signatures were found valid. Key ids in an envelope
 *  are hints: they say which key to try, and decide nothing. Keys of purpose agent or server sign.
 *
 *  Reading: one JSON object without duplicate names; unknown members are ignored, as the format asks; base64 in the
 *  standard or the URL-safe alphabet, padded, nothing else in it.
 */
#ifndef AIM_DSSE_H
#define AIM_DSSE_H

#include <aim/verifycache.h>

AIM_BEGIN_DECLS

/** Most signatures of one envelope, most keys to check them with, and bytes of a payload type. @since 0.1 */
#define AIM_DSSE_MAX_SIGNATURES 16u
#define AIM_DSSE_MAX_KEYS 64u
#define AIM_DSSE_MAX_TYPE 256u

/** Whom a verifier trusts, and for what. @since 0.1 */
typedef struct aim_dsse_options {
	uint32_t struct_size;
	uint32_t flags;             /**< 0 */
	aim_str payload_type;       /**< in, borrowed; the only type that is accepted; required */
	const aim_public_key *keys; /**< in, borrowed; no key twice; required */
	uint64_t n_keys;            /**< 1 … AIM_DSSE_MAX_KEYS */
	uint64_t threshold;         /**< how many different keys must have signed; 0: one */
	aim_verifycache *cache;     /**< in; NULL: none */
	uint64_t generation;        /**< of what the cache keeps; see aim/verifycache.h */
} aim_dsse_options;

/** Appends the bytes that are signed.
 *  @param payload_type  in, borrowed; UTF-8     @param payload  in, borrowed; may be empty
 *  @param out           in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: confined (out).  Allocates: when out grows.  Source: DSSE protocol 1.0, "Signature Definition".
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dsse_pae(aim_str payload_type, aim_bytes payload, aim_buf *out);

/** Appends an envelope with one signature; its keyid is aim_key_id() of key.
 *  @param key           in, borrowed; purpose agent or server
 *  @param payload_type  in, borrowed; 1 … AIM_DSSE_MAX_TYPE bytes of UTF-8, a media type or a URI
 *  @param payload       in, borrowed; may be empty; at most limits.max_message_bytes
 *  @param out           in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UTF8 (payload_type), AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.  Source: DSSE protocol 1.0, envelope 1.0.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dsse_sign(const aim_key *key, aim_str payload_type, aim_bytes payload,
                                                  aim_buf *out, aim_error *err);

/** Appends envelope with one more signature. The signatures that are there are kept and not verified: signing
 *  says nothing about who signed before. Look at the payload first.
 *  @param key  in, borrowed; purpose agent or server     @param envelope  in, borrowed
 *  @param out  in; untouched on failure; must not be what envelope borrows from
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE, AIM_E_EXISTS (a signature under the same keyid is there),
 *          AIM_E_KEY_PURPOSE, AIM_E_LIMIT (also AIM_DSSE_MAX_SIGNATURES), AIM_E_NOMEM, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dsse_add_signature(const aim_key *key, aim_str envelope, aim_buf *out,
                                                           aim_error *err);

/** Appends the payload when at least threshold different keys of options->keys have signed it, with that type.
 *  @param envelope     in, borrowed          @param options  in, borrowed
 *  @param out_payload  in; untouched on failure; must not be what envelope borrows from
 *  @param out_signers  out, bit i set when keys[i] has signed; 0 on failure; may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (no envelope, or of another payload type),
 *          AIM_E_SIGNATURE (no signature by any of the keys), AIM_E_THRESHOLD (some, and too few), AIM_E_KEY (an
 *          unusable public key), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any (out_payload: confined).  Allocates: yes.
 *  Source: DSSE protocol 1.0, "Multi-signature Verification".  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_dsse_verify(const aim_ctx *ctx, aim_str envelope,
                                                    const aim_dsse_options *options, aim_buf *out_payload,
                                                    uint64_t *out_signers, aim_error *err);

AIM_END_DECLS

#endif
