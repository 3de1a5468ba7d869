/* enforce/policy_tools.c — documents of tool policies, {"tools": {"name": {"min_trust": 800, …}}}: as rules of a policy,
 * and as the tools of a trust proxy. Layer enforce.
 *
 * Every tool becomes rules that deny; what none denies is allowed, as by the proxy. An explicit min_trust of 0 means 0;
 * a tool without one falls under the default. */
#include <aim/proxy.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "enforce/pattern.h"
#include "enforce/policy_import.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_TRUST 1000
#define MAX_CALLS_PER_MINUTE 100000
#define MICRO_PER_POINT 1000
#define MAX_DESCRIPTION_BYTES 4000u
#define MAX_CAPABILITIES 256u

int aim__is_tool_document(const aim_json *doc)
{
	return aim__json_type(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "tools")) == AIM_JSON_OBJECT &&
	       aim__json_member_text(doc, AIM_JSON_ROOT, "rules") == AIM_JSON_NONE;
}

/* ---- reading ---- */

typedef struct head_draft {
	aim_ctx *ctx;
	aim__tool_document *out;
} head_draft;

static void read_version(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int64_t version;
	aim__read_int(reader, value, "version", 1, 1, &version);
}

static void read_name(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	head_draft *h = reader->target;
	h->out->name = aim__read_line(reader, value, "name", h->ctx->limits.max_name_bytes);
}

static void read_default(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	head_draft *h = reader->target;
	int64_t n = 0;
	if (aim__read_int(reader, value, "default_min_trust", 0, MAX_TRUST, &n))
		h->out->default_min_trust = (uint32_t)n;
}

static void read_flag(aim__reader *reader, aim_json_value value, const char *what, uint32_t *out)
{
	int32_t flag = 0;
	if (aim_json_bool(reader->doc, value, &flag) != AIM_OK)
		aim__read_problem(reader, value, "%s must be true or false", what);
	*out = (uint32_t)flag;
}

static void read_require_did(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	head_draft *h = reader->target;
	read_flag(reader, value, "require_did", &h->out->require_did);
}

static void check_names(aim__reader *reader, aim_json_value list, const char *what, size_t max_len, int or_empty)
{
	if (or_empty && aim__json_type(reader->doc, list) == AIM_JSON_ARRAY && aim_json_count(reader->doc, list) == 0)
		return;
	for (aim_json_value v = aim__read_list(reader, list, what); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, list, v)) {
		aim_str text = aim__json_string(reader->doc, v);
		const char *problem = text.ptr ? aim__pattern_problem(text, max_len) : "is not a text";
		if (!problem && aim__pattern_is_glob(text))
			problem = "holds * or ?; names stand for themselves here";
		if (problem)
			aim__read_problem(reader, v, "%s: '%.*s' %s", what, (int)text.len, text.ptr ? text.ptr : "", problem);
	}
}

static void read_dids(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	head_draft *h = reader->target;
	check_names(reader, value, "blocked_dids", h->ctx->limits.max_name_bytes, 1);
	h->out->blocked_dids = aim_json_count(reader->doc, value) || aim__json_string(reader->doc, value).len
	                               ? value
	                               : AIM_JSON_NONE;
}

static void read_tools(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	head_draft *h = reader->target;
	h->out->tools = value;
	if (aim_json_count(reader->doc, value) > h->ctx->limits.max_tools)
		aim__read_over_limit(reader, value, "tools", aim_json_count(reader->doc, value), h->ctx->limits.max_tools);
}

static const aim__member head_members[] = {
	{"version", read_version, 0, 0},
	{"name", read_name, 0, 0},
	{"default_min_trust", read_default, 0, 0},
	{"require_did", read_require_did, 0, 0},
	{"blocked_dids", read_dids, 0, 0},
	{"tools", read_tools, 0, 1},
};

void aim__tool_document_read(aim__reader *reader, aim_ctx *ctx, aim__tool_document *out)
{
	head_draft h = {ctx, out};
	memset(out, 0, sizeof *out);
	out->name = aim_str_from("tools");
	out->require_did = 1;
	out->blocked_dids = out->tools = AIM_JSON_NONE;
	reader->target = &h;
	aim__read_object(reader, AIM_JSON_ROOT, "a document of tool policies", head_members, COUNT(head_members));
}

typedef struct tool_draft {
	aim_ctx *ctx;
	aim__tool_policy *out;
} tool_draft;

static void read_min_trust(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	tool_draft *t = reader->target;
	int64_t n = 0;
	if (aim__read_int(reader, value, "min_trust", 0, MAX_TRUST, &n)) {
		t->out->min_trust = (uint32_t)n;
		t->out->flags |= AIM__TOOL_MIN_TRUST;
	}
}

static void read_blocked(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	tool_draft *t = reader->target;
	uint32_t blocked = 0;
	read_flag(reader, value, "blocked", &blocked);
	t->out->flags |= blocked ? AIM__TOOL_BLOCKED : 0;
}

static void read_calls(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	tool_draft *t = reader->target;
	int64_t n = 0;
	if (aim__read_int(reader, value, "max_calls_per_minute", 0, MAX_CALLS_PER_MINUTE, &n))
		t->out->max_calls_per_minute = (uint32_t)n;
}

static void read_capabilities(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	tool_draft *t = reader->target;
	check_names(reader, value, "required_capabilities", t->ctx->limits.max_name_bytes, 1);
	size_t n = aim_json_count(reader->doc, value);
	if (n > MAX_CAPABILITIES)
		aim__read_problem(reader, value, "required_capabilities lists %zu; the limit is %u", n, MAX_CAPABILITIES);
	if (n || aim__json_string(reader->doc, value).len)
		t->out->capabilities = value;
}

static void read_description(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	tool_draft *t = reader->target;
	aim_str text = aim__json_string(reader->doc, value);
	if (text.ptr && text.len == 0)
		return;
	t->out->description = aim__read_line(reader, value, "description", MAX_DESCRIPTION_BYTES);
}

static const aim__member tool_members[] = {
	{"min_trust", read_min_trust, 0, 0},
	{"required_capabilities", read_capabilities, 0, 0},
	{"blocked", read_blocked, 0, 0},
	{"max_calls_per_minute", read_calls, 0, 0},
	{"description", read_description, 0, 0},
};

/* Room in a name for what the ids of rules add. */
#define ID_ROOM 16u

void aim__tool_policy_read(aim__reader *reader, aim_ctx *ctx, aim_json_value value, aim__tool_policy *out)
{
	tool_draft t = {ctx, out};
	size_t max = ctx->limits.max_name_bytes > ID_ROOM ? ctx->limits.max_name_bytes - ID_ROOM : 1;
	memset(out, 0, sizeof *out);
	out->name = aim__json_key(reader->doc, value);
	out->capabilities = AIM_JSON_NONE;
	const char *problem = aim__pattern_problem(out->name, max);
	if (!problem && aim__pattern_is_glob(out->name))
		problem = "holds * or ?; tools are named exactly here";
	if (problem)
		aim__read_problem(reader, value, "the tool's name %s", problem);
	reader->target = &t;
	aim__read_object(reader, value, "a tool policy", tool_members, COUNT(tool_members));
}

/* ---- as a policy ---- */

static void begin_rule(aim__json_writer *w, aim_buf *id, const char *what, aim_str tool)
{
	aim__write_begin_object(w);
	aim_buf_clear(id);
	aim_status rc = aim_buf_append(id, aim_bytes_from(what, strlen(what)));
	if (rc == AIM_OK)
		rc = aim_buf_append(id, aim_bytes_from_str(tool));
	if (rc != AIM_OK)
		w->status = rc;
	aim__write_key(w, "id");
	aim__write_string(w, aim_buf_str(id));
	aim__write_key(w, "effect");
	aim__write_text(w, "deny");
	if (tool.len) {
		aim__write_key(w, "tools");
		aim__write_begin_array(w);
		aim__write_string(w, tool);
		aim__write_end_array(w);
	}
}

static void write_trust_below(aim__json_writer *w, uint32_t min)
{
	aim__write_key(w, "trust");
	aim__write_begin_object(w);
	aim__write_key(w, "max");
	aim__write_int64(w, (int64_t)min * MICRO_PER_POINT - 1);
	aim__write_end_object(w);
}

static void write_list(aim__json_writer *w, const char *key, const aim_json *doc, aim_json_value list)
{
	aim_json_value v = aim__json_type(doc, list) == AIM_JSON_ARRAY ? aim__json_first(doc, list) : list;
	aim__write_key(w, key);
	aim__write_begin_array(w);
	for (; v != AIM_JSON_NONE; v = v == list ? AIM_JSON_NONE : aim__json_next(doc, v))
		aim__write_string(w, aim__json_string(doc, v));
	aim__write_end_array(w);
}

static void write_missing(aim__json_writer *w, const aim_json *doc, aim_json_value capabilities)
{
	aim__write_key(w, "when");
	aim__write_begin_object(w);
	aim__write_key(w, "not");
	aim__write_begin_object(w);
	write_list(w, "capabilities", doc, capabilities);
	aim__write_end_object(w);
	aim__write_end_object(w);
}

static void write_rate(aim__json_writer *w, uint32_t max)
{
	aim__write_key(w, "when");
	aim__write_begin_object(w);
	aim__write_key(w, "rate");
	aim__write_begin_object(w);
	aim__write_key(w, "at_least");
	aim__write_int64(w, max);
	aim__write_key(w, "window_s");
	aim__write_int64(w, 60);
	aim__write_key(w, "per");
	aim__write_begin_array(w);
	aim__write_text(w, "did");
	aim__write_text(w, "tool");
	aim__write_end_array(w);
	aim__write_end_object(w);
	aim__write_end_object(w);
}

static void write_tool(aim__json_writer *w, const aim_json *doc, const aim__tool_policy *t, aim_buf *id)
{
	if (t->flags & AIM__TOOL_BLOCKED) {
		begin_rule(w, id, "blocked:", t->name);
		aim__write_end_object(w);
	}
	if (t->flags & AIM__TOOL_MIN_TRUST && t->min_trust) {
		begin_rule(w, id, "trust:", t->name);
		write_trust_below(w, t->min_trust);
		aim__write_end_object(w);
	}
	if (t->capabilities != AIM_JSON_NONE) {
		begin_rule(w, id, "capabilities:", t->name);
		write_missing(w, doc, t->capabilities);
		aim__write_end_object(w);
	}
	if (t->max_calls_per_minute) {
		begin_rule(w, id, "rate:", t->name);
		write_rate(w, t->max_calls_per_minute);
		aim__write_end_object(w);
	}
}

/* Tools that set a minimum of their own are exempt from the default. */
static void write_default(aim__json_writer *w, const aim_json *doc, const aim__tool_document *d, aim_buf *id)
{
	aim_str no_tool = {NULL, 0};
	int exempt = 0;
	if (d->default_min_trust == 0)
		return;
	begin_rule(w, id, "trust", no_tool);
	write_trust_below(w, d->default_min_trust);
	for (aim_json_value v = aim__json_first(doc, d->tools); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		if (aim__json_member_text(doc, v, "min_trust") == AIM_JSON_NONE)
			continue;
		if (!exempt++) {
			aim__write_key(w, "when");
			aim__write_begin_object(w);
			aim__write_key(w, "not");
			aim__write_begin_object(w);
			aim__write_key(w, "tools");
			aim__write_begin_array(w);
		}
		aim__write_string(w, aim__json_key(doc, v));
	}
	if (exempt) {
		aim__write_end_array(w);
		aim__write_end_object(w);
		aim__write_end_object(w);
	}
	aim__write_end_object(w);
}

static void write_callers(aim__json_writer *w, const aim_json *doc, const aim__tool_document *d, aim_buf *id)
{
	aim_str no_tool = {NULL, 0};
	if (d->require_did) { /* a call without one: whether it begins so is unknown */
		begin_rule(w, id, "did-required", no_tool);
		aim__write_key(w, "when");
		aim__write_begin_object(w);
		aim__write_key(w, "not");
		aim__write_begin_object(w);
		aim__write_key(w, "agents");
		aim__write_text(w, "did:*");
		aim__write_end_object(w);
		aim__write_end_object(w);
		aim__write_end_object(w);
	}
	if (d->blocked_dids != AIM_JSON_NONE) {
		begin_rule(w, id, "did-blocked", no_tool);
		write_list(w, "agents", doc, d->blocked_dids);
		aim__write_end_object(w);
	}
}

static aim_status write_policy(const aim_json *doc, aim__reader *reader, aim_ctx *ctx, const aim__tool_document *d,
                               aim_buf *out, aim_buf *id)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "version");
	aim__write_int64(&w, 1);
	aim__write_key(&w, "name");
	aim__write_string(&w, d->name);
	aim__write_key(&w, "rules");
	aim__write_begin_array(&w);
	size_t empty = out->len;
	write_callers(&w, doc, d, id);
	for (aim_json_value v = aim__json_first(doc, d->tools); v != AIM_JSON_NONE && reader->failure == AIM_OK;
	     v = aim__json_next(doc, v)) {
		aim__tool_policy tool;
		aim__tool_policy_read(reader, ctx, v, &tool);
		write_tool(&w, doc, &tool, id);
	}
	write_default(&w, doc, d, id);
	int refuses = out->len != empty;
	if (!refuses) {
		aim__write_begin_object(&w);
		aim__write_key(&w, "id");
		aim__write_text(&w, "all");
		aim__write_key(&w, "effect");
		aim__write_text(&w, "allow");
		aim__write_end_object(&w);
	}
	aim__write_end_array(&w);
	aim__write_key(&w, "default");
	aim__write_text(&w, refuses ? "allow" : "deny");
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

aim_status aim__tools_rewrite(aim_ctx *ctx, const aim_json *doc, aim_buf *out, aim_diagnostics *diagnostics,
                              aim_error *err)
{
	aim__reader reader = {doc, diagnostics, err, 0, AIM_OK, NULL};
	aim__tool_document d;
	aim_buf id;
	aim__tool_document_read(&reader, ctx, &d);
	aim_status rc = aim__read_result(&reader);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&id, ctx);
	rc = write_policy(doc, &reader, ctx, &d, out, &id);
	aim__buf_dispose(&id);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	return aim__read_result(&reader);
}

/* ---- as a trust proxy ---- */

static aim_status set_tool(aim_proxy *proxy, aim__reader *reader, const aim__tool_policy *t, aim_str *room,
                           aim_error *err)
{
	aim_proxy_tool tool = {.struct_size = sizeof tool, .required_capabilities = room};
	tool.flags = (t->flags & AIM__TOOL_MIN_TRUST ? AIM_PROXY_TOOL_MIN_TRUST : 0) |
	             (t->flags & AIM__TOOL_BLOCKED ? AIM_PROXY_TOOL_BLOCKED : 0);
	tool.name = t->name;
	tool.description = t->description;
	tool.min_trust = t->min_trust;
	tool.max_calls_per_minute = t->max_calls_per_minute;
	const aim_json *doc = reader->doc;
	aim_json_value list = t->capabilities;
	aim_json_value v = aim__json_type(doc, list) == AIM_JSON_ARRAY ? aim__json_first(doc, list) : list;
	for (; v != AIM_JSON_NONE; v = v == list ? AIM_JSON_NONE : aim__json_next(doc, v))
		room[tool.n_required_capabilities++] = aim__json_string(doc, v);
	return aim_proxy_set_tool(proxy, &tool, err);
}

static aim_status set_all(aim_proxy *proxy, aim_ctx *ctx, aim__reader *reader, const aim__tool_document *d,
                          aim_error *err)
{
	const aim_json *doc = reader->doc;
	aim_status rc = AIM_OK;
	aim_str *room = aim__alloc_array(ctx, MAX_CAPABILITIES, sizeof *room);
	if (!room)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	for (aim_json_value v = aim__json_first(doc, d->tools); v != AIM_JSON_NONE && rc == AIM_OK;
	     v = aim__json_next(doc, v)) {
		aim__tool_policy tool;
		aim__tool_policy_read(reader, ctx, v, &tool);
		rc = aim__read_result(reader);
		if (rc == AIM_OK)
			rc = set_tool(proxy, reader, &tool, room, err);
	}
	aim_json_value list = d->blocked_dids;
	aim_json_value v = aim__json_type(doc, list) == AIM_JSON_ARRAY ? aim__json_first(doc, list) : list;
	for (; v != AIM_JSON_NONE && rc == AIM_OK; v = v == list ? AIM_JSON_NONE : aim__json_next(doc, v))
		rc = aim_proxy_block_agent(proxy, aim__json_string(doc, v), err);
	aim__free(ctx, room, MAX_CAPABILITIES * sizeof *room);
	return rc;
}

static aim_status load(aim_ctx *ctx, const aim_json *doc, aim_audit *audit, aim_proxy **out,
                       aim_diagnostics *diagnostics, aim_error *err)
{
	aim__reader reader = {doc, diagnostics, err, 0, AIM_OK, NULL};
	aim__tool_document d;
	aim_proxy *proxy = NULL;
	aim__tool_document_read(&reader, ctx, &d);
	aim_status rc = aim__read_result(&reader);
	if (rc != AIM_OK)
		return rc;
	aim_proxy_options o = {.struct_size = sizeof o, .default_min_trust = d.default_min_trust, .audit = audit};
	o.flags = d.require_did ? 0 : AIM_PROXY_ALLOW_NO_DID;
	rc = aim_proxy_new(ctx, &o, &proxy, err);
	if (rc == AIM_OK)
		rc = set_all(proxy, ctx, &reader, &d, err);
	if (rc == AIM_OK)
		*out = proxy;
	else
		aim_proxy_free(proxy);
	return rc;
}

aim_status aim_proxy_load(aim_ctx *ctx, aim_bytes text, uint32_t format, aim_audit *audit, aim_proxy **out,
                          aim_diagnostics *diagnostics, aim_error *err)
{
	if (!ctx || !out || (!text.ptr && text.len))
		return AIM__MISUSE(ctx, "ctx and out are required, and a pointer when text has a length");
	aim_json *doc = NULL;
	aim_status rc = aim_json_new(ctx, &doc);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	rc = aim_config_parse(doc, text, format, err);
	if (rc == AIM_OK)
		rc = load(ctx, doc, audit, out, diagnostics, err);
	aim_json_free(doc);
	return rc;
}
