/* evidence/rfc9421.c — what making and verifying HTTP message signatures share: the two fields, the covered
 * components, the signature base (RFC 9421 §2.5, §4). Layer evidence.
 *
 * Signer and verifier build the base from the same tables, read from text: what a signer could not read back it does
 * not sign. */
#include "evidence/rfc9421.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/sized.h"

#include <string.h>

/* ---- parameters ---- */

static const struct {
	const char *name;
	uint32_t type;
} known[] = {
	{"created", AIM__SF_INTEGER}, {"expires", AIM__SF_INTEGER}, {"nonce", AIM__SF_STRING},
	{"alg", AIM__SF_STRING},      {"keyid", AIM__SF_STRING},    {"tag", AIM__SF_STRING},
};

aim_status aim__rfc9421_params_check(const aim__sf *sf, const aim__sf_node *node, aim_error *err)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const aim__sf_value *value = aim__sf_parameter_of(sf, node, aim_str_from(known[i].name));
		if (value && value->type != known[i].type)
			return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "Signature-Input: %s is no %s", known[i].name,
			                 known[i].type == AIM__SF_INTEGER ? "integer" : "string");
	}
	return AIM_OK;
}

aim_str aim__rfc9421_text(const aim__sf *sf, const aim__sf_node *node, const char *name)
{
	const aim__sf_value *value = aim__sf_parameter_typed(sf, node, name, AIM__SF_STRING);
	return value ? value->text : (aim_str){NULL, 0};
}

int aim__rfc9421_number(const aim__sf *sf, const aim__sf_node *node, const char *name, int64_t *out)
{
	const aim__sf_value *value = aim__sf_parameter_typed(sf, node, name, AIM__SF_INTEGER);
	*out = value ? value->number : 0;
	return value != NULL;
}

aim_status aim__rfc9421_params_read(aim__sf *sf, aim_str text, aim_error *err)
{
	aim_status rc = aim__sf_read(sf, AIM__SF_LIST, text, err);
	if (rc != AIM_OK)
		return rc;
	if (sf->n_members != 1 || aim__sf_at(sf, 0)->value.type != AIM__SF_INNER_LIST || sf->has_duplicate)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE,
		                 "signature parameters: one inner list is expected, with no parameter twice");
	return aim__rfc9421_params_check(sf, aim__sf_at(sf, 0), err);
}

/* ---- the two fields ---- */

static aim_status read_field(const aim_rfc9421_message *message, const char *name, const char *title, aim_buf *text,
                             aim__sf *sf, aim_error *err)
{
	size_t n = 0;
	aim_status rc = aim__http_field(message, aim_str_from(name), 0, text, &n, err);
	if (rc == AIM_E_COMPONENT)
		return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "%s holds a control character", title);
	if (rc != AIM_OK)
		return rc;
	if (n == 0)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE, "the message has no %s", title);
	if ((rc = aim__sf_read(sf, AIM__SF_DICTIONARY, aim_buf_str(text), err)) != AIM_OK)
		return rc;
	if (sf->has_duplicate) {
		rc = aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE,
		               "%s: a label or parameter stands twice, at offset %zu", title, sf->duplicate_offset);
		aim__error_at(err, aim_buf_bytes(text), sf->duplicate_offset);
		return rc;
	}
	if (sf->n_members > AIM_RFC9421_MAX_SIGNATURES)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "%s: more than %u signatures", title,
		                 AIM_RFC9421_MAX_SIGNATURES);
	return AIM_OK;
}

static aim_status check_inputs(const aim_rfc9421 *signatures, aim_error *err)
{
	for (uint32_t i = 0; i < signatures->input.n_members; i++) {
		const aim__sf_node *node = aim__sf_at(&signatures->input, i);
		if (node->value.type != AIM__SF_INNER_LIST)
			return aim__fail(err, AIM_E_HEADER, AIM_LAYER_EVIDENCE, "Signature-Input: %.*s is no inner list",
			                 AIM__STR(node->key));
		aim_status rc = aim__rfc9421_params_check(&signatures->input, node, err);
		if (rc != AIM_OK)
			return rc;
	}
	if (signatures->input.n_members == 0)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_EVIDENCE, "Signature-Input is empty");
	return AIM_OK;
}

aim_status aim__rfc9421_open(aim_ctx *ctx, const aim_rfc9421_message *message, aim_rfc9421 *out, aim_error *err)
{
	out->ctx = ctx;
	aim__buf_init(&out->input_text, ctx);
	aim__buf_init(&out->signature_text, ctx);
	aim__sf_init(&out->input, ctx);
	aim__sf_init(&out->signature, ctx);
	aim_status rc = read_field(message, "signature-input", "Signature-Input", &out->input_text, &out->input, err);
	if (rc == AIM_OK)
		rc = check_inputs(out, err);
	if (rc == AIM_OK)
		rc = read_field(message, "signature", "Signature", &out->signature_text, &out->signature, err);
	return rc;
}

void aim__rfc9421_close(aim_rfc9421 *signatures)
{
	aim__sf_dispose(&signatures->input);
	aim__sf_dispose(&signatures->signature);
	aim__buf_dispose(&signatures->input_text);
	aim__buf_dispose(&signatures->signature_text);
}

int aim__rfc9421_has_field(const aim_rfc9421_message *message, const char *name)
{
	const aim_str wanted = aim_str_from(name);
	for (size_t i = 0; i < message->n_fields; i++) {
		const aim_rfc9421_field *field = &message->fields[i];
		if (!(field->flags & AIM_RFC9421_TRAILER) && aim__http_is_named(field, wanted))
			return 1;
	}
	return 0;
}

/* ---- covered components ---- */

int aim__rfc9421_covers(const aim__rfc9421_cover *cover, const aim__http_component *component)
{
	for (uint32_t i = 0; i < cover->n; i++)
		if (aim__http_component_equal(&cover->items[i], component))
			return 1;
	return 0;
}

aim_status aim__rfc9421_cover_read(const aim__sf *sf, const aim__sf_node *node, aim__rfc9421_cover *out,
                                   aim_error *err)
{
	out->n = 0;
	if (node->n_inner > AIM_RFC9421_MAX_COMPONENTS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "a signature covers more than %u components",
		                 AIM_RFC9421_MAX_COMPONENTS);
	for (uint32_t i = 0; i < node->n_inner; i++) {
		aim__http_component component;
		aim_status rc = aim__http_component_read(sf, node + 1 + i, &component, err);
		if (rc != AIM_OK)
			return rc;
		if (aim__rfc9421_covers(out, &component))
			return aim__http_component_fail(component.name, "covered twice", err);
		out->items[out->n++] = component;
	}
	return AIM_OK;
}

static aim_status add_name(aim_str name, aim_buf *out)
{
	if (!name.ptr)
		return AIM_E_INVALID;
	const char *semicolon = name.len ? memchr(name.ptr, ';', name.len) : NULL;
	const size_t len = semicolon ? (size_t)(semicolon - name.ptr) : name.len;
	aim_status rc = aim__sf_write_string((aim_str){name.ptr, len}, out);
	return rc == AIM_OK && semicolon ? aim__buf_add(out, semicolon, name.len - len) : rc;
}

aim_status aim__rfc9421_list_write(const aim_str *names, size_t n, aim_buf *out, aim_error *err)
{
	aim_status rc = aim__buf_add_byte(out, '(');
	for (size_t i = 0; rc == AIM_OK && i < n; i++) {
		if (i > 0)
			rc = aim__buf_add_byte(out, ' ');
		if (rc == AIM_OK && (rc = add_name(names[i], out)) == AIM_E_INVALID)
			return aim__fail(err, rc, AIM_LAYER_EVIDENCE, "component %zu is not the name of one", i);
	}
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, ')');
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

/* ---- the base ---- */

static aim_status add_line(const aim_ctx *ctx, const aim__http *http, const aim__sf *sf, const aim__sf_node *item,
                           const aim__http_component *component, aim_buf *out, aim_error *err)
{
	aim_status rc = aim__sf_write_node(sf, item, out);
	if (rc == AIM_OK)
		rc = aim__buf_add_text(out, ": ");
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	rc = aim__http_value(ctx, http, component, out, err);
	if (rc == AIM_OK && (rc = aim__buf_add_byte(out, '\n')) != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	return rc;
}

aim_status aim__rfc9421_base(const aim_ctx *ctx, const aim__http *http, const aim__sf *sf,
                             const aim__sf_node *node, const aim__rfc9421_cover *cover, aim_buf *out,
                             aim_error *err)
{
	const size_t start = out->len;
	aim_status rc = AIM_OK;
	for (uint32_t i = 0; rc == AIM_OK && i < cover->n; i++)
		rc = add_line(ctx, http, sf, node + 1 + i, &cover->items[i], out, err);
	if (rc == AIM_OK) {
		rc = aim__buf_add_text(out, "\"@signature-params\": ");
		if (rc == AIM_OK)
			rc = aim__sf_write_node(sf, node, out);
		if (rc != AIM_OK)
			(void)aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
	}
	if (rc != AIM_OK)
		aim__buf_truncate(out, start);
	return rc;
}

/* ---- digests ---- */

static aim_status check_digest(const aim_ctx *ctx, const aim__http *http, const aim__http_component *component,
                               aim_error *err)
{
	const aim_rfc9421_message *message = component->req ? &http->request : &http->message;
	aim_buf value;
	size_t n = 0;
	aim__buf_init(&value, aim__ctx_mutable(ctx));
	aim_status rc = aim__http_field(message, component->name, component->tr, &value, &n, err);
	if (rc == AIM_OK)
		rc = aim__contentdigest_check(ctx, aim_buf_str(&value), component->key, message->body, err);
	aim__buf_dispose(&value);
	return rc;
}

aim_status aim__rfc9421_check_digests(const aim_ctx *ctx, const aim__http *http, const aim__rfc9421_cover *cover,
                                      aim_error *err)
{
	for (uint32_t i = 0; i < cover->n; i++) {
		if (!aim_str_equal(cover->items[i].name, aim_str_from("content-digest")))
			continue;
		aim_status rc = check_digest(ctx, http, &cover->items[i], err);
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

aim_status aim_rfc9421_base(const aim_ctx *ctx, const aim_rfc9421_message *message, aim_str params, aim_buf *out,
                            aim_error *err)
{
	aim__http http;
	aim__sf sf;
	aim__rfc9421_cover cover;
	if (!ctx || !message || !params.ptr || !out)
		return AIM__MISUSE(ctx, "ctx, message, params and out are required");
	aim__sf_init(&sf, ctx);
	aim_status rc = aim__http_read(message, &http, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_params_read(&sf, params, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_cover_read(&sf, aim__sf_at(&sf, 0), &cover, err);
	if (rc == AIM_OK)
		rc = aim__rfc9421_base(ctx, &http, &sf, aim__sf_at(&sf, 0), &cover, out, err);
	aim__sf_dispose(&sf);
	return rc;
}
