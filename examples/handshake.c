/* handshake — an agent asks a peer who it is and what it may do, and remembers the answer. */
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

static void show(const aim_handshake_result *result)
{
	printf("%s: %s, score %u (%s), claims %u\n", aim_handshake_result_peer(result).ptr,
	       aim_handshake_result_reason(result).ptr, aim_handshake_result_score(result),
	       aim_handshake_level_name(aim_handshake_result_level(result)),
	       aim_handshake_result_claimed_score(result));
}

int main(void)
{
	static const aim_str wanted = {"read:data", 9}, offered = {"read:*", 6};
	aim_ctx *ctx = NULL;
	aim_key *my_key = NULL, *peer_key = NULL;
	aim_public_key mine, theirs;
	aim_buf *challenge = NULL, *response = NULL;
	int64_t now_us = 0;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_ctx_now_us(ctx, &now_us));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &my_key, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &peer_key, &err));
	check(aim_key_public(my_key, &mine));
	check(aim_key_public(peer_key, &theirs));
	check(aim_buf_new(ctx, &challenge));
	check(aim_buf_new(ctx, &response));

	aim_handshake *handshake = NULL;
	aim_handshake_spec spec = {.struct_size = sizeof spec, .capabilities = &wanted, .n_capabilities = 1};
	spec.initiator = aim_str_from("did:mesh:invoice-bot");
	spec.responder = aim_str_from("did:mesh:archive");
	check(aim_handshake_new(ctx, NULL, &handshake, &err));
	check(aim_handshake_begin(handshake, my_key, &spec, now_us, challenge, &err));

	/* The peer, which knows the key of the one that asks. */
	aim_handshake_terms terms = {.struct_size = sizeof terms, .initiator_key = &mine};
	terms.responder = spec.responder;
	terms.capabilities = &offered;
	terms.n_capabilities = 1;
	terms.claimed_score = 1000;
	check(aim_handshake_respond(peer_key, aim_buf_bytes(challenge), &terms, now_us, response, &err));

	/* The score is our own. With a registry the key would come from there. */
	aim_handshake_check against = {.struct_size = sizeof against, .peer_key = &theirs};
	aim_handshake_result *result = NULL, *again = NULL;
	against.score = 640;
	against.required_score = 500;
	check(aim_handshake_finish(handshake, aim_buf_bytes(response), &against, now_us, &result, &err));
	show(result);
	check(aim_handshake_recall(handshake, &spec, &against, now_us, &again, &err));
	show(again);
	aim_handshake_result_free(again);
	if (aim_handshake_finish(handshake, aim_buf_bytes(response), &against, now_us, &again, &err) == AIM_OK)
		return 1;
	printf("the same response again: %s\n", aim_handshake_result_reason(again).ptr);

	aim_handshake_result_free(again);
	aim_handshake_result_free(result);
	aim_handshake_free(handshake);
	aim_buf_free(response);
	aim_buf_free(challenge);
	aim_key_unref(peer_key);
	aim_key_unref(my_key);
	aim_ctx_free(ctx);
	return 0;
}
