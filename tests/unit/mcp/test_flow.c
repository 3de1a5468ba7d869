/* What passes, what is answered, what is dropped: both eras, hostile lines from both sides, every id, and
 * bounded memory. */
#include "rig.h"

#include <stdio.h>
#include <string.h>

#define J "{\"jsonrpc\":\"2.0\","
#define MODERN "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"

/* --- what passes, byte for byte --------------------------------------------------------------------- */

static void legacy_traffic_passes_unchanged(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_open(&r);
	rig_list(&r, RIG_TOOL("read", "Reads."));
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_CLIENT), "Reads."));
	rig_passes_client(&r, "{ \"method\" : \"tools/call\", \"params\":{\"arguments\":{\"n\":1.50,\"big\":9007199254740993,"
	                      "\"u\":\"\\u00e9\"},\"name\":\"read\"} ,\"id\":7,\"jsonrpc\":\"2.0\"}\r");
	rig_passes_server(&r, J "\"method\":\"notifications/progress\",\"params\":{\"progressToken\":7,\"progress\":1e-2}}");
	rig_passes_server(&r, J "\"id\":7,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"\\u0000 \\/\"}]}}");
	rig_passes_server(&r, J "\"id\":0,\"method\":\"roots/list\"}");
	rig_passes_client(&r, J "\"id\":0,\"result\":{\"roots\":[]}}");
	rig_passes_server(&r, J "\"id\":\"s1\",\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[],\"maxTokens\":1}}");
	rig_passes_client(&r, J "\"id\":\"s1\",\"error\":{\"code\":-1,\"message\":\"rejected\"}}");
	rig_passes_server(&r, J "\"id\":1,\"method\":\"elicitation/create\",\"params\":{\"message\":\"?\"}}");
	rig_passes_client(&r, J "\"id\":1,\"result\":{\"action\":\"decline\"}}");
	rig_passes_server(&r, J "\"method\":\"notifications/tools/list_changed\"}");
	rig_passes_client(&r, J "\"id\":8,\"method\":\"ping\"}");
	rig_passes_server(&r, J "\"id\":8,\"result\":{}}");
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_PROTOCOL)->name, "2025-11-25");
	aim_guard_counters c = {.struct_size = sizeof c};
	assert_status(aim_guard_count(r.guard, &c), AIM_OK);
	assert_int_equal(c.n_open, 0);
	assert_int_equal(c.n_malformed, 0);
	assert_int_equal(c.n_forwarded, c.n_messages);
	rig_stop(&r);
}

static void modern_traffic_passes_unchanged(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_passes_client(&r, J "\"id\":1,\"method\":\"server/discover\",\"params\":{" MODERN "}}");
	rig_passes_server(&r, J "\"id\":1,\"result\":{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{}}}");
	assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_PROTOCOL)->name, "2026-07-28");
	rig_passes_client(&r, J "\"id\":2,\"method\":\"tools/list\",\"params\":{" MODERN "}}");
	rig_passes_server(&r, J "\"id\":2,\"result\":{\"resultType\":\"complete\",\"ttlMs\":1000,\"cacheScope\":\"private\",\"tools\":["
	                      RIG_TOOL("read", "Reads.") "]}}");
	rig_passes_client(&r, J "\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"arguments\":{}," MODERN "}}");
	rig_passes_server(&r, J "\"id\":3,\"result\":{\"resultType\":\"input_required\",\"requestState\":\"blob\",\"inputRequests\":{\"who\":"
	                      "{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\",\"message\":\"?\"}},\"r\":{\"method\":\"roots/list\"}}}}");
	rig_passes_client(&r, J "\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"arguments\":{},\"requestState\":\"blob\","
	                      "\"inputResponses\":{\"who\":{\"action\":\"accept\"}}," MODERN "}}");
	rig_passes_server(&r, J "\"id\":4,\"result\":{\"resultType\":\"complete\",\"content\":[]}}");
	rig_passes_client(&r, J "\"id\":5,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"toolsListChanged\":true,"
	                      "\"resourceSubscriptions\":[\"file:///a\"]}," MODERN "}}");
	rig_passes_server(&r, J "\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":5}}}");
	rig_passes_server(&r, J "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":5}}");
	rig_stop(&r);
}

static void blank_lines_vanish(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_client(&r, "");
	rig_client(&r, " \t\r");
	rig_server(&r, "");
	rig_expect_nothing(&r);
	rig_stop(&r);
}

static void the_last_line_needs_no_line_feed(void **state)
{
	(void)state;
	rig r;
	const char *line = J "\"id\":1,\"method\":\"ping\"}";
	rig_start(&r, NULL);
	rig_feed(&r, AIM_GUARD_CLIENT, line, strlen(line));
	rig_expect_nothing(&r);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_OK);
	rig_expect(&r, AIM_GUARD_SERVER, line);
	size_t used;
	assert_status(aim_guard_feed(r.guard, AIM_GUARD_CLIENT, aim_bytes_from("x", 1), &used, NULL), AIM_E_MCP_CLOSED);
	assert_int_equal(used, 0);
	assert_status(aim_guard_end(r.guard, AIM_GUARD_CLIENT, NULL), AIM_E_MCP_CLOSED);
	rig_passes_server(&r, J "\"id\":1,\"result\":{}}");
	assert_status(aim_guard_end(r.guard, AIM_GUARD_SERVER, NULL), AIM_OK);
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_CLOSED), 2);
	rig_stop(&r);
}

/* --- what does not --------------------------------------------------------------------------------------- */

typedef struct hostile {
	const char *line;
	const char *code; /* in the answer to the client */
	const char *problem;
} hostile;

static const hostile hostile_lines[] = {
	{"garbage", "-32700", "json_syntax"},
	{"{", "-32700", "json_syntax"},
	{"{\"a\":1,}", "-32700", "json_syntax"},
	{"\xEF\xBB\xBF{}", "-32700", "json_syntax"},
	{J "\"id\":1,\"id\":2,\"method\":\"ping\"}", "-32700", "json_duplicate"},
	{J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"n\\u0061me\":\"b\"}}", "-32700", "json_duplicate"},
	{J "\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\\ud800\"}}", "-32700", "json_surrogate"},
	{J "\"id\":1,\"method\":\"\xff\"}", "-32700", "utf8"},
	{J "\"id\":1,\"method\":\"ping\"} {}", "-32700", "json_trailing"},
	{J "\"id\":1,\"method\":\"ping\"}\v", "-32700", "json_trailing"},
	{"[]", "-32600", "batch"},
	{"[" J "\"id\":1,\"method\":\"ping\"}]", "-32600", "batch"},
	{"\"text\"", "-32600", "not_an_object"},
	{"null", "-32600", "not_an_object"},
	{J "\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}", "-32600", "request_without_id"},
	{J "\"id\":1,\"method\":\"notifications/initialized\"}", "-32600", "notification_with_id"},
	{J "\"id\":1,\"method\":\"tools/call\"}", "-32602", "no_subject"},
	{J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":7}}", "-32602", "no_subject"},
	{J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"Name\":\"read\"}}", "-32602", "ambiguous_member"},
	{J "\"id\":1,\"method\":\"resources/read\",\"params\":{\"uri\":\"\"}}", "-32602", "no_subject"},
	{J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"arguments\":{\"n\":1e99999999999}}}", "-32602", "number"},
	{J "\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":[1]}}}", "-32602", "params_type"},
};

static void hostile_lines_are_answered_and_go_nowhere(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	for (size_t i = 0; i < sizeof hostile_lines / sizeof *hostile_lines; i++) {
		const hostile *h = &hostile_lines[i];
		rig_refuses(&r, h->line, h->code, h->problem, NULL);
		assert_string_equal(rig_event_of(&r, AIM_GUARD_EVENT_MALFORMED)->code, h->problem);
	}
	rig_passes_client(&r, J "\"id\":1,\"method\":\"ping\"}"); /* it goes on, and the id is free */
	rig_stop(&r);
}

static void hostile_lines_from_the_server_are_dropped(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	for (size_t i = 0; i < sizeof hostile_lines / sizeof *hostile_lines; i++) {
		rig_server(&r, hostile_lines[i].line);
		assert_string_equal(rig_taken(&r, AIM_GUARD_CLIENT), "");
		(void)rig_taken(&r, AIM_GUARD_SERVER);
	}
	rig_server(&r, J "\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\"}}"); /* servers have no such request */
	assert_string_equal(rig_taken(&r, AIM_GUARD_CLIENT), "");
	assert_non_null(strstr(rig_taken(&r, AIM_GUARD_SERVER), "-32601"));
	rig_passes_client(&r, J "\"id\":1,\"method\":\"ping\"}");
	rig_stop(&r);
}

static void deep_nesting_is_refused(void **state)
{
	(void)state;
	rig r;
	char line[4096] = J "\"id\":1,\"method\":\"ping\",\"params\":{\"a\":";
	rig_start(&r, NULL);
	size_t len = strlen(line);
	memset(line + len, '[', 1500);
	memset(line + len + 1500, ']', 1500);
	strcpy(line + len + 3000, "}}");
	rig_refuses(&r, line, "-32700", "json_depth", NULL);
	rig_stop(&r);
}

static void a_line_over_the_limit_is_skipped(void **state)
{
	(void)state;
	rig r;
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 200};
	rig_setup setup = {.limits = &limits};
	char filler[128];
	memset(filler, 'x', sizeof filler);
	rig_start(&r, &setup);
	for (size_t i = 0; i < 1000; i++)
		rig_feed(&r, AIM_GUARD_CLIENT, filler, sizeof filler);
	size_t live = r.heap.live_bytes;
	for (size_t i = 0; i < 1000; i++)
		rig_feed(&r, AIM_GUARD_CLIENT, filler, sizeof filler);
	assert_true(r.heap.live_bytes <= live);
	rig_refuses(&r, "", "-32700", "too_long", "\"id\":null", NULL);
	rig_passes_client(&r, J "\"id\":1,\"method\":\"ping\"}");
	for (size_t i = 0; i < 10; i++)
		rig_feed(&r, AIM_GUARD_SERVER, filler, sizeof filler);
	rig_server(&r, "");
	rig_expect_nothing(&r);
	rig_passes_server(&r, J "\"id\":1,\"result\":{}}");
	rig_stop(&r);
}

/* --- ids and replies ------------------------------------------------------------------------------------------ */

static void a_reply_needs_an_open_request(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_server(&r, J "\"id\":1,\"result\":{\"tools\":[]}}");
	rig_server(&r, J "\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}");
	rig_expect_nothing(&r);
	rig_passes_client(&r, J "\"id\":1,\"method\":\"ping\"}");
	rig_server(&r, J "\"id\":\"1\",\"result\":{}}"); /* text is not a number */
	rig_expect_nothing(&r);
	rig_passes_server(&r, J "\"id\":1.0,\"result\":{}}"); /* but this is the number 1 */
	rig_server(&r, J "\"id\":1,\"result\":{}}"); /* once only */
	rig_expect_nothing(&r);
	rig_client(&r, J "\"id\":1,\"result\":{}}"); /* the server asked nothing */
	rig_expect_nothing(&r);
	assert_int_equal(rig_count_events(&r, AIM_GUARD_EVENT_DROPPED_REPLY), 5);
	rig_stop(&r);
}

static void an_id_can_be_open_once(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_passes_client(&r, J "\"id\":\"a\",\"method\":\"ping\"}");
	rig_refuses(&r, J "\"id\":\"\\u0061\",\"method\":\"ping\"}", "-32600", "duplicate_id", "\"id\":\"\\u0061\"", NULL);
	rig_passes_server(&r, J "\"id\":\"a\",\"method\":\"ping\"}"); /* the other direction counts on its own */
	rig_passes_client(&r, J "\"id\":\"a\",\"result\":{}}");
	rig_passes_server(&r, J "\"id\":\"a\",\"result\":{}}");
	rig_passes_client(&r, J "\"id\":\"a\",\"method\":\"ping\"}");
	rig_stop(&r);
}

static void open_requests_are_bounded(void **state)
{
	(void)state;
	rig r;
	aim_limits limits = {.struct_size = sizeof limits, .max_open_requests = 3};
	rig_setup setup = {.limits = &limits};
	rig_start(&r, &setup);
	rig_passes_client(&r, J "\"id\":1,\"method\":\"ping\"}");
	rig_passes_client(&r, J "\"id\":2,\"method\":\"ping\"}");
	rig_passes_client(&r, J "\"id\":3,\"method\":\"ping\"}");
	rig_refuses(&r, J "\"id\":4,\"method\":\"ping\"}", "-32000", "too_many_requests", "\"id\":4", NULL);
	rig_passes_client(&r, J "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}");
	rig_passes_client(&r, J "\"id\":4,\"method\":\"ping\"}"); /* the cancelled one made room */
	rig_server(&r, J "\"id\":2,\"result\":{}}");
	rig_expect_nothing(&r);
	rig_passes_server(&r, J "\"id\":3,\"result\":{}}");
	rig_stop(&r);
}

static void a_late_reply_to_a_cancelled_request_passes(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	rig_passes_client(&r, J "\"id\":2,\"method\":\"ping\"}");
	rig_passes_client(&r, J "\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}");
	rig_refuses(&r, J "\"id\":2,\"method\":\"ping\"}", "duplicate_id", NULL);
	rig_passes_server(&r, J "\"id\":2,\"result\":{}}");
	rig_stop(&r);
}

/* --- batches ---------------------------------------------------------------------------------------------------- */

static void open_2025_03_26(rig *r)
{
	rig_passes_client(r, J "\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-03-26\"}}");
	rig_passes_server(r, J "\"id\":0,\"result\":{\"protocolVersion\":\"2025-03-26\"}}");
}

static void batches_pass_in_the_revision_that_has_them(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	open_2025_03_26(&r);
	rig_passes_client(&r, "[ " J "\"id\":1,\"method\":\"ping\"} , " J "\"id\":2,\"method\":\"ping\"} ]");
	rig_passes_server(&r, "[" J "\"id\":2,\"result\":{}}," J "\"id\":1,\"result\":{}}]");
	rig_refuses(&r, "[]", "-32600", NULL);
	rig_stop(&r);
}

static void bad_elements_are_cut_out_of_a_batch(void **state)
{
	(void)state;
	rig r;
	rig_start(&r, NULL);
	open_2025_03_26(&r);
	rig_client(&r, "[ 7 , " J "\"id\":1,\"method\":\"ping\"} ," J "\"id\":9,\"method\":\"nope\"}, " J "\"id\":2,\"method\":\"ping\"}, {} ]");
	rig_expect(&r, AIM_GUARD_SERVER, "[ " J "\"id\":1,\"method\":\"ping\"}, " J "\"id\":2,\"method\":\"ping\"} ]");
	const char *answers = rig_taken(&r, AIM_GUARD_CLIENT);
	assert_non_null(strstr(answers, "not_an_object"));
	assert_non_null(strstr(answers, "\"id\":9"));
	assert_non_null(strstr(answers, "jsonrpc_version"));
	rig_server(&r, "[" J "\"id\":5,\"result\":{}}," J "\"id\":1,\"result\":{}}]");
	rig_expect(&r, AIM_GUARD_CLIENT, "[" J "\"id\":1,\"result\":{}}]");
	rig_server(&r, "[" J "\"id\":5,\"result\":{}}]");
	rig_expect_nothing(&r);
	rig_stop(&r);
}

/* --- pressure ----------------------------------------------------------------------------------------------------- */

static void feeding_stops_when_nobody_takes_the_output(void **state)
{
	(void)state;
	rig r;
	char line[1200];
	rig_start(&r, NULL);
	memset(line, ' ', sizeof line);
	size_t fed = 0;
	for (size_t i = 0; i < 2000; i++) {
		int n = sprintf(line, J "\"method\":\"notifications/message\",\"params\":{\"n\":%zu}}", i);
		line[n] = ' ';
		line[sizeof line - 1] = '\n';
		size_t used;
		assert_status(aim_guard_feed(r.guard, AIM_GUARD_SERVER, aim_bytes_from(line, sizeof line), &used, NULL), AIM_OK);
		if (used == 0)
			break;
		assert_int_equal(used, sizeof line);
		fed++;
	}
	assert_in_range(fed, 100, 300); /* 256 KiB */
	assert_int_equal(aim_guard_wants(r.guard, AIM_GUARD_SERVER), 0);
	assert_int_equal(aim_guard_wants(r.guard, AIM_GUARD_CLIENT), 1);
	aim_bytes out = aim_guard_output(r.guard, AIM_GUARD_CLIENT);
	assert_int_equal(out.len, fed * sizeof line);
	assert_status(aim_guard_consume(r.guard, AIM_GUARD_CLIENT, out.len + 1), AIM_E_INVALID);
	assert_status(aim_guard_consume(r.guard, AIM_GUARD_CLIENT, out.len), AIM_OK);
	assert_int_equal(aim_guard_wants(r.guard, AIM_GUARD_SERVER), 1);
	rig_stop(&r);
}

/* A client that sends garbage and never reads its answers is made to wait too. */
static void answers_do_not_pile_up_without_bound(void **state)
{
	(void)state;
	rig r;
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 1000};
	rig_setup setup = {.limits = &limits};
	char garbage[4000];
	rig_start(&r, &setup);
	for (size_t i = 0; i < sizeof garbage; i += 2)
		memcpy(garbage + i, "x\n", 2);
	size_t used = 1;
	for (size_t i = 0; i < 100000 && used; i++)
		assert_status(aim_guard_feed(r.guard, AIM_GUARD_CLIENT, aim_bytes_from(garbage, sizeof garbage), &used, NULL), AIM_OK);
	assert_int_equal(used, 0);
	assert_true(aim_guard_output(r.guard, AIM_GUARD_CLIENT).len < 600000);
	rig_stop(&r);
}

static void misuse_is_an_answer_not_a_crash(void **state)
{
	(void)state;
	rig r;
	size_t used = 1;
	rig_start(&r, NULL);
	assert_status(aim_guard_feed(NULL, AIM_GUARD_CLIENT, aim_bytes_from("x", 1), &used, NULL), AIM_E_INVALID);
	assert_int_equal(used, 0);
	assert_status(aim_guard_feed(r.guard, 3, aim_bytes_from("x", 1), &used, NULL), AIM_E_INVALID);
	assert_status(aim_guard_end(r.guard, 0, NULL), AIM_E_INVALID);
	assert_int_equal(aim_guard_output(NULL, AIM_GUARD_CLIENT).len, 0);
	assert_status(aim_guard_count(r.guard, NULL), AIM_E_INVALID);
	aim_guard_free(NULL);
	aim_guard *guard = NULL;
	aim_guard_options o = {.struct_size = sizeof o, .preset = 3};
	assert_status(aim_guard_new(r.ctx, &o, &guard, NULL), AIM_E_INVALID);
	o.preset = 0;
	o.flags = 64;
	assert_status(aim_guard_new(r.ctx, &o, &guard, NULL), AIM_E_VERSION);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legacy_traffic_passes_unchanged),
		cmocka_unit_test(modern_traffic_passes_unchanged),
		cmocka_unit_test(blank_lines_vanish),
		cmocka_unit_test(the_last_line_needs_no_line_feed),
		cmocka_unit_test(hostile_lines_are_answered_and_go_nowhere),
		cmocka_unit_test(hostile_lines_from_the_server_are_dropped),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_line_over_the_limit_is_skipped),
		cmocka_unit_test(a_reply_needs_an_open_request),
		cmocka_unit_test(an_id_can_be_open_once),
		cmocka_unit_test(open_requests_are_bounded),
		cmocka_unit_test(a_late_reply_to_a_cancelled_request_passes),
		cmocka_unit_test(batches_pass_in_the_revision_that_has_them),
		cmocka_unit_test(bad_elements_are_cut_out_of_a_batch),
		cmocka_unit_test(feeding_stops_when_nobody_takes_the_output),
		cmocka_unit_test(answers_do_not_pile_up_without_bound),
		cmocka_unit_test(misuse_is_an_answer_not_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
