/* guard_request — the guard as an HTTP host uses it: a request whose headers and body agree goes on, one whose header names
 * another tool is refused. */
#include <aim/aim.h>

#include <stdio.h>

#define BODY "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"delete_all\"}}"

static int ask(aim_guard *guard, const char *headers)
{
	aim_error err = {0};
	aim_headers h = {.struct_size = sizeof h, .block = aim_str_from(headers)};
	uint32_t http = 0;
	aim_status rc = aim_guard_request(guard, &h, aim_bytes_from(BODY, sizeof BODY - 1), &http, &err);
	if (rc != AIM_OK) {
		fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
		return 1;
	}
	aim_bytes on = aim_guard_output(guard, AIM_GUARD_SERVER);
	aim_bytes answer = aim_guard_output(guard, AIM_GUARD_CLIENT);
	printf("%zu bytes for the server; for the client: %u %.*s\n", on.len, http, (int)answer.len, (const char *)answer.ptr);
	rc = aim_guard_consume(guard, AIM_GUARD_CLIENT, answer.len);
	if (rc == AIM_OK && on.len > 0) {
		rc = aim_guard_consume(guard, AIM_GUARD_SERVER, on.len);
		if (rc == AIM_OK) /* the server cannot be reached */
			rc = aim_guard_abandon(guard, aim_bytes_from(BODY, sizeof BODY - 1), &err);
		answer = aim_guard_output(guard, AIM_GUARD_CLIENT);
		printf("then: %.*s", (int)answer.len, (const char *)answer.ptr);
		(void)aim_guard_consume(guard, AIM_GUARD_CLIENT, answer.len);
	}
	return rc == AIM_OK ? 0 : 1;
}

/* What the server showed earlier. */
static int list(aim_guard *guard)
{
	static const char asked[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/list\"}";
	static const char shown[] = "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"tools\":[{\"name\":\"delete_all\"}]}}";
	aim_status rc = aim_guard_message(guard, AIM_GUARD_CLIENT, aim_bytes_from(asked, sizeof asked - 1), NULL);
	if (rc == AIM_OK)
		rc = aim_guard_message(guard, AIM_GUARD_SERVER, aim_bytes_from(shown, sizeof shown - 1), NULL);
	for (uint32_t side = AIM_GUARD_CLIENT; side <= AIM_GUARD_SERVER && rc == AIM_OK; side++)
		rc = aim_guard_consume(guard, side, aim_guard_output(guard, side).len);
	return rc == AIM_OK ? 0 : 1;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_guard *guard = NULL;
	int code = aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_guard_new(ctx, NULL, &guard, NULL) != AIM_OK || list(guard) ||
	           ask(guard, "Mcp-Method: tools/call\r\nMcp-Name: delete_all\r\n") ||
	           ask(guard, "Mcp-Method: tools/call\r\nMcp-Name: read_one\r\n");
	aim_guard_free(guard);
	aim_ctx_free(ctx);
	return code;
}
