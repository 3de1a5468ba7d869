/* evidence/dsse.c — DSSE v1 envelopes written, and signed by one more key. Layer evidence; knows nothing of what a
 * payload means. */
#include "evidence/dsse.h"

#include "base/ctx.h"
#include "base/error.h"
#include "codec/encoding.h"
#include "codec/writer.h"
#include "crypto/key.h"

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
/* "DSSEv1", two numbers and the spaces around them. */
#define PAE_HEAD 64u
#define KEYID_LEN (AIM_KEY_ID_SIZE - 1)
/* The names of the members, one signature and its key's id. */
#define ENVELOPE_HEAD 256u

/* ---- the pre-authentication encoding ---- */

static aim_status add_sized(aim_buf *out, size_t len)
{
	aim_status rc = aim__buf_add_byte(out, ' ');
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(out, len);
	return rc == AIM_OK ? aim__buf_add_byte(out, ' ') : rc;
}

size_t aim__dsse_pae_size(aim_str type, size_t payload_len)
{
	return type.len + payload_len + PAE_HEAD;
}

/* Everything in front of the payload. */
aim_status aim__dsse_pae_head(aim_buf *out, aim_str type, size_t payload_len)
{
	aim_status rc = aim__buf_add_text(out, "DSSEv1");
	if (rc == AIM_OK)
		rc = add_sized(out, type.len);
	if (rc == AIM_OK)
		rc = aim__buf_add_str(out, type);
	return rc == AIM_OK ? add_sized(out, payload_len) : rc;
}

static aim_status add_pae(aim_buf *out, aim_str type, aim_bytes payload)
{
	aim_status rc = aim__buf_reserve(out, aim__dsse_pae_size(type, payload.len));
	if (rc == AIM_OK)
		rc = aim__dsse_pae_head(out, type, payload.len);
	return rc == AIM_OK ? aim__buf_add(out, payload.ptr, payload.len) : rc;
}

aim_status aim_dsse_pae(aim_str payload_type, aim_bytes payload, aim_buf *out)
{
	if (!out || (!payload_type.ptr && payload_type.len > 0) || (!payload.ptr && payload.len > 0))
		return AIM__MISUSE(out ? out->ctx : NULL, "payload_type, payload and out are required");
	size_t before = out->len;
	aim_status rc = add_pae(out, payload_type, payload);
	if (rc != AIM_OK)
		aim__buf_truncate(out, before);
	return rc;
}

/* ---- writing ---- */

typedef struct signature {
	char keyid[AIM_KEY_ID_SIZE];
	uint8_t bytes[AIM_KEY_SIGNATURE_LEN];
} signature;

static aim_status make_signature(const aim_key *key, aim_bytes pae, signature *out, aim_error *err)
{
	aim_status rc = aim_key_id(aim__key_ctx(key), aim__key_public(key), out->keyid);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return aim__key_sign(key, SIGNERS, pae, out->bytes, err);
}

static void write_signature(aim__json_writer *w, const signature *s)
{
	aim__write_begin_object(w);
	aim__write_member_text(w, "keyid", s->keyid);
	aim__write_key(w, "sig");
	aim__write_base64(w, (aim_bytes){s->bytes, sizeof s->bytes});
	aim__write_end_object(w);
}

static aim_status write_first(const signature *s, aim_str type, aim_bytes payload, aim_buf *out,
                              aim_error *err)
{
	aim__json_writer w;
	size_t text = aim__encoding_text_size(AIM_ENCODING_BASE64, payload.len);
	aim_status rc = aim__buf_reserve(out, text + type.len + ENVELOPE_HEAD);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "payload");
	aim__write_base64(&w, payload);
	aim__write_member_string(&w, "payloadType", type);
	aim__write_key(&w, "signatures");
	aim__write_begin_array(&w);
	write_signature(&w, s);
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* The encoding is written behind what work holds. payload may be in work, when work has room for it. */
static aim_status sign_behind(const aim_key *key, aim_str type, aim_bytes payload, aim_buf *work, aim_buf *out,
                              aim_error *err)
{
	signature s;
	size_t before = work->len;
	aim_status rc = add_pae(work, type, payload);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	rc = make_signature(key, aim_bytes_from(work->ptr + before, work->len - before), &s, err);
	return rc == AIM_OK ? write_first(&s, type, payload, out, err) : rc;
}

aim_status aim__dsse_sign(const aim_key *key, aim_str type, aim_buf *work, aim_buf *out, aim_error *err)
{
	aim_status rc = aim__dsse_check_size(work->ctx, work->len, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__buf_reserve(work, aim__dsse_pae_size(type, work->len));
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return sign_behind(key, type, aim_buf_bytes(work), work, out, err);
}

aim_status aim_dsse_sign(const aim_key *key, aim_str payload_type, aim_bytes payload, aim_buf *out,
                         aim_error *err)
{
	aim_buf pae;
	if (!key || !out || !payload_type.ptr || payload_type.len == 0 || (!payload.ptr && payload.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, payload_type, payload and out are required");
	aim_ctx *ctx = aim__key_ctx(key);
	if (payload_type.len > AIM_DSSE_MAX_TYPE)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "payload_type has more than %u bytes",
		                 AIM_DSSE_MAX_TYPE);
	aim_status rc = aim__dsse_check_size(ctx, payload.len, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&pae, ctx);
	rc = sign_behind(key, payload_type, payload, &pae, out, err);
	aim__buf_dispose(&pae);
	return rc;
}

/* ---- adding ---- */

static aim_status check_not_signed(const aim__dsse *e, const signature *mine, aim_error *err)
{
	const aim_json *doc = &e->doc;
	for (aim_json_value v = aim__json_first(doc, e->signatures); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (aim_str_equal(aim__json_string(doc, aim__json_member_text(doc, v, "keyid")),
		                  (aim_str){mine->keyid, KEYID_LEN}))
			return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_EVIDENCE,
			                 "DSSE envelope: this key has signed it already");
	if (aim_json_count(doc, e->signatures) == AIM_DSSE_MAX_SIGNATURES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "DSSE envelope: %u signatures are the most",
		                 AIM_DSSE_MAX_SIGNATURES);
	return AIM_OK;
}

static void write_raw_value(aim__json_writer *w, const aim_json *doc, aim_json_value v)
{
	aim__write_raw(w, aim_json_raw(doc, v));
}

/* Members that we do not know stay where they are. */
static aim_status write_with(const aim__dsse *e, const signature *mine, aim_buf *out, aim_error *err)
{
	const aim_json *doc = &e->doc;
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	for (aim_json_value v = aim__json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim__write_key_str(&w, aim__json_key(doc, v));
		if (v != e->signatures) {
			write_raw_value(&w, doc, v);
			continue;
		}
		aim__write_begin_array(&w);
		for (aim_json_value s = aim__json_first(doc, v); s != AIM_JSON_NONE; s = aim__json_next(doc, s))
			write_raw_value(&w, doc, s);
		write_signature(&w, mine);
		aim__write_end_array(&w);
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim_dsse_add_signature(const aim_key *key, aim_str text, aim_buf *out, aim_error *err)
{
	aim__dsse e;
	signature mine;
	if (!key || !out || !text.ptr)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, envelope and out are required");
	aim__dsse_init(&e, aim__key_ctx(key));
	aim_status rc = aim__dsse_read(&e, text, err);
	if (rc == AIM_OK)
		rc = make_signature(key, aim_buf_bytes(&e.pae), &mine, err);
	if (rc == AIM_OK)
		rc = check_not_signed(&e, &mine, err);
	if (rc == AIM_OK)
		rc = write_with(&e, &mine, out, err);
	aim__dsse_dispose(&e);
	return rc;
}
