/* companions/vectorscan/expression.h — patterns as Vectorscan reads them: one that matches wherever the pattern does,
 * and perhaps elsewhere. */
#ifndef AIM_VECTORSCAN_EXPRESSION_H
#define AIM_VECTORSCAN_EXPRESSION_H

#include <aim/plugin/matcher.h>

/* Most bytes of the expression of a pattern, with its NUL. */
size_t aim__expression_size(const aim_pattern *pattern);

/* Writes it. 0 when there is none: the pattern says something that the two engines may read differently. */
int aim__expression_write(const aim_pattern *pattern, char *out);

#endif
