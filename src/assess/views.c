/* assess/views.c — what a text says when it is decoded. Layer assess; knows nothing of rules but whether a word is one of
 * theirs.
 *
 * Each view keeps, for each of its bytes, where that comes from in the field, so that findings name places in the
 * original. Views lie in an arena of the definition; their number, their bytes and their nesting have limits, and reaching
 * one is a finding. */
#include "assess/scan.h"
#include "assess/unicode.h"

#include <string.h>

#define ESCAPES_MIN 3u
#define HEX_RUN_MIN 8u
#define SPACED_MIN 6u
#define TELLTALES_MIN 2u
#define MIXED_MIN 2u
#define JOINED_MIN 16u
#define WORD_LONGEST 16u
#define DECODED_MIN 8u

/* A view under construction. */
typedef struct builder {
	aim_scan_result *r;
	const aim__scan_view *from;
	aim__scan_view view;
	uint8_t *bytes;
	uint32_t *map;
	uint32_t cap;
} builder;

static uint32_t origin(const aim__scan_view *view, uint32_t at)
{
	return view->map ? view->map[at] : at;
}

/* "base64 in percent": the innermost first. */
static void name_view(aim__scan_view *view, const aim__scan_view *from, const char *name)
{
	size_t n = strlen(name), room = AIM__SCAN_VIEW_NAME;
	memcpy(view->name, name, n);
	if (from->name_len && n + 4 + from->name_len <= room) {
		memcpy(view->name + n, " in ", 4);
		memcpy(view->name + n + 4, from->name, from->name_len);
		n += 4 + from->name_len;
	}
	view->name_len = (uint32_t)n;
}

/* Room for cap bytes; 0 when a limit is reached or memory ran out, which the result then says. */
static int begin(builder *b, aim_scan_result *r, const aim__scan_view *from, uint32_t cap, uint32_t kind,
                 const char *name)
{
	const aim_scan_options *o = &r->scanner->options;
	if (from->done & kind)
		return 0;
	b->r = r;
	b->from = from;
	int too_deep = kind == 0 && from->depth >= o->max_depth; /* the others come once each */
	if (too_deep || r->n_views >= o->max_views || r->decoded_bytes + cap > r->decoded_limit) {
		aim__finding_limit(r, too_deep ? "encodings within encodings" : "decoded text");
		return 0;
	}
	b->bytes = aim__arena_bytes(&r->views, cap ? cap : 1);
	b->map = aim__arena_array(&r->views, (size_t)cap + 1, sizeof *b->map);
	if (!b->bytes || !b->map) {
		r->failed = AIM_E_NOMEM;
		return 0;
	}
	memset(&b->view, 0, sizeof b->view);
	b->cap = cap;
	b->view.ptr = b->bytes;
	b->view.map = b->map;
	b->view.depth = from->depth + (kind == 0);
	b->view.done = from->done | kind;
	b->view.known = from->known;
	name_view(&b->view, from, name);
	return 1;
}

static void put(builder *b, uint8_t byte, uint32_t at)
{
	if (b->view.len == b->cap)
		return;
	b->map[b->view.len] = origin(b->from, at);
	b->bytes[b->view.len++] = byte;
}

static void put_cp(builder *b, uint32_t cp, uint32_t at)
{
	uint8_t utf8[4];
	size_t n = aim__unicode_write(cp, utf8);
	for (size_t i = 0; i < n; i++)
		put(b, utf8[i], at);
}

static void finish(builder *b, uint32_t end, aim__view_reader read)
{
	b->map[b->view.len] = b->view.len ? origin(b->from, end) : 0;
	b->r->n_views++;
	b->r->decoded_bytes += b->view.len;
	read(b->r, &b->view);
}

/* ---- base64, base64url, hex ---- */

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : 63;
}

/* Text that somebody may have written: no control characters, and mostly letters and spaces unless any text will do. */
static int is_prose(const aim_scan_result *r, const uint8_t *p, uint32_t len)
{
	uint32_t good = 0;
	for (uint32_t i = 0; i < len;) {
		size_t n;
		uint32_t cp = aim__unicode_read(p + i, p + len, &n);
		if (cp == AIM__UNICODE_BAD || (cp < ' ' && cp != '\n' && cp != '\t' && cp != '\r') || cp == 0x7F)
			return 0;
		good += cp == ' ' || (cp | 0x20) - 'a' < 26u || cp >= 0x80 ? (uint32_t)n : 0;
		i += (uint32_t)n;
	}
	return len >= DECODED_MIN && (r->watch || good * 10 >= len * 6);
}

/* Decodes without looking whether it is worth it; len ≤ 3/4 of the run. */
static uint32_t base64_bytes(const uint8_t *p, uint32_t n, uint8_t *out, uint32_t most)
{
	uint32_t used = 0, bits = 0, n_bits = 0;
	for (uint32_t i = 0; i < n && p[i] != '=' && used < most; i++) {
		bits = bits << 6 | (uint32_t)base64_value(p[i]);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[used++] = (uint8_t)(bits >> n_bits);
		}
	}
	return used;
}

static uint32_t hex_bytes(const uint8_t *p, uint32_t n, uint8_t *out, uint32_t most)
{
	uint32_t used = 0;
	for (uint32_t i = 0; i + 1 < n && used < most; i += 2) {
		int high = aim__scan_hex(p[i]), low = aim__scan_hex(p[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[used++] = (uint8_t)(high << 4 | low);
	}
	return used;
}

#define SAMPLE 24u

static int is_hex(const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (aim__scan_hex(p[i]) < 0)
			return 0;
	return n % 2 == 0;
}

/* A run of characters of base64 or hex, when what it stands for is text. The first bytes tell nearly always. */
static int decode_run(aim_scan_result *r, const aim__scan_view *from, uint32_t start, uint32_t end, aim__view_reader read)
{
	uint8_t sample[SAMPLE];
	const uint8_t *p = from->ptr + start;
	uint32_t n = end - start;
	int hex = is_hex(p, n), url = memchr(p, '-', n) || memchr(p, '_', n);
	uint32_t (*bytes_of)(const uint8_t *, uint32_t, uint8_t *, uint32_t) = hex ? hex_bytes : base64_bytes;
	uint32_t got = bytes_of(p, n, sample, SAMPLE);
	builder b;
	r->work += n;
	/* A character may be cut at the sample's end. */
	while (got == SAMPLE && got > 20 && !is_prose(r, sample, got))
		got--;
	if (got < DECODED_MIN || (got < SAMPLE - 3 && got < n / 2 - (n / 4 + 1)) || !is_prose(r, sample, got))
		return 0;
	if (!begin(&b, r, from, hex ? n / 2 : n, 0, hex ? "hex" : url ? "base64url" : "base64"))
		return 1;
	b.view.known = NULL; /* nothing of it was read before */
	uint32_t all = bytes_of(p, n, b.bytes, b.cap);
	for (uint32_t i = 0; i < all; i++)
		b.map[i] = origin(from, start + (hex ? 2 * i : i / 3 * 4 + i % 3));
	b.view.len = all;
	while (b.view.len && !is_prose(r, b.bytes, b.view.len) && all - b.view.len < 4)
		b.view.len--;
	if (b.view.len && is_prose(r, b.bytes, b.view.len))
		finish(&b, end, read);
	return 1;
}

/* ---- words without spaces ---- */

static int is_one_case(const uint8_t *p, uint32_t n)
{
	uint32_t small = 0, capital = 0;
	for (uint32_t i = 0; i < n; i++) {
		small += p[i] >= 'a' && p[i] <= 'z';
		capital += p[i] >= 'A' && p[i] <= 'Z';
	}
	return small == n || capital == n;
}

/* Letters, cut into the longest words that the rules know; what is between them stays together. */
static void put_words(builder *b, const uint8_t *letters, const uint32_t *at, uint32_t n)
{
	uint8_t folded[WORD_LONGEST];
	int open = 0;
	for (uint32_t i = 0; i < n;) {
		uint32_t longest = n - i < WORD_LONGEST ? n - i : WORD_LONGEST, k;
		for (k = 0; k < longest; k++)
			folded[k] = letters[i + k] | 0x20;
		for (k = longest; k >= 2 && !aim__words_known(folded, k); k--)
			;
		b->r->work += longest;
		if (k < 2) {
			put(b, letters[i], at[i]);
			open = 1;
			i++;
			continue;
		}
		if (open)
			put(b, ' ', at[i]);
		for (uint32_t m = 0; m < k; m++)
			put(b, letters[i + m], at[i + m]);
		put(b, ' ', at[i + k - 1]);
		open = 0;
		i += k;
	}
}

#define JOINED_MAX 512u

static void split_run(aim_scan_result *r, const aim__scan_view *from, uint32_t start, uint32_t end, aim__view_reader read)
{
	uint32_t at[JOINED_MAX], n = end - start;
	builder b;
	if (n < JOINED_MIN || n > JOINED_MAX || !is_one_case(from->ptr + start, n))
		return;
	for (uint32_t i = 0; i < n; i++)
		at[i] = start + i;
	if (!begin(&b, r, from, 3 * n, AIM__VIEW_JOINED, "joined"))
		return;
	put_words(&b, from->ptr + start, at, n);
	finish(&b, end, read);
}

static void derive_runs(aim_scan_result *r, const aim__scan_view *from, const aim__scan_traits *t, aim__view_reader read)
{
	for (uint32_t p = t->first_run; p < t->last_run;) {
		uint32_t start = p;
		while (p < t->last_run && aim__scan_is_base64(from->ptr[p]))
			p++;
		uint32_t letters = p;
		while (p < t->last_run && p > start && from->ptr[p] == '=')
			p++;
		if (letters - start >= AIM__SCAN_RUN_MIN && !decode_run(r, from, start, letters, read))
			split_run(r, from, start, letters, read);
		if (p == start)
			p++;
	}
	r->work += t->last_run - t->first_run;
}

/* ---- escapes ---- */

static const struct {
	const char *name;
	uint32_t cp;
} entities[] = {{"lt;", '<'},   {"gt;", '>'},  {"amp;", '&'},    {"quot;", '"'},
                {"apos;", '\''}, {"nbsp;", ' '}, {"Tab;", '\t'}, {"NewLine;", '\n'}};

/* Digits of a base from p on; the code point, and *out_n how many digits there were. */
static uint32_t digits(const uint8_t *p, const uint8_t *end, uint32_t base, uint32_t most, uint32_t *out_n)
{
	uint32_t cp = 0, n = 0;
	while (p + n < end && n < most) {
		int digit = aim__scan_hex(p[n]);
		if (digit < 0 || (uint32_t)digit >= base)
			break;
		cp = cp < 0x110000 ? cp * base + (uint32_t)digit : cp;
		n++;
	}
	*out_n = n;
	return cp;
}

static uint32_t entity(const uint8_t *p, const uint8_t *end, uint32_t *out_cp)
{
	uint32_t n;
	if (p + 2 < end && p[1] == '#') {
		uint32_t head = p[2] == 'x' || p[2] == 'X' ? 3 : 2;
		*out_cp = digits(p + head, end, head == 3 ? 16 : 10, 8, &n);
		n += n ? head : 0;
		return n && p + n < end && p[n] == ';' ? n + 1 : n;
	}
	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
		size_t len = strlen(entities[i].name);
		if ((size_t)(end - p) > len && memcmp(p + 1, entities[i].name, len) == 0) {
			*out_cp = entities[i].cp;
			return (uint32_t)len + 1;
		}
	}
	return 0;
}

static uint32_t backslash(const uint8_t *p, const uint8_t *end, uint32_t *out_cp)
{
	uint32_t n = 0;
	uint8_t kind = p + 1 < end ? p[1] : 0;
	if (kind >= '0' && kind <= '7') {
		*out_cp = digits(p + 1, end, 8, 3, &n);
		return n == 3 ? 4 : 0;
	}
	if (kind != 'x' && kind != 'u' && kind != 'U')
		return 0;
	uint32_t open = p + 2 < end && p[2] == '{';
	uint32_t most = open ? 6 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
	*out_cp = digits(p + 2 + open, end, 16, most, &n);
	if (n == 0 || (!open && n != most))
		return 0;
	n += 2 + open;
	return open && p + n < end && p[n] == '}' ? n + 1 : n;
}

/* The bytes of an escape at p, 0 when there is none. *out_raw: it stands for a byte, not for a code point. */
static uint32_t escape(const uint8_t *p, const uint8_t *end, uint32_t *out_cp, int *out_raw)
{
	uint32_t n;
	*out_raw = *p == '%' || (*p == '\\' && p + 1 < end && (p[1] == 'x' || (p[1] >= '0' && p[1] <= '7')));
	if (*p == '%') {
		*out_cp = digits(p + 1, end, 16, 2, &n);
		return n == 2 ? 3 : 0;
	}
	if (*p == '&')
		return entity(p, end, out_cp);
	return *p == '\\' ? backslash(p, end, out_cp) : 0;
}

/* \u with surrogates, as JSON and JavaScript write what is beyond the first plane. */
static uint32_t pair(const uint8_t *p, const uint8_t *end, uint32_t n, uint32_t *cp)
{
	uint32_t low = 0, more;
	int raw;
	if (*cp < 0xD800 || *cp >= 0xDC00 || p + n >= end || p[n] != '\\')
		return n;
	more = escape(p + n, end, &low, &raw);
	if (more == 0 || low < 0xDC00 || low >= 0xE000)
		return n;
	*cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
	return n + more;
}

static const char *escape_name(const aim__scan_view *from)
{
	uint32_t percent = 0, entity_signs = 0, slashes = 0;
	for (uint32_t i = 0; i < from->len; i++) {
		percent += from->ptr[i] == '%';
		entity_signs += from->ptr[i] == '&';
		slashes += from->ptr[i] == '\\';
	}
	if (percent >= entity_signs && percent >= slashes)
		return "percent";
	return entity_signs >= slashes ? "entities" : "escapes";
}

/* What only looks like an escape ("a=b&c=d") decodes to itself, for ever. */
static int has_escape(aim_scan_result *r, const aim__scan_view *from)
{
	const uint8_t *end = from->ptr + from->len;
	uint32_t cp;
	int raw;
	for (const uint8_t *p = from->ptr; p < end; p++)
		if ((*p == '%' || *p == '&' || *p == '\\') && escape(p, end, &cp, &raw)) {
			r->work += (uint64_t)(p - from->ptr);
			return 1;
		}
	r->work += from->len;
	return 0;
}

static void derive_escapes(aim_scan_result *r, const aim__scan_view *from, aim__view_reader read)
{
	builder b;
	const uint8_t *end = from->ptr + from->len;
	if (!has_escape(r, from) || !begin(&b, r, from, from->len, 0, escape_name(from)))
		return;
	for (uint32_t p = 0; p < from->len;) {
		uint32_t cp = 0;
		int raw;
		uint32_t n = escape(from->ptr + p, end, &cp, &raw);
		if (n && !raw)
			n = pair(from->ptr + p, end, n, &cp);
		if (n == 0)
			put(&b, from->ptr[p], p);
		else if (raw)
			put(&b, (uint8_t)cp, p);
		else
			put_cp(&b, cp < 0x110000 && (cp < 0xD800 || cp > 0xDFFF) ? cp : AIM__UNICODE_BAD, p);
		p += n ? n : 1;
	}
	r->work += from->len;
	finish(&b, from->len, read);
}

/* Pairs of hex digits with something short between them. */
static void derive_hex_pairs(aim_scan_result *r, const aim__scan_view *from, aim__view_reader read)
{
	builder b;
	uint32_t last = 0;
	if (!begin(&b, r, from, from->len / 2 + 1, AIM__VIEW_PAIRS, "hex"))
		return;
	for (uint32_t p = 0; p + 1 < from->len;) {
		int high = aim__scan_hex(from->ptr[p]), low = aim__scan_hex(from->ptr[p + 1]);
		int ends = p + 2 == from->len || !aim__scan_is_base64(from->ptr[p + 2]);
		int starts = p == 0 || !aim__scan_is_base64(from->ptr[p - 1]) || (from->ptr[p - 1] | 0x20) == 'x';
		if (high < 0 || low < 0 || !ends || !starts) {
			p++;
			continue;
		}
		if (last && p - last > 4)
			put(&b, '\n', p);
		put(&b, (uint8_t)(high << 4 | low), p);
		p += 2;
		last = p;
	}
	r->work += from->len;
	finish(&b, from->len, read);
}

/* ---- letters for letters ---- */

static uint8_t rot13(uint8_t c)
{
	uint8_t small = c | 0x20;
	if (small < 'a' || small > 'z')
		return c;
	return small < 'n' ? c + 13 : c - 13;
}

static void derive_rot13(aim_scan_result *r, const aim__scan_view *from, aim__view_reader read)
{
	builder b;
	if (!begin(&b, r, from, from->len, AIM__VIEW_ROT13, "rot13"))
		return;
	for (uint32_t i = 0; i < from->len; i++)
		put(&b, rot13(from->ptr[i]), i);
	r->work += from->len;
	finish(&b, from->len, read);
}

static void derive_reversed(aim_scan_result *r, const aim__scan_view *from, aim__view_reader read)
{
	builder b;
	if (!begin(&b, r, from, from->len, AIM__VIEW_REVERSED, "reversed"))
		return;
	for (uint32_t i = from->len; i > 0; i--)
		put(&b, from->ptr[i - 1], i - 1);
	r->work += from->len;
	finish(&b, 0, read);
}

/* Digits and signs that stand for letters inside a word. one: what "1" and "!" stand for. */
static uint8_t unleet(uint8_t c, uint8_t one)
{
	static const char from[] = "034578@$+69", to[] = "oeastbastgg";
	const char *at = c ? strchr(from, c) : NULL;
	if (c == '1' || c == '!' || c == '|')
		return one;
	return at ? (uint8_t)to[at - from] : c;
}

static int is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

int aim__views_is_leet(const uint8_t *word, uint32_t len)
{
	uint8_t folded[WORD_LONGEST];
	if (len > WORD_LONGEST)
		return 0;
	for (int one = 0; one < 2; one++) {
		for (uint32_t i = 0; i < len; i++)
			folded[i] = unleet(word[i] | (is_letter(word[i]) ? 0x20 : 0), one ? 'l' : 'i');
		if (aim__words_known(folded, len))
			return 1;
	}
	return 0;
}

static void derive_leet(aim_scan_result *r, const aim__scan_view *from, uint8_t one, aim__view_reader read)
{
	builder b;
	if (!begin(&b, r, from, from->len, AIM__VIEW_LEET, "leetspeak"))
		return;
	for (uint32_t i = 0; i < from->len;) {
		uint32_t end = i, letters = 0;
		for (; end < from->len && from->ptr[end] > ' '; end++)
			letters += (uint32_t)is_letter(from->ptr[end]);
		for (uint32_t k = i; k < end; k++) {
			uint8_t c = from->ptr[k];
			int last = k + 1 == end && !(c >= '0' && c <= '9');
			put(&b, letters && !last ? unleet(c, one) : c, k);
		}
		if (end < from->len)
			put(&b, from->ptr[end], end);
		i = end + 1;
	}
	r->work += from->len;
	finish(&b, from->len, read);
}

/* ---- spaced-out letters ---- */

static int is_single(const aim__scan_view *v, uint32_t p)
{
	return p < v->len && is_letter(v->ptr[p]) && (p == 0 || !aim__scan_is_base64(v->ptr[p - 1]) || v->ptr[p - 1] == '-' ||
	                                              v->ptr[p - 1] == '_') &&
	       (p + 1 == v->len || !is_letter(v->ptr[p + 1])) && v->ptr[p] < 0x80;
}

/* Letters one by one with a sign or two between them; more than one sign, or another than usual, ends a word. */
static uint32_t put_spaced(builder *b, uint32_t p)
{
	const aim__scan_view *v = b->from;
	uint8_t letters[JOINED_MAX];
	uint32_t at[JOINED_MAX], n = 0;
	while (n < JOINED_MAX && is_single(v, p)) {
		letters[n] = v->ptr[p];
		at[n++] = p++;
		if (is_single(v, p + 1) && !is_letter(v->ptr[p]))
			p++;
		else
			break;
	}
	if (n > WORD_LONGEST)
		put_words(b, letters, at, n);
	else
		for (uint32_t i = 0; i < n; i++)
			put(b, letters[i], at[i]);
	return p;
}

static void derive_spaced(aim_scan_result *r, const aim__scan_view *from, aim__view_reader read)
{
	builder b;
	if (!begin(&b, r, from, 2 * from->len, AIM__VIEW_SPACED, "spaced letters"))
		return;
	for (uint32_t p = 0; p < from->len;) {
		if (is_single(from, p)) {
			p = put_spaced(&b, p);
			continue;
		}
		put(&b, from->ptr[p], p);
		p++;
	}
	r->work += from->len;
	finish(&b, from->len, read);
}

/* Only words that were spaced out in the view that is decoded count; the caller compares with nothing. */
void aim__views_derive(aim_scan_result *r, const aim__scan_view *view, const aim__scan_traits *t, aim__view_reader read)
{
	if (t->n_runs)
		derive_runs(r, view, t, read);
	if (t->escapes >= (r->watch ? 1 : ESCAPES_MIN))
		derive_escapes(r, view, read);
	if (t->hex_run >= HEX_RUN_MIN)
		derive_hex_pairs(r, view, read);
	if (t->seen[0] >= TELLTALES_MIN)
		derive_rot13(r, view, read);
	if (t->seen[1] >= TELLTALES_MIN)
		derive_reversed(r, view, read);
	if (t->mixed >= (r->watch ? 1 : MIXED_MIN) && !(view->done & AIM__VIEW_LEET)) {
		derive_leet(r, view, 'i', read);
		if (memchr(view->ptr, '1', view->len))
			derive_leet(r, view, 'l', read);
	}
	if (t->spaced >= SPACED_MIN)
		derive_spaced(r, view, read);
}
