/* assess/fingerprint.c — hashes over canonical definitions. Layer assess; knows no server and no
 * baseline. */
#include "assess/fingerprint.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "crypto/provider.h"

#include <string.h>

AIM__NO_PADDING(aim_fingerprint, 16 + 3 * AIM_FINGERPRINT_LEN);

#define SURFACE_LABEL "libaim/fingerprint/v1\n"
#define DESCRIPTION_LABEL "libaim/fingerprint/description/v1\n"
#define SCHEMA_LABEL "libaim/fingerprint/schema/v1\n"

const char *const aim__fingerprint_kinds[] = {"unknown",           "tool",   "prompt", "resource",
                                              "resource_template", "server", "launch", "key",
                                              "executable",        NULL};

/* Which members have a part of their own. */
static const struct {
	const char *name;
	const char *description;
	const char *schema[2];
} parts_of[AIM__FINGERPRINT_KINDS] = {
	[AIM_FINGERPRINT_TOOL] = {"name", "description", {"inputSchema", "outputSchema"}},
	[AIM_FINGERPRINT_PROMPT] = {"name", "description", {"arguments", NULL}},
	[AIM_FINGERPRINT_RESOURCE] = {"uri", "description", {NULL, NULL}},
	[AIM_FINGERPRINT_RESOURCE_TEMPLATE] = {"uriTemplate", "description", {NULL, NULL}},
	[AIM_FINGERPRINT_SERVER] = {"name", "instructions", {"capabilities", NULL}},
	[AIM_FINGERPRINT_LAUNCH] = {"name", NULL, {NULL, NULL}},
	[AIM_FINGERPRINT_KEY] = {"name", NULL, {NULL, NULL}},
	[AIM_FINGERPRINT_EXECUTABLE] = {"name", NULL, {NULL, NULL}},
};

const char *aim_fingerprint_kind_name(uint32_t kind)
{
	return aim__fingerprint_kinds[kind < AIM__FINGERPRINT_KINDS ? kind : 0];
}

aim_str aim__definition_name(uint32_t kind, const aim_json *doc, aim_json_value definition)
{
	aim_str none = {NULL, 0};
	aim_str name = aim__json_string(doc, aim__json_member_text(doc, definition, parts_of[kind].name));
	return name.len ? name : none;
}

/* ---- hashing ---- */

/* A length in front of each field: no field can end where another begins. */
static aim_bytes length_of(aim_bytes field, uint8_t out[8])
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)((uint64_t)field.len >> (56 - 8 * i));
	return aim_bytes_from(out, 8);
}

static aim_status hash_fields(const aim_ctx *ctx, const char *label, const aim_bytes *fields, size_t n,
                              uint8_t out[32])
{
	uint8_t lengths[3][8];
	aim_bytes parts[1 + 2 * 3];
	size_t used = 0;
	parts[used++] = aim_bytes_from_str(aim_str_from(label));
	for (size_t i = 0; i < n; i++) {
		parts[used++] = length_of(fields[i], lengths[i]);
		parts[used++] = fields[i];
	}
	return aim__sha256(ctx, parts, used, out);
}

/* Appends the canonical text of a member; nothing when it is absent. */
static aim_status append_member(const aim_json *doc, aim_json_value object, const char *name,
                                aim_buf *out, aim_error *err)
{
	aim_json_value value = name ? aim__json_member_text(doc, object, name) : AIM_JSON_NONE;
	if (value == AIM_JSON_NONE)
		return AIM_OK;
	return aim_json_canonicalize(doc, value, AIM_JSON_JCS_EXACT_TEXT, out, err);
}

/* One part over up to two members. scratch holds their texts one after the other. */
static aim_status hash_part(const aim_ctx *ctx, const char *label, aim_bytes kind_name,
                            const aim_json *doc, aim_json_value object, const char *const *members,
                            size_t n, aim_buf *scratch, uint8_t out[32], aim_error *err)
{
	size_t ends[2] = {0, 0};
	aim_buf_clear(scratch);
	for (size_t i = 0; i < n; i++) {
		aim_status rc = append_member(doc, object, members[i], scratch, err);
		if (rc != AIM_OK)
			return rc;
		ends[i] = scratch->len;
	}
	if (scratch->len == 0) {
		memset(out, 0, 32);
		return AIM_OK;
	}
	aim_bytes fields[3] = {kind_name};
	for (size_t i = 0, start = 0; i < n; start = ends[i], i++)
		fields[i + 1] = aim_bytes_from(scratch->ptr + start, ends[i] - start);
	return hash_fields(ctx, label, fields, n + 1, out);
}

aim_status aim__fingerprint(const aim_ctx *ctx, uint32_t kind, const aim_json *doc,
                            aim_json_value definition, aim_buf *scratch, aim_fingerprint *out,
                            aim_error *err)
{
	aim_fingerprint f = {.struct_size = sizeof f, .kind = kind};
	if (!aim__definition_name(kind, doc, definition).ptr)
		return aim__fail(err, AIM_E_ASSESS_DEFINITION, AIM_LAYER_ASSESS,
		                 "no definition of a %s: expected an object with the text member \"%s\"",
		                 aim__fingerprint_kinds[kind], parts_of[kind].name);
	aim_bytes kind_name = aim_bytes_from_str(aim_str_from(aim__fingerprint_kinds[kind]));
	aim_buf_clear(scratch);
	aim_status rc = aim_json_canonicalize(doc, definition, AIM_JSON_JCS_EXACT_TEXT, scratch, err);
	if (rc != AIM_OK)
		return rc;
	aim_bytes fields[2] = {kind_name, aim_buf_bytes(scratch)};
	rc = hash_fields(ctx, SURFACE_LABEL, fields, 2, f.surface);
	if (rc == AIM_OK)
		rc = hash_part(ctx, DESCRIPTION_LABEL, kind_name, doc, definition, &parts_of[kind].description,
		               1, scratch, f.description, err);
	if (rc == AIM_OK)
		rc = hash_part(ctx, SCHEMA_LABEL, kind_name, doc, definition, parts_of[kind].schema, 2, scratch,
		               f.schema, err);
	if (rc == AIM_E_CALLBACK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (rc == AIM_OK)
		*out = f;
	return rc;
}

/* ---- public ---- */

static int is_kind(uint32_t kind)
{
	return kind != 0 && kind < AIM__FINGERPRINT_KINDS;
}

aim_status aim_fingerprint_value(aim_ctx *ctx, uint32_t kind, const aim_json *doc,
                                 aim_json_value definition, aim_fingerprint *out, aim_error *err)
{
	aim_fingerprint f;
	aim_buf scratch;
	if (!ctx || !doc || !out || !is_kind(kind))
		return AIM__MISUSE(ctx, "ctx, a kind, doc and out are required");
	if (out->struct_size < sizeof(aim_fingerprint))
		return AIM__MISUSE(ctx, "out->struct_size is not set");
	aim__buf_init(&scratch, ctx);
	aim_status rc = aim__fingerprint(ctx, kind, doc, definition, &scratch, &f, err);
	aim__buf_dispose(&scratch);
	return rc == AIM_OK ? aim__sized_out(out, &f, sizeof f, sizeof f) : rc;
}

aim_status aim_fingerprint_compute(aim_ctx *ctx, uint32_t kind, aim_bytes definition,
                                   aim_fingerprint *out, aim_error *err)
{
	aim_json doc;
	if (!ctx)
		return AIM__MISUSE(ctx, "ctx is required");
	aim__json_init(&doc, ctx);
	aim_status rc = aim_json_parse(&doc, definition, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_fingerprint_value(ctx, kind, &doc, AIM_JSON_ROOT, out, err);
	aim__json_dispose(&doc);
	return rc;
}

int32_t aim_fingerprint_equal(const aim_fingerprint *a, const aim_fingerprint *b)
{
	return a && b && a->kind == b->kind && memcmp(a->surface, b->surface, AIM_FINGERPRINT_LEN) == 0;
}

aim_status aim_fingerprint_text(const aim_fingerprint *fingerprint, char out[AIM_FINGERPRINT_TEXT_SIZE])
{
	if (!fingerprint || !out)
		return AIM__MISUSE(NULL, "fingerprint and out are required");
	aim__hex_write(aim_bytes_from(fingerprint->surface, AIM_FINGERPRINT_LEN), out);
	out[AIM_FINGERPRINT_TEXT_SIZE - 1] = '\0';
	return AIM_OK;
}
