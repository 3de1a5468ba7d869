/* The store handle against engines that break their contract: nothing wrong passes through it. */
#include "support.h"

#include <aim/store.h>
#include "store/store.h"

#include <string.h>

/* An engine that answers what a test tells it to. */
typedef struct liar {
	const char *const *keys; /* of get and scan, ends with NULL */
	const uint64_t *positions;
	size_t n_positions;
	aim_status status;     /* of every function */
	aim_status row_status; /* what the last row answered */
	aim_status batch_status;
	uint32_t failed_op;
	int sets_status;
	int ignores_stop;
	int n_closed;
	int n_applied;
} liar;

static aim_status give(liar *l, aim_store_row row, void *row_user)
{
	for (size_t i = 0; l->keys && l->keys[i]; i++) {
		aim_bytes key = aim_bytes_from_str(aim_str_from(l->keys[i]));
		l->row_status = row(row_user, key, key, i + 1, 0);
		if (l->row_status != AIM_OK && !l->ignores_stop)
			return l->row_status;
	}
	return l->status;
}

static aim_status lie_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                          aim_error *err)
{
	(void)key, (void)now_us, (void)err;
	return give(user, row, row_user);
}

static aim_status lie_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                           aim_store_row row, void *row_user, aim_error *err)
{
	(void)prefix, (void)after, (void)limit, (void)now_us, (void)err;
	return give(user, row, row_user);
}

static aim_status lie_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                           void *row_user, aim_error *err)
{
	liar *l = user;
	(void)from, (void)limit, (void)err;
	for (size_t i = 0; i < l->n_positions; i++) {
		aim_status rc = row(row_user, log, log, 0, l->positions[i]);
		if (rc != AIM_OK && !l->ignores_stop)
			return rc;
	}
	return l->status;
}

static aim_status lie_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                            aim_error *err)
{
	liar *l = user;
	(void)now_us, (void)err;
	l->n_applied++;
	for (size_t i = 0; l->sets_status && i < n_batches; i++) {
		batches[i].status = l->batch_status;
		batches[i].failed_op = l->failed_op;
	}
	return l->status;
}

static void lie_close(void *user)
{
	liar *l = user;
	l->n_closed++;
}

static aim_store_engine engine_of(liar *l)
{
	return (aim_store_engine){sizeof(aim_store_engine), 0, lie_get, lie_scan, lie_apply, lie_read, l,
	                          lie_close, NULL, NULL};
}

static aim_status lie_hold(void *user, aim_error *err)
{
	(void)user, (void)err;
	return AIM_OK;
}

/* A store whose opening asked nothing that matters: one version key is enough for it. */
static aim_store *open_liar(aim_ctx *ctx, liar *l)
{
	static const aim__record_kinds none = {NULL, 0, NULL};
	aim_store *store = NULL;
	aim_store_engine good;
	assert_status(aim__store_memory_engine(ctx, &good), AIM_OK);
	assert_status(aim__store_open(ctx, &good, &none, NULL, &store, NULL), AIM_OK);
	good.close(good.user);
	store->engine = engine_of(l);
	return store;
}

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	liar liar;
	aim_store *store;
	aim_buf *out;
	aim_error err;
} fixture;

static void begin(fixture *f)
{
	memset(f, 0, sizeof *f);
	f->ctx = test_ctx(&f->heap);
	f->store = open_liar(f->ctx, &f->liar);
	assert_status(aim_buf_new(f->ctx, &f->out), AIM_OK);
}

static void end(fixture *f)
{
	aim_buf_free(f->out);
	aim_store_free(f->store);
	assert_int_equal(f->liar.n_closed, 1);
	test_ctx_done(f->ctx, &f->heap);
}

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

static aim_status count_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	size_t *n = user;
	(void)key, (void)value, (void)version, (void)position;
	++*n;
	return *n >= 100 ? AIM_E_CALLBACK : AIM_OK;
}

static void get_takes_the_key_asked_for_once(void **state)
{
	(void)state;
	static const char *const other[] = {"host/b", NULL};
	static const char *const twice[] = {"host/a", "host/a", NULL};
	static const char *const right[] = {"host/a", NULL};
	static const char *const none[] = {NULL};
	static const struct {
		const char *const *keys;
		aim_status engine;
		aim_status expected;
	} cases[] = {
		{right, AIM_OK, AIM_OK},
		{none, AIM_E_NOT_FOUND, AIM_E_NOT_FOUND},
		{none, AIM_E_IO, AIM_E_IO},
		{other, AIM_OK, AIM_E_STORE_ENGINE},
		{twice, AIM_OK, AIM_E_STORE_ENGINE},
		{none, AIM_OK, AIM_E_STORE_ENGINE},
		{right, AIM_E_NOT_FOUND, AIM_E_STORE_ENGINE},
		{none, 5, AIM_E_STORE_ENGINE},
	};
	fixture f;
	begin(&f);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		f.liar.keys = cases[i].keys;
		f.liar.status = cases[i].engine;
		aim_error_clear(&f.err);
		aim_buf_clear(f.out);
		assert_status(aim_buf_append(f.out, text("kept")), AIM_OK);
		assert_status(aim_store_read_key(f.store, text("host/a"), f.out, NULL, &f.err),
		              cases[i].expected);
		assert_int_equal(f.err.status, cases[i].expected);
		assert_text(aim_buf_str(f.out), cases[i].expected == AIM_OK ? "kepthost/a" : "kept");
	}
	end(&f);
}

static void scan_takes_only_rows_in_order(void **state)
{
	(void)state;
	static const char *const falling[] = {"p/b", "p/a", NULL};
	static const char *const same[] = {"p/a", "p/a", NULL};
	static const char *const outside[] = {"p/a", "q", NULL};
	static const char *const empty[] = {"", NULL};
	static const char *const many[] = {"p/a", "p/b", "p/c", "p/d", NULL};
	static const char *const early[] = {"p/0", NULL};
	static const char *const right[] = {"p/1", "p/2", "p/3", NULL};
	static const char *const *const wrong[] = {falling, same, outside, empty, many, early};
	fixture f;
	begin(&f);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		size_t n = 0;
		f.liar.keys = wrong[i];
		for (f.liar.ignores_stop = 0; f.liar.ignores_stop < 2; f.liar.ignores_stop++)
			assert_status(aim__store_scan(f.store, text("p/"), text("p/0"), 3, count_row, &n, &f.err),
			              AIM_E_STORE_ENGINE);
		assert_non_null(strstr(f.err.message, "scan"));
	}
	size_t n = 0;
	f.liar.keys = right;
	f.liar.ignores_stop = 0;
	assert_status(aim__store_scan(f.store, text("p/"), text("p/0"), 3, count_row, &n, &f.err), AIM_OK);
	assert_int_equal(n, 3);
	assert_status(aim__store_scan(f.store, text("p/"), text("p/0"), 0, count_row, &n, &f.err), AIM_OK);
	assert_int_equal(n, 3);
	n = 99;
	assert_status(aim__store_scan(f.store, text("p/"), text("p/0"), 3, count_row, &n, &f.err), AIM_E_CALLBACK);
	f.liar.ignores_stop = 1;
	n = 99;
	assert_status(aim__store_scan(f.store, text("p/"), text("p/0"), 3, count_row, &n, &f.err),
	              AIM_E_STORE_ENGINE);
	assert_int_equal(n, 100);
	end(&f);
}

static void read_takes_only_rising_positions(void **state)
{
	(void)state;
	static const uint64_t wrong[][3] = {{4, 5, 6}, {5, 5, 6}, {5, 7, 6}};
	static const uint64_t right[] = {5, 6, 9};
	fixture f;
	begin(&f);
	size_t n = 0;
	f.liar.n_positions = 3;
	for (size_t i = 0; i < 3; i++) {
		f.liar.positions = wrong[i];
		assert_status(aim__store_read_log(f.store, text("log"), 5, 9, count_row, &n, &f.err),
		              AIM_E_STORE_ENGINE);
	}
	n = 0;
	f.liar.positions = right;
	assert_status(aim__store_read_log(f.store, text("log"), 5, 9, count_row, &n, &f.err), AIM_OK);
	assert_int_equal(n, 3);
	assert_status(aim__store_read_log(f.store, text("log"), 5, 2, count_row, &n, &f.err),
	              AIM_E_STORE_ENGINE);
	end(&f);
}

static void apply_takes_only_known_statuses(void **state)
{
	(void)state;
	static const struct {
		int sets;
		aim_status batch;
		uint32_t failed_op;
		aim_status group, expected;
	} cases[] = {
		{1, AIM_OK, 0, AIM_OK, AIM_OK},
		{1, AIM_E_CONFLICT, 1, AIM_OK, AIM_E_CONFLICT},
		{1, AIM_E_STORE_BOUND, 0, AIM_OK, AIM_E_STORE_BOUND},
		{1, AIM_E_CONFLICT, 2, AIM_OK, AIM_E_STORE_ENGINE},
		{1, AIM_E_IO, 0, AIM_OK, AIM_E_STORE_ENGINE},
		{1, 1, 0, AIM_OK, AIM_E_STORE_ENGINE},
		{0, AIM_OK, 0, AIM_OK, AIM_E_STORE_ENGINE},
		{1, AIM_OK, 0, 7, AIM_E_STORE_ENGINE},
		{1, AIM_OK, 0, AIM_E_STORE_FULL, AIM_E_STORE_FULL},
	};
	fixture f;
	begin(&f);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		aim_store_op ops[2] = {{.kind = AIM_STORE_PUT, .key = text("host/a")},
		                       {.kind = AIM_STORE_DELETE, .key = text("host/b")}};
		aim_store_batch batch = {ops, 2, AIM_OK, 0};
		f.liar.sets_status = cases[i].sets;
		f.liar.batch_status = cases[i].batch;
		f.liar.failed_op = cases[i].failed_op;
		f.liar.status = cases[i].group;
		assert_status(aim_store_apply(f.store, &batch, &f.err), cases[i].expected);
		assert_status(batch.status, cases[i].expected);
	}
	end(&f);
}

static void wrong_operations_never_reach_the_engine(void **state)
{
	(void)state;
	static uint8_t long_key[AIM_STORE_MAX_KEY_BYTES + 1] = "host/";
	fixture f;
	begin(&f);
	const aim_store_op wrong[] = {
		{.kind = 0, .key = text("host/a")},
		{.kind = 8, .key = text("host/a")},
		{.kind = AIM_STORE_PUT, .flags = 1, .key = text("host/a")},
		{.kind = AIM_STORE_PUT, .key = text("host/a"), .expires_at_us = -2},
		{.kind = AIM_STORE_PUT, .key = text("host/a"), .value = {NULL, 1}},
		{.kind = AIM_STORE_PUT, .key = text("host/a"), .value = {long_key, ((size_t)64 << 20) + 1}},
		{.kind = AIM_STORE_PUT, .key = {long_key, sizeof long_key}},
		{.kind = AIM_STORE_PUT, .key = text("host/")},
		{.kind = AIM_STORE_PUT, .key = {NULL, 0}},
		{.kind = AIM_STORE_APPEND, .key = text("main")},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		aim_store_batch batch = {&wrong[i], 1, AIM_OK, 0};
		assert_status(aim_store_apply(f.store, &batch, &f.err), AIM_E_INVALID);
		assert_status(batch.status, AIM_E_INVALID);
	}
	assert_status(aim_store_read_key(f.store, (aim_bytes){NULL, 0}, f.out, NULL, &f.err), AIM_E_INVALID);
	assert_int_equal(f.liar.n_applied, 0);
	end(&f);
}

static void close_runs_once_also_when_opening_fails(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = NULL;
	liar l = {0};
	aim_store_engine e = engine_of(&l);
	e.read = NULL;
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_E_INVALID);
	assert_int_equal(l.n_closed, 1);
	e = engine_of(&l);
	e.flags = 2;
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_E_VERSION);
	assert_int_equal(l.n_closed, 2);
	e = engine_of(&l);
	aim_store_options o = {.struct_size = sizeof o, .flags = 8};
	assert_status(aim_store_open_engine(ctx, &e, &o, &store, NULL), AIM_E_VERSION);
	assert_int_equal(l.n_closed, 3);
	l.status = AIM_E_IO;
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_E_IO);
	assert_int_equal(l.n_closed, 4);
	assert_status(aim_store_open_engine(NULL, &e, NULL, &store, NULL), AIM_E_INVALID);
	assert_int_equal(l.n_closed, 5);
	e.close = NULL;
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_E_IO);
	e.hold = lie_hold; /* and no release */
	assert_status(aim_store_open_engine(ctx, &e, NULL, &store, NULL), AIM_E_INVALID);
	assert_null(store);
	test_ctx_done(ctx, &heap);
}

static void misuse_is_reported(void **state)
{
	(void)state;
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = NULL;
	aim_store_batch batch = {NULL, 1, AIM_OK, 0};
	assert_status(aim_store_open_memory(NULL, NULL, &store, NULL), AIM_E_INVALID);
	assert_status(aim_store_open_memory(ctx, NULL, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_store_open_engine(ctx, NULL, NULL, &store, NULL), AIM_E_INVALID);
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	assert_status(aim_store_apply(store, &batch, NULL), AIM_E_INVALID);
	assert_status(aim_store_apply(store, NULL, NULL), AIM_E_INVALID);
	assert_status(aim_store_apply(NULL, &batch, NULL), AIM_E_INVALID);
	assert_status(aim_store_read_key(store, text("host/a"), NULL, NULL, NULL), AIM_E_INVALID);
	aim_store_free(store);
	aim_store_free(NULL);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_takes_the_key_asked_for_once),
		cmocka_unit_test(scan_takes_only_rows_in_order),
		cmocka_unit_test(read_takes_only_rising_positions),
		cmocka_unit_test(apply_takes_only_known_statuses),
		cmocka_unit_test(wrong_operations_never_reach_the_engine),
		cmocka_unit_test(close_runs_once_also_when_opening_fails),
		cmocka_unit_test(misuse_is_reported),
	};
	return cmocka_run_group_tests_name("store/store", tests, NULL, NULL);
}
