/* evidence/message.c — the `message` profile: a label, then any bytes. Layer evidence; knows keys, not
 * who holds them. */
#include <aim/message.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/signature.h"
#include "evidence/signed.h"
#include "evidence/verifycache.h"

static const char label[] = "libaim/message/v1\n";
#define LABEL_LEN (sizeof label - 1)

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))

static aim_status join(const aim_ctx *ctx, aim_bytes payload, aim__signed_text *out, aim_error *err)
{
	const aim_bytes parts[] = {{(const uint8_t *)label, LABEL_LEN}, payload};
	if (payload.len > ctx->limits.max_message_bytes)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
		                 "the payload of %zu bytes is over limits.max_message_bytes", payload.len);
	return aim__signed_join(ctx, parts, 2, out, err);
}

aim_status aim_message_sign(const aim_key *key, aim_bytes payload,
                            uint8_t out_signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim__signed_text message;
	if (!key || !out_signature || (!payload.ptr && payload.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL,
		                   "key, payload and out_signature are required");
	const aim_ctx *ctx = aim__key_ctx(key);
	aim_status rc = join(ctx, payload, &message, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__key_sign(key, SIGNERS, message.bytes, out_signature, err);
	aim__signed_done(ctx, &message);
	return rc;
}

static aim_status verify(const aim_ctx *ctx, aim_verifycache *cache, uint64_t generation,
                         const aim_public_key *public_key, aim_bytes payload, aim_bytes signature,
                         aim_error *err)
{
	aim__signed_text message;
	const aim_bytes parts[] = {{(const uint8_t *)label, LABEL_LEN}, payload};
	const aim__verified what = {generation, public_key->bytes, signature.ptr, parts, 2};
	uint64_t epoch;
	if (signature.len != AIM_KEY_SIGNATURE_LEN)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE,
		                 "a signature has 64 bytes; this has %zu", signature.len);
	if (aim__verifycache_has(cache, &what, &epoch)) /* before anything is copied */
		return AIM_OK;
	aim_status rc = join(ctx, payload, &message, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__ed25519_verify_strict(ctx, public_key->bytes, message.bytes, signature.ptr, err);
	aim__signed_done(ctx, &message);
	if (rc == AIM_OK)
		aim__verifycache_keep(cache, &what, epoch);
	return rc;
}

aim_status aim_message_verify(const aim_ctx *ctx, const aim_public_key *public_key,
                              aim_bytes payload, aim_bytes signature, aim_error *err)
{
	if (!ctx || !public_key || (!payload.ptr && payload.len > 0) ||
	    (!signature.ptr && signature.len > 0))
		return AIM__MISUSE(ctx, "ctx, public_key, payload and signature are required");
	return verify(ctx, NULL, 0, public_key, payload, signature, err);
}

aim_status aim_message_verify_cached(aim_verifycache *cache, uint64_t generation,
                                     const aim_public_key *public_key, aim_bytes payload,
                                     aim_bytes signature, aim_error *err)
{
	const aim_ctx *ctx = cache ? aim__verifycache_ctx(cache) : NULL;
	if (!ctx || !public_key || (!payload.ptr && payload.len > 0) ||
	    (!signature.ptr && signature.len > 0))
		return AIM__MISUSE(ctx, "cache, public_key, payload and signature are required");
	return verify(ctx, cache, generation, public_key, payload, signature, err);
}

aim_status aim_message_sign_base64(const aim_key *key, aim_bytes payload, aim_buf *out, aim_error *err)
{
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	char text[88];
	if (!key || !out)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key and out are required");
	aim_status rc = aim_message_sign(key, payload, signature, err);
	if (rc != AIM_OK)
		return rc;
	const aim_bytes bytes = {signature, sizeof signature};
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64, bytes, text);
	rc = aim__buf_add(out, text, len);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim_message_verify_base64(const aim_ctx *ctx, const aim_public_key *public_key,
                                     aim_bytes payload, aim_str signature, aim_error *err)
{
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
	if (!ctx || !public_key || (!signature.ptr && signature.len > 0))
		return AIM__MISUSE(ctx, "ctx, public_key and signature are required");
	if (aim__signature_read(signature, bytes) != AIM_OK)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE,
		                 "the signature's %zu characters are not base64 of 64 bytes", signature.len);
	return aim_message_verify(ctx, public_key, payload, (aim_bytes){bytes, sizeof bytes}, err);
}
