/* codec/utf8.h — UTF-8 as RFC 3629 §4 defines it: no overlong forms, no surrogates, ≤ U+10FFFF. */
#ifndef AIM_CODEC_UTF8_H
#define AIM_CODEC_UTF8_H

#include <aim/span.h>

/* 1 when all of text is UTF-8; else 0, and *out_bad (may be NULL) is the offset of the first bad
 * byte. */
int aim__utf8_valid(aim_str text, size_t *out_bad);

/* The code point at *offset, which moves behind it. Text must be valid; at its end the answer is
 * AIM__UTF8_END. */
#define AIM__UTF8_END UINT32_MAX
uint32_t aim__utf8_next(aim_str text, size_t *offset);

/* Writes one code point (not a surrogate, ≤ 0x10FFFF) to dst, room for 4; the bytes written. */
size_t aim__utf8_put(uint8_t *dst, uint32_t code_point);

/* Order of UTF-16 code units (RFC 8785 §3.2.3) without leaving UTF-8: < 0, 0, > 0. Both must be
 * valid. */
int aim__utf8_compare_utf16(aim_str a, aim_str b);

static inline char aim__ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* 1 when both are the same but for the case of ASCII letters. */
int aim__ascii_equal_folded(aim_str a, aim_str b);

#endif
