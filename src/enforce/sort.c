/* enforce/sort.c — radix sort, least significant byte first. Layer enforce; knows no policy. */
#include "enforce/sort.h"

#include "base/mem.h"

#include <string.h>

#define SMALL 64u

static void insertion_sort(uint64_t *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t item = items[i];
		size_t at = i;
		for (; at > 0 && items[at - 1] > item; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* One pass by the byte at shift. 0 when all items share it: nothing moved. */
static int distribute(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
	size_t starts[256] = {0};
	for (size_t i = 0; i < n; i++)
		starts[from[i] >> shift & 0xFF]++;
	if (starts[from[0] >> shift & 0xFF] == n)
		return 0;
	size_t total = 0;
	for (size_t b = 0; b < 256; b++) {
		size_t count = starts[b];
		starts[b] = total;
		total += count;
	}
	for (size_t i = 0; i < n; i++)
		to[starts[from[i] >> shift & 0xFF]++] = from[i];
	return 1;
}

aim_status aim__sort_u64(const aim_ctx *ctx, uint64_t *items, size_t n)
{
	if (n <= SMALL) {
		insertion_sort(items, n);
		return AIM_OK;
	}
	uint64_t *scratch = aim__alloc_array(ctx, n, sizeof *items);
	if (!scratch)
		return AIM_E_NOMEM;
	uint64_t *from = items;
	uint64_t *to = scratch;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		if (!distribute(from, to, n, shift))
			continue;
		uint64_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, n * sizeof *items);
	aim__free(ctx, scratch, n * sizeof *items);
	return AIM_OK;
}

size_t aim__unique_u64(uint64_t *items, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || items[kept - 1] != items[i])
			items[kept++] = items[i];
	return kept;
}
