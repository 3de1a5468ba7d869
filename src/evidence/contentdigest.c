/* evidence/contentdigest.c — Content-Digest (RFC 9530). Layer evidence.
 *
 * The crypto provider has SHA-256. Others, sha-512 among them, are ignored as the standard asks of algorithms that
 * one does not know; the deprecated ones of its registry must not count anyway. */
#include <aim/contentdigest.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "crypto/provider.h"
#include "evidence/http_message.h"

#include <string.h>

#define SHA256_LEN 32u

aim_status aim_contentdigest_make(const aim_ctx *ctx, aim_bytes body, aim_buf *out)
{
	uint8_t digest[SHA256_LEN];
	if (!ctx || !out || (!body.ptr && body.len > 0))
		return AIM__MISUSE(ctx, "ctx, body and out are required");
	const size_t start = out->len;
	aim_status rc = aim__sha256_one(ctx, body.ptr, body.len, digest);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, "sha-256=");
	if (rc == AIM_OK)
		rc = aim__sf_write_bytes(aim_bytes_from(digest, sizeof digest), out);
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

static aim_status no_match(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_DIGEST, AIM_LAYER_EVIDENCE, "Content-Digest: %s", what);
}

static aim_status compare(const aim_ctx *ctx, const aim__sf_node *node, aim_bytes body, aim_error *err)
{
	uint8_t digest[SHA256_LEN];
	if (node->value.type != AIM__SF_BYTES || node->value.text.len != sizeof digest)
		return no_match("sha-256 is not a byte sequence of 32 bytes", err);
	aim_status rc = aim__sha256_one(ctx, body.ptr, body.len, digest);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return aim__equal_constant_time(digest, node->value.text.ptr, sizeof digest)
	           ? AIM_OK
	           : no_match("the body has another SHA-256", err);
}

aim_status aim__contentdigest_check(const aim_ctx *ctx, aim_str value, aim_str key, aim_bytes body,
                                    aim_error *err)
{
	const aim_str sha256 = aim_str_from("sha-256");
	aim__sf sf;
	aim__sf_init(&sf, ctx);
	aim_status rc = aim__sf_read(&sf, AIM__SF_DICTIONARY, value, err);
	const aim__sf_node *node = rc == AIM_OK ? aim__sf_member(&sf, sha256) : NULL;
	if (rc == AIM_OK && sf.has_duplicate)
		rc = aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "Content-Digest: an algorithm stands twice");
	else if (rc == AIM_OK && (!node || (key.ptr && !aim_str_equal(key, sha256))))
		rc = no_match("no digest of a known algorithm (sha-256)", err);
	else if (rc == AIM_OK)
		rc = compare(ctx, node, body, err);
	aim__sf_dispose(&sf);
	return rc;
}

aim_status aim_contentdigest_verify(const aim_ctx *ctx, aim_str value, aim_bytes body, aim_error *err)
{
	if (!ctx || (!value.ptr && value.len > 0) || (!body.ptr && body.len > 0))
		return AIM__MISUSE(ctx, "ctx, value and body are required");
	return aim__contentdigest_check(ctx, value, (aim_str){NULL, 0}, body, err);
}
