/* codec/toml.c — TOML 1.0: lines, headers, keys, and who may extend which table. Strict: what the standard calls
 * invalid is refused. Layer codec; scalars are in toml_scalar.c. */
#include "codec/toml.h"

#include "base/error.h"

/* Arrays and inline tables inside each other: each costs a little stack. */
#define MAX_NESTING 128u

/* Where a table or array came from, which decides who may add to it. */
#define HEADER 1u   /* [table]: never again */
#define IMPLICIT 2u /* on the way to a header: a header of its own may still come */
#define DOTTED 4u   /* made by a dotted key: only dotted keys of the same table, and headers below it */
#define CLOSED 8u   /* inline: nobody */
#define TABLES 16u  /* [[array of tables]] */

typedef struct toml {
	aim__tree *tree;
	const char *begin;
	const char *p;
	const char *end;
	const char *line_start;
	uint32_t line;
	uint32_t nesting;
	aim_error *err;
} toml;

typedef struct toml_key {
	aim_str text;
	aim__json_place place;
} toml_key;

static aim_status fail_as(const toml *t, const char *at, aim_status status, const char *problem)
{
	aim_error place = {0};
	aim__error_at(&place, t->tree->source, (size_t)(at - t->begin));
	aim__json_place where = {(uint32_t)place.offset, place.line, place.column};
	return aim__tree_fail(NULL, where, status, problem, t->err);
}

static aim_status fail(const toml *t, const char *at, const char *problem)
{
	return fail_as(t, at, AIM_E_TOML, problem);
}

static aim__json_place place_of(const toml *t, const char *at)
{
	aim__json_place place = {(uint32_t)(at - t->begin), t->line, (uint32_t)(at - t->line_start) + 1};
	return place;
}

/* The byte at p; −1 at the end of the text. */
static int peek(const toml *t)
{
	return t->p < t->end ? (unsigned char)*t->p : -1;
}

static void skip_spaces(toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->p++;
}

/* 1 and past it when a line ends here. */
static int take_line_end(toml *t)
{
	size_t n = 1;
	if (peek(t) == '\r' && t->end - t->p >= 2 && t->p[1] == '\n')
		n = 2;
	else if (peek(t) != '\n')
		return 0;
	t->p += n;
	t->line++;
	t->line_start = t->p;
	return 1;
}

static int is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F;
}

static aim_status skip_comment(toml *t)
{
	if (peek(t) != '#')
		return AIM_OK;
	while (t->p < t->end && !is_control(peek(t)))
		t->p++;
	if (t->p < t->end && peek(t) != '\n' && peek(t) != '\r')
		return fail(t, t->p, "a control character in a comment");
	return AIM_OK;
}

/* White space, comments and lines' ends, inside an array or between expressions. */
static aim_status skip_blank(toml *t)
{
	do {
		skip_spaces(t);
		aim_status rc = skip_comment(t);
		if (rc != AIM_OK)
			return rc;
	} while (take_line_end(t));
	return AIM_OK;
}

/* --- strings --------------------------------------------------------------------------------------------------------- */

/* p is at a run of quotes in a multi-line string: past it, and 1 when the string ends there. */
static int take_closing(toml *t, char quote, const char **out_stop)
{
	size_t n = 0;
	while (n < 5 && t->end - t->p > (ptrdiff_t)n && t->p[n] == quote)
		n++;
	t->p += n;
	if (n < 3)
		return 0;
	*out_stop = t->p - 3;
	return 1;
}

/* p is behind the opening quotes. Moves behind the closing ones; *out_raw is what stands between. */
static aim_status scan_string(toml *t, char quote, int multi_line, aim_str *out_raw, int *out_escaped)
{
	const char *start = t->p;
	const char *stop;
	*out_escaped = 0;
	for (;;) {
		int c = peek(t);
		stop = t->p;
		if (c < 0)
			return fail(t, start, "a string that is not closed");
		if (c == quote && !multi_line) {
			t->p++;
			break;
		}
		if (c == quote) {
			if (take_closing(t, quote, &stop))
				break;
			continue;
		}
		if (multi_line && take_line_end(t))
			continue;
		if (is_control(c))
			return fail(t, t->p, c == '\n' ? "a string that is not closed on its line" :
			                                 "a control character in a string");
		t->p++;
		if (c != '\\' || quote != '"')
			continue;
		*out_escaped = 1;
		if (peek(t) == '"' || peek(t) == '\\')
			t->p++;
	}
	out_raw->ptr = start;
	out_raw->len = (size_t)(stop - start);
	return AIM_OK;
}

/* p is at the opening quote. */
static aim_status read_string(toml *t, int may_be_multi_line, aim_str *out)
{
	char quote = *t->p;
	int multi_line = may_be_multi_line && t->end - t->p >= 3 && t->p[1] == quote && t->p[2] == quote;
	int escaped;
	aim_str raw;
	t->p += multi_line ? 3 : 1;
	if (multi_line)
		take_line_end(t);
	aim_status rc = scan_string(t, quote, multi_line, &raw, &escaped);
	*out = raw;
	if (rc != AIM_OK || !escaped)
		return rc;
	char *text = aim__arena_bytes(&t->tree->arena, raw.len);
	if (!text)
		return fail_as(t, raw.ptr, AIM_E_NOMEM, NULL);
	out->ptr = text;
	const char *bad = aim__toml_unescape(raw, multi_line, text, &out->len);
	return bad ? fail(t, bad, "an escape that TOML does not have") : AIM_OK;
}

/* --- keys ------------------------------------------------------------------------------------------------------------- */

static int is_bare(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static aim_status read_key(toml *t, toml_key *out)
{
	const char *start = t->p;
	out->place = place_of(t, start);
	if (peek(t) == '"' || peek(t) == '\'')
		return read_string(t, 0, &out->text);
	while (is_bare(peek(t)))
		t->p++;
	out->text.ptr = start;
	out->text.len = (size_t)(t->p - start);
	return out->text.len ? AIM_OK : fail(t, start, "expected a key");
}

static aim_status defined_twice(const toml *t, const toml_key *key)
{
	return aim__tree_fail(NULL, key->place, AIM_E_JSON_DUPLICATE, "a table or key that is defined elsewhere", t->err);
}

static aim_status find(const toml *t, const aim__tree_node *table, const toml_key *key, aim__tree_node **out)
{
	aim_status rc;
	*out = aim__tree_member(t->tree, table, key->text, &rc);
	return rc == AIM_OK ? rc : aim__tree_fail(NULL, key->place, rc, NULL, t->err);
}

static aim_status add_container(const toml *t, aim__tree_node *parent, const toml_key *key, uint32_t type,
                                uint32_t flags, aim__tree_node **out)
{
	aim_str none = {NULL, 0};
	aim_status rc = aim__tree_add(t->tree, parent, key->text, type, none, key->place, out, t->err);
	if (rc == AIM_OK)
		(*out)->flags = flags;
	return rc;
}

/* One step of a dotted key. */
static aim_status step_dotted(const toml *t, aim__tree_node **table, const toml_key *key)
{
	aim__tree_node *found;
	aim_status rc = find(t, *table, key, &found);
	if (rc == AIM_OK && !found)
		return add_container(t, *table, key, AIM_JSON_OBJECT, DOTTED, table);
	if (rc != AIM_OK || !(found->flags & DOTTED))
		return rc != AIM_OK ? rc : defined_twice(t, key);
	*table = found;
	return AIM_OK;
}

/* One step of a header, before its last. */
static aim_status step_header(const toml *t, aim__tree_node **table, const toml_key *key)
{
	aim__tree_node *found;
	aim_status rc = find(t, *table, key, &found);
	if (rc == AIM_OK && !found)
		return add_container(t, *table, key, AIM_JSON_OBJECT, IMPLICIT, table);
	if (rc == AIM_OK && found->flags & TABLES)
		found = found->last;
	else if (rc == AIM_OK && (found->type != AIM_JSON_OBJECT || found->flags & CLOSED))
		rc = defined_twice(t, key);
	if (rc == AIM_OK)
		*table = found;
	return rc;
}

/* The last step of [header]. */
static aim_status open_table(const toml *t, aim__tree_node **table, const toml_key *key)
{
	aim__tree_node *found;
	aim_status rc = find(t, *table, key, &found);
	if (rc == AIM_OK && !found)
		return add_container(t, *table, key, AIM_JSON_OBJECT, HEADER, table);
	if (rc != AIM_OK || found->flags != IMPLICIT)
		return rc != AIM_OK ? rc : defined_twice(t, key);
	found->flags = HEADER;
	found->place = key->place;
	*table = found;
	return AIM_OK;
}

/* The last step of [[header]]. */
static aim_status open_element(const toml *t, aim__tree_node **table, const toml_key *key)
{
	aim__tree_node *found;
	toml_key element = {{NULL, 0}, key->place};
	aim_status rc = find(t, *table, key, &found);
	if (rc == AIM_OK && !found)
		rc = add_container(t, *table, key, AIM_JSON_ARRAY, TABLES, &found);
	else if (rc == AIM_OK && !(found->flags & TABLES))
		rc = defined_twice(t, key);
	return rc == AIM_OK ? add_container(t, found, &element, AIM_JSON_OBJECT, HEADER, table) : rc;
}

/* --- values ------------------------------------------------------------------------------------------------------------ */

static aim_status read_value(toml *t, aim__tree_node *parent, const toml_key *key);
static aim_status read_pair(toml *t, aim__tree_node *table);

static int is_token(int c)
{
	return is_bare(c) || c == '+' || c == '.' || c == ':';
}

/* A number, a date, true, false: everything without quotes. */
static aim_status read_scalar(toml *t, aim__tree_node *parent, const toml_key *key)
{
	const char *start = t->p;
	while (is_token(peek(t)))
		t->p++;
	/* A date and a time may be one value with a space between. */
	if (t->p - start == 10 && start[4] == '-' && t->end - t->p >= 4 && t->p[0] == ' ' && t->p[3] == ':')
		for (t->p++; is_token(peek(t));)
			t->p++;
	aim_str token = {start, (size_t)(t->p - start)};
	aim_str text = token;
	aim_status rc;
	uint32_t type = AIM_JSON_BOOL;
	if (!token.len)
		return fail(t, start, "expected a value");
	if (!aim_str_equal(token, aim_str_from("true")) && !aim_str_equal(token, aim_str_from("false")) &&
	    !aim__toml_scalar(t->tree, token, &type, &text, &rc))
		return rc == AIM_OK ? fail(t, start, "a value that is no number, date or time") :
		                      fail_as(t, start, rc, NULL);
	return aim__tree_add(t->tree, parent, key->text, type, text, key->place, NULL, t->err);
}

/* p is behind the bracket. */
static aim_status read_array(toml *t, aim__tree_node *array)
{
	aim_status rc = skip_blank(t);
	while (rc == AIM_OK && peek(t) != ']') {
		toml_key element = {{NULL, 0}, place_of(t, t->p)};
		rc = read_value(t, array, &element);
		if (rc == AIM_OK)
			rc = skip_blank(t);
		if (rc != AIM_OK || peek(t) == ']')
			break;
		if (peek(t) != ',')
			return fail(t, t->p, "expected ',' or ']'");
		t->p++;
		rc = skip_blank(t);
	}
	t->p += rc == AIM_OK;
	return rc;
}

/* p is behind the brace. */
static aim_status read_inline(toml *t, aim__tree_node *table)
{
	skip_spaces(t);
	int more = peek(t) != '}';
	while (more) {
		skip_spaces(t);
		aim_status rc = read_pair(t, table);
		if (rc != AIM_OK)
			return rc;
		skip_spaces(t);
		more = peek(t) == ',';
		if (!more && peek(t) != '}')
			return fail(t, t->p, "expected ',' or '}' on the same line");
		t->p += more;
	}
	t->p++;
	table->flags = CLOSED;
	return AIM_OK;
}

static aim_status read_nested(toml *t, aim__tree_node *parent, const toml_key *key)
{
	aim__tree_node *node;
	int is_array = *t->p == '[';
	if (t->nesting == MAX_NESTING)
		return fail_as(t, t->p, AIM_E_JSON_DEPTH, "nested deeper than the limit");
	aim_status rc = add_container(t, parent, key, is_array ? AIM_JSON_ARRAY : AIM_JSON_OBJECT, 0, &node);
	if (rc != AIM_OK)
		return rc;
	t->p++;
	t->nesting++;
	rc = is_array ? read_array(t, node) : read_inline(t, node);
	t->nesting--;
	return rc;
}

static aim_status read_value(toml *t, aim__tree_node *parent, const toml_key *key)
{
	int c = peek(t);
	if (c == '[' || c == '{')
		return read_nested(t, parent, key);
	if (c != '"' && c != '\'')
		return read_scalar(t, parent, key);
	aim_str text;
	aim_status rc = read_string(t, 1, &text);
	if (rc != AIM_OK)
		return rc;
	return aim__tree_add(t->tree, parent, key->text, AIM_JSON_STRING, text, key->place, NULL, t->err);
}

/* --- expressions ------------------------------------------------------------------------------------------------------- */

/* Reads a key and the spaces behind; steps into the table that it names as long as dots follow. *out is the last part. */
static aim_status read_path(toml *t, aim__tree_node **table, toml_key *out,
                            aim_status (*step)(const toml *t, aim__tree_node **table, const toml_key *key))
{
	for (;;) {
		aim_status rc = read_key(t, out);
		if (rc != AIM_OK)
			return rc;
		skip_spaces(t);
		if (peek(t) != '.')
			return AIM_OK;
		rc = step(t, table, out);
		if (rc != AIM_OK)
			return rc;
		t->p++;
		skip_spaces(t);
	}
}

static aim_status read_pair(toml *t, aim__tree_node *table)
{
	toml_key key;
	aim_status rc = read_path(t, &table, &key, step_dotted);
	if (rc != AIM_OK)
		return rc;
	if (peek(t) != '=')
		return fail(t, t->p, "expected '=' or '.'");
	t->p++;
	skip_spaces(t);
	return read_value(t, table, &key);
}

/* p is at '['. */
static aim_status read_header(toml *t, aim__tree_node **out_table)
{
	int is_element = t->end - t->p >= 2 && t->p[1] == '[';
	aim__tree_node *table = t->tree->root;
	toml_key key;
	t->p += is_element ? 2 : 1;
	skip_spaces(t);
	aim_status rc = read_path(t, &table, &key, step_header);
	if (rc != AIM_OK)
		return rc;
	if (peek(t) != ']' || (is_element && (t->end - t->p < 2 || t->p[1] != ']')))
		return fail(t, t->p, is_element ? "expected ']]'" : "expected ']'");
	t->p += is_element ? 2 : 1;
	rc = is_element ? open_element(t, &table, &key) : open_table(t, &table, &key);
	*out_table = table;
	return rc;
}

static aim_status read_lines(toml *t)
{
	aim__tree_node *table = t->tree->root;
	aim_status rc = skip_blank(t);
	while (rc == AIM_OK && t->p < t->end) {
		rc = peek(t) == '[' ? read_header(t, &table) : read_pair(t, table);
		if (rc != AIM_OK)
			return rc;
		skip_spaces(t);
		rc = skip_comment(t);
		if (rc == AIM_OK && t->p < t->end && !take_line_end(t))
			rc = fail(t, t->p, "expected the end of the line");
		if (rc == AIM_OK)
			rc = skip_blank(t);
	}
	return rc;
}

aim_status aim__toml_read(aim__tree *tree, aim_error *err)
{
	toml t = {.tree = tree, .begin = (const char *)tree->source.ptr, .line = 1, .err = err};
	t.p = t.line_start = t.begin;
	t.end = t.begin + tree->source.len;
	toml_key root = {{NULL, 0}, {0, 1, 1}};
	aim__tree_node *node;
	aim_status rc = add_container(&t, NULL, &root, AIM_JSON_OBJECT, HEADER, &node);
	return rc == AIM_OK ? read_lines(&t) : rc;
}
