/* evidence/tag_index.h — finds an item of an array by the 16-byte tag it starts with. The items stay
 * where the owner puts them; the index holds positions. Open addressing, no tombstones. Tags are
 * digests under a secret, so their own bytes are the hash. Confined. */
#ifndef AIM_EVIDENCE_TAG_INDEX_H
#define AIM_EVIDENCE_TAG_INDEX_H

#include <aim/ctx.h>

#define AIM__TAG_LEN 16u
#define AIM__TAG_NONE UINT32_MAX

typedef struct aim__tag_index {
	const aim_ctx *ctx; /* borrowed */
	uint32_t *slots;    /* position + 1; 0: empty */
	size_t cap;         /* power of two, or 0 */
	size_t count;
	size_t stride; /* size of an item */
} aim__tag_index;

void aim__tag_index_init(aim__tag_index *index, const aim_ctx *ctx, size_t stride);
void aim__tag_index_dispose(aim__tag_index *index);
/* Room for one more. AIM_OK, AIM_E_NOMEM. */
aim_status aim__tag_index_reserve(aim__tag_index *index, const void *items);
/* The position, or AIM__TAG_NONE. */
uint32_t aim__tag_index_find(const aim__tag_index *index, const void *items, const uint8_t *tag);
/* The item at position, which is in the array and not in the index; after reserve, cannot fail. */
void aim__tag_index_add(aim__tag_index *index, const void *items, uint32_t position);
/* The item at position, still in the array. */
void aim__tag_index_remove(aim__tag_index *index, const void *items, uint32_t position);
/* The items at a and b, still in their places, are about to change places. */
void aim__tag_index_swap(aim__tag_index *index, const void *items, uint32_t a, uint32_t b);

#endif
