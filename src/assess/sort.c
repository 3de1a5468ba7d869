/* assess/sort.c — heapsort (Williams 1964, Floyd's heap construction). Layer assess; pure. */
#include "assess/sort.h"

#include <aim/span.h>

#include <string.h>

static void sift_down(const void **items, size_t root, size_t n,
                      int (*compare)(const void *a, const void *b))
{
	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && compare(items[child], items[child + 1]) < 0)
			child++;
		if (compare(items[root], items[child]) >= 0)
			return;
		const void *swap = items[root];
		items[root] = items[child];
		items[child] = swap;
	}
}

void aim__sort_pointers(const void **items, size_t n, int (*compare)(const void *a, const void *b))
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(items, i, n, compare);
	for (size_t end = n; end-- > 1;) {
		const void *swap = items[0];
		items[0] = items[end];
		items[end] = swap;
		sift_down(items, 0, end, compare);
	}
}

int aim__compare_texts(const void *a, const void *b)
{
	const aim_str *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = n ? memcmp(x->ptr, y->ptr, n) : 0;
	if (order != 0 || x->len == y->len)
		return order;
	return x->len < y->len ? -1 : 1;
}
