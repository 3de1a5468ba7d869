/* codec/json_read.c — the JSON reader: one pass, no recursion, strict (RFC 8259, RFC 7493). Layer
 * codec. With AIM_JSON_COMMENTS it also takes what people write into configuration files.
 *
 * What changes with every byte lives in a cursor that never leaves this file, so that it stays in
 * registers. An open container keeps its parent in `link` and the index of its open child in `end`;
 * both get their final meaning when it closes. So the nodes are their own stack. */
#include "codec/json_read.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/json_pointer.h"
#include "codec/scan.h"

#define HOT static inline __attribute__((always_inline))
#define COLD __attribute__((noinline, cold))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Offsets are 32 bits and decoded text may outgrow the source by a quarter (its length
 * prefixes). */
#define MAX_TEXT ((uint64_t)1 << 30)
#define FIRST_NODES_MAX 65536u

/* What a step found. */
enum { FAILED = 0, VALUE, OPENED, END };

typedef struct cursor {
	const uint8_t *p;
	aim__json_node *nodes;
	uint32_t n;
	uint32_t cap;
	uint32_t container; /* innermost open one */
	uint32_t count;     /* commas seen in it */
	uint32_t key;       /* its current member's key */
	uint32_t last;      /* the value completed last */
	uint32_t member;    /* AIM__JSON_MEMBER inside an object, else 0 */
	uint32_t depth;
	uint32_t values_left;
} cursor;

COLD int aim__json_stop(aim__json_reader *r, const uint8_t *at, aim_status status,
                        const char *problem)
{
	r->status = status;
	r->at = at;
	r->problem = problem;
	return FAILED;
}

COLD int aim__json_expected(aim__json_reader *r, const uint8_t *at, const char *expected)
{
	r->expected = expected;
	return aim__json_stop(r, at, AIM_E_JSON_SYNTAX, NULL);
}

/* p points at "//"; returns the end of the line. */
static const uint8_t *line_comment(const aim__json_reader *r, const uint8_t *p)
{
	while (p < r->end && *p != '\n' && *p != '\r') {
		size_t n = aim__utf8_sequence(p, (size_t)(r->end - p));
		if (n == 0)
			return NULL;
		p += n;
	}
	return p;
}

/* p points at the two bytes that open a block; returns behind it. */
static const uint8_t *block_comment(const aim__json_reader *r, const uint8_t *p)
{
	for (p += 2; r->end - p >= 2 && !(p[0] == '*' && p[1] == '/');) {
		size_t n = aim__utf8_sequence(p, (size_t)(r->end - p));
		if (n == 0)
			return NULL;
		p += n;
	}
	return r->end - p >= 2 ? p + 2 : NULL;
}

/* Where the comment at p ends; p itself when there is none, or one that is not closed or not UTF-8: the slash is
 * then refused like any other byte out of place. */
static COLD const uint8_t *skip_comment(const aim__json_reader *r, const uint8_t *p)
{
	const uint8_t *end = NULL;
	if (r->comments && r->end - p >= 2 && p[1] == '/')
		end = line_comment(r, p);
	else if (r->comments && r->end - p >= 2 && p[1] == '*')
		end = block_comment(r, p);
	return end ? end : p;
}

/* Moves behind white space. The byte there, or 0 at the end of the text: no token begins with 0. */
HOT uint8_t next_byte(const aim__json_reader *r, cursor *c)
{
	while (c->p < r->end) {
		uint8_t byte = *c->p;
		if (UNLIKELY(byte == '/')) {
			const uint8_t *behind = skip_comment(r, c->p);
			if (behind == c->p)
				return byte;
			c->p = behind;
			continue;
		}
		if (byte > ' ' || (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t'))
			return byte;
		c->p++;
	}
	return 0;
}

HOT int is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') <= 9;
}

HOT const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static COLD aim__json_node *grow_nodes(aim__json_reader *r, const uint8_t *at, uint32_t n)
{
	aim_json *doc = r->doc;
	void *items = doc->nodes;
	aim_status rc = aim__grow(doc->ctx, &items, &doc->cap_nodes, (size_t)n + 1,
	                          sizeof *doc->nodes, 64, r->max_nodes);
	if (rc != AIM_OK) {
		aim__json_stop(r, at, rc == AIM_E_LIMIT ? AIM_E_JSON_SIZE : rc,
		               "more values than the limit");
		return NULL;
	}
	doc->nodes = items;
	return doc->nodes;
}

HOT aim__json_node *push(aim__json_reader *r, cursor *c)
{
	if (UNLIKELY(c->n == c->cap)) {
		aim__json_node *nodes = grow_nodes(r, c->p, c->n);
		if (!nodes)
			return NULL;
		c->nodes = nodes;
		c->cap = (uint32_t)r->doc->cap_nodes;
	}
	return &c->nodes[c->n++];
}

HOT uint32_t offset_of(const aim__json_reader *r, const uint8_t *p)
{
	return (uint32_t)(p - r->begin);
}

/* c->p points at the opening quote. */
HOT int read_string(aim__json_reader *r, cursor *c, aim__json_node *node, uint32_t info)
{
	const uint8_t *start = c->p + 1;
	const uint8_t *p = aim__scan_plain(start, r->end);
	node->info = info;
	node->link = 0;
	if (UNLIKELY(p == r->end || *p != '"')) {
		p = aim__json_string_rest(r, start, p, node);
		if (!p)
			return FAILED;
	}
	node->start = offset_of(r, start);
	node->end = offset_of(r, p);
	c->p = p + 1;
	return VALUE;
}

/* The fraction and the exponent; p points at '.', 'e' or 'E'. NULL on failure. */
static const uint8_t *read_number_tail(aim__json_reader *r, const uint8_t *p)
{
	const uint8_t *digits;
	if (*p == '.') {
		digits = p + 1;
		p = skip_digits(digits, r->end);
		if (p == digits) {
			aim__json_expected(r, p, "a digit behind the decimal point");
			return NULL;
		}
	}
	if (p < r->end && (*p | 0x20) == 'e') {
		digits = p + 1;
		if (digits < r->end && (*digits == '+' || *digits == '-'))
			digits++;
		p = skip_digits(digits, r->end);
		if (p == digits) {
			aim__json_expected(r, p, "a digit in the exponent");
			return NULL;
		}
	}
	return p;
}

HOT int read_number(aim__json_reader *r, cursor *c, aim__json_node *node, uint32_t info)
{
	const uint8_t *start = c->p;
	const uint8_t *digits = start + (*start == '-');
	const uint8_t *p = skip_digits(digits, r->end);
	size_t n = (size_t)(p - digits);
	if (UNLIKELY(n == 0))
		return aim__json_expected(r, p, "a digit");
	if (UNLIKELY(n > 1 && *digits == '0'))
		return aim__json_stop(r, start, AIM_E_JSON_SYNTAX,
		                      "a number must not begin with 0");
	/* Whole numbers of up to 15 digits are what ECMAScript would write; but −0 is 0 there. */
	if (n <= 15 && !(*digits == '0' && start != digits))
		info |= AIM__JSON_SIMPLE;
	if (p < r->end && (*p == '.' || (*p | 0x20) == 'e')) {
		info &= ~AIM__JSON_SIMPLE;
		p = read_number_tail(r, p);
		if (!p)
			return FAILED;
	}
	node->info = info;
	node->start = offset_of(r, start);
	node->end = offset_of(r, p);
	node->link = 0;
	c->p = p;
	return VALUE;
}

HOT int read_word(aim__json_reader *r, cursor *c, aim__json_node *node, uint32_t info,
                  const char *word, size_t len)
{
	if (UNLIKELY((size_t)(r->end - c->p) < len || memcmp(c->p, word, len) != 0))
		return aim__json_expected(r, c->p, "a value");
	node->info = info;
	node->start = offset_of(r, c->p);
	node->end = node->start + (uint32_t)len;
	node->link = 0;
	c->p += len;
	return VALUE;
}

static COLD int stop_at_name(aim__json_reader *r, uint32_t key, aim_status rc)
{
	if (rc != AIM_OK)
		return aim__json_stop(r, r->begin, rc, NULL);
	r->key = key;
	return aim__json_stop(r, r->begin + r->doc->nodes[key].start - 1, AIM_E_JSON_DUPLICATE,
	                      "a second member of the same name");
}

/* c->p points at the closing bracket; children of the innermost container are complete. */
HOT int close_container(aim__json_reader *r, cursor *c, uint32_t n_children)
{
	uint32_t self = c->container;
	aim__json_node *node = &c->nodes[self];
	uint32_t shown = n_children < AIM__JSON_COUNT_MAX ? n_children : AIM__JSON_COUNT_MAX;
	if (n_children != 0)
		c->nodes[c->last].info |= AIM__JSON_LAST;
	if (c->member && n_children > 1) {
		aim_status rc;
		uint32_t key = aim__json_find_duplicate(r->doc, self + 1, c->n, n_children, &rc);
		if (UNLIKELY(key != 0 || rc != AIM_OK))
			return stop_at_name(r, key, rc);
	}
	c->container = node->link;
	node->info |= shown << AIM__JSON_COUNT_SHIFT;
	node->end = offset_of(r, ++c->p);
	node->link = c->n;
	c->depth--;
	c->last = self;
	if (c->container == AIM_JSON_NONE)
		return VALUE;
	c->member = node->info & AIM__JSON_MEMBER;
	c->count = c->nodes[c->container].end;
	c->key = self - 1;
	return VALUE;
}

/* A member's name and the colon. */
HOT int read_key(aim__json_reader *r, cursor *c)
{
	c->key = 0;
	if (UNLIKELY(next_byte(r, c) != '"'))
		return aim__json_expected(r, c->p,
		                          c->count ? "a member name" : "a member name or '}'");
	uint32_t self = c->n;
	aim__json_node *node = push(r, c);
	if (!node || !read_string(r, c, node, AIM_JSON_STRING | AIM__JSON_KEY))
		return FAILED;
	if (!(node->info & AIM__JSON_ESCAPED))
		node->link = aim__json_tag(r->begin + node->start, node->end - node->start);
	c->key = self;
	if (UNLIKELY(next_byte(r, c) != ':'))
		return aim__json_expected(r, c->p, "':'");
	c->p++;
	return OPENED;
}

HOT int open_container(aim__json_reader *r, cursor *c, aim__json_node *node, uint32_t type)
{
	if (UNLIKELY(c->depth == r->max_depth))
		return aim__json_stop(r, c->p, AIM_E_JSON_DEPTH, "nested deeper than the limit");
	node->info = type | c->member;
	node->start = offset_of(r, c->p);
	node->link = c->container;
	if (c->container != AIM_JSON_NONE)
		c->nodes[c->container].end = c->count;
	c->container = c->n - 1;
	c->count = 0;
	c->depth++;
	c->member = type == AIM_JSON_OBJECT ? AIM__JSON_MEMBER : 0;
	c->p++;
	if (next_byte(r, c) == (type == AIM_JSON_OBJECT ? '}' : ']'))
		return close_container(r, c, 0);
	return type == AIM_JSON_OBJECT ? read_key(r, c) : OPENED;
}

/* One scalar, one empty container, or the opening of one (for an object with its first name). */
HOT int read_value(aim__json_reader *r, cursor *c)
{
	uint8_t byte = next_byte(r, c);
	if (UNLIKELY(c->values_left-- == 0))
		return aim__json_stop(r, c->p, AIM_E_JSON_SIZE, "more values than the limit");
	uint32_t self = c->n;
	aim__json_node *node = push(r, c);
	if (UNLIKELY(!node))
		return FAILED;
	c->last = self;
	if (byte == '"')
		return read_string(r, c, node, AIM_JSON_STRING | c->member);
	if (is_digit(byte) || byte == '-')
		return read_number(r, c, node, AIM_JSON_NUMBER | c->member);
	switch (byte) {
	case '{': return open_container(r, c, node, AIM_JSON_OBJECT);
	case '[': return open_container(r, c, node, AIM_JSON_ARRAY);
	case 't':
		return read_word(r, c, node, AIM_JSON_BOOL | AIM__JSON_SIMPLE | c->member, "true",
		                 4);
	case 'f': return read_word(r, c, node, AIM_JSON_BOOL | c->member, "false", 5);
	case 'n': return read_word(r, c, node, AIM_JSON_NULL | c->member, "null", 4);
	default: return aim__json_expected(r, c->p, "a value");
	}
}

/* Behind a value: closes what ends here, then a comma (and an object's next name) or the end. */
HOT int read_after(aim__json_reader *r, cursor *c)
{
	while (c->container != AIM_JSON_NONE) {
		uint8_t byte = next_byte(r, c);
		if (byte == ',') {
			c->p++;
			if (!r->comments || next_byte(r, c) != (c->member ? '}' : ']')) {
				c->count++;
				return c->member ? read_key(r, c) : OPENED;
			}
		} else if (UNLIKELY(byte != (c->member ? '}' : ']')))
			return aim__json_expected(r, c->p, c->member ? "',' or '}'" : "',' or ']'");
		if (!close_container(r, c, c->count + 1))
			return FAILED;
	}
	return END;
}

static int read_text(aim__json_reader *r, uint32_t max_values)
{
	cursor c = {0};
	c.p = r->begin + r->skip;
	c.nodes = r->doc->nodes;
	c.cap = (uint32_t)r->doc->cap_nodes;
	c.container = AIM_JSON_NONE;
	c.values_left = max_values;
	int found;
	do {
		found = read_value(r, &c);
		if (found == VALUE)
			found = read_after(r, &c);
	} while (found == OPENED);
	if (found == END) {
		next_byte(r, &c);
		if (c.p == r->end) {
			r->doc->n_nodes = c.n;
			c.nodes[AIM_JSON_ROOT].info |= AIM__JSON_LAST;
			return 1;
		}
		aim__json_stop(r, c.p, AIM_E_JSON_TRAILING, NULL);
		r->expected = "the end of the text";
	}
	r->container = c.container;
	r->count = c.count;
	if (r->status != AIM_E_JSON_DUPLICATE)
		r->key = c.key;
	return 0;
}

/* The message; the place is added by the caller. */
static void describe(const aim__json_reader *r, aim_error *err)
{
	size_t left = (size_t)(r->end - r->at);
	if (!r->expected)
		aim__fail(err, r->status, AIM_LAYER_CODEC, "%s", r->problem);
	else if (left == 0)
		aim__fail(err, r->status, AIM_LAYER_CODEC,
		          "unexpected end of the text, expected %s", r->expected);
	else if (aim__utf8_sequence(r->at, left) == 0)
		aim__fail(err, AIM_E_UTF8, AIM_LAYER_CODEC, "invalid UTF-8, expected %s",
		          r->expected);
	else if (*r->at > 0x20 && *r->at < 0x7F)
		aim__fail(err, r->status, AIM_LAYER_CODEC, "expected %s, found '%c'", r->expected,
		          *r->at);
	else
		aim__fail(err, r->status, AIM_LAYER_CODEC, "expected %s, found byte 0x%x",
		          r->expected, (unsigned)*r->at);
}

static COLD aim_status report(const aim__json_reader *r, aim_error *err)
{
	if (r->status == AIM_E_NOMEM)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CODEC);
	aim_error local;
	aim_error *e = err ? err : &local; /* describe may find a better status */
	aim_error_clear(e);
	describe(r, e);
	if (err) {
		aim__error_at(err, aim_bytes_from(r->begin, (size_t)(r->end - r->begin)),
		              (size_t)(r->at - r->begin));
		aim__json_open_pointer(r, err);
	}
	return e->status;
}

/* Room for a text of this length: enough for most, so that parsing rarely grows anything. */
static aim_status prepare(aim__json_reader *r, aim_bytes text, int copy)
{
	aim_json *doc = r->doc;
	size_t n = text.len / 8 + 16;
	n = n < FIRST_NODES_MAX ? n : FIRST_NODES_MAX;
	n = n < r->max_nodes ? n : r->max_nodes;
	void *items = doc->nodes;
	aim_status rc = aim__grow(doc->ctx, &items, &doc->cap_nodes, n, sizeof *doc->nodes, n, 0);
	doc->nodes = items;
	if (rc != AIM_OK || !copy)
		return rc;
	/* An eighth more than the text for decoded strings. */
	size_t need = text.len + text.len / 8 + 64;
	items = doc->text;
	rc = aim__grow(doc->ctx, &items, &doc->cap_text, need, 1, need, 0);
	doc->text = items;
	if (rc != AIM_OK)
		return rc;
	if (text.len)
		memcpy(doc->text, text.ptr, text.len);
	doc->text_len = text.len;
	return AIM_OK;
}

static aim_status refuse_size(aim_bytes text, uint64_t max, aim_error *err)
{
	return aim__fail(err, AIM_E_JSON_SIZE, AIM_LAYER_CODEC,
	                 "%llu bytes of JSON, the limit is %llu", (unsigned long long)text.len,
	                 (unsigned long long)max);
}

static aim_status refuse_mark(aim_bytes text, aim_error *err)
{
	aim_status rc =
	    aim__fail(err, AIM_E_JSON_SYNTAX, AIM_LAYER_CODEC,
	              "expected a value, found a byte order mark (RFC 8259 section 8.1)");
	aim__error_at(err, text, 0);
	return rc;
}

static uint32_t clamp(uint64_t value, uint32_t max)
{
	return value < max ? (uint32_t)value : max;
}

aim_status aim_json_parse(aim_json *doc, aim_bytes text, uint32_t flags, aim_error *err)
{
	if (!doc)
		return AIM__MISUSE(NULL, "doc is required");
	doc->n_nodes = doc->n_places = doc->text_len = doc->len = 0;
	if ((!text.ptr && text.len) || flags & ~(AIM_JSON_BORROW | AIM_JSON_COMMENTS))
		return AIM__MISUSE(doc->ctx, "text has a length and no pointer, or unknown flags");
	const aim_limits *limits = &doc->ctx->limits;
	uint64_t max = limits->max_json_bytes < MAX_TEXT ? limits->max_json_bytes : MAX_TEXT;
	if (text.len > max)
		return refuse_size(text, max, err);
	int has_mark = text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0;
	if (has_mark && !(flags & AIM_JSON_COMMENTS))
		return refuse_mark(text, err);
	static const uint8_t nothing[1] = {0};
	if (!text.ptr)
		text.ptr = nothing;
	aim__json_reader r = {.doc = doc, .begin = text.ptr, .end = text.ptr + text.len};
	uint32_t max_values = clamp(limits->max_json_values, 1u << 30);
	r.max_depth = limits->max_json_depth;
	r.max_nodes = max_values * 2;
	r.comments = (flags & AIM_JSON_COMMENTS) != 0;
	r.skip = has_mark ? 3 : 0;
	doc->source = text.ptr;
	doc->len = text.len;
	int copy = !(flags & AIM_JSON_BORROW);
	r.status = prepare(&r, text, copy);
	if (r.status == AIM_OK && read_text(&r, max_values)) {
		if (copy)
			doc->source = doc->text;
		return AIM_OK;
	}
	aim_status rc = report(&r, err);
	doc->n_nodes = doc->len = 0;
	return rc;
}
