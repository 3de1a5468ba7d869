/* evidence/httpsig.c — the profile libaim-http/v1. Layer evidence; knows keys, not who holds them. */
#include <aim/httpsig.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/replay.h"
#include "evidence/signed.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE
#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))

#define MAX_METHOD 64u
#define MAX_AUTHORITY 512u
#define MAX_TARGET 8192u
#define FRESH_NONCE_LEN 24u
#define MIN_NONCE_LEN 16u
#define MAX_NONCE_LEN 48u
#define MAX_NONCE_TEXT 64u
#define DIGEST_DIGITS 64u
#define KEY_ID_DIGITS 64u

static const char label[] = "libaim/http/v1\n";

AIM__NO_PADDING(aim_httpsig_request, sizeof(uint32_t) * 2 + sizeof(aim_str) * 3 + sizeof(aim_bytes));
AIM__NO_PADDING(aim_httpsig_headers, sizeof(uint32_t) * 2 + sizeof(aim_str) * 4);

/* ---- parts of the request ---- */

static aim_status check_authority(aim_str authority, aim_error *err)
{
	aim_status rc = aim__field_check(authority, "authority", MAX_AUTHORITY, err);
	for (size_t i = 0; rc == AIM_OK && i < authority.len; i++)
		if (strchr("/?#@", authority.ptr[i]))
			rc = aim__fail(err, AIM_E_HEADER, LAYER,
			               "authority has a byte at offset %zu that no host and port have", i);
	return rc;
}

static aim_status check_target(aim_str target, aim_error *err)
{
	aim_status rc = aim__field_check(target, "target", MAX_TARGET, err);
	if (rc != AIM_OK)
		return rc;
	if (target.ptr[0] != '/' && !(target.ptr[0] == '*' && target.len == 1))
		return aim__fail(err, AIM_E_HEADER, LAYER, "target does not begin with '/'");
	if (memchr(target.ptr, '#', target.len))
		return aim__fail(err, AIM_E_HEADER, LAYER, "target has a fragment, which is never sent");
	return AIM_OK;
}

static aim_status read_request(const aim_httpsig_request *in, aim_httpsig_request *r, aim_error *err)
{
	*r = (aim_httpsig_request){.struct_size = sizeof *r};
	aim_status rc = aim__sized_in(r, sizeof *r, in, sizeof *r, "aim_httpsig_request", err);
	if (rc != AIM_OK)
		return rc;
	if (r->flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_httpsig_request.flags must be 0");
	if (!r->body.ptr && r->body.len > 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "a body without bytes");
	rc = aim__field_check_token(r->method, "method", MAX_METHOD, err);
	if (rc == AIM_OK)
		rc = check_authority(r->authority, err);
	return rc == AIM_OK ? check_target(r->target, err) : rc;
}

static aim_status check_nonce(aim_str nonce, aim_error *err)
{
	uint8_t bytes[MAX_NONCE_LEN];
	size_t len = 0;
	aim_status rc = AIM_E_ENCODING;
	if (nonce.ptr && nonce.len <= MAX_NONCE_TEXT)
		rc = aim__encoding_read(AIM_ENCODING_BASE64URL, nonce, bytes, sizeof bytes, &len, NULL);
	if (rc == AIM_OK && len >= MIN_NONCE_LEN)
		return AIM_OK;
	return aim__fail(err, AIM_E_HEADER, LAYER,
	                 "%s is not base64url of %u to %u bytes; it has %zu characters", AIM_HTTPSIG_NONCE,
	                 MIN_NONCE_LEN, MAX_NONCE_LEN, nonce.len);
}

static aim_status check_key_id(aim_str key_id, aim_error *err)
{
	if (!key_id.ptr || key_id.len != KEY_ID_DIGITS)
		return aim__fail(err, AIM_E_HEADER, LAYER, "%s has %zu characters; a key id has 64",
		                 AIM_HTTPSIG_KEY_ID, key_id.len);
	for (size_t i = 0; i < KEY_ID_DIGITS; i++)
		if (!memchr("0123456789abcdef", key_id.ptr[i], 16))
			return aim__fail(err, AIM_E_HEADER, LAYER, "%s has no hex digit of lower case at offset %zu",
			                 AIM_HTTPSIG_KEY_ID, i);
	return AIM_OK;
}

/* ---- the signed lines ---- */

/* Memory of the parts that are made here. */
typedef struct lines {
	char authority[MAX_AUTHORITY];
	char digest[DIGEST_DIGITS];
	aim_bytes parts[15];
	size_t n;
} lines;

static void add(lines *l, const char *ptr, size_t len)
{
	l->parts[l->n++] = (aim_bytes){(const uint8_t *)ptr, len};
}

static void add_line(lines *l, aim_str text)
{
	add(l, text.ptr, text.len);
	add(l, "\n", 1);
}

static aim_str lower_case(aim_str text, char *out)
{
	for (size_t i = 0; i < text.len; i++)
		out[i] = text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? (char)(text.ptr[i] + 32) : text.ptr[i];
	return (aim_str){out, text.len};
}

static aim_status make_lines(const aim_ctx *ctx, const aim_httpsig_request *r,
                             const aim_httpsig_headers *h, lines *l, aim_error *err)
{
	uint8_t digest[32];
	aim_status rc = aim__sha256_one(ctx, r->body.ptr, r->body.len, digest);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	aim__hex_write((aim_bytes){digest, sizeof digest}, l->digest);
	l->n = 0;
	add(l, label, sizeof label - 1);
	add_line(l, r->method);
	add_line(l, lower_case(r->authority, l->authority));
	add_line(l, r->target);
	add_line(l, (aim_str){l->digest, sizeof l->digest});
	add_line(l, h->timestamp);
	add_line(l, h->nonce);
	add_line(l, h->key_id);
	return AIM_OK;
}

/* ---- signing ---- */

static aim_status write_nonce(const aim_ctx *ctx, aim_str nonce, char *out, aim_error *err)
{
	uint8_t fresh[FRESH_NONCE_LEN];
	if (nonce.len > 0) {
		aim_status rc = check_nonce(nonce, err);
		if (rc == AIM_OK)
			memcpy(out, nonce.ptr, nonce.len);
		return rc;
	}
	aim_status rc = aim__ctx_random(ctx, fresh, sizeof fresh);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){fresh, sizeof fresh}, out);
	return AIM_OK;
}

static aim_httpsig_headers headers_of(const aim_httpsig_values *v)
{
	aim_httpsig_headers h = {.struct_size = sizeof h};
	h.timestamp = aim_str_from(v->timestamp);
	h.nonce = aim_str_from(v->nonce);
	h.key_id = aim_str_from(v->key_id);
	return h;
}

static aim_status write_values(const aim_key *key, int64_t now_us, aim_str nonce, aim_httpsig_values *v,
                               aim_error *err)
{
	const aim_ctx *ctx = aim__key_ctx(key);
	memset(v, 0, sizeof *v);
	aim_status rc = aim__timestamp_write(now_us, v->timestamp, err);
	if (rc == AIM_OK)
		rc = write_nonce(ctx, nonce, v->nonce, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_id(ctx, aim__key_public(key), v->key_id);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, LAYER);
}

aim_status aim_httpsig_sign(const aim_key *key, const aim_httpsig_request *request, int64_t now_us,
                            aim_str nonce, aim_httpsig_values *out, aim_error *err)
{
	aim_httpsig_request r;
	aim_httpsig_values v;
	lines l;
	if (!key || !request || !out || (!nonce.ptr && nonce.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, request and out are required");
	aim_status rc = read_request(request, &r, err);
	if (rc == AIM_OK)
		rc = write_values(key, now_us, nonce, &v, err);
	if (rc != AIM_OK)
		return rc;
	const aim_httpsig_headers h = headers_of(&v);
	rc = make_lines(aim__key_ctx(key), &r, &h, &l, err);
	if (rc == AIM_OK)
		rc = aim__signed_sign(key, SIGNERS, l.parts, l.n, v.signature, err);
	if (rc == AIM_OK)
		*out = v;
	return rc;
}

/* ---- verifying ---- */

aim_status aim_httpsig_read_headers(const aim_headers *headers, aim_httpsig_headers *out, aim_error *err)
{
	aim_httpsig_headers h = {.struct_size = sizeof h};
	if (!headers || !out)
		return AIM__MISUSE(NULL, "headers and out are required");
	aim_status rc = aim_headers_one(headers, aim_str_from(AIM_HTTPSIG_TIMESTAMP), &h.timestamp, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_HTTPSIG_NONCE), &h.nonce, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_HTTPSIG_KEY_ID), &h.key_id, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_HTTPSIG_SIGNATURE), &h.signature, err);
	return rc == AIM_OK ? aim__sized_out(out, &h, sizeof h, sizeof h) : rc;
}

/* Forms only, nothing of what they say. */
static aim_status read_values(const aim_httpsig_headers *in, aim_httpsig_headers *h,
                              int64_t *out_timestamp_us, uint8_t signature[AIM_KEY_SIGNATURE_LEN],
                              aim_error *err)
{
	*h = (aim_httpsig_headers){.struct_size = sizeof *h};
	aim_status rc = aim__sized_in(h, sizeof *h, in, sizeof *h, "aim_httpsig_headers", err);
	if (rc != AIM_OK)
		return rc;
	if (h->flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_httpsig_headers.flags must be 0");
	rc = aim__timestamp_read(h->timestamp, AIM_HTTPSIG_TIMESTAMP, out_timestamp_us, err);
	if (rc == AIM_OK)
		rc = check_nonce(h->nonce, err);
	if (rc == AIM_OK)
		rc = check_key_id(h->key_id, err);
	return rc == AIM_OK ? aim__signed_read_signature(h->signature, AIM_HTTPSIG_SIGNATURE, signature, err) : rc;
}

static aim_status match_key(const aim_ctx *ctx, const aim_public_key *public_key, aim_str key_id,
                            aim_error *err)
{
	char expected[AIM_KEY_ID_SIZE];
	aim_status rc = aim_key_id(ctx, public_key, expected);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	if (!aim_str_equal(key_id, aim_str_from(expected)))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, LAYER, "%s names another key than the one expected",
		                 AIM_HTTPSIG_KEY_ID);
	return AIM_OK;
}

aim_status aim_httpsig_verify(aim_replay *guard, const aim_public_key *public_key,
                              const aim_httpsig_request *request, const aim_httpsig_headers *headers,
                              uint32_t window_s, int64_t now_us, aim_error *err)
{
	aim_httpsig_request r;
	aim_httpsig_headers h;
	lines l;
	int64_t timestamp_us;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	if (!guard || !public_key || !request || !headers)
		return AIM__MISUSE(guard ? guard->ctx : NULL,
		                   "guard, public_key, request and headers are required");
	aim_status rc = read_values(headers, &h, &timestamp_us, signature, err);
	if (rc == AIM_OK)
		rc = read_request(request, &r, err);
	if (rc == AIM_OK)
		rc = match_key(guard->ctx, public_key, h.key_id, err);
	if (rc == AIM_OK)
		rc = make_lines(guard->ctx, &r, &h, &l, err);
	if (rc != AIM_OK)
		return rc;
	const aim_replay_use use = aim__signed_use(public_key, aim_bytes_from_str(h.nonce), timestamp_us,
	                                           window_s, now_us);
	return aim__signed_accept(guard, &use, public_key, l.parts, l.n, signature, err);
}
