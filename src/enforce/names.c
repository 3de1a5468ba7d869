/* enforce/names.c — interning names together with their folded forms. Layer enforce; knows no rule.
 *
 * base/map.h would do, and take longer than all the rest of a decision: it defends against strangers who
 * choose its keys. Only whoever writes the policy adds names here, so a plain multiplicative hash is enough; a
 * stranger's look-up ends at the first empty slot of a table at most half full. */
#include "enforce/names.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "enforce/pattern.h"

#include <string.h>

#define FIRST_CAP 16u
#define FIRST_SLOTS 32u
#define MULTIPLIER UINT64_C(0x9E3779B97F4A7C15) /* 2^64 / golden ratio, odd */

void aim__names_init(aim__names *names, const aim_ctx *ctx)
{
	memset(names, 0, sizeof *names);
	names->ctx = ctx;
}

void aim__names_dispose(aim__names *names)
{
	aim__free(names->ctx, names->items, names->cap * sizeof *names->items);
	aim__free(names->ctx, names->slots, names->n_slots * sizeof *names->slots);
	aim__names_init(names, names->ctx);
}

/* ---- hash table ---- */

static inline uint64_t load64(const char *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof x);
	return x;
}

static inline uint64_t load_short(const char *p, size_t len)
{
	uint64_t x = 0;
	for (size_t i = 0; i < len; i++)
		x = x << 8 | (uint8_t)p[i];
	return x;
}

static inline uint64_t mix(uint64_t x)
{
	x *= MULTIPLIER;
	return x ^ x >> 29;
}

/* Byte order changes the values, which never leave this table. */
static uint64_t hash_of(const aim__names *names, aim_str text)
{
	uint64_t h = names->ctx->hash_key[0] ^ text.len;
	if (text.len < 8)
		return mix(mix(h ^ load_short(text.ptr, text.len)));
	size_t i = 0;
	for (; i + 8 < text.len; i += 8)
		h = mix(h ^ load64(text.ptr + i));
	/* The last eight bytes, some of them for the second time. */
	return mix(mix(h ^ load64(text.ptr + text.len - 8)));
}

/* An empty slot gives AIM__NAME_NONE. */
static inline uint32_t number_in(const aim__name_slot *slot)
{
	return slot->number_and_2 - 2;
}

/* The slot with this text, or the empty one where it belongs. There are slots. */
static aim__name_slot *slot_of(const aim__names *names, aim_str text, uint64_t hash)
{
	size_t mask = names->n_slots - 1;
	size_t i = (size_t)hash & mask;
	for (; names->slots[i].number_and_2; i = (i + 1) & mask) {
		const aim__name_slot *slot = &names->slots[i];
		if (slot->hash == (uint32_t)(hash >> 32) && slot->len == text.len &&
		    memcmp(names->items[number_in(slot)].ptr, text.ptr, text.len) == 0)
			break;
	}
	return &names->slots[i];
}

/* Puts the slot of a name where it belongs, or over the one it has. */
static void fill_slot(const aim__names *names, uint32_t number)
{
	const aim__name *name = &names->items[number];
	aim_str text = {name->ptr, name->len};
	uint64_t hash = hash_of(names, text);
	aim__name_slot slot = {(uint32_t)(hash >> 32), number + 2, name->fold, name->len};
	*slot_of(names, text, hash) = slot;
}

static aim__name_ids find(const aim__names *names, aim_str text)
{
	aim__name_ids ids = {AIM__NAME_NONE, AIM__NAME_NONE};
	if (names->n == 0)
		return ids;
	const aim__name_slot *slot = slot_of(names, text, hash_of(names, text));
	if (slot->number_and_2) {
		ids.id = number_in(slot);
		ids.fold = slot->fold;
	}
	return ids;
}

static aim_status make_slots(aim__names *names)
{
	if (names->n * 2 < names->n_slots)
		return AIM_OK;
	aim__names larger = *names;
	larger.n_slots = names->n_slots ? names->n_slots * 2 : FIRST_SLOTS;
	larger.slots = aim__alloc_zeroed(names->ctx, larger.n_slots * sizeof *larger.slots);
	if (!larger.slots)
		return AIM_E_NOMEM;
	for (uint32_t i = 0; i < names->n; i++)
		fill_slot(&larger, i);
	aim__free(names->ctx, names->slots, names->n_slots * sizeof *names->slots);
	*names = larger;
	return AIM_OK;
}

/* ---- names ---- */

/* Adds a text that is not there; it must live as long as names. */
static aim_status append(aim__names *names, aim_str text, uint32_t *out_id)
{
	void *items = names->items;
	aim_status rc = aim__grow(names->ctx, &items, &names->cap, names->n + 1, sizeof *names->items,
	                          FIRST_CAP, AIM__NAME_MAX);
	names->items = items;
	if (rc == AIM_OK)
		rc = make_slots(names);
	if (rc != AIM_OK)
		return rc;
	*out_id = (uint32_t)names->n;
	aim__name name = {text.ptr, (uint32_t)text.len, *out_id};
	names->items[names->n++] = name;
	fill_slot(names, *out_id);
	if (text.len > names->longest)
		names->longest = text.len;
	return AIM_OK;
}

static aim_status intern(aim__names *names, aim__arena *arena, aim_str text, uint32_t *out_id)
{
	*out_id = find(names, text).id;
	if (*out_id != AIM__NAME_NONE)
		return AIM_OK;
	aim_str copy = aim__arena_copy(arena, text);
	return copy.ptr ? append(names, copy, out_id) : AIM_E_NOMEM;
}

aim_status aim__names_add(aim__names *names, aim__arena *arena, aim_str text, aim__name_ids *out)
{
	aim__name_ids ids;
	char folded[AIM__FACT_MAX];
	if (text.len > sizeof folded)
		return AIM_E_LIMIT;
	aim_status rc = intern(names, arena, text, &ids.id);
	if (rc != AIM_OK)
		return rc;
	aim_str key = {folded, aim__name_fold(folded, sizeof folded, text)};
	rc = intern(names, arena, key, &ids.fold);
	if (rc != AIM_OK)
		return rc;
	names->items[ids.id].fold = ids.fold;
	fill_slot(names, ids.id);
	*out = ids;
	return AIM_OK;
}

/* Apart, so that the room for the folded form is made only when it is needed. */
static __attribute__((noinline)) uint32_t find_folded(const aim__names *names, aim_str text)
{
	char folded[AIM__FACT_MAX];
	if (aim__name_is_folded(text) || text.len > sizeof folded)
		return AIM__NAME_NONE;
	aim_str key = {folded, aim__name_fold(folded, sizeof folded, text)};
	return find(names, key).id;
}

aim__name_ids aim__names_find(const aim__names *names, aim_str text)
{
	aim__name_ids ids = {AIM__NAME_NONE, AIM__NAME_NONE};
	if (text.len > names->longest)
		return ids;
	ids = find(names, text);
	if (ids.id == AIM__NAME_NONE)
		ids.fold = find_folded(names, text);
	return ids;
}

aim__name_ids aim__names_find_again(const aim__names *names, aim__name_memo *memo, aim_str text)
{
	if (memo->len == text.len && memcmp(memo->text, text.ptr, text.len) == 0)
		return memo->ids;
	aim__name_ids ids = aim__names_find(names, text);
	if (text.len <= AIM__MEMO_LEN) {
		memo->ids = ids;
		memo->len = (uint32_t)text.len;
		memcpy(memo->text, text.ptr, text.len);
	}
	return ids;
}
