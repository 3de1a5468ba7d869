/* codec/patterns_selftest.c — known answers of an engine of patterns, before a context uses it. Layer codec; knows engines
 * by their table only.
 *
 * An engine that forgets a match opens a hole that nobody sees: releases of Vectorscan did, where a match met the end of a
 * machine word. So every pattern is looked for at every place of texts of every length up to a few words, by itself and
 * together with the others. */
#include "codec/patterns.h"

#include "base/ctx.h"
#include "base/error.h"

#include <string.h>

#define LENGTH_MAX 100u
#define LENGTH_STEP_FROM 70u /* longer texts by steps */
#define LENGTH_STEP 7u

typedef struct known {
	aim_pattern pattern;
	const char *sample; /* matches; stands in a text of '-' */
} known;

#define KNOWN(flags, kind, text, sample) {{sizeof(aim_pattern), (flags), (kind), 0, {text, sizeof(text) - 1}}, (sample)}

static const known answers[] = {
	KNOWN(0, AIM_PATTERN_LITERAL, "a", "a"),
	KNOWN(AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, "b.", "B."),
	KNOWN(0, AIM_PATTERN_LITERAL, "cdefghijk", "cdefghijk"),
	KNOWN(0, AIM_PATTERN_REGEX, "[lm]n", "mn"),
	KNOWN(AIM_PATTERN_CASELESS, AIM_PATTERN_REGEX, "o\\d", "O7"),
	KNOWN(0, AIM_PATTERN_REGEX, "p[0-9]{2,4}q", "p123q"),
	KNOWN(0, AIM_PATTERN_REGEX, "\\br\\b|s+t", "sst"),
	KNOWN(AIM_PATTERN_CASELESS, AIM_PATTERN_GLOB, "*u?v*", "UwV"),
};

#define N_ANSWERS (sizeof answers / sizeof *answers)

typedef struct trial {
	const aim_matcher *table;
	void *database;
	void *scratch;
	size_t wanted; /* index */
	int seen;
} trial;

static void on_hit(void *arg, size_t index, uint64_t end)
{
	trial *t = arg;
	(void)end;
	t->seen |= index == t->wanted;
}

static int scan_finds(trial *t, aim_str text)
{
	t->seen = 0;
	aim_status rc = t->table->scan(t->table->user, t->database, t->scratch, text, on_hit, t);
	return rc == AIM_OK && t->seen;
}

static int locate_finds(const trial *t, const known *answer, aim_str text, size_t at)
{
	uint64_t start = 0, end = 0;
	int whole = answer->pattern.kind == AIM_PATTERN_GLOB;
	aim_status rc = t->table->locate(t->table->user, t->database, t->scratch, t->wanted, text, 0, &start, &end);
	if (rc != AIM_OK)
		return 0;
	return whole ? start == 0 && end == text.len : start == at && end == at + strlen(answer->sample);
}

static int finds(trial *t, const known *answer, aim_str text, size_t at)
{
	if (t->table->scan && !scan_finds(t, text))
		return 0;
	return !t->table->locate || locate_finds(t, answer, text, at);
}

/* Each place of each text; sample as it is. */
static int finds_everywhere(trial *t, const known *answer)
{
	char text[LENGTH_MAX];
	const char *sample = answer->sample;
	size_t len = strlen(sample);
	for (size_t n = len; n <= LENGTH_MAX; n += n < LENGTH_STEP_FROM ? 1 : LENGTH_STEP)
		for (size_t at = 0; at + len <= n; at++) {
			memset(text, '-', n);
			memcpy(text + at, sample, len);
			if (!finds(t, answer, (aim_str){text, n}, at))
				return 0;
		}
	return 1;
}

static aim_status forgot(const aim_matcher *table, size_t index, aim_error *err)
{
	return aim__fail(err, AIM_E_SELF_TEST, AIM_LAYER_CODEC, "%s does not find every match of \"%.*s\"", table->name,
	                 (int)answers[index].pattern.text.len, answers[index].pattern.text.ptr);
}

/* The patterns from first on, compiled together. */
static aim_status try_patterns(trial *t, size_t first, size_t n, aim_error *err)
{
	aim_status rc = t->table->new_scratch(t->table->user, t->database, &t->scratch);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc == AIM_E_NOMEM ? rc : AIM_E_CALLBACK, AIM_LAYER_CODEC);
	for (size_t i = 0; i < n && rc == AIM_OK; i++) {
		t->wanted = i;
		rc = finds_everywhere(t, &answers[first + i]) ? AIM_OK : forgot(t->table, first + i, err);
	}
	t->table->free_scratch(t->table->user, t->database, t->scratch);
	return rc;
}

static aim_status try_set(aim_ctx *ctx, const aim_matcher *table, size_t first, size_t n, aim_error *err)
{
	const aim_matcher_limits limits = {.struct_size = sizeof limits, .max_database_bytes = 64u << 20, .max_steps = 10000000,
	                                   .max_heap_bytes = 8u << 20, .max_depth = 250000};
	aim_matcher_fault fault = {.struct_size = sizeof fault};
	aim_pattern patterns[N_ANSWERS];
	trial t = {.table = table};
	for (size_t i = 0; i < n; i++)
		patterns[i] = answers[first + i].pattern;
	aim_status rc = table->compile(table->user, &ctx->allocator, patterns, n, &limits, &t.database, &fault);
	if (rc == AIM_E_NOMEM)
		return aim__fail_plain(err, rc, AIM_LAYER_CODEC);
	if (rc != AIM_OK)
		return aim__fail(err, AIM_E_SELF_TEST, AIM_LAYER_CODEC, "%s cannot compile \"%.*s\"", table->name,
		                 (int)patterns[0].text.len, patterns[0].text.ptr);
	rc = try_patterns(&t, first, n, err);
	table->free_database(table->user, t.database);
	return rc;
}

aim_status aim__matcher_self_test(aim_ctx *ctx, aim_error *err)
{
	aim_status rc = try_set(ctx, &ctx->matcher, 0, N_ANSWERS, err);
	for (size_t i = 0; i < N_ANSWERS && rc == AIM_OK; i++)
		rc = try_set(ctx, &ctx->matcher, i, 1, err);
	return rc;
}
