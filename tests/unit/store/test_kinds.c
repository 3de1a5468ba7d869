/* Versions of kinds of records and the migration of their values, with kinds made for the test. */
#include "support.h"

#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#define N_VALUES 200

/* "v1:x" becomes "v2:x", "v2:x" becomes "v3:x". */
static aim_status raise(aim_ctx *ctx, uint32_t from, aim_bytes key, aim_bytes value, aim_buf *out,
                        const aim__store_extra *extra, aim_error *err)
{
	(void)ctx, (void)key, (void)extra;
	if (value.len < 3 || value.ptr[1] != '0' + from)
		return aim__fail(err, AIM_E_STORE_CORRUPT, AIM_LAYER_STORE, "a value is not of version %u", from);
	aim_status rc = aim__buf_add_byte(out, 'v');
	if (rc == AIM_OK)
		rc = aim__buf_add_byte(out, (uint8_t)('1' + from));
	return rc == AIM_OK ? aim__buf_add(out, value.ptr + 2, value.len - 2) : rc;
}

static const aim__record_kind thing_1 = {"things", "thing/", 1, 0, NULL, NULL};
static const aim__record_kind thing_3 = {"things", "thing/", 3, 0, NULL, raise};
static const aim__record_kind *const list_1[] = {&thing_1};
static const aim__record_kind *const list_3[] = {&thing_3};
static const aim__record_kinds kinds_1 = {list_1, 1, NULL};
static const aim__record_kinds kinds_3 = {list_3, 1, NULL};

/* A memory engine that survives its store, and can fail or be written to behind the store's back. */
typedef struct shared {
	aim_store_engine inner;
	int fail_after; /* applies until one fails; −1: never */
	int meddle;     /* writes by someone else before each apply */
	int n_applied;
} shared;

static aim_status shared_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                             aim_error *err)
{
	shared *s = user;
	return s->inner.get(s->inner.user, key, now_us, row, row_user, err);
}

static aim_status shared_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                              aim_store_row row, void *row_user, aim_error *err)
{
	shared *s = user;
	return s->inner.scan(s->inner.user, prefix, after, limit, now_us, row, row_user, err);
}

static aim_status shared_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                              void *row_user, aim_error *err)
{
	shared *s = user;
	return s->inner.read(s->inner.user, log, from, limit, row, row_user, err);
}

static aim_status put(shared *s, const char *key, const char *value, int64_t expires_at_us)
{
	aim_store_op op = {.kind = AIM_STORE_PUT, .expires_at_us = expires_at_us};
	op.key = aim_bytes_from_str(aim_str_from(key));
	op.value = aim_bytes_from_str(aim_str_from(value));
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	aim_status rc = s->inner.apply_group(s->inner.user, &batch, 1, test_now_us, NULL);
	return rc == AIM_OK ? batch.status : rc;
}

static aim_status shared_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                               aim_error *err)
{
	shared *s = user;
	if (s->fail_after >= 0 && s->n_applied >= s->fail_after)
		return aim__fail(err, AIM_E_IO, AIM_LAYER_STORE, "the power went out");
	s->n_applied++;
	if (s->meddle > 0) {
		s->meddle--;
		assert_status(put(s, "thing/000", "v1:changed", 0), AIM_OK);
	}
	return s->inner.apply_group(s->inner.user, batches, n_batches, now_us, err);
}

typedef struct fixture {
	test_heap heap;
	aim_ctx *ctx;
	shared s;
	aim_store *store;
	aim_error err;
} fixture;

static aim_status open_kinds(fixture *f, const aim__record_kinds *kinds, uint32_t flags)
{
	aim_store_engine e = {sizeof e, 0, shared_get, shared_scan, shared_apply, shared_read, &f->s, NULL, NULL, NULL};
	aim_store_options o = {.struct_size = sizeof o, .flags = flags};
	f->store = NULL;
	f->s.n_applied = 0;
	aim_error_clear(&f->err);
	return aim__store_open(f->ctx, &e, kinds, &o, &f->store, &f->err);
}

static void begin(fixture *f)
{
	memset(f, 0, sizeof *f);
	f->s.fail_after = -1;
	f->ctx = test_ctx(&f->heap);
	assert_status(aim__store_memory_engine(f->ctx, &f->s.inner), AIM_OK);
}

static void end(fixture *f)
{
	aim_store_free(f->store);
	f->s.inner.close(f->s.inner.user);
	test_ctx_done(f->ctx, &f->heap);
}

/* A store of version 1 with values. */
static void make_old(fixture *f)
{
	assert_status(open_kinds(f, &kinds_1, 0), AIM_OK);
	aim_store_free(f->store);
	for (int i = 0; i < N_VALUES; i++) {
		char key[32], value[32];
		snprintf(key, sizeof key, "thing/%03d", i);
		snprintf(value, sizeof value, "v1:%d", i);
		assert_status(put(&f->s, key, value, 0), AIM_OK);
	}
	assert_status(put(&f->s, "thinh", "v1:not one", 0), AIM_OK);
}

static void assert_value(const fixture *f, const char *key, const char *value)
{
	aim_buf *out = NULL;
	assert_status(aim_buf_new(f->ctx, &out), AIM_OK);
	aim_status rc = aim__store_get(f->store, aim_bytes_from_str(aim_str_from(key)), out, NULL, NULL);
	if (value) {
		assert_status(rc, AIM_OK);
		assert_text(aim_buf_str(out), value);
	} else {
		assert_status(rc, AIM_E_NOT_FOUND);
	}
	aim_buf_free(out);
}

static void assert_all_new(const fixture *f)
{
	for (int i = 1; i < N_VALUES; i++) {
		char key[32], value[32];
		snprintf(key, sizeof key, "thing/%03d", i);
		snprintf(value, sizeof value, "v3:%d", i);
		assert_value(f, key, value);
	}
	assert_value(f, "thinh", "v1:not one");
	assert_value(f, "kind/things", "{\"version\":3}");
}

static void a_new_store_has_the_versions_of_today(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_value(&f, "meta/format", "{\"version\":1}");
	assert_value(&f, "kind/things", "{\"version\":3}");
	end(&f);
}

static void older_values_are_brought_up_to_date(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	make_old(&f);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_all_new(&f);
	assert_value(&f, "thing/000", "v3:0");
	assert_true(f.s.n_applied >= 2 * N_VALUES / 64);
	aim_store_free(f.store);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_int_equal(f.s.n_applied, 0);
	end(&f);
}

static void a_crash_anywhere_is_taken_up(void **state)
{
	(void)state;
	int n_crashes = 0;
	for (int after = 0;; after++) {
		fixture f;
		begin(&f);
		make_old(&f);
		f.s.fail_after = after;
		aim_status rc = open_kinds(&f, &kinds_3, 0);
		if (rc != AIM_OK) {
			assert_status(rc, AIM_E_IO);
			n_crashes++;
			f.s.fail_after = -1;
			assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
		}
		assert_all_new(&f);
		end(&f);
		if (rc == AIM_OK)
			break;
	}
	assert_true(n_crashes >= 8);
}

static void another_writer_is_not_overwritten(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	make_old(&f);
	f.s.meddle = 5;
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_all_new(&f);
	assert_value(&f, "thing/000", "v3:changed");
	end(&f);
}

static void a_writer_that_never_stops_is_an_error(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	make_old(&f);
	f.s.meddle = 1 << 20;
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_E_CONFLICT);
	assert_non_null(strstr(f.err.message, "things"));
	end(&f);
}

static void expiries_survive_migration(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	make_old(&f);
	int64_t start = test_now_us;
	assert_status(put(&f.s, "thing/e", "v1:e", start + 10), AIM_OK);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_value(&f, "thing/e", "v3:e");
	test_now_us = start + 10;
	assert_value(&f, "thing/e", NULL);
	test_now_us = start;
	end(&f);
}

static void large_values_go_in_small_batches(void **state)
{
	(void)state;
	static char large[400001];
	fixture f;
	begin(&f);
	make_old(&f);
	memset(large, 'x', sizeof large - 1);
	memcpy(large, "v1:", 3);
	for (int i = 0; i < 8; i++) {
		char key[32];
		snprintf(key, sizeof key, "thing/large%d", i);
		assert_status(put(&f.s, key, large, 0), AIM_OK);
	}
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	large[1] = '3';
	assert_value(&f, "thing/large7", large);
	assert_all_new(&f);
	end(&f);
}

static void a_newer_kind_is_refused_with_its_versions(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	aim_store_free(f.store);
	assert_status(open_kinds(&f, &kinds_1, 0), AIM_E_STORE_VERSION);
	assert_non_null(strstr(f.err.message, "things"));
	assert_non_null(strstr(f.err.message, "version 3"));
	assert_non_null(strstr(f.err.message, "up to 1"));
	end(&f);
}

static void a_newer_format_is_refused(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	assert_status(put(&f.s, "meta/format", "{\"version\":2}", 0), AIM_OK);
	assert_status(open_kinds(&f, &kinds_1, 0), AIM_E_STORE_VERSION);
	end(&f);
}

static void read_only_never_migrates(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	assert_status(open_kinds(&f, &kinds_1, AIM_STORE_READ_ONLY), AIM_E_NOT_FOUND);
	make_old(&f);
	assert_status(open_kinds(&f, &kinds_3, AIM_STORE_READ_ONLY), AIM_E_STORE_VERSION);
	assert_non_null(strstr(f.err.message, "open it once for writing"));
	assert_int_equal(f.s.n_applied, 0);
	assert_status(open_kinds(&f, &kinds_1, AIM_STORE_READ_ONLY), AIM_OK);
	assert_value(&f, "thing/007", "v1:7");
	end(&f);
}

static void other_contents_of_a_version_key_are_corrupt(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"", "{}", "{\"version\":0}", "{\"version\":01}", "{\"version\":1", "{\"version\":1} ",
		"{\"version\":-1}", "{\"version\":1,\"after\":\"\"}", "{\"version\":1,\"after\":\"7\"}",
		"{\"version\":1,\"after\":\"7G\"}", "{\"version\":1,\"after\":\"74\"", "{\"version\":12345678901}"};
	fixture f;
	begin(&f);
	make_old(&f);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_status(put(&f.s, "kind/things", wrong[i], 0), AIM_OK);
		assert_status(open_kinds(&f, &kinds_3, 0), AIM_E_STORE_CORRUPT);
		assert_non_null(strstr(f.err.message, "kind/things"));
	}
	end(&f);
}

static void a_value_that_cannot_be_migrated_is_an_error(void **state)
{
	(void)state;
	fixture f;
	begin(&f);
	make_old(&f);
	assert_status(put(&f.s, "thing/x", "v7:x", 0), AIM_OK);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_E_STORE_CORRUPT);
	assert_status(put(&f.s, "thing/x", "v1:x", 0), AIM_OK);
	assert_status(open_kinds(&f, &kinds_3, 0), AIM_OK);
	assert_all_new(&f);
	end(&f);
}

static aim_status migrate_once(aim_ctx *ctx, void *arg)
{
	fixture f = {.ctx = ctx, .s = {.fail_after = -1}};
	(void)arg;
	aim_status rc = aim__store_memory_engine(ctx, &f.s.inner);
	if (rc != AIM_OK)
		return rc;
	rc = put(&f.s, "meta/format", "{\"version\":1}", 0);
	if (rc == AIM_OK)
		rc = put(&f.s, "kind/things", "{\"version\":1}", 0);
	if (rc == AIM_OK)
		rc = put(&f.s, "thing/a", "v1:a", 0);
	if (rc == AIM_OK)
		rc = open_kinds(&f, &kinds_3, 0);
	aim_store_free(f.store);
	f.s.inner.close(f.s.inner.user);
	return rc;
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	test_each_allocation_fails(migrate_once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_store_has_the_versions_of_today),
		cmocka_unit_test(older_values_are_brought_up_to_date),
		cmocka_unit_test(a_crash_anywhere_is_taken_up),
		cmocka_unit_test(another_writer_is_not_overwritten),
		cmocka_unit_test(a_writer_that_never_stops_is_an_error),
		cmocka_unit_test(expiries_survive_migration),
		cmocka_unit_test(large_values_go_in_small_batches),
		cmocka_unit_test(a_newer_kind_is_refused_with_its_versions),
		cmocka_unit_test(a_newer_format_is_refused),
		cmocka_unit_test(read_only_never_migrates),
		cmocka_unit_test(other_contents_of_a_version_key_are_corrupt),
		cmocka_unit_test(a_value_that_cannot_be_migrated_is_an_error),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests_name("store/kinds", tests, NULL, NULL);
}
