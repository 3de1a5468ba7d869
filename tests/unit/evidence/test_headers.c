/* Finding headers: once or not at all, in a block or through a callback, and nothing half read. */
#include "support.h"

#include <aim/headers.h>
#include <stdlib.h>
#include <string.h>

#define T(text) aim_str_from(text)

static aim_status one(const char *block, size_t len, const char *name, aim_str *out, aim_error *err)
{
	const aim_headers h = {.struct_size = sizeof h, .block = {block, len}};
	return aim_headers_one(&h, T(name), out, err);
}

static void test_found(void **state)
{
	static const char *const blocks[] = {
		"A: 1\r\nX-Sig: value\r\nB: 2\r\n", "x-sig:value",        "X-SIG:\t value \t\r\n",
		"A: 1\nx-SIG: value\n\nX-Sig: body", "A:\r\nX-Sig: value",
	};
	aim_str value = {NULL, 0};
	(void)state;
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		assert_status(one(blocks[i], strlen(blocks[i]), "X-Sig", &value, NULL), AIM_OK);
		assert_text(value, "value");
	}
	assert_status(one("X-Sig: a b", 10, "x-sig", &value, NULL), AIM_OK);
	assert_text(value, "a b");
}

static void test_refused(void **state)
{
	static const struct {
		const char *block;
		const char *words;
	} cases[] = {
		{"A: 1\r\n", "missing"},
		{"", "missing"},
		{"\r\nX-Sig: a\r\n", "missing"},
		{"X-Sig: a\r\nx-sig: a\r\n", "twice"},
		{"X-Sig: a\r\nA: 1\r\nX-SIG:\r\n", "twice"},
		{"X-Sig:\r\n", "0 bytes"},
		{"X-Sig:  \t\r\n", "0 bytes"},
		{"X-Sig: a\001b\r\n", "offset 1"},
		{"X-Sig: a\177\r\n", "offset 1"},
		{"X-Sig: a\xc3\xa9\r\n", "offset 1"},
		{"X-Sig: a\rb\r\n", "offset 1"},
		{"X-Sig: a\r\n b\r\n", "line 2"},
		{"X-Sig : a\r\n", "line 1"},
		{": a\r\nX-Sig: a\r\n", "line 1"},
		{"X-Sig: a\r\nnonsense\r\n", "line 2"},
		{"POST / HTTP/1.1\r\nX-Sig: a\r\n", "line 1"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_str value = {"untouched", 9};
		aim_error err = {0};
		assert_status(one(cases[i].block, strlen(cases[i].block), "X-Sig", &value, &err), AIM_E_HEADER);
		if (!strstr(err.message, cases[i].words))
			fail_msg("case %zu says: %s", i, err.message);
		assert_text(value, "untouched");
	}
	aim_str value;
	assert_status(one("X-Sig: a\0b", 10, "X-Sig", &value, NULL), AIM_E_HEADER);
}

static void test_lengths(void **state)
{
	const size_t len = AIM_HEADERS_MAX_BLOCK + 1;
	char *block = malloc(len);
	aim_str value;
	(void)state;
	assert_non_null(block);
	memset(block, 'a', len);
	memcpy(block, "X-Sig: ", 7);
	assert_status(one(block, 7 + AIM_HEADERS_MAX_VALUE, "X-Sig", &value, NULL), AIM_OK);
	assert_status(one(block, 8 + AIM_HEADERS_MAX_VALUE, "X-Sig", &value, NULL), AIM_E_HEADER);
	assert_status(one(block, len, "X-Sig", &value, NULL), AIM_E_HEADER);
	free(block);
}

typedef struct table {
	const char *name;
	const char *values[3];
	aim_status broken;
} table;

static aim_status find(void *user, aim_str name, uint32_t index, aim_str *out)
{
	const table *t = user;
	if (t->broken != AIM_OK)
		return t->broken;
	if (!aim_str_equal(name, T(t->name)) || !t->values[index])
		return AIM_E_NOT_FOUND;
	*out = T(t->values[index]);
	return AIM_OK;
}

static void test_callback(void **state)
{
	table t = {"X-Sig", {"  value ", NULL, NULL}, AIM_OK};
	aim_headers h = {.struct_size = sizeof h, .find = find, .user = &t};
	aim_str value;
	aim_error err = {0};
	(void)state;
	assert_status(aim_headers_one(&h, T("X-Sig"), &value, NULL), AIM_OK);
	assert_text(value, "value");
	assert_status(aim_headers_one(&h, T("X-Other"), &value, NULL), AIM_E_HEADER);
	t.values[1] = "value";
	assert_status(aim_headers_one(&h, T("X-Sig"), &value, NULL), AIM_E_HEADER);
	t.broken = AIM_E_IO;
	assert_status(aim_headers_one(&h, T("X-Sig"), &value, &err), AIM_E_CALLBACK);
	assert_int_equal(err.native_code, AIM_E_IO);
}

static void test_misuse(void **state)
{
	aim_headers h = {.struct_size = sizeof h};
	aim_str value;
	(void)state;
	assert_status(aim_headers_one(&h, T("A"), &value, NULL), AIM_E_INVALID);
	h.find = find;
	h.block = T("A: 1");
	assert_status(aim_headers_one(&h, T("A"), &value, NULL), AIM_E_INVALID);
	h.find = NULL;
	h.flags = 1;
	assert_status(aim_headers_one(&h, T("A"), &value, NULL), AIM_E_VERSION);
	h.flags = 0;
	assert_status(aim_headers_one(NULL, T("A"), &value, NULL), AIM_E_INVALID);
	assert_status(aim_headers_one(&h, T(""), &value, NULL), AIM_E_INVALID);
	assert_status(aim_headers_one(&h, T("A"), NULL, NULL), AIM_E_INVALID);
	assert_status(aim_headers_one(&h, T("A"), &value, NULL), AIM_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),    cmocka_unit_test(test_refused), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_callback), cmocka_unit_test(test_misuse),
	};
	return cmocka_run_group_tests_name("evidence/headers", tests, NULL, NULL);
}
