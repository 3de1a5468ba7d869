/** aim/mcpsig.h — the profile mcp: X-MCP-Signature and X-MCP-Timestamp, for requests and answers.
 *
 *      rc = aim_mcpsig_sign(key, body, now_us, &values, &err);          // send both headers
 *      ...
 *      rc = aim_mcpsig_read_headers(&headers, &h, &err);
 *      if (rc == AIM_OK) rc = aim_mcpsig_verify(guard, &peer, body, &h, 0, now_us, &err);
 *      if (rc != AIM_OK) {
 *          log_for_the_operator(err.message);
 *          return respond(AIM_MCPSIG_REFUSAL_STATUS, AIM_MCPSIG_REFUSAL_TEXT);
 *      }
 *
 *  Signed are the body's bytes and the timestamp's ten digits behind them, as the AIM integration guide
 *  defines (`request_body + timestamp`). There is no nonce: the signature itself is remembered. As these
 *  bytes carry no label, only bodies that are JSON objects or arrays, or empty, are signed and accepted;
 *  bytes of every other format that libaim knows begin otherwise, so no signature means two things.
 *
 *  An answer is signed by the server over its own label, the request's signature, the HTTP status, the
 *  timestamp and the body, so that it fits no other request:
 *
 *      libaim/mcp-response/v1
 *      REQUEST-SIGNATURE    base64 with padding
 *      STATUS               three digits
 *      TIMESTAMP
 *      body
 */
#ifndef AIM_MCPSIG_H
#define AIM_MCPSIG_H

#include <aim/headers.h>
#include <aim/key.h>
#include <aim/replay.h>

AIM_BEGIN_DECLS

/** Names of the headers. @since 0.1 */
#define AIM_MCPSIG_SIGNATURE "X-MCP-Signature"
#define AIM_MCPSIG_TIMESTAMP "X-MCP-Timestamp"

/** What a client is told of every refusal, whatever its cause, and with which HTTP status; the cause in
 *  aim_error is for the operator. @since 0.1 */
#define AIM_MCPSIG_REFUSAL_TEXT "Invalid MCP signature"
#define AIM_MCPSIG_REFUSAL_STATUS 401

/** Values for the headers, each NUL-terminated. @since 0.1 */
typedef struct aim_mcpsig_values {
	char timestamp[16];
	char signature[96];
} aim_mcpsig_values;

/** Values of the headers as they came. Borrowed. @since 0.1 */
typedef struct aim_mcpsig_headers {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_str timestamp;
	aim_str signature; /**< base64 or base64url, padded or not */
} aim_mcpsig_headers;

/** AIM_MCPSIG_REFUSAL_TEXT, for bindings.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_mcpsig_refusal_text(void);

/** AIM_MCPSIG_REFUSAL_STATUS, for bindings.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_mcpsig_refusal_status(void);

/** Signs a request.
 *  @param key   in, borrowed; purpose agent or server
 *  @param body  in, borrowed; a JSON object or array, or empty; at most limits.max_message_bytes
 *  @param out   out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID (also: the body is no JSON object or array), AIM_E_TIMESTAMP,
 *          AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: for bodies over about 1 kB, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpsig_sign(const aim_key *key, aim_bytes body, int64_t now_us,
                                                    aim_mcpsig_values *out, aim_error *err);

/** Finds the two headers, each exactly once.
 *  @param out  out, struct_size set by the caller; borrowed from headers, set only on AIM_OK
 *  @return AIM_OK, AIM_E_HEADER, AIM_E_CALLBACK, AIM_E_INVALID, AIM_E_VERSION
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpsig_read_headers(const aim_headers *headers,
                                                            aim_mcpsig_headers *out, aim_error *err);

/** Whether public_key signed this body, just now and for the first time. Method and path are not
 *  signed: aim/httpsig.h signs them.
 *  @param guard     in, borrowed     @param public_key  in, borrowed: the one that is trusted
 *  @param body      in, borrowed     @param headers     in, borrowed
 *  @param window_s  0: 300; at most the guard's         @param now_us  the caller's clock
 *  @return AIM_OK only when valid; AIM_E_TIMESTAMP (not ten digits), AIM_E_HEADER (the signature's length),
 *          AIM_E_ENCODING (the signature is not base64), AIM_E_STALE, AIM_E_FUTURE, AIM_E_REPLAY,
 *          AIM_E_REPLAY_FULL, AIM_E_SIGNATURE (also: a body that is no JSON object or array), AIM_E_KEY,
 *          AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK, or the store's of a guard
 *          in a store
 *  Threads: any; guard locked.  Allocates: as aim_mcpsig_sign(), and when the guard grows.
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpsig_verify(aim_replay *guard,
                                                      const aim_public_key *public_key, aim_bytes body,
                                                      const aim_mcpsig_headers *headers,
                                                      uint32_t window_s, int64_t now_us,
                                                      aim_error *err);

/** Signs an answer.
 *  @param key                in, borrowed; purpose agent or server
 *  @param request_signature  in, borrowed: X-MCP-Signature of the request that is answered
 *  @param status             the answer's HTTP status, 100 to 599
 *  @param body               in, borrowed, any bytes; at most limits.max_message_bytes
 *  @param out                out, set only on AIM_OK
 *  @return as aim_mcpsig_sign(), AIM_E_HEADER and AIM_E_ENCODING for request_signature
 *  Threads: any.  Allocates: as aim_mcpsig_sign().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpsig_sign_response(const aim_key *key,
                                                             aim_str request_signature, int32_t status,
                                                             aim_bytes body, int64_t now_us,
                                                             aim_mcpsig_values *out, aim_error *err);

/** Whether public_key signed this answer to that request, just now. No guard is needed: the request's
 *  signature is new with each request.
 *  @param request_signature  in, borrowed: X-MCP-Signature of the caller's own request
 *  @return AIM_OK only when valid; AIM_E_TIMESTAMP, AIM_E_HEADER, AIM_E_ENCODING, AIM_E_STALE,
 *          AIM_E_FUTURE, AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT,
 *          AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: as aim_mcpsig_sign().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpsig_verify_response(
	const aim_ctx *ctx, const aim_public_key *public_key, aim_str request_signature, int32_t status,
	aim_bytes body, const aim_mcpsig_headers *headers, uint32_t window_s, int64_t now_us,
	aim_error *err);

AIM_END_DECLS

#endif
