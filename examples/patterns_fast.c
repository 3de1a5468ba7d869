/* Use Vectorscan for patterns where it is right, else PCRE2 alone. */
#include <aim/patterns.h>
#include <aim/vectorscan.h>

#include <stdio.h>

static aim_status open_context(aim_ctx **out, aim_error *err)
{
	const aim_ctx_options fast = {.struct_size = sizeof fast, .matcher = aim_vectorscan_matcher()};
	aim_status rc = aim_ctx_new(&fast, out, err);
	if (rc != AIM_E_SELF_TEST)
		return rc;
	printf("%s: going on without\n", err->message);
	return aim_ctx_new(NULL, out, err);
}

int main(void)
{
	const aim_pattern list[] = {{sizeof *list, AIM_PATTERN_CASELESS, AIM_PATTERN_REGEX, 1, aim_str_from("drop\\s+table")},
	                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, aim_str_from("(?<!\\w)sk-[a-z0-9]{8}")}};
	aim_ctx *ctx = NULL;
	aim_pattern_set *set = NULL;
	aim_pattern_scratch *scratch = NULL;
	aim_error err = {0};
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	aim_status rc = open_context(&ctx, &err);
	if (rc == AIM_OK)
		rc = aim_patterns_new(ctx, list, 2, NULL, &set, NULL, &err);
	if (rc == AIM_OK)
		rc = aim_patterns_scratch_new(set, &scratch);
	if (rc == AIM_OK)
		rc = aim_patterns_match(set, scratch, aim_str_from("then DROP  TABLE users"), 0, &outcome, &err);
	if (rc != AIM_OK)
		fprintf(stderr, "%s\n", err.message);
	printf("%s\n", outcome == AIM_PATTERNS_MATCH ? "matches" : "does not match, or unknown");
	aim_patterns_scratch_free(scratch);
	aim_patterns_free(set);
	aim_ctx_free(ctx);
	return rc == AIM_OK && outcome == AIM_PATTERNS_MATCH ? 0 : 1;
}
