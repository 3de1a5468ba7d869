/* backends/pcre2_none.c — stands for pcre2.c in a build without PCRE2. Layer backends. */
#include <aim/plugin/matcher.h>

const aim_matcher *aim_matcher_pcre2(void)
{
	return NULL;
}
