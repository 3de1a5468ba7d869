/* tests/prop/test_schemadiff.c — laws of classes of change, over random small schemas and a validator of their
 * instances: a schema is the same as itself; with old and new exchanged every change is seen from the other side; and
 * what is called the same or cosmetic accepts exactly what it accepted before. As closed world, and apart from what is
 * required, narrowing accepts nothing new and widening nothing less. */
#include "support.h"

#include <aim/json.h>
#include <aim/schemadiff.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 20000
#define TEXT 2000

static uint64_t seed = 20261124;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* ---- schemas ---- */

static int with_defs, with_one_of;

static void add(char *out, const char *text)
{
	strncat(out, text, TEXT - strlen(out) - 1);
}

static void schema(char *out, int depth);

static void keyword(char *out, int depth, uint32_t k)
{
	static const char *const types[] = {"\"string\"", "\"integer\"", "\"number\"", "\"object\"", "\"array\"", "\"null\"",
	                                    "[\"string\",\"null\"]", "[\"null\",\"string\"]", "[\"object\",\"integer\"]"};
	static const char *const sets[] = {"[1,2]", "[2,1.0]", "[1]", "[\"a\",1,null]", "[{\"a\":1},\"a\"]"};
	static const char *const numbered[] = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "minLength",
	                                       "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
	                                       "multipleOf"};
	char text[100];
	if (k < 11) {
		snprintf(text, sizeof text, "\"%s\":%u", numbered[k], random_below(3) + (k == 10));
		add(out, text);
	} else if (k == 11 || k == 12) {
		snprintf(text, sizeof text, "\"type\":%s", types[random_below(9)]);
		add(out, text);
	} else if (k == 13) {
		snprintf(text, sizeof text, "\"enum\":%s", sets[random_below(5)]);
		add(out, text);
	} else if (k == 14) {
		add(out, random_below(2) ? "\"const\":1" : "\"const\":\"a\"");
	} else if (k == 15) {
		add(out, random_below(2) ? "\"uniqueItems\":true" : "\"uniqueItems\":false");
	} else if (k == 16) {
		add(out, random_below(2) ? "\"required\":[\"a\"]" : "\"required\":[\"b\",\"a\"]");
	} else if (k == 17 || k == 18) {
		add(out, "\"properties\":{");
		uint32_t which = random_below(4);
		for (uint32_t i = 0; i < 2; i++)
			if (which & 1u << i) {
				add(out, i && which == 3 ? ",\"b\":" : i ? "\"b\":" : "\"a\":");
				schema(out, depth - 1);
			}
		add(out, "}");
	} else if (k == 19 || k == 20) {
		add(out, k == 19 ? "\"items\":" : "\"additionalProperties\":");
		schema(out, depth - 1);
	} else if (k < 24) {
		static const char *const names[] = {"\"allOf\":[", "\"anyOf\":[", "\"oneOf\":["};
		add(out, names[k == 23 && !with_one_of ? 1 : k - 21]);
		schema(out, depth - 1);
		if (random_below(2)) {
			add(out, ",");
			schema(out, depth - 1);
		}
		add(out, "]");
	} else if (k == 24) {
		add(out, random_below(2) ? "\"title\":\"x\"" : "\"title\":\"y\"");
	} else {
		add(out, with_defs ? "\"$ref\":\"#/$defs/d\"" : "\"description\":\"d\"");
	}
}

static void schema(char *out, int depth)
{
	uint32_t n = random_below(3), last = UINT32_MAX;
	if (depth <= 0 && random_below(4) == 0) {
		add(out, random_below(2) ? "true" : "false");
		return;
	}
	add(out, "{");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = random_below(depth > 0 ? 26 : 16);
		k = k == 12 ? 11 : k == 18 ? 17 : k;
		if (k == last || (k == 23 && last == 22) || (k == 22 && last == 23))
			break; /* a name twice is no JSON */
		if (i)
			add(out, ",");
		last = k;
		keyword(out, depth, k);
	}
	add(out, "}");
}

static void whole_schema(char *out)
{
	*out = 0;
	if (!with_defs) {
		schema(out, 2);
		return;
	}
	add(out, "{\"$defs\":{\"d\":");
	int defs = with_defs;
	with_defs = random_below(3) == 0; /* sometimes it refers to itself, through a property */
	if (with_defs)
		add(out, "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/d\"}},\"type\":\"object\"}");
	else
		schema(out, 1);
	with_defs = defs;
	add(out, "},\"allOf\":[");
	schema(out, 2);
	add(out, "]}");
}

/* Changes one letter of a kind, or makes another schema. */
static void change(const char *before, char *after)
{
	whole_schema(after);
	if (random_below(3) == 0)
		return;
	strcpy(after, before);
	for (int tries = 0; tries < 50; tries++) {
		char *digit = strpbrk(after + random_below((uint32_t)strlen(after)), "012xyab");
		if (!digit || *(digit - 1) == '$')
			continue;
		*digit = *digit <= '2' ? (char)('0' + random_below(3)) : *digit == 'x' ? 'y' : *digit == 'y' ? 'x' : *digit;
		return;
	}
}

/* ---- instances ---- */

static const char *const instances[] = {
	"null", "0", "1", "2", "3", "1.5", "-1", "\"\"", "\"a\"", "\"ab\"", "\"abc\"", "[]", "[1]", "[1,1]", "[1,2]", "[\"a\"]",
	"[null,{}]", "{}", "{\"a\":1}", "{\"a\":\"a\"}", "{\"b\":1}", "{\"a\":1,\"b\":2}", "{\"a\":{\"a\":1}}", "{\"a\":{\"b\":\"a\"}}",
	"{\"c\":1}", "{\"a\":{\"a\":{\"a\":0}}}", "{\"a\":null,\"b\":[2]}", "{\"a\":{\"c\":1}}", "[[1],[2]]", "[{\"a\":1}]",
};
#define N_INSTANCES (sizeof instances / sizeof *instances)

/* Validates; closed: a property that is not named is not accepted, and none is required. */
typedef struct checking {
	const aim_json *schema, *instance;
	int closed;
} checking;

static double number(const aim_json *doc, aim_json_value v)
{
	char text[40] = "";
	aim_str t = aim_json_number_text(doc, v);
	double x = 0;
	memcpy(text, t.ptr, t.len);
	assert_int_equal(sscanf(text, "%lf", &x), 1);
	return x;
}

static aim_json_value member(const aim_json *doc, aim_json_value v, const char *name)
{
	return aim_json_member(doc, v, aim_str_from(name));
}

static int same(const aim_json *a, aim_json_value x, const aim_json *b, aim_json_value y, aim_ctx *ctx)
{
	aim_buf *p = NULL, *q = NULL;
	assert_status(aim_buf_new(ctx, &p), AIM_OK);
	assert_status(aim_buf_new(ctx, &q), AIM_OK);
	assert_status(aim_json_canonicalize(a, x, AIM_JSON_JCS_EXACT_TEXT, p, NULL), AIM_OK);
	assert_status(aim_json_canonicalize(b, y, AIM_JSON_JCS_EXACT_TEXT, q, NULL), AIM_OK);
	int equal = aim_str_equal(aim_buf_str(p), aim_buf_str(q));
	aim_buf_free(q);
	aim_buf_free(p);
	return equal;
}

static aim_ctx *the_ctx;

static int has_type(const checking *c, aim_json_value v, aim_str name)
{
	uint32_t type = aim_json_type(c->instance, v);
	int64_t whole;
	if (aim_str_equal(name, aim_str_from("integer")))
		return aim_json_int64(c->instance, v, &whole) == AIM_OK;
	static const char *const names[] = {"", "null", "boolean", "number", "string", "array", "object"};
	return aim_str_equal(name, aim_str_from(names[type]));
}

static int check_type(const checking *c, aim_json_value s, aim_json_value v)
{
	aim_json_value t = member(c->schema, s, "type");
	if (t == AIM_JSON_NONE)
		return 1;
	if (aim_json_type(c->schema, t) == AIM_JSON_STRING)
		return has_type(c, v, aim_json_string(c->schema, t));
	for (t = aim_json_first(c->schema, t); t != AIM_JSON_NONE; t = aim_json_next(c->schema, t))
		if (has_type(c, v, aim_json_string(c->schema, t)))
			return 1;
	return 0;
}

static int check_set(const checking *c, aim_json_value s, aim_json_value v)
{
	aim_json_value k = member(c->schema, s, "const"), e = member(c->schema, s, "enum");
	if (k != AIM_JSON_NONE && !same(c->schema, k, c->instance, v, the_ctx))
		return 0;
	if (e == AIM_JSON_NONE)
		return 1;
	for (e = aim_json_first(c->schema, e); e != AIM_JSON_NONE; e = aim_json_next(c->schema, e))
		if (same(c->schema, e, c->instance, v, the_ctx))
			return 1;
	return 0;
}

static int bound(const checking *c, aim_json_value s, const char *name, int sign, int strict, double x)
{
	aim_json_value b = member(c->schema, s, name);
	if (b == AIM_JSON_NONE)
		return 1;
	double d = (x - number(c->schema, b)) * sign;
	return strict ? d > 0 : d >= 0;
}

static int check_numbers(const checking *c, aim_json_value s, aim_json_value v)
{
	uint32_t type = aim_json_type(c->instance, v);
	double n = (double)aim_json_count(c->instance, v);
	aim_json_value m = member(c->schema, s, "multipleOf");
	if (type == AIM_JSON_STRING) {
		n = (double)aim_json_string(c->instance, v).len;
		return bound(c, s, "minLength", 1, 0, n) && bound(c, s, "maxLength", -1, 0, n);
	}
	if (type == AIM_JSON_ARRAY)
		return bound(c, s, "minItems", 1, 0, n) && bound(c, s, "maxItems", -1, 0, n);
	if (type == AIM_JSON_OBJECT)
		return bound(c, s, "minProperties", 1, 0, n) && bound(c, s, "maxProperties", -1, 0, n);
	if (type != AIM_JSON_NUMBER)
		return 1;
	n = number(c->instance, v);
	if (m != AIM_JSON_NONE) {
		double q = n / number(c->schema, m);
		if (q != (double)(int64_t)q)
			return 0;
	}
	return bound(c, s, "minimum", 1, 0, n) && bound(c, s, "exclusiveMinimum", 1, 1, n) &&
	       bound(c, s, "maximum", -1, 0, n) && bound(c, s, "exclusiveMaximum", -1, 1, n);
}

static int valid(const checking *c, aim_json_value s, aim_json_value v);

static int check_array(const checking *c, aim_json_value s, aim_json_value v)
{
	int32_t unique = 0;
	aim_json_value items = member(c->schema, s, "items");
	(void)aim_json_bool(c->schema, member(c->schema, s, "uniqueItems"), &unique);
	for (aim_json_value e = aim_json_first(c->instance, v); e != AIM_JSON_NONE; e = aim_json_next(c->instance, e)) {
		if (items != AIM_JSON_NONE && !valid(c, items, e))
			return 0;
		for (aim_json_value f = aim_json_next(c->instance, e); unique && f != AIM_JSON_NONE;
		     f = aim_json_next(c->instance, f))
			if (same(c->instance, e, c->instance, f, the_ctx))
				return 0;
	}
	return 1;
}

static int check_object(const checking *c, aim_json_value s, aim_json_value v)
{
	aim_json_value named = member(c->schema, s, "properties"), others = member(c->schema, s, "additionalProperties");
	for (aim_json_value e = aim_json_first(c->instance, v); e != AIM_JSON_NONE; e = aim_json_next(c->instance, e)) {
		aim_json_value p = aim_json_member(c->schema, named, aim_json_key(c->instance, e));
		if (p == AIM_JSON_NONE)
			p = others;
		if (p != AIM_JSON_NONE && !valid(c, p, e))
			return 0;
	}
	aim_json_value r = member(c->schema, s, "required");
	for (r = aim_json_first(c->schema, r); !c->closed && r != AIM_JSON_NONE; r = aim_json_next(c->schema, r))
		if (aim_json_member(c->instance, v, aim_json_string(c->schema, r)) == AIM_JSON_NONE)
			return 0;
	return 1;
}

static int count_valid(const checking *c, aim_json_value list, aim_json_value v)
{
	int n = 0;
	for (list = aim_json_first(c->schema, list); list != AIM_JSON_NONE; list = aim_json_next(c->schema, list))
		n += valid(c, list, v);
	return n;
}

static int check_branches(const checking *c, aim_json_value s, aim_json_value v)
{
	aim_json_value all = member(c->schema, s, "allOf"), any = member(c->schema, s, "anyOf");
	aim_json_value one = member(c->schema, s, "oneOf"), ref = member(c->schema, s, "$ref");
	if (all != AIM_JSON_NONE && (size_t)count_valid(c, all, v) != aim_json_count(c->schema, all))
		return 0;
	if (any != AIM_JSON_NONE && count_valid(c, any, v) == 0)
		return 0;
	if (one != AIM_JSON_NONE && count_valid(c, one, v) != 1)
		return 0;
	return ref == AIM_JSON_NONE || valid(c, aim_json_at(c->schema, AIM_JSON_ROOT, aim_str_from("/$defs/d")), v);
}

static int valid(const checking *c, aim_json_value s, aim_json_value v)
{
	int32_t truth = 0;
	if (aim_json_bool(c->schema, s, &truth) == AIM_OK)
		return truth;
	if (!check_type(c, s, v) || !check_set(c, s, v) || !check_numbers(c, s, v) || !check_branches(c, s, v))
		return 0;
	if (aim_json_type(c->instance, v) == AIM_JSON_ARRAY)
		return check_array(c, s, v);
	return aim_json_type(c->instance, v) == AIM_JSON_OBJECT ? check_object(c, s, v) : 1;
}

/* ---- laws ---- */

static void compare(aim_ctx *ctx, const char *a, const char *b, aim_schemadiff **out)
{
	aim_error err = {0};
	if (aim_schemadiff_new(ctx, aim_bytes_from_str(aim_str_from(a)), aim_bytes_from_str(aim_str_from(b)), NULL, out,
	                       &err) != AIM_OK)
		fail_msg("%s against %s: %s", a, b, err.message);
}

static int is_json(aim_json *doc, const char *text)
{
	return aim_json_parse(doc, aim_bytes_from_str(aim_str_from(text)), 0, NULL) == AIM_OK;
}

/* What narrows widens the other way. Not all that widens narrows: a property that a branch names anew is a widening, and
 * one that goes from it may have been a bound, which is incompatible. */
static void check_exchange(const aim_schemadiff *d, const aim_schemadiff *x, const char *a, const char *b)
{
	size_t n[6] = {0}, m[6] = {0};
	for (size_t i = 0; i < aim_schemadiff_count(d); i++)
		n[aim_schemadiff_at(d, i)->change_class]++;
	for (size_t i = 0; i < aim_schemadiff_count(x); i++)
		m[aim_schemadiff_at(x, i)->change_class]++;
	if (aim_schemadiff_count(d) != aim_schemadiff_count(x) || n[AIM_SCHEMADIFF_COSMETIC] != m[AIM_SCHEMADIFF_COSMETIC] ||
	    n[AIM_SCHEMADIFF_UNKNOWN] != m[AIM_SCHEMADIFF_UNKNOWN] || n[AIM_SCHEMADIFF_NARROWING] > m[AIM_SCHEMADIFF_WIDENING] ||
	    m[AIM_SCHEMADIFF_NARROWING] > n[AIM_SCHEMADIFF_WIDENING])
		fail_msg("%s and %s: not the same changes when they are exchanged", a, b);
}

static void check_instances(const aim_schemadiff *d, aim_json *docs[3], const char *a, const char *b)
{
	for (size_t i = 0; i < N_INSTANCES; i++) {
		assert_true(is_json(docs[2], instances[i]));
		checking before = {docs[0], docs[2], 0}, after = {docs[1], docs[2], 0};
		int was = valid(&before, AIM_JSON_ROOT, AIM_JSON_ROOT), is = valid(&after, AIM_JSON_ROOT, AIM_JSON_ROOT);
		if (was != is && aim_schemadiff_class(d) <= AIM_SCHEMADIFF_COSMETIC)
			fail_msg("%s and %s are called %s; %s is accepted by one", a, b,
			         aim_schemadiff_class_name(aim_schemadiff_class(d)), instances[i]);
	}
}

/* What schemas say of values other than objects is about sets and nothing else. */
static void check_sets(const aim_schemadiff *d, aim_json *docs[3], const char *a, const char *b)
{
	size_t n[6] = {0};
	for (size_t i = 0; i < aim_schemadiff_count(d); i++)
		n[aim_schemadiff_at(d, i)->change_class]++;
	if (n[AIM_SCHEMADIFF_INCOMPATIBLE] || n[AIM_SCHEMADIFF_UNKNOWN])
		return;
	for (size_t i = 0; i < N_INSTANCES; i++) {
		if (strchr(instances[i], '{'))
			continue;
		assert_true(is_json(docs[2], instances[i]));
		checking before = {docs[0], docs[2], 1}, after = {docs[1], docs[2], 1};
		int was = valid(&before, AIM_JSON_ROOT, AIM_JSON_ROOT), is = valid(&after, AIM_JSON_ROOT, AIM_JSON_ROOT);
		if ((was && !is && !n[AIM_SCHEMADIFF_NARROWING]) || (is && !was && !n[AIM_SCHEMADIFF_WIDENING]))
			fail_msg("%s to %s is called %s, and %s was %d and is %d", a, b,
			         aim_schemadiff_class_name(aim_schemadiff_class(d)), instances[i], was, is);
	}
}

static void laws_hold(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json *docs[3];
	static char a[TEXT], b[TEXT];
	size_t classes[6] = {0};
	(void)state;
	the_ctx = ctx;
	for (int i = 0; i < 3; i++)
		assert_status(aim_json_new(ctx, &docs[i]), AIM_OK);
	for (int round = 0; round < ROUNDS; round++) {
		aim_schemadiff *d = NULL, *x = NULL, *self = NULL;
		with_defs = random_below(3) == 0;
		with_one_of = random_below(3) == 0;
		whole_schema(a);
		change(a, b);
		if (strlen(a) > TEXT - 100 || strlen(b) > TEXT - 100 || !is_json(docs[0], a) || !is_json(docs[1], b))
			continue;
		compare(ctx, a, b, &d);
		compare(ctx, b, a, &x);
		compare(ctx, a, a, &self);
		assert_int_equal(aim_schemadiff_class(self), AIM_SCHEMADIFF_SAME);
		classes[aim_schemadiff_class(d)]++;
		check_exchange(d, x, a, b);
		check_instances(d, docs, a, b);
		check_sets(d, docs, a, b);
		aim_schemadiff_free(self);
		aim_schemadiff_free(x);
		aim_schemadiff_free(d);
	}
	for (uint32_t i = 0; i < 5; i++)
		assert_true(classes[i] > 20); /* the rounds were about something */
	for (int i = 0; i < 3; i++)
		aim_json_free(docs[i]);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(laws_hold)};
	return cmocka_run_group_tests_name("prop/schemadiff", tests, NULL, NULL);
}
