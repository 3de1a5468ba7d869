/* cli/aim/talk.c — a conversation with an MCP server: what it is, and every list it declares, page by page.
 *
 * The server's answer tells the protocol's era. initialize comes first, because a server of the older era may end or be
 * silent at anything else; one that has no initialize any more says so with an error, and is asked server/discover. */
#include "talk.h"

#include "../common/say.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof *(array))
#define SLICE_MS 100
#define READ_SIZE 65536u
#define GRACE_MS 300
#define METHOD_NOT_FOUND (-32601)
#define NAMELESS "server"

static volatile sig_atomic_t is_stopped;

static int fail(talk *t, const char *problem, const char *what)
{
	say("%s", what);
	t->problem = problem;
	return -1;
}

static int no_memory(talk *t)
{
	t->problem_status = AIM_E_NOMEM;
	return fail(t, "failed", "out of memory");
}

static int no_sense(talk *t, const char *method, const char *what)
{
	char text[200];
	snprintf(text, sizeof text, "the server's answer to %s is not MCP: %s", method, what);
	return fail(t, "malformed", text);
}

/* --- lines ------------------------------------------------------------------------------------------------------------- */

/* Until the descriptor is ready. Signals are looked for between slices. */
static int await(talk *t, int fd, short events, const char *method)
{
	char text[200];
	struct pollfd ready = {fd, events, 0};
	while (!is_stopped && now_ms() < t->until_ms) {
		int64_t left = t->until_ms - now_ms();
		int n = poll(&ready, 1, left < SLICE_MS ? (int)(left < 0 ? 0 : left) : SLICE_MS);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return fail(t, "failed", strerror(errno));
	}
	if (is_stopped)
		return fail(t, "stopped", "stopped; the server was ended");
	snprintf(text, sizeof text, "the server did not answer %s in time", method);
	return fail(t, "timeout", text);
}

static int ended(talk *t, const char *method)
{
	char text[200];
	snprintf(text, sizeof text, "the server ended before it answered %s", method);
	return fail(t, "ended", text);
}

static int put(talk *t, const char *text, size_t len, const char *method)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(t->server.to, text + at, len - at);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ended(t, method);
		at += n > 0 ? (size_t)n : 0;
		if (at < len && await(t, t->server.to, POLLOUT, method) != 0)
			return -1;
	}
	return 0;
}

static int make_room(talk *t)
{
	if (t->n_read >= TALK_BYTES_MAX)
		return fail(t, "limit", "the server says more than 16 MiB");
	if (t->at) {
		memmove(t->bytes, t->bytes + t->at, t->len - t->at);
		t->len -= t->at;
		t->at = 0;
	}
	if (t->capacity - t->len >= READ_SIZE)
		return 0;
	size_t capacity = t->capacity ? t->capacity * 2 : 2 * READ_SIZE;
	char *bytes = realloc(t->bytes, capacity);
	if (!bytes)
		return no_memory(t);
	t->bytes = bytes;
	t->capacity = capacity;
	return 0;
}

static int read_some(talk *t, const char *method)
{
	ssize_t n;
	if (make_room(t) != 0)
		return -1;
	do {
		if (await(t, t->server.from, POLLIN, method) != 0)
			return -1;
		n = read(t->server.from, t->bytes + t->len, READ_SIZE);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return ended(t, method);
	t->len += (size_t)n;
	t->n_read += (size_t)n;
	return 0;
}

/* The next line without its end; it lives until the next call. */
static int take_line(talk *t, const char *method, aim_bytes *out)
{
	size_t looked = 0;
	for (;;) {
		char *from = t->bytes ? t->bytes + t->at : NULL;
		char *end = from ? memchr(from + looked, '\n', t->len - t->at - looked) : NULL;
		if (end) {
			*out = aim_bytes_from(from, (size_t)(end - from));
			t->at += out->len + 1;
			return 0;
		}
		looked = t->len - t->at;
		if (read_some(t, method) != 0)
			return -1;
	}
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

static aim_json_value member(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim_json_member(doc, object, aim_str_from(name));
}

static aim_str raw(const aim_json *doc, aim_json_value value)
{
	aim_bytes text = aim_json_raw(doc, value);
	return (aim_str){(const char *)text.ptr, text.len};
}

static aim_status add(aim_buf *to, aim_str text)
{
	return aim_buf_append(to, aim_bytes_from_str(text));
}

static int send_parts(talk *t, const aim_str *parts, size_t n, const char *method)
{
	aim_buf *line = NULL;
	aim_status rc = aim_buf_new(t->ctx, &line);
	for (size_t i = 0; i < n && rc == AIM_OK; i++)
		rc = add(line, parts[i]);
	int result = rc == AIM_OK ? put(t, aim_buf_str(line).ptr, aim_buf_str(line).len, method) : no_memory(t);
	aim_buf_free(line);
	return result;
}

/* We declare nothing, so a server may ask for nothing but a sign of life. */
static int answer_server(talk *t, const aim_json *doc, aim_json_value id, const char *method)
{
	int is_ping = aim_str_equal(aim_json_string(doc, member(doc, AIM_JSON_ROOT, "method")), aim_str_from("ping"));
	const aim_str parts[] = {
		aim_str_from("{\"jsonrpc\":\"2.0\",\"id\":"), raw(doc, id),
		aim_str_from(is_ping ? ",\"result\":{}}\n" : ",\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}\n")};
	return send_parts(t, parts, N(parts), method);
}

/* 1: the answer that is waited for; 0: something else, dealt with; −1. */
static int sort_out(talk *t, const aim_json *doc, const char *method)
{
	int64_t id = -1;
	aim_json_value its_id = member(doc, AIM_JSON_ROOT, "id");
	if (aim_json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return no_sense(t, method, "a line is no JSON object");
	if (aim_json_type(doc, member(doc, AIM_JSON_ROOT, "method")) == AIM_JSON_STRING)
		return its_id == AIM_JSON_NONE ? 0 : answer_server(t, doc, its_id, method);
	if (aim_json_int64(doc, its_id, &id) != AIM_OK || id != (int64_t)t->last_id)
		return no_sense(t, method, "its id is that of no request");
	return 1;
}

static int keep(talk *t, aim_json *doc)
{
	if (t->n_pages == TALK_PAGES_MAX)
		return fail(t, "limit", "the server's lists have too many pages");
	t->pages[t->n_pages++] = doc;
	return 0;
}

/* The answer is kept: what is found in it lives as long as the conversation. */
static int receive(talk *t, const char *method, const aim_json **out)
{
	aim_json *doc = NULL;
	for (;;) {
		aim_bytes line;
		if (take_line(t, method, &line) != 0)
			return -1;
		if (line.len == 0 || (line.len == 1 && line.ptr[0] == '\r'))
			continue;
		if (aim_json_new(t->ctx, &doc) != AIM_OK)
			return no_memory(t);
		aim_status rc = aim_json_parse(doc, line, 0, NULL);
		int which = rc == AIM_OK         ? sort_out(t, doc, method)
		            : rc == AIM_E_NOMEM ? no_memory(t)
		                                : no_sense(t, method, "a line is no valid JSON");
		if (which == 1 && keep(t, doc) == 0) {
			*out = doc;
			return 0;
		}
		aim_json_free(doc);
		if (which != 0)
			return -1;
	}
}

static const char meta[] = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
						   "\"io.modelcontextprotocol/clientCapabilities\":{},"
						   "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"aim\",\"version\":\"1\"}}";

/* members: of params, without braces, without _meta. */
static int ask(talk *t, const char *method, aim_str members, const aim_json **out)
{
	char head[120];
	snprintf(head, sizeof head, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":",
	         (unsigned long long)++t->last_id, method);
	const aim_str parts[] = {aim_str_from(head), aim_str_from("{"), aim_str_from(t->is_modern ? meta : ""),
	                         aim_str_from(t->is_modern && members.len ? "," : ""), members, aim_str_from("}}\n")};
	return send_parts(t, parts, N(parts), method) == 0 ? receive(t, method, out) : -1;
}

static int is_unknown_method(const aim_json *doc)
{
	int64_t code = 0;
	aim_json_value error = member(doc, AIM_JSON_ROOT, "error");
	return aim_json_int64(doc, member(doc, error, "code"), &code) == AIM_OK && code == METHOD_NOT_FOUND;
}

/* The result, an object; AIM_JSON_NONE after saying that there is none. */
static aim_json_value result_of(talk *t, const aim_json *doc, const char *method)
{
	char text[200];
	aim_json_value result = member(doc, AIM_JSON_ROOT, "result");
	if (aim_json_type(doc, member(doc, AIM_JSON_ROOT, "error")) == AIM_JSON_OBJECT) {
		snprintf(text, sizeof text, "the server answered %s with an error", method);
		(void)fail(t, "refused", text);
		return AIM_JSON_NONE;
	}
	aim_str type = aim_json_string(doc, member(doc, result, "resultType"));
	if (type.len && !aim_str_equal(type, aim_str_from("complete"))) {
		snprintf(text, sizeof text, "the server does not answer %s without asking back", method);
		(void)fail(t, "refused", text);
		return AIM_JSON_NONE;
	}
	if (aim_json_type(doc, result) == AIM_JSON_OBJECT)
		return result;
	(void)no_sense(t, method, "it has no result");
	return AIM_JSON_NONE;
}

/* --- what it is -------------------------------------------------------------------------------------------------------- */

static const char initialize_params[] =
	"\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"aim\",\"version\":\"1\"}";
static const char initialized[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";

/* The members of serverInfo, and those beside it that say what the server is. */
static int write_self(talk *t, const aim_json *doc, aim_json_value result, aim_json_value info)
{
	static const char *const beside[] = {"capabilities", "instructions", "protocolVersion", "supportedVersions"};
	aim_str inner = info == AIM_JSON_NONE ? aim_str_from("{\"name\":\"" NAMELESS "\"}") : raw(doc, info);
	inner.len--; /* without the brace */
	aim_status rc = aim_buf_new(t->ctx, &t->self);
	if (rc == AIM_OK)
		rc = add(t->self, inner);
	for (size_t i = 0; i < N(beside) && rc == AIM_OK; i++) {
		aim_json_value value = member(doc, result, beside[i]);
		const aim_str parts[] = {aim_str_from(",\""), aim_str_from(beside[i]), aim_str_from("\":"), raw(doc, value)};
		for (size_t j = 0; j < N(parts) && value != AIM_JSON_NONE && rc == AIM_OK; j++)
			rc = add(t->self, parts[j]);
	}
	if (rc == AIM_OK)
		rc = add(t->self, aim_str_from("}"));
	return rc == AIM_OK ? 0 : no_memory(t);
}

/* Name, version, the lists it declares, and what is compared of it. */
static int take_self(talk *t, const aim_json *doc, aim_json_value result, aim_json_value info)
{
	static const char *const declared[TALK_N_LISTS] = {"tools", "prompts", "resources", "resources"};
	aim_json_value has = member(doc, result, "capabilities");
	t->latency_us = (now_ms() - t->began_ms) * 1000;
	t->name = aim_json_string(doc, member(doc, info, "name"));
	t->version = aim_json_string(doc, member(doc, info, "version"));
	for (size_t i = 0; i < TALK_N_LISTS; i++)
		t->lists[i].is_declared = aim_json_type(doc, member(doc, has, declared[i])) == AIM_JSON_OBJECT;
	return write_self(t, doc, result, info);
}

static int is_error(const aim_json *doc)
{
	return aim_json_type(doc, member(doc, AIM_JSON_ROOT, "error")) == AIM_JSON_OBJECT;
}

static int is_spoken(const aim_json *doc, aim_json_value versions)
{
	for (aim_json_value v = aim_json_first(doc, versions); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		if (aim_str_equal(aim_json_string(doc, v), aim_str_from("2026-07-28")))
			return 1;
	return 0;
}

/* The result of server/discover; the server may keep its name to itself. */
static int take_discovered(talk *t, const aim_json *doc, const char *method)
{
	aim_json_value result = result_of(t, doc, method);
	if (result == AIM_JSON_NONE)
		return -1;
	aim_json_value info = member(doc, member(doc, result, "_meta"), "io.modelcontextprotocol/serverInfo");
	if (info == AIM_JSON_NONE)
		info = member(doc, result, "serverInfo");
	aim_json_value versions = member(doc, result, "supportedVersions");
	if (aim_json_type(doc, member(doc, result, "capabilities")) != AIM_JSON_OBJECT ||
	    aim_json_type(doc, versions) != AIM_JSON_ARRAY ||
	    (info != AIM_JSON_NONE && !aim_json_string(doc, member(doc, info, "name")).len))
		return no_sense(t, method, "capabilities, supportedVersions, and a name in serverInfo are required");
	if (!is_spoken(doc, versions))
		return fail(t, "refused", "the server speaks neither revision 2025-11-25 nor 2026-07-28 of MCP");
	if (take_self(t, doc, result, info) != 0)
		return -1;
	if (!t->name.len)
		t->name = aim_str_from(NAMELESS);
	return 0;
}

/* A server of the older era refuses server/discover, too: what it answered to initialize is what is told. */
static int discover(talk *t, const aim_json *refusal)
{
	const char *method = "server/discover";
	const aim_json *doc = NULL;
	t->is_modern = 1;
	if (ask(t, method, aim_str_from(""), &doc) != 0)
		return -1;
	if (!is_error(doc))
		return take_discovered(t, doc, method);
	(void)result_of(t, refusal, "initialize");
	return -1;
}

static int initialize(talk *t)
{
	const char *method = "initialize";
	const aim_json *doc = NULL;
	if (ask(t, method, aim_str_from(initialize_params), &doc) != 0)
		return -1;
	if (is_error(doc))
		return discover(t, doc);
	aim_json_value result = result_of(t, doc, method);
	if (result == AIM_JSON_NONE)
		return -1;
	aim_json_value info = member(doc, result, "serverInfo");
	if (!aim_json_string(doc, member(doc, info, "name")).len ||
	    aim_json_type(doc, member(doc, result, "capabilities")) != AIM_JSON_OBJECT ||
	    !aim_json_string(doc, member(doc, result, "protocolVersion")).len)
		return no_sense(t, method, "serverInfo with a name, capabilities and protocolVersion are required");
	if (take_self(t, doc, result, info) != 0)
		return -1;
	return put(t, initialized, sizeof initialized - 1, method);
}

/* --- what it lists ----------------------------------------------------------------------------------------------------- */

typedef struct list_rule {
	uint32_t kind;
	const char *method;
	const char *list; /* in the result */
	const char *name; /* in each of its items */
} list_rule;

static const list_rule list_rules[TALK_N_LISTS] = {
	{AIM_FINGERPRINT_TOOL, "tools/list", "tools", "name"},
	{AIM_FINGERPRINT_PROMPT, "prompts/list", "prompts", "name"},
	{AIM_FINGERPRINT_RESOURCE, "resources/list", "resources", "uri"},
	{AIM_FINGERPRINT_RESOURCE_TEMPLATE, "resources/templates/list", "resourceTemplates", "uriTemplate"},
};

static int take_item(talk *t, const list_rule *rule, talk_list *list, const aim_json *doc, aim_json_value value)
{
	aim_str name = aim_json_string(doc, member(doc, value, rule->name));
	if (!name.len)
		return no_sense(t, rule->method, "an item of the list has no name");
	if (list->n == TALK_ITEMS_MAX)
		return fail(t, "limit", "the server lists more than 4096 items");
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 32;
		aim_baseline_item *items = realloc(list->items, capacity * sizeof *items);
		if (!items)
			return no_memory(t);
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n++] = (aim_baseline_item){name, aim_json_raw(doc, value)};
	return 0;
}

static int take_page(talk *t, const list_rule *rule, talk_list *list, const aim_json *doc, aim_json_value result)
{
	aim_json_value items = member(doc, result, rule->list);
	if (aim_json_type(doc, items) != AIM_JSON_ARRAY)
		return no_sense(t, rule->method, "it has no list");
	for (aim_json_value v = aim_json_first(doc, items); v != AIM_JSON_NONE; v = aim_json_next(doc, v))
		if (take_item(t, rule, list, doc, v) != 0)
			return -1;
	return 0;
}

/* The way to the next page, as JSON: a string, or empty at the end of the list. */
static int read_cursor(talk *t, const list_rule *rule, const aim_json *doc, aim_json_value result, aim_str *out)
{
	aim_json_value cursor = member(doc, result, "nextCursor");
	uint32_t type = aim_json_type(doc, cursor);
	*out = (aim_str){NULL, 0};
	if (type == AIM_JSON_STRING)
		*out = raw(doc, cursor);
	return type == AIM_JSON_STRING || type == AIM_JSON_ABSENT || type == AIM_JSON_NULL
	               ? 0
	               : no_sense(t, rule->method, "nextCursor is no string");
}

static int ask_page(talk *t, const list_rule *rule, aim_str cursor, const aim_json **out)
{
	aim_buf *params = NULL;
	if (!cursor.len)
		return ask(t, rule->method, aim_str_from(""), out);
	aim_status rc = aim_buf_new(t->ctx, &params);
	if (rc == AIM_OK)
		rc = add(params, aim_str_from("\"cursor\":"));
	if (rc == AIM_OK)
		rc = add(params, cursor);
	int result = rc == AIM_OK ? ask(t, rule->method, aim_buf_str(params), out) : no_memory(t);
	aim_buf_free(params);
	return result;
}

static int take_list(talk *t, const list_rule *rule, talk_list *list)
{
	aim_str cursor = {NULL, 0};
	do {
		const aim_json *doc = NULL;
		if (ask_page(t, rule, cursor, &doc) != 0)
			return -1;
		/* Resources without templates are common, and so are servers that do not know the method then. */
		if (rule->kind == AIM_FINGERPRINT_RESOURCE_TEMPLATE && list->n == 0 && is_unknown_method(doc))
			return 0;
		aim_json_value result = result_of(t, doc, rule->method);
		if (result == AIM_JSON_NONE || take_page(t, rule, list, doc, result) != 0 ||
		    read_cursor(t, rule, doc, result, &cursor) != 0)
			return -1;
	} while (cursor.len);
	return 0;
}

/* --- the conversation -------------------------------------------------------------------------------------------------- */

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

/* The server leads a group of its own: what ends us would leave it behind. */
static void catch_signals(struct sigaction *before)
{
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = stop;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < N(stopping); i++)
		sigaction(stopping[i], &action, &before[i]);
}

static void leave_signals(const struct sigaction *before)
{
	for (size_t i = 0; i < N(stopping); i++)
		sigaction(stopping[i], &before[i], NULL);
}

static int converse(talk *t)
{
	int result = initialize(t);
	for (size_t i = 0; i < TALK_N_LISTS && result == 0; i++)
		if (t->lists[i].is_declared)
			result = take_list(t, &list_rules[i], &t->lists[i]);
	return result;
}

int talk_run(talk *t, aim_ctx *ctx, char **command, uint64_t timeout_s)
{
	struct sigaction before[N(stopping)];
	memset(t, 0, sizeof *t);
	t->ctx = ctx;
	t->began_ms = now_ms();
	t->until_ms = t->began_ms + (int64_t)timeout_s * 1000;
	for (size_t i = 0; i < TALK_N_LISTS; i++)
		t->lists[i].kind = list_rules[i].kind;
	catch_signals(before);
	int result = child_start(&t->server, command, 1);
	if (result == 0) {
		result = converse(t);
		child_end(&t->server, result == 0 ? GRACE_MS : 0);
	} else {
		t->problem = "not_started";
	}
	leave_signals(before);
	return result;
}

void talk_dispose(talk *t)
{
	for (size_t i = 0; i < t->n_pages; i++)
		aim_json_free(t->pages[i]);
	for (size_t i = 0; i < TALK_N_LISTS; i++)
		free(t->lists[i].items);
	free(t->bytes);
	aim_buf_free(t->self);
}
