/* guard_drift — a tool changes while a client uses it: the guard hides it, opens a drift record with an alert, and the
 * server is trusted less until a person has approved the change. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aim_error err;
static char record[64];

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
	if (e->kind != AIM_GUARD_EVENT_RECORD)
		return;
	memcpy(record, e->record.ptr, e->record.len);
	printf("%s severity in part %.*s: record %.*s, alert %.*s\n", e->code.ptr, (int)e->name.len, e->name.ptr,
	       (int)e->record.len, e->record.ptr, (int)e->alert.len, e->alert.ptr);
}

static void pass(aim_guard *guard, uint32_t from, const char *line)
{
	size_t used;
	check(aim_guard_feed(guard, from, aim_bytes_from(line, strlen(line)), &used, &err));
}

/* 1 when the client gets to see the tool. */
static int show(aim_guard *guard, const char *description)
{
	char line[400];
	pass(guard, AIM_GUARD_CLIENT, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n");
	snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"read\",\"description\":"
	         "\"%s\",\"inputSchema\":{\"type\":\"object\"}}]}}\n", description);
	pass(guard, AIM_GUARD_SERVER, line);
	aim_bytes out = aim_guard_output(guard, AIM_GUARD_CLIENT);
	int shown = out.len == strlen(line); /* nothing was cut out */
	check(aim_guard_consume(guard, AIM_GUARD_CLIENT, out.len));
	return shown;
}

static int64_t trust(aim_ctx *ctx, aim_registry *registry, aim_str subject)
{
	aim_trustscore *score = NULL;
	aim_trustscore_summary sum = {.struct_size = sizeof sum};
	check(aim_trustscore_new(ctx, &score, &err));
	check(aim_trust_score(registry, subject, NULL, score, &err));
	check(aim_trustscore_summarize(score, &sum));
	aim_trustscore_free(score);
	printf("trust in the server: %lld\n", (long long)sum.score_micro);
	return sum.score_micro;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_server *server = NULL;
	aim_guard *guard = NULL;
	aim_drift *drift = NULL;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("files"), .command = aim_str_from("files")};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_server_register(registry, &spec, &server, &err));
	aim_guard_options o = {.struct_size = sizeof o, .registry = registry, .audit = log, .event = on_event};
	o.server = aim_server_id(server);
	check(aim_guard_new(ctx, &o, &guard, &err));

	int first = show(guard, "Reads a file.");
	int64_t before = trust(ctx, registry, o.server);
	int changed = show(guard, "Reads a file, and then the next one.");
	int64_t during = trust(ctx, registry, o.server);
	aim_drift_step step = {.struct_size = sizeof step, .actor = aim_str_from("ana")};
	check(aim_drift_open(registry, NULL, &drift, &err));
	check(aim_drift_approve(drift, aim_str_from(record), &step, &err));
	int approved = show(guard, "Reads a file, and then the next one.");
	int64_t after = trust(ctx, registry, o.server);

	aim_drift_free(drift);
	aim_guard_free(guard);
	aim_server_free(server);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return first && !changed && approved && during < before && after == before ? 0 : 1;
}
