/* assess/trust_math.c — integer arithmetic of trust scores. Layer assess; knows nothing of evidence. */
#include "assess/trust_math.h"

/* The square of the 97.5 % quantile of the normal distribution, 1.959964², in millionths. */
#define Z2 3841459u
/* Beyond 100 000 events the interval is that of 100 000 with the same proportion: with more, one event
 * would move the bound by less than the square root below is exact to, and the order of scores could break. */
#define WILSON_MAX (100000u * (uint64_t)AIM__MICRO)

uint64_t aim__div_half_even(uint64_t a, uint64_t b)
{
	uint64_t q = a / b, r = a % b, rest = b - r;
	return q + (r > rest || (r == rest && q % 2 == 1));
}

/* Long multiplication and division at once, one bit of b at a time. */
uint64_t aim__mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t q = 0, r = 0;
	if (a == 0 || b <= UINT64_MAX / a)
		return a * b / c;
	for (int bit = 62; bit >= 0; bit--) {
		r *= 2;
		q = q * 2 + (r >= c);
		r -= r >= c ? c : 0;
		if (!(b >> bit & 1))
			continue;
		r += a;
		q += r >= c;
		r -= r >= c ? c : 0;
	}
	return q;
}

uint64_t aim__isqrt(uint64_t n)
{
	uint64_t root = 0;
	for (uint64_t bit = (uint64_t)1 << 62; bit; bit >>= 2) {
		if (n >= root + bit) {
			n -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/* With g good of n and z² = Z2: (g + z²/2 − √(z²·g(n − g)/n + z⁴/4)) / (n + z²), in millionths of events. */
int64_t aim__wilson_low(uint64_t good, uint64_t n)
{
	if (n == 0)
		return 0;
	if (n > WILSON_MAX) {
		good = aim__mul_div(good, WILSON_MAX, n);
		n = WILSON_MAX;
	}
	uint64_t spread = aim__mul_div(good, n - good, n);
	uint64_t root = aim__isqrt(Z2 * spread + (uint64_t)Z2 * Z2 / 4);
	uint64_t top = good + Z2 / 2;
	if (top <= root)
		return 0;
	return (int64_t)aim__div_half_even((top - root) * AIM__MICRO, n + Z2);
}

int64_t aim__split_sum(const uint64_t *products, size_t n, int64_t *out_parts)
{
	uint64_t sum = 0, remainders[16];
	for (size_t i = 0; i < n; i++) {
		sum += products[i];
		out_parts[i] = (int64_t)(products[i] / AIM__MICRO);
		remainders[i] = products[i] % AIM__MICRO;
	}
	uint64_t total = aim__div_half_even(sum, AIM__MICRO), left = total;
	for (size_t i = 0; i < n; i++)
		left -= (uint64_t)out_parts[i];
	while (left--) {
		size_t largest = 0;
		for (size_t i = 1; i < n; i++)
			if (remainders[i] > remainders[largest])
				largest = i;
		out_parts[largest]++;
		remainders[largest] = 0;
	}
	return (int64_t)total;
}
