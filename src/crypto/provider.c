/* crypto/provider.c — the context's crypto provider: taken over, tested, then called. Layer crypto;
 * which providers exist is known only to backends. */
#include "crypto/provider.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/sized.h"
#include "crypto/selftest.h"
#include "crypto/strict.h"

#include <string.h>

AIM__NO_PADDING(aim_crypto, 8 + 13 * sizeof(void *));

typedef struct provider {
	aim_crypto table;
	int guarded_secrets; /* secret_alloc is there and the caller brought no allocator */
} provider;

static const aim_crypto *table_of(const aim_ctx *ctx)
{
	return &((const provider *)ctx->crypto)->table;
}

void aim__provider_discard(const aim_crypto *table)
{
	if (table && table->struct_size >= sizeof *table && table->destroy)
		table->destroy(table->user);
}

static aim_status missing(const aim_crypto *t, const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_CRYPTO, "aim_crypto%s%s: %s is required",
	                 t->name ? " " : "", t->name ? t->name : "", what);
}

static aim_status check_table(const aim_crypto *t, aim_error *err)
{
	if (t->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_CRYPTO, "aim_crypto.flags must be 0");
	if (!t->name)
		return missing(t, "name", err);
	if (!t->sha256)
		return missing(t, "sha256", err);
	if (!t->ed25519_public || !t->ed25519_sign || !t->ed25519_verify)
		return missing(t, "each of the three ed25519 functions", err);
	if (!t->xchacha20poly1305_seal != !t->xchacha20poly1305_open)
		return missing(t, "xchacha20poly1305_seal together with _open", err);
	if (!t->secret_alloc != !t->secret_free)
		return missing(t, "secret_alloc together with secret_free", err);
	return AIM_OK;
}

static aim_status take(provider *p, const aim_crypto *table, aim_error *err)
{
	aim_status rc = aim__sized_table(&p->table, sizeof p->table, table, sizeof(aim_crypto),
	                                 "aim_crypto", err);
	if (rc == AIM_OK)
		rc = check_table(&p->table, err);
	if (rc == AIM_OK)
		rc = aim__crypto_self_test(&p->table, err);
	return rc;
}

aim_status aim__provider_open(aim_ctx *ctx, const aim_crypto *table, const aim_crypto *builtin,
                              void **out_provider, aim_error *err)
{
	const aim_crypto *chosen = table ? table : builtin;
	if (!chosen)
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CRYPTO,
		                 "no crypto provider was given and none is built in");
	aim_status rc = AIM_E_NOMEM;
	provider *p = aim__alloc_zeroed(ctx, sizeof *p);
	if (p)
		rc = take(p, chosen, err);
	else
		aim__fail_plain(err, rc, AIM_LAYER_CRYPTO);
	if (rc != AIM_OK) {
		aim__free(ctx, p, sizeof *p);
		aim__provider_discard(chosen);
		return rc;
	}
	p->guarded_secrets =
		p->table.secret_alloc && ctx->allocator.alloc == aim__os_allocator.alloc;
	*out_provider = p;
	return AIM_OK;
}

void aim__provider_close(aim_ctx *ctx, void *opened)
{
	provider *p = opened;
	if (!p)
		return;
	aim__provider_discard(&p->table);
	aim__free(ctx, p, sizeof *p);
}

aim_status aim__sha256(const aim_ctx *ctx, const aim_bytes *parts, size_t n_parts, uint8_t out[32])
{
	const aim_crypto *t = table_of(ctx);
	return t->sha256(t->user, parts, n_parts, out) == AIM_OK ? AIM_OK : AIM_E_CALLBACK;
}

aim_status aim__sha256_one(const aim_ctx *ctx, const void *ptr, size_t len, uint8_t out[32])
{
	aim_bytes part = {ptr, len};
	return aim__sha256(ctx, &part, 1, out);
}

aim_status aim__hmac_sha256(const aim_ctx *ctx, aim_bytes key, const aim_bytes *parts,
                            size_t n_parts, uint8_t out[32])
{
	const aim_crypto *t = table_of(ctx);
	if (!t->hmac_sha256)
		return AIM_E_UNSUPPORTED;
	return t->hmac_sha256(t->user, key, parts, n_parts, out) == AIM_OK ? AIM_OK : AIM_E_CALLBACK;
}

aim_status aim__ed25519_public(const aim_ctx *ctx, const uint8_t seed[32], uint8_t out_public[32])
{
	const aim_crypto *t = table_of(ctx);
	return t->ed25519_public(t->user, seed, out_public) == AIM_OK ? AIM_OK : AIM_E_CALLBACK;
}

aim_status aim__ed25519_sign(const aim_ctx *ctx, const uint8_t pair[64], aim_bytes message,
                             uint8_t out_signature[64])
{
	const aim_crypto *t = table_of(ctx);
	return t->ed25519_sign(t->user, pair, message, out_signature) == AIM_OK ? AIM_OK
	                                                                        : AIM_E_CALLBACK;
}

aim_status aim__ed25519_verify_strict(const aim_ctx *ctx, const uint8_t public_key[32],
                                      aim_bytes message, const uint8_t signature[64],
                                      aim_error *err)
{
	const char *flaw = aim__ed25519_point_flaw(public_key);
	if (flaw)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO, "the public key %s", flaw);
	flaw = aim__ed25519_point_flaw(signature);
	if (flaw)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_CRYPTO, "the signature's R %s", flaw);
	flaw = aim__ed25519_scalar_flaw(signature + 32);
	if (flaw)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_CRYPTO, "the signature's S %s", flaw);

	const aim_crypto *t = table_of(ctx);
	aim_status rc = t->ed25519_verify(t->user, public_key, message, signature);
	if (rc == AIM_OK)
		return AIM_OK;
	if (rc == AIM_E_SIGNATURE)
		return aim__fail(err, rc, AIM_LAYER_CRYPTO,
		                 "the signature does not match the message and the public key");
	return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_CRYPTO, "crypto provider %s could not verify",
	                 t->name);
}

aim_status aim__argon2id(const aim_ctx *ctx, aim_bytes password, const uint8_t salt[16], uint32_t passes,
                         uint32_t memory_kib, uint8_t *out, size_t out_len)
{
	const aim_crypto *t = table_of(ctx);
	if (!t->argon2id)
		return AIM_E_UNSUPPORTED;
	aim_status rc = t->argon2id(t->user, password, salt, passes, memory_kib, out, out_len);
	return rc == AIM_OK || rc == AIM_E_NOMEM ? rc : AIM_E_CALLBACK;
}

int aim__aead_available(const aim_ctx *ctx)
{
	return table_of(ctx)->xchacha20poly1305_seal != NULL;
}

aim_status aim__aead_seal(const aim_ctx *ctx, const uint8_t key[32], const uint8_t nonce[24],
                          aim_bytes associated, aim_bytes plain, uint8_t *out)
{
	const aim_crypto *t = table_of(ctx);
	if (!t->xchacha20poly1305_seal)
		return AIM_E_UNSUPPORTED;
	return t->xchacha20poly1305_seal(t->user, key, nonce, associated, plain, out) == AIM_OK
	               ? AIM_OK
	               : AIM_E_CALLBACK;
}

aim_status aim__aead_open(const aim_ctx *ctx, const uint8_t key[32], const uint8_t nonce[24],
                          aim_bytes associated, aim_bytes sealed, uint8_t *out)
{
	const aim_crypto *t = table_of(ctx);
	if (!t->xchacha20poly1305_open)
		return AIM_E_UNSUPPORTED;
	aim_status rc = t->xchacha20poly1305_open(t->user, key, nonce, associated, sealed, out);
	return rc == AIM_OK || rc == AIM_E_SIGNATURE ? rc : AIM_E_CALLBACK;
}

void *aim__secret_alloc(const aim_ctx *ctx, size_t size)
{
	const aim_crypto *t = table_of(ctx);
	if (((const provider *)ctx->crypto)->guarded_secrets)
		return t->secret_alloc(t->user, size);
	return aim__alloc(ctx, size);
}

void aim__secret_free(const aim_ctx *ctx, void *ptr, size_t size)
{
	if (!ptr)
		return;
	aim__wipe(ptr, size);
	const aim_crypto *t = table_of(ctx);
	if (((const provider *)ctx->crypto)->guarded_secrets)
		t->secret_free(t->user, ptr, size);
	else
		aim__free(ctx, ptr, size);
}
