/* Structured fields: the working group's vectors, what the tables hold, canonical writing, limits, memory. */
#include "vectors.h"

#include "base/buf.h"
#include "codec/structured.h"

static test_heap heap;
static aim_ctx *ctx;
static aim_buf *out;
static aim__sf sf;

static int setup(void **state)
{
	(void)state;
	ctx = test_ctx(&heap);
	aim__sf_init(&sf, ctx);
	return aim_buf_new(ctx, &out) == AIM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	aim__sf_dispose(&sf);
	aim_buf_free(out);
	test_ctx_done(ctx, &heap);
	return 0;
}

static uint32_t kind_of(const char *name)
{
	return name[0] == 'i' ? AIM__SF_ITEM : name[0] == 'l' ? AIM__SF_LIST : AIM__SF_DICTIONARY;
}

static void unescape_tabs(char *text)
{
	for (char *p; (p = strstr(text, "\\t")) != NULL && (p == text || p[-1] != '\\');) {
		*p = '\t';
		memmove(p + 1, p + 2, strlen(p + 2) + 1);
	}
}

static void check_row(uint32_t kind, char *text, const char *canonical)
{
	aim_error err = {0};
	unescape_tabs(text);
	aim_status rc = aim__sf_read(&sf, kind, aim_str_from(text), &err);
	if (strcmp(canonical, "-") == 0) {
		if (rc != AIM_E_HEADER || err.line != 1 || err.offset > strlen(text) || !strstr(err.message, "offset"))
			fail_msg("%s: %s, %s", text, aim_status_name(rc), err.message);
		return;
	}
	if (rc != AIM_OK)
		fail_msg("%s: %s", text, err.message);
	aim_buf_clear(out);
	assert_status(aim__sf_write(&sf, out), AIM_OK);
	assert_text(aim_buf_str(out), strcmp(canonical, "=") == 0 ? text : canonical);
}

static void test_vectors(void **state)
{
	char *rest = (char *)(uintptr_t)vectors_read("rfc9651/vectors.tsv").ptr;
	char *fields[3];
	size_t n = 0;
	(void)state;
	for (; vectors_fields(&rest, fields, 3) == 3; n++)
		check_row(kind_of(fields[0]), fields[1], fields[2]);
	assert_int_equal(n, 224);
}

static void read_as(uint32_t kind, const char *text)
{
	aim_error err = {0};
	if (aim__sf_read(&sf, kind, aim_str_from(text), &err) != AIM_OK)
		fail_msg("%s: %s", text, err.message);
}

static void test_values(void **state)
{
	(void)state;
	read_as(AIM__SF_LIST, "-12, 1.50, \"a\\\"b\", tok/en, :AQI=:, ?0, @-7, %\"f%c3%bc\"");
	static const uint32_t types[] = {AIM__SF_INTEGER, AIM__SF_DECIMAL, AIM__SF_STRING,  AIM__SF_TOKEN,
	                                 AIM__SF_BYTES,   AIM__SF_BOOLEAN, AIM__SF_DATE,    AIM__SF_DISPLAY_STRING};
	static const char *const texts[] = {"-12", "1.50", "a\"b", "tok/en", "\x01\x02", "0", "-7", "f\xC3\xBC"};
	assert_int_equal(sf.n_members, 8);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(aim__sf_at(&sf, i)->value.type, types[i]);
		assert_text(aim__sf_at(&sf, i)->value.text, texts[i]);
	}
	assert_int_equal(aim__sf_at(&sf, 0)->value.number, -12);
	assert_int_equal(aim__sf_at(&sf, 5)->value.number, 0);
	assert_int_equal(aim__sf_at(&sf, 6)->value.number, -7);
}

static void test_dictionary_and_parameters(void **state)
{
	(void)state;
	read_as(AIM__SF_DICTIONARY, "a=(x;q=1 \"y\";r);created=7;alg=\"z\", b=2;t=tok, c");
	assert_false(sf.has_duplicate);
	const aim__sf_node *a = aim__sf_member(&sf, aim_str_from("a"));
	assert_int_equal(a->value.type, AIM__SF_INNER_LIST);
	assert_int_equal(a->n_inner, 2);
	assert_text(a[1].value.text, "x");
	assert_text(a[2].value.text, "y");
	assert_int_equal(aim__sf_parameter_of(&sf, a + 1, aim_str_from("q"))->number, 1);
	assert_int_equal(aim__sf_parameter_of(&sf, a + 2, aim_str_from("r"))->type, AIM__SF_BOOLEAN);
	assert_null(aim__sf_parameter_of(&sf, a + 2, aim_str_from("q")));
	assert_int_equal(aim__sf_parameter_typed(&sf, a, "created", AIM__SF_INTEGER)->number, 7);
	assert_null(aim__sf_parameter_typed(&sf, a, "created", AIM__SF_STRING));
	assert_null(aim__sf_parameter_typed(&sf, a, "expires", AIM__SF_INTEGER));
	assert_int_equal(aim__sf_member(&sf, aim_str_from("c"))->value.number, 1);
	assert_null(aim__sf_member(&sf, aim_str_from("d")));
	assert_int_equal(aim__sf_member(&sf, aim_str_from("b"))->offset, 35);
}

/* The last one wins, in the place of the first, and the reader is told. */
static void test_duplicates(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *canonical;
	} cases[] = {
		{"a=1, b=2, a=(3 4);x", 10, "a=(3 4);x, b=2"},
		{"a=1;x=1;y;x=2, b", 10, "a=1;x=2;y, b"},
		{"a=(1;k;k)", 7, "a=(1;k)"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		read_as(AIM__SF_DICTIONARY, cases[i].text);
		assert_true(sf.has_duplicate);
		assert_int_equal(sf.duplicate_offset, cases[i].offset);
		aim_buf_clear(out);
		assert_status(aim__sf_write(&sf, out), AIM_OK);
		assert_text(aim_buf_str(out), cases[i].canonical);
	}
	read_as(AIM__SF_DICTIONARY, "a;k, b;k");
	assert_false(sf.has_duplicate);
}

static void test_write_one_node(void **state)
{
	(void)state;
	read_as(AIM__SF_DICTIONARY, "a=1,    b=2;x=1;y=2,   c=(a   b   c)");
	aim_buf_clear(out);
	assert_status(aim__sf_write_node(&sf, aim__sf_member(&sf, aim_str_from("b")), out), AIM_OK);
	assert_text(aim_buf_str(out), "2;x=1;y=2");
	aim_buf_clear(out);
	assert_status(aim__sf_write_node(&sf, aim__sf_member(&sf, aim_str_from("c")), out), AIM_OK);
	assert_text(aim_buf_str(out), "(a b c)");
}

static void test_writers_refuse(void **state)
{
	(void)state;
	aim_buf_clear(out);
	assert_status(aim__sf_write_string(aim_str_from("a\x7F"), out), AIM_E_INVALID);
	assert_status(aim__sf_write_string(aim_str_from("\xC3\xBC"), out), AIM_E_INVALID);
	assert_status(aim__sf_write_string((aim_str){"\0", 1}, out), AIM_E_INVALID);
	assert_status(aim__sf_write_token(aim_str_from("1a"), out), AIM_E_INVALID);
	assert_status(aim__sf_write_token((aim_str){"a\0", 2}, out), AIM_E_INVALID);
	assert_status(aim__sf_write_token(aim_str_from(""), out), AIM_E_INVALID);
	assert_status(aim__sf_write_key(aim_str_from("A"), out), AIM_E_INVALID);
	assert_status(aim__sf_write_integer(1000000000000000, out), AIM_E_INVALID);
	assert_status(aim__sf_write_integer(-1000000000000000, out), AIM_E_INVALID);
	assert_int_equal(out->len, 0);
	assert_status(aim__sf_write_integer(-999999999999999, out), AIM_OK);
	assert_text(aim_buf_str(out), "-999999999999999");
}

static aim_str repeated(const char *first, const char *again, size_t n)
{
	aim_buf_clear(out);
	assert_status(aim__buf_add_text(out, first), AIM_OK);
	for (size_t i = 0; i < n; i++)
		assert_status(aim__buf_add_text(out, again), AIM_OK);
	return aim_buf_str(out);
}

static aim_str many_parameters(size_t n)
{
	aim_buf_clear(out);
	assert_status(aim__buf_add_text(out, "1"), AIM_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(aim__buf_add_text(out, ";k") == AIM_OK && aim__buf_add_u64(out, i) == AIM_OK);
	return aim_buf_str(out);
}

static void test_limits(void **state)
{
	aim_error err = {0};
	(void)state;
	assert_status(aim__sf_read(&sf, AIM__SF_LIST, repeated("1", ",1", 1023), NULL), AIM_OK);
	assert_status(aim__sf_read(&sf, AIM__SF_LIST, repeated("1", ",1", 1024), &err), AIM_E_LIMIT);
	assert_non_null(strstr(err.message, "1024 members"));
	assert_int_equal(sf.n_members, 0);
	assert_status(aim__sf_read(&sf, AIM__SF_ITEM, many_parameters(256), NULL), AIM_OK);
	assert_status(aim__sf_read(&sf, AIM__SF_ITEM, many_parameters(257), NULL), AIM_E_LIMIT);
	aim_str text = repeated("(", "1 ", 1024);
	assert_status(aim__buf_add_byte(out, ')'), AIM_OK);
	text = aim_buf_str(out);
	assert_status(aim__sf_read(&sf, AIM__SF_LIST, text, NULL), AIM_OK);
	text = repeated("(", "1 ", 1025);
	assert_status(aim__sf_read(&sf, AIM__SF_LIST, text, NULL), AIM_E_LIMIT);
	text = repeated("", "aaaaaaaaaaaaaaaa", 4096);
	assert_status(aim__sf_read(&sf, AIM__SF_ITEM, text, NULL), AIM_OK);
	text = repeated("a", "aaaaaaaaaaaaaaaa", 4096);
	assert_status(aim__sf_read(&sf, AIM__SF_ITEM, text, NULL), AIM_E_LIMIT);
}

static aim_status read_and_write(aim_ctx *c, void *arg)
{
	static const char text[] = "a=\"x\\\"y\";k=:AQID:, b=(1 2 3 4 5 6 7 8 9 10);p=%\"%c3%bc\", c;d;e;f;g;h;i;j;k;l";
	aim__sf tables;
	aim_buf *text_out = NULL;
	(void)arg;
	aim__sf_init(&tables, c);
	aim_status rc = aim__sf_read(&tables, AIM__SF_DICTIONARY, aim_str_from(text), NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(c, &text_out);
	if (rc == AIM_OK)
		rc = aim__sf_write(&tables, text_out);
	if (rc == AIM_OK)
		assert_text(aim_buf_str(text_out), text);
	aim_buf_free(text_out);
	aim__sf_dispose(&tables);
	return rc;
}

static void test_every_allocation_fails(void **state)
{
	(void)state;
	test_each_allocation_fails(read_and_write, NULL);
}

/* The same tables read a second text of no greater size without taking memory. */
static void test_reuse(void **state)
{
	(void)state;
	read_as(AIM__SF_DICTIONARY, "a=\"x\\\"y\";k=:AQID:, b=(1 2 3)");
	size_t before = heap.n_allocs;
	read_as(AIM__SF_DICTIONARY, "c=:AQID:;k=\"x\\\\y\", d=(1 2)");
	assert_int_equal(heap.n_allocs, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_dictionary_and_parameters),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_write_one_node),
		cmocka_unit_test(test_writers_refuse),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_allocation_fails),
		cmocka_unit_test(test_reuse),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
