/* enforce/policy_change.c — which facts of a request could be otherwise so that a rule answers otherwise, and the request
 * in which they are. Layer enforce. */
#include "enforce/policy_change.h"

#include <aim/flow.h>
#include <string.h>

#include "codec/json.h"
#include "enforce/pattern.h"

#define MAX_LISTED 3u /* of one list of names */
#define MAX_TRUST_MICRO 1000000

static const char *const text_names[AIM__TEXT_COUNT] = {
	"tool", "agent", "did", "server", "resource", "action", "agent_type", "owner", "status", "session"};
static const char *const number_names[] = {"trust", "attestations", "confidence"};
static const char *const level_names[] = {"risk", "drift", "scan"};
static const char *const bits_names[] = {"labels", "signals"};
static const uint32_t text_of_fact[AIM__FACT_COUNT] = {
	[AIM__FACT_TOOL] = AIM__TEXT_TOOL,         [AIM__FACT_AGENT] = AIM__TEXT_AGENT,
	[AIM__FACT_DID] = AIM__TEXT_DID,           [AIM__FACT_SERVER] = AIM__TEXT_SERVER,
	[AIM__FACT_RESOURCE] = AIM__TEXT_RESOURCE, [AIM__FACT_ACTION] = AIM__TEXT_ACTION,
};

/* ---- what a request says now ---- */

static int64_t number_now(const aim__inquiry *q, uint32_t which)
{
	if (which == AIM__NUMBER_TRUST)
		return q->request->trust_micro;
	int is_count = which == AIM__NUMBER_ATTESTATIONS;
	if (!(q->facts->known & (is_count ? AIM_FACTS_ATTESTATIONS : AIM_FACTS_CONFIDENCE)))
		return AIM_DECISION_NO_TRUST;
	return is_count ? q->facts->n_attestations : q->facts->confidence_micro;
}

static uint32_t level_now(const aim__inquiry *q, uint32_t which)
{
	if (which == AIM__LEVEL_RISK)
		return q->request->risk;
	return which == AIM__LEVEL_DRIFT ? q->facts->drift : q->facts->scan;
}

static int64_t bits_now(const aim__inquiry *q, uint32_t which)
{
	int labels = which == AIM__BITS_LABELS;
	if (!(q->facts->known & (labels ? AIM_FACTS_LABELS : AIM_FACTS_SIGNALS)))
		return -1;
	return labels ? q->facts->labels : q->facts->signals;
}

/* ---- candidates ---- */

int aim__change_meets(const aim__change *a, const aim__change *b)
{
	if (a->kind != b->kind)
		return 0;
	if (a->kind == AIM__CHANGE_CAPABILITY || a->kind == AIM__CHANGE_TAG)
		return aim_str_equal(a->text, b->text);
	if (a->kind == AIM__CHANGE_VALUE)
		return a->value->is_fact == b->value->is_fact && aim_str_equal(a->value->name, b->value->name);
	return a->which == b->which;
}

static int is_same(const aim__change *a, const aim__change *b)
{
	if (!aim__change_meets(a, b))
		return 0;
	return a->number == b->number && aim_str_equal(a->text, b->text) && a->scalar.type == b->scalar.type &&
	       aim_str_equal(a->scalar.text, b->scalar.text);
}

static void add(aim__change_list *list, const aim__change *change)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_same(&list->items[i], change))
			return;
	if (list->n == AIM__CHANGES_MAX)
		list->cut = 1;
	else
		list->items[list->n++] = *change;
}

/* A text that the pattern matches. */
static aim_str witness(aim__change_list *list, const aim__pattern *pattern)
{
	if (!pattern->is_glob)
		return pattern->text;
	aim_str copy = aim__arena_copy(list->arena, pattern->text);
	if (!copy.ptr) {
		list->failed = 1;
		return copy;
	}
	char *p = (char *)(uintptr_t)copy.ptr;
	for (size_t i = 0; i < copy.len; i++)
		if (p[i] == '*' || p[i] == '?')
			p[i] = 'x';
	return copy;
}

static void add_text(aim__change_list *list, uint32_t which, aim_str text, const aim__inquiry *q)
{
	aim__change c = {.kind = AIM__CHANGE_TEXT, .which = which, .text = text};
	if (text.ptr && !aim_str_equal(text, aim__inquiry_text(q, which)))
		add(list, &c);
}

static void add_other(aim__change_list *list, uint32_t which, const aim__inquiry *q)
{
	add_text(list, which, aim_str_from("(another)"), q);
}

static void add_number(aim__change_list *list, uint32_t which, int64_t number, const aim__inquiry *q)
{
	int64_t max = which == AIM__NUMBER_ATTESTATIONS ? INT32_MAX : MAX_TRUST_MICRO;
	aim__change c = {.kind = AIM__CHANGE_NUMBER, .which = which, .number = number};
	if (number >= 0 && number <= max && number != number_now(q, which))
		add(list, &c);
}

static void add_range(aim__change_list *list, uint32_t which, int64_t low, int64_t high, const aim__inquiry *q)
{
	add_number(list, which, low, q);
	add_number(list, which, high, q);
	add_number(list, which, low - 1, q);
	add_number(list, which, high + 1, q);
}

static void add_levels(aim__change_list *list, uint32_t which, const aim__inquiry *q)
{
	static const uint32_t n_levels[] = {AIM_DECISION_RISK_CRITICAL, AIM_FACTS_DRIFT_CRITICAL, AIM_FACTS_SCAN_CRITICAL};
	for (uint32_t level = 1; level <= n_levels[which]; level++) {
		aim__change c = {.kind = AIM__CHANGE_LEVEL, .which = which, .number = level};
		if (level != level_now(q, which))
			add(list, &c);
	}
}

static void add_bits(aim__change_list *list, uint32_t which, uint32_t mask, const aim__inquiry *q)
{
	int64_t now = bits_now(q, which);
	uint32_t set = now < 0 ? 0 : (uint32_t)now;
	const uint32_t values[] = {set | mask, set & ~mask};
	for (size_t i = 0; i < 2; i++) {
		aim__change c = {.kind = AIM__CHANGE_BITS, .which = which, .number = values[i]};
		if (values[i] != now)
			add(list, &c);
	}
}

static void add_held(aim__change_list *list, uint32_t kind, const aim__pattern *patterns, size_t n)
{
	for (size_t i = 0; i < n && i < AIM__CHANGE_SET; i++) {
		aim__change c = {.kind = kind, .text = witness(list, &patterns[i])};
		if (c.text.ptr)
			add(list, &c);
	}
}

static void add_scalar(aim__change_list *list, const aim__value_test *value, uint32_t type, aim_str text)
{
	aim__change c = {.kind = AIM__CHANGE_VALUE, .value = value, .scalar = {type, text}};
	add(list, &c);
}

static void add_values(aim__change_list *list, const aim__when *w)
{
	const aim__value_test *t = w->with.value;
	for (size_t i = 0; i < t->n_scalars && i < MAX_LISTED; i++)
		add_scalar(list, t, t->scalars[i].type, t->scalars[i].text);
	for (size_t i = 0; i < t->texts.n && i < MAX_LISTED; i++)
		add_scalar(list, t, AIM_JSON_STRING, witness(list, &t->texts.items[i]));
	if (t->low.ptr)
		add_scalar(list, t, AIM_JSON_NUMBER, t->low);
	if (t->high.ptr)
		add_scalar(list, t, AIM_JSON_NUMBER, t->high);
	if (w->op == AIM__WHEN_RANGE) {
		add_scalar(list, t, AIM_JSON_NUMBER, aim_str_from("0"));
		add_scalar(list, t, AIM_JSON_NUMBER, aim_str_from("1e15"));
		add_scalar(list, t, AIM_JSON_NUMBER, aim_str_from("-1e15"));
	} else {
		add_scalar(list, t, AIM_JSON_STRING, aim_str_from("(another)"));
	}
	if (w->op == AIM__WHEN_PRESENT)
		add_scalar(list, t, AIM_JSON_ABSENT, aim_str_from(""));
}

static void add_when(aim__change_list *list, const aim__when *w, const aim__inquiry *q)
{
	switch (w->op) {
	case AIM__WHEN_NAME:
		for (size_t i = 0; i < w->with.texts->n && i < MAX_LISTED; i++)
			add_text(list, w->arg, witness(list, &w->with.texts->items[i]), q);
		add_other(list, w->arg, q);
		break;
	case AIM__WHEN_TAG: add_held(list, AIM__CHANGE_TAG, w->with.texts->items, w->with.texts->n); break;
	case AIM__WHEN_HOLDS: add_held(list, AIM__CHANGE_CAPABILITY, w->with.texts->items, w->with.texts->n); break;
	case AIM__WHEN_LACKS:
		for (size_t i = 0; i < q->facts->n_required && i < AIM__CHANGE_SET; i++) {
			aim__pattern plain = {q->facts->required[i], 0};
			add_held(list, AIM__CHANGE_CAPABILITY, &plain, 1);
		}
		break;
	case AIM__WHEN_NUMBER: add_range(list, w->arg, w->with.range->low, w->with.range->high, q); break;
	case AIM__WHEN_LEVEL: add_levels(list, w->arg, q); break;
	case AIM__WHEN_BITS: add_bits(list, w->arg, w->mask, q); break;
	default:
		if (w->op >= AIM__WHEN_PRESENT)
			add_values(list, w);
		break; /* times and rates are not anybody's to change */
	}
}

static void add_set(aim__change_list *list, const aim_policy *policy, uint32_t fact, const aim__name_set *set,
                    const aim__inquiry *q)
{
	for (uint32_t i = 0; i < set->n_names && i < MAX_LISTED; i++) {
		const aim__name *name = &policy->names[fact].items[(uint32_t)set->names[i]];
		aim_str text = {name->ptr, name->len};
		add_text(list, text_of_fact[fact], text, q);
	}
	for (uint32_t i = 0; i < set->n_patterns && i < MAX_LISTED; i++)
		add_text(list, text_of_fact[fact], witness(list, &set->patterns[i]), q);
	add_other(list, text_of_fact[fact], q);
}

static void add_word(aim__change_list *list, const aim_policy *policy, uint64_t word, const aim__inquiry *q)
{
	uint32_t op = aim__condition_op(word);
	uint32_t a = aim__condition_a(word);
	uint32_t b = aim__condition_b(word);
	if (op < AIM__VALUE_TRUST) {
		const aim__name *name = &policy->names[op / 2].items[a];
		aim_str text = {name->ptr, name->len};
		add_text(list, text_of_fact[op / 2], text, q);
		add_other(list, text_of_fact[op / 2], q);
	} else if (op == AIM__VALUE_TRUST) {
		add_range(list, AIM__NUMBER_TRUST, a, b, q);
	} else if (op == AIM__OP_RISK) {
		add_levels(list, AIM__LEVEL_RISK, q);
	} else if (op == AIM__OP_NAME_SET) {
		add_set(list, policy, a, &policy->sets[b], q);
	} else if (op == AIM__OP_CAPABILITIES) {
		add_held(list, AIM__CHANGE_CAPABILITY, policy->sets[b].patterns, policy->sets[b].n_patterns);
	} else if (op == AIM__OP_WHEN) {
		for (uint32_t i = b; i < policy->whens[b].end; i++)
			add_when(list, &policy->whens[i], q);
	}
}

void aim__changes_of(aim__change_list *list, const aim_policy *policy, const aim__rule *rule, const aim__inquiry *q)
{
	for (uint32_t i = 0; i < rule->n_conditions; i++) {
		uint64_t word = rule->conditions[i];
		if (aim__condition_op(word) != AIM__OP_EITHER) {
			add_word(list, policy, word, q);
			continue;
		}
		add_word(list, policy, policy->eithers[aim__condition_b(word)], q);
		add_word(list, policy, policy->eithers[aim__condition_b(word) + 1], q);
	}
}

/* ---- making them ---- */

static aim_str *copy_list(const aim_str *list, size_t n, aim__arena *arena)
{
	aim_str *copy = aim__arena_array(arena, n + AIM__CHANGES_MADE, sizeof *copy);
	if (copy && n)
		memcpy(copy, list, n * sizeof *copy);
	return copy;
}

int aim__changed_init(aim__changed *c, const aim__inquiry *q, aim__arena *arena)
{
	memset(c, 0, sizeof *c);
	c->capabilities = copy_list(q->request->capabilities, q->request->n_capabilities, arena);
	c->tags = copy_list(q->facts->tags, q->facts->n_tags, arena);
	return c->capabilities && c->tags;
}

static void set_text(aim__changed *c, uint32_t which, aim_str text)
{
	aim_str *const places[AIM__TEXT_COUNT] = {
		&c->request.tool,   &c->request.agent,    &c->request.did,  &c->request.server, &c->request.resource,
		&c->request.action, &c->facts.agent_type, &c->facts.owner,  &c->facts.status,   &c->facts.session};
	*places[which] = text;
}

static void set_number(aim__changed *c, uint32_t which, int64_t number)
{
	if (which == AIM__NUMBER_TRUST) {
		c->request.trust_micro = number;
	} else if (which == AIM__NUMBER_ATTESTATIONS) {
		c->facts.n_attestations = number;
		c->facts.known |= AIM_FACTS_ATTESTATIONS;
	} else {
		c->facts.confidence_micro = number;
		c->facts.known |= AIM_FACTS_CONFIDENCE;
	}
}

static void set_level(aim__changed *c, uint32_t which, uint32_t level)
{
	if (which == AIM__LEVEL_RISK)
		c->request.risk = level;
	else if (which == AIM__LEVEL_DRIFT)
		c->facts.drift = level;
	else
		c->facts.scan = level;
}

static void set_bits(aim__changed *c, uint32_t which, uint32_t bits)
{
	c->facts.known |= which == AIM__BITS_LABELS ? AIM_FACTS_LABELS : AIM_FACTS_SIGNALS;
	*(which == AIM__BITS_LABELS ? &c->facts.labels : &c->facts.signals) = bits;
}

static void make(aim__changed *c, const aim__change *change)
{
	switch (change->kind) {
	case AIM__CHANGE_TEXT: set_text(c, change->which, change->text); break;
	case AIM__CHANGE_NUMBER: set_number(c, change->which, change->number); break;
	case AIM__CHANGE_LEVEL: set_level(c, change->which, (uint32_t)change->number); break;
	case AIM__CHANGE_BITS: set_bits(c, change->which, (uint32_t)change->number); break;
	case AIM__CHANGE_CAPABILITY: c->capabilities[c->request.n_capabilities++] = change->text; break;
	case AIM__CHANGE_TAG: c->tags[c->facts.n_tags++] = change->text; break;
	default: c->values[c->question.n_changes++] = *change; break;
	}
	if (change->kind == AIM__CHANGE_CAPABILITY)
		c->request.capabilities = c->capabilities;
	if (change->kind == AIM__CHANGE_TAG)
		c->facts.tags = c->tags;
}

void aim__changed_make(aim__changed *c, const aim__inquiry *q, const aim__change *const *changes, size_t n)
{
	c->question = *q;
	c->request = *q->request;
	c->facts = *q->facts;
	c->question.request = &c->request;
	c->question.facts = &c->facts;
	c->question.changes = c->values;
	c->question.n_changes = 0;
	for (size_t i = 0; i < n; i++)
		make(c, changes[i]);
}

/* ---- telling ---- */

static void write_number(aim__json_writer *w, int64_t number)
{
	if (number < 0)
		aim__write_null(w);
	else
		aim__write_int64(w, number);
}

static void write_text(aim__json_writer *w, aim_str text)
{
	if (text.len)
		aim__write_string(w, text);
	else
		aim__write_null(w);
}

static void write_level(aim__json_writer *w, uint32_t which, uint32_t level)
{
	static const char *const words[3][5] = {{NULL, "low", "medium", "high", "critical"},
	                                        {NULL, "none", "open", "critical", NULL},
	                                        {NULL, "clean", "info", "warning", "critical"}};
	write_text(w, aim_str_from(words[which][level]));
}

static void write_bits(aim__json_writer *w, uint32_t which, int64_t bits)
{
	static const char *const words[2][4] = {
		{"private_data", "untrusted_content", "external_send", NULL},
		{"unusual_activity", "unauthorized_access", "auth_failure", "data_exfiltration"}};
	if (bits < 0) {
		aim__write_null(w);
		return;
	}
	aim__write_begin_array(w);
	for (uint32_t i = 0; i < 4; i++)
		if (bits >> i & 1 && words[which][i])
			aim__write_text(w, words[which][i]);
	aim__write_end_array(w);
}

static void write_scalar(aim__json_writer *w, const aim__scalar *s)
{
	if (s->type == AIM_JSON_STRING)
		aim__write_string(w, s->text);
	else if (s->type == AIM_JSON_BOOL)
		aim__write_bool(w, s->text.len == 4);
	else if (s->type == AIM_JSON_NUMBER)
		aim__write_raw(w, aim_bytes_from_str(s->text));
	else
		aim__write_null(w);
}

/* Which fact, as in a policy; of values the pointer or name too. What a value is now is not told: it may be a secret. */
void aim__change_write(aim__json_writer *w, const aim__change *c, const aim__inquiry *q)
{
	static const char *const names[] = {[AIM__CHANGE_CAPABILITY] = "capabilities", [AIM__CHANGE_TAG] = "tags"};
	aim__write_begin_object(w);
	aim__write_key(w, "fact");
	switch (c->kind) {
	case AIM__CHANGE_TEXT:
		aim__write_text(w, text_names[c->which]);
		aim__write_key(w, "from");
		write_text(w, aim__inquiry_text(q, c->which));
		aim__write_key(w, "to");
		write_text(w, c->text);
		break;
	case AIM__CHANGE_NUMBER:
		aim__write_text(w, number_names[c->which]);
		aim__write_key(w, "from");
		write_number(w, number_now(q, c->which));
		aim__write_key(w, "to");
		write_number(w, c->number);
		break;
	case AIM__CHANGE_LEVEL:
		aim__write_text(w, level_names[c->which]);
		aim__write_key(w, "from");
		write_level(w, c->which, level_now(q, c->which));
		aim__write_key(w, "to");
		write_level(w, c->which, (uint32_t)c->number);
		break;
	case AIM__CHANGE_BITS:
		aim__write_text(w, bits_names[c->which]);
		aim__write_key(w, "from");
		write_bits(w, c->which, bits_now(q, c->which));
		aim__write_key(w, "to");
		write_bits(w, c->which, c->number);
		break;
	case AIM__CHANGE_VALUE:
		aim__write_text(w, c->value->is_fact ? "facts" : "args");
		aim__write_key(w, c->value->is_fact ? "name" : "pointer");
		aim__write_string(w, c->value->name);
		aim__write_key(w, "to");
		write_scalar(w, &c->scalar);
		break;
	default:
		aim__write_text(w, names[c->kind]);
		aim__write_key(w, "add");
		write_text(w, c->text);
		break;
	}
	aim__write_end_object(w);
}

static void write_list(aim__json_writer *w, const char *name, const aim_str *list, size_t n)
{
	if (!list)
		return;
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < n; i++)
		aim__write_string(w, list[i]);
	aim__write_end_array(w);
}

static void write_values(aim__json_writer *w, const aim__changed *c, int facts)
{
	aim__write_key(w, facts ? "facts" : "args");
	aim__write_begin_object(w);
	for (size_t i = 0; i < c->question.n_changes; i++) {
		const aim__change *v = &c->values[i];
		int nested = !facts && v->value->name.len && memchr(v->value->name.ptr + 1, '/', v->value->name.len - 1);
		if (v->value->is_fact != facts || v->scalar.type == AIM_JSON_ABSENT)
			continue;
		aim_str name = v->value->name;
		if (!facts && !nested && name.len) { /* "/amount" is the member "amount"; deeper ones are told as pointers */
			name.ptr++;
			name.len--;
		}
		aim__write_key_str(w, name);
		write_scalar(w, &v->scalar);
	}
	aim__write_end_object(w);
}

void aim__changed_write(aim__json_writer *w, const aim__changed *c)
{
	static const uint32_t levels[] = {AIM__LEVEL_RISK, AIM__LEVEL_DRIFT, AIM__LEVEL_SCAN};
	const aim__inquiry *q = &c->question;
	aim__write_begin_object(w);
	for (uint32_t i = 0; i < AIM__TEXT_COUNT; i++) {
		aim__write_key(w, text_names[i]);
		aim__write_string(w, aim__inquiry_text(q, i));
	}
	for (uint32_t i = AIM__NUMBER_TRUST; i <= AIM__NUMBER_CONFIDENCE; i++) {
		aim__write_key(w, number_names[i]);
		write_number(w, number_now(q, i));
	}
	for (size_t i = 0; i < 3; i++) {
		aim__write_key(w, level_names[levels[i]]);
		write_level(w, levels[i], level_now(q, levels[i]));
	}
	for (uint32_t i = AIM__BITS_LABELS; i <= AIM__BITS_SIGNALS; i++) {
		aim__write_key(w, bits_names[i]);
		write_bits(w, i, bits_now(q, i));
	}
	write_list(w, "capabilities", c->request.capabilities, c->request.n_capabilities);
	write_list(w, "tags", c->facts.tags, c->facts.n_tags);
	write_list(w, "required", c->facts.required, c->facts.n_required);
	write_values(w, c, 0);
	write_values(w, c, 1);
	aim__write_key(w, "now_us");
	aim__write_int64(w, q->now_us);
	aim__write_end_object(w);
}
