/* No input but an envelope by the key of the seeds can be accepted, and then its payload stands in it as base64.
 * What is accepted, or could be signed once more, is accepted again with the second signature. */
#include <aim/dsse.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEST 1 of RFC 8032 §7.1 signed the seeds; TEST 2 signs once more. */
static const uint8_t seed_b[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
                                   0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
                                   0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
static const char public_a[] = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

static aim_ctx *ctx;
static aim_public_key keys[2];
static aim_key *second;
static aim_buf *payload, *more;

static void must(aim_status rc)
{
	if (rc != AIM_OK)
		abort();
}

static void prepare(void)
{
	if (ctx)
		return;
	must(aim_ctx_new(NULL, &ctx, NULL));
	must(aim_key_public_parse(ctx, aim_bytes_from_str(aim_str_from(public_a)), &keys[0], NULL));
	must(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed_b, 32), &second, NULL));
	must(aim_key_public(second, &keys[1]));
	must(aim_buf_new(ctx, &payload));
	must(aim_buf_new(ctx, &more));
}

static void try_once_more(aim_str text, aim_dsse_options trust)
{
	aim_buf_clear(more);
	if (aim_dsse_add_signature(second, text, more, NULL) != AIM_OK)
		return;
	trust.keys = &keys[1];
	must(aim_dsse_verify(ctx, aim_buf_str(more), &trust, payload, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const aim_str text = {(const char *)data, size};
	aim_dsse_options trust = {.struct_size = sizeof trust, .keys = keys, .n_keys = 1};
	prepare();
	trust.payload_type = aim_str_from("application/vnd.in-toto+json");
	aim_buf_clear(payload);
	if (aim_dsse_verify(ctx, text, &trust, payload, NULL, NULL) != AIM_OK) {
		if (aim_buf_bytes(payload).len != 0)
			abort();
		return 0;
	}
	try_once_more(text, trust);
	return 0;
}
