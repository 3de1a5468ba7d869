/* codec/bignum.c — schoolbook arithmetic on 32-bit limbs. Layer codec. */
#include "codec/bignum.h"

#include <string.h>

/* Callers stay inside the bound; should one not, the result is wrong and memory is not. */
static void append_limb(aim__bignum *x, uint32_t limb)
{
	if (limb != 0 && x->n < AIM__BIGNUM_LIMBS)
		x->limbs[x->n++] = limb;
}

void aim__bignum_set(aim__bignum *x, uint64_t value)
{
	x->limbs[0] = (uint32_t)value;
	x->limbs[1] = (uint32_t)(value >> 32);
	x->n = x->limbs[1] ? 2 : x->limbs[0] ? 1 : 0;
}

void aim__bignum_muladd(aim__bignum *x, uint32_t factor, uint32_t addend)
{
	uint64_t carry = addend;
	for (uint32_t i = 0; i < x->n; i++) {
		carry += (uint64_t)x->limbs[i] * factor;
		x->limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	append_limb(x, (uint32_t)carry);
}

void aim__bignum_mul_pow10(aim__bignum *x, uint32_t exponent)
{
	static const uint32_t powers[] = {
		1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625};
	uint32_t left = exponent;
	for (; left >= 13; left -= 13)
		aim__bignum_muladd(x, 1220703125u, 0);
	aim__bignum_muladd(x, powers[left], 0);
	aim__bignum_shift(x, exponent);
}

void aim__bignum_shift(aim__bignum *x, uint32_t bits)
{
	uint32_t whole = bits / 32;
	if (x->n == 0)
		return;
	if (whole > AIM__BIGNUM_LIMBS - x->n)
		whole = AIM__BIGNUM_LIMBS - x->n;
	memmove(x->limbs + whole, x->limbs, x->n * sizeof x->limbs[0]);
	memset(x->limbs, 0, whole * sizeof x->limbs[0]);
	x->n += whole;
	uint32_t carry = 0;
	uint32_t rest = bits % 32;
	for (uint32_t i = whole; rest && i < x->n; i++) {
		uint32_t limb = x->limbs[i];
		x->limbs[i] = limb << rest | carry;
		carry = limb >> (32 - rest);
	}
	append_limb(x, carry);
}

int aim__bignum_compare(const aim__bignum *a, const aim__bignum *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (uint32_t i = a->n; i-- > 0;)
		if (a->limbs[i] != b->limbs[i])
			return a->limbs[i] < b->limbs[i] ? -1 : 1;
	return 0;
}

int aim__bignum_compare_sum(const aim__bignum *a, const aim__bignum *b, const aim__bignum *c)
{
	aim__bignum sum;
	uint64_t carry = 0;
	uint32_t n = a->n > b->n ? a->n : b->n;
	for (uint32_t i = 0; i < n; i++) {
		carry += (i < a->n ? a->limbs[i] : 0);
		carry += (i < b->n ? b->limbs[i] : 0);
		sum.limbs[i] = (uint32_t)carry;
		carry >>= 32;
	}
	sum.n = n;
	append_limb(&sum, (uint32_t)carry);
	return aim__bignum_compare(&sum, c);
}

void aim__bignum_sub(aim__bignum *x, const aim__bignum *y)
{
	uint32_t borrow = 0;
	for (uint32_t i = 0; i < x->n; i++) {
		uint64_t take = (uint64_t)(i < y->n ? y->limbs[i] : 0) + borrow;
		borrow = x->limbs[i] < take;
		x->limbs[i] = (uint32_t)(x->limbs[i] - take);
	}
	while (x->n > 0 && x->limbs[x->n - 1] == 0)
		x->n--;
}

uint32_t aim__bignum_bits(const aim__bignum *x)
{
	return x->n == 0 ? 0 : x->n * 32 - (uint32_t)__builtin_clz(x->limbs[x->n - 1]);
}
