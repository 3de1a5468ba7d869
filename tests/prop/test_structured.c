/* Laws of structured fields, on random fields from a fixed seed and on the same with bytes changed:
 *   - what is written reads back, and is its own canonical form;
 *   - optional white space does not change it;
 *   - changing bytes never crashes, and whatever is still read obeys the laws above. */
#include "support.h"

#include "base/buf.h"
#include "codec/structured.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 5000

static aim_ctx *ctx;
static aim__sf sf;
static uint64_t random_state = 0x2545F4914F6CDD1Du;

static uint32_t next_random(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

static void add(aim_buf *out, const char *text)
{
	assert_status(aim__buf_add_text(out, text), AIM_OK);
}

static void add_spaces(aim_buf *out, int tabs)
{
	static const char *const spaces[] = {"", "", " ", "   ", "\t", " \t "};
	add(out, spaces[next_random(tabs ? 6 : 4)]);
}

static void add_key(aim_buf *out)
{
	static const char first[] = "abcxyz*", more[] = "abz019_-.*";
	char key[8] = {first[next_random(sizeof first - 1)]};
	const uint32_t n = next_random(6);
	for (uint32_t i = 0; i < n; i++)
		key[i + 1] = more[next_random(sizeof more - 1)];
	add(out, key);
}

static void add_value(aim_buf *out)
{
	static const char *const values[] = {
		"0",      "-1",       "999999999999999", "007",      "1.5",         "-0.250",     "123456789012.123", "\"\"",
		"\"a b\"", "\"\\\"\\\\\"", "token",     "*t:/%", ":AAEC:",     "::",         "?0",               "?1",
		"@0",     "@-99",     "%\"a%c3%bc\"",    "%\"%25%22\"",
	};
	add(out, values[next_random(sizeof values / sizeof *values)]);
}

static void add_parameters(aim_buf *out, int loose)
{
	for (uint32_t n = next_random(3); n > 0; n--) {
		add(out, ";");
		if (loose)
			add_spaces(out, 0);
		add_key(out);
		if (next_random(3) == 0)
			continue;
		add(out, "=");
		add_value(out);
	}
}

static void add_item_or_list(aim_buf *out, int loose)
{
	if (next_random(3) > 0) {
		add_value(out);
	} else {
		add(out, "(");
		for (uint32_t n = next_random(4); n > 0; n--) {
			add_value(out);
			add_parameters(out, loose);
			if (n > 1)
				add(out, loose && next_random(2) ? "  " : " ");
		}
		add(out, ")");
	}
	add_parameters(out, loose);
}

static void add_field(aim_buf *out, uint32_t kind, int loose)
{
	uint32_t n = kind == AIM__SF_ITEM ? 1 : next_random(5);
	if (kind == AIM__SF_ITEM) {
		add_value(out);
		add_parameters(out, loose);
		return;
	}
	for (; n > 0; n--) {
		if (kind == AIM__SF_DICTIONARY)
			add_key(out);
		if (kind == AIM__SF_LIST || next_random(4) > 0) {
			if (kind == AIM__SF_DICTIONARY)
				add(out, "=");
			add_item_or_list(out, loose);
		}
		if (n == 1)
			return;
		if (loose)
			add_spaces(out, 1);
		add(out, ",");
		add_spaces(out, 1);
	}
}

/* Reads text; when it is a field: writes it, reads that, writes again. The canonical text in canonical. */
static int check_laws(uint32_t kind, aim_str text, aim_buf *canonical, aim_buf *again)
{
	aim_error err = {0};
	aim_status rc = aim__sf_read(&sf, kind, text, &err);
	if (rc != AIM_OK) {
		assert_int_equal(rc, AIM_E_HEADER);
		assert_true(err.offset <= text.len);
		return 0;
	}
	aim__buf_truncate(canonical, 0);
	aim__buf_truncate(again, 0);
	assert_status(aim__sf_write(&sf, canonical), AIM_OK);
	if (kind == AIM__SF_ITEM || canonical->len > 0)
		assert_status(aim__sf_read(&sf, kind, aim_buf_str(canonical), &err), AIM_OK);
	assert_false(canonical->len > 0 && sf.has_duplicate);
	assert_status(aim__sf_write(&sf, again), AIM_OK);
	assert_int_equal(again->len, canonical->len);
	if (again->len)
		assert_memory_equal(again->ptr, canonical->ptr, again->len);
	return 1;
}

static void test_laws(void **state)
{
	aim_buf text, canonical, again;
	(void)state;
	aim__buf_init(&text, ctx);
	aim__buf_init(&canonical, ctx);
	aim__buf_init(&again, ctx);
	for (int round = 0; round < ROUNDS; round++) {
		const uint32_t kind = 1 + next_random(3);
		aim__buf_truncate(&text, 0);
		add_field(&text, kind, 1);
		if (!check_laws(kind, aim_buf_str(&text), &canonical, &again))
			fail_msg("%s is no field", aim_buf_str(&text).ptr);
		for (int change = 0; change < 8 && text.len > 0; change++) {
			text.ptr[next_random((uint32_t)text.len)] = (uint8_t)next_random(256);
			(void)check_laws(kind, aim_buf_str(&text), &canonical, &again);
		}
	}
	aim__buf_dispose(&text);
	aim__buf_dispose(&canonical);
	aim__buf_dispose(&again);
}

static int setup(void **state)
{
	(void)state;
	assert_status(aim_ctx_new(NULL, &ctx, NULL), AIM_OK);
	aim__sf_init(&sf, ctx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	aim__sf_dispose(&sf);
	aim_ctx_free(ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_laws)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
