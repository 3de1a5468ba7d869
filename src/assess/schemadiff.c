/* assess/schemadiff.c — the result of comparing two schemas, and how changes get into it. Layer assess. */
#include "assess/schemadiff.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <aim/alert.h>

#include <string.h>

AIM__NO_PADDING(aim_schemadiff_options, 10 * sizeof(uint32_t));
AIM__NO_PADDING(aim_schemadiff_change, 16 + 8 * sizeof(void *));

#define MAX_DEPTH 64u
#define MAX_WORK 200000u
#define TEXT_PER_STEP 16u /* bytes */

static const uint32_t default_severities[6] = {0, AIM_ALERT_LOW, AIM_ALERT_MEDIUM, AIM_ALERT_HIGH,
                                               AIM_ALERT_HIGH, AIM_ALERT_HIGH};

/* ---- noting ---- */

static aim_str pointer_of(aim_schemadiff *d, const aim_json *doc, aim_json_value value, aim_status *rc)
{
	aim_buf text;
	aim_str pointer = {NULL, 0};
	aim__buf_init(&text, d->ctx);
	*rc = aim_json_pointer(doc, value, &text);
	if (*rc == AIM_E_NOT_FOUND)
		*rc = AIM_OK;
	if (*rc == AIM_OK) {
		pointer = aim__arena_copy(&d->arena, aim_buf_str(&text));
		*rc = pointer.ptr ? AIM_OK : AIM_E_NOMEM;
	}
	aim__buf_dispose(&text);
	return pointer;
}

static aim_status add_change(const aim__schema_walk *w, uint32_t change_class, aim__schema_pair at, aim_str property)
{
	aim_schemadiff *d = w->out;
	int before = w->swapped, after = !w->swapped, shown = at.v[after] != AIM_JSON_NONE ? after : before;
	aim_schemadiff_change c = {.struct_size = sizeof c, .change_class = change_class};
	aim_status rc = AIM_OK;
	void *items = d->changes;
	c.severity = d->severities[change_class];
	c.pointer = pointer_of(d, w->doc[shown], at.v[shown], &rc);
	c.old_fragment = aim_json_raw(w->doc[before], at.v[before]);
	c.new_fragment = aim_json_raw(w->doc[after], at.v[after]);
	if (rc == AIM_OK && property.len) {
		c.property = aim__arena_copy(&d->arena, property);
		rc = c.property.ptr ? AIM_OK : AIM_E_NOMEM;
	}
	if (rc == AIM_OK)
		rc = aim__grow(d->ctx, &items, &d->cap, d->n + 1, sizeof *d->changes, 8, AIM_SCHEMADIFF_MAX_CHANGES);
	d->changes = items;
	if (rc == AIM_OK)
		d->changes[d->n++] = c;
	return rc;
}

aim_status aim__schema_note(aim__schema_walk *w, uint32_t change_class, aim__schema_pair at, aim_str property)
{
	aim_schemadiff *d = w->out;
	if (w->exclusive && change_class > AIM_SCHEMADIFF_COSMETIC && change_class < AIM_SCHEMADIFF_INCOMPATIBLE)
		change_class = AIM_SCHEMADIFF_INCOMPATIBLE;
	d->total++;
	if (change_class > d->change_class)
		d->change_class = change_class;
	if (d->severities[change_class] > d->severity)
		d->severity = d->severities[change_class];
	return d->n < AIM_SCHEMADIFF_MAX_CHANGES ? add_change(w, change_class, at, property) : AIM_OK;
}

int aim__schema_spend(aim__schema_walk *w, uint64_t n, aim__schema_pair at, aim_status *rc)
{
	const aim_str nothing = {NULL, 0};
	if (w->stopped)
		return 0;
	if (n <= w->work) {
		w->work -= n;
		return 1;
	}
	w->stopped = 1;
	*rc = aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, at, nothing);
	return 0;
}

/* ---- values that are only compared ---- */

static aim_status canonical(aim__schema_walk *w, int side, aim_json_value value, int *out_has)
{
	aim_buf_clear(&w->text[side]);
	aim_status rc = aim_json_canonicalize(w->doc[side], value, AIM_JSON_JCS_EXACT_TEXT, &w->text[side], NULL);
	*out_has = rc == AIM_OK;
	return rc == AIM_E_JSON_NUMBER ? AIM_OK : rc;
}

aim_status aim__schema_same(aim__schema_walk *w, aim__schema_pair pair, int *out_same)
{
	int has[2] = {0, 0};
	aim_status rc = AIM_OK;
	*out_same = 0;
	if (pair.v[0] == AIM_JSON_NONE || pair.v[1] == AIM_JSON_NONE) {
		*out_same = pair.v[0] == pair.v[1];
		return AIM_OK;
	}
	const aim_bytes old = aim_json_raw(w->doc[0], pair.v[0]), fresh = aim_json_raw(w->doc[1], pair.v[1]);
	if (!aim__schema_spend(w, (old.len + fresh.len) / TEXT_PER_STEP, pair, &rc))
		return rc;
	/* Also numbers that have no canonical form are the same when their texts are. */
	*out_same = old.len == fresh.len && memcmp(old.ptr, fresh.ptr, old.len) == 0;
	if (*out_same)
		return AIM_OK;
	for (int side = 0; rc == AIM_OK && side < 2; side++)
		rc = canonical(w, side, pair.v[side], &has[side]);
	*out_same = rc == AIM_OK && has[0] && has[1] &&
	            aim_str_equal(aim_buf_str(&w->text[0]), aim_buf_str(&w->text[1]));
	return rc;
}

int aim__schema_is_reference(aim_str keyword)
{
	static const char *const names[] = {"$ref", "$dynamicRef", "$recursiveRef"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (aim_str_equal(keyword, aim_str_from(names[i])))
			return 1;
	return 0;
}

int aim__schema_refers(const aim_json *doc, aim_json_value value)
{
	if (value == AIM_JSON_NONE)
		return 0;
	for (uint32_t i = value, end = aim__json_skip(doc, value); i < end; i++) {
		if (!(doc->nodes[i].info & AIM__JSON_KEY))
			continue;
		if (aim__schema_is_reference(aim__json_node_text(doc, &doc->nodes[i])))
			return 1;
	}
	return 0;
}

aim_status aim__schema_opaque(aim__schema_walk *w, aim__schema_pair pair)
{
	const aim_str nothing = {NULL, 0};
	int same = 0;
	aim_status rc = aim__schema_same(w, pair, &same);
	if (rc != AIM_OK || w->stopped || (same && !aim__schema_refers(w->doc[0], pair.v[0])))
		return rc;
	return aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, pair, nothing);
}

/* ---- comparing ---- */

static aim_status compare_all(aim__schema_walk *w)
{
	const aim_str nothing = {NULL, 0};
	aim__schema_pair roots = {{w->root[0], w->root[1]}};
	int same = 0;
	aim_status rc = aim__schema_same(w, roots, &same);
	if (rc != AIM_OK || same)
		return rc;
	rc = aim__schema_compare(w, roots);
	/* Nothing that counts, and another text: things stand in another order, or say the same in other words. */
	if (rc == AIM_OK && w->out->total == 0)
		rc = aim__schema_note(w, AIM_SCHEMADIFF_COSMETIC, roots, nothing);
	return rc;
}

static aim_status run(aim__schema_walk *w)
{
	aim__map_init(&w->seen, w->ctx, 0);
	aim__arena_init(&w->arena, w->ctx, 2048, 0);
	for (int side = 0; side < 2; side++)
		aim__buf_init(&w->text[side], w->ctx);
	aim_status rc = compare_all(w);
	for (int side = 0; side < 2; side++)
		aim__buf_dispose(&w->text[side]);
	aim__arena_dispose(&w->arena);
	aim__map_dispose(&w->seen);
	return rc;
}

static aim_status take_options(const aim_schemadiff_options *options, aim_schemadiff_options *out, aim_error *err)
{
	aim_status rc = aim__sized_in(out, sizeof *out, options, sizeof *out, "aim_schemadiff_options", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags & ~AIM_SCHEMADIFF_OUTPUT)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_schemadiff_options: a flag that is not known");
	for (size_t i = 0; i < 6; i++)
		if (out->severities[i] > AIM_ALERT_CRITICAL)
			return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
			                 "aim_schemadiff_options: a severity is 0 to %u", AIM_ALERT_CRITICAL);
	if (out->max_depth == 0 || out->max_depth > MAX_DEPTH)
		out->max_depth = MAX_DEPTH;
	if (out->max_work == 0)
		out->max_work = MAX_WORK;
	return AIM_OK;
}

static aim_schemadiff *new_result(aim_ctx *ctx, const aim_schemadiff_options *o)
{
	aim_schemadiff *d = aim__alloc_zeroed(ctx, sizeof *d);
	if (!d)
		return NULL;
	d->ctx = aim__ctx_ref(ctx);
	aim__arena_init(&d->arena, ctx, 512, 0);
	for (size_t i = 1; i < 6; i++)
		d->severities[i] = o->severities[i] ? o->severities[i] : default_severities[i];
	return d;
}

aim_status aim_schemadiff_values(aim_ctx *ctx, const aim_json *before, aim_json_value old_schema,
                                 const aim_json *after, aim_json_value new_schema,
                                 const aim_schemadiff_options *options, aim_schemadiff **out, aim_error *err)
{
	aim_schemadiff_options o = {.struct_size = sizeof o};
	if (!ctx || !before || !after || !out)
		return AIM__MISUSE(ctx, "ctx, both documents and out are required");
	aim_status rc = take_options(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	int from = (o.flags & AIM_SCHEMADIFF_OUTPUT) != 0;
	aim__schema_walk w = {.ctx = ctx, .swapped = from, .max_depth = o.max_depth, .work = o.max_work};
	w.doc[from] = before;
	w.root[from] = old_schema;
	w.doc[!from] = after;
	w.root[!from] = new_schema;
	w.out = new_result(ctx, &o);
	rc = w.out ? run(&w) : AIM_E_NOMEM;
	if (rc == AIM_OK) {
		*out = w.out;
		return AIM_OK;
	}
	aim_schemadiff_free(w.out);
	return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

aim_status aim_schemadiff_new(aim_ctx *ctx, aim_bytes old_schema, aim_bytes new_schema,
                              const aim_schemadiff_options *options, aim_schemadiff **out, aim_error *err)
{
	aim_json before, after;
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim__json_init(&before, ctx);
	aim__json_init(&after, ctx);
	aim_status rc = aim_json_parse(&before, old_schema, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_json_parse(&after, new_schema, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_schemadiff_values(ctx, &before, AIM_JSON_ROOT, &after, AIM_JSON_ROOT, options, out, err);
	aim__json_dispose(&after);
	aim__json_dispose(&before);
	return rc;
}

/* ---- looking ---- */

void aim_schemadiff_free(aim_schemadiff *diff)
{
	if (!diff)
		return;
	aim_ctx *ctx = diff->ctx;
	aim__free(ctx, diff->changes, diff->cap * sizeof *diff->changes);
	aim__arena_dispose(&diff->arena);
	aim__free(ctx, diff, sizeof *diff);
	aim__ctx_unref(ctx);
}

uint32_t aim_schemadiff_class(const aim_schemadiff *diff)
{
	return diff ? diff->change_class : AIM_SCHEMADIFF_UNKNOWN;
}

uint32_t aim_schemadiff_severity(const aim_schemadiff *diff)
{
	return diff ? diff->severity : AIM_ALERT_HIGH;
}

size_t aim_schemadiff_count(const aim_schemadiff *diff)
{
	return diff ? diff->n : 0;
}

uint64_t aim_schemadiff_total(const aim_schemadiff *diff)
{
	return diff ? diff->total : 0;
}

const aim_schemadiff_change *aim_schemadiff_at(const aim_schemadiff *diff, size_t index)
{
	return diff && index < diff->n ? &diff->changes[index] : NULL;
}

const char *aim_schemadiff_class_name(uint32_t change_class)
{
	static const char *const names[] = {"same", "cosmetic", "narrowing", "widening", "incompatible", "unknown"};
	return names[change_class <= AIM_SCHEMADIFF_UNKNOWN ? change_class : AIM_SCHEMADIFF_UNKNOWN];
}
