/* crypto/key_public.c — public keys: their default text, their id and what makes one usable. Layer crypto; other
 * forms are in keyform.c. */
#include <aim/encoding.h>
#include <aim/key.h>

#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "crypto/provider.h"
#include "crypto/strict.h"

#include <string.h>

static const char prefix[] = "ed25519:";
#define PREFIX_LEN (sizeof prefix - 1)
_Static_assert(AIM_KEY_PUBLIC_TEXT_SIZE == PREFIX_LEN + 44 + 1, "prefix, base64 of 32 bytes, NUL");

static aim_status check(const aim_public_key *key, const char *form, aim_error *err)
{
	const char *flaw = aim__ed25519_point_flaw(key->bytes);
	if (!flaw)
		return AIM_OK;
	return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO, "invalid public key: %s, but the key %s", form,
	                 flaw);
}

aim_status aim_key_public_check(const aim_public_key *public_key, aim_error *err)
{
	if (!public_key)
		return AIM__MISUSE(NULL, "public_key is required");
	return check(public_key, "32 bytes", err);
}

aim_status aim_key_public_text(const aim_public_key *public_key, char out[AIM_KEY_PUBLIC_TEXT_SIZE])
{
	if (!public_key || !out)
		return AIM__MISUSE(NULL, "public_key and out are required");
	const aim_bytes bytes = {public_key->bytes, sizeof public_key->bytes};
	memcpy(out, prefix, PREFIX_LEN);
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64, bytes, out + PREFIX_LEN);
	out[PREFIX_LEN + len] = '\0';
	return AIM_OK;
}

aim_status aim_key_id(const aim_ctx *ctx, const aim_public_key *public_key,
                      char out[AIM_KEY_ID_SIZE])
{
	uint8_t digest[32];
	if (!ctx || !public_key || !out)
		return AIM__MISUSE(ctx, "ctx, public_key and out are required");
	aim_status rc = aim__sha256_one(ctx, public_key->bytes, sizeof public_key->bytes, digest);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write((aim_bytes){digest, sizeof digest}, out);
	out[AIM_KEY_ID_SIZE - 1] = '\0';
	return AIM_OK;
}
