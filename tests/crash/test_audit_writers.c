/* Several processes, each with several threads, write one log at once. It never forks. */
#include "support.h"
#include "writers.h"

#include <sys/wait.h>

#define MAX_PROCESSES 16u

static void wait_for(pid_t pid)
{
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0); /* else it said why */
}

/* Every append succeeds and is in the one log. */
static void write_at_once(uint32_t n_processes, uint32_t n_threads, uint32_t n_each)
{
	char folder[64];
	const char *path = make_folder(folder);
	pid_t pids[MAX_PROCESSES];
	for (uint32_t i = 0; i < n_processes; i++) {
		writer_options w = {.path = path, .first_id = i * IDS_PER_WRITER, .n_threads = n_threads};
		w.n_each = n_each;
		w.ack_fd = -1;
		pids[i] = start_writer(&w);
	}
	for (uint32_t i = 0; i < n_processes; i++)
		wait_for(pids[i]);
	opened o = open_file(path);
	aim_error err = {0};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_status rc = aim_audit_verify(o.log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	assert_int_equal(report.n_records, n_processes * n_threads * n_each);
	close_file(&o);
	remove_folder(folder);
}

static void test_many_writers(void **state)
{
	(void)state;
	write_at_once(4, 3, 25);
}

/* Each process always has the next record ready, so a slow one would lose every race. */
static void test_no_writer_starves(void **state)
{
	(void)state;
	write_at_once(8, 1, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_writers),
		cmocka_unit_test(test_no_writer_starves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
