/* enforce/policy_explain.c — why a request is decided as it is, for operators: the deciding rule and what each of its
 * conditions answers, the other rules that match, and the smallest change that would turn the decision. Layer enforce;
 * off the hot path, bounded in work. */
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "enforce/policy.h"
#include "enforce/policy_change.h"

#include <string.h>

#define MAX_CONSIDERED 50u
#define MAX_FAILING 3u /* conditions that a rule may miss and still be looked at for changes */

static const char *const answers[] = {[AIM__NO] = "no", [AIM__YES] = "yes", [AIM__UNKNOWN] = "unknown"};
static const char *const effects[] = {"deny", "allow", "ask", "alert"};

typedef struct explanation {
	aim_policy *policy;
	aim_decision *decision;
	aim__inquiry q;
	aim__json_writer w;
	aim__arena arena;
	uint32_t effect;
	uint64_t n_tried;
	const aim__change *turns[AIM__CHANGE_SET];
	size_t n_turns;
	uint32_t turned_to;
} explanation;

/* ---- conditions ---- */

static const char *name_of_word(uint64_t word)
{
	static const char *const facts[AIM__FACT_COUNT] = {
		[AIM__FACT_TOOL] = "tools",     [AIM__FACT_AGENT] = "agents",       [AIM__FACT_DID] = "agents",
		[AIM__FACT_SERVER] = "servers", [AIM__FACT_RESOURCE] = "resources", [AIM__FACT_ACTION] = "action"};
	uint32_t op = aim__condition_op(word);
	if (op < AIM__VALUE_TRUST)
		return facts[op / 2];
	switch (op) {
	case AIM__OP_NAME_SET: return facts[aim__condition_a(word)];
	case AIM__OP_CAPABILITIES: return "capabilities";
	case AIM__VALUE_TRUST: return "trust";
	case AIM__OP_RISK: return "risk";
	case AIM__OP_EITHER: return "agents";
	default: return "when";
	}
}

static const char *name_of_when(const aim__when *w)
{
	static const char *const ops[] = {
		[AIM__WHEN_ALL] = "all",         [AIM__WHEN_ANY] = "any",        [AIM__WHEN_NOT] = "not",
		[AIM__WHEN_TAG] = "tags",        [AIM__WHEN_HOLDS] = "capabilities",
		[AIM__WHEN_LACKS] = "capabilities_missing", [AIM__WHEN_TIME] = "time", [AIM__WHEN_RATE] = "rate",
		[AIM__WHEN_PRESENT] = "present", [AIM__WHEN_TYPE] = "type",      [AIM__WHEN_EQUALS] = "equals",
		[AIM__WHEN_RANGE] = "range",     [AIM__WHEN_LENGTH] = "length",  [AIM__WHEN_PREFIX] = "prefix",
		[AIM__WHEN_GLOB] = "glob",       [AIM__WHEN_REGEX] = "regex"};
	static const char *const texts[AIM__TEXT_COUNT] = {"tools",  "agents",     "agents", "servers", "resources",
	                                                   "action", "agent_type", "owner",  "status",  "session"};
	static const char *const numbers[] = {"trust", "attestations", "confidence"};
	static const char *const levels[] = {"risk", "drift", "scan"};
	static const char *const bits[] = {"labels", "signals"};
	switch (w->op) {
	case AIM__WHEN_NAME: return texts[w->arg];
	case AIM__WHEN_NUMBER: return numbers[w->arg];
	case AIM__WHEN_LEVEL: return levels[w->arg];
	case AIM__WHEN_BITS: return bits[w->arg];
	default: return ops[w->op];
	}
}

static void write_answer(aim__json_writer *w, const char *name, aim__answer answer)
{
	aim__write_key(w, "condition");
	aim__write_text(w, name);
	aim__write_key(w, "answer");
	aim__write_text(w, answers[answer]);
}

/* As deep as documents nest. */
static void write_when(explanation *e, uint32_t index)
{
	const aim__when *when = &e->policy->whens[index];
	aim__write_begin_object(&e->w);
	write_answer(&e->w, name_of_when(when), aim__when_answer(e->policy, index, &e->q));
	if (when->op >= AIM__WHEN_PRESENT) {
		aim__write_key(&e->w, when->with.value->is_fact ? "name" : "pointer");
		aim__write_string(&e->w, when->with.value->name);
	}
	if (when->op <= AIM__WHEN_NOT) {
		aim__write_key(&e->w, "of");
		aim__write_begin_array(&e->w);
		for (uint32_t i = index + 1; i < when->end; i = e->policy->whens[i].end)
			write_when(e, i);
		aim__write_end_array(&e->w);
	}
	aim__write_end_object(&e->w);
}

static void write_conditions(explanation *e, const aim__rule *rule)
{
	aim__write_key(&e->w, "conditions");
	aim__write_begin_array(&e->w);
	for (uint32_t i = 0; i < rule->n_conditions; i++) {
		if (aim__condition_op(rule->conditions[i]) == AIM__OP_WHEN) {
			write_when(e, aim__condition_b(rule->conditions[i]));
			continue;
		}
		aim__write_begin_object(&e->w);
		write_answer(&e->w, name_of_word(rule->conditions[i]),
		             aim__condition_answer(e->policy, &e->q, e->decision->memo, rule, i));
		aim__write_end_object(&e->w);
	}
	aim__write_end_array(&e->w);
}

/* ---- rules ---- */

static void write_considered(explanation *e)
{
	size_t n = 0;
	aim__write_key(&e->w, "considered");
	aim__write_begin_array(&e->w);
	for (uint32_t i = 0; i < e->policy->n_rules; i++) {
		const aim__rule *rule = &e->policy->rules[i];
		aim__answer answer = aim__rule_answer(e->policy, &e->q, e->decision->memo, rule);
		if (answer == AIM__NO || n++ >= MAX_CONSIDERED)
			continue;
		aim__write_begin_object(&e->w);
		aim__write_key(&e->w, "rule");
		aim__write_string(&e->w, rule->id);
		aim__write_key(&e->w, "effect");
		aim__write_text(&e->w, effects[rule->effect]);
		aim__write_key(&e->w, "answer");
		aim__write_text(&e->w, answers[answer]);
		aim__write_end_object(&e->w);
	}
	aim__write_end_array(&e->w);
	aim__write_key(&e->w, "n_considered");
	aim__write_uint64(&e->w, n);
}

/* ---- what would turn it ---- */

static uint32_t effect_with(explanation *e, aim__changed *changed, const aim__change *const *changes, size_t n)
{
	aim__changed_make(changed, &e->q, changes, n);
	e->n_tried++;
	return aim__policy_peek(e->policy, &changed->question);
}

static int turns(const explanation *e, uint32_t effect)
{
	return (e->effect == AIM_DECISION_ALLOW) != (effect == AIM_DECISION_ALLOW);
}

/* Tries all sets of `size` changes that take one of each fact, from the one at `from` on. */
static int try_sets(explanation *e, aim__changed *changed, const aim__change_list *list, size_t size, size_t n,
                    size_t from)
{
	if (n == size) {
		uint32_t effect = effect_with(e, changed, e->turns, n);
		if (!turns(e, effect))
			return 0;
		e->n_turns = n;
		e->turned_to = effect;
		return 1;
	}
	for (size_t i = from; i < list->n; i++) {
		int meets = 0;
		for (size_t j = 0; j < n && !meets; j++)
			meets = aim__change_meets(e->turns[j], &list->items[i]);
		e->turns[n] = &list->items[i];
		if (!meets && try_sets(e, changed, list, size, n + 1, i + 1))
			return 1;
	}
	return 0;
}

static uint32_t failing(explanation *e, const aim__rule *rule)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rule->n_conditions && n <= MAX_FAILING; i++)
		n += aim__condition_answer(e->policy, &e->q, e->decision->memo, rule, i) != AIM__YES;
	return n;
}

/* First what the deciding rule asks, then the rules that are nearest to matching. */
static void collect(explanation *e, aim__change_list *list, uint32_t deciding)
{
	if (deciding != AIM__RULE_NONE)
		aim__changes_of(list, e->policy, &e->policy->rules[deciding], &e->q);
	for (uint32_t n = 0; n <= MAX_FAILING; n++)
		for (uint32_t i = 0; i < e->policy->n_rules && !list->cut; i++)
			if (i != deciding && failing(e, &e->policy->rules[i]) == n)
				aim__changes_of(list, e->policy, &e->policy->rules[i], &e->q);
}

static aim_status find_turn(explanation *e, uint32_t deciding, int *out_cut)
{
	aim__changed changed;
	aim__change_list *list = aim__arena_alloc(&e->arena, sizeof *list);
	if (!list || !aim__changed_init(&changed, &e->q, &e->arena))
		return AIM_E_NOMEM;
	memset(list, 0, sizeof *list);
	list->arena = &e->arena;
	collect(e, list, deciding);
	*out_cut = list->cut;
	for (size_t size = 1; size <= AIM__CHANGE_SET; size++)
		if (try_sets(e, &changed, list, size, 0, 0))
			break;
	return list->failed ? AIM_E_NOMEM : AIM_OK;
}

static aim_status write_turn(explanation *e, uint32_t deciding)
{
	int cut = 0;
	aim_status rc = find_turn(e, deciding, &cut);
	if (rc != AIM_OK)
		return rc;
	aim__write_key(&e->w, "counterfactual");
	if (e->n_turns == 0) {
		aim__write_text(&e->w, "none within the bound");
	} else {
		aim__write_begin_object(&e->w);
		aim__write_key(&e->w, "effect");
		aim__write_text(&e->w, effects[e->turned_to]);
		aim__write_key(&e->w, "changes");
		aim__write_begin_array(&e->w);
		for (size_t i = 0; i < e->n_turns; i++)
			aim__change_write(&e->w, e->turns[i], &e->q);
		aim__write_end_array(&e->w);
		aim__write_end_object(&e->w);
	}
	aim__write_key(&e->w, "tried");
	aim__write_uint64(&e->w, e->n_tried);
	aim__write_key(&e->w, "complete");
	aim__write_bool(&e->w, !cut);
	return AIM_OK;
}

/* ---- the whole ---- */

static aim_status explain(explanation *e, aim_buf *out)
{
	aim_decision *d = e->decision;
	aim__write_init(&e->w, out);
	e->effect = aim__policy_peek(e->policy, &e->q);
	d->judge = e->policy;
	uint32_t deciding = d->rule;
	aim__write_begin_object(&e->w);
	aim__write_key(&e->w, "effect");
	aim__write_text(&e->w, effects[e->effect]);
	aim__write_key(&e->w, "reason_code");
	aim__write_string(&e->w, aim_decision_reason_code(d));
	aim__write_key(&e->w, "reason");
	aim__write_string(&e->w, aim_decision_reason(d));
	aim__write_key(&e->w, "monitor");
	aim__write_bool(&e->w, aim_policy_is_monitor(e->policy));
	aim__write_key(&e->w, "policy_hash");
	aim__write_string(&e->w, aim_policy_hash(e->policy));
	if (deciding != AIM__RULE_NONE) {
		aim__write_key(&e->w, "rule");
		aim__write_string(&e->w, e->policy->rules[deciding].id);
		write_conditions(e, &e->policy->rules[deciding]);
	}
	write_considered(e);
	aim_status rc = write_turn(e, deciding);
	aim__write_end_object(&e->w);
	if (rc != AIM_OK)
		e->w.status = rc;
	return aim__write_finish(&e->w);
}

static aim_status take(explanation *e, const aim_request *request, aim_request *request_copy, aim_facts *facts_copy,
                       aim_error *err)
{
	aim_status rc = aim__request_take(&request, request_copy, err);
	if (rc == AIM_OK)
		rc = aim__facts_take(request->facts, facts_copy, &e->q.facts, err);
	e->q.request = request;
	e->q.decision = e->decision;
	e->q.now_us = request ? request->now_us : 0;
	if (rc == AIM_OK && e->q.now_us == 0 && aim_ctx_now_us(e->policy->ctx, &e->q.now_us) != AIM_OK)
		e->q.now_us = 0;
	return rc;
}

aim_status aim_policy_explain(aim_policy *policy, const aim_request *request, aim_buf *out, aim_error *err)
{
	aim_request request_copy;
	aim_facts facts_copy;
	explanation e = {.policy = policy};
	if (!policy || !request || !out)
		return AIM__MISUSE(policy ? policy->ctx : NULL, "policy, request and out are required");
	aim_status rc = aim_decision_new(policy->ctx, &e.decision, err);
	if (rc != AIM_OK)
		return rc;
	aim__decision_hold(e.decision, aim_policy_ref(policy), NULL, 0);
	aim__arena_init(&e.arena, policy->ctx, 0, 0);
	rc = take(&e, request, &request_copy, &facts_copy, err);
	if (rc == AIM_OK) {
		rc = explain(&e, out);
		if (rc != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	}
	aim__arena_dispose(&e.arena);
	aim_decision_free(e.decision);
	return rc;
}

aim_status aim_decision_explain(const aim_decision *decision, const aim_request *request, aim_buf *out, aim_error *err)
{
	if (!decision || !request || !out)
		return AIM__MISUSE(decision ? decision->ctx : NULL, "decision, request and out are required");
	if (!decision->judge)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_ENFORCE, "no policy was asked for this decision");
	return aim_policy_explain(decision->policy, request, out, err);
}
