/* evidence/rfc9421_sign.c — making HTTP message signatures (RFC 9421 §3.1). Layer evidence. */
#include "evidence/rfc9421.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "crypto/key.h"

#include <aim/keyform.h>
#include <string.h>

AIM__NO_PADDING(aim_rfc9421_sign_options, sizeof(uint32_t) * 2 + sizeof(void *) + sizeof(size_t) +
                                              sizeof(aim_str) * 4 + sizeof(int64_t) * 2);

#define SIGNERS (AIM__KEY_BIT(AIM_KEY_AGENT) | AIM__KEY_BIT(AIM_KEY_SERVER))
#define NONCE_LEN 16u
#define ALL_FLAGS (AIM_RFC9421_NO_CREATED | AIM_RFC9421_NO_ALG | AIM_RFC9421_NO_KEYID | AIM_RFC9421_NO_NONCE)

/* One signature in the making. */
typedef struct making {
	aim_ctx *ctx;
	const aim_key *key;
	aim__http http;
	aim_rfc9421_sign_options options;
	aim_buf params; /* the text that is signed as @signature-params */
	aim__sf sf;     /* points into params */
	aim__rfc9421_cover cover;
} making;

static aim_status status_of(aim_status rc, aim_error *err)
{
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status bad_option(const char *what, aim_error *err)
{
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "signature options: %s", what);
}

/* ---- what is covered ---- */

/* ` "signature";req;key="label"` of each signature of the request that is answered: binds the answer to it. */
static aim_status add_bindings(making *m, aim_error *err)
{
	aim_rfc9421 signatures;
	aim_status rc = aim__rfc9421_open(m->ctx, &m->http.request, &signatures, err);
	for (uint32_t i = 0; rc == AIM_OK && i < signatures.signature.n_members; i++) {
		rc = aim__buf_add_text(&m->params, " \"signature\";req;key=");
		if (rc == AIM_OK)
			rc = aim__sf_write_string(aim__sf_at(&signatures.signature, i)->key, &m->params);
		rc = status_of(rc, err);
	}
	aim__rfc9421_close(&signatures);
	return rc;
}

static aim_status add_default(making *m, aim_error *err)
{
	const aim_rfc9421_message *message = &m->http.message;
	aim_status rc = aim__buf_add_text(&m->params, m->http.is_response ? "(\"@status\"" : "(\"@method\" \"@target-uri\"");
	if (rc == AIM_OK && message->body.len > 0)
		rc = aim__buf_add_text(&m->params, " \"content-digest\"");
	if (rc == AIM_OK && m->http.has_request)
		rc = aim__buf_add_text(&m->params, " \"@method\";req \"@target-uri\";req");
	if (rc == AIM_OK && m->http.has_request && m->http.request.body.len > 0)
		rc = aim__buf_add_text(&m->params, " \"content-digest\";req");
	rc = status_of(rc, err);
	if (rc == AIM_OK && m->http.has_request && aim__rfc9421_has_field(&m->http.request, "signature"))
		rc = add_bindings(m, err);
	return rc == AIM_OK ? status_of(aim__buf_add_byte(&m->params, ')'), err) : rc;
}

/* ---- parameters ---- */

static aim_status add_key(making *m, const char *name)
{
	aim_status rc = aim__buf_add_byte(&m->params, ';');
	if (rc == AIM_OK)
		rc = aim__buf_add_text(&m->params, name);
	return rc == AIM_OK ? aim__buf_add_byte(&m->params, '=') : rc;
}

static aim_status add_text(making *m, const char *name, aim_str value, aim_error *err)
{
	aim_status rc = add_key(m, name);
	if (rc == AIM_OK)
		rc = aim__sf_write_string(value, &m->params);
	if (rc == AIM_E_INVALID)
		return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "signature options: %s is not printable ASCII", name);
	return status_of(rc, err);
}

static aim_status add_number(making *m, const char *name, int64_t value, aim_error *err)
{
	aim_status rc = add_key(m, name);
	if (rc == AIM_OK)
		rc = aim__sf_write_integer(value, &m->params);
	if (rc == AIM_E_INVALID)
		return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "signature options: %s has more than 15 digits", name);
	return status_of(rc, err);
}

static aim_status add_keyid(making *m, aim_error *err)
{
	char thumbprint[AIM_KEYFORM_THUMBPRINT_SIZE];
	if (m->options.keyid.len > 0)
		return add_text(m, "keyid", m->options.keyid, err);
	aim_status rc = aim_keyform_thumbprint(m->ctx, aim__key_public(m->key), thumbprint);
	return rc == AIM_OK ? add_text(m, "keyid", aim_str_from(thumbprint), err) : status_of(rc, err);
}

static aim_status add_nonce(making *m, aim_error *err)
{
	uint8_t random[NONCE_LEN];
	char text[32];
	if (m->options.nonce.len > 0)
		return add_text(m, "nonce", m->options.nonce, err);
	aim_status rc = aim__ctx_random(m->ctx, random, sizeof random);
	if (rc != AIM_OK)
		return status_of(rc, err);
	const size_t len = aim__encoding_write(AIM_ENCODING_BASE64URL, (aim_bytes){random, sizeof random}, text);
	return add_text(m, "nonce", (aim_str){text, len}, err);
}

static aim_status fill_created(making *m, aim_error *err)
{
	int64_t now_us = 0;
	if (m->options.created_s == 0 && !(m->options.flags & AIM_RFC9421_NO_CREATED)) {
		aim_status rc = aim_ctx_now_us(m->ctx, &now_us);
		if (rc != AIM_OK)
			return status_of(rc, err);
		m->options.created_s = now_us / 1000000;
	}
	if (m->options.expires_s != 0 && m->options.expires_s <= m->options.created_s)
		return bad_option("expires_s is not after created_s", err);
	return AIM_OK;
}

static aim_status add_parameters(making *m, aim_error *err)
{
	const uint32_t flags = m->options.flags;
	aim_status rc = fill_created(m, err);
	if (rc == AIM_OK && !(flags & AIM_RFC9421_NO_CREATED))
		rc = add_number(m, "created", m->options.created_s, err);
	if (rc == AIM_OK && !(flags & AIM_RFC9421_NO_KEYID))
		rc = add_keyid(m, err);
	if (rc == AIM_OK && !(flags & AIM_RFC9421_NO_ALG))
		rc = add_text(m, "alg", aim_str_from("ed25519"), err);
	if (rc == AIM_OK && m->options.expires_s != 0)
		rc = add_number(m, "expires", m->options.expires_s, err);
	if (rc == AIM_OK && !(flags & AIM_RFC9421_NO_NONCE))
		rc = add_nonce(m, err);
	if (rc == AIM_OK && m->options.tag.len > 0)
		rc = add_text(m, "tag", m->options.tag, err);
	return rc;
}

/* ---- checks ---- */

static aim_status read_options(making *m, const aim_rfc9421_sign_options *options, aim_error *err)
{
	m->options = (aim_rfc9421_sign_options){.struct_size = sizeof m->options};
	aim_status rc = aim__sized_in(&m->options, sizeof m->options, options, sizeof m->options,
	                              "aim_rfc9421_sign_options", err);
	if (rc != AIM_OK)
		return rc;
	aim_rfc9421_sign_options *o = &m->options;
	if (o->flags & ~ALL_FLAGS)
		return bad_option("unknown flags", err);
	if ((!o->components && o->n_components > 0) || o->n_components > AIM_RFC9421_MAX_COMPONENTS)
		return bad_option("components is NULL, or more than 128", err);
	if (o->label.len == 0)
		o->label = aim_str_from("sig1");
	if (!aim__sf_is_key(o->label))
		return bad_option("label is not [a-z*][a-z0-9_.*-]*", err);
	if (((o->flags & AIM_RFC9421_NO_KEYID) && o->keyid.len > 0) ||
	    ((o->flags & AIM_RFC9421_NO_NONCE) && o->nonce.len > 0) ||
	    ((o->flags & AIM_RFC9421_NO_CREATED) && o->created_s != 0))
		return bad_option("a value for what a flag leaves out", err);
	return AIM_OK;
}

/* Labels are unique in a message (§4.1). */
static aim_status check_label(making *m, aim_error *err)
{
	aim_rfc9421 signatures;
	if (!aim__rfc9421_has_field(&m->http.message, "signature-input"))
		return AIM_OK;
	aim_status rc = aim__rfc9421_open(m->ctx, &m->http.message, &signatures, err);
	if (rc == AIM_OK && (aim__sf_member(&signatures.input, m->options.label) ||
	                     aim__sf_member(&signatures.signature, m->options.label)))
		rc = aim__fail(err, AIM_E_EXISTS, AIM_LAYER_EVIDENCE, "the message has a signature labelled %.*s",
		               AIM__STR(m->options.label));
	aim__rfc9421_close(&signatures);
	return rc;
}

/* What was written is read as a verifier would: a component's text must not have become two. */
static aim_status read_back(making *m, aim_error *err)
{
	aim_status rc = aim__rfc9421_params_read(&m->sf, aim_buf_str(&m->params), err);
	if (rc == AIM_OK && m->options.components && aim__sf_at(&m->sf, 0)->n_inner != m->options.n_components)
		rc = AIM_E_HEADER;
	if (rc == AIM_E_HEADER)
		return bad_option("a component is not a name with parameters", err);
	return rc == AIM_OK ? aim__rfc9421_cover_read(&m->sf, aim__sf_at(&m->sf, 0), &m->cover, err) : rc;
}

static aim_status prepare(making *m, const aim_rfc9421_message *message, const aim_rfc9421_sign_options *options,
                          aim_error *err)
{
	aim_status rc = aim__http_read(message, &m->http, err);
	if (rc == AIM_OK)
		rc = read_options(m, options, err);
	if (rc == AIM_OK)
		rc = check_label(m, err);
	if (rc == AIM_OK)
		rc = m->options.components
		         ? aim__rfc9421_list_write(m->options.components, m->options.n_components, &m->params, err)
		         : add_default(m, err);
	if (rc == AIM_OK)
		rc = add_parameters(m, err);
	return rc == AIM_OK ? read_back(m, err) : rc;
}

/* ---- the two fields ---- */

static aim_status add_label(const making *m, aim_buf *out)
{
	aim_status rc = aim__buf_add_str(out, m->options.label);
	return rc == AIM_OK ? aim__buf_add_byte(out, '=') : rc;
}

static aim_status write_fields(const making *m, const uint8_t signature[AIM_KEY_SIGNATURE_LEN], aim_buf *out_input,
                               aim_buf *out_signature, aim_error *err)
{
	const size_t input_start = out_input->len, signature_start = out_signature->len;
	aim_status rc = add_label(m, out_input);
	if (rc == AIM_OK)
		rc = aim__sf_write_node(&m->sf, aim__sf_at(&m->sf, 0), out_input);
	if (rc == AIM_OK)
		rc = add_label(m, out_signature);
	if (rc == AIM_OK)
		rc = aim__sf_write_bytes(aim_bytes_from(signature, AIM_KEY_SIGNATURE_LEN), out_signature);
	if (rc == AIM_OK)
		return AIM_OK;
	aim__buf_truncate(out_input, input_start);
	aim__buf_truncate(out_signature, signature_start);
	return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status make(making *m, aim_buf *out_input, aim_buf *out_signature, aim_error *err)
{
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_buf base;
	aim__buf_init(&base, m->ctx);
	aim_status rc = aim__rfc9421_base(m->ctx, &m->http, &m->sf, aim__sf_at(&m->sf, 0), &m->cover, &base, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_check_digests(m->ctx, &m->http, &m->cover, err);
	if (rc == AIM_OK)
		rc = aim__key_sign(m->key, SIGNERS, aim_buf_bytes(&base), signature, err);
	aim__buf_dispose(&base);
	return rc == AIM_OK ? write_fields(m, signature, out_input, out_signature, err) : rc;
}

aim_status aim_rfc9421_sign(const aim_key *key, const aim_rfc9421_message *message,
                            const aim_rfc9421_sign_options *options, aim_buf *out_input, aim_buf *out_signature,
                            aim_error *err)
{
	making m;
	if (!key || !message || !out_input || !out_signature || out_input == out_signature)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, message and two buffers are required");
	m.key = key;
	m.ctx = aim__key_ctx(key);
	aim__buf_init(&m.params, m.ctx);
	aim__sf_init(&m.sf, m.ctx);
	aim_status rc = prepare(&m, message, options, err);
	if (rc == AIM_OK)
		rc = make(&m, out_input, out_signature, err);
	aim__sf_dispose(&m.sf);
	aim__buf_dispose(&m.params);
	return rc;
}
