/* tests/prop/test_policy.c — laws of policies over random documents and requests: the compiled index says
 * what a plain reading of docs/policy.md says, whatever the order of the rules; a deny rule more never
 * permits more; and knowing less never turns a refusal into a permission. */
#include "support.h"

#include <aim/authorizer.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 400
#define REQUESTS 40
#define MAX_RULES 12

static uint64_t seed = 42;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* Patterns with what they match, so that the reference needs no glob of its own. */
typedef struct word {
	const char *pattern;
	uint32_t exact;  /* bit i: names[i] matches byte for byte */
	uint32_t folded; /* bit i: names[i] matches without regard to case */
} word;

static const char *const names[] = {"read", "Read", "write", "readme", "x"};
#define N_NAMES 5u
static const word words[] = {
	{"read", 1, 3},      {"Read", 2, 3},     {"read*", 9, 11}, {"*", 31, 31},
	{"?rite", 4, 4},     {"w*", 4, 4},       {"x", 16, 16},    {"nothing", 0, 0},
	{"*ead", 3, 3},      {"READ", 0, 3},
};
#define N_WORDS (uint32_t)(sizeof words / sizeof *words)

enum { TOOLS, SERVERS, AGENTS, N_LISTS };
static const char *const list_names[N_LISTS] = {"tools", "servers", "agents"};

typedef struct rule {
	uint32_t effect;
	uint32_t lists[N_LISTS][2]; /* words; N_WORDS: none */
	int64_t min, max;           /* −1: none */
	uint32_t risk;              /* set of 1 << AIM_DECISION_RISK_*; 0: none */
	uint32_t id;
} rule;

/* A fact that is not stated is N_NAMES. */
typedef struct call {
	uint32_t facts[N_LISTS];
	int64_t trust;
	uint32_t risk;
} call;

static rule random_rule(uint32_t id)
{
	rule r = {.effect = random_below(3), .min = -1, .max = -1, .id = id};
	for (uint32_t k = 0; k < N_LISTS; k++)
		for (uint32_t i = 0; i < 2; i++)
			r.lists[k][i] = random_below(3) ? N_WORDS : random_below(N_WORDS);
	if (random_below(4) == 0)
		r.min = random_below(500001);
	if (random_below(4) == 0)
		r.max = 500000 + random_below(500001);
	if (random_below(4) == 0)
		r.risk = (1u + random_below(15)) << 1;
	return r;
}

static size_t write_list(char *at, size_t room, const char *name, const uint32_t list[2])
{
	int n = 0;
	if (list[0] < N_WORDS && list[1] < N_WORDS)
		n = snprintf(at, room, ",\"%s\":[\"%s\",\"%s\"]", name, words[list[0]].pattern,
		             words[list[1]].pattern);
	else if (list[0] < N_WORDS || list[1] < N_WORDS)
		n = snprintf(at, room, ",\"%s\":\"%s\"", name,
		             words[list[0] < N_WORDS ? list[0] : list[1]].pattern);
	return (size_t)n;
}

static size_t write_rule(char *at, size_t room, const rule *r)
{
	static const char *const risks[] = {"", "low", "medium", "high", "critical"};
	size_t n = (size_t)snprintf(at, room, "{\"id\":\"r%u\",\"effect\":\"%s\"", r->id,
	                            aim_decision_effect_name(r->effect));
	for (uint32_t k = 0; k < N_LISTS; k++)
		n += write_list(at + n, room - n, list_names[k], r->lists[k]);
	if (r->min >= 0 && r->max >= 0)
		n += (size_t)snprintf(at + n, room - n, ",\"trust\":{\"min\":%d,\"max\":%d}", (int)r->min,
		                      (int)r->max);
	else if (r->min >= 0 || r->max >= 0)
		n += (size_t)snprintf(at + n, room - n, ",\"trust\":{\"%s\":%d}", r->min >= 0 ? "min" : "max",
		                      (int)(r->min >= 0 ? r->min : r->max));
	for (uint32_t i = 1, first = 1; r->risk && i <= 4; i++) {
		if (!(r->risk >> i & 1))
			continue;
		n += (size_t)snprintf(at + n, room - n, "%s\"%s\"", first ? ",\"risk\":[" : ",", risks[i]);
		first = 0;
	}
	n += (size_t)snprintf(at + n, room - n, r->risk ? "]}" : "}");
	return n;
}

static aim_policy *compile(aim_ctx *ctx, const rule *rules, size_t n_rules, const char *fallback)
{
	static char text[16384];
	aim_policy *policy = NULL;
	aim_error err = {0};
	size_t n = (size_t)snprintf(text, sizeof text, "{\"version\":1,\"name\":\"p\",\"default\":\"%s\","
	                                               "\"rules\":[", fallback);
	for (size_t i = 0; i < n_rules; i++) {
		if (i)
			text[n++] = ',';
		n += write_rule(text + n, sizeof text - n, &rules[i]);
	}
	n += (size_t)snprintf(text + n, sizeof text - n, "]}");
	if (aim_policy_compile(ctx, aim_bytes_from(text, n), NULL, &policy, NULL, &err) != AIM_OK)
		fail_msg("%s\n%s", err.message, text);
	return policy;
}

/* ---- the plain reading ---- */

enum { NO, YES, UNKNOWN };

static int both(int a, int b)
{
	if (a == NO || b == NO)
		return NO;
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : YES;
}

static int list_answer(const rule *r, uint32_t k, uint32_t fact)
{
	int listed = 0;
	uint32_t matches = 0;
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t w = r->lists[k][i];
		if (w == N_WORDS)
			continue;
		listed = 1;
		if (strcmp(words[w].pattern, "*") == 0)
			return YES; /* no condition at all */
		matches |= r->effect == AIM_DECISION_ALLOW ? words[w].exact : words[w].folded;
	}
	if (!listed)
		return YES;
	if (fact == N_NAMES)
		return UNKNOWN;
	return matches >> fact & 1 ? YES : NO;
}

static int rule_matches(const rule *r, const call *c)
{
	int a = YES;
	for (uint32_t k = 0; k < N_LISTS; k++)
		a = both(a, list_answer(r, k, c->facts[k]));
	if (r->min >= 0)
		a = both(a, c->trust < 0 ? UNKNOWN : c->trust >= r->min ? YES : NO);
	if (r->max >= 0)
		a = both(a, c->trust < 0 ? UNKNOWN : c->trust <= r->max ? YES : NO);
	if (r->risk)
		a = both(a, c->risk == 0 ? UNKNOWN : r->risk >> c->risk & 1 ? YES : NO);
	return a == YES || (a == UNKNOWN && r->effect != AIM_DECISION_ALLOW);
}

static uint32_t expected(const rule *rules, size_t n, const call *c, uint32_t fallback)
{
	int seen[3] = {0, 0, 0};
	for (size_t i = 0; i < n; i++)
		if (rule_matches(&rules[i], c))
			seen[rules[i].effect] = 1;
	if (seen[AIM_DECISION_DENY])
		return AIM_DECISION_DENY;
	if (seen[AIM_DECISION_ASK])
		return AIM_DECISION_ASK;
	return seen[AIM_DECISION_ALLOW] ? AIM_DECISION_ALLOW : fallback;
}

/* ---- asking ---- */

static call random_call(void)
{
	call c;
	for (uint32_t k = 0; k < N_LISTS; k++)
		c.facts[k] = random_below(N_NAMES + 1);
	c.trust = random_below(5) ? (int64_t)random_below(1000001) : -1;
	c.risk = random_below(5);
	return c;
}

static aim_str name_of(uint32_t fact)
{
	aim_str none = {NULL, 0};
	return fact < N_NAMES ? aim_str_from(names[fact]) : none;
}

static uint32_t ask(aim_policy *policy, aim_decision *d, const call *c)
{
	aim_request q = {.struct_size = sizeof q, .trust_micro = c->trust, .risk = c->risk};
	if (c->trust < 0)
		q.trust_micro = AIM_DECISION_NO_TRUST;
	q.tool = name_of(c->facts[TOOLS]);
	q.server = name_of(c->facts[SERVERS]);
	q.agent = name_of(c->facts[AGENTS]);
	aim_status rc = aim_policy_decide(policy, &q, d, NULL);
	assert_true(rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK);
	return aim_decision_effect(d);
}

static void shuffle(rule *rules, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = random_below((uint32_t)i);
		rule swap = rules[i - 1];
		rules[i - 1] = rules[k];
		rules[k] = swap;
	}
}

static void with_less(const call *c, uint32_t fact, call *out)
{
	*out = *c;
	if (fact < N_LISTS)
		out->facts[fact] = N_NAMES;
	else if (fact == N_LISTS)
		out->trust = -1;
	else
		out->risk = 0;
}

static void the_index_says_what_the_rules_say(void **state)
{
	static const uint32_t fallbacks[2] = {AIM_DECISION_DENY, AIM_DECISION_ASK};
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_decision *d = NULL;
	size_t n_effects[3] = {0, 0, 0};
	(void)state;
	assert_status(aim_decision_new(ctx, &d, NULL), AIM_OK);
	for (int round = 0; round < ROUNDS; round++) {
		rule rules[MAX_RULES + 1];
		size_t n = random_below(MAX_RULES + 1);
		uint32_t fallback = fallbacks[random_below(2)];
		const char *fallback_name = aim_decision_effect_name(fallback);
		for (uint32_t i = 0; i < n; i++)
			rules[i] = random_rule(i);
		aim_policy *policy = compile(ctx, rules, n, fallback_name);
		shuffle(rules, n);
		aim_policy *shuffled = compile(ctx, rules, n, fallback_name);
		rules[n] = random_rule(MAX_RULES);
		rules[n].effect = AIM_DECISION_DENY;
		aim_policy *stricter = compile(ctx, rules, n + 1, fallback_name);
		for (int k = 0; k < REQUESTS; k++) {
			call c = random_call();
			uint32_t effect = ask(policy, d, &c);
			assert_int_equal(effect, expected(rules, n, &c, fallback));
			assert_int_equal(effect, ask(shuffled, d, &c));
			uint32_t strict = ask(stricter, d, &c);
			assert_true(strict == effect || strict == AIM_DECISION_DENY);
			for (uint32_t fact = 0; fact < N_LISTS + 2; fact++) {
				call less;
				with_less(&c, fact, &less);
				uint32_t unknown = ask(policy, d, &less);
				assert_true(effect == AIM_DECISION_ALLOW || unknown != AIM_DECISION_ALLOW);
			}
			n_effects[effect]++;
		}
		aim_policy_unref(policy);
		aim_policy_unref(shuffled);
		aim_policy_unref(stricter);
	}
	/* Each effect was really met. */
	for (size_t i = 0; i < 3; i++)
		assert_true(n_effects[i] > 500);
	aim_decision_free(d);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_says_what_the_rules_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
