/* What is accepted is accepted again in canonical form; what has no proof can be given one, which is then accepted. */
#include <aim/dataintegrity.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_buf *out;
static aim_json *doc, *again;

static void must(int ok)
{
	if (!ok)
		abort();
}

static void prepare(void)
{
	static const uint8_t seed[32] = {1};
	if (ctx)
		return;
	must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	must(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) == AIM_OK);
	must(aim_key_public(key, &public_key) == AIM_OK);
	must(aim_buf_new(ctx, &out) == AIM_OK);
	must(aim_json_new(ctx, &doc) == AIM_OK && aim_json_new(ctx, &again) == AIM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_dataintegrity_expected any = {.struct_size = sizeof any, .flags = AIM_DATAINTEGRITY_ANY_KEY};
	aim_dataintegrity_expected mine = {.struct_size = sizeof mine, .n_keys = 1};
	prepare();
	any.now_s = 1677281798;
	mine.keys = &public_key;
	aim_buf_clear(out);
	if (aim_json_parse(doc, aim_bytes_from(data, size), AIM_JSON_BORROW, NULL) != AIM_OK)
		return 0;
	if (aim_dataintegrity_verify(ctx, doc, &any, NULL, NULL) == AIM_OK) {
		must(aim_json_canonicalize(doc, AIM_JSON_ROOT, 0, out, NULL) == AIM_OK);
		must(aim_json_parse(again, aim_buf_bytes(out), 0, NULL) == AIM_OK);
		must(aim_dataintegrity_verify(ctx, again, &any, NULL, NULL) == AIM_OK);
		return 0;
	}
	if (aim_dataintegrity_sign(key, doc, NULL, out, NULL) == AIM_OK) {
		must(aim_json_parse(again, aim_buf_bytes(out), 0, NULL) == AIM_OK);
		must(aim_dataintegrity_verify(ctx, again, &mine, NULL, NULL) == AIM_OK);
	} else {
		must(aim_buf_bytes(out).len == 0);
	}
	return 0;
}
