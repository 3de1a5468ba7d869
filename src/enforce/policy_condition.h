/* enforce/policy_condition.h — from the "when" of a rule to a tree of tests. */
#ifndef AIM_ENFORCE_POLICY_CONDITION_H
#define AIM_ENFORCE_POLICY_CONDITION_H

#include "enforce/policy_read.h"

#define AIM__WHEN_DEPTH_MAX 16u

/* The member "when" of a rule; reader->target is the rule's draft. */
void aim__when_read(aim__reader *reader, aim_json_value value, uint32_t arg);
/* The member "obligations" of a rule. */
void aim__duties_read(aim__reader *reader, aim_json_value value, uint32_t arg);
/* 1 for RFC 6901: empty, or begins with '/'; '~' stands only in "~0" and "~1". */
int aim__is_pointer(aim_str text);
/* "args" (arg 0) or "facts" (arg 1) of a condition: tests of values by JSON Pointer or name. */
void aim__values_read(aim__reader *reader, aim_json_value value, uint32_t arg);

/* Appends a node, whose end is one behind itself. NULL after a failure. Valid until the next one. */
aim__when *aim__when_add(aim__reader *reader, uint32_t op);
/* Room in the policy's arena; NULL after a failure. */
void *aim__when_room(aim__reader *reader, size_t n, size_t item_size);
/* A text kept in the policy's arena; ptr NULL after a failure. */
aim_str aim__when_keep(aim__reader *reader, aim_str text);
/* The list of patterns as texts; 0 after a problem or failure. */
int aim__when_patterns(aim__reader *reader, aim_json_value list, const char *what, aim__texts *out);

typedef struct aim__bounds {
	int64_t min;
	int64_t max;
} aim__bounds;
/* {"min": n, "max": n}, one of which may be absent, within low … high. 0 after a problem. */
int aim__bounds_read(aim__reader *reader, aim_json_value value, const char *what, int64_t low, int64_t high,
                     aim__bounds *out);

#endif
