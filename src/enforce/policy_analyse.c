/* enforce/policy_analyse.c — warnings about a policy's rules: covered, there twice, about what nobody declared. Layer
 * enforce; runs only for who collects diagnostics, over the compiled conditions.
 *
 * A rule is covered by one that comes before it when every condition of that one follows from one of its own. That is
 * decided on names, lists of names, trust, risk and capabilities; a "when" may stand in the covered rule, where it only
 * restricts, and not in the covering one. Rules are found by the tools they name, so that the work grows with the rules and
 * not with their pairs. A deny rule that covers allow and ask rules is a kill switch and never warned about. */
#include "enforce/policy_analyse.h"

#include "base/diagnostics.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "enforce/pattern.h"

#include <string.h>

#define MAX_COMPARED 64u       /* rules that one rule is compared with, of each list */
#define MAX_MATCHES 20000000u /* of names with declared ones, in all */
#define NO_RULE UINT32_MAX

typedef struct analysis {
	const aim_policy *policy;
	aim__reader *reader;
	const aim_policy_options *options;
	uint32_t *first; /* by tool's folded number: rule seen first, NO_RULE; the last is for rules of all tools */
	uint32_t *next;  /* by rank: rule seen next for the same tool */
	size_t n_tools;
	uint64_t n_matches;
	int cut;
} analysis;

static void warn(const analysis *a, const aim__rule *rule, aim_status code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void warn(const analysis *a, const aim__rule *rule, aim_status code, const char *format, ...)
{
	aim_error problem = {0};
	va_list args;
	va_start(args, format);
	aim__vfail(&problem, code, AIM_LAYER_ENFORCE, format, args);
	va_end(args);
	if (aim_diagnostics_dropped(a->reader->diagnostics) == 0)
		aim__json_error_at(a->reader->doc, rule ? rule->place : AIM_JSON_ROOT, &problem);
	aim__diagnostics_add(a->reader->diagnostics, &problem);
}

/* ---- does one condition follow from another ---- */

static uint32_t fact_of(uint64_t word)
{
	uint32_t op = aim__condition_op(word);
	if (op < AIM__VALUE_TRUST)
		return op / 2;
	return op == AIM__OP_NAME_SET ? aim__condition_a(word) : AIM__FACT_COUNT;
}

/* Of a name, by number, whether a set has it. */
static int set_has(const aim_policy *policy, const aim__name_set *set, uint32_t fact, uint32_t id, int exact)
{
	const aim__name *name = &policy->names[fact].items[id];
	aim_str text = {name->ptr, name->len};
	for (size_t i = aim__set_first(set, name->fold); i < set->n_names && set->names[i] >> 32 == name->fold; i++)
		if (!exact || (uint32_t)set->names[i] == id)
			return 1;
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (aim__pattern_match(&set->patterns[i], text, !exact))
			return 1;
	return 0;
}

static int has_pattern(const aim__name_set *set, const aim__pattern *pattern)
{
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (aim_str_equal(set->patterns[i].text, pattern->text))
			return 1;
	return 0;
}

static int set_within(const aim_policy *policy, const aim__name_set *inner, const aim__name_set *outer, uint32_t fact,
                      int exact)
{
	for (uint32_t i = 0; i < inner->n_names; i++)
		if (!set_has(policy, outer, fact, (uint32_t)inner->names[i], exact))
			return 0;
	for (uint32_t i = 0; i < inner->n_patterns; i++)
		if (!has_pattern(outer, &inner->patterns[i]))
			return 0;
	return 1;
}

/* `weak` asks for a name; does it hold whenever `strong`, about the same fact, does? */
static int name_follows(const aim_policy *policy, uint64_t weak, int exact, uint64_t strong)
{
	uint32_t fact = fact_of(weak);
	int strong_is_set = aim__condition_op(strong) == AIM__OP_NAME_SET;
	const aim__name_set *inner = strong_is_set ? &policy->sets[aim__condition_b(strong)] : NULL;
	uint32_t id = aim__condition_a(strong); /* a folded name's number is that of a name too */
	if (aim__condition_op(weak) == AIM__OP_NAME_SET) {
		const aim__name_set *outer = &policy->sets[aim__condition_b(weak)];
		if (inner)
			return inner == outer || set_within(policy, inner, outer, fact, exact);
		return set_has(policy, outer, fact, id, exact);
	}
	if (inner)
		return 0; /* a set has more than one name */
	if (exact)
		return weak == strong;
	return aim__condition_a(weak) == policy->names[fact].items[id].fold;
}

static int capabilities_follow(const aim_policy *policy, uint64_t weak, uint64_t strong)
{
	const aim__name_set *fewer = &policy->sets[aim__condition_b(weak)];
	const aim__name_set *more = &policy->sets[aim__condition_b(strong)];
	for (uint32_t i = 0; i < fewer->n_patterns; i++)
		if (!has_pattern(more, &fewer->patterns[i]))
			return 0;
	return 1;
}

static int condition_follows(const aim_policy *policy, uint64_t weak, int exact, uint64_t strong)
{
	uint32_t op = aim__condition_op(weak);
	uint32_t fact = fact_of(weak);
	if (fact < AIM__FACT_COUNT)
		return fact_of(strong) == fact && name_follows(policy, weak, exact, strong);
	if (op != aim__condition_op(strong))
		return 0;
	switch (op) {
	case AIM__VALUE_TRUST:
		return aim__condition_a(strong) >= aim__condition_a(weak) && aim__condition_b(strong) <= aim__condition_b(weak);
	case AIM__OP_RISK: return (aim__condition_b(strong) & ~aim__condition_b(weak)) == 0;
	case AIM__OP_CAPABILITIES: return capabilities_follow(policy, weak, strong);
	case AIM__OP_EITHER:
		return policy->eithers[aim__condition_b(weak)] == policy->eithers[aim__condition_b(strong)] &&
		       policy->eithers[aim__condition_b(weak) + 1] == policy->eithers[aim__condition_b(strong) + 1];
	default: return 0; /* not decided */
	}
}

static int covers(const aim_policy *policy, const aim__rule *wide, const aim__rule *narrow)
{
	int exact = wide->effect == AIM_DECISION_ALLOW;
	/* An allow rule does not match what is unknown, and so does not cover one that does; and what a refusing rule takes
	 * for the same name an allow rule may not. */
	if (exact && narrow->effect != AIM_DECISION_ALLOW)
		return 0;
	for (uint32_t w = 0; w < wide->n_conditions; w++) {
		int follows = 0;
		for (uint32_t n = 0; n < narrow->n_conditions && !follows; n++)
			follows = condition_follows(policy, wide->conditions[w], exact, narrow->conditions[n]);
		if (!follows)
			return 0;
	}
	return 1;
}

/* ---- rules against rules ---- */

static int warn_if_covered(analysis *a, const aim__rule *wide, const aim__rule *narrow)
{
	int kills = wide->effect == AIM_DECISION_DENY && narrow->effect != AIM_DECISION_DENY;
	if (kills || !covers(a->policy, wide, narrow))
		return 0;
	if (wide->effect == narrow->effect && covers(a->policy, narrow, wide))
		warn(a, narrow, AIM_POLICY_DUPLICATE, "rule '%.*s' says the same as rule '%.*s'", AIM__STR(narrow->id),
		     AIM__STR(wide->id));
	else
		warn(a, narrow, AIM_POLICY_COVERED, "rule '%.*s' never decides: rule '%.*s' covers it", AIM__STR(narrow->id),
		     AIM__STR(wide->id));
	return 1;
}

static int compare_list(analysis *a, size_t list, const aim__rule *rule)
{
	uint32_t n = 0;
	for (uint32_t r = a->first[list]; r != NO_RULE; r = a->next[r]) {
		if (n++ == MAX_COMPARED) {
			a->cut = 1;
			return 0;
		}
		if (warn_if_covered(a, &a->policy->rules[r], rule))
			return 1;
	}
	return 0;
}

static const uint64_t *tool_condition(const aim__rule *rule)
{
	for (uint32_t i = 0; i < rule->n_conditions; i++)
		if (fact_of(rule->conditions[i]) == AIM__FACT_TOOL)
			return &rule->conditions[i];
	return NULL;
}

/* The list a rule belongs to, and the one where rules that cover it can be: that of its first tool. What names tools
 * by patterns only stands with those for all tools. */
static size_t list_of(const analysis *a, const aim__rule *rule)
{
	const uint64_t *word = tool_condition(rule);
	if (!word)
		return a->n_tools;
	if (aim__condition_op(*word) != AIM__OP_NAME_SET)
		return a->policy->names[AIM__FACT_TOOL].items[aim__condition_a(*word)].fold;
	const aim__name_set *set = &a->policy->sets[aim__condition_b(*word)];
	return set->n_names && !set->n_patterns ? set->names[0] >> 32 : a->n_tools;
}

/* A list with several names may cover rules of each of them. */
static void enlist(analysis *a, uint32_t rank)
{
	const aim__rule *rule = &a->policy->rules[rank];
	size_t list = list_of(a, rule);
	const uint64_t *word = tool_condition(rule);
	if (word && aim__condition_op(*word) == AIM__OP_NAME_SET)
		list = a->n_tools;
	a->next[rank] = a->first[list];
	a->first[list] = rank;
}

static void compare_rules(analysis *a)
{
	for (uint32_t rank = 0; rank < a->policy->n_rules; rank++) {
		const aim__rule *rule = &a->policy->rules[rank];
		size_t list = list_of(a, rule);
		if (!compare_list(a, a->n_tools, rule) && list != a->n_tools)
			compare_list(a, list, rule);
		enlist(a, rank);
	}
	if (a->cut)
		warn(a, NULL, AIM_POLICY_UNDECIDED,
		     "unknown: there are too many rules of one kind to tell for each whether another covers it");
}

/* ---- rules against what is declared ---- */

static int is_declared(analysis *a, const aim__pattern *pattern, const aim_str *list, size_t n, int folded)
{
	for (size_t i = 0; i < n; i++) {
		if (a->n_matches++ >= MAX_MATCHES)
			return 1;
		if (aim__pattern_match(pattern, list[i], folded))
			return 1;
	}
	return 0;
}

static void check_pattern(analysis *a, const aim__rule *rule, const aim__pattern *pattern, int is_tool)
{
	const aim_policy_options *o = a->options;
	const aim_str *list = is_tool ? o->tools : o->capabilities;
	size_t n = is_tool ? o->n_tools : o->n_capabilities;
	if (list && !is_declared(a, pattern, list, n, rule->effect != AIM_DECISION_ALLOW))
		warn(a, rule, AIM_POLICY_UNDECLARED, "rule '%.*s' names a %s that is not declared: '%.*s'", AIM__STR(rule->id),
		     is_tool ? "tool" : "capability", AIM__STR(pattern->text));
}

static void check_name(analysis *a, const aim__rule *rule, uint32_t id)
{
	const aim__name *name = &a->policy->names[AIM__FACT_TOOL].items[id];
	aim__pattern plain = {{name->ptr, name->len}, 0};
	check_pattern(a, rule, &plain, 1);
}

static void check_declared(analysis *a, const aim__rule *rule)
{
	for (uint32_t i = 0; i < rule->n_conditions; i++) {
		uint64_t word = rule->conditions[i];
		uint32_t op = aim__condition_op(word);
		int is_tool = fact_of(word) == AIM__FACT_TOOL;
		if (is_tool && op != AIM__OP_NAME_SET)
			check_name(a, rule, aim__condition_a(word));
		if (!(is_tool && op == AIM__OP_NAME_SET) && op != AIM__OP_CAPABILITIES)
			continue;
		const aim__name_set *set = &a->policy->sets[aim__condition_b(word)];
		for (uint32_t n = 0; n < set->n_names; n++)
			check_name(a, rule, (uint32_t)set->names[n]);
		for (uint32_t n = 0; n < set->n_patterns; n++)
			check_pattern(a, rule, &set->patterns[n], is_tool);
	}
}

aim_status aim__policy_analyse(const aim_policy *policy, aim__reader *reader, const aim_policy_options *options)
{
	analysis a = {.policy = policy, .reader = reader, .options = options};
	size_t n = policy->n_rules;
	if (!reader->diagnostics || n == 0)
		return AIM_OK;
	a.n_tools = policy->names[AIM__FACT_TOOL].n;
	a.first = aim__alloc_array(policy->ctx, a.n_tools + 1, sizeof *a.first);
	a.next = aim__alloc_array(policy->ctx, n, sizeof *a.next);
	aim_status rc = a.first && a.next ? AIM_OK : AIM_E_NOMEM;
	if (rc == AIM_OK) {
		for (size_t i = 0; i <= a.n_tools; i++)
			a.first[i] = NO_RULE;
		compare_rules(&a);
		for (size_t i = 0; i < n + policy->n_alerts; i++)
			check_declared(&a, &policy->rules[i]);
	}
	aim__free(policy->ctx, a.first, (a.n_tools + 1) * sizeof *a.first);
	aim__free(policy->ctx, a.next, n * sizeof *a.next);
	return rc;
}
