/* Streamable HTTP: what headers and body say must agree, in both eras; whole messages with line feeds in them. */
#include "rig.h"

#include <aim/guardhttp.h>

#include <stdio.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define MODERN "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define V "MCP-Protocol-Version: 2026-07-28\r\n"
#define CALL(arguments) J "\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"sql\",\"arguments\":" arguments "," MODERN "}}"
#define LEGACY J "\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"sql\",\"arguments\":{\"region\":\"eu\"}}}"
#define SQL V "Mcp-Method: tools/call\r\nMcp-Name: sql\r\n"

static const char tools[] =
	"{\"name\":\"sql\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"region\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},"
	"\"dry\":{\"type\":\"boolean\",\"x-mcp-header\":\"Dry\"},\"where\":{\"type\":\"object\",\"properties\":{\"limit\":{\"type\":\"integer\","
	"\"x-mcp-header\":\"Limit\"}}},\"rate\":{\"type\":\"number\",\"x-mcp-header\":\"Rate\"},\"list\":{\"type\":\"array\",\"items\":{\"type\":"
	"\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"}}}}}}},"
	"{\"name\":\"plain\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"\\u00e9t\\u00e9\"}";

static uint32_t request(rig *r, const char *headers, const char *body)
{
	aim_headers h = {.struct_size = sizeof h, .block = aim_str_from(headers)};
	uint32_t http = 99;
	assert_status(aim_guard_request(r->guard, &h, aim_bytes_from(body, strlen(body)), &http, NULL), AIM_OK);
	return http;
}

typedef struct exchange {
	const char *headers;
	const char *body;
	const char *refused; /* a piece of the answer; NULL: it passes */
} exchange;

static const exchange exchanges[] = {
	/* legacy: what is there must be true */
	{"", LEGACY, NULL},
	{"MCP-Protocol-Version: 2025-11-25\r\n", LEGACY, NULL},
	{"Host: h\r\nmcp-method: tools/call\r\nMCP-NAME: sql\r\n", LEGACY, NULL},
	{"Mcp-Method: tools/list\r\n", LEGACY, "header_method"},
	{"Mcp-Method: Tools/Call\r\n", LEGACY, "header_method"},
	{"Mcp-Name: plain\r\n", LEGACY, "header_name"},
	{"Mcp-Name: sql\r\nmcp-name: sql\r\n", LEGACY, "header_syntax"},
	{"Mcp-Name: sql\r\n Folded: x\r\n", LEGACY, "header_syntax"},
	{"Mcp-Param-Region: eu\r\n", LEGACY, NULL},
	{"Mcp-Param-Region: us\r\n", LEGACY, "header_param"},
	{"Mcp-Param-Other: eu\r\n", LEGACY, "header_param"},
	{"Mcp-Name: sql\r\n", J "\"id\":7,\"method\":\"ping\"}", "header_name"},
	{"Mcp-Param-X: 1\r\n", J "\"id\":7,\"method\":\"ping\"}", "header_param"},
	{"Mcp-Method: ping\r\n", J "\"id\":7,\"method\":\"ping\"}", NULL},
	/* 2026-07-28: they must be there */
	{SQL, CALL("{}"), NULL},
	{"Mcp-Method: tools/call\r\nMcp-Name: sql\r\n", CALL("{}"), "header_version"},
	{"MCP-Protocol-Version: 2025-11-25\r\nMcp-Method: tools/call\r\nMcp-Name: sql\r\n", CALL("{}"), "header_version"},
	{V "Mcp-Name: sql\r\n", CALL("{}"), "header_method"},
	{V "Mcp-Method: tools/call\r\n", CALL("{}"), "header_name"},
	{V "Mcp-Method: tools/call\r\nMcp-Name: =?base64?c3Fs?=\r\n", CALL("{}"), NULL},
	{V "Mcp-Method: tools/call\r\nMcp-Name: =?base64?c3F?=\r\n", CALL("{}"), "header_name"},
	{V "Mcp-Method: tools/call\r\nMcp-Name: =?base64?cGxhaW4=?=\r\n", CALL("{}"), "header_name"},
	{V "Mcp-Method: tools/call\r\nMcp-Name: sql\r\n", LEGACY, "header_param"},
	{V "Mcp-Method: ping\r\n", J "\"id\":7,\"method\":\"ping\"}", "meta_missing"},
	{V "Mcp-Method: notifications/cancelled\r\n", J "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}", NULL},
	/* parameters */
	{SQL "Mcp-Param-Region: eu\r\n", CALL("{\"region\":\"eu\"}"), NULL},
	{SQL, CALL("{\"region\":\"eu\"}"), "header_param"},
	{SQL, CALL("{\"region\":null}"), NULL},
	{SQL "Mcp-Param-Region: eu\r\n", CALL("{\"region\":null}"), "header_param"},
	{SQL "Mcp-Param-Region: eu\r\n", CALL("{}"), "header_param"},
	{SQL "Mcp-Param-Region: eu\r\nmcp-param-region: eu\r\n", CALL("{\"region\":\"eu\"}"), "header_param"},
	{SQL "Mcp-Param-Region: =?base64?w6k=?=\r\n", CALL("{\"region\":\"\\u00e9\"}"), NULL},
	{SQL "Mcp-Param-Dry: true\r\n", CALL("{\"dry\":true}"), NULL},
	{SQL "Mcp-Param-Dry: false\r\n", CALL("{\"dry\":true}"), "header_param"},
	{SQL "Mcp-Param-Limit: 42\r\n", CALL("{\"where\":{\"limit\":42.0}}"), NULL},
	{SQL "Mcp-Param-Limit: 43\r\n", CALL("{\"where\":{\"limit\":42}}"), "header_param"},
	{SQL "Mcp-Param-Limit: x\r\n", CALL("{\"where\":{\"limit\":42}}"), "header_param"},
	{SQL "Mcp-Param-Rate: 1\r\n", CALL("{\"rate\":1}"), "header_param"},
	{SQL "Mcp-Param-A: x\r\n", CALL("{\"list\":[{\"a\":\"x\"}]}"), "header_param"},
	{V "Mcp-Method: tools/call\r\nMcp-Name: plain\r\nMcp-Param-Region: eu\r\n",
	 J "\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"plain\"," MODERN "}}", "header_param"},
};

/* Whatever passes is forwarded as it is, and nothing else is. */
static void headers_and_body_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		const exchange *e = &exchanges[i];
		rig r;
		rig_start(&r, NULL);
		rig_open(&r);
		rig_list(&r, tools);
		(void)rig_taken(&r, AIM_GUARD_CLIENT);
		uint32_t http = request(&r, e->headers, e->body);
		char expected[1024];
		snprintf(expected, sizeof expected, "%s\n", e->refused ? "" : e->body);
		if (strcmp(rig_taken(&r, AIM_GUARD_SERVER), e->refused ? "" : expected) != 0)
			fail_msg("exchange %zu: %s%s: %s", i, e->headers, e->body, rig_taken(&r, AIM_GUARD_CLIENT));
		const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
		if (e->refused && !strstr(answer, e->refused))
			fail_msg("exchange %zu: %s does not say %s", i, answer, e->refused);
		assert_int_equal(http, e->refused ? 400 : 0);
		if (e->refused)
			assert_non_null(strstr(answer, strcmp(e->refused, "meta_missing") == 0 ? "-32602" : "-32020"));
		rig_stop(&r);
	}
}

static void removed_methods_are_not_found(void **state)
{
	(void)state;
	static const char *const removed[] = {"ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "initialize"};
	for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
		rig r;
		char headers[256], body[512];
		rig_start(&r, NULL);
		snprintf(headers, sizeof headers, V "Mcp-Method: %s\r\n", removed[i]);
		snprintf(body, sizeof body, J "\"id\":1,\"method\":\"%s\",\"params\":{" MODERN "}}", removed[i]);
		assert_int_equal(request(&r, headers, body), 404);
		assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "-32601"));
		assert_string_equal(rig_taken(&r, AIM_GUARD_SERVER), "");
		rig_stop(&r);
	}
}

static void status_suits_the_answer(void **state)
{
	(void)state;
	rig r;
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 256};
	rig_setup setup = {.limits = &limits};
	char longer[300];
	rig_start(&r, &setup);
	assert_int_equal(request(&r, "", J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}"), 200);
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "isError"));
	assert_int_equal(request(&r, "", "{"), 400);
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "-32700"));
	memset(longer, ' ', sizeof longer);
	longer[sizeof longer - 1] = 0;
	assert_int_equal(request(&r, "", longer), 413);
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "too_long"));
	assert_string_equal(rig_taken(&r, AIM_GUARD_SERVER), "");
	rig_stop(&r);
}

static void message_has_line_feeds(void **state)
{
	(void)state;
	static const char body[] = "{\n \"jsonrpc\": \"2.0\",\r\n \"id\": 1,\n \"method\": \"ping\"\n}";
	static const char answer[] = "{\n\"jsonrpc\":\"2.0\",\n\"id\":1,\"result\":{}}";
	rig r;
	rig_start(&r, NULL);
	assert_status(aim_guard_message(r.guard, AIM_GUARD_CLIENT, aim_bytes_from(body, sizeof body - 1), NULL), AIM_OK);
	rig_expect(&r, AIM_GUARD_SERVER, body);
	assert_status(aim_guard_message(r.guard, AIM_GUARD_SERVER, aim_bytes_from(answer, sizeof answer - 1), NULL), AIM_OK);
	rig_expect(&r, AIM_GUARD_CLIENT, answer);
	rig_stop(&r);
}

/* After a request, headers hold no longer: lines and messages have none. */
static void headers_are_of_one_request(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	assert_int_equal(request(&r, "Mcp-Method: ping\r\n", J "\"id\":1,\"method\":\"ping\"}"), 0);
	(void)rig_taken(&r, AIM_GUARD_SERVER);
	rig_passes_client(&r, J "\"id\":2,\"method\":\"tools/list\"}");
	rig_stop(&r);
}

static void abandoned_requests_are_answered_and_recorded(void **state)
{
	(void)state;
	static const char body[] = J "\"id\":5,\"method\":\"tools/call\",\"params\":{\"name\":\"plain\"}}";
	const aim_bytes message = aim_bytes_from(body, sizeof body - 1);
	rig r;
	rig_setup setup = {.with_log = 1};
	rig_start(&r, &setup);
	rig_open(&r);
	rig_list(&r, tools);
	(void)rig_taken(&r, AIM_GUARD_CLIENT);
	rig_passes_client(&r, body);
	assert_status(aim_guard_abandon(r.guard, message, NULL), AIM_OK);
	const char *answer = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answer, "\"id\":5"));
	assert_non_null(strstr(answer, "-32603"));
	assert_int_equal(rig_records(&r, "no_answer", NULL), 1);
	assert_status(aim_guard_abandon(r.guard, message, NULL), AIM_OK); /* it was open once */
	rig_expect_nothing(&r);
	rig_server(&r, J "\"id\":5,\"result\":{}}"); /* too late */
	rig_expect_nothing(&r);
	assert_status(aim_guard_abandon(r.guard, aim_bytes_from("{", 1), NULL), AIM_E_JSON_SYNTAX);
	rig_stop(&r);
}

static void misuse_is_refused(void **state)
{
	(void)state;
	rig r;
	aim_headers none = {.struct_size = sizeof none};
	uint32_t http = 7;
	aim_bytes body = aim_bytes_from("{}", 2);
	rig_start(&r, NULL);
	assert_status(aim_guard_request(r.guard, &none, body, &http, NULL), AIM_E_INVALID);
	assert_int_equal(http, 0);
	assert_status(aim_guard_request(NULL, &none, body, &http, NULL), AIM_E_INVALID);
	assert_status(aim_guard_message(r.guard, 3, body, NULL), AIM_E_INVALID);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_OK);
	assert_status(aim_guard_message(r.guard, AIM_GUARD_CLIENT, body, NULL), AIM_E_MCP_CLOSED);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_body_agree),     cmocka_unit_test(status_suits_the_answer),
		cmocka_unit_test(removed_methods_are_not_found),
		cmocka_unit_test(message_has_line_feeds),     cmocka_unit_test(headers_are_of_one_request),
		cmocka_unit_test(abandoned_requests_are_answered_and_recorded),
		cmocka_unit_test(misuse_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
