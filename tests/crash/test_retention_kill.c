/* A process that cuts a log is killed at any moment, while another appends. Afterwards the log verifies from
 * its cut to its head and continues every head seen before, the cut is a record, and a later cut removes what
 * the dead one left behind. */
#define _GNU_SOURCE
#include "support.h"
#include "writers.h"

#include <aim/checkpoint.h>
#include <aim/retention.h>
#include <aim/sqlite.h>
#include <aim/trail.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_ROUNDS 15u
#define KEEP 20u

static unsigned random_below(unsigned n)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

static aim_status sign_and_cut(aim_audit *log, aim_key *key)
{
	aim_checkpoint_signer *signer = NULL;
	aim_checkpoint_options o = {.struct_size = sizeof o, .flags = AIM_CHECKPOINT_NEW_KEY};
	o.origin = aim_str_from("example.com/log");
	aim_retention_options r = {.struct_size = sizeof r, .keep_records = KEEP};
	aim_status rc = aim_checkpoint_open(log, key, &o, &signer, NULL);
	if (rc == AIM_OK)
		rc = aim_checkpoint_close(signer, NULL);
	return rc == AIM_OK ? aim_retention_apply(log, &r, NULL, NULL) : rc;
}

/* Another process: signs and cuts until it is killed, and tells of each cut through the pipe. */
static void be_cutter(const char *path, int fd)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_key *key = NULL;
	aim_status rc = aim_ctx_new(NULL, &ctx, NULL);
	if (rc == AIM_OK)
		rc = aim_sqlite_open(ctx, aim_str_from(path), NULL, &store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, NULL, &log, NULL);
	if (rc == AIM_OK)
		rc = aim_key_generate(ctx, AIM_KEY_LOG, &key, NULL);
	while (rc == AIM_OK) {
		rc = sign_and_cut(log, key);
		if (rc == AIM_OK && write(fd, "c", 1) != 1)
			break;
	}
	_exit(1);
}

static pid_t start_cutter(const char *path, int fds[2])
{
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(fds[0]);
		be_cutter(path, fds[1]);
	}
	(void)close(fds[1]);
	return pid;
}

static void kill_somewhere(pid_t pid, int fd)
{
	int status = 0;
	char c;
	for (unsigned n = random_below(4); n > 0; n--)
		assert_int_equal(read(fd, &c, 1), 1);
	for (unsigned i = random_below(2000000); i > 0; i--)
		__asm__ volatile("");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	(void)close(fd);
}

static aim_status last_cut(void *user, const aim_trail_record *r)
{
	const aim_json *doc = aim_trail_record_document(r);
	int64_t size = 0;
	aim_json_value v = aim_json_at(doc, AIM_JSON_ROOT, aim_str_from("/data/size"));
	assert_int_equal(aim_json_int64(doc, v, &size), AIM_OK);
	*(uint64_t *)user = (uint64_t)size;
	return AIM_OK;
}

/* The state that the kill left. */
static uint64_t check(aim_audit *log)
{
	aim_error err = {0};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_audit_head at = {.struct_size = sizeof at};
	aim_status rc = aim_audit_verify(log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	assert_int_equal(aim_retention_current(log, &at, &err), AIM_OK);
	assert_int_equal(at.size, report.first_kept);
	if (at.size == 0)
		return 0;
	/* The key and the record of the cut came together. */
	uint64_t recorded = 0;
	aim_trail_filter f = {.struct_size = sizeof f, .kind = aim_str_from("retention")};
	aim_trail_query q = {.struct_size = sizeof q, .filter = &f, .flags = AIM_TRAIL_NEWEST_FIRST, .limit = 1};
	q.from = AIM_TRAIL_END;
	assert_int_equal(aim_trail_read(log, &q, last_cut, &recorded, NULL, &err), AIM_OK);
	assert_int_equal(recorded, at.size);
	return at.size;
}

static int64_t number(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return value;
}

static aim_key *new_key(aim_ctx *ctx)
{
	aim_key *key = NULL;
	assert_int_equal(aim_key_generate(ctx, AIM_KEY_LOG, &key, NULL), AIM_OK);
	return key;
}

static void test_kill(void **state)
{
	char folder[64];
	const char *path = make_folder(folder);
	aim_audit_head remembered = {.struct_size = sizeof remembered};
	unsigned n = rounds(DEFAULT_ROUNDS);
	uint64_t furthest = 0;
	(void)state;
	for (unsigned i = 0; i < n; i++) {
		int fds[2], status = 0;
		writer_options w = {.path = path, .first_id = i * 1000, .n_threads = 2, .n_each = 40, .ack_fd = -1};
		pid_t writer = start_writer(&w);
		pid_t cutter = start_cutter(path, fds);
		kill_somewhere(cutter, fds[0]);
		assert_int_equal(waitpid(writer, &status, 0), writer);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		opened o = open_file(path);
		aim_error err = {0};
		uint64_t cut = check(o.log);
		/* What was seen before is still its beginning, unless it was removed. */
		if (remembered.size > 0 && remembered.size >= cut)
			assert_int_equal(aim_audit_verify(o.log, &remembered, NULL, &err), AIM_OK);
		aim_key *key = new_key(o.ctx);
		assert_int_equal(sign_and_cut(o.log, key), AIM_OK);
		cut = check(o.log);
		assert_int_equal(aim_audit_current(o.log, &remembered, &err), AIM_OK);
		/* No row is left behind the cut, and the views show what there is. */
		assert_int_equal(number(path, "SELECT min(position) FROM audit"), cut);
		assert_int_equal(number(path, "SELECT count(*) FROM audit"), remembered.size - cut);
		if (cut > 0)
			assert_int_equal(number(path, "SELECT first_kept FROM retention"), cut);
		furthest = cut;
		aim_key_unref(key);
		close_file(&o);
	}
	assert_true(furthest > 0);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
