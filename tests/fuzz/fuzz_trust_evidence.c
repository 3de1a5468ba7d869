/* Exports of evidence behind a trust score, from whoever published it. What is read is written in one way, and gives the
 * same score under every profile when it is read again; a score is between 0 and 1 whatever the counts. */
#include <aim/trustscore.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_ctx *ctx;
static aim_trustscore *score;

static void must(int ok)
{
	if (!ok)
		abort();
}

static aim_trustscore_summary score_of(const aim_trustscore_evidence *evidence, const char *profile, int64_t as_of_us)
{
	aim_trustscore_summary s = {.struct_size = sizeof s};
	aim_status rc = aim_trustscore_compute(aim_trustscore_profile_named(aim_str_from(profile)), evidence, as_of_us, score,
	                                       NULL);
	if (rc != AIM_OK)
		return s;
	must(aim_trustscore_summarize(score, &s) == AIM_OK);
	must(s.score_micro >= 0 && s.score_micro <= AIM_TRUSTSCORE_ONE);
	return s;
}

static void compare(const aim_trustscore_evidence *a, const aim_trustscore_evidence *b)
{
	static const char *const profiles[] = {"aim-8", "mcp-8", "beta"};
	static const int64_t times[] = {0, 1728000000000000, INT64_MAX};
	uint8_t root_a[AIM_TRUSTSCORE_ROOT_LEN], root_b[AIM_TRUSTSCORE_ROOT_LEN];
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		for (size_t k = 0; k < sizeof times / sizeof *times; k++)
			must(score_of(a, profiles[i], times[k]).score_micro == score_of(b, profiles[i], times[k]).score_micro);
	must(aim_trustscore_evidence_root(a, root_a, NULL) == AIM_OK);
	must(aim_trustscore_evidence_root(b, root_b, NULL) == AIM_OK);
	must(memcmp(root_a, root_b, sizeof root_a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_trustscore_evidence *evidence = NULL, *again = NULL;
	aim_buf *out = NULL, *second = NULL;
	if (!ctx)
		must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK && aim_trustscore_new(ctx, &score, NULL) == AIM_OK);
	if (aim_trustscore_evidence_read(ctx, aim_bytes_from(data, size), &evidence, NULL) != AIM_OK) {
		must(evidence == NULL);
		return 0;
	}
	must(aim_buf_new(ctx, &out) == AIM_OK && aim_buf_new(ctx, &second) == AIM_OK);
	must(aim_trustscore_evidence_write(evidence, out, NULL) == AIM_OK);
	must(aim_trustscore_evidence_read(ctx, aim_buf_bytes(out), &again, NULL) == AIM_OK);
	must(aim_trustscore_evidence_write(again, second, NULL) == AIM_OK);
	must(aim_str_equal(aim_buf_str(out), aim_buf_str(second)));
	compare(evidence, again);
	aim_trustscore_evidence_free(again);
	aim_trustscore_evidence_free(evidence);
	aim_buf_free(second);
	aim_buf_free(out);
	return 0;
}
