/* codec/jcs.c — the canonical form (RFC 8785). Layer codec.
 *
 * No recursion: a stack of work items, each a value still to be written or a container to be
 * closed. An object pushes its members in reverse canonical order, an array one element at a time,
 * so the stack holds the members of the open objects and little else. It begins on the C stack and
 * moves to the heap when an ordinary document outgrows it. Text is written through a pointer into
 * room made beforehand. */
#include "codec/jcs.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/jcs_sort.h"
#include "codec/number.h"

#define LOCAL_ITEMS 512u
/* Nodes number less than 2^31, so the top bit tells the two kinds of item apart. */
#define CLOSE 0x80000000u

typedef struct printer {
	const aim_json *doc;
	aim_buf *out;
	uint8_t *at; /* where the next byte goes; out->len lags behind */
	uint8_t *end;
	uint32_t flags;
	uint32_t *items; /* local, or on the heap */
	size_t n;
	size_t cap;
	aim_json_value bad; /* the number that was refused */
	uint32_t local[LOCAL_ITEMS];
} printer;

/* Makes the buffer's length what has been written. */
static void settle(printer *p)
{
	p->out->len = (size_t)(p->at - p->out->ptr);
}

/* Takes over what was appended to the buffer by others. */
static void resume(printer *p)
{
	p->at = p->out->ptr + p->out->len;
	p->end = p->out->ptr + p->out->cap - 1; /* one byte is the NUL's */
}

static aim_status grow(printer *p, size_t n)
{
	settle(p);
	aim_status rc = aim__buf_reserve(p->out, n);
	if (rc == AIM_OK)
		resume(p);
	return rc;
}

static inline aim_status make_room(printer *p, size_t n)
{
	return (size_t)(p->end - p->at) >= n ? AIM_OK : grow(p, n);
}

/* memcpy, without the call for the short pieces that most are. */
static inline void copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	uint64_t first, last;
	if (n >= 8 && n <= 16) {
		memcpy(&first, src, 8);
		memcpy(&last, src + n - 8, 8);
		memcpy(dst, &first, 8);
		memcpy(dst + n - 8, &last, 8);
	} else if (n < 8) {
		for (size_t i = 0; i < n; i++)
			dst[i] = src[i];
	} else {
		memcpy(dst, src, n);
	}
}

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

static aim_status push_members(printer *p, aim_json_value object)
{
	size_t count = aim_json_count(p->doc, object);
	aim_status rc = reserve_items(p, count);
	if (rc == AIM_OK)
		rc = aim__jcs_sort(p->doc, object, count, p->items + p->n);
	if (rc == AIM_OK)
		p->n += count;
	return rc;
}

static aim_status open_container(printer *p, aim_json_value value, uint32_t type)
{
	aim_status rc = reserve_items(p, 2);
	if (rc == AIM_OK)
		rc = make_room(p, 1);
	if (rc != AIM_OK)
		return rc;
	p->items[p->n++] = value | CLOSE;
	*p->at++ = type == AIM_JSON_OBJECT ? '{' : '[';
	if (type == AIM_JSON_OBJECT)
		return push_members(p, value);
	aim_json_value first = aim__json_first(p->doc, value);
	if (first != AIM_JSON_NONE)
		p->items[p->n++] = first;
	return AIM_OK;
}

static aim_status add_escaped_string(printer *p, const aim__json_node *node)
{
	settle(p);
	aim_status rc = aim__json_quote_valid(p->out, aim__json_node_text(p->doc, node));
	resume(p);
	return rc;
}

/* A string, and behind it a colon when it is a name. */
static inline aim_status add_string(printer *p, const aim__json_node *node, int is_name)
{
	/* Without escapes in the source there is nothing to escape: copy it with its quotes. */
	size_t len = node->end - node->start + 2;
	aim_status rc = AIM_OK;
	if (node->info & AIM__JSON_ESCAPED) {
		rc = add_escaped_string(p, node);
		len = 0;
	}
	if (rc == AIM_OK)
		rc = make_room(p, len + 1);
	if (rc != AIM_OK)
		return rc;
	copy(p->at, p->doc->source + node->start - 1, len);
	p->at += len;
	if (is_name)
		*p->at++ = ':';
	return AIM_OK;
}

static aim_status add_number(printer *p, aim_json_value value, const aim__json_node *node)
{
	aim_str text = {(const char *)p->doc->source + node->start, node->end - node->start};
	settle(p);
	aim_status rc = aim__number_canonical(text, p->flags, p->out);
	if (rc == AIM_E_JSON_NUMBER)
		p->bad = value;
	resume(p);
	return rc;
}

static aim_status add_value(printer *p, aim_json_value value)
{
	const aim__json_node *node = &p->doc->nodes[value];
	uint32_t type = node->info & AIM__JSON_TYPE;
	size_t len = node->end - node->start;
	if (type == AIM_JSON_STRING)
		return add_string(p, node, 0);
	if (type >= AIM_JSON_ARRAY)
		return open_container(p, value, type);
	if (type == AIM_JSON_NUMBER && !(node->info & AIM__JSON_SIMPLE))
		return add_number(p, value, node);
	aim_status rc = make_room(p, len);
	if (rc != AIM_OK)
		return rc;
	copy(p->at, p->doc->source + node->start, len);
	p->at += len;
	return AIM_OK;
}

/* A value inside a container: the comma, the name, the value. */
static aim_status add_item(printer *p, aim_json_value value)
{
	aim_status rc = make_room(p, 1);
	uint32_t info = p->doc->nodes[value].info;
	if (rc != AIM_OK)
		return rc;
	/* Only an opening bracket has no comma behind it, and no value ends in one. */
	if (p->at[-1] != '{' && p->at[-1] != '[')
		*p->at++ = ',';
	if (info & AIM__JSON_MEMBER) {
		rc = add_string(p, &p->doc->nodes[value - 1], 1);
	} else if (!(info & AIM__JSON_LAST)) {
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
		rc = make_room(p, 1);
		if (rc == AIM_OK)
			*p->at++ = type == AIM_JSON_OBJECT ? '}' : ']';
	}
	return rc;
}

static aim_status refuse_number(const printer *p, aim_error *err)
{
	static const char *const sentences[] = {
		"the value would change: expected at most 15 digits or a shortest form",
		[AIM_JSON_JCS_ROUND] = "the number is too large for binary64",
		[AIM_JSON_JCS_EXACT_TEXT] = "the number's exponent is beyond 999999999",
	};
	aim_status rc =
	    aim__fail(err, AIM_E_JSON_NUMBER, AIM_LAYER_CODEC, "%s", sentences[p->flags]);
	aim__json_error_at(p->doc, p->bad, err);
	return rc;
}

/* Makes room for a text as long as the source: nearly always enough. */
static aim_status begin(printer *p, const aim_json *doc, aim_json_value value, uint32_t flags,
                        aim_buf *out)
{
	p->doc = doc;
	p->out = out;
	p->flags = flags;
	p->items = p->local;
	p->n = 0;
	p->cap = LOCAL_ITEMS;
	p->bad = AIM_JSON_NONE;
	size_t len = aim_json_raw(doc, value).len;
	size_t left = out->max - out->len;
	aim_status rc = aim__buf_reserve(out, len < left ? len : left);
	if (rc == AIM_OK)
		resume(p);
	return rc;
}

aim_status aim_json_canonicalize(const aim_json *doc, aim_json_value value, uint32_t flags,
                                 aim_buf *out, aim_error *err)
{
	if (!doc || !out || flags > AIM_JSON_JCS_EXACT_TEXT)
		return AIM__MISUSE(doc ? doc->ctx : NULL,
		                   "doc and out are required, one flag at most");
	if (!aim__json_node_of(doc, value))
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_CODEC, "no value to canonicalize");
	printer p;
	size_t before = out->len;
	aim_status rc = begin(&p, doc, value, flags, out);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	rc = print(&p, value);
	settle(&p);
	if (p.items != p.local)
		aim__free(doc->ctx, p.items, p.cap * sizeof *p.items);
	if (rc != AIM_OK)
		aim__buf_truncate(out, before);
	out->ptr[out->len] = 0;
	if (rc == AIM_OK)
		return AIM_OK;
	return rc == AIM_E_JSON_NUMBER ? refuse_number(&p, err)
	                               : aim__fail_plain(err, rc, AIM_LAYER_CODEC);
}
