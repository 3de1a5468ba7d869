/* assess/version_pep440.c — versions of PyPI: PEP 440, with all its spellings. Layer assess.
 *
 *     [v][N!]N(.N)*[[-_.]{a|b|c|rc|alpha|beta|pre|preview}[-_.][N]][-N|[-_.]{post|rev|r}[-_.][N]][[-_.]dev[-_.][N]][+local]
 *
 * Case does not count, and white space around it does not. */
#include "assess/version.h"

#include <string.h>

/* Ranks of a pre-release phase (PEP 440, "Summary of permitted suffixes and relative ordering"). */
#define PHASE_DEV 0  /* a development release of the release itself: below its alpha */
#define PHASE_A 1
#define PHASE_B 2
#define PHASE_RC 3
#define PHASE_NONE 4

typedef struct parts {
	aim_str epoch;
	aim_str release; /* N(.N)* */
	aim_str pre, post, dev; /* their numbers: empty text is 0 */
	aim_str local;
	int phase;
	int has_post, has_dev;
} parts;

typedef struct word {
	const char *text; /* longer spellings first */
	int phase;
} word;

static const word pre_words[] = {
	{"alpha", PHASE_A}, {"beta", PHASE_B}, {"preview", PHASE_RC}, {"pre", PHASE_RC},
	{"rc", PHASE_RC},   {"a", PHASE_A},    {"b", PHASE_B},        {"c", PHASE_RC},
};
static const word post_words[] = {{"post", 1}, {"rev", 1}, {"r", 1}};
static const word dev_words[] = {{"dev", 1}};

static int is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static int is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void advance(aim_str *text, size_t n)
{
	text->ptr += n;
	text->len -= n;
}

static aim_str take_digits(aim_str *text)
{
	aim_str digits = {text->ptr, 0};
	while (digits.len < text->len && aim__is_digit(text->ptr[digits.len]))
		digits.len++;
	advance(text, digits.len);
	return digits;
}

static int has_word(aim_str text, const char *w)
{
	size_t i = 0;
	for (; w[i]; i++)
		if (i == text.len || aim__lower(text.ptr[i]) != w[i])
			return 0;
	return 1;
}

/* [sep] word [sep] [N]. 0: not there, text untouched. */
static int take_suffix(aim_str *text, const word *words, size_t n, aim_str *number)
{
	aim_str rest = *text;
	if (rest.len && is_separator(*rest.ptr))
		advance(&rest, 1);
	for (size_t i = 0; i < n; i++) {
		if (!has_word(rest, words[i].text))
			continue;
		advance(&rest, strlen(words[i].text));
		if (rest.len && is_separator(*rest.ptr))
			advance(&rest, 1);
		*number = take_digits(&rest);
		*text = rest;
		return words[i].phase;
	}
	return 0;
}

/* The implicit post-release: "1.0-1". */
static int take_dash_number(aim_str *text, aim_str *number)
{
	if (text->len < 2 || *text->ptr != '-' || !aim__is_digit(text->ptr[1]))
		return 0;
	advance(text, 1);
	*number = take_digits(text);
	return 1;
}

static int take_release(aim_str *text, parts *p)
{
	aim_str first = take_digits(text);
	if (first.len && text->len && *text->ptr == '!') {
		p->epoch = first;
		advance(text, 1);
		first = take_digits(text);
	}
	p->release = first;
	while (first.len && text->len > 1 && *text->ptr == '.' && aim__is_digit(text->ptr[1])) {
		advance(text, 1);
		(void)take_digits(text);
		p->release.len = (size_t)(text->ptr - p->release.ptr);
	}
	return first.len > 0;
}

/* [a-z0-9]+([-_.][a-z0-9]+)* */
static int is_local(aim_str text)
{
	int after_separator = 1;
	for (size_t i = 0; i < text.len; i++) {
		int separator = is_separator(text.ptr[i]);
		if (separator ? after_separator : !aim__is_digit(text.ptr[i]) && !aim__is_letter(text.ptr[i]))
			return 0;
		after_separator = separator;
	}
	return !after_separator;
}

static int split(aim_str text, parts *p)
{
	*p = (parts){.phase = PHASE_NONE};
	if (!text.ptr)
		return 0;
	while (text.len && is_space(*text.ptr))
		advance(&text, 1);
	while (text.len && is_space(text.ptr[text.len - 1]))
		text.len--;
	if (text.len && aim__lower(*text.ptr) == 'v')
		advance(&text, 1);
	if (!take_release(&text, p))
		return 0;
	int phase = take_suffix(&text, pre_words, sizeof pre_words / sizeof *pre_words, &p->pre);
	if (phase)
		p->phase = phase;
	p->has_post = take_dash_number(&text, &p->post) ||
	              take_suffix(&text, post_words, sizeof post_words / sizeof *post_words, &p->post);
	p->has_dev = take_suffix(&text, dev_words, 1, &p->dev);
	if (text.len && *text.ptr == '+') {
		p->local = (aim_str){text.ptr + 1, text.len - 1};
		return is_local(p->local);
	}
	return text.len == 0;
}

int aim__pep440_valid(aim_str text)
{
	parts p;
	return split(text, &p);
}

/* Missing numbers are 0: 1.0 is 1.0.0. */
static int order_release(aim_str a, aim_str b)
{
	while (a.len || b.len) {
		int order = aim__digits_order(take_digits(&a), take_digits(&b));
		if (order)
			return order;
		advance(&a, a.len > 0);
		advance(&b, b.len > 0);
	}
	return 0;
}

/* 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < … < 1.0 < 1.0.post1: a development release without phase or post-release is below
 * all phases. */
static int phase_of(const parts *p)
{
	return p->phase == PHASE_NONE && !p->has_post && p->has_dev ? PHASE_DEV : p->phase;
}

static int order_local_words(aim_str a, aim_str b)
{
	int a_number = aim__is_digit(*a.ptr), b_number = aim__is_digit(*b.ptr);
	for (size_t i = 0; i < a.len; i++)
		a_number &= aim__is_digit(a.ptr[i]);
	for (size_t i = 0; i < b.len; i++)
		b_number &= aim__is_digit(b.ptr[i]);
	if (a_number != b_number)
		return a_number - b_number; /* a number is above a word */
	if (a_number)
		return aim__digits_order(a, b);
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (aim__lower(a.ptr[i]) != aim__lower(b.ptr[i]))
			return aim__lower(a.ptr[i]) < aim__lower(b.ptr[i]) ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

static aim_str take_local_word(aim_str *text)
{
	aim_str w = {text->ptr, 0};
	while (w.len < text->len && !is_separator(text->ptr[w.len]))
		w.len++;
	advance(text, w.len + (w.len < text->len));
	return w;
}

/* No local version is below every one; else word by word, and fewer are below more. */
static int order_local(aim_str a, aim_str b)
{
	while (a.len && b.len) {
		int order = order_local_words(take_local_word(&a), take_local_word(&b));
		if (order)
			return order;
	}
	return (a.len > 0) - (b.len > 0);
}

int aim__pep440_order(aim_str a, aim_str b)
{
	parts pa, pb;
	(void)split(a, &pa);
	(void)split(b, &pb);
	int order = aim__digits_order(pa.epoch, pb.epoch);
	if (order == 0)
		order = order_release(pa.release, pb.release);
	if (order == 0)
		order = phase_of(&pa) - phase_of(&pb);
	if (order == 0 && pa.phase != PHASE_NONE)
		order = aim__digits_order(pa.pre, pb.pre);
	if (order == 0)
		order = pa.has_post - pb.has_post;
	if (order == 0)
		order = aim__digits_order(pa.post, pb.post);
	if (order == 0)
		order = pb.has_dev - pa.has_dev; /* a development release comes first */
	if (order == 0)
		order = aim__digits_order(pa.dev, pb.dev);
	if (order == 0)
		order = order_local(pa.local, pb.local);
	return (order > 0) - (order < 0);
}
