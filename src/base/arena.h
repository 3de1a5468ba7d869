/* base/arena.h — bump allocation for one document: many small pieces, freed at once. Confined. */
#ifndef AIM_BASE_ARENA_H
#define AIM_BASE_ARENA_H

#include <aim/ctx.h>

typedef struct aim__arena_chunk aim__arena_chunk;

typedef struct aim__arena {
	const aim_ctx *ctx; /* borrowed */
	aim__arena_chunk *first;
	aim__arena_chunk *current;
	size_t first_size; /* bytes of the first chunk */
	size_t total;      /* bytes taken from the allocator */
	size_t limit;      /* upper bound of total; 0: none */
} aim__arena;

void aim__arena_init(aim__arena *arena, const aim_ctx *ctx, size_t first_size, size_t limit);
/* Frees all chunks. */
void aim__arena_dispose(aim__arena *arena);
/* Overwrites the content, for what may be secret; dispose or reset follows. */
void aim__arena_wipe(aim__arena *arena);
/* Forgets the content and keeps the chunks: the next document of the same size allocates nothing. */
void aim__arena_reset(aim__arena *arena);
/* Aligned for any type; NULL when memory or the limit runs out. size 0 gives a valid pointer. */
void *aim__arena_alloc(aim__arena *arena, size_t size);
void *aim__arena_array(aim__arena *arena, size_t n, size_t item_size);
/* Bytes without alignment, for text. */
void *aim__arena_bytes(aim__arena *arena, size_t size);
/* A copy with a NUL behind it; ptr NULL on failure. */
aim_str aim__arena_copy(aim__arena *arena, aim_str text);

#endif
