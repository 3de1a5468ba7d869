/* Several processes report one token at once: exactly one is taken, the log is whole, and the use counts once. */
#include "support.h"
#include "writers.h"

#include <aim/action.h>
#include <aim/agent.h>
#include <aim/grant.h>
#include <aim/usage.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define ROUNDS 6
#define TAKEN 10
#define REPORTED 11

typedef struct side {
	opened o;
	aim_registry *registry;
	aim_action_verifier *verifier;
} side;

static void side_open(side *s, const char *path)
{
	s->o = open_file(path);
	assert_status(aim_registry_open(s->o.log, NULL, &s->registry, NULL), AIM_OK);
	assert_status(aim_action_verifier_new(s->registry, NULL, &s->verifier, NULL), AIM_OK);
}

static void side_close(side *s)
{
	aim_action_verifier_free(s->verifier);
	aim_registry_free(s->registry);
	close_file(&s->o);
}

static aim_status report(aim_action_verifier *v, const char *agent, const char *token)
{
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS};
	o.agent = aim_str_from(agent);
	o.token = aim_str_from(token);
	return aim_action_report(v, &o, NULL, NULL);
}

/* Waits for the pipe to close, so that all begin together. */
static pid_t start(const char *path, const char *agent, const char *token, const int gate[2])
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	side s;
	char byte;
	close(gate[1]);
	side_open(&s, path);
	(void)!read(gate[0], &byte, 1);
	aim_status rc = report(s.verifier, agent, token);
	side_close(&s);
	_exit(rc == AIM_OK ? TAKEN : rc == AIM_E_ACTION_REPORTED ? REPORTED : 1);
}

static unsigned wait_for(pid_t pid)
{
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == TAKEN || WEXITSTATUS(status) == REPORTED);
	return WEXITSTATUS(status) == TAKEN;
}

static void prepare(side *s, char *agent)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED};
	aim_grant_spec grant = {.struct_size = sizeof grant};
	aim_agent *a = NULL;
	spec.name = aim_str_from("agent");
	assert_status(aim_agent_register(s->registry, &spec, &a, NULL), AIM_OK);
	grant.agent = aim_agent_id(a);
	grant.capability = aim_str_from("*");
	assert_status(aim_grant_add(s->registry, &grant, NULL, NULL), AIM_OK);
	memcpy(agent, aim_agent_id(a).ptr, aim_agent_id(a).len + 1);
	aim_agent_free(a);
}

static void give_token(side *s, const char *agent, aim_action_ticket *ticket)
{
	aim_decision *decision = NULL;
	aim_action_request q = {.struct_size = sizeof q, .agent = aim_str_from(agent)};
	q.action = aim_str_from("mcp_tool:x");
	assert_status(aim_decision_new(s->o.ctx, &decision, NULL), AIM_OK);
	assert_status(aim_action_check(s->verifier, &q, decision, ticket, NULL), AIM_OK);
	aim_decision_free(decision);
}

static void race(const char *path, const char *agent, const char *token)
{
	pid_t pids[PROCESSES];
	int gate[2];
	unsigned n_taken = 0;
	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < PROCESSES; i++)
		pids[i] = start(path, agent, token, gate);
	close(gate[1]);
	for (size_t i = 0; i < PROCESSES; i++)
		n_taken += wait_for(pids[i]);
	close(gate[0]);
	assert_int_equal(n_taken, 1);
}

static void one_process_wins(void **state)
{
	char folder[64], agent[40];
	const char *path = make_folder(folder);
	side s;
	aim_usage usage = {.struct_size = sizeof usage};
	aim_audit_report whole = {.struct_size = sizeof whole};
	(void)state;
	side_open(&s, path);
	prepare(&s, agent);
	side_close(&s);
	for (int round = 0; round < ROUNDS; round++) {
		aim_action_ticket ticket = {.struct_size = sizeof ticket};
		side_open(&s, path);
		give_token(&s, agent, &ticket);
		side_close(&s); /* nothing is shared with the processes but the file */
		race(path, agent, ticket.token);
	}
	side_open(&s, path);
	assert_status(aim_usage_total(s.registry, aim_str_from(agent), &usage, NULL), AIM_OK);
	assert_int_equal(usage.n_calls, ROUNDS);
	assert_status(aim_audit_verify(s.o.log, NULL, &whole, NULL), AIM_OK);
	side_close(&s);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_process_wins)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
