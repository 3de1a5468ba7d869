/* enforce/action_token.c — tokens of allowed actions: the action's id, a dot and 256 random bits. Only a hash of the
 * text is stored, so who reads the store cannot report. Layer enforce. */
#include "enforce/action.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "crypto/provider.h"

#include <string.h>

#define SECRET_BYTES 32u

static const char label[] = "libaim/action-token/v1\n";

_Static_assert(AIM__ACTION_TOKEN_LEN < AIM_ACTION_TOKEN_SIZE && AIM__ID_SIZE <= AIM_ACTION_ID_SIZE,
               "ids and tokens fit the ticket");

static aim_status hash_token(const aim_ctx *ctx, aim_str token, uint8_t hash[32])
{
	const aim_bytes parts[] = {{(const uint8_t *)label, sizeof label - 1}, aim_bytes_from_str(token)};
	return aim__sha256(ctx, parts, 2, hash);
}

aim_status aim__action_token_new(const aim_ctx *ctx, const char *id, char out[AIM_ACTION_TOKEN_SIZE], uint8_t hash[32],
                                 aim_error *err)
{
	uint8_t secret[SECRET_BYTES];
	aim_status rc = aim__ctx_random(ctx, secret, sizeof secret);
	if (rc == AIM_OK) {
		memcpy(out, id, AIM__ID_LEN);
		out[AIM__ID_LEN] = '.';
		char *end = out + AIM__ID_LEN + 1;
		end[aim__encoding_write(AIM_ENCODING_BASE64URL, aim_bytes_from(secret, sizeof secret), end)] = '\0';
		rc = hash_token(ctx, aim_str_from(out), hash);
	}
	aim__wipe(secret, sizeof secret);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

static int is_token(aim_str token)
{
	static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	if (!token.ptr || token.len != AIM__ACTION_TOKEN_LEN || token.ptr[AIM__ID_LEN] != '.')
		return 0;
	for (size_t i = AIM__ID_LEN + 1; i < token.len; i++)
		if (!memchr(base64url, token.ptr[i], sizeof base64url - 1))
			return 0;
	return 1;
}

aim_status aim__action_token_read(const aim_ctx *ctx, aim_str token, char out_id[AIM__ID_SIZE], uint8_t hash[32],
                                  aim_error *err)
{
	aim_str id = {token.ptr, AIM__ID_LEN};
	if (!is_token(token) || aim__id_parse(AIM__ACTION_ID_PREFIX, id, out_id, NULL) != AIM_OK)
		return aim__fail(err, AIM_E_ACTION_TOKEN, AIM_LAYER_ENFORCE, "this is no token of an action");
	aim_status rc = hash_token(ctx, token, hash);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}
