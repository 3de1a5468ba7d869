/* codec/number.c — JSON numbers as text: reading them apart, whole numbers, order, ECMAScript's
 * form, the canonical form. Layer codec; conversion to and from binary64 is in binary64.c. */
#include "codec/number.h"

#include "base/buf.h"
#include "base/format.h"

#include <aim/json.h>
#include <string.h>

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The exponent behind 'e', or 0; far beyond AIM__NUMBER_EXPONENT_MAX it stays where it is. */
static int64_t read_exponent(const char *p, const char *end)
{
	int64_t value = 0;
	if (p == end)
		return 0;
	int negative = *++p == '-';
	if (*p == '-' || *p == '+')
		p++;
	for (; p < end; p++)
		if (value < (int64_t)1 << 58)
			value = value * 10 + (*p - '0');
	return negative ? -value : value;
}

void aim__number_read(aim_str text, aim__number *out)
{
	const char *p = text.ptr;
	const char *end = p + text.len;
	memset(out, 0, sizeof *out);
	out->negative = p < end && *p == '-';
	p += out->negative;
	const char *first = NULL;
	const char *last = NULL; /* last digit that is not 0 */
	const char *point = NULL;
	for (; p < end && (is_digit(*p) || *p == '.'); p++) {
		if (*p == '.')
			point = p;
		else if (*p != '0') {
			first = first ? first : p;
			last = p;
		}
	}
	if (!first)
		return;
	const char *unit = (point ? point : p) - 1; /* the digit of weight 1 */
	out->first = first;
	out->exponent = unit - first + (first > unit) + read_exponent(p, end);
	out->point = point && first < point && point < last;
	out->n_digits = (size_t)(last - first) + 1 - (size_t)out->point;
}

size_t aim__number_digits(const aim__number *number, char *dst, size_t max)
{
	size_t n = number->n_digits < max ? number->n_digits : max;
	const char *p = number->first;
	for (size_t i = 0; i < n; p++)
		if (*p != '.')
			dst[i++] = *p;
	return n;
}

int aim__number_int64(aim_str text, int64_t *out)
{
	aim__number number;
	char digits[19];
	uint64_t value = 0;
	aim__number_read(text, &number);
	if (number.n_digits == 0) {
		*out = 0;
		return 1;
	}
	/* 2^63 has 19 digits. */
	if (number.exponent < 0 || number.exponent > 18 ||
	    number.n_digits > (size_t)number.exponent + 1)
		return 0;
	aim__number_digits(&number, digits, sizeof digits);
	for (size_t i = 0; i <= (size_t)number.exponent; i++)
		value = value * 10 + (i < number.n_digits ? (uint64_t)(digits[i] - '0') : 0);
	if (value > (uint64_t)INT64_MAX + (uint64_t)number.negative)
		return 0;
	*out = number.negative ? (int64_t)(0 - value) : (int64_t)value;
	return 1;
}

/* Order of two non-zero numbers without their signs. */
static int compare_magnitudes(const aim__number *a, const aim__number *b)
{
	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	const char *p = a->first;
	const char *q = b->first;
	size_t n = a->n_digits < b->n_digits ? a->n_digits : b->n_digits;
	for (size_t i = 0; i < n; i++) {
		p += *p == '.';
		q += *q == '.';
		if (*p != *q)
			return *p < *q ? -1 : 1;
		p++;
		q++;
	}
	return a->n_digits == b->n_digits ? 0 : a->n_digits < b->n_digits ? -1 : 1;
}

static int sign_of(const aim__number *number)
{
	return number->n_digits == 0 ? 0 : number->negative ? -1 : 1;
}

int aim__number_compare(aim_str a, aim_str b)
{
	aim__number x, y;
	aim__number_read(a, &x);
	aim__number_read(b, &y);
	int sign = sign_of(&x);
	if (sign != sign_of(&y))
		return sign < sign_of(&y) ? -1 : 1;
	return sign == 0 ? 0 : sign * compare_magnitudes(&x, &y);
}

static char *put(char *dst, const char *bytes, size_t n)
{
	memcpy(dst, bytes, n);
	return dst + n;
}

static char *put_zeros(char *dst, size_t n)
{
	memset(dst, '0', n);
	return dst + n;
}

static char *put_exponent(char *dst, int32_t exponent)
{
	*dst++ = 'e';
	*dst++ = exponent < 0 ? '-' : '+';
	return dst + aim__u64_text(dst, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

size_t aim__number_write_es(char *dst, int negative, const char *digits, size_t n, int32_t exponent)
{
	char *p = dst;
	size_t whole = exponent >= 0 ? (size_t)exponent + 1 : 0; /* digits in front of the point */
	if (negative)
		*p++ = '-';
	if (exponent >= 0 && exponent < 21 && n <= whole) {
		p = put(p, digits, n);
		p = put_zeros(p, whole - n);
	} else if (exponent >= 0 && exponent < 21) {
		p = put(p, digits, whole);
		*p++ = '.';
		p = put(p, digits + whole, n - whole);
	} else if (exponent < 0 && exponent >= -6) {
		p = put(p, "0.", 2);
		p = put_zeros(p, (size_t)(-exponent - 1));
		p = put(p, digits, n);
	} else {
		*p++ = digits[0];
		if (n > 1) {
			*p++ = '.';
			p = put(p, digits + 1, n - 1);
		}
		p = put_exponent(p, exponent);
	}
	return (size_t)(p - dst);
}

/* [-]DIGITSeEXPONENT, the exponent that of the last digit. */
static aim_status add_exact(const aim__number *number, aim_buf *out)
{
	int64_t exponent = number->exponent - (int64_t)number->n_digits + 1;
	if (exponent > AIM__NUMBER_EXPONENT_MAX || exponent < -AIM__NUMBER_EXPONENT_MAX)
		return AIM_E_JSON_NUMBER;
	aim_status rc = aim__buf_reserve(out, number->n_digits + 32);
	if (rc != AIM_OK)
		return rc;
	char *p = (char *)out->ptr + out->len;
	if (number->negative)
		*p++ = '-';
	p += aim__number_digits(number, p, number->n_digits);
	*p++ = 'e';
	p += aim__i64_text(p, exponent);
	*p = '\0';
	out->len = (size_t)(p - (char *)out->ptr);
	return AIM_OK;
}

/* By binary64. 1 when the shortest form has the value of the number itself, or may be rounded. */
static int shorten(const aim__number *number, uint32_t flags, aim__shortest *out)
{
	const uint64_t infinity = (uint64_t)0x7FF << 52;
	char digits[17];
	if (flags != AIM_JSON_JCS_ROUND && number->n_digits > sizeof digits)
		return 0; /* no shortest form is that long */
	uint64_t bits = aim__number_to_bits(number);
	if (bits == infinity)
		return 0;
	aim__shortest_from_bits(bits, out);
	if (flags == AIM_JSON_JCS_ROUND)
		return 1;
	aim__number_digits(number, digits, sizeof digits);
	return out->n_digits == number->n_digits && out->exponent == number->exponent &&
	       memcmp(digits, out->digits, out->n_digits) == 0;
}

aim_status aim__number_canonical(aim_str text, uint32_t flags, aim_buf *out)
{
	aim__number number;
	aim__shortest shortest;
	char dst[AIM__NUMBER_TEXT_SIZE];
	aim__number_read(text, &number);
	if (number.n_digits == 0)
		return aim__buf_add_byte(out, '0');
	/* Decimals of up to 15 digits in the range of normal binary64 numbers survive the round
	 * trip (DBL_DIG), and two of them never share one binary64: such a number is its own
	 * shortest form. */
	if (number.n_digits <= 15 && number.exponent >= -307 && number.exponent <= 307) {
		shortest.n_digits = (uint32_t)aim__number_digits(&number, shortest.digits, 15);
		shortest.exponent = (int32_t)number.exponent;
	} else if (!shorten(&number, flags, &shortest)) {
		return flags == AIM_JSON_JCS_EXACT_TEXT ? add_exact(&number, out)
		                                        : AIM_E_JSON_NUMBER;
	}
	if (shortest.n_digits == 0)
		return aim__buf_add_byte(out, '0');
	size_t n = aim__number_write_es(dst, number.negative, shortest.digits, shortest.n_digits,
	                                shortest.exponent);
	return aim__buf_add(out, dst, n);
}
