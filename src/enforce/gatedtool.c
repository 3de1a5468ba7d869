/* enforce/gatedtool.c — the set of gated tools: registering, taking away, listing. Layer enforce; knows no stage.
 *
 * A tool never changes. Calls hold a reference, so that its handler outlives its removal by the calls that run. */
#include "enforce/gatedtool.h"

#include "audit/commit.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/utf8.h"
#include "codec/writer.h"
#include "enforce/pattern.h"
#include "identity/pattern.h"
#include "identity/registry.h"

#include <string.h>

#define MAX_TRUST 1000u
#define FIRST_TOOLS 8u

#define P sizeof(void *)
AIM__NO_PADDING(aim_gatedtool_options, 6 * 4 + 4 * P);
AIM__NO_PADDING(aim_gatedtool_spec, 2 * 4 + 5 * (P + sizeof(size_t)) + 2 * 4 + 3 * P);
AIM__NO_PADDING(aim_gatedtool_caller, 4 * 4);
#undef P

/* ---- one tool ---- */

static void tool_free(aim__gatedtool *tool)
{
	aim_ctx *ctx = tool->ctx;
	if (tool->destroy)
		tool->destroy(tool->user);
	aim_breaker_free(tool->breaker);
	aim__json_dispose(&tool->schema);
	aim__json_dispose(&tool->annotations);
	aim__free(ctx, tool, tool->size);
}

static int is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       c == '-';
}

static aim_status check_name(aim_str name, aim_error *err)
{
	int good = name.ptr && name.len >= 1 && name.len <= AIM_GATEDTOOL_MAX_NAME;
	for (size_t i = 0; good && i < name.len; i++)
		good = is_name_char(name.ptr[i]);
	if (good)
		return AIM_OK;
	return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "the name of a tool is 1 to %u of [A-Za-z0-9_.-]",
	                 AIM_GATEDTOOL_MAX_NAME);
}

static aim_status check_spec(const aim_gatedtool_spec *s, aim_error *err)
{
	if (s->flags & ~(AIM_GATEDTOOL_MIN_TRUST | AIM_GATEDTOOL_SPONSOR) || s->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_gatedtool_spec has unknown flags");
	aim_status rc = check_name(s->name, err);
	if (rc != AIM_OK)
		return rc;
	if (!s->handler)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "Tool '%.*s': handler is required",
		                 AIM__STR(s->name));
	if (s->min_trust > MAX_TRUST)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "Tool '%.*s': min_trust is at most %u",
		                 AIM__STR(s->name), MAX_TRUST);
	if (s->required_capability.len && !aim__capability_valid(s->required_capability, 0))
		return aim__fail(err, AIM_E_ID_CAPABILITY, AIM_LAYER_ENFORCE,
		                 "Tool '%.*s': required_capability is segments of [A-Za-z0-9_.-] joined by ':'",
		                 AIM__STR(s->name));
	size_t bad = 0;
	if (s->description.len && !aim__utf8_valid(s->description, &bad))
		return aim__fail(err, AIM_E_UTF8, AIM_LAYER_ENFORCE, "Tool '%.*s': byte %zu of the description is not UTF-8",
		                 AIM__STR(s->name), bad);
	return AIM_OK;
}

/* Unicode's Cc: the controls of ASCII, DEL, and U+0080 to U+009F. */
static int is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

/* Writes the description as it is shown to dst, which has room for all of it. */
static size_t clean(char *dst, aim_str text)
{
	size_t len = 0, n = 0, at = 0;
	while (at < text.len && n < AIM_GATEDTOOL_MAX_DESCRIPTION) {
		size_t from = at;
		if (is_control(aim__utf8_next(text, &at)))
			continue;
		memcpy(dst + len, text.ptr + from, at - from);
		len += at - from;
		n++;
	}
	return len;
}

static aim_status not_a_definition(aim_error *err, aim_str name, const char *what)
{
	return aim__fail(err, AIM_E_ASSESS_DEFINITION, AIM_LAYER_ENFORCE, "Tool '%.*s': %s", AIM__STR(name), what);
}

/* MCP asks for a schema whose type is "object" (revision 2025-11-25, schema Tool). */
static aim_status read_schema(aim__gatedtool *tool, aim_bytes text, aim_error *err)
{
	static const char any[] = "{\"type\":\"object\"}";
	aim_json *doc = &tool->schema;
	aim_status rc = aim_json_parse(doc, text.len ? text : aim_bytes_from(any, sizeof any - 1), 0, err);
	if (rc != AIM_OK)
		return rc;
	aim_str type = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "type"));
	if (!aim_str_equal(type, aim_str_from("object")))
		return not_a_definition(err, tool->name, "input_schema must be an object whose \"type\" is \"object\"");
	aim_json_value properties = aim__json_member_text(doc, AIM_JSON_ROOT, "properties");
	if (properties != AIM_JSON_NONE && aim__json_type(doc, properties) != AIM_JSON_OBJECT)
		return not_a_definition(err, tool->name, "\"properties\" of input_schema must be an object");
	tool->properties = aim_json_count(doc, properties) ? properties : AIM_JSON_NONE;
	return AIM_OK;
}

static aim_status read_annotations(aim__gatedtool *tool, aim_bytes text, aim_error *err)
{
	if (!text.len)
		return AIM_OK;
	aim_status rc = aim_json_parse(&tool->annotations, text, 0, err);
	if (rc == AIM_OK && aim__json_type(&tool->annotations, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return not_a_definition(err, tool->name, "annotations must be an object");
	return rc;
}

static aim_str place(char **at, aim_str text)
{
	aim_str copy = {*at, text.len};
	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return copy;
}

/* Everything but the handler, which stays the caller's until the tool is there. */
static aim__gatedtool *tool_new(const aim_gatedtool_set *set, const aim_gatedtool_spec *s)
{
	size_t size = sizeof(aim__gatedtool) + 2 * s->name.len + s->description.len + s->required_capability.len;
	aim__gatedtool *tool = aim__alloc_zeroed(set->ctx, size);
	if (!tool)
		return NULL;
	char *at = (char *)(tool + 1);
	tool->ctx = set->ctx;
	tool->size = size;
	tool->references = 1;
	tool->flags = s->flags;
	tool->min_trust = s->min_trust;
	tool->handler = s->handler;
	tool->name = place(&at, s->name);
	tool->folded.ptr = at;
	tool->folded.len = aim__name_fold(at, s->name.len, s->name);
	at += s->name.len;
	tool->capability = place(&at, s->required_capability);
	tool->description.ptr = at;
	tool->description.len = clean(at, s->description);
	aim__json_init(&tool->schema, set->ctx);
	aim__json_init(&tool->annotations, set->ctx);
	return tool;
}

static aim_status tool_make(const aim_gatedtool_set *set, const aim_gatedtool_spec *s, aim__gatedtool **out,
                            aim_error *err)
{
	aim_breaker_options o = {.struct_size = sizeof o};
	aim_status rc = check_spec(s, err);
	if (rc != AIM_OK)
		return rc;
	aim__gatedtool *tool = tool_new(set, s);
	if (!tool)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	o.max_failures = set->options.breaker_failures;
	o.open_ms = set->options.breaker_open_ms;
	rc = read_schema(tool, s->input_schema, err);
	if (rc == AIM_OK)
		rc = read_annotations(tool, s->annotations, err);
	if (rc == AIM_OK)
		rc = aim_breaker_new(set->ctx, &o, &tool->breaker, err);
	if (rc == AIM_OK)
		*out = tool;
	else
		tool_free(tool);
	return rc;
}

/* ---- the set ---- */

static int compare(aim_str a, aim_str b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where a folded name is, or belongs. Under the mutex. */
static size_t search(const aim_gatedtool_set *set, aim_str folded, int *out_found)
{
	size_t low = 0, high = set->n_tools;
	*out_found = 0;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(folded, set->tools[middle]->folded);
		if (order == 0) {
			*out_found = 1;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The place of the tool of exactly that name; n_tools when there is none. Under the mutex. */
static size_t place_of(const aim_gatedtool_set *set, aim_str name)
{
	char folded[AIM_GATEDTOOL_MAX_NAME];
	int found = 0;
	if (!name.ptr || name.len == 0 || name.len > sizeof folded)
		return set->n_tools;
	size_t len = aim__name_fold(folded, sizeof folded, name);
	size_t at = search(set, (aim_str){folded, len}, &found);
	return found && aim_str_equal(set->tools[at]->name, name) ? at : set->n_tools;
}

static aim_status insert(aim_gatedtool_set *set, aim__gatedtool *tool, aim_error *err)
{
	int found = 0;
	void *items = set->tools;
	size_t at = search(set, tool->folded, &found);
	if (found)
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_ENFORCE, "Tool '%.*s' is registered already",
		                 AIM__STR(set->tools[at]->name));
	aim_status rc = aim__grow(set->ctx, &items, &set->cap_tools, set->n_tools + 1, sizeof *set->tools, FIRST_TOOLS,
	                          set->ctx->limits.max_tools);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	set->tools = items;
	memmove(set->tools + at + 1, set->tools + at, (set->n_tools - at) * sizeof *set->tools);
	set->tools[at] = tool;
	set->n_tools++;
	return AIM_OK;
}

static aim_status add(aim_gatedtool_set *set, const aim_gatedtool_spec *s, aim_error *err)
{
	aim__gatedtool *tool = NULL;
	aim_status rc = tool_make(set, s, &tool, err);
	if (!tool)
		return rc;
	aim__mutex_lock(&set->mutex);
	rc = insert(set, tool, err);
	if (rc == AIM_OK) {
		tool->user = s->user;
		tool->destroy = s->destroy;
	}
	aim__mutex_unlock(&set->mutex);
	if (rc != AIM_OK)
		tool_free(tool);
	return rc;
}

aim_status aim_gatedtool_register(aim_gatedtool_set *set, const aim_gatedtool_spec *spec, aim_error *err)
{
	aim_gatedtool_spec s = {.struct_size = sizeof s};
	if (!set || !spec)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and spec are required");
	aim_status rc = aim__sized_in(&s, sizeof s, spec, sizeof s, "aim_gatedtool_spec", err);
	if (rc == AIM_OK)
		rc = add(set, &s, err);
	if (rc != AIM_OK && s.destroy)
		s.destroy(s.user);
	return rc;
}

aim__gatedtool *aim__gatedtool_take(aim_gatedtool_set *set, aim_str name)
{
	aim__mutex_lock(&set->mutex);
	size_t at = place_of(set, name);
	aim__gatedtool *tool = at < set->n_tools ? set->tools[at] : NULL;
	if (tool)
		tool->references++;
	aim__mutex_unlock(&set->mutex);
	return tool;
}

void aim__gatedtool_give(aim_gatedtool_set *set, aim__gatedtool *tool)
{
	if (!tool)
		return;
	aim__mutex_lock(&set->mutex);
	size_t left = --tool->references;
	aim__mutex_unlock(&set->mutex);
	if (left == 0)
		tool_free(tool);
}

uint32_t aim__gatedtool_minimum(const aim_gatedtool_set *set, const aim__gatedtool *tool)
{
	return tool->flags & AIM_GATEDTOOL_MIN_TRUST ? tool->min_trust : set->options.min_trust;
}

aim_status aim_gatedtool_remove(aim_gatedtool_set *set, aim_str name, aim_error *err)
{
	if (!set)
		return AIM__MISUSE(NULL, "set is required");
	aim__mutex_lock(&set->mutex);
	size_t at = place_of(set, name);
	aim__gatedtool *tool = at < set->n_tools ? set->tools[at] : NULL;
	if (tool) {
		set->n_tools--;
		memmove(set->tools + at, set->tools + at + 1, (set->n_tools - at) * sizeof *set->tools);
	}
	aim__mutex_unlock(&set->mutex);
	if (!tool)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ENFORCE, "Unknown tool: %.*s", AIM__STR(name));
	aim__gatedtool_give(set, tool);
	return AIM_OK;
}

/* ---- listing ---- */

static void write_gate(aim__json_writer *w, const aim_gatedtool_set *set, const aim__gatedtool *tool)
{
	aim__write_key(w, "x-agentmesh");
	aim__write_begin_object(w);
	aim__write_member_int64(w, "minTrustScore", aim__gatedtool_minimum(set, tool));
	aim__write_key(w, "requiredCapability");
	if (tool->capability.len)
		aim__write_string(w, tool->capability);
	else
		aim__write_null(w);
	aim__write_member_bool(w, "requireHumanSponsor", (tool->flags & AIM_GATEDTOOL_SPONSOR) != 0);
	aim__write_end_object(w);
}

static void write_tool(aim__json_writer *w, const aim_gatedtool_set *set, const aim__gatedtool *tool)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "name", tool->name);
	aim__write_member_string(w, "description", tool->description);
	aim__write_key(w, "inputSchema");
	aim__write_raw(w, aim_json_raw(&tool->schema, AIM_JSON_ROOT));
	if (aim__json_type(&tool->annotations, AIM_JSON_ROOT) == AIM_JSON_OBJECT) {
		aim__write_key(w, "annotations");
		aim__write_raw(w, aim_json_raw(&tool->annotations, AIM_JSON_ROOT));
	}
	write_gate(w, set, tool);
	aim__write_end_object(w);
}

aim_status aim_gatedtool_list(aim_gatedtool_set *set, aim_buf *out, aim_error *err)
{
	aim__json_writer w;
	if (!set || !out)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and out are required");
	aim__write_init(&w, out);
	aim__write_begin_array(&w);
	aim__mutex_lock(&set->mutex);
	for (size_t i = 0; i < set->n_tools; i++)
		write_tool(&w, set, set->tools[i]);
	aim__mutex_unlock(&set->mutex);
	aim__write_end_array(&w);
	aim_status rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}

/* ---- making and freeing ---- */

static aim_status check_options(const aim_gatedtool_options *o, aim_error *err)
{
	if (o->flags || o->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE, "aim_gatedtool_options.flags has unknown bits");
	if (o->min_trust > MAX_TRUST)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "min_trust is at most %u", MAX_TRUST);
	return AIM_OK;
}

aim_status aim_gatedtool_new(aim_ctx *ctx, const aim_gatedtool_options *options, aim_gatedtool_set **out,
                             aim_error *err)
{
	aim_gatedtool_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__sized_in(&o, sizeof o, options, sizeof o, "aim_gatedtool_options", err);
	if (rc == AIM_OK)
		rc = check_options(&o, err);
	if (rc != AIM_OK)
		return rc;
	aim_gatedtool_set *set = aim__alloc_zeroed(ctx, sizeof *set);
	if (!set || aim__mutex_init(&set->mutex) != AIM_OK) {
		aim__free(ctx, set, sizeof *set);
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	}
	set->ctx = aim__ctx_ref(ctx);
	set->options = o;
	if (o.audit)
		set->options.audit = aim__audit_ref(o.audit);
	if (o.registry)
		set->options.registry = aim__registry_ref(o.registry);
	*out = set;
	return AIM_OK;
}

void aim_gatedtool_free(aim_gatedtool_set *set)
{
	if (!set)
		return;
	aim_ctx *ctx = set->ctx;
	for (size_t i = 0; i < set->n_tools; i++)
		tool_free(set->tools[i]);
	aim__free(ctx, set->tools, set->cap_tools * sizeof *set->tools);
	aim__audit_unref(set->options.audit);
	if (set->options.registry)
		aim__registry_unref(set->options.registry);
	aim__mutex_dispose(&set->mutex);
	aim__free(ctx, set, sizeof *set);
	aim__ctx_unref(ctx);
}
