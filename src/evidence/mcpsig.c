/* evidence/mcpsig.c — the profile mcp, and signed answers. Layer evidence; knows keys, not who holds
 * them. */
#include <aim/mcpsig.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/key.h"
#include "evidence/replay.h"
#include "evidence/signed.h"

#include <string.h>

#define LAYER AIM_LAYER_EVIDENCE
#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))

AIM__NO_PADDING(aim_mcpsig_headers, sizeof(uint32_t) * 2 + sizeof(aim_str) * 2);

const char *aim_mcpsig_refusal_text(void)
{
	return AIM_MCPSIG_REFUSAL_TEXT;
}

int32_t aim_mcpsig_refusal_status(void)
{
	return AIM_MCPSIG_REFUSAL_STATUS;
}

static int is_body(aim_bytes body)
{
	return body.ptr || body.len == 0;
}

static aim_status check_size(const aim_ctx *ctx, aim_bytes body, aim_error *err)
{
	if (body.len <= ctx->limits.max_message_bytes)
		return AIM_OK;
	return aim__fail(err, AIM_E_LIMIT, LAYER, "the body of %zu bytes is over limits.max_message_bytes",
	                 body.len);
}

/* What is signed has no label, so its beginning must be one that no other format has. */
static int begins_as_json(aim_bytes body)
{
	for (size_t i = 0; i < body.len; i++)
		if (!memchr(" \t\r\n", body.ptr[i], 4))
			return body.ptr[i] == '{' || body.ptr[i] == '[';
	return body.len == 0;
}

/* ---- headers ---- */

aim_status aim_mcpsig_read_headers(const aim_headers *headers, aim_mcpsig_headers *out, aim_error *err)
{
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	if (!headers || !out)
		return AIM__MISUSE(NULL, "headers and out are required");
	aim_status rc = aim_headers_one(headers, aim_str_from(AIM_MCPSIG_TIMESTAMP), &h.timestamp, err);
	if (rc == AIM_OK)
		rc = aim_headers_one(headers, aim_str_from(AIM_MCPSIG_SIGNATURE), &h.signature, err);
	return rc == AIM_OK ? aim__sized_out(out, &h, sizeof h, sizeof h) : rc;
}

/* Forms only. The timestamp's text is what is signed. */
typedef struct values {
	int64_t timestamp_us;
	aim_bytes timestamp;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
} values;

static aim_status read_values(const aim_mcpsig_headers *in, values *out, aim_error *err)
{
	aim_mcpsig_headers h = {.struct_size = sizeof h};
	aim_status rc = aim__sized_in(&h, sizeof h, in, sizeof h, "aim_mcpsig_headers", err);
	if (rc != AIM_OK)
		return rc;
	if (h.flags != 0)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_mcpsig_headers.flags must be 0");
	out->timestamp = aim_bytes_from_str(h.timestamp);
	rc = aim__timestamp_read(h.timestamp, AIM_MCPSIG_TIMESTAMP, &out->timestamp_us, err);
	return rc == AIM_OK ? aim__signed_read_signature(h.signature, AIM_MCPSIG_SIGNATURE, out->signature, err)
	                    : rc;
}

/* ---- requests ---- */

aim_status aim_mcpsig_sign(const aim_key *key, aim_bytes body, int64_t now_us, aim_mcpsig_values *out,
                           aim_error *err)
{
	aim_mcpsig_values v = {{0}, {0}};
	if (!key || !out || !is_body(body))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, body and out are required");
	if (!begins_as_json(body))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "the profile mcp signs a body that is a JSON object or array, or empty");
	aim_status rc = check_size(aim__key_ctx(key), body, err);
	if (rc == AIM_OK)
		rc = aim__timestamp_write(now_us, v.timestamp, err);
	if (rc != AIM_OK)
		return rc;
	const aim_bytes parts[] = {body, aim_bytes_from_str(aim_str_from(v.timestamp))};
	rc = aim__signed_sign(key, SIGNERS, parts, 2, v.signature, err);
	if (rc == AIM_OK)
		*out = v;
	return rc;
}

aim_status aim_mcpsig_verify(aim_replay *guard, const aim_public_key *public_key, aim_bytes body,
                             const aim_mcpsig_headers *headers, uint32_t window_s, int64_t now_us,
                             aim_error *err)
{
	values v;
	if (!guard || !public_key || !headers || !is_body(body))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard, public_key, body and headers are required");
	aim_status rc = read_values(headers, &v, err);
	if (rc == AIM_OK)
		rc = check_size(guard->ctx, body, err);
	if (rc != AIM_OK)
		return rc;
	if (!begins_as_json(body))
		return aim__fail(err, AIM_E_SIGNATURE, LAYER,
		                 "the profile mcp knows no signature over a body that is no JSON object or array");
	const aim_bytes parts[] = {body, v.timestamp};
	const aim_bytes nonce = {v.signature, sizeof v.signature};
	const aim_replay_use use = aim__signed_use(public_key, nonce, v.timestamp_us, window_s, now_us);
	return aim__signed_accept(guard, &use, public_key, parts, 2, v.signature, err);
}

/* ---- answers ---- */

static const char label[] = "libaim/mcp-response/v1\n";

#define N_RESPONSE_PARTS 6u

typedef struct response {
	char request[AIM__SIGNATURE_TEXT_SIZE];
	char status[8];
	aim_bytes parts[N_RESPONSE_PARTS];
} response;

/* Whatever form of base64 the request had, one form is signed. */
static aim_status make_parts(aim_str request_signature, int32_t status, aim_bytes body,
                             aim_bytes timestamp, response *r, aim_error *err)
{
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
	if (status < 100 || status > 599)
		return aim__fail(err, AIM_E_INVALID, LAYER, "%d is no HTTP status", status);
	aim_status rc = aim__signed_read_signature(request_signature, "the request's signature", bytes, err);
	if (rc != AIM_OK)
		return rc;
	size_t len = aim__encoding_write(AIM_ENCODING_BASE64, (aim_bytes){bytes, sizeof bytes}, r->request);
	size_t status_len = aim__format(r->status, sizeof r->status, "\n%d\n", status);
	r->parts[0] = aim_bytes_from(label, sizeof label - 1);
	r->parts[1] = aim_bytes_from(r->request, len);
	r->parts[2] = aim_bytes_from(r->status, status_len);
	r->parts[3] = timestamp;
	r->parts[4] = aim_bytes_from("\n", 1);
	r->parts[5] = body;
	return AIM_OK;
}

aim_status aim_mcpsig_sign_response(const aim_key *key, aim_str request_signature, int32_t status,
                                    aim_bytes body, int64_t now_us, aim_mcpsig_values *out,
                                    aim_error *err)
{
	aim_mcpsig_values v = {{0}, {0}};
	response r;
	if (!key || !out || !is_body(body))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, body and out are required");
	aim_status rc = check_size(aim__key_ctx(key), body, err);
	if (rc == AIM_OK)
		rc = aim__timestamp_write(now_us, v.timestamp, err);
	if (rc == AIM_OK)
		rc = make_parts(request_signature, status, body,
		                aim_bytes_from_str(aim_str_from(v.timestamp)), &r, err);
	if (rc == AIM_OK)
		rc = aim__signed_sign(key, SIGNERS, r.parts, N_RESPONSE_PARTS, v.signature, err);
	if (rc == AIM_OK)
		*out = v;
	return rc;
}

aim_status aim_mcpsig_verify_response(const aim_ctx *ctx, const aim_public_key *public_key,
                                      aim_str request_signature, int32_t status, aim_bytes body,
                                      const aim_mcpsig_headers *headers, uint32_t window_s,
                                      int64_t now_us, aim_error *err)
{
	values v;
	response r;
	const int64_t window_us = (window_s ? window_s : AIM__SIGNED_WINDOW_S) * AIM__US_PER_S;
	if (!ctx || !public_key || !headers || !is_body(body))
		return AIM__MISUSE(ctx, "ctx, public_key, body and headers are required");
	aim_status rc = read_values(headers, &v, err);
	if (rc == AIM_OK)
		rc = check_size(ctx, body, err);
	if (rc == AIM_OK)
		rc = aim__replay_window(v.timestamp_us, now_us, window_us, window_us, err);
	if (rc == AIM_OK)
		rc = make_parts(request_signature, status, body, v.timestamp, &r, err);
	if (rc != AIM_OK)
		return rc;
	return aim__signed_verify(ctx, public_key, r.parts, N_RESPONSE_PARTS, v.signature, err);
}
