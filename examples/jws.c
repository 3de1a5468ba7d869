/* jws — a JWT signed by an agent, verified with its key, and held against time and audience. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

#define CLAIMS "{\"iss\":\"did:example:agent\",\"aud\":\"https://api.example\",\"exp\":2000000000}"

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_buf *token = NULL, *payload = NULL;
	aim_json *claims = NULL;
	aim_jws_options o = {.struct_size = sizeof o, .type = aim_str_from("JWT")};

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	check(aim_buf_new(ctx, &token));
	check(aim_buf_new(ctx, &payload));
	check(aim_json_new(ctx, &claims));

	check(aim_jws_sign(key, aim_bytes_from_str(aim_str_from(CLAIMS)), &o, token, &err));
	printf("token     %s\n", aim_buf_str(token).ptr);
	check(aim_jws_verify(ctx, &public_key, aim_buf_str(token), &o, payload, &err));
	check(aim_json_parse(claims, aim_buf_bytes(payload), 0, &err));

	aim_jws_claims expected = {.struct_size = sizeof expected, .flags = AIM_JWS_REQUIRE_EXPIRY};
	expected.now_s = 1900000000;
	expected.audience = aim_str_from("https://api.example");
	check(aim_jws_check_claims(claims, &expected, &err));
	printf("2030      valid\n");
	expected.now_s = 2100000000;
	aim_status rc = aim_jws_check_claims(claims, &expected, &err);
	printf("2036      %s\n", err.message);

	aim_json_free(claims);
	aim_buf_free(payload);
	aim_buf_free(token);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return rc == AIM_E_EXPIRED ? 0 : 1;
}
