/* codec/number.h — JSON numbers without strtod and printf: exact reading, shortest writing, ES
 * form. Every text given here is a number of RFC 8259 §6, as the reader has checked. */
#ifndef AIM_CODEC_NUMBER_H
#define AIM_CODEC_NUMBER_H

#include <aim/buf.h>

/* A number taken apart: ± d.ddd × 10^exponent with significant digits d, none leading or trailing
 * zero. */
typedef struct aim__number {
	const char *first; /* first significant digit in the text */
	size_t n_digits;   /* 0: the number is zero */
	int64_t exponent;  /* of the first digit; bounded to ±2^62 */
	int negative;
	int point; /* a '.' stands somewhere behind the first significant digit */
} aim__number;

/* An exponent beyond this is refused or treated as infinitely large or small. */
#define AIM__NUMBER_EXPONENT_MAX 999999999

void aim__number_read(aim_str text, aim__number *out);
/* Copies up to max significant digits; the count. */
size_t aim__number_digits(const aim__number *number, char *dst, size_t max);

/* 1 and *out when the value is a whole number of 64 bits, however written. */
int aim__number_int64(aim_str text, int64_t *out);
/* Order of two numbers by exact value: −1, 0, 1. */
int aim__number_compare(aim_str a, aim_str b);

/* The binary64 value as bits, correctly rounded (ties to even); 0x7FF0… when it is too large. */
uint64_t aim__number_to_bits(const aim__number *number);

/* The fewest digits that read back as the same binary64, of those the closest. */
typedef struct aim__shortest {
	char digits[17];
	uint32_t n_digits; /* 0 for zero */
	int32_t exponent;  /* of the first digit */
} aim__shortest;
/* bits: a finite binary64; the sign is ignored. */
void aim__shortest_from_bits(uint64_t bits, aim__shortest *out);

/* ECMAScript's Number::toString (ECMA-262 §6.1.6.1.20) of ± d.ddd × 10^exponent, 1 ≤ n ≤ 17 digits.
 * Room for AIM__NUMBER_TEXT_SIZE; no NUL. Returns the length. */
#define AIM__NUMBER_TEXT_SIZE 32
size_t aim__number_write_es(char *dst, int negative, const char *digits, size_t n,
                            int32_t exponent);

/* Appends the canonical form; flags as aim_json_canonicalize. AIM_OK, AIM_E_JSON_NUMBER,
 * AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__number_canonical(aim_str text, uint32_t flags, aim_buf *out);

#endif
