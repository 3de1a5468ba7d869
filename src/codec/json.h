/* codec/json.h — the document behind aim/json.h, for layers that read it on a hot path.
 *
 * A document is one array of 16-byte nodes in source order. An object's members are two nodes each:
 * the key, then the value's subtree. Nodes refer to the source by offset; strings without escapes
 * are read in place, the others are unescaped once into `text`. Nothing is stored twice and nothing
 * points. */
#ifndef AIM_CODEC_JSON_H
#define AIM_CODEC_JSON_H

#include <aim/json.h>
#include <string.h>

typedef struct aim__json_node {
	uint32_t info; /* AIM__JSON_* bits; containers: count of children above bit 8, saturating */
	uint32_t start; /* offset of the first byte; strings: behind the quote */
	uint32_t end;   /* offset behind the last byte; strings: of the closing quote */
	uint32_t link; /* container: index behind its subtree; escaped string: offset in text of its
	                 * length and bytes; other key: aim__json_tag of its name; else 0 */
} aim__json_node;

#define AIM__JSON_TYPE 0x07u
#define AIM__JSON_LAST 0x08u    /* last member or element of its container */
#define AIM__JSON_MEMBER 0x10u  /* its key is the node before */
#define AIM__JSON_KEY 0x20u     /* a member's name; no value of its own */
#define AIM__JSON_ESCAPED 0x40u /* string with escapes: the decoded form is in text */
#define AIM__JSON_SIMPLE 0x80u  /* true; or a number that is its own canonical form */
#define AIM__JSON_COUNT_SHIFT 8
#define AIM__JSON_COUNT_MAX 0xFFFFFFu /* this many or more: walk to count */

/* Where a value stood in the text that the document was made from, when that was no JSON. */
typedef struct aim__json_place {
	uint32_t offset;
	uint32_t line;
	uint32_t column;
} aim__json_place;

typedef struct aim__json_slot {
	uint32_t hash;
	uint32_t key; /* a node; 0: empty, since the root is never a key */
} aim__json_slot;

/* May be embedded (init/dispose) or on the heap (aim_json_new). */
struct aim_json {
	aim_ctx *ctx; /* referenced when on the heap, borrowed when embedded */
	const uint8_t *source;
	size_t len;
	aim__json_node *nodes;
	size_t n_nodes; /* 0: empty */
	size_t cap_nodes;
	uint8_t *text; /* copy of the source unless borrowed, then decoded strings */
	size_t text_len;
	size_t cap_text;
	aim__json_place *places; /* of each node; tree.c fills them */
	size_t n_places;         /* 0: the source is the text that was given */
	size_t cap_places;
	struct aim__json_slot *slots; /* set of names, for objects of many members */
	size_t cap_slots;
};

void aim__json_init(aim_json *doc, aim_ctx *ctx);
void aim__json_dispose(aim_json *doc);

/* What follows is inlined where a hot file asks; json.c holds the one copy that all others call. */

/* A cheap summary of a name that tells most names apart: length, first and last byte. Never trusted
 * alone. */
inline uint32_t aim__json_tag(const uint8_t *p, size_t len)
{
	return len == 0 ? 0 : (uint32_t)len << 16 ^ (uint32_t)p[0] << 8 ^ p[len - 1];
}

/* The node of a value, NULL when there is none. */
inline const aim__json_node *aim__json_node_of(const aim_json *doc, aim_json_value value)
{
	if (value >= doc->n_nodes || doc->nodes[value].info & AIM__JSON_KEY)
		return NULL;
	return &doc->nodes[value];
}

inline uint32_t aim__json_type(const aim_json *doc, aim_json_value value)
{
	const aim__json_node *node = aim__json_node_of(doc, value);
	return node ? node->info & AIM__JSON_TYPE : AIM_JSON_ABSENT;
}

/* The text of a string or key node. */
inline aim_str aim__json_node_text(const aim_json *doc, const aim__json_node *node)
{
	aim_str text = {(const char *)doc->source + node->start, node->end - node->start};
	if (node->info & AIM__JSON_ESCAPED) {
		uint32_t len;
		memcpy(&len, doc->text + node->link, sizeof len);
		text.ptr = (const char *)doc->text + node->link + sizeof len;
		text.len = len;
	}
	return text;
}

/* {NULL, 0} unless value is a string. */
inline aim_str aim__json_string(const aim_json *doc, aim_json_value value)
{
	const aim__json_node *node = aim__json_node_of(doc, value);
	aim_str none = {NULL, 0};
	return node && (node->info & AIM__JSON_TYPE) == AIM_JSON_STRING
	           ? aim__json_node_text(doc, node)
	           : none;
}

/* Index of the node behind value's subtree. value is a node. */
inline uint32_t aim__json_skip(const aim_json *doc, aim_json_value value)
{
	const aim__json_node *node = &doc->nodes[value];
	return (node->info & AIM__JSON_TYPE) >= AIM_JSON_ARRAY ? node->link : value + 1;
}

inline aim_json_value aim__json_first(const aim_json *doc, aim_json_value container)
{
	uint32_t type = aim__json_type(doc, container);
	if (type < AIM_JSON_ARRAY || doc->nodes[container].link == container + 1)
		return AIM_JSON_NONE;
	return type == AIM_JSON_OBJECT ? container + 2 : container + 1;
}

/* value is a value of doc. */
inline aim_json_value aim__json_next(const aim_json *doc, aim_json_value value)
{
	uint32_t info = doc->nodes[value].info;
	if (info & AIM__JSON_LAST)
		return AIM_JSON_NONE;
	return aim__json_skip(doc, value) + (info & AIM__JSON_MEMBER ? 1u : 0u);
}

/* The name of a member. value is a member. */
inline aim_str aim__json_key(const aim_json *doc, aim_json_value value)
{
	return aim__json_node_text(doc, &doc->nodes[value - 1]);
}

inline int aim__json_key_is(const aim_json *doc, const aim__json_node *key, aim_str name, uint32_t tag)
{
	if (!(key->info & AIM__JSON_ESCAPED))
		return key->link == tag && key->end - key->start == name.len &&
		       (name.len == 0 || memcmp(doc->source + key->start, name.ptr, name.len) == 0);
	aim_str text = aim__json_node_text(doc, key);
	return text.len == name.len && (name.len == 0 || memcmp(text.ptr, name.ptr, name.len) == 0);
}

/* One look per member; the bytes are compared only when the tags agree. */
inline aim_json_value aim__json_member(const aim_json *doc, aim_json_value object, aim_str name)
{
	if (aim__json_type(doc, object) != AIM_JSON_OBJECT)
		return AIM_JSON_NONE;
	uint32_t tag = aim__json_tag((const uint8_t *)name.ptr, name.len);
	uint32_t end = doc->nodes[object].link;
	for (uint32_t key = object + 1; key < end; key = aim__json_skip(doc, key + 1))
		if (aim__json_key_is(doc, &doc->nodes[key], name, tag))
			return key + 1;
	return AIM_JSON_NONE;
}

inline aim_json_value aim__json_member_text(const aim_json *doc, aim_json_value object, const char *name)
{
	aim_str text = {name, strlen(name)};
	return aim__json_member(doc, object, text);
}

/* Adds value's offset, line and column to an error. value is a node. */
void aim__json_place_at(const aim_json *doc, aim_json_value value, aim_error *err);
/* Adds value's offset, line, column and JSON Pointer to an error just set by aim__fail. */
void aim__json_error_at(const aim_json *doc, aim_json_value value, aim_error *err);

#endif
