/* assess/userrules.c — reading rules that users write, and compiling them. Layer assess.
 *
 * Reading is strict: an unknown member, a word that does not exist, a pattern that is malformed are refused with their
 * line and column in the file. A rule that ignores case, as rules do unless they say otherwise, is also held against
 * folded text; a literal or a glob is folded for that in the same way. */
#include "assess/userrules.h"

#include <aim/config.h>

#include "assess/scan.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/utf8.h"

#include <string.h>

#define ID_MAX 64u
#define MESSAGE_MAX 200u
#define FIELDS_MAX 16u
#define POINTER_MAX 256u
#define TEXTS_MAX (64u << 20)
#define CEILING_TEXT ((uint64_t)1 << 30)

typedef struct reading {
	const aim_scan_options *options;
	aim__user_rules *rules;
	aim_json *doc;
	aim_pattern *patterns;     /* by rule, as written */
	aim_json_value *places;    /* by rule, of the pattern in the file */
	aim_error *err;
} reading;

/* ---- problems, with their place in the file ---- */

static void add_place(reading *in, aim_json_value value)
{
	uint64_t offset = 0;
	uint32_t line = 0, column = 0;
	aim_buf pointer;
	if (!in->err)
		return;
	if (aim_json_position(in->doc, value, &offset, &line, &column) == AIM_OK) {
		in->err->offset = offset;
		in->err->line = line;
		in->err->column = column;
	}
	aim__buf_init(&pointer, in->rules->ctx);
	if (aim_json_pointer(in->doc, value, &pointer) == AIM_OK)
		aim__error_pointer(in->err, aim_buf_str(&pointer));
	aim__buf_dispose(&pointer);
}

#define REFUSE(in, value, ...)                                                                                        \
	(aim__fail((in)->err, AIM_E_SCAN_RULE, AIM_LAYER_ASSESS, __VA_ARGS__), add_place((in), (value)), AIM_E_SCAN_RULE)

static aim_status over_limit(reading *in, aim_json_value value, const char *what, uint64_t limit)
{
	(void)aim__fail(in->err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "more than %llu %s", (unsigned long long)limit, what);
	add_place(in, value);
	return AIM_E_LIMIT;
}

/* ---- members of a rule ---- */

typedef struct rule_member {
	const char *name;
	aim_status (*read)(reading *in, size_t index, aim_json_value value);
	uint32_t required;
} rule_member;

static aim_status keep(reading *in, aim_str text, aim_str *out)
{
	*out = aim__arena_copy(&in->rules->texts, text);
	return out->ptr ? AIM_OK : aim__fail_plain(in->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
}

static int is_id(aim_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return 0;
	}
	return text.len > 0 && text.len <= ID_MAX;
}

static int is_taken(const reading *in, size_t index, aim_str id)
{
	const char *built_in;
	for (size_t i = 0; (built_in = aim_scan_rule_at(i, NULL, NULL)); i++)
		if (aim_str_equal(aim_str_from(built_in), id))
			return 1;
	for (size_t i = 0; i < index; i++)
		if (aim_str_equal(in->rules->rules[i].id, id))
			return 1;
	return 0;
}

static aim_status read_id(reading *in, size_t index, aim_json_value value)
{
	aim_str id = aim__json_string(in->doc, value);
	if (!is_id(id))
		return REFUSE(in, value, "an id has 1 to %u of a-z, 0-9, '-', '_' and '.'", ID_MAX);
	if (is_taken(in, index, id))
		return REFUSE(in, value, "another rule has this id");
	return keep(in, id, &in->rules->rules[index].id);
}

/* Names of word_of(1) … word_of(n). */
static aim_status read_word(reading *in, aim_json_value value, const char *what, const char *(*word_of)(uint32_t), uint32_t n,
                            uint32_t *out)
{
	aim_str word = aim__json_string(in->doc, value);
	for (uint32_t i = 1; i <= n; i++)
		if (aim_str_equal(aim_str_from(word_of(i)), word)) {
			*out = i;
			return AIM_OK;
		}
	return REFUSE(in, value, "not the name of a %s", what);
}

static aim_status read_threat(reading *in, size_t index, aim_json_value value)
{
	return read_word(in, value, "threat type: tool_poisoning, rug_pull, cross_server_attack, confused_deputy, "
	                 "hidden_instruction or description_injection", aim_scan_threat_name, AIM_SCAN_DESCRIPTION_INJECTION,
	                 &in->rules->rules[index].threat);
}

static aim_status read_severity(reading *in, size_t index, aim_json_value value)
{
	return read_word(in, value, "severity: info, warning or critical", aim_scan_severity_name, AIM_SCAN_CRITICAL,
	                 &in->rules->rules[index].severity);
}

static aim_status read_message(reading *in, size_t index, aim_json_value value)
{
	aim_str text = aim__json_string(in->doc, value);
	if (text.len == 0 || text.len > MESSAGE_MAX)
		return REFUSE(in, value, "a message is a text of 1 to %u bytes", MESSAGE_MAX);
	return keep(in, text, &in->rules->rules[index].message);
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {"", "literal", "glob", "regex"};
	return names[kind];
}

static aim_status read_kind(reading *in, size_t index, aim_json_value value)
{
	return read_word(in, value, "kind: literal, glob or regex", kind_name, AIM_PATTERN_REGEX, &in->patterns[index].kind);
}

static aim_status read_pattern(reading *in, size_t index, aim_json_value value)
{
	if (aim__json_type(in->doc, value) != AIM_JSON_STRING)
		return REFUSE(in, value, "a pattern is a text");
	in->patterns[index].text = aim__json_string(in->doc, value);
	in->places[index] = value;
	return AIM_OK;
}

static aim_status read_case(reading *in, size_t index, aim_json_value value)
{
	int32_t sensitive = 0;
	if (aim_json_bool(in->doc, value, &sensitive) != AIM_OK)
		return REFUSE(in, value, "case_sensitive is true or false");
	in->patterns[index].flags = sensitive ? 0 : AIM_PATTERN_CASELESS;
	return AIM_OK;
}

static aim_status read_fields(reading *in, size_t index, aim_json_value value)
{
	aim__user_rule *rule = &in->rules->rules[index];
	aim_json_value v = aim__json_first(in->doc, value);
	if (aim__json_type(in->doc, value) != AIM_JSON_ARRAY || v == AIM_JSON_NONE)
		return REFUSE(in, value, "fields is a list of JSON Pointers, e.g. [\"/description\"]");
	aim_str *fields = aim__arena_array(&in->rules->texts, FIELDS_MAX, sizeof *fields);
	if (!fields)
		return aim__fail_plain(in->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rule->fields = fields;
	for (; v != AIM_JSON_NONE; v = aim__json_next(in->doc, v)) {
		aim_str pointer = aim__json_string(in->doc, v);
		if (rule->n_fields == FIELDS_MAX)
			return over_limit(in, v, "fields of one rule", FIELDS_MAX);
		if (pointer.len < 2 || pointer.len > POINTER_MAX || pointer.ptr[0] != '/')
			return REFUSE(in, v, "a field is a JSON Pointer into the definition, e.g. \"/description\"");
		aim_status rc = keep(in, pointer, &fields[rule->n_fields]);
		if (rc != AIM_OK)
			return rc;
		rule->n_fields++;
	}
	return AIM_OK;
}

static const rule_member members[] = {
	{"id", read_id, 1},
	{"threat", read_threat, 1},
	{"severity", read_severity, 1},
	{"message", read_message, 1},
	{"kind", read_kind, 1},
	{"pattern", read_pattern, 1},
	{"case_sensitive", read_case, 0},
	{"fields", read_fields, 0},
};

#define N_MEMBERS (sizeof members / sizeof *members)

static aim_status read_member(reading *in, size_t index, aim_json_value value, uint32_t *seen)
{
	aim_str name = aim__json_key(in->doc, value);
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (aim_str_equal(name, aim_str_from(members[i].name))) {
			*seen |= 1u << i;
			return members[i].read(in, index, value);
		}
	return REFUSE(in, value, "a rule has no member of this name");
}

static aim_status read_rule(reading *in, size_t index, aim_json_value rule)
{
	uint32_t seen = 0;
	if (aim__json_type(in->doc, rule) != AIM_JSON_OBJECT)
		return REFUSE(in, rule, "a rule is an object");
	in->patterns[index] = (aim_pattern){.struct_size = sizeof(aim_pattern), .flags = AIM_PATTERN_CASELESS,
	                                    .id = (uint32_t)index};
	for (aim_json_value v = aim__json_first(in->doc, rule); v != AIM_JSON_NONE; v = aim__json_next(in->doc, v)) {
		aim_status rc = read_member(in, index, v, &seen);
		if (rc != AIM_OK)
			return rc;
	}
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (members[i].required && !(seen >> i & 1))
			return REFUSE(in, rule, "a rule needs \"%s\"", members[i].name);
	return AIM_OK;
}

/* ---- the file ---- */

static aim_status find_list(reading *in, aim_json_value *out)
{
	int64_t version = 0;
	const aim_json *doc = in->doc;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return REFUSE(in, AIM_JSON_ROOT, "a file of rules is an object with \"version\" and \"rules\"");
	for (aim_json_value v = aim__json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (!aim_str_equal(aim__json_key(doc, v), aim_str_from("version")) &&
		    !aim_str_equal(aim__json_key(doc, v), aim_str_from("rules")))
			return REFUSE(in, v, "a file of rules has no member of this name");
	aim_json_value at = aim__json_member_text(doc, AIM_JSON_ROOT, "version");
	if (aim_json_int64(doc, at, &version) != AIM_OK || version != 1)
		return REFUSE(in, at == AIM_JSON_NONE ? AIM_JSON_ROOT : at, "\"version\" must be 1");
	*out = aim__json_member_text(doc, AIM_JSON_ROOT, "rules");
	if (aim__json_type(doc, *out) != AIM_JSON_ARRAY)
		return REFUSE(in, *out == AIM_JSON_NONE ? AIM_JSON_ROOT : *out, "\"rules\" must be a list");
	return AIM_OK;
}

static aim_status make_room(reading *in, aim_json_value list)
{
	aim__user_rules *rules = in->rules;
	size_t n = 0;
	for (aim_json_value v = aim__json_first(in->doc, list); v != AIM_JSON_NONE; v = aim__json_next(in->doc, v))
		if (++n > in->options->max_rules)
			return over_limit(in, v, "rules", in->options->max_rules);
	rules->rules = aim__arena_array(&rules->texts, n + 1, sizeof *rules->rules);
	in->patterns = aim__arena_array(&rules->texts, n + 1, sizeof *in->patterns);
	in->places = aim__arena_array(&rules->texts, n + 1, sizeof *in->places);
	if (!rules->rules || !in->patterns || !in->places)
		return aim__fail_plain(in->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	memset(rules->rules, 0, (n + 1) * sizeof *rules->rules);
	rules->n = n;
	return AIM_OK;
}

/* ---- compiling ---- */

static aim_status compile(reading *in, const aim_pattern *patterns, size_t n, aim_pattern_set **out)
{
	const aim_patterns_options o = {.struct_size = sizeof o, .max_patterns = in->options->max_rules,
	                                .max_pattern_bytes = in->options->max_pattern_bytes, .max_text_bytes = CEILING_TEXT};
	aim_error why = {0};
	size_t fault = 0;
	aim_status rc = aim_patterns_new(in->rules->ctx, patterns, n, &o, out, &fault, &why);
	if (rc == AIM_OK)
		return rc;
	if (in->err)
		*in->err = why;
	if (rc != AIM_E_PATTERN)
		return rc;
	/* In the file, an escape may stand for a byte of the pattern: the message says which byte, the place where it is. */
	(void)aim__fail(in->err, rc, AIM_LAYER_ASSESS, "%s (byte %llu of the pattern)", why.message, (unsigned long long)why.offset);
	add_place(in, in->places[patterns[fault].id]);
	return rc;
}

static aim_status fold_pattern(reading *in, const aim_pattern *from, aim_pattern *to)
{
	*to = *from;
	if (from->kind == AIM_PATTERN_REGEX)
		return AIM_OK;
	size_t len = aim__user_fold(from->text, NULL, NULL);
	uint8_t *folded = aim__arena_bytes(&in->rules->texts, len + 1);
	if (!folded)
		return aim__fail_plain(in->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	(void)aim__user_fold(from->text, folded, NULL);
	to->text = (aim_str){(const char *)folded, len};
	in->rules->differs |= !aim__ascii_equal_folded(to->text, from->text);
	return AIM_OK;
}

/* A pattern of which folding leaves nothing (marks alone, say) is no pattern over folded text. */
static aim_status compile_all(reading *in)
{
	aim__user_rules *rules = in->rules;
	aim_pattern *folded = aim__arena_array(&rules->texts, rules->n + 1, sizeof *folded);
	rules->folded_of = aim__arena_array(&rules->texts, rules->n + 1, sizeof *rules->folded_of);
	size_t n = 0;
	aim_status rc = compile(in, in->patterns, rules->n, &rules->plain);
	if (rc != AIM_OK)
		return rc;
	if (!folded || !rules->folded_of)
		return aim__fail_plain(in->err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	for (size_t i = 0; i < rules->n; i++) {
		if (!(in->patterns[i].flags & AIM_PATTERN_CASELESS))
			continue;
		rc = fold_pattern(in, &in->patterns[i], &folded[n]);
		if (rc != AIM_OK)
			return rc;
		rules->folded_of[n] = (uint32_t)i;
		n += folded[n].text.len > 0;
	}
	return n ? compile(in, folded, n, &rules->folded) : AIM_OK;
}

static aim_status read_file(reading *in)
{
	aim_json_value list = AIM_JSON_NONE;
	size_t i = 0;
	aim_status rc = aim_config_parse(in->doc, in->options->rules, in->options->rules_format, in->err);
	if (rc == AIM_OK)
		rc = find_list(in, &list);
	if (rc == AIM_OK)
		rc = make_room(in, list);
	if (rc != AIM_OK)
		return rc;
	for (aim_json_value v = aim__json_first(in->doc, list); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(in->doc, v))
		rc = read_rule(in, i++, v);
	return rc == AIM_OK ? compile_all(in) : rc;
}

aim_status aim__user_rules_new(aim_ctx *ctx, const aim_scan_options *options, aim__user_rules **out, aim_error *err)
{
	*out = NULL;
	if (options->rules.len == 0)
		return AIM_OK;
	if (options->rules.len > options->max_rules_bytes)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ASSESS, "the rules have %zu bytes; %llu are allowed",
		                 options->rules.len, (unsigned long long)options->max_rules_bytes);
	aim__user_rules *rules = aim__alloc_zeroed(ctx, sizeof *rules);
	if (!rules)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_json doc;
	reading in = {.options = options, .rules = rules, .doc = &doc, .err = err};
	rules->ctx = ctx;
	aim__arena_init(&rules->texts, ctx, 4096, TEXTS_MAX);
	aim__json_init(&doc, ctx);
	aim_status rc = read_file(&in);
	aim__json_dispose(&doc);
	if (rc != AIM_OK) {
		aim__user_rules_free(rules);
		return rc;
	}
	*out = rules;
	return AIM_OK;
}

void aim__user_rules_free(aim__user_rules *rules)
{
	if (!rules)
		return;
	aim_patterns_free(rules->folded);
	aim_patterns_free(rules->plain);
	aim__arena_dispose(&rules->texts);
	aim__free(rules->ctx, rules, sizeof *rules);
}
