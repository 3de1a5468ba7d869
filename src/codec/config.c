/* codec/config.c — configuration files in four formats, one document model. Layer codec; YAML comes in through the
 * context's slot, because libyaml may be known in backends only. */
#include <aim/config.h>

#include "base/ctx.h"
#include "base/error.h"
#include "codec/toml.h"
#include "codec/utf8.h"

/* Offsets are 32 bits. */
#define MAX_TEXT ((uint64_t)1 << 30)

static aim_bytes without_mark(aim_bytes text)
{
	static const uint8_t nothing[1] = {0};
	if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) {
		text.ptr += 3;
		text.len -= 3;
	}
	if (!text.ptr)
		text.ptr = nothing;
	return text;
}

static aim_status check_text(const aim_ctx *ctx, aim_bytes text, aim_error *err)
{
	uint64_t max = ctx->limits.max_json_bytes < MAX_TEXT ? ctx->limits.max_json_bytes : MAX_TEXT;
	size_t bad;
	aim_str s = {(const char *)text.ptr, text.len};
	if (text.len > max)
		return aim__fail(err, AIM_E_JSON_SIZE, AIM_LAYER_CODEC, "%llu bytes of configuration, the limit is %llu",
		                 (unsigned long long)text.len, (unsigned long long)max);
	if (aim__utf8_valid(s, &bad))
		return AIM_OK;
	aim__fail_plain(err, AIM_E_UTF8, AIM_LAYER_CODEC);
	aim__error_at(err, text, bad);
	return AIM_E_UTF8;
}

static aim_status read_yaml(aim__tree *tree, aim_error *err)
{
	if (tree->ctx->crypto_slot->read_yaml)
		return tree->ctx->crypto_slot->read_yaml(tree, err);
	return aim__fail(err, AIM_E_UNSUPPORTED, AIM_LAYER_CODEC, "this program cannot read YAML");
}

static aim_status parse_tree(aim_json *doc, aim_bytes text, aim_status (*read)(aim__tree *tree, aim_error *err),
                             aim_error *err)
{
	aim_bytes nothing = {NULL, 0};
	(void)!aim_json_parse(doc, nothing, 0, NULL); /* empties it */
	text = without_mark(text);
	aim_status rc = check_text(doc->ctx, text, err);
	if (rc != AIM_OK)
		return rc;
	aim__tree tree;
	aim__tree_init(&tree, doc->ctx, text);
	rc = read(&tree, err);
	if (rc == AIM_OK)
		rc = aim__tree_finish(&tree, doc, err);
	aim__tree_dispose(&tree);
	return rc;
}

aim_status aim_config_parse(aim_json *doc, aim_bytes text, uint32_t format, aim_error *err)
{
	if (!doc || (!text.ptr && text.len))
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc is required, and a pointer when text has a length");
	switch (format) {
	case AIM_CONFIG_JSON: return aim_json_parse(doc, text, 0, err);
	case AIM_CONFIG_JSONC: return aim_json_parse(doc, text, AIM_JSON_COMMENTS, err);
	case AIM_CONFIG_TOML: return parse_tree(doc, text, aim__toml_read, err);
	case AIM_CONFIG_YAML: return parse_tree(doc, text, read_yaml, err);
	default: return AIM__MISUSE(doc->ctx, "format is none of AIM_CONFIG_*");
	}
}
