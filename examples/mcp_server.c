/* mcp_server — the core of an MCP server with one tool, answering a client of each era. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_status list_tools(void *user, aim_buf *out, aim_error *why)
{
	(void)user;
	(void)why;
	return aim_buf_append(out, aim_bytes_from_str(aim_str_from(
		"[{\"name\":\"echo\",\"description\":\"Says it again\",\"inputSchema\":{\"type\":\"object\"}}]")));
}

static aim_status call_tool(void *user, const aim_request *caller, aim_str tool, aim_bytes arguments, aim_buf *out,
                            aim_error *why)
{
	(void)user;
	(void)caller;
	(void)why;
	return aim_str_equal(tool, aim_str_from("echo")) ? aim_buf_append(out, arguments) : AIM_E_NOT_FOUND;
}

int main(void)
{
	static const char *const messages[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
		"\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"x\":1}}}",
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server/discover\",\"params\":{\"_meta\":{"
		"\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
	};
	aim_mcpserver_options o = {.struct_size = sizeof o, .list = list_tools, .call = call_tool};
	aim_ctx *ctx = NULL;
	aim_mcpserver *server = NULL;
	aim_mcpserver_session *session = NULL;
	aim_buf *out = NULL;
	o.name = aim_str_from("echoes");
	o.version = aim_str_from("1.0");
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_mcpserver_new(ctx, &o, &server, &err));
	check(aim_mcpserver_session_new(server, &session, &err));
	check(aim_buf_new(ctx, &out));
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		aim_buf_clear(out);
		check(aim_mcpserver_answer(session, NULL, aim_bytes_from_str(aim_str_from(messages[i])), out, &err));
		printf("%s\n", aim_buf_bytes(out).len ? aim_buf_str(out).ptr : "(no answer)");
	}
	int code = aim_mcpserver_session_error(session) ? 1 : 0;
	aim_buf_free(out);
	aim_mcpserver_session_free(session);
	aim_mcpserver_free(server);
	aim_ctx_free(ctx);
	return code;
}
