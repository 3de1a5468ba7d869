/* crypto/hash.c — hashing for callers. Layer crypto. */
#include <aim/hash.h>

#include "base/ctx.h"
#include "crypto/provider.h"

#include <string.h>

aim_status aim_hash_sha256(const aim_ctx *ctx, aim_bytes bytes, uint8_t out[AIM_HASH_SHA256_LEN])
{
	uint8_t digest[AIM_HASH_SHA256_LEN];
	if (!ctx || !out || (!bytes.ptr && bytes.len > 0))
		return AIM__MISUSE(ctx, "ctx, bytes and out are required");
	aim_status rc = aim__sha256(ctx, &bytes, 1, digest);
	if (rc == AIM_OK)
		memcpy(out, digest, sizeof digest);
	return rc;
}
