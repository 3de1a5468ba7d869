/* codec/pow10.h — powers of ten to 128 bits, rounded down. */
#ifndef AIM_CODEC_POW10_H
#define AIM_CODEC_POW10_H

#include <stdint.h>

#define AIM__POW10_LOWEST (-342)
#define AIM__POW10_HIGHEST 324

/* High and low word of the 128 bits of 10^q, at q − AIM__POW10_LOWEST; the highest bit is set. */
extern const uint64_t aim__pow10[AIM__POW10_HIGHEST - AIM__POW10_LOWEST + 1][2];

/* floor(log2(10^q)); the generator proves it for every q of the table. */
static inline int32_t aim__pow10_exponent(int32_t q)
{
	return (q * 217706) >> 16;
}

/* 1 when the 128 bits are the whole power. */
static inline int aim__pow10_is_exact(int32_t q)
{
	return q >= 0 && q <= 55;
}

#endif
