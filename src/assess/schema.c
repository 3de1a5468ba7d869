/* assess/schema.c — what a tool's schema and annotations say about it, apart from their texts. Layer assess. */
#include "assess/scan.h"

#include <string.h>

#define DEEP 40u            /* levels of JSON; ordinary schemas have a dozen */
#define LARGE (128u * 1024u) /* bytes of one definition */
#define NAME_MAX 48u
#define MOST_NAMES 16u /* of one kind are looked up in other lists: more say nothing new, and cost stays linear */
#define DESCRIBED 8u /* bytes of a description that says anything */

/* Parameters that carry an authority, without '_' and '-', in lower case. */
static const char *const tokens[] = {"accesstoken", "authtoken",    "bearertoken",   "usertoken",      "idtoken",
                                     "sessiontoken", "refreshtoken", "delegatedtoken", "userauthtoken", "oauthtoken",
                                     "authorization", "usercredentials", NULL};
static const char *const deputies[] = {"onbehalfof", "behalfof", "impersonate", "impersonateuser", "actas", "actasuser",
                                       "runas", "runasuser", "asuser", "sudouser", "effectiveuser", "assumeidentity", NULL};
/* What a tool does that only reads does not. */
static const char *const changing[] = {"delete", "remove", "drop", "destroy", "erase", "wipe", "purge", "uninstall",
                                       "overwrite", "write", "truncate", "kill", NULL};

static int is_one_of(aim_str name, const char *const *list)
{
	for (; *list; list++)
		if (aim_str_equal(name, aim_str_from(*list)))
			return 1;
	return 0;
}

/* Lower case, without what separates words. */
static aim_str plain_name(aim_str name, char out[NAME_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < name.len && n < NAME_MAX; i++) {
		char c = name.ptr[i];
		if (c == '_' || c == '-' || c == ' ')
			continue;
		out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	aim_str plain = {out, n};
	return plain;
}

static int is_suspicious(aim_str name)
{
	char a[NAME_MAX], b[NAME_MAX];
	aim_str plain = plain_name(name, a);
	for (const char *const *p = aim__rule_parameters; *p; p++)
		if (aim_str_equal(plain, plain_name(aim_str_from(*p), b)))
			return 1;
	return 0;
}

static void report(aim_scan_result *r, const aim_json *doc, aim_json_value value, uint32_t rule, uint32_t severity,
                   aim_str details)
{
	aim__found found = {.rule = rule, .severity = severity, .place = {doc, value, AIM__PART_SCHEMA}, .details = details};
	aim__finding_add(r, &found);
}

static int is_described(const aim_json *doc, aim_json_value property)
{
	aim_str text = aim__json_string(doc, aim__json_member_text(doc, property, "description"));
	return text.len >= DESCRIBED;
}

/* A required parameter that asks for the conversation, the prompt or the like: critical unless it is there for all to
 * see and says what it is for. Its text was scanned as any other. */
static void check_required(aim_scan_result *r, const aim_json *doc, aim_json_value schema, aim_json_value properties)
{
	aim_json_value required = aim__json_member_text(doc, schema, "required");
	if (aim__json_type(doc, required) != AIM_JSON_ARRAY)
		return;
	uint32_t found = 0;
	for (aim_json_value v = aim__json_first(doc, required); v != AIM_JSON_NONE && found < MOST_NAMES;
	     v = aim__json_next(doc, v)) {
		aim_str name = aim__json_string(doc, v);
		int hidden = name.len > 1 && name.ptr[0] == '_';
		if (!name.len || (!hidden && !is_suspicious(name)))
			continue;
		found++;
		aim_json_value property = aim__json_member(doc, properties, name);
		if (property == AIM_JSON_NONE)
			report(r, doc, v, AIM__RULE_HIDDEN_PARAMETER, AIM_SCAN_CRITICAL, name);
		else if (!is_described(doc, property))
			report(r, doc, property, hidden ? AIM__RULE_HIDDEN_PARAMETER : AIM__RULE_SUSPICIOUS_PARAMETER,
			       AIM_SCAN_CRITICAL, name);
		else
			report(r, doc, property, AIM__RULE_SUSPICIOUS_PARAMETER, AIM_SCAN_INFO, name);
	}
}

static int is_required(const aim_json *doc, aim_json_value schema, aim_str name)
{
	aim_json_value required = aim__json_member_text(doc, schema, "required");
	for (aim_json_value v = aim_json_first(doc, required); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (aim_str_equal(aim__json_string(doc, v), name))
			return 1;
	return 0;
}

static void check_deputy(aim_scan_result *r, const aim_json *doc, aim_json_value schema, aim_json_value property)
{
	aim_str name = aim__json_key(doc, property);
	int required = is_required(doc, schema, name);
	report(r, doc, property, required ? AIM__RULE_AUTHORITY_PARAMETER_REQUIRED : AIM__RULE_AUTHORITY_PARAMETER,
	       required ? AIM_SCAN_WARNING : AIM_SCAN_INFO, name);
}

static void check_authority(aim_scan_result *r, const aim_json *doc, aim_json_value schema, aim_json_value properties)
{
	char buffer[NAME_MAX];
	uint32_t found = 0;
	if (aim__json_type(doc, properties) != AIM_JSON_OBJECT)
		return;
	for (aim_json_value v = aim__json_first(doc, properties); v != AIM_JSON_NONE && found < MOST_NAMES;
	     v = aim__json_next(doc, v)) {
		aim_str plain = plain_name(aim__json_key(doc, v), buffer);
		int deputy = is_one_of(plain, deputies), token = !deputy && is_one_of(plain, tokens);
		found += (uint32_t)(deputy || token);
		if (deputy)
			check_deputy(r, doc, schema, v);
		else if (token)
			report(r, doc, v, AIM__RULE_AUTHORITY_PARAMETER, AIM_SCAN_INFO, aim__json_key(doc, v));
	}
}

static int is_true(const aim_json *doc, aim_json_value value)
{
	int32_t yes = 0;
	return aim_json_bool(doc, value, &yes) == AIM_OK && yes;
}

static void check_permissive(aim_scan_result *r, const aim_json *doc, aim_json_value schema, aim_json_value properties)
{
	aim_json_value additional = aim__json_member_text(doc, schema, "additionalProperties");
	if (additional != AIM_JSON_NONE && is_true(doc, additional) && aim_json_count(doc, properties) == 0)
		report(r, doc, additional, AIM__RULE_PERMISSIVE_SCHEMA, AIM_SCAN_WARNING, aim_str_from(""));
}

static int begins_with_word(aim_str name, const char *word)
{
	size_t n = strlen(word);
	if (name.len < n || memcmp(name.ptr, word, n) != 0)
		return 0;
	return name.len == n || name.ptr[n] == '_' || name.ptr[n] == '-' || (name.ptr[n] >= 'A' && name.ptr[n] <= 'Z');
}

static void check_annotations(aim_scan_result *r, const aim_json *doc, aim_json_value tool)
{
	aim_json_value annotations = aim__json_member_text(doc, tool, "annotations");
	aim_json_value hint = aim__json_member_text(doc, annotations, "readOnlyHint");
	aim_str name = aim__json_string(doc, aim__json_member_text(doc, tool, "name"));
	if (hint == AIM_JSON_NONE || !is_true(doc, hint))
		return;
	for (const char *const *verb = changing; *verb; verb++)
		if (begins_with_word(name, *verb))
			report(r, doc, hint, AIM__RULE_CONTRADICTING_ANNOTATION, AIM_SCAN_WARNING, name);
}

/* Levels below value: one pass over its nodes with a stack of where containers end. */
static int is_deep(aim_scan_result *r, const aim_json *doc, aim_json_value value)
{
	uint32_t ends[DEEP], depth = 0, end = aim__json_skip(doc, value);
	for (uint32_t i = value; i < end; i++) {
		while (depth && i >= ends[depth - 1])
			depth--;
		r->work++;
		if ((doc->nodes[i].info & AIM__JSON_TYPE) < AIM_JSON_ARRAY || doc->nodes[i].info & AIM__JSON_KEY)
			continue;
		if (depth == DEEP)
			return 1;
		ends[depth++] = doc->nodes[i].link;
	}
	return 0;
}

void aim__schema_check(aim_scan_result *r, const aim_json *doc, aim_json_value tool)
{
	aim_json_value schema = aim__json_member_text(doc, tool, "inputSchema");
	aim_json_value properties = aim__json_member_text(doc, schema, "properties");
	check_annotations(r, doc, tool);
	if (aim_json_raw(doc, tool).len > LARGE)
		report(r, doc, tool, AIM__RULE_LARGE_DEFINITION, AIM_SCAN_WARNING, aim_str_from(""));
	if (is_deep(r, doc, tool))
		report(r, doc, tool, AIM__RULE_DEEP_SCHEMA, AIM_SCAN_WARNING, aim_str_from(""));
	if (aim__json_type(doc, schema) != AIM_JSON_OBJECT)
		return;
	check_required(r, doc, schema, properties);
	check_authority(r, doc, schema, properties);
	check_permissive(r, doc, schema, properties);
}
