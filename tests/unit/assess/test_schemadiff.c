/* What a change of a schema is called, keyword by keyword. */
#include <aim/alert.h>
#include <aim/schemadiff.h>

#include "support.h"

#include <stdio.h>
#include <string.h>

#define SAME AIM_SCHEMADIFF_SAME
#define COSMETIC AIM_SCHEMADIFF_COSMETIC
#define NARROWING AIM_SCHEMADIFF_NARROWING
#define WIDENING AIM_SCHEMADIFF_WIDENING
#define INCOMPATIBLE AIM_SCHEMADIFF_INCOMPATIBLE
#define UNKNOWN AIM_SCHEMADIFF_UNKNOWN

static aim_bytes bytes(const char *text)
{
	return aim_bytes_from_str(aim_str_from(text));
}

static aim_schemadiff *diff(aim_ctx *ctx, const char *before, const char *after, const aim_schemadiff_options *options)
{
	aim_schemadiff *d = NULL;
	aim_error err = {0};
	aim_status rc = aim_schemadiff_new(ctx, bytes(before), bytes(after), options, &d, &err);
	if (rc != AIM_OK)
		fail_msg("%s against %s: %s", before, after, err.message);
	return d;
}

typedef struct row {
	const char *before, *after;
	uint32_t change_class;
	const char *pointer;  /* of the first change */
	const char *property; /* of the first change */
} row;

static const row rows[] = {
	/* text and order */
	{"{}", "{}", SAME, NULL, NULL},
	{"{\"type\":\"object\",\"title\":\"a\"}", "{ \"title\":\"a\",\"type\":\"object\"}", SAME, NULL, NULL},
	{"{\"title\":\"a\"}", "{\"title\":\"b\"}", COSMETIC, "/title", ""},
	{"{}", "{\"description\":\"b\"}", COSMETIC, "/description", ""},
	{"{\"examples\":[1]}", "{}", COSMETIC, "/examples", ""},
	{"{\"required\":[\"a\",\"b\"]}", "{\"required\":[\"b\",\"a\"]}", COSMETIC, "", ""},
	{"{\"type\":[\"string\",\"null\"]}", "{\"type\":[\"null\",\"string\"]}", COSMETIC, "", ""},
	{"{\"enum\":[1,2]}", "{\"enum\":[2,1.0]}", COSMETIC, "", ""},
	{"{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":1}]}", "{\"anyOf\":[{\"minimum\":1},{\"type\":\"null\"}]}", COSMETIC, "", ""},
	{"{}", "true", COSMETIC, "", ""},
	/* whole schemas */
	{"false", "false", SAME, NULL, NULL},
	/* a number without a canonical form is the same as itself */
	{"{\"title\":[1e9999999999]}", "{\"title\":[1e9999999999]}", SAME, NULL, NULL},
	{"true", "false", NARROWING, "", ""},
	{"false", "{\"type\":\"null\"}", WIDENING, "", ""},
	{"{}", "3", UNKNOWN, "", ""},
	{"[]", "[1]", UNKNOWN, "", ""},
	/* type */
	{"{\"type\":\"string\"}", "{\"type\":\"integer\"}", INCOMPATIBLE, "/type", ""},
	{"{\"type\":\"number\"}", "{\"type\":\"integer\"}", NARROWING, "/type", ""},
	{"{\"type\":\"integer\"}", "{\"type\":[\"number\"]}", WIDENING, "/type", ""},
	{"{\"type\":[\"integer\",\"number\"]}", "{\"type\":\"number\"}", COSMETIC, "", ""},
	{"{}", "{\"type\":\"string\"}", NARROWING, "/type", ""},
	{"{\"type\":\"string\"}", "{}", WIDENING, "/type", ""},
	{"{\"type\":\"string\"}", "{\"type\":\"text\"}", UNKNOWN, "/type", ""},
	{"{\"type\":\"string\"}", "{\"type\":[]}", UNKNOWN, "/type", ""},
	{"{\"type\":\"string\"}", "{\"type\":[\"string\",3]}", UNKNOWN, "/type", ""},
	/* enum, const */
	{"{\"enum\":[1,2]}", "{\"enum\":[1]}", NARROWING, "/enum", ""},
	{"{\"enum\":[1]}", "{\"enum\":[1,{\"a\":2}]}", WIDENING, "/enum", ""},
	{"{\"enum\":[1]}", "{\"enum\":[\"1\"]}", INCOMPATIBLE, "/enum", ""},
	{"{\"const\":1}", "{\"enum\":[1]}", COSMETIC, "", ""},
	{"{\"const\":1}", "{\"enum\":[1,2]}", WIDENING, "/enum", ""},
	{"{\"const\":[1]}", "{\"const\":[2]}", INCOMPATIBLE, "/const", ""},
	{"{\"const\":[1]}", "{\"const\":[1.0]}", SAME, NULL, NULL},
	{"{}", "{\"const\":null}", NARROWING, "/const", ""},
	{"{\"enum\":[1]}", "{}", WIDENING, "/enum", ""},
	{"{\"enum\":1}", "{\"enum\":[1]}", UNKNOWN, "/enum", ""},
	{"{\"enum\":[1],\"const\":1}", "{\"enum\":[1]}", UNKNOWN, "/const", ""},
	{"{\"enum\":[9007199254740993]}", "{\"enum\":[9007199254740992]}", INCOMPATIBLE, "/enum", ""},
	{"{\"enum\":[1e9999999999]}", "{\"enum\":[2e9999999999]}", UNKNOWN, "/enum", ""},
	/* bounds */
	{"{\"minimum\":1}", "{\"minimum\":2}", NARROWING, "/minimum", ""},
	{"{\"minimum\":1}", "{\"minimum\":-1e3}", WIDENING, "/minimum", ""},
	{"{\"minimum\":1}", "{\"minimum\":1.0}", SAME, NULL, NULL},
	{"{\"minimum\":1}", "{}", WIDENING, "/minimum", ""},
	{"{\"minimum\":1}", "{\"exclusiveMinimum\":1}", NARROWING, "/exclusiveMinimum", ""},
	{"{\"minimum\":1}", "{\"exclusiveMinimum\":0.5}", WIDENING, "/exclusiveMinimum", ""},
	{"{\"minimum\":1}", "{\"minimum\":1,\"exclusiveMinimum\":0}", COSMETIC, "", ""},
	{"{\"minimum\":true}", "{\"minimum\":false}", UNKNOWN, "/minimum", ""},
	{"{\"minimum\":1,\"exclusiveMinimum\":true}", "{\"minimum\":2,\"exclusiveMinimum\":true}", UNKNOWN, "/minimum", ""},
	{"{\"maximum\":1}", "{\"maximum\":2}", WIDENING, "/maximum", ""},
	{"{\"maximum\":1}", "{\"exclusiveMaximum\":1}", NARROWING, "/exclusiveMaximum", ""},
	{"{\"exclusiveMaximum\":1}", "{\"maximum\":1,\"exclusiveMaximum\":7}", WIDENING, "/maximum", ""},
	{"{\"maximum\":1e400}", "{\"maximum\":2e400}", WIDENING, "/maximum", ""},
	{"{\"minimum\":1,\"maximum\":5}", "{\"minimum\":2,\"maximum\":6}", WIDENING, "/minimum", ""},
	{"{\"minLength\":1}", "{\"minLength\":0}", WIDENING, "/minLength", ""},
	{"{\"minLength\":0}", "{}", COSMETIC, "", ""},
	{"{\"maxLength\":9}", "{}", WIDENING, "/maxLength", ""},
	{"{}", "{\"maxLength\":9}", NARROWING, "/maxLength", ""},
	{"{\"minItems\":1}", "{\"minItems\":2}", NARROWING, "/minItems", ""},
	{"{\"maxItems\":1}", "{\"maxItems\":2}", WIDENING, "/maxItems", ""},
	{"{\"minProperties\":1}", "{\"minProperties\":2}", NARROWING, "/minProperties", ""},
	{"{\"maxProperties\":1}", "{\"maxProperties\":2}", WIDENING, "/maxProperties", ""},
	{"{\"uniqueItems\":false}", "{\"uniqueItems\":true}", NARROWING, "/uniqueItems", ""},
	{"{\"uniqueItems\":true}", "{}", WIDENING, "/uniqueItems", ""},
	{"{\"uniqueItems\":false}", "{}", COSMETIC, "", ""},
	{"{\"uniqueItems\":1}", "{}", UNKNOWN, "/uniqueItems", ""},
	{"{\"multipleOf\":3}", "{\"multipleOf\":6}", NARROWING, "/multipleOf", ""},
	{"{\"multipleOf\":6}", "{\"multipleOf\":3}", WIDENING, "/multipleOf", ""},
	{"{\"multipleOf\":4}", "{\"multipleOf\":6}", INCOMPATIBLE, "/multipleOf", ""},
	{"{\"multipleOf\":0.1}", "{\"multipleOf\":0.2}", INCOMPATIBLE, "/multipleOf", ""},
	{"{\"multipleOf\":0.1}", "{}", WIDENING, "/multipleOf", ""},
	{"{\"multipleOf\":\"x\"}", "{}", UNKNOWN, "/multipleOf", ""},
	{"{\"pattern\":\"^a\"}", "{\"pattern\":\"^b\"}", UNKNOWN, "/pattern", ""},
	{"{\"pattern\":\"^a\"}", "{}", WIDENING, "/pattern", ""},
	{"{}", "{\"pattern\":\"^a\"}", NARROWING, "/pattern", ""},
	{"{}", "{\"pattern\":7}", UNKNOWN, "/pattern", ""},
	/* properties */
	{"{\"properties\":{\"a\":{}}}", "{\"properties\":{\"a\":{},\"note\":{}}}", WIDENING, "/properties/note", "note"},
	{"{}", "{\"properties\":{\"note\":{}}}", WIDENING, "/properties/note", "note"},
	{"{\"additionalProperties\":false}", "{\"additionalProperties\":false,\"properties\":{\"n/t\":{}}}", WIDENING,
     "/properties/n~1t", "n/t"},
	{"{\"properties\":{\"a\":{},\"b\":{}}}", "{\"properties\":{\"a\":{}}}", NARROWING, "/properties/b", "b"},
	{"{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"properties\":{\"a\":{}}}", WIDENING, "/properties/a/type", ""},
	{"{\"properties\":{\"a\":{\"properties\":{}}}}", "{\"properties\":{\"a\":{\"properties\":{\"b\":true}}}}", WIDENING,
     "/properties/a/properties/b", "b"},
	{"{\"properties\":{\"title\":{\"type\":\"string\"}}}", "{\"properties\":{\"title\":{\"type\":\"null\"}}}",
     INCOMPATIBLE, "/properties/title/type", ""},
	{"{\"properties\":[]}", "{\"properties\":{}}", UNKNOWN, "/properties", ""},
	{"{\"required\":[\"a\"]}", "{\"required\":[\"a\",\"key\",\"key\"]}", WIDENING, "/required/1", "key"},
	{"{}", "{\"required\":[\"key\"]}", WIDENING, "/required/0", "key"},
	{"{\"required\":[\"a\",\"b\"]}", "{\"required\":[\"b\"]}", NARROWING, "/required/0", "a"},
	{"{\"required\":[\"a\",\"a\"]}", "{\"required\":[\"a\"]}", COSMETIC, "", ""},
	{"{\"required\":true}", "{\"required\":[\"a\"]}", UNKNOWN, "/required", ""},
	{"{\"required\":[1]}", "{\"required\":[\"a\"]}", UNKNOWN, "/required", ""},
	{"{}", "{\"additionalProperties\":false}", NARROWING, "/additionalProperties", ""},
	{"{\"additionalProperties\":false}", "{\"additionalProperties\":true}", WIDENING, "/additionalProperties", ""},
	{"{\"additionalProperties\":true}", "{}", COSMETIC, "", ""},
	{"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"additionalProperties\":{\"type\":\"number\"}}", INCOMPATIBLE,
     "/additionalProperties/type", ""},
	{"{}", "{\"additionalProperties\":{\"properties\":{\"x\":{}}}}", WIDENING, "/additionalProperties/properties/x", "x"},
	{"{\"items\":{\"type\":\"string\"}}", "{\"items\":{}}", WIDENING, "/items/type", ""},
	{"{}", "{\"items\":{\"minimum\":3}}", NARROWING, "/items/minimum", ""},
	{"{\"items\":[{}]}", "{\"items\":[{},{}]}", UNKNOWN, "/items", ""},
	/* branches */
	{"{\"anyOf\":[{\"type\":\"null\"}]}", "{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":1}]}", WIDENING, "/anyOf/1", ""},
	{"{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":1}]}", "{\"anyOf\":[{\"minimum\":1}]}", NARROWING, "/anyOf/0", ""},
	{"{\"anyOf\":[{\"minimum\":1},{\"type\":\"null\"}]}", "{\"anyOf\":[{\"type\":\"null\"},{\"minimum\":2}]}", NARROWING,
     "/anyOf/1/minimum", ""},
	{"{}", "{\"anyOf\":[{\"type\":\"null\"}]}", NARROWING, "/anyOf/0/type", ""},
	{"{}", "{\"anyOf\":[{\"properties\":{\"key\":{}}}]}", WIDENING, "/anyOf/0/properties/key", "key"},
	{"{\"anyOf\":[{\"type\":\"null\"}]}", "{}", WIDENING, "/anyOf/0/type", ""},
	{"{\"anyOf\":[]}", "{}", UNKNOWN, "/anyOf", ""},
	{"{\"allOf\":[{\"minimum\":1}]}", "{\"allOf\":[{\"minimum\":1},{\"maximum\":9}]}", NARROWING, "/allOf/1/maximum", ""},
	{"{\"allOf\":[{\"minimum\":1},{\"maximum\":9}]}", "{\"allOf\":[{\"maximum\":9}]}", WIDENING, "/allOf/0/minimum", ""},
	{"{\"allOf\":[{\"minimum\":1}]}", "{\"allOf\":[{\"minimum\":1},{\"properties\":{\"x\":{}}}]}", WIDENING,
     "/allOf/1/properties/x", "x"},
	{"{\"allOf\":[{\"title\":\"a\"}]}", "{\"allOf\":[{\"title\":\"b\"}]}", COSMETIC, "/allOf/0/title", ""},
	{"{\"oneOf\":[{\"title\":\"a\"}]}", "{\"oneOf\":[{\"title\":\"b\"}]}", COSMETIC, "/oneOf/0/title", ""},
	{"{\"oneOf\":[{\"minimum\":1}]}", "{\"oneOf\":[{\"minimum\":2}]}", INCOMPATIBLE, "/oneOf/0/minimum", ""},
	{"{\"oneOf\":[{\"minimum\":1}]}", "{\"oneOf\":[{\"minimum\":1},{\"minimum\":1}]}", INCOMPATIBLE, "/oneOf/1", ""},
	{"{}", "{\"oneOf\":[{},{}]}", INCOMPATIBLE, "/oneOf", ""},
	{"{\"oneOf\":[{\"properties\":{}}]}", "{\"oneOf\":[{\"properties\":{\"key\":{}}}]}", INCOMPATIBLE,
     "/oneOf/0/properties/key", "key"},
	/* a bound on a property that is named elsewhere, too */
	{"{\"properties\":{\"a\":{}},\"allOf\":[{\"properties\":{\"a\":{\"const\":1}}}]}", "{\"properties\":{\"a\":{}}}",
     INCOMPATIBLE, "/allOf/0/properties/a", "a"},
	{"{\"properties\":{\"a\":{}},\"anyOf\":[{\"properties\":{\"a\":{\"const\":1}}}]}",
     "{\"properties\":{\"a\":{}},\"anyOf\":[{\"properties\":{}}]}", INCOMPATIBLE, "/anyOf/0/properties/a", "a"},
	{"{\"properties\":{\"a\":{}},\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"properties\":{\"a\":{\"const\":1}}}}}",
     "{\"properties\":{\"a\":{}},\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"properties\":{}}}}", INCOMPATIBLE, NULL, NULL},
	/* references */
	{"{\"$dynamicRef\":\"#t\",\"$defs\":{\"t\":{\"$dynamicAnchor\":\"t\",\"type\":\"null\"}}}",
     "{\"$dynamicRef\":\"#t\",\"$defs\":{\"t\":{\"$dynamicAnchor\":\"t\"}}}", UNKNOWN, "/$dynamicRef", ""},
	{"{\"items\":{\"$recursiveRef\":\"#\"},\"title\":\"a\"}", "{\"items\":{\"$recursiveRef\":\"#\"},\"title\":\"b\"}",
     UNKNOWN, NULL, NULL},
	{"{\"$defs\":{\"t\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/$defs/t\"}}",
     "{\"$defs\":{\"t\":{\"type\":[\"null\",\"string\"]}},\"items\":{\"$ref\":\"#/$defs/t\"}}", WIDENING, NULL, NULL},
	{"{\"$defs\":{\"t\":{\"type\":\"null\"}},\"items\":{\"$ref\":\"#/$defs/t\"}}", "{\"items\":{\"type\":\"null\"}}",
     COSMETIC, "/$defs", ""},
	{"{\"$defs\":{\"t\":{\"type\":\"null\"}},\"items\":{\"title\":\"x\",\"$ref\":\"#/$defs/t\"}}",
     "{\"definitions\":{\"t\":{\"type\":\"null\"}},\"items\":{\"title\":\"x\",\"$ref\":\"#/definitions/t\"}}", COSMETIC, "/$defs",
     ""},
	{"{\"$defs\":{\"t\":{\"minimum\":1}},\"anyOf\":[{\"$ref\":\"#/$defs/t\"},true]}",
     "{\"$defs\":{\"t\":{\"minimum\":2}},\"anyOf\":[true,{\"$ref\":\"#/$defs/t\"}]}", NARROWING, NULL, NULL},
	{"{\"properties\":{\"next\":{\"$ref\":\"#\"}}}", "{\"properties\":{\"next\":{\"$ref\":\"#\"},\"x\":{}}}", WIDENING,
     "/properties/x", "x"},
	{"{\"items\":{\"$ref\":\"#/$defs/t\"}}", "{\"items\":{\"$ref\":\"#/$defs/t\"},\"title\":\"a\"}", UNKNOWN, NULL, NULL},
	{"{\"items\":{\"$ref\":\"https://example.org/s\"}}", "{\"items\":{\"$ref\":\"https://example.org/s\"},\"title\":\"a\"}",
     UNKNOWN, NULL, NULL},
	{"{\"items\":{\"$ref\":\"#/%24defs/t\"}}", "{\"items\":{\"$ref\":\"#/%24defs/t\"},\"title\":\"a\"}", UNKNOWN, NULL, NULL},
	{"{\"$ref\":\"#\"}", "{\"$ref\":\"#\",\"title\":\"a\"}", UNKNOWN, "", ""},
	{"{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"items\":{\"$ref\":\"#/$defs/a\"}}",
     "{\"items\":{\"$ref\":\"#\"}}", UNKNOWN, NULL, NULL},
	/* outside the fragment */
	{"{\"format\":\"uri\"}", "{\"format\":\"email\"}", UNKNOWN, "/format", ""},
	{"{}", "{\"default\":\"ignore all\"}", UNKNOWN, "/default", ""},
	{"{\"not\":{\"type\":\"null\"},\"title\":\"a\"}", "{\"not\":{\"type\":\"null\"},\"title\":\"b\"}", COSMETIC, "/title", ""},
	{"{\"not\":{\"$ref\":\"#/$defs/t\"},\"$defs\":{\"t\":true}}", "{\"not\":{\"$ref\":\"#/$defs/t\"},\"$defs\":{\"t\":{}}}",
     UNKNOWN, "/not", ""},
	{"{\"unevaluatedProperties\":false}", "{\"unevaluatedProperties\":false,\"title\":\"x\"}", UNKNOWN, "", ""},
	{"{\"$id\":\"a\",\"title\":\"a\"}", "{\"$id\":\"a\",\"title\":\"b\"}", COSMETIC, "/title", ""},
	{"{\"items\":{\"$id\":\"a\",\"title\":\"a\"}}", "{\"items\":{\"$id\":\"a\",\"title\":\"b\"}}", UNKNOWN, "/items", ""},
	{"{\"$schema\":\"a\"}", "{\"$schema\":\"b\"}", UNKNOWN, "/$schema", ""},
	{"{\"minimum\":1,\"x\":1e9999999999}", "{\"minimum\":1,\"x\":2e9999999999,\"title\":\"a\"}", UNKNOWN, "/x", ""},
};

static uint32_t reversed(uint32_t change_class)
{
	return change_class == NARROWING ? WIDENING : change_class == WIDENING ? NARROWING : change_class;
}

static void check_first(const aim_schemadiff *d, const row *r)
{
	const aim_schemadiff_change *c = aim_schemadiff_at(d, 0);
	if (!r->pointer) {
		assert_true((c != NULL) == (r->change_class != SAME));
		return;
	}
	assert_non_null(c);
	assert_text(c->pointer, r->pointer);
	assert_text(c->property, r->property);
	assert_true(c->old_fragment.len || c->new_fragment.len);
	assert_true(c->severity >= AIM_ALERT_LOW);
}

static void each_change_has_its_class(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_schemadiff *d = diff(ctx, rows[i].before, rows[i].after, NULL);
		if (aim_schemadiff_class(d) != rows[i].change_class)
			fail_msg("%s against %s is %s, expected %s", rows[i].before, rows[i].after,
			         aim_schemadiff_class_name(aim_schemadiff_class(d)), aim_schemadiff_class_name(rows[i].change_class));
		check_first(d, &rows[i]);
		aim_schemadiff_free(d);
	}
	test_ctx_done(ctx, &heap);
}

/* As an output schema, and with the two exchanged: the same changes, seen from the other side. */
/* Inside branches a property that goes may have been a bound, and one that comes is new all the same. */
static int are_reversed(const aim_schemadiff_change *a, const aim_schemadiff_change *b)
{
	if (a->property.len && a->change_class + b->change_class == WIDENING + INCOMPATIBLE)
		return 1;
	return a->change_class == reversed(b->change_class);
}

static void direction_is_reversed(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_schemadiff_options output = {.struct_size = sizeof output, .flags = AIM_SCHEMADIFF_OUTPUT};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_schemadiff *d = diff(ctx, rows[i].before, rows[i].after, NULL);
		aim_schemadiff *o = diff(ctx, rows[i].before, rows[i].after, &output);
		aim_schemadiff *x = diff(ctx, rows[i].after, rows[i].before, NULL);
		assert_int_equal(aim_schemadiff_count(d), aim_schemadiff_count(x));
		assert_int_equal(aim_schemadiff_total(o), aim_schemadiff_total(x));
		for (size_t k = 0; k < aim_schemadiff_count(d); k++) {
			const aim_schemadiff_change *c = aim_schemadiff_at(x, k);
			int found = 0;
			for (size_t n = 0; n < aim_schemadiff_count(d); n++) {
				const aim_schemadiff_change *b = aim_schemadiff_at(d, n);
				found |= are_reversed(b, c) && aim_str_equal(b->property, c->property) &&
				         b->old_fragment.len == c->new_fragment.len;
			}
			assert_true(found);
			assert_int_equal(aim_schemadiff_at(o, k)->change_class, c->change_class);
		}
		aim_schemadiff_free(x);
		aim_schemadiff_free(o);
		aim_schemadiff_free(d);
	}
	test_ctx_done(ctx, &heap);
}

static void fragments_are_those_of_the_texts(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_schemadiff_options output = {.struct_size = sizeof output, .flags = AIM_SCHEMADIFF_OUTPUT};
	(void)state;
	for (int i = 0; i < 2; i++) {
		aim_schemadiff *d = diff(ctx, "{\"properties\":{\"a\":{\"maximum\": 5}}}",
		                         "{\"properties\":{\"a\":{\"maximum\": 6},\"note\":{\"type\":\"string\"}}}", i ? &output : NULL);
		assert_int_equal(aim_schemadiff_count(d), 2);
		const aim_schemadiff_change *c = aim_schemadiff_at(d, 0);
		aim_str old = {(const char *)c->old_fragment.ptr, c->old_fragment.len};
		aim_str fresh = {(const char *)c->new_fragment.ptr, c->new_fragment.len};
		assert_text(old, "5");
		assert_text(fresh, "6");
		assert_int_equal(c->change_class, i ? NARROWING : WIDENING);
		c = aim_schemadiff_at(d, 1);
		fresh = (aim_str){(const char *)c->new_fragment.ptr, c->new_fragment.len};
		assert_int_equal(c->old_fragment.len, 0);
		assert_text(fresh, "{\"type\":\"string\"}");
		assert_int_equal(c->change_class, i ? NARROWING : WIDENING);
		assert_null(aim_schemadiff_at(d, 2));
		aim_schemadiff_free(d);
	}
	test_ctx_done(ctx, &heap);
}

static void severities_are_an_argument(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_schemadiff_options o = {.struct_size = sizeof o};
	static const struct {
		const char *before, *after;
		uint32_t severity, given;
	} table[] = {
		{"{}", "{}", 0, 0},
		{"{}", "{\"title\":\"a\"}", AIM_ALERT_LOW, AIM_ALERT_INFO},
		{"{}", "{\"type\":\"null\"}", AIM_ALERT_MEDIUM, AIM_ALERT_MEDIUM},
		{"{}", "{\"required\":[\"a\"]}", AIM_ALERT_HIGH, AIM_ALERT_CRITICAL},
		{"{\"const\":1}", "{\"const\":2}", AIM_ALERT_HIGH, AIM_ALERT_LOW},
		{"{}", "{\"default\":2}", AIM_ALERT_HIGH, AIM_ALERT_HIGH},
	};
	(void)state;
	o.severities[AIM_SCHEMADIFF_COSMETIC] = AIM_ALERT_INFO;
	o.severities[AIM_SCHEMADIFF_WIDENING] = AIM_ALERT_CRITICAL;
	o.severities[AIM_SCHEMADIFF_INCOMPATIBLE] = AIM_ALERT_LOW;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		aim_schemadiff *d = diff(ctx, table[i].before, table[i].after, NULL);
		assert_int_equal(aim_schemadiff_severity(d), table[i].severity);
		aim_schemadiff_free(d);
		d = diff(ctx, table[i].before, table[i].after, &o);
		assert_int_equal(aim_schemadiff_severity(d), table[i].given);
		aim_schemadiff_free(d);
	}
	test_ctx_done(ctx, &heap);
}

static size_t repeat(char *out, const char *text, int times)
{
	size_t n = 0, len = strlen(text);
	for (int i = 0; i < times; i++, n += len)
		memcpy(out + n, text, len);
	out[n] = 0;
	return n;
}

static void depth_and_work_are_bounded(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_schemadiff_options o = {.struct_size = sizeof o, .max_work = 50};
	static char before[4000], after[4000];
	(void)state;
	size_t n = repeat(before, "{\"items\":", 50);
	memcpy(after, before, n);
	size_t a = n + repeat(before + n, "", 1), b = n;
	a += (size_t)snprintf(before + a, 40, "{\"type\":\"null\"}");
	b += (size_t)snprintf(after + b, 40, "{\"type\":\"string\"}");
	repeat(before + a, "}", 50);
	repeat(after + b, "}", 50);
	aim_schemadiff *d = diff(ctx, before, after, NULL);
	assert_int_equal(aim_schemadiff_class(d), INCOMPATIBLE);
	aim_schemadiff_free(d);
	d = diff(ctx, before, after, &o);
	assert_int_equal(aim_schemadiff_class(d), UNKNOWN);
	assert_int_equal(aim_schemadiff_count(d), 1);
	aim_schemadiff_free(d);
	o.max_work = 0;
	o.max_depth = 49;
	d = diff(ctx, before, after, &o);
	assert_int_equal(aim_schemadiff_class(d), UNKNOWN);
	assert_int_equal(aim_schemadiff_at(d, 0)->pointer.len, 49 * strlen("/items"));
	aim_schemadiff_free(d);
	test_ctx_done(ctx, &heap);
}

/* Every pair of definitions is compared, 160 times 160 of them, unless somebody counts. */
static void references_do_not_multiply_the_work(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	static char texts[2][40000];
	(void)state;
	for (int t = 0; t < 2; t++) {
		size_t n = (size_t)snprintf(texts[t], 100, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
		for (int i = 0; i < 160; i++)
			n += (size_t)snprintf(texts[t] + n, 200, "%s\"d%d\":{\"%s\":{\"$ref\":\"#/$defs/d%d\"},\"%s\":{\"$ref\":\"#/$defs/d%d\"}}",
			                      i ? "," : "", i, "items", (i * 7 + 1 + t * 3) % 160, "additionalProperties",
			                      (i * 11 + 2 + t * 5) % 160);
		snprintf(texts[t] + n, 100, "}}");
	}
	aim_schemadiff *d = diff(ctx, texts[0], texts[1], NULL);
	assert_true(aim_schemadiff_class(d) == UNKNOWN || aim_schemadiff_class(d) == COSMETIC);
	aim_schemadiff_free(d);
	test_ctx_done(ctx, &heap);
}

static void more_changes_than_are_listed_still_count(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	static char after[20000];
	(void)state;
	size_t n = (size_t)snprintf(after, 100, "{\"properties\":{");
	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(after + n, 100, "%s\"p%d\":{}", i ? "," : "", i);
	snprintf(after + n, 100, "},\"required\":[\"p1\"],\"format\":\"x\"}");
	aim_schemadiff *d = diff(ctx, "{\"format\":\"y\"}", after, NULL);
	assert_int_equal(aim_schemadiff_count(d), AIM_SCHEMADIFF_MAX_CHANGES);
	assert_int_equal(aim_schemadiff_total(d), 302);
	assert_int_equal(aim_schemadiff_class(d), UNKNOWN);
	aim_schemadiff_free(d);
	test_ctx_done(ctx, &heap);
}

static void values_of_documents_keep_their_place(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json *before = NULL, *after = NULL;
	aim_schemadiff *d = NULL;
	aim_str schema = aim_str_from("inputSchema");
	(void)state;
	assert_status(aim_json_new(ctx, &before), AIM_OK);
	assert_status(aim_json_new(ctx, &after), AIM_OK);
	assert_status(aim_json_parse(before, bytes("{\"inputSchema\":{\"$defs\":{\"a\":{\"minimum\":1}},\"items\":{\"$ref\":\"#/$defs/a\"}}}"),
	                             0, NULL), AIM_OK);
	assert_status(aim_json_parse(after, bytes("{\"inputSchema\":{\"$defs\":{\"a\":{\"minimum\":0}},\"items\":{\"$ref\":\"#/$defs/a\"}}}"),
	                             0, NULL), AIM_OK);
	aim_json_value v[2] = {aim_json_member(before, AIM_JSON_ROOT, schema), aim_json_member(after, AIM_JSON_ROOT, schema)};
	assert_status(aim_schemadiff_values(ctx, before, v[0], after, v[1], NULL, &d, NULL), AIM_OK);
	assert_int_equal(aim_schemadiff_class(d), WIDENING);
	assert_text(aim_schemadiff_at(d, 1)->pointer, "/inputSchema/$defs/a/minimum");
	aim_schemadiff_free(d);
	assert_status(aim_schemadiff_values(ctx, before, AIM_JSON_NONE, after, v[1], NULL, &d, NULL), AIM_OK);
	assert_int_equal(aim_schemadiff_class(d), NARROWING);
	aim_schemadiff_free(d);
	assert_status(aim_schemadiff_values(ctx, before, AIM_JSON_NONE, after, AIM_JSON_NONE, NULL, &d, NULL), AIM_OK);
	assert_int_equal(aim_schemadiff_class(d), SAME);
	aim_schemadiff_free(d);
	aim_json_free(after);
	aim_json_free(before);
	test_ctx_done(ctx, &heap);
}

static void misuse_is_refused(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_schemadiff *d = NULL;
	aim_error err = {0};
	aim_schemadiff_options o = {.struct_size = sizeof o, .flags = 2};
	(void)state;
	assert_status(aim_schemadiff_new(NULL, bytes("{}"), bytes("{}"), NULL, &d, NULL), AIM_E_INVALID);
	assert_status(aim_schemadiff_new(ctx, bytes("{}"), bytes("{}"), NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_schemadiff_new(ctx, bytes("{}"), bytes("{"), NULL, &d, &err), AIM_E_JSON_SYNTAX);
	assert_status(aim_schemadiff_new(ctx, bytes("{}"), bytes("{}"), &o, &d, &err), AIM_E_VERSION);
	o.flags = 0;
	o.severities[2] = 6;
	assert_status(aim_schemadiff_new(ctx, bytes("{}"), bytes("{}"), &o, &d, &err), AIM_E_INVALID);
	assert_null(d);
	aim_schemadiff_free(NULL);
	assert_int_equal(aim_schemadiff_class(NULL), UNKNOWN);
	assert_int_equal(aim_schemadiff_severity(NULL), AIM_ALERT_HIGH);
	assert_int_equal(aim_schemadiff_count(NULL), 0);
	assert_null(aim_schemadiff_at(NULL, 0));
	assert_string_equal(aim_schemadiff_class_name(9), "unknown");
	test_ctx_done(ctx, &heap);
}

static aim_status compare_once(aim_ctx *ctx, void *arg)
{
	aim_schemadiff *d = NULL;
	const row *r = arg;
	aim_status rc = aim_schemadiff_new(ctx, bytes(r->before), bytes(r->after), NULL, &d, NULL);
	aim_schemadiff_free(d);
	return rc;
}

static void each_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i += 7)
		test_each_allocation_fails(compare_once, (void *)(uintptr_t)&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_has_its_class),
		cmocka_unit_test(direction_is_reversed),
		cmocka_unit_test(fragments_are_those_of_the_texts),
		cmocka_unit_test(severities_are_an_argument),
		cmocka_unit_test(depth_and_work_are_bounded),
		cmocka_unit_test(references_do_not_multiply_the_work),
		cmocka_unit_test(more_changes_than_are_listed_still_count),
		cmocka_unit_test(values_of_documents_keep_their_place),
		cmocka_unit_test(misuse_is_refused),
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("assess/schemadiff", tests, NULL, NULL);
}
