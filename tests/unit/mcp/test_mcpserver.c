/* The core of a server: both eras, every error with its code, nothing half said, and no memory. */
#include "support.h"

#include <aim/mcpserver.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define META(version, more)                                                                                            \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"" version "\"" more "}"
#define MODERN META("2026-07-28", ",\"io.modelcontextprotocol/clientCapabilities\":{}")
#define INIT(version)                                                                                                  \
	J "\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" version                                  \
	  "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}"

typedef struct rig {
	test_heap heap;
	aim_ctx *ctx;
	aim_mcpserver *server;
	aim_mcpserver_session *session;
	aim_buf *out;
} rig;

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
	if (aim_str_equal(tool, aim_str_from("echo")))
		return aim_buf_append(out, arguments);
	if (aim_str_equal(tool, aim_str_from("seven")))
		return aim_buf_append(out, aim_bytes_from("7", 1));
	if (aim_str_equal(tool, aim_str_from("garbage")))
		return aim_buf_append(out, aim_bytes_from("{", 1));
	if (aim_str_equal(tool, aim_str_from("ask"))) {
		strcpy(err->message, "elicitation");
		return AIM_E_MCPSERVER_CAPABILITY;
	}
	if (!aim_str_equal(tool, aim_str_from("fails")))
		return AIM_E_NOT_FOUND;
	strcpy(err->message, "it is broken");
	return AIM_E_INVALID;
}

static aim_mcpserver_options options(void)
{
	aim_mcpserver_options o = {.struct_size = sizeof o, .list = list_tools, .call = call_tool, .ttl_ms = 1000};
	o.name = aim_str_from("echoes");
	o.version = aim_str_from("1.2");
	o.instructions = aim_str_from("Shout.");
	return o;
}

static void rig_up(rig *r)
{
	aim_mcpserver_options o = options();
	r->ctx = test_ctx(&r->heap);
	assert_status(aim_mcpserver_new(r->ctx, &o, &r->server, NULL), AIM_OK);
	assert_status(aim_mcpserver_session_new(r->server, &r->session, NULL), AIM_OK);
	assert_status(aim_buf_new(r->ctx, &r->out), AIM_OK);
}

static void rig_down(rig *r)
{
	aim_buf_free(r->out);
	aim_mcpserver_session_free(r->session);
	aim_mcpserver_free(r->server);
	test_ctx_done(r->ctx, &r->heap);
}

static const char *say(rig *r, const char *message)
{
	aim_buf_clear(r->out);
	assert_status(aim_mcpserver_answer(r->session, NULL, aim_bytes_from(message, strlen(message)), r->out, NULL), AIM_OK);
	return (const char *)aim_buf_bytes(r->out).ptr;
}

#define assert_has(r, message, part)                                                                                   \
	do {                                                                                                               \
		const char *said_ = say((r), (message));                                                                       \
		if (!said_ || !strstr(said_, (part)))                                                                          \
			fail_msg("%s\nanswered %s\nwithout %s", (message), said_ ? said_ : "nothing", (part));                     \
	} while (0)

#define assert_error(r, message, code)                                                                                 \
	do {                                                                                                               \
		assert_has((r), (message), "\"error\":{\"code\":" #code ",");                                                  \
		assert_int_equal(aim_mcpserver_session_error((r)->session), code);                                             \
	} while (0)

static void silent(rig *r, const char *message)
{
	say(r, message);
	assert_int_equal(aim_buf_bytes(r->out).len, 0);
}

static void it_begins_with_initialize(void **state)
{
	rig r;
	(void)state;
	rig_up(&r);
	assert_string_equal(say(&r, INIT("2025-06-18")),
	                    J "\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},"
	                      "\"instructions\":\"Shout.\",\"serverInfo\":{\"name\":\"echoes\",\"version\":\"1.2\"}}}");
	silent(&r, J "\"method\":\"notifications/initialized\"}");
	assert_has(&r, INIT("1999-01-01"), "\"protocolVersion\":\"2025-11-25\"");
	assert_has(&r, INIT("2026-07-28"), "\"protocolVersion\":\"2025-11-25\"");
	assert_string_equal(say(&r, J "\"id\":\"p\",\"method\":\"ping\"}"), J "\"id\":\"p\",\"result\":{}}");
	assert_string_equal(say(&r, J "\"id\":2,\"method\":\"tools/list\"}"),
	                    J "\"id\":2,\"result\":{\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]}}");
	assert_error(&r, J "\"id\":3,\"method\":\"tools/list\",\"params\":{\"cursor\":\"x\"}}", -32602);
	assert_error(&r, J "\"id\":4,\"method\":\"initialize\",\"params\":{}}", -32602);
	assert_error(&r, J "\"id\":4,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}}", -32602);
	rig_down(&r);
}

static void requests_of_2026_stand_alone(void **state)
{
	rig r;
	(void)state;
	rig_up(&r);
	assert_string_equal(
		say(&r, J "\"id\":1,\"method\":\"server/discover\",\"params\":{" MODERN "}}"),
		J "\"id\":1,\"result\":{\"resultType\":\"complete\",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":"
		  "{\"name\":\"echoes\",\"version\":\"1.2\"}},\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\","
		  "\"2025-06-18\",\"2025-03-26\",\"2024-11-05\"],\"capabilities\":{\"tools\":{}},\"instructions\":\"Shout.\","
		  "\"ttlMs\":1000,\"cacheScope\":\"private\"}}");
	assert_has(&r, J "\"id\":2,\"method\":\"tools/list\",\"params\":{" MODERN "}}", "\"ttlMs\":1000,\"cacheScope\"");
	assert_error(&r, J "\"id\":3,\"method\":\"tools/list\",\"params\":{" META("2027-01-01", "") "}}", -32022);
	assert_has(&r, J "\"id\":3,\"method\":\"tools/list\",\"params\":{" META("2027-01-01", "") "}}",
	           "\"requested\":\"2027-01-01\"");
	assert_error(&r, J "\"id\":3,\"method\":\"tools/list\",\"params\":{" META("2026-07-28", "") "}}", -32602);
	assert_error(&r, J "\"id\":4,\"method\":\"initialize\",\"params\":{" MODERN "}}", -32601);
	assert_error(&r, J "\"id\":5,\"method\":\"server/discover\"}", -32602);
	assert_error(&r, J "\"id\":5,\"method\":\"ping\",\"params\":{" MODERN "}}", -32601);
	assert_error(&r, J "\"id\":6,\"method\":\"tools/call\",\"params\":{\"name\":\"ask\"," MODERN "}}", -32021);
	assert_has(&r, J "\"id\":6,\"method\":\"tools/call\",\"params\":{\"name\":\"ask\"," MODERN "}}",
	           "\"data\":{\"requiredCapabilities\":{\"elicitation\":{}}}");
	rig_down(&r);
}

static void tools_are_called(void **state)
{
	rig r;
	(void)state;
	rig_up(&r);
	assert_string_equal(
		say(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":1.50}}}"),
		J "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"a\\\":1.50}\"}],"
		  "\"structuredContent\":{\"a\":1.50},\"isError\":false}}");
	assert_string_equal(say(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"seven\"}}"),
	                    J "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"7\"}],\"isError\":false}}");
	assert_string_equal(say(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"fails\"}}"),
	                    J "\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"it is broken\"}],"
	                      "\"isError\":true}}");
	assert_int_equal(aim_mcpserver_session_error(r.session), 0);
	assert_error(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"other\"}}", -32602);
	assert_has(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"other\"}}", "Unknown tool: other");
	assert_error(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{}}", -32602);
	assert_error(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":[]}}", -32602);
	assert_error(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"garbage\"}}", -32603);
	rig_down(&r);
}

static void what_is_no_message_gets_its_code(void **state)
{
	rig r;
	(void)state;
	rig_up(&r);
	assert_error(&r, "", -32700);
	assert_error(&r, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}", -32700);
	assert_has(&r, "nonsense", "\"id\":null");
	assert_error(&r, "7", -32600);
	assert_error(&r, "{\"id\":1,\"method\":\"ping\"}", -32600);
	assert_error(&r, J "\"id\":null,\"method\":\"ping\"}", -32600);
	assert_error(&r, J "\"id\":1,\"method\":\"ping\",\"params\":[]}", -32602);
	assert_error(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"Name\":\"echo\"}}", -32602);
	assert_error(&r, J "\"id\":1,\"method\":\"resources/list\"}", -32601);
	silent(&r, J "\"method\":\"notifications/whatever\"}");
	silent(&r, J "\"id\":1,\"result\":{}}");
	rig_down(&r);
}

static void batches_are_of_one_version(void **state)
{
	static const char two[] = "[" J "\"id\":1,\"method\":\"ping\"}," J "\"method\":\"notifications/x\"}," J
							  "\"id\":2,\"method\":\"nope\"}]";
	rig r;
	(void)state;
	rig_up(&r);
	assert_error(&r, two, -32600);
	assert_status(aim_mcpserver_session_set_version(r.session, aim_str_from("2025-03-26"), NULL), AIM_OK);
	assert_string_equal(say(&r, two), "[" J "\"id\":1,\"result\":{}}," J
	                                  "\"id\":2,\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}]");
	assert_int_equal(aim_mcpserver_session_error(r.session), 0);
	silent(&r, "[" J "\"method\":\"notifications/x\"}]");
	assert_error(&r, "[]", -32600);
	assert_has(&r, "[1]", "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600");
	assert_status(aim_mcpserver_session_set_version(r.session, aim_str_from("2025-11-25"), NULL), AIM_OK);
	assert_text(aim_mcpserver_session_version(r.session), "2025-11-25");
	assert_error(&r, two, -32600);
	assert_status(aim_mcpserver_session_set_version(r.session, aim_str_from("2"), NULL), AIM_E_MCPSERVER_VERSION);
	assert_status(aim_mcpserver_session_set_version(r.session, (aim_str){NULL, 0}, NULL), AIM_OK);
	assert_null(aim_mcpserver_session_version(r.session).ptr);
	rig_down(&r);
}

static void bad_options_are_refused(void **state)
{
	rig r;
	aim_mcpserver *server = NULL;
	aim_mcpserver_options o = options();
	(void)state;
	rig_up(&r);
	o.name.len = 0;
	assert_status(aim_mcpserver_new(r.ctx, &o, &server, NULL), AIM_E_INVALID);
	o = options();
	o.call = NULL;
	assert_status(aim_mcpserver_new(r.ctx, &o, &server, NULL), AIM_E_INVALID);
	o = options();
	o.title = aim_str_from("\xff");
	assert_status(aim_mcpserver_new(r.ctx, &o, &server, NULL), AIM_E_UTF8);
	o = options();
	o.flags = 1;
	assert_status(aim_mcpserver_new(r.ctx, &o, &server, NULL), AIM_E_VERSION);
	assert_null(server);
	assert_status(aim_mcpserver_answer(NULL, NULL, (aim_bytes){NULL, 0}, r.out, NULL), AIM_E_INVALID);
	aim_mcpserver_free(NULL);
	aim_mcpserver_session_free(NULL);
	rig_down(&r);
}

static aim_status whole_life(aim_ctx *ctx, void *arg)
{
	static const char call[] =
		J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":1}}}";
	aim_mcpserver_options o = options();
	aim_mcpserver *server = NULL;
	aim_mcpserver_session *session = NULL;
	aim_buf *out = NULL;
	(void)arg;
	aim_status rc = aim_mcpserver_new(ctx, &o, &server, NULL);
	if (rc == AIM_OK)
		rc = aim_mcpserver_session_new(server, &session, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_mcpserver_answer(session, NULL, aim_bytes_from(call, sizeof call - 1), out, NULL);
	if (out && rc != AIM_OK)
		assert_int_equal(aim_buf_bytes(out).len, 0);
	aim_buf_free(out);
	aim_mcpserver_session_free(session);
	aim_mcpserver_free(server);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_life, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_initialize),
		cmocka_unit_test(requests_of_2026_stand_alone),
		cmocka_unit_test(tools_are_called),
		cmocka_unit_test(what_is_no_message_gets_its_code),
		cmocka_unit_test(batches_are_of_one_version),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
