/* assess/schemadiff_values.c — keywords of a schema that are about values: types, sets and bounds. Layer assess. */
#include "assess/schemadiff.h"

#include "codec/number.h"

#include <string.h>

static const aim_str nothing = {NULL, 0};

/* ---- type ---- */

#define ALL_TYPES 0x7Fu

static const struct {
	const char *name;
	uint32_t types;
} types[] = {
	{"null", 1}, {"boolean", 2}, {"object", 4}, {"array", 8}, {"string", 16}, {"integer", 32}, {"number", 32 | 64},
};

/* The types of a name; 0: there is no such type. */
static uint32_t type_of(aim_str name)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (aim_str_equal(name, aim_str_from(types[i].name)))
			return types[i].types;
	return 0;
}

/* A set of types; 0: that is no type keyword. */
static uint32_t types_of(const aim_json *doc, aim_json_value v)
{
	uint32_t all = 0;
	if (v == AIM_JSON_NONE)
		return ALL_TYPES;
	if (aim_json_type(doc, v) != AIM_JSON_ARRAY)
		return type_of(aim_json_string(doc, v));
	for (v = aim_json_first(doc, v); v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		uint32_t one = type_of(aim_json_string(doc, v));
		if (one == 0)
			return 0;
		all |= one;
	}
	return all;
}

/* The class of a change of a set, from whether each side has what the other one has not. */
static aim_status note_sets(aim__schema_walk *w, aim__schema_pair at, int less, int more)
{
	if (!less && !more)
		return AIM_OK;
	return aim__schema_note(w, less && more ? AIM_SCHEMADIFF_INCOMPATIBLE
	                           : more       ? AIM_SCHEMADIFF_WIDENING
	                                        : AIM_SCHEMADIFF_NARROWING,
	                        at, nothing);
}

aim_status aim__schema_type(aim__schema_walk *w, aim__schema_pair at)
{
	uint32_t from = types_of(w->doc[0], at.v[0]), to = types_of(w->doc[1], at.v[1]);
	if (from == 0 || to == 0)
		return aim__schema_opaque(w, at);
	return note_sets(w, at, (from & ~to) != 0, (to & ~from) != 0);
}

/* ---- enum, const ---- */

/* Canonical texts of the elements of an array, or of one value. *out_known is 0 when one has none. */
static aim_status collect(aim__schema_walk *w, int side, aim_json_value v, int is_array, aim__map *set, int *out_known)
{
	aim_status rc = AIM_OK;
	*out_known = 1;
	for (v = is_array ? aim_json_first(w->doc[side], v) : v; rc == AIM_OK && v != AIM_JSON_NONE;
	     v = is_array ? aim_json_next(w->doc[side], v) : AIM_JSON_NONE) {
		aim_buf_clear(&w->text[side]);
		rc = aim_json_canonicalize(w->doc[side], v, AIM_JSON_JCS_EXACT_TEXT, &w->text[side], NULL);
		if (rc == AIM_E_JSON_NUMBER) {
			*out_known = 0;
			return AIM_OK;
		}
		aim_str text = rc == AIM_OK ? aim__arena_copy(&w->arena, aim_buf_str(&w->text[side])) : nothing;
		if (rc == AIM_OK)
			rc = text.ptr ? aim__map_put(set, aim_bytes_from_str(text), 1) : AIM_E_NOMEM;
	}
	return rc;
}

static int has_more(const aim__map *a, const aim__map *b)
{
	const aim__map_entry *e;
	size_t cursor = 0;
	while ((e = aim__map_next(a, &cursor)))
		if (!aim__map_find(b, e->key))
			return 1;
	return 0;
}

/* Both sides say which values there are: lists[side] tells whether by "enum". */
static aim_status compare_sets(aim__schema_walk *w, aim__schema_pair at, const int lists[2])
{
	aim__map sets[2];
	int known[2] = {0, 0};
	aim_status rc = AIM_OK;
	aim__map_init(&sets[0], w->ctx, 0);
	aim__map_init(&sets[1], w->ctx, 0);
	for (int side = 0; rc == AIM_OK && side < 2; side++)
		rc = collect(w, side, at.v[side], lists[side], &sets[side], &known[side]);
	if (rc == AIM_OK)
		rc = known[0] && known[1] ? note_sets(w, at, has_more(&sets[0], &sets[1]), has_more(&sets[1], &sets[0]))
		                          : aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, at, nothing);
	aim__map_dispose(&sets[1]);
	aim__map_dispose(&sets[0]);
	return rc;
}

static uint64_t size_of(const aim__schema_walk *w, aim__schema_pair at)
{
	uint64_t n = 1;
	for (int side = 0; side < 2; side++)
		n += aim_json_count(w->doc[side], at.v[side]) + aim_json_raw(w->doc[side], at.v[side]).len / 16;
	return n;
}

aim_status aim__schema_enum(aim__schema_walk *w, aim__schema_pair at, aim__schema_pair constant)
{
	aim__schema_pair either = at;
	int lists[2], odd = 0;
	aim_status rc = AIM_OK;
	for (int side = 0; side < 2; side++) {
		lists[side] = at.v[side] != AIM_JSON_NONE;
		odd |= lists[side] && (constant.v[side] != AIM_JSON_NONE ||
		                       aim_json_type(w->doc[side], at.v[side]) != AIM_JSON_ARRAY);
		if (!lists[side])
			either.v[side] = constant.v[side];
	}
	if (odd) { /* both on one side, or an enum that is none */
		rc = aim__schema_opaque(w, at);
		return rc == AIM_OK ? aim__schema_opaque(w, constant) : rc;
	}
	if (either.v[0] == AIM_JSON_NONE || either.v[1] == AIM_JSON_NONE)
		return note_sets(w, either, either.v[0] == AIM_JSON_NONE, either.v[1] == AIM_JSON_NONE);
	return aim__schema_spend(w, size_of(w, either), either, &rc) ? compare_sets(w, either, lists) : rc;
}

/* ---- bounds ---- */

/* What holds on one side. */
typedef struct limit {
	aim_json_value v;  /* AIM_JSON_NONE: nothing */
	aim_str number;    /* NULL with v: no number */
	int excluded;
} limit;

static limit limit_of(const aim__schema_walk *w, int side, const aim__schema_bound *b)
{
	limit in = {b->inclusive.v[side], aim_json_number_text(w->doc[side], b->inclusive.v[side]), 0};
	limit ex = {b->exclusive.v[side], aim_json_number_text(w->doc[side], b->exclusive.v[side]), 1};
	if (in.v != AIM_JSON_NONE && !in.number.ptr)
		return in;
	if (ex.v == AIM_JSON_NONE)
		return in;
	if (!ex.number.ptr || in.v == AIM_JSON_NONE)
		return ex;
	int order = aim__number_compare(ex.number, in.number);
	return (b->upper ? order <= 0 : order >= 0) ? ex : in; /* the stricter one */
}

/* −1: a lets less through than b, 0: the same, 1: more. */
static int compare_limits(const limit *a, const limit *b, int upper)
{
	int order = aim__number_compare(a->number, b->number);
	if (order != 0)
		return upper ? order : -order;
	return b->excluded - a->excluded;
}

static aim_status bounds_opaque(aim__schema_walk *w, const aim__schema_bound *b)
{
	aim_status rc = aim__schema_opaque(w, b->inclusive);
	return rc == AIM_OK ? aim__schema_opaque(w, b->exclusive) : rc;
}

aim_status aim__schema_bounds(aim__schema_walk *w, const aim__schema_bound *bound)
{
	limit from = limit_of(w, 0, bound), to = limit_of(w, 1, bound);
	aim__schema_pair at = {{from.v, to.v}};
	if ((from.v != AIM_JSON_NONE && !from.number.ptr) || (to.v != AIM_JSON_NONE && !to.number.ptr))
		return bounds_opaque(w, bound);
	if (bound->absent && from.v == AIM_JSON_NONE)
		from.number = aim_str_from(bound->absent);
	if (bound->absent && to.v == AIM_JSON_NONE)
		to.number = aim_str_from(bound->absent);
	if (!from.number.ptr || !to.number.ptr)
		return note_sets(w, at, !from.number.ptr, !to.number.ptr);
	int order = compare_limits(&to, &from, bound->upper);
	return note_sets(w, at, order < 0, order > 0);
}

/* ---- the others ---- */

aim_status aim__schema_multiple(aim__schema_walk *w, aim__schema_pair at)
{
	int64_t from = 0, to = 0;
	aim_str texts[2];
	for (int side = 0; side < 2; side++) {
		texts[side] = aim_json_number_text(w->doc[side], at.v[side]);
		if (at.v[side] != AIM_JSON_NONE && !texts[side].ptr)
			return aim__schema_opaque(w, at);
	}
	if (!texts[0].ptr || !texts[1].ptr)
		return note_sets(w, at, !texts[0].ptr, !texts[1].ptr);
	if (aim__number_compare(texts[0], texts[1]) == 0)
		return AIM_OK;
	if (!aim__number_int64(texts[0], &from) || !aim__number_int64(texts[1], &to) || from <= 0 || to <= 0)
		return aim__schema_note(w, AIM_SCHEMADIFF_INCOMPATIBLE, at, nothing);
	return note_sets(w, at, from % to != 0 || to % from == 0, to % from != 0 || from % to == 0);
}

aim_status aim__schema_unique(aim__schema_walk *w, aim__schema_pair at)
{
	int32_t unique[2] = {0, 0};
	for (int side = 0; side < 2; side++)
		if (at.v[side] != AIM_JSON_NONE && aim_json_bool(w->doc[side], at.v[side], &unique[side]) != AIM_OK)
			return aim__schema_opaque(w, at);
	return note_sets(w, at, unique[1] && !unique[0], unique[0] && !unique[1]);
}

/* Whether one pattern lets through what another does is not asked: the same, or not known. */
aim_status aim__schema_pattern(aim__schema_walk *w, aim__schema_pair at)
{
	int text[2];
	for (int side = 0; side < 2; side++)
		text[side] = aim_json_type(w->doc[side], at.v[side]) == AIM_JSON_STRING;
	if (text[0] + text[1] == 1 && (at.v[0] == AIM_JSON_NONE || at.v[1] == AIM_JSON_NONE))
		return note_sets(w, at, text[1], text[0]);
	return aim__schema_opaque(w, at);
}
