/* Changes and their records in one batch: preconditions, groups, other writers, failures. */
#include "support.h"
#include "vault.h"

#include "audit/log.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

typedef struct bench {
	test_heap heap;
	aim_ctx *ctx;
	vault v;
	aim_store *store;
	aim_audit *log;
	aim_error err;
} bench;

static int setup(void **state)
{
	bench *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->ctx = test_ctx(&b->heap);
	vault_init(&b->v);
	b->store = vault_open(&b->v, b->ctx);
	b->log = open_log(b->store, NULL);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench *b = *state;
	b->v.before_apply = NULL;
	aim_audit_free(b->log);
	aim_store_free(b->store);
	vault_free(&b->v);
	test_ctx_done(b->ctx, &b->heap);
	free(b);
	return 0;
}

static aim_store_op put_op(uint32_t kind, const char *key, const char *value)
{
	aim_store_op op = {.kind = kind};
	op.key = aim_bytes_from_str(aim_str_from(key));
	op.value = aim_bytes_from_str(aim_str_from(value));
	return op;
}

static aim_status commit(bench *b, const aim_store_op *ops, size_t n_ops, unsigned n_records,
                         uint32_t *failed_op)
{
	aim_audit_record records[8];
	for (unsigned i = 0; i < n_records; i++)
		records[i] = sample_record(i);
	aim__change change = {.ops = ops, .n_ops = n_ops, .records = records, .n_records = n_records};
	memset(&b->err, 0, sizeof b->err);
	aim_status rc = aim__audit_commit(b->log, &change, &b->err);
	if (failed_op)
		*failed_op = change.failed_op;
	return rc;
}

static void assert_verifies(bench *b, uint64_t n_records)
{
	aim_audit_report report = {.struct_size = sizeof report};
	aim_error err = {0};
	aim_status rc = aim_audit_verify(b->log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	assert_int_equal(report.n_records, n_records);
	assert_int_equal(b->v.n_rows, n_records);
}

static void test_change_and_records_are_one_batch(void **state)
{
	bench *b = *state;
	aim_store_op ops[2] = {put_op(AIM_STORE_PUT_IF_ABSENT, "agent/1", "{}"),
	                       put_op(AIM_STORE_PUT, "agent/2", "{\"a\":1}")};
	size_t groups = b->v.n_groups, batches = b->v.n_batches;
	assert_status(commit(b, ops, 2, 3, NULL), AIM_OK);
	assert_int_equal(b->v.n_groups, groups + 1);
	assert_int_equal(b->v.n_batches, batches + 1);
	assert_true(vault_find(&b->v, "agent/1")->present);
	assert_memory_equal(vault_find(&b->v, "agent/2")->value.bytes, "{\"a\":1}", 7);
	assert_verifies(b, 3);
}

static void test_failed_precondition_writes_nothing(void **state)
{
	bench *b = *state;
	aim_store_op ops[2] = {put_op(AIM_STORE_PUT, "agent/2", "{}"),
	                       put_op(AIM_STORE_PUT_IF_ABSENT, "agent/1", "{}")};
	uint32_t failed = 99;
	assert_status(commit(b, ops, 2, 1, NULL), AIM_OK);
	ops[0] = put_op(AIM_STORE_PUT, "agent/3", "{}");
	assert_status(commit(b, ops, 2, 1, &failed), AIM_E_CONFLICT);
	assert_int_equal(failed, 1);
	assert_int_equal(b->err.status, AIM_E_CONFLICT);
	assert_null(vault_find(&b->v, "agent/3"));
	assert_verifies(b, 1);
	assert_status(commit(b, ops, 1, 2, NULL), AIM_OK);
	assert_verifies(b, 3);
}

static void test_bound_is_told_from_conflict(void **state)
{
	bench *b = *state;
	aim_store *memory = NULL;
	assert_status(aim_store_open_memory(b->ctx, NULL, &memory, NULL), AIM_OK);
	aim_audit *log = open_log(memory, NULL);
	int64_t sum = -1;
	aim_store_op op = put_op(AIM_STORE_ADD, "counter/x", "");
	op.delta = 3;
	op.bound = 5;
	op.out_sum = &sum;
	aim_audit_record r = sample_record(0);
	aim__change change = {.ops = &op, .n_ops = 1, .records = &r, .n_records = 1, .failed_op = 9};
	assert_status(aim__audit_commit(log, &change, NULL), AIM_OK);
	assert_int_equal(sum, 3);
	assert_status(aim__audit_commit(log, &change, NULL), AIM_E_STORE_BOUND);
	assert_int_equal(change.failed_op, 0);
	assert_int_equal(sum, 3);
	aim_audit_free(log);
	aim_store_free(memory);
}

static void test_incomplete_changes(void **state)
{
	bench *b = *state;
	aim_store_op op = put_op(AIM_STORE_PUT, "agent/1", "{}");
	aim_audit_record r = sample_record(0);
	aim__change change = {.ops = &op, .n_ops = 1};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_INVALID);
	change = (aim__change){.records = &r, .n_records = 1, .n_ops = 1};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_INVALID);
	change = (aim__change){.records = &r, .n_records = 1025};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_LIMIT);
	change = (aim__change){.ops = &op, .n_ops = 4097, .records = &r, .n_records = 1};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_LIMIT);
	aim_store_op nameless = put_op(AIM_STORE_PUT, "", "{}");
	change = (aim__change){.ops = &nameless, .n_ops = 1, .records = &r, .n_records = 1};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_INVALID);
	assert_status(aim__audit_commit(b->log, NULL, NULL), AIM_E_INVALID);
	assert_status(aim__audit_commit(NULL, &change, NULL), AIM_E_INVALID);
	assert_int_equal(b->v.n_rows, 0);
}

/* One record of several is bad: none is written, nor the change. */
static void test_all_records_or_none(void **state)
{
	bench *b = *state;
	aim_store_op op = put_op(AIM_STORE_PUT, "agent/1", "{}");
	aim_audit_record r[3] = {sample_record(0), sample_record(1), sample_record(2)};
	r[2].kind = aim_str_from("No");
	aim__change change = {.ops = &op, .n_ops = 1, .records = r, .n_records = 3};
	assert_status(aim__audit_commit(b->log, &change, NULL), AIM_E_INVALID);
	assert_null(vault_find(&b->v, "agent/1"));
	assert_verifies(b, 0);
}

/* ---- one group of many requests, built as a leader would find it ---- */

typedef struct queued {
	aim__audit_slot *slots[8];
	size_t n;
} queued;

static aim__audit_request *add_request(bench *b, queued *q, const aim_store_op *op, unsigned n_records)
{
	aim__audit_slot *slot = NULL;
	assert_status(aim__audit_slot_take(b->log, &slot, NULL), AIM_OK);
	for (unsigned i = 0; i < n_records; i++) {
		aim_audit_record r = sample_record(i);
		assert_status(aim__audit_slot_write(b->log, slot, &r, AIM_AUDIT_DURABLE, NULL), AIM_OK);
	}
	slot->request.ops = op;
	slot->request.n_ops = op ? 1 : 0;
	slot->request.next = NULL;
	if (q->n > 0)
		q->slots[q->n - 1]->request.next = &slot->request;
	q->slots[q->n++] = slot;
	return &slot->request;
}

static void run_group(bench *b, queued *q)
{
	b->log->group.requests = &q->slots[0]->request;
	b->log->group.queued.n = 0;
	aim__audit_group_commit(b->log);
	b->log->group.requests = NULL;
}

static void give_back(bench *b, queued *q)
{
	for (size_t i = 0; i < q->n; i++)
		aim__audit_slot_give(b->log, q->slots[i]);
}

static void test_appends_of_many_share_a_batch(void **state)
{
	bench *b = *state;
	queued q = {.n = 0};
	aim_store_op put = put_op(AIM_STORE_PUT, "agent/1", "{}");
	append_samples(b->log, 1);
	append_samples(b->log, 1);
	size_t groups = b->v.n_groups, batches = b->v.n_batches;
	const aim__audit_request *first = add_request(b, &q, NULL, 1);
	const aim__audit_request *change = add_request(b, &q, &put, 1);
	const aim__audit_request *last = add_request(b, &q, NULL, 2);
	run_group(b, &q);
	assert_int_equal(b->v.n_groups, groups + 1);
	assert_int_equal(b->v.n_batches, batches + 1);
	assert_status(first->status, AIM_OK);
	assert_status(change->status, AIM_OK);
	assert_status(last->status, AIM_OK);
	assert_int_equal(first->rows.first_position, 2);
	assert_int_equal(last->rows.first_position, 3);
	assert_int_equal(change->rows.first_position, 5);
	give_back(b, &q);
	assert_verifies(b, 6);
}

/* The change in the middle fails alone; the others are built again without it. */
static void test_failure_in_the_middle_of_a_group(void **state)
{
	bench *b = *state;
	queued q = {.n = 0};
	aim_store_op one = put_op(AIM_STORE_PUT_IF_ABSENT, "agent/1", "{}");
	aim_store_op again = one, two = put_op(AIM_STORE_PUT_IF_ABSENT, "agent/2", "{}");
	append_samples(b->log, 1);
	append_samples(b->log, 1);
	size_t groups = b->v.n_groups;
	const aim__audit_request *append = add_request(b, &q, NULL, 1);
	const aim__audit_request *first = add_request(b, &q, &one, 1);
	const aim__audit_request *refused = add_request(b, &q, &again, 1);
	const aim__audit_request *behind = add_request(b, &q, &two, 2);
	run_group(b, &q);
	assert_status(append->status, AIM_OK);
	assert_status(first->status, AIM_OK);
	assert_status(refused->status, AIM_E_CONFLICT);
	assert_int_equal(refused->failed_op, 0);
	assert_status(behind->status, AIM_OK);
	assert_int_equal(b->v.n_groups, groups + 2);
	give_back(b, &q);
	assert_verifies(b, 6);
}

static void test_first_group_of_a_log(void **state)
{
	bench *b = *state;
	queued q = {.n = 0};
	aim_store_op one = put_op(AIM_STORE_PUT, "agent/1", "{}"), two = put_op(AIM_STORE_PUT, "agent/2", "{}");
	add_request(b, &q, &one, 1);
	add_request(b, &q, NULL, 1);
	add_request(b, &q, &two, 1);
	run_group(b, &q);
	for (size_t i = 0; i < q.n; i++)
		assert_status(q.slots[i]->request.status, AIM_OK);
	give_back(b, &q);
	assert_verifies(b, 3);
}

/* ---- another writer ---- */

typedef struct rival {
	bench *b;
	aim_audit *log;
	unsigned times;
	int busy;
} rival;

static void append_as_rival(vault *v, void *user)
{
	rival *r = user;
	aim_audit_record record = sample_record(7);
	(void)v;
	if (r->busy || r->times == 0)
		return;
	r->times--;
	r->busy = 1;
	assert_status(aim_audit_append(r->log, &record, NULL, NULL), AIM_OK);
	r->busy = 0;
}

static void with_rival(bench *b, rival *r, aim_store **store, unsigned times)
{
	*store = vault_open(&b->v, b->ctx);
	*r = (rival){b, open_log(*store, NULL), times, 0};
	b->v.before_apply = append_as_rival;
	b->v.before_user = r;
}

static void without_rival(bench *b, rival *r, aim_store *store)
{
	b->v.before_apply = NULL;
	aim_audit_free(r->log);
	aim_store_free(store);
}

static void test_another_writer_is_no_fork(void **state)
{
	bench *b = *state;
	rival r;
	aim_store *store = NULL;
	aim_store_op ops[1] = {put_op(AIM_STORE_PUT_IF_ABSENT, "agent/1", "{}")};
	append_samples(b->log, 2);
	with_rival(b, &r, &store, 5);
	append_samples(b->log, 1); /* loses five times */
	assert_int_equal(r.times, 0);
	r.times = 3;
	assert_status(commit(b, ops, 1, 2, NULL), AIM_OK);
	without_rival(b, &r, store);
	assert_verifies(b, 2 + 5 + 1 + 3 + 2);
}

/* The rival writes as many rows and heads as the first requests of the group would have: what is behind
 * them must not find its place free. */
static void test_another_writer_in_step(void **state)
{
	bench *b = *state;
	for (unsigned times = 1; times <= 3; times++) {
		rival r;
		aim_store *store = NULL;
		queued q = {.n = 0};
		char keys[3][8] = {"agent/a", "agent/b", "agent/c"};
		aim_store_op ops[3];
		uint64_t n_rows = b->v.n_rows;
		append_samples(b->log, 1);
		with_rival(b, &r, &store, times);
		add_request(b, &q, NULL, 1);
		for (size_t i = 0; i < 3; i++) {
			keys[i][5] = (char)('0' + times);
			ops[i] = put_op(AIM_STORE_PUT_IF_ABSENT, keys[i], "{}");
			add_request(b, &q, &ops[i], 1);
		}
		run_group(b, &q);
		for (size_t i = 0; i < q.n; i++)
			assert_status(q.slots[i]->request.status, AIM_OK);
		give_back(b, &q);
		without_rival(b, &r, store);
		assert_verifies(b, n_rows + 1 + times + 4);
	}
}

static void test_another_writer_makes_the_first_head(void **state)
{
	bench *b = *state;
	rival r;
	aim_store *store = NULL;
	with_rival(b, &r, &store, 1);
	append_samples(b->log, 1);
	without_rival(b, &r, store);
	assert_verifies(b, 2);
}

static void test_never_winning_ends(void **state)
{
	bench *b = *state;
	rival r;
	aim_store *store = NULL;
	aim_audit_record record = sample_record(0);
	append_samples(b->log, 1);
	with_rival(b, &r, &store, 100000);
	assert_status(aim_audit_append(b->log, &record, NULL, &b->err), AIM_E_STORE_LOCKED);
	without_rival(b, &r, store);
	append_samples(b->log, 1);
	aim_audit_report report = {.struct_size = sizeof report};
	assert_status(aim_audit_verify(b->log, NULL, &report, NULL), AIM_OK);
}

/* The others are kept out after the first lost race, so there is no second. */
static void test_a_race_is_lost_once(void **state)
{
	bench *b = *state;
	rival r;
	aim_store *store = NULL;
	aim_store *holding = NULL;
	aim_audit_record record = sample_record(0);
	b->v.can_hold = 1;
	holding = vault_open(&b->v, b->ctx);
	aim_audit *log = open_log(holding, NULL);
	b->v.can_hold = 0;
	with_rival(b, &r, &store, 100000);
	for (size_t i = 1; i <= 5; i++) {
		assert_status(aim_audit_append(log, &record, NULL, &b->err), AIM_OK);
		assert_int_equal(b->v.n_holds, i);
		assert_int_equal(b->v.n_rows, 2 * i);
	}
	b->v.fail_hold = AIM_E_STORE_LOCKED;
	assert_status(aim_audit_append(log, &record, NULL, &b->err), AIM_E_STORE_LOCKED);
	b->v.fail_hold = AIM_OK;
	assert_status(aim_audit_append(log, &record, NULL, &b->err), AIM_OK);
	assert_int_equal(b->v.held, 0);
	aim_audit_free(log);
	aim_store_free(holding);
	without_rival(b, &r, store);
	assert_verifies(b, 13);
}

static void append_before_the_look(vault *v, void *user)
{
	rival *r = user;
	aim_audit_record record = sample_record(7);
	if (r->times == 0)
		return;
	r->times--;
	v->before_read = NULL;
	assert_status(aim_audit_append(r->log, &record, NULL, NULL), AIM_OK);
}

/* Another process makes the log while this one looks whether there is one. */
static void test_opening_while_another_writes_the_first_record(void **state)
{
	bench *b = *state;
	rival r = {b, b->log, 1, 0};
	aim_store *store = vault_open(&b->v, b->ctx);
	b->v.before_read = append_before_the_look;
	b->v.before_user = &r;
	aim_audit *log = open_log(store, NULL);
	assert_int_equal(r.times, 0);
	append_samples(log, 1);
	aim_audit_free(log);
	aim_store_free(store);
	assert_verifies(b, 2);
}

/* ---- the store fails ---- */

static void test_failed_store_fails_the_append(void **state)
{
	static const aim_status failures[] = {AIM_E_STORE_FULL, AIM_E_STORE_READONLY, AIM_E_IO,
	                                      AIM_E_STORE_LOCKED};
	bench *b = *state;
	aim_audit_record r = sample_record(0);
	append_samples(b->log, 2);
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		b->v.fail = failures[i];
		assert_status(aim_audit_append(b->log, &r, NULL, &b->err), failures[i]);
		assert_int_equal(b->v.n_rows, 2 + i);
		b->v.fail = AIM_OK;
		append_samples(b->log, 1);
	}
	assert_verifies(b, 6);
}

static void test_head_cannot_be_read(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(0);
	append_samples(b->log, 1);
	b->v.fail_get = AIM_E_IO;
	assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_E_IO);
	b->v.fail_get = AIM_OK;
	append_samples(b->log, 1);
	assert_verifies(b, 2);
}

/* The head refuses its own version: an engine that breaks its promise ends, not hangs. */
static void touch_head(vault *v, void *user)
{
	(void)user;
	vault_key *head = vault_find(v, "log/main/head");
	if (head)
		head->version++;
}

static void test_head_that_moves_alone(void **state)
{
	bench *b = *state;
	aim_audit_record r = sample_record(0);
	append_samples(b->log, 2);
	b->v.before_apply = touch_head;
	assert_status(aim_audit_append(b->log, &r, NULL, &b->err), AIM_E_STORE_LOCKED);
	b->v.before_apply = NULL;
	append_samples(b->log, 1);
	assert_verifies(b, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_change_and_records_are_one_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_precondition_writes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_is_told_from_conflict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_incomplete_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_records_or_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_appends_of_many_share_a_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure_in_the_middle_of_a_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_group_of_a_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_writer_is_no_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_writer_in_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_writer_makes_the_first_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_winning_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_race_is_lost_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opening_while_another_writes_the_first_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_store_fails_the_append, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_cannot_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_that_moves_alone, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
