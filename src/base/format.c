/* base/format.c — a small formatter for messages. Layer base; no locale, no allocation. */
#include "base/format.h"

#include <string.h>

typedef struct sink {
	char *dst;
	size_t cap;
	size_t len;
	int full;
} sink;

static void put(sink *out, const char *bytes, size_t len)
{
	if (out->full)
		return;
	if (out->len + len + 1 > out->cap) {
		out->full = 1;
		return;
	}
	memcpy(out->dst + out->len, bytes, len);
	out->len += len;
}

size_t aim__utf8_sequence(const uint8_t *p, size_t len)
{
	if (len == 0)
		return 0;
	uint8_t a = p[0];
	if (a < 0x80)
		return 1;
	if (a < 0xC2 || a > 0xF4)
		return 0;
	size_t need = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
	if (len < need)
		return 0;
	/* Second byte bounds exclude overlong forms, surrogates and > U+10FFFF. */
	uint8_t low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80;
	uint8_t high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return need;
}

/* Text from outside: only printable, valid UTF-8 reaches a message. */
static void put_text(sink *out, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	for (size_t i = 0; i < len && !out->full;) {
		size_t n = aim__utf8_sequence(p + i, len - i);
		int control = n == 1 && (p[i] < 0x20 || p[i] == 0x7F);
		int c1 = n == 2 && p[i] == 0xC2 && p[i + 1] < 0xA0;
		if (n == 0 || control || c1) {
			put(out, "?", 1);
			i += n ? n : 1;
			continue;
		}
		put(out, text + i, n);
		i += n;
	}
}

size_t aim__u64_text(char *dst, uint64_t value)
{
	char reversed[20];
	size_t n = 0;
	do {
		reversed[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < n; i++)
		dst[i] = reversed[n - 1 - i];
	return n;
}

size_t aim__i64_text(char *dst, int64_t value)
{
	if (value >= 0)
		return aim__u64_text(dst, (uint64_t)value);
	dst[0] = '-';
	return 1 + aim__u64_text(dst + 1, (uint64_t)0 - (uint64_t)value);
}

static void put_hex(sink *out, uint64_t value)
{
	char digits[16];
	size_t n = 0;
	for (int shift = 60; shift >= 0; shift -= 4) {
		uint32_t digit = (uint32_t)(value >> shift) & 15u;
		if (n == 0 && digit == 0 && shift != 0)
			continue;
		digits[n++] = "0123456789abcdef"[digit];
	}
	put(out, digits, n);
}

static void put_signed(sink *out, int64_t value)
{
	char text[21];
	put(out, text, aim__i64_text(text, value));
}

static void put_unsigned(sink *out, uint64_t value)
{
	char text[20];
	put(out, text, aim__u64_text(text, value));
}

/* The width of an integer argument: 0 int, 1 long, 2 long long, 3 size_t. */
static uint64_t take_unsigned(va_list *args, int width)
{
	switch (width) {
	case 1: return va_arg(*args, unsigned long);
	case 2: return va_arg(*args, unsigned long long);
	case 3: return va_arg(*args, size_t);
	default: return va_arg(*args, unsigned int);
	}
}

static int64_t take_signed(va_list *args, int width)
{
	switch (width) {
	case 1: return va_arg(*args, long);
	case 2: return va_arg(*args, long long);
	case 3: return va_arg(*args, ptrdiff_t);
	default: return va_arg(*args, int);
	}
}

static const char *parse_width(const char *p, int *width)
{
	*width = 0;
	if (*p == 'z') {
		*width = 3;
		return p + 1;
	}
	while (*p == 'l' && *width < 2) {
		(*width)++;
		p++;
	}
	return p;
}

static void put_string(sink *out, const char *text)
{
	if (text)
		put_text(out, text, strlen(text));
}

/* p points behind '%'; returns behind the conversion. */
static const char *convert(sink *out, const char *p, va_list *args)
{
	if (p[0] == '.' && p[1] == '*' && p[2] == 's') {
		int len = va_arg(*args, int);
		const char *text = va_arg(*args, const char *);
		if (text && len > 0)
			put_text(out, text, (size_t)len);
		return p + 3;
	}
	int width;
	const char *q = parse_width(p, &width);
	char c;
	switch (*q) {
	case 's': put_string(out, va_arg(*args, const char *)); break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_text(out, &c, 1);
		break;
	case 'd': put_signed(out, take_signed(args, width)); break;
	case 'u': put_unsigned(out, take_unsigned(args, width)); break;
	case 'x': put_hex(out, take_unsigned(args, width)); break;
	case '%': put(out, "%", 1); break;
	default: put(out, "%", 1); return p;
	}
	return q + 1;
}

size_t aim__vformat(char *dst, size_t cap, const char *format, va_list args)
{
	if (cap == 0)
		return 0;
	sink out = {dst, cap, 0, 0};
	va_list copy;
	va_copy(copy, args);
	for (const char *p = format; *p && !out.full;) {
		if (*p == '%') {
			p = convert(&out, p + 1, &copy);
			continue;
		}
		size_t run = strcspn(p, "%");
		size_t room = cap - out.len - 1;
		if (run > room) { /* literal text may be cut, but not inside a character */
			while (room > 0 && ((uint8_t)p[room] & 0xC0) == 0x80)
				room--;
			put(&out, p, room);
			out.full = 1;
			break;
		}
		put(&out, p, run);
		p += run;
	}
	va_end(copy);
	dst[out.len] = '\0';
	return out.len;
}

size_t aim__format(char *dst, size_t cap, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t n = aim__vformat(dst, cap, format, args);
	va_end(args);
	return n;
}
