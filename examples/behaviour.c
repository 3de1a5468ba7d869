/* behaviour — an agent reads a few files a minute, day after day, and then reads hundreds: an alert, which a person
 * resolves with a reason. */
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

static aim_status alert(void *user, const aim_behaviour_finding *finding)
{
	aim_alert_spec spec = {.struct_size = sizeof spec, .severity = AIM_ALERT_HIGH};
	if (finding->over)
		return AIM_OK;
	printf("%.*s: %s of %.*s: %lld, usually %lld\n", (int)finding->subject.len, finding->subject.ptr,
	       aim_behaviour_name(finding->what), (int)finding->action.len, finding->action.ptr,
	       (long long)finding->observed, (long long)finding->expected);
	spec.subject = finding->subject;
	spec.kind = aim_str_from("behaviour");
	spec.key = aim_str_from(aim_behaviour_name(finding->what));
	spec.title = aim_str_from("The agent does not behave as it used to");
	return aim_alert_raise(user, &spec, NULL, &err);
}

static aim_status resolve(void *user, const aim_alert *found)
{
	aim_alert_step step = {.struct_size = sizeof step, .state = AIM_ALERT_RESOLVED};
	step.actor = aim_str_from("ana@example.org");
	step.reason = aim_str_from("A migration that was announced; it ends today.");
	return aim_alert_move(user, aim_alert_text(found, AIM_ALERT_TEXT_ID), &step, &err);
}

static void read_files(aim_behaviour *tracker, aim_alerts *alerts, int n, int64_t every_us, int64_t *now_us)
{
	aim_behaviour_event event = {.struct_size = sizeof event, .latency_us = 900, .parameter_bytes = 120};
	event.subject = aim_str_from("bot");
	event.action = aim_str_from("mcp_tool:read_file");
	for (int i = 0; i < n; i++) {
		event.time_us = *now_us += every_us;
		check(aim_behaviour_observe(tracker, &event, alert, alerts, &err));
	}
}

int main(void)
{
	int64_t now_us = 1767225600000000;
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_alerts *alerts = NULL;
	aim_behaviour *tracker = NULL;
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_alerts_open(log, NULL, &alerts, &err));
	check(aim_behaviour_new(ctx, NULL, &tracker, &err));

	read_files(tracker, alerts, 500, 20000000, &now_us); /* three a minute */
	read_files(tracker, alerts, 4000, 100000, &now_us);  /* ten a second, for more than five minutes */

	aim_alert_counts before = {.struct_size = sizeof before}, after = before;
	check(aim_alert_count(alerts, aim_str_from("bot"), &before, &err));
	check(aim_behaviour_accept(tracker, aim_str_from("bot"), aim_str_from(""), &err));
	check(aim_alert_list(alerts, NULL, resolve, alerts, &err));
	check(aim_alert_count(alerts, aim_str_from("bot"), &after, &err));
	printf("unresolved: %d, then %d\n", (int)before.unresolved[0], (int)after.unresolved[0]);

	aim_behaviour_free(tracker);
	aim_alerts_free(alerts);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return before.unresolved[0] == 1 && after.unresolved[0] == 0 ? 0 : 1;
}
