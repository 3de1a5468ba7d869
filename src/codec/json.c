/* codec/json.c — the document handle and what can be asked of a parsed document. Layer codec;
 * reading is in json_read.c, JSON Pointers in json_pointer.c, the canonical form in jcs.c. */
#include "codec/json.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/number.h"

/* The accessors of json.h as functions (C11 §6.7.4). */
extern inline uint32_t aim__json_tag(const uint8_t *p, size_t len);
extern inline const aim__json_node *aim__json_node_of(const aim_json *doc, aim_json_value value);
extern inline uint32_t aim__json_type(const aim_json *doc, aim_json_value value);
extern inline aim_str aim__json_node_text(const aim_json *doc, const aim__json_node *node);
extern inline aim_str aim__json_string(const aim_json *doc, aim_json_value value);
extern inline uint32_t aim__json_skip(const aim_json *doc, aim_json_value value);
extern inline aim_json_value aim__json_first(const aim_json *doc, aim_json_value container);
extern inline aim_json_value aim__json_next(const aim_json *doc, aim_json_value value);
extern inline aim_str aim__json_key(const aim_json *doc, aim_json_value value);
extern inline int aim__json_key_is(const aim_json *doc, const aim__json_node *key, aim_str name, uint32_t tag);
extern inline aim_json_value aim__json_member(const aim_json *doc, aim_json_value object, aim_str name);
extern inline aim_json_value aim__json_member_text(const aim_json *doc, aim_json_value object, const char *name);

void aim__json_init(aim_json *doc, aim_ctx *ctx)
{
	memset(doc, 0, sizeof *doc);
	doc->ctx = ctx;
}

void aim__json_dispose(aim_json *doc)
{
	aim__wipe(doc->text, doc->text_len);
	aim__free(doc->ctx, doc->text, doc->cap_text);
	aim__free(doc->ctx, doc->nodes, doc->cap_nodes * sizeof *doc->nodes);
	aim__free(doc->ctx, doc->places, doc->cap_places * sizeof *doc->places);
	aim__free(doc->ctx, doc->slots, doc->cap_slots * sizeof *doc->slots);
	aim__json_init(doc, doc->ctx);
}

aim_status aim_json_new(aim_ctx *ctx, aim_json **out)
{
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_json *doc = aim__alloc(ctx, sizeof *doc);
	if (!doc)
		return AIM_E_NOMEM;
	aim__json_init(doc, aim__ctx_ref(ctx));
	*out = doc;
	return AIM_OK;
}

void aim_json_free(aim_json *doc)
{
	if (!doc)
		return;
	aim_ctx *ctx = doc->ctx;
	aim__json_dispose(doc);
	aim__free(ctx, doc, sizeof *doc);
	aim__ctx_unref(ctx);
}

/* The node of a value of one type, else NULL. */
static const aim__json_node *node_of_type(const aim_json *doc, aim_json_value value, uint32_t type)
{
	const aim__json_node *node = doc ? aim__json_node_of(doc, value) : NULL;
	return node && (node->info & AIM__JSON_TYPE) == type ? node : NULL;
}

uint32_t aim_json_type(const aim_json *doc, aim_json_value value)
{
	return doc ? aim__json_type(doc, value) : AIM_JSON_ABSENT;
}

static size_t count_by_walking(const aim_json *doc, aim_json_value container)
{
	size_t n = 0;
	aim_json_value value = aim__json_first(doc, container);
	for (; value != AIM_JSON_NONE; value = aim__json_next(doc, value))
		n++;
	return n;
}

size_t aim_json_count(const aim_json *doc, aim_json_value value)
{
	if (aim_json_type(doc, value) < AIM_JSON_ARRAY)
		return 0;
	uint32_t count = doc->nodes[value].info >> AIM__JSON_COUNT_SHIFT;
	return count < AIM__JSON_COUNT_MAX ? count : count_by_walking(doc, value);
}

aim_json_value aim_json_first(const aim_json *doc, aim_json_value container)
{
	return doc ? aim__json_first(doc, container) : AIM_JSON_NONE;
}

aim_json_value aim_json_next(const aim_json *doc, aim_json_value value)
{
	if (!doc || !aim__json_node_of(doc, value))
		return AIM_JSON_NONE;
	return aim__json_next(doc, value);
}

aim_str aim_json_key(const aim_json *doc, aim_json_value value)
{
	aim_str none = {NULL, 0};
	const aim__json_node *node = doc ? aim__json_node_of(doc, value) : NULL;
	return node && node->info & AIM__JSON_MEMBER ? aim__json_key(doc, value) : none;
}

aim_json_value aim_json_member(const aim_json *doc, aim_json_value object, aim_str name)
{
	if (!doc || (!name.ptr && name.len))
		return AIM_JSON_NONE;
	return aim__json_member(doc, object, name);
}

aim_str aim_json_string(const aim_json *doc, aim_json_value value)
{
	aim_str none = {NULL, 0};
	return doc ? aim__json_string(doc, value) : none;
}

aim_status aim_json_bool(const aim_json *doc, aim_json_value value, int32_t *out)
{
	if (!doc || !out)
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc and out are required");
	const aim__json_node *node = node_of_type(doc, value, AIM_JSON_BOOL);
	if (!node)
		return AIM_E_JSON_TYPE;
	*out = node->info & AIM__JSON_SIMPLE ? 1 : 0;
	return AIM_OK;
}

aim_status aim_json_int64(const aim_json *doc, aim_json_value value, int64_t *out)
{
	if (!doc || !out)
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc and out are required");
	if (!node_of_type(doc, value, AIM_JSON_NUMBER))
		return AIM_E_JSON_TYPE;
	return aim__number_int64(aim_json_number_text(doc, value), out) ? AIM_OK
	                                                                : AIM_E_JSON_NUMBER;
}

aim_str aim_json_number_text(const aim_json *doc, aim_json_value value)
{
	aim_str text = {NULL, 0};
	const aim__json_node *node = node_of_type(doc, value, AIM_JSON_NUMBER);
	if (node) {
		text.ptr = (const char *)doc->source + node->start;
		text.len = node->end - node->start;
	}
	return text;
}

aim_bytes aim_json_raw(const aim_json *doc, aim_json_value value)
{
	aim_bytes raw = {NULL, 0};
	const aim__json_node *node = doc ? aim__json_node_of(doc, value) : NULL;
	if (!node)
		return raw;
	size_t quote = (node->info & AIM__JSON_TYPE) == AIM_JSON_STRING;
	raw.ptr = doc->source + node->start - quote;
	raw.len = node->end - node->start + 2 * quote;
	return raw;
}

aim_status aim_json_position(const aim_json *doc, aim_json_value value, uint64_t *out_offset,
                             uint32_t *out_line, uint32_t *out_column)
{
	if (!doc)
		return AIM__MISUSE(NULL, "doc is required");
	aim_bytes raw = aim_json_raw(doc, value);
	if (!raw.ptr)
		return AIM_E_NOT_FOUND;
	aim_error place;
	aim_error_clear(&place);
	aim__json_place_at(doc, value, &place);
	if (out_offset)
		*out_offset = place.offset;
	if (out_line)
		*out_line = place.line;
	if (out_column)
		*out_column = place.column;
	return AIM_OK;
}
