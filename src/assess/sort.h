/* assess/sort.h — sorting pointers in place, without memory and without recursion. */
#ifndef AIM_ASSESS_SORT_H
#define AIM_ASSESS_SORT_H

#include <stddef.h>

/* Heapsort: at most about 2 · n · log2(n) comparisons, whatever the input. Not stable. compare gives
 * < 0, 0, > 0 for what the pointers point to. */
void aim__sort_pointers(const void **items, size_t n, int (*compare)(const void *a, const void *b));


/* Order of two texts (aim_str) by their bytes. */
int aim__compare_texts(const void *a, const void *b);

#endif
