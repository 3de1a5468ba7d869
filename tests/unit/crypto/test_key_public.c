/* Public keys as text: every accepted form, every refusal with its reason, ids. */
#include "kit.h"

#include <aim/key.h>

/* RFC 8032 §7.1 TEST 1, in each form. */
#define HEX "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define B64 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define B64URL "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static aim_public_key test1;

static int setup(void **state)
{
	const char *hex = HEX;
	(void)state;
	kit_hex(&hex, test1.bytes, 32);
	return 0;
}

static aim_status parse(const char *text, aim_public_key *out, aim_error *err)
{
	aim_ctx *ctx = kit_ctx(NULL);
	aim_status rc = aim_key_public_parse(ctx, aim_bytes_from(text, strlen(text)), out, err);
	aim_ctx_free(ctx);
	return rc;
}

static void test_accepted_forms(void **state)
{
	static const char *const texts[] = {
		HEX,
		"D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A",
		B64 "=", B64, B64URL "=", B64URL,
	};
	static const char *const prefixes[] = {"", "ed25519:", "ed25519_"};
	char text[128];
	(void)state;
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			aim_public_key key = {{0}};
			aim_error err = {0};
			snprintf(text, sizeof text, "%s%s", prefixes[p], texts[i]);
			if (parse(text, &key, &err) != AIM_OK)
				fail_msg("%s: %s", text, err.message);
			assert_memory_equal(&key, &test1, 32);
		}
	aim_ctx *ctx = kit_ctx(NULL);
	aim_public_key key = {{0}};
	assert_status(aim_key_public_parse(ctx, aim_bytes_from(test1.bytes, 32), &key, NULL), AIM_OK);
	assert_memory_equal(&key, &test1, 32);
	aim_ctx_free(ctx);
}

static void test_refused_forms(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"", "0 bytes is none"},
		{"ed25519:", "8 bytes is none"},
		{"ed25519:x", "1 bytes after the prefix is none"},
		{"ED25519:" B64 "=", "52 bytes"},
		{"ed25519:ed25519:" B64 "=", "52 bytes after the prefix"},
		{" " B64, "44-character base64 form has a character outside"},
		{B64 "\n", "44-character base64 form has a character outside"},
		{B64 "==", "45 bytes"},
		{"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR+", "base64url form has a character outside"},
		{"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp", "unused bits"},
		{"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", "unused bits"},
		{"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA", "not 32 bytes"},
		{"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==", "not 32 bytes"},
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511g", "64-digit hex form has"},
		{"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511", "63 bytes"},
		{"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "small order"},
		{"0100000000000000000000000000000000000000000000000000000000000000", "small order"},
		{"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not a canonical"},
		{"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "not a canonical"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_public_key key;
		aim_public_key before;
		aim_error err = {0};
		memset(&key, 0x77, sizeof key);
		before = key;
		assert_status(parse(cases[i].text, &key, &err), AIM_E_KEY);
		if (!strstr(err.message, cases[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, err.message, cases[i].says);
		assert_memory_equal(&key, &before, sizeof key);
	}
}

/* The position counts from the start of the whole input, prefix included. */
static void test_error_position(void **state)
{
	aim_public_key key;
	aim_error err = {0};
	(void)state;
	assert_status(parse("ed25519:11qYAYKxCrfVS*7TyWQHOg7hcvPapiMlrwIaaPcHURo=", &key, &err), AIM_E_KEY);
	assert_non_null(strstr(err.message, "at byte 21"));
	assert_status(parse("11qYAYKxCrfVS*7TyWQHOg7hcvPapiMlrwIaaPcHURo=", &key, &err), AIM_E_KEY);
	assert_non_null(strstr(err.message, "at byte 13"));
}

static void test_text(void **state)
{
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	aim_public_key key;
	(void)state;
	assert_status(aim_key_public_text(&test1, text), AIM_OK);
	assert_string_equal(text, "ed25519:" B64 "=");
	assert_int_equal(strlen(text), sizeof text - 1);
	assert_status(parse(text, &key, NULL), AIM_OK);
	assert_memory_equal(&key, &test1, 32);
	assert_status(aim_key_public_text(NULL, text), AIM_E_INVALID);
	assert_status(aim_key_public_text(&test1, NULL), AIM_E_INVALID);
}

static void test_text_round_trip(void **state)
{
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	for (int i = 0; i < 200; i++) {
		aim_key *key = NULL;
		aim_public_key in;
		aim_public_key out;
		assert_status(aim_key_generate(ctx, AIM_KEY_AGENT, &key, NULL), AIM_OK);
		assert_status(aim_key_public(key, &in), AIM_OK);
		assert_status(aim_key_public_text(&in, text), AIM_OK);
		assert_status(aim_key_public_parse(ctx, aim_bytes_from(text, strlen(text)), &out, NULL), AIM_OK);
		assert_memory_equal(&in, &out, 32);
		aim_key_unref(key);
	}
	aim_ctx_free(ctx);
}

static void test_id(void **state)
{
	char id[AIM_KEY_ID_SIZE];
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	assert_status(aim_key_id(ctx, &test1, id), AIM_OK);
	assert_string_equal(id, "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
	assert_status(aim_key_id(NULL, &test1, id), AIM_E_INVALID);
	assert_status(aim_key_id(ctx, NULL, id), AIM_E_INVALID);
	assert_status(aim_key_id(ctx, &test1, NULL), AIM_E_INVALID);
	aim_ctx_free(ctx);
}

static void test_misuse(void **state)
{
	aim_public_key key;
	(void)state;
	aim_ctx *ctx = kit_ctx(NULL);
	assert_status(aim_key_public_parse(NULL, aim_bytes_from(HEX, 64), &key, NULL), AIM_E_INVALID);
	assert_status(aim_key_public_parse(ctx, aim_bytes_from(HEX, 64), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_key_public_parse(ctx, (aim_bytes){NULL, 64}, &key, NULL), AIM_E_INVALID);
	assert_status(aim_key_public_parse(ctx, (aim_bytes){NULL, 0}, &key, NULL), AIM_E_KEY);
	assert_status(aim_key_public_check(NULL, NULL), AIM_E_INVALID);
	aim_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted_forms),
		cmocka_unit_test(test_refused_forms),
		cmocka_unit_test(test_error_position),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
