/* assess/injection.c — findings of the scanner as classes of injection. Layer assess. */
#include "assess/injection.h"

#include <string.h>

#define SHORT_TEXT 6u /* [INST] */

static const struct {
	uint32_t rule;
	aim__injection class;
} classes[] = {
	{AIM__RULE_OVERRIDE_INSTRUCTIONS, AIM__INJECTION_DIRECT_OVERRIDE},
	{AIM__RULE_OVERRIDE_RULES, AIM__INJECTION_DIRECT_OVERRIDE},
	{AIM__RULE_DISABLE_SAFETY, AIM__INJECTION_DIRECT_OVERRIDE},
	{AIM__RULE_ROLE_CHANGE, AIM__INJECTION_ROLEPLAY_JAILBREAK},
	{AIM__RULE_ROLE_MODE, AIM__INJECTION_ROLEPLAY_JAILBREAK},
	{AIM__RULE_REVEAL_PROMPT, AIM__INJECTION_SYSTEM_PROMPT_EXFILTRATION},
	{AIM__RULE_ROLE_MARKER, AIM__INJECTION_DELIMITER_ATTACK},
	{AIM__RULE_IMPORTANT_TAG, AIM__INJECTION_DELIMITER_ATTACK},
	{AIM__RULE_TAG_TEXT, AIM__INJECTION_DELIMITER_ATTACK},
};

const char *aim__injection_name(aim__injection class)
{
	static const char *const names[] = {"none", "direct_override", "roleplay_jailbreak", "system_prompt_exfiltration",
	                                    "delimiter_attack", "unscanned"};
	return names[(size_t)class < sizeof names / sizeof *names ? class : AIM__INJECTION_UNKNOWN];
}

static aim__injection class_of(aim_str rule)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (aim_str_equal(rule, aim_str_from(aim__rules[classes[i].rule].id)))
			return classes[i].class;
	return AIM__INJECTION_NONE;
}

/* Under an encoding the finding is about the encoding; its details begin with the rule. */
static aim_str rule_in(aim_str details)
{
	const char *end = details.len ? memchr(details.ptr, ';', details.len) : NULL;
	aim_str rule = {details.ptr, end ? (size_t)(end - details.ptr) : details.len};
	return rule;
}

static aim__injection class_of_finding(const aim_scan_finding *f)
{
	if (aim_str_equal(f->rule, aim_str_from(aim__rules[AIM__RULE_SCAN_LIMIT].id)))
		return AIM__INJECTION_UNKNOWN;
	if (f->severity < AIM_SCAN_CRITICAL)
		return AIM__INJECTION_NONE;
	aim__injection class = class_of(f->rule);
	return class == AIM__INJECTION_NONE ? class_of(rule_in(f->details)) : class;
}

/* NONE is the last resort, then UNKNOWN: an injection that was found is the better answer. */
static aim__injection first_of(aim__injection a, aim__injection b)
{
	return a == AIM__INJECTION_NONE || (b != AIM__INJECTION_NONE && b < a) ? b : a;
}

aim_status aim__injection_class(aim_scan_result *r, aim_str text, aim__injection *out)
{
	aim_str none = {"", 0};
	aim__scan_place place = {NULL, 0, AIM__PART_TEXT};
	*out = AIM__INJECTION_NONE;
	aim__result_begin(r);
	aim__result_begin_tool(r, none, none);
	aim__field_scan(r, text, place);
	for (size_t i = 0; i < r->n_findings; i++)
		*out = first_of(*out, class_of_finding(&r->findings[i]));
	if (r->summary.dropped)
		*out = first_of(*out, AIM__INJECTION_UNKNOWN);
	if (r->failed != AIM_OK)
		*out = AIM__INJECTION_UNKNOWN;
	return r->failed;
}

aim_status aim__injection_find(aim_scan_result *r, const aim_json *doc, aim_json_value value, aim__injection *out)
{
	aim_status rc = AIM_OK;
	*out = AIM__INJECTION_NONE;
	if (aim__json_type(doc, value) == AIM_JSON_ABSENT)
		return AIM_OK;
	uint32_t end = aim__json_skip(doc, value);
	for (uint32_t i = value; i < end && rc == AIM_OK && *out != AIM__INJECTION_DIRECT_OVERRIDE; i++) {
		const aim__json_node *node = &doc->nodes[i];
		aim__injection found = AIM__INJECTION_NONE;
		if (!(node->info & AIM__JSON_KEY) && (node->info & AIM__JSON_TYPE) != AIM_JSON_STRING)
			continue;
		aim_str text = aim__json_node_text(doc, node);
		if (text.len >= SHORT_TEXT)
			rc = aim__injection_class(r, text, &found);
		*out = first_of(*out, found);
	}
	if (rc != AIM_OK)
		*out = AIM__INJECTION_UNKNOWN;
	return rc;
}
