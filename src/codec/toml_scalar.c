/* codec/toml_scalar.c — what a TOML value without brackets and quotes is: integers, floats, dates and times (TOML 1.0
 * "Integer" … "Local Time"). And the escapes of its strings. Layer codec. */
#include "codec/toml.h"

#include "base/format.h"
#include "codec/number.h"
#include "codec/utf8.h"

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a digit in any base up to 16; 16 for anything else. */
static uint32_t digit_value(char c)
{
	if (is_digit(c))
		return (uint32_t)(c - '0');
	uint32_t letter = (uint32_t)((c | 0x20) - 'a');
	return letter < 6 ? letter + 10 : 16;
}

static int is(aim_str token, const char *text)
{
	return token.len == strlen(text) && memcmp(token.ptr, text, token.len) == 0;
}

/* --- dates and times -------------------------------------------------------------------------------------------- */

/* n digits at p as a number, −1 when they are none. */
static int32_t digits_at(aim_str s, size_t at, size_t n)
{
	int32_t value = 0;
	if (s.len < at + n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (!is_digit(s.ptr[i]))
			return -1;
		value = value * 10 + (s.ptr[i] - '0');
	}
	return value;
}

static int in_range(int32_t value, int32_t least, int32_t most)
{
	return value >= least && value <= most;
}

static int is_date(aim_str s)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t year = digits_at(s, 0, 4);
	int32_t month = digits_at(s, 5, 2);
	int32_t day = digits_at(s, 8, 2);
	if (year < 0 || !in_range(month, 1, 12) || day < 0 || s.ptr[4] != '-' || s.ptr[7] != '-')
		return 0;
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return in_range(day, 1, days[month - 1] + (month == 2 && leap));
}

/* HH:MM:SS and a fraction; the length, 0 when it is none. */
static size_t time_length(aim_str s)
{
	if (!in_range(digits_at(s, 0, 2), 0, 23) || !in_range(digits_at(s, 3, 2), 0, 59) ||
	    !in_range(digits_at(s, 6, 2), 0, 60) || s.ptr[2] != ':' || s.ptr[5] != ':')
		return 0;
	size_t n = 8;
	if (n < s.len && s.ptr[n] == '.') {
		n++;
		while (n < s.len && is_digit(s.ptr[n]))
			n++;
		if (n == 9)
			return 0;
	}
	return n;
}

static int is_offset(aim_str s)
{
	if (s.len == 1)
		return (s.ptr[0] | 0x20) == 'z';
	return s.len == 6 && (s.ptr[0] == '+' || s.ptr[0] == '-') && s.ptr[3] == ':' &&
	       in_range(digits_at(s, 1, 2), 0, 23) && in_range(digits_at(s, 4, 2), 0, 59);
}

static int is_date_or_time(aim_str s)
{
	size_t n = time_length(s);
	if (n)
		return n == s.len;
	if (!is_date(s))
		return 0;
	if (s.len == 10)
		return 1;
	if ((s.ptr[10] | 0x20) != 't' && s.ptr[10] != ' ')
		return 0;
	aim_str time = {s.ptr + 11, s.len - 11};
	n = time_length(time);
	aim_str offset = {time.ptr + n, time.len - n};
	return n && (!offset.len || is_offset(offset));
}

/* --- numbers ----------------------------------------------------------------------------------------------------- */

/* Copies without underscores, each of which must stand between two digits of the base. 0 when one does not. */
static size_t without_underscores(aim_str s, uint32_t base, char *dst)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '_') {
			dst[n++] = s.ptr[i];
			continue;
		}
		if (i == 0 || i + 1 == s.len || digit_value(s.ptr[i - 1]) >= base || digit_value(s.ptr[i + 1]) >= base)
			return 0;
	}
	return n;
}

/* 0x…, 0o…, 0b… as a decimal of up to 63 bits. */
static int read_based(aim_str digits, uint32_t base, char *dst, size_t *out_len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint32_t d = digit_value(digits.ptr[i]);
		if (d >= base || value > ((uint64_t)INT64_MAX - d) / base)
			return 0;
		value = value * base + d;
	}
	*out_len = aim__u64_text(dst, value);
	return digits.len > 0;
}

static size_t skip_digits(aim_str s, size_t at)
{
	while (at < s.len && is_digit(s.ptr[at]))
		at++;
	return at;
}

/* A decimal in JSON's form; *out_is_float when it has a point or an exponent. */
static int is_decimal(aim_str s, int *out_is_float)
{
	size_t first = s.len && s.ptr[0] == '-';
	size_t at = skip_digits(s, first);
	*out_is_float = 0;
	if (at == first || (at - first > 1 && s.ptr[first] == '0'))
		return 0;
	if (at < s.len && s.ptr[at] == '.') {
		size_t digits = ++at;
		at = skip_digits(s, at);
		*out_is_float = 1;
		if (at == digits)
			return 0;
	}
	if (at < s.len && (s.ptr[at] | 0x20) == 'e') {
		at++;
		at += at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-');
		size_t digits = at;
		at = skip_digits(s, at);
		*out_is_float = 1;
		if (at == digits)
			return 0;
	}
	return at == s.len;
}

static uint32_t base_of(aim_str s)
{
	if (s.len < 3 || s.ptr[0] != '0')
		return 10;
	switch (s.ptr[1]) {
	case 'x': return 16;
	case 'o': return 8;
	case 'b': return 2;
	default: return 10;
	}
}

/* dst has room for the token and for 20 digits. */
static int read_number(aim_str token, char *dst, size_t *out_len)
{
	uint32_t base = base_of(token);
	if (base != 10) {
		aim_str digits = {token.ptr + 2, token.len - 2};
		digits.len = without_underscores(digits, base, dst);
		digits.ptr = dst;
		return read_based(digits, base, dst, out_len);
	}
	if (token.len && token.ptr[0] == '+') {
		token.ptr++;
		token.len--;
		if (token.len && token.ptr[0] == '-')
			return 0;
	}
	int is_float;
	int64_t whole;
	aim_str plain = {dst, without_underscores(token, 10, dst)};
	if (!is_decimal(plain, &is_float) || (!is_float && !aim__number_int64(plain, &whole)))
		return 0;
	*out_len = plain.len;
	return 1;
}

int aim__toml_scalar(aim__tree *tree, aim_str token, uint32_t *out_type, aim_str *out, aim_status *out_status)
{
	static const char *const words[] = {"inf", "+inf", "-inf", "nan", "+nan", "-nan"};
	*out_status = AIM_OK;
	*out_type = AIM_JSON_STRING;
	*out = token;
	if (is_date_or_time(token))
		return 1;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is(token, words[i]))
			return 1;
	char *text = aim__arena_bytes(&tree->arena, token.len + 20);
	if (!text) {
		*out_status = AIM_E_NOMEM;
		return 0;
	}
	*out_type = AIM_JSON_NUMBER;
	out->ptr = text;
	return read_number(token, text, &out->len);
}

/* --- escapes ------------------------------------------------------------------------------------------------------ */

/* "\uXXXX" or "\UXXXXXXXX" at p: bytes written; 0 when it is no scalar value of Unicode. */
static size_t unescape_code_point(const char *p, const char *end, char *dst, const char **out_next)
{
	size_t n = p[1] == 'u' ? 4 : 8;
	uint32_t value = 0;
	if ((size_t)(end - p) < n + 2)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t d = digit_value(p[2 + i]);
		if (d == 16 || value > UINT32_MAX >> 4)
			return 0;
		value = value << 4 | d;
	}
	if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
		return 0;
	*out_next = p + 2 + n;
	return aim__utf8_put((uint8_t *)dst, value);
}

/* A backslash at the end of a line takes the white space up to the next text away. NULL when p is no such. */
static const char *skip_line_end(const char *p, const char *end)
{
	const char *at = p + 1;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at < end && *at == '\r')
		at++;
	if (at == end || *at != '\n')
		return NULL;
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* The escape at p; bytes written. *out_next stays NULL when it is none. */
static size_t unescape(const char *p, const char *end, int multi_line, char *dst, const char **out_next)
{
	static const char letters[] = "btnfr\"\\";
	static const char meanings[] = "\b\t\n\f\r\"\\";
	*out_next = NULL;
	if (end - p < 2)
		return 0;
	if (p[1] == 'u' || p[1] == 'U')
		return unescape_code_point(p, end, dst, out_next);
	const char *letter = memchr(letters, p[1], sizeof letters - 1);
	if (letter) {
		*dst = meanings[letter - letters];
		*out_next = p + 2;
		return 1;
	}
	if (multi_line)
		*out_next = skip_line_end(p, end);
	return 0;
}

const char *aim__toml_unescape(aim_str raw, int multi_line, char *out, size_t *out_len)
{
	const char *end = raw.ptr + raw.len;
	char *dst = out;
	for (const char *p = raw.ptr; p < end;) {
		if (*p != '\\') {
			*dst++ = *p++;
			continue;
		}
		const char *next;
		dst += unescape(p, end, multi_line, dst, &next);
		if (!next)
			return p;
		p = next;
	}
	*out_len = (size_t)(dst - out);
	return NULL;
}
