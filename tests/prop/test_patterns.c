/* Laws of pattern sets: hits are where the pattern matches, and Vectorscan in front of PCRE2 changes none of them. */
#include "support.h"

#include <aim/patterns.h>
#include <aim/vectorscan.h>

#include <stdlib.h>
#include <string.h>

#define SETS 300
#define PER_SET 12
#define TEXTS 12
#define TEXT_MAX 120
#define PATTERN_MAX 64

static uint64_t seed = 0x9E3779B97F4A7C15u;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

typedef struct writer {
	char text[PATTERN_MAX * 8];
	size_t len;
} writer;

static void put(writer *w, const char *text)
{
	size_t n = strlen(text);
	if (w->len + n < sizeof w->text) {
		memcpy(w->text + w->len, text, n);
		w->len += n;
	}
}

/* Atoms over few characters, so that random texts match now and then. */
static void put_atom(writer *w)
{
	static const char *const atoms[] = {"a", "b", "c", "A", "ab", "ba", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "\\W", "1", " ",
					    "\\x61", "\\n", "[[:alpha:]]", "\\Qa.b\\E", "[a-c1]", "\\.", "caf\xC3\xA9", "(?i:aB)", "\\S", "-", "[\\d-]"};
	put(w, atoms[below(sizeof atoms / sizeof *atoms)]);
}

static void put_regex(writer *w, uint32_t depth);

static void put_piece(writer *w, uint32_t depth)
{
	static const char *const groups[] = {"(", "(?:", "(?=", "(?!", "(?<=a)(", "(?<!b)(?:", "(?>", "(?i)(", "(?<n>", "(?s:", "(?|"};
	static const char *const repeats[] = {"", "", "", "", "*", "+", "?", "{2}", "{1,3}", "*?", "+?", "{2,}", "++", "?+", "{,2}"};
	static const char *const places[] = {"^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\1", "\\G", "\\K", "\\R", "\\h", "\\N"};
	uint32_t what = below(12);
	if (what == 0) {
		put(w, places[below(sizeof places / sizeof *places)]);
		return;
	}
	if (what < 4 && depth > 0) {
		put(w, groups[below(sizeof groups / sizeof *groups)]);
		put_regex(w, depth - 1);
		put(w, ")");
	} else {
		put_atom(w);
	}
	put(w, repeats[below(sizeof repeats / sizeof *repeats)]);
}

static void put_regex(writer *w, uint32_t depth)
{
	for (uint32_t n = 1 + below(4); n > 0; n--)
		put_piece(w, depth);
	if (below(5) == 0) {
		put(w, "|");
		put_piece(w, depth);
	}
}

static void put_glob(writer *w)
{
	static const char *const parts[] = {"*", "?", "a", "b", "ab", "A", "1", ".", "\xC3\xA9", " "};
	for (uint32_t n = 1 + below(6); n > 0; n--)
		put(w, parts[below(sizeof parts / sizeof *parts)]);
}

static aim_pattern random_pattern(writer *w, uint32_t id)
{
	aim_pattern p = {.struct_size = sizeof p, .flags = below(2) ? AIM_PATTERN_CASELESS : 0, .kind = 1 + below(4), .id = id};
	p.kind = p.kind > AIM_PATTERN_REGEX ? AIM_PATTERN_REGEX : p.kind;
	p.flags |= below(8) ? 0 : AIM_PATTERN_EMPTY;
	w->len = 0;
	if (p.kind == AIM_PATTERN_REGEX)
		put_regex(w, 2);
	else if (p.kind == AIM_PATTERN_GLOB)
		put_glob(w);
	else
		for (uint32_t n = 1 + below(3); n > 0; n--)
			put(w, below(2) ? "a" : "b.");
	p.text = (aim_str){w->text, w->len};
	return p;
}

static size_t random_text(char *out)
{
	static const char letters[] = "aaabbbcABC11 .-\n\xC3\xA9\xFF";
	size_t n = below(TEXT_MAX);
	for (size_t i = 0; i < n; i++)
		out[i] = below(60) ? letters[below(sizeof letters - 1)] : (char)below(256);
	return n;
}

typedef struct side {
	aim_ctx *ctx;
	aim_pattern_set *set;
	aim_pattern_scratch *scratch;
} side;

static void open_side(side *s, const aim_matcher *matcher)
{
	const aim_ctx_options o = {.struct_size = sizeof o, .matcher = matcher};
	memset(s, 0, sizeof *s);
	assert_status(aim_ctx_new(&o, &s->ctx, NULL), AIM_OK);
}

static void close_set(side *s)
{
	aim_patterns_scratch_free(s->scratch);
	aim_patterns_free(s->set);
	s->scratch = NULL;
	s->set = NULL;
}

static aim_status compile_side(side *s, const aim_pattern *patterns, size_t n, aim_error *err)
{
	const aim_patterns_options o = {.struct_size = sizeof o, .max_steps = 300000};
	aim_status rc = aim_patterns_new(s->ctx, patterns, n, &o, &s->set, NULL, err);
	return rc == AIM_OK ? aim_patterns_scratch_new(s->set, &s->scratch) : rc;
}

/* What a filter cannot see PCRE2 does not try, so it may know where PCRE2 alone does not: never the other way. */
static void assert_same_outcome(const side *plain, const side *fast, const aim_pattern *patterns, size_t i, aim_str text)
{
	uint32_t a = aim_patterns_outcome_at(plain->scratch, i), b = aim_patterns_outcome_at(fast->scratch, i);
	if (a == b || (a == AIM_PATTERNS_UNKNOWN && b == AIM_PATTERNS_NO_MATCH))
		return;
	fail_msg("kind %u flags %u pattern <%.*s> text <%.*s>: %u, with Vectorscan %u", patterns[i].kind, patterns[i].flags,
	         (int)patterns[i].text.len, patterns[i].text.ptr, (int)text.len, text.ptr, a, b);
}

static void assert_same(side *plain, side *fast, const aim_pattern *patterns, size_t n, aim_str text)
{
	uint32_t a = 9, b = 9;
	assert_status(aim_patterns_match(plain->set, plain->scratch, text, AIM_PATTERNS_ALL, &a, NULL), AIM_OK);
	assert_status(aim_patterns_match(fast->set, fast->scratch, text, AIM_PATTERNS_ALL, &b, NULL), AIM_OK);
	for (size_t i = 0; i < n; i++)
		assert_same_outcome(plain, fast, patterns, i, text);
	assert_int_equal(aim_patterns_hit_count(plain->scratch), aim_patterns_hit_count(fast->scratch));
	for (size_t i = 0; i < aim_patterns_hit_count(plain->scratch); i++)
		assert_memory_equal(aim_patterns_hit_at(plain->scratch, i), aim_patterns_hit_at(fast->scratch, i),
		                    sizeof(aim_pattern_hit));
}

/* Patterns that PCRE2 refuses are left out; both refuse the same. */
static size_t random_set(side *plain, side *fast, writer *texts, aim_pattern *patterns)
{
	size_t n = 0;
	while (n < PER_SET) {
		aim_error a = {0}, b = {0};
		patterns[n] = random_pattern(&texts[n], (uint32_t)n);
		aim_status rc = compile_side(plain, &patterns[n], 1, &a);
		assert_status(compile_side(fast, &patterns[n], 1, &b), rc);
		assert_memory_equal(&a, &b, sizeof a);
		close_set(plain);
		close_set(fast);
		n += rc == AIM_OK;
	}
	return n;
}

static void engines_find_the_same(void **state)
{
	static writer texts[PER_SET];
	aim_pattern patterns[PER_SET];
	char text[TEXT_MAX];
	size_t hits = 0;
	side plain, fast;
	(void)state;
	open_side(&plain, NULL);
	open_side(&fast, aim_vectorscan_matcher());
	for (size_t i = 0; i < SETS; i++) {
		size_t n = random_set(&plain, &fast, texts, patterns);
		assert_status(compile_side(&plain, patterns, n, NULL), AIM_OK);
		assert_status(compile_side(&fast, patterns, n, NULL), AIM_OK);
		for (size_t t = 0; t < TEXTS; t++) {
			assert_same(&plain, &fast, patterns, n, (aim_str){text, random_text(text)});
			hits += aim_patterns_hit_count(plain.scratch);
		}
		close_set(&plain);
		close_set(&fast);
	}
	assert_true(hits > SETS * TEXTS);
	aim_ctx_free(plain.ctx);
	aim_ctx_free(fast.ctx);
}

static void the_ones_that_are_known_to_differ(void **state)
{
	static const char *const regexes[] = {
		"(?<=a)b", "(?<!a)b", "a(?=b)", "a(?!b)", "(a|b)\\1", "(?<q>['\"]).*?\\k<q>", "\\bfoo\\b", "^b", "b$", "(?m)^b$", "a\\Z",
		"a\\z", "(?s)a.b", "a.b", "(?xx)[a b]c", "a{,2}b", "a++b", "(?>a+)b", "(?|(a)|(b))\\1", "[[:<:]]foo", "\\Rb", "a\\Kb",
		"\\Gab", "(?(?=a)ab|ba)", "(?R)?ab", "(a(?1)?b)", "(?i)FOO", "[^\\x00-\\x7f]+", "\\x{61}b", "\\141", "(?#x)ab", "\\Qa.b\\E",
		"\\h+b", "\\N+b", "\\v", "a\\sb", "(?-i)foo", "x{0}ab", "(a)|b\\1", "(?:)ab", "(*SKIP)ab", "a(*ACCEPT)b", "\\ca", "[]a]b",
		"[^]a]b", "(?x) a b # c", "a|b|", "(?:a|b)*c", "\\012b", "[\\b]", "\\ea", "(?n)(a)b", "(?^)ab"};
	static const char *const texts[] = {
		"", "a", "b", "ab", "ba", "aab", "bab", "abab", "aa bb", "foo", "a foo b", "xfoo", "FOO", "a\nb", "b\n", "a\n", "ab\n", "\nb\n",
		"'a' \"b'\"", "caf\xC3\xA9", "a b c", "a\x0B" "b", "\r\nb", "aaab", "a.b", "aabb", "]b", "a{,2}b", "c", "\x01", "\x1B" "a", "\b"};
	side plain, fast;
	aim_pattern patterns[sizeof regexes / sizeof *regexes];
	size_t n = 0;
	(void)state;
	open_side(&plain, NULL);
	open_side(&fast, aim_vectorscan_matcher());
	for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++) {
		patterns[n] = (aim_pattern){sizeof *patterns, AIM_PATTERN_EMPTY * (i % 2), AIM_PATTERN_REGEX, (uint32_t)i,
		                            aim_str_from(regexes[i])};
		n += compile_side(&plain, &patterns[n], 1, NULL) == AIM_OK;
		close_set(&plain);
	}
	assert_true(n > sizeof regexes / sizeof *regexes * 3 / 4);
	assert_status(compile_side(&plain, patterns, n, NULL), AIM_OK);
	assert_status(compile_side(&fast, patterns, n, NULL), AIM_OK);
	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
		assert_same(&plain, &fast, patterns, n, aim_str_from(texts[t]));
	close_set(&plain);
	close_set(&fast);
	aim_ctx_free(plain.ctx);
	aim_ctx_free(fast.ctx);
}

/* ---- the table by itself ---- */

static void *plain_alloc(void *user, size_t size)
{
	size_t *live = user;
	++*live;
	return malloc(size);
}

static void plain_free(void *user, void *ptr, size_t size)
{
	size_t *live = user;
	(void)size;
	--*live;
	free(ptr);
}

static void mark(void *arg, size_t index, uint64_t end)
{
	((uint64_t *)arg)[index] = end;
}

static void a_database_survives_as_bytes(void **state)
{
	const aim_matcher *m = aim_vectorscan_matcher();
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, aim_str_from("ab")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, aim_str_from("a\\Kb")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 3, aim_str_from("zz")}};
	const aim_matcher_limits limits = {.struct_size = sizeof limits, .max_database_bytes = 1u << 20};
	aim_matcher_fault fault = {.struct_size = sizeof fault};
	size_t live = 0, len = 0;
	const aim_allocator memory = {.struct_size = sizeof memory, .alloc = plain_alloc, .free = plain_free, .user = &live};
	void *first = NULL, *again = NULL, *scratch = NULL;
	uint8_t *bytes = NULL;
	uint64_t ends[3] = {0};
	(void)state;
	assert_status(m->compile(m->user, &memory, list, 3, &limits, &first, &fault), AIM_OK);
	assert_status(m->serialize(m->user, first, &memory, &bytes, &len), AIM_OK);
	m->free_database(m->user, first);
	assert_status(m->deserialize(m->user, &memory, (aim_bytes){bytes, len - 1}, &again), AIM_E_VERSION);
	assert_status(m->deserialize(m->user, &memory, (aim_bytes){bytes, 4}, &again), AIM_E_VERSION);
	assert_status(m->deserialize(m->user, &memory, (aim_bytes){bytes, len}, &again), AIM_OK);
	assert_status(m->new_scratch(m->user, again, &scratch), AIM_OK);
	assert_status(m->scan(m->user, again, scratch, aim_str_from("xxabx"), mark, ends), AIM_OK);
	assert_int_equal(ends[0], 4);
	assert_true(ends[1] == AIM_MATCHER_NO_END);
	assert_int_equal(ends[2], 0);
	m->free_scratch(m->user, again, scratch);
	m->free_database(m->user, again);
	plain_free(&live, bytes, len);
	assert_int_equal(live, 0);
	const aim_matcher_limits small = {.struct_size = sizeof small, .max_database_bytes = 10};
	assert_status(m->compile(m->user, &memory, list, 3, &small, &first, &fault), AIM_E_LIMIT);
	assert_int_equal(live, 0);
}

/* How many allocations are let through before one fails. */
typedef struct failing {
	size_t live;
	size_t left;
} failing;

static void *failing_alloc(void *user, size_t size)
{
	failing *f = user;
	if (f->left == 0)
		return NULL;
	f->left--;
	f->live++;
	return malloc(size);
}

static void failing_free(void *user, void *ptr, size_t size)
{
	failing *f = user;
	(void)size;
	f->live--;
	free(ptr);
}

static void memory_may_fail(void **state)
{
	const aim_matcher *m = aim_vectorscan_matcher();
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, aim_str_from("ab")}};
	const aim_matcher_limits limits = {.struct_size = sizeof limits, .max_database_bytes = 1u << 20};
	aim_status rc = AIM_E_NOMEM;
	(void)state;
	for (size_t n = 0; rc == AIM_E_NOMEM && n < 100; n++) {
		failing f = {0, n};
		const aim_allocator memory = {.struct_size = sizeof memory, .alloc = failing_alloc, .free = failing_free, .user = &f};
		aim_matcher_fault fault = {.struct_size = sizeof fault};
		void *database = NULL;
		rc = m->compile(m->user, &memory, list, 1, &limits, &database, &fault);
		if (rc == AIM_OK)
			m->free_database(m->user, database);
		assert_int_equal(f.live, 0);
	}
	assert_status(rc, AIM_OK);
}

static int is_usable(void)
{
	const aim_ctx_options o = {.struct_size = sizeof o, .matcher = aim_vectorscan_matcher()};
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	aim_status rc = o.matcher ? aim_ctx_new(&o, &ctx, &err) : AIM_E_UNSUPPORTED;
	if (rc != AIM_OK)
		print_message("Vectorscan is left out: %s\n", err.message);
	aim_ctx_free(ctx);
	return rc == AIM_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_find_the_same),
		cmocka_unit_test(the_ones_that_are_known_to_differ),
		cmocka_unit_test(a_database_survives_as_bytes),
		cmocka_unit_test(memory_may_fail),
	};
	if (!is_usable())
		return 77; /* not on this processor, or a release that forgets matches */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
