/* assess/schemadiff.h — two schemas side by side, and what the files that compare them share.
 *
 * Keywords are conjuncts: each is compared alone, and what it says holds for the whole. Those that are no conjuncts
 * (oneOf, and keywords that look at their neighbours) are named in the table of schemadiff_walk.c. */
#ifndef AIM_ASSESS_SCHEMADIFF_H
#define AIM_ASSESS_SCHEMADIFF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "codec/json.h"

#include <aim/schemadiff.h>

struct aim_schemadiff {
	aim_ctx *ctx; /* referenced */
	aim__arena arena; /* pointers and names */
	aim_schemadiff_change *changes;
	size_t n, cap;
	uint64_t total;
	uint32_t change_class, severity;
	uint32_t severities[6];
};

/* A value on both sides; AIM_JSON_NONE where there is none. */
typedef struct aim__schema_pair {
	aim_json_value v[2];
} aim__schema_pair;

typedef struct aim__schema_walk {
	aim_ctx *ctx;
	const aim_json *doc[2]; /* from, to: for an output schema the new one is "from" */
	aim_json_value root[2];
	int swapped;
	int exclusive; /* inside oneOf: more of a branch may be less of the whole */
	int beside;    /* inside one of several schemas for the same value: others may name the same properties */
	int stopped;   /* out of work: nothing more is looked at */
	uint32_t depth, max_depth;
	uint64_t work; /* left */
	aim__map seen; /* pairs of schemas; keys in arena */
	aim__arena arena;
	aim_buf text[2];
	aim_schemadiff *out;
} aim__schema_walk;

/* Notes a change; property may be empty. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__schema_note(aim__schema_walk *w, uint32_t change_class, aim__schema_pair at, aim_str property);
/* Takes n steps; 0 when there are not so many left, which is noted. */
int aim__schema_spend(aim__schema_walk *w, uint64_t n, aim__schema_pair at, aim_status *rc);
/* Whether both sides have the same canonical text. A number without one makes them different. */
aim_status aim__schema_same(aim__schema_walk *w, aim__schema_pair pair, int *out_same);
/* What is not understood: no change when both sides are the same and refer to nothing, else unknown. */
aim_status aim__schema_opaque(aim__schema_walk *w, aim__schema_pair pair);
/* Whether a keyword is a reference. */
int aim__schema_is_reference(aim_str keyword);
/* Whether a value holds a reference, at any depth. */
int aim__schema_refers(const aim_json *doc, aim_json_value value);

/* ---- schemadiff_walk.c ---- */

/* Compares two schemas; a side that is AIM_JSON_NONE accepts everything and names nothing. */
aim_status aim__schema_compare(aim__schema_walk *w, aim__schema_pair pair);

/* ---- schemadiff_values.c: keywords about values ---- */

aim_status aim__schema_type(aim__schema_walk *w, aim__schema_pair at);
/* constant: the values of "const" beside those of "enum" */
aim_status aim__schema_enum(aim__schema_walk *w, aim__schema_pair at, aim__schema_pair constant);
aim_status aim__schema_unique(aim__schema_walk *w, aim__schema_pair at);
aim_status aim__schema_multiple(aim__schema_walk *w, aim__schema_pair at);
aim_status aim__schema_pattern(aim__schema_walk *w, aim__schema_pair at);

/* A bound from one keyword, or from one that includes the number and one that does not. */
typedef struct aim__schema_bound {
	aim__schema_pair inclusive, exclusive;
	int upper;
	const char *absent; /* the number that says the same as nothing; NULL: none does */
} aim__schema_bound;
aim_status aim__schema_bounds(aim__schema_walk *w, const aim__schema_bound *bound);

/* ---- schemadiff_parts.c: keywords made of schemas ---- */

aim_status aim__schema_properties(aim__schema_walk *w, aim__schema_pair at);
aim_status aim__schema_required(aim__schema_walk *w, aim__schema_pair at);
aim_status aim__schema_branches(aim__schema_walk *w, aim__schema_pair at, uint32_t keyword);
/* Follows references as far as a schema is nothing but a reference to a place in the whole. 0: in circles. */
int aim__schema_follow(const aim__schema_walk *w, int side, aim_json_value *v);
/* beside: the schema has more than the reference that names properties. */
aim_status aim__schema_reference(aim__schema_walk *w, aim__schema_pair at, int beside);

#define AIM__SCHEMA_ALL_OF 1u
#define AIM__SCHEMA_ANY_OF 2u
#define AIM__SCHEMA_ONE_OF 3u

#endif
