/* crypto/key_public.c — public keys: their texts, their id and what makes one usable. Layer crypto. */
#include <aim/key.h>

#include "base/ctx.h"
#include "base/error.h"
#include "crypto/strict.h"

aim_status aim_key_public_check(const aim_public_key *public_key, aim_error *err)
{
	if (!public_key)
		return AIM__MISUSE(NULL, "public_key is required");
	const char *flaw = aim__ed25519_point_flaw(public_key->bytes);
	if (flaw)
		return aim__fail(err, AIM_E_KEY, AIM_LAYER_CRYPTO, "the public key %s", flaw);
	return AIM_OK;
}
