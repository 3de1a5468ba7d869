/* http_signature — sign a request, verify it once, sign the response bound to it, and see a changed answer refused. */
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

/* Adds Content-Digest, signs, and adds the two signature fields to fields[0 … 2]. */
static void sign(aim_ctx *ctx, const aim_key *key, aim_rfc9421_message *message, aim_rfc9421_field fields[3],
                 aim_buf *values[3])
{
	check(aim_contentdigest_make(ctx, message->body, values[0]));
	fields[0] = (aim_rfc9421_field){aim_str_from("Content-Digest"), aim_buf_str(values[0]), 0, 0};
	message->fields = fields;
	message->n_fields = 1;
	check(aim_rfc9421_sign(key, message, NULL, values[1], values[2], &err));
	fields[1] = (aim_rfc9421_field){aim_str_from("Signature-Input"), aim_buf_str(values[1]), 0, 0};
	fields[2] = (aim_rfc9421_field){aim_str_from("Signature"), aim_buf_str(values[2]), 0, 0};
	message->n_fields = 3;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_key *agent = NULL, *server = NULL;
	aim_public_key agent_public, server_public;
	aim_replay *guard = NULL;
	aim_buf *values[6] = {NULL};
	aim_rfc9421_field request_fields[3], response_fields[3];
	const aim_replay_options first = {.struct_size = sizeof first, .flags = AIM_REPLAY_FIRST_START};
	aim_rfc9421_message request = {.struct_size = sizeof request,
	                               .method = aim_str_from("POST"),
	                               .scheme = aim_str_from("https"),
	                               .authority = aim_str_from("tools.example"),
	                               .path = aim_str_from("/mcp"),
	                               .body = aim_bytes_from("{\"amount\":10}", 13)};
	aim_rfc9421_message response = {.struct_size = sizeof response,
	                                .status = 200,
	                                .body = aim_bytes_from("{\"ok\":true}", 11),
	                                .request = &request};

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &agent, &err));
	check(aim_key_generate(ctx, AIM_KEY_SERVER, &server, &err));
	check(aim_key_public(agent, &agent_public));
	check(aim_key_public(server, &server_public));
	check(aim_replay_open_memory(ctx, &first, &guard, &err));
	for (int i = 0; i < 6; i++)
		check(aim_buf_new(ctx, &values[i]));

	sign(ctx, agent, &request, request_fields, values);
	printf("Signature-Input: %s\n", aim_buf_str(values[1]).ptr);
	const aim_rfc9421_policy once = {.struct_size = sizeof once, .guard = guard};
	check(aim_rfc9421_verify(ctx, &request, &agent_public, &once, &err));
	aim_status again = aim_rfc9421_verify(ctx, &request, &agent_public, &once, &err);
	printf("request   valid; again: %s\n", err.message);

	sign(ctx, server, &response, response_fields, values + 3);
	check(aim_rfc9421_verify(ctx, &response, &server_public, NULL, &err));
	response.body = aim_bytes_from("{\"ok\":null}", 11);
	aim_status changed = aim_rfc9421_verify(ctx, &response, &server_public, NULL, &err);
	printf("response  valid; changed: %s\n", err.message);

	for (int i = 0; i < 6; i++)
		aim_buf_free(values[i]);
	aim_replay_free(guard);
	aim_key_unref(agent);
	aim_key_unref(server);
	aim_ctx_free(ctx);
	return again == AIM_E_REPLAY && changed == AIM_E_DIGEST ? 0 : 1;
}
