/** aim/message.h — detached signatures over a message of any bytes.
 *
 *      uint8_t signature[AIM_KEY_SIGNATURE_LEN];
 *      rc = aim_message_sign(key, payload, signature, &err);
 *      ...
 *      if (aim_message_verify(ctx, &peer, payload, aim_bytes_from(signature, 64), &err) != AIM_OK)
 *          return refuse(err.message);
 *
 *  Signed are the label "libaim/message/v1\n" and then the payload, so that the signature means
 *  nothing anywhere else. Keys of purpose agent or server sign. There is no time and no nonce in a
 *  message: put them into the payload when a replay would hurt.
 */
#ifndef AIM_MESSAGE_H
#define AIM_MESSAGE_H

#include <aim/verifycache.h>

AIM_BEGIN_DECLS

/** Signs payload.
 *  @param key      in, borrowed; purpose agent or server
 *  @param payload  in, borrowed; may be empty; at most limits.max_message_bytes
 *  @param out_signature  out, 64 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_SIGNER,
 *          AIM_E_CALLBACK
 *  Threads: any.  Allocates: for payloads over about 1 kB, freed at return.
 *  Source: RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_message_sign(const aim_key *key, aim_bytes payload,
                                                     uint8_t out_signature[AIM_KEY_SIGNATURE_LEN],
                                                     aim_error *err);

/** Whether signature is public_key's over payload. Says nothing of who holds the key.
 *  @param public_key  in, borrowed     @param signature  in, borrowed, exactly 64 bytes
 *  @return AIM_OK only when valid; AIM_E_SIGNATURE, AIM_E_KEY (unusable public key), AIM_E_INVALID,
 *          AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: as aim_message_sign().  Source: RFC 8032 §5.1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_message_verify(const aim_ctx *ctx,
                                                       const aim_public_key *public_key,
                                                       aim_bytes payload, aim_bytes signature,
                                                       aim_error *err);

/** aim_message_verify() on the cache's context; what was found valid before, under the same generation, costs a
 *  comparison.
 *  @param cache  in     @param generation  in, whatever the caller counts; 0 when it forgets keys by hand
 *  @return as aim_message_verify()
 *  Threads: any.  Allocates: as aim_message_verify(), and to keep it; nothing when it was kept.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_message_verify_cached(aim_verifycache *cache, uint64_t generation,
                                                              const aim_public_key *public_key,
                                                              aim_bytes payload, aim_bytes signature,
                                                              aim_error *err);

/** aim_message_sign() with the signature appended to out as padded standard base64 (88 bytes).
 *  @return as aim_message_sign(), AIM_E_LIMIT also when out is full
 *  Threads: any; out confined.  Allocates: also when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_message_sign_base64(const aim_key *key, aim_bytes payload,
                                                            aim_buf *out, aim_error *err);

/** aim_message_verify() with the signature as standard base64 or base64url, padded or not.
 *  @return as aim_message_verify(); text that is no base64 of 64 bytes is AIM_E_SIGNATURE
 *  Threads: any.  Allocates: as aim_message_sign().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_message_verify_base64(const aim_ctx *ctx,
                                                              const aim_public_key *public_key,
                                                              aim_bytes payload, aim_str signature,
                                                              aim_error *err);

AIM_END_DECLS

#endif
