/* tests/fuzz/fuzz_jcs.c — any bytes as JSON, canonicalised under each rule: the result reads back
 * and is its own canonical form, and the rules agree on every document that needs none of them. */
#include <aim/json.h>
#include <stdlib.h>
#include <string.h>

static aim_ctx *ctx;
static aim_json *doc;
static aim_json *second;
static aim_buf *texts[3];
static aim_buf *again;

static void check(int holds)
{
	if (!holds)
		abort();
}

static void begin(void)
{
	check(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	check(aim_json_new(ctx, &doc) == AIM_OK && aim_json_new(ctx, &second) == AIM_OK);
	check(aim_buf_new(ctx, &again) == AIM_OK);
	for (size_t i = 0; i < 3; i++)
		check(aim_buf_new(ctx, &texts[i]) == AIM_OK);
}

static aim_status canonicalize(uint32_t flags)
{
	aim_error err = {0};
	aim_buf_clear(texts[flags]);
	aim_status rc = aim_json_canonicalize(doc, AIM_JSON_ROOT, flags, texts[flags], &err);
	if (rc != AIM_OK) {
		check(rc == AIM_E_JSON_NUMBER && err.line > 0 &&
		      aim_buf_bytes(texts[flags]).len == 0);
		return rc;
	}
	aim_buf_clear(again);
	check(aim_json_parse(second, aim_buf_bytes(texts[flags]), AIM_JSON_BORROW, NULL) == AIM_OK);
	check(aim_json_canonicalize(second, AIM_JSON_ROOT, flags, again, NULL) == AIM_OK);
	check(aim_str_equal(aim_buf_str(again), aim_buf_str(texts[flags])));
	return AIM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ctx)
		begin();
	if (aim_json_parse(doc, aim_bytes_from(data, size), AIM_JSON_BORROW, NULL) != AIM_OK)
		return 0;
	aim_status strict = canonicalize(0);
	aim_status rounded = canonicalize(AIM_JSON_JCS_ROUND);
	aim_status exact = canonicalize(AIM_JSON_JCS_EXACT_TEXT);
	if (strict != AIM_OK)
		return 0;
	check(rounded == AIM_OK && aim_str_equal(aim_buf_str(texts[0]), aim_buf_str(texts[1])));
	check(exact == AIM_OK && aim_str_equal(aim_buf_str(texts[0]), aim_buf_str(texts[2])));
	return 0;
}
