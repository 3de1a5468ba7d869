/* enforce/policy_read.c — a policy document as a whole: its members, and its rules by rank. Layer
 * enforce; what is inside a rule is policy_rule.c's. */
#include "enforce/policy_read.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

#define MAX_DESCRIPTION_BYTES 4000u
#define N_EFFECTS 3u
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *const effect_words[] = {
	[AIM_DECISION_DENY] = "deny", [AIM_DECISION_ALLOW] = "allow", [AIM_DECISION_ASK] = "ask"};

/* Which effect wins: deny, then ask, then allow. */
static const uint32_t precedence[N_EFFECTS] = {AIM_DECISION_DENY, AIM_DECISION_ASK, AIM_DECISION_ALLOW};

typedef struct document_draft {
	aim_policy *policy;
	aim_json_value default_value; /* AIM_JSON_NONE when the document says none */
	aim__rule *rules;             /* in document order */
	size_t n_rules;
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
	aim__rule rule = {draft->id, draft->reason, draft->effect, draft->n_conditions, conditions};
	size_t number = document->n_rules++;
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
	if (!document->rules)
		aim__read_fail(reader, AIM_E_NOMEM);
	else
		read_each_rule(reader, document, value);
}

static const aim__member document_members[] = {
	{"version", read_version, 0, 1}, {"name", read_name, 0, 1},
	{"description", read_description, 0, 0}, {"default", read_default, 0, 0},
	{"rules", read_rules, 0, 1},
};

/* A document may let through what no rule refuses only when refusing is all that its rules do. */
static void check_default(aim__reader *reader, const document_draft *document)
{
	size_t n_allow = 0;
	if (document->policy->default_effect != AIM_DECISION_ALLOW)
		return;
	for (size_t i = 0; i < document->n_rules; i++)
		n_allow += document->rules[i].effect == AIM_DECISION_ALLOW;
	if (n_allow || document->n_rules == 0)
		aim__read_problem(reader, document->default_value,
		                  "default may be \"allow\" only when there are rules and every one has the "
		                  "effect \"deny\" or \"ask\"");
}

static aim_status order_rules(const document_draft *document)
{
	aim_policy *policy = document->policy;
	policy->rules = aim__arena_array(&policy->arena, document->n_rules, sizeof *policy->rules);
	if (!policy->rules)
		return AIM_E_NOMEM;
	for (size_t p = 0; p < N_EFFECTS; p++) {
		if (precedence[p] == AIM_DECISION_ASK)
			policy->first_ask = policy->n_rules;
		if (precedence[p] == AIM_DECISION_ALLOW)
			policy->first_allow = policy->n_rules;
		for (size_t i = 0; i < document->n_rules; i++)
			if (document->rules[i].effect == precedence[p])
				policy->rules[policy->n_rules++] = document->rules[i];
	}
	return AIM_OK;
}

aim_status aim__policy_read(aim_policy *policy, const aim_json *doc, aim_diagnostics *diagnostics,
                            aim_error *err)
{
	document_draft document = {.policy = policy, .default_value = AIM_JSON_NONE};
	aim__reader reader = {doc, diagnostics, err, 0, AIM_OK, &document};
	document.draft.policy = policy;
	document.draft.max_name = policy->ctx->limits.max_name_bytes;
	aim__map_init(&document.ids, policy->ctx, 0);
	aim__map_init(&document.draft.sets, policy->ctx, 0);
	aim__arena_init(&document.draft.set_keys, policy->ctx, 0, 0);

	aim__read_object(&reader, AIM_JSON_ROOT, "a policy", document_members, COUNT(document_members));
	if (reader.failure == AIM_OK)
		check_default(&reader, &document);
	aim_status rc = aim__read_result(&reader);
	if (rc == AIM_OK && order_rules(&document) != AIM_OK)
		rc = aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);

	aim__map_dispose(&document.ids);
	aim__map_dispose(&document.draft.sets);
	aim__arena_dispose(&document.draft.set_keys);
	aim__free(policy->ctx, document.draft.list,
	          document.draft.cap_list * sizeof *document.draft.list);
	return rc;
}
