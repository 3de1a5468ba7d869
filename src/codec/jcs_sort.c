/* codec/jcs_sort.c — members by UTF-16 code units of their names (RFC 8785 §3.2.3). Layer codec.
 *
 * Each member gets a key of its name's first eight bytes, mapped so that comparing keys as numbers
 * is comparing UTF-16; names are looked at again only when keys tie. Few members are sorted by
 * insertion, which is quickest for the nearly sorted objects that are common; many by heap sort,
 * which no order slows. */
#include "codec/jcs_sort.h"

#include "base/mem.h"
#include "codec/json.h"
#include "codec/utf8.h"

#define FEW 40u

typedef struct member {
	uint64_t key;
	uint32_t value;
} member;

/* U+E000 … U+FFFF begin with 0xEE or 0xEF and come behind U+10000 …, which begin with 0xF0 … 0xF4:
 * the two ranges change places. Other bytes of UTF-8 are below 0xEE. */
static uint8_t order_of_byte(uint8_t byte)
{
	if (byte < 0xEE)
		return byte;
	return (uint8_t)(byte >= 0xF0 ? byte - 2 : byte + 5);
}

static uint64_t key_of(aim_str name)
{
	uint64_t key = 0;
	size_t n = name.len < 8 ? name.len : 8;
	for (size_t i = 0; i < n; i++)
		key |= (uint64_t)order_of_byte((uint8_t)name.ptr[i]) << (56 - 8 * i);
	return key;
}

/* 1 when a comes behind b. */
static inline int comes_behind(const aim_json *doc, member a, member b)
{
	if (a.key != b.key)
		return a.key > b.key;
	return aim__utf8_compare_utf16(aim__json_key(doc, a.value), aim__json_key(doc, b.value)) >
	       0;
}

static void sort_few(const aim_json *doc, member *members, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		member m = members[i];
		size_t at = i;
		for (; at > 0 && comes_behind(doc, members[at - 1], m); at--)
			members[at] = members[at - 1];
		members[at] = m;
	}
}

/* Restores the heap below root: no child comes behind its parent. */
static void sift_down(const aim_json *doc, member *members, size_t root, size_t n)
{
	member m = members[root];
	for (size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
		if (child + 1 < n && comes_behind(doc, members[child + 1], members[child]))
			child++;
		if (!comes_behind(doc, members[child], m))
			break;
		members[root] = members[child];
		root = child;
	}
	members[root] = m;
}

static void sort_many(const aim_json *doc, member *members, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(doc, members, i, n);
	for (size_t end = n - 1; end > 0; end--) {
		member last = members[0];
		members[0] = members[end];
		members[end] = last;
		sift_down(doc, members, 0, end);
	}
}

static void sort_into(const aim_json *doc, aim_json_value object, member *members, uint32_t *out)
{
	size_t n = 0;
	aim_json_value value = aim__json_first(doc, object);
	for (; value != AIM_JSON_NONE; value = aim__json_next(doc, value)) {
		members[n].key = key_of(aim__json_key(doc, value));
		members[n++].value = value;
	}
	if (n <= FEW)
		sort_few(doc, members, n);
	else
		sort_many(doc, members, n);
	for (size_t i = 0; i < n; i++)
		out[i] = members[n - 1 - i].value;
}

aim_status aim__jcs_sort(const aim_json *doc, aim_json_value object, size_t count, uint32_t *out)
{
	member few[FEW];
	if (count <= FEW) {
		sort_into(doc, object, few, out);
		return AIM_OK;
	}
	member *many = aim__alloc_array(doc->ctx, count, sizeof *many);
	if (!many)
		return AIM_E_NOMEM;
	sort_into(doc, object, many, out);
	aim__free(doc->ctx, many, count * sizeof *many);
	return AIM_OK;
}
