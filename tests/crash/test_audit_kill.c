/* A process that records is killed at any moment. Afterwards the log verifies, everything that was
 * acknowledged is there, and each change is there exactly when its record is. */
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

#define DEFAULT_ROUNDS 40u
#define MAX_IDS 200000u

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
} ledger;

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
	}
}

/* The kill lands somewhere in the life of the next record, or of opening the store. */
static void kill_somewhere(ledger *l, pid_t pid, int fd)
{
	int status = 0;
	take_acks(l, fd, random_below(20));
	for (unsigned i = random_below(200000); i > 0; i--)
		__asm__ volatile("");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	take_acks(l, fd, UINT32_MAX);
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

static void check(ledger *l, const char *path)
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
	for (uint32_t id = 0; id < MAX_IDS; id++) {
		if (l->acknowledged[id] && !l->recorded[id])
			fail_msg("record %u was acknowledged and is not in the log", id);
		if (l->stored[id] != (l->recorded[id] && l->is_change[id]))
			fail_msg("change %u and its record are not both there or both missing", id);
	}
	close_file(&o);
}

static void test_kill(void **state)
{
	char folder[64];
	const char *path = make_folder(folder);
	ledger *l = calloc(1, sizeof *l);
	unsigned n = rounds(DEFAULT_ROUNDS);
	(void)state;
	assert_non_null(l);
	for (unsigned i = 0; i < n; i++) {
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		writer_options w = {.path = path, .first_id = l->next_id, .n_threads = 1 + i % 3};
		w.n_each = 1000000;
		w.ack_fd = ends[1];
		pid_t pid = start_writer(&w);
		(void)close(ends[1]);
		kill_somewhere(l, pid, ends[0]);
		(void)close(ends[0]);
		check(l, path);
		for (uint32_t id = l->next_id; id < MAX_IDS; id++)
			if (l->recorded[id] || l->acknowledged[id])
				l->next_id = id + 1;
		l->next_id += 16; /* ids that were under way are not used again */
		assert_true(l->next_id + 10000 < MAX_IDS);
	}
	free(l);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
