/* crypto/strict.c — canonical encodings and small orders of edwards25519, by comparing bytes. Layer
 * crypto; knows no provider and does no field arithmetic.
 *
 * The rule of libaim: A and R canonical and not of small order, S < L, cofactorless equation. Points
 * of mixed order are accepted, as the equation decides about them. All inputs are public, so nothing
 * here needs constant time. */
#include "crypto/strict.h"

#include <string.h>

/* L = 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 §5.1). */
static const uint8_t order_l[32] = {
	0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
	0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10,
};

/* The y coordinates of the eight points whose order divides 8. Each stands for both signs of x; for
 * x = 0 (the first and the last of them) the set sign bit is no canonical encoding anyway. */
static const uint8_t small_order_y[][32] = {
	/* order 1: y = 1 */
	{1},
	/* order 4: y = 0 */
	{0},
	/* order 8 */
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	/* order 2: y = −1 = p − 1 */
	{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};
#define N_SMALL_ORDER (sizeof small_order_y / sizeof *small_order_y)

/* y ≥ p = 2^255 − 19: the low byte is at least 0xed and every other bit is set. */
static int y_is_reduced(const uint8_t y[32])
{
	if (y[0] < 0xed || y[31] != 0x7f)
		return 1;
	for (int i = 1; i < 31; i++)
		if (y[i] != 0xff)
			return 1;
	return 0;
}

const char *aim__ed25519_point_flaw(const uint8_t encoding[32])
{
	uint8_t y[32];
	memcpy(y, encoding, sizeof y);
	y[31] &= 0x7f;
	if (!y_is_reduced(y))
		return "is not a canonical point encoding";
	for (size_t i = 0; i < N_SMALL_ORDER; i++)
		if (memcmp(y, small_order_y[i], sizeof y) == 0)
			return "is a point of small order";
	return NULL;
}

const char *aim__ed25519_scalar_flaw(const uint8_t scalar[32])
{
	for (int i = 31; i >= 0; i--)
		if (scalar[i] != order_l[i])
			return scalar[i] < order_l[i] ? NULL : "is not below the group order";
	return "is not below the group order";
}
