/** aim/attestationinterop.h — attestations in the form of AIM's own SDKs, for exchange with them: nine members as sorted
 *  compact JSON, and a base64 signature over these bytes.
 *
 *      aim_attestationinterop_payload seen = {.struct_size = sizeof seen, .flags = AIM_ATTESTATION_CONNECTED};
 *      seen.agent_id = agent_id, seen.name = name, seen.url = url;
 *      char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
 *      rc = aim_attestationinterop_sign(key, &seen, payload, signature, &err);
 *      ...
 *      aim_attestationinterop_expected expected = {.struct_size = sizeof expected, .name = name, .url = url};
 *      rc = aim_attestationinterop_verify(ctx, aim_buf_str(payload), aim_str_from(signature), &public_key, &expected,
 *                                         now_s, NULL, &err);
 *
 *  The members: agent_id, capabilities_found, connection_latency_ms, connection_successful, health_check_passed, mcp_name,
 *  mcp_url, sdk_version, timestamp.
 *
 *  It says less than aim/attestation.h: it names neither key, server id, nonce nor surface. So it counts only together
 *  with the name and URL that the verifier expects, its signature stands for the nonce, and the names of its capabilities
 *  stand for the surface: it never counts for a server whose surface was approved. Use it only where the other form is
 *  not known.
 */
#ifndef AIM_ATTESTATIONINTEROP_H
#define AIM_ATTESTATIONINTEROP_H

#include <aim/attestation.h>

AIM_BEGIN_DECLS

/** Bytes of a signature in base64, with its NUL and room. @since 0.1 */
#define AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE 96u

/** What is attested. @since 0.1 */
typedef struct aim_attestationinterop_payload {
	uint32_t struct_size;
	uint32_t flags;              /**< AIM_ATTESTATION_CONNECTED, AIM_ATTESTATION_HEALTHY */
	aim_str agent_id;            /**< required: "agt_…", or as the UUID that it is */
	aim_str name;                /**< required: of the server */
	aim_str url;                 /**< required: how it is reached, or the command line that launches it */
	aim_str sdk_version;         /**< who made it; may be empty */
	const aim_str *capabilities; /**< what the server offered; signing sorts them and drops equal ones */
	uint64_t n_capabilities;     /**< ≤ AIM_ATTESTATION_MAX_CAPABILITIES */
	int64_t latency_us;          /**< of the connection; written in milliseconds with up to three decimals */
	int64_t issued_at_s;         /**< Unix seconds; 0 takes the clock of the key's context */
} aim_attestationinterop_payload;

/** What the verifier knows of the server. Both are required. @since 0.1 */
typedef struct aim_attestationinterop_expected {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	aim_str name;
	aim_str url;
} aim_attestationinterop_expected;

/** Appends the payload and writes its signature.
 *  @param key      in, borrowed; purpose agent     @param seen  in, borrowed
 *  @param payload  in; untouched on failure        @param signature  out, NUL-terminated; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID (a member is not of its form, or missing), AIM_E_ID_NAME, AIM_E_VERSION,
 *          AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (payload: confined).  Allocates: yes.  Source: RFC 8032 §5.1.6.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestationinterop_sign(const aim_key *key,
                                                                const aim_attestationinterop_payload *seen,
                                                                aim_buf *payload,
                                                                char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE],
                                                                aim_error *err);

/** Reads one and verifies nothing: to learn whose key is needed. The members may stand in any order and with white space
 *  between them, as a request's body brings them; what is signed is their sorted compact form, each spelled as it is.
 *  @param payload  in, borrowed     @param signature  in, borrowed; padded base64 of 64 bytes
 *  @param out      out, owned; aim_attestation_free(). Of what aim_attestation_read() gives, server_id and the keys are
 *                  empty, nonce is the signature in hex, manifest_hash is of the capabilities' names
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE (not of this form), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestationinterop_parse(aim_ctx *ctx, aim_str payload, aim_str signature,
                                                                 aim_attestation **out, aim_error *err);

/** Whether key has signed it, about the server that is expected, and it counts at a time: for 30 days from its timestamp.
 *  @param public_key  in, borrowed; the agent's     @param expected  in, borrowed     @param at_s  in, Unix seconds
 *  @param out         out, owned, may be NULL; set only on AIM_OK; agent_key is public_key
 *  @return AIM_OK only when it counts; AIM_E_SIGNATURE, AIM_E_CLAIM (validly signed, about another name or URL),
 *          AIM_E_FUTURE, AIM_E_EXPIRED, AIM_E_KEY (unusable public key), AIM_E_VERSION, else as
 *          aim_attestationinterop_parse()
 *  Threads: any.  Allocates: yes.  Source: RFC 8032 §5.1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestationinterop_verify(aim_ctx *ctx, aim_str payload, aim_str signature,
                                                                  const aim_public_key *public_key,
                                                                  const aim_attestationinterop_expected *expected,
                                                                  int64_t at_s, aim_attestation **out,
                                                                  aim_error *err);

AIM_END_DECLS

#endif
