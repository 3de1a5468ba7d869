/* Bytes of a client against the core of a server: one message per line. What comes out is JSON, or nothing. */
#include "support.h"

#include <aim/json.h>
#include <aim/mcpserver.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_status list_tools(void *user, aim_buf *out, aim_error *err)
{
	static const char tools[] = "[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]";
	(void)user;
	(void)err;
	return aim_buf_append(out, aim_bytes_from(tools, sizeof tools - 1));
}

static aim_status call_tool(void *user, const aim_request *caller, aim_str tool, aim_bytes arguments, aim_buf *out,
                            aim_error *err)
{
	(void)user;
	(void)caller;
	(void)err;
	if (aim_str_equal(tool, aim_str_from("capability")))
		return AIM_E_MCPSERVER_CAPABILITY;
	return aim_str_equal(tool, aim_str_from("echo")) ? aim_buf_append(out, arguments) : AIM_E_NOT_FOUND;
}

static void answer(aim_mcpserver_session *session, aim_json *doc, aim_bytes line, aim_buf *out)
{
	aim_buf_clear(out);
	if (aim_mcpserver_answer(session, NULL, line, out, NULL) != AIM_OK)
		abort();
	if (aim_buf_bytes(out).len && aim_json_parse(doc, aim_buf_bytes(out), AIM_JSON_BORROW, NULL) != AIM_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_mcpserver_options o = {.struct_size = sizeof o, .list = list_tools, .call = call_tool};
	aim_ctx *ctx = NULL;
	aim_mcpserver *server = NULL;
	aim_mcpserver_session *session = NULL;
	aim_json *doc = NULL;
	aim_buf *out = NULL;
	o.name = o.version = aim_str_from("x");
	if (aim_ctx_new(NULL, &ctx, NULL) != AIM_OK || aim_mcpserver_new(ctx, &o, &server, NULL) != AIM_OK ||
	    aim_mcpserver_session_new(server, &session, NULL) != AIM_OK || aim_json_new(ctx, &doc) != AIM_OK ||
	    aim_buf_new(ctx, &out) != AIM_OK)
		abort();
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		answer(session, doc, aim_bytes_from(data, len), out);
		len += end ? 1 : 0;
		data += len;
		size -= len;
	}
	aim_buf_free(out);
	aim_json_free(doc);
	aim_mcpserver_session_free(session);
	aim_mcpserver_free(server);
	aim_ctx_free(ctx);
	return 0;
}
