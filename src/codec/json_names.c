/* codec/json_names.c — duplicate member names (RFC 7493 §2.3). Names are compared as decoded. Few
 * names are compared in pairs by their tags; many go through a set hashed under the context's
 * secret key, so that an object made to collide still costs linear time. Layer codec. */
#include "base/map.h"
#include "base/mem.h"
#include "codec/json_read.h"

#define PAIRS_MAX 32u

static uint32_t tag_of(const aim_json *doc, const aim__json_node *key)
{
	if (!(key->info & AIM__JSON_ESCAPED))
		return key->link;
	aim_str name = aim__json_node_text(doc, key);
	return aim__json_tag((const uint8_t *)name.ptr, name.len);
}

static int same_name(const aim_json *doc, uint32_t a, uint32_t b)
{
	return aim_str_equal(aim__json_node_text(doc, &doc->nodes[a]),
	                     aim__json_node_text(doc, &doc->nodes[b]));
}

/* A filter of 64 bits spares nearly all comparisons: a name whose bit is not set yet is new. */
static uint64_t bit_of(uint32_t tag)
{
	return (uint64_t)1 << ((tag * 0x9E3779B1u) >> 26);
}

static uint32_t find_in_pairs(const aim_json *doc, uint32_t first_key, uint32_t end)
{
	uint32_t tags[PAIRS_MAX];
	uint32_t keys[PAIRS_MAX];
	uint32_t n = 0;
	uint64_t seen = 0;
	for (uint32_t key = first_key; key < end; key = aim__json_skip(doc, key + 1)) {
		uint32_t tag = tag_of(doc, &doc->nodes[key]);
		uint64_t bit = bit_of(tag);
		for (uint32_t i = 0; seen & bit && i < n; i++)
			if (tags[i] == tag && same_name(doc, keys[i], key))
				return key;
		seen |= bit;
		tags[n] = tag;
		keys[n++] = key;
	}
	return 0;
}

/* Empties as many slots as make a set at most half full. */
static aim_status make_slots(aim_json *doc, uint32_t count, size_t *out_n)
{
	size_t n = 64;
	while (n < (size_t)count * 2)
		n *= 2;
	void *items = doc->slots;
	aim_status rc = aim__grow(doc->ctx, &items, &doc->cap_slots, n, sizeof *doc->slots, n, 0);
	if (rc != AIM_OK)
		return rc;
	doc->slots = items;
	memset(doc->slots, 0, n * sizeof *doc->slots);
	*out_n = n;
	return AIM_OK;
}

static uint32_t find_in_set(const aim_json *doc, size_t n_slots, uint32_t first_key, uint32_t end)
{
	size_t mask = n_slots - 1;
	for (uint32_t key = first_key; key < end; key = aim__json_skip(doc, key + 1)) {
		aim_str name = aim__json_node_text(doc, &doc->nodes[key]);
		uint64_t hash = aim__hash(doc->ctx, aim_bytes_from_str(name));
		uint32_t high = (uint32_t)(hash >> 32);
		size_t i = (size_t)hash & mask;
		for (; doc->slots[i].key != 0; i = (i + 1) & mask)
			if (doc->slots[i].hash == high && same_name(doc, doc->slots[i].key, key))
				return key;
		doc->slots[i].hash = high;
		doc->slots[i].key = key;
	}
	return 0;
}

uint32_t aim__json_find_duplicate(aim_json *doc, uint32_t first_key, uint32_t end, uint32_t count,
                                  aim_status *out_status)
{
	*out_status = AIM_OK;
	if (count <= PAIRS_MAX)
		return find_in_pairs(doc, first_key, end);
	size_t n_slots = 0;
	*out_status = make_slots(doc, count, &n_slots);
	return *out_status == AIM_OK ? find_in_set(doc, n_slots, first_key, end) : 0;
}
