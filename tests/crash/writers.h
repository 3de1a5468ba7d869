/* tests/crash/writers.h — processes of their own that write an audit log in an SQLite store. */
#ifndef AIM_TESTS_WRITERS_H
#define AIM_TESTS_WRITERS_H

#include <aim/audit.h>

#include <sys/types.h>

/* Told through the pipe after the call that recorded it returned AIM_OK. */
typedef struct ack {
	uint32_t id;     /* in the record's `request` and, for a change, in its key */
	uint32_t change; /* 1: with a key "host/<id>" in the same batch */
} ack;

typedef struct writer_options {
	const char *path;
	uint32_t first_id; /* ids of this process from here on */
	uint32_t n_threads;
	uint32_t n_each; /* records per thread */
	uint32_t window; /* records; 0: durable */
	int ack_fd;      /* −1: none */
} writer_options;

#define IDS_PER_WRITER 100000u

/* Forks. The child exits with 0 when every call succeeded. */
pid_t start_writer(const writer_options *options);

/* A store and the log "main" in it, opened in this process; fails the test when it cannot. */
typedef struct opened {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
} opened;
opened open_file(const char *path);
opened open_file_as(const char *path, const aim_audit_options *options);
aim_status try_open(aim_ctx *ctx, const char *path, aim_store **out, aim_error *err);
/* Records one id: a change when a->change. */
aim_status record_one(aim_audit *log, const ack *a, aim_error *err);
/* AIM_CRASH_ROUNDS, else fallback. */
unsigned rounds(unsigned fallback);
void close_file(opened *o);

/* A new folder for the test's file; removed again with what the store left in it. */
const char *make_folder(char path[64]);
void remove_folder(const char *path);

#endif
