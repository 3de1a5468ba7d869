/* assess/cvss.h — base scores of CVSS vectors, in integers. */
#ifndef AIM_ASSESS_CVSS_H
#define AIM_ASSESS_CVSS_H

#include <aim/span.h>

#define AIM__CVSS_METRICS 12u

/* The base metrics of a vector: values[i] is the index of metric i's value in its table. */
typedef struct aim__cvss {
	uint32_t version; /* 20, 30, 31, 40 */
	uint8_t values[AIM__CVSS_METRICS];
} aim__cvss;

/* Reads a vector of any version: "CVSS:3.1/AV:N/…"; version 2 has no prefix and may stand in parentheses. Metrics in
 * any order, each once, all base metrics there; threat, environmental and supplemental ones are checked for form only.
 * 0: none. */
int aim__cvss_read(aim_str vector, aim__cvss *out);
/* Ten times the base score, 0 … 100. */
uint32_t aim__cvss_score(const aim__cvss *cvss);

/* The parts of the above for version 4.0, whose scores come from a table (cvss4.c). */
uint32_t aim__cvss4_score(const uint8_t values[AIM__CVSS_METRICS]);

#endif
