/** aim/httpsig.h — the profile libaim-http/v1: signed HTTP requests, each accepted once.
 *
 *      aim_httpsig_request r = {.struct_size = sizeof r, .body = body};
 *      r.method = aim_str_from("POST");
 *      r.authority = aim_str_from("mcp.example.org");
 *      r.target = aim_str_from("/tools?page=2");
 *      rc = aim_httpsig_sign(key, &r, now_us, (aim_str){NULL, 0}, &values, &err);
 *      // send AIM-Timestamp, AIM-Nonce, AIM-Key-Id and AIM-Signature with it; at the other end:
 *      rc = aim_httpsig_read_headers(&headers, &h, &err);
 *      if (rc == AIM_OK) rc = aim_httpsig_verify(guard, &peer, &r, &h, 0, now_us, &err);
 *
 *  Signed are these lines, each ended by one LF, and nothing else:
 *
 *      libaim/http/v1
 *      METHOD          as it is sent; methods have upper and lower case
 *      AUTHORITY       the Host header or :authority, in lower case
 *      PATH?QUERY      the request target as it is sent, not decoded
 *      SHA-256(body)   64 hex digits in lower case; of no bytes when there is no body
 *      TIMESTAMP       Unix seconds, ten digits
 *      NONCE           base64url without padding, of 16 to 48 random bytes
 *      KEYID           aim_key_id() of the signer, 64 hex digits in lower case
 *
 *  No field can hold a line end, so no two requests have the same lines. libaim sends nothing: host
 *  and HTTP library do.
 */
#ifndef AIM_HTTPSIG_H
#define AIM_HTTPSIG_H

#include <aim/headers.h>
#include <aim/key.h>
#include <aim/replay.h>

AIM_BEGIN_DECLS

/** Names of the headers. @since 0.1 */
#define AIM_HTTPSIG_TIMESTAMP "AIM-Timestamp"
#define AIM_HTTPSIG_NONCE "AIM-Nonce"
#define AIM_HTTPSIG_KEY_ID "AIM-Key-Id"
#define AIM_HTTPSIG_SIGNATURE "AIM-Signature"

/** What is signed of a request. All borrowed. @since 0.1 */
typedef struct aim_httpsig_request {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	aim_str method;    /**< a token of RFC 9110 §5.6.2, at most 64 bytes */
	aim_str authority; /**< host and, unless it is the scheme's own, port; at most 512 bytes of visible
	                    *   ASCII without '/', '?', '#', '@'; its case does not matter */
	aim_str target;    /**< begins with '/', or is "*"; at most 8 192 bytes of visible ASCII without '#' */
	aim_bytes body;    /**< may be empty */
} aim_httpsig_request;

/** Values for the headers, each NUL-terminated. @since 0.1 */
typedef struct aim_httpsig_values {
	char timestamp[16];
	char nonce[72];
	char key_id[72];
	char signature[96];
} aim_httpsig_values;

/** Values of the headers as they came. Borrowed. @since 0.1 */
typedef struct aim_httpsig_headers {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_str timestamp;
	aim_str nonce;
	aim_str key_id;
	aim_str signature; /**< base64 or base64url, padded or not */
} aim_httpsig_headers;

/** Signs a request.
 *  @param key      in, borrowed; purpose agent or server
 *  @param request  in, borrowed
 *  @param now_us   the caller's clock
 *  @param nonce    in, borrowed; empty: 24 fresh random bytes. One that was used before is refused by
 *                  the other side
 *  @param out      out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_HEADER (a part of the request or the nonce is not of
 *          its form), AIM_E_TIMESTAMP, AIM_E_RANDOM, AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: for targets over about 800 bytes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_httpsig_sign(const aim_key *key,
                                                     const aim_httpsig_request *request,
                                                     int64_t now_us, aim_str nonce,
                                                     aim_httpsig_values *out, aim_error *err);

/** Finds the four headers, each exactly once.
 *  @param out  out, struct_size set by the caller; borrowed from headers, set only on AIM_OK
 *  @return AIM_OK, AIM_E_HEADER, AIM_E_CALLBACK, AIM_E_INVALID, AIM_E_VERSION
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_httpsig_read_headers(const aim_headers *headers,
                                                             aim_httpsig_headers *out, aim_error *err);

/** Whether public_key signed this request, just now and for the first time. Says nothing of who holds
 *  the key or what they may do.
 *  @param guard       in, borrowed     @param public_key  in, borrowed: the one that is trusted
 *  @param request     in, borrowed: as it came in, the authority being the one that this host serves
 *  @param headers     in, borrowed     @param window_s  0: 300; at most the guard's
 *  @param now_us      the caller's clock
 *  @return AIM_OK only when valid; AIM_E_HEADER (a header or a part of the request is not of its form),
 *          AIM_E_TIMESTAMP, AIM_E_ENCODING (the signature is not base64), AIM_E_STALE, AIM_E_FUTURE,
 *          AIM_E_REPLAY, AIM_E_REPLAY_FULL, AIM_E_UNTRUSTED_KEY (the key id is another key's),
 *          AIM_E_SIGNATURE, AIM_E_KEY, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_CALLBACK, or the store's of a guard in a store
 *  Threads: any; guard locked.  Allocates: as aim_httpsig_sign(), and when the guard grows.
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_httpsig_verify(aim_replay *guard,
                                                       const aim_public_key *public_key,
                                                       const aim_httpsig_request *request,
                                                       const aim_httpsig_headers *headers,
                                                       uint32_t window_s, int64_t now_us,
                                                       aim_error *err);

AIM_END_DECLS

#endif
