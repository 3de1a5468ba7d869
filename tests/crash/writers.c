#define _GNU_SOURCE
#include "writers.h"

#include "support.h"

#include "audit/commit.h"
#include "base/format.h"

#include <aim/sqlite.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct work {
	const writer_options *options;
	aim_audit *log;
	atomic_uint next_id;
	atomic_uint n_failed;
} work;

/* The parent only sees an exit status; this says why. */
static void say(const char *what, aim_status rc, const aim_error *err)
{
	(void)fprintf(stderr, "writer %ld: %s: %s: %s\n", (long)getpid(), what, aim_status_name(rc),
	              err->message);
}

aim_status record_one(aim_audit *log, const ack *a, aim_error *err)
{
	char id[16], key[32];
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	r.kind = aim_str_from("tool_call");
	r.action = aim_str_from(a->change ? "change" : "append");
	r.request = (aim_str){id, aim__format(id, sizeof id, "%u", a->id)};
	r.arguments = aim_bytes_from_str(r.request);
	if (!a->change)
		return aim_audit_append(log, &r, NULL, err);
	aim_store_op op = {.kind = AIM_STORE_PUT_IF_ABSENT};
	op.key = aim_bytes_from(key, aim__format(key, sizeof key, "host/%u", a->id));
	op.value = aim_bytes_from_str(aim_str_from("{}"));
	aim__change change = {.ops = &op, .n_ops = 1, .records = &r, .n_records = 1};
	return aim__audit_commit(log, &change, err);
}

static void *write_records(void *arg)
{
	work *w = arg;
	for (uint32_t i = 0; i < w->options->n_each; i++) {
		ack a = {.id = atomic_fetch_add(&w->next_id, 1), .change = i % 3 == 1};
		aim_error err = {0};
		aim_status rc = record_one(w->log, &a, &err);
		if (rc != AIM_OK) {
			say("a record", rc, &err);
			atomic_fetch_add(&w->n_failed, 1);
		} else if (w->options->ack_fd >= 0 && write(w->options->ack_fd, &a, sizeof a) != sizeof a) {
			atomic_fetch_add(&w->n_failed, 1);
		}
	}
	return NULL;
}

/* No cmocka in here: this is another process. */
static int be_writer(const writer_options *options)
{
	pthread_t threads[16];
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	work w = {.options = options};
	aim_audit_options audit = {.struct_size = sizeof audit, .window_records = options->window};
	audit.durability = options->window ? AIM_AUDIT_BUFFERED : AIM_AUDIT_DURABLE;
	atomic_init(&w.next_id, options->first_id);
	aim_error err = {0};
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_sqlite_open(ctx, aim_str_from(options->path), NULL, &store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(store, &audit, &w.log, &err);
	if (rc != AIM_OK) {
		say("opening", rc, &err);
		return 2;
	}
	for (uint32_t i = 0; i < options->n_threads; i++)
		if (pthread_create(&threads[i], NULL, write_records, &w) != 0)
			return 3;
	for (uint32_t i = 0; i < options->n_threads; i++)
		if (pthread_join(threads[i], NULL) != 0)
			return 4;
	aim_audit_free(w.log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return atomic_load(&w.n_failed) == 0 ? 0 : 5;
}

pid_t start_writer(const writer_options *options)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(be_writer(options));
	assert_true(pid > 0);
	return pid;
}

unsigned rounds(unsigned fallback)
{
	const char *text = getenv("AIM_CRASH_ROUNDS");
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;
	return n > 0 && n < 100000 ? (unsigned)n : fallback;
}

aim_status try_open(aim_ctx *ctx, const char *path, aim_store **out, aim_error *err)
{
	return aim_sqlite_open(ctx, aim_str_from(path), NULL, out, err);
}

opened open_file(const char *path)
{
	return open_file_as(path, NULL);
}

opened open_file_as(const char *path, const aim_audit_options *options)
{
	opened o = {NULL, NULL, NULL};
	aim_error err = {0};
	aim_status rc = aim_ctx_new(NULL, &o.ctx, &err);
	if (rc == AIM_OK)
		rc = try_open(o.ctx, path, &o.store, &err);
	if (rc == AIM_OK)
		rc = aim_audit_open(o.store, options, &o.log, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	return o;
}

void close_file(opened *o)
{
	aim_audit_free(o->log);
	aim_store_free(o->store);
	aim_ctx_free(o->ctx);
}

const char *make_folder(char path[64])
{
	static char file[96];
	const char *base = getenv("TMPDIR");
	(void)snprintf(path, 64, "%s/aim-crash-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	(void)snprintf(file, sizeof file, "%s/aim.db", path);
	return file;
}

void remove_folder(const char *path)
{
	static const char *const names[] = {"aim.db", "aim.db-wal", "aim.db-shm", "aim.db-journal"};
	char file[96];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(file, sizeof file, "%s/%s", path, names[i]);
		(void)unlink(file);
	}
	assert_int_equal(rmdir(path), 0);
}
