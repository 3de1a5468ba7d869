/* attestation — an agent attests a server that it saw; anyone verifies that with the agent's public key alone. */
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

static void attest(const aim_key *key, aim_buf *envelope)
{
	aim_str tools[2] = {aim_str_from("read_file"), aim_str_from("list_directory")};
	aim_attestation_payload seen = {.struct_size = sizeof seen, .capabilities = tools, .n_capabilities = 2};
	seen.flags = AIM_ATTESTATION_CONNECTED | AIM_ATTESTATION_HEALTHY;
	seen.agent_id = aim_str_from("agt_0190f3a4b5c67d8e9f00112233445566");
	seen.server_id = aim_str_from("srv_0190f3a4b5c67d8e9f00112233445577");
	seen.server_name = aim_str_from("filesystem");
	seen.server_url = aim_str_from("https://mcp.example/");
	seen.latency_us = 4200;
	check(aim_attestation_sign(key, &seen, envelope, &err));
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_key *key = NULL;
	aim_public_key agent;
	aim_buf *envelope = NULL;
	aim_attestation *read = NULL;
	char identity[AIM_ATTESTATION_IDENTITY_SIZE];
	int64_t now_us = 0;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &agent));
	check(aim_buf_new(ctx, &envelope));
	attest(key, envelope);

	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_attestation_verify(ctx, aim_buf_str(envelope), &agent, now_us / 1000000, &read, &err));
	check(aim_attestation_identity_text(ctx, &agent, identity));
	const aim_attestation_payload *seen = aim_attestation_read(read);
	printf("%s attests %s with %u capabilities\n", identity, seen->server_name.ptr, (unsigned)seen->n_capabilities);

	aim_attestation_free(read);
	aim_buf_free(envelope);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return 0;
}
