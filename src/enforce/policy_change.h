/* enforce/policy_change.h — requests as they might be instead: facts taken to be otherwise, for explanations and
 * comparisons of policies. Never on the way of a decision. */
#ifndef AIM_ENFORCE_POLICY_CHANGE_H
#define AIM_ENFORCE_POLICY_CHANGE_H

#include "codec/writer.h"
#include "enforce/policy.h"

/* What a change is about. */
enum {
	AIM__CHANGE_TEXT,       /* which: AIM__TEXT_* */
	AIM__CHANGE_NUMBER,     /* which: AIM__NUMBER_* */
	AIM__CHANGE_LEVEL,      /* which: AIM__LEVEL_* */
	AIM__CHANGE_BITS,       /* which: AIM__BITS_* */
	AIM__CHANGE_CAPABILITY, /* text is held too */
	AIM__CHANGE_TAG,        /* text is a tag too */
	AIM__CHANGE_VALUE       /* the value that a test is about is scalar */
};

typedef struct aim__change {
	uint32_t kind;
	uint32_t which;
	int64_t number;
	aim_str text;
	const aim__value_test *value;
	aim__scalar scalar; /* type AIM_JSON_ABSENT: is not there */
} aim__change;

#define AIM__CHANGES_MAX 48u  /* looked at for one request */
#define AIM__CHANGE_SET 3u    /* made at once in explanations */
#define AIM__CHANGES_MADE 24u /* made at once at most */

typedef struct aim__change_list {
	aim__change items[AIM__CHANGES_MAX];
	size_t n;
	int cut;          /* there were more */
	aim__arena *arena; /* for texts that are made up */
	int failed;       /* no memory */
} aim__change_list;

/* Adds what could change the answer of a rule. */
void aim__changes_of(aim__change_list *list, const aim_policy *policy, const aim__rule *rule,
                     const aim__inquiry *question);
/* 1 when both are about the same fact, so that they cannot be made together. */
int aim__change_meets(const aim__change *a, const aim__change *b);

/* A request with changes made; room is the caller's. */
typedef struct aim__changed {
	aim__inquiry question;
	aim_request request;
	aim_facts facts;
	aim__change values[AIM__CHANGES_MADE];
	aim_str *capabilities; /* of the request, with room for AIM__CHANGES_MADE more */
	aim_str *tags;
} aim__changed;

/* 0 without memory. */
int aim__changed_init(aim__changed *changed, const aim__inquiry *question, aim__arena *arena);
void aim__changed_make(aim__changed *changed, const aim__inquiry *question, const aim__change *const *changes, size_t n);

/* The request as an object, such as aim policy explain reads. */
void aim__changed_write(aim__json_writer *w, const aim__changed *changed);

/* {"fact": …, "from": …, "to": …} */
void aim__change_write(aim__json_writer *w, const aim__change *change, const aim__inquiry *question);

#endif
