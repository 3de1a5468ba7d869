/** aim/agentsig.h — the profile aim-agent: X-Agent-ID, X-Signature, X-Timestamp and X-Public-Key.
 *
 *      rc = aim_agentsig_sign(key, &request, now_us, &values, &err);    // and X-Agent-ID: its id
 *      ...
 *      rc = aim_agentsig_read_headers(&headers, &h, &err);
 *      if (rc == AIM_OK)
 *          rc = aim_agentsig_verify_registered(guard, registry, &request, &h, 0, now_us, NULL, &err);
 *      // or, with a key from elsewhere:
 *          rc = aim_agentsig_verify(guard, agent_id, &registered_key, &request, &h, 0, now_us, &err);
 *
 *  Signed are METHOD, LF, PATH, LF, the timestamp's ten digits and, when there is a body, LF and the
 *  body. There is no nonce: the signature itself is remembered. The agent's id is not among the signed
 *  bytes and the public key comes with the request, so both must be those that are registered: a valid
 *  signature under the key of the header proves nothing by itself.
 */
#ifndef AIM_AGENTSIG_H
#define AIM_AGENTSIG_H

#include <aim/headers.h>
#include <aim/key.h>
#include <aim/keyring.h>
#include <aim/replay.h>

AIM_BEGIN_DECLS

/** Names of the headers. @since 0.1 */
#define AIM_AGENTSIG_AGENT_ID "X-Agent-ID"
#define AIM_AGENTSIG_SIGNATURE "X-Signature"
#define AIM_AGENTSIG_TIMESTAMP "X-Timestamp"
#define AIM_AGENTSIG_PUBLIC_KEY "X-Public-Key"

/** What is signed of a request. All borrowed. @since 0.1 */
typedef struct aim_agentsig_request {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_str method; /**< a token of RFC 9110 §5.6.2, at most 64 bytes, in its own case */
	aim_str path;   /**< begins with '/', with its query as sent; at most 8 192 bytes of visible ASCII */
	aim_bytes body; /**< empty when there is none; at most limits.max_message_bytes */
} aim_agentsig_request;

/** Values for the headers, each NUL-terminated. @since 0.1 */
typedef struct aim_agentsig_values {
	char timestamp[16];
	char signature[96];
	char public_key[48]; /**< base64 of the 32 bytes */
} aim_agentsig_values;

/** Values of the headers as they came. Borrowed. @since 0.1 */
typedef struct aim_agentsig_headers {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_str agent_id;
	aim_str timestamp;
	aim_str signature;  /**< base64 or base64url, padded or not */
	aim_str public_key; /**< any form of aim_key_public_parse() that is one line */
} aim_agentsig_headers;

/** Signs a request.
 *  @param key      in, borrowed; purpose agent
 *  @param request  in, borrowed     @param out  out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_HEADER (method or path is not of its form),
 *          AIM_E_TIMESTAMP, AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any.  Allocates: for requests over about 1 kB, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agentsig_sign(const aim_key *key,
                                                      const aim_agentsig_request *request,
                                                      int64_t now_us, aim_agentsig_values *out,
                                                      aim_error *err);

/** Finds the four headers, each exactly once.
 *  @param out  out, struct_size set by the caller; borrowed from headers, set only on AIM_OK
 *  @return AIM_OK, AIM_E_HEADER, AIM_E_CALLBACK, AIM_E_INVALID, AIM_E_VERSION
 *  Threads: confined.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agentsig_read_headers(const aim_headers *headers,
                                                              aim_agentsig_headers *out,
                                                              aim_error *err);

/** Whether the agent with this id and this registered key signed the request, just now and for the
 *  first time. Says nothing of whether the agent is active.
 *  @param guard       in, borrowed
 *  @param agent_id    in, borrowed: the agent that the caller looked up
 *  @param registered  in, borrowed: the key that is registered for it
 *  @param request     in, borrowed     @param headers  in, borrowed
 *  @param window_s    0: 300; at most the guard's       @param now_us  the caller's clock
 *  @return AIM_OK only when valid; AIM_E_HEADER (a header or a part of the request is not of its form),
 *          AIM_E_TIMESTAMP, AIM_E_ENCODING (the signature is not base64), AIM_E_KEY, AIM_E_KEY_ALGORITHM
 *          and AIM_E_KEY_HALF (the key of the header is none, or the registered one is unusable),
 *          AIM_E_UNTRUSTED_KEY (another agent's id, or another key than the registered one), AIM_E_STALE,
 *          AIM_E_FUTURE, AIM_E_REPLAY, AIM_E_REPLAY_FULL, AIM_E_SIGNATURE, AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK, or the store's of a guard in a store
 *  Threads: any; guard locked.  Allocates: as aim_agentsig_sign(), and when the guard grows.
 *  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agentsig_verify(
	aim_replay *guard, aim_str agent_id, const aim_public_key *registered,
	const aim_agentsig_request *request, const aim_agentsig_headers *headers, uint32_t window_s,
	int64_t now_us, aim_error *err);

/** The same with a registry: the key of the header must be one that may speak for the agent of the
 *  header at now_us, as aim_keyring_check() says, and the agent must be verified, neither suspended,
 *  revoked nor expired.
 *  @param guard     in, borrowed     @param registry  in, borrowed
 *  @param request   in, borrowed     @param headers   in, borrowed; the agent's id in either of its forms
 *  @param window_s  0: 300; at most the guard's       @param now_us  the caller's clock
 *  @param out       out, struct_size set by the caller, may be NULL; the key's entry, set only on AIM_OK
 *  @return AIM_OK only when valid; as aim_agentsig_verify(), with AIM_E_UNTRUSTED_KEY for a key of nobody,
 *          of a server or of another agent; AIM_E_KEY_REVOKED, AIM_E_KEY_EARLY, AIM_E_EXPIRED,
 *          AIM_E_ID_STATUS, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_agentsig_verify_registered(
	aim_replay *guard, aim_registry *registry, const aim_agentsig_request *request,
	const aim_agentsig_headers *headers, uint32_t window_s, int64_t now_us, aim_keyring_entry *out,
	aim_error *err);

AIM_END_DECLS

#endif
