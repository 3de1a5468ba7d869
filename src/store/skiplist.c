/* store/skiplist.c — ordered keys of the memory store. Layer store; no locks, no rules. */
#include "store/skiplist.h"

#include "base/map.h"
#include "base/mem.h"

#include <string.h>

void aim__skip_init(aim__skip *list, const aim_ctx *ctx)
{
	memset(list, 0, sizeof *list);
	list->ctx = ctx;
}

static size_t node_size(uint32_t n_links, size_t key_len, size_t value_len)
{
	return sizeof(aim__skip_node) + n_links * sizeof(aim__skip_node *) + key_len + value_len;
}

void aim__skip_node_free(const aim__skip *list, aim__skip_node *node)
{
	if (node)
		aim__free(list->ctx, node, node_size(node->n_links, node->key_len, node->value_len));
}

void aim__skip_dispose(aim__skip *list)
{
	aim__skip_node *node = list->head[0];
	while (node) {
		aim__skip_node *next = node->links[0];
		aim__skip_node_free(list, node);
		node = next;
	}
	aim__free(list->ctx, list->due, list->cap_due * sizeof(aim__skip_node *));
	aim__skip_init(list, list->ctx);
}

static uint8_t *node_bytes(aim__skip_node *node)
{
	return (uint8_t *)&node->links[node->n_links];
}

aim_bytes aim__skip_key(const aim__skip_node *node)
{
	return (aim_bytes){(const uint8_t *)&node->links[node->n_links], node->key_len};
}

aim_bytes aim__skip_value(const aim__skip_node *node)
{
	return (aim_bytes){(const uint8_t *)&node->links[node->n_links] + node->key_len, node->value_len};
}

/* Each level holds a quarter of the nodes of the one below. */
static uint32_t links_of(const aim__skip *list, aim_bytes key)
{
	uint64_t hash = aim__hash(list->ctx, key);
	uint32_t n = 1;
	while ((hash & 3u) == 0 && n < AIM__SKIP_LEVELS) {
		hash >>= 2;
		n++;
	}
	return n;
}

aim__skip_node *aim__skip_node_new(const aim__skip *list, aim_bytes key, aim_bytes value)
{
	uint32_t n_links = links_of(list, key);
	if (key.len > UINT32_MAX || value.len > SIZE_MAX / 2)
		return NULL;
	aim__skip_node *node = aim__alloc(list->ctx, node_size(n_links, key.len, value.len));
	if (!node)
		return NULL;
	memset(node, 0, sizeof *node);
	node->n_links = n_links;
	node->key_len = (uint32_t)key.len;
	node->value_len = value.len;
	memcpy(node_bytes(node), key.ptr, key.len);
	if (value.len)
		memcpy(node_bytes(node) + key.len, value.ptr, value.len);
	return node;
}

static int compare(const aim__skip_node *node, aim_bytes key)
{
	aim_bytes own = aim__skip_key(node);
	size_t n = own.len < key.len ? own.len : key.len;
	int order = n ? memcmp(own.ptr, key.ptr, n) : 0;
	if (order == 0)
		order = (own.len > key.len) - (own.len < key.len);
	return order;
}

/* The first node at or after key. path, when not NULL, gets for each level the links of the last node
 * in front of it, or the list's head. */
static aim__skip_node *search(aim__skip *list, aim_bytes key, aim__skip_node ***path)
{
	aim__skip_node **links = list->head;
	const aim__skip_node *known = NULL; /* at or after key: seen one level up */
	for (uint32_t level = list->n_levels; level-- > 0;) {
		while (links[level] && links[level] != known && compare(links[level], key) < 0)
			links = links[level]->links;
		known = links[level];
		if (path)
			path[level] = links;
	}
	return list->n_levels ? links[0] : NULL;
}

aim__skip_node *aim__skip_find(aim__skip *list, aim_bytes key)
{
	aim__skip_node *node = search(list, key, NULL);
	return node && compare(node, key) == 0 ? node : NULL;
}

aim__skip_node *aim__skip_seek(aim__skip *list, aim_bytes key, int after)
{
	aim__skip_node *node = search(list, key, NULL);
	return node && after && compare(node, key) == 0 ? node->links[0] : node;
}

/* The heap of expiring nodes. */

static void place(aim__skip *list, size_t slot, aim__skip_node *node)
{
	list->due[slot] = node;
	node->due_slot = slot + 1;
}

static void sift_up(aim__skip *list, size_t slot, aim__skip_node *node)
{
	while (slot > 0) {
		size_t parent = (slot - 1) / 2;
		if (list->due[parent]->expires_at_us <= node->expires_at_us)
			break;
		place(list, slot, list->due[parent]);
		slot = parent;
	}
	place(list, slot, node);
}

static void sift_down(aim__skip *list, size_t slot, aim__skip_node *node)
{
	for (;;) {
		size_t child = slot * 2 + 1;
		if (child + 1 < list->n_due &&
		    list->due[child + 1]->expires_at_us < list->due[child]->expires_at_us)
			child++;
		if (child >= list->n_due || list->due[child]->expires_at_us >= node->expires_at_us)
			break;
		place(list, slot, list->due[child]);
		slot = child;
	}
	place(list, slot, node);
}

static void due_remove(aim__skip *list, const aim__skip_node *node)
{
	size_t slot = node->due_slot - 1;
	aim__skip_node *last = list->due[--list->n_due];
	if (last == node)
		return;
	if (slot > 0 && last->expires_at_us < list->due[(slot - 1) / 2]->expires_at_us)
		sift_up(list, slot, last);
	else
		sift_down(list, slot, last);
}

aim_status aim__skip_reserve(aim__skip *list, size_t n)
{
	void *items = list->due;
	aim_status rc = aim__grow(list->ctx, &items, &list->cap_due, list->n_due + n,
	                          sizeof(aim__skip_node *), 16, 0);
	list->due = items;
	return rc;
}

void aim__skip_link(aim__skip *list, aim__skip_node *node)
{
	aim__skip_node **path[AIM__SKIP_LEVELS];
	for (uint32_t level = list->n_levels; level < node->n_links; level++)
		path[level] = list->head;
	search(list, aim__skip_key(node), path);
	if (node->n_links > list->n_levels)
		list->n_levels = node->n_links;
	for (uint32_t level = 0; level < node->n_links; level++) {
		node->links[level] = path[level][level];
		path[level][level] = node;
	}
	list->n_nodes++;
	if (node->expires_at_us != 0)
		sift_up(list, list->n_due++, node);
}

void aim__skip_remove(aim__skip *list, aim__skip_node *node)
{
	aim__skip_node **path[AIM__SKIP_LEVELS];
	search(list, aim__skip_key(node), path);
	for (uint32_t level = 0; level < node->n_links; level++)
		path[level][level] = node->links[level];
	while (list->n_levels > 0 && !list->head[list->n_levels - 1])
		list->n_levels--;
	list->n_nodes--;
	if (node->due_slot)
		due_remove(list, node);
	aim__skip_node_free(list, node);
}
