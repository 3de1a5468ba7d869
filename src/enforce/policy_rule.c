/* enforce/policy_rule.c — one rule of a policy document: its members, and the condition each becomes.
 * Layer enforce; knows neither the other rules nor the index. */
#include "enforce/policy_condition.h"

#include "base/ctx.h"
#include "base/format.h"
#include "base/mem.h"
#include "codec/utf8.h"
#include "enforce/pattern.h"
#include "enforce/sort.h"

#include <string.h>

#define MAX_REASON_BYTES 1000u
#define MAX_TRUST_MICRO 1000000
#define MAX_PRIORITY 1000000

/* What a rule's actions leave possible (aim_rule_draft.actions). */
#define KIND_TOOL 1u    /* the action "mcp_tool": there is a tool, and no resource */
#define KIND_NO_TOOL 2u /* any other action that begins with "mcp_" */
#define KIND_OTHER 4u
#define KIND_ANY 7u

static const char *const effect_words[] = {[AIM_DECISION_DENY] = "deny",
                                           [AIM_DECISION_ALLOW] = "allow",
                                           [AIM_DECISION_ASK] = "ask",
                                           [AIM__EFFECT_ALERT] = "alert"};
static const char *const risk_words[] = {"low", "medium", "high", "critical"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static aim__rule_draft *draft_of(aim__reader *reader)
{
	return reader->target;
}

void aim__rule_condition(aim__reader *reader, uint64_t condition)
{
	aim__rule_draft *draft = draft_of(reader);
	if (draft->n_conditions == AIM__RULE_CONDITIONS_MAX)
		aim__read_fail(reader, AIM_E_INTERNAL);
	else
		draft->conditions[draft->n_conditions++] = condition;
}

static aim_str keep(aim__reader *reader, aim_str text)
{
	aim_str copy = aim__arena_copy(&draft_of(reader)->policy->arena, text);
	if (!copy.ptr)
		aim__read_fail(reader, AIM_E_NOMEM);
	return copy;
}

/* ---- lists of patterns ---- */

static int read_pattern(aim__reader *reader, aim_json_value value, aim_str *out)
{
	aim_str text = aim__json_string(reader->doc, value);
	const char *problem = "is not a text";
	if (text.ptr)
		problem = aim__pattern_problem(text, draft_of(reader)->max_name);
	if (problem)
		aim__read_problem(reader, value, "pattern '%.*s' %s", AIM__STR(text), problem);
	*out = text;
	return problem == NULL;
}

size_t aim__read_patterns(aim__reader *reader, aim_json_value list, const char *what, int *out_any)
{
	aim__rule_draft *draft = draft_of(reader);
	size_t n = 0;
	int good = 1;
	*out_any = 0;
	for (aim_json_value v = aim__read_list(reader, list, what); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, list, v)) {
		aim_str pattern;
		void *items = draft->list;
		aim_status rc = aim__grow(draft->policy->ctx, &items, &draft->cap_list, n + 1,
		                          sizeof *draft->list, 8, 0);
		draft->list = items;
		if (rc != AIM_OK) {
			aim__read_fail(reader, rc);
			return 0;
		}
		good &= read_pattern(reader, v, &pattern);
		*out_any |= pattern.len == 1 && pattern.ptr[0] == '*';
		draft->list[n++] = pattern;
	}
	return good ? n : 0;
}

/* The condition "fact is one of list"; 0 after a failure. */
static int name_condition(aim__reader *reader, uint32_t fact, const aim_str *list, size_t n,
                          uint64_t *out)
{
	aim__rule_draft *draft = draft_of(reader);
	aim_policy *policy = draft->policy;
	policy->facts |= 1u << fact;
	if (n == 1 && !aim__pattern_is_glob(list[0])) {
		aim__name_ids ids;
		aim_status rc = aim__names_add(&policy->names[fact], &policy->arena, list[0], &ids);
		if (rc != AIM_OK)
			aim__read_fail(reader, rc);
		else if (draft->effect == AIM_DECISION_ALLOW)
			*out = aim__condition(AIM__VALUE_EXACT(fact), ids.id, ids.id);
		else
			*out = aim__condition(AIM__VALUE_FOLDED(fact), ids.fold, ids.fold);
		return rc == AIM_OK;
	}
	uint32_t index = 0;
	aim_status rc = aim__set_add(draft, fact, list, n, &index);
	if (rc != AIM_OK)
		aim__read_fail(reader, rc);
	*out = aim__condition(AIM__OP_NAME_SET, fact, index);
	return rc == AIM_OK;
}

static void add_name_condition(aim__reader *reader, uint32_t fact, const aim_str *list, size_t n)
{
	uint64_t condition;
	if (name_condition(reader, fact, list, n, &condition))
		aim__rule_condition(reader, condition);
}

static void read_names(aim__reader *reader, aim_json_value value, uint32_t fact)
{
	static const char *const what[AIM__FACT_COUNT] = {
		[AIM__FACT_TOOL] = "tools", [AIM__FACT_SERVER] = "servers", [AIM__FACT_RESOURCE] = "resources"};
	aim__rule_draft *draft = draft_of(reader);
	int any;
	size_t n = aim__read_patterns(reader, value, what[fact], &any);
	if (n == 0 || any)
		return;
	draft->listed |= 1u << fact;
	add_name_condition(reader, fact, draft->list, n);
}

/* ---- agents: a pattern that begins with "did:" is about the DID, any other about the id ---- */

static int is_did(aim_str pattern)
{
	return pattern.len >= 4 && memcmp(pattern.ptr, "did:", 4) == 0;
}

/* Brings the DIDs to the front. Returns how many there are. */
static size_t part_dids(aim_str *list, size_t n)
{
	size_t n_dids = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_did(list[i]))
			continue;
		aim_str did = list[i];
		list[i] = list[n_dids];
		list[n_dids++] = did;
	}
	return n_dids;
}

static void add_either(aim__reader *reader, const uint64_t words[2])
{
	aim_policy *policy = draft_of(reader)->policy;
	void *eithers = policy->eithers;
	aim_status rc = aim__grow(policy->ctx, &eithers, &policy->cap_eithers, policy->n_eithers + 2,
	                          sizeof *policy->eithers, 16, AIM__OPERAND_MAX);
	policy->eithers = eithers;
	if (rc != AIM_OK) {
		aim__read_fail(reader, rc);
		return;
	}
	memcpy(&policy->eithers[policy->n_eithers], words, 2 * sizeof *words);
	aim__rule_condition(reader, aim__condition(AIM__OP_EITHER, 0, (uint32_t)policy->n_eithers));
	policy->n_eithers += 2;
}

static void read_agents(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	int any;
	size_t n = aim__read_patterns(reader, value, "agents", &any);
	if (n == 0 || any)
		return;
	size_t n_dids = part_dids(draft->list, n);
	uint64_t words[2];
	if (n_dids == n)
		add_name_condition(reader, AIM__FACT_DID, draft->list, n);
	else if (n_dids == 0)
		add_name_condition(reader, AIM__FACT_AGENT, draft->list, n);
	else if (name_condition(reader, AIM__FACT_DID, draft->list, n_dids, &words[0]) &&
	         name_condition(reader, AIM__FACT_AGENT, draft->list + n_dids, n - n_dids, &words[1]))
		add_either(reader, words);
}

/* ---- actions ---- */

static uint32_t kinds_of_action(aim_str pattern)
{
	if (aim__pattern_is_glob(pattern))
		return KIND_ANY;
	if (aim__ascii_equal_folded(pattern, aim_str_from("mcp_tool")))
		return KIND_TOOL;
	aim_str start = {pattern.ptr, pattern.len < 4 ? pattern.len : 4};
	return aim__ascii_equal_folded(start, aim_str_from("mcp_")) ? KIND_NO_TOOL : KIND_OTHER;
}

static void read_action(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	int any;
	size_t n = aim__read_patterns(reader, value, "action", &any);
	if (n == 0 || any)
		return;
	draft->actions = 0;
	for (size_t i = 0; i < n; i++)
		draft->actions |= kinds_of_action(draft->list[i]);
	add_name_condition(reader, AIM__FACT_ACTION, draft->list, n);
}

/* ---- capabilities ---- */

static void read_capabilities(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	uint32_t index = 0;
	int any;
	size_t n = aim__read_patterns(reader, value, "capabilities", &any);
	if (n == 0)
		return;
	if (any) {
		aim__read_problem(reader, value, "capability '*' names none; leave capabilities out");
		return;
	}
	aim_status rc = aim__set_add(draft, AIM__FACT_COUNT, draft->list, n, &index);
	if (rc != AIM_OK)
		aim__read_fail(reader, rc);
	else
		aim__rule_condition(reader, aim__condition(AIM__OP_CAPABILITIES, 0, index));
}

/* ---- trust and risk ---- */

typedef struct trust_range {
	int64_t min;
	int64_t max;
	uint32_t has_min;
	uint32_t has_max;
} trust_range;

static void read_trust_min(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	trust_range *range = reader->target;
	range->has_min = 1;
	aim__read_int(reader, value, "trust.min", 0, MAX_TRUST_MICRO, &range->min);
}

static void read_trust_max(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	trust_range *range = reader->target;
	range->has_max = 1;
	aim__read_int(reader, value, "trust.max", 0, MAX_TRUST_MICRO, &range->max);
}

static const aim__member trust_members[] = {
	{"min", read_trust_min, 0, 0},
	{"max", read_trust_max, 0, 0},
};

static void read_trust(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	trust_range range = {.max = MAX_TRUST_MICRO};
	size_t before = reader->n_problems;
	reader->target = &range;
	aim__read_object(reader, value, "trust", trust_members, COUNT(trust_members));
	reader->target = draft;
	if (reader->n_problems != before)
		return;
	if (!range.has_min && !range.has_max)
		aim__read_problem(reader, value, "trust must have a member 'min' or 'max'");
	else if (range.min > range.max)
		aim__read_problem(reader, value,
		                  "trust.min %lld is above trust.max %lld: the rule could never match",
		                  (long long)range.min, (long long)range.max);
	else
		aim__rule_condition(reader, aim__condition(AIM__VALUE_TRUST, (uint32_t)range.min,
		                                     (uint32_t)range.max));
}

static void read_risk(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	uint32_t mask = 0;
	for (aim_json_value v = aim__read_list(reader, value, "risk"); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, value, v)) {
		size_t level = aim__read_word(reader, v, "risk", risk_words, COUNT(risk_words));
		if (level < COUNT(risk_words))
			mask |= 1u << (level + AIM_DECISION_RISK_LOW);
	}
	if (mask)
		aim__rule_condition(reader, aim__condition(AIM__OP_RISK, 0, mask));
}

/* ---- the rule ---- */

static void read_id(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__rule_draft *draft = draft_of(reader);
	aim_str id = aim__read_line(reader, value, "id", draft->max_name);
	if (id.ptr)
		draft->id = keep(reader, id);
}

static void read_reason(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim_str reason = aim__read_line(reader, value, "reason", MAX_REASON_BYTES);
	if (reason.ptr)
		draft_of(reader)->reason = keep(reader, reason);
}

static void read_effect(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	size_t effect = aim__read_word(reader, value, "effect", effect_words, COUNT(effect_words));
	if (effect < COUNT(effect_words))
		draft_of(reader)->effect = (uint32_t)effect;
}

static void read_priority(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int64_t priority = 0;
	if (aim__read_int(reader, value, "priority", -MAX_PRIORITY, MAX_PRIORITY, &priority))
		draft_of(reader)->priority = (int32_t)priority;
	draft_of(reader)->has_priority = 1;
}

static const aim__member rule_members[] = {
	{"id", read_id, 0, 1},
	{"effect", read_effect, 0, 1},
	{"tools", read_names, AIM__FACT_TOOL, 0},
	{"servers", read_names, AIM__FACT_SERVER, 0},
	{"agents", read_agents, 0, 0},
	{"capabilities", read_capabilities, 0, 0},
	{"trust", read_trust, 0, 0},
	{"action", read_action, 0, 0},
	{"resources", read_names, AIM__FACT_RESOURCE, 0},
	{"risk", read_risk, 0, 0},
	{"when", aim__when_read, 0, 0},
	{"priority", read_priority, 0, 0},
	{"obligations", aim__duties_read, 0, 0},
	{"reason", read_reason, 0, 0},
};

/* How names compare depends on the effect, which may stand behind them. */
static uint32_t effect_ahead(const aim__reader *reader, aim_json_value rule)
{
	aim_str effect = aim__json_string(reader->doc,
	                                  aim__json_member_text(reader->doc, rule, "effect"));
	return aim_str_equal(effect, aim_str_from("allow")) ? AIM_DECISION_ALLOW : AIM_DECISION_DENY;
}

/* "mcp_tool" has no resource and the other MCP actions no tool: such a rule waits for what never is. */
static void check_actions(aim__reader *reader, aim_json_value rule)
{
	const aim__rule_draft *draft = draft_of(reader);
	if (draft->listed >> AIM__FACT_TOOL & 1 && draft->actions == KIND_NO_TOOL)
		aim__read_problem(reader, rule,
		                  "a rule for an MCP action without a tool that names tools can never match");
	if (draft->listed >> AIM__FACT_RESOURCE & 1 && draft->actions == KIND_TOOL)
		aim__read_problem(reader, rule, "a rule for tools that names resources can never match");
}

void aim__rule_read(aim__reader *reader, aim_json_value rule)
{
	aim__rule_draft *draft = draft_of(reader);
	aim_str none = {NULL, 0};
	draft->id = draft->reason = none;
	draft->effect = effect_ahead(reader, rule);
	draft->n_conditions = draft->listed = 0;
	draft->priority = 0;
	draft->has_priority = 0;
	draft->duties = NULL;
	draft->actions = KIND_ANY;
	aim__read_object(reader, rule, "a rule", rule_members, COUNT(rule_members));
	if (reader->failure == AIM_OK)
		check_actions(reader, rule);
}
