/* Pattern sets as a host uses them: what matches and where, what is refused and at which byte, what stays unknown. */
#include "support.h"

#include <aim/buf.h>
#include <aim/patterns.h>

#include <stdlib.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof *(a))

static aim_str s(const char *text)
{
	return aim_str_from(text);
}

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	aim_pattern_set *set;
	aim_pattern_scratch *scratch;
} fixture;

static void compile(fixture *f, const aim_pattern *patterns, size_t n, const aim_patterns_options *options)
{
	aim_error err = {0};
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	if (aim_patterns_new(f->ctx, patterns, n, options, &f->set, NULL, &err) != AIM_OK)
		fail_msg("%s", err.message);
	assert_status(aim_patterns_scratch_new(f->set, &f->scratch), AIM_OK);
}

static void done(fixture *f)
{
	aim_patterns_free(f->set);
	aim_patterns_scratch_free(f->scratch);
	test_ctx_done(f->ctx, &f->heap);
}

static uint32_t match(fixture *f, aim_str text, uint32_t flags)
{
	uint32_t outcome = 77;
	aim_error err = {0};
	if (aim_patterns_match(f->set, f->scratch, text, flags, &outcome, &err) != AIM_OK)
		fail_msg("%s", err.message);
	return outcome;
}

static void assert_hit(const fixture *f, size_t i, uint32_t id, uint64_t start, uint64_t end)
{
	const aim_pattern_hit *hit = aim_patterns_hit_at(f->scratch, i);
	assert_non_null(hit);
	assert_int_equal(hit->id, id);
	assert_int_equal(hit->start, start);
	assert_int_equal(hit->end, end);
}

static void kinds_and_places(void **state)
{
	const aim_pattern list[] = {
		{sizeof *list, 0, AIM_PATTERN_LITERAL, 7, s("a.b")},
		{sizeof *list, AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, 8, s("Secret")},
		{sizeof *list, 0, AIM_PATTERN_REGEX, 9, s("AKIA[0-9A-Z]{4}")},
		{sizeof *list, 0, AIM_PATTERN_GLOB, 10, s("rm *")},
	};
	fixture f;
	(void)state;
	compile(&f, list, N(list), NULL);
	assert_int_equal(aim_patterns_count(f.set), 4);
	assert_int_equal(match(&f, s("nothing here"), 0), AIM_PATTERNS_NO_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 0);
	assert_int_equal(match(&f, s("axb a.b SECRET AKIA12AB"), 0), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 3);
	assert_hit(&f, 0, 7, 4, 7);
	assert_hit(&f, 1, 8, 8, 14);
	assert_hit(&f, 2, 9, 15, 23);
	assert_null(aim_patterns_hit_at(f.scratch, 3));
	assert_int_equal(match(&f, s("rm -rf"), 0), AIM_PATTERNS_MATCH);
	assert_hit(&f, 0, 10, 0, 6);
	assert_int_equal(match(&f, s("do rm -rf"), 0), AIM_PATTERNS_NO_MATCH);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 3), AIM_PATTERNS_NO_MATCH);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 4), AIM_PATTERNS_UNKNOWN);
	done(&f);
}

static void all_matches_follow_each_other(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("a+")},
	                            {sizeof *list, AIM_PATTERN_EMPTY, AIM_PATTERN_REGEX, 2, s("b*")},
	                            {sizeof *list, 0, AIM_PATTERN_GLOB, 3, s("*a")}};
	const aim_patterns_options small = {.struct_size = sizeof small, .max_hits = 3};
	fixture f;
	(void)state;
	compile(&f, list, N(list), NULL);
	assert_int_equal(match(&f, s("aa-abba"), AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	assert_hit(&f, 0, 1, 0, 2);
	assert_hit(&f, 1, 1, 3, 4);
	assert_hit(&f, 2, 1, 6, 7);
	assert_hit(&f, 3, 2, 0, 0);
	assert_int_equal(aim_patterns_is_cut(f.scratch), 0);
	assert_int_equal(match(&f, s(""), AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 1);
	assert_hit(&f, 0, 2, 0, 0);
	done(&f);
	compile(&f, list, N(list), &small);
	assert_int_equal(match(&f, s("a a a a"), AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 3);
	assert_int_equal(aim_patterns_is_cut(f.scratch), 1);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 2), AIM_PATTERNS_MATCH);
	assert_int_equal(match(&f, s("a a a a"), 0), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_is_cut(f.scratch), 0);
	done(&f);
}

static void bytes_are_bytes(void **state)
{
	const aim_pattern list[] = {{sizeof *list, AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, 1, s("caf\xC3\xA9")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, s("x.y")},
	                            {sizeof *list, 0, AIM_PATTERN_LITERAL, 3, {"a\0b", 3}}};
	const aim_str odd = {"\xFF\xFEx\xC3y a\0b", 9};
	fixture f;
	(void)state;
	compile(&f, list, N(list), NULL);
	assert_int_equal(match(&f, s("CAF\xC3\xA9"), 0), AIM_PATTERNS_MATCH);
	assert_int_equal(match(&f, s("caf\xC3\x89"), 0), AIM_PATTERNS_NO_MATCH);
	assert_int_equal(match(&f, s("x\ny"), 0), AIM_PATTERNS_NO_MATCH);
	assert_int_equal(match(&f, odd, 0), AIM_PATTERNS_MATCH);
	assert_hit(&f, 0, 2, 2, 5);
	assert_hit(&f, 1, 3, 6, 9);
	done(&f);
}

/* The text is short, so each place has many steps; this needs more than any. */
static void a_reached_limit_is_unknown(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("(a|aa)+$")},
	                            {sizeof *list, 0, AIM_PATTERN_LITERAL, 2, s("zz")}};
	const aim_patterns_options few = {.struct_size = sizeof few, .max_steps = 1000, .max_text_bytes = 64};
	char text[64];
	fixture f;
	(void)state;
	compile(&f, list, N(list), &few);
	memset(text, 'a', sizeof text);
	text[60] = '!';
	assert_int_equal(match(&f, (aim_str){text, 61}, 0), AIM_PATTERNS_UNKNOWN);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 0), AIM_PATTERNS_UNKNOWN);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 1), AIM_PATTERNS_NO_MATCH);
	text[61] = text[62] = 'z';
	assert_int_equal(match(&f, (aim_str){text, 63}, 0), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_outcome_at(f.scratch, 0), AIM_PATTERNS_UNKNOWN);
	char longer[65] = {0};
	assert_int_equal(match(&f, (aim_str){longer, 65}, 0), AIM_PATTERNS_UNKNOWN);
	done(&f);
}

static void depth_and_heap_are_limits_too(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("^(?:a|b)*c")}};
	const aim_patterns_options heap = {.struct_size = sizeof heap, .max_heap_bytes = 1024};
	const aim_patterns_options depth = {.struct_size = sizeof depth, .max_depth = 10};
	char text[4000];
	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = 'c';
	for (size_t i = 0; i < 3; i++) {
		fixture f;
		compile(&f, list, 1, i == 0 ? &heap : i == 1 ? &depth : NULL);
		assert_int_equal(match(&f, (aim_str){text, sizeof text}, 0), i == 2 ? AIM_PATTERNS_MATCH : AIM_PATTERNS_UNKNOWN);
		done(&f);
	}
}

static void what_is_refused_and_where(void **state)
{
	static const struct {
		uint32_t kind, flags;
		const char *text;
		aim_status rc;
		uint32_t column;
	} rows[] = {
		{AIM_PATTERN_REGEX, 0, "ab(c", AIM_E_PATTERN, 5},
		{AIM_PATTERN_REGEX, 0, "a{2,1}", AIM_E_PATTERN, 6},
		{AIM_PATTERN_REGEX, 0, "(*UTF)a", AIM_E_PATTERN, 1},
		{AIM_PATTERN_REGEX, 0, "(*LIMIT_MATCH=9)a", AIM_E_PATTERN, 1},
		{AIM_PATTERN_REGEX, 0, "ab\\pL", AIM_E_PATTERN, 3},
		{AIM_PATTERN_REGEX, 0, "\\Q\\p\\E\\X", AIM_E_PATTERN, 7},
		{AIM_PATTERN_REGEX, 0, "a\\Cb", AIM_E_PATTERN, 4},
		{AIM_PATTERN_REGEX, 0, "a*", AIM_E_PATTERN, 1},
		{AIM_PATTERN_REGEX, 0, "", AIM_E_PATTERN, 0},
		{AIM_PATTERN_GLOB, 0, "***", AIM_E_PATTERN, 1},
		{AIM_PATTERN_REGEX, 0, "\\x{100}", AIM_E_PATTERN, 7},
		{4, 0, "a", AIM_E_INVALID, 0},
		{AIM_PATTERN_REGEX, 4, "a", AIM_E_INVALID, 0},
	};
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, s("fine")},
		                            {sizeof *list, rows[i].flags, rows[i].kind, 2, s(rows[i].text)}};
		aim_pattern_set *set = NULL;
		aim_error err = {0};
		size_t fault = 99;
		aim_status rc = aim_patterns_new(ctx, list, 2, NULL, &set, &fault, &err);
		if (rc != rows[i].rc || err.column != rows[i].column || set || err.message[0] == 0)
			fail_msg("%s: %s, column %u: %s", rows[i].text, aim_status_name(rc), err.column, err.message);
		assert_int_equal(fault, rc == AIM_E_PATTERN ? 1 : 99);
	}
	test_ctx_done(ctx, &heap);
}

/* Not one of these goes back even once, but each runs over the whole rest of the text from every place of it. */
static void what_runs_over_a_long_text_from_every_place_stays_unknown(void **state)
{
	static const char *const texts[] = {"[a-z]+[@%]", "(?:a|b)?[a-z]+@", "(?i)x?[a-z]*[0-9]", "(?=[a-z]+#)a"};
	enum { LEN = 128 * 1024 };
	char *text = malloc(LEN);
	(void)state;
	assert_non_null(text);
	memset(text, 'a', LEN);
	text[LEN - 1] = '@'; /* what must be there is, and does not end the search early */
	for (size_t i = 0; i < N(texts); i++) {
		fixture f;
		const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s(texts[i])}};
		compile(&f, list, 1, NULL);
		uint32_t expected = i < 2 ? AIM_PATTERNS_MATCH : AIM_PATTERNS_UNKNOWN;
		if (match(&f, (aim_str){text, LEN}, 0) != expected)
			fail_msg("%s", texts[i]);
		if (match(&f, (aim_str){text, LEN - 1}, 0) != AIM_PATTERNS_UNKNOWN && i != 1)
			fail_msg("%s, without its end", texts[i]);
		done(&f);
	}
	free(text);
}

static void places_in_long_texts_are_those_in_short_ones(void **state)
{
	static const char word[] = "the quick brown fox 1234 jumps over lazy@dogs.com \n";
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("[a-z]+@[a-z]+\\.com")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, s("\\b\\d{4}\\s+(\\w+)")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 3, s("fox(?= 1234)(?C1)")}};
	enum { TIMES = 300, LEN = (sizeof word - 1) * TIMES };
	static char text[LEN];
	fixture f;
	(void)state;
	for (size_t i = 0; i < TIMES; i++)
		memcpy(text + i * (sizeof word - 1), word, sizeof word - 1);
	compile(&f, list, 3, NULL);
	assert_int_equal(match(&f, (aim_str){text, LEN}, AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 3 * TIMES);
	for (size_t i = 0; i < TIMES; i++) {
		const size_t at = i * (sizeof word - 1);
		assert_hit(&f, i, 1, at + 36, at + 49);
		assert_hit(&f, TIMES + i, 2, at + 20, at + 30);
		assert_hit(&f, 2 * TIMES + i, 3, at + 16, at + 19);
	}
	done(&f);
}

static void counts_and_sizes_have_limits(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, s("12345678")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, s("(?:abc){9}")}};
	const aim_patterns_options options[] = {
		{.struct_size = sizeof *options, .max_patterns = 1},
		{.struct_size = sizeof *options, .max_pattern_bytes = 7},
		{.struct_size = sizeof *options, .max_database_bytes = 100},
		{.struct_size = sizeof *options, .max_hits = 2000000},
		{.struct_size = sizeof *options, .max_text_bytes = (uint64_t)1 << 40},
	};
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	aim_pattern_set *set = NULL;
	(void)state;
	for (size_t i = 0; i < N(options); i++)
		assert_status(aim_patterns_new(ctx, list, 2, &options[i], &set, NULL, NULL), AIM_E_LIMIT);
	const aim_patterns_options flags = {.struct_size = sizeof flags, .flags = 1};
	assert_status(aim_patterns_new(ctx, list, 2, &flags, &set, NULL, NULL), AIM_E_VERSION);
	assert_status(aim_patterns_new(ctx, NULL, 2, NULL, &set, NULL, NULL), AIM_E_INVALID);
	assert_null(set);
	test_ctx_done(ctx, &heap);
}

static void an_empty_set_matches_nothing(void **state)
{
	fixture f;
	(void)state;
	compile(&f, NULL, 0, NULL);
	assert_int_equal(match(&f, s("anything"), 0), AIM_PATTERNS_NO_MATCH);
	done(&f);
}

static void a_scratch_serves_its_set_only(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, s("a")}};
	aim_pattern_set *other = NULL;
	uint32_t outcome = 9;
	fixture f;
	(void)state;
	compile(&f, list, 1, NULL);
	assert_status(aim_patterns_new(f.ctx, list, 1, NULL, &other, NULL, NULL), AIM_OK);
	assert_status(aim_patterns_match(other, f.scratch, s("a"), 0, &outcome, NULL), AIM_E_INVALID);
	assert_int_equal(outcome, AIM_PATTERNS_UNKNOWN);
	assert_status(aim_patterns_match(f.set, f.scratch, s("a"), 2, &outcome, NULL), AIM_E_INVALID);
	aim_patterns_free(other);
	done(&f);
}

static void a_warm_match_allocates_nothing(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("(?:a|b)+c")},
	                            {sizeof *list, AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, 2, s("x")}};
	char text[2000];
	fixture f;
	(void)state;
	compile(&f, list, 2, NULL);
	memset(text, 'a', sizeof text);
	text[1999] = 'c';
	assert_int_equal(match(&f, (aim_str){text, sizeof text}, AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	size_t before = f.heap.n_allocs;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(match(&f, (aim_str){text, sizeof text}, AIM_PATTERNS_ALL), AIM_PATTERNS_MATCH);
	assert_int_equal(f.heap.n_allocs, before);
	done(&f);
}

static aim_status compile_and_match(aim_ctx *ctx, void *arg)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_REGEX, 1, s("(?:a|b)+c")},
	                            {sizeof *list, 0, AIM_PATTERN_LITERAL, 2, s("aa")},
	                            {sizeof *list, 0, AIM_PATTERN_GLOB, 3, s("*c")}};
	aim_pattern_set *set = NULL;
	aim_pattern_scratch *scratch = NULL;
	uint32_t outcome = 0;
	char text[2000];
	(void)arg;
	memset(text, 'a', sizeof text);
	text[1999] = 'c';
	aim_status rc = aim_patterns_new(ctx, list, N(list), NULL, &set, NULL, NULL);
	if (rc == AIM_OK)
		rc = aim_patterns_scratch_new(set, &scratch);
	if (rc == AIM_OK)
		rc = aim_patterns_match(set, scratch, (aim_str){text, sizeof text}, 0, &outcome, NULL);
	assert_int_equal(outcome, rc == AIM_OK ? AIM_PATTERNS_MATCH : AIM_PATTERNS_UNKNOWN);
	aim_patterns_scratch_free(scratch);
	aim_patterns_free(set);
	return rc;
}

static void memory_may_fail(void **state)
{
	(void)state;
	test_each_allocation_fails(compile_and_match, NULL);
}

/* ---- engines of the host ---- */

typedef struct engine {
	int broken;    /* what scan returns */
	int scanned;
	int first_only; /* suspects the first pattern, else nine */
	int forgets;    /* nothing in texts of this length */
	int destroyed;
} engine;

static aim_status engine_compile(void *user, const aim_allocator *memory, const aim_pattern *patterns, size_t n,
                                 const aim_matcher_limits *limits, void **out, aim_matcher_fault *fault)
{
	(void)memory;
	(void)limits;
	if (n > 0 && aim_str_equal(patterns[0].text, s("refused"))) {
		fault->index = 0;
		fault->offset = 2;
		memcpy(fault->message, "not for me", 11);
		return AIM_E_PATTERN;
	}
	*out = user;
	return AIM_OK;
}

static void engine_free(void *user, void *database)
{
	(void)user;
	(void)database;
}

static aim_status engine_scratch(void *user, const void *database, void **out)
{
	(void)database;
	*out = user;
	return AIM_OK;
}

static void engine_free_scratch(void *user, const void *database, void *scratch)
{
	(void)user;
	(void)database;
	(void)scratch;
}

/* Suspects patterns, some twice, and one that does not exist. */
static aim_status engine_scan(void *user, const void *database, void *scratch, aim_str text, aim_matcher_hit hit, void *arg)
{
	engine *e = user;
	(void)database;
	(void)scratch;
	e->scanned++;
	if (e->forgets && text.len == (size_t)e->forgets)
		return AIM_OK;
	for (size_t i = 0; i < (e->first_only ? 1u : 9u); i++)
		hit(arg, i, AIM_MATCHER_NO_END);
	hit(arg, 0, 3);
	hit(arg, 1000, 3);
	return e->broken;
}

static aim_status engine_serialize(void *user, const void *database, const aim_allocator *memory, uint8_t **out, size_t *out_len)
{
	(void)user;
	(void)database;
	(void)memory;
	(void)out;
	(void)out_len;
	return AIM_E_UNSUPPORTED;
}

static void engine_destroy(void *user)
{
	((engine *)user)->destroyed++;
}

static const aim_matcher engine_table = {
	.struct_size = sizeof(aim_matcher), .name = "test", .compile = engine_compile, .free_database = engine_free,
	.new_scratch = engine_scratch, .free_scratch = engine_free_scratch, .scan = engine_scan, .destroy = engine_destroy};

static void an_engine_that_scans_is_confirmed(void **state)
{
	const aim_pattern list[] = {{sizeof *list, 0, AIM_PATTERN_LITERAL, 1, s("b")},
	                            {sizeof *list, 0, AIM_PATTERN_LITERAL, 2, s("c")}};
	engine e = {0};
	aim_matcher table = engine_table;
	table.user = &e;
	const aim_ctx_options options = {.struct_size = sizeof options, .matcher = &table};
	fixture f = {0};
	(void)state;
	assert_status(aim_ctx_new(&options, &f.ctx, NULL), AIM_OK);
	assert_status(aim_patterns_new(f.ctx, list, 2, NULL, &f.set, NULL, NULL), AIM_OK);
	assert_status(aim_patterns_scratch_new(f.set, &f.scratch), AIM_OK);
	e.scanned = 0; /* by the self-test */
	e.first_only = 1;
	assert_int_equal(match(&f, s("abc"), 0), AIM_PATTERNS_MATCH);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 1);
	assert_hit(&f, 0, 1, 1, 2);
	assert_int_equal(match(&f, s("xyz"), 0), AIM_PATTERNS_NO_MATCH);
	e.broken = AIM_E_LIMIT; /* gives up: all are tried */
	assert_int_equal(match(&f, s("c"), 0), AIM_PATTERNS_MATCH);
	e.broken = AIM_E_IO;
	uint32_t outcome = 9;
	assert_status(aim_patterns_match(f.set, f.scratch, s("c"), 0, &outcome, NULL), AIM_E_CALLBACK);
	assert_int_equal(outcome, AIM_PATTERNS_UNKNOWN);
	assert_int_equal(aim_patterns_hit_count(f.scratch), 0);
	assert_int_equal(e.scanned, 4);
	aim_pattern refused = {sizeof refused, 0, AIM_PATTERN_LITERAL, 1, s("refused")};
	aim_error err = {0};
	aim_pattern_set *none = NULL;
	assert_status(aim_patterns_new(f.ctx, &refused, 1, NULL, &none, NULL, &err), AIM_E_PATTERN);
	assert_int_equal(err.column, 3);
	aim_patterns_scratch_free(f.scratch);
	aim_ctx_free(f.ctx);
	assert_int_equal(e.destroyed, 0);
	aim_patterns_free(f.set);
	assert_int_equal(e.destroyed, 1);
}

static void an_engine_that_forgets_is_refused(void **state)
{
	static const int lengths[] = {1, 16, 65, 98};
	(void)state;
	for (size_t i = 0; i < N(lengths); i++) {
		engine e = {.forgets = lengths[i]};
		aim_matcher table = engine_table;
		aim_error err = {0};
		aim_ctx *ctx = NULL;
		table.user = &e;
		const aim_ctx_options options = {.struct_size = sizeof options, .matcher = &table};
		assert_status(aim_ctx_new(&options, &ctx, &err), AIM_E_SELF_TEST);
		assert_non_null(strstr(err.message, "test does not find every match of \"a\""));
		assert_int_equal(e.destroyed, 1);
	}
}

/* One that locates, too. */
static void pcre2_passes(void **state)
{
	const aim_ctx_options options = {.struct_size = sizeof options, .matcher = aim_matcher_pcre2()};
	aim_ctx *ctx = NULL;
	(void)state;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	aim_ctx_free(ctx);
}

static void an_engine_without_what_it_needs_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 7; i++) {
		engine e = {0};
		aim_ctx *ctx = NULL;
		aim_matcher t = engine_table;
		t.user = &e;
		if (i == 0)
			t.name = NULL;
		else if (i == 1)
			t.compile = NULL;
		else if (i == 2)
			t.free_database = NULL;
		else if (i == 3)
			t.new_scratch = NULL;
		else if (i == 4)
			t.free_scratch = NULL;
		else if (i == 5)
			t.scan = NULL;
		else
			t.serialize = engine_serialize;
		const aim_ctx_options options = {.struct_size = sizeof options, .matcher = &t};
		assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_E_INVALID);
		assert_int_equal(e.destroyed, 1);
	}
}

static void options_of_an_older_host_have_no_matcher(void **state)
{
	const aim_ctx_options options = {.struct_size = offsetof(aim_ctx_options, matcher),
	                                 .matcher = (const aim_matcher *)(const void *)"not read"};
	aim_ctx *ctx = NULL;
	(void)state;
	assert_status(aim_ctx_new(&options, &ctx, NULL), AIM_OK);
	aim_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_places),
		cmocka_unit_test(all_matches_follow_each_other),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(a_reached_limit_is_unknown),
		cmocka_unit_test(depth_and_heap_are_limits_too),
		cmocka_unit_test(what_is_refused_and_where),
		cmocka_unit_test(what_runs_over_a_long_text_from_every_place_stays_unknown),
		cmocka_unit_test(places_in_long_texts_are_those_in_short_ones),
		cmocka_unit_test(counts_and_sizes_have_limits),
		cmocka_unit_test(an_empty_set_matches_nothing),
		cmocka_unit_test(a_scratch_serves_its_set_only),
		cmocka_unit_test(a_warm_match_allocates_nothing),
		cmocka_unit_test(memory_may_fail),
		cmocka_unit_test(an_engine_that_scans_is_confirmed),
		cmocka_unit_test(an_engine_that_forgets_is_refused),
		cmocka_unit_test(pcre2_passes),
		cmocka_unit_test(an_engine_without_what_it_needs_is_refused),
		cmocka_unit_test(options_of_an_older_host_have_no_matcher),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
