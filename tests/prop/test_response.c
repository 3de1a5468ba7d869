/* tests/prop/test_response.c — laws of responses, over random documents with things in them that must not stay: what is
 * passed on after sanitising is clean, and JSON; none of what was planted is in it, in clear; what nothing was planted
 * in passes as it is. */
#include "support.h"

#include <aim/response.h>

#include <string.h>

#define ROUNDS 4000
#define TEXT 6000

static uint64_t seed = 20261124;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static const char *const planted[] = {
	"AKIAIOSFODNN7EXAMPLE", "sk-abcdefghijklmnopqrstuvwxyz123456", "123-45-6789", "4111 1111 1111 1111", "GB82WEST12345698765432",
	"jane.doe@acme.org", "+1 415 555 2671", "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5",
};
static const char *const harmless[] = {
	"the report", "id 550e8400-e29b-41d4-a716-446655440000", "took 312 seconds", "price: 12.50", "2024-11-24T21:50:31Z", "ISBN 978-3-16-148410-0",
	"x = y + 1", "https://acme.org/a?b=c",
};

static int dirty;

static void add(char *out, const char *text)
{
	strncat(out, text, TEXT - strlen(out) - 1);
}

/* A string with some of both; characters as escapes now and then. */
static void string(char *out)
{
	char plain[400] = "";
	for (uint32_t n = random_below(4); n > 0; n--) {
		int bad = random_below(4) == 0;
		dirty |= bad;
		strcat(plain, bad ? planted[random_below(sizeof planted / sizeof *planted)] : harmless[random_below(sizeof harmless / sizeof *harmless)]);
		strcat(plain, random_below(2) ? ", " : "\n");
	}
	add(out, "\"");
	for (const char *p = plain; *p; p++) {
		char c[7] = {*p, 0};
		if (*p == '\n' || random_below(12) == 0) {
			static const char digits[] = "0123456789abcdef";
			memcpy(c, "\\u00", 4);
			c[4] = digits[*p >> 4 & 15];
			c[5] = digits[*p & 15];
		}
		add(out, c);
	}
	add(out, "\"");
}

static void value(char *out, int depth)
{
	uint32_t n = random_below(4);
	switch (depth ? random_below(5) : 4) {
	case 0:
		add(out, "{");
		for (uint32_t i = 0; i < n; i++) {
			char name[] = {i ? ',' : ' ', '"', 'm', (char)('0' + i), '"', ':', 0};
			add(out, name);
			value(out, depth - 1);
		}
		add(out, "}");
		return;
	case 1:
		add(out, "[");
		for (uint32_t i = 0; i < n; i++) {
			add(out, i ? "," : "");
			value(out, depth - 1);
		}
		add(out, "]");
		return;
	case 2:
		dirty |= n == 0;
		add(out, n ? "1732484731" : "4111111111111111");
		return;
	case 3:
		add(out, "null");
		return;
	default:
		string(out);
	}
}

static int contains(aim_bytes content, const char *needle)
{
	size_t len = strlen(needle);
	for (size_t i = 0; i + len <= content.len; i++)
		if (memcmp(content.ptr + i, needle, len) == 0)
			return 1;
	return 0;
}

static void sanitised_responses_are_clean_json(void **state)
{
	static char text[TEXT], copy[3 * TEXT];
	test_heap heap = {0};
	aim_ctx *ctx = test_ctx(&heap);
	aim_scanner *scanner = NULL;
	aim_response *cleaner = NULL, *blocker = NULL;
	aim_json *doc = NULL;
	aim_response_options o = {.struct_size = sizeof o, .policy = AIM_RESPONSE_SANITIZE};
	(void)state;
	assert_status(aim_scan_new(ctx, NULL, &scanner, NULL), AIM_OK);
	assert_status(aim_response_new(scanner, &o, &cleaner, NULL), AIM_OK);
	assert_status(aim_response_new(scanner, NULL, &blocker, NULL), AIM_OK);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	for (int round = 0; round < ROUNDS; round++) {
		aim_response_verdict v = {.struct_size = sizeof v};
		text[0] = '\0';
		dirty = 0;
		add(text, "[");
		value(text, 3);
		add(text, "]");
		if (strlen(text) >= TEXT - 1)
			continue;
		if (aim_response_scan(cleaner, aim_bytes_from(text, strlen(text)), NULL) != AIM_OK)
			fail_msg("blocked: %s", text);
		assert_status(aim_response_judge(cleaner, &v), AIM_OK);
		if ((v.action == AIM_RESPONSE_SANITIZE) != dirty)
			fail_msg("%s: %s", dirty ? "missed" : "false alarm", text);
		assert_true(v.content.len < sizeof copy);
		memcpy(copy, v.content.ptr, v.content.len);
		aim_bytes again = {(const uint8_t *)copy, v.content.len};
		assert_status(aim_json_parse(doc, again, 0, NULL), AIM_OK);
		assert_status(aim_response_scan(blocker, again, NULL), AIM_OK);
		for (size_t i = 0; i < sizeof planted / sizeof *planted; i++)
			if (contains(again, planted[i]))
				fail_msg("%s stays: %s", planted[i], text);
	}
	aim_json_free(doc);
	aim_response_free(blocker);
	aim_response_free(cleaner);
	aim_scan_free(scanner);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sanitised_responses_are_clean_json)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
