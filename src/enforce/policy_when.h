/* enforce/policy_when.h — the conditions of a rule's "when": a tree of tests, three-valued.
 *
 * A tree is a run of nodes in policy->whens: a node, then what is below it. `all`, `any` and `not` have children; every
 * other op is a test of one thing. A new test: a member of the reader (policy_when.c), a case in answer_test() of
 * policy_answer.c, and a line in docs/policy.md. */
#ifndef AIM_ENFORCE_POLICY_WHEN_H
#define AIM_ENFORCE_POLICY_WHEN_H

#include <aim/decision.h>

#include "enforce/pattern.h"

typedef enum aim__answer { AIM__NO, AIM__YES, AIM__UNKNOWN } aim__answer;

enum {
	AIM__WHEN_ALL,
	AIM__WHEN_ANY,
	AIM__WHEN_NOT,
	AIM__WHEN_NAME,    /* a text (arg: AIM__TEXT_*) matches one of texts */
	AIM__WHEN_TAG,     /* for each of texts, a tag matches */
	AIM__WHEN_HOLDS,   /* for each of texts, a capability that is held matches */
	AIM__WHEN_LACKS,   /* a capability that is required is not held (arg 1), or all are (arg 0) */
	AIM__WHEN_NUMBER,  /* a number (arg: AIM__NUMBER_*) lies within range */
	AIM__WHEN_LEVEL,   /* a level (arg: AIM__LEVEL_*) is in mask */
	AIM__WHEN_BITS,    /* all of mask are set (arg: AIM__BITS_*) */
	AIM__WHEN_TIME,    /* it is the time */
	AIM__WHEN_RATE,    /* so many calls were allowed in the window */
	AIM__WHEN_PRESENT, /* a value is there (arg 1) or is not (arg 0) */
	AIM__WHEN_TYPE,    /* a value is of a type in mask */
	AIM__WHEN_EQUALS,  /* a value is one of scalars */
	AIM__WHEN_RANGE,   /* a value is a number within decimals */
	AIM__WHEN_LENGTH,  /* a value has so many characters, elements or members */
	AIM__WHEN_PREFIX,  /* a value is a text that begins with one of texts */
	AIM__WHEN_GLOB,    /* a value is a text that matches one of texts */
	AIM__WHEN_REGEX    /* a value is a text in which the regular expression arg is found */
};

/* Texts of a request. */
enum {
	AIM__TEXT_TOOL,
	AIM__TEXT_AGENT,
	AIM__TEXT_DID,
	AIM__TEXT_SERVER,
	AIM__TEXT_RESOURCE,
	AIM__TEXT_ACTION,
	AIM__TEXT_AGENT_TYPE,
	AIM__TEXT_OWNER,
	AIM__TEXT_STATUS,
	AIM__TEXT_SESSION,
	AIM__TEXT_COUNT
};
enum { AIM__NUMBER_TRUST, AIM__NUMBER_ATTESTATIONS, AIM__NUMBER_CONFIDENCE };
enum { AIM__LEVEL_RISK, AIM__LEVEL_DRIFT, AIM__LEVEL_SCAN };
enum { AIM__BITS_LABELS, AIM__BITS_SIGNALS };

/* aim__when.flags */
#define AIM__WHEN_FOLDED 1u /* texts compare without regard to ASCII case */
#define AIM__WHEN_ABOVE 2u  /* of a range: low itself is out */
#define AIM__WHEN_BELOW 4u  /* of a range: high itself is out */

typedef struct aim__texts {
	const aim__pattern *items;
	size_t n;
} aim__texts;

/* A scalar of the document: its JSON type, and its text (a string's own, a number's, "true", "false"). */
typedef struct aim__scalar {
	uint32_t type; /* AIM_JSON_* */
	aim_str text;
} aim__scalar;

/* What a test of a value is about, and what with. One of the last parts is used, by op. */
typedef struct aim__value_test {
	aim_str name;   /* JSON Pointer into the arguments, or the name of a fact */
	int is_fact;
	aim__texts texts;
	const aim__scalar *scalars;
	size_t n_scalars;
	aim_str low;    /* decimals, {NULL, 0}: no bound */
	aim_str high;
	uint64_t least; /* of a length */
	uint64_t most;
	uint32_t types; /* AIM__TYPE_* */
} aim__value_test;

#define AIM__TYPE_NULL 1u
#define AIM__TYPE_BOOLEAN 2u
#define AIM__TYPE_NUMBER 4u
#define AIM__TYPE_INTEGER 8u /* a number without a fraction */
#define AIM__TYPE_STRING 16u
#define AIM__TYPE_ARRAY 32u
#define AIM__TYPE_OBJECT 64u

typedef struct aim__time_test {
	uint32_t from_min; /* of the day */
	uint32_t to_min;   /* exclusive; at or before from_min: over midnight */
	uint32_t days;     /* bit 0: Monday; the day on which the window begins */
	int32_t offset_min;
} aim__time_test;

#define AIM__RATE_PER_AGENT 1u
#define AIM__RATE_PER_TOOL 2u
#define AIM__RATE_PER_SERVER 4u
#define AIM__RATE_PER_SESSION 8u
#define AIM__RATE_PER_DID 16u

typedef struct aim__rate_test {
	int64_t window_us;
	int64_t least; /* calls allowed before this one: at least so many */
	uint32_t per;  /* AIM__RATE_PER_* */
	uint32_t counter; /* index among the policy's counters */
} aim__rate_test;

typedef struct aim__range64 {
	int64_t low;
	int64_t high;
} aim__range64;

typedef struct aim__when {
	uint32_t op;
	uint32_t end;   /* index behind what is below */
	uint32_t flags;
	uint32_t arg;
	uint32_t mask;
	uint32_t reserved;
	union {
		const void *any;
		const aim__texts *texts;
		const aim__range64 *range;
		const aim__value_test *value;
		const aim__time_test *time;
		const aim__rate_test *rate;
	} with;
} aim__when;

/* A request with everything that conditions ask. */
typedef struct aim__inquiry {
	const aim_request *request;
	const aim_facts *facts; /* never NULL; all zero when nothing is known */
	int64_t now_us;         /* 0: unknown */
	struct aim_decision *decision; /* whose memory regular expressions use; may be NULL */
	const struct aim__change *changes; /* facts taken to be otherwise; NULL but in explanations */
	size_t n_changes;
} aim__inquiry;

struct aim_policy;

/* The answer of the tree at index. */
aim__answer aim__when_answer(const struct aim_policy *policy, uint32_t index, const aim__inquiry *q);
/* Text of a request; {NULL, 0} when it does not say. */
aim_str aim__inquiry_text(const aim__inquiry *q, uint32_t text);

/* Checks a caller's facts. *out is then what to read: facts itself, *copy, or one that knows nothing.
 * AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT. */
aim_status aim__facts_take(const aim_facts *facts, aim_facts *copy, const aim_facts **out, aim_error *err);

/* The key under which a rate counts a call: the hashes of what it counts by, names folded. 0 when something of that is
 * unknown; else the bytes of out. */
#define AIM__RATE_KEY 64u
size_t aim__rate_key(const aim_ctx *ctx, const aim__rate_test *test, const aim__inquiry *q,
                     uint8_t out[AIM__RATE_KEY]);

#endif
