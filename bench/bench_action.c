/* bench/bench_action.c — one action checked and reported, on a memory store and durable in SQLite, and a use counted. */
#define _GNU_SOURCE
#include "bench.h"

#include <aim/action.h>
#include <aim/agent.h>
#include <aim/grant.h>
#include <aim/server.h>
#include <aim/usage.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SQLITE
#include <aim/sqlite.h>
#endif

#define SAMPLES 20u
#define BATCH 40u
#define MAX_TICKETS ((SAMPLES + 2u) * BATCH)

typedef struct acting {
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
	aim_agent *agent;
	aim_server *server;
	aim_action_verifier *verifier;
	aim_decision *decision;
	size_t n_tickets, n_reported;
	aim_action_ticket tickets[MAX_TICKETS];
} acting;

static void open_acting(acting *a, aim_store *store)
{
	aim_agent_spec agent = {.struct_size = sizeof agent, .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec server = {.struct_size = sizeof server, .status = AIM_REGISTRY_VERIFIED};
	aim_grant_spec grant = {.struct_size = sizeof grant};
	aim_action_options options = {.struct_size = sizeof options, .max_open = MAX_TICKETS};
	memset(a, 0, sizeof *a);
	a->store = store;
	agent.name = aim_str_from("agent");
	server.name = aim_str_from("server");
	server.url = aim_str_from("https://mcp.example.org/");
	bench_must(aim_audit_open(store, NULL, &a->log, NULL), "audit");
	bench_must(aim_registry_open(a->log, NULL, &a->registry, NULL), "registry");
	bench_must(aim_agent_register(a->registry, &agent, &a->agent, NULL), "agent");
	bench_must(aim_server_register(a->registry, &server, &a->server, NULL), "server");
	grant.agent = aim_agent_id(a->agent);
	grant.capability = aim_str_from("mcp_tool:*");
	bench_must(aim_grant_add(a->registry, &grant, NULL, NULL), "grant");
	bench_must(aim_action_verifier_new(a->registry, &options, &a->verifier, NULL), "verifier");
	bench_must(aim_decision_new(bench_ctx(), &a->decision, NULL), "decision");
}

static void close_acting(acting *a)
{
	aim_decision_free(a->decision);
	aim_action_verifier_free(a->verifier);
	aim_server_free(a->server);
	aim_agent_free(a->agent);
	aim_registry_free(a->registry);
	aim_audit_free(a->log);
	aim_store_free(a->store);
}

static aim_status ask(acting *a, const char *action, aim_action_ticket *ticket)
{
	aim_action_request q = {.struct_size = sizeof q};
	q.agent = aim_agent_id(a->agent);
	q.server = aim_server_id(a->server);
	q.action = aim_str_from(action);
	ticket->struct_size = sizeof *ticket;
	return aim_action_check(a->verifier, &q, a->decision, ticket, NULL);
}

static void check(void *arg, size_t n)
{
	acting *a = arg;
	for (size_t i = 0; i < n; i++)
		bench_must(ask(a, "mcp_tool:web_search", &a->tickets[a->n_tickets++]), "check");
}

static void refuse(void *arg, size_t n)
{
	acting *a = arg;
	aim_action_ticket ticket;
	for (size_t i = 0; i < n; i++)
		bench_must(ask(a, "shell:run", &ticket) == AIM_DENIED ? AIM_OK : AIM_E_INTERNAL, "refuse");
}

static void report(void *arg, size_t n)
{
	acting *a = arg;
	aim_action_outcome o = {.struct_size = sizeof o, .outcome = AIM_ACTION_SUCCESS, .agent = aim_agent_id(a->agent)};
	for (size_t i = 0; i < n && a->n_reported < a->n_tickets; i++) {
		o.token = aim_str_from(a->tickets[a->n_reported++].token);
		bench_must(aim_action_report(a->verifier, &o, NULL, NULL), "report");
	}
}

static void count(void *arg, size_t n)
{
	acting *a = arg;
	aim_usage_call call = {.struct_size = sizeof call, .outcome = AIM_USAGE_SUCCESS};
	call.agent = aim_agent_id(a->agent);
	call.server = aim_server_id(a->server);
	call.capability = aim_str_from("mcp_tool:web_search");
	for (size_t i = 0; i < n; i++) {
		call.latency_us = (int64_t)(100000 + i % 997 * 100);
		bench_must(aim_usage_add(a->registry, &call, NULL), "usage");
	}
}

static void run(aim_store *store, const char *const names[4])
{
	acting *a = malloc(sizeof *a);
	if (!a)
		exit(1);
	open_acting(a, store);
	bench_run_fixed(names[0], check, a, 0, SAMPLES, BATCH);
	bench_run_fixed(names[1], report, a, 0, SAMPLES, BATCH);
	bench_run_fixed(names[2], refuse, a, 0, SAMPLES, BATCH);
	bench_run_fixed(names[3], count, a, 0, SAMPLES, BATCH);
	close_acting(a);
	free(a);
}

int main(int argc, char **argv)
{
	static const char *const in_memory[] = {"action/check", "action/report", "action/refuse", "action/usage"};
	aim_store *store = NULL;
	bench_init(argc, argv);
	bench_must(aim_store_open_memory(bench_ctx(), NULL, &store, NULL), "store");
	run(store, in_memory);
#ifdef HAVE_SQLITE
	static const char *const durable[] = {"action/check-durable", "action/report-durable", "action/refuse-durable",
	                                      "action/usage-durable"};
	char path[] = "/var/tmp/aim-bench-action-XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	bench_must(aim_sqlite_open(bench_ctx(), aim_str_from(path), NULL, &store, NULL), "store");
	run(store, durable);
	bench_remove_store(path);
#endif
	return 0;
}
