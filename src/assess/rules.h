/* assess/rules.h — the compiled rules: what rules/compile.py makes of the files in rules/. Immutable.
 *
 * A *word* is a folded word of any language (or a part of a text without spaces). Words belong to *concepts*. A *chain*
 * is a sequence of concepts with bounded gaps: when its last one is seen, it yields a signal of a rule, or another
 * concept. Nothing here is a regular expression, so that one pass over the words of a text finds everything. */
#ifndef AIM_ASSESS_RULES_H
#define AIM_ASSESS_RULES_H

#include <stddef.h>
#include <stdint.h>

typedef struct aim__rule {
	const char *id;
	const char *message;
	uint8_t type;     /* AIM_SCAN_TOOL_POISONING … */
	uint8_t category; /* signals of one category do not add up */
	uint8_t weight;   /* 100 decides alone */
	uint8_t reserved;
} aim__rule;

typedef struct aim__rule_word {
	uint32_t text; /* offset in aim__rule_text */
	uint16_t concepts; /* first of them in aim__rule_concepts */
	uint8_t n_concepts;
	uint8_t len;    /* bytes */
	uint8_t prefix; /* the character that must stand before it; 0: none is asked for */
	uint8_t reserved[3];
} aim__rule_word;

#define AIM__STEP_LAST 1u
#define AIM__STEP_ACROSS 2u         /* may lie in a later sentence than the place before */
#define AIM__STEP_BEHIND_CONCEPT 4u /* the place before is a concept, wherever it was last */
#define AIM__STEP_ALONE 8u          /* the chain has no other place */

/* One place of a chain that a concept can take. */
typedef struct aim__rule_step {
	uint16_t chain;
	uint16_t slot;   /* of this place; not of the first and the last of a chain, which need none */
	uint16_t before; /* slot of the place before, or a concept */
	uint8_t gap;     /* most words between this place and the one before */
	uint8_t flags;
} aim__rule_step;

#define AIM__CHAIN_CONCEPT 0x8000u

typedef struct aim__rule_chain {
	uint16_t yields; /* a rule, or AIM__CHAIN_CONCEPT and a concept */
	uint16_t unless; /* a concept that must not stand shortly before it; 0: none */
	uint16_t unless_gap;
	uint16_t reserved;
} aim__rule_chain;

/* A literal that only prompts of a model contain. */
typedef struct aim__rule_marker {
	const char *text; /* lower case */
	uint32_t len;
	uint32_t rule;
} aim__rule_marker;

extern const aim__rule aim__rules[];
extern const uint32_t aim__n_rules;
extern const aim__rule_word aim__rule_words[];
extern const uint8_t aim__rule_text[];
extern const uint16_t aim__rule_concepts[];
/* Open addressing by aim__rule_hash: index + 1 of a word, 0 for none. */
extern const uint16_t aim__rule_table[];
extern const uint32_t aim__rule_table_mask;
/* One bit per 15 bits of hash: most words of a text are in no rule. */
extern const uint64_t aim__rule_filter[512];
/* The same for the first character of words in scripts without spaces. */
extern const uint64_t aim__rule_first[64];
extern const aim__rule_step aim__rule_steps[];
extern const uint16_t aim__rule_steps_of[]; /* by concept; one more as the end */
extern const aim__rule_chain aim__rule_chains[];
extern const uint32_t aim__rule_n_slots;
extern const uint32_t aim__rule_n_concepts;
extern const aim__rule_marker aim__rule_markers[];
extern const uint32_t aim__rule_n_markers;
extern const char *const aim__rule_parameters[]; /* names that no ordinary required parameter has; NULL ends */
extern const char *const aim__rule_common_names[]; /* tool names that many servers have; NULL ends */

extern const char aim__rules_digest[]; /* names these rules: hex */

/* Concepts and rules that the code itself speaks of. */
#include "assess/rules_named.h"

/* Bytes one after the other, then aim__rule_hash_end. compile.py computes the same. */
static inline uint64_t aim__rule_hash_step(uint64_t h, uint8_t c)
{
	return (h << 7 | h >> 57) ^ c;
}

static inline uint32_t aim__rule_hash_end(uint64_t h, uint8_t prefix)
{
	h = (h ^ (uint64_t)prefix << 48) * 0x9E3779B97F4A7C15u;
	return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 11);
}

#endif
