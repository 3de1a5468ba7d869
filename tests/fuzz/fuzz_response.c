/* tests/fuzz/fuzz_response.c — any bytes as a response: no crash, bounded work, spans inside the text, the same verdict
 * again; and what is passed on after sanitising is clean, and JSON when the response was. */
#include <aim/response.h>

#include <stdlib.h>
#include <string.h>

#define WORK_PER_BYTE 100000u
#define WORK_BASE 400000u

static aim_ctx *ctx;
static aim_response *cleaner, *blocker;
static aim_json *doc;

static void check(int holds)
{
	if (!holds)
		abort();
}

static void open_all(void)
{
	aim_scanner *scanner = NULL;
	aim_response_options o = {.struct_size = sizeof o, .policy = AIM_RESPONSE_SANITIZE};
	if (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_scan_new(ctx, NULL, &scanner, NULL) != AIM_OK ||
	    aim_response_new(scanner, &o, &cleaner, NULL) != AIM_OK || aim_response_new(scanner, NULL, &blocker, NULL) != AIM_OK ||
	    aim_json_new(ctx, &doc) != AIM_OK)
		abort();
	aim_scan_free(scanner);
}

static void check_threats(const aim_response *r, size_t size)
{
	for (size_t i = 0; i < aim_response_threat_count(r); i++) {
		const aim_response_threat *t = aim_response_threat_at(r, i);
		check(t->start <= t->end && t->end <= size && t->rule.len > 0 && t->message.len > 0);
		check(t->category >= AIM_RESPONSE_INSTRUCTION_TAG && t->category <= AIM_RESPONSE_NOT_SCANNED);
	}
}

static void check_clean(aim_bytes content, int was_json)
{
	uint8_t *copy = malloc(content.len + 1);
	check(copy != NULL);
	memcpy(copy, content.len ? content.ptr : (const uint8_t *)"", content.len);
	aim_bytes again = {copy, content.len};
	if (was_json)
		check(aim_json_parse(doc, again, 0, NULL) == AIM_OK);
	check(aim_response_scan(blocker, again, NULL) == AIM_OK);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_response_verdict v = {.struct_size = sizeof v};
	aim_bytes content = {data, size};
	if (!ctx)
		open_all();
	int was_json = size && (data[0] == '{' || data[0] == '[') && aim_json_parse(doc, content, 0, NULL) == AIM_OK;
	aim_status rc = aim_response_scan(cleaner, content, NULL);
	check(rc == AIM_OK || rc == AIM_DENIED);
	check(aim_response_work(cleaner) <= WORK_BASE + WORK_PER_BYTE * size);
	check_threats(cleaner, size);
	check(aim_response_judge(cleaner, &v) == AIM_OK && v.allowed == (rc == AIM_OK));
	aim_status blocked = aim_response_scan(blocker, content, NULL);
	check((blocked == AIM_OK) == (v.action == AIM_RESPONSE_CLEAN));
	if (rc == AIM_OK)
		check_clean(v.content, was_json);
	return 0;
}
