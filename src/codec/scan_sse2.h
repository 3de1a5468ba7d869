/* codec/scan_sse2.h — aim__scan_plain for x86 with SSE2. Included by codec/scan.h only. */
#ifndef AIM_CODEC_SCAN_SSE2_H
#define AIM_CODEC_SCAN_SSE2_H

#include "codec/scan.h"

#include <emmintrin.h>

static inline const uint8_t *aim__scan_plain_sse2(const uint8_t *p, const uint8_t *end)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(0x20);
	while (end - p >= 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Signed: bytes from 0x80 on are negative, so one comparison finds them and the
		 * controls. */
		__m128i hit = _mm_or_si128(
		    _mm_cmplt_epi8(x, space),
		    _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);
		if (mask)
			return p + __builtin_ctz(mask);
		p += 16;
	}
	return aim__scan_plain_portable(p, end);
}

#endif
