/** aim/envelope.h — HMAC envelopes: messages between parties that share a secret, each accepted once.
 *
 *      rc = aim_envelope_key_new(ctx, secret, &key, &err);              // at least 32 bytes
 *      rc = aim_envelope_seal(key, payload, aim_str_from("agent-1"), now_us, out, &err);
 *      ...                                                              // out is JSON; send it
 *      rc = aim_envelope_open(guard, key, received, 0, now_us, &envelope, &err);
 *      if (rc == AIM_OK)
 *          handle(aim_envelope_sender(envelope), aim_envelope_payload(envelope));
 *      aim_envelope_free(envelope);
 *
 *  aim_envelope_key is immutable and locked: share it. aim_envelope is immutable. An envelope is a JSON
 *  object with the strings payload, nonce, timestamp (RFC 3339), signature (base64 of 32 bytes) and,
 *  unless the sender is not named, sender_id. The signature is HMAC-SHA-256 over the label
 *  "libaim/envelope/v1\n" and then payload, nonce, timestamp and sender_id, each after its length as
 *  eight bytes, big-endian; a sender that is not named is the length 2^64 − 1 and no bytes. So no two
 *  envelopes have the same bytes, whatever separators they hold.
 *
 *  Whoever can verify can also sign: an envelope proves to others nothing. aim/message.h does.
 */
#ifndef AIM_ENVELOPE_H
#define AIM_ENVELOPE_H

#include <aim/buf.h>
#include <aim/replay.h>

AIM_BEGIN_DECLS

/** Bytes of a secret. @since 0.1 */
#define AIM_ENVELOPE_MIN_SECRET_LEN 32u
#define AIM_ENVELOPE_MAX_SECRET_LEN 1024u

/** A secret shared between the parties. @since 0.1 */
typedef struct aim_envelope_key aim_envelope_key;
/** An envelope that was valid when it was opened. @since 0.1 */
typedef struct aim_envelope aim_envelope;

/** A new secret from the context's random source. Wipe it with aim_key_wipe() after use.
 *  @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_RANDOM
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_envelope_make_secret(const aim_ctx *ctx, uint8_t out[32]);

/** The key of a secret, copied into secret memory.
 *  @param ctx     in; kept alive until the key is freed
 *  @param secret  in, borrowed; 32 to 1 024 bytes; wipe yours afterwards
 *  @param out     out, owned; aim_envelope_key_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY (too short or too long), AIM_E_NOMEM, AIM_E_UNSUPPORTED (the
 *          crypto provider has no HMAC), AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_envelope_key_new(aim_ctx *ctx, aim_bytes secret,
                                                         aim_envelope_key **out, aim_error *err);

/** Wipes and frees the key. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_envelope_key_free(aim_envelope_key *key);

/** Appends an envelope to out.
 *  @param key      in, borrowed
 *  @param payload  in, borrowed, UTF-8; may be empty; at most limits.max_message_bytes
 *  @param sender   in, borrowed, UTF-8; 1 to 256 bytes, or {NULL, 0} to name none
 *  @param now_us   the caller's clock
 *  @return AIM_OK, AIM_E_INVALID (also: sender of no bytes or too long), AIM_E_UTF8, AIM_E_TIMESTAMP (now_us
 *          is not between 1970 and 9999), AIM_E_RANDOM, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_UNSUPPORTED,
 *          AIM_E_CALLBACK
 *  Threads: any; out confined.  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_envelope_seal(const aim_envelope_key *key, aim_str payload,
                                                      aim_str sender, int64_t now_us, aim_buf *out,
                                                      aim_error *err);

/** Opens an envelope that was sealed with the same secret, just now, and for the first time.
 *  @param guard     in, borrowed        @param key     in, borrowed
 *  @param text      in, borrowed: the JSON; members may stand in any order
 *  @param window_s  0: 300; at most the guard's        @param now_us  the caller's clock
 *  @param out       out, owned; aim_envelope_free(); set only on AIM_OK
 *  @return AIM_OK only when valid; AIM_E_JSON_* and AIM_E_UTF8 (no strict JSON), AIM_E_ENVELOPE (no object of
 *          these members; the pointer names the one), AIM_E_TIMESTAMP, AIM_E_STALE, AIM_E_FUTURE,
 *          AIM_E_REPLAY, AIM_E_REPLAY_FULL, AIM_E_SIGNATURE, AIM_E_LIMIT, AIM_E_INVALID, AIM_E_NOMEM,
 *          AIM_E_UNSUPPORTED, AIM_E_CALLBACK, or the store's of a guard in a store
 *  Threads: any; guard locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_envelope_open(aim_replay *guard, const aim_envelope_key *key,
                                                      aim_bytes text, uint32_t window_s, int64_t now_us,
                                                      aim_envelope **out, aim_error *err);

/** Wipes and frees the envelope. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_envelope_free(aim_envelope *envelope);

/** What was sent; as long as the envelope lives. Empty for NULL.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_envelope_payload(const aim_envelope *envelope);

/** Who says that they sent it, among those that have the secret; {NULL, 0} when not named.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_envelope_sender(const aim_envelope *envelope);

/** Its nonce. Empty for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_envelope_nonce(const aim_envelope *envelope);

/** When it was sealed, by the sender's clock; 0 for NULL.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_envelope_timestamp_us(const aim_envelope *envelope);

AIM_END_DECLS

#endif
