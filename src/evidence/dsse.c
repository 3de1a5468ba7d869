/* evidence/dsse.c — DSSE v1 envelopes written, read and verified. Layer evidence; knows keys, not who holds
 * them, and nothing of what a payload means.
 *
 * The payload is decoded behind its own pre-authentication encoding, so that the bytes that are verified and the
 * bytes that are handed out are the same bytes. */
#include <aim/dsse.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "evidence/signature.h"
#include "evidence/verifycache.h"

#include <string.h>

AIM__NO_PADDING(aim_dsse_options, 8 + sizeof(aim_str) + 2 * sizeof(void *) + 3 * 8);

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define KEYID_LEN (AIM_KEY_ID_SIZE - 1)
#define SIG_TEXT_LEN 88u

/* An envelope as it was read. The spans borrow from the document. */
typedef struct envelope {
	aim_json doc;
	aim_buf pae;    /* the encoding, the decoded payload at its end */
	size_t payload; /* where in pae it begins */
	aim_str type;
	aim_str payload_text;
	aim_json_value signatures; /* a non-empty array */
} envelope;

static aim_status malformed(const aim_json *doc, aim_json_value at, const char *what, aim_error *err)
{
	aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "DSSE envelope: %s", what);
	aim__json_error_at(doc, at, err);
	return AIM_E_ENVELOPE;
}

/* ---- the pre-authentication encoding ---- */

static aim_status add_sized(aim_buf *out, size_t len)
{
	aim_status rc = aim__buf_add_byte(out, ' ');
	if (rc == AIM_OK)
		rc = aim__buf_add_u64(out, len);
	return rc == AIM_OK ? aim__buf_add_byte(out, ' ') : rc;
}

/* Everything in front of the payload. */
static aim_status add_pae_head(aim_buf *out, aim_str type, size_t payload_len)
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
	aim_status rc = add_pae_head(out, type, payload.len);
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

static void write_base64(aim__json_writer *w, aim_bytes bytes)
{
	aim_buf text;
	aim__buf_init(&text, w->out->ctx);
	aim_status rc = aim__buf_add_byte(&text, '"');
	if (rc == AIM_OK)
		rc = aim_encoding_encode(AIM_ENCODING_BASE64, bytes, &text);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&text, '"');
	aim__write_raw(w, aim_buf_bytes(&text));
	if (rc != AIM_OK && w->status == AIM_OK)
		w->status = rc;
	aim__buf_dispose(&text);
}

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
	write_base64(w, (aim_bytes){s->bytes, sizeof s->bytes});
	aim__write_end_object(w);
}

static aim_status write_first(const signature *s, aim_str type, aim_bytes payload, aim_buf *out,
                              aim_error *err)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "payload");
	write_base64(&w, payload);
	aim__write_member_string(&w, "payloadType", type);
	aim__write_key(&w, "signatures");
	aim__write_begin_array(&w);
	write_signature(&w, s);
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status check_size(const aim_ctx *ctx, size_t len, aim_error *err)
{
	if (len <= ctx->limits.max_message_bytes)
		return AIM_OK;
	return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
	                 "the payload of %zu bytes is over limits.max_message_bytes", len);
}

aim_status aim_dsse_sign(const aim_key *key, aim_str payload_type, aim_bytes payload, aim_buf *out,
                         aim_error *err)
{
	signature s;
	aim_buf pae;
	if (!key || !out || !payload_type.ptr || payload_type.len == 0 || (!payload.ptr && payload.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, payload_type, payload and out are required");
	aim_ctx *ctx = aim__key_ctx(key);
	if (payload_type.len > AIM_DSSE_MAX_TYPE)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "payload_type has more than %u bytes",
		                 AIM_DSSE_MAX_TYPE);
	aim_status rc = check_size(ctx, payload.len, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&pae, ctx);
	rc = add_pae(&pae, payload_type, payload);
	if (rc != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	else
		rc = make_signature(key, aim_buf_bytes(&pae), &s, err);
	if (rc == AIM_OK)
		rc = write_first(&s, payload_type, payload, out, err);
	aim__buf_dispose(&pae);
	return rc;
}

/* ---- reading ---- */

static void envelope_init(envelope *e, aim_ctx *ctx)
{
	memset(e, 0, sizeof *e);
	aim__json_init(&e->doc, ctx);
	aim__buf_init(&e->pae, ctx);
}

static void envelope_dispose(envelope *e)
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

static aim_status read_members(envelope *e, aim_error *err)
{
	const aim_json *doc = &e->doc;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return malformed(doc, AIM_JSON_ROOT, "not an object", err);
	e->payload_text = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "payload"));
	e->type = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "payloadType"));
	e->signatures = aim__json_member_text(doc, AIM_JSON_ROOT, "signatures");
	if (!e->payload_text.ptr)
		return malformed(doc, AIM_JSON_ROOT, "payload is no string", err);
	if (e->type.len == 0)
		return malformed(doc, AIM_JSON_ROOT, "payloadType is no string, or empty", err);
	if (aim__json_type(doc, e->signatures) != AIM_JSON_ARRAY || aim_json_count(doc, e->signatures) == 0)
		return malformed(doc, AIM_JSON_ROOT, "signatures is no list, or empty", err);
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

static aim_status decode_payload(envelope *e)
{
	uint32_t form = alphabet_of(e->payload_text);
	size_t len = decoded_size(e->payload_text), cap = aim__encoding_bytes_size(form, e->payload_text.len);
	aim_status rc = add_pae_head(&e->pae, e->type, len);
	if (rc == AIM_OK)
		rc = aim__buf_reserve(&e->pae, cap);
	if (rc != AIM_OK)
		return rc;
	e->payload = e->pae.len;
	rc = aim__encoding_read(form, e->payload_text, e->pae.ptr + e->payload, cap, &len, NULL);
	e->pae.len += rc == AIM_OK ? len : 0;
	return rc;
}

static aim_status read_payload(envelope *e, aim_error *err)
{
	aim_status rc = check_size(e->doc.ctx, decoded_size(e->payload_text), err);
	if (rc != AIM_OK)
		return rc;
	rc = decode_payload(e);
	if (rc == AIM_E_ENCODING)
		return malformed(&e->doc, aim__json_member_text(&e->doc, AIM_JSON_ROOT, "payload"),
		                 "payload is not padded base64", err);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status read_envelope(envelope *e, aim_str text, aim_error *err)
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

static aim_status read_sig(const aim_json *doc, aim_json_value item, uint8_t out[AIM_KEY_SIGNATURE_LEN],
                           aim_str *out_keyid, aim_error *err)
{
	aim_json_value keyid = aim__json_member_text(doc, item, "keyid");
	aim_str sig = aim__json_string(doc, aim__json_member_text(doc, item, "sig"));
	if (!sig.ptr)
		return malformed(doc, item, "a signature without sig", err);
	if (keyid != AIM_JSON_NONE && aim__json_type(doc, keyid) != AIM_JSON_STRING)
		return malformed(doc, keyid, "keyid is no string", err);
	*out_keyid = aim__json_string(doc, keyid);
	/* A signature of another algorithm may be of any length: it is nobody's we know. */
	if (sig.len != SIG_TEXT_LEN ||
	    aim__encoding_read_exact(alphabet_of(sig), sig, out, AIM_KEY_SIGNATURE_LEN) != AIM_OK)
		memset(out, 0, AIM_KEY_SIGNATURE_LEN);
	return AIM_OK;
}

/* ---- adding ---- */

static aim_status check_not_signed(const envelope *e, const signature *mine, aim_error *err)
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
static aim_status write_with(const envelope *e, const signature *mine, aim_buf *out, aim_error *err)
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
	envelope e;
	signature mine;
	if (!key || !out || !text.ptr)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, envelope and out are required");
	envelope_init(&e, aim__key_ctx(key));
	aim_status rc = read_envelope(&e, text, err);
	if (rc == AIM_OK)
		rc = make_signature(key, aim_buf_bytes(&e.pae), &mine, err);
	if (rc == AIM_OK)
		rc = check_not_signed(&e, &mine, err);
	if (rc == AIM_OK)
		rc = write_with(&e, &mine, out, err);
	envelope_dispose(&e);
	return rc;
}

/* ---- verifying ---- */

static aim_status take_options(const aim_ctx *ctx, aim_dsse_options *o, const aim_dsse_options *options,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_dsse_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_dsse_options.flags must be 0");
	if (o->threshold == 0)
		o->threshold = 1;
	if (!o->payload_type.ptr || o->payload_type.len == 0 || !o->keys || o->n_keys == 0)
		return AIM__MISUSE(ctx, "options.payload_type and options.keys are required");
	if (o->n_keys > AIM_DSSE_MAX_KEYS || o->threshold > o->n_keys)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
		                 "aim_dsse_options: at most %u keys, and a threshold of at most as many",
		                 AIM_DSSE_MAX_KEYS);
	for (uint64_t i = 1; i < o->n_keys; i++)
		if (aim__key_among(&o->keys[i], o->keys, i))
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE,
			                 "aim_dsse_options.keys[%llu] is there twice", (unsigned long long)i);
	return AIM_OK;
}

/* 1 unless the hint names another of the keys. */
static int may_be_by(const aim_ctx *ctx, const aim_dsse_options *o, uint64_t i, aim_str keyid)
{
	char id[AIM_KEY_ID_SIZE];
	int named = 0;
	if (keyid.len != KEYID_LEN)
		return 1;
	for (uint64_t k = 0; k < o->n_keys; k++) {
		if (aim_key_id(ctx, &o->keys[k], id) != AIM_OK || memcmp(id, keyid.ptr, KEYID_LEN) != 0)
			continue;
		if (k == i)
			return 1;
		named = 1;
	}
	return !named;
}

/* Sets the bit of the key that made this signature, if there is one. */
static aim_status match_one(const aim_ctx *ctx, const aim_dsse_options *o, const envelope *e,
                            aim_json_value item, uint64_t *signers, aim_error *err)
{
	uint8_t sig[AIM_KEY_SIGNATURE_LEN];
	aim_str keyid;
	aim_status rc = read_sig(&e->doc, item, sig, &keyid, err);
	const aim_bytes pae = aim_buf_bytes(&e->pae);
	for (uint64_t i = 0; rc == AIM_OK && i < o->n_keys; i++) {
		const aim__verified what = {o->generation, o->keys[i].bytes, sig, &pae, 1};
		if (*signers >> i & 1 || !may_be_by(ctx, o, i, keyid))
			continue;
		rc = aim__verify_cached(ctx, o->cache, &what, pae, err);
		if (rc == AIM_OK) {
			*signers |= UINT64_C(1) << i;
			return AIM_OK;
		}
		if (rc == AIM_E_SIGNATURE)
			rc = AIM_OK;
	}
	return rc;
}

static uint64_t count_bits(uint64_t bits)
{
	uint64_t n = 0;
	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

static aim_status match_all(const aim_ctx *ctx, const aim_dsse_options *o, const envelope *e, uint64_t *signers,
                            aim_error *err)
{
	const aim_json *doc = &e->doc;
	for (aim_json_value v = aim__json_first(doc, e->signatures); v != AIM_JSON_NONE;
	     v = aim__json_next(doc, v)) {
		aim_status rc = match_one(ctx, o, e, v, signers, err);
		if (rc != AIM_OK)
			return rc;
	}
	uint64_t n = count_bits(*signers);
	if (n == 0)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE,
		                 "DSSE envelope: no valid signature by any of the %llu keys",
		                 (unsigned long long)o->n_keys);
	if (n < o->threshold)
		return aim__fail(err, AIM_E_THRESHOLD, AIM_LAYER_EVIDENCE,
		                 "DSSE envelope: valid signatures by %llu of the keys; %llu are needed",
		                 (unsigned long long)n, (unsigned long long)o->threshold);
	if (err)
		aim_error_clear(err);
	return AIM_OK;
}

static aim_status verify(const aim_ctx *ctx, const aim_dsse_options *o, envelope *e, aim_str text,
                         aim_buf *out_payload, uint64_t *signers, aim_error *err)
{
	aim_status rc = read_envelope(e, text, err);
	if (rc != AIM_OK)
		return rc;
	if (!aim_str_equal(e->type, o->payload_type))
		return malformed(&e->doc, aim__json_member_text(&e->doc, AIM_JSON_ROOT, "payloadType"),
		                 "payloadType is not the one that was asked for", err);
	rc = match_all(ctx, o, e, signers, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim__buf_add(out_payload, e->pae.ptr + e->payload, e->pae.len - e->payload);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

aim_status aim_dsse_verify(const aim_ctx *ctx, aim_str text, const aim_dsse_options *options,
                           aim_buf *out_payload, uint64_t *out_signers, aim_error *err)
{
	aim_dsse_options o = {.struct_size = sizeof o};
	uint64_t signers = 0;
	envelope e;
	if (out_signers)
		*out_signers = 0;
	if (!ctx || !options || !out_payload || (!text.ptr && text.len > 0))
		return AIM__MISUSE(ctx, "ctx, envelope, options and out_payload are required");
	aim_status rc = take_options(ctx, &o, options, err);
	if (rc != AIM_OK)
		return rc;
	envelope_init(&e, aim__ctx_mutable(ctx));
	rc = verify(ctx, &o, &e, text, out_payload, &signers, err);
	envelope_dispose(&e);
	if (rc == AIM_OK && out_signers)
		*out_signers = signers;
	return rc;
}
