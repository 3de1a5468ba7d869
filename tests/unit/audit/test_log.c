/* Opening, appending, reading, verifying: what a host sees. */
#include "support.h"
#include "vault.h"

#include "base/ctx.h"
#include "crypto/merkle.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	assert_status(aim_store_open_memory(b->ctx, NULL, &b->store, &b->err), AIM_OK);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	aim_store_free(b->store);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

typedef struct seen {
	uint64_t n, first;
	aim_status stop_with;
	char last[512];
} seen;

static aim_status collect(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	seen *s = user;
	if (s->n++ == 0)
		s->first = position;
	assert_int_equal(position, s->first + s->n - 1);
	assert_int_equal(salt.len, 16);
	assert_true(record.len < sizeof s->last);
	memcpy(s->last, record.ptr, record.len);
	s->last[record.len] = 0;
	return s->stop_with;
}

static void test_new_log_is_empty(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_head head = {.struct_size = sizeof head};
	aim_audit_report report = {.struct_size = sizeof report};
	/* RFC 9162 §2.1.1: the hash of an empty list is the hash of an empty string. */
	static const uint8_t empty[32] = {
		0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
		0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
	assert_status(aim_audit_current(log, &head, &b->err), AIM_OK);
	assert_int_equal(head.size, 0);
	assert_memory_equal(head.root, empty, 32);
	assert_status(aim_audit_verify(log, NULL, &report, &b->err), AIM_OK);
	assert_int_equal(report.n_records, 0);
	assert_memory_equal(report.root, empty, 32);
	aim_audit_free(log);
}

static void test_append_read_verify(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_head head = {.struct_size = sizeof head};
	aim_audit_report report = {.struct_size = sizeof report};
	seen s = {0};
	for (unsigned i = 0; i < 300; i++) {
		aim_audit_record r = sample_record(i);
		uint64_t position = 0;
		assert_status(aim_audit_append(log, &r, &position, &b->err), AIM_OK);
		assert_int_equal(position, i);
	}
	assert_status(aim_audit_read(log, 0, UINT64_MAX, collect, &s, &b->err), AIM_OK);
	assert_int_equal(s.n, 300);
	assert_status(aim_audit_verify(log, NULL, &report, &b->err), AIM_OK);
	assert_int_equal(report.n_records, 300);
	assert_int_equal(report.bad_position, 300);
	assert_status(aim_audit_current(log, &head, &b->err), AIM_OK);
	assert_int_equal(head.size, 300);
	assert_memory_equal(head.root, report.root, 32);
	assert_status(aim_audit_verify(log, &head, NULL, &b->err), AIM_OK);
	aim_audit_free(log);
}

typedef struct leaves {
	aim_ctx *ctx;
	aim__merkle_hash hashes[21];
} leaves;

static aim_status hash_leaf(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	leaves *l = user;
	(void)salt;
	return aim__merkle_leaf(l->ctx, aim_bytes_from_str(record), &l->hashes[position]);
}

/* The root is RFC 9162's over the records and nothing else. */
static void test_root_is_the_tree_hash_of_the_records(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_head head = {.struct_size = sizeof head};
	leaves l = {.ctx = b->ctx};
	aim__merkle_hash root;
	append_samples(log, 21);
	assert_status(aim_audit_read(log, 0, 21, hash_leaf, &l, &b->err), AIM_OK);
	assert_status(aim__merkle_root(b->ctx, l.hashes, 21, &root), AIM_OK);
	assert_status(aim_audit_current(log, &head, &b->err), AIM_OK);
	assert_memory_equal(head.root, root.bytes, 32);
	aim_audit_free(log);
}

static void test_read_ranges(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	append_samples(log, 10);
	seen s = {0};
	assert_status(aim_audit_read(log, 4, 3, collect, &s, &b->err), AIM_OK);
	assert_int_equal(s.first, 4);
	assert_int_equal(s.n, 3);
	s = (seen){0};
	assert_status(aim_audit_read(log, 10, 3, collect, &s, &b->err), AIM_OK);
	assert_status(aim_audit_read(log, UINT64_MAX, UINT64_MAX, collect, &s, &b->err), AIM_OK);
	assert_status(aim_audit_read(log, 0, 0, collect, &s, &b->err), AIM_OK);
	assert_int_equal(s.n, 0);
	s.stop_with = AIM_E_CALLBACK;
	assert_status(aim_audit_read(log, 0, 5, collect, &s, &b->err), AIM_E_CALLBACK);
	assert_int_equal(s.n, 1);
	aim_audit_free(log);
}

static void test_reopen_goes_on(void **state)
{
	bench *b = *state;
	for (unsigned i = 0; i < 5; i++) {
		aim_audit *log = open_log(b->store, NULL);
		aim_audit_record r = sample_record(i);
		uint64_t position = 99;
		assert_status(aim_audit_append(log, &r, &position, &b->err), AIM_OK);
		assert_int_equal(position, i);
		assert_status(aim_audit_verify(log, NULL, NULL, &b->err), AIM_OK);
		assert_status(aim_audit_close(log, &b->err), AIM_OK);
	}
}

static void test_logs_are_apart(void **state)
{
	bench *b = *state;
	aim_audit_options o = {.struct_size = sizeof o, .name = aim_str_from("node-2_b")};
	aim_audit *one = open_log(b->store, NULL), *two = open_log(b->store, &o);
	aim_audit_head head = {.struct_size = sizeof head};
	append_samples(one, 5);
	append_samples(two, 3);
	append_samples(one, 1);
	assert_status(aim_audit_verify(one, NULL, NULL, &b->err), AIM_OK);
	assert_status(aim_audit_verify(two, NULL, NULL, &b->err), AIM_OK);
	assert_status(aim_audit_current(two, &head, &b->err), AIM_OK);
	assert_int_equal(head.size, 3);
	aim_audit_free(one);
	aim_audit_free(two);
}

/* Two objects on one log take turns without a fork. */
static void test_two_objects_on_one_log(void **state)
{
	bench *b = *state;
	aim_audit *one = open_log(b->store, NULL), *two = open_log(b->store, NULL);
	aim_audit_report report = {.struct_size = sizeof report};
	for (unsigned i = 0; i < 20; i++)
		append_samples(i % 3 ? one : two, 1 + i % 2);
	assert_status(aim_audit_verify(one, NULL, &report, &b->err), AIM_OK);
	assert_int_equal(report.n_records, 30);
	aim_audit_free(one);
	aim_audit_free(two);
}

static void test_durable_append_is_one_transaction(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	append_samples(log, 1);
	uint64_t before = atomic_load(&b->store->n_groups);
	append_samples(log, 25);
	assert_int_equal(atomic_load(&b->store->n_groups), before + 25);
	aim_audit_free(log);
}

static void test_remembered_head(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_head old = {.struct_size = sizeof old};
	aim_audit_report report = {.struct_size = sizeof report};
	append_samples(log, 7);
	assert_status(aim_audit_current(log, &old, &b->err), AIM_OK);
	append_samples(log, 6);
	assert_status(aim_audit_verify(log, &old, &report, &b->err), AIM_OK);
	assert_int_equal(report.n_records, 13);
	old.root[31] ^= 1;
	assert_status(aim_audit_verify(log, &old, &report, &b->err), AIM_E_AUDIT_FORK);
	assert_int_equal(report.n_records, 7);
	old.root[31] ^= 1;
	old.size = 6;
	assert_status(aim_audit_verify(log, &old, NULL, &b->err), AIM_E_AUDIT_FORK);
	old.size = 14;
	assert_status(aim_audit_verify(log, &old, &report, &b->err), AIM_E_AUDIT_TRUNCATED);
	assert_int_equal(report.n_records, 13);
	assert_int_equal(report.bad_position, 13);
	aim_audit_free(log);
}

static void test_options(void **state)
{
	bench *b = *state;
	static const char *const bad_names[] = {
		"Main", "a/b", "a b", ".",
		"a2345678901234567890123456789012345678901234567890123456789012345"};
	aim_audit *log = NULL;
	for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
		aim_audit_options o = {.struct_size = sizeof o, .name = aim_str_from(bad_names[i])};
		assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_INVALID);
	}
	aim_audit_options o = {.struct_size = sizeof o, .durability = 2};
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_INVALID);
	o = (aim_audit_options){.struct_size = sizeof o, .window_records = 4097};
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_LIMIT);
	o = (aim_audit_options){.struct_size = sizeof o, .flags = 2};
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_VERSION);
	o = (aim_audit_options){.struct_size = sizeof o, .reserved = 1};
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_VERSION);
	o = (aim_audit_options){.struct_size = 8};
	assert_status(aim_audit_open(b->store, &o, &log, &b->err), AIM_E_INVALID);
	assert_null(log);
	o = (aim_audit_options){.struct_size = sizeof o};
	o.name = aim_str_from("a234567890123456789012345678901234567890123456789012345678901234");
	log = open_log(b->store, &o);
	append_samples(log, 2);
	aim_audit_free(log);
}

static void test_misuse(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_record r = sample_record(0);
	aim_audit_head head = {.struct_size = 8};
	aim_audit_report report = {.struct_size = 8};
	assert_status(aim_audit_open(NULL, NULL, &log, NULL), AIM_E_INVALID);
	assert_status(aim_audit_open(b->store, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_append(NULL, &r, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_append(log, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_flush(NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_poll(NULL, 0, NULL), AIM_E_INVALID);
	assert_int_equal(aim_audit_next_deadline_ms(NULL, 0), -1);
	assert_status(aim_audit_current(NULL, &head, NULL), AIM_E_INVALID);
	assert_status(aim_audit_current(log, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_current(log, &head, NULL), AIM_E_INVALID);
	assert_status(aim_audit_read(NULL, 0, 1, collect, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_read(log, 0, 1, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_verify(NULL, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_verify(log, &head, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_audit_verify(log, NULL, &report, NULL), AIM_E_INVALID);
	assert_status(aim_audit_close(NULL, NULL), AIM_OK);
	aim_audit_free(NULL);
	aim_audit_free(log);
}

/* A record that is refused leaves no trace and does not disturb the next. */
static void test_refused_record_leaves_no_trace(void **state)
{
	bench *b = *state;
	aim_audit *log = open_log(b->store, NULL);
	aim_audit_record bad = sample_record(0), good = sample_record(1);
	uint64_t position = 77;
	bad.action = aim_str_from("\xFF");
	assert_status(aim_audit_append(log, &bad, &position, &b->err), AIM_E_UTF8);
	assert_int_equal(position, 77);
	assert_status(aim_audit_append(log, &good, &position, &b->err), AIM_OK);
	assert_int_equal(position, 0);
	assert_status(aim_audit_verify(log, NULL, NULL, &b->err), AIM_OK);
	aim_audit_free(log);
}

static void test_warm_append_hardly_allocates(void **state)
{
	bench *b = *state;
	vault *v = calloc(1, sizeof *v);
	assert_non_null(v);
	vault_init(v);
	aim_store *store = vault_open(v, b->ctx);
	aim_audit *log = open_log(store, NULL);
	append_samples(log, 50);
	size_t before = b->heap.n_allocs;
	append_samples(log, 50);
	assert_int_equal(b->heap.n_allocs, before);
	aim_audit_free(log);
	aim_store_free(store);
	vault_free(v);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_log_is_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_append_read_verify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_is_the_tree_hash_of_the_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reopen_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logs_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_objects_on_one_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_durable_append_is_one_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remembered_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_options, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_record_leaves_no_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_warm_append_hardly_allocates, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
