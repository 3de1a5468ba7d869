/* codec/binary64.c — conversion between decimal and IEEE 754 binary64, correct to the last bit.
 * Layer codec; integers only, so no rounding mode, x87 register or libm can change a result.
 *
 * Both directions multiply by a power of ten that is known to 128 bits, rounded down. So the true
 * product lies in an interval whose ends are known; when both ends lead to the same answer it is
 * the answer, else the big integers of binary64_exact.c decide. No more than that has to be
 * believed. */
#include "codec/binary64.h"
#include "codec/pow10.h"

#include <string.h>

/* 192 bits, highest word first. */
typedef struct product {
	uint64_t high;
	uint64_t middle;
	uint64_t low;
} product;

/* The 128 bits of a · b. */
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t *out_low)
{
	uint64_t a0 = a & UINT32_MAX, a1 = a >> 32;
	uint64_t b0 = b & UINT32_MAX, b1 = b >> 32;
	uint64_t low = a0 * b0;
	uint64_t cross = a1 * b0 + (low >> 32);
	uint64_t carry = cross >> 32;
	cross = (cross & UINT32_MAX) + a0 * b1;
	*out_low = cross << 32 | (low & UINT32_MAX);
	return a1 * b1 + carry + (cross >> 32);
}

static product times_pow10(uint64_t x, int32_t q)
{
	const uint64_t *power = aim__pow10[q - AIM__POW10_LOWEST];
	product p;
	uint64_t carried;
	uint64_t below = multiply(x, power[1], &p.low);
	p.high = multiply(x, power[0], &carried);
	p.middle = carried + below;
	p.high += p.middle < carried;
	return p;
}

/* 1 when adding x to p changes nothing above the lowest `bits` bits, which are 65 … 128. */
static int stays(product p, uint64_t x, uint32_t bits)
{
	uint64_t mask = bits == 128 ? UINT64_MAX : ((uint64_t)1 << (bits - 64)) - 1;
	return p.low + x >= p.low || (p.middle & mask) != mask;
}

uint64_t aim__binary64_round(uint64_t top, int sticky, int32_t exponent)
{
	int32_t drop = 11; /* bits that do not fit: 64 − 53 */
	if (exponent > 1023)
		return AIM__BINARY64_INFINITY;
	if (exponent < -1022)
		drop += -1022 - exponent;
	if (drop > 64)
		return 0; /* less than half of the smallest */
	uint64_t kept = drop == 64 ? 0 : top >> drop;
	uint64_t half = (uint64_t)1 << (drop - 1);
	uint64_t rest = drop == 64 ? top : top & (((uint64_t)1 << drop) - 1);
	if (rest > half || (rest == half && (sticky || kept & 1)))
		kept++;
	if (exponent < -1022)
		return kept; /* a carry into the hidden bit is the smallest normal number */
	return kept + ((uint64_t)(exponent + 1022) << 52);
}

/* By 128 bits; 0 when they do not decide. The number has at most 19 digits. */
static int read_fast(const aim__number *number, uint64_t *out)
{
	char digits[19];
	uint64_t w = 0;
	size_t n = aim__number_digits(number, digits, sizeof digits);
	for (size_t i = 0; i < n; i++)
		w = w * 10 + (uint64_t)(digits[i] - '0');
	int32_t q = (int32_t)number->exponent - (int32_t)n + 1;
	if (q < AIM__POW10_LOWEST || q > AIM__POW10_HIGHEST)
		return 0;
	int32_t shift = __builtin_clzll(w);
	w <<= shift;
	product p = times_pow10(w, q);
	int exact = aim__pow10_is_exact(q);
	if (!exact && !stays(p, w, 128))
		return 0;
	/* w in [2^63, 2^64) and the power's 128 bits: the product has 191 or 192. */
	int32_t exponent = 63 - shift + aim__pow10_exponent(q) + 1;
	int sticky = !exact || (p.middle | p.low) != 0;
	if (!(p.high >> 63)) {
		/* The bit that moves up is certain too, unless the interval ends within its
		 * weight. */
		if (!exact && !stays(p, w, 127))
			return 0;
		sticky = !exact || (p.middle << 1 | p.low) != 0;
		p.high = p.high << 1 | p.middle >> 63;
		exponent--;
	}
	*out = aim__binary64_round(p.high, sticky, exponent);
	return 1;
}

uint64_t aim__number_to_bits(const aim__number *number)
{
	uint64_t bits;
	if (number->n_digits == 0 || number->exponent < -326)
		return 0; /* below half of the smallest, 4.9e-324 */
	if (number->exponent > 309)
		return AIM__BINARY64_INFINITY;
	if (number->n_digits <= 19 && read_fast(number, &bits))
		return bits;
	return aim__binary64_read_exact(number);
}

/* x · 2^exponent / 10^k as a whole number whose last bit is also set when something was cut off
 * ("round to odd"): comparing it with even numbers is as good as comparing the true value. The
 * shift is 124 … 127. 0 when 128 bits do not decide. */
static int scale_to_odd(uint64_t x, int32_t exponent, int32_t k, uint64_t *out)
{
	uint32_t shift = (uint32_t)(127 - exponent - aim__pow10_exponent(-k));
	product p = times_pow10(x, -k);
	int exact = aim__pow10_is_exact(-k);
	if (!exact && !stays(p, x, shift))
		return 0;
	uint64_t rest = p.middle & (((uint64_t)1 << (shift - 64)) - 1);
	*out = p.high << (128 - shift) | p.middle >> (shift - 64);
	*out |= !exact || (rest | p.low) != 0;
	return 1;
}

static void put_digits(uint64_t value, int32_t exponent, aim__shortest *out)
{
	char reversed[20];
	uint32_t n = 0;
	for (; value % 10 == 0; value /= 10)
		exponent++;
	for (; value != 0; value /= 10)
		reversed[n++] = (char)('0' + value % 10);
	out->n_digits = n;
	out->exponent = exponent + (int32_t)n - 1;
	for (uint32_t i = 0; i < n; i++)
		out->digits[i] = reversed[n - 1 - i];
}

/* The interval of decimals that read back as mantissa × 2^exponent, scaled so that it is 1 … 10
 * wide (after Giulietti's Schubfach): it then holds at most one multiple of ten, which is the
 * shortest form if there, and at least one whole number, the nearest of which is it otherwise. All
 * in quarters. */
static int shortest_fast(uint64_t mantissa, int32_t exponent, aim__shortest *out)
{
	int32_t k = (exponent * 78913) >> 18; /* floor(log10(2^exponent)), right for ±1650 */
	uint64_t low, middle, high;
	if (mantissa == AIM__BINARY64_HIDDEN_BIT)
		return 0; /* the gap below a power of two is narrower */
	if (!scale_to_odd(4 * mantissa - 2, exponent, k, &low) ||
	    !scale_to_odd(4 * mantissa, exponent, k, &middle) ||
	    !scale_to_odd(4 * mantissa + 2, exponent, k, &high))
		return 0;
	uint64_t odd = mantissa & 1; /* then the ends do not belong to the interval */
	uint64_t s = middle / 4;
	uint64_t tens = s / 10 * 10;
	int down = low + odd <= 4 * tens;
	int up = 4 * (tens + 10) + odd <= high;
	if (s >= 10 && down != up) {
		put_digits(down ? tens : tens + 10, k, out);
		return 1;
	}
	down = low + odd <= 4 * s;
	up = 4 * (s + 1) + odd <= high;
	if (down == up) /* both: the nearer, on a tie the even one */
		up = middle > 4 * s + 2 || (middle == 4 * s + 2 && (s & 1));
	put_digits(up ? s + 1 : s, k, out);
	return 1;
}

void aim__shortest_from_bits(uint64_t bits, aim__shortest *out)
{
	uint64_t mantissa = bits & (AIM__BINARY64_HIDDEN_BIT - 1);
	int32_t biased = (int32_t)(bits >> 52 & 0x7FF);
	int32_t exponent = AIM__BINARY64_MIN_EXPONENT;
	if (biased != 0) {
		mantissa |= AIM__BINARY64_HIDDEN_BIT;
		exponent += biased - 1;
	}
	out->n_digits = 0;
	out->exponent = 0;
	if (mantissa != 0 && !shortest_fast(mantissa, exponent, out))
		aim__binary64_shortest_exact(mantissa, exponent, out);
}
