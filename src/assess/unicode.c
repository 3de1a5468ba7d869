/* assess/unicode.c — looking code points up in the generated tables. Layer assess; knows no rule. */
#include "assess/unicode.h"

#define CODE_POINT 0x1FFFFFu
#define LENGTH(row) ((row)->from >> 21 & 31u)
#define STEP(row) (((row)->from >> 26 & 1u) + 1u)
#define COUNT(row) ((row)->to >> 21)

/* Continuation bytes behind a lead byte, the bits it gives and the least code point of that length (RFC 3629 §4). */
static size_t lead(uint8_t c, uint32_t *out_bits, uint32_t *out_least)
{
	if (c >= 0xC2 && c < 0xE0) {
		*out_bits = c & 0x1Fu;
		*out_least = 0x80;
		return 1;
	}
	if (c >= 0xE0 && c < 0xF0) {
		*out_bits = c & 0x0Fu;
		*out_least = 0x800;
		return 2;
	}
	*out_bits = c & 0x07u;
	*out_least = 0x10000;
	return c >= 0xF0 && c < 0xF5 ? 3 : 0;
}

uint32_t aim__unicode_read(const uint8_t *p, const uint8_t *end, size_t *out_n)
{
	uint32_t cp, least;
	*out_n = 1;
	if (*p < 0x80)
		return *p;
	size_t more = lead(*p, &cp, &least);
	if (more == 0 || (size_t)(end - p) <= more)
		return AIM__UNICODE_BAD;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return AIM__UNICODE_BAD;
		cp = cp << 6 | (p[i] & 0x3Fu);
	}
	if (cp < least || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
		return AIM__UNICODE_BAD;
	*out_n = more + 1;
	return cp;
}

size_t aim__unicode_write(uint32_t cp, uint8_t *out)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const uint8_t leads[5] = {0, 0, 0xC0, 0xE0, 0xF0};
	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3F));
	out[0] = (uint8_t)(leads[n] | cp);
	return n;
}

uint32_t aim__unicode_flags(uint32_t cp)
{
	uint32_t page = cp >> 8;
	if (page >= AIM__UNICODE_PAGES)
		return cp >= 0xF0000 ? AIM__UNICODE_INVISIBLE : 0;
	for (uint32_t i = aim__unicode_props_pages[page]; aim__unicode_props[i].first <= cp; i++) {
		if (cp <= aim__unicode_props[i].last)
			return aim__unicode_props[i].flags;
		if (i == aim__unicode_props_pages[page + 1])
			break;
	}
	return 0;
}

/* The row of the page that holds cp, NULL when none does. */
static const aim__unicode_row *find(const aim__unicode_row *rows, const uint16_t *pages, uint32_t cp)
{
	uint32_t page = cp >> 8;
	if (page >= AIM__UNICODE_PAGES)
		return NULL;
	uint32_t low = pages[page], high = pages[page + 1] + 1u;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if ((rows[middle].from & CODE_POINT) <= cp)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == pages[page])
		return NULL;
	const aim__unicode_row *row = &rows[low - 1];
	uint32_t distance = cp - (row->from & CODE_POINT);
	return distance % STEP(row) == 0 && distance / STEP(row) < COUNT(row) ? row : NULL;
}

static size_t image(const aim__unicode_row *row, uint32_t cp, uint32_t out[AIM__UNICODE_IMAGE_MAX])
{
	size_t n = row ? LENGTH(row) : 1;
	uint32_t to = row ? row->to & CODE_POINT : cp;
	if (n == 1)
		out[0] = row ? to + (cp - (row->from & CODE_POINT)) : cp;
	else
		for (size_t i = 0; i < n; i++)
			out[i] = aim__unicode_pool[to + i];
	return n;
}

size_t aim__unicode_fold_one(uint32_t cp, uint32_t out[AIM__UNICODE_IMAGE_MAX])
{
	if (cp < 0x80) {
		out[0] = cp >= 'A' && cp <= 'Z' ? cp | 0x20 : cp;
		return 1;
	}
	return image(find(aim__unicode_fold, aim__unicode_fold_pages, cp), cp, out);
}

size_t aim__unicode_look_one(uint32_t cp, uint32_t out[AIM__UNICODE_IMAGE_MAX])
{
	return image(find(aim__unicode_look, aim__unicode_look_pages, cp), cp, out);
}

size_t aim__unicode_disguise(uint32_t cp, uint32_t *out, size_t cap)
{
	uint32_t folded[AIM__UNICODE_IMAGE_MAX], look[AIM__UNICODE_IMAGE_MAX], last[AIM__UNICODE_IMAGE_MAX];
	size_t used = 0, n = aim__unicode_fold_one(cp, folded);
	for (size_t i = 0; i < n; i++) {
		size_t n_look = folded[i] < 0x80 ? 1 : aim__unicode_look_one(folded[i], look);
		if (folded[i] < 0x80)
			look[0] = folded[i];
		for (size_t k = 0; k < n_look; k++) {
			size_t n_last = aim__unicode_fold_one(look[k], last);
			for (size_t m = 0; m < n_last && used < cap; m++)
				out[used++] = last[m];
		}
	}
	return used;
}
