/* assess/schemadiff_parts.c — keywords of a schema that are made of schemas, and references. Layer assess. */
#include "assess/schemadiff.h"

#include <string.h>

#define MAX_HOPS 64 /* references that lead to references */

static const aim_str nothing = {NULL, 0};

static int is_none_or(const aim_json *doc, aim_json_value v, uint32_t type)
{
	return v == AIM_JSON_NONE || aim_json_type(doc, v) == type;
}

/* ---- properties, required ---- */

static aim__schema_pair pair_of(aim_json_value from, aim_json_value to)
{
	aim__schema_pair pair = {{from, to}};
	return pair;
}

static aim_status compare_properties(aim__schema_walk *w, aim__schema_pair at, aim__map *old)
{
	/* Of a property that another schema names as well, what goes may be a bound on its value. */
	uint32_t removed = w->beside ? AIM_SCHEMADIFF_INCOMPATIBLE : AIM_SCHEMADIFF_NARROWING;
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim_json_first(w->doc[0], at.v[0]); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[0], v))
		rc = aim__map_put(old, aim_bytes_from_str(aim_json_key(w->doc[0], v)), v);
	for (aim_json_value v = aim_json_first(w->doc[1], at.v[1]); rc == AIM_OK && !w->stopped && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[1], v)) {
		aim_str name = aim_json_key(w->doc[1], v);
		uintptr_t before = AIM_JSON_NONE;
		if (aim__map_remove(old, aim_bytes_from_str(name), &before))
			rc = aim__schema_compare(w, pair_of((aim_json_value)before, v));
		else
			rc = aim__schema_note(w, AIM_SCHEMADIFF_WIDENING, pair_of(AIM_JSON_NONE, v), name);
	}
	for (aim_json_value v = aim_json_first(w->doc[0], at.v[0]); rc == AIM_OK && !w->stopped && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[0], v)) {
		aim_str name = aim_json_key(w->doc[0], v);
		if (aim__map_find(old, aim_bytes_from_str(name)))
			rc = aim__schema_note(w, removed, pair_of(v, AIM_JSON_NONE), name);
	}
	return rc;
}

aim_status aim__schema_properties(aim__schema_walk *w, aim__schema_pair at)
{
	aim__map old;
	aim_status rc = AIM_OK;
	if (!is_none_or(w->doc[0], at.v[0], AIM_JSON_OBJECT) || !is_none_or(w->doc[1], at.v[1], AIM_JSON_OBJECT))
		return aim__schema_opaque(w, at);
	if (!aim__schema_spend(w, aim_json_count(w->doc[0], at.v[0]) + aim_json_count(w->doc[1], at.v[1]), at, &rc))
		return rc;
	aim__map_init(&old, w->ctx, 0);
	rc = compare_properties(w, at, &old);
	aim__map_dispose(&old);
	return rc;
}

/* 0 when it is no array of texts. */
static int collect_names(const aim_json *doc, aim_json_value list, aim__map *names, aim_status *rc)
{
	if (!is_none_or(doc, list, AIM_JSON_ARRAY))
		return 0;
	for (aim_json_value v = aim_json_first(doc, list); *rc == AIM_OK && v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		aim_str name = aim_json_string(doc, v);
		if (!name.ptr)
			return 0;
		*rc = aim__map_put(names, aim_bytes_from_str(name), v);
	}
	return 1;
}

/* Notes what is in the list of one side and not in the names of the other, each once. */
static aim_status note_missing(aim__schema_walk *w, aim__schema_pair at, int side, aim__map names[2], uint32_t change)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim_json_first(w->doc[side], at.v[side]); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[side], v)) {
		aim_str name = aim_json_string(w->doc[side], v);
		aim__schema_pair one = pair_of(AIM_JSON_NONE, AIM_JSON_NONE);
		one.v[side] = v;
		if (!aim__map_find(&names[!side], aim_bytes_from_str(name)) &&
		    aim__map_remove(&names[side], aim_bytes_from_str(name), NULL))
			rc = aim__schema_note(w, change, one, name);
	}
	return rc;
}

aim_status aim__schema_required(aim__schema_walk *w, aim__schema_pair at)
{
	aim__map names[2];
	aim_status rc = AIM_OK;
	if (!aim__schema_spend(w, aim_json_count(w->doc[0], at.v[0]) + aim_json_count(w->doc[1], at.v[1]), at, &rc))
		return rc;
	aim__map_init(&names[0], w->ctx, 0);
	aim__map_init(&names[1], w->ctx, 0);
	int usable = collect_names(w->doc[0], at.v[0], &names[0], &rc) && collect_names(w->doc[1], at.v[1], &names[1], &rc);
	if (rc == AIM_OK && !usable)
		rc = aim__schema_opaque(w, at);
	else if (rc == AIM_OK) {
		rc = note_missing(w, at, 1, names, AIM_SCHEMADIFF_WIDENING);
		if (rc == AIM_OK)
			rc = note_missing(w, at, 0, names, AIM_SCHEMADIFF_NARROWING);
	}
	aim__map_dispose(&names[1]);
	aim__map_dispose(&names[0]);
	return rc;
}

/* ---- allOf, anyOf, oneOf ---- */

typedef struct branches {
	aim_json_value *v[2]; /* AIM_JSON_NONE once it is compared */
	aim_str *texts[2];    /* canonical; without ptr when there is none */
	size_t n[2];
} branches;

static aim_status list_branches(aim__schema_walk *w, aim__schema_pair at, int side, branches *b)
{
	size_t n = aim_json_count(w->doc[side], at.v[side]);
	b->v[side] = aim__arena_array(&w->arena, n + 1, sizeof *b->v[side]);
	b->texts[side] = aim__arena_array(&w->arena, n + 1, sizeof *b->texts[side]);
	if (!b->v[side] || !b->texts[side])
		return AIM_E_NOMEM;
	for (aim_json_value v = aim_json_first(w->doc[side], at.v[side]); v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[side], v)) {
		aim_buf_clear(&w->text[side]);
		aim_status rc = aim_json_canonicalize(w->doc[side], v, AIM_JSON_JCS_EXACT_TEXT, &w->text[side], NULL);
		aim_str text = rc == AIM_OK ? aim__arena_copy(&w->arena, aim_buf_str(&w->text[side])) : nothing;
		if (rc != AIM_OK && rc != AIM_E_JSON_NUMBER)
			return rc;
		if (rc == AIM_OK && !text.ptr)
			return AIM_E_NOMEM;
		b->v[side][b->n[side]] = v;
		b->texts[side][b->n[side]++] = text;
	}
	return AIM_OK;
}

/* Compares a branch with one of the same text: what it refers to may have changed. */
static aim_status compare_twins(aim__schema_walk *w, branches *b)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < b->n[0]; i++)
		for (size_t k = 0; rc == AIM_OK && k < b->n[1]; k++) {
			if (b->v[1][k] == AIM_JSON_NONE || !b->texts[0][i].ptr ||
			    !aim_str_equal(b->texts[0][i], b->texts[1][k]))
				continue;
			rc = aim__schema_compare(w, pair_of(b->v[0][i], b->v[1][k]));
			b->v[0][i] = b->v[1][k] = AIM_JSON_NONE;
			break;
		}
	return rc;
}

/* A branch that only one side has. Of allOf it is compared with nothing, so that the properties it names count. */
static aim_status note_branch(aim__schema_walk *w, aim__schema_pair at, uint32_t keyword)
{
	int added = at.v[0] == AIM_JSON_NONE;
	if (keyword == AIM__SCHEMA_ALL_OF)
		return aim__schema_compare(w, at);
	return aim__schema_note(w, added ? AIM_SCHEMADIFF_WIDENING : AIM_SCHEMADIFF_NARROWING, at, nothing);
}

static size_t next_branch(const branches *b, int side, size_t i)
{
	while (i < b->n[side] && b->v[side][i] == AIM_JSON_NONE)
		i++;
	return i;
}

/* What is left is compared in order: the first with the first. */
static aim_status compare_rest(aim__schema_walk *w, const branches *b, uint32_t keyword)
{
	aim_status rc = AIM_OK;
	size_t i = next_branch(b, 0, 0), k = next_branch(b, 1, 0);
	for (; rc == AIM_OK && i < b->n[0] && k < b->n[1]; i = next_branch(b, 0, i + 1), k = next_branch(b, 1, k + 1))
		rc = aim__schema_compare(w, pair_of(b->v[0][i], b->v[1][k]));
	for (; rc == AIM_OK && i < b->n[0]; i = next_branch(b, 0, i + 1))
		rc = note_branch(w, pair_of(b->v[0][i], AIM_JSON_NONE), keyword);
	for (; rc == AIM_OK && k < b->n[1]; k = next_branch(b, 1, k + 1))
		rc = note_branch(w, pair_of(AIM_JSON_NONE, b->v[1][k]), keyword);
	return rc;
}

/* A keyword that only one side has: its other side accepts everything. */
static aim_status compare_with_nothing(aim__schema_walk *w, aim__schema_pair at, uint32_t keyword)
{
	aim_status rc = AIM_OK;
	int side = at.v[0] == AIM_JSON_NONE;
	if (keyword == AIM__SCHEMA_ONE_OF)
		return aim__schema_note(w, AIM_SCHEMADIFF_INCOMPATIBLE, at, nothing);
	for (aim_json_value v = aim_json_first(w->doc[side], at.v[side]); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[side], v))
		rc = aim__schema_compare(w, side ? pair_of(AIM_JSON_NONE, v) : pair_of(v, AIM_JSON_NONE));
	return rc;
}

static aim_status compare_branches(aim__schema_walk *w, aim__schema_pair at, uint32_t keyword)
{
	branches b = {.n = {0, 0}};
	aim_status rc = list_branches(w, at, 0, &b);
	if (rc == AIM_OK)
		rc = list_branches(w, at, 1, &b);
	if (rc == AIM_OK)
		rc = compare_twins(w, &b);
	return rc == AIM_OK ? compare_rest(w, &b, keyword) : rc;
}

aim_status aim__schema_branches(aim__schema_walk *w, aim__schema_pair at, uint32_t keyword)
{
	size_t n[2], size = 0;
	aim_status rc = AIM_OK;
	for (int side = 0; side < 2; side++) {
		n[side] = aim_json_count(w->doc[side], at.v[side]);
		size += aim_json_raw(w->doc[side], at.v[side]).len / 16;
		if (at.v[side] != AIM_JSON_NONE && (aim_json_type(w->doc[side], at.v[side]) != AIM_JSON_ARRAY || n[side] == 0))
			return aim__schema_opaque(w, at);
	}
	if (!aim__schema_spend(w, n[0] * n[1] + size, at, &rc))
		return rc;
	int exclusive = w->exclusive, beside = w->beside, one_side = n[0] == 0 || n[1] == 0;
	w->exclusive |= keyword == AIM__SCHEMA_ONE_OF && !one_side;
	w->beside = 1;
	rc = one_side ? compare_with_nothing(w, at, keyword) : compare_branches(w, at, keyword);
	w->exclusive = exclusive;
	w->beside = beside;
	return rc;
}

/* ---- references ---- */

/* Where "#" or "#/a/b" leads; AIM_JSON_NONE for every other reference. */
static aim_json_value target_of(const aim__schema_walk *w, int side, aim_json_value reference)
{
	aim_str text = aim_json_string(w->doc[side], reference);
	if (!text.ptr || text.len == 0 || text.ptr[0] != '#' || memchr(text.ptr, '%', text.len))
		return AIM_JSON_NONE;
	aim_str pointer = {text.ptr + 1, text.len - 1};
	return aim_json_at(w->doc[side], w->root[side], pointer);
}

int aim__schema_follow(const aim__schema_walk *w, int side, aim_json_value *v)
{
	for (int hops = 0; hops < MAX_HOPS; hops++) {
		aim_json_value reference = aim__json_member_text(w->doc[side], *v, "$ref");
		if (reference == AIM_JSON_NONE || aim_json_count(w->doc[side], *v) != 1)
			return 1;
		aim_json_value target = target_of(w, side, reference);
		if (target == AIM_JSON_NONE)
			return 1;
		*v = target;
	}
	return 0;
}

/* One that leads out of the schema, or nowhere, may mean something else now, whatever its text. */
aim_status aim__schema_reference(aim__schema_walk *w, aim__schema_pair at, int beside)
{
	aim__schema_pair targets = at;
	for (int side = 0; side < 2; side++) {
		if (at.v[side] == AIM_JSON_NONE)
			continue;
		targets.v[side] = target_of(w, side, at.v[side]);
		if (targets.v[side] == AIM_JSON_NONE)
			return aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, at, nothing);
	}
	int before = w->beside;
	w->beside |= beside;
	aim_status rc = aim__schema_compare(w, targets);
	w->beside = before;
	return rc;
}
