/* crypto/key.c — private key handles: a seed in secret memory, or a callback that signs. Layer crypto;
 * what is signed is the business of the profiles above.
 *
 * A handle never changes after it is made but for its reference count, so signing takes no lock. */
#include "crypto/key.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "crypto/provider.h"
#include "crypto/strict.h"

#include <stdatomic.h>
#include <string.h>

AIM__NO_PADDING(aim_key_signer, 8 + 3 * sizeof(void *));

#define PAIR_LEN 64 /* the seed, then its public key */

struct aim_key {
	aim_ctx *ctx;
	uint8_t *pair; /* secret memory, PAIR_LEN; NULL for an external key */
	aim_key_signer signer;
	aim_public_key public_key;
	uint32_t purpose;
	atomic_uint_fast32_t references;
};

static int is_purpose(uint32_t purpose)
{
	return purpose >= AIM_KEY_AGENT && purpose <= AIM_KEY_WRAP;
}

static aim_status check_purpose(uint32_t purpose, aim_error *err)
{
	if (is_purpose(purpose))
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO, "%u is not a key purpose (AIM_KEY_*)",
	                 purpose);
}

static aim_key *new_handle(aim_ctx *ctx, uint32_t purpose)
{
	aim_key *key = aim__alloc_zeroed(ctx, sizeof *key);
	if (!key)
		return NULL;
	key->ctx = aim__ctx_ref(ctx);
	key->purpose = purpose;
	atomic_init(&key->references, 1);
	return key;
}

static void free_handle(aim_key *key)
{
	aim_ctx *ctx = key->ctx;
	aim__secret_free(ctx, key->pair, PAIR_LEN);
	if (key->signer.destroy)
		key->signer.destroy(key->signer.user);
	aim__free(ctx, key, sizeof *key);
	aim__ctx_unref(ctx);
}

/* A handle with secret memory whose seed is still to be filled in. */
static aim_status new_with_pair(aim_ctx *ctx, uint32_t purpose, aim_key **out, aim_error *err)
{
	aim_status rc = check_purpose(purpose, err);
	if (rc != AIM_OK)
		return rc;
	aim_key *key = new_handle(ctx, purpose);
	if (!key)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CRYPTO);
	key->pair = aim__secret_alloc(ctx, PAIR_LEN);
	if (!key->pair) {
		free_handle(key);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CRYPTO);
	}
	*out = key;
	return AIM_OK;
}

static aim_status finish_pair(aim_key *key, aim_error *err)
{
	uint8_t *public_key = key->public_key.bytes;
	if (aim__ed25519_public(key->ctx, key->pair, public_key) != AIM_OK)
		return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_CRYPTO,
		                 "the crypto provider could not derive the public key");
	AIM__DECLASSIFY(public_key, AIM_KEY_PUBLIC_LEN);
	memcpy(key->pair + AIM_KEY_SEED_LEN, public_key, AIM_KEY_PUBLIC_LEN);
	return AIM_OK;
}

aim_status aim_key_generate(aim_ctx *ctx, uint32_t purpose, aim_key **out, aim_error *err)
{
	aim_key *key = NULL;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = new_with_pair(ctx, purpose, &key, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__ctx_random(ctx, key->pair, AIM_KEY_SEED_LEN) != AIM_OK)
		rc = aim__fail_plain(err, AIM_E_RANDOM, AIM_LAYER_CRYPTO);
	else
		rc = finish_pair(key, err);
	if (rc != AIM_OK) {
		free_handle(key);
		return rc;
	}
	*out = key;
	return AIM_OK;
}

aim_status aim_key_from_seed(aim_ctx *ctx, uint32_t purpose, aim_bytes seed, aim_key **out,
                             aim_error *err)
{
	aim_key *key = NULL;
	if (!ctx || !out || (!seed.ptr && seed.len > 0))
		return AIM__MISUSE(ctx, "ctx, seed and out are required");
	if (seed.len != AIM_KEY_SEED_LEN)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO, "a seed has 32 bytes; this has %zu",
		                 seed.len);
	aim_status rc = new_with_pair(ctx, purpose, &key, err);
	if (rc != AIM_OK)
		return rc;
	memcpy(key->pair, seed.ptr, AIM_KEY_SEED_LEN);
	rc = finish_pair(key, err);
	if (rc != AIM_OK) {
		free_handle(key);
		return rc;
	}
	*out = key;
	return AIM_OK;
}

static aim_status take_signer(aim_key_signer *mine, const aim_key_signer *signer, aim_error *err)
{
	aim_status rc = aim__sized_table(mine, sizeof *mine, signer, sizeof(aim_key_signer),
	                                 "aim_key_signer", err);
	if (rc == AIM_OK && mine->flags != 0)
		rc = aim__fail(err, AIM_E_VERSION, AIM_LAYER_CRYPTO, "aim_key_signer.flags must be 0");
	if (rc == AIM_OK && !mine->sign)
		rc = aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO, "aim_key_signer.sign is required");
	return rc;
}

static aim_status new_external(aim_ctx *ctx, uint32_t purpose, const aim_public_key *public_key,
                               const aim_key_signer *signer, aim_key **out, aim_error *err)
{
	aim_key_signer mine = {0};
	if (!ctx || !public_key || !signer || !out)
		return AIM__MISUSE(ctx, "ctx, public_key, signer and out are required");
	aim_status rc = take_signer(&mine, signer, err);
	if (rc == AIM_OK)
		rc = check_purpose(purpose, err);
	if (rc == AIM_OK)
		rc = aim_key_public_check(public_key, err);
	if (rc != AIM_OK)
		return rc;
	aim_key *key = new_handle(ctx, purpose);
	if (!key)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CRYPTO);
	key->signer = mine;
	key->public_key = *public_key;
	*out = key;
	return AIM_OK;
}

aim_status aim_key_external(aim_ctx *ctx, uint32_t purpose, const aim_public_key *public_key,
                            const aim_key_signer *signer, aim_key **out, aim_error *err)
{
	aim_status rc = new_external(ctx, purpose, public_key, signer, out, err);
	if (rc != AIM_OK && signer && signer->destroy)
		signer->destroy(signer->user);
	return rc;
}

aim_key *aim_key_ref(aim_key *key)
{
	if (key)
		atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
	return key;
}

void aim_key_unref(aim_key *key)
{
	if (key && atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) == 1)
		free_handle(key);
}

uint32_t aim_key_purpose(const aim_key *key)
{
	return key ? key->purpose : 0;
}

aim_status aim_key_public(const aim_key *key, aim_public_key *out)
{
	if (!key || !out)
		return AIM__MISUSE(key ? key->ctx : NULL, "key and out are required");
	*out = key->public_key;
	return AIM_OK;
}

aim_status aim_key_export_seed(const aim_key *key, uint8_t out[AIM_KEY_SEED_LEN])
{
	if (!key || !out)
		return AIM__MISUSE(key ? key->ctx : NULL, "key and out are required");
	if (!key->pair)
		return AIM_E_UNSUPPORTED;
	memcpy(out, key->pair, AIM_KEY_SEED_LEN);
	return AIM_OK;
}

void aim_key_wipe(void *ptr, size_t len)
{
	aim__wipe(ptr, len);
}

/* A wrong signature from outside would be evidence that nobody can use, or leak the signer's state to
 * whoever sees it: it is checked as a stranger would check it. */
static aim_status sign_outside(const aim_key *key, aim_bytes message, uint8_t signature[64],
                               aim_error *err)
{
	aim_status rc = key->signer.sign(key->signer.user, message, signature);
	if (rc != AIM_OK) {
		aim__fail(err, AIM_E_SIGNER, AIM_LAYER_CRYPTO, "the external signer failed with %d", rc);
		aim__error_native(err, rc);
		return AIM_E_SIGNER;
	}
	rc = aim__ed25519_verify_strict(key->ctx, key->public_key.bytes, message, signature, NULL);
	if (rc == AIM_E_CALLBACK)
		return aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (rc != AIM_OK)
		return aim__fail(err, AIM_E_SIGNER, AIM_LAYER_CRYPTO,
		                 "the external signer's signature does not verify under its public key");
	return AIM_OK;
}

aim_status aim__key_sign(const aim_key *key, uint32_t purposes, aim_bytes message,
                         uint8_t out_signature[64], aim_error *err)
{
	uint8_t signature[AIM_KEY_SIGNATURE_LEN] = {0};
	aim_status rc;
	if (!(purposes & AIM__KEY_BIT(key->purpose))) {
		aim__misuse(key->ctx, __func__, "the key has another purpose");
		return aim__fail_plain(err, AIM_E_KEY_PURPOSE, AIM_LAYER_CRYPTO);
	}
	if (!key->pair)
		rc = sign_outside(key, message, signature, err);
	else if ((rc = aim__ed25519_sign(key->ctx, key->pair, message, signature)) != AIM_OK)
		aim__fail(err, rc, AIM_LAYER_CRYPTO, "the crypto provider could not sign");
	AIM__DECLASSIFY(signature, sizeof signature);
	if (rc == AIM_OK)
		memcpy(out_signature, signature, sizeof signature);
	return rc;
}

int aim__key_has_seed(const aim_key *key)
{
	return key->pair != NULL;
}

const aim_public_key *aim__key_public(const aim_key *key)
{
	return &key->public_key;
}

aim_ctx *aim__key_ctx(const aim_key *key)
{
	return key->ctx;
}
