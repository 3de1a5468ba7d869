/* An export on its own: what is whole verifies, and every change of it is found. */
#include "support.h"
#include "vault.h"

#include "base/buf.h"
#include "base/ctx.h"

#include <aim/checkpoint.h>
#include <aim/trail.h>

#include <stdlib.h>
#include <string.h>

#define ORIGIN "example.com/log"

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_key *key;
	aim_buf out, vkey;
	aim_audit_head head; /* of the whole log */
	aim_trail_verify_report report;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	b->log = open_log(b->store, NULL);
	aim__buf_init(&b->out, b->ctx);
	aim__buf_init(&b->vkey, b->ctx);
	assert_status(aim_key_generate(b->ctx, AIM_KEY_LOG, &b->key, &b->err), AIM_OK);
	aim_public_key public_key;
	assert_status(aim_key_public(b->key, &public_key), AIM_OK);
	assert_status(aim_checkpoint_vkey(b->ctx, aim_str_from(ORIGIN), AIM_CHECKPOINT_LOG_KEY, &public_key,
	                                  &b->vkey, &b->err), AIM_OK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim__buf_dispose(&b->out);
	aim__buf_dispose(&b->vkey);
	aim_key_unref(b->key);
	aim_audit_free(b->log);
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_status collect(void *user, aim_bytes bytes)
{
	return aim__buf_add(user, bytes.ptr, bytes.len);
}

static void export(bench *b, const aim_trail_export_options *o)
{
	aim__buf_truncate(&b->out, 0);
	assert_status(aim_trail_export(b->log, o, collect, &b->out, NULL, &b->err), AIM_OK);
	b->head = (aim_audit_head){.struct_size = sizeof b->head};
	assert_status(aim_audit_current(b->log, &b->head, &b->err), AIM_OK);
}

static void sign(bench *b)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	assert_status(aim_checkpoint_open(b->log, b->key, &o, &signer, &b->err), AIM_OK);
	assert_status(aim_checkpoint_close(signer, &b->err), AIM_OK);
}

static aim_status check_with(bench *b, aim_bytes bytes, const aim_trail_verify_options *o)
{
	b->report = (aim_trail_verify_report){.struct_size = sizeof b->report};
	memset(&b->err, 0, sizeof b->err);
	aim_status rc = aim_trail_verify(b->ctx, bytes, o, &b->report, &b->err);
	assert_int_equal(b->err.status, rc);
	return rc;
}

static aim_status check(bench *b)
{
	aim_trail_verify_options o = {.struct_size = sizeof o, .remembered = &b->head};
	return check_with(b, aim_buf_bytes(&b->out), &o);
}

#define OPTIONS(...) &(aim_trail_export_options){.struct_size = sizeof(aim_trail_export_options), __VA_ARGS__}
#define FILTER(...) &(aim_trail_filter){.struct_size = sizeof(aim_trail_filter), __VA_ARGS__}
#define S(text) {text, sizeof(text) - 1}

static void test_whole_exports_verify(void **state)
{
	bench *b = *state;
	export(b, NULL);
	assert_status(check(b), AIM_OK);
	append_samples(b->log, 37);
	for (uint32_t flags = 0; flags < 8; flags += 4) {
		export(b, OPTIONS(.flags = flags));
		assert_status(check(b), AIM_OK);
		assert_int_equal(b->report.n_records, 37);
		assert_int_equal(b->report.n_lines, 39);
		assert_int_equal(b->report.end, 37);
		assert_int_equal(b->report.bad_line, 0);
		assert_memory_equal(b->report.root, b->head.root, 32);
	}
	/* A piece from the middle, to the end. */
	for (uint64_t from = 0; from <= 37; from++) {
		export(b, OPTIONS(.from = from));
		assert_status(check(b), AIM_OK);
		assert_int_equal(b->report.first, from);
		assert_int_equal(b->report.n_records, 37 - from);
	}
}

static void test_bytes_may_come_in_any_pieces(void **state)
{
	bench *b = *state;
	append_samples(b->log, 9);
	export(b, NULL);
	aim_trail_verify_options o = {.struct_size = sizeof o, .remembered = &b->head};
	for (size_t step = 1; step < 400; step += 7) {
		aim_trail_verifier *v = NULL;
		assert_status(aim_trail_verifier_new(b->ctx, &o, &v, &b->err), AIM_OK);
		for (size_t i = 0; i < b->out.len; i += step) {
			size_t n = b->out.len - i < step ? b->out.len - i : step;
			assert_status(aim_trail_verifier_feed(v, aim_bytes_from(b->out.ptr + i, n), &b->err), AIM_OK);
		}
		assert_status(aim_trail_verifier_end(v, NULL, &b->err), AIM_OK);
		aim_trail_verifier_free(v);
	}
}

static void flip_every_bit(bench *b, const aim_trail_verify_options *o, aim_status expected_whole, size_t len)
{
	assert_status(check_with(b, aim_buf_bytes(&b->out), o), expected_whole);
	for (size_t i = 0; i < len * 8; i++) {
		b->out.ptr[i / 8] ^= (uint8_t)(1u << (i % 8));
		aim_status rc = check_with(b, aim_buf_bytes(&b->out), o);
		b->out.ptr[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (rc == AIM_OK || rc == AIM_E_AUDIT_PARTIAL)
			fail_msg("bit %zu of byte %zu (line %llu) is not covered", i % 8, i / 8,
			         (unsigned long long)b->report.bad_line);
		assert_true(b->report.bad_line > 0);
	}
}

/* The law of this format: given the remembered head, no bit of an export can change unnoticed. */
static void test_every_single_bit_is_covered(void **state)
{
	bench *b = *state;
	append_samples(b->log, 3);
	sign(b);
	append_samples(b->log, 1); /* a record behind the checkpoint */
	export(b, OPTIONS(.flags = AIM_TRAIL_CHECKPOINT));
	aim_trail_verify_options o = {.struct_size = sizeof o, .remembered = &b->head};
	flip_every_bit(b, &o, AIM_OK, b->out.len);
	export(b, OPTIONS(.flags = AIM_TRAIL_SALTS, .from = 1));
	flip_every_bit(b, &o, AIM_OK, b->out.len);
	/* Also where nothing is remembered, and where the export is partial. */
	o.remembered = NULL;
	flip_every_bit(b, &o, AIM_OK, b->out.len);
	export(b, OPTIONS(.flags = AIM_TRAIL_CONTROLS));
	flip_every_bit(b, &o, AIM_E_AUDIT_PARTIAL, b->out.len);
}

static void test_with_the_key_alone(void **state)
{
	bench *b = *state;
	append_samples(b->log, 6);
	sign(b);
	append_samples(b->log, 2);
	export(b, OPTIONS(.flags = AIM_TRAIL_CHECKPOINT));
	aim_trail_verify_options o = {.struct_size = sizeof o, .vkey = aim_buf_str(&b->vkey)};
	o.origin = aim_str_from(ORIGIN);
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_OK);
	assert_int_equal(b->report.checkpoint_size, 6);
	const uint8_t *end = memchr(b->out.ptr, '\n', b->out.len);
	flip_every_bit(b, &o, AIM_OK, (size_t)(end - b->out.ptr));
	o.origin = aim_str_from("example.org/other");
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_E_AUDIT_FORK);
	o.origin = aim_str_from(ORIGIN);
	export(b, NULL);
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_E_AUDIT_UNSIGNED);
	assert_int_equal(b->report.checkpoint_size, 0);
}

static void test_every_cut_is_found(void **state)
{
	bench *b = *state;
	append_samples(b->log, 4);
	export(b, NULL);
	aim_trail_verify_options o = {.struct_size = sizeof o};
	for (size_t len = 0; len < b->out.len; len++) {
		aim_status rc = check_with(b, aim_bytes_from(b->out.ptr, len), &o);
		assert_status(rc, AIM_E_AUDIT_TRUNCATED);
	}
	assert_status(aim__buf_add_text(&b->out, "\n"), AIM_OK);
	assert_status(check(b), AIM_E_AUDIT_FORMAT);
}

/* Offset of line i, from 0. */
static size_t line_at(const bench *b, size_t i)
{
	size_t at = 0;
	for (; i > 0; at++)
		i -= b->out.ptr[at] == '\n';
	return at;
}

static void test_lines_that_are_gone_doubled_or_exchanged(void **state)
{
	bench *b = *state;
	append_samples(b->log, 8);
	export(b, NULL);
	size_t third = line_at(b, 3), fourth = line_at(b, 4), fifth = line_at(b, 5);
	size_t last = line_at(b, 9), eighth = line_at(b, 8);
	aim_buf all;
	aim__buf_init(&all, b->ctx);
	assert_status(aim__buf_add(&all, b->out.ptr, b->out.len), AIM_OK);
	/* gone: record 2 */
	memmove(b->out.ptr + third, b->out.ptr + fourth, b->out.len - fourth);
	aim__buf_truncate(&b->out, b->out.len - (fourth - third));
	assert_status(check(b), AIM_E_AUDIT_GAP);
	assert_int_equal(b->report.bad_line, 4);
	assert_int_equal(b->report.bad_position, 3);
	assert_int_equal(b->report.n_records, 2);
	assert_non_null(strstr(b->err.message, "record 2 is missing"));
	assert_int_equal(b->err.line, 4);
	assert_int_equal(b->err.offset, third);
	/* doubled */
	aim__buf_truncate(&b->out, 0);
	assert_status(aim__buf_add(&b->out, all.ptr, fourth), AIM_OK);
	assert_status(aim__buf_add(&b->out, all.ptr + third, all.len - third), AIM_OK);
	assert_status(check(b), AIM_E_AUDIT_CORRUPT);
	assert_int_equal(b->report.bad_line, 5);
	assert_int_equal(b->report.bad_position, 2);
	/* exchanged */
	aim__buf_truncate(&b->out, 0);
	assert_status(aim__buf_add(&b->out, all.ptr, third), AIM_OK);
	assert_status(aim__buf_add(&b->out, all.ptr + fourth, fifth - fourth), AIM_OK);
	assert_status(aim__buf_add(&b->out, all.ptr + third, fourth - third), AIM_OK);
	assert_status(aim__buf_add(&b->out, all.ptr + fifth, all.len - fifth), AIM_OK);
	assert_status(check(b), AIM_E_AUDIT_GAP);
	/* the newest record gone */
	aim__buf_truncate(&b->out, 0);
	assert_status(aim__buf_add(&b->out, all.ptr, eighth), AIM_OK);
	assert_status(aim__buf_add(&b->out, all.ptr + last, all.len - last), AIM_OK);
	assert_status(check(b), AIM_E_AUDIT_TRUNCATED);
	aim__buf_dispose(&all);
}

static void test_another_history_is_a_fork(void **state)
{
	bench *b = *state;
	append_samples(b->log, 8);
	export(b, NULL);
	aim_audit_head head = b->head;
	head.root[31] ^= 1;
	aim_trail_verify_options o = {.struct_size = sizeof o, .remembered = &head};
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_E_AUDIT_FORK);
	head = b->head;
	head.size = 9;
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_E_AUDIT_TRUNCATED);
	/* A remembered head inside the export, and one before it. */
	aim_audit_head old = {.struct_size = sizeof old};
	assert_status(aim_audit_current(b->log, &old, &b->err), AIM_OK);
	append_samples(b->log, 5);
	export(b, NULL);
	o.remembered = &old;
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_OK);
	export(b, OPTIONS(.from = 8));
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_OK);
	export(b, OPTIONS(.from = 9));
	assert_status(check_with(b, aim_buf_bytes(&b->out), &o), AIM_E_AUDIT_PARTIAL);
}

static void test_partial_exports_say_so(void **state)
{
	bench *b = *state;
	append_samples(b->log, 20);
	export(b, OPTIONS(.filter = FILTER(.decision = S("deny"))));
	assert_status(check(b), AIM_E_AUDIT_PARTIAL);
	assert_int_equal(b->report.n_records, 10);
	assert_int_equal(b->report.bad_line, 0);
	export(b, OPTIONS(.flags = AIM_TRAIL_CONTROLS));
	assert_status(check(b), AIM_E_AUDIT_PARTIAL);
	assert_int_equal(b->report.n_records, 20);
	/* A line of a partial export that is gone is missed all the same. */
	size_t from = line_at(b, 4), to = line_at(b, 5);
	memmove(b->out.ptr + from, b->out.ptr + to, b->out.len - to);
	aim__buf_truncate(&b->out, b->out.len - (to - from));
	assert_status(check(b), AIM_E_AUDIT_TRUNCATED);
}

static void test_what_is_no_export(void **state)
{
	bench *b = *state;
	static const struct {
		const char *text;
		aim_status status;
	} cases[] = {
		{"", AIM_E_AUDIT_TRUNCATED},
		{"\n", AIM_E_AUDIT_FORMAT},
		{"{}\n", AIM_E_AUDIT_FORMAT},
		{"nonsense\n", AIM_E_AUDIT_FORMAT},
		{"{\"aim_audit_export\":2}\n", AIM_E_VERSION},
		{"{\"aim_audit_export\":1}\n", AIM_E_AUDIT_FORMAT},
	};
	aim_trail_verify_options o = {.struct_size = sizeof o};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_status(check_with(b, aim_bytes_from_str(aim_str_from(cases[i].text)), &o), cases[i].status);
	/* A line without an end is refused before it fills the memory. */
	aim_trail_verifier *v = NULL;
	static uint8_t spaces[65536];
	memset(spaces, ' ', sizeof spaces);
	assert_status(aim_trail_verifier_new(b->ctx, NULL, &v, &b->err), AIM_OK);
	aim_status rc = AIM_OK;
	for (size_t i = 0; rc == AIM_OK && i < 100; i++)
		rc = aim_trail_verifier_feed(v, aim_bytes_from(spaces, sizeof spaces), &b->err);
	assert_status(rc, AIM_E_AUDIT_FORMAT);
	assert_true(b->heap.live_bytes < 2u << 20);
	assert_status(aim_trail_verifier_feed(v, aim_bytes_from(spaces, 1), &b->err), AIM_E_AUDIT_FORMAT);
	aim_trail_verifier_free(v);
	aim_trail_verifier_free(NULL);
	o.flags = 1;
	assert_status(aim_trail_verifier_new(b->ctx, &o, &v, &b->err), AIM_E_VERSION);
	o = (aim_trail_verify_options){.struct_size = sizeof o, .vkey = {NULL, 1}};
	assert_status(aim_trail_verifier_new(b->ctx, &o, &v, &b->err), AIM_E_INVALID);
}

static aim_status body(aim_ctx *ctx, void *arg)
{
	aim_error err = {0};
	const aim_buf *out = arg;
	aim_trail_verify_options o = {.struct_size = sizeof o};
	aim_trail_verifier *v = NULL;
	aim_status rc = aim_trail_verifier_new(ctx, &o, &v, &err);
	for (size_t i = 0; rc == AIM_OK && i < out->len; i += 100) {
		size_t n = out->len - i < 100 ? out->len - i : 100;
		rc = aim_trail_verifier_feed(v, aim_bytes_from(out->ptr + i, n), &err);
	}
	if (rc == AIM_OK)
		rc = aim_trail_verifier_end(v, NULL, &err);
	aim_trail_verifier_free(v);
	if (rc != AIM_OK)
		assert_int_equal(err.status, rc);
	return rc;
}

static void test_each_allocation_may_fail(void **state)
{
	bench *b = *state;
	append_samples(b->log, 4);
	sign(b);
	export(b, OPTIONS(.flags = AIM_TRAIL_CHECKPOINT));
	test_each_allocation_fails(body, &b->out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_whole_exports_verify),
		T(test_bytes_may_come_in_any_pieces),
		T(test_every_single_bit_is_covered),
		T(test_with_the_key_alone),
		T(test_every_cut_is_found),
		T(test_lines_that_are_gone_doubled_or_exchanged),
		T(test_another_history_is_a_fork),
		T(test_partial_exports_say_so),
		T(test_what_is_no_export),
		T(test_each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
