/** aim/key.h — Ed25519 keys: private keys as handles with one purpose, public keys as 32 bytes.
 *
 *      aim_key *key = NULL;
 *      aim_public_key public_key;
 *      char text[AIM_KEY_PUBLIC_TEXT_SIZE];
 *      rc = aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err);
 *      rc = aim_key_public(key, &public_key);
 *      aim_key_public_text(&public_key, text);          // "ed25519:…"
 *      aim_key_unref(key);
 *
 *  aim_key is locked: share it between threads. Its seed lives in secret memory, or the key is a
 *  callback to something that signs (HSM, agent, keychain) and libaim never sees the seed. There is
 *  no raw signing: signatures are made by the profiles (aim/message.h and others), each under a
 *  label and for a purpose, so that no signature can be replayed as another kind.
 */
#ifndef AIM_KEY_H
#define AIM_KEY_H

#include <aim/buf.h>
#include <aim/ctx.h>

AIM_BEGIN_DECLS

/** What a key is for; using it for anything else is AIM_E_KEY_PURPOSE. 0 is not a purpose.
 *  @since 0.1 */
#define AIM_KEY_AGENT 1u  /**< an agent's identity: messages, requests, delegations */
#define AIM_KEY_SERVER 2u /**< a server's identity: messages, responses, attestations */
#define AIM_KEY_LOG 3u    /**< signs audit checkpoints */
#define AIM_KEY_WRAP 4u   /**< reserved for wrapping other keys */

/** Sizes in bytes; those named SIZE count the NUL. @since 0.1 */
#define AIM_KEY_SEED_LEN 32
#define AIM_KEY_PUBLIC_LEN 32
#define AIM_KEY_SIGNATURE_LEN 64
#define AIM_KEY_ID_SIZE 65
#define AIM_KEY_PUBLIC_TEXT_SIZE 53

/** A private key handle. @since 0.1 */
typedef struct aim_key aim_key;

/** A public key, RFC 8032 §5.1.5 encoding. Plain bytes: not checked until it is used. @since 0.1 */
typedef struct aim_public_key {
	uint8_t bytes[AIM_KEY_PUBLIC_LEN];
} aim_public_key;

/** Something outside that signs. Copied by aim_key_external(). @since 0.1 */
typedef struct aim_key_signer {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	/** The PureEdDSA signature of message (borrowed) under the public key given to
	 *  aim_key_external(). May be called from any thread. Required.
	 *  @return AIM_OK; anything else is reported as AIM_E_SIGNER with it as native_code */
	aim_status (*sign)(void *user, aim_bytes message, uint8_t out_signature[64]);
	void *user;
	void (*destroy)(void *user); /**< runs once; optional */
} aim_key_signer;

/** A new key from the context's random source.
 *  @param ctx  in; kept alive until the key is freed     @param purpose  AIM_KEY_*
 *  @param out  out, owned; aim_key_unref()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_generate(aim_ctx *ctx, uint32_t purpose, aim_key **out,
                                                     aim_error *err);

/** The key of a seed, for example one that aim_key_export_seed() gave.
 *  @param seed  in, borrowed, 32 bytes; wipe yours afterwards
 *  @param out   out, owned; aim_key_unref()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY (not 32 bytes), AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  Source: RFC 8032 §5.1.5.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_from_seed(aim_ctx *ctx, uint32_t purpose,
                                                      aim_bytes seed, aim_key **out,
                                                      aim_error *err);

/** A key that lives elsewhere. Each signature is verified strictly before it is given out.
 *  Owns signer->user from the call on: destroy runs exactly once, also when this call fails.
 *  @param public_key  in, borrowed
 *  @param signer      in, copied     @param out  out, owned; aim_key_unref()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_external(aim_ctx *ctx, uint32_t purpose,
                                                     const aim_public_key *public_key,
                                                     const aim_key_signer *signer, aim_key **out,
                                                     aim_error *err);

/** One more reference; returns key. NULL gives NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_key *aim_key_ref(aim_key *key);

/** Gives up a reference; the last one wipes the seed. NULL is ignored.
 *  Threads: any.  @since 0.1 */
AIM_API void aim_key_unref(aim_key *key);

/** What the key is for: AIM_KEY_*, 0 for NULL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_key_purpose(const aim_key *key);

/** The public half.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_key_public(const aim_key *key, aim_public_key *out);

/** The seed, to keep it somewhere safe. Wipe out with aim_key_wipe() after use.
 *  @param out  out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UNSUPPORTED for an external key
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_export_seed(const aim_key *key,
                                                        uint8_t out[AIM_KEY_SEED_LEN]);

/** Overwrites len bytes at ptr in a way the compiler may not drop. NULL is ignored.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API void aim_key_wipe(void *ptr, size_t len);

/** Reads a public key in any form that is in use: 32 raw bytes; 64 hex digits; base64 or base64url,
 *  padded or not; one of these after "ed25519:" or "ed25519_"; SPKI as DER, hex or PEM; JWK; did:key; OpenSSH; DNS
 *  proof. aim/keyform.h has the list and the rules. The message says which form was recognised and
 *  what is wrong with it.
 *  @param input  in, borrowed     @param out  out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_KEY, AIM_E_KEY_ALGORITHM, AIM_E_KEY_HALF
 *  Threads: any.  Allocates: for JWK.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_public_parse(const aim_ctx *ctx, aim_bytes input,
                                                         aim_public_key *out, aim_error *err);

/** "ed25519:" and the standard base64 of the key, NUL-terminated.
 *  @param out  out, 53 bytes
 *  @return AIM_OK, AIM_E_INVALID.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_key_public_text(const aim_public_key *public_key,
                                       char out[AIM_KEY_PUBLIC_TEXT_SIZE]);

/** Checks what can be seen without arithmetic: canonical encoding, not of small order.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_KEY
 *  Threads: any.  Allocates: no.  Source: RFC 8032 §5.1.3.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_public_check(const aim_public_key *public_key,
                                                         aim_error *err);

/** The key id: SHA-256 of the 32 bytes as lower-case hex, NUL-terminated. The first 16 are the
 *  display form.
 *  @param out  out, 65 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_CALLBACK
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_key_id(const aim_ctx *ctx, const aim_public_key *public_key,
                                               char out[AIM_KEY_ID_SIZE]);

AIM_END_DECLS

#endif
