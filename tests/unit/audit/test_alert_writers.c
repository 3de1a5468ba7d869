#define _XOPEN_SOURCE 700 /* mkdtemp */
/* Many who raise and move the same alerts at once, as threads of one handle and as processes on one file: one alert per
 * key is open, each raise is counted once, each alert is told of once, the counts agree, and so does the log. Run
 * under ThreadSanitizer too. */
#include "support.h"

#include <aim/alert.h>
#include <aim/sqlite.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define S(text) aim_str_from(text)
#define N_KEYS 3u
#define N_THREADS 8u
#define N_PROCESSES 4u
#define N_RAISES 30u

typedef struct desk {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_alerts *alerts;
	atomic_uint n_told, n_raised, n_resolved, n_wrong, next;
} desk;

static aim_status told(void *user, const aim_alert *alert)
{
	desk *d = user;
	atomic_fetch_add(&d->n_told, 1);
	return aim_alert_occurrences(alert) == 1 ? AIM_OK : AIM_E_STATE;
}

static aim_status desk_open(desk *d, const char *path)
{
	const aim_alerts_options o = {.struct_size = sizeof o, .notify = told, .user = d};
	aim_status rc = aim_ctx_new(NULL, &d->ctx, NULL);
	if (rc == AIM_OK)
		rc = path ? aim_sqlite_open(d->ctx, S(path), NULL, &d->store, NULL)
		          : aim_store_open_memory(d->ctx, NULL, &d->store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(d->store, NULL, &d->log, NULL);
	return rc == AIM_OK ? aim_alerts_open(d->log, &o, &d->alerts, NULL) : rc;
}

static void desk_close(desk *d)
{
	aim_alerts_free(d->alerts);
	aim_audit_free(d->log);
	aim_store_free(d->store);
	aim_ctx_free(d->ctx);
}

/* Refused after so many tries means try again; what else is refused is wrong. */
static aim_status raise_one(desk *d, unsigned i, aim_alert **out)
{
	char key[] = "key-0";
	aim_alert_spec spec = {.struct_size = sizeof spec, .severity = 1 + i % 5};
	key[4] = (char)('0' + i % N_KEYS);
	spec.subject = S("srv_1");
	spec.kind = S("drift");
	spec.key = S(key);
	spec.title = S("It changed");
	aim_status rc;
	do
		rc = aim_alert_raise(d->alerts, &spec, out, NULL);
	while (rc == AIM_E_CONFLICT);
	return rc;
}

static aim_status resolve(desk *d, aim_str id)
{
	aim_alert_step step = {.struct_size = sizeof step, .state = AIM_ALERT_RESOLVED};
	aim_status rc;
	step.reason = S("seen");
	do
		rc = aim_alert_move(d->alerts, id, &step, NULL);
	while (rc == AIM_E_CONFLICT);
	return rc;
}

/* Each seventh alert is resolved by whoever raised it last. */
static void work(desk *d)
{
	for (unsigned n = 0; n < N_RAISES; n++) {
		unsigned i = atomic_fetch_add(&d->next, 1);
		aim_alert *alert = NULL;
		if (raise_one(d, i, &alert) != AIM_OK) {
			atomic_fetch_add(&d->n_wrong, 1);
			continue;
		}
		atomic_fetch_add(&d->n_raised, 1);
		if (i % 7 == 0 && resolve(d, aim_alert_text(alert, AIM_ALERT_TEXT_ID)) != AIM_OK)
			atomic_fetch_add(&d->n_wrong, 1);
		aim_alert_free(alert);
	}
}

static void *work_in_thread(void *user)
{
	work(user);
	return NULL;
}

/* What is there in the end. */
typedef struct sum {
	uint64_t occurrences, alerts, unresolved[6];
	unsigned open_of_key[N_KEYS];
} sum;

static aim_status add(void *user, const aim_alert *alert)
{
	sum *s = user;
	aim_str key = aim_alert_text(alert, AIM_ALERT_TEXT_KEY);
	s->alerts++;
	s->occurrences += aim_alert_occurrences(alert);
	if (aim_alert_state(alert) == AIM_ALERT_RESOLVED)
		return AIM_OK;
	s->unresolved[0]++;
	s->unresolved[aim_alert_severity(alert)]++;
	s->open_of_key[key.ptr[key.len - 1] - '0']++;
	return AIM_OK;
}

static void check(desk *d, uint64_t n_raised, uint64_t n_told)
{
	sum s = {0};
	aim_alert_counts counts = {.struct_size = sizeof counts};
	aim_audit_report report = {.struct_size = sizeof report};
	assert_status(aim_alert_list(d->alerts, NULL, add, &s, NULL), AIM_OK);
	assert_int_equal(s.occurrences, n_raised);
	assert_int_equal(s.alerts, n_told);
	for (unsigned k = 0; k < N_KEYS; k++)
		assert_true(s.open_of_key[k] <= 1);
	assert_status(aim_alert_count(d->alerts, S("srv_1"), &counts, NULL), AIM_OK);
	assert_memory_equal(counts.unresolved, s.unresolved, sizeof s.unresolved);
	assert_status(aim_audit_verify(d->log, NULL, &report, NULL), AIM_OK);
	assert_true(report.n_records >= n_raised);
}

static void test_threads(void **state)
{
	desk d = {0};
	pthread_t threads[N_THREADS];
	(void)state;
	assert_status(desk_open(&d, NULL), AIM_OK);
	for (unsigned i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, &d), 0);
	for (unsigned i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&d.n_wrong), 0);
	assert_int_equal(atomic_load(&d.n_raised), N_THREADS * N_RAISES);
	check(&d, N_THREADS * N_RAISES, atomic_load(&d.n_told));
	desk_close(&d);
}

/* The exit code says whether all went well; the number of new alerts goes through the pipe. */
static void work_in_process(const char *path, unsigned number, int out)
{
	desk d = {0};
	int failed = desk_open(&d, path) != AIM_OK;
	atomic_store(&d.next, number * 100);
	if (!failed)
		work(&d);
	unsigned told_here = atomic_load(&d.n_told);
	failed |= atomic_load(&d.n_wrong) != 0;
	failed |= write(out, &told_here, sizeof told_here) != (ssize_t)sizeof told_here;
	desk_close(&d);
	_exit(failed);
}

static void test_processes(void **state)
{
	char folder[] = "/tmp/aim-alerts-XXXXXX", path[64], command[96];
	int pipes[2], status = 0;
	pid_t children[N_PROCESSES];
	uint64_t n_told = 0;
	desk d = {0};
	(void)state;
	assert_non_null(mkdtemp(folder));
	strcat(strcpy(path, folder), "/aim.db");
	assert_int_equal(pipe(pipes), 0);
	for (unsigned i = 0; i < N_PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			work_in_process(path, i, pipes[1]);
	}
	for (unsigned i = 0; i < N_PROCESSES; i++) {
		unsigned n = 0;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
		assert_int_equal(read(pipes[0], &n, sizeof n), sizeof n);
		n_told += n;
	}
	assert_status(desk_open(&d, path), AIM_OK);
	check(&d, N_PROCESSES * N_RAISES, n_told);
	desk_close(&d);
	close(pipes[0]);
	close(pipes[1]);
	strcat(strcpy(command, "rm -r "), folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_processes), /* before there are threads */
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
