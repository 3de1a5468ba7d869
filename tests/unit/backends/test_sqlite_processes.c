/* One SQLite file between processes: opened by many at once, written by two, and left by one that is killed. */
#define _GNU_SOURCE
#include "place.h"

#include <aim/audit.h>
#include <aim/sqlite.h>
#include "store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INCREMENTS 40u

static aim_bytes text(const char *s)
{
	return aim_bytes_from_str(aim_str_from(s));
}

/* Patient: the machine may be busy. NULL on failure, with the reason on stderr. */
static aim_store *open_store(const place *p)
{
	aim_store *store = NULL;
	aim_error err = {0};
	aim_sqlite_options o = {.struct_size = sizeof o, .busy_timeout_ms = 120000};
	if (aim_sqlite_open(p->ctx, aim_str_from(p->path), &o, &store, &err) != AIM_OK)
		fprintf(stderr, "%s\n", err.message);
	return store;
}

static pid_t start(const place *p, int (*body)(const place *p))
{
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(body(p));
	return child;
}

static void assert_succeeds(pid_t child)
{
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int just_open(const place *p)
{
	aim_store *store = open_store(p);
	aim_store_free(store);
	return store ? 0 : 1;
}

static void many_processes_may_make_one_store(void **state)
{
	place *p = *state;
	pid_t children[6];
	for (size_t i = 0; i < 6; i++)
		children[i] = start(p, just_open);
	for (size_t i = 0; i < 6; i++)
		assert_succeeds(children[i]);
}

/* Reads a counter and writes it back one higher, if nobody else did meanwhile. */
static aim_status increment(aim_store *store, aim_buf *value)
{
	uint64_t version = 0;
	char next[24];
	aim_status rc = aim__store_get(store, text("host/n"), value, &version, NULL);
	if (rc != AIM_OK)
		return rc;
	int len = snprintf(next, sizeof next, "%lld", strtoll(aim_buf_str(value).ptr, NULL, 10) + 1);
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_VERSION, .key = text("host/n"), .version = version};
	op.value = aim_bytes_from(next, (size_t)len);
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	return aim_store_apply(store, &batch, NULL);
}

static int increment_many(const place *p)
{
	aim_buf *value = NULL;
	aim_store *store = open_store(p);
	unsigned n = 0;
	if (!store || aim_buf_new(p->ctx, &value) != AIM_OK)
		return 1;
	while (n < INCREMENTS) {
		aim_status rc = increment(store, value);
		if (rc != AIM_OK && rc != AIM_E_CONFLICT)
			return 2;
		n += rc == AIM_OK;
	}
	aim_buf_free(value);
	aim_store_free(store);
	return 0;
}

static void two_processes_lose_no_increment(void **state)
{
	place *p = *state;
	aim_buf *value = NULL;
	aim_store *store = open_store(p);
	assert_non_null(store);
	aim_store_op op = {.kind = AIM_STORE_PUT, .key = text("host/n"), .value = text("0")};
	aim_store_batch batch = {&op, 1, AIM_OK, 0};
	assert_status(aim_store_apply(store, &batch, NULL), AIM_OK);
	aim_store_free(store);
	pid_t one = start(p, increment_many);
	pid_t two = start(p, increment_many);
	assert_succeeds(one);
	assert_succeeds(two);
	store = open_store(p);
	assert_non_null(store);
	uint64_t version = 0;
	assert_status(aim_buf_new(p->ctx, &value), AIM_OK);
	assert_status(aim_store_read_key(store, text("host/n"), value, &version, NULL), AIM_OK);
	assert_int_equal(strtoll(aim_buf_str(value).ptr, NULL, 10), 2 * INCREMENTS);
	assert_int_equal(version, 2 * INCREMENTS + 1);
	aim_buf_free(value);
	aim_store_free(store);
}

/* Appends records for ever and says after each that it was acknowledged. */
static int append_until_killed(const place *p, int out)
{
	aim_audit *log = NULL;
	aim_store *store = open_store(p);
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from("tool_call");
	if (!store || aim_audit_open(store, NULL, &log, NULL) != AIM_OK)
		return 1;
	while (aim_audit_append(log, &r, NULL, NULL) == AIM_OK && write(out, "+", 1) == 1)
		continue;
	return 2;
}

static uint64_t rows_after_a_kill(const place *p)
{
	aim_audit *log = NULL;
	aim_audit_report report = {.struct_size = sizeof report};
	aim_error err = {0};
	aim_store *store = open_store(p);
	assert_non_null(store);
	assert_status(aim_audit_open(store, NULL, &log, NULL), AIM_OK);
	aim_status rc = aim_audit_verify(log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("after a kill: %s", err.message);
	aim_audit_free(log);
	aim_store_free(store);
	return report.n_records;
}

static void a_killed_writer_loses_nothing_acknowledged(void **state)
{
	place *p = *state;
	uint64_t acknowledged = 0;
	for (size_t round = 0; round < 5; round++) {
		int pipe_ends[2];
		char ack;
		assert_int_equal(pipe(pipe_ends), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			close(pipe_ends[0]);
			_exit(append_until_killed(p, pipe_ends[1]));
		}
		close(pipe_ends[1]);
		for (size_t i = 0; i < 3 + round; i++)
			assert_int_equal(read(pipe_ends[0], &ack, 1), 1);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		acknowledged += 3 + round;
		while (read(pipe_ends[0], &ack, 1) == 1)
			acknowledged++;
		close(pipe_ends[0]);
		uint64_t n = rows_after_a_kill(p);
		/* At most one record per round was on disk and not yet acknowledged. */
		assert_true(n >= acknowledged && n <= acknowledged + 1);
		acknowledged = n;
	}
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(many_processes_may_make_one_store),
		FILE_TEST(two_processes_lose_no_increment),
		FILE_TEST(a_killed_writer_loses_nothing_acknowledged),
	};
	return cmocka_run_group_tests_name("backends/sqlite_processes", tests, NULL, NULL);
}
