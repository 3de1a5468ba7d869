/* assess/schemadiff_walk.c — one pair of schemas: which keywords there are, and who compares them. Layer assess. */
#include "assess/schemadiff.h"

#include <string.h>

/* Keywords by name, as they stand in the table. */
enum {
	TITLE, DESCRIPTION, EXAMPLES, DEFS, DEFINITIONS, TYPE, ENUM, CONST, MINIMUM, EXCLUSIVE_MINIMUM, MAXIMUM,
	EXCLUSIVE_MAXIMUM, MIN_LENGTH, MAX_LENGTH, MIN_ITEMS, MAX_ITEMS, MIN_PROPERTIES, MAX_PROPERTIES, MULTIPLE_OF,
	UNIQUE_ITEMS, PATTERN, PROPERTIES, REQUIRED, ADDITIONAL_PROPERTIES, ITEMS, ALL_OF, ANY_OF, ONE_OF, REF,
	UNEVALUATED_PROPERTIES, UNEVALUATED_ITEMS, ID, N_KEYWORDS
};

static const char *const names[N_KEYWORDS] = {
	"title", "description", "examples", "$defs", "definitions", "type", "enum", "const", "minimum", "exclusiveMinimum",
	"maximum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
	"multipleOf", "uniqueItems", "pattern", "properties", "required", "additionalProperties", "items", "allOf", "anyOf",
	"oneOf", "$ref", "unevaluatedProperties", "unevaluatedItems", "$id",
};

/* Keywords that give a schema another meaning as a whole: it is not taken apart. */
static const uint8_t holistic[] = {UNEVALUATED_PROPERTIES, UNEVALUATED_ITEMS};

#define NO_PARTNER N_KEYWORDS
static const struct {
	uint8_t inclusive, exclusive, upper;
	const char *absent;
} bounds[] = {
	{MINIMUM, EXCLUSIVE_MINIMUM, 0, NULL}, {MAXIMUM, EXCLUSIVE_MAXIMUM, 1, NULL},
	{MIN_LENGTH, NO_PARTNER, 0, "0"},      {MAX_LENGTH, NO_PARTNER, 1, NULL},
	{MIN_ITEMS, NO_PARTNER, 0, "0"},       {MAX_ITEMS, NO_PARTNER, 1, NULL},
	{MIN_PROPERTIES, NO_PARTNER, 0, "0"},  {MAX_PROPERTIES, NO_PARTNER, 1, NULL},
};

typedef struct members {
	aim__schema_pair known[N_KEYWORDS + 1]; /* the last one is NO_PARTNER: never there */
} members;

static int keyword_of(aim_str name)
{
	for (int i = 0; i < N_KEYWORDS; i++)
		if (aim_str_equal(name, aim_str_from(names[i])))
			return i;
	return -1;
}

/* A keyword that is not in the table. What it refers to may have changed, whatever its text. */
static aim_status compare_other(aim__schema_walk *w, aim__schema_pair at, aim_str name)
{
	const aim_str nothing = {NULL, 0};
	return aim__schema_is_reference(name) ? aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, at, nothing)
	                                      : aim__schema_opaque(w, at);
}

/* Sorts the members of a side; those that are not in the table are compared as they are. */
static aim_status sort_members(aim__schema_walk *w, aim__schema_pair pair, int side, members *m)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim_json_first(w->doc[side], pair.v[side]); rc == AIM_OK && v != AIM_JSON_NONE;
	     v = aim_json_next(w->doc[side], v)) {
		aim_str name = aim_json_key(w->doc[side], v);
		int keyword = keyword_of(name);
		if (keyword >= 0) {
			m->known[keyword].v[side] = v;
			continue;
		}
		aim__schema_pair other;
		other.v[side] = v;
		other.v[!side] = aim_json_member(w->doc[!side], pair.v[!side], name);
		if (!aim__schema_spend(w, aim_json_count(w->doc[!side], pair.v[!side]) / 8, pair, &rc))
			return rc;
		if (side == 0 || other.v[0] == AIM_JSON_NONE)
			rc = compare_other(w, other, name);
	}
	return rc;
}

/* ---- keywords ---- */

static int is_there(aim__schema_pair pair)
{
	return pair.v[0] != AIM_JSON_NONE || pair.v[1] != AIM_JSON_NONE;
}

static aim_status compare_text(aim__schema_walk *w, aim__schema_pair at)
{
	const aim_str nothing = {NULL, 0};
	int same = 0;
	aim_status rc = aim__schema_same(w, at, &same);
	return rc != AIM_OK || same || w->stopped ? rc : aim__schema_note(w, AIM_SCHEMADIFF_COSMETIC, at, nothing);
}

static int names_properties(const members *m)
{
	return is_there(m->known[PROPERTIES]) || is_there(m->known[ALL_OF]) || is_there(m->known[ANY_OF]) ||
	       is_there(m->known[ONE_OF]);
}

/* Those that are not compared here are so with a partner, or as a whole. */
static aim_status compare_keyword(aim__schema_walk *w, const members *m, int keyword)
{
	aim__schema_pair at = m->known[keyword];
	switch (keyword) {
	case TITLE:
	case DESCRIPTION:
	case EXAMPLES: return compare_text(w, at);
	/* What is defined here matters where it is referred to. */
	case DEFS:
	case DEFINITIONS: return compare_text(w, at);
	case TYPE: return aim__schema_type(w, at);
	case MULTIPLE_OF: return aim__schema_multiple(w, at);
	case UNIQUE_ITEMS: return aim__schema_unique(w, at);
	case PATTERN: return aim__schema_pattern(w, at);
	case PROPERTIES: return aim__schema_properties(w, at);
	case REQUIRED: return aim__schema_required(w, at);
	case ADDITIONAL_PROPERTIES:
	case ITEMS: return aim__schema_compare(w, at);
	case ALL_OF: return aim__schema_branches(w, at, AIM__SCHEMA_ALL_OF);
	case ANY_OF: return aim__schema_branches(w, at, AIM__SCHEMA_ANY_OF);
	case ONE_OF: return aim__schema_branches(w, at, AIM__SCHEMA_ONE_OF);
	case REF: return aim__schema_reference(w, at, names_properties(m));
	case ID: return aim__schema_opaque(w, at);
	default: return AIM_OK;
	}
}

static aim_status compare_bounds(aim__schema_walk *w, const members *m)
{
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < sizeof bounds / sizeof *bounds; i++) {
		aim__schema_bound b = {m->known[bounds[i].inclusive], m->known[bounds[i].exclusive], bounds[i].upper,
		                       bounds[i].absent};
		if (is_there(b.inclusive) || is_there(b.exclusive))
			rc = aim__schema_bounds(w, &b);
	}
	return rc;
}

static int is_whole(const aim__schema_walk *w, aim__schema_pair pair, const members *m)
{
	for (size_t i = 0; i < sizeof holistic / sizeof *holistic; i++)
		if (is_there(m->known[holistic[i]]))
			return 1;
	/* A name of its own makes a schema the root of the references in it. */
	for (int side = 0; side < 2; side++)
		if (m->known[ID].v[side] != AIM_JSON_NONE && pair.v[side] != w->root[side])
			return 1;
	return 0;
}

static aim_status compare_members(aim__schema_walk *w, aim__schema_pair pair)
{
	members m;
	aim_status rc = AIM_OK;
	memset(&m, 0xFF, sizeof m); /* AIM_JSON_NONE */
	for (int side = 0; rc == AIM_OK && side < 2; side++)
		rc = sort_members(w, pair, side, &m);
	if (rc == AIM_OK && !w->stopped && is_whole(w, pair, &m))
		return aim__schema_opaque(w, pair);
	for (int i = 0; rc == AIM_OK && !w->stopped && i < N_KEYWORDS; i++)
		if (is_there(m.known[i]))
			rc = compare_keyword(w, &m, i);
	if (rc == AIM_OK && !w->stopped && (is_there(m.known[ENUM]) || is_there(m.known[CONST])))
		rc = aim__schema_enum(w, m.known[ENUM], m.known[CONST]);
	return rc == AIM_OK && !w->stopped ? compare_bounds(w, &m) : rc;
}

/* ---- schemas ---- */

#define IS_OPEN 1  /* accepts everything and names nothing */
#define IS_SHUT 2  /* accepts nothing */
#define IS_TABLE 3 /* an object of keywords */
#define IS_NONE 4  /* no schema */

static int shape_of(const aim_json *doc, aim_json_value v)
{
	int32_t truth = 0;
	if (v == AIM_JSON_NONE)
		return IS_OPEN;
	if (aim_json_type(doc, v) == AIM_JSON_OBJECT)
		return IS_TABLE;
	if (aim_json_bool(doc, v, &truth) != AIM_OK)
		return IS_NONE;
	return truth ? IS_OPEN : IS_SHUT;
}

static aim_status compare_shapes(aim__schema_walk *w, aim__schema_pair pair)
{
	const aim_str nothing = {NULL, 0};
	int from = shape_of(w->doc[0], pair.v[0]), to = shape_of(w->doc[1], pair.v[1]);
	if (from == IS_NONE || to == IS_NONE)
		return aim__schema_opaque(w, pair);
	if (from == IS_SHUT && to == IS_SHUT)
		return AIM_OK;
	if (from == IS_SHUT || to == IS_SHUT)
		return aim__schema_note(w, from == IS_SHUT ? AIM_SCHEMADIFF_WIDENING : AIM_SCHEMADIFF_NARROWING, pair, nothing);
	return compare_members(w, pair);
}

/* 1 in *out_seen when the pair was compared before, or is being compared further up: there it is noted, and
 * schemas that refer to themselves end. */
static aim_status remember(aim__schema_walk *w, aim__schema_pair pair, int *out_seen)
{
	uint32_t key[3] = {pair.v[0], pair.v[1], (uint32_t)(w->exclusive | w->beside << 1)};
	*out_seen = aim__map_find(&w->seen, aim_bytes_from(key, sizeof key)) != NULL;
	if (*out_seen)
		return AIM_OK;
	void *copy = aim__arena_alloc(&w->arena, sizeof key);
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, key, sizeof key);
	return aim__map_put(&w->seen, aim_bytes_from(copy, sizeof key), 1);
}

aim_status aim__schema_compare(aim__schema_walk *w, aim__schema_pair pair)
{
	const aim_str nothing = {NULL, 0};
	aim_status rc = AIM_OK;
	int seen = 0;
	for (int side = 0; side < 2; side++)
		if (!aim__schema_follow(w, side, &pair.v[side]))
			return aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, pair, nothing);
	uint64_t n = aim_json_count(w->doc[0], pair.v[0]) + aim_json_count(w->doc[1], pair.v[1]);
	if (!aim__schema_spend(w, 1 + n, pair, &rc) || (rc = remember(w, pair, &seen)) != AIM_OK || seen)
		return rc;
	if (w->depth >= w->max_depth)
		return aim__schema_note(w, AIM_SCHEMADIFF_UNKNOWN, pair, nothing);
	w->depth++;
	rc = compare_shapes(w, pair);
	w->depth--;
	return rc;
}
