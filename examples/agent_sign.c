/* agent_sign — sign a request with X-Agent-ID, X-Signature, X-Timestamp and X-Public-Key, and see a key
 * that is not the registered one refused. */
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
	aim_str agent = aim_str_from("agt_0198c0de0000700080000000000000aa");
	aim_ctx *ctx = NULL;
	aim_key *key = NULL, *stranger = NULL;
	aim_public_key registered;
	aim_replay *guard = NULL;
	aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	aim_agentsig_request request = {.struct_size = sizeof request};
	aim_agentsig_values values;
	int64_t now_us;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &stranger, &err));
	check(aim_key_public(key, &registered));
	check(aim_replay_open_memory(ctx, &options, &guard, &err));
	check(aim_ctx_now_us(ctx, &now_us));

	request.method = aim_str_from("POST");
	request.path = aim_str_from("/api/v1/actions");
	request.body = aim_bytes_from("{\"action\":\"read\"}", 17);

	aim_status rc = AIM_OK;
	aim_key *signers[] = {key, stranger};
	for (int i = 0; i < 2; i++) {
		check(aim_agentsig_sign(signers[i], &request, now_us, &values, &err));
		aim_agentsig_headers headers = {.struct_size = sizeof headers, .agent_id = agent};
		headers.timestamp = aim_str_from(values.timestamp);
		headers.signature = aim_str_from(values.signature);
		headers.public_key = aim_str_from(values.public_key);
		rc = aim_agentsig_verify(guard, agent, &registered, &request, &headers, 0, now_us, &err);
		printf("%s  %s\n", i == 0 ? "agent   " : "stranger", rc == AIM_OK ? "accepted" : err.message);
		if (i == 0)
			check(rc);
	}
	aim_replay_free(guard);
	aim_key_unref(stranger);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return rc == AIM_E_UNTRUSTED_KEY ? 0 : 1;
}
