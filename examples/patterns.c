/* Hold many patterns against one text, and say which match and where. */
#include <aim/patterns.h>

#include <stdio.h>

int main(void)
{
	const aim_pattern blocked[] = {
		{sizeof *blocked, AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, 1, aim_str_from("drop table")},
		{sizeof *blocked, 0, AIM_PATTERN_REGEX, 2, aim_str_from("AKIA[0-9A-Z]{16}")},
		{sizeof *blocked, 0, AIM_PATTERN_GLOB, 3, aim_str_from("rm -rf *")},
	};
	const aim_str text = aim_str_from("DROP TABLE users; -- AKIAIOSFODNN7EXAMPLE");
	aim_ctx *ctx = NULL;
	aim_pattern_set *set = NULL;
	aim_pattern_scratch *scratch = NULL;
	aim_error err = {0};
	size_t fault = 0;
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_patterns_new(ctx, blocked, sizeof blocked / sizeof *blocked, NULL, &set, &fault, &err);
	if (rc == AIM_OK)
		rc = aim_patterns_scratch_new(set, &scratch);
	if (rc == AIM_OK)
		rc = aim_patterns_match(set, scratch, text, AIM_PATTERNS_ALL, &outcome, &err);
	if (rc != AIM_OK)
		fprintf(stderr, "%s\n", err.message);
	for (size_t i = 0; i < aim_patterns_hit_count(scratch); i++) {
		const aim_pattern_hit *hit = aim_patterns_hit_at(scratch, i);
		printf("pattern %u at %d: %.*s\n", hit->id, (int)hit->start, (int)(hit->end - hit->start), text.ptr + hit->start);
	}
	printf("%zu patterns, pattern 3 %s, %s\n", aim_patterns_count(set),
	       aim_patterns_outcome_at(scratch, 2) == AIM_PATTERNS_NO_MATCH ? "does not match" : "may match",
	       aim_patterns_is_cut(scratch) ? "there is more" : "this is all");
	aim_patterns_scratch_free(scratch);
	aim_patterns_free(set);
	aim_ctx_free(ctx);
	return rc == AIM_OK && outcome == AIM_PATTERNS_MATCH ? 0 : 1;
}
