/* Processes that record are killed at any moment. Afterwards the log verifies, everything that was
 * acknowledged is there (of a buffered log: all but a window's worth, and no change), and each change is
 * there exactly when its record is. */
#define _GNU_SOURCE
#include "support.h"
#include "writers.h"

#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_ROUNDS 60u
#define ROUNDS_PER_FILE 25u
#define MAX_PROCESSES 3u
#define N_EACH 400u /* per thread: who is done before the kill closes the store */
#define WINDOW 8u
#define MAX_IDS (ROUNDS_PER_FILE * MAX_PROCESSES * IDS_PER_PROCESS)
#define IDS_PER_PROCESS 1600u

static uint64_t random_state = 88172645463325252u;

static unsigned random_below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state % n);
}

/* What was told, and what is found. Indexed by id. */
typedef struct ledger {
	uint8_t acknowledged[MAX_IDS];
	uint8_t recorded[MAX_IDS];
	uint8_t stored[MAX_IDS]; /* the key of a change */
	uint8_t is_change[MAX_IDS];
	uint32_t next_id;
	uint32_t window; /* 0: durable */
} ledger;

/* One that writes. */
typedef struct prey {
	pid_t pid;
	int fd; /* acknowledgements come out of it */
	uint32_t first_id;
} prey;

static void take_acks(ledger *l, int fd, unsigned at_least)
{
	ack a;
	for (unsigned n = 0; n < at_least; n++) {
		ssize_t got = read(fd, &a, sizeof a);
		if (got == 0)
			return;
		assert_int_equal(got, sizeof a);
		assert_true(a.id < MAX_IDS);
		l->acknowledged[a.id] = 1;
		l->is_change[a.id] = a.change != 0;
	}
}

static prey start_prey(ledger *l, const char *path, uint32_t n_threads)
{
	int ends[2];
	prey p = {.first_id = l->next_id};
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	writer_options w = {.path = path, .first_id = p.first_id, .n_threads = n_threads, .n_each = N_EACH};
	w.window = l->window;
	w.ack_fd = ends[1];
	p.pid = start_writer(&w);
	p.fd = ends[0];
	(void)close(ends[1]);
	l->next_id += IDS_PER_PROCESS;
	return p;
}

/* The kill lands somewhere in the life of the next record, or of opening the store. */
static void kill_somewhere(ledger *l, const prey *p)
{
	int status = 0;
	take_acks(l, p->fd, random_below(20));
	for (unsigned i = random_below(200000); i > 0; i--)
		__asm__ volatile("");
	assert_int_equal(kill(p->pid, SIGKILL), 0);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	take_acks(l, p->fd, UINT32_MAX);
	(void)close(p->fd);
}

static aim_status note_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	ledger *l = user;
	char text[512];
	(void)position;
	(void)salt;
	assert_true(record.len < sizeof text);
	memcpy(text, record.ptr, record.len);
	text[record.len] = 0;
	const char *request = strstr(text, "\"request\":\"");
	assert_non_null(request);
	unsigned long id = strtoul(request + 11, NULL, 10);
	assert_true(id < MAX_IDS);
	assert_int_equal(l->recorded[id], 0);
	l->recorded[id] = 1;
	l->is_change[id] = strstr(text, "\"action\":\"change\"") != NULL;
	/* What can be lost says so. */
	int buffered = l->window > 0 && !l->is_change[id];
	assert_non_null(strstr(text, buffered ? "\"durability\":\"buffered\"" : "\"durability\":\"durable\""));
	return AIM_OK;
}

static aim_status note_key(void *user, aim_bytes key, aim_bytes value, uint64_t version, uint64_t position)
{
	ledger *l = user;
	char text[32] = "";
	(void)value;
	(void)version;
	(void)position;
	assert_true(key.len < sizeof text);
	memcpy(text, key.ptr, key.len);
	unsigned long id = strtoul(text + 5, NULL, 10);
	assert_true(id < MAX_IDS);
	l->stored[id] = 1;
	return AIM_OK;
}

static void read_file(ledger *l, const char *path)
{
	opened o = open_file(path);
	aim_error err = {0};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_status rc = aim_audit_verify(o.log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	memset(l->recorded, 0, sizeof l->recorded);
	memset(l->stored, 0, sizeof l->stored);
	assert_int_equal(aim_audit_read(o.log, 0, UINT64_MAX, note_record, l, &err), AIM_OK);
	assert_int_equal(aim__store_scan(o.store, aim_bytes_from("host/", 5), aim_bytes_from(NULL, 0), MAX_IDS,
	                                 note_key, l, &err),
	                 AIM_OK);
	close_file(&o);
}

/* What one process was told and what is there. */
static void check(ledger *l, uint32_t first_id)
{
	uint32_t n_lost = 0;
	for (uint32_t id = first_id; id < first_id + IDS_PER_PROCESS; id++) {
		int lost = l->acknowledged[id] && !l->recorded[id];
		n_lost += (uint32_t)lost;
		if (lost && (l->window == 0 || l->is_change[id]))
			fail_msg("record %u was acknowledged and is not in the log", id);
		if (l->stored[id] != (l->recorded[id] && l->is_change[id]))
			fail_msg("change %u and its record are not both there or both missing", id);
	}
	if (n_lost > l->window)
		fail_msg("%u records are lost; the window is %u", n_lost, l->window);
}

static void one_round(ledger *l, const char *path)
{
	prey all[MAX_PROCESSES];
	unsigned n = 1 + random_below(MAX_PROCESSES);
	for (unsigned i = 0; i < n; i++)
		all[i] = start_prey(l, path, 1 + random_below(3));
	for (unsigned i = 0; i < n; i++)
		kill_somewhere(l, &all[i]);
	read_file(l, path);
	for (uint32_t id = 0; id < l->next_id; id += IDS_PER_PROCESS)
		check(l, id);
}

static void kill_many(uint32_t window, unsigned n_rounds)
{
	ledger *l = calloc(1, sizeof *l);
	assert_non_null(l);
	while (n_rounds > 0) {
		char folder[64];
		const char *path = make_folder(folder);
		memset(l, 0, sizeof *l);
		l->window = window;
		for (unsigned i = 0; i < ROUNDS_PER_FILE && n_rounds > 0; i++, n_rounds--)
			one_round(l, path);
		remove_folder(folder);
	}
	free(l);
}

static void test_kill_when_durable(void **state)
{
	(void)state;
	kill_many(0, rounds(DEFAULT_ROUNDS));
}

static void test_kill_when_buffered(void **state)
{
	(void)state;
	kill_many(WINDOW, rounds(DEFAULT_ROUNDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_when_durable),
		cmocka_unit_test(test_kill_when_buffered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
