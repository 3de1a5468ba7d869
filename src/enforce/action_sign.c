/* enforce/action_sign.c — signed requests: what is signed, and whether it is accepted. Layer enforce; what the request is
 * about is not looked at here. */
#include "enforce/action.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/provider.h"
#include "evidence/replay.h"
#include "evidence/signed.h"
#include "identity/check.h"

#include <aim/keyring.h>
#include <string.h>

static const char label[] = "libaim/action/v1\n";
#define LABEL {(const uint8_t *)label, sizeof label - 1}

aim_status aim__action_context(const aim_ctx *ctx, aim_bytes context, aim_buf *out, aim_error *err)
{
	aim_json doc;
	if (context.len == 0)
		return AIM_OK;
	aim__json_init(&doc, (aim_ctx *)(uintptr_t)ctx);
	aim_status rc = aim_json_parse(&doc, context, AIM_JSON_BORROW, err);
	if (rc == AIM_OK && aim_json_type(&doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		rc = aim__fail(err, AIM_E_JSON_TYPE, AIM_LAYER_ENFORCE, "the context of an action is a JSON object");
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(&doc, AIM_JSON_ROOT, 0, out, err);
	aim__json_dispose(&doc);
	return rc;
}

static void write_member(aim__json_writer *w, const char *name, aim_str text)
{
	if (text.len)
		aim__write_member_string(w, name, text);
}

/* Members in canonical order. */
static aim_status write_text(const aim_ctx *ctx, const aim_action_request *q, aim_bytes context, aim_buf *out,
                             aim_error *err)
{
	aim__json_writer w;
	uint8_t hash[32];
	char hex[65] = "";
	if (context.len) {
		aim_status rc = aim__sha256_one(ctx, context.ptr, context.len, hash);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
		aim__hex_write(aim_bytes_from(hash, sizeof hash), hex);
		hex[64] = '\0';
	}
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "action", q->action);
	aim__write_member_string(&w, "agent", q->agent);
	write_member(&w, "context", aim_str_from(hex));
	aim__write_member_int64(&w, "flags", q->flags);
	aim__write_member_string(&w, "nonce", q->nonce);
	write_member(&w, "resource", q->resource);
	aim__write_member_int64(&w, "risk", q->risk);
	write_member(&w, "server", q->server);
	write_member(&w, "session", q->session);
	aim__write_member_int64(&w, "time_us", q->signed_at_us);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

static aim_status check_texts(const aim_action_request *q, aim_error *err)
{
	const aim_str texts[] = {q->agent, q->server, q->action, q->resource, q->session};
	if (q->nonce.len == 0 || q->signed_at_us <= 0 || (!q->context.ptr && q->context.len))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "a signed request needs a nonce and a time");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		aim_status rc = aim__check_text("a text of the request", texts[i], AIM__ACTION_RESOURCE_MAX, 0, err);
		if (rc != AIM_OK)
			return rc;
	}
	return aim__check_text("nonce", q->nonce, AIM__ACTION_NONCE_MAX, 0, err);
}

static aim_status sign(const aim_ctx *ctx, const aim_key *key, const aim_action_request *q, aim_buf *context,
                       aim_buf *text, uint8_t out[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim__signed_text message;
	aim_status rc = aim__action_context(ctx, q->context, context, err);
	if (rc == AIM_OK)
		rc = write_text(ctx, q, aim_buf_bytes(context), text, err);
	if (rc != AIM_OK)
		return rc;
	const aim_bytes parts[] = {LABEL, aim_buf_bytes(text)};
	rc = aim__signed_join(ctx, parts, 2, &message, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__key_sign(key, AIM__KEY_BIT(AIM_KEY_AGENT), message.bytes, out, err);
	aim__signed_done(ctx, &message);
	return rc;
}

aim_status aim_action_sign(const aim_key *key, const aim_action_request *request,
                           uint8_t out_signature[AIM_KEY_SIGNATURE_LEN], aim_error *err)
{
	aim_action_request q = {.struct_size = sizeof q};
	aim_buf context, text;
	if (!key || !request || !out_signature)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, request and out_signature are required");
	aim_status rc = aim__sized_in(&q, sizeof q, request, sizeof q, "aim_action_request", err);
	if (rc == AIM_OK)
		rc = check_texts(&q, err);
	if (rc != AIM_OK)
		return rc;
	aim_ctx *ctx = (aim_ctx *)(uintptr_t)aim__key_ctx(key);
	aim__buf_init(&context, ctx);
	aim__buf_init(&text, ctx);
	rc = sign(ctx, key, &q, &context, &text, out_signature, err);
	aim__buf_dispose(&text);
	aim__buf_dispose(&context);
	return rc;
}

aim_status aim__action_verify(aim_replay *guard, const aim_action_request *q, aim_bytes canonical_context,
                              int64_t now_us, aim_error *err)
{
	aim_buf text;
	aim_ctx *ctx = guard->ctx;
	if (q->signature.len != AIM_KEY_SIGNATURE_LEN || !q->public_key || q->nonce.len == 0 ||
	    q->nonce.len > AIM__ACTION_NONCE_MAX)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_ENFORCE,
		                 "a signed request has a nonce, a key and a signature of 64 bytes");
	aim__buf_init(&text, ctx);
	aim_status rc = write_text(ctx, q, canonical_context, &text, err);
	if (rc == AIM_OK) {
		const aim_bytes parts[] = {LABEL, aim_buf_bytes(&text)};
		aim_replay_use use = aim__signed_use(q->public_key, aim_bytes_from_str(q->nonce), q->signed_at_us, 0, now_us);
		rc = aim__signed_accept(guard, &use, q->public_key, parts, 2, q->signature.ptr, err);
	}
	aim__buf_dispose(&text);
	return rc;
}
