/* store/conformance_groups.c — conformance checks of batches, groups and counters. Layer store. */
#include "store/conformance.h"

#include <string.h>

static const aim_bytes nothing = {NULL, 0};

static aim_store_op put(const char *key, const char *value)
{
	return (aim_store_op){.kind = AIM_STORE_PUT, .key = aim__text(key), .value = aim__text(value)};
}

static aim_store_op put_if_absent(const char *key, const char *value)
{
	aim_store_op op = put(key, value);
	op.kind = AIM_STORE_PUT_IF_ABSENT;
	return op;
}

static aim_store_op put_if_version(const char *key, const char *value, uint64_t version)
{
	aim_store_op op = put(key, value);
	op.kind = AIM_STORE_PUT_IF_VERSION;
	op.version = version;
	return op;
}

static aim_store_op delete_key(const char *key)
{
	return (aim_store_op){.kind = AIM_STORE_DELETE, .key = aim__text(key)};
}

static aim_store_op add(const char *key, int64_t delta, int64_t bound, int64_t *out_sum)
{
	aim_store_op op = {.kind = AIM_STORE_ADD, .key = aim__text(key), .delta = delta, .bound = bound};
	op.out_sum = out_sum;
	return op;
}

static int has(aim__conformance *t, const char *key, const char *value)
{
	aim__do_get(t, aim__text(key));
	return aim__gave_value(t, aim__text(value));
}

static int lacks(aim__conformance *t, const char *key)
{
	aim__do_get(t, aim__text(key));
	return t->result == AIM_E_NOT_FOUND;
}

static void a_batch_is_all_or_nothing(aim__conformance *t)
{
	uint64_t version = aim__do_put(t, aim__text("old"), aim__text("1"));
	int64_t sum = 77;
	aim_store_op ops[] = {put("old", "2"), put("new", "x"), delete_key("old"), add("n", 1, 9, &sum),
	                      put_if_version("absent", "x", 7), put("late", "x")};
	aim_store_batch batch = {ops, sizeof ops / sizeof *ops, AIM_OK, 0};
	aim__do_group(t, &batch, 1);
	aim__expect(t, batch.status == AIM_E_CONFLICT, "a batch with a conflict is a conflict");
	aim__expect(t, batch.failed_op == 4, "failed_op is the first operation that failed");
	aim__expect(t, has(t, "old", "1") && t->version == version, "what it wrote is taken back");
	aim__expect(t, lacks(t, "new") && lacks(t, "n") && lacks(t, "late"), "what it made is not there");
	aim__expect(t, sum == 77, "out_sum is written only when the batch succeeds");
	aim__expect(t, aim__do_put(t, aim__text("old"), aim__text("3")) == version + 1,
	            "the failed batch used no version");
}

static void the_others_go_on(aim__conformance *t)
{
	aim_store_op ok1[] = {put("a", "1")};
	aim_store_op bad[] = {put("b", "1"), put_if_absent("a", "2")};
	aim_store_op ok2[] = {put("c", "1"), put_if_absent("b", "2")};
	aim_store_batch batches[] = {{ok1, 1, AIM_OK, 0}, {bad, 2, AIM_OK, 0}, {ok2, 2, AIM_OK, 0}};
	aim__do_group(t, batches, 3);
	aim__expect(t, batches[0].status == AIM_OK && batches[2].status == AIM_OK,
	            "batches before and after a failed one succeed");
	aim__expect(t, batches[1].status == AIM_E_CONFLICT && batches[1].failed_op == 1,
	            "a later batch sees what an earlier one wrote");
	aim__expect(t, has(t, "a", "1") && has(t, "c", "1"), "they are written");
	aim__expect(t, has(t, "b", "2"), "a later batch does not see what a failed one wrote");
}

static void operations_see_the_ones_before(aim__conformance *t)
{
	int64_t sum = 0;
	aim_store_op ops[] = {put("a", "1"), delete_key("a"), put_if_absent("a", "2"), put("n", "40"),
	                      add("n", 2, 99, &sum)};
	aim_store_batch batch = {ops, sizeof ops / sizeof *ops, AIM_OK, 0};
	aim__do_group(t, &batch, 1);
	aim__expect(t, batch.status == AIM_OK, "operations of a batch see the ones before them");
	aim__expect(t, has(t, "a", "2") && has(t, "n", "42") && sum == 42, "the last write stays");
	uint64_t version = t->version;
	aim_store_op twice[] = {put_if_version("n", "x", version), put_if_version("n", "y", version)};
	aim_store_batch again = {twice, 2, AIM_OK, 0};
	aim__do_group(t, &again, 1);
	aim__expect(t, again.status == AIM_E_CONFLICT && again.failed_op == 1,
	            "a version is used up inside the batch, too");
	aim__expect(t, has(t, "n", "42") && t->version == version, "and the batch changed nothing");
}

/* How the audit log chains its head through one group. */
static void versions_chain_through_a_group(aim__conformance *t)
{
	uint64_t version = aim__do_put(t, aim__text("head"), aim__text("0"));
	aim_store_op first[] = {put_if_version("head", "1", version)};
	aim_store_op late[] = {put_if_version("head", "late", version)};
	aim_store_op second[] = {put_if_version("head", "2", version + 1)};
	aim_store_op third[] = {put_if_version("head", "3", version + 2)};
	aim_store_batch batches[] = {{first, 1, AIM_OK, 0}, {late, 1, AIM_OK, 0}, {second, 1, AIM_OK, 0},
	                             {third, 1, AIM_OK, 0}};
	aim__do_group(t, batches, 4);
	aim__expect(t, batches[0].status == AIM_OK && batches[2].status == AIM_OK &&
	                       batches[3].status == AIM_OK,
	            "each batch expects the version the one before made");
	aim__expect(t, batches[1].status == AIM_E_CONFLICT, "one that expects an old version fails alone");
	aim__expect(t, has(t, "head", "3") && t->version == version + 3, "each write added 1");
}

static void nothing_to_do(aim__conformance *t)
{
	aim_store_batch empty = {NULL, 0, AIM_E_INTERNAL, 0};
	aim__do_group(t, &empty, 1);
	aim__expect(t, empty.status == AIM_OK, "an empty batch succeeds");
	aim__do_group(t, NULL, 0);
	aim__do_scan(t, nothing, nothing, 9);
	aim__expect(t, t->n_rows == 0, "an empty group changes nothing");
}

/* What was read while the engine is held is still true when the group is applied. */
static void a_held_engine_applies(aim__conformance *t)
{
	const aim_store_engine *e = &t->engine;
	if (!e->hold)
		return;
	uint64_t version = aim__do_put(t, aim__text("head"), aim__text("0"));
	for (int i = 0; i < 2; i++) {
		aim__expect(t, e->hold(e->user, &t->engine_error) == AIM_OK, "hold succeeds");
		aim__expect(t, has(t, "head", i ? "1" : "0"), "a held engine can be read");
		if (i == 0)
			aim__expect(t, aim__do_op(t, put_if_version("head", "1", version)) == AIM_OK,
			            "a group is applied while the engine is held");
		else
			aim__expect(t, aim__do_op(t, put_if_absent("head", "2")) == AIM_E_CONFLICT,
			            "preconditions hold while it is held");
		e->release(e->user);
	}
	aim__expect(t, e->hold(e->user, &t->engine_error) == AIM_OK, "hold succeeds again");
	e->release(e->user);
	aim__expect(t, has(t, "head", "1") && t->version == version + 1,
	            "a release without a group changes nothing");
	aim__expect(t, aim__do_op(t, put("head", "3")) == AIM_OK, "an engine that was released applies");
}

#define MANY 500u

static void a_large_batch(aim__conformance *t)
{
	aim_store_op ops[MANY];
	uint8_t keys[MANY][2];
	for (size_t i = 0; i < MANY; i++) {
		keys[i][0] = (uint8_t)(i % 251);
		keys[i][1] = (uint8_t)(i / 251);
		ops[i] = put("", "v");
		ops[i].key = aim_bytes_from(keys[i], 2);
	}
	aim_store_batch batch = {ops, MANY, AIM_OK, 0};
	aim__do_group(t, &batch, 1);
	aim__do_scan(t, nothing, nothing, MANY * 2);
	aim__expect(t, batch.status == AIM_OK && t->n_rows == MANY, "a batch of 500 writes 500 keys");
	ops[MANY - 1].kind = AIM_STORE_PUT_IF_ABSENT;
	for (size_t i = 0; i < MANY - 1; i++)
		ops[i].kind = AIM_STORE_DELETE;
	aim__do_group(t, &batch, 1);
	aim__do_scan(t, nothing, nothing, MANY * 2);
	aim__expect(t, batch.status == AIM_E_CONFLICT && batch.failed_op == MANY - 1,
	            "the last operation fails");
	aim__expect(t, t->n_rows == MANY, "and 499 deletions are taken back");
}

static void counters_count(aim__conformance *t)
{
	int64_t sum = 0;
	aim__expect(t, aim__do_op(t, add("n", 5, 10, &sum)) == AIM_OK && sum == 5,
	            "an absent counter is 0");
	aim__expect(t, has(t, "n", "5"), "a counter is stored in decimal");
	aim__expect(t, aim__do_op(t, add("n", 5, 10, &sum)) == AIM_OK && sum == 10,
	            "the sum may equal the bound");
	aim__expect(t, aim__do_op(t, add("n", 1, 10, &sum)) == AIM_E_STORE_BOUND && sum == 10,
	            "a sum past the bound is AIM_E_STORE_BOUND and changes nothing");
	aim__expect(t, aim__do_op(t, add("n", -12, -2, &sum)) == AIM_OK && sum == -2,
	            "with a negative delta the bound is the least");
	aim__expect(t, has(t, "n", "-2"), "negative counters are stored in decimal");
	aim__expect(t, aim__do_op(t, add("n", -1, -2, &sum)) == AIM_E_STORE_BOUND, "below the least");
	aim__expect(t, aim__do_op(t, add("n", -1, -9, NULL)) == AIM_OK, "out_sum may be NULL");
	aim__expect(t, aim__do_op(t, add("n", 1, -5, &sum)) == AIM_E_STORE_BOUND,
	            "a counter outside the bound cannot move further out");
	aim__expect(t, aim__do_op(t, add("n", 0, 0, &sum)) == AIM_OK && sum == -3,
	            "delta 0 has no bound");
}

static void counters_do_not_overflow(aim__conformance *t)
{
	int64_t sum = 1;
	aim__expect(t, aim__do_op(t, add("n", INT64_MAX, INT64_MAX, &sum)) == AIM_OK && sum == INT64_MAX,
	            "a counter may be the greatest number");
	aim__expect(t, aim__do_op(t, add("n", 1, INT64_MAX, &sum)) == AIM_E_STORE_BOUND,
	            "a sum that does not fit is AIM_E_STORE_BOUND");
	aim__expect(t, has(t, "n", "9223372036854775807"), "and the counter stays");
	aim__expect(t, aim__do_op(t, add("m", INT64_MIN, INT64_MIN, &sum)) == AIM_OK && sum == INT64_MIN,
	            "a counter may be the least number");
	aim__expect(t, aim__do_op(t, add("m", -1, INT64_MIN, &sum)) == AIM_E_STORE_BOUND,
	            "a sum that does not fit is AIM_E_STORE_BOUND");
	aim__expect(t, aim__do_op(t, add("m", INT64_MAX, 0, &sum)) == AIM_OK && sum == -1,
	            "the least number reads back");
}

static void only_counters_count(aim__conformance *t)
{
	static const char *const others[] = {"", "x", "1.0", "+1", "01", "-", "-0", " 1", "1e3",
	                                     "9223372036854775808"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		aim__do_put(t, aim__text("k"), aim__text(others[i]));
		aim__expect(t, aim__do_op(t, add("k", 1, 99, NULL)) == AIM_E_CONFLICT,
		            "ADD to what is not a counter is a conflict");
		aim__expect(t, has(t, "k", others[i]), "and changes nothing");
	}
	aim__do_put(t, aim__text("k"), aim__text("-7"));
	aim__expect(t, aim__do_op(t, add("k", 1, 99, NULL)) == AIM_OK && has(t, "k", "-6"),
	            "a decimal integer that was put is a counter");
}

static void counters_in_a_group(aim__conformance *t)
{
	int64_t sums[3] = {0, 0, 0};
	aim_store_op one = add("n", 4, 10, &sums[0]);
	aim_store_op two = add("n", 7, 10, &sums[1]);
	aim_store_op three = add("n", 6, 10, &sums[2]);
	aim_store_batch batches[] = {{&one, 1, AIM_OK, 0}, {&two, 1, AIM_OK, 0}, {&three, 1, AIM_OK, 0}};
	aim__do_group(t, batches, 3);
	aim__expect(t, batches[0].status == AIM_OK && batches[2].status == AIM_OK &&
	                       batches[1].status == AIM_E_STORE_BOUND,
	            "a batch past the bound fails alone");
	aim__expect(t, sums[0] == 4 && sums[1] == 0 && sums[2] == 10 && has(t, "n", "10"),
	            "each later one counts on");
}

/* Threads: index 0 writes, the others read what is there. */

#define WRITES 100

typedef struct shared {
	aim__conformance *t;
	uint32_t faults;
} shared;

typedef struct seen {
	uint64_t version;
	uint32_t n_rows;
} seen;

static aim_status see(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                      uint64_t position)
{
	seen *s = user;
	(void)key, (void)position;
	s->n_rows++;
	if (version < s->version || value.len != 8)
		return AIM_E_CALLBACK;
	for (size_t i = 1; i < value.len; i++)
		if (value.ptr[i] != value.ptr[0])
			return AIM_E_CALLBACK;
	s->version = version;
	return AIM_OK;
}

static aim_status write_some(const aim_store_engine *engine, int64_t now_us)
{
	aim_status rc = AIM_OK;
	for (int i = 0; rc == AIM_OK && i < WRITES; i++) {
		uint8_t value[8];
		memset(value, 'a' + i % 26, sizeof value);
		aim_store_op ops[2] = {put("key", ""), {.kind = AIM_STORE_APPEND, .key = aim__text("log")}};
		ops[0].value = ops[1].value = aim_bytes_from(value, sizeof value);
		ops[1].version = (uint64_t)i;
		aim_store_batch batch = {ops, 2, AIM_OK, 0};
		rc = engine->apply_group(engine->user, &batch, 1, now_us, NULL);
		if (rc == AIM_OK)
			rc = batch.status;
	}
	return rc;
}

static aim_status read_some(const aim_store_engine *engine, int64_t now_us)
{
	aim_status rc = AIM_OK;
	seen of_get = {0, 0};
	for (int i = 0; rc == AIM_OK && i < WRITES; i++) {
		seen of_scan = {0, 0};
		seen of_read = {0, 0};
		rc = engine->get(engine->user, aim__text("key"), now_us, see, &of_get, NULL);
		if (rc == AIM_E_NOT_FOUND && of_get.n_rows == 0)
			rc = AIM_OK;
		if (rc == AIM_OK)
			rc = engine->scan(engine->user, aim__text("k"), nothing, 9, now_us, see, &of_scan, NULL);
		if (rc == AIM_OK)
			rc = engine->read(engine->user, aim__text("log"), 0, WRITES, see, &of_read, NULL);
	}
	return rc;
}

static void one_thread(void *arg, size_t index)
{
	shared *s = arg;
	const aim_store_engine *engine = &s->t->engine;
	int64_t now_us = AIM__CONFORMANCE_NOW_US;
	aim_status rc = index == 0 ? write_some(engine, now_us) : read_some(engine, now_us);
	if (rc != AIM_OK)
		__atomic_fetch_add(&s->faults, 1, __ATOMIC_RELAXED);
}

static void readers_and_a_writer(aim__conformance *t)
{
	shared s = {t, 0};
	aim_status rc = t->suite->parallel(t->suite->user, 4, one_thread, &s);
	aim__expect(t, rc == AIM_OK, "the threads could be run");
	aim__expect(t, s.faults == 0, "readers see whole values whose versions never fall");
	aim__do_read(t, aim__text("log"), 0, WRITES * 2);
	aim__expect(t, t->n_rows == WRITES, "every row was written");
}

static const aim__conformance_check checks[] = {
	{"a batch is all or nothing", a_batch_is_all_or_nothing, 0},
	{"the others go on", the_others_go_on, 0},
	{"operations see the ones before", operations_see_the_ones_before, 0},
	{"versions chain through a group", versions_chain_through_a_group, 0},
	{"nothing to do", nothing_to_do, 0},
	{"a held engine applies", a_held_engine_applies, 0},
	{"a large batch", a_large_batch, 0},
	{"counters count", counters_count, 0},
	{"counters do not overflow", counters_do_not_overflow, 0},
	{"only counters count", only_counters_count, 0},
	{"counters in a group", counters_in_a_group, 0},
	{"readers and a writer", readers_and_a_writer, AIM__CONFORMANCE_NEEDS_THREADS},
};
const aim__conformance_checks aim__conformance_groups = {checks, sizeof checks / sizeof *checks};
