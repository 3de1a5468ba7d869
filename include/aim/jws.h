/** aim/jws.h — JSON Web Signatures in compact form, signed with Ed25519, and the times and names of a JWT.
 *
 *      aim_jws_options o = {.struct_size = sizeof o, .type = aim_str_from("JWT")};
 *      rc = aim_jws_sign(key, claims, &o, token, &err);                   // header.payload.signature
 *      ...
 *      rc = aim_jws_header(ctx, text, header, &err);                      // "kid" says which key to try
 *      rc = aim_jws_verify(ctx, &public_key, text, &o, payload, &err);
 *      rc = aim_json_parse(doc, aim_buf_bytes(payload), AIM_JSON_BORROW, &err);
 *      rc = aim_jws_check_claims(doc, &expected, &err);
 *
 *  The verifier's key decides: nothing in a token names the key or the algorithm that is used. "alg" must be EdDSA
 *  or Ed25519; "none" and everything else is refused, and so is a header with "crit" or with "b64" false. Keys in
 *  the header (jwk, jku, x5c …) are ignored. Keys of purpose agent or server sign.
 */
#ifndef AIM_JWS_H
#define AIM_JWS_H

#include <aim/json.h>
#include <aim/key.h>

AIM_BEGIN_DECLS

/** The payload does not stand in the token. @since 0.1 */
#define AIM_JWS_DETACHED 1u
/** Signing: "alg" is "Ed25519" (RFC 9864) instead of "EdDSA" (RFC 8037). Both are read. @since 0.1 */
#define AIM_JWS_ALG_ED25519 2u

/** The longest header as base64url, in characters. @since 0.1 */
#define AIM_JWS_MAX_HEADER 8192u

/** How to sign, or what is expected. All borrowed. @since 0.1 */
typedef struct aim_jws_options {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 or AIM_JWS_* */
	aim_str type;      /**< "typ": written; verifying: required to be there, empty: not looked at */
	aim_str key_id;    /**< "kid", likewise */
	aim_bytes payload; /**< verifying with AIM_JWS_DETACHED: the payload */
} aim_jws_options;

/** Flag of aim_jws_claims: a token without "exp" is refused. @since 0.1 */
#define AIM_JWS_REQUIRE_EXPIRY 1u

/** What the claims of a JWT are held against. Borrowed. @since 0.1 */
typedef struct aim_jws_claims {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 or AIM_JWS_REQUIRE_EXPIRY */
	int64_t now_s;     /**< Unix seconds */
	int64_t leeway_s;  /**< 0 … 3 600: how far clocks may differ */
	aim_str issuer;    /**< what "iss" must be; empty: not looked at */
	aim_str subject;   /**< "sub", likewise */
	aim_str audience;  /**< must be "aud" or in it; empty: a token that has an "aud" is refused */
} aim_jws_claims;

/** Appends a token.
 *  @param key      in, borrowed; purpose agent or server     @param payload  in, borrowed; any bytes
 *  @param options  in, borrowed, NULL for none               @param out      in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_UTF8 (type or key_id), AIM_E_KEY_PURPOSE, AIM_E_LIMIT (also a
 *          header over AIM_JWS_MAX_HEADER), AIM_E_NOMEM, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.
 *  Source: RFC 7515 §3.1, §5.1 and appendix F; RFC 8037 §3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_jws_sign(const aim_key *key, aim_bytes payload,
                                                 const aim_jws_options *options, aim_buf *out, aim_error *err);

/** Reads the header of a token into a document, with every check but the signature: what it says is the sender's
 *  word until aim_jws_verify() accepts the same token.
 *  @param token  in, borrowed     @param out_header  in; empty on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE, AIM_E_ALGORITHM, AIM_E_UNSUPPORTED ("crit", or "b64" false),
 *          AIM_E_LIMIT, AIM_E_NOMEM
 *  Threads: any (out_header: confined).  Allocates: yes.  Source: RFC 7515 §4, RFC 7797 §3.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_jws_header(const aim_ctx *ctx, aim_str token, aim_json *out_header,
                                                   aim_error *err);

/** Appends the payload when public_key has signed the token.
 *  @param public_key   in, borrowed     @param token  in, borrowed; three parts of base64url without padding
 *  @param options      in, borrowed, NULL for none
 *  @param out_payload  in; untouched on failure; NULL when only the verdict is wanted
 *  @return AIM_OK only when valid; AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE, AIM_E_ALGORITHM, AIM_E_UNSUPPORTED,
 *          AIM_E_CLAIM (another typ or kid), AIM_E_SIGNATURE, AIM_E_KEY (unusable public key), AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_CALLBACK
 *  Threads: any (out_payload: confined).  Allocates: yes.
 *  Source: RFC 7515 §5.2, RFC 8037 §3.1, RFC 8725 §3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_jws_verify(const aim_ctx *ctx, const aim_public_key *public_key,
                                                   aim_str token, const aim_jws_options *options,
                                                   aim_buf *out_payload, aim_error *err);

/** Holds the payload of a verified JWT against what is expected: exp, nbf, iat, iss, sub, aud. Times are whole
 *  seconds. Claims that are not there are not missed, except those that are asked for.
 *  @param claims  in, borrowed     @param expected  in, borrowed
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ENVELOPE (no object), AIM_E_TIMESTAMP (a time is no whole
 *          number, or "exp" is missing), AIM_E_EXPIRED, AIM_E_FUTURE (nbf or iat), AIM_E_CLAIM (iss, sub or aud)
 *  Threads: any.  Allocates: no.  Source: RFC 7519 §4.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_jws_check_claims(const aim_json *claims, const aim_jws_claims *expected,
                                                         aim_error *err);

AIM_END_DECLS

#endif
