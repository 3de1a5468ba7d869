/* Laws of advisories, on random versions from a fixed seed:
 *   - each order of versions is a total one: reflexive, antisymmetric, transitive;
 *   - a range says of each version what walking its events in order says, whatever order they are written in;
 *   - a record with bytes changed never makes a package clean that it does not speak for. */
#include "support.h"

#include <aim/advisory.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 20000

static uint64_t random_state = 0x2545F4914F6CDD1Du;

static uint32_t next_random(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

static const char *const ecosystems[] = {"npm", "PyPI", "Debian"};

/* Pieces that make many equal and many near versions. */
static void make_version(size_t eco, char *out, size_t size)
{
	static const char *const tails[3][10] = {
		{"", "", "-a", "-a.1", "-1", "-a-b", "+b", "-rc.1+b", "-0", "-rc.11"},
		{"", ".0", "a1", ".dev1", ".post1", "rc1.dev2", "+local.1", ".post1.dev3", "b", "+1"},
		{"", "~", "~rc1", "-1", "-1+b1", "+x", ".0", "a", "-1~x", "-0"},
	};
	snprintf(out, size, "%u.%u.%u%s", next_random(2), next_random(3), next_random(2), tails[eco][next_random(10)]);
}

static int order(size_t eco, const char *a, const char *b)
{
	int32_t o = 7;
	assert_status(aim_advisory_compare_versions(aim_str_from(ecosystems[eco]), aim_str_from(a), aim_str_from(b), &o, NULL), AIM_OK);
	return o;
}

static void test_total_orders(void **state)
{
	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		char a[32], b[32], c[32];
		size_t eco = round % 3;
		make_version(eco, a, sizeof a);
		make_version(eco, b, sizeof b);
		make_version(eco, c, sizeof c);
		assert_int_equal(order(eco, a, a), 0);
		assert_int_equal(order(eco, a, b), -order(eco, b, a));
		if (order(eco, a, b) <= 0 && order(eco, b, c) <= 0)
			assert_true(order(eco, a, c) <= 0);
		if (order(eco, a, b) == 0)
			assert_int_equal(order(eco, a, c), order(eco, b, c));
	}
}

static test_heap heap;
static aim_ctx *ctx;
static aim_advisory *set;
static aim_advisory_result *result;

static uint32_t status_of(const char *name, const char *version)
{
	const aim_advisory_package p = {.ecosystem = aim_str_from("npm"), .name = aim_str_from(name), .version = aim_str_from(version)};
	assert_status(aim_advisory_check(set, &p, 1, result, NULL), AIM_OK);
	return aim_advisory_outcome_at(result, 0)->status;
}

/* Distinct versions 1.0.0 … 9.0.0 with alternating events, written shuffled. */
static void test_ranges(void **state)
{
	(void)state;
	for (size_t round = 0; round < 300; round++) {
		char text[1024] = "", version[16];
		uint32_t kinds[10], at[10], n = 0;
		for (uint32_t v = 1; v < 10; v++)
			if (v == 1 || next_random(2)) {
				kinds[n] = n % 2 ? 1 + next_random(2) : 0;
				at[n++] = v;
			}
		strcpy(text, "{\"id\":\"X\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},\"ranges\":[{\"type\":\"SEMVER\",\"events\":[");
		uint32_t used = 0;
		for (uint32_t k = 0; k < n; k++) {
			static const char *const names[] = {"introduced", "fixed", "last_affected"};
			uint32_t i = next_random(n);
			while (used & 1u << i)
				i = (i + 1) % n;
			used |= 1u << i;
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s{\"%s\":\"%u.0.0\"}", k ? "," : "", names[kinds[i]], at[i]);
		}
		strcat(text, "]}]}]}");
		assert_status(aim_advisory_load(set, aim_bytes_from(text, strlen(text)), NULL, NULL, NULL), AIM_OK);
		for (uint32_t v = 0; v < 11; v++) {
			int affected = 0;
			for (uint32_t i = 0; i < n && at[i] <= v; i++)
				affected = kinds[i] == 0 || (kinds[i] == 2 && at[i] == v);
			snprintf(version, sizeof version, "%u.0.0", v);
			assert_int_equal(status_of("a", version), affected ? AIM_ADVISORY_AFFECTED : AIM_ADVISORY_CLEAN);
		}
	}
}

/* A record of all versions: after a change it is refused, speaks of something else, or still affects. */
static void test_changed_records(void **state)
{
	static const char good[] = "{\"id\":\"X\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"a\"},\"ranges\":[{\"type\":"
	                           "\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"5.0.0\"}]}]}]}";
	(void)state;
	for (size_t i = 0; i < sizeof good - 1; i++) {
		char text[sizeof good];
		memcpy(text, good, sizeof good);
		text[i] = (char)(text[i] ^ 1 << next_random(7));
		aim_advisory_result_free(result);
		aim_advisory_free(set);
		assert_status(aim_advisory_new(ctx, NULL, &set, NULL), AIM_OK);
		assert_status(aim_advisory_result_new(set, &result), AIM_OK);
		aim_status rc = aim_advisory_load(set, aim_bytes_from(text, strlen(text)), NULL, NULL, NULL);
		if (rc != AIM_OK)
			assert_int_not_equal(status_of("a", "1.0.0"), AIM_ADVISORY_CLEAN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_total_orders), cmocka_unit_test(test_ranges),
	                                   cmocka_unit_test(test_changed_records)};
	ctx = test_ctx(&heap);
	if (aim_advisory_new(ctx, NULL, &set, NULL) != AIM_OK || aim_advisory_result_new(set, &result) != AIM_OK)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	aim_advisory_result_free(result);
	aim_advisory_free(set);
	test_ctx_done(ctx, &heap);
	return failed;
}
