/* base/map.h — hash map from bytes to a pointer-sized value. Seeded per context (SipHash-1-3), open
 * addressing, tombstone-free. Keys are borrowed: they must live as long as the entry. Confined while it changes,
 * immutable afterwards. */
#ifndef AIM_BASE_MAP_H
#define AIM_BASE_MAP_H

#include <aim/ctx.h>

typedef struct aim__map_entry {
	aim_bytes key;
	uint64_t hash;
	uintptr_t value;
} aim__map_entry;

typedef struct aim__map {
	const aim_ctx *ctx; /* borrowed */
	aim__map_entry *entries;
	size_t cap; /* power of two, 0 when empty */
	size_t count;
	size_t max; /* most entries; 0: no bound */
} aim__map;

/* SipHash-1-3 (Aumasson, Bernstein) under the context's key. */
uint64_t aim__hash(const aim_ctx *ctx, aim_bytes key);

void aim__map_init(aim__map *map, const aim_ctx *ctx, size_t max);
void aim__map_dispose(aim__map *map);
void aim__map_clear(aim__map *map);
/* The entry's value, or NULL. Valid until the map changes. */
uintptr_t *aim__map_find(const aim__map *map, aim_bytes key);
/* The same with the hash already known. */
uintptr_t *aim__map_find_hashed(const aim__map *map, aim_bytes key, uint64_t hash);
/* Inserts, or replaces the value and leaves the entry's first key. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__map_put(aim__map *map, aim_bytes key, uintptr_t value);
/* Inserts only. AIM_OK, AIM_E_EXISTS, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__map_add(aim__map *map, aim_bytes key, uintptr_t value);
/* 1 when it was there. The removed key's owner may be read from *out_value (may be NULL). */
int aim__map_remove(aim__map *map, aim_bytes key, uintptr_t *out_value);
/* Iteration in no particular order: start with *cursor = 0; NULL at the end. No changes meanwhile. */
const aim__map_entry *aim__map_next(const aim__map *map, size_t *cursor);

#endif
