/* The conformance suite against the memory engine, and against engines that are wrong on purpose: a
 * suite that cannot fail proves nothing. */
#include "suite.h"

#include "store/store.h"

#include <string.h>

typedef struct faulty {
	aim_ctx *ctx;
	aim_store_engine inner;
	const char *fault;
	char failed_check[64]; /* the first */
	size_t n_checks;
	int held, was_held;
} faulty;

static int has_fault(const faulty *f, const char *fault)
{
	return f->fault && strcmp(f->fault, fault) == 0;
}

typedef struct relay {
	const faulty *f;
	aim_store_row row;
	void *row_user;
} relay;

static aim_status relay_row(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	const relay *r = user;
	if (has_fault(r->f, "short values") && value.len > 4096)
		value.len = 4096;
	const uint8_t *end = memchr(key.ptr, 0, key.len);
	if (has_fault(r->f, "keys are text") && end)
		key.len = (size_t)(end - key.ptr);
	if (has_fault(r->f, "constant version"))
		version = 1;
	if (has_fault(r->f, "positions from 1"))
		position++;
	aim_status rc = r->row(r->row_user, key, value, version, position);
	return has_fault(r->f, "walks on") ? AIM_OK : rc;
}

static aim_status faulty_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user,
                             aim_error *err)
{
	faulty *f = user;
	relay r = {f, row, row_user};
	if (has_fault(f, "late expiry"))
		now_us--;
	aim_status rc = f->inner.get(f->inner.user, key, now_us, relay_row, &r, err);
	return has_fault(f, "absent is fine") && rc == AIM_E_NOT_FOUND ? AIM_OK : rc;
}

static aim_status faulty_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us,
                              aim_store_row row, void *row_user, aim_error *err)
{
	faulty *f = user;
	relay r = {f, row, row_user};
	if (has_fault(f, "one row more"))
		limit++;
	if (has_fault(f, "no after"))
		after.len = 0;
	if (has_fault(f, "no prefix"))
		prefix.len = 0;
	return f->inner.scan(f->inner.user, prefix, after, limit, now_us, relay_row, &r, err);
}

static aim_status faulty_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row,
                              void *row_user, aim_error *err)
{
	faulty *f = user;
	relay r = {f, row, row_user};
	if (has_fault(f, "reads from 0"))
		from = 0;
	return f->inner.read(f->inner.user, log, from, limit, relay_row, &r, err);
}

static aim_status faulty_apply(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                               aim_error *err)
{
	faulty *f = user;
	if (has_fault(f, "one batch for all") && n_batches > 1)
		n_batches = 1;
	if (has_fault(f, "held for ever") && f->held)
		return AIM_E_STORE_LOCKED;
	aim_status rc = f->inner.apply_group(f->inner.user, batches, n_batches, now_us, err);
	for (size_t i = 0; i < n_batches; i++) {
		if (has_fault(f, "always fine"))
			batches[i].status = AIM_OK;
		if (has_fault(f, "no failed_op"))
			batches[i].failed_op = 0;
		if (has_fault(f, "fails the group") && batches[i].status != AIM_OK)
			rc = batches[i].status;
	}
	return rc;
}

/* Each operation in a batch of its own: nothing is taken back. */
static aim_status apply_one_by_one(void *user, aim_store_batch *batches, size_t n_batches, int64_t now_us,
                                   aim_error *err)
{
	faulty *f = user;
	for (size_t i = 0; i < n_batches; i++) {
		batches[i].status = AIM_OK;
		batches[i].failed_op = 0;
		for (uint32_t k = 0; batches[i].status == AIM_OK && k < batches[i].n_ops; k++) {
			aim_store_batch one = {&batches[i].ops[k], 1, AIM_OK, 0};
			aim_status rc = f->inner.apply_group(f->inner.user, &one, 1, now_us, err);
			if (rc != AIM_OK)
				return rc;
			batches[i].status = one.status;
			batches[i].failed_op = one.status == AIM_OK ? 0 : k;
		}
	}
	return AIM_OK;
}

static aim_status faulty_hold(void *user, aim_error *err)
{
	faulty *f = user;
	(void)err;
	if (has_fault(f, "holds once") && f->was_held)
		return AIM_E_STORE_LOCKED;
	f->held = f->was_held = 1;
	return AIM_OK;
}

static void faulty_release(void *user)
{
	faulty *f = user;
	f->held = 0;
}

static void faulty_close(void *user)
{
	faulty *f = user;
	f->inner.close(f->inner.user);
}

static aim_status faulty_open(void *user, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	faulty *f = user;
	(void)err;
	assert_int_equal(fresh, 1);
	aim_status rc = aim__store_memory_engine(f->ctx, &f->inner);
	*out = (aim_store_engine){sizeof *out, 0, faulty_get, faulty_scan, faulty_apply, faulty_read, f,
	                          faulty_close, faulty_hold, faulty_release};
	if (has_fault(f, "no batches"))
		out->apply_group = apply_one_by_one;
	return rc;
}

static void note(void *user, const char *check, int32_t passed, const char *detail)
{
	faulty *f = user;
	f->n_checks++;
	if (!passed && !f->fault)
		print_error("%s: expected: %s\n", check, detail);
	if (!passed && f->failed_check[0] == '\0')
		strncpy(f->failed_check, check, sizeof f->failed_check - 1);
}

static aim_status run_suite(faulty *f, aim_error *err)
{
	aim_store_conformance suite = {.struct_size = sizeof suite, .flags = AIM_STORE_CONFORMANCE_VOLATILE};
	suite.open = faulty_open;
	suite.parallel = suite_parallel;
	suite.report = note;
	suite.user = f;
	return aim_store_conformance_run(f->ctx, &suite, err);
}

static void the_memory_engine_conforms(void **state)
{
	(void)state;
	test_heap heap;
	faulty f = {.ctx = test_ctx(&heap)};
	aim_error err = {0};
	assert_status(run_suite(&f, &err), AIM_OK);
	assert_true(f.n_checks > 25);
	test_ctx_done(f.ctx, &heap);
}

static void every_fault_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *fault;
		const char *check;
	} faults[] = {
		{"short values", "a large value"},
		{"keys are text", "keys are bytes"},
		{"constant version", "versions add one"},
		{"positions from 1", "rows have positions"},
		{"walks on", "row ends the walk"},
		{"late expiry", "keys are absent from their expiry on"},
		{"absent is fine", "a key reads back"},
		{"one row more", "scans go on after a key"},
		{"no after", "scans go on after a key"},
		{"no prefix", "scans are in order"},
		{"reads from 0", "logs are read in pages"},
		{"one batch for all", "the others go on"},
		{"always fine", "preconditions hold"},
		{"no failed_op", "a batch is all or nothing"},
		{"fails the group", "preconditions hold"},
		{"no batches", "a batch is all or nothing"},
		{"holds once", "a held engine applies"},
		{"held for ever", "a held engine applies"},
	};
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		test_heap heap;
		faulty f = {.ctx = test_ctx(&heap), .fault = faults[i].fault};
		aim_error err = {0};
		assert_status(run_suite(&f, &err), AIM_E_STORE_ENGINE);
		if (strcmp(f.failed_check, faults[i].check) != 0)
			fail_msg("fault \"%s\" was found by \"%s\"", faults[i].fault, f.failed_check);
		assert_non_null(strstr(err.message, f.failed_check));
		test_ctx_done(f.ctx, &heap);
	}
}

static aim_status refuse_to_open(void *user, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	(void)user, (void)fresh, (void)out, (void)err;
	return AIM_E_IO;
}

static aim_status open_incomplete(void *user, int32_t fresh, aim_store_engine *out, aim_error *err)
{
	aim_status rc = faulty_open(user, fresh, out, err);
	out->read = NULL;
	return rc;
}

static void an_engine_that_does_not_open_ends_the_suite(void **state)
{
	(void)state;
	test_heap heap;
	faulty f = {.ctx = test_ctx(&heap)};
	aim_store_conformance suite = {.struct_size = sizeof suite};
	suite.user = &f;
	assert_status(aim_store_conformance_run(f.ctx, &suite, NULL), AIM_E_INVALID);
	suite.open = refuse_to_open;
	assert_status(aim_store_conformance_run(f.ctx, &suite, NULL), AIM_E_IO);
	suite.open = open_incomplete;
	assert_status(aim_store_conformance_run(f.ctx, &suite, NULL), AIM_E_INVALID);
	test_ctx_done(f.ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_memory_engine_conforms),
		cmocka_unit_test(every_fault_is_found),
		cmocka_unit_test(an_engine_that_does_not_open_ends_the_suite),
	};
	return cmocka_run_group_tests_name("store/conformance", tests, NULL, NULL);
}
