/* assess/version.c — which ecosystem orders its versions how. Layer assess. */
#include "assess/version.h"

#include <string.h>

static const aim__ecosystem ecosystems[] = {
	{"npm", aim__semver_valid, aim__semver_order, 0},
	{"PyPI", aim__pep440_valid, aim__pep440_order, AIM__ECOSYSTEM_PEP503},
	{"Go", aim__semver_valid, aim__semver_order, AIM__ECOSYSTEM_MODULES},
	{"crates.io", aim__semver_valid, aim__semver_order, 0},
	{"Debian", aim__debian_valid, aim__debian_order, AIM__ECOSYSTEM_RELEASES},
};

const aim__ecosystem *aim__ecosystem_find(aim_str text)
{
	const char *colon = text.len ? memchr(text.ptr, ':', text.len) : NULL;
	if (colon)
		text.len = (size_t)(colon - text.ptr);
	for (size_t i = 0; i < sizeof ecosystems / sizeof *ecosystems; i++)
		if (aim_str_equal(text, aim_str_from(ecosystems[i].name)))
			return &ecosystems[i];
	return NULL;
}

int aim__digits_order(aim_str a, aim_str b)
{
	while (a.len && *a.ptr == '0')
		a.ptr++, a.len--;
	while (b.len && *b.ptr == '0')
		b.ptr++, b.len--;
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	int order = a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
	return (order > 0) - (order < 0);
}
