/* store/skiplist.h — ordered keys of the memory store: a skip list (Pugh, 1990) whose levels
 * come from the context's seeded hash, so that strangers cannot choose a bad shape, and a heap
 * of the nodes that expire. Linking and unlinking never allocate: what can fail has failed
 * before. Confined; the memory engine locks around it. */
#ifndef AIM_STORE_SKIPLIST_H
#define AIM_STORE_SKIPLIST_H

#include <aim/ctx.h>

#define AIM__SKIP_LEVELS 16u

/* One key with its value, in one block: links, key bytes, value bytes. */
typedef struct aim__skip_node {
	uint64_t version;
	int64_t expires_at_us;
	size_t value_len;
	size_t due_slot; /* index in the heap + 1; 0 when the key never expires */
	uint32_t key_len;
	uint32_t n_links;
	struct aim__skip_node *links[];
} aim__skip_node;

typedef struct aim__skip {
	const aim_ctx *ctx; /* borrowed */
	aim__skip_node *head[AIM__SKIP_LEVELS];
	uint32_t n_levels;     /* in use */
	size_t n_nodes;
	aim__skip_node **due; /* binary heap, earliest expiry first */
	size_t n_due, cap_due;
} aim__skip;

void aim__skip_init(aim__skip *list, const aim_ctx *ctx);
/* Frees every node. */
void aim__skip_dispose(aim__skip *list);

/* A node not yet in the list; NULL when memory runs out. */
aim__skip_node *aim__skip_node_new(const aim__skip *list, aim_bytes key, aim_bytes value);
void aim__skip_node_free(const aim__skip *list, aim__skip_node *node);
/* Room for n more expiring nodes. AIM_OK, AIM_E_NOMEM. */
aim_status aim__skip_reserve(aim__skip *list, size_t n);

/* Links a node, taking ownership; its key must not be there. */
void aim__skip_link(aim__skip *list, aim__skip_node *node);
/* Unlinks a node of the list and frees it. */
void aim__skip_remove(aim__skip *list, aim__skip_node *node);

aim__skip_node *aim__skip_find(aim__skip *list, aim_bytes key);
/* The first node whose key is at least key (greater, when after is 1); NULL at the end. */
aim__skip_node *aim__skip_seek(aim__skip *list, aim_bytes key, int after);
static inline aim__skip_node *aim__skip_next(const aim__skip_node *node)
{
	return node->links[0];
}
/* The node that expires first, NULL when none does. */
static inline aim__skip_node *aim__skip_first_due(const aim__skip *list)
{
	return list->n_due ? list->due[0] : NULL;
}

aim_bytes aim__skip_key(const aim__skip_node *node);
aim_bytes aim__skip_value(const aim__skip_node *node);

#endif
