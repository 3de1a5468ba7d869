/* backends/yaml.c — YAML by events of libyaml, into the tree that TOML uses too. No alias is ever expanded, so the
 * document is never larger than its text. Layer backends. */
#include "backends/yaml.h"

#include "base/error.h"
#include "base/format.h"
#include "codec/number.h"

#include <yaml.h>

typedef struct reader {
	yaml_parser_t parser;
	aim__tree *tree;
	aim__tree_node *parent; /* innermost open container */
	aim_str key;            /* of the member that is read */
	aim__json_place key_place;
	int has_key;
	int documents;
	int ended;
	/* libyaml counts characters; this is where one of them stands in bytes. */
	size_t chars;
	size_t bytes;
	size_t line_start;
	uint32_t line;
	uint32_t reserved;
	aim_error *err;
} reader;

static void count_from_start(reader *r)
{
	r->chars = r->bytes = r->line_start = 0;
	r->line = 1;
}

/* Marks come in order but for those of errors, so that each byte is looked at once. */
static aim__json_place place_of(reader *r, yaml_mark_t mark)
{
	const uint8_t *text = r->tree->source.ptr;
	size_t len = r->tree->source.len;
	if (mark.index < r->chars)
		count_from_start(r);
	for (; r->chars < mark.index && r->bytes < len; r->chars++) {
		size_t n = aim__utf8_sequence(text + r->bytes, len - r->bytes);
		if (text[r->bytes] == '\n') {
			r->line_start = r->bytes + 1;
			r->line++;
		}
		r->bytes += n ? n : 1;
	}
	aim__json_place place = {(uint32_t)r->bytes, r->line, (uint32_t)(r->bytes - r->line_start) + 1};
	return place;
}

static aim_status fail(reader *r, yaml_mark_t mark, aim_status status, const char *problem)
{
	return aim__tree_fail(r->parent, place_of(r, mark), status, problem, r->err);
}

/* What libyaml says about a text that is no YAML. */
static aim_status syntax_error(reader *r)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error == YAML_MEMORY_ERROR)
		return aim__fail_plain(r->err, AIM_E_NOMEM, AIM_LAYER_BACKENDS);
	yaml_mark_t mark = p->problem_mark;
	if (p->error == YAML_READER_ERROR) /* has an offset in bytes only, of a character YAML does not allow */
		mark = p->mark;
	return fail(r, mark, AIM_E_YAML, p->problem ? p->problem : "not YAML");
}

/* --- scalars of the core schema (YAML 1.2.2 §10.3.2) ------------------------------------------------------------------- */

static int is_one_of(aim_str s, const char *const *words)
{
	for (; *words; words++)
		if (s.len == strlen(*words) && memcmp(s.ptr, *words, s.len) == 0)
			return 1;
	return 0;
}

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"true", "True", "TRUE", NULL};
static const char *const falses[] = {"false", "False", "FALSE", NULL};

static int digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(aim_str s, size_t at)
{
	while (at < s.len && digit(s.ptr[at]))
		at++;
	return at;
}

/* Copies s as a JSON number: no plus sign, no leading zeros, digits on both sides of the point. dst has room for two
 * bytes more than s. 0 when s is none. */
static size_t decimal(aim_str s, char *dst)
{
	size_t n = 0;
	size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	if (at && s.ptr[0] == '-')
		dst[n++] = '-';
	size_t end = digits(s, at);
	size_t n_digits = end - at;
	while (end - at > 1 && s.ptr[at] == '0')
		at++;
	if (end == at)
		dst[n++] = '0';
	memcpy(dst + n, s.ptr + at, end - at);
	n += end - at;
	at = end;
	if (at < s.len && s.ptr[at] == '.') {
		end = digits(s, at + 1);
		n_digits += end - at - 1;
		if (end - at > 1) {
			memcpy(dst + n, s.ptr + at, end - at);
			n += end - at;
		}
		at = end;
	}
	if (n_digits && at < s.len && (s.ptr[at] | 0x20) == 'e') {
		size_t first = at + 1;
		first += first < s.len && (s.ptr[first] == '+' || s.ptr[first] == '-');
		end = digits(s, first);
		if (end == first)
			return 0;
		memcpy(dst + n, s.ptr + at, end - at);
		n += end - at;
		at = end;
	}
	return n_digits && at == s.len ? n : 0;
}

static uint64_t digit_value(char c)
{
	if (digit(c))
		return (uint64_t)(c - '0');
	uint64_t letter = (uint64_t)(uint8_t)((c | 0x20) - 'a');
	return letter < 6 ? letter + 10 : 16;
}

/* 0o17 or 0x1F as a decimal of up to 64 bits. 0 when s is none. */
static size_t based(aim_str s, char *dst)
{
	uint64_t base = s.len > 2 && s.ptr[0] == '0' ? (s.ptr[1] == 'o' ? 8 : s.ptr[1] == 'x' ? 16 : 0) : 0;
	uint64_t value = 0;
	if (!base)
		return 0;
	for (size_t i = 2; i < s.len; i++) {
		uint64_t d = digit_value(s.ptr[i]);
		if (d >= base || value > (UINT64_MAX - d) / base)
			return 0;
		value = value * base + d;
	}
	return aim__u64_text(dst, value);
}

/* The type of a plain scalar; *text becomes its JSON text when it is a number or a truth value. dst: 20 bytes more than
 * text. */
static uint32_t plain_type(aim_str *text, char *dst)
{
	if (is_one_of(*text, nulls))
		return AIM_JSON_NULL;
	int is_true = is_one_of(*text, trues);
	if (is_true || is_one_of(*text, falses)) {
		*text = aim_str_from(is_true ? "true" : "false");
		return AIM_JSON_BOOL;
	}
	size_t n = based(*text, dst);
	if (!n)
		n = decimal(*text, dst);
	if (!n)
		return AIM_JSON_STRING; /* also .inf and .nan, which JSON does not have */
	text->ptr = dst;
	text->len = n;
	return AIM_JSON_NUMBER;
}

#define CORE "tag:yaml.org,2002:"

static const struct {
	const char *tag;
	uint32_t type;
} core_tags[] = {
	{CORE "str", AIM_JSON_STRING}, {CORE "null", AIM_JSON_NULL},    {CORE "bool", AIM_JSON_BOOL},
	{CORE "int", AIM_JSON_NUMBER}, {CORE "float", AIM_JSON_NUMBER}, {CORE "map", AIM_JSON_OBJECT},
	{CORE "seq", AIM_JSON_ARRAY},
};

/* The type that a tag asks for: AIM_JSON_ABSENT without a tag; −1 when it is not of the core schema. */
static int32_t tag_type(const yaml_char_t *tag)
{
	if (!tag)
		return AIM_JSON_ABSENT;
	for (size_t i = 0; i < sizeof core_tags / sizeof *core_tags; i++)
		if (strcmp((const char *)tag, core_tags[i].tag) == 0)
			return (int32_t)core_tags[i].type;
	return strcmp((const char *)tag, "!") == 0 ? (int32_t)AIM_JSON_STRING : -1;
}

/* --- events ------------------------------------------------------------------------------------------------------------- */

static aim_status add(reader *r, uint32_t type, aim_str text, yaml_mark_t mark, aim__tree_node **out)
{
	aim__json_place place = r->has_key ? r->key_place : place_of(r, mark);
	r->has_key = 0;
	return aim__tree_add(r->tree, r->parent, r->key, type, text, place, out, r->err);
}

/* A member's name is expected next. */
static int wants_key(const reader *r)
{
	return r->parent && r->parent->type == AIM_JSON_OBJECT && !r->has_key;
}

static aim_status on_scalar(reader *r, const yaml_event_t *e)
{
	size_t len = e->data.scalar.length;
	aim_str raw = {(const char *)e->data.scalar.value, len};
	aim_str text = aim__arena_copy(&r->tree->arena, raw);
	char *number = aim__arena_bytes(&r->tree->arena, len + 20);
	if (!text.ptr || !number)
		return fail(r, e->start_mark, AIM_E_NOMEM, NULL);
	int32_t asked = tag_type(e->data.scalar.tag);
	if (asked < 0 || asked >= (int32_t)AIM_JSON_ARRAY)
		return fail(r, e->start_mark, AIM_E_YAML, "a tag that is not of the core schema, or not of a scalar");
	if (wants_key(r)) {
		r->key = text;
		r->key_place = place_of(r, e->start_mark);
		r->has_key = 1;
		return AIM_OK;
	}
	uint32_t type = AIM_JSON_STRING;
	if (asked != (int32_t)AIM_JSON_STRING && (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE || asked))
		type = plain_type(&text, number);
	if (asked && type != (uint32_t)asked)
		return fail(r, e->start_mark, AIM_E_YAML, "a value that is not what its tag says");
	return add(r, type, text, e->start_mark, NULL);
}

static aim_status on_start(reader *r, const yaml_event_t *e, uint32_t type, const yaml_char_t *tag)
{
	aim_str none = {NULL, 0};
	int32_t asked = tag_type(tag);
	if (asked && asked != (int32_t)type)
		return fail(r, e->start_mark, AIM_E_YAML, "a tag that is not of the core schema, or not of a container");
	if (wants_key(r))
		return fail(r, e->start_mark, AIM_E_YAML, "a key that is no scalar");
	aim__tree_node *node;
	aim_status rc = add(r, type, none, e->start_mark, &node);
	if (rc == AIM_OK)
		r->parent = node;
	return rc;
}

static aim_status on_event(reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return r->documents++ ? fail(r, e->start_mark, AIM_E_YAML, "more than one document") : AIM_OK;
	case YAML_ALIAS_EVENT: return fail(r, e->start_mark, AIM_E_YAML, "an alias: they are refused");
	case YAML_SCALAR_EVENT: return on_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT: return on_start(r, e, AIM_JSON_ARRAY, e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT: return on_start(r, e, AIM_JSON_OBJECT, e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: r->parent = r->parent->parent; return AIM_OK;
	case YAML_STREAM_END_EVENT: r->ended = 1; return AIM_OK;
	default: return AIM_OK;
	}
}

static aim_status read_events(reader *r)
{
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && !r->ended) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event))
			return syntax_error(r);
		rc = on_event(r, &event);
		yaml_event_delete(&event);
	}
	if (rc != AIM_OK || r->tree->root)
		return rc;
	aim_str none = {NULL, 0}; /* an empty file is null, as YAML has it */
	aim__json_place start = {0, 1, 1};
	return aim__tree_add(r->tree, NULL, none, AIM_JSON_NULL, none, start, NULL, r->err);
}

aim_status aim__yaml_read(aim__tree *tree, aim_error *err)
{
	reader r = {.tree = tree, .line = 1, .err = err};
	if (!yaml_parser_initialize(&r.parser))
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_BACKENDS);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, tree->source.ptr, tree->source.len);
	aim_status rc = read_events(&r);
	yaml_parser_delete(&r.parser);
	return rc;
}
