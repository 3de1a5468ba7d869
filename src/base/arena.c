/* base/arena.c — bump allocation. Layer base. */
#include "base/arena.h"

#include "base/mem.h"

#include <string.h>

#define ALIGNMENT 16u
#define DEFAULT_CHUNK 4096u
#define MAX_CHUNK ((size_t)1 << 20)

struct aim__arena_chunk {
	aim__arena_chunk *next;
	size_t cap;
	size_t used;
	size_t reserved; /* keeps data[] aligned to 16 */
	uint8_t data[];
};

_Static_assert(sizeof(aim__arena_chunk) % ALIGNMENT == 0, "chunk data must stay aligned");

void aim__arena_init(aim__arena *arena, const aim_ctx *ctx, size_t first_size, size_t limit)
{
	memset(arena, 0, sizeof *arena);
	arena->ctx = ctx;
	arena->first_size = first_size ? first_size : DEFAULT_CHUNK;
	arena->limit = limit;
}

static void free_chunks(aim__arena *arena, aim__arena_chunk *chunk)
{
	while (chunk) {
		aim__arena_chunk *next = chunk->next;
		arena->total -= sizeof *chunk + chunk->cap;
		aim__free(arena->ctx, chunk, sizeof *chunk + chunk->cap);
		chunk = next;
	}
}

void aim__arena_dispose(aim__arena *arena)
{
	free_chunks(arena, arena->first);
	arena->first = arena->current = NULL;
}

void aim__arena_wipe(aim__arena *arena)
{
	for (aim__arena_chunk *chunk = arena->first; chunk; chunk = chunk->next)
		aim__wipe(chunk->data, chunk->used);
}

void aim__arena_reset(aim__arena *arena)
{
	for (aim__arena_chunk *chunk = arena->first; chunk; chunk = chunk->next)
		chunk->used = 0;
	arena->current = arena->first;
}

/* Chunks kept by a reset and not used since count toward the limit: they make way for one that fits. */
static void drop_unused(aim__arena *arena)
{
	aim__arena_chunk *current = arena->current;
	if (!current)
		return;
	free_chunks(arena, current->next);
	current->next = NULL;
	if (current == arena->first && current->used == 0)
		aim__arena_dispose(arena);
}

static int within_limit(const aim__arena *arena, size_t size)
{
	return arena->limit == 0 || (size <= arena->limit && arena->total <= arena->limit - size);
}

/* Doubling up to a bound, cut to what the limit leaves; never below need. */
static size_t next_chunk_size(const aim__arena *arena, size_t need)
{
	size_t size = arena->current ? arena->current->cap * 2 : arena->first_size;
	if (size > MAX_CHUNK)
		size = MAX_CHUNK;
	if (arena->limit != 0 && arena->limit > arena->total + sizeof(aim__arena_chunk)) {
		size_t left = arena->limit - arena->total - sizeof(aim__arena_chunk);
		if (size > left)
			size = left;
	}
	return size < need ? need : size;
}

/* Inserts a chunk behind the current one, so that chunks kept by a reset stay in the list. */
static aim__arena_chunk *add_chunk(aim__arena *arena, size_t need)
{
	size_t size;
	if (aim__add_overflows(sizeof(aim__arena_chunk), need, &size))
		return NULL;
	if (!within_limit(arena, size))
		drop_unused(arena);
	if (!within_limit(arena, size))
		return NULL;
	size_t cap = next_chunk_size(arena, need);
	size = sizeof(aim__arena_chunk) + cap;
	aim__arena_chunk *chunk = aim__alloc(arena->ctx, size);
	if (!chunk)
		return NULL;
	chunk->cap = cap;
	chunk->used = 0;
	chunk->reserved = 0;
	arena->total += size;
	if (arena->current) {
		chunk->next = arena->current->next;
		arena->current->next = chunk;
	} else {
		chunk->next = arena->first;
		arena->first = chunk;
	}
	return chunk;
}

static void *take(aim__arena *arena, size_t size, size_t alignment)
{
	for (aim__arena_chunk *chunk = arena->current; chunk; chunk = chunk->next) {
		size_t start = (chunk->used + alignment - 1) & ~(alignment - 1);
		if (start <= chunk->cap && size <= chunk->cap - start) {
			chunk->used = start + size;
			arena->current = chunk;
			return chunk->data + start;
		}
	}
	aim__arena_chunk *chunk = add_chunk(arena, size);
	if (!chunk)
		return NULL;
	chunk->used = size;
	arena->current = chunk;
	return chunk->data;
}

void *aim__arena_alloc(aim__arena *arena, size_t size)
{
	return take(arena, size, ALIGNMENT);
}

void *aim__arena_array(aim__arena *arena, size_t n, size_t item_size)
{
	size_t size;
	if (aim__mul_overflows(n, item_size, &size))
		return NULL;
	return take(arena, size, ALIGNMENT);
}

void *aim__arena_bytes(aim__arena *arena, size_t size)
{
	return take(arena, size, 1);
}

aim_str aim__arena_copy(aim__arena *arena, aim_str text)
{
	aim_str copy = {NULL, 0};
	size_t size;
	if (aim__add_overflows(text.len, 1, &size))
		return copy;
	char *p = aim__arena_bytes(arena, size);
	if (!p)
		return copy;
	if (text.len)
		memcpy(p, text.ptr, text.len);
	p[text.len] = '\0';
	copy.ptr = p;
	copy.len = text.len;
	return copy;
}
