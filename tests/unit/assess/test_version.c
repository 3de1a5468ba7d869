/* Orders of versions and CVSS scores, by the standards' examples; and the laws of an order, on the same versions. */
#include "support.h"

#include <aim/advisory.h>

#include <stdio.h>
#include <string.h>

static const char *orders_path, *scores_path;

/* Calls row for each line that is no comment, cut at its tabs. */
static void each_row(const char *path, void (*row)(char *fields[3]))
{
	char line[512];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		char *fields[3] = {line, NULL, NULL};
		if (*line == '#')
			continue;
		line[strcspn(line, "\n")] = 0;
		for (size_t i = 1; i < 3 && fields[i - 1] && (fields[i] = strchr(fields[i - 1], '\t')); i++)
			*fields[i]++ = 0;
		row(fields);
	}
	fclose(f);
}

static int order(const char *ecosystem, const char *a, const char *b)
{
	int32_t o = 7;
	aim_error err = {0};
	if (aim_advisory_compare_versions(aim_str_from(ecosystem), aim_str_from(a), aim_str_from(b), &o, &err) != AIM_OK)
		fail_msg("%s, %s: %s", a, b, err.message);
	return o;
}

static void check_order(char *fields[3])
{
	char *versions[32];
	size_t n = 0;
	for (char *v = strtok(fields[2], " "); v; v = strtok(NULL, " "))
		versions[n++] = v;
	for (size_t i = 0; i < n; i++) {
		int32_t o = 7;
		if (*fields[1] == 'x') {
			if (aim_advisory_compare_versions(aim_str_from(fields[0]), aim_str_from(versions[i]), aim_str_from("1.0"), &o,
			                                  NULL) != AIM_E_ADVISORY_VERSION || o != 7)
				fail_msg("%s is a version of %s", versions[i], fields[0]);
			continue;
		}
		for (size_t k = 0; k < n; k++) {
			int expected = *fields[1] == '=' ? 0 : (i > k) - (i < k);
			if (order(fields[0], versions[i], versions[k]) != expected)
				fail_msg("%s: %s and %s", fields[0], versions[i], versions[k]);
		}
	}
}

static void test_orders(void **state)
{
	(void)state;
	each_row(orders_path, check_order);
	assert_status(aim_advisory_compare_versions(aim_str_from("NuGet"), aim_str_from("1"), aim_str_from("1"), &(int32_t){0}, NULL),
	              AIM_E_UNSUPPORTED);
	assert_int_equal(order("Debian:12", "1~", "1"), -1);
}

static void check_score(char *fields[3])
{
	uint32_t score = 7777;
	aim_status rc = aim_advisory_cvss_score(aim_str_from(fields[0]), &score, NULL);
	char text[16];
	snprintf(text, sizeof text, "%u", score);
	if (rc != (*fields[1] == 'x' ? AIM_E_ADVISORY_VECTOR : AIM_OK) || (rc == AIM_OK && strcmp(text, fields[1]) != 0) ||
	    (rc != AIM_OK && score != 7777))
		fail_msg("%s: %s, %u", fields[0], aim_status_name(rc), score);
}

static void test_scores(void **state)
{
	(void)state;
	each_row(scores_path, check_score);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders), cmocka_unit_test(test_scores)};
	if (argc != 3)
		return 2;
	orders_path = argv[1];
	scores_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
