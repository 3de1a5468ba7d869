/* codec/tree.h — a document that is put together out of order, as TOML tables are, or by events, as YAML comes.
 * When it is complete it becomes an ordinary aim_json. Confined; one document, then disposed. */
#ifndef AIM_CODEC_TREE_H
#define AIM_CODEC_TREE_H

#include "base/arena.h"
#include "base/map.h"
#include "codec/json.h"

typedef struct aim__tree_node {
	uint32_t type;  /* AIM_JSON_NULL … AIM_JSON_OBJECT */
	uint32_t flags; /* the reader's own */
	uint32_t depth; /* of a container: 1 for the root */
	uint32_t id;    /* unlike every other node's */
	aim_str key;    /* of a member */
	aim_str text;   /* a string's text, a number as JSON, "true", "false" */
	aim__json_place place;
	struct aim__tree_node *parent;
	struct aim__tree_node *first;
	struct aim__tree_node *last;
	struct aim__tree_node *next;
} aim__tree_node;

typedef struct aim__tree {
	aim_ctx *ctx;         /* borrowed */
	aim_bytes source;     /* borrowed */
	aim__arena arena;     /* nodes and their text */
	aim__map names;       /* parent's id and name, to the member */
	aim__tree_node *root; /* NULL until there is one */
	uint32_t n_nodes;
	uint32_t reserved;
} aim__tree;

void aim__tree_init(aim__tree *tree, aim_ctx *ctx, aim_bytes source);
void aim__tree_dispose(aim__tree *tree);

/* Appends a value to parent (NULL: it is the root), under key when parent is an object. text and key must live as long
 * as the tree: the arena or the source. AIM_OK; AIM_E_JSON_DUPLICATE when the object has such a member;
 * AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_NOMEM. The error is filled, with its place. */
aim_status aim__tree_add(aim__tree *tree, aim__tree_node *parent, aim_str key, uint32_t type, aim_str text,
                         aim__json_place place, aim__tree_node **out, aim_error *err);
/* NULL when there is none, or no memory: then *out_status says so. */
aim__tree_node *aim__tree_member(aim__tree *tree, const aim__tree_node *object, aim_str name, aim_status *out_status);

/* A failure at a place, with the JSON Pointer of node (NULL: none). Returns status. */
aim_status aim__tree_fail(const aim__tree_node *node, aim__json_place place, aim_status status, const char *problem,
                          aim_error *err);

/* Makes doc hold the tree. Positions answer with the places of the tree's text. doc is empty on failure. */
aim_status aim__tree_finish(const aim__tree *tree, aim_json *doc, aim_error *err);

#endif
