/* evidence/tag_index.c — a hash index over an array of items. Layer evidence. */
#include "evidence/tag_index.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_SLOTS 16u

void aim__tag_index_init(aim__tag_index *index, const aim_ctx *ctx, size_t stride)
{
	memset(index, 0, sizeof *index);
	index->ctx = ctx;
	index->stride = stride;
}

void aim__tag_index_dispose(aim__tag_index *index)
{
	aim__free(index->ctx, index->slots, index->cap * sizeof *index->slots);
	aim__tag_index_init(index, index->ctx, index->stride);
}

static const uint8_t *tag_at(const aim__tag_index *index, const void *items, uint32_t position)
{
	return (const uint8_t *)items + (size_t)position * index->stride;
}

static size_t home_of(const aim__tag_index *index, const uint8_t *tag)
{
	uint64_t hash;
	memcpy(&hash, tag, sizeof hash);
	return (size_t)hash & (index->cap - 1);
}

static size_t next(const aim__tag_index *index, size_t slot)
{
	return (slot + 1) & (index->cap - 1);
}

/* Of the item with tag, or else the empty slot where it would be. */
static size_t slot_of(const aim__tag_index *index, const void *items, const uint8_t *tag)
{
	size_t slot = home_of(index, tag);
	while (index->slots[slot] != 0 &&
	       memcmp(tag_at(index, items, index->slots[slot] - 1), tag, AIM__TAG_LEN) != 0)
		slot = next(index, slot);
	return slot;
}

uint32_t aim__tag_index_find(const aim__tag_index *index, const void *items, const uint8_t *tag)
{
	if (index->cap == 0)
		return AIM__TAG_NONE;
	uint32_t found = index->slots[slot_of(index, items, tag)];
	return found == 0 ? AIM__TAG_NONE : found - 1;
}

static void place(aim__tag_index *index, const void *items, uint32_t position)
{
	index->slots[slot_of(index, items, tag_at(index, items, position))] = position + 1;
}

/* At most three of four slots are taken. */
aim_status aim__tag_index_reserve(aim__tag_index *index, const void *items)
{
	if ((index->count + 1) * 4 <= index->cap * 3)
		return AIM_OK;
	const aim__tag_index old = *index;
	size_t cap = old.cap ? old.cap * 2 : FIRST_SLOTS;
	uint32_t *slots = aim__alloc_array(index->ctx, cap, sizeof *slots);
	if (!slots)
		return AIM_E_NOMEM;
	memset(slots, 0, cap * sizeof *slots);
	index->slots = slots;
	index->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i] != 0)
			place(index, items, old.slots[i] - 1);
	aim__free(index->ctx, old.slots, old.cap * sizeof *slots);
	return AIM_OK;
}

void aim__tag_index_add(aim__tag_index *index, const void *items, uint32_t position)
{
	place(index, items, position);
	index->count++;
}

/* 1 when home lies behind `hole` and at or before `at`, going round: the item may stay. */
static int may_stay(size_t hole, size_t home, size_t at)
{
	return hole <= at ? hole < home && home <= at : hole < home || home <= at;
}

void aim__tag_index_remove(aim__tag_index *index, const void *items, uint32_t position)
{
	size_t hole = slot_of(index, items, tag_at(index, items, position));
	size_t at = next(index, hole);
	for (; index->slots[at] != 0; at = next(index, at)) {
		size_t home = home_of(index, tag_at(index, items, index->slots[at] - 1));
		if (may_stay(hole, home, at))
			continue;
		index->slots[hole] = index->slots[at];
		hole = at;
	}
	index->slots[hole] = 0;
	index->count--;
}

void aim__tag_index_swap(aim__tag_index *index, const void *items, uint32_t a, uint32_t b)
{
	size_t slot_a = slot_of(index, items, tag_at(index, items, a));
	size_t slot_b = slot_of(index, items, tag_at(index, items, b));
	index->slots[slot_a] = b + 1;
	index->slots[slot_b] = a + 1;
}
