/* challenge — a server proves its key to an agent, once. */
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
	aim_key *server_key = NULL;
	aim_public_key registered;
	aim_challenge_issuer *issuer = NULL;
	aim_buf *text = NULL;
	int64_t now_us = 0;
	uint8_t signature[AIM_KEY_SIGNATURE_LEN];
	aim_str server = aim_str_from("srv_0192f0c1000070008000000000000001");
	aim_str agent = aim_str_from("did:mesh:0123456789abcdef0123456789abcdef");

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_key_generate(ctx, AIM_KEY_SERVER, &server_key, &err));
	check(aim_key_public(server_key, &registered));
	check(aim_challenge_issuer_new(ctx, NULL, &issuer, &err));
	check(aim_buf_new(ctx, &text));

	check(aim_challenge_issue(issuer, server, agent, now_us / 1000000, text, &err));
	printf("challenge  %s\n", aim_buf_str(text).ptr);
	check(aim_challenge_sign(server_key, aim_buf_str(text), agent, now_us / 1000000, signature, &err));

	aim_challenge_response r = {.struct_size = sizeof r, .server_id = server, .agent_did = agent};
	r.challenge = aim_buf_str(text);
	r.signature = aim_bytes_from(signature, sizeof signature);
	r.public_key = &registered;
	r.trusted = &registered;
	r.n_trusted = 1;
	check(aim_challenge_verify(issuer, &r, now_us / 1000000, &err));
	printf("first      proved\n");
	aim_status rc = aim_challenge_verify(issuer, &r, now_us / 1000000, &err);
	printf("again      %s\n", err.message);

	aim_buf_free(text);
	aim_challenge_issuer_free(issuer);
	aim_key_unref(server_key);
	aim_ctx_free(ctx);
	return rc == AIM_E_REPLAY ? 0 : 1;
}
