/* tests/api/test_session.c — sessions seen by two processes on one file. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp, fork */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <aim/aim.h>

#define S(text) aim_str_from(text)
#define N_EACH 25

typedef struct host {
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
} host;

static aim_status open_host(host *h, const char *path)
{
	memset(h, 0, sizeof *h);
	aim_status rc = aim_ctx_new(NULL, &h->ctx, NULL);
	if (rc == AIM_OK)
		rc = aim_sqlite_open(h->ctx, S(path), NULL, &h->store, NULL);
	if (rc == AIM_OK)
		rc = aim_audit_open(h->store, NULL, &h->log, NULL);
	return rc == AIM_OK ? aim_registry_open(h->log, NULL, &h->registry, NULL) : rc;
}

static void close_host(host *h)
{
	aim_registry_free(h->registry);
	aim_audit_free(h->log);
	aim_store_free(h->store);
	aim_ctx_free(h->ctx);
}

/* What the other process does: takes sessions as fast as it can, and reports a failure by its exit status. */
static void take_sessions(const char *path, aim_str agent, int tokens)
{
	host h;
	aim_session_spec spec = {.struct_size = sizeof spec, .agent = agent};
	char token[AIM_SESSION_TOKEN_SIZE];
	aim_status rc = open_host(&h, path);
	for (int i = 0; rc == AIM_OK && i < N_EACH; i++)
		rc = aim_session_create(h.registry, &spec, token, NULL, NULL);
	if (rc == AIM_OK && write(tokens, token, sizeof token) != (ssize_t)sizeof token)
		rc = AIM_E_IO;
	close_host(&h);
	_exit(rc == AIM_OK ? 0 : 1);
}

/* Both take sessions at once: nobody exceeds the limit, and each sees what the other has. */
static void check_together(host *h, const char *path, aim_str agent)
{
	aim_session_spec spec = {.struct_size = sizeof spec, .agent = agent};
	char mine[AIM_SESSION_TOKEN_SIZE], theirs[AIM_SESSION_TOKEN_SIZE];
	int tokens[2], status = 0;
	uint64_t n = 0;
	assert_int_equal(pipe(tokens), 0);
	pid_t other = fork();
	assert_true(other >= 0);
	if (other == 0)
		take_sessions(path, agent, tokens[1]);
	close(tokens[1]); /* so that a read ends when the other process has failed */
	assert_int_equal(open_host(h, path), AIM_OK);
	for (int i = 0; i < N_EACH; i++) {
		assert_int_equal(aim_session_create(h->registry, &spec, mine, NULL, NULL), AIM_OK);
		assert_int_equal(aim_session_count(h->registry, agent, &n, NULL), AIM_OK);
		assert_in_range(n, 1, AIM_SESSION_DEFAULT_MAX);
	}
	assert_int_equal(read(tokens[0], theirs, sizeof theirs), sizeof theirs);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(tokens[0]);
	assert_int_equal(aim_session_count(h->registry, agent, &n, NULL), AIM_OK);
	assert_int_equal(n, AIM_SESSION_DEFAULT_MAX);
	/* The newest of one of the two is surely among the last ten; revoking all ends both. */
	int alive = (aim_session_validate(h->registry, agent, S(mine), NULL, NULL) == AIM_OK) +
	            (aim_session_validate(h->registry, agent, S(theirs), NULL, NULL) == AIM_OK);
	assert_in_range(alive, 1, 2);
	assert_int_equal(aim_session_revoke_all(h->registry, agent, S(""), &n, NULL), AIM_OK);
	assert_int_equal(n, AIM_SESSION_DEFAULT_MAX);
	assert_int_equal(aim_session_validate(h->registry, agent, S(theirs), NULL, NULL), AIM_E_NOT_FOUND);
}

static void two_processes_agree(void **state)
{
	char folder[] = "/tmp/aim-api-XXXXXX", path[80];
	host h;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/aim.db", folder);
	aim_status rc = open_host(&h, path);
	if (rc != AIM_E_UNSUPPORTED) { /* built without SQLite: nothing to share */
		assert_int_equal(rc, AIM_OK);
		spec.name = S("bot");
		assert_int_equal(aim_agent_register(h.registry, &spec, &agent, NULL), AIM_OK);
		close_host(&h); /* no database is carried over a fork */
		check_together(&h, path, aim_agent_id(agent));
		assert_int_equal(aim_audit_verify(h.log, NULL, NULL, NULL), AIM_OK);
	}
	aim_agent_free(agent);
	close_host(&h);
	(void)remove(path);
	(void)remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_processes_agree),
	};
	return cmocka_run_group_tests_name("api/session", tests, NULL, NULL);
}
