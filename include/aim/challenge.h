/** aim/challenge.h — a server proves that it holds its key, by signing a challenge once.
 *
 *      // the one that asks
 *      rc = aim_challenge_issue(issuer, server_id, my_did, now_s, text, &err);
 *      // the server
 *      rc = aim_challenge_sign(server_key, aim_buf_str(text), my_did, now_s, signature, &err);
 *      // the one that asks, again
 *      aim_challenge_response r = {.struct_size = sizeof r, .server_id = server_id, .agent_did = my_did};
 *      r.challenge = aim_buf_str(text), r.signature = aim_bytes_from(signature, 64);
 *      r.public_key = &shown, r.trusted = &registered, r.n_trusted = 1;
 *      rc = aim_challenge_verify(issuer, &r, now_s, &err);
 *
 *  aim_challenge_issuer is locked. The text is `challenge|agentDid|nonce|issuedAt|expiresAt`: 32 and 16 random
 *  bytes in unpadded base64, times in UTC as 2026-11-20T11:43:42Z. A challenge is good for one answer of the
 *  server it was made for, to the agent it was made for, within five minutes; the first answer uses it up, right or
 *  wrong. The key has the purpose "server", so no other key can be talked into signing one, and what is signed
 *  has a form that no other format of this library has.
 */
#ifndef AIM_CHALLENGE_H
#define AIM_CHALLENGE_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** Longest life in seconds, and longest DID and server id in bytes. @since 0.1 */
#define AIM_CHALLENGE_MAX_LIFE_S 300u
#define AIM_CHALLENGE_MAX_NAME 512u

/** Challenges that wait for their answer. @since 0.1 */
typedef struct aim_challenge_issuer aim_challenge_issuer;

/** 0 takes the default. @since 0.1 */
typedef struct aim_challenge_issuer_options {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	uint32_t max_pending; /**< unanswered challenges; 1 000, at most 1 000 000 */
	uint32_t life_s;      /**< 300, and no more */
} aim_challenge_issuer_options;

/** What a challenge says. @since 0.1 */
typedef struct aim_challenge {
	uint32_t struct_size;
	uint32_t flags;       /**< 0 */
	aim_str agent_did;    /**< who asks; borrowed from the text */
	int64_t issued_at_s;  /**< Unix seconds */
	int64_t expires_at_s; /**< from this second on it is expired */
} aim_challenge;

/** An answer, and what is known of the one that should have given it. All borrowed. @since 0.1 */
typedef struct aim_challenge_response {
	uint32_t struct_size;
	uint32_t flags;                   /**< 0 */
	aim_str challenge;                /**< the text as it was signed */
	aim_str server_id;                /**< who has answered */
	aim_str agent_did;                /**< who asks */
	aim_bytes signature;              /**< 64 bytes */
	const aim_public_key *public_key; /**< the key that the server shows */
	const aim_public_key *trusted;    /**< without a registry: the keys of this server that are in force */
	uint64_t n_trusted;               /**< 0: no key is trusted */
	aim_registry *registry;           /**< in; its word on the key and the server, instead of trusted; may be NULL */
} aim_challenge_response;

/** An issuer with nothing pending.
 *  @param ctx      in; kept alive until the issuer is freed
 *  @param options  in, borrowed, NULL for the defaults     @param out  out, owned; aim_challenge_issuer_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_challenge_issuer_new(aim_ctx *ctx,
                                                             const aim_challenge_issuer_options *options,
                                                             aim_challenge_issuer **out, aim_error *err);

/** Frees it; what was pending can no longer be answered. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_challenge_issuer_free(aim_challenge_issuer *issuer);

/** Challenges that wait, expired ones included until room is needed; 0 for NULL.
 *  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API uint64_t aim_challenge_pending(aim_challenge_issuer *issuer);

/** Appends a new challenge for one server to answer to one agent. When max_pending is reached, expired ones go.
 *  @param server_id  in, borrowed; whom it is sent to; it does not stand in the text
 *  @param agent_did  in, borrowed; the one that asks. Both: 1 … AIM_CHALLENGE_MAX_NAME bytes of UTF-8 without '|'
 *                    and control characters
 *  @param now_s      in, Unix seconds     @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID (arguments, or a year beyond 9999), AIM_E_ID_NAME (server_id or agent_did),
 *          AIM_E_LIMIT (too many wait), AIM_E_NOMEM, AIM_E_RANDOM
 *  Threads: locked (out: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_challenge_issue(aim_challenge_issuer *issuer, aim_str server_id,
                                                        aim_str agent_did, int64_t now_s, aim_buf *out,
                                                        aim_error *err);

/** Reads a challenge: five fields of exactly their form, a life of 1 … 300 seconds, nothing else.
 *  @param text  in, borrowed     @param out  out, struct_size set by the caller; zeroed on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_challenge_parse(aim_str text, aim_challenge *out, aim_error *err);

/** The server's answer. Signs nothing but a challenge that is in force now.
 *  @param key        in, borrowed; purpose server      @param text  in, borrowed
 *  @param agent_did  in, borrowed; whom the server believes to talk to; empty: whoever is named
 *  @param now_s      in, Unix seconds                  @param out_signature  out, 64 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE, AIM_E_CLAIM (another agent's), AIM_E_EXPIRED, AIM_E_FUTURE (made
 *          more than 300 s ahead), AIM_E_KEY_PURPOSE, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  Source: RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_challenge_sign(const aim_key *key, aim_str text, aim_str agent_did,
                                                       int64_t now_s,
                                                       uint8_t out_signature[AIM_KEY_SIGNATURE_LEN],
                                                       aim_error *err);

/** Whether the server has proved its key. The checks in their order, each with its own status: the text's form,
 *  the signature, the key among the trusted ones, expiry, that it is pending, that it was issued as it stands here for
 *  this server and this agent, and with a registry that the server is neither suspended nor revoked (pending ones may
 *  prove their key). Whatever the result, the challenge cannot be answered again.
 *  @param response  in, borrowed     @param now_s  in, Unix seconds
 *  @return AIM_OK only when proved; AIM_E_ENVELOPE, AIM_E_SIGNATURE, AIM_E_KEY (unusable public key),
 *          AIM_E_UNTRUSTED_KEY, AIM_E_KEY_REVOKED, AIM_E_EXPIRED (the challenge), AIM_E_REPLAY (answered before, or
 *          never issued), AIM_E_ISSUER (issued otherwise or for others, or the server is not in force), AIM_E_INVALID,
 *          AIM_E_VERSION, AIM_E_CALLBACK, with a registry also AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: with a registry.  Source: RFC 8032 §5.1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_challenge_verify(aim_challenge_issuer *issuer,
                                                         const aim_challenge_response *response, int64_t now_s,
                                                         aim_error *err);

AIM_END_DECLS

#endif
