/* bench/bench_patterns.c — 120 patterns over texts of 300 bytes and 4 kB in which none matches: PCRE2 alone, and with
 * Vectorscan in front where it is built; making a set; and making a scanner with the built-in rules alone. */
#include "bench.h"

#include <aim/patterns.h>
#include <aim/scan.h>
#ifdef HAVE_VECTORSCAN
#include <aim/vectorscan.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_PATTERNS 120
#define TEXT_SIZE 4096u

static const aim_matcher *fast_engine(void)
{
#ifdef HAVE_VECTORSCAN
	return aim_vectorscan_matcher();
#else
	return NULL;
#endif
}

typedef struct matching {
	aim_ctx *ctx;
	aim_pattern_set *set;
	aim_pattern_scratch *scratch;
	aim_str text;
} matching;

static char texts[N_PATTERNS][64];
static aim_pattern patterns[N_PATTERNS];

/* Names of keys, words of orders, shapes of secrets: what rules look for. */
static void make_patterns(void)
{
	static const char *const words[] = {"password", "api_key", "private key", "drop table", "rm -rf", "curl http", "id_rsa",
	                                    "ignore all", "exfiltrate", "base64"};
	for (unsigned i = 0; i < N_PATTERNS; i++) {
		const char *word = words[i % 10];
		if (i % 3 == 0)
			(void)snprintf(texts[i], sizeof texts[i], "%s-%u", word, i);
		else if (i % 3 == 1)
			(void)snprintf(texts[i], sizeof texts[i], "%s%u\\s*[:=]\\s*[A-Za-z0-9]{8,}", word, i);
		else
			(void)snprintf(texts[i], sizeof texts[i], "\\b(?:%c[A-Z]%u|sk)_[A-Za-z0-9]{12,40}\\b", 'A' + (char)(i % 26), i);
		patterns[i] = (aim_pattern){sizeof *patterns, i % 2 ? AIM_PATTERN_CASELESS : 0,
		                            i % 3 == 0 ? AIM_PATTERN_LITERAL : AIM_PATTERN_REGEX, i, {texts[i], strlen(texts[i])}};
	}
}

static void compile(matching *m)
{
	bench_must(aim_patterns_new(m->ctx, patterns, N_PATTERNS, NULL, &m->set, NULL, NULL), "compile");
	bench_must(aim_patterns_scratch_new(m->set, &m->scratch), "scratch");
}

static void dispose(matching *m)
{
	aim_patterns_scratch_free(m->scratch);
	aim_patterns_free(m->set);
}

static void match(void *arg, size_t n)
{
	matching *m = arg;
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_patterns_match(m->set, m->scratch, m->text, 0, &outcome, NULL), "match");
	if (outcome != AIM_PATTERNS_NO_MATCH)
		abort();
}

static void make_set(void *arg, size_t n)
{
	matching *m = arg;
	for (size_t i = 0; i < n; i++) {
		compile(m);
		dispose(m);
	}
}

static void make_scanner(void *arg, size_t n)
{
	aim_scanner *scanner = NULL;
	for (size_t i = 0; i < n; i++) {
		bench_must(aim_scan_new(arg, NULL, &scanner, NULL), "scanner");
		aim_scan_free(scanner);
	}
}

static void run(matching *m, const char *text, const char *short_name, const char *long_name)
{
	compile(m);
	m->text = (aim_str){text, 300};
	bench_run(short_name, match, m, 300);
	m->text = (aim_str){text, TEXT_SIZE};
	bench_run(long_name, match, m, TEXT_SIZE);
	dispose(m);
}

int main(int argc, char **argv)
{
	static const char sentence[] = "Reads the complete contents of a file from the file system and returns them as text; the path "
				       "must be absolute and inside one of the allowed directories. ";
	char *text = malloc(TEXT_SIZE);
	matching m = {NULL, NULL, NULL, {NULL, 0}};
	bench_init(argc, argv);
	for (size_t i = 0; text && i < TEXT_SIZE; i++)
		text[i] = sentence[i % (sizeof sentence - 1)];
	make_patterns();
	m.ctx = bench_ctx();
	bench_run("patterns/new-scanner", make_scanner, m.ctx, 0);
	bench_run_fixed("patterns/compile-120", make_set, &m, 0, 11, 1);
	run(&m, text, "patterns/pcre2-300", "patterns/pcre2-4k");
	const aim_ctx_options o = {.struct_size = sizeof o, .matcher = fast_engine()};
	if (o.matcher && aim_ctx_new(&o, &m.ctx, NULL) == AIM_OK) {
		bench_run_fixed("patterns/vectorscan-compile-120", make_set, &m, 0, 5, 1);
		run(&m, text, "patterns/vectorscan-300", "patterns/vectorscan-4k");
		aim_ctx_free(m.ctx);
	}
	free(text);
	return 0;
}
