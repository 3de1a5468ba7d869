/* codec/scan.h — the inner loop of reading and writing strings: find the first byte that is not
 * plain. Plain are printable ASCII bytes except '"' and '\\'. Two equal implementations: 8 bytes at
 * a time in a 64-bit word everywhere, 16 at a time where SSE2 is part of the architecture. Neither
 * reads past end. */
#ifndef AIM_CODEC_SCAN_H
#define AIM_CODEC_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline int aim__scan_is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline uint64_t aim__scan_load(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

/* The high bit of the lowest byte that is not plain is set; higher bytes may be wrong, because a
 * borrow runs upward from a byte that is itself a hit. */
static inline uint64_t aim__scan_mask(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t control = x - ones * 0x20;
	uint64_t quote = (x ^ ones * '"') - ones;
	uint64_t backslash = (x ^ ones * '\\') - ones;
	return (control | quote | backslash | x) & ones * 0x80;
}

static inline const uint8_t *aim__scan_plain_portable(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 8) {
		uint64_t mask = aim__scan_mask(aim__scan_load(p));
		if (mask)
			return p + (__builtin_ctzll(mask) >> 3);
		p += 8;
	}
	while (p < end && aim__scan_is_plain(*p))
		p++;
	return p;
}

#if defined(__SSE2__)
#include "codec/scan_sse2.h"
#define aim__scan_plain aim__scan_plain_sse2
#else
#define aim__scan_plain aim__scan_plain_portable
#endif

#endif
