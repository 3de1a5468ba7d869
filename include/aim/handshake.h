/** aim/handshake.h — two agents meet: a signed challenge, a signed response, and a verdict that holds for a while.
 *
 *      // the one that asks
 *      rc = aim_handshake_begin(handshake, my_key, &spec, now_us, challenge, &err);
 *      // the peer
 *      rc = aim_handshake_respond(peer_key, aim_buf_bytes(challenge), &terms, now_us, response, &err);
 *      // the one that asks, again
 *      check.registry = registry;
 *      check.score = score_of(peer), check.required_score = 500;
 *      rc = aim_handshake_finish(handshake, aim_buf_bytes(response), &check, now_us, &result, &err);
 *      if (rc != AIM_OK)
 *          return refuse(err.message);
 *
 *  aim_handshake is locked; aim_handshake_result is immutable. A challenge is good for one response within 30 seconds,
 *  right or wrong. Both messages are canonical JSON (RFC 8785), signed behind a label of their own, and the response
 *  holds the hash of the challenge. The score that decides is the verifier's own; what the peer claims is only
 *  reported. Scores go from 0 to 1000.
 *
 *  A verified result is remembered for 15 minutes: aim_handshake_recall() gives it again, as long as the peer is active
 *  under the same key, and never for a higher required score or for capabilities that were not asked for.
 */
#ifndef AIM_HANDSHAKE_H
#define AIM_HANDSHAKE_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** Pending challenges and remembered results of one initiator, or of several. @since 0.1 */
typedef struct aim_handshake aim_handshake;
/** The outcome of one handshake. @since 0.1 */
typedef struct aim_handshake_result aim_handshake_result;

/** Bounds. @since 0.1 */
#define AIM_HANDSHAKE_MAX_BYTES 65536u /**< of a challenge or response */
#define AIM_HANDSHAKE_MAX_ITEMS 64u    /**< capabilities in one of them */
#define AIM_HANDSHAKE_MAX_SCORE 1000u

/** Levels of a score: what is at least 900, 700, 500, 300, and the rest. 0 is the safe one. @since 0.1 */
#define AIM_HANDSHAKE_UNTRUSTED 0u
#define AIM_HANDSHAKE_PROBATIONARY 1u
#define AIM_HANDSHAKE_STANDARD 2u
#define AIM_HANDSHAKE_TRUSTED 3u
#define AIM_HANDSHAKE_VERIFIED_PARTNER 4u

/** 0 takes the default. @since 0.1 */
typedef struct aim_handshake_options {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	uint32_t max_pending; /**< challenges, and apart from them results; 1 000, at most 100 000 */
	uint32_t life_s;      /**< of a challenge; 30, at most 300 */
	uint32_t cache_s;     /**< of a result; 900, at most 86 400 */
	uint32_t reserved;    /**< 0 */
} aim_handshake_options;

/** Flag of aim_handshake_spec: the response must repeat a freshness nonce. @since 0.1 */
#define AIM_HANDSHAKE_FRESHNESS 1u

/** What a challenge asks. @since 0.1 */
typedef struct aim_handshake_spec {
	uint32_t struct_size;
	uint32_t flags;              /**< AIM_HANDSHAKE_FRESHNESS */
	aim_str initiator;           /**< required: DID of the one that asks */
	aim_str responder;           /**< required: DID of the peer */
	const aim_str *capabilities; /**< what the peer must have; may be none */
	size_t n_capabilities;
} aim_handshake_spec;

/** What a peer answers with, and whom it answers. @since 0.1 */
typedef struct aim_handshake_terms {
	uint32_t struct_size;
	uint32_t flags;                      /**< 0 */
	aim_str responder;                   /**< required: the peer's own DID */
	aim_str initiator;                   /**< who must have asked; empty: whoever initiator_key is of */
	const aim_public_key *initiator_key; /**< required: the key that must have signed the challenge */
	const aim_str *capabilities;         /**< what the peer has: patterns of aim/grant.h */
	size_t n_capabilities;
	uint32_t claimed_score;              /**< ≤ 1000 */
	uint32_t reserved;                   /**< 0 */
} aim_handshake_terms;

/** Against what a response is checked. @since 0.1 */
typedef struct aim_handshake_check {
	uint32_t struct_size;
	uint32_t flags;                 /**< 0 */
	aim_registry *registry;         /**< borrowed; the peer must be registered there and active, or: */
	const aim_public_key *peer_key; /**< the peer's key as the caller knows it; with a registry both must agree */
	uint32_t score;                 /**< the caller's own score of the peer; ≤ 1000 */
	uint32_t required_score;        /**< ≤ 1000 */
} aim_handshake_check;

/** Nothing pending, nothing remembered.
 *  @param options  in, borrowed, NULL for the defaults     @param out  out, owned; aim_handshake_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_new(aim_ctx *ctx, const aim_handshake_options *options,
                                                      aim_handshake **out, aim_error *err);

/** Frees it. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_handshake_free(aim_handshake *handshake);

/** Challenges that wait, expired ones included until room is needed; 0 for NULL.
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_handshake_pending(aim_handshake *handshake);

/** Appends a signed challenge: {capabilities, created_us, expires_us, freshness, id, initiator, nonce, responder,
 *  signature, status}. Its id, "challenge_" and 16 hex digits, names the handshake; its status is "pending".
 *  @param key  in, borrowed; purpose agent or server     @param spec  in, borrowed
 *  @param now_us  in, microseconds since 1970            @param out   in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (a DID or capability that cannot be in a challenge),
 *          AIM_E_LIMIT (too many wait and none is expired), AIM_E_KEY_PURPOSE, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_SIGNER,
 *          AIM_E_CALLBACK
 *  Threads: locked (out: confined).  Allocates: yes.  Source: RFC 8785, RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_begin(aim_handshake *handshake, const aim_key *key,
                                                        const aim_handshake_spec *spec, int64_t now_us,
                                                        aim_buf *out, aim_error *err);

/** Appends a signed response: {capabilities, challenge, challenge_hash, claimed_score, freshness, initiator, nonce,
 *  public_key, responder, signature}. Answers nothing but a challenge to this peer that is in force now and signed by
 *  the one it answers.
 *  @param key        in, borrowed; purpose agent or server     @param challenge  in, borrowed
 *  @param terms      in, borrowed                              @param out        in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (not a challenge, or a DID or capability that cannot be in
 *          a response), AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_CLAIM (to another peer, or from another initiator),
 *          AIM_E_EXPIRED, AIM_E_FUTURE (made over 30 s ahead), AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM,
 *          AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_respond(const aim_key *key, aim_bytes challenge,
                                                          const aim_handshake_terms *terms, int64_t now_us,
                                                          aim_buf *out, aim_error *err);

/** The verdict. Checked in this order, each with its own status: the form, a pending challenge, not expired, both DIDs
 *  and the challenge's hash, the signature, the peer registered and active, its registered key, the freshness nonce,
 *  the score, the capabilities. The challenge is used up as soon as it is found.
 *  @param response  in, borrowed      @param check  in, borrowed
 *  @param out       out, owned, may be NULL: NULL first, then the outcome, also when the peer is refused;
 *                   aim_handshake_result_free()
 *  @return AIM_OK only when verified; AIM_E_ENVELOPE, AIM_E_REPLAY (not pending: answered before, or never begun),
 *          AIM_E_EXPIRED, AIM_E_CLAIM, AIM_E_SIGNATURE, AIM_E_NOT_FOUND (not registered), AIM_E_ID_STATUS (not active),
 *          AIM_E_UNTRUSTED_KEY, AIM_E_STALE (freshness), AIM_E_HANDSHAKE_SCORE, AIM_E_HANDSHAKE_CAPABILITY; AIM_E_INVALID,
 *          AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  Source: RFC 8032 §5.1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_finish(aim_handshake *handshake, aim_bytes response,
                                                         const aim_handshake_check *check, int64_t now_us,
                                                         aim_handshake_result **out, aim_error *err);

/** A result from before that is still good: not older than cache_s, for no higher score than was required then, for
 *  capabilities that were asked for then, and of a peer whose standing and key are the same now. A result of a peer
 *  that is not active any more, or has another key, is dropped.
 *  @param spec   in, borrowed; flags 0        @param check  in, borrowed; score is not looked at
 *  @param out    out, owned; aim_handshake_result_free()
 *  @return AIM_OK, AIM_E_NOT_FOUND (begin a handshake), AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_recall(aim_handshake *handshake, const aim_handshake_spec *spec,
                                                         const aim_handshake_check *check, int64_t now_us,
                                                         aim_handshake_result **out, aim_error *err);

/** Forgets what is remembered of a peer, for hosts that hear of a revocation themselves. A handshake whose response is
 *  being verified meanwhile is not remembered either.
 *  @return AIM_OK (also when there was nothing), AIM_E_INVALID.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_handshake_forget(aim_handshake *handshake, aim_str peer);

/** Frees the outcome. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_handshake_result_free(aim_handshake_result *result);

/** 1 when the peer was verified.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_handshake_result_verified(const aim_handshake_result *result);
/** DID of the peer; empty when there was none to tell. Borrowed.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_handshake_result_peer(const aim_handshake_result *result);
/** One sentence: why it was refused; "verified" otherwise. Borrowed.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_handshake_result_reason(const aim_handshake_result *result);
/** The verifier's own score; 0 when not verified.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_handshake_result_score(const aim_handshake_result *result);
/** What the peer claims of itself, when it signed that; else 0.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_handshake_result_claimed_score(const aim_handshake_result *result);
/** AIM_HANDSHAKE_* of the score.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_handshake_result_level(const aim_handshake_result *result);
/** From the challenge to the verdict, by the steady clock.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int64_t aim_handshake_result_latency_us(const aim_handshake_result *result);
/** What the peer says it has; none when not verified.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_handshake_result_capability_count(const aim_handshake_result *result);
/** Empty past the end. Borrowed.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_handshake_result_capability_at(const aim_handshake_result *result, size_t index);

/** The level of a score.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_handshake_level(uint32_t score);
/** "verified_partner", "trusted", "standard", "probationary", "untrusted" (also for no level).
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_handshake_level_name(uint32_t level);

/** The parts of the compatibility form, `id:nonce:response_nonce:did[:freshness]`. @since 0.1 */
typedef struct aim_handshake_compat {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	aim_str id;             /**< exactly "challenge_" and 16 lower-case hex digits */
	aim_str nonce;          /**< 32 to 128 lower-case hex digits */
	aim_str response_nonce; /**< the same */
	aim_str did;            /**< of the one that signs */
	aim_str freshness;      /**< as a nonce; empty: none */
} aim_handshake_compat;

/** Signs the compatibility form, for peers that know no other. It signs neither capabilities nor the initiator: use
 *  aim_handshake_respond() where both sides have it. Parts of any other shape are refused, so that nothing else can be
 *  signed this way.
 *  @param key  in, borrowed; purpose agent or server     @param out_signature  out, 64 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE, AIM_E_KEY_PURPOSE, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_compat_sign(const aim_key *key,
                                                              const aim_handshake_compat *parts,
                                                              uint8_t out_signature[AIM_KEY_SIGNATURE_LEN],
                                                              aim_error *err);

/** Whether signature is public_key's over the compatibility form. Says nothing of who holds the key.
 *  @param signature  in, borrowed, exactly 64 bytes
 *  @return AIM_OK only when valid; AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_ENVELOPE, AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_compat_verify(const aim_ctx *ctx,
                                                                const aim_public_key *public_key,
                                                                const aim_handshake_compat *parts,
                                                                aim_bytes signature, aim_error *err);

/** What a peer of the compatibility form has sent. All borrowed. @since 0.1 */
typedef struct aim_handshake_compat_answer {
	uint32_t struct_size;
	uint32_t flags;                    /**< 0 */
	const aim_handshake_compat *parts; /**< nonce and freshness as the challenge has them */
	const aim_public_key *public_key;  /**< the key that the peer shows */
	aim_bytes signature;               /**< 64 bytes */
	const aim_str *capabilities;       /**< what the peer says it has; not signed */
	size_t n_capabilities;
} aim_handshake_compat_answer;

/** aim_handshake_finish() for a peer that answers in the compatibility form. Its DID and nonces are signed, its
 *  capabilities are not: whoever can change messages can change them.
 *  @param answer  in, borrowed
 *  @return as aim_handshake_finish().  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_handshake_finish_compat(aim_handshake *handshake,
                                                                const aim_handshake_compat_answer *answer,
                                                                const aim_handshake_check *check,
                                                                int64_t now_us, aim_handshake_result **out,
                                                                aim_error *err);

AIM_END_DECLS

#endif
