/* assess/definition.c — every text of a definition, wherever it stands; and the entry points for one definition and
 * one text. Layer assess. */
#include "assess/scan.h"

#include <aim/config.h>

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <stddef.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_scan_options, 8 + 2 * 8 + 4 * 4 + 2 * P + 8 + 4 * 4);
AIM__NO_PADDING(aim_scan_tool_input, 8 + 4 * P);
#undef P

#define SHORT_TEXT 12u /* bytes: too short to say anything */
#define SHORT_NAME 16u
#define DEPTH_CEILING 8u

static const aim_scan_options defaults = {
	.struct_size = sizeof(aim_scan_options),
	.max_text_bytes = 4u << 20,
	.max_decoded_bytes = 256u << 10,
	.max_views = 64,
	.max_depth = 4,
	.max_findings = 256,
	.max_rules_bytes = 4u << 20,
	.rules_format = AIM_CONFIG_JSON,
	.max_rules = 1000,
	.max_pattern_bytes = 4096,
};

/* Nothing but printable ASCII that opens no marker and no escape. */
static int is_dull(aim_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.ptr[i];
		if (c < ' ' || c >= 0x7F || c == '<' || c == '[' || c == '%' || c == '&' || c == '\\')
			return 0;
	}
	return 1;
}

typedef struct walk {
	const aim_json *doc;
	uint32_t schema_from[2];
	uint32_t schema_to[2];
} walk;

static void find_schemas(walk *w, aim_json_value definition)
{
	static const char *const names[2] = {"inputSchema", "outputSchema"};
	for (int i = 0; i < 2; i++) {
		aim_json_value v = aim__json_member_text(w->doc, definition, names[i]);
		w->schema_from[i] = v;
		w->schema_to[i] = v == AIM_JSON_NONE ? 0 : aim__json_skip(w->doc, v);
	}
}

static uint32_t part_of(const walk *w, uint32_t node)
{
	for (int i = 0; i < 2; i++)
		if (node >= w->schema_from[i] && node < w->schema_to[i])
			return AIM__PART_SCHEMA;
	return AIM__PART_TEXT;
}

static void scan_node(aim_scan_result *r, const walk *w, uint32_t i)
{
	const aim__json_node *node = &w->doc->nodes[i];
	int is_key = (node->info & AIM__JSON_KEY) != 0;
	r->work++;
	if (!is_key && (node->info & AIM__JSON_TYPE) != AIM_JSON_STRING)
		return;
	aim_str text = aim__json_node_text(w->doc, node);
	aim__scan_place place = {w->doc, is_key ? i + 1 : i, part_of(w, i)};
	if (text.len >= (is_key ? SHORT_NAME : SHORT_TEXT) || !is_dull(text))
		aim__field_scan(r, text, place);
	else
		aim__field_scan_short(r, text, place);
}

static aim_status take_pointer_base(aim_scan_result *r, const aim_json *doc, aim_json_value definition)
{
	r->pointer_base = 0;
	if (definition == AIM_JSON_ROOT)
		return AIM_OK;
	aim_buf_clear(&r->pointer);
	aim_status rc = aim_json_pointer(doc, definition, &r->pointer);
	r->pointer_base = r->pointer.len;
	return rc;
}

static aim_str name_of(const aim_json *doc, aim_json_value definition)
{
	static const char *const members[] = {"name", "uri", "uriTemplate"};
	aim_str name = {NULL, 0};
	for (size_t i = 0; i < 3 && !name.len; i++)
		name = aim__json_string(doc, aim__json_member_text(doc, definition, members[i]));
	return name;
}

aim_status aim__definition_scan(aim_scan_result *r, aim_str server, const aim_json *doc, aim_json_value definition,
                                aim_error *err)
{
	walk w = {.doc = doc};
	if (aim__json_type(doc, definition) != AIM_JSON_OBJECT)
		return aim__fail(err, AIM_E_ASSESS_DEFINITION, AIM_LAYER_ASSESS, "a definition is a JSON object");
	aim_status rc = take_pointer_base(r, doc, definition);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim__result_begin_tool(r, server, name_of(doc, definition));
	find_schemas(&w, definition);
	uint32_t end = aim__json_skip(doc, definition);
	for (uint32_t i = definition; i < end; i++)
		scan_node(r, &w, i);
	aim__schema_check(r, doc, definition);
	aim__field_finish(r);
	aim__result_end_tool(r);
	return AIM_OK;
}

/* ---- the scanner ---- */

static void take(void *value, const void *fallback, size_t size)
{
	static const uint8_t zero[8];
	if (memcmp(value, zero, size) == 0)
		memcpy(value, fallback, size);
}

static aim_status take_options(aim_scan_options *o, const aim_scan_options *wanted, aim_error *err)
{
	memset(o, 0, sizeof *o);
	aim_status rc = aim__sized_in(o, sizeof *o, wanted, offsetof(aim_scan_options, rules), "aim_scan_options",
	                              err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0 || o->reserved != 0 || o->reserved2 != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_scan_options.flags must be 0");
	o->struct_size = sizeof *o;
	take(&o->max_text_bytes, &defaults.max_text_bytes, 8);
	take(&o->max_decoded_bytes, &defaults.max_decoded_bytes, 8);
	take(&o->max_views, &defaults.max_views, 4);
	take(&o->max_depth, &defaults.max_depth, 4);
	take(&o->max_findings, &defaults.max_findings, 4);
	take(&o->max_rules_bytes, &defaults.max_rules_bytes, 8);
	take(&o->rules_format, &defaults.rules_format, 4);
	take(&o->max_rules, &defaults.max_rules, 4);
	take(&o->max_pattern_bytes, &defaults.max_pattern_bytes, 4);
	if (o->max_depth > DEPTH_CEILING || o->max_text_bytes > UINT32_MAX / 4)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "max_depth is at most %u, max_text_bytes at most %u",
		                 DEPTH_CEILING, UINT32_MAX / 4);
	return AIM_OK;
}

aim_status aim_scan_new(aim_ctx *ctx, const aim_scan_options *options, aim_scanner **out, aim_error *err)
{
	aim_scan_options taken;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&taken, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_scanner *scanner = aim__alloc_zeroed(ctx, sizeof *scanner);
	if (!scanner)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = aim__user_rules_new(ctx, &taken, &scanner->rules, err);
	if (rc != AIM_OK) {
		aim__free(ctx, scanner, sizeof *scanner);
		return rc;
	}
	scanner->ctx = aim__ctx_ref(ctx);
	scanner->options = taken;
	scanner->options.rules = (aim_bytes){NULL, 0};
	atomic_init(&scanner->references, 1);
	*out = scanner;
	return AIM_OK;
}

void aim_scan_free(aim_scanner *scanner)
{
	if (!scanner || atomic_fetch_sub_explicit(&scanner->references, 1, memory_order_acq_rel) != 1)
		return;
	aim_ctx *ctx = scanner->ctx;
	aim__user_rules_free(scanner->rules);
	aim__free(ctx, scanner, sizeof *scanner);
	aim__ctx_unref(ctx);
}

/* ---- one definition, one text ---- */

aim_status aim_scan_value(const aim_scanner *scanner, aim_str server, const aim_json *doc, aim_json_value definition,
                          aim_scan_result *result, aim_error *err)
{
	if (!scanner || !doc || !result || result->scanner != scanner)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner, doc and a result of scanner are required");
	aim__result_begin(result);
	aim_status rc = aim__definition_scan(result, server, doc, definition, err);
	return rc == AIM_OK ? aim__result_end(result, err) : rc;
}

aim_status aim_scan_tool(const aim_scanner *scanner, const aim_scan_tool_input *input, aim_scan_result *result,
                         aim_error *err)
{
	aim_scan_tool_input in = {.struct_size = sizeof in};
	if (!scanner || !input || !result || result->scanner != scanner)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner, input and a result of scanner are required");
	aim__result_begin(result);
	aim_status rc = aim__sized_in(&in, sizeof in, input, sizeof in, "aim_scan_tool_input", err);
	if (rc != AIM_OK)
		return rc;
	if (in.flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_scan_tool_input.flags must be 0");
	rc = aim_json_parse(&result->doc, in.definition, AIM_JSON_BORROW, err);
	return rc == AIM_OK ? aim_scan_value(scanner, in.server, &result->doc, AIM_JSON_ROOT, result, err) : rc;
}

aim_status aim_scan_text(const aim_scanner *scanner, aim_str text, aim_scan_result *result, aim_error *err)
{
	aim_str none = {"", 0};
	aim__scan_place place = {NULL, 0, AIM__PART_TEXT};
	if (!scanner || !result || result->scanner != scanner || (text.len && !text.ptr))
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner, a result of scanner and text are required");
	aim__result_begin(result);
	aim__result_begin_tool(result, none, none);
	aim__field_scan(result, text, place);
	aim__result_end_tool(result);
	return aim__result_end(result, err);
}

aim_status aim_scan_carries_instructions(const aim_scanner *scanner, aim_str text, aim_scan_result *result,
                                         int32_t *out_carries)
{
	if (!out_carries)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "out_carries is required");
	*out_carries = 1;
	aim_status rc = aim_scan_text(scanner, text, result, NULL);
	if (rc == AIM_OK)
		*out_carries = result->summary.severity == AIM_SCAN_CRITICAL;
	return rc;
}
