/* tests/unit/assess/examples.h — the examples that stand with the rules, as rules/compile.py writes them. */
#ifndef AIM_TESTS_EXAMPLES_H
#define AIM_TESTS_EXAMPLES_H

#include <stddef.h>

typedef struct test_example {
	const char *rule;
	const char *text;
	int expected; /* 1: the rule gives a signal */
} test_example;

extern const test_example test_examples[]; /* rule NULL ends */

#endif
