/* assess/version_semver.c — versions of npm, Go and crates.io: Semantic Versioning 2.0.0. Layer assess.
 *
 * A leading "v" and numbers with fewer than three parts are taken too: Go writes the one, hand-written ranges the
 * other. What follows "+" (Go: "+incompatible") has no place in the order (§10). */
#include "assess/version.h"

#include <string.h>

#define N_NUMBERS 3u

typedef struct parts {
	aim_str numbers[N_NUMBERS];
	size_t n; /* numbers that are there */
	aim_str pre; /* behind "-"; no ptr: none */
	aim_str build; /* behind "+" */
} parts;

static aim_str take_until(aim_str *text, const char *stops)
{
	aim_str word = {text->ptr, 0};
	while (word.len < text->len && !strchr(stops, text->ptr[word.len]))
		word.len++;
	text->ptr += word.len;
	text->len -= word.len;
	return word;
}

static int starts(aim_str text, char c)
{
	return text.len > 0 && *text.ptr == c;
}

static int skip(aim_str *text, char c)
{
	if (!starts(*text, c))
		return 0;
	text->ptr++;
	text->len--;
	return 1;
}

static int all_digits(aim_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!aim__is_digit(text.ptr[i]))
			return 0;
	return text.len > 0;
}

static int is_number(aim_str text)
{
	return all_digits(text) && (text.len == 1 || *text.ptr != '0');
}

/* Identifiers between dots (§9, §10). numbers: those of digits only have no leading zero. */
static int are_identifiers(aim_str text, int numbers)
{
	do {
		aim_str word = take_until(&text, ".");
		for (size_t i = 0; i < word.len; i++)
			if (!aim__is_digit(word.ptr[i]) && !aim__is_letter(word.ptr[i]) && word.ptr[i] != '-')
				return 0;
		if (word.len == 0 || (numbers && all_digits(word) && !is_number(word)))
			return 0;
	} while (skip(&text, '.'));
	return text.len == 0;
}

static int split(aim_str text, parts *p)
{
	*p = (parts){.n = 0};
	if (!text.ptr || memchr(text.ptr, 0, text.len))
		return 0;
	skip(&text, 'v');
	do {
		if (p->n == N_NUMBERS)
			return 0;
		p->numbers[p->n] = take_until(&text, ".-+");
		if (!is_number(p->numbers[p->n++]))
			return 0;
	} while (skip(&text, '.'));
	if (skip(&text, '-')) {
		p->pre = take_until(&text, "+");
		if (!are_identifiers(p->pre, 1))
			return 0;
	}
	if (skip(&text, '+')) {
		p->build = text;
		return are_identifiers(text, 0);
	}
	return text.len == 0;
}

int aim__semver_valid(aim_str text)
{
	parts p;
	return split(text, &p);
}

int aim__semver_is_full(aim_str text)
{
	parts p;
	return split(text, &p) && p.n == N_NUMBERS;
}

/* §11.4.1 … 11.4.3: digits as numbers, below words; words by their bytes. */
static int order_identifiers(aim_str a, aim_str b)
{
	int a_number = all_digits(a), b_number = all_digits(b);
	if (a_number && b_number)
		return aim__digits_order(a, b);
	if (a_number != b_number)
		return a_number ? -1 : 1;
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
	return order ? (order > 0) - (order < 0) : (a.len > b.len) - (a.len < b.len);
}

static int order_pre(aim_str a, aim_str b)
{
	if (!a.ptr || !b.ptr)
		return !a.ptr - !b.ptr; /* §11.3: a pre-release is below its release */
	for (;;) {
		int order = order_identifiers(take_until(&a, "."), take_until(&b, "."));
		if (order)
			return order;
		int a_more = skip(&a, '.'), b_more = skip(&b, '.');
		if (!a_more || !b_more)
			return a_more - b_more; /* §11.4.4 */
	}
}

int aim__semver_order(aim_str a, aim_str b)
{
	parts pa, pb;
	(void)split(a, &pa);
	(void)split(b, &pb);
	for (size_t i = 0; i < N_NUMBERS; i++) {
		int order = aim__digits_order(pa.numbers[i], pb.numbers[i]);
		if (order)
			return order;
	}
	return order_pre(pa.pre, pb.pre);
}
