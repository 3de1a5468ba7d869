/* assess/version.h — orders of versions: Semantic Versioning, PEP 440, Debian. Pure functions over spans. */
#ifndef AIM_ASSESS_VERSION_H
#define AIM_ASSESS_VERSION_H

#include <aim/span.h>

/* 1 when text is a version of the order; *out_order then gets the sign of a − b. Texts of any length; no allocation. */
typedef int aim__version_valid(aim_str text);
typedef int aim__version_order(aim_str a, aim_str b); /* both valid */

/* semver.org 2.0.0, with a leading "v" allowed and missing minor and patch numbers read as 0. */
aim__version_valid aim__semver_valid;
aim__version_order aim__semver_order;
/* The same, with all three numbers: names one version and no range of them. */
int aim__semver_is_full(aim_str text);

/* PEP 440, as published at packaging.python.org: epoch, pre-, post- and development releases, local versions. */
aim__version_valid aim__pep440_valid;
aim__version_order aim__pep440_order;

/* Debian Policy §5.6.12: [epoch:]upstream[-revision]. */
aim__version_valid aim__debian_valid;
aim__version_order aim__debian_order;

/* The order that an ecosystem of OSV uses; NULL when it is not known here. */
typedef struct aim__ecosystem {
	const char *name;
	aim__version_valid *valid;
	aim__version_order *order;
	uint32_t flags; /* AIM__ECOSYSTEM_* */
} aim__ecosystem;

#define AIM__ECOSYSTEM_PEP503 1u   /* names: case, runs of "-", "_" and "." do not count */
#define AIM__ECOSYSTEM_MODULES 2u  /* a package is of the module whose path is its prefix */
#define AIM__ECOSYSTEM_RELEASES 4u /* "Debian:12": each release of the distribution has records of its own */

/* text may carry a release behind ":". */
const aim__ecosystem *aim__ecosystem_find(aim_str text);

/* Shared by the orders: compares runs of digits as numbers of any size. Both without a sign. */
int aim__digits_order(aim_str a, aim_str b);

static inline int aim__is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline int aim__is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char aim__lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#endif
