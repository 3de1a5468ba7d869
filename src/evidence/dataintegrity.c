/* evidence/dataintegrity.c — eddsa-jcs-2022 proofs made (vc-di-eddsa §3.3.1), and the hashing of both directions.
 * Layer evidence. */
#include "evidence/dataintegrity.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "base/time.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/provider.h"

#include <aim/keyform.h>
#include <string.h>

AIM__NO_PADDING(aim_dataintegrity_options, 8 + 2 * 8 + 4 * sizeof(aim_str));

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define DID_PREFIX_LEN 8u /* did:key: */

/* ---- hashing ---- */

aim_status aim__dataintegrity_hash_text(aim_ctx *ctx, aim_bytes text, uint8_t out[32], aim_error *err)
{
	aim_json doc;
	aim_buf canonical;
	aim__json_init(&doc, ctx);
	aim__buf_init(&canonical, ctx);
	aim_status rc = aim_json_parse(&doc, text, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(&doc, AIM_JSON_ROOT, 0, &canonical, err);
	if (rc == AIM_OK && (rc = aim__sha256_one(ctx, canonical.ptr, canonical.len, out)) != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&canonical);
	aim__json_dispose(&doc);
	return rc == AIM_E_JSON_SIZE || rc == AIM_E_JSON_DEPTH ? AIM_E_LIMIT : rc;
}

static void write_members(aim__json_writer *w, const aim_json *doc, aim_json_value object, const char *without,
                          aim_json_value context)
{
	for (aim_json_value v = aim__json_first(doc, object); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_str name = aim__json_key(doc, v);
		int is_context = context != AIM_JSON_NONE && aim_str_equal(name, aim_str_from("@context"));
		if (without && aim_str_equal(name, aim_str_from(without)))
			continue;
		aim__write_key_str(w, name);
		aim__write_raw(w, aim_json_raw(doc, is_context ? context : v));
	}
}

aim_status aim__dataintegrity_hash(const aim_json *doc, aim_json_value object, const char *without,
                                   aim_json_value context, uint8_t out[32], aim_error *err)
{
	aim_buf text;
	aim__json_writer w;
	aim__buf_init(&text, doc->ctx);
	aim__write_init(&w, &text);
	aim__write_begin_object(&w);
	write_members(&w, doc, object, without, context);
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK)
		rc = aim__dataintegrity_hash_text(doc->ctx, aim_buf_bytes(&text), out, err);
	else
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&text);
	return rc;
}

/* ---- making a proof ---- */

/* One proof on its way. */
typedef struct proof {
	const aim_json *doc;
	aim_dataintegrity_options options; /* defaults filled in */
	aim_json_value context;            /* of the document */
	char created[AIM__TIME_TEXT_SIZE]; /* "" when left out */
	char expires[AIM__TIME_TEXT_SIZE];
	aim_buf method; /* holds the default */
} proof;

static void write_optional(aim__json_writer *w, const char *name, aim_str text)
{
	if (text.len > 0)
		aim__write_member_string(w, name, text);
}

/* The proof options; with value, the whole proof. In canonical order, for readers' sake. */
static void write_proof(aim__json_writer *w, const proof *p, aim_str value)
{
	aim__write_begin_object(w);
	if (p->context != AIM_JSON_NONE) {
		aim__write_key(w, "@context");
		aim__write_raw(w, aim_json_raw(p->doc, p->context));
	}
	write_optional(w, "challenge", p->options.challenge);
	write_optional(w, "created", aim_str_from(p->created));
	aim__write_member_text(w, "cryptosuite", AIM__DATAINTEGRITY_SUITE);
	write_optional(w, "domain", p->options.domain);
	write_optional(w, "expires", aim_str_from(p->expires));
	aim__write_member_string(w, "proofPurpose", p->options.purpose);
	write_optional(w, "proofValue", value);
	aim__write_member_text(w, "type", AIM__DATAINTEGRITY_TYPE);
	aim__write_member_string(w, "verificationMethod", p->options.verification_method);
	aim__write_end_object(w);
}

static aim_status hash_options(const proof *p, uint8_t out[32], aim_error *err)
{
	aim_buf text;
	aim__json_writer w;
	const aim_str none = {NULL, 0};
	aim__buf_init(&text, p->doc->ctx);
	aim__write_init(&w, &text);
	write_proof(&w, p, none);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK)
		rc = aim__dataintegrity_hash_text(p->doc->ctx, aim_buf_bytes(&text), out, err);
	else
		aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	aim__buf_dispose(&text);
	return rc;
}

static aim_status write_secured(const proof *p, const uint8_t signature[AIM_KEY_SIGNATURE_LEN], aim_buf *out,
                                aim_error *err)
{
	char value[1 + 128] = "z"; /* multibase: base58btc */
	const aim_bytes bytes = {signature, AIM_KEY_SIGNATURE_LEN};
	size_t len = 1 + aim__encoding_write(AIM_ENCODING_BASE58, bytes, value + 1);
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	write_members(&w, p->doc, AIM_JSON_ROOT, NULL, AIM_JSON_NONE);
	aim__write_key(&w, "proof");
	write_proof(&w, p, (aim_str){value, len});
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* did:key:z6Mk…#z6Mk… */
static aim_status default_method(const aim_key *key, proof *p, aim_error *err)
{
	aim_status rc = aim_keyform_public(aim__key_ctx(key), aim__key_public(key), AIM_KEYFORM_DID, &p->method);
	size_t len = p->method.len;
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(&p->method, '#');
	if (rc == AIM_OK)
		rc = aim_buf_append(&p->method, (aim_bytes){p->method.ptr + DID_PREFIX_LEN, len - DID_PREFIX_LEN});
	p->options.verification_method = aim_buf_str(&p->method);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status take_options(const aim_key *key, proof *p, const aim_dataintegrity_options *options,
                               aim_error *err)
{
	aim_dataintegrity_options *o = &p->options;
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_dataintegrity_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_dataintegrity_options.flags must be 0");
	if ((o->created_s != 0 && aim__time_format_s(p->created, o->created_s) != AIM_OK) ||
	    (o->expires_s != 0 && aim__time_format_s(p->expires, o->expires_s) != AIM_OK))
		return AIM__MISUSE(aim__key_ctx(key), "options.created_s or expires_s is beyond year 9999");
	if (o->purpose.len == 0)
		o->purpose = aim_str_from(AIM__DATAINTEGRITY_PURPOSE);
	return o->verification_method.len == 0 ? default_method(key, p, err) : AIM_OK;
}

static aim_status check_document(const aim_json *doc, aim_error *err)
{
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return aim__fail(err, AIM_E_ENVELOPE, AIM_LAYER_EVIDENCE, "Data Integrity: the document is no object");
	if (aim__json_member_text(doc, AIM_JSON_ROOT, "proof") != AIM_JSON_NONE)
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_EVIDENCE, "Data Integrity: the document has a proof already");
	return AIM_OK;
}

static aim_status sign(const aim_key *key, const proof *p, aim_buf *out, aim_error *err)
{
	aim__dataintegrity_hashes h;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_status rc = hash_options(p, h.options, err);
	if (rc == AIM_OK)
		rc = aim__dataintegrity_hash(p->doc, AIM_JSON_ROOT, NULL, AIM_JSON_NONE, h.document, err);
	if (rc == AIM_OK)
		rc = aim__key_sign(key, SIGNERS, aim_bytes_from(&h, sizeof h), signature, err);
	return rc == AIM_OK ? write_secured(p, signature, out, err) : rc;
}

aim_status aim_dataintegrity_sign(const aim_key *key, const aim_json *doc, const aim_dataintegrity_options *options,
                                  aim_buf *out, aim_error *err)
{
	proof p = {.doc = doc, .options = {.struct_size = sizeof p.options}};
	if (!key || !doc || !out)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, doc and out are required");
	aim_status rc = check_document(doc, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&p.method, aim__key_ctx(key));
	p.context = aim__json_member_text(doc, AIM_JSON_ROOT, "@context");
	rc = take_options(key, &p, options, err);
	if (rc == AIM_OK)
		rc = sign(key, &p, out, err);
	aim__buf_dispose(&p.method);
	return rc;
}
