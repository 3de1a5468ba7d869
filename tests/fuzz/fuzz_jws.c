/* What is accepted under the key of the seeds is signed again to a token that is accepted too, with the same payload;
 * and no claims of it crash their check. */
#include <aim/jws.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* TEST 1 of RFC 8032 §7.1. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_buf *payload, *token, *again;
static aim_json *doc;

static void must(int ok)
{
	if (!ok)
		abort();
}

static void prepare(void)
{
	if (ctx)
		return;
	must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	must(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) == AIM_OK);
	must(aim_key_public(key, &public_key) == AIM_OK);
	must(aim_buf_new(ctx, &payload) == AIM_OK && aim_buf_new(ctx, &token) == AIM_OK);
	must(aim_buf_new(ctx, &again) == AIM_OK && aim_json_new(ctx, &doc) == AIM_OK);
}

static void try_claims(aim_bytes claims)
{
	aim_jws_claims expected = {.struct_size = sizeof expected, .now_s = 1000};
	expected.audience = aim_str_from("me");
	if (aim_json_parse(doc, claims, AIM_JSON_BORROW, NULL) != AIM_OK)
		return;
	if (aim_jws_check_claims(doc, &expected, NULL) == AIM_OK)
		must(aim_json_type(doc, AIM_JSON_ROOT) == AIM_JSON_OBJECT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const aim_str text = {(const char *)data, size};
	prepare();
	try_claims(aim_bytes_from(data, size));
	aim_buf_clear(payload);
	if (aim_jws_header(ctx, text, doc, NULL) != AIM_OK) {
		must(aim_json_type(doc, AIM_JSON_ROOT) == AIM_JSON_ABSENT);
		must(aim_jws_verify(ctx, &public_key, text, NULL, payload, NULL) != AIM_OK);
		return 0;
	}
	if (aim_jws_verify(ctx, &public_key, text, NULL, payload, NULL) != AIM_OK) {
		must(aim_buf_bytes(payload).len == 0);
		return 0;
	}
	aim_buf_clear(token);
	aim_buf_clear(again);
	must(aim_jws_sign(key, aim_buf_bytes(payload), NULL, token, NULL) == AIM_OK);
	must(aim_jws_verify(ctx, &public_key, aim_buf_str(token), NULL, again, NULL) == AIM_OK);
	must(aim_str_equal(aim_buf_str(payload), aim_buf_str(again)));
	return 0;
}
