/* codec/bignum.h — natural numbers of bounded size, for exact conversion between decimal and
 * binary64. Nothing here allocates. */
#ifndef AIM_CODEC_BIGNUM_H
#define AIM_CODEC_BIGNUM_H

#include <stddef.h>
#include <stdint.h>

/* The largest number needed is 10^(MAX_DIGITS + 325) shifted by up to 64 bits: about 3 850 bits. */
#define AIM__BIGNUM_LIMBS 128u

typedef struct aim__bignum {
	uint32_t n;                        /* limbs in use; 0 for zero */
	uint32_t limbs[AIM__BIGNUM_LIMBS]; /* lowest first */
} aim__bignum;

void aim__bignum_set(aim__bignum *x, uint64_t value);
/* x = x · factor + addend */
void aim__bignum_muladd(aim__bignum *x, uint32_t factor, uint32_t addend);
/* x = x · 10^exponent */
void aim__bignum_mul_pow10(aim__bignum *x, uint32_t exponent);
/* x = x · 2^bits */
void aim__bignum_shift(aim__bignum *x, uint32_t bits);
/* a < b: −1, a = b: 0, a > b: 1 */
int aim__bignum_compare(const aim__bignum *a, const aim__bignum *b);
/* a + b against c, as above. */
int aim__bignum_compare_sum(const aim__bignum *a, const aim__bignum *b, const aim__bignum *c);
/* x = x − y; y ≤ x. */
void aim__bignum_sub(aim__bignum *x, const aim__bignum *y);
/* Bits up to the highest that is set. */
uint32_t aim__bignum_bits(const aim__bignum *x);

#endif
