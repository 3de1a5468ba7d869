/* alerts — something is wrong with a server: told once, counted when it comes again, resolved by a person. */
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

/* A host would send an e-mail here. */
static aim_status tell(void *user, const aim_alert *alert)
{
	(*(int *)user)++;
	printf("new: [%s] %s: %s\n", aim_alert_severity_name(aim_alert_severity(alert)),
	       aim_alert_text(alert, AIM_ALERT_TEXT_SUBJECT).ptr, aim_alert_text(alert, AIM_ALERT_TEXT_TITLE).ptr);
	return AIM_OK;
}

int main(void)
{
	int told = 0;
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_alerts *alerts = NULL;
	aim_alert *alert = NULL;
	aim_alerts_options options = {.struct_size = sizeof options, .notify = tell, .user = &told};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_alerts_open(log, &options, &alerts, &err));

	aim_alert_spec spec = {.struct_size = sizeof spec, .severity = AIM_ALERT_HIGH};
	spec.subject = aim_str_from("weather");
	spec.kind = aim_str_from("url_changed");
	spec.title = aim_str_from("The server answers from another address");
	check(aim_alert_raise(alerts, &spec, NULL, &err));
	check(aim_alert_raise(alerts, &spec, &alert, &err));
	printf("raised %u times, told %d time\n", (unsigned)aim_alert_occurrences(alert), told);

	aim_alert_step step = {.struct_size = sizeof step, .state = AIM_ALERT_RESOLVED};
	step.actor = aim_str_from("ana@example.org");
	step.reason = aim_str_from("The server moved; the new address is its own.");
	check(aim_alert_move(alerts, aim_alert_text(alert, AIM_ALERT_TEXT_ID), &step, &err));

	aim_alert_counts counts = {.struct_size = sizeof counts};
	check(aim_alert_count(alerts, spec.subject, &counts, &err));
	printf("unresolved now: %u\n", (unsigned)counts.unresolved[0]);

	aim_alert_free(alert);
	aim_alerts_free(alerts);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return told == 1 && counts.unresolved[0] == 0 ? 0 : 1;
}
