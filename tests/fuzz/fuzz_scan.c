/* tests/fuzz/fuzz_scan.c — any bytes as a definition and as a text: no crash, spans inside the text, bounded work, the same
 * findings again. */
#include <aim/scan.h>

#include <stdlib.h>

#define WORK_PER_BYTE 20000u
#define WORK_BASE 200000u

static void check(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_scanner *scanner;
	static aim_scan_result *result, *again;
	if (!ctx && (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_scan_new(ctx, NULL, &scanner, NULL) != AIM_OK ||
	             aim_scan_result_new(scanner, &result) != AIM_OK || aim_scan_result_new(scanner, &again) != AIM_OK))
		abort();
	aim_str text = {(const char *)data, size};
	check(aim_scan_text(scanner, text, result, NULL) == AIM_OK && aim_scan_text(scanner, text, again, NULL) == AIM_OK);
	check(aim_scan_work(result) <= WORK_BASE + WORK_PER_BYTE * size && aim_scan_work(result) == aim_scan_work(again));
	check(aim_scan_finding_count(result) == aim_scan_finding_count(again));
	for (size_t i = 0; i < aim_scan_finding_count(result); i++) {
		const aim_scan_finding *f = aim_scan_finding_at(result, i);
		check(f->start <= f->end && f->end <= size && f->rule.len > 0 && f->message.len > 0);
		check(f->severity >= AIM_SCAN_INFO && f->severity <= AIM_SCAN_CRITICAL);
		check(aim_str_equal(f->rule, aim_scan_finding_at(again, i)->rule));
	}
	aim_scan_tool_input in = {.struct_size = sizeof in, .definition = {data, size}};
	aim_scan_summary summary = {.struct_size = sizeof summary};
	aim_status rc = aim_scan_tool(scanner, &in, result, NULL);
	check(aim_scan_summarize(result, &summary) == AIM_OK);
	check(rc == AIM_OK || (summary.safe == 0 && summary.threats == 0));
	return 0;
}
