/** aim/plugin/crypto.h — bring your own cryptography; libsodium is built in. Immutable.
 *
 *      aim_crypto mine = *aim_crypto_sodium();
 *      mine.name = "hsm";
 *      mine.sha256 = hsm_sha256;
 *      aim_ctx_options o = {.struct_size = sizeof o, .crypto = &mine};
 *      rc = aim_ctx_new(&o, &ctx, &err);      // AIM_E_SELF_TEST names a function that computes wrong
 *
 *  Every provider, built in or yours, passes known-answer tests before a context uses it. The checks
 *  that make Ed25519 verification strict (canonical encodings, no small order) are libaim's own and
 *  run before the provider, so that each provider gives the same verdict. A provider need not be
 *  constant-time for public inputs; it must be for seeds and keys.
 *
 *  Functions may be called from any thread that uses the context, at the same time. They must not
 *  call back into libaim. A result other than the documented ones is AIM_E_CALLBACK.
 */
#ifndef AIM_PLUGIN_CRYPTO_H
#define AIM_PLUGIN_CRYPTO_H

#include <aim/span.h>
#include <aim/status.h>

AIM_BEGIN_DECLS

/** Sizes in bytes. @since 0.1 */
#define AIM_CRYPTO_SHA256_LEN 32
#define AIM_CRYPTO_SEED_LEN 32
#define AIM_CRYPTO_PUBLIC_LEN 32
#define AIM_CRYPTO_PAIR_LEN 64
#define AIM_CRYPTO_SIGNATURE_LEN 64
#define AIM_CRYPTO_SALT_LEN 16
#define AIM_CRYPTO_NONCE_LEN 24
#define AIM_CRYPTO_TAG_LEN 16

/** Copied by aim_ctx_new(). Messages and parts are borrowed for the call; a span of length 0 may
 *  have a NULL pointer. Outputs never overlap inputs unless said. @since 0.1 */
typedef struct aim_crypto {
	uint32_t struct_size;
	uint32_t flags;   /**< 0 */
	const char *name; /**< for messages, e.g. "libsodium"; static; required */

	/** SHA-256 (FIPS 180-4) of the parts one after the other. Required.
	 *  @return AIM_OK, or AIM_E_CALLBACK when the machinery failed */
	aim_status (*sha256)(void *user, const aim_bytes *parts, size_t n_parts, uint8_t out[32]);

	/** The public key of a seed (RFC 8032 §5.1.5). Required.  @return AIM_OK, AIM_E_CALLBACK */
	aim_status (*ed25519_public)(void *user, const uint8_t seed[32], uint8_t out_public[32]);
	/** PureEdDSA signature (RFC 8032 §5.1.6). pair is the seed, then its public key. Required.
	 *  @return AIM_OK, AIM_E_CALLBACK */
	aim_status (*ed25519_sign)(void *user, const uint8_t pair[64], aim_bytes message,
	                           uint8_t out_signature[64]);
	/** The cofactorless equation SB = R + kA (RFC 8032 §5.1.7). The encodings were checked before.
	 *  Required.  @return AIM_OK, AIM_E_SIGNATURE, AIM_E_CALLBACK */
	aim_status (*ed25519_verify)(void *user, const uint8_t public_key[32], aim_bytes message,
	                             const uint8_t signature[64]);

	/** HMAC-SHA-256 (RFC 2104) of the parts one after the other. Optional.
	 *  @return AIM_OK, AIM_E_CALLBACK */
	aim_status (*hmac_sha256)(void *user, aim_bytes key, const aim_bytes *parts, size_t n_parts,
	                          uint8_t out[32]);
	/** Argon2id version 1.3, one lane (RFC 9106). Optional.
	 *  @return AIM_OK, AIM_E_NOMEM, AIM_E_INVALID for costs out of range, AIM_E_CALLBACK */
	aim_status (*argon2id)(void *user, aim_bytes password, const uint8_t salt[16], uint32_t passes,
	                       uint32_t memory_kib, uint8_t *out, size_t out_len);
	/** XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): plain.len + 16 bytes to out, the tag last.
	 *  out may be plain.ptr. Optional, both or none.  @return AIM_OK, AIM_E_CALLBACK */
	aim_status (*xchacha20poly1305_seal)(void *user, const uint8_t key[32],
	                                     const uint8_t nonce[24], aim_bytes associated,
	                                     aim_bytes plain, uint8_t *out);
	/** sealed.len − 16 bytes to out, nothing when the tag is wrong. sealed.len is at least 16. out
	 *  may be sealed.ptr.  @return AIM_OK, AIM_E_SIGNATURE, AIM_E_CALLBACK */
	aim_status (*xchacha20poly1305_open)(void *user, const uint8_t key[32],
	                                     const uint8_t nonce[24], aim_bytes associated,
	                                     aim_bytes sealed, uint8_t *out);

	/** Memory for seeds that is kept out of core dumps and swap where possible. NULL on failure.
	 *  Used unless the context has an allocator of its own. Optional, both or none. */
	void *(*secret_alloc)(void *user, size_t size);
	/** Wipes and frees; ptr not NULL, size as allocated. */
	void (*secret_free)(void *user, void *ptr, size_t size);

	void *user;
	void (*destroy)(void *user); /**< runs once, after the last call; optional */
} aim_crypto;

/** The built-in provider over libsodium: every function of the table, user and destroy NULL.
 *  @return static table; NULL when libsodium cannot start
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const aim_crypto *aim_crypto_sodium(void);

/** The provider over OpenSSL's libcrypto: SHA-256, HMAC and Ed25519, no secret memory. When it is
 *  built in, contexts without a provider of their own hash with it and sign with libsodium.
 *  @return static table, NULL when not built in.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const aim_crypto *aim_crypto_openssl(void);

AIM_END_DECLS

#endif
