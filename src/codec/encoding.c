/* codec/encoding.c — base64, base64url, hex (RFC 4648) and base58. Layer codec.
 *
 * Keys and seeds pass through here, so the first three use arithmetic instead of tables and no
 * branch depends on what a character stands for, only on whether the text as a whole is valid. */
#include "codec/encoding.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define INVALID 0xFFu

static uint32_t hex_value(uint32_t c)
{
	uint32_t digit = aim__in_range(c, '0', '9');
	uint32_t upper = aim__in_range(c, 'A', 'F');
	uint32_t lower = aim__in_range(c, 'a', 'f');
	uint32_t none = ~(digit | upper | lower) & INVALID;
	return (digit & (c - '0')) | (upper & (c - 'A' + 10)) | (lower & (c - 'a' + 10)) | none;
}

static char hex_char(uint32_t value)
{
	return (char)(value + '0' + (aim__in_range(value, 10, 15) & ('a' - '0' - 10)));
}

/* Eight digits at once, the first in the lowest byte: every record of the audit log is hashed, written and read with a
 * hundred of them. The same arithmetic, on bytes that do not carry into each other. */

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

static uint64_t hex_digits_of(uint32_t four_bytes)
{
	uint64_t x = four_bytes;
	x = (x | x << 16) & UINT64_C(0x0000FFFF0000FFFF);
	x = (x | x << 8) & UINT64_C(0x00FF00FF00FF00FF);
	x = (x >> 4 | x << 8) & EACH_BYTE(0x0F);
	uint64_t is_letter = (x + EACH_BYTE(6)) >> 4 & EACH_BYTE(1);
	return x + EACH_BYTE('0') + is_letter * ('a' - '0' - 10);
}

/* The value of each digit; of any other character something. */
static uint32_t four_bytes_of(uint64_t digits)
{
	uint64_t is_letter = digits >> 6 & EACH_BYTE(1);
	uint64_t x = ((digits & EACH_BYTE(0x0F)) + is_letter * 9) & EACH_BYTE(0x0F);
	x = (x << 4 | x >> 8) & UINT64_C(0x00FF00FF00FF00FF);
	x = (x | x >> 8) & UINT64_C(0x0000FFFF0000FFFF);
	return (uint32_t)(x | x >> 16);
}

/* 0 when all eight are digits, of either case: then writing their values gives them back. */
static uint64_t hex_difference(uint64_t digits, uint32_t four_bytes)
{
	uint64_t lower = digits | (digits & EACH_BYTE(0x40)) >> 1;
	return lower ^ hex_digits_of(four_bytes);
}

static uint64_t load_digits(const char *p)
{
	uint64_t x = 0;
	for (unsigned i = 0; i < 8; i++)
		x |= (uint64_t)(uint8_t)p[i] << 8 * i;
	return x;
}

static void store_digits(char *p, uint64_t x)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (char)(x >> 8 * i & 0xFF);
}

/* plus and slash: the two characters in which the alphabets differ. */
static uint32_t base64_value(uint32_t c, uint32_t plus, uint32_t slash)
{
	uint32_t upper = aim__in_range(c, 'A', 'Z');
	uint32_t lower = aim__in_range(c, 'a', 'z');
	uint32_t digit = aim__in_range(c, '0', '9');
	uint32_t is_plus = aim__in_range(c, plus, plus);
	uint32_t is_slash = aim__in_range(c, slash, slash);
	uint32_t none = ~(upper | lower | digit | is_plus | is_slash) & INVALID;
	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
	       (is_plus & 62u) | (is_slash & 63u) | none;
}

/* Each term is added from its value on: 26, 52, 62, 63. */
static char base64_char(uint32_t value, uint32_t plus, uint32_t slash)
{
	uint32_t c = value + 'A';
	c += ((25 - value) >> 8) & ('a' - 26 - 'A');
	c -= ((51 - value) >> 8) & ('a' - 26 - '0' + 52);
	c += ((61 - value) >> 8) & (plus - 62 - '0' + 52);
	c += ((62 - value) >> 8) & (slash - plus - 1);
	return (char)c;
}

#define EACH_PAIR(x) (UINT64_C(0x0001000100010001) * (x))
#define EACH_FOUR(x) (UINT64_C(0x0000000100000001) * (x))

/* Eight values between 0 and 63, the first in the lowest byte, out of 48 bits; and back. */
static uint64_t sextets_of(uint64_t bits)
{
	uint64_t x = bits >> 24 | (bits & 0xFFFFFFu) << 32;
	x = (x >> 12 & EACH_FOUR(0xFFFu)) | (x & EACH_FOUR(0xFFFu)) << 16;
	return (x >> 6 & EACH_PAIR(0x3Fu)) | (x & EACH_PAIR(0x3Fu)) << 8;
}

static uint64_t bits_of(uint64_t sextets)
{
	uint64_t x = (sextets & EACH_PAIR(0x3Fu)) << 6 | (sextets >> 8 & EACH_PAIR(0x3Fu));
	x = (x & EACH_FOUR(0xFFFu)) << 12 | (x >> 16 & EACH_FOUR(0xFFFu));
	return (x & 0xFFFFFFu) << 24 | x >> 32;
}

/* 1 in each byte that is at least low; all are below 128. */
static uint64_t each_from(uint64_t x, uint32_t low)
{
	return (x + EACH_BYTE(128 - low)) >> 7 & EACH_BYTE(1);
}

/* base64_char of each byte. */
static uint64_t base64_chars(uint64_t values, uint32_t plus, uint32_t slash)
{
	uint64_t x = values + EACH_BYTE('A') + each_from(values, 26) * ('a' - 26 - 'A');
	x -= each_from(values, 52) * ('a' - 26 - '0' + 52);
	x -= each_from(values, 62) * ('0' - 52 + 62 - plus);
	return x + each_from(values, 63) * (slash - plus - 1);
}

/* base64_value of each byte; of a character of no alphabet something, of which base64_chars makes another. */
static uint64_t base64_values(uint64_t chars, uint32_t plus, uint32_t slash)
{
	uint64_t c = chars & EACH_BYTE(0x7F);
	uint64_t is_plus = (EACH_BYTE(0x80) - (c ^ EACH_BYTE(plus))) >> 7 & EACH_BYTE(1);
	uint64_t is_slash = (EACH_BYTE(0x80) - (c ^ EACH_BYTE(slash))) >> 7 & EACH_BYTE(1);
	uint64_t x = c + EACH_BYTE(52 - '0');
	x -= each_from(c, 'A') * ('A' - '0' + 52);
	x -= each_from(c, 'a') * ('a' - 26 - 'A');
	x += is_plus * ('0' - 52 + 62 - plus);
	x += is_slash * (slash == '/' ? 63 - 52 + '0' - '/' : 63 + 'A' - '_');
	return x & EACH_BYTE(0x3F);
}

static int is_url(uint32_t form)
{
	return form == AIM_ENCODING_BASE64URL || form == AIM_ENCODING_BASE64URL_PADDED;
}

static int is_padded(uint32_t form)
{
	return form == AIM_ENCODING_BASE64 || form == AIM_ENCODING_BASE64URL_PADDED;
}

static int is_base64(uint32_t form)
{
	return form >= AIM_ENCODING_BASE64 && form <= AIM_ENCODING_BASE64URL_PADDED;
}

size_t aim__encoding_text_size(uint32_t form, size_t n)
{
	if (n > SIZE_MAX / 4)
		return 0;
	if (form == AIM_ENCODING_HEX)
		return n * 2;
	if (form == AIM_ENCODING_BASE58)
		return n + n / 2 +
		       1; /* log 256 / log 58 is below 1.37; leading zeros are one for one */
	if (!is_base64(form))
		return 0;
	return is_padded(form) ? (n + 2) / 3 * 4 : n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

size_t aim__encoding_bytes_size(uint32_t form, size_t n)
{
	if (form == AIM_ENCODING_HEX)
		return n / 2;
	if (form == AIM_ENCODING_BASE58)
		return n;
	return n / 4 * 3 + n % 4 * 3 / 4;
}

void aim__hex_write(aim_bytes in, char *dst)
{
	size_t i = 0;
	for (; i + 4 <= in.len; i += 4) {
		const uint8_t *p = in.ptr + i;
		uint32_t bytes = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		store_digits(dst + 2 * i, hex_digits_of(bytes));
	}
	for (; i < in.len; i++) {
		dst[2 * i] = hex_char(in.ptr[i] >> 4);
		dst[2 * i + 1] = hex_char(in.ptr[i] & 15u);
	}
}

static size_t base64_write(uint32_t form, aim_bytes in, char *dst)
{
	uint32_t plus = is_url(form) ? '-' : '+';
	uint32_t slash = is_url(form) ? '_' : '/';
	size_t i = 0, n = 0;
	for (; i + 6 <= in.len; i += 6, n += 8) {
		const uint8_t *p = in.ptr + i;
		uint64_t high = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		uint64_t bits = high << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
		store_digits(dst + n, base64_chars(sextets_of(bits), plus, slash));
	}
	for (; i < in.len; i += 3) {
		size_t left = in.len - i;
		uint32_t bits = (uint32_t)in.ptr[i] << 16;
		bits |= left > 1 ? (uint32_t)in.ptr[i + 1] << 8 : 0;
		bits |= left > 2 ? in.ptr[i + 2] : 0;
		dst[n++] = base64_char(bits >> 18, plus, slash);
		dst[n++] = base64_char(bits >> 12 & 63, plus, slash);
		if (left > 1)
			dst[n++] = base64_char(bits >> 6 & 63, plus, slash);
		if (left > 2)
			dst[n++] = base64_char(bits & 63, plus, slash);
	}
	while (is_padded(form) && n % 4 != 0)
		dst[n++] = '=';
	return n;
}

static const char base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* Leading zero bytes are leading '1's; the rest is one large number in base 58. */
static size_t base58_write(aim_bytes in, char *dst)
{
	size_t zeros = 0;
	size_t n = 0; /* digits so far, lowest first, behind the zeros */
	while (zeros < in.len && in.ptr[zeros] == 0)
		dst[zeros++] = '1';
	char *digits = dst + zeros;
	for (size_t i = zeros; i < in.len; i++) {
		uint32_t carry = in.ptr[i];
		for (size_t k = 0; k < n; k++) {
			carry += (uint32_t)(uint8_t)digits[k] << 8;
			digits[k] = (char)(carry % 58);
			carry /= 58;
		}
		for (; carry != 0; carry /= 58)
			digits[n++] = (char)(carry % 58);
	}
	for (size_t a = 0, b = n; a < b; a++) {
		char high = base58_alphabet[(uint8_t)digits[--b]];
		digits[b] = base58_alphabet[(uint8_t)digits[a]];
		digits[a] = high;
	}
	return zeros + n;
}

size_t aim__encoding_write(uint32_t form, aim_bytes in, char *dst)
{
	if (form == AIM_ENCODING_HEX) {
		aim__hex_write(in, dst);
		return in.len * 2;
	}
	if (form == AIM_ENCODING_BASE58)
		return in.len <= AIM_ENCODING_BASE58_MAX ? base58_write(in, dst) : 0;
	return is_base64(form) ? base64_write(form, in, dst) : 0;
}

static aim_status bad(aim__encoding_problem *problem, uint32_t kind, size_t offset)
{
	problem->kind = kind;
	problem->offset = offset;
	return AIM_E_ENCODING;
}

static aim_status hex_read(aim_str text, uint8_t *dst, size_t *out_len,
                           aim__encoding_problem *problem)
{
	uint64_t wrong = 0;
	size_t i = 0;
	for (; i + 8 <= text.len; i += 8) {
		uint64_t digits = load_digits(text.ptr + i);
		uint32_t bytes = four_bytes_of(digits);
		wrong |= hex_difference(digits, bytes);
		for (unsigned k = 0; k < 4; k++)
			dst[i / 2 + k] = (uint8_t)(bytes >> 8 * k & 0xFF);
	}
	for (; i + 1 < text.len; i += 2) {
		uint32_t high = hex_value((uint8_t)text.ptr[i]);
		uint32_t low = hex_value((uint8_t)text.ptr[i + 1]);
		wrong |= (high | low) & 0xF0u;
		dst[i / 2] = (uint8_t)(high << 4 | (low & 15u));
	}
	AIM__DECLASSIFY(&wrong, sizeof wrong);
	for (i = 0; wrong && i < text.len; i++)
		if (hex_value((uint8_t)text.ptr[i]) == INVALID)
			return bad(problem, AIM__ENCODING_BAD_CHARACTER, i);
	if (text.len % 2)
		return bad(problem, AIM__ENCODING_BAD_LENGTH, text.len);
	*out_len = text.len / 2;
	return AIM_OK;
}

/* At most two characters. How much padding there is is no secret; what stands where it is missing is. */
static size_t count_padding(aim_str text)
{
	uint32_t run = 1;
	uint32_t n = 0;
	for (size_t i = 0; i < 2 && i < text.len; i++) {
		run &= aim__in_range((uint8_t)text.ptr[text.len - 1 - i], '=', '=');
		n += run;
	}
	AIM__DECLASSIFY(&n, sizeof n);
	return n;
}

/* Cuts off the padding, which must be exactly what the form asks for. */
static aim_status strip_padding(uint32_t form, aim_str *text, aim__encoding_problem *problem)
{
	size_t n = count_padding(*text);
	if (!is_padded(form))
		return n == 0 ? AIM_OK : bad(problem, AIM__ENCODING_BAD_PADDING, text->len - n);
	if (text->len % 4 != 0)
		return bad(problem, AIM__ENCODING_BAD_PADDING, text->len);
	text->len -= n;
	return AIM_OK;
}

/* Up to four characters to up to three bytes; the high bits of the result tell an invalid one. */
static uint32_t read_group(const char *p, size_t n, uint32_t plus, uint32_t slash, uint8_t *dst)
{
	uint32_t bits = 0;
	uint32_t wrong = 0;
	for (size_t i = 0; i < 4; i++) {
		uint32_t value = i < n ? base64_value((uint8_t)p[i], plus, slash) : 0;
		wrong |= value & 0xC0u;
		bits = bits << 6 | (value & 63u);
	}
	dst[0] = (uint8_t)(bits >> 16);
	if (n > 2)
		dst[1] = (uint8_t)(bits >> 8);
	if (n > 3)
		dst[2] = (uint8_t)bits;
	/* Bits that no byte takes must be zero (RFC 4648 §3.5). */
	uint32_t unused = n == 2 ? bits & 0xFFFFu : n == 3 ? bits & 0xFFu : 0;
	return wrong << 24 | unused;
}

/* The same of eight characters. */
static uint32_t read_eight(const char *p, uint32_t plus, uint32_t slash, uint8_t *dst)
{
	uint64_t chars = load_digits(p), values = base64_values(chars, plus, slash);
	uint64_t bits = bits_of(values), wrong = chars ^ base64_chars(values, plus, slash);
	for (unsigned i = 0; i < 6; i++)
		dst[i] = (uint8_t)(bits >> (40 - 8 * i));
	return (uint32_t)(wrong | wrong >> 32);
}

static aim_status base64_read(uint32_t form, aim_str text, uint8_t *dst, size_t *out_len,
                              aim__encoding_problem *problem)
{
	uint32_t plus = is_url(form) ? '-' : '+';
	uint32_t slash = is_url(form) ? '_' : '/';
	aim_status rc = strip_padding(form, &text, problem);
	if (rc != AIM_OK)
		return rc;
	size_t i = 0, n = 0;
	uint32_t wrong = 0;
	for (; i + 8 <= text.len; i += 8, n += 6)
		wrong |= read_eight(text.ptr + i, plus, slash, dst + n);
	for (; i + 1 < text.len; i += 4) {
		size_t left = text.len - i < 4 ? text.len - i : 4;
		wrong |= read_group(text.ptr + i, left, plus, slash, dst + n);
		n += left - 1;
	}
	AIM__DECLASSIFY(&wrong, sizeof wrong);
	for (i = 0; (wrong || text.len % 4 == 1) && i < text.len; i++)
		if (base64_value((uint8_t)text.ptr[i], plus, slash) == INVALID)
			return bad(problem, AIM__ENCODING_BAD_CHARACTER, i);
	if (text.len % 4 == 1)
		return bad(problem, AIM__ENCODING_BAD_LENGTH, text.len);
	if (wrong)
		return bad(problem, AIM__ENCODING_BAD_BITS, text.len - 1);
	*out_len = n;
	return AIM_OK;
}

static aim_status base58_read(aim_str text, uint8_t *dst, size_t *out_len,
                              aim__encoding_problem *problem)
{
	size_t zeros = 0;
	size_t n = 0; /* bytes so far, lowest first, behind the zeros */
	while (zeros < text.len && text.ptr[zeros] == '1')
		dst[zeros++] = 0;
	uint8_t *bytes = dst + zeros;
	for (size_t i = zeros; i < text.len; i++) {
		const char *at = memchr(base58_alphabet, text.ptr[i], 58);
		if (!at)
			return bad(problem, AIM__ENCODING_BAD_CHARACTER, i);
		uint32_t carry = (uint32_t)(at - base58_alphabet);
		for (size_t k = 0; k < n; k++) {
			carry += bytes[k] * 58u;
			bytes[k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry != 0)
			bytes[n++] = (uint8_t)carry;
	}
	for (size_t a = 0, b = n; a < b; a++) {
		uint8_t high = bytes[--b];
		bytes[b] = bytes[a];
		bytes[a] = high;
	}
	*out_len = zeros + n;
	return AIM_OK;
}

aim_status aim__encoding_read(uint32_t form, aim_str text, uint8_t *dst, size_t cap,
                              size_t *out_len, aim__encoding_problem *problem)
{
	aim__encoding_problem ignored;
	aim_status rc;
	if (form < AIM_ENCODING_BASE64 || form > AIM_ENCODING_BASE58)
		return AIM_E_INVALID;
	if (form == AIM_ENCODING_BASE58 && text.len > AIM_ENCODING_BASE58_MAX)
		return AIM_E_LIMIT;
	if (cap < aim__encoding_bytes_size(form, text.len))
		return AIM_E_SPACE;
	problem = problem ? problem : &ignored;
	if (form == AIM_ENCODING_HEX)
		rc = hex_read(text, dst, out_len, problem);
	else if (form == AIM_ENCODING_BASE58)
		rc = base58_read(text, dst, out_len, problem);
	else
		rc = base64_read(form, text, dst, out_len, problem);
	if (rc != AIM_OK)
		aim__wipe(dst, aim__encoding_bytes_size(form, text.len));
	return rc;
}

aim_status aim__encoding_read_exact(uint32_t form, aim_str text, uint8_t *dst, size_t len)
{
	uint8_t bytes[AIM_ENCODING_BASE58_MAX];
	size_t n = 0;
	aim_status rc = aim__encoding_read(form, text, bytes, sizeof bytes, &n, NULL);
	if (rc == AIM_OK && n == len)
		memcpy(dst, bytes, len);
	else if (rc != AIM_E_INVALID)
		rc = AIM_E_ENCODING;
	aim__wipe(bytes, sizeof bytes);
	return rc;
}

aim_status aim_encoding_encode(uint32_t form, aim_bytes in, aim_buf *out)
{
	if (!out || (!in.ptr && in.len) || form < AIM_ENCODING_BASE64 || form > AIM_ENCODING_BASE58)
		return AIM__MISUSE(out ? out->ctx : NULL, "out and a known form are required");
	if (form == AIM_ENCODING_BASE58 && in.len > AIM_ENCODING_BASE58_MAX)
		return AIM_E_LIMIT;
	size_t size = aim__encoding_text_size(form, in.len);
	if (size < in.len)
		return AIM_E_LIMIT;
	aim_status rc = aim__buf_reserve(out, size);
	if (rc != AIM_OK)
		return rc;
	out->len += aim__encoding_write(form, in, (char *)out->ptr + out->len);
	out->ptr[out->len] = 0;
	return AIM_OK;
}

static aim_status refuse(aim_str text, const aim__encoding_problem *problem, aim_error *err)
{
	static const char *const sentences[] = {
		[AIM__ENCODING_BAD_CHARACTER] = "a character outside the alphabet",
		[AIM__ENCODING_BAD_LENGTH] = "no text of this form has this length",
		[AIM__ENCODING_BAD_PADDING] = "the padding is missing, too long or not expected",
		[AIM__ENCODING_BAD_BITS] = "the unused bits of the last character are not zero",
	};
	aim_status rc = aim__fail(err, AIM_E_ENCODING, AIM_LAYER_CODEC, "%s at offset %zu",
	                          sentences[problem->kind], problem->offset);
	aim__error_at(err, aim_bytes_from_str(text), problem->offset);
	return rc;
}

aim_status aim_encoding_decode(uint32_t form, aim_str text, aim_buf *out, aim_error *err)
{
	if (!out || (!text.ptr && text.len) || form < AIM_ENCODING_BASE64 ||
	    form > AIM_ENCODING_BASE58)
		return AIM__MISUSE(out ? out->ctx : NULL, "out and a known form are required");
	size_t cap = aim__encoding_bytes_size(form, text.len);
	aim_status rc = AIM_E_LIMIT;
	if (form != AIM_ENCODING_BASE58 || text.len <= AIM_ENCODING_BASE58_MAX)
		rc = aim__buf_reserve(out, cap);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	aim__encoding_problem problem = {AIM__ENCODING_BAD_CHARACTER, 0};
	size_t n = 0;
	rc = aim__encoding_read(form, text, out->ptr + out->len, cap, &n, &problem);
	out->len += n;
	out->ptr[out->len] = 0;
	return rc == AIM_OK ? AIM_OK : refuse(text, &problem, err);
}
