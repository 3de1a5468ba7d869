/* evidence/jws.c — JWS compact serialisation with Ed25519. Layer evidence; the key comes from the caller and never
 * from a token (RFC 8725 §3.1). */
#include <aim/jws.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_jws_options, 8 + 2 * sizeof(aim_str) + sizeof(aim_bytes));

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define FLAGS (AIM_JWS_DETACHED | AIM_JWS_ALG_ED25519)
#define SIGNATURE_TEXT_LEN 86u

static aim_status malformed(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "JWS: %s", what);
}

static aim_status take_options(aim_jws_options *o, const aim_jws_options *options, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_jws_options", err);
	if (rc == AIM_OK && o->flags & ~FLAGS)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_jws_options.flags has an unknown flag");
	return rc;
}

static aim_status check_size(const aim_ctx *ctx, size_t len, aim_error *err)
{
	if (len <= ctx->limits.max_message_bytes)
		return AIM_OK;
	return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE,
	                 "the payload of %zu bytes is over limits.max_message_bytes", len);
}

/* ---- signing ---- */

static aim_status header_text(const aim_jws_options *o, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "alg", o->flags & AIM_JWS_ALG_ED25519 ? "Ed25519" : "EdDSA");
	if (o->key_id.len > 0)
		aim__write_member_string(&w, "kid", o->key_id);
	if (o->type.len > 0)
		aim__write_member_string(&w, "typ", o->type);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status add_base64url(aim_buf *out, aim_bytes bytes)
{
	return aim_encoding_encode(AIM_ENCODING_BASE64URL, bytes, out);
}

/* The encoded header and the dot. */
static aim_status add_header(const aim_jws_options *o, aim_buf *out)
{
	aim_buf text;
	aim__buf_init(&text, out->ctx);
	aim_status rc = header_text(o, &text);
	if (rc == AIM_OK && aim__encoding_text_size(AIM_ENCODING_BASE64URL, text.len) > AIM_JWS_MAX_HEADER)
		rc = AIM_E_LIMIT;
	if (rc == AIM_OK)
		rc = add_base64url(out, aim_buf_bytes(&text));
	aim__buf_dispose(&text);
	return rc == AIM_OK ? aim__buf_add_byte(out, '.') : rc;
}

/* header.payload: what is signed (RFC 7515 §5.1). */
static aim_status add_input(const aim_jws_options *o, aim_bytes payload, aim_buf *out, size_t *payload_at)
{
	aim_status rc = add_header(o, out);
	*payload_at = out->len;
	return rc == AIM_OK ? add_base64url(out, payload) : rc;
}

static aim_status add_token(const aim_buf *input, size_t payload_at, uint32_t flags, const uint8_t *signature,
                            aim_buf *out)
{
	size_t before = out->len;
	size_t len = flags & AIM_JWS_DETACHED ? payload_at : input->len;
	aim_status rc = aim__buf_add(out, input->ptr, len);
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, '.');
	if (rc == AIM_OK)
		rc = add_base64url(out, (aim_bytes){signature, AIM_KEY_SIGNATURE_LEN});
	if (rc != AIM_OK)
		aim__buf_truncate(out, before);
	return rc;
}

static aim_status sign(const aim_key *key, aim_bytes payload, const aim_jws_options *o, aim_buf *out,
                       aim_error *err)
{
	aim_buf input;
	size_t payload_at = 0;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim__buf_init(&input, aim__key_ctx(key));
	aim_status rc = add_input(o, payload, &input, &payload_at);
	if (rc != AIM_OK) {
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		goto out;
	}
	rc = aim__key_sign(key, SIGNERS, aim_buf_bytes(&input), signature, err);
	if (rc != AIM_OK)
		goto out;
	rc = add_token(&input, payload_at, o->flags, signature, out);
	if (rc != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
out:
	aim__buf_dispose(&input);
	return rc;
}

aim_status aim_jws_sign(const aim_key *key, aim_bytes payload, const aim_jws_options *options, aim_buf *out,
                        aim_error *err)
{
	aim_jws_options o = {.struct_size = sizeof o};
	if (!key || !out || (!payload.ptr && payload.len > 0))
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, payload and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc == AIM_OK)
		rc = check_size(aim__key_ctx(key), payload.len, err);
	return rc == AIM_OK ? sign(key, payload, &o, out, err) : rc;
}

/* ---- reading ---- */

typedef struct parts {
	aim_str header;
	aim_str payload;
	aim_str signature;
	aim_str input; /* header.payload as it stands in the token */
} parts;

static aim_status split(aim_str token, parts *out, aim_error *err)
{
	const char *first = token.len ? memchr(token.ptr, '.', token.len) : NULL;
	size_t header = first ? (size_t)(first - token.ptr) : 0;
	const char *second = first ? memchr(first + 1, '.', token.len - header - 1) : NULL;
	size_t input = second ? (size_t)(second - token.ptr) : 0;
	if (!second || memchr(second + 1, '.', token.len - input - 1))
		return malformed("not three parts with a dot between them", err);
	out->header = (aim_str){token.ptr, header};
	out->payload = (aim_str){first + 1, input - header - 1};
	out->signature = (aim_str){second + 1, token.len - input - 1};
	out->input = (aim_str){token.ptr, input};
	return AIM_OK;
}

static aim_status check_algorithm(const aim_json *doc, aim_error *err)
{
	aim_str alg = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "alg"));
	if (!alg.ptr)
		return malformed("the header has no alg", err);
	if (aim_str_equal(alg, aim_str_from("EdDSA")) || aim_str_equal(alg, aim_str_from("Ed25519")))
		return AIM_OK;
	if (aim_str_equal(alg, aim_str_from("none")))
		return aim__fail(err, AIM_E_ALGORITHM, AIM_LAYER_EVIDENCE, "JWS: alg is none: the token is not signed");
	return aim__fail(err, AIM_E_ALGORITHM, AIM_LAYER_EVIDENCE, "JWS: alg is neither EdDSA nor Ed25519");
}

/* Extensions that change what is signed or must be understood (RFC 7515 §4.1.11, RFC 7797 §3). */
static aim_status check_extensions(const aim_json *doc, aim_error *err)
{
	aim_json_value b64 = aim__json_member_text(doc, AIM_JSON_ROOT, "b64");
	int32_t encoded = 0;
	if (aim__json_member_text(doc, AIM_JSON_ROOT, "crit") != AIM_JSON_NONE)
		return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_EVIDENCE,
		                 "JWS: the header has crit; no extension is understood");
	if (b64 == AIM_JSON_NONE)
		return AIM_OK;
	if (aim_json_bool(doc, b64, &encoded) != AIM_OK)
		return malformed("b64 is neither true nor false", err);
	return encoded ? AIM_OK
	               : aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_EVIDENCE,
	                           "JWS: b64 is false; unencoded payloads are not supported");
}

static aim_status check_header(const aim_json *doc, aim_error *err)
{
	static const char *const texts[] = {"typ", "kid"};
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return malformed("the header is no object", err);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		aim_json_value v = aim__json_member_text(doc, AIM_JSON_ROOT, texts[i]);
		if (v != AIM_JSON_NONE && aim__json_type(doc, v) != AIM_JSON_STRING)
			return malformed(i == 0 ? "typ is no string" : "kid is no string", err);
	}
	aim_status rc = check_algorithm(doc, err);
	return rc == AIM_OK ? check_extensions(doc, err) : rc;
}

static aim_status read_header(aim_str text, aim_json *doc, aim_error *err)
{
	uint8_t bytes[AIM_JWS_MAX_HEADER / 4 * 3];
	size_t len = 0;
	if (text.len > AIM_JWS_MAX_HEADER)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "JWS: the header has more than %u characters",
		                 AIM_JWS_MAX_HEADER);
	if (aim__encoding_read(AIM_ENCODING_BASE64URL, text, bytes, sizeof bytes, &len, NULL) != AIM_OK)
		return malformed("the header is not base64url", err);
	aim_status rc = aim_json_parse(doc, (aim_bytes){bytes, len}, 0, err);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return rc == AIM_OK ? check_header(doc, err) : malformed("the header is not JSON", err);
}

/* What is found wrong is not handed out. */
static aim_status header_of(aim_str text, aim_json *doc, aim_error *err)
{
	aim_status rc = read_header(text, doc, err);
	if (rc != AIM_OK)
		doc->n_nodes = 0;
	return rc;
}

aim_status aim_jws_header(const aim_ctx *ctx, aim_str token, aim_json *out_header, aim_error *err)
{
	parts p;
	if (!ctx || !out_header || (!token.ptr && token.len > 0))
		return AIM__MISUSE(ctx, "ctx, token and out_header are required");
	out_header->n_nodes = 0;
	aim_status rc = split(token, &p, err);
	return rc == AIM_OK ? header_of(p.header, out_header, err) : rc;
}

/* ---- verifying ---- */

/* "application/" may be left out when there is no other slash (RFC 7515 §4.1.9). */
static aim_str short_type(aim_str type)
{
	static const char prefix[] = "application/";
	const size_t n = sizeof prefix - 1;
	if (!type.ptr || type.len <= n || !aim__ascii_equal_folded((aim_str){type.ptr, n}, (aim_str){prefix, n}) ||
	    memchr(type.ptr + n, '/', type.len - n))
		return type;
	return (aim_str){type.ptr + n, type.len - n};
}

static aim_status check_expected(const aim_json *doc, const aim_jws_options *o, aim_error *err)
{
	aim_str typ = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "typ"));
	aim_str kid = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "kid"));
	if (o->type.len > 0 && (!typ.ptr || !aim__ascii_equal_folded(short_type(typ), short_type(o->type))))
		return aim__fail(err, AIM_E_CLAIM, AIM_LAYER_EVIDENCE, "JWS: typ is not the one that was asked for");
	if (o->key_id.len > 0 && !aim_str_equal(kid, o->key_id))
		return aim__fail(err, AIM_E_CLAIM, AIM_LAYER_EVIDENCE, "JWS: kid is not the one that was asked for");
	return AIM_OK;
}

static aim_status check_signature(const aim_ctx *ctx, const aim_public_key *key, aim_bytes input, aim_str text,
                                  aim_error *err)
{
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	if (text.len != SIGNATURE_TEXT_LEN ||
	    aim__encoding_read_exact(AIM_ENCODING_BASE64URL, text, signature, sizeof signature) != AIM_OK)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_EVIDENCE,
		                 "JWS: the signature is not base64url of 64 bytes");
	return aim__ed25519_verify_strict(ctx, key->bytes, input, signature, err);
}

static aim_status check_detached(const aim_ctx *ctx, const aim_public_key *key, const parts *p, aim_bytes payload,
                                 aim_error *err)
{
	aim_buf input;
	if (p->payload.len > 0)
		return malformed("a detached payload stands in the token too", err);
	aim__buf_init(&input, aim__ctx_mutable(ctx));
	aim_status rc = aim__buf_add_str(&input, p->input);
	if (rc == AIM_OK)
		rc = add_base64url(&input, payload);
	if (rc == AIM_OK)
		rc = check_signature(ctx, key, aim_buf_bytes(&input), p->signature, err);
	else
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&input);
	return rc;
}

/* A token whose signature is valid; the payload must still be base64url. */
static aim_status give_payload(const aim_ctx *ctx, aim_str text, aim_buf *out, aim_error *err)
{
	aim_buf decoded;
	aim__buf_init(&decoded, aim__ctx_mutable(ctx));
	aim_status rc = aim_encoding_decode(AIM_ENCODING_BASE64URL, text, &decoded, NULL);
	if (rc == AIM_E_ENCODING)
		malformed("the payload is not base64url", err);
	else if (rc == AIM_OK && out)
		rc = aim__buf_add(out, decoded.ptr, decoded.len);
	if (rc != AIM_OK && rc != AIM_E_ENCODING)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&decoded);
	return rc == AIM_E_ENCODING ? AIM_E_ENVELOPE : rc;
}

static aim_status check_parts(const aim_ctx *ctx, const parts *p, const aim_jws_options *o, aim_error *err)
{
	aim_json header;
	size_t len = o->flags & AIM_JWS_DETACHED ? o->payload.len : p->payload.len / 4 * 3;
	aim_status rc = check_size(ctx, len, err);
	if (rc != AIM_OK)
		return rc;
	aim__json_init(&header, aim__ctx_mutable(ctx));
	rc = header_of(p->header, &header, err);
	if (rc == AIM_OK)
		rc = check_expected(&header, o, err);
	aim__json_dispose(&header);
	return rc;
}

static aim_status verify(const aim_ctx *ctx, const aim_public_key *key, aim_str token, const aim_jws_options *o,
                         aim_buf *out_payload, aim_error *err)
{
	parts p;
	aim_status rc = split(token, &p, err);
	if (rc == AIM_OK)
		rc = check_parts(ctx, &p, o, err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & AIM_JWS_DETACHED) {
		rc = check_detached(ctx, key, &p, o->payload, err);
		if (rc == AIM_OK && out_payload && (rc = aim__buf_add(out_payload, o->payload.ptr, o->payload.len)) != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
		return rc;
	}
	rc = check_signature(ctx, key, aim_bytes_from_str(p.input), p.signature, err);
	return rc == AIM_OK ? give_payload(ctx, p.payload, out_payload, err) : rc;
}

aim_status aim_jws_verify(const aim_ctx *ctx, const aim_public_key *public_key, aim_str token,
                          const aim_jws_options *options, aim_buf *out_payload, aim_error *err)
{
	aim_jws_options o = {.struct_size = sizeof o};
	if (!ctx || !public_key || (!token.ptr && token.len > 0))
		return AIM__MISUSE(ctx, "ctx, public_key and token are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	if (!o.payload.ptr && o.payload.len > 0)
		return AIM__MISUSE(ctx, "options.payload has a length and no bytes");
	return verify(ctx, public_key, token, &o, out_payload, err);
}
