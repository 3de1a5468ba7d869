/* assess/hidden.c — where ordinary text needs characters that show nothing. Layer assess.
 *
 * Allowed are line breaks and tabs, joiners in scripts that need them (RFC 5892 appendix A.1 and A.2), and what makes up
 * an emoji (UTS #51 §1.4.9, ED-14 ff.): presentation selectors behind an emoji, joiners between pictographs, and the tags
 * of the three flags that are in general use. */
#include "assess/scan.h"
#include "assess/unicode.h"

#include <string.h>

#define ZWNJ 0x200Cu
#define ZWJ 0x200Du
#define TEXT_STYLE 0xFE0Eu
#define EMOJI_STYLE 0xFE0Fu
#define BLACK_FLAG 0x1F3F4u
#define CANCEL_TAG 0xE007Fu
#define JOIN_REACH 8 /* transparent characters between a joiner and the letters it joins */
#define TAGS_MAX 8

typedef struct around {
	const uint8_t *text;
	uint32_t len;
} around;

/* The code point that ends at p; 0 at the start. *out_p is where it begins. */
static uint32_t before(const around *a, uint32_t p, uint32_t *out_p)
{
	uint32_t start = p;
	size_t n;
	if (p == 0)
		return 0;
	do
		start--;
	while (start > 0 && p - start < 4 && (a->text[start] & 0xC0) == 0x80);
	*out_p = start;
	return aim__unicode_read(a->text + start, a->text + a->len, &n);
}

static uint32_t after(const around *a, uint32_t p, uint32_t *out_p)
{
	size_t n;
	if (p >= a->len)
		return 0;
	uint32_t cp = aim__unicode_read(a->text + p, a->text + a->len, &n);
	*out_p = p + (uint32_t)n;
	return cp;
}

static int joins_backward(const around *a, uint32_t p)
{
	for (int i = 0; i < JOIN_REACH; i++) {
		uint32_t flags = aim__unicode_flags(before(a, p, &p));
		if (!(flags & AIM__UNICODE_TRANSPARENT))
			return (flags & AIM__UNICODE_JOIN_LEFT) != 0;
	}
	return 0;
}

static int joins_forward(const around *a, uint32_t p)
{
	for (int i = 0; i < JOIN_REACH; i++) {
		uint32_t flags = aim__unicode_flags(after(a, p, &p));
		if (!(flags & AIM__UNICODE_TRANSPARENT))
			return (flags & AIM__UNICODE_JOIN_RIGHT) != 0;
	}
	return 0;
}

static int is_joiner_allowed(const around *a, uint32_t at, uint32_t end, uint32_t cp)
{
	uint32_t p = at, q = end;
	uint32_t previous = before(a, at, &p);
	if (aim__unicode_flags(previous) & AIM__UNICODE_VIRAMA)
		return 1;
	if (cp == ZWNJ)
		return joins_backward(a, at) && joins_forward(a, end);
	if (previous == EMOJI_STYLE)
		previous = before(a, p, &p);
	uint32_t left = aim__unicode_flags(previous), right = aim__unicode_flags(after(a, q, &q));
	return left & (AIM__UNICODE_PICTOGRAPH | AIM__UNICODE_MODIFIER) &&
	       right & (AIM__UNICODE_PICTOGRAPH | AIM__UNICODE_EMOJI);
}

/* A selector directly behind an emoji. Of the ASCII characters that are emoji, only in a keycap. */
static int is_style_allowed(const around *a, uint32_t at, uint32_t end)
{
	uint32_t p = at, q = end;
	uint32_t previous = before(a, at, &p);
	if (!(aim__unicode_flags(previous) & AIM__UNICODE_EMOJI))
		return 0;
	return previous >= 0x80 || after(a, q, &q) == 0x20E3;
}

/* The whole tag sequence around a tag is one of the flags of England, Scotland and Wales. */
static int is_tag_allowed(const around *a, uint32_t at)
{
	static const char *const flags[] = {"gbeng", "gbsct", "gbwls"};
	char tags[TAGS_MAX + 1] = {0};
	uint32_t p = at, cp = 0;
	int n = 0;
	for (; n <= TAGS_MAX && (cp = before(a, p, &p)) > 0xE0000; n++)
		;
	if (cp != BLACK_FLAG)
		return 0;
	after(a, p, &p);
	for (n = 0; n < TAGS_MAX && (cp = after(a, p, &p)) > 0xE0000 && cp < CANCEL_TAG; n++)
		tags[n] = (char)(cp - 0xE0000);
	for (size_t i = 0; i < 3 && cp == CANCEL_TAG; i++)
		if (strcmp(tags, flags[i]) == 0)
			return 1;
	return 0;
}

int aim__hidden_is_allowed(const uint8_t *text, uint32_t len, uint32_t at, uint32_t n, uint32_t cp)
{
	around a = {text, len};
	if (cp == ZWJ || cp == ZWNJ)
		return is_joiner_allowed(&a, at, at + n, cp);
	if (cp == TEXT_STYLE || cp == EMOJI_STYLE)
		return is_style_allowed(&a, at, at + n);
	if (cp > 0xE0000 && cp <= CANCEL_TAG)
		return is_tag_allowed(&a, at);
	return cp == '\t' || cp == '\n' || cp == '\r';
}
