/* codec/jcs.c — the canonical form (RFC 8785). Layer codec.
 *
 * No recursion: a stack of work items, each a value still to be written or a container to be closed. An
 * object pushes its members in reverse canonical order, an array one element at a time, so the stack holds
 * the members of the open objects and little else. It begins on the C stack and moves to the heap when an
 * ordinary document outgrows it. */
#include "codec/jcs.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/number.h"
#include "codec/scan.h"
#include "codec/utf8.h"

#define LOCAL_ITEMS 512u
/* Nodes number less than 2^31, so the top bit tells the two kinds of item apart. */
#define CLOSE 0x80000000u

typedef struct printer {
	const aim_json *doc;
	aim_buf *out;
	uint32_t flags;
	uint32_t *items; /* local, or on the heap */
	size_t n;
	size_t cap;
	aim_json_value bad; /* the number that was refused */
	uint32_t local[LOCAL_ITEMS];
} printer;

static aim_status reserve_items(printer *p, size_t n)
{
	size_t need = p->n + n;
	if (need <= p->cap)
		return AIM_OK;
	size_t cap = need * 2;
	uint32_t *items = aim__alloc_array(p->doc->ctx, cap, sizeof *items);
	if (!items)
		return AIM_E_NOMEM;
	memcpy(items, p->items, p->n * sizeof *items);
	if (p->items != p->local)
		aim__free(p->doc->ctx, p->items, p->cap * sizeof *items);
	p->items = items;
	p->cap = cap;
	return AIM_OK;
}

/* 1 when member a comes behind member b. */
static int comes_behind(const aim_json *doc, uint32_t a, uint32_t b)
{
	return aim__utf8_compare_utf16(aim__json_key(doc, a), aim__json_key(doc, b)) > 0;
}

/* Insertion sort into reverse order: the last member is at the bottom, the first on top. */
static void sort_few(const aim_json *doc, uint32_t *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint32_t item = items[i];
		size_t at = i;
		for (; at > 0 && comes_behind(doc, item, items[at - 1]); at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

/* Restores the heap below root: the parent never comes behind its children. */
static void sift_down(const aim_json *doc, uint32_t *items, size_t root, size_t n)
{
	uint32_t item = items[root];
	for (size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
		if (child + 1 < n && comes_behind(doc, items[child], items[child + 1]))
			child++;
		if (!comes_behind(doc, item, items[child]))
			break;
		items[root] = items[child];
		root = child;
	}
	items[root] = item;
}

/* Heap sort: n log n comparisons whatever the order, no memory. Reverse order, as above. */
static void sort_many(const aim_json *doc, uint32_t *items, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sift_down(doc, items, i, n);
	for (size_t end = n - 1; end > 0; end--) {
		uint32_t first = items[0];
		items[0] = items[end];
		items[end] = first;
		sift_down(doc, items, 0, end);
	}
}

static aim_status push_members(printer *p, aim_json_value object)
{
	size_t count = aim_json_count(p->doc, object);
	aim_status rc = reserve_items(p, count);
	if (rc != AIM_OK)
		return rc;
	uint32_t *items = p->items + p->n;
	size_t n = 0;
	aim_json_value value = aim__json_first(p->doc, object);
	for (; value != AIM_JSON_NONE; value = aim__json_next(p->doc, value))
		items[n++] = value;
	if (n <= 16)
		sort_few(p->doc, items, n);
	else
		sort_many(p->doc, items, n);
	p->n += n;
	return AIM_OK;
}

static aim_status add_string(aim_buf *out, const aim_json *doc, const aim__json_node *node)
{
	if (node->info & AIM__JSON_ESCAPED)
		return aim__json_quote_valid(out, aim__json_node_text(doc, node));
	/* Without escapes in the source there is nothing to escape: copy it with its quotes. */
	return aim__buf_add(out, doc->source + node->start - 1, node->end - node->start + 2);
}

static aim_status open_container(printer *p, aim_json_value value, uint32_t type)
{
	aim_status rc = reserve_items(p, 2);
	if (rc != AIM_OK)
		return rc;
	p->items[p->n++] = value | CLOSE;
	rc = aim__buf_add_byte(p->out, type == AIM_JSON_OBJECT ? '{' : '[');
	if (rc != AIM_OK)
		return rc;
	if (type == AIM_JSON_OBJECT)
		return push_members(p, value);
	aim_json_value first = aim__json_first(p->doc, value);
	if (first != AIM_JSON_NONE)
		p->items[p->n++] = first;
	return AIM_OK;
}

static aim_status add_number(printer *p, aim_json_value value, const aim__json_node *node)
{
	aim_str text = {(const char *)p->doc->source + node->start, node->end - node->start};
	if (node->info & AIM__JSON_SIMPLE)
		return aim__buf_add_str(p->out, text);
	aim_status rc = aim__number_canonical(text, p->flags, p->out);
	if (rc == AIM_E_JSON_NUMBER)
		p->bad = value;
	return rc;
}

static aim_status add_value(printer *p, aim_json_value value)
{
	const aim__json_node *node = &p->doc->nodes[value];
	uint32_t type = node->info & AIM__JSON_TYPE;
	if (type == AIM_JSON_STRING)
		return add_string(p->out, p->doc, node);
	if (type == AIM_JSON_NUMBER)
		return add_number(p, value, node);
	if (type >= AIM_JSON_ARRAY)
		return open_container(p, value, type);
	return aim__buf_add(p->out, p->doc->source + node->start, node->end - node->start);
}

/* A value inside a container: the comma, the name, the value. */
static aim_status add_item(printer *p, aim_json_value value)
{
	aim_status rc = AIM_OK;
	uint32_t info = p->doc->nodes[value].info;
	uint8_t before = p->out->ptr[p->out->len - 1];
	/* Only an opening bracket has no comma behind it, and no value ends in one. */
	if (before != '{' && before != '[')
		rc = aim__buf_add_byte(p->out, ',');
	if (rc == AIM_OK && info & AIM__JSON_MEMBER) {
		rc = add_string(p->out, p->doc, &p->doc->nodes[value - 1]);
		if (rc == AIM_OK)
			rc = aim__buf_add_byte(p->out, ':');
	} else if (rc == AIM_OK && !(info & AIM__JSON_LAST)) {
		rc = reserve_items(p, 1);
		if (rc == AIM_OK)
			p->items[p->n++] = aim__json_next(p->doc, value);
	}
	return rc == AIM_OK ? add_value(p, value) : rc;
}

static aim_status print(printer *p, aim_json_value value)
{
	aim_status rc = add_value(p, value);
	while (rc == AIM_OK && p->n > 0) {
		uint32_t item = p->items[--p->n];
		if (!(item & CLOSE)) {
			rc = add_item(p, item);
			continue;
		}
		uint32_t type = p->doc->nodes[item & ~CLOSE].info & AIM__JSON_TYPE;
		rc = aim__buf_add_byte(p->out, type == AIM_JSON_OBJECT ? '}' : ']');
	}
	return rc;
}

static aim_status refuse_number(const printer *p, aim_error *err)
{
	aim_status rc = aim__fail(err, AIM_E_JSON_NUMBER, AIM_LAYER_CODEC, "%s",
	                          p->flags == AIM_JSON_JCS_ROUND
	                              ? "the number is too large for binary64"
	                          : p->flags == AIM_JSON_JCS_EXACT_TEXT
	                              ? "the number's exponent is beyond 999999999"
	                              : "the canonical form would change the number's value: expected at "
	                                "most 15 digits, or the shortest form of a binary64 number");
	aim__json_error_at(p->doc, p->bad, err);
	return rc;
}

aim_status aim_json_canonicalize(const aim_json *doc, aim_json_value value, uint32_t flags, aim_buf *out,
                                 aim_error *err)
{
	if (!doc || !out || flags > AIM_JSON_JCS_EXACT_TEXT)
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc and out are required, one flag at most");
	if (!aim__json_node_of(doc, value))
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_CODEC, "no value to canonicalize");
	printer p;
	p.doc = doc;
	p.out = out;
	p.flags = flags;
	p.items = p.local;
	p.n = 0;
	p.cap = LOCAL_ITEMS;
	p.bad = AIM_JSON_NONE;
	size_t before = out->len;
	aim_status rc = print(&p, value);
	if (p.items != p.local)
		aim__free(doc->ctx, p.items, p.cap * sizeof *p.items);
	if (rc == AIM_OK)
		return AIM_OK;
	aim__buf_truncate(out, before);
	return rc == AIM_E_JSON_NUMBER ? refuse_number(&p, err) : aim__fail_plain(err, rc, AIM_LAYER_CODEC);
}
