/* behaviour — an agent reads a few files a minute, day after day, and then reads hundreds: a drift record, with an alert
 * and less trust, until a person resolves it with a reason. */
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

static aim_status note(void *drift, const aim_behaviour_finding *finding)
{
	printf("%s of %.*s: %lld, usually %lld\n", aim_behaviour_name(finding->what), (int)finding->action.len,
	       finding->action.ptr, (long long)finding->observed, (long long)finding->expected);
	return aim_drift_note_behaviour(drift, finding, &err);
}

static void read_files(aim_behaviour *tracker, aim_drift *drift, aim_str agent, int n, int64_t every_us)
{
	static int64_t now_us = 1767225600000000;
	aim_behaviour_event event = {.struct_size = sizeof event, .latency_us = 900, .parameter_bytes = 120};
	event.subject = agent;
	event.action = aim_str_from("mcp_tool:read_file");
	for (int i = 0; i < n; i++) {
		event.time_us = now_us += every_us;
		check(aim_behaviour_observe(tracker, &event, note, drift, &err));
	}
}

static aim_status show(void *id, const aim_drift_record *record)
{
	snprintf(id, 40, "%.*s", (int)record->id.len, record->id.ptr);
	printf("%s: %.*s\n", aim_drift_state_name(record->state), (int)record->findings.len,
	       (const char *)record->findings.ptr);
	return AIM_OK;
}

int main(void)
{
	char id[40] = "";
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_agent *agent = NULL;
	aim_drift *drift = NULL;
	aim_behaviour *tracker = NULL;
	aim_agent_spec bot = {.struct_size = sizeof bot, .name = aim_str_from("bot")};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_agent_register(registry, &bot, &agent, &err));
	check(aim_drift_open(registry, NULL, &drift, &err));
	check(aim_behaviour_new(ctx, NULL, &tracker, &err));

	read_files(tracker, drift, aim_agent_id(agent), 500, 20000000); /* three a minute */
	read_files(tracker, drift, aim_agent_id(agent), 4000, 100000);  /* ten a second, for more than five minutes */

	aim_drift_filter open = {.struct_size = sizeof open, .state = AIM_DRIFT_OPEN};
	check(aim_drift_list_records(drift, &open, show, id, &err));
	aim_drift_step step = {.struct_size = sizeof step, .actor = aim_str_from("ana@example.org")};
	aim_status approved = aim_drift_approve(drift, aim_str_from(id), &step, &err); /* there is no baseline to move */
	step.reason = aim_str_from("A migration that was announced; it ends today.");
	check(aim_drift_resolve(drift, aim_str_from(id), &step, &err));
	check(aim_behaviour_accept(tracker, aim_agent_id(agent), aim_str_from(""), &err));
	check(aim_drift_show(drift, aim_str_from(id), show, id, &err));

	aim_behaviour_free(tracker);
	aim_drift_free(drift);
	aim_agent_free(agent);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return approved == AIM_E_STATE ? 0 : 1;
}
