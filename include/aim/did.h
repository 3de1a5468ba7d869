/** aim/did.h — names that others use for agents, servers and keys: DIDs and SPIFFE ids, DID documents and
 *  JWK Sets. Immutable.
 *
 *      char did[AIM_DID_KEY_SIZE];
 *      rc = aim_did_key(&public_key, did);                                  // "did:key:z6Mk…"
 *      rc = aim_did_check(text, &err);                                       // AIM_E_ID_DID says why not
 *      rc = aim_did_document(registry, agent_id, 0, 0, out, &err);           // JSON, current keys
 *      rc = aim_did_jwk_set(registry, agent_id, 0, out, &err);               // {"keys":[…]}
 *      rc = aim_did_find(registry, text, id, &err);                          // whose is it?
 *
 *  Two DIDs follow from a key and need nobody's word: did:key is the key itself, did:mesh is the first half
 *  of its key id. A subject's stable name is the did:mesh of its first key; it outlives rotations. Others'
 *  ids (any did:mesh, did:agentmesh or SPIFFE id) are aliases, unique in a namespace; where an alias looks
 *  like a derived DID, the subject with the key goes before the one with the alias.
 */
#ifndef AIM_DID_H
#define AIM_DID_H

#include <aim/key.h>
#include <aim/registry.h>

AIM_BEGIN_DECLS

/** Sizes with the NUL. @since 0.1 */
#define AIM_DID_MESH_SIZE 42 /**< "did:mesh:" and 32 hex digits */
#define AIM_DID_KEY_SIZE 57  /**< "did:key:z6Mk…" of an Ed25519 key */
#define AIM_DID_ID_SIZE 37   /**< an agent's or server's id */

/** Longest DID and SPIFFE id in bytes. @since 0.1 */
#define AIM_DID_MAX_BYTES 2048u

/** Flag of aim_did_document(): keys also as JsonWebKey. @since 0.1 */
#define AIM_DID_JWK 1u

/** "did:mesh:" and the first 32 hex digits of the key id.
 *  @param out  out, 42 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CALLBACK.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_mesh(const aim_ctx *ctx, const aim_public_key *public_key,
                                                 char out[AIM_DID_MESH_SIZE]);

/** The did:key of a key.
 *  @param out  out, 57 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY.  Threads: any.  Allocates: no.
 *  Source: W3C CCG did:key §3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_key(const aim_public_key *public_key,
                                                char out[AIM_DID_KEY_SIZE]);

/** The key of a did:key, without fragment.
 *  @param out  out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_DID (no did:key), AIM_E_KEY, AIM_E_KEY_ALGORITHM, AIM_E_NOMEM
 *  Threads: any.  Allocates: no.  Source: W3C CCG did:key §3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_key_parse(const aim_ctx *ctx, aim_str did,
                                                      aim_public_key *out, aim_error *err);

/** Whether text is a DID of any method: no path, query or fragment.
 *  @return AIM_OK, AIM_E_ID_DID, whose message names the byte.  Threads: any.  Allocates: no.
 *  Source: DID Core §3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_check(aim_str did, aim_error *err);

/** Whether text is a SPIFFE id: "spiffe://", a trust domain of lower-case letters, digits, '.', '-' and
 *  '_' of at most 255 bytes, and a path of segments of letters, digits, '.', '-' and '_', or none.
 *  @return AIM_OK, AIM_E_ID_DID, whose message names the byte.  Threads: any.  Allocates: no.
 *  Source: SPIFFE-ID §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_spiffe_check(aim_str id, aim_error *err);

/** The agent or server of the registry's namespace that a DID or SPIFFE id names: a did:key of one of its
 *  keys whatever became of that key, a DID derived from one, or an alias.
 *  @param out_id  out, 37 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_ID_DID, AIM_E_NOT_FOUND, AIM_E_CONFLICT (two subjects have keys that begin
 *          alike), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_find(aim_registry *registry, aim_str did,
                                                 char out_id[AIM_DID_ID_SIZE], aim_error *err);

/** Appends the DID document of a subject: id, alsoKnownAs (the did:key of its active key, its aliases),
 *  verificationMethod, authentication and assertionMethod with the keys that count at at_us and are not revoked, each as
 *  Multikey under the fragment of its key id; a retiring key has "expires". No keys are in the document of a
 *  subject that is not verified or has expired.
 *  @param subject  in, id of an agent or server       @param at_us  in; 0: the context's clock
 *  @param flags    in, 0 or AIM_DID_JWK               @param out    in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION (flags), AIM_E_NOT_FOUND (no such subject, or it never had
 *          a key and so has no DID), AIM_E_NOMEM, AIM_E_LIMIT (also over 64 keys), AIM_E_CLOCK, AIM_E_CALLBACK,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked; out confined.  Allocates: yes.
 *  Source: DID Core §5, Controlled Identifiers 1.0 §2.2, Multikey §2.2.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_document(aim_registry *registry, aim_str subject,
                                                     int64_t at_us, uint32_t flags, aim_buf *out,
                                                     aim_error *err);

/** Appends the JWK Set of a subject: the keys that its DID document has, each with kid (the key id), use
 *  "sig" and alg "EdDSA".
 *  @return as aim_did_document(); a subject without keys has an empty set
 *  Threads: locked; out confined.  Allocates: yes.  Source: RFC 7517 §5, RFC 8037 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_did_jwk_set(aim_registry *registry, aim_str subject,
                                                    int64_t at_us, aim_buf *out, aim_error *err);

AIM_END_DECLS

#endif
