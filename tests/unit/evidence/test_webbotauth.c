/* Web Bot Auth: what is signed by default, both forms of Signature-Agent, what must be covered, replay, memory. */
#include "http_kit.h"

#include <aim/contentdigest.h>
#include <aim/webbotauth.h>

#define NOW 1764000000

static aim_ctx *ctx;
static aim_key *key;
static aim_public_key public_key;
static aim_buf *agent, *input, *signature, *url, *type;

static int setup(void **state)
{
	static const uint8_t seed[32] = {0xB0, 0x7};
	aim_buf **buffers[] = {&agent, &input, &signature, &url, &type};
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	assert_status(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL), AIM_OK);
	for (size_t i = 0; i < N_OF(buffers); i++)
		assert_status(aim_buf_new(ctx, buffers[i]), AIM_OK);
	return aim_key_public(key, &public_key);
}

static int teardown(void **state)
{
	aim_buf *buffers[] = {agent, input, signature, url, type};
	(void)state;
	for (size_t i = 0; i < N_OF(buffers); i++)
		aim_buf_free(buffers[i]);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}

static const aim_rfc9421_message plain = {.struct_size = sizeof plain,
                                          .method = S("GET"),
                                          .scheme = S("https"),
                                          .authority = S("shop.example"),
                                          .path = S("/p/1")};

static aim_status sign(aim_webbotauth_options options, const aim_rfc9421_message *message, aim_error *err)
{
	options.struct_size = sizeof options;
	if (options.created_s == 0)
		options.created_s = NOW;
	aim_buf_clear(agent);
	aim_buf_clear(input);
	aim_buf_clear(signature);
	aim_status rc = aim_webbotauth_sign(key, message, &options, agent, input, signature, err);
	if (rc != AIM_OK)
		assert_int_equal(aim_buf_bytes(agent).len + aim_buf_bytes(input).len + aim_buf_bytes(signature).len, 0);
	return rc;
}

static aim_status verify(aim_webbotauth_policy policy, aim_str agent_value, aim_error *err)
{
	const aim_rfc9421_field fields[] = {
		{S("Signature-Input"), aim_buf_str(input), 0, 0},
		{S("Signature"), aim_buf_str(signature), 0, 0},
		{S("Signature-Agent"), agent_value, 0, 0},
	};
	aim_rfc9421_message message = plain;
	message.fields = fields;
	message.n_fields = agent_value.len ? 3 : 2;
	policy.struct_size = sizeof policy;
	if (policy.now_s == 0)
		policy.now_s = NOW;
	aim_buf_clear(url);
	aim_buf_clear(type);
	aim_status rc = aim_webbotauth_verify(ctx, &message, &public_key, &policy, url, type, err);
	if (rc != AIM_OK)
		assert_int_equal(aim_buf_bytes(url).len + aim_buf_bytes(type).len, 0);
	return rc;
}

#define DEFAULTS (aim_webbotauth_policy){0}

static void test_defaults(void **state)
{
	(void)state;
	assert_status(sign((aim_webbotauth_options){.agent = S("https://bot.example")}, &plain, NULL), AIM_OK);
	assert_text(aim_buf_str(agent), "sig1=\"https://bot.example\"");
	assert_non_null(strstr(aim_buf_str(input).ptr, "sig1=(\"@authority\" \"@method\" \"@target-uri\" "
	                                               "\"signature-agent\";key=\"sig1\");created=1764000000;keyid=\""));
	assert_non_null(strstr(aim_buf_str(input).ptr, ";expires=1764000300;nonce=\""));
	assert_non_null(strstr(aim_buf_str(input).ptr, ";tag=\"web-bot-auth\""));
	assert_status(verify(DEFAULTS, aim_buf_str(agent), NULL), AIM_OK);
	assert_text(aim_buf_str(url), "https://bot.example");
	assert_text(aim_buf_str(type), "directory");
	assert_status(verify((aim_webbotauth_policy){.now_s = NOW + 300}, aim_buf_str(agent), NULL), AIM_E_EXPIRED);
	assert_status(verify((aim_webbotauth_policy){.now_s = NOW + 20, .max_age_s = 19}, aim_buf_str(agent), NULL),
	              AIM_E_STALE);
	assert_status(verify((aim_webbotauth_policy){.now_s = NOW - 301}, aim_buf_str(agent), NULL), AIM_E_FUTURE);
	assert_status(verify((aim_webbotauth_policy){.label = S("other")}, aim_buf_str(agent), NULL), AIM_E_NOT_FOUND);
}

static void test_agent_is_bound(void **state)
{
	static const aim_str two = S("sig1=\"https://bot.example\", x=\"https://evil.example\"");
	(void)state;
	assert_status(sign((aim_webbotauth_options){.agent = S("https://bot.example")}, &plain, NULL), AIM_OK);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"https://evil.example\""), NULL), AIM_E_SIGNATURE);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"https://bot.example\";type=cimd"), NULL), AIM_E_SIGNATURE);
	assert_status(verify(DEFAULTS, aim_str_from("x=\"https://bot.example\""), NULL), AIM_E_UNCOVERED);
	assert_status(verify(DEFAULTS, aim_str_from("\"https://bot.example\""), NULL), AIM_E_UNCOVERED);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"http://bot.example\""), NULL), AIM_E_HEADER);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=bot"), NULL), AIM_E_HEADER);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"https://bot.example\";type=\"cimd\""), NULL), AIM_E_HEADER);
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"https://bot.example\", sig1=\"https://bot.example\""), NULL),
	              AIM_E_HEADER);
	assert_status(verify(DEFAULTS, aim_str_from("sig1="), NULL), AIM_E_HEADER);
	assert_status(verify(DEFAULTS, (aim_str){NULL, 0}, NULL), AIM_E_COMPONENT);
	/* Members of others may stand beside it. */
	assert_status(verify(DEFAULTS, two, NULL), AIM_OK);
	assert_text(aim_buf_str(url), "https://bot.example");
	/* A signature without the field must not be given one. */
	assert_status(sign((aim_webbotauth_options){0}, &plain, NULL), AIM_OK);
	assert_status(verify(DEFAULTS, (aim_str){NULL, 0}, NULL), AIM_OK);
	assert_text(aim_buf_str(url), "");
	assert_status(verify(DEFAULTS, aim_str_from("sig1=\"https://evil.example\""), NULL), AIM_E_UNCOVERED);
}

/* What other signers send: the whole field covered, the older form, other types. */
static void test_forms(void **state)
{
	static const struct {
		const char *value, *component, *url, *type;
	} cases[] = {
		{"\"https://a.example\"", "signature-agent", "https://a.example", "directory"},
		{"sig1=\"https://b.example\"", "signature-agent", "https://b.example", "directory"},
		{"k=\"https://c.example/card\";type=cimd", "signature-agent;key=\"k\"", "https://c.example/card", "cimd"},
	};
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const aim_rfc9421_field fields[] = {{S("Signature-Agent"), aim_str_from(cases[i].value), 0, 0}};
		const aim_str components[] = {S("@authority"), aim_str_from(cases[i].component)};
		aim_rfc9421_message message = plain;
		message.fields = fields;
		message.n_fields = 1;
		assert_status(sign((aim_webbotauth_options){.components = components, .n_components = 2}, &message, NULL), AIM_OK);
		assert_status(verify(DEFAULTS, aim_str_from(cases[i].value), NULL), AIM_OK);
		assert_text(aim_buf_str(url), cases[i].url);
		assert_text(aim_buf_str(type), cases[i].type);
		assert_status(sign((aim_webbotauth_options){.agent = S("https://d.example")}, &message, NULL), AIM_E_INVALID);
	}
}

static void test_target_is_covered(void **state)
{
	static const aim_str method[] = {S("@method")}, authority[] = {S("@authority")};
	const aim_webbotauth_policy strict = {.required = method, .n_required = 1};
	(void)state;
	assert_status(sign((aim_webbotauth_options){.components = method, .n_components = 1}, &plain, NULL), AIM_OK);
	assert_status(verify(DEFAULTS, (aim_str){NULL, 0}, NULL), AIM_E_UNCOVERED);
	assert_status(sign((aim_webbotauth_options){.components = authority, .n_components = 1}, &plain, NULL), AIM_OK);
	assert_status(verify(DEFAULTS, (aim_str){NULL, 0}, NULL), AIM_OK);
	assert_status(verify(strict, (aim_str){NULL, 0}, NULL), AIM_E_UNCOVERED);
}

static aim_status sign_as_plain(aim_rfc9421_sign_options options)
{
	options.struct_size = sizeof options;
	options.created_s = NOW;
	aim_buf_clear(input);
	aim_buf_clear(signature);
	return aim_rfc9421_sign(key, &plain, &options, input, signature, NULL);
}

/* Signatures that are not of the profile. */
static void test_profile(void **state)
{
	const aim_str none = {NULL, 0};
	(void)state;
	assert_status(sign_as_plain((aim_rfc9421_sign_options){.expires_s = NOW + 9}), AIM_OK);
	assert_status(verify(DEFAULTS, none, NULL), AIM_E_NOT_FOUND);
	assert_status(sign_as_plain((aim_rfc9421_sign_options){.tag = S("web-bot-auth")}), AIM_OK);
	assert_status(verify(DEFAULTS, none, NULL), AIM_E_UNCOVERED);
	assert_status(sign_as_plain((aim_rfc9421_sign_options){
					  .tag = S("web-bot-auth"), .expires_s = NOW + 9, .keyid = S("me")}),
	              AIM_OK);
	assert_status(verify(DEFAULTS, none, NULL), AIM_E_UNTRUSTED_KEY);
	assert_status(sign_as_plain((aim_rfc9421_sign_options){.tag = S("web-bot-auth"), .expires_s = NOW + 9}), AIM_OK);
	assert_status(verify(DEFAULTS, none, NULL), AIM_OK);
}

static void test_replay(void **state)
{
	const aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START, .window_s = 86400};
	aim_replay *guard = NULL;
	(void)state;
	assert_status(aim_replay_open_memory(ctx, &options, &guard, NULL), AIM_OK);
	assert_status(sign((aim_webbotauth_options){.agent = S("https://bot.example")}, &plain, NULL), AIM_OK);
	const aim_webbotauth_policy policy = {.guard = guard};
	assert_status(verify(policy, aim_buf_str(agent), NULL), AIM_OK);
	assert_status(verify(policy, aim_buf_str(agent), NULL), AIM_E_REPLAY);
	aim_replay_free(guard);
}

static void test_options(void **state)
{
	const aim_rfc9421_message response = {.struct_size = sizeof response, .status = 200};
	const aim_webbotauth_policy policy = {.struct_size = sizeof policy};
	aim_rfc9421_message posted = plain;
	aim_error err = {0};
	(void)state;
	assert_status(sign((aim_webbotauth_options){.flags = 1}, &plain, &err), AIM_E_INVALID);
	assert_status(sign((aim_webbotauth_options){.n_components = 1}, &plain, &err), AIM_E_INVALID);
	assert_status(sign((aim_webbotauth_options){.agent = S("http://bot.example")}, &plain, &err), AIM_E_INVALID);
	assert_status(sign((aim_webbotauth_options){.agent = S("https://b\xC3\xBC")}, &plain, &err), AIM_E_INVALID);
	assert_status(sign((aim_webbotauth_options){.label = S("A")}, &plain, &err), AIM_E_INVALID);
	assert_status(sign((aim_webbotauth_options){0}, &response, &err), AIM_E_INVALID);
	assert_status(aim_webbotauth_verify(ctx, &response, &public_key, &policy, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_webbotauth_verify(ctx, &plain, &public_key, NULL, NULL, NULL, NULL), AIM_E_NOT_FOUND);
	assert_status(aim_webbotauth_verify(ctx, &plain, NULL, NULL, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_webbotauth_verify(ctx, &plain, &public_key, NULL, url, url, NULL), AIM_E_INVALID);
	assert_status(aim_webbotauth_sign(key, &plain, NULL, agent, agent, signature, NULL), AIM_E_INVALID);
	posted.body = aim_bytes_from("x", 1);
	assert_status(sign((aim_webbotauth_options){0}, &posted, &err), AIM_E_COMPONENT);
}

static aim_status sign_and_verify(aim_ctx *c, void *arg)
{
	static const uint8_t seed[32] = {6};
	const aim_webbotauth_options options = {.struct_size = sizeof options, .agent = S("https://bot.example"), .created_s = NOW};
	const aim_webbotauth_policy policy = {.struct_size = sizeof policy, .now_s = NOW};
	aim_key *with = NULL;
	aim_public_key by;
	aim_buf *buffers[5] = {NULL, NULL, NULL, NULL, NULL};
	(void)arg;
	aim_status rc = aim_key_from_seed(c, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &with, NULL);
	for (size_t i = 0; rc == AIM_OK && i < 5; i++)
		rc = aim_buf_new(c, &buffers[i]);
	if (rc == AIM_OK)
		rc = aim_webbotauth_sign(with, &plain, &options, buffers[0], buffers[1], buffers[2], NULL);
	if (rc == AIM_OK) {
		const aim_rfc9421_field fields[] = {{S("Signature-Input"), aim_buf_str(buffers[1]), 0, 0},
		                                    {S("Signature"), aim_buf_str(buffers[2]), 0, 0},
		                                    {S("Signature-Agent"), aim_buf_str(buffers[0]), 0, 0}};
		aim_rfc9421_message message = plain;
		message.fields = fields;
		message.n_fields = N_OF(fields);
		aim_key_public(with, &by);
		rc = aim_webbotauth_verify(c, &message, &by, &policy, buffers[3], buffers[4], NULL);
		if (rc != AIM_OK)
			assert_int_equal(aim_buf_bytes(buffers[3]).len + aim_buf_bytes(buffers[4]).len, 0);
	}
	for (size_t i = 0; i < 5; i++)
		aim_buf_free(buffers[i]);
	aim_key_unref(with);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(sign_and_verify, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_agent_is_bound),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_target_is_covered),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_every_allocation_fails),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
