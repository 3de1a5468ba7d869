/* Keys from strangers, in any form: whatever is accepted is usable and returns through every form it can be written
 * in; whatever is refused says why; no input is both a public and a private key unless it is bare. */
#include <aim/keyform.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static int check_public(const aim_ctx *ctx, aim_bytes input, aim_buf *out, uint32_t *form)
{
	aim_public_key key;
	aim_public_key again;
	aim_error err = {0};
	if (aim_keyform_parse_public(ctx, input, &key, form, &err) != AIM_OK) {
		require(err.message[0] != '\0');
		return 0;
	}
	require(aim_key_public_check(&key, NULL) == AIM_OK);
	aim_buf_clear(out);
	require(aim_keyform_public(ctx, &key, *form, out) == AIM_OK);
	require(aim_keyform_parse_public(ctx, aim_buf_bytes(out), &again, NULL, NULL) == AIM_OK);
	require(memcmp(&key, &again, sizeof key) == 0);
	return 1;
}

static int check_private(aim_ctx *ctx, aim_bytes input, aim_buf *out, uint32_t *form)
{
	aim_key *key = NULL;
	aim_key *again = NULL;
	uint8_t seeds[2][AIM_KEY_SEED_LEN];
	aim_error err = {0};
	if (aim_keyform_parse_private(ctx, AIM_KEY_AGENT, input, &key, form, &err) != AIM_OK) {
		require(err.message[0] != '\0' && !key);
		return 0;
	}
	aim_buf_clear(out);
	require(aim_keyform_private(key, *form, out, NULL) == AIM_OK);
	require(aim_keyform_parse_private(ctx, AIM_KEY_AGENT, aim_buf_bytes(out), &again, NULL, NULL) == AIM_OK);
	require(aim_key_export_seed(key, seeds[0]) == AIM_OK);
	require(aim_key_export_seed(again, seeds[1]) == AIM_OK);
	require(memcmp(seeds[0], seeds[1], AIM_KEY_SEED_LEN) == 0);
	aim_key_unref(key);
	aim_key_unref(again);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static aim_ctx *ctx;
	static aim_buf *out;
	const aim_bytes input = {data, size};
	uint32_t public_form = 0;
	uint32_t private_form = 0;
	if (!ctx)
		require(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK && aim_buf_new(ctx, &out) == AIM_OK);
	if (check_public(ctx, input, out, &public_form) & check_private(ctx, input, out, &private_form))
		require(public_form <= AIM_KEYFORM_BASE64URL_PADDED && private_form == public_form);
	return 0;
}
