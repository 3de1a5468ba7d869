/* assess/difference.c — naming and weighing the members that changed. Layer assess. */
#include "assess/difference.h"

#include "assess/sort.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/json.h"

#include <aim/baseline.h>

#include <string.h>

/* What a change of a member means. A member that is not listed may be a place to hide text in. */
static const struct weight {
	const char *name;
	uint32_t change;
	uint32_t severity;
} weights[] = {
	{"description", AIM_BASELINE_DESCRIPTION, AIM_BASELINE_HIGH},
	{"title", AIM_BASELINE_DESCRIPTION, AIM_BASELINE_HIGH},
	{"inputSchema", AIM_BASELINE_SCHEMA, AIM_BASELINE_HIGH},
	{"outputSchema", AIM_BASELINE_SCHEMA, AIM_BASELINE_HIGH},
	{"arguments", AIM_BASELINE_SCHEMA, AIM_BASELINE_HIGH},
	{"annotations", AIM_BASELINE_ANNOTATIONS, AIM_BASELINE_MEDIUM},
	{"instructions", AIM_BASELINE_INSTRUCTIONS, AIM_BASELINE_HIGH},
	{"capabilities", AIM_BASELINE_INSTRUCTIONS, AIM_BASELINE_HIGH},
	{"protocolVersion", AIM_BASELINE_INSTRUCTIONS, AIM_BASELINE_LOW},
	{"version", AIM_BASELINE_INSTRUCTIONS, AIM_BASELINE_LOW},
	{"icons", AIM_BASELINE_OTHER, AIM_BASELINE_LOW},
	{"mimeType", AIM_BASELINE_OTHER, AIM_BASELINE_LOW},
	{"size", AIM_BASELINE_OTHER, AIM_BASELINE_LOW},
	{"_meta", AIM_BASELINE_OTHER, AIM_BASELINE_MEDIUM},
	{"execution", AIM_BASELINE_OTHER, AIM_BASELINE_MEDIUM},
};

/* Hints of tool annotations, with the value that stands when one is absent (MCP 2025-11-25, Tool
 * annotations) and the value that claims more authority. */
static const struct {
	const char *name;
	int32_t absent;
	int32_t wide;
} hints[] = {
	{"readOnlyHint", 0, 0},
	{"destructiveHint", 1, 1},
	{"openWorldHint", 1, 1},
};

static int32_t hint(const aim_json *doc, aim_json_value annotations, const char *name, int32_t absent)
{
	int32_t value = absent;
	(void)aim_json_bool(doc, aim__json_member_text(doc, annotations, name), &value);
	return value;
}

int aim__authority_widens(const aim_json *before, aim_json_value old, const aim_json *after, aim_json_value fresh)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		int32_t was = hint(before, old, hints[i].name, hints[i].absent);
		int32_t is = hint(after, fresh, hints[i].name, hints[i].absent);
		if (was != hints[i].wide && is == hints[i].wide)
			return 1;
	}
	return 0;
}

/* ---- collecting ---- */

typedef struct collecting {
	const aim_json *before, *after;
	aim_buf old_text, new_text;
	aim_str names[AIM__DIFFERENCE_MAX_MEMBERS]; /* in the documents */
	size_t n;
	uint32_t changes, severity;
} collecting;

static const struct weight *weight_of(aim_str name)
{
	for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
		if (aim_str_equal(name, aim_str_from(weights[i].name)))
			return &weights[i];
	return NULL;
}

uint32_t aim__difference_weight(aim_str member)
{
	const struct weight *w = weight_of(member);
	return w ? w->severity : AIM_BASELINE_HIGH;
}

static void note(collecting *c, aim_str name, aim_json_value old, aim_json_value fresh)
{
	const struct weight *w = weight_of(name);
	uint32_t change = w ? w->change : AIM_BASELINE_OTHER, severity = aim__difference_weight(name);
	if (change == AIM_BASELINE_ANNOTATIONS && aim__authority_widens(c->before, old, c->after, fresh))
		severity = AIM_BASELINE_HIGH;
	c->changes |= change;
	if (severity > c->severity)
		c->severity = severity;
	if (c->n < AIM__DIFFERENCE_MAX_MEMBERS)
		c->names[c->n++] = name;
}

static aim_status same_value(collecting *c, aim_json_value old, aim_json_value fresh, int *out_same,
                             aim_error *err)
{
	aim_buf_clear(&c->old_text);
	aim_buf_clear(&c->new_text);
	aim_status rc = aim_json_canonicalize(c->before, old, AIM_JSON_JCS_EXACT_TEXT, &c->old_text, err);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(c->after, fresh, AIM_JSON_JCS_EXACT_TEXT, &c->new_text, err);
	*out_same = rc == AIM_OK && aim_str_equal(aim_buf_str(&c->old_text), aim_buf_str(&c->new_text));
	return rc;
}

/* A map, not a look-up for each member: a definition may have as many members as fit into a message. */
static aim_status index_members(const aim_json *doc, aim__map *members, aim_error *err)
{
	for (aim_json_value v = aim_json_first(doc, AIM_JSON_ROOT); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v)) {
		aim_status rc = aim__map_put(members, aim_bytes_from_str(aim_json_key(doc, v)), v);
		if (rc != AIM_OK)
			return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	return AIM_OK;
}

static aim_status compare_members(collecting *c, aim__map *old_members, aim_error *err)
{
	aim_status rc = index_members(c->before, old_members, err);
	for (aim_json_value v = aim_json_first(c->after, AIM_JSON_ROOT); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(c->after, v)) {
		aim_str name = aim_json_key(c->after, v);
		uintptr_t old = AIM_JSON_NONE;
		int same = 0;
		if (aim__map_remove(old_members, aim_bytes_from_str(name), &old))
			rc = same_value(c, (aim_json_value)old, v, &same, err);
		if (rc == AIM_OK && !same)
			note(c, name, (aim_json_value)old, v);
	}
	size_t cursor = 0;
	const aim__map_entry *left;
	while (rc == AIM_OK && (left = aim__map_next(old_members, &cursor))) {
		aim_str name = {(const char *)left->key.ptr, left->key.len};
		note(c, name, (aim_json_value)left->value, AIM_JSON_NONE);
	}
	return rc;
}

/* Copies the names, sorted, into one block: the array first, then the text. */
static aim_status keep_names(const aim_ctx *ctx, const collecting *c, aim__difference *out,
                             aim_error *err)
{
	const void *sorted[AIM__DIFFERENCE_MAX_MEMBERS];
	size_t size = c->n * sizeof(aim_str);
	for (size_t i = 0; i < c->n; i++) {
		sorted[i] = &c->names[i];
		size += c->names[i].len;
	}
	aim_str *names = aim__alloc(ctx, size);
	if (!names)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim__sort_pointers(sorted, c->n, aim__compare_texts);
	char *text = (char *)(names + c->n);
	for (size_t i = 0; i < c->n; i++) {
		const aim_str *name = sorted[i];
		if (name->len)
			memcpy(text, name->ptr, name->len);
		names[i].ptr = text;
		names[i].len = name->len;
		text += name->len;
	}
	out->members = names;
	out->n_members = c->n;
	out->block = names;
	out->block_size = size;
	return AIM_OK;
}

aim_status aim__difference_find(aim_ctx *ctx, const aim_json *before, const aim_json *after,
                                aim__difference *out, aim_error *err)
{
	collecting c = {.before = before, .after = after, .severity = AIM_BASELINE_INFO};
	aim__difference found = {0};
	aim__map old_members;
	aim__buf_init(&c.old_text, ctx);
	aim__buf_init(&c.new_text, ctx);
	aim__map_init(&old_members, ctx, 0);
	aim_status rc = compare_members(&c, &old_members, err);
	if (rc == AIM_OK && c.n)
		rc = keep_names(ctx, &c, &found, err);
	aim__map_dispose(&old_members);
	aim__buf_dispose(&c.new_text);
	aim__buf_dispose(&c.old_text);
	if (rc != AIM_OK)
		return rc;
	found.changes = c.changes;
	found.severity = c.severity;
	*out = found;
	return AIM_OK;
}

void aim__difference_dispose(const aim_ctx *ctx, aim__difference *difference)
{
	aim__free(ctx, difference->block, difference->block_size);
	memset(difference, 0, sizeof *difference);
}
