/* codec/tree.c — a document put together piece by piece, then written as JSON and read by the one JSON reader. So
 * every document has the same form, whatever it was written in. Layer codec. */
#include "codec/tree.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/writer.h"

void aim__tree_init(aim__tree *tree, aim_ctx *ctx, aim_bytes source)
{
	memset(tree, 0, sizeof *tree);
	tree->ctx = ctx;
	tree->source = source;
	aim__arena_init(&tree->arena, ctx, 4096, 0); /* bounded by the length of the source and max_json_values */
	aim__map_init(&tree->names, ctx, 0);
}

void aim__tree_dispose(aim__tree *tree)
{
	aim__map_dispose(&tree->names);
	aim__arena_wipe(&tree->arena); /* configuration holds keys */
	aim__arena_dispose(&tree->arena);
}

/* The JSON Pointer of a node, as much of its end as fits. */
static void point(const aim__tree_node *node, aim_error *err)
{
	char text[sizeof err->pointer];
	size_t at = sizeof text;
	for (; node && node->parent; node = node->parent) {
		aim_str key = node->key;
		char digits[20];
		if (node->parent->type == AIM_JSON_ARRAY) {
			uint64_t index = 0;
			for (const aim__tree_node *n = node->parent->first; n != node; n = n->next)
				index++;
			key.ptr = digits;
			key.len = aim__u64_text(digits, index);
		}
		if (key.len + 1 > at || (key.len && (memchr(key.ptr, '/', key.len) || memchr(key.ptr, '~', key.len))))
			return; /* no pointer is better than a wrong one */
		at -= key.len;
		if (key.len)
			memcpy(text + at, key.ptr, key.len);
		text[--at] = '/';
	}
	aim_str pointer = {text + at, sizeof text - at};
	aim__error_pointer(err, pointer);
}

aim_status aim__tree_fail(const aim__tree_node *node, aim__json_place place, aim_status status, const char *problem,
                          aim_error *err)
{
	if (!problem)
		aim__fail_plain(err, status, AIM_LAYER_CODEC);
	else
		aim__fail(err, status, AIM_LAYER_CODEC, "%s", problem);
	if (err && status != AIM_E_NOMEM) {
		err->offset = place.offset;
		err->line = place.line;
		err->column = place.column;
		point(node, err);
	}
	return status;
}

/* The key of the map of names: the object's id, then the name. ptr NULL without memory. */
static aim_bytes name_of(aim__tree *tree, const aim__tree_node *object, aim_str name)
{
	aim_bytes joined = {NULL, sizeof object->id + name.len};
	uint8_t *p = aim__arena_bytes(&tree->arena, joined.len);
	if (!p)
		return joined;
	memcpy(p, &object->id, sizeof object->id);
	if (name.len)
		memcpy(p + sizeof object->id, name.ptr, name.len);
	joined.ptr = p;
	return joined;
}

aim__tree_node *aim__tree_member(aim__tree *tree, const aim__tree_node *object, aim_str name, aim_status *out_status)
{
	aim_bytes joined = name_of(tree, object, name);
	*out_status = joined.ptr ? AIM_OK : AIM_E_NOMEM;
	const uintptr_t *found = joined.ptr ? aim__map_find(&tree->names, joined) : NULL;
	return found ? (aim__tree_node *)*found : NULL;
}

static aim_status enter_name(aim__tree *tree, const aim__tree_node *parent, aim__tree_node *node, aim_error *err)
{
	aim_bytes joined = name_of(tree, parent, node->key);
	aim_status rc = joined.ptr ? aim__map_add(&tree->names, joined, (uintptr_t)node) : AIM_E_NOMEM;
	if (rc == AIM_E_EXISTS)
		return aim__tree_fail(node, node->place, AIM_E_JSON_DUPLICATE, "a second value of the same name", err);
	return rc == AIM_OK ? rc : aim__tree_fail(NULL, node->place, rc, NULL, err);
}

/* Whether one more value fits, here. */
static aim_status check_limits(const aim__tree *tree, const aim__tree_node *parent, uint32_t type,
                               aim__json_place place, aim_error *err)
{
	const aim_limits *limits = &tree->ctx->limits;
	if (tree->n_nodes >= limits->max_json_values || tree->n_nodes == UINT32_MAX / 2)
		return aim__tree_fail(NULL, place, AIM_E_JSON_SIZE, "more values than the limit", err);
	if (type >= AIM_JSON_ARRAY && parent && parent->depth >= limits->max_json_depth)
		return aim__tree_fail(NULL, place, AIM_E_JSON_DEPTH, "nested deeper than the limit", err);
	return AIM_OK;
}

aim_status aim__tree_add(aim__tree *tree, aim__tree_node *parent, aim_str key, uint32_t type, aim_str text,
                         aim__json_place place, aim__tree_node **out, aim_error *err)
{
	aim_status rc = check_limits(tree, parent, type, place, err);
	if (rc != AIM_OK)
		return rc;
	aim__tree_node *node = aim__arena_alloc(&tree->arena, sizeof *node);
	if (!node)
		return aim__tree_fail(NULL, place, AIM_E_NOMEM, NULL, err);
	*node = (aim__tree_node){.type = type, .key = key, .text = text, .place = place, .parent = parent};
	node->id = tree->n_nodes;
	node->depth = parent ? parent->depth + 1 : 1;
	if (parent && parent->type == AIM_JSON_OBJECT)
		rc = enter_name(tree, parent, node, err);
	if (rc != AIM_OK)
		return rc;
	tree->n_nodes++;
	if (!parent)
		tree->root = node;
	else if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	if (parent)
		parent->last = node;
	if (out)
		*out = node;
	return AIM_OK;
}

/* --- becoming JSON --------------------------------------------------------------------------------------------- */

typedef struct emitter {
	aim__json_writer w;
	aim_json *doc;
	size_t n_places;
} emitter;

/* The document's nodes come in the order in which they are written: the key of a member, then its value. */
static void put_place(emitter *e, aim__json_place place)
{
	e->doc->places[e->n_places++] = place;
}

static void begin(emitter *e, const aim__tree_node *node)
{
	if (node->parent && node->parent->type == AIM_JSON_OBJECT) {
		put_place(e, node->place);
		aim__write_key_str(&e->w, node->key);
	}
	put_place(e, node->place);
	switch (node->type) {
	case AIM_JSON_OBJECT: aim__write_begin_object(&e->w); return;
	case AIM_JSON_ARRAY: aim__write_begin_array(&e->w); return;
	case AIM_JSON_STRING: aim__write_string(&e->w, node->text); return;
	case AIM_JSON_NULL: aim__write_null(&e->w); return;
	default: aim__write_raw(&e->w, aim_bytes_from_str(node->text)); return;
	}
}

static void end(emitter *e, const aim__tree_node *node)
{
	if (node->type == AIM_JSON_OBJECT)
		aim__write_end_object(&e->w);
	else if (node->type == AIM_JSON_ARRAY)
		aim__write_end_array(&e->w);
}

static void emit(emitter *e, const aim__tree_node *root)
{
	for (const aim__tree_node *node = root; node;) {
		begin(e, node);
		if (node->first) {
			node = node->first;
			continue;
		}
		end(e, node);
		while (node && !node->next) {
			node = node->parent;
			if (node)
				end(e, node);
		}
		node = node ? node->next : NULL;
	}
}

static aim_status write_and_read(const aim__tree *tree, aim_json *doc, aim_buf *text, aim_error *err)
{
	emitter e = {.doc = doc};
	void *items = doc->places;
	size_t need = (size_t)tree->n_nodes * 2;
	aim_status rc = aim__grow(doc->ctx, &items, &doc->cap_places, need, sizeof *doc->places, need, 0);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	doc->places = items;
	aim__write_init(&e.w, text);
	emit(&e, tree->root);
	rc = aim__write_finish(&e.w);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	rc = aim_json_parse(doc, aim_bytes_from(text->ptr, text->len), 0, err);
	if (rc == AIM_OK)
		doc->n_places = e.n_places;
	return rc;
}

aim_status aim__tree_finish(const aim__tree *tree, aim_json *doc, aim_error *err)
{
	aim_buf text;
	aim__buf_init(&text, doc->ctx);
	aim_status rc = write_and_read(tree, doc, &text, err);
	aim__buf_dispose(&text);
	return rc;
}
