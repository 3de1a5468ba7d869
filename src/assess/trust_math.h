/* assess/trust_math.h — the arithmetic of trust: integers only, the same on every machine. */
#ifndef AIM_ASSESS_TRUST_MATH_H
#define AIM_ASSESS_TRUST_MATH_H

#include <stddef.h>
#include <stdint.h>

#define AIM__MICRO 1000000u
/* An event, in the unit in which events are weighed. */
#define AIM__EVENT 1000u

/* a / b to the nearest, halves to the even neighbour. b > 0; a + b must not overflow. */
uint64_t aim__div_half_even(uint64_t a, uint64_t b);
/* ⌊a·b / c⌋ without overflow. a ≤ c, b and c below 2^63, c > 0. */
uint64_t aim__mul_div(uint64_t a, uint64_t b, uint64_t c);
/* ⌊√n⌋ */
uint64_t aim__isqrt(uint64_t n);

/* Lower end of the Wilson interval at 95 % in micro, for good of n millionths of an event. */
int64_t aim__wilson_low(uint64_t good, uint64_t n);

/* Splits Σ products / 10^6, rounded half to even, into n ≤ 16 parts that add up to it: largest
 * remainders first, of equal ones the first. Returns the sum. Products are weight·value. */
int64_t aim__split_sum(const uint64_t *products, size_t n, int64_t *out_parts);

#endif
