/* attestation_interop — an attestation in the form of AIM's own SDKs, made and verified. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

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
	aim_public_key agent;
	aim_buf *payload = NULL;
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	int64_t now_us = 0;
	aim_str tools[2] = {aim_str_from("read_file"), aim_str_from("write_file")};
	aim_attestationinterop_payload seen = {.struct_size = sizeof seen, .capabilities = tools, .n_capabilities = 2};
	aim_attestationinterop_expected expected = {.struct_size = sizeof expected, .name = aim_str_from("filesystem")};
	expected.url = aim_str_from("npx -y @modelcontextprotocol/server-filesystem /tmp");

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &agent));
	check(aim_buf_new(ctx, &payload));
	seen.flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY;
	seen.agent_id = aim_str_from("agt_0190f3a4b5c67d8e9f00112233445566");
	seen.name = expected.name;
	seen.url = expected.url;
	seen.latency_us = 45250;
	check(aim_attestationinterop_sign(key, &seen, payload, signature, &err));
	printf("%.*s\n%s\n", (int)aim_buf_str(payload).len, aim_buf_str(payload).ptr, signature);

	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_attestationinterop_verify(ctx, aim_buf_str(payload), aim_str_from(signature), &agent, &expected,
	                                    now_us / 1000000, NULL, &err));
	expected.name = aim_str_from("github");
	aim_status other = aim_attestationinterop_verify(ctx, aim_buf_str(payload), aim_str_from(signature), &agent, &expected,
	                                                 now_us / 1000000, NULL, &err);
	printf("for another server: %s\n", aim_status_name(other));

	aim_buf_free(payload);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return other == AIM_E_CLAIM ? 0 : 1;
}
