/* bench/bench_trust.c — computing a score, of histories from one day to ten thousand. */
#include "bench.h"

#include <aim/trustscore.h>

#define DAY_US INT64_C(86400000000)
#define NOW_DAY 20000

typedef struct scoring {
	const aim_trustscore_profile *profile;
	aim_trustscore_evidence *evidence;
	aim_trustscore *score;
} scoring;

static void compute(void *arg, size_t n)
{
	scoring *s = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(aim_trustscore_compute(s->profile, s->evidence, NOW_DAY * DAY_US, s->score, NULL), "score");
	bench_keep(s->score);
}

/* `days` days of ten events about each counted factor. */
static void open_scoring(scoring *s, const char *profile, int64_t days)
{
	aim_ctx *ctx = bench_ctx();
	s->profile = aim_trustscore_profile_named(aim_str_from(profile));
	bench_must(aim_trustscore_evidence_new(ctx, aim_str_from("agt_x"), 0, &s->evidence, NULL), "evidence");
	bench_must(aim_trustscore_new(ctx, &s->score, NULL), "score");
	for (int64_t day = NOW_DAY - days + 1; day <= NOW_DAY; day++)
		for (uint32_t factor = AIM_TRUSTSCORE_VERIFICATION; factor <= AIM_TRUSTSCORE_SUCCESS; factor++)
			bench_must(aim_trustscore_evidence_add(s->evidence, factor, day, 9, 1, NULL), "add");
}

static void close_scoring(scoring *s)
{
	aim_trustscore_free(s->score);
	aim_trustscore_evidence_free(s->evidence);
}

static double score_after(const char *name, const char *profile, int64_t days)
{
	scoring s;
	open_scoring(&s, profile, days);
	double ns = bench_run(name, compute, &s, 0);
	close_scoring(&s);
	return ns;
}

int main(int argc, char **argv)
{
	bench_init(argc, argv);
	double first = score_after("trust/score-1-day", "aim-8", 1);
	score_after("trust/score-10-days", "aim-8", 10);
	score_after("trust/score-100-days", "aim-8", 100);
	score_after("trust/score-1000-days", "aim-8", 1000);
	double last = score_after("trust/score", "aim-8", 10000);
	bench_ratio("trust/score-growth", last, first);
	score_after("trust/score-beta", "beta", 10000);
	return 0;
}
