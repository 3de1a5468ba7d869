/* mcp/mcpdocument_build.c — capabilities documents, written, signed and verified. Layer mcp. */
#include "mcp/mcpdocument.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/writer.h"
#include "crypto/key.h"
#include "evidence/signature.h"
#include "evidence/signed.h"

#include <aim/keyform.h>
#include <string.h>

#define LABEL "libaim/capabilities/v1\n"

#define WORD sizeof(uint32_t)
#define TEXT sizeof(aim_str)
AIM__NO_PADDING(aim_mcpdocument_spec, WORD * 2 + TEXT * 3 + sizeof(void *) * 2 + sizeof(size_t));

static aim_bytes label(void)
{
	return aim_bytes_from(LABEL, sizeof LABEL - 1);
}

/* --- what is signed ---------------------------------------------------------------------------------------------------------- */

/* The document without its signature, canonical. */
static aim_status canonical(const aim_json *doc, aim_buf *out, aim_error *err)
{
	aim_buf text;
	aim_json rest;
	aim__json_writer w;
	aim__buf_init(&text, doc->ctx);
	aim__json_init(&rest, doc->ctx);
	aim__write_init(&w, &text);
	aim__write_begin_object(&w);
	for (aim_json_value v = aim__json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		if (aim_str_equal(aim__json_key(doc, v), aim_str_from("signature")))
			continue;
		aim__write_key_str(&w, aim__json_key(doc, v));
		aim__write_raw(&w, aim_json_raw(doc, v));
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_MCP);
	else
		rc = aim_json_parse(&rest, aim_buf_bytes(&text), AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(&rest, AIM_JSON_ROOT, 0, out, err);
	aim__json_dispose(&rest);
	aim__buf_dispose(&text);
	return rc;
}

/* --- building ---------------------------------------------------------------------------------------------------------------- */

static void write_some(aim__json_writer *w, const char *name, aim_str text)
{
	if (text.len)
		aim__write_member_string(w, name, text);
}

static void write_json(aim__json_writer *w, const char *name, aim_bytes json)
{
	if (!json.len)
		return;
	aim__write_key(w, name);
	aim__write_raw(w, json);
}

static void write_capability(aim__json_writer *w, const aim_mcpdocument_capability *c)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "name", c->name);
	write_some(w, "description", c->description);
	write_json(w, "parameters", c->parameters);
	write_json(w, "returns", c->returns);
	aim__write_end_object(w);
}

/* Arrays of the caller's step by the size that the caller knows. */
static const aim_mcpdocument_capability *capability_at(const aim_mcpdocument_spec *spec, size_t i)
{
	return (const void *)((const uint8_t *)spec->capabilities + i * spec->capabilities->struct_size);
}

static aim_status write_document(const aim_mcpdocument_spec *spec, aim_str key_text, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "server");
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "name", spec->name);
	write_some(&w, "version", spec->version);
	aim__write_member_bool(&w, "aim_verified", (spec->flags & AIM_MCPDOCUMENT_CLAIMS_VERIFIED) != 0);
	write_some(&w, "public_key", key_text);
	write_some(&w, "capabilities_url", spec->url);
	aim__write_end_object(&w);
	aim__write_key(&w, "capabilities");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < spec->n_capabilities; i++)
		write_capability(&w, capability_at(spec, i));
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status check_json(aim_ctx *ctx, aim_bytes json, aim_error *err)
{
	aim_json doc;
	if (!json.len)
		return AIM_OK;
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, json, AIM_JSON_BORROW, err);
	aim__json_dispose(&doc);
	return rc;
}

static aim_status check_capabilities(aim_ctx *ctx, const aim_mcpdocument_spec *spec, aim_error *err)
{
	aim_status rc = AIM_OK;
	if (spec->n_capabilities > ctx->limits.max_tools)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_MCP, "more than %u capabilities", ctx->limits.max_tools);
	if (spec->n_capabilities && (!spec->capabilities || spec->capabilities->struct_size < sizeof *spec->capabilities))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_mcpdocument_spec.capabilities has no struct_size");
	for (size_t i = 0; i < spec->n_capabilities && rc == AIM_OK; i++) {
		const aim_mcpdocument_capability *c = capability_at(spec, i);
		if (!c->name.len)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "capability %zu has no name", i);
		rc = check_json(ctx, c->parameters, err);
		if (rc == AIM_OK)
			rc = check_json(ctx, c->returns, err);
	}
	return rc;
}

static aim_status take_spec(aim_ctx *ctx, aim_mcpdocument_spec *o, const aim_mcpdocument_spec *given, const aim_key *key, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof *o, "aim_mcpdocument_spec", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~AIM_MCPDOCUMENT_CLAIMS_VERIFIED)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_MCP, "aim_mcpdocument_spec.flags has a flag that is not known");
	if (!o->name.len)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_mcpdocument_spec.name is required");
	if (key && o->public_key && memcmp(o->public_key->bytes, aim__key_public(key)->bytes, AIM_KEY_PUBLIC_LEN) != 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_mcpdocument_spec.public_key is not that of the signing key");
	if (key && !o->public_key)
		o->public_key = aim__key_public(key);
	return check_capabilities(ctx, o, err);
}

static aim_status write_signature(aim__json_writer *w, const aim_key *key, aim_bytes payload, aim_error *err)
{
	char text[AIM__SIGNATURE_TEXT_SIZE], id[AIM_KEY_ID_SIZE];
	const aim_bytes parts[] = {label(), payload};
	aim_status rc = aim__signed_sign(key, AIM__KEY_BIT(AIM_KEY_SERVER), parts, 2, text, err);
	if (rc != AIM_OK)
		return rc;
	rc = aim_key_id(aim__key_ctx(key), aim__key_public(key), id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	aim__write_key(w, "signature");
	aim__write_begin_object(w);
	aim__write_member_text(w, "alg", "ed25519");
	aim__write_member_text(w, "key_id", id);
	aim__write_member_text(w, "value", text);
	aim__write_end_object(w);
	return AIM_OK;
}

/* "capabilities", "server", "signature": the order of RFC 8785 is that in which they are written. */
static aim_status write_signed(const aim_json *doc, const aim_key *key, aim_buf *out, aim_error *err)
{
	aim_buf payload;
	aim__json_writer w;
	aim__buf_init(&payload, doc->ctx);
	aim_status rc = aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, &payload, err);
	if (rc == AIM_OK) {
		static const char *const names[] = {"capabilities", "server"};
		aim__write_init(&w, out);
		aim__write_begin_object(&w);
		for (size_t i = 0; i < 2; i++) {
			aim__write_key(&w, names[i]);
			aim__write_canonical(&w, doc, aim__json_member_text(doc, AIM_JSON_ROOT, names[i]), 0);
		}
		if (key)
			rc = write_signature(&w, key, aim_buf_bytes(&payload), err);
		aim__write_end_object(&w);
		if (rc != AIM_OK)
			aim__buf_truncate(out, w.start);
		else if ((rc = aim__write_finish(&w)) != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_MCP);
	}
	aim__buf_dispose(&payload);
	return rc;
}

static aim_status build(aim_ctx *ctx, const aim_mcpdocument_spec *spec, const aim_key *key, aim_buf *out, aim_error *err)
{
	aim_buf text, key_text;
	aim_json doc;
	aim_status rc = AIM_OK;
	aim__buf_init(&text, ctx);
	aim__buf_init(&key_text, ctx);
	aim__json_init(&doc, ctx);
	if (spec->public_key)
		rc = aim_keyform_public(ctx, spec->public_key, AIM_KEYFORM_DER_HEX, &key_text);
	if (rc == AIM_OK)
		rc = write_document(spec, aim_buf_str(&key_text), &text);
	if (rc != AIM_OK)
		aim__fail_plain(err, rc, AIM_LAYER_MCP);
	else
		rc = aim_json_parse(&doc, aim_buf_bytes(&text), AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = write_signed(&doc, key, out, err);
	aim__json_dispose(&doc);
	aim__buf_dispose(&key_text);
	aim__buf_dispose(&text);
	return rc;
}

aim_status aim_mcpdocument_build(aim_ctx *ctx, const aim_mcpdocument_spec *spec, const aim_key *key, aim_buf *out,
                                 aim_error *err)
{
	aim_mcpdocument_spec o = {.struct_size = sizeof o};
	if (!ctx || !spec || !out)
		return AIM__MISUSE(ctx, "ctx, spec and out are required");
	aim_status rc = take_spec(ctx, &o, spec, key, err);
	return rc == AIM_OK ? build(ctx, &o, key, out, err) : rc;
}

/* --- verifying --------------------------------------------------------------------------------------------------------------- */

static aim_status read_signature(const aim_json *doc, uint8_t out[AIM_KEY_SIGNATURE_LEN], aim_str *out_id, aim_error *err)
{
	aim_json_value s = aim__json_member_text(doc, AIM_JSON_ROOT, "signature");
	aim_str alg = aim__json_string(doc, aim__json_member_text(doc, s, "alg"));
	aim_str value = aim__json_string(doc, aim__json_member_text(doc, s, "value"));
	*out_id = aim__json_string(doc, aim__json_member_text(doc, s, "key_id"));
	if (s == AIM_JSON_NONE)
		return aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_MCP, "the document is not signed");
	/* Nothing else: what stands here is not signed. */
	if (aim_json_count(doc, s) != 3 || !out_id->ptr || !aim_str_equal(alg, aim_str_from("ed25519")) ||
	    aim__signature_read(value, out) != AIM_OK) {
		aim__fail(err, AIM_E_SIGNATURE, AIM_LAYER_MCP,
		          "signature must hold alg ed25519, key_id, 64 bytes of base64 in value, and nothing else");
		aim__json_error_at(doc, s, err);
		return AIM_E_SIGNATURE;
	}
	return AIM_OK;
}

/* The signature must name the key that is asked for, and the document none or the same. */
static aim_status check_key(const aim_mcpdocument *d, const aim_public_key *public_key, aim_str key_id, aim_error *err)
{
	char id[AIM_KEY_ID_SIZE];
	aim_status rc = aim_key_id(d->ctx, public_key, id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	if (!aim_str_equal(key_id, aim_str_from(id)))
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_MCP, "the document is signed by another key");
	if (d->summary.flags & AIM_MCPDOCUMENT_HAS_KEY &&
	    memcmp(d->summary.public_key.bytes, public_key->bytes, AIM_KEY_PUBLIC_LEN) != 0)
		return aim__fail(err, AIM_E_UNTRUSTED_KEY, AIM_LAYER_MCP, "the document names another key as its server's");
	return AIM_OK;
}

static aim_status verify(const aim_mcpdocument *d, const aim_public_key *public_key, aim_error *err)
{
	aim_buf payload;
	aim_str key_id;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	if (d->summary.form != AIM_MCPDOCUMENT_CAPABILITIES)
		return aim__mcpdocument_refuse(&d->doc, AIM_JSON_ROOT, "only a capabilities document can be signed", err);
	aim_status rc = read_signature(&d->doc, signature, &key_id, err);
	if (rc == AIM_OK)
		rc = check_key(d, public_key, key_id, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&payload, d->ctx);
	rc = canonical(&d->doc, &payload, err);
	if (rc == AIM_OK) {
		const aim_bytes parts[] = {label(), aim_buf_bytes(&payload)};
		rc = aim__signed_verify(d->ctx, public_key, parts, 2, signature, err);
	}
	aim__buf_dispose(&payload);
	return rc;
}

aim_status aim_mcpdocument_verify(aim_ctx *ctx, aim_bytes bytes, const aim_public_key *public_key, aim_error *err)
{
	aim_mcpdocument *d = NULL;
	if (!ctx || !public_key || (!bytes.ptr && bytes.len))
		return AIM__MISUSE(ctx, "ctx, bytes and public_key are required");
	aim_status rc = aim_mcpdocument_parse(ctx, bytes, &d, err);
	if (rc == AIM_OK)
		rc = verify(d, public_key, err);
	aim_mcpdocument_free(d);
	return rc;
}
