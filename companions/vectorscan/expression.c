/* companions/vectorscan/expression.c — patterns for Vectorscan. Knows text only.
 *
 * Vectorscan reads expressions as PCRE 8 does. Whatever it reads differently from PCRE2, or is not known to read alike,
 * is left to PCRE2: forgetting a match would be worse than being slow. */
#include "expression.h"

#include <string.h>

static const char hex[] = "0123456789abcdef";

static int is_in(char c, const char *set)
{
	return c && strchr(set, c) != NULL;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The character at i, NUL behind the end. */
static char at(aim_str text, size_t i)
{
	return i < text.len ? text.ptr[i] : 0;
}

/* \d, \x41, \1 …: what follows the backslash at i. */
static int is_common_escape(aim_str text, size_t i)
{
	char c = at(text, i + 1);
	if (c == 'x')
		return (is_hex(at(text, i + 2)) && is_hex(at(text, i + 3))) || at(text, i + 2) == '{';
	if (is_digit(c))
		return c != '0' && !is_digit(at(text, i + 2));
	return is_alnum(c) ? is_in(c, "dDwWsSbBnrtfaeAzZ") : c != 0;
}

/* (?i), (?s-m: …: each letter once. */
static int are_common_options(aim_str text, size_t i)
{
	uint32_t seen = 0;
	for (; at(text, i) != ')' && at(text, i) != ':'; i++) {
		const char *letter = is_in(at(text, i), "imsx-") ? strchr("imsx-", at(text, i)) : NULL;
		uint32_t bit = letter ? 1u << (letter - "imsx-") : 0;
		if (!letter || seen & bit)
			return 0;
		seen |= bit;
	}
	return 1;
}

/* What follows "(" at i. */
static int is_common_group(aim_str text, size_t i)
{
	if (at(text, i + 1) == '*')
		return 0;
	if (at(text, i + 1) != '?')
		return 1;
	char c = at(text, i + 2);
	if (is_in(c, ":=!<#"))
		return 1;
	return c == 'P' ? at(text, i + 3) == '<' : are_common_options(text, i + 2);
}

/* {2}, {2,}, {2,3}, or no quantifier in either reading: a brace with a space or without a first number is read as one by
 * later releases only. */
static int is_common_brace(aim_str text, size_t i)
{
	size_t k = i + 1;
	if (!is_digit(at(text, k)))
		return !is_in(at(text, k), ", \t");
	while (is_digit(at(text, k)) || at(text, k) == ',')
		k++;
	return at(text, k) == '}';
}

static int is_common(aim_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int common = c != 0;
		if (c == '\\')
			common = is_common_escape(text, i);
		else if (c == '(')
			common = is_common_group(text, i);
		else if (c == '{')
			common = is_common_brace(text, i);
		else if (c == '[' && is_in(at(text, i + 1), ":.="))
			common = !is_in(at(text, i + 2), "<>");
		if (!common)
			return 0;
		i += c == '\\';
	}
	return 1;
}

/* ---- writing ---- */

size_t aim__expression_size(const aim_pattern *pattern)
{
	return (pattern->kind == AIM_PATTERN_REGEX ? pattern->text.len : 4 * pattern->text.len) + 1;
}

static int write_literal(aim_str text, char *out)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.ptr[i];
		if (is_alnum(text.ptr[i])) {
			*out++ = text.ptr[i];
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	*out = 0;
	return text.len > 0;
}

/* The longest part of a glob that stands as it is in every text that the glob matches. */
static aim_str longest_part(aim_str glob)
{
	aim_str best = {glob.ptr, 0};
	for (size_t i = 0; i < glob.len; i++) {
		size_t start = i;
		while (i < glob.len && !is_in(glob.ptr[i], "*?"))
			i++;
		if (i - start > best.len)
			best = (aim_str){glob.ptr + start, i - start};
	}
	return best;
}

int aim__expression_write(const aim_pattern *pattern, char *out)
{
	if (pattern->flags & AIM_PATTERN_EMPTY)
		return 0;
	if (pattern->kind == AIM_PATTERN_LITERAL)
		return write_literal(pattern->text, out);
	if (pattern->kind == AIM_PATTERN_GLOB)
		return write_literal(longest_part(pattern->text), out);
	if (!is_common(pattern->text))
		return 0;
	memcpy(out, pattern->text.ptr, pattern->text.len);
	out[pattern->text.len] = 0;
	return 1;
}
