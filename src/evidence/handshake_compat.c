/* evidence/handshake_compat.c — the form `id:nonce:response_nonce:did[:freshness]`. Layer evidence.
 *
 * It has no label, so its parts are held to a shape that nothing else has: it begins with "challenge_". */
#include "evidence/handshake.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "identity/check.h"

#include <string.h>

AIM__NO_PADDING(aim_handshake_compat, 8 + 10 * sizeof(void *));

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define NONCE_MIN 32u
#define NONCE_MAX 128u

_Static_assert(AIM__HANDSHAKE_ID_LEN + 3 * NONCE_MAX + AIM__DID_MAX + 4 <= AIM__HANDSHAKE_COMPAT_MAX,
               "every text of the form fits");

static int valid(const aim_handshake_compat *p)
{
	return p->id.ptr && aim__handshake_is_id(p->id) && aim__handshake_is_hex(p->nonce, NONCE_MIN, NONCE_MAX) &&
	       aim__handshake_is_hex(p->response_nonce, NONCE_MIN, NONCE_MAX) && aim__did_valid(p->did) &&
	       (p->freshness.len == 0 || aim__handshake_is_hex(p->freshness, NONCE_MIN, NONCE_MAX));
}

size_t aim__handshake_compat_text(const aim_handshake_compat *parts, char out[AIM__HANDSHAKE_COMPAT_MAX])
{
	const aim_str fields[] = {parts->id, parts->nonce, parts->response_nonce, parts->did, parts->freshness};
	size_t n = parts->freshness.len ? 5 : 4;
	size_t len = 0;
	if (!valid(parts))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			out[len++] = ':';
		memcpy(out + len, fields[i].ptr, fields[i].len);
		len += fields[i].len;
	}
	return len;
}

static aim_status take_parts(const aim_handshake_compat *parts, char text[AIM__HANDSHAKE_COMPAT_MAX], size_t *out_len,
                             aim_error *err)
{
	aim_handshake_compat p = {.struct_size = sizeof p};
	aim_status rc = aim__sized_in(&p, sizeof p, parts, sizeof p, "aim_handshake_compat", err);
	if (rc != AIM_OK)
		return rc;
	if (p.flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_handshake_compat.flags must be 0");
	*out_len = aim__handshake_compat_text(&p, text);
	return *out_len ? AIM_OK
	                : aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE,
	                            "handshake: expected challenge_ and 16 hex digits, hex nonces and a DID");
}

aim_status aim_handshake_compat_sign(const aim_key *key, const aim_handshake_compat *parts,
                                     uint8_t out_signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	char text[AIM__HANDSHAKE_COMPAT_MAX];
	size_t len = 0;
	if (!key || !parts || !out_signature)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, parts and out_signature are required");
	aim_status rc = take_parts(parts, text, &len, err);
	return rc == AIM_OK ? aim__key_sign(key, SIGNERS, aim_bytes_from(text, len), out_signature, err) : rc;
}

aim_status aim_handshake_compat_verify(const aim_ctx *ctx, const aim_public_key *public_key,
                                       const aim_handshake_compat *parts, aim_bytes signature, aim_error *err)
{
	char text[AIM__HANDSHAKE_COMPAT_MAX];
	size_t len = 0;
	if (!ctx || !public_key || !parts || (!signature.ptr && signature.len > 0))
		return AIM__MISUSE(ctx, "ctx, public_key, parts and signature are required");
	if (signature.len != AIM_KEY_SIGNATURE_LEN)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE, "a signature has 64 bytes; this has %zu",
		                 signature.len);
	aim_status rc = take_parts(parts, text, &len, err);
	return rc == AIM_OK ? aim__ed25519_verify_strict(ctx, public_key->bytes, aim_bytes_from(text, len),
	                                                 signature.ptr, err)
	                    : rc;
}
