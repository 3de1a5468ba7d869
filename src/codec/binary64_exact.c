/* codec/binary64_exact.c — conversion between decimal and binary64 on big integers, for the numbers
 * that 128 bits cannot decide. Layer codec. The textbook algorithms: Clinger 1990 for reading; for
 * printing Steele and White 1990 as Burger and Dybvig 1996 state it. */
#include "codec/bignum.h"
#include "codec/binary64.h"

/* No midpoint between two binary64 numbers has more significant digits; what follows them only says
 * "a little more" and is replaced by one digit. */
#define MAX_DIGITS 768u

/* numerator / denominator as a normalised binary fraction, then rounded. Destroys both. */
static uint64_t divide_to_bits(aim__bignum *numerator, aim__bignum *denominator)
{
	int32_t exponent =
	    (int32_t)aim__bignum_bits(numerator) - (int32_t)aim__bignum_bits(denominator);
	if (exponent > 0)
		aim__bignum_shift(denominator, (uint32_t)exponent);
	else
		aim__bignum_shift(numerator, (uint32_t)-exponent);
	if (aim__bignum_compare(numerator, denominator) < 0) {
		aim__bignum_shift(numerator, 1);
		exponent--;
	}
	/* Now 1 ≤ numerator / denominator < 2: one bit of the quotient at a time. */
	uint64_t top = 0;
	for (int i = 0; i < 64; i++) {
		top <<= 1;
		if (aim__bignum_compare(numerator, denominator) >= 0) {
			aim__bignum_sub(numerator, denominator);
			top |= 1;
		}
		aim__bignum_shift(numerator, 1);
	}
	return aim__binary64_round(top, numerator->n != 0, exponent);
}

static uint32_t load_digits(const aim__number *number, aim__bignum *out)
{
	char digits[MAX_DIGITS];
	uint32_t n = (uint32_t)aim__number_digits(number, digits, MAX_DIGITS);
	aim__bignum_set(out, 0);
	for (uint32_t i = 0; i < n; i++) {
		if (out->n == 0)
			aim__bignum_set(out, (uint64_t)(digits[i] - '0'));
		else
			aim__bignum_muladd(out, 10, (uint32_t)(digits[i] - '0'));
	}
	if (number->n_digits <= MAX_DIGITS)
		return n;
	aim__bignum_muladd(out, 10, 1);
	return n + 1;
}

uint64_t aim__binary64_read_exact(const aim__number *number)
{
	aim__bignum numerator, denominator;
	uint32_t n = load_digits(number, &numerator);
	int32_t scale = (int32_t)number->exponent - (int32_t)n + 1; /* of the last digit */
	aim__bignum_set(&denominator, 1);
	if (scale >= 0)
		aim__bignum_mul_pow10(&numerator, (uint32_t)scale);
	else
		aim__bignum_mul_pow10(&denominator, (uint32_t)-scale);
	return divide_to_bits(&numerator, &denominator);
}

/* Everything over one denominator: the number r, half the gap to its neighbour below and above. The
 * interval between is what reads back as the same number; its ends belong to it when the last bit
 * is even. */
typedef struct interval {
	aim__bignum r;
	aim__bignum below;
	aim__bignum above;
	aim__bignum denominator;
	int even;
} interval;

static void load_interval(uint64_t mantissa, int32_t exponent, interval *v)
{
	/* Below a power of two the gap is half as wide as above it. */
	uint32_t uneven =
	    mantissa == AIM__BINARY64_HIDDEN_BIT && exponent > AIM__BINARY64_MIN_EXPONENT;
	aim__bignum_set(&v->r, mantissa);
	aim__bignum_set(&v->below, 1);
	aim__bignum_set(&v->denominator, 1);
	if (exponent >= 0) {
		aim__bignum_shift(&v->r, (uint32_t)exponent + 1 + uneven);
		aim__bignum_shift(&v->below, (uint32_t)exponent);
		aim__bignum_shift(&v->denominator, 1 + uneven);
	} else {
		aim__bignum_shift(&v->r, 1 + uneven);
		aim__bignum_shift(&v->denominator, (uint32_t)-exponent + 1 + uneven);
	}
	v->above = v->below;
	aim__bignum_shift(&v->above, uneven);
	v->even = (mantissa & 1) == 0;
}

/* 1 when the upper end of the interval reaches denominator. */
static int reaches_one(const interval *v)
{
	int order = aim__bignum_compare_sum(&v->r, &v->above, &v->denominator);
	return v->even ? order >= 0 : order > 0;
}

static void times_ten(interval *v)
{
	aim__bignum_muladd(&v->r, 10, 0);
	aim__bignum_muladd(&v->below, 10, 0);
	aim__bignum_muladd(&v->above, 10, 0);
}

/* Scales so that the interval lies in [1/10, 1); returns the exponent of its first digit. */
static int32_t scale_interval(interval *v, uint64_t mantissa, int32_t exponent)
{
	/* log10(2) ≈ 78913 / 2^18, rounded towards what may be one too small, never too large. */
	int32_t bits = exponent + 63 - __builtin_clzll(mantissa);
	int32_t guess = (int32_t)(((int64_t)bits * 78913) >> 18);
	if (guess >= 0) {
		aim__bignum_mul_pow10(&v->denominator, (uint32_t)guess);
	} else {
		aim__bignum_mul_pow10(&v->r, (uint32_t)-guess);
		aim__bignum_mul_pow10(&v->below, (uint32_t)-guess);
		aim__bignum_mul_pow10(&v->above, (uint32_t)-guess);
	}
	/* The value is in [10^guess, 10^(guess + 2)) over the denominator. */
	aim__bignum_muladd(&v->denominator, 10, 0);
	if (reaches_one(v)) {
		aim__bignum_muladd(&v->denominator, 10, 0);
		guess++;
	}
	return guess;
}

/* r = r mod denominator; returns the quotient, which is below 10. */
static uint32_t take_digit(interval *v)
{
	uint32_t digit = 0;
	while (aim__bignum_compare(&v->r, &v->denominator) >= 0) {
		aim__bignum_sub(&v->r, &v->denominator);
		digit++;
	}
	return digit;
}

/* Adds one to the last digit. It is never 9: then a shorter form would have been found before. */
static void round_up(aim__shortest *out)
{
	out->digits[out->n_digits - 1]++;
}

void aim__binary64_shortest_exact(uint64_t mantissa, int32_t exponent, aim__shortest *out)
{
	interval v;
	out->n_digits = 0;
	load_interval(mantissa, exponent, &v);
	out->exponent = scale_interval(&v, mantissa, exponent);
	int low = 0, high = 0;
	while (!low && !high && out->n_digits < sizeof out->digits) {
		times_ten(&v);
		out->digits[out->n_digits++] = (char)('0' + take_digit(&v));
		int order = aim__bignum_compare(&v.r, &v.below);
		low = v.even ? order <= 0 : order < 0;
		high = reaches_one(&v);
	}
	/* Both ends in reach: the nearer one; on a tie the even digit (ECMA-262 leaves it open). */
	int half = aim__bignum_compare_sum(&v.r, &v.r, &v.denominator);
	int odd = (out->digits[out->n_digits - 1] - '0') & 1;
	if (high && (!low || half > 0 || (half == 0 && odd)))
		round_up(out);
}
