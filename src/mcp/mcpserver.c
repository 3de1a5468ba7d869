/* mcp/mcpserver.c — answering the messages of a client, in both protocol eras. Layer mcp; knows no tool and no
 * transport.
 *
 * Every answer is written into one buffer; a failure half way cuts it back, so that nothing is ever half said. */
#include <aim/mcpserver.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/utf8.h"
#include "codec/writer.h"
#include "mcp/message.h"

#include <string.h>

#define META "io.modelcontextprotocol/"
#define MODERN "2026-07-28"
#define BATCHES "2025-03-26"
#define NEWEST_WITH_INITIALIZE "2025-11-25"

static const char *const versions[] = {MODERN, NEWEST_WITH_INITIALIZE, "2025-06-18", BATCHES, "2024-11-05"};
#define N_VERSIONS (sizeof versions / sizeof *versions)

#define P sizeof(void *)
AIM__NO_PADDING(aim_mcpserver_options, 2 * 4 + 4 * (P + sizeof(size_t)) + 3 * P + 8);
#undef P

struct aim_mcpserver {
	aim_ctx *ctx;
	size_t size;
	aim_mcpserver_options is; /* its text stands behind the struct */
};

struct aim_mcpserver_session {
	const aim_mcpserver *server;
	aim_ctx *ctx;
	const char *version; /* NULL: none yet */
	aim_json doc;        /* the message */
	aim_json result;     /* what a tool answered */
	aim_buf text;        /* the same, before it is read */
	int32_t error;       /* of the last answer */
};

/* One request under way. */
typedef struct request {
	aim_mcpserver_session *session;
	const aim_request *caller;
	const aim_json *doc;
	aim__message m;
	aim_buf *out;
	aim__json_writer w;
} request;

/* ---- answers ---- */

static aim__json_writer *begin(request *q)
{
	aim__write_init(&q->w, q->out);
	aim__write_begin_object(&q->w);
	aim__write_member_text(&q->w, "jsonrpc", "2.0");
	aim__write_key(&q->w, "id");
	aim__write_raw(&q->w, aim__message_id_raw(q->doc, &q->m));
	return &q->w;
}

/* An error that more is to be said about: the object of "error" is open. */
static aim__json_writer *begin_error(request *q, int32_t code, const char *text)
{
	aim__json_writer *w = begin(q);
	q->session->error = code;
	aim__write_key(w, "error");
	aim__write_begin_object(w);
	aim__write_member_int64(w, "code", code);
	aim__write_member_text(w, "message", text);
	return w;
}

static aim_status end(request *q)
{
	aim__write_end_object(&q->w);
	aim__write_end_object(&q->w);
	return aim__write_finish(&q->w);
}

static aim_status answer_error(request *q, int32_t code, const char *text)
{
	begin_error(q, code, text);
	return end(q);
}

static void write_info(request *q)
{
	const aim_mcpserver_options *is = &q->session->server->is;
	aim__json_writer *w = &q->w;
	aim__write_begin_object(w);
	aim__write_member_string(w, "name", is->name);
	if (is->title.len)
		aim__write_member_string(w, "title", is->title);
	aim__write_member_string(w, "version", is->version);
	aim__write_end_object(w);
}

/* The object of "result" is open. 2026-07-28 asks every result what it is, and servers to name themselves. */
static aim__json_writer *begin_result(request *q)
{
	aim__json_writer *w = begin(q);
	aim__write_key(w, "result");
	aim__write_begin_object(w);
	if (!q->m.modern)
		return w;
	aim__write_member_text(w, "resultType", "complete");
	aim__write_key(w, "_meta");
	aim__write_begin_object(w);
	aim__write_key(w, META "serverInfo");
	write_info(q);
	aim__write_end_object(w);
	return w;
}

static void write_cache(request *q)
{
	if (!q->m.modern)
		return;
	aim__write_key(&q->w, "ttlMs");
	aim__write_uint64(&q->w, q->session->server->is.ttl_ms);
	aim__write_member_text(&q->w, "cacheScope", "private");
}

static void write_capabilities(request *q)
{
	aim__json_writer *w = &q->w;
	aim__write_key(w, "capabilities");
	aim__write_begin_object(w);
	aim__write_key(w, "tools");
	aim__write_begin_object(w);
	aim__write_end_object(w);
	aim__write_end_object(w);
	if (q->session->server->is.instructions.len)
		aim__write_member_string(w, "instructions", q->session->server->is.instructions);
}

/* ---- versions ---- */

static const char *known_version(aim_str text)
{
	for (size_t i = 0; i < N_VERSIONS; i++)
		if (aim_str_equal(text, aim_str_from(versions[i])))
			return versions[i];
	return NULL;
}

static aim_status answer_bad_version(request *q, aim_str asked)
{
	aim__json_writer *w = begin_error(q, AIM_MCPSERVER_BAD_VERSION, "Unsupported protocol version");
	aim__write_key(w, "data");
	aim__write_begin_object(w);
	aim__write_key(w, "supported");
	aim__write_begin_array(w);
	for (size_t i = 0; i < N_VERSIONS; i++)
		aim__write_text(w, versions[i]);
	aim__write_end_array(w);
	aim__write_member_string(w, "requested", asked);
	aim__write_end_object(w);
	return end(q);
}

/* ---- the methods ---- */

static aim_status ping(request *q)
{
	begin_result(q);
	return end(q);
}

static aim_status initialize(request *q)
{
	const aim_json *doc = q->doc;
	aim_str asked = aim__json_string(doc, aim__json_member_text(doc, q->m.params, "protocolVersion"));
	aim_json_value capabilities = aim__json_member_text(doc, q->m.params, "capabilities");
	aim_json_value info = aim__json_member_text(doc, q->m.params, "clientInfo");
	if (!asked.ptr)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, "protocolVersion must be a string");
	if (aim__json_type(doc, capabilities) != AIM_JSON_OBJECT || aim__json_type(doc, info) != AIM_JSON_OBJECT)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, "capabilities and clientInfo must be objects");
	const char *version = known_version(asked);
	if (!version || strcmp(version, MODERN) == 0)
		version = NEWEST_WITH_INITIALIZE;
	aim__json_writer *w = begin_result(q);
	aim__write_member_text(w, "protocolVersion", version);
	write_capabilities(q);
	aim__write_key(w, "serverInfo");
	write_info(q);
	aim_status rc = end(q);
	if (rc == AIM_OK)
		q->session->version = version;
	return rc;
}

static aim_status discover(request *q)
{
	aim__json_writer *w = begin_result(q);
	aim__write_key(w, "supportedVersions");
	aim__write_begin_array(w);
	for (size_t i = 0; i < N_VERSIONS; i++)
		aim__write_text(w, versions[i]);
	aim__write_end_array(w);
	write_capabilities(q);
	write_cache(q);
	return end(q);
}

static aim_status list_tools(request *q)
{
	const aim_mcpserver_options *is = &q->session->server->is;
	aim_buf *text = &q->session->text;
	if (aim__json_member_text(q->doc, q->m.params, "cursor") != AIM_JSON_NONE)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, "Invalid cursor: the list has one page");
	aim_buf_clear(text);
	aim_error why = {0};
	aim_status rc = is->list(is->user, text, &why);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK)
		return answer_error(q, AIM_MCPSERVER_INTERNAL_ERROR, "The list of tools cannot be made");
	aim__json_writer *w = begin_result(q);
	aim__write_key(w, "tools");
	aim__write_raw(w, aim_buf_bytes(text));
	write_cache(q);
	return end(q);
}

/* ---- calling tools ---- */

static void write_content(aim__json_writer *w, aim_str text)
{
	aim__write_key(w, "content");
	aim__write_begin_array(w);
	aim__write_begin_object(w);
	aim__write_member_text(w, "type", "text");
	aim__write_member_string(w, "text", text);
	aim__write_end_object(w);
	aim__write_end_array(w);
}

static aim_status answer_failure(request *q, aim_str text)
{
	aim__json_writer *w = begin_result(q);
	write_content(w, text);
	aim__write_member_bool(w, "isError", 1);
	return end(q);
}

static aim_status answer_capability(request *q, const char *name)
{
	aim__json_writer *w = begin_error(q, AIM_MCPSERVER_NO_CAPABILITY, "Missing required client capability");
	aim__write_key(w, "data");
	aim__write_begin_object(w);
	aim__write_key(w, "requiredCapabilities");
	aim__write_begin_object(w);
	aim__write_key(w, name);
	aim__write_begin_object(w);
	aim__write_end_object(w);
	aim__write_end_object(w);
	aim__write_end_object(w);
	return end(q);
}

static aim_status answer_unknown_tool(request *q, aim_str name)
{
	aim_error text = {0};
	aim__fail(&text, AIM_E_NOT_FOUND, AIM_LAYER_MCP, "Unknown tool: %.*s", AIM__STR(name));
	return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, text.message);
}

/* structuredContent is an object in every version that has it; 2024-11-05 and 2025-03-26 read the text. */
static aim_status answer_result(request *q)
{
	aim_mcpserver_session *s = q->session;
	aim_status rc = aim_json_parse(&s->result, aim_buf_bytes(&s->text), AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK)
		return answer_error(q, AIM_MCPSERVER_INTERNAL_ERROR, "The tool's result is not JSON");
	aim__json_writer *w = begin_result(q);
	write_content(w, aim_buf_str(&s->text));
	if (aim__json_type(&s->result, AIM_JSON_ROOT) == AIM_JSON_OBJECT) {
		aim__write_key(w, "structuredContent");
		aim__write_raw(w, aim_buf_bytes(&s->text));
	}
	aim__write_member_bool(w, "isError", 0);
	return end(q);
}

static aim_status call_tool(request *q)
{
	const aim_mcpserver_options *is = &q->session->server->is;
	const aim_json *doc = q->doc;
	aim_str name = aim__json_string(doc, aim__json_member_text(doc, q->m.params, "name"));
	aim_json_value given = aim__json_member_text(doc, q->m.params, "arguments");
	aim_bytes arguments = aim_bytes_from("{}", 2);
	if (!name.ptr)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, "name must be a string");
	if (given != AIM_JSON_NONE && aim__json_type(doc, given) != AIM_JSON_OBJECT)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS, "arguments must be an object");
	if (given != AIM_JSON_NONE)
		arguments = aim_json_raw(doc, given);
	aim_buf_clear(&q->session->text);
	aim_error why = {0};
	aim_status rc = is->call(is->user, q->caller, name, arguments, &q->session->text, &why);
	switch (rc) {
	case AIM_OK: return answer_result(q);
	case AIM_E_NOT_FOUND: return answer_unknown_tool(q, name);
	case AIM_E_MCPSERVER_CAPABILITY: return answer_capability(q, why.message);
	default: break;
	}
	if (!why.message[0])
		aim__fail_plain(&why, rc, AIM_LAYER_MCP);
	return answer_failure(q, aim_str_from(why.message));
}

/* ---- one message ---- */

#define LEGACY 1u
#define STATELESS 2u

typedef struct method {
	const char *name;
	uint32_t eras;
	aim_status (*run)(request *q);
} method;

static const method methods[] = {
	{"initialize", LEGACY, initialize},
	{"ping", LEGACY, ping},
	{"server/discover", STATELESS, discover},
	{"tools/call", LEGACY | STATELESS, call_tool},
	{"tools/list", LEGACY | STATELESS, list_tools},
};

static const method *find_method(const request *q)
{
	uint32_t era = q->m.modern ? STATELESS : LEGACY;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (methods[i].eras & era && aim_str_equal(q->m.method, aim_str_from(methods[i].name)))
			return &methods[i];
	return NULL;
}

/* What 2026-07-28 asks of every request. Sets *out_answered when that was the answer. */
static aim_status check_meta(request *q, int *out_answered)
{
	aim_json_value meta = aim__json_member_text(q->doc, q->m.params, "_meta");
	aim_str version = aim__json_string(q->doc, aim__json_member_text(q->doc, meta, META "protocolVersion"));
	aim_json_value capabilities = aim__json_member_text(q->doc, meta, META "clientCapabilities");
	*out_answered = 1;
	if (!aim_str_equal(version, aim_str_from(MODERN)))
		return answer_bad_version(q, version);
	if (aim__json_type(q->doc, capabilities) != AIM_JSON_OBJECT)
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS,
		                    "_meta must hold the object " META "clientCapabilities");
	*out_answered = 0;
	return AIM_OK;
}

static aim_status answer_unknown_method(request *q)
{
	if (!q->m.modern && aim_str_equal(q->m.method, aim_str_from("server/discover")))
		return answer_error(q, AIM_MCPSERVER_INVALID_PARAMS,
		                    "_meta must hold " META "protocolVersion and " META "clientCapabilities");
	return answer_error(q, AIM_MCPSERVER_UNKNOWN_METHOD, "Method not found");
}

static aim_status answer_request(request *q)
{
	int answered = 0;
	aim_status rc = q->m.modern ? check_meta(q, &answered) : AIM_OK;
	if (rc != AIM_OK || answered)
		return rc;
	const method *known = find_method(q);
	return known ? known->run(q) : answer_unknown_method(q);
}

static aim_status answer_value(request *q, aim_json_value value)
{
	aim__message_classify(q->doc, value, &q->m);
	switch (q->m.kind) {
	case AIM__MESSAGE_REQUEST: return answer_request(q);
	case AIM__MESSAGE_INVALID: break;
	default: return AIM_OK; /* notifications, and replies to what we never ask */
	}
	aim_error text = {0};
	aim__fail(&text, AIM_E_MCP_MESSAGE, AIM_LAYER_MCP, "%s: %s",
	          q->m.error_code == AIM_MCPSERVER_INVALID_PARAMS ? "Invalid params" : "Invalid request", q->m.problem);
	return answer_error(q, q->m.error_code, text.message);
}

/* An error about no request in particular. */
static aim_status answer_null(request *q, int32_t code, const char *text)
{
	q->m.id = AIM_JSON_NONE;
	return answer_error(q, code, text);
}

static aim_status answer_batch(request *q)
{
	size_t start = q->out->len, n = 0;
	size_t count = aim_json_count(q->doc, AIM_JSON_ROOT);
	if (!q->session->version || strcmp(q->session->version, BATCHES) != 0)
		return answer_null(q, AIM_MCPSERVER_INVALID_REQUEST, "Invalid request: batches are of " BATCHES " only");
	if (count == 0 || count > AIM_MCPSERVER_MAX_BATCH)
		return answer_null(q, AIM_MCPSERVER_INVALID_REQUEST, "Invalid request: a batch has 1 to 64 messages");
	aim_status rc = aim__buf_add_byte(q->out, '[');
	aim_json_value v = aim__json_first(q->doc, AIM_JSON_ROOT);
	for (; rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(q->doc, v)) {
		size_t before = q->out->len;
		rc = n ? aim__buf_add_byte(q->out, ',') : AIM_OK;
		size_t at = q->out->len;
		if (rc == AIM_OK)
			rc = answer_value(q, v);
		if (q->out->len == at)
			aim__buf_truncate(q->out, before);
		else
			n++;
	}
	if (rc == AIM_OK && n)
		rc = aim__buf_add_byte(q->out, ']');
	if (rc != AIM_OK || n == 0)
		aim__buf_truncate(q->out, start);
	q->session->error = 0;
	return rc;
}

static aim_status answer(request *q, aim_bytes message)
{
	aim_mcpserver_session *s = q->session;
	if (message.len > s->ctx->limits.max_message_bytes)
		return answer_null(q, AIM_MCPSERVER_INVALID_REQUEST, "Invalid request: the message is too long");
	aim_status rc = aim_json_parse(&s->doc, message, AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		return rc;
	if (rc != AIM_OK)
		return answer_null(q, AIM_MCPSERVER_PARSE_ERROR, "Parse error");
	if (aim__json_type(&s->doc, AIM_JSON_ROOT) == AIM_JSON_ARRAY)
		return answer_batch(q);
	return answer_value(q, AIM_JSON_ROOT);
}

aim_status aim_mcpserver_answer(aim_mcpserver_session *session, const aim_request *caller, aim_bytes message,
                                aim_buf *out, aim_error *err)
{
	if (!session || !out || (!message.ptr && message.len))
		return AIM__MISUSE(session ? session->ctx : NULL, "session, message and out are required");
	request q = {.session = session, .caller = caller, .doc = &session->doc, .out = out};
	size_t start = out->len;
	q.m.id = AIM_JSON_NONE;
	session->error = 0;
	aim_status rc = answer(&q, message);
	if (rc == AIM_OK)
		return AIM_OK;
	aim__buf_truncate(out, start);
	return aim__fail_plain(err, rc, AIM_LAYER_MCP);
}

int32_t aim_mcpserver_session_error(const aim_mcpserver_session *session)
{
	return session ? session->error : 0;
}

aim_status aim_mcpserver_session_set_version(aim_mcpserver_session *session, aim_str version, aim_error *err)
{
	if (!session)
		return AIM__MISUSE(NULL, "session is required");
	const char *known = version.len ? known_version(version) : NULL;
	if (version.len && !known)
		return aim__fail(err, AIM_E_MCPSERVER_VERSION, AIM_LAYER_MCP, "'%.*s' is no version of MCP that is spoken here",
		                 AIM__STR(version));
	session->version = known;
	return AIM_OK;
}

aim_str aim_mcpserver_session_version(const aim_mcpserver_session *session)
{
	return session && session->version ? aim_str_from(session->version) : (aim_str){NULL, 0};
}

/* ---- making and freeing ---- */

static aim_status check_options(const aim_mcpserver_options *o, aim_error *err)
{
	const aim_str texts[] = {o->name, o->title, o->version, o->instructions};
	if (o->flags)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_MCP, "aim_mcpserver_options.flags has unknown bits");
	if (!o->name.len || !o->version.len || !o->list || !o->call)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "name, version, list and call are required");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].len && !aim__utf8_valid(texts[i], NULL))
			return aim__fail(err, AIM_E_UTF8, AIM_LAYER_MCP, "a text of aim_mcpserver_options is not UTF-8");
	return AIM_OK;
}

static void place(aim_str *text, char **at)
{
	if (text->len)
		memcpy(*at, text->ptr, text->len);
	text->ptr = *at;
	*at += text->len;
}

aim_status aim_mcpserver_new(aim_ctx *ctx, const aim_mcpserver_options *options, aim_mcpserver **out, aim_error *err)
{
	aim_mcpserver_options o = {.struct_size = sizeof o};
	if (!ctx || !options || !out)
		return AIM__MISUSE(ctx, "ctx, options and out are required");
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_mcpserver_options", err);
	if (rc == AIM_OK)
		rc = check_options(&o, err);
	if (rc != AIM_OK)
		return rc;
	size_t size = sizeof(aim_mcpserver) + o.name.len + o.title.len + o.version.len + o.instructions.len;
	aim_mcpserver *server = aim__alloc(ctx, size);
	if (!server)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	char *at = (char *)(server + 1);
	server->ctx = aim__ctx_ref(ctx);
	server->size = size;
	server->is = o;
	place(&server->is.name, &at);
	place(&server->is.title, &at);
	place(&server->is.version, &at);
	place(&server->is.instructions, &at);
	*out = server;
	return AIM_OK;
}

void aim_mcpserver_free(aim_mcpserver *server)
{
	if (!server)
		return;
	aim_ctx *ctx = server->ctx;
	aim__free(ctx, server, server->size);
	aim__ctx_unref(ctx);
}

aim_status aim_mcpserver_session_new(const aim_mcpserver *server, aim_mcpserver_session **out, aim_error *err)
{
	if (!server || !out)
		return AIM__MISUSE(server ? server->ctx : NULL, "server and out are required");
	aim_mcpserver_session *s = aim__alloc_zeroed(server->ctx, sizeof *s);
	if (!s)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	s->server = server;
	s->ctx = aim__ctx_ref(server->ctx);
	aim__json_init(&s->doc, s->ctx);
	aim__json_init(&s->result, s->ctx);
	aim__buf_init(&s->text, s->ctx);
	*out = s;
	return AIM_OK;
}

void aim_mcpserver_session_free(aim_mcpserver_session *s)
{
	if (!s)
		return;
	aim_ctx *ctx = s->ctx;
	aim__json_dispose(&s->doc);
	aim__json_dispose(&s->result);
	aim__buf_dispose(&s->text);
	aim__free(ctx, s, sizeof *s);
	aim__ctx_unref(ctx);
}
