/* Random groups against a model that anyone can check by eye: an array of keys, searched from the front. The
 * engines in memory, in SQLite and on a table must agree with it in every answer, and so with each other. */
#define _GNU_SOURCE
#include "../unit/store/sorted.h"
#include "support.h"

#include "base/buf.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_SQLITE
#include "backends/sqlite.h"
#endif

#define N_KEYS 12
#define N_LOGS 2
#define MAX_OPS 5
#define MAX_BATCHES 4

static uint64_t seed;

static uint32_t draw(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

/* The model. */

typedef struct model_key {
	char value[32];
	uint64_t version; /* the latest it had; when it is not exact, the least that the next may be */
	int64_t expires_at_us;
	int present;
	int exact; /* it was never absent since its version was read */
} model_key;

typedef struct model {
	model_key keys[N_KEYS];
	uint64_t n_rows[N_LOGS]; /* the next position */
	uint64_t first[N_LOGS];  /* rows before it are gone */
} model;

/* Sorted: shorter first, then by the byte. */
static const char *const key_names[N_KEYS] = {"a", "a\x01", "aa", "ab", "b", "b/1", "b/2", "b/3", "b0", "c", "n1", "n2"};
static const char *const log_names[N_LOGS] = {"a", "log"};

static void forget_expired(model *m, int64_t now_us)
{
	for (int i = 0; i < N_KEYS; i++)
		if (m->keys[i].present && m->keys[i].expires_at_us && now_us >= m->keys[i].expires_at_us)
			m->keys[i].present = 0;
}

static int is_counter(const char *text, long long *out)
{
	char again[32];
	char *rest;
	*out = strtoll(text, &rest, 10);
	snprintf(again, sizeof again, "%lld", *out);
	return strcmp(again, text) == 0;
}

/* One operation; its key or log as an index. */
static aim_status model_op(model *m, const aim_store_op *op, int index, int64_t now_us, int64_t *sum)
{
	model_key *k = &m->keys[index];
	long long before = 0;
	switch (op->kind) {
	case AIM_STORE_APPEND:
		if (op->version != m->n_rows[index])
			return AIM_E_CONFLICT;
		m->n_rows[index]++;
		return AIM_OK;
	case AIM_STORE_TRIM:
		if (op->version >= m->n_rows[index])
			return AIM_E_CONFLICT;
		if (op->version > m->first[index])
			m->first[index] = op->version;
		return AIM_OK;
	case AIM_STORE_DELETE:
		if (op->version && (!k->present || k->version != op->version))
			return AIM_E_CONFLICT;
		k->present = 0;
		return AIM_OK;
	case AIM_STORE_ADD:
		if (k->present && !is_counter(k->value, &before))
			return AIM_E_CONFLICT;
		*sum = before + op->delta;
		if ((op->delta > 0 && *sum > op->bound) || (op->delta < 0 && *sum < op->bound))
			return AIM_E_STORE_BOUND;
		snprintf(k->value, sizeof k->value, "%lld", (long long)*sum);
		if (!k->present)
			k->expires_at_us = op->expires_at_us;
		break;
	default:
		if (op->kind == AIM_STORE_PUT_IF_ABSENT && k->present)
			return AIM_E_CONFLICT;
		if (op->kind == AIM_STORE_PUT_IF_VERSION && (!k->present || k->version != op->version))
			return AIM_E_CONFLICT;
		snprintf(k->value, sizeof k->value, "%.*s", (int)op->value.len, (const char *)op->value.ptr);
		if (op->expires_at_us != AIM_STORE_KEEP_EXPIRY)
			k->expires_at_us = op->expires_at_us;
		else if (!k->present)
			k->expires_at_us = 0;
	}
	if (!k->present)
		k->exact = 0;
	k->present = 1;
	k->version++;
	forget_expired(m, now_us);
	return AIM_OK;
}

/* The engine under test, beside its model. */

typedef struct subject {
	aim_store_engine engine;
	model model;
	int64_t now_us;
	const char *name;
} subject;

typedef struct found {
	int n;
	char text[1024]; /* key=value@version; … */
	uint64_t version;
} found;

static aim_status take(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	found *f = user;
	size_t at = strlen(f->text);
	f->n++;
	f->version = version;
	snprintf(f->text + at, sizeof f->text - at, "%.*s=%.*s@%llu ", (int)key.len, (const char *)key.ptr,
	         (int)value.len, (const char *)value.ptr,
	         (unsigned long long)(version ? version : position));
	return AIM_OK;
}

static aim_bytes key_at(int i)
{
	return aim_bytes_from(key_names[i], strlen(key_names[i]));
}

/* The model does not know which version a new key gets: it takes the engine's and checks the rule. */
static void check_versions(subject *s)
{
	for (int i = 0; i < N_KEYS; i++) {
		model_key *k = &s->model.keys[i];
		found f = {0};
		aim_status rc = s->engine.get(s->engine.user, key_at(i), s->now_us, take, &f, NULL);
		if (rc != (k->present ? AIM_OK : AIM_E_NOT_FOUND))
			fail_msg("%s: key %d is %s", s->name, i, aim_status_name(rc));
		if (!k->present)
			continue;
		if (k->exact ? f.version != k->version : f.version < k->version)
			fail_msg("%s: key %d has version %llu, not %llu", s->name, i,
			         (unsigned long long)f.version, (unsigned long long)k->version);
		k->version = f.version;
		k->exact = 1;
	}
}

static void compare_scan(subject *s)
{
	static const char *const prefixes[] = {"", "a", "b", "b/", "n", "zz"};
	const char *prefix = prefixes[draw(6)];
	int after = (int)draw(N_KEYS + 1) - 1;
	size_t limit = draw(5);
	found expected = {0};
	found f = {0};
	for (int i = 0; i < N_KEYS && (size_t)expected.n < limit; i++) {
		const model_key *k = &s->model.keys[i];
		if (i <= after || !k->present || strncmp(key_names[i], prefix, strlen(prefix)) != 0)
			continue;
		take(&expected, key_at(i), aim_bytes_from(k->value, strlen(k->value)), k->version, 0);
	}
	aim_bytes from = after < 0 ? (aim_bytes){NULL, 0} : key_at(after);
	assert_status(s->engine.scan(s->engine.user, aim_bytes_from(prefix, strlen(prefix)), from, limit,
	                             s->now_us, take, &f, NULL),
	              AIM_OK);
	if (strcmp(f.text, expected.text) != 0)
		fail_msg("%s: scan gave \"%s\", not \"%s\"", s->name, f.text, expected.text);
}

static void compare_rows(subject *s)
{
	int log = (int)draw(N_LOGS);
	uint64_t from = draw((uint32_t)s->model.n_rows[log] + 2);
	found f = {0};
	assert_status(s->engine.read(s->engine.user, aim_bytes_from(log_names[log], strlen(log_names[log])), from,
	                             10, take, &f, NULL),
	              AIM_OK);
	uint64_t first = from > s->model.first[log] ? from : s->model.first[log];
	uint64_t left = first < s->model.n_rows[log] ? s->model.n_rows[log] - first : 0;
	assert_int_equal(f.n, left > 10 ? 10 : left);
	const char *at = strchr(f.text, '@');
	if (f.n > 0 && (!at || strtoull(at + 1, NULL, 10) != first))
		fail_msg("%s: read gave \"%s\", not rows from %llu", s->name, f.text, (unsigned long long)first);
}

/* One random group. */

typedef struct group {
	aim_store_op ops[MAX_BATCHES][MAX_OPS];
	int index[MAX_BATCHES][MAX_OPS];
	int64_t sums[MAX_BATCHES][MAX_OPS];
	char values[MAX_BATCHES][MAX_OPS][8];
	aim_store_batch batches[MAX_BATCHES];
	size_t n;
} group;

static void draw_op(const subject *s, group *g, size_t b, size_t i)
{
	static const int64_t expiries[] = {0, 0, 0, AIM_STORE_KEEP_EXPIRY, 1, 3, 50};
	aim_store_op *op = &g->ops[b][i];
	int index = (int)draw(N_KEYS);
	memset(op, 0, sizeof *op);
	op->kind = 1 + draw(s->engine.flags & AIM_STORE_ENGINE_TRIMS ? 7 : 6);
	snprintf(g->values[b][i], sizeof g->values[b][i], "%d", (int)draw(200) - 100);
	if (draw(4) == 0)
		g->values[b][i][0] = 'x';
	op->value = aim_bytes_from(g->values[b][i], strlen(g->values[b][i]));
	op->key = key_at(index);
	op->version = s->model.keys[index].version + draw(2);
	if (op->kind == AIM_STORE_DELETE && draw(2))
		op->version = 0;
	op->expires_at_us = expiries[draw(7)];
	if (op->expires_at_us > 0)
		op->expires_at_us += s->now_us - 1;
	if (op->kind == AIM_STORE_ADD) {
		op->delta = (int64_t)draw(21) - 10;
		op->bound = op->delta > 0 ? 60 : -60;
		op->out_sum = &g->sums[b][i];
		g->sums[b][i] = INT64_MIN;
		if (op->expires_at_us < 0)
			op->expires_at_us = 0;
	}
	if (op->kind == AIM_STORE_APPEND) {
		index = (int)draw(N_LOGS);
		op->key = aim_bytes_from(log_names[index], strlen(log_names[index]));
		op->version = s->model.n_rows[index] + draw(3) % 2;
	}
	if (op->kind == AIM_STORE_TRIM) {
		index = (int)draw(N_LOGS);
		op->key = aim_bytes_from(log_names[index], strlen(log_names[index]));
		/* A few at a time, back a little, and past the end. */
		op->version = s->model.first[index] + draw(6);
		op->version -= op->version > 2 ? draw(3) : 0;
	}
	g->index[b][i] = index;
}

/* What the model says of the group, and the model after it. */
static void expect_group(model *m, group *g, int64_t now_us, aim_store_batch *expected,
                         int64_t sums[MAX_BATCHES][MAX_OPS])
{
	for (size_t b = 0; b < g->n; b++) {
		model trial = *m;
		expected[b].status = AIM_OK;
		expected[b].failed_op = 0;
		for (size_t i = 0; i < g->batches[b].n_ops; i++)
			sums[b][i] = INT64_MIN;
		for (size_t i = 0; expected[b].status == AIM_OK && i < g->batches[b].n_ops; i++) {
			int64_t sum = INT64_MIN;
			expected[b].status = model_op(&trial, &g->ops[b][i], g->index[b][i], now_us, &sum);
			if (expected[b].status != AIM_OK)
				expected[b].failed_op = (uint32_t)i;
			else if (g->ops[b][i].kind == AIM_STORE_ADD)
				sums[b][i] = sum;
		}
		if (expected[b].status == AIM_OK)
			*m = trial;
		else
			for (size_t i = 0; i < g->batches[b].n_ops; i++)
				sums[b][i] = INT64_MIN;
	}
}

/* Versions of keys that are new in a group are unknown to the model, so such a group must not ask for
 * them: an operation with a version on a key that the group makes is turned into one without. */
static void avoid_unknown_versions(const subject *s, group *g)
{
	int made[N_KEYS] = {0};
	for (size_t b = 0; b < g->n; b++)
		for (size_t i = 0; i < g->batches[b].n_ops; i++) {
			aim_store_op *op = &g->ops[b][i];
			int k = g->index[b][i];
			if (op->kind == AIM_STORE_APPEND || op->kind == AIM_STORE_TRIM)
				continue;
			if (made[k] && op->kind == AIM_STORE_PUT_IF_VERSION)
				op->kind = AIM_STORE_PUT;
			if (made[k] && op->kind == AIM_STORE_DELETE)
				op->version = 0;
			if (!s->model.keys[k].present || op->kind == AIM_STORE_DELETE || op->expires_at_us > 0)
				made[k] = 1;
		}
}

static void step(subject *s)
{
	group g;
	aim_store_batch expected[MAX_BATCHES];
	int64_t sums[MAX_BATCHES][MAX_OPS];
	s->now_us += draw(4);
	forget_expired(&s->model, s->now_us);
	g.n = 1 + draw(MAX_BATCHES);
	for (size_t b = 0; b < g.n; b++) {
		g.batches[b] = (aim_store_batch){g.ops[b], 1 + draw(MAX_OPS), AIM_OK, 0};
		for (size_t i = 0; i < g.batches[b].n_ops; i++)
			draw_op(s, &g, b, i);
	}
	avoid_unknown_versions(s, &g);
	expect_group(&s->model, &g, s->now_us, expected, sums);
	assert_status(s->engine.apply_group(s->engine.user, g.batches, g.n, s->now_us, NULL), AIM_OK);
	for (size_t b = 0; b < g.n; b++) {
		assert_status(g.batches[b].status, expected[b].status);
		assert_int_equal(g.batches[b].failed_op, expected[b].failed_op);
		for (size_t i = 0; i < g.batches[b].n_ops; i++)
			if (g.ops[b][i].kind == AIM_STORE_ADD)
				assert_int_equal(g.sums[b][i], sums[b][i]);
	}
	check_versions(s);
	compare_scan(s);
	compare_rows(s);
}

static void run(subject *s, uint64_t first_seed, int n_steps)
{
	seed = first_seed;
	s->now_us = 1000000;
	for (int i = 0; i < n_steps; i++)
		step(s);
	s->engine.close(s->engine.user);
}

static void the_memory_engine_is_the_model(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 20; i++) {
		test_heap heap;
		aim_ctx *ctx = test_ctx(&heap);
		subject s = {.name = "memory"};
		assert_status(aim__store_memory_engine(ctx, &s.engine), AIM_OK);
		assert_true(s.engine.flags & AIM_STORE_ENGINE_TRIMS);
		run(&s, i, 1000);
		test_ctx_done(ctx, &heap);
	}
}

static void an_engine_on_a_table_is_the_model(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 20; i++) {
		test_heap heap;
		aim_ctx *ctx = test_ctx(&heap);
		sorted entries = {.n_closed = 0};
		aim_store_table table = sorted_table(&entries);
		subject s = {.name = "table"};
		aim__skip_init(&entries.list, ctx);
		assert_status(aim_store_table_wrap(ctx, &table, &s.engine, NULL), AIM_OK);
		run(&s, i, 1000);
		aim__skip_dispose(&entries.list);
		test_ctx_done(ctx, &heap);
	}
}

#ifdef HAVE_SQLITE
static void the_sqlite_engine_is_the_model(void **state)
{
	(void)state;
	char folder[] = "/tmp/aim-prop-XXXXXX";
	char command[64];
	assert_non_null(mkdtemp(folder));
	for (uint64_t i = 1; i <= 3; i++) {
		test_heap heap;
		aim_ctx *ctx = test_ctx(&heap);
		subject s = {.name = "SQLite"};
		char path[64];
		snprintf(path, sizeof path, "%s/%d.db", folder, (int)i);
		assert_status(aim__sqlite_engine_open(ctx, aim_str_from(path), 0, 0, &s.engine, NULL), AIM_OK);
		/* Durability is not what is tried here. */
		aim__sqlite *engine = s.engine.user;
		assert_int_equal(sqlite3_exec(engine->writer.db, "PRAGMA synchronous = OFF", NULL, NULL, NULL),
		                 SQLITE_OK);
		run(&s, i, 1000);
		test_ctx_done(ctx, &heap);
	}
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_memory_engine_is_the_model),
		cmocka_unit_test(an_engine_on_a_table_is_the_model),
#ifdef HAVE_SQLITE
		cmocka_unit_test(the_sqlite_engine_is_the_model),
#endif
	};
	return cmocka_run_group_tests_name("prop/store", tests, NULL, NULL);
}
