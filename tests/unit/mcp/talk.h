/* tests/unit/mcp/talk.h — one conversation with something of everything: both eras, lists that drift, denials,
 * hostile lines, batches of the wrong revision, requests of the server. */
#ifndef AIM_TESTS_MCP_TALK_H
#define AIM_TESTS_MCP_TALK_H

#include <aim/guard.h>

typedef struct talk_line {
	uint32_t from;
	const char *text;
} talk_line;

#define TALK_C AIM_GUARD_CLIENT
#define TALK_S AIM_GUARD_SERVER
#define TALK_J "{\"jsonrpc\":\"2.0\","
#define TALK_META "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"

static const talk_line talk[] = {
	{TALK_C, TALK_J "\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}}}"},
	{TALK_S, TALK_J "\"id\":0,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}}}}"},
	{TALK_C, TALK_J "\"method\":\"notifications/initialized\"}"},
	{TALK_C, "garbage \xff"},
	{TALK_C, TALK_J "\"id\":\"l\",\"method\":\"tools/list\"}"},
	{TALK_S, TALK_J "\"id\":\"l\",\"result\":{\"tools\":[ {\"name\":\"read\",\"description\":\"R\\u00e9ads\"} , {\"name\":\"wipe\",\"annotations\":"
	         "{\"destructiveHint\":true}},{\"name\":\"two\"},{\"name\":\"two\"} ]}}"},
	{TALK_C, TALK_J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"arguments\":{\"path\":\"/a\",\"n\":1.50}}}"},
	{TALK_S, TALK_J "\"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,\"progress\":0.5}}"},
	{TALK_S, TALK_J "\"id\":9,\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[]}}"},
	{TALK_C, TALK_J "\"id\":9,\"result\":{\"role\":\"assistant\"}}"},
	{TALK_C, "[" TALK_J "\"id\":2,\"method\":\"ping\"}]"},
	{TALK_C, TALK_J "\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"wipe\"}}"},
	{TALK_C, TALK_J "\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"hidden\"}}"},
	{TALK_S, TALK_J "\"id\":4,\"result\":{}}"},
	{TALK_S, TALK_J "\"id\":1,\"result\":{\"content\":[]}}"},
	{TALK_C, TALK_J "\"id\":\"l\",\"method\":\"tools/list\"}"},
	{TALK_S, TALK_J "\"id\":\"l\",\"result\":{\"tools\":[{\"name\":\"read\",\"description\":\"Evil\"},{\"name\":\"look\"}],\"nextCursor\":\"2\"}}"},
	{TALK_C, TALK_J "\"id\":5,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}"},
	{TALK_C, TALK_J "\"id\":6,\"method\":\"vendor/x\"}"},
	{TALK_C, TALK_J "\"id\":7,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///a\"," TALK_META "}}"},
	{TALK_S, TALK_J "\"id\":7,\"result\":{\"resultType\":\"input_required\",\"requestState\":\"s\",\"inputRequests\":{\"a\":{\"method\":"
	         "\"elicitation/create\",\"params\":{}}}}}"},
	{TALK_C, TALK_J "\"id\":8,\"method\":\"prompts/get\",\"params\":{\"name\":\"p\",\"requestState\":\"s\"," TALK_META "}}"},
	{TALK_C, TALK_J "\"id\":8,\"method\":\"resources/read\",\"params\":{\"uri\":\"file:///a\",\"requestState\":\"s\"," TALK_META "}}"},
	{TALK_C, TALK_J "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":8}}"},
	{TALK_S, ""},
	{TALK_S, "{\"id\":8"},
};

#define TALK_N (sizeof talk / sizeof *talk)

#endif
