/* mcp_sign — sign an MCP request with X-MCP-Signature, answer it with a signed response, and see a
 * changed body refused with the one text that clients are shown. */
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

static aim_mcpsig_headers headers_of(const aim_mcpsig_values *values)
{
	aim_mcpsig_headers headers = {.struct_size = sizeof headers};
	headers.timestamp = aim_str_from(values->timestamp);
	headers.signature = aim_str_from(values->signature);
	return headers;
}

int main(void)
{
	aim_bytes body = aim_bytes_from("{\"city\": \"San Francisco\"}", 25);
	aim_bytes other = aim_bytes_from("{\"city\": \"San Diego\"}", 21);
	aim_bytes answer = aim_bytes_from("{\"sky\": \"clear\"}", 16);
	aim_ctx *ctx = NULL;
	aim_key *client = NULL, *server = NULL;
	aim_public_key client_public, server_public;
	aim_replay *guard = NULL;
	aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	aim_mcpsig_values request, response;
	int64_t now_us;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &client, &err));
	check(aim_key_generate(ctx, AIM_KEY_SERVER, &server, &err));
	check(aim_key_public(client, &client_public));
	check(aim_key_public(server, &server_public));
	check(aim_replay_open_memory(ctx, &options, &guard, &err));
	check(aim_ctx_now_us(ctx, &now_us));

	check(aim_mcpsig_sign(client, body, now_us, &request, &err));
	printf("X-MCP-Signature: %s\nX-MCP-Timestamp: %s\n", request.signature, request.timestamp);

	/* The server: a changed body first, then the one that was signed. */
	aim_mcpsig_headers headers = headers_of(&request);
	if (aim_mcpsig_verify(guard, &client_public, other, &headers, 0, now_us, &err) == AIM_OK)
		return 1;
	printf("changed   %d %s (for the operator: %s)\n", AIM_MCPSIG_REFUSAL_STATUS, AIM_MCPSIG_REFUSAL_TEXT,
	       err.message);
	check(aim_mcpsig_verify(guard, &client_public, body, &headers, 0, now_us, &err));
	check(aim_mcpsig_sign_response(server, aim_str_from(request.signature), 200, answer, now_us, &response, &err));

	/* The client: the answer is to this request and came unchanged. */
	headers = headers_of(&response);
	check(aim_mcpsig_verify_response(ctx, &server_public, aim_str_from(request.signature), 200, answer,
	                                 &headers, 0, now_us, &err));
	puts("answer    valid");

	aim_replay_free(guard);
	aim_key_unref(server);
	aim_key_unref(client);
	aim_ctx_free(ctx);
	return 0;
}
