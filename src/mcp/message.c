/* mcp/message.c — JSON-RPC 2.0 as MCP uses it: which of the four kinds a value is, and whether two
 * readers could disagree about it. Layer mcp. Knows no method and no state. */
#include "mcp/message.h"

#include "base/format.h"

#include <string.h>

#define INVALID_REQUEST (-32600)
#define INVALID_PARAMS (-32602)

#define PROTOCOL_KEY "io.modelcontextprotocol/protocolVersion"

#define NAME(text) {text, sizeof(text) - 1}

static const aim_str top_names[] = {NAME("jsonrpc"), NAME("id"),     NAME("method"),
                                    NAME("params"),  NAME("result"), NAME("error")};
#define N_TOP (sizeof top_names / sizeof *top_names)

/* Members of params that the guard itself reads. */
static const aim_str param_names[] = {
	NAME("name"),     NAME("uri"),   NAME("arguments"), NAME("ref"),  NAME("taskId"),
	NAME("argument"), NAME("_meta"), NAME("cursor"),    NAME("task"), NAME("requestState"),
	NAME("requestId")};
#define N_PARAMS (sizeof param_names / sizeof *param_names)

/* Members of results that the guard itself reads, or that hold what it looks at. */
static const aim_str result_names[] = {
	NAME("tools"),      NAME("prompts"),         NAME("resources"),    NAME("resourceTemplates"), NAME("instructions"),
	NAME("resultType"), NAME("inputRequests"),   NAME("requestState"), NAME("nextCursor"),        NAME("isError"),
	NAME("serverInfo"), NAME("protocolVersion"), NAME("_meta")};
#define N_RESULT (sizeof result_names / sizeof *result_names)

static const aim_str input_names[] = {NAME("method"), NAME("params")};
#define N_INPUT (sizeof input_names / sizeof *input_names)

static uint8_t fold_ascii(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* One character of key folded as Unicode simple case folding does for letters of ASCII names: U+017F
 * and U+212A fold to s and k. Returns the bytes read; 0 when it folds to nothing in ASCII. */
static size_t fold_one(const uint8_t *p, size_t len, uint8_t *out)
{
	if (p[0] < 0x80) {
		*out = fold_ascii(p[0]);
		return 1;
	}
	if (len >= 2 && p[0] == 0xC5 && p[1] == 0xBF) {
		*out = 's';
		return 2;
	}
	if (len >= 3 && p[0] == 0xE2 && p[1] == 0x84 && p[2] == 0xAA) {
		*out = 'k';
		return 3;
	}
	return 0;
}

static int folds_to(aim_str key, aim_str name)
{
	const uint8_t *p = (const uint8_t *)key.ptr;
	size_t left = key.len;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c;
		size_t n = left ? fold_one(p, left, &c) : 0;
		if (n == 0 || c != fold_ascii((uint8_t)name.ptr[i]))
			return 0;
		p += n;
		left -= n;
	}
	return left == 0;
}

static int same(aim_str a, aim_str b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* The name that key is, or that some readers take it for; n_names when there is none. */
static size_t resembles(aim_str key, const aim_str *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++) {
		uint8_t first = key.len ? (uint8_t)key.ptr[0] : 0;
		int begins = first >= 0x80 || fold_ascii(first) == fold_ascii((uint8_t)names[i].ptr[0]);
		if (begins && key.len >= names[i].len && folds_to(key, names[i]))
			return i;
	}
	return n_names;
}

static int has_alias(const aim_json *doc, aim_json_value object, const aim_str *names, size_t n_names)
{
	for (aim_json_value v = aim__json_first(doc, object); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_str key = aim__json_key(doc, v);
		size_t i = resembles(key, names, n_names);
		if (i < n_names && !same(key, names[i]))
			return 1;
	}
	return 0;
}

int aim__message_result_is_ambiguous(const aim_json *doc, aim_json_value result)
{
	if (has_alias(doc, result, result_names, N_RESULT))
		return 1;
	aim_json_value inputs = aim__json_member_text(doc, result, "inputRequests");
	for (aim_json_value v = aim__json_first(doc, inputs); v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (has_alias(doc, v, input_names, N_INPUT))
			return 1;
	return 0;
}

aim_json_value aim__message_at(const aim_json *doc, aim_json_value params, const char *pointer)
{
	return pointer ? aim_json_at(doc, params, aim_str_from(pointer)) : params;
}

static void invalid(aim__message *m, const char *problem, int32_t code)
{
	m->kind = AIM__MESSAGE_INVALID;
	m->problem = problem;
	m->error_code = code;
}

/* MCP allows strings and integers (revision 2025-11-25, schema RequestId); null is for answers only. */
static int id_is_good(const aim_json *doc, aim__message *m)
{
	uint32_t type = aim__json_type(doc, m->id);
	if (type == AIM_JSON_STRING)
		return aim__json_string(doc, m->id).len <= AIM__MESSAGE_ID_MAX - 1;
	return type == AIM_JSON_NUMBER && aim_json_int64(doc, m->id, &m->id_number) == AIM_OK;
}

typedef struct parts {
	aim_json_value of[N_TOP];
	int alias; /* a member that some readers would take for one of them */
} parts;

static void collect(const aim_json *doc, aim_json_value object, parts *out)
{
	out->alias = 0;
	for (size_t i = 0; i < N_TOP; i++)
		out->of[i] = AIM_JSON_NONE;
	for (aim_json_value v = aim__json_first(doc, object); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_str key = aim__json_key(doc, v);
		size_t i = resembles(key, top_names, N_TOP);
		if (i < N_TOP && same(key, top_names[i]))
			out->of[i] = v;
		else
			out->alias |= i < N_TOP;
	}
}

static void classify_call(const aim_json *doc, aim__message *m)
{
	uint32_t type = aim__json_type(doc, m->params);
	if (m->method.len == 0) {
		invalid(m, "method_type", INVALID_REQUEST);
		return;
	}
	if (type != AIM_JSON_OBJECT && type != AIM_JSON_ABSENT) {
		invalid(m, "params_type", INVALID_PARAMS);
		return;
	}
	if (has_alias(doc, m->params, param_names, N_PARAMS)) {
		invalid(m, "ambiguous_member", INVALID_PARAMS);
		return;
	}
	aim_json_value meta = aim__json_member_text(doc, m->params, "_meta");
	m->modern = aim__json_string(doc, aim__json_member_text(doc, meta, PROTOCOL_KEY)).ptr != NULL;
	m->kind = m->id == AIM_JSON_NONE ? AIM__MESSAGE_NOTIFICATION : AIM__MESSAGE_REQUEST;
}

static void classify_reply(const aim_json *doc, aim__message *m)
{
	int has_result = m->result != AIM_JSON_NONE, has_error = m->error != AIM_JSON_NONE;
	if (has_result == has_error) {
		invalid(m, has_result ? "result_and_error" : "no_method", INVALID_REQUEST);
		return;
	}
	if (m->params != AIM_JSON_NONE) {
		invalid(m, "reply_with_params", INVALID_REQUEST);
		return;
	}
	if (has_error && aim__json_type(doc, m->error) != AIM_JSON_OBJECT) {
		invalid(m, "error_type", INVALID_REQUEST);
		return;
	}
	if (has_result && aim__json_type(doc, m->result) != AIM_JSON_OBJECT) {
		invalid(m, "result_type", INVALID_REQUEST);
		return;
	}
	m->kind = has_error ? AIM__MESSAGE_ERROR : AIM__MESSAGE_RESULT;
}

/* jsonrpc and members, before anything else is believed. */
static const char *envelope_problem(const aim_json *doc, const parts *p)
{
	aim_str version = aim__json_string(doc, p->of[0]);
	if (!aim_str_equal(version, aim_str_from("2.0")))
		return "jsonrpc_version";
	return p->alias ? "ambiguous_member" : NULL;
}

void aim__message_classify(const aim_json *doc, aim_json_value value, aim__message *out)
{
	static const aim__message nothing = {.id = AIM_JSON_NONE, .params = AIM_JSON_NONE,
	                                     .result = AIM_JSON_NONE, .error = AIM_JSON_NONE};
	*out = nothing;
	out->value = value;
	if (aim__json_type(doc, value) != AIM_JSON_OBJECT) {
		invalid(out, "not_an_object", INVALID_REQUEST);
		return;
	}
	parts p;
	collect(doc, value, &p);
	out->id = p.of[1];
	out->params = p.of[3];
	out->result = p.of[4];
	out->error = p.of[5];
	out->method = aim__json_string(doc, p.of[2]);
	int id_bad = out->id != AIM_JSON_NONE && !id_is_good(doc, out);
	int null_reply = id_bad && aim__json_type(doc, out->id) == AIM_JSON_NULL && p.of[2] == AIM_JSON_NONE;
	if (id_bad)
		out->id = AIM_JSON_NONE;
	const char *problem = envelope_problem(doc, &p);
	if (problem || (id_bad && !null_reply)) {
		invalid(out, problem ? problem : "id_type", INVALID_REQUEST);
		return;
	}
	if (p.of[2] == AIM_JSON_NONE)
		classify_reply(doc, out);
	else if (out->result != AIM_JSON_NONE || out->error != AIM_JSON_NONE)
		invalid(out, "method_and_reply", INVALID_REQUEST);
	else
		classify_call(doc, out);
}

aim_bytes aim__message_id_raw(const aim_json *doc, const aim__message *message)
{
	if (message->id == AIM_JSON_NONE)
		return aim_bytes_from("null", 4);
	return aim_json_raw(doc, message->id);
}

aim_bytes aim__message_id_key(const aim_json *doc, aim_json_value id, uint8_t *dst)
{
	aim_bytes key = {dst, 1};
	aim_str text = aim__json_string(doc, id);
	int64_t number = 0;
	if (text.ptr && text.len < AIM__MESSAGE_ID_MAX) {
		dst[0] = 's';
		memcpy(dst + 1, text.ptr, text.len);
		key.len += text.len;
	} else if (aim_json_int64(doc, id, &number) == AIM_OK) {
		dst[0] = 'n';
		key.len += aim__i64_text((char *)dst + 1, number);
	} else {
		key.len = 0;
	}
	return key;
}

aim_str aim__message_id_text(aim_bytes key)
{
	aim_str text = {NULL, 0};
	if (key.len) {
		text.ptr = (const char *)key.ptr + 1;
		text.len = key.len - 1;
	}
	return text;
}
