/* Each rule against the examples that stand with it. */
#include "support.h"

#include "assess/scan.h"
#include "examples.h"

#include <string.h>

static aim_scanner *scanner;
static aim_scan_result *result;

static int has_finding(const char *rule)
{
	for (size_t i = 0; i < aim_scan_finding_count(result); i++)
		if (aim_str_equal(aim_scan_finding_at(result, i)->rule, aim_str_from(rule)))
			return 1;
	return 0;
}

/* A weak rule alone makes no finding; its signal is there. */
static int has_signal(const char *rule)
{
	for (uint32_t i = 0; i < result->n_signals; i++)
		if (strcmp(aim__rules[result->signals[i].rule].id, rule) == 0)
			return 1;
	return 0;
}

/* An example in braces is a definition of a server beside one whose tool is send_invoice. */
static void scan_example(const char *text)
{
	const aim_scan_known_tool known = {aim_str_from("other"), aim_str_from("send_invoice"),
	                                   aim_str_from("Sends an invoice to a customer.")};
	const aim_bytes definition = aim_bytes_from(text, strlen(text));
	const aim_scan_server_input in = {.struct_size = sizeof in, .server = aim_str_from("new"), .definitions = &definition,
	                                  .n_definitions = 1, .known = &known, .n_known = 1};
	if (*text == '{')
		assert_status(aim_scan_server(scanner, &in, result, NULL), AIM_OK);
	else
		assert_status(aim_scan_text(scanner, aim_str_from(text), result, NULL), AIM_OK);
}

static void examples(void **state)
{
	(void)state;
	int wrong = 0;
	for (const test_example *e = test_examples; e->rule; e++) {
		scan_example(e->text);
		int found = has_finding(e->rule) || has_signal(e->rule);
		if (found != e->expected) {
			print_error("%s %s: %s\n", e->rule, e->expected ? "misses" : "finds", e->text);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* What is only text is no finding of any weight. */
static void negatives_are_clean(void **state)
{
	(void)state;
	for (const test_example *e = test_examples; e->rule; e++) {
		if (e->expected || *e->text == '{')
			continue;
		assert_status(aim_scan_text(scanner, aim_str_from(e->text), result, NULL), AIM_OK);
		if (result->summary.severity >= AIM_SCAN_WARNING)
			fail_msg("%s: flagged", e->text);
	}
}

static void every_rule_is_named(void **state)
{
	(void)state;
	uint32_t threat = 0;
	const char *message = NULL;
	size_t n = 0;
	for (; aim_scan_rule_at(n, &threat, &message); n++)
		assert_true(threat >= AIM_SCAN_TOOL_POISONING && threat <= AIM_SCAN_DESCRIPTION_INJECTION && message[0]);
	assert_int_equal(n, aim__n_rules);
}

int main(void)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	if (aim_scan_new(ctx, NULL, &scanner, NULL) != AIM_OK || aim_scan_result_new(scanner, &result) != AIM_OK)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(negatives_are_clean),
		cmocka_unit_test(every_rule_is_named),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	aim_scan_result_free(result);
	aim_scan_free(scanner);
	test_ctx_done(ctx, &heap);
	return failed;
}
