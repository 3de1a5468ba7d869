/* Laws of JSON, on random documents from a fixed seed:
 *   - the canonical form reads back, and is its own canonical form;
 *   - member order, white space, escapes and the spelling of numbers do not change it;
 *   - no proper prefix of an object or array is a document;
 *   - changing bytes never crashes, and whatever is still read obeys the laws above;
 *   - every value's raw span is a document of its own with the same canonical form. */
#include "support.h"

#include "base/buf.h"
#include "codec/json.h"
#include "codec/utf8.h"
#include <stdio.h>
#include <string.h>

#define ROUNDS 3000

static uint64_t random_state = 0x9E3779B97F4A7C15u;

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

static void add_space(aim_buf *out)
{
	static const char *const spaces[] = {"", "", "", " ", "\n", "\t", "\r\n", "  \n  "};
	add(out, spaces[next_random(8)]);
}

static uint32_t random_point(void)
{
	static const uint32_t tops[] = {0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000};
	uint32_t c;
	do {
		c = next_random(tops[next_random(6)]);
	} while (c >= 0xD800 && c < 0xE000);
	return c;
}

/* One code point of a string in one of its spellings; plain asks for the one without an escape, if
 * any. */
static void add_point(aim_buf *out, uint32_t c, int plain)
{
	char text[16];
	int must_escape = c < 0x20 || c == '"' || c == '\\';
	if (must_escape || (!plain && next_random(3) == 0)) {
		if (c == '"' || c == '\\' || c == '/')
			snprintf(text, sizeof text, "\\%c", (char)c);
		else if (c == '\n' && next_random(2))
			snprintf(text, sizeof text, "\\n");
		else if (c >= 0x10000)
			snprintf(text, sizeof text, "\\u%04x\\u%04X",
			         0xD800 + ((c - 0x10000) >> 10), 0xDC00 + (c & 0x3FF));
		else
			snprintf(text, sizeof text, next_random(2) ? "\\u%04x" : "\\u%04X", c);
		add(out, text);
		return;
	}
	uint8_t bytes[4];
	assert_status(aim__buf_add(out, bytes, aim__utf8_put(bytes, c)), AIM_OK);
}

static void add_random_string(aim_buf *out, int id)
{
	char name[16];
	add(out, "\"");
	for (uint32_t n = next_random(next_random(8) ? 6 : 40); n > 0; n--)
		add_point(out, random_point(), next_random(2) != 0);
	/* A number that no other member of the object has keeps names apart. */
	if (id >= 0) {
		snprintf(name, sizeof name, "%d", id);
		add(out, name);
	}
	add(out, "\"");
}

static void add_random_number(aim_buf *out)
{
	char text[64];
	switch (next_random(5)) {
	case 0: snprintf(text, sizeof text, "%d", (int)next_random(2000) - 1000); break;
	case 1:
		snprintf(text, sizeof text, "%u.%04u", next_random(1000), next_random(10000));
		break;
	case 2:
		snprintf(text, sizeof text, "-%u%u%u", next_random(9) + 1, next_random(1000000000),
		         next_random(1000000000));
		break;
	case 3:
		snprintf(text, sizeof text, "%u.%ue%d", next_random(10), next_random(1000000000),
		         (int)next_random(800) - 400);
		break;
	default:
		snprintf(text, sizeof text, "0.%09u%09uE-%u", next_random(1000000000),
		         next_random(1000000000), next_random(30));
	}
	add(out, text);
}

/* depth bounds the recursion. */
static void add_random_value(aim_buf *out, int depth)
{
	uint32_t kind = next_random(depth > 0 ? 10 : 6);
	static const char *const words[] = {"null", "true", "false"};
	if (kind < 3) {
		add(out, words[kind]);
	} else if (kind == 3) {
		add_random_number(out);
	} else if (kind < 6) {
		add_random_string(out, -1);
	} else {
		int is_object = kind < 8;
		uint32_t n = next_random(next_random(6) ? 5 : 25);
		add(out, is_object ? "{" : "[");
		for (uint32_t i = 0; i < n; i++) {
			if (is_object) {
				add_random_string(out, (int)i);
				add(out, ":");
			}
			add_random_value(out, depth - 1);
			add(out, i + 1 < n ? "," : "");
		}
		add(out, is_object ? "}" : "]");
	}
}

static void respell_string(aim_buf *out, aim_str text)
{
	size_t offset = 0;
	add(out, "\"");
	for (uint32_t c; (c = aim__utf8_next(text, &offset)) != AIM__UTF8_END;)
		add_point(out, c, 0);
	add(out, "\"");
}

/* The same value: zeros behind the fraction, or an exponent that takes nothing away. */
static void respell_number(aim_buf *out, aim_str text)
{
	int has_exponent = memchr(text.ptr, 'e', text.len) || memchr(text.ptr, 'E', text.len);
	assert_status(aim__buf_add_str(out, text), AIM_OK);
	if (!has_exponent && next_random(2))
		add(out, memchr(text.ptr, '.', text.len) ? "00" : ".0");
	if (!has_exponent && next_random(2))
		add(out, next_random(2) ? "e0" : "E-00");
}

static void respell(aim_buf *out, const aim_json *doc, aim_json_value value);

/* Members come in a rotated order. */
static void respell_container(aim_buf *out, const aim_json *doc, aim_json_value value,
                              int is_object)
{
	size_t n = aim_json_count(doc, value);
	aim_json_value child = aim_json_first(doc, value);
	for (size_t i = is_object && n ? next_random((uint32_t)n) : 0; i > 0; i--)
		child = aim_json_next(doc, child);
	add(out, is_object ? "{" : "[");
	add_space(out);
	for (size_t i = 0; i < n; i++) {
		if (is_object) {
			respell_string(out, aim_json_key(doc, child));
			add_space(out);
			add(out, ":");
		}
		respell(out, doc, child);
		add(out, i + 1 < n ? "," : "");
		add_space(out);
		child = aim_json_next(doc, child);
		if (child == AIM_JSON_NONE)
			child = aim_json_first(doc, value);
	}
	add(out, is_object ? "}" : "]");
}

static void respell(aim_buf *out, const aim_json *doc, aim_json_value value)
{
	add_space(out);
	uint32_t type = aim_json_type(doc, value);
	if (type == AIM_JSON_STRING)
		respell_string(out, aim_json_string(doc, value));
	else if (type == AIM_JSON_NUMBER)
		respell_number(out, aim_json_number_text(doc, value));
	else if (type >= AIM_JSON_ARRAY)
		respell_container(out, doc, value, type == AIM_JSON_OBJECT);
	else
		assert_status(aim_buf_append(out, aim_json_raw(doc, value)), AIM_OK);
	add_space(out);
}

typedef struct world {
	test_heap heap;
	aim_ctx *ctx;
	aim_json *doc;
	aim_json *other;
	aim_buf *text;
	aim_buf *canonical;
	aim_buf *again;
} world;

static int setup(void **state)
{
	static world w;
	w.ctx = test_ctx(&w.heap);
	assert_status(aim_json_new(w.ctx, &w.doc), AIM_OK);
	assert_status(aim_json_new(w.ctx, &w.other), AIM_OK);
	assert_status(aim_buf_new(w.ctx, &w.text), AIM_OK);
	assert_status(aim_buf_new(w.ctx, &w.canonical), AIM_OK);
	assert_status(aim_buf_new(w.ctx, &w.again), AIM_OK);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	world *w = *state;
	aim_buf_free(w->again);
	aim_buf_free(w->canonical);
	aim_buf_free(w->text);
	aim_json_free(w->other);
	aim_json_free(w->doc);
	test_ctx_done(w->ctx, &w->heap);
	return 0;
}

static void canonicalize(const aim_json *doc, aim_json_value value, uint32_t flags, aim_buf *out)
{
	aim_buf_clear(out);
	assert_status(aim_json_canonicalize(doc, value, flags, out, NULL), AIM_OK);
}

static void parse(aim_json *doc, aim_bytes text)
{
	aim_error err = {0};
	if (aim_json_parse(doc, text, 0, &err) != AIM_OK)
		fail_msg("%.*s: %s", (int)text.len, (const char *)text.ptr, err.message);
}

static void assert_same_text(const world *w)
{
	aim_str a = aim_buf_str(w->canonical), b = aim_buf_str(w->again);
	if (!aim_str_equal(a, b))
		fail_msg("%s\n%.*s\n%.*s", aim_buf_str(w->text).ptr, (int)a.len, a.ptr, (int)b.len,
		         b.ptr);
}

/* Under each rule whose result is plain JSON of kept numbers. */
static void check_idempotent(world *w)
{
	static const uint32_t rules[] = {AIM_JSON_JCS_ROUND, AIM_JSON_JCS_EXACT_TEXT};
	for (size_t i = 0; i < 2; i++) {
		aim_buf_clear(w->canonical);
		if (aim_json_canonicalize(w->doc, 0, rules[i], w->canonical, NULL) != AIM_OK)
			continue; /* out of binary64's range */
		parse(w->other, aim_buf_bytes(w->canonical));
		canonicalize(w->other, 0, rules[i], w->again);
		assert_same_text(w);
	}
}

static void make_document(world *w)
{
	aim_buf_clear(w->text);
	add_random_value(w->text, 4);
	parse(w->doc, aim_buf_bytes(w->text));
}

static void test_canonical_form_is_idempotent(void **state)
{
	world *w = *state;
	for (int i = 0; i < ROUNDS; i++) {
		make_document(w);
		check_idempotent(w);
	}
}

static void test_spelling_does_not_matter(void **state)
{
	world *w = *state;
	for (int i = 0; i < ROUNDS; i++) {
		make_document(w);
		canonicalize(w->doc, 0, AIM_JSON_JCS_EXACT_TEXT, w->canonical);
		aim_buf_clear(w->text);
		respell(w->text, w->doc, 0);
		parse(w->other, aim_buf_bytes(w->text));
		canonicalize(w->other, 0, AIM_JSON_JCS_EXACT_TEXT, w->again);
		assert_same_text(w);
	}
}

static void test_no_prefix_is_a_document(void **state)
{
	world *w = *state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		make_document(w);
		aim_bytes text = aim_buf_bytes(w->text);
		if (aim_json_type(w->doc, 0) < AIM_JSON_STRING)
			continue;
		for (size_t len = 0; len < text.len; len++) {
			aim_error err = {0};
			aim_status rc = aim_json_parse(w->other, aim_bytes_from(text.ptr, len),
			                               AIM_JSON_BORROW, &err);
			assert_true(rc == AIM_E_JSON_SYNTAX || rc == AIM_E_UTF8 ||
			            rc == AIM_E_JSON_SURROGATE);
			assert_true(err.offset <= len);
		}
	}
}

static void test_changed_bytes(void **state)
{
	world *w = *state;
	size_t n_read = 0;
	for (int i = 0; i < ROUNDS; i++) {
		make_document(w);
		for (uint32_t n = 1 + next_random(3); n > 0; n--)
			w->text->ptr[next_random((uint32_t)w->text->len)] =
			    (uint8_t)next_random(256);
		aim_error err = {0};
		if (aim_json_parse(w->doc, aim_buf_bytes(w->text), 0, &err) == AIM_OK) {
			check_idempotent(w);
			n_read++;
		} else {
			assert_true(err.offset <= w->text->len && err.line > 0);
		}
	}
	assert_true(n_read > 0);
}

static void test_parts_are_documents(void **state)
{
	world *w = *state;
	for (int i = 0; i < ROUNDS / 10; i++) {
		make_document(w);
		for (aim_json_value v = 0; v < w->doc->n_nodes; v++) {
			if (aim_json_type(w->doc, v) == AIM_JSON_ABSENT)
				continue; /* a key */
			canonicalize(w->doc, v, AIM_JSON_JCS_EXACT_TEXT, w->canonical);
			parse(w->other, aim_json_raw(w->doc, v));
			canonicalize(w->other, 0, AIM_JSON_JCS_EXACT_TEXT, w->again);
			assert_same_text(w);
		}
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_canonical_form_is_idempotent), TEST(test_spelling_does_not_matter),
		TEST(test_no_prefix_is_a_document),      TEST(test_changed_bytes),
		TEST(test_parts_are_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
