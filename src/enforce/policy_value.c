/* enforce/policy_value.c — tests of single values: an argument that a JSON Pointer names, or a fact of the host's own.
 * Layer enforce; allocates nothing. Numbers are compared as the decimals they are written as, never as doubles. */
#include "enforce/policy_value.h"

#include <string.h>

#include "base/format.h"
#include "codec/json.h"
#include "codec/number.h"
#include "enforce/policy.h"
#include "enforce/policy_change.h"
#include "enforce/policy_regex.h"

/* A value as tests see it. */
typedef struct value {
	uint32_t type;  /* AIM_JSON_*; ABSENT: known not to be there */
	uint32_t known; /* 0: nobody said */
	aim_str text;   /* of a string, number, truth value */
	size_t count;   /* of an array or object */
	char digits[24]; /* where an integer's text stands */
} value;

static aim__answer of(int holds)
{
	return holds ? AIM__YES : AIM__NO;
}

/* ---- finding it ---- */

static void take_json(value *v, const aim_json *doc, aim_json_value at)
{
	v->known = 1;
	v->type = aim_json_type(doc, at);
	if (v->type == AIM_JSON_STRING) {
		v->text = aim_json_string(doc, at);
	} else if (v->type == AIM_JSON_NUMBER) {
		v->text = aim_json_number_text(doc, at);
	} else if (v->type == AIM_JSON_BOOL) {
		int32_t is_true = 0;
		(void)!aim_json_bool(doc, at, &is_true);
		v->text = aim_str_from(is_true ? "true" : "false");
	} else {
		v->count = aim_json_count(doc, at);
	}
}

static void take_fact(value *v, const aim_fact *fact)
{
	v->known = 1;
	v->text = fact->text;
	switch (fact->type) {
	case AIM_FACT_TEXT: v->type = AIM_JSON_STRING; break;
	case AIM_FACT_DECIMAL: v->type = AIM_JSON_NUMBER; break;
	case AIM_FACT_INTEGER:
		v->type = AIM_JSON_NUMBER;
		v->text.ptr = v->digits;
		v->text.len = aim__i64_text(v->digits, fact->integer);
		break;
	default:
		v->type = AIM_JSON_BOOL;
		v->text = aim_str_from(fact->integer ? "true" : "false");
		break;
	}
}

/* In an explanation: what the value is taken to be instead. */
static int find_change(value *v, const aim__value_test *test, const aim__inquiry *q)
{
	for (size_t i = 0; i < q->n_changes; i++) {
		const aim__change *c = &q->changes[i];
		if (c->value->is_fact != test->is_fact || !aim_str_equal(c->value->name, test->name))
			continue;
		v->known = 1;
		v->type = c->scalar.type;
		v->text = c->scalar.text;
		return 1;
	}
	return 0;
}

static void find(value *v, const aim__value_test *test, const aim__inquiry *q)
{
	const aim_facts *f = q->facts;
	memset(v, 0, sizeof *v);
	if (q->n_changes && find_change(v, test, q))
		return;
	if (!test->is_fact) {
		if (f->args)
			take_json(v, f->args, aim_json_at(f->args, f->args_at, test->name));
		return;
	}
	for (size_t i = 0; i < f->n_host && !v->known; i++)
		if (aim_str_equal(f->host[i].name, test->name))
			take_fact(v, &f->host[i]);
}

/* ---- tests ---- */

static int same_text(aim_str a, aim_str b, int folded)
{
	aim__pattern plain = {a, 0};
	return a.len == b.len && (a.len == 0 || aim__pattern_match(&plain, b, folded));
}

static int same(const aim__scalar *s, const value *v, int folded)
{
	if (v->type == AIM_JSON_NUMBER)
		return aim__number_compare(s->text, v->text) == 0;
	return v->type == AIM_JSON_NULL || same_text(s->text, v->text, folded && v->type == AIM_JSON_STRING);
}

static aim__answer test_equals(const aim__value_test *t, const value *v, int folded)
{
	int other_type = 0;
	for (size_t i = 0; i < t->n_scalars; i++) {
		if (t->scalars[i].type != v->type)
			other_type = 1;
		else if (same(&t->scalars[i], v, folded))
			return AIM__YES;
	}
	return other_type ? AIM__UNKNOWN : AIM__NO;
}

static aim__answer test_range(const aim__value_test *t, const value *v, uint32_t flags)
{
	if (v->type != AIM_JSON_NUMBER)
		return AIM__UNKNOWN;
	int low = t->low.ptr ? aim__number_compare(v->text, t->low) : 1;
	int high = t->high.ptr ? aim__number_compare(v->text, t->high) : -1;
	return of((flags & AIM__WHEN_ABOVE ? low > 0 : low >= 0) && (flags & AIM__WHEN_BELOW ? high < 0 : high <= 0));
}

/* Unicode characters: all bytes but those that continue a sequence. */
static uint64_t characters(aim_str text)
{
	uint64_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += ((uint8_t)text.ptr[i] & 0xC0) != 0x80;
	return n;
}

static aim__answer test_length(const aim__value_test *t, const value *v)
{
	uint64_t n = v->count;
	if (v->type == AIM_JSON_STRING)
		n = characters(v->text);
	else if (v->type < AIM_JSON_ARRAY)
		return AIM__UNKNOWN;
	return of(n >= t->least && n <= t->most);
}

static uint32_t types_of(const value *v)
{
	static const uint32_t types[] = {[AIM_JSON_NULL] = AIM__TYPE_NULL,     [AIM_JSON_BOOL] = AIM__TYPE_BOOLEAN,
	                                 [AIM_JSON_NUMBER] = AIM__TYPE_NUMBER, [AIM_JSON_STRING] = AIM__TYPE_STRING,
	                                 [AIM_JSON_ARRAY] = AIM__TYPE_ARRAY,   [AIM_JSON_OBJECT] = AIM__TYPE_OBJECT};
	uint32_t mask = types[v->type];
	if (v->type == AIM_JSON_NUMBER) {
		aim__number n;
		aim__number_read(v->text, &n);
		if (n.n_digits == 0 || n.exponent >= (int64_t)n.n_digits - 1)
			mask |= AIM__TYPE_INTEGER;
	}
	return mask;
}

static int begins(aim_str prefix, aim_str text, int folded)
{
	text.len = prefix.len;
	return same_text(prefix, text, folded);
}

static aim__answer test_prefix(const aim__value_test *t, const value *v, int folded)
{
	if (v->type != AIM_JSON_STRING)
		return AIM__UNKNOWN;
	for (size_t i = 0; i < t->texts.n; i++)
		if (t->texts.items[i].text.len <= v->text.len && begins(t->texts.items[i].text, v->text, folded))
			return AIM__YES;
	return AIM__NO;
}

static aim__answer test_glob(const aim__value_test *t, const value *v, int folded)
{
	if (v->type != AIM_JSON_STRING || v->text.len > AIM__FACT_MAX)
		return AIM__UNKNOWN;
	for (size_t i = 0; i < t->texts.n; i++)
		if (aim__pattern_match(&t->texts.items[i], v->text, folded))
			return AIM__YES;
	return AIM__NO;
}

aim__answer aim__value_answer(const aim_policy *policy, const aim__when *w, const aim__inquiry *q)
{
	const aim__value_test *t = w->with.value;
	int folded = (w->flags & AIM__WHEN_FOLDED) != 0;
	value v;
	find(&v, t, q);
	if (!v.known)
		return AIM__UNKNOWN;
	if (w->op == AIM__WHEN_PRESENT)
		return of((v.type != AIM_JSON_ABSENT) == (int)w->arg);
	if (v.type == AIM_JSON_ABSENT)
		return AIM__UNKNOWN;
	switch (w->op) {
	case AIM__WHEN_TYPE: return of((types_of(&v) & w->mask) != 0);
	case AIM__WHEN_EQUALS: return test_equals(t, &v, folded);
	case AIM__WHEN_RANGE: return test_range(t, &v, w->flags);
	case AIM__WHEN_LENGTH: return test_length(t, &v);
	case AIM__WHEN_PREFIX: return test_prefix(t, &v, folded);
	case AIM__WHEN_GLOB: return test_glob(t, &v, folded);
	case AIM__WHEN_REGEX:
		return v.type == AIM_JSON_STRING ? aim__regex_answer(policy, w->arg, v.text, q->decision) : AIM__UNKNOWN;
	default: return AIM__UNKNOWN; /* no such test: fail closed */
	}
}
