/** aim/keystore.h — a private key at rest: sealed under a passphrase or a key-management service. Immutable.
 *
 *      rc = aim_keystore_seal(key, passphrase, agent_id, NULL, out, &err);        // bytes to keep anywhere
 *      ...
 *      rc = aim_keystore_open(ctx, sealed, passphrase, agent_id, NULL, &key, &err);
 *      if (rc == AIM_E_PASSPHRASE)
 *          ask_again();
 *
 *  The container is a small JSON text: Argon2id makes a key of the passphrase, XChaCha20-Poly1305 seals the seed
 *  under it, bound to agent id, key id and format version, so that a container does not open as another agent's. A
 *  checksum and a check value tell a damaged container from a wrong passphrase. docs/keys.md has the format.
 *
 *  Files are in aim/keyfile.h.
 */
#ifndef AIM_KEYSTORE_H
#define AIM_KEYSTORE_H

#include <aim/key.h>
#include <aim/plugin/keystore.h>

AIM_BEGIN_DECLS

/** Bounds: a container that asks for more than these is refused before anything is computed. @since 0.1 */
#define AIM_KEYSTORE_MAX_BYTES 8192u     /**< of a container */
#define AIM_KEYSTORE_MAX_AGENT_BYTES 256u /**< of the agent id in it */
#define AIM_KEYSTORE_MIN_MEMORY_KIB 1024u /**< a lower cost is refused in both directions */

/** Costs and their bounds; 0 takes the default. @since 0.1 */
typedef struct aim_keystore_options {
	uint32_t struct_size;
	uint32_t flags;          /**< 0 */
	uint32_t passes;         /**< sealing: Argon2id passes; 3 */
	uint32_t memory_kib;     /**< sealing: Argon2id memory; 65 536 (64 MiB) */
	uint32_t max_passes;     /**< opening: more is AIM_E_LIMIT; 16 */
	uint32_t max_memory_kib; /**< opening: more is AIM_E_LIMIT; 1 048 576 (1 GiB) */
	const aim_keystore_wrapper *wrapper; /**< in place of the passphrase, which is then empty; may be NULL */
} aim_keystore_options;

/** Appends the sealed container of a key.
 *  @param key         in; external keys have nothing to seal
 *  @param passphrase  in, borrowed, any bytes, not empty (empty with a wrapper); wipe yours afterwards
 *  @param agent_id    in, borrowed; whose key it is; the same is needed to open it; may be empty
 *  @param options     in, borrowed, may be NULL        @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UTF8, AIM_E_VERSION, AIM_E_UNSUPPORTED (an external key; a crypto provider
 *          without Argon2id or XChaCha20-Poly1305), AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CALLBACK
 *  Threads: const (key), confined (out).  Allocates: yes; Argon2id its memory_kib outside the context's
 *  allocator.  Source: RFC 9106 §3.1, draft-irtf-cfrg-xchacha-03 §2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keystore_seal(const aim_key *key, aim_bytes passphrase,
                                                      aim_str agent_id,
                                                      const aim_keystore_options *options, aim_buf *out,
                                                      aim_error *err);

/** The key of a container, with the purpose it was sealed with.
 *  @param sealed  in, borrowed; nothing around the container but white space
 *  @param passphrase, agent_id, options  as for aim_keystore_seal()
 *  @param out     out, owned; aim_key_unref()
 *  @return AIM_OK, AIM_E_PASSPHRASE (the container is whole, the passphrase or wrapper is not its own),
 *          AIM_E_KEYSTORE (damaged or no container), AIM_E_KEYSTORE_AGENT (another agent's), AIM_E_VERSION (newer),
 *          AIM_E_LIMIT (costs above the bounds), AIM_E_UNSUPPORTED, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: as aim_keystore_seal().  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keystore_open(aim_ctx *ctx, aim_bytes sealed, aim_bytes passphrase,
                                                      aim_str agent_id,
                                                      const aim_keystore_options *options, aim_key **out,
                                                      aim_error *err);

/** What a container says about itself, without opening it: nothing of this is proven before it is opened.
 *  @param out_agent_id  in; the agent id is appended; untouched on failure; may be NULL
 *  @param out_public    out, set only on AIM_OK, may be NULL
 *  @param out_purpose   out, AIM_KEY_*, set only on AIM_OK, may be NULL
 *  @return AIM_OK, AIM_E_KEYSTORE, AIM_E_VERSION, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_keystore_inspect(aim_ctx *ctx, aim_bytes sealed,
                                                         aim_buf *out_agent_id,
                                                         aim_public_key *out_public,
                                                         uint32_t *out_purpose, aim_error *err);

AIM_END_DECLS

#endif
