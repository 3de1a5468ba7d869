/* guard_approval — a destructive tool waits for a person: the same call passes once after it was approved. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_error err;
static char approval[AIM_APPROVAL_ID_SIZE];

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

static void on_event(void *user, const aim_guard_event *e)
{
	(void)user;
	if (e->kind != AIM_GUARD_EVENT_DENIED || e->approval.len == 0)
		return;
	memcpy(approval, e->approval.ptr, e->approval.len);
	printf("%.*s waits for %s\n", (int)e->name.len, e->name.ptr, approval);
}

static void pass(aim_guard *guard, uint32_t from, const char *line)
{
	size_t used;
	check(aim_guard_feed(guard, from, aim_bytes_from(line, strlen(line)), &used, &err));
}

/* 1 when the server gets the call. */
static int call(aim_guard *guard, int id)
{
	char line[200];
	snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":{\"name\":\"drop\","
	         "\"arguments\":{\"table\":\"orders\"}}}\n", id);
	check(aim_guard_consume(guard, AIM_GUARD_SERVER, aim_guard_output(guard, AIM_GUARD_SERVER).len));
	pass(guard, AIM_GUARD_CLIENT, line);
	return aim_guard_output(guard, AIM_GUARD_SERVER).len > 0;
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
	aim_agent_spec who = {.struct_size = sizeof who, .name = aim_str_from("clerk"), .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("db"), .command = aim_str_from("db")};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_agent_register(registry, &who, &agent, &err));
	check(aim_server_register(registry, &spec, &server, &err));
	aim_guard_options o = {.struct_size = sizeof o, .flags = AIM_GUARD_KEEP_APPROVALS, .registry = registry, .audit = log};
	o.agent = aim_agent_id(agent);
	o.server = aim_server_id(server);
	o.event = on_event;
	check(aim_guard_new(ctx, &o, &guard, &err));
	pass(guard, AIM_GUARD_CLIENT, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
	pass(guard, AIM_GUARD_SERVER, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"drop\",\"inputSchema\":"
	     "{\"type\":\"object\"},\"annotations\":{\"destructiveHint\":true}}]}}\n");

	int before = call(guard, 2);
	aim_approval_decision d = {.struct_size = sizeof d, .state = AIM_APPROVAL_APPROVED, .actor = aim_str_from("ana")};
	check(aim_approval_decide(registry, aim_str_from(approval), &d, &err)); /* elsewhere: aim approve allow ID */
	int once = call(guard, 3);
	int again = call(guard, 4);

	aim_guard_free(guard);
	aim_server_free(server);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return !before && once && !again ? 0 : 1;
}
