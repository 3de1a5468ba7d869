/* What differs between two definitions, and how grave that is. */
#include "assess/difference.h"

#include "codec/json.h"
#include "support.h"

#include <aim/baseline.h>

#include <stdio.h>
#include <string.h>

static void parse(aim_json *doc, const char *json)
{
	assert_status(aim_json_parse(doc, aim_bytes_from_str(aim_str_from(json)), 0, NULL), AIM_OK);
}

static void compare(const char *before, const char *after, const char *members, uint32_t changes,
                    uint32_t severity)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_json old, fresh;
	aim__difference d;
	char names[256] = "";
	aim__json_init(&old, ctx);
	aim__json_init(&fresh, ctx);
	parse(&old, before);
	parse(&fresh, after);
	assert_status(aim__difference_find(ctx, &old, &fresh, &d, NULL), AIM_OK);
	for (size_t i = 0; i < d.n_members; i++) {
		strncat(names, d.members[i].ptr, d.members[i].len);
		strncat(names, " ", 2);
	}
	assert_string_equal(names, members);
	assert_int_equal(d.changes, changes);
	assert_int_equal(d.severity, severity);
	aim__difference_dispose(ctx, &d);
	aim__json_dispose(&fresh);
	aim__json_dispose(&old);
	test_ctx_done(ctx, &heap);
}

static void members_are_named_in_order(void **state)
{
	(void)state;
	compare("{\"name\":\"n\",\"title\":\"a\",\"description\":\"d\",\"x\":1}",
	        "{\"x\":1.0,\"y\":null,\"description\":\"D\",\"name\":\"n\"}", "description title y ",
	        AIM_BASELINE_DESCRIPTION | AIM_BASELINE_OTHER, AIM_BASELINE_HIGH);
	compare("{\"name\":\"n\"}", "{ \"name\" : \"\\u006e\" }", "", 0, AIM_BASELINE_INFO);
	compare("{\"name\":\"n\"}", "{\"name\":\"n\",\"\":1}", " ", AIM_BASELINE_OTHER, AIM_BASELINE_HIGH);
}

static void members_have_their_weight(void **state)
{
	(void)state;
	compare("{}", "{\"icons\":[]}", "icons ", AIM_BASELINE_OTHER, AIM_BASELINE_LOW);
	compare("{}", "{\"_meta\":{}}", "_meta ", AIM_BASELINE_OTHER, AIM_BASELINE_MEDIUM);
	compare("{}", "{\"icons\":[],\"_meta\":{}}", "_meta icons ", AIM_BASELINE_OTHER, AIM_BASELINE_MEDIUM);
	compare("{}", "{\"outputSchema\":{}}", "outputSchema ", AIM_BASELINE_SCHEMA, AIM_BASELINE_HIGH);
	compare("{\"instructions\":\"a\"}", "{}", "instructions ", AIM_BASELINE_INSTRUCTIONS,
	        AIM_BASELINE_HIGH);
	compare("{}", "{\"x-new\":1}", "x-new ", AIM_BASELINE_OTHER, AIM_BASELINE_HIGH);
}

static void annotations_weigh_more_when_authority_widens(void **state)
{
	static const struct {
		const char *before, *after;
		uint32_t severity;
	} rows[] = {
		{"{\"readOnlyHint\":true}", "{\"readOnlyHint\":false}", AIM_BASELINE_HIGH},
		{"{\"readOnlyHint\":true}", "{}", AIM_BASELINE_HIGH},
		{"{\"readOnlyHint\":false}", "{\"readOnlyHint\":true}", AIM_BASELINE_MEDIUM},
		{"{\"destructiveHint\":false}", "{\"destructiveHint\":true}", AIM_BASELINE_HIGH},
		{"{\"destructiveHint\":false}", "{}", AIM_BASELINE_HIGH},
		{"{\"destructiveHint\":true}", "{}", AIM_BASELINE_MEDIUM},
		{"{\"openWorldHint\":false}", "{\"openWorldHint\":\"no\"}", AIM_BASELINE_HIGH},
		{"{\"idempotentHint\":true}", "{\"idempotentHint\":false}", AIM_BASELINE_MEDIUM},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char before[100], after[100];
		snprintf(before, sizeof before, "{\"annotations\":%s}", rows[i].before);
		snprintf(after, sizeof after, "{\"annotations\":%s}", rows[i].after);
		compare(before, after, "annotations ", AIM_BASELINE_ANNOTATIONS, rows[i].severity);
	}
	compare("{\"annotations\":{\"readOnlyHint\":true}}", "{}", "annotations ", AIM_BASELINE_ANNOTATIONS,
	        AIM_BASELINE_HIGH);
}

static void many_members_are_weighed_and_few_named(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	static char before[200000], after[200000];
	aim_json old, fresh;
	aim__difference d;
	size_t n = 0;
	(void)state;
	strcpy(before, "{\"name\":\"n\"}");
	after[n++] = '{';
	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(after + n, sizeof after - n, "\"m%d\":%d,", i, i);
	strcpy(after + n, "\"title\":\"t\",\"name\":\"n\"}");
	aim__json_init(&old, ctx);
	aim__json_init(&fresh, ctx);
	parse(&old, before);
	parse(&fresh, after);
	assert_status(aim__difference_find(ctx, &old, &fresh, &d, NULL), AIM_OK);
	assert_int_equal(d.n_members, AIM__DIFFERENCE_MAX_MEMBERS);
	assert_int_equal(d.changes, AIM_BASELINE_DESCRIPTION | AIM_BASELINE_OTHER);
	aim__difference_dispose(ctx, &d);
	aim__json_dispose(&fresh);
	aim__json_dispose(&old);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_named_in_order),
		cmocka_unit_test(members_have_their_weight),
		cmocka_unit_test(annotations_weigh_more_when_authority_widens),
		cmocka_unit_test(many_members_are_weighed_and_few_named),
	};
	return cmocka_run_group_tests_name("assess/difference", tests, NULL, NULL);
}
