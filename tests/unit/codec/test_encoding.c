/* base64, base64url, hex, base58: the standard's vectors, round trips, and everything that must be
 * refused. */
#include "vectors.h"

#include "codec/encoding.h"

static test_heap heap;
static aim_ctx *ctx;
static aim_buf *out;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	return aim_buf_new(ctx, &out) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim_buf_free(out);
	test_ctx_done(ctx, &heap);
	return 0;
}

static uint32_t form_of(const char *name)
{
	static const char *const names[] = {"",          "base64",           "base64-unpadded",
	                                    "base64url", "base64url-padded", "hex"};
	for (uint32_t form = 1; form < sizeof names / sizeof *names; form++)
		if (strcmp(names[form], name) == 0)
			return form;
	fail_msg("unknown form %s", name);
	return 0;
}

static void check_pair(uint32_t form, aim_bytes bytes, const char *text)
{
	aim_buf_clear(out);
	assert_status(aim_encoding_encode(form, bytes, out), AIM_OK);
	assert_text(aim_buf_str(out), text);
	aim_buf_clear(out);
	assert_status(aim_encoding_decode(form, aim_str_from(text), out, NULL), AIM_OK);
	assert_int_equal(aim_buf_bytes(out).len, bytes.len);
	if (bytes.len)
		assert_memory_equal(aim_buf_bytes(out).ptr, bytes.ptr, bytes.len);
}

static void test_rfc4648_vectors(void **state)
{
	(void)state;
	char *rest = (char *)(uintptr_t)vectors_read("rfc4648/vectors.tsv").ptr;
	char *fields[3];
	size_t n = 0;
	for (; vectors_fields(&rest, fields, 3) == 3; n++)
		check_pair(form_of(fields[0]), aim_bytes_from(fields[1], strlen(fields[1])),
		           fields[2]);
	assert_int_equal(n, 35);
}

static void test_every_byte(void **state)
{
	uint8_t bytes[256];
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	for (uint32_t form = AIM_ENCODING_BASE64; form <= AIM_ENCODING_BASE58; form++) {
		for (size_t len = 0; len <= sizeof bytes; len++) {
			aim_buf_clear(out);
			aim_bytes in = aim_bytes_from(bytes + sizeof bytes - len, len);
			assert_status(aim_encoding_encode(form, in, out), AIM_OK);
			char text[600];
			size_t n = aim_buf_str(out).len;
			memcpy(text, aim_buf_str(out).ptr, n + 1);
			assert_true(n <= aim__encoding_text_size(form, len));
			check_pair(form, in, text);
		}
	}
	check_pair(AIM_ENCODING_BASE64, aim_bytes_from("\xFB\xFF\xBF", 3), "+/+/");
	check_pair(AIM_ENCODING_BASE64URL, aim_bytes_from("\xFB\xFF\xBF", 3), "-_-_");
}

/* From the Internet-Draft draft-msporny-base58 and well-known addresses' payloads. */
static void test_base58_vectors(void **state)
{
	static const uint8_t zeros[4] = {0};
	(void)state;
	check_pair(AIM_ENCODING_BASE58, aim_bytes_from("Hello World!", 12), "2NEpo7TZRRrLZSi2U");
	check_pair(AIM_ENCODING_BASE58,
	           aim_bytes_from("The quick brown fox jumps over the lazy dog.", 44),
	           "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z");
	check_pair(AIM_ENCODING_BASE58, aim_bytes_from("\x00\x00\x28\x7F\xB4\xCD", 6), "11233QC4");
	check_pair(AIM_ENCODING_BASE58, aim_bytes_from(zeros, 4), "1111");
	check_pair(AIM_ENCODING_BASE58, aim_bytes_from("", 0), "");
}

typedef struct bad_text {
	uint32_t form;
	const char *text;
	uint64_t offset;
} bad_text;

static void test_refused(void **state)
{
	static const bad_text cases[] = {
		/* foreign characters, white space */
		{AIM_ENCODING_BASE64, "Zm9v YmFy", 9},
		{AIM_ENCODING_BASE64, "Zm9vYm\nFy", 9},
		{AIM_ENCODING_BASE64, "Zm9-", 3},
		{AIM_ENCODING_BASE64, "Zm9_", 3},
		{AIM_ENCODING_BASE64URL, "Zm9+", 3},
		{AIM_ENCODING_BASE64URL, "Zm9/", 3},
		{AIM_ENCODING_BASE64, "Zm\xC3\xA9", 2},
		{AIM_ENCODING_BASE64, "@AAA", 0},
		{AIM_ENCODING_BASE64, "[AAA", 0},
		{AIM_ENCODING_BASE64, "`AAA", 0},
		{AIM_ENCODING_BASE64, "{AAA", 0},
		{AIM_ENCODING_BASE64, ":AAA", 0},
		{AIM_ENCODING_BASE64, "A.AA", 1},
		{AIM_ENCODING_BASE64_UNPADDED, "Zg Zg", 2},
		/* padding */
		{AIM_ENCODING_BASE64, "Zg", 2},
		{AIM_ENCODING_BASE64, "Zg=", 3},
		{AIM_ENCODING_BASE64, "Zg===", 5},
		{AIM_ENCODING_BASE64, "Zm8", 3},
		{AIM_ENCODING_BASE64, "Zm9v=", 5},
		{AIM_ENCODING_BASE64, "Zm9v====", 4},
		{AIM_ENCODING_BASE64, "=", 1},
		{AIM_ENCODING_BASE64, "====", 0},
		{AIM_ENCODING_BASE64, "Z===", 1},
		{AIM_ENCODING_BASE64, "Zg==Zg==", 2},
		{AIM_ENCODING_BASE64, "Z=g=", 1},
		{AIM_ENCODING_BASE64_UNPADDED, "Zg==", 2},
		{AIM_ENCODING_BASE64URL, "Zm8=", 3},
		{AIM_ENCODING_BASE64URL, "Zg===", 3},
		{AIM_ENCODING_BASE64URL_PADDED, "Zg", 2},
		/* a length that no byte string has */
		{AIM_ENCODING_BASE64_UNPADDED, "Z", 1},
		{AIM_ENCODING_BASE64URL, "Zm9vZ", 5},
		/* unused bits */
		{AIM_ENCODING_BASE64, "Zh==", 1},
		{AIM_ENCODING_BASE64, "Zm9=", 2},
		{AIM_ENCODING_BASE64URL, "Zh", 1},
		{AIM_ENCODING_BASE64URL, "Zm9vZm9", 6},
		{AIM_ENCODING_BASE64, "Zm9vZv==", 5},
		/* hex */
		{AIM_ENCODING_HEX, "0", 1},
		{AIM_ENCODING_HEX, "abc", 3},
		{AIM_ENCODING_HEX, "0x00", 1},
		{AIM_ENCODING_HEX, "0g", 1},
		{AIM_ENCODING_HEX, "/0", 0},
		{AIM_ENCODING_HEX, ":0", 0},
		{AIM_ENCODING_HEX, "@0", 0},
		{AIM_ENCODING_HEX, "G0", 0},
		{AIM_ENCODING_HEX, "`0", 0},
		{AIM_ENCODING_HEX, "00 00", 2},
		/* base58: the four look-alikes */
		{AIM_ENCODING_BASE58, "10", 1},
		{AIM_ENCODING_BASE58, "O", 0},
		{AIM_ENCODING_BASE58, "2I", 1},
		{AIM_ENCODING_BASE58, "2l", 1},
		{AIM_ENCODING_BASE58, "2 ", 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_error err = {0};
		aim_buf_clear(out);
		assert_status(aim_buf_append(out, aim_bytes_from("keep", 4)), AIM_OK);
		aim_status rc =
		    aim_encoding_decode(cases[i].form, aim_str_from(cases[i].text), out, &err);
		if (rc != AIM_E_ENCODING || err.offset != cases[i].offset)
			fail_msg("%s (form %u): %s at %d: %s", cases[i].text, cases[i].form,
			         aim_status_name(rc), (int)err.offset, err.message);
		assert_int_not_equal(err.line, 0);
		assert_text(aim_buf_str(out), "keep");
	}
}

/* Of all texts of a group exactly as many decode as there are byte strings. */
static void test_each_byte_string_has_one_text(void **state)
{
	size_t n_valid = 0;
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		char text[2] = {(char)(i >> 8), (char)i};
		uint8_t bytes[2];
		size_t len = 0;
		aim_str span = {text, 2};
		if (aim__encoding_read(AIM_ENCODING_BASE64URL, span, bytes, sizeof bytes, &len,
		                       NULL) != AIM_OK)
			continue;
		assert_int_equal(len, 1);
		n_valid++;
	}
	assert_int_equal(n_valid, 256);
}

static void test_hex_is_read_in_either_case(void **state)
{
	uint8_t bytes[4];
	(void)state;
	assert_status(
	    aim__encoding_read_exact(AIM_ENCODING_HEX, aim_str_from("DeadBEEF"), bytes, 4), AIM_OK);
	assert_memory_equal(bytes, "\xDE\xAD\xBE\xEF", 4);
}

/* Eight digits are read at once, the rest two by two: in each place each character is itself or refused. */
static void test_hex_knows_every_character_in_every_place(void **state)
{
	static const char digits[] = "0123456789abcdef";
	(void)state;
	for (size_t at = 0; at < 12; at++)
		for (unsigned c = 0; c < 256; c++) {
			char text[13] = "5a0f93c6b7e1";
			uint8_t bytes[6];
			char again[12];
			size_t len = 0;
			aim__encoding_problem problem = {0};
			text[at] = (char)c;
			aim_str span = {text, 12};
			aim_status rc = aim__encoding_read(AIM_ENCODING_HEX, span, bytes, sizeof bytes, &len, &problem);
			unsigned lower = c >= 'A' && c <= 'F' ? c + 32 : c;
			if (c == 0 || !strchr(digits, (int)lower)) {
				assert_status(rc, AIM_E_ENCODING);
				assert_int_equal(problem.offset, at);
				continue;
			}
			assert_status(rc, AIM_OK);
			assert_int_equal(len, 6);
			aim__hex_write(aim_bytes_from(bytes, 6), again);
			text[at] = (char)lower;
			assert_memory_equal(again, text, 12);
		}
}

static void test_fixed_sizes(void **state)
{
	uint8_t key[32] = {0};
	uint8_t small[2];
	size_t len = 7;
	char text[64];
	(void)state;
	size_t n = aim__encoding_write(AIM_ENCODING_BASE64, aim_bytes_from(key, 32), text);
	aim_str span = {text, n};
	key[0] = 1;
	assert_status(aim__encoding_read_exact(AIM_ENCODING_BASE64, span, key, 32), AIM_OK);
	assert_int_equal(key[0], 0);
	assert_status(aim__encoding_read_exact(AIM_ENCODING_BASE64, span, key, 31), AIM_E_ENCODING);
	assert_status(aim__encoding_read_exact(99, span, key, 32), AIM_E_INVALID);
	assert_status(
	    aim__encoding_read(AIM_ENCODING_BASE64, span, small, sizeof small, &len, NULL),
	    AIM_E_SPACE);
	assert_int_equal(len, 7);
}

static void test_bounds_and_misuse(void **state)
{
	static uint8_t many[AIM_ENCODING_BASE58_MAX + 1];
	static char text[AIM_ENCODING_BASE58_MAX + 2];
	(void)state;
	memset(many, 0xFF, sizeof many);
	memset(text, 'z', sizeof text - 1);
	assert_status(
	    aim_encoding_encode(AIM_ENCODING_BASE58, aim_bytes_from(many, sizeof many), out),
	    AIM_E_LIMIT);
	assert_status(
	    aim_encoding_encode(AIM_ENCODING_BASE58, aim_bytes_from(many, sizeof many - 1), out),
	    AIM_OK);
	assert_status(aim_encoding_decode(AIM_ENCODING_BASE58, aim_str_from(text), out, NULL),
	              AIM_E_LIMIT);
	assert_status(aim_encoding_encode(0, aim_bytes_from(many, 1), out), AIM_E_INVALID);
	assert_status(aim_encoding_encode(7, aim_bytes_from(many, 1), out), AIM_E_INVALID);
	assert_status(aim_encoding_decode(7, aim_str_from("00"), out, NULL), AIM_E_INVALID);
	assert_status(aim_encoding_encode(AIM_ENCODING_HEX, aim_bytes_from(many, 1), NULL),
	              AIM_E_INVALID);
	assert_status(aim_encoding_decode(AIM_ENCODING_HEX, aim_str_from("00"), NULL, NULL),
	              AIM_E_INVALID);
}

static aim_status encode_and_decode(aim_ctx *failing, void *arg)
{
	aim_buf *text = NULL;
	uint8_t bytes[400] = {0};
	(void)arg;
	aim_status rc = aim_buf_new(failing, &text);
	if (rc == AIM_OK)
		rc = aim_encoding_encode(AIM_ENCODING_BASE64, aim_bytes_from(bytes, sizeof bytes),
		                         text);
	if (rc == AIM_OK)
		rc = aim_encoding_decode(AIM_ENCODING_HEX, aim_str_from("00"), text, NULL);
	aim_buf_free(text);
	return rc;
}

static void test_out_of_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(encode_and_decode, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rfc4648_vectors),
		TEST(test_every_byte),
		TEST(test_base58_vectors),
		TEST(test_refused),
		TEST(test_each_byte_string_has_one_text),
		TEST(test_hex_is_read_in_either_case),
		TEST(test_hex_knows_every_character_in_every_place),
		TEST(test_fixed_sizes),
		TEST(test_bounds_and_misuse),
		TEST(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
