/** aim/attestation.h — an agent's signed word on an MCP server: who saw which server, with exactly which surface,
 *  when. Kept and weighed by aim/ledger.h; verified anywhere, by the bytes and the agent's public key alone.
 *
 *      aim_attestation_payload seen = {.struct_size = sizeof seen, .flags = AIM_ATTESTATION_CONNECTED};
 *      rc = aim_attestation_describe(ctx, server, &seen, &err);        // id, name, url or command, configuration
 *      seen.agent_id = agent_id;
 *      memcpy(seen.manifest_hash, manifest, 32);                       // of aim_fingerprint_manifest()
 *      seen.capabilities = tools, seen.n_capabilities = n;
 *      rc = aim_attestation_sign(key, &seen, envelope, &err);
 *      ...
 *      rc = aim_attestation_verify(ctx, aim_buf_str(envelope), &public_key, now_s, NULL, &err);
 *
 *  The form: a DSSE envelope (aim/dsse.h) around an in-toto statement (aim/intoto.h) in canonical JSON. Its one subject
 *  is the server, by the digest "aim-surface-v1", which is the manifest's root; its predicate is the payload.
 *  Times are whole seconds, all numbers integers. There is one spelling of each attestation: any other is refused.
 *
 *  An aim_attestation is const: what was read never changes.
 */
#ifndef AIM_ATTESTATION_H
#define AIM_ATTESTATION_H

#include <aim/key.h>
#include <aim/server.h>

AIM_BEGIN_DECLS

/** What the statement says of its predicate, and the name of the subject's digest. @since 0.1 */
#define AIM_ATTESTATION_PREDICATE_TYPE "urn:libaim:mcp-server-attestation:v1"
#define AIM_ATTESTATION_DIGEST "aim-surface-v1"

/** Flags of a payload. @since 0.1 */
#define AIM_ATTESTATION_CONNECTED 1u  /**< connection_ok: the server was reached */
#define AIM_ATTESTATION_HEALTHY 2u    /**< health_ok: it answered as it should */
#define AIM_ATTESTATION_SERVER_KEY 4u /**< server_key holds the server's key; else it has none */
#define AIM_ATTESTATION_COMMAND 8u    /**< launched: command_hash counts; else server_url */

/** Default and longest life, most that it may be dated ahead, most capabilities, most bytes of a nonce. @since 0.1 */
#define AIM_ATTESTATION_LIFE_S 2592000   /**< 30 days */
#define AIM_ATTESTATION_MAX_LIFE_S 31622400 /**< 366 days */
#define AIM_ATTESTATION_MAX_AHEAD_S 300
#define AIM_ATTESTATION_MAX_CAPABILITIES 1024u
#define AIM_ATTESTATION_MAX_NONCE 128u

/** Bytes of "sha256:" and 64 hex digits, and of an identity for people, each with its NUL. @since 0.1 */
#define AIM_ATTESTATION_CHECKSUM_SIZE 72u
#define AIM_ATTESTATION_IDENTITY_SIZE 24u

typedef struct aim_attestation aim_attestation;

/** What is attested. Text must be UTF-8 without control characters. @since 0.1 */
typedef struct aim_attestation_payload {
	uint32_t struct_size;
	uint32_t flags;              /**< AIM_ATTESTATION_CONNECTED … */
	aim_str agent_id;            /**< required: "agt_…", the one that attests */
	aim_str server_id;           /**< required: "srv_…" */
	aim_str server_name;         /**< required; rules of a name */
	aim_str server_url;          /**< required, unless AIM_ATTESTATION_COMMAND; ≤ 2 048 bytes */
	aim_str server_version;      /**< rules of a name; empty: not known */
	aim_str checksum;            /**< "sha256:" and 64 lower-case digits; empty: none */
	aim_str nonce;               /**< printable ASCII; signing: empty takes a fresh one */
	const aim_str *capabilities; /**< what the server offered; signing sorts them and drops equal ones */
	uint64_t n_capabilities;     /**< ≤ AIM_ATTESTATION_MAX_CAPABILITIES */
	int64_t latency_us;          /**< of the connection; 0 … 2^53 − 1 */
	int64_t issued_at_s;         /**< Unix seconds; signing: 0 takes the clock of the key's context */
	int64_t expires_at_s;        /**< from this second on it counts no more; signing: 0 takes 30 days */
	aim_public_key agent_key;    /**< reading: who signed; signing: not looked at */
	aim_public_key server_key;   /**< with AIM_ATTESTATION_SERVER_KEY */
	uint8_t command_hash[32];    /**< with AIM_ATTESTATION_COMMAND */
	uint8_t config_hash[32];     /**< how the server is reached or launched */
	uint8_t manifest_hash[32];   /**< root of its surface: aim_fingerprint_manifest() */
} aim_attestation_payload;

/** Fills in what the registry knows of a server: id, name, url or command_hash, key, version, config_hash. command_hash
 *  is the SHA-256 of the RFC 8785 text of {args, command}, config_hash of {args, command, env_names, url}.
 *  @param server   in, borrowed by payload from now on
 *  @param payload  in, struct_size set by the caller; the other members stay; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID (also: another struct_size), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_UTF8, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestation_describe(aim_ctx *ctx, const aim_server *server,
                                                             aim_attestation_payload *payload, aim_error *err);

/** Appends a signed attestation.
 *  @param key      in, borrowed; purpose agent     @param payload  in, borrowed
 *  @param out      in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID (a member is not of its form, or missing), AIM_E_ID_NAME (server_name,
 *          server_version), AIM_E_VERSION, AIM_E_KEY (server_key), AIM_E_KEY_PURPOSE, AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_CLOCK, AIM_E_RANDOM, AIM_E_SIGNER, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.  Source: DSSE protocol 1.0; in-toto Attestation Framework v1;
 *  RFC 8785.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestation_sign(const aim_key *key, const aim_attestation_payload *payload,
                                                         aim_buf *out, aim_error *err);

/** Reads an attestation and verifies nothing: to learn whose key is needed.
 *  @param envelope  in, borrowed for the call     @param out  out, owned; aim_attestation_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE (no attestation, or not in its one spelling), AIM_E_VERSION (a
 *          statement of another version), AIM_E_CLAIM (a statement with another predicate), AIM_E_LIMIT, AIM_E_NOMEM,
 *          AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestation_parse(aim_ctx *ctx, aim_str envelope, aim_attestation **out,
                                                          aim_error *err);

/** Whether key has signed the attestation and it counts at a time. What became of the key since only a registry
 *  knows: aim_keyring_check(), or aim/ledger.h.
 *  @param envelope    in, borrowed     @param public_key  in, borrowed; the agent's
 *  @param at_s        in, Unix seconds; at most AIM_ATTESTATION_MAX_AHEAD_S before it was issued
 *  @param out         out, owned, may be NULL; set only on AIM_OK
 *  @return AIM_OK only when it counts; AIM_E_UNTRUSTED_KEY (it names another key), AIM_E_SIGNATURE, AIM_E_FUTURE,
 *          AIM_E_EXPIRED, AIM_E_KEY (unusable public key), else as aim_attestation_parse()
 *  Threads: any.  Allocates: yes.  Source: DSSE protocol 1.0; RFC 8032 §5.1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_attestation_verify(aim_ctx *ctx, aim_str envelope,
                                                           const aim_public_key *public_key, int64_t at_s,
                                                           aim_attestation **out, aim_error *err);

/** NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_attestation_free(aim_attestation *attestation);

/** What it says, borrowed from the handle; text has a NUL behind it.
 *  @return NULL for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_attestation_payload *aim_attestation_read(const aim_attestation *attestation);

/** A SHA-256 as "sha256:" and 64 hex digits, NUL-terminated: the form of checksum.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_attestation_checksum_text(const uint8_t hash[32], char out[AIM_ATTESTATION_CHECKSUM_SIZE]);

/** A key for people: "ed25519:", the first six digits of its id and "...", NUL-terminated. It tells keys apart on a
 *  screen and proves nothing.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CALLBACK.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_attestation_identity_text(const aim_ctx *ctx, const aim_public_key *public_key,
                                                 char out[AIM_ATTESTATION_IDENTITY_SIZE]);

AIM_END_DECLS

#endif
