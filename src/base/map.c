/* base/map.c — seeded hash map with linear probing and backward-shift deletion. Layer base. */
#include "base/map.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <string.h>

#define FIRST_CAP 16u

static uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

/* Inlined so that v stays in registers: this is most of what a look-up costs. */
static inline __attribute__((always_inline)) void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

static uint64_t load_tail(const uint8_t *p, size_t n)
{
	uint64_t x = 0;
	for (size_t i = 0; i < n; i++)
		x |= (uint64_t)p[i] << (8 * i);
	return x;
}

uint64_t aim__hash(const aim_ctx *ctx, aim_bytes key)
{
	uint64_t k0 = ctx->hash_key[0];
	uint64_t k1 = ctx->hash_key[1];
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
	                 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
	size_t whole = key.len & ~(size_t)7;
	for (size_t i = 0; i < whole; i += 8) {
		uint64_t m = load_le64(key.ptr + i);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	uint64_t last = (uint64_t)(key.len & 255u) << 56;
	if (key.len > whole)
		last |= load_tail(key.ptr + whole, key.len - whole);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xFF;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void aim__map_init(aim__map *map, const aim_ctx *ctx, size_t max)
{
	memset(map, 0, sizeof *map);
	map->ctx = ctx;
	map->max = max;
}

void aim__map_dispose(aim__map *map)
{
	aim__free(map->ctx, map->entries, map->cap * sizeof *map->entries);
	map->entries = NULL;
	map->cap = map->count = 0;
}

void aim__map_clear(aim__map *map)
{
	if (map->entries)
		memset(map->entries, 0, map->cap * sizeof *map->entries);
	map->count = 0;
}

/* An empty slot has key.ptr NULL; the empty key points at this byte instead. */
static const uint8_t empty_key = 0;

static aim_bytes stored_key(aim_bytes key)
{
	if (!key.ptr)
		key.ptr = &empty_key;
	return key;
}

static int same(const aim__map_entry *entry, aim_bytes key, uint64_t hash)
{
	return entry->hash == hash && entry->key.len == key.len &&
	       (key.len == 0 || memcmp(entry->key.ptr, key.ptr, key.len) == 0);
}

/* The slot that holds the key, or the empty one where it belongs. The map is never full. */
static size_t slot_of(const aim__map *map, aim_bytes key, uint64_t hash)
{
	size_t mask = map->cap - 1;
	size_t i = (size_t)hash & mask;
	while (map->entries[i].key.ptr && !same(&map->entries[i], key, hash))
		i = (i + 1) & mask;
	return i;
}

uintptr_t *aim__map_find_hashed(const aim__map *map, aim_bytes key, uint64_t hash)
{
	if (map->count == 0)
		return NULL;
	aim__map_entry *entry = &map->entries[slot_of(map, key, hash)];
	return entry->key.ptr ? &entry->value : NULL;
}

uintptr_t *aim__map_find(const aim__map *map, aim_bytes key)
{
	if (map->count == 0)
		return NULL;
	return aim__map_find_hashed(map, key, aim__hash(map->ctx, key));
}

static aim_status make_room(aim__map *map)
{
	if (map->max != 0 && map->count >= map->max)
		return AIM_E_LIMIT;
	if (map->cap != 0 && (map->count + 1) * 4 <= map->cap * 3)
		return AIM_OK;
	size_t cap = map->cap ? map->cap * 2 : FIRST_CAP;
	size_t size;
	if (aim__mul_overflows(cap, sizeof *map->entries, &size))
		return AIM_E_NOMEM;
	aim__map fresh = *map;
	fresh.entries = aim__alloc_zeroed(map->ctx, size);
	if (!fresh.entries)
		return AIM_E_NOMEM;
	fresh.cap = cap;
	for (size_t i = 0; i < map->cap; i++) {
		const aim__map_entry *old = &map->entries[i];
		if (old->key.ptr)
			fresh.entries[slot_of(&fresh, old->key, old->hash)] = *old;
	}
	aim__free(map->ctx, map->entries, map->cap * sizeof *map->entries);
	*map = fresh;
	return AIM_OK;
}

static aim_status insert(aim__map *map, aim_bytes key, uint64_t hash, uintptr_t value)
{
	aim_status rc = make_room(map);
	if (rc != AIM_OK)
		return rc;
	aim__map_entry entry = {stored_key(key), hash, value};
	map->entries[slot_of(map, key, hash)] = entry;
	map->count++;
	return AIM_OK;
}

aim_status aim__map_put(aim__map *map, aim_bytes key, uintptr_t value)
{
	uint64_t hash = aim__hash(map->ctx, key);
	uintptr_t *found = aim__map_find_hashed(map, key, hash);
	if (!found)
		return insert(map, key, hash, value);
	*found = value;
	return AIM_OK;
}

aim_status aim__map_add(aim__map *map, aim_bytes key, uintptr_t value)
{
	uint64_t hash = aim__hash(map->ctx, key);
	if (aim__map_find_hashed(map, key, hash))
		return AIM_E_EXISTS;
	return insert(map, key, hash, value);
}

int aim__map_remove(aim__map *map, aim_bytes key, uintptr_t *out_value)
{
	if (map->count == 0)
		return 0;
	size_t mask = map->cap - 1;
	size_t hole = slot_of(map, key, aim__hash(map->ctx, key));
	if (!map->entries[hole].key.ptr)
		return 0;
	if (out_value)
		*out_value = map->entries[hole].value;
	/* Backward shift: pull entries whose home lies at or before the hole, so that no search breaks. */
	for (size_t i = (hole + 1) & mask; map->entries[i].key.ptr; i = (i + 1) & mask) {
		size_t home = (size_t)map->entries[i].hash & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		map->entries[hole] = map->entries[i];
		hole = i;
	}
	memset(&map->entries[hole], 0, sizeof map->entries[hole]);
	map->count--;
	return 1;
}

const aim__map_entry *aim__map_next(const aim__map *map, size_t *cursor)
{
	while (*cursor < map->cap) {
		const aim__map_entry *entry = &map->entries[(*cursor)++];
		if (entry->key.ptr)
			return entry;
	}
	return NULL;
}
