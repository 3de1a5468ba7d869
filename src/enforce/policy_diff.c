/* enforce/policy_diff.c — what two policies decide otherwise: classes of requests, one witness each. Layer enforce; off the
 * hot path, bounded in work.
 *
 * For each rule of both a request is put together that the rule matches; it and its neighbours, which differ in one fact
 * that the rule asks about, are decided by both policies. Whatever is reported was decided: nothing is concluded. */
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"
#include "enforce/policy.h"
#include "enforce/policy_change.h"

#include <string.h>

#define MAX_RULES 2000u
#define MAX_CLASSES 100u
#define MAX_TRIED 1000000u
#define START_TRUST 500000

static const char *const effects[] = {"deny", "allow", "ask"};

typedef struct outcome {
	uint32_t effect;
	uint32_t rule;
} outcome;

typedef struct diff {
	aim_policy *policies[2]; /* before, after */
	aim_decision *decisions[2];
	aim__inquiry start;
	aim_request request;
	aim_facts facts;
	aim__arena arena; /* of one rule */
	aim__change_list *list;
	aim__changed changed;
	const aim__change *set[AIM__CHANGES_MADE];
	size_t n_set;
	outcome classes[MAX_CLASSES][2];
	size_t n_classes;
	uint64_t n_tried;
	int cut;
	aim__json_writer w;
} diff;

/* ---- requests ---- */

/* Everything is known of it, and nothing special. */
static void start_request(diff *d, const aim_json *no_args)
{
	static const aim_str nothing[1] = {{NULL, 0}};
	aim_str other = aim_str_from("(another)");
	d->request.struct_size = sizeof d->request;
	d->request.agent = d->request.did = d->request.server = d->request.tool = d->request.resource = other;
	d->request.action = other;
	d->request.capabilities = nothing;
	d->request.trust_micro = START_TRUST;
	d->request.risk = AIM_DECISION_RISK_LOW;
	d->request.now_us = 1;
	d->facts.struct_size = sizeof d->facts;
	d->facts.agent_type = d->facts.owner = d->facts.status = d->facts.session = other;
	d->facts.tags = d->facts.required = nothing;
	d->facts.known = AIM_FACTS_ATTESTATIONS | AIM_FACTS_CONFIDENCE | AIM_FACTS_LABELS | AIM_FACTS_SIGNALS;
	d->facts.obligations = AIM_OBLIGATION_REDACT | AIM_OBLIGATION_LOG | AIM_OBLIGATION_NOTIFY |
	                       AIM_OBLIGATION_RATE_LIMIT;
	d->facts.drift = AIM_FACTS_DRIFT_NONE;
	d->facts.scan = AIM_FACTS_SCAN_CLEAN;
	d->facts.args = no_args;
	d->start.request = &d->request;
	d->start.facts = &d->facts;
	d->start.now_us = 1;
}

/* The set without what c is about, then c. Returns how many. */
static size_t with(const diff *d, const aim__change *c, const aim__change *out[AIM__CHANGES_MADE])
{
	size_t n = 0;
	for (size_t i = 0; i < d->n_set && n + 1 < AIM__CHANGES_MADE; i++)
		if (!aim__change_meets(d->set[i], c))
			out[n++] = d->set[i];
	out[n++] = c;
	return n;
}

static outcome decide(diff *d, size_t which)
{
	outcome o;
	d->changed.question.decision = d->decisions[which];
	o.effect = aim__policy_peek(d->policies[which], &d->changed.question);
	o.rule = d->decisions[which]->rule;
	return o;
}

/* ---- classes ---- */

static void write_side(diff *d, const char *name, size_t which, const outcome *o)
{
	aim__write_key(&d->w, name);
	aim__write_begin_object(&d->w);
	aim__write_key(&d->w, "effect");
	aim__write_text(&d->w, effects[o->effect]);
	aim__write_key(&d->w, "rule");
	if (o->rule == AIM__RULE_NONE)
		aim__write_null(&d->w);
	else
		aim__write_string(&d->w, d->policies[which]->rules[o->rule].id);
	aim__write_end_object(&d->w);
}

static int is_known(const diff *d, const outcome sides[2])
{
	for (size_t i = 0; i < d->n_classes; i++)
		if (d->classes[i][0].rule == sides[0].rule && d->classes[i][1].rule == sides[1].rule &&
		    d->classes[i][0].effect == sides[0].effect && d->classes[i][1].effect == sides[1].effect)
			return 1;
	return 0;
}

/* Decides a request by both, and reports the first of each class that they differ about. */
static void try(diff *d, const aim__change *const *changes, size_t n)
{
	if (d->n_tried++ >= MAX_TRIED) {
		d->cut = 1;
		return;
	}
	aim__changed_make(&d->changed, &d->start, changes, n);
	outcome sides[2] = {decide(d, 0), decide(d, 1)};
	if (sides[0].effect == sides[1].effect || is_known(d, sides))
		return;
	if (d->n_classes == MAX_CLASSES) {
		d->cut = 1;
		return;
	}
	memcpy(d->classes[d->n_classes++], sides, sizeof sides);
	aim__write_begin_object(&d->w);
	write_side(d, "before", 0, &sides[0]);
	write_side(d, "after", 1, &sides[1]);
	aim__write_key(&d->w, "request");
	aim__changed_write(&d->w, &d->changed);
	aim__write_end_object(&d->w);
}

/* ---- rules ---- */

static aim__answer answer(diff *d, size_t which, const aim__rule *rule, uint32_t condition)
{
	d->changed.question.decision = d->decisions[which];
	return aim__condition_answer(d->policies[which], &d->changed.question, d->decisions[which]->memo, rule, condition);
}

/* How many of the conditions do not answer yes; of a tree, how many of its tests may be at fault is not known. */
static uint32_t n_open(diff *d, size_t which, const aim__rule *rule, const aim__change *const *changes, size_t n)
{
	uint32_t open = 0;
	aim__changed_make(&d->changed, &d->start, changes, n);
	for (uint32_t i = 0; i < rule->n_conditions; i++)
		open += answer(d, which, rule, i) != AIM__YES;
	return open;
}

/* Takes the change, or the two, that leave fewer conditions open. 0 when there are none. */
static int improve(diff *d, size_t which, const aim__rule *rule, uint32_t *open)
{
	const aim__change *with_one[AIM__CHANGES_MADE];
	const aim__change *with_two[AIM__CHANGES_MADE];
	size_t n_before = d->n_set;
	for (size_t i = 0; i < d->list->n; i++) {
		size_t n = with(d, &d->list->items[i], with_one);
		uint32_t left = n_open(d, which, rule, with_one, n);
		if (left < *open) {
			memcpy(d->set, with_one, n * sizeof *d->set);
			d->n_set = n;
			*open = left;
			return 1;
		}
	}
	for (size_t i = 0; i < d->list->n; i++) {
		const aim__change *kept[AIM__CHANGES_MADE];
		memcpy(kept, d->set, n_before * sizeof *kept);
		size_t n_one = with(d, &d->list->items[i], with_one);
		memcpy(d->set, with_one, n_one * sizeof *d->set);
		d->n_set = n_one;
		for (size_t j = 0; j < d->list->n; j++) {
			size_t n = with(d, &d->list->items[j], with_two);
			uint32_t left = n_open(d, which, rule, with_two, n);
			if (left < *open) {
				memcpy(d->set, with_two, n * sizeof *d->set);
				d->n_set = n;
				*open = left;
				return 1;
			}
		}
		memcpy(d->set, kept, n_before * sizeof *kept);
		d->n_set = n_before;
	}
	return 0;
}

static void try_rule(diff *d, size_t which, const aim__rule *rule)
{
	const aim__change *neighbour[AIM__CHANGES_MADE];
	memset(d->list, 0, sizeof *d->list);
	d->list->arena = &d->arena;
	d->n_set = 0;
	aim__changes_of(d->list, d->policies[which], rule, &d->start);
	uint32_t open = n_open(d, which, rule, d->set, 0);
	while (open && improve(d, which, rule, &open))
		continue;
	if (open || d->list->cut)
		d->cut = 1; /* not reached, or not all around it */
	try(d, d->set, d->n_set);
	for (size_t i = 0; i < d->list->n; i++) {
		size_t n = with(d, &d->list->items[i], neighbour);
		try(d, neighbour, n);
	}
}

static aim_status try_policy(diff *d, size_t which)
{
	const aim_policy *policy = d->policies[which];
	uint32_t n = policy->n_rules < MAX_RULES ? policy->n_rules : MAX_RULES;
	if (n < policy->n_rules)
		d->cut = 1;
	for (uint32_t i = 0; i < n; i++) {
		aim__arena_init(&d->arena, policy->ctx, 0, 0);
		try_rule(d, which, &policy->rules[i]);
		aim__arena_dispose(&d->arena);
		if (d->list->failed)
			return AIM_E_NOMEM;
	}
	return AIM_OK;
}

static aim_status compare(diff *d, aim_buf *out)
{
	aim__write_init(&d->w, out);
	aim__write_begin_object(&d->w);
	aim__write_key(&d->w, "changes");
	aim__write_begin_array(&d->w);
	try(d, d->set, 0);
	aim_status rc = try_policy(d, 0);
	if (rc == AIM_OK)
		rc = try_policy(d, 1);
	aim__write_end_array(&d->w);
	aim__write_key(&d->w, "tried");
	aim__write_uint64(&d->w, d->n_tried);
	aim__write_key(&d->w, "complete");
	aim__write_bool(&d->w, !d->cut);
	aim__write_end_object(&d->w);
	if (rc != AIM_OK)
		d->w.status = rc;
	return aim__write_finish(&d->w);
}

static aim_status prepare(diff *d, aim_json *no_args, aim__arena *lasting)
{
	aim_ctx *ctx = d->policies[0]->ctx;
	aim_status rc = aim_json_parse(no_args, aim_bytes_from("{}", 2), 0, NULL);
	for (size_t i = 0; i < 2 && rc == AIM_OK; i++) {
		rc = aim_decision_new(ctx, &d->decisions[i], NULL);
		if (rc == AIM_OK)
			aim__decision_hold(d->decisions[i], aim_policy_ref(d->policies[i]), NULL, 0);
	}
	if (rc != AIM_OK)
		return rc;
	start_request(d, no_args);
	d->list = aim__arena_alloc(lasting, sizeof *d->list);
	return d->list && aim__changed_init(&d->changed, &d->start, lasting) ? AIM_OK : AIM_E_NOMEM;
}

aim_status aim_policy_diff(aim_policy *before, aim_policy *after, aim_buf *out, size_t *out_changes, aim_error *err)
{
	aim_json no_args;
	aim__arena lasting;
	if (!before || !after || !out)
		return AIM__MISUSE(before ? before->ctx : NULL, "before, after and out are required");
	aim_ctx *ctx = before->ctx;
	diff *d = aim__alloc_zeroed(ctx, sizeof *d);
	if (!d)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	d->policies[0] = before;
	d->policies[1] = after;
	aim__json_init(&no_args, ctx);
	aim__arena_init(&lasting, ctx, 0, 0);
	aim_status rc = prepare(d, &no_args, &lasting);
	if (rc == AIM_OK)
		rc = compare(d, out);
	if (rc == AIM_OK && out_changes)
		*out_changes = d->n_classes;
	aim_decision_free(d->decisions[0]);
	aim_decision_free(d->decisions[1]);
	aim__arena_dispose(&lasting);
	aim__json_dispose(&no_args);
	aim__free(ctx, d, sizeof *d);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
}
