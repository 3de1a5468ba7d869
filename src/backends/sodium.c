/* backends/sodium.c — the crypto provider over libsodium: a table of thin calls. Layer backends.
 * Ed25519, SHA-256 and HMAC allocate nothing; Argon2id and secret memory are libsodium's own. */
#include "base/mem.h"

#include <aim/plugin/crypto.h>

#include <sodium.h>
#include <string.h>

static aim_status sha256(void *user, const aim_bytes *parts, size_t n_parts, uint8_t out[32])
{
	crypto_hash_sha256_state state;
	(void)user;
	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i].len > 0)
			crypto_hash_sha256_update(&state, parts[i].ptr, parts[i].len);
	crypto_hash_sha256_final(&state, out);
	return AIM_OK;
}

static aim_status ed25519_public(void *user, const uint8_t seed[32], uint8_t out_public[32])
{
	uint8_t pair[64];
	(void)user;
	int failed = crypto_sign_ed25519_seed_keypair(out_public, pair, seed);
	sodium_memzero(pair, sizeof pair);
	return failed ? AIM_E_CALLBACK : AIM_OK;
}

static aim_status ed25519_sign(void *user, const uint8_t pair[64], aim_bytes message,
                               uint8_t out_signature[64])
{
	(void)user;
	if (crypto_sign_ed25519_detached(out_signature, NULL, message.ptr, message.len, pair) != 0)
		return AIM_E_CALLBACK;
	return AIM_OK;
}

static aim_status ed25519_verify(void *user, const uint8_t public_key[32], aim_bytes message,
                                 const uint8_t signature[64])
{
	(void)user;
	if (crypto_sign_ed25519_verify_detached(signature, message.ptr, message.len, public_key) != 0)
		return AIM_E_SIGNATURE;
	return AIM_OK;
}

static aim_status hmac_sha256(void *user, aim_bytes key, const aim_bytes *parts, size_t n_parts,
                              uint8_t out[32])
{
	crypto_auth_hmacsha256_state state;
	(void)user;
	crypto_auth_hmacsha256_init(&state, key.len > 0 ? key.ptr : out, key.len);
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i].len > 0)
			crypto_auth_hmacsha256_update(&state, parts[i].ptr, parts[i].len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof state);
	return AIM_OK;
}

static aim_status argon2id(void *user, aim_bytes password, const uint8_t salt[16], uint32_t passes,
                           uint32_t memory_kib, uint8_t *out, size_t out_len)
{
	size_t memory = (size_t)memory_kib * 1024;
	(void)user;
	if (passes < crypto_pwhash_argon2id_OPSLIMIT_MIN || memory / 1024 != memory_kib ||
	    memory < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
	    memory > crypto_pwhash_argon2id_memlimit_max() ||
	    out_len < crypto_pwhash_argon2id_bytes_min() ||
	    out_len > crypto_pwhash_argon2id_bytes_max() ||
	    password.len > crypto_pwhash_argon2id_passwd_max())
		return AIM_E_INVALID;
	const char *text = password.len > 0 ? (const char *)password.ptr : "";
	if (crypto_pwhash_argon2id(out, out_len, text, password.len, salt, passes, memory,
	                           crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return AIM_E_NOMEM;
	return AIM_OK;
}

static aim_status seal(void *user, const uint8_t key[32], const uint8_t nonce[24],
                       aim_bytes associated, aim_bytes plain, uint8_t *out)
{
	(void)user;
	/* Past its bound libsodium would abort the process. */
	if (plain.len > crypto_aead_xchacha20poly1305_ietf_messagebytes_max())
		return AIM_E_CALLBACK;
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.ptr, plain.len, associated.ptr,
	                                               associated.len, NULL, nonce, key) != 0)
		return AIM_E_CALLBACK;
	return AIM_OK;
}

static aim_status open_sealed(void *user, const uint8_t key[32], const uint8_t nonce[24],
                              aim_bytes associated, aim_bytes sealed, uint8_t *out)
{
	(void)user;
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.ptr, sealed.len, associated.ptr,
	                                                        associated.len, nonce, key);
	AIM__DECLASSIFY(&failed, sizeof failed);
	return failed ? AIM_E_SIGNATURE : AIM_OK;
}

static void *secret_alloc(void *user, size_t size)
{
	(void)user;
	return sodium_malloc(size);
}

static void secret_free(void *user, void *ptr, size_t size)
{
	(void)user;
	(void)size;
	sodium_free(ptr);
}

static const aim_crypto table = {
	.struct_size = sizeof(aim_crypto),
	.name = "libsodium",
	.sha256 = sha256,
	.ed25519_public = ed25519_public,
	.ed25519_sign = ed25519_sign,
	.ed25519_verify = ed25519_verify,
	.hmac_sha256 = hmac_sha256,
	.argon2id = argon2id,
	.xchacha20poly1305_seal = seal,
	.xchacha20poly1305_open = open_sealed,
	.secret_alloc = secret_alloc,
	.secret_free = secret_free,
};

const aim_crypto *aim_crypto_sodium(void)
{
	/* Thread-safe and done once; it picks the implementations for this processor. */
	return sodium_init() < 0 ? NULL : &table;
}
