/* assess/words.c — reads a text once, from end to end: words are looked up, everything else that matters is noted.
 * Layer assess; knows rules only as concepts.
 *
 * ASCII words, nearly all there is, are hashed where they stand. Other words are folded into a small buffer, and looked
 * up as what they are and as what they look like. Scripts without spaces are cut at the longest word that a rule
 * knows. */
#include "assess/scan.h"
#include "assess/unicode.h"

#include <string.h>

#define WORD_BYTES 64u
#define RUN_CHARS 256u /* characters of a script without spaces that are folded at once */
#define RUN_LONGEST 16u /* of its words */
#define EMAIL_REACH 64u
#define PUSHED_SPACES 60u
#define PUSHED_LINES 12u

enum { NONE, SPACE, LINE, STOP, SPECIAL, CONTROL, HIGH };

/* Letters in lower case and digits; 0 for everything else. */
static const uint8_t lower[256] = {
	['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7', ['8'] = '8',
	['9'] = '9', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h',
	['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q',
	['r'] = 'r', ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
	['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i',
	['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r',
	['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z',
};

static const uint8_t kinds[128] = {
	[0] = CONTROL,   [1] = CONTROL,   [2] = CONTROL,   [3] = CONTROL,   [4] = CONTROL,   [5] = CONTROL,  [6] = CONTROL,
	[7] = CONTROL,   [8] = CONTROL,   ['\t'] = SPACE,  ['\n'] = LINE,   [11] = CONTROL,  [12] = CONTROL, ['\r'] = LINE,
	[14] = CONTROL,  [15] = CONTROL,  [16] = CONTROL,  [17] = CONTROL,  [18] = CONTROL,  [19] = CONTROL, [20] = CONTROL,
	[21] = CONTROL,  [22] = CONTROL,  [23] = CONTROL,  [24] = CONTROL,  [25] = CONTROL,  [26] = CONTROL, [27] = CONTROL,
	[28] = CONTROL,  [29] = CONTROL,  [30] = CONTROL,  [31] = CONTROL,  [127] = CONTROL, [' '] = SPACE,  ['.'] = STOP,
	['!'] = STOP,    ['?'] = STOP,    [';'] = STOP,    ['<'] = SPECIAL, ['['] = SPECIAL, ['#'] = SPECIAL, ['%'] = SPECIAL,
	['&'] = SPECIAL, ['\\'] = SPECIAL, [':'] = SPECIAL, ['@'] = SPECIAL,
};

static int is_prefix(uint8_t c)
{
	return c == '<' || c == '.' || c == '/' || c == '~' || c == '_' || c == '#' || c == '$';
}

typedef struct reader {
	aim_scan_result *r;
	aim__scan_traits *traits;
	const uint8_t *text;
	uint32_t len;
	uint32_t quiet;     /* words before this offset are part of a URL */
	uint32_t run_end;   /* behind the last run that may be an encoding */
	uint32_t single;    /* behind the last word of one letter */
	uint32_t singles;
	uint32_t pairs_end; /* behind the last word of two hex digits */
	uint32_t pairs;
	uint32_t pairs_start;
	uint8_t folded[WORD_BYTES + 8];
	uint32_t units[RUN_CHARS + 1];   /* where each folded character begins in run_text */
	uint32_t offsets[RUN_CHARS + 1]; /* and in text */
	uint8_t run_text[RUN_CHARS * 4 + 8];
} reader;

/* ---- looking up ---- */

static const aim__rule_word *find(uint32_t hash, uint32_t prefix, uint32_t len, const uint8_t *folded)
{
	uint32_t h = hash >> 17;
	if (!(aim__rule_filter[h >> 6] >> (h & 63) & 1))
		return NULL;
	for (uint32_t at = hash & aim__rule_table_mask; aim__rule_table[at]; at = (at + 1) & aim__rule_table_mask) {
		const aim__rule_word *word = &aim__rule_words[aim__rule_table[at] - 1];
		if (word->len == len && word->prefix == prefix && memcmp(aim__rule_text + word->text, folded, len) == 0)
			return word;
	}
	return NULL;
}

static void see(reader *d, const aim__rule_word *word, uint32_t start, uint32_t end)
{
	aim_scan_result *r = d->r;
	for (uint32_t i = 0; i < word->n_concepts; i++) {
		uint32_t concept = aim__rule_concepts[word->concepts + i];
		if (concept == AIM__CONCEPT_ROT13)
			d->traits->seen[0]++;
		else if (concept == AIM__CONCEPT_REVERSED)
			d->traits->seen[1]++;
		else
			aim__signals_see(r, concept, start, end);
	}
}

/* A word of known hash; with the character before it, too, when that may be part of it. */
static int look_up(reader *d, uint64_t hash, const uint8_t *folded, uint32_t len, uint32_t start, uint32_t end)
{
	uint8_t before = start > 0 ? d->text[start - 1] : 0;
	const aim__rule_word *word = find(aim__rule_hash_end(hash, 0), 0, len, folded);
	d->r->work += 2;
	if (word)
		see(d, word, start, end);
	if (is_prefix(before)) {
		const aim__rule_word *more = find(aim__rule_hash_end(hash, before), before, len, folded);
		if (more)
			see(d, more, start - 1, end);
	}
	return word != NULL;
}

static uint64_t hash_of(const uint8_t *p, size_t len)
{
	uint64_t h = 0;
	for (size_t i = 0; i < len; i++)
		h = aim__rule_hash_step(h, p[i]);
	return h;
}

int aim__words_known(const uint8_t *folded, uint32_t len)
{
	return find(aim__rule_hash_end(hash_of(folded, len), 0), 0, len, folded) != NULL;
}

/* ---- runs that may be an encoding ---- */

/* A word of many letters and digits: with the '+', '/', '-', '_' and '=' around it. */
static void note_run(reader *d, uint32_t start, uint32_t end)
{
	aim__scan_traits *t = d->traits;
	uint32_t from = start;
	if (start < d->run_end)
		return;
	while (from > d->run_end && aim__scan_is_base64(d->text[from - 1]))
		from--;
	while (end < d->len && aim__scan_is_base64(d->text[end]))
		end++;
	while (end < d->len && d->text[end] == '=')
		end++;
	d->r->work += end - from;
	d->run_end = end;
	if (end - from < AIM__SCAN_RUN_MIN)
		return;
	if (t->n_runs++ == 0)
		t->first_run = from;
	t->last_run = end;
}

static void note_short(reader *d, uint32_t start, uint32_t end)
{
	aim__scan_traits *t = d->traits;
	if (end - start == 1) {
		int near = d->single && start - d->single <= 3;
		d->singles = near ? d->singles + 1 : 1;
		d->single = end;
		if (d->singles > t->spaced)
			t->spaced = d->singles;
		return;
	}
	if (aim__scan_hex(d->text[start]) < 0 || aim__scan_hex(d->text[start + 1]) < 0)
		return;
	int near = d->pairs_end && start - d->pairs_end <= 4;
	d->pairs = near ? d->pairs + 1 : 1;
	d->pairs_end = end;
	if (d->pairs > t->hex_run)
		t->hex_run = d->pairs;
}

/* ---- words ---- */

/* Folded into d->folded as it is, or as what it looks like. Returns the bytes; 0 when it is too long to be a word that
 * any rule knows. */
static uint32_t fold_word(reader *d, uint32_t start, uint32_t end, int disguise)
{
	uint32_t n = 0, image[2 * AIM__UNICODE_IMAGE_MAX];
	for (uint32_t p = start; p < end;) {
		size_t used;
		uint32_t cp = aim__unicode_read(d->text + p, d->text + end, &used);
		p += (uint32_t)used;
		if (cp == '\'' || cp == 0x2019)
			continue;
		size_t n_image = disguise ? aim__unicode_disguise(cp, image, 2 * AIM__UNICODE_IMAGE_MAX)
		                          : aim__unicode_fold_one(cp, image);
		for (size_t i = 0; i < n_image; i++) {
			if (n + 4 > WORD_BYTES)
				return 0;
			n += (uint32_t)aim__unicode_write(image[i], d->folded + n);
		}
	}
	return n;
}

static int is_ascii(const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (p[i] >= 0x80)
			return 0;
	return 1;
}

static void see_folded(reader *d, uint32_t n, uint32_t start, uint32_t end)
{
	look_up(d, hash_of(d->folded, n), d->folded, n, start, end);
}

/* l'historique, d'identifiants, qu'on: what stands behind the apostrophe is a word of its own. */
static void see_behind_article(reader *d, uint32_t start, uint32_t end)
{
	static const char curly[] = "\xe2\x80\x99";
	for (uint32_t p = start + 1; p < end && p <= start + 2; p++) {
		uint32_t behind = d->text[p] == '\'' ? p + 1 : end - p > 3 && memcmp(d->text + p, curly, 3) == 0 ? p + 3 : 0;
		if (!behind)
			continue;
		uint32_t n = fold_word(d, behind, end, 0);
		if (n)
			see_folded(d, n, behind, end);
		return;
	}
}

/* A word with other characters than ASCII letters and digits in it. */
static void see_slow(reader *d, uint32_t start, uint32_t end)
{
	uint32_t n = fold_word(d, start, end, 0);
	d->r->work += 4 * (end - start);
	if (n == 0)
		return;
	see_behind_article(d, start, end);
	n = fold_word(d, start, end, 0);
	int plain = is_ascii(d->text + start, end - start);
	if (!plain && is_ascii(d->folded, n) && d->text[start] >= 0xE1) {
		d->traits->letters++; /* full-width, mathematical or circled letters */
		d->r->disguised_word = d->r->word;
	}
	if (look_up(d, hash_of(d->folded, n), d->folded, n, start, end) || plain || is_ascii(d->folded, n))
		return;
	n = fold_word(d, start, end, 1);
	if (n == 0 || !is_ascii(d->folded, n))
		return;
	d->traits->letters++;
	d->r->disguised_word = d->r->word;
	see_folded(d, n, start, end);
}

static uint32_t hidden(reader *d, uint32_t p, uint32_t n, uint32_t cp);

/* From start to the end of the word; the slow way. */
static uint32_t read_slow(reader *d, uint32_t start, uint32_t p)
{
	while (p < d->len) {
		size_t n;
		uint8_t c = d->text[p];
		if (lower[c] || (c == '\'' && p > start && p + 1 < d->len && lower[d->text[p + 1]])) {
			p++;
			continue;
		}
		if (c < 0x80)
			break;
		uint32_t cp = aim__unicode_read(d->text + p, d->text + d->len, &n);
		uint32_t flags = aim__unicode_flags(cp), image[AIM__UNICODE_IMAGE_MAX];
		if (flags & AIM__UNICODE_INVISIBLE)
			hidden(d, p, (uint32_t)n, cp);
		else if (cp != 0x2019 && (flags & AIM__UNICODE_RUN_ON ||
		                          (!(flags & AIM__UNICODE_LETTER) && aim__unicode_fold_one(cp, image) != 0 && !lower[image[0] & 0x7F])))
			break;
		p += (uint32_t)n;
	}
	d->r->word++;
	d->traits->words++;
	if (p > d->quiet)
		see_slow(d, start, p);
	return p;
}

static void see_ascii(reader *d, uint64_t hash, uint32_t start, uint32_t end)
{
	uint32_t len = end - start;
	if (len > 48)
		return;
	uint32_t h = aim__rule_hash_end(hash, 0) >> 17;
	uint8_t before = start > 0 ? d->text[start - 1] : 0;
	if (!(aim__rule_filter[h >> 6] >> (h & 63) & 1) && !is_prefix(before))
		return;
	for (uint32_t i = 0; i < len; i++)
		d->folded[i] = lower[d->text[start + i]];
	look_up(d, hash, d->folded, len, start, end);
}

static uint32_t read_word(reader *d, uint32_t start)
{
	const uint8_t *text = d->text;
	uint64_t hash = 0;
	uint32_t p = start;
	uint8_t c, any = 0, all = 0xFF;
	while (p < d->len && (c = lower[text[p]]) != 0) {
		hash = aim__rule_hash_step(hash, c);
		any |= c;
		all &= c;
		p++;
	}
	if (p < d->len && (text[p] >= 0x80 || (text[p] == '\'' && p + 1 < d->len && lower[text[p + 1]])))
		return read_slow(d, start, p);
	d->r->word++;
	d->traits->words++;
	uint32_t len = p - start;
	if (any & ~all & 0x40)
		d->traits->mixed += !d->r->watch || aim__views_is_leet(text + start, len);
	if (len <= 2 || (len == 4 && text[start] == '0' && lower[text[start + 1]] == 'x'))
		note_short(d, len == 4 ? start + 2 : start, p);
	else if (len >= 12)
		note_run(d, start, p);
	if (p > d->quiet)
		see_ascii(d, hash, start, p);
	return p;
}

/* ---- scripts without spaces ---- */

/* The longest word that begins at unit i: looked up; returns its units, 0 for none. */
static uint32_t see_run_on(reader *d, uint32_t i, uint32_t n_units)
{
	uint64_t hash = 0;
	uint64_t hashes[RUN_LONGEST];
	uint32_t longest = n_units - i < RUN_LONGEST ? n_units - i : RUN_LONGEST;
	const uint8_t *from = d->run_text + d->units[i];
	for (uint32_t k = 0; k < longest; k++) {
		for (uint32_t at = d->units[i + k]; at < d->units[i + k + 1]; at++)
			hash = aim__rule_hash_step(hash, d->run_text[at]);
		hashes[k] = hash;
	}
	d->r->work += longest;
	for (uint32_t k = longest; k > 0; k--) {
		uint32_t len = d->units[i + k] - d->units[i];
		const aim__rule_word *word = find(aim__rule_hash_end(hashes[k - 1], 0), 0, len, from);
		if (word) {
			d->r->word++;
			see(d, word, d->offsets[i], d->offsets[i + k]);
			return k;
		}
	}
	return 0;
}

static uint32_t read_run_on(reader *d, uint32_t p)
{
	uint32_t n = 0, used = 0, image[AIM__UNICODE_IMAGE_MAX];
	while (p < d->len && n < RUN_CHARS) {
		size_t bytes;
		uint32_t cp = aim__unicode_read(d->text + p, d->text + d->len, &bytes);
		uint32_t flags = aim__unicode_flags(cp);
		if (flags & AIM__UNICODE_INVISIBLE)
			hidden(d, p, (uint32_t)bytes, cp);
		else if (!(flags & AIM__UNICODE_RUN_ON) && aim__unicode_fold_one(cp, image) != 0)
			break;
		d->units[n] = used;
		d->offsets[n] = p;
		size_t n_image = aim__unicode_fold_one(cp, image);
		for (size_t i = 0; i < n_image && i < 1; i++)
			used += (uint32_t)aim__unicode_write(image[i], d->run_text + used);
		p += (uint32_t)bytes;
		if (n_image)
			n++;
	}
	d->units[n] = used;
	d->offsets[n] = p;
	d->r->work += 4 * n;
	for (uint32_t i = 0; i < n;) {
		size_t bytes;
		uint32_t cp = aim__unicode_read(d->run_text + d->units[i], d->run_text + used, &bytes);
		uint32_t taken = aim__rule_first[(cp & 4095) >> 6] >> (cp & 63) & 1 ? see_run_on(d, i, n) : 0;
		if (taken == 0 && i % 2)
			d->r->word++;
		i += taken ? taken : 1;
	}
	d->traits->words += n / 2 + 1;
	return p;
}

/* ---- everything else ---- */

static void end_sentence(reader *d)
{
	d->r->word++;
	d->r->sentence_word = d->r->word;
}

static uint32_t read_stop(reader *d, uint32_t p)
{
	uint8_t next = p + 1 < d->len ? d->text[p + 1] : ' ';
	if (next == ' ' || next == '\n' || next == '\r' || next == '"' || next == ')' || next == '\t')
		end_sentence(d);
	return p + 1;
}

static uint32_t read_space(reader *d, uint32_t p)
{
	uint32_t start = p, lines = 0;
	while (p < d->len && (d->text[p] == ' ' || d->text[p] == '\t' || d->text[p] == '\n' || d->text[p] == '\r'))
		lines += d->text[p++] == '\n';
	if (lines >= 2)
		end_sentence(d);
	int far = lines >= PUSHED_LINES || (p - start >= PUSHED_SPACES && lines == 0) || p - start >= 4 * PUSHED_SPACES;
	if (far && p < d->len && start > 0 && !d->traits->pushed) {
		d->traits->pushed = p + 1;
		d->traits->pushed_word = d->r->word;
	}
	return p;
}

static uint32_t hidden(reader *d, uint32_t p, uint32_t n, uint32_t cp)
{
	aim__scan_traits *t = d->traits;
	if (cp >= 0xE0020 && cp <= 0xE007E && !aim__hidden_is_allowed(d->text, d->len, p, n, cp)) {
		if (t->n_tags++ == 0)
			t->tags = p;
	} else if (cp == AIM__UNICODE_BAD || aim__hidden_is_allowed(d->text, d->len, p, n, cp)) {
		return p + n;
	} else if (cp < 0xA0 ) {
		if (t->n_control++ == 0)
			t->control = p;
		return p + n;
	}
	if (t->n_invisible++ == 0) {
		t->invisible = p;
		t->invisible_cp = cp;
	}
	return p + n;
}

static uint32_t read_high(reader *d, uint32_t p)
{
	size_t n;
	uint32_t image[AIM__UNICODE_IMAGE_MAX];
	uint32_t cp = aim__unicode_read(d->text + p, d->text + d->len, &n);
	uint32_t flags = aim__unicode_flags(cp);
	d->r->work += 4;
	if (n == 1) {
		if (!d->traits->bad_utf8)
			d->traits->bad_utf8 = p + 1;
		return p + 1;
	}
	if (flags & AIM__UNICODE_INVISIBLE)
		return hidden(d, p, (uint32_t)n, cp);
	if (flags & AIM__UNICODE_RUN_ON)
		return read_run_on(d, p);
	if (flags & AIM__UNICODE_LETTER)
		return read_slow(d, p, p);
	if (flags & AIM__UNICODE_STOP)
		end_sentence(d);
	else if (aim__unicode_fold_one(cp, image) == 1 && lower[image[0] & 0x7F] && image[0] < 0x80)
		return read_slow(d, p, p); /* circled and squared letters */
	return p + (uint32_t)n;
}

static int follows(const reader *d, uint32_t p, const char *text, uint32_t n)
{
	if (d->len - p < n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t c = d->text[p + i];
		if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)text[i])
			return 0;
	}
	return 1;
}

static void see_marker(reader *d, uint32_t p)
{
	for (uint32_t i = 0; i < aim__rule_n_markers; i++) {
		const aim__rule_marker *m = &aim__rule_markers[i];
		if ((uint8_t)m->text[0] == d->text[p] && follows(d, p, m->text, m->len)) {
			aim__signals_add(d->r, m->rule, p, p + m->len);
			return;
		}
	}
}

/* Where the comment that opens here ends; the first one of a text is enough to know of. */
static void see_comment(reader *d, uint32_t p, const char *close, uint32_t n)
{
	aim__scan_traits *t = d->traits;
	if (t->comment_end)
		return;
	uint32_t end = p;
	while (end < d->len && !follows(d, end, close, n))
		end++;
	d->r->work += end - p;
	t->comment = p;
	t->comment_end = end < d->len ? end + n : end;
}

static uint32_t read_bracket(reader *d, uint32_t p)
{
	uint8_t next = p + 1 < d->len ? d->text[p + 1] : 0;
	d->r->work += 4;
	if (next == '!' && follows(d, p, "<!--", 4))
		see_comment(d, p, "-->", 3);
	else if (d->text[p] == '[' && (follows(d, p, "[//]: #", 7) || follows(d, p, "[comment]: ", 11)))
		see_comment(d, p, "\n", 1);
	else if (next == '<' || next == '|' || next == '/' || lower[next] == 's' || lower[next] == 'i')
		see_marker(d, p);
	return p + 1;
}

static uint32_t read_hash(reader *d, uint32_t p)
{
	int line_start = p == 0 || d->text[p - 1] == '\n' || d->text[p - 1] == ' ';
	if (line_start && p + 3 < d->len && d->text[p + 1] == '#' && d->text[p + 2] == '#')
		see_marker(d, p);
	return p + 1;
}

static int is_host(uint8_t c)
{
	return lower[c] || c == '.' || c == '-';
}

/* name@host.tld, looked for around the '@'. */
static uint32_t read_at(reader *d, uint32_t p)
{
	uint32_t end = p + 1, dot = 0;
	uint32_t limit = d->len - p > EMAIL_REACH ? p + EMAIL_REACH : d->len;
	while (end < limit && is_host(d->text[end])) {
		if (d->text[end] == '.')
			dot = end;
		end++;
	}
	d->r->work += end - p;
	if (end == dot + 1) /* the full stop of a sentence */
		for (end = dot; dot > p && d->text[--dot] != '.';)
			;
	if (p == 0 || !lower[d->text[p - 1]] || dot <= p + 1 || end - dot < 3)
		return p + 1;
	d->r->word++;
	aim__signals_see(d->r, AIM__CONCEPT_EMAIL, p, end);
	d->quiet = end;
	return p + 1;
}

static int ends_url(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == ')' || c == '`' || c >= 0x80;
}

static uint32_t read_colon(reader *d, uint32_t p)
{
	if (p < d->quiet || p == 0 || !lower[d->text[p - 1]] || !follows(d, p, "://", 3))
		return p + 1;
	uint32_t end = p + 3;
	while (end < d->len && !ends_url(d->text[end]))
		end++;
	d->r->work += end - p;
	if (end - p < 6)
		return p + 1;
	aim__signals_see(d->r, AIM__CONCEPT_URL, p, end);
	d->quiet = end;
	return p + 3;
}

static uint32_t read_escape(reader *d, uint32_t p)
{
	uint8_t c = d->text[p], a = p + 1 < d->len ? d->text[p + 1] : 0, b = p + 2 < d->len ? d->text[p + 2] : 0;
	int is_percent = c == '%' && aim__scan_hex(a) >= 0 && aim__scan_hex(b) >= 0;
	int is_entity = c == '&' && (a == '#' || lower[a]);
	int is_backslash = c == '\\' && (a == 'x' || a == 'u' || a == 'U' || (a >= '0' && a <= '7'));
	if (is_percent || is_entity || is_backslash)
		d->traits->escapes++;
	return p + 1;
}

static uint32_t read_special(reader *d, uint32_t p)
{
	switch (d->text[p]) {
	case '<':
	case '[':
		return read_bracket(d, p);
	case '#':
		return read_hash(d, p);
	case '@':
		return read_at(d, p);
	case ':':
		return read_colon(d, p);
	default:
		return read_escape(d, p);
	}
}

static uint32_t read_one(reader *d, uint32_t p)
{
	uint8_t c = d->text[p];
	switch (c < 0x80 ? kinds[c] : HIGH) {
	case SPACE:
		if (p + 1 < d->len && d->text[p + 1] != ' ' && d->text[p + 1] != '\n')
			return p + 1;
		return read_space(d, p);
	case LINE:
		return read_space(d, p);
	case STOP:
		return read_stop(d, p);
	case SPECIAL:
		return read_special(d, p);
	case CONTROL:
		return hidden(d, p, 1, c);
	case HIGH:
		return read_high(d, p);
	default:
		return p + 1;
	}
}

void aim__words_read(aim_scan_result *r, const aim__scan_view *view)
{
	reader d;
	memset(&r->traits, 0, sizeof r->traits);
	memset(&d, 0, offsetof(reader, folded));
	d.r = r;
	d.traits = &r->traits;
	d.text = view->ptr;
	d.len = view->len;
	aim__signals_begin(r);
	for (uint32_t p = 0; p < d.len;)
		p = lower[d.text[p]] ? read_word(&d, p) : read_one(&d, p);
	r->work += d.len;
}
