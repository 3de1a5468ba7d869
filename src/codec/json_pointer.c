/* codec/json_pointer.c — JSON Pointers (RFC 6901): following one, and naming a value by one. Layer
 * codec. */
#include "codec/json_pointer.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"

/* Index of an array element as RFC 6901 §4 spells it: no leading zeros, no sign. */
static int parse_index(aim_str token, size_t *out)
{
	size_t index = 0;
	if (token.len == 0 || token.len > 9 || (token.len > 1 && token.ptr[0] == '0'))
		return 0;
	for (size_t i = 0; i < token.len; i++) {
		if (token.ptr[i] < '0' || token.ptr[i] > '9')
			return 0;
		index = index * 10 + (size_t)(token.ptr[i] - '0');
	}
	*out = index;
	return 1;
}

static aim_json_value element(const aim_json *doc, aim_json_value array, aim_str token)
{
	size_t index;
	if (!parse_index(token, &index))
		return AIM_JSON_NONE;
	aim_json_value value = aim__json_first(doc, array);
	while (index-- > 0 && value != AIM_JSON_NONE)
		value = aim__json_next(doc, value);
	return value;
}

/* 1 when every '~' of the pointer is "~0" or "~1". */
static int escapes_are_valid(aim_str pointer)
{
	for (size_t i = 0; i < pointer.len; i++)
		if (pointer.ptr[i] == '~' && (i + 1 == pointer.len || (pointer.ptr[i + 1] != '0' &&
		                                                       pointer.ptr[i + 1] != '1')))
			return 0;
	return 1;
}

/* 1 when a token, its "~1" and "~0" undone, is name. */
static int token_is(aim_str token, aim_str name)
{
	size_t n = 0;
	for (size_t i = 0; i < token.len; i++, n++) {
		char c = token.ptr[i];
		if (c == '~')
			c = token.ptr[++i] == '1' ? '/' : '~';
		if (n == name.len || name.ptr[n] != c)
			return 0;
	}
	return n == name.len;
}

static aim_json_value member(const aim_json *doc, aim_json_value object, aim_str token)
{
	if (!token.len || !memchr(token.ptr, '~', token.len))
		return aim__json_member(doc, object, token);
	aim_json_value value = aim__json_first(doc, object);
	while (value != AIM_JSON_NONE && !token_is(token, aim__json_key(doc, value)))
		value = aim__json_next(doc, value);
	return value;
}

aim_json_value aim_json_at(const aim_json *doc, aim_json_value from, aim_str pointer)
{
	if (aim_json_type(doc, from) == AIM_JSON_ABSENT || (!pointer.ptr && pointer.len))
		return AIM_JSON_NONE;
	if (pointer.len && (pointer.ptr[0] != '/' || !escapes_are_valid(pointer)))
		return AIM_JSON_NONE;
	aim_json_value value = from;
	for (size_t i = 0; i < pointer.len && value != AIM_JSON_NONE;) {
		size_t start = ++i;
		while (i < pointer.len && pointer.ptr[i] != '/')
			i++;
		aim_str token = {pointer.ptr + start, i - start};
		if (aim__json_type(doc, value) == AIM_JSON_ARRAY)
			value = element(doc, value, token);
		else
			value = member(doc, value, token);
	}
	return value;
}

/* Where tokens go: a buffer, or fixed memory that takes whole tokens only. */
typedef struct sink {
	aim_buf *buf;
	char *dst;
	size_t cap;
	size_t len;
	aim_status status;
} sink;

static void put(sink *s, const char *bytes, size_t n)
{
	if (s->status != AIM_OK)
		return;
	if (s->buf) {
		s->status = aim__buf_add(s->buf, bytes, n);
		return;
	}
	if (n >= s->cap - s->len) {
		s->status = AIM_E_SPACE;
		return;
	}
	memcpy(s->dst + s->len, bytes, n);
	s->len += n;
}

static void put_name(sink *s, aim_str name)
{
	size_t before = s->len;
	put(s, "/", 1);
	for (size_t i = 0; i < name.len;) {
		size_t start = i;
		while (i < name.len && name.ptr[i] != '~' && name.ptr[i] != '/')
			i++;
		put(s, name.ptr + start, i - start);
		if (i < name.len)
			put(s, name.ptr[i++] == '~' ? "~0" : "~1", 2);
	}
	if (s->status != AIM_OK)
		s->len = before;
}

static void put_index(sink *s, size_t index)
{
	char text[21] = "/";
	put(s, text, 1 + aim__u64_text(text + 1, index));
}

/* Appends the token of the child of container that holds the node value; returns that child. */
static aim_json_value put_step(sink *s, const aim_json *doc, aim_json_value container,
                               uint32_t value)
{
	size_t index = 0;
	aim_json_value child = aim__json_first(doc, container);
	for (; aim__json_skip(doc, child) <= value; index++)
		child = aim__json_next(doc, child);
	if (doc->nodes[child].info & AIM__JSON_MEMBER)
		put_name(s, aim__json_key(doc, child));
	else
		put_index(s, index);
	return child;
}

static void put_path(sink *s, const aim_json *doc, aim_json_value value)
{
	for (aim_json_value at = AIM_JSON_ROOT; at != value && s->status == AIM_OK;)
		at = put_step(s, doc, at, value);
}

aim_status aim_json_pointer(const aim_json *doc, aim_json_value value, aim_buf *out)
{
	if (!doc || !out)
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc and out are required");
	if (!aim__json_node_of(doc, value))
		return AIM_E_NOT_FOUND;
	size_t before = out->len;
	sink s = {.buf = out, .status = AIM_OK};
	put_path(&s, doc, value);
	if (s.status != AIM_OK)
		aim__buf_truncate(out, before);
	return s.status;
}

static void set_pointer(aim_error *err, const sink *s)
{
	aim_str text = {s->dst, s->len};
	aim__error_pointer(err, text);
}

void aim__json_place_at(const aim_json *doc, aim_json_value value, aim_error *err)
{
	if (value < doc->n_places) {
		err->offset = doc->places[value].offset;
		err->line = doc->places[value].line;
		err->column = doc->places[value].column;
		return;
	}
	aim_bytes raw = aim_json_raw(doc, value);
	aim__error_at(err, aim_bytes_from(doc->source, doc->len), (size_t)(raw.ptr - doc->source));
}

void aim__json_error_at(const aim_json *doc, aim_json_value value, aim_error *err)
{
	char text[sizeof err->pointer];
	if (!err || !aim__json_node_of(doc, value))
		return;
	aim__json_place_at(doc, value, err);
	sink s = {.dst = text, .cap = sizeof text, .status = AIM_OK};
	put_path(&s, doc, value);
	set_pointer(err, &s);
}

/* Turns the parent links of the open containers around; returns the outermost. */
static uint32_t turn_links(aim__json_node *nodes, uint32_t innermost)
{
	uint32_t child = AIM_JSON_NONE;
	for (uint32_t at = innermost; at != AIM_JSON_NONE;) {
		uint32_t parent = nodes[at].link;
		nodes[at].link = child;
		child = at;
		at = parent;
	}
	return child;
}

void aim__json_open_pointer(const aim__json_reader *r, aim_error *err)
{
	char text[sizeof err->pointer];
	const aim_json *doc = r->doc;
	sink s = {.dst = text, .cap = sizeof text, .status = AIM_OK};
	uint32_t at = turn_links(doc->nodes, r->container);
	while (at != AIM_JSON_NONE) {
		const aim__json_node *node = &doc->nodes[at];
		int innermost = at == r->container;
		uint32_t key = innermost ? r->key : node->link - 1;
		if ((node->info & AIM__JSON_TYPE) == AIM_JSON_ARRAY)
			put_index(&s, innermost ? r->count : node->end);
		else if (key != 0)
			put_name(&s, aim__json_node_text(doc, &doc->nodes[key]));
		at = node->link;
	}
	set_pointer(err, &s);
}
