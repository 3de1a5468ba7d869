/* mcp/http.c — Streamable HTTP: a message with headers in front of it. Others route and decide by the headers, this
 * guard by the body; a request in which they differ is refused. Layer mcp. */
#include "mcp/http.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/encoding.h"
#include "codec/utf8.h"
#include "evidence/headers.h"
#include "mcp/guard.h"

#include <aim/encoding.h>
#include <aim/guardhttp.h>

#include <string.h>

/* The first revision whose requests must carry the headers, and have their version in the body. */
#define FIRST_WITH_HEADERS "2026-07-28"
#define PARAM_PREFIX "mcp-param-"
#define PARAM_PREFIX_LEN (sizeof PARAM_PREFIX - 1)
#define SCHEMA_DEPTH 16u
#define WRAP_BEFORE "=?base64?"
#define WRAP_AFTER "?="

/* --- what the headers say ---------------------------------------------------------------------------------- */

/* A header that stands at most once. */
typedef struct field {
	const char *name;
	aim_str value; /* {NULL, 0} when absent */
	size_t n;
} field;

enum { VERSION, METHOD, NAME, N_FIELDS };

typedef struct fields {
	field at[N_FIELDS];
	size_t n_params; /* headers Mcp-Param-* */
} fields;

static int is_param(aim_str name)
{
	aim_str prefix = {name.ptr, PARAM_PREFIX_LEN};
	return name.len > PARAM_PREFIX_LEN && aim__ascii_equal_folded(prefix, aim_str_from(PARAM_PREFIX));
}

static void take(fields *out, aim_str name, aim_str value)
{
	out->n_params += (size_t)(is_param(name) != 0);
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (!aim__ascii_equal_folded(name, aim_str_from(out->at[i].name)))
			continue;
		out->at[i].value = value;
		out->at[i].n++;
	}
}

/* AIM_OK, AIM_E_HEADER. */
static aim_status collect(aim_str block, fields *out)
{
	static const fields empty = {
		{{"mcp-protocol-version", {NULL, 0}, 0}, {"mcp-method", {NULL, 0}, 0}, {"mcp-name", {NULL, 0}, 0}}, 0};
	aim_str name, value;
	size_t number = 0;
	aim_status rc;
	*out = empty;
	while ((rc = aim__headers_next(&block, &number, &name, &value, NULL)) == AIM_OK)
		take(out, name, value);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	for (size_t i = 0; i < N_FIELDS; i++)
		if (out->at[i].n > 1)
			return AIM_E_HEADER;
	return AIM_OK;
}

/* --- values --------------------------------------------------------------------------------------------------- */

static int is_wrapped(aim_str value)
{
	const size_t before = sizeof WRAP_BEFORE - 1, after = sizeof WRAP_AFTER - 1;
	return value.len >= before + after && memcmp(value.ptr, WRAP_BEFORE, before) == 0 &&
	       memcmp(value.ptr + value.len - after, WRAP_AFTER, after) == 0;
}

/* The text a header stands for, unwrapped into room when it is wrapped. {NULL, 0} when it stands for none. */
static aim_str unwrap(aim_str value, uint8_t room[AIM_HEADERS_MAX_VALUE])
{
	aim_str none = {NULL, 0};
	size_t len = 0;
	if (value.len > AIM_HEADERS_MAX_VALUE)
		return none;
	if (!is_wrapped(value))
		return value;
	const size_t before = sizeof WRAP_BEFORE - 1, after = sizeof WRAP_AFTER - 1;
	aim_str inner = {value.ptr + before, value.len - before - after};
	if (aim__encoding_read(AIM_ENCODING_BASE64, inner, room, AIM_HEADERS_MAX_VALUE, &len, NULL) != AIM_OK)
		return none;
	return (aim_str){(const char *)room, len};
}

static int says(aim_str value, aim_str expected)
{
	uint8_t room[AIM_HEADERS_MAX_VALUE];
	aim_str text = unwrap(value, room);
	return text.ptr && aim_str_equal(text, expected);
}

/* 42 and 42.0 are one whole number. */
static int says_number(aim_guard *guard, aim_str value, int64_t expected)
{
	aim_json number;
	int64_t said = 0;
	aim__json_init(&number, guard->ctx);
	int same = aim_json_parse(&number, aim_bytes_from_str(value), AIM_JSON_BORROW, NULL) == AIM_OK &&
	           aim_json_int64(&number, AIM_JSON_ROOT, &said) == AIM_OK && said == expected;
	aim__json_dispose(&number);
	return same;
}

static int says_value(aim_guard *guard, aim_str value, aim_json_value argument)
{
	const aim_json *doc = &guard->doc;
	int32_t yes = 0;
	int64_t number = 0;
	if (aim_json_bool(doc, argument, &yes) == AIM_OK)
		return says(value, aim_str_from(yes ? "true" : "false"));
	if (aim_json_int64(doc, argument, &number) == AIM_OK)
		return says_number(guard, value, number);
	aim_str text = aim__json_string(doc, argument);
	return text.ptr && says(value, text);
}

/* --- parameters that a schema wants in headers ------------------------------------------------------------------ */

typedef struct search {
	aim_guard *guard;
	const aim_json *schema;
	int required; /* this revision asks for the headers */
	size_t n_found;
	const char *problem;
} search;

/* Only these have one form as text. */
static int is_marked(const aim_json *schema, aim_json_value property, aim_str *out_name)
{
	static const char *const types[] = {"string", "integer", "boolean"};
	aim_str type = aim__json_string(schema, aim__json_member_text(schema, property, "type"));
	*out_name = aim__json_string(schema, aim__json_member_text(schema, property, "x-mcp-header"));
	for (size_t i = 0; out_name->len && i < sizeof types / sizeof *types; i++)
		if (aim_str_equal(type, aim_str_from(types[i])))
			return 1;
	return 0;
}

/* How often Mcp-Param-{suffix} stands; the last one's value. */
static size_t find_param(aim_str block, aim_str suffix, aim_str *out_value)
{
	aim_str name, value;
	size_t number = 0, n = 0;
	while (aim__headers_next(&block, &number, &name, &value, NULL) == AIM_OK) {
		aim_str rest = {name.ptr + PARAM_PREFIX_LEN, name.len - PARAM_PREFIX_LEN};
		if (!is_param(name) || !aim__ascii_equal_folded(rest, suffix))
			continue;
		*out_value = value;
		n++;
	}
	return n;
}

static void check_param(search *s, aim_str suffix, aim_json_value argument)
{
	aim_str value = {NULL, 0};
	size_t n = find_param(s->guard->http, suffix, &value);
	uint32_t type = aim__json_type(&s->guard->doc, argument);
	int is_given = type != AIM_JSON_ABSENT && type != AIM_JSON_NULL;
	s->n_found += n;
	if (n > 1 || (n == 1 && !is_given) || (n == 0 && is_given && s->required) ||
	    (n == 1 && !says_value(s->guard, value, argument)))
		s->problem = "header_param";
}

/* Through "properties" alone: what stands under items or a condition has no one place in the arguments. */
static void search_properties(search *s, aim_json_value schema, aim_json_value arguments, unsigned depth)
{
	aim_json_value properties = aim__json_member_text(s->schema, schema, "properties");
	if (depth > SCHEMA_DEPTH || aim__json_type(s->schema, properties) != AIM_JSON_OBJECT)
		return;
	for (aim_json_value p = aim__json_first(s->schema, properties); p != AIM_JSON_NONE && !s->problem;
	     p = aim__json_next(s->schema, p)) {
		aim_str suffix;
		aim_json_value argument = aim_json_member(&s->guard->doc, arguments, aim__json_key(s->schema, p));
		if (is_marked(s->schema, p, &suffix))
			check_param(s, suffix, argument);
		search_properties(s, p, argument, depth + 1);
	}
}

static int mentions(aim_bytes text, const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i + len <= text.len; i++)
		if (text.ptr[i] == (uint8_t)word[0] && memcmp(text.ptr + i, word, len) == 0)
			return 1;
	return 0;
}

/* Mcp-Param-* without a schema that asks for it cannot be compared, so nobody may act on it. */
static const char *check_params(aim_guard *guard, const aim__message *m, const fields *f, int required)
{
	aim_json schema;
	search s = {guard, &schema, required, 0, NULL};
	aim_str tool = aim__json_string(&guard->doc, aim__json_member_text(&guard->doc, m->params, "name"));
	aim_bytes definition = aim__surface_definition(&guard->surface, tool);
	if (!mentions(definition, "x-mcp-header") && !mentions(definition, "\\u"))
		return f->n_params ? "header_param" : NULL;
	aim__json_init(&schema, guard->ctx);
	if (aim_json_parse(&schema, definition, AIM_JSON_BORROW, NULL) != AIM_OK)
		s.problem = "header_param";
	else
		search_properties(&s, aim__json_member_text(&schema, AIM_JSON_ROOT, "inputSchema"),
		                  aim__json_member_text(&guard->doc, m->params, "arguments"), 0);
	aim__json_dispose(&schema);
	return s.problem || s.n_found == f->n_params ? s.problem : "header_param";
}

/* --- one message --------------------------------------------------------------------------------------------------- */

static int is_call(aim_str method)
{
	return aim_str_equal(method, aim_str_from("tools/call"));
}

/* Whose name must stand in Mcp-Name. */
static int must_name(aim_str method)
{
	return is_call(method) || aim_str_equal(method, aim_str_from("prompts/get")) ||
	       aim_str_equal(method, aim_str_from("resources/read"));
}

static const char *check_name(aim_guard *guard, const aim__message *m, aim_str name, int required)
{
	const aim__method *method = aim__method_of(m->method, AIM_GUARD_CLIENT, m->modern);
	aim_str subject = {NULL, 0};
	if (method && method->subject)
		subject = aim__json_string(&guard->doc, aim__message_at(&guard->doc, m->params, method->subject));
	if (!name.ptr)
		return required && must_name(m->method) ? "header_name" : NULL;
	return subject.ptr && says(name, subject) ? NULL : "header_name";
}

static const char *check_version(aim_guard *guard, const aim__message *m, aim_str version)
{
	aim_json_value meta = aim__json_member_text(&guard->doc, m->params, "_meta");
	if (!m->modern)
		return NULL;
	aim_str said = aim__json_string(&guard->doc,
	                                aim__json_member_text(&guard->doc, meta, "io.modelcontextprotocol/protocolVersion"));
	return version.ptr && aim_str_equal(version, said) ? NULL : "header_version";
}

/* Dates of one form: their order is that of their bytes. */
static int has_headers(aim_str version)
{
	const size_t len = sizeof FIRST_WITH_HEADERS - 1;
	return version.len == len && memcmp(version.ptr, FIRST_WITH_HEADERS, len) >= 0;
}

static const char *compare(aim_guard *guard, const aim__message *m, const fields *f)
{
	const field *at = f->at;
	int required = m->modern || has_headers(at[VERSION].value);
	const char *problem = check_version(guard, m, at[VERSION].value);
	if (problem)
		return problem;
	if (m->method.len == 0) /* an answer of the client's: it names no method */
		return at[METHOD].value.ptr || at[NAME].value.ptr || f->n_params ? "header_method" : NULL;
	if (at[METHOD].value.ptr ? !aim_str_equal(at[METHOD].value, m->method) : required)
		return "header_method";
	problem = check_name(guard, m, at[NAME].value, required);
	if (problem)
		return problem;
	if (is_call(m->method))
		return check_params(guard, m, f, required);
	return f->n_params ? "header_param" : NULL;
}

const char *aim__http_problem(aim_guard *guard, const aim__message *m, int32_t *out_rpc)
{
	fields f;
	*out_rpc = AIM__RPC_HEADER_MISMATCH;
	if (!guard->http.ptr)
		return NULL;
	if (collect(guard->http, &f) != AIM_OK)
		return "header_syntax";
	const char *problem = compare(guard, m, &f);
	if (!problem && m->kind == AIM__MESSAGE_REQUEST && !m->modern && has_headers(f.at[VERSION].value)) {
		*out_rpc = AIM__RPC_INVALID_PARAMS;
		problem = "meta_missing";
	}
	return problem;
}

/* --- the public face ------------------------------------------------------------------------------------------------ */

aim_status aim_guard_message(aim_guard *guard, uint32_t from, aim_bytes message, aim_error *err)
{
	aim__line line = {message, 1, 0};
	if (!guard || (from != AIM_GUARD_CLIENT && from != AIM_GUARD_SERVER) || (!message.ptr && message.len))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard, a side and a message are required");
	if (aim__guard_side(guard, from)->ended)
		return aim__fail_plain(err, AIM_E_MCP_CLOSED, AIM_LAYER_MCP);
	if (message.len > guard->ctx->limits.max_message_bytes)
		line = (aim__line){{NULL, 0}, 1, 1};
	return aim__flow_line(guard, from, &line, err);
}

/* The block, or AIM_E_INVALID. */
static aim_status read_block(const aim_headers *headers, aim_str *out, aim_error *err)
{
	aim_headers h = {.struct_size = sizeof h};
	aim_status rc = aim__sized_in(&h, sizeof h, headers, sizeof h, "aim_headers", err);
	if (rc != AIM_OK)
		return rc;
	if (h.flags || h.find || !h.block.ptr || h.block.len > AIM_HEADERS_MAX_BLOCK)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "the headers of a request are a block of at most %u bytes",
		                 AIM_HEADERS_MAX_BLOCK);
	*out = h.block;
	return AIM_OK;
}

/* From 2026-07-28 on a method that is not there is a resource that is not there. */
static int names_modern(const aim_headers *headers)
{
	fields f;
	return collect(headers->block, &f) == AIM_OK && has_headers(f.at[VERSION].value);
}

aim_status aim_guard_request(aim_guard *guard, const aim_headers *headers, aim_bytes body, uint32_t *out_http,
                             aim_error *err)
{
	if (out_http)
		*out_http = 0;
	if (!guard || !headers || !out_http)
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard, headers and out_http are required");
	guard->last_error = 0;
	size_t answered = aim__queue_len(&guard->sides[0].output);
	uint64_t n_malformed = guard->counters.n_malformed;
	aim_status rc = read_block(headers, &guard->http, err);
	if (rc == AIM_OK)
		rc = aim_guard_message(guard, AIM_GUARD_CLIENT, body, err);
	guard->http = (aim_str){NULL, 0};
	if (rc != AIM_OK || aim__queue_len(&guard->sides[0].output) == answered)
		return rc;
	*out_http = guard->counters.n_malformed == n_malformed ? 200 : 400;
	if (body.len > guard->ctx->limits.max_message_bytes)
		*out_http = 413;
	else if (guard->last_error == AIM__RPC_UNKNOWN_METHOD && names_modern(headers))
		*out_http = 404;
	return AIM_OK;
}

/* --- requests that stay without answer ---------------------------------------------------------------------------- */

static aim_status abandon(aim_guard *guard, aim_json_value value, aim_error *err)
{
	uint8_t key_bytes[AIM__MESSAGE_ID_MAX + 1];
	aim__requests *sent = &aim__guard_side(guard, AIM_GUARD_CLIENT)->sent;
	aim__message m;
	aim__message_classify(&guard->doc, value, &m);
	if (m.kind != AIM__MESSAGE_REQUEST)
		return AIM_OK;
	aim__request *request = aim__requests_find(sent, aim__message_id_key(&guard->doc, m.id, key_bytes));
	if (!request)
		return AIM_OK;
	aim_status rc = request->gated ? aim__record_result(guard, request, "no_answer", 0, err) : AIM_OK;
	aim_status told = aim__answer_error(guard, AIM_GUARD_CLIENT, aim__message_id_raw(&guard->doc, &m), AIM__RPC_NO_ANSWER,
	                                    "The server did not answer", "no_answer", request->decision_id);
	aim__requests_remove(sent, request);
	return rc == AIM_OK ? told : rc;
}

aim_status aim_guard_abandon(aim_guard *guard, aim_bytes message, aim_error *err)
{
	const aim_json *doc;
	aim_status rc;
	if (!guard || (!message.ptr && message.len))
		return AIM__MISUSE(guard ? guard->ctx : NULL, "guard and a message are required");
	doc = &guard->doc;
	rc = aim_json_parse(&guard->doc, message, AIM_JSON_BORROW, err);
	if (rc != AIM_OK)
		return rc;
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_ARRAY)
		return abandon(guard, AIM_JSON_ROOT, err);
	for (aim_json_value v = aim__json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE && rc == AIM_OK;
	     v = aim__json_next(doc, v))
		rc = abandon(guard, v, err);
	return rc;
}
