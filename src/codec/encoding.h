/* codec/encoding.h — text encodings into memory of the caller, without an aim_buf. See
 * aim/encoding.h. */
#ifndef AIM_CODEC_ENCODING_H
#define AIM_CODEC_ENCODING_H

#include <aim/encoding.h>

/* 0xFF when low ≤ c ≤ high, else 0, without a branch; c below 256. A comparison would do until a compiler makes a
 * branch of it. */
static inline uint32_t aim__in_range(uint32_t c, uint32_t low, uint32_t high)
{
	return (((low - 1 - c) & (c - high - 1)) >> 8) & 0xFFu;
}

/* Characters that n bytes become; for base58 an upper bound. 0 for an unknown form or on
 * overflow. */
size_t aim__encoding_text_size(uint32_t form, size_t n);
/* Bytes that n characters stand for at most. */
size_t aim__encoding_bytes_size(uint32_t form, size_t n);

/* dst has room for aim__encoding_text_size characters; no NUL is written. Returns the characters
 * written. base58: in.len ≤ AIM_ENCODING_BASE58_MAX, else 0. */
size_t aim__encoding_write(uint32_t form, aim_bytes in, char *dst);

/* What is wrong with a text. */
#define AIM__ENCODING_BAD_CHARACTER 1u
#define AIM__ENCODING_BAD_LENGTH 2u
#define AIM__ENCODING_BAD_PADDING 3u
#define AIM__ENCODING_BAD_BITS 4u

typedef struct aim__encoding_problem {
	uint32_t kind;
	size_t offset;
} aim__encoding_problem;

/* Decodes into dst, which has room for cap bytes. AIM_OK, AIM_E_ENCODING with *problem set (may be
 * NULL), AIM_E_SPACE when cap is too small, AIM_E_LIMIT (base58), AIM_E_INVALID. On failure dst is
 * wiped. */
aim_status aim__encoding_read(uint32_t form, aim_str text, uint8_t *dst, size_t cap,
                              size_t *out_len, aim__encoding_problem *problem);
/* The same for a known size: exactly len bytes, else AIM_E_ENCODING. */
aim_status aim__encoding_read_exact(uint32_t form, aim_str text, uint8_t *dst, size_t len);

/* 2 · in.len lower-case digits. */
void aim__hex_write(aim_bytes in, char *dst);

#endif
