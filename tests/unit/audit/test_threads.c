/* Many threads on one log: nothing lost, nothing twice, far fewer transactions than records. Run under
 * ThreadSanitizer too. */
#define _GNU_SOURCE
#include "support.h"
#include "vault.h"

#include "audit/commit.h"
#include "base/format.h"
#include "store/store.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct shared {
	aim_audit *log;
	unsigned n_each;
	atomic_uint n_ok;
	atomic_uint n_conflicts;
	atomic_uint n_wrong;
	atomic_uint next_id;
} shared;

static void *append_many(void *arg)
{
	shared *s = arg;
	for (unsigned i = 0; i < s->n_each; i++) {
		aim_audit_record r = sample_record(i);
		if (aim_audit_append(s->log, &r, NULL, NULL) == AIM_OK)
			atomic_fetch_add(&s->n_ok, 1);
		else
			atomic_fetch_add(&s->n_wrong, 1);
	}
	return NULL;
}

static void run(shared *s, unsigned n_threads, void *(*body)(void *))
{
	pthread_t threads[64];
	assert_true(n_threads <= 64);
	for (unsigned i = 0; i < n_threads; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, s), 0);
	for (unsigned i = 0; i < n_threads; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static uint64_t verified(aim_audit *log)
{
	aim_audit_report report = {.struct_size = sizeof report};
	aim_error err = {0};
	aim_status rc = aim_audit_verify(log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	return report.n_records;
}

/* Slow as a disk: the others queue up while a group is written. */
static void yield_a_while(vault *v, void *user)
{
	(void)v;
	(void)user;
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
}

static void test_many_threads_share_transactions(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	vault *v = calloc(1, sizeof *v);
	(void)state;
	assert_non_null(v);
	vault_init(v);
	aim_store *store = vault_open(v, ctx);
	shared s = {.log = open_log(store, NULL), .n_each = 40};
	v->before_apply = yield_a_while;
	size_t before = v->n_groups;
	run(&s, 64, append_many);
	assert_int_equal(atomic_load(&s.n_ok), 2560);
	assert_int_equal(verified(s.log), 2560);
	assert_true(v->n_groups - before < 2560 / 4);
	aim_audit_free(s.log);
	aim_store_free(store);
	vault_free(v);
	free(v);
	test_ctx_done(ctx, &heap);
}

/* Each thread mixes appends, changes that hold, changes that lose, and flushes. Threads compete for the
 * same keys: exactly one PUT_IF_ABSENT of each wins. */
#define N_KEYS 40u

static void change_key(shared *s, unsigned id)
{
	char key[32];
	aim_audit_record r = sample_record(id);
	size_t len = aim__format(key, sizeof key, "agent/%u", id);
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT};
	op.key = op.value = aim_bytes_from(key, len);
	aim__change change = {.ops = &op, .n_ops = 1, .records = &r, .n_records = 1, .failed_op = 7};
	aim_error err = {0};
	aim_status rc = aim__audit_commit(s->log, &change, &err);
	if (rc == AIM_OK)
		atomic_fetch_add(&s->n_ok, 1);
	else if (rc == AIM_E_CONFLICT && change.failed_op == 0 && err.status == rc)
		atomic_fetch_add(&s->n_conflicts, 1);
	else
		atomic_fetch_add(&s->n_wrong, 1);
}

static void *mix(void *arg)
{
	shared *s = arg;
	unsigned seed = atomic_fetch_add(&s->next_id, 1);
	for (unsigned i = 0; i < s->n_each; i++) {
		aim_audit_record r = sample_record(i);
		change_key(s, i);
		for (unsigned k = 0; k < (i + seed) % 4; k++) {
			if (aim_audit_append(s->log, &r, NULL, NULL) == AIM_OK)
				atomic_fetch_add(&s->n_ok, 1);
			else
				atomic_fetch_add(&s->n_wrong, 1);
		}
		if ((i + seed) % 5 == 0 && aim_audit_flush(s->log, NULL) != AIM_OK)
			atomic_fetch_add(&s->n_wrong, 1);
		if ((i + seed) % 7 == 0 && aim_audit_poll(s->log, INT64_MAX - 1, NULL) != AIM_OK)
			atomic_fetch_add(&s->n_wrong, 1);
		(void)aim_audit_next_deadline_ms(s->log, test_now_us);
	}
	return NULL;
}

static void stress(uint32_t durability)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = NULL;
	aim_audit_options o = {.struct_size = sizeof o, .durability = durability, .window_records = 16};
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	shared s = {.log = open_log(store, &o), .n_each = N_KEYS};
	run(&s, 8, mix);
	assert_int_equal(atomic_load(&s.n_wrong), 0);
	assert_int_equal(atomic_load(&s.n_conflicts), 7 * N_KEYS);
	assert_status(aim_audit_flush(s.log, NULL), AIM_OK);
	assert_int_equal(verified(s.log), atomic_load(&s.n_ok));
	aim_audit_free(s.log);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

static void test_stress_durable(void **state)
{
	(void)state;
	stress(AIM_AUDIT_DURABLE);
}

static void test_stress_buffered(void **state)
{
	(void)state;
	stress(AIM_AUDIT_BUFFERED);
}

/* A reader verifies while writers write, and is never fooled by a head that moves on. */
static void *verify_many(void *arg)
{
	shared *s = arg;
	for (unsigned i = 0; i < 30; i++)
		if (aim_audit_verify(s->log, NULL, NULL, NULL) != AIM_OK)
			atomic_fetch_add(&s->n_wrong, 1);
	return NULL;
}

static void *verify_or_append(void *arg)
{
	shared *s = arg;
	return atomic_fetch_add(&s->next_id, 1) % 3 == 0 ? verify_many(arg) : append_many(arg);
}

static void test_verify_while_others_append(void **state)
{
	test_heap heap;
	aim_ctx *ctx = test_ctx(&heap);
	aim_store *store = NULL;
	(void)state;
	assert_status(aim_store_open_memory(ctx, NULL, &store, NULL), AIM_OK);
	shared s = {.log = open_log(store, NULL), .n_each = 100};
	run(&s, 6, verify_or_append);
	assert_int_equal(atomic_load(&s.n_wrong), 0);
	assert_int_equal(verified(s.log), 400);
	aim_audit_free(s.log);
	aim_store_free(store);
	test_ctx_done(ctx, &heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_threads_share_transactions),
		cmocka_unit_test(test_stress_durable),
		cmocka_unit_test(test_stress_buffered),
		cmocka_unit_test(test_verify_while_others_append),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
