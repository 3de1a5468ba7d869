/* enforce/pattern.h — how names and patterns of policies compare: exact, folded, glob.
 *
 * Folding is what makes deny rules hard to slip past: two names that fold alike may be confused. Today it is ASCII
 * case; everything that compares folded names goes through these functions, so a wider folding is a change here. */
#ifndef AIM_ENFORCE_PATTERN_H
#define AIM_ENFORCE_PATTERN_H

#include <aim/span.h>

/* Longest text of a request that is looked at; bounds the work of one comparison. */
#define AIM__FACT_MAX 8192u

/* Writes the folded form, at most cap bytes of it, at dst. Returns the bytes written. */
size_t aim__name_fold(char *dst, size_t cap, aim_str name);
int aim__name_is_folded(aim_str name);

/* NULL when pattern is well formed, else what is wrong, as the end of a sentence ("… holds a control
 * character"). A pattern without '*' and '?' is a plain name. */
const char *aim__pattern_problem(aim_str pattern, size_t max_len);
int aim__pattern_is_glob(aim_str pattern);
/* Bytes in front of the first '*' or '?'. */
size_t aim__pattern_prefix_len(aim_str pattern);

/* A pattern that is known to be well formed. */
typedef struct aim__pattern {
	aim_str text;
	uint32_t is_glob;
} aim__pattern;

int aim__pattern_match(const aim__pattern *pattern, aim_str name, int folded);

#endif
