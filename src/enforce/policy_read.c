/* enforce/policy_read.c — a policy document as a whole: its members, and its rules by rank. Layer
 * enforce; what is inside a rule is policy_rule.c's. */
#include "enforce/policy_read.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/map.h"
#include "enforce/policy_analyse.h"
#include "base/mem.h"
#include "enforce/sort.h"

#include <string.h>

#define MAX_DESCRIPTION_BYTES 4000u
#define MAX_PRIORITY 1000000
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const effect_words[] = {
	[AIM_DECISION_DENY] = "deny", [AIM_DECISION_ALLOW] = "allow", [AIM_DECISION_ASK] = "ask"};

typedef struct document_draft {
	aim_policy *policy;
	aim_json_value default_value; /* AIM_JSON_NONE when the document says none */
	aim__rule *rules;             /* in document order */
	size_t n_rules;
	int64_t *priorities;          /* of each rule */
	aim__map ids; /* id → number of its rule */
	aim__rule_draft draft;
} document_draft;

static aim_str keep(aim__reader *reader, aim_str text)
{
	document_draft *document = reader->target;
	aim_str copy = aim__arena_copy(&document->policy->arena, text);
	if (!copy.ptr)
		aim__read_fail(reader, AIM_E_NOMEM);
	return copy;
}

static void read_version(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int64_t version;
	aim__read_int(reader, value, "version", 1, 1, &version);
}

static void read_name(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	document_draft *document = reader->target;
	aim_str name =
		aim__read_line(reader, value, "name", document->policy->ctx->limits.max_name_bytes);
	if (name.ptr)
		document->policy->name = keep(reader, name);
}

static void read_description(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	document_draft *document = reader->target;
	aim_str text = aim__read_line(reader, value, "description", MAX_DESCRIPTION_BYTES);
	if (text.ptr)
		document->policy->description = keep(reader, text);
}

static void read_default(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	document_draft *document = reader->target;
	size_t effect = aim__read_word(reader, value, "default", effect_words, COUNT(effect_words));
	document->default_value = value;
	if (effect < COUNT(effect_words))
		document->policy->default_effect = (uint32_t)effect;
}

static void read_mode(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	static const char *const words[] = {"enforce", "monitor"};
	(void)arg;
	document_draft *document = reader->target;
	document->policy->monitor = aim__read_word(reader, value, "mode", words, COUNT(words)) == 1;
}

static const char *const combining_words[] = {[AIM_POLICY_DENY_OVERRIDES] = "deny_overrides",
                                              [AIM_POLICY_FIRST_MATCH] = "first_match",
                                              [AIM_POLICY_PRIORITY] = "priority"};

static void read_combining(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	document_draft *document = reader->target;
	size_t word = aim__read_word(reader, value, "combining", combining_words, COUNT(combining_words));
	if (word < COUNT(combining_words))
		document->policy->combining = (uint32_t)word;
}

/* Whether a priority means something depends on what may stand behind the rules. */
static uint32_t combining_ahead(const aim_json *doc)
{
	aim_str word = aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "combining"));
	return aim_str_equal(word, aim_str_from("priority")) ? AIM_POLICY_PRIORITY : AIM_POLICY_DENY_OVERRIDES;
}

/* Takes what the draft holds as the next rule. */
static void finish_rule(aim__reader *reader, document_draft *document, aim_json_value value)
{
	const aim__rule_draft *draft = &document->draft;
	uint64_t *conditions = aim__arena_array(&document->policy->arena, draft->n_conditions,
	                                        sizeof *conditions);
	if (!conditions) {
		aim__read_fail(reader, AIM_E_NOMEM);
		return;
	}
	if (draft->n_conditions)
		memcpy(conditions, draft->conditions, draft->n_conditions * sizeof *conditions);
	aim__rule rule = {draft->id, draft->reason, draft->effect, draft->n_conditions, conditions, draft->duties, value, 0};
	size_t number = document->n_rules++;
	document->priorities[number] = draft->priority;
	if (draft->has_priority && document->policy->combining != AIM_POLICY_PRIORITY)
		aim__read_problem(reader, value, "priority means nothing unless the document combines by \"priority\"");
	document->rules[number] = rule;
	if (!draft->id.ptr)
		return;
	aim_status rc = aim__map_add(&document->ids, aim_bytes_from_str(draft->id), number);
	if (rc == AIM_E_EXISTS)
		aim__read_problem(reader, value, "id '%.*s' is the id of /rules/%zu too; ids must differ",
		                  AIM__STR(draft->id),
		                  (size_t)*aim__map_find(&document->ids, aim_bytes_from_str(draft->id)));
	else if (rc != AIM_OK)
		aim__read_fail(reader, rc);
}

static void read_each_rule(aim__reader *reader, document_draft *document, aim_json_value list)
{
	for (aim_json_value v = aim__json_first(reader->doc, list);
	     v != AIM_JSON_NONE && reader->failure == AIM_OK; v = aim__json_next(reader->doc, v)) {
		reader->target = &document->draft;
		aim__rule_read(reader, v);
		reader->target = document;
		if (reader->failure == AIM_OK)
			finish_rule(reader, document, v);
	}
}

static void read_rules(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	document_draft *document = reader->target;
	size_t n = aim_json_count(reader->doc, value);
	uint32_t max = document->policy->ctx->limits.max_rules;
	if (aim__json_type(reader->doc, value) != AIM_JSON_ARRAY) {
		aim__read_problem(reader, value, "rules must be a list of rules");
		return;
	}
	if (n > max) {
		aim__read_over_limit(reader, value, "rules", n, max);
		return;
	}
	document->rules = aim__arena_array(&document->policy->arena, n, sizeof *document->rules);
	document->priorities = aim__arena_array(&document->policy->arena, n, sizeof *document->priorities);
	if (!document->rules || !document->priorities)
		aim__read_fail(reader, AIM_E_NOMEM);
	else
		read_each_rule(reader, document, value);
}

static const aim__member document_members[] = {
	{"version", read_version, 0, 1}, {"name", read_name, 0, 1},
	{"description", read_description, 0, 0}, {"default", read_default, 0, 0},
	{"rules", read_rules, 0, 1}, {"mode", read_mode, 0, 0},
	{"combining", read_combining, 0, 0},
};

/* A document may let through what no rule refuses only when refusing is all that its rules do. */
static void check_default(aim__reader *reader, const document_draft *document)
{
	size_t n_allow = 0;
	if (document->policy->default_effect != AIM_DECISION_ALLOW)
		return;
	for (size_t i = 0; i < document->n_rules; i++)
		n_allow += document->rules[i].effect == AIM_DECISION_ALLOW;
	if (n_allow || (document->n_rules == 0))
		aim__read_problem(reader, document->default_value,
		                  "default may be \"allow\" only when there are rules and none has the "
		                  "effect \"allow\"");
}

/* What a rule is ordered by, lowest first: priority, effect, place. Of what does not matter, all are the same. */
static uint64_t order_of(const document_draft *document, size_t number)
{
	static const uint64_t strength[] = {[AIM_DECISION_DENY] = 0, [AIM_DECISION_ASK] = 1, [AIM_DECISION_ALLOW] = 2};
	uint32_t combining = document->policy->combining;
	uint64_t priority = 0;
	uint64_t effect = strength[document->rules[number].effect];
	if (combining == AIM_POLICY_PRIORITY)
		priority = (uint64_t)(MAX_PRIORITY - document->priorities[number]);
	if (combining == AIM_POLICY_FIRST_MATCH)
		effect = 0;
	return priority << 34 | effect << 32 | number;
}

/* The rules that decide by rank, then those that alert. */
static aim_status place_rules(const document_draft *document, uint64_t *order)
{
	aim_policy *policy = document->policy;
	for (size_t i = 0; i < document->n_rules; i++) {
		if (document->rules[i].effect == AIM__EFFECT_ALERT)
			policy->rules[document->n_rules - ++policy->n_alerts] = document->rules[i];
		else
			order[policy->n_rules++] = order_of(document, i);
	}
	aim_status rc = aim__sort_u64(policy->ctx, order, policy->n_rules);
	if (rc != AIM_OK)
		return rc;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		policy->rules[i] = document->rules[(uint32_t)order[i]];
	for (uint32_t i = 0; i < policy->n_alerts / 2; i++) { /* they were put in from the end */
		aim__rule *a = &policy->rules[policy->n_rules + i];
		aim__rule *b = &policy->rules[policy->n_rules + policy->n_alerts - 1 - i];
		aim__rule swap = *a;
		*a = *b;
		*b = swap;
	}
	return AIM_OK;
}

/* Where the effects begin, for documents whose ranks are ordered by them. */
static void mark_effects(aim_policy *policy)
{
	while (policy->first_ask < policy->n_rules && policy->rules[policy->first_ask].effect == AIM_DECISION_DENY)
		policy->first_ask++;
	policy->first_allow = policy->first_ask;
	while (policy->first_allow < policy->n_rules && policy->rules[policy->first_allow].effect == AIM_DECISION_ASK)
		policy->first_allow++;
}

static aim_status order_rules(const document_draft *document)
{
	aim_policy *policy = document->policy;
	size_t n = document->n_rules;
	policy->rules = aim__arena_array(&policy->arena, n, sizeof *policy->rules);
	if (!policy->rules || n == 0)
		return policy->rules ? AIM_OK : AIM_E_NOMEM;
	uint64_t *order = aim__alloc_array(policy->ctx, n, sizeof *order);
	if (!order)
		return AIM_E_NOMEM;
	aim_status rc = place_rules(document, order);
	aim__free(policy->ctx, order, n * sizeof *order);
	if (rc == AIM_OK)
		mark_effects(policy);
	return rc;
}

static void check_alerts(aim__reader *reader, const document_draft *document)
{
	size_t n = 0;
	for (size_t i = 0; i < document->n_rules; i++)
		n += document->rules[i].effect == AIM__EFFECT_ALERT;
	if (n > AIM__ALERTS_MAX)
		aim__read_problem(reader, AIM_JSON_ROOT, "%zu rules alert; the limit is %u", n, AIM__ALERTS_MAX);
}

aim_status aim__policy_read(aim_policy *policy, const aim_json *doc, const aim_policy_options *options,
                            aim_diagnostics *diagnostics,
                            aim_error *err)
{
	document_draft document = {.policy = policy, .default_value = AIM_JSON_NONE};
	aim__reader reader = {doc, diagnostics, err, 0, AIM_OK, &document};
	document.draft.policy = policy;
	document.draft.max_name = policy->ctx->limits.max_name_bytes;
	policy->combining = combining_ahead(doc);
	aim__map_init(&document.ids, policy->ctx, 0);
	aim__map_init(&document.draft.sets, policy->ctx, 0);
	aim__arena_init(&document.draft.set_keys, policy->ctx, 0, 0);

	aim__read_object(&reader, AIM_JSON_ROOT, "a policy", document_members, COUNT(document_members));
	if (reader.failure == AIM_OK)
		check_default(&reader, &document);
	if (reader.failure == AIM_OK)
		check_alerts(&reader, &document);
	aim_status rc = aim__read_result(&reader);
	if (rc == AIM_OK && order_rules(&document) != AIM_OK)
		rc = aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	if (rc == AIM_OK && options && aim__policy_analyse(policy, &reader, options) != AIM_OK)
		rc = aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);

	aim__map_dispose(&document.ids);
	aim__map_dispose(&document.draft.sets);
	aim__arena_dispose(&document.draft.set_keys);
	aim__free(policy->ctx, document.draft.list,
	          document.draft.cap_list * sizeof *document.draft.list);
	return rc;
}
