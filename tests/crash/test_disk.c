/* The SQLite store on a disk that loses what was not synced, that is full, or that is broken. Whatever happens,
 * the log verifies, what was acknowledged is in it, and each change is there exactly when its record is. */
#define _GNU_SOURCE
#include "support.h"

#include "disk.h"
#include "writers.h"

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_IDS 256u

/* ---- what a file holds ---- */

typedef struct content {
	uint8_t recorded[MAX_IDS];
	uint8_t stored[MAX_IDS];
	uint32_t n_records;
	int in_order; /* record n is id n */
} content;

static aim_status note_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	content *c = user;
	char text[512];
	(void)salt;
	assert_true(record.len < sizeof text);
	memcpy(text, record.ptr, record.len);
	text[record.len] = 0;
	const char *request = strstr(text, "\"request\":\"");
	assert_non_null(request);
	unsigned long id = strtoul(request + 11, NULL, 10);
	assert_true(id < MAX_IDS);
	assert_int_equal(c->recorded[id], 0);
	c->recorded[id] = 1;
	c->in_order &= id == position;
	c->n_records++;
	return AIM_OK;
}

static aim_status note_key(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	content *c = user;
	char text[32] = "";
	(void)value, (void)version, (void)position;
	assert_true(key.len < sizeof text);
	memcpy(text, key.ptr, key.len);
	unsigned long id = strtoul(text + 5, NULL, 10);
	assert_true(id < MAX_IDS);
	c->stored[id] = 1;
	return AIM_OK;
}

static content content_of(const opened *o)
{
	content c = {.in_order = 1};
	aim_error err = {0};
	aim_status rc = aim_audit_verify(o->log, NULL, NULL, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	assert_int_equal(aim_audit_read(o->log, 0, UINT64_MAX, note_record, &c, &err), AIM_OK);
	assert_int_equal(aim__store_scan(o->store, aim_bytes_from("host/", 5), aim_bytes_from(NULL, 0), MAX_IDS,
	                                 note_key, &c, &err),
	                 AIM_OK);
	for (uint32_t id = 0; id < MAX_IDS; id++)
		if (c.stored[id] != (c.recorded[id] && (id % 3 == 1)))
			fail_msg("change %u and its record are not both there or both missing", id);
	return c;
}

static content content_of_file(const char *path)
{
	opened o = open_file(path);
	content c = content_of(&o);
	close_file(&o);
	return c;
}

static void remove_files(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[128];
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

static aim_status write_id(const opened *o, uint32_t id, aim_error *err)
{
	ack a = {.id = id, .change = id % 3 == 1};
	return record_one(o->log, &a, err);
}

static void write_ok(const opened *o, uint32_t id)
{
	aim_error err = {0};
	aim_status rc = write_id(o, id, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
}

/* ---- power cuts ---- */

/* Moves the WAL into the file, so that the next record begins it anew, over the old frames. */
static int try_to_fold_wal(const char *path)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(path, &db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA wal_checkpoint(PASSIVE)", NULL, NULL, NULL);
	(void)sqlite3_close(db);
	return rc;
}

static void fold_wal(const char *path)
{
	assert_int_equal(try_to_fold_wal(path), SQLITE_OK);
}

#define N_OPENINGS 3u
#define N_EACH 9u
#define FOLD_EVERY 4u
#define N_SEEDS 5u /* per change on the disk; AIM_CRASH_ROUNDS adds some */

/* Marks are the number of records that were acknowledged. */
static void record_durable(const char *path)
{
	uint32_t id = 0;
	for (uint32_t k = 0; k < N_OPENINGS; k++) {
		opened o = open_file(path);
		for (uint32_t i = 0; i < N_EACH; i++) {
			write_ok(&o, id++);
			disk_mark(id);
			if (i % FOLD_EVERY == FOLD_EVERY - 1)
				fold_wal(path);
		}
		close_file(&o);
	}
}

/* Records without changes wait in the window; what was flushed, or came before a change, is acknowledged. */
static void record_buffered(const char *path)
{
	uint32_t id = 0;
	aim_audit_options options = {.struct_size = sizeof options, .durability = AIM_AUDIT_BUFFERED};
	options.window_records = 4;
	for (uint32_t k = 0; k < N_OPENINGS; k++) {
		aim_error err = {0};
		opened o = open_file_as(path, &options);
		for (uint32_t i = 0; i < N_EACH; i++) {
			write_ok(&o, id);
			if (id++ % 3 == 1)
				disk_mark(id);
		}
		assert_int_equal(aim_audit_flush(o.log, &err), AIM_OK);
		disk_mark(id);
		fold_wal(path);
		close_file(&o);
	}
}

static void check_cut(const disk_walk *w, uint64_t seed, const char *path, uint32_t most_lost)
{
	remove_files(path);
	disk_walk_cut(w, seed, path);
	content c = content_of_file(path);
	if (!c.in_order || c.n_records < disk_walk_mark(w))
		fail_msg("cut with seed %llu: %u records of %u that were acknowledged",
		         (unsigned long long)seed, c.n_records, disk_walk_mark(w));
	assert_true(c.n_records <= disk_walk_mark(w) + most_lost);
}

static void cut_everywhere(void (*record)(const char *path), uint64_t n_seeds, uint32_t most_lost)
{
	char folder[64], after[128];
	const char *path = make_folder(folder);
	uint64_t seed = 0;
	(void)snprintf(after, sizeof after, "%s/after.db", folder);
	disk_record();
	record(path);
	disk_record_end();
	disk_walk *w = disk_walk_new();
	do {
		for (uint64_t i = 0; i < n_seeds; i++)
			check_cut(w, seed++, after, most_lost);
	} while (disk_walk_next(w));
	assert_int_equal(disk_walk_mark(w), N_OPENINGS * N_EACH);
	assert_true(seed > 500);
	disk_walk_free(w);
	remove_files(after);
	remove_folder(folder);
}

static void test_power_cuts_when_durable(void **state)
{
	(void)state;
	cut_everywhere(record_durable, N_SEEDS + rounds(0) / 8, 1);
}

static void test_power_cuts_when_buffered(void **state)
{
	(void)state;
	cut_everywhere(record_buffered, N_SEEDS + rounds(0) / 8, 4);
}

/* ---- a disk that fails ---- */

#define N_BEFORE 2u
#define N_DURING 6u

static void copy_file(const char *from, const char *to, const char *end)
{
	char name[128], buffer[8192];
	size_t n;
	(void)snprintf(name, sizeof name, "%s%s", from, end);
	FILE *in = fopen(name, "rb");
	if (!in)
		return;
	(void)snprintf(name, sizeof name, "%s%s", to, end);
	FILE *out = fopen(name, "wb");
	assert_non_null(out);
	while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
		assert_int_equal(fwrite(buffer, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(fclose(in), 0);
}

static void expect_clear_status(aim_status rc, const aim_error *err, disk_fault fault)
{
	if (rc == AIM_OK)
		return;
	assert_int_equal(err->status, rc);
	assert_true(strlen(err->message) > 0);
	if (rc != (fault == DISK_FULL ? AIM_E_STORE_FULL : AIM_E_IO))
		fail_msg("%s: %s", aim_status_name(rc), err->message);
}

/* Exactly these, in this process and after opening again. */
static void assert_recorded(const content *c, const aim_status *results, uint32_t n)
{
	for (uint32_t id = 0; id < n; id++)
		if (c->recorded[id] != (results[id] == AIM_OK))
			fail_msg("record %u: %s, and is %s the log", id, aim_status_name(results[id]),
			         c->recorded[id] ? "in" : "not in");
}

/* A process that is gone while the disk fails: what was acknowledged is there; what was refused is there
 * whole or not at all. */
static void assert_survives(const char *path, const char *copy, const aim_status *results, uint32_t n)
{
	remove_files(copy);
	copy_file(path, copy, "");
	copy_file(path, copy, "-wal");
	content c = content_of_file(copy);
	for (uint32_t id = 0; id < n; id++)
		if (results[id] == AIM_OK && !c.recorded[id])
			fail_msg("record %u was acknowledged and is not in the log", id);
	remove_files(copy);
}

/* One run with the nth call failing; 0 when so many were not made. */
static int fail_writing(const char *path, const char *copy, uint64_t nth, disk_fault fault, int persists)
{
	aim_status results[N_BEFORE + N_DURING + 1] = {AIM_OK};
	uint32_t id = 0;
	remove_files(path);
	opened o = open_file(path);
	for (; id < N_BEFORE; id++)
		write_ok(&o, id);
	disk_fail(nth, fault, persists);
	for (; id < N_BEFORE + N_DURING; id++) {
		aim_error err = {0};
		results[id] = write_id(&o, id, &err);
		expect_clear_status(results[id], &err, fault);
		if (id == N_BEFORE + N_DURING / 2)
			(void)try_to_fold_wal(path);
	}
	int failed = disk_failed();
	disk_fail(0, fault, 0);
	assert_survives(path, copy, results, id);
	write_ok(&o, id); /* as soon as it works again, it works again */
	content c = content_of(&o);
	assert_recorded(&c, results, id + 1);
	close_file(&o);
	c = content_of_file(path);
	assert_recorded(&c, results, id + 1);
	return failed;
}

static void fail_each(int (*run)(const char *path, const char *copy, uint64_t nth, disk_fault fault, int persists))
{
	static const disk_fault faults[] = {DISK_BROKEN, DISK_FULL};
	char folder[64], copy[128];
	const char *path = make_folder(folder);
	(void)snprintf(copy, sizeof copy, "%s/copy.db", folder);
	for (size_t i = 0; i < 2; i++)
		for (int persists = 0; persists < 2; persists++) {
			uint64_t nth = 1;
			while (run(path, copy, nth, faults[i], persists))
				nth++;
			assert_true(nth > 10);
		}
	remove_files(copy);
	remove_folder(folder);
}

static void test_every_failing_call(void **state)
{
	(void)state;
	fail_each(fail_writing);
}

/* Opening: a status, and nothing that keeps it from opening later. */
static int fail_opening(const char *path, const char *copy, uint64_t nth, disk_fault fault, int persists)
{
	aim_ctx *ctx = NULL;
	opened o = {NULL, NULL, NULL};
	aim_error err = {0};
	(void)copy;
	remove_files(path);
	if (nth % 2) { /* a new file, or one with records */
		o = open_file(path);
		write_ok(&o, 0);
		close_file(&o);
	}
	assert_int_equal(aim_ctx_new(NULL, &ctx, &err), AIM_OK);
	disk_fail((nth + 1) / 2, fault, persists);
	aim_store *store = NULL;
	aim_status rc = try_open(ctx, path, &store, &err);
	int failed = disk_failed();
	disk_fail(0, fault, 0);
	expect_clear_status(rc, &err, fault);
	aim_store_free(store);
	aim_ctx_free(ctx);
	content c = content_of_file(path);
	assert_int_equal(c.n_records, nth % 2);
	/* The last of both kinds of file ends it. */
	return failed || nth % 2;
}

static void test_every_failing_call_of_opening(void **state)
{
	(void)state;
	fail_each(fail_opening);
}

/* ---- syncs ---- */

typedef struct thread_work {
	const opened *o;
	uint32_t first;
} thread_work;

static void *write_some(void *arg)
{
	const thread_work *w = arg;
	for (uint32_t i = 0; i < 8; i++)
		write_ok(w->o, w->first + i);
	return NULL;
}

static void test_one_sync_per_group(void **state)
{
	char folder[64];
	const char *path = make_folder(folder);
	opened o = open_file(path);
	(void)state;
	write_ok(&o, 0); /* begins the WAL, which costs one more */
	uint64_t syncs = disk_syncs("-wal"), groups = atomic_load(&o.store->n_groups);
	for (uint32_t id = 1; id <= 10; id++)
		write_ok(&o, id);
	assert_int_equal(disk_syncs("-wal") - syncs, 10);
	assert_int_equal(atomic_load(&o.store->n_groups) - groups, 10);
	pthread_t threads[8];
	thread_work work[8];
	syncs = disk_syncs("-wal");
	groups = atomic_load(&o.store->n_groups);
	for (uint32_t i = 0; i < 8; i++) {
		work[i].o = &o;
		work[i].first = 100 + 8 * i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_some, &work[i]), 0);
	}
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	groups = atomic_load(&o.store->n_groups) - groups;
	assert_int_equal(disk_syncs("-wal") - syncs, groups);
	assert_true(groups <= 64);
	close_file(&o);
	remove_folder(folder);
}

static void test_one_sync_per_window(void **state)
{
	char folder[64];
	const char *path = make_folder(folder);
	aim_audit_options options = {.struct_size = sizeof options, .durability = AIM_AUDIT_BUFFERED};
	opened o = open_file_as(path, &options);
	aim_error err = {0};
	(void)state;
	write_ok(&o, 1); /* a change */
	uint64_t syncs = disk_syncs("-wal");
	for (uint32_t id = 0; id < 90; id += 3)
		write_ok(&o, id);
	assert_int_equal(disk_syncs("-wal"), syncs);
	assert_int_equal(aim_audit_flush(o.log, &err), AIM_OK);
	assert_int_equal(disk_syncs("-wal"), syncs + 1);
	close_file(&o);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_cuts_when_durable),
		cmocka_unit_test(test_power_cuts_when_buffered),
		cmocka_unit_test(test_every_failing_call),
		cmocka_unit_test(test_every_failing_call_of_opening),
		cmocka_unit_test(test_one_sync_per_group),
		cmocka_unit_test(test_one_sync_per_window),
	};
	disk_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
