/* assess/cvss.c — CVSS 2.0, 3.0 and 3.1 base scores, and reading vectors of all versions. Layer assess.
 *
 * The weights of the standards have at most three decimals, so all is computed in exact integers, except for the power
 * of 15 in versions 3, which is carried with nine decimals: enough for its rounding, which looks at five. */
#include "assess/cvss.h"

#include <string.h>

typedef struct metric {
	const char *name;
	const char *values; /* one letter each */
	uint16_t weights[4]; /* in thousandths */
} metric;

/* CVSS v2 guide §3.2.1 */
static const metric v2[] = {
	{"AV", "LAN", {395, 646, 1000}}, {"AC", "HML", {350, 610, 710}}, {"Au", "MSN", {450, 560, 704}},
	{"C", "NPC", {0, 275, 660}},     {"I", "NPC", {0, 275, 660}},    {"A", "NPC", {0, 275, 660}},
};

/* CVSS v3.1 §7.4; privileges required weigh more when the scope changes. */
static const metric v3[] = {
	{"AV", "NALP", {850, 620, 550, 200}}, {"AC", "LH", {770, 440}},     {"PR", "NLH", {850, 620, 270}},
	{"UI", "NR", {850, 620}},             {"S", "UC", {0, 1}},          {"C", "NLH", {0, 220, 560}},
	{"I", "NLH", {0, 220, 560}},          {"A", "NLH", {0, 220, 560}},
};
static const uint16_t v3_privileges_changed[] = {850, 680, 500};

/* CVSS v4.0 §2; values from the gravest on. */
static const metric v4[] = {
	{"AV", "NALP", {0}}, {"AC", "LH", {0}}, {"AT", "NP", {0}},  {"PR", "NLH", {0}},
	{"UI", "NPA", {0}},  {"VC", "HLN", {0}}, {"VI", "HLN", {0}}, {"VA", "HLN", {0}},
	{"SC", "HLN", {0}},  {"SI", "HLN", {0}}, {"SA", "HLN", {0}},
};

typedef struct version {
	const char *prefix;
	const metric *metrics;
	uint32_t n;
	uint32_t number;
} version;

#define ROWS(table) table, sizeof table / sizeof *table

static const version versions[] = {
	{"CVSS:4.0/", ROWS(v4), 40},
	{"CVSS:3.1/", ROWS(v3), 31},
	{"CVSS:3.0/", ROWS(v3), 30},
	{"", ROWS(v2), 20},
};

/* --- reading -------------------------------------------------------------------------------------------------------------- */

static aim_str take_field(aim_str *text)
{
	const char *slash = memchr(text->ptr, '/', text->len);
	aim_str field = {text->ptr, slash ? (size_t)(slash - text->ptr) : text->len};
	size_t used = field.len + (slash != NULL);
	text->ptr += used;
	text->len -= used;
	return field;
}

/* Letters on both sides of one colon: also of metrics that the base score does not use. */
static int is_field(aim_str field, size_t *out_colon)
{
	const char *colon = field.len ? memchr(field.ptr, ':', field.len) : NULL;
	if (!colon || colon == field.ptr || colon == field.ptr + field.len - 1)
		return 0;
	*out_colon = (size_t)(colon - field.ptr);
	for (size_t i = 0; i < field.len; i++) {
		char c = field.ptr[i];
		if (i != *out_colon && !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
			return 0;
	}
	return 1;
}

/* Takes one "AV:N" into out. 0: not of the version, or there twice. */
static int take_metric(const version *v, aim_str field, uint32_t *seen, aim__cvss *out)
{
	size_t colon;
	if (!is_field(field, &colon))
		return 0;
	for (uint32_t i = 0; i < v->n; i++) {
		const metric *m = &v->metrics[i];
		if (colon != strlen(m->name) || memcmp(field.ptr, m->name, colon) != 0)
			continue;
		const char *value = strchr(m->values, field.ptr[colon + 1]);
		if (field.len != colon + 2 || !value || *seen & 1u << i)
			return 0;
		*seen |= 1u << i;
		out->values[i] = (uint8_t)(value - m->values);
		return 1;
	}
	return 1;
}

int aim__cvss_read(aim_str vector, aim__cvss *out)
{
	const version *v = versions;
	uint32_t seen = 0;
	*out = (aim__cvss){.version = 0};
	if (vector.len > 1 && vector.ptr[0] == '(' && vector.ptr[vector.len - 1] == ')')
		vector = (aim_str){vector.ptr + 1, vector.len - 2};
	if (vector.len == 0 || vector.ptr[vector.len - 1] == '/')
		return 0;
	while (vector.len < strlen(v->prefix) || memcmp(vector.ptr, v->prefix, strlen(v->prefix)) != 0)
		v++;
	vector.ptr += strlen(v->prefix);
	vector.len -= strlen(v->prefix);
	while (vector.len)
		if (!take_metric(v, take_field(&vector), &seen, out))
			return 0;
	out->version = v->number;
	return seen == (1u << v->n) - 1;
}

/* --- scores --------------------------------------------------------------------------------------------------------------- */

#define E9 UINT64_C(1000000000)

/* 1 − (1−C)(1−I)(1−A), exact, in 10⁻⁹. */
static uint64_t joint_impact(const metric *m, const uint8_t *values)
{
	uint64_t left = 1;
	for (size_t i = 0; i < 3; i++)
		left *= 1000u - m[i].weights[values[i]];
	return E9 - left;
}

/* CVSS v2 guide §3.2.1. */
static uint32_t score_2(const uint8_t *values)
{
	uint64_t impact = joint_impact(v2 + 3, values + 3);
	uint64_t exploitability = 20;
	if (impact == 0)
		return 0;
	for (size_t i = 0; i < 3; i++)
		exploitability *= v2[i].weights[values[i]]; /* in 10⁻⁹ */
	/* 0.6 × 10.41 × impact + 0.4 × exploitability − 1.5, in 10⁻¹² */
	uint64_t sum = impact * 6246 + exploitability * 400 - UINT64_C(1500000000000);
	/* × 1.176, to tenths: the result's 10⁻¹⁵ are more than 64 bits hold, so 10⁻¹² lose nothing that rounding sees */
	return (uint32_t)((sum / 1000 * 1176 + UINT64_C(50000000000)) / UINT64_C(100000000000));
}

/* x¹⁵ of an x below 1, both in 10⁻⁹. */
static uint64_t power_15(uint64_t x)
{
	uint64_t power = E9;
	for (size_t i = 0; i < 15; i++)
		power = (power * x + E9 / 2) / E9;
	return power;
}

/* Up to the next tenth, of a number in 10⁻⁹. 3.1 rounds to five decimals first (§ Appendix A); what 3.0 rounds up
 * beyond that is the noise of its computers. */
static uint32_t round_up(uint64_t x)
{
	uint64_t e5 = (x + 5000) / 10000;
	return (uint32_t)((e5 + 9999) / 10000);
}

/* CVSS v3.1 §7.1. */
static uint32_t score_3(const uint8_t *values)
{
	int changed = values[4];
	uint64_t joint = joint_impact(v3 + 5, values + 5);
	uint64_t privileges = changed ? v3_privileges_changed[values[2]] : v3[2].weights[values[2]];
	if (joint == 0)
		return 0;
	uint64_t exploitability = (uint64_t)v3[0].weights[values[0]] * v3[1].weights[values[1]] * privileges / 1000 *
	                          v3[3].weights[values[3]] * 822 / 100; /* in 10⁻⁹ */
	uint64_t impact = joint * 642 / 100;
	if (changed)
		impact = (joint - 29 * E9 / 1000) * 752 / 100 - power_15(joint - 20 * E9 / 1000) * 325 / 100;
	uint64_t sum = impact + exploitability;
	sum = changed ? sum * 108 / 100 : sum;
	return round_up(sum < 10 * E9 ? sum : 10 * E9);
}

uint32_t aim__cvss_score(const aim__cvss *cvss)
{
	switch (cvss->version) {
	case 20:
		return score_2(cvss->values);
	case 40:
		return aim__cvss4_score(cvss->values);
	default:
		return score_3(cvss->values);
	}
}
