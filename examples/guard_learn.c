/* guard_learn — what comes of the calls through a guard becomes usage and evidence of trust, in batches that the host
 * asks for when they are due. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static void pass(aim_guard *guard, uint32_t from, const char *line)
{
	size_t used;
	check(aim_guard_feed(guard, from, aim_bytes_from(line, strlen(line)), &used, &err));
	for (uint32_t to = AIM_GUARD_CLIENT; to <= AIM_GUARD_SERVER; to++) /* a host writes it out */
		check(aim_guard_consume(guard, to, aim_guard_output(guard, to).len));
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_guard *guard = NULL;
	int64_t now_us = 0;
	aim_agent_spec who = {.struct_size = sizeof who, .name = aim_str_from("me"), .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec what = {.struct_size = sizeof what, .name = aim_str_from("files"), .command = aim_str_from("files")};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_agent_register(registry, &who, &agent, &err));
	check(aim_server_register(registry, &what, &server, &err));
	aim_guard_options o = {.struct_size = sizeof o, .flags = AIM_GUARD_LEARN | AIM_GUARD_LINK, .registry = registry};
	o.audit = log;
	o.agent = aim_agent_id(agent);
	o.server = aim_server_id(server);
	check(aim_guard_new(ctx, &o, &guard, &err));

	pass(guard, AIM_GUARD_CLIENT, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
	pass(guard, AIM_GUARD_SERVER, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"read\",\"description\":"
	     "\"Reads a file.\",\"inputSchema\":{\"type\":\"object\"}}]}}\n");
	pass(guard, AIM_GUARD_CLIENT, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}\n");
	pass(guard, AIM_GUARD_SERVER, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[]}}\n");

	check(aim_ctx_now_us(ctx, &now_us));
	int64_t wait_ms = aim_guard_next_deadline_ms(guard, now_us); /* for poll(), say */
	check(aim_guard_poll(guard, now_us + wait_ms * 1000, &err));
	aim_usage usage = {.struct_size = sizeof usage};
	aim_link link = {.struct_size = sizeof link};
	check(aim_usage_total(registry, o.server, &usage, &err));
	check(aim_link_check(registry, o.agent, o.server, &link, &err));
	printf("%llu calls, %llu successful, %llu connections\n", (unsigned long long)usage.n_calls,
	       (unsigned long long)usage.n_successes, (unsigned long long)link.n_connections);

	aim_guard_free(guard);
	aim_server_free(server);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return wait_ms > 0 && usage.n_calls == 1 && link.n_connections == 1 ? 0 : 1;
}
