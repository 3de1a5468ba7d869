/* codec/structured_value.c — the bare values and keys of structured fields, read (RFC 9651 §4.2.3.1 and
 * §4.2.4 to §4.2.10). Layer codec. */
#include "codec/structured.h"

#include "base/error.h"
#include "base/mem.h"
#include "codec/encoding.h"
#include "codec/utf8.h"

#include <string.h>

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static int is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static int is_key_character(char c)
{
	return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}

/* tchar of RFC 9110 §5.6.2, and the two that tokens of structured fields add. */
static int is_token_character(char c)
{
	return c != '\0' && (is_alpha(c) || is_digit(c) || strchr("!#$%&'*+-.^_`|~:/", c) != NULL);
}

static size_t run_of(aim_str text, size_t offset, int (*is)(char))
{
	while (offset < text.len && is(text.ptr[offset]))
		offset++;
	return offset;
}

int aim__sf_is_key(aim_str text)
{
	return text.ptr && text.len > 0 && (is_lower(text.ptr[0]) || text.ptr[0] == '*') &&
	       run_of(text, 1, is_key_character) == text.len;
}

int aim__sf_is_token(aim_str text)
{
	return text.len > 0 && (is_alpha(text.ptr[0]) || text.ptr[0] == '*') &&
	       run_of(text, 1, is_token_character) == text.len;
}

aim_status aim__sf_read_key(aim__sf *sf, size_t *offset, aim_str *out, aim_error *err)
{
	const size_t start = *offset;
	if (start >= sf->text.len || !(is_lower(sf->text.ptr[start]) || sf->text.ptr[start] == '*'))
		return aim__sf_fail(sf, start, "a key starting with a lower-case letter or '*' is expected", err);
	*offset = run_of(sf->text, start, is_key_character);
	*out = (aim_str){sf->text.ptr + start, *offset - start};
	return AIM_OK;
}

/* Where the next decoded text goes: never more than the whole input in all, so one block is enough. */
static aim_status room(aim__sf *sf, char **out, aim_error *err)
{
	if (sf->cap_decoded < sf->text.len) {
		/* Spans already point into the old block, so it may only grow before the first of them. */
		char *block = sf->n_decoded == 0 ? aim__resize(sf->ctx, sf->decoded, sf->cap_decoded, sf->text.len) : NULL;
		if (!block)
			return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_CODEC);
		sf->decoded = block;
		sf->cap_decoded = sf->text.len;
	}
	*out = sf->decoded + sf->n_decoded;
	return AIM_OK;
}

/* ---- numbers ---- */

static int64_t digits_value(aim_str text, size_t from, size_t to)
{
	int64_t value = 0;
	for (size_t i = from; i < to; i++)
		value = value * 10 + (text.ptr[i] - '0');
	return value;
}

/* RFC 9651 §4.2.4: 15 digits, or 12, a point, and one to three. */
static aim_status read_number(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const aim_str text = sf->text;
	const size_t start = *offset;
	const int negative = text.ptr[start] == '-';
	const size_t first = start + (size_t)negative;
	const size_t point = run_of(text, first, is_digit);
	size_t end = point;
	if (point == first)
		return aim__sf_fail(sf, first, "a digit is expected", err);
	if (point < text.len && text.ptr[point] == '.') {
		end = run_of(text, point + 1, is_digit);
		if (point - first > 12 || end - point - 1 > 3)
			return aim__sf_fail(sf, start, "a decimal of more than 12 digits and 3 behind the point", err);
		if (end == point + 1)
			return aim__sf_fail(sf, end, "a digit is expected", err);
		out->type = AIM__SF_DECIMAL;
		out->number = 0;
	} else {
		if (point - first > 15)
			return aim__sf_fail(sf, start, "an integer of more than 15 digits", err);
		out->type = AIM__SF_INTEGER;
		out->number = digits_value(text, first, point);
		if (negative)
			out->number = -out->number;
	}
	out->text = (aim_str){text.ptr + start, end - start};
	*offset = end;
	return AIM_OK;
}

/* RFC 9651 §4.2.9. */
static aim_status read_date(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const size_t start = ++*offset;
	if (start >= sf->text.len || !(is_digit(sf->text.ptr[start]) || sf->text.ptr[start] == '-'))
		return aim__sf_fail(sf, start, "an integer is expected", err);
	aim_status rc = read_number(sf, offset, out, err);
	if (rc != AIM_OK)
		return rc;
	if (out->type != AIM__SF_INTEGER)
		return aim__sf_fail(sf, start, "a date is an integer", err);
	out->type = AIM__SF_DATE;
	return AIM_OK;
}

static aim_status read_boolean(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const size_t digit = *offset + 1;
	if (digit >= sf->text.len || (sf->text.ptr[digit] != '0' && sf->text.ptr[digit] != '1'))
		return aim__sf_fail(sf, digit, "0 or 1 is expected", err);
	*out = (aim__sf_value){{sf->text.ptr + digit, 1}, sf->text.ptr[digit] == '1', AIM__SF_BOOLEAN};
	*offset = digit + 1;
	return AIM_OK;
}

/* ---- texts ---- */

/* Finds the closing quote. *escapes counts the backslashes. */
static aim_status find_quote(aim__sf *sf, size_t start, size_t *out_end, size_t *escapes, aim_error *err)
{
	const aim_str text = sf->text;
	*escapes = 0;
	for (size_t i = start; i < text.len; i++) {
		if (text.ptr[i] == '"') {
			*out_end = i;
			return AIM_OK;
		}
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
			return aim__sf_fail(sf, i, "a string holds printable ASCII only", err);
		if (text.ptr[i] != '\\')
			continue;
		++*escapes;
		if (++i >= text.len || (text.ptr[i] != '"' && text.ptr[i] != '\\'))
			return aim__sf_fail(sf, i, "a backslash escapes only '\"' and itself", err);
	}
	return aim__sf_fail(sf, text.len, "a string does not end", err);
}

static size_t unescape(const char *from, size_t len, char *to)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\\')
			i++;
		to[n++] = from[i];
	}
	return n;
}

/* RFC 9651 §4.2.5. */
static aim_status read_string(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const size_t start = *offset + 1;
	size_t end = 0, escapes = 0;
	char *to = NULL;
	aim_status rc = find_quote(sf, start, &end, &escapes, err);
	if (rc != AIM_OK)
		return rc;
	*out = (aim__sf_value){{sf->text.ptr + start, end - start}, 0, AIM__SF_STRING};
	*offset = end + 1;
	if (escapes == 0)
		return AIM_OK;
	if ((rc = room(sf, &to, err)) != AIM_OK)
		return rc;
	out->text = (aim_str){to, unescape(sf->text.ptr + start, end - start, to)};
	sf->n_decoded += out->text.len;
	return AIM_OK;
}

static aim_status read_token(aim__sf *sf, size_t *offset, aim__sf_value *out)
{
	const size_t end = run_of(sf->text, *offset, is_token_character);
	*out = (aim__sf_value){{sf->text.ptr + *offset, end - *offset}, 0, AIM__SF_TOKEN};
	*offset = end;
	return AIM_OK;
}

/* RFC 9651 §4.2.7. Padding and zero spare bits are required: each value has one spelling. */
static aim_status read_bytes(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const size_t start = *offset + 1;
	const char *colon = start < sf->text.len ? memchr(sf->text.ptr + start, ':', sf->text.len - start) : NULL;
	aim__encoding_problem problem = {0, 0};
	char *to = NULL;
	size_t n = 0;
	if (!colon)
		return aim__sf_fail(sf, sf->text.len, "a byte sequence does not end", err);
	const aim_str base64 = {sf->text.ptr + start, (size_t)(colon - sf->text.ptr) - start};
	aim_status rc = room(sf, &to, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__encoding_read(AIM_ENCODING_BASE64, base64, (uint8_t *)to, sf->cap_decoded - sf->n_decoded, &n,
	                       &problem) != AIM_OK)
		return aim__sf_fail(sf, start + problem.offset, "a byte sequence is not padded base64", err);
	*out = (aim__sf_value){{to, n}, 0, AIM__SF_BYTES};
	sf->n_decoded += n;
	*offset = start + base64.len + 1;
	return AIM_OK;
}

/* Two lower-case hexadecimal digits, or −1. */
static int hex_pair(aim_str text, size_t offset)
{
	int value = 0;
	for (size_t i = offset; i < offset + 2; i++) {
		char c = i < text.len ? text.ptr[i] : '\0';
		if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
			return -1;
		value = value * 16 + (is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return value;
}

/* RFC 9651 §4.2.10: %"…" with percent-encoded UTF-8. */
static aim_status read_display_string(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const aim_str text = sf->text;
	const size_t start = *offset + 2;
	size_t i = start, n = 0;
	char *to = NULL;
	if (start > text.len || text.ptr[start - 1] != '"')
		return aim__sf_fail(sf, start - 1, "'\"' is expected", err);
	aim_status rc = room(sf, &to, err);
	if (rc != AIM_OK)
		return rc;
	for (; i < text.len && text.ptr[i] != '"'; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
			return aim__sf_fail(sf, i, "a display string holds printable ASCII only", err);
		int byte = text.ptr[i] == '%' ? hex_pair(text, i + 1) : text.ptr[i];
		if (byte < 0)
			return aim__sf_fail(sf, i + 1, "two lower-case hexadecimal digits are expected", err);
		i += text.ptr[i] == '%' ? 2 : 0;
		to[n++] = (char)byte;
	}
	if (i >= text.len)
		return aim__sf_fail(sf, text.len, "a display string does not end", err);
	if (!aim__utf8_valid((aim_str){to, n}, NULL))
		return aim__sf_fail(sf, start, "a display string is not UTF-8", err);
	*out = (aim__sf_value){{to, n}, 0, AIM__SF_DISPLAY_STRING};
	sf->n_decoded += n;
	*offset = i + 1;
	return AIM_OK;
}

aim_status aim__sf_read_value(aim__sf *sf, size_t *offset, aim__sf_value *out, aim_error *err)
{
	const char c = *offset < sf->text.len ? sf->text.ptr[*offset] : '\0';
	if (c == '"')
		return read_string(sf, offset, out, err);
	if (c == '-' || is_digit(c))
		return read_number(sf, offset, out, err);
	if (c == '*' || is_alpha(c))
		return read_token(sf, offset, out);
	if (c == ':')
		return read_bytes(sf, offset, out, err);
	if (c == '?')
		return read_boolean(sf, offset, out, err);
	if (c == '@')
		return read_date(sf, offset, out, err);
	if (c == '%')
		return read_display_string(sf, offset, out, err);
	return aim__sf_fail(sf, *offset, "a value is expected", err);
}
