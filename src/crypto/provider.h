/* crypto/provider.h — the context's crypto provider, for this layer and those above. All of it may be
 * called from any thread; nothing allocates unless it says so. */
#ifndef AIM_CRYPTO_PROVIDER_H
#define AIM_CRYPTO_PROVIDER_H

#include <aim/ctx.h>
#include <aim/plugin/crypto.h>

/* SHA-256 of the parts one after the other. AIM_OK, AIM_E_CALLBACK. */
aim_status aim__sha256(const aim_ctx *ctx, const aim_bytes *parts, size_t n_parts, uint8_t out[32]);
aim_status aim__sha256_one(const aim_ctx *ctx, const void *ptr, size_t len, uint8_t out[32]);

/* AIM_OK, AIM_E_CALLBACK, AIM_E_UNSUPPORTED when the provider has none. */
aim_status aim__hmac_sha256(const aim_ctx *ctx, aim_bytes key, const aim_bytes *parts,
                            size_t n_parts, uint8_t out[32]);

/* AIM_OK, AIM_E_CALLBACK. pair is the seed, then its public key. Layers above sign through a key
 * handle (key.h), never here. */
aim_status aim__ed25519_public(const aim_ctx *ctx, const uint8_t seed[32], uint8_t out_public[32]);
aim_status aim__ed25519_sign(const aim_ctx *ctx, const uint8_t pair[64], aim_bytes message,
                             uint8_t out_signature[64]);

/* Strict Ed25519, the same verdict from every provider: encodings are checked here first (strict.h).
 * AIM_OK only when valid; AIM_E_KEY, AIM_E_SIGNATURE, AIM_E_CALLBACK; the message says which rule. */
aim_status aim__ed25519_verify_strict(const aim_ctx *ctx, const uint8_t public_key[32],
                                      aim_bytes message, const uint8_t signature[64],
                                      aim_error *err);

/* Argon2id and XChaCha20-Poly1305 as aim/plugin/crypto.h has them, for the keystore.
 * AIM_E_UNSUPPORTED when the provider has none; derive also AIM_E_NOMEM; open also AIM_E_SIGNATURE; AIM_E_CALLBACK. */
aim_status aim__argon2id(const aim_ctx *ctx, aim_bytes password, const uint8_t salt[16], uint32_t passes,
                         uint32_t memory_kib, uint8_t *out, size_t out_len);
int aim__aead_available(const aim_ctx *ctx);
aim_status aim__aead_seal(const aim_ctx *ctx, const uint8_t key[32], const uint8_t nonce[24],
                          aim_bytes associated, aim_bytes plain, uint8_t *out);
aim_status aim__aead_open(const aim_ctx *ctx, const uint8_t key[32], const uint8_t nonce[24],
                          aim_bytes associated, aim_bytes sealed, uint8_t *out);

/* Memory for seeds: guarded when the allocator is the built-in and the provider offers it. */
void *aim__secret_alloc(const aim_ctx *ctx, size_t size);
/* Wipes, then frees; ptr may be NULL. */
void aim__secret_free(const aim_ctx *ctx, void *ptr, size_t size);

/* What the composition root puts into the context's crypto slot (base/ctx.h). builtin is used when
 * table is NULL. open owns table->user from the call on: destroy runs once, whatever the outcome. */
aim_status aim__provider_open(aim_ctx *ctx, const aim_crypto *table, const aim_crypto *builtin,
                              void **out_provider, aim_error *err);
void aim__provider_close(aim_ctx *ctx, void *provider);
/* Only runs destroy: for a table that was handed over and will not be opened. table may be NULL. */
void aim__provider_discard(const aim_crypto *table);

#endif
