/* Filling aim_error: every field, every place, nothing cut inside a character. */
#include "support.h"

#include <string.h>

#include "base/error.h"
#include "base/format.h"

static void the_layout_is_frozen(void **state)
{
	(void)state;
	assert_int_equal(sizeof(aim_error), 512);
	assert_int_equal(offsetof(aim_error, native_code), 4);
	assert_int_equal(offsetof(aim_error, offset), 8);
	assert_int_equal(offsetof(aim_error, line), 16);
	assert_int_equal(offsetof(aim_error, column), 20);
	assert_int_equal(offsetof(aim_error, layer), 24);
	assert_int_equal(offsetof(aim_error, pointer), 32);
	assert_int_equal(offsetof(aim_error, message), 128);
}

static void fail_sets_its_fields_and_clears_the_rest(void **state)
{
	(void)state;
	aim_error err;
	memset(&err, 0x5A, sizeof err);
	assert_int_equal(aim__fail(&err, AIM_E_LIMIT, AIM_LAYER_STORE, "key of %u bytes", 300u), AIM_E_LIMIT);
	assert_int_equal(err.status, AIM_E_LIMIT);
	assert_int_equal(err.layer, AIM_LAYER_STORE);
	assert_string_equal(err.message, "key of 300 bytes");
	assert_string_equal(err.pointer, "");
	assert_int_equal(err.native_code, 0);
	assert_int_equal(err.offset, 0);
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
	assert_int_equal(err.reserved, 0);
}

static void plain_failure_uses_the_status_text(void **state)
{
	(void)state;
	aim_error err = {0};
	assert_int_equal(aim__fail_plain(&err, AIM_E_NOMEM, AIM_LAYER_BASE), AIM_E_NOMEM);
	assert_string_equal(err.message, aim_status_text(AIM_E_NOMEM));
}

static void nobody_needs_an_error(void **state)
{
	(void)state;
	assert_int_equal(aim__fail(NULL, AIM_E_IO, AIM_LAYER_BASE, "%s", "x"), AIM_E_IO);
	assert_int_equal(aim__fail_plain(NULL, AIM_E_IO, AIM_LAYER_BASE), AIM_E_IO);
	aim__error_at(NULL, aim_bytes_from("a", 1), 0);
	aim__error_pointer(NULL, aim_str_from("/a"));
	aim__error_native(NULL, 5);
	aim_error_clear(NULL);
}

static void clear_zeroes_every_byte(void **state)
{
	(void)state;
	aim_error err;
	const aim_error zero = {0};
	memset(&err, 0xFF, sizeof err);
	aim_error_clear(&err);
	assert_memory_equal(&err, &zero, sizeof err);
}

static void places(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t offset, expected_offset;
		uint32_t line, column;
	} rows[] = {
		{"", 0, 0, 1, 1},
		{"abc", 0, 0, 1, 1},
		{"abc", 2, 2, 1, 3},
		{"abc", 3, 3, 1, 4},
		{"abc", 99, 3, 1, 4}, /* past the end is the end */
		{"a\nbc", 1, 1, 1, 2}, /* the line feed belongs to its line */
		{"a\nbc", 2, 2, 2, 1},
		{"a\nbc", 4, 4, 2, 3},
		{"a\r\nb", 3, 3, 2, 1},
		{"\n\n\n", 3, 3, 4, 1},
		{"\xc3\xa9x", 2, 2, 1, 3}, /* columns are bytes */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_error err = {.status = AIM_E_JSON_SYNTAX};
		aim__error_at(&err, aim_bytes_from(rows[i].text, strlen(rows[i].text)), rows[i].offset);
		assert_int_equal(err.offset, rows[i].expected_offset);
		assert_int_equal(err.line, rows[i].line);
		assert_int_equal(err.column, rows[i].column);
		assert_int_equal(err.status, AIM_E_JSON_SYNTAX);
	}
}

static void place_in_nothing(void **state)
{
	(void)state;
	aim_error err = {0};
	aim__error_at(&err, aim_bytes_from(NULL, 0), 7);
	assert_int_equal(err.offset, 0);
	assert_int_equal(err.line, 1);
}

static void pointer_and_native_code(void **state)
{
	(void)state;
	aim_error err = {0};
	aim__error_pointer(&err, aim_str_from("/rules/3/to\nol"));
	aim__error_native(&err, -13);
	assert_string_equal(err.pointer, "/rules/3/to?ol");
	assert_int_equal(err.native_code, -13);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	(void)state;
	char text[1200];
	for (size_t i = 0; i < sizeof text; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	aim_str euros = {text, sizeof text};
	aim_error err = {0};
	aim__fail(&err, AIM_E_INVALID, AIM_LAYER_BASE, "%.*s", AIM__STR(euros));
	aim__error_pointer(&err, euros);
	assert_int_equal(strlen(err.message), 383 / 3 * 3);
	assert_int_equal(strlen(err.pointer), 95 / 3 * 3);
}

static void layers_have_names(void **state)
{
	(void)state;
	assert_string_equal(aim_error_layer_name(AIM_LAYER_NONE), "none");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_BASE), "base");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_CODEC), "codec");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_CRYPTO), "crypto");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_STORE), "store");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_AUDIT), "audit");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_IDENTITY), "identity");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_EVIDENCE), "evidence");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_ASSESS), "assess");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_ENFORCE), "enforce");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_MCP), "mcp");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_BACKENDS), "backends");
	assert_string_equal(aim_error_layer_name(AIM_LAYER_BACKENDS + 1), "none");
	assert_string_equal(aim_error_layer_name(UINT32_MAX), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_frozen),
		cmocka_unit_test(fail_sets_its_fields_and_clears_the_rest),
		cmocka_unit_test(plain_failure_uses_the_status_text),
		cmocka_unit_test(nobody_needs_an_error),
		cmocka_unit_test(clear_zeroes_every_byte),
		cmocka_unit_test(places),
		cmocka_unit_test(place_in_nothing),
		cmocka_unit_test(pointer_and_native_code),
		cmocka_unit_test(long_texts_are_cut_at_a_character),
		cmocka_unit_test(layers_have_names),
	};
	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
