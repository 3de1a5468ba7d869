/* codec/json_string.c — strings that hold more than plain ASCII (RFC 8259 §7, §8). First the whole
 * string is checked, then, when it has escapes, decoded: decoding cannot fail but for memory. Layer
 * codec. */
#include "base/format.h"
#include "base/mem.h"
#include "codec/json_read.h"
#include "codec/scan.h"
#include "codec/utf8.h"

/* The value of four hex digits, or −1. */
static int32_t hex4(const uint8_t *p, const uint8_t *end)
{
	int32_t value = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int32_t c = p[i];
		int32_t letter = (c | 0x20) - 'a';
		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (letter >= 0 && letter < 6)
			value = value * 16 + letter + 10;
		else
			return -1;
	}
	return value;
}

static int is_high_surrogate(int32_t unit)
{
	return unit >= 0xD800 && unit < 0xDC00;
}

static int is_low_surrogate(int32_t unit)
{
	return unit >= 0xDC00 && unit < 0xE000;
}

static const uint8_t *no_string(aim__json_reader *r, const uint8_t *at, aim_status status,
                                const char *problem)
{
	aim__json_stop(r, at, status, problem);
	return NULL;
}

/* p points at "\u". A high surrogate takes the low one behind it along. */
static const uint8_t *check_unicode(aim__json_reader *r, const uint8_t *p)
{
	int32_t unit = hex4(p + 2, r->end);
	if (unit < 0)
		return no_string(r, p, AIM_E_JSON_SYNTAX, "expected four hex digits behind '\\u'");
	if (is_low_surrogate(unit))
		return no_string(r, p, AIM_E_JSON_SURROGATE,
		                 "low surrogate without a high one in front of it");
	if (!is_high_surrogate(unit))
		return p + 6;
	int32_t low = r->end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, r->end) : -1;
	if (!is_low_surrogate(low))
		return no_string(r, p, AIM_E_JSON_SURROGATE,
		                 "high surrogate without a low one behind it");
	return p + 12;
}

/* p points at the backslash; returns behind the escape. */
static const uint8_t *check_escape(aim__json_reader *r, const uint8_t *p)
{
	if (r->end - p < 2)
		return no_string(r, r->end, AIM_E_JSON_SYNTAX,
		                 "unexpected end of the text in a string");
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't': return p + 2;
	case 'u': return check_unicode(r, p);
	default: return no_string(r, p, AIM_E_JSON_SYNTAX, "unknown escape in a string");
	}
}

/* p points at a byte that is not plain and not the closing quote; returns behind what it begins. */
static const uint8_t *check_special(aim__json_reader *r, const uint8_t *p)
{
	if (*p == '\\')
		return check_escape(r, p);
	if (*p < 0x20)
		return no_string(r, p, AIM_E_JSON_SYNTAX,
		                 "a control character in a string must be escaped");
	while (p < r->end && *p >= 0x80) {
		size_t n = aim__utf8_sequence(p, (size_t)(r->end - p));
		if (n == 0)
			return no_string(r, p, AIM_E_UTF8, "invalid UTF-8 in a string");
		p += n;
	}
	return p;
}

/* Decodes the escape at p to dst; *out_next is behind it. Returns the bytes written, at most 4. */
static size_t decode_escape(const uint8_t *p, uint8_t *dst, const uint8_t **out_next)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	*out_next = p + 2;
	if (p[1] != 'u') {
		const char *letter = memchr(letters, p[1], sizeof letters - 1);
		*dst = (uint8_t)meanings[letter - letters];
		return 1;
	}
	uint32_t unit = (uint32_t)hex4(p + 2, p + 6);
	*out_next = p + 6;
	if (is_high_surrogate((int32_t)unit)) {
		uint32_t low = (uint32_t)hex4(p + 8, p + 12);
		*out_next = p + 12;
		unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
	}
	return aim__utf8_put(dst, unit);
}

/* Decodes a checked string behind doc->text: its length (32 bits), then its bytes, which are fewer
 * than the raw ones. */
static aim_status decode(aim_json *doc, const uint8_t *p, const uint8_t *end, uint32_t *out_link)
{
	size_t need = doc->text_len + sizeof(uint32_t) + (size_t)(end - p);
	if (need > doc->cap_text) {
		void *items = doc->text;
		aim_status rc = aim__grow(doc->ctx, &items, &doc->cap_text, need, 1, 256, 0);
		if (rc != AIM_OK)
			return rc;
		doc->text = items;
	}
	uint8_t *start = doc->text + doc->text_len + sizeof(uint32_t);
	uint8_t *dst = start;
	while (p < end) {
		if (*p == '\\') {
			dst += decode_escape(p, dst, &p);
			continue;
		}
		const uint8_t *next = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((next ? next : end) - p);
		memcpy(dst, p, n);
		dst += n;
		p += n;
	}
	uint32_t len = (uint32_t)(dst - start);
	memcpy(start - sizeof len, &len, sizeof len);
	*out_link = (uint32_t)doc->text_len;
	doc->text_len += sizeof len + len;
	return AIM_OK;
}

const uint8_t *aim__json_string_rest(aim__json_reader *r, const uint8_t *start, const uint8_t *p,
                                     aim__json_node *node)
{
	int escaped = 0;
	while (p < r->end && *p != '"') {
		escaped |= *p == '\\';
		p = check_special(r, p);
		if (!p)
			return NULL;
		p = aim__scan_plain(p, r->end);
	}
	if (p == r->end)
		return no_string(r, p, AIM_E_JSON_SYNTAX, "unexpected end of the text in a string");
	if (!escaped)
		return p;
	aim_status rc = decode(r->doc, start, p, &node->link);
	if (rc != AIM_OK)
		return no_string(r, start, rc, aim_status_text(rc));
	node->info |= AIM__JSON_ESCAPED;
	return p;
}
