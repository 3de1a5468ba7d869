/* evidence/dsse_read.c — DSSE envelopes read. Layer evidence; decides nothing.
 *
 * The payload is decoded behind its own pre-authentication encoding, so that the bytes that are verified and the
 * bytes that are handed out are the same bytes. */
#include "evidence/dsse.h"

#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"

#include <string.h>

#define SIG_TEXT_LEN 88u

aim_status aim__dsse_malformed(const aim__dsse *e, aim_json_value at, const char *what, aim_error *err)
{
	aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "DSSE envelope: %s", what);
	aim__json_error_at(&e->doc, at, err);
	return AIM_E_ENVELOPE;
}

aim_status aim__dsse_check_size(const aim_ctx *ctx, size_t len, aim_error *err)
{
	if (len <= ctx->limits.max_message_bytes)
		return AIM_OK;
	return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
	                 "the payload of %zu bytes is over limits.max_message_bytes", len);
}

void aim__dsse_init(aim__dsse *e, aim_ctx *ctx)
{
	memset(e, 0, sizeof *e);
	aim__json_init(&e->doc, ctx);
	aim__buf_init(&e->pae, ctx);
}

void aim__dsse_dispose(aim__dsse *e)
{
	aim__buf_dispose(&e->pae);
	aim__json_dispose(&e->doc);
}

/* Which alphabet is seen from the first character that only one of them has. */
static uint32_t alphabet_of(aim_str text)
{
	if (text.len == 0)
		return AIM_ENCODING_BASE64;
	return memchr(text.ptr, '-', text.len) || memchr(text.ptr, '_', text.len) ? AIM_ENCODING_BASE64URL_PADDED
	                                                                           : AIM_ENCODING_BASE64;
}

static aim_status read_members(aim__dsse *e, aim_error *err)
{
	const aim_json *doc = &e->doc;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return aim__dsse_malformed(e, AIM_JSON_ROOT, "not an object", err);
	e->payload_text = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "payload"));
	e->type = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "payloadType"));
	e->signatures = aim__json_member_text(doc, AIM_JSON_ROOT, "signatures");
	if (!e->payload_text.ptr)
		return aim__dsse_malformed(e, AIM_JSON_ROOT, "payload is no string", err);
	if (e->type.len == 0)
		return aim__dsse_malformed(e, AIM_JSON_ROOT, "payloadType is no string, or empty", err);
	if (aim__json_type(doc, e->signatures) != AIM_JSON_ARRAY || aim_json_count(doc, e->signatures) == 0)
		return aim__dsse_malformed(e, AIM_JSON_ROOT, "signatures is no list, or empty", err);
	if (aim_json_count(doc, e->signatures) > AIM_DSSE_MAX_SIGNATURES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "DSSE envelope: more than %u signatures",
		                 AIM_DSSE_MAX_SIGNATURES);
	return AIM_OK;
}

/* Bytes behind padded base64, if it is that. */
static size_t decoded_size(aim_str text)
{
	size_t n = text.len / 4 * 3;
	for (size_t i = text.len; i > 0 && n > 0 && text.ptr[i - 1] == '=' && text.len - i < 2; i--)
		n--;
	return n;
}

static aim_status decode_payload(aim__dsse *e)
{
	uint32_t form = alphabet_of(e->payload_text);
	size_t len = decoded_size(e->payload_text), cap = aim__encoding_bytes_size(form, e->payload_text.len);
	aim_status rc = aim__buf_reserve(&e->pae, aim__dsse_pae_size(e->type, cap));
	if (rc == AIM_OK)
		rc = aim__dsse_pae_head(&e->pae, e->type, len);
	if (rc == AIM_OK)
		rc = aim__buf_reserve(&e->pae, cap);
	if (rc != AIM_OK)
		return rc;
	e->payload = e->pae.len;
	rc = aim__encoding_read(form, e->payload_text, e->pae.ptr + e->payload, cap, &len, NULL);
	e->pae.len += rc == AIM_OK ? len : 0;
	return rc;
}

static aim_status read_payload(aim__dsse *e, aim_error *err)
{
	aim_status rc = aim__dsse_check_size(e->doc.ctx, decoded_size(e->payload_text), err);
	if (rc != AIM_OK)
		return rc;
	rc = decode_payload(e);
	if (rc == AIM_E_ENCODING)
		return aim__dsse_malformed(e, aim__json_member_text(&e->doc, AIM_JSON_ROOT, "payload"),
		                 "payload is not padded base64", err);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim__dsse_read(aim__dsse *e, aim_str text, aim_error *err)
{
	aim_status rc = aim_json_parse(&e->doc, aim_bytes_from_str(text), AIM_JSON_BORROW, err);
	if (rc == AIM_E_NOMEM || rc == AIM_E_JSON_SIZE)
		return aim__fail_plain(err, rc == AIM_E_NOMEM ? rc : AIM_E_LIMIT, AIM_LAYER_EVIDENCE);
	if (rc != AIM_OK) { /* the reader's message and place stay */
		if (err)
			err->status = AIM_E_ENVELOPE;
		return AIM_E_ENVELOPE;
	}
	rc = read_members(e, err);
	return rc == AIM_OK ? read_payload(e, err) : rc;
}

aim_status aim__dsse_read_signature(const aim__dsse *e, aim_json_value item, uint8_t out[AIM_KEY_SIGNATURE_LEN],
                                    aim_str *out_keyid, aim_error *err)
{
	const aim_json *doc = &e->doc;
	aim_json_value keyid = aim__json_member_text(doc, item, "keyid");
	aim_str sig = aim__json_string(doc, aim__json_member_text(doc, item, "sig"));
	if (!sig.ptr)
		return aim__dsse_malformed(e, item, "a signature without sig", err);
	if (keyid != AIM_JSON_NONE && aim__json_type(doc, keyid) != AIM_JSON_STRING)
		return aim__dsse_malformed(e, keyid, "keyid is no string", err);
	*out_keyid = aim__json_string(doc, keyid);
	/* A signature of another algorithm may be of any length: it is nobody's we know. */
	if (sig.len != SIG_TEXT_LEN ||
	    aim__encoding_read_exact(alphabet_of(sig), sig, out, AIM_KEY_SIGNATURE_LEN) != AIM_OK)
		memset(out, 0, AIM_KEY_SIGNATURE_LEN);
	return AIM_OK;
}
