/* bench/bench_trust.c — computing a score: of an agent with ten events and of one with a long history. */
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

int main(int argc, char **argv)
{
	scoring young, old, lower;
	bench_init(argc, argv);
	open_scoring(&young, "aim-8", 1);
	open_scoring(&old, "aim-8", 10000);
	open_scoring(&lower, "beta", 10000);
	double first = bench_run("trust/score-new", compute, &young, 0);
	double last = bench_run("trust/score", compute, &old, 0);
	bench_run("trust/score-beta", compute, &lower, 0);
	bench_ratio("trust/score-growth", last, first);
	close_scoring(&lower);
	close_scoring(&old);
	close_scoring(&young);
	return 0;
}
