/* identity/pattern.c — patterns of grants. Layer identity; pure. */
#include "identity/pattern.h"

#include <string.h>

/* The first segment of text; *rest is what follows the separator, ptr NULL when nothing does. */
static aim_str segment(aim_str text, char separator, aim_str *rest)
{
	aim_str head = text;
	const char *end = text.len ? memchr(text.ptr, separator, text.len) : NULL;
	rest->ptr = NULL;
	rest->len = 0;
	if (end) {
		head.len = (size_t)(end - text.ptr);
		rest->ptr = end + 1;
		rest->len = text.len - head.len - 1;
	}
	return head;
}

static int is(aim_str text, const char *expected, size_t len)
{
	return text.len == len && memcmp(text.ptr, expected, len) == 0;
}

static int is_segment_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

int aim__capability_valid(aim_str text, int wildcards)
{
	if (!text.ptr)
		return 0;
	while (text.ptr) {
		aim_str head = segment(text, ':', &text);
		if (head.len == 0)
			return 0;
		if (wildcards && is(head, "*", 1))
			continue;
		for (size_t i = 0; i < head.len; i++)
			if (!is_segment_char(head.ptr[i]))
				return 0;
	}
	return 1;
}

/* Offset behind the segment that begins at i: of its ':' or of the end. */
static size_t segment_end(aim_str text, size_t i)
{
	while (i < text.len && text.ptr[i] != ':')
		i++;
	return i;
}

/* Both are valid, so a '*' in the pattern is a whole segment and no segment is empty. */
int aim__capability_covers(aim_str pattern, aim_str capability)
{
	size_t p = 0, c = 0;
	while (p < pattern.len && c < capability.len) {
		if (pattern.ptr[p] == '*') {
			if (++p == pattern.len) /* at the end: this segment and all behind it */
				return 1;
			c = segment_end(capability, c);
		} else if (pattern.ptr[p] == capability.ptr[c]) {
			p++;
			c++;
		} else {
			return 0;
		}
	}
	return p == pattern.len && c == capability.len;
}

int aim__resource_pattern_valid(aim_str pattern)
{
	while (pattern.ptr) {
		aim_str head = segment(pattern, '/', &pattern);
		for (size_t i = 0; i < head.len; i++) {
			if ((unsigned char)head.ptr[i] < 0x20 || head.ptr[i] == 0x7F)
				return 0;
			if (i > 0 && head.ptr[i] == '*' && head.ptr[i - 1] == '*' && head.len != 2)
				return 0;
		}
	}
	return 1;
}

/* Length of the UTF-8 character at text[i]; text is taken as it is, so a stray byte counts as one. */
static size_t char_len(aim_str text, size_t i)
{
	size_t n = 1;
	while (i + n < text.len && n < 4 && ((unsigned char)text.ptr[i + n] & 0xC0) == 0x80)
		n++;
	return n;
}

/* '*' any run, '?' one character. Only the last '*' is ever tried again: an earlier one that took less
 * leaves the later ones every choice. */
static int segment_matches(aim_str pattern, aim_str text)
{
	size_t p = 0, t = 0;
	size_t star = SIZE_MAX, retry = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			retry = t;
		} else if (p < pattern.len && pattern.ptr[p] == '?') {
			p++;
			t += char_len(text, t);
		} else if (p < pattern.len && pattern.ptr[p] == text.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++retry;
		} else {
			return 0;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

/* The same one level up, with "**" for any run of segments. */
int aim__resource_matches(aim_str pattern, aim_str resource)
{
	aim_str star = {NULL, 0}, retry = {NULL, 0};
	int starred = 0;
	while (resource.ptr) {
		aim_str next_pattern = {NULL, 0}, next_resource;
		aim_str want = {NULL, 0};
		if (pattern.ptr)
			want = segment(pattern, '/', &next_pattern);
		aim_str have = segment(resource, '/', &next_resource);
		if (pattern.ptr && is(want, "**", 2)) {
			starred = 1;
			star = pattern = next_pattern;
			retry = resource;
		} else if (pattern.ptr && segment_matches(want, have)) {
			pattern = next_pattern;
			resource = next_resource;
		} else if (starred) {
			(void)segment(retry, '/', &retry);
			pattern = star;
			resource = retry;
		} else {
			return 0;
		}
	}
	while (pattern.ptr) {
		aim_str want = segment(pattern, '/', &pattern);
		if (!is(want, "**", 2))
			return 0;
	}
	return 1;
}

/* The character at text[*i], which moves behind it; "%2E" reads as '.', so that an encoded path is no
 * way around (RFC 3986 §2.1, §6.2.2.3). Only what matters below is decoded. */
static char decoded_char(aim_str text, size_t *i)
{
	static const struct {
		char hex, c;
	} codes[] = {{'e', '.'}, {'f', '/'}, {'c', '\\'}};
	const char *p = text.ptr + *i;
	if (p[0] == '%' && text.len - *i >= 3 && (p[1] == '2' || p[1] == '5')) {
		for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
			if ((p[2] | 0x20) == codes[k].hex && (p[1] == '5') == (codes[k].c == '\\')) {
				*i += 3;
				return codes[k].c;
			}
	}
	(*i)++;
	return p[0];
}

int aim__resource_climbs(aim_str resource)
{
	size_t dots = 0, others = 0;
	for (size_t i = 0; i < resource.len;) {
		char c = decoded_char(resource, &i);
		if (c == '/' || c == '\\') {
			if (dots == 2 && others == 0)
				return 1;
			dots = others = 0;
		} else if (c == '.') {
			dots++;
		} else {
			others++;
		}
	}
	return dots == 2 && others == 0;
}
