/* codec/utf8.c — validation and code points (RFC 3629). Layer codec. */
#include "codec/utf8.h"

#include "base/format.h"

#include <string.h>

/* Skips whole words of ASCII. */
static size_t skip_ascii(const uint8_t *p, size_t i, size_t len)
{
	uint64_t word;
	while (len - i >= sizeof word) {
		memcpy(&word, p + i, sizeof word);
		if (word & 0x8080808080808080u)
			break;
		i += sizeof word;
	}
	while (i < len && p[i] < 0x80)
		i++;
	return i;
}

int aim__utf8_valid(aim_str text, size_t *out_bad)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	for (size_t i = skip_ascii(p, 0, text.len); i < text.len;) {
		size_t n = aim__utf8_sequence(p + i, text.len - i);
		if (n == 0) {
			if (out_bad)
				*out_bad = i;
			return 0;
		}
		i += n;
		if (n == 1)
			i = skip_ascii(p, i, text.len);
	}
	return 1;
}

uint32_t aim__utf8_next(aim_str text, size_t *offset)
{
	if (*offset >= text.len)
		return AIM__UTF8_END;
	const uint8_t *p = (const uint8_t *)text.ptr + *offset;
	uint32_t a = p[0];
	size_t n = a < 0x80 ? 1 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
	if (n > text.len - *offset)
		n = text.len - *offset; /* only when the text is not valid */
	uint32_t point = n == 1 ? a : a & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++)
		point = point << 6 | (p[i] & 0x3Fu);
	*offset += n;
	return point;
}

size_t aim__utf8_put(uint8_t *dst, uint32_t code_point)
{
	uint32_t c = code_point;
	if (c < 0x80) {
		dst[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (uint8_t)(0xC0 | c >> 6);
		dst[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (uint8_t)(0xE0 | c >> 12);
		dst[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		dst[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	dst[0] = (uint8_t)(0xF0 | c >> 18);
	dst[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
	dst[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
	dst[3] = (uint8_t)(0x80 | (c & 0x3F));
	return 4;
}

/* UTF-8 bytes order as code points do. UTF-16 differs in one case only: code points above U+FFFF
 * are surrogates there, 0xD800 …, and so come before U+E000 … U+FFFF. In valid UTF-8 the first
 * differing byte decides, and only lead bytes (0xF0 … against 0xEE, 0xEF) can be of the two
 * kinds. */
int aim__utf8_compare_utf16(aim_str a, aim_str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	const uint8_t *p = (const uint8_t *)a.ptr;
	const uint8_t *q = (const uint8_t *)b.ptr;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == q[i])
			continue;
		if (p[i] >= 0xEE && q[i] >= 0xEE && (p[i] >= 0xF0) != (q[i] >= 0xF0))
			return p[i] >= 0xF0 ? -1 : 1;
		return p[i] < q[i] ? -1 : 1;
	}
	return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

int aim__ascii_equal_folded(aim_str a, aim_str b)
{
	if (a.len != b.len || (a.len > 0 && (!a.ptr || !b.ptr)))
		return 0;
	for (size_t i = 0; i < a.len; i++)
		if (aim__ascii_lower(a.ptr[i]) != aim__ascii_lower(b.ptr[i]))
			return 0;
	return 1;
}
