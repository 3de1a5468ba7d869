/* Several processes, each with several threads, write one log at once. It never forks. */
#include "support.h"
#include "writers.h"

#include <sys/wait.h>

#define N_PROCESSES 4u
#define N_THREADS 3u
#define N_EACH 25u

static void test_many_writers(void **state)
{
	char folder[64];
	const char *path = make_folder(folder);
	pid_t pids[N_PROCESSES];
	(void)state;
	for (uint32_t i = 0; i < N_PROCESSES; i++) {
		writer_options w = {.path = path, .first_id = i * IDS_PER_WRITER, .n_threads = N_THREADS};
		w.n_each = N_EACH;
		w.ack_fd = -1;
		pids[i] = start_writer(&w);
	}
	for (uint32_t i = 0; i < N_PROCESSES; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	opened o = open_file(path);
	aim_error err = {0};
	aim_audit_report report = {.struct_size = sizeof report};
	aim_status rc = aim_audit_verify(o.log, NULL, &report, &err);
	if (rc != AIM_OK)
		fail_msg("%s: %s", aim_status_name(rc), err.message);
	assert_int_equal(report.n_records, N_PROCESSES * N_THREADS * N_EACH);
	close_file(&o);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_writers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
