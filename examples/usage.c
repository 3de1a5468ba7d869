/* usage — how often a server's tools were used, and how long they took. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static aim_status show(void *user, const aim_usage *u)
{
	++*(int *)user;
	printf("%-14s %3u calls, %3u successful, mean %lld ms, p95 %lld ms\n", u->capability.ptr, (unsigned)u->n_calls,
	       (unsigned)u->n_successes, (long long)u->mean_us / 1000, (long long)u->p95_us / 1000);
	return AIM_OK;
}

int main(void)
{
	int rows = 0;
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_str none = {NULL, 0};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	aim_agent_spec who = {.struct_size = sizeof who};
	who.name = aim_str_from("researcher");
	check(aim_agent_register(registry, &who, &agent, &err));
	aim_server_spec where = {.struct_size = sizeof where};
	where.name = aim_str_from("weather");
	where.url = aim_str_from("https://mcp.example.org/");
	check(aim_server_register(registry, &where, &server, &err));

	aim_usage_call call = {.struct_size = sizeof call, .agent = aim_agent_id(agent), .server = aim_server_id(server)};
	for (int i = 0; i < 12; i++) {
		call.capability = aim_str_from(i % 3 ? "get_weather" : "get_forecast");
		call.outcome = i == 5 ? AIM_USAGE_FAILURE : AIM_USAGE_SUCCESS;
		call.latency_us = 176000 + i * 12000;
		check(aim_usage_add(registry, &call, &err));
	}
	check(aim_usage_list(registry, call.server, none, 0, show, &rows, &err));
	aim_usage total = {.struct_size = sizeof total};
	check(aim_usage_total(registry, call.server, &total, &err));
	printf("in all: %u calls, success rate %u %%\n", (unsigned)total.n_calls,
	       (unsigned)(100 * total.n_successes / total.n_calls));

	aim_server_free(server);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return rows == 2 && total.n_calls == 12 ? 0 : 1;
}
