/* tests/fuzz/fuzz_patterns.c — the first line of the input is a pattern, the rest a text: no crash, spans inside the text
 * and in order, the same answer again, and unknown only where a limit can be reached. The whole input is a file of
 * scanner rules too. */
#include <aim/patterns.h>
#include <aim/scan.h>

#include <stdlib.h>
#include <string.h>

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_hits(const aim_pattern_scratch *scratch, uint32_t outcome, size_t size)
{
	size_t n = aim_patterns_hit_count(scratch);
	check((n > 0) == (outcome == AIM_PATTERNS_MATCH));
	for (size_t i = 0; i < n; i++) {
		const aim_pattern_hit *hit = aim_patterns_hit_at(scratch, i);
		const aim_pattern_hit *before = i ? aim_patterns_hit_at(scratch, i - 1) : NULL;
		check(hit->start <= hit->end && hit->end <= size && hit->id == 7);
		check(!before || before->end <= hit->start);
	}
}

static void match(aim_ctx *ctx, const aim_pattern *pattern, aim_str text)
{
	const aim_patterns_options few = {.struct_size = sizeof few, .max_steps = 20000, .max_heap_bytes = 1u << 20};
	aim_pattern_set *set = NULL;
	aim_pattern_scratch *scratch = NULL;
	aim_error err = {0};
	uint32_t first = 9, second = 9;
	aim_status rc = aim_patterns_new(ctx, pattern, 1, &few, &set, NULL, &err);
	check(rc == AIM_OK || rc == AIM_E_PATTERN || rc == AIM_E_LIMIT);
	check(rc == AIM_OK || err.offset <= pattern->text.len);
	if (rc != AIM_OK)
		return;
	check(aim_patterns_scratch_new(set, &scratch) == AIM_OK);
	check(aim_patterns_match(set, scratch, text, AIM_PATTERNS_ALL, &first, NULL) == AIM_OK);
	check_hits(scratch, first, text.len);
	check(aim_patterns_match(set, scratch, text, 0, &second, NULL) == AIM_OK && first == second);
	check(pattern->kind != AIM_PATTERN_LITERAL || first != AIM_PATTERNS_UNKNOWN);
	aim_patterns_scratch_free(scratch);
	aim_patterns_free(set);
}

static void load_rules(aim_ctx *ctx, aim_bytes bytes)
{
	const aim_scan_options options = {.struct_size = sizeof options, .rules = bytes};
	aim_scanner *scanner = NULL;
	aim_scan_result *result = NULL;
	aim_str text = {(const char *)bytes.ptr, bytes.len};
	if (aim_scan_new(ctx, &options, &scanner, NULL) != AIM_OK)
		return;
	check(aim_scan_result_new(scanner, &result) == AIM_OK);
	check(aim_scan_text(scanner, text, result, NULL) == AIM_OK);
	for (size_t i = 0; i < aim_scan_finding_count(result); i++)
		check(aim_scan_finding_at(result, i)->end <= bytes.len);
	aim_scan_result_free(result);
	aim_scan_free(scanner);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	if (!ctx && aim_ctx_new(NULL, &ctx, NULL) != AIM_OK)
		abort();
	if (size == 0)
		return 0;
	const uint8_t *line = memchr(data, '\n', size);
	size_t len = line ? (size_t)(line - data) : size;
	aim_str text = {(const char *)data + len, size - len};
	for (uint32_t kind = AIM_PATTERN_LITERAL; kind <= AIM_PATTERN_REGEX; kind++)
		for (uint32_t flags = 0; flags <= (AIM_PATTERN_CASELESS | AIM_PATTERN_EMPTY); flags++) {
			const aim_pattern pattern = {sizeof pattern, flags, kind, 7, {(const char *)data, len}};
			match(ctx, &pattern, text);
		}
	load_rules(ctx, (aim_bytes){data, size});
	return 0;
}
