/* http_sign — sign an HTTP request under libaim-http/v1, verify it, and see its replay refused. */
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
	aim_replay *guard = NULL;
	aim_public_key peer;
	aim_httpsig_request request = {.struct_size = sizeof request};
	aim_httpsig_values values;
	aim_httpsig_headers headers = {.struct_size = sizeof headers};
	/* The key is new with this program, so there is no message from before. */
	aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	char block[512];
	int64_t now_us;

	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &peer));
	check(aim_replay_open_memory(ctx, &options, &guard, &err));
	check(aim_ctx_now_us(ctx, &now_us));

	request.method = aim_str_from("POST");
	request.authority = aim_str_from("mcp.example.org");
	request.target = aim_str_from("/tools/search?page=2");
	request.body = aim_bytes_from("{\"q\":\"weather\"}", 15);
	check(aim_httpsig_sign(key, &request, now_us, (aim_str){NULL, 0}, &values, &err));
	snprintf(block, sizeof block, "AIM-Timestamp: %s\r\nAIM-Nonce: %s\r\nAIM-Key-Id: %s\r\nAIM-Signature: %s\r\n",
	         values.timestamp, values.nonce, values.key_id, values.signature);
	fputs(block, stdout);

	/* The other side. */
	aim_headers source = {.struct_size = sizeof source, .block = aim_str_from(block)};
	check(aim_httpsig_read_headers(&source, &headers, &err));
	check(aim_httpsig_verify(guard, &peer, &request, &headers, 0, now_us, &err));
	puts("first     accepted");
	aim_status again = aim_httpsig_verify(guard, &peer, &request, &headers, 0, now_us, &err);
	printf("again     %s\n", err.message);

	aim_replay_free(guard);
	aim_key_unref(key);
	aim_ctx_free(ctx);
	return again == AIM_E_REPLAY ? 0 : 1;
}
