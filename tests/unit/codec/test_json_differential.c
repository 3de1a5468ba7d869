/* The reader against jansson on mutated documents. jansson is not as strict (it rejects duplicates
 * on request, but knows no surrogate or exactness rules we do not), so: what we accept it accepts,
 * with the same values; what it refuses we refuse. */
#include "support.h"

#include <aim/json.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 12345;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525u + 1013904223u;
	return random_state >> 8;
}

static void assert_same(const aim_json *doc, aim_json_value value, const json_t *other);

static void assert_same_object(const aim_json *doc, aim_json_value value, const json_t *other)
{
	assert_int_equal(aim_json_count(doc, value), json_object_size(other));
	for (aim_json_value v = aim_json_first(doc, value); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v)) {
		aim_str key = aim_json_key(doc, v);
		json_t *member = json_object_getn(other, key.ptr, key.len);
		assert_non_null(member);
		assert_same(doc, v, member);
	}
}

static void assert_same_array(const aim_json *doc, aim_json_value value, const json_t *other)
{
	size_t i = 0;
	assert_int_equal(aim_json_count(doc, value), json_array_size(other));
	for (aim_json_value v = aim_json_first(doc, value); v != AIM_JSON_NONE;
	     v = aim_json_next(doc, v))
		assert_same(doc, v, json_array_get(other, i++));
}

static void assert_same_number(const aim_json *doc, aim_json_value value, const json_t *other)
{
	char text[512];
	int64_t number;
	aim_str span = aim_json_number_text(doc, value);
	if (json_is_integer(other)) {
		assert_status(aim_json_int64(doc, value, &number), AIM_OK);
		assert_true(number == json_integer_value(other));
		return;
	}
	assert_true(span.len < sizeof text);
	memcpy(text, span.ptr, span.len);
	text[span.len] = '\0';
	assert_true(strtod(text, NULL) == json_real_value(other));
}

static void assert_same(const aim_json *doc, aim_json_value value, const json_t *other)
{
	int32_t flag;
	switch (aim_json_type(doc, value)) {
	case AIM_JSON_OBJECT:
		assert_true(json_is_object(other));
		assert_same_object(doc, value, other);
		break;
	case AIM_JSON_ARRAY:
		assert_true(json_is_array(other));
		assert_same_array(doc, value, other);
		break;
	case AIM_JSON_STRING:
		assert_true(json_is_string(other));
		assert_int_equal(aim_json_string(doc, value).len, json_string_length(other));
		assert_memory_equal(aim_json_string(doc, value).ptr, json_string_value(other),
		                    json_string_length(other));
		break;
	case AIM_JSON_NUMBER:
		assert_true(json_is_number(other));
		assert_same_number(doc, value, other);
		break;
	case AIM_JSON_BOOL:
		assert_status(aim_json_bool(doc, value, &flag), AIM_OK);
		assert_true(flag ? json_is_true(other) : json_is_false(other));
		break;
	default: assert_true(json_is_null(other));
	}
}

static const char *const seeds[] = {
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
	"call\",\"params\":{\"name\":\"read\",\"arguments\":{\"path\":\"/a\"}}}",
	"[1,-2.5e3,0.1,true,false,null,\"\\u00e9\\ud83d\\ude00\\n\",{\"a\":{},\"b\":[]}]",
	"{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"ka\":0,"
	"\"kb\":1,\"kc\":2,\"kd\":3,"
	"\"ke\":4,\"kf\":5,\"kg\":6,\"kh\":7,\"ki\":8}",
	" { \"d\\u0065ep\" : [ [ [ [ { \"\xC3\xA9\" : \"\xE2\x82\xAC\xF0\x9F\x98\x80\" } ] ] ] ] }\n",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",1e5,1E-5,123456789012345678]",
};

/* Bytes that matter to the grammar come more often than chance would have it. */
static char random_byte(void)
{
	static const char interesting[] =
	    "{}[]:,\"\\/u0123456789eE+-.tfn \n\t\x01\x7F\x80\xC3\xA9\xED\xF0\xFF";
	uint32_t r = next_random();
	return r % 4 ? interesting[r / 4 % (sizeof interesting - 1)] : (char)(r >> 4);
}

static size_t mutate(char *text, size_t len)
{
	for (uint32_t n = next_random() % 4; n > 0 && len > 1; n--) {
		size_t at = next_random() % len;
		switch (next_random() % 3) {
		case 0: text[at] = random_byte(); break;
		case 1:
			memmove(text + at, text + at + 1, len - at - 1);
			len--;
			break;
		default:
			memmove(text + at + 1, text + at, len - at);
			text[at] = random_byte();
			len++;
		}
	}
	return len;
}

static void compare_one(aim_json *doc, const char *text, size_t len, size_t counts[2])
{
	json_error_t why;
	aim_error err = {0};
	if (memchr(text, 0, len))
		return; /* jansson 2.14 skips NUL bytes between tokens, which RFC 8259 §2 does not know */
	json_t *other =
	    json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	aim_status rc = aim_json_parse(doc, aim_bytes_from(text, len), 0, &err);
	/* jansson also refuses numbers it cannot hold, which is no matter of grammar. */
	int too_big = !other && (strstr(why.text, "too big") || strstr(why.text, "overflow"));
	if ((rc == AIM_OK) != (other != NULL) && !too_big)
		fail_msg("%.*s: %s (%s), jansson: %s", (int)len, text, aim_status_name(rc),
		         err.message, other ? "accepted" : why.text);
	if (rc == AIM_OK && other)
		assert_same(doc, AIM_JSON_ROOT, other);
	counts[rc == AIM_OK]++;
	json_decref(other);
}

static void test_mutants(void **state)
{
	test_heap heap;
	aim_json *doc = NULL;
	size_t counts[2] = {0, 0};
	(void)state;
	aim_ctx *ctx = test_ctx(&heap);
	assert_status(aim_json_new(ctx, &doc), AIM_OK);
	for (int i = 0; i < 200000; i++) {
		char text[512];
		const char *seed = seeds[(size_t)i % (sizeof seeds / sizeof *seeds)];
		size_t len = strlen(seed);
		memcpy(text, seed, len);
		compare_one(doc, text, mutate(text, len), counts);
	}
	assert_true(counts[0] > 10000 && counts[1] > 10000); /* both answers were asked for */
	aim_json_free(doc);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutants)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
