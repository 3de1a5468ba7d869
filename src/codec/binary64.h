/* codec/binary64.h — shared by the two ways of converting: 128-bit arithmetic that decides nearly
 * every number, and big integers for the rest. */
#ifndef AIM_CODEC_BINARY64_H
#define AIM_CODEC_BINARY64_H

#include "codec/number.h"

#define AIM__BINARY64_INFINITY ((uint64_t)0x7FF << 52)
#define AIM__BINARY64_HIDDEN_BIT ((uint64_t)1 << 52)
#define AIM__BINARY64_MIN_EXPONENT (-1074) /* of the last bit of a subnormal */

/* Rounds 1.fff × 2^exponent, fff being the 63 bits of top below its highest, plus something below
 * the last bit when sticky. Ties go to even. */
uint64_t aim__binary64_round(uint64_t top, int sticky, int32_t exponent);

/* The number is neither zero nor beyond 10^±327. */
uint64_t aim__binary64_read_exact(const aim__number *number);

/* mantissa × 2^exponent, not zero, exactly as in a binary64. */
void aim__binary64_shortest_exact(uint64_t mantissa, int32_t exponent, aim__shortest *out);

#endif
