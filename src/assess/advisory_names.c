/* assess/advisory_names.c — names of verdicts, and comparisons that need no set. Layer assess. */
#include <aim/advisory.h>

#include "assess/cvss.h"
#include "assess/version.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"

#define LAYER AIM_LAYER_ASSESS

aim_status aim_advisory_compare_versions(aim_str ecosystem, aim_str a, aim_str b, int32_t *out_order, aim_error *err)
{
	if (!out_order)
		return AIM__MISUSE(NULL, "out_order is required");
	const aim__ecosystem *eco = aim__ecosystem_find(ecosystem);
	if (!eco)
		return aim__fail(err, AIM_E_UNSUPPORTED, LAYER, "how the ecosystem '%.*s' orders versions is not known",
		                 AIM__STR(ecosystem));
	if (!eco->valid(a) || !eco->valid(b))
		return aim__fail(err, AIM_E_ADVISORY_VERSION, LAYER, "'%.*s' is no version of %s", AIM__STR(eco->valid(a) ? b : a),
		                 eco->name);
	*out_order = eco->order(a, b);
	return AIM_OK;
}

aim_status aim_advisory_cvss_score(aim_str vector, uint32_t *out_score, aim_error *err)
{
	aim__cvss cvss;
	if (!out_score || (!vector.ptr && vector.len))
		return AIM__MISUSE(NULL, "vector and out_score are required");
	if (!aim__cvss_read(vector, &cvss))
		return aim__fail(err, AIM_E_ADVISORY_VECTOR, LAYER, "'%.*s' is no CVSS vector of version 2.0, 3.0, 3.1 or 4.0",
		                 AIM__STR(vector));
	*out_score = aim__cvss_score(&cvss);
	return AIM_OK;
}

const char *aim_advisory_status_name(uint32_t status)
{
	static const char *const names[] = {"unknown", "clean", "affected"};
	return names[status < sizeof names / sizeof *names ? status : 0];
}

const char *aim_advisory_reason_text(uint32_t reason)
{
	static const char *const texts[] = {
		"",
		"no source has records of its ecosystem",
		"the advisories could not be fetched",
		"which version runs is not known",
		"a version is none of its ecosystem",
		"how its ecosystem orders versions is not known",
		"a record is malformed or incomplete",
	};
	return texts[reason < sizeof texts / sizeof *texts ? reason : 0];
}

const char *aim_advisory_severity_name(uint32_t severity)
{
	static const char *const names[] = {"unrated", "none", "low", "medium", "high", "critical"};
	return names[severity < sizeof names / sizeof *names ? severity : 0];
}
